"""Quiz `quadratic_beta_schedule` of chapter 03."""

import math

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE, lengths_and_ends, ramp

quadratic_beta_schedule = Quiz(
    schedules.quadratic_beta_schedule,
    cases=lengths_and_ends,
    points=1,
    minutes=5,
    hints=(
        "Something is on a straight line, but not the betas: their square roots.",
        "Draw the line from the root of the first beta to the root of the last, then undo the root.",
        "`torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2`",
    ),
    **CLOSE,
)


@quadratic_beta_schedule.mistake(
    "Right to square, but what you square runs between the betas themselves, so the ends "
    "come out far too small. Which ends, squared, give the betas?"
)
def ends_without_root(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64) ** 2


@quadratic_beta_schedule.mistake("These are still the roots of the betas. What undoes a root?")
def not_squared(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64)


@quadratic_beta_schedule.mistake(
    "Root and square are swapped: you square the ends and take the root of the line. The line lies between the roots."
)
def root_and_square_swapped(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start**2, beta_end**2, timesteps, dtype=torch.float64) ** 0.5


@quadratic_beta_schedule.mistake(
    "That squares the position on the line, so it starts out flat. "
    "Here the root of beta grows evenly: both ends need a root."
)
def squared_ramp(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * ramp(timesteps) ** 2


@quadratic_beta_schedule.mistake(
    "You draw the line between the betas and take the root afterwards. Take the roots first, then draw the line: "
    "what is left to do?"
)
def root_of_the_line(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64) ** 0.5


@quadratic_beta_schedule.mistake("That is the linear schedule. Which quantity should lie on the line instead of beta?")
def still_linear(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)


@quadratic_beta_schedule.mistake(
    "The caller's ends are ignored: the numbers in your formula are fixed. Use `beta_start` and `beta_end`."
)
def quadratic_with_fixed_ends(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(1e-4**0.5, 0.02**0.5, timesteps, dtype=torch.float64) ** 2


@quadratic_beta_schedule.alternative("")
def square_of_the_mixed_roots(timesteps, beta_start=1e-4, beta_end=0.02):
    u = ramp(timesteps)
    return ((1 - u) * math.sqrt(beta_start) + u * math.sqrt(beta_end)).square()


@quadratic_beta_schedule.alternative("")
def quadratic_by_steps(timesteps, beta_start=1e-4, beta_end=0.02):
    first, last = beta_start**0.5, beta_end**0.5
    return torch.tensor([(first + (last - first) * i / (timesteps - 1)) ** 2 for i in range(timesteps)])
