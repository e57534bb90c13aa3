"""`course train` and `course export`."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from course_lib.cli.console import CheckpointFile, Group, console, quoted, say, says_what_to_do
from course_lib.errors import CourseError
from course_lib.signals import Interrupted

if TYPE_CHECKING:
    from torch import Tensor

app = Group()


@app.command()
@says_what_to_do
def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of one in configs/.")],
    changes: Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder.  [default: runs/CONFIG]")] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", help="Go on from the folder's checkpoint, or delete it and start over.")
    ] = True,
) -> None:
    """Train a network. The same command again goes on where it stopped."""
    from course_lib.runs.config import load_config
    from course_lib.runs.folder import CHECKPOINT, stored_step
    from course_lib.runs.loop import train as steps

    settings = load_config(config, changes or [])
    out = out or Path("runs") / Path(config).stem
    total, batch, step = settings.training.steps, settings.training.batch_size, 0
    try:
        with _TrainingDisplay(total) as show, closing(steps(settings, out, resume)) as run:
            for progress in run:
                step = progress.step
                show(step, progress.loss, batch)
    except Interrupted as signal:
        stored = stored_step(out)
        kept = f"step {stored} is stored in {out}; the same command goes on from there."
        say(f"stopped: {kept if stored else 'no step was done yet, so nothing is stored.'}")
        raise typer.Exit(128 + signal.number) from None
    if step == 0:
        say(f"{out} is trained already ({total} steps); --fresh starts over.")
    say("next:", quoted("course", "sample", out / CHECKPOINT, "--out", "samples.png", "--film", "denoising.webp"))


class _TrainingDisplay:
    """A bar with loss, images per second and time left on a terminal; a line now and then anywhere else."""

    def __init__(self, total: int):
        self.total = total
        self.task: TaskID | None = None
        self.first: tuple[float, int] | None = None
        self.last = (0.0, 0)
        self.bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TextColumn("{task.fields[rate]:.0f} images/s"),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Callable:
        if console.is_terminal:  # a bar that is disabled prints an empty line in rich 13
            self.bar.start()
        return self.show

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def show(self, step: int, loss: "Tensor", batch: int) -> None:
        now = time.perf_counter()
        if self.first is None or self.task is None:  # the rate counts from here: the first step is the slowest
            self.first = self.last = now, step
            self.task = self.bar.add_task("", total=self.total, completed=step, loss=float(loss), rate=0.0)
            return
        wait = 0.2 if console.is_terminal else 15.0
        if now - self.last[0] < wait and step < self.total:
            return
        rate = batch * (step - self.first[1]) / (now - self.first[0])
        self.last = now, step
        self.bar.update(self.task, completed=step, loss=float(loss), rate=rate)
        if not console.is_terminal:
            left = (self.total - step) * batch / rate
            print(
                f"step {step}/{self.total}  loss {float(loss):.4f}  {rate:.0f} images/s  {left:.0f} s left", flush=True
            )


@app.command()
@says_what_to_do
def export(
    checkpoint: CheckpointFile,
    out: Annotated[Path, typer.Argument(help="Where to write the network; ends in .safetensors.")],
) -> None:
    """Write only what sampling needs: the averaged weights in float16."""
    from course_lib.runs.checkpoints import export_checkpoint

    if out.suffix.lower() != ".safetensors":
        raise CourseError(f"{out} must end in .safetensors.")
    export_checkpoint(checkpoint, out)
    say(f"wrote {out}: {out.stat().st_size / 1e6:.1f} MB")
