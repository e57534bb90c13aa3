"""Answers to the new quizzes of chapter 01."""

import math
from itertools import accumulate

import torch
from einops import rearrange, reduce
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from answers import right, wrong
from course_lib.toy import denoise_step, optimal_denoiser

# sample_path


@wrong("sample_path", "the noise is not scaled to the first level")
def path_unscaled(model, noise, sigmas):
    states = [noise]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@wrong("sample_path", "the last step is left out")
def path_one_short(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 2):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@wrong("sample_path", "a step from the last level, too")
def path_one_more(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas)):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@wrong("sample_path", "only the samples")
def path_end_only(model, noise, sigmas):
    x = sigmas[0] * noise
    for level in range(len(sigmas) - 1):
        x = denoise_step(model, x, level)
    return x


@wrong("sample_path", "a list")
def path_list(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return states


@wrong("sample_path", "[B, L] instead of [L, B]")
def path_transposed(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states, dim=1)


@wrong("sample_path", "the start is not kept")
def path_without_start(model, noise, sigmas):
    x, states = sigmas[0] * noise, []
    for level in range(len(sigmas) - 1):
        x = denoise_step(model, x, level)
        states.append(x)
    return torch.stack(states)


@wrong("sample_path", "the states before each step: the samples are missing, and the start is there twice")
def path_appends_before(model, noise, sigmas):
    x = sigmas[0] * noise
    states = [x]
    for level in range(len(sigmas) - 1):
        states.append(x)
        x = denoise_step(model, x, level)
    return torch.stack(states)


@wrong("sample_path", "one tensor, changed in place, so that all rows are equal")
def path_in_place(model, noise, sigmas):
    x = sigmas[0] * noise
    states = [x]
    for level in range(len(sigmas) - 1):
        x -= model(x, torch.full((len(x),), level))
        states.append(x)
    return torch.stack(states)


@wrong("sample_path", "the prediction is added")
def path_adds(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 1):
        x = states[-1]
        states.append(x + model(x, torch.full(x.shape, level)))
    return torch.stack(states)


@wrong("sample_path", "the prediction is multiplied by the gap once more")
def path_gap_twice(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 1):
        x = states[-1]
        gap = sigmas[level] - sigmas[level + 1]
        states.append(x - gap * model(x, torch.full(x.shape, level)))
    return torch.stack(states)


@wrong("sample_path", "always asks about level 0")
def path_level_zero(model, noise, sigmas):
    x = sigmas[0] * noise
    level = torch.zeros(len(x), dtype=torch.long)
    states = [x]
    for _ in range(len(sigmas) - 1):
        x = x - model(x, level)
        states.append(x)
    return torch.stack(states)


@wrong("sample_path", "the levels backwards, as if the last had the most noise")
def path_backwards(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in reversed(range(len(sigmas) - 1)):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@wrong("sample_path", "the samples come first")
def path_flipped(model, noise, sigmas):
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states[::-1])


@wrong("sample_path", "every step begins at the start again")
def path_from_start(model, noise, sigmas):
    start = sigmas[0] * noise
    states = [start]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, start, level))
    return torch.stack(states)


@wrong("sample_path", "draws its start itself")
def path_own_noise(model, noise, sigmas):
    states = [sigmas[0] * torch.randn_like(noise)]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@wrong("sample_path", "scaled by the last level")
def path_smallest_scale(model, noise, sigmas):
    states = [sigmas[-1] * noise]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@right("sample_path", "written into an empty tensor")
def path_preallocated(model, noise, sigmas):
    path = noise.new_empty(len(sigmas), len(noise))
    path[0] = noise * sigmas[0]
    for level in range(1, len(sigmas)):
        path[level] = denoise_step(model, path[level - 1], level - 1)
    return path


@right("sample_path", "itertools.accumulate")
def path_accumulated(model, noise: Tensor, sigmas: Tensor) -> Tensor:
    levels = range(len(sigmas) - 1)
    return torch.stack(list(accumulate(levels, lambda x, i: denoise_step(model, x, i), initial=sigmas[0] * noise)))


@right("sample_path", "asks the model itself")
def path_by_model(model, noise, sigmas):
    x, states = noise * sigmas[0].item(), []
    for level in range(len(sigmas)):
        states.append(x)
        if level < len(sigmas) - 1:
            x = x - model(x, torch.full((len(x),), level, dtype=torch.long, device=x.device))
    return torch.stack(states)


@right("sample_path", "recursion from level to level")
def path_recursive(model, noise, sigmas):
    def rest(x, level):
        if level == len(sigmas) - 1:
            return [x]
        return [x, *rest(denoise_step(model, x, level), level + 1)]

    return torch.cat([x[None] for x in rest(sigmas[0] * noise, 0)])


# peaks_denoiser


@wrong("peaks_denoiser", "only the nearest peak counts")
def peaks_nearest(x, sigma, peaks, std):
    nearest = peaks[(x[:, None] - peaks).abs().argmin(dim=1)]
    return optimal_denoiser(x, sigma, nearest, std)


@wrong("peaks_denoiser", "every peak counts the same, wherever x is")
def peaks_plain_mean(x, sigma, peaks, std):
    return torch.stack([optimal_denoiser(x, sigma, m, std) for m in peaks]).mean(dim=0)


@wrong("peaks_denoiser", "the probabilities know only the noise, not the width of the peaks")
def peaks_sigma_only(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * sigma**2), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "the probabilities know only the width of the peaks, not the noise")
def peaks_std_only(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * std**2), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "standard deviations are added instead of variances")
def peaks_added_deviations(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * (std + sigma) ** 2), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "the 2 in the exponent is missing")
def peaks_without_two(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (std**2 + sigma**2), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "the minus in the exponent is missing: the farthest peak wins")
def peaks_sign(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax((x[:, None] - peaks) ** 2 / (2 * (std**2 + sigma**2)), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "the densities are not divided by their sum")
def peaks_unnormalised(x, sigma, peaks, std):
    total = torch.zeros_like(x)
    for m in peaks:
        density = torch.exp(-((x - m) ** 2) / (2 * (std**2 + sigma**2)))
        total = total + density * optimal_denoiser(x, sigma, m, std)
    return total


@wrong("peaks_denoiser", "the softmax runs over the batch")
def peaks_softmax_batch(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * (std**2 + sigma**2)), dim=0)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "the mean of the peaks' places, not of their posterior means")
def peaks_only_places(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * (std**2 + sigma**2)), dim=1)
    return share @ peaks


@wrong("peaks_denoiser", "one answer per peak, (B, K)")
def peaks_unsummed(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * (std**2 + sigma**2)), dim=1)
    return share * optimal_denoiser(x[:, None], sigma, peaks, std)


@wrong("peaks_denoiser", "a sigma of (B,) meets the axis of the peaks")
def peaks_sigma_unshaped(x, sigma, peaks, std):
    share = torch.softmax(-((x[:, None] - peaks) ** 2) / (2 * (std**2 + sigma**2)), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@wrong("peaks_denoiser", "one broad bell in the place of all peaks")
def peaks_one_bell(x, sigma, peaks, std):
    broad = (std**2 + peaks.var(correction=0)) ** 0.5
    return optimal_denoiser(x, sigma, peaks.mean(), broad)


@wrong("peaks_denoiser", "good for peaks at -1 and 1 only")
def peaks_tanh(x, sigma, peaks, std):
    v = std**2 + sigma**2
    return (std**2 * x + sigma**2 * torch.tanh(x / v)) / v


@wrong("peaks_denoiser", "the densities at the posterior mean, not at x")
def peaks_density_of_mean(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    y = optimal_denoiser(x[:, None], sigma, peaks, std)
    share = torch.softmax(-((y - peaks) ** 2) / (2 * (std**2 + sigma**2)), dim=1)
    return (share * y).sum(dim=1)


@wrong("peaks_denoiser", "the distance without its square")
def peaks_unsquared(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma)[..., None]
    share = torch.softmax(-(x[:, None] - peaks).abs() / (2 * (std**2 + sigma**2)), dim=1)
    return (share * optimal_denoiser(x[:, None], sigma, peaks, std)).sum(dim=1)


@right("peaks_denoiser", "softmax over the log densities, and the sum")
def peaks_softmax(x: Tensor, sigma, peaks: Tensor, std: float) -> Tensor:
    sigma = torch.as_tensor(sigma, dtype=x.dtype)[..., None]
    logs = Normal(peaks, (std**2 + sigma**2).sqrt()).log_prob(x[:, None])
    means = optimal_denoiser(rearrange(x, "b -> b 1"), sigma, peaks, std)
    return reduce(logs.softmax(dim=1) * means, "b k -> b", "sum")


@right("peaks_denoiser", "the expected peak first, then one bell around it")
def peaks_expected_peak(x, sigma, peaks, std):
    variance = std**2 + torch.as_tensor(sigma, dtype=x.dtype) ** 2
    share = (-((peaks[:, None] - x) ** 2) / (2 * variance)).softmax(dim=0)
    return optimal_denoiser(x, sigma, peaks @ share, std)


@right("peaks_denoiser", "Tweedie's formula, the score by autograd")
def peaks_autograd(x, sigma, peaks, std):
    sigma = torch.as_tensor(sigma, dtype=x.dtype).expand(x.shape)
    width = (std**2 + sigma**2).sqrt()[:, None].expand(-1, len(peaks))
    mixture = MixtureSameFamily(Categorical(torch.ones_like(width)), Normal(peaks.expand_as(width), width))
    with torch.enable_grad():
        place = x.detach().clone().requires_grad_()
        (score,) = torch.autograd.grad(mixture.log_prob(place).sum(), place)
    return x + sigma**2 * score


@right("peaks_denoiser", "a loop over numbers and peaks in plain Python, the largest exponent taken out")
def peaks_plain_python(x, sigma, peaks, std):
    sigmas = torch.as_tensor(sigma, dtype=torch.float64).expand(x.shape)
    out = []
    for place, level in zip(x.tolist(), sigmas.tolist(), strict=True):
        variance = std**2 + level**2
        exponents = [-((place - m) ** 2) / (2 * variance) for m in peaks.tolist()]
        weights = [math.exp(e - max(exponents)) for e in exponents]
        means = [(std**2 * place + level**2 * m) / variance for m in peaks.tolist()]
        out.append(sum(w * m for w, m in zip(weights, means, strict=True)) / sum(weights))
    return torch.tensor(out, dtype=x.dtype)


@right("peaks_denoiser", "the bells themselves, divided by their sum")
def peaks_bells(x, sigma, peaks, std):
    top, bottom = 0, 0
    for m in peaks:
        bell = torch.exp(-((x - m) ** 2) / (2 * (std**2 + sigma**2)))
        top = top + bell * optimal_denoiser(x, sigma, m, std)
        bottom = bottom + bell
    return top / bottom
