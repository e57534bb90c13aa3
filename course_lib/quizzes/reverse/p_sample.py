"""Quiz `p_sample` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.quizzes.families import shifted
from course_lib.quizzes.reverse.shared import guessed_start, model_and_noisy_batches

p_sample = Quiz(
    reverse.p_sample,
    cases=model_and_noisy_batches,
    points=2,
    minutes=8,
    difficulty=2,
    importance=5,
    hints=(
        "You have the mean. A draw from a Gaussian is its mean plus something times the noise.",
        "That something is the standard deviation. `schedule.posterior_variance` holds variances, one for each t.",
        "p_mean(model, x_t, t, schedule, predicts, clip_start) "
        "+ extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise",
    ),
)


SPREAD = "extract(schedule.posterior_variance, t, x_t.shape).sqrt()"
MEAN = "p_mean(model, x_t, t, schedule, predicts, clip_start)"

p_sample.edits(
    variance_for_spread=(
        "x_t.shape).sqrt() -> x_t.shape)",
        "The noise is multiplied by the variance. What is the standard deviation of N(mean, variance)?",
    ),
    mean_times_noise=(
        f"mean + {SPREAD} -> mean * {SPREAD}",
        "Mean and noise are multiplied, so a mean of 0 could never move. Which of + and * draws a sample?",
    ),
    mean_only=(
        f"return mean + {SPREAD} * noise -> return mean",
        "Only the mean comes back, so each step removes too much noise. What does a draw from a Gaussian add?",
    ),
    noise_at_full_strength=(
        f"{SPREAD} * noise -> noise",
        "The noise comes in at full strength at every t. How far may one step jump?",
    ),
    beta_with_noise_left_on=(
        "schedule.posterior_variance -> schedule.betas",
        "The noise has the variance beta, at t = 0 too. The paper has that variance as well, "
        "but which noise is allowed in the very last step?",
    ),
    beta_with_noise_off=(
        "schedule.posterior_variance -> torch.cat([schedule.betas.new_zeros(1), schedule.betas[1:]])",
        "That is the paper's other variance, beta with its noise off at t = 0: a fair sampler, "
        "but not this course's. Which variance does `q_posterior` have?",
    ),
    first_row_decides=(
        f"return mean + {SPREAD} * noise -> return mean + {SPREAD} * noise if t[0] > 0 else mean",
        "The first row decides for the whole batch whether noise is added. How can each row decide for itself?",
    ),
    any_row_decides=(
        f"return mean + {SPREAD} * noise -> return mean + {SPREAD} * noise if (t > 0).all() else mean",
        "If one row has t = 0, no row gets noise. How can each row decide for itself?",
    ),
    spread_of_the_first_row=(
        SPREAD + " -> schedule.posterior_variance[t[0]].sqrt()",
        "All rows get the noise of the first row's t. Each row has a variance of its own.",
    ),
    quiet_too_early=(
        f"{SPREAD} -> ((t > 1).float() * schedule.posterior_variance[t]).reshape(-1, *[1] * (x_t.ndim - 1)).sqrt()",
        "The noise stops one step too early: at t = 1 there still is some. At which t is the variance 0?",
    ),
    never_quiet=(
        "schedule.posterior_variance -> torch.cat([schedule.posterior_variance[1:2], schedule.posterior_variance[1:]])",
        "At t = 0 there still is noise, with the variance of t = 1. At which t is the variance 0?",
    ),
    variance_of_the_next_step=(
        SPREAD + " -> extract(schedule.posterior_variance, (t - 1).clamp(min=0), x_t.shape).sqrt()",
        "The noise takes the variance of the step before. The step from x_t to x_{t-1} has the variance at index t.",
    ),
    variance_counted_from_one=(
        "schedule.posterior_variance -> schedule.posterior_variance.roll(1)",
        "The index of the variance is one too small, as in the paper, and at t = 0 it is the *last* one. "
        "Here t = 0 is the first step.",
    ),
    spread_of_the_leap=(
        "schedule.posterior_variance -> 1 - schedule.alphas_cumprod",
        "sqrt(1 - alpha-bar_t) is all the noise in x_t. How much doubt does a single step leave?",
    ),
    spread_of_the_leap_before=(
        "schedule.posterior_variance -> 1 - schedule.alphas_cumprod_prev",
        "sqrt(1 - alpha-bar_{t-1}) is all the noise in x_{t-1}. Much of it is in the mean already.",
    ),
    noise_subtracted=(
        "mean + extract -> mean - extract",
        "The noise is subtracted. As a distribution that is the same, but the course adds it.",
    ),
    own_noise=(
        "sqrt() * noise -> sqrt() * torch.randn_like(noise)",
        "The argument `noise` is not used, and other noise is drawn. Nothing here draws hidden random numbers.",
    ),
    spread_along_the_last_axis=(
        SPREAD + " -> schedule.posterior_variance[t].sqrt()",
        "A standard deviation of shape (B,) lines up with the last axis. `extract` puts it on the batch axis.",
    ),
    beta_for_spread=(
        SPREAD + " -> extract(schedule.betas, t, x_t.shape)",
        "The noise is multiplied by beta, a variance. And which variance does `q_posterior` have?",
    ),
    root_of_the_root=(
        "x_t.shape).sqrt() -> x_t.shape).sqrt().sqrt()",
        "The noise is multiplied by the fourth root of the variance. Which root is the standard deviation?",
    ),
    half_a_logarithm=(
        SPREAD + " -> (0.5 * extract(schedule.posterior_variance, t, x_t.shape)).exp()",
        "exp(v / 2) is the standard deviation if v is the *logarithm* of the variance. The schedule has no logarithm.",
    ),
    state_clamped=(
        f"return mean + {SPREAD} * noise -> x = mean + {SPREAD} * noise; return x.clamp(-1, 1) if clip_start else x",
        "The new state is clamped. It still holds noise and has to leave [-1, 1]: "
        "which prediction may not, and who clips that?",
    ),
    predicts_not_passed_on=(
        "schedule, predicts, clip_start) -> schedule, 'noise', clip_start)",
        "Whatever `predicts` says, the model's answer is read as noise. Where is `predicts` lost?",
    ),
    options_not_passed_on=(
        "schedule, predicts, clip_start) -> schedule)",
        "`predicts` and `clip_start` change nothing: it is right for noise as the prediction, without clipping. "
        "Who besides this function needs to know them?",
    ),
    clip_not_passed_on=(
        "predicts, clip_start) -> predicts)",
        "`clip_start` changes nothing. Who keeps the prediction inside [-1, 1]?",
    ),
    always_clipped=(
        "predicts, clip_start) -> predicts, True)",
        "The prediction is always kept inside [-1, 1], also when `clip_start` is False.",
    ),
)


@p_sample.mistake(
    "That is the predicted x_0 with the noise of one step: a leap, no step. Which function gives the mean of x_{t-1}?"
)
def noise_on_the_start(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return guessed_start(model, x_t, t, schedule, predicts, clip_start) + spread(schedule, t, x_t) * noise


@p_sample.mistake(
    "Every constant is looked up at t - 1, as the paper counts, and at t = 0 that is the *last* one. "
    "Here t = 0 is the first step."
)
def all_counted_from_one(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    late = shifted(schedule)
    return mean_of(model, x_t, t, late, predicts, clip_start) + spread(late, t, x_t) * noise


@p_sample.mistake(
    "Algorithm 2 as the paper writes it: a model that predicts noise, variance beta. This course has the posterior "
    "variance, and other kinds of models, too."
)
def algorithm_2(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    later = (t > 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return (x_t - beta / sigma * model(x_t, t)) / (1 - beta).sqrt() + later * beta.sqrt() * noise


@p_sample.mistake(
    "The prediction of x_0 is noised again to the level t - 1, so x_t has no say. Which mean keeps what x_t knows?"
)
def guess_noised_again(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    start = guessed_start(model, x_t, t, schedule, predicts, clip_start)
    before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return before.sqrt() * start + (1 - before).sqrt() * noise


@p_sample.mistake(
    "The step is deterministic: it goes to the level t - 1 with the noise that the model sees, as DDIM does. "
    "Where does fresh noise come in?"
)
def as_ddim(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    start = guessed_start(model, x_t, t, schedule, predicts, clip_start)
    now, before = (extract(a, t, x_t.shape) for a in (schedule.alphas_cumprod, schedule.alphas_cumprod_prev))
    return before.sqrt() * start + (1 - before).sqrt() * (x_t - now.sqrt() * start) / (1 - now).sqrt()


def mean_of(model, x_t, t, schedule, predicts, clip_start):
    return reverse.p_mean(model, x_t, t, schedule, predicts, clip_start)


def spread(schedule, t, x_t):
    return extract(schedule.posterior_variance, t, x_t.shape).sqrt()


@p_sample.alternative("A mask chooses, row by row, whether noise is added.")
def step_with_a_mask(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = mean_of(model, x_t, t, schedule, predicts, clip_start)
    later = (t > 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(later, mean + spread(schedule, t, x_t) * noise, mean)


@p_sample.alternative("The mean from the posterior's two weights, without `p_mean`.")
def step_with_the_posterior(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x_start = reverse.predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    weights = schedule.posterior_mean_coef1, schedule.posterior_mean_coef2
    coef1, coef2 = (extract(values, t, x_t.shape) for values in weights)
    return coef1 * x_start + coef2 * x_t + spread(schedule, t, x_t) * noise


@p_sample.alternative("The spread from half of the variance's logarithm, as guided-diffusion does.")
def step_in_logarithms(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    half_log = 0.5 * extract(schedule.posterior_variance, t, x_t.shape).clamp(min=1e-20).log()
    return mean_of(model, x_t, t, schedule, predicts, clip_start) + half_log.exp() * noise
