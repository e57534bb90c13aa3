"""Answers to the quizzes of chapter 01."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from answers import right, wrong
from course_lib.toy import Model, at_level

# noise_levels


@wrong("noise_levels", "same difference each time, not the same factor")
def straight_ladder(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.linspace(sigma_max, sigma_min, count)


@wrong("noise_levels", "exponent i / L: the last level is above sigma_min")
def exponent_over_count(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return sigma_max * (sigma_min / sigma_max) ** (torch.arange(count) / count)


@wrong("noise_levels", "levels rise")
def rising_ladder(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.logspace(math.log10(sigma_min), math.log10(sigma_max), count)


@wrong("noise_levels", "natural logs given to logspace, whose base is 10")
def natural_log_base_ten(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.logspace(math.log(sigma_max), math.log(sigma_min), count)


@wrong("noise_levels", "the EDM ladder with rho = 7")
def karras_ladder(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    rho = 7.0
    ramp = torch.linspace(0, 1, count)
    min_inv_rho = sigma_min ** (1 / rho)
    max_inv_rho = sigma_max ** (1 / rho)
    return (max_inv_rho + ramp * (min_inv_rho - max_inv_rho)) ** rho


@wrong("noise_levels", "exp forgotten: returns log sigma")
def log_levels(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), count)


@wrong("noise_levels", "one level too many")
def one_more(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    i = torch.arange(count + 1)
    return sigma_max * (sigma_min / sigma_max) ** (i / count)


@wrong("noise_levels", "starts below sigma_max: i counts from 1")
def counts_from_one(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    i = torch.arange(1, count + 1)
    return sigma_max * (sigma_min / sigma_max) ** (i / count)


@wrong("noise_levels", "factor upside down: levels rise above sigma_max")
def inverted_factor(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    progress = torch.linspace(0, 1, count)
    return sigma_max * (sigma_max / sigma_min) ** progress


@wrong("noise_levels", "a zero is appended, as samplers of k-diffusion want it")
def appended_zero(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    levels = torch.linspace(math.log(sigma_max), math.log(sigma_min), count).exp()
    return torch.cat([levels, levels.new_zeros(1)])


@wrong("noise_levels", "a zero in place of the last level")
def last_is_zero(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    levels = torch.linspace(math.log(sigma_max), math.log(sigma_min), count).exp()
    levels[-1] = 0
    return levels


@wrong("noise_levels", "the factor of the notebook's twenty levels, hard-coded")
def factor_of_the_notebook(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    factor = 1e-4 ** (1 / 19)
    return torch.tensor([sigma_max * factor**i for i in range(count)])


@wrong("noise_levels", "a list of floats, not a tensor")
def list_of_levels(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    factor = (sigma_min / sigma_max) ** (1 / (count - 1))
    return [sigma_max * factor**i for i in range(count)]


@wrong("noise_levels", "integer division in the exponent: all levels but the last are sigma_max")
def integer_exponent(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.tensor([float(sigma_max * (sigma_min / sigma_max) ** (i // (count - 1))) for i in range(count)])


@wrong("noise_levels", "root of the levels: variances taken for spreads")
def geometric_variances(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    progress = torch.linspace(0, 1, count)
    return (sigma_max * (sigma_min / sigma_max) ** progress).sqrt()


@wrong("noise_levels", "two mistakes: rising, and sigma_max left out at the end")
def rising_without_end(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    factor = (sigma_max / sigma_min) ** (1 / count)
    return sigma_min * factor ** torch.arange(count)


@wrong("noise_levels", "always halves, whatever sigma_min is")
def halves(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    levels = sigma_max * 0.5 ** torch.arange(count)
    return levels.clamp(min=sigma_min)


@right("noise_levels", "exp of a line between the natural logs")
def exp_of_a_line(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.linspace(math.log(sigma_max), math.log(sigma_min), count, dtype=torch.float64).exp().float()


@right("noise_levels", "logspace, base 10")
def logspaced(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    return torch.logspace(math.log10(sigma_max), math.log10(sigma_min), steps=count)


@right("noise_levels", "a Python list of floats, made a tensor")
def from_a_list(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    factor = (sigma_min / sigma_max) ** (1 / (count - 1))
    return torch.tensor([sigma_max * factor**i for i in range(count)])


@right("noise_levels", "cumulative product of one factor")
def by_cumprod(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    factors = torch.full((count,), (sigma_min / sigma_max) ** (1 / (count - 1)), dtype=torch.float64)
    factors[0] = sigma_max
    return factors.cumprod(0).to(torch.float32)


@right("noise_levels", "weighted geometric mean of the ends, built from below and flipped")
def flipped(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    share = torch.arange(count, dtype=torch.float64) / (count - 1)
    rising = sigma_max**share * sigma_min ** (1 - share)
    return torch.flip(rising, dims=(0,)).float()


# neighbour_loss


@wrong("neighbour_loss", "plain squared error, not in units of the gap")
def plain_error(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = sigmas[level] - sigmas[level + 1]
    return F.mse_loss(model(y + sigmas[level] * noise, level), gap * noise)


@wrong("neighbour_loss", "the target is the whole noise, not the gap's")
def whole_noise_target(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return (((model(y + sigma * noise, level) - noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "the noisy number is made with the gap, not with sigma")
def noised_by_the_gap(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = sigmas[level] - sigmas[level + 1]
    x = y + gap * noise
    return (((model(x, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "x stands at the next level")
def next_level_input(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = sigmas[level] - sigmas[level + 1]
    x = y + sigmas[level + 1] * noise
    return (((model(x, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "draws its own noise")
def fresh_noise(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    z = torch.randn_like(y)
    gap = sigmas[level] - sigmas[level + 1]
    return (((model(y + sigmas[level] * z, level) - gap * z) / gap) ** 2).mean()


@wrong("neighbour_loss", "sum instead of mean")
def summed(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return (((model(y + sigma * noise, level) - gap * noise) / gap) ** 2).sum()


@wrong("neighbour_loss", "error in units of sigma instead of the gap")
def units_of_sigma(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, next_sigma = sigmas[level], sigmas[level + 1]
    error = model(y + sigma * noise, level) - (sigma - next_sigma) * noise
    return (error / sigma).square().mean()


@wrong("neighbour_loss", "divides by the gap once, after the square")
def gap_not_squared(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return ((model(y + sigma * noise, level) - gap * noise).square() / gap).mean()


@wrong("neighbour_loss", "gap with the wrong sign: the target points the other way")
def negative_gap(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = sigmas[level + 1] - sigmas[level]
    return (((model(y + sigmas[level] * noise, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "one level for the whole batch")
def first_level_for_all(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    i = level[0].item()
    gap = sigmas[i] - sigmas[i + 1]
    return (((model(y + sigmas[i] * noise, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "the model is asked without a gradient")
def without_gradient(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    with torch.no_grad():
        prediction = model(y + sigma * noise, level)
    return ((prediction - gap * noise) / gap).pow(2).mean()


@wrong("neighbour_loss", "a float, from which nothing can be learned")
def as_a_float(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return (((model(y + sigma * noise, level) - gap * noise) / gap) ** 2).mean().item()


@wrong("neighbour_loss", "absolute error instead of squared")
def absolute_error(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return F.l1_loss(model(y + sigma * noise, level) / gap, noise)


@wrong("neighbour_loss", "not averaged: one loss per row")
def loss_per_row(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return ((model(y + sigma * noise, level) - gap * noise) / gap).square()


@wrong("neighbour_loss", "square of the mean error instead of the mean of the squares")
def squared_mean(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return ((model(y + sigma * noise, level) - gap * noise) / gap).mean() ** 2


@wrong("neighbour_loss", "the model gets sigma where it wants the level")
def sigma_for_level(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return (((model(y + sigma * noise, sigma) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "the gap as a column: broadcasts to (B, B)")
def gap_as_column(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = (sigmas[level] - sigmas[level + 1])[:, None]
    prediction = model(y + sigmas[level] * noise, level)
    return ((prediction - gap * noise) / gap).square().mean()


@wrong("neighbour_loss", "adds the noise into y itself")
def noises_y_in_place(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = sigmas[level] - sigmas[level + 1]
    y += sigmas[level] * noise
    return (((model(y, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "the gap to the level before: level 0 wraps around to the last")
def gap_to_previous(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level - 1] - sigmas[level]
    return (((model(y + sigma * noise, level) - gap * noise) / gap) ** 2).mean()


@wrong("neighbour_loss", "target is the clean number")
def predicts_the_clean(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return (((model(y + sigma * noise, level) - y) / gap) ** 2).mean()


@wrong("neighbour_loss", "two mistakes: variance-preserving mixing, and the gap forgotten in the target")
def variance_preserving(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma = sigmas[level]
    x = (1 - sigma**2).clamp(min=0).sqrt() * y + sigma * noise
    return F.mse_loss(model(x, level), noise)


@wrong("neighbour_loss", "root of the mean squared error")
def root_mean_square(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return F.mse_loss(model(y + sigma * noise, level) / gap, noise).sqrt()


@wrong("neighbour_loss", "an epsilon in the divisor that the small gaps feel")
def guarded_gap(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
    return (((model(y + sigma * noise, level) - gap * noise) / (gap + 1e-3)) ** 2).mean()


@right("neighbour_loss", "compares prediction / gap with the noise, by mse_loss")
def noise_against_scaled(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    return F.mse_loss(model(y + sigma * noise, level) / gap, noise)


@right("neighbour_loss", "weights 1 / gap² on the plain squared errors, diff and gather")
def weighted_squares(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    gap = (-sigmas.diff()).gather(0, level)
    x = torch.addcmul(y, sigmas.gather(0, level), noise)
    error = F.mse_loss(model(x, level), gap * noise, reduction="none")
    return (gap.pow(-2) * error).mean()


@right("neighbour_loss", "float64 after the model, dot product over the batch")
def dot_product(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    here, below = sigmas.index_select(0, level), sigmas.index_select(0, level + 1)
    guess = model(y + here * noise, level).double()
    z = (guess / (here.double() - below.double())) - noise.double()
    return (z @ z / z.numel()).float()


@right("neighbour_loss", "squared norm by einsum, sigmas by one-hot")
def one_hot_levels(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    pick = F.one_hot(level, len(sigmas)).to(sigmas)
    sigma = torch.einsum("bl,l->b", pick, sigmas)
    gap = sigma - torch.einsum("bl,l->b", pick.roll(1, dims=1), sigmas)
    off = model(y + noise * sigma, level) / gap - noise
    return torch.einsum("b,b->", off, off) / len(off)


@right("neighbour_loss", "target as the difference of the two noisy numbers; the loss row by row")
def row_by_row(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    prediction = model(y + sigmas[level] * noise, level)
    total = 0.0
    for row, i in enumerate(level.tolist()):
        gap = sigmas[i] - sigmas[i + 1]
        total = total + ((prediction[row] - gap * noise[row]) / gap) ** 2
    return total / len(y)


# denoise_step


@wrong("denoise_step", "adds the prediction")
def adds_the_noise(model: Model, x: Tensor, level: int) -> Tensor:
    return x + model(x, torch.full((len(x),), level))


@wrong("denoise_step", "the level goes in as a Python number")
def level_as_number(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, level)


@wrong("denoise_step", "the level has one entry for the whole batch")
def level_of_one(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.tensor([level]))


@wrong("denoise_step", "the level is a float tensor")
def level_in_floats(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.full_like(x, level))


@wrong("denoise_step", "asks the model about the next level")
def next_level(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.full((len(x),), level + 1))


@wrong("denoise_step", "counts levels from 1 as the paper counts t")
def level_before(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.full((len(x),), level - 1))


@wrong("denoise_step", "changes x in place")
def in_place_step(model: Model, x: Tensor, level: int) -> Tensor:
    x -= model(x, torch.full((len(x),), level))
    return x


@wrong("denoise_step", "returns the prediction only")
def only_the_prediction(model: Model, x: Tensor, level: int) -> Tensor:
    return model(x, torch.full((len(x),), level, dtype=torch.long))


@wrong("denoise_step", "a gap again, of a hard-coded ladder, although the prediction has it")
def times_the_gap(model: Model, x: Tensor, level: int) -> Tensor:
    sigmas = 10.0 * 1e-4 ** (torch.arange(20) / 19)
    gap = sigmas[level] - sigmas[level + 1]
    return x - gap * model(x, torch.full((len(x),), level))


@wrong("denoise_step", "adds fresh noise after the step, as DDPM does")
def fresh_noise_after(model: Model, x: Tensor, level: int) -> Tensor:
    x = x - model(x, torch.full((len(x),), level))
    return x + 0.01 * torch.randn_like(x)


@wrong("denoise_step", "clamps to the range of images")
def clamped_step(model: Model, x: Tensor, level: int) -> Tensor:
    return (x - model(x, torch.full((len(x),), level))).clamp(-1, 1)


@wrong("denoise_step", "levels 0 to B-1 instead of one level for all rows")
def arange_levels(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.arange(len(x)).clamp(max=level))


@wrong("denoise_step", "the level as a column (B, 1)")
def level_as_column(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.full((len(x), 1), level))


@wrong("denoise_step", "walks all the way down from this level")
def whole_descent(model: Model, x: Tensor, level: int) -> Tensor:
    for i in range(level, -1, -1):
        x = x - model(x, torch.full((len(x),), i))
    return x


@wrong("denoise_step", "arguments of the model swapped")
def swapped_arguments(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(torch.full((len(x),), level), x)


@wrong("denoise_step", "return forgotten")
def nothing_returned(model: Model, x: Tensor, level: int) -> Tensor:
    t = torch.full((len(x),), level)
    x = x - model(x, t)


@wrong("denoise_step", "two mistakes: sign turned, and the next level")
def sign_and_level(model: Model, x: Tensor, level: int) -> Tensor:
    t = torch.ones(len(x), dtype=torch.long) * (level + 1)
    return model(x, t) - x


@wrong("denoise_step", "no step at level 0: `if level` is false there")
def no_step_at_zero(model: Model, x: Tensor, level: int) -> Tensor:
    if level:
        return x - model(x, torch.full((len(x),), level))
    return x


@wrong("denoise_step", "x and prediction together in a tuple")
def step_and_prediction(model: Model, x: Tensor, level: int) -> Tensor:
    noise = model(x, torch.full((len(x),), level))
    return x - noise, noise


@wrong("denoise_step", "hard-coded batch of the notebook's 4000 numbers")
def batch_of_4000(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.full((4000,), level))


@wrong("denoise_step", "subtracts the batch's mean prediction from every row")
def mean_prediction(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.full((len(x),), level)).mean()


@right("denoise_step", "full_like with dtype long, torch.sub")
def full_like_long(model: Model, x: Tensor, level: int) -> Tensor:
    return torch.sub(x, model(x, torch.full_like(x, level, dtype=torch.long)))


@right("denoise_step", "one number expanded over the batch")
def expanded_level(model: Model, x: Tensor, level: int) -> Tensor:
    t = torch.tensor(level, device=x.device).expand(x.shape[0])
    between = model(x, t)
    return x - between


@right("denoise_step", "a list of levels, one per row")
def list_of_rows(model: Model, x: Tensor, level: int) -> Tensor:
    return x - model(x, torch.tensor([level] * len(x), device=x.device))


@right("denoise_step", "in place on a clone, zeros plus level")
def on_a_clone(model: Model, x: Tensor, level: int) -> Tensor:
    out = x.clone()
    out -= model(x, torch.zeros(x.size(0), dtype=torch.int64, device=x.device) + level)
    return out


@right("denoise_step", "x plus (-1) times prediction, by alpha of torch.add")
def euler_step(model: Model, x: Tensor, level: int) -> Tensor:
    step = -1.0
    batch = x.new_full(x.shape[:1], level, dtype=torch.long)
    return torch.add(x, model(x, batch), alpha=step)


# optimal_denoiser


@wrong("optimal_denoiser", "weights swapped: trusts x when there is much noise")
def swapped_weights(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (sigma**2 * x + std**2 * mean) / (sigma**2 + std**2)


@wrong("optimal_denoiser", "spreads for variances as weights")
def weights_of_spreads(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (std * x + sigma * mean) / (std + sigma)


@wrong("optimal_denoiser", "the best guess at the noise, not at y")
def guess_at_the_noise(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return sigma * (x - mean) / (sigma**2 + std**2)


@wrong("optimal_denoiser", "the score, not the denoiser")
def score_instead(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (mean - x) / (sigma**2 + std**2)


@wrong("optimal_denoiser", "assumes data of spread 1")
def unit_spread(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return mean + (x - mean) / (1 + sigma**2)


@wrong("optimal_denoiser", "the mean forgotten: EDM's c_skip alone")
def skip_scale(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return x * std**2 / (std**2 + sigma**2)


@wrong("optimal_denoiser", "the notebook's data hard-coded")
def notebook_numbers(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (0.01**2 * x + sigma**2 * 1.0) / (0.01**2 + sigma**2)


@wrong("optimal_denoiser", "plain average of x and mean: right only where sigma = std")
def half_way(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (x + mean) / 2


@wrong("optimal_denoiser", "hard choice between x and the mean")
def all_or_nothing(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    sigma = torch.as_tensor(sigma)
    return torch.where(sigma > std, torch.full_like(x, mean), x)


@wrong("optimal_denoiser", "root of the sum of variances as the divisor")
def divided_by_the_spread(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (std**2 * x + sigma**2 * mean) / (std**2 + sigma**2) ** 0.5


@wrong("optimal_denoiser", "not divided by the sum of the weights")
def not_normalised(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return std**2 * x + sigma**2 * mean


@wrong("optimal_denoiser", "one sigma for all rows")
def first_sigma(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    s = float(torch.as_tensor(sigma).flatten()[0])
    return (std**2 * x + s**2 * mean) / (std**2 + s**2)


@wrong("optimal_denoiser", "draws y from the posterior instead of giving its mean")
def posterior_draw(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    var = std**2 + sigma**2
    spread = std * sigma / var**0.5
    return (std**2 * x + sigma**2 * mean) / var + spread * torch.randn_like(x)


@wrong("optimal_denoiser", "prior mean for every x: much too sure")
def always_the_mean(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return torch.full_like(x, mean)


@wrong("optimal_denoiser", "goes away from the mean: sign of the correction wrong")
def pushed_away(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return x + sigma**2 / (std**2 + sigma**2) * (x - mean)


@wrong("optimal_denoiser", "two mistakes: std and sigma not squared, and the mean counted twice")
def gain_and_mean_twice(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    gain = std / (std + sigma)
    return mean + gain * x


@wrong("optimal_denoiser", "squares the sum instead of adding squares")
def squared_sum(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    gain = std**2 / (std + sigma) ** 2
    return gain * x + (1 - gain) * mean


@wrong("optimal_denoiser", "an epsilon in the divisor, as large as the variances here")
def epsilon_in_divisor(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    return (std**2 * x + sigma**2 * mean) / (std**2 + sigma**2 + 1e-5)


@wrong("optimal_denoiser", "takes the mean of x for the mean of the data")
def mean_of_the_batch(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    gain = std**2 / (std**2 + sigma**2)
    return x.mean() + gain * (x - x.mean())


@wrong("optimal_denoiser", "one factor sigma: x + sigma * score")
def tweedie_without_square(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    score = (mean - x) / (std**2 + sigma**2)
    return x + sigma * score


@wrong("optimal_denoiser", "tensor methods on sigma, which may be a float")
def float_has_no_square(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    v = sigma.square()
    return (std**2 * x + v * mean) / (std**2 + v)


@right("optimal_denoiser", "Kalman gain")
def kalman(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    gain = std**2 / (std**2 + sigma**2)
    return mean + gain * (x - mean)


@right("optimal_denoiser", "Tweedie: x + sigma² score, in float64")
def tweedie(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    variance = torch.as_tensor(sigma, dtype=torch.float64, device=x.device) ** 2
    score = (mean - x.double()) / (std * std + variance)
    return (x.double() + variance * score).to(x.dtype)


@right("optimal_denoiser", "lerp from the mean to x")
def lerped(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    weight = (std**2 / (std**2 + sigma**2)).expand(x.shape)
    return torch.lerp(torch.full_like(x, mean), x, weight)


@right("optimal_denoiser", "linear regression: covariance over variance, with an inner function")
def regression(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    def variance_of_x() -> Tensor | float:
        return std * std + sigma * sigma

    slope = std * std / variance_of_x()
    intercept = mean - slope * mean
    return slope * x + intercept


@right("optimal_denoiser", "squared sine and cosine of an angle")
def by_angle(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    sigma = torch.as_tensor(sigma, dtype=torch.float64)
    angle = torch.atan2(sigma, torch.full_like(sigma, std))
    return (angle.cos() ** 2 * x + angle.sin() ** 2 * mean).to(x.dtype)
