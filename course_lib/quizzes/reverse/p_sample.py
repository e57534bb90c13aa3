"""Quiz `p_sample` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.reverse.shared import at, guessed_start, model_and_noisy_batches

p_sample = Quiz(
    reverse.p_sample,
    cases=model_and_noisy_batches,
    points=2,
    minutes=8,
    hints=(
        "You have the mean. A draw from a Gaussian is its mean plus something times the noise.",
        "That something is the standard deviation. `schedule.posterior_variance` holds variances, one for each t.",
        "p_mean(model, x_t, t, schedule, predicts, clip_start) "
        "+ extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise",
    ),
)


def mean_of(model, x_t, t, schedule, predicts, clip_start):
    return reverse.p_mean(model, x_t, t, schedule, predicts, clip_start)


def spread(schedule, t, x_t):
    return at(schedule.posterior_variance, t, x_t).sqrt()


@p_sample.mistake("The noise is multiplied by the variance. How much does a draw from N(mean, variance) spread?")
def variance_for_spread(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, t, x_t) ** 2 * noise


@p_sample.mistake("Mean and noise are multiplied, so a mean of 0 could never move. Which of + and * draws a sample?")
def mean_times_noise(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) * spread(schedule, t, x_t) * noise


@p_sample.mistake("Only the mean comes back: each step then goes to the middle of what is possible. What is missing?")
def mean_only(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start)


@p_sample.mistake("The noise comes in at full strength at every t. How far may one step jump?")
def noise_at_full_strength(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + noise


@p_sample.mistake(
    "You add noise of variance beta, at t = 0 too. The paper has that variance as well, "
    "but which noise is allowed in the very last step?"
)
def beta_with_noise_left_on(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + at(schedule.betas, t, x_t).sqrt() * noise


@p_sample.mistake(
    "That is the paper's other variance, beta with its noise off at t = 0: a fair sampler, "
    "but not this course's. Which variance does `q_posterior` have?"
)
def beta_with_noise_off(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    sigma = at(schedule.betas, t, x_t).sqrt() * at((t > 0).float(), torch.arange(len(t)), x_t)
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + sigma * noise


@p_sample.mistake("One `if t > 0` decides for the whole batch, by its first row. How can each row decide for itself?")
def first_row_decides(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = mean_of(model, x_t, t, schedule, predicts, clip_start)
    return mean + spread(schedule, t, x_t) * noise if t[0] > 0 else mean


@p_sample.mistake("All rows get the noise of the first row's t. Each row has a variance of its own.")
def spread_of_the_first_row(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = mean_of(model, x_t, t, schedule, predicts, clip_start)
    return mean + schedule.posterior_variance[t[0]].sqrt() * noise


@p_sample.mistake("The noise stops one step too early: at t = 1 there still is some. At which t is the variance 0?")
def quiet_too_early(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    still_on = at((t > 1).float(), torch.arange(len(t)), x_t)
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, t, x_t) * still_on * noise


@p_sample.mistake(
    "The noise takes the variance of the step before. The step from x_t to x_{t-1} has the variance at index t."
)
def variance_of_the_next_step(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, (t - 1).clamp(min=0), x_t) * noise


@p_sample.mistake("sqrt(1 - alpha-bar_t) is all the noise in x_t. How much doubt does a single step leave?")
def spread_of_the_leap(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    sigma = (1 - at(schedule.alphas_cumprod, t, x_t)).sqrt()
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + sigma * noise


@p_sample.mistake("The noise is subtracted. As a distribution that is the same, but the course adds it.")
def noise_subtracted(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) - spread(schedule, t, x_t) * noise


@p_sample.mistake("You draw new noise and never use the argument. Nothing in this course draws hidden random numbers.")
def own_noise(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, t, x_t) * torch.randn_like(x_t)


@p_sample.mistake("A spread of shape (B,) lines up with the last axis, the width. `extract` puts it on the batch axis.")
def spread_along_the_last_axis(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + schedule.posterior_variance[t].sqrt() * noise


@p_sample.mistake("The noise is multiplied by beta, a variance. And which variance does `q_posterior` have?")
def beta_for_spread(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + at(schedule.betas, t, x_t) * noise


@p_sample.mistake(
    "The new state is clamped. It still holds noise and has to leave [-1, 1]: which guess may not, and who clips that?"
)
def state_clamped(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x = mean_of(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, t, x_t) * noise
    return x.clamp(-1, 1) if clip_start else x


@p_sample.mistake(
    "That is the guess of x_0 with the noise of one step: a leap, no step. Which function gives the mean of x_{t-1}?"
)
def noise_on_the_start(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return guessed_start(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, t, x_t) * noise


@p_sample.mistake("`predicts` is not passed on to `p_mean`, which then takes every answer for noise. Where is it lost?")
def predicts_not_passed_on(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, "noise", clip_start) + spread(schedule, t, x_t) * noise


@p_sample.mistake("`predicts` and `clip_start` end here: `p_mean` is called without them. Who else needs to know?")
def options_not_passed_on(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, "noise", False) + spread(schedule, t, x_t) * noise


@p_sample.mistake("`clip_start` is not passed on to `p_mean`. Without it, who keeps the guess inside [-1, 1]?")
def clip_not_passed_on(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return mean_of(model, x_t, t, schedule, predicts, False) + spread(schedule, t, x_t) * noise


@p_sample.alternative("")
def step_with_a_mask(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = mean_of(model, x_t, t, schedule, predicts, clip_start)
    later = (t > 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(later, mean + spread(schedule, t, x_t) * noise, mean)


@p_sample.alternative("")
def step_with_the_posterior(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x_start = reverse.predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    coef1, coef2 = at(schedule.posterior_mean_coef1, t, x_t), at(schedule.posterior_mean_coef2, t, x_t)
    return coef1 * x_start + coef2 * x_t + spread(schedule, t, x_t) * noise


@p_sample.alternative("")
def step_in_logarithms(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    half_log = 0.5 * at(schedule.posterior_variance, t, x_t).clamp(min=1e-20).log()
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + half_log.exp() * noise
