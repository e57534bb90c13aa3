"""Quiz `mixture_log_prob` of chapter 02."""

import math

import torch

from course_lib import mixtures
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.mixtures.shared import scattered_points

mixture_log_prob = Quiz(
    mixtures.mixture_log_prob,
    cases=scattered_points,
    points=3,
    minutes=12,
    difficulty=3,
    importance=3,
    hints=(
        "First one number for each point and each component, (B, K). `x[:, None] - means` has shape (B, K, d).",
        "The density is a sum of products: each weight times a Gaussian. Far away every exp is 0, "
        "so stay with logs: `torch.logsumexp` adds what lies behind them.",
        "logsumexp over k of log weights_k - |x - means_k|² / (2 std²) - d/2 log(2 pi std²)",
    ),
)

# The factor in front of exp
mixture_log_prob.edits(
    no_normaliser=(
        "- normaliser ->",
        "The factor in front of each exp is missing: your density does not add up to 1. "
        "What makes a Gaussian a density?",
    ),
    normaliser_of_one_dimension=(
        "x.shape[1] / 2 -> 0.5",
        "The factor in front of exp is that of a line: 1 / sqrt(2 pi std²) comes once per dimension. How many has x?",
    ),
    normaliser_of_the_plane=(
        "x.shape[1] / 2 * math -> math",
        "The factor in front of exp is that of the plane, whatever d is. What is it for d dimensions?",
    ),
    normaliser_of_components=(
        "x.shape[1] / 2 -> len(means) / 2",
        "The factor in front of exp comes once per *component* in yours, because its power is K / 2. "
        "What does d count?",
    ),
    normaliser_of_points=(
        "x.shape[1] / 2 -> x.shape[0] / 2",
        "The power of the factor in front of exp is half the number of *points*. Which axis of x has its dimensions?",
    ),
    normaliser_without_root=(
        "x.shape[1] / 2 -> x.shape[1]",
        "The factor in front of exp is 2 pi std² to the power d below. Which root is missing?",
    ),
    normaliser_upside_down=(
        "- normaliser -> + normaliser",
        "The factor in front of exp makes narrow bumps low: it is upside down. A narrow bump has to be high: "
        "which sign has its log?",
    ),
    std_in_the_normaliser=(
        "math.pi * std**2 -> math.pi * std",
        "The factor in front of exp has std in place of the variance. Which of them is under its root?",
    ),
    std_once_in_the_normaliser=(
        "x.shape[1] / 2 * math.log(2 * math.pi * std**2) -> x.shape[1] / 2 * math.log(2 * math.pi) + math.log(std)",
        "log(2 pi) comes in once per dimension, and log(std) once in all. How wide is the bump in each direction?",
    ),
    normaliser_without_pi=(
        "2 * math.pi * std**2 -> std**2",
        "The factor in front of exp lacks its 2 pi. Which area has a plain exp(-x²/2), without any factor?",
    ),
    normaliser_without_2=(
        "2 * math.pi * std**2 -> math.pi * std**2",
        "The factor in front of exp has pi without its 2. Which area has a plain exp(-x²/2)?",
    ),
    normaliser_without_std=(
        "math.pi * std**2 -> math.pi",
        "The factor in front of exp does not depend on std. Which is higher, a narrow bump or a wide one?",
    ),
    normaliser_in_base_10=(
        "math.log(2 -> math.log10(2",
        "The log of the factor in front has base 10, and the rest is natural. Which log undoes exp?",
    ),
)

# The exponent
mixture_log_prob.edits(
    exponent_positive=(
        "- square -> + square",
        "The exponent is positive, so the density grows without end away from the modes. Which sign has it?",
    ),
    std_for_variance=(
        "math.pi * std**2 -> math.pi * std",
        "(2 * std**2) -> (2 * std)",
        "`std` stands where a Gaussian has its variance. Which of the two divides a squared distance?",
    ),
    variance_for_std=(
        "math.pi * std**2 -> math.pi * std**4",
        "(2 * std**2) -> (2 * std**4)",
        "The variance stands where a Gaussian has its standard deviation. Is the argument squared twice, "
        "or does `Normal` do it once more?",
    ),
    std_in_the_exponent=(
        "(2 * std**2) -> (2 * std)",
        "In the exponent the squared distance is divided by std. Which unit has a square?",
    ),
    exponent_without_half=(
        "(2 * std**2) -> std**2",
        "Your bumps fall off too fast: something small is missing under the squared distance. What?",
    ),
    exponent_without_std=(
        "/ (2 * std**2) -> / 2",
        "The bumps are as wide as if std were 1. What makes a bump narrow?",
    ),
    distance_not_squared=(
        ".sum(dim=2) -> .sum(dim=2).sqrt()",
        "The exponent has the distance itself: that is a tent with a tip, not a bell. "
        "What does a Gaussian do to the distance?",
    ),
    mean_over_dimensions=(
        ".sum(dim=2) -> .mean(dim=2)",
        "The squared differences are averaged over the dimensions. What does Pythagoras do with them?",
    ),
    distance_of_sums=(
        ".square().sum(dim=2) -> .sum(dim=2).square()",
        "The differences are added up first and squared then, so they cancel. In which order do they make a distance?",
    ),
)

# The weights
mixture_log_prob.edits(
    weights_forgotten=(
        "weights.log() - -> -",
        "Every component counts fully, as if each weight were 1. Where does each weight belong?",
    ),
    equal_weights=(
        "weights.log() -> -math.log(len(means))",
        "All components count the same, as if every weight were 1 / K. What are `weights` for?",
    ),
    weights_without_log=(
        "weights.log() -> weights",
        "The weights are added to logs as they are. A weight multiplies its density: what does that become among logs?",
    ),
    weights_squared=(
        "weights.log() -> 2 * weights.log()",
        "Each weight comes in as a square, so they no longer add up to 1. How often does a weight multiply its bump?",
    ),
    weights_dividing=(
        "weights.log() -> -weights.log()",
        "The log of each weight comes in with the wrong sign: heavy components count least.",
    ),
    weights_through_softmax=(
        "weights.log() -> weights.log_softmax(dim=0)",
        "The weights have gone through a softmax, which brings them closer together. They add up to 1 as they come.",
    ),
    weights_times_logs=(
        "weights.log() - square / (2 * std**2) - normaliser -> weights * (-square / (2 * std**2) - normaliser)",
        "The weights multiply logs, which makes them powers of the densities. What does a factor become among logs?",
    ),
    mean_over_components=(
        "normaliser, dim=1) -> normaliser, dim=1) - math.log(len(means))",
        "It is the mean over the components, though the weights add up to 1 already. What is left to divide by?",
    ),
)

# From components to one number
mixture_log_prob.edits(
    logs_added=(
        "torch.logsumexp( -> torch.sum(",
        "The logs are added up, which multiplies the densities. Which function adds densities, given their logs?",
    ),
    logs_averaged=(
        "torch.logsumexp( -> torch.sum(",
        "weights.log() - square / (2 * std**2) - normaliser -> weights * (-square / (2 * std**2) - normaliser)",
        "It is the average of the logs, but the log of a sum is not the sum of the logs. "
        "Which comes first, adding or the log?",
    ),
    largest_term_only=(
        "torch.logsumexp( -> torch.amax(",
        "Only the largest term is kept. Between two bumps both count: which function adds what lies behind the logs?",
    ),
    added_over_points=(
        "dim=1 -> dim=0",
        "The terms of all points are added up, one result for each component. Over which axis do the components lie?",
    ),
    underflow=(
        "torch.logsumexp( -> (",
        "normaliser, dim=1) -> normaliser).exp().sum(dim=1).log()",
        "Far away exp gives exactly 0, and its log is minus infinity. "
        "Which function does exp, sum and log in one, safely?",
    ),
    density_itself=(
        "normaliser, dim=1) -> normaliser, dim=1).exp()",
        "That is the density. Asked is its log, which far away is still a number and not 0.",
    ),
    negative_log_prob=(
        "return torch -> return -torch",
        "The sign is turned around: a likely point has a large log density. Is yours smallest there?",
    ),
)


def floored(x, means, std, weights, *, floor):
    return (mixtures.mixture_log_prob(x, means, std, weights).exp() + floor).log()


FLOORS = (1e-5, 1e-6, torch.finfo(torch.float32).eps, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20, 1e-30)
mixture_log_prob.variants(
    floored,
    **{
        f"floor_of_{floor:.2g}": (
            {"floor": floor},
            f"Far away yours stays at {math.log(floor):.1f}, the log of {floor:.2g}. "
            "A number added inside the log hides that exp is 0 there: which function needs no such help?",
        )
        for floor in FLOORS
    },
)


@mixture_log_prob.mistake(
    "1 / sqrt(2 pi std²) is the factor of one dimension: how many has x? "
    "And far away every exp is 0: which function does exp, sum and log in one, safely?"
)
def density_of_one_dimension(x, means, std, weights):
    bumps = (-(x[:, None] - means).square().sum(dim=2) / (2 * std**2)).exp()
    return ((weights * bumps).sum(dim=1) / math.sqrt(2 * math.pi * std**2)).log()


@mixture_log_prob.mistake(
    "Each dimension is a mixture of its own here, and the results are added up. "
    "A component has one weight for a whole point: add over dimensions first."
)
def dimensions_apart(x, means, std, weights):
    square = (x[:, None] - means).square()
    logs = weights.log()[:, None] - square / (2 * std**2) - math.log(2 * math.pi * std**2) / 2
    return torch.logsumexp(logs, dim=1).sum(dim=1)


@mixture_log_prob.alternative("`torch.distributions` has mixtures: it needs to be told that d numbers make one point.")
def with_distributions(x, means, std, weights):
    bumps = torch.distributions.Independent(torch.distributions.Normal(means, std), 1)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(weights), bumps)
    return mixture.log_prob(x)


@mixture_log_prob.alternative("One component after the other: `logaddexp` adds two densities, given their logs.")
def component_by_component(x, means, std, weights):
    total = torch.full((len(x),), -math.inf).to(x)
    for mean, weight in zip(means, weights, strict=True):
        distance = torch.linalg.vector_norm(x - mean, dim=-1)
        bump = -0.5 * (distance / std) ** 2 - x.shape[-1] * math.log(std * math.sqrt(2 * math.pi))
        total = torch.logaddexp(total, torch.log(weight) + bump)
    return total


@mixture_log_prob.alternative("What `logsumexp` does inside: the largest exponent is taken out before exp.")
def largest_term_taken_out(x, means, std, weights):
    exponents = -(torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist") ** 2) / (2 * std**2)
    largest = exponents.max(dim=1, keepdim=True).values
    total = ((exponents - largest).exp() @ weights).log() + largest[:, 0]
    return total - means.shape[1] * 0.5 * (math.log(2 * math.pi) + 2 * math.log(std))
