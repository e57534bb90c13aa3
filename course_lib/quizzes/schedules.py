"""Quizzes of chapter 03: linear, quadratic and sigmoid betas."""

import math

import torch

from course_lib import schedules
from course_lib.quizzes.catalogue import Quiz

ORDER = (
    "linear_beta_schedule",
    "quadratic_beta_schedule",
    "sigmoid_beta_schedule",
    "alphas_cumprod_from_betas",
    "cosine_beta_schedule",
    "where_cosine_takes_most",
    "signal_left_after_200_steps",
    "snr",
    "rescale_zero_terminal_snr",
    "twice_as_many_steps",
)  # as in the notebook

CLOSE = {"rtol": 1e-4, "atol": 1e-6}  # betas start at 1e-4


def lengths_and_ends(_generator: torch.Generator) -> list[tuple]:
    """Several T, with the usual ends and with others."""
    return [(10,), (200,), (1000,), (50, 0.001, 0.3), (12, 0.02, 0.04)]


def ramp(timesteps):
    return torch.linspace(0, 1, timesteps, dtype=torch.float64)


# linear

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


@linear_beta_schedule.alternative
def by_steps(timesteps, beta_start=1e-4, beta_end=0.02):
    gap = (beta_end - beta_start) / (timesteps - 1)
    return torch.tensor([beta_start + gap * step for step in range(timesteps)])


@linear_beta_schedule.alternative
def by_mixing(timesteps, beta_start=1e-4, beta_end=0.02):
    u = ramp(timesteps)
    return (1 - u) * beta_start + u * beta_end


# quadratic

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


@quadratic_beta_schedule.alternative
def square_of_the_mixed_roots(timesteps, beta_start=1e-4, beta_end=0.02):
    u = ramp(timesteps)
    return ((1 - u) * math.sqrt(beta_start) + u * math.sqrt(beta_end)).square()


@quadratic_beta_schedule.alternative
def quadratic_by_steps(timesteps, beta_start=1e-4, beta_end=0.02):
    first, last = beta_start**0.5, beta_end**0.5
    return torch.tensor([(first + (last - first) * i / (timesteps - 1)) ** 2 for i in range(timesteps)])


# sigmoid

sigmoid_beta_schedule = Quiz(
    schedules.sigmoid_beta_schedule,
    cases=lengths_and_ends,
    points=2,
    minutes=6,
    hints=(
        "A sigmoid runs from 0 to 1. First make a ramp that is flat at both "
        "ends, then stretch it between the two betas.",
        "Where does a sigmoid look flat? Feed it T numbers from -6 to 6.",
        "`beta_start + (beta_end - beta_start) * torch.sigmoid(torch.linspace(-6, 6, timesteps, dtype=torch.float64))`",
    ),
    **CLOSE,
)


def s_curve(timesteps, first=-6.0, last=6.0):
    return torch.sigmoid(torch.linspace(first, last, timesteps, dtype=torch.float64))


@sigmoid_beta_schedule.mistake(
    "From 0 to 1 a sigmoid hardly bends: it gives 0.5 to 0.73. Over which range does it show its whole S?"
)
def sigmoid_of_zero_to_one(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * s_curve(timesteps, 0, 1)


@sigmoid_beta_schedule.mistake(
    "This is the bare S from 0 to 1: a beta near 1 wipes everything out. "
    "Stretch it between `beta_start` and `beta_end`."
)
def not_rescaled(timesteps, beta_start=1e-4, beta_end=0.02):
    return s_curve(timesteps)


@sigmoid_beta_schedule.mistake(
    "Everything is too low by one and the same amount. Where does the S begin if its left end is 0?"
)
def start_not_added(timesteps, beta_start=1e-4, beta_end=0.02):
    return (beta_end - beta_start) * s_curve(timesteps)


@sigmoid_beta_schedule.mistake(
    "The right end overshoots `beta_end`. How high may the S rise if it starts from `beta_start`?"
)
def height_not_reduced(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + beta_end * s_curve(timesteps)


@sigmoid_beta_schedule.mistake(
    "The sigmoid is applied to the betas themselves, and around 0 it is just about 0.5. "
    "Bend a ramp first, scale it afterwards."
)
def sigmoid_of_the_betas(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.sigmoid(torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64))


@sigmoid_beta_schedule.mistake(
    "You stretch the S until it touches both ends. Here it stays as it is: it begins at sigmoid(-6), a little above 0."
)
def stretched_to_touch_the_ends(timesteps, beta_start=1e-4, beta_end=0.02):
    s = s_curve(timesteps)
    return beta_start + (beta_end - beta_start) * (s - s[0]) / (s[-1] - s[0])


@sigmoid_beta_schedule.mistake(
    "From -3 to 3 the S is cut off before it is flat. Over which range does the text take it?"
)
def sigmoid_of_a_shorter_range(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * s_curve(timesteps, -3, 3)


@sigmoid_beta_schedule.mistake("The S is mirrored: betas fall. The noise should grow with t.")
def sigmoid_mirrored(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * s_curve(timesteps, 6, -6)


@sigmoid_beta_schedule.mistake(
    "`tanh` runs from -1 to 1, a sigmoid from 0 to 1: half of your betas are too small. Which of the two is asked?"
)
def tanh_instead(timesteps, beta_start=1e-4, beta_end=0.02):
    return beta_start + (beta_end - beta_start) * torch.tanh(torch.linspace(-6, 6, timesteps, dtype=torch.float64))


@sigmoid_beta_schedule.alternative
def from_the_exponential(timesteps, beta_start=1e-4, beta_end=0.02):
    x = torch.linspace(-6, 6, timesteps)
    return (beta_end - beta_start) / (1 + torch.exp(-x)) + beta_start


@sigmoid_beta_schedule.alternative
def from_tanh(timesteps, beta_start=1e-4, beta_end=0.02):
    u = (torch.tanh(torch.linspace(-3, 3, timesteps, dtype=torch.float64)) + 1) / 2
    return torch.lerp(torch.tensor(beta_start).double(), torch.tensor(beta_end).double(), u)
