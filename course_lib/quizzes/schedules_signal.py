"""More quizzes of chapter 03: what follows from the betas."""

import torch

from course_lib import schedules
from course_lib.quizzes.catalogue import Quiz

# alpha-bar

alphas_cumprod_from_betas = Quiz(
    schedules.alphas_cumprod_from_betas,
    cases=lambda g: [
        (schedules.linear_beta_schedule(200),),
        (schedules.cosine_beta_schedule(20),),
        (0.05 + 0.9 * torch.rand(7, generator=g, dtype=torch.float64),),
    ],
    points=1,
    minutes=4,
    hints=(
        "Each step keeps 1 - beta of the signal's variance. What is left after t steps?",
        "A product of all factors so far, for every t: torch has a running product.",
        "`torch.cumprod(1 - betas, dim=0)`",
    ),
    rtol=1e-4,
    atol=1e-6,
)


@alphas_cumprod_from_betas.mistake("This multiplies the betas, what each step takes. Multiply what each step keeps.")
def product_of_betas(betas):
    return torch.cumprod(betas, dim=0)


@alphas_cumprod_from_betas.mistake("A running sum of the alphas grows beyond 1. Shares of shares are multiplied.")
def sum_of_alphas(betas):
    return torch.cumsum(1 - betas, dim=0)


@alphas_cumprod_from_betas.mistake(
    "1 minus the sum holds only while the betas are tiny, and turns negative later. "
    "Each step takes its share of what is left."
)
def one_minus_sum(betas):
    return 1 - torch.cumsum(betas, dim=0)


@alphas_cumprod_from_betas.mistake("That is only the last value, one number. Asked is what is left after each step.")
def only_the_last(betas):
    return torch.prod(1 - betas)


@alphas_cumprod_from_betas.mistake("This is 1 - alpha-bar, the noise so far. It should start near 1 and fall.")
def noise_instead_of_signal(betas):
    return 1 - torch.cumprod(1 - betas, dim=0)


@alphas_cumprod_from_betas.mistake("That is the root of alpha-bar: the amplitude. alpha-bar itself is the variance.")
def root_taken(betas):
    return torch.cumprod(1 - betas, dim=0).sqrt()


@alphas_cumprod_from_betas.mistake(
    "These are the alphas of single steps. How do you get from one step to all steps so far?"
)
def single_steps(betas):
    return 1 - betas


@alphas_cumprod_from_betas.mistake(
    "Shifted: you begin with 1, before any step. `alphas_cumprod[0]` is after the first one."
)
def before_the_step(betas):
    product = torch.cumprod(1 - betas, dim=0)
    return torch.cat([product.new_ones(1), product[:-1]])


@alphas_cumprod_from_betas.mistake(
    "A power of one alpha assumes that all steps are the same. They differ: multiply them one by one."
)
def power_of_each(betas):
    return (1 - betas) ** torch.arange(1, len(betas) + 1, device=betas.device)


@alphas_cumprod_from_betas.alternative
def through_logarithms(betas):
    return torch.log1p(-betas).cumsum(0).exp()


@alphas_cumprod_from_betas.alternative
def with_a_loop(betas):
    left, kept = [], 1.0
    for beta in betas:
        kept = kept * (1 - beta)
        left.append(kept)
    return torch.stack(left)


# signal-to-noise ratio

snr = Quiz(
    schedules.snr,
    cases=lambda g: [
        (schedules.alphas_cumprod_from_betas(schedules.linear_beta_schedule(200)),),
        (torch.rand(3, 4, generator=g, dtype=torch.float64),),
        (torch.tensor([0.0, 0.5, 0.9], dtype=torch.float64),),
    ],
    points=1,
    minutes=3,
    hints=(
        "x_t is signal plus noise. How large is the variance of each?",
        "Signal alpha-bar, noise 1 - alpha-bar: divide the one by the other, with brackets where they belong.",
    ),
    rtol=1e-4,
    atol=1e-6,
)


@snr.mistake("Upside down: that is noise to signal. It should be large where little noise is.")
def noise_to_signal(alphas_cumprod):
    return (1 - alphas_cumprod) / alphas_cumprod


@snr.mistake("Python divides before it subtracts: `a / 1 - a` is 0. Where do brackets belong?")
def brackets_missing(alphas_cumprod):
    return alphas_cumprod / 1 - alphas_cumprod


@snr.mistake("That is the ratio of amplitudes. The SNR compares variances: no roots.")
def ratio_of_amplitudes(alphas_cumprod):
    return alphas_cumprod.sqrt() / (1 - alphas_cumprod).sqrt()


@snr.mistake("That is the log-SNR, good for plots. Here the ratio itself is asked.")
def logarithm(alphas_cumprod):
    return torch.log(alphas_cumprod / (1 - alphas_cumprod))


@snr.mistake("The noise has the variance 1 - alpha-bar, not 1 + alpha-bar: signal and noise share a variance of 1.")
def plus_instead_of_minus(alphas_cumprod):
    return alphas_cumprod / (1 + alphas_cumprod)


@snr.mistake("Signal times noise is largest in the middle. A ratio is a division.")
def product_instead_of_ratio(alphas_cumprod):
    return alphas_cumprod * (1 - alphas_cumprod)


@snr.alternative
def from_the_inverse(alphas_cumprod):
    return 1 / (1 / alphas_cumprod - 1)


@snr.alternative
def from_log_odds(alphas_cumprod):
    return torch.logit(alphas_cumprod).exp()


# zero terminal SNR

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


@rescale_zero_terminal_snr.alternative
def as_in_algorithm_1(betas):
    alphas_bar_sqrt = (1 - betas).cumprod(0).sqrt()
    first, last = alphas_bar_sqrt[0].clone(), alphas_bar_sqrt[-1].clone()
    alphas_bar_sqrt -= last
    alphas_bar_sqrt *= first / (first - last)
    alphas_bar = alphas_bar_sqrt**2
    alphas = alphas_bar[1:] / alphas_bar[:-1]
    return 1 - torch.cat([alphas_bar[0:1], alphas])


@rescale_zero_terminal_snr.alternative
def by_interpolation(betas):
    root = (1 - betas).cumprod(0) ** 0.5
    share = (root[0] - root) / (root[0] - root[-1])
    new = torch.lerp(root[:1].expand_as(root), torch.zeros_like(root), share).square()
    before = torch.nn.functional.pad(new[:-1], (1, 0), value=1.0)
    return (before - new) / before
