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
    minutes=12,
    difficulty=3,
    importance=2,
    hints=(
        "Work it out on paper for five images in rows of three: how high and how wide is the picture, "
        "and where is the upper left corner of image 4?",
        "Give each image a cell of (height + gap) x (width + gap) that is grey at first, empty places too. "
        'Lay out the cells with `rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)`, then cut off the last gap.',
        "cells = torch.full((rows * columns, channels, height + gap, width + gap), 128, dtype=torch.uint8); "
        "cells[:count, :, :height, :width] = images. For the scale: `repeat_interleave(scale, dim)`, for both axes.",
    ),
)


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
    """The grid with options that go wrong: uint8 or float images as (H, W, C), the grey axis kept."""
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


def drawn(images, columns=None, scale=1, gap=1, *, before=None, after=without_grey_axis, use=None, **options):
    """`image_grid`: `before` changes the images, `after` the picture, `use` the three numbers."""
    columns, scale, gap = use(columns, scale, gap) if use else (columns, scale, gap)
    return after(laid_out(before(images) if before else images, columns, scale, gap, **options))


def channels_first(picture):
    return np.moveaxis(picture, 2, 0)


def as_floats(images, change):
    return change(images).to(torch.uint8) if images.is_floating_point() else images


image_grid.variants(
    drawn,
    column_by_column=(
        {"order": "(k r) c h w -> (r h) (k w) c"},
        "The images run down the columns. In which order does one read a page?",
    ),
    transposed=(
        {"after": lambda picture: without_grey_axis(picture.swapaxes(0, 1))},
        "The whole picture is transposed. Its first axis is the height, counted downwards.",
    ),
    images_transposed=(
        {"before": lambda images: images.transpose(2, 3)},
        "The images are in their places, but each one is transposed. Which of their axes is the height?",
    ),
    channels_first=(
        {"after": channels_first},
        "The channels come first, as torch has them. Where does a picture for the screen have its colours?",
    ),
    colours_first=(
        {"after": lambda p: p[..., 0] if p.shape[2] == 1 else channels_first(p)},
        "Grey pictures are right. In coloured ones the colours should be the last axis: which is it with you?",
    ),
    colours_scrambled=(
        {"after": lambda picture: without_grey_axis(channels_first(picture).reshape(picture.shape))},
        "Colours are scrambled: `reshape` counts the same numbers into other rows. What moves an axis?",
    ),
    colours_reversed=(
        {"after": lambda picture: without_grey_axis(picture[..., ::-1])},
        "Red and blue have changed places. Did something reverse the last axis?",
    ),
    grey_axis_kept=(
        {"after": lambda picture: picture},
        "A grey picture should be (height, width). Yours has an axis more: what is in it?",
    ),
    grey_as_colour=(
        {"before": lambda images: images.expand(-1, 3, -1, -1)},
        "Grey pictures come out as coloured ones, the same grey three times. Which shape should they have?",
    ),
    as_floats=(
        {"after": lambda picture: without_grey_axis(picture.astype(np.float32) / 255)},
        "The picture has floats from 0 to 1. Which type does the docstring name?",
    ),
    gap_around=(
        {"edge": "around"},
        "The gap also runs around the whole picture, as in many libraries' grids. Where should there be none?",
    ),
    gap_left_over=(
        {"edge": "kept"},
        "A last gap hangs on at the right and at the bottom, where no neighbour follows. How is it cut off?",
    ),
    gap_black=(
        {"between": 0},
        "The gaps are black, and so is a garment's background: where does an image end? Take the mid grey.",
    ),
    gap_white=({"between": 255}, "The gaps are white. Which grey does the docstring name?"),
    gap_127=({"between": 127}, "The gaps are a little too dark: 127 where 128 is the agreed mid grey."),
    empty_places_black=(
        {"empty": 0},
        "The empty places of the last row are black, like images of nothing. They should be as grey as the gaps.",
    ),
    empty_places_white=(
        {"empty": 255},
        "The empty places of the last row are white. They should be as grey as the gaps.",
    ),
    not_scaled=(
        {"use": lambda columns, scale, gap: (columns, 1, gap)},
        "The picture has the same size for every `scale`. What should become of each pixel?",
    ),
    without_gaps=(
        {"use": lambda columns, scale, gap: (columns, scale, 0)},
        "There is no gap, whatever `gap` says. How much wider is a cell than its image?",
    ),
    gap_always_one=(
        {"use": lambda columns, scale, gap: (columns, scale, 1)},
        "The gap is always one pixel wide. Which argument should say that?",
    ),
    columns_ignored=(
        {"use": lambda columns, scale, gap: (None, scale, gap)},
        "The picture is the same whatever `columns` is. When is the square meant?",
    ),
    uint8_treated_as_float=(
        {"before": lambda images: to_uint8(images.float())},
        "Images that are uint8 already are treated like floats, so nearly all turn white. When is `to_uint8` due?",
    ),
    floats_not_shifted=(
        {"before": lambda images: as_floats(images, lambda x: (x * 255).clamp(0, 255).round())},
        "Floats in [-1, 1] are treated as if they ran from 0 to 1: the darker half is lost. What translates them?",
    ),
    floats_cut_off=(
        {"before": lambda images: as_floats(images, lambda x: (x.clamp(-1, 1) + 1) * 127.5)},
        "Floats come out up to one level too dark: what follows the point is cut off. `to_uint8` does it right.",
    ),
    floats_not_translated=(
        {"before": lambda images: images.to(torch.uint8)},
        "Floats are cut down to uint8 as they are, so hardly more than 0 and 1 is left. What translates them?",
    ),
    first_channel_only=(
        {"before": lambda images: images[:, :1]},
        "Only the first channel is drawn, so colour is lost. What should a picture of three channels look like?",
    ),
    default_rounded_down=(
        {"default": lambda count: int(math.sqrt(count))},
        "Without `columns` the square comes out too small: its root is rounded down. Which number holds all N?",
    ),
    default_rounded=(
        {"default": lambda count: round(math.sqrt(count))},
        "Without `columns` the root of N is rounded to the nearest. For N = 6 that is 2: does 2 x 2 hold six?",
    ),
    default_one_too_many=(
        {"default": lambda count: int(math.sqrt(count)) + 1},
        "Without `columns`, four images come in rows of three. How large a square do they need?",
    ),
    one_row_by_default=(
        {"default": lambda count: count},
        "Without `columns` all images stand in one row. Which number makes the picture about square?",
    ),
    eight_by_default=(
        {"default": lambda count: 8},
        "Without `columns` there are eight in a row, whatever N is. Which number makes the picture about square?",
    ),
)


@image_grid.mistake("`columns` became the number of rows. How many images should stand side by side?")
def columns_taken_for_rows(images, columns=None, scale=1, gap=1):
    rows = columns or smallest_square(len(images))
    count = math.ceil(len(images) / rows)
    blank = torch.full((rows * count, *images.shape[1:]), 128, dtype=torch.uint8)
    blank[: len(images)] = to_uint8(images) if images.is_floating_point() else images
    return drawn(blank, count, scale, gap)


@image_grid.mistake("Nothing is left where `gap` is 0: what does `picture[:-0]` mean? Count the cut from the front.")
def everything_cut_off(images, columns=None, scale=1, gap=1):
    picture = laid_out(images, columns, 1, gap, edge="kept")[:-gap, :-gap]
    return without_grey_axis(picture.repeat(scale, axis=0).repeat(scale, axis=1))


@image_grid.mistake("Images are missing: a last row that is not full is dropped. How many rows do N images need?")
def incomplete_row_dropped(images, columns=None, scale=1, gap=1):
    columns = columns or smallest_square(len(images))
    return drawn(images[: max(len(images) // columns, 1) * columns], columns, scale, gap)


@image_grid.mistake("It fails where the last row is not full. What can stand in for the images that are not there?")
def incomplete_row_fails(images, columns=None, scale=1, gap=1):
    columns = columns or smallest_square(len(images))
    rearrange(images, "(r k) c h w -> r k c h w", k=columns)
    return drawn(images, columns, scale, gap)


@image_grid.mistake(
    "It fails where the last row is not full: `reshape` needs every place. How do the empty ones come in?"
)
def incomplete_row_does_not_reshape(images, columns=None, scale=1, gap=1):
    columns = columns or smallest_square(len(images))
    images.reshape(math.ceil(len(images) / columns), columns, *images.shape[1:])
    return drawn(images, columns, scale, gap)


@image_grid.mistake(
    "The enlarged pixels are smoothed. To see what the model drew, each should be a square of one grey."
)
def smoothed(images, columns=None, scale=1, gap=1):
    picture = torch.from_numpy(laid_out(images, columns, 1, gap)).movedim(2, 0)[None].float()
    larger = functional.interpolate(picture, scale_factor=scale, mode="bilinear")
    return without_grey_axis(larger[0].movedim(0, 2).round().to(torch.uint8).numpy())


@image_grid.mistake("The images are enlarged, the gaps are not. In which order do gap and scale come?")
def scaled_before_the_gap(images, columns=None, scale=1, gap=1):
    return drawn(images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3), columns, 1, gap)


@image_grid.mistake("The pixels are stretched in height only. How many axes does a square have?")
def scaled_in_height(images, columns=None, scale=1, gap=1):
    return drawn(images, columns, 1, gap).repeat(scale, axis=0)


@image_grid.mistake("The pixels are stretched in width only. Each should become a square.")
def scaled_in_width(images, columns=None, scale=1, gap=1):
    return drawn(images, columns, 1, gap).repeat(scale, axis=1)


@image_grid.mistake("The whole picture is repeated like a tile. Repeat each pixel instead: what is it called?")
def tiled(images, columns=None, scale=1, gap=1):
    return without_grey_axis(np.tile(laid_out(images, columns, 1, gap), (scale, scale, 1)))


@image_grid.mistake("With fewer images than `columns` the picture gets narrower. Empty places belong to it too.")
def no_wider_than_its_images(images, columns=None, scale=1, gap=1):
    return drawn(images, columns and min(columns, len(images)), scale, gap)


@image_grid.alternative("A canvas, and each image pasted at its place.")
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


@image_grid.alternative("Images are glued to rows, rows to the picture, with grey stripes between.")
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


@image_grid.alternative("Every image is padded at the right and below; the last gap is cut off.")
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
