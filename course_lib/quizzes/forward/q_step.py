"""Quiz `q_step` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.forward.shared import at
from course_lib.quizzes.inputs import noisy_batches

q_step = Quiz(
    forward.q_step,
    cases=noisy_batches,
    points=2,
    minutes=7,
    hints=(
        "A little less signal, a little more noise, so that the variance stays 1. "
        "Which two weights add up to 1 after squaring?",
        "The noise gets the variance beta_t, so its weight is a root. The signal keeps the rest.",
        "sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) noise, with beta_t looked up by `extract`",
    ),
)


@q_step.mistake("The weights are swapped: one step adds only a little noise. Which of them is close to 1?")
def step_weights_swapped(x_prev, t, noise, schedule):
    beta = at(schedule.betas, t, x_prev)
    return beta.sqrt() * x_prev + (1 - beta).sqrt() * noise


@q_step.mistake(
    "beta is a variance, and you multiply by it. A factor in front of the noise counts squared: what is missing?"
)
def step_without_roots(x_prev, t, noise, schedule):
    beta = at(schedule.betas, t, x_prev)
    return (1 - beta) * x_prev + beta * noise


@q_step.mistake("The noise is right, the signal fades too fast: its weight lacks a root.")
def step_signal_without_root(x_prev, t, noise, schedule):
    beta = at(schedule.betas, t, x_prev)
    return (1 - beta) * x_prev + beta.sqrt() * noise


@q_step.mistake("The signal is right, the noise too weak: beta is its variance, so what is its standard deviation?")
def step_noise_without_root(x_prev, t, noise, schedule):
    beta = at(schedule.betas, t, x_prev)
    return (1 - beta).sqrt() * x_prev + beta * noise


@q_step.mistake("That is the whole leap from x_0, with alpha-bar. One step knows only its own beta.")
def leap_instead_of_step(x_prev, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_prev)
    return ac.sqrt() * x_prev + (1 - ac).sqrt() * noise


@q_step.mistake(
    "The noise is added, but the signal does not shrink: after many steps the variance runs away. What keeps it at 1?"
)
def signal_not_shrunk(x_prev, t, noise, schedule):
    return x_prev + at(schedule.betas, t, x_prev).sqrt() * noise


@q_step.mistake("The noise comes in at full strength, whatever beta is. How much may one step add?")
def step_noise_unweighted(x_prev, t, noise, schedule):
    return (1 - at(schedule.betas, t, x_prev)).sqrt() * x_prev + noise


@q_step.mistake("Signal and noise are multiplied. A step adds noise: mean plus standard deviation times noise.")
def step_multiplied(x_prev, t, noise, schedule):
    beta = at(schedule.betas, t, x_prev)
    return (1 - beta).sqrt() * x_prev * beta.sqrt() * noise


@q_step.mistake("All rows take the beta of the first row. Each row has its own t.")
def step_first_t_for_all(x_prev, t, noise, schedule):
    beta = schedule.betas[t[0]]
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@q_step.mistake(
    "A beta of shape (B,) lines up with the last axis, the width. "
    "Bring it to (B, 1, ..., 1): that is what `extract` is for."
)
def step_along_the_last_axis(x_prev, t, noise, schedule):
    beta = schedule.betas[t]
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@q_step.mistake(
    "You draw new noise and never use the argument. Nothing in this course draws hidden random numbers: use `noise`."
)
def step_draws_its_own_noise(x_prev, t, noise, schedule):
    beta = at(schedule.betas, t, x_prev)
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * torch.randn_like(x_prev)


@q_step.mistake("1 minus the root is not the root of 1 minus: first subtract beta, then take the root.")
def step_one_minus_the_root(x_prev, t, noise, schedule):
    root = at(schedule.betas, t, x_prev).sqrt()
    return (1 - root) * x_prev + root * noise


@q_step.mistake("Three axes of size 1 fit images only, and this x has fewer axes. Let `extract` count them.")
def step_for_images_only(x_prev, t, noise, schedule):
    beta = schedule.betas[t].reshape(-1, 1, 1, 1)
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@q_step.alternative("")
def step_with_alphas(x_prev, t, noise, schedule):
    alpha = forward.extract(schedule.alphas, t, x_prev.shape)
    return torch.sqrt(alpha) * x_prev + torch.sqrt(1 - alpha) * noise


@q_step.alternative("")
def step_row_by_row(x_prev, t, noise, schedule):
    rows = []
    for row, step, draw in zip(x_prev, t, noise, strict=True):
        beta = schedule.betas[step]
        rows.append(row * (1 - beta) ** 0.5 + draw * beta**0.5)
    return torch.stack(rows)
