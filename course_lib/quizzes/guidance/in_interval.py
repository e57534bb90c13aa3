"""Quiz `in_interval` of chapter 13."""

import math

import torch
from torch import Tensor

from course_lib import guidance
from course_lib.checker.quiz import Quiz
from course_lib.schedules import NoiseSchedule, rescale_zero_terminal_snr, sigma_from_alphas_cumprod


def levels_and_intervals(g: torch.Generator) -> list[tuple]:
    """(t, schedule, lowest, highest): every t of a schedule, and a few of another.

    Where an end of the interval is a noise level it is 1 or infinity: there alpha-bar is 1/2 or 0, and every right
    formula has exactly this sigma. Elsewhere the ends lie half-way between two levels.
    """
    linear, cosine = NoiseSchedule.from_name("linear", 80), NoiseSchedule.from_name("cosine", 60)
    half, last = through_one_half(), NoiseSchedule(rescale_zero_terminal_snr(linear.betas.double()))
    long = NoiseSchedule.from_name("linear", 1000)
    return [
        (in_disorder(60, g), cosine, between(cosine, 17), between(cosine, 43)),
        (in_disorder(80, g), linear, between(linear, 9), between(linear, 30)),
        (in_disorder(40, g), half, 1.0, between(half, 31)),
        (in_disorder(40, g), half, between(half, 8), 1.0),
        (in_disorder(80, g), last, between(last, 50), math.inf),
        (torch.tensor([500, 999, 0, 250, 130]), long, 0.28, 5.42),
        (in_disorder(60, g)[:40], cosine, 0.0, between(cosine, 3)),
        (in_disorder(80, g), linear, float(linear.alphas_cumprod[0].reciprocal() - 1) ** 0.5 / 2, between(linear, 12)),
        (torch.tensor([33]), cosine, 0.3, 5.0),
    ]


def in_disorder(timesteps: int, g: torch.Generator) -> Tensor:
    """Every t once; the first is from the middle."""
    t = torch.randperm(timesteps, generator=g)
    return torch.cat([t[t == timesteps // 2], t[t != timesteps // 2]])


def between(schedule: NoiseSchedule, t: int) -> float:
    """The number half-way between the noise levels of t and t + 1."""
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod.double())
    return float(sigmas[t] + sigmas[t + 1]) / 2


def through_one_half() -> NoiseSchedule:
    """40 steps whose alpha-bar is exactly 1/2 at t = 19."""
    alphas_cumprod = torch.cat([torch.linspace(0.99, 0.5, 20), torch.linspace(0.48, 0.05, 20)]).double()
    before = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
    return NoiseSchedule(1 - alphas_cumprod / before)


in_interval = Quiz(
    guidance.in_interval,
    cases=levels_and_intervals,
    points=2,
    minutes=8,
    difficulty=2,
    importance=3,
    hints=(
        "The interval is one of noise levels, not of time steps. How noisy is x_t when its part of x_0 has weight 1?",
        "Divide x_t by sqrt(alpha-bar_t): the noise then has the weight sigma_t. "
        "Look sigma up for each row and compare it with both ends.",
        "sigma = ((1 - alpha_bar) / alpha_bar).sqrt() with alpha_bar = schedule.alphas_cumprod[t], then "
        "(lowest <= sigma) & (sigma <= highest)",
    ),
)

SIGMA = "sigma_from_alphas_cumprod(schedule.alphas_cumprod)[t]"
RESULT = "(lowest <= sigma) & (sigma <= highest)"

# What is compared
in_interval.edits(
    variance_preserving_sigma=(
        f"{SIGMA} -> schedule.sqrt_one_minus_alphas_cumprod[t]",
        "You compare sqrt(1 - alpha-bar), the noise in x_t, which is never above 1. "
        "How much noise is in x_t once x_0 has the weight 1?",
    ),
    variance_preserving_variance=(
        f"{SIGMA} -> 1 - schedule.alphas_cumprod[t]",
        "You compare 1 - alpha-bar, the variance of the noise in x_t. "
        "How much noise is in x_t once x_0 has the weight 1, as a standard deviation?",
    ),
    variance=(
        f"{SIGMA} -> {SIGMA}.square()",
        "You compare sigma², a variance. The ends of the interval are standard deviations.",
    ),
    root_of_sigma=(
        f"{SIGMA} -> {SIGMA}.sqrt()",
        "The root is taken once too often.",
    ),
    logarithm=(
        f"{SIGMA} -> {SIGMA}.log()",
        "You compare log sigma. The ends of the interval are sigmas themselves.",
    ),
    signal_over_noise=(
        f"{SIGMA} -> 1 / {SIGMA}",
        "You compare sqrt(alpha-bar / (1 - alpha-bar)), how strong the signal is. It is upside down.",
    ),
    signal_to_noise_ratio=(
        f"{SIGMA} -> 1 / {SIGMA}.square()",
        "You compare the signal-to-noise ratio, alpha-bar / (1 - alpha-bar). It falls where the noise level rises.",
    ),
    alphas_cumprod_itself=(
        f"{SIGMA} -> schedule.alphas_cumprod[t]",
        "You compare alpha-bar, which falls from 1 to 0. What makes a noise level of it?",
    ),
    signal=(
        f"{SIGMA} -> schedule.sqrt_alphas_cumprod[t]",
        "You compare sqrt(alpha-bar), the weight of x_0 in x_t. What is the noise level?",
    ),
    inverse_signal=(
        f"{SIGMA} -> 1 / schedule.sqrt_alphas_cumprod[t]",
        "You compare 1 / sqrt(alpha-bar), by which x_t is multiplied. How much noise is in it afterwards?",
    ),
    noise_over_alphas_cumprod=(
        f"{SIGMA} -> schedule.sqrt_one_minus_alphas_cumprod[t] / schedule.alphas_cumprod[t]",
        "The noise is divided by alpha-bar. x_0 has the weight sqrt(alpha-bar) in x_t.",
    ),
    variance_over_signal=(
        f"{SIGMA} -> (1 - schedule.alphas_cumprod[t]) / schedule.sqrt_alphas_cumprod[t]",
        "1 - alpha-bar is divided by sqrt(alpha-bar): above the line the root is missing.",
    ),
    t_itself=(
        f"{SIGMA} -> t",
        "You compare the time step with noise levels. Which noise level does the schedule have at t?",
    ),
    share_of_the_steps=(
        f"{SIGMA} -> t / schedule.timesteps",
        "You compare t / T. Which noise level does the schedule have at t?",
    ),
    one_step_only=(
        f"{SIGMA} -> schedule.betas[t].sqrt()",
        "You compare sqrt(beta_t), the noise of a single step. How much has come together until t?",
    ),
    not_accumulated=(
        f"{SIGMA} -> sigma_from_alphas_cumprod(schedule.alphas)[t]",
        "The formula is given alpha, which knows of a single step. Which constant knows of all steps until t?",
    ),
    posterior_deviation=(
        f"{SIGMA} -> schedule.posterior_variance[t].sqrt()",
        "You compare the standard deviation of a reverse step. The noise level is that of x_t itself.",
    ),
    alphas_cumprod_prev=(
        "schedule.alphas_cumprod) -> schedule.alphas_cumprod_prev)",
        "You look up alpha-bar one step earlier, in `alphas_cumprod_prev`. Which constant belongs to x_t?",
    ),
)

# How it is compared
in_interval.edits(
    lowest_left_out=(
        "(lowest <= sigma) -> (lowest < sigma)",
        "A noise level of exactly `lowest` counts as outside. Both ends belong to the interval.",
    ),
    highest_left_out=(
        "(sigma <= highest) -> (sigma < highest)",
        "A noise level of exactly `highest` counts as outside. Both ends belong to the interval.",
    ),
    both_ends_left_out=(
        f"{RESULT} -> (lowest < sigma) & (sigma < highest)",
        "A noise level that is exactly an end of the interval counts as outside. Both ends belong to it.",
    ),
    infinity_left_out=(
        "(sigma <= highest) -> (sigma <= highest) & sigma.isfinite()",
        "An infinite noise level counts as outside also where `highest` is infinite. "
        "Pure noise belongs to an interval without an upper end.",
    ),
    outside=(
        f"{RESULT} -> ~({RESULT})",
        "It is the other way round: true outside of the interval.",
    ),
    either_side=(
        f"{RESULT} -> (lowest <= sigma) | (sigma <= highest)",
        "Every row counts as inside: each level is above the lower end or below the upper one. Both have to hold.",
    ),
    ends_swapped=(
        f"{RESULT} -> (highest <= sigma) & (sigma <= lowest)",
        "No row is ever inside. Which end is the larger one, and what is compared with it?",
    ),
    upper_end_only=(
        f"{RESULT} -> sigma <= highest",
        "Only the upper end counts. Where does `lowest` come in?",
    ),
    lower_end_only=(
        f"{RESULT} -> lowest <= sigma",
        "Only the lower end counts. Where does `highest` come in?",
    ),
    above_the_upper_end=(
        f"{RESULT} -> (lowest <= sigma) & (sigma >= highest)",
        "The result is true above the upper end. Look at the second comparison.",
    ),
    below_the_lower_end=(
        f"{RESULT} -> (lowest >= sigma) & (sigma <= highest)",
        "The result is true below the lower end. Look at the first comparison.",
    ),
    any_row=(
        f"{RESULT} -> ({RESULT}).any().expand(len(t))",
        "As soon as one row is inside, all count as inside. Each row has its own answer.",
    ),
    all_rows=(
        f"{RESULT} -> ({RESULT}).all().expand(len(t))",
        "As soon as one row is outside, all count as outside. Each row has its own answer.",
    ),
    one_answer_for_all=(
        f"{RESULT} -> ({RESULT}).any()",
        "There is one answer for the whole batch: true if any row is inside. Each row has its own, in the shape (B,).",
    ),
    one_answer_from_all=(
        f"{RESULT} -> ({RESULT}).all()",
        "There is one answer for the whole batch: true if all rows are inside. "
        "Each row has its own, in the shape (B,).",
    ),
    first_row=(
        f"{SIGMA} -> {SIGMA}[:1].expand(len(t))",
        "All rows get the answer of the first. Each row has its own t.",
    ),
    mean_level=(
        f"{SIGMA} -> {SIGMA}.mean().expand(len(t))",
        "All rows are judged by the mean noise level of the batch. Each row has its own.",
    ),
    every_level=(
        f"{SIGMA} -> sigma_from_alphas_cumprod(schedule.alphas_cumprod)",
        "There is an answer for each step of the schedule. Which of them does the batch ask for?",
    ),
    ones_and_zeros=(
        f"{RESULT} -> ({RESULT}).float()",
        "The answers are right, but they are the numbers 1 and 0. Where a mask is wanted, keep true and false.",
    ),
)


@in_interval.alternative("sigma from the two constants that stand in x_t.")
def noise_over_signal(t, schedule, lowest, highest):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t] / schedule.sqrt_alphas_cumprod[t]
    return torch.logical_and(sigma >= lowest, sigma <= highest)


@in_interval.alternative("Outside is what is too low or too high; inside is the rest.")
def neither_too_low_nor_too_high(t, schedule, lowest, highest):
    alpha_bar = schedule.alphas_cumprod[t]
    sigma = (1 / alpha_bar - 1) ** 0.5
    return ~((sigma < lowest) | (sigma > highest))


@in_interval.alternative("Every step of the schedule is judged once; then the answers are looked up.")
def looked_up_at_the_end(t, schedule, lowest, highest):
    alpha_bars = schedule.alphas_cumprod.double()
    sigmas = torch.sqrt((1 - alpha_bars) / alpha_bars)
    return ((sigmas >= lowest) * (sigmas <= highest))[t]


@in_interval.alternative("Without a root: variances are compared with the squares of both ends.")
def variances_compared(t, schedule, lowest, highest):
    alpha_bar = schedule.alphas_cumprod[t]
    variance = (1 - alpha_bar) / alpha_bar
    return (lowest**2 <= variance) & (variance <= highest**2)


@in_interval.alternative("The level stays as it is where it is limited to the interval.")
def unchanged_by_clamp(t, schedule, lowest, highest):
    sigma = sigma_from_alphas_cumprod(schedule.alphas_cumprod)[t]
    return sigma.clamp(lowest, highest) == sigma


@in_interval.alternative("Row by row, in a list.")
def row_by_row(t, schedule, lowest, highest):
    answers = []
    for step in t.tolist():
        alpha_bar = schedule.alphas_cumprod[step]
        answers.append(bool(lowest <= ((1 - alpha_bar) / alpha_bar).sqrt() <= highest))
    return torch.tensor(answers, device=t.device)
