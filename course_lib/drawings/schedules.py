"""The drawings of chapter 03: rows of noised pictures, curves of schedules, and the bridge to chapter 01's levels."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.forward import q_sample
from course_lib.pictures.plots import (
    COLOURS,
    add_legend,
    as_picture,
    colours,
    draw_grid,
    image_grid,
    panels,
    side_by_side,
    with_text,
)
from course_lib.pictures.widgets import show_film, show_slider
from course_lib.reverse import p_sample_loop
from course_lib.sampling import nearest_images, optimal_denoiser_of_dataset
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod
from course_lib.types import BetaSchedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALPHA_BAR = r"$\bar\alpha_t$"
KINDS = {"tops": (0, 2, 4, 6), "dresses, trousers": (1, 3), "shoes": (5, 7, 9), "bags": (8,)}  # labels of classes
ROWS: tuple[BetaSchedule, ...] = ("quadratic", "linear", "sigmoid", "cosine")  # of the picture at the top


def noised(picture: Tensor, times: Sequence[int], noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """One picture (1, C, H, W) at each of the times, with the same noise: (len(times), C, H, W)."""
    t = torch.tensor(list(times))
    many = (len(t), -1, -1, -1)
    return q_sample(picture.expand(*many), t, noise.expand(*many), schedule)


def show_rows(rows: Mapping[str, Tensor], columns: Sequence[str], title: str, *, alternative: str) -> None:
    """Draw images (k, C, H, W) as rows with a name before each, and a name over each of the k columns."""
    side = min(1.7, 6.2 / len(columns))
    size = (side * len(columns) + 0.9, side * len(rows) + 0.65)
    (axis,) = panels(title, [""], "", "", size, alternative=alternative)
    picture = image_grid(torch.cat(list(rows.values())).clamp(-1, 1), columns=len(columns), scale=4, gap=2)
    draw_grid(axis, picture, columns, list(rows))
    axis.tick_params(labelsize=10)


def show_four_schedules(picture: Tensor, noise: Tensor, named: bool = False) -> None:
    """Draw a picture (1, C, H, W) under the four schedules of 1000 steps, at six times; rows are named or numbered."""
    times = [0, 199, 399, 599, 799, 999]
    rows = {
        (name if named else f"row {i}"): noised(picture, times, noise, NoiseSchedule.from_name(name, 1000))
        for i, name in enumerate(ROWS, 1)
    }
    names = "The rows are quadratic, linear, sigmoid and cosine. " if named else ""
    show_rows(
        rows,
        [f"t = {t}" for t in times],
        "One boot, four schedules, 1000 steps: compare how fast it fades",
        alternative=f"Four rows of a boot that fades into noise. {names}In row 2 it is hardly seen at t = 399 and gone "
        "at t = 599; in row 4 it fades most evenly; rows 1 and 3 lie between them.",
    )


def fading_frames(picture: Tensor, noise: Tensor, times: Sequence[int]) -> list[np.ndarray]:
    """A film of a picture (1, C, H, W) under the four schedules of 1000 steps, side by side; t is written above."""
    rows = [noised(picture, times, noise, NoiseSchedule.from_name(name, 1000)).clamp(-1, 1) for name in ROWS]
    frames = []
    for index, t in enumerate(times):
        four = image_grid(torch.stack([row[index] for row in rows]), columns=4, scale=5, gap=1)
        frames.append(with_text(_names_above(four), f"t = {t}"))
    return frames


def _names_above(four: np.ndarray) -> np.ndarray:
    """The four names, each above its quarter of a grey picture; in sixteen shades, so that films stay small."""
    few = np.round(four / 17).astype(np.uint8) * 17
    width = (few.shape[1] + 5) // 4
    quarters = [few[:, i * width : (i + 1) * width - 5] for i in range(4)]
    named = [with_text(quarter, name) for quarter, name in zip(quarters, ROWS, strict=True)]
    return side_by_side(*(np.pad(picture, ((0, 0), (0, 12), (0, 0))) for picture in named))


def show_fading(picture: Tensor, noise: Tensor) -> None:
    """Show `fading_frames` as a film."""
    alternative = "Four boots fade into noise: quadratic, linear, sigmoid, cosine. The linear one is gone first."
    show_film(fading_frames(picture, noise, range(0, 1000, 45)), alternative)


def show_by_length(curves: Mapping[str, Mapping[str, Tensor]], title: str, ylabel: str, *, alternative: str) -> None:
    """Draw for each length ("T = 1000") a panel with its curves [T] by the name of the schedule, over t."""
    size = (min(3.6, 7.2 / len(curves)) if len(curves) > 1 else 5.4, 3.0)
    axes = panels(title, list(curves), r"step $t$", ylabel, size, False, alternative=alternative)
    for axis, group in zip(axes, curves.values(), strict=True):
        for (schedule, curve), colour in zip(group.items(), colours(group), strict=True):
            axis.plot(curve, color=colour, label=schedule, linewidth=2)
        axis.title.set_fontsize(10)
    limits = [axis.get_ylim() for axis in axes]
    for axis in axes:
        axis.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    for axis in axes[1:]:
        axis.tick_params(labelleft=False)
    add_legend(axes[0])


def show_linear(curve: Tensor) -> None:
    """Draw alpha-bar [1000] of the linear schedule."""
    show_by_length(
        {"T = 1000": {"linear": curve}},
        "How much is left at a quarter, half and three quarters of the way?",
        ALPHA_BAR,
        alternative="alpha-bar of the linear schedule falls steeply from 1 to 0.52 at a quarter, 0.08 half way and "
        "almost 0 at three quarters of the way.",
    )


def show_full_length(curves: Mapping[str, Tensor]) -> None:
    """Draw alpha-bar [1000] of the four schedules, by name."""
    show_by_length(
        {"T = 1000": curves},
        "Your four schedules at full length: compare them half way",
        ALPHA_BAR,
        alternative="Four falling curves. Half way, linear is at 0.08, sigmoid at 0.30, quadratic at 0.33, and cosine "
        "at 0.49. The cosine is flat at both ends and steepest in the middle.",
    )


def show_both_lengths(full: Mapping[str, Tensor], short: Mapping[str, Tensor]) -> None:
    """Draw alpha-bar of the four schedules, by name, with 1000 steps and with 200."""
    show_by_length(
        {"T = 1000": full, "T = 200": short},
        "The same betas, two lengths: compare the right ends",
        ALPHA_BAR,
        alternative="Left, T = 1000: all four curves end near 0. Right, T = 200: the cosine looks the same as on the "
        "left and ends at 0; linear and sigmoid end at 0.13, quadratic at 0.24.",
    )


def show_log_snr(full: Mapping[str, Tensor], short: Mapping[str, Tensor]) -> None:
    """Draw log SNR of the four schedules, by name, with 1000 steps and with 200."""
    show_by_length(
        {"T = 1000": full, "T = 200": short},
        "The same schedules in log SNR: how low does each one get?",
        "log SNR",
        alternative="Left, T = 1000: linear and sigmoid end at -10, quadratic at -7, cosine at -20. Right, T = 200: "
        "linear, sigmoid and quadratic end between -1 and -2, and only cosine falls further, to -17.",
    )


def show_rescaled(curves: Mapping[str, Tensor]) -> None:
    """Draw alpha-bar [200] of the linear schedule, the same rescaled, and the cosine."""
    show_by_length(
        {"T = 200": curves},
        "The linear schedule before and after rescaling",
        ALPHA_BAR,
        alternative="Three falling curves. Linear ends at 0.13; rescaled starts with it and ends at 0, as the cosine.",
    )


def show_levels_and_steps(sigmas: Tensor, schedules: Mapping[str, NoiseSchedule], marks: Sequence[float]) -> None:
    """Draw sigma over chapter 01's levels and over the steps t of schedules, on one axis; `marks` join equal sigmas."""
    left, right = panels(
        "The same noise, counted from opposite ends",
        ["chapters 01 and 02: level i", "from here on: step t"],
        "",
        r"$\sigma$",
        (3.6, 3.2),
        shared=False,
        alternative="Two panels with one axis for sigma. On the left twenty dots fall from 10 at level 0 to 0.001 at "
        "level 19. On the right two curves rise from about 0.01 at t = 0 to 100 and more at t = 999. Dashed lines at "
        "sigma 3, 1 and 0.1 run through both.",
    )
    left.plot(sigmas, "o", color=COLOURS["noise"], markersize=4)
    left.set_xticks(range(0, len(sigmas), 3))
    left.set_xlabel("level $i$: 0 has the most noise")
    for (name, schedule), colour in zip(schedules.items(), colours(schedules), strict=True):
        right.plot(sigma_from_alphas_cumprod(schedule.alphas_cumprod), color=colour, label=name, linewidth=2)
    right.set_xlabel("step $t$: 0 has the least noise")
    add_legend(right)
    for axis in (left, right):
        axis.set(yscale="log", ylim=(7e-4, 400))
        for mark in marks:
            axis.axhline(mark, color=COLOURS["ink"], linewidth=1, linestyle="--")
    right.tick_params(labelleft=False)


def show_both_forms(old: Tensor, new: Tensor, sigmas: Sequence[float], times: Sequence[int]) -> None:
    """Draw pictures (k, C, H, W) in the form x_0 + sigma z, and below them the same as x_t, with their sigma and t."""
    show_rows(
        {r"$x_0 + \sigma z$": old, r"$x_t$": new},
        [rf"$\sigma$ = {sigma:.1f}, t = {t}" for sigma, t in zip(sigmas, times, strict=True)],
        "Compare the two rows, column by column",
        alternative="Two rows of a boot with three strengths of noise. In each column both rows show the same picture; "
        "the upper one has the stronger contrast.",
    )


def explorer_picture(timesteps: int, picture: Tensor, noise: Tensor) -> np.ndarray:
    """alpha-bar of linear and cosine with `timesteps` steps, and a picture (1, C, H, W) at the last step of each."""
    names: tuple[BetaSchedule, ...] = ("linear", "cosine")
    both = {name: NoiseSchedule.from_name(name, timesteps) for name in names}

    def draw(axis: "Axes") -> None:
        for name, schedule in both.items():
            axis.plot(schedule.alphas_cumprod, color=COLOURS[name], label=name, linewidth=2)
        axis.set(xlabel="step $t$", ylabel=r"$\bar\alpha_t$", xlim=(0, 1000), ylim=(0, 1.02))
        axis.set_title(f"T = {timesteps}", fontsize=10)
        add_legend(axis)

    ends = []
    for name, schedule in both.items():
        end = noised(picture, [timesteps - 1], noise, schedule)
        end_picture = with_text(image_grid(end, scale=6), f"{name}: {float(schedule.alphas_cumprod[-1]):.4f}")
        ends.append(np.pad(end_picture, ((0, 0), (12, 0), (0, 0))))
    return side_by_side(as_picture(draw, (3.6, 2.24)), *ends)


def show_explorer(picture: Tensor, noise: Tensor) -> None:
    """Show `explorer_picture` under a slider over the number of steps."""
    show_slider(
        draw=lambda timesteps: explorer_picture(timesteps, picture, noise),
        values=[50, 100, 200, 400, 700, 1000],
        label="T",
        still=explorer_picture(200, picture, noise),
        start=50,
        alternative="A slider over T, with alpha-bar of the linear and the cosine schedule and the boot at the last "
        "step of each. Run the cell to move it.",
    )


def perfect_samples(schedule: NoiseSchedule, dataset: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """What a perfect network draws from pure noise, (count, C, H, W), if `dataset` (N, C, H, W) is all that there is.

    The network is the exact optimal denoiser of chapter 10, the sampler that of chapter 05.
    """
    perfect = partial(optimal_denoiser_of_dataset, dataset=dataset, schedule=schedule)
    return p_sample_loop(perfect, (count, *dataset.shape[1:]), schedule, generator, predicts="start")


def show_grids(grids: Mapping[str, Tensor], title: str, columns: int = 4, *, alternative: str) -> None:
    """Draw for each name a grid of images (N, C, H, W), side by side, each `columns` wide."""
    rows = max(-(-len(images) // columns) for images in grids.values())
    width = 7.2 / len(grids)
    size = (width, (width - 0.2) * rows / columns + 0.6)
    axes = panels(title, list(grids), "", "", size, False, alternative=alternative)
    for axis, images in zip(axes, grids.values(), strict=True):
        axis.imshow(image_grid(images, columns=columns, scale=4, gap=1), cmap="gray", vmin=0, vmax=255)
        axis.axis("off")


def show_perfect(grids: Mapping[str, Tensor]) -> None:
    """Draw images of the data set, and what a perfect network draws under the linear and under the cosine schedule."""
    show_grids(
        grids,
        "The data, and what a perfect network draws from pure noise, T = 200",
        alternative="Three grids. The data: shoes, dresses, shirts, bags, dark and bright. Linear: nearly all are "
        "bags, coats and pullovers of a medium grey, several of them twice. Cosine: as varied as the data.",
    )


def kind_shares(samples: Tensor, dataset: Tensor, labels: Tensor) -> dict[str, float]:
    """Which shares of samples (N, C, H, W) are of the four KINDS; each has the label of its nearest in the dataset."""
    index, _ = nearest_images(samples, dataset, 1)
    found = labels[index[:, 0]]
    return {kind: float(torch.isin(found, torch.tensor(of)).double().mean()) for kind, of in KINDS.items()}


def show_kinds(shares: Mapping[str, Mapping[str, float]], samples: int) -> None:
    """Draw `kind_shares` of the data as bars, of "linear" and "cosine" as points with two standard errors each way."""
    (axis,) = panels(
        "Compare each pair of points with its bar (± 2 standard errors)",
        [""],
        "",
        "share of all images",
        (6.4, 2.8),
        alternative="Grey bars for tops, dresses and trousers, shoes, and bags in the data. The points of cosine lie "
        "at the bars. The points of linear do not: shoes are almost absent, and bags are several times too many.",
    )
    places = np.arange(len(KINDS))
    axis.bar(places, list(shares["data"].values()), 0.7, color=COLOURS["ink"], alpha=0.4, label="data")
    for shift, name in ((-0.13, "linear"), (0.13, "cosine")):
        points = np.array(list(shares[name].values()))
        error = 2 * (points * (1 - points) / samples) ** 0.5
        axis.errorbar(places + shift, points, error, fmt="o", color=COLOURS[name], capsize=4, label=name)
    axis.set_xticks(places, list(KINDS))
    axis.set_ylim(0, 0.9)
    axis.legend(frameon=False, fontsize=9, ncols=3, loc="upper left")


def show_brightness(groups: Mapping[str, Tensor]) -> None:
    """Draw histograms of the mean brightness of images (N, C, H, W), one above the other, on one axis."""
    (axis,) = panels(
        "Compare with the noise that sampling starts from",
        [""],
        r"mean brightness of a whole $x_T$",
        "density",
        (6.4, 3.0),
        alternative="Three histograms over the mean brightness of x_T. Noise and cosine are one narrow bell around 0. "
        "Linear is wide and lies mostly to the left of it, around -0.15.",
    )
    bins = np.linspace(-0.5, 0.3, 81).tolist()
    for (name, images), colour in zip(groups.items(), colours(groups), strict=True):
        values = images.mean(dim=(1, 2, 3)).numpy()
        if name == "noise":  # what the others are compared with: an outline, so that nothing hides it
            axis.hist(values, bins, density=True, color=colour, label=name, histtype="step", linewidth=2.5, zorder=3)
        else:
            axis.hist(values, bins, density=True, color=colour, label=name, alpha=0.55)
    add_legend(axis)
