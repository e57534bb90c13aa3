"""Quiz `kernel_distance` of chapter 11."""

import torch
from torch import Tensor

from course_lib import evaluation
from course_lib.checker.quiz import Quiz


def pairs_of_sets(g: torch.Generator) -> list[tuple]:
    """All sizes differ; equally many rows; one feature; two rows; one set twice, where the distance is below 0."""

    def draw(n: int, d: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
        return scale * torch.randn(n, d, generator=g, dtype=torch.float64) + shift

    twice = draw(6, 3)
    return [
        (draw(7, 4, 1.5, 0.6), draw(5, 4)),
        (draw(6, 3), draw(6, 3, 0.5, -1.0)),
        (draw(4, 1), draw(8, 1, 1.5, 0.8)),
        (draw(2, 5, 1.0, 1.2), draw(3, 5)),
        (twice, twice.clone()),
    ]


kernel_distance = Quiz(
    evaluation.kernel_distance,
    cases=pairs_of_sets,
    points=3,
    minutes=12,
    difficulty=3,
    importance=4,
    hints=(
        "`features1 @ features2.T` has all dot products, (n, m). From it comes a matrix of kernels, "
        "and of three such matrices you need a mean.",
        "In the matrix of a set with itself the diagonal is a row's kernel with itself. "
        "How many entries are left without it?",
        "(k11.sum() - k11.trace()) / (n (n - 1)) + (k22.sum() - k22.trace()) / (m (m - 1)) - 2 k12.mean() "
        "with k12 = (features1 @ features2.T / d + 1) ** 3",
    ),
    atol=1e-4,
)

MEAN1, MEAN2 = "(within1.sum() - within1.trace()) / (n * (n - 1))", "(within2.sum() - within2.trace()) / (m * (m - 1))"
RESULT = "return mean1 + mean2 - 2 * between.mean()"

# The means within a set
kernel_distance.edits(
    rows_meet_themselves=(
        f"{MEAN1} -> within1.mean()",
        f"{MEAN2} -> within2.mean()",
        "Each row is also compared with itself, so the distance comes out too large, the more so the fewer rows "
        "there are. Which entries have to go?",
    ),
    first_rows_meet_themselves=(
        f"{MEAN1} -> within1.mean()",
        "In the first set each row is also compared with itself. Treat both sets alike.",
    ),
    second_rows_meet_themselves=(
        f"{MEAN2} -> within2.mean()",
        "In the second set each row is also compared with itself. Treat both sets alike.",
    ),
    divided_by_all_entries=(
        "(n * (n - 1)) -> n**2",
        "(m * (m - 1)) -> m**2",
        "The diagonals are taken out of the sums, but still counted. How many entries of n x n lie off the diagonal?",
    ),
    diagonal_still_in_the_sum=(
        "(within1.sum() - within1.trace()) -> within1.sum()",
        "(within2.sum() - within2.trace()) -> within2.sum()",
        "The sums are divided by the number of entries off the diagonal, but the diagonals are still in them.",
    ),
    divided_by_half_the_pairs=(
        "(n * (n - 1)) -> (n * (n - 1) / 2)",
        "(m * (m - 1)) -> (m * (m - 1) / 2)",
        "The two inner means are twice too large: each pair stands in the matrix twice.",
    ),
    divided_by_twice_the_pairs=(
        "(n * (n - 1)) -> (2 * n * (n - 1))",
        "(m * (m - 1)) -> (2 * m * (m - 1))",
        "The two inner means are half of what they should be. Is each pair counted once, or twice?",
    ),
    divided_by_the_rows_once=(
        "(n * (n - 1)) -> n",
        "(m * (m - 1)) -> m",
        "The inner sums are divided by n and m. Each row has several others: how many pairs are there?",
    ),
    divided_by_n_minus_1_squared=(
        "(n * (n - 1)) -> (n - 1) ** 2",
        "(m * (m - 1)) -> (m - 1) ** 2",
        "The inner sums are divided by (n - 1)² and (m - 1)². How many entries of n x n lie off the diagonal?",
    ),
    size_of_the_first_set=(
        "(m * (m - 1)) -> (n * (n - 1))",
        "The second set's sum is divided as if it had as many rows as the first. It has m.",
    ),
    inner_sums_not_divided=(
        "/ (n * (n - 1)) ->",
        "/ (m * (m - 1)) ->",
        "The inner sums are not divided at all. A mean is asked.",
    ),
)

# The three terms
kernel_distance.edits(
    between_once=(
        "2 * between -> between",
        "The mean between the sets is subtracted once. There are two inner means: what makes 0 of equal sets?",
    ),
    between_left_out=(
        "- 2 * between.mean() ->",
        "The two sets are never compared with each other. Which term is missing?",
    ),
    between_added=(
        "- 2 * between -> + 2 * between",
        "The mean between the sets is added. For equal sets all three means are alike: which sign makes 0?",
    ),
    only_between=(
        f"{RESULT} -> return between.mean()",
        "It is the mean kernel between the sets alone. Without the inner means nobody knows if that is much.",
    ),
    sign_turned_around=(
        f"{RESULT} -> return 2 * between.mean() - mean1 - mean2",
        "The sign is turned around: sets that lie far apart get a negative number.",
    ),
    first_set_forgotten=(
        "mean1 + mean2 - 2 -> mean2 - 2",
        "The mean within the first set is missing.",
    ),
    second_set_forgotten=(
        "mean1 + mean2 - 2 -> mean1 - 2",
        "The mean within the second set is missing.",
    ),
    all_halved=(
        f"{RESULT} -> return (mean1 + mean2) / 2 - between.mean()",
        "It is half of what is asked: the two inner means are added, and that between the sets counts twice.",
    ),
    diagonal_missing_between=(
        "2 * between.mean() -> 2 * (between.sum() - between.trace()) / (len(between) * (m - 1))",
        "Entries are missing between the sets. No row of the one is a row of the other: all n m pairs count.",
    ),
    sum_between=(
        "between.mean() -> between.sum()",
        "The kernels between the sets are added up. Their mean is asked.",
    ),
    root_taken=(
        f"{RESULT} -> return (mean1 + mean2 - 2 * between.mean()).clamp(min=0).sqrt()",
        "This is the root. The squared discrepancy is asked, and what is below 0 by chance has no root.",
    ),
    cut_off_at_zero=(
        f"{RESULT} -> return (mean1 + mean2 - 2 * between.mean()).clamp(min=0)",
        "What is below 0 is set to 0. Then the mean over many draws of one distribution is no longer 0.",
    ),
    absolute_value=(
        f"{RESULT} -> return (mean1 + mean2 - 2 * between.mean()).abs()",
        "The sign is dropped. Then the mean over many draws of one distribution is no longer 0.",
    ),
    in_thousandths=(
        f"{RESULT} -> return 1000 * (mean1 + mean2 - 2 * between.mean())",
        "It is a thousand times what is asked. Many tables print KID so; here it comes as it is.",
    ),
    one_number_per_row=(
        "between.mean() -> between.mean(dim=1)",
        "One number for each row comes back. The mean between the sets is one over all n m entries.",
    ),
)


# The kernel
def with_kernel(kernel):
    """The distance with `kernel`, a function of two sets that returns the kernels of all pairs."""

    def distance(features1, features2):
        n, m = len(features1), len(features2)
        within1, within2 = kernel(features1, features1), kernel(features2, features2)
        mean1 = (within1.sum() - within1.diagonal().sum()) / (n * (n - 1))
        mean2 = (within2.sum() - within2.diagonal().sum()) / (m * (m - 1))
        return mean1 + mean2 - 2 * kernel(features1, features2).mean()

    return distance


def gaussian_kernel(x, y):
    return (-torch.cdist(x, y).square() / (2 * x.shape[1])).exp()


def of_unit_length(x, y):
    return (x / x.norm(dim=1, keepdim=True) @ (y / y.norm(dim=1, keepdim=True)).T / x.shape[1] + 1) ** 3


def polynomial(features1, features2, *, kernel=lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3):
    return with_kernel(kernel)(features1, features2)


kernel_distance.variants(
    polynomial,
    dot_product_not_divided=(
        {"kernel": lambda x, y: (x @ y.T + 1) ** 3},
        "The dot product is not divided by d. It grows with the number of features, and then the cube of it.",
    ),
    divided_by_the_root_of_d=(
        {"kernel": lambda x, y: (x @ y.T / x.shape[1] ** 0.5 + 1) ** 3},
        "The dot product is divided by the root of d, as in attention. This kernel divides by d itself.",
    ),
    divided_by_the_rows=(
        {"kernel": lambda x, y: (x @ y.T / len(x) + 1) ** 3},
        "The dot product is divided by the number of rows. d is the number of features, the last axis.",
    ),
    one_forgotten=(
        {"kernel": lambda x, y: (x @ y.T / x.shape[1]) ** 3},
        "The 1 does not get into the cube. With it the kernel also sees means and covariances, not third powers alone.",
    ),
    one_before_the_division=(
        {"kernel": lambda x, y: ((x @ y.T + 1) / x.shape[1]) ** 3},
        "The 1 is divided by d, too. Only the dot product is.",
    ),
    cube_forgotten=(
        {"kernel": lambda x, y: x @ y.T / x.shape[1] + 1},
        "The kernel is not cubed. A straight one compares nothing but the two means.",
    ),
    squared=(
        {"kernel": lambda x, y: (x @ y.T / x.shape[1] + 1) ** 2},
        "The kernel is squared. Its power is 3.",
    ),
    one_subtracted=(
        {"kernel": lambda x, y: (x @ y.T / x.shape[1] - 1) ** 3},
        "The 1 is subtracted in the kernel. Which sign has it in the formula?",
    ),
    gaussian_instead=(
        {"kernel": gaussian_kernel},
        "The kernel is a Gaussian of the distance. KID takes a cubic polynomial of the dot product.",
    ),
    unit_length=(
        {"kernel": of_unit_length},
        "The rows are scaled to length 1, so only their directions count. KID takes the features as they are.",
    ),
    cubed_entry_by_entry=(
        {"kernel": lambda x, y: x**3 @ (y**3).T / x.shape[1] + 1},
        "The features are cubed before they meet. The cube is of the whole bracket, after the dot product.",
    ),
)


@kernel_distance.mistake(
    "The mean is taken before the cube. Cube each entry first: the mean of cubes is another number."
)
def cubed_at_the_end(features1, features2):
    n, d = features1.shape
    m = len(features2)
    one, other = features1 @ features1.T / d + 1, features2 @ features2.T / d + 1
    mean1 = ((one.sum() - one.trace()) / (n * (n - 1))) ** 3
    mean2 = ((other.sum() - other.trace()) / (m * (m - 1))) ** 3
    return mean1 + mean2 - 2 * (features1 @ features2.T / d + 1).mean() ** 3


@kernel_distance.alternative("Row by row, in plain loops over all pairs.")
def all_pairs_in_loops(features1, features2):
    def k(x, y):
        return (torch.dot(x, y) / len(x) + 1) ** 3

    def mean(values):
        return torch.stack(values).mean()

    one = mean([k(x, y) for i, x in enumerate(features1) for j, y in enumerate(features1) if i != j])
    other = mean([k(x, y) for i, x in enumerate(features2) for j, y in enumerate(features2) if i != j])
    return one + other - 2 * mean([k(x, y) for x in features1 for y in features2])


@kernel_distance.alternative("The entries above the diagonal, each pair once.")
def upper_triangle(features1, features2):
    def kernel(x, y):
        return torch.einsum("id,jd->ij", x, y).div(x.size(1)).add(1).pow(3)

    def within(x):
        i, j = torch.triu_indices(len(x), len(x), offset=1, device=x.device)
        return kernel(x, x)[i, j].mean()

    return within(features1) + within(features2) - 2 * kernel(features1, features2).mean()


@kernel_distance.alternative("The mean over all entries, corrected for the diagonal that is in it.")
def corrected_mean(features1, features2):
    d = features1.shape[1]

    def within(x):
        own = (x.square().sum(dim=1) / d + 1) ** 3
        return (((x @ x.T / d + 1) ** 3).mean() * len(x) - own.mean()) / (len(x) - 1)

    return within(features1) + within(features2) - 2 * ((features1 @ features2.T / d + 1) ** 3).mean()
