"""Quiz `linear_beta_schedule` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE, lengths_and_ends, ramp

linear_beta_schedule = Quiz(
    schedules.linear_beta_schedule,
    cases=lengths_and_ends,
    points=1,
    minutes=4,
    hints=(
        "T numbers on a straight line, both ends included. torch has a function that makes exactly that.",
        "`torch.linspace(first, last, how_many)`; with `dtype=torch.float64` it is exact enough for what follows.",
    ),
    **CLOSE,
)


@linear_beta_schedule.mistake(
    "The betas fall instead of rising. The first steps touch an almost clean image: should they add more noise or less?"
)
def falling(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_end, beta_start, timesteps, dtype=torch.float64)


@linear_beta_schedule.mistake("The line stops one step before `beta_end`. Between T points lie T - 1 gaps.")
def stops_before_the_end(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * torch.arange(timesteps, dtype=torch.float64) / timesteps


@linear_beta_schedule.mistake(
    "The first beta is already one step up the line. At t = 0 it should be `beta_start` itself."
)
def starts_one_step_late(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * (torch.arange(timesteps, dtype=torch.float64) + 1) / timesteps


@linear_beta_schedule.mistake(
    "1e-4 and 0.02 are written into your function. The caller may ask for other ends: use the arguments."
)
def fixed_ends(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(1e-4, 0.02, timesteps, dtype=torch.float64)


@linear_beta_schedule.mistake("There is one beta too many: T steps need T betas, t = 0 ... T-1.")
def one_too_many(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps + 1, dtype=torch.float64)


@linear_beta_schedule.mistake("These are the alphas, 1 - beta: what each step keeps. Asked is what it adds.")
def alphas_instead(timesteps, beta_start=1e-4, beta_end=0.02):
    return 1 - torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)


@linear_beta_schedule.mistake(
    "Equal ratios instead of equal differences: that is a geometric schedule. "
    "On a line each beta is the last one plus a constant."
)
def geometric(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start * (beta_end / beta_start) ** ramp(timesteps)


@linear_beta_schedule.mistake(
    "The ends change with T here. That is a good idea (1000 / T keeps the total "
    "noise), but the arguments say where to start and end."
)
def scaled_with_length(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64) * 1000 / timesteps


@linear_beta_schedule.alternative("")
def by_steps(timesteps, beta_start=1e-4, beta_end=0.02):
    gap = (beta_end - beta_start) / (timesteps - 1)
    return torch.tensor([beta_start + gap * step for step in range(timesteps)])


@linear_beta_schedule.alternative("")
def by_mixing(timesteps, beta_start=1e-4, beta_end=0.02):
    u = ramp(timesteps)
    return (1 - u) * beta_start + u * beta_end
