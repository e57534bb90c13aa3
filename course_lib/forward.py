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


def combine_gaussians(mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of the product of two bells N(mean, variance), scaled to area 1.

    Shapes that broadcast; one of the two variances may be 0. Two independent witnesses of one number: the precisions
    (1 / variance) add up, and each mean is weighted by its precision, that is by the other's variance.
    """
    total = variance1 + variance2
    return (variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total


def q_posterior(x_start: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule) -> tuple[Tensor, Tensor]:
    """Mean (B, ...) and variance (B, 1, ..., 1) of q(x_{t-1} | x_t, x_0).

    x_0 says N(sqrt(alpha-bar_{t-1}) x_0, 1 - alpha-bar_{t-1}), x_t says N(x_t / sqrt(alpha_t), beta_t / alpha_t); both
    together are 2006.11239, eqs. 6, 7. The variance, beta-tilde_t, is 0 at t = 0. Where alpha_t = 0, at the end of a
    rescaled schedule, x_t says nothing, and x_0 alone decides.
    """
    signal = extract(schedule.alphas_cumprod_prev, t, x_t.shape).sqrt()
    variance = extract(schedule.one_minus_alphas_cumprod_prev, t, x_t.shape)
    alpha = extract(schedule.alphas, t, x_t.shape).clamp(min=1e-20)  # only for alpha_t = 0: divides by no zero
    beta = extract(schedule.betas, t, x_t.shape)
    return combine_gaussians(signal * x_start, variance, x_t / alpha.sqrt(), beta / alpha)
