"""Training: one step, the things around it, and the loop that can be killed at any moment (chapter 09).

What a step draws (batch, time steps, noise, flips, dropped labels) depends on the seed and the step's number alone. So
a run that was killed and resumed from its last checkpoint walks the very path of an uninterrupted one: on the CPU, bit
by bit, given the same number of threads.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib.config import Config
from course_lib.devices import autocast, keep_freed_memory
from course_lib.images import class_names, load_images, to_model_range
from course_lib.plots import save_grid
from course_lib.reverse import Model, p_losses, p_sample_loop
from course_lib.runs import Run, TrainingError, open_run, store
from course_lib.schedules import NoiseSchedule


def sample_timesteps(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    """A time step of its own for every image: long (batch_size,), uniform on 0 ... timesteps-1.

    Drawn by `torch.randint` with `generator`, on the generator's device. 2006.11239, algorithm 1.
    """
    return torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)


def warmup_decay(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    """The factor on the learning rate at `step` (0 ... steps-1).

    Up a straight line from 1 / (warmup_steps + 1) at step 0 to 1 at step `warmup_steps`, then down a
    half cosine, to `final` at the last step. The warm-up takes at most a tenth of the run (rounded
    down): 100 steps of it ruin a run of 70. Source: 1608.03983, equation 5.
    """
    warmup_steps = min(warmup_steps, steps // 10)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    done = (step - warmup_steps) / max(steps - 1 - warmup_steps, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2


def ema_decay(step: int, steps: int, limit: float = 0.998) -> float:
    """How much of the average survives `step`.

    It rises as (1 + n) / (10 + n), so that the first, bad weights are forgotten. It never
    remembers more than a tenth of the run, and never exceeds `limit`.
    """
    return max(min(limit, (1 + step) / (10 + step), 1 - 10 / steps), 0.0)


@torch.no_grad()
def ema_update(ema: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the averaged weights: ema <- decay ema + (1 - decay) model.

    Every parameter of `ema` changes in place, without a graph; `model` stays as it is. Source:
    2006.11239, appendix B.
    """
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average.lerp_(new, 1 - decay)


def train_step(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: str = "l2",
    predicts: str = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    """One gradient step on a batch x_start (B, C, H, W); returns the loss, a detached scalar.

    The gradient's norm over all parameters of the optimizer is cut to `grad_clip`, unless that is
    None. `model` may be any callable (x, t). 2006.11239, algorithm 1.
    """
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(parameters, grad_clip)
    optimizer.step()
    return loss.detach()


@lru_cache(maxsize=2)
def _epoch(epoch: int, count: int, seed: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))


def batch_indices(step: int, batch_size: int, count: int, seed: int) -> Tensor:
    """Which of `count` images make up batch `step`, long (batch_size,).

    Each comes once per epoch, in an order that the seed and the epoch's number decide.
    """
    places = torch.arange(step * batch_size, (step + 1) * batch_size)
    return torch.stack([_epoch(int(place) // count, count, seed)[int(place) % count] for place in places])


@dataclass(frozen=True)
class Progress:
    """What `train` reports after every step."""

    step: int  # steps done
    loss: Tensor  # scalar, on the run's device: reading it waits for the device
    seconds: float  # spent in training steps since the run began, without sampling and saving


def train(config: Config, out: Path, resume: bool = True) -> Iterator[Progress]:
    """Train as `config` says, in the folder `out`, and yield after every step.

    Writes checkpoint.safetensors, config.yaml, log.csv and samples_STEP.png into `out`. If a checkpoint of the same
    config is there, goes on from it, unless `resume` is False: then the folder's old run is deleted. Raises
    TrainingError if the checkpoint belongs to another config, or if the loss is no longer a number; DataError
    as `load_images` does.
    """
    keep_freed_memory()
    data, settings = config.data, config.training
    images, labels = load_images(data.source, image_size=data.image_size, channels=data.channels)
    names = list(class_names(data.source)) or [str(label) for label in range(int(labels.max()) + 1)]
    run = open_run(config, out, images, names, resume)
    images, labels = images.to(run.device), labels.to(run.device)  # all of it fits, so no step waits for a transfer
    losses = []
    while run.step < settings.steps:
        start = time.perf_counter()
        loss = advance(run, images, labels)
        losses.append(loss)
        run.seconds += time.perf_counter() - start

        done = run.step == settings.steps
        if done or run.step % max(10, settings.steps // 500) == 0:
            run.log.append((run.step, float(torch.stack(losses).mean()), round(run.seconds, 2)))
            losses.clear()
            if not math.isfinite(run.log[-1][1]):
                raise TrainingError(f"the loss is {run.log[-1][1]} at step {run.step}; try a smaller training.lr.")
        if done or (settings.checkpoint_every and run.step % settings.checkpoint_every == 0):
            store(run, out)
        if settings.sample_every and (done or run.step % settings.sample_every == 0):
            save_grid(preview(run), out / f"samples_{run.step:06d}.png")
        yield Progress(run.step, loss, run.seconds)


def advance(run: Run, images: Tensor, labels: Tensor) -> Tensor:
    """Take the next step of `run` on a batch of images (N, C, H, W) uint8, labels (N,); returns the loss, a scalar."""
    training, diffusion = run.config.training, run.config.diffusion
    generator = torch.Generator(run.device).manual_seed(training.seed * 1_000_003 + run.step)
    indices = batch_indices(run.step, training.batch_size, len(images), training.seed).to(run.device)
    x_start = to_model_range(images[indices])  # (B, C, H, W)
    if run.config.data.flip:
        x_start = flip_half(x_start, generator)
    t = sample_timesteps(len(x_start), run.schedule.timesteps, generator)
    noise = torch.randn(x_start.shape, generator=generator, device=run.device)
    model = run.model
    if model.num_classes is not None:
        model = partial(
            model, labels=drop_labels(labels[indices], training.label_dropout, model.num_classes, generator)
        )

    factor = warmup_decay(run.step, training.steps, training.warmup_steps, training.lr_final)
    for group in run.optimizer.param_groups:
        group["lr"] = training.lr * factor
    loss = train_step(
        autocast(model, run.device, run.precision),
        run.optimizer,
        x_start,
        t,
        noise,
        run.schedule,
        diffusion.loss_type,
        diffusion.predicts,
        training.grad_clip,
    )
    ema_update(run.ema, run.model, ema_decay(run.step, training.steps, training.ema_decay))
    run.step += 1
    return loss


def preview(run: Run) -> Tensor:
    """A few samples of the averaged weights, (n, C, H, W) in [-1, 1]: always from the same noise, class after class."""
    count, diffusion = run.config.training.sample_count, run.config.diffusion
    model = run.ema
    if model.num_classes is not None:
        model = partial(model, labels=torch.arange(count, device=run.device) % model.num_classes)
    generator = torch.Generator(run.device).manual_seed(run.config.training.seed)
    return p_sample_loop(
        autocast(model, run.device, run.precision),
        (count, *run.image_shape),
        run.schedule,
        generator,
        diffusion.predicts,
        diffusion.clip_start,
    )


def flip_half(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half, (B, C, H, W) in and out."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(-1), images)


def drop_labels(labels: Tensor, dropout: float, null_class: int, generator: torch.Generator) -> Tensor:
    """Replace each label by the null class with probability `dropout`, (B,) in and out. 2207.12598, algorithm 1.

    A label of -1 is one that is not known, and becomes the null class, too.
    """
    dropped = torch.rand(len(labels), generator=generator, device=labels.device) < dropout
    return labels.masked_fill(dropped | (labels < 0), null_class)
