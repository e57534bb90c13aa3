"""Quiz `precision_recall` of chapter 11."""

import torch
from torch import Tensor

from course_lib import evaluation
from course_lib.checker.quiz import Quiz


def pairs_of_sets(g: torch.Generator) -> list[tuple]:
    """Clouds that overlap, k from 1 to n - 1 and not given; a grid, where rows lie exactly on borders and twice."""

    def draw(n: int, d: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
        return scale * torch.randn(n, d, generator=g, dtype=torch.float64) + shift

    def grid(n: int, low: int, high: int) -> Tensor:
        return torch.randint(low, high, (n, 2), generator=g).double()

    line = torch.tensor([[0.0], [0.0], [1.0], [4.0], [8.0]], dtype=torch.float64)
    on_the_borders = torch.tensor([[0.0], [2.0], [5.0], [7.0], [11.0], [20.0]], dtype=torch.float64)
    return [
        (draw(20, 2), draw(16, 2, 0.7, 1.0), 2),
        (draw(25, 3), draw(25, 3, 1.5, 0.5)),
        (draw(18, 1, 1.0), draw(22, 1, 2.0, 1.0), 1),
        (line, on_the_borders, 1),
        (grid(14, 0, 9), grid(18, 4, 14), 2),
        (draw(5, 2), draw(6, 2, 0.3, 1.5), 4),
        (draw(15, 4), draw(20, 4, 0.3), 3),
    ]


precision_recall = Quiz(
    evaluation.precision_recall,
    cases=pairs_of_sets,
    points=4,
    minutes=15,
    difficulty=3,
    importance=4,
    returns=("precision", "recall"),
    hints=(
        "Write one helper, the share of `points` inside the balls around `centres`, and call it twice. "
        "Which set has the balls for precision, and which for recall?",
        "The radius comes from `torch.cdist(centres, centres)`: its k-th smallest entry per row, without the diagonal. "
        "`kthvalue` counts from 1.",
        "near = torch.cdist(centres, centres).fill_diagonal_(math.inf); radius = near.kthvalue(k, dim=1).values; "
        "share = (torch.cdist(points, centres) <= radius).any(dim=1)",
    ),
    atol=1e-4,
)

RESULT = "return share_inside(generated, real), share_inside(real, generated)"
BETWEEN = "torch.cdist(centres, centres).fill_diagonal_(math.inf)"
SHARE = "(torch.cdist(points, centres) <= radius).any(dim=1)"

# Which set is which
precision_recall.edits(
    swapped=(
        f"{RESULT} -> return share_inside(real, generated), share_inside(generated, real)",
        "Precision and recall have changed places. Precision counts generated rows, recall counts real ones.",
    ),
    precision_twice=(
        f"{RESULT} -> return share_inside(generated, real), share_inside(generated, real)",
        "Both results are the precision. For recall the two sets change places.",
    ),
    recall_twice=(
        f"{RESULT} -> return share_inside(real, generated), share_inside(real, generated)",
        "Both results are the recall. For precision the two sets change places.",
    ),
    precision_alone=(
        f"{RESULT} -> return share_inside(generated, real)",
        "Only the precision comes back. Return two things: precision and recall.",
    ),
    f_score=(
        f"{RESULT} -> p, r = share_inside(generated, real), share_inside(real, generated); return 2 * p * r / (p + r)",
        "Precision and recall are combined into one number. Return both: they tell of different faults.",
    ),
    radius_of_the_points=(
        f"{BETWEEN} -> torch.cdist(points, points).fill_diagonal_(math.inf)",
        "(torch.cdist(points, centres) <= radius) -> (torch.cdist(points, centres) <= radius[:, None])",
        "The balls lie around the rows that are counted. For precision they lie around the real rows.",
    ),
    radius_across_the_sets=(
        f"{BETWEEN} -> torch.cdist(centres, points)",
        "The radius reaches to the k-th nearest row of the other set. Whose neighbours does a ball have?",
    ),
)

# The radius
precision_recall.edits(
    own_neighbour=(
        ".fill_diagonal_(math.inf) ->",
        "Each row counts as its own nearest neighbour, at distance 0, so the balls are too small by one neighbour.",
    ),
    one_neighbour_too_many=(
        "kthvalue(k, dim=1) -> kthvalue(min(k + 1, len(centres)), dim=1)",
        "The balls reach to the neighbour after the k-th one. `kthvalue` counts from 1, and `sort` from 0.",
    ),
    one_neighbour_too_few=(
        "kthvalue(k, dim=1) -> kthvalue(max(k - 1, 1), dim=1)",
        "The balls reach to the neighbour before the k-th one; for k = 1 they are right. Counted from 1, or from 0?",
    ),
    nearest_neighbour_alone=(
        "kthvalue(k, dim=1) -> kthvalue(1, dim=1)",
        "The balls reach to the nearest other row whatever `k` is.",
    ),
    always_three=(
        "kthvalue(k, dim=1) -> kthvalue(3, dim=1)",
        "The balls reach to the third neighbour whatever `k` is.",
    ),
    farthest_neighbours=(
        "kthvalue(k, dim=1) -> kthvalue(len(centres) - k, dim=1)",
        "The balls reach to the k-th farthest row. The k-th nearest is asked: from which end is counted?",
    ),
    mean_of_the_neighbours=(
        "between.kthvalue(k, dim=1).values -> between.topk(k, dim=1, largest=False).values.mean(dim=1)",
        "The radius is the mean distance of the k nearest rows. It reaches to the k-th of them.",
    ),
    one_radius_for_all=(
        "kthvalue(k, dim=1).values -> kthvalue(k, dim=1).values.mean()",
        "All balls are of one size, the mean. Each row has a ball of its own: large where rows are rare.",
    ),
    largest_radius_for_all=(
        "kthvalue(k, dim=1).values -> kthvalue(k, dim=1).values.max()",
        "All balls are as large as the largest. Each row has a ball of its own.",
    ),
    median_radius_for_all=(
        "kthvalue(k, dim=1).values -> kthvalue(k, dim=1).values.median()",
        "All balls are of one size, the median. Each row has a ball of its own.",
    ),
    half_the_radius=(
        "kthvalue(k, dim=1).values -> kthvalue(k, dim=1).values / 2",
        "The balls have half the radius: they end half way to the k-th neighbour. They reach up to it.",
    ),
    distances_squared=(
        "torch.cdist(points, centres) <= -> torch.cdist(points, centres).square() <=",
        "Squared distances are compared with radii that are not squared. Both, or none.",
    ),
    radius_squared=(
        "kthvalue(k, dim=1).values -> kthvalue(k, dim=1).values.square()",
        "Plain distances are compared with squared radii. Both, or none.",
    ),
    distance_along_the_axes=(
        "torch.cdist(centres, centres) -> torch.cdist(centres, centres, p=1.0)",
        "torch.cdist(points, centres) -> torch.cdist(points, centres, p=1.0)",
        "The differences of the coordinates are added without Pythagoras: these balls are no balls.",
    ),
    by_angle=(
        "between = -> points, centres = (x / x.norm(dim=1, keepdim=True).clamp(min=1e-9) for x in (points, centres)); "
        "between =",
        "Only the directions of the rows count, not their lengths. Take the distance between the features as they are.",
    ),
)

# Inside or not
precision_recall.edits(
    without_the_border=(
        "<= radius -> < radius",
        "What lies exactly on the border counts as outside. It belongs to the ball.",
    ),
    outside=(
        "<= radius -> > radius",
        "Counted is what lies outside of some ball. Which sign says inside?",
    ),
    share_of_the_balls=(
        f"{SHARE} -> (torch.cdist(points, centres) <= radius).any(dim=0)",
        "This is the share of the balls that have a point inside. Asked is the share of the points that are in a ball.",
    ),
    in_all_balls=(
        "any(dim=1) -> all(dim=1)",
        "Only what lies in every ball is counted. One ball is enough.",
    ),
    share_of_the_pairs=(
        f"{SHARE} -> (torch.cdist(points, centres) <= radius)",
        "This is the share of all pairs of a point and a ball. A point in two balls counts once.",
    ),
    balls_per_point=(
        f"{SHARE} -> (torch.cdist(points, centres) <= radius).sum(dim=1)",
        "Points are counted once for each ball that they are in, so the result can be above 1. One ball is enough.",
    ),
    density=(
        f"{SHARE} -> ((torch.cdist(points, centres) <= radius).sum(dim=1) / k)",
        "It is the density of 2002.09797: balls per point, divided by k. Here a point is inside or not.",
    ),
    counted_not_averaged=(
        f"return {SHARE}.to(points.dtype).mean() -> return {SHARE}.to(points.dtype).sum()",
        "It is the number of points inside. Their share is asked, from 0 to 1.",
    ),
    in_percent=(
        f"return {SHARE}.to(points.dtype).mean() -> return 100 * {SHARE}.to(points.dtype).mean()",
        "The shares are in percent. Return them from 0 to 1.",
    ),
    divided_by_the_balls=(
        f"return {SHARE}.to(points.dtype).mean() -> return {SHARE}.to(points.dtype).sum() / len(centres)",
        "The number of points inside is divided by the number of balls. It is a share of the points.",
    ),
    one_answer_per_point=(
        f"return {SHARE}.to(points.dtype).mean() -> return {SHARE}.to(points.dtype)",
        "There is an answer for each point. How large is the share of those inside?",
    ),
)


@precision_recall.mistake(
    "A point counts only if it lies in the ball of the row nearest to it. A larger ball farther away may hold it, too."
)
def ball_of_the_nearest(real, generated, k=3):
    def share(points, centres):
        radius = torch.cdist(centres, centres).kthvalue(k + 1, dim=1).values
        nearest = torch.cdist(points, centres).min(dim=1)
        return (nearest.values <= radius[nearest.indices]).double().mean()

    return share(generated, real), share(real, generated)


@precision_recall.mistake(
    "The neighbours come from both sets together, so a ball shrinks where the other set is near. "
    "A ball belongs to one set: only rows of that set are its neighbours."
)
def neighbours_in_both_sets(real, generated, k=3):
    both = torch.cat([real, generated])

    def share(points, centres):
        radius = torch.cdist(centres, both).kthvalue(k + 1, dim=1).values
        return (torch.cdist(points, centres) <= radius).any(dim=1).double().mean()

    return share(generated, real), share(real, generated)


@precision_recall.mistake(
    "Right for sets of one size, or none at all: the radii, (n,), have to line up with the axis of their own rows."
)
def radii_on_the_wrong_axis(real, generated, k=3):
    def share(points, centres):
        radius = torch.cdist(centres, centres).kthvalue(k + 1, dim=1).values
        return (torch.cdist(points, centres) <= radius.unsqueeze(1)).any(dim=1).double().mean()

    return share(generated, real), share(real, generated)


@precision_recall.alternative("`topk` of k + 1 neighbours, the first of which is the row itself.")
def topk_with_itself(real, generated, k=3):
    def reach(x):
        return torch.topk(torch.cdist(x, x), k + 1, dim=1, largest=False).values[:, -1]

    between = torch.cdist(real, generated)
    precision = (between <= reach(real)[:, None]).any(dim=0).double().mean()
    recall = (between <= reach(generated)[None, :]).any(dim=1).double().mean()
    return precision, recall


@precision_recall.alternative("In loops: a point is inside as soon as one ball has it.")
def point_by_point(real, generated, k=3):
    def share(points, centres):
        radii = [
            sorted((c - other).norm() for j, other in enumerate(centres) if j != i)[k - 1]
            for i, c in enumerate(centres)
        ]
        inside = [any((p - c).norm() <= r for c, r in zip(centres, radii, strict=True)) for p in points]
        return torch.tensor(inside, device=points.device, dtype=points.dtype).mean()

    return share(generated, real), share(real, generated)


@precision_recall.alternative("Squared distances throughout, all differences by broadcasting, sorted.")
def squares_throughout(real, generated, k=3):
    def squared(x, y):
        return (x[:, None] - y[None]).square().sum(dim=-1)

    def share(points, centres):
        reach = squared(centres, centres).sort(dim=1).values[:, k]
        return ((squared(points, centres) - reach).amin(dim=1) <= 0).to(points.dtype).mean()

    return [share(generated, real), share(real, generated)]
