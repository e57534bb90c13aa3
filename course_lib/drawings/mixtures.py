"""What chapter 02 draws: points, densities and arrows in the plane, and the scores of a sampler."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.pictures import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Field = Callable[[Tensor, float], Tensor]
"""(places, sigma) -> what is there: log p (n,), or arrows (n, 2)."""

FIRST, SECOND = r"$x_1$", r"$x_2$"
MODES = (r"$(1, 1)$", r"$(-1, 1)$", r"$(-1, -1)$", r"$(1, -1)$")
MODE_COLOURS = (*plots.OTHER_COLOURS[:3], "#8C6BD8")


def _at(field: Field, sigma: float) -> Callable[[Tensor], Tensor]:
    return lambda x: field(x, sigma)


def _draw_bands(axis: "Axes", log_prob: Field, sigma: float, limit: float) -> None:
    """A density in five shades of green, up to its own largest value: few shades make small pictures and films."""
    ticks = torch.linspace(-limit, limit, 121)
    density = log_prob(torch.cartesian_prod(ticks, ticks), sigma).exp().reshape(121, 121).T
    edges = (torch.arange(6) / 5 * 1.001 * density.max()).tolist()
    shades = [plots.transparent_map("exact")(k / 5) for k in range(5)]
    axis.contourf(ticks, ticks, density, levels=edges, colors=shades, antialiased=False)


def show_noised(data: Tensor, sigmas: Sequence[float], generator: torch.Generator) -> None:
    """Points (n, 2) with more and more noise, a panel for each sigma, all on the same axes."""
    axes = plots.panels(
        "The same points with more and more noise",
        [rf"$\sigma = {sigma:g}$" for sigma in sigmas],
        FIRST,
        SECOND,
        (1.85, 2.3),
        alternative="Four panels of blue points. Without noise: four dots at the corners of a square. Then four round "
        "clouds, then clouds that overlap, and at sigma = 2 a single cloud without any trace of four.",
    )
    for axis, sigma in zip(axes, sigmas, strict=True):
        noise = torch.randn(data.shape, generator=generator)
        plots.draw_points(axis, data + sigma * noise, "data", limit=4)
        axis.set(xticks=[-3, 0, 3], yticks=[-3, 0, 3])


def show_densities(log_prob: Field, sigmas: Sequence[float]) -> None:
    """The density at each sigma as a green map, each panel up to its own largest value."""
    axes = plots.panels(
        "Your density, at three noise levels",
        [rf"$\sigma = {sigma:g}$" for sigma in sigmas],
        FIRST,
        SECOND,
        (2.4, 2.7),
        alternative="Three green maps. Left four spots, the upper right one darkest and the lower right one palest. "
        "In the middle they run together. Right one wide spot, a little above the middle.",
    )
    for axis, sigma in zip(axes, sigmas, strict=True):
        _draw_bands(axis, log_prob, sigma, 3.0)
        axis.set_aspect("equal")


def show_fields(score: Field, log_prob: Field, views: Mapping[float, float]) -> None:
    """The arrows of the score over the density: a panel for each sigma, with axes up to its limit."""
    axes = plots.panels(
        "Your arrows over your density (mind the axes)",
        [rf"$\sigma = {sigma:g}$" for sigma in views],
        FIRST,
        SECOND,
        (2.45, 2.8),
        shared=False,
        alternative="Three fields of grey arrows over green maps. Left, at sigma = 5, all arrows point to one place "
        "near the middle. In the middle they bend. Right, at sigma = 0.3, the plane has four regions, and in each the "
        "arrows point to its own mode.",
    )
    for axis, (sigma, limit) in zip(axes, views.items(), strict=True):
        _draw_bands(axis, log_prob, sigma, 1.1 * limit)
        plots.draw_arrows(axis, _at(score, sigma), "ink", limit=limit, count=9)


def flow_frames(
    states: Tensor, sigmas: Tensor, score: Field, log_prob: Field, limit: float = 2.2, tail: int = 5
) -> list[np.ndarray]:
    """A film of points that drift along the arrows, a frame for each level: states (L, n, 2), sigmas (L,).

    The density is a green map, and each point has the colour of the quadrant where it ends and a tail of its
    last states.
    """
    from matplotlib.collections import LineCollection

    colours = [MODE_COLOURS[k] for k in quadrants(states[-1]).tolist()]
    places = torch.cartesian_prod(*[torch.linspace(-0.9 * limit, 0.9 * limit, 10)] * 2)

    def frame(level: int) -> np.ndarray:
        sigma = float(sigmas[level])
        arrows = torch.nn.functional.normalize(score(places, sigma), dim=1) * limit / 8
        path = states[max(level - tail, 0) : level + 1].transpose(0, 1).numpy()  # (n, steps, 2)

        def draw(axis: "Axes") -> None:
            _draw_bands(axis, log_prob, sigma, limit)
            axis.quiver(
                *places.T,
                *arrows.T,
                color=plots.COLOURS["ink"],
                angles="xy",
                scale_units="xy",
                scale=1,
                width=0.0035,
                antialiased=False,
            )
            axis.add_collection(LineCollection(list(path[::6]), colors=colours[::6], linewidths=0.9, antialiased=False))
            axis.scatter(
                states[level][:, 0], states[level][:, 1], s=12, c=colours, linewidths=0, zorder=3, antialiased=False
            )
            axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[-1, 1], yticks=[-1, 1])
            axis.spines[:].set_visible(False)
            axis.set_title(rf"$\sigma = {sigma:.2f}$", fontsize=13)

        return _few_alphas(plots.as_picture(draw, (4.8, 5.0)))

    return [frame(level) for level in range(len(states))]


def _few_alphas(picture: np.ndarray) -> np.ndarray:
    """The picture with six steps of transparency: a film stores them without loss, so each costs room."""
    picture = picture.copy()
    picture[..., 3] = (picture[..., 3] / 51).round() * 51
    picture[picture[..., 3] == 0] = 0
    return picture


def quadrants(points: Tensor) -> Tensor:
    """The number of the quadrant of each point, in the order of MODES: (n, 2) -> (n,) long."""
    right, up = points[:, 0] > 0, points[:, 1] > 0
    return torch.where(up, torch.where(right, 0, 1), torch.where(right, 3, 2))


def show_origins(origins: Tensor, x: Tensor, mean: Tensor) -> None:
    """Where the points that landed near x came from: origins (n, 2), x and the mean E[y | x], (2,) each."""
    (axis,) = plots.panels(
        "Where did the points that landed near x come from?",
        [""],
        FIRST,
        SECOND,
        (6.2, 3.6),
        alternative="Blue clean points at all four modes, most of them at the upper right. A grey ring marks the noisy "
        "x = (0.3, 0.1) near the middle. A green cross marks the mean of the clean points, between the modes where "
        "no point lies, and it stands where the formula says.",
    )
    plots.draw_points(axis, origins, "data", limit=1.7, size=5)
    axis.plot(*x, "o", markersize=11, markerfacecolor="none", color=plots.COLOURS["noise"], label="$x$, noisy")
    axis.plot(*origins.mean(dim=0), "+", markersize=15, color=plots.COLOURS["data"], label="their mean, counted")
    axis.plot(*mean, "x", markersize=10, color=plots.COLOURS["exact"], label="$E[y | x]$, your formula")
    shares = quadrants(origins).bincount(minlength=4) / len(origins)
    for share, (right, up) in zip(shares, ((1, 1), (-1, 1), (-1, -1), (1, -1)), strict=True):
        axis.text(1.0 * right, 1.35 * up, f"{share:.0%}", ha="center", va="center", color=plots.COLOURS["data"])
    axis.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))


def both_ways_frames(data: Tensor, noise: Tensor, states: Sequence[Tensor], sigmas: Tensor) -> list[np.ndarray]:
    """A film: on the left data drown in noise, on the right samples come out of it; data, noise and states (n, 2).

    The axes zoom with the noise, so that a cloud always fits.
    """
    last = len(sigmas) - 1
    levels = [0, *range(7, last, 4), last]

    def frame(up: int, down: int) -> np.ndarray:
        def draw(figure: "Figure") -> None:
            for axis, points, level, colour, title in zip(
                figure.subplots(1, 2),
                (data + sigmas[up] * noise, states[down]),
                (up, down),
                ("data", "learned"),
                ("noising", "denoising"),
                strict=True,
            ):
                limit = 2.0 * math.sqrt(1 + float(sigmas[level]) ** 2)
                plots.draw_points(axis, points, colour, limit=limit, size=7)
                axis.set_title(rf"{title}, $\sigma = {float(sigmas[level]):.2f}$", fontsize=9)
                axis.tick_params(labelsize=9)
                axis.locator_params(nbins=4)
                axis.spines[["top", "right"]].set_visible(False)

        return plots.figure_picture(draw, (5.0, 2.8))

    return [frame(up, down) for up, down in zip(reversed(levels), levels, strict=True)]


def show_loss(best: Tensor, excess: Tensor, sigmas: Tensor) -> None:
    """The network's loss by noise level beside the best possible one, (L-1,) each, and the difference as bars."""
    left, right = plots.panels(
        "Test 1: the network's loss beside the best possible one",
        ["loss", "excess of the network"],
        r"$\sigma$",
        "loss in units of the gap",
        (3.6, 2.8),
        shared=False,
        alternative="Left, orange dots lie on a green curve. It is near 0 for much noise, has a bump near sigma = 1, "
        "and rises towards 1 for little noise. Right, the differences as orange bars, a hundredth at most.",
    )
    left.semilogx(sigmas[:-1], best, color=plots.COLOURS["exact"], label="best possible")
    left.semilogx(sigmas[:-1], best + excess, ".", color=plots.COLOURS["learned"], label="learned")
    right.bar(sigmas[:-1], excess, width=0.12 * sigmas[:-1], color=plots.COLOURS["learned"])
    right.set_xscale("log")
    for axis in (left, right):
        axis.invert_xaxis()
    plots.add_legend(left)


def show_z_scores(z_scores: Mapping[str, Tensor], titles: Mapping[str, str]) -> None:
    """How many standard errors the share of each mode is off: (seeds, 4) for each name; 2 either way are shaded."""
    (axis,) = plots.panels(
        "Test 2: how far are the shares from the weights? (10,000 points, three seeds)",
        [""],
        "mode and its weight",
        "standard errors",
        (6.8, 3.3),
        alternative="For each mode dots for three seeds. Blue dots (real data) and green dots (exact arrows) nearly "
        "all lie in the grey band within 2 standard errors. Several orange dots (network) lie outside it. At most "
        "modes they lie on the same side of 0 for all three seeds.",
    )
    axis.axhspan(-2, 2, color=plots.COLOURS["noise"], alpha=0.2, linewidth=0)
    axis.axhline(0, color=plots.COLOURS["ink"], linewidth=0.8)
    for column, (name, values) in enumerate(z_scores.items()):
        places = torch.arange(values.shape[1]) + 0.22 * (column - 1)
        places = places + 0.05 * (torch.arange(len(values))[:, None] - 1)  # (seeds, 4)
        axis.plot(places, values, "o", color=plots.COLOURS[name], markersize=5)
        axis.plot([], [], "o", color=plots.COLOURS[name], label=titles[name])
    axis.set_xticks(range(4), [f"{mode}: {w}" for mode, w in zip(MODES, (0.4, 0.3, 0.2, 0.1), strict=True)])
    axis.legend(frameon=False, fontsize=9, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.22))


def show_distances(distances: Mapping[str, Tensor], titles: Mapping[str, str], floor: float) -> None:
    """Energy distances to real data, a row of dots for each name, and the floor as a band."""
    (axis,) = plots.panels(
        "Test 3: energy distances to real data, 2,000 points a time",
        [""],
        "energy distance, in thousandths",
        "",
        (6.8, 2.3),
        alternative="Three rows of five dots: blue for real data, green for the exact arrows, orange for the network. "
        "A grey band reaches one floor either way. Most dots of all three rows lie in or near the band; the "
        "row of the network reaches farthest to the right.",
    )
    axis.axvspan(-1000 * floor, 1000 * floor, color=plots.COLOURS["noise"], alpha=0.2, linewidth=0)
    axis.axvline(0, color=plots.COLOURS["ink"], linewidth=0.8)
    for row, (name, values) in enumerate(distances.items()):
        axis.plot(1000 * values, [row] * len(values), "o", color=plots.COLOURS[name], alpha=0.7)
    axis.set(ylim=(len(distances) - 0.5, -0.5), yticks=range(len(distances)))
    axis.set_yticklabels([titles[name] for name in distances])


def show_starts(starts: Sequence[float], shares: Mapping[str, Tensor], weights: Tensor) -> None:
    """The share of each mode against the sigma at which the sampler starts: shares (starts, K) for each name."""
    axes = plots.panels(
        "Exact arrows, but where does the sampler start?",
        list(shares),
        r"$\sigma$ at the start",
        "share of the samples",
        (3.7, 3.5),
        alternative="Two panels with a curve for each mode, and dotted lines at the true weights. Left, the curves "
        "start between 0.19 and 0.29 and part until each reaches its line at about 10. Right, the curve of the rarest "
        "mode lies at 0 up to sigma = 1 and comes near its line only at about 10.",
    )
    axes[0].set_ylim(-0.02, 0.45)
    for axis, curves in zip(axes, shares.values(), strict=True):
        for k, colour in enumerate(MODE_COLOURS):
            axis.semilogx(starts, curves[:, k], "o-", color=colour, label=f"weight {float(weights[k]):.1f}")
            axis.axhline(float(weights[k]), color=colour, linestyle=":")
    figure = axes[0].figure
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, fontsize=9, loc="outside lower center", ncols=4)


def show_paths(paths: Mapping[str, Tensor], means: Tensor) -> None:
    """The paths of points from noise to data, (L, n, 2) for each name, and where the modes are, (K, 2)."""
    axes = plots.panels(
        "Twenty points on their way (grey: start, blue: modes)",
        list(paths),
        FIRST,
        SECOND,
        (3.6, 3.7),
        alternative="Left, grey starts huddle in the middle, and short green paths lead to the three near modes; "
        "the fourth, at the lower right, stands alone. Right, long green paths come from all sides, and some end at "
        "each of the four modes.",
    )
    for axis, path in zip(axes, paths.values(), strict=True):
        axis.plot(*path.permute(2, 0, 1), color=plots.COLOURS["exact"], linewidth=0.8)
        plots.draw_points(axis, path[0], "noise", limit=6, size=16)
        plots.draw_points(axis, means, "data", limit=6, size=50)


def show_off_the_data(noisy: Tensor, start: Tensor, samples: Tensor) -> None:
    """Left the noisy training data and the sampler's start, right the samples, (n, 2) each."""
    left, right = plots.panels(
        "Where the network was trained, where it starts, and where it ends",
        [r"training data (blue) and starts (grey) at $\sigma = 0.3$", "samples of the network"],
        FIRST,
        SECOND,
        (3.6, 3.7),
        alternative="Left, four blue clouds, one of them far out at the lower right, and in the middle, where there is "
        "hardly any blue, a grey cloud of starts. Right, orange samples at three modes and on bridges between them, "
        "and none at the lower right.",
    )
    plots.draw_points(left, noisy, "data", limit=5)
    plots.draw_points(left, start, "noise", limit=5)
    plots.draw_points(right, samples, "learned", limit=5)


def show_clouds(clouds: Mapping[str, tuple[Tensor, str]], title: str, columns: int, *, alternative: str) -> None:
    """Sets of points, (n, 2) and a name of COLOURS for each title, large and without axes."""
    side = plots.WIDEST / columns
    axes = plots.panels(title, list(clouds), "", "", (side, side + 0.15), alternative=alternative, columns=columns)
    for axis, (points, colour) in zip(axes, clouds.values(), strict=True):
        # without transparency and soft edges: such a picture takes half the room
        axis.scatter(points[:, 0], points[:, 1], s=3, color=plots.COLOURS[colour], linewidths=0, antialiased=False)
        axis.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
