"""Quiz `sigmoid_beta_schedule` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE, lengths_and_ends

sigmoid_beta_schedule = Quiz(
    schedules.sigmoid_beta_schedule,
    cases=lengths_and_ends,
    points=2,
    minutes=5,
    difficulty=2,
    importance=2,
    hints=(
        "A sigmoid runs from 0 to 1. First make a ramp that is flat at both "
        "ends, then stretch it between the two betas.",
        "Where does a sigmoid look flat? Feed it T numbers from -6 to 6.",
        "`beta_start + (beta_end - beta_start) * torch.sigmoid(torch.linspace(-6, 6, timesteps, dtype=torch.float64))`",
    ),
    **CLOSE,
)

sigmoid_beta_schedule.edits(
    sigmoid_of_zero_to_one=(
        "(-6, 6 -> (0, 1",
        "From 0 to 1 a sigmoid hardly bends: it gives 0.5 to 0.73. Over which range does it show its whole S?",
    ),
    sigmoid_of_a_shorter_range=(
        "(-6, 6 -> (-3, 3",
        "From -3 to 3 the S is cut off before it is flat. Over which range does the text take it?",
    ),
    sigmoid_of_minus_one_to_one=(
        "(-6, 6 -> (-1, 1",
        "Over [-1, 1] a sigmoid is almost a straight line, from 0.27 to 0.73. How far out does it become flat?",
    ),
    sigmoid_of_a_longer_range=(
        "(-6, 6 -> (-10, 10",
        "From -10 to 10 the S is flat for longer, and steeper in the middle. The text names another range.",
    ),
    sigmoid_of_minus_five_to_five=(
        "(-6, 6 -> (-5, 5",
        "Close: from -5 to 5 the S ends a little earlier than in the text.",
    ),
    sigmoid_of_minus_four_to_four=(
        "(-6, 6 -> (-4, 4",
        "From -4 to 4 the ends of the S are not quite flat. How far does the text go?",
    ),
    first_half_only=(
        "(-6, 6 -> (-6, 0",
        "The betas get only half way: at 0 a sigmoid is 0.5. Where does the S end?",
    ),
    second_half_only=(
        "(-6, 6 -> (0, 6",
        "The betas start half way up: at 0 a sigmoid is 0.5. Where does the S begin?",
    ),
    end_of_the_range_left_out=(
        "timesteps, dtype=torch.float64) -> timesteps + 1, dtype=torch.float64)[:-1]",
        "The range is cut one step before 6: T points have T - 1 gaps. Which function includes both ends?",
    ),
    not_rescaled=(
        "return beta_start + (beta_end - beta_start) * ramp -> return ramp",
        "This is the bare S from 0 to 1: a beta near 1 wipes everything out. "
        "Stretch it between `beta_start` and `beta_end`.",
    ),
    start_not_added=(
        "return beta_start + -> return",
        "Everything is too low by `beta_start`. Where should the betas begin, if the S begins near 0?",
    ),
    sigmoid_from_zero=(
        "return beta_start + (beta_end - beta_start) -> return beta_end",
        "The S runs from 0 to `beta_end`. What about `beta_start`?",
    ),
    brackets_missing=(
        "(beta_end - beta_start) -> beta_end - beta_start",
        "Python multiplies before it subtracts: only `beta_start` is multiplied by the S. Where do brackets belong?",
    ),
    height_not_reduced=(
        "(beta_end - beta_start) -> beta_end",
        "The right end overshoots `beta_end`. How high may the S rise if it starts from `beta_start`?",
    ),
    sigmoid_with_fixed_ends=(
        "return beta_start + (beta_end - beta_start) -> return 1e-4 + (0.02 - 1e-4)",
        "The S always lies between 1e-4 and 0.02. The caller may choose the ends: two arguments are not used.",
    ),
    sigmoid_of_the_betas=(
        "(-6, 6 -> (beta_start, beta_end",
        "return beta_start + (beta_end - beta_start) * ramp -> return ramp",
        "The sigmoid of a small beta is just about 0.5. Bend a ramp first, scale it afterwards.",
    ),
    stretched_to_touch_the_ends=(
        "* ramp -> * (ramp - ramp[0]) / (ramp[-1] - ramp[0])",
        "The betas touch both ends exactly. In the text they only come near: the S begins at sigmoid(-6), "
        "a little above 0.",
    ),
    sigmoid_mirrored=("(-6, 6 -> (6, -6", "The S is mirrored: betas fall. The noise should grow with t."),
    tanh_instead=(
        "torch.sigmoid -> torch.tanh",
        "`tanh` runs from -1 to 1, a sigmoid from 0 to 1: the first half of these betas is too small. "
        "Which of the two is asked?",
    ),
    softmax_instead=(
        "dtype=torch.float64)) -> dtype=torch.float64), dim=0)",
        "torch.sigmoid -> torch.softmax",
        "Each number is divided by the sum over all steps, as `softmax` does. A sigmoid looks at one number at a time.",
    ),
    no_sigmoid=(
        "torch.sigmoid(torch -> (torch",
        "The line from -6 to 6 is not bent, and it goes below 0. Which function turns it into an S between 0 and 1?",
    ),
    straight_line=(
        "torch.sigmoid(torch.linspace(-6, 6 -> (torch.linspace(0, 1",
        "That is the linear schedule: there is no S. What bends the line, and which range of it?",
    ),
    sigmoid_one_too_many=("timesteps, dtype -> timesteps + 1, dtype", "One beta too many: T steps, t = 0 ... T-1."),
    sigmoid_alphas=(
        "return beta -> return 1 - beta",
        "These are the alphas, what each step keeps. The noise it adds is asked.",
    ),
)


@sigmoid_beta_schedule.mistake(
    "Here alpha-bar follows the sigmoid, as in 2212.11972. Asked are betas that follow it, from `beta_start` upwards."
)
def sigmoid_of_alphas_cumprod(timesteps, beta_start=1e-4, beta_end=0.02):
    s = torch.sigmoid(torch.linspace(-3, 3, timesteps + 1, dtype=torch.float64))
    alphas_cumprod = s[-1] - s
    return (1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(0, 0.999)


@sigmoid_beta_schedule.alternative("The sigmoid is written out, 1 / (1 + e^-x).")
def from_the_exponential(timesteps, beta_start=1e-4, beta_end=0.02):
    x = torch.linspace(-6, 6, timesteps)
    return (beta_end - beta_start) / (1 + torch.exp(-x)) + beta_start


@sigmoid_beta_schedule.alternative("A sigmoid is a `tanh` of half the angle, moved from [-1, 1] to [0, 1].")
def from_tanh(timesteps, beta_start=1e-4, beta_end=0.02):
    u = (torch.tanh(torch.linspace(-3, 3, timesteps, dtype=torch.float64)) + 1) / 2
    return torch.lerp(torch.tensor(beta_start).double(), torch.tensor(beta_end).double(), u)
