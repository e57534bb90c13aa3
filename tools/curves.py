"""Scores over time, with few samples, for the curves of chapter 09. With OMP_NUM_THREADS=1,

    python tools/curves.py equal-minutes                      writes data/equal_minutes.csv
    python tools/curves.py snapshots A.safetensors B.safetensors ...    writes data/fashion_mnist_scores.csv

Both need the real Fashion-MNIST (COURSE_DATA, or the hub) for the floor. A distance of 256 samples is larger than one
of 2,048, and `course evaluate` has another floor, so these are held against each other and their own floor only.
"""

import csv
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from course_lib.evaluation import Gaussian, fit_gaussian, frechet_distance
from course_lib.images import load_images
from course_lib.judges.judge import SAMPLES, load_judge
from course_lib.judges.scoring import sample_batches
from course_lib.runs.checkpoints import Checkpoint, load_checkpoint
from course_lib.runs.config import load_config
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.loop import advance
from course_lib.runs.run import fresh_run
from course_lib.runs.samplers import ANCESTRAL

DATA = Path(__file__).parents[1] / "data"
RECIPES = "fashion_mnist_cpu", "classic"
app = typer.Typer(add_completion=False)
Count = Annotated[int, typer.Option(help="Samples for each score.")]


class Judge:
    """The Frechet distance of `count` samples from real test images, and the floor: that of as many held-out ones.

    With `in_turn` (for class-conditional networks) the classes come in turn, in the samples and in the held-out images:
    their shares, which chance makes uneven, are half of the distance of so few images.
    """

    def __init__(self, count: int, in_turn: bool = False):
        self.count, self.in_turn = count, in_turn
        self.judge = load_judge("fashion_mnist", "cpu")
        images, labels = load_images("auto", "test")
        self.reference = self._fit(images[SAMPLES:])
        held_out = images[:SAMPLES]
        if in_turn:
            held_out = held_out[take_turns(labels[:SAMPLES])]
        floors = [self.distance(block) for block in held_out.split(count) if len(block) == count]
        self.floor = sum(floors) / len(floors)

    def __call__(self, checkpoint: Checkpoint, seed: int = 0) -> float:
        labels = torch.arange(self.count) % checkpoint.model.num_classes if self.in_turn else None
        return self.distance(
            torch.cat(list(sample_batches(checkpoint, self.count, seed, labels=labels, sampler=ANCESTRAL)))
        )

    def distance(self, images: Tensor) -> float:
        return float(frechet_distance(*self._fit(images), *self.reference))

    def _fit(self, images: Tensor) -> Gaussian:
        return fit_gaussian(self.judge.features(images))


def take_turns(labels: Tensor) -> Tensor:
    """Indices of labels (N,) so that the classes come in turn, for as long as there are some of each."""
    classes = [(labels == label).nonzero().flatten() for label in labels.unique()]
    shortest = min(map(len, classes))
    return torch.stack([indices[:shortest] for indices in classes], dim=1).flatten()


@app.command()
def equal_minutes(minutes: float = 10.0, count: Count = 256, out: Path = DATA / "equal_minutes.csv") -> None:
    """Train two recipes in turns, each for as many minutes of one core, and score both on the way.

    A first few steps say how many steps fit, so that the learning rate of the course's recipe has fallen at the end.
    """
    keep_freed_memory()
    torch.set_num_threads(1)
    judge = Judge(count)
    images, labels = load_images("auto")
    names = [str(label) for label in range(10)]
    rows, runs = [], {}
    for recipe in RECIPES:
        trial = fresh_run(load_config(recipe, ["training.device=cpu"]), (1, 28, 28), names)
        advance(trial, images, labels)  # the first is slower than all others
        start = time.process_time()
        for _ in range(3):
            advance(trial, images, labels)
        steps = max(4, round(minutes * 60 / ((time.process_time() - start) / 3)))
        settings = load_config(recipe, ["training.device=cpu", f"training.steps={steps}"])
        runs[recipe] = fresh_run(settings, (1, 28, 28), names)
    for share in (0.25, 0.5, 1.0):
        for recipe, run in runs.items():
            losses = []
            while run.step < round(share * run.config.training.steps):
                start = time.process_time()
                losses.append(float(advance(run, images, labels)))
                run.seconds += time.process_time() - start
            loss = sum(losses[-10:]) / len(losses[-10:])
            distance = judge(run.averaged)
            drawn = run.step * run.config.training.batch_size
            row = recipe, f"{run.seconds / 60:.2f}", run.step, drawn, f"{loss:.4f}", f"{distance:.3f}"
            rows.append((*row, f"{judge.floor:.3f}"))
            print(*rows[-1], flush=True)
            write(out, ("recipe", "core_minutes", "steps", "images", "loss", "distance", "floor"), rows)


@app.command()
def snapshots(files: list[Path], count: Count = 256, out: Path = DATA / "fashion_mnist_scores.csv") -> None:
    """Score the checkpoints of one run, named in the order of their steps."""
    keep_freed_memory()
    checkpoints = [load_checkpoint(file, "cpu") for file in files]
    judge = Judge(count, in_turn=checkpoints[0].model.num_classes is not None)
    rows = []
    for checkpoint in checkpoints:
        rows.append((checkpoint.step, f"{judge(checkpoint):.3f}", f"{judge.floor:.3f}"))
        print(*rows[-1], flush=True)
        write(out, ("step", "distance", "floor"), rows)


def write(out: Path, header: tuple, rows: list[tuple]) -> None:
    with out.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


if __name__ == "__main__":
    app()
