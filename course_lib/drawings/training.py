"""What chapter 09 draws."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from course_lib.paths import DATA
from course_lib.pictures.plots import COLOURS, add_legend, image_grid, panels, show_images
from course_lib.training import ema_decay


def show_rows(
    images: Tensor,
    rows: Sequence[str],
    title: str,
    *,
    alternative: str,
    columns: Sequence[str] = (),
    width: float = 7.2,
) -> None:
    """Draw images (R · C, C', H, W) in R rows, with the row's name before each, and the columns' names above.

    The figure is `width` inches wide, and as high as that takes.
    """
    count = len(images) // len(rows)
    picture = image_grid(images, columns=count)
    high, wide = picture.shape[:2]
    room = width - 0.1 - 0.09 * max(map(len, rows))  # what the rows' names leave
    (axis,) = panels(
        title, [""], "", "", (width, room / wide * high + 0.35 + 0.3 * bool(columns)), alternative=alternative
    )
    axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_xticks((np.arange(len(columns)) + 0.5) * wide / max(len(columns), 1), columns, fontsize=9)
    axis.set_yticks((np.arange(len(rows)) + 0.5) * high / len(rows), rows, fontsize=9)
    axis.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axis.spines[:].set_visible(False)


def show_classes(images: Tensor, labels: Tensor, names: Sequence[str]) -> None:
    """Draw the first of the images (N, C, H, W) of each class, under the class's name."""
    show_images(
        torch.stack([images[labels == label][0] for label in range(len(names))]),
        names,
        "What the network will learn: one picture of each class",
        columns=5,
        alternative="Ten garments, white and grey on black, each with the name of its class.",
    )


def show_batch(x_t: Tensor, t: Tensor) -> None:
    """Draw the noisy images (B, C, H, W) of a training batch, each with its t (B,)."""
    show_images(
        x_t.clamp(-1, 1),
        [f"t = {step}" for step in t.tolist()],
        "A training batch: each picture has its own noise level",
        columns=5,
        alternative="Ten garments, some nearly clean, some only noise, each with its own t above it.",
    )


def show_yours(samples: Tensor, real: Tensor) -> None:
    """Draw two rows of samples (20, C, H, W), and below them as many real images as a row has (10, C, H, W)."""
    show_rows(
        torch.cat([samples, real]),
        ["yours", "yours", "real"],
        "Twenty samples of your network, and ten pictures of the data",
        alternative="Two rows of samples: bags, dresses, tops and shoes, many of them ragged, some shapeless. Below, "
        "ten real pictures.",
    )


def show_raw_and_averaged(samples: Tensor) -> None:
    """Draw four rows of samples: of the raw and the averaged weights, a third through a run and at its end."""
    show_rows(
        samples,
        ["raw, 1/3", "average, 1/3", "raw, end", "average, end"],
        "Raw weights and their average: a third through the run, and at the end",
        alternative="Four rows of samples. In the first two, from a third through the run, many differ in details and "
        "brightness. The last two, from the end, are nearly the same.",
    )


def show_textures(short: Tensor, long: Tensor, real: Tensor, names: Sequence[str]) -> None:
    """Draw one texture of each class (10, C, H, W), after a short run, after a longer one, and real ones."""
    show_rows(
        torch.cat([short, long, real]),
        ["100 steps", "2,800 steps", "real"],
        "The same ten classes after a short and a longer run",
        columns=names,
        alternative="After 100 steps ten kinds of grain that hardly differ. After 2,800 steps straight stripes, "
        "checks and round dots, but vague weave and wood, and ripples without a centre. Below, the real ones.",
    )


def show_landscapes(samples: Tensor, real: Tensor) -> None:
    """Draw sampled landscapes (N, 3, H, W), and below them real ones."""
    show_rows(
        torch.cat([samples, real]),
        ["sampled", "real"],
        "Landscapes in colour, 128 × 128, after half a minute",
        alternative="Above, blurred landscapes: a violet, blue or red sky, a pale yellow sun, sometimes smeared, and "
        "dark green hills. Below, real ones with sharp edges.",
    )


def show_64(samples: Tensor) -> None:
    """Draw sixty-four samples (64, C, H, W) as a square."""
    show_rows(
        samples,
        [""] * 8,
        "Sixty-four samples of the long run's network, none left out",
        alternative="Sixty-four garments: tops, trousers, dresses, shoes and bags, some with smeared parts.",
        width=5.0,
    )


def show_batch_losses(losses: Mapping[str, Sequence[float]]) -> None:
    """Draw the losses of many batches, a row of points for each way to draw t, by name."""
    (axis,) = panels(
        "The loss of 60 batches, all with the same network",
        [""],
        "loss of a batch",
        "",
        (6.4, 2.0),
        alternative="Two rows of points with a line at their means, which are close together. With a t for each "
        "picture the points lie close to it. With one t for the whole batch they fill a range several times as wide.",
    )
    for row, (name, colour) in enumerate(zip(losses, ("learned", "data"), strict=True)):
        values = np.array(losses[name])
        jitter = np.random.default_rng(0).uniform(-0.2, 0.2, len(values))
        axis.scatter(values, row + jitter, s=14, color=COLOURS[colour], alpha=0.7, linewidths=0)
        axis.plot([values.mean()] * 2, [row - 0.35, row + 0.35], color=COLOURS["ink"], linewidth=2)
    axis.set_yticks(range(len(losses)), list(losses))
    axis.set(ylim=(len(losses) - 0.5, -0.5), xlim=0)


def show_first_steps(losses: Tensor) -> None:
    """Draw the losses [n] of a network that learns one batch by heart, beside the loss of always answering 0."""
    (axis,) = panels(
        "The same batch, again and again",
        [""],
        "step",
        "loss",
        (6.4, 2.6),
        alternative="The loss begins at the horizontal line at 1, which is the loss of always answering 0. "
        "It falls to less than 0.3 within 40 steps.",
    )
    axis.plot(losses, color=COLOURS["learned"], linewidth=2, label="your steps")
    axis.axhline(1, color=COLOURS["ink"], linestyle="dotted", label="a network that always answers 0")
    axis.set_ylim(0, 1.2)
    add_legend(axis)


def show_rates(factors: Mapping[str, Sequence[float]]) -> None:
    """Draw the factor on the learning rate over the steps of some runs, by name."""
    (axis,) = panels(
        "The factor on the learning rate in two runs",
        [""],
        "training step",
        "factor",
        (6.4, 2.6),
        alternative="Two curves rise steeply to 1, at step 100 in the run of 2,000 steps and at step 60 in the run of "
        "600. Then each falls in the shape of an S to almost 0 at the run's last step.",
    )
    for (name, curve), colour in zip(factors.items(), ("learned", "data"), strict=False):
        axis.plot(curve, color=COLOURS[colour], linewidth=2, label=name)
    add_legend(axis)


def show_averages(path: Tensor, rising: Sequence[float], fixed: Sequence[float]) -> None:
    """Draw a wandering weight [n] and two averages of it [n]; beside it, the decays that made them."""
    steps = len(path)
    left, right = panels(
        "A weight that wanders to its place, and two averages of it",
        ["the decay d", "the weight"],
        "training step",
        "",
        (3.7, 2.8),
        shared=False,
        alternative="Left, the decay rises from 0.1 and then stays; a dotted line marks the fixed decay, 0.99. "
        "Right, a grey zigzag falls from 3 to 0. The average with the rising decay follows it and hardly wobbles; the "
        "one with the fixed decay is still far above 0 when the others have arrived.",
    )
    left.plot([ema_decay(n, steps) for n in range(steps)], color=COLOURS["learned"], linewidth=2, label="rising")
    left.axhline(0.99, color=COLOURS["data"], linestyle="dotted", linewidth=2, label="fixed, 0.99")
    right.plot(path, color=COLOURS["noise"], linewidth=1, label="the weight")
    right.plot(rising, color=COLOURS["learned"], linewidth=2, label="average, rising decay")
    right.plot(fixed, color=COLOURS["data"], linewidth=2, linestyle="dotted", label="average, fixed decay")
    for axis in (left, right):
        add_legend(axis)


def show_two_losses(scores: Sequence[tuple[int, float, float]]) -> None:
    """Draw the losses of the raw and the averaged weights after some steps, and how far apart they are.

    `scores` are triples (step, loss of the raw weights, loss of their average), perhaps few, if a run was stopped.
    """
    left, right = panels(
        "The loss on unseen pictures during your run",
        ["loss, after the first sixth", "raw weights, in % above the average"],
        "training step",
        "",
        (3.6, 2.8),
        shared=False,
        alternative="Left, two falling curves; the one of the raw weights has teeth and lies above the average for "
        "most of the way, then they meet. Right, their difference in percent: below 0 at the very beginning, then "
        "above with jumps, at the end near 0.",
    )
    at, raw, averaged = np.array(scores, float).reshape(-1, 3).T
    shown = at > at.max(initial=0) / 6  # before, both fall steeply
    left.plot(at[shown], raw[shown], color=COLOURS["noise"], linewidth=2, label="raw weights")
    left.plot(at[shown], averaged[shown], color=COLOURS["learned"], linewidth=2, label="their average")
    add_legend(left)
    right.axhline(0, color=COLOURS["learned"], linewidth=2)
    right.plot(at, 100 * (raw / averaged - 1), color=COLOURS["noise"], linewidth=2)


@dataclass(frozen=True)
class LongRun:
    """The course's own long training: its log, and what its checkpoints scored."""

    hours: np.ndarray  # of each row of the log
    loss: np.ndarray
    smooth: np.ndarray  # the median of nine rows, for the rows 4 to the fourth last
    scored: np.ndarray  # the hours at which a checkpoint was scored
    scores: np.ndarray  # distances over the floor


def long_run() -> LongRun:
    """Read data/fashion_mnist.csv and data/fashion_mnist_scores.csv."""
    log, found = _table("fashion_mnist"), _table("fashion_mnist_scores")
    hours, loss = log["seconds"] / 3600, log["loss"]
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(loss, 9), axis=1)
    scored = np.interp(found["step"], log["step"], hours)  # from steps to hours
    return LongRun(hours, loss, smooth, scored, found["distance"] / found["floor"])


def show_long_run(run: LongRun) -> None:
    """Draw the loss of the long run and the score of its samples over the hours."""
    left, right = panels(
        "The long run: its loss, and how far its samples are from real garments",
        ["loss", "distance of the samples / floor"],
        "hours of training",
        "",
        (3.7, 2.9),
        shared=False,
        alternative="Left, the loss falls almost at once to 0.1 and then more and more slowly to 0.06; after 2.3 hours "
        "it takes a small step up. Right, the distance falls from 18 to 1.6 times the floor and rises once on the way.",
    )
    left.plot(run.hours, run.loss, color=COLOURS["noise"], linewidth=1, label="each row of the log")
    left.plot(run.hours[4:-4], run.smooth, color=COLOURS["learned"], linewidth=2, label="median of nine")
    left.set(yscale="log", ylim=(0.055, 0.25))  # the first minute is above it
    left.set_yticks([0.06, 0.08, 0.1, 0.2], ["0.06", "0.08", "0.1", "0.2"])
    left.minorticks_off()
    right.plot(run.scored, run.scores, "o-", color=COLOURS["learned"], label="256 samples")
    right.axhline(1, color=COLOURS["exact"], label="real garments")
    right.set(xlim=0, ylim=(0.8, 25), yscale="log")
    right.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    right.minorticks_off()
    for axis in (left, right):
        add_legend(axis)


def show_equal_minutes() -> dict[str, float]:
    """Draw the scores of two recipes over the minutes of one core; returns the last score of each."""
    (axis,) = panels(
        "Two recipes, the same minutes of one core (one run each)",
        [""],
        "minutes of one core",
        "distance / floor",
        (6.4, 2.8),
        alternative="Two curves over six minutes. That of fashion_mnist_cpu falls from 17 to 7 times the floor; that "
        "of the classic recipe stays above 40.",
    )
    table, last = _table("equal_minutes"), {}
    for recipe, colour in (("classic", "data"), ("fashion_mnist_cpu", "learned")):
        rows = table["recipe"] == recipe
        scores = table["distance"][rows] / table["floor"][rows]
        axis.plot(table["core_minutes"][rows], scores, "o-", color=COLOURS[colour], linewidth=2, label=recipe)
        last[recipe] = float(scores[-1])
    axis.axhline(1, color=COLOURS["exact"], label="real garments")
    axis.set(xlim=0, ylim=0)
    add_legend(axis)
    return last


def _table(name: str) -> dict[str, np.ndarray]:
    """The columns of data/NAME.csv by name: numbers, where they are numbers."""
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return {key: values if key == "recipe" else values.astype(float) for key, values in columns.items()}


SKIES = ((70, 90, 160), (40, 130, 200), (90, 50, 110))
HORIZONS = ((250, 190, 130), (220, 235, 245), (245, 130, 90))


def landscape(rng: np.random.Generator, size: int = 128) -> np.ndarray:
    """A picture, uint8 (size, size, 3): a sky, a sun somewhere in it, and two rows of hills."""
    y, x = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j][..., None]  # (size, size, 1) each
    kind = rng.integers(3)
    picture = np.array(SKIES[kind]) * (1 - y) + np.array(HORIZONS[kind]) * y
    column, row, radius = rng.uniform([0.2, 0.15, 0.07], [0.8, 0.5, 0.14])
    picture = np.where(np.hypot(x - column, y - row) < radius, [255, 240, 190], picture)
    for height, green in ((0.6, [60, 110, 90]), (0.75, [30, 70, 50])):
        bends, shift = rng.uniform([0.5, 0], [1.5, 1])
        hill = y > height + 0.08 * np.sin(2 * np.pi * (bends * x + shift))
        picture = np.where(hill, green, picture)
    return picture.round().astype(np.uint8)


def save_landscapes(folder: Path, count: int = 300, seed: int = 0) -> None:
    """Make the folder, and in it `count` landscapes of 128 x 128 as PNG files."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        Image.fromarray(landscape(rng)).save(folder / f"{number:03}.png")
