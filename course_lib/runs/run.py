"""A training run as it stands between two steps, and how it is kept on disk."""

import csv
import zlib
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.runs.checkpoints import (
    Checkpoint,
    load_checkpoint,
    make_model,
    make_schedule,
    read_safetensors,
    write_safetensors,
)
from course_lib.runs.config import Config, check_config
from course_lib.runs.devices import device as find_device
from course_lib.runs.devices import has_fast_bf16
from course_lib.schedules import NoiseSchedule
from course_lib.unet import Unet

MAY_CHANGE = ("steps", "device", "sample_every", "sample_count", "checkpoint_every")  # between stop and resume


class TrainingError(CourseError):
    """A run that cannot start or go on."""


@dataclass
class Run:
    """All that the next step depends on."""

    config: Config
    precision: str  # "fp32" or "bf16", decided when the run began
    image_shape: tuple[int, int, int]  # (C, H, W)
    class_names: list[str]
    data: str  # tells one data set from another
    model: Unet
    ema: Unet  # the same network with averaged weights: the one that samples
    optimizer: torch.optim.Optimizer
    schedule: NoiseSchedule
    step: int = 0
    seconds: float = 0.0  # spent in training steps so far
    log: list[tuple[int, float, float]] = field(default_factory=list)  # (step, mean loss since the last row, seconds)

    @property
    def device(self) -> torch.device:
        return self.schedule.device

    @property
    def averaged(self) -> Checkpoint:
        """The averaged weights as they are now (not a copy), as `load_checkpoint` would give them."""
        return Checkpoint(self.ema, self.schedule, self.config, self.image_shape, self.class_names, self.step)


def open_run(config: Config, out: Path, images: Tensor, class_names: list[str], resume: bool) -> Run:
    """The run on `images` uint8 (N, C, H, W) in folder `out` at its last checkpoint, or a fresh one in its place.

    Writes out/config.yaml. Raises TrainingError if the checkpoint there belongs to another config or to other images,
    CheckpointError if it is broken.
    """
    size = " x ".join(map(str, images.shape[1:]))
    data = f"{len(images):,} images of {size} with checksum {zlib.crc32(images.numpy()):08x}"
    run = fresh_run(config, tuple(images.shape[1:]), class_names, data)
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists() and resume:
        restore(run, checkpoint)
    elif checkpoint.exists():  # only then are the other files ours to delete
        for old in [*out.glob("samples_[0-9]*.png"), checkpoint, out / "log.csv"]:
            old.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    (out / "config.yaml").write_text(settings, encoding="utf-8")
    return run


def fresh_run(config: Config, image_shape: tuple[int, int, int], class_names: list[str], data: str = "") -> Run:
    """A run before its first step.

    The initial weights depend on training.seed only, or are those that training.start_from names. Raises TrainingError
    if these belong to another network, CheckpointError if there are none.
    """
    settings = config.training
    device = find_device(settings.device)
    precision = settings.precision
    if precision == "auto":
        precision = "bf16" if has_fast_bf16(device) else "fp32"
    with torch.random.fork_rng(devices=[]):  # the caller's random state is not ours to move
        torch.manual_seed(settings.seed)
        model = make_model(config, image_shape[0], len(class_names))
    if settings.start_from:
        _start_from(settings.start_from, model, config)
    layout = torch.channels_last if settings.channels_last else torch.contiguous_format
    model = model.to(device, memory_format=layout)
    return Run(
        config=config,
        precision=precision,
        image_shape=image_shape,
        class_names=class_names,
        data=data,
        model=model,
        ema=deepcopy(model).requires_grad_(False).eval(),
        optimizer=torch.optim.AdamW(
            model.parameters(), lr=settings.lr, betas=settings.betas, weight_decay=settings.weight_decay
        ),
        schedule=make_schedule(config).to(device),
    )


def _start_from(name: str, model: Unet, config: Config) -> None:
    """Give `model` the averaged weights of the checkpoint `name`."""
    start = load_checkpoint(name, "cpu")
    there, here = start.config.model.model_dump(), config.model.model_dump()
    changed = [f"model.{key} ({there[key]!r} there, {here[key]!r} now)" for key in here if there[key] != here[key]]
    counts = (
        "channels and classes",
        (start.model.channels, start.model.num_classes),
        (model.channels, model.num_classes),
    )
    if counts[1] != counts[2]:
        changed.append("number of {} ({} there, {} now)".format(*counts))
    if changed:
        raise TrainingError(
            f"training.start_from={name} is a network with another {', '.join(changed)}. "
            "Give this run the same, or leave start_from out."
        )
    model.load_state_dict(start.model.state_dict())


def store(run: Run, out: Path) -> None:
    """Write the run to out/checkpoint.safetensors, whole or not at all, and its log to out/log.csv."""
    tensors = {f"model.{name}": value for name, value in run.model.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in run.ema.state_dict().items()}
    for index, state in run.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    metadata = {
        "config": run.config.model_dump(mode="json"),
        "precision": run.precision,
        "image_shape": run.image_shape,
        "class_names": run.class_names,
        "data": run.data,
        "step": run.step,
        "seconds": run.seconds,
        "log": run.log,
    }
    write_safetensors(out / "checkpoint.safetensors", tensors, metadata)
    with (out / "log.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("step", "loss", "seconds"), *run.log])


def restore(run: Run, path: Path) -> None:
    """Bring a fresh `run` to where the checkpoint at `path` left off.

    Raises TrainingError if that run had other settings or data, CheckpointError if the file is broken.
    """
    parts = {"model": {}, "ema": {}, "optimizer": {}}
    tensors, metadata = read_safetensors(path)
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = tensor
    if not parts["optimizer"]:
        raise TrainingError(
            f"{path} was exported for sampling: training cannot go on. Choose another folder with --out."
        )
    _check_resumable(run, check_config(metadata["config"]), metadata, path)
    run.model.load_state_dict(parts["model"])
    run.ema.load_state_dict(parts["ema"])
    state = {}
    for name, tensor in parts["optimizer"].items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    groups = run.optimizer.state_dict()["param_groups"]
    run.optimizer.load_state_dict({"state": state, "param_groups": groups})
    run.precision, run.step, run.seconds = metadata["precision"], metadata["step"], metadata["seconds"]
    run.log = [tuple(row) for row in metadata["log"]]


def _check_resumable(run: Run, old: Config, metadata: dict, path: Path) -> None:
    changed = [
        f"{section}.{key} ({value!r} there, {now[key]!r} now)"
        for section, now in run.config.model_dump().items()
        for key, value in old.model_dump()[section].items()
        if value != now[key] and not (section == "training" and key in MAY_CHANGE)
    ]
    if metadata["data"] != run.data:
        changed.append(f"data set ({metadata['data']} there, {run.data} now)")
    if changed:
        raise TrainingError(
            f"{path} belongs to a run with another {', '.join(changed)}. "
            "Choose another folder with --out, or start over with --fresh."
        )
    if metadata["step"] > run.config.training.steps:
        raise TrainingError(
            f"{path} is at step {metadata['step']} already, past training.steps={run.config.training.steps}. "
            "Raise training.steps, or start over with --fresh."
        )
