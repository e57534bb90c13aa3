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
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

WIDEST = 7.4  # inches: what fits beside JupyterLab's file list on a small screen

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
    "ink": "#808080",  # lines, letters, arrows: reads on a light and on a dark page
}
OTHER_COLOURS = ("#56B4E9", "#CC79A7", "#E69F00", "#808080")


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
    axis.set_xticks((np.arange(len(columns)) + 0.5) * width / max(len(columns), 1), columns, fontsize=9)
    axis.set_yticks((np.arange(len(rows)) + 0.5) * height / max(len(rows), 1), rows, fontsize=9)
    axis.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axis.spines[:].set_visible(False)


def show_images(
    images: Tensor, titles: Sequence[str], title: str, columns: int | None = None, *, alternative: str
) -> None:
    """Draw images (N, C, H, W), uint8 or float in [-1, 1], each under its own title ("" for none), as a pyplot figure.

    `title` says what to look at, `alternative` what there is to see, for those who do not see it. At most 8 columns.
    """
    columns = min(columns or len(images), 8)
    side = min(1.3, WIDEST / columns)
    rows = math.ceil(len(images) / columns)
    size = (side * columns, (side + (0.22 if any(titles) else 0)) * rows + 0.4)
    axes = _subplots(title, rows, columns, size, alternative)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, name in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image_grid(image[None]), cmap="gray", vmin=0, vmax=255)
        axis.set_title(name, fontsize=9)


def show_histograms(samples: Mapping[str, Tensor], title: str, xlabel: str, *, alternative: str) -> None:
    """Draw one histogram for each named tensor of numbers, all over the same bins."""
    (axis,) = panels(title, [""], xlabel, "density", (6.4, 3.0), alternative=alternative)
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
    add_legend(axis)


def as_picture(draw: Callable[["Axes"], None], size: tuple[float, float] = (3.0, 3.0)) -> np.ndarray:
    """What `draw(axis)` draws on an empty axis, as a uint8 picture (H, W, 4) without a ground, for sliders and films.

    It has `size` (width, height) times 200 pixels, and takes half as many on the page.
    """

    def draw_alone(figure: "Figure") -> None:
        axis = figure.add_subplot()
        axis.spines[["top", "right"]].set_visible(False)
        draw(axis)

    return figure_picture(draw_alone, size)


def figure_picture(draw: Callable[["Figure"], None], size: tuple[float, float]) -> np.ndarray:
    """What `draw(figure)` draws on an empty figure, as a picture: see `as_picture`. For several axes in one picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from course_lib.pictures.figure import DPI, recolour

    figure = Figure(figsize=size, dpi=DPI, layout="constrained")  # apart from pyplot, which would show it
    canvas = FigureCanvasAgg(figure)
    draw(figure)
    recolour(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


def panels(
    title: str,
    names: Sequence[str],
    xlabel: str,
    ylabel: str,
    size: tuple[float, float] = (2.3, 2.4),
    shared: bool = True,
    *,
    alternative: str,
    columns: int | None = None,
) -> "list[Axes]":
    """A pyplot figure with one empty axis for each name, each of `size` in inches; returns the axes.

    title         says what to look at
    shared        whether the axes have the same limits
    alternative   what there is to see, in words, for those who do not see it
    columns       so many axes stand side by side, the others below; all by default
    Raises ValueError for a figure of more than 7.4 inches: on a small screen nobody could read it.
    """
    columns = columns or len(names)
    rows = math.ceil(len(names) / columns)
    axes = _subplots(title, rows, columns, (size[0] * columns, size[1] * rows), alternative, shared)
    for index, axis in enumerate(axes.flat):
        if index >= len(names):
            axis.axis("off")
            continue
        axis.set_title(names[index], fontsize=9)
        if index + columns >= len(names):
            axis.set_xlabel(xlabel)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    return list(axes.flat[: len(names)])


def _subplots(
    title: str, rows: int, columns: int, size: tuple[float, float], alternative: str, shared: bool = False
) -> np.ndarray:
    from matplotlib import pyplot as plt  # takes a third of a second, which training does not need

    from course_lib.pictures.figure import LessonFigure

    if size[0] > WIDEST + 0.01:
        raise ValueError(
            f"the figure is {size[0]:.1f} inches wide. At most {WIDEST}: take fewer columns or smaller ones."
        )
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=size,
        sharex=shared,
        sharey=shared,
        squeeze=False,
        layout="constrained",
        FigureClass=LessonFigure,
    )
    assert isinstance(figure, LessonFigure)
    figure.alternative = alternative
    figure.suptitle(title, fontsize=11)
    return axes


def add_legend(axis: "Axes") -> None:
    """Draw the axis's legend, small and without a frame. Returns nothing, so a notebook's cell may end with it."""
    axis.legend(frameon=False, fontsize=9)


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


def transparent_map(colour: str) -> "Colormap":
    """A colormap from nothing at all to `colour`, a name of COLOURS: densities on a light and on a dark page."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    shade = to_rgb(COLOURS.get(colour, colour))
    return LinearSegmentedColormap.from_list(f"clear to {colour}", [(*shade, 0.0), (*shade, 1.0)])


def side_by_side(*pictures: np.ndarray) -> np.ndarray:
    """Pictures next to each other, without a ground: uint8 (largest H, sum of W, 4), to be shown as `as_picture`'s are.

    Those without transparency, (H, W) or (H, W, 3), are enlarged twice: on the page they take what they would alone.
    """
    doubled = [_without_ground(picture) for picture in pictures]
    height = max(len(picture) for picture in doubled)
    return np.concatenate([np.pad(p, ((0, height - len(p)), (0, 0), (0, 0))) for p in doubled], axis=1)


def with_text(picture: np.ndarray, text: str) -> np.ndarray:
    """The picture with a line of text above it: uint8 (H + 48, W, 4), to be shown as `as_picture`'s are."""
    from PIL import Image, ImageDraw, ImageFont

    picture = _without_ground(picture)
    strip = Image.new("RGBA", (picture.shape[1], 48), (0x80, 0x80, 0x80, 0))
    place = (strip.width / 2, 22)
    ImageDraw.Draw(strip).text(place, text, fill=COLOURS["ink"], anchor="mm", font=ImageFont.load_default(28))
    return np.concatenate([np.asarray(strip), picture])


def _without_ground(picture: np.ndarray) -> np.ndarray:
    """(H, W, 4) as it is; grey (H, W) and coloured (H, W, 3) ones enlarged twice, with their pixels opaque."""
    if picture.ndim == 3 and picture.shape[2] == 4:
        return picture
    colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    opaque = np.dstack([colour, np.full(colour.shape[:2], 255, np.uint8)])
    return opaque.repeat(2, axis=0).repeat(2, axis=1)


def colours(names: Iterable[str]) -> list[str]:
    """A colour for each name: its own from COLOURS, or the next of OTHER_COLOURS."""
    others = iter(OTHER_COLOURS)
    return [COLOURS.get(name) or next(others) for name in names]
