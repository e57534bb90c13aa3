"""The drawings of chapter 04: broadcasting, steps against the leap, densities over time, two witnesses, films."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.forward import q_posterior, q_sample
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import (
    COLOURS,
    add_legend,
    as_picture,
    draw_grid,
    image_grid,
    panels,
    transparent_map,
    with_text,
)
from course_lib.pictures.widgets import show_film, show_slider
from course_lib.schedules import NoiseSchedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def bell(x: Tensor, mean: float, variance: float) -> Tensor:
    """The normal density at the points x."""
    return torch.exp(-((x - mean) ** 2) / (2 * variance)) / (2 * torch.pi * variance) ** 0.5


def show_broadcasting(wrong: Tensor, right: Tensor) -> None:
    """Draw two rows of pictures with values in [0, 1], (B, 1, H, W): what a number a picture does in two shapes."""
    columns = [f"picture {i}" for i in range(len(wrong))]
    title = "Four pictures times four numbers, in two shapes"
    alternative = (
        "Upper row, shape (B,): four equal pictures with vertical stripes from black to light grey. Lower row, "
        "shape (B, 1, 1, 1): four even pictures, from black to light grey."
    )
    (axis,) = panels(title, [""], "", "", (5.4, 2.9), alternative=alternative)
    large = (torch.cat([wrong, right]) * 2 - 1).repeat_interleave(12, dim=2).repeat_interleave(12, dim=3)
    grid = image_grid(large, columns=len(wrong), gap=4)
    draw_grid(axis, grid, columns, ["(B,)", "(B, 1, 1, 1)"])
    axis.tick_params(labelsize=9)


def show_steps_and_leap(by_steps: Mapping[int, Tensor], by_leap: Mapping[int, Tensor], schedule: NoiseSchedule) -> None:
    """Draw numbers that started at x_0 = 1, at some t: histograms of those that took all steps and of those that leapt.

    Over them, in green, the exact density of x_t.
    """
    names = [f"t = {t}" for t in by_steps]
    title = "Compare: many single steps, one leap, and the formula"
    alternative = (
        f"A panel for each of {', '.join(names)}. In each, the histogram of the steps, the outline of the leap and the "
        "green bell of the formula lie on each other. The bell moves from 1 towards 0 and becomes wider."
    )
    axes = panels(title, names, r"$x_t$", "density", (2.4, 2.6), shared=False, alternative=alternative)
    x = torch.linspace(-3, 3, 301)
    for axis, t in zip(axes, by_steps, strict=True):
        bins = np.linspace(-3, 3, 121 if t < 40 else 41).tolist()
        axis.hist(by_steps[t].numpy(), bins, density=True, color=COLOURS["data"], alpha=0.45, label="steps")
        leap = by_leap[t].numpy()
        axis.hist(leap, bins, density=True, color=COLOURS["learned"], label="leap", histtype="step", linewidth=1.5)
        left = float(schedule.alphas_cumprod[t])
        axis.plot(x, bell(x, left**0.5, 1 - left), color=COLOURS["exact"], label="exact")
        axis.set(xlim=(-3, 3))
    add_legend(axes[0])


def show_density_over_time(mixture: GaussianMixture, schedule: NoiseSchedule, paths: Tensor) -> None:
    """Shade the exact density of x_t over t and x, and draw over it paths (T, n) of single numbers."""
    title = "The exact density (shaded), and the paths of single numbers"
    alternative = (
        "Three narrow green bands at t = 0 widen, bend towards 0 and melt into one broad band at the end. Jagged blue "
        "lines start in the three bands, cross each other more and more, and end anywhere between -2 and 2."
    )
    (axis,) = panels(title, [""], r"step $t$", r"$x_t$", (7.2, 3.6), alternative=alternative)
    x = torch.linspace(-3, 3, 301)
    density = torch.stack([mixture.log_prob(x, t, schedule).exp() for t in range(schedule.timesteps)], dim=1)
    shade = (density / density.amax(dim=0)).sqrt()  # each t has its own scale: else nothing is seen but the start
    levels = np.linspace(0.04, 1, 13).tolist()  # bands of one colour make a file a fifth as large
    look = transparent_map("exact")
    axis.contourf(range(schedule.timesteps), x, shade, levels, cmap=look, vmin=0, vmax=1.5)
    axis.plot(paths, color="white", linewidth=2.2)  # a bright edge: blue on green reads badly without
    axis.plot(paths, color=COLOURS["data"], linewidth=1.1)
    axis.set(xlim=(-0.5, schedule.timesteps - 0.5), ylim=(-3, 3))


def show_densities(exact: Mapping[int, Tensor], samples: Mapping[int, Tensor], x: Tensor) -> None:
    """Draw, for some t, a histogram of samples of x_t, and over it their exact density at the points x."""
    alternative = (
        "Four histograms, each with a green curve that fits it: first three narrow bells, then three wider ones, then "
        "one broad hill, at last one standard bell."
    )
    names = [f"t = {t}" for t in exact]
    title = "Your samples, and the exact density"
    axes = panels(title, names, r"$x_t$", "density", (7.2 / len(names), 2.4), alternative=alternative)
    bins = np.linspace(float(x.min()), float(x.max()), 70).tolist()
    for axis, t in zip(axes, exact, strict=True):
        axis.hist(samples[t].numpy(), bins, density=True, color=COLOURS["data"], alpha=0.45, label="samples")
        axis.plot(x, exact[t], color=COLOURS["exact"], linewidth=2, label="exact")
    add_legend(axes[-1])


def witnesses_picture(step: int, x_start: float, x_t: Tensor, schedule: NoiseSchedule) -> np.ndarray:
    """What x_0 says about x_{t-1} (blue), what x_t says (grey), and both together (green): each bell 1 high.

    x_t    (T,), the numbers at each step
    """

    def draw(axis: "Axes") -> None:
        draw_witnesses(axis, step, x_start, float(x_t[step]), schedule)
        axis.set_title(f"t = {step}: where was $x_{{t-1}}$?", fontsize=11)
        axis.legend(frameon=False, fontsize=9, loc="upper left")

    return as_picture(draw, (7.0, 3.2))


def show_witnesses(x_start: float, x_t: Tensor, schedule: NoiseSchedule) -> None:
    """Show `witnesses_picture` under a slider over the steps."""
    show_slider(
        draw=lambda step: witnesses_picture(step, x_start, x_t, schedule),
        values=range(schedule.timesteps),
        label="t",
        still=witnesses_picture(2 * schedule.timesteps // 5, x_start, x_t, schedule),
        start=schedule.timesteps - 1,
        alternative="A slider over t with three bells over x_{t-1}: what x_0 says (blue), what x_t says (grey), and "
        "both together (green). Run the cell to move it.",
    )


def draw_witnesses(axis: "Axes", step: int, x_start: float, x_t: float, schedule: NoiseSchedule) -> None:
    """Draw the two bells and their product on an axis, see `witnesses_picture`; x_0 and x_t as marks below."""
    x = torch.linspace(-2.6, 2.6, 1041)
    before, alpha = float(schedule.alphas_cumprod_prev[step]), float(schedule.alphas[step])
    start, here, t = torch.tensor([x_start]), torch.tensor([x_t]), torch.tensor([step])
    mean, variance = q_posterior(start, here, t, schedule)
    bells = {
        "$x_0$ says": ("data", before**0.5 * x_start, 1 - before),
        "$x_t$ says": ("noise", x_t / alpha**0.5, (1 - alpha) / alpha),
        "both together": ("exact", float(mean), float(variance)),
    }
    for name, (colour, middle, width) in bells.items():
        if width < 1e-9:  # somebody who is certain
            axis.vlines(middle, 0, 1, color=COLOURS[colour], linewidth=3, label=name)
            continue
        curve = torch.exp(-((x - middle) ** 2) / (2 * width))
        axis.plot(x, curve, color=COLOURS[colour], label=name, linewidth=2.5 if colour == "exact" else 1.5)
        axis.fill_between(x, curve, color=COLOURS[colour], alpha=0.3 if colour == "exact" else 0.12, linewidth=0)
    axis.plot(x_start, -0.06, "^", color=COLOURS["data"], clip_on=False)
    axis.plot(x_t, -0.06, "^", color=COLOURS["noise"])
    axis.set(xlim=(-2.6, 2.6), ylim=(-0.1, 1.08), yticks=[], xlabel="$x_{t-1}$ (triangles: $x_0$ blue, $x_t$ grey)")
    axis.spines["left"].set_visible(False)


def show_posterior_check(kept: Mapping[int, Tensor], exact: Mapping[int, tuple[float, float]]) -> None:
    """Draw, for some t, a histogram of the x_{t-1} that were kept, and over it the exact (mean, variance) as a bell."""
    names = [f"t = {t}: {len(values):,} kept" for t, values in kept.items()]
    title = "Your formula (green) over the numbers that were kept"
    alternative = "Histograms of the numbers that were kept. In each the green bell of the formula fits the histogram."
    axes = panels(title, names, "$x_{t-1}$", "density", (2.4, 2.6), shared=False, alternative=alternative)
    for axis, t in zip(axes, kept, strict=True):
        mean, variance = exact[t]
        x = torch.linspace(mean - 4 * variance**0.5, mean + 4 * variance**0.5, 201)
        axis.hist(kept[t].numpy(), x[::8].tolist(), density=True, color=COLOURS["data"], alpha=0.45, label="kept")
        axis.plot(x, bell(x, mean, variance), color=COLOURS["exact"], linewidth=2, label="posterior")
        axis.set_yticks([])
    add_legend(axes[0])


def show_weights(schedule: NoiseSchedule) -> None:
    """Draw the weights of x_0 and of x_t in the posterior's mean, over t, and its variance as a share of beta_t."""
    left, right = panels(
        "Which end has the larger weight, and how much doubt is left?",
        ["weights in the mean", r"variance, as a share of $\beta_t$"],
        r"step $t$",
        "",
        (3.6, 2.9),
        alternative="Left, the weight of x_0 is 1 at t = 0 and falls to almost 0 within 20 steps; the weight of x_t "
        "does the opposite, and falls at the very end. Right, the variance is 0 at t = 0 and soon almost beta.",
    )
    left.plot(schedule.posterior_mean_coef1, color=COLOURS["data"], label="$x_0$", linewidth=2)
    left.plot(schedule.posterior_mean_coef2, color=COLOURS["noise"], label="$x_t$", linewidth=2)
    right.plot(schedule.posterior_variance / schedule.betas, color=COLOURS["exact"], linewidth=2)
    left.set_ylim(-0.03, 1.05)
    add_legend(left)


def film_frames(states: Sequence[Tensor], names: Sequence[str], columns: int) -> list[np.ndarray]:
    """Frames of images (N, C, H, W) in a grid with `columns`, with a line of text above each; in sixteen shades."""
    frames = []
    for state, name in zip(states, names, strict=True):
        grid = image_grid(state.clamp(-1, 1), columns=columns, scale=4, gap=1)
        few = np.round(grid / 17).astype(np.uint8) * 17  # noise in all shades would make the file four times as large
        frames.append(with_text(few, name))
    return frames


def show_garments_fade(garments: Tensor, schedule: NoiseSchedule, generator: torch.Generator) -> None:
    """Show a film of garments (10, C, H, W) that turn into noise."""
    noise = torch.randn(garments.shape, generator=generator)
    steps = range(0, schedule.timesteps, schedule.timesteps // 20)
    states = [q_sample(garments, torch.full((len(garments),), t), noise, schedule) for t in steps]
    frames = film_frames(states, [f"t = {t}" for t in steps], columns=5)
    show_film(frames, "Ten garments in two rows turn into noise; large bright ones can be told longest.")


def show_there_and_back(there: Mapping[int, Tensor], back: Mapping[int, Tensor]) -> None:
    """Show a film of garments, by t, on their way to noise and then on their way back."""
    names = [f"there: t = {t}" for t in there] + [f"back: t = {t}" for t in back]
    frames = film_frames([*there.values(), *back.values()], names, columns=5)
    alternative = (
        "Five garments turn into noise. Out of the same noise come five others: each ends as the garment that was "
        "handed to q_posterior as x_0."
    )
    show_film(frames, alternative, seconds=6)
