"""Answers to the quizzes of chapter 03, noise schedules."""

import math

import torch
from torch import Tensor

from answers import right, wrong

# linear_beta_schedule


@wrong("linear_beta_schedule", "stops one step before beta_end")
def linear_without_end(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps + 1, dtype=torch.float64)[:-1]


@wrong("linear_beta_schedule", "scaled by 1000 / T, as in guided-diffusion")
def linear_scaled(timesteps, beta_start=1e-4, beta_end=0.02):
    scale = 1000 / timesteps
    return torch.linspace(scale * beta_start, scale * beta_end, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "latent diffusion's 'linear': a line between the roots")
def linear_between_roots(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2


@wrong("linear_beta_schedule", "the paper's ends are written in, the arguments are ignored")
def linear_hard_coded(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(0.0001, 0.02, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "returns the alphas")
def linear_alphas(timesteps, beta_start=1e-4, beta_end=0.02):
    betas = torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)
    return 1 - betas


@wrong("linear_beta_schedule", "returns a list")
def linear_list(timesteps, beta_start=1e-4, beta_end=0.02):
    step = (beta_end - beta_start) / max(timesteps - 1, 1)
    return [beta_start + i * step for i in range(timesteps)]


@wrong("linear_beta_schedule", "logspace: equal factors instead of equal steps")
def linear_logspace(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.logspace(math.log10(beta_start), math.log10(beta_end), timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "divides by T, and forgets to subtract beta_start from the height")
def linear_two_slips(timesteps, beta_start=1e-4, beta_end=0.02):
    t = torch.arange(timesteps, dtype=torch.float64)
    return beta_start + beta_end * t / timesteps


@right("linear_beta_schedule", "arange over T - 1, by hand")
def linear_by_hand(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    t = torch.arange(timesteps, dtype=torch.float64) / max(timesteps - 1, 1)
    return (1 - t) * beta_start + t * beta_end


@right("linear_beta_schedule", "lerp between two tensors")
def linear_lerp(timesteps, beta_start=1e-4, beta_end=0.02):
    low = torch.tensor(beta_start, dtype=torch.double)
    high = torch.tensor(beta_end, dtype=torch.double)
    return torch.lerp(low, high, torch.linspace(0, 1, timesteps, dtype=torch.double))


@right("linear_beta_schedule", "linspace from high to low, flipped")
def linear_flipped(timesteps, beta_start=1e-4, beta_end=0.02):
    if timesteps == 1:
        return torch.tensor([beta_start], dtype=torch.float64)
    return torch.linspace(beta_end, beta_start, steps=timesteps).double().flip(0)


# quadratic_beta_schedule


@wrong("quadratic_beta_schedule", "squares a line between the betas, without the roots")
def quadratic_without_roots(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "the line of the roots is not squared again")
def quadratic_not_squared(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64)


@wrong("quadratic_beta_schedule", "root of a line between the squares")
def quadratic_the_other_way(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start**2, beta_end**2, timesteps, dtype=torch.float64).sqrt()


@wrong("quadratic_beta_schedule", "stretches u squared between the ends")
def quadratic_ease_in(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * u**2


@wrong("quadratic_beta_schedule", "torch.sqrt of a float raises")
def quadratic_sqrt_of_float(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(torch.sqrt(beta_start), torch.sqrt(beta_end), timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "the root is taken of one end only")
def quadratic_one_root(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start, beta_end**0.5, timesteps, dtype=torch.float64).square()


@wrong("quadratic_beta_schedule", "** binds before /: beta ** 1 / 2 is half of beta")
def quadratic_precedence(timesteps, beta_start=1e-4, beta_end=0.02):
    return torch.linspace(beta_start**1 / 2, beta_end**1 / 2, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "ends written in as in the annotated notebook, and the first one left out")
def quadratic_hard_coded_and_cut(timesteps, beta_start=1e-4, beta_end=0.02):
    beta_start, beta_end = 0.0001, 0.02
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps + 1, dtype=torch.float64)[1:] ** 2


@right("quadratic_beta_schedule", "multiplied out: a parabola")
def quadratic_parabola(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    cross = math.sqrt(beta_start * beta_end)
    return beta_start * (1 - u) ** 2 + 2 * cross * u * (1 - u) + beta_end * u**2


@right("quadratic_beta_schedule", "a list comprehension of plain floats")
def quadratic_comprehension(timesteps, beta_start=1e-4, beta_end=0.02):
    low, high = math.sqrt(beta_start), math.sqrt(beta_end)
    last = max(timesteps - 1, 1)
    return torch.tensor([(low + (high - low) * t / last) ** 2 for t in range(timesteps)], dtype=torch.float64)


@right("quadratic_beta_schedule", "roots by tensors and torch.square")
def quadratic_tensor_roots(timesteps, beta_start=1e-4, beta_end=0.02):
    ends = torch.tensor([beta_start, beta_end], dtype=torch.float64).sqrt().tolist()
    line = torch.linspace(*ends, timesteps, dtype=torch.float64)
    return torch.square(line)


# sigmoid_beta_schedule


@wrong("sigmoid_beta_schedule", "multiplied with beta_end, not with the difference")
def sigmoid_height(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return torch.sigmoid(u) * beta_end + beta_start


@wrong("sigmoid_beta_schedule", "u runs from -3 to 3, as lucidrains has it")
def sigmoid_three(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(-3, 3, timesteps, dtype=torch.float64)
    return torch.sigmoid(u) * (beta_end - beta_start) + beta_start


@wrong("sigmoid_beta_schedule", "normalised, so that the ends are reached")
def sigmoid_normalised(timesteps, beta_start=1e-4, beta_end=0.02):
    s = torch.sigmoid(torch.linspace(-6, 6, timesteps, dtype=torch.float64))
    s = (s - s.min()) / (s.max() - s.min())
    return beta_start + (beta_end - beta_start) * s


@wrong("sigmoid_beta_schedule", "exp(u) for exp(-u): it falls")
def sigmoid_falls(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) / (1 + torch.exp(u))


@wrong("sigmoid_beta_schedule", "tanh moved to 0 ... 1: twice as steep")
def sigmoid_tanh(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * (u.tanh() + 1) / 2


@wrong("sigmoid_beta_schedule", "the sigmoid's alpha-bar is turned into betas, as in newer repositories")
def sigmoid_alpha_bar(timesteps, beta_start=1e-4, beta_end=0.02):
    t = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    v_start, v_end = torch.tensor(-6.0).sigmoid(), torch.tensor(6.0).sigmoid()
    alphas_cumprod = (v_end - (t * 12 - 6).sigmoid()) / (v_end - v_start)
    betas = 1 - alphas_cumprod[1:] / alphas_cumprod[:-1]
    return betas.clamp(0, 0.999)


@wrong("sigmoid_beta_schedule", "the sigmoid of the stretched line, in the wrong order")
def sigmoid_order(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return torch.sigmoid(beta_start + (beta_end - beta_start) * u)


@wrong("sigmoid_beta_schedule", "u stops short of 6, and the ends are written in")
def sigmoid_short_and_hard_coded(timesteps, beta_start=1e-4, beta_end=0.02):
    u = -6 + 12 * torch.arange(timesteps, dtype=torch.float64) / timesteps
    return torch.sigmoid(u) * (0.02 - 1e-4) + 1e-4


@right("sigmoid_beta_schedule", "1 / (1 + exp(-u)) written out")
def sigmoid_written_out(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6.0, 6.0, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) / (1 + (-u).exp())


@right("sigmoid_beta_schedule", "by tanh of half of u")
def sigmoid_by_tanh(timesteps, beta_start=1e-4, beta_end=0.02):
    middle, half = (beta_start + beta_end) / 2, (beta_end - beta_start) / 2
    return middle + half * torch.tanh(torch.linspace(-3, 3, timesteps, dtype=torch.double))


@right("sigmoid_beta_schedule", "softmax of the pair (u, 0) weighs both ends")
def sigmoid_by_softmax(timesteps, beta_start=1e-4, beta_end=0.02):
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    shares = torch.stack([torch.zeros_like(u), u], dim=1).softmax(dim=1)
    return shares @ torch.tensor([beta_start, beta_end], dtype=torch.float64)


# alphas_cumprod_from_betas


@wrong("alphas_cumprod_from_betas", "one minus the product of the betas")
def alpha_bar_one_minus_product(betas):
    return 1 - torch.cumprod(betas, dim=0)


@wrong("alphas_cumprod_from_betas", "one minus the sum of the betas")
def alpha_bar_cumsum(betas):
    return 1 - torch.cumsum(betas, dim=0)


@wrong("alphas_cumprod_from_betas", "its root")
def alpha_bar_root(betas):
    return torch.sqrt(torch.cumprod(1.0 - betas, dim=0))


@wrong("alphas_cumprod_from_betas", "shifted: a 1 in front, the last one lost")
def alpha_bar_prev(betas):
    alphas_cumprod = torch.cumprod(1 - betas, dim=0)
    return torch.cat([torch.ones(1, dtype=betas.dtype), alphas_cumprod[:-1]])


@wrong("alphas_cumprod_from_betas", "prod instead of cumprod, one number")
def alpha_bar_single(betas):
    return (1 - betas).prod()


@wrong("alphas_cumprod_from_betas", "exp of minus the sum, true for tiny betas only")
def alpha_bar_exponential(betas):
    return torch.exp(-betas.cumsum(dim=0))


@wrong("alphas_cumprod_from_betas", "overwrites the betas")
def alpha_bar_in_place(betas):
    betas.neg_().add_(1)
    for t in range(1, len(betas)):
        betas[t] *= betas[t - 1]
    return betas


@wrong("alphas_cumprod_from_betas", "the loop starts with 1 in the list, T + 1 values, and in a list")
def alpha_bar_list(betas):
    result = [1.0]
    for beta in betas:
        result.append(result[-1] * (1 - beta.item()))
    return result


@right("alphas_cumprod_from_betas", "sum of log1p, then exp")
def alpha_bar_log1p(betas: Tensor) -> Tensor:
    return torch.log1p(-betas).cumsum(dim=-1).exp()


@right("alphas_cumprod_from_betas", "a running product, stacked")
def alpha_bar_running(betas):
    left, kept = betas.new_tensor(1.0), []
    for beta in betas.unbind():
        left = left - beta * left
        kept.append(left)
    return torch.stack(kept)


@right("alphas_cumprod_from_betas", "products of the rows of a triangle")
def alpha_bar_triangle(betas):
    alphas = 1 - betas
    steps = torch.arange(len(betas), device=betas.device)
    before = steps[None, :] <= steps[:, None]
    return torch.where(before, alphas[None, :], torch.ones_like(alphas)[None, :]).prod(dim=1)


# cosine_beta_schedule


@wrong("cosine_beta_schedule", "clipped to 0.0001 ... 0.9999, as in the annotated notebook")
def cosine_annotated(timesteps, s=0.008):
    steps = timesteps + 1
    x = torch.linspace(0, timesteps, steps)
    alphas_cumprod = torch.cos(((x / timesteps) + s) / (1 + s) * torch.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    betas = 1 - (alphas_cumprod[1:] / alphas_cumprod[:-1])
    return torch.clip(betas, 0.0001, 0.9999)


@wrong("cosine_beta_schedule", "T instead of T + 1 places, so one beta is missing")
def cosine_one_missing(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "the cosine is not squared")
def cosine_not_squared(timesteps, s=0.008):
    u = torch.arange(timesteps + 1, dtype=torch.float64) / timesteps
    f = torch.cos((u + s) / (1 + s) * math.pi / 2)
    return torch.clamp(1 - f[1:] / f[:-1], max=0.999)


@wrong("cosine_beta_schedule", "no limit of 0.999")
def cosine_without_limit(timesteps, s=0.008):
    def alpha_bar(u):
        return math.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    betas = [1 - alpha_bar((t + 1) / timesteps) / alpha_bar(t / timesteps) for t in range(timesteps)]
    return torch.tensor(betas, dtype=torch.float64)


@wrong("cosine_beta_schedule", "returns alpha-bar")
def cosine_alpha_bar(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (f / f[0])[1:]


@wrong("cosine_beta_schedule", "s is written in, the argument is ignored")
def cosine_fixed_offset(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "one minus alpha-bar itself, not minus the ratio of neighbours")
def cosine_total_noise(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[0]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "not divided by 1 + s, and degrees for radians")
def cosine_degrees(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) * 90) ** 2
    return (1 - f[1:] / f[:-1]).clamp(0, 0.999)


@right("cosine_beta_schedule", "guided-diffusion's loop over plain floats")
def cosine_loop(timesteps: int, s: float = 0.008) -> Tensor:
    betas = []
    for i in range(timesteps):
        t1, t2 = i / timesteps, (i + 1) / timesteps
        bar1 = math.cos((t1 + s) / (1 + s) * math.pi / 2) ** 2
        bar2 = math.cos((t2 + s) / (1 + s) * math.pi / 2) ** 2
        betas.append(min(1 - bar2 / bar1, 0.999))
    return torch.tensor(betas, dtype=torch.float64)


@right("cosine_beta_schedule", "half-angle formula for the squared cosine, torch.minimum")
def cosine_half_angle(timesteps, s=0.008):
    t = torch.arange(timesteps, dtype=torch.float64)
    f = lambda u: 0.5 + 0.5 * torch.cos((u + s) / (1 + s) * math.pi)  # noqa: E731
    betas = (f(t / timesteps) - f((t + 1) / timesteps)) / f(t / timesteps)
    return torch.minimum(betas, torch.full_like(betas, 0.999))


@right("cosine_beta_schedule", "as a squared sine from the other end, where and diff")
def cosine_as_sine(timesteps, s=0.008):
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.sin((1 - u) / (1 + s) * torch.pi / 2).square()
    betas = -f.diff() / f[:-1]
    return torch.where(betas > 0.999, 0.999, betas)


# snr


@wrong("snr", "a / 1 - a without brackets is 0")
def snr_without_brackets(alphas_cumprod):
    return alphas_cumprod / 1 - alphas_cumprod


@wrong("snr", "ratio of the spreads, not of the variances")
def snr_of_spreads(alphas_cumprod):
    return torch.sqrt(alphas_cumprod) / torch.sqrt(1 - alphas_cumprod)


@wrong("snr", "its logarithm")
def snr_log(alphas_cumprod):
    return torch.log(alphas_cumprod) - torch.log(1 - alphas_cumprod)


@wrong("snr", "noise to signal")
def snr_upside_down(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


@wrong("snr", "1e-5 in the denominator")
def snr_with_eps(alphas_cumprod):
    return alphas_cumprod / (1 - alphas_cumprod + 1e-5)


@wrong("snr", "takes alpha-bar for betas and multiplies up first")
def snr_of_betas(alphas_cumprod):
    alpha_bar = torch.cumprod(1 - alphas_cumprod, dim=0)
    return alpha_bar / (1 - alpha_bar)


@wrong("snr", "overwrites its argument")
def snr_in_place(alphas_cumprod):
    noise = 1 - alphas_cumprod
    return alphas_cumprod.div_(noise)


@wrong("snr", "squares alpha-bar as if it were the root, and takes decibels")
def snr_decibels(alphas_cumprod):
    signal = alphas_cumprod**2
    return 10 * torch.log10(signal / (1 - signal))


@right("snr", "1 / (1 / a - 1)")
def snr_reciprocal(alphas_cumprod: Tensor) -> Tensor:
    noise = 1 - alphas_cumprod
    return 1 / noise - 1


@right("snr", "exp of the logit, in float64")
def snr_exp_logit(alphas_cumprod):
    return torch.logit(alphas_cumprod.double()).exp().to(alphas_cumprod.dtype)


@right("snr", "the square of the ratio of the roots")
def snr_squared_ratio(alphas_cumprod):
    signal, sigma = alphas_cumprod.sqrt(), torch.sub(1, alphas_cumprod).sqrt()
    return torch.square(signal / sigma)


# rescale_zero_terminal_snr


@wrong("rescale_zero_terminal_snr", "shifted, but not stretched")
def rescale_not_stretched(betas):
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = root - root[-1]
    bar = root**2
    alphas = torch.cat([bar[:1], bar[1:] / bar[:-1]])
    return 1 - alphas


@wrong("rescale_zero_terminal_snr", "shifts and stretches alpha-bar, not its root")
def rescale_without_root(betas):
    bar = torch.cumprod(1 - betas, dim=0)
    first, last = bar[0].clone(), bar[-1].clone()
    bar = (bar - last) * first / (first - last)
    alphas = torch.cat([bar[0:1], bar[1:] / bar[:-1]])
    return 1 - alphas


@wrong("rescale_zero_terminal_snr", "the root is not squared again")
def rescale_not_squared(betas):
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    return 1 - torch.cat([root[:1], root[1:] / root[:-1]])


@wrong("rescale_zero_terminal_snr", "returns alpha-bar")
def rescale_returns_alpha_bar(betas):
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    return root**2


@wrong("rescale_zero_terminal_snr", "the first alpha is lost, T - 1 betas")
def rescale_first_lost(betas):
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    bar = root**2
    return 1 - bar[1:] / bar[:-1]


@wrong("rescale_zero_terminal_snr", "clamped to 0.999, so it does not end at 0")
def rescale_clamped(betas):
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    bar = root**2
    alphas = torch.cat([bar[:1], bar[1:] / bar[:-1]])
    return (1 - alphas).clamp(max=0.999)


@wrong("rescale_zero_terminal_snr", "only sets the last beta to 1")
def rescale_last_only(betas):
    betas = betas.clone()
    betas[-1] = 1.0
    return betas


@wrong("rescale_zero_terminal_snr", "stretched to start at 1, and a 1 before the first instead of it")
def rescale_starts_at_one(betas):
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) / (root[0] - root[-1])
    bar = root**2
    prev = torch.cat([torch.ones(1, dtype=bar.dtype), bar[:-1]])
    return 1 - bar / prev


@right("rescale_zero_terminal_snr", "diffusers' version, with clones in place")
def rescale_diffusers(betas):
    alphas = 1.0 - betas
    alphas_bar_sqrt = torch.cumprod(alphas, dim=0).sqrt()
    first = alphas_bar_sqrt[0].clone()
    last = alphas_bar_sqrt[-1].clone()
    alphas_bar_sqrt -= last
    alphas_bar_sqrt *= first / (first - last)
    alphas_bar = alphas_bar_sqrt**2
    alphas = alphas_bar[1:] / alphas_bar[:-1]
    alphas = torch.cat([alphas_bar[0:1], alphas])
    return 1 - alphas


@right("rescale_zero_terminal_snr", "the first beta stays; ratios of the shifted roots, no stretch needed")
def rescale_ratios(betas: Tensor) -> Tensor:
    root = (1 - betas).log().cumsum(0).div(2).exp()
    shifted = root - root[-1]
    ratio = shifted[1:] / shifted[:-1]
    result = betas.clone()
    result[1:] = (1 - ratio) * (1 + ratio)
    return result


@right("rescale_zero_terminal_snr", "divides by the curve before, with a 1 in front, in float64")
def rescale_with_previous(betas):
    root = torch.cumprod(1 - betas.double(), dim=0) ** 0.5
    stretch = root[0] / (root[0] - root[-1])
    bar = torch.square(stretch * (root - root[-1]))
    before = torch.nn.functional.pad(bar[:-1], (1, 0), value=1.0)
    return ((before - bar) / before).to(betas.dtype)


# sigma_from_alphas_cumprod


@right("sigma_from_alphas_cumprod", "powers of a half")
def sigma_by_powers(alphas_cumprod):
    return (1 - alphas_cumprod) ** 0.5 * alphas_cumprod**-0.5


@right("sigma_from_alphas_cumprod", "through log SNR")
def sigma_from_log_snr(alphas_cumprod):
    return torch.exp(-0.5 * (torch.log(alphas_cumprod) - torch.log1p(-alphas_cumprod)))


@right("sigma_from_alphas_cumprod", "torch.div and a reciprocal")
def sigma_by_division(alphas_cumprod):
    return torch.sqrt(torch.div(1.0 - alphas_cumprod, alphas_cumprod))


@wrong("sigma_from_alphas_cumprod", "the variance")
def sigma_squared(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "upside down")
def sigma_turned_over(alphas_cumprod):
    return (alphas_cumprod / (1 - alphas_cumprod)).sqrt()


@wrong("sigma_from_alphas_cumprod", "the noise's weight in x_t")
def sigma_of_x_t(alphas_cumprod):
    return torch.sqrt(1 - alphas_cumprod)


@wrong("sigma_from_alphas_cumprod", "divided by alpha-bar, not by its root")
def sigma_without_inner_root(alphas_cumprod):
    return torch.sqrt(1 - alphas_cumprod) / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "1 over the root of alpha-bar")
def sigma_as_scale(alphas_cumprod):
    return 1 / alphas_cumprod.sqrt()


@wrong("sigma_from_alphas_cumprod", "1 - alpha-bar squared, as if alpha-bar were an amplitude")
def sigma_of_an_amplitude(alphas_cumprod):
    return (1 - alphas_cumprod**2).sqrt() / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "minus one half of log SNR")
def sigma_as_logarithm(alphas_cumprod):
    return 0.5 * ((1 - alphas_cumprod) / alphas_cumprod).log()


@wrong("sigma_from_alphas_cumprod", "the root of the numerator only, and no root below")
def sigma_numerator(alphas_cumprod):
    return (1 - alphas_cumprod.sqrt()) / alphas_cumprod


@wrong("sigma_from_alphas_cumprod", "brackets missing")
def sigma_without_brackets(alphas_cumprod):
    return (1 - alphas_cumprod / alphas_cumprod).sqrt()
