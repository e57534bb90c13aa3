"""The command `course`. What a command needs is imported when it runs, so that `course --help` is quick."""

import functools
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from course_lib.errors import CourseError

if TYPE_CHECKING:
    from torch import Tensor

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train, sample and check the diffusion course.")
notebooks_app = typer.Typer(no_args_is_help=True, help="Build the notebooks from notebooks/source, and check them.")
app.add_typer(notebooks_app, name="notebooks")
console = Console()
say = functools.partial(
    console.print, soft_wrap=True, highlight=False, markup=False
)  # a path or command is never broken in two

Precision = Annotated[
    Literal["auto", "fp32", "bf16"], typer.Option(help="What the network computes in; auto: bf16 where it is fast.")
]


def says_what_to_do(command: Callable) -> Callable:
    """Print a CourseError, or what a file refuses, as one message instead of a traceback, and exit with 1."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except CourseError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(1) from None
        except OSError as error:
            if error.filename is None:
                raise
            print(f"error: {error.filename}: {error.strerror}. Name another place.", file=sys.stderr)
            raise typer.Exit(1) from None

    return wrapped


@app.command()
@says_what_to_do
def doctor() -> None:
    """Say whether everything that the course needs is here, and what to do if not."""
    from course_lib.cli.doctor import print_report, run_checks

    raise typer.Exit(print_report(run_checks()))


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
    from course_lib.runs.loop import train as steps

    settings = load_config(config, changes or [])
    out = out or Path("runs") / Path(config).stem
    total, batch, step = settings.training.steps, settings.training.batch_size, 0
    try:
        with _TrainingDisplay(total) as show:
            for progress in steps(settings, out, resume):
                step = progress.step
                show(step, progress.loss, batch)
    except KeyboardInterrupt:
        say(f"stopped after step {step}; the same command goes on from the last checkpoint in {out}.")
        raise typer.Exit(130) from None
    if step == 0:
        say(f"{out} is trained already ({total} steps); --fresh starts over.")
    say(f"next: course sample {out / 'checkpoint.safetensors'} --out samples.png --gif denoising.gif")


class _TrainingDisplay:
    """A bar with loss, images per second and time left on a terminal; a line now and then anywhere else."""

    def __init__(self, total: int):
        self.total, self.task, self.first = total, None, None
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
        self.bar.start()
        return self.show

    def __exit__(self, *_) -> None:
        self.bar.stop()

    def show(self, step: int, loss, batch: int) -> None:
        now = time.perf_counter()
        if self.first is None:  # the rate counts from here: the first step is slower than all others
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
def sample(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint, or the name of one in data/.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many images.")] = 64,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[Path, typer.Option(help="A picture (.png) or all images as a tensor (.safetensors).")] = Path(
        "samples.png"
    ),
    gif: Annotated[Path | None, typer.Option(help="Also write the denoising of the first images (at most 64).")] = None,
    label: Annotated[str | None, typer.Option(help="A class, by name or number (class-conditional networks).")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images drawn at a time.")] = 64,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Precision = "auto",
) -> None:
    """Draw samples from a trained network."""
    import torch

    from course_lib.images import to_uint8
    from course_lib.pictures.gifs import denoising_frames, save_gif
    from course_lib.pictures.plots import image_grid, save_grid
    from course_lib.runs.checkpoints import class_index, load_checkpoint, sample_steps, write_safetensors

    _check_endings(out, gif)
    loaded = load_checkpoint(checkpoint, device)
    target = None if label is None else class_index(loaded, label)
    generator = torch.Generator(loaded.schedule.device).manual_seed(seed)
    calls = loaded.schedule.timesteps
    batches = [min(batch, count - start) for start in range(0, count, batch)]
    images, frames = [], []
    with Progress(*Progress.get_default_columns(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("denoising", total=calls * len(batches))
        for size in batches:
            states = _counted(sample_steps(loaded, size, generator, target, precision), lambda: bar.advance(task))
            if gif and not images:
                states = list(denoising_frames(states, calls + 1))
                scale = 2 if size <= 25 else 1  # noise hardly compresses: 64 images at 2 would take 2 MB
                frames = [image_grid(state[:64], scale=scale) for state in states]
            images.append(to_uint8(deque(states, maxlen=1)[0]).cpu())
    images = torch.cat(images)
    if out.suffix.lower() == ".safetensors":
        write_safetensors(out, {"images": images}, {"checkpoint": checkpoint.name, "seed": seed})
    else:
        save_grid(images, out)
    say(f"wrote {out}: {count} images of {' x '.join(map(str, images.shape[1:]))}")
    if gif:
        save_gif(frames, gif)
        say(f"wrote {gif}: {len(frames)} frames, {gif.stat().st_size / 1000:.0f} kB")


@app.command()
@says_what_to_do
def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint, or the name of one in data/.")],
    seeds: Annotated[int, typer.Option(min=1, max=3, help="How many times 2,048 samples.")] = 3,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Precision = "auto",
    classifier: Annotated[
        str, typer.Option(help="Whose eyes: a file, or a name in data/classifier/.")
    ] = "fashion_mnist",
) -> None:
    """Score samples: Frechet distance to Fashion-MNIST's test images, beside the floor that real images reach."""
    from course_lib.evaluation import SAMPLES, check_scorable, sample_batches, score
    from course_lib.judges.classifier import load_classifier
    from course_lib.runs.checkpoints import load_checkpoint

    loaded, (eyes, statistics) = load_checkpoint(checkpoint, device), load_classifier(classifier, device)
    check_scorable(loaded, statistics)
    scores = []
    with Progress(*Progress.get_default_columns(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("sampling", total=SAMPLES * seeds)
        for seed in range(seeds):
            drawn = sample_batches(loaded, SAMPLES, seed, precision=precision)
            batches = (_advanced(bar, task, images) for images in drawn)
            found = score(batches, eyes, statistics, seed)
            scores.append(found)
            say(f"seed {seed}: {found.distance:.3g}, floor {found.floor:.3g}, {found.ratio:.2f} times the floor")
    mean = sum(found.ratio for found in scores) / seeds
    say(f"{checkpoint}: {mean:.2f} times the floor with {loaded.schedule.timesteps} network calls a sample")


@app.command("train-classifier")
@says_what_to_do
def train_classifier(
    out: Annotated[Path, typer.Option(help="Where to write it (.safetensors).")] = Path("classifier.safetensors"),
    data: Annotated[str, typer.Option(help="As data.source in a config.")] = "auto",
    epochs: Annotated[int, typer.Option(min=1)] = 20,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Train the classifier that `evaluate` looks through, and note what it sees in the test images."""
    from course_lib.evaluation import make_classifier

    for report in make_classifier(data, out, epochs, seed, device):
        say(f"epoch {report.number}/{epochs}  loss {report.loss:.3f}  {report.accuracy:.2%} of the test images right")
    say(f"wrote {out}; next: course evaluate CHECKPOINT --classifier {out}")


@app.command()
@says_what_to_do
def export(checkpoint: Path, out: Path) -> None:
    """Write only what sampling needs: the averaged weights in float16."""
    from course_lib.runs.checkpoints import export_checkpoint

    if out.suffix.lower() != ".safetensors":
        raise CourseError(f"{out} must end in .safetensors.")
    export_checkpoint(checkpoint, out)
    say(f"wrote {out}: {out.stat().st_size / 1e6:.1f} MB")


@notebooks_app.command("build")
@says_what_to_do
def build_notebooks(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters, e.g. 00_start.  [default: all]")] = None,
    solved: Annotated[Path | None, typer.Option(help="Make solved notebooks, in this folder.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many at a time.")] = 1,
) -> None:
    """Make and run notebooks/*.ipynb from notebooks/source/*.py."""
    from concurrent.futures import ThreadPoolExecutor

    from course_lib.publishing.notebooks import build, sources

    chapters = sources(names or [])
    with ThreadPoolExecutor(jobs) as pool:
        for source, seconds in zip(chapters, pool.map(lambda source: build(source, solved), chapters), strict=True):
            say(f"built {source.stem} in {seconds:.0f} s")


@notebooks_app.command("check")
@says_what_to_do
def check_notebooks() -> None:
    """Fail unless every notebook is what its source says, was run, and is not too large."""
    from course_lib.publishing.notebooks import check, sources, strays

    found = [problem for source in sources([]) for problem in check(source)] + strays()
    for problem in found:
        print(problem, file=sys.stderr)
    raise typer.Exit(1 if found else 0)


def _check_endings(out: Path, gif: Path | None) -> None:
    """Say so before minutes of sampling, not after."""
    if out.suffix.lower() not in (".png", ".safetensors"):
        raise CourseError(f"--out {out} must end in .png or .safetensors.")
    if gif is not None and gif.suffix.lower() != ".gif":
        raise CourseError(f"--gif {gif} must end in .gif.")


def _advanced(bar: Progress, task: TaskID, images: "Tensor") -> "Tensor":
    bar.advance(task, len(images))
    return images


def _counted(items: Iterator, tick: Callable[[], None]) -> Iterator:
    for index, item in enumerate(items):
        if index:  # the first state is noise: no network call went into it
            tick()
        yield item
