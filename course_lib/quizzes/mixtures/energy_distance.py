"""Quiz `energy_distance` of chapter 02."""

import torch

from course_lib.checker.quiz import Quiz
from course_lib.experiments import toy2d

energy_distance = Quiz(
    toy2d.energy_distance,
    cases=lambda g: [
        (scale * torch.randn(n, d, generator=g) + shift, torch.randn(m, d, generator=g))
        for n, m, d, scale, shift in [
            (7, 5, 2, 1.0, 1.5),
            (4, 9, 2, 2.0, 0.0),
            (3, 3, 1, 0.5, 2.0),
            (2, 4, 3, 1.0, 0.3),
        ]
    ],
    points=3,
    minutes=12,
    difficulty=3,
    importance=4,
    hints=(
        "`torch.cdist(x, y)` has the distances of all pairs, (n, m). The first term is twice their mean.",
        "In `torch.cdist(x, x)` each point also meets itself, at distance 0. How many entries are real pairs?",
        "2 mean(cdist(x, y)) - sum(cdist(x, x)) / (n (n - 1)) - sum(cdist(y, y)) / (m (m - 1))",
    ),
)

# The pairs within one set
energy_distance.edits(
    points_meet_themselves=(
        "/ (len(a) * (len(a) - 1)) -> / len(a) ** 2",
        "Each point is also paired with itself, at distance 0. That makes the inner means too small: "
        "by what do you divide the sum?",
    ),
    divided_by_half_the_pairs=(
        "(len(a) * (len(a) - 1)) -> (len(a) * (len(a) - 1) / 2)",
        "The sum has each pair twice, and you divide by the number of pairs counted once.",
    ),
    divided_by_twice_the_pairs=(
        "(len(a) * (len(a) - 1)) -> (2 * len(a) * (len(a) - 1))",
        "The inner means are half of what they should be: each pair is counted once, but both orders are divided by.",
    ),
    divided_by_n_minus_1_squared=(
        "(len(a) * (len(a) - 1)) -> (len(a) - 1) ** 2",
        "Each inner sum is divided by (n - 1)². How many entries of an n x n matrix lie off the diagonal?",
    ),
    divided_by_n_once=(
        "(len(a) * (len(a) - 1)) -> len(a)",
        "Each inner sum is divided by n. It has n rows of n - 1 real pairs.",
    ),
    divided_by_n_minus_1_once=(
        "(len(a) * (len(a) - 1)) -> (len(a) - 1)",
        "Each inner sum is divided by n - 1 only. It has n rows of n - 1 real pairs.",
    ),
    sums_not_divided=(
        "/ (len(a) * (len(a) - 1)) ->",
        "The inner sums are not divided at all. A mean is asked.",
    ),
    second_set_meets_itself=(
        "- within(y) -> - distances(y, y).mean()",
        "In the second set each point is also paired with itself. Treat both sets alike.",
    ),
    first_set_meets_itself=(
        "- within(x) -> - distances(x, x).mean()",
        "In the first set each point is also paired with itself. Treat both sets alike.",
    ),
)

# The three terms
energy_distance.edits(
    factor_2_missing=(
        "2 * distances -> distances",
        "The distance between the sets comes once. Two inner means are subtracted: which factor makes 0 of equal sets?",
    ),
    all_halved=(
        "return 2 * distances(x, y).mean() - within(x) - within(y) "
        "-> return distances(x, y).mean() - (within(x) + within(y)) / 2",
        "This is half of the energy distance. Some books define it so; compare with the formula above.",
    ),
    first_set_forgotten=(
        "- within(x) ->",
        "The pairs within the first set are missing. Which three terms has the formula?",
    ),
    second_set_forgotten=(
        "- within(y) ->",
        "The pairs within the second set are missing. Which three terms has the formula?",
    ),
    only_across=(
        "- within(x) - within(y) ->",
        "Only the distances between the sets are there. Equal sets would not have 0: what is subtracted?",
    ),
    within_added=(
        "- within(x) - within(y) -> + within(x) + within(y)",
        "The inner means are added. For equal sets all three means are alike: which signs make 0?",
    ),
    sign_turned_around=(
        "return 2 * distances(x, y).mean() - within(x) - within(y) "
        "-> return within(x) + within(y) - 2 * distances(x, y).mean()",
        "The sign is turned around: sets that lie far apart get a negative distance.",
    ),
    first_set_twice=(
        "- within(y) -> - within(x)",
        "The pairs within the first set are subtracted twice, those of the second never.",
    ),
    root_taken=(
        "return 2 * distances(x, y).mean() - within(x) - within(y) "
        "-> return (2 * distances(x, y).mean() - within(x) - within(y)).clamp(min=0).sqrt()",
        "This is the root of the energy distance. The formula has none, and what is below 0 by chance has no root.",
    ),
    cut_off_at_zero=(
        "return 2 * distances(x, y).mean() - within(x) - within(y) "
        "-> return (2 * distances(x, y).mean() - within(x) - within(y)).clamp(min=0)",
        "What is below 0 is set to 0. Then the mean over many pairs of real sets is no longer 0: let it be negative.",
    ),
    absolute_value=(
        "return 2 * distances(x, y).mean() - within(x) - within(y) "
        "-> return (2 * distances(x, y).mean() - within(x) - within(y)).abs()",
        "The absolute value is taken. Then the mean over many pairs of real sets is no longer 0: let it be negative.",
    ),
    one_less_across=(
        "distances(x, y).mean() -> distances(x, y).sum() / (len(x) * (len(y) - 1))",
        "The sum across the sets is divided by n (m - 1). No x meets itself among the y: how many pairs are there?",
    ),
    sum_across=(
        "2 * distances(x, y).mean() -> 2 * distances(x, y).sum()",
        "The distances between the sets are added up. Their mean is asked.",
    ),
)

# The distance
energy_distance.edits(
    squared_distances=(
        'torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") -> torch.cdist(a, b).square()',
        "The distances are squared. Then all that counts is where the means lie: take the distance itself.",
    ),
    distance_along_the_axes=(
        'torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") -> torch.cdist(a, b, p=1.0)',
        "The differences of the coordinates are added without Pythagoras. |x - y| is the straight way.",
    ),
    largest_coordinate=(
        'torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") -> torch.cdist(a, b, p=float("inf"))',
        "Only the largest difference of the coordinates counts. |x - y| is the straight way, by Pythagoras.",
    ),
    mean_over_coordinates=(
        'torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") -> torch.cdist(a, b) / math.sqrt(a.shape[1])',
        "The squared differences are averaged over the coordinates. Pythagoras adds them.",
    ),
)


@energy_distance.mistake(
    "It is the distance between the two means. Sets of different shape can have one mean: compare all pairs."
)
def distance_of_the_means(x, y):
    return (x.mean(dim=0) - y.mean(dim=0)).norm()


@energy_distance.mistake(
    "Point i of x is compared with point i of y only. Both sets are in random order: every x meets every y."
)
def row_by_row(x, y):
    rows = min(len(x), len(y))
    across = (x[:rows] - y[:rows]).norm(dim=1).mean()
    return 2 * across - _mean_of_pairs(x) - _mean_of_pairs(y)


def _mean_of_pairs(a):
    return torch.cdist(a, a).sum() / (len(a) * (len(a) - 1))


@energy_distance.mistake("All sums are divided as if both sets had the size of the first. The second has its own.")
def size_of_the_first_set(x, y):
    n = len(x)
    inner = (torch.cdist(x, x).sum() + torch.cdist(y, y).sum()) / (n * (n - 1))
    return 2 * torch.cdist(x, y).sum() / n**2 - inner


@energy_distance.alternative("`torch.pdist` lists each pair of one set once.")
def with_pdist(x, y):
    return 2 * torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()


@energy_distance.alternative("Differences of all pairs by broadcasting, and their norm.")
def by_broadcasting(x, y):
    def mean(a, b, pairs):
        return (a[:, None] - b[None]).norm(dim=2).sum() / pairs

    n, m = len(x), len(y)
    return 2 * mean(x, y, n * m) - mean(x, x, n * (n - 1)) - mean(y, y, m * (m - 1))


@energy_distance.alternative("The mean over all n² entries, corrected by n / (n - 1) for the zeros on the diagonal.")
def corrected_mean(x, y):
    n, m = x.shape[0], y.shape[0]
    inner = torch.cdist(x, x).mean() * n / (n - 1) + torch.cdist(y, y).mean() * m / (m - 1)
    return 2 * torch.cdist(x, y).mean() - inner
