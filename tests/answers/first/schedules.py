"""Answers to the quizzes of chapter 03."""

import math

import torch
from torch import Tensor

from answers import right, wrong

# linear_beta_schedule


@wrong("linear_beta_schedule", "arange with a step: beta_end is not reached")
def end_left_out(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    step = (beta_end - beta_start) / timesteps
    return beta_start + step * torch.arange(timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "guided-diffusion's scaling by 1000 / T")
def scaled_by_1000(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    scale = 1000 / timesteps
    return torch.linspace(scale * beta_start, scale * beta_end, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "the options are ignored")
def ends_of_the_paper(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(0.0001, 0.02, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "one beta too many")
def one_too_many(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start, beta_end, timesteps + 1, dtype=torch.float64)


@right("linear_beta_schedule", "float32")
def single_precision(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start, beta_end, timesteps)


@wrong("linear_beta_schedule", "falls from beta_end to beta_start")
def falling(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_end, beta_start, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "Stable Diffusion's scaled linear: a line in the roots")
def scaled_linear(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2


@wrong("linear_beta_schedule", "starts at 0: beta_start is forgotten")
def starts_at_zero(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    t = torch.arange(timesteps, dtype=torch.float64)
    return t / (timesteps - 1) * beta_end


@wrong("linear_beta_schedule", "beta_end times progress added on top: ends above beta_end")
def ends_above(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return beta_start + beta_end * torch.linspace(0, 1, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "returns the alphas")
def alphas_instead(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return 1 - torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "t counts from 1 to T: starts one step too late")
def paper_counting(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    t = torch.arange(1, timesteps + 1, dtype=torch.float64)
    return beta_start + t / timesteps * (beta_end - beta_start)


@wrong("linear_beta_schedule", "a list of floats")
def list_of_betas(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    step = (beta_end - beta_start) / max(timesteps - 1, 1)
    return [beta_start + i * step for i in range(timesteps)]


@wrong("linear_beta_schedule", "a line in the logs: geometric")
def geometric(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.logspace(math.log10(beta_start), math.log10(beta_end), timesteps, dtype=torch.float64)


@wrong("linear_beta_schedule", "one beta too few, in float32")
def short_and_single(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start, beta_end, timesteps)[:-1]


@wrong("linear_beta_schedule", "a line of a thousand steps, thinned out: the end is missed")
def respaced(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    betas = torch.linspace(beta_start, beta_end, 1000, dtype=torch.float64)
    return betas[:: max(1000 // timesteps, 1)][:timesteps]


@right("linear_beta_schedule", "start plus share of the difference")
def by_shares(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    share = torch.arange(timesteps, dtype=torch.float64) / max(timesteps - 1, 1)
    return beta_start + share * (beta_end - beta_start)


@right("linear_beta_schedule", "a Python list in a float64 tensor")
def listed(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    last = timesteps - 1
    betas = [(beta_start * (last - i) + beta_end * i) / last if last else beta_start for i in range(timesteps)]
    return torch.tensor(betas, dtype=torch.float64)


@right("linear_beta_schedule", "lerp of two float64 scalars")
def by_lerp(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    ends = torch.tensor([beta_start, beta_end], dtype=torch.float64)
    return torch.lerp(ends[0], ends[1], torch.linspace(0, 1, timesteps, dtype=torch.float64))


@right("linear_beta_schedule", "cumulative sum of equal steps")
def by_cumsum(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    steps = torch.full([timesteps], (beta_end - beta_start) / max(timesteps - 1, 1), dtype=torch.double)
    steps[0] = beta_start
    return torch.cumsum(steps, dim=0)


@right("linear_beta_schedule", "built falling and flipped, keyword arguments")
def built_backwards(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    if timesteps == 1:
        return torch.tensor([beta_start], dtype=torch.float64)
    return torch.linspace(start=beta_end, end=beta_start, steps=timesteps, dtype=torch.float64).flip(0)


# quadratic_beta_schedule


@wrong("quadratic_beta_schedule", "progress squared between the betas, not a line in the roots")
def squared_progress(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    progress = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * progress**2


@wrong("quadratic_beta_schedule", "roots forgotten before the line: the ends are squared")
def squared_line(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "not squared again: returns the roots")
def roots_returned(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(math.sqrt(beta_start), math.sqrt(beta_end), timesteps, dtype=torch.float64)


@wrong("quadratic_beta_schedule", "the other way round: the squares lie on a line")
def squares_on_a_line(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start**2, beta_end**2, timesteps, dtype=torch.float64).sqrt()


@wrong("quadratic_beta_schedule", "root of the first end only")
def one_root(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start**0.5, beta_end, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "linear after all")
def straight_line(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)


@right("quadratic_beta_schedule", "float32, as in the annotated notebook")
def annotated_float32(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps) ** 2


@wrong("quadratic_beta_schedule", "ends hard-coded")
def annotated_ends(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    beta_start = 0.0001
    beta_end = 0.02
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "`** 1 / 2` is half, not the root")
def half_for_root(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start**1 / 2, beta_end**1 / 2, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "the end is left out")
def root_end_left_out(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    roots = torch.linspace(beta_start**0.5, beta_end**0.5, timesteps + 1, dtype=torch.float64)
    return roots[:-1] ** 2


@wrong("quadratic_beta_schedule", "doubled instead of squared")
def doubled(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) * 2


@wrong("quadratic_beta_schedule", "a line in the cube roots")
def cubic(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_start ** (1 / 3), beta_end ** (1 / 3), timesteps, dtype=torch.float64) ** 3


@wrong("quadratic_beta_schedule", "roots of the line: gentle at the wrong end")
def root_of_progress(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    progress = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * progress.sqrt()


@wrong("quadratic_beta_schedule", "two mistakes: falls, and ignores beta_start")
def falls_to_zero(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.linspace(beta_end**0.5, 0, timesteps, dtype=torch.float64) ** 2


@wrong("quadratic_beta_schedule", "the cross term forgotten when squaring the line")
def no_cross_term(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    p = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return (1 - p) ** 2 * beta_start + p**2 * beta_end


@right("quadratic_beta_schedule", "squared by hand, with the cross term")
def with_cross_term(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    p = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    q = 1 - p
    return q**2 * beta_start + 2 * p * q * math.sqrt(beta_start * beta_end) + p**2 * beta_end


@right("quadratic_beta_schedule", "a list comprehension over the roots")
def listed_roots(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    a, b = math.sqrt(beta_start), math.sqrt(beta_end)
    step = (b - a) / max(timesteps - 1, 1)
    return torch.tensor([(a + step * i) ** 2 for i in range(timesteps)], dtype=torch.float64)


@right("quadratic_beta_schedule", "torch.square of lerp between the tensor's roots")
def lerped_roots(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    low, high = torch.tensor([beta_start, beta_end], dtype=torch.float64).sqrt()
    return torch.square(low + torch.linspace(0.0, 1.0, timesteps, dtype=torch.float64) * (high - low))


@right("quadratic_beta_schedule", "arange in double, times itself")
def arange_in_double(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    i = torch.arange(timesteps).double()
    root = beta_start**0.5 + i * (beta_end**0.5 - beta_start**0.5) / max(timesteps - 1, 1)
    return root.mul(root)


# sigmoid_beta_schedule


@wrong("sigmoid_beta_schedule", "not stretched: goes from 0 to 1")
def bare_sigmoid(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.sigmoid(torch.linspace(-6, 6, timesteps, dtype=torch.float64))


@wrong("sigmoid_beta_schedule", "u runs from -3 to 3")
def narrower_line(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-3, 3, timesteps, dtype=torch.float64)
    return torch.sigmoid(u) * (beta_end - beta_start) + beta_start


@wrong("sigmoid_beta_schedule", "stretched so that the ends are reached exactly")
def normalised_ends(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    ramp = torch.sigmoid(torch.linspace(-6, 6, timesteps, dtype=torch.float64))
    ramp = (ramp - ramp.min()) / (ramp.max() - ramp.min())
    return beta_start + (beta_end - beta_start) * ramp


@wrong("sigmoid_beta_schedule", "beta_start not subtracted from the height")
def too_high(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + beta_end * torch.sigmoid(u)


@wrong("sigmoid_beta_schedule", "beta_start not added")
def not_lifted(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return (beta_end - beta_start) * torch.sigmoid(u)


@wrong("sigmoid_beta_schedule", "sign of u: falls")
def sign_of_u(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) / (1 + torch.exp(u))


@wrong("sigmoid_beta_schedule", "tanh, whose values start at -1")
def tanh_for_sigmoid(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * torch.tanh(u)


@wrong("sigmoid_beta_schedule", "softmax over the steps instead of the sigmoid")
def softmax_for_sigmoid(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * torch.softmax(u, dim=0)


@wrong("sigmoid_beta_schedule", "the sigmoid of a line from 0 to 1")
def line_from_zero(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * torch.sigmoid(u)


@wrong("sigmoid_beta_schedule", "lucidrains' sigmoid on alpha-bar")
def sigmoid_alpha_bar(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    start, end = -3, 3
    t = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    v_start, v_end = torch.tensor(start).sigmoid(), torch.tensor(end).sigmoid()
    alphas_cumprod = (-(t * (end - start) + start).sigmoid() + v_end) / (v_end - v_start)
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    return torch.clip(1 - alphas_cumprod[1:] / alphas_cumprod[:-1], 0, 0.999)


@wrong("sigmoid_beta_schedule", "the options are taken for the line's ends")
def sigmoid_of_betas(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    return torch.sigmoid(torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64))


@wrong("sigmoid_beta_schedule", "u by arange: 6 is not reached")
def six_not_reached(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = -6 + 12 * torch.arange(timesteps, dtype=torch.float64) / timesteps
    return beta_start + (beta_end - beta_start) * torch.sigmoid(u)


@wrong("sigmoid_beta_schedule", "u goes only up to 0: half of the curve")
def half_the_curve(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 0, timesteps, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * torch.sigmoid(u)


@wrong("sigmoid_beta_schedule", "integer steps of u, cut to whole numbers")
def whole_u(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps).long().double()
    return torch.sigmoid(u) * (beta_end - beta_start) + beta_start


@wrong("sigmoid_beta_schedule", "beta_end hard-coded to the paper's")
def end_of_the_paper(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_start + (0.02 - beta_start) * torch.sigmoid(u)


@wrong("sigmoid_beta_schedule", "two mistakes: the difference the wrong way round, and beta_end added")
def upside_down(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return beta_end + (beta_start - beta_end) * torch.sigmoid(u)


@right("sigmoid_beta_schedule", "by tanh of half the angle")
def via_tanh(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    half = torch.linspace(-3, 3, timesteps, dtype=torch.float64)
    middle, reach = (beta_start + beta_end) / 2, (beta_end - beta_start) / 2
    return middle + reach * half.tanh()


@right("sigmoid_beta_schedule", "the sigmoid written out as in the text")
def written_out(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    return (beta_end - beta_start) / (1 + torch.exp(-u)) + beta_start


@right("sigmoid_beta_schedule", "math.exp in a list")
def listed_sigmoid(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    betas = []
    for i in range(timesteps):
        u = -6 + 12 * i / max(timesteps - 1, 1)
        betas.append(beta_start + (beta_end - beta_start) / (1 + math.exp(-u)))
    return torch.tensor(betas, dtype=torch.double)


@right("sigmoid_beta_schedule", "softmax between the two ends as a mixture of them")
def mixture_of_ends(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    u = torch.linspace(-6, 6, timesteps, dtype=torch.float64)
    shares = torch.stack([torch.zeros_like(u), u], dim=1).softmax(dim=1)
    return shares @ torch.tensor([beta_start, beta_end], dtype=torch.float64)


# alphas_cumprod_from_betas


@wrong("alphas_cumprod_from_betas", "cumulative sum")
def cumulative_sum(betas: Tensor) -> Tensor:
    return torch.cumsum(1 - betas, dim=0)


@wrong("alphas_cumprod_from_betas", "product of the betas themselves")
def product_of_betas(betas: Tensor) -> Tensor:
    return torch.cumprod(betas, dim=0)


@wrong("alphas_cumprod_from_betas", "one minus the product of the betas")
def one_minus_product(betas: Tensor) -> Tensor:
    return 1 - torch.cumprod(betas, dim=0)


@wrong("alphas_cumprod_from_betas", "a single product")
def whole_product(betas: Tensor) -> Tensor:
    return (1 - betas).prod()


@wrong("alphas_cumprod_from_betas", "shifted: starts at 1, alpha-bar of the step before")
def shifted_by_one(betas: Tensor) -> Tensor:
    bars = torch.cumprod(1 - betas, dim=0)
    return torch.cat([bars.new_ones(1), bars[:-1]])


@wrong("alphas_cumprod_from_betas", "a 1 in front: T + 1 values")
def one_in_front(betas: Tensor) -> Tensor:
    return torch.cat([betas.new_ones(1), torch.cumprod(1 - betas, dim=0)])


@wrong("alphas_cumprod_from_betas", "square roots of the alphas multiplied")
def product_of_roots(betas: Tensor) -> Tensor:
    return torch.cumprod((1 - betas).sqrt(), dim=0)


@wrong("alphas_cumprod_from_betas", "alphas, not their product")
def just_alphas(betas: Tensor) -> Tensor:
    return 1 - betas


@wrong("alphas_cumprod_from_betas", "exp(-sum of betas): right only for small betas")
def continuous_time(betas: Tensor) -> Tensor:
    return torch.exp(-torch.cumsum(betas, dim=0))


@wrong("alphas_cumprod_from_betas", "one minus the sum of the betas")
def linearised(betas: Tensor) -> Tensor:
    return 1 - betas.cumsum(0)


@wrong("alphas_cumprod_from_betas", "changes the betas in place")
def in_place_alphas(betas: Tensor) -> Tensor:
    return betas.neg_().add_(1).cumprod(0)


@wrong("alphas_cumprod_from_betas", "products from the end backwards")
def from_the_end(betas: Tensor) -> Tensor:
    return torch.cumprod((1 - betas).flip(0), dim=0).flip(0)


@wrong("alphas_cumprod_from_betas", "a list of 0-d tensors")
def list_of_bars(betas: Tensor) -> Tensor:
    bars, bar = [], 1.0
    for beta in betas:
        bar = bar * (1 - beta)
        bars.append(bar)
    return bars


@wrong("alphas_cumprod_from_betas", "the last alpha to the power of t")
def powers_of_alpha(betas: Tensor) -> Tensor:
    return (1 - betas) ** torch.arange(1, len(betas) + 1)


@wrong("alphas_cumprod_from_betas", "loop starts at 1: the first beta is left out")
def first_left_out(betas: Tensor) -> Tensor:
    bars = torch.ones_like(betas)
    for t in range(1, len(betas)):
        bars[t] = bars[t - 1] * (1 - betas[t])
    return bars


@wrong("alphas_cumprod_from_betas", "two mistakes: shifted, and roots")
def shifted_roots(betas: Tensor) -> Tensor:
    roots = torch.cumprod(1 - betas, dim=0).sqrt()
    return torch.nn.functional.pad(roots[:-1], (1, 0), value=1.0)


@wrong("alphas_cumprod_from_betas", "floored, so it never gets near 0")
def floored_bars(betas: Tensor) -> Tensor:
    return torch.cumprod(1 - betas, dim=0).clamp(min=1e-3)


@right("alphas_cumprod_from_betas", "exp of the cumulative sum of log1p")
def sum_of_logs(betas: Tensor) -> Tensor:
    return torch.log1p(-betas).cumsum(0).exp()


@right("alphas_cumprod_from_betas", "a loop that fills a fresh tensor")
def filled_in_a_loop(betas: Tensor) -> Tensor:
    bars = torch.empty_like(betas)
    left = 1.0
    for t, beta in enumerate(betas.tolist()):
        left *= 1 - beta
        bars[t] = left
    return bars


@right("alphas_cumprod_from_betas", "products of the slices, stacked")
def products_of_slices(betas: Tensor) -> Tensor:
    alphas = 1.0 - betas
    return torch.stack([alphas[: t + 1].prod() for t in range(len(betas))])


@right("alphas_cumprod_from_betas", "a triangle of alphas, multiplied along the rows")
def triangle(betas: Tensor) -> Tensor:
    n = len(betas)
    up_to_here = torch.ones(n, n, dtype=torch.bool, device=betas.device).tril()
    return torch.where(up_to_here, 1 - betas, torch.ones_like(betas)).prod(dim=1)


# cosine_beta_schedule


@wrong("cosine_beta_schedule", "annotated diffusion's clip, which lifts small betas to 1e-4")
def annotated_clip(timesteps: int, s: float = 0.008) -> Tensor:
    x = torch.linspace(0, timesteps, timesteps + 1, dtype=torch.float64)
    alphas_cumprod = torch.cos(((x / timesteps) + s) / (1 + s) * torch.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    betas = 1 - (alphas_cumprod[1:] / alphas_cumprod[:-1])
    return torch.clip(betas, 0.0001, 0.9999)


@wrong("cosine_beta_schedule", "cosine not squared")
def cosine_not_squared(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2)
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "no limit: the last beta is 1")
def without_limit(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return 1 - f[1:] / f[:-1]


@wrong("cosine_beta_schedule", "T points in place of T + 1: one beta too few")
def too_few_points(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "returns alpha-bar itself")
def alpha_bar_returned(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (f / f[0])[1:]


@wrong("cosine_beta_schedule", "one minus alpha-bar for beta")
def one_minus_alpha_bar(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[0]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "pi instead of pi / 2: alpha-bar comes up again")
def whole_pi(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "s ignored")
def offset_ignored(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos(u * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "brackets: u + s / (1 + s)")
def brackets_forgotten(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s / (1 + s)) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "min instead of max: no beta below 0.999")
def limit_from_below(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(min=0.999)


@wrong("cosine_beta_schedule", "the ratio upside down: betas below 0")
def ratio_upside_down(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[:-1] / f[1:]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "the share that is kept: alphas, not betas")
def alphas_kept(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "times a step late: (t + 2) / T over (t + 1) / T")
def one_step_late(timesteps: int, s: float = 0.008) -> Tensor:
    def f(u: Tensor) -> Tensor:
        return torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    t = torch.arange(1, timesteps + 1, dtype=torch.float64)
    return (1 - f((t + 1) / timesteps) / f(t / timesteps)).clamp(max=0.999)


@wrong("cosine_beta_schedule", "limit 0.02, as if it were the linear beta_end")
def limit_of_linear(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.02)


@right("cosine_beta_schedule", "diffusers' list in float32")
def diffusers_float32(timesteps: int, s: float = 0.008) -> Tensor:
    def alpha_bar(u: float) -> float:
        return math.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    betas = []
    for i in range(timesteps):
        t1, t2 = i / timesteps, (i + 1) / timesteps
        betas.append(min(1 - alpha_bar(t2) / alpha_bar(t1), 0.999))
    return torch.tensor(betas, dtype=torch.float32)


@wrong("cosine_beta_schedule", "integer division: every u but the last is 0")
def integer_times(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.arange(timesteps + 1, dtype=torch.float64) // timesteps
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "degrees where cos wants radians")
def in_degrees(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * 90) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


@wrong("cosine_beta_schedule", "two mistakes: times from 0 to T not divided by T, and no square")
def times_not_divided(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, timesteps, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2)
    return (1 - f[1:] / f[:-1]).clamp(0, 0.999)


@wrong("cosine_beta_schedule", "differences of alpha-bar instead of ratios")
def differences(timesteps: int, s: float = 0.008) -> Tensor:
    u = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * math.pi / 2) ** 2
    return (f[:-1] - f[1:]).clamp(max=0.999)


@right("cosine_beta_schedule", "lucidrains' version: divided by the first value, clipped at both ends")
def lucidrains(timesteps: int, s: float = 0.008) -> Tensor:
    steps = timesteps + 1
    t = torch.linspace(0, timesteps, steps, dtype=torch.float64) / timesteps
    alphas_cumprod = torch.cos((t + s) / (1 + s) * math.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    betas = 1 - (alphas_cumprod[1:] / alphas_cumprod[:-1])
    return torch.clip(betas, 0, 0.999)


@right("cosine_beta_schedule", "diffusers' list of floats with min")
def diffusers_list(timesteps: int, s: float = 0.008) -> Tensor:
    def alpha_bar(u: float) -> float:
        return math.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    pairs = [(i / timesteps, (i + 1) / timesteps) for i in range(timesteps)]
    return torch.tensor([min(1 - alpha_bar(b) / alpha_bar(a), 0.999) for a, b in pairs], dtype=torch.float64)


@right("cosine_beta_schedule", "half-angle: (1 + cos 2a) / 2, and torch.minimum")
def double_angle(timesteps: int, s: float = 0.008) -> Tensor:
    t = torch.arange(timesteps, dtype=torch.float64)

    def f(u: Tensor) -> Tensor:
        return (1 + torch.cos((u + s) / (1 + s) * math.pi)) / 2

    beta = 1 - f((t + 1) / timesteps) / f(t / timesteps)
    return torch.minimum(beta, torch.full_like(beta, 0.999))


@right("cosine_beta_schedule", "relative fall by diff, masked where above the limit")
def relative_fall(timesteps: int, s: float = 0.008) -> Tensor:
    t = torch.arange(timesteps + 1).double()
    f = torch.cos((t / timesteps + s) / (1 + s) * (math.pi / 2)).square()
    betas = -f.diff() / f[:-1]
    return betas.masked_fill(betas > 0.999, 0.999)


@right("cosine_beta_schedule", "ratio first, then the square of it")
def ratio_then_square(timesteps: int, s: float = 0.008) -> Tensor:
    grid = torch.arange(0, timesteps + 1, dtype=torch.float64).div(timesteps).add(s).div(1 + s)
    cosine = torch.sin((1 - grid) * math.pi / 2)
    keep = (cosine[1:] / cosine[:-1]).square()
    return torch.where(keep < 0.001, 0.999, 1 - keep)


# snr


@wrong("snr", "upside down: noise to signal")
def noise_to_signal(alphas_cumprod: Tensor) -> Tensor:
    return (1 - alphas_cumprod) / alphas_cumprod


@wrong("snr", "ratio of the amplitudes, not of the variances")
def amplitude_ratio(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod.sqrt() / (1 - alphas_cumprod).sqrt()


@wrong("snr", "logarithm of the ratio")
def log_ratio(alphas_cumprod: Tensor) -> Tensor:
    return torch.log(alphas_cumprod) - torch.log(1 - alphas_cumprod)


@wrong("snr", "in decibels")
def decibels(alphas_cumprod: Tensor) -> Tensor:
    return 10 * torch.log10(alphas_cumprod / (1 - alphas_cumprod))


@wrong("snr", "brackets forgotten: a / 1 - a is 0")
def no_brackets(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod / 1 - alphas_cumprod


@wrong("snr", "root of the noise only")
def root_below(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod / (1 - alphas_cumprod).sqrt()


@wrong("snr", "root of the signal only")
def root_above(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod.sqrt() / (1 - alphas_cumprod)


@wrong("snr", "squared once more")
def squared_again(alphas_cumprod: Tensor) -> Tensor:
    return (alphas_cumprod / (1 - alphas_cumprod)) ** 2


@wrong("snr", "a cumulative product of what is one already")
def cumprod_again(alphas_cumprod: Tensor) -> Tensor:
    bars = torch.cumprod(alphas_cumprod.flatten(), dim=0).reshape(alphas_cumprod.shape)
    return bars / (1 - bars)


@wrong("snr", "epsilon in the divisor: wrong near alpha-bar = 1")
def guarded_divisor(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod / (1 - alphas_cumprod + 1e-3)


@wrong("snr", "clamped at 5, as in min-SNR weighting")
def min_snr(alphas_cumprod: Tensor) -> Tensor:
    return (alphas_cumprod / (1 - alphas_cumprod)).clamp(max=5.0)


@wrong("snr", "one number for the whole schedule")
def averaged(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod.mean() / (1 - alphas_cumprod).mean()


@wrong("snr", "signal share of the total: alpha-bar itself")
def share_of_total(alphas_cumprod: Tensor) -> Tensor:
    signal, noise = alphas_cumprod, 1 - alphas_cumprod
    return signal / (signal + noise)


@wrong("snr", "1 / (1 - a), one too large")
def one_too_large(alphas_cumprod: Tensor) -> Tensor:
    return 1 / (1 - alphas_cumprod)


@wrong("snr", "divides by 1 - a²")
def square_in_divisor(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod / (1 - alphas_cumprod**2)


@wrong("snr", "flattens the shape")
def flattened(alphas_cumprod: Tensor) -> Tensor:
    return torch.cat([(a / (1 - a)).reshape(1) for a in alphas_cumprod.flatten()])


@wrong("snr", "noise of the step before: shifted by one")
def noise_of_the_step_before(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod / (1 - alphas_cumprod.roll(1))


@wrong("snr", "two mistakes: upside down, and roots")
def upside_down_roots(alphas_cumprod: Tensor) -> Tensor:
    return ((1 - alphas_cumprod) / alphas_cumprod) ** 0.5


@wrong("snr", "divides in place")
def divided_in_place(alphas_cumprod: Tensor) -> Tensor:
    return alphas_cumprod.div_(1 - alphas_cumprod)


@right("snr", "exp of the logit")
def exp_of_logit(alphas_cumprod: Tensor) -> Tensor:
    return torch.logit(alphas_cumprod).exp()


@right("snr", "one over (1 / a - 1), in float64")
def reciprocal(alphas_cumprod: Tensor) -> Tensor:
    inverse = alphas_cumprod.double().reciprocal()
    return (inverse - 1).reciprocal().to(alphas_cumprod.dtype)


@right("snr", "squared quotient of the two amplitudes, float64 inside")
def squared_amplitudes(alphas_cumprod: Tensor) -> Tensor:
    a = alphas_cumprod.double()
    signal, noise = a.sqrt(), (1 - a).sqrt()
    return (signal / noise).square().to(alphas_cumprod.dtype)


@right("snr", "torch.div and rsub")
def torch_div(alphas_cumprod: Tensor) -> Tensor:
    return torch.div(alphas_cumprod, torch.rsub(alphas_cumprod, 1.0))


@right("snr", "in place on a clone")
def clone_divided(alphas_cumprod: Tensor) -> Tensor:
    ratio = alphas_cumprod.clone()
    ratio /= 1 - alphas_cumprod
    return ratio


# rescale_zero_terminal_snr


@wrong("rescale_zero_terminal_snr", "alpha-bar shifted and stretched instead of its root")
def without_root(betas: Tensor) -> Tensor:
    bar = torch.cumprod(1 - betas, dim=0)
    bar = (bar - bar[-1]) * bar[0] / (bar[0] - bar[-1])
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "only shifted")
def only_shifted(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    bar = (root - root[-1]) ** 2
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "stretched to start at 1: the first beta is 0")
def starts_at_one(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    bar = ((root - root[-1]) / (root[0] - root[-1])) ** 2
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "root[0] is a view: it has changed when it is used again")
def aliased_first(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    first, last = root[0], root[-1].clone()
    root -= last
    root *= first / (first - last)
    bar = root**2
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "returns the alphas")
def returns_alphas(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2
    return torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "returns the new alpha-bar")
def returns_alpha_bar(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return root**2


@wrong("rescale_zero_terminal_snr", "capped at 0.999: does not end at 0")
def capped(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2
    return (1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])).clamp(max=0.999)


@wrong("rescale_zero_terminal_snr", "only the last beta set to 1")
def last_set_to_one(betas: Tensor) -> Tensor:
    betas = betas.clone()
    betas[-1] = 1.0
    return betas


@wrong("rescale_zero_terminal_snr", "not squared before the ratios")
def ratios_of_roots(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return 1 - torch.cat([root[:1], root[1:] / root[:-1]])


@wrong("rescale_zero_terminal_snr", "the first beta lost: T - 1 values")
def first_beta_lost(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2
    return 1 - bar[1:] / bar[:-1]


@wrong("rescale_zero_terminal_snr", "1 in front of alpha-bar, last one dropped: betas a step late")
def first_beta_zero(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2
    alphas = bar[1:] / bar[:-1]
    return 1 - torch.cat([alphas.new_ones(1), alphas])


@wrong("rescale_zero_terminal_snr", "the betas themselves shifted and stretched")
def betas_stretched(betas: Tensor) -> Tensor:
    first, last = betas[0], betas[-1]
    return first + (betas - first) * (1 - first) / (last - first)


@wrong("rescale_zero_terminal_snr", "cumprod forgotten: roots of the alphas")
def no_cumprod(betas: Tensor) -> Tensor:
    root = (1 - betas).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return 1 - root**2


@wrong("rescale_zero_terminal_snr", "the factor of the stretch upside down")
def stretch_upside_down(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * (root[0] - root[-1]) / root[0]
    bar = root**2
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "an epsilon keeps alpha-bar at the end above 0")
def epsilon_at_the_end(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2 + 1e-4
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "writes the new betas into the argument")
def written_into_argument(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2
    betas[0] = 1 - bar[0]
    betas[1:] = 1 - bar[1:] / bar[:-1]
    return betas


@wrong("rescale_zero_terminal_snr", "multiplied by a line that falls to 0, not shifted")
def faded_out(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = root * torch.linspace(1, 0, len(betas), dtype=betas.dtype)
    bar = root**2
    return 1 - torch.cat([bar[:1], bar[1:] / bar[:-1]])


@wrong("rescale_zero_terminal_snr", "two mistakes: alpha-bar without root, and the cap")
def no_root_and_cap(betas: Tensor) -> Tensor:
    bar = torch.cumprod(1 - betas, dim=0)
    bar = (bar - bar[-1]) / (bar[0] - bar[-1]) * bar[0]
    return torch.cat([betas[:1], 1 - bar[1:] / bar[:-1]]).clip(0, 0.999)


@wrong("rescale_zero_terminal_snr", "ratio the wrong way round: current below, previous above")
def previous_over_current(betas: Tensor) -> Tensor:
    root = torch.cumprod(1 - betas, dim=0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    bar = root**2
    return 1 - torch.cat([bar[:1], bar[:-1] / bar[1:]])


@right("rescale_zero_terminal_snr", "diffusers' version with clones and in-place steps")
def diffusers_rescale(betas: Tensor) -> Tensor:
    alphas = 1.0 - betas
    alphas_bar_sqrt = alphas.cumprod(0).sqrt()
    alphas_bar_sqrt_0 = alphas_bar_sqrt[0].clone()
    alphas_bar_sqrt_T = alphas_bar_sqrt[-1].clone()
    alphas_bar_sqrt -= alphas_bar_sqrt_T
    alphas_bar_sqrt *= alphas_bar_sqrt_0 / (alphas_bar_sqrt_0 - alphas_bar_sqrt_T)
    alphas_bar = alphas_bar_sqrt**2
    alphas = alphas_bar[1:] / alphas_bar[:-1]
    return 1 - torch.cat([alphas_bar[0:1], alphas])


@right("rescale_zero_terminal_snr", "the first beta is kept as it is; squares of the ratios of the shifted roots")
def first_kept(betas: Tensor) -> Tensor:
    root = (1 - betas).sqrt().cumprod(0)
    shifted = root - root[-1]
    keep = (shifted[1:] / shifted[:-1]) ** 2
    return torch.cat([betas[:1], 1 - keep])


@right("rescale_zero_terminal_snr", "a loop over float64 numbers")
def loop_in_double(betas: Tensor) -> Tensor:
    roots, left = [], 1.0
    for beta in betas.double().tolist():
        left *= 1 - beta
        roots.append(math.sqrt(left))
    bars = [(roots[0] * (r - roots[-1]) / (roots[0] - roots[-1])) ** 2 for r in roots]
    fresh = torch.zeros_like(betas)
    for t, bar in enumerate(bars):
        fresh[t] = 1 - bar / (bars[t - 1] if t else 1.0)
    return fresh


@right("rescale_zero_terminal_snr", "1 padded in front of alpha-bar; difference over the one before")
def padded_in_front(betas: Tensor) -> Tensor:
    root = torch.exp(0.5 * torch.log1p(-betas).cumsum(0))
    root = root[0] * (root - root[-1]) / (root[0] - root[-1])
    bar = torch.nn.functional.pad(root.square(), (1, 0), value=1.0)
    return (bar[:-1] - bar[1:]) / bar[:-1]
