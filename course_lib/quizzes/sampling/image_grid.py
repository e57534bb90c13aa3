"""Quiz `image_grid` of chapter 10."""

import math

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from course_lib.checker.quiz import Quiz
from course_lib.images import to_uint8
from course_lib.pictures import plots
from course_lib.quizzes.sampling.shared import between_greys, waves


def glued(pieces, axis, gap):
    size = list(pieces[0].shape)
    size[axis] = gap
    stripe = torch.full(size, 128, dtype=torch.uint8)
    return torch.cat([part for piece in pieces for part in (stripe, piece)][1:], axis)


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


image_grid = Quiz(
    plots.image_grid,
    cases=batches_of_images,
    points=3,
    minutes=15,
    hints=(
        "Work it out on paper for five images in rows of three: how high and how wide is the picture, "
        "and where is the upper left corner of image 4?",
        "Give each image a cell of (height + gap) x (width + gap) that is grey at first, empty places too. "
        'Lay out the cells with `rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)`, then cut off the last gap.',
        "cells = torch.full((rows * columns, channels, height + gap, width + gap), 128, dtype=torch.uint8); "
        "cells[:count, :, :height, :width] = images. For the scale: `repeat_interleave(scale, dim)`, for both axes.",
    ),
)


@image_grid.mistake("The images run down the columns. In which order does one read a page?")
def column_by_column(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, order="(k r) c h w -> (r h) (k w) c"))


@image_grid.mistake("`columns` became the number of rows. How many images should stand side by side?")
def columns_taken_for_rows(images, columns=None, scale=1, gap=1):
    rows = columns or smallest_square(len(images))
    count = math.ceil(len(images) / rows)
    cells = rows * count
    blank = torch.full((cells, *images.shape[1:]), 128, dtype=torch.uint8)
    blank[: len(images)] = to_uint8(images) if images.is_floating_point() else images
    return without_grey_axis(laid_out(blank, count, scale, gap))


@image_grid.mistake("The whole picture is transposed. Its first axis is the height, counted downwards.")
def transposed(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap).swapaxes(0, 1))


@image_grid.mistake("The images are in their places, but each one is transposed. Which of their axes is the height?")
def images_transposed(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images.transpose(2, 3), columns, scale, gap))


@image_grid.mistake("The channels come first, as torch has them. Where does a picture for the screen have its colours?")
def channels_first(images, columns=None, scale=1, gap=1):
    return np.moveaxis(laid_out(images, columns, scale, gap), 2, 0)


@image_grid.mistake(
    "Grey pictures are right. In coloured ones the colours should be the last axis: which is it with you?"
)
def colours_first(images, columns=None, scale=1, gap=1):
    picture = np.moveaxis(laid_out(images, columns, scale, gap), 2, 0)
    return picture[0] if len(picture) == 1 else picture


@image_grid.mistake("Colours are scrambled: `reshape` counts the same numbers into other rows. What moves an axis?")
def colours_scrambled(images, columns=None, scale=1, gap=1):
    picture = laid_out(images, columns, scale, gap)
    return without_grey_axis(np.moveaxis(picture, 2, 0).reshape(picture.shape))


@image_grid.mistake("Red and blue have changed places. Did something reverse the last axis?")
def colours_reversed(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap)[..., ::-1])


@image_grid.mistake(
    "The gap also runs around the whole picture, as in many libraries' grids. Where should there be none?"
)
def gap_around(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, edge="around"))


@image_grid.mistake(
    "A last gap hangs on at the right and at the bottom, where no neighbour follows. How is it cut off?"
)
def gap_left_over(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, edge="kept"))


@image_grid.mistake("Nothing is left where `gap` is 0: what does `picture[:-0]` mean? Count the cut from the front.")
def everything_cut_off(images, columns=None, scale=1, gap=1):
    picture = laid_out(images, columns, 1, gap, edge="kept")[:-gap, :-gap]
    return without_grey_axis(picture.repeat(scale, axis=0).repeat(scale, axis=1))


@image_grid.mistake("The gaps are black, and so is a garment's background: where does an image end? Take the mid grey.")
def gap_black(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, between=0))


@image_grid.mistake("The gaps are white. Which grey does the docstring name?")
def gap_white(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, between=255))


@image_grid.mistake("The gaps are a little too dark: 127 where 128 is the agreed mid grey.")
def gap_127(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, between=127))


@image_grid.mistake(
    "The empty places of the last row are black, like images of nothing. They should be as grey as the gaps."
)
def empty_places_black(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, empty=0))


@image_grid.mistake("Images are missing: a last row that is not full is dropped. How many rows do N images need?")
def incomplete_row_dropped(images, columns=None, scale=1, gap=1):
    columns = columns or smallest_square(len(images))
    full = max(len(images) // columns, 1) * columns
    return without_grey_axis(laid_out(images[:full], columns, scale, gap))


@image_grid.mistake("It fails where the last row is not full. What can stand in for the images that are not there?")
def incomplete_row_fails(images, columns=None, scale=1, gap=1):
    columns = columns or smallest_square(len(images))
    rearrange(images, "(r k) c h w -> r k c h w", k=columns)
    return without_grey_axis(laid_out(images, columns, scale, gap))


@image_grid.mistake(
    "It fails where the last row is not full: `reshape` needs every place. How do the empty ones come in?"
)
def incomplete_row_does_not_reshape(images, columns=None, scale=1, gap=1):
    columns = columns or smallest_square(len(images))
    images.reshape(math.ceil(len(images) / columns), columns, *images.shape[1:])
    return without_grey_axis(laid_out(images, columns, scale, gap))


@image_grid.mistake(
    "The enlarged pixels are smoothed. To see what the model drew, each should be a square of one grey."
)
def smoothed(images, columns=None, scale=1, gap=1):
    picture = torch.from_numpy(laid_out(images, columns, 1, gap)).movedim(2, 0)[None].float()
    larger = functional.interpolate(picture, scale_factor=scale, mode="bilinear")
    return without_grey_axis(larger[0].movedim(0, 2).round().to(torch.uint8).numpy())


@image_grid.mistake("The images are enlarged, the gaps are not. In which order do gap and scale come?")
def scaled_before_the_gap(images, columns=None, scale=1, gap=1):
    images = images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)
    return without_grey_axis(laid_out(images, columns, 1, gap))


@image_grid.mistake("The picture has the same size for every `scale`. What should become of each pixel?")
def not_scaled(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, 1, gap))


@image_grid.mistake("The pixels are stretched in height only. How many axes does a square have?")
def scaled_in_height(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, 1, gap).repeat(scale, axis=0))


@image_grid.mistake("The pixels are stretched in width only. Each should become a square.")
def scaled_in_width(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, 1, gap).repeat(scale, axis=1))


@image_grid.mistake("The whole picture is repeated like a tile. Repeat each pixel instead: what is it called?")
def tiled(images, columns=None, scale=1, gap=1):
    return without_grey_axis(np.tile(laid_out(images, columns, 1, gap), (scale, scale, 1)))


@image_grid.mistake("There is no gap, whatever `gap` says. How much wider is a cell than its image?")
def without_gaps(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, 0))


@image_grid.mistake("The gap is always one pixel wide. Which argument should say that?")
def gap_always_one(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, 1))


@image_grid.mistake(
    "Images that are uint8 already are treated like floats, so nearly all turn white. When is `to_uint8` due?"
)
def uint8_treated_as_float(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(to_uint8(images.float()), columns, scale, gap))


@image_grid.mistake(
    "Floats in [-1, 1] are treated as if they ran from 0 to 1: the darker half is lost. What translates them?"
)
def floats_not_shifted(images, columns=None, scale=1, gap=1):
    if images.is_floating_point():
        images = (images * 255).clamp(0, 255).round().to(torch.uint8)
    return without_grey_axis(laid_out(images, columns, scale, gap))


@image_grid.mistake(
    "Floats are cut down to uint8 as they are, so hardly more than 0 and 1 is left. What translates them?"
)
def floats_not_translated(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images.to(torch.uint8), columns, scale, gap))


@image_grid.mistake(
    "Only the first channel is drawn, so colour is lost. What should a picture of three channels look like?"
)
def first_channel_only(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images[:, :1], columns, scale, gap))


@image_grid.mistake("A grey picture should be (height, width). Yours has an axis more: what is in it?")
def grey_axis_kept(images, columns=None, scale=1, gap=1):
    return laid_out(images, columns, scale, gap)


@image_grid.mistake("Grey pictures come out as coloured ones, the same grey three times. Which shape should they have?")
def grey_as_colour(images, columns=None, scale=1, gap=1):
    return laid_out(images.expand(-1, 3, -1, -1), columns, scale, gap)


@image_grid.mistake("The picture is the same whatever `columns` is. When is the square meant?")
def columns_ignored(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, None, scale, gap))


@image_grid.mistake(
    "Without `columns` the square comes out too small: its root is rounded down. Which number holds all N?"
)
def default_rounded_down(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, default=lambda count: int(math.sqrt(count))))


@image_grid.mistake(
    "Without `columns` the root of N is rounded to the nearest. For N = 6 that is 2: does 2 x 2 hold six?"
)
def default_rounded(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, default=lambda count: round(math.sqrt(count))))


@image_grid.mistake("Without `columns`, four images come in rows of three. How large a square do they need?")
def default_one_too_many(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, default=lambda count: int(math.sqrt(count)) + 1))


@image_grid.mistake("Without `columns` all images stand in one row. Which number makes the picture about square?")
def one_row_by_default(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns, scale, gap, default=lambda count: count))


@image_grid.mistake("With fewer images than `columns` the picture gets narrower. Empty places belong to it too.")
def no_wider_than_its_images(images, columns=None, scale=1, gap=1):
    return without_grey_axis(laid_out(images, columns and min(columns, len(images)), scale, gap))


@image_grid.alternative("")
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


@image_grid.alternative("")
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


@image_grid.alternative("")
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
