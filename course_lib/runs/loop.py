"""The training loop of a run on disk: it can be killed at any moment and goes on where it was."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from course_lib.images import class_names, load_images, to_model_range
from course_lib.pictures.plots import save_grid
from course_lib.runs.checkpoints import denoiser
from course_lib.runs.config import Config
from course_lib.runs.devices import autocast, keep_freed_memory
from course_lib.runs.run import Run, TrainingError, open_run, store
from course_lib.training import (
    batch_indices,
    drop_labels,
    ema_decay,
    ema_update,
    flip_half,
    sample_timesteps,
    train_step,
    warmup_decay,
)


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
    """Take the next step of `run` on a batch of images (N, C, H, W) uint8, labels (N,); returns the loss, a scalar.

    A generator with the seed training.seed * 1,000,003 + run.step draws, in this order, what is mirrored, t, the noise,
    and which labels are dropped.
    """
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
    count, classes = run.config.training.sample_count, run.ema.num_classes
    labels = None if classes is None else torch.arange(count, device=run.device) % classes
    generator = torch.Generator(run.device).manual_seed(run.config.training.seed)
    return denoiser(run.averaged, labels, run.precision).sample(count, generator)
