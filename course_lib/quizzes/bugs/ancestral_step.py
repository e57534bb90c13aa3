"""Quiz `ancestral_step` of chapter 17."""

import torch

from course_lib import bugs
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract, q_posterior
from course_lib.quizzes.inputs import noisy_batches
from course_lib.reverse import p_sample, predict_start_from_noise


def asked_already(g: torch.Generator) -> list[tuple]:
    """Cases (x_t, t, eps, noise, schedule): what the network says is noise, too."""
    return [(x, t, torch.randn(x.shape, generator=g), noise, schedule) for x, t, noise, schedule in noisy_batches(g)]


ancestral_step = Quiz(
    bugs.ancestral_step,
    cases=asked_already,
    points=3,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "There are four bugs in the last three lines. Put numbers in: what happens where the mean is 0, and what in a "
        "batch with t = 0, 1 and 50?",
        "A draw is the mean plus the standard deviation times noise. The posterior variance is 0 at t = 0 already, "
        "row by row.",
        "mean, variance = q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule), "
        "then mean + variance.sqrt() * noise",
    ),
)

START = "predict_start_from_noise(x_t, t, eps, schedule)"
MEAN = "mean, variance = q_posterior(x_start, x_t, t, schedule)"
RESULT = "mean + variance.sqrt() * noise"
COLUMN = "reshape(-1, *[1] * (x_t.ndim - 1))"

# How the noise comes in
ancestral_step.edits(
    mean_times_noise=(
        f"{RESULT} -> mean * variance.sqrt() * noise",
        "Mean and noise are multiplied, so a mean of 0 could never move. Which of + and * draws a sample?",
    ),
    mean_only=(
        f"{RESULT} -> mean",
        "Only the mean comes back, so each step removes too much noise. What does a draw from a Gaussian add?",
    ),
    variance_for_its_root=(
        f"{RESULT} -> mean + variance * noise",
        "The noise is multiplied by the variance. What is the standard deviation of N(mean, variance)?",
    ),
    root_of_the_root=(
        f"{RESULT} -> mean + variance.sqrt().sqrt() * noise",
        "The noise is multiplied by the fourth root of the variance. Which root is the standard deviation?",
    ),
    half_a_logarithm=(
        f"{RESULT} -> mean + (0.5 * variance).exp() * noise",
        "exp(v / 2) is the standard deviation if v is the *logarithm* of the variance. Here it is the variance.",
    ),
    noise_at_full_strength=(
        f"{RESULT} -> mean + noise",
        "The noise comes in at full strength at every t. How far may one step jump?",
    ),
    full_strength_but_the_last=(
        f"{RESULT} -> mean + (t > 0).{COLUMN} * noise",
        "The noise comes in at full strength, and is off at t = 0. How far may one step jump?",
    ),
    noise_subtracted=(
        f"{RESULT} -> mean - variance.sqrt() * noise",
        "The noise is subtracted. As a distribution that is the same, but the course adds it.",
    ),
    own_noise=(
        f"{RESULT} -> mean + variance.sqrt() * torch.randn_like(x_t)",
        "The argument `noise` is not used, and other noise is drawn. Nothing here draws hidden random numbers.",
    ),
    old_noise_again=(
        f"{RESULT} -> mean + variance.sqrt() * eps",
        "The noise that the network saw in x_t is put back in. What is added has to be fresh.",
    ),
    result_clipped=(
        f"{RESULT} -> (mean + variance.sqrt() * noise).clamp(-1, 1)",
        "The new state is clipped to [-1, 1]. It still holds noise, and has to leave this range.",
    ),
)

# When the noise is off
ancestral_step.edits(
    one_if_for_the_batch=(
        f"return {RESULT} -> return {RESULT} if t[0] > 0 else mean",
        "The first row decides for the whole batch whether noise is added. How can each row decide for itself?",
    ),
    any_row_decides=(
        f"return {RESULT} -> return {RESULT} if (t > 0).all() else mean",
        "If one row has t = 0, no row gets noise. How can each row decide for itself?",
    ),
    quiet_too_early=(
        f"{RESULT} -> mean + (t > 1).{COLUMN} * variance.sqrt() * noise",
        "The noise stops one step too early: at t = 1 there still is some. At which t is the variance 0?",
    ),
    never_quiet=(
        f"{RESULT} -> mean + torch.where((t == 0).{COLUMN}, schedule.betas[0], variance).sqrt() * noise",
        "At t = 0 there still is noise, with the variance beta. What comes out of the last step is shown to people.",
    ),
    quiet_at_the_wrong_end=(
        f"{RESULT} -> mean + (t < schedule.timesteps - 1).{COLUMN} * variance.sqrt() * noise",
        "At the largest t, where the sampler starts, no noise is added. Which step is the last one?",
    ),
)

# Which variance
ancestral_step.edits(
    beta_with_noise_left_on=(
        f"{RESULT} -> mean + extract(schedule.betas, t, x_t.shape).sqrt() * noise",
        "The noise has the variance beta, at t = 0 too. The paper has that variance as well, "
        "but which noise is allowed in the very last step?",
    ),
    beta_with_noise_off=(
        f"{RESULT} -> mean + (t > 0).{COLUMN} * extract(schedule.betas, t, x_t.shape).sqrt() * noise",
        "That is the paper's other variance, beta with its noise off at t = 0: a fair sampler, "
        "but not this course's. Which variance does `q_posterior` have?",
    ),
    beta_for_its_root=(
        f"{RESULT} -> mean + extract(schedule.betas, t, x_t.shape) * noise",
        "The noise is multiplied by beta, a variance. And which variance does `q_posterior` have?",
    ),
    spread_of_the_leap=(
        f"{RESULT} -> mean + extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * noise",
        "sqrt(1 - alpha-bar_t) is all the noise in x_t. How much doubt does a single step leave?",
    ),
    spread_of_the_leap_before=(
        f"{RESULT} -> mean + extract(schedule.one_minus_alphas_cumprod_prev, t, x_t.shape).sqrt() * noise",
        "sqrt(1 - alpha-bar_{t-1}) is all the noise in x_{t-1}. Much of it is in the mean already.",
    ),
    variance_of_the_first_row=(
        "variance.sqrt() -> variance[:1].sqrt()",
        "All rows get the noise of the first row's t. Each row has a variance of its own.",
    ),
)

# The mean
ancestral_step.edits(
    noise_on_the_start=(
        f"{RESULT} -> x_start + variance.sqrt() * noise",
        "That is the predicted x_0 with the noise of one step: a leap, no step. Where is the mean of x_{t-1}?",
    ),
    noise_on_the_state=(
        f"{RESULT} -> x_t + variance.sqrt() * noise",
        "x_t itself gets still more noise. What the network said changes nothing.",
    ),
    eps_taken_for_the_start=(
        f"x_start = {START} -> x_start = eps",
        "The noise is handed to `q_posterior` as if it were x_0. Which function turns one into the other?",
    ),
    fresh_noise_for_eps=(
        f"{START} -> predict_start_from_noise(x_t, t, noise, schedule)",
        "x_0 is worked out from the fresh noise. Which noise did the network see in x_t?",
    ),
    state_and_start_swapped=(
        "q_posterior(x_start, x_t, t, schedule) -> q_posterior(x_t, x_start, t, schedule)",
        "x_0 and x_t have changed places. Which of them comes first in `q_posterior`?",
    ),
    start_clipped=(
        f"x_start = {START} -> x_start = {START}.clamp(-1, 1)",
        "The predicted x_0 is clipped to [-1, 1]. That is often wise, but nobody asks for it here.",
    ),
    mean_and_variance_swapped=(
        "mean, variance = q_posterior -> variance, mean = q_posterior",
        "Mean and variance have changed places. Which of them comes first out of `q_posterior`?",
    ),
    predicted_noise_added=(
        f"{START} -> predict_start_from_noise(x_t, t, -eps, schedule)",
        "The step goes towards the noise instead of away from it: the sign of eps is wrong.",
    ),
)


def algorithm_2(x_t, t, eps, noise, schedule, *, divisor="alphas", spread="alphas_cumprod", weight="betas"):
    """Line 4 of algorithm 2 of 2006.11239, with the constants' names to be mixed up."""
    divide, cumulative, beta = (extract(getattr(schedule, name), t, x_t.shape) for name in (divisor, spread, weight))
    mean = (x_t - beta / (1 - cumulative).sqrt() * eps) / divide.sqrt()
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


ancestral_step.variants(
    algorithm_2,
    divided_by_alpha_bar=(
        {"divisor": "alphas_cumprod"},
        "The state is divided by the root of alpha-bar. A step goes back by one level only: whose alpha is that?",
    ),
    alpha_for_alpha_bar=(
        {"spread": "alphas"},
        "eps is divided by sqrt(1 - alpha), the noise of a single step. How much noise is in x_t after all steps?",
    ),
    leap_for_a_step=(
        {"weight": "sqrt_one_minus_alphas_cumprod"},
        "The weight of eps is too large: beta, the variance of a single step, belongs above the fraction line.",
    ),
    all_in_one_leap=(
        {"divisor": "alphas_cumprod", "weight": "sqrt_one_minus_alphas_cumprod"},
        "All constants are cumulative, and one of them lacks its root or its square. One step needs beta and alpha "
        "of this step.",
    ),
)


@ancestral_step.mistake("All rows make the step of the first row's t. In training and in tests each row has its own.")
def first_t_for_all(x_t, t, eps, noise, schedule):
    return bugs.ancestral_step(x_t, t[:1].expand_as(t), eps, noise, schedule)


@ancestral_step.mistake(
    "The step is deterministic: it goes to the level t - 1 with the noise that the network sees, as DDIM does. "
    "Where does fresh noise come in?"
)
def as_ddim(x_t, t, eps, noise, schedule):
    return bugs.ddim_update(x_t, t, t - 1, eps, schedule)


@ancestral_step.mistake(
    "The predicted x_0 is noised again to the level t - 1, so x_t has no say. Which mean keeps what x_t knows?"
)
def start_noised_again(x_t, t, eps, noise, schedule):
    before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return before.sqrt() * predict_start_from_noise(x_t, t, eps, schedule) + (1 - before).sqrt() * noise


@ancestral_step.alternative("The mean as algorithm 2 writes it, without x_0.")
def as_in_the_paper(x_t, t, eps, noise, schedule):
    alpha, alpha_bar = schedule.alphas[t].double(), schedule.alphas_cumprod[t].double()
    spread = schedule.posterior_variance[t].sqrt()
    axes = (-1, *[1] * (x_t.ndim - 1))
    mean = (x_t - ((1 - alpha) / (1 - alpha_bar).sqrt()).float().view(axes) * eps) / alpha.sqrt().float().view(axes)
    return mean + spread.view(axes) * noise


@ancestral_step.alternative("`p_sample`, with a network that repeats what it has said.")
def with_p_sample(x_t, t, eps, noise, schedule):
    return p_sample(lambda x, t: eps, x_t, t, noise, schedule)


@ancestral_step.alternative("A mask chooses, row by row, whether noise is added.")
def with_a_mask(x_t, t, eps, noise, schedule):
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    mean, variance = q_posterior(x_start, x_t, t, schedule)
    later = (t > 0).view(-1, *[1] * (x_t.ndim - 1))
    return torch.where(later, mean + variance**0.5 * noise, mean)


@ancestral_step.alternative("The posterior's two weights from the schedule.")
def with_two_weights(x_t, t, eps, noise, schedule):
    names = ("posterior_mean_coef1", "posterior_mean_coef2", "posterior_variance")
    coef1, coef2, variance = (extract(getattr(schedule, name), t, x_t.shape) for name in names)
    return coef1 * predict_start_from_noise(x_t, t, eps, schedule) + coef2 * x_t + variance.sqrt() * noise
