"""The training loop of a run on disk: it can be killed at any moment and goes on where it was."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from course_lib.files import BusyError, locked
from course_lib.guidance import drop_labels
from course_lib.images import class_names, load_images, to_model_range
from course_lib.pictures.plots import save_grid
from course_lib.runs.checkpoints import denoiser
from course_lib.runs.config import Config
from course_lib.runs.denoiser import SamplingError, picture_generators
from course_lib.runs.devices import autocast, keep_freed_memory
from course_lib.runs.folder import add_row, broken, check_folder, open_run, store, write_log
from course_lib.runs.memory import check_training_memory
from course_lib.runs.run import Run, TrainingError
from course_lib.runs.tensor_files import NotFiniteError, check_finite
from course_lib.signals import deferred
from course_lib.training import (
    batch_indices,
    ema_decay,
    ema_update,
    flip_half,
    sample_timesteps,
    train_step,
    warmup_decay,
)
from course_lib.types import Model


@dataclass(frozen=True)
class Progress:
    """What `train` reports after every step."""

    step: int  # steps done
    loss: Tensor  # scalar, on the run's device: reading it waits for the device
    seconds: float  # spent in training steps since the run began, without sampling and saving


def train(config: Config, out: Path, resume: bool = True) -> Generator[Progress, None, None]:
    """Train as `config` says, in the folder `out`, and yield after every step.

    Writes checkpoint.safetensors, config.yaml, log.csv and samples_STEP.png into `out`. If a checkpoint of the same
    config is there, goes on from it and makes what is missing beside it, unless `resume` is False: then the folder's
    old run is deleted. When it is interrupted or closed, it stores the run first.

    Raises TrainingError if the checkpoint belongs to another config, if another training is at work in `out`, or if the
    run is no longer finite (that is never stored); FileError if `out` cannot be written; TooLargeError if the memory is
    not enough; DataError as `load_images` does.
    """
    keep_freed_memory()
    with _only_one(out):
        check_folder(out)
        data = config.data
        images, labels = load_images(data.source, image_size=data.image_size, channels=data.channels)
        names = list(class_names(data.source))
        if config.model.class_conditional and (len(names) < 2 or bool((labels < 0).all())):
            raise TrainingError(
                f"model.class_conditional=true needs classes, and {data.source} has none. Put the pictures into one "
                "folder for each class, or set model.class_conditional=false."
            )
        check_training_memory(config, images, len(names))
        run = open_run(config, out, images, names, resume)
        if run.step:  # what a process that was killed after its last checkpoint did not come to
            write_log(run, out)
            _write_preview(run, out, only_if_missing=True)
        # all of it fits, so no step waits for a transfer
        yield from _steps(run, out, images.to(run.device), labels.to(run.device))


@contextmanager
def _only_one(out: Path) -> Iterator[None]:
    try:
        with locked(out / ".lock"):
            yield
    except BusyError:
        raise TrainingError(
            f"another training is at work in {out} (or a loop in a notebook has not ended). Wait for it, or choose "
            "another folder with --out."
        ) from None


def _steps(run: Run, out: Path, images: Tensor, labels: Tensor) -> Generator[Progress, None, None]:
    """Take and store the steps that are left."""
    settings = run.config.training
    try:
        while run.step < settings.steps:
            with deferred() as signals:
                start = time.perf_counter()
                loss = advance(run, images, labels)
                run.losses.append(loss)
                run.seconds += time.perf_counter() - start

                done = run.step == settings.steps
                if done or run.step % max(10, settings.steps // 500) == 0:
                    add_row(run, out)
                if done or signals or (settings.checkpoint_every and run.step % settings.checkpoint_every == 0):
                    store(run, out)
            _write_preview(run, out)
            yield Progress(run.step, loss, run.seconds)
    except (KeyboardInterrupt, GeneratorExit):
        if run.stored < run.step:
            with deferred():
                store(run, out)
        raise


def _write_preview(run: Run, out: Path, only_if_missing: bool = False) -> None:
    """Write out/samples_STEP.png if this step is one of those that have a preview."""
    settings, file = run.config.training, out / f"samples_{run.step:06d}.png"
    due = settings.sample_every and (run.step == settings.steps or run.step % settings.sample_every == 0)
    if not due or (only_if_missing and file.exists()):
        return
    try:
        save_grid(preview(run), file)
    except SamplingError as error:
        try:
            check_finite(run.ema.state_dict(), "the averaged network")
        except NotFiniteError as reason:
            raise broken(run, out, f"the run broke before step {run.step}: {reason}") from None
        print(
            f"run: no preview at step {run.step}: {error}", flush=True
        )  # young networks may do that; training goes on


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
    model: Model = run.model
    if (classes := run.model.num_classes) is not None:
        model = partial(run.model, labels=drop_labels(labels[indices], training.label_dropout, classes, generator))

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
    generators = picture_generators(run.config.training.seed, 0, count)
    return denoiser(run.averaged, labels, run.precision).sample(count, generators)
