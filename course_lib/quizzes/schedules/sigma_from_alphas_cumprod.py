"""Quiz `sigma_from_alphas_cumprod` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE

sigma_from_alphas_cumprod = Quiz(
    schedules.sigma_from_alphas_cumprod,
    cases=lambda g: [
        (schedules.alphas_cumprod_from_betas(schedules.linear_beta_schedule(200)),),
        (0.02 + 0.97 * torch.rand(3, 4, generator=g, dtype=torch.float64),),
        (torch.tensor([1.0, 0.5, 0.2], dtype=torch.float64),),
        (torch.tensor(0.8, dtype=torch.float64),),
        (torch.tensor([0.3], dtype=torch.float64),),
    ],
    points=2,
    minutes=5,
    difficulty=2,
    importance=3,
    hints=(
        "Divide x_t by whatever stands before x_0. What stands before the noise then?",
        "The noise had the weight sqrt(1 - alpha-bar), and it is divided by sqrt(alpha-bar).",
        "`((1 - alphas_cumprod) / alphas_cumprod).sqrt()`",
    ),
    rtol=CLOSE["rtol"],
    atol=CLOSE["atol"],
)

sigma_from_alphas_cumprod.edits(
    root_forgotten=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> (1 - alphas_cumprod) / alphas_cumprod",
        "That is sigma squared, a variance. Asked is the standard deviation: what multiplies the noise.",
    ),
    signal_to_noise=(
        "((1 - alphas_cumprod) / alphas_cumprod) -> (alphas_cumprod / (1 - alphas_cumprod))",
        "Upside down: that is signal over noise. Sigma is large where little is left of the picture.",
    ),
    snr_itself=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> alphas_cumprod / (1 - alphas_cumprod)",
        "That is the SNR. Sigma is the noise's standard deviation beside a picture of full size.",
    ),
    signal_is_the_factor=(
        "((1 - alphas_cumprod) / alphas_cumprod) -> ((1 - alphas_cumprod**2) / alphas_cumprod**2)",
        "alpha-bar is taken for what multiplies x_0. What multiplies x_0 in `q_sample`?",
    ),
    noise_in_x_t=(
        "((1 - alphas_cumprod) / alphas_cumprod) -> (1 - alphas_cumprod)",
        "That is the noise in x_t, where the picture has faded. Beside a picture of full size, how much is it?",
    ),
    variance_of_the_noise_in_x_t=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> 1 - alphas_cumprod",
        "That is the variance of the noise in x_t. Two things are left: scale the picture up again, take the root.",
    ),
    one_over_the_signal=(
        "((1 - alphas_cumprod) / alphas_cumprod) -> (1 / alphas_cumprod)",
        "Sigma squared is too large by 1: it would not be 0 for a clean picture, where alpha-bar is 1.",
    ),
    divided_without_the_root=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> (1 - alphas_cumprod).sqrt() / alphas_cumprod",
        "The noise's weight is divided by alpha-bar. x_0 is multiplied by its root.",
    ),
    root_of_the_signal_alone=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> (1 - alphas_cumprod) / alphas_cumprod.sqrt()",
        "The noise has the weight 1 - alpha-bar here. That is its variance: what is its weight?",
    ),
    brackets_missing=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> (1 - alphas_cumprod / alphas_cumprod).sqrt()",
        "Python divides before it subtracts, so this is 0 everywhere. Where do brackets belong?",
    ),
    squared_instead=(
        ".sqrt() -> .square()",
        "The ratio of the variances is squared. Take the root of it instead.",
    ),
    difference_of_roots=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> (1 - alphas_cumprod.sqrt()) / alphas_cumprod.sqrt()",
        "1 minus the root is not the root of 1 minus: subtract first, then take the root.",
    ),
    sum_instead_of_difference=(
        "(1 - alphas_cumprod) -> (1 + alphas_cumprod)",
        "The noise in x_t has the variance 1 - alpha-bar, not 1 + alpha-bar.",
    ),
    product=(
        "((1 - alphas_cumprod) / alphas_cumprod) -> ((1 - alphas_cumprod) * alphas_cumprod)",
        "Noise times signal is largest in the middle. Here the noise is *divided* by what the signal is multiplied by.",
    ),
    logarithm=(
        "((1 - alphas_cumprod) / alphas_cumprod).sqrt() -> ((1 - alphas_cumprod) / alphas_cumprod).sqrt().log()",
        "That is log sigma. Sigma itself is asked.",
    ),
    never_above_one=(
        "alphas_cumprod).sqrt() -> alphas_cumprod).sqrt().clamp(max=1)",
        "No value is above 1. Sigma may be as large as it likes: chapter 01 began at 10.",
    ),
    as_if_it_were_betas=(
        "return -> alphas_cumprod = torch.cumprod(1 - alphas_cumprod, dim=-1) if alphas_cumprod.ndim else "
        "1 - alphas_cumprod; return",
        "The argument is treated as if it were the betas. It is alpha-bar: nothing is left to multiply up.",
    ),
)


@sigma_from_alphas_cumprod.alternative("1 over the root of the SNR.")
def from_the_snr(alphas_cumprod):
    return schedules.snr(alphas_cumprod) ** -0.5


@sigma_from_alphas_cumprod.alternative("The two weights of x_t, one divided by the other.")
def from_the_weights(alphas_cumprod):
    return torch.sqrt(1 - alphas_cumprod) / torch.sqrt(alphas_cumprod)


@sigma_from_alphas_cumprod.alternative("1 over alpha-bar is 1 plus sigma squared.")
def from_the_whole_variance(alphas_cumprod):
    return (1 / alphas_cumprod - 1) ** 0.5


@sigma_from_alphas_cumprod.alternative("alpha-bar is the square of a cosine; sigma is the tangent of that angle.")
def from_the_angle(alphas_cumprod):
    return torch.tan(torch.acos(alphas_cumprod.sqrt()))
