"""Quiz `score_from_noise` of chapter 06."""

import math

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.quizzes.families import lookups
from course_lib.quizzes.inputs import noisy_batches

score_from_noise = Quiz(
    objective.score_from_noise,
    cases=lambda g: [(noise, t, schedule) for _, t, noise, schedule in noisy_batches(g)],
    points=2,
    minutes=5,
    difficulty=2,
    importance=5,
    hints=(
        "Given x_0, x_t is Gaussian. What is the slope of the logarithm of a Gaussian density?",
        "-(x_t - mean) / variance. Here x_t - mean is sigma times noise, and the variance is sigma².",
        "-noise / sqrt(1 - alpha-bar_t), the root looked up by `extract`",
    ),
)

score_from_noise.edits(
    score_without_minus=(
        "return -noise -> return noise",
        "The wrong direction: the score points to where data is likelier. Does noise lead there or away?",
    ),
    score_times_sigma=(
        "noise / extract -> noise * extract",
        "That is the way back, from a score to the noise. Little noise makes a steep density: "
        "should you multiply or divide by sigma?",
    ),
    score_is_minus_noise=(
        "/ extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape) ->",
        "The size is that of the noise at every t. At small t the density is steep: "
        "what does the noise have to be divided by?",
    ),
    score_over_variance=(
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.alphas_cumprod",
        "The variance stands where sigma should. That would be right for sigma times noise, "
        "but `noise` has variance 1: what is left of sigma² then?",
    ),
    score_over_signal=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.sqrt_alphas_cumprod",
        "The weight of the signal stands where that of the noise should. "
        "How far x_t lies from its mean is a matter of the other weight.",
    ),
    score_over_alphas_cumprod=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.alphas_cumprod",
        "alpha-bar, the share of the signal, stands where sigma should. Which number says how widely x_t is spread?",
    ),
    score_over_root_of_sigma=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.sqrt_one_minus_alphas_cumprod.sqrt()",
        "A root too many: `sqrt_one_minus_alphas_cumprod` is sigma already.",
    ),
    score_over_root_beta=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.betas.sqrt()",
        "beta is the noise of the last step alone. How much noise is in x_t after all steps?",
    ),
    score_over_beta=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.betas",
        "beta stands where sigma should. It is the variance of one step; the score needs sigma, after all of them.",
    ),
    score_over_one_minus_root=(
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.sqrt_alphas_cumprod",
        "1 minus the root of alpha-bar is not sigma. Subtract first, then take the root.",
    ),
    score_one_step_before=(
        "schedule.sqrt_one_minus_alphas_cumprod -> (1 - schedule.alphas_cumprod_prev).sqrt()",
        "That is the sigma of the step before, and at t = 0 it is 0. x_t already has the noise of step t.",
    ),
    score_of_edm=(
        "schedule.sqrt_one_minus_alphas_cumprod -> (1 / schedule.alphas_cumprod - 1).sqrt()",
        "This sigma is noise over signal, as in 2206.00364 and k-diffusion, where x_0 keeps its size. "
        "How much noise is in our x_t?",
    ),
    score_over_floored_sigma=(
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.sqrt_one_minus_alphas_cumprod.clamp(min=0.1)",
        "Right where sigma is above 0.1, too small where it is below. The score may be as steep as it is.",
    ),
)
lookups(score_from_noise)


@score_from_noise.mistake("That is the logarithm of the density itself. The score is its slope, taken by x_t.")
def score_is_log_density(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)
    return -(noise**2) / 2 - sigma.log() - math.log(2 * math.pi) / 2


@score_from_noise.alternative("alpha-bar to the power of -1/2: no division, and no root that is stored.")
def score_from_alphas_cumprod(noise, t, schedule):
    return noise * -((1 - extract(schedule.alphas_cumprod, t, noise.shape)) ** -0.5)


@score_from_noise.alternative("Autograd finds the slope of the Gaussian's logarithm at x_t = sigma noise.")
def score_by_autograd(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)
    x_t = (sigma * noise).requires_grad_()
    with torch.enable_grad():
        log_density = torch.distributions.Normal(torch.zeros_like(noise), sigma.expand_as(noise)).log_prob(x_t)
        return torch.autograd.grad(log_density.sum(), x_t)[0]


@score_from_noise.alternative("Axes are added by `unsqueeze` until there are enough.")
def score_with_unsqueeze(noise, t, schedule):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t]
    while sigma.ndim < noise.ndim:
        sigma = sigma.unsqueeze(-1)
    return -1 * noise / sigma
