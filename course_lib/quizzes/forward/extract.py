"""Quiz `extract` of chapter 04."""

import torch

from course_lib import forward
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import mixed_t


def lookups(g: torch.Generator) -> list[tuple]:
    """Shapes of 1 to 4 axes; once as many rows as columns, once as many rows as steps, once a single row."""
    shapes = [((5, 3, 4, 6), 50), ((4, 4), 9), ((6, 2, 3), 6), ((1, 3, 2), 7), ((5,), 8)]
    return [(torch.rand(steps, generator=g), mixed_t(g, shape[0], steps), shape) for shape, steps in shapes]


extract = Quiz(
    forward.extract,
    cases=lookups,
    points=2,
    minutes=5,
    difficulty=2,
    importance=4,
    hints=(
        "Two jobs: look up one value per row, then give the result as many axes as x has.",
        "`values[t]` has shape (B,). To multiply (B, C, H, W) it has to be "
        "(B, 1, 1, 1), and for other x_shape accordingly.",
        "`values[t].reshape(len(t), *[1] * (len(x_shape) - 1))`",
    ),
)

extract.edits(
    not_reshaped=(
        ".reshape(len(t), *[1] * (len(x_shape) - 1)) -> ",
        "Looked up, but still of shape (B,). Broadcasting would line it up with the last axis of a batch: "
        "which axes are missing?",
    ),
    images_only=(
        "*[1] * (len(x_shape) - 1) -> 1, 1, 1",
        "Always three axes of size 1: right for images only. How many does `x_shape` ask for?",
    ),
    vectors_only=(
        "*[1] * (len(x_shape) - 1) -> 1",
        "Always of shape (B, 1): right only where x has two axes. How many does `x_shape` ask for?",
    ),
    batch_at_the_end=(
        "len(t), *[1] * (len(x_shape) - 1) -> *[1] * (len(x_shape) - 1), len(t)",
        "The batch has to be the first axis, with the ones behind it; yours is the last.",
    ),
    one_axis_too_many=(
        "len(x_shape) - 1 -> len(x_shape)",
        "One axis too many: the batch is already one of the axes of `x_shape`.",
    ),
    one_axis_too_few=(
        "len(x_shape) - 1 -> len(x_shape) - 2",
        "One axis is missing. Besides the batch, how many axes does `x_shape` have?",
    ),
    batch_of_one_squeezed=(
        "reshape(len(t), *[1] * (len(x_shape) - 1)) -> squeeze()[(..., *[None] * (len(x_shape) - 1))]",
        "In a batch of one, the batch axis is lost. What does `squeeze` do to an axis of size 1?",
    ),
    value_of_the_first_row=(
        "gather(0, t) -> gather(0, t[:1].expand_as(t))",
        "All rows get the value of the first t. Index with the whole of `t`.",
    ),
    first_values=(
        "values.gather(0, t) -> values[: len(t)]",
        "These are the first B values, whatever `t` says. `t` tells for each row where to look.",
    ),
    one_too_early=(
        "values.gather(0, t) -> values[t - 1]",
        "One place too early: `t` counts from 0, like the index of `values`. At t = 0 yours takes the last value.",
    ),
    one_too_early_and_clamped=(
        "gather(0, t) -> gather(0, (t - 1).clamp(min=0))",
        "One place too early, except at t = 0: `t` counts from 0, like the index of `values`.",
    ),
    one_too_late=(
        "gather(0, t) -> gather(0, (t + 1).clamp(max=len(values) - 1))",
        "One place too late: the value of the next step is looked up. Does `t` count from 0 or from 1?",
    ),
    from_the_other_end=(
        "values.gather -> values.flip(0).gather",
        "The values are counted from the other end: at t = 0 comes the last of them. Which one should?",
    ),
    times_t=(
        "values.gather(0, t) -> (t * values.gather(0, t))",
        "Each value comes back multiplied by its t. What should `t` be used for?",
    ),
    not_looked_up=(
        "values.gather(0, t).reshape(len(t) -> values.reshape(len(values)",
        "All T values come back, each in a row of its own. Pick the one for each `t` first, then add the axes.",
    ),
)


@extract.alternative("`gather` along the last axis, and `view` with a tuple of ones instead of a list.")
def with_gather(values, t, x_shape):
    return values.gather(-1, t).view((t.shape[0],) + (1,) * (len(x_shape) - 1))


@extract.alternative("Indexing with None adds an axis of size 1; here a tuple of Nones adds all of them.")
def with_none(values, t, x_shape):
    return values[t][(...,) + (None,) * (len(x_shape) - 1)]


@extract.alternative("Axes are added one by one, until there are as many as x has.")
def with_unsqueeze(values, t, x_shape):
    found = torch.index_select(values, 0, t)
    while found.ndim < len(x_shape):
        found = found.unsqueeze(-1)
    return found


@extract.alternative("The value is repeated for every element of x: broadcasting would have done the same.")
def in_full_shape(values, t, x_shape):
    return values[t].view(-1, *[1] * (len(x_shape) - 1)).expand(x_shape)
