"""Quiz `slerp` of chapter 14."""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from course_lib import editing
from course_lib.checker.quiz import Quiz

ANGLES = torch.tensor([1.1, 2.3, 0.4, 1.8, 2.7, 0.8])


def pairs_of_rows(g: torch.Generator) -> list[tuple]:
    """(start, end, fraction): rows of many lengths, with angles from 0.4 to 2.7 between the two of a pair.

    In the second the batch is as large as the last axis. The third is a single picture; in the fourth one row of the
    pair in the middle is a multiple of the other, in the last that holds for the first row. All numbers of such rows
    are 0 but one, so their cosine is 1 without any rounding.
    """
    fractions = [0.3, 0.75, 0.5, 1.0, 0.0, 0.9]
    cases = []
    for number, shape in enumerate([(6, 2, 5, 4), (4, 3, 4), (1, 1, 6, 6), (5, 8), (3, 2, 3)]):
        start, other = torch.randn((2, *shape), generator=g)
        lengths = 0.4 + 1.8 * torch.rand((2, len(start), 1), generator=g)
        along = normalize(start.flatten(1))
        across = other.flatten(1) - (other.flatten(1) * along).sum(dim=1, keepdim=True) * along
        angle = ANGLES.roll(-number)[: len(start), None]
        end = lengths[1] * (angle.cos() * along + angle.sin() * normalize(across))
        start = lengths[0] * along
        if number in (3, 4):
            row = 2 if number == 3 else 0
            start[row], end[row] = 0, 0
            start[row, 1], end[row, 1] = 2, 4
        fraction = torch.tensor(fractions)[: len(start)]
        cases.append((start.reshape(shape), end.reshape(shape), fraction))
    return cases


slerp = Quiz(
    editing.slerp,
    cases=pairs_of_rows,
    points=3,
    minutes=12,
    difficulty=3,
    importance=3,
    hints=(
        "A straight line between two points of a sphere passes through its inside. "
        "How far round the sphere are the two apart, as an angle?",
        "Take each row as one vector. The two weights are the sines of the angles to the end and from the start, "
        "divided by the sine of the whole angle; where that is 0, mix linearly.",
        "sin((1 - f) angle) / sin(angle) * start + sin(f angle) / sin(angle) * end, where cos(angle) is the product of "
        "both rows, divided by both lengths",
    ),
)

ROWS = "a, b = start.flatten(1), end.flatten(1)"
COSINE = "cosine = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))"
ANGLE = "angle = cosine.clamp(-1, 1).acos()"
PARALLEL = "parallel = angle < 1e-4"
ARC_AHEAD = "(fraction * safe).sin() / safe.sin()"
ARC_BEHIND = "((1 - fraction) * safe).sin() / safe.sin()"
AHEAD = f"ahead = torch.where(parallel, fraction, {ARC_AHEAD})"
BEHIND = f"behind = torch.where(parallel, 1 - fraction, {ARC_BEHIND})"
RESULT = "behind.reshape(column) * start + ahead.reshape(column) * end"
UNIT = "torch.nn.functional.normalize"
LENGTH_BETWEEN = "torch.lerp(a.norm(dim=1), b.norm(dim=1), fraction)[:, None]"
MEAN_LENGTH = "(a.norm(dim=1) + b.norm(dim=1))[:, None] / 2"

# The weights
slerp.edits(
    linear=(
        f"{PARALLEL} -> parallel = angle < 4",
        "That is the straight line, which passes through points that are too short. "
        "Which weights lead along the circle?",
    ),
    ends_swapped=(
        f"return {RESULT} -> return ahead.reshape(column) * start + behind.reshape(column) * end",
        "Fraction 0 gives `end`, and 1 gives `start`. Which of the two should come at 0?",
    ),
    not_divided=(
        f"{ARC_AHEAD} -> (fraction * safe).sin()",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).sin()",
        "The weights are sines, not divided by anything: at fraction 1 `end` comes out too short. "
        "What is its weight there, and what should it be?",
    ),
    divided_by_the_angle=(
        f"{ARC_AHEAD} -> (fraction * safe).sin() / safe",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).sin() / safe",
        "The sines are divided by the angle itself. At fraction 1 the weight of `end` has to be 1.",
    ),
    divided_by_the_cosine=(
        f"{ARC_AHEAD} -> (fraction * safe).sin() / safe.cos()",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).sin() / safe.cos()",
        "The sines are divided by the cosine of the angle. At fraction 1 the weight of `end` has to be 1.",
    ),
    cosines=(
        f"{ARC_AHEAD} -> (fraction * safe).cos() / safe.cos()",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).cos() / safe.cos()",
        "Cosines stand where sines belong. At fraction 0 `end` must have the weight 0: "
        "which of the two is 0 for the angle 0?",
    ),
    cosines_above=(
        f"{ARC_AHEAD} -> (fraction * safe).cos() / safe.sin()",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).cos() / safe.sin()",
        "The weights are cosines, divided by the sine. At fraction 0 `end` must have the weight 0: "
        "which of the two is 0 for the angle 0?",
    ),
    tangents=(
        f"{ARC_AHEAD} -> (fraction * safe).tan() / safe.tan()",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).tan() / safe.tan()",
        "Tangents stand where sines belong. The ends are right, the way between them is not.",
    ),
    fraction_outside_the_sine=(
        f"{ARC_AHEAD} -> fraction * safe.sin()",
        f"{ARC_BEHIND} -> (1 - fraction) * safe.sin()",
        "The fraction is multiplied by the sine of the whole angle. It divides the angle: which part of it is meant?",
    ),
    angle_outside_the_sine=(
        f"{ARC_AHEAD} -> fraction.sin() * safe / safe.sin()",
        f"{ARC_BEHIND} -> (1 - fraction).sin() * safe / safe.sin()",
        "The sine is taken of the fraction, and multiplied by the angle. Which product is it the sine of?",
    ),
    upside_down=(
        f"{ARC_AHEAD} -> safe.sin() / (fraction * safe).sin()",
        f"{ARC_BEHIND} -> safe.sin() / ((1 - fraction) * safe).sin()",
        "The weights are upside down, so one of them is infinite at each end. At fraction 0 `end` must have the "
        "weight 0.",
    ),
    weights_add_up_to_one=(
        f"{BEHIND} -> behind = 1 - ahead",
        "The weight of `end` is right, that of `start` is what is missing to 1. On a circle the two weights "
        "together are more than 1: `start` has a sine of its own.",
    ),
    weights_add_up_to_one_from_the_start=(
        f"{AHEAD} -> ahead = 1 - torch.where(parallel, 1 - fraction, {ARC_BEHIND})",
        "The weight of `start` is right, that of `end` is what is missing to 1. On a circle the two weights "
        "together are more than 1: `end` has a sine of its own.",
    ),
    weights_scaled_to_one=(
        f"return {RESULT} -> behind, ahead = behind / (behind + ahead), ahead / (behind + ahead); return {RESULT}",
        "The weights are scaled to the sum 1, so all points lie on the straight line again. "
        "Between the ends the two weights together are more than 1.",
    ),
    only_the_start_on_a_circle=(
        f"{AHEAD} -> ahead = fraction",
        "`start` has the weight of the circle, `end` that of the straight line. Both need a sine.",
    ),
    only_the_end_on_a_circle=(
        f"{BEHIND} -> behind = 1 - fraction",
        "`end` has the weight of the circle, `start` that of the straight line. Both need a sine.",
    ),
    whole_angle_for_the_start=(
        "((1 - fraction) * safe).sin() -> (safe - fraction).sin()",
        "In the weight of `start` the fraction is subtracted from the angle. "
        "The part of the angle that is left is a product.",
    ),
    always_a_right_angle=(
        f"{ANGLE} -> angle = cosine.clamp(-1, 1).acos() * 0 + torch.pi / 2",
        "The weights are those of a right angle, whatever the rows are. "
        "Two draws of noise are nearly at a right angle; these rows are not.",
    ),
    roots_of_the_fraction=(
        f"{AHEAD} -> ahead = fraction.sqrt()",
        f"{BEHIND} -> behind = (1 - fraction).sqrt()",
        "The weights are roots of the fractions. They keep the length only where the rows are at a right angle, "
        "and the pace is uneven.",
    ),
    start_subtracted=(
        "return behind -> return -behind",
        "`start` is subtracted. At fraction 0 it should come back as it is.",
    ),
    end_subtracted=(
        "* start + ahead -> * start - ahead",
        "`end` is subtracted. At fraction 1 it should come back as it is.",
    ),
    difference_added=(
        "ahead.reshape(column) * end -> ahead.reshape(column) * (end - start)",
        "The difference of the rows is added with the weight of `end`, and `start` has its own weight already. "
        "It counts once.",
    ),
)

# The angle
slerp.edits(
    angle_over_the_batch=(
        f"{COSINE} -> cosine = ((a * b).sum() / (a.norm() * b.norm())).expand(len(a))",
        "There is one angle for the whole batch. Each pair of rows has its own.",
    ),
    mean_angle=(
        f"{ANGLE} -> angle = cosine.clamp(-1, 1).acos().mean().expand(len(a))",
        "The angles are averaged over the batch. Each pair of rows has its own.",
    ),
    angle_of_the_first_row=(
        f"{COSINE} -> cosine = ((a[0] * b[0]).sum() / (a[0].norm() * b[0].norm())).expand(len(a))",
        "All rows have the angle of the first pair. Each pair has its own.",
    ),
    not_normalised=(
        f"{COSINE} -> cosine = (a * b).sum(dim=1)",
        "The angle is that of rows of length 1, but these have other lengths. The product of two rows is the cosine "
        "only after it is divided: by what?",
    ),
    not_normalised_and_not_clamped=(
        f"{COSINE} -> cosine = (a * b).sum(dim=1)",
        f"{ANGLE} -> angle = cosine.acos()",
        "The product of two rows is taken for their cosine, and where it is above 1 there is no angle. "
        "What does it have to be divided by?",
    ),
    divided_by_one_length=(
        f"{COSINE} -> cosine = (a * b).sum(dim=1) / a.norm(dim=1)",
        "The product of the rows is divided by the length of `start` only. It also grows with that of `end`.",
    ),
    divided_by_the_length_of_the_end=(
        f"{COSINE} -> cosine = (a * b).sum(dim=1) / b.norm(dim=1)",
        "The product of the rows is divided by the length of `end` only. It also grows with that of `start`.",
    ),
    lengths_squared=(
        f"{COSINE} -> cosine = (a * b).sum(dim=1) / (a * a).sum(dim=1) / (b * b).sum(dim=1)",
        "The product of the rows is divided by the squares of their lengths. How long is a row?",
    ),
    length_squared_of_the_start=(
        f"{COSINE} -> cosine = (a * b).sum(dim=1) / (a * a).sum(dim=1)",
        "The product of the rows is divided by the length of `start`, twice. Each row's length counts once.",
    ),
    mean_of_the_products=(
        f"{COSINE} -> cosine = (a * b).mean(dim=1) / (a.norm(dim=1) * b.norm(dim=1))",
        "The products are averaged, so the cosine is much too near to 0. What is a scalar product?",
    ),
    mean_of_the_products_alone=(
        f"{COSINE} -> cosine = (a * b).mean(dim=1)",
        "The mean of the products is the cosine only of long draws of standard normal noise. "
        "Divide by the lengths of the rows.",
    ),
    centred=(
        f"{ROWS} -> a, b = (v.flatten(1) - v.flatten(1).mean(dim=1, keepdim=True) for v in (start, end))",
        "The mean of each row is subtracted before the angle is measured: that is a correlation. "
        "The angle is that of the rows themselves.",
    ),
    absolute_cosine=(
        f"{ANGLE} -> angle = cosine.abs().clamp(-1, 1).acos()",
        "The cosine has lost its sign, so no angle is larger than 90 degrees. Rows may point away from each other.",
    ),
    never_above_a_right_angle=(
        f"{ANGLE} -> angle = cosine.clamp(0, 1).acos()",
        "Right up to 90 degrees; larger angles count as 90 degrees. A cosine may be negative.",
    ),
    shorter_way_round=(
        f"{ROWS} -> sign = torch.where((start * end).flatten(1).sum(dim=1) < 0, -1.0, 1.0); "
        "end = sign.reshape(-1, *[1] * (end.ndim - 1)) * end; a, b = start.flatten(1), end.flatten(1)",
        "Where the angle is above 90 degrees, `end` is turned into its opposite. That is right for rotations "
        "(quaternions), where both mean the same.",
    ),
    degrees=(
        f"{ANGLE} -> angle = cosine.clamp(-1, 1).acos().rad2deg()",
        "The angle is in degrees. What does `sin` expect?",
    ),
    arcsine=(
        f"{ANGLE} -> angle = cosine.clamp(-1, 1).asin()",
        "The angle is the arcsine of what is a cosine. Rows that point the same way have the cosine 1, "
        "and the angle 0.",
    ),
    cosine_for_the_angle=(
        f"{ANGLE} -> angle = cosine.clamp(-1, 1)",
        "The cosine is used as the angle. Which function leads from one to the other?",
    ),
    half_the_angle=(
        f"{ANGLE} -> angle = cosine.clamp(-1, 1).acos() / 2",
        "The angle is half of what it should be. What is the angle whose cosine you have?",
    ),
)

# Rows that point the same way
slerp.edits(
    parallel_rows_are_nan=(
        f"{PARALLEL} -> parallel = angle < 0",
        "Where the angle is 0, the weights are 0 / 0. What do they come close to as the angle goes to 0?",
    ),
    parallel_rows_vanish=(
        f"{PARALLEL} -> parallel = angle < 0",
        "safe = torch.where(parallel, 1.0, angle) -> safe = angle",
        f"{ARC_AHEAD} -> (fraction * safe).sin() / safe.sin().clamp(min=1e-8)",
        f"{ARC_BEHIND} -> ((1 - fraction) * safe).sin() / safe.sin().clamp(min=1e-8)",
        "Where the angle is 0, the sines above are 0, too, and the row becomes 0. "
        "A small number below does not help: what do the weights come close to?",
    ),
    parallel_rows_stay=(
        "torch.where(parallel, fraction, -> torch.where(parallel, 0.0,",
        "torch.where(parallel, 1 - fraction, -> torch.where(parallel, 1.0,",
        "Rows that point the same way stay at `start`. They may differ in length: which point lies between them?",
    ),
    parallel_rows_arrive=(
        "torch.where(parallel, fraction, -> torch.where(parallel, 1.0,",
        "torch.where(parallel, 1 - fraction, -> torch.where(parallel, 0.0,",
        "Rows that point the same way are at `end` at once. They may differ in length: which point lies between them?",
    ),
    parallel_rows_in_the_middle=(
        "torch.where(parallel, fraction, -> torch.where(parallel, 0.5,",
        "torch.where(parallel, 1 - fraction, -> torch.where(parallel, 0.5,",
        "Rows that point the same way are always mixed half and half. Where does the fraction come in?",
    ),
    parallel_rows_swapped=(
        f"{AHEAD} -> ahead = torch.where(parallel, 1 - fraction, {ARC_AHEAD})",
        f"{BEHIND} -> behind = torch.where(parallel, fraction, {ARC_BEHIND})",
        "Where the rows point the same way, `start` and `end` have changed places. Fraction 0 is `start` there, too.",
    ),
    parallel_rows_added=(
        "torch.where(parallel, fraction, -> torch.where(parallel, 1.0,",
        "torch.where(parallel, 1 - fraction, -> torch.where(parallel, 1.0,",
        "Rows that point the same way are added up, whatever the fraction is. Which point lies between them?",
    ),
    any_parallel_row_decides=(
        f"{PARALLEL} -> parallel = (angle < 1e-4).any()",
        "If one pair of rows points the same way, all rows are mixed linearly. Each pair has an angle of its own.",
    ),
    first_row_decides=(
        f"{PARALLEL} -> parallel = angle[:1] < 1e-4",
        "Whether rows are mixed linearly is decided by the first pair, for all of them. "
        "Each pair has an angle of its own.",
    ),
    linear_for_small_angles=(
        f"{PARALLEL} -> parallel = angle < 0.5",
        "Rows at a small angle are mixed linearly, though they still point different ways. "
        "Only next to 0 is the straight line the same.",
    ),
)

# The fraction
slerp.edits(
    one_fraction_for_all=(
        f"{AHEAD} -> fraction = fraction[:1]; {AHEAD}",
        "All rows are mixed with the first fraction. Each row has its own.",
    ),
    mean_fraction=(
        f"{AHEAD} -> fraction = fraction.mean(); {AHEAD}",
        "All rows are mixed with the mean of the fractions. Each row has its own.",
    ),
    always_half_way=(
        f"{AHEAD} -> fraction = 0 * fraction + 0.5; {AHEAD}",
        "All rows are mixed half and half. Where does `fraction` come in?",
    ),
    fraction_squared=(
        f"{AHEAD} -> fraction = fraction**2; {AHEAD}",
        "The fraction is squared: the ends are right, but the way begins too slowly.",
    ),
    slow_at_both_ends=(
        f"{AHEAD} -> fraction = fraction**2 * (3 - 2 * fraction); {AHEAD}",
        "The way begins and ends slowly. Nothing asks for that here: at fraction 1/4 it has turned by a quarter of the "
        "angle.",
    ),
    along_the_last_axis=(
        f"return {RESULT} -> return behind * start + ahead * end",
        "Weights of shape (B,) line up with the last axis, so each column gets its own. "
        "Which shape puts them on the batch axis?",
    ),
    for_images_only=(
        "column = (-1, *[1] * (start.ndim - 1)) -> column = (-1, 1, 1, 1)",
        "This fits images only: with three axes of size 1 the weights of smaller rows line up wrongly. "
        "Count the axes of `start`.",
    ),
)

# The lengths
slerp.edits(
    length_one=(
        f"return {RESULT} -> a, b = {UNIT}(a), {UNIT}(b); "
        "return (behind[:, None] * a + ahead[:, None] * b).reshape(start.shape)",
        "The rows are brought to length 1 and stay so. That is for the angle only: what are the ends of the way?",
    ),
    result_of_length_one=(
        f"return {RESULT} -> return {UNIT}(({RESULT}).flatten(1)).reshape(start.shape)",
        "The result is brought to length 1. At fraction 0 it should be `start`, with its own length.",
    ),
    length_of_the_start=(
        f"return {RESULT} -> unit = {UNIT}(({RESULT}).flatten(1)); "
        "return (a.norm(dim=1, keepdim=True) * unit).reshape(start.shape)",
        "The result is brought to the length of `start`, everywhere. At fraction 1 it should be `end`.",
    ),
    length_between=(
        f"return {RESULT} -> unit = {UNIT}(({RESULT}).flatten(1)); "
        f"return ({LENGTH_BETWEEN} * unit).reshape(start.shape)",
        "The result is brought to a length between those of the rows. The two sines weight the rows as they are; "
        "leave what comes out as it is.",
    ),
    lengths_mixed_apart=(
        f"return {RESULT} -> unit = behind[:, None] * {UNIT}(a) + ahead[:, None] * {UNIT}(b); "
        f"return ({LENGTH_BETWEEN} * unit).reshape(start.shape)",
        "The directions go along a circle, and the lengths are mixed apart from them. That is a fair way, "
        "but here the weights multiply the rows themselves.",
    ),
    directions_with_the_mean_length=(
        f"return {RESULT} -> unit = behind[:, None] * {UNIT}(a) + ahead[:, None] * {UNIT}(b); "
        f"return ({MEAN_LENGTH} * unit).reshape(start.shape)",
        "The result has the mean length of both rows, whatever the fraction is. At the ends it should be the rows.",
    ),
    linear_then_mean_length=(
        f"return {RESULT} -> mixed = torch.lerp(a, b, fraction[:, None]); "
        f"return ({MEAN_LENGTH} * {UNIT}(mixed)).reshape(start.shape)",
        "The straight line is brought to the mean length of both rows. The ends are then wrong, "
        "and the pace along the circle is uneven.",
    ),
    linear_then_length_between=(
        f"return {RESULT} -> mixed = torch.lerp(a, b, fraction[:, None]); "
        f"return ({LENGTH_BETWEEN} * {UNIT}(mixed)).reshape(start.shape)",
        "The straight line is brought to a length between those of the rows. The pace along the circle is uneven then: "
        "divide the angle.",
    ),
    linear_then_length_one=(
        f"return {RESULT} -> return {UNIT}(torch.lerp(a, b, fraction[:, None])).reshape(start.shape)",
        "The straight line is brought to length 1. The rows have other lengths, and the pace along the circle is "
        "uneven.",
    ),
)


def on_the_circle(start: Tensor, end: Tensor, cosine: Tensor, fraction: Tensor) -> Tensor:
    """What the reference does once the cosine is known; cosine and fraction broadcast with the rows."""
    angle = cosine.clamp(-1, 1).acos()
    parallel = angle < 1e-4
    safe = torch.where(parallel, 1.0, angle)
    behind = torch.where(parallel, 1 - fraction, ((1 - fraction) * safe).sin() / safe.sin())
    ahead = torch.where(parallel, fraction, (fraction * safe).sin() / safe.sin())
    return behind * start + ahead * end


def in_a_column(fraction: Tensor, rows: Tensor) -> Tensor:
    return fraction.reshape(-1, *[1] * (rows.ndim - 1))


@slerp.mistake(
    "Each pixel has an angle of its own, measured over the channels. All numbers of a picture are one vector."
)
def angle_per_pixel(start, end, fraction):
    cosine = cosine_similarity(start, end, dim=1).unsqueeze(1)
    return on_the_circle(start, end, cosine, in_a_column(fraction, start))


@slerp.mistake("Each channel has an angle of its own. All numbers of a picture are one vector, over all channels.")
def angle_per_channel(start, end, fraction):
    inner = tuple(range(min(2, start.ndim - 1), start.ndim))
    lengths = start.norm(dim=inner, keepdim=True) * end.norm(dim=inner, keepdim=True)
    cosine = (start * end).sum(dim=inner, keepdim=True) / lengths.clamp(min=1e-12)
    return on_the_circle(start, end, cosine, in_a_column(fraction, start))


@slerp.mistake("The angle is measured along the last axis. All numbers of a picture are one vector, over all axes.")
def angle_along_the_last_axis(start, end, fraction):
    cosine = cosine_similarity(start, end, dim=-1).unsqueeze(-1)
    return on_the_circle(start, end, cosine, in_a_column(fraction, start))


@slerp.alternative("Row by row, in double precision, with linear mixing below 0.01.")
def row_by_row(start, end, fraction):
    rows = []
    for a, b, f in zip(start.double(), end.double(), fraction.double(), strict=True):
        cosine = (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt()
        angle = torch.acos(cosine.clip(-1, 1))
        if angle < 0.01:
            rows.append(a + f * (b - a))
        else:
            rows.append((torch.sin(angle - f * angle) * a + torch.sin(f * angle) * b) / torch.sin(angle))
    return torch.stack(rows).to(start.dtype)


@slerp.alternative("`sinc` knows what sin(x) / x is at 0, so parallel rows need no case of their own.")
def with_sinc(start, end, fraction):
    cosine = cosine_similarity(start.flatten(1), end.flatten(1)).clamp(-1, 1)
    part, turns = (
        fraction.view(-1, *[1] * (start.ndim - 1)),
        (cosine.acos() / torch.pi).view(-1, *[1] * (start.ndim - 1)),
    )
    whole = torch.sinc(turns)
    return (1 - part) * torch.sinc((1 - part) * turns) / whole * start + part * torch.sinc(part * turns) / whole * end


@slerp.alternative("The linear mixture first; the circle replaces it where the cosine is below 0.9995.")
def below_a_threshold(start, end, fraction):
    axes = tuple(range(1, start.ndim))
    f = fraction.reshape(-1, *[1] * len(axes))
    dot = (normalize(start.flatten(1)) * normalize(end.flatten(1))).sum(dim=1).reshape(f.shape)
    theta = dot.clamp(-1, 1).arccos()
    curved = (torch.sin((1 - f) * theta) * start + torch.sin(f * theta) * end) / torch.sin(theta)
    return torch.where(dot > 0.9995, (1 - f) * start + f * end, curved)


@slerp.alternative("The angle from the sum and the difference of the directions; the weight of `start` by an identity.")
def from_sum_and_difference(start, end, fraction):
    a, b = normalize(start.flatten(1)), normalize(end.flatten(1))
    angle = 2 * torch.atan2((a - b).norm(dim=1), (a + b).norm(dim=1))
    sine = angle.sin()
    ahead = torch.where(sine > 1e-5, (fraction * angle).sin() / sine.clamp(min=1e-5), fraction)
    behind = torch.where(sine > 1e-5, (fraction * angle).cos() - angle.cos() * ahead, 1 - fraction)
    return (behind[:, None] * start.flatten(1) + ahead[:, None] * end.flatten(1)).reshape(start.shape)


@slerp.alternative("With einsum, and parallel rows set in a copy of the weights.")
def weights_set_by_a_mask(start, end, fraction):
    a, b = start.flatten(1), end.flatten(1)
    cosine = torch.einsum("bi,bi->b", a, b) / (a.norm(dim=1) * b.norm(dim=1))
    angle = cosine.clamp(-1, 1).acos()
    weights = torch.stack([(1 - fraction) * angle, fraction * angle]).sin() / angle.sin()
    same = angle < 1e-3
    weights[:, same] = torch.stack([1 - fraction, fraction])[:, same]
    return torch.einsum("pb,pb...->b...", weights, torch.stack([start, end]))
