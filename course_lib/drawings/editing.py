"""The drawings of chapter 14: noise taken away, drawings that become garments, holes that are filled, and walks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.drawings.evaluation import read_table as read_table
from course_lib.drawings.fast_sampling import Row, mean_and_range, named_rows
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import COLOURS, WIDEST, add_legend, image_grid, panels, with_text
from course_lib.pictures.widgets import show_film

METHODS: dict[str, dict[str, Any]] = {
    "noisy": {"color": COLOURS["noise"], "marker": "x"},
    "median": {"color": "#CC79A7", "marker": "s"},
    "non-local means": {"color": "#E69F00", "marker": "^"},
    "ten steps": {"color": "#56B4E9", "marker": "D"},
    "one call": {"color": COLOURS["learned"], "marker": "o"},
}


# Films of garments


def film_frames(states: Sequence[Tensor], texts: Sequence[str], columns: int, scale: int = 7) -> list[np.ndarray]:
    """A frame for each state (n, 1, 28, 28), in rows of `columns`, with its text above."""
    return [with_text(_large(state, columns, scale), text) for state, text in zip(states, texts, strict=True)]


def _large(images: Tensor, columns: int, scale: int) -> np.ndarray:
    grid = image_grid(images, columns, scale)
    return np.dstack([grid, grid, grid, np.full_like(grid, 255)])


def show_opening(walks: Sequence[Tensor], drawn: Sequence[Tensor]) -> None:
    """A film: above a walk between two garments in each column, below drawings that become garments; (n, 1, 28, 28)."""
    states = [torch.cat(pair) for pair in zip(walks, drawn, strict=True)]
    texts = ["above: two garments and the way between; below: from a drawing"] * len(states)
    alternative = (
        "Two rows of three garments in motion. Above a shirt turns into a coat, a T-shirt into a dress, and a sneaker "
        "into an ankle boot; on the way there are garments all the time. Below flat grey drawings of a sneaker, a "
        "dress and a bag get laces, folds and seams."
    )
    show_film(film_frames(states, texts, len(walks[0]), scale=12), alternative, seconds=5.0)


def show_walk(states: Sequence[Tensor]) -> None:
    """A film of walks between pairs of garments, (n, 1, 28, 28) for each fraction from 0 to 1."""
    texts = [f"{index / (len(states) - 1):.0%} of the way" for index in range(len(states))]
    alternative = (
        "A film of four garments in a row: a shirt becomes a coat, trousers a dress, a bag a T-shirt, and a sneaker an "
        "ankle boot. Each picture between is a garment, too: its outline and its surface change little by little."
    )
    show_film(film_frames(states, texts, len(states[0]), scale=9), alternative, seconds=6.0)


# Garments in rows


def show_denoised(rows: Mapping[str, Tensor]) -> None:
    """Clean, noisy and denoised garments, a row each; the names hold the PSNR."""
    _show_rows(
        rows,
        "Which row is closest to the clean one?",
        "Rows of ten garments: clean; under noise so strong that only outlines are left; from a median filter, still "
        "grainy; from one call of the network, smooth; and from ten steps, sharper, with patterns that are invented.",
    )


def show_wrong_t(rows: Mapping[str, Tensor]) -> None:
    """The same noisy garments, denoised from several t."""
    _show_rows(
        rows,
        "The same noise; the network is told another t in each row",
        "Rows of ten garments. With t = 20 the noise is still there. With t = 45 the garments are clean. With t = 90 "
        "and 140 they are more and more smooth, and patterns and thin straps disappear.",
    )


def show_sketches(rows: Mapping[str, Tensor]) -> None:
    """Drawings, and what becomes of them from several t."""
    _show_rows(
        rows,
        "From a drawing, with more and more freedom",
        "Rows of a sneaker, a boot, a dress, a bag and a shirt. First drawings in flat greys. From t = 30 they keep "
        "their flat greys. From t = 130 they have soles, folds and seams within nearly the same outline. From t = 199 "
        "they are other garments.",
    )


def show_filled(rows: Mapping[str, Tensor]) -> None:
    """Garments, what is known of them, and how the rest was filled."""
    _show_rows(
        rows,
        "Left half known, right half drawn: look at the seam",
        "Rows of ten garments, with the right half hidden in the second row. Filled by replacement many right halves "
        "do not fit: other greys, other patterns, an edge in the middle. " + "With RePaint more of them fit.",
    )


def show_bugs(rows: Mapping[str, Tensor]) -> None:
    """Three programs that fill the right half, two of them with a bug."""
    _show_rows(
        rows,
        "Three programs fill the right half",
        "Rows of ten garments: whole, with the right half hidden, and three rows in which a half was filled. In one of "
        "these the left halves are new, and the right ones are those of the first row.",
    )


def show_variety(rows: Mapping[str, Tensor]) -> None:
    """The same garment with the same hole, filled with six seeds."""
    _show_rows(
        rows,
        "One hole, six seeds",
        "Rows of the same sneaker with a hidden square in its middle. In the two rows below, from replacement and from "
        "RePaint, each of the six has another upper: high or low, light or dark, plain or with a pattern.",
    )


def show_round_trip(rows: Mapping[str, Tensor]) -> None:
    """Garments, and what comes back after the way to noise and back."""
    _show_rows(
        rows,
        "To noise and back again, with few and with many steps",
        "Rows of five garments. After 10 steps each way patterns are lost and some greys are wrong. After 20 steps "
        "more is kept. After 50 steps the garments look nearly like the originals. The last row is the noise that was "
        "reached: grain on the garments, and an even grey around them.",
    )


def show_middles(rows: Mapping[str, Tensor]) -> None:
    """Garments from two draws of noise, from their mean, and from the middle of the great circle."""
    _show_rows(
        rows,
        "From two draws of noise, and from two middles between them",
        "Rows of ten garments. Those from the two draws have patterns. Those from the mean of the draws are plain and "
        "smooth. Those from the middle of the circle have patterns again.",
    )


def _show_rows(rows: Mapping[str, Tensor], title: str, alternative: str) -> None:
    scale = 6 if len(next(iter(rows.values()))) < 8 else 4  # few garments are drawn larger
    show_film([named_rows(rows, title, scale)], alternative, colours=256)


# Curves


def show_psnr_over_t(garments: Mapping[int, float], rows: Sequence[Row], fitting: int) -> None:
    """PSNR over the t that the network was told, with a line at the t that fits a noise of 50 grey levels.

    garments   {t: PSNR}, of the pictures that were just cleaned
    rows       those of data/editing_psnr.csv, with the photographs
    """
    (axis,) = panels(
        "Which t gives the best picture?",
        [""],
        "$t$ that the network is told",
        "PSNR in dB",
        (5.6, 2.9),
        alternative="Two curves, of garments and of photographs, that rise steeply until about the dashed line at the "
        "fitting t, and then fall slowly.",
    )
    told = [r for r in rows if r["grey"] == 50 and r["method"] in ("one call", "one call from")]
    photographs = {t: mean for t, (mean, _, _) in mean_and_range(told, lambda r: r["t"], lambda r: r["psnr"]).items()}
    for name, psnr, colour in (("ten garments", garments, "learned"), ("256 photographs", photographs, "data")):
        x, y = list(psnr), list(psnr.values())
        axis.plot(x, y, "o-", linewidth=1.8, markersize=4, label=name, color=COLOURS[colour])
    axis.axvline(fitting, color=COLOURS["exact"], linestyle="--", linewidth=1.5, label=f"t = {fitting}, which fits")
    axis.legend(frameon=False, fontsize=9, loc="lower right")


def show_psnr(rows: Sequence[Row]) -> None:
    """PSNR over the noise level for each of METHODS: mean and range of the seeds. Rows of data/editing_psnr.csv."""
    (axis,) = panels(
        "Real photographs under noise of known strength",
        [""],
        "standard deviation of the noise, in grey levels",
        "PSNR in dB",
        (WIDEST - 1.2, 3.2),
        alternative="Curves that fall as the noise grows. The two of the network lie highest, one call above ten "
        "steps. Non-local means lie below them. The median filter is below the noisy pictures where the noise "
        "is weak, and above them from 50 grey levels on.",
    )
    for method, look in METHODS.items():
        own = mean_and_range([row for row in rows if row["method"] == method], lambda r: r["grey"], lambda r: r["psnr"])
        if own:
            mean, low, high = (np.array(values) for values in zip(*own.values(), strict=True))
            axis.errorbar(
                list(own), mean, [mean - low, high - mean], label=method, linewidth=1.6, capsize=2,
                markersize=5, **look,
            )  # fmt: skip
    greys = sorted({row["grey"] for row in rows})
    axis.set(xticks=greys, xticklabels=[f"{grey:g}" for grey in greys])
    add_legend(axis)


def show_visits(visited: Mapping[str, Sequence[int]]) -> None:
    """The t of each move, for several ways to visit them; -1 is clean data."""
    axes = panels(
        "The level after each move",
        list(visited),
        "move",
        "$t$",
        (WIDEST / len(visited), 2.4),
        alternative="Left a straight line falls from t = 199 to clean data in 25 moves. Right a zigzag goes down five "
        "levels and up again, three times in each part, before it reaches the next part: 145 moves.",
        shared=False,
    )
    for axis, levels in zip(axes, visited.values(), strict=True):
        axis.plot(levels, color=COLOURS["learned"], linewidth=1.3)
        axis.set_ylim(-8, 206)


def show_lengths(lengths: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    """The standard deviation on the way between two draws of noise: {name: (fractions, stds)}."""
    (axis,) = panels(
        "How long is the noise on the way?",
        [""],
        "fraction of the way",
        "standard deviation",
        (4.8, 2.6),
        alternative="The straight line sinks from 1 to 0.71 in the middle and rises to 1 again. The great circle stays "
        "at 1.",
    )
    for (name, (fraction, std)), colour in zip(lengths.items(), (COLOURS["noise"], COLOURS["learned"]), strict=False):
        axis.plot(fraction, std, color=colour, linewidth=2, label=name)
    axis.set_ylim(0, 1.15)
    axis.legend(frameon=False, fontsize=9, loc="lower left")


# The exact answer


def show_known(mixture: GaussianMixture, known: float, samples: Mapping[str, Tensor], limit: float = 2.3) -> None:
    """Points (n, 2) whose first coordinate is known, over the density of the data; how many are above 0 is written in.

    The points are spread a little to the side, so that one can see how many there are.
    """
    axes = panels(
        "The first coordinate is known; the second was drawn",
        list(samples),
        "first coordinate",
        "second coordinate",
        (WIDEST / 2 - 0.4, 3.0),
        alternative="Two panels with two clouds, one at the lower left and one at the upper right, and a column of "
        "points between them. Exact: nearly all points of the column are at the upper end, 92 %. Replacement: only "
        "63 % are there, and 37 % at the lower end.",
    )
    ticks = torch.linspace(-limit, limit, 160)
    shade = mixture.log_prob(torch.cartesian_prod(ticks, ticks)).exp().reshape(160, 160).T
    for index, (axis, points) in enumerate(zip(axes, samples.values(), strict=True)):
        axis.contour(ticks, ticks, shade, 5, colors=[COLOURS["data"]], linewidths=1)
        x, y = points[:600].T
        aside = torch.linspace(-0.07, 0.07, len(x))[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]
        axis.scatter(x + aside, y, s=3, linewidths=0, alpha=0.7, color=COLOURS["learned" if index else "exact"])
        axis.axvline(known, color=COLOURS["ink"], linewidth=0.6, linestyle=":")
        axis.text(-limit * 0.93, limit * 0.85, f"above 0: {float((points[:, 1] > 0).float().mean()):.0%}", fontsize=9)
        axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")


def show_conditional(samples: Mapping[str, Tensor], exact: GaussianMixture) -> None:
    """Histograms of the drawn coordinate (n,), a panel for each way to draw it, with the exact density over them."""
    axes = panels(
        "The coordinate that was drawn; green: exact",
        list(samples),
        "second coordinate",
        "density",
        (WIDEST / len(samples), 2.5),
        alternative="Three panels with two bumps each, and the exact density with a small bump at -1 and a high one at "
        "1. Replacement: the left bump is far too large. With RePaint it is smaller, most of all with 905 calls, but "
        "still too large.",
    )
    x = torch.linspace(-2.6, 2.6, 300)
    for axis, values in zip(axes, samples.values(), strict=True):
        bins = np.linspace(-2.6, 2.6, 53).tolist()
        axis.hist(values.numpy(), bins, density=True, color=COLOURS["learned"], alpha=0.55)
        axis.plot(x, exact.log_prob(x[:, None]).exp(), color=COLOURS["exact"], linewidth=1.8)


def show_distances(rows: Sequence[Row]) -> None:
    """The distance from the exact answer over the calls, for each method: mean and range of the seeds.

    rows   those of data/inpainting.csv; each seed is the mean over the known values
    """
    (axis,) = panels(
        "Data along a line: how far from the exact answer?",
        [""],
        "calls of the network",
        "Wasserstein distance",
        (5.6, 2.8),
        alternative="Replacement has a distance of 0.05 with 40 and with 200 calls. RePaint has a third of it with 75 "
        "calls, and the same with up to 565. A dashed line near 0 is the floor.",
    )

    def by_seed(method: str, calls: int) -> list[float]:
        own = [row for row in rows if (row["method"], row["calls"]) == (method, calls)]
        seeds = sorted({row["seed"] for row in own})
        each = [[row["distance"] for row in own if row["seed"] == seed] for seed in seeds]
        return [sum(values) / len(values) for values in each]

    for method, colour, marker in (("replacement", "noise", "s"), ("RePaint", "learned", "o")):
        calls = sorted({row["calls"] for row in rows if row["method"] == method})
        found = [by_seed(method, n) for n in calls]
        mean = np.array([sum(values) / len(values) for values in found])
        low, high = np.array([min(values) for values in found]), np.array([max(values) for values in found])
        around = [mean - low, high - mean]
        axis.errorbar(calls, mean, around, label=method, color=COLOURS[colour], marker=marker, linewidth=1.6, capsize=3)
    floor = by_seed("exact", 0)
    axis.axhline(sum(floor) / len(floor), color=COLOURS["exact"], linestyle="--", linewidth=1.5, label="exact (floor)")
    axis.set_ylim(0, None)
    add_legend(axis)
