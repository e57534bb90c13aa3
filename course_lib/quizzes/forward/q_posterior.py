"""Quiz `q_posterior` of chapter 04."""

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.forward.shared import at
from course_lib.quizzes.inputs import noisy_batches

q_posterior = Quiz(
    forward.q_posterior,
    cases=lambda g: [(x, noise, t, schedule) for x, t, noise, schedule in noisy_batches(g)],
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


def posterior(x_start, x_t, t, schedule):
    return forward.q_posterior(x_start, x_t, t, schedule)


@q_posterior.mistake("The two weights have changed places. At t = 0 the mean is x_0 itself: which weight is 1 there?")
def weights_swapped(x_start, x_t, t, schedule):
    return posterior(x_t, x_start, t, schedule)


@q_posterior.mistake(
    "The mean is right. The variance is beta, as if x_0 were not known: "
    "knowing it leaves less doubt, and none at t = 0."
)
def variance_is_beta(x_start, x_t, t, schedule):
    return posterior(x_start, x_t, t, schedule)[0], at(schedule.betas, t, x_t)


@q_posterior.mistake("The second result is the standard deviation. Asked is the variance, without the root.")
def standard_deviation(x_start, x_t, t, schedule):
    mean, variance = posterior(x_start, x_t, t, schedule)
    return mean, variance.sqrt()


@q_posterior.mistake(
    "The second result is the noise in x_t given x_0. Here it is the doubt about x_{t-1} given both ends."
)
def variance_of_the_leap(x_start, x_t, t, schedule):
    return posterior(x_start, x_t, t, schedule)[0], 1 - at(schedule.alphas_cumprod, t, x_t)


@q_posterior.mistake("Mean and variance are returned in the wrong order.")
def returned_in_the_wrong_order(x_start, x_t, t, schedule):
    return posterior(x_start, x_t, t, schedule)[::-1]


@q_posterior.mistake("Only the mean comes back. Return two things: `return mean, variance`.")
def mean_alone(x_start, x_t, t, schedule):
    return posterior(x_start, x_t, t, schedule)[0]


@q_posterior.mistake(
    "The mean is right, the variance still has shape (B,). It has to multiply a batch: send it through `extract` too."
)
def variance_not_reshaped(x_start, x_t, t, schedule):
    return posterior(x_start, x_t, t, schedule)[0], schedule.posterior_variance[t]


@q_posterior.mistake(
    "The mean uses only x_0: that is q(x_{t-1} | x_0). x_t knows which noise was drawn, so it has a say."
)
def x_t_forgotten(x_start, x_t, t, schedule):
    ac = at(schedule.alphas_cumprod_prev, t, x_t)
    return ac.sqrt() * x_start, posterior(x_start, x_t, t, schedule)[1]


@q_posterior.mistake(
    "In the weight of x_0 stands alpha-bar_t. Its step back is to t - 1: which alpha-bar belongs there?"
)
def alpha_bar_of_t(x_start, x_t, t, schedule):
    beta, ac, before = (
        at(values, t, x_t) for values in (schedule.betas, schedule.alphas_cumprod, schedule.alphas_cumprod_prev)
    )
    mean = (ac.sqrt() * beta * x_start + (1 - beta).sqrt() * (1 - before) * x_t) / (1 - ac)
    return mean, beta * (1 - before) / (1 - ac)


@q_posterior.mistake(
    "In the weight of x_0, alpha-bar_{t-1} lacks its root: there it scales a picture, it is no variance."
)
def root_forgotten(x_start, x_t, t, schedule):
    beta, ac, before = (
        at(values, t, x_t) for values in (schedule.betas, schedule.alphas_cumprod, schedule.alphas_cumprod_prev)
    )
    mean = (before * beta * x_start + (1 - beta).sqrt() * (1 - before) * x_t) / (1 - ac)
    return mean, beta * (1 - before) / (1 - ac)


@q_posterior.mistake("All rows take the weights of the first t. Each row has its own: look them up with `extract`.")
def posterior_of_the_first_t(x_start, x_t, t, schedule):
    return posterior(x_start, x_t, t[:1].expand_as(t), schedule)


@q_posterior.mistake(
    "Weights of shape (B,) line up with the last axis, the width. `extract` puts them on the batch axis."
)
def weights_along_the_last_axis(x_start, x_t, t, schedule):
    mean = schedule.posterior_mean_coef1[t] * x_start + schedule.posterior_mean_coef2[t] * x_t
    return mean, posterior(x_start, x_t, t, schedule)[1]


@q_posterior.alternative("")
def from_equation_7(x_start, x_t, t, schedule):
    beta, ac, before = (
        at(values.double(), t, x_t)
        for values in (schedule.betas, schedule.alphas_cumprod, schedule.alphas_cumprod_prev)
    )
    mean = before.sqrt() * beta / (1 - ac) * x_start + (1 - beta).sqrt() * (1 - before) / (1 - ac) * x_t
    return mean.float(), (beta * (1 - before) / (1 - ac)).float()


@q_posterior.alternative("")
def variance_in_full_shape(x_start, x_t, t, schedule):
    axes = (-1, *[1] * (x_t.ndim - 1))
    mean = schedule.posterior_mean_coef1[t].view(axes) * x_start + schedule.posterior_mean_coef2[t].view(axes) * x_t
    return [mean, schedule.posterior_variance[t].view(axes).expand_as(x_t)]
