"""The forward process: from data to noise, one step at a time, or all steps at once (chapter 04).

Everywhere `x` has shape (B, ...), `t` is a long tensor of shape (B,) with values 0 ... T-1, and `noise` is drawn by
the caller from N(0, I) in the shape of `x`.
"""

import torch
from torch import Tensor

from course_lib.schedules import NoiseSchedule


def extract(values: Tensor, t: Tensor, x_shape: torch.Size | tuple[int, ...]) -> Tensor:
    """values[t] for values [T] and t (B,), shaped (B, 1, ..., 1) with as many axes as x_shape has.

    So it multiplies a batch. Raises RuntimeError (IndexError on some devices) if a t lies outside 0 ... T-1, TypeError
    for a tensor as x_shape.
    """
    if isinstance(x_shape, Tensor):
        raise TypeError("x_shape is a tensor; pass its shape: `extract(values, t, x.shape)`.")
    return values.gather(0, t).reshape(len(t), *[1] * (len(x_shape) - 1))


def q_step(x_prev: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """One noising step from x_{t-1} to x_t, shapes (B, ...); schedule.betas holds the betas [T].

    x_t ~ q(x_t | x_{t-1}) = N(sqrt(1 - beta_t) x_{t-1}, beta_t I). 2006.11239, eq. 2.
    """
    beta = extract(schedule.betas, t, x_prev.shape)
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


def q_sample(x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """x_t from x_0 in one leap, shapes (B, ...).

    x_t ~ q(x_t | x_0): sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise. 2006.11239, eq. 4.
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * x_start + sigma * noise


def q_posterior(x_start: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule) -> tuple[Tensor, Tensor]:
    """Mean (B, ...) and variance (B, 1, ..., 1) of q(x_{t-1} | x_t, x_0).

    Where x_{t-1} was, if both ends are known: mean = coef1 x_0 + coef2 x_t, and the variance, beta-tilde_t, is 0 at t =
    0. 2006.11239, eqs. 6, 7.
    """
    coef1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    coef2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return coef1 * x_start + coef2 * x_t, extract(schedule.posterior_variance, t, x_t.shape)
