"""Quiz `snr` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.schedules.shared import CLOSE

snr = Quiz(
    schedules.snr,
    cases=lambda g: [
        (schedules.alphas_cumprod_from_betas(schedules.linear_beta_schedule(200)),),
        (torch.rand(3, 4, generator=g, dtype=torch.float64),),
        (torch.tensor([0.0, 0.5, 0.9], dtype=torch.float64),),
        (torch.tensor(0.8, dtype=torch.float64),),
    ],
    points=1,
    minutes=3,
    difficulty=1,
    importance=4,
    hints=(
        "x_t is signal plus noise. How large is the variance of each?",
        "Signal alpha-bar, noise 1 - alpha-bar: divide the one by the other, with brackets where they belong.",
    ),
    **CLOSE,
)

snr.edits(
    noise_to_signal=(
        "alphas_cumprod / (1 - alphas_cumprod) -> (1 - alphas_cumprod) / alphas_cumprod",
        "Upside down: that is noise to signal. It should be large where little noise is.",
    ),
    brackets_missing=(
        "(1 - alphas_cumprod) -> 1 - alphas_cumprod",
        "Python divides before it subtracts: `a / 1 - a` is 0. Where do brackets belong?",
    ),
    noise_alone=(
        "return alphas_cumprod / -> return",
        "That is the variance of the noise. What is divided by it?",
    ),
    root_of_the_signal=(
        "return alphas_cumprod / -> return alphas_cumprod.sqrt() /",
        "A root is taken of the signal only. alpha-bar is a variance already, and the SNR compares variances.",
    ),
    root_of_the_noise=(
        "/ (1 - alphas_cumprod) -> / (1 - alphas_cumprod).sqrt()",
        "The variance of the signal is divided by the amplitude of the noise. Compare like with like.",
    ),
    ratio_of_amplitudes=(
        "alphas_cumprod / (1 - alphas_cumprod) -> (alphas_cumprod / (1 - alphas_cumprod)).sqrt()",
        "That is the ratio of amplitudes. The SNR compares variances: no roots.",
    ),
    noise_to_signal_of_amplitudes=(
        "alphas_cumprod / (1 - alphas_cumprod) -> ((1 - alphas_cumprod) / alphas_cumprod).sqrt()",
        "That is the amplitude of the noise over that of the signal, the sigma of 2206.00364. "
        "Asked is signal over noise, in variances.",
    ),
    squared_once_more=(
        "alphas_cumprod / (1 - alphas_cumprod) -> (alphas_cumprod / (1 - alphas_cumprod)).square()",
        "That is the square of the SNR. alpha-bar and 1 - alpha-bar are variances already: "
        "their roots are the weights in x_t.",
    ),
    logarithm=(
        "alphas_cumprod / (1 - alphas_cumprod) -> torch.log(alphas_cumprod / (1 - alphas_cumprod))",
        "That is the log-SNR, good for plots. Here the ratio itself is asked.",
    ),
    decibels=(
        "alphas_cumprod / (1 - alphas_cumprod) -> 10 * torch.log10(alphas_cumprod / (1 - alphas_cumprod))",
        "These are decibels, the engineer's logarithm. The ratio should come back as it is.",
    ),
    plus_instead_of_minus=(
        "(1 - alphas_cumprod) -> (1 + alphas_cumprod)",
        "The noise has the variance 1 - alpha-bar, not 1 + alpha-bar: signal and noise share a variance of 1.",
    ),
    product_instead_of_ratio=(
        "alphas_cumprod / ( -> alphas_cumprod * (",
        "Signal times noise is largest in the middle. A ratio is a division.",
    ),
    all_over_noise=(
        "return alphas_cumprod / -> return 1 /",
        "That is 1 over the noise, and 1 more than SNR: signal and noise together stand above the line.",
    ),
    square_in_the_noise=(
        "(1 - alphas_cumprod) -> (1 - alphas_cumprod**2)",
        "This divides by 1 minus the square of alpha-bar. Which variance has the noise?",
    ),
    as_if_it_were_the_amplitude=(
        "alphas_cumprod / (1 - alphas_cumprod) -> alphas_cumprod**2 / (1 - alphas_cumprod**2)",
        "alpha-bar is treated as an amplitude and squared. It is the signal's variance already.",
    ),
    multiplied_up_again=(
        "return alphas_cumprod -> alphas_cumprod = torch.cumprod(alphas_cumprod, dim=-1); return alphas_cumprod",
        "Along each row only the first value is right: the others multiply up what is a running product already.",
    ),
    as_if_it_were_betas=(
        "return alphas_cumprod -> alphas_cumprod = torch.cumprod(1 - alphas_cumprod, dim=-1); return alphas_cumprod",
        "The argument is treated as if it were the betas. It is alpha-bar: nothing is left to multiply up.",
    ),
    never_above_five=(
        "alphas_cumprod / (1 - alphas_cumprod) -> (alphas_cumprod / (1 - alphas_cumprod)).clamp(max=5)",
        "No value is above 5. Such a limit belongs to a loss weight made from the SNR, not to the SNR.",
    ),
    padded_noise=(
        "(1 - alphas_cumprod) -> (1 - alphas_cumprod + 1e-6)",
        "Too small where there is hardly any noise, as if 1e-6 were added to it. "
        "The noise can be as small as 1e-4: what does that much more of it do?",
    ),
    much_padded_noise=(
        "(1 - alphas_cumprod) -> (1 - alphas_cumprod + 1e-3)",
        "Too small where there is little noise, as if 0.001 were added to it. The ratio has to be exact there, too.",
    ),
)


@snr.alternative("1 over the ratio of total to signal, less 1.")
def from_the_inverse(alphas_cumprod):
    return 1 / (1 / alphas_cumprod - 1)


@snr.alternative("`logit` is the logarithm of exactly this ratio.")
def from_log_odds(alphas_cumprod):
    return torch.logit(alphas_cumprod).exp()
