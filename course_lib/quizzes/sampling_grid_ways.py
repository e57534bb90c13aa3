"""For the quiz `image_grid`: other right ways to lay out a grid."""

import math

import numpy as np
import torch
from torch.nn import functional

from course_lib.images import to_uint8
from course_lib.quizzes.sampling_grid import image_grid


@image_grid.alternative
def pasted_one_by_one(images, columns=None, scale=1, gap=1):
    pixels = (images if images.dtype == torch.uint8 else to_uint8(images)).permute(0, 2, 3, 1).cpu().numpy()
    count, height, width, channels = pixels.shape
    columns = columns or int(np.ceil(count**0.5))
    rows = -(-count // columns)
    canvas = np.full((rows * height + (rows - 1) * gap, columns * width + (columns - 1) * gap, channels), 128, "uint8")
    for place, image in enumerate(pixels):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    canvas = np.repeat(np.repeat(canvas, scale, axis=0), scale, axis=1)
    return canvas.squeeze(2) if channels == 1 else canvas


@image_grid.alternative
def row_by_row(images, columns=None, scale=1, gap=1):
    """Rows are glued from images with stripes of grey between them, then the picture from rows."""
    images = (to_uint8(images) if images.is_floating_point() else images).cpu()
    columns = columns or next(k for k in range(1, len(images) + 1) if k * k >= len(images))
    blank = torch.full_like(images[0], 128)
    everything = [*images, *[blank] * (-len(images) % columns)]
    rows = [glued(everything[i : i + columns], 2, gap) for i in range(0, len(everything), columns)]
    picture = glued(rows, 1, gap).permute(1, 2, 0).numpy()
    picture = np.kron(picture, np.ones((scale, scale, 1), np.uint8))
    return picture if picture.shape[2] == 3 else picture.reshape(picture.shape[:2])


def glued(pieces, axis, gap):
    size = list(pieces[0].shape)
    size[axis] = gap
    stripe = torch.full(size, 128, dtype=torch.uint8)
    return torch.cat([part for piece in pieces for part in (stripe, piece)][1:], axis)


@image_grid.alternative
def padded_at_the_end(images, columns=None, scale=1, gap=1):
    """Padding at the right and below, a shift, and what is there too much is cut off last."""
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    count, channels, height, width = images.shape
    columns = columns if columns is not None else math.isqrt(count - 1) + 1
    missing = -count % columns
    cells = functional.pad(images.cpu().int(), (0, gap, 0, gap, 0, 0, 0, missing), value=128)
    picture = cells.reshape(-1, columns, channels, height + gap, width + gap).permute(0, 3, 1, 4, 2)
    picture = picture.reshape(len(cells) // columns * (height + gap), columns * (width + gap), channels)
    picture = picture[: len(picture) - gap, : picture.shape[1] - gap].to(torch.uint8)
    rows, places = (torch.arange(scale * size) // scale for size in picture.shape[:2])
    picture = picture[rows][:, places].numpy()
    return picture[:, :, 0] if channels == 1 else picture
