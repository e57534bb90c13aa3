"""Answers to the quizzes of chapter 10."""

import functools
import math
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional

from answers import right, wrong
from course_lib.forward import extract
from course_lib.images import to_uint8
from course_lib.reverse import draw_noise, p_mean, p_sample, predict_start
from course_lib.schedules import NoiseSchedule


@wrong("to_uint8", "cut off instead of rounded")
def cut_off(x: Tensor) -> Tensor:
    x = (x + 1) / 2
    return (x.clamp(0, 1) * 255).to(torch.uint8)


@wrong("to_uint8", "clamped only when it has wrapped around already")
def clamped_too_late(x: Tensor) -> Tensor:
    return ((x + 1) * 127.5).round().to(torch.uint8).clamp(0, 255)


@wrong("to_uint8", "clamps the argument itself")
def clamps_the_argument(x: Tensor) -> Tensor:
    x.clamp_(-1, 1)
    return ((x + 1) * 127.5).round().to(torch.uint8)


@wrong("to_uint8", "darkest to 0 and lightest to 255, as make_grid(normalize=True)")
def normalised(x: Tensor) -> Tensor:
    x = x.clamp(-1, 1)
    x = (x - x.min()) / (x.max() - x.min()).clamp(min=1e-5)
    return (x * 255).round().to(torch.uint8)


@wrong("to_uint8", "rounded before it is scaled: three grey levels")
def rounded_too_early(x: Tensor) -> Tensor:
    return ((x.clamp(-1, 1).round() + 1) * 127.5).to(torch.uint8)


@wrong("to_uint8", "whole numbers, but still floats")
def still_floats(x: Tensor) -> Tensor:
    return torch.round(127.5 * (torch.clamp(x, -1.0, 1.0) + 1))


@wrong("to_uint8", "brought to [0, 1], then clamped to [-1, 1]: negative ones wrap around")
def clamped_in_the_wrong_range(x: Tensor) -> Tensor:
    x = ((x + 1) / 2).clamp(-1, 1)
    return (x * 255).round().to(torch.uint8)


@wrong("to_uint8", "two mistakes: 128 for 127.5, and rounded up")
def rounded_up_128(x: Tensor) -> Tensor:
    return (x * 128 + 128).ceil().clamp(0, 255).to(torch.uint8)


@right("to_uint8", "clamped among the grey levels, by methods in a chain")
def clamped_among_levels(x: Tensor) -> Tensor:
    return x.add(1).mul(127.5).clip(0, 255).round().byte()


@right("to_uint8", "torch.where for what lies outside")
def where_outside(x: Tensor) -> Tensor:
    levels = torch.round((x + 1) / 2 * 255)
    levels = torch.where(levels < 0, torch.zeros_like(levels), levels)
    levels = torch.where(levels > 255, torch.full_like(levels, 255), levels)
    return levels.type(torch.uint8)


@right("to_uint8", "hardtanh, a stretch from -127.5, and an int in between")
def by_hardtanh(x: Tensor) -> Tensor:
    inside = functional.hardtanh(x, -1.0, 1.0)
    out = torch.empty_like(inside).copy_(inside)
    out.add_(1).mul_(127.5).round_()
    return out.int().to(dtype=torch.uint8)


@wrong("image_grid", "as make_grid: a gap at the outer edge, too")
def gap_all_around(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = torch.full((c, rows * (h + gap) + gap, columns * (w + gap) + gap), 128, dtype=torch.uint8)
    for i in range(n):
        y, x = divmod(i, columns)
        top, left = y * (h + gap) + gap, x * (w + gap) + gap
        grid[:, top : top + h, left : left + w] = images[i]
    grid = grid.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    return grid[0].numpy() if c == 1 else grid.permute(1, 2, 0).numpy()


@wrong("image_grid", "column by column, from top to bottom")
def column_by_column(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(k r) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = repeat(picture, "h w c -> (h p) (w q) c", p=scale, q=scale)
    return (picture[..., 0] if c == 1 else picture).numpy()


@wrong("image_grid", "the images are scaled, the gap is not")
def thin_gap(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    images = images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)
    n, c, h, w = images.shape
    columns = columns or math.ceil(n**0.5)
    rows = -(-n // columns)
    canvas = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), 128, dtype=np.uint8)
    for i, image in enumerate(images):
        y, x = (i // columns) * (h + gap), (i % columns) * (w + gap)
        canvas[y : y + h, x : x + w] = image.permute(1, 2, 0).numpy()
    return canvas[:, :, 0] if c == 1 else canvas


@wrong("image_grid", "empty places are black")
def black_places(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    empty = torch.zeros(rows * columns - n, c, h, w, dtype=torch.uint8)
    cells = functional.pad(torch.cat([images, empty]), (0, gap, 0, gap), value=128)
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", k=columns)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.numpy().repeat(scale, axis=0).repeat(scale, axis=1)
    return picture.squeeze(-1) if c == 1 else picture


@wrong("image_grid", "uint8 goes through to_uint8 as well: all that is not black turns white")
def bytes_converted_again(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    images = to_uint8(images.float())
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1)
    return (picture[..., 0] if c == 1 else picture).numpy()


@wrong("image_grid", "the root is rounded down, so the grid has too few columns")
def root_rounded_down(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    if columns is None:
        columns = int(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = np.full(((h + gap) * rows, (w + gap) * columns, c), 128, dtype=np.uint8)
    for i in range(n):
        r, k = i // columns, i % columns
        grid[r * (h + gap) : r * (h + gap) + h, k * (w + gap) : k * (w + gap) + w] = images[i].permute(1, 2, 0)
    grid = grid[: len(grid) - gap, : grid.shape[1] - gap]
    grid = np.kron(grid, np.ones((scale, scale, 1), dtype=np.uint8))
    return grid[..., 0] if c == 1 else grid


@wrong("image_grid", "the last row comes only if it is full")
def full_rows_only(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = max(n // columns, 1)
    cells = torch.full((rows * columns, c, h + gap, w + gap), 128, dtype=torch.uint8)
    shown = images[: rows * columns]
    cells[: len(shown), :, :h, :w] = shown
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)
    picture = picture[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    picture = picture.repeat_interleave(scale, 0).repeat_interleave(scale, 1)
    return (picture[..., 0] if c == 1 else picture).numpy()


@wrong("image_grid", "two mistakes: grey pictures keep their channel, and the gap is always one pixel")
def channel_kept_gap_ignored(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.dtype != torch.uint8:
        images = to_uint8(images)
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = torch.full((rows * columns, c, h + 1, w + 1), 128, dtype=torch.uint8)
    cells[:n, :, :h, :w] = images
    picture = rearrange(cells, "(r k) c h w -> (r h) (k w) c", r=rows)[:-1, :-1]
    return repeat(picture, "h w c -> (h p) (w q) c", p=scale, q=scale).numpy()


@right("image_grid", "a canvas, and each image pasted at its place; scaled by np.kron")
def pasted(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    pixels = images if images.dtype == torch.uint8 else to_uint8(images)
    pixels = pixels.permute(0, 2, 3, 1).cpu().numpy()
    n, h, w, c = pixels.shape
    if columns is None:
        columns = next(k for k in range(1, n + 1) if k * k >= n)
    rows = (n + columns - 1) // columns
    canvas = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), 128, dtype=np.uint8)
    for place, image in enumerate(pixels):
        row, column = divmod(place, columns)
        canvas[row * (h + gap) :, column * (w + gap) :][:h, :w] = image
    canvas = np.kron(canvas, np.ones((scale, scale, 1), np.uint8))
    return canvas[..., 0] if c == 1 else canvas


@right("image_grid", "rows are concatenated with grey bars between them")
def with_bars(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    if images.is_floating_point():
        images = to_uint8(images)
    images = images.cpu()
    if not columns:
        columns = math.isqrt(len(images) - 1) + 1

    def grey(*shape):
        return torch.full(shape, 128, dtype=torch.uint8)

    _, c, h, w = images.shape
    rows = []
    for group in images.split(columns):
        parts = []
        for place in range(columns):
            parts.append(group[place] if place < len(group) else grey(c, h, w))
            parts.append(grey(c, h, gap))
        row = torch.cat(parts[:-1], dim=2)
        rows += [row, grey(c, gap, row.shape[2])]
    picture = torch.cat(rows[:-1], dim=1)
    picture = repeat(picture, "c h w -> (h p) (w q) c", p=scale, q=scale)
    return np.ascontiguousarray(picture.numpy()[..., 0] if c == 1 else picture.numpy())


@right("image_grid", "asks for each pixel of the picture where it comes from")
def asked_pixel_by_pixel(images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1) -> np.ndarray:
    images = (images if images.dtype == torch.uint8 else to_uint8(images)).cpu()
    n, c, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    y = torch.arange((rows * (h + gap) - gap) * scale)[:, None] // scale
    x = torch.arange((columns * (w + gap) - gap) * scale)[None, :] // scale
    index = (y // (h + gap)) * columns + x // (w + gap)
    y, x = (y % (h + gap)).expand_as(index), (x % (w + gap)).expand_as(index)
    inside = (index < n) & (y < h) & (x < w)
    pixels = images[index.clamp(max=n - 1), :, y.clamp(max=h - 1), x.clamp(max=w - 1)]
    picture = torch.where(inside[..., None], pixels, torch.tensor(128, dtype=torch.uint8))
    return picture[:, :, 0].numpy() if c == 1 else picture.numpy()


@wrong("denoising_frames", "keeps all states in a list first")
def keeps_all(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    states = list(states)
    last = total - 1
    chosen = sorted({round(last * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)})
    if total <= count:
        chosen = range(total)
    for index in chosen:
        yield states[index]


@wrong("denoising_frames", "evenly spread")
def evenly(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    if total <= count:
        yield from states
        return
    chosen = set(np.linspace(0, total - 1, count).round().astype(int).tolist()) if count > 1 else {total - 1}
    for index, state in enumerate(states):
        if index in chosen:
            yield state


@wrong("denoising_frames", "closer together in the noise: the power is not taken from 1")
def dense_at_the_start(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    chosen = {total - 1} if count == 1 else {round((total - 1) * (j / (count - 1)) ** 1.5) for j in range(count)}
    for i, state in enumerate(states):
        if i in chosen or total <= count:
            yield state


@wrong("denoising_frames", "divides by zero where one frame is asked for")
def one_frame_fails(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    if total <= count:
        yield from states
        return
    chosen = {round((total - 1) * (1 - (j / (count - 1)) ** 1.5)) for j in range(count)}
    for index, state in enumerate(states):
        if index in chosen:
            yield state


@wrong("denoising_frames", "cuts off instead of rounding")
def indices_cut_off(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    chosen = {int((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for index, state in enumerate(states):
        if total <= count or index in chosen:
            yield state


@wrong("denoising_frames", "an index that comes up twice gives two frames")
def doubles_shown(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    chosen = [round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)]
    for index, state in enumerate(states):
        if total <= count:
            yield state
            continue
        for _ in range(chosen.count(index)):
            yield state


@wrong("denoising_frames", "a short run loses states: nothing is done about total <= count")
def short_run_thinned(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    chosen = {round((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    return (state for index, state in enumerate(states) if index in chosen)


@wrong("denoising_frames", "two mistakes: counts total for total - 1, so the last state is missing; gives pairs")
def pairs_without_the_last(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    chosen = {round(total * (1 - (j / max(count - 1, 1)) ** 1.5)) for j in range(count)}
    for index, state in enumerate(states):
        if index in chosen or total <= count:
            yield index, state


@right("denoising_frames", "a generator expression, and the indices as a set from a helper")
def by_expression(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    def place(j: int) -> int:
        share = 0 if count == 1 else j / (count - 1)
        return round((total - 1) * (1 - share * math.sqrt(share)))

    wanted = set(range(total)) if total <= count else set(map(place, range(count)))
    return (state for index, state in enumerate(states) if index in wanted)


@right("denoising_frames", "a yes or no for every state, beside the states in a zip")
def by_flags(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    flags = [total <= count] * total
    for j in range(count):
        flags[round((total - 1) * (1 - (j / max(1, count - 1)) ** 1.5))] = True
    for state, wanted in zip(states, flags, strict=False):
        if wanted:
            yield state


@right("denoising_frames", "pulls the states by next, from one wanted index to the following")
def pulled_by_next(states: Iterable[Tensor], total: int, count: int = 22) -> Iterator[Tensor]:
    source = iter(states)
    if total <= count:
        yield from source
        return
    steps = range(count - 1, -1, -1)
    wanted = [round((total - 1) * (1 - (j / (count - 1 or 1)) ** 1.5)) for j in steps]
    at = -1
    for index in wanted:
        if index == at:
            continue
        while at < index:
            state = next(source)
            at += 1
        yield state


@wrong("optimal_denoiser_of_dataset", "mean over the pixels where a sum is needed: weights far too even")
def mean_over_pixels(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    ab = schedule.alphas_cumprod[t][:, None]
    x, images = x_t.flatten(1), dataset.flatten(1)
    distance = (x[:, None] - ab.sqrt()[:, None] * images[None]).square().mean(dim=-1)
    weights = torch.softmax(-distance / (2 * (1 - ab)), dim=1)
    return (weights @ images).view_as(x_t)


@wrong("optimal_denoiser_of_dataset", "divides by the sum of exponentials, and both are 0 where there is little noise")
def zero_by_zero(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    ab = extract(schedule.alphas_cumprod, t, (len(t), 1))
    x, images = x_t.flatten(1), dataset.flatten(1)
    distance = torch.cdist(ab.sqrt() * x / ab, images) ** 2 * ab
    weights = torch.exp(-distance / (2 * (1 - ab)))
    weights = weights / weights.sum(dim=1, keepdim=True)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "softmax over the batch: the rows compete, not the images")
def softmax_over_the_batch(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    ab = schedule.alphas_cumprod.gather(0, t).unsqueeze(1)
    x, images = x_t.flatten(1), dataset.flatten(1)
    distance = (x[:, None, :] - ab.sqrt()[..., None] * images).pow(2).sum(-1)
    weights = (-distance / (2 * (1 - ab))).softmax(dim=0)
    return torch.einsum("bn,nd->bd", weights, images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "the nearest image, not the mean")
def nearest_only(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1, 1))
    x, images = x_t.flatten(1), dataset.flatten(1)
    distance = (x[:, None] - signal * images).norm(dim=-1)
    return dataset[distance.argmin(dim=1)]


@wrong("optimal_denoiser_of_dataset", "the noise level of the first row for all rows")
def level_of_the_first(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    ab = schedule.alphas_cumprod[t[0]].item()
    x, images = x_t.flatten(1), dataset.flatten(1)
    distance = torch.cdist(x, math.sqrt(ab) * images) ** 2
    weights = torch.softmax(-distance / (2 * (1 - ab)), dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "EDM's formula: x_t is divided by the signal, its noise level is not")
def edm_without_rescaling(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1))
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, (len(t), 1))
    images = dataset.flatten(1)
    distance = torch.cdist(x_t.flatten(1) / signal, images).square()
    weights = (-distance / (2 * sigma**2)).softmax(dim=1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "multiplied out, with the images' own square left out")
def square_forgotten(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1))
    variance = 1 - extract(schedule.alphas_cumprod, t, (len(t), 1))
    x, images = x_t.flatten(1), dataset.flatten(1)
    weights = (signal * (x @ images.T) / variance).softmax(dim=-1)
    return (weights @ images).reshape(x_t.shape)


@wrong("optimal_denoiser_of_dataset", "two mistakes: the 2 is forgotten, and the noise is given in place of x_0")
def noise_and_no_two(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    ab = extract(schedule.alphas_cumprod, t, (len(t), 1))
    x, images = x_t.flatten(1), dataset.flatten(1)
    distance = (x[:, None] - ab.sqrt()[:, None] * images).square().sum(-1)
    mean = torch.softmax(-distance / (1 - ab), dim=1) @ images
    return ((x - ab.sqrt() * mean) / (1 - ab).sqrt()).reshape(x_t.shape)


@right("optimal_denoiser_of_dataset", "row by row, in float64")
def row_by_row(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    images = dataset.double()
    rows = []
    for x, step in zip(x_t.double(), t.tolist(), strict=True):
        signal = schedule.sqrt_alphas_cumprod[step].double()
        variance = schedule.sqrt_one_minus_alphas_cumprod[step].double() ** 2
        exponents = -((x - signal * images) ** 2).flatten(1).sum(1) / (2 * variance)
        weights = exponents.softmax(0)
        rows.append(torch.tensordot(weights, images, dims=1))
    return torch.stack(rows).to(x_t.dtype)


@right("optimal_denoiser_of_dataset", "logsumexp in place of softmax, all differences at once")
def by_logsumexp(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    mean = schedule.sqrt_alphas_cumprod[t]
    std = schedule.sqrt_one_minus_alphas_cumprod[t]
    x, images = x_t.reshape(len(x_t), -1), dataset.reshape(len(dataset), -1)
    difference = (x[:, None] - mean[:, None, None] * images[None]) / std[:, None, None]
    log_p = -0.5 * (difference**2).sum(dim=2)
    weights = torch.exp(log_p - log_p.logsumexp(dim=1, keepdim=True))
    return torch.einsum("bn,n...->b...", weights, dataset)


@right("optimal_denoiser_of_dataset", "all scaled by the signal: distances by cdist, noise level of EDM; einops")
def scaled_by_the_signal(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    a = schedule.sqrt_alphas_cumprod.index_select(0, t).double()
    s = schedule.sqrt_one_minus_alphas_cumprod.index_select(0, t).double() / a
    x = rearrange(x_t, "b ... -> b (...)").double() / a.view(-1, 1)
    images = rearrange(dataset, "n ... -> n (...)").double()
    distance = torch.cdist(x, images, compute_mode="donot_use_mm_for_euclid_dist")
    weights = functional.softmax(-0.5 * (distance / s.view(-1, 1)) ** 2, dim=-1)
    return (weights @ images).float().reshape(x_t.shape)


# p_sample_from: written by the quiz's author, who knew the catalogue


def _step(model, x, step, noise, schedule, predicts, clip_start):
    t = torch.full((len(x),), step, dtype=torch.long, device=schedule.device)
    return p_sample(model, x, t, noise, schedule, predicts, clip_start)


@wrong("p_sample_from", "range(start): one step is missing")
@torch.no_grad()
def from_one_below(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in reversed(range(start)):
        x_t = _step(model, x_t, i, draw_noise(x_t.shape, schedule, generator), schedule, predicts, clip_start)
    return x_t


@wrong("p_sample_from", "all T steps, whatever start is")
@torch.no_grad()
def all_steps(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in range(schedule.timesteps - 1, -1, -1):
        x_t = _step(model, x_t, i, draw_noise(x_t.shape, schedule, generator), schedule, predicts, clip_start)
    return x_t


@wrong("p_sample_from", "ends at t = 1")
@torch.no_grad()
def never_at_zero(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    while start > 0:
        x_t = _step(model, x_t, start, draw_noise(x_t.shape, schedule, generator), schedule, predicts, clip_start)
        start -= 1
    return x_t


@wrong("p_sample_from", "the noise is drawn once for all steps")
@torch.no_grad()
def one_draw(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    noise = draw_noise(x_t.shape, schedule, generator)
    for i in range(start, -1, -1):
        x_t = _step(model, x_t, i, noise, schedule, predicts, clip_start)
    return x_t


@wrong("p_sample_from", "no noise at all")
@torch.no_grad()
def silent(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in range(start, -1, -1):
        x_t = _step(model, x_t, i, 0.0 * x_t, schedule, predicts, clip_start)
    return x_t


@wrong("p_sample_from", "randn_like: the generator is not used")
@torch.no_grad()
def own_dice(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in range(start, -1, -1):
        x_t = _step(model, x_t, i, torch.randn_like(x_t), schedule, predicts, clip_start)
    return x_t


@wrong("p_sample_from", "one noise for all rows")
@torch.no_grad()
def shared_by_the_rows(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in range(start, -1, -1):
        noise = draw_noise((1, *x_t.shape[1:]), schedule, generator).expand_as(x_t)
        x_t = _step(model, x_t, i, noise, schedule, predicts, clip_start)
    return x_t


@wrong("p_sample_from", "predicts is not passed on")
@torch.no_grad()
def predicts_forgotten(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in range(start, -1, -1):
        noise = draw_noise(x_t.shape, schedule, generator)
        x_t = _step(model, x_t, i, noise, schedule, "noise", clip_start)
    return x_t


@wrong("p_sample_from", "the prediction at once, without steps")
@torch.no_grad()
def predicted_at_once(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    t = torch.full((len(x_t),), start, device=schedule.device)
    return predict_start(model(x_t, t), x_t, t, schedule, predicts)


@wrong("p_sample_from", "a list of all states")
@torch.no_grad()
def a_list(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    states = [x_t]
    for i in range(start, -1, -1):
        noise = draw_noise(x_t.shape, schedule, generator)
        states.append(_step(model, states[-1], i, noise, schedule, predicts, clip_start))
    return states[1:]


@right("p_sample_from", "range with a negative step")
@torch.no_grad()
def downwards(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in range(start, -1, -1):
        x_t = _step(model, x_t, i, draw_noise(x_t.shape, schedule, generator), schedule, predicts, clip_start)
    return x_t


@right("p_sample_from", "mean and noise by hand, without p_sample")
@torch.no_grad()
def mean_and_noise(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for i in reversed(range(start + 1)):
        t = torch.full((len(x_t),), i, device=schedule.device)
        noise = draw_noise(x_t.shape, schedule, generator)
        mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
        x_t = mean + schedule.posterior_variance[i].sqrt() * noise
    return x_t


@right("p_sample_from", "functools.reduce over the steps")
@torch.no_grad()
def reduced(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    def once(x, i):
        return _step(model, x, i, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)

    return functools.reduce(once, range(start, -1, -1), x_t)
