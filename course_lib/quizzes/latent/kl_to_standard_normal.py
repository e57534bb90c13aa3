"""Quiz `kl_to_standard_normal` of chapter 15."""

import torch
from torch.distributions import Normal, kl_divergence

from course_lib import latent
from course_lib.checker.quiz import Quiz


def encoded_rows(g: torch.Generator) -> list[tuple]:
    """(mean, log_variance): latents of images and vectors, wide and narrow; the last is the standard normal itself.

    The first can learn, as what an encoder gives. In the third the batch is as large as a row.
    """
    cases = []
    for shape, centre in [((5, 2, 3, 4), 0.0), ((4, 7), -1.0), ((6, 6), 0.5), ((3, 4, 2), -2.0), ((1, 3, 2, 2), 0.3)]:
        mean, log_variance = (torch.randn(shape, generator=g) for _ in range(2))
        cases.append((mean + 0.3, 0.8 * log_variance + centre))
    mean, log_variance = cases[0]
    cases[0] = (mean.requires_grad_(), log_variance.requires_grad_())
    return [*cases, (torch.zeros(2, 5), torch.zeros(2, 5))]


kl_to_standard_normal = Quiz(
    latent.kl_to_standard_normal,
    cases=encoded_rows,
    points=3,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "You wrote the KL of two Gaussians in chapter 06. Put mean 0 and variance 1 in the place of the second one.",
        "Each number gives half of mean² + variance - log variance - 1. "
        "The numbers of a row are independent: what happens to their KL?",
        "0.5 * (mean**2 + log_variance.exp() - log_variance - 1), "
        "summed over all axes but the first: .flatten(1).sum(dim=1)",
    ),
)

VARIANCE = "log_variance.exp()"
SUM = ".flatten(1).sum(dim=1)"
TERMS = "mean.square() + log_variance.exp() - log_variance - 1"

# The sum
kl_to_standard_normal.edits(
    mean_over_numbers=(
        ".sum(dim=1) -> .mean(dim=1)",
        "The mean over a row's numbers is taken. The KL of independent numbers adds up: "
        "a mean weighs it too little beside the reconstruction.",
    ),
    sum_over_the_batch=(
        f"{SUM} -> .sum()",
        "The sum runs over the batch, too. Each row has a KL of its own.",
    ),
    mean_over_everything=(
        f"{SUM} -> .mean()",
        "One number comes back, the mean of all numbers. Add up the numbers of each row, and keep the rows apart.",
    ),
    mean_over_rows=(
        f"{SUM} -> {SUM}.mean()",
        "The mean over the batch is taken. The function gives each row's KL, and the loss takes the mean later.",
    ),
    not_summed=(
        f"{SUM} ->",
        "Every number's KL comes back by itself. The KL of a row is their sum.",
    ),
    sum_of_rows=(
        f"{SUM} -> .flatten(1).sum(dim=0)",
        "The sum runs over the batch and leaves the numbers of a row. It should run over a row's numbers.",
    ),
    channels_only=(
        f"{SUM} -> .sum(dim=1)",
        "Only one axis is added up, axis 1. A row's numbers are on all axes but the first.",
    ),
    last_axis_only=(
        f"{SUM} -> .sum(dim=-1)",
        "Only the last axis is added up. A row's numbers are on all axes but the first.",
    ),
    mean_over_places=(
        f"{SUM} -> .reshape(len(mean), mean.shape[1], -1).mean(dim=2).sum(dim=1)",
        "The places of each channel are averaged, and only the channels are added up. All numbers of a row add up.",
    ),
    images_only=(
        f"{SUM} -> .sum(dim=(1, 2, 3))",
        "This fits rows with three axes only, as images have. `flatten(1)` makes one axis of however many there are.",
    ),
    kept_axis=(
        ".sum(dim=1) -> .sum(dim=1, keepdim=True)",
        "The sum keeps an axis, (B, 1). One number for each row has the shape (B,).",
    ),
    detached=(
        f"{SUM} -> {SUM}.detach()",
        "The values are right, but no gradient flows back. The encoder could not learn from this loss.",
    ),
)

# The terms
kl_to_standard_normal.edits(
    no_half=("/ 2 ->", "Twice too much. Which factor does the logarithm of a normal density have?"),
    halved_twice=("/ 2 -> / 4", "Half of what it should be. One half is enough."),
    wrong_sign=(
        "return ( -> return -(",
        "The sign is wrong: a KL is never below 0. Is a minus in front missing, or is it one too many?",
    ),
    all_added=(
        f"{TERMS} -> mean.square() + log_variance.exp() + log_variance + 1",
        "All four terms have a plus. The KL of a standard normal with itself should be 0.",
    ),
    log_added=(
        "- log_variance - -> + log_variance -",
        "The logarithm is added. A narrow q should cost something, and here it is rewarded.",
    ),
    log_left_out=(
        "- log_variance - -> -",
        "The logarithm is missing. Without it a variance of 0 would be the cheapest.",
    ),
    no_minus_one=("- 1) -> )", "The KL of a standard normal with itself should be 0. Which constant is missing?"),
    plus_one=("- 1) -> + 1)", "The KL of a standard normal with itself should be 0. Which sign does the 1 have?"),
    one_for_each_row=(
        "- 1) -> )",
        f"{SUM} -> {SUM}.sub(1)",
        "The 1 is subtracted once for each row. It belongs to each number: subtract it before the sum.",
    ),
    minus_one_not_halved=(
        "- 1) -> - 2)",
        "The 1 is not halved, the rest is. The half stands in front of everything.",
    ),
    variance_left_out=(
        f"+ {VARIANCE} ->",
        "The variance itself is missing: only its logarithm is there. Then the widest q would be the cheapest.",
    ),
    mean_left_out=("mean.square() + ->", "The mean is missing. A q far from 0 should cost more."),
    mean_only=(
        f"{TERMS} -> mean.square()",
        "Only the mean counts here. If the variance is not 1, that costs something as well.",
    ),
    mean_not_squared=(
        "mean.square() -> mean",
        "The mean comes in with a sign. It should cost the same on both sides of 0.",
    ),
    mean_without_sign=(
        "mean.square() -> mean.abs()",
        "The mean comes in without its square. The density of a normal distribution has a square in its exponent.",
    ),
    mean_subtracted=(
        "mean.square() + -> -mean.square() +",
        "The square of the mean is subtracted. A q far from 0 should cost more, not less.",
    ),
    mean_over_variance=(
        "mean.square() -> mean.square() / log_variance.exp()",
        "The mean is measured in q's own variance. It is the standard normal's density that it has to fit.",
    ),
    mean_not_halved=(
        "mean.square() -> 2 * mean.square()",
        "The square of the mean is not halved, the rest is. The half stands in front of everything.",
    ),
    kl_the_other_way=(
        f"{TERMS} -> (mean.square() + 1) * (-log_variance).exp() + log_variance - 1",
        "That is the KL from the standard normal to q. KL is not symmetric: over which of them is the expectation?",
    ),
    kl_of_both_directions=(
        f"{TERMS} -> (mean.square() + log_variance.exp() + (mean.square() + 1) * (-log_variance).exp()) / 2 - 1",
        "That is the mean of both directions. KL has only one: over which of the two is the expectation?",
    ),
    cross_entropy=(
        f"{TERMS} -> mean.square() + log_variance.exp() + math.log(2 * math.pi)",
        "That is the cross-entropy, E over q of -log p. KL is what is left of it after q's own entropy.",
    ),
    in_bits=("/ 2 -> / 2 / math.log(2)", "That counts in bits. The bound adds up nats, with the natural logarithm."),
)

# What the log-variance is taken for
kl_to_standard_normal.edits(
    exp_missing=(
        f"{VARIANCE} -> log_variance",
        "The log-variance stands where the variance belongs, and then it cancels. Which function undoes a logarithm?",
    ),
    log_variance_as_variance=(
        f"{VARIANCE} - log_variance -> log_variance - log_variance.log()",
        "The log-variance is taken for the variance, and the logarithm of a negative number is nan. "
        "What is given is a logarithm already.",
    ),
    log_variance_as_log_deviation=(
        f"{VARIANCE} - log_variance -> (2 * log_variance).exp() - 2 * log_variance",
        "The log-variance is taken for the logarithm of the standard deviation. It needs no factor of 2.",
    ),
    log_variance_as_deviation=(
        f"{VARIANCE} - log_variance -> log_variance.square() - log_variance.square().log()",
        "The log-variance is taken for the standard deviation, and squared. Which function undoes a logarithm?",
    ),
    deviation_for_variance=(
        f"{VARIANCE} -> (log_variance / 2).exp()",
        "The standard deviation stands where the variance belongs. What is E z², beside mean²?",
    ),
    variance_squared=(
        f"{VARIANCE} -> (2 * log_variance).exp()",
        "The variance is squared. `exp` of the log-variance is a square already.",
    ),
    one_over_variance=(
        f"{VARIANCE} -> (-log_variance).exp()",
        "The variance is upside down: `exp` has a minus too many.",
    ),
    log_of_the_deviation=(
        "- log_variance - -> - log_variance / 2 -",
        "The logarithm is halved twice: once here, and once with everything else.",
    ),
    log_not_halved=(
        "- log_variance - -> - 2 * log_variance -",
        "The logarithm comes in whole, the rest is halved. The half stands in front of everything.",
    ),
)


@kl_to_standard_normal.alternative("torch has it; it asks for standard deviations.")
def kl_by_torch(mean, log_variance):
    standard = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return kl_divergence(Normal(mean, (log_variance / 2).exp()), standard).flatten(1).sum(1)


@kl_to_standard_normal.alternative("With the minus in front, as in the paper.")
def as_in_the_paper(mean, log_variance):
    each = 1 + log_variance - mean**2 - torch.exp(log_variance)
    return -0.5 * each.sum(dim=tuple(range(1, mean.ndim)))


@kl_to_standard_normal.alternative("With expm1: exp of the log-variance minus 1 in one function.")
def with_expm1(mean, log_variance):
    each = torch.expm1(log_variance) - log_variance + mean * mean
    return each.reshape(len(mean), -1).sum(-1) / 2


@kl_to_standard_normal.alternative("Row by row, in a list.")
def row_by_row(mean, log_variance):
    rows = zip(mean, log_variance, strict=True)
    return torch.stack([(m.square() + v.exp() - v - 1).sum() / 2 for m, v in rows])
