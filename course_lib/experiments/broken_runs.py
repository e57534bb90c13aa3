"""Runs that were broken on purpose, each by one bug, and healthy ones beside them (chapter 17).

`BROKEN_RUNS` and `HEALTHY_RUNS` say what there is in data/bugs; `tools/bugs.py` makes those files with `train` and
`broken_samples`, which hold the bugs.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib.blocks import ResnetBlock
from course_lib.fast_sampling import ddim_timesteps
from course_lib.forward import extract
from course_lib.guidance import drop_labels
from course_lib.images import to_model_range
from course_lib.paths import DATA
from course_lib.reverse import draw_noise, p_losses, p_mean
from course_lib.runs.checkpoints import make_model, make_schedule
from course_lib.runs.config import Config, check_config
from course_lib.runs.diagnosis import CATALOGUE
from course_lib.schedules import NoiseSchedule
from course_lib.training import batch_indices, ema_decay, ema_update, flip_half, sample_timesteps, warmup_decay
from course_lib.types import Model
from course_lib.unet import Unet

BUGS = DATA / "bugs"

FileKind = Literal["checkpoint", "samples", "score"]


@dataclass(frozen=True)
class BrokenRun:
    """A run with one bug; `file` is what it left.

    kind      what the file is: a "checkpoint", "samples", or a "score" with the features that it was computed from
    chapter   the chapter that explains the cause
    symptom   what a person sees
    cause     what was done wrong
    cure      one line
    """

    name: str
    kind: FileKind
    chapter: str
    symptom: str
    cause: str
    cure: str

    @property
    def file(self) -> Path:
        return BUGS / f"{self.name}.safetensors"


@dataclass(frozen=True)
class HealthyRun:
    """A run without a bug: a diagnosis of its `file` must find nothing. `data` is what it learned."""

    name: str
    kind: FileKind
    folder: Path = BUGS
    data: str = "auto"

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.safetensors"


def _known(name: str, kind: FileKind, symptom: str) -> BrokenRun:
    """A bug that `diagnosis.CATALOGUE` knows."""
    bug = CATALOGUE[name]
    return BrokenRun(name, kind, bug.chapter, symptom, bug.cause, bug.cure)


BROKEN_RUNS = (
    _known("mean_times_noise", "samples", "Every sample is the same plain grey."),
    _known("one_t_per_batch", "checkpoint", "The loss curve jumps up and down, and the samples are worse than usual."),
    _known("noise_at_t0", "samples", "Good shapes under a grain of white noise, in the background too."),
    _known("beta_for_its_root", "samples", "Smooth, blurred garments that look much alike, without any texture."),
    _known("zero_to_one_images", "checkpoint", "The background of the samples is grey or noisy, never black."),
    _known("no_ema_warmup", "checkpoint", "The loss falls, but the samples stay noise until very late."),
    BrokenRun(
        "train_mode",
        "samples",
        "09_training",
        "Samples with blotches, and other ones at each call from the same noise.",
        "The network was left in training mode: its dropout was still on while it sampled.",
        "Call model.eval() before sampling and scoring, and model.train() after it.",
    ),
    _known("no_skips", "checkpoint", "Soft shapes, whose details never come."),
    _known("cut_schedule", "checkpoint", "The samples are too bright or too grey, as if in fog."),
    BrokenRun(
        "off_by_one_start",
        "samples",
        "05_reverse",
        "Harsh samples with too much contrast and wrong details.",
        "The loop counts t from T to 1, and the network is told a t that is one step too small all the way.",
        "Tell the network the t that x has the noise of: for t in reversed(range(T)).",
    ),
    _known("off_by_one_end", "samples", "Good shapes under a grain of white noise, in the background too."),
    _known("flips", "checkpoint", "Half of the shoes point to the right; in the data all point to the left."),
    _known("nan_half", "checkpoint", "The loss is nan after a few steps; the samples are black."),
    _known("inverted_mask", "samples", "The hole is as it was, and all around it is new."),
    _known("class_never_dropped", "checkpoint", "With a label it draws well, without one, or guided, it draws badly."),
    _known("wrong_parametrisation", "checkpoint", "The loss fell nicely, and every sample is noise."),
    _known("fid_of_128", "score", "A larger Frechet distance than the same network has with 2,048 samples."),
)

HEALTHY_RUNS = (
    HealthyRun("fashion_mnist", "checkpoint", DATA),
    HealthyRun("fashion_mnist_cpu", "checkpoint", DATA),
    HealthyRun("textures", "checkpoint", DATA, "textures"),
    HealthyRun("skips_all", "checkpoint", DATA, "garments"),
    HealthyRun("healthy_v", "checkpoint"),
    HealthyRun("healthy_linear", "checkpoint"),
    HealthyRun("healthy_ancestral", "samples"),
    HealthyRun("healthy_solver", "samples"),
    HealthyRun("healthy_textures", "samples", data="textures"),
    HealthyRun("healthy_inpainting", "samples", data="garments"),
)


# Training with one bug


@dataclass(frozen=True)
class Training:
    """How a network of data/bugs is trained; every field after `settings` is a bug, and off by default.

    settings           a config's sections, as in YAML
    one_t_per_batch    every image of a batch gets the same t
    zero_to_one        images in [0, 1]
    flips              half of the images mirrored, whatever they show
    ema_from_start     an EMA decay that holds from the first step on, without the warm-up
    half               weights, activations and optimizer in float16
    dropout            no bug: the share of numbers that dropout sets to 0 in each block
    """

    settings: dict[str, Any] = field(default_factory=dict)
    one_t_per_batch: bool = False
    zero_to_one: bool = False
    flips: bool = False
    ema_from_start: float | None = None
    half: bool = False
    dropout: float = 0.0


SMALL: dict[str, Any] = {"dim": 16, "dim_mults": [1, 2, 2], "patch": 2}
"""The model section of these runs: 231,000 parameters."""


def settings(
    steps: int = 500,
    batch_size: int = 32,
    model: dict[str, Any] | None = None,
    diffusion: dict[str, Any] | None = None,
    **training: Any,
) -> dict[str, Any]:
    """A config's sections for a small run."""
    return {
        "model": {**SMALL, **(model or {})},
        "diffusion": diffusion or {},
        "training": {"steps": steps, "batch_size": batch_size, "precision": "fp32", "device": "cpu", **training},
    }


TRAININGS: dict[str, Training] = {
    "healthy_noise": Training(settings(1200, 64)),
    "healthy_v": Training(settings(diffusion={"predicts": "v"})),
    "healthy_zero_snr": Training(settings(diffusion={"predicts": "v", "zero_terminal_snr": True})),
    "healthy_linear": Training(settings(diffusion={"schedule": "linear", "timesteps": 1000})),
    "healthy_classes": Training(settings(model={"class_conditional": True})),
    "one_t_per_batch": Training(settings(), one_t_per_batch=True),
    "zero_to_one_images": Training(settings(), zero_to_one=True),
    "no_ema_warmup": Training(settings(), ema_from_start=0.9995),
    "train_mode": Training(settings(), dropout=0.2),
    "no_skips": Training(settings(model={"skips": "none"})),
    "cut_schedule": Training(settings(diffusion={"schedule": "linear", "timesteps": 200})),
    "flips": Training(settings(), flips=True),
    "nan_half": Training(settings(12, model={"dim": 8}), half=True),
    "class_never_dropped": Training(settings(model={"class_conditional": True}, label_dropout=0.0)),
}


@dataclass
class Trained:
    """What `train` holds after each step; `losses` has one for each step so far."""

    config: Config
    model: Unet
    ema: Unet
    losses: list[float] = field(default_factory=list)


def train(training: Training, images: Tensor, labels: Tensor, classes: int, seed: int) -> Iterator[Trained]:
    """Train as `course train` does, but with the bug that `training` switches on; yields the same object at each step.

    images uint8 (N, C, H, W), labels long (N,).
    """
    config = check_config(training.settings)
    schedule, steps = make_schedule(config), config.training.steps
    torch.manual_seed(seed)
    model = with_dropout(make_model(config, images.shape[1], classes), training.dropout)
    dtype = torch.float16 if training.half else torch.float32
    model = model.to(dtype)
    state = Trained(config, model, deepcopy(model).requires_grad_(False).eval())
    optimizer = torch.optim.AdamW(model.parameters(), config.training.lr, config.training.betas)
    for step in range(steps):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        rows = batch_indices(step, config.training.batch_size, len(images), seed)
        x_start = to_model_range(images[rows])  # (B, C, H, W)
        if training.zero_to_one:
            x_start = (x_start + 1) / 2
        if training.flips:
            x_start = flip_half(x_start, generator)
        t = sample_timesteps(len(rows), schedule.timesteps, generator)
        if training.one_t_per_batch:
            t = t[:1].expand(len(rows))
        noise = torch.randn(x_start.shape, generator=generator)
        bound: Model = in_type(model, dtype)
        if model.num_classes is not None:
            kept = drop_labels(labels[rows], config.training.label_dropout, classes, generator)
            bound = partial(model, labels=kept)
        for group in optimizer.param_groups:
            group["lr"] = config.training.lr * warmup_decay(step, steps)
        optimizer.zero_grad()
        loss = p_losses(bound, x_start, t, noise, schedule, predicts=config.diffusion.predicts)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        decay = training.ema_from_start or ema_decay(step, steps, config.training.ema_decay)
        ema_update(state.ema, model, decay)
        state.losses.append(loss.item())
        yield state


def in_type(model: nn.Module, dtype: torch.dtype) -> Model:
    """The model as (x, t), computed in `dtype`; what it returns has the type of x."""

    def call(x: Tensor, t: Tensor) -> Tensor:
        time = model.time_mlp
        assert isinstance(time, nn.Sequential)
        hook = time[0].register_forward_hook(lambda module, given, waves: waves.to(dtype))
        try:
            return model(x.to(dtype), t).to(x.dtype)
        finally:
            hook.remove()

    return call


def with_dropout(model: Unet, share: float) -> Unet:
    """The model with dropout before the last convolution of each block, as in 2006.11239, appendix B; changed in place.

    It acts in training mode only, and has no weights: a checkpoint does not know of it.
    """

    def drop(module: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        return (functional.dropout(given[0], share, module.training),)

    for block in model.modules():
        if share and isinstance(block, ResnetBlock):
            block.conv2.register_forward_pre_hook(drop)
    return model


# Sampling with one bug: each is algorithm 2 of 2006.11239 with one line wrong


@dataclass(frozen=True)
class ShortWalk:
    """`steps` of a network's t, and the schedule of a chain that visits only these (2102.09672, section 4).

    visited    the network's t, the smallest first, long (steps,)
    schedule   the chain's own, with `steps` steps
    """

    visited: Tensor
    schedule: NoiseSchedule

    @classmethod
    def of(cls, schedule: NoiseSchedule, steps: int) -> "ShortWalk":
        visited = ddim_timesteps(schedule.timesteps, steps).flip(0)
        kept = schedule.alphas_cumprod.double()[visited]
        return cls(visited, NoiseSchedule(1 - kept / torch.cat([kept.new_ones(1), kept[:-1]])))

    def told(self, model: Model, late: int = 0) -> Model:
        """The model as (x, index of the step); with `late` = 1 it is told the step after, which has less noise."""
        return lambda x, t: model(x, self.visited.to(t.device)[(t - late).clamp(min=0)])


@torch.no_grad()
def broken_samples(
    name: str,
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    generator: torch.Generator,
    steps: int = 25,
) -> Tensor:
    """Samples (B, C, H, W) of a network that predicts noise, drawn with the bug `name`, or another name for none.

    mean_times_noise    the noise is multiplied with the mean, not added
    noise_at_t0         the variance is beta_t, which is not 0 at t = 0
    beta_for_its_root   the noise is scaled with the variance, not with its root
    off_by_one_start    the loop counts from T to 1, as the paper does, and tells the network the count less 2
    off_by_one_end      range(T - 1, 0, -1) leaves out t = 0
    """
    walk = ShortWalk.of(schedule, steps)
    told = walk.told(model, late=1 if name == "off_by_one_start" else 0)
    last = 1 if name == "off_by_one_end" else 0
    variance = walk.schedule.betas if name == "noise_at_t0" else walk.schedule.posterior_variance
    scale = variance if name == "beta_for_its_root" else variance.sqrt()
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(last, steps)):
        t = torch.full((shape[0],), step)
        fresh = extract(scale, t, x.shape) * draw_noise(shape, schedule, generator)
        mean = p_mean(told, x, t, walk.schedule, clip_start=True)
        x = mean * fresh if name == "mean_times_noise" else mean + fresh
    return x
