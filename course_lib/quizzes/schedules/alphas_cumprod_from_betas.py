"""Quiz `alphas_cumprod_from_betas` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE

alphas_cumprod_from_betas = Quiz(
    schedules.alphas_cumprod_from_betas,
    cases=lambda g: [
        (schedules.linear_beta_schedule(200),),
        (schedules.cosine_beta_schedule(20),),
        (0.05 + 0.9 * torch.rand(7, generator=g, dtype=torch.float64),),
        (torch.tensor([0.3], dtype=torch.float64),),
    ],
    points=1,
    minutes=4,
    difficulty=2,
    importance=5,
    hints=(
        "Each step keeps 1 - beta of the signal's variance. What is left after t steps?",
        "A product of all factors so far, for every t: torch has a running product.",
        "`torch.cumprod(1 - betas, dim=0)`",
    ),
    **CLOSE,
)

alphas_cumprod_from_betas.edits(
    product_of_betas=(
        "(1 - betas -> (betas",
        "This multiplies the betas, what each step takes. Multiply what each step keeps.",
    ),
    sum_of_alphas=(
        "torch.cumprod -> torch.cumsum",
        "A running sum of the alphas grows beyond 1. Shares of shares are multiplied.",
    ),
    one_minus_sum=(
        "torch.cumprod(1 - betas -> 1 - torch.cumsum(betas",
        "1 minus the sum holds only while that is small, and is negative once it exceeds 1. "
        "Each step takes its share of what is left.",
    ),
    only_the_last=(
        "torch.cumprod(1 - betas, dim=0) -> torch.prod(1 - betas)",
        "That is only the last value, one number. Asked is what is left after each step.",
    ),
    noise_instead_of_signal=(
        "return torch -> return 1 - torch",
        "This is 1 - alpha-bar, the noise so far. It should start near 1 and fall.",
    ),
    root_taken=(
        "dim=0) -> dim=0).sqrt()",
        "That is the root of alpha-bar: the amplitude. alpha-bar itself is the variance.",
    ),
    root_of_the_noise=(
        "torch.cumprod(1 - betas, dim=0) -> (1 - torch.cumprod(1 - betas, dim=0)).sqrt()",
        "That is how much noise is in x_t, the root of 1 - alpha-bar. Asked is what is left of the signal.",
    ),
    single_steps=(
        "torch.cumprod(1 - betas, dim=0) -> 1 - betas",
        "These are the alphas of single steps. How do you get from one step to all steps so far?",
    ),
    before_the_step=(
        "(1 - betas, -> (1 - torch.cat([betas.new_zeros(1), betas[:-1]]),",
        "Shifted: it begins before any step. The first value should be what is left after the first one.",
    ),
    first_step_left_out=(
        "(1 - betas, -> (1 - torch.cat([betas.new_zeros(1), betas[1:]]),",
        "The first step is missing from every product. What is left after step t = 0?",
    ),
    from_the_end=(
        "(1 - betas, dim=0) -> (1 - betas.flip(0), dim=0).flip(0)",
        "Each value is the product of the steps still to come. alpha-bar at t counts those up to t.",
    ),
    power_of_each=(
        "torch.cumprod(1 - betas, dim=0) -> (1 - betas) ** torch.arange(1, len(betas) + 1, device=betas.device)",
        "A power of one alpha assumes that all steps are the same. They differ: multiply them one by one.",
    ),
    exponential_of_the_sum=(
        "torch.cumprod(1 - betas, dim=0) -> torch.exp(-torch.cumsum(betas, dim=0))",
        "e to the minus sum is a good estimate while the betas are small, but only that. "
        "Which product does it stand for?",
    ),
    one_minus_the_product=(
        "torch.cumprod(1 - betas -> 1 - torch.cumprod(betas",
        "1 minus the product of the betas is not the product of 1 minus each. Which comes first?",
    ),
    one_value_too_many=(
        "(1 - betas, -> (1 - torch.cat([betas.new_zeros(1), betas]),",
        "One value too many: a 1 for the clean picture stands in front. T betas give T values, each after its step.",
    ),
    kept_above_a_thousandth=(
        "dim=0) -> dim=0).clamp(min=1e-3)",
        "No value is below 0.001. alpha-bar may come as near to 0 as it likes.",
    ),
)


@alphas_cumprod_from_betas.alternative("The logarithms are added up: a product becomes a sum.")
def through_logarithms(betas):
    return torch.log1p(-betas).cumsum(0).exp()


@alphas_cumprod_from_betas.alternative("A loop that carries the product so far along.")
def with_a_loop(betas):
    left, kept = [], 1.0
    for beta in betas:
        kept = kept * (1 - beta)
        left.append(kept)
    return torch.stack(left)
