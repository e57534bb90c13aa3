"""Quiz `cosine_beta_schedule` of chapter 03."""

import math

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz

cosine_beta_schedule = Quiz(
    schedules.cosine_beta_schedule,
    cases=lambda g: [(10,), (200,), (1000,), (50, 0.05)],
    points=2,
    minutes=10,
    hints=(
        "Here alpha-bar is designed, and beta follows from it. "
        "What is left after step t, divided by what was left before it?",
        "alpha-bar at T + 1 times u from 0 to 1 is cos((u + s) / (1 + s) * pi / 2) squared. "
        "beta is 1 minus the ratio of neighbours.",
        "`1 - alphas_cumprod[1:] / alphas_cumprod[:-1]`, then `.clamp(max=0.999)`",
    ),
    rtol=1e-4,
    atol=1e-6,
)


def cosine(points, s, angle=math.pi / 2, power=2):
    u = torch.linspace(0, 1, points, dtype=torch.float64)
    return torch.cos((u + s) / (1 + s) * angle) ** power


def steps_of(alphas_cumprod):
    return (1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999)


@cosine_beta_schedule.mistake(
    "The cosine is not squared. It is alpha-bar, a variance: the amplitude, its root, follows the cosine."
)
def cosine_not_squared(timesteps, s=0.008):
    return steps_of(cosine(timesteps + 1, s, power=1))


@cosine_beta_schedule.mistake(
    "The last beta is (almost) 1: that step keeps nothing, and later a "
    "division by alpha fails. Where does the paper cut?"
)
def not_clipped(timesteps, s=0.008):
    ac = cosine(timesteps + 1, s)
    return 1 - ac[1:] / ac[:-1]


@cosine_beta_schedule.mistake(
    "Many copies clip from below too. The paper cuts only from above: the smallest betas are meant to be that small."
)
def clipped_on_both_sides(timesteps, s=0.008):
    ac = cosine(timesteps + 1, s)
    return (1 - ac[1:] / ac[:-1]).clamp(0.0001, 0.999)


@cosine_beta_schedule.mistake(
    "Without the offset `s` the first betas are next to nothing. Where does `s` shift the angle?"
)
def no_offset(timesteps, s=0.008):
    return steps_of(cosine(timesteps + 1, 0))


@cosine_beta_schedule.mistake("That is alpha-bar itself, which falls. How much does one single step take away?")
def alphas_cumprod_returned(timesteps, s=0.008):
    return cosine(timesteps + 1, s)[1:]


@cosine_beta_schedule.mistake(
    "That is the curve itself, from before the first step on. A beta compares two of its neighbours: which?"
)
def curve_before_each_step(timesteps, s=0.008):
    return cosine(timesteps + 1, s)[:-1]


@cosine_beta_schedule.mistake(
    "That is alpha-bar, divided by its first value as in the paper. "
    "One more step to the betas: what does step t leave of what was there before it?"
)
def normalised_curve_returned(timesteps, s=0.008):
    return cosine(timesteps + 1, s)[1:] / cosine(1, s)


@cosine_beta_schedule.mistake(
    "You raise everything to at least 0.999: `clamp(0.999)` and `min=` cut from below. The betas may not be larger."
)
def clipped_from_below(timesteps, s=0.008):
    ac = cosine(timesteps + 1, s)
    return (1 - ac[1:] / ac[:-1]).clamp(min=0.999)


@cosine_beta_schedule.mistake("Only `s` is divided by 1 + s. The fraction has u + s on top: where do brackets belong?")
def offset_without_brackets(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    return steps_of(torch.cos((u + s / (1 + s)) * math.pi / 2) ** 2)


@cosine_beta_schedule.mistake(
    "1 - alpha-bar is all the noise so far; beta is the noise of one step. Which two neighbours does that compare?"
)
def all_the_noise_so_far(timesteps, s=0.008):
    return (1 - cosine(timesteps + 1, s)[1:]).clamp(max=0.999)


@cosine_beta_schedule.mistake(
    "These are the ratios of neighbours, so the alphas: what a step keeps. beta is what it takes."
)
def ratio_without_one_minus(timesteps, s=0.008):
    return 1 - steps_of(cosine(timesteps + 1, s))


@cosine_beta_schedule.mistake("The ratio is upside down: 1 - before / after is negative, for alpha-bar falls.")
def ratio_upside_down(timesteps, s=0.008):
    ac = cosine(timesteps + 1, s)
    return (1 - ac[:-1] / ac[1:]).clamp(max=0.999)


@cosine_beta_schedule.mistake(
    "T points have only T - 1 gaps, and each beta belongs to a gap. How many points do T betas need?"
)
def one_point_too_few(timesteps, s=0.008):
    return steps_of(cosine(timesteps, s))


@cosine_beta_schedule.mistake(
    "The angle goes beyond a right angle, where the cosine is negative. "
    "alpha-bar should just reach 0 at the end: how far may it turn?"
)
def half_a_turn(timesteps, s=0.008):
    return steps_of(cosine(timesteps + 1, s, angle=math.pi))


@cosine_beta_schedule.alternative("")
def as_in_the_paper(timesteps, s=0.008):
    t = torch.arange(timesteps + 1, dtype=torch.float64)
    f = torch.cos((t / timesteps + s) / (1 + s) * math.pi * 0.5) ** 2
    alphas_cumprod = f / f[0]
    return torch.clip(1 - alphas_cumprod[1:] / alphas_cumprod[:-1], max=0.999)


@cosine_beta_schedule.alternative("")
def cosine_step_by_step(timesteps, s=0.008):
    def alpha_bar(u):
        return math.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    steps = range(timesteps)
    return torch.tensor([min(1 - alpha_bar((i + 1) / timesteps) / alpha_bar(i / timesteps), 0.999) for i in steps])
