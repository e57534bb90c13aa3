"""The drawings of chapter 07: what each block sees, gains and costs."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from course_lib.blocks import Attention
from course_lib.experiments import ablation
from course_lib.pictures.plots import (
    COLOURS,
    WIDEST,
    add_legend,
    colours,
    draw_grid,
    image_grid,
    panels,
    transparent_map,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch


def show_rows(rows: Mapping[str, Tensor], title: str, columns: Sequence[str] = (), *, alternative: str) -> None:
    """Draw rows of images, each (N, 1, H, W), with its name before it; `columns` are the names above."""
    count = len(next(iter(rows.values())))
    size = (min(WIDEST, 0.75 * count + 1.4), 0.75 * len(rows) + (0.7 if columns else 0.45))
    (axis,) = panels(title, [""], "", "", size, alternative=alternative)
    draw_grid(axis, image_grid(torch.cat(list(rows.values())), count, scale=3, gap=1), columns, list(rows))
    axis.tick_params(labelsize=9)


def show_layouts(pictures: Mapping[str, Tensor], title: str, *, alternative: str) -> None:
    """Draw grey pictures (H, W, 1), two in a row, each under the einops pattern that made it."""
    axes = panels(title, list(pictures), "", "", (3.6, 1.2), False, alternative=alternative, columns=2)
    for axis, picture in zip(axes, pictures.values(), strict=True):
        axis.imshow(picture, cmap="gray")
        axis.axis("off")


# Time


def show_clocks(embed: nn.Module, steps: Sequence[int], title: str, *, alternative: str) -> None:
    """Draw an embedding of 32 numbers as clocks, a row for each t: a hand's tip has a sine and a cosine as coordinates.

    Every other clock from the fastest on; above each stands how many steps it needs for one turn.
    """
    places = [0, 2, 4, 6, 8]
    waves = embed(torch.tensor(steps))  # (t, 32)
    (axis,) = panels(title, [""], "", "", (6.4, 0.8 * len(steps) + 0.9), alternative=alternative)
    for row, (t, numbers) in enumerate(zip(steps, waves, strict=True)):
        axis.text(-0.9, -row, f"$t = {t}$", ha="right", va="center", fontsize=11)
        for column, k in enumerate(places):
            sine, cosine = float(numbers[k]), float(numbers[16 + k])
            axis.add_patch(_circle((1.3 * column, -row), 0.42))
            hand = {"head_width": 0.09, "length_includes_head": True, "color": COLOURS["exact"], "linewidth": 1.5}
            axis.arrow(1.3 * column, -row, 0.4 * sine, 0.4 * cosine, **hand)
    for column, k in enumerate(places):
        steps_for_a_turn = 2 * math.pi * 10_000 ** (k / 15)
        axis.text(1.3 * column, 0.55, f"a turn in\n{steps_for_a_turn:.0f} steps", ha="center", va="bottom", fontsize=9)
    axis.set(xlim=(-2.1, 5.8), ylim=(0.5 - len(steps), 1.0), aspect="equal")
    axis.axis("off")


def _circle(centre: tuple[float, float], radius: float) -> "Patch":
    from matplotlib.patches import Circle

    return Circle(centre, radius, fill=False, edgecolor=COLOURS["ink"], linewidth=1.2)


def show_embedding(waves: Tensor, alike: Tensor, at: int, title: str, *, alternative: str) -> None:
    """Draw an embedding (t, k) as a heat map, and beside it how alike its row `at` is to each other one, (t,)."""
    names = ["32 numbers for each $t$", f"similarity to $t = {at}$"]
    left, right = panels(title, names, "", "", (3.6, 3.0), False, alternative=alternative)
    picture = left.imshow(waves, aspect="auto", cmap="PuOr", vmin=-1, vmax=1, interpolation="nearest")
    left.figure.colorbar(picture, ax=left, label="")
    left.set(xlabel="number", ylabel="$t$")
    right.plot(alike, color=COLOURS["exact"])
    right.set(xlabel="$t$", ylabel="cosine of the angle")


# Depth


def show_gradients(left: Mapping[str, Tensor], title: str, *, alternative: str) -> None:
    """Draw how much of the gradient is left at each block, (seeds, blocks + 1): the mean, and from lowest to highest.

    A name with a comma is a variant of the name before the comma: same colour, dashed. The limits are always the same.
    """
    names = ("block (the loss is behind block 12)", "gradient, block 12 = 1")
    (axis,) = panels(title, [""], *names, (6.4, 3.4), alternative=alternative)
    first = [name for name in left if "," not in name]
    shades = dict(zip(first, colours(first), strict=True))
    for name, runs in left.items():
        style = "--" if "," in name else "-"
        _draw_range(axis, torch.arange(runs.shape[1]), runs, name, shades[name.partition(",")[0]], style)
    axis.set(yscale="log", ylim=(1e-15, 1e4), xticks=range(0, 13, 2))
    add_legend(axis)


def _draw_range(axis: "Axes", x: Tensor, runs: Tensor, name: str, colour: str, style: str = "-") -> None:
    """The geometric mean of runs (seeds, n) over x as a line, and what lies between the lowest and the highest."""
    axis.plot(x, runs.log().mean(0).exp(), color=colour, label=name, linewidth=2, linestyle=style)
    axis.fill_between(x, runs.amin(0), runs.amax(0), color=colour, alpha=0.3, linewidth=0)


# The ablation


def show_errors(names: Sequence[str], title: str, *, alternative: str) -> None:
    """Draw the final errors of these networks of the ablation, a dot for each seed, in units of the plain network's.

    The limits are always the same.
    """
    log = ablation.read_log()
    heads = ["low $t$", "middle $t$", "high $t$"]
    size = (WIDEST / 3, 0.33 * len(names) + 1.1)
    axes = panels(title, heads, "error, plain = 1", "", size, alternative=alternative)
    for axis, third in zip(axes, ablation.THIRDS, strict=True):
        plain = [line[f"loss_{third}"] for line in ablation.final(log["plain"])]
        axis.axvline(1, color=COLOURS["noise"], linewidth=1)
        for place, name in enumerate(names):
            errors = [line[f"loss_{third}"] * len(plain) / sum(plain) for line in ablation.final(log[name])]
            axis.plot(errors, [place] * len(errors), "o", color=COLOURS["learned"], markersize=5, alpha=0.7)
        axis.set(xscale="log", xlim=(0.25, 4), xticks=(0.3, 0.5, 1, 2, 3), xticklabels=("0.3", "0.5", "1", "2", "3"))
        axis.minorticks_off()
        axis.grid(axis="y", color=COLOURS["ink"], alpha=0.25)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)


def show_learning(names: Sequence[str], title: str, *, alternative: str) -> None:
    """Draw the held-out error of these networks while they train: the mean of the seeds, and their range."""
    log = ablation.read_log()
    labels = ("training step", "squared error, all $t$")
    (axis,) = panels(title, [""], *labels, (6.4, 3.0), alternative=alternative)
    for name, colour in zip(names, colours(names), strict=True):
        seeds = sorted({line["seed"] for line in log[name]})
        runs = torch.tensor([[line["loss"] for line in log[name] if line["seed"] == seed] for seed in seeds])
        _draw_range(axis, torch.tensor([line["step"] for line in log[name] if line["seed"] == 0]), runs, name, colour)
    axis.set(yscale="log", yticks=(0.1, 0.2, 0.5, 1), yticklabels=("0.1", "0.2", "0.5", "1"))
    axis.minorticks_off()
    add_legend(axis)


# Down and up


def show_counts(counts: Mapping[str, Tensor], title: str, *, alternative: str) -> None:
    """Write whole numbers (H, W) into squares, the larger the darker."""
    axes = panels(title, list(counts), "", "", (2.4, 2.6), False, alternative=alternative)
    for axis, numbers in zip(axes, counts.values(), strict=True):
        axis.imshow(numbers, cmap=transparent_map("learned"), vmin=0, vmax=4 * float(numbers.max()))
        for (row, column), number in np.ndenumerate(numbers.numpy()):
            axis.text(column, row, f"{number:.0f}", ha="center", va="center", fontsize=12)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)


def show_views(views: Mapping[str, Tensor], title: str, *, alternative: str) -> None:
    """Draw shares (H, W) between 0 and 1: how much of what one pixel sees comes from each pixel of the input."""
    axes = panels(title, list(views), "column", "row", (2.9, 2.9), alternative=alternative)
    for axis, shares in zip(axes, views.values(), strict=True):
        axis.imshow(shares, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")


# Attention


@torch.no_grad()
def attention_weights(model: nn.Module, x_t: Tensor, t: Tensor) -> Tensor:
    """With which weights the last attention layer of `model` looks: (B, queries, keys), the mean of its heads."""
    layer = [module for module in model.modules() if isinstance(module, Attention)][-1]
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    try:
        model(x_t, t)
    finally:
        hook.remove()
    pattern = "b (three heads d) h w -> three b heads (h w) d"
    q, k, _ = rearrange(layer.to_qkv(seen[0]), pattern, three=3, heads=layer.heads)
    scores = torch.einsum("b h i d, b h j d -> b h i j", q, k) * layer.scale
    return scores.softmax(dim=-1).mean(dim=1)


def show_attention(
    images: Tensor, weights: Tensor, places: Sequence[tuple[int, int]], title: str, *, alternative: str
) -> None:
    """Mark on each image (B, 1, H, W) the place (row, column) that looks, and in orange where it looks to.

    `weights` (B, n, n) are of a map with n = side x side places.
    """
    side = math.isqrt(weights.shape[1])
    cell = images.shape[-1] / side
    names = [""] * len(images)
    axes = panels(title, names, "", "", (WIDEST / 4, WIDEST / 4), False, alternative=alternative, columns=4)
    edges = (-0.5, images.shape[-1] - 0.5, images.shape[-1] - 0.5, -0.5)
    for axis, image, from_here, (row, column) in zip(axes, images, weights, places, strict=True):
        looks = from_here[row * side + column].reshape(side, side).cpu()
        axis.imshow(image_grid(image[None]), cmap="gray", vmin=0, vmax=400)
        axis.imshow(looks, cmap=transparent_map("learned"), vmin=0, extent=edges, interpolation="bicubic")
        corner = (column * cell - 0.5, row * cell - 0.5)
        axis.add_patch(_square(corner, cell))
        axis.axis("off")


def _square(corner: tuple[float, float], side: float) -> "Patch":
    from matplotlib.patches import Rectangle

    return Rectangle(corner, side, side, fill=False, edgecolor=COLOURS["rescaled"], linewidth=2)


def show_times(sides: Sequence[int], times: Mapping[str, Sequence[float]], title: str, *, alternative: str) -> None:
    """Draw milliseconds over the side of the picture, both in powers."""
    (axis,) = panels(title, [""], "pixels on a side", "milliseconds", (6.4, 3.0), alternative=alternative)
    for (name, values), colour in zip(times.items(), colours(times), strict=True):
        axis.plot(sides, values, "o-", color=colour, label=name)
    axis.set(xscale="log", yscale="log", xticks=sides, xticklabels=sides)
    axis.minorticks_off()
    add_legend(axis)
