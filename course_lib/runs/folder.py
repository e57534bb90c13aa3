"""The folder of a run: its checkpoint, its config, its log, and whether a run can go on from them."""

import csv
import io
import math
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import torch
import yaml
from pydantic import Field, FiniteFloat, NonNegativeInt
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.files import FileError, Kind, check_place, explained, remove_unfinished, starts_with, write_file
from course_lib.runs.checkpoints import Description, check_fits, describe, load_weights
from course_lib.runs.config import Config, load_config
from course_lib.runs.run import Run, TrainingError, fresh_run
from course_lib.runs.tensor_files import (
    NotFiniteError,
    check_finite,
    read_metadata,
    read_safetensors,
    tensor_names,
    write_safetensors,
)
from course_lib.training import warmup_decay
from course_lib.types import Precision

CHECKPOINT, SETTINGS, LOG, PREVIEWS = "checkpoint.safetensors", "config.yaml", "log.csv", "samples_[0-9]*.png"
LOG_HEAD = ("step", "loss", "seconds")
BEGINNING = b'{"__metadata__":{"course":'  # of what we write, after eight bytes of length
MAY_CHANGE = ("steps", "device", "sample_every", "sample_count", "checkpoint_every")  # between stop and resume


Seconds = Annotated[FiniteFloat, Field(ge=0)]


class RunDescription(Description):
    """What a checkpoint says about a run, beside its network."""

    precision: Precision
    data: str
    seconds: Seconds
    log: list[tuple[NonNegativeInt, FiniteFloat, Seconds]]
    losses: tuple[FiniteFloat, ...] = ()  # checkpoints of version 0.1 have none


def _is_settings(path: Path) -> bool:
    with suppress(CourseError):
        return bool(load_config(path))
    return False


OWN_FILES = {
    LOG: Kind("log of a training run", starts_with(",".join(LOG_HEAD).encode())),
    SETTINGS: Kind("config of a training run", _is_settings),
}


def check_folder(out: Path) -> None:
    """Raise FileError if a run cannot be kept in the folder `out`, or if other people's files would be replaced."""
    check_place(out / CHECKPOINT)
    if not (out / CHECKPOINT).exists():  # with one, the other files are that run's
        for name, kind in OWN_FILES.items():
            check_place(out / name, kind)


def open_run(config: Config, out: Path, images: Tensor, class_names: list[str], resume: bool) -> Run:
    """The run on `images` uint8 (N, C, H, W) in folder `out` at its last checkpoint, or a fresh one in its place.

    Writes out/config.yaml. Raises TrainingError if the checkpoint there belongs to another config or to other images,
    or if `resume` is False and it is no run's; CheckpointError if it is broken.
    """
    channels, height, width = images.shape[1:]
    size = f"{channels} x {height} x {width}"
    data = f"{len(images):,} images of {size} with checksum {zlib.crc32(images.numpy().data):08x}"
    run = fresh_run(config, (channels, height, width), class_names, data)
    checkpoint = out / CHECKPOINT
    if checkpoint.exists() and resume:
        restore(run, checkpoint)
    elif checkpoint.exists():  # only then are the other files ours to delete
        _refuse_to_delete(checkpoint)
        for old in [*out.glob(PREVIEWS), checkpoint, out / LOG]:
            old.unlink(missing_ok=True)
    remove_unfinished(out, CHECKPOINT, SETTINGS, LOG, PREVIEWS)
    write_file(out / SETTINGS, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True))
    return run


def _refuse_to_delete(checkpoint: Path) -> None:
    """Starting over deletes a run, or what is left of one, but nothing else."""
    names = tensor_names(checkpoint)
    with explained(checkpoint, "read"), checkpoint.open("rb") as file:
        start = file.read(8 + len(BEGINNING))
    damaged = not names and (not start or start[8:] == BEGINNING)
    if not damaged and not any(name.startswith("optimizer.") for name in names):
        raise TrainingError(
            f"{checkpoint} is no run's checkpoint, so --fresh does not delete it. Choose another folder with --out."
        )


def add_row(run: Run, out: Path) -> None:
    """Add the mean of the losses since the last row to the log. Raises TrainingError if it is not finite."""
    mean = float(torch.stack(run.losses).mean())
    run.losses.clear()
    if not math.isfinite(mean):
        raise broken(run, out, f"the loss is {mean} at step {run.step}")
    run.log.append((run.step, mean, round(run.seconds, 2)))


def broken(run: Run, out: Path, what: str) -> TrainingError:
    """The error for a run that is no longer finite: `what` was seen, what is kept, and how to go on."""
    smaller = f"--set training.lr={run.config.training.lr / 3:.1g}"
    if not run.stored:
        return TrainingError(f"{what}. Start over with smaller steps: the same command with --fresh {smaller}.")
    return TrainingError(
        f"{what}. The checkpoint of step {run.stored} is whole and stays. Start over with smaller steps, "
        f"--fresh {smaller}, or go on from that checkpoint in another folder: "
        f"--set training.start_from={out / CHECKPOINT} {smaller} --out ANOTHER."
    )


def store(run: Run, out: Path) -> None:
    """Write the run to out/checkpoint.safetensors, whole or not at all, and its log to out/log.csv.

    Raises TrainingError if the run is not finite, FileError if the disk refuses; the old checkpoint then stays.
    """
    tensors = {f"model.{name}": value for name, value in run.model.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in run.ema.state_dict().items()}
    for index, state in run.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    losses = [float(loss) for loss in run.losses]
    if not all(map(math.isfinite, losses)):
        raise broken(run, out, f"a loss before step {run.step} is not finite")
    metadata = {
        "config": run.config.model_dump(mode="json"),
        "precision": run.precision,
        "image_shape": run.image_shape,
        "class_names": run.class_names,
        "data": run.data,
        "step": run.step,
        "seconds": run.seconds,
        "log": run.log,
        "losses": losses,
    }
    try:
        write_safetensors(out / CHECKPOINT, tensors, metadata)
    except NotFiniteError as error:
        raise broken(run, out, f"the run broke before step {run.step}: {error}") from None
    except FileError as error:
        stays = f"The checkpoint of step {run.stored} stays." if run.stored else "Nothing was stored before."
        raise FileError(f"{error} {stays}") from error
    run.stored = run.step
    write_log(run, out)


def write_log(run: Run, out: Path) -> None:
    """Write out/log.csv: a row with step, mean loss since the last row, and seconds of training."""
    content = io.StringIO()
    csv.writer(content).writerows([LOG_HEAD, *run.log])
    write_file(out / LOG, content.getvalue())


def stored_step(out: Path) -> int | None:
    """The step of the checkpoint in the folder `out`; None if there is none that can be read."""
    with suppress(CourseError):
        return int(read_metadata(out / CHECKPOINT).get("step", 0))
    return None


def restore(run: Run, path: Path) -> None:
    """Bring a fresh `run` to where the checkpoint at `path` left off.

    Raises TrainingError if that run had other settings or data, CheckpointError if the file is broken.
    """
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "ema": {}, "optimizer": {}}
    tensors, metadata = read_safetensors(path)
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = tensor
    if not parts["optimizer"] and parts["ema"]:
        raise TrainingError(
            f"{path} was exported for sampling: training cannot go on. Choose another folder with --out."
        )
    described, old = describe(path, metadata, RunDescription)
    _check_resumable(run, old, described, path)
    load_weights(run.model, parts["model"], path)
    load_weights(run.ema, parts["ema"], path)
    _restore_optimizer(run, parts["optimizer"], path)
    run.precision, run.step, run.seconds = described.precision, described.step, described.seconds
    run.log, run.losses = list(described.log), [torch.tensor(loss, device=run.device) for loss in described.losses]
    run.stored = run.step


def _restore_optimizer(run: Run, tensors: dict[str, Tensor], path: Path) -> None:
    """Adam's two moments have the shapes of the weights."""
    moments = ("exp_avg", "exp_avg_sq")
    expected = {
        f"{index}.{name}": parameter if name in moments else torch.tensor(0.0)
        for index, parameter in enumerate(run.model.parameters())
        for name in ("step", *moments)
    }
    check_fits(expected, tensors, path)
    state: dict[int, dict[str, Tensor]] = {}
    moved = {name: tensor.to(expected[name].dtype) for name, tensor in tensors.items()}
    check_finite(moved, path)
    for name, tensor in moved.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    groups = run.optimizer.state_dict()["param_groups"]
    run.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _check_resumable(run: Run, old: Config, described: RunDescription, path: Path) -> None:
    changed = [
        f"{section}.{key} ({value!r} there, {now[key]!r} now)"
        for section, now in run.config.model_dump().items()
        for key, value in old.model_dump()[section].items()
        if value != now[key] and not (section == "training" and key in MAY_CHANGE)
    ]
    if described.data != run.data:
        changed.append(f"data set ({described.data} there, {run.data} now)")
    if changed:
        raise TrainingError(
            f"{path} belongs to a run with another {', '.join(changed)}. "
            "Choose another folder with --out, or start over with --fresh."
        )
    if run.config.model.class_conditional and described.class_names != run.class_names:
        raise TrainingError(
            f"{path} belongs to a run with the classes {', '.join(described.class_names)}; here they are "
            f"{', '.join(run.class_names)}. Choose another folder with --out, or start over with --fresh."
        )
    steps = run.config.training.steps
    if described.step > steps:
        raise TrainingError(
            f"{path} is at step {described.step} already, past training.steps={steps}. "
            "Raise training.steps, or start over with --fresh."
        )
    if old.training.steps != steps:
        print(_jump(old, run.config, described.step, path), flush=True)


def _jump(old: Config, new: Config, step: int, path: Path) -> str:
    """What another number of steps does to the learning rate."""
    before, after = (
        warmup_decay(max(step - 1, 0), c.training.steps, c.training.warmup_steps, c.training.lr_final)
        for c in (old, new)
    )
    return (
        f"run: training.steps was {old.training.steps:,} and is {new.training.steps:,} now, so the learning rate at "
        f"step {step:,} goes from {before:.0%} to {after:.0%} of training.lr. For a second run with a decay of its own "
        "instead: "
        f"--set training.start_from={path} --out ANOTHER."
    )
