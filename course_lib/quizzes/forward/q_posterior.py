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
    returns=("mean", "variance"),
    hints=(
        "Two things are known, x_0 and x_t. The mean lies between them: a weighted sum.",
        "The schedule has both weights, `posterior_mean_coef1` for x_0 and "
        "`posterior_mean_coef2` for x_t, and `posterior_variance`.",
        "Return `(coef1 * x_start + coef2 * x_t, variance)`, each of the three looked up with `extract`.",
    ),
)

# Both results
q_posterior.edits(
    returned_in_the_wrong_order=(
        "return -> return (",
        "posterior_variance, t, x_t.shape) -> posterior_variance, t, x_t.shape))[::-1]",
        "Mean and variance are returned in the wrong order.",
    ),
    mean_alone=(
        ", extract(schedule.posterior_variance, t, x_t.shape) -> ",
        "Only the mean comes back. Return two things: `return mean, variance`.",
    ),
    alpha_bar_wraps_round=(
        "schedule.posterior_mean_coef1 -> "
        "schedule.betas * schedule.sqrt_alphas_cumprod.roll(1) / (1 - schedule.alphas_cumprod)",
        "schedule.posterior_mean_coef2 -> "
        "schedule.alphas.sqrt() * (1 - schedule.alphas_cumprod.roll(1)) / (1 - schedule.alphas_cumprod)",
        "schedule.posterior_variance -> "
        "schedule.betas * (1 - schedule.alphas_cumprod.roll(1)) / (1 - schedule.alphas_cumprod)",
        "Right except at t = 0: there the alpha-bar before is 1, and an index of -1 gives the *last* one. "
        "Which constant of the schedule has that 1?",
    ),
)

# The mean
q_posterior.edits(
    weights_swapped=(
        "coef1 * x_start + coef2 * x_t -> coef2 * x_start + coef1 * x_t",
        "The two weights have changed places. At t = 0 the mean is x_0 itself: which weight is 1 there?",
    ),
    x_t_left_out=(
        "+ coef2 * x_t -> ",
        "x_t does not come in: the mean is only a part of x_0. A weighted sum has two terms.",
    ),
    x_start_left_out=(
        "coef1 * x_start + coef2 -> coef2",
        "x_0 does not come in: the mean is only a part of x_t. A weighted sum has two terms.",
    ),
    x_t_forgotten=(
        "coef1 * x_start + coef2 * x_t -> extract(schedule.alphas_cumprod_prev, t, x_t.shape).sqrt() * x_start",
        "This mean needs only x_0: it is that of q(x_{t-1} | x_0). x_t knows which noise was drawn, so it has a say.",
    ),
    alpha_bar_of_t=(
        "schedule.posterior_mean_coef1 -> "
        "schedule.betas * schedule.sqrt_alphas_cumprod / (1 - schedule.alphas_cumprod)",
        "In the weight of x_0 stands alpha-bar_t. Its step back is to t - 1: which alpha-bar belongs there?",
    ),
    root_forgotten=(
        "schedule.posterior_mean_coef1 -> "
        "schedule.betas * schedule.alphas_cumprod_prev / (1 - schedule.alphas_cumprod)",
        "In the weight of x_0, alpha-bar_{t-1} lacks its root: there it scales a picture, it is no variance.",
    ),
    root_of_alpha_forgotten=(
        "schedule.posterior_mean_coef2 -> schedule.posterior_mean_coef2 * schedule.alphas.sqrt()",
        "In the weight of x_t, alpha_t lacks its root: equation 7 has sqrt(alpha_t) there.",
    ),
    alpha_bar_of_t_for_x_t=(
        "schedule.posterior_mean_coef2 -> schedule.alphas.sqrt()",
        "The weight of x_t is sqrt(alpha_t) alone. It has a second factor: how much noise was there one step earlier?",
    ),
    mean_from_the_noise=(
        "coef1 * x_start + coef2 * x_t -> (x_t - extract(schedule.betas / schedule.sqrt_one_minus_alphas_cumprod, t, "
        "x_t.shape) * x_start) / extract(schedule.alphas, t, x_t.shape).sqrt()",
        "The mean is that of algorithm 2, with `x_start` in the place of the noise. Which of the two does it name?",
    ),
    start_clamped=(
        "coef1 * x_start -> coef1 * x_start.clamp(-1, 1)",
        "x_0 is clipped to [-1, 1] first. Here it is data, not a guess: nothing was asked to be clipped.",
    ),
    mean_clamped=(
        "coef1 * x_start + coef2 * x_t -> (coef1 * x_start + coef2 * x_t).clamp(-1, 1)",
        "The mean is clipped to [-1, 1]. It is a sum of x_0 and a noisy x_t, and may leave that range.",
    ),
    sample_for_the_mean=(
        "coef2 * x_t -> "
        "coef2 * x_t + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * torch.randn_like(x_t)",
        "Noise is added to the mean, so a sample comes back. Only mean and variance are asked for; nothing is drawn.",
    ),
    mean_along_the_last_axis=(
        "extract(schedule.posterior_mean_coef1, t, x_t.shape) -> schedule.posterior_mean_coef1[t]",
        "extract(schedule.posterior_mean_coef2, t, x_t.shape) -> schedule.posterior_mean_coef2[t]",
        "The mean's weights of shape (B,) line up with the last axis, the width. They belong on the batch axis.",
    ),
)

# The variance
q_posterior.edits(
    variance_is_beta=(
        "schedule.posterior_variance -> schedule.betas",
        "The variance is beta, as if x_0 were not known: knowing it leaves less doubt, and none at t = 0.",
    ),
    variance_of_the_leap=(
        "schedule.posterior_variance -> 1 - schedule.alphas_cumprod",
        "The second result is the noise in x_t given x_0. Here it is the doubt about x_{t-1} given both ends.",
    ),
    variance_of_the_leap_before=(
        "schedule.posterior_variance -> 1 - schedule.alphas_cumprod_prev",
        "The second result is the noise in x_{t-1} given x_0 alone. With x_t known as well, less is left.",
    ),
    standard_deviation=(
        "posterior_variance, t, x_t.shape) -> posterior_variance, t, x_t.shape).sqrt()",
        "The second result is the standard deviation. Asked is the variance, without the root.",
    ),
    variance_squared=(
        "posterior_variance, t, x_t.shape) -> posterior_variance, t, x_t.shape).square()",
        "The variance is squared. `posterior_variance` holds variances already, no standard deviations.",
    ),
    log_of_the_variance=(
        "posterior_variance, t, x_t.shape) -> posterior_variance, t, x_t.shape).log()",
        "The second result is the logarithm of the variance, minus infinity at t = 0. Asked is the variance.",
    ),
    log_of_the_clamped_variance=(
        "schedule.posterior_variance -> schedule.posterior_variance.clamp(min=1e-20).log()",
        "The second result is the logarithm of the variance, very low at t = 0. Asked is the variance itself.",
    ),
    log_variance_of_guided_diffusion=(
        "posterior_variance -> posterior_variance[[1, *range(1, schedule.timesteps)]].log()",
        "The second result is guided-diffusion's clipped logarithm of the variance. Asked is no logarithm.",
    ),
    variance_floored=(
        "posterior_variance -> posterior_variance[[1, *range(1, schedule.timesteps)]]",
        "At t = 0 the variance is that of t = 1. It is 0 there: with x_0 known, nothing is left to doubt.",
    ),
    variance_not_reshaped=(
        "extract(schedule.posterior_variance, t, x_t.shape) -> schedule.posterior_variance[t]",
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
