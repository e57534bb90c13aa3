"""Answers to the quizzes of chapter 01, the smallest diffusion."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from answers import disputed, right, wrong
from course_lib.toy import at_level

# noise_levels


@wrong("noise_levels", "falls on a straight line instead of by the same factor")
def levels_on_a_line(count, sigma_max, sigma_min):
    return torch.linspace(sigma_max, sigma_min, count)


@wrong("noise_levels", "rises from sigma_min, and i / L never arrives at sigma_max")
def levels_rising_and_short(count, sigma_max, sigma_min):
    i = torch.arange(count)
    return sigma_min * (sigma_max / sigma_min) ** (i / count)


@wrong("noise_levels", "logspace is given the sigmas themselves, not their logarithms")
def levels_logspace_of_sigmas(count, sigma_max, sigma_min):
    return torch.logspace(sigma_max, sigma_min, count)


@wrong("noise_levels", "natural logarithms go into logspace, which has base 10")
def levels_wrong_base(count, sigma_max, sigma_min):
    return torch.logspace(math.log(sigma_max), math.log(sigma_min), count)


@wrong("noise_levels", "Karras's ladder with rho = 7, from k-diffusion")
def levels_karras(count, sigma_max, sigma_min):
    rho = 7.0
    ramp = torch.linspace(0, 1, count)
    min_inv_rho = sigma_min ** (1 / rho)
    max_inv_rho = sigma_max ** (1 / rho)
    return (max_inv_rho + ramp * (min_inv_rho - max_inv_rho)) ** rho


@wrong("noise_levels", "a 0 is appended at the end, count + 1 levels")
def levels_with_zero(count, sigma_max, sigma_min):
    sigmas = torch.exp(torch.linspace(math.log(sigma_max), math.log(sigma_min), count))
    return torch.cat([sigmas, torch.zeros(1)])


@wrong("noise_levels", "integer division: all but the last stay at sigma_max")
def levels_integer_division(count, sigma_max, sigma_min):
    i = torch.arange(count)
    return sigma_max * (sigma_min / sigma_max) ** (i // (count - 1))


@wrong("noise_levels", "returns a list of floats")
def levels_as_list(count, sigma_max, sigma_min):
    ratio = sigma_min / sigma_max
    return [sigma_max * ratio ** (i / (count - 1)) for i in range(count)]


@right("noise_levels", "exp of a line between the logarithms")
def levels_exp_of_line(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), count, dtype=torch.float64).exp().float()


@right("noise_levels", "multiplies by the factor in a loop")
def levels_in_a_loop(count, sigma_max, sigma_min):
    factor = (sigma_min / sigma_max) ** (1.0 / (count - 1))
    levels, sigma = [], sigma_max
    for _ in range(count):
        levels.append(sigma)
        sigma = sigma * factor
    return torch.tensor(levels, dtype=torch.float32)


@disputed("noise_levels", "right to its author; it returns float64, and the course refuses that for float32")
def levels_geometric_mean(count, sigma_max, sigma_min):
    u = torch.arange(count, dtype=torch.double).div(count - 1)
    return sigma_max ** (1 - u) * sigma_min**u


# neighbour_loss


@disputed("neighbour_loss", "wrong to its author: sigmas[level] is not shaped; right for the stub's y of shape (B,)")
def loss_without_reshape(model, y, level, noise, sigmas):
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    x = y + sigma * noise
    return (((model(x, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "divides by the gap after the mean")
def loss_divides_after_mean(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    error = F.mse_loss(model(y + sigma * noise, level), gap * noise)
    return (error / gap**2).mean()


@wrong("neighbour_loss", "noised to the next level instead of this one")
def loss_noised_at_next_level(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    next_sigma = at_level(sigmas, level + 1, y)
    x = y + next_sigma * noise
    return ((model(x, level) / (sigma - next_sigma) - noise) ** 2).mean()


@wrong("neighbour_loss", "the model runs under no_grad, so nothing can be learned")
def loss_no_grad(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    with torch.no_grad():
        prediction = model(y + sigma * noise, level)
    return ((prediction - gap * noise) / gap).pow(2).mean()


@wrong("neighbour_loss", "one level for the whole batch, that of the first row")
def loss_first_level_for_all(model, y, level, noise, sigmas):
    i = level[0].item()
    gap = sigmas[i] - sigmas[i + 1]
    x = y + sigmas[i] * noise
    return ((model(x, level) - gap * noise) / gap).square().mean()


@wrong("neighbour_loss", "draws fresh noise for x")
def loss_fresh_noise(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    x = y + sigma * torch.randn_like(y)
    return (((model(x, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "the squared error is divided by the gap, not its square")
def loss_gap_not_squared(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    return ((model(y + sigma * noise, level) - gap * noise) ** 2 / gap).mean()


@wrong("neighbour_loss", "the gap has the wrong sign, and a sum instead of the mean")
def loss_negative_gap_and_sum(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    gap = at_level(sigmas, level + 1, y) - sigma
    x = y + sigma * noise
    return ((model(x, level) - gap * noise) / gap).square().sum()


@right("neighbour_loss", "mse_loss of the prediction in units of the gap against the noise")
def loss_with_mse(model, y, level, noise, sigmas):
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    return F.mse_loss(model(y + sigma * noise, level) / gap, noise)


@right("neighbour_loss", "shaped by view, weight 1 / gap squared")
def loss_with_weight(model, y, level, noise, sigmas):
    shape = (-1,) + (1,) * (y.dim() - 1)
    here, there = sigmas[level].view(shape), sigmas[level + 1].view(shape)
    error = model(y + here * noise, level) - here * noise + there * noise
    return torch.mean(error * error / (here - there) ** 2)


@right("neighbour_loss", "weights by row, with gaps from diff and an einsum")
def loss_with_einsum(model, y, level, noise, sigmas):
    gaps = -sigmas.diff()
    x = y + torch.einsum("b,b...->b...", sigmas[level], noise)
    target = torch.einsum("b,b...->b...", gaps[level], noise)
    square = (model(x, level) - target).square().flatten()
    rows = square.reshape(len(y), -1).mean(dim=1)
    return (rows / gaps.index_select(0, level) ** 2).mean()


# denoise_step


@wrong("denoise_step", "the model gets a plain int")
def step_with_int_level(model, x, level):
    return x - model(x, level)


@wrong("denoise_step", "adds the predicted noise")
def step_adds(model, x, level):
    t = torch.full((x.shape[0],), level, dtype=torch.long)
    return x + model(x, t)


@wrong("denoise_step", "changes x in place")
def step_in_place(model, x, level):
    t = torch.full((len(x),), level)
    x -= model(x, t)
    return x


@wrong("denoise_step", "the level tensor is float")
def step_float_level(model, x, level):
    t = torch.ones(x.shape[0]) * level
    return x - model(x, t)


@disputed("denoise_step", "wrong to its author: the level has the shape of x; right for the stub's x of shape (B,)")
def step_level_like_x(model, x, level):
    t = torch.full_like(x, level, dtype=torch.long)
    return x - model(x, t)


@wrong("denoise_step", "Heun's correction, asks the model at the next level too")
def step_heun(model, x, level):
    t = torch.full((len(x),), level)
    d = model(x, t)
    d_2 = model(x - d, t + 1)
    return x - (d + d_2) / 2


@wrong("denoise_step", "adds fresh noise as in Langevin sampling")
def step_langevin(model, x, level):
    t = torch.full((len(x),), level)
    d = model(x, t)
    noise = torch.randn_like(x) if level > 0 else torch.zeros_like(x)
    return x - d + 0.01 * noise


@wrong("denoise_step", "asks at the next level, and clamps")
def step_next_level_and_clamp(model, x, level):
    t = torch.full((len(x),), level + 1)
    return (x - model(x, t)).clamp(-1, 1)


@right("denoise_step", "the level by expand of a one-element tensor")
def step_with_expand(model, x, level):
    return torch.sub(x, model(x, torch.tensor([level]).expand(len(x))))


@right("denoise_step", "zeros of dtype long, filled")
def step_with_fill(model, x: Tensor, level: int) -> Tensor:
    batch = x.size(0)
    t = torch.zeros(batch, dtype=torch.int64, device=x.device).fill_(level)
    predicted_noise = model(x, t)
    denoised = x.clone()
    denoised -= predicted_noise
    return denoised


@right("denoise_step", "the level as a list repeated")
def step_from_list(model, x, level):
    levels = torch.tensor([level] * x.shape[0], dtype=torch.long)
    return x + (-1) * model(x, levels)


# optimal_denoiser


@wrong("optimal_denoiser", "the weights are swapped")
def denoiser_swapped(x, sigma, mean, std):
    w = sigma**2 / (sigma**2 + std**2)
    return w * x + (1 - w) * mean


@wrong("optimal_denoiser", "weighs with spreads instead of variances")
def denoiser_with_spreads(x, sigma, mean, std):
    return (std * x + sigma * mean) / (std + sigma)


@wrong("optimal_denoiser", "EDM's c_skip x, the mean is forgotten")
def denoiser_without_mean(x, sigma, mean, std):
    c_skip = std**2 / (sigma**2 + std**2)
    return c_skip * x


@wrong("optimal_denoiser", "the end of the ODE's path, x - mean scaled by the ratio of spreads")
def denoiser_path_end(x, sigma, mean, std):
    return mean + (x - mean) * std / (std**2 + sigma**2) ** 0.5


@wrong("optimal_denoiser", "math.sqrt and float sigma, a tensor of levels raises")
def denoiser_float_sigma(x, sigma, mean, std):
    total = math.sqrt(std**2 + float(sigma) ** 2)
    return mean + (std / total) ** 2 * (x - mean)


@wrong("optimal_denoiser", "the data of the notebook are written in: 1 and 0.01")
def denoiser_hard_coded(x, sigma, mean, std):
    return (0.01**2 * x + sigma**2 * 1.0) / (0.01**2 + sigma**2)


@wrong("optimal_denoiser", "Tweedie with the sign turned")
def denoiser_tweedie_sign(x, sigma, mean, std):
    score = (x - mean) / (std**2 + sigma**2)
    return x + sigma**2 * score


@wrong("optimal_denoiser", "std is not squared in the numerator, and the mean has weight sigma")
def denoiser_squares_missing(x, sigma, mean, std):
    return (std * x + sigma * mean) / (std**2 + sigma**2)


@right("optimal_denoiser", "Tweedie's formula with the score")
def denoiser_tweedie(x, sigma, mean, std):
    score = (mean - x) / (std**2 + sigma**2)
    return x + sigma**2 * score


@right("optimal_denoiser", "regression: mean plus slope times distance")
def denoiser_regression(x, sigma, mean, std):
    slope = 1 / (1 + (sigma / std) ** 2)
    return mean + slope * (x - mean)


@right("optimal_denoiser", "lerp between x and the mean in float64")
def denoiser_lerp(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    s2 = torch.as_tensor(sigma, dtype=torch.float64) ** 2
    weight = (s2 / (s2 + std**2)).expand(x.shape) if s2.ndim == 0 else s2 / (s2 + std**2)
    x64 = x.double()
    return (x64 + weight * (mean - x64)).to(x.dtype)
