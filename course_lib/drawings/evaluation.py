"""The drawings of chapter 11: grids, clouds, balls and scores, and what two judges say while a weight is turned up."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.forward import q_sample
from course_lib.paths import DATA
from course_lib.pictures.plots import (
    COLOURS,
    OTHER_COLOURS,
    WIDEST,
    add_legend,
    draw_grid,
    figure_picture,
    image_grid,
    panels,
    side_by_side,
    with_text,
)
from course_lib.schedules import NoiseSchedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, float | str]
LOOKS = {"real": ("data", "s"), "A": ("learned", "o"), "B": (OTHER_COLOURS[1], "^")}  # colour and marker of each set
JUDGE_LOOKS = (
    ("#E69F00", "o", "-"),
    ("#56B4E9", "s", "--"),
    (COLOURS["ink"], "^", ":"),
)  # the first, second, third judge
STEPS_SHOWN = (0, 5, 20, 60, 120)  # the t at which `show_levels` shows an image

# Tables


def read_table(name: str) -> list[Row]:
    """The rows of data/NAME.csv: numbers, where they are numbers."""
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def weight_sweep(rows: Sequence[Row], judge: str) -> dict[float, list[Row]]:
    """The rows of `judge` where only the guide's weight differs, by that weight, one row for each seed.

    They are those of 13 steps of dpm_solver, even in log-SNR, guided by fashion_mnist_cpu at all noise levels; weight 1
    is the network alone.
    """
    found: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        usual = (row["sampler"], row["spacing"], row["steps"], row["judge"]) == ("dpm_solver", "log_snr", 13, judge)
        always = row["guide"] == "none" or (row["lowest"], row["highest"]) == (0, float("inf"))
        if usual and always and row["guide"] in ("none", "fashion_mnist_cpu"):
            found[float(row["weight"])].append(row)
    return dict(sorted(found.items()))


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and the (unbiased) standard deviation, of a few numbers."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


# Grids


def show_pair(left: Tensor, right: Tensor, columns: int = 8, names: Sequence[str] = ()) -> None:
    """Two grids of images side by side, A and B, with the `names` of their rows."""
    axes = panels(
        "Two models, the same noise",
        ["model A", "model B"],
        "",
        "",
        (3.4, 2.5) if not names else (2.8, 4.2),
        shared=False,
        alternative="Two grids of garments, black to white. On the left some have rough surfaces and torn outlines. On "
        "the right the surfaces are smoother and the contrasts stronger."
        + (" Each row is one class, from dark to bright; the right one has fewer dark garments." if names else ""),
    )
    for axis, images, rows in zip(axes, (left, right), (names, ()), strict=True):
        draw_grid(axis, image_grid(images, columns=columns), (), rows)


def by_class(images: Tensor, labels: Tensor, each: int = 5) -> Tensor:
    """`each` images of class 0, from the darkest to the brightest in even steps, then of class 1, and so on."""
    rows = []
    for label in labels.unique():
        found = images[labels == label]
        order = found.float().mean(dim=(1, 2, 3)).argsort()
        rows.append(found[order[torch.linspace(0, len(order) - 1, each).round().long()]])
    return torch.cat(rows)


# Features


def show_clouds(real: Tensor, seen: Mapping[str, Tensor]) -> None:
    """Features (n, d) of real images and of samples, along the two directions in which the real ones vary most.

    Around each cloud lies the ellipse of its Gaussian, at two standard deviations.
    """
    mean = real.mean(dim=0)
    _, vectors = torch.linalg.eigh(torch.cov(real.T))
    plane = vectors[:, -2:].flip(1)  # (d, 2), the widest direction first
    axes = panels(
        "What the judge sees: two of 128 directions, and the Gaussians",
        [f"model {name} and real images" for name in seen],
        "first direction",
        "second direction",
        (3.65, 3.3),
        alternative="Two panels of points in the plane. In both the blue cloud of real images has several arms, and "
        "the samples lie in the same arms. The samples' ellipse is a little smaller than the real images'.",
    )
    for axis, (name, features) in zip(axes, seen.items(), strict=True):
        for who, cloud, size in (("real", real, 2), (name, features, 9)):
            colour = _colour(who)
            points = (cloud - mean) @ plane
            x, y = points.T
            axis.scatter(x, y, s=size, color=colour, alpha=0.35 if who == "real" else 0.8, linewidths=0)
            _draw_ellipse(axis, points, colour, who if who == "real" else f"model {who}")
        add_legend(axis)
    axes[0].set_ylim(top=1.45 * axes[0].get_ylim()[1])  # room for the legends; both axes share it


def _draw_ellipse(axis: "Axes", points: Tensor, colour: str, label: str) -> None:
    values, vectors = torch.linalg.eigh(torch.cov(points.T))
    angle = torch.linspace(0, 2 * torch.pi, 100, dtype=points.dtype)
    circle = torch.stack([angle.cos(), angle.sin()])
    x, y = points.mean(dim=0)[:, None] + 2 * vectors @ (values.sqrt()[:, None] * circle)
    axis.plot(x, y, color=colour, linewidth=2, label=label)


def _colour(who: str) -> str:
    colour = LOOKS[who][0]
    return COLOURS.get(colour, colour)


def show_sizes(distances: Mapping[str, Mapping[int, Sequence[float]]], name: str, log: bool = True) -> None:
    """A distance over the number of images, with its spread over draws; a curve for the real ones, and for points."""
    (axis,) = panels(
        f"{name} where both sides have one source",
        [""],
        "how many: $n$",
        name,
        (6.4, 3.1),
        alternative=f"The {name} over n. "
        + (
            "Both curves fall like straight lines on logarithmic axes, and the bars are short."
            if log
            else "The points lie around 0 at every n, and their bars get shorter as n grows."
        ),
    )
    for (kind, by_size), colour, marker in zip(distances.items(), ("data", "noise"), "so", strict=False):
        means, spreads = zip(*map(mean_and_spread, by_size.values()), strict=True)
        axis.errorbar(
            list(by_size), means, spreads, color=COLOURS[colour], marker=marker, capsize=3, linewidth=2, label=kind
        )
    axis.set_xscale("log")
    sizes = sorted({n for by_size in distances.values() for n in by_size})
    axis.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axis.minorticks_off()
    if log:
        axis.set_yscale("log")
    else:
        axis.axhline(0, color=COLOURS["ink"], linewidth=0.8)
    add_legend(axis)


# Reports


def show_report(report: Mapping[str, Sequence[Mapping[str, float]]], title: str) -> None:
    """A panel for each measure, and in it a point for each set and each split of the real images; bars join them."""
    measures = list(next(iter(report.values()))[0])
    axes = panels(
        title,
        measures,
        "",
        "",
        (WIDEST / len(measures), 2.5),
        shared=False,
        alternative="A panel for each of " + ", ".join(measures) + ". In each, three points for model A, three for "
        "model B and three for real images. Model B has a smaller Fréchet distance than A, a larger Inception score "
        "than real images, and less recall than both.",
    )
    for axis, measure in zip(axes, measures, strict=True):
        for place, (who, splits) in enumerate(report.items()):
            values = [split[measure] for split in splits]
            axis.plot([place] * len(values), values, color=_colour(who), alpha=0.5, linewidth=4)
            axis.plot([place] * len(values), values, LOOKS[who][1], color=_colour(who), markersize=5)
        axis.set_xticks(range(len(report)), list(report), fontsize=9)
        axis.set_xlim(-0.6, len(report) - 0.4)
        axis.tick_params(axis="y", labelsize=8)


# Balls


def show_balls(real: Tensor, models: Mapping[str, Tensor], k: int) -> None:
    """Points (n, 2), and the balls that reach to the k-th neighbour: around the real ones above, the drawn ones below.

    A point that lies in no ball is drawn as a cross.
    """
    rows = ("precision: drawn points in real balls", "recall: real points in drawn balls")
    axes = panels(
        "Crosses are points that lie in no ball",
        [name if not row else "" for row in range(2) for name in models],
        "",
        "",
        (1.9, 1.85),
        columns=len(models),
        alternative="Six panels of four clusters. In the upper row drawn points lie on blue balls around real points; "
        "crosses, outside of all balls, are frequent only for the model with noise. In the lower row real points lie "
        "on orange balls around drawn points; where a cluster is missing, all its points are crosses.",
    )
    for index, axis in enumerate(axes):
        drawn = list(models.values())[index % len(models)]
        first = index < len(models)
        centres, points = (real, drawn) if first else (drawn, real)
        _draw_balls(axis, centres, points, k, *(("data", "learned") if first else ("learned", "data")))
        axis.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xticks=[], yticks=[])
    for axis, name in zip(axes[:: len(models)], rows, strict=True):
        axis.set_ylabel(name.replace(": ", ":\n"), fontsize=8)


def _draw_balls(axis: "Axes", centres: Tensor, points: Tensor, k: int, around: str, on: str) -> None:
    from matplotlib.collections import EllipseCollection

    radius = torch.cdist(centres, centres).kthvalue(k + 1, dim=1).values  # the nearest is the point itself
    width = (2 * radius).numpy()
    balls = EllipseCollection(
        width, width, np.zeros(len(width)), units="xy", offsets=centres.numpy(), offset_transform=axis.transData
    )
    balls.set(facecolor=COLOURS[around], alpha=0.25, edgecolor="none")
    axis.add_collection(balls)
    inside = (torch.cdist(points, centres) <= radius).any(dim=1)
    x, y = points.T
    axis.scatter(x[inside], y[inside], s=5, color=COLOURS[on], linewidths=0)
    axis.scatter(x[~inside], y[~inside], s=22, color=COLOURS[on], marker="x", linewidths=1.2)


# Two judges


def show_weights(ratios: Mapping[str, Mapping[float, Sequence[float]]], title: str, best: bool = False) -> None:
    """The distance in times the floor over the guide's weight: for each judge a thin curve a seed, and their mean.

    best   mark where each curve is lowest
    """
    (axis,) = panels(
        title,
        [""],
        "weight $w$ of the guide",
        "distance / floor",
        (5.6, 3.0),
        alternative=f"Distance in times the floor over the weight, for {len(ratios)} judges, each with a thin line for "
        "each seed and their mean. "
        + (
            "The first judge's curve falls from 4 to 1.5 at the weight 1.3 and rises again. The others begin at 1.3, "
            "are lowest at 1.1, and rise to about 4 at the weight 2."
            if len(ratios) > 1
            else "The curve falls from 4 at the weight 1 to 1.5 at 1.3, and rises to 4 at the weight 2."
        ),
    )
    _draw_weights(axis, ratios, best)
    add_legend(axis)


def _draw_weights(axis: "Axes", ratios: Mapping[str, Mapping[float, Sequence[float]]], best: bool = False) -> None:
    for (judge, by_weight), (colour, marker, line) in zip(ratios.items(), JUDGE_LOOKS, strict=False):
        weights, means = list(by_weight), [float(np.mean(found)) for found in by_weight.values()]
        for seed in zip(*by_weight.values(), strict=True):
            axis.plot(weights, seed, color=colour, linewidth=1, alpha=0.4)
        axis.plot(weights, means, color=colour, marker=marker, linestyle=line, linewidth=2.5, label=judge)
        if best:
            lowest = int(np.argmin(means))
            axis.plot(weights[lowest], means[lowest], "o", markersize=15, fillstyle="none", color=colour)
    axis.axhline(1, color=COLOURS["data"], linewidth=1, label="real images: the floor")
    axis.set_ylim(0)


def show_measures(measures: Mapping[str, Mapping[float, Sequence[float]]], floors: Mapping[str, float]) -> None:
    """A panel for each measure over the guide's weight, with its spread over seeds and its floor as a line."""
    axes = panels(
        "The other measures, seen by the second judge",
        list(measures),
        "weight $w$",
        "",
        (WIDEST / len(measures), 2.6),
        shared=False,
        alternative="Panels for " + ", ".join(measures) + " over the weight. As the weight grows, precision and the "
        "Inception score rise, also above those of real images, and recall falls.",
    )
    colour, marker, line = JUDGE_LOOKS[1]
    for axis, (name, by_weight) in zip(axes, measures.items(), strict=True):
        means, spreads = zip(*map(mean_and_spread, by_weight.values()), strict=True)
        axis.errorbar(
            list(by_weight), means, spreads, color=colour, marker=marker, markersize=4, linestyle=line, capsize=2
        )
        axis.axhline(floors[name], color=COLOURS["data"], linewidth=1)
        axis.tick_params(labelsize=8)


def weight_frames(
    samples: Mapping[float, Tensor], ratios: Mapping[str, Mapping[float, Sequence[float]]]
) -> list[np.ndarray]:
    """Frames of a film: the samples of each weight, from the same noise, and the judges' curves with their place."""
    frames = []
    for weight, images in samples.items():

        def draw(figure: "Figure", weight: float = weight) -> None:
            axis = figure.add_subplot()
            axis.spines[["top", "right"]].set_visible(False)
            _draw_weights(axis, ratios)
            axis.axvline(weight, color=COLOURS["ink"], linewidth=2)
            axis.set(xlabel="weight $w$", ylabel="distance / floor")
            axis.legend(frameon=False, fontsize=8)

        garments = with_text(image_grid(images, columns=3, scale=3, gap=1), f"w = {weight:g}")
        plot = figure_picture(draw, (3.9, garments.shape[0] / 200))
        frames.append(side_by_side(garments, np.zeros((len(garments), 20, 4), np.uint8), plot))
    return frames


# Bits


def show_bits(bits: Mapping[str, Sequence[float]]) -> None:
    """What each step of the bound costs, and how much is spent from t = T - 1 down to t; a curve for each network.

    bits   for each name the terms of t = 0, 1, ..., and at last the prior's
    """
    left, right = panels(
        "Where the bits go",
        ["the price of each step", "paid so far, from $t = T - 1$ down to $t$"],
        "$t + 1$",
        "bits per dimension",
        (3.65, 3.0),
        shared=False,
        alternative="Logarithmic axes over t + 1, from 200 on the left to 1 on the right. Left, the price of a step "
        "rises from less than a thousandth of a bit to more than one bit at t = 0. Right, the sum is almost 0 down to "
        "about t = 50 and then climbs steeply; a large part is the last step alone.",
    )
    styles = (("learned", "-"), ("#CC79A7", "--"), ("#56B4E9", ":"))
    for (name, terms), (colour, line) in zip(bits.items(), styles, strict=False):
        steps = np.array(terms[:-1])
        paid = steps[::-1].cumsum()[::-1] + terms[-1]
        for axis, values in ((left, steps), (right, paid)):
            axis.plot(
                np.arange(len(steps)) + 1, values, line, color=COLOURS.get(colour, colour), linewidth=2, label=name
            )
    left.set_yscale("log")
    for axis in (left, right):
        axis.set_xscale("log")
        axis.set_xticks([200, 100, 30, 10, 3, 1], ["200", "100", "30", "10", "3", "1"])
        axis.minorticks_off()
        axis.invert_xaxis()  # the sampler's direction
    add_legend(right)


def show_levels(images: Tensor, bits: Sequence[float], schedule: NoiseSchedule) -> None:
    """Images (n, 1, H, W) in [-1, 1] as they are at a few t, a row each, with the bits that are paid above that t."""
    paid = np.array(bits)[::-1].cumsum()[::-1]  # paid[t] is the price of t and all above
    rows, names = [images], [f"clean: {paid[0]:.2f} bits"]
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    for step in STEPS_SHOWN:
        t = torch.full((len(images),), step)
        rows.append(q_sample(images, t, noise, schedule))
        names.append(f"t = {step}: {paid[step + 1]:.2f} bits")
    picture = image_grid(torch.cat(rows), columns=len(images))
    (axis,) = panels(
        "What you have after so many bits per pixel",
        [""],
        "",
        "",
        (4.8, 3.9),
        alternative="Six rows of garments: clean, at t = 0 and t = 5 with noise that one hardly sees, at "
        "t = 20 with grain, at t = 60 under strong noise, and at t = 120 hardly to be recognised. Beside each row "
        "are the bits: more than half are paid for the first row, and nearly nothing for the last.",
    )
    draw_grid(axis, picture, (), names)


# Copies


def show_nearest(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    """Histograms of the distances to the nearest training image, in pixels and in features; returns the medians."""
    spaces = {"pixels": "in pixels", "features": "in the second judge's features"}
    axes = panels(
        "How far is the nearest training image?",
        list(spaces.values()),
        "distance",
        "share of the images",
        (3.65, 2.8),
        shared=False,
        alternative="Two panels with two histograms each, of 512 samples and of 512 test images. In both panels "
        "the two are hills at nearly the same place, and none has a peak at 0.",
    )
    medians = {}
    for axis, space in zip(axes, spaces, strict=True):
        found = {
            kind: np.array([float(row["distance"]) for row in rows if (row["kind"], row["space"]) == (kind, space)])
            for kind in ("test images", "samples")
        }
        bins = np.linspace(0, float(np.concatenate(list(found.values())).max()), 31)
        for (kind, values), colour in zip(found.items(), ("data", "learned"), strict=True):
            share = np.full(len(values), 1 / len(values))
            axis.hist(values, bins.tolist(), weights=share, color=COLOURS[colour], alpha=0.5, label=kind)
            medians[kind, space] = float(np.median(values))
            axis.axvline(medians[kind, space], color=COLOURS[colour], linestyle="--")
        add_legend(axis)
    return medians
