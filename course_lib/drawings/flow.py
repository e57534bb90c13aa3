"""The drawings of chapter 16: lines and paths from noise to data, velocities, and what few steps cost."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from course_lib.drawings.evaluation import read_table as read_table
from course_lib.drawings.fast_sampling import Row, mean_and_range, named_rows
from course_lib.drawings.mixtures import MODE_COLOURS, quadrants
from course_lib.pictures.plots import COLOURS, WIDEST, draw_points, figure_picture, panels
from course_lib.pictures.widgets import show_film
from course_lib.types import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS: dict[tuple[str, str], dict[str, Any]] = {
    ("exact", "Euler"): {"color": COLOURS["exact"], "marker": "o"},
    ("exact", "midpoint"): {"color": COLOURS["exact"], "marker": "^", "linestyle": "--"},
    ("learned", "Euler"): {"color": COLOURS["learned"], "marker": "o"},
    ("learned", "midpoint"): {"color": COLOURS["learned"], "marker": "^", "linestyle": "--"},
    ("reflowed", "Euler"): {"color": "#CC79A7", "marker": "D"},
}
"""(velocity, solver) of data/flow_points.csv -> how its curve looks."""


def _plain(axis: "Axes", limit: float) -> None:
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


# Paths


def path_frames(ways: Mapping[str, Tensor], trails: int = 40, limit: float = 2.9) -> list[np.ndarray]:
    """A film of points on their way from noise to four modes: states (S + 1, n, 2) by name, a panel for each.

    Each point has the colour of the mode where it ends; the first `trails` of them draw their paths.
    """
    from matplotlib.collections import LineCollection

    steps = len(next(iter(ways.values()))) - 1

    def frame(done: int) -> np.ndarray:
        def draw(figure: Any) -> None:
            for axis, (name, states) in zip(figure.subplots(1, len(ways)), ways.items(), strict=True):
                colours = [MODE_COLOURS[k] for k in quadrants(states[-1]).tolist()]
                lines = states[: done + 1, :trails].transpose(0, 1).numpy()
                axis.add_collection(
                    LineCollection(list(lines), colors=colours[:trails], linewidths=0.8, antialiased=False)
                )
                axis.scatter(*states[done].T, s=7, c=colours, linewidths=0, zorder=3, antialiased=False)
                axis.set_title(name, fontsize=10)
                _plain(axis, limit)
            figure.suptitle(f"{done / steps:.0%} of the steps", fontsize=11)

        return figure_picture(draw, (7.2, 2.9))

    return [frame(done) for done in range(steps + 1)]


def show_opening(ways: Mapping[str, Tensor]) -> None:
    """The film `path_frames` of the same noise on three ways to the same four modes."""
    alternative = (
        "Three panels of the same cloud of points, which becomes four spots at the corners of a square. Left, points "
        "go on straight lines that cross each other everywhere. In the middle they first draw together towards the "
        "origin, then turn and go outwards to the spot of their own quarter. Right they wait for a long time and then "
        "go to the spot of their own quarter on short arcs."
    )
    show_film(path_frames(ways), alternative, seconds=6.0, colours=16)


def show_paths(ways: Mapping[str, Tensor]) -> None:
    """Paths as curves: states (S + 1, n, 2) by name, a panel for each, in the colour of the mode where they end."""
    side = WIDEST / len(ways)
    axes = panels(
        "The same starts (grey), before and after reflow",
        list(ways),
        "",
        "",
        (side, side + 0.2),
        alternative="Two panels of paths from grey starts to four spots. Left, most paths have a bend: they go towards "
        "the origin and then outwards. Right, nearly all paths are straight, and they lead to the same four spots.",
    )
    for axis, states in zip(axes, ways.values(), strict=True):
        for way, mode in zip(states.transpose(0, 1), quadrants(states[-1]).tolist(), strict=True):
            axis.plot(*way.T, color=MODE_COLOURS[mode], linewidth=0.9)
        draw_points(axis, states[0], "noise", size=12)
        _plain(axis, 2.9)


def show_meeting(ends: Tensor, starts: Tensor, place: Tensor, exact: Tensor) -> None:
    """The lines (from `starts` to `ends`, (n, 2) each) that pass near `place` (2,), and the exact velocity there."""
    (axis,) = panels(
        "Lines through one place at $t = 0.5$",
        [""],
        "",
        "",
        (5.0, 3.2),
        alternative="Grey lines come in four bundles from grey points at the corners of a square, meet in one place "
        "right of the middle, and go on to blue points at the four corners of another square. More of them end at the "
        "two right corners. A green arrow from the place, the exact velocity, points to the right and a little up. An "
        "orange arrow, the mean of the lines, lies on it.",
    )
    for start, end in zip(starts[:80], ends[:80], strict=True):
        axis.plot(*torch.stack([start, end]).T, color=COLOURS["noise"], linewidth=0.5)
    draw_points(axis, starts[:80], "noise", size=8)
    draw_points(axis, ends[:80], "data", size=12)
    mean = (ends - starts).mean(dim=0)
    for arrow, colour, width in ((exact, "exact", 0.016), (mean, "learned", 0.007)):
        axis.quiver(
            *place, *arrow, color=COLOURS[colour], angles="xy", scale_units="xy", scale=1, width=width, zorder=3
        )
    for name, colour in (("exact $u(x, t)$", "exact"), ("mean of the lines", "learned")):
        axis.plot([], [], color=COLOURS[colour], linewidth=3, label=name)
    axis.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    _plain(axis, 1.9)


# Velocities


def show_regression(clouds: Mapping[float, tuple[Tensor, Tensor]], velocity: Model) -> None:
    """Velocities of lines over their places, {t: (x_t, x_0 - noise)}, numbers (n,) each, and their mean u(x, t)."""
    axes = panels(
        "Each dot is a line; the green curve is the best single answer",
        [f"$t = {t:g}$" for t in clouds],
        "$x_t$",
        r"$x_0 - \epsilon$",
        (WIDEST / len(clouds), 2.7),
        alternative="Three clouds of blue dots with a straight green line through each. At t = 0 the line falls with "
        "slope -1 and meets 1 at x = 0. At t = 0.5 it falls a little more steeply. At t = 1 it rises with slope 1 "
        "through the origin.",
    )
    for axis, (t, (x_t, line)) in zip(axes, clouds.items(), strict=True):
        axis.scatter(x_t, line, s=3, color=COLOURS["data"], alpha=0.4, linewidths=0)
        x = torch.linspace(float(x_t.min()), float(x_t.max()), 50)
        axis.plot(x, velocity(x, torch.full((50,), t)), color=COLOURS["exact"], linewidth=2.5)


def show_fields(exact: Model, learned: Model, times: Sequence[float], limit: float = 2.0) -> None:
    """The velocity of two models as arrows, a panel for each t; in a panel all arrows have one scale."""
    axes = panels(
        "Exact arrows (green) and learned ones (orange) on top",
        [f"$t = {t:g}$" for t in times],
        "",
        "",
        (WIDEST / len(times), WIDEST / len(times) + 0.2),
        alternative="Three fields of arrows. At t = 0.1 all arrows point to the middle. At t = 0.5 they still do, but "
        "those near the middle are very short. At t = 0.9 the plane has four quarters, and in each the arrows point to "
        "its own mode. The thin orange arrows lie on the green ones.",
    )
    ticks = torch.linspace(-0.9 * limit, 0.9 * limit, 9)
    places = torch.cartesian_prod(ticks, ticks)
    for axis, t in zip(axes, times, strict=True):
        fields = [model(places, torch.full((len(places),), t)).detach() for model in (exact, learned)]
        scale = float(fields[0].norm(dim=1).max()) / (limit / 4)
        for arrows, colour, width in zip(fields, ("exact", "learned"), (0.012, 0.005), strict=True):
            axis.quiver(
                *places.T, *arrows.T, color=COLOURS[colour], angles="xy", scale_units="xy", scale=scale, width=width
            )
        _plain(axis, 1.2 * limit)


# Few steps


def show_samples(samples: Mapping[str, Sequence[Tensor]], calls: Sequence[int]) -> None:
    """Samples (n, 2) of the exact and the learned velocity, a row of panels each, a column for each number of calls."""
    _show_samples(
        samples,
        calls,
        "Euler's steps from the same noise",
        "Two rows of panels, green points of the exact velocity above orange ones of the learned one. With one call "
        "there is a single dot in the middle above, and a small blob below. With two calls points fill a square. With "
        "5 they lie at its corners and along its edges. With 20 and 100 there are four round clouds at the corners.",
    )


def show_one_call(samples: Mapping[str, Sequence[Tensor]], calls: Sequence[int]) -> None:
    """The same for a network before and after reflow."""
    _show_samples(
        samples,
        calls,
        "Before and after reflow",
        "Two rows of orange points. Above, before reflow: a blob in the middle with one call, a filled square with "
        "two, and the outline of a square with five. Below, after reflow: four round clouds at the corners of a "
        "square, with a few points between them, for any number of calls.",
    )


def _show_samples(samples: Mapping[str, Sequence[Tensor]], calls: Sequence[int], title: str, alternative: str) -> None:
    side = min(WIDEST / len(calls), 1.8)
    cells = [(name, n, points) for name, row in samples.items() for n, points in zip(calls, row, strict=True)]
    names = [f"{name}, {n} call{'s' * (n > 1)}" for name, n, _ in cells]
    axes = panels(title, names, "", "", (side, side + 0.2), alternative=alternative, columns=len(calls))
    for axis, (name, _, points) in zip(axes, cells, strict=True):
        apart = float(points.std(dim=0).max()) > 0.01  # else all of them are a single dot, which has to be seen
        draw_points(axis, points, "exact" if name == "exact" else "learned", limit=1.9, size=2 if apart else 20)
        _plain(axis, 1.9)


def show_distances(rows: Sequence[Row]) -> None:
    """The energy distance of the exact and the learned velocity over the calls, with both steps."""
    which = [(name, solver) for name in ("exact", "learned") for solver in ("Euler", "midpoint")]
    _show_distances(
        rows,
        which,
        "How many calls? Mean and range of three seeds",
        "Four falling curves with two logarithmic axes. Euler's green and orange ones fall from 1 with one call to "
        "below 0.01 with five. Midpoint's are near 0.1 with both 2 and 4 calls. With 20 and 100 calls the green ones "
        "are at the dotted floor or just above, and the orange ones a little higher, with long bars.",
    )


def show_reflowed_distances(rows: Sequence[Row]) -> None:
    """The energy distance over the calls before and after reflow, with Euler's steps."""
    _show_distances(
        rows,
        [("learned", "Euler"), ("reflowed", "Euler")],
        "Before and after reflow: mean and range of three seeds",
        "Two curves over the calls. The one before reflow falls from 1 with one call to below 0.001 with 100. The one "
        "after reflow is flat, a little below 0.001 for any number of calls, with long bars.",
    )


def _show_distances(rows: Sequence[Row], which: Sequence[tuple[str, str]], title: str, alternative: str) -> None:
    """Curves for some keys of LOOKS, and the floor. Below the floor the axis is linear: distances may be negative."""
    (axis,) = panels(title, [""], "calls of the network", "energy distance", (WIDEST - 1, 3.3), alternative=alternative)
    for name, solver in which:
        own = [row for row in rows if (row["velocity"], row["solver"]) == (name, solver)]
        found = mean_and_range(own, lambda row: row["calls"], lambda row: row["distance"])
        mean, low, high = (np.array(values) for values in zip(*found.values(), strict=True))
        axis.errorbar(
            list(found), mean, [mean - low, high - mean], label=f"{name}, {solver}", linewidth=1.6, capsize=2,
            markersize=5, **LOOKS[name, solver],
        )  # fmt: skip
    floor = rows[0]["floor"]
    axis.axhline(floor, color=COLOURS["noise"], linestyle=":", label="floor")
    calls = sorted({int(row["calls"]) for row in rows})
    axis.set(xscale="log", xticks=calls, xticklabels=calls)
    axis.set_yscale("symlog", linthresh=floor)
    axis.set_ylim(-3 * floor, 2)
    axis.set_yticks([0, 0.001, 0.01, 0.1, 1], ["0", "0.001", "0.01", "0.1", "1"])
    axis.minorticks_off()
    axis.legend(frameon=False, fontsize=9)


def show_times(draws: Mapping[str, Tensor]) -> None:
    """Histograms of flow times (n,) by name, side by side."""
    axes = panels(
        "Which times a training batch asks for",
        list(draws),
        "$t$",
        "density",
        (WIDEST / 2.4, 2.3),
        alternative="Two histograms over flow time. The uniform one is flat. The logit-normal one is a hill with its "
        "top at one half, and it is nearly 0 at both ends.",
    )
    for axis, times in zip(axes, draws.values(), strict=True):
        axis.hist(times.numpy(), np.linspace(0, 1, 41).tolist(), density=True, color=COLOURS["noise"])


# Garments


def show_garments(rows: Mapping[str, Tensor]) -> None:
    """Garments from the same noise, a row for each network and number of calls: (n, 1, 28, 28) by name."""
    alternative = (
        "Rows of ten garments from two networks, with 1, 2, 5 and 20 calls each. With one call the flow draws the same "
        "grey smear ten times, and DDPM black and white noise. With two calls the flow has blurred garments, and DDPM "
        "has some, and patches with hard contrasts. With 20 calls both have garments, many of them alike in a column."
    )
    show_film([named_rows(rows, "The same noise, the same number of calls")], alternative, colours=256)


# Tables


def print_distances(rows: Sequence[Row], names: Sequence[str], calls: Sequence[int]) -> None:
    """A line for each number of calls and each velocity, with Euler's steps: the energy distance of each seed.

    Rows of data/flow_points.csv.
    """
    print("energy distance, in thousandths   seed 0  seed 1  seed 2")
    for n in calls:
        for name in names:
            own = [row for row in rows if (row["velocity"], row["solver"], row["calls"]) == (name, "Euler", n)]
            print(f"{n:3} calls, {name:22}" + "".join(f"{1000 * row['distance']:8.1f}" for row in own))
