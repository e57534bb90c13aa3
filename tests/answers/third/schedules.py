"""Answers to the new quizzes of chapter 03."""

import math

import torch
from torch import Tensor

from answers import right, wrong
from course_lib.schedules import snr

# sigma_from_alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "the variance: no root")
def sigma_squared(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "the noise in x_t itself, not divided")
def sigma_undivided(alphas_cumprod):
    return (1 - alphas_cumprod).sqrt()


@wrong("sigma_from_alphas_cumprod", "upside down")
def sigma_inverse(alphas_cumprod):
    return (alphas_cumprod / (1 - alphas_cumprod)).sqrt()


@wrong("sigma_from_alphas_cumprod", "the signal-to-noise ratio")
def sigma_is_snr(alphas_cumprod):
    return snr(alphas_cumprod)


@wrong("sigma_from_alphas_cumprod", "divided by alpha-bar without its root")
def sigma_divided_without_root(alphas_cumprod):
    return torch.sqrt(1 - alphas_cumprod) / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "the root before the noise is forgotten")
def sigma_noise_without_root(alphas_cumprod):
    return (1 - alphas_cumprod) / torch.sqrt(alphas_cumprod)


@wrong("sigma_from_alphas_cumprod", "one minus the root instead of the root of one minus")
def sigma_one_minus_root(alphas_cumprod):
    root = alphas_cumprod.sqrt()
    return (1 - root) / root


@wrong("sigma_from_alphas_cumprod", "multiplied by the root instead of divided")
def sigma_multiplied(alphas_cumprod):
    return torch.sqrt(alphas_cumprod * (1 - alphas_cumprod))


@wrong("sigma_from_alphas_cumprod", "turned around, since level 0 has the most noise")
def sigma_turned_around(alphas_cumprod):
    return ((1 - alphas_cumprod) / alphas_cumprod).sqrt().flip(0)


@wrong("sigma_from_alphas_cumprod", "the logarithm of sigma")
def sigma_log(alphas_cumprod):
    return 0.5 * (torch.log1p(-alphas_cumprod) - torch.log(alphas_cumprod))


@wrong("sigma_from_alphas_cumprod", "the factor of x_0 is forgotten to cancel: 1 over the root")
def sigma_one_over_root(alphas_cumprod):
    return alphas_cumprod.rsqrt()


@wrong("sigma_from_alphas_cumprod", "alpha-bar taken for the factor of x_0, not its square")
def sigma_alpha_as_factor(alphas_cumprod):
    return (1 - alphas_cumprod**2).sqrt() / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "math.sqrt takes no tensor of several numbers")
def sigma_math_sqrt(alphas_cumprod):
    return math.sqrt((1 - alphas_cumprod) / alphas_cumprod)


@wrong("sigma_from_alphas_cumprod", "the sign under the root")
def sigma_sign(alphas_cumprod):
    return ((1 + alphas_cumprod) / alphas_cumprod).sqrt()


@right("sigma_from_alphas_cumprod", "by the signal-to-noise ratio")
def sigma_by_snr(alphas_cumprod):
    return snr(alphas_cumprod) ** -0.5


@right("sigma_from_alphas_cumprod", "two roots")
def sigma_two_roots(alphas_cumprod: Tensor) -> Tensor:
    return torch.sqrt(1 - alphas_cumprod) / torch.sqrt(alphas_cumprod)


@right("sigma_from_alphas_cumprod", "1 / alpha-bar - 1, in float64")
def sigma_reciprocal(alphas_cumprod):
    return (alphas_cumprod.double().reciprocal() - 1).sqrt().to(alphas_cumprod.dtype)


@right("sigma_from_alphas_cumprod", "minus half the logit, as an exponent")
def sigma_by_logit(alphas_cumprod):
    return torch.exp(-0.5 * torch.logit(alphas_cumprod))


@right("sigma_from_alphas_cumprod", "number by number")
def sigma_by_numbers(alphas_cumprod):
    numbers = [math.sqrt((1 - a) / a) for a in alphas_cumprod.flatten().tolist()]
    return torch.tensor(numbers, dtype=alphas_cumprod.dtype).reshape(alphas_cumprod.shape)
