"""Quiz `quadratic_beta_schedule` of chapter 03."""

import math

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE, lengths_and_ends

quadratic_beta_schedule = Quiz(
    schedules.quadratic_beta_schedule,
    cases=lengths_and_ends,
    points=1,
    minutes=4,
    difficulty=2,
    importance=2,
    hints=(
        "Something is on a straight line, but not the betas: their square roots.",
        "Draw the line from the root of the first beta to the root of the last, then undo the root.",
        "`torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2`",
    ),
    **CLOSE,
)

quadratic_beta_schedule.edits(
    ends_without_root=(
        "(beta_start**0.5, beta_end**0.5 -> (beta_start, beta_end",
        "Both ends come out as the squares of `beta_start` and `beta_end`, far too small. "
        "Which numbers, squared, give the betas?",
    ),
    first_end_without_root=(
        "(beta_start**0.5, -> (beta_start,",
        "One end is right, the other comes out as the square of `beta_start`. What did only one of the ends get?",
    ),
    last_end_without_root=(
        "beta_end**0.5, -> beta_end,",
        "One end is right, the other comes out as the square of `beta_end`. Between which numbers runs the line?",
    ),
    halves_for_roots=(
        "(beta_start**0.5, beta_end**0.5 -> (beta_start / 2, beta_end / 2",
        "The ends come out as (beta / 2)². In Python `a**1 / 2` is half of a: the exponent needs brackets, or is 0.5.",
    ),
    not_squared=("** 2 ->", "These are still the roots of the betas. What undoes a root?"),
    doubled=("** 2 -> * 2", "This is twice the root of each beta. Which operation undoes a root?"),
    root_and_square_swapped=(
        "(beta_start**0.5, beta_end**0.5 -> (beta_start**2, beta_end**2",
        "** 2 -> ** 0.5",
        "The squares of these betas lie on a line. It should be their roots.",
    ),
    squared_ramp=(
        "return torch -> return beta_start + (beta_end - beta_start) * torch",
        "(beta_start**0.5, beta_end**0.5 -> (0, 1",
        "The ends are right, but beta rises with the square of the position between them, so it starts out flat. "
        "The root of beta should grow evenly.",
    ),
    root_of_the_ramp=(
        "return torch -> return beta_start + (beta_end - beta_start) * torch",
        "(beta_start**0.5, beta_end**0.5 -> (0, 1",
        "** 2 -> ** 0.5",
        "The ends are right, but the rise is steep at the start and flat at the end. It should be gentle at the start.",
    ),
    root_of_the_line=(
        "(beta_start**0.5, beta_end**0.5 -> (beta_start, beta_end",
        "** 2 -> ** 0.5",
        "These are the roots of the linear betas. Take the roots first, then draw the line: what is left to do?",
    ),
    still_linear=(
        "(beta_start**0.5, beta_end**0.5 -> (beta_start, beta_end",
        "** 2 ->",
        "That is the linear schedule. Which quantity should lie on the line instead of beta?",
    ),
    line_of_cube_roots=(
        "(beta_start**0.5, beta_end**0.5 -> (beta_start ** (1 / 3), beta_end ** (1 / 3)",
        ", dtype=torch.float64) ** 2 -> , dtype=torch.float64) ** 3",
        "Here the cube roots of the betas lie on a line. Which root does the text ask for?",
    ),
    geometric_between_the_ends=(
        "linspace(beta_start**0.5, beta_end**0.5 -> logspace(math.log10(beta_start) / 2, math.log10(beta_end) / 2",
        "Each beta is the one before times a constant, so their logarithms lie on a line. It should be their roots.",
    ),
    quadratic_with_fixed_ends=(
        "(beta_start**0.5, beta_end**0.5 -> (1e-4**0.5, 0.02**0.5",
        "The ends are taken to be 1e-4 and 0.02, whatever the caller asks for. Use `beta_start` and `beta_end`.",
    ),
    quadratic_from_zero=(
        "(beta_start**0.5, -> (0,",
        "One end is 0, a step without noise. Which number should stand there?",
    ),
    quadratic_falling=("float64) -> float64).flip(0)", "The betas fall. They should rise with t."),
    quadratic_without_its_end=(
        "timesteps, dtype=torch.float64) -> timesteps + 1, dtype=torch.float64)[:-1]",
        "The line is one step short of `beta_end`. How many gaps lie between T points?",
    ),
    quadratic_one_step_late=(
        "timesteps, dtype=torch.float64) -> timesteps + 1, dtype=torch.float64)[1:]",
        "The start is left out: the first beta is already one step further. Does t count from 0 or from 1?",
    ),
    quadratic_one_too_many=("timesteps, dtype -> timesteps + 1, dtype", "One beta too many: t runs from 0 to T-1."),
    quadratic_alphas=("return torch -> return 1 - torch", "These are the alphas, what a step keeps. Asked are betas."),
)


@quadratic_beta_schedule.mistake(
    "The ends are right, between them the betas are too small. The square of a sum has three terms: which is missing?"
)
def no_cross_term(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return (1 - u) ** 2 * beta_start + u**2 * beta_end


@quadratic_beta_schedule.alternative("The two roots are mixed with a share from 0 to 1, then squared.")
def square_of_the_mixed_roots(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return ((1 - u) * math.sqrt(beta_start) + u * math.sqrt(beta_end)).square()


@quadratic_beta_schedule.alternative("A list: the root grows by equal gaps, and each is squared.")
def quadratic_by_steps(timesteps, beta_start=1e-4, beta_end=0.02):
    first, last = beta_start**0.5, beta_end**0.5
    return torch.tensor([(first + (last - first) * i / (timesteps - 1)) ** 2 for i in range(timesteps)])
