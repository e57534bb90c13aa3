"""Answers to the quizzes of chapter 10."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from einops import einsum, rearrange, repeat
from torch import Tensor
from torch.nn import functional

from answers import right, wrong
from course_lib.forward import extract
from course_lib.images import to_uint8
from course_lib.reverse import predict_start_from_noise
from course_lib.schedules import NoiseSchedule

# to_uint8


@wrong("to_uint8", "cuts off instead of rounding, as guided-diffusion does")
def truncates(x):
    return ((x + 1) * 127.5).clamp(0, 255).to(torch.uint8)


@wrong("to_uint8", "no clamp: what lies outside wraps around")
def wraps_around(x):
    return ((x + 1) * 127.5).round().to(torch.uint8)


@wrong("to_uint8", "clamps when the numbers are uint8 already")
def clamps_too_late(x):
    return ((x + 1) * 127.5).round().to(torch.uint8).clamp(0, 255)


@wrong("to_uint8", "takes [-1, 1] for [0, 1]")
def never_shifted(x):
    return (x.clamp(0, 1) * 255).round().to(torch.uint8)


@wrong("to_uint8", "shifts, but clamps to [0, 1] first")
def clamps_to_zero_one_first(x):
    x = x.clamp(0, 1)
    return ((x + 1) * 127.5).round().to(torch.uint8)


@wrong("to_uint8", "times 256")
def times_256(x):
    return ((x.clamp(-1, 1) + 1) / 2 * 256).round().clamp(max=255).to(torch.uint8)


@wrong("to_uint8", "127 instead of 127.5: white is 254")
def white_is_254(x):
    return ((x.clamp(-1, 1) + 1) * 127).round().to(torch.uint8)


@wrong("to_uint8", "x * 128 + 127, half a grey level off")
def centred_at_127(x):
    return (x * 128 + 127).round().clamp(0, 255).to(torch.uint8)


@wrong("to_uint8", "stretches the picture's own range instead of clamping")
def min_max(x):
    x = (x - x.min()) / (x.max() - x.min())
    return (x * 255).round().to(torch.uint8)


@wrong("to_uint8", "stays float")
def stays_float(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).round()


@wrong("to_uint8", "int64, not uint8")
def long_integers(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).round().long()


@wrong("to_uint8", "a NumPy array")
def numpy_pixels(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()


@wrong("to_uint8", "changes its argument")
def clamps_in_place(x):
    return x.clamp_(-1, 1).add(1).mul(127.5).round().to(torch.uint8)


@wrong("to_uint8", "rounds before it scales: three grey levels are left")
def rounds_first(x):
    return ((x.clamp(-1, 1).round() + 1) * 127.5).to(torch.uint8)


@wrong("to_uint8", "casts before it scales")
def casts_first(x):
    return ((x.clamp(-1, 1) + 1) / 2).to(torch.uint8) * 255


@wrong("to_uint8", "always rounds up")
def rounds_up(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).ceil().to(torch.uint8)


@wrong("to_uint8", "adds a half and then rounds as well")
def rounds_and_adds_a_half(x):
    return ((x.clamp(-1, 1) + 1) * 127.5 + 0.5).round().clamp(0, 255).to(torch.uint8)


@wrong("to_uint8", "channels last, and only for batches of images")
def channels_last(x):
    x = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return rearrange(x, "b c h w -> b h w c")


@wrong("to_uint8", "squashes with tanh instead of clamping")
def squashes(x):
    return ((x.tanh() + 1) * 127.5).round().to(torch.uint8)


@wrong("to_uint8", "black and white swapped")
def negative(x):
    return ((1 - x.clamp(-1, 1)) * 127.5).round().to(torch.uint8)


@wrong("to_uint8", "drops axes of length one")
def squeezed(x):
    x = (x.squeeze().clamp(-1, 1) + 1) / 2
    return (255 * x).round().to(torch.uint8)


@wrong("to_uint8", "clamps only from above")
def clamps_one_side(x):
    return ((x.clamp(max=1) + 1) * 127.5).round().to(torch.uint8)


@wrong("to_uint8", "two mistakes: [0, 1] instead of [-1, 1], and cut off")
def never_shifted_and_cut(x):
    return (255 * x.clamp(0, 1)).byte()


@wrong("to_uint8", "two mistakes: no clamp, no rounding")
def neither_clamped_nor_rounded(x):
    return ((x + 1) * 127.5).to(torch.uint8)


@right("to_uint8", "scaled first, clamped to 0 ... 255 before the cast")
def clamps_in_grey_levels(x: Tensor) -> Tensor:
    return (127.5 * x + 127.5).round().clamp(0, 255).byte()


@right("to_uint8", "half a grey level added, then cut off, as torchvision does")
def adds_a_half(x):
    x = (x.clamp(-1, 1) + 1) / 2
    return x.mul(255).add_(0.5).clamp_(0, 255).to(torch.uint8)


@right("to_uint8", "in float64, by torch.where")
def where_in_double(x):
    x = x.double()
    x = torch.where(x > 1, 1.0, torch.where(x < -1, -1.0, x))
    return torch.round((x + 1) / 2 * 255).type(torch.uint8)


@right("to_uint8", "hardtanh, and in place on a clone")
def in_place_on_a_clone(x):
    y = x.detach().clone()
    functional.hardtanh_(y)
    y += 1
    y *= 255 / 2
    return y.round_().to(dtype=torch.uint8)


@right("to_uint8", "min and max with tensors, lerp")
def by_lerp(x):
    one = torch.ones_like(x)
    share = (torch.minimum(torch.maximum(x, -one), one) + 1) / 2
    return torch.lerp(0 * one, 255 * one, share).round().to(torch.uint8)


@right("to_uint8", "by NumPy and back")
def by_numpy(x):
    levels = np.rint((np.clip(x.detach().cpu().numpy(), -1, 1) + 1) * 127.5)
    return torch.as_tensor(levels.astype(np.uint8), device=x.device)


# image_grid


@wrong("image_grid", "fills column by column")
def column_by_column(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(k r) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "the gap is ignored")
def no_gap(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h, w), 128, dtype=torch.uint8)
    cells[:n] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = repeat(picture, "h w c -> (h a) (w b) c", a=scale, b=scale).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "gaps and empty places are black")
def black_gaps(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(n**0.5)
    rows = -(-n // columns)
    picture = np.zeros((rows * (h + gap) - gap, columns * (w + gap) - gap, c), dtype=np.uint8)
    for i, image in enumerate(images):
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        picture[y : y + h, x : x + w] = image.permute(1, 2, 0).numpy()
    picture = picture.repeat(scale, 0).repeat(scale, 1)
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "the empty places are black, the gaps grey")
def black_places(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    images = torch.cat([images, images.new_zeros(rows * columns - n, c, h, w)])
    cells = functional.pad(images, (0, gap, 0, gap), value=128)
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "a frame around it, as torchvision's make_grid")
def framed(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    picture = torch.full((rows * (h + gap) + gap, columns * (w + gap) + gap, c), 128, dtype=torch.uint8)
    for i in range(n):
        y, x = (i // columns) * (h + gap) + gap, (i % columns) * (w + gap) + gap
        picture[y : y + h, x : x + w] = images[i].permute(1, 2, 0)
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "[:-gap] leaves nothing when the gap is 0")
def empty_without_gap(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)[:-gap, :-gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "the root is cut off, so there are too few columns")
def root_cut_off(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or int(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "eight columns by default")
def eight_columns(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or min(n, 8)
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "scale is ignored")
def never_scaled(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows).numpy()
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "scales the images, not the gaps")
def gaps_not_scaled(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    images = images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows).numpy()
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "tiles the picture instead of enlarging its pixels")
def tiles_the_picture(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap].numpy()
    picture = np.tile(picture, (scale, scale, 1))
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "enlarges with soft edges")
def bilinear(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> 1 c (r h) (k w)", r=rows)
    picture = picture[..., : rows * (h + gap) - gap, : columns * (w + gap) - gap].float()
    picture = functional.interpolate(picture, scale_factor=scale, mode="bilinear")
    picture = picture[0].permute(1, 2, 0).round().byte().numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "enlarges downwards only")
def scales_the_height_only(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows).numpy()
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = np.repeat(picture, scale, axis=0)
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "coloured ones stay channels first")
def channels_first(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> c (r h) (k w)", r=rows)
    picture = picture[:, : rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    return picture.squeeze(0).numpy()


@wrong("image_grid", "grey ones keep an axis of one channel")
def grey_with_channel(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    return picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()


@wrong("image_grid", "the first channel only")
def first_channel_only(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, _, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    picture = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), 128, dtype=np.uint8)
    for i in range(n):
        y, x = (i // columns) * (h + gap), (i % columns) * (w + gap)
        picture[y : y + h, x : x + w] = images[i, 0].numpy()
    return np.kron(picture, np.ones((scale, scale), dtype=np.uint8))


@wrong("image_grid", "floats are cut off, not rounded")
def floats_cut_off(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = ((images.clamp(-1, 1) + 1) * 127.5).to(torch.uint8)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "uint8 images are converted as if they were floats")
def converts_uint8_too(images, columns=None, scale=1, gap=1):
    images = to_uint8(images.float())
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "judges the type by the values: fails for dark uint8 and for floats beyond 1")
def judges_by_the_maximum(images, columns=None, scale=1, gap=1):
    if images.max() <= 1:
        images = to_uint8(images.float())
    images = images.to(torch.uint8)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "a tensor")
def tensor_picture(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1)
    return picture.squeeze(-1)


@wrong("image_grid", "28 x 28 is hard-coded")
def hard_coded_size(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c = images.shape[:2]
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, 28 + gap, 28 + gap), 128, dtype=torch.uint8)
    cells[:n, :, :28, :28] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (28 + gap) - gap, : columns * (28 + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "only works if the last row is full")
def full_rows_only(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    columns = columns or math.ceil(math.sqrt(len(images)))
    cells = functional.pad(images, (0, gap, 0, gap), value=128)
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", k=columns)
    picture = picture[: picture.shape[0] - gap, : picture.shape[1] - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if picture.shape[-1] == 1 else picture


@wrong("image_grid", "leaves out the images of a last row that is not full")
def drops_the_last_row(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = max(len(images) // columns, 1)
    cells = functional.pad(images[: rows * columns], (0, gap, 0, gap), value=128)
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: picture.shape[0] - gap, : picture.shape[1] - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if picture.shape[-1] == 1 else picture


@wrong("image_grid", "fewer columns than asked for if there are few images")
def fewer_columns(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = min(columns or math.ceil(math.sqrt(n)), n)
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "columns taken for the number of rows")
def rows_for_columns(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    rows = columns or math.ceil(math.sqrt(n))
    columns = math.ceil(n / rows)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "height and width swapped: fits square images only")
def height_for_width(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, w, h = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "each image lies on its side")
def images_transposed(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    images = images.transpose(2, 3)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "interleaves: (h r) for (r h)")
def interleaved(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (h r) (w k) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "clamps the caller's floats in place")
def clamps_the_argument(images, columns=None, scale=1, gap=1):
    if images.is_floating_point():
        images = images.clamp_(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "grey at the right and below is left on")
def gap_at_the_edge(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "the gap is one pixel, whatever is asked for")
def gap_of_one(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + 1, w + 1), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)[:-1, :-1]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1).numpy()
    return picture[..., 0] if c == 1 else picture


@wrong("image_grid", "two mistakes: framed, and enlarged before the gaps are there")
def framed_after_scaling(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    images = images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    picture = np.full((rows * (h + gap) + gap, columns * (w + gap) + gap, c), 128, dtype=np.uint8)
    for i in range(n):
        y, x = (i // columns) * (h + gap) + gap, (i % columns) * (w + gap) + gap
        picture[y : y + h, x : x + w] = images[i].permute(1, 2, 0).numpy()
    return picture[..., 0] if c == 1 else picture


@right("image_grid", "written into an array, image by image; np.kron enlarges")
def written_image_by_image(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    pixels = images if images.dtype == torch.uint8 else to_uint8(images)
    pixels = pixels.detach().cpu().permute(0, 2, 3, 1).numpy()
    n, h, w, c = pixels.shape
    if columns is None:
        columns = 1
        while columns**2 < n:
            columns += 1
    rows = (n + columns - 1) // columns
    picture = np.full((rows * h + (rows - 1) * gap, columns * w + (columns - 1) * gap, c), 128, dtype=np.uint8)
    for i, image in enumerate(pixels):
        r, k = divmod(i, columns)
        y, x = r * (h + gap), k * (w + gap)
        picture[y : y + h, x : x + w] = image
    picture = np.kron(picture, np.ones((scale, scale, 1), dtype=np.uint8))
    return picture.squeeze(2) if c == 1 else picture


@right("image_grid", "rows put together by np.concatenate")
def concatenated(images, columns=None, scale=1, gap=1):
    images = to_uint8(images) if images.is_floating_point() else images
    tiles = [image.cpu().permute(1, 2, 0).numpy() for image in images]
    h, w, c = tiles[0].shape
    columns = columns or math.isqrt(len(tiles) - 1) + 1
    while len(tiles) % columns:
        tiles.append(np.full((h, w, c), 128, np.uint8))

    def joined(parts, axis):
        size = list(parts[0].shape)
        size[axis] = gap
        between = np.full(size, 128, np.uint8)
        return np.concatenate([part for p in parts for part in (between, p)][1:], axis)

    rows = [joined(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
    picture = joined(rows, 0).repeat(scale, axis=0).repeat(scale, axis=1)
    return picture[:, :, 0] if c == 1 else picture


@right("image_grid", "gaps at the left and above, cut off at the end; einops repeat")
def gaps_before(images, columns=None, scale=1, gap=1):
    if images.dtype is not torch.uint8:
        images = to_uint8(images)
    columns = columns or int(np.ceil(np.sqrt(len(images))))
    missing = -len(images) % columns
    grey = torch.full((missing, *images.shape[1:]), 128, dtype=torch.uint8)
    cells = functional.pad(torch.cat([images.cpu(), grey]), (gap, 0, gap, 0), value=128)
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", k=columns)[gap:, gap:]
    picture = repeat(picture, "h w c -> (h a) (w b) c", a=scale, b=scale)
    return (picture[..., 0] if picture.shape[2] == 1 else picture).numpy()


@right("image_grid", "functional.fold lays out the cells; np.take enlarges")
def by_fold(images, columns=None, scale=1, gap=1):
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h, w), 128.0)
    cells[:n] = images.cpu().float()
    size = rows * (h + gap) - gap, columns * (w + gap) - gap
    step = h + gap, w + gap
    flat = cells.flatten(1).T[None]
    picture = functional.fold(flat - 128, size, kernel_size=(h, w), stride=step)[0] + 128
    picture = picture.permute(1, 2, 0).byte().numpy()
    picture = picture.take(np.arange(size[0] * scale) // scale, axis=0)
    picture = picture.take(np.arange(size[1] * scale) // scale, axis=1)
    return picture[..., 0] if c == 1 else picture


@right("image_grid", "indexed pixel by pixel: each pixel of the picture asks where it comes from")
def each_pixel_asks(images, columns=None, scale=1, gap=1):
    pixels = (to_uint8(images) if images.dtype != torch.uint8 else images).cpu()
    n, c, h, w = pixels.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    y = torch.arange((rows * (h + gap) - gap) * scale)[:, None] // scale
    x = torch.arange((columns * (w + gap) - gap) * scale)[None, :] // scale
    place = y // (h + gap) * columns + x // (w + gap)
    inside = (y % (h + gap) < h) & (x % (w + gap) < w) & (place < n)
    place, y, x = place.clamp(max=n - 1), (y % (h + gap)).clamp(max=h - 1), (x % (w + gap)).clamp(max=w - 1)
    found = pixels.permute(0, 2, 3, 1)[place, y, x]
    picture = torch.where(inside[..., None], found, torch.tensor(128, dtype=torch.uint8)).numpy()
    return picture[..., 0] if c == 1 else picture


# denoising_frames


@wrong("denoising_frames", "evenly spaced, without the exponent")
def evenly_spaced(states, total, count=22):
    last = total - 1
    chosen = {round(last * (1 - j / max(count - 1, 1))) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "counted from the first state: closer together in the noise")
def dense_at_the_start(states, total, count=22):
    last = total - 1
    chosen = {round(last * (j / (count - 1)) ** 1.5) for j in range(count)} if count > 1 else {last}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "the power stands outside of the bracket")
def power_outside(states, total, count=22):
    last = total - 1
    chosen = {round(last * (1 - j / max(count - 1, 1)) ** 1.5) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "the exponent's inverse")
def inverse_exponent(states, total, count=22):
    last = total - 1
    chosen = {round(last * (1 - (j / max(count - 1, 1)) ** (1 / 1.5))) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "a square for the power 1.5")
def squared(states, total, count=22):
    last = total - 1
    chosen = {round(last * (1 - (j / max(count - 1, 1)) ** 2)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "cut off, not rounded")
def index_cut_off(states, total, count=22):
    last = total - 1
    chosen = {int(last * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "total for total - 1: the last state never comes")
def last_state_missing(states, total, count=22):
    chosen = {round(total * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "count for count - 1: the first state never comes")
def first_state_missing(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / count) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "divides by 0 when count is 1")
def fails_for_one_frame(states, total, count=22):
    if total <= count:
        yield from states
        return
    chosen = {round((total - 1) * (1 - (j / (count - 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen:
            yield state


@wrong("denoising_frames", "count = 1 gives the first state")
def one_frame_is_the_first(states, total, count=22):
    if count == 1:
        yield next(iter(states))
        return
    chosen = {round((total - 1) * (1 - (j / (count - 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "few states are thinned out as well")
def thins_out_the_few(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen:
            yield state


@wrong("denoising_frames", "< for <=: loses states if there are exactly count")
def thins_out_at_equality(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total < count:
            yield state


@wrong("denoising_frames", "an index that comes up twice gives two frames")
def doubled_frames(states, total, count=22):
    if total <= count:
        yield from states
        return
    chosen = [round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)]
    for i, state in enumerate(states):
        for _ in range(chosen.count(i)):
            yield state


@wrong("denoising_frames", "backwards: from the picture to the noise, all of it kept")
def backwards(states, total, count=22):
    states = list(states)
    if total <= count:
        yield from reversed(states)
        return
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i in sorted(chosen, reverse=True):
        yield states[i]


@wrong("denoising_frames", "keeps all states in a list before it picks")
def keeps_everything(states, total, count=22):
    states = list(states)
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i in range(total):
        if i in chosen or total <= count:
            yield states[i]


@wrong("denoising_frames", "stacks all states into one tensor")
def stacks_everything(states, total, count=22):
    everything = torch.stack(tuple(states))
    if total <= count:
        return iter(everything)
    j = torch.arange(count, dtype=torch.float64)
    index = ((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)).round().long().unique()
    return iter(everything[index])


@wrong("denoising_frames", "indexes the states; a generator has no indices")
def indexes_the_states(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i in range(total):
        if i in chosen or total <= count:
            yield states[i]


@wrong("denoising_frames", "yields the index, too")
def yields_pairs(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield i, state


@wrong("denoising_frames", "return for yield: the first frame alone")
def returns_the_first(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            return state
    return None


@wrong("denoising_frames", "counts the states from 1")
def counts_from_one(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states, start=1):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "every k-th state")
def every_kth(states, total, count=22):
    k = max(total // count, 1)
    for i, state in enumerate(states):
        if i % k == 0 or i == total - 1:
            yield state


@wrong("denoising_frames", "the last count states")
def the_last_ones(states, total, count=22):
    yield from islice(states, max(total - count, 0), total)


@wrong("denoising_frames", "stops before the last frame, j from 1")
def without_j_zero(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(1, count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "count is hard-coded")
def always_22(states, total, count=22):
    chosen = {round((total - 1) * (1 - (j / 21) ** 1.5)) for j in range(22)}
    for i, state in enumerate(states):
        if i in chosen or total <= 22:
            yield state


@wrong("denoising_frames", "two mistakes: cut off, and few states are thinned out")
def cut_off_and_thinned_out(states, total, count=22):
    chosen = {int((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen:
            yield state


@wrong("denoising_frames", "two mistakes: dense in the noise, and doubled frames")
def dense_at_the_start_and_doubled(states, total, count=22):
    chosen = [round((total - 1) * (j / max(count - 1, 1)) ** 1.5) for j in range(count)]
    for i, state in enumerate(states):
        for j in chosen:
            if i == j:
                yield state


@right("denoising_frames", "the indices by NumPy, early return for few states")
def indices_by_numpy(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    if total <= count:
        yield from states
        return
    if count == 1:
        wanted = {total - 1}
    else:
        j = np.arange(count) / (count - 1)
        wanted = set(np.rint((total - 1) * (1 - j**1.5)).astype(int).tolist())
    for number, state in enumerate(states):
        if number in wanted:
            yield state


@right("denoising_frames", "a stack of indices, the smallest on top")
def stack_of_indices(states, total, count=22):
    last = total - 1
    wanted = []
    for j in range(count):
        index = round(last * (1 - (j / (count - 1)) ** 1.5)) if count > 1 else last
        if index not in wanted:
            wanted.append(index)
    if total <= count:
        wanted = list(range(total))[::-1]
    i = 0
    for state in states:
        if wanted and i == wanted[-1]:
            wanted.pop()
            yield state
        i += 1  # noqa: SIM113


@right("denoising_frames", "skips on from frame to frame with islice")
def skips_with_islice(states, total, count=22):
    way = iter(states)
    power = 1.5
    chosen = range(total)
    if total > count:
        chosen = sorted({round((total - 1) * (1 - (j / max(1, count - 1)) ** power)) for j in range(count)})
    before = -1
    for index in chosen:
        yield next(islice(way, index - before - 1, None))
        before = index


@right("denoising_frames", "a generator expression instead of yield, a mask of bools")
def generator_expression(states, total, count=22):
    mask = [total <= count] * total
    for j in range(count):
        share = j / (count - 1) if j else 0.0
        mask[round((total - 1) * (1 - share**1.5))] = True
    return (state for state, taken in zip(states, mask, strict=False) if taken)


@right("denoising_frames", "float64 tensor of indices, asked by a lambda in filter")
def by_filter(states, total, count=22):
    j = torch.arange(count, dtype=torch.float64)
    index = (total - 1) * (1 - (j / max(count - 1, 1)).pow(1.5))
    chosen = set(index.round().long().tolist()) if count < total else set(range(total))
    for _, state in filter(lambda pair: pair[0] in chosen, enumerate(states)):
        yield state


# optimal_denoiser_of_dataset


@wrong("optimal_denoiser_of_dataset", "the distance is not squared")
def distance_not_squared(x_t, t, dataset, schedule):
    rows, images = x_t.flatten(1), dataset.flatten(1)
    alpha_bar = schedule.alphas_cumprod[t]
    distances = torch.stack([(r - a.sqrt() * images).norm(dim=1) for r, a in zip(rows, alpha_bar, strict=True)])
    weights = (-distances / (2 * (1 - alpha_bar))[:, None]).softmax(dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the 2 in the exponent is missing")
def without_the_two(x_t, t, dataset, schedule):
    rows, images = x_t.flatten(1), dataset.flatten(1)
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    square = rows.square().sum(1, keepdim=True) - 2 * alpha_bar.sqrt() * rows @ images.T
    square = square + alpha_bar * images.square().sum(1)
    return ((-square / (1 - alpha_bar)).softmax(1) @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "divides by the standard deviation, not by the variance")
def divides_by_sigma(x_t, t, dataset, schedule):
    rows, images = x_t.flatten(1), dataset.flatten(1)
    signal = schedule.sqrt_alphas_cumprod[t][:, None]
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t][:, None]
    square = torch.stack([(row - s * images).square().sum(1) for row, s in zip(rows, signal, strict=True)])
    return ((-square / (2 * sigma)).softmax(1) @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "beta_t for 1 - alpha-bar_t")
def beta_for_the_variance(x_t, t, dataset, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1, 1))
    beta = extract(schedule.betas, t, (len(t), 1))
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - signal * images[None]).square().sum(-1)
    return ((-square / (2 * beta)).softmax(dim=-1) @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "alpha for alpha-bar")
def alpha_for_alpha_bar(x_t, t, dataset, schedule):
    alpha = schedule.alphas[t][:, None, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha.sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha[..., 0])), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the root of alpha-bar is missing")
def signal_without_root(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None] * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "alpha-bar of the step before")
def previous_alpha_bar(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod_prev[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar).clamp(min=1e-8)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "counts t from 1")
def t_from_one(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t - 1][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "softmax over the batch")
def softmax_over_the_batch(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=0)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the first row's t for all rows")
def t_of_the_first_row(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t[0]]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = torch.cdist(rows, alpha_bar.sqrt() * images).square()
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "t.item(): a batch of one only")
def t_as_a_number(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t.item()]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = torch.cdist(rows, alpha_bar.sqrt() * images).square()
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the mean over the pixels, not the sum")
def mean_over_pixels(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().mean(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "exp and a division by the sum: 0 / 0 where there is little noise")
def exp_by_hand(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.exp(-square / (2 * (1 - alpha_bar)))
    weights = weights / weights.sum(dim=1, keepdim=True)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "exp by hand, an eps in the sum: grey where there is little noise")
def exp_with_eps(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.exp(-square / (2 * (1 - alpha_bar)))
    weights = weights / (weights.sum(dim=1, keepdim=True) + 1e-8)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the nearest image alone")
def nearest_image(x_t, t, dataset, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1, 1))
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - signal * images[None]).square().sum(-1)
    return dataset[square.argmin(dim=1)]


@wrong("optimal_denoiser_of_dataset", "the minus is forgotten: the farthest image wins")
def farthest_wins(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the noise instead of x_0")
def says_the_noise(x_t, t, dataset, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1))
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, (len(t), 1))
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - signal[..., None] * images[None]).square().sum(-1)
    start = torch.softmax(-square / (2 * sigma**2), dim=1) @ images
    return ((rows - signal * start) / sigma).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "takes the mean for noise and converts it once more")
def converted_once_more(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    mean = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1) @ images
    return predict_start_from_noise(x_t, t, mean.reshape(x_t.shape), schedule)


@wrong("optimal_denoiser_of_dataset", "returns the mean of the noised images, sqrt(alpha-bar) too small")
def scaled_mean(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    scaled = alpha_bar[..., None].sqrt() * images[None]
    square = (rows[:, None] - scaled).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return einsum(weights, scaled, "b n, b n d -> b d").reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "stays flat")
def flat_result(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    return torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1) @ images


@wrong("optimal_denoiser_of_dataset", "images are not scaled by the signal")
def images_not_scaled(x_t, t, dataset, schedule):
    variance = 1 - schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    weights = torch.softmax(-(torch.cdist(rows, images) ** 2) / (2 * variance), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the images' own squares are left out, as if all were equally bright")
def only_the_product(x_t, t, dataset, schedule):
    signal = schedule.sqrt_alphas_cumprod[t][:, None]
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    weights = torch.softmax(signal * (rows @ images.T) / sigma**2, dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "multiplied out without the signal's square")
def signal_not_squared(x_t, t, dataset, schedule):
    signal = schedule.sqrt_alphas_cumprod[t][:, None]
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    closeness = 2 * signal * (rows @ images.T) - signal * images.square().sum(1)
    weights = torch.softmax(closeness / (2 * sigma**2), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "x_t is divided by the signal, the variance is not")
def half_way_to_edm(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1) / alpha_bar.sqrt(), dataset.flatten(1)
    square = torch.cdist(rows, images).square()
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "written for images: einsum needs four axes")
def four_axes_only(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t]
    scaled = alpha_bar.sqrt()[:, None, None, None, None] * dataset[None]
    square = (x_t[:, None] - scaled).square().sum(dim=(2, 3, 4))
    weights = torch.softmax(-square / (2 * (1 - alpha_bar))[:, None], dim=1)
    return einsum(weights, dataset, "b n, n c h w -> b c h w")


@wrong("optimal_denoiser_of_dataset", "looks at the first channel only")
def first_channel_decides(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t[:, 0].flatten(1), dataset[:, 0].flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ dataset.flatten(1)).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "weights for each channel by itself")
def channel_by_channel(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    parts = []
    for x, images in zip(x_t.unbind(1), dataset.unbind(1), strict=True):
        rows, flat = x.reshape(len(x), -1), images.reshape(len(images), -1)
        square = (rows[:, None] - alpha_bar[..., None].sqrt() * flat[None]).square().sum(-1)
        weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
        parts.append((weights @ flat).reshape(x.shape))
    return torch.stack(parts, dim=1)


@wrong("optimal_denoiser_of_dataset", "x_t is clamped to [-1, 1] first")
def clamps_the_state(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.clamp(-1, 1).flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the variance has a floor of 0.1")
def floored_variance(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar).clamp(min=0.1)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "writes the answer into x_t")
def written_into_x_t(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    closeness = 2 * alpha_bar.sqrt() * (rows @ images.T) - alpha_bar * images.square().sum(1)
    rows.copy_(torch.softmax(closeness / (2 * (1 - alpha_bar)), dim=1) @ images)
    return rows.reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "returns the weights, too")
def with_weights(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    weights = torch.softmax(-square / (2 * (1 - alpha_bar)), dim=1)
    return (weights @ images).reshape(x_t.shape), weights


@wrong("optimal_denoiser_of_dataset", "only the ten nearest images count")
def ten_nearest(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).square().sum(-1)
    near, index = square.topk(min(10, len(images)), largest=False)
    weights = torch.softmax(-near / (2 * (1 - alpha_bar)), dim=1)
    return (weights[..., None] * images[index]).sum(1).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "two mistakes: the mean over the pixels, and no 2")
def mean_without_the_two(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod[t][:, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - alpha_bar[..., None].sqrt() * images[None]).pow(2).mean(-1)
    return ((-square / (1 - alpha_bar)).softmax(1) @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "two mistakes: softmax over the batch, alpha for alpha-bar in the variance")
def wrong_axis_and_alpha(x_t, t, dataset, schedule):
    signal = schedule.sqrt_alphas_cumprod[t][:, None, None]
    rows, images = x_t.flatten(1), dataset.flatten(1)
    square = (rows[:, None] - signal * images[None]).square().sum(-1)
    weights = functional.softmax(-square / (2 * (1 - schedule.alphas[t][:, None])), dim=0)
    return (weights @ images).reshape(x_t.shape)


@right("optimal_denoiser_of_dataset", "row by row")
def row_by_row(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    answers = []
    for x, step in zip(x_t, t.tolist(), strict=True):
        alpha_bar = float(schedule.alphas_cumprod[step])
        distances = ((x - math.sqrt(alpha_bar) * dataset) ** 2).reshape(len(dataset), -1).sum(dim=-1)
        weights = functional.softmax(-distances / (2 * (1 - alpha_bar)), dim=0)
        answers.append(torch.tensordot(weights, dataset, dims=1))
    return torch.stack(answers)


@right("optimal_denoiser_of_dataset", "all differences at once in float64, einsum")
def all_differences(x_t, t, dataset, schedule):
    alpha_bar = schedule.alphas_cumprod.double().index_select(0, t)
    rows, images = x_t.flatten(1).double(), dataset.flatten(1).double()
    difference = rows[:, None, :] - alpha_bar.sqrt()[:, None, None] * images[None, :, :]
    exponent = -torch.einsum("bnd,bnd->bn", difference, difference) / (2 - 2 * alpha_bar)[:, None]
    weights = torch.softmax(exponent, dim=-1)
    return torch.einsum("bn,nd->bd", weights, images).to(x_t.dtype).view_as(x_t)


@right("optimal_denoiser_of_dataset", "exp by hand, the largest exponent taken off first")
def exp_less_the_largest(x_t, t, dataset, schedule):
    signal = schedule.sqrt_alphas_cumprod.gather(0, t).unsqueeze(1)
    variance = schedule.sqrt_one_minus_alphas_cumprod.gather(0, t).unsqueeze(1) ** 2
    rows, images = x_t.reshape(len(x_t), -1), dataset.reshape(len(dataset), -1)
    exponent = (signal * rows @ images.T - signal**2 * (images * images).sum(1) / 2) / variance
    weights = torch.exp(exponent - exponent.max(dim=1, keepdim=True).values)
    total = weights.sum(dim=1, keepdim=True)
    return (weights @ images / total).reshape(x_t.shape)


@right("optimal_denoiser_of_dataset", "cdist of each row to its own scaled images, logsumexp")
def by_cdist(x_t, t, dataset, schedule):
    shape = x_t.shape
    alpha_bar = extract(schedule.alphas_cumprod, t, (len(t), 1, 1)).double()
    rows = rearrange(x_t.double(), "b ... -> b 1 (...)")
    images = rearrange(dataset.double(), "n ... -> 1 n (...)")
    log_weights = -(torch.cdist(rows, alpha_bar.sqrt() * images) ** 2) / (2 * (1 - alpha_bar))
    weights = (log_weights - log_weights.logsumexp(dim=-1, keepdim=True)).exp()
    return (weights @ images).reshape(shape).to(x_t)


@right("optimal_denoiser_of_dataset", "image after image with a running maximum, as flash attention does")
def running_maximum(x_t, t, dataset, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    variance = (1 - schedule.alphas_cumprod[t]).double()
    best = torch.full((len(t),), -math.inf, dtype=torch.float64, device=x_t.device)
    total, mean = torch.zeros_like(best), torch.zeros_like(x_t, dtype=torch.float64)
    wide = (-1, *[1] * (x_t.ndim - 1))
    for image in dataset:
        exponent = -(x_t - signal * image).double().square().flatten(1).sum(1) / (2 * variance)
        new = torch.maximum(best, exponent)
        old_share, share = (best - new).exp(), (exponent - new).exp()
        mean = mean * old_share.view(wide) + share.view(wide) * image
        total, best = total * old_share + share, new
    return (mean / total.view(wide)).to(x_t.dtype)


@right("optimal_denoiser_of_dataset", "scaled dot-product attention with a bias")
def as_attention(x_t, t, dataset, schedule):
    rows, images = x_t.flatten(1).double(), dataset.flatten(1).double()
    alpha_bar = schedule.alphas_cumprod.double()[t, None]
    query = rows * alpha_bar.sqrt() / (1 - alpha_bar)
    bias = -alpha_bar / (2 * (1 - alpha_bar)) * images.square().sum(1)
    mean = functional.scaled_dot_product_attention(
        query[None], images[None], images[None], attn_mask=bias[None], scale=1.0
    )
    return mean[0].reshape(x_t.shape).type_as(x_t)
