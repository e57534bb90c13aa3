"""Answers to the quizzes of chapter 04, the forward process."""

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib.forward import extract
from course_lib.schedules import NoiseSchedule

# extract: wrong


@wrong("extract", "no axes added")
def looks_up_and_stops(values, t, x_shape):
    return values[t]


@wrong("extract", "always four axes")
def always_four_axes(values, t, x_shape):
    return values[t].view(-1, 1, 1, 1)


@wrong("extract", "the paper's count of t, from 1")
def counts_t_from_one(values, t, x_shape):
    return values[t - 1].reshape(len(t), *[1] * (len(x_shape) - 1))


@wrong("extract", "the axes of length 1 stand before the batch")
def axes_in_front(values, t, x_shape):
    out = values[t]
    while out.ndim < len(x_shape):
        out = out[None]
    return out


@wrong("extract", "one axis too many")
def as_many_ones_as_axes(values, t, x_shape):
    b = t.shape[0]
    out = values.gather(-1, t)
    return out.reshape(b, *((1,) * len(x_shape)))


@wrong("extract", "the first row's t for all rows")
def first_t_for_everybody(values, t, x_shape):
    return values[t[0]].repeat(len(t)).reshape(-1, *[1] * (len(x_shape) - 1))


@right("extract", "expanded to the full shape of x, which multiplies in the same way")
def expands_to_x(values, t, x_shape):
    res = values[t].float()
    while len(res.shape) < len(x_shape):
        res = res[..., None]
    return res.expand(x_shape)


@wrong("extract", "reads values from the end")
def reads_backwards(values, t, x_shape):
    return values.flip(0)[t].reshape(-1, *[1] * (len(x_shape) - 1))


@wrong("extract", "reshaped to x_shape itself, raises")
def reshapes_to_x(values, t, x_shape):
    return torch.gather(values, 0, t).reshape(x_shape)


@wrong("extract", ".item() on a batch")
def one_item(values, t, x_shape):
    return torch.full((x_shape[0], *[1] * (len(x_shape) - 1)), values[t.item()])


@wrong("extract", "filled into an integer tensor, so truncated")
def fills_a_long_tensor(values, t, x_shape):
    out = torch.zeros_like(t)
    for i, step in enumerate(t):
        out[i] = values[step]
    return out.reshape(len(t), *[1] * (len(x_shape) - 1))


@wrong("extract", "stops one axis early")
def one_axis_short(values, t, x_shape):
    out = values[t]
    for _ in range(len(x_shape) - 2):
        out = out.unsqueeze(-1)
    return out


@wrong("extract", "squeeze loses the axis of a batch of one")
def squeezes_the_batch(values, t, x_shape):
    out = values[t].squeeze()
    for _ in range(len(x_shape) - 1):
        out = out.unsqueeze(-1)
    return out


@wrong("extract", "the first B values instead of values[t]")
def ignores_t(values, t, x_shape):
    return values[: len(t)].reshape(-1, *[1] * (len(x_shape) - 1))


@wrong("extract", "two: the next t, and two axes only")
def next_step_as_a_column(values, t, x_shape):
    return values[(t + 1).clamp(max=len(values) - 1)].view(-1, 1)


@wrong("extract", "the answer is computed and not returned")
def forgets_the_return(values, t, x_shape):
    out = values[t]
    out = out.reshape(x_shape[0], *[1] * (len(x_shape) - 1))


# extract: right


@right("extract", "one-hot matrix times values")
def by_one_hot(values: Tensor, t: Tensor, x_shape: torch.Size) -> Tensor:
    picked = functional.one_hot(t, len(values)).to(values.dtype) @ values
    return picked.reshape(-1, *(1 for _ in x_shape[1:]))


@right("extract", "index with Nones")
def with_none_indices(values, t, x_shape):
    return values[t][(slice(None),) + (None,) * (len(x_shape) - 1)]


@right("extract", "the annotated-diffusion notebook, with .cpu() and .to()")
def annotated(values, t, x_shape):
    batch_size = t.shape[0]
    out = values.gather(-1, t.cpu())
    return out.reshape(batch_size, *((1,) * (len(x_shape) - 1))).to(t.device)


@right("extract", "index_select and a while loop")
def grows_axes(values, t, x_shape):
    out = values.index_select(0, t)
    while out.dim() < len(x_shape):
        out = out.unsqueeze(dim=-1)
    return out


@right("extract", "a list of rows, stacked")
def stacks_rows(values, t, x_shape):
    ones = [1] * (len(x_shape) - 1)
    return torch.stack([values[int(step)].reshape(ones) for step in t])


@right("extract", "an einops pattern built for the number of axes")
def einops_of_any_length(values, t, x_shape):
    return rearrange(values[t], "b -> b" + " 1" * (len(x_shape) - 1))


# q_step: wrong


@wrong("q_step", "variance in the place of the standard deviation")
def step_with_variance(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return torch.sqrt(1 - beta) * x_prev + beta * noise


@wrong("q_step", "the mean without its root")
def step_shrinks_too_much(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return (1 - beta) * x_prev + beta.sqrt() * noise


@wrong("q_step", "no shrinking: variance exploding")
def step_never_shrinks(x_prev, t, noise, schedule):
    return x_prev + extract(schedule.betas, t, x_prev.shape).sqrt() * noise


@wrong("q_step", "alpha-bar instead of alpha")
def step_leaps(x_prev, t, noise, schedule):
    a = extract(schedule.alphas_cumprod, t, x_prev.shape)
    return a.sqrt() * x_prev + (1 - a).sqrt() * noise


@wrong("q_step", "betas[t - 1]")
def step_before(x_prev, t, noise, schedule):
    beta = extract(schedule.betas[t - 1], torch.arange(len(t)), x_prev.shape)
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@wrong("q_step", "no reshape: broadcasts along the last axis")
def step_without_axes(x_prev, t, noise, schedule):
    beta = schedule.betas[t]
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@wrong("q_step", "one t for the batch")
def step_of_first_row(x_prev, t, noise, schedule):
    beta = schedule.betas[t[0]]
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@wrong("q_step", "draws noise of its own")
def step_draws_noise(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return torch.normal((1 - beta).sqrt() * x_prev, beta.sqrt().expand_as(x_prev))


@wrong("q_step", "weights swapped")
def step_swapped(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return beta.sqrt() * x_prev + (1 - beta).sqrt() * noise


@wrong("q_step", "changes x_prev in place")
def step_in_place(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return x_prev.mul_((1 - beta).sqrt()).add_(beta.sqrt() * noise)


@wrong("q_step", "t = 0 taken for clean data")
def step_zero_is_clean(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape) * extract(t > 0, torch.arange(len(t)), x_prev.shape)
    return (1 - beta).sqrt() * x_prev + beta.sqrt() * noise


@wrong("q_step", "clamped to [-1, 1]")
def step_clamped(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    x_t = (1 - beta).sqrt() * x_prev + beta.sqrt() * noise
    return x_t.clamp(-1, 1)


@wrong("q_step", "one step's mean, the leap's noise")
def step_mixed_up(x_prev, t, noise, schedule):
    alpha = extract(schedule.alphas, t, x_prev.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_prev.shape)
    return alpha.sqrt() * x_prev + sigma * noise


@wrong("q_step", "two: sign of the noise, and no root on it")
def step_two_slips(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return (1 - beta).sqrt() * x_prev - beta * noise


@wrong("q_step", "one minus beta squared under the root")
def step_pythagoras(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, x_prev.shape)
    return (1 - beta**2).sqrt() * x_prev + beta * noise


# q_step: right


@right("q_step", "alphas and einops")
def step_by_alphas(x_prev, t, noise, schedule):
    alpha = rearrange(schedule.alphas[t], "b -> b" + " 1" * (x_prev.ndim - 1))
    return alpha**0.5 * x_prev + (1 - alpha) ** 0.5 * noise


@right("q_step", "a loop over rows")
def step_row_by_row(x_prev: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    rows = []
    for x, step, eps in zip(x_prev, t.tolist(), noise, strict=True):
        b = schedule.betas[step]
        rows.append(torch.sqrt(1.0 - b) * x + torch.sqrt(b) * eps)
    return torch.stack(rows)


@right("q_step", "in place on a fresh tensor, in double precision")
def step_in_double(x_prev, t, noise, schedule):
    beta = extract(schedule.betas.double(), t, x_prev.shape)
    out = x_prev.double() * (1 - beta).sqrt()
    out += beta.sqrt() * noise
    return out.to(x_prev.dtype)


@right("q_step", "transposed, so that the batch comes last")
def step_transposed(x_prev, t, noise, schedule):
    beta = schedule.betas[t]
    flat_x, flat_noise = x_prev.reshape(len(t), -1).T, noise.reshape(len(t), -1).T
    return (torch.sqrt(1 - beta) * flat_x + torch.sqrt(beta) * flat_noise).T.reshape(x_prev.shape)


@right("q_step", "addcmul")
def step_addcmul(x_prev, t, noise, schedule):
    beta = extract(schedule.betas, t, noise.size())
    return torch.addcmul(x_prev * (1 - beta).sqrt(), beta.sqrt(), noise)


# q_sample: wrong


@wrong("q_sample", "no roots")
def leap_without_roots(x_start, t, noise, schedule):
    a = extract(schedule.alphas_cumprod, t, x_start.shape)
    return a * x_start + (1 - a) * noise


@wrong("q_sample", "a root too many")
def leap_with_double_root(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape).sqrt()
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape).sqrt()
    return signal * x_start + sigma * noise


@wrong("q_sample", "weights swapped")
def leap_swapped(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return signal * x_start + sigma * noise


@wrong("q_sample", "alpha instead of alpha-bar: one step")
def leap_is_one_step(x_start, t, noise, schedule):
    a = extract(schedule.alphas, t, x_start.shape)
    return a.sqrt() * x_start + (1 - a).sqrt() * noise


@wrong("q_sample", "alpha-bar of the step before")
def leap_with_prev(x_start, t, noise, schedule):
    a = extract(schedule.alphas_cumprod_prev, t, x_start.shape)
    return a.sqrt() * x_start + (1 - a).sqrt() * noise


@wrong("q_sample", "extract with t.shape, so no axes")
def leap_with_t_shape(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, t.shape)
    return signal * x_start + sigma * noise


@wrong("q_sample", "overwrites the given noise with fresh noise")
def leap_with_fresh_noise(x_start, t, noise, schedule):
    noise = torch.randn_like(x_start)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return signal * x_start + extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise


@wrong("q_sample", "k-diffusion: x_0 unscaled, sigma = sqrt((1 - abar) / abar)")
def leap_of_karras(x_start, t, noise, schedule):
    a = extract(schedule.alphas_cumprod, t, x_start.shape)
    return x_start + ((1 - a) / a).sqrt() * noise


@wrong("q_sample", "a straight line from data to noise (flow matching)")
def leap_in_a_straight_line(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return torch.lerp(noise, x_start, signal)


@wrong("q_sample", "every step with the same noise")
def leap_by_steps_with_one_noise(x_start, t, noise, schedule):
    x = x_start
    for step in range(schedule.timesteps):
        beta = schedule.betas[step] * (step <= t).reshape(-1, *[1] * (x.ndim - 1))
        x = (1 - beta).sqrt() * x + beta.sqrt() * noise
    return x


@wrong("q_sample", "the largest t for all rows")
def leap_to_the_largest_t(x_start, t, noise, schedule):
    step = t.max()
    return schedule.sqrt_alphas_cumprod[step] * x_start + schedule.sqrt_one_minus_alphas_cumprod[step] * noise


@wrong("q_sample", "x_start changed in place")
def leap_in_place(x_start, t, noise, schedule):
    x_start *= extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    x_start += extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise
    return x_start


@wrong("q_sample", "1 minus the root instead of the root of 1 minus")
def leap_one_minus_root(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    return signal * x_start + (1 - signal) * noise


@wrong("q_sample", "two: minus the noise, and no root on the signal")
def leap_two_slips(x_start, t, noise, schedule):
    signal = extract(schedule.alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * x_start - sigma * noise


@wrong("q_sample", "returns the noise as well")
def leap_and_noise(x_start, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * x_start + sigma * noise, noise


@wrong("q_sample", "axes for pictures only")
def leap_for_pictures(x_start, t, noise, schedule):
    signal = schedule.sqrt_alphas_cumprod[t][:, None, None, None]
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t][:, None, None, None]
    return signal * x_start + sigma * noise


# q_sample: right


@right("q_sample", "alpha-bar from the betas, in double precision")
def leap_from_betas(x_start, t, noise, schedule):
    abar = torch.cumprod(1 - schedule.betas.double(), 0)
    a = extract(abar, t, x_start.shape)
    return (a.sqrt() * x_start + (1 - a).sqrt() * noise).to(x_start.dtype)


@right("q_sample", "einsum")
def leap_by_einsum(x_start, t, noise, schedule):
    signal = torch.einsum("b,b...->b...", schedule.sqrt_alphas_cumprod[t].to(x_start.dtype), x_start)
    return signal + torch.einsum("b,b...->b...", schedule.sqrt_one_minus_alphas_cumprod[t].to(noise.dtype), noise)


@right("q_sample", "cosine and sine of the angle")
def leap_by_angle(x_start, t, noise, schedule):
    phi = torch.atan2(schedule.sqrt_one_minus_alphas_cumprod, schedule.sqrt_alphas_cumprod)
    phi = extract(phi, t, x_start.shape)
    return phi.cos() * x_start + phi.sin() * noise


@right("q_sample", "vmap over the rows")
def leap_by_vmap(x_start, t, noise, schedule):
    def one(a, s, x, eps):
        return a * x + s * eps

    rows = schedule.sqrt_alphas_cumprod[t], schedule.sqrt_one_minus_alphas_cumprod[t]
    return torch.vmap(one)(*rows, x_start, noise)


@right("q_sample", "a lambda for the axes, filled row by row")
def leap_filled(x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    at = lambda values, i: values[t[i]]  # noqa: E731
    x_t = torch.empty_like(x_start)
    for i in range(x_start.shape[0]):
        x_t[i] = at(schedule.sqrt_alphas_cumprod, i) * x_start[i]
        x_t[i] += at(schedule.sqrt_one_minus_alphas_cumprod, i) * noise[i]
    return x_t


# q_posterior: wrong


@wrong("q_posterior", "the two weights swapped")
def posterior_swapped(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c2 * x_start + c1 * x_t, extract(schedule.posterior_variance, t, x_t.shape)


@wrong("q_posterior", "standard deviation instead of variance")
def posterior_with_std(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, extract(schedule.posterior_variance, t, x_t.shape).sqrt()


@wrong("q_posterior", "guided-diffusion: the clipped log-variance")
def posterior_with_log_variance(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    log_variance = schedule.posterior_variance.clamp(min=1e-20).log()
    return c1 * x_start + c2 * x_t, extract(log_variance, t, x_t.shape)


@wrong("q_posterior", "only the mean")
def posterior_mean_alone(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    return c1 * x_start + extract(schedule.posterior_mean_coef2, t, x_t.shape) * x_t


@wrong("q_posterior", "variance without its axes")
def posterior_flat_variance(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, schedule.posterior_variance[t]


@wrong("q_posterior", "beta instead of beta-tilde")
def posterior_with_beta(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, extract(schedule.betas, t, x_t.shape)


@wrong("q_posterior", "draws a sample instead of giving the mean")
def posterior_sample(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    variance = extract(schedule.posterior_variance, t, x_t.shape)
    return c1 * x_start + c2 * x_t + variance.sqrt() * torch.randn_like(x_t), variance


@wrong("q_posterior", "alpha-bar of t in the first weight, not of t - 1")
def posterior_current_for_prev(x_start, x_t, t, schedule):
    beta = extract(schedule.betas, t, x_t.shape)
    abar = extract(schedule.alphas_cumprod, t, x_t.shape)
    prev = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    mean = (beta * abar.sqrt() * x_start + (1 - prev) * (1 - beta).sqrt() * x_t) / (1 - abar)
    return mean, extract(schedule.posterior_variance, t, x_t.shape)


@wrong("q_posterior", "three values, as in guided-diffusion")
def posterior_of_three(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    variance = extract(schedule.posterior_variance, t, x_t.shape)
    return c1 * x_start + c2 * x_t, variance, variance.clamp(min=1e-20).log()


@wrong("q_posterior", "alphas_cumprod[t - 1], which wraps round at t = 0")
def posterior_wraps_round(x_start, x_t, t, schedule):
    shape = (-1, *[1] * (x_t.ndim - 1))
    beta = schedule.betas[t].reshape(shape)
    abar, prev = schedule.alphas_cumprod[t].reshape(shape), schedule.alphas_cumprod[t - 1].reshape(shape)
    mean = (beta * prev.sqrt() * x_start + (1 - prev) * (1 - beta).sqrt() * x_t) / (1 - abar)
    return mean, (1 - prev) / (1 - abar) * beta


@wrong("q_posterior", "x_start treated as the noise")
def posterior_from_noise(x_start, x_t, t, schedule):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    mean = (x_t - beta / sigma * x_start) / (1 - beta).sqrt()
    return mean, extract(schedule.posterior_variance, t, x_t.shape)


@wrong("q_posterior", "x_start clamped to [-1, 1]")
def posterior_clips(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    mean = c1 * x_start.clamp(-1.0, 1.0) + c2 * x_t
    return mean, extract(schedule.posterior_variance, t, x_t.shape)


@wrong("q_posterior", "a row with t = 0 decides for the whole batch")
def posterior_if_zero(x_start, x_t, t, schedule):
    variance = extract(schedule.posterior_variance, t, x_t.shape)
    if (t == 0).any():
        return x_start, torch.zeros_like(variance)
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, variance


@wrong("q_posterior", "variance floored at that of t = 1")
def posterior_floored(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return c1 * x_start + c2 * x_t, extract(schedule.posterior_variance, t.clamp(min=1), x_t.shape)


@wrong("q_posterior", "two: variance first, and squared")
def posterior_the_other_way_round(x_start, x_t, t, schedule):
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    c2 = extract(schedule.posterior_mean_coef2, t, x_t.shape)
    return extract(schedule.posterior_variance, t, x_t.shape) ** 2, c1 * x_start + c2 * x_t


@wrong("q_posterior", "weights broadcast along the last axis")
def posterior_without_axes(x_start, x_t, t, schedule):
    mean = schedule.posterior_mean_coef1[t] * x_start + schedule.posterior_mean_coef2[t] * x_t
    return mean, extract(schedule.posterior_variance, t, x_t.shape)


# q_posterior: right


@right("q_posterior", "everything from the betas, in double precision")
def posterior_from_betas(x_start, x_t, t, schedule):
    beta = schedule.betas.double()
    abar = (1 - beta).cumprod(0)
    prev = torch.cat([torch.ones(1, dtype=torch.float64), abar[:-1]])
    beta, abar, prev = (extract(values, t, x_t.shape) for values in (beta, abar, prev))
    mean = beta * prev.sqrt() / (1 - abar) * x_start + (1 - prev) * (1 - beta).sqrt() / (1 - abar) * x_t
    return mean.to(x_t.dtype), ((1 - prev) / (1 - abar) * beta).to(x_t.dtype)


@right("q_posterior", "one lookup in a stacked table")
def posterior_from_table(x_start, x_t, t, schedule):
    table = torch.stack([schedule.posterior_mean_coef1, schedule.posterior_mean_coef2, schedule.posterior_variance])
    c1, c2, variance = table[:, t].reshape(3, -1, *[1] * (x_t.dim() - 1))
    return c1 * x_start + c2 * x_t, variance


@disputed("q_posterior", "right to its author, by precisions; it returns float64, and the course refuses that")
def posterior_by_precisions(x_start, x_t, t, schedule):
    beta = schedule.betas.double()
    abar = (1 - beta).cumprod(0)
    prev = extract(torch.cat([abar.new_ones(1), abar[:-1]]), t, x_t.shape)
    beta = extract(beta, t, x_t.shape)
    first = (t == 0).reshape(beta.shape)
    spread = torch.where(first, 1.0, 1 - prev)
    variance = 1 / ((1 - beta) / beta + 1 / spread)
    mean = variance * ((1 - beta).sqrt() / beta * x_t + prev.sqrt() / spread * x_start)
    return torch.where(first, x_start, mean), torch.where(first, 0.0, variance)


@right("q_posterior", "einsum for the mean, keyword for the variance")
def posterior_by_einsum(x_start: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule) -> tuple[Tensor, Tensor]:
    ends = torch.stack([x_start, x_t])
    weights = torch.stack([schedule.posterior_mean_coef1[t], schedule.posterior_mean_coef2[t]])
    mean = torch.einsum("kb,kb...->b...", weights.to(ends), ends)
    return mean, extract(values=schedule.posterior_variance, t=t, x_shape=x_start.shape)


@right("q_posterior", "a helper and an early return")
def posterior_with_helper(x_start, x_t, t, schedule):
    def column(values):
        return values[t].view(x_t.size(0), *[1] * (x_t.ndim - 1))

    variance = column(schedule.posterior_variance)
    if (t == 0).all():
        return x_start.clone(), variance
    return column(schedule.posterior_mean_coef1) * x_start + column(schedule.posterior_mean_coef2) * x_t, variance
