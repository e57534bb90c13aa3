"""Mistakes that turn up in many quizzes, told once: how values of a schedule are looked up for each row of a batch."""

import copy
import inspect
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checker.quiz import Mistake, Quiz
from course_lib.schedules import NoiseSchedule


def first_t_for_all(values: Tensor, t: Tensor, x_shape: tuple[int, ...]) -> Tensor:
    return values[t[0]]


def along_the_last_axis(values: Tensor, t: Tensor, x_shape: tuple[int, ...]) -> Tensor:
    return values[t]


def for_images_only(values: Tensor, t: Tensor, x_shape: tuple[int, ...]) -> Tensor:
    return values[t].reshape(-1, 1, 1, 1)


def counted_from_one(values: Tensor, t: Tensor, x_shape: tuple[int, ...]) -> Tensor:
    return values[t - 1].reshape(-1, *[1] * (len(x_shape) - 1))


def counted_from_one_and_clamped(values: Tensor, t: Tensor, x_shape: tuple[int, ...]) -> Tensor:
    return values[(t - 1).clamp(min=0)].reshape(-1, *[1] * (len(x_shape) - 1))


def one_too_far(values: Tensor, t: Tensor, x_shape: tuple[int, ...]) -> Tensor:
    return values[(t + 1).clamp(max=len(values) - 1)].reshape(-1, *[1] * (len(x_shape) - 1))


LOOKUPS = {
    first_t_for_all: "All rows are treated as if they had the t of the first one. "
    "In training each row has its own: look up with the whole `t`.",
    along_the_last_axis: "Weights of shape (B,) line up with the last axis of x, so each column gets its own t. "
    "`extract` puts them on the batch axis.",
    for_images_only: "This fits images only: with three axes of size 1 the weights of a smaller x line up wrongly. "
    "Let `extract` count the axes.",
    counted_from_one: "The index is one too small. The paper counts t from 1; here t = 0 is the first step, "
    "and an index of -1 is the *last* entry.",
    counted_from_one_and_clamped: "The index is one too small, except at t = 0. The paper counts t from 1; "
    "here the first step is t = 0.",
    one_too_far: "The index is one too large: values of the next step are looked up. Here t = 0 is the first step.",
}


def lookups(quiz: Quiz, *left_out: object) -> None:
    """Add to a quiz whose reference calls `extract` what happens when all its lookups go wrong in one way.

    `left_out` names those (functions of this module) that do not show, or that the quiz has words of its own for.
    """
    kept = {wrong: hint for wrong, hint in LOOKUPS.items() if wrong not in left_out}
    quiz.swaps(**{wrong.__name__: ({"extract": wrong}, hint) for wrong, hint in kept.items()})


def shifted(schedule: NoiseSchedule) -> NoiseSchedule:
    """The schedule as somebody sees it who looks up every constant at t - 1."""
    return _looked_up(schedule, lambda values: values.roll(1))


def _looked_up(schedule: NoiseSchedule, look: Callable[[Tensor], Tensor]) -> NoiseSchedule:
    other = copy.copy(schedule)
    for name, values in vars(schedule).items():
        if isinstance(values, Tensor) and values.ndim == 1:
            setattr(other, name, look(values))
    return other


# what happens to the arguments `t` and `schedule`, and what to say
COUNTS: dict[str, tuple[Callable[[Tensor, NoiseSchedule], tuple[Tensor, NoiseSchedule]], str]] = {
    "counted_from_one": (lambda t, schedule: (t, shifted(schedule)), LOOKUPS[counted_from_one]),
    "counted_from_one_and_clamped": (
        lambda t, schedule: (t, _looked_up(schedule, lambda values: torch.cat([values[:1], values[:-1]]))),
        LOOKUPS[counted_from_one_and_clamped],
    ),
    "one_too_far": (
        lambda t, schedule: (t, _looked_up(schedule, lambda values: torch.cat([values[1:], values[-1:]]))),
        LOOKUPS[one_too_far],
    ),
    "t_lowered_for_all": (
        lambda t, schedule: ((t - 1) % schedule.timesteps, schedule),
        "`t` itself is one too small, for the constants and for the model. The paper counts t from 1; "
        "here t = 0 is the first step.",
    ),
    "t_lowered_for_all_and_clamped": (
        lambda t, schedule: ((t - 1).clamp(min=0), schedule),
        "`t` itself is one too small, except at t = 0, for the constants and for the model. "
        "The paper counts t from 1; here t = 0 is the first step.",
    ),
}


def miscounted(quiz: Quiz) -> None:
    """Add to a quiz with (t, schedule) the ways to count t wrongly that its catalogue does not have yet.

    It has one if the name of a mistake ends with the way's. Without a model, lowering t is looking up one too early.
    """
    if quiz.is_module or not {"t", "schedule"} <= set(quiz.arguments):
        return
    names = [mistake.name for mistake in quiz.mistakes]
    for way, (change, hint) in COUNTS.items():
        known = any(name.endswith(way) for name in names)
        if not known and ("model" in quiz.arguments or not way.startswith("t_lowered")):
            quiz.mistakes.append(Mistake(way, hint, _with_arguments_changed(quiz, change)))


def _with_arguments_changed(quiz: Quiz, change: Callable[..., tuple[Tensor, NoiseSchedule]]) -> Callable:
    def attempt(*args: object) -> object:
        given = dict(zip(quiz.arguments, args, strict=False))
        given["t"], given["schedule"] = change(given["t"], given["schedule"])
        return quiz.reference(**given)

    vars(attempt)["__signature__"] = inspect.signature(quiz.reference)
    return attempt
