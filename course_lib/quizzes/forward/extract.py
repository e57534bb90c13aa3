"""Quiz `extract` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import mixed_t


def lookups(g: torch.Generator) -> list[tuple]:
    """Shapes of 4, 2 and 3 axes; in the second as many rows as columns, in the third as many rows as steps."""
    shapes = [((5, 3, 4, 6), 50), ((4, 4), 9), ((6, 2, 3), 6)]
    return [(torch.rand(steps, generator=g), mixed_t(g, shape[0], steps), shape) for shape, steps in shapes]


extract = Quiz(
    forward.extract,
    cases=lookups,
    points=2,
    minutes=6,
    hints=(
        "Two jobs: look up one value per row, then give the result as many axes as x has.",
        "`values[t]` has shape (B,). To multiply (B, C, H, W) it has to be "
        "(B, 1, 1, 1), and for other x_shape accordingly.",
        "`values[t].reshape(len(t), *[1] * (len(x_shape) - 1))`",
    ),
)


@extract.mistake(
    "Looked up, but still of shape (B,). Broadcasting would line it up with "
    "the last axis, the width: which axes are missing?"
)
def not_reshaped(values, t, x_shape):
    return values[t]


@extract.mistake("Always three axes of size 1: right for images only. How many does `x_shape` ask for?")
def images_only(values, t, x_shape):
    return values[t].reshape(-1, 1, 1, 1)


@extract.mistake("The batch has to be the first axis, with the ones behind it; yours is the last.")
def batch_at_the_end(values, t, x_shape):
    return values[t].reshape(*[1] * (len(x_shape) - 1), -1)


@extract.mistake("One axis too many: the batch is already one of the axes of `x_shape`.")
def one_axis_too_many(values, t, x_shape):
    return values[t].reshape(-1, *[1] * len(x_shape))


@extract.mistake("All rows get the value of the first t. Index with the whole of `t`.")
def value_of_the_first_row(values, t, x_shape):
    return values[t[0]].expand(len(t)).reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake("This takes the first B values, whatever `t` says. `t` tells for each row where to look.")
def first_values(values, t, x_shape):
    return values[: len(t)].reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake(
    "One place too early: `t` counts from 0, like the index of `values`. At t = 0 yours takes the last value."
)
def one_too_early(values, t, x_shape):
    return values[t - 1].reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake("The value is multiplied by t. Look up with square brackets.")
def times_t(values, t, x_shape):
    return (values[t] * t).reshape(-1, *[1] * (len(x_shape) - 1))


@extract.mistake(
    "All T values come back, each in a row of its own. Pick the one for each `t` first, then add the axes."
)
def not_looked_up(values, t, x_shape):
    return values.reshape(-1, *[1] * (len(x_shape) - 1))


@extract.alternative("")
def with_gather(values, t, x_shape):
    return values.gather(-1, t).view((t.shape[0],) + (1,) * (len(x_shape) - 1))


@extract.alternative("")
def with_none(values, t, x_shape):
    return values[t][(...,) + (None,) * (len(x_shape) - 1)]


@extract.alternative("")
def with_unsqueeze(values, t, x_shape):
    found = torch.index_select(values, 0, t)
    while found.ndim < len(x_shape):
        found = found.unsqueeze(-1)
    return found
