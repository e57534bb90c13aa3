"""Quiz `cosine_beta_schedule` of chapter 03."""

import math

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE

cosine_beta_schedule = Quiz(
    schedules.cosine_beta_schedule,
    cases=lambda g: [(10,), (200,), (1000,), (50, 0.05), (1,)],
    points=2,
    minutes=9,
    difficulty=3,
    importance=5,
    hints=(
        "Here alpha-bar is designed, and beta follows from it. "
        "What is left after step t, divided by what was left before it?",
        "alpha-bar at T + 1 times u from 0 to 1 is cos((u + s) / (1 + s) * pi / 2) squared. "
        "beta is 1 minus the ratio of neighbours.",
        "`1 - alphas_cumprod[1:] / alphas_cumprod[:-1]`, then `.clamp(max=0.999)`",
    ),
    **CLOSE,
)

# The curve
cosine_beta_schedule.edits(
    cosine_not_squared=(
        "/ 2) ** 2 -> / 2)",
        "The cosine is not squared. It is alpha-bar, a variance: the amplitude, its root, follows the cosine.",
    ),
    no_offset=(
        "(time + s) / (1 + s) -> time",
        "Without the offset `s` the first betas are next to nothing. Where does `s` shift the angle?",
    ),
    offset_without_brackets=(
        "(time + s) / (1 + s) -> (time + s / (1 + s))",
        "Only `s` is divided by 1 + s. The fraction has u + s on top: where do brackets belong?",
    ),
    offset_counted_twice=(
        "(time + s) / (1 + s) -> (time + 2 * s)",
        "The angle belongs to u + 2s. Python divides before it adds: `/ 1 + s` adds another s at the end.",
    ),
    not_divided_by_one_plus_s=(
        "(time + s) / (1 + s) -> (time + s)",
        "At u = 1 the angle is beyond a right angle, by s. What brings u + s back to 1 there?",
    ),
    half_a_turn=(
        "* math.pi / 2 -> * math.pi",
        "The angle goes beyond a right angle, where the cosine is negative. "
        "alpha-bar should just reach 0 at the end: how far may it turn?",
    ),
    in_degrees=("* math.pi / 2 -> * 90", "A right angle is 90 here, but `cos` counts in radians."),
    sine_instead=(
        "torch.cos -> torch.sin",
        "This alpha-bar rises from 0, as a sine does. Which function begins at 1?",
    ),
    times_not_divided=(
        "linspace(0, 1, -> linspace(0, timesteps,",
        "u runs from 0 to T, so the angle turns round and round. u should be 1 at the end.",
    ),
    whole_times=(
        "torch.linspace(0, 1, timesteps + 1, dtype=torch.float64) -> torch.arange(timesteps + 1).double() // timesteps",
        "It is as if u stayed 0 until the last step, so nothing happens before. Which division drops the fraction?",
    ),
    one_point_too_few=(
        "timesteps + 1 -> timesteps",
        "T points have only T - 1 gaps, and each beta belongs to a gap. How many points do T betas need?",
    ),
    one_step_late=(
        "torch.linspace(0, 1, timesteps + 1, dtype=torch.float64) -> "
        "torch.arange(1, timesteps + 2).double() / timesteps",
        "Each beta is that of the next step. At t = 0 compare alpha-bar at u = 1 / T with that at u = 0.",
    ),
)

# From the curve to the betas
cosine_beta_schedule.edits(
    not_clipped=(
        ".clamp(max=0.999) ->",
        "The limit of the paper is missing. A last beta of (almost) 1 keeps nothing, "
        "and later a division by alpha goes wrong.",
    ),
    clipped_on_both_sides=(
        "clamp(max=0.999) -> clamp(0.0001, 0.999)",
        "Many copies clip from below too. The paper cuts only from above: "
        "the smallest betas are meant to be that small.",
    ),
    clipped_as_in_the_annotated_notebook=(
        "clamp(max=0.999) -> clamp(0.0001, 0.9999)",
        "As in the annotated diffusion notebook, small betas are raised to 0.0001 and the last is not cut at 0.999. "
        "The paper cuts only from above.",
    ),
    clipped_at_the_linear_end=(
        "clamp(max=0.999) -> clamp(max=0.02)",
        "No beta is above 0.02. There the linear schedule ends; the cosine has its own limit.",
    ),
    clipped_from_below=(
        "clamp(max=0.999) -> clamp(min=0.999)",
        "All betas are raised to at least 0.999. It should be the most they can be: which side does the limit cut?",
    ),
    alphas_cumprod_returned=(
        "(1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999) -> alphas_cumprod[1:]",
        "That is alpha-bar itself, which falls. How much does one single step take away?",
    ),
    curve_before_each_step=(
        "(1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999) -> alphas_cumprod[:-1]",
        "That is the curve itself, from before the first step on. A beta compares two of its neighbours: which?",
    ),
    whole_curve=(
        "(1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999) -> alphas_cumprod",
        "These are all T + 1 points of the curve. T betas lie between them: what does a step do to the curve?",
    ),
    normalised_curve_returned=(
        "(1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999) -> alphas_cumprod[1:] / alphas_cumprod[0]",
        "That is alpha-bar, divided by its first value as in the paper. "
        "One more step to the betas: what does step t leave of what was there before it?",
    ),
    all_the_noise_so_far=(
        "alphas_cumprod[1:] / alphas_cumprod[:-1] -> alphas_cumprod[1:]",
        "1 - alpha-bar is all the noise so far; beta is the noise of one step. Which two neighbours does that compare?",
    ),
    noise_since_the_first=(
        "/ alphas_cumprod[:-1] -> / alphas_cumprod[0]",
        "Each value is compared with the first one, so this is the noise of all steps so far. "
        "What does one step leave of what it found?",
    ),
    differences=(
        "1 - alphas_cumprod[1:] / alphas_cumprod[:-1] -> alphas_cumprod[:-1] - alphas_cumprod[1:]",
        "That is how much of the whole a step takes. beta is the share that it takes of what was left before it.",
    ),
    ratio_without_one_minus=(
        "return (1 - alphas_cumprod -> return (alphas_cumprod",
        "These are the ratios of neighbours, so the alphas: what a step keeps. beta is what it takes.",
    ),
    ratio_not_clipped=(
        "(1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999) -> alphas_cumprod[1:] / alphas_cumprod[:-1]",
        "That is what each step keeps, alpha. Two things are left: from alpha to beta, and the limit.",
    ),
    alphas_of_the_clipped_betas=(
        "return (1 - alphas -> return 1 - (1 - alphas",
        "All is there, limit included, but 1 minus it comes back: alpha. Which of the two does the name promise?",
    ),
    ratio_upside_down=(
        "alphas_cumprod[1:] / alphas_cumprod[:-1] -> alphas_cumprod[:-1] / alphas_cumprod[1:]",
        "The ratio is upside down: where alpha-bar falls, 1 - before / after is negative.",
    ),
)


@cosine_beta_schedule.alternative("As in the paper: times 0 ... T, and the curve divided by its first value.")
def as_in_the_paper(timesteps, s=0.008):
    t = torch.arange(timesteps + 1, dtype=torch.float64)
    f = torch.cos((t / timesteps + s) / (1 + s) * math.pi * 0.5) ** 2
    alphas_cumprod = f / f[0]
    return torch.clip(1 - alphas_cumprod[1:] / alphas_cumprod[:-1], max=0.999)


@cosine_beta_schedule.alternative("A function for alpha-bar and a list of steps, in plain Python.")
def cosine_step_by_step(timesteps, s=0.008):
    def alpha_bar(u):
        return math.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    steps = range(timesteps)
    return torch.tensor([min(1 - alpha_bar((i + 1) / timesteps) / alpha_bar(i / timesteps), 0.999) for i in steps])
