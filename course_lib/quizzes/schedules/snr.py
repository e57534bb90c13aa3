"""Quiz `snr` of chapter 03."""

import torch

from course_lib import schedules
from course_lib.checker.quiz import Quiz

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


@snr.mistake("You square, but alpha-bar and 1 - alpha-bar are variances already: their roots are the weights in x_t.")
def squared_once_more(alphas_cumprod):
    return alphas_cumprod**2 / (1 - alphas_cumprod) ** 2


@snr.mistake("These are decibels, the engineer's logarithm. Here the ratio itself is asked.")
def decibels(alphas_cumprod):
    return 10 * torch.log10(alphas_cumprod / (1 - alphas_cumprod))


@snr.alternative("")
def from_the_inverse(alphas_cumprod):
    return 1 / (1 / alphas_cumprod - 1)


@snr.alternative("")
def from_log_odds(alphas_cumprod):
    return torch.logit(alphas_cumprod).exp()
