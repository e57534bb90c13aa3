"""Answers to the quizzes of chapter 15."""

import math

import numpy as np
import torch
from einops import einsum, rearrange, reduce
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib.objective import kl_between_gaussians

# reparameterize


@right("reparameterize", "the usual two lines, 0.5 before the log-variance")
def draw_two_lines(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    std = torch.exp(0.5 * log_variance)
    return mean + std * noise


@right("reparameterize", "the variance first, then its root")
def draw_by_variance(mean, log_variance, noise):
    variance = log_variance.exp()
    return mean + torch.sqrt(variance) * noise


@right("reparameterize", "a power of e")
def draw_power(mean, log_variance, noise):
    return noise * math.e ** (log_variance / 2) + mean


@right("reparameterize", "addcmul")
def draw_addcmul(mean, log_variance, noise):
    return torch.addcmul(mean, noise, log_variance.mul(0.5).exp())


@right("reparameterize", "the transform of torch.distributions")
def draw_transform(mean, log_variance, noise):
    to_latent = torch.distributions.AffineTransform(loc=mean, scale=torch.exp(log_variance / 2))
    return to_latent(noise)


@right("reparameterize", "row by row, stacked")
def draw_rows(mean, log_variance, noise):
    rows = []
    for m, lv, n in zip(mean, log_variance, noise, strict=True):
        sigma = torch.pow(torch.exp(lv), 0.5)
        rows.append(m + sigma * n)
    return torch.stack(rows)


@wrong("reparameterize", "the variance multiplies the noise: no root")
def draw_variance_as_std(mean, log_variance, noise):
    return mean + log_variance.exp() * noise


@wrong("reparameterize", "the log-variance multiplies the noise")
def draw_log_variance_as_std(mean, log_variance, noise):
    return mean + log_variance * noise


@wrong("reparameterize", "the log-variance is taken for the variance: root of it")
def draw_root_of_log(mean, log_variance, noise):
    return mean + torch.sqrt(log_variance) * noise


@wrong("reparameterize", "the root of |log_variance|, to get rid of nan")
def draw_root_of_abs(mean, log_variance, noise):
    return mean + log_variance.abs().sqrt() * noise


@wrong("reparameterize", "twice the log-variance in place of half of it")
def draw_doubles(mean, log_variance, noise):
    return mean + torch.exp(2 * log_variance) * noise


@wrong("reparameterize", "the precision: minus in the exponent")
def draw_minus_half(mean, log_variance, noise):
    return mean + torch.exp(-0.5 * log_variance) * noise


@wrong("reparameterize", "half of exp, not exp of half")
def draw_half_outside(mean, log_variance, noise):
    return mean + 0.5 * torch.exp(log_variance) * noise


@wrong("reparameterize", "the root of the log-variance inside exp")
def draw_exp_of_root(mean, log_variance, noise):
    return mean + torch.exp(log_variance.abs() ** 0.5) * noise


@wrong("reparameterize", "softplus, as some networks' standard deviations")
def draw_softplus(mean, log_variance, noise):
    return mean + functional.softplus(log_variance) * noise


@wrong("reparameterize", "a logarithm to base 10")
def draw_base_ten(mean, log_variance, noise):
    return mean + 10 ** (log_variance / 2) * noise


@wrong("reparameterize", "the mean is forgotten")
def draw_without_mean(mean, log_variance, noise):
    return torch.exp(log_variance / 2) * noise


@wrong("reparameterize", "the noise is forgotten")
def draw_without_noise(mean, log_variance, noise):
    return mean + torch.exp(log_variance / 2)


@wrong("reparameterize", "the mean alone")
def draw_mean(mean, log_variance, noise):
    return mean


@wrong("reparameterize", "noise of standard deviation 1")
def draw_unit_noise(mean, log_variance, noise):
    return mean + noise


@wrong("reparameterize", "everything is added")
def draw_adds(mean, log_variance, noise):
    return mean + torch.exp(log_variance / 2) + noise


@wrong("reparameterize", "the standard deviation multiplies the mean, too")
def draw_scales_mean(mean, log_variance, noise):
    return torch.exp(log_variance / 2) * (mean + noise)


@wrong("reparameterize", "the standard deviation multiplies the mean, not the noise")
def draw_scales_only_mean(mean, log_variance, noise):
    return mean * torch.exp(log_variance / 2) + noise


@wrong("reparameterize", "minus: the same distribution, but not this draw")
def draw_minus(mean, log_variance, noise):
    return mean - torch.exp(log_variance / 2) * noise


@wrong("reparameterize", "normalises in place of drawing")
def draw_normalises(mean, log_variance, noise):
    return (noise - mean) / torch.exp(log_variance / 2)


@wrong("reparameterize", "noise of its own")
def draw_own_noise(mean, log_variance, noise):
    return mean + torch.exp(log_variance / 2) * torch.randn_like(mean)


@wrong("reparameterize", "Normal.sample: noise of its own and no gradient")
def draw_sample(mean, log_variance, noise):
    return Normal(mean, torch.exp(log_variance / 2)).sample()


@wrong("reparameterize", "Normal.rsample: noise of its own")
def draw_rsample(mean, log_variance, noise):
    return Normal(mean, torch.exp(log_variance / 2)).rsample()


@wrong("reparameterize", "torch.normal: noise of its own and no gradient")
def draw_torch_normal(mean, log_variance, noise):
    return torch.normal(mean, torch.exp(log_variance / 2))


@wrong("reparameterize", "no_grad: the encoder learns nothing")
def draw_no_grad(mean, log_variance, noise):
    with torch.no_grad():
        return mean + torch.exp(log_variance / 2) * noise


@wrong("reparameterize", "the standard deviation is detached")
def draw_detached_std(mean, log_variance, noise):
    std = torch.exp(log_variance / 2).detach()
    return mean + std * noise


@wrong("reparameterize", ".data: the mean learns nothing")
def draw_data(mean, log_variance, noise):
    return mean.data + torch.exp(log_variance / 2) * noise


@wrong("reparameterize", "one standard deviation for all")
def draw_mean_std(mean, log_variance, noise):
    return mean + torch.exp(log_variance.mean() / 2) * noise


@wrong("reparameterize", "the first row's standard deviation for all")
def draw_first_std(mean, log_variance, noise):
    return mean + torch.exp(log_variance[:1] / 2) * noise


@wrong("reparameterize", "the first row's noise for all")
def draw_first_noise(mean, log_variance, noise):
    return mean + torch.exp(log_variance / 2) * noise[0]


@wrong("reparameterize", "the log-variance is never above 0")
def draw_clamped(mean, log_variance, noise):
    return mean + torch.exp(log_variance.clamp(max=0) / 2) * noise


@wrong("reparameterize", "flattened, (B, d)")
def draw_flattened(mean, log_variance, noise):
    return (mean + torch.exp(log_variance / 2) * noise).flatten(1)


@wrong("reparameterize", "the standard deviation comes back, too")
def draw_pair(mean, log_variance, noise):
    std = torch.exp(log_variance / 2)
    return mean + std * noise, std


@wrong("reparameterize", "the mean is changed in place")
def draw_adds_in_place(mean, log_variance, noise):
    mean += torch.exp(log_variance / 2) * noise
    return mean


@wrong("reparameterize", "the noise is scaled in place; the numbers are right")
def draw_scales_noise_in_place(mean, log_variance, noise):
    noise *= torch.exp(log_variance / 2)
    return mean + noise


@wrong("reparameterize", "exp_ on the log-variance itself")
def draw_exp_in_place(mean, log_variance, noise):
    std = log_variance.exp_().sqrt()
    return mean + std * noise


@wrong("reparameterize", "math.exp of a tensor")
def draw_math_exp(mean, log_variance, noise):
    return mean + math.exp(log_variance / 2) * noise


@wrong("reparameterize", "the brackets after sqrt are missing")
def draw_method(mean, log_variance, noise):
    return mean + log_variance.exp().sqrt * noise


@wrong("reparameterize", "a matrix product")
def draw_matmul(mean, log_variance, noise):
    return mean + torch.exp(log_variance / 2) @ noise


@wrong("reparameterize", "by numpy: no gradient, an array")
def draw_numpy(mean, log_variance, noise):
    return mean.numpy() + np.exp(log_variance.numpy() / 2) * noise.numpy()


@wrong("reparameterize", "no return")
def draw_returns_nothing(mean, log_variance, noise):
    std = torch.exp(log_variance / 2)
    z = mean + std * noise  # noqa: F841


# kl_to_standard_normal


@right("kl_to_standard_normal", "-0.5 sum(1 + log - m² - exp) over all axes but the first")
def kl_usual(mean: Tensor, log_variance: Tensor) -> Tensor:
    each = 1 + log_variance - mean.pow(2) - log_variance.exp()
    return -0.5 * torch.sum(each, dim=list(range(1, each.ndim)))


@right("kl_to_standard_normal", "torch.distributions")
def kl_by_distributions(mean, log_variance):
    q = Normal(mean, torch.exp(0.5 * log_variance))
    p = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return kl_divergence(q, p).flatten(1).sum(1)


@right("kl_to_standard_normal", "chapter 10's KL between two normal distributions")
def kl_by_library(mean, log_variance):
    each = kl_between_gaussians(mean, log_variance.exp(), mean.new_zeros(()), mean.new_ones(()))
    return reduce(each, "b ... -> b", "sum")


@right("kl_to_standard_normal", "row by row, stacked")
def kl_rows(mean, log_variance):
    def one(m, lv):
        return 0.5 * (m**2 + torch.exp(lv) - lv - 1).sum()

    return torch.stack([one(mean[i], log_variance[i]) for i in range(mean.shape[0])])


@right("kl_to_standard_normal", "expm1, and the squares by einsum")
def kl_expm1(mean, log_variance):
    m, lv = mean.reshape(len(mean), -1), log_variance.reshape(len(mean), -1)
    return (einsum(m, m, "b d, b d -> b") + (torch.expm1(lv) - lv).sum(dim=1)) / 2


@right("kl_to_standard_normal", "the expectation of log q - log p, term by term")
def kl_expectation(mean, log_variance):
    log_q = -0.5 * (math.log(2 * math.pi) + log_variance + 1)  # minus the entropy
    log_p = -0.5 * (math.log(2 * math.pi) + mean.square() + log_variance.exp())
    return torch.flatten(log_q - log_p, start_dim=1).sum(dim=-1)


@right("kl_to_standard_normal", "the mean over a row, times how many numbers it has")
def kl_mean_times_count(mean, log_variance):
    each = 0.5 * (mean * mean + log_variance.exp() - 1.0 - log_variance)
    return each.flatten(1).mean(1) * mean[0].numel()


@wrong("kl_to_standard_normal", "one number: the sum over the batch, too")
def kl_sum_of_all(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum()


@wrong("kl_to_standard_normal", "one number: the mean over the batch")
def kl_batch_mean(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1).mean()


@wrong("kl_to_standard_normal", "the mean over a row's numbers")
def kl_row_mean(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).mean(1)


@wrong("kl_to_standard_normal", "the sum goes over the batch")
def kl_sums_batch(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=0)


@wrong("kl_to_standard_normal", "only the channels are summed")
def kl_sums_channels(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=1)


@wrong("kl_to_standard_normal", "only the last axis is summed")
def kl_sums_last(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=-1)


@wrong("kl_to_standard_normal", "three axes by number: right for images only")
def kl_sums_three(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=(1, 2, 3))


@wrong("kl_to_standard_normal", "no sum: a number for every latent")
def kl_of_each(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1)


@wrong("kl_to_standard_normal", "keepdim: (B, 1)")
def kl_keepdim(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1, keepdim=True)


@wrong("kl_to_standard_normal", "no half")
def kl_without_half(mean, log_variance):
    return (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the half stands before the first term only")
def kl_half_of_first(mean, log_variance):
    return (0.5 * mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "a minus is missing: negative")
def kl_negative(mean, log_variance):
    return 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "-0.5, but the terms' signs were turned already")
def kl_turned_twice(mean, log_variance):
    return -0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the 1 is forgotten")
def kl_without_one(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "1 is taken off once a row, not once a number")
def kl_one_a_row(mean, log_variance):
    return 0.5 * ((mean**2 + log_variance.exp() - log_variance).flatten(1).sum(1) - 1)


@wrong("kl_to_standard_normal", "plus 1")
def kl_plus_one(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance + 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "plus the log-variance")
def kl_plus_log(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() + log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the log-variance is forgotten")
def kl_without_log(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the mean is forgotten")
def kl_without_mean(mean, log_variance):
    return 0.5 * (log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the mean is not squared")
def kl_mean_not_squared(mean, log_variance):
    return 0.5 * (mean + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "|mean| in place of mean²")
def kl_absolute(mean, log_variance):
    return 0.5 * (mean.abs() + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the sum is squared, not each mean")
def kl_square_of_sum(mean, log_variance):
    rest = (log_variance.exp() - log_variance - 1).flatten(1).sum(1)
    return 0.5 * (mean.flatten(1).sum(1) ** 2 + rest)


@wrong("kl_to_standard_normal", "the standard deviation in place of the variance")
def kl_std(mean, log_variance):
    return 0.5 * (mean**2 + (log_variance / 2).exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the log-variance is taken for the log of the standard deviation")
def kl_log_std(mean, log_variance):
    return 0.5 * (mean**2 + (2 * log_variance).exp() - 2 * log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "half the log-variance: log of the standard deviation beside the variance")
def kl_half_log(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance / 2 - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the log-variance is taken for the variance: nan where it is below 0")
def kl_log_of_log(mean, log_variance):
    return 0.5 * (mean**2 + log_variance - torch.log(log_variance) - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the log-variance squared in place of exp")
def kl_squares_log(mean, log_variance):
    return 0.5 * (mean**2 + log_variance**2 - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the other direction, KL(N(0, 1) || q)")
def kl_reversed(mean, log_variance):
    return 0.5 * ((1 + mean**2) / log_variance.exp() + log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "minus the entropy: half of the KL is missing")
def kl_entropy(mean, log_variance):
    return (-0.5 * (math.log(2 * math.pi) + 1 + log_variance)).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the cross-entropy: log q is missing")
def kl_cross_entropy(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() + math.log(2 * math.pi)).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "in bits")
def kl_bits(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1) / math.log(2)


@wrong("kl_to_standard_normal", "the squared distance of the parameters from (0, 1)")
def kl_distance(mean, log_variance):
    return 0.5 * (mean**2 + (log_variance.exp() - 1) ** 2).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "from one draw, by log_prob: right on average only")
def kl_of_a_draw(mean, log_variance):
    q = Normal(mean, torch.exp(log_variance / 2))
    z = q.rsample()
    return (q.log_prob(z) + 0.5 * z**2 + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "functional.kl_div, which is for probabilities")
def kl_div(mean, log_variance):
    return functional.kl_div(mean, log_variance, reduction="none").flatten(1).sum(1)


@wrong("kl_to_standard_normal", "free bits: no latent counts less than 0.5")
def kl_free_bits(mean, log_variance):
    each = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1)
    return each.clamp(min=0.5).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "the mean is squared in place")
def kl_squares_in_place(mean, log_variance):
    return 0.5 * (mean.pow_(2) + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "exp_ in place: afterwards the log-variance is the variance")
def kl_exp_in_place(mean, log_variance):
    variance = log_variance.exp_()
    return 0.5 * (mean**2 + variance - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "no_grad: nothing to learn from")
def kl_no_grad(mean, log_variance):
    with torch.no_grad():
        return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "a list of floats")
def kl_list(mean, log_variance):
    return (0.5 * (mean**2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1)).tolist()


@wrong("kl_to_standard_normal", "^ for a power")
def kl_caret(mean, log_variance):
    return 0.5 * (mean ^ 2 + log_variance.exp() - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "math.exp of a tensor")
def kl_math_exp(mean, log_variance):
    return 0.5 * (mean**2 + math.exp(log_variance) - log_variance - 1).flatten(1).sum(1)


@wrong("kl_to_standard_normal", "a name that does not exist here")
def kl_logvar(mean, log_variance):
    return 0.5 * (mean**2 + log_variance.exp() - logvar - 1).flatten(1).sum(1)  # noqa: F821


# latent_scale


@right("latent_scale", "reciprocal of torch.std")
def scale_reciprocal(latents: Tensor) -> Tensor:
    return torch.reciprocal(torch.std(latents))


@right("latent_scale", "rsqrt of the variance of the flat tensor")
def scale_rsqrt(latents):
    return latents.flatten().var().rsqrt()


@right("latent_scale", "by hand: the mean, the squares, N - 1")
def scale_by_hand(latents):
    centred = latents - latents.mean()
    variance = centred.pow(2).sum() / (latents.numel() - 1)
    return 1 / variance.sqrt()


@right("latent_scale", "std_mean and a negative power")
def scale_power(latents):
    std, _ = torch.std_mean(latents)
    return std ** (-1)


@right("latent_scale", "numpy in float64, with ddof=1")
def scale_numpy(latents):
    std = np.std(latents.detach().cpu().numpy().astype(np.float64), ddof=1)
    return torch.tensor(1 / std, dtype=latents.dtype, device=latents.device)


@right("latent_scale", "all axes by number; new ones divided")
def scale_all_axes(latents):
    return latents.new_tensor(1.0) / latents.std(dim=tuple(range(latents.ndim)))


@right("latent_scale", "rearranged to a vector, its norm")
def scale_norm(latents):
    vector = rearrange(latents, "n c h w -> (n c h w)")
    return math.sqrt(len(vector) - 1) / torch.linalg.vector_norm(vector - vector.mean())


@wrong("latent_scale", "the standard deviation itself: scales the wrong way")
def scale_std(latents):
    return latents.std()


@wrong("latent_scale", "1 / variance")
def scale_variance(latents):
    return 1 / latents.var()


@wrong("latent_scale", "the root of the standard deviation")
def scale_root_of_std(latents):
    return 1 / latents.std().sqrt()


@wrong("latent_scale", "the root of the mean square: the mean is not taken off")
def scale_rms(latents):
    return 1 / latents.square().mean().sqrt()


@wrong("latent_scale", "a factor for each channel, (C,)")
def scale_per_channel(latents):
    return 1 / latents.std(dim=(0, 2, 3))


@wrong("latent_scale", "a factor for each channel, (1, C, 1, 1)")
def scale_per_channel_keepdim(latents):
    return 1 / latents.std(dim=(0, 2, 3), keepdim=True)


@wrong("latent_scale", "a factor for each image, (N,)")
def scale_per_image(latents):
    return 1 / latents.flatten(1).std(dim=1)


@wrong("latent_scale", "the standard deviation over the images, for each place")
def scale_over_images(latents):
    return 1 / latents.std(dim=0)


@wrong("latent_scale", "the mean of the images' standard deviations")
def scale_mean_of_images(latents):
    return 1 / latents.flatten(1).std(dim=1).mean()


@wrong("latent_scale", "the mean of the channels' standard deviations")
def scale_mean_of_channels(latents):
    return 1 / latents.std(dim=(0, 2, 3)).mean()


@wrong("latent_scale", "the mean of the channels' factors")
def scale_mean_of_factors(latents):
    return (1 / latents.std(dim=(0, 2, 3))).mean()


@wrong("latent_scale", "the first image only")
def scale_first_image(latents):
    return 1 / latents[0].std()


@wrong("latent_scale", "the standard deviation of the images' means")
def scale_of_means(latents):
    return 1 / latents.mean(dim=(1, 2, 3)).std()


@wrong("latent_scale", "1 / the largest absolute value")
def scale_largest(latents):
    return 1 / latents.abs().max()


@wrong("latent_scale", "1 / mean absolute value")
def scale_mean_abs(latents):
    return 1 / latents.abs().mean()


@wrong("latent_scale", "1 / mean absolute deviation")
def scale_mean_deviation(latents):
    return 1 / (latents - latents.mean()).abs().mean()


@wrong("latent_scale", "1 / (max - min)")
def scale_range(latents):
    return 1 / (latents.max() - latents.min())


@wrong("latent_scale", "1 / mean")
def scale_mean(latents):
    return 1 / latents.mean()


@wrong("latent_scale", "1 / norm: no count")
def scale_whole_norm(latents):
    return 1 / (latents - latents.mean()).norm()


@wrong("latent_scale", "Stable Diffusion's number")
def scale_stable_diffusion(latents):
    return latents.new_tensor(0.18215)


@wrong("latent_scale", "divided by N: the population's standard deviation of each image, then the mean")
def scale_population_of_images(latents):
    return 1 / latents.flatten(1).var(dim=1, unbiased=False).mean().sqrt()


@wrong("latent_scale", "the latents, scaled")
def scale_applied(latents):
    return latents / latents.std()


@wrong("latent_scale", "the latents, standardised")
def scale_standardises(latents):
    return (latents - latents.mean()) / latents.std()


@wrong("latent_scale", "mean and factor")
def scale_pair(latents):
    return latents.mean(), 1 / latents.std()


@wrong("latent_scale", "a Python float")
def scale_float(latents):
    return 1 / latents.std().item()


@wrong("latent_scale", "shape (1,)")
def scale_one_axis(latents):
    return (1 / latents.std()).reshape(1)


@wrong("latent_scale", "shape (1, 1, 1, 1)")
def scale_four_axes(latents):
    return 1 / latents.std(dim=(0, 1, 2, 3), keepdim=True)


@wrong("latent_scale", "whole-number division")
def scale_floor(latents):
    return 1 // latents.std()


@wrong("latent_scale", "rounded to two digits")
def scale_rounded(latents):
    return torch.round(1 / latents.std(), decimals=2)


@wrong("latent_scale", "a standard deviation below 1 counts as 1")
def scale_at_most_one(latents):
    return 1 / latents.std().clamp(min=1.0)


@wrong("latent_scale", "the latents are centred in place")
def scale_centres_in_place(latents):
    latents -= latents.mean()
    return 1 / latents.std()


@wrong("latent_scale", "the brackets after std are missing")
def scale_method(latents):
    return 1 / latents.std


@wrong("latent_scale", "math.sqrt: a float")
def scale_math(latents):
    return 1 / math.sqrt(latents.var())


@wrong("latent_scale", "a name that torch does not have")
def scale_stdev(latents):
    return 1 / torch.stdev(latents)


@disputed("latent_scale", "divided by N, not N - 1: the docstring does not say which")
def scale_population(latents):
    return 1 / latents.std(correction=0)


@disputed("latent_scale", "1e-5 in the denominator: right but for tiny latents")
def scale_epsilon(latents):
    return 1 / (latents.std() + 1e-5)
