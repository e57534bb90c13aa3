"""Answers to the quizzes of chapter 06, why this loss."""

import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from answers import right, wrong
from course_lib.forward import extract, q_sample
from course_lib.schedules import snr

# v_from_start_and_noise


@wrong("v_from_start_and_noise", "the sign is turned, as in k-diffusion's counting")
def v_negative(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return sigma * x_start - signal * noise


@wrong("v_from_start_and_noise", "the weights are swapped")
def v_swapped(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return sigma * noise - signal * x_start


@wrong("v_from_start_and_noise", "alpha-bar without the roots")
def v_without_roots(x_start, t, noise, schedule):
    bar = extract(schedule.alphas_cumprod, t, x_start.shape)
    return bar * noise - (1 - bar) * x_start


@wrong("v_from_start_and_noise", "x_t in the place of x_0")
def v_with_x_t(x_start, t, noise, schedule):
    x_t = q_sample(x_start, t, noise, schedule)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * noise - sigma * x_t


@wrong("v_from_start_and_noise", "the velocity of rectified flow")
def v_rectified_flow(x_start, t, noise, schedule):
    return noise - x_start


@wrong("v_from_start_and_noise", "the weights meet the last axis")
def v_unshaped(x_start, t, noise, schedule):
    return schedule.sqrt_alphas_cumprod[t] * noise - schedule.sqrt_one_minus_alphas_cumprod[t] * x_start


@wrong("v_from_start_and_noise", "an angle from t / T instead of from the schedule")
def v_angle_of_t(x_start, t, noise, schedule):
    phi = (t / schedule.timesteps * math.pi / 2).reshape(-1, *[1] * (x_start.ndim - 1))
    return torch.cos(phi) * noise - torch.sin(phi) * x_start


@wrong("v_from_start_and_noise", "added, and with the first row's t for all")
def v_added_first_t(x_start, t, noise, schedule):
    i = t[0]
    return schedule.sqrt_alphas_cumprod[i] * noise + schedule.sqrt_one_minus_alphas_cumprod[i] * x_start


@right("v_from_start_and_noise", "from x_t: signal x_t minus x_0, over sigma")
def v_from_x_t(x_start, t, noise, schedule):
    bar = extract(torch.cumprod(1 - schedule.betas.double(), dim=0), t, x_start.shape)
    signal, sigma = bar.sqrt(), (1 - bar).sqrt()
    x_t = signal * x_start + sigma * noise
    return ((signal * x_t - x_start) / sigma).to(x_start.dtype)


@right("v_from_start_and_noise", "cosine and sine of the angle")
def v_by_angle(x_start: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    phi = torch.atan2(schedule.sqrt_one_minus_alphas_cumprod, schedule.sqrt_alphas_cumprod)[t]
    phi = phi.view(phi.shape + (1,) * (x_start.ndim - 1))
    return phi.cos() * noise - phi.sin() * x_start


@right("v_from_start_and_noise", "both products and the sum in one einsum")
def v_by_einsum(x_start, t, noise, schedule):
    weights = torch.stack([schedule.sqrt_alphas_cumprod[t], -schedule.sqrt_one_minus_alphas_cumprod[t]])
    return torch.einsum("kb,kb...->b...", weights, torch.stack([noise, x_start]))


# score_from_noise


@wrong("score_from_noise", "the minus is missing")
def score_without_minus(noise, t, schedule):
    return noise / extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)


@wrong("score_from_noise", "over the variance, not the spread")
def score_over_variance(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)
    return -noise / sigma**2


@wrong("score_from_noise", "multiplied with sigma")
def score_times_sigma(noise, t, schedule):
    return -noise * extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)


@wrong("score_from_noise", "over the signal's weight")
def score_over_signal(noise, t, schedule):
    return -noise / extract(schedule.sqrt_alphas_cumprod, t, noise.shape)


@wrong("score_from_noise", "the step's own spread, root of beta, instead of all the noise up to t")
def score_of_one_step(noise, t, schedule):
    return -noise / extract(schedule.betas, t, noise.shape).sqrt()


@wrong("score_from_noise", "four axes only")
def score_four_axes(noise, t, schedule):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t].view(-1, 1, 1, 1)
    return -noise / sigma


@wrong("score_from_noise", "a forgotten return")
def score_forgotten_return(noise, t, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, noise.shape)
    _score = -noise / sigma


@wrong("score_from_noise", "one t for all, and the noise's sigma is kept above 0.2")
def score_guarded_first_t(noise, t, schedule):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t[0]].clamp(min=0.2)
    return -noise / sigma


@right("score_from_noise", "rsqrt of one minus alpha-bar, from float64 betas")
def score_rsqrt(noise, t, schedule):
    bar = torch.cumprod(1 - schedule.betas.double(), dim=0)
    return -noise * extract(torch.rsqrt(1 - bar).to(noise.dtype), t, noise.shape)


@right("score_from_noise", "the slope of the Gaussian around x_0 = 0")
def score_of_gaussian(noise: Tensor, t: Tensor, schedule) -> Tensor:
    axes = (...,) + (None,) * (noise.ndim - 1)
    sigma = schedule.sqrt_one_minus_alphas_cumprod.double()[t][axes]
    mean = torch.zeros_like(noise)
    x_t = mean + sigma * noise
    return ((mean - x_t) / sigma.square()).to(noise.dtype)


@right("score_from_noise", "row by row")
def score_by_rows(noise, t, schedule):
    sigmas = schedule.sqrt_one_minus_alphas_cumprod.index_select(0, t)
    return torch.stack([row.neg().div(sigma) for row, sigma in zip(noise, sigmas, strict=True)])


# kl_between_gaussians


@wrong("kl_between_gaussians", "the two Gaussians are exchanged")
def kl_exchanged(mean1, variance1, mean2, variance2):
    return 0.5 * (torch.log(variance1 / variance2) + (variance2 + (mean1 - mean2) ** 2) / variance1 - 1)


@wrong("kl_between_gaussians", "guided-diffusion's formula, which takes log-variances")
def kl_log_variances(mean1, variance1, mean2, variance2):
    logvar1, logvar2 = variance1, variance2
    return 0.5 * (
        -1.0 + logvar2 - logvar1 + torch.exp(logvar1 - logvar2) + ((mean1 - mean2) ** 2) * torch.exp(-logvar2)
    )


@wrong("kl_between_gaussians", "variances given to Normal as its scale")
def kl_normal_scale(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1), Normal(mean2, variance2))


@wrong("kl_between_gaussians", "in bits")
def kl_bits(mean1, variance1, mean2, variance2):
    nats = 0.5 * (torch.log(variance2 / variance1) + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)
    return nats / math.log(2)


@wrong("kl_between_gaussians", "averaged over the elements")
def kl_averaged(mean1, variance1, mean2, variance2):
    kl = torch.log(variance2 / variance1) + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1
    return 0.5 * kl.mean()


@wrong("kl_between_gaussians", "against the standard normal, as in a VAE")
def kl_vae(mean1, variance1, mean2, variance2):
    return -0.5 * (1 + torch.log(variance1) - mean1**2 - variance1)


@wrong("kl_between_gaussians", "log of the variances where log of the spreads belongs: no half before it")
def kl_half_missing(mean1, variance1, mean2, variance2):
    return torch.log(variance2 / variance1) + (variance1 + (mean1 - mean2) ** 2) / (2 * variance2) - 0.5


@wrong("kl_between_gaussians", "the difference is not squared, and the minus 1 is missing")
def kl_two_slips(mean1, variance1, mean2, variance2):
    return 0.5 * (variance2.log() - variance1.log() + (variance1 + (mean1 - mean2).abs()) / variance2)


@right("kl_between_gaussians", "torch.distributions with the roots")
def kl_by_distributions(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1**0.5), Normal(mean2, variance2**0.5))


@right("kl_between_gaussians", "in log-variances")
def kl_by_logs(mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor) -> Tensor:
    ratio = variance1.log() - variance2.log()
    return (torch.expm1(ratio) - ratio + (mean1 - mean2).square() / variance2) / 2


@right("kl_between_gaussians", "cross-entropy minus entropy, in float64")
def kl_cross_entropy(mean1, variance1, mean2, variance2):
    m1, v1, m2, v2 = (x.double() for x in (mean1, variance1, mean2, variance2))
    entropy = 0.5 * torch.log(2 * math.pi * math.e * v1)
    cross = 0.5 * torch.log(2 * math.pi * v2) + (v1 + (m1 - m2) ** 2) / (2 * v2)
    return (cross - entropy).to(mean1.dtype)


# snr_weight


@wrong("snr_weight", "the same min(SNR, gamma) for all kinds")
def weight_ignores_predicts(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)[t]
    return torch.clamp(ratio, max=gamma)


@wrong("snr_weight", "max instead of min")
def weight_maximum(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)[t]
    limited = ratio.clamp(min=gamma)
    if predicts == "start":
        return limited
    return limited / ratio if predicts == "noise" else limited / (ratio + 1)


@wrong("snr_weight", "v is divided by SNR, the + 1 is missing")
def weight_v_like_noise(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)[t]
    limited = ratio.clamp(max=gamma)
    if predicts == "start":
        return limited
    return limited / ratio


@wrong("snr_weight", "5 is written in, gamma is ignored")
def weight_gamma_fixed(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)[t]
    limited = torch.minimum(ratio, torch.tensor(5.0))
    return limited / {"start": 1, "noise": ratio, "v": ratio + 1}[predicts]


@wrong("snr_weight", "noise and start have changed places")
def weight_kinds_exchanged(t, schedule, predicts="noise", gamma=5.0):
    ratio = snr(schedule.alphas_cumprod)[t]
    limited = ratio.clamp(max=gamma)
    if predicts == "noise":
        return limited
    if predicts == "start":
        return limited / ratio
    return limited / (ratio + 1)


@wrong("snr_weight", "the whole schedule's weights, [T]")
def weight_for_all_t(t, schedule, predicts="noise", gamma=5.0):
    ratio = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    limited = ratio.clamp(max=gamma)
    return limited / {"start": torch.ones_like(ratio), "noise": ratio, "v": ratio + 1}[predicts]


@wrong("snr_weight", "the ratio of the roots is not squared")
def weight_root_of_snr(t, schedule, predicts="noise", gamma=5.0):
    ratio = (schedule.sqrt_alphas_cumprod / schedule.sqrt_one_minus_alphas_cumprod)[t]
    limited = ratio.clamp(max=gamma)
    return limited / {"start": torch.ones_like(ratio), "noise": ratio, "v": ratio + 1}[predicts]


@wrong("snr_weight", "noise to signal is limited, and the + 1 goes inside the minimum")
def weight_upside_down(t, schedule, predicts="noise", gamma=5.0):
    bar = schedule.alphas_cumprod[t]
    ratio = (1 - bar) / bar
    if predicts == "v":
        return (ratio + 1).clamp(max=gamma) / (ratio + 1)
    limited = ratio.clamp(max=gamma)
    return limited if predicts == "start" else limited / ratio


@right("snr_weight", "in alpha-bar alone, without dividing by SNR")
def weight_in_alpha_bar(t, schedule, predicts="noise", gamma=5.0):
    signal = schedule.sqrt_alphas_cumprod[t] ** 2
    sigma2 = schedule.sqrt_one_minus_alphas_cumprod[t] ** 2
    in_v = torch.minimum(signal, gamma * sigma2)
    if predicts == "v":
        return in_v
    return in_v / (sigma2 if predicts == "start" else signal)


@right("snr_weight", "torch.where row by row, a dictionary of units")
def weight_where(t: Tensor, schedule, predicts: str = "noise", gamma: float = 5.0) -> Tensor:
    ratio = (schedule.sqrt_alphas_cumprod / schedule.sqrt_one_minus_alphas_cumprod).square().gather(0, t)
    limited = torch.where(ratio < gamma, ratio, gamma)
    units = {"noise": lambda: ratio, "start": lambda: torch.ones_like(ratio), "v": lambda: ratio + 1}
    return limited / units[predicts]()


@right("snr_weight", "stack and min, as in the paper's code, in float64")
def weight_stacked(t, schedule, predicts="noise", gamma=5.0):
    ratio = (schedule.sqrt_alphas_cumprod.double() / schedule.sqrt_one_minus_alphas_cumprod.double())[t] ** 2
    weight = torch.stack([ratio, gamma * torch.ones_like(ratio)], dim=1).min(dim=1)[0]
    match predicts:
        case "noise":
            weight = weight / ratio
        case "v":
            weight = weight / (ratio + 1)
    return weight.float()
