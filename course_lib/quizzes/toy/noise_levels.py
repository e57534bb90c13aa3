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
    difficulty=2,
    importance=3,
    hints=(
        "From one level to the next you multiply by the same factor. After all the steps the product is "
        "sigma_min / sigma_max: how many steps are there?",
        "Level i is sigma_max times (sigma_min / sigma_max) to a power that goes evenly from 0 to 1.",
        "`sigma_max * (sigma_min / sigma_max) ** torch.linspace(0, 1, count)`",
    ),
    rtol=1e-4,
    atol=1e-6,  # levels end at 0.001
)


def evenly(count):
    return torch.linspace(0, 1, count, dtype=torch.float64)


def even_in(count, sigma_max, sigma_min, *, there=math.log, back=torch.exp, progress=evenly, rising=False):
    """Levels that are evenly spaced `there`, and brought `back`."""
    first, last = (sigma_min, sigma_max) if rising else (sigma_max, sigma_min)
    return back(there(first) + (there(last) - there(first)) * progress(count)).float()


def nothing_done(value):
    return value


def ten_to_the(value):
    return 10**value


noise_levels.variants(
    even_in,
    evenly_spaced=(
        {"there": nothing_done, "back": nothing_done},
        "Evenly spaced: neighbours differ by the same amount. They should differ by the same factor, as in 8, 4, 2, 1.",
    ),
    rising=({"rising": True}, "The levels rise. Denoising starts in the largest noise: which end comes first?"),
    stops_early=(
        {"progress": lambda count: torch.arange(count) / count},
        "The list stops short of its end. How many steps lie between `count` levels?",
    ),
    starts_late=(
        {"progress": lambda count: (torch.arange(count) + 1) / count},
        "The first level is already one step down the list. What should `sigmas[0]` be?",
    ),
    inside_the_ends=(
        {"progress": lambda count: (torch.arange(count) + 1) / (count + 1)},
        "Neither end is among your levels: both lie one step outside. With which levels should it begin and stop?",
    ),
    whole_ratio_at_each_step=(
        {"progress": torch.arange},
        "The whole ratio comes in at every step, so the second level is the other end already. "
        "What share of the way is one step?",
    ),
    factor_upside_down=(
        {"progress": lambda count: -evenly(count)},
        "The factor is upside down: from the first level on, yours move away from the other end. "
        "Is the number that you multiply by below 1?",
    ),
    always_nineteen_steps=(
        {"progress": lambda count: torch.arange(count) / 19},
        "The steps are those of 20 levels, whatever `count` is. How many steps does *this* list have?",
    ),
    only_the_last_step=(
        {"progress": lambda count: evenly(count).floor()},
        "All levels but the last are the same: the power is a whole number, 0 and at the end 1. "
        "Which division keeps fractions?",
    ),
    power_squared=(
        {"progress": lambda count: evenly(count) ** 2},
        "The factor changes from step to step, from small to large. Which power goes evenly from 0 to 1?",
    ),
    one_level_too_many=(
        {"progress": lambda count: evenly(count + 1)},
        "One level too many: `count` includes both ends. How many steps are there between them?",
    ),
    one_level_too_few=(
        {"progress": lambda count: evenly(count - 1)},
        "One level too few: there are `count` levels, and `count` - 1 steps between them. Which do you make?",
    ),
    wrong_base=(
        {"back": ten_to_the},
        "These are powers of 10 of *natural* logarithms. `torch.logspace` counts in powers of 10: "
        "which logarithm belongs to it?",
    ),
    wrong_way_back=(
        {"there": math.log10},
        "These are powers of e of logarithms of base 10. Which logarithm belongs to `exp`, or which power to base 10?",
    ),
    ends_for_exponents=(
        {"there": nothing_done, "back": ten_to_the},
        "Yours begins at 10 to the power `sigma_max`. `torch.logspace` takes the logarithms of the ends: "
        "what do you give it instead?",
    ),
    logarithms=(
        {"back": nothing_done},
        "These are logarithms, evenly spaced as they should be. How do you get back from ln sigma to sigma?",
    ),
    logarithms_of_base_10=(
        {"there": math.log10, "back": nothing_done},
        "Your levels are exponents of 10, evenly spaced as they should be. What is still to be done with them?",
    ),
    even_variances=(
        {"there": lambda sigma: sigma**2, "back": torch.sqrt},
        "The variances are evenly spaced here. What should be even is the factor between two neighbouring sigmas.",
    ),
    even_roots=(
        {"there": math.sqrt, "back": torch.square},
        "The square roots are evenly spaced, which gives no constant factor. What becomes even if you take the log?",
    ),
    even_inverses=(
        {"there": lambda sigma: 1 / sigma, "back": torch.reciprocal},
        "1 / sigma is evenly spaced here, so the levels crowd at the small end. "
        "Of which function of sigma should the steps be even?",
    ),
    with_rho_seven=(
        {"there": lambda sigma: sigma ** (1 / 7), "back": lambda value: value**7},
        "Those are the levels of a later paper (2206.00364, with rho = 7), where the factor changes on the way. "
        "Here the factor is the same at every step.",
    ),
)

noise_levels.edits(
    halved=(
        "(sigma_min / sigma_max) ** progress -> 0.5 ** torch.arange(count)",
        "Each level is half of the one before, wherever `sigma_min` is. Which factor ends there?",
    ),
    halved_down_to_the_end=(
        "(sigma_min / sigma_max) ** progress -> (0.5 ** torch.arange(count)).clamp(min=sigma_min / sigma_max)",
        "Each level is half of the one before, and none is below `sigma_min`. "
        "Which factor gets there in exactly these steps?",
    ),
    factor_of_the_notebook=(
        "(sigma_min / sigma_max) ** progress -> 1e-4 ** (torch.arange(count) / 19)",
        "The factor is always that of the notebook's levels, from 10 to 0.001 in 20 levels. "
        "What does it depend on in general?",
    ),
    fixed_ends=(
        "sigma_max * (sigma_min / sigma_max) -> 10 * (0.001 / 10)",
        "Your levels go from 10 to 0.001 whatever is asked for. The caller may want other ends: use the arguments.",
    ),
    last_is_zero=(
        "** progress) -> ** progress * (progress < 1))",
        "The last level is 0. Some samplers end there, but these levels end at `sigma_min`.",
    ),
    begins_at_the_small_end=(
        "(sigma_max * (sigma_min -> (sigma_min * (sigma_min",
        "The first level is `sigma_min`, and it goes down from there. Where should the levels begin?",
    ),
    without_sigma_max=(
        "(sigma_max * -> (1.0 *",
        "These are the levels in units of `sigma_max`: they begin at 1. What brings them to the size asked for?",
    ),
)


@noise_levels.mistake(
    "A 0 is added at the end, as k-diffusion does for its samplers. Here there are `count` levels, "
    "and the last one is `sigma_min`."
)
def zero_appended(count, sigma_max, sigma_min):
    return torch.cat([toy.noise_levels(count, sigma_max, sigma_min), torch.zeros(1)])


@noise_levels.alternative("Through logarithms: what is evenly spaced there has a constant factor after `exp`.")
def through_logarithms(count, sigma_max, sigma_min):
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), count).exp()


@noise_levels.alternative("`torch.logspace` does it in one call, if it is given the ends as powers of 10.")
def with_logspace(count, sigma_max, sigma_min):
    return torch.logspace(math.log10(sigma_max), math.log10(sigma_min), count)


@noise_levels.alternative("One factor, and a loop that multiplies by it: no powers of the progress.")
def step_by_step(count, sigma_max, sigma_min):
    factor = (sigma_min / sigma_max) ** (1 / (count - 1))
    sigmas = [sigma_max]
    while len(sigmas) < count:
        sigmas.append(sigmas[-1] * factor)
    return torch.tensor(sigmas)
