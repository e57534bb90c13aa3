"""Quiz `linear_beta_schedule` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE, lengths_and_ends

linear_beta_schedule = Quiz(
    schedules.linear_beta_schedule,
    cases=lengths_and_ends,
    points=1,
    minutes=3,
    difficulty=1,
    importance=3,
    hints=(
        "T numbers on a straight line, both ends included. torch has a function that makes exactly that.",
        "`torch.linspace(first, last, how_many)`; with `dtype=torch.float64` it is exact enough for what follows.",
    ),
    **CLOSE,
)

linear_beta_schedule.edits(
    falling=(
        "float64) -> float64).flip(0)",
        "The betas fall instead of rising. The first steps touch an almost clean image: "
        "should they add more noise or less?",
    ),
    stops_before_the_end=(
        "timesteps, dtype=torch.float64) -> timesteps + 1, dtype=torch.float64)[:-1]",
        "The line stops one step before its end. Between T points lie T - 1 gaps.",
    ),
    starts_one_step_late=(
        "timesteps, dtype=torch.float64) -> timesteps + 1, dtype=torch.float64)[1:]",
        "`beta_start` is left out: the line begins one step further up. At t = 0 beta should be `beta_start` itself.",
    ),
    fixed_ends=(
        "(beta_start, beta_end, timesteps -> (1e-4, 0.02, timesteps",
        "The line always runs from 1e-4 to 0.02. The caller may ask for other ends: use the arguments.",
    ),
    starts_at_zero=(
        "(beta_start, beta_end, timesteps -> (0, beta_end, timesteps",
        "The line begins at 0, not at `beta_start`: a step with that beta adds no noise.",
    ),
    end_raised_by_the_start=(
        "(beta_start, beta_end, timesteps -> (beta_start, beta_start + beta_end, timesteps",
        "The line heads for `beta_start` + `beta_end`. How far is it from one end to the other?",
    ),
    one_too_many=(
        "timesteps, dtype -> timesteps + 1, dtype",
        "There is one beta too many: T steps need T betas, t = 0 ... T-1.",
    ),
    last_one_missing=(
        "timesteps, dtype=torch.float64) -> timesteps, dtype=torch.float64)[:-1]",
        "`beta_end` is missing, and with it one beta: both ends of the line belong to the T betas.",
    ),
    alphas_instead=(
        "return torch -> return 1 - torch",
        "These are the alphas, 1 - beta: what each step keeps. Asked is what it adds.",
    ),
    geometric=(
        "linspace(beta_start, beta_end, timesteps -> logspace(math.log10(beta_start), math.log10(beta_end), timesteps",
        "Equal ratios instead of equal differences: that is a geometric schedule. "
        "On a line each beta is the last one plus a constant.",
    ),
    line_of_roots=(
        "(beta_start, beta_end, timesteps -> (beta_start**0.5, beta_end**0.5, timesteps",
        "float64) -> float64).square()",
        'The roots of the betas lie on a line: Stable Diffusion\'s "scaled linear", and the next exercise. '
        "Here the betas themselves should.",
    ),
    squared_share=(
        "return torch -> return beta_start + (beta_end - beta_start) * torch",
        "(beta_start, beta_end, timesteps, dtype=torch.float64) -> (0, 1, timesteps, dtype=torch.float64).square()",
        "The ends are right, but the betas rise slowly at first and faster later. On a line all gaps are equal.",
    ),
    scaled_with_length=(
        "return torch -> return 1000 / timesteps * torch",
        "The ends change with T here. That is a good idea (1000 / T keeps the total noise), "
        "but the arguments say where to start and end.",
    ),
    thinned_out=(
        "timesteps, dtype=torch.float64) -> 1000, dtype=torch.float64)[:: 1000 // timesteps][:timesteps]",
        "These are betas from a line of 1000 steps. A line of T points reaches `beta_end` with the last of them.",
    ),
)


@linear_beta_schedule.alternative("A list of the first beta plus 0, 1, 2 ... equal gaps, turned into a tensor.")
def by_steps(timesteps, beta_start=1e-4, beta_end=0.02):
    gap = (beta_end - beta_start) / (timesteps - 1)
    return torch.tensor([beta_start + gap * step for step in range(timesteps)])


@linear_beta_schedule.alternative("Each beta is a mixture of the two ends, with a share that runs from 0 to 1.")
def by_mixing(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return (1 - u) * beta_start + u * beta_end
