"""Quiz `sigmoid_beta_schedule` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE, lengths_and_ends

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


@sigmoid_beta_schedule.alternative("")
def from_the_exponential(timesteps, beta_start=1e-4, beta_end=0.02):
    x = torch.linspace(-6, 6, timesteps)
    return (beta_end - beta_start) / (1 + torch.exp(-x)) + beta_start


@sigmoid_beta_schedule.alternative("")
def from_tanh(timesteps, beta_start=1e-4, beta_end=0.02):
    u = (torch.tanh(torch.linspace(-3, 3, timesteps, dtype=torch.float64)) + 1) / 2
    return torch.lerp(torch.tensor(beta_start).double(), torch.tensor(beta_end).double(), u)
