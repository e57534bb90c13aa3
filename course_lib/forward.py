"""The forward process: from data to noise, one step at a time or in one leap (chapter 04).

Everywhere `x` has shape (B, ...), `t` is a long tensor of shape (B,) with values 0 ... T-1, and `noise` is drawn by
the caller from N(0, I) in the shape of `x`.
"""

import torch
from torch import Tensor


def extract(values: Tensor, t: Tensor, x_shape: torch.Size | tuple[int, ...]) -> Tensor:
    """values[t], shaped to multiply a batch: values [T], t (B,) -> (B, 1, ..., 1) with len(x_shape) axes.

    Raises RuntimeError (IndexError on some devices) if a t lies outside 0 ... T-1.
    """
    return values.gather(0, t).reshape(len(t), *[1] * (len(x_shape) - 1))


def q_step(x_prev: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    """One step, x_t ~ q(x_t | x_{t-1}) = N(sqrt(1 - beta_t) x_{t-1}, beta_t I); shapes (B, ...). 2006.11239, eq. 2."""
    beta = extract(schedule.betas, t, x_prev.shape)
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


def q_sample(x_start: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    """All steps in one leap, x_t ~ q(x_t | x_0), shapes (B, ...). 2006.11239, eq. 4.

    x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * x_start + sigma * noise


def q_posterior(x_start: Tensor, x_t: Tensor, t: Tensor, schedule) -> tuple[Tensor, Tensor]:
    """Where x_{t-1} was, if both ends are known: q(x_{t-1} | x_t, x_0) = N(mean, variance I). 2006.11239, eqs. 6, 7.

    mean (B, ...) = coef1 x_0 + coef2 x_t; variance (B, 1, ..., 1) = beta-tilde_t, which is 0 at t = 0.
    """
    coef1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    coef2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return coef1 * x_start + coef2 * x_t, extract(schedule.posterior_variance, t, x_t.shape)
