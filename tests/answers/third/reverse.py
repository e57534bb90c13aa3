"""Answers to the new quizzes of chapter 05."""

import torch
from torch import Tensor

from answers import right, wrong
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.reverse import predict_start_from_noise

# deterministic_step


@wrong("deterministic_step", "alpha-bar of this level, so that nothing moves")
def downward_same_level(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    return q_sample(x_start, t, noise, schedule)


@wrong("deterministic_step", "t - 1 is the last level at t = 0")
def downward_wraps_around(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = schedule.alphas_cumprod[t - 1].reshape(-1, *[1] * (x_t.ndim - 1))
    return bar.sqrt() * x_start + (1 - bar).sqrt() * noise


@wrong("deterministic_step", "q_sample at t - 1, clamped to 0: a little noise stays at t = 0")
def downward_clamped_level(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    return q_sample(x_start, (t - 1).clamp(min=0), noise, schedule)


@wrong("deterministic_step", "DDPM's mean")
def downward_posterior_mean(model, x_t, t, schedule):
    x_start = predict_start_from_noise(x_t, t, model(x_t, t), schedule)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("deterministic_step", "the roots are forgotten")
def downward_without_roots(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return bar * x_start + (1 - bar) * noise


@wrong("deterministic_step", "the coefficients are swapped")
def downward_swapped(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return (1 - bar).sqrt() * x_start + bar.sqrt() * noise


@wrong("deterministic_step", "fresh noise instead of the predicted one")
def downward_fresh_noise(model, x_t, t, schedule):
    x_start = predict_start_from_noise(x_t, t, model(x_t, t), schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return bar.sqrt() * x_start + (1 - bar).sqrt() * torch.randn_like(x_t)


@wrong("deterministic_step", "the predicted x_0, all noise removed")
def downward_to_start(model, x_t, t, schedule):
    return predict_start_from_noise(x_t, t, model(x_t, t), schedule)


@wrong("deterministic_step", "the noise of this level, the signal of the next")
def downward_noise_of_this_level(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return bar.sqrt() * x_start + extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * noise


@wrong("deterministic_step", "the noise is reduced, but the signal not raised")
def downward_noise_difference(model, x_t, t, schedule):
    noise = model(x_t, t)
    before = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    after = (1 - extract(schedule.alphas_cumprod_prev, t, x_t.shape)).sqrt()
    return x_t - (before - after) * noise


@wrong("deterministic_step", "alpha of a single step instead of alpha-bar")
def downward_single_alpha(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    alpha = extract(schedule.alphas, t, x_t.shape)
    return alpha.sqrt() * x_start + (1 - alpha).sqrt() * noise


@wrong("deterministic_step", "the model's answer is taken for x_0")
def downward_output_is_start(model, x_t, t, schedule):
    x_start = model(x_t, t)
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    noise = (x_t - bar.sqrt() * x_start) / (1 - bar).sqrt()
    before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return before.sqrt() * x_start + (1 - before).sqrt() * noise


@wrong("deterministic_step", "the constants are not shaped for the batch")
def downward_unshaped(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = schedule.alphas_cumprod_prev[t]
    return bar.sqrt() * x_start + (1 - bar).sqrt() * noise


@wrong("deterministic_step", "x_0 is clamped, which nobody asked for")
def downward_clipped(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule).clamp(-1, 1)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return bar.sqrt() * x_start + (1 - bar).sqrt() * noise


@wrong("deterministic_step", "the model is asked about t - 1")
def downward_asks_below(model, x_t, t, schedule):
    noise = model(x_t, (t - 1).clamp(min=0))
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return bar.sqrt() * x_start + (1 - bar).sqrt() * noise


@wrong("deterministic_step", "one level for the whole batch")
def downward_one_level(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = schedule.alphas_cumprod_prev[t[0]]
    return bar.sqrt() * x_start + (1 - bar).sqrt() * noise


@wrong("deterministic_step", "room is left for DDPM's fresh noise, but none is added")
def downward_room_for_noise(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    variance = extract(schedule.posterior_variance, t, x_t.shape)
    return bar.sqrt() * x_start + (1 - bar - variance).clamp(min=0).sqrt() * noise


@wrong("deterministic_step", "x_0 comes along")
def downward_with_start(model, x_t, t, schedule):
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    bar = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return bar.sqrt() * x_start + (1 - bar).sqrt() * noise, x_start


@right("deterministic_step", "q_sample one level down, and x_0 itself at t = 0")
def downward_by_q_sample(model, x_t: Tensor, t: Tensor, schedule) -> Tensor:
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    below = q_sample(x_start, (t - 1).clamp(min=0), noise, schedule)
    return torch.where((t == 0).reshape(-1, *[1] * (x_t.ndim - 1)), x_start, below)


@right("deterministic_step", "x_0 by hand, None indices")
def downward_by_hand(model, x_t, t, schedule):
    axes = (slice(None),) + (None,) * (x_t.ndim - 1)
    bar, before = schedule.alphas_cumprod[t][axes], schedule.alphas_cumprod_prev[t][axes]
    noise = model(x_t, t)
    x_start = (x_t - torch.sqrt(1 - bar) * noise) / torch.sqrt(bar)
    return torch.sqrt(before) * x_start + torch.sqrt(1 - before) * noise


@right("deterministic_step", "chapter 01's form: divide by the signal, step from sigma to sigma, multiply")
def downward_by_sigmas(model, x_t, t, schedule):
    bar = extract(schedule.alphas_cumprod.double(), t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev.double(), t, x_t.shape)
    now, after = ((1 - bar) / bar).sqrt(), ((1 - before) / before).sqrt()
    scaled = x_t / bar.sqrt() + (after - now) * model(x_t, t)
    return (before.sqrt() * scaled).to(x_t.dtype)


@right("deterministic_step", "row by row with numbers, the model asked once")
def downward_by_rows(model, x_t, t, schedule):
    rows = []
    for x, noise, level in zip(x_t, model(x_t, t), t.tolist(), strict=True):
        bar, before = (float(v[level]) for v in (schedule.alphas_cumprod, schedule.alphas_cumprod_prev))
        x_start = (x - (1 - bar) ** 0.5 * noise) / bar**0.5
        rows.append(before**0.5 * x_start + (1 - before) ** 0.5 * noise)
    return torch.stack(rows)
