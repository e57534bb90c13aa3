"""Answers to the quizzes of chapter 17."""

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor

from answers import disputed, right, wrong
from course_lib import reverse
from course_lib.fast_sampling import ddim_step
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.images import to_model_range
from course_lib.reverse import predict_start_from_noise
from course_lib.training import flip_half, sample_timesteps


def columns(values, t, x):
    """values[t] with the axes that x has."""
    return values[t].reshape(-1, *[1] * (x.ndim - 1))


# training_inputs


@right("training_inputs", "written out: float, 255, randint, randn")
def inputs_written_out(images: Tensor, timesteps: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    x_start = images.float() / 255 * 2 - 1
    t = torch.randint(0, timesteps, (images.shape[0],), generator=generator, device=images.device)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return x_start, t, noise


@right("training_inputs", "with the functions of earlier chapters, and randn_like")
def inputs_library(images, timesteps, generator):
    x_start = to_model_range(images)
    t = sample_timesteps(x_start.size(0), timesteps, generator)
    return x_start, t, torch.randn_like(x_start, generator=generator)


@right("training_inputs", "empty tensors, filled by the generator")
def inputs_filled(images, timesteps, generator):
    x_start = images.to(torch.float32).sub_(127.5).div_(127.5)
    t = torch.empty(len(images), dtype=torch.long, device=images.device).random_(0, timesteps, generator=generator)
    noise = torch.empty_like(x_start).normal_(generator=generator)
    return x_start, t, noise


@right("training_inputs", "uint8 divided by a float is float32; torch.normal")
def inputs_divides_bytes(images, timesteps, generator):
    device = generator.device
    t = torch.randint(high=timesteps, size=images.shape[:1], generator=generator, device=device, dtype=torch.int64)
    noise = torch.normal(0.0, 1.0, size=tuple(images.shape), generator=generator, device=device)
    return (images / 127.5) - 1.0, t, noise


@right("training_inputs", "a table of the 256 values")
def inputs_table(images, timesteps, generator):
    table = torch.linspace(-1, 1, 256, device=images.device)
    t = torch.randint(timesteps, (len(images),), generator=generator, device=images.device)
    noise = torch.randn(*images.size(), generator=generator, device=images.device, dtype=torch.float32)
    return table[images.long()], t, noise


def inputs_with(start=None, time=None, draw=None):
    """The three with another range, other times, or other noise; each a function of what is left to say."""

    def inputs(images, timesteps, generator):
        x_start = start(images) if start else to_model_range(images)
        t = time(len(images), timesteps, generator) if time else sample_timesteps(len(images), timesteps, generator)
        noise = (
            draw(x_start, generator)
            if draw
            else torch.randn(x_start.shape, generator=generator, device=generator.device)
        )
        return x_start, t, noise

    return inputs


@wrong("training_inputs", "one t for the whole batch, expanded")
def inputs_one_t(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randint(n, (1,), generator=g, device=g.device).expand(b))
    return step(images, timesteps, generator)


@wrong("training_inputs", "one t for the whole batch, full of an item")
def inputs_one_t_full(images, timesteps, generator):
    step = inputs_with(
        time=lambda b, n, g: torch.full((b,), torch.randint(n, (1,), generator=g, device=g.device).item())
    )
    return step(images, timesteps, generator)


@wrong("training_inputs", "one t, shape (1,)")
def inputs_t_of_one(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: torch.randint(n, (1,), generator=g, device=g.device))(
        images, timesteps, generator
    )


@wrong("training_inputs", "t from 1 to T, as the paper counts")
def inputs_t_from_one(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randint(1, n + 1, (b,), generator=g, device=g.device))
    return step(images, timesteps, generator)


@wrong("training_inputs", "t from 1 to T - 1: t = 0 is never learnt")
def inputs_without_zero(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randint(1, n, (b,), generator=g, device=g.device))
    return step(images, timesteps, generator)


@wrong("training_inputs", "T - 1 is never drawn: the upper end is taken off twice")
def inputs_without_last(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randint(0, n - 1, (b,), generator=g, device=g.device))
    return step(images, timesteps, generator)


@wrong("training_inputs", "T can be drawn: one too many")
def inputs_with_t_max(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randint(0, n + 1, (b,), generator=g, device=g.device))
    return step(images, timesteps, generator)


@wrong("training_inputs", "t as floats between 0 and 1")
def inputs_t_share(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: torch.rand(b, generator=g, device=g.device))(images, timesteps, generator)


@wrong("training_inputs", "t as floats")
def inputs_t_float(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: sample_timesteps(b, n, g).float())(images, timesteps, generator)


@wrong("training_inputs", "t as int32")
def inputs_t_int(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: sample_timesteps(b, n, g).int())(images, timesteps, generator)


@wrong("training_inputs", "t as a column, (B, 1, 1, 1)")
def inputs_t_column(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randint(n, (b, 1, 1, 1), generator=g, device=g.device))
    return step(images, timesteps, generator)


@wrong("training_inputs", "t without the generator")
def inputs_t_hidden(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: torch.randint(n, (b,), device=g.device))(images, timesteps, generator)


@wrong("training_inputs", "t = arange: not random")
def inputs_t_arange(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: torch.arange(b, device=g.device) % n)(images, timesteps, generator)


@wrong("training_inputs", "t by randperm: no t twice")
def inputs_t_permutation(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: torch.randperm(n, generator=g, device=g.device)[:b])
    return step(images, timesteps, generator)


@wrong("training_inputs", "half of the t, and T - 1 less them")
def inputs_t_antithetic(images, timesteps, generator):
    def time(b, n, g):
        half = torch.randint(n, (b // 2 + 1,), generator=g, device=g.device)
        return torch.cat([half, n - 1 - half])[:b]

    return inputs_with(time=time)(images, timesteps, generator)


@wrong("training_inputs", "the noise is drawn first")
def inputs_noise_first(images, timesteps, generator):
    noise = torch.randn(images.shape, generator=generator, device=generator.device)
    t = torch.randint(timesteps, (len(images),), generator=generator, device=generator.device)
    return to_model_range(images), t, noise


@wrong("training_inputs", "the noise without the generator")
def inputs_noise_hidden(images, timesteps, generator):
    return inputs_with(draw=lambda x, g: torch.randn_like(x))(images, timesteps, generator)


@wrong("training_inputs", "uniform noise")
def inputs_noise_uniform(images, timesteps, generator):
    return inputs_with(draw=lambda x, g: torch.rand(x.shape, generator=g, device=g.device))(
        images, timesteps, generator
    )


@wrong("training_inputs", "uniform noise from -1 to 1")
def inputs_noise_uniform_signed(images, timesteps, generator):
    step = inputs_with(draw=lambda x, g: 2 * torch.rand(x.shape, generator=g, device=g.device) - 1)
    return step(images, timesteps, generator)


@wrong("training_inputs", "the same noise for every image, expanded")
def inputs_noise_shared(images, timesteps, generator):
    step = inputs_with(draw=lambda x, g: torch.randn(x.shape[1:], generator=g, device=g.device).expand_as(x))
    return step(images, timesteps, generator)


@wrong("training_inputs", "the noise of one image")
def inputs_noise_of_one(images, timesteps, generator):
    return inputs_with(draw=lambda x, g: torch.randn(x.shape[1:], generator=g, device=g.device))(
        images, timesteps, generator
    )


@wrong("training_inputs", "a number of noise for each image")
def inputs_noise_number(images, timesteps, generator):
    return inputs_with(draw=lambda x, g: torch.randn(len(x), 1, 1, 1, generator=g, device=g.device))(
        images, timesteps, generator
    )


@wrong("training_inputs", "the noise is clamped to [-1, 1]")
def inputs_noise_clamped(images, timesteps, generator):
    step = inputs_with(draw=lambda x, g: torch.randn(x.shape, generator=g, device=g.device).clamp(-1, 1))
    return step(images, timesteps, generator)


@wrong("training_inputs", "from 0 to 1")
def inputs_zero_to_one(images, timesteps, generator):
    return inputs_with(lambda i: i.float() / 255)(images, timesteps, generator)


@wrong("training_inputs", "from -0.5 to 0.5")
def inputs_half_range(images, timesteps, generator):
    return inputs_with(lambda i: i.float() / 255 - 0.5)(images, timesteps, generator)


@wrong("training_inputs", "from 0 to 255")
def inputs_bytes(images, timesteps, generator):
    return inputs_with(lambda i: i.float())(images, timesteps, generator)


@wrong("training_inputs", "from 0 to 2: the -1 is forgotten")
def inputs_zero_to_two(images, timesteps, generator):
    return inputs_with(lambda i: i.float() / 127.5)(images, timesteps, generator)


@wrong("training_inputs", "the -1 first: from -1 to 254, then divided")
def inputs_order(images, timesteps, generator):
    return inputs_with(lambda i: (i.float() - 1) / 127.5)(images, timesteps, generator)


@wrong("training_inputs", "128: the brightest is 0.992")
def inputs_by_128(images, timesteps, generator):
    return inputs_with(lambda i: i.float() / 128 - 1)(images, timesteps, generator)


@wrong("training_inputs", "the sign: white becomes black")
def inputs_negative(images, timesteps, generator):
    return inputs_with(lambda i: 1 - i.float() / 127.5)(images, timesteps, generator)


@wrong("training_inputs", "2 * images in uint8: runs over at 256")
def inputs_runs_over(images, timesteps, generator):
    return inputs_with(lambda i: images * 2 / 255 - 1)(images, timesteps, generator)


@wrong("training_inputs", "whole-number division: black and white only")
def inputs_floor(images, timesteps, generator):
    return inputs_with(lambda i: (i // 255).float() * 2 - 1)(images, timesteps, generator)


@wrong("training_inputs", "brought to the range twice")
def inputs_twice(images, timesteps, generator):
    return inputs_with(lambda i: 2 * to_model_range(i) - 1)(images, timesteps, generator)


@wrong("training_inputs", "standardised with the batch's mean and standard deviation")
def inputs_standardised(images, timesteps, generator):
    step = inputs_with(lambda i: (i.float() - i.float().mean()) / i.float().std())
    return step(images, timesteps, generator)


@wrong("training_inputs", "stretched to the batch's own darkest and brightest")
def inputs_stretched(images, timesteps, generator):
    def start(i):
        x = i.float()
        return 2 * (x - x.min()) / (x.max() - x.min()).clamp(min=1) - 1

    return inputs_with(start)(images, timesteps, generator)


@wrong("training_inputs", "float64")
def inputs_double(images, timesteps, generator):
    return inputs_with(lambda i: i.double() / 127.5 - 1)(images, timesteps, generator)


@wrong("training_inputs", "the images are left as they are")
def inputs_untouched(images, timesteps, generator):
    return inputs_with(lambda i: i)(images, timesteps, generator)


@wrong("training_inputs", "half of the images are mirrored, before t is drawn")
def inputs_flip_half(images, timesteps, generator):
    x_start = to_model_range(flip_half(images, generator))
    t = sample_timesteps(len(images), timesteps, generator)
    return x_start, t, torch.randn(x_start.shape, generator=generator, device=generator.device)


@wrong("training_inputs", "half of the images are mirrored, after everything was drawn")
def inputs_flip_half_last(images, timesteps, generator):
    x_start, t, noise = inputs_with()(images, timesteps, generator)
    return flip_half(x_start, generator), t, noise


@wrong("training_inputs", "all images are mirrored")
def inputs_flip_all(images, timesteps, generator):
    return inputs_with(lambda i: to_model_range(i).flip(-1))(images, timesteps, generator)


@wrong("training_inputs", "upside down, to undo a flip that is not there")
def inputs_upside_down(images, timesteps, generator):
    return inputs_with(lambda i: to_model_range(i).flip(2))(images, timesteps, generator)


@wrong("training_inputs", "transposed")
def inputs_transposed(images, timesteps, generator):
    return inputs_with(lambda i: to_model_range(i).transpose(-1, -2))(images, timesteps, generator)


@wrong("training_inputs", "channels last")
def inputs_channels_last(images, timesteps, generator):
    return inputs_with(lambda i: to_model_range(i).permute(0, 2, 3, 1))(images, timesteps, generator)


@wrong("training_inputs", "t and noise changed places")
def inputs_order_of_three(images, timesteps, generator):
    x_start, t, noise = inputs_with()(images, timesteps, generator)
    return x_start, noise, t


@disputed("training_inputs", "a list for a tuple: it unpacks in the same way, and the checker takes it")
def inputs_list(images, timesteps, generator):
    return list(inputs_with()(images, timesteps, generator))


@wrong("training_inputs", "x_start and t only")
def inputs_two(images, timesteps, generator):
    return inputs_with()(images, timesteps, generator)[:2]


@wrong("training_inputs", "the generator is seeded again: every batch has the same noise")
def inputs_seeds(images, timesteps, generator):
    generator.manual_seed(0)
    return inputs_with()(images, timesteps, generator)


@wrong("training_inputs", "a generator of its own with the same seed: nothing moves on")
def inputs_own_generator(images, timesteps, generator):
    own = torch.Generator(device=generator.device).manual_seed(generator.initial_seed())
    return inputs_with()(images, timesteps, own)


@wrong("training_inputs", "the images are divided in place, which uint8 cannot be")
def inputs_divides_in_place(images, timesteps, generator):
    images /= 127.5
    return inputs_with(lambda i: i - 1)(images, timesteps, generator)


@wrong("training_inputs", "the images are changed in place")
def inputs_flips_in_place(images, timesteps, generator):
    x_start = to_model_range(images)
    images.fill_(0)
    t = sample_timesteps(len(images), timesteps, generator)
    return x_start, t, torch.randn(x_start.shape, generator=generator, device=generator.device)


@wrong("training_inputs", "randn_like of uint8")
def inputs_noise_like_bytes(images, timesteps, generator):
    return inputs_with(draw=lambda x, g: torch.randn_like(images))(images, timesteps, generator)


@wrong("training_inputs", "randint without a size")
def inputs_randint_without_size(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: torch.randint(n, b, generator=g, device=g.device))(
        images, timesteps, generator
    )


@wrong("training_inputs", "the generator in the place of a number")
def inputs_generator_position(images, timesteps, generator):
    return inputs_with(time=lambda b, n, g: torch.randint(0, n, g))(images, timesteps, generator)


@disputed("training_inputs", "rand, times T, cut off: as uniform as randint, other numbers; the text says not how")
def inputs_rand_times(images, timesteps, generator):
    step = inputs_with(time=lambda b, n, g: (torch.rand(b, generator=g, device=g.device) * n).long())
    return step(images, timesteps, generator)


# ancestral_step


@right("ancestral_step", "algorithm 2, line 4, as the paper has it, with beta-tilde")
def ancestral_paper(x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor, schedule) -> Tensor:
    alpha = extract(schedule.alphas, t, x_t.shape)
    beta = extract(schedule.betas, t, x_t.shape)
    mean = (x_t - beta / extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * eps) / alpha.sqrt()
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


@right("ancestral_step", "the schedule's two weights, and a mask for t = 0")
def ancestral_weights(x_t, t, eps, noise, schedule):
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    mean = (
        columns(schedule.posterior_mean_coef1, t, x_t) * x_start + columns(schedule.posterior_mean_coef2, t, x_t) * x_t
    )
    later = (t > 0).to(x_t.dtype).view(-1, *[1] * (x_t.ndim - 1))
    return mean + later * columns(schedule.posterior_variance, t, x_t).sqrt() * noise


@right("ancestral_step", "the sampler of chapter 05, with a network that has answered")
def ancestral_library(x_t, t, eps, noise, schedule):
    return reverse.p_sample(lambda x, time: eps, x_t, t, noise, schedule, "noise", False)


@right("ancestral_step", "row by row")
def ancestral_rows(x_t, t, eps, noise, schedule):
    rows = []
    for i, step in enumerate(t.tolist()):
        row, time = x_t[i : i + 1], t[i : i + 1]
        mean, variance = q_posterior(predict_start_from_noise(row, time, eps[i : i + 1], schedule), row, time, schedule)
        rows.append(mean if step == 0 else mean + variance.sqrt() * noise[i : i + 1])
    return torch.cat(rows)


@right("ancestral_step", "the log of the variance, as guided-diffusion keeps it, and torch.where")
def ancestral_log_variance(x_t, t, eps, noise, schedule):
    bar = columns(schedule.alphas_cumprod, t, x_t)
    x_start = x_t / bar.sqrt() - (1 / bar - 1).sqrt() * eps
    mean, _ = q_posterior(x_start, x_t, t, schedule)
    log_variance = columns(schedule.posterior_variance, t, x_t).clamp(min=1e-20).log()
    drawn = mean + torch.exp(0.5 * log_variance) * noise
    return torch.where(t.reshape(-1, *[1] * (x_t.ndim - 1)) == 0, mean, drawn)


def ancestral_with(mean=None, variance=None, sigma=None, fresh=None):
    """A step with another mean(x_start, x_t, t, schedule, eps), variance(t, schedule, x_t), sigma or noise."""

    def step(x_t, t, eps, noise, schedule):
        x_start = predict_start_from_noise(x_t, t, eps, schedule)
        middle, spread = q_posterior(x_start, x_t, t, schedule)
        middle = mean(x_start, x_t, t, schedule, eps) if mean else middle
        spread = variance(t, schedule, x_t) if variance else spread
        spread = sigma(spread) if sigma else spread.sqrt()
        return middle + spread * (fresh(noise, eps, t) if fresh else noise)

    return step


def later(t, x):
    return (t > 0).float().reshape(-1, *[1] * (x.ndim - 1))


@wrong("ancestral_step", "sqrt(beta) noise in the rows with t = 0, too")
def ancestral_noise_at_zero(x_t, t, eps, noise, schedule):
    return ancestral_with(variance=lambda t, s, x: columns(s.betas, t, x))(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "sqrt(beta), with a mask: the larger of the paper's two variances")
def ancestral_beta(x_t, t, eps, noise, schedule):
    step = ancestral_with(variance=lambda t, s, x: later(t, x) * columns(s.betas, t, x))
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the variance at t = 0 is that of t = 1, so there is noise")
def ancestral_clipped_variance(x_t, t, eps, noise, schedule):
    step = ancestral_with(variance=lambda t, s, x: columns(s.posterior_variance, t.clamp(min=1), x))
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "variance times noise")
def ancestral_variance(x_t, t, eps, noise, schedule):
    return ancestral_with(sigma=lambda v: v)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the root twice")
def ancestral_fourth_root(x_t, t, eps, noise, schedule):
    return ancestral_with(sigma=lambda v: v.sqrt().sqrt())(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "half of the standard deviation, as if it were a log")
def ancestral_half_sigma(x_t, t, eps, noise, schedule):
    return ancestral_with(sigma=lambda v: 0.5 * v.sqrt())(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "exp(variance / 2): it was no logarithm")
def ancestral_exp(x_t, t, eps, noise, schedule):
    return ancestral_with(sigma=lambda v: (v / 2).exp())(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "no noise")
def ancestral_mean(x_t, t, eps, noise, schedule):
    return ancestral_with(sigma=lambda v: 0 * v)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "noise of standard deviation 1")
def ancestral_unit(x_t, t, eps, noise, schedule):
    return ancestral_with(sigma=lambda v: 1.0)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "eps again in the place of the fresh noise")
def ancestral_eps_again(x_t, t, eps, noise, schedule):
    return ancestral_with(fresh=lambda n, e, t: e)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "noise and eps changed places")
def ancestral_swapped(x_t, t, eps, noise, schedule):
    return ancestral_with()(x_t, t, noise, eps, schedule)


@wrong("ancestral_step", "noise of its own")
def ancestral_own_noise(x_t, t, eps, noise, schedule):
    return ancestral_with(fresh=lambda n, e, t: torch.randn_like(n))(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the same noise in every row")
def ancestral_first_noise(x_t, t, eps, noise, schedule):
    return ancestral_with(fresh=lambda n, e, t: n[:1])(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "minus")
def ancestral_minus(x_t, t, eps, noise, schedule):
    return ancestral_with(fresh=lambda n, e, t: -n)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "no noise for anyone if the first row has t = 0")
def ancestral_first_row(x_t, t, eps, noise, schedule):
    return ancestral_with(fresh=lambda n, e, t: n if t[0] > 0 else 0 * n)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "no noise for anyone if one row has t = 0")
def ancestral_any_zero(x_t, t, eps, noise, schedule):
    return ancestral_with(fresh=lambda n, e, t: n if t.min() > 0 else 0 * n)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "sqrt(beta), no noise only if all rows have t = 0")
def ancestral_all_zero(x_t, t, eps, noise, schedule):
    step = ancestral_with(
        variance=lambda t, s, x: columns(s.betas, t, x), fresh=lambda n, e, t: n if t.any() else torch.zeros_like(n)
    )
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "no noise at t = 1 either")
def ancestral_after_one(x_t, t, eps, noise, schedule):
    step = ancestral_with(fresh=lambda n, e, t: n * (t > 1).reshape(-1, *[1] * (n.ndim - 1)))
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the mask the wrong way round")
def ancestral_mask_reversed(x_t, t, eps, noise, schedule):
    step = ancestral_with(
        variance=lambda t, s, x: columns(s.betas, t, x),
        fresh=lambda n, e, t: n * (t == 0).reshape(-1, *[1] * (n.ndim - 1)),
    )
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "noise of the whole level t - 1")
def ancestral_level_noise(x_t, t, eps, noise, schedule):
    step = ancestral_with(variance=lambda t, s, x: 1 - columns(s.alphas_cumprod_prev, t, x))
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "x_0 is noised to t - 1 anew: x_t plays no part")
def ancestral_renoise(x_t, t, eps, noise, schedule):
    step = ancestral_with(
        lambda x_start, x, t, s, e: columns(s.alphas_cumprod_prev, t, x).sqrt() * x_start,
        lambda t, s, x: 1 - columns(s.alphas_cumprod_prev, t, x),
    )
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "x_0 is the mean")
def ancestral_start(x_t, t, eps, noise, schedule):
    return ancestral_with(lambda x_start, x, t, s, e: x_start)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "x_0 and x_t changed places")
def ancestral_posterior_swapped(x_t, t, eps, noise, schedule):
    step = ancestral_with(lambda x_start, x, t, s, e: q_posterior(x, x_start, t, s)[0])
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the two weights changed places")
def ancestral_weights_swapped(x_t, t, eps, noise, schedule):
    def mean(x_start, x, t, s, e):
        return columns(s.posterior_mean_coef2, t, x) * x_start + columns(s.posterior_mean_coef1, t, x) * x

    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "eps is taken for x_0")
def ancestral_eps_is_start(x_t, t, eps, noise, schedule):
    step = ancestral_with(lambda x_start, x, t, s, e: q_posterior(e, x, t, s)[0])
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "x_0 is clipped to [-1, 1]")
def ancestral_clips_start(x_t, t, eps, noise, schedule):
    step = ancestral_with(lambda x_start, x, t, s, e: q_posterior(x_start.clamp(-1, 1), x, t, s)[0])
    return step(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the result is clipped to [-1, 1]")
def ancestral_clips(x_t, t, eps, noise, schedule):
    return ancestral_with()(x_t, t, eps, noise, schedule).clamp(-1, 1)


def paper_mean(weight, factor):
    """factor (x_t - weight eps), the paper's form, with other coefficients."""

    def mean(x_start, x_t, t, schedule, eps):
        return columns(factor(schedule), t, x_t) * (x_t - columns(weight(schedule), t, x_t) * eps)

    return mean


def weight_of_paper(schedule):
    return schedule.betas / schedule.sqrt_one_minus_alphas_cumprod


@wrong("ancestral_step", "1 / sqrt(alpha) is forgotten")
def ancestral_without_factor(x_t, t, eps, noise, schedule):
    mean = paper_mean(weight_of_paper, lambda s: torch.ones_like(s.betas))
    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "times sqrt(alpha), not divided by it")
def ancestral_times_root(x_t, t, eps, noise, schedule):
    return ancestral_with(paper_mean(weight_of_paper, lambda s: s.alphas.sqrt()))(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "divided by alpha, no root")
def ancestral_by_alpha(x_t, t, eps, noise, schedule):
    return ancestral_with(paper_mean(weight_of_paper, lambda s: 1 / s.alphas))(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "divided by sqrt(alpha-bar): alpha is taken for its product")
def ancestral_by_bar(x_t, t, eps, noise, schedule):
    mean = paper_mean(weight_of_paper, lambda s: 1 / s.sqrt_alphas_cumprod)
    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "beta / (1 - alpha-bar), no root")
def ancestral_weight_no_root(x_t, t, eps, noise, schedule):
    mean = paper_mean(lambda s: s.betas / (1 - s.alphas_cumprod), lambda s: s.alphas.rsqrt())
    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "sqrt(beta): alpha in the place of alpha-bar below the weight")
def ancestral_weight_alpha(x_t, t, eps, noise, schedule):
    mean = paper_mean(lambda s: s.betas / (1 - s.alphas).sqrt(), lambda s: s.alphas.rsqrt())
    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "all of the noise is taken off")
def ancestral_all_noise_off(x_t, t, eps, noise, schedule):
    mean = paper_mean(lambda s: s.sqrt_one_minus_alphas_cumprod, lambda s: s.alphas.rsqrt())
    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "eps is added")
def ancestral_adds_eps(x_t, t, eps, noise, schedule):
    mean = paper_mean(lambda s: -weight_of_paper(s), lambda s: s.alphas.rsqrt())
    return ancestral_with(mean)(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "the constants of t - 1")
def ancestral_previous(x_t, t, eps, noise, schedule):
    return ancestral_with()(x_t, (t - 1).clamp(min=0), eps, noise, schedule)


@wrong("ancestral_step", "the posterior of t + 1")
def ancestral_next(x_t, t, eps, noise, schedule):
    after = (t + 1).clamp(max=schedule.timesteps - 1)
    mean, variance = q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, after, schedule)
    return mean + variance.sqrt() * noise


@wrong("ancestral_step", "the first row's t for all")
def ancestral_first_t(x_t, t, eps, noise, schedule):
    return ancestral_with()(x_t, t[:1].expand_as(t), eps, noise, schedule)


@wrong("ancestral_step", "the DDIM step to t - 1")
def ancestral_ddim(x_t, t, eps, noise, schedule):
    return ddim_step(lambda x, time: eps, x_t, t, t - 1, noise, schedule, 0.0, "noise", False)


@wrong("ancestral_step", "schedule.betas[t] as it is")
def ancestral_no_extract(x_t, t, eps, noise, schedule):
    mean, _ = q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)
    return mean + schedule.posterior_variance[t].sqrt() * noise


@wrong("ancestral_step", "mean and variance come back")
def ancestral_pair(x_t, t, eps, noise, schedule):
    return q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)


@wrong("ancestral_step", "the pair is not unpacked")
def ancestral_not_unpacked(x_t, t, eps, noise, schedule):
    mean = q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)
    return mean + columns(schedule.posterior_variance, t, x_t).sqrt() * noise


@wrong("ancestral_step", "if t == 0 of a batch")
def ancestral_if(x_t, t, eps, noise, schedule):
    mean, variance = q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)
    if t == 0:
        return mean
    return mean + variance.sqrt() * noise


@wrong("ancestral_step", "the noise of the rows with t = 0 is wiped out in place")
def ancestral_noise_in_place(x_t, t, eps, noise, schedule):
    noise[t == 0] = 0
    return ancestral_with()(x_t, t, eps, noise, schedule)


@wrong("ancestral_step", "x_t becomes the mean in place")
def ancestral_x_in_place(x_t, t, eps, noise, schedule):
    x_t -= columns(weight_of_paper(schedule), t, x_t) * eps
    x_t /= columns(schedule.alphas, t, x_t).sqrt()
    return x_t + columns(schedule.posterior_variance, t, x_t).sqrt() * noise


@wrong("ancestral_step", "eps is called as if it were the network")
def ancestral_calls_eps(x_t, t, eps, noise, schedule):
    return ancestral_with()(x_t, t, eps(x_t, t), noise, schedule)


@wrong("ancestral_step", "a name the schedule does not have")
def ancestral_attribute(x_t, t, eps, noise, schedule):
    mean, _ = q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)
    return mean + columns(schedule.sigmas, t, x_t) * noise


# ddim_update


@right("ddim_update", "alpha-bar with a 1 in front, indexed with t_prev + 1")
def ddim_padded(x_t: Tensor, t: Tensor, t_prev: Tensor, eps: Tensor, schedule) -> Tensor:
    bars = torch.cat([schedule.alphas_cumprod.new_ones(1), schedule.alphas_cumprod])
    now, before = columns(bars, t + 1, x_t), columns(bars, t_prev + 1, x_t)
    x_start = (x_t - (1 - now).sqrt() * eps) / now.sqrt()
    return before.sqrt() * x_start + (1 - before).sqrt() * eps


@right("ddim_update", "torch.where for clean data")
def ddim_where(x_t, t, t_prev, eps, schedule):
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    bar = schedule.alphas_cumprod[t_prev.clamp(min=0)]
    before = torch.where(t_prev < 0, torch.ones_like(bar), bar).view(-1, *[1] * (x_t.ndim - 1))
    return torch.sqrt(before) * x_start + torch.sqrt(1.0 - before) * eps


@right("ddim_update", "chapter 12's step, with a network that has answered")
def ddim_library(x_t, t, t_prev, eps, schedule):
    return ddim_step(lambda x, time: eps, x_t, t, t_prev, torch.zeros_like(x_t), schedule, 0.0, "noise", False)


@right("ddim_update", "one weight for x_t, one for eps")
def ddim_two_weights(x_t, t, t_prev, eps, schedule):
    now = extract(schedule.alphas_cumprod, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    ratio = (before / now).sqrt()
    return ratio * x_t + ((1 - before).sqrt() - ratio * (1 - now).sqrt()) * eps


@right("ddim_update", "q_sample of x_0 with eps; clean rows are x_0")
def ddim_noises_again(x_t, t, t_prev, eps, schedule):
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    clean = (t_prev == -1).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(clean, x_start, q_sample(x_start, t_prev.clamp_min(0), eps, schedule))


@right("ddim_update", "row by row with Python numbers")
def ddim_rows(x_t, t, t_prev, eps, schedule):
    rows = []
    for x, e, now, before in zip(x_t, eps, t.tolist(), t_prev.tolist(), strict=True):
        bar = schedule.alphas_cumprod[now]
        bar_prev = schedule.alphas_cumprod[before] if before >= 0 else torch.tensor(1.0, device=x.device)
        x_start = (x - (1 - bar).sqrt() * e) / bar.sqrt()
        rows.append(bar_prev.sqrt() * x_start + (1 - bar_prev).sqrt() * e)
    return torch.stack(rows)


def bar_before(schedule, t_prev, x):
    return columns(schedule.alphas_cumprod_prev, t_prev + 1, x)


def ddim_with(before=None, start=None, weights=None):
    """A step with another alpha-bar before, another x_0, or other weights of x_0 and eps made from alpha-bar."""

    def step(x_t, t, t_prev, eps, schedule):
        bar = before(schedule, t_prev, t, x_t) if before else bar_before(schedule, t_prev, x_t)
        x_start = start(x_t, t, eps, schedule) if start else predict_start_from_noise(x_t, t, eps, schedule)
        of_start, of_eps = weights(bar) if weights else (bar.sqrt(), (1 - bar).sqrt())
        return of_start * x_start + of_eps * eps

    return step


def alpha_before(schedule, t_prev, x):
    return columns(torch.cat([schedule.alphas.new_ones(1), schedule.alphas]), t_prev + 1, x)


@wrong("ddim_update", "alpha for alpha-bar, in both terms")
def ddim_alpha(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: alpha_before(s, before, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alpha for alpha-bar, before x_0 only")
def ddim_alpha_of_start(x_t, t, t_prev, eps, schedule):
    step = ddim_with(weights=lambda bar: (alpha_before(schedule, t_prev, x_t).sqrt(), (1 - bar).sqrt()))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alpha for alpha-bar, before eps only")
def ddim_alpha_of_eps(x_t, t, t_prev, eps, schedule):
    step = ddim_with(weights=lambda bar: (bar.sqrt(), (1 - alpha_before(schedule, t_prev, x_t)).sqrt()))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "x_0 is found with alpha")
def ddim_start_by_alpha(x_t, t, t_prev, eps, schedule):
    def start(x, t, e, s):
        alpha = columns(s.alphas, t, x)
        return (x - (1 - alpha).sqrt() * e) / alpha.sqrt()

    return ddim_with(start=start)(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alpha everywhere")
def ddim_alpha_everywhere(x_t, t, t_prev, eps, schedule):
    now, before = columns(schedule.alphas, t, x_t), alpha_before(schedule, t_prev, x_t)
    x_start = (x_t - (1 - now).sqrt() * eps) / now.sqrt()
    return before.sqrt() * x_start + (1 - before).sqrt() * eps


@wrong("ddim_update", "alphas_cumprod[t_prev]: -1 is the last entry")
def ddim_last_entry(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod, before, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "extract at -1: raises")
def ddim_extract(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: extract(s.alphas_cumprod, before, x.shape))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "clean data is the level t = 0")
def ddim_clamps_t_prev(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod, before.clamp(min=0), x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alphas_cumprod_prev at t: always one step")
def ddim_one_step(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod_prev, t, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alphas_cumprod_prev at t_prev: one level too clean, and -1 the last entry")
def ddim_prev_twice(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod_prev, before, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alphas_cumprod at t_prev + 1: one level too noisy")
def ddim_one_too_noisy(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod, before + 1, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the level of t: x_t comes back")
def ddim_stays(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod, t, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the quotient alpha-bar / alpha-bar_prev in both terms")
def ddim_quotient(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod, t, x) / bar_before(s, before, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the product of alpha-bars")
def ddim_product_of_products(x_t, t, t_prev, eps, schedule):
    bars = torch.cumprod(torch.cat([schedule.alphas_cumprod.new_ones(1), schedule.alphas_cumprod]), dim=0)
    step = ddim_with(lambda s, before, t, x: columns(bars, before + 1, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the sum of alphas, cut off at 1")
def ddim_cumsum(x_t, t, t_prev, eps, schedule):
    bars = (1 - torch.cumsum(torch.cat([schedule.betas.new_zeros(1), schedule.betas]), dim=0)).clamp(min=0)
    step = ddim_with(lambda s, before, t, x: columns(bars, before + 1, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the first row's t_prev for all")
def ddim_first_t_prev(x_t, t, t_prev, eps, schedule):
    return ddim_with()(x_t, t, t_prev[:1].expand_as(t), eps, schedule)


@wrong("ddim_update", "t and t_prev changed places")
def ddim_times_swapped(x_t, t, t_prev, eps, schedule):
    return ddim_with()(x_t, t_prev.clamp(min=0), t, eps, schedule)


@wrong("ddim_update", "no root before x_0")
def ddim_no_root_of_start(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (bar, (1 - bar).sqrt()))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "no root before eps")
def ddim_no_root_of_eps(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (bar.sqrt(), 1 - bar))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "no roots")
def ddim_no_roots(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (bar, 1 - bar))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "1 - sqrt(alpha-bar) before eps")
def ddim_one_minus_root(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (bar.sqrt(), 1 - bar.sqrt()))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the weights changed places")
def ddim_weights_swapped(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: ((1 - bar).sqrt(), bar.sqrt()))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "eps is not added again")
def ddim_without_eps(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (bar.sqrt(), 0.0))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "x_0 is not scaled")
def ddim_whole_start(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (1.0, (1 - bar).sqrt()))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "minus eps")
def ddim_minus(x_t, t, t_prev, eps, schedule):
    return ddim_with(weights=lambda bar: (bar.sqrt(), -((1 - bar).sqrt())))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the noise of the level t stays")
def ddim_noise_of_t(x_t, t, t_prev, eps, schedule):
    step = ddim_with(weights=lambda bar: (bar.sqrt(), columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "x_t in the place of x_0")
def ddim_of_x_t(x_t, t, t_prev, eps, schedule):
    return ddim_with(start=lambda x, t, e, s: x)(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "x_0 alone")
def ddim_start(x_t, t, t_prev, eps, schedule):
    return predict_start_from_noise(x_t, t, eps, schedule)


@wrong("ddim_update", "x_0 is not divided by sqrt(alpha-bar)")
def ddim_start_undivided(x_t, t, t_prev, eps, schedule):
    step = ddim_with(start=lambda x, t, e, s: x - columns(s.sqrt_one_minus_alphas_cumprod, t, x) * e)
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "x_0 is clipped to [-1, 1]")
def ddim_clips_start(x_t, t, t_prev, eps, schedule):
    step = ddim_with(start=lambda x, t, e, s: predict_start_from_noise(x, t, e, s).clamp(-1, 1))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "fresh noise in the place of eps")
def ddim_fresh_noise(x_t, t, t_prev, eps, schedule):
    bar = bar_before(schedule, t_prev, x_t)
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    return bar.sqrt() * x_start + (1 - bar).sqrt() * torch.randn_like(x_t)


@wrong("ddim_update", "eta = 1: fresh noise")
def ddim_eta_one(x_t, t, t_prev, eps, schedule):
    return ddim_step(lambda x, time: eps, x_t, t, t_prev, torch.randn_like(x_t), schedule, 1.0, "noise", False)


@wrong("ddim_update", "the mean of the ancestral step")
def ddim_posterior_mean(x_t, t, t_prev, eps, schedule):
    return q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)[0]


@wrong("ddim_update", "x_0 for all if the first row's t_prev is -1")
def ddim_first_row_clean(x_t, t, t_prev, eps, schedule):
    if t_prev[0] < 0:
        return predict_start_from_noise(x_t, t, eps, schedule)
    return ddim_with(lambda s, before, t, x: columns(s.alphas_cumprod, before, x))(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "the clean rows stay x_t")
def ddim_clean_stays(x_t, t, t_prev, eps, schedule):
    clean = (t_prev < 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(clean, x_t, ddim_with()(x_t, t, t_prev, eps, schedule))


@wrong("ddim_update", "clean data has alpha-bar 0")
def ddim_clean_is_zero(x_t, t, t_prev, eps, schedule):
    bars = torch.cat([schedule.alphas_cumprod.new_zeros(1), schedule.alphas_cumprod])
    step = ddim_with(lambda s, before, t, x: columns(bars, before + 1, x))
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "alpha-bar as it is, (B,)")
def ddim_no_column(x_t, t, t_prev, eps, schedule):
    step = ddim_with(lambda s, before, t, x: s.alphas_cumprod_prev[before + 1])
    return step(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "x and x_0 come back")
def ddim_pair(x_t, t, t_prev, eps, schedule):
    return ddim_with()(x_t, t, t_prev, eps, schedule), predict_start_from_noise(x_t, t, eps, schedule)


@wrong("ddim_update", "t_prev is raised by one in place")
def ddim_t_prev_in_place(x_t, t, t_prev, eps, schedule):
    t_prev += 1
    before = columns(schedule.alphas_cumprod_prev, t_prev, x_t)
    return before.sqrt() * predict_start_from_noise(x_t, t, eps, schedule) + (1 - before).sqrt() * eps


@wrong("ddim_update", "x_t becomes x_0 in place")
def ddim_x_in_place(x_t, t, t_prev, eps, schedule):
    x_t -= columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t) * eps
    x_t /= columns(schedule.sqrt_alphas_cumprod, t, x_t)
    before = bar_before(schedule, t_prev, x_t)
    return before.sqrt() * x_t + (1 - before).sqrt() * eps


@wrong("ddim_update", "the schedule's table is changed in place")
def ddim_table_in_place(x_t, t, t_prev, eps, schedule):
    before = columns(schedule.alphas_cumprod_prev, t_prev + 1, x_t)
    schedule.alphas_cumprod_prev[0] = 0.999
    return before.sqrt() * predict_start_from_noise(x_t, t, eps, schedule) + (1 - before).sqrt() * eps


@wrong("ddim_update", "if t_prev < 0 of a batch")
def ddim_if(x_t, t, t_prev, eps, schedule):
    if t_prev < 0:
        return predict_start_from_noise(x_t, t, eps, schedule)
    return ddim_with()(x_t, t, t_prev, eps, schedule)


@wrong("ddim_update", "math.sqrt of a tensor of several")
def ddim_math_sqrt(x_t, t, t_prev, eps, schedule):
    step = ddim_with(weights=lambda bar: (math.sqrt(bar), math.sqrt(1 - bar)))
    return step(x_t, t, t_prev, eps, schedule)


# paste_known


@right("paste_known", "noised by hand, a comparison as the condition")
def paste_by_hand(x_t: Tensor, x_known: Tensor, mask: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    signal = columns(schedule.sqrt_alphas_cumprod, t, x_t)
    sigma = columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    return torch.where(mask == 1, signal * x_known + sigma * noise, x_t)


@right("paste_known", "a copy and boolean indices")
def paste_indices(x_t, x_known, mask, t, noise, schedule):
    known = mask.bool().expand_as(x_t)
    result = x_t.clone()
    result[known] = q_sample(x_known, t, noise, schedule)[known]
    return result


@right("paste_known", "what is not known is wiped out first, then two products")
def paste_products(x_t, x_known, mask, t, noise, schedule):
    mask = mask.to(x_t.dtype)
    known = torch.where(mask > 0, x_known, torch.zeros_like(x_known))
    return mask * q_sample(known, t, noise, schedule) + (1 - mask) * x_t


@right("paste_known", "the other way round: x_t where the mask is 0")
def paste_turned(x_t, x_known, mask, t, noise, schedule):
    noised = q_sample(x_known, t, noise, schedule)
    return x_t.where(mask < 0.5, noised)


@right("paste_known", "masked_scatter, row by row")
def paste_scatter(x_t, x_known, mask, t, noise, schedule):
    known = torch.broadcast_to(mask, x_t.shape) > 0
    noised = q_sample(x_known, t, noise, schedule)
    rows = [x.masked_scatter(where, new[where]) for x, where, new in zip(x_t, known, noised, strict=True)]
    return torch.stack(rows)


def paste_with(known=None, blend=None):
    """With another known part, known(x_known, t, noise, schedule), or another blend(known, mask, x_t)."""

    def paste(x_t, x_known, mask, t, noise, schedule):
        noised = known(x_known, t, noise, schedule) if known else q_sample(x_known, t, noise, schedule)
        return blend(noised, mask, x_t) if blend else torch.where(mask.bool(), noised, x_t)

    return paste


@wrong("paste_known", "the known part is put in clean")
def paste_clean(x_t, x_known, mask, t, noise, schedule):
    return paste_with(lambda x, t, n, s: x)(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "the known part is put in clean, by products")
def paste_clean_products(x_t, x_known, mask, t, noise, schedule):
    return x_known * mask + x_t * (1 - mask.float())


@disputed("paste_known", "two products, as the paper has it: right if what is not known is finite, 0 times nan is nan")
def paste_nan(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: m.float() * k + (1 - m.float()) * x)
    return step(x_t, x_known, mask, t, noise, schedule)


@disputed("paste_known", "lerp: right if what is not known is finite, 0 times nan is nan")
def paste_lerp(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: torch.lerp(x, k, m.float().expand_as(x)))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "the mask the wrong way round")
def paste_inverted(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: torch.where(m.bool(), x, k))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "the mask the wrong way round, and clean")
def paste_inverted_clean(x_t, x_known, mask, t, noise, schedule):
    return torch.where(mask.bool(), x_t, x_known)


@wrong("paste_known", "the noise of t - 1")
def paste_previous(x_t, x_known, mask, t, noise, schedule):
    return paste_with()(x_t, x_known, mask, (t - 1).clamp(min=0), noise, schedule)


@wrong("paste_known", "the noise of t + 1")
def paste_next(x_t, x_known, mask, t, noise, schedule):
    return paste_with()(x_t, x_known, mask, (t + 1).clamp(max=schedule.timesteps - 1), noise, schedule)


@wrong("paste_known", "alphas_cumprod_prev: one level too clean")
def paste_bar_prev(x_t, x_known, mask, t, noise, schedule):
    bar = columns(schedule.alphas_cumprod_prev, t, x_t)
    step = paste_with(lambda x, t, n, s: bar.sqrt() * x + (1 - bar).sqrt() * n)
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "the first row's t for all")
def paste_first_t(x_t, x_known, mask, t, noise, schedule):
    return paste_with()(x_t, x_known, mask, t[:1].expand_as(t), noise, schedule)


@wrong("paste_known", "alpha and beta: the noise of one step")
def paste_one_step(x_t, x_known, mask, t, noise, schedule):
    def known(x, t, n, s):
        return columns(s.alphas, t, x).sqrt() * x + columns(s.betas, t, x).sqrt() * n

    return paste_with(known)(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "no roots")
def paste_no_roots(x_t, x_known, mask, t, noise, schedule):
    def known(x, t, n, s):
        bar = columns(s.alphas_cumprod, t, x)
        return bar * x + (1 - bar) * n

    return paste_with(known)(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "the noise is added to the whole picture: its signal is not scaled")
def paste_unscaled(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(lambda x, t, n, s: x + columns(s.sqrt_one_minus_alphas_cumprod, t, x) * n)
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "scaled, but without noise")
def paste_without_noise(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(lambda x, t, n, s: columns(s.sqrt_alphas_cumprod, t, x) * x)
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "noise of standard deviation 1 on top")
def paste_all_noise(x_t, x_known, mask, t, noise, schedule):
    return paste_with(lambda x, t, n, s: x + n)(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "signal and sigma changed places")
def paste_weights_swapped(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(lambda x, t, n, s: q_sample(n, t, x, s))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "noise of its own")
def paste_own_noise(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(lambda x, t, n, s: q_sample(x, t, torch.randn_like(x), s))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "put in clean, then everything is noised: x_t twice")
def paste_noises_all(x_t, x_known, mask, t, noise, schedule):
    return q_sample(torch.where(mask.bool(), x_known, x_t), t, noise, schedule)


@wrong("paste_known", "x_t is noised and the known part is not")
def paste_noises_other(x_t, x_known, mask, t, noise, schedule):
    return torch.where(mask.bool(), x_known, q_sample(x_t, t, noise, schedule))


@wrong("paste_known", "the known part is laid over x_t, which stays below")
def paste_adds(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: x + torch.where(m.bool(), k, torch.zeros_like(k)))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "what is to be drawn becomes 0")
def paste_drops_x_t(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: torch.where(m.bool(), k, torch.zeros_like(k)))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "what is to be drawn becomes noise")
def paste_noise_outside(x_t, x_known, mask, t, noise, schedule):
    return torch.where(mask.bool(), q_sample(x_known, t, noise, schedule), noise)


@wrong("paste_known", "the mean of both in the known part")
def paste_mean(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: torch.where(m.bool(), (k + x) / 2, x))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "the known picture, whatever the mask says")
def paste_whole(x_t, x_known, mask, t, noise, schedule):
    return paste_with(blend=lambda k, m, x: k)(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "nothing is put in")
def paste_nothing(x_t, x_known, mask, t, noise, schedule):
    return x_t


@wrong("paste_known", "clamped to [-1, 1]")
def paste_clamps(x_t, x_known, mask, t, noise, schedule):
    return paste_with()(x_t, x_known, mask, t, noise, schedule).clamp(-1, 1)


@wrong("paste_known", "the first row's mask for all")
def paste_first_mask(x_t, x_known, mask, t, noise, schedule):
    step = paste_with(blend=lambda k, m, x: torch.where(m.expand_as(x)[:1].bool(), k, x))
    return step(x_t, x_known, mask, t, noise, schedule)


@wrong("paste_known", "rows that are known at all are known everywhere")
def paste_whole_rows(x_t, x_known, mask, t, noise, schedule):
    any_known = mask.expand_as(x_t).flatten(1).bool().any(dim=1).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(any_known, q_sample(x_known, t, noise, schedule), x_t)


@wrong("paste_known", "x_t is changed in place, by indices")
def paste_in_place(x_t, x_known, mask, t, noise, schedule):
    known = mask.bool().expand_as(x_t)
    x_t[known] = q_sample(x_known, t, noise, schedule)[known]
    return x_t


@wrong("paste_known", "x_known is scaled in place")
def paste_known_in_place(x_t, x_known, mask, t, noise, schedule):
    x_known *= columns(schedule.sqrt_alphas_cumprod, t, x_t)
    known = x_known + columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t) * noise
    return torch.where(mask.bool(), known, x_t)


@wrong("paste_known", "indices of a mask that has fewer rows than x_t")
def paste_index_unexpanded(x_t, x_known, mask, t, noise, schedule):
    result = x_t.clone()
    result[mask] = q_sample(x_known, t, noise, schedule)[mask]
    return result


@wrong("paste_known", "q_sample's arguments in another order")
def paste_argument_order(x_t, x_known, mask, t, noise, schedule):
    return torch.where(mask.bool(), q_sample(x_known, noise, t, schedule), x_t)


@wrong("paste_known", "the schedule's table as it is, (B,)")
def paste_no_column(x_t, x_known, mask, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod[t], schedule.sqrt_one_minus_alphas_cumprod[t]
    return torch.where(mask.bool(), signal * x_known + sigma * noise, x_t)


@wrong("paste_known", "if mask of a tensor")
def paste_if(x_t, x_known, mask, t, noise, schedule):
    if mask:
        return q_sample(x_known, t, noise, schedule)
    return x_t


@wrong("paste_known", "picture and mask come back")
def paste_pair(x_t, x_known, mask, t, noise, schedule):
    return paste_with()(x_t, x_known, mask, t, noise, schedule), mask


# start_of_output


@right("start_of_output", "match")
def start_match(output: Tensor, x_t: Tensor, t: Tensor, schedule, predicts: str) -> Tensor:
    signal = columns(schedule.sqrt_alphas_cumprod, t, x_t)
    sigma = columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    match predicts:
        case "noise":
            return x_t / signal - sigma / signal * output
        case "start":
            return output
        case "v":
            return signal * x_t - sigma * output
        case _:
            raise ValueError(predicts)


@right("start_of_output", "a dictionary of functions")
def start_dictionary(output, x_t, t, schedule, predicts):
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    ways = {
        "noise": lambda: (x_t - (1 - bar).sqrt() * output) / bar.sqrt(),
        "start": lambda: output,
        "v": lambda: bar.sqrt() * x_t - (1 - bar).sqrt() * output,
    }
    if predicts not in ways:
        raise ValueError(f"predicts is one of {', '.join(ways)}, not {predicts}.")
    return ways[predicts]()


@right("start_of_output", "the library's function of chapter 05")
def start_library(output, x_t, t, schedule, predicts):
    return reverse.predict_start(output, x_t, t, schedule, predicts)


@right("start_of_output", "the unknown word first, then elif; a copy for start")
def start_checks_first(output, x_t, t, schedule, predicts):
    if predicts not in ("noise", "start", "v"):
        raise ValueError("unknown: " + predicts)
    if predicts == "start":
        x_start = output.clone()
    else:
        signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
        sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
        if predicts == "noise":
            x_start = (x_t - sigma * output).div(signal)
        else:
            x_start = torch.addcmul(signal * x_t, sigma, output, value=-1)
    return x_start


@right("start_of_output", "v by the angle of (signal, sigma)")
def start_by_angle(output, x_t, t, schedule, predicts):
    if predicts == "start":
        return output
    if predicts == "v":
        signal = columns(schedule.sqrt_alphas_cumprod, t, x_t)
        sigma = columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
        angle = torch.atan2(sigma, signal)
        return angle.cos() * x_t - angle.sin() * output
    if predicts == "noise":
        return predict_start_from_noise(x_t, t, output, schedule)
    raise ValueError


def start_with(noise=None, start=None, v=None, unknown=None):
    """With other formulas, functions of (output, x_t, signal, sigma), or another end for an unknown word."""

    def clean(output, x_t, t, schedule, predicts):
        signal = columns(schedule.sqrt_alphas_cumprod, t, x_t)
        sigma = columns(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
        if predicts == "noise":
            return noise(output, x_t, signal, sigma) if noise else (x_t - sigma * output) / signal
        if predicts == "start":
            return start(output, x_t, signal, sigma) if start else output
        if predicts == "v":
            return v(output, x_t, signal, sigma) if v else signal * x_t - sigma * output
        if unknown:
            return unknown(output)
        raise ValueError(predicts)

    return clean


@wrong("start_of_output", "the formula for noise, whatever the network predicts")
def start_always_noise(output, x_t, t, schedule, predicts):
    return predict_start_from_noise(x_t, t, output, schedule)


@wrong("start_of_output", "the formula for v, whatever the network predicts")
def start_always_v(output, x_t, t, schedule, predicts):
    return start_with()(output, x_t, t, schedule, "v")


@wrong("start_of_output", "the output is taken for x_0, whatever the network predicts")
def start_always_start(output, x_t, t, schedule, predicts):
    return output


@wrong("start_of_output", "v is taken for noise")
def start_v_is_noise(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: (x - s * o) / a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise is taken for v")
def start_noise_is_v(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: a * x - s * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise and v changed places")
def start_swapped(output, x_t, t, schedule, predicts):
    step = start_with(noise=lambda o, x, a, s: a * x - s * o, v=lambda o, x, a, s: (x - s * o) / a)
    return step(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "the network's x_0 goes through the formula for noise")
def start_start_is_noise(output, x_t, t, schedule, predicts):
    return start_with(start=lambda o, x, a, s: (x - s * o) / a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v gives the noise: sigma x_t + signal v")
def start_noise_of_v(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: s * x + a * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v: plus")
def start_v_plus(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: a * x + s * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v: signal and sigma changed places")
def start_v_weights(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: s * x - a * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v: the sign turned")
def start_v_turned(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: s * o - a * x)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v: divided by signal, too")
def start_v_divided(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: (a * x - s * o) / a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v: x_t is not scaled")
def start_v_whole_x(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: x - s * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v is the velocity of flow matching: x_t + sigma v")
def start_v_flow(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: x + s * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "v: alpha-bar without roots")
def start_v_no_roots(output, x_t, t, schedule, predicts):
    return start_with(v=lambda o, x, a, s: a**2 * x - s**2 * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: not divided by signal")
def start_noise_undivided(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: x - s * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: plus")
def start_noise_plus(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: (x + s * o) / a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: times signal")
def start_noise_times(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: (x - s * o) * a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: divided by alpha-bar, no root")
def start_noise_by_bar(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: (x - s * o) / a**2)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: 1 - alpha-bar, no root")
def start_noise_no_root(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: (x - s**2 * o) / a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: the brackets are missing")
def start_noise_brackets(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: x - s * o / a)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "noise: all of the output is taken off")
def start_noise_whole(output, x_t, t, schedule, predicts):
    return start_with(noise=lambda o, x, a, s: x - o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "start: x_t comes back")
def start_start_is_x_t(output, x_t, t, schedule, predicts):
    return start_with(start=lambda o, x, a, s: x)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "start: scaled with signal")
def start_start_scaled(output, x_t, t, schedule, predicts):
    return start_with(start=lambda o, x, a, s: a * o)(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "everything is clamped to [-1, 1]")
def start_clamps(output, x_t, t, schedule, predicts):
    return start_with()(output, x_t, t, schedule, predicts).clamp(-1, 1)


@wrong("start_of_output", "only the network's x_0 is clamped")
def start_clamps_start(output, x_t, t, schedule, predicts):
    return start_with(start=lambda o, x, a, s: o.clamp(-1, 1))(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "alpha for alpha-bar")
def start_alpha(output, x_t, t, schedule, predicts):
    signal, sigma = columns(schedule.alphas, t, x_t).sqrt(), columns(schedule.betas, t, x_t).sqrt()
    step = start_with(noise=lambda o, x, a, s: (x - sigma * o) / signal, v=lambda o, x, a, s: signal * x - sigma * o)
    return step(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "the level of t - 1")
def start_previous(output, x_t, t, schedule, predicts):
    return start_with()(output, x_t, (t - 1).clamp(min=0), schedule, predicts)


@wrong("start_of_output", "the first row's t for all")
def start_first_t(output, x_t, t, schedule, predicts):
    return start_with()(output, x_t, t[:1].expand_as(t), schedule, predicts)


@disputed("start_of_output", "else: an unknown word counts as v: wrong by the docstring, but no case has one")
def start_else_v(output, x_t, t, schedule, predicts):
    known = predicts if predicts in ("noise", "start") else "v"
    return start_with()(output, x_t, t, schedule, known)


@disputed("start_of_output", "else: an unknown word counts as noise: wrong by the docstring, but no case has one")
def start_else_noise(output, x_t, t, schedule, predicts):
    known = predicts if predicts in ("v", "start") else "noise"
    return start_with()(output, x_t, t, schedule, known)


@disputed("start_of_output", "an unknown word gives the output: wrong by the docstring, but no case has one")
def start_unknown_output(output, x_t, t, schedule, predicts):
    return start_with(unknown=lambda o: o)(output, x_t, t, schedule, predicts)


@disputed("start_of_output", "an unknown word gives None: wrong by the docstring, but no case has one")
def start_unknown_none(output, x_t, t, schedule, predicts):
    return start_with(unknown=lambda o: None)(output, x_t, t, schedule, predicts)


@disputed("start_of_output", "the ValueError is returned, not raised: wrong by the docstring, but no case has one")
def start_returns_error(output, x_t, t, schedule, predicts):
    return start_with(unknown=lambda o: ValueError("unknown"))(output, x_t, t, schedule, predicts)


@disputed("start_of_output", "KeyError for an unknown word: wrong by the docstring, but no case has one")
def start_key_error(output, x_t, t, schedule, predicts):
    return {way: partial(start_with(), output, x_t, t, schedule, way) for way in ("noise", "start", "v")}[predicts]()


@disputed("start_of_output", "an assertion for an unknown word: wrong by the docstring, but no case has one")
def start_asserts(output, x_t, t, schedule, predicts):
    assert predicts in ("noise", "start", "v")
    return start_with()(output, x_t, t, schedule, predicts)


@wrong("start_of_output", 'if predicts == "noise" or "v": always true')
def start_always_true(output, x_t, t, schedule, predicts):
    if predicts == "noise" or "v":  # noqa: SIM222
        return start_with()(output, x_t, t, schedule, "noise")
    return output


@wrong("start_of_output", '"eps" and "x0": the words of another course')
def start_other_words(output, x_t, t, schedule, predicts):
    words = {"eps": "noise", "x0": "start", "v": "v"}
    return start_with()(output, x_t, t, schedule, words.get(predicts, "unknown"))


@wrong("start_of_output", '"velocity" for "v"')
def start_velocity(output, x_t, t, schedule, predicts):
    words = {"noise": "noise", "start": "start", "velocity": "v"}
    return start_with()(output, x_t, t, schedule, words.get(predicts, "unknown"))


@wrong("start_of_output", "the tables as they are, (B,)")
def start_no_column(output, x_t, t, schedule, predicts):
    signal, sigma = schedule.sqrt_alphas_cumprod[t], schedule.sqrt_one_minus_alphas_cumprod[t]
    step = start_with(noise=lambda o, x, a, s: (x - sigma * o) / signal, v=lambda o, x, a, s: signal * x - sigma * o)
    return step(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "x_0 and noise come back")
def start_pair(output, x_t, t, schedule, predicts):
    x_start = start_with()(output, x_t, t, schedule, predicts)
    return x_start, (x_t - columns(schedule.sqrt_alphas_cumprod, t, x_t) * x_start)


@wrong("start_of_output", "the output is scaled in place")
def start_output_in_place(output, x_t, t, schedule, predicts):
    step = start_with(noise=lambda o, x, a, s: (x - o.mul_(s)) / a, v=lambda o, x, a, s: a * x - o.mul_(s))
    return step(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "x_t is changed in place")
def start_x_in_place(output, x_t, t, schedule, predicts):
    step = start_with(noise=lambda o, x, a, s: x.sub_(s * o).div_(a), v=lambda o, x, a, s: x.mul_(a).sub_(s * o))
    return step(output, x_t, t, schedule, predicts)


@wrong("start_of_output", "the output is called as if it were the network")
def start_calls_output(output, x_t, t, schedule, predicts):
    return start_with()(output(x_t, t), x_t, t, schedule, predicts)


@wrong("start_of_output", "the word is taken for an attribute of the schedule")
def start_attribute(output, x_t, t, schedule, predicts):
    return getattr(schedule, predicts) * x_t - output


@wrong("start_of_output", "numpy's root of a tensor that t has indexed, and no shape")
def start_numpy(output, x_t, t, schedule, predicts):
    bar = schedule.alphas_cumprod.numpy()[t.numpy()]
    return (x_t.numpy() - np.sqrt(1 - bar) * output.numpy()) / np.sqrt(bar)


@disputed(
    "start_of_output", "Exception for an unknown word, not ValueError: wrong by the docstring, but no case has one"
)
def start_exception(output, x_t, t, schedule, predicts):
    if predicts not in ("noise", "start", "v"):
        raise Exception("unknown predicts")
    return start_with()(output, x_t, t, schedule, predicts)
