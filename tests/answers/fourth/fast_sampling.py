"""Answers to the quizzes of chapter 12."""

import math

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib.fast_sampling import ddim_variance, predict_start_and_noise
from course_lib.forward import extract, q_sample
from course_lib.objective import noise_from_start
from course_lib.reverse import predict_start, predict_start_from_noise
from course_lib.schedules import sigma_from_alphas_cumprod, snr

# ddim_timesteps


@right("ddim_timesteps", "the sentence as a comprehension")
def timesteps_comprehension(timesteps: int, steps: int) -> Tensor:
    return torch.tensor([round(timesteps - i * timesteps / steps) - 1 for i in range(steps)])


@right("ddim_timesteps", "arange over i, torch.round")
def timesteps_arange(timesteps, steps):
    i = torch.arange(steps, dtype=torch.float64)
    return (timesteps - i * timesteps / steps).round().long() - 1


@right("ddim_timesteps", "counted upwards from one step to all, then turned round")
def timesteps_flipped(timesteps, steps):
    ends = torch.arange(1, steps + 1) * timesteps / steps
    return ends.round().to(torch.int64).flip(0).sub(1)


@right("ddim_timesteps", "whole numbers only: quotient and rest, a half goes to the even one")
def timesteps_whole_numbers(timesteps, steps):
    result = []
    for left in range(steps, 0, -1):
        quotient, rest = divmod(left * timesteps, steps)
        up = 2 * rest > steps or (2 * rest == steps and quotient % 2 == 1)
        result.append(quotient + up - 1)
    return torch.tensor(result, dtype=torch.long)


@right("ddim_timesteps", "numpy")
def timesteps_numpy(timesteps, steps):
    ends = np.rint(timesteps * np.arange(steps, 0, -1) / steps).astype(np.int64)
    return torch.from_numpy(ends - 1)


@right("ddim_timesteps", "a tensor that is filled")
def timesteps_filled(timesteps, steps):
    result = torch.empty(steps, dtype=torch.long)
    for i in range(steps):
        result[-1 - i] = round((i + 1) * timesteps / steps)
    return result - 1


@wrong("ddim_timesteps", "the leading choice: starts below T - 1 and ends at 0")
def timesteps_leading(timesteps, steps):
    return torch.tensor([round(i * timesteps / steps) for i in range(steps)]).flip(0)


@wrong("ddim_timesteps", "both ends: from T - 1 to 0")
def timesteps_linspace(timesteps, steps):
    return torch.linspace(timesteps - 1, 0, steps).round().long()


@wrong("ddim_timesteps", "the smallest first")
def timesteps_rising(timesteps, steps):
    return torch.tensor([round(i * timesteps / steps) - 1 for i in range(1, steps + 1)])


@wrong("ddim_timesteps", "less 1 is forgotten: starts at T")
def timesteps_from_t(timesteps, steps):
    return torch.tensor([round(timesteps - i * timesteps / steps) for i in range(steps)])


@wrong("ddim_timesteps", "cut off, not rounded")
def timesteps_cut(timesteps, steps):
    return torch.tensor([int(timesteps - i * timesteps / steps) - 1 for i in range(steps)])


@wrong("ddim_timesteps", "rounded up")
def timesteps_ceil(timesteps, steps):
    return torch.tensor([math.ceil(timesteps - i * timesteps / steps) - 1 for i in range(steps)])


@wrong("ddim_timesteps", "the gap is cut to a whole number: the last jump is longer")
def timesteps_whole_gap(timesteps, steps):
    return timesteps - 1 - torch.arange(steps) * (timesteps // steps)


@wrong("ddim_timesteps", "a range with a whole gap: too many where it does not divide")
def timesteps_range(timesteps, steps):
    return torch.tensor(list(range(timesteps - 1, -1, -(timesteps // steps))))


@wrong("ddim_timesteps", "the gap is rounded before it is multiplied")
def timesteps_rounded_gap(timesteps, steps):
    gap = round(timesteps / steps)
    return torch.tensor([timesteps - 1 - i * gap for i in range(steps)])


@wrong("ddim_timesteps", "-1, the end, comes along")
def timesteps_with_end(timesteps, steps):
    return torch.tensor([round(timesteps - i * timesteps / steps) - 1 for i in range(steps + 1)])


@wrong("ddim_timesteps", "0 is appended")
def timesteps_with_zero(timesteps, steps):
    return torch.tensor([*(round(timesteps - i * timesteps / steps) - 1 for i in range(steps)), 0])


@wrong("ddim_timesteps", "i runs from 1: starts a step too low and ends at -1")
def timesteps_from_one(timesteps, steps):
    return torch.tensor([round(timesteps - i * timesteps / steps) - 1 for i in range(1, steps + 1)])


@wrong("ddim_timesteps", "divides by steps - 1: ends at -1")
def timesteps_steps_less_one(timesteps, steps):
    return torch.tensor([round(timesteps - i * timesteps / max(steps - 1, 1)) - 1 for i in range(steps)])


@wrong("ddim_timesteps", "floats, which index nothing")
def timesteps_floats(timesteps, steps):
    return (timesteps - torch.arange(steps) * timesteps / steps).round() - 1


@wrong("ddim_timesteps", "not rounded at all")
def timesteps_unrounded(timesteps, steps):
    return timesteps - torch.arange(steps) * timesteps / steps - 1


@wrong("ddim_timesteps", "a list")
def timesteps_list(timesteps, steps):
    return [round(timesteps - i * timesteps / steps) - 1 for i in range(steps)]


@wrong("ddim_timesteps", "int32")
def timesteps_int32(timesteps, steps):
    return torch.tensor([round(timesteps - i * timesteps / steps) - 1 for i in range(steps)], dtype=torch.int32)


@wrong("ddim_timesteps", "the quadratic choice of the DDIM paper")
def timesteps_quadratic(timesteps, steps):
    return torch.tensor([round(timesteps * ((steps - i) / steps) ** 2) - 1 for i in range(steps)]).clamp(min=0)


@wrong("ddim_timesteps", "a thousand is hard-coded")
def timesteps_thousand(timesteps, steps):
    return torch.tensor([round(1000 - i * 1000 / steps) - 1 for i in range(steps)])


@wrong("ddim_timesteps", "the arguments are exchanged")
def timesteps_exchanged(timesteps, steps):
    return torch.tensor([round(steps - i * steps / timesteps) - 1 for i in range(timesteps)])


@wrong("ddim_timesteps", "a step long for each i: only the first steps of the way")
def timesteps_neighbours(timesteps, steps):
    return torch.arange(timesteps - 1, timesteps - 1 - steps, -1)


@wrong("ddim_timesteps", "the middle of each stretch")
def timesteps_middles(timesteps, steps):
    return torch.tensor([round(timesteps - (i + 0.5) * timesteps / steps) - 1 for i in range(steps)]).clamp(min=0)


@disputed("ddim_timesteps", "a half is rounded up, as in school; the stub says 'rounded', Python goes to the even one")
def timesteps_half_up(timesteps, steps):
    return torch.tensor([math.floor(timesteps - i * timesteps / steps + 0.5) - 1 for i in range(steps)])


@disputed("ddim_timesteps", "rounds what is subtracted: another answer at a half if timesteps is odd")
def timesteps_inner_round(timesteps, steps):
    return torch.tensor([timesteps - round(i * timesteps / steps) - 1 for i in range(steps)])


@disputed("ddim_timesteps", "linspace: another answer at a few halves, by rounding (50 and 36)")
def timesteps_by_linspace(timesteps, steps):
    ends = torch.linspace(timesteps, timesteps / steps, steps, dtype=torch.float64)
    return ends.round().long() - 1


@disputed("ddim_timesteps", "a float gap in arange, as in diffusers: one too many for 50 and 29, by rounding")
def timesteps_float_gap(timesteps, steps):
    ends = np.round(np.arange(timesteps, 0, -timesteps / steps))
    return torch.from_numpy(ends.astype(np.int64) - 1)


# ddim_step


@right("ddim_step", "the formula with both helpers")
def ddim_by_helpers(
    model, x_t: Tensor, t: Tensor, t_prev: Tensor, noise: Tensor, schedule, eta=0.0, predicts="noise", clip_start=False
) -> Tensor:
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    variance = ddim_variance(bar, before, eta)
    direction = (1 - before - variance).clamp(min=0).sqrt() * eps
    return before.sqrt() * x_start + direction + variance.sqrt() * noise


@right("ddim_step", "by hand: three kinds of prediction, alpha-bar is 1 below 0")
def ddim_by_hand(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    axes = (slice(None),) + (None,) * (x_t.ndim - 1)
    alpha, sigma = (table[t][axes] for table in (schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod))
    output = model(x_t, t)
    if predicts == "noise":
        x_0 = (x_t - sigma * output) / alpha
    elif predicts == "v":
        x_0 = alpha * x_t - sigma * output
    else:
        x_0 = output
    if clip_start:
        x_0 = x_0.clamp(-1, 1)
    eps = (x_t - alpha * x_0) / sigma
    inside = schedule.alphas_cumprod[t_prev.clamp(min=0)]
    before = torch.where(t_prev < 0, torch.ones_like(inside), inside)[axes]
    fresh = eta * torch.sqrt((1 - before) / sigma**2) * torch.sqrt((1 - alpha**2 / before).clamp(min=0))
    kept = torch.sqrt((1 - before - fresh**2).clamp(min=0))
    return torch.sqrt(before) * x_0 + kept * eps + fresh * noise


@right("ddim_step", "row by row in plain numbers, the model asked once")
def ddim_by_rows(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    rows = []
    for i, (now, after) in enumerate(zip(t.tolist(), t_prev.tolist(), strict=True)):
        bar = float(schedule.alphas_cumprod[now])
        before = float(schedule.alphas_cumprod[after]) if after >= 0 else 1.0
        variance = eta**2 * (1 - before) / (1 - bar) * (1 - bar / before)
        kept = max(1 - before - variance, 0) ** 0.5
        rows.append(before**0.5 * x_start[i] + kept * eps[i] + variance**0.5 * noise[i])
    return torch.stack(rows)


@right("ddim_step", "tables from the betas in float64, with a 1 in front; cast back")
def ddim_in_double(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    bars = torch.cat([schedule.betas.new_ones(1).double(), (1 - schedule.betas.double()).cumprod(0)])
    shape = [-1] + [1] * (x_t.ndim - 1)
    bar, before = bars[t + 1].reshape(shape), bars[t_prev + 1].reshape(shape)
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = torch.clip(x_start, min=-1, max=1)
    eps = (x_t - bar.sqrt() * x_start) / (1 - bar).sqrt()
    share = eta**2 * (before - bar) / (before * (1 - bar))  # of the noise at t_prev that is fresh
    kept = ((1 - share) * (1 - before)).clamp(min=0).sqrt()
    fresh = (share * (1 - before)).clamp(min=0).sqrt()
    return (before.sqrt() * x_start + kept * eps + fresh * noise).to(x_t.dtype)


@right("ddim_step", "one noise of both, as large as level t_prev wants, then clean rows apart")
def ddim_by_blend(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    below = t_prev.clamp(min=0)
    bar, before = (extract(schedule.alphas_cumprod, level, x_t.shape) for level in (t, below))
    share = (eta**2 * (1 - bar / before) / (1 - bar)).clamp(0, 1)
    blend = (1 - share).sqrt() * eps + share.sqrt() * noise
    clean = (t_prev < 0).reshape(bar.shape)
    return torch.where(clean, x_start, q_sample(x_start, below, blend, schedule))


def ddim_with(bar_at=None, variance_at=None, put=None, start=None):
    """`ddim_by_helpers` with other parts."""

    def step(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
        x_start, eps = (start or predict_start_and_noise)(model, x_t, t, schedule, predicts, clip_start)
        bar = extract(schedule.alphas_cumprod, t, x_t.shape)
        if bar_at:
            before = bar_at(schedule, t, t_prev).reshape(bar.shape)
        else:
            before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
        variance = variance_at(bar, before, eta) if variance_at else ddim_variance(bar, before, eta)
        if put:
            return put(x_start, eps, noise, before, variance)
        kept = (1 - before - variance).clamp(min=0).sqrt()
        return before.sqrt() * x_start + kept * eps + variance.sqrt() * noise

    return step


@wrong("ddim_step", "the tutorial's: DDPM's mean with alpha and alpha-bar mixed, x_0 is never predicted")
def ddim_tutorial(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    eps = model(x_t, t)
    alpha, bar = (extract(table, t, x_t.shape) for table in (schedule.alphas, schedule.alphas_cumprod))
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    sigma = eta * ((1 - before) / (1 - bar) * (1 - alpha)).sqrt()
    return (x_t - (1 - alpha) / (1 - bar).sqrt() * eps) / alpha.sqrt() + sigma * noise


@wrong("ddim_step", "the tutorial's, another way: scales x_t by alpha where x_0 belongs")
def ddim_tutorial_rescaled(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    eps = model(x_t, t)
    alpha = extract(schedule.alphas, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    sigma = eta * ((1 - before) / (1 - alpha)).sqrt() * (1 - alpha / before).clamp(min=0).sqrt()
    kept = (1 - before - sigma**2).clamp(min=0).sqrt()
    return before.sqrt() * x_t / alpha.sqrt() + kept * eps + sigma * noise


@wrong("ddim_step", "alpha of one step in place of alpha-bar throughout")
def ddim_single_alphas(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    eps = model(x_t, t)
    alpha = extract(schedule.alphas, t, x_t.shape)
    padded = torch.cat([schedule.alphas.new_ones(1), schedule.alphas])
    before = extract(padded, t_prev + 1, x_t.shape)
    x_start = (x_t - (1 - alpha).sqrt() * eps) / alpha.sqrt()
    variance = (eta**2 * (1 - before) / (1 - alpha) * (1 - alpha / before)).clamp(min=0)
    return before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise


@wrong("ddim_step", "index -1 takes the last alpha-bar, not 1")
def ddim_wraps_around(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def variance_at(bar, before, scale):
        return (scale**2 * (1 - before) / (1 - bar) * (1 - bar / before)).nan_to_num(0).clamp(min=0)

    step = ddim_with(lambda s, now, after: s.alphas_cumprod[after], variance_at)
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "t_prev is clamped to 0: some noise stays")
def ddim_clamped_level(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    step = ddim_with(lambda s, now, after: s.alphas_cumprod[after.clamp(min=0)])
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "alpha-bar at t - 1, as if no step were left out")
def ddim_neighbour(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    step = ddim_with(lambda s, now, after: s.alphas_cumprod_prev[now])
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "one level too low: alphas_cumprod_prev at t_prev")
def ddim_one_too_low(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    step = ddim_with(lambda s, now, after: s.alphas_cumprod_prev[after.clamp(min=0)])
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "the first row decides whether it is the last step")
def ddim_first_row_decides(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def bar_at(s, now, after):
        return torch.ones_like(s.alphas_cumprod[now]) if after[0] < 0 else s.alphas_cumprod[after.clamp(min=0)]

    return ddim_with(bar_at)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "one t_prev for the batch")
def ddim_one_level(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    t_prev = torch.full_like(t_prev, int(t_prev[0]))
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "eta is not squared in the variance")
def ddim_eta_unsquared(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    step = ddim_with(variance_at=lambda bar, before, eta: eta * (1 - before) / (1 - bar) * (1 - bar / before))
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "eta plays no part: always 0")
def ddim_without_eta(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, 0.0, predicts, clip_start)


@wrong("ddim_step", "eta plays no part: always 1")
def ddim_always_ancestral(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, 1.0, predicts, clip_start)


@wrong("ddim_step", "beta-tilde of the single step, though steps are left out")
def ddim_posterior_variance(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    fixed = eta**2 * extract(schedule.posterior_variance, t, x_t.shape)
    step = ddim_with(variance_at=lambda bar, before, eta: fixed.expand_as(bar))
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "the ratio in the variance is upside down")
def ddim_ratio_upside_down(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def variance_at(bar, before, scale):
        return scale**2 * (1 - bar) / (1 - before).clamp(min=1e-6) * (1 - bar / before)

    step = ddim_with(variance_at=variance_at)
    return step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "the noise that the model gives for t, all of it, beside the fresh one")
def ddim_no_room(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def put(x_start, eps, noise, before, variance):
        return before.sqrt() * x_start + (1 - before).sqrt() * eps + variance.sqrt() * noise

    return ddim_with(put=put)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "sigma, not its square, is taken off under the root")
def ddim_sigma_under_root(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def put(x_start, eps, noise, before, variance):
        kept = (1 - before - variance.sqrt()).clamp(min=0).sqrt()
        return before.sqrt() * x_start + kept * eps + variance.sqrt() * noise

    return ddim_with(put=put)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "the variance times noise: the root is forgotten")
def ddim_variance_times_noise(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def put(x_start, eps, noise, before, variance):
        return before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance * noise

    return ddim_with(put=put)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "no root of alpha-bar before x_0")
def ddim_without_signal_root(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def put(x_start, eps, noise, before, variance):
        return before * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise

    return ddim_with(put=put)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "the two noises are exchanged: with eta = 0 only the fresh one counts")
def ddim_noises_exchanged(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def put(x_start, eps, noise, before, variance):
        return before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * noise + variance.sqrt() * eps

    return ddim_with(put=put)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "draws its own noise")
def ddim_own_noise(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    return ddim_with()(model, x_t, t, t_prev, torch.randn_like(x_t), schedule, eta, predicts, clip_start)


@wrong("ddim_step", "with clip_start the noise is the model's, not what is left of x_t")
def ddim_noise_not_renewed(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def start(model, x_t, t, schedule, predicts, clip_start):
        x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, False)
        return (x_start.clamp(-1, 1) if clip_start else x_start), eps

    return ddim_with(start=start)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "clip_start clips the sample, not x_0")
def ddim_clips_sample(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x = ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, predicts, False)
    return x.clamp(-1, 1) if clip_start else x


@wrong("ddim_step", "clip_start is ignored")
def ddim_without_clip(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, predicts)


@wrong("ddim_step", "always clips")
def ddim_always_clips(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=True):
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, predicts, True)


@wrong("ddim_step", "whatever it predicts is taken for the noise")
def ddim_noise_only(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, "noise", clip_start)


@wrong("ddim_step", "v is taken for the noise, start is right")
def ddim_without_v(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    known = "start" if predicts == "start" else "noise"
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, known, clip_start)


@wrong("ddim_step", "the model is asked about t_prev")
def ddim_asks_below(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    def below(x, steps):
        return model(x, t_prev.clamp(min=0))

    return ddim_with()(below, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("ddim_step", "the constants are not shaped for the batch")
def ddim_unshaped(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    bar, before = schedule.alphas_cumprod[t], schedule.alphas_cumprod_prev[t_prev + 1]
    variance = ddim_variance(bar, before, eta)
    return before.sqrt() * x_start + (1 - before - variance).sqrt() * eps + variance.sqrt() * noise


@wrong("ddim_step", "shaped for images only, (B, 1, 1, 1), whatever x_t is, and only for 4 of them")
def ddim_four_images(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    bar = schedule.alphas_cumprod[t].reshape(4, 1, 1, 1)
    before = schedule.alphas_cumprod_prev[t_prev + 1].reshape(4, 1, 1, 1)
    variance = ddim_variance(bar, before, eta)
    kept = (1 - before - variance).clamp(min=0).sqrt()
    return before.sqrt() * x_start + kept * eps + variance.sqrt() * noise


@wrong("ddim_step", "x_t is changed in place; the numbers are right")
def ddim_in_place(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    result = ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    return x_t.copy_(result)


@wrong("ddim_step", "t_prev is counted up in place")
def ddim_counts_t_prev_up(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    t_prev += 1
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev, x_t.shape)
    variance = ddim_variance(bar, before, eta)
    kept = (1 - before - variance).clamp(min=0).sqrt()
    return before.sqrt() * x_start + kept * eps + variance.sqrt() * noise


@wrong("ddim_step", "x_0 comes along")
def ddim_with_start(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, _ = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    return ddim_with()(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start), x_start


@wrong("ddim_step", "the noise at t is reduced, but the signal is not raised")
def ddim_signal_not_raised(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    variance = ddim_variance(bar, before, eta)
    kept = (1 - before - variance).clamp(min=0).sqrt()
    return x_t - ((1 - bar).sqrt() - kept) * eps + variance.sqrt() * noise


# dpm_solver_step


def level_constants(schedule, level, x):
    """alpha, sigma and lambda at `level`, shaped for a batch, from alpha-bar in float64."""
    bars = torch.cat([schedule.betas.new_ones(1).double(), (1 - schedule.betas.double()).cumprod(0)])
    bar = bars[level + 1].reshape(-1, *[1] * (x.ndim - 1))
    alpha, sigma = bar.sqrt(), (1 - bar).sqrt()
    return alpha, sigma, (alpha / sigma).log()


@right("dpm_solver_step", "the formula in float64, torch.where for the first step and the last")
def solver_where(
    x_t: Tensor, x_start: Tensor, x_start_before: Tensor, t: Tensor, t_prev: Tensor, t_before: Tensor, schedule
) -> Tensor:
    alpha, sigma, now = level_constants(schedule, t, x_t)
    alpha_prev, sigma_prev, after = level_constants(schedule, t_prev, x_t)
    h, h_before = after - now, now - level_constants(schedule, t_before, x_t)[2]
    plain = ((t_prev < 0) | (t_before == t)).reshape(h.shape)
    weight = torch.where(plain, torch.zeros_like(h), h / (2 * h_before))
    estimate = x_start + weight * (x_start - x_start_before)
    ratio = sigma_prev / sigma
    return (ratio * x_t + (alpha_prev - alpha * ratio) * estimate).to(x_t.dtype)


@right("dpm_solver_step", "row by row in plain numbers")
def solver_rows(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def at(level):
        if level < 0:
            return 1.0, 0.0
        return float(schedule.sqrt_alphas_cumprod[level]), float(schedule.sqrt_one_minus_alphas_cumprod[level])

    def log_ratio(level):
        alpha, sigma = at(level)
        return math.log(alpha / sigma) if alpha > 0 else -math.inf

    rows = []
    for i, (now, after, earlier) in enumerate(zip(t.tolist(), t_prev.tolist(), t_before.tolist(), strict=True)):
        (alpha, sigma), (alpha_prev, sigma_prev) = at(now), at(after)
        estimate = x_start[i]
        if after >= 0 and earlier != now:
            h, h_before = log_ratio(after) - log_ratio(now), log_ratio(now) - log_ratio(earlier)
            estimate = estimate + h / (2 * h_before) * (x_start[i] - x_start_before[i])
        rows.append(sigma_prev / sigma * x_t[i] + (alpha_prev - alpha * sigma_prev / sigma) * estimate)
    return torch.stack(rows)


@right("dpm_solver_step", "diffusers' form: exp(-h) - 1, D0 and D1")
def solver_exponential(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    _, sigma, now = level_constants(schedule, t, x_t)
    alpha_prev, sigma_prev, after = level_constants(schedule, t_prev, x_t)
    h, h_before = after - now, now - level_constants(schedule, t_before, x_t)[2]
    phi = torch.expm1(-h)
    second = h.isfinite() & (h_before > 0)
    r = h_before / torch.where(second, h, torch.ones_like(h))
    slope = (x_start - x_start_before) / torch.where(second, r, torch.ones_like(r))
    x = sigma_prev / sigma * x_t - alpha_prev * phi * x_start
    return (x - torch.where(second, 0.5 * alpha_prev * phi * slope, 0)).to(x_t.dtype)


@right("dpm_solver_step", "log-SNR, which is twice lambda: the quotient is the same; DDIM and a correction; einops")
def solver_log_snr(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def column(values):
        return rearrange(values.double(), f"b -> b {' '.join('1' * (x_t.ndim - 1))}")

    bars = [schedule.alphas_cumprod_prev.double()[t_prev + 1]]
    bars += [schedule.alphas_cumprod.double()[level] for level in (t, t_before)]
    after, now, earlier = (snr(bar).log() for bar in bars)
    weight = torch.nan_to_num((after - now) / (2 * (now - earlier)), nan=0.0, posinf=0.0, neginf=0.0)
    before, bar = column(bars[0]), column(bars[1])
    eps = (x_t - bar.sqrt() * x_start) / (1 - bar).sqrt()
    ddim = before.sqrt() * x_start + (1 - before).sqrt() * eps
    factor = before.sqrt() - (bar * (1 - before) / (1 - bar)).sqrt()
    return (ddim + factor * column(weight) * (x_start - x_start_before)).to(x_t)


@right("dpm_solver_step", "rows with history are found first, the schedule's float32 tables")
def solver_by_rows_with_history(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    ratio = schedule.sqrt_alphas_cumprod / schedule.sqrt_one_minus_alphas_cumprod
    estimate = x_start.clone()
    rows = ((t_prev >= 0) & (t_before > t)).nonzero()[:, 0]
    if len(rows):
        after, now, earlier = (ratio[level[rows]].log() for level in (t_prev, t, t_before))
        weight = 0.5 * (after - now) / (now - earlier)
        change = x_start[rows] - x_start_before[rows]
        estimate[rows] += (weight * change.movedim(0, -1)).movedim(-1, 0)
    alpha = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    alpha_prev = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape).sqrt()
    sigma_prev = extract(schedule.one_minus_alphas_cumprod_prev, t_prev + 1, x_t.shape).sqrt()
    return torch.addcmul(sigma_prev / sigma * x_t, alpha_prev - alpha * sigma_prev / sigma, estimate)


def solver_with(weigh=None, combine=None, plain=None):
    """`solver_where` with other parts: weigh(h, h_before) of the difference, combine(...), plain rows."""

    def step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
        alpha, sigma, now = level_constants(schedule, t, x_t)
        alpha_prev, sigma_prev, after = level_constants(schedule, t_prev, x_t)
        h, h_before = after - now, now - level_constants(schedule, t_before, x_t)[2]
        first_order = plain(t, t_prev, t_before) if plain else (t_prev < 0) | (t_before == t)
        weight = weigh(h, h_before) if weigh else h / (2 * h_before)
        weight = torch.where(first_order.reshape(h.shape), torch.zeros_like(h), weight)
        estimate = x_start + weight * (x_start - x_start_before)
        if combine:
            return combine(x_t, estimate, alpha, sigma, alpha_prev, sigma_prev, h).to(x_t.dtype)
        ratio = sigma_prev / sigma
        return (ratio * x_t + (alpha_prev - alpha * ratio) * estimate).to(x_t.dtype)

    return step


@wrong("dpm_solver_step", "first order: x_start_before plays no part")
def solver_first_order(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return solver_with()(x_t, x_start, x_start, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the 2 is forgotten: a step of extrapolation too far")
def solver_without_two(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(lambda h, h_before: h / h_before)
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the quotient is upside down")
def solver_upside_down(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(lambda h, h_before: h_before / (2 * h))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "as if all steps were equally long: 3/2 and -1/2")
def solver_equal_steps(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(lambda h, h_before: torch.full_like(h, 0.5))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the difference has the wrong sign")
def solver_sign(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(lambda h, h_before: -h / (2 * h_before))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "x_start and x_start_before are exchanged")
def solver_exchanged(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return solver_with()(x_t, x_start_before, x_start, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the mean of the two predictions")
def solver_mean(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(lambda h, h_before: torch.full_like(h, -0.5))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "h_before reaches from t_before to t_prev")
def solver_long_h_before(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(lambda h, h_before: h / (2 * (h + h_before)))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "steps are measured in t, not in lambda")
def solver_in_t(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def weigh(h, h_before):
        return ((t - t_prev) / (2.0 * (t_before - t))).reshape(h.shape).to(h)

    return solver_with(weigh)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "steps are measured in sigma, without the logarithm")
def solver_without_logarithm(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    alpha, sigma, _ = level_constants(schedule, t, x_t)
    alpha_prev, sigma_prev, _ = level_constants(schedule, t_prev, x_t)
    alpha_before, sigma_before, _ = level_constants(schedule, t_before, x_t)
    h, h_before = sigma / alpha - sigma_prev / alpha_prev, sigma_before / alpha_before - sigma / alpha
    step = solver_with(lambda _, __: h / (2 * h_before))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "lambda is log alpha alone")
def solver_log_alpha(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    now, after, before = (level_constants(schedule, level, x_t)[0].log() for level in (t, t_prev, t_before))
    step = solver_with(lambda h, h_before: (after - now) / (2 * (now - before)))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "exp(-h) with h in log-SNR, twice too long")
def solver_log_snr_in_exp(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def combine(x, estimate, alpha, sigma, alpha_prev, sigma_prev, h):
        return sigma_prev / sigma * x - alpha_prev * torch.expm1(-2 * h) * estimate

    return solver_with(combine=combine)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "exp(h): the sign of h")
def solver_exp_of_h(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def combine(x, estimate, alpha, sigma, alpha_prev, sigma_prev, h):
        return sigma_prev / sigma * x - alpha_prev * torch.expm1(h) * estimate

    return solver_with(combine=combine)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the form for predicted noise, with x_0 in it")
def solver_noise_form(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def combine(x, estimate, alpha, sigma, alpha_prev, sigma_prev, h):
        return alpha_prev / alpha * x - (sigma_prev * alpha / sigma - alpha_prev) * estimate

    return solver_with(combine=combine)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "alpha at t where alpha at t_prev belongs")
def solver_alpha_of_t(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def combine(x, estimate, alpha, sigma, alpha_prev, sigma_prev, h):
        return sigma_prev / sigma * x + alpha * (1 - sigma_prev / sigma) * estimate

    return solver_with(combine=combine)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the ratio of the sigmas is upside down")
def solver_sigma_ratio(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def combine(x, estimate, alpha, sigma, alpha_prev, sigma_prev, h):
        ratio = sigma / sigma_prev
        return ratio * x + (alpha_prev - alpha * ratio) * estimate

    return solver_with(combine=combine)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "alpha-bar and 1 - alpha-bar, without roots")
def solver_without_roots(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def combine(x, estimate, alpha, sigma, alpha_prev, sigma_prev, h):
        ratio = (sigma_prev / sigma) ** 2
        return ratio * x + (alpha_prev**2 - alpha**2 * ratio) * estimate

    return solver_with(combine=combine)(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "only D comes back")
def solver_returns_estimate(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(combine=lambda x, estimate, *_: estimate)
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the first step is not treated: 0 / 0")
def solver_nan_at_first(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(plain=lambda t, t_prev, t_before: t_prev < 0)
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the last step is not treated: infinite")
def solver_infinite_at_last(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(plain=lambda t, t_prev, t_before: t_before == t)
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the last step has second order, too, with a sigma kept from 0")
def solver_second_order_at_last(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    alpha_prev, sigma_prev, _ = level_constants(schedule, t_prev, x_t)
    _, _, now = level_constants(schedule, t, x_t)
    h = (alpha_prev / sigma_prev.clamp(min=1e-3)).log() - now
    step = solver_with(lambda _, h_before: h / (2 * h_before), plain=lambda t, t_prev, t_before: t_before == t)
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "one row at the end makes all rows first order")
def solver_any_row_last(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    step = solver_with(plain=lambda t, t_prev, t_before: ((t_prev < 0) | (t_before == t)).any().expand(len(t)))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "the first row decides about the order")
def solver_first_row_decides(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    if t_prev[0] < 0 or t_before[0] == t[0]:
        x_start_before = x_start
    step = solver_with(plain=lambda t, t_prev, t_before: torch.zeros_like(t, dtype=torch.bool))
    return step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule)


@wrong("dpm_solver_step", "alpha-bar at index -1 is the last one")
def solver_wraps_around(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return solver_with()(x_t, x_start, x_start_before, t, t_prev % schedule.timesteps, t_before, schedule)


@wrong("dpm_solver_step", "t_prev is clamped to 0")
def solver_clamped_level(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return solver_with()(x_t, x_start, x_start_before, t, t_prev.clamp(min=0), t_before, schedule)


@wrong("dpm_solver_step", "goes to t - 1, not to t_prev")
def solver_neighbour(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return solver_with()(x_t, x_start, x_start_before, t, t - 1, t_before, schedule)


@wrong("dpm_solver_step", "t_prev and t_before are exchanged")
def solver_levels_exchanged(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return solver_with()(x_t, x_start, x_start_before, t, t_before, t_prev, schedule)


@wrong("dpm_solver_step", "the constants have the shape of t")
def solver_unshaped(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    flat = t.new_zeros(len(t))
    alpha, sigma, now = level_constants(schedule, t, flat)
    alpha_prev, sigma_prev, after = level_constants(schedule, t_prev, flat)
    weight = (after - now) / (2 * (now - level_constants(schedule, t_before, flat)[2]))
    weight = torch.where((t_prev < 0) | (t_before == t), torch.zeros_like(weight), weight)
    estimate = x_start + weight * (x_start - x_start_before)
    ratio = sigma_prev / sigma
    return (ratio * x_t + (alpha_prev - alpha * ratio) * estimate).to(x_t.dtype)


@wrong("dpm_solver_step", "extrapolates x_start in place")
def solver_in_place(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    alpha, sigma, now = level_constants(schedule, t, x_t)
    alpha_prev, sigma_prev, after = level_constants(schedule, t_prev, x_t)
    weight = (after - now) / (2 * (now - level_constants(schedule, t_before, x_t)[2]))
    plain = ((t_prev < 0) | (t_before == t)).reshape(weight.shape)
    x_start += torch.where(plain, torch.zeros_like(weight), weight) * (x_start - x_start_before)
    ratio = sigma_prev / sigma
    return (ratio * x_t + (alpha_prev - alpha * ratio) * x_start).to(x_t.dtype)


@wrong("dpm_solver_step", "extrapolates by the noises: eps at t and eps as if x_t belonged to x_start_before")
def solver_extrapolates_noise(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    alpha, sigma, now = level_constants(schedule, t, x_t)
    alpha_prev, sigma_prev, after = level_constants(schedule, t_prev, x_t)
    weight = (after - now) / (2 * (now - level_constants(schedule, t_before, x_t)[2]))
    plain = ((t_prev < 0) | (t_before == t)).reshape(weight.shape)
    weight = torch.where(plain, torch.zeros_like(weight), weight)
    eps, eps_before = (x_t - alpha * x_start) / sigma, (x_t - alpha * x_start_before) / sigma
    eps = eps + weight * (eps - eps_before)
    return (alpha_prev * x_start + sigma_prev * eps).to(x_t.dtype)


# heun_step


def heun_levels(schedule, t, x):
    """sqrt(alpha-bar) and the sigma of chapter 03 at t, shaped for a batch, in float64."""
    bar = extract((1 - schedule.betas.double()).cumprod(0), t, x.shape)
    return bar.sqrt(), sigma_from_alphas_cumprod(bar)


@right("heun_step", "in y, in float64")
def heun_in_y(model, x_t: Tensor, t: Tensor, t_prev: Tensor, schedule, predicts="noise", clip_start=False) -> Tensor:
    signal, sigma = heun_levels(schedule, t, x_t)
    signal_prev, sigma_prev = heun_levels(schedule, t_prev, x_t)
    y, h = x_t / signal, sigma_prev - sigma
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    end = ((y + h * eps) * signal_prev).to(x_t.dtype)
    _, eps_end = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return ((y + h * (eps + eps_end) / 2) * signal_prev).to(x_t.dtype)


@right("heun_step", "DDIM twice, the second time with the mean noise")
def heun_by_ddim(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    before = extract(schedule.alphas_cumprod, t_prev, x_t.shape)

    def step(eps):
        return before.sqrt() * predict_start_from_noise(x_t, t, eps, schedule) + (1 - before).sqrt() * eps

    def noise_at(x, level):
        start = predict_start(model(x, level), x, level, schedule, predicts)
        return noise_from_start(x, level, start.clamp(-1, 1) if clip_start else start, schedule)

    first = noise_at(x_t, t)
    second = noise_at(step(first), t_prev)
    return step(torch.lerp(first, second, 0.5))


@right("heun_step", "row by row in plain numbers, the model asked for the batch")
def heun_rows(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def rows(eps):
        moved = []
        for x, e, now, after in zip(x_t, eps, t.tolist(), t_prev.tolist(), strict=True):
            bar, before = float(schedule.alphas_cumprod[now]), float(schedule.alphas_cumprod[after])
            h = ((1 - before) / before) ** 0.5 - ((1 - bar) / bar) ** 0.5
            moved.append((before / bar) ** 0.5 * x + before**0.5 * h * e)
        return torch.stack(moved)

    eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)[1]
    eps_end = predict_start_and_noise(model, rows(eps), t_prev, schedule, predicts, clip_start)[1]
    return rows((eps + eps_end) / 2)


@right("heun_step", "Euler's end, then half of the change of the noise; sqrt tables with None axes")
def heun_by_correction(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    axes = (...,) + (None,) * (x_t.ndim - 1)
    a, s = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    now, after = (s[t] / a[t])[axes], (s[t_prev] / a[t_prev])[axes]
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    euler = a[t_prev][axes] * x_start + s[t_prev][axes] * eps
    _, eps_end = predict_start_and_noise(model, euler, t_prev, schedule, predicts, clip_start)
    return euler + a[t_prev][axes] * (after - now) * (eps_end - eps).div(2)


def heun_with(join=None, second=None, ask=predict_start_and_noise, last=None):
    """`heun_in_y` with other parts: join(eps, eps_end), second(...) asks again, last(...) makes the result."""

    def step(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
        signal, sigma = heun_levels(schedule, t, x_t)
        signal_prev, sigma_prev = heun_levels(schedule, t_prev, x_t)
        y, h = x_t / signal, sigma_prev - sigma
        _, eps = ask(model, x_t, t, schedule, predicts, clip_start)
        y_end = y + h * eps
        end = (y_end * signal_prev).to(x_t.dtype)
        if second:
            eps_end = second(model, x_t, y_end.to(x_t.dtype), end, t, t_prev, schedule, predicts, clip_start)
        else:
            _, eps_end = ask(model, end, t_prev, schedule, predicts, clip_start)
        slope = join(eps, eps_end) if join else (eps + eps_end) / 2
        if last:
            return last(y, y_end, h, slope, signal, signal_prev).to(x_t.dtype)
        return ((y + h * slope) * signal_prev).to(x_t.dtype)

    return step


@wrong("heun_step", "Euler: one call of the model")
def heun_is_euler(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    before = extract(schedule.alphas_cumprod, t_prev, x_t.shape)
    return before.sqrt() * x_start + (1 - before).sqrt() * eps


@wrong("heun_step", "only the noise at the end counts")
def heun_end_only(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(join=lambda eps, eps_end: eps_end)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the sum of both, not the mean")
def heun_sum(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(join=lambda eps, eps_end: eps + eps_end)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "extrapolates: twice the first less the second")
def heun_extrapolates(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(join=lambda eps, eps_end: (3 * eps - eps_end) / 2)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the second step goes on from the end of the first")
def heun_goes_on(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(last=lambda y, y_end, h, slope, signal, signal_prev: (y_end + h * slope) * signal_prev)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the model is asked at the end, but about t")
def heun_same_t(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def second(model, x_t, y_end, end, t, t_prev, *rest):
        return predict_start_and_noise(model, end, t, *rest)[1]

    return heun_with(second=second)(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the model is asked about t_prev, but at x_t")
def heun_same_x(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def second(model, x_t, y_end, end, t, t_prev, *rest):
        return predict_start_and_noise(model, x_t, t_prev, *rest)[1]

    return heun_with(second=second)(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the model gets y, which is not scaled back to x")
def heun_asks_y(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def second(model, x_t, y_end, end, t, t_prev, *rest):
        return predict_start_and_noise(model, y_end, t_prev, *rest)[1]

    return heun_with(second=second)(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the model is asked twice about the same: x_t and t")
def heun_asks_the_same(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def second(model, x_t, y_end, end, t, t_prev, *rest):
        return predict_start_and_noise(model, x_t, t, *rest)[1]

    return heun_with(second=second)(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "y comes back, not x")
def heun_returns_y(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(last=lambda y, y_end, h, slope, signal, signal_prev: y + h * slope)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "scaled back with the signal at t, not at t_prev")
def heun_scaled_by_t(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(last=lambda y, y_end, h, slope, signal, signal_prev: (y + h * slope) * signal)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "h has the wrong sign: noise is added")
def heun_sign(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    step = heun_with(last=lambda y, y_end, h, slope, signal, signal_prev: (y - h * slope) * signal_prev)
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "sigma is sqrt(1 - alpha-bar) for a y that was divided by the signal")
def heun_wrong_sigma(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    bar, before = (extract(schedule.alphas_cumprod, level, x_t.shape) for level in (t, t_prev))
    y, h = x_t / bar.sqrt(), (1 - before).sqrt() - (1 - bar).sqrt()
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    end = (y + h * eps) * before.sqrt()
    _, eps_end = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return (y + h * (eps + eps_end) / 2) * before.sqrt()


@wrong("heun_step", "sigma without the root: noise to signal")
def heun_sigma_without_root(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    bar, before = (extract(schedule.alphas_cumprod, level, x_t.shape) for level in (t, t_prev))
    y, h = x_t / bar.sqrt(), (1 - before) / before - (1 - bar) / bar
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    end = (y + h * eps) * before.sqrt()
    _, eps_end = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return (y + h * (eps + eps_end) / 2) * before.sqrt()


@wrong("heun_step", "x itself moves along eps: never divided by the signal")
def heun_without_scaling(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    (_, sigma), (_, sigma_prev) = (heun_levels(schedule, level, x_t) for level in (t, t_prev))
    h = (sigma_prev - sigma).to(x_t.dtype)
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    _, eps_end = predict_start_and_noise(model, x_t + h * eps, t_prev, schedule, predicts, clip_start)
    return x_t + h * (eps + eps_end) / 2


@wrong("heun_step", "one level too low: alphas_cumprod_prev at t_prev")
def heun_level_too_low(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev, t_prev, x_t.shape)
    y, h = x_t / bar.sqrt(), sigma_from_alphas_cumprod(before) - sigma_from_alphas_cumprod(bar)
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    end = (y + h * eps) * before.sqrt()
    _, eps_end = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return (y + h * (eps + eps_end) / 2) * before.sqrt()


@wrong("heun_step", "goes to t - 1 only")
def heun_neighbour(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    return heun_with()(model, x_t, t, (t - 1).clamp(min=0), schedule, predicts, clip_start)


@wrong("heun_step", "the midpoint method: asks halfway")
def heun_midpoint(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    half = (t + t_prev) // 2
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    middle = q_sample(x_start, half, eps, schedule)
    step = heun_with(
        join=lambda eps, eps_end: predict_start_and_noise(model, middle, half, schedule, predicts, clip_start)[1]
    )
    return step(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "the mean of both x_0, with the first noise")
def heun_mean_of_starts(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    end = q_sample(x_start, t_prev, eps, schedule)
    start_end, _ = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return q_sample((x_start + start_end) / 2, t_prev, eps, schedule)


@wrong("heun_step", "the mean noise, but the first x_0")
def heun_first_start(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    end = q_sample(x_start, t_prev, eps, schedule)
    _, eps_end = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return q_sample(x_start, t_prev, (eps + eps_end) / 2, schedule)


@wrong("heun_step", "the mean of the model's outputs as they are: other than of the noises unless it predicts noise")
def heun_mean_of_outputs(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def mean_model(x, level):
        first = model(x, level)
        start, eps = predict_start_and_noise(lambda *_: first, x, level, schedule, predicts, clip_start)
        return (first + model(q_sample(start, t_prev, eps, schedule), t_prev)) / 2

    start, eps = predict_start_and_noise(mean_model, x_t, t, schedule, predicts, clip_start)
    return q_sample(start, t_prev, eps, schedule)


@wrong("heun_step", "whatever the model predicts is taken for the noise")
def heun_noise_only(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    return heun_with()(model, x_t, t, t_prev, schedule, "noise", clip_start)


@wrong("heun_step", "the second answer is taken for the noise, whatever it is")
def heun_second_is_noise(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def second(model, x_t, y_end, end, t, t_prev, schedule, predicts, clip_start):
        return model(end, t_prev)

    return heun_with(second=second)(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "clip_start is ignored")
def heun_without_clip(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    return heun_with()(model, x_t, t, t_prev, schedule, predicts)


@wrong("heun_step", "only the first x_0 is clipped")
def heun_clips_once(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def second(model, x_t, y_end, end, t, t_prev, schedule, predicts, clip_start):
        return predict_start_and_noise(model, end, t_prev, schedule, predicts)[1]

    return heun_with(second=second)(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "one t_prev for the whole batch")
def heun_one_level(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    same = torch.full_like(t_prev, int(t_prev[0]))
    return heun_with()(model, x_t, t, same, schedule, predicts, clip_start)


@wrong("heun_step", "no correction for the whole batch if one row ends at 0")
def heun_euler_if_any_ends(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    if (t_prev == 0).any():
        return heun_is_euler(model, x_t, t, t_prev, schedule, predicts, clip_start)
    return heun_with()(model, x_t, t, t_prev, schedule, predicts, clip_start)


@wrong("heun_step", "x_t is scaled in place; the numbers are right")
def heun_in_place(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    signal, sigma = (v.to(x_t.dtype) for v in heun_levels(schedule, t, x_t))
    signal_prev, sigma_prev = (v.to(x_t.dtype) for v in heun_levels(schedule, t_prev, x_t))
    x_t /= signal
    end = (x_t + (sigma_prev - sigma) * eps) * signal_prev
    _, eps_end = predict_start_and_noise(model, end, t_prev, schedule, predicts, clip_start)
    return (x_t + (sigma_prev - sigma) * (eps + eps_end) / 2) * signal_prev


# autoguide


@right("autoguide", "torch.lerp, which is exact at both ends")
def guided_lerp(model, guide, x_t: Tensor, t: Tensor, weight: float) -> Tensor:
    return torch.lerp(guide(x_t, t), model(x_t, t), weight)


@right("autoguide", "two weights that add up to 1")
def guided_two_weights(model, guide, x_t, t, weight):
    return weight * model(x_t, t) + (1 - weight) * guide(x_t, t)


@right("autoguide", "the ends apart, between and beyond them the formula")
def guided_ends_apart(model, guide, x_t, t, weight):
    if weight == 1:
        return model(x_t, t)
    if weight == 0:
        return guide(x_t, t)
    weak = guide(x_t, t)
    return weak + weight * (model(x_t, t) - weak)


@right("autoguide", "stacked, and a product with the weights in float64")
def guided_stacked(model, guide, x_t, t, weight):
    both = torch.stack([guide(x_t, t), model(x_t, t)]).double()
    weights = both.new_tensor([1 - weight, weight])
    return torch.tensordot(weights, both, dims=1).to(x_t.dtype)


@right("autoguide", "starts from the nearer end")
def guided_from_nearer_end(model, guide, x_t, t, weight):
    strong, weak = model(x_t, t), guide(x_t, t)
    difference = strong - weak
    return strong + (weight - 1) * difference if weight > 0.5 else weak + weight * difference


@right("autoguide", "row by row")
def guided_rows(model, guide, x_t, t, weight):
    rows = [s.mul(weight).add(w, alpha=1 - weight) for s, w in zip(model(x_t, t), guide(x_t, t), strict=True)]
    return torch.stack(rows)


@disputed("autoguide", "the formula as it stands: at weight 1 the last bit may differ, and the stub says bit for bit")
def guided_formula(model, guide, x_t, t, weight):
    weak = guide(x_t, t)
    return weak + weight * (model(x_t, t) - weak)


@wrong("autoguide", "model and guide are exchanged")
def guided_exchanged(model, guide, x_t, t, weight):
    return torch.lerp(model(x_t, t), guide(x_t, t), weight)


@wrong("autoguide", "starts from the model: weight 0 is the model alone")
def guided_from_model(model, guide, x_t, t, weight):
    strong = model(x_t, t)
    return strong + weight * (strong - guide(x_t, t))


@wrong("autoguide", "the difference the other way round")
def guided_towards_guide(model, guide, x_t, t, weight):
    weak = guide(x_t, t)
    return weak + weight * (weak - model(x_t, t))


@wrong("autoguide", "away from the model: model + weight (guide - model)")
def guided_pulled(model, guide, x_t, t, weight):
    strong = model(x_t, t)
    return strong + weight * (guide(x_t, t) - strong)


@wrong("autoguide", "only the direction, without the guide")
def guided_direction_only(model, guide, x_t, t, weight):
    return weight * (model(x_t, t) - guide(x_t, t))


@wrong("autoguide", "weight model - guide: the guide is not weighted")
def guided_unweighted_guide(model, guide, x_t, t, weight):
    return weight * model(x_t, t) - guide(x_t, t)


@wrong("autoguide", "the sign of 1 - weight")
def guided_sign_of_rest(model, guide, x_t, t, weight):
    return weight * model(x_t, t) + (weight - 1) * guide(x_t, t)


@wrong("autoguide", "the weight is kept between 0 and 1: no push beyond the model")
def guided_clamped_weight(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, t), model(x_t, t), min(max(weight, 0.0), 1.0))


@wrong("autoguide", "below 1 the model alone")
def guided_only_above_one(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, t), model(x_t, t), max(weight, 1.0))


@wrong("autoguide", "the weight is cut to a whole number")
def guided_whole_weight(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, t), model(x_t, t), float(int(weight)))


@wrong("autoguide", "the mean, whatever the weight is")
def guided_mean(model, guide, x_t, t, weight):
    return (model(x_t, t) + guide(x_t, t)) / 2


@wrong("autoguide", "the model alone")
def guided_model_alone(model, guide, x_t, t, weight):
    return model(x_t, t)


@wrong("autoguide", "the guide's answer is fed to the model")
def guided_chained(model, guide, x_t, t, weight):
    weak = guide(x_t, t)
    return torch.lerp(weak, model(weak, t), weight)


@wrong("autoguide", "the guide is asked about the next lower t")
def guided_other_t(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, (t - 1).clamp(min=0)), model(x_t, t), weight)


@wrong("autoguide", "one t for the whole batch")
def guided_one_t(model, guide, x_t, t, weight):
    same = t[:1].expand(len(t))
    return torch.lerp(guide(x_t, same), model(x_t, same), weight)


@wrong("autoguide", "the guide alone gets one t for the whole batch")
def guided_guide_one_t(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, torch.full_like(t, int(t[0]))), model(x_t, t), weight)


@wrong("autoguide", "the direction has length 1 in each row")
def guided_normalised(model, guide, x_t, t, weight):
    weak = guide(x_t, t)
    direction = functional.normalize((model(x_t, t) - weak).reshape(len(weak), -1), dim=1)
    return weak + weight * direction.reshape(weak.shape)


@wrong("autoguide", "the result is scaled to the model's standard deviation (guidance rescale)")
def guided_rescaled(model, guide, x_t, t, weight):
    strong = model(x_t, t)
    result = torch.lerp(guide(x_t, t), strong, weight)
    return result * strong.std() / result.std()


@wrong("autoguide", "the result is clipped to [-1, 1]")
def guided_clipped(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, t), model(x_t, t), weight).clamp(-1, 1)


@wrong("autoguide", "x_t is guided, not the answers")
def guided_x(model, guide, x_t, t, weight):
    return model(x_t + weight * (model(x_t, t) - guide(x_t, t)), t)


@wrong("autoguide", "the weight is squared")
def guided_weight_squared(model, guide, x_t, t, weight):
    return torch.lerp(guide(x_t, t), model(x_t, t), weight**2)


@wrong("autoguide", "the model twice: the guide plays no part")
def guided_model_twice(model, guide, x_t, t, weight):
    return torch.lerp(model(x_t, t), model(x_t, t), weight)


@wrong("autoguide", "x_t is added: a residual that nobody asked for")
def guided_residual(model, guide, x_t, t, weight):
    return x_t + torch.lerp(guide(x_t, t), model(x_t, t), weight)


@wrong("autoguide", "both come back")
def guided_both(model, guide, x_t, t, weight):
    weak, strong = guide(x_t, t), model(x_t, t)
    return torch.lerp(weak, strong, weight), weak


@wrong("autoguide", "a function comes back, not its answer")
def guided_function(model, guide, x_t, t, weight):
    def guided(x, steps):
        return torch.lerp(guide(x, steps), model(x, steps), weight)

    return guided


@wrong("autoguide", "writes its answer into x_t; the numbers are right")
def guided_in_place(model, guide, x_t, t, weight):
    return x_t.copy_(torch.lerp(guide(x_t, t), model(x_t, t), weight))
