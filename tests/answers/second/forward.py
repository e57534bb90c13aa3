"""Answers to the quizzes of chapter 04, the forward process."""

import torch
from einops import rearrange
from torch import Tensor

from answers import right, wrong
from course_lib.forward import extract, q_step

# extract


@wrong("extract", "picked, but not shaped")
def extract_unshaped(values, t, x_shape):
    return values[t]


@wrong("extract", "four axes, whatever x_shape says")
def extract_four_axes(values, t, x_shape):
    return values[t].reshape(-1, 1, 1, 1)


@wrong("extract", "one axis too many")
def extract_extra_axis(values, t, x_shape):
    b = t.shape[0]
    out = values.gather(-1, t)
    return out.reshape(b, *((1,) * len(x_shape)))


@wrong("extract", "the axes of length 1 come in front")
def extract_batch_last(values, t, x_shape):
    return values[t].reshape(*[1] * (len(x_shape) - 1), len(t))


@wrong("extract", "t is counted from 1")
def extract_from_one(values, t, x_shape):
    return values[t - 1].reshape(len(t), *[1] * (len(x_shape) - 1))


@wrong("extract", "the first B values: t plays no part")
def extract_first_values(values, t, x_shape):
    return values[: len(t)].reshape(len(t), *[1] * (len(x_shape) - 1))


@wrong("extract", "reshaped to x_shape itself, which raises")
def extract_to_whole_shape(values, t, x_shape):
    return torch.gather(values, 0, t).reshape(x_shape)


@wrong("extract", "one t for the whole batch, and four axes")
def extract_first_t(values, t, x_shape):
    value = values[t[0].item()]
    return value.expand(len(t)).reshape(-1, 1, 1, 1)


@right("extract", "unsqueezes until there are enough axes")
def extract_unsqueeze(values: Tensor, t: Tensor, x_shape) -> Tensor:
    out = values.index_select(0, t)
    while out.ndim < len(x_shape):
        out = out.unsqueeze(-1)
    return out


@right("extract", "None indices")
def extract_none_indices(values, t, x_shape):
    return torch.take(values, t)[(...,) + (None,) * (len(x_shape) - 1)]


@right("extract", "einops with a pattern that is put together")
def extract_rearrange(values, t, x_shape):
    return rearrange(values[t], "b -> b " + "1 " * (len(x_shape) - 1))


# q_step


@wrong("q_step", "beta instead of its root before the noise")
def step_beta_without_root(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return torch.sqrt(1 - beta) * x_prev + beta * noise


@wrong("q_step", "leaps with alpha-bar, as q_sample does")
def step_leaps(x_prev, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_prev.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_prev.shape)
    return signal * x_prev + sigma * noise


@wrong("q_step", "does not shrink")
def step_without_shrinking(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return x_prev + beta.sqrt() * noise


@wrong("q_step", "the betas meet the last axis")
def step_unshaped(x_prev, t, noise, schedule):
    beta = schedule.betas[t]
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@wrong("q_step", "draws noise of its own from a Normal")
def step_own_noise(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    mean = (1 - beta).sqrt() * x_prev
    return torch.distributions.Normal(mean, beta.sqrt()).sample()


@wrong("q_step", "overwrites x_{t-1}")
def step_overwrites(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return x_prev.mul_((1 - beta).sqrt()).add_(beta.sqrt() * noise)


@wrong("q_step", "no noise is added at t = 0")
def step_no_noise_at_zero(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    noisy = (1 - beta).sqrt() * x_prev + beta.sqrt() * noise
    first = (t == 0).reshape(-1, *[1] * (x_prev.ndim - 1))
    return torch.where(first, x_prev, noisy)


@wrong("q_step", "one beta for the whole batch, and shrunk without the root")
def step_one_beta(x_prev, t, noise, schedule):
    beta = schedule.betas[t[0]]
    return (1 - beta) * x_prev + beta**0.5 * noise


@right("q_step", "roots of alphas and betas by None indices")
def step_with_alphas(x_prev, t, noise, schedule):
    axes = (slice(None),) + (None,) * (x_prev.ndim - 1)
    return schedule.alphas[t].sqrt()[axes] * x_prev + schedule.betas[t].sqrt()[axes] * noise


@right("q_step", "row by row, in float64")
def step_by_rows(x_prev: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    rows = []
    for x, i, z in zip(x_prev, t.tolist(), noise, strict=True):
        beta = float(schedule.betas[i])
        rows.append((1 - beta) ** 0.5 * x.double() + beta**0.5 * z.double())
    return torch.stack(rows).to(x_prev.dtype)


@right("q_step", "the batch goes last by transposing, where broadcasting likes it")
def step_batch_last(x_prev, t, noise, schedule):
    beta = schedule.betas.gather(0, t)
    x, z = x_prev.movedim(0, -1), noise.movedim(0, -1)
    return (torch.sqrt(1 - beta) * x + torch.sqrt(beta) * z).movedim(-1, 0)


# q_sample


@wrong("q_sample", "alpha-bar without roots")
def leap_without_roots(x_start, t, noise, schedule):
    bar = extract(schedule.alphas_cumprod, t, x_start.shape)
    return bar * x_start + (1 - bar) * noise


@wrong("q_sample", "the coefficients are swapped")
def leap_swapped(x_start, t, noise, schedule):
    a = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    b = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return b * x_start + a * noise


@wrong("q_sample", "one minus the root instead of the root of one minus")
def leap_root_order(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return signal * x_start + (1 - signal) * noise


@wrong("q_sample", "all the single steps, with the same noise in each")
def leap_by_steps(x_start, t, noise, schedule):
    x = x_start
    for step in range(int(t.max()) + 1):
        now = torch.full_like(t, step)
        moved = q_step(x, now, noise, schedule)
        x = torch.where((t >= step).reshape(-1, *[1] * (x.ndim - 1)), moved, x)
    return x


@wrong("q_sample", "returns x_t and the noise")
def leap_with_noise(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * x_start + sigma * noise, noise


@wrong("q_sample", "t = 0 is taken for the clean picture")
def leap_clean_at_zero(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    first = (t == 0).reshape(signal.shape)
    return torch.where(first, x_start, signal * x_start + sigma * noise)


@wrong("q_sample", "EDM: noise is added, nothing is shrunk")
def leap_edm(x_start, t, noise, schedule):
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod / schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return x_start + sigma * noise


@wrong("q_sample", "alpha instead of alpha-bar, and the result is clamped")
def leap_alpha_and_clamp(x_start, t, noise, schedule):
    alpha = extract(schedule.alphas, t, x_start.shape)
    x_t = alpha.sqrt() * x_start + (1 - alpha).sqrt() * noise
    return x_t.clamp(-1, 1)


@right("q_sample", "vmap over rows with scalar coefficients")
def leap_vmap(x_start, t, noise, schedule):
    a, b = schedule.sqrt_alphas_cumprod[t], schedule.sqrt_one_minus_alphas_cumprod[t]
    return torch.vmap(lambda p, x, q, z: p * x + q * z)(a, x_start, b, noise)


@right("q_sample", "einsum for both products")
def leap_einsum(x_start: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    def scale(coefficients, x):
        return torch.einsum("b,b...->b...", coefficients.index_select(0, t).to(x.dtype), x)

    return scale(schedule.sqrt_alphas_cumprod, x_start) + scale(schedule.sqrt_one_minus_alphas_cumprod, noise)


@right("q_sample", "flattened to (B, n), in float64, in place on a fresh tensor")
def leap_flattened(x_start, t, noise, schedule):
    out = x_start.reshape(len(t), -1).double().clone()
    out *= schedule.sqrt_alphas_cumprod[t].double().unsqueeze(1)
    out += schedule.sqrt_one_minus_alphas_cumprod[t].double().unsqueeze(1) * noise.reshape(len(t), -1)
    return out.reshape(x_start.shape).to(x_start.dtype)


# q_posterior


@wrong("q_posterior", "the weights of x_0 and x_t are swapped")
def posterior_swapped(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_t + c2 * x_start, extract(schedule.posterior_variance, t, x_t.shape)


@wrong("q_posterior", "returns the standard deviation")
def posterior_std(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, extract(schedule.posterior_variance, t, x_t.shape).sqrt()


@wrong("q_posterior", "the variance is left as (B,)")
def posterior_variance_unshaped(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, schedule.posterior_variance[t]


@wrong("q_posterior", "three results, with the clipped log of the variance, as in guided-diffusion")
def posterior_three(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    variance = extract(schedule.posterior_variance, t, x_t.shape)
    return c1 * x_start + c2 * x_t, variance, variance.clamp(min=1e-20).log()


@wrong("q_posterior", "only the mean")
def posterior_mean_only(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t


@wrong("q_posterior", "alphas_cumprod[t - 1] is the last one at t = 0")
def posterior_wraps_around(x_start, x_t, t, schedule):
    beta = extract(schedule.betas, t, x_t.shape)
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    prev = schedule.alphas_cumprod[t - 1].reshape(bar.shape)
    mean = beta * prev.sqrt() / (1 - bar) * x_start + (1 - prev) * (1 - beta).sqrt() / (1 - bar) * x_t
    return mean, beta * (1 - prev) / (1 - bar)


@wrong("q_posterior", "beta as the variance")
def posterior_beta(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, extract(schedule.betas, t, x_t.shape)


@wrong("q_posterior", "alpha-bar of this step for the one before, and no root of alpha")
def posterior_current_bar(x_start, x_t, t, schedule):
    beta = extract(schedule.betas, t, x_t.shape)
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    prev = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    mean = beta * bar.sqrt() / (1 - bar) * x_start + (1 - prev) * (1 - beta) / (1 - bar) * x_t
    return mean, beta * (1 - prev) / (1 - bar)


@right("q_posterior", "one lookup for all three columns")
def posterior_stacked(x_start, x_t, t, schedule):
    table = torch.stack(
        [schedule.posterior_mean_coef1, schedule.posterior_mean_coef2, schedule.posterior_variance], dim=1
    )
    c1, c2, variance = (c.reshape(-1, *[1] * (x_t.ndim - 1)) for c in table[t].unbind(dim=1))
    return torch.addcmul(c1 * x_start, c2, x_t), variance


@right("q_posterior", "the constants once more from the betas, in float64")
def posterior_from_betas(x_start: Tensor, x_t: Tensor, t: Tensor, schedule) -> tuple[Tensor, Tensor]:
    betas = schedule.betas.double()
    bar = torch.cumprod(1 - betas, dim=0)
    prev = torch.cat([torch.ones_like(bar[:1]), bar[:-1]])
    beta, bar, prev = (extract(v, t, x_t.shape) for v in (betas, bar, prev))
    mean = (beta * prev.sqrt() * x_start + (1 - prev) * (1 - beta).sqrt() * x_t) / (1 - bar)
    return mean.to(x_t.dtype), (beta * (1 - prev) / (1 - bar)).to(x_t.dtype)


@right("q_posterior", "einsum for the mean, None indices for the variance")
def posterior_einsum(x_start, x_t, t, schedule):
    mean = torch.einsum("b,b...->b...", schedule.posterior_mean_coef1[t], x_start)
    mean = mean + torch.einsum("b,b...->b...", schedule.posterior_mean_coef2[t], x_t)
    variance = schedule.posterior_variance[t]
    for _ in x_t.shape[1:]:
        variance = variance[..., None]
    return mean, variance


# combine_gaussians


@right("combine_gaussians", "one gain for both results")
def combined_by_gain(mean1, variance1, mean2, variance2):
    gain = variance2 / (variance1 + variance2)
    return gain * mean1 + (1 - gain) * mean2, gain * variance1


@right("combine_gaussians", "torch.lerp")
def combined_by_lerp(mean1, variance1, mean2, variance2):
    weight = variance1 / (variance1 + variance2)
    return mean1 + weight * (mean2 - mean1), variance2 * weight


@right("combine_gaussians", "precisions, and the certain witnesses apart")
def combined_by_cases(mean1, variance1, mean2, variance2):
    variance = variance1 * variance2 / (variance1 + variance2)
    mean = variance * (mean1 / variance1 + mean2 / variance2)
    mean = torch.where(variance1 == 0, mean1 + 0 * mean2, mean)
    return torch.where(variance2 == 0, mean2 + 0 * mean1, mean), variance


@wrong("combine_gaussians", "each mean with its own variance")
def combined_own_weights(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (mean1 * variance1 + mean2 * variance2) / total, variance1 * variance2 / total


@wrong("combine_gaussians", "the average of the means")
def combined_average(mean1, variance1, mean2, variance2):
    return (mean1 + mean2) / 2, variance1 * variance2 / (variance1 + variance2)


@wrong("combine_gaussians", "the variances are added")
def combined_sum(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (mean1 * variance2 + mean2 * variance1) / total, total


@wrong("combine_gaussians", "precisions: not a number where a variance is 0")
def combined_precisions(mean1, variance1, mean2, variance2):
    variance = 1 / (1 / variance1 + 1 / variance2)
    return variance * (mean1 / variance1 + mean2 / variance2), variance


@wrong("combine_gaussians", "the standard deviation")
def combined_deviation(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (mean1 * variance2 + mean2 * variance1) / total, (variance1 * variance2 / total).sqrt()


@wrong("combine_gaussians", "only the mean")
def combined_mean_only(mean1, variance1, mean2, variance2):
    return (mean1 * variance2 + mean2 * variance1) / (variance1 + variance2)


@wrong("combine_gaussians", "not divided")
def combined_undivided(mean1, variance1, mean2, variance2):
    return mean1 * variance2 + mean2 * variance1, variance1 * variance2


@wrong("combine_gaussians", "the product of the means")
def combined_product_of_means(mean1, variance1, mean2, variance2):
    return mean1 * mean2, variance1 * variance2 / (variance1 + variance2)


@wrong("combine_gaussians", "the precision instead of the variance")
def combined_precision_returned(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (mean1 * variance2 + mean2 * variance1) / total, 1 / variance1 + 1 / variance2
