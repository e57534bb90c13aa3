"""Drawing: one look, one colour for one thing, throughout the course."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from course_lib.images import to_uint8
from course_lib.pictures.saving import PictureError, check_picture_place, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which colour-blind readers can tell apart. One thing has one colour in every chapter.
COLOURS = {
    "data": "#0072B2",
    "noise": "#999999",
    "learned": "#D55E00",
    "exact": "#009E73",
    "linear": "#0072B2",
    "quadratic": "#CC79A7",
    "cosine": "#009E73",
    "sigmoid": "#E69F00",
    "rescaled": "#56B4E9",
}
OTHER_COLOURS = ("#000000", "#56B4E9", "#CC79A7", "#E69F00")


def image_grid(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    """Lay out images (N, C, H, W), uint8 or float in [-1, 1], as one picture: a NumPy array of uint8.

    The images come row by row, from left to right; grey ones give (height, width), coloured ones (height, width, 3).

    columns   images in a row; by default the smallest number with columns² >= N. The last row may have empty places.
    gap       so many pixels lie between neighbours, none at the outer edge. They and the empty places are grey, 128.
    scale     at last each pixel of the picture, gaps included, becomes a square of scale x scale pixels.
    """
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    count, channels, height, width = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    # each image gets a cell, which has the gap at its right and below it
    cells = torch.full((rows * columns, channels, height + gap, width + gap), 128, dtype=torch.uint8)
    cells[:count, :, :height, :width] = images.cpu()
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (height + gap) - gap, : columns * (width + gap) - gap]  # no gap at the edge
    picture = picture.repeat_interleave(scale, dim=0).repeat_interleave(scale, dim=1)
    return (picture[..., 0] if channels == 1 else picture).numpy()


def save_grid(images: Tensor, path: str | Path, columns: int | None = None, scale: int = 2) -> None:
    """Write `image_grid(images)` as a picture file, whole or not at all; the ending names the format (.png).

    Raises PictureError for images that are not finite and for an ending that names no format which keeps every pixel,
    FileError if the file cannot be written.
    """
    check_picture_place(path)
    if not images.isfinite().all():
        raise PictureError(f"{path} is not written: the images hold numbers that are not finite (NaN or infinity).")
    save_picture(image_grid(images, columns, scale), path)


def draw_grid(axis: "Axes", picture: np.ndarray, columns: Sequence[str] = (), rows: Sequence[str] = ()) -> None:
    """Draw a picture from `image_grid` on an axis, with a name over each of its columns and before each of its rows."""
    axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    height, width = picture.shape[:2]
    axis.set_xticks((np.arange(len(columns)) + 0.5) * width / max(len(columns), 1), columns, fontsize=8)
    axis.set_yticks((np.arange(len(rows)) + 0.5) * height / max(len(rows), 1), rows, fontsize=8)
    axis.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axis.spines[:].set_visible(False)


def show_images(images: Tensor, titles: list[str], title: str, columns: int | None = None) -> None:
    """Draw images (N, C, H, W), uint8 or float in [-1, 1], as a pyplot figure; `title` says what to see in it."""
    from matplotlib import pyplot as plt
    # a third of a second that training does not need

    columns = columns or min(len(images), 8)
    rows = math.ceil(len(images) / columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(1.3 * columns, (1.55 if any(titles) else 1.3) * rows + 0.45),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, name in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image_grid(image[None]), cmap="gray", vmin=0, vmax=255)
        axis.set_title(name, fontsize=9)
    figure.suptitle(title, fontsize=11)


def show_curves(curves: Mapping[str, Tensor], title: str, xlabel: str, ylabel: str) -> None:
    """Draw curves [n] by name over 0 ... n-1; COLOURS gives a known name its colour."""
    axis = _axes(title, xlabel, ylabel)
    for (name, curve), colour in zip(curves.items(), colours(curves), strict=True):
        axis.plot(curve, color=colour, label=name, linewidth=2)
    axis.legend(frameon=False)


def show_histograms(samples: Mapping[str, Tensor], title: str, xlabel: str) -> None:
    """Draw one histogram for each named tensor of numbers, all over the same bins."""
    axis = _axes(title, xlabel, "density")
    everything = torch.cat([values.flatten() for values in samples.values()])
    bins = np.linspace(float(everything.min()), float(everything.max()), 60)
    for (name, values), colour in zip(samples.items(), colours(samples), strict=True):
        outline = name == "noise"  # what the others are compared with: drawn so that nothing hides it
        look = {"histtype": "step", "linewidth": 2.5} if outline else {"alpha": 0.55}
        axis.hist(
            values.flatten().numpy(),
            bins.tolist(),
            density=True,
            color=colour,
            label=name,
            zorder=3 if outline else 2,
            **look,
        )
    axis.legend(frameon=False)


def show_density(
    exact: Mapping[str, Tensor], samples: Mapping[str, Tensor], x: Tensor, title: str, xlabel: str
) -> None:
    """Draw, side by side for each name, a histogram of `samples` and over it the `exact` density at the points `x`."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(exact), figsize=(2.1 * len(exact), 2.4), sharey=True, layout="constrained")
    for axis, name in zip(np.atleast_1d(axes), exact, strict=True):
        bins = np.linspace(float(x.min()), float(x.max()), 70).tolist()
        axis.hist(samples[name].numpy(), bins, density=True, color=COLOURS["data"], alpha=0.45, label="samples")
        axis.plot(x, exact[name], color=COLOURS["exact"], linewidth=2, label="exact")
        axis.set(title=name, xlabel=xlabel)
        axis.spines[["top", "right"]].set_visible(False)
    np.atleast_1d(axes)[0].set_ylabel("density")
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=11)


def curve_picture(curve: Tensor, title: str) -> np.ndarray:
    """A small picture, uint8 (H, W, 3), of a curve [n] between 0 and 1: for sliders, which show pictures."""

    def draw(axis: "Axes") -> None:
        axis.set(title=title, xlabel="step t", ylim=(0, 1.02))
        axis.title.set_fontsize(9)
        axis.plot(curve, color=COLOURS["exact"], linewidth=2)

    return as_picture(draw, (3.6, 2.24))


def loss_picture(steps: Tensor, losses: Tensor, total: int) -> np.ndarray:
    """A small picture, uint8 (H, W, 3), of the losses [n] after `steps` [n], on an axis that ends at step `total`.

    Each step as a grey point, and as a line the mean of the last 20, in the beginning of the last fifth.
    """
    sums = torch.nn.functional.pad(losses.cumsum(0), (1, 0))
    ends = torch.arange(1, len(losses) + 1)
    starts = ends - (ends // 5).clamp(1, 20)

    def draw(axis: "Axes") -> None:
        axis.scatter(steps, losses, s=3, color=COLOURS["noise"], linewidths=0)
        axis.plot(steps, (sums[ends] - sums[starts]) / (ends - starts), color=COLOURS["learned"], linewidth=2)
        axis.set(xlabel="training step", ylabel="loss", xlim=(0, total), yscale="log")

    return as_picture(draw, (3.8, 2.6))


def as_picture(draw: Callable[["Axes"], None], size: tuple[float, float] = (3.0, 3.0)) -> np.ndarray:
    """What `draw(axis)` draws on an empty axis, as a uint8 picture (H, W, 3), `size` (width, height) times 100 pixels.

    For sliders and films, which show pictures.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=100, layout="constrained")  # apart from pyplot, which would show it
    canvas = FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    axis.spines[["top", "right"]].set_visible(False)
    draw(axis)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def panels(
    title: str,
    names: Sequence[str],
    xlabel: str,
    ylabel: str,
    size: tuple[float, float] = (2.3, 2.4),
    shared: bool = True,
) -> "list[Axes]":
    """A pyplot figure with one empty axis for each name, side by side, each of `size` in inches; returns the axes.

    `title` says what to see. `shared` axes have the same limits.
    """
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        1,
        len(names),
        figsize=(size[0] * len(names), size[1]),
        sharex=shared,
        sharey=shared,
        squeeze=False,
        layout="constrained",
    )
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title(name, fontsize=9)
        axis.set_xlabel(xlabel)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel(ylabel)
    figure.suptitle(title, fontsize=11)
    return list(axes[0])


def add_legend(axis: "Axes") -> None:
    """Draw the axis's legend, small and without a frame. Returns nothing, so a notebook's cell may end with it."""
    axis.legend(frameon=False, fontsize=8)


def draw_points(axis: "Axes", points: Tensor, colour: str, limit: float = 2.0, size: float = 3.0) -> None:
    """Draw points (n, 2) on an axis that runs from -limit to limit both ways; `colour` is a name of COLOURS."""
    x, y = points.T
    axis.scatter(x, y, s=size, color=COLOURS.get(colour, colour), alpha=0.6, linewidths=0)
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")


def draw_arrows(
    axis: "Axes", field: Callable[[Tensor], Tensor], colour: str, limit: float = 2.0, count: int = 15
) -> None:
    """Draw a vector field, (n, 2) -> (n, 2), as count x count arrows; `colour` is a name of COLOURS.

    The longest arrow is as long as the arrows are apart, so compare directions and proportions.
    """
    ticks = torch.linspace(-limit, limit, count)
    places = torch.cartesian_prod(ticks, ticks)  # (count², 2)
    arrows = field(places).detach()
    arrows = arrows / arrows.norm(dim=1).max() * 2 * limit / count
    axis.quiver(
        *places.T, *arrows.T, color=COLOURS.get(colour, colour), angles="xy", scale_units="xy", scale=1, width=0.004
    )
    axis.set(xlim=(-limit * 1.1, limit * 1.1), ylim=(-limit * 1.1, limit * 1.1), aspect="equal")


def draw_density(axis: "Axes", log_prob: Callable[[Tensor], Tensor], limit: float = 2.0, count: int = 161) -> None:
    """Shade a density in the plane, given as log_prob, (n, 2) -> (n,): white is 0, dark green its largest value.

    On an axis that runs from -limit to limit both ways, at count x count points.
    """
    ticks = torch.linspace(-limit, limit, count)
    density = log_prob(torch.cartesian_prod(ticks, ticks)).exp().reshape(count, count).T  # rows go up
    edges = (-limit, limit, -limit, limit)
    axis.imshow(density, cmap="Greens", vmin=0, origin="lower", extent=edges, interpolation="bilinear")


def show_shares(truth: Tensor, shares: Mapping[str, tuple[Tensor, Tensor]], names: Sequence[str], title: str) -> None:
    """Draw, for K modes with `names`, the true weights [K] as bars and each (share [K], standard error [K]) as points.

    The error bars reach two standard errors each way; COLOURS gives a known name its colour.
    """
    axis = _axes(title, "mode", "share of the samples")
    places, step = np.arange(len(truth)), 0.4 / max(len(shares), 1)
    axis.bar(places, truth.numpy(), color=COLOURS["data"], alpha=0.35, label="true weight")
    for i, ((name, (share, error)), colour) in enumerate(zip(shares.items(), colours(shares), strict=True)):
        aside = places + (i - (len(shares) - 1) / 2) * step
        axis.errorbar(aside, share, 2 * error, fmt="o", color=colour, capsize=5, markersize=4, label=name)
    axis.set_xticks(places, names)
    add_legend(axis)


def side_by_side(*pictures: np.ndarray) -> np.ndarray:
    """Pictures, uint8 (H, W) or (H, W, 3), next to each other on white: uint8 (largest H, sum of W, 3)."""
    height = max(len(picture) for picture in pictures)
    columns = []
    for picture in pictures:
        colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
        below = ((0, height - len(colour)), (0, 0), (0, 0))
        columns.append(np.pad(colour, below, constant_values=255))
    return np.concatenate(columns, axis=1)


def colours(names: Iterable[str]) -> list[str]:
    """A colour for each name: its own from COLOURS, or the next of OTHER_COLOURS."""
    others = iter(OTHER_COLOURS)
    return [COLOURS.get(name) or next(others) for name in names]


def _axes(title: str, xlabel: str, ylabel: str) -> "Axes":
    from matplotlib import pyplot as plt

    _, axis = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_title(title, fontsize=11)
    axis.spines[["top", "right"]].set_visible(False)
    return axis
