"""`course evaluate` and `course train-classifier`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from course_lib.cli.console import (
    CheckpointFile,
    Device,
    Group,
    Precision,
    Seed,
    progress_bar,
    quoted,
    say,
    says_what_to_do,
)
from course_lib.errors import CourseError
from course_lib.files import check_place

if TYPE_CHECKING:
    from torch import Tensor

app = Group()


@app.command()
@says_what_to_do
def evaluate(
    checkpoint: CheckpointFile,
    seeds: Annotated[int, typer.Option(min=1, max=3, help="How many times 2,048 samples.")] = 3,
    device: Device = "auto",
    precision: Precision = "auto",
    classifier_name: Annotated[
        str, typer.Option("--classifier", help="The classifier: a file, or a name in data/classifier/.")
    ] = "fashion_mnist",
) -> None:
    """Score samples: Frechet distance to Fashion-MNIST's test images, beside the floor that real images reach."""
    from course_lib.evaluation import SAMPLES, check_scorable, sample_batches, score
    from course_lib.judges.classifier import load_classifier
    from course_lib.runs.checkpoints import load_checkpoint

    loaded = load_checkpoint(checkpoint, device)
    classifier, statistics = load_classifier(classifier_name, device)
    check_scorable(loaded, statistics)
    scores = []
    with progress_bar() as bar:
        task = bar.add_task("sampling", total=SAMPLES * seeds)
        for seed in range(seeds):
            drawn = sample_batches(loaded, SAMPLES, seed, precision=precision)
            batches = (_advanced(bar, task, images) for images in drawn)
            found = score(batches, classifier, statistics, seed)
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
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train the classifier that `evaluate` uses, and store the statistics of its features of the test images."""
    from course_lib.evaluation import make_classifier
    from course_lib.runs.tensor_files import CLASSIFIER

    if out.suffix.lower() != ".safetensors":
        raise CourseError(f"--out {out} must end in .safetensors.")
    check_place(out, CLASSIFIER)
    for report in make_classifier(data, out, epochs, seed, device):
        say(f"epoch {report.number}/{epochs}  loss {report.loss:.3f}  {report.accuracy:.2%} of the test images right")
    say(f"wrote {out}; next:", quoted("course", "evaluate", "CHECKPOINT", "--classifier", out))


def _advanced(bar: Progress, task: TaskID, images: "Tensor") -> "Tensor":
    bar.advance(task, len(images))
    return images
