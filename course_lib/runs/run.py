"""A training run as it stands between two steps, and before its first."""

from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.runs.checkpoints import Checkpoint, load_checkpoint, make_model, make_schedule
from course_lib.runs.config import Config
from course_lib.runs.devices import device as find_device
from course_lib.runs.devices import has_fast_bf16
from course_lib.schedules import NoiseSchedule
from course_lib.types import Precision
from course_lib.unet import Unet


class TrainingError(CourseError):
    """A run that cannot start or go on."""


@dataclass
class Run:
    """All that the next step depends on."""

    config: Config
    precision: Precision  # decided when the run began
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
    losses: list[Tensor] = field(default_factory=list)  # of the steps since the last row
    stored: int = 0  # the step of the checkpoint on disk; 0 if there is none

    @property
    def device(self) -> torch.device:
        return self.schedule.device

    @property
    def averaged(self) -> Checkpoint:
        """The averaged weights as they are now (not a copy), as `load_checkpoint` would give them."""
        return Checkpoint(self.ema, self.schedule, self.config, self.image_shape, self.class_names, self.step)


def fresh_run(config: Config, image_shape: tuple[int, int, int], class_names: list[str], data: str = "") -> Run:
    """A run before its first step.

    The initial weights depend on training.seed only, or are those that training.start_from names. Raises TrainingError
    if these belong to another network, CheckpointError if there are none.
    """
    settings = config.training
    device = find_device(settings.device)
    precision: Precision = "bf16" if has_fast_bf16(device) else "fp32"
    if settings.precision != "auto":
        precision = settings.precision
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
