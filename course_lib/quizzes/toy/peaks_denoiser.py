"""Quiz `peaks_denoiser` of chapter 01."""

import torch

from course_lib import toy
from course_lib.checker.quiz import Quiz


def noisy_numbers(g: torch.Generator) -> list[tuple]:
    """Two and three peaks; sigma as a number and as one for each row; batches down to one row."""
    return [
        (1.5 * torch.randn(9, generator=g), 0.7, torch.tensor([-1.0, 1.0]), 0.4),
        (2 + torch.randn(7, generator=g), 0.8, torch.tensor([1.0, 3.0]), 0.5),
        (2 * torch.randn(5, generator=g), 0.3 + torch.rand(5, generator=g), torch.tensor([-2.0, 0.5, 1.5]), 0.3),
        (1 + torch.randn(1, generator=g), 0.9, torch.tensor([0.2, 2.0]), 0.6),
        (0.3 * torch.randn(6, generator=g), torch.tensor(0.5), torch.tensor([-0.5, 0.4, 1.1]), 0.25),
    ]


peaks_denoiser = Quiz(
    toy.peaks_denoiser,
    cases=noisy_numbers,
    points=3,
    minutes=12,
    difficulty=4,
    importance=4,
    hints=(
        "Two questions for each peak: if x came from it, what is the best y? And how likely did x come from it?",
        "Noisy numbers from one peak are normal around it, with variance std² + sigma². "
        "`softmax` turns the log densities -(x - peak)² / (2 (std² + sigma²)) into probabilities.",
        "`share = torch.softmax(-((x - peaks[:, None]) ** 2) / (2 * (std**2 + sigma**2)), dim=0)`, then "
        "`(share * optimal_denoiser(x, sigma, peaks[:, None], std)).sum(dim=0)`",
    ),
)

# How likely x came from each peak
peaks_denoiser.edits(
    variance_of_the_noise_alone=(
        "(std**2 + sigma**2) -> sigma**2",
        "The probabilities use the variance of the noise alone. Noisy numbers from one peak are y plus noise: "
        "what is their variance?",
    ),
    variance_of_the_peak_alone=(
        "(std**2 + sigma**2) -> std**2",
        "The probabilities use the variance of the clean peak. x is noisy: what does the noise add?",
    ),
    standard_deviations_added=(
        "(std**2 + sigma**2) -> (std + sigma) ** 2",
        "The probabilities use (std + sigma)². Which of the two add up: standard deviations or variances?",
    ),
    standard_deviation_below=(
        "(std**2 + sigma**2) -> (std**2 + sigma**2) ** 0.5",
        "In the probabilities the squared distance is divided by a standard deviation. "
        "What does a normal density divide it by?",
    ),
    two_is_missing=(
        "(2 * (std**2 + sigma**2)) -> (std**2 + sigma**2)",
        "The squared distance is not divided by 2. How does the exponent of a normal density begin?",
    ),
    two_above=(
        "(2 * (std**2 + sigma**2)) -> ((std**2 + sigma**2) / 2)",
        "The 2 stands on the wrong side of the fraction. How does the exponent of a normal density begin?",
    ),
    farthest_peak_wins=(
        "-(distance**2) -> (distance**2)",
        "The sign in the exponent is turned round: the farther away a peak, the more likely yours finds it.",
    ),
    distance_not_squared=(
        "distance**2 -> distance.abs()",
        "The distance is not squared. Which power of the distance stands in the exponent of a normal density?",
    ),
    compares_with_the_rest_of_the_batch=(
        "sigma**2)), dim=0 -> sigma**2)), dim=1",
        "The probabilities add up to 1 over the batch, not over the peaks. Which axis do the peaks have?",
    ),
    not_normalised=(
        "torch.softmax(-(distance**2) / (2 * (std**2 + sigma**2)), dim=0) "
        "-> torch.exp(-(distance**2) / (2 * (std**2 + sigma**2)))",
        "The weights do not add up to 1. What do you divide densities by to make probabilities of them?",
    ),
    all_peaks_alike=(
        "share * -> 1 / len(peaks) *",
        "All peaks count the same, wherever x is. From which peak did an x close to one of them probably come?",
    ),
    nearest_peak_alone=(
        "torch.softmax(-(distance**2) / (2 * (std**2 + sigma**2)), dim=0) "
        "-> (distance.abs() == distance.abs().amin(dim=0)) * 1.0",
        "Only the nearest peak counts. In much noise x may well have come from the other: with which probability?",
    ),
    distance_of_the_prediction=(
        "x - peaks[:, None] -> optimal_denoiser(x, sigma, peaks[:, None], std) - peaks[:, None]",
        "The distance is that of the denoised number from the peak. "
        "The variance std² + sigma² belongs to the noisy number x: which distance goes with it?",
    ),
)

# What to do with the probabilities
peaks_denoiser.edits(
    peaks_themselves=(
        "optimal_denoiser(x, sigma, peaks[:, None], std) -> peaks[:, None]",
        "The middles of the peaks are averaged. A peak has a width of its own: "
        "which of its numbers is the best prediction, given x?",
    ),
    noisy_number_itself=(
        "optimal_denoiser(x, sigma, peaks[:, None], std) -> x",
        "x comes back, noise and all. What is the best prediction if x came from a certain peak?",
    ),
    not_summed=(
        ".sum(dim=0) ->",
        "One number for each peak and each x comes back, (K, B). How do you average over the peaks?",
    ),
    averaged_once_more=(
        ".sum(dim=0) -> .mean(dim=0)",
        "The result is K times too small. The probabilities add up to 1 already: what is left to do?",
    ),
    other_peaks_probability=(
        "(share * -> ((1 - share) *",
        "Each peak's answer is multiplied by the probability that x came from another one.",
    ),
)


@peaks_denoiser.mistake(
    "This is one wide bell in the place of the peaks. It has their mean and variance, but not their shape."
)
def one_wide_bell(x, sigma, peaks, std):
    return toy.optimal_denoiser(x, sigma, peaks.mean(), (std**2 + peaks.var(correction=0)) ** 0.5)


@peaks_denoiser.mistake("This is right for peaks at -1 and 1 only, those of the notebook. What is `peaks` for?")
def peaks_of_the_notebook(x, sigma, peaks, std):
    return toy.peaks_denoiser(x, sigma, torch.tensor([-1.0, 1.0], device=x.device), std)


@peaks_denoiser.mistake("Only the first two peaks come in. There may be more: which functions work along an axis?")
def first_two_peaks(x, sigma, peaks, std):
    return toy.peaks_denoiser(x, sigma, peaks[:2], std)


@peaks_denoiser.alternative("A loop over the peaks, with weights from `exp` that are divided by their sum.")
def one_peak_at_a_time(x, sigma, peaks, std):
    total, weights = 0, 0
    for peak in peaks:
        weight = torch.exp(-((x - peak) ** 2) / (2 * (std**2 + sigma**2)))
        total = total + weight * toy.optimal_denoiser(x, sigma, peak, std)
        weights = weights + weight
    return total / weights


@peaks_denoiser.alternative(
    "First the mean peak, given x; then one `optimal_denoiser` for it, which is linear in the mean."
)
def mean_peak_first(x, sigma, peaks, std):
    closeness = -((x[:, None] - peaks) ** 2) / (2 * torch.as_tensor(std**2 + sigma**2).reshape(-1, 1))  # (B, K)
    return toy.optimal_denoiser(x, sigma, closeness.softmax(dim=1) @ peaks, std)


@peaks_denoiser.alternative("`torch.distributions` has the log density of a normal distribution.")
def with_distributions(x, sigma, peaks, std):
    scale = torch.as_tensor(std**2 + sigma**2, device=x.device) ** 0.5
    share = torch.distributions.Normal(peaks[:, None], scale).log_prob(x).softmax(dim=0)
    return (share * toy.optimal_denoiser(x, sigma, peaks[:, None], std)).sum(dim=0)
