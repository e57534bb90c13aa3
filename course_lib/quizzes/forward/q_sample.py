"""Quiz `q_sample` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.families import lookups
from course_lib.quizzes.forward.shared import batches

q_sample = Quiz(
    forward.q_sample,
    cases=batches,
    points=3,
    minutes=6,
    difficulty=2,
    importance=5,
    hints=(
        "x_t is a mixture of x_0 and noise. Which weights, so that the variance stays 1?",
        "alpha-bar_t is the share of the signal's variance that is left. "
        "Weights are roots of shares, and each row has its own t.",
        "sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise; the schedule has both roots, `extract` looks them up.",
    ),
)

q_sample.edits(
    swapped_weights=(
        "signal * x_start + sigma * noise -> sigma * x_start + signal * noise",
        "The two weights have changed places. At t = 0 almost all of x_0 has to be left: "
        "which weight is close to 1 there?",
    ),
    no_root_on_the_signal=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod",
        "The signal is too weak: alpha-bar is the share of its variance that is left. What do you multiply x_0 by?",
    ),
    no_root_on_the_noise=(
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.alphas_cumprod",
        "The noise is too weak: 1 - alpha-bar is its variance. What is its standard deviation?",
    ),
    no_roots=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod",
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.alphas_cumprod",
        "Your weights add up to 1, but variances go with their squares. What do you have to take of both?",
    ),
    one_minus_the_root=(
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.sqrt_alphas_cumprod",
        "1 minus the root is not the root of 1 minus: subtract first, then take the root.",
    ),
    single_step=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas.sqrt()",
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.betas.sqrt()",
        "That is `q_step`: with beta you take a single step. "
        "For t steps at once you need what is left after all of them.",
    ),
    noise_unweighted=(
        "sigma * noise -> noise",
        "The noise comes in at full strength at every t. How much of it may there be at t = 0?",
    ),
    signal_unweighted=(
        "signal * x_start -> x_start",
        "The signal keeps its full strength, so the variance grows. What fades it out?",
    ),
    multiplied=(
        "signal * x_start + sigma -> signal * x_start * sigma",
        "Signal and noise are multiplied: the picture then only scales the noise. "
        "A sample is mean plus standard deviation times noise.",
    ),
    noise_subtracted=(
        "x_start + sigma -> x_start - sigma",
        "The noise is subtracted. Its distribution would not mind, but the "
        "network that predicts `noise` would learn the wrong sign.",
    ),
    draws_its_own_noise=(
        "sigma * noise -> sigma * torch.randn_like(noise)",
        "The argument `noise` is not used, and other noise is drawn. "
        "The loss later compares with `noise`: it has to be the one in x_t.",
    ),
    one_step_too_few=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod_prev.sqrt()",
        "schedule.sqrt_one_minus_alphas_cumprod -> (1 - schedule.alphas_cumprod_prev).sqrt()",
        "Off by one: t = 0 already is one step, so it needs `alphas_cumprod[0]`. "
        "With the one before, t = 0 adds no noise.",
    ),
    root_of_the_root=(
        "schedule.sqrt_alphas_cumprod -> schedule.sqrt_alphas_cumprod.sqrt()",
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.sqrt_one_minus_alphas_cumprod.sqrt()",
        "A root too many on both weights: `sqrt_alphas_cumprod` and its sister are roots already, as their names say.",
    ),
    variance_exploding=(
        "signal * x_start + sigma * noise -> x_start + sigma / signal * noise",
        "x_0 keeps its full size and the noise grows, as in 2206.00364 and k-diffusion. "
        "Here x_0 fades as the noise comes in, so that the variance stays 1.",
    ),
    both_in_x_start=(
        "sigma * noise -> sigma * x_start",
        "The noise does not come in: x_0 is in both terms. What belongs behind the second weight?",
    ),
    noise_left_out=(
        "+ sigma * noise -> ",
        "The signal fades, but no noise comes in: that is the mean only. What makes it a sample?",
    ),
    result_clamped=(
        "return -> return (",
        "* noise -> * noise).clamp(-1, 1)",
        "The result is clipped to [-1, 1]. Noisy data has to leave that range: what does clipping do to a Gaussian?",
    ),
    input_clamped=(
        "* x_start -> * x_start.clamp(-1, 1)",
        "x_0 is clipped to [-1, 1] first. Images live there, but other data need not: nothing is to be clipped here.",
    ),
)
lookups(q_sample)


@q_sample.mistake(
    "At t = 0 it is x_0, unchanged. In this course t = 0 is the first step already: what is `alphas_cumprod[0]`?"
)
def t_zero_taken_for_clean(x_start, t, noise, schedule):
    clean = (t == 0).reshape(-1, *[1] * (x_start.ndim - 1))
    return torch.where(clean, x_start, forward.q_sample(x_start, t, noise, schedule))


@q_sample.mistake("The first row decides for all: if its t is 0, nothing is noised. Each row has its own t.")
def first_row_decides(x_start, t, noise, schedule):
    return x_start if t[0] == 0 else forward.q_sample(x_start, t, noise, schedule)


@q_sample.mistake(
    "The noise is too strong: it adds up as if every step brought the same draw. "
    "Independent draws add up in their variances."
)
def one_draw_for_all_steps(x_start, t, noise, schedule):
    x = x_start
    for step, beta in enumerate(schedule.betas):
        beta = beta * (step <= t).reshape(-1, *[1] * (x.ndim - 1))
        x = (1 - beta).sqrt() * x + beta.sqrt() * noise
    return x


@q_sample.alternative("The weights are computed here, from alpha-bar itself.")
def roots_taken_here(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].view(-1, *[1] * (x_start.ndim - 1))
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


@q_sample.alternative("One row after the other: slower, but there is nothing to broadcast.")
def row_by_row(x_start, t, noise, schedule):
    out = torch.empty_like(x_start)
    for i, step in enumerate(t):
        out[i] = schedule.sqrt_alphas_cumprod[step] * x_start[i]
        out[i] += schedule.sqrt_one_minus_alphas_cumprod[step] * noise[i]
    return out


@q_sample.alternative("`einsum` says which axis the weights belong to.")
def with_einsum(x_start, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod[t], schedule.sqrt_one_minus_alphas_cumprod[t]
    return torch.einsum("b,b...->b...", signal, x_start) + torch.einsum("b,b...->b...", sigma, noise)
