"""Quiz `noise_levels` of chapter 01."""

import math

import torch

from course_lib import toy
from course_lib.checker.quiz import Quiz

noise_levels = Quiz(
    toy.noise_levels,
    cases=lambda g: [(4, 8.0, 1.0), (20, 10.0, 0.001), (2, 3.0, 0.5), (7, 0.9, 0.2), (11, 80.0, 0.002)],
    points=2,
    minutes=6,
    hints=(
        "From one level to the next you multiply by the same factor. After all the steps the product is "
        "sigma_min / sigma_max: how many steps are there?",
        "Level i is sigma_max times (sigma_min / sigma_max) to a power that goes evenly from 0 to 1.",
        "`sigma_max * (sigma_min / sigma_max) ** torch.linspace(0, 1, count)`",
    ),
    rtol=1e-4,
    atol=1e-6,  # levels end at 0.001
)


@noise_levels.mistake(
    "Evenly spaced: neighbours differ by the same amount. They should differ by the same factor, as in 8, 4, 2, 1."
)
def evenly_spaced(count, sigma_max, sigma_min):
    return torch.linspace(sigma_max, sigma_min, count)


@noise_levels.mistake("The levels rise. Denoising starts in the largest noise: which end comes first?")
def rising(count, sigma_max, sigma_min):
    return sigma_min * (sigma_max / sigma_min) ** torch.linspace(0, 1, count)


@noise_levels.mistake("The ladder stops before `sigma_min`. How many steps lie between `count` levels?")
def stops_early(count, sigma_max, sigma_min):
    return sigma_max * (sigma_min / sigma_max) ** (torch.arange(count) / count)


@noise_levels.mistake("The first level is already one step down the ladder. What should `sigmas[0]` be?")
def starts_late(count, sigma_max, sigma_min):
    return sigma_max * (sigma_min / sigma_max) ** ((torch.arange(count) + 1) / count)


@noise_levels.mistake(
    "You multiply by the whole ratio at every step, so the second level is `sigma_min` already. "
    "What share of the way is one step?"
)
def whole_ratio_at_each_step(count, sigma_max, sigma_min):
    return sigma_max * (sigma_min / sigma_max) ** torch.arange(count)


@noise_levels.mistake(
    "The factor is upside down: from `sigma_max` your levels rise ever higher. Is the number you multiply by below 1?"
)
def factor_upside_down(count, sigma_max, sigma_min):
    return sigma_max * (sigma_max / sigma_min) ** torch.linspace(0, 1, count)


@noise_levels.mistake("Each level is half of the one before, wherever `sigma_min` is. Which factor ends there?")
def halved(count, sigma_max, sigma_min):
    return sigma_max * 0.5 ** torch.arange(count)


@noise_levels.mistake(
    "`torch.logspace` counts in powers of 10, but `math.log` gives powers of e. Which logarithm belongs to it?"
)
def wrong_base(count, sigma_max, sigma_min):
    return torch.logspace(math.log(sigma_max), math.log(sigma_min), count)


@noise_levels.mistake(
    "`exp` undoes the natural logarithm, and yours has base 10. Which logarithm belongs to `exp`, or which power to 10?"
)
def wrong_way_back(count, sigma_max, sigma_min):
    return torch.linspace(math.log10(sigma_max), math.log10(sigma_min), count).exp()


@noise_levels.mistake(
    "`torch.logspace` takes the logarithms of the ends, not the ends themselves: yours begins at 10 to the power "
    "`sigma_max`. What do you give it instead?"
)
def ends_for_exponents(count, sigma_max, sigma_min):
    return torch.logspace(sigma_max, sigma_min, count)


@noise_levels.mistake(
    "These are logarithms, evenly spaced as they should be. How do you get back from ln sigma to sigma?"
)
def logarithms(count, sigma_max, sigma_min):
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), count)


@noise_levels.mistake(
    "The variances are evenly spaced here. What should be even is the factor between two neighbouring sigmas."
)
def even_variances(count, sigma_max, sigma_min):
    return torch.linspace(sigma_max**2, sigma_min**2, count).sqrt()


@noise_levels.mistake(
    "Evenly spaced, then squared: close, but no constant factor. What becomes even if you take the log?"
)
def even_roots(count, sigma_max, sigma_min):
    return torch.linspace(sigma_max**0.5, sigma_min**0.5, count) ** 2


@noise_levels.mistake(
    "That is the ladder of a later paper (2206.00364, with rho = 7), which crowds near sigma_min. "
    "Asked is the same factor at every step."
)
def with_rho_seven(count, sigma_max, sigma_min):
    return torch.linspace(sigma_max ** (1 / 7), sigma_min ** (1 / 7), count) ** 7


@noise_levels.mistake(
    "One level too many: `count` includes both ends. What does the second number of `linspace` count?"
)
def one_level_too_many(count, sigma_max, sigma_min):
    return sigma_max * (sigma_min / sigma_max) ** torch.linspace(0, 1, count + 1)


@noise_levels.mistake(
    "One level too few: there are `count` levels, and `count` - 1 steps between them. Which do you make?"
)
def one_level_too_few(count, sigma_max, sigma_min):
    return sigma_max * (sigma_min / sigma_max) ** torch.linspace(0, 1, count - 1)


@noise_levels.mistake(
    "10 and 0.001 are written into your function. The caller may ask for other ends: use the arguments."
)
def fixed_ends(count, sigma_max, sigma_min):
    return 10 * (0.001 / 10) ** torch.linspace(0, 1, count)


@noise_levels.mistake(
    "Your levels fall by 20 levels' factor whatever `count` is. How many steps does *this* ladder have?"
)
def always_nineteen_steps(count, sigma_max, sigma_min):
    return sigma_max * (sigma_min / sigma_max) ** (torch.arange(count) / 19)


@noise_levels.alternative("")
def through_logarithms(count, sigma_max, sigma_min):
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), count).exp()


@noise_levels.alternative("")
def with_logspace(count, sigma_max, sigma_min):
    return torch.logspace(math.log10(sigma_max), math.log10(sigma_min), count)


@noise_levels.alternative("")
def step_by_step(count, sigma_max, sigma_min):
    factor = (sigma_min / sigma_max) ** (1 / (count - 1))
    sigmas = [sigma_max]
    while len(sigmas) < count:
        sigmas.append(sigmas[-1] * factor)
    return torch.tensor(sigmas)
