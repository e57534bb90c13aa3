"""The drawings of chapter 01: numbers, noise levels, paths from noise to data.

`sigmas` [L] are noise levels, `states` [L, B] what `toy.sample_path` returns, models those of `course_lib.toy`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from course_lib.pictures.plots import (
    COLOURS,
    OTHER_COLOURS,
    figure_picture,
    panels,
    transparent_map,
)
from course_lib.toy import noise_levels, sample_path
from course_lib.types import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEAN, STD = 1.0, 0.01  # the chapter's first data
WIDE = (6.4, 3.0)


def noisy_std(sigma: Tensor | float) -> Tensor:
    """The standard deviation of the first data with noise, sqrt(0.01² + sigma²): shape of sigma."""
    return (STD**2 + torch.as_tensor(sigma) ** 2).sqrt()


def noisy_density(x: Tensor, sigma: Tensor | float) -> Tensor:
    """The exact density of the first data with noise of `sigma`, at x; shape of x."""
    return torch.distributions.Normal(MEAN, noisy_std(sigma)).log_prob(x).exp()


def peaks_density(x: Tensor, sigma: Tensor | float, peaks: Tensor, std: float) -> Tensor:
    """The exact density of data with equal `peaks` [K] of one `std` and noise of `sigma`, at x; shape of x."""
    width = (std**2 + torch.as_tensor(sigma) ** 2).sqrt()
    return torch.stack([torch.distributions.Normal(peak, width).log_prob(x).exp() for peak in peaks]).mean(dim=0)


def show_strengths(data: Tensor, strengths: Sequence[float], generator: torch.Generator) -> None:
    """Show histograms of the data [N] with noise of several strengths, each on an axis of its own."""
    axes = panels(
        "The data with noise of four strengths: compare the axes",
        [rf"$\sigma$ = {sigma:g}" for sigma in strengths],
        "$x$",
        "how many",
        (7.2 / len(strengths), 2.2),
        shared=False,
        alternative="Four grey bells of nearly the same shape. The first reaches from about -40 to 40, the last from "
        "about 0.95 to 1.05: each axis is seven to ten times narrower than the one before.",
    )
    for axis, sigma in zip(axes, strengths, strict=True):
        x = data + sigma * torch.randn(len(data), generator=generator)
        axis.hist(x.numpy(), 50, color=COLOURS["noise"])
        axis.set_yticks([])
        axis.locator_params(axis="x", nbins=4)


def show_levels(sigmas: Tensor) -> None:
    """Show the noise levels on a logarithmic axis, beside the standard deviation of the first data."""
    (axis,) = panels(
        "The noise levels, and the standard deviation of the data",
        [""],
        "level $i$",
        "standard deviation",
        WIDE,
        alternative=f"{len(sigmas)} grey dots on a falling straight line: the axis counts in powers of ten, from 10 to "
        "0.001. A blue line at 0.01 crosses it between levels 14 and 15.",
    )
    axis.semilogy(sigmas, "o", color=COLOURS["noise"], label=r"noise, $\sigma_i$")
    axis.axhline(STD, color=COLOURS["data"], label="data, 0.01")
    axis.set_xticks(range(0, len(sigmas), 2))
    axis.legend(frameon=False, fontsize=9)


def show_losses(losses: Sequence[float], best: Tensor, excess: Tensor) -> None:
    """Show the loss while the network trained, and after that its loss at each level beside the `best` one [L-1].

    excess   how far the network's loss is above the best possible one, level by level [L-1]
    """
    left, right = panels(
        "The loss while training, and after it at each level",
        ["mean of 50 steps", "after training"],
        "",
        "loss",
        (3.6, 2.9),
        shared=False,
        alternative="Left: the orange loss falls to the green line of the best possible one, 0.22, within a few "
        "hundred steps. Right: the best possible loss rises from 0 at the first levels to almost 1 at the "
        "last, and the orange dots of the network lie on it.",
    )
    size = min(50, len(losses))
    blocks = torch.tensor(losses)[: len(losses) // size * size].reshape(-1, size)
    steps = (torch.arange(len(blocks)) + 0.5) * size
    left.plot(steps, blocks.mean(dim=1), color=COLOURS["learned"], label="learned")
    left.axhline(float(best.mean()), color=COLOURS["exact"], label="best possible")
    right.plot(best, color=COLOURS["exact"], label="best possible")
    right.plot(best + excess, "o", color=COLOURS["learned"], markersize=4, label="learned")
    for axis, name in ((left, "step"), (right, "level $i$")):
        axis.axhline(1, color=COLOURS["noise"], label="always answering 0")
        axis.set(ylim=(0, 1.1), xlabel=name)
    right.set_xticks(range(0, len(best), 3))
    left.legend(frameon=False, fontsize=9, loc=(0.2, 0.5))


def show_paths(states: Tensor, count: int = 20) -> None:
    """Show the first `count` paths to the first data: at all levels, and near the end on a much finer axis."""
    last = len(states) - 9
    whole, close = panels(
        f"{count} numbers on their way",
        ["all levels", "the last nine levels, enlarged"],
        "level $i$",
        "$x$",
        (3.6, 3.0),
        shared=False,
        alternative="Left: twenty lines start between about -20 and 20 and come together near 1 within ten levels. "
        "Right, the last nine levels on a fine axis: the lines go on approaching, and fill a band from about 0.98 to "
        "1.02. They do not meet in one point, and no two of them cross.",
    )
    look: dict[str, Any] = {"color": COLOURS["learned"], "alpha": 0.6, "linewidth": 1}
    whole.plot(range(len(states)), states[:, :count], **look)
    close.plot(range(last, len(states)), states[last:, :count], **look)
    close.axhspan(MEAN - 2 * STD, MEAN + 2 * STD, color=COLOURS["data"], alpha=0.2, label="mean ± 2 std of the data")
    close.legend(frameon=False, fontsize=9)


def path_frames(states: Tensor, sigmas: Tensor) -> list[np.ndarray]:
    """A picture for each level: numbers as dots on a coarse and on a finer axis, and their histogram on a fine one.

    Over the histogram lies the exact density of the first data at that level.
    """
    height = torch.rand(150, generator=torch.Generator().manual_seed(0))  # so that dots do not hide each other
    bins = torch.linspace(0.95, 1.05, 41)
    weight = torch.full((states.shape[1],), 1 / states.shape[1] / float(bins[1] - bins[0]))

    def draw(level: int, figure: "Figure") -> None:
        figure.suptitle(rf"level {level}: $\sigma$ = {sigmas[level]:.2g}", fontsize=12)
        *dotted, last = figure.subplots(1, 3, width_ratios=(2, 2, 3))
        for axis, reach in zip(dotted, (30, 0.5), strict=True):
            axis.scatter(states[level, :150], height, s=6, color=COLOURS["learned"], linewidths=0)
            axis.set(xlim=(MEAN - reach, MEAN + reach), yticks=[], xlabel="$x$")
            axis.set_title(f"1 ± {reach:g}", fontsize=10)
        last.hist(states[level].numpy(), bins.tolist(), weights=weight, color=COLOURS["learned"], alpha=0.5)
        last.plot(bins, noisy_density(bins, sigmas[level]), color=COLOURS["exact"], linewidth=2)
        last.set(ylim=(0, 52), xlabel="$x$", ylabel="density")
        last.set_title("1 ± 0.05", fontsize=10)
        for axis in (*dotted, last):
            axis.spines[["top", "right"]].set_visible(False)

    return [figure_picture(partial(draw, level), (6.4, 2.7)) for level in range(len(states))]


def show_slice_means(x: Tensor, y: Tensor) -> None:
    """Show pairs of a noisy x and its clean y (the first 2,500), and the mean of all y in slices of x."""
    (axis,) = panels(
        r"Clean $y$ behind noisy $x$, for $\sigma$ = 0.01: compare the slopes",
        [""],
        "noisy $x$",
        "clean $y$",
        (4.6, 3.6),
        alternative="A blue cloud that leans to the right. Grey dots mark the mean y in slices of x. They lie on a "
        "line that is half as steep as the dashed line y = x.",
    )
    axis.scatter(x[:2500], y[:2500], s=3, color=COLOURS["data"], alpha=0.4, linewidths=0)
    edges = torch.arange(0.97, 1.0301, 0.01)
    inside = [(x >= left) & (x < right) for left, right in pairwise(edges)]
    means = torch.stack([torch.stack([x[chosen].mean(), y[chosen].mean()]) for chosen in inside])  # (slices, 2)
    axis.plot(*means.T, "o", color=COLOURS["ink"], markersize=8, label="mean y in a slice")
    axis.axline((1, 1), slope=1, color=COLOURS["ink"], linestyle="--", label="y = x")
    axis.legend(frameon=False, fontsize=9)


def draw_predictions(axis: "Axes", model: Model, exact: Model, sigmas: Tensor, level: int) -> None:
    """Draw the learned prediction and over it the exact one, in units of the gap, where x mostly is at that level."""
    reach, gap = 3 * float(noisy_std(sigmas[level])), sigmas[level] - sigmas[level + 1]
    x, at = torch.linspace(MEAN - reach, MEAN + reach, 101), torch.full((101,), level)
    with torch.no_grad():
        learned = model(x, at) / gap
    axis.plot(x, learned, color=COLOURS["learned"], linewidth=5, alpha=0.5, label="learned")
    axis.plot(x, exact(x, at) / gap, color=COLOURS["exact"], linestyle="--", label="exact")
    axis.set(xlabel="$x$", ylabel="predicted noise / gap", ylim=(-3.2, 3.2), xlim=(float(x[0]), float(x[-1])))


def prediction_picture(level: int, model: Model, exact: Model, states: Tensor, sigmas: Tensor) -> np.ndarray:
    """One level as a picture: the numbers there with their exact density, and what network and exact model predict."""

    def draw(figure: "Figure") -> None:
        figure.suptitle(rf"level {level}: $\sigma$ = {sigmas[level]:.2g}", fontsize=12)
        left, right = figure.subplots(1, 2)
        reach = 4 * float(noisy_std(sigmas[level]))
        x = torch.linspace(MEAN - reach, MEAN + reach, 101)
        left.hist(states[level].numpy(), x[::2].tolist(), density=True, color=COLOURS["learned"], alpha=0.5)
        left.plot(x, noisy_density(x, sigmas[level]), color=COLOURS["exact"])
        left.set(xlabel="$x$", ylabel="density")
        draw_predictions(right, model, exact, sigmas, level)
        right.legend(frameon=False, fontsize=9, loc="upper left")
        for axis in (left, right):
            axis.spines[["top", "right"]].set_visible(False)
            axis.locator_params(axis="x", nbins=5)

    return figure_picture(draw, (7.0, 3.0))


def show_distances(distances: Mapping[str, Sequence[float]], floor: float) -> None:
    """Show energy distances to the data as bars with an error bar over seeds, and the floor as a line."""
    (axis,) = panels(
        "Energy distance of samples to data: how far above the floor?",
        [""],
        "energy distance (bars: mean of three seeds, lines: smallest and largest)",
        "",
        (6.8, 2.0),
        alternative="Three bars: fresh data lie at about 0, the samples of the exact model far above the floor, and "
        "those of the learned models farther still.",
    )
    values = np.array(list(distances.values()))  # (bars, seeds)
    means = values.mean(axis=1)
    errors = np.stack([means - values.min(axis=1), values.max(axis=1) - means])
    colours = [COLOURS[name.split()[0].replace("fresh", "data")] for name in distances]
    look = {"ecolor": COLOURS["ink"], "capsize": 4}
    axis.barh(list(distances), means, xerr=errors, color=colours, error_kw=look)
    axis.axvline(floor, color=COLOURS["ink"], linestyle=":", label="floor")
    axis.invert_yaxis()
    axis.legend(frameon=False, fontsize=9, loc="upper right")


def show_few_levels(ends: Mapping[int, Tensor]) -> None:
    """Show, for several numbers of levels, the samples of the exact model beside the density of the data."""
    axes = panels(
        "The exact model with few and with many levels",
        [f"{count} levels" for count in ends],
        "$x$",
        "density",
        (7.2 / len(ends), 2.3),
        shared=False,
        alternative="Four green histograms, each drawn to its own height, and the blue bell of the data. With 3 levels "
        "the samples are a needle, with 5 and 10 a bell that is too narrow, with 40 one that nearly fits.",
    )
    bins = torch.linspace(0.96, 1.04, 81)
    for axis, samples in zip(axes, ends.values(), strict=True):
        axis.hist(samples.numpy(), bins.tolist(), density=True, color=COLOURS["exact"], alpha=0.5)
        axis.plot(bins, noisy_density(bins, 0.0), color=COLOURS["data"])
        axis.set(xlim=(0.96, 1.04), xticks=[0.97, 1, 1.03], yticks=[])


def show_bend(exact_model: Callable[[Tensor], Model], counts: Sequence[int] = (3, 5, 17)) -> None:
    """Show the true path to the first data, x - 1 against sigma, and what steps from sigma = 0.1 down make of it.

    exact_model   gives the exact model for levels [L]
    counts        how many levels there are from 10 to 0.001, an odd number, so that 0.1 is the middle one
    """
    (axis,) = panels(
        "The true path (green) and straight steps",
        [""],
        r"$\sigma$ (from right to left)",
        "$x - 1$",
        (6.4, 3.4),
        alternative="The green path comes down from the right in a straight line and levels off at 0.01. With 3 levels "
        "one long step ends far below it, at 0.002. With 5 levels there is a corner at sigma = 0.01, and the end is at "
        "0.006. With 17 levels the steps stay close to the path.",
    )
    line = torch.linspace(0, 0.05, 200)
    axis.plot(line, noisy_std(line), color=COLOURS["exact"], linewidth=3, label="true path")
    for count, colour in zip(counts, OTHER_COLOURS, strict=False):
        sigmas = noise_levels(count, 10.0, 0.001)[count // 2 :]
        path = sample_path(exact_model(sigmas), (MEAN + noisy_std(sigmas[:1])) / sigmas[0], sigmas)
        axis.plot(sigmas, path - MEAN, "o-", color=colour, label=f"{count} levels")
    axis.set(xlim=(0, 0.045), ylim=(0, 0.045))
    axis.legend(frameon=False, fontsize=9)


def show_posterior_means(
    model: Model, exact: Model, sigmas: Tensor, levels: Sequence[int], peaks: Tensor, std: float
) -> None:
    """Show E[y | x] of the learned and of the exact model at several levels, and below it where x mostly is."""
    axes = panels(
        r"The predicted clean $y$ for each noisy $x$",
        [rf"$\sigma$ = {sigmas[level]:.2g}" for level in levels],
        "noisy $x$",
        r"$\mathrm{E}[y \mid x]$",
        (7.2 / len(levels), 2.6),
        shared=False,
        alternative="Three curves that rise from about -1 to about 1, a thick orange one for the network and a dashed "
        "green one for the exact answer. In much noise the curve is a gentle slope through 0, in little noise a step "
        "from -1 to 1. There the network's step is less steep. At the largest noise it is off at the sides.",
    )
    for axis, level in zip(axes, levels, strict=True):
        sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
        reach = float(peaks.max() + 2.2 * (std**2 + sigma**2).sqrt())
        x, at = torch.linspace(-reach, reach, 301), torch.full((301,), level)
        with torch.no_grad():
            learned, truth = (x - sigma / gap * which(x, at) for which in (model, exact))
        density = peaks_density(x, sigma, peaks, std)
        axis.fill_between(x, -1.6, -1.6 + 0.6 * density / density.max(), color=COLOURS["noise"], alpha=0.4, linewidth=0)
        axis.plot(x, learned, color=COLOURS["learned"], linewidth=4, alpha=0.5, label="learned")
        axis.plot(x, truth, color=COLOURS["exact"], linestyle="--", label="exact")
        axis.set(ylim=(-1.6, 1.6), yticks=[-1, 0, 1])
    axes[0].legend(frameon=False, fontsize=9, loc="upper left")


def show_fork(learned: Tensor, exact: Tensor, sigmas: Tensor, peaks: Tensor, std: float, reach: float = 4.0) -> None:
    """Show paths (L, B) of the learned and of the exact model over the exact density, from noise (left) to data.

    At each noise level the fullest green is the highest density of that level.
    """
    (axis,) = panels(
        "From noise to two peaks: paths over the exact density",
        [""],
        r"noise level $\sigma$",
        "$x$",
        (7.2, 4.1),
        alternative="A wide green band narrows to the right and forks near sigma = 1 into two, which end at -1 and 1. "
        "Sixteen orange paths of the network come together, part at the fork and fill both branches. Most of them have "
        "a dashed path of the exact model nearly on top. One orange path ends between the branches.",
    )
    x = torch.linspace(-reach, reach, 400)
    fine = torch.logspace(math.log10(float(sigmas[0])), math.log10(float(sigmas[-1])), 240)
    density = peaks_density(x[:, None], fine, peaks, std)  # (places, levels)
    shade = (density / density.amax(dim=0) * 24).round() / 24  # fewer shades: a smaller file
    axis.pcolormesh(fine.numpy(), x.numpy(), 0.6 * shade.numpy(), cmap=transparent_map("exact"), vmin=0, vmax=1)
    axis.plot(sigmas, learned, color=COLOURS["learned"], linewidth=1.3)
    # without smooth edges the dashes take a third less bytes, and at twice the resolution nobody sees it
    axis.plot(sigmas, exact, color=COLOURS["exact"], linewidth=1.1, linestyle="--", antialiased=False)
    axis.plot([], [], color=COLOURS["learned"], label="learned paths")
    axis.plot([], [], color=COLOURS["exact"], linestyle="--", label="exact paths")
    axis.set(xscale="log", xlim=(float(sigmas[0]), float(sigmas[-1])), ylim=(-reach, reach))
    axis.set_xticks([10, 3, 1, 0.3, 0.1, 0.03], ["10", "3", "1", "0.3", "0.1", "0.03"])
    axis.legend(frameon=False, fontsize=9, loc="upper right")
