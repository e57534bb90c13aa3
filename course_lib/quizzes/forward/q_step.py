"""Quiz `q_step` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.families import lookups
from course_lib.quizzes.forward.shared import batches

q_step = Quiz(
    forward.q_step,
    cases=batches,
    points=2,
    minutes=5,
    difficulty=2,
    importance=3,
    hints=(
        "A little less signal, a little more noise, so that the variance stays 1. "
        "Which two weights add up to 1 after squaring?",
        "The noise gets the variance beta_t, so its weight is a root. The signal keeps the rest.",
        "sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) noise, with beta_t looked up by `extract`",
    ),
)

q_step.edits(
    weights_swapped=(
        "(1 - beta).sqrt() * x_prev + beta.sqrt() -> beta.sqrt() * x_prev + (1 - beta).sqrt()",
        "The weights are swapped: one step adds only a little noise. Which of them is close to 1?",
    ),
    no_roots=(
        "(1 - beta).sqrt() -> (1 - beta)",
        "beta.sqrt() -> beta",
        "The noise is multiplied by beta, which is a variance, and x by 1 - beta. "
        "A factor counts squared in the variance: what is missing?",
    ),
    no_root_on_the_signal=(
        "(1 - beta).sqrt() -> (1 - beta)",
        "The signal fades too fast: its weight lacks a root.",
    ),
    no_root_on_the_noise=(
        "beta.sqrt() -> beta",
        "The noise is too weak: beta is its variance, so what is its standard deviation?",
    ),
    one_minus_the_root=(
        "(1 - beta).sqrt() -> (1 - beta.sqrt())",
        "1 minus the root of beta is not the root of 1 minus beta: first subtract, then take the root.",
    ),
    beta_for_the_standard_deviation=(
        "(1 - beta).sqrt() -> (1 - beta**2).sqrt()",
        "beta.sqrt() -> beta",
        "The squares of your weights add up to 1, but with beta as the standard deviation of the noise. "
        "Of what is beta the variance?",
    ),
    leap_instead_of_step=(
        "schedule.betas -> 1 - schedule.alphas_cumprod",
        "That is the whole leap from x_0, with alpha-bar. One step knows only its own beta.",
    ),
    noise_of_the_leap=(
        "beta.sqrt() -> extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_prev.shape)",
        "x fades by one step, and the noise has the strength of all steps so far. How much does one step add?",
    ),
    signal_of_the_leap=(
        "(1 - beta).sqrt() -> extract(schedule.sqrt_alphas_cumprod, t, x_prev.shape)",
        "The noise is that of one step, and x fades by all steps so far. How much does it fade in one?",
    ),
    signal_not_shrunk=(
        "(1 - beta).sqrt() * x_prev -> x_prev",
        "The noise is added, but the signal does not shrink: after many steps the variance runs away. "
        "What keeps it at 1?",
    ),
    signal_grows=(
        "(1 - beta).sqrt() * x_prev -> x_prev / (1 - beta).sqrt()",
        "The signal grows by 1 / sqrt(1 - beta): that undoes a step. Here a step is taken.",
    ),
    noise_unweighted=(
        "beta.sqrt() * noise -> noise",
        "The noise comes in at full strength, whatever beta is. How much may one step add?",
    ),
    noise_left_out=(
        "+ beta.sqrt() * noise -> ",
        "The signal fades, but no noise comes in: that is the mean of the step only. What makes it a sample?",
    ),
    noise_subtracted=(
        "x_prev + beta -> x_prev - beta",
        "The noise comes in with a minus sign. A sample is the mean plus the standard deviation times the noise.",
    ),
    multiplied=(
        "x_prev + beta -> x_prev * beta",
        "Signal and noise are multiplied. A step adds noise: mean plus standard deviation times noise.",
    ),
    draws_its_own_noise=(
        "beta.sqrt() * noise -> beta.sqrt() * torch.randn_like(noise)",
        "The argument `noise` makes no difference: other noise is drawn instead. "
        "In this course all random numbers come in from outside.",
    ),
    t_zero_taken_for_clean=(
        "schedule.betas -> torch.cat([schedule.betas.new_zeros(1), schedule.betas[1:]])",
        "At t = 0 x comes back unchanged. In this course t = 0 is the first step already: what is `betas[0]`?",
    ),
    result_clamped=(
        "return -> return (",
        "* noise -> * noise).clamp(-1, 1)",
        "The result is clipped to [-1, 1]. Noisy data has to leave that range: what does clipping do to a Gaussian?",
    ),
    input_clamped=(
        "* x_prev -> * x_prev.clamp(-1, 1)",
        "x is clipped to [-1, 1] before the step. It may hold noise already, and then it leaves that range.",
    ),
)
lookups(q_step)


@q_step.mistake(
    "The first row decides for all: if its t is 0, nothing is noised. Each row has its own t, and its own noise."
)
def first_row_decides(x_prev, t, noise, schedule):
    return x_prev if t[0] == 0 else forward.q_step(x_prev, t, noise, schedule)


@q_step.alternative("With alpha = 1 - beta, as the schedule has it, too.")
def with_alphas(x_prev, t, noise, schedule):
    alpha = forward.extract(schedule.alphas, t, x_prev.shape)
    return torch.sqrt(alpha) * x_prev + torch.sqrt(1 - alpha) * noise


@q_step.alternative("One row after the other: each has one number beta, and there is nothing to broadcast.")
def row_by_row(x_prev, t, noise, schedule):
    rows = []
    for row, step, draw in zip(x_prev, t, noise, strict=True):
        beta = schedule.betas[step]
        rows.append(row * (1 - beta) ** 0.5 + draw * beta**0.5)
    return torch.stack(rows)
