"""Quiz `kl_between_gaussians` of chapter 06."""

import torch
from torch.distributions import Normal, kl_divergence

from course_lib import objective
from course_lib.checker.quiz import Quiz


def gaussian_pairs(g: torch.Generator) -> list[tuple]:
    """Means and variances: all of one shape; one variance for each row, as from `q_posterior`; the same Gaussian."""

    def draw(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.randn(shape, generator=g), 0.2 + 2 * torch.rand(shape, generator=g)

    mean1, variance1 = draw(3, 4)
    mean2, variance2 = draw(3, 4)
    tall = draw(3, 1)[1]
    return [
        (mean1, variance1, mean2, variance2),
        (mean1, tall, mean2, 2 * tall),
        (mean1[0], variance1[0], mean1[0], variance1[0]),
    ]


kl_between_gaussians = Quiz(
    objective.kl_between_gaussians,
    cases=gaussian_pairs,
    points=2,
    minutes=8,
    hints=(
        "Two parts: how far the means are apart, measured in the second one's spread, "
        "and how different the spreads are.",
        "Write E over the first of log p1 - log p2. "
        "The square (x - mean2)² has the expectation variance1 + (mean1 - mean2)².",
        "(log(variance2 / variance1) + (variance1 + (mean1 - mean2)²) / variance2 - 1) / 2",
    ),
)


@kl_between_gaussians.mistake(
    "The two Gaussians have changed places, and KL is not symmetric. Over which of them is the expectation?"
)
def kl_the_other_way(mean1, variance1, mean2, variance2):
    return kl_between(mean2, variance2, mean1, variance1)


def kl_between(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1.sqrt()), Normal(mean2, variance2.sqrt()))


@kl_between_gaussians.mistake(
    "You treat the variances as standard deviations and square them. What do the arguments' names say?"
)
def kl_of_deviations(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1**2, mean2, variance2**2)


@kl_between_gaussians.mistake("KL of a Gaussian with itself should be 0. Which constant is missing?")
def kl_without_minus_one(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2)


@kl_between_gaussians.mistake(
    "KL of a Gaussian with itself should be 0, and yours is below: does the half stand in front of everything?"
)
def kl_minus_one_not_halved(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2) - 0.5


@kl_between_gaussians.mistake(
    "The 1 comes in with a plus. Put in the same Gaussian twice: with which sign does everything cancel?"
)
def kl_plus_one(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2) + 1


@kl_between_gaussians.mistake(
    "`variance1` is not divided. The expectation of (x - mean2)² has two parts: what is all of it divided by?"
)
def kl_first_variance_not_divided(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + variance1 + (mean1 - mean2) ** 2 / variance2 - 1)


@kl_between_gaussians.mistake(
    "The first Gaussian's own spread is missing beside the distance of the means. What is E (x - mean2)², over all x?"
)
def kl_without_the_first_variance(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (mean1 - mean2) ** 2 / variance2 - 1)


@kl_between_gaussians.mistake(
    "Twice too much: the logarithm of a Gaussian density has a factor in front of everything here. Which?"
)
def kl_without_half(mean1, variance1, mean2, variance2):
    return 2 * kl_between(mean1, variance1, mean2, variance2)


@kl_between_gaussians.mistake(
    "The logarithm of the variances comes in whole, the rest is halved. "
    "Which power of the variance stands in a density?"
)
def kl_log_not_halved(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2) + 0.5 * (variance2 / variance1).log()


@kl_between_gaussians.mistake("The square in the denominator is one too many: `variance2` is a square already.")
def kl_over_the_squared_variance(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2**2 - 1)


@kl_between_gaussians.mistake(
    "The logarithm does not count both spreads: where did the normalising constants of the densities go?"
)
def kl_without_log(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


@kl_between_gaussians.mistake(
    "The fraction in the logarithm is upside down. With equal means, a wider second Gaussian must not make KL negative."
)
def kl_log_upside_down(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance1 / variance2).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


@kl_between_gaussians.mistake(
    "Only the means count in yours. If the variances differ, something is left even for equal means: what?"
)
def kl_of_means_only(mean1, variance1, mean2, variance2):
    return (mean1 - mean2) ** 2 / (2 * variance2)


@kl_between_gaussians.mistake("Only the spreads count in yours. Where do the means come in?")
def kl_of_variances_only(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean1, variance2)


@kl_between_gaussians.mistake("The distance of the means comes in without its square. Where does (x - mean2)² lead?")
def kl_distance_not_squared(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2).abs()) / variance2 - 1)


@kl_between_gaussians.mistake(
    "The distance of the means is measured with the first Gaussian's variance. Whose density is it that x has to fit?"
)
def kl_measured_by_the_first(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + variance1 / variance2 + (mean1 - mean2) ** 2 / variance1 - 1)


@kl_between_gaussians.mistake(
    "That counts in bits, with the logarithm of base 2. The bound adds up nats: which logarithm is that?"
)
def kl_in_bits(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2) / torch.tensor(2.0).log()


@kl_between_gaussians.mistake(
    "You sum everything up to one number. Each element has its own KL here; who calls it decides what to average."
)
def kl_summed(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2).sum()


@kl_between_gaussians.alternative("")
def kl_by_torch(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1**0.5), Normal(mean2, variance2**0.5))


@kl_between_gaussians.alternative("")
def kl_from_log_variances(mean1, variance1, mean2, variance2):
    a, b = variance1.log(), variance2.log()
    return 0.5 * (-1.0 + b - a + torch.exp(a - b) + (mean1 - mean2) ** 2 * torch.exp(-b))


@kl_between_gaussians.alternative("")
def cross_entropy_minus_entropy(mean1, variance1, mean2, variance2):
    cross = 0.5 * (2 * torch.pi * variance2).log() + (variance1 + (mean1 - mean2).square()) / (2 * variance2)
    return cross - 0.5 * (2 * torch.pi * torch.e * variance1).log()
