"""Answers to the quizzes of chapter 06, the objective."""

import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from answers import right, wrong
from course_lib.forward import extract
from course_lib.schedules import NoiseSchedule, snr

# v_from_start_and_noise: wrong


@wrong("v_from_start_and_noise", "sign turned")
def v_negated(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return sigma * x_start - signal * noise


@wrong("v_from_start_and_noise", "plus instead of minus")
def v_with_plus(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * noise + sigma * x_start


@wrong("v_from_start_and_noise", "weights swapped")
def v_swapped(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return sigma * noise - signal * x_start


@wrong("v_from_start_and_noise", "the velocity of flow matching")
def v_of_rectified_flow(x_start, t, noise, schedule):
    return noise - x_start


@wrong("v_from_start_and_noise", "weights without roots")
def v_without_roots(x_start, t, noise, schedule):
    abar = extract(schedule.alphas_cumprod, t, x_start.shape)
    return abar * noise - (1 - abar) * x_start


@wrong("v_from_start_and_noise", "x_t in the place of x_0")
def v_from_x_t(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    x_t = signal * x_start + sigma * noise
    return signal * noise - sigma * x_t


@wrong("v_from_start_and_noise", "x_t itself")
def v_is_q_sample(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * x_start + sigma * noise


@wrong("v_from_start_and_noise", "alpha-bar of t - 1")
def v_one_step_before(x_start, t, noise, schedule):
    abar = extract(schedule.alphas_cumprod_prev, t, x_start.shape)
    return abar.sqrt() * noise - (1 - abar).sqrt() * x_start


@wrong("v_from_start_and_noise", "broadcasts along the last axis")
def v_without_axes(x_start, t, noise, schedule):
    return schedule.sqrt_alphas_cumprod[t] * noise - schedule.sqrt_one_minus_alphas_cumprod[t] * x_start


@wrong("v_from_start_and_noise", "one t for all rows")
def v_of_first_row(x_start, t, noise, schedule):
    step = int(t[0])
    return schedule.sqrt_alphas_cumprod[step] * noise - schedule.sqrt_one_minus_alphas_cumprod[step] * x_start


@wrong("v_from_start_and_noise", "scales the noise in place")
def v_in_place(x_start, t, noise, schedule):
    noise *= extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    noise -= extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * x_start
    return noise


@wrong("v_from_start_and_noise", "an angle that grows evenly with t, whatever the schedule")
def v_even_angle(x_start, t, noise, schedule):
    phi = extract(torch.linspace(0, math.pi / 2, schedule.timesteps), t, x_start.shape)
    return phi.cos() * noise - phi.sin() * x_start


@wrong("v_from_start_and_noise", "the angle in degrees")
def v_in_degrees(x_start, t, noise, schedule):
    phi = extract(torch.rad2deg(torch.acos(schedule.sqrt_alphas_cumprod)), t, x_start.shape)
    return phi.cos() * noise - phi.sin() * x_start


@wrong("v_from_start_and_noise", "two: 1 - root for the root of 1 -, and alphas for alpha-bar")
def v_two_slips(x_start, t, noise, schedule):
    signal = extract(schedule.alphas, t, x_start.shape).sqrt()
    return signal * noise - (1 - signal) * x_start


@wrong("v_from_start_and_noise", "clamped to [-1, 1]")
def v_clamped(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return torch.clamp(signal * noise - sigma * x_start, -1.0, 1.0)


# v_from_start_and_noise: right


@right("v_from_start_and_noise", "the angle, by atan2")
def v_by_angle(x_start, t, noise, schedule):
    phi = torch.atan2(schedule.sqrt_one_minus_alphas_cumprod, schedule.sqrt_alphas_cumprod)[t]
    phi = phi.reshape(-1, *[1] * (x_start.ndim - 1))
    return torch.cos(phi) * noise - torch.sin(phi) * x_start


@right("v_from_start_and_noise", "the derivative by phi, from autograd")
def v_by_autograd(x_start, t, noise, schedule):
    angle = torch.atan2(schedule.sqrt_one_minus_alphas_cumprod, schedule.sqrt_alphas_cumprod)
    angle = extract(angle, t, x_start.shape).expand(x_start.shape).clone()

    def place(phi):
        return phi.cos() * x_start + phi.sin() * noise

    return torch.func.jvp(place, (angle,), (torch.ones_like(angle),))[1]


@right("v_from_start_and_noise", "an einsum over a stack")
def v_by_einsum(x_start, t, noise, schedule):
    weights = torch.stack([schedule.sqrt_alphas_cumprod, -schedule.sqrt_one_minus_alphas_cumprod])[:, t]
    return torch.einsum("kb,kb...->b...", weights.to(x_start), torch.stack([noise, x_start]))


@right("v_from_start_and_noise", "row by row, alpha-bar as a product of betas")
def v_row_by_row(x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    rows = []
    for x, step, eps in zip(x_start.double(), t.tolist(), noise.double(), strict=True):
        abar = torch.prod(1 - schedule.betas[: step + 1].double())
        rows.append(abar.sqrt() * eps - (1 - abar).sqrt() * x)
    return torch.stack(rows).type_as(x_start)


@right("v_from_start_and_noise", "a complex number turned by the angle")
def v_by_rotation(x_start, t, noise, schedule):
    turn = torch.complex(schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod)
    turned = extract(turn, t, x_start.shape) * torch.complex(x_start, noise.to(x_start.dtype))
    return turned.imag - 2 * extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * x_start


# score_from_noise: wrong


@wrong("score_from_noise", "the minus is missing")
def score_without_minus(noise, t, schedule):
    return noise / extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)


@wrong("score_from_noise", "divided by the variance")
def score_over_variance(noise, t, schedule):
    return -noise / (1 - extract(schedule.alphas_cumprod, t, noise.shape))


@wrong("score_from_noise", "multiplied by sigma")
def score_times_sigma(noise, t, schedule):
    return -extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape) * noise


@wrong("score_from_noise", "not divided at all")
def score_is_minus_noise(noise, t, schedule):
    return -noise


@wrong("score_from_noise", "divided by the signal")
def score_over_signal(noise, t, schedule):
    return -noise / extract(schedule.sqrt_alphas_cumprod, t, noise.shape)


@wrong("score_from_noise", "sigma of t - 1")
def score_one_step_before(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, (t - 1).clamp(min=0), noise.shape)
    return -noise / sigma


@wrong("score_from_noise", "extract with t.shape")
def score_without_axes(noise, t, schedule):
    return -noise / extract(schedule.sqrt_one_minus_alphas_cumprod, t, t.shape)


@wrong("score_from_noise", "sigma floored at 0.1")
def score_floored(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)
    return -noise / torch.clamp(sigma, min=0.1)


@wrong("score_from_noise", "turns the noise round in place")
def score_in_place(noise, t, schedule):
    return noise.neg_().div_(extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape))


@wrong("score_from_noise", "one step's sigma, the root of beta")
def score_of_one_step(noise, t, schedule):
    return -noise / extract(schedule.betas, t, noise.shape).sqrt()


@wrong("score_from_noise", "EDM's sigma")
def score_of_edm(noise, t, schedule):
    abar = extract(schedule.alphas_cumprod, t, noise.shape)
    return -noise / ((1 - abar) / abar).sqrt()


@wrong("score_from_noise", "the first t for all rows, by .item()")
def score_of_first_row(noise, t, schedule):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t[0].item()]
    return -noise / sigma


@wrong("score_from_noise", "the log-density, not its slope")
def score_is_log_density(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)
    return -0.5 * noise**2 - sigma.log() - 0.5 * math.log(2 * math.pi)


@wrong("score_from_noise", "two: sign, and a root too many")
def score_two_slips(noise, t, schedule):
    return noise / extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape).sqrt()


@wrong("score_from_noise", "1 minus the root of alpha-bar")
def score_one_minus_root(noise, t, schedule):
    return -noise / (1 - extract(schedule.sqrt_alphas_cumprod, t, noise.shape))


# score_from_noise: right


@right("score_from_noise", "from alpha-bar in double precision")
def score_in_double(noise, t, schedule):
    abar = torch.cumprod(1 - schedule.betas.double(), dim=0)
    return (-noise * extract((1 - abar).rsqrt(), t, noise.shape)).to(noise.dtype)


@right("score_from_noise", "rows in a list comprehension")
def score_row_by_row(noise, t, schedule):
    return torch.stack([eps / -schedule.sqrt_one_minus_alphas_cumprod[i] for eps, i in zip(noise, t, strict=True)])


@right("score_from_noise", "the Gaussian's slope from torch.func.grad")
def score_by_autograd(noise: Tensor, t: Tensor, schedule: NoiseSchedule) -> Tensor:
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)

    def log_density(place):
        return (-(place**2) / (2 * sigma**2)).sum()

    return torch.func.grad(log_density)(sigma * noise)


@right("score_from_noise", "the slope's formula with x_0 = 0")
def score_by_formula(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.size())
    x_t, x_start = sigma * noise, torch.zeros_like(noise)
    return -(x_t - x_start) / sigma.square()


@right("score_from_noise", "einsum with the reciprocal")
def score_by_einsum(noise, t, schedule):
    return torch.einsum("b,b...->b...", -schedule.sqrt_one_minus_alphas_cumprod[t].to(noise).reciprocal(), noise)


# kl_between_gaussians: wrong


@wrong("kl_between_gaussians", "the other way round")
def kl_reversed(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance1 / variance2).log() + (variance2 + (mean1 - mean2) ** 2) / variance1 - 1)


@wrong("kl_between_gaussians", "the 1/2 does not reach the logarithm")
def kl_half_only_once(mean1, variance1, mean2, variance2):
    return torch.log(variance2 / variance1) + (variance1 + (mean1 - mean2) ** 2) / (2 * variance2) - 0.5


@wrong("kl_between_gaussians", "without the -1")
def kl_not_zero_at_home(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2)


@wrong("kl_between_gaussians", "the means' difference is not squared")
def kl_without_square(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2).abs()) / variance2 - 1)


@wrong("kl_between_gaussians", "bits instead of nats")
def kl_in_bits(mean1, variance1, mean2, variance2):
    nats = 0.5 * (variance2.log() - variance1.log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)
    return nats / math.log(2.0)


@wrong("kl_between_gaussians", "only the logarithm to base 2")
def kl_log2(mean1, variance1, mean2, variance2):
    return 0.5 * (torch.log2(variance2 / variance1) + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


@wrong("kl_between_gaussians", "variances taken for standard deviations")
def kl_of_stds(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1), Normal(mean2, variance2))


@wrong("kl_between_gaussians", "guided-diffusion's normal_kl: takes log-variances")
def kl_of_log_variances(mean1, variance1, mean2, variance2):
    difference = (mean1 - mean2) ** 2 * torch.exp(-variance2)
    return 0.5 * (-1.0 + variance2 - variance1 + torch.exp(variance1 - variance2) + difference)


@wrong("kl_between_gaussians", "the mean over everything")
def kl_averaged(mean1, variance1, mean2, variance2):
    return (0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)).mean()


@wrong("kl_between_gaussians", "the 1/2 forgotten")
def kl_twice(mean1, variance1, mean2, variance2):
    return (variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1


@wrong("kl_between_gaussians", "logarithm of the ratio upside down")
def kl_log_upside_down(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance1 / variance2).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


@wrong("kl_between_gaussians", "the VAE's KL to the standard normal")
def kl_of_vae(mean1, variance1, mean2, variance2):
    return -0.5 * (1 + variance1.log() - mean1**2 - variance1)


@wrong("kl_between_gaussians", "symmetric: the mean of both directions")
def kl_symmetric(mean1, variance1, mean2, variance2):
    forth = kl_divergence(Normal(mean1, variance1.sqrt()), Normal(mean2, variance2.sqrt()))
    back = kl_divergence(Normal(mean2, variance2.sqrt()), Normal(mean1, variance1.sqrt()))
    return (forth + back) / 2


@wrong("kl_between_gaussians", "estimated from draws")
def kl_drawn(mean1, variance1, mean2, variance2):
    one, two = Normal(mean1, variance1.sqrt()), Normal(mean2, variance2.sqrt())
    x = one.sample((1000,))
    return (one.log_prob(x) - two.log_prob(x)).mean(dim=0)


@wrong("kl_between_gaussians", "variances floored at 0.01")
def kl_floored(mean1, variance1, mean2, variance2):
    v1, v2 = variance1.clamp(min=1e-2), variance2.clamp(min=1e-2)
    return 0.5 * ((v2 / v1).log() + (v1 + (mean1 - mean2) ** 2) / v2 - 1)


@wrong("kl_between_gaussians", "two: cross-entropy for KL, and the mean's distance over the first variance")
def kl_two_slips(mean1, variance1, mean2, variance2):
    return 0.5 * (torch.log(2 * math.pi * variance2) + variance1 / variance2 + (mean1 - mean2) ** 2 / variance1)


# kl_between_gaussians: right


@right("kl_between_gaussians", "torch.distributions with roots")
def kl_by_distributions(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1**0.5), Normal(mean2, variance2**0.5))


@right("kl_between_gaussians", "normal_kl with the logarithms taken first")
def kl_by_log_variances(mean1, variance1, mean2, variance2):
    logvar1, logvar2 = variance1.log(), variance2.log()
    square = (mean2 - mean1).square() * torch.exp(-logvar2)
    return 0.5 * (-1.0 + logvar2 - logvar1 + torch.exp(logvar1 - logvar2) + square)


@right("kl_between_gaussians", "cross-entropy minus entropy, in double precision")
def kl_by_entropies(mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor) -> Tensor:
    m1, v1, m2, v2 = (value.double() for value in (mean1, variance1, mean2, variance2))
    crossed = 0.5 * torch.log(2 * torch.pi * v2) + (v1 + m1**2 - 2 * m1 * m2 + m2**2) / (2 * v2)
    entropy = 0.5 * torch.log(2 * torch.pi * torch.e * v1)
    return (crossed - entropy).to(torch.result_type(mean1, variance2))


@right("kl_between_gaussians", "by the ratio of the variances")
def kl_by_ratio(mean1, variance1, mean2, variance2):
    ratio = variance1 / variance2
    return ((ratio - 1 - ratio.log()) + (mean1 - mean2).pow(2) / variance2) / 2


@right("kl_between_gaussians", "standard deviations, textbook form")
def kl_textbook(mean1, variance1, mean2, variance2):
    s1, s2 = torch.sqrt(variance1), torch.sqrt(variance2)
    return torch.log(s2 / s1) + (s1**2 + (mean1 - mean2) ** 2) / (2 * s2**2) - 1 / 2


# bound_weight: wrong


@wrong("bound_weight", "the 2 of the KL is missing")
def bound_without_two(t, schedule):
    return schedule.betas[t] / (schedule.alphas[t] * (1 - schedule.alphas_cumprod[t]))


@wrong("bound_weight", "alpha-bar for alpha")
def bound_with_alphas_cumprod(t, schedule):
    return schedule.betas[t] / (2 * schedule.alphas_cumprod[t] * (1 - schedule.alphas_cumprod[t]))


@wrong("bound_weight", "the difference of the means, squared, is not divided by the variance")
def bound_undivided(t, schedule):
    return schedule.betas[t] ** 2 / (2 * schedule.alphas[t] * (1 - schedule.alphas_cumprod[t]))


@wrong("bound_weight", "sigma instead of its square")
def bound_over_sigma(t, schedule):
    return schedule.betas[t] / (2 * schedule.alphas[t] * schedule.sqrt_one_minus_alphas_cumprod[t])


@wrong("bound_weight", "alpha is left out")
def bound_without_alpha(t, schedule):
    return schedule.betas[t] / (2 * (1 - schedule.alphas_cumprod[t]))


@wrong("bound_weight", "the weight of an error in x_0")
def bound_of_start(t, schedule):
    return schedule.posterior_mean_coef1[t] ** 2 / (2 * schedule.betas[t])


@wrong("bound_weight", "the simple loss's weight")
def bound_is_simple(t, schedule):
    return torch.ones(len(t))


@wrong("bound_weight", "one weight for every step of the schedule")
def bound_of_every_step(t, schedule):
    return schedule.betas / (2 * schedule.alphas * (1 - schedule.alphas_cumprod))


@wrong("bound_weight", "the difference of the means is not squared")
def bound_not_squared(t, schedule):
    return schedule.betas[t] / (schedule.alphas[t].sqrt() * schedule.sqrt_one_minus_alphas_cumprod[t])


@wrong("bound_weight", "with the posterior variance for p, made safe at t = 0")
def bound_with_posterior_variance(t, schedule):
    variance = schedule.posterior_variance[t].clamp(min=1e-20)
    return schedule.betas[t] ** 2 / (2 * variance * schedule.alphas[t] * (1 - schedule.alphas_cumprod[t]))


# bound_weight: right


@right("bound_weight", "from the weight of x_0 in the posterior mean")
def bound_from_coef1(t, schedule):
    start_per_noise = schedule.sqrt_one_minus_alphas_cumprod / schedule.sqrt_alphas_cumprod
    difference = schedule.posterior_mean_coef1 * start_per_noise
    return (difference**2 / (2 * schedule.betas))[t]


@right("bound_weight", "in double precision from the betas")
def bound_in_double(t, schedule):
    betas = schedule.betas.double()
    kept = torch.cumprod(1 - betas, 0)
    return (0.5 * betas / (1 - betas) / (1 - kept))[t].float()


@right("bound_weight", "row by row: the KL of two Gaussians one unit of noise apart")
def bound_from_kl(t, schedule):
    weights = []
    for step in t.tolist():
        beta = schedule.betas[step]
        apart = beta / (schedule.alphas[step].sqrt() * schedule.sqrt_one_minus_alphas_cumprod[step])
        weights.append(kl_divergence(Normal(0.0, beta.sqrt()), Normal(apart, beta.sqrt())))
    return torch.stack(weights)


# snr_weight: wrong


@wrong("snr_weight", "noise and start swapped")
def weight_swapped(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    if predicts == "noise":
        return ratio.clamp(max=gamma)
    if predicts == "start":
        return (gamma / ratio).clamp(max=1)
    return ratio.clamp(max=gamma) / (ratio + 1)


@wrong("snr_weight", "predicts ignored")
def weight_for_noise_only(t, schedule, predicts="noise", gamma=5.0):
    return (gamma / snr(schedule.alphas_cumprod[t])).clamp(max=1)


@wrong("snr_weight", "v gets the weight of noise")
def weight_v_like_noise(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    if predicts == "start":
        return torch.clamp(ratio, max=gamma)
    return torch.clamp(gamma / ratio, max=1.0)


@wrong("snr_weight", "gamma ignored")
def weight_with_five(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    if predicts == "noise":
        return (5 / ratio).clamp(max=1)
    return ratio.clamp(max=5) / (1 if predicts == "start" else ratio + 1)


@wrong("snr_weight", "SNR without the square")
def weight_with_ratio_of_roots(t, schedule, predicts="noise", gamma=5.0):
    ratio = schedule.sqrt_alphas_cumprod[t] / schedule.sqrt_one_minus_alphas_cumprod[t]
    if predicts == "noise":
        return (gamma / ratio).clamp(max=1)
    return ratio.clamp(max=gamma) / (1 if predicts == "start" else ratio + 1)


@wrong("snr_weight", "noise to signal")
def weight_upside_down(t, schedule, predicts="noise", gamma=5.0):
    abar = schedule.alphas_cumprod[t]
    ratio = (1 - abar) / abar
    if predicts == "noise":
        return (gamma / ratio).clamp(max=1)
    return ratio.clamp(max=gamma) / (1 if predicts == "start" else ratio + 1)


@wrong("snr_weight", "max in the place of min")
def weight_max(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    held = ratio.clamp(min=gamma)
    return held / {"start": 1, "noise": ratio, "v": ratio + 1}[predicts]


@wrong("snr_weight", "shaped (B, 1, 1, 1)")
def weight_with_axes(t, schedule, predicts="noise", gamma=5.0):
    ratio = extract(snr(schedule.alphas_cumprod), t, (len(t), 1, 1, 1))
    if predicts == "noise":
        return (gamma / ratio).clamp(max=1)
    return ratio.clamp(max=gamma) / (1 if predicts == "start" else ratio + 1)


@wrong("snr_weight", "the whole schedule, t ignored")
def weight_of_every_step(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)
    if predicts == "noise":
        return (gamma / ratio).clamp(max=1)
    return ratio.clamp(max=gamma) / (1 if predicts == "start" else ratio + 1)


@wrong("snr_weight", "t counted from 1")
def weight_one_step_before(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)[t - 1]
    if predicts == "noise":
        return (gamma / ratio).clamp(max=1)
    return ratio.clamp(max=gamma) / (1 if predicts == "start" else ratio + 1)


@wrong("snr_weight", "Python's min on a batch")
def weight_by_python_min(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    held = min(ratio, gamma)
    return held / {"start": 1, "noise": ratio, "v": ratio + 1}[predicts]


@wrong("snr_weight", "divided by the batch's mean")
def weight_normalised(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    weight = torch.minimum(ratio, torch.full_like(ratio, gamma))
    weight = weight / {"start": 1, "noise": ratio, "v": ratio + 1}[predicts]
    return weight / weight.mean()


@wrong("snr_weight", "v multiplied by SNR + 1")
def weight_v_multiplied(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    if predicts == "v":
        return ratio.clamp(max=gamma) * (ratio + 1)
    return ratio.clamp(max=gamma) if predicts == "start" else (gamma / ratio).clamp(max=1)


@wrong("snr_weight", "two: SNR + 1 for the noise, SNR for v")
def weight_two_slips(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    if predicts == "noise":
        return ratio.clamp(max=gamma) / (ratio + 1)
    return ratio.clamp(max=gamma) if predicts == "start" else (gamma / ratio).clamp(max=1)


@wrong("snr_weight", "clamps after the division")
def weight_clamped_last(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod[t])
    weight = {"start": ratio, "noise": ratio / ratio, "v": ratio / (ratio + 1)}[predicts]
    return weight.clamp(max=gamma)


@wrong("snr_weight", "the weights of P2")
def weight_p2(t, schedule, predicts="noise", gamma=5.0):
    return (1 + snr(schedule.alphas_cumprod[t])) ** -gamma


# snr_weight: right


@right("snr_weight", "SNR in double precision from the betas")
def weight_in_double(t, schedule, predicts="noise", gamma=5.0):
    abar = torch.cumprod(1 - schedule.betas.double(), dim=0)[t]
    ratio = abar / (1 - abar)
    weight = {
        "start": lambda: ratio.clamp(max=gamma),
        "noise": lambda: (gamma / ratio).clamp(max=1),
        "v": lambda: ratio.clamp(max=gamma) / (1 + ratio),
    }[predicts]()
    return weight.float()


@right("snr_weight", "torch.where, alphas_cumprod only")
def weight_by_where(t: Tensor, schedule: NoiseSchedule, predicts: str = "noise", gamma: float = 5.0) -> Tensor:
    abar = schedule.alphas_cumprod.gather(0, t)
    ratio = abar / (1 - abar)
    small = ratio < gamma
    if predicts == "noise":
        return torch.where(small, torch.ones_like(ratio), gamma / ratio)
    if predicts == "v":
        return torch.where(small, abar, gamma * (1 - abar))
    return torch.where(small, ratio, torch.full_like(ratio, gamma))


@right("snr_weight", "row by row with Python numbers")
def weight_row_by_row(t, schedule, predicts="noise", gamma=5.0):
    weights = []
    for step in t.tolist():
        signal, sigma = schedule.sqrt_alphas_cumprod[step].item(), schedule.sqrt_one_minus_alphas_cumprod[step].item()
        if predicts == "noise":
            weights.append(1.0 if signal == 0 else min(1.0, gamma * (sigma / signal) ** 2))
        elif predicts == "start":
            weights.append(min((signal / sigma) ** 2, gamma))
        else:
            weights.append(min((signal / sigma) ** 2, gamma) * sigma**2 / (signal**2 + sigma**2))
    return torch.tensor(weights)


@right("snr_weight", "the weight of start, times the factor between the units")
def weight_by_units(t, schedule, predicts="noise", gamma=5.0):
    noisy = schedule.sqrt_one_minus_alphas_cumprod[t] ** 2
    clean = schedule.sqrt_alphas_cumprod[t] ** 2
    match predicts:
        case "start":
            return torch.minimum(clean / noisy, torch.tensor(float(gamma)))
        case "noise":
            return 1 - functional.relu(1 - gamma * noisy / clean)
        case "v":
            return torch.minimum(clean, gamma * noisy)


@right("snr_weight", "a table for all steps first, then t")
def weight_from_table(t, schedule, predicts="noise", gamma=5.0):
    every = torch.arange(schedule.timesteps)
    ratio = (schedule.sqrt_alphas_cumprod / schedule.sqrt_one_minus_alphas_cumprod).square()[every]
    cap = torch.min(ratio, torch.as_tensor(gamma, dtype=ratio.dtype))
    units = {"start": torch.ones_like(ratio), "noise": ratio, "v": ratio + 1}
    return torch.where(units[predicts] == 0, 1.0, cap / units[predicts])[t]
