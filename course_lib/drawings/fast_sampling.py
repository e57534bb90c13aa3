"""The drawings of chapter 12: fewer calls from the same noise, paths and slopes, and what judges say of samplers."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from course_lib.drawings.evaluation import read_table as read_table
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import (
    COLOURS,
    WIDEST,
    add_legend,
    draw_points,
    figure_picture,
    image_grid,
    panels,
    with_text,
)
from course_lib.pictures.widgets import show_film
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod, snr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]
"""One line of a CSV file, as `read_table` reads it: numbers, where they are numbers."""

JUDGES = {
    "fashion_mnist": "first judge",
    "fashion_mnist_convnext": "second judge",
    "fashion_mnist_plain": "third judge",
}
LOOKS: dict[str, dict[str, Any]] = {
    "ancestral": {"color": "#808080", "marker": "s"},
    "DDIM": {"color": "#56B4E9", "marker": "o"},
    "DDIM, even in log-SNR": {"color": "#0072B2", "marker": "o"},
    "Heun": {"color": "#CC79A7", "marker": "^"},
    "2M, trailing": {"color": "#E69F00", "marker": "D"},
    "2M": {"color": "#D55E00", "marker": "D"},
    "2M, guided": {"color": "#009E73", "marker": "*"},
}

# Garments in rows


def show_calls(rows: Mapping[str, Tensor]) -> None:
    """A row of garments for each number of calls, all from the same noise, which is the first row."""
    _show_rows(
        rows,
        "One garment of each class: from top to bottom fewer calls",
        "A row of noise, and below it rows of ten garments for falling numbers of calls. In each column the garments "
        "are alike. With 20 calls some patterns differ, and with 10 some garments are blurred or have another shape.",
    )


def show_fresh_noise(rows: Mapping[str, Tensor]) -> None:
    """The same rows for a sampler that draws fresh noise."""
    _show_rows(
        rows,
        "The same start, with fresh noise on the way",
        "Rows of ten garments of the same ten classes. Within a column each row has another garment.",
    )


def show_spacings(rows: Mapping[str, Tensor]) -> None:
    """A row of garments for each sampler and spacing, the best one of many calls first."""
    _show_rows(
        rows,
        "Ten calls each: which row is closest to the first?",
        "Rows of ten garments. The first has 200 calls. Of those with ten calls the two with steps even in log-SNR "
        "look like it, the second order more so; the two with trailing steps have blurred or other garments.",
    )


def show_weights(rows: Mapping[str, Tensor]) -> None:
    """A row of garments for each weight of the guide."""
    _show_rows(
        rows,
        "The same noise, the same 13 steps, other weights",
        "Rows of ten garments. The guide alone draws spoiled ones. Weights 1 and 1.2 give good garments that are hard "
        "to tell apart. As the weight grows further, garments become plain, bright and high in contrast.",
    )


def _show_rows(rows: Mapping[str, Tensor], title: str, alternative: str) -> None:
    show_film([named_rows(rows, title)], alternative, colours=256)


def named_rows(rows: Mapping[str, Tensor], text: str, scale: int = 4) -> np.ndarray:
    """Images (n, C, H, W) in a row for each name, the name before it and `text` above, as `as_picture` makes pictures.

    Each pixel is enlarged `scale` times, so the file stays small.
    """
    letters = ImageFont.load_default(22)
    columns = len(next(iter(rows.values())))
    grid = image_grid(torch.cat(list(rows.values())), columns, scale)
    height = grid.shape[0] / len(rows)
    margin = 16 + math.ceil(max(letters.getlength(name) for name in rows))
    strip = Image.new("RGBA", (margin, grid.shape[0]), (0x80, 0x80, 0x80, 0))
    for index, name in enumerate(rows):
        place = (margin - 10, (index + 0.5) * height)
        ImageDraw.Draw(strip).text(place, name, fill=COLOURS["ink"], anchor="rm", font=letters)
    colours = grid if grid.ndim == 3 else np.dstack([grid, grid, grid])
    opaque = np.dstack([colours, np.full_like(colours[..., :1], 255)])
    return with_text(np.concatenate([np.asarray(strip), opaque], axis=1), text)


# Paths


def flow_frames(
    ways: Mapping[str, Tensor], mixture: GaussianMixture, trails: Sequence[int], every: int = 2, limit: float = 2.4
) -> list[np.ndarray]:
    """A film of points on their way, a panel for each sampler: the states {name: (S + 1, n, 2)}.

    trails   how many points of each panel draw a trail
    every    so many calls pass from frame to frame
    """
    ticks = torch.linspace(-limit, limit, 240)
    shade = mixture.log_prob(torch.cartesian_prod(ticks, ticks)).exp().reshape(240, 240).T
    steps = len(next(iter(ways.values()))) - 1

    def frame(done: int) -> np.ndarray:
        def draw(figure: "Figure") -> None:
            axes = figure.subplots(1, len(ways), squeeze=False)[0]
            for axis, (name, states), count in zip(axes, ways.items(), trails, strict=True):
                levels = [0.15 * float(shade.max()), 2 * float(shade.max())]
                axis.contourf(ticks, ticks, shade, levels, colors=[COLOURS["exact"]], alpha=0.3)
                inside = states[0].norm(dim=1).argsort(descending=True)[12 : 12 + 3 * count : 3]
                axis.plot(*states[: done + 1, inside].permute(2, 0, 1), color=COLOURS["ink"], linewidth=1)
                axis.scatter(*states[done].T, s=7, color=COLOURS["learned"], linewidths=0, zorder=3)
                axis.scatter(*states[done, inside].T, s=16, color=COLOURS["ink"], linewidths=0, zorder=4)
                axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[], yticks=[])
                axis.set_title(name, fontsize=10)
                axis.spines[:].set_visible(False)
            figure.suptitle(f"after {done} of {steps} calls" if done else "the same noise", fontsize=11)

        return figure_picture(draw, (5.2, 3.1))

    return [frame(done) for done in range(0, steps + 1, every)]


def show_flow(ways: Mapping[str, Tensor], mixture: GaussianMixture) -> None:
    """The film `flow_frames`: without fresh noise 24 trails, with it three, since more would hide each other."""
    alternative = (
        "A cloud of points becomes a spiral, once without and once with fresh noise. Without it the trails are smooth, "
        "short curves. With it three points zigzag through the whole plane before they end on the spiral."
    )
    show_film(flow_frames(ways, mixture, (24, 3)), alternative, seconds=6.0, colours=16)


def show_starts(samples: Mapping[str, Tensor], mixture: GaussianMixture) -> None:
    """Histograms of samples (n,) of two bumps by name, with the exact density and the share of the left one."""
    low, high = 0.0, 4.0
    x = torch.linspace(low, high, 300)
    axes = panels(
        "Ten steps that begin at different $t$",
        list(samples),
        "$x_0$",
        "density",
        (3.2, 2.3),
        alternative="Two bumps in each panel. Trailing steps: half of the samples in each, a little too narrow. "
        "Leading steps: the left bump has 62 % of them.",
    )
    middle = float(mixture.means.mean())
    for axis, values in zip(axes, samples.values(), strict=True):
        axis.hist(
            values.numpy(), np.linspace(low, high, 81).tolist(), density=True, color=COLOURS["learned"], alpha=0.55
        )
        axis.plot(x, mixture.log_prob(x).exp(), color=COLOURS["exact"], linewidth=1.5)
        axis.text(middle, 0.9, f"left: {float((values < middle).float().mean()):.0%}", ha="center", fontsize=9)


# Slopes and orders


def show_slopes(
    steps: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]],
    timesteps: Tensor,
    mixture: GaussianMixture,
    schedule: NoiseSchedule,
    starts: Sequence[float] = (-0.5, 1.8),
) -> None:
    """The field of slopes dy/dsigma of a 1D mixture, exact paths in it, and the few long steps of each sampler.

    steps       for each name a step (x_t, t, t_prev) -> x at t_prev; x (1,), t (1,)
    timesteps   the t between which they lead, long (S + 1,), falling
    starts      where the paths begin, in units of y = x / sqrt(alpha-bar)
    """
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    signal = schedule.sqrt_alphas_cumprod
    first, last = int(timesteps[0]), int(timesteps[-1])
    (axis,) = panels(
        "Long steps in the field of slopes; green: exact paths",
        [""],
        r"$\sigma$",
        r"$y = x / \sqrt{\bar\alpha}$",
        (6.0, 3.0),
        alternative="A field of short grey strokes and in it two green curves that bend apart as sigma falls from "
        "right to left. " + _SLOPES["Heun" in steps],
    )
    low, high = min(starts) - 1.1, max(starts) + 1.1
    for t in np.linspace(last, first, 15).round().astype(int).tolist():
        y = torch.linspace(low, high, 13)
        slope = mixture.optimal_noise(y * signal[t], t, schedule)
        across, up = 1 / float(sigmas[first]), slope / (high - low) * 0.55
        length = (across**2 + up**2).sqrt() * 22
        axis.quiver(
            sigmas[t].expand(13), y, -1 / length, -slope / length, angles="xy", scale_units="xy", scale=1, width=0.0016,
            headwidth=0, headlength=0, headaxislength=0, color=COLOURS["noise"], alpha=0.8, pivot="mid",
        )  # fmt: skip
    model = mixture.optimal_noise
    for index, start in enumerate(starts):
        y = torch.tensor([start])
        path = [y]
        for t, t_prev in pairwise(range(first, last - 1, -1)):
            y = y + (sigmas[t_prev] - sigmas[t]) * model(y * signal[t], t, schedule)
            path.append(y)
        axis.plot(sigmas[last : first + 1].flip(0), torch.cat(path), color=COLOURS["exact"], linewidth=2.5)
        for (name, step), colour in zip(steps.items(), ("#56B4E9", "#CC79A7"), strict=False):
            x = torch.tensor([start]) * signal[first]
            ends = [x / signal[first]]
            for t, t_prev in pairwise(timesteps.tolist()):
                x = step(x, torch.tensor([t]), torch.tensor([t_prev]))
                ends.append(x / signal[t_prev])
            label = name if index == 0 else None
            axis.plot(sigmas[timesteps], torch.cat(ends), "o-", color=colour, linewidth=1.5, markersize=4, label=label)
    axis.set(xlim=(float(sigmas[first]) * 1.04, -0.05), ylim=(low, high))
    axis.legend(frameon=False, fontsize=9, loc="lower left")


_SLOPES = {
    False: "Straight blue steps leave the curves: each one keeps the direction that the field has at its start.",
    True: "Straight blue steps leave the curves. Pink ones, with Heun's method, end much closer to them.",
}


def show_orders(errors: Mapping[str, Mapping[int, float]], slopes: Sequence[int] = (1,)) -> None:
    """The error over the number of calls, both logarithmic, for each sampler, and grey lines of the given slopes.

    errors   {name of LOOKS: {calls: error}}
    """
    (axis,) = panels(
        "How fast does the error fall?",
        [""],
        "calls of the network",
        "median distance to the exact end",
        (5.2, 3.2),
        alternative="Errors over calls with two logarithmic axes. " + _ORDERS[len(errors) > 1],
    )
    for name, values in errors.items():
        axis.plot(list(values), list(values.values()), label=name, linewidth=1.8, **LOOKS[name])
    calls = sorted({n for values in errors.values() for n in values})
    for slope in slopes:
        lowest = min(values[calls[-1]] for name, values in errors.items() if (slope == 1) == name.startswith("DDIM"))
        ends = np.array([calls[-1] / 5, calls[-1]])
        line = 0.55 * lowest * (ends / ends[-1]) ** -slope
        axis.plot(ends, line, "--", color=COLOURS["noise"], linewidth=1)
        axis.text(ends[1] * 1.06, line[1], f"slope -{slope}", va="center", fontsize=9)
    axis.set(xscale="log", yscale="log", xticks=calls, xticklabels=calls, xlim=(calls[0] / 1.1, calls[-1] * 1.7))
    low, high = axis.get_ylim()
    if high / low < 100:
        marks = [v for v in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if low <= v <= high]
        axis.set(yticks=marks, yticklabels=marks)
    axis.minorticks_off()
    add_legend(axis)


_ORDERS = {
    False: "DDIM's points lie on a straight line of slope -1.",
    True: "DDIM falls along slope -1. Heun and 2M fall along slope -2 or steeper; Heun begins above DDIM and crosses "
    "it, 2M lies lowest everywhere.",
}


def show_timesteps(choices: Mapping[str, Tensor], schedule: NoiseSchedule) -> None:
    """Which t each choice asks, as dots on the curve of the schedule's log-SNR, and as ticks on the log-SNR's axis."""
    log_snr = snr(schedule.alphas_cumprod.double()).log()
    axes = panels(
        "Ten steps: where is the network asked?",
        list(choices),
        "$t$",
        "log-SNR",
        (WIDEST / 2, 2.7),
        alternative="The same falling curve of log-SNR over t twice. Trailing dots are even along t, so they leave "
        "large gaps in log-SNR at both ends. The others are even in log-SNR, and so they crowd at both ends of t.",
    )
    for axis, timesteps in zip(axes, choices.values(), strict=True):
        axis.plot(log_snr, color=COLOURS["ink"], linewidth=1)
        for t in timesteps.tolist():
            axis.plot([t, t, schedule.timesteps + 8], [log_snr.min(), log_snr[t], log_snr[t]], color=COLOURS["noise"],
                      linewidth=0.5)  # fmt: skip
        axis.plot(timesteps, log_snr[timesteps], "o", color=COLOURS["learned"], markersize=5)
        axis.set_xlim(schedule.timesteps + 8, -8)


# Samplers side by side


def race_frames(predictions: Mapping[str, Sequence[Tensor]], noise: Tensor) -> list[np.ndarray]:
    """A film of what the network predicts after each call, a row for each sampler; all from `noise` (n, C, H, W).

    predictions   {name: [(n, C, H, W), ...]}, one after each call; a shorter list stays at its last one
    """
    most = max(map(len, predictions.values()))

    def frame(call: int) -> np.ndarray:
        rows = {name: heard[min(call, len(heard)) - 1] for name, heard in predictions.items()}
        return named_rows(rows, f"the predicted clean image after call {call} of {most}")

    return [named_rows(dict.fromkeys(predictions, noise), "the same noise"), *map(frame, range(1, most + 1))]


def show_race(predictions: Mapping[str, Sequence[Tensor]], noise: Tensor) -> None:
    """The film `race_frames`."""
    alternative = (
        "Five samplers, a row of garments each, from the same noise, call by call. At call 7 the two rows with steps "
        "even in t have outlines, and the other three are blurred. At the end the rows without fresh noise have "
        "nearly the same garments; the ancestral row has others, and Heun's have hard contrasts."
    )
    show_film(race_frames(predictions, noise), alternative, seconds=8.0, colours=16)


def calls_picture(samples: Mapping[int, Tensor], calls: int) -> np.ndarray:
    """The samples that were drawn with so many calls, in two rows with the number written above."""
    grid = image_grid(samples[calls], columns=len(samples[calls]) // 2, scale=4)
    return with_text(grid, f"{calls} calls")


# A guide for points


def show_guided_points(points: Mapping[str, Tensor], distance: Callable[[Tensor], Tensor]) -> None:
    """Points (n, 2) by name, the first of them data, with the mean distance from the curve written in."""
    axes = panels(
        "What a weight above 1 does; the number: distance from the curve",
        list(points),
        "",
        "",
        (2.2, 2.1),
        columns=3,
        alternative="Six panels of points. Data: a thin spiral. The guide: a broad cloud with hardly a spiral. The "
        "model, weight 1: a thick spiral. Weight 1.5: less thick. Weight 2: as thin as the data. Weight 4: a line.",
    )
    for index, (axis, (_, values)) in enumerate(zip(axes, points.items(), strict=True)):
        draw_points(axis, values, "learned" if index else "data", limit=2.6, size=2)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.text(2.5, -2.5, f"{float(distance(values)):.2f}", ha="right", fontsize=10)


# What was measured


def sampler_name(row: Row) -> str | None:
    """Under which name of LOOKS a configuration is drawn; None for those that are not: guided ones, for example."""
    if row["guide"] != "none":
        return None
    if row["sampler"] == "ancestral" or (row["sampler"] == "ddim" and row["eta"] == 1):
        return None if row["spacing"] == "log_snr" else "ancestral"
    names = {
        ("ddim", "trailing"): "DDIM",
        ("ddim", "log_snr"): "DDIM, even in log-SNR",
        ("heun", "log_snr"): "Heun",
        ("dpm_solver", "trailing"): "2M, trailing",
        ("dpm_solver", "log_snr"): "2M",
    }
    return names.get((row["sampler"], row["spacing"]))


def mean_and_range(rows: Iterable[Row], key: Callable[[Row], Any], value: Callable[[Row], float]) -> dict:
    """{key: (mean, smallest, largest)} of the values of all rows with one key, in the order of the keys."""
    groups: dict[Any, list[float]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(value(row))
    return {name: (sum(v) / len(v), min(v), max(v)) for name, v in sorted(groups.items())}


def ratio(row: Row) -> float:
    """The Frechet distance in times the floor."""
    return row["distance"] / row["floor"]


def _draw_range(axis: "Axes", across: Sequence[float], values: Sequence[tuple], **look: Any) -> None:
    mean, low, high = (np.array(v) for v in zip(*values, strict=True))
    axis.errorbar(across, mean, [mean - low, high - mean], linewidth=1.5, capsize=2, elinewidth=1, **look)


def show_quality(rows: Sequence[Row], judges: Sequence[str] = ("fashion_mnist", "fashion_mnist_convnext")) -> None:
    """Fréchet distances without a guide, a panel for each judge: a line for each sampler and number of calls.

    On it each seed has its own sign, and the mean is a stroke. Guided samplers stand apart: see `show_front`.
    """
    own = [row for row in rows if sampler_name(row)]
    order = list(LOOKS)
    lines = sorted({(order.index(str(sampler_name(row))), row["calls"]) for row in own}, reverse=True)
    axes = panels(
        "Samples before the judges: three seeds and their mean",
        [JUDGES[judge] for judge in judges],
        "Fréchet distance / floor",
        "",
        (WIDEST / 2, 0.24 * len(lines) + 1.0),
        alternative="Two panels, one for each judge, with a line for each sampler and number of calls, and on it three "
        "signs for the seeds. For the second judge 2M with steps even in log-SNR is nearest to 1. For the first judge "
        "the samplers differ less. Heun is far to the right in both.",
    )
    for axis, judge in zip(axes, judges, strict=True):
        for place, (name, calls) in enumerate(lines):
            found = {
                row["seed"]: ratio(row)
                for row in own
                if (row["judge"], row["calls"], sampler_name(row)) == (judge, calls, order[name])
            }
            colour = LOOKS[order[name]]["color"]
            axis.plot([min(found.values()), max(found.values())], [place] * 2, color=colour, linewidth=1)
            for seed, value in found.items():
                axis.plot(value, place, "os^"[int(seed)], color=colour, markersize=5, alpha=0.8)
            mean = sum(found.values()) / len(found)
            axis.plot([mean] * 2, [place - 0.3, place + 0.3], color=colour, linewidth=2.5)
        axis.axvline(1, color=COLOURS["data"], linewidth=1, linestyle="--")
        marks = [1, 2, 3, 5, 10]
        axis.set(xscale="log", xticks=marks, xticklabels=marks, ylim=(-0.6, len(lines) - 0.4))
        axis.minorticks_off()
    axes[0].set_yticks(range(len(lines)), [f"{order[name]}, {calls:g}" for name, calls in lines], fontsize=9)


def weight_series(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of 2M even in log-SNR by steps and by where they are guided, for those with more than one weight.

    Rows without a guide belong to those that are guided always.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        if (row["sampler"], row["spacing"]) == ("dpm_solver", "log_snr"):
            always = row["guide"] == "none" or row["highest"] == math.inf
            where = "always" if always else rf"where {row['lowest']:g} $\leq \sigma \leq$ {row['highest']:g}"
            found.setdefault(f"{row['steps']:g} steps, {where}", []).append(row)
    return {name: own for name, own in sorted(found.items()) if len({row["weight"] for row in own}) > 1}


def show_front(rows: Sequence[Row], judges: Sequence[str] = ("fashion_mnist", "fashion_mnist_convnext")) -> None:
    """The distance over the guide's weight, a panel for each judge, a curve for each of `weight_series`."""
    axes = panels(
        "The guide's weight before the judges: mean and range of three seeds",
        [JUDGES[judge] for judge in judges],
        "weight of the guide",
        "Fréchet distance / floor",
        (WIDEST / len(judges), 3.0),
        alternative="Fréchet distance over the floor against the weight, a panel for each judge. For the first judge "
        "the curve falls steeply from weight 1, is lowest at 1.3 and rises again. For the second it rises from weight "
        "1.1 on. A shorter curve, guided only in part, is lower at weight 1.5 for both.",
    )
    looks = (
        {"color": "#D55E00", "marker": "o"},
        {"color": "#56B4E9", "marker": "s"},
        {"color": "#CC79A7", "marker": "^"},
    )
    for axis, judge in zip(axes, judges, strict=True):
        own = weight_series(row for row in rows if row["judge"] == judge)
        for (name, series), look in zip(own.items(), looks, strict=False):
            found = mean_and_range(series, lambda row: row["weight"], ratio)
            _draw_range(axis, list(found), list(found.values()), label=name, markersize=4, **look)
        axis.axhline(1, color=COLOURS["data"], linewidth=1, linestyle="--")
        axis.set_ylim(0, None)
    axes[-1].legend(frameon=False, fontsize=9, loc="upper left")


def show_times(rows: Sequence[Row]) -> None:
    """Seconds for 64 images on one core over the steps, for every sampler: the mean of the seeds."""
    (axis,) = panels(
        "64 images on one core",
        [""],
        "steps",
        "seconds",
        (5.0, 2.8),
        alternative="Seconds over steps with two logarithmic axes: parallel straight lines. Those of DDIM, 2M and "
        "ancestral sampling are one line, from half a second for 5 steps to 21 seconds for 200. Heun's lies twice as "
        "high, and 2M with a guide a little above 2M.",
    )
    names = {"ancestral": "ancestral", "ddim": "DDIM", "dpm_solver": "2M", "heun": "Heun"}

    def name(row: Row) -> str:
        return names[row["sampler"]] + (", guided" if row["guide"] != "none" else "")

    for one in sorted({name(row) for row in rows}, key=list(LOOKS).index):
        own = [row for row in rows if name(row) == one]
        found = mean_and_range(own, lambda row: row["steps"], lambda row: row["seconds"])
        axis.plot(list(found), [mean for mean, _, _ in found.values()], label=one, linewidth=1.5, **LOOKS[one])
    steps, seconds = [5, 10, 20, 50, 100, 200], [0.5, 1, 2, 5, 10, 20]
    axis.set(xscale="log", yscale="log", xticks=steps, xticklabels=steps, yticks=seconds, yticklabels=seconds)
    axis.minorticks_off()
    add_legend(axis)


def print_ways(rows: Sequence[Row], ways: Mapping[str, Mapping[str, Any]]) -> None:
    """A line for each named configuration: distance / floor, the mean of the seeds, for every judge.

    Raises ValueError as `best`.
    """
    print(f"{'distance / floor, mean of three seeds':40} judge 1    2    3")
    for name, settings in ways.items():
        print(f"{name:42}", *(f"{best(rows, judge, **settings)[0]:5.1f}" for judge in JUDGES))


def best(rows: Sequence[Row], judge: str, **settings: Any) -> tuple[float, float, float]:
    """(mean, smallest, largest) over the seeds of distance / floor, for the one configuration with these settings.

    Raises ValueError unless the rows differ in nothing but the seed.
    """
    own = [r for r in rows if r["judge"] == judge and all(r[key] == value for key, value in settings.items())]
    if not own or len({row["seed"] for row in own}) != len(own):
        raise ValueError(f"{len(own)} rows of {judge} have {settings}: name one configuration.")
    values = [ratio(row) for row in own]
    return math.fsum(values) / len(values), min(values), max(values)
