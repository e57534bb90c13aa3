"""Quiz `bound_weight` of chapter 06."""

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import mixed_t
from course_lib.schedules import NoiseSchedule


def steps(g: torch.Generator) -> list[tuple]:
    """Steps out of order with both ends, every step in reverse, and a single row."""
    linear, cosine = NoiseSchedule.from_name("linear", 1000), NoiseSchedule.from_name("cosine", 40)
    return [
        (mixed_t(g, 12, 1000), linear),
        (torch.arange(40).flip(0), cosine),
        (torch.tensor([30]), cosine),
        (mixed_t(g, 7, 30), NoiseSchedule.from_name("quadratic", 30)),
    ]


bound_weight = Quiz(
    objective.bound_weight,
    cases=steps,
    points=3,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "Both variances are fixed, so only one part of the KL depends on the network: "
        "the squared distance of the means, over twice the second variance.",
        "x_t has the same weight in both means, so they differ by coef1 times the error in x_0; "
        "and that error is sigma / sqrt(alpha-bar_t) times the error in the noise.",
        "Square beta_t / (sqrt(alpha_t) sigma_t), which is how far the means lie apart for an error of 1 in the noise. "
        "Then divide by 2 beta_t.",
        "beta_t / (2 alpha_t (1 - alpha-bar_t))",
    ),
    atol=1e-5,  # in the middle of a long schedule the weights are small
)

# From the distance of the means to the KL
bound_weight.edits(
    bound_without_the_half=(
        "(2 * -> (",
        "Twice too much. In the KL, what stands under the squared distance of the means, beside the variance?",
    ),
    bound_two_too_often=(
        "(2 * -> (4 *",
        "Half of what it should be. The 2 of the KL comes in once.",
    ),
    bound_not_over_the_variance=(
        "schedule.betas[t] / -> schedule.betas[t] ** 2 /",
        "The squared distance of the means is not divided by the variance of p, which is beta_t.",
    ),
    bound_over_the_root_of_beta=(
        "schedule.betas[t] / -> schedule.betas[t] ** 1.5 /",
        "The square is divided by a standard deviation, sqrt(beta_t). The KL has a variance there.",
    ),
    bound_without_beta=(
        "schedule.betas[t] / -> 1 /",
        "beta_t is missing on top. The squared distance has it twice, and the variance takes one away.",
    ),
    bound_upside_down=(
        "schedule.betas[t] / (2 * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t] ** 2) -> "
        "(2 * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t] ** 2) / schedule.betas[t]",
        "Upside down. A step with a larger beta_t moves its mean further for the same error.",
    ),
    bound_means_not_squared=(
        "schedule.betas[t] / (2 * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t] ** 2) -> "
        "1 / (2 * schedule.alphas[t].sqrt() * schedule.sqrt_one_minus_alphas_cumprod[t])",
        "The distance of the means comes in without its square. What does the KL do with it?",
    ),
    bound_is_the_distance=(
        "schedule.betas[t] / (2 * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t] ** 2) -> "
        "schedule.betas[t] / (schedule.alphas[t].sqrt() * schedule.sqrt_one_minus_alphas_cumprod[t])",
        "That is how far the two means lie apart for an error of 1. Now put it into the KL: square it, and divide.",
    ),
    bound_is_the_squared_distance=(
        "schedule.betas[t] / (2 * -> schedule.betas[t] ** 2 / (",
        "That is the squared distance of the means. The KL divides it by something.",
    ),
)

# What the distance of the means is
bound_weight.edits(
    bound_without_alpha=(
        "schedule.alphas[t] * ->",
        "alpha_t is missing. sqrt(alpha-bar_{t-1}) over sqrt(alpha-bar_t) leaves something: what?",
    ),
    bound_with_root_of_alpha=(
        "schedule.alphas[t] -> schedule.alphas[t].sqrt()",
        "alpha_t still has its root. The distance of the means has it, and then everything is squared.",
    ),
    bound_with_alpha_bar=(
        "schedule.alphas[t] -> schedule.alphas_cumprod[t]",
        "alpha-bar_t stands where alpha_t should. sqrt(alpha-bar_{t-1}) / sqrt(alpha-bar_t) cancels to one step.",
    ),
    bound_times_alpha=(
        "schedule.betas[t] / (2 * schedule.alphas[t] -> schedule.alphas[t] * schedule.betas[t] / (2",
        "alpha_t is multiplied in. Is sqrt(alpha-bar_{t-1}) / sqrt(alpha-bar_t) above 1 or below?",
    ),
    bound_over_sigma=(
        "sqrt_one_minus_alphas_cumprod[t] ** 2 -> sqrt_one_minus_alphas_cumprod[t]",
        "sigma_t comes in without its square: (1 - alpha-bar_t) is what is left after squaring.",
    ),
    bound_without_sigma=(
        "* schedule.sqrt_one_minus_alphas_cumprod[t] ** 2 ->",
        "1 - alpha-bar_t is missing: coef1 has it below, and the change from x_0 to the noise has its root above.",
    ),
    bound_over_sigma_twice=(
        "sqrt_one_minus_alphas_cumprod[t] ** 2 -> sqrt_one_minus_alphas_cumprod[t] ** 4",
        "(1 - alpha-bar_t) comes in squared, as in coef1². The change from x_0 to the noise takes one of them away.",
    ),
    bound_of_a_single_step=(
        "schedule.sqrt_one_minus_alphas_cumprod[t] ** 2 -> schedule.betas[t]",
        "beta_t stands where 1 - alpha-bar_t should: the noise of one step, not of all steps so far.",
    ),
    bound_one_step_before=(
        "schedule.sqrt_one_minus_alphas_cumprod[t] ** 2 -> (1 - schedule.alphas_cumprod_prev[t]).clamp(min=1e-20)",
        "1 - alpha-bar_{t-1} stands where 1 - alpha-bar_t should. It is the noise in x_t that is predicted.",
    ),
    bound_of_alpha_bar=(
        "schedule.sqrt_one_minus_alphas_cumprod[t] ** 2 -> schedule.alphas_cumprod[t]",
        "alpha-bar_t stands where 1 - alpha-bar_t should: the share of the signal, not that of the noise.",
    ),
)


# In other units, or with another variance
@bound_weight.mistake(
    "That is the weight of a squared error in x_0. How large is the error in x_0 if the noise is wrong by 1?"
)
def bound_for_the_start(t, schedule):
    return schedule.posterior_mean_coef1[t] ** 2 / (2 * schedule.betas[t])


@bound_weight.mistake(
    "That is right if p has the variance beta-tilde_t. Here it has beta_t, and beta-tilde_0 is 0: no density."
)
def bound_with_beta_tilde(t, schedule):
    variance = 2 * schedule.posterior_variance[t] * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t] ** 2
    return schedule.betas[t] ** 2 / variance.clamp(min=1e-20)


@bound_weight.mistake("The same for every t: that is the simple loss. The bound weighs each step by its own constants.")
def bound_is_simple(t, schedule):
    return torch.ones_like(schedule.betas[t])


@bound_weight.mistake(
    "That is SNR, the weight that turns an error in x_0 into one in the noise. The bound has its own."
)
def bound_is_snr(t, schedule):
    return schedule.alphas_cumprod[t] / schedule.sqrt_one_minus_alphas_cumprod[t] ** 2


@bound_weight.mistake("Divided by the mean over the batch. Then a weight depends on which other rows there are.")
def bound_over_its_mean(t, schedule):
    weight = objective.bound_weight(t, schedule)
    return weight / weight.mean()


@bound_weight.mistake("A weight for every step of the schedule comes back. Return those of `t`, one for each row.")
def bound_of_all_steps(t, schedule):
    return objective.bound_weight(torch.arange(schedule.timesteps), schedule)


@bound_weight.mistake("Every row gets the weight of the first t. Each row has a t of its own.")
def bound_of_the_first_row(t, schedule):
    return objective.bound_weight(t[:1].expand(len(t)), schedule)


@bound_weight.mistake("The shape fits images. Return (B,), one number for each row.")
def bound_with_axes(t, schedule):
    return objective.bound_weight(t, schedule).reshape(-1, 1, 1, 1)


@bound_weight.alternative("From the weight of x_0 in the posterior mean, as in the derivation.")
def bound_from_posterior_mean(t, schedule):
    start_for_noise = schedule.sqrt_one_minus_alphas_cumprod[t] / schedule.sqrt_alphas_cumprod[t]
    apart = schedule.posterior_mean_coef1[t] * start_for_noise
    return apart**2 / (2 * schedule.betas[t])


@bound_weight.alternative(
    "The KL of two Gaussians whose means lie as far apart as an error of 1 in the noise moves them."
)
def bound_by_kl(t, schedule):
    beta = schedule.betas[t]
    apart = beta / (schedule.alphas[t].sqrt() * schedule.sqrt_one_minus_alphas_cumprod[t])
    return objective.kl_between_gaussians(torch.zeros_like(apart), beta, apart, beta)


@bound_weight.alternative("All steps at once, looked up at the end.")
def bound_looked_up(t, schedule):
    noise = schedule.sqrt_one_minus_alphas_cumprod.square()
    return (0.5 * schedule.betas / schedule.alphas / noise)[t]
