"""For the quiz `image_grid`: its inputs, and a grid with screws for its mistakes to turn."""

import math

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from course_lib.images import to_uint8
from course_lib.quizzes.sampling import between_greys, waves


def batches_of_images(g: torch.Generator) -> list[tuple]:
    """uint8 and float, grey and colour, full and incomplete last rows; height, width, rows and columns all differ."""

    def greys(*shape: int) -> Tensor:
        return waves(g, *shape).to(torch.uint8)

    def floats(*shape: int) -> Tensor:
        return between_greys(waves(g, *shape), g)

    return [
        (greys(7, 1, 12, 9), 3, 1, 2),
        (1.2 * floats(5, 3, 8, 10) + 0.0004, 2, 2, 1),
        (floats(6, 1, 7, 5),),
        (greys(8, 3, 5, 7), None, 3, 2),
        (floats(1, 1, 6, 8), 1, 2, 3),
        (greys(2, 3, 4, 6), 4),
        (greys(6, 1, 6, 5), 2, 2, 0),
        (greys(4, 1, 5, 8),),
    ]


def smallest_square(count: int) -> int:
    return math.ceil(math.sqrt(count))


def laid_out(
    images,
    columns,
    scale,
    gap,
    order="(r k) c h w -> (r h) (k w) c",
    between=128,
    empty=None,
    default=smallest_square,
    edge="none",
):
    """The grid with its screws: uint8 or float images as (H, W, C), the grey axis kept, so that a mistake can go on."""
    images = to_uint8(images) if images.is_floating_point() else images
    images = images.cpu()
    count, channels, height, width = images.shape
    columns = columns or default(count)
    rows = math.ceil(count / columns)
    cells = torch.full((rows * columns, channels, height + gap, width + gap), between, dtype=torch.uint8)
    cells[:count, :, :height, :width] = images
    if empty is not None:
        cells[count:, :, :height, :width] = empty
    picture = rearrange(cells, order, r=rows)
    if edge == "around":
        picture = functional.pad(picture, (0, 0, gap, 0, gap, 0), value=between)
    elif edge == "none":
        picture = picture[: len(picture) - gap, : picture.shape[1] - gap]
    return picture.repeat_interleave(scale, dim=0).repeat_interleave(scale, dim=1).numpy()


def without_grey_axis(picture):
    return picture[..., 0] if picture.shape[-1] == 1 else picture
