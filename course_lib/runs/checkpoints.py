"""Networks on disk: safetensors files that carry their own config, written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.paths import DATA
from course_lib.runs.config import Config, ConfigError, check_config
from course_lib.runs.denoiser import Denoiser
from course_lib.runs.devices import autocast
from course_lib.runs.devices import device as find_device
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule, rescale_zero_terminal_snr
from course_lib.unet import Unet

NEEDED_TO_SAMPLE = ("config", "image_shape", "class_names", "step")


class CheckpointError(CourseError):
    """A checkpoint that cannot be read."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained network with all that sampling needs: its schedule, its config, the image shape (C, H, W)."""

    model: Unet
    schedule: NoiseSchedule
    config: Config
    image_shape: tuple[int, int, int]
    class_names: list[str]
    step: int


def make_schedule(config: Config) -> NoiseSchedule:
    """The noise schedule that `config.diffusion` describes, on the CPU."""
    betas = BETA_SCHEDULES[config.diffusion.schedule](config.diffusion.timesteps)
    return NoiseSchedule(rescale_zero_terminal_snr(betas) if config.diffusion.zero_terminal_snr else betas)


def make_model(config: Config, channels: int, num_classes: int) -> Unet:
    """The U-Net that `config.model` describes, with fresh weights. Raises ConfigError if its settings clash."""
    settings = config.model.model_dump()
    conditional = settings.pop("class_conditional")
    try:
        return Unet(channels=channels, num_classes=num_classes if conditional else None, **settings)
    except ValueError as error:
        raise ConfigError(f"model: {error}") from None


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict) -> None:
    """Write `tensors` and JSON `metadata` so that `path` is, at every moment, the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, {"course": json.dumps(metadata)})
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_safetensors(path: Path, prefix: str = "") -> tuple[dict[str, Tensor], dict]:
    """The tensors whose names start with `prefix` (cut off), on the CPU, and the metadata.

    Raises CheckpointError naming the file if it is missing, broken or not one of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["course"])
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (no mapping)
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}, metadata
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is broken or half-copied ({error}); copy it again or train anew.") from error
    except KeyError:
        raise CheckpointError(f"{path} is a safetensors file, but not a checkpoint of this course.") from None


def find_checkpoint(name: str | Path) -> Path:
    """The file itself, or the course's own `data/NAME.safetensors`. Raises CheckpointError listing those."""
    for path in (Path(name), DATA / f"{name}.safetensors"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in DATA.glob("*.safetensors"))) or "none yet"
    raise CheckpointError(f"no checkpoint {name}; `course train CONFIG` makes one. The course's own: {known}.")


def load_checkpoint(path: str | Path, device: str = "auto") -> Checkpoint:
    """A network ready to sample, with its averaged (EMA) weights, in float32 and eval mode on `device`.

    `path` is a file or the name of a checkpoint in data/. Raises CheckpointError if it is missing, broken or not ours.
    """
    path = find_checkpoint(path)
    weights, metadata = read_safetensors(path, "ema.")
    if not weights:
        raise CheckpointError(f"{path} holds no network of this course.")
    config = check_config(metadata["config"])
    model = make_model(config, metadata["image_shape"][0], len(metadata["class_names"]))
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    chosen = find_device(device)
    return Checkpoint(
        model=model.to(chosen).eval().requires_grad_(False),
        schedule=make_schedule(config).to(chosen),
        config=config,
        image_shape=tuple(metadata["image_shape"]),
        class_names=metadata["class_names"],
        step=metadata["step"],
    )


def export_checkpoint(path: str | Path, out: str | Path) -> None:
    """Write only the averaged weights of `path`, as float16, to `out`: what sampling needs, a tenth of the size.

    Raises CheckpointError if `out` is `path` itself: that run could then never go on.
    """
    path = find_checkpoint(path)
    if Path(out).resolve() == path.resolve():
        raise CheckpointError(f"{out} is the checkpoint itself, which training goes on from; name another file.")
    weights, metadata = read_safetensors(path, "ema.")
    tensors = {f"ema.{name}": tensor.half() for name, tensor in weights.items()}
    write_safetensors(Path(out), tensors, {name: metadata[name] for name in NEEDED_TO_SAMPLE})


def class_index(checkpoint: Checkpoint, label: str) -> int:
    """The number of the class that `label` names or numbers. Raises CheckpointError listing the classes."""
    if checkpoint.model.num_classes is None:
        raise CheckpointError("this network was trained without labels; train one with model.class_conditional=true.")
    names = [name.lower() for name in checkpoint.class_names]
    if label.lower() in names:
        return names.index(label.lower())
    if label.isdecimal() and int(label) < len(names):
        return int(label)
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(checkpoint.class_names))
    raise CheckpointError(f"no class {label!r}; there are: {listed}.")


def denoiser(checkpoint: Checkpoint, labels: Tensor | None = None, precision: str = "auto") -> Denoiser:
    """The checkpoint's network ready to sample, and a model (x, t), with its `labels`, long (B,), bound.

    Without labels it draws any class. It computes in `precision`: "fp32", "bf16", or "auto", which is bf16 where that
    is fast.
    """
    model = checkpoint.model if labels is None else partial(checkpoint.model, labels=labels)
    return Denoiser(
        model=autocast(model, checkpoint.schedule.device, precision),
        schedule=checkpoint.schedule,
        predicts=checkpoint.config.diffusion.predicts,
        clip_start=checkpoint.config.diffusion.clip_start,
        image_shape=checkpoint.image_shape,
    )


def sample_steps(
    checkpoint: Checkpoint,
    count: int,
    generator: torch.Generator | None = None,
    label: int | None = None,
    precision: str = "auto",
) -> Iterator[Tensor]:
    """The states (count, C, H, W) of `Denoiser.sample_steps`, from noise to samples.

    All samples are of the class `label`, or, without one, of any; `precision` as in `denoiser`.
    """
    labels = None if label is None else torch.full((count,), label, device=checkpoint.schedule.device)
    return denoiser(checkpoint, labels, precision).sample_steps(count, generator)
