"""What is wrong with a run? Looks at a checkpoint, or at samples, and names the likeliest bug with its evidence.

Every check compares two explanations by a number: what the file says of itself, and what else could be the case. It
never looks at the file's name.

    catalogue   every bug that can be named, with its cause and its cure
    probe       the images that a file is compared with
    network     the checks of a network
    samples     the checks of samples, and how these are read
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_lib.runs.checkpoints import find_checkpoint, load_checkpoint
from course_lib.runs.diagnosis.catalogue import CATALOGUE, Bug, Finding, Sure, finding
from course_lib.runs.diagnosis.network import diagnose_network
from course_lib.runs.diagnosis.probe import Probe, probe_of
from course_lib.runs.diagnosis.samples import Samples, diagnose_samples, read_samples
from course_lib.runs.tensor_files import CheckpointError, NotFiniteError, read_safetensors, tensor_names

__all__ = [
    "CATALOGUE",
    "Bug",
    "Diagnosis",
    "Finding",
    "Probe",
    "Samples",
    "Sure",
    "diagnose",
    "diagnose_samples",
    "finding",
    "is_checkpoint",
    "probe_of",
    "read_samples",
]


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found: no findings if all is well.

    note     what a person must know about the images that it was compared with
    looked   one sentence: what was looked at
    """

    kind: Literal["checkpoint", "samples"]
    findings: list[Finding]
    note: str
    looked: str


def diagnose(path: str | Path, source: str | None = None) -> Diagnosis:
    """Look at a checkpoint or at samples, and say what may be wrong, the likeliest first.

    `source` is the data, as in a config; without it what the checkpoint says, or "auto". NaN is a finding. Raises
    CheckpointError for a file that cannot be looked into, DataError for a `source` that cannot be loaded.
    """
    path = Path(path)
    if not path.exists() and not path.suffix:
        path = find_checkpoint(path)
    return _of_checkpoint(path, source) if is_checkpoint(path) else _of_samples(path, source)


def is_checkpoint(path: Path) -> bool:
    """Whether the file at `path` is a safetensors file with a network in it."""
    return any(name.startswith("ema.") for name in tensor_names(path))


def _of_checkpoint(path: Path, source: str | None) -> Diagnosis:
    try:
        tensors, metadata = read_safetensors(path)
        checkpoint = load_checkpoint(path, "cpu")
    except NotFiniteError as error:
        return Diagnosis("checkpoint", [finding("nan_half", "sure", str(error).split(". ")[0])], "", "")
    if checkpoint.autoencoder or checkpoint.image_shape[0] not in (1, 3):
        raise CheckpointError(
            f"{path} is a network of latents; only one of images can be diagnosed. Draw samples and name their file."
        )
    probe = probe_of(
        source or checkpoint.config.data.source,
        checkpoint.image_shape,
        checkpoint.class_names,
        str(metadata.get("data", "")),
    )
    raw = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    found, looked = diagnose_network(checkpoint, probe, raw, metadata.get("log", []))
    return Diagnosis("checkpoint", found, probe.note, looked)


def _of_samples(path: Path, source: str | None) -> Diagnosis:
    samples = read_samples(path)
    channels, height, width = samples.images.shape[1:]
    probe = probe_of(source or "auto", (channels, height, width))
    looked = (
        f"{len(samples.images)} samples were compared with {len(probe.images)} real images; small faults do not show."
    )
    return Diagnosis("samples", diagnose_samples(samples, probe), probe.note, looked)
