"""Training: one step, and what the loop in `runs.loop` needs beside it (chapter 09).

What a step draws (batch, time steps, noise, flips, dropped labels) depends on the seed and the step's number alone. So
a run that was killed and resumed from its last checkpoint gives the same weights as an uninterrupted one: on the CPU,
bit by bit, given the same number of threads.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

import torch
from torch import Tensor, nn

from course_lib.reverse import p_losses
from course_lib.schedules import NoiseSchedule
from course_lib.types import LossType, Model, Predicts


def sample_timesteps(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    """A time step of its own for every image: long (batch_size,), uniform on 0 ... timesteps-1.

    Drawn by `torch.randint` with `generator`, on the generator's device. 2006.11239, algorithm 1.
    """
    return torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)


def warmup_decay(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    """The factor on the learning rate at `step` (0 ... steps-1).

    Up a straight line, then down a half cosine to `final` at the last step. The warm-up takes at most a tenth of the
    run.

    The line goes from 1 / (warmup_steps + 1) at step 0 to 1 at step `warmup_steps`. The tenth is rounded down: 100
    steps of warm-up ruin a run of 70. Source: 1608.03983, equation 5.
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
    """Move the averaged weights, in place: ema <- decay ema + (1 - decay) model.

    Every parameter of `ema` changes, without a graph; `model` stays as it is. Source: 2006.11239, appendix B.
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
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
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


def train_loop(
    model: nn.Module,
    ema: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Tensor],
    steps: int,
    schedule: NoiseSchedule,
    generator: torch.Generator,
    lr: float,
    grad_clip: float | None = 1.0,
) -> Iterator[Tensor]:
    """Train `model` for `steps` steps; yields the loss of each step, a detached scalar, when the step is done.

    Each step takes the next batch x_start (B, C, H, W) from `batches`, which may hold more than are needed. It draws t,
    then the noise, both with `generator`, on the generator's device. The learning rate is `lr` times the factor of
    `warmup_decay`. `ema` follows `model`, with the decay of `ema_decay`.

    With fewer batches than `steps` it ends early. A caller that stops asking stops the training between two steps.
    Source: 2006.11239, algorithm 1.
    """
    for step, x_start in enumerate(islice(batches, steps)):
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@lru_cache(maxsize=2)
def epoch_order(epoch: int, count: int, seed: int) -> Tensor:
    """The order of `count` images in an epoch, long (count,): it follows from the epoch's number and the seed alone."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))


def batch_indices(step: int, batch_size: int, count: int, seed: int) -> Tensor:
    """Which of `count` images make up batch `step`, long (batch_size,).

    The orders of the epochs 0, 1, 2, ..., one after the other, are cut into batches. So each image comes once per
    epoch, and a batch may lie across the end of an epoch, or of several.
    """
    start, end = step * batch_size, (step + 1) * batch_size
    parts = []
    while start < end:
        epoch, first = divmod(start, count)
        parts.append(epoch_order(epoch, count, seed)[first : first + end - start])
        start += len(parts[-1])
    return torch.cat(parts)


def flip_half(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half, (B, C, H, W) in and out."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(-1), images)
