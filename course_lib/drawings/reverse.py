"""The drawings of chapter 05: what a network learns, and three ways back from noise."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from course_lib.mixtures import GaussianMixture, mode_weights
from course_lib.pictures.gifs import denoising_frames
from course_lib.pictures.plots import (
    COLOURS,
    WIDEST,
    add_legend,
    draw_points,
    figure_picture,
    panels,
    transparent_map,
)
from course_lib.pictures.widgets import show_film
from course_lib.schedules import NoiseSchedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONTOUR = 0.15  # the density at which the exact contour is drawn
JAGGED = ("with fresh noise",)  # runs of whose paths only a few are drawn: more would hide each other


def show_best_predictions(mixture: GaussianMixture, schedule: NoiseSchedule, steps: Sequence[int]) -> None:
    """E[x_0 | x_t] of a 1D mixture, a panel for each t, over the density of x_t; the bumps are dotted lines."""
    x = torch.linspace(-1.7, 1.7, 400)
    axes = panels(
        "The best prediction of $x_0$ at three noise levels",
        [f"t = {t}" for t in steps],
        "$x_t$",
        "$x_0$",
        (WIDEST / 3, 2.6),
        alternative="The best prediction of x_0 as a curve over x_t. At t = 10 it jumps from one bump to the other, at "
        "t = 50 it bends softly, at t = 90 it is a gentle slope between the bumps.",
    )
    low = float(mixture.means.min()) - 1.2
    for axis, t in zip(axes, steps, strict=True):
        density = mixture.log_prob(x, t, schedule).exp()
        axis.fill_between(x, low, low + 0.5 * density / density.max(), color=COLOURS["noise"], alpha=0.35, linewidth=0)
        axis.hlines(mixture.means, -1.7, 1.7, COLOURS["data"], "dotted", label="the two bumps")
        axis.plot(
            x, mixture.posterior_mean(x, t, schedule), color=COLOURS["exact"], linewidth=2, label="best prediction"
        )
        axis.set_ylim(low, None)
    axes[2].text(0, low + 0.15, "density of $x_t$", fontsize=9, ha="center")
    axes[2].legend(frameon=False, fontsize=9, loc=(0.08, 0.46))


def show_losses(losses: Tensor, best: float, every: int = 50) -> None:
    """The mean of each `every` losses over the training steps, and the best possible loss as a line."""
    (axis,) = panels(
        "The loss while the network trains",
        [""],
        "training step",
        "loss",
        (6.4, 2.8),
        alternative=f"The loss falls steeply, then slowly, and ends just above the best possible loss, {best:.2f}.",
    )
    means = losses.reshape(-1, every).mean(dim=1)
    axis.plot(torch.arange(len(means)) * every, means, color=COLOURS["learned"], label="learned")
    axis.axhline(best, color=COLOURS["exact"], linewidth=2, label="best possible")
    axis.set_ylim(0, 0.6)
    add_legend(axis)


def show_loss_by_level(best: Tensor, excess: Tensor) -> None:
    """The best possible loss [T] at each t, and the network's, which is `excess` [T] above it."""
    (axis,) = panels(
        "The loss at each noise level",
        [""],
        "$t$",
        "loss",
        (6.4, 2.8),
        alternative="The best possible loss is 0.8 at t = 0, falls steeply to almost 0, has a lower hill around t = 40 "
        "and ends at 0. The network's loss follows it closely.",
    )
    axis.plot(best, color=COLOURS["exact"], linewidth=3, label="best possible")
    axis.plot(best + excess, "--", color=COLOURS["learned"], linewidth=2, label="learned")
    axis.set_ylim(0, None)
    add_legend(axis)


def show_beside_data(real: Tensor, samples: Tensor, mixture: GaussianMixture) -> None:
    """Real points (n, 2) and samples (n, 2) of a mixture, side by side, with the share of each mode written in."""
    axes = panels(
        "Real points, and what your sampler made from noise",
        ["data", "samples"],
        "$x$",
        "$y$",
        (3.4, 3.5),
        alternative="Left real points, right samples: the same four small clouds, with nearly the same shares. A few "
        "samples lie between the clouds.",
    )
    for axis, points, colour in zip(axes, (real, samples), ("data", "learned"), strict=True):
        draw_points(axis, points, colour, limit=1.6)
        for place, share in zip(mixture.means, mode_weights(points, mixture)[0], strict=True):
            axis.text(float(0.55 * place[0]), float(0.55 * place[1]), f"{share:.2f}", ha="center", va="center")


def cloud_frames(states: Sequence[Tensor], schedule: NoiseSchedule, heights: GaussianMixture) -> list[np.ndarray]:
    """A film of points (n, 2) on their way back, x_T first; beside them the density of y, sampled and exact."""
    y = torch.linspace(-2.8, 2.8, 400)
    total = len(states)

    def frame(index: int) -> np.ndarray:
        t = schedule.timesteps - 1 - index  # -1 is x_0
        density = heights.log_prob(y, t, schedule) if t >= 0 else heights.log_prob(y)

        def draw(figure: "Figure") -> None:
            left, right = figure.subplots(1, 2, width_ratios=[3, 2])
            draw_points(left, states[index][:800], "learned", limit=2.8)
            left.set(xlabel="$x$", ylabel="$y$")
            look: dict[str, Any] = {
                "orientation": "horizontal",
                "density": True,
                "alpha": 0.55,
                "color": COLOURS["learned"],
            }
            right.hist(states[index][:, 1].numpy(), np.linspace(-2.8, 2.8, 111).tolist(), label="samples", **look)
            right.plot(density.exp(), y, color=COLOURS["exact"], linewidth=2, label="exact")
            right.set(xlabel="density of $y$", ylim=(-2.8, 2.8), xlim=(0, 7))
            right.legend(frameon=False, fontsize=9, loc="center right")
            for axis in (left, right):
                axis.spines[["top", "right"]].set_visible(False)
            figure.suptitle(level_name(t), fontsize=11)

        return figure_picture(draw, (6.4, 3.7))

    return [frame(int(index)) for index in denoising_frames(torch.arange(total), total, count=18)]


def show_cloud(states: Sequence[Tensor], schedule: NoiseSchedule, heights: GaussianMixture) -> None:
    """The film `cloud_frames`."""
    alternative = (
        "A round cloud of noise separates into four small clouds. The histogram of y follows the exact density from "
        "one wide bell to two narrow peaks; at the end the peaks are a little narrower than the exact ones."
    )
    show_film(cloud_frames(states, schedule, heights), alternative)


def smoothed(rows: np.ndarray) -> np.ndarray:
    """Each row (n,) blurred along its length, as if it went on with its last value at both ends."""
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    padded = np.pad(rows, ((0, 0), (5, 5)), mode="edge")
    return np.stack([np.convolve(row, weights / weights.sum(), mode="valid") for row in padded])


def level_name(t: int) -> str:
    """What is written over a state: its t, and for the last one that it is the sample."""
    return f"t = {t}" if t >= 0 else "$x_0$: the samples"


class Runs:
    """Several ways back from the same starts, {name: states (T + 1, n)}: their heat maps over (x, t), ready to draw.

    The states begin with x_T, at t = T - 1, and end with x_0. `mixture` is the data and `schedule` the levels.
    """

    def __init__(self, states: Mapping[str, Tensor], mixture: GaussianMixture, schedule: NoiseSchedule):
        self.states, self.mixture, self.schedule = states, mixture, schedule
        margin = 0.9
        self.low = min(float(mixture.means.min()) - margin, -2.4)
        self.high = max(float(mixture.means.max()) + margin, 2.4)
        self.edges = np.linspace(self.low, self.high, 181)
        self.centres = torch.tensor(self.edges[:-1] + np.diff(self.edges) / 2, dtype=torch.float32)
        self.heat = {name: self._densities(values) for name, values in states.items()}
        levels = range(schedule.timesteps - 1, -1, -1)
        rows = [mixture.log_prob(self.centres, t, schedule).exp() for t in levels]
        self.exact = torch.stack([*rows, mixture.log_prob(self.centres).exp()], dim=1).numpy()  # (x, T + 1)

    def _densities(self, values: Tensor) -> np.ndarray:
        """How dense the states are at each x and level, (x, T + 1), smoothed over a few bins."""
        columns = [np.histogram(state, self.edges, density=True)[0] for state in values.numpy()]
        return smoothed(np.stack(columns, axis=1).T).T

    def draw(self, figure: "Figure", upto: int, title: str) -> None:
        """All runs side by side as far as state `upto`: the heat map with twelve paths, beside it the density there."""
        count = len(self.states)
        axes = figure.subplots(1, 2 * count, sharey=True, width_ratios=[3.2, 1] * count, squeeze=False)[0]
        for index, name in enumerate(self.states):
            self.draw_paths(axes[2 * index], name, upto)
            self.draw_end(axes[2 * index + 1], name, upto)
            axes[2 * index].set_title(name, fontsize=10)
        axes[0].set_ylabel("$x_t$")
        figure.suptitle(title, fontsize=11)

    def draw_paths(self, axis: "Axes", name: str, upto: int) -> None:
        """The density over (x, t) in orange, a contour of the exact one in green, and some paths."""
        steps = self.schedule.timesteps
        levels = torch.arange(steps - 1, -2, -1)  # of the states
        shade = (smoothed(self.heat[name]) / 0.9).clip(0, 1) ** 0.6  # over t, too: a smooth map makes a small file
        shade[:, upto + 1 :] = 0
        edges = (steps - 0.5, -1.5, self.low, self.high)
        look = transparent_map("learned").resampled(32)
        axis.imshow(shade, look, vmin=0, vmax=1, origin="lower", extent=edges, aspect="auto", interpolation="bilinear")
        axis.contour(levels, self.centres, self.exact, levels=[CONTOUR], colors=[COLOURS["exact"]], linewidths=1.3)
        states = self.states[name]
        order = states[0].argsort()
        count = 12 if name not in JAGGED else 4
        chosen = order[((torch.arange(count) + 0.5) / count * len(order)).long()]
        paths = states[: upto + 1, chosen]
        axis.plot(levels[: upto + 1], paths, color=COLOURS["ink"], linewidth=0.8)
        axis.scatter(levels[upto].expand(count), paths[-1], s=6, color=COLOURS["ink"], zorder=3)
        axis.set(xlabel="$t$", xlim=(steps - 0.5, -3), xticks=[steps - 1, steps // 2, 0], ylim=(self.low, self.high))
        axis.spines[["top", "right"]].set_visible(False)

    def draw_end(self, axis: "Axes", name: str, upto: int) -> None:
        """The density of state `upto`, in orange, and the exact one, in green, along the same vertical axis."""
        axis.fill_betweenx(
            self.centres, 0, self.heat[name][:, upto], color=COLOURS["learned"], alpha=0.6, linewidth=0, label="samples"
        )
        axis.plot(self.exact[:, upto], self.centres, color=COLOURS["exact"], linewidth=1.5, label="exact")
        axis.set(xlim=(0, 3.6), xticks=[])
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.tick_params(left=False)


def show_runs(states: Mapping[str, Tensor], mixture: GaussianMixture, schedule: NoiseSchedule) -> None:
    """Several ways back from the same starts, side by side: see `Runs`. As a film of one frame, for a small file."""
    runs, title = Runs(states, mixture, schedule), "From noise (left) to data (right); green: exact density"
    picture = figure_picture(lambda figure: runs.draw(figure, schedule.timesteps, title), (WIDEST, 3.5))
    alternative = (
        "Three heat maps of the density over x and t, with paths. With fresh noise, jagged paths end in two bumps that "
        "fit the exact density. Without noise, smooth paths end in two needles that are too close together. With the "
        "deterministic step the paths are smooth and the bumps fit."
    )
    show_film([picture], alternative, colours=256)


def show_growing_runs(states: Mapping[str, Tensor], mixture: GaussianMixture, schedule: NoiseSchedule) -> None:
    """The film `run_frames`."""
    alternative = (
        "The same three maps while the paths grow from noise to data. Without noise the paths gather on one line and "
        "split late; the other two fill the exact density."
    )
    show_film(run_frames(states, mixture, schedule), alternative)


def run_frames(states: Mapping[str, Tensor], mixture: GaussianMixture, schedule: NoiseSchedule) -> list[np.ndarray]:
    """The film of `show_runs`: the maps and the paths grow from left to right, with t written over them."""
    runs, total = Runs(states, mixture, schedule), schedule.timesteps + 1

    def frame(index: int) -> np.ndarray:
        title = level_name(schedule.timesteps - 1 - index)
        return figure_picture(lambda figure: runs.draw(figure, index, title), (6.0, 3.0))

    return [frame(int(index)) for index in denoising_frames(torch.arange(total), total, count=13)]


def show_noise_budget(schedule: NoiseSchedule, steps: Sequence[int]) -> None:
    """For each t the noise that level t-1 has, as a right triangle: what DDPM's mean keeps, and the fresh noise."""
    axes = panels(
        "Kept and fresh noise, as shares of the noise of level $t-1$",
        [f"t = {t}" for t in steps],
        "",
        "",
        (WIDEST / 3, 2.2),
        alternative="Right triangles. The long side is the noise of level t-1, the other two are what the mean keeps "
        "and the fresh noise. At t = 1 the fresh noise is the larger part, at t = 30 a small one.",
    )
    for axis, t in zip(axes, steps, strict=True):
        needed = float((1 - schedule.alphas_cumprod_prev[t]).sqrt())
        kept = float(schedule.posterior_mean_coef2[t] * schedule.sqrt_one_minus_alphas_cumprod[t]) / needed
        fresh = float(schedule.posterior_variance[t].sqrt()) / needed
        look: dict[str, Any] = {"linewidth": 4, "solid_capstyle": "round"}
        axis.plot([0, kept], [0, 0], color=COLOURS["learned"], **look)
        axis.plot([kept, kept], [0, fresh], color=COLOURS["noise"], **look)
        axis.plot([0, kept], [0, fresh], color=COLOURS["exact"], **look)
        axis.text(kept / 2, -0.08, f"kept\n{kept:.2f}", ha="center", va="top", color=COLOURS["learned"])
        axis.text(kept + 0.07, fresh / 2, f"fresh {fresh:.2f}", va="center", color=COLOURS["noise"])
        axis.text(kept / 2 - 0.1, fresh / 2 + 0.14, "level 1.00", ha="right", va="center", color=COLOURS["exact"])
        axis.set(xlim=(-0.55, 1.6), ylim=(-0.42, 1.05), xticks=[], yticks=[], aspect="equal")
        axis.spines[:].set_visible(False)


def show_starts(samples: Mapping[str, Tensor], mixture: GaussianMixture) -> None:
    """Histograms of samples of two bumps, named by their schedule, all over the same bins, with the exact density."""
    alternative = (
        "Two bumps in each panel. The more signal is left at T, the more samples the left bump has: half of them, then "
        "63 %, then 81 %."
    )
    low, high = float(mixture.means.min()) - 1, float(mixture.means.max()) + 1
    x = torch.linspace(low, high, 400)
    size = (WIDEST / len(samples), 2.5)
    axes = panels("Three schedules, the same loop", list(samples), "$x_0$", "density", size, alternative=alternative)
    for axis, values in zip(axes, samples.values(), strict=True):
        bins = np.linspace(low, high, 81).tolist()
        axis.hist(values.numpy(), bins, density=True, color=COLOURS["learned"], alpha=0.55, label="samples")
        axis.plot(x, mixture.log_prob(x).exp(), color=COLOURS["exact"], linewidth=1.5, label="exact")
    add_legend(axes[0])


def show_grain(samples: Mapping[str, Tensor], value: float) -> None:
    """Histograms of named samples of one pixel that is `value` in all data; its exact value is a green line."""
    axes = panels(
        "One background pixel, 8,000 samples; green: its exact value",
        list(samples),
        "$x_0$",
        "share",
        (WIDEST / len(samples), 2.5),
        alternative="Histograms of one pixel. Right, and with the other variance off at t = 0: a single spike at -1. "
        "With its noise on at t = 0, and when the last step is missing: bells, about 0.025 wide.",
    )
    for axis, values in zip(axes, samples.values(), strict=True):
        axis.axvline(value, color=COLOURS["exact"], linewidth=5, alpha=0.5, zorder=0)
        bins = np.linspace(value - 0.1, value + 0.1, 42).tolist()
        weights = np.full(len(values), 1 / len(values))
        axis.hist(values.numpy(), bins, weights=weights, color=COLOURS["learned"])


def show_excess(of_noise: Mapping[str, Tensor], of_start: Mapping[str, Tensor]) -> None:
    """Excess errors (seeds, levels) by name, of the noise and of x_0: the mean over the seeds, and their range."""
    axes = panels(
        "Excess error at each level: mean and range of three seeds",
        ["of the noise", "of $x_0$"],
        "level $t$",
        "excess error",
        (WIDEST / 2, 3.0),
        shared=False,
        alternative="Left, the one network's excess error of the noise lies below that of the ten networks except at "
        "the last level. Right, in units of x_0, it is far larger than theirs at the last level.",
    )
    for axis, errors in zip(axes, (of_noise, of_start), strict=True):
        for (name, values), colour in zip(errors.items(), (COLOURS["ink"], COLOURS["learned"]), strict=True):
            levels = range(values.shape[1])
            axis.semilogy(levels, values.mean(dim=0), "o-", markersize=4, color=colour, label=name)
            axis.fill_between(levels, values.amin(dim=0), values.amax(dim=0), color=colour, alpha=0.25, linewidth=0)
    add_legend(axes[0])
