"""Quiz `optimal_denoiser` of chapter 01."""

import torch

from course_lib import toy
from course_lib.checker.quiz import Quiz


def noisy_numbers(g: torch.Generator) -> list[tuple]:
    """Little noise, much noise and about as much as the data vary; sigma as a number and as one for each row.

    The last has the notebook's data: something small that is added to the variances shows there.
    """
    return [
        (2 + torch.randn(9, generator=g), 0.7, 2.0, 0.4),
        (-1 + 3 * torch.randn(6, generator=g), 3.0, -1.0, 0.5),
        (1 + torch.randn(5, generator=g), 0.1 + torch.rand(5, generator=g), 1.5, 0.8),
        (3 + torch.randn(7, generator=g), 0.2, 3.0, 1.3),
        (3 + torch.randn(4, 2, generator=g), torch.tensor(0.9), 0.5, 1.2),
        (1 + 0.01 * torch.randn(6, generator=g), 0.005, 1.0, 0.01),
    ]


optimal_denoiser = Quiz(
    toy.optimal_denoiser,
    cases=noisy_numbers,
    points=2,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "Two sources tell you about y: x, which is off by about sigma, and the mean, which is off by about std. "
        "Which do you trust more?",
        "A weighted average of x and the mean. Each is weighted by the *other's* variance, "
        "so that what is uncertain counts little.",
        "(std² x + sigma² mean) / (std² + sigma²)",
    ),
)

optimal_denoiser.edits(
    weights_swapped=(
        "std**2 * x + sigma**2 * mean -> sigma**2 * x + std**2 * mean",
        "The weights are swapped. In a lot of noise yours trusts x: which of the two should it trust then?",
    ),
    without_squares_above=(
        "std**2 * x + sigma**2 * mean -> std * x + sigma * mean",
        "The weights above are std and sigma, those below are their squares. In an average, above and below agree.",
    ),
    without_squares_below=(
        "(std**2 + sigma**2) -> (std + sigma)",
        "It is divided by std + sigma, but the two weights above are squares. What is the sum of the weights?",
    ),
    root_below=(
        "/ (std**2 + sigma**2) -> / (std**2 + sigma**2) ** 0.5",
        "The weights do not add up to 1: what is below has a root. What are the two weights divided by in an average?",
    ),
    not_divided=(
        "/ (std**2 + sigma**2) ->",
        "Not divided: two weights make an average only when they add up to 1.",
    ),
    sum_squared=(
        "(std**2 + sigma**2) -> (std + sigma) ** 2",
        "It is divided by the square of the sum. Variances of independent things add, standard deviations do not.",
    ),
    pulled_to_zero=(
        "+ sigma**2 * mean ->",
        "The prediction is pulled towards 0. The clean numbers lie around `mean`: where does it come in?",
    ),
    without_x=(
        "std**2 * x + ->",
        "x does not come in, only the mean with its weight. What does x say about y?",
    ),
    mean_subtracted=(
        "x + sigma -> x - sigma",
        "The mean comes in with the wrong sign. In an average of x and the mean both are added.",
    ),
    variances_subtracted=(
        "x + sigma -> x - sigma",
        "(std**2 + sigma -> (std**2 - sigma",
        "The variance of x is std² + sigma², not a difference. Data and noise are independent: what adds?",
    ),
    variances_subtracted_below=(
        "(std**2 + sigma -> (std**2 - sigma",
        "It is divided by the difference of the two variances. What do the two weights add up to?",
    ),
    precisions_not_divided=(
        "(std**2 * x + sigma**2 * mean) / (std**2 + sigma**2) -> x / sigma**2 + mean / std**2",
        "Each is weighted by how sure it is, 1 over its variance: so far so good. What do these two weights add up to?",
    ),
    drawn=(
        "/ (std**2 + sigma**2) "
        "-> / (std**2 + sigma**2) + std * sigma / (std**2 + sigma**2) ** 0.5 * torch.randn_like(x)",
        "That is a random draw from all y that could have led to this x. Return the best single prediction, without "
        "drawing anything.",
    ),
    hundred_thousandth_below=(
        "(std**2 + sigma**2) -> (std**2 + sigma**2 + 1e-5)",
        "0.00001 is added to the variances below. The notebook's data have a variance of 0.0001, "
        "so that shows, and nothing divides by 0 here.",
    ),
    millionth_below=(
        "(std**2 + sigma**2) -> (std**2 + sigma**2 + 1e-6)",
        "A millionth is added to the variances below: with data as narrow as the notebook's it shows. "
        "Can std² + sigma² be 0?",
    ),
    spread_of_the_notebook=(
        "(std**2 * x + sigma**2 * mean) / (std**2 + sigma**2) "
        "-> (0.01**2 * x + sigma**2 * mean) / (0.01**2 + sigma**2)",
        "It is right for data with a standard deviation of 0.01 only, those of the notebook. What is `std` for?",
    ),
    data_of_the_notebook=(
        "(std**2 * x + sigma**2 * mean) / (std**2 + sigma**2) -> (0.01**2 * x + sigma**2) / (0.01**2 + sigma**2)",
        "It is right for the notebook's data only, with mean 1 and std 0.01. Which arguments describe the data?",
    ),
)


def share_kept(std, sigma):
    return std**2 / (std**2 + sigma**2)


def nothing(x, mean):
    return 0 * x


def x_itself(x, mean):
    return x


def line(x, sigma, mean, std, *, start=lambda x, mean: mean, share=share_kept, way=lambda x, mean: x - mean):
    """A point on the line through x and the mean: from a start so large a share of the way."""
    return start(x, mean) + share(std, sigma) * way(x, mean)


optimal_denoiser.variants(
    line,
    share_of_x_itself=(
        {"way": x_itself},
        "The mean is added to a share of x itself. The share belongs to what x has beyond the mean.",
    ),
    mean_not_added_back=(
        {"start": nothing},
        "That is how far the prediction lies from the mean. From where do you have to go that far?",
    ),
    without_squares=(
        {"share": lambda std, sigma: std / (std + sigma)},
        "The weights are std and sigma. Variances of independent numbers add, standard deviations do not: "
        "what is missing?",
    ),
    sigma_not_squared=(
        {"share": lambda std, sigma: std**2 / (std**2 + sigma)},
        "sigma stands where its square belongs: a standard deviation beside the variance std². Which of them add?",
    ),
    std_not_squared=(
        {"share": lambda std, sigma: std / (std + sigma**2)},
        "std stands where its square belongs: a standard deviation beside the variance sigma². What is a variance?",
    ),
    x_as_it_came=(
        {"start": x_itself, "share": lambda std, sigma: 0},
        "That is x as it came, noise and all. What do you know about y besides x?",
    ),
    always_the_mean=(
        {"share": lambda std, sigma: 0},
        "Always the mean: that is right only if the noise is infinitely strong. What does x tell you in little noise?",
    ),
    plain_average=(
        {"share": lambda std, sigma: 0.5},
        "The plain average of x and the mean. That fits only where sigma equals std: what weighs them?",
    ),
    all_or_nothing=(
        {"share": lambda std, sigma: 1.0 * (torch.as_tensor(sigma) <= std)},
        "It is x where sigma is below std, and the mean above. Near that border both know something: "
        "how do you use both?",
    ),
    share_falls_straight=(
        {"share": lambda std, sigma: 1 - sigma / std},
        "The share of x falls as 1 - sigma / std, and beyond std it is negative. Which share stays between 0 and 1?",
    ),
    keeps_the_spread=(
        {"share": lambda std, sigma: std / (std**2 + sigma**2) ** 0.5},
        "The share has a root: yours lands with the data's full standard deviation. "
        "The best prediction stays closer to the mean, so which power of the share is it?",
    ),
    share_of_the_squared_sum=(
        {"share": lambda std, sigma: std**2 / (std + sigma) ** 2},
        "The share of x is std² / (std + sigma)². Variances of independent things add up to the variance of x: "
        "is that what stands below?",
    ),
    share_of_the_ratio=(
        {"share": lambda std, sigma: std**2 / sigma**2},
        "The share of x is std² / sigma², which has no upper end. Which part of the variance of x comes from the data?",
    ),
    spread_of_one=(
        {"share": lambda std, sigma: 1 / (1 + sigma**2)},
        "The share of x is that of data with a standard deviation of 1. Where does `std` come in?",
    ),
    the_noise_instead=(
        {"start": nothing, "share": lambda std, sigma: sigma**2 / (std**2 + sigma**2)},
        "This is the best prediction of the noise in x. Return the clean number: what is left without the noise?",
    ),
    the_noise_of_size_one=(
        {"start": nothing, "share": lambda std, sigma: sigma / (std**2 + sigma**2)},
        "This is the best prediction of z in x = y + sigma z. Return that of y: how do you get from z to y?",
    ),
    the_score=(
        {"start": nothing, "share": lambda std, sigma: -1 / (std**2 + sigma**2)},
        "This is the score, the slope of the log density at x. One more step leads to the best prediction of y.",
    ),
    score_times_sigma=(
        {"start": x_itself, "share": lambda std, sigma: -sigma / (std**2 + sigma**2)},
        "It is x plus sigma times the score. In Tweedie's formula sigma has another power: which has the right unit?",
    ),
    score_of_the_data=(
        {"start": x_itself, "share": lambda std, sigma: -(sigma**2) / std**2},
        "It is x plus sigma² times the score of the *clean* data. x is noisy: how wide is its own distribution?",
    ),
    away_from_the_mean=(
        {"start": x_itself, "share": lambda std, sigma: sigma**2 / (std**2 + sigma**2)},
        "The best prediction lies between the mean and x. Yours is pushed away from the mean, beyond x: check a sign.",
    ),
    all_taken_for_noise=(
        {"start": x_itself, "share": lambda std, sigma: -sigma / (std**2 + sigma**2) ** 0.5},
        "What is taken from x is sigma times x in standard form, as if all that x has beyond the mean were noise. "
        "Which part of its variance is noise?",
    ),
    far_side_of_the_mean=(
        {"way": lambda x, mean: mean - x},
        "The best prediction lies between the mean and x. Yours lies on the far side of the mean: check a sign.",
    ),
    mean_of_the_batch=(
        {"start": lambda x, mean: x.mean(), "way": lambda x, mean: x - x.mean()},
        "The mean of x takes the place of `mean`. A batch may be small, or a single number: the data's mean is given.",
    ),
)


@optimal_denoiser.mistake(
    "All rows are treated as if they had the sigma of the first one. Where sigma is a tensor, each row has its own."
)
def first_sigma_for_all(x, sigma, mean, std):
    return toy.optimal_denoiser(x, torch.as_tensor(sigma).flatten()[0], mean, std)


@optimal_denoiser.alternative(
    "From the mean towards x, by the share of the variance that the data have: a Kalman gain."
)
def mean_plus_a_share(x, sigma, mean, std):
    share = std**2 / (std**2 + sigma**2)
    return mean + share * (x - mean)


@optimal_denoiser.alternative("Tweedie's formula: x plus sigma² times the score of the noisy numbers (chapter 02).")
def x_plus_variance_times_score(x, sigma, mean, std):
    score = (mean - x) / (std**2 + sigma**2)
    return x + sigma**2 * score


@optimal_denoiser.alternative("Each counts by its own precision, 1 over its variance, divided by their sum.")
def by_precisions(x, sigma, mean, std):
    return (x / sigma**2 + mean / std**2) / (1 / sigma**2 + 1 / std**2)
