"""Quiz `q_posterior` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.quizzes.families import lookups
from course_lib.quizzes.forward.shared import batches

q_posterior = Quiz(
    forward.q_posterior,
    cases=lambda g: [(x, noise, t, schedule) for x, t, noise, schedule in batches(g)],
    points=3,
    minutes=10,
    difficulty=3,
    importance=4,
    returns=("mean", "variance"),
    hints=(
        "Write down two bells for x_{t-1}, each with a mean and a variance: what x_0 says, and what x_t says. "
        "Then weigh them.",
        "x_0 says it by the leap to t - 1 (`alphas_cumprod_prev`, which is 1 at t = 0). "
        "x_t says it by one step: solve it for x_{t-1}.",
        "`combine_gaussians(sqrt(before) * x_start, 1 - before, x_t / sqrt(alpha), beta / alpha)`, "
        "where before is alpha-bar_{t-1}; look up all three with `extract`.",
    ),
)

RESULT = "return combine_gaussians(signal * x_start, variance, x_t / alpha.sqrt(), beta / alpha)"

# Both results
q_posterior.edits(
    returned_in_the_wrong_order=(
        "beta / alpha) -> beta / alpha)[::-1]",
        "Mean and variance are returned in the wrong order.",
    ),
    mean_alone=(
        "beta / alpha) -> beta / alpha)[0]",
        "Only the mean comes back. Return two things: mean and variance.",
    ),
    alpha_bar_wraps_round=(
        "schedule.alphas_cumprod_prev -> schedule.alphas_cumprod.roll(1)",
        "schedule.one_minus_alphas_cumprod_prev -> 1 - schedule.alphas_cumprod.roll(1)",
        "Right except at t = 0: there the alpha-bar before is 1, and an index of -1 gives the *last* one. "
        "Which constant of the schedule has that 1?",
    ),
    alpha_bar_of_t=(
        "schedule.alphas_cumprod_prev -> schedule.alphas_cumprod",
        "schedule.one_minus_alphas_cumprod_prev -> 1 - schedule.alphas_cumprod",
        "x_0 speaks of x_t here, with alpha-bar_t. It should speak of x_{t-1}: which alpha-bar belongs there?",
    ),
    second_witness_not_scaled=(
        "x_t / alpha.sqrt(), beta / alpha -> x_t, beta",
        "x_t is taken for x_{t-1} plus noise. The step also shrank it: undo that, in the mean and in the variance.",
    ),
    shrunk_once_more=(
        "x_t / alpha.sqrt(), beta / alpha -> x_t * alpha.sqrt(), beta * alpha",
        "x_t is shrunk once more. The step back undoes the shrinking: what is the opposite of multiplying?",
    ),
    x_t_left_out=(
        f"{RESULT} -> return signal * x_start + 0 * x_t, variance",
        "Only x_0 is heard: this is q(x_{t-1} | x_0). x_t knows which noise was drawn, so it has a say.",
    ),
    x_start_left_out=(
        f"{RESULT} -> return x_t / alpha.sqrt() + 0 * x_start, beta / alpha",
        "Only x_t is heard. x_0 is known, too, and says roughly where x_{t-1} was.",
    ),
    witness_is_the_step_forward=(
        "x_t / alpha.sqrt(), beta / alpha -> x_t * alpha.sqrt(), beta",
        "The second bell is a step *forward* from x_t. Solve the step for x_{t-1} instead.",
    ),
    prior_variance_of_the_signal=(
        "schedule.one_minus_alphas_cumprod_prev -> schedule.alphas_cumprod_prev",
        "The first bell has alpha-bar as its variance, which is the share of the signal. How much noise is in x_{t-1}?",
    ),
    prior_deviation=(
        "one_minus_alphas_cumprod_prev, t, x_t.shape) -> one_minus_alphas_cumprod_prev, t, x_t.shape).sqrt()",
        "The first bell has its standard deviation in the place of the variance: no root there.",
    ),
    likelihood_deviation=(
        "beta / alpha) -> (beta / alpha).sqrt())",
        "The second bell has its standard deviation in the place of the variance: no root there.",
    ),
    likelihood_variance_is_beta=(
        "beta / alpha) -> beta)",
        "The second bell has the variance beta. Dividing x_t by sqrt(alpha) stretches its noise, too.",
    ),
    likelihood_variance_divided_by_the_root=(
        "beta / alpha) -> beta / alpha.sqrt())",
        "Dividing x_t by sqrt(alpha) divides the noise's standard deviation by that. And the variance?",
    ),
    likelihood_mean_not_divided=(
        "x_t / alpha.sqrt() -> x_t",
        "The second bell stands at x_t. The step shrank x_{t-1}: where was it before?",
    ),
    likelihood_root_forgotten=(
        "x_t / alpha.sqrt() -> x_t / alpha",
        "x_t is divided by alpha. A step multiplies by its root.",
    ),
    likelihood_from_x_0=(
        "x_t / alpha.sqrt(), beta / alpha -> x_t / alpha.sqrt(), 1 / alpha - 1 + variance",
        "The second bell has the noise of all steps so far. From x_{t-1} to x_t it was one step.",
    ),
    root_forgotten=(
        "schedule.alphas_cumprod_prev, t, x_t.shape).sqrt() -> schedule.alphas_cumprod_prev, t, x_t.shape)",
        "x_0 is multiplied by alpha-bar_{t-1}. A leap multiplies it by the root.",
    ),
    x_start_not_shrunk=(
        "signal * x_start -> x_start",
        "The first bell stands at x_0 itself. The leap to t - 1 shrinks it.",
    ),
    witnesses_mixed_up=(
        "signal * x_start, variance, x_t / alpha.sqrt(), beta / alpha -> "
        "signal * x_start, beta / alpha, x_t / alpha.sqrt(), variance",
        "Each witness has the other's variance. At t = 0 the mean has to be x_0 itself.",
    ),
)

# The mean
q_posterior.edits(
    mean_from_the_noise=(
        f"{RESULT} -> mean = (x_t - extract(schedule.betas / schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)"
        " * x_start) / alpha.sqrt(); return mean, extract(schedule.posterior_variance, t, x_t.shape)",
        "The mean is that of algorithm 2, with `x_start` in the place of the noise. Which of the two does it name?",
    ),
    start_clamped=(
        "signal * x_start -> signal * x_start.clamp(-1, 1)",
        "x_0 is clipped to [-1, 1] first. Here it is data, not a prediction: nothing was asked to be clipped.",
    ),
    mean_clamped=(
        f"{RESULT} -> mean, variance = combine_gaussians(signal * x_start, variance, x_t / alpha.sqrt(), "
        "beta / alpha); return mean.clamp(-1, 1), variance",
        "The mean is clipped to [-1, 1]. It is a sum of x_0 and a noisy x_t, and may leave that range.",
    ),
    sample_for_the_mean=(
        f"{RESULT} -> mean, variance = combine_gaussians(signal * x_start, variance, x_t / alpha.sqrt(), "
        "beta / alpha); return mean + variance.sqrt() * torch.randn_like(x_t), variance",
        "Noise is added to the mean, so a sample comes back. Only mean and variance are asked for; nothing is drawn.",
    ),
    mean_along_the_last_axis=(
        f"{RESULT} -> return schedule.posterior_mean_coef1[t] * x_start + schedule.posterior_mean_coef2[t] * x_t, "
        "extract(schedule.posterior_variance, t, x_t.shape)",
        "The mean's weights of shape (B,) line up with the last axis, the width. They belong on the batch axis.",
    ),
    weights_swapped=(
        f"{RESULT} -> return extract(schedule.posterior_mean_coef2, t, x_t.shape) * x_start + "
        "extract(schedule.posterior_mean_coef1, t, x_t.shape) * x_t, "
        "extract(schedule.posterior_variance, t, x_t.shape)",
        "The two weights have changed places. At t = 0 the mean is x_0 itself: which weight is 1 there?",
    ),
)


def _with_variance(text: str) -> str:
    """The edit that leaves the mean and has another variance."""
    return (
        f"{RESULT} -> mean, v = combine_gaussians(signal * x_start, variance, x_t / alpha.sqrt(), beta / alpha); {text}"
    )


# The variance
q_posterior.edits(
    variance_is_beta=(
        _with_variance("return mean, beta"),
        "The variance is beta, as if x_0 were not known: knowing it leaves less doubt, and none at t = 0.",
    ),
    variance_of_the_leap=(
        _with_variance("return mean, extract(1 - schedule.alphas_cumprod, t, x_t.shape)"),
        "The second result is the noise in x_t given x_0. Here it is the doubt about x_{t-1} given both ends.",
    ),
    variance_of_the_leap_before=(
        _with_variance("return mean, variance"),
        "The second result is the noise in x_{t-1} given x_0 alone. With x_t known as well, less is left.",
    ),
    standard_deviation=(
        _with_variance("return mean, v.sqrt()"),
        "The second result is the standard deviation. The variance is asked, without the root.",
    ),
    variance_squared=(
        _with_variance("return mean, v.square()"),
        "The variance is squared. It is a variance already.",
    ),
    log_of_the_variance=(
        _with_variance("return mean, v.log()"),
        "The second result is the logarithm of the variance, minus infinity at t = 0. The variance is asked.",
    ),
    log_of_the_clamped_variance=(
        _with_variance("return mean, v.clamp(min=1e-20).log()"),
        "The second result is the logarithm of the variance, very low at t = 0. The variance itself is asked.",
    ),
    variance_floored=(
        _with_variance("return mean, extract(schedule.posterior_variance, t.clamp(min=1), x_t.shape)"),
        "At t = 0 the variance is that of t = 1. It is 0 there: with x_0 known, nothing is left to doubt.",
    ),
    variance_not_reshaped=(
        _with_variance("return mean, schedule.posterior_variance[t]"),
        "The variance still has shape (B,). It has to multiply a batch: send it through `extract` too.",
    ),
)

lookups(q_posterior)
q_posterior.swaps(
    posterior_of_the_first_t=(
        {"extract": lambda values, t, x_shape: extract(values, t[:1].expand_as(t), x_shape)},
        "All rows have the posterior of the first row's t. Each row has its own t: look up with all of them.",
    )
)


@q_posterior.mistake(
    "If one row has t = 0, all rows are treated as if they had. Only the rows with t = 0 are x_0 itself."
)
def any_row_decides(x_start, x_t, t, schedule):
    if (t == 0).any():
        return x_start, torch.zeros_like(extract(schedule.posterior_variance, t, x_t.shape))
    return forward.q_posterior(x_start, x_t, t, schedule)


@q_posterior.mistake("If the first row has t = 0, all rows are treated as if they had. Each row has its own t.")
def first_row_decides(x_start, x_t, t, schedule):
    if t[0] == 0:
        return x_start, torch.zeros_like(extract(schedule.posterior_variance, t, x_t.shape))
    return forward.q_posterior(x_start, x_t, t, schedule)


@q_posterior.mistake(
    "At t = 0 the mean is not a number: the first witness has variance 0, so 1 over it is infinite. "
    "Weigh by variances, as `combine_gaussians` does."
)
def precisions_by_hand(x_start, x_t, t, schedule):
    before, alpha, beta = (
        extract(values, t, x_t.shape) for values in (schedule.alphas_cumprod_prev, schedule.alphas, schedule.betas)
    )
    one, other = 1 / (1 - before), alpha / beta
    return (one * before.sqrt() * x_start + other * x_t / alpha.sqrt()) / (one + other), 1 / (one + other)


@q_posterior.alternative("The two weights of equation 7 and the variance, which the schedule has computed beforehand.")
def from_the_constants(x_start, x_t, t, schedule):
    coef1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    coef2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return coef1 * x_start + coef2 * x_t, extract(schedule.posterior_variance, t, x_t.shape)


@q_posterior.alternative("Two bells, weighed, with 1 - alpha-bar subtracted here.")
def two_witnesses(x_start, x_t, t, schedule):
    before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    alpha, beta = extract(schedule.alphas, t, x_t.shape), extract(schedule.betas, t, x_t.shape)
    return forward.combine_gaussians(before.sqrt() * x_start, 1 - before, x_t / alpha.sqrt(), beta / alpha)


@q_posterior.alternative("Equation 7 of the paper, from betas and alpha-bars, in double precision.")
def from_equation_7(x_start, x_t, t, schedule):
    constants = schedule.betas, schedule.alphas_cumprod, schedule.alphas_cumprod_prev
    beta, ac, before = (extract(values.double(), t, x_t.shape) for values in constants)
    mean = before.sqrt() * beta / (1 - ac) * x_start + (1 - beta).sqrt() * (1 - before) / (1 - ac) * x_t
    return mean.float(), (beta * (1 - before) / (1 - ac)).float()


@q_posterior.alternative("The variance is repeated for every element of x, and a list is returned.")
def variance_in_full_shape(x_start, x_t, t, schedule):
    axes = (-1, *[1] * (x_t.ndim - 1))
    mean = schedule.posterior_mean_coef1[t].view(axes) * x_start + schedule.posterior_mean_coef2[t].view(axes) * x_t
    return [mean, schedule.posterior_variance[t].view(axes).expand_as(x_t)]
