"""Quiz `rescale_zero_terminal_snr` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz

rescale_zero_terminal_snr = Quiz(
    schedules.rescale_zero_terminal_snr,
    cases=lambda g: [
        (schedules.linear_beta_schedule(200),),
        (schedules.sigmoid_beta_schedule(30, 0.01, 0.3),),
        (schedules.cosine_beta_schedule(12),),
        (0.05 + 0.3 * torch.rand(5, generator=g, dtype=torch.float64),),
    ],
    points=3,
    minutes=12,
    hints=(
        "Work on the root of alpha-bar, the amplitude of the signal: "
        "its last value has to become 0, its first must stay.",
        "First shift (subtract the last value), then stretch (so that the first is what it was). "
        "Square, and go back from alpha-bar to beta.",
        "root = (root - root[-1]) * root[0] / (root[0] - root[-1]); alphas = "
        "neighbours of root² divided, the first one as it is; 1 - alphas.",
    ),
    rtol=1e-4,  # tells a last beta of 0.999 from 1
    atol=1e-6,
)


def back_to_betas(alphas_cumprod):
    return 1 - torch.cat([alphas_cumprod[:1], alphas_cumprod[1:] / alphas_cumprod[:-1]])


def rescaled_root(betas):
    root = torch.cumprod(1 - betas, 0).sqrt()
    return (root - root[-1]) * root[0] / (root[0] - root[-1])


@rescale_zero_terminal_snr.mistake(
    "Shifted, not stretched: the end is 0 now, but the first value moved too. It has to be what it was."
)
def only_shifted(betas):
    root = torch.cumprod(1 - betas, 0).sqrt()
    return back_to_betas((root - root[-1]) ** 2)


@rescale_zero_terminal_snr.mistake(
    "Stretched up to 1, so the first step adds no noise at all. "
    "The first value has to be what it was, a little below 1."
)
def stretched_to_one(betas):
    root = torch.cumprod(1 - betas, 0).sqrt()
    return back_to_betas(((root - root[-1]) / (root[0] - root[-1])) ** 2)


@rescale_zero_terminal_snr.mistake(
    "You shift and stretch alpha-bar. The paper does it to its root, the amplitude of the signal."
)
def alphas_cumprod_rescaled(betas):
    ac = torch.cumprod(1 - betas, 0)
    return back_to_betas((ac - ac[-1]) * ac[0] / (ac[0] - ac[-1]))


@rescale_zero_terminal_snr.mistake(
    "Only the last beta has changed. That does reach zero, but with a jump at the end: "
    "all steps should share the change."
)
def only_the_last_beta(betas):
    return torch.cat([betas[:-1], betas.new_ones(1)])


@rescale_zero_terminal_snr.mistake(
    "After rescaling the root you forgot to square it: what you turn into betas is still an amplitude."
)
def root_not_squared(betas):
    return back_to_betas(rescaled_root(betas))


@rescale_zero_terminal_snr.mistake(
    "This is the new alpha-bar. Asked are the betas: back from the product to the single steps."
)
def alphas_cumprod_not_undone(betas):
    return rescaled_root(betas) ** 2


@rescale_zero_terminal_snr.mistake(
    "1 - alpha-bar is the noise of all steps so far. For one step, divide alpha-bar by the one before."
)
def product_not_undone(betas):
    return 1 - rescaled_root(betas) ** 2


@rescale_zero_terminal_snr.mistake(
    "These are the alphas, what each step keeps: the last one is 0. The betas are what is missing to 1."
)
def alphas_not_betas(betas):
    return 1 - back_to_betas(rescaled_root(betas) ** 2)


@rescale_zero_terminal_snr.mistake(
    "One beta is missing: T values have T - 1 ratios of neighbours. What stands before the first?"
)
def first_beta_lost(betas):
    ac = rescaled_root(betas) ** 2
    return 1 - ac[1:] / ac[:-1]


@rescale_zero_terminal_snr.mistake(
    "Almost: only the first beta is off. The stretch has to bring the first root back to itself, "
    "and before any stretch it was a little below 1."
)
def stretched_as_if_from_one(betas):
    root = torch.cumprod(1 - betas, 0).sqrt()
    return back_to_betas(((root - root[-1]) / (1 - root[-1])) ** 2)


@rescale_zero_terminal_snr.mistake(
    "This is the new root of alpha-bar. Two things are left to do: undo the root, then go back to single steps."
)
def root_returned(betas):
    return rescaled_root(betas)


@rescale_zero_terminal_snr.mistake(
    "You clip at 0.999, as for the cosine. Here the end should be exactly 0, so what must the last beta be?"
)
def clipped(betas):
    return back_to_betas(rescaled_root(betas) ** 2).clamp(max=0.999)


@rescale_zero_terminal_snr.alternative("")
def as_in_algorithm_1(betas):
    alphas_bar_sqrt = (1 - betas).cumprod(0).sqrt()
    first, last = alphas_bar_sqrt[0].clone(), alphas_bar_sqrt[-1].clone()
    alphas_bar_sqrt -= last
    alphas_bar_sqrt *= first / (first - last)
    alphas_bar = alphas_bar_sqrt**2
    alphas = alphas_bar[1:] / alphas_bar[:-1]
    return 1 - torch.cat([alphas_bar[0:1], alphas])


@rescale_zero_terminal_snr.alternative("")
def by_interpolation(betas):
    root = (1 - betas).cumprod(0) ** 0.5
    share = (root[0] - root) / (root[0] - root[-1])
    new = torch.lerp(root[:1].expand_as(root), torch.zeros_like(root), share).square()
    before = torch.nn.functional.pad(new[:-1], (1, 0), value=1.0)
    return (before - new) / before
