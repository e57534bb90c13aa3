"""The objective: why the loss is what it is, and what a model's prediction stands for (chapter 06).

Noise, x_0, v and score: together with x_t, each of them determines the others. The bound on the negative
log-likelihood (ELBO) is a sum of one term for each step, and the simple loss is that sum without its weights. `x`,
`t`, `noise` and models are as in `forward` and `reverse`; every result in nats is elementwise, one value per number of
a sample.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.special import ndtr

from course_lib.forward import extract, q_posterior, q_sample
from course_lib.mixtures import GaussianMixture, optimal_loss
from course_lib.reverse import p_mean, predict_start, training_target, v_from_start_and_noise
from course_lib.schedules import NoiseSchedule, snr
from course_lib.types import LossType, Model, Predicts

# One prediction in four forms: noise, x_0, v and score


def noise_from_start(x_t: Tensor, t: Tensor, x_start: Tensor, schedule: NoiseSchedule) -> Tensor:
    """Solve `q_sample` for the noise, (B, ...): (x_t - sqrt(alpha-bar_t) x_0) / sqrt(1 - alpha-bar_t)."""
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - signal * x_start) / sigma


def noise_from_v(x_t: Tensor, t: Tensor, v: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The noise behind x_t and v, (B, ...): sqrt(alpha-bar_t) v + sqrt(1 - alpha-bar_t) x_t. See 2202.00512."""
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return signal * v + sigma * x_t


def score_from_noise(noise: Tensor, t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The score that `noise` (B, ...) at t stands for.

    -noise / sqrt(1 - alpha-bar_t). 2105.05233, eq. 11.
    """
    return -noise / extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)


def noise_from_score(score: Tensor, t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The noise prediction that a score stands for, (B, ...): -sqrt(1 - alpha-bar_t) score."""
    return -extract(schedule.sqrt_one_minus_alphas_cumprod, t, score.shape) * score


def start_from_score(x_t: Tensor, t: Tensor, score: Tensor, schedule: NoiseSchedule) -> Tensor:
    """Tweedie's formula, E[x_0 | x_t] from the score of x_t: (x_t + (1 - alpha-bar_t) score) / sqrt(alpha-bar_t).

    Shapes (B, ...). Source: Efron, Tweedie's Formula and Selection Bias, 2011. Not finite where alpha-bar_t = 0.
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t + sigma**2 * score) / signal


def four_views(
    x_t: Tensor, t: Tensor, prediction: Tensor, schedule: NoiseSchedule, predicts: Predicts | Literal["score"] = "noise"
) -> dict[str, Tensor]:
    """One prediction as "noise", "start", "v" and "score", (B, ...) each; `predicts` says which of them it is.

    Raises ValueError for another `predicts`.
    """
    if predicts == "score":
        prediction, predicts = noise_from_score(prediction, t, schedule), "noise"
    x_start = predict_start(prediction, x_t, t, schedule, predicts)
    noise = prediction
    if predicts != "noise":
        noise = (noise_from_v if predicts == "v" else noise_from_start)(x_t, t, prediction, schedule)
    v = v_from_start_and_noise(x_start, t, noise, schedule)
    return {"noise": noise, "start": x_start, "v": v, "score": score_from_noise(noise, t, schedule)}


# The bound, term by term


def kl_between_gaussians(mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor) -> Tensor:
    """KL(N(mean1, variance1) || N(mean2, variance2)) in nats, for each element; shapes are broadcast.

    (log(variance2 / variance1) + (variance1 + (mean1 - mean2)²) / variance2 - 1) / 2
    """
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


def prior_kl(x_start: Tensor, schedule: NoiseSchedule) -> Tensor:
    """L_T, KL(q(x_T | x_0) || N(0, I)) in nats, (B, ...): how much x_T still tells about x_0. 2006.11239, eq. 5."""
    mean = schedule.sqrt_alphas_cumprod[-1] * x_start
    variance = schedule.sqrt_one_minus_alphas_cumprod[-1] ** 2
    return kl_between_gaussians(mean, variance, torch.zeros_like(mean), torch.ones_like(variance))


def step_kl(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    variance: Tensor,
    predicts: Predicts = "noise",
) -> Tensor:
    """L_{t-1}, KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)) in nats, (B, ...), for t >= 1. 2006.11239, eq. 5.

    p is Gaussian with the model's mean and variance[t]; `variance` [T] is ours to choose, e.g. `schedule.betas`.
    """
    x_t = q_sample(x_start, t, noise, schedule)
    mean, exact_variance = q_posterior(x_start, x_t, t, schedule)
    model_mean = p_mean(model, x_t, t, schedule, predicts)
    return kl_between_gaussians(mean, exact_variance, model_mean, extract(variance, t, x_t.shape))


def last_step_loss(
    model: Model,
    x_start: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    variance: Tensor,
    predicts: Predicts = "noise",
) -> Tensor:
    """L_0, -log p(x_0 | x_t at t = 0) in nats, (B, ...): a Gaussian density with variance[0]. 2006.11239, eq. 5.

    Fits continuous data. (The paper's data are pixels: its eq. 13 sums a Gaussian over each of 256 bins instead.)
    """
    t = torch.zeros(len(x_start), dtype=torch.long, device=x_start.device)
    mean = p_mean(model, q_sample(x_start, t, noise, schedule), t, schedule, predicts)
    return 0.5 * ((2 * math.pi * variance[0]).log() + (x_start - mean) ** 2 / variance[0])


def elbo_terms(
    model: Model,
    x_start: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    variance: Tensor,
    predicts: Predicts = "noise",
) -> Tensor:
    """Every term of the bound for every sample, in nats, (T + 1, B, ...): row t is the step from t, row T is L_T.

    Row 0 is `last_step_loss`, rows 1 ... T-1 are `step_kl`; the same noise serves all t. The expectation of the sum
    over rows is at least -E log p(x_0). 2006.11239, eq. 5. `variance` [T] must be positive, at t = 0 too.
    """

    def step(number: int) -> Tensor:
        t = torch.full((len(x_start),), number, device=x_start.device)
        return step_kl(model, x_start, t, noise, schedule, variance, predicts)

    first = last_step_loss(model, x_start, noise, schedule, variance, predicts)
    return torch.stack([first, *map(step, range(1, schedule.timesteps)), prior_kl(x_start, schedule)])


def optimal_variance(mixture: GaussianMixture, schedule: NoiseSchedule) -> Tensor:
    """The variances of p(x_{t-1} | x_t) that make the bound smallest if the model is exact, float64 [T].

    beta-tilde_t plus what the uncertainty of x_0 adds, coef1² E Var[x_0 | x_t]: the idea of Analytic-DPM, 2201.06503.
    For mixtures of numbers or points, as `optimal_loss`.
    """
    t = torch.arange(schedule.timesteps)
    uncertainty = optimal_loss(mixture, t, schedule) / snr(schedule.alphas_cumprod.cpu().double())
    return schedule.posterior_variance.cpu() + schedule.posterior_mean_coef1.cpu() ** 2 * uncertainty


def every_draw(mixture: GaussianMixture, points: int = 57) -> tuple[Tensor, Tensor, Tensor]:
    """A grid that stands for all draws from a mixture of numbers: (x_start, noise, weight), each float64 [N].

    weight @ f(x_start, noise) is the expectation of f over x_0 ~ mixture and noise ~ N(0, 1): the trapezoidal rule
    with `points` places on [-7, 7] for each component and for the noise, which is exact to many digits for
    smooth f. N = K points².
    """
    normal = torch.linspace(-7, 7, points, dtype=torch.float64)
    density = (-(normal**2) / 2).softmax(dim=0)
    x_start = mixture.means.cpu().double()[:, None] + mixture.std.cpu().double()[:, None] * normal  # (K, points)
    share = mixture.weights.cpu().double()[:, None] * density
    ones = torch.ones(len(x_start), points, points, dtype=torch.float64)
    x_start, noise, weight = x_start[..., None] * ones, normal * ones, share[..., None] * density
    return x_start.flatten(), noise.flatten(), weight.flatten()


# Weights


def bound_weight(t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """What the bound multiplies |noise - prediction|² by if p has the variance beta_t, (B,) for t (B,).

    beta_t / (2 alpha_t (1 - alpha-bar_t)): 2006.11239, eq. 12 with sigma_t² = beta_t.
    """
    return schedule.betas[t] / (2 * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t] ** 2)


def snr_weight(t: Tensor, schedule: NoiseSchedule, predicts: Predicts = "noise", gamma: float = 5.0) -> Tensor:
    """The min-SNR weight of a squared error in "start", "noise" or "v", (B,) for t (B,).

    In units of the error in x_0 it is min(SNR, gamma), whatever the model predicts. So "start" gets min(SNR, gamma),
    "noise" gets min(SNR, gamma) / SNR and "v" gets min(SNR, gamma) / (SNR + 1). Source: 2303.09556.

    Raises ValueError for another `predicts`.
    """
    ratio = (schedule.sqrt_alphas_cumprod[t] / schedule.sqrt_one_minus_alphas_cumprod[t]) ** 2
    if predicts == "start":
        return ratio.clamp(max=gamma)
    if predicts == "noise":
        return (gamma / ratio).clamp(max=1)  # the same, and right where SNR = 0
    if predicts == "v":
        return ratio.clamp(max=gamma) / (ratio + 1)
    raise ValueError(f'unknown predicts={predicts!r}; choose "noise", "start" or "v".')


def weighted_loss(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    weight: Tensor,
    predicts: Predicts = "noise",
) -> Tensor:
    """The mean squared error with a weight (B,) for each row, a scalar; with weights of 1 it is the simple loss."""
    x_t = q_sample(x_start, t, noise, schedule)
    error = model(x_t, t) - training_target(x_start, t, noise, schedule, predicts)
    return (weight.reshape(-1, *[1] * (error.ndim - 1)) * error**2).mean()


# The best answer under another loss


def noise_given(
    x_t: Tensor, t: Tensor, mixture: GaussianMixture, schedule: NoiseSchedule
) -> tuple[Tensor, Tensor, Tensor]:
    """What the noise may have been if x_t (B,) is seen and x_0 is a number from `mixture`: (means, std, weights).

    A Gaussian mixture for each row, (B, K) each: Bayes' rule in every component.
    """
    x_t, mean, std = x_t[:, None], mixture.means.to(x_t), mixture.std.to(x_t)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    variance = signal**2 * std**2 + sigma**2
    away = x_t - signal * mean
    weights = (mixture.weights.to(x_t).log() - variance.log() / 2 - away**2 / (2 * variance)).softmax(dim=1)
    return sigma * away / variance, signal * std / variance.sqrt(), weights


def best_noise(
    x_t: Tensor, t: Tensor, mixture: GaussianMixture, schedule: NoiseSchedule, loss_type: LossType = "l2"
) -> Tensor:
    """What a perfect network predicts if it was trained with `loss_type`, (B,); x_0 is a number from `mixture`.

    The c with the smallest expected loss of noise - c, given x_t. "l2": the mean, which is `mixture.optimal_noise` up
    to rounding. "l1": the median. "huber" (quadratic up to 1, as in `p_losses`): where the errors, each cut off at 1
    and -1, cancel. Raises ValueError for another loss_type.
    """
    means, std, weights = noise_given(x_t, t, mixture, schedule)
    if loss_type == "l2":
        return (weights * means).sum(dim=1)
    if loss_type not in ("l1", "huber"):
        raise ValueError(f"unknown loss_type={loss_type!r}; choose one of l1, l2, huber.")
    std = std.clamp(min=1e-9)
    expected = _expected_sign if loss_type == "l1" else _expected_cut
    low, high = (means - 6 * std).min(dim=1).values, (means + 6 * std).max(dim=1).values
    for _ in range(40):  # each halves the interval
        middle = (low + high) / 2
        too_small = (weights * expected(means - middle[:, None], std)).sum(dim=1) > 0  # minus the slope of the loss
        low, high = torch.where(too_small, middle, low), torch.where(too_small, high, middle)
    return (low + high) / 2


def _expected_sign(mean: Tensor, std: Tensor) -> Tensor:
    """E sign(e) for e ~ N(mean, std²)."""
    return torch.erf(mean / (std * math.sqrt(2)))


def _expected_cut(mean: Tensor, std: Tensor) -> Tensor:
    """E min(max(e, -1), 1) for e ~ N(mean, std²)."""
    low, high = (-1 - mean) / std, (1 - mean) / std
    inside = mean * (ndtr(high) - ndtr(low)) + std * (_bell(low) - _bell(high))
    return inside + ndtr(-high) - ndtr(low)


def _bell(z: Tensor) -> Tensor:
    """The density of N(0, 1)."""
    return (-(z**2) / 2).exp() / math.sqrt(2 * math.pi)
