"""Fewer network calls: respacing, DDIM, DPM-Solver++(2M), Heun, and a weak guide for a strong network (chapter 12).

A network that was trained on T steps need not be asked at all of them. `timesteps` are the t at which it is asked,
long (S,), falling. The last step leads to clean data; its end is written t = -1, where alpha-bar is 1. Shapes,
`predicts` and `clip_start` are as in `reverse`. The constants of a step from t to t_prev are those of
`alphas_cumprod_prev`: what it holds at t_prev + 1 is alpha-bar at t_prev.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor

from course_lib.forward import extract
from course_lib.objective import noise_from_start
from course_lib.reverse import draw_noise, predict_start
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod, snr
from course_lib.types import Generators, Model, Predicts, Spacing

# Which steps


def ddim_timesteps(timesteps: int, steps: int) -> Tensor:
    """`steps` of the t = 0 ... timesteps - 1, evenly spaced, the largest first; long [steps].

    For i = 0, ..., steps - 1: timesteps - i timesteps / steps, rounded, less 1. So sampling starts at timesteps - 1,
    where x_t is noise, and ends with a jump to clean data that is as long as the others. This is the "trailing" choice
    of 2305.08891, table 2.
    """
    i = torch.arange(steps, dtype=torch.float64)
    return (timesteps - i * timesteps / steps).round().long() - 1


def leading_timesteps(timesteps: int, steps: int) -> Tensor:
    """`steps` multiples of timesteps // steps, the largest first, the last one 0; long [steps].

    The "leading" choice, that of the code of DDIM (2010.02502). It leaves out the noisiest steps, so x_T has more noise
    than the network is told (2305.08891, section 3.3).
    """
    return torch.arange(steps).flip(0) * (timesteps // steps)


def log_snr_timesteps(schedule: NoiseSchedule, steps: int) -> Tensor:
    """`steps` of the schedule's t, as evenly spaced in log-SNR as whole t can be, from T - 1 to 0; long [steps].

    They are the t nearest to levels that are evenly spaced. Where the schedule moves fast, several levels have the same
    t, which is taken once; so there are as many levels as it takes to find `steps` different t. A last alpha-bar of 0
    has no finite log-SNR: the levels then begin one t later. Even steps in log-SNR: 2206.00927, section 4.1.
    """
    rising = snr(schedule.alphas_cumprod.cpu().double()).log().flip(0)
    start = torch.tensor([schedule.timesteps - 1])
    rising = rising[1:] if len(rising) > 1 and rising[0].isinf() else rising
    halfway = (rising[1:] + rising[:-1]) / 2

    def nearest(levels: int) -> Tensor:
        even = torch.linspace(float(rising[0]), float(rising[-1]), levels, dtype=torch.float64)
        return torch.cat([start, len(halfway) - torch.bucketize(even, halfway)]).unique().flip(0)

    too_many = bisect_right(range(64 * schedule.timesteps), steps, key=lambda levels: len(nearest(levels)))
    return nearest(too_many - 1)


def choose_timesteps(schedule: NoiseSchedule, steps: int, spacing: Spacing = "trailing") -> Tensor:
    """The t at which a sampler with `steps` steps asks the network, the largest first; long [steps], on the CPU.

    `spacing` is "trailing" (`ddim_timesteps`), "leading" or "log_snr". Raises ValueError for another one, and unless
    1 <= steps <= T.
    """
    if not 1 <= steps <= schedule.timesteps:
        raise ValueError(f"steps must be from 1 to {schedule.timesteps}, as many as the schedule has; not {steps}.")
    if spacing == "trailing":
        return ddim_timesteps(schedule.timesteps, steps)
    if spacing == "leading":
        return leading_timesteps(schedule.timesteps, steps)
    if spacing == "log_snr":
        return log_snr_timesteps(schedule, steps)
    raise ValueError(f"unknown spacing={spacing!r}; choose one of {', '.join(get_args(Spacing))}.")


def moves(visited: list[int], x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """(t, the t after it) for each move along the t in `visited`, each long (B,), on the device of x (B, ...)."""
    for pair in pairwise(visited):
        t, after = (torch.full((len(x),), step, device=x.device) for step in pair)
        yield t, after


# One step


def predict_start_and_noise(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> tuple[Tensor, Tensor]:
    """The x_0 that the model predicts from x_t, and the noise that x_t then contains, (B, ...) each; t (B,).

    With clip_start x_0 is kept in [-1, 1] first, and the noise is what is left of x_t: so x_t is always made of these
    two. One call of the model.
    """
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return x_start, noise_from_start(x_t, t, x_start, schedule)


def ddim_variance(alphas_cumprod: Tensor, alphas_cumprod_prev: Tensor, eta: float | Tensor) -> Tensor:
    """sigma² of the fresh noise in a step from alpha-bar to the larger alpha-bar_prev; any shape.

    eta² (1 - alpha-bar_prev) / (1 - alpha-bar) (1 - alpha-bar / alpha-bar_prev). 2010.02502, eq. 16. Between neighbours
    and with eta = 1 it is the posterior variance beta-tilde.
    """
    return eta**2 * (1 - alphas_cumprod_prev) / (1 - alphas_cumprod) * (1 - alphas_cumprod / alphas_cumprod_prev)


def ddim_step(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    eta: float = 0.0,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """x at t_prev from x_t (B, ...); t and t_prev (B,), t_prev < t, -1 for clean data; `noise` (fresh, standard
    normal) in the shape of x_t.

    sqrt(alpha-bar_prev) x_0 + sqrt(1 - alpha-bar_prev - sigma²) eps + sigma noise, where x_0 is what the model
    predicts, eps the noise that x_t then contains, and sigma² is `ddim_variance`. 2010.02502, eqs. 12 and 16. With
    eta = 0 the fresh noise has no effect; with eta = 1 and t_prev = t - 1 this is `p_sample`.
    """
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    now = extract(schedule.alphas_cumprod, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    variance = ddim_variance(now, before, eta)
    return before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise


def dpm_solver_step(
    x_t: Tensor,
    x_start: Tensor,
    x_start_before: Tensor,
    t: Tensor,
    t_prev: Tensor,
    t_before: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    """x at t_prev from x_t (B, ...) and the predictions of x_0 at t and one step earlier.

    x_start         the x_0 predicted at t, (B, ...)
    x_start_before  the one predicted at t_before > t; at the first step there is none: it is x_start
    t, t_prev, t_before   long (B,); t_prev is -1 for clean data; at the first step t_before = t

    The schedule has `sqrt_alphas_cumprod`, `sqrt_one_minus_alphas_cumprod`, and, to be looked up at t_prev + 1,
    `alphas_cumprod_prev` and `one_minus_alphas_cumprod_prev`.

    One step of DPM-Solver++(2M): with alpha = sqrt(alpha-bar), sigma = sqrt(1 - alpha-bar),
    lambda = log(alpha / sigma), h = lambda_prev - lambda_t and h_before = lambda_t - lambda_before,

    D = x_start + h / (2 h_before) (x_start - x_start_before)
    x = sigma_prev / sigma_t x_t + (alpha_prev - alpha_t sigma_prev / sigma_t) D

    Without the line for D it is DDIM with eta = 0. So it is at the first step, and at the last, where h is infinite.
    2211.01095, algorithm 2.
    """
    shape = x_t.shape
    alpha = extract(schedule.sqrt_alphas_cumprod, t, shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, shape)
    alpha_prev = extract(schedule.alphas_cumprod_prev, t_prev + 1, shape).sqrt()
    sigma_prev = extract(schedule.one_minus_alphas_cumprod_prev, t_prev + 1, shape).sqrt()
    alpha_before = extract(schedule.sqrt_alphas_cumprod, t_before, shape)
    sigma_before = extract(schedule.sqrt_one_minus_alphas_cumprod, t_before, shape)

    h = (alpha_prev / sigma_prev).log() - (alpha / sigma).log()
    h_before = (alpha / sigma).log() - (alpha_before / sigma_before).log()
    weight = h / (2 * h_before)
    weight = torch.where(weight.isfinite(), weight, 0.0)  # at the first step h_before is 0, at the last h is infinite
    d = x_start + weight * (x_start - x_start_before)
    return sigma_prev / sigma * x_t + (alpha_prev - alpha * sigma_prev / sigma) * d


def heun_step(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """x at t_prev from x_t (B, ...) by Heun's method, with two calls of the model; t, t_prev (B,), t_prev >= 0.

    Think in y = x / sqrt(alpha-bar) and `sigma_from_alphas_cumprod(schedule.alphas_cumprod)`: dy/dsigma is the noise of
    `predict_start_and_noise`. Return x.

    y = x / sqrt(alpha-bar) changes with sigma = sqrt((1 - alpha-bar) / alpha-bar) at the rate eps, the noise in x:
    dy/dsigma = eps (2010.02502, eq. 14). A step of Euler, which is `ddim_step` with eta = 0, follows the eps at t.
    Heun's takes this step, asks the model at its end, t_prev, and repeats the step with the mean of both eps.
    2206.00364, algorithm 1. Not finite from alpha-bar_t = 0, where sigma is infinite.
    """
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    sigma, sigma_prev = extract(sigmas, t, x_t.shape), extract(sigmas, t_prev, x_t.shape)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    signal_prev = extract(schedule.sqrt_alphas_cumprod, t_prev, x_t.shape)

    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    euler = signal_prev * (x_t / signal + (sigma_prev - sigma) * eps)
    _, eps_prev = predict_start_and_noise(model, euler, t_prev, schedule, predicts, clip_start)
    return signal_prev * (x_t / signal + (sigma_prev - sigma) * (eps + eps_prev) / 2)


def autoguide(model: Model, guide: Model, x_t: Tensor, t: Tensor, weight: float) -> Tensor:
    """What `model` says at (x_t, t), pushed away from what a weaker network, `guide`, says: (B, ...), t (B,).
    Weight 1 is the model alone, 0 the guide alone.

    guide + weight (model - guide), at weights 1 and 0 bit for bit what one network says. Above 1 it goes on
    in the direction in which the model is better than the guide. Both predict the same quantity for the same schedule.
    2406.02507. `partial(autoguide, model, guide, weight=1.2)` is a model.
    """
    return torch.lerp(guide(x_t, t), model(x_t, t), weight)


# Samplers: each yields x_T and then the state after each step, S + 1 tensors; a loop gives the last


@torch.no_grad()
def ddim_sample_steps(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    steps: int = 50,
    eta: float = 0.0,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
    spacing: Spacing = "trailing",
) -> Iterator[Tensor]:
    """DDIM, 2010.02502: `steps` calls of the model. eta = 0 draws x_T and nothing else.

    eta = 1 is ancestral sampling with the respaced schedule, 2102.09672, section 4.

    Raises ValueError as `choose_timesteps`.
    """
    x = draw_noise(shape, schedule, generator)
    yield x
    for t, t_prev in moves([*choose_timesteps(schedule, steps, spacing).tolist(), -1], x):
        noise = draw_noise(shape, schedule, generator) if eta else torch.zeros_like(x)
        x = ddim_step(model, x, t, t_prev, noise, schedule, eta, predicts, clip_start)
        yield x


@torch.no_grad()
def dpm_solver_sample_steps(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    steps: int = 20,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
    spacing: Spacing = "log_snr",
    order: Literal[1, 2] = 2,
) -> Iterator[Tensor]:
    """DPM-Solver++(2M), 2211.01095, algorithm 2: `steps` calls of the model. Order 1 is DDIM with eta = 0.

    Raises ValueError as `choose_timesteps`.
    """
    x = draw_noise(shape, schedule, generator)
    yield x
    before = None
    for t, t_prev in moves([*choose_timesteps(schedule, steps, spacing).tolist(), -1], x):
        x_start, _ = predict_start_and_noise(model, x, t, schedule, predicts, clip_start)
        x_start_before, t_before = before if before and order == 2 else (x_start, t)
        x = dpm_solver_step(x, x_start, x_start_before, t, t_prev, t_before, schedule)
        yield x
        before = x_start, t


@torch.no_grad()
def heun_sample_steps(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    steps: int = 10,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
    spacing: Spacing = "log_snr",
) -> Iterator[Tensor]:
    """Heun's method, 2206.00364, algorithm 1: 2 `steps` - 1 calls of the model, because the last step is Euler's.

    So is a first step from alpha-bar = 0. Raises ValueError as `choose_timesteps`.
    """
    x = draw_noise(shape, schedule, generator)
    yield x
    for t, t_prev in moves([*choose_timesteps(schedule, steps, spacing).tolist(), -1], x):
        if int(t_prev[0]) < 0 or float(schedule.alphas_cumprod[t[0]]) == 0:
            x = ddim_step(model, x, t, t_prev, torch.zeros_like(x), schedule, 0.0, predicts, clip_start)
        else:
            x = heun_step(model, x, t, t_prev, schedule, predicts, clip_start)
        yield x


def ddim_sample_loop(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    steps: int = 50,
    eta: float = 0.0,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
    spacing: Spacing = "trailing",
) -> Tensor:
    """The last state of `ddim_sample_steps`: samples of `shape`, (B, ...)."""
    return _last(ddim_sample_steps(model, shape, schedule, steps, eta, generator, predicts, clip_start, spacing))


def dpm_solver_sample_loop(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    steps: int = 20,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
    spacing: Spacing = "log_snr",
    order: Literal[1, 2] = 2,
) -> Tensor:
    """The last state of `dpm_solver_sample_steps`: samples of `shape`, (B, ...)."""
    states = dpm_solver_sample_steps(model, shape, schedule, steps, generator, predicts, clip_start, spacing, order)
    return _last(states)


def heun_sample_loop(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    steps: int = 10,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
    spacing: Spacing = "log_snr",
) -> Tensor:
    """The last state of `heun_sample_steps`: samples of `shape`, (B, ...)."""
    return _last(heun_sample_steps(model, shape, schedule, steps, generator, predicts, clip_start, spacing))


def _last(states: Iterator[Tensor]) -> Tensor:
    return deque(states, maxlen=1)[0]
