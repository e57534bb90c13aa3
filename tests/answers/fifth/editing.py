"""Answers to the quizzes of chapter 14."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from einops import einsum, rearrange
from torch import Tensor
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib.editing import ddim_sample_from
from course_lib.fast_sampling import ddim_step, ddim_timesteps, leading_timesteps, predict_start_and_noise
from course_lib.forward import extract, q_sample, q_step
from course_lib.objective import noise_from_start
from course_lib.reverse import predict_start
from course_lib.schedules import sigma_from_alphas_cumprod, snr

# noise_level_to_t


@right("noise_level_to_t", "flattened, a matrix of distances, shaped again")
def level_matrix(sigma: Tensor, schedule) -> Tensor:
    sigmas = ((1 - schedule.alphas_cumprod) / schedule.alphas_cumprod).sqrt()
    distances = (sigma.reshape(-1, 1) - sigmas.reshape(1, -1)).abs()
    return distances.min(dim=1).indices.reshape(sigma.shape)


@right("noise_level_to_t", "the levels' middles, then bucketize")
def level_bucketize(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    return torch.bucketize(sigma, ((sigmas[1:] + sigmas[:-1]) / 2).to(sigma))


@right("noise_level_to_t", "number by number, min with a key")
def level_numbers(sigma, schedule):
    levels = [math.sqrt((1 - bar) / bar) if bar > 0 else math.inf for bar in schedule.alphas_cumprod.tolist()]
    found = [min(range(len(levels)), key=lambda t: abs(levels[t] - wanted)) for wanted in sigma.flatten().tolist()]
    return torch.tensor(found, dtype=torch.long, device=sigma.device).reshape(sigma.shape)


@right("noise_level_to_t", "searchsorted, then the nearer of two neighbours")
def level_neighbours(sigma, schedule):
    sigmas = schedule.sqrt_one_minus_alphas_cumprod / schedule.sqrt_alphas_cumprod
    sigmas = sigmas.to(sigma)
    above = torch.searchsorted(sigmas, sigma.contiguous()).clamp(max=len(sigmas) - 1)
    below = (above - 1).clamp(min=0)
    return torch.where(sigma - sigmas[below] <= sigmas[above] - sigma, below, above)


@right("noise_level_to_t", "numpy: rsqrt of the SNR, argmin over a new axis in front")
def level_numpy(sigma, schedule):
    with np.errstate(divide="ignore"):
        sigmas = 1 / np.sqrt(snr(schedule.alphas_cumprod).numpy())
    distances = np.abs(sigmas.reshape(-1, *[1] * sigma.ndim) - sigma.numpy()[None])
    return torch.as_tensor(distances.argmin(axis=0))


@right("noise_level_to_t", "the best so far, for every t in turn")
def level_best_so_far(sigma, schedule):
    best, least = torch.zeros_like(sigma, dtype=torch.long), torch.full_like(sigma, math.inf)
    for t, level in enumerate(sigma_from_alphas_cumprod(schedule.alphas_cumprod)):
        distance = (sigma - level).abs()
        best[distance < least] = t
        least = torch.minimum(distance, least)
    return best


def level_with(table=None, choose=None, before=None):
    """The nearest t with another table, another choice, or another sigma."""

    def level(sigma, schedule):
        sigmas = table(schedule) if table else sigma_from_alphas_cumprod(schedule.alphas_cumprod)
        wanted = before(sigma, sigmas) if before else sigma
        difference = wanted[..., None] - sigmas
        return choose(difference) if choose else difference.abs().argmin(dim=-1)

    return level


@wrong("noise_level_to_t", "the noise in x_t, sqrt(1 - alpha-bar): the picture is taken for an x_t")
def level_of_x_t(sigma, schedule):
    return level_with(lambda s: s.sqrt_one_minus_alphas_cumprod)(sigma, schedule)


@wrong("noise_level_to_t", "the variance, (1 - alpha-bar) / alpha-bar, is compared with sigma")
def level_variance(sigma, schedule):
    return level_with(lambda s: 1 / snr(s.alphas_cumprod))(sigma, schedule)


@wrong("noise_level_to_t", "signal by noise")
def level_upside_down(sigma, schedule):
    return level_with(lambda s: snr(s.alphas_cumprod).sqrt())(sigma, schedule)


@wrong("noise_level_to_t", "the signal-to-noise ratio")
def level_snr(sigma, schedule):
    return level_with(lambda s: snr(s.alphas_cumprod))(sigma, schedule)


@wrong("noise_level_to_t", "1 - alpha-bar, no root")
def level_one_minus_bar(sigma, schedule):
    return level_with(lambda s: 1 - s.alphas_cumprod)(sigma, schedule)


@wrong("noise_level_to_t", "the noise of single steps, sqrt(beta)")
def level_beta(sigma, schedule):
    return level_with(lambda s: s.betas.sqrt())(sigma, schedule)


@wrong("noise_level_to_t", "alpha-bar of t - 1: one t too late")
def level_previous(sigma, schedule):
    return level_with(lambda s: sigma_from_alphas_cumprod(s.alphas_cumprod_prev))(sigma, schedule)


@wrong("noise_level_to_t", "the root of the numerator only")
def level_half_root(sigma, schedule):
    return level_with(lambda s: s.sqrt_one_minus_alphas_cumprod / s.alphas_cumprod)(sigma, schedule)


@wrong("noise_level_to_t", "the posterior's standard deviation")
def level_posterior(sigma, schedule):
    return level_with(lambda s: s.posterior_variance.sqrt())(sigma, schedule)


@wrong("noise_level_to_t", "as if pixels went from 0 to 1: sigma is doubled")
def level_doubles(sigma, schedule):
    return level_with(before=lambda sigma, _: 2 * sigma)(sigma, schedule)


@wrong("noise_level_to_t", "as if pixels went from 0 to 255")
def level_of_bytes(sigma, schedule):
    return level_with(before=lambda sigma, _: sigma / 127.5)(sigma, schedule)


@wrong("noise_level_to_t", "sigma is kept below 1")
def level_at_most_one(sigma, schedule):
    return level_with(before=lambda sigma, _: sigma.clamp(0, 1))(sigma, schedule)


@wrong("noise_level_to_t", "no abs: the largest t is always the least difference")
def level_without_abs(sigma, schedule):
    return level_with(choose=lambda d: d.argmin(dim=-1))(sigma, schedule)


@wrong("noise_level_to_t", "argmax: the t that fits worst")
def level_argmax(sigma, schedule):
    return level_with(choose=lambda d: d.abs().argmax(dim=-1))(sigma, schedule)


@wrong("noise_level_to_t", "argmin over everything: one t for all")
def level_one_for_all(sigma, schedule):
    return level_with(choose=lambda d: d.abs().argmin())(sigma, schedule)


@wrong("noise_level_to_t", "argmin over the first axis, the sigmas")
def level_first_axis(sigma, schedule):
    return level_with(choose=lambda d: d.abs().argmin(dim=0))(sigma, schedule)


@wrong("noise_level_to_t", "an axis too many: keepdim")
def level_keepdim(sigma, schedule):
    return level_with(choose=lambda d: d.abs().argmin(dim=-1, keepdim=True))(sigma, schedule)


@wrong("noise_level_to_t", "flat, whatever the shape of sigma")
def level_flat(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    return (sigma.flatten()[:, None] - sigmas).abs().argmin(dim=1)


@wrong("noise_level_to_t", "no new axis: sigma and the table do not fit")
def level_no_axis(sigma, schedule):
    return (sigma - sigma_from_alphas_cumprod(schedule.alphas_cumprod)).abs().argmin(dim=-1)


@wrong("noise_level_to_t", "the first t that has at least as much noise, not the nearest")
def level_rounded_up(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).to(sigma)
    return torch.searchsorted(sigmas, sigma.contiguous()).clamp(max=schedule.timesteps - 1)


@wrong("noise_level_to_t", "the last t that has at most as much noise, not the nearest")
def level_rounded_down(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).to(sigma)
    return (torch.searchsorted(sigmas, sigma.contiguous(), right=True) - 1).clamp(min=0)


@wrong("noise_level_to_t", "counts smaller levels: rounded up, and T for a sigma beyond the last")
def level_counts(sigma, schedule):
    return (sigma_from_alphas_cumprod(schedule.alphas_cumprod) < sigma[..., None]).sum(dim=-1)


@wrong("noise_level_to_t", "counts from 1, as papers do")
def level_from_one(sigma, schedule):
    return level_with()(sigma, schedule) + 1


@wrong("noise_level_to_t", "one t less, to be safe")
def level_one_less(sigma, schedule):
    return (level_with()(sigma, schedule) - 1).clamp(min=0)


@wrong("noise_level_to_t", "the level's sigma, not its t")
def level_value(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    return sigmas[level_with()(sigma, schedule)]


@wrong("noise_level_to_t", "the distance to the nearest level, not its place")
def level_distance(sigma, schedule):
    return level_with(choose=lambda d: d.abs().min(dim=-1).values)(sigma, schedule)


@wrong("noise_level_to_t", "min returns values and places: both come back")
def level_min_pair(sigma, schedule):
    return level_with(choose=lambda d: d.abs().min(dim=-1))(sigma, schedule)


@wrong("noise_level_to_t", "an int, of the first sigma")
def level_item(sigma, schedule):
    return int(level_with()(sigma, schedule).flatten()[0])


@wrong("noise_level_to_t", "int32")
def level_int32(sigma, schedule):
    return level_with()(sigma, schedule).int()


@wrong("noise_level_to_t", "floats")
def level_floats(sigma, schedule):
    return level_with()(sigma, schedule).float()


@wrong("noise_level_to_t", "t between the levels, linear: not whole")
def level_interpolated(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).double().numpy()
    between = np.interp(sigma.double().numpy(), sigmas, np.arange(len(sigmas)))
    return torch.as_tensor(between, dtype=torch.float32)


@wrong("noise_level_to_t", "t between the levels, cut off")
def level_interpolated_and_cut(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).double().numpy()
    return torch.as_tensor(np.interp(sigma.double().numpy(), sigmas, np.arange(len(sigmas)))).long()


@wrong("noise_level_to_t", "as if sigma grew with t at an even pace")
def level_proportional(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    return (sigma / sigmas[-1] * (schedule.timesteps - 1)).round().long().clamp(0, schedule.timesteps - 1)


@wrong("noise_level_to_t", "the share of the noise in x_t is taken for the share of the way")
def level_share(sigma, schedule):
    share = sigma / (1 + sigma**2).sqrt()
    return (share * (schedule.timesteps - 1)).round().long()


@wrong("noise_level_to_t", "alpha-bar falls, so the table is turned round: t is counted from the end")
def level_flipped(sigma, schedule):
    return level_with(lambda s: sigma_from_alphas_cumprod(s.alphas_cumprod).flip(0))(sigma, schedule)


@wrong("noise_level_to_t", "searchsorted in alpha-bar, which falls: not sorted as it wants")
def level_searches_falling(sigma, schedule):
    bar = 1 / (1 + sigma**2)
    return torch.searchsorted(schedule.alphas_cumprod.to(bar), bar.contiguous()).clamp(max=schedule.timesteps - 1)


@wrong("noise_level_to_t", "sigma is clamped to the table's range in place")
def level_clamps_in_place(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    sigma.clamp_(float(sigmas[0]), float(sigmas[-1]))
    return (sigma[..., None] - sigmas).abs().argmin(dim=-1)


@disputed("noise_level_to_t", "nearest in log sigma; the stub does not say nearest in what")
def level_nearest_log(sigma, schedule):
    logs = sigma_from_alphas_cumprod(schedule.alphas_cumprod).log()
    return (sigma.log()[..., None] - logs).abs().argmin(dim=-1)


@disputed("noise_level_to_t", "nearest in alpha-bar = 1 / (1 + sigma²); the stub does not say nearest in what")
def level_nearest_bar(sigma, schedule):
    return ((1 / (1 + sigma**2))[..., None] - schedule.alphas_cumprod).abs().argmin(dim=-1)


@disputed("noise_level_to_t", "nearest in sigma²; the stub does not say nearest in what")
def level_nearest_variance(sigma, schedule):
    return ((sigma**2)[..., None] - 1 / snr(schedule.alphas_cumprod)).abs().argmin(dim=-1)


@disputed("noise_level_to_t", "np.interp and rint: right but for a sigma in the very middle, where rint goes to even")
def level_rint(sigma, schedule):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).double().numpy()
    between = np.interp(sigma.double().numpy(), sigmas, np.arange(len(sigmas)))
    return torch.as_tensor(np.rint(between)).long()


# denoise_from


@right("denoise_from", "scaled, then a loop over ddim_timesteps and -1")
def denoise_loop(
    model, noisy: Tensor, start: int, schedule, steps: int = 1, predicts="noise", clip_start: bool = False
) -> Tensor:
    x = schedule.alphas_cumprod[start].sqrt() * noisy
    visited = [*ddim_timesteps(start + 1, steps).tolist(), -1]
    with torch.no_grad():
        for now, after in pairwise(visited):
            t, t_prev = (torch.full((len(x),), step, device=x.device) for step in (now, after))
            x = ddim_step(model, x, t, t_prev, torch.zeros_like(x), schedule, 0.0, predicts, clip_start)
    return x


@right("denoise_from", "the library's loop from the middle")
def denoise_by_library(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    t = torch.full((noisy.shape[0],), start, device=noisy.device)
    x_t = q_sample(noisy, t, torch.zeros_like(noisy), schedule)
    return ddim_sample_from(model, x_t, start, schedule, steps, 0.0, None, predicts, clip_start)


@right("denoise_from", "by hand: x_0 and eps in every step, the last x_0 is the answer; records a graph")
def denoise_by_hand(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    visited = [round((start + 1) * (steps - i) / steps) - 1 for i in range(steps)]
    x_t = noisy * schedule.sqrt_alphas_cumprod[start]
    x_start = x_t
    for i, now in enumerate(visited):
        t = torch.full((len(x_t),), now, dtype=torch.long, device=x_t.device)
        alpha, sigma = schedule.sqrt_alphas_cumprod[now], schedule.sqrt_one_minus_alphas_cumprod[now]
        x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
        if clip_start:
            x_start = x_start.clamp(min=-1.0, max=1.0)
        eps = (x_t - alpha * x_start) / sigma
        if i + 1 < steps:
            after = visited[i + 1]
            x_t = schedule.sqrt_alphas_cumprod[after] * x_start + schedule.sqrt_one_minus_alphas_cumprod[after] * eps
    return x_start


@right("denoise_from", "in y = x / sqrt(alpha-bar): Euler along sigma, to 0 at the end")
@torch.no_grad()
def denoise_euler(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)
    sigmas = torch.cat([sigmas, sigmas.new_zeros(1)])  # -1 finds the 0
    y = noisy.clone()
    visited = [*ddim_timesteps(start + 1, steps), torch.tensor(-1)]
    for now, after in pairwise(visited):
        t = now.to(y.device).expand(len(y))
        _, eps = predict_start_and_noise(
            model, schedule.sqrt_alphas_cumprod[now] * y, t, schedule, predicts, clip_start
        )
        y = y + (sigmas[after] - sigmas[now]) * eps
    return y


@right("denoise_from", "recursion from the top; q_sample puts the predicted noise back")
@torch.no_grad()
def denoise_recursive(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    visited = ddim_timesteps(start + 1, steps).to(noisy.device)

    def clean(x, level):
        t = visited[level].repeat(len(x))
        x_start, eps = predict_start_and_noise(model, x, t, schedule, predicts, clip_start)
        if level == steps - 1:
            return x_start
        return clean(q_sample(x_start, visited[level + 1].repeat(len(x)), eps, schedule), level + 1)

    return clean(schedule.sqrt_alphas_cumprod[start] * noisy, 0)


@right("denoise_from", "a single step apart: the prediction of x_0; more by partial")
@torch.no_grad()
def denoise_one_apart(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    t = noisy.new_full((len(noisy),), start, dtype=torch.long)
    x = extract(schedule.alphas_cumprod, t, noisy.shape).sqrt() * noisy
    if steps == 1:
        x_start = predict_start(model(x, t), x, t, schedule, predicts)
        return x_start.clamp(-1, 1) if clip_start else x_start
    step = partial(ddim_step, model, noise=torch.zeros_like(x), schedule=schedule, eta=0)
    visited = [*ddim_timesteps(start + 1, steps).tolist(), -1]
    for i in range(steps):
        t, t_prev = torch.full_like(t, visited[i]), torch.full_like(t, visited[i + 1])
        x = step(x_t=x, t=t, t_prev=t_prev, predicts=predicts, clip_start=clip_start)
    return x


def denoise_with(scale=None, visit=None, end=-1, ask=None, eta=0.0, predicts=None, clips=None):
    """`denoise_loop` with other parts: scale(noisy, start, schedule), visit(start, steps, T), the t asked for."""

    @torch.no_grad()
    def denoise(model, noisy, start, schedule, steps=1, kind="noise", clip_start=False):
        x = scale(noisy, start, schedule) if scale else schedule.sqrt_alphas_cumprod[start] * noisy
        chosen = visit(start, steps, schedule.timesteps) if visit else ddim_timesteps(start + 1, steps).tolist()
        network = model if ask is None else lambda x, t: model(x, ask(t, start))
        for now, after in pairwise([*chosen, end] if end is not None else chosen):
            t, t_prev = torch.full((len(x),), now), torch.full((len(x),), after)
            noise = torch.randn_like(x) if eta else torch.zeros_like(x)
            clip = clip_start if clips is None else clips
            x = ddim_step(network, x, t, t_prev, noise, schedule, eta, predicts or kind, clip)
        return x

    return denoise


@wrong("denoise_from", "the noisy picture is taken for an x_t: not scaled")
def denoise_unscaled(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(lambda noisy, start, s: noisy)
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "scaled by alpha-bar, no root")
def denoise_scaled_by_bar(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(lambda noisy, start, s: s.alphas_cumprod[start] * noisy)
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "divided where it should be multiplied")
def denoise_divides(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(lambda noisy, start, s: noisy / s.sqrt_alphas_cumprod[start])
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "scaled by the noise's factor")
def denoise_scaled_by_noise(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(lambda noisy, start, s: s.sqrt_one_minus_alphas_cumprod[start] * noisy)
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "scaled by the alpha of a single step")
def denoise_scaled_by_alpha(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(lambda noisy, start, s: s.alphas[start].sqrt() * noisy)
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "noise is added once more, as for a sketch")
def denoise_adds_noise(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    def noise_once_more(noisy, start, s):
        return q_sample(noisy, torch.full((len(noisy),), start), torch.randn_like(noisy), s)

    return denoise_with(noise_once_more)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "the result is scaled back, which the step to clean data did already")
def denoise_scales_back(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x = denoise_with()(model, noisy, start, schedule, steps, predicts, clip_start)
    return x / schedule.sqrt_alphas_cumprod[start]


@wrong("denoise_from", "noisy less sigma times the prediction, which is asked of the unscaled picture")
def denoise_subtracts(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    t = torch.full((len(noisy),), start)
    sigma = sigma_from_alphas_cumprod(schedule.alphas_cumprod)[start]
    return noisy - sigma * model(noisy, t)


@wrong("denoise_from", "scaled, but the noise is subtracted without its factors")
def denoise_plain_difference(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    t = torch.full((len(noisy),), start)
    x_t = schedule.sqrt_alphas_cumprod[start] * noisy
    return x_t - model(x_t, t)


@wrong("denoise_from", "x_t less its noise, not scaled up again")
def denoise_not_scaled_up(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x = denoise_with()(model, noisy, start, schedule, steps, predicts, clip_start)
    return schedule.sqrt_alphas_cumprod[start] * x


@wrong("denoise_from", "always a single step")
def denoise_one_step(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with()(model, noisy, start, schedule, 1, predicts, clip_start)


@wrong("denoise_from", "every t from start to 0, whatever steps says")
def denoise_every_step(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with()(model, noisy, start, schedule, start + 1, predicts, clip_start)


@wrong("denoise_from", "ddim_timesteps(start, steps): begins at start - 1")
def denoise_begins_below(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(visit=lambda start, steps, total: ddim_timesteps(max(start, 1), steps).tolist())
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "begins at T - 1, as if it were pure noise")
def denoise_from_the_top(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(visit=lambda start, steps, total: ddim_timesteps(total, steps).tolist())
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "the t of the whole way that are not above start: fewer steps, and not from start")
def denoise_part_of_the_way(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    def visit(start, steps, total):
        return [t for t in ddim_timesteps(total, steps).tolist() if t <= start]

    return denoise_with(visit=visit)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "steps is taken for the length of a step")
def denoise_by_gap(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(visit=lambda start, steps, total: list(range(start, -1, -steps)))
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "linspace from start to 0: both ends, so other t in between")
def denoise_linspace(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(visit=lambda start, steps, total: torch.linspace(start, 0, steps).round().long().tolist())
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "leading t: x_t is at start, the first one asked for lies below")
def denoise_leading(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(visit=lambda start, steps, total: leading_timesteps(start + 1, steps).tolist())
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "the last `steps` neighbours: start, start - 1, ..., and then clean at once")
def denoise_neighbours(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(visit=lambda start, steps, total: list(range(start, start - steps, -1)))
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "ends at t = 0: the last noise stays")
def denoise_ends_at_zero(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    def visit(start, steps, total):
        return [*ddim_timesteps(start + 1, steps).tolist(), 0] if start else [0, 0]

    return denoise_with(visit=visit, end=None)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "the step to clean data is missing: one step returns x_t")
def denoise_without_last(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with(end=None)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "eta = 1: random")
def denoise_random(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with(eta=1.0)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "the model is asked about start in every step")
def denoise_asks_start(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    step = denoise_with(ask=lambda t, start: torch.full_like(t, start))
    return step(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "the prediction is denoised again and again, without its noise of the lower level")
def denoise_without_noise_back(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x = schedule.sqrt_alphas_cumprod[start] * noisy
    for now in ddim_timesteps(start + 1, steps).tolist():
        x, _ = predict_start_and_noise(model, x, torch.full((len(x),), now), schedule, predicts, clip_start)
    return x


@wrong("denoise_from", "scaled anew in every step")
def denoise_scales_each_step(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x = noisy
    for now, after in pairwise([*ddim_timesteps(start + 1, steps).tolist(), -1]):
        x = schedule.sqrt_alphas_cumprod[now] * x
        t, t_prev = torch.full((len(x),), now), torch.full((len(x),), after)
        x = ddim_step(model, x, t, t_prev, torch.zeros_like(x), schedule, 0.0, predicts, clip_start)
    return x


@wrong("denoise_from", "whatever the model predicts is taken for the noise")
def denoise_noise_only(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with(predicts="noise")(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "clip_start is ignored")
def denoise_never_clips(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with(clips=False)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "always clips")
def denoise_always_clips(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    return denoise_with(clips=True)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "clip_start clips the noisy picture too")
def denoise_clips_input(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    picture = noisy.clamp(-1, 1) if clip_start else noisy
    return denoise_with()(model, picture, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "clips the result only, not each predicted x_0")
def denoise_clips_result(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x = denoise_with(clips=False)(model, noisy, start, schedule, steps, predicts, clip_start)
    return x.clamp(-1, 1) if clip_start else x


@wrong("denoise_from", "noisy is scaled in place")
def denoise_in_place(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    noisy *= schedule.sqrt_alphas_cumprod[start]
    return denoise_with(lambda x, start, s: x)(model, noisy, start, schedule, steps, predicts, clip_start)


@wrong("denoise_from", "t is a plain number, not a tensor with one for each row")
def denoise_plain_t(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x_t = schedule.sqrt_alphas_cumprod[start] * noisy
    return predict_start(model(x_t, start), x_t, start, schedule, predicts)


@wrong("denoise_from", "the noise that was found, not the picture")
def denoise_returns_noise(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    x_t = schedule.sqrt_alphas_cumprod[start] * noisy
    return predict_start_and_noise(model, x_t, torch.full((len(x_t),), start), schedule, predicts, clip_start)[1]


@wrong("denoise_from", "every state comes back, stacked")
def denoise_states(model, noisy, start, schedule, steps=1, predicts="noise", clip_start=False):
    states = [schedule.sqrt_alphas_cumprod[start] * noisy]
    for now, after in pairwise([*ddim_timesteps(start + 1, steps).tolist(), -1]):
        t, t_prev = torch.full((len(noisy),), now), torch.full((len(noisy),), after)
        zeros = torch.zeros_like(noisy)
        states.append(ddim_step(model, states[-1], t, t_prev, zeros, schedule, 0.0, predicts, clip_start))
    return torch.stack(states)


# inpaint_step


@right("inpaint_step", "ddim_step and q_sample, clean rows apart")
def inpaint_q_sample(
    model,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    known: Tensor,
    mask: Tensor,
    noise: Tensor,
    known_noise: Tensor,
    schedule,
    eta: float = 1.0,
    predicts="noise",
    clip_start: bool = False,
) -> Tensor:
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    noised = q_sample(known, t_prev.clamp(min=0), known_noise, schedule)
    clean = (t_prev < 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(mask != 0, torch.where(clean, known, noised), drawn)


@right("inpaint_step", "a table with a 1 in front, and a masked copy")
def inpaint_masked_copy(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    x = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start).clone()
    bars = torch.cat([x_t.new_ones(1), schedule.alphas_cumprod])[t_prev + 1].reshape(-1, *[1] * (x_t.ndim - 1))
    given = bars.sqrt() * known + (1 - bars).sqrt() * known_noise
    where = mask.bool().expand_as(x)
    x[where] = given.expand_as(x)[where]
    return x


@right("inpaint_step", "row by row, each with its own number of t_prev")
def inpaint_rows(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    everywhere = mask.bool().expand(x_t.shape)
    rows = []
    for i, level in enumerate(t_prev.tolist()):
        given = known[i]
        if level >= 0:
            given = schedule.sqrt_alphas_cumprod[level] * known[i]
            given = given + schedule.sqrt_one_minus_alphas_cumprod[level] * known_noise[i]
        rows.append(torch.where(everywhere[i], given, drawn[i]))
    return torch.stack(rows)


@right("inpaint_step", "the paper's: mask times known plus (1 - mask) times drawn; what is unknown must be finite")
def inpaint_multiplies(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    m = mask.to(x_t.dtype)
    variance = extract(schedule.one_minus_alphas_cumprod_prev, t_prev + 1, x_t.shape)
    given = (1 - variance).sqrt() * known + variance.sqrt() * known_noise
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    return m * given + (1 - m) * drawn


@right("inpaint_step", "ddim_step by hand; einops shapes the levels")
def inpaint_by_hand(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    ones = " ".join("1" * (x_t.ndim - 1))
    bar = rearrange(schedule.alphas_cumprod[t], f"b -> b {ones}")
    before = rearrange(schedule.alphas_cumprod_prev[t_prev + 1], f"b -> b {ones}")
    fresh = eta * ((1 - before) / (1 - bar) * (1 - bar / before)).clamp(min=0).sqrt()
    kept = (1 - before - fresh**2).clamp(min=0).sqrt()
    unknown = before.sqrt() * x_start + kept * eps + fresh * noise
    return unknown.where(mask == 0, before.sqrt() * known + (1 - before).sqrt() * known_noise)


@right("inpaint_step", "signal and noise are masked apart, then added")
def inpaint_chooses_first(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    outside = ~mask.bool()
    signal = torch.where(outside, drawn, before.sqrt() * known)
    return signal + ((1 - before).sqrt() * known_noise).masked_fill(outside, 0)


def noised(known, known_noise, bar, parts):
    """The known part as it should be."""
    return bar.sqrt() * known + (1 - bar).sqrt() * known_noise


def inpaint_with(bar_at=None, given=None, join=None, draw=None):
    """`inpaint_step` with other parts.

    bar_at(schedule, t, t_prev) -> (B,); given(known, known_noise, bar, parts); join(inside, given, drawn, parts);
    draw(...) in the place of ddim_step. parts has the other arguments by name.
    """

    def step(
        model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
    ):
        parts = {"x_t": x_t, "t": t, "t_prev": t_prev, "noise": noise, "mask": mask, "schedule": schedule}
        drawn = (draw or ddim_step)(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
        bar = bar_at(schedule, t, t_prev) if bar_at else schedule.alphas_cumprod_prev[t_prev + 1]
        bar = bar.reshape(-1, *[1] * (x_t.ndim - 1))
        part = (given or noised)(known, known_noise, bar, parts)
        if join:
            return join(mask.bool(), part, drawn, parts)
        return torch.where(mask.bool(), part, drawn)

    return step


@wrong("inpaint_step", "the mask is the wrong way round")
def inpaint_mask_inverted(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(join=lambda inside, given, drawn, parts: torch.where(inside, drawn, given))
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the known part gets the noise of t, as the paper's equation 8a prints it, not of t_prev")
def inpaint_level_t(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: s.alphas_cumprod[t])
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the known part gets the noise of t - 1, as if no t were left out")
def inpaint_level_neighbour(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: s.alphas_cumprod_prev[t])
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "t_prev = -1 finds the last alpha-bar: the known part ends as noise")
def inpaint_level_wraps(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: s.alphas_cumprod[t_prev])
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "t_prev = -1 is clamped to 0: a little noise stays on the known part")
def inpaint_level_clamped(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: s.alphas_cumprod[t_prev.clamp(min=0)])
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "q_sample at t_prev, which has no -1")
def inpaint_no_minus_one(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    return torch.where(mask.bool(), q_sample(known, t_prev, known_noise, schedule), drawn)


@wrong("inpaint_step", "alphas_cumprod_prev at t_prev: a step too clean, and -1 wraps around")
def inpaint_level_twice_before(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: s.alphas_cumprod_prev[t_prev])
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the first row's t_prev for the known part of all")
def inpaint_first_level(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: s.alphas_cumprod_prev[t_prev[:1] + 1].expand(len(t)))
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "clean for the whole batch as soon as the first row is")
def inpaint_first_row_clean(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    given = known if t_prev[0] < 0 else q_sample(known, t_prev.clamp(min=0), known_noise, schedule)
    return torch.where(mask.bool(), given, drawn)


@wrong("inpaint_step", "the known part stays clean at every level")
def inpaint_known_clean(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(given=lambda known, known_noise, bar, parts: known)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the known part is scaled, but gets no noise")
def inpaint_known_without_noise(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(given=lambda known, known_noise, bar, parts: bar.sqrt() * known)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "noise is added to the known part, which keeps its strength")
def inpaint_known_unscaled(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(given=lambda known, known_noise, bar, parts: known + (1 - bar).sqrt() * known_noise)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "N(mean, 1 - alpha-bar) is read as mean + (1 - alpha-bar) noise")
def inpaint_known_variance(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(given=lambda known, known_noise, bar, parts: bar.sqrt() * known + (1 - bar) * known_noise)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "no roots for the known part")
def inpaint_known_without_roots(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(given=lambda known, known_noise, bar, parts: bar * known + (1 - bar) * known_noise)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the factors of signal and noise are exchanged")
def inpaint_factors_exchanged(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(lambda s, t, t_prev: 1 - s.alphas_cumprod_prev[t_prev + 1])
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the sampler's noise for both parts")
def inpaint_one_noise(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    return inpaint_with()(model, x_t, t, t_prev, known, mask, noise, noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "noise and known_noise are exchanged")
def inpaint_noises_exchanged(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    return inpaint_with()(model, x_t, t, t_prev, known, mask, known_noise, noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "fresh noise of its own for the known part")
def inpaint_own_noise(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    fresh = torch.randn_like(known_noise)
    return inpaint_with()(model, x_t, t, t_prev, known, mask, noise, fresh, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the known part is put into x_t before the step, not into the result")
def inpaint_before_the_step(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    x = torch.where(mask.bool(), q_sample(known, t, known_noise, schedule), x_t)
    return ddim_step(model, x, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the known part goes into x_t as well as into the result")
def inpaint_twice(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    x = torch.where(mask.bool(), q_sample(known, t, known_noise, schedule), x_t)
    return inpaint_with()(model, x, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the predicted x_0 is replaced by the known picture, and then noised together")
def inpaint_replaces_start(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    x_start = torch.where(mask.bool(), known, x_start)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    return before.sqrt() * x_start + (1 - before).sqrt() * eps


@wrong("inpaint_step", "no replacement: the mask plays no part")
def inpaint_only_drawn(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    return ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "both parts are added, without a mask for the drawn one")
def inpaint_adds(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(join=lambda inside, given, drawn, parts: inside * given + drawn)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "the unknown part stays as it was in x_t")
def inpaint_keeps_x_t(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(join=lambda inside, given, drawn, parts: torch.where(inside, given, parts["x_t"]))
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "only the first row's mask, for all")
def inpaint_first_mask(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    def join(inside, given, drawn, parts):
        return torch.where(inside.expand_as(drawn)[:1], given, drawn)

    step = inpaint_with(join=join)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "indexes with the mask, which has to have the picture's whole shape")
def inpaint_indexes(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    def join(inside, given, drawn, parts):
        drawn[inside] = given[inside]
        return drawn

    step = inpaint_with(join=join)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "eta is ignored: always DDIM")
def inpaint_without_eta(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    return inpaint_with()(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, 0.0, predicts, clip_start)


@wrong("inpaint_step", "eta is ignored: always ancestral")
def inpaint_eta_one(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    return inpaint_with()(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, 1.0, predicts, clip_start)


@wrong("inpaint_step", "predicts is not handed on")
def inpaint_noise_only(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with()
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, "noise", clip_start)


@wrong("inpaint_step", "clip_start is not handed on")
def inpaint_never_clips(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    return inpaint_with()(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts)


@wrong("inpaint_step", "clip_start takes eta's place: arguments in the wrong order")
def inpaint_arguments_shifted(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    def draw(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start):
        return ddim_step(model, x_t, t, t_prev, noise, schedule, clip_start, predicts)

    step = inpaint_with(draw=draw)
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "x_t is overwritten; the numbers are right")
def inpaint_in_place(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    step = inpaint_with(join=lambda inside, given, drawn, parts: x_t.copy_(torch.where(inside, given, drawn)))
    return step(model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta, predicts, clip_start)


@wrong("inpaint_step", "known is noised in place")
def inpaint_known_in_place(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    known.mul_(before.sqrt()).add_((1 - before).sqrt() * known_noise)
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    return torch.where(mask.bool(), known, drawn)


@disputed("inpaint_step", "1 - mask: right for a mask of numbers, an error for one of bools; the stub leaves that open")
def inpaint_mask_of_numbers(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    return mask * (before.sqrt() * known + (1 - before).sqrt() * known_noise) + (1 - mask) * drawn


@disputed("inpaint_step", "torch.where without bool(): right for a mask of bools, an error for numbers")
def inpaint_mask_of_bools(
    model, x_t, t, t_prev, known, mask, noise, known_noise, schedule, eta=1.0, predicts="noise", clip_start=False
):
    drawn = ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    return torch.where(mask, before.sqrt() * known + (1 - before).sqrt() * known_noise, drawn)


# repaint_schedule


@right("repaint_schedule", "the authors' code: a dictionary of jumps that counts down")
def repaint_authors(steps: int, jump_length: int = 10, jump_n_sample: int = 10) -> list[int]:
    jumps = {}
    for j in range(0, steps - jump_length, jump_length):
        jumps[j] = jump_n_sample - 1

    t = steps
    ts = []
    while t >= 1:
        t = t - 1
        ts.append(t)
        if jumps.get(t, 0) > 0:
            jumps[t] = jumps[t] - 1
            for _ in range(jump_length):
                t = t + 1
                ts.append(t)
    ts.append(-1)
    return ts


@right(
    "repaint_schedule", "in pieces: for each level, highest first, down to it and jump_n_sample - 1 times up and down"
)
def repaint_pieces(steps, jump_length=10, jump_n_sample=10):
    levels = [steps - 1]
    for stop in reversed(range(0, steps - jump_length, jump_length)):
        levels.extend(range(levels[-1] - 1, stop - 1, -1))
        up = list(range(stop + 1, stop + jump_length + 1))
        down = list(range(stop + jump_length - 1, stop - 1, -1))
        levels.extend((up + down) * (jump_n_sample - 1))
    levels.extend(range(levels[-1] - 1, -2, -1))
    return levels


@right("repaint_schedule", "signs first, +1 and -1, then a running sum; numpy")
def repaint_running_sum(steps, jump_length=10, jump_n_sample=10):
    moves = []
    for level in range(steps - 2, -2, -1):
        moves.append(-1)
        if level >= 0 and level % jump_length == 0 and level < steps - jump_length:
            moves += ([1] * jump_length + [-1] * jump_length) * (jump_n_sample - 1)
    return [int(level) for level in steps - 1 + np.cumsum([0, *moves])]


@right("repaint_schedule", "recursion from below: the way down from a level")
def repaint_recursive(steps, jump_length=10, jump_n_sample=10):
    def down(level):
        if level < 0:
            return [-1]
        here = [level]
        if level % jump_length == 0 and level + jump_length < steps:
            there = [level + i for i in range(1, jump_length + 1)]
            here += (jump_n_sample - 1) * (there + there[-2::-1] + [level])
        return here + down(level - 1)

    return down(steps - 1)


@right("repaint_schedule", "a generator that counts the visits, turned into a list")
def repaint_visits(steps, jump_length=10, jump_n_sample=10):
    def walk():
        turned = dict.fromkeys(range(steps), 0)
        level = steps - 1
        yield level
        while level > -1:
            turns_here = level % jump_length == 0 and level < steps - jump_length
            if turns_here and turned[level] < jump_n_sample - 1:
                turned[level] += 1
                for _ in range(jump_length):
                    level += 1
                    yield level
            level -= 1
            yield level

    return list(walk())


def repaint_with(returns=None, first=None, climb=None, last=-1, stay=False):
    """The walk with other parts: returns(steps, length, n) -> {level: how often}, climb(level, length) -> levels up."""

    def walk(steps, jump_length=10, jump_n_sample=10):
        if returns:
            left = returns(steps, jump_length, jump_n_sample)
        else:
            left = dict.fromkeys(range(0, steps - jump_length, jump_length), jump_n_sample - 1)
        level = steps - 1 if first is None else first(steps)
        levels = [level]
        while level > last:
            if left.get(level, 0) > 0:
                left[level] -= 1
                up = climb(level, jump_length) if climb else list(range(level + 1, level + jump_length + 1))
                levels += up
                level = levels[-1]
                if stay:
                    continue
            level -= 1
            levels.append(level)
        return levels

    return walk


@wrong("repaint_schedule", "jump_n_sample returns, so the parts are gone down once more")
def repaint_once_more(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(0, steps - length, length), n))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "each level sends back once, whatever jump_n_sample says")
def repaint_single_return(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(0, steps - length, length), 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "straight down")
def repaint_straight(steps, jump_length=10, jump_n_sample=10):
    return list(range(steps - 1, -2, -1))


@wrong("repaint_schedule", "straight down, repeated jump_n_sample times")
def repaint_all_again(steps, jump_length=10, jump_n_sample=10):
    return list(range(steps - 1, -2, -1)) * jump_n_sample


@wrong("repaint_schedule", "jumps from every multiple of jump_length: goes above steps - 1")
def repaint_above_the_top(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(0, steps, length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "steps - jump_length is included: a jump to steps where it is a multiple")
def repaint_last_included(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(0, steps - length + 1, length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "one level too few at the top: jumps that end at steps - 1 are left out")
def repaint_last_left_out(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(0, steps - length - 1, length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "no jumps from level 0")
def repaint_not_from_zero(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(length, steps - length, length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "jumps from level 0 only")
def repaint_only_from_zero(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: {0: n - 1} if steps > length else {})
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "the levels are counted from the top, not from 0")
def repaint_counted_from_top(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(steps - 1 - length, -1, -length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "the levels are jump_length - 1, 2 jump_length - 1, ...")
def repaint_levels_less_one(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(length - 1, steps - length, length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "jumps from every level, not only from multiples")
def repaint_from_every_level(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(lambda steps, length, n: dict.fromkeys(range(steps - length), n - 1))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "jump_length and jump_n_sample are exchanged")
def repaint_exchanged(steps, jump_length=10, jump_n_sample=10):
    return repaint_with()(steps, jump_n_sample, jump_length)


@wrong("repaint_schedule", "jump_length is 10, always")
def repaint_length_ten(steps, jump_length=10, jump_n_sample=10):
    return repaint_with()(steps, 10, jump_n_sample)


@wrong("repaint_schedule", "each step is gone back by one: jump_length is 1")
def repaint_length_one(steps, jump_length=10, jump_n_sample=10):
    return repaint_with()(steps, 1, jump_n_sample)


@wrong("repaint_schedule", "begins at steps")
def repaint_begins_at_steps(steps, jump_length=10, jump_n_sample=10):
    return repaint_with(first=lambda steps: steps)(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "ends at 0: -1 is missing")
def repaint_ends_at_zero(steps, jump_length=10, jump_n_sample=10):
    return repaint_with()(steps, jump_length, jump_n_sample)[:-1]


@wrong("repaint_schedule", "stops on its first arrival at 0, before it jumps back from there")
def repaint_stops_at_zero(steps, jump_length=10, jump_n_sample=10):
    return [*repaint_with(last=0)(steps, jump_length, jump_n_sample), -1]


@wrong("repaint_schedule", "rising, from -1")
def repaint_rising(steps, jump_length=10, jump_n_sample=10):
    return repaint_with()(steps, jump_length, jump_n_sample)[::-1]


@wrong("repaint_schedule", "leaps up at once: the levels in between are missing")
def repaint_leaps(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(climb=lambda level, length: [level + length])
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "goes up one level too few")
def repaint_up_one_less(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(climb=lambda level, length: list(range(level + 1, level + length)) or [level])
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "goes up one level too many")
def repaint_up_one_more(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(climb=lambda level, length: list(range(level + 1, level + length + 2)))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "the level where it turns stands there twice")
def repaint_turn_twice(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(climb=lambda level, length: list(range(level, level + length + 1)))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "the highest level stands there twice: up and down both name it")
def repaint_top_twice(steps, jump_length=10, jump_n_sample=10):
    levels = [steps - 1]
    for stop in reversed(range(0, steps - jump_length, jump_length)):
        levels.extend(range(levels[-1] - 1, stop - 1, -1))
        up = list(range(stop + 1, stop + jump_length + 1))
        levels.extend((up + up[::-1] + [stop]) * (jump_n_sample - 1))
    return levels + list(range(levels[-1] - 1, -2, -1))


@wrong("repaint_schedule", "the ways up are left out of the list")
def repaint_only_down(steps, jump_length=10, jump_n_sample=10):
    levels = [steps - 1]
    for level in range(steps - 2, -2, -1):
        levels.append(level)
        if level >= 0 and level % jump_length == 0 and level < steps - jump_length:
            levels.extend(list(range(level + jump_length - 1, level - 1, -1)) * (jump_n_sample - 1))
    return levels


@wrong("repaint_schedule", "goes up from a level, but not down again before it goes up once more")
def repaint_all_up_first(steps, jump_length=10, jump_n_sample=10):
    levels = []
    for level in range(steps - 1, -2, -1):
        levels.append(level)
        if level >= 0 and level % jump_length == 0 and level < steps - jump_length:
            levels.extend(list(range(level + 1, level + jump_length + 1)) * (jump_n_sample - 1))
    return levels


@wrong("repaint_schedule", "after a climb it goes on below the level it came from")
def repaint_no_way_back(steps, jump_length=10, jump_n_sample=10):
    levels = []
    for level in range(steps - 1, -2, -1):
        levels.append(level)
        if level >= 0 and level % jump_length == 0 and level < steps - jump_length and jump_n_sample > 1:
            levels.extend(range(level + 1, level + jump_length + 1))
    return levels


@wrong("repaint_schedule", "goes back after every jump_length steps, to the very top")
def repaint_back_to_the_top(steps, jump_length=10, jump_n_sample=10):
    walk = repaint_with(climb=lambda level, length: list(range(level + 1, steps)))
    return walk(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "one count for all levels: only the highest of them sends back")
def repaint_shared_count(steps, jump_length=10, jump_n_sample=10):
    stops, left = set(range(0, steps - jump_length, jump_length)), jump_n_sample - 1
    level, levels = steps - 1, [steps - 1]
    while level >= 0:
        if level in stops and left > 0:
            left -= 1
            levels += range(level + 1, level + jump_length + 1)
            level += jump_length
        level -= 1
        levels.append(level)
    return levels


@wrong("repaint_schedule", "pairs of neighbours, not levels")
def repaint_pairs(steps, jump_length=10, jump_n_sample=10):
    return list(pairwise(repaint_with()(steps, jump_length, jump_n_sample)))


@wrong("repaint_schedule", "a tensor")
def repaint_tensor(steps, jump_length=10, jump_n_sample=10):
    return torch.tensor(repaint_with()(steps, jump_length, jump_n_sample))


@disputed("repaint_schedule", "a generator: wrong, since it is no list; the checker takes its items, so right")
def repaint_generator(steps, jump_length=10, jump_n_sample=10):
    yield from repaint_with()(steps, jump_length, jump_n_sample)


@wrong("repaint_schedule", "what append returns: None")
def repaint_none(steps, jump_length=10, jump_n_sample=10):
    levels = list(range(steps - 1, -1, -1))
    return levels.append(-1)


# invert_step


@right("invert_step", "the formula with extract, clean rows by where")
def invert_where(model, x_t: Tensor, t: Tensor, t_next: Tensor, schedule, predicts="noise", clip_start=False) -> Tensor:
    asked = torch.where(t < 0, torch.zeros_like(t), t)
    x_start, eps = predict_start_and_noise(model, x_t, asked, schedule, predicts, clip_start)
    x_start = torch.where((t == -1).view(-1, *[1] * (x_t.ndim - 1)), x_t, x_start)
    return q_sample(x_start, t_next, eps, schedule)


@right("invert_step", "row by row in plain numbers, the model asked once")
def invert_rows(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp_min(0), schedule, predicts, clip_start)
    rows = []
    for i in range(len(x_t)):
        clean = x_t[i] if int(t[i]) == -1 else x_start[i]
        bar = schedule.alphas_cumprod[t_next[i]].item()
        rows.append(math.sqrt(bar) * clean + math.sqrt(1 - bar) * eps[i])
    return torch.stack(rows)


@right("invert_step", "other algebra: x_t is stretched and eps makes up for the difference; alpha-bar is 1 at -1")
def invert_stretched(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    shape = (-1, *[1] * (x_t.ndim - 1))
    bars = torch.cat([schedule.alphas_cumprod.new_ones(1), schedule.alphas_cumprod])
    bar, after = bars[t + 1].reshape(shape), bars[t_next + 1].reshape(shape)
    _, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    ratio = (after / bar).sqrt()
    return ratio * x_t + ((1 - after).sqrt() - ratio * (1 - bar).sqrt()) * eps


@right("invert_step", "Euler in y = x / sqrt(alpha-bar) along sigma, which is 0 for clean data")
def invert_euler(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    clean = x_t.new_ones(1)
    sigmas = torch.cat([0 * clean, sigma_from_alphas_cumprod(schedule.alphas_cumprod)])
    signals = torch.cat([clean, schedule.sqrt_alphas_cumprod])
    output = model(x_t, t.clamp(min=0))
    x_start = predict_start(output, x_t, t.clamp(min=0), schedule, predicts)
    x_start = x_start.clamp(-1, 1) if clip_start else x_start
    eps = noise_from_start(x_t, t.clamp(min=0), x_start, schedule)
    y = x_t / extract(signals, t + 1, x_t.shape)
    y = y + (extract(sigmas, t_next + 1, x_t.shape) - extract(sigmas, t + 1, x_t.shape)) * eps
    return y * extract(signals, t_next + 1, x_t.shape)


@right("invert_step", "by hand: three kinds of prediction, clean rows are written over a copy; einops")
def invert_by_hand(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    def column(table, steps):
        return rearrange(table[steps], f"b -> b {' '.join('1' * (x_t.ndim - 1))}")

    asked = t.clamp(min=0)
    alpha, sigma = column(schedule.sqrt_alphas_cumprod, asked), column(schedule.sqrt_one_minus_alphas_cumprod, asked)
    output = model(x_t, asked)
    x_0 = {"noise": (x_t - sigma * output) / alpha, "v": alpha * x_t - sigma * output, "start": output}[predicts]
    if clip_start:
        x_0 = x_0.clamp(-1, 1)
    eps = (x_t - alpha * x_0) / sigma
    x_0 = x_0.clone()
    x_0[t < 0] = x_t[t < 0]
    return (
        column(schedule.sqrt_alphas_cumprod, t_next) * x_0
        + column(schedule.sqrt_one_minus_alphas_cumprod, t_next) * eps
    )


def invert_with(begin=None, end=None, put=None, ask=None):
    """`invert_where` with other parts.

    begin(x_t, x_start, t) -> x_0; end(schedule, t, t_next) -> alpha-bar (B,); put(x_0, eps, bar); ask(t, t_next).
    """

    def step(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
        asked = ask(t, t_next) if ask else t.clamp(min=0)
        x_start, eps = predict_start_and_noise(model, x_t, asked, schedule, predicts, clip_start)
        clean = (t < 0).reshape(-1, *[1] * (x_t.ndim - 1))
        x_0 = begin(x_t, x_start, clean) if begin else torch.where(clean, x_t, x_start)
        bar = end(schedule, t, t_next) if end else schedule.alphas_cumprod[t_next]
        bar = bar.reshape(clean.shape)
        return put(x_0, eps, bar) if put else bar.sqrt() * x_0 + (1 - bar).sqrt() * eps

    return step


@wrong("invert_step", "clean data are taken for x at t = 0: the predicted x_0 is used")
def invert_clamps_t(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(begin=lambda x_t, x_start, clean: x_start)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "x_t is taken for x_0 in every row")
def invert_always_clean(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(begin=lambda x_t, x_start, clean: x_t)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "x_t is kept from row to row by the first row's t")
def invert_first_row_clean(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(begin=lambda x_t, x_start, clean: x_t if bool(clean.flatten()[0]) else x_start)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "all rows are clean as soon as one is")
def invert_any_row_clean(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(begin=lambda x_t, x_start, clean: x_t if bool(clean.any()) else x_start)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "t = 0 counts as clean, too")
def invert_zero_is_clean(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    def begin(x_t, x_start, clean):
        return torch.where((t <= 0).reshape(clean.shape), x_t, x_start)

    return invert_with(begin=begin)(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "clean rows stay clean: nothing is added to them")
def invert_clean_stays(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x = invert_with()(model, x_t, t, t_next, schedule, predicts, clip_start)
    return torch.where((t < 0).reshape(-1, *[1] * (x_t.ndim - 1)), x_t, x)


@wrong("invert_step", "clean rows are only scaled, the model's noise is left out")
def invert_clean_without_noise(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x = invert_with()(model, x_t, t, t_next, schedule, predicts, clip_start)
    scaled = extract(schedule.sqrt_alphas_cumprod, t_next, x_t.shape) * x_t
    return torch.where((t < 0).reshape(-1, *[1] * (x_t.ndim - 1)), scaled, x)


@wrong("invert_step", "clean rows get random noise, as in training")
def invert_clean_gets_random_noise(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x = invert_with()(model, x_t, t, t_next, schedule, predicts, clip_start)
    noised = q_sample(x_t, t_next, torch.randn_like(x_t), schedule)
    return torch.where((t < 0).reshape(-1, *[1] * (x_t.ndim - 1)), noised, x)


@wrong("invert_step", "clip_start clips the clean picture as well")
def invert_clips_clean(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    def begin(x_t, x_start, clean):
        x_0 = torch.where(clean, x_t, x_start)
        return x_0.clamp(-1, 1) if clip_start else x_0

    return invert_with(begin=begin)(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "nothing for -1: extract has no such place")
def invert_no_minus_one(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    return q_sample(x_start, t_next, eps, schedule)


@wrong("invert_step", "-1 as an index: clean rows are taken for the noisiest")
def invert_wraps_around(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(lambda x_t, x_start, clean: x_start, ask=lambda t, t_next: t % schedule.timesteps)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "ddim_step with t_next for t_prev: the last t has no place at t_next + 1, and -1 has none")
def invert_by_ddim_step(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    zeros = torch.zeros_like(x_t)
    return ddim_step(model, x_t, t, t_next, zeros, schedule, 0.0, predicts, clip_start)


@wrong("invert_step", "ddim_step from t_next to t: goes the wrong way")
def invert_wrong_way(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    zeros = torch.zeros_like(x_t)
    return ddim_step(model, x_t, t_next, t, zeros, schedule, 0.0, predicts, clip_start)


@wrong("invert_step", "the model is asked about t_next, while x_t is at t")
def invert_asks_next(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    def asked_later(x, steps):
        return model(x, t_next)

    return invert_with()(asked_later, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "everything at t_next, as if x_t were there already: nothing changes")
def invert_all_next(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(ask=lambda t, t_next: t_next)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "alpha-bar of t in the place of t_next: a round trip")
def invert_stays_at_t(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(end=lambda s, t, t_next: s.alphas_cumprod[t.clamp(min=0)])
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "goes to t + 1, not to t_next")
def invert_neighbour(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(end=lambda s, t, t_next: s.alphas_cumprod[t + 1])
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "alphas_cumprod_prev at t_next: one t too few")
def invert_one_less(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(end=lambda s, t, t_next: s.alphas_cumprod_prev[t_next])
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "alphas_cumprod_prev at t_next + 1, clamped at the end: x_T is one t short")
def invert_clamps_t_next(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(end=lambda s, t, t_next: s.alphas_cumprod_prev[(t_next + 1).clamp(max=s.timesteps - 1)])
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "the alpha of one step in the place of alpha-bar")
def invert_single_alpha(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(end=lambda s, t, t_next: s.alphas[t_next])
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "the first row's t_next for all")
def invert_first_next(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(end=lambda s, t, t_next: s.alphas_cumprod[t_next[:1].expand(len(t))])
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "one noising step with the model's noise, by beta at t_next")
def invert_q_step(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    _, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    return q_step(x_t, t_next, eps, schedule)


@wrong("invert_step", "renoises: as far as t_next is from t, but with the noise that is in x_t already")
def invert_renoises(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    _, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    kept = extract(schedule.alphas_cumprod, t_next, x_t.shape)
    kept = kept / extract(schedule.alphas_cumprod_prev, t + 1, x_t.shape)
    return kept.sqrt() * x_t + (1 - kept).sqrt() * eps


@wrong("invert_step", "random noise in the place of the model's")
def invert_random_noise(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(put=lambda x_0, eps, bar: bar.sqrt() * x_0 + (1 - bar).sqrt() * torch.randn_like(eps))
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "the noise has the wrong sign")
def invert_sign(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(put=lambda x_0, eps, bar: bar.sqrt() * x_0 - (1 - bar).sqrt() * eps)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "no roots")
def invert_without_roots(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(put=lambda x_0, eps, bar: bar * x_0 + (1 - bar) * eps)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "a root is missing: the variance in the place of the std")
def invert_variance(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(put=lambda x_0, eps, bar: bar.sqrt() * x_0 + (1 - bar) * eps)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "x_0 is not scaled down")
def invert_start_unscaled(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    step = invert_with(put=lambda x_0, eps, bar: x_0 + (1 - bar).sqrt() * eps)
    return step(model, x_t, t, t_next, schedule, predicts, clip_start)


@wrong("invert_step", "whatever the model predicts is taken for the noise")
def invert_noise_only(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    return invert_with()(model, x_t, t, t_next, schedule, "noise", clip_start)


@wrong("invert_step", "clip_start is ignored")
def invert_never_clips(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    return invert_with()(model, x_t, t, t_next, schedule, predicts)


@wrong("invert_step", "x_0 is clipped, but the noise is what the model said before")
def invert_noise_before_clip(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, False)
    x_start = x_start.clamp(-1, 1) if clip_start else x_start
    clean = (t < 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return q_sample(torch.where(clean, x_t, x_start), t_next, eps, schedule)


@wrong("invert_step", "alpha-bar is not shaped for the batch")
def invert_unshaped(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    bar = schedule.alphas_cumprod[t_next]
    return bar.sqrt() * x_start + (1 - bar).sqrt() * eps


@wrong("invert_step", "t is clamped in place")
def invert_clamps_in_place(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    clean = (t < 0).reshape(-1, *[1] * (x_t.ndim - 1))
    x_start, eps = predict_start_and_noise(model, x_t, t.clamp_(min=0), schedule, predicts, clip_start)
    return q_sample(torch.where(clean, x_t, x_start), t_next, eps, schedule)


@wrong("invert_step", "the noise comes along")
def invert_with_noise(model, x_t, t, t_next, schedule, predicts="noise", clip_start=False):
    _, eps = predict_start_and_noise(model, x_t, t.clamp(min=0), schedule, predicts, clip_start)
    return invert_with()(model, x_t, t, t_next, schedule, predicts, clip_start), eps


# slerp


def columns(values, x):
    """values (B,) shaped to multiply x (B, ...)."""
    return values.reshape(-1, *[1] * (x.ndim - 1))


@right("slerp", "cosine_similarity, and where for rows that point the same way")
def slerp_where(start: Tensor, end: Tensor, fraction: Tensor) -> Tensor:
    cosine = functional.cosine_similarity(start.flatten(1), end.flatten(1), dim=1, eps=0).clamp(-1, 1)
    same = cosine > 1 - 1e-7
    angle = torch.where(same, torch.ones_like(cosine), torch.acos(cosine))
    first = torch.where(same, 1 - fraction, torch.sin((1 - fraction) * angle) / torch.sin(angle))
    second = torch.where(same, fraction, torch.sin(fraction * angle) / torch.sin(angle))
    return columns(first, start) * start + columns(second, end) * end


@right("slerp", "sinc, which has no gap at 0: f sinc(f angle) / sinc(angle)")
def slerp_sinc(start, end, fraction):
    a, b = functional.normalize(start.flatten(1)), functional.normalize(end.flatten(1))
    angle = 2 * torch.atan2((a - b).norm(dim=1), (a + b).norm(dim=1))  # also good where acos is not

    def share(f):
        return columns(f * torch.sinc(f * angle / math.pi) / torch.sinc(angle / math.pi), start)

    return share(1 - fraction) * start + share(fraction) * end


@right("slerp", "row by row in plain numbers")
def slerp_rows(start, end, fraction):
    rows = []
    for a, b, f in zip(start, end, fraction.tolist(), strict=True):
        cosine = float((a * b).sum()) / math.sqrt(float((a * a).sum()) * float((b * b).sum()))
        angle = math.acos(max(-1.0, min(1.0, cosine)))
        if angle < 1e-3:
            rows.append((1 - f) * a + f * b)
        else:
            rows.append((math.sin((1 - f) * angle) * a + math.sin(f * angle) * b) / math.sin(angle))
    return torch.stack(rows)


@right("slerp", "the addition theorem: cos(f angle) and sin(f angle); einsum, float64 inside")
def slerp_addition(start, end, fraction):
    a, b, f = start.flatten(1).double(), end.flatten(1).double(), fraction.double()
    dot = einsum(a, b, "r d, r d -> r")
    cosine = (dot / (a.norm(dim=1) * b.norm(dim=1))).clamp(-1, 1)
    angle = cosine.arccos()
    ahead = torch.where(angle > 1e-6, (f * angle).sin() / angle.sin().clamp(min=1e-12), f)
    behind = (f * angle).cos() - cosine * ahead
    return (columns(behind, start) * start + columns(ahead, end) * end).to(start.dtype)


@right("slerp", "a linear mix at first, the rows with an angle are written over it")
def slerp_overwrites(start, end, fraction):
    f = columns(fraction, start)
    result = torch.lerp(start, end, f.expand_as(start))
    axes = tuple(range(1, start.ndim))
    lengths = (start.square().sum(axes) * end.square().sum(axes)).sqrt()
    angle = ((start * end).sum(axes) / lengths).clamp(-1, 1).acos()
    bent = angle > 1e-4
    s, e, w, f = start[bent], end[bent], columns(angle[bent], start), f[bent]
    result[bent] = (((1 - f) * w).sin() * s + (f * w).sin() * e) / w.sin()
    return result


@right("slerp", "numpy, with the popular threshold of 0.9995 for each row: a line is no worse there")
def slerp_numpy(start, end, fraction):
    a, b, f = start.flatten(1).numpy(), end.flatten(1).numpy(), fraction.numpy()[:, None]
    dot = (a / np.linalg.norm(a, axis=1, keepdims=True) * b / np.linalg.norm(b, axis=1, keepdims=True)).sum(1)
    theta = np.arccos(np.clip(dot, -0.9999999, 0.9995))[:, None]
    curved = (np.sin((1 - f) * theta) * a + np.sin(f * theta) * b) / np.sin(theta)
    mixed = np.where(dot[:, None] > 0.9995, (1 - f) * a + f * b, curved)
    return torch.from_numpy(mixed.astype(np.float32)).reshape(start.shape)


def slerp_with(angle_of=None, weights=None, is_same=None, straight=None):
    """`slerp_where` with other parts.

    angle_of(a, b) of flat rows -> (B,); weights(f, angle) -> two of (B,); is_same(angle); straight(f) -> two of (B,).
    """

    def slerp(start, end, fraction):
        a, b = start.flatten(1), end.flatten(1)
        if angle_of:
            angle = angle_of(a, b)
        else:
            angle = ((a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))).clamp(-1, 1).acos()
        same = is_same(angle) if is_same else angle < 1e-4
        safe = torch.where(same, torch.ones_like(angle), angle)
        if weights:
            behind, ahead = weights(fraction, safe)
        else:
            behind, ahead = ((1 - fraction) * safe).sin() / safe.sin(), (fraction * safe).sin() / safe.sin()
        line = straight(fraction) if straight else (1 - fraction, fraction)
        behind, ahead = torch.where(same, line[0], behind), torch.where(same, line[1], ahead)
        return columns(behind, start) * start + columns(ahead, end) * end

    return slerp


@wrong("slerp", "a straight line")
def slerp_lerp(start, end, fraction):
    f = columns(fraction, start)
    return (1 - f) * start + f * end


@wrong("slerp", "a straight line, then scaled to the mean length")
def slerp_rescaled_line(start, end, fraction):
    f = columns(fraction, start)
    x = (1 - f) * start + f * end
    length = (1 - fraction) * start.flatten(1).norm(dim=1) + fraction * end.flatten(1).norm(dim=1)
    return x * columns(length / x.flatten(1).norm(dim=1), start)


@wrong("slerp", "sqrt(1 - f) and sqrt(f): keeps the variance, but is no great circle")
def slerp_roots(start, end, fraction):
    f = columns(fraction, start)
    return (1 - f).sqrt() * start + f.sqrt() * end


@wrong("slerp", "cos and sin of a quarter turn: as if every two rows stood at right angles")
def slerp_quarter_turn(start, end, fraction):
    f = columns(fraction, start) * math.pi / 2
    return f.cos() * start + f.sin() * end


@wrong("slerp", "f and 1 - f are exchanged: 0 is end")
def slerp_exchanged(start, end, fraction):
    return slerp_with()(start, end, 1 - fraction)


@wrong("slerp", "the division by sin(angle) is forgotten")
def slerp_undivided(start, end, fraction):
    return slerp_with(weights=lambda f, w: (((1 - f) * w).sin(), (f * w).sin()))(start, end, fraction)


@wrong("slerp", "sin(1 - f) angle: a parenthesis too early")
def slerp_parenthesis(start, end, fraction):
    step = slerp_with(weights=lambda f, w: ((1 - f).sin() * w / w.sin(), f.sin() * w / w.sin()))
    return step(start, end, fraction)


@wrong("slerp", "sin(angle - f) in the place of sin((1 - f) angle)")
def slerp_angle_less_f(start, end, fraction):
    return slerp_with(weights=lambda f, w: ((w - f).sin() / w.sin(), (f * w).sin() / w.sin()))(start, end, fraction)


@wrong("slerp", "1 - sin(f angle) / sin(angle) for the start: the shares add up to 1")
def slerp_adds_to_one(start, end, fraction):
    def weights(f, w):
        ahead = (f * w).sin() / w.sin()
        return 1 - ahead, ahead

    return slerp_with(weights=weights)(start, end, fraction)


@wrong("slerp", "the cosine is taken for the angle")
def slerp_without_acos(start, end, fraction):
    step = slerp_with(lambda a, b: functional.cosine_similarity(a, b), is_same=lambda w: w > 1 - 1e-6)
    return step(start, end, fraction)


@wrong("slerp", "asin in the place of acos")
def slerp_asin(start, end, fraction):
    return slerp_with(lambda a, b: functional.cosine_similarity(a, b).clamp(-1, 1).asin())(start, end, fraction)


@wrong("slerp", "the angle in degrees")
def slerp_degrees(start, end, fraction):
    step = slerp_with(lambda a, b: functional.cosine_similarity(a, b).clamp(-1, 1).acos().rad2deg())
    return step(start, end, fraction)


@wrong("slerp", "half the angle")
def slerp_half_angle(start, end, fraction):
    step = slerp_with(lambda a, b: functional.cosine_similarity(a, b).clamp(-1, 1).acos() / 2)
    return step(start, end, fraction)


@wrong("slerp", "the dot product is not divided by the lengths: clamped, always 0 or a half turn")
def slerp_unnormalised(start, end, fraction):
    return slerp_with(lambda a, b: (a * b).sum(dim=1).clamp(-1, 1).acos())(start, end, fraction)


@wrong("slerp", "the dot product is not divided by the lengths, not clamped: acos of more than 1")
def slerp_unnormalised_nan(start, end, fraction):
    return slerp_with(lambda a, b: (a * b).sum(dim=1).acos())(start, end, fraction)


@wrong("slerp", "the mean of the products by the lengths: d times too small a cosine")
def slerp_mean_product(start, end, fraction):
    step = slerp_with(lambda a, b: ((a * b).mean(dim=1) / (a.norm(dim=1) * b.norm(dim=1))).acos())
    return step(start, end, fraction)


@wrong("slerp", "divided by squared lengths")
def slerp_squared_lengths(start, end, fraction):
    def angle_of(a, b):
        return ((a * b).sum(dim=1) / (a.square().sum(dim=1) * b.square().sum(dim=1))).clamp(-1, 1).acos()

    return slerp_with(angle_of)(start, end, fraction)


@wrong("slerp", "an angle for each pixel column: only the last axis is a vector")
def slerp_last_axis(start, end, fraction):
    f = columns(fraction, start)
    w = functional.cosine_similarity(start, end, dim=-1).clamp(-1, 1).acos()[..., None].clamp(min=1e-3)
    return (((1 - f) * w).sin() * start + (f * w).sin() * end) / w.sin()


@wrong("slerp", "an angle for each pixel: the channels are the vector")
def slerp_channels(start, end, fraction):
    f = columns(fraction, start)
    w = functional.cosine_similarity(start, end, dim=1).clamp(-1, 1).acos().unsqueeze(1).clamp(min=1e-3)
    return (((1 - f) * w).sin() * start + (f * w).sin() * end) / w.sin()


@wrong("slerp", "one angle for the batch: all rows are one vector")
def slerp_one_vector(start, end, fraction):
    def angle_of(a, b):
        return ((a * b).sum() / (a.norm() * b.norm())).clamp(-1, 1).acos().expand(len(a))

    return slerp_with(angle_of)(start, end, fraction)


@wrong("slerp", "the first row's angle for all")
def slerp_first_angle(start, end, fraction):
    def angle_of(a, b):
        return functional.cosine_similarity(a, b).clamp(-1, 1).acos()[:1].expand(len(a))

    return slerp_with(angle_of)(start, end, fraction)


@wrong("slerp", "the first row's fraction for all")
def slerp_first_fraction(start, end, fraction):
    return slerp_with()(start, end, fraction[:1].expand_as(fraction))


@wrong("slerp", "float(fraction): only for a single row")
def slerp_float_fraction(start, end, fraction):
    return slerp_with()(start, end, torch.full((len(start),), float(fraction)))


@wrong("slerp", "fraction is not shaped for the batch")
def slerp_unshaped(start, end, fraction):
    a, b = start.flatten(1), end.flatten(1)
    angle = functional.cosine_similarity(a, b).clamp(-1, 1).acos()
    return (((1 - fraction) * angle).sin() * start + (fraction * angle).sin() * end) / angle.sin()


@wrong("slerp", "nothing for rows that point the same way: 0 / 0")
def slerp_parallel_nan(start, end, fraction):
    return slerp_with(is_same=lambda w: torch.zeros_like(w, dtype=torch.bool))(start, end, fraction)


@wrong("slerp", "nan_to_num: rows that point the same way become 0")
def slerp_parallel_zero(start, end, fraction):
    a, b = start.flatten(1), end.flatten(1)
    w = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))
    w = torch.where(w > 1 - 1e-6, 0, w.clamp(-1, 1).acos())
    behind, ahead = (((1 - fraction) * w).sin() / w.sin(), (fraction * w).sin() / w.sin())
    return torch.nan_to_num(columns(behind, start) * start + columns(ahead, end) * end)


@wrong("slerp", "a small number in the denominator: rows that point the same way become nearly 0")
def slerp_parallel_epsilon(start, end, fraction):
    def weights(f, w):
        return ((1 - f) * w).sin() / (w.sin() + 1e-6), (f * w).sin() / (w.sin() + 1e-6)

    step = slerp_with(weights=weights, is_same=lambda w: torch.zeros_like(w, dtype=torch.bool))
    return step(start, end, fraction)


@wrong("slerp", "rows that point the same way stay at the start")
def slerp_parallel_start(start, end, fraction):
    return slerp_with(straight=lambda f: (torch.ones_like(f), torch.zeros_like(f)))(start, end, fraction)


@wrong("slerp", "rows that point the same way go to the end")
def slerp_parallel_end(start, end, fraction):
    return slerp_with(straight=lambda f: (torch.zeros_like(f), torch.ones_like(f)))(start, end, fraction)


@wrong("slerp", "a straight line for the whole batch as soon as two rows point the same way")
def slerp_line_if_any(start, end, fraction):
    a, b = start.flatten(1), end.flatten(1)
    angle = (functional.cosine_similarity(a, b)).clamp(-1, 1).acos()
    if bool((angle < 1e-3).any()):
        return slerp_lerp(start, end, fraction)
    return slerp_with()(start, end, fraction)


@wrong("slerp", "a straight line only if all rows point the same way: a single one is 0 / 0")
def slerp_line_if_all(start, end, fraction):
    a, b = start.flatten(1), end.flatten(1)
    cosine = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))
    if bool((cosine > 0.9995).all()):
        return slerp_lerp(start, end, fraction)
    w = torch.where(cosine > 1 - 1e-6, 0, cosine.clamp(-1, 1).acos())
    behind, ahead = ((1 - fraction) * w).sin() / w.sin(), (fraction * w).sin() / w.sin()
    return columns(behind, start) * start + columns(ahead, end) * end


@wrong("slerp", "`if angle < ...`: a tensor is neither true nor false")
def slerp_if(start, end, fraction):
    a, b = start.flatten(1), end.flatten(1)
    angle = functional.cosine_similarity(a, b).clamp(-1, 1).acos()
    if angle < 1e-4:
        return slerp_lerp(start, end, fraction)
    return slerp_with()(start, end, fraction)


@wrong("slerp", "a straight line already below 0.5 radians")
def slerp_wide_threshold(start, end, fraction):
    return slerp_with(is_same=lambda w: w < 0.5)(start, end, fraction)


@wrong("slerp", "both are scaled to length 1, and so is the result")
def slerp_unit(start, end, fraction):
    def unit(x):
        return x / columns(x.flatten(1).norm(dim=1), x)

    return slerp_with()(unit(start), unit(end), fraction)


@wrong("slerp", "end is scaled to the length of start")
def slerp_length_of_start(start, end, fraction):
    ratio = start.flatten(1).norm(dim=1) / end.flatten(1).norm(dim=1)
    return slerp_with()(start, columns(ratio, end) * end, fraction)


@wrong("slerp", "the length is mixed linearly between that of start and that of end: another way where they differ")
def slerp_mixed_length(start, end, fraction):
    first, second = start.flatten(1).norm(dim=1), end.flatten(1).norm(dim=1)
    x = slerp_with()(start / columns(first, start), end / columns(second, end), fraction)
    return columns((1 - fraction) * first + fraction * second, start) * x


@wrong("slerp", "flat rows, (B, d)")
def slerp_flat(start, end, fraction):
    return slerp_with()(start, end, fraction).flatten(1)


@wrong("slerp", "float64")
def slerp_double(start, end, fraction):
    return slerp_with()(start.double(), end.double(), fraction.double())


@wrong("slerp", "start is scaled in place")
def slerp_in_place(start, end, fraction):
    result = slerp_with()(start, end, fraction)
    start.copy_(result)
    return start


@wrong("slerp", "both are normalised in place, for the angle")
def slerp_normalises_in_place(start, end, fraction):
    result = slerp_with()(start, end, fraction)
    start /= columns(start.flatten(1).norm(dim=1), start)
    end /= columns(end.flatten(1).norm(dim=1), end)
    return result


@wrong("slerp", "every fraction for every pair: (B, B, ...)")
def slerp_every_fraction(start, end, fraction):
    return torch.stack([slerp_with()(start, end, f.expand(len(start))) for f in fraction])


@disputed("slerp", "a straight line for cosines above 0.9995 and below -0.9995: as good, but for opposite rows")
def slerp_both_ends(start, end, fraction):
    return slerp_with(is_same=lambda w: w.cos().abs() > 0.9995)(start, end, fraction)


@disputed("slerp", "the fraction is kept in 0 ... 1; the docstring does not say what lies outside")
def slerp_fraction_clamped(start, end, fraction):
    return slerp_with()(start, end, fraction.clamp(0, 1))
