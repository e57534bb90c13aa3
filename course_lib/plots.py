"""Drawing: one look, one colour for one thing, throughout the course."""

import math
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from course_lib.images import to_uint8

# Okabe and Ito's palette, which colour-blind readers can tell apart
COLOURS = {"data": "#0072B2", "noise": "#999999", "learned": "#D55E00", "exact": "#009E73"}


def image_grid(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    """Lay out images (N, C, H, W), uint8 or float in [-1, 1], as one uint8 picture (rows H, columns W[, 3]).

    As square as it gets unless `columns` is given; `scale` repeats each pixel; `gap` pixels of mid grey lie between.
    """
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    count, channels, height, width = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = torch.full((rows * columns, channels, height + gap, width + gap), 128, dtype=torch.uint8)
    cells[:count, :, :height, :width] = images.cpu()
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (height + gap) - gap, : columns * (width + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if channels == 1 else picture


def save_grid(images: Tensor, path: str | Path, columns: int | None = None, scale: int = 2) -> None:
    """Write `image_grid(images)` as a picture file; the ending names the format."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image_grid(images, columns, scale)).save(path)


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
