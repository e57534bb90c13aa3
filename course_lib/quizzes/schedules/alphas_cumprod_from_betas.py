"""Quiz `alphas_cumprod_from_betas` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz

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


@alphas_cumprod_from_betas.mistake(
    "e to the minus sum is a good estimate while the betas are small, but only that. Which product does it stand for?"
)
def exponential_of_the_sum(betas):
    return torch.exp(-torch.cumsum(betas, dim=0))


@alphas_cumprod_from_betas.mistake(
    "1 minus the product of the betas is not the product of 1 minus each. Which comes first?"
)
def one_minus_the_product(betas):
    return 1 - torch.cumprod(betas, dim=0)


@alphas_cumprod_from_betas.mistake(
    "One value too many: you put the clean picture, 1, in front. T betas give T values, each after its step."
)
def one_value_too_many(betas):
    product = torch.cumprod(1 - betas, dim=0)
    return torch.cat([product.new_ones(1), product])


@alphas_cumprod_from_betas.alternative("")
def through_logarithms(betas):
    return torch.log1p(-betas).cumsum(0).exp()


@alphas_cumprod_from_betas.alternative("")
def with_a_loop(betas):
    left, kept = [], 1.0
    for beta in betas:
        kept = kept * (1 - beta)
        left.append(kept)
    return torch.stack(left)
