"""Quizzes of chapter 04: the forward process."""

import torch

from course_lib import forward
from course_lib.quizzes.cases import mixed_t, noisy_batches
from course_lib.quizzes.catalogue import Choice, Option, Quiz

ORDER = (
    "extract",
    "q_step",
    "q_sample",
    "what_t_zero_does",
    "doubt_about_the_step_before",
    "q_posterior",
)  # as in the notebook


def at(values, t, x):
    return values[t].reshape(-1, *[1] * (x.ndim - 1))


# extract


def lookups(g: torch.Generator) -> list[tuple]:
    """Shapes of 4, 2 and 3 axes; in the second as many rows as columns, in the third as many rows as steps."""
    shapes = [((5, 3, 4, 6), 50), ((4, 4), 9), ((6, 2, 3), 6)]
    return [(torch.rand(steps, generator=g), mixed_t(g, shape[0], steps), shape) for shape, steps in shapes]


extract = Quiz(
    forward.extract,
    cases=lookups,
    points=2,
    minutes=6,
    hints=(
        "Two jobs: look up one value per row, then give the result as many axes as x has.",
        "`values[t]` has shape (B,). To multiply (B, C, H, W) it has to be "
        "(B, 1, 1, 1), and for other x_shape accordingly.",
        "`values[t].reshape(len(t), *[1] * (len(x_shape) - 1))`",
    ),
)


@extract.mistake(
    "Looked up, but still of shape (B,). Broadcasting would line it up with "
    "the last axis, the width: which axes are missing?"
)
def not_reshaped(values, t, x_shape):
    return values[t]


@extract.mistake("Always three axes of size 1: right for images only. How many does `x_shape` ask for?")
def images_only(values, t, x_shape):
    return values[t].reshape(-1, 1, 1, 1)


@extract.mistake("The batch has to be the first axis, with the ones behind it; yours is the last.")
def batch_at_the_end(values, t, x_shape):
    return values[t].reshape(*[1] * (len(x_shape) - 1), -1)


@extract.mistake("One axis too many: the batch is already one of the axes of `x_shape`.")
def one_axis_too_many(values, t, x_shape):
    return values[t].reshape(-1, *[1] * len(x_shape))


@extract.mistake("All rows get the value of the first t. Index with the whole of `t`.")
def value_of_the_first_row(values, t, x_shape):
    return values[t[0]].expand(len(t)).reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake("This takes the first B values, whatever `t` says. `t` tells for each row where to look.")
def first_values(values, t, x_shape):
    return values[: len(t)].reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake(
    "One place too early: `t` counts from 0, like the index of `values`. At t = 0 yours takes the last value."
)
def one_too_early(values, t, x_shape):
    return values[t - 1].reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake("The value is multiplied by t. Look up with square brackets.")
def times_t(values, t, x_shape):
    return (values[t] * t).reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake(
    "All T values come back, each in a row of its own. Pick the one for each `t` first, then add the axes."
)
def not_looked_up(values, t, x_shape):
    return values.reshape(-1, *[1] * (len(x_shape) - 1))


@extract.alternative
def with_gather(values, t, x_shape):
    return values.gather(-1, t).view((t.shape[0],) + (1,) * (len(x_shape) - 1))


@extract.alternative
def with_none(values, t, x_shape):
    return values[t][(...,) + (None,) * (len(x_shape) - 1)]


@extract.alternative
def with_unsqueeze(values, t, x_shape):
    found = torch.index_select(values, 0, t)
    while found.ndim < len(x_shape):
        found = found.unsqueeze(-1)
    return found


# one step

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


@q_step.alternative
def step_with_alphas(x_prev, t, noise, schedule):
    alpha = forward.extract(schedule.alphas, t, x_prev.shape)
    return torch.sqrt(alpha) * x_prev + torch.sqrt(1 - alpha) * noise


@q_step.alternative
def step_row_by_row(x_prev, t, noise, schedule):
    rows = []
    for row, step, draw in zip(x_prev, t, noise, strict=True):
        beta = schedule.betas[step]
        rows.append(row * (1 - beta) ** 0.5 + draw * beta**0.5)
    return torch.stack(rows)


# Predict before you run

what_t_zero_does = Choice(
    "what_t_zero_does",
    "In this course t runs from 0 to T - 1. What does `q_sample` return at t = 0?",
    options={
        "a": Option(
            "x_0 itself, untouched",
            "`alphas_cumprod[0]` is 1 - beta of the first step, which is a little below 1. How much noise is that?",
        ),
        "b": Option(
            "x_0 with the noise of one step",
            "t = 0 is the paper's t = 1: the first step has been taken. "
            "Clean data has no index; `alphas_cumprod_prev[0]` = 1 stands for it.",
        ),
        "c": Option("pure noise", "That is the other end, t = T - 1. At t = 0 almost all of x_0 is left."),
    },
    answer="b",
    points=1,
    minutes=2,
    hints=("How large is `alphas_cumprod[0]`: 1, or a little less?",),
)

doubt_about_the_step_before = Choice(
    "doubt_about_the_step_before",
    "One step adds noise of variance beta. You know x_t and also x_0, and ask "
    "where x_{t-1} was. How large is the variance of the answer?",
    options={
        "a": Option(
            "smaller than beta",
            "Both ends hold it in place: (1 - alpha-bar_{t-1}) / (1 - alpha-bar_t) times "
            "beta, and that ratio is below 1. At t = 0 it is even 0.",
        ),
        "b": Option(
            "beta: that much noise was added",
            "That much is added on the way forward. Looking back, x_t says roughly where x_{t-1} was, "
            "and x_0 says it too: what does a second clue do to the doubt?",
        ),
        "c": Option(
            "larger than beta: going back is harder",
            "Going back is harder when only x_t is known. Here x_0 is known as well, "
            "and for Gaussians a second clue always narrows the answer.",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    hints=("Think of t = 0: where was x_{t-1} then?", "What can knowing x_0 do to your doubt?"),
)
