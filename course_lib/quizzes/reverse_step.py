"""More quizzes of chapter 05: one step back, its mean and its noise."""

import torch

from course_lib import reverse
from course_lib.forward import q_posterior
from course_lib.quizzes.cases import Guess, noisy_batches
from course_lib.quizzes.catalogue import Quiz
from course_lib.reverse import predict_start


def at(values, t, x):
    return values[t].reshape(-1, *[1] * (x.ndim - 1))


def model_and_noisy_batches(g: torch.Generator) -> list[tuple]:
    """(model, x, t, noise, schedule, predicts, clip_start): the plain kind first; in the second, t begins with 0."""
    model = Guess().requires_grad_(False)
    kinds = [("noise", False), ("noise", True), ("start", True), ("v", False), ("start", False), ("v", True)]
    cases = []
    for (x, t, noise, schedule), kind in zip(noisy_batches(g), kinds, strict=True):
        t = t.roll(-1) if len(cases) == 1 else t
        cases.append((model, x, t, noise, schedule, *kind))
    return cases


# the mean

p_mean = Quiz(
    reverse.p_mean,
    cases=lambda g: [(model, x, t, *rest) for model, x, t, _, *rest in model_and_noisy_batches(g)],
    points=3,
    minutes=10,
    hints=(
        "`q_posterior` steps back if it is given x_0. Nobody gives it x_0: who can guess it?",
        "Ask the model, let `predict_start` turn what it says into x_0, clamp if asked to, hand that to `q_posterior`.",
        "mean, variance = q_posterior(predict_start(model(x_t, t), x_t, t, schedule, predicts), x_t, t, schedule), "
        "with `.clamp(-1, 1)` on the start if clip_start; return the mean",
    ),
)


def guessed_start(model, x_t, t, schedule, predicts, clip_start):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return x_start.clamp(-1, 1) if clip_start else x_start


@p_mean.mistake("That is the guess of x_0, the whole way in one leap. Asked is where x was one step before.")
def start_returned(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return guessed_start(model, x_t, t, schedule, predicts, clip_start)


@p_mean.mistake(
    "What the model says goes into `q_posterior` as if it were x_0. What does it say if `predicts` is `noise`?"
)
def output_taken_for_the_start(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, "start", clip_start), x_t, t, schedule)[0]


@p_mean.mistake("The model's answer is always read as noise. What else can `predicts` be?")
def always_read_as_noise(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, "noise", clip_start), x_t, t, schedule)[0]


@p_mean.mistake("Nothing is clipped. Where does `clip_start` come in, and what does it keep inside [-1, 1]?")
def never_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, False), x_t, t, schedule)[0]


@p_mean.mistake("You always clip, also when `clip_start` is False: data that leaves [-1, 1] would be cut off.")
def always_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, True), x_t, t, schedule)[0]


@p_mean.mistake("You clip the mean. It may leave [-1, 1], for it still holds noise: which guess may not?")
def mean_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    mean, _ = q_posterior(guessed_start(model, x_t, t, schedule, predicts, False), x_t, t, schedule)
    return mean.clamp(-1, 1) if clip_start else mean


@p_mean.mistake("You clip what the model says. That may be noise, which has no limits: clip what it stands for.")
def output_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t).clamp(-1, 1) if clip_start else model(x_t, t)
    return q_posterior(predict_start(output, x_t, t, schedule, predicts), x_t, t, schedule)[0]


@p_mean.mistake("You clip to [0, 1]. Between which values do the course's images live?")
def clipped_to_0_and_1(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = guessed_start(model, x_t, t, schedule, predicts, False)
    return q_posterior(x_start.clamp(0, 1) if clip_start else x_start, x_t, t, schedule)[0]


@p_mean.mistake(
    "Equation 11 of the paper: right for a model that predicts noise, without clipping. "
    "Go through x_0, and all kinds of models will do."
)
def for_noise_only(model, x_t, t, schedule, predicts="noise", clip_start=False):
    beta, sigma = at(schedule.betas, t, x_t), at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    return (x_t - beta / sigma * model(x_t, t)) / (1 - beta).sqrt()


@p_mean.mistake("The two ends have changed places in `q_posterior`: x_0 comes first, then x_t.")
def ends_swapped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(x_t, guessed_start(model, x_t, t, schedule, predicts, clip_start), t, schedule)[0]


@p_mean.mistake("`q_posterior` gives two things, mean and variance. Only the mean is asked for.")
def variance_returned_too(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, clip_start), x_t, t, schedule)


@p_mean.mistake("The variance comes back. `q_posterior` returns the mean first: which of the two do you keep?")
def variance_returned(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, clip_start), x_t, t, schedule)[1]


@p_mean.mistake(
    "The guess is faded to the level t - 1, and x_t has no say any more. What does x_t know that the guess does not?"
)
def x_t_has_no_say(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = guessed_start(model, x_t, t, schedule, predicts, clip_start)
    return at(schedule.alphas_cumprod_prev, t, x_t).sqrt() * x_start


@p_mean.mistake("The model is told the t of the first row for all rows. Each row is at a level of its own.")
def model_at_the_first_t(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t[:1].expand_as(t))
    x_start = predict_start(output, x_t, t, schedule, predicts)
    return q_posterior(x_start.clamp(-1, 1) if clip_start else x_start, x_t, t, schedule)[0]


@p_mean.mistake("The model is told t - 1. x_t is at level t, and the model has to know how much noise it looks at.")
def model_one_level_too_low(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t - 1), x_t, t, schedule, predicts)
    return q_posterior(x_start.clamp(-1, 1) if clip_start else x_start, x_t, t, schedule)[0]


@p_mean.alternative
def mean_from_equation_7(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t)
    signal, sigma = at(schedule.sqrt_alphas_cumprod, t, x_t), at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    starts = {"noise": (x_t - sigma * output) / signal, "start": output, "v": signal * x_t - sigma * output}
    x_start = torch.clip(starts[predicts], -1, 1) if clip_start else starts[predicts]
    coef1, coef2 = at(schedule.posterior_mean_coef1, t, x_t), at(schedule.posterior_mean_coef2, t, x_t)
    return coef1 * x_start + coef2 * x_t


@p_mean.alternative
@torch.no_grad()
def mean_without_gradients(model, x_t, t, schedule, predicts="noise", clip_start=False):
    low, high = (-1.0, 1.0) if clip_start else (-torch.inf, torch.inf)
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(low, high)
    return q_posterior(x_start, x_t, t, schedule)[0]


@p_mean.alternative
def mean_through_the_noise(model, x_t, t, schedule, predicts="noise", clip_start=False):
    """Equation 11, with the noise that belongs to the (clipped) guess of x_0."""
    x_start = guessed_start(model, x_t, t, schedule, predicts, clip_start).double()
    ac, beta = at(schedule.alphas_cumprod.double(), t, x_t), at(schedule.betas.double(), t, x_t)
    noise = (x_t - ac.sqrt() * x_start) / (1 - ac).sqrt()
    return ((x_t - beta / (1 - ac).sqrt() * noise) / (1 - beta).sqrt()).float()


# the noise

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


@p_sample.alternative
def step_with_a_mask(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = mean_of(model, x_t, t, schedule, predicts, clip_start)
    later = (t > 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(later, mean + spread(schedule, t, x_t) * noise, mean)


@p_sample.alternative
def step_with_the_posterior(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x_start = reverse.predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    coef1, coef2 = at(schedule.posterior_mean_coef1, t, x_t), at(schedule.posterior_mean_coef2, t, x_t)
    return coef1 * x_start + coef2 * x_t + spread(schedule, t, x_t) * noise


@p_sample.alternative
def step_in_logarithms(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    half_log = 0.5 * at(schedule.posterior_variance, t, x_t).clamp(min=1e-20).log()
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + half_log.exp() * noise
