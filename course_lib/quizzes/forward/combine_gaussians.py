"""Quiz `combine_gaussians` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz


def witnesses(g: torch.Generator) -> list[tuple]:
    """Pairs of bells: of one shape; one variance for each row; tiny variances; one certain witness, or the other."""

    def draw(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
        return 2 * torch.randn(shape, generator=g), 0.2 + 2 * torch.rand(shape, generator=g)

    mean1, variance1 = draw(3, 4)
    mean2, variance2 = draw(3, 4)
    tall, certain = draw(3, 1)[1], torch.tensor([[0.0], [1.0], [1.0]])
    return [
        (mean1, variance1, mean2, variance2),
        (mean1, tall, mean2, 3 * tall.flip(0)),
        (0.01 * mean1, 1e-4 * variance1, 0.01 * mean2, 1e-4 * variance2),
        (mean1[0, 0], variance1[0, 0], mean2[0, 0], variance2[0, 0]),
        (mean1, certain * tall, mean2, tall.flip(0)),
        (mean1, tall, mean2, certain * tall.flip(0)),
    ]


combine_gaussians = Quiz(
    forward.combine_gaussians,
    cases=witnesses,
    points=3,
    minutes=10,
    difficulty=3,
    importance=4,
    returns=("mean", "variance"),
    hints=(
        "Who is more certain gets more weight. "
        "What is the answer if both witnesses are equally certain, and what if one has variance 0?",
        "Precisions, 1 / variance, add up. "
        "Divide by no variance alone: multiply the fraction by both variances, and 0 does no harm.",
        "mean = (variance2 mean1 + variance1 mean2) / (variance1 + variance2), "
        "variance = variance1 variance2 / (variance1 + variance2)",
    ),
)

# Both results
combine_gaussians.edits(
    returned_in_the_wrong_order=(
        "return ( -> return ((",
        "variance1 * variance2 / total -> variance1 * variance2 / total)[::-1]",
        "Mean and variance are returned in the wrong order.",
    ),
    mean_alone=(
        ", variance1 * variance2 / total -> ",
        "Only the mean comes back. Return two things: `return mean, variance`.",
    ),
    sum_of_independent_numbers=(
        "(variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total -> mean1 + mean2, total",
        "That is the sum of two random numbers. Here two witnesses speak of the same number.",
    ),
    deviations_for_variances=(
        "total = variance1 + variance2 -> variance1, variance2 = variance1.sqrt(), variance2.sqrt(); "
        "total = variance1 + variance2",
        "Standard deviations are weighed. The exponents of two bells are added, and variances stand in them.",
    ),
    variances_squared=(
        "total = variance1 + variance2 -> variance1, variance2 = variance1**2, variance2**2; "
        "total = variance1 + variance2",
        "The arguments are taken for standard deviations and squared. Their names say what they are.",
    ),
    first_witness_alone=(
        "(variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total -> "
        "mean1 + 0 * mean2, variance1 + 0 * variance2",
        "Only the first witness is heard. The second one moves the mean and narrows the bell.",
    ),
    second_witness_alone=(
        "(variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total -> "
        "mean2 + 0 * mean1, variance2 + 0 * variance1",
        "Only the second witness is heard. The first one moves the mean and narrows the bell.",
    ),
)

combine_gaussians.edits(
    average_of_two_measurements=(
        "(variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total -> "
        "(mean1 + mean2) / 2, total / 4",
        "That is the plain average of two numbers, and its variance. Weigh them: the more certain witness counts more.",
    ),
)

combine_gaussians.edits(
    mixture_of_both=(
        "(variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total -> "
        "(mean1 + mean2) / 2, total / 2 + (mean1 - mean2) ** 2 / 4",
        "These are mean and variance of a mixture, where a number comes from one bell or from the other. "
        "Here the bells are multiplied.",
    ),
)

# The mean
combine_gaussians.edits(
    weights_swapped=(
        "variance2 * mean1 + variance1 * mean2 -> variance1 * mean1 + variance2 * mean2",
        "The less certain witness has the larger say: each mean is weighted by its own variance. "
        "Which weight has a witness of variance 0?",
    ),
    plain_average=(
        "(variance2 * mean1 + variance1 * mean2) / total -> (mean1 + mean2) / 2",
        "The mean is half way between the two, whatever the variances are. A witness with variance 0 knows the answer.",
    ),
    weights_of_deviations=(
        "(variance2 * mean1 + variance1 * mean2) / total -> (variance2.sqrt() * mean1 + variance1.sqrt() * mean2)"
        " / (variance1.sqrt() + variance2.sqrt())",
        "The means are weighted by standard deviations. In the exponent of a bell stands the variance.",
    ),
    mean_not_divided=(
        "(variance2 * mean1 + variance1 * mean2) / total -> variance2 * mean1 + variance1 * mean2",
        "The two weights do not add up to 1: the mean of two equal means has to be that mean. "
        "What are the weights divided by?",
    ),
    precisions_not_divided=(
        "(variance2 * mean1 + variance1 * mean2) / total -> mean1 / variance1 + mean2 / variance2",
        "Each mean is divided by its variance, but these weights do not add up to 1. What is their sum?",
    ),
    brackets_missing_in_the_mean=(
        "(variance2 * mean1 + variance1 * mean2) / total -> variance2 * mean1 + variance1 * mean2 / total",
        "Only the second term is divided: Python divides before it adds. Where do brackets belong?",
    ),
    means_subtracted=(
        "mean1 + variance1 * mean2 -> mean1 - variance1 * mean2",
        "One mean is subtracted from the other. Two equal means have to give that mean.",
    ),
    more_certain_wins=(
        "(variance2 * mean1 + variance1 * mean2) / total -> torch.where(variance1 < variance2, mean1, mean2)",
        "The more certain witness gets all the say. The other one knows something, too: weigh them.",
    ),
)

# The variance
combine_gaussians.edits(
    variance_is_the_sum=(
        "variance1 * variance2 / total -> total",
        "Two witnesses leave more doubt than either alone: these variances are added. "
        "Which numbers add up when bells are multiplied?",
    ),
    variance_is_the_average=(
        "variance1 * variance2 / total -> total / 2",
        "The variance is the average of the two. A second witness never widens the better bell: which numbers add up?",
    ),
    variance_is_the_product=(
        "variance1 * variance2 / total -> variance1 * variance2",
        "The variance is the product of the two. In tiny units this would be far too small: what is it divided by?",
    ),
    variance_over_a_root_of_squares=(
        "variance1 * variance2 / total -> variance1 * variance2 / (variance1**2 + variance2**2) ** 0.5",
        "The product of the variances is divided by the root of the sum of their squares. "
        "The precisions add up without squares: what does that give?",
    ),
    precision_returned=(
        "variance1 * variance2 / total -> total / (variance1 * variance2)",
        "The second result is the precision, 1 / variance. The variance is asked.",
    ),
    standard_deviation=(
        "variance1 * variance2 / total -> (variance1 * variance2 / total).sqrt()",
        "The second result is the standard deviation. The variance is asked, without the root.",
    ),
    variance_is_the_smaller=(
        "variance1 * variance2 / total -> torch.minimum(variance1, variance2)",
        "The variance is that of the better witness. The other one narrows the bell further, if only a little.",
    ),
    variance_doubled=(
        "variance1 * variance2 / total -> 2 * variance1 * variance2 / total",
        "The variance is twice too large, as if the mean precision were taken. Precisions add up.",
    ),
    variance_of_a_mixture=(
        "variance1 * variance2 / total -> variance1 * variance2 / total + (mean1 - mean2) ** 2 / 4",
        "The variance grows as the means move apart. In a product of bells the means move only the middle.",
    ),
    variance_of_the_weighted_sum=(
        "variance1 * variance2 / total -> (variance1**2 + variance2**2) / total**2",
        "The second result is a sum of squared weights. The variance has the units of a variance: "
        "which numbers add up when bells are multiplied?",
    ),
)


@combine_gaussians.mistake(
    "Right, but where a variance is 0 its precision is infinite, and infinity times 0 is not a number. "
    "Multiply the fraction by both variances."
)
def precisions_of_a_certain_witness(mean1, variance1, mean2, variance2):
    precision1, precision2 = 1 / variance1, 1 / variance2
    variance = 1 / (precision1 + precision2)
    return (precision1 * mean1 + precision2 * mean2) * variance, variance


@combine_gaussians.mistake(
    "Right, but where a variance is 0 its witness is not heard, though it is certain. "
    "Multiply the fraction by both variances, and 0 does no harm."
)
def certain_witness_unheard(mean1, variance1, mean2, variance2):
    precision1, precision2 = (torch.where(v > 0, 1 / v, 0.0) for v in (variance1, variance2))
    variance = 1 / (precision1 + precision2)
    return (precision1 * mean1 + precision2 * mean2) * variance, variance


@combine_gaussians.mistake(
    "A small number is added to the variances, so that none is 0. Bells as narrow as 0.01 come out too wide: "
    "find a form that divides by no variance alone."
)
def padded_variances(mean1, variance1, mean2, variance2):
    precision1, precision2 = 1 / (variance1 + 1e-4), 1 / (variance2 + 1e-4)
    variance = 1 / (precision1 + precision2)
    return (precision1 * mean1 + precision2 * mean2) * variance, variance


@combine_gaussians.alternative("The Kalman filter's form: start at the first mean and go a part of the way.")
def as_a_kalman_filter(mean1, variance1, mean2, variance2):
    gain = variance1 / (variance1 + variance2)
    return mean1 + gain * (mean2 - mean1), (1 - gain) * variance1


@combine_gaussians.alternative("One weight, and `lerp`'s formula written out.")
def with_one_weight(mean1, variance1, mean2, variance2):
    say1 = variance2 / (variance1 + variance2)
    return [say1 * mean1 + (1 - say1) * mean2, say1 * variance1]


@combine_gaussians.alternative("With precisions, and a certain witness is taken out of the division.")
def with_precisions(mean1, variance1, mean2, variance2):
    tiny = torch.finfo(variance1.dtype).tiny ** 0.5
    precision1, precision2 = (1 / v.double().clamp(min=tiny) for v in (variance1, variance2))
    mean = (precision1 * mean1 + precision2 * mean2) / (precision1 + precision2)
    return mean.float(), (1 / (precision1 + precision2)).float()
