"""Quiz `score_from_noise` of chapter 06."""

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import noisy_batches
from course_lib.quizzes.objective.shared import at

score_from_noise = Quiz(
    objective.score_from_noise,
    cases=lambda g: [(noise, t, schedule) for _, t, noise, schedule in noisy_batches(g)],
    points=2,
    minutes=5,
    hints=(
        "Given x_0, x_t is Gaussian. What is the slope of the logarithm of a Gaussian density?",
        "-(x_t - mean) / variance. Here x_t - mean is sigma times noise, and the variance is sigma².",
        "-noise / sqrt(1 - alpha-bar_t), the root looked up by `extract`",
    ),
)


@score_from_noise.mistake(
    "The right size, the wrong direction: the score points to where data is likelier. Does noise lead there or away?"
)
def score_without_minus(noise, t, schedule):
    return noise / at(schedule.sqrt_one_minus_alphas_cumprod, t, noise)


@score_from_noise.mistake(
    "That is the way back, from a score to the noise. Little noise makes a steep density: "
    "should you multiply or divide by sigma?"
)
def score_times_sigma(noise, t, schedule):
    return -noise * at(schedule.sqrt_one_minus_alphas_cumprod, t, noise)


@score_from_noise.mistake(
    "Divided by the variance. That would be right for sigma times noise, "
    "but `noise` has variance 1: what is left of sigma² then?"
)
def score_over_variance(noise, t, schedule):
    return -noise / (1 - at(schedule.alphas_cumprod, t, noise))


@score_from_noise.mistake(
    "The sign is right, but the noise itself is not the score: "
    "at small t the density is steep. What does the score have to be divided by?"
)
def score_is_minus_noise(noise, t, schedule):
    return -noise


@score_from_noise.mistake(
    "You divide by the weight of the signal. How far x_t lies from its mean is a matter of the other weight."
)
def score_over_signal(noise, t, schedule):
    return -noise / at(schedule.sqrt_alphas_cumprod, t, noise)


@score_from_noise.mistake("A root too many: `sqrt_one_minus_alphas_cumprod` is sigma already.")
def score_over_root_of_sigma(noise, t, schedule):
    return -noise / at(schedule.sqrt_one_minus_alphas_cumprod, t, noise).sqrt()


@score_from_noise.mistake("beta is the noise of the last step alone. How much noise is in x_t after all steps?")
def score_over_root_beta(noise, t, schedule):
    return -noise / at(schedule.betas, t, noise).sqrt()


@score_from_noise.mistake("1 minus the root of alpha-bar is not sigma. Subtract first, then take the root.")
def score_over_one_minus_root(noise, t, schedule):
    return -noise / (1 - at(schedule.sqrt_alphas_cumprod, t, noise))


@score_from_noise.mistake("All rows are divided by the sigma of the first. Each has a t of its own.")
def score_first_t_for_all(noise, t, schedule):
    return -noise / schedule.sqrt_one_minus_alphas_cumprod[t[0]]


@score_from_noise.mistake("A sigma of shape (B,) lines up with the last axis, the width. Where is the batch?")
def score_along_the_last_axis(noise, t, schedule):
    return -noise / schedule.sqrt_one_minus_alphas_cumprod[t]


@score_from_noise.alternative("")
def score_from_alphas_cumprod(noise, t, schedule):
    return noise * -((1 - at(schedule.alphas_cumprod, t, noise)) ** -0.5)


@score_from_noise.alternative("")
def score_by_autograd(noise, t, schedule):
    sigma = at(schedule.sqrt_one_minus_alphas_cumprod, t, noise)
    x_t = (sigma * noise).requires_grad_()
    with torch.enable_grad():
        log_density = torch.distributions.Normal(torch.zeros_like(noise), sigma.expand_as(noise)).log_prob(x_t)
        return torch.autograd.grad(log_density.sum(), x_t)[0]


@score_from_noise.alternative("")
def score_with_unsqueeze(noise, t, schedule):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t]
    while sigma.ndim < noise.ndim:
        sigma = sigma.unsqueeze(-1)
    return -1 * noise / sigma
