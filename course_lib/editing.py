"""Editing pictures with a network that was trained to draw them: no training, only other ways to sample (chapter 14).

Shapes, `predicts` and `clip_start` are as in `reverse`; t_prev = -1 is clean data, as in `fast_sampling`. A mask is 1
where the picture is known and 0 where it is to be drawn; it broadcasts with the picture.
"""

from collections import deque
from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.fast_sampling import ddim_step, ddim_timesteps, moves, predict_start_and_noise
from course_lib.forward import extract, q_sample
from course_lib.mixtures import GaussianMixture
from course_lib.reverse import draw_noise
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod
from course_lib.types import Generators, Model, Predicts

# Denoising and sketches: begin in the middle


def noise_level_to_t(sigma: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The t at which the network expects a noise of standard deviation sigma on a picture: long, in the shape of sigma
    (any shape).

    The t whose sqrt((1 - alpha-bar_t) / alpha-bar_t) is nearest to sigma. sigma is in the units of the picture, whose
    values go from -1 to 1: a picture plus sigma times noise, multiplied by sqrt(alpha-bar_t), is an x_t.
    """
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).to(sigma)
    return (sigma[..., None] - sigmas).abs().argmin(dim=-1)


def denoise_from(
    model: Model,
    noisy: Tensor,
    start: int,
    schedule: NoiseSchedule,
    steps: int = 1,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """A clean picture from a noisy one, x_0 plus noise whose level is that of t = `start`: (B, ...) in and out; `steps`
    steps of DDIM.

    sqrt(alpha-bar_start) noisy is an x_t at t = start; from there the steps of `ddim_step` with eta = 0 lead to clean
    data, at the t of `ddim_timesteps(start + 1, steps)`. One step is the predicted x_0 itself, the mean of all
    clean pictures that are possible: the smallest squared error. More steps choose one of them.
    """
    x_t = schedule.sqrt_alphas_cumprod[start] * noisy
    return ddim_sample_from(model, x_t, start, schedule, steps, predicts=predicts, clip_start=clip_start)


def sketch_to_image(
    model: Model,
    sketch: Tensor,
    start: int,
    noise: Tensor,
    schedule: NoiseSchedule,
    steps: int = 20,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """A picture that resembles a sketch (B, ...): the sketch, noised to t = `start`, and denoised again.

    `noise` is standard normal, in the shape of the sketch. A small start keeps the sketch, a large one forgets it.
    SDEdit, 2108.01073, section 3, with `ddim_sample_from` in the place of its solver.
    """
    t = torch.full((len(sketch),), start, device=sketch.device)
    x_t = q_sample(sketch, t, noise, schedule)
    return ddim_sample_from(model, x_t, start, schedule, steps, predicts=predicts, clip_start=clip_start)


@torch.no_grad()
def ddim_sample_from(
    model: Model,
    x_t: Tensor,
    start: int,
    schedule: NoiseSchedule,
    steps: int,
    eta: float = 0.0,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Clean data (B, ...) from states x_t at t = `start`, with `steps` steps of `ddim_step`.

    Raises ValueError unless 1 <= steps <= start + 1.
    """
    x = x_t
    for t, t_prev in moves([*_steps_from(start, steps), -1], x_t):
        noise = draw_noise(x.shape, schedule, generator) if eta else torch.zeros_like(x)
        x = ddim_step(model, x, t, t_prev, noise, schedule, eta, predicts, clip_start)
    return x


# Inpainting: a part is known


def inpaint_step(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    known: Tensor,
    mask: Tensor,
    noise: Tensor,
    known_noise: Tensor,
    schedule: NoiseSchedule,
    eta: float = 1.0,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """x at t_prev from x_t (B, ...): drawn where the mask is 0, and where it is 1 the known picture with the noise of
    t_prev.

    t, t_prev     long (B,); t_prev = -1 is clean data
    known         the clean picture, (B, ...)
    mask          1 where known, 0 where to be drawn; broadcasts with x_t
    noise         for ddim_step; known_noise is for the known part

    Both are standard normal, in the shape of x_t. Where the mask is 0 the values of `known` have no effect. The drawn
    part is `ddim_step`, the known one sqrt(alpha-bar_prev) known + sqrt(1 - alpha-bar_prev) known_noise.
    2201.09865, equation 8. So at the end the known part has no difference from `known`.
    """
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    given = before.sqrt() * known + (1 - before).sqrt() * known_noise
    return torch.where(mask.bool(), given, drawn)


def repaint_schedule(steps: int, jump_length: int = 10, jump_n_sample: int = 10) -> list[int]:
    """The levels that RePaint visits, from steps - 1 (noise) to -1 (clean data), each a neighbour of the one before.

    It goes down. When it first arrives at one of the levels 0, jump_length, 2 jump_length, ... below
    steps - jump_length, it goes up again by jump_length, and comes back, jump_n_sample - 1 times in all. So each part
    of the way below the highest return is gone down jump_n_sample times, and the parts grow together. With
    jump_n_sample = 1 it goes straight down. 2201.09865, section 4.2.
    """
    returns = dict.fromkeys(range(0, steps - jump_length, jump_length), jump_n_sample - 1)
    level, levels = steps - 1, [steps - 1]
    while level >= 0:
        if returns.get(level, 0) > 0:
            returns[level] -= 1
            levels += range(level + 1, level + jump_length + 1)
            level += jump_length
        level -= 1
        levels.append(level)
    return levels


def renoise(x: Tensor, t: Tensor, t_next: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """q(x_{t_next} | x_t): x with the noise added that leads from t to a later t_next; (B, ...), t (B,), t >= -1.

    sqrt(r) x + sqrt(1 - r) noise, r = alpha-bar_next / alpha-bar_t. 2006.11239, equation 2, over several steps.
    """
    kept = extract(schedule.alphas_cumprod, t_next, x.shape)
    kept = kept / extract(schedule.alphas_cumprod_prev, t + 1, x.shape)
    return kept.sqrt() * x + (1 - kept).sqrt() * noise


@torch.no_grad()
def inpaint_sample_steps(
    model: Model,
    known: Tensor,
    mask: Tensor,
    schedule: NoiseSchedule,
    steps: int = 50,
    eta: float = 1.0,
    jump_length: int = 10,
    jump_n_sample: int = 1,
    generator: Generators = None,
    known_generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Iterator[Tensor]:
    """Inpainting: yields x_T, then every state (B, ...); the last one is `known` where the mask is 1.

    jump_n_sample = 1 is replacement; more is RePaint, with the jumps of `repaint_schedule` over the `steps` t of
    `ddim_timesteps`. `generator` gives the noise of the sampler, `known_generator` that of the known part; so with an
    empty mask and jump_n_sample = 1 the states are those of `ddim_sample_steps`, bit for bit.

    Raises ValueError unless 1 <= steps <= T.
    """
    chosen = _steps_from(schedule.timesteps - 1, steps)[::-1]  # rising: level i is at t = chosen[i]
    x = draw_noise(tuple(known.shape), schedule, generator)
    yield x
    visited = [chosen[level] if level >= 0 else -1 for level in repaint_schedule(steps, jump_length, jump_n_sample)]
    for t, t_after in moves(visited, known):
        noise = draw_noise(x.shape, schedule, generator) if eta or t_after[0] > t[0] else torch.zeros_like(x)
        if t_after[0] > t[0]:
            x = renoise(x, t, t_after, noise, schedule)
        else:
            known_noise = draw_noise(x.shape, schedule, known_generator)
            x = inpaint_step(model, x, t, t_after, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)
        yield x


def inpaint_sample_loop(
    model: Model,
    known: Tensor,
    mask: Tensor,
    schedule: NoiseSchedule,
    steps: int = 50,
    eta: float = 1.0,
    jump_length: int = 10,
    jump_n_sample: int = 1,
    generator: Generators = None,
    known_generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """The last state of `inpaint_sample_steps`: pictures in the shape of `known`, (B, ...)."""
    states = inpaint_sample_steps(
        model,
        known,
        mask,
        schedule,
        steps,
        eta,
        jump_length,
        jump_n_sample,
        generator,
        known_generator,
        predicts,
        clip_start,
    )
    return deque(states, maxlen=1)[0]


def conditional_mixture(mixture: GaussianMixture, known: Tensor, mask: Tensor) -> GaussianMixture:
    """The exact distribution of the unknown coordinates, given the known ones: what inpainting should draw from.

    mixture of points (d,); known (d,), mask (d,) with 1 where known. The components keep their std, and their means
    lose the known coordinates; each one's weight is multiplied by how likely it makes the known values.
    """
    inside = mask.bool()
    squares = (known[inside] - mixture.means[:, inside]).square().sum(dim=1)
    likely = -squares / (2 * mixture.std**2) - int(inside.sum()) * mixture.std.log()
    return GaussianMixture(mixture.means[:, ~inside], mixture.std, (mixture.weights.log() + likely).softmax(dim=0))


# Inversion and interpolation: two pictures, one way


def invert_step(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    t_next: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """x at the noisier t_next from x_t (B, ...), by ddim_step's path backwards; t and t_next long (B,), t < t_next. At
    t = -1 x_t is clean data: there the model is asked at t = 0, and x_t is x_0.

    sqrt(alpha-bar_next) x_0 + sqrt(1 - alpha-bar_next) eps, where eps is the noise that the model sees in x_t, and x_0
    is what it then leaves of x_t. 2010.02502, section 4.3.
    """
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    clean = (t < 0).reshape(-1, *[1] * (x_t.ndim - 1))
    after = extract(schedule.alphas_cumprod, t_next, x_t.shape)
    return after.sqrt() * torch.where(clean, x_t, x_start) + (1 - after).sqrt() * eps


@torch.no_grad()
def invert(
    model: Model,
    x_start: Tensor,
    schedule: NoiseSchedule,
    steps: int = 50,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """The noise x_T (B, ...) from which `ddim_sample_loop` with eta = 0 draws nearly the pictures x_start.

    `steps` calls of the model, at the t of `ddim_timesteps` in reverse. Raises ValueError unless 1 <= steps <= T.
    """
    x = x_start
    for t, t_next in moves([-1, *_steps_from(schedule.timesteps - 1, steps)[::-1]], x_start):
        x = invert_step(model, x, t, t_next, schedule, predicts, clip_start)
    return x


def slerp(start: Tensor, end: Tensor, fraction: Tensor) -> Tensor:
    """From `start` to `end` along a great circle, row by row: (B, ...); fraction (B,), 0 is start and 1 is end.

    Rows that point the same way are mixed linearly.

    sin((1 - f) angle) / sin(angle) start + sin(f angle) / sin(angle) end, with the angle between the two rows, each
    taken as one vector. A straight line between two draws of noise passes through points that are too short to be
    noise; this way keeps their length. There is no single way between rows that point in opposite directions: the
    result is then not to be used.
    """
    a, b = start.flatten(1), end.flatten(1)
    cosine = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))
    angle = cosine.clamp(-1, 1).acos()
    parallel = angle < 1e-4
    safe = torch.where(parallel, 1.0, angle)
    ahead = torch.where(parallel, fraction, (fraction * safe).sin() / safe.sin())
    behind = torch.where(parallel, 1 - fraction, ((1 - fraction) * safe).sin() / safe.sin())
    column = (-1, *[1] * (start.ndim - 1))
    return behind.reshape(column) * start + ahead.reshape(column) * end


def _steps_from(start: int, steps: int) -> list[int]:
    """`steps` evenly spaced t, from `start` down."""
    if not 1 <= steps <= start + 1:
        raise ValueError(f"steps must be from 1 to {start + 1}, as many as there are from t = {start}; not {steps}.")
    return ddim_timesteps(start + 1, steps).tolist()
