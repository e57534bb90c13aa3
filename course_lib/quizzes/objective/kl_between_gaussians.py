"""Quiz `kl_between_gaussians` of chapter 06."""

import torch
from torch.distributions import Normal, kl_divergence

from course_lib import objective
from course_lib.checker.quiz import Quiz


def gaussian_pairs(g: torch.Generator) -> list[tuple]:
    """Means and variances: of one shape; one variance for each row, as from `q_posterior`; as small as there at t = 1.

    The last is twice the same Gaussian, the one before it is a pair of single numbers.
    """

    def draw(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.randn(shape, generator=g), 0.2 + 2 * torch.rand(shape, generator=g)

    mean1, variance1 = draw(3, 4)
    mean2, variance2 = draw(3, 4)
    tall = draw(3, 1)[1]
    return [
        (mean1, variance1, mean2, variance2),
        (mean1, tall, mean2, 2 * tall),
        (0.01 * mean1, 1e-4 * variance1, 0.01 * mean2, 1e-4 * variance2),
        (mean1[0, 0], variance1[0, 0], mean2[0, 0], variance2[0, 0]),
        (mean1, variance1, mean1, variance1),
    ]


kl_between_gaussians = Quiz(
    objective.kl_between_gaussians,
    cases=gaussian_pairs,
    points=2,
    minutes=10,
    difficulty=3,
    importance=4,
    hints=(
        "Two parts: how far the means are apart, measured in the second one's standard deviation, "
        "and how different the variances are.",
        "Write E over the first of log p1 - log p2. "
        "The square (x - mean2)² has the expectation variance1 + (mean1 - mean2)².",
        "(log(variance2 / variance1) + (variance1 + (mean1 - mean2)²) / variance2 - 1) / 2",
    ),
)

# What the arguments are
kl_between_gaussians.edits(
    kl_the_other_way=(
        "return -> variance1, variance2 = variance2, variance1; return",
        "The two Gaussians have changed places, and KL is not symmetric. Over which of them is the expectation?",
    ),
    kl_of_deviations=(
        "return -> variance1, variance2 = variance1**2, variance2**2; return",
        "The variances are taken for standard deviations and squared. What do the arguments' names say?",
    ),
    kl_of_log_variances=(
        "return -> variance1, variance2 = variance1.exp(), variance2.exp(); return",
        "The variances are taken for logarithms, as in `normal_kl` of guided-diffusion. Here they come as they are.",
    ),
    kl_of_floored_variances=(
        "return -> variance1, variance2 = variance1.clamp(min=0.01), variance2.clamp(min=0.01); return",
        "Wrong where a variance is below 0.01, as if it were 0.01. Late steps of a chain have far smaller ones.",
    ),
    kl_to_the_standard_normal=(
        "return -> mean2, variance2 = torch.zeros_like(mean1), torch.ones_like(variance1); return",
        "This compares the first Gaussian with N(0, 1), as the loss of a VAE does. Where does the second one come in?",
    ),
)

# The constants
kl_between_gaussians.edits(
    kl_without_minus_one=("- 1) -> )", "KL of a Gaussian with itself should be 0. Which constant is missing?"),
    kl_minus_one_not_halved=(
        "- 1) -> ) - 1",
        "KL of a Gaussian with itself should be 0, and here it is below: does the half stand in front of everything?",
    ),
    kl_plus_one=(
        "- 1) -> + 1)",
        "KL of a Gaussian with itself comes out above 0. With which constant does everything cancel?",
    ),
    kl_without_half=(
        "0.5 * ->",
        "Twice too much. Which factor stands in front of all this in the logarithm of a Gaussian density?",
    ),
    kl_in_bits=(
        "0.5 * -> 0.5 / math.log(2) *",
        "That counts in bits, with the logarithm of base 2. The bound adds up nats: which logarithm is that?",
    ),
    kl_log_in_bits=(
        ".log() -> .log2()",
        "Only one of the terms counts in bits: its logarithm has the base 2. Nats need the natural one.",
    ),
)

# The logarithm
kl_between_gaussians.edits(
    kl_log_not_halved=(
        "0.5 * ((variance2 / variance1).log() + -> (variance2 / variance1).log() + 0.5 * (",
        "The logarithm of the variances comes in whole, the rest is halved. "
        "Which power of the variance stands in a density?",
    ),
    kl_log_halved_twice=(
        "(variance2 / variance1).log() -> (variance2 / variance1).log() / 2",
        "The logarithm is halved twice. With standard deviations in it, the 1/2 in front is used up already.",
    ),
    kl_log_upside_down=(
        "variance2 / variance1 -> variance1 / variance2",
        "The fraction in the logarithm is upside down. "
        "With equal means, a wider second Gaussian must not make KL negative.",
    ),
    kl_without_log=(
        "(variance2 / variance1).log() + ->",
        "The logarithm of the two variances is missing: where did the normalising constants of the densities go?",
    ),
    kl_without_its_logarithm=(
        "(variance2 / variance1).log() + -> variance2 / variance1 +",
        "The ratio of the variances comes in as it is. Here everything is a difference of logarithms.",
    ),
    cross_entropy=(
        "(variance2 / variance1).log() -> (2 * math.pi * variance2).log()",
        "- 1) -> )",
        "That is the cross-entropy, the expectation of -log p2. KL is what is left after the entropy of the first.",
    ),
)

# The square
kl_between_gaussians.edits(
    kl_first_variance_not_divided=(
        "(variance1 + (mean1 - mean2) ** 2) / variance2 -> variance1 + (mean1 - mean2) ** 2 / variance2",
        "`variance1` is not divided. The expectation of (x - mean2)² has two parts: what is all of it divided by?",
    ),
    kl_distance_not_divided=(
        "(variance1 + (mean1 - mean2) ** 2) / variance2 -> variance1 / variance2 + (mean1 - mean2) ** 2",
        "The distance of the means is not divided. It has to be measured in the variance of one of the two: which?",
    ),
    kl_without_the_first_variance=(
        "(variance1 + (mean1 - mean2) ** 2) -> (mean1 - mean2) ** 2",
        "The first Gaussian's own variance is missing beside the distance of the means. "
        "What is E (x - mean2)², over all x?",
    ),
    kl_square_not_halved=(
        "+ (variance1 + -> + 2 * (variance1 +",
        "The square comes in whole, the rest is halved. What stands in front of (x - mean)² in a density?",
    ),
    kl_all_over_the_first=(
        "variance2 - 1 -> variance1 - 1",
        "The square is divided by the first variance. It comes from the density of the second Gaussian.",
    ),
    kl_over_the_squared_variance=(
        "variance2 - 1 -> variance2**2 - 1",
        "The square in the denominator is one too many: `variance2` is a square already.",
    ),
    kl_over_the_deviation=(
        "variance2 - 1 -> variance2.sqrt() - 1",
        "A square is divided by a standard deviation. Which power of it does a density have in its exponent?",
    ),
    kl_of_means_only=(
        "((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1) -> "
        "(mean1 - mean2) ** 2 / variance2",
        "Only the distance of the means counts here. "
        "If the variances differ, something is left even for equal means: what?",
    ),
    kl_of_variances_only=(
        "(variance1 + (mean1 - mean2) ** 2) -> variance1",
        "Only the variances count here. Where do the means come in?",
    ),
    kl_distance_not_squared=(
        "(mean1 - mean2) ** 2 -> (mean1 - mean2).abs()",
        "The distance of the means comes in without its square. Where does (x - mean2)² lead?",
    ),
    kl_signed_distance=(
        "(mean1 - mean2) ** 2 -> (mean1 - mean2)",
        "The means come in with a sign: which of them is larger should not matter. What takes the sign away?",
    ),
    kl_sum_of_means=(
        "mean1 - mean2 -> mean1 + mean2",
        "The means are added. KL depends only on how far they are apart.",
    ),
    kl_measured_by_the_first=(
        "(mean1 - mean2) ** 2 -> (mean1 - mean2) ** 2 * variance2 / variance1",
        "The distance of the means is measured with the first Gaussian's variance. "
        "Whose density is it that x has to fit?",
    ),
    kl_summed=(
        "- 1) -> - 1).sum()",
        "Everything is summed up to one number. Each element has its own KL here; the caller decides what to average.",
    ),
    kl_averaged=(
        "- 1) -> - 1).mean()",
        "One number comes back, the mean. Each element has its own KL, and the result the shape of the arguments.",
    ),
)


@kl_between_gaussians.mistake(
    "That is the mean of both directions, which is symmetric. KL has only one: over which Gaussian is the expectation?"
)
def kl_of_both_directions(mean1, variance1, mean2, variance2):
    one, other = Normal(mean1, variance1.sqrt()), Normal(mean2, variance2.sqrt())
    return (kl_divergence(one, other) + kl_divergence(other, one)) / 2


@kl_between_gaussians.alternative("torch has it; it asks for standard deviations.")
def kl_by_torch(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1**0.5), Normal(mean2, variance2**0.5))


@kl_between_gaussians.alternative("From the logarithms of the variances, as networks that predict them give them.")
def kl_from_log_variances(mean1, variance1, mean2, variance2):
    a, b = variance1.log(), variance2.log()
    return 0.5 * (-1.0 + b - a + torch.exp(a - b) + (mean1 - mean2) ** 2 * torch.exp(-b))


@kl_between_gaussians.alternative("Cross-entropy of the two, minus the entropy of the first.")
def cross_entropy_minus_entropy(mean1, variance1, mean2, variance2):
    cross = 0.5 * (2 * torch.pi * variance2).log() + (variance1 + (mean1 - mean2).square()) / (2 * variance2)
    return cross - 0.5 * (2 * torch.pi * torch.e * variance1).log()
