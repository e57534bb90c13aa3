"""Quiz `optimal_denoiser` of chapter 01."""

import torch

from course_lib import toy
from course_lib.checker.quiz import Quiz


def noisy_numbers(g: torch.Generator) -> list[tuple]:
    """Little noise, much noise and as much as the data's spread; sigma as a number and as one for each row."""
    return [
        (2 + torch.randn(9, generator=g), 0.7, 2.0, 0.4),
        (-1 + 3 * torch.randn(6, generator=g), 3.0, -1.0, 0.5),
        (1 + torch.randn(5, generator=g), 0.1 + torch.rand(5, generator=g), 1.5, 0.8),
        (3 + torch.randn(7, generator=g), 0.2, 3.0, 1.3),
    ]


optimal_denoiser = Quiz(
    toy.optimal_denoiser,
    cases=noisy_numbers,
    points=2,
    minutes=10,
    hints=(
        "Two witnesses for y: x, which is off by about sigma, and the mean, which is off by about std. "
        "Whom do you trust more?",
        "A weighted average of x and the mean. Each is weighted by the *other's* variance, "
        "so that what is uncertain counts little.",
        "(std² x + sigma² mean) / (std² + sigma²)",
    ),
)


@optimal_denoiser.mistake("The weights are swapped. In a lot of noise yours trusts x: whom should it trust then?")
def weights_swapped(x, sigma, mean, std):
    return (sigma**2 * x + std**2 * mean) / (std**2 + sigma**2)


@optimal_denoiser.mistake("You weigh with sigma and std. Doubts of independent things add up squared: what is missing?")
def without_squares(x, sigma, mean, std):
    return (std * x + sigma * mean) / (std + sigma)


@optimal_denoiser.mistake(
    "The weights do not add up to 1: the denominator is a root. What are the two weights divided by in an average?"
)
def root_below(x, sigma, mean, std):
    return (std**2 * x + sigma**2 * mean) / (std**2 + sigma**2) ** 0.5


@optimal_denoiser.mistake("Not divided: two weights make an average only when they add up to 1.")
def not_divided(x, sigma, mean, std):
    return std**2 * x + sigma**2 * mean


@optimal_denoiser.mistake(
    "You divide by the square of the sum. Variances of independent things add, standard deviations do not."
)
def sum_squared(x, sigma, mean, std):
    return (std**2 * x + sigma**2 * mean) / (std + sigma) ** 2


@optimal_denoiser.mistake("Your guess is pulled towards 0. The clean numbers lie around `mean`: where does it come in?")
def pulled_to_zero(x, sigma, mean, std):
    return std**2 * x / (std**2 + sigma**2)


@optimal_denoiser.mistake("You add the mean to a share of x itself. The share belongs to what x has beyond the mean.")
def share_of_x_itself(x, sigma, mean, std):
    return mean + std**2 / (std**2 + sigma**2) * x


@optimal_denoiser.mistake(
    "That is how far the guess lies from the mean, and in which direction. From where do you have to go that far?"
)
def mean_not_added_back(x, sigma, mean, std):
    return std**2 / (std**2 + sigma**2) * (x - mean)


@optimal_denoiser.mistake(
    "Each is weighted by how sure it is, 1 over its variance: so far so good. What do these two weights add up to?"
)
def precisions_not_divided(x, sigma, mean, std):
    return x / sigma**2 + mean / std**2


@optimal_denoiser.mistake("That is x as it came, noise and all. What do you know about y besides x?")
def x_itself(x, sigma, mean, std):
    return 1 * x


@optimal_denoiser.mistake("Always the mean: right only in endless noise. What does x tell you when there is little?")
def always_the_mean(x, sigma, mean, std):
    return torch.full_like(x, mean)


@optimal_denoiser.mistake(
    "The plain average of x and the mean. That fits only where sigma equals std: what weighs them?"
)
def plain_average(x, sigma, mean, std):
    return (x + mean) / 2


@optimal_denoiser.mistake(
    "You take away sigma times x in standard form, as if all that x has beyond the mean were noise. "
    "Which part of its variance is noise?"
)
def all_taken_for_noise(x, sigma, mean, std):
    return x - sigma * (x - mean) / (std**2 + sigma**2) ** 0.5


@optimal_denoiser.mistake(
    "The share has a root. Yours lands with the data's full spread, which is where denoising ends; "
    "a *best guess* is more careful."
)
def keeps_the_spread(x, sigma, mean, std):
    return mean + std / (std**2 + sigma**2) ** 0.5 * (x - mean)


@optimal_denoiser.mistake(
    "This is the noise in x, or a share of it. Asked is the clean number: what is left without the noise?"
)
def the_noise_instead(x, sigma, mean, std):
    return sigma**2 / (std**2 + sigma**2) * (x - mean)


@optimal_denoiser.mistake(
    "The best guess lies between the mean and x. Yours lies on the far side of the mean: check a sign."
)
def far_side_of_the_mean(x, sigma, mean, std):
    return mean - std**2 / (std**2 + sigma**2) * (x - mean)


@optimal_denoiser.mistake(
    "The variance of x is std² + sigma², not a difference. Data and noise are independent: what adds?"
)
def variances_subtracted(x, sigma, mean, std):
    return (std**2 * x - sigma**2 * mean) / (std**2 - sigma**2)


@optimal_denoiser.alternative("")
def mean_plus_a_share(x, sigma, mean, std):
    share = std**2 / (std**2 + sigma**2)
    return mean + share * (x - mean)


@optimal_denoiser.alternative("")
def x_plus_variance_times_score(x, sigma, mean, std):
    score = (mean - x) / (std**2 + sigma**2)
    return x + sigma**2 * score


@optimal_denoiser.alternative("")
def by_precisions(x, sigma, mean, std):
    return (x / sigma**2 + mean / std**2) / (1 / sigma**2 + 1 / std**2)
