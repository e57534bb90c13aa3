"""Quiz `q_sample` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.forward.shared import at
from course_lib.quizzes.inputs import noisy_batches

q_sample = Quiz(
    forward.q_sample,
    cases=noisy_batches,
    points=3,
    minutes=8,
    hints=(
        "x_t is a mixture of x_0 and noise. Which weights, so that the variance stays 1?",
        "alpha-bar_t is the share of the signal's variance that is left. "
        "Weights are roots of shares, and each row has its own t.",
        "sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise; the schedule has both roots, `extract` looks them up.",
    ),
)


@q_sample.mistake(
    "The two weights have changed places. At t = 0 almost all of x_0 has to be left: which weight is close to 1 there?"
)
def swapped_weights(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return (1 - ac).sqrt() * x_start + ac.sqrt() * noise


@q_sample.mistake("Your weights add up to 1, but variances go with their squares. What do you have to take of both?")
def no_roots(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac * x_start + (1 - ac) * noise


@q_sample.mistake("The noise is right, the signal too weak: its weight lacks a root.")
def no_root_on_the_signal(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac * x_start + (1 - ac).sqrt() * noise


@q_sample.mistake(
    "The signal is right, the noise too weak: 1 - alpha-bar is its variance. What is its standard deviation?"
)
def no_root_on_the_noise(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac.sqrt() * x_start + (1 - ac) * noise


@q_sample.mistake("1 minus the root is not the root of 1 minus: subtract first, then take the root.")
def one_minus_the_root(x_start, t, noise, schedule):
    root = at(schedule.alphas_cumprod, t, x_start).sqrt()
    return root * x_start + (1 - root) * noise


@q_sample.mistake(
    "That is `q_step`: with beta you take a single step. For t steps at once you need what is left after all of them."
)
def single_step(x_start, t, noise, schedule):
    beta = at(schedule.betas, t, x_start)
    return (1 - beta).sqrt() * x_start + beta.sqrt() * noise


@q_sample.mistake("The noise comes in at full strength at every t. How much of it may there be at t = 0?")
def noise_unweighted(x_start, t, noise, schedule):
    return at(schedule.alphas_cumprod, t, x_start).sqrt() * x_start + noise


@q_sample.mistake("The signal keeps its full strength, so the variance grows. What fades it out?")
def signal_unweighted(x_start, t, noise, schedule):
    return x_start + (1 - at(schedule.alphas_cumprod, t, x_start)).sqrt() * noise


@q_sample.mistake(
    "Signal and noise are multiplied: the picture then only scales the noise. "
    "A sample is mean plus standard deviation times noise."
)
def multiplied(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac.sqrt() * x_start * (1 - ac).sqrt() * noise


@q_sample.mistake(
    "The noise is subtracted. Its distribution would not mind, but the "
    "network that predicts `noise` would learn the wrong sign."
)
def noise_subtracted(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac.sqrt() * x_start - (1 - ac).sqrt() * noise


@q_sample.mistake(
    "You draw new noise and never use the argument. The loss later compares with `noise`: it has to be the one in x_t."
)
def draws_its_own_noise(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac.sqrt() * x_start + (1 - ac).sqrt() * torch.randn_like(x_start)


@q_sample.mistake(
    "All rows take the t of the first one. In training each image of a batch has its own: index with the whole `t`."
)
def first_t_for_all(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t[0]]
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


@q_sample.mistake(
    "Off by one: t = 0 already is one step, so it needs `alphas_cumprod[0]`. With the one before, t = 0 adds no noise."
)
def one_step_too_few(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod_prev, t, x_start)
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


@q_sample.mistake(
    "Weights of shape (B,) line up with the last axis, the width: each column gets its own t. "
    "`extract` puts them on the batch axis."
)
def along_the_last_axis(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t]
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


@q_sample.mistake(
    "You take roots of roots: `sqrt_alphas_cumprod` and its sister are roots already, as their names say."
)
def root_of_the_root(x_start, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    return at(signal, t, x_start).sqrt() * x_start + at(sigma, t, x_start).sqrt() * noise


@q_sample.mistake("Three axes of size 1 fit images only, and this x has fewer axes. Let `extract` count them.")
def for_images_only(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].reshape(-1, 1, 1, 1)
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


@q_sample.alternative
def roots_taken_here(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].view(-1, *[1] * (x_start.ndim - 1))
    return ac.sqrt() * x_start + (1 - ac).sqrt() * noise


@q_sample.alternative
def row_by_row(x_start, t, noise, schedule):
    out = torch.empty_like(x_start)
    for i, step in enumerate(t):
        out[i] = schedule.sqrt_alphas_cumprod[step] * x_start[i]
        out[i] += schedule.sqrt_one_minus_alphas_cumprod[step] * noise[i]
    return out


@q_sample.alternative
def with_einsum(x_start, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod[t], schedule.sqrt_one_minus_alphas_cumprod[t]
    return torch.einsum("b,b...->b...", signal, x_start) + torch.einsum("b,b...->b...", sigma, noise)
