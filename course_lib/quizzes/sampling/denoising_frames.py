"""Quiz `denoising_frames` of chapter 10."""

import itertools
import math
import weakref
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from course_lib.checker.quiz import Quiz
from course_lib.pictures import gifs


class HoardedStatesError(Exception):
    """Raised by `States` in the face of somebody who keeps them."""


class States(Iterator):
    """What a sampler yields. State i holds the number i only, so that a report says which one it is.

    room   so many may be alive at once, then it raises HoardedStatesError
    """

    def __init__(self, total: int, room: int = 100_000):
        self.total, self.room = total, room
        self.given: list[weakref.ref[Tensor]] = []

    def __next__(self) -> Tensor:
        if len(self.given) == self.total:
            raise StopIteration
        alive = sum(state() is not None for state in self.given)
        if alive > self.room:
            raise HoardedStatesError(f"{alive} states are kept in memory at once, many more than are picked.")
        state = torch.full((1, 1, 1, 1), float(len(self.given)))
        self.given.append(weakref.ref(state))
        return state


def chains(g: torch.Generator) -> list[tuple]:
    """Long ones, fewer states than frames, as many, hardly more (so that an index comes up twice), one frame, two.

    The last is long, and its states may not be hoarded: there is room for those that are picked and some to work with.
    """

    def length(low: int, high: int, count: int) -> int:
        """A length whose indices are all far from a half, where rounding is a matter of taste."""
        good = [total for total in range(low, high) if all(abs(i % 1 - 0.5) > 0.02 for i in indices(total, count))]
        return good[int(torch.randint(len(good), (), generator=g))]

    kinds = [(length(35, 60, 9), 9), (length(5, 11, 12), 12), (11, 11), (length(13, 18, 12), 12)]
    kinds += [(length(20, 30, 1), 1), (length(25, 40, 2), 2), (length(120, 160, 31), 31)]
    long = length(90, 130, 22)
    return [*((States(total), total, count) for total, count in kinds), (States(long, room=22 + 8), long)]


def indices(total, count, power=1.5, last=1):
    """The formula of the docstring before it is rounded, from the first frame to the last."""
    return [(total - last) * (1 - (j / max(count - 1, 1)) ** power) for j in reversed(range(count))]


def films(states, total, count=22, *, of=indices, rounds=round, one=None, short="all", sort=set, left_out=()):
    """`denoising_frames` with options that go wrong.

    of       the indices before they are rounded         rounds   how they are
    one      the index of the only frame for count = 1
    short    "all": all states if there are not more than frames; "formula": the formula there, too
    sort     `set` forgets repetitions, `list` does not
    left_out indices that are not shown, from the last if negative
    """
    found = [rounds(i) for i in of(total, count)] if count > 1 or one is None else [one(total)]
    chosen = range(total) if short == "all" and total <= count else sort(found)
    gone = {index % total for index in left_out}
    for index, state in enumerate(states):
        if index not in gone or count == 1:
            yield from [state] * list(chosen).count(index)


denoising_frames = Quiz(
    gifs.denoising_frames,
    cases=chains,
    points=2,
    minutes=8,
    difficulty=3,
    importance=2,
    hints=(
        "Two parts: which indices, and how to let the states pass by while you hand on those. "
        "(When this is checked, state i holds the number i, so a message shows which one you picked.)",
        "Collect the indices in a set, so that none comes up twice. Then go through `enumerate(states)` and yield a "
        "state if its index is in the set.",
        "{round((total - 1) * (1 - (j / (count - 1)) ** 1.5)) for j in range(count)}; "
        "look after count = 1 and total <= count.",
    ),
)


denoising_frames.variants(
    films,
    without_the_last=({"left_out": (-1,)}, "The last state, the sample itself, is missing. Which index does it have?"),
    without_the_first=({"left_out": (0,)}, "The first state, pure noise, is missing. Which j leads to index 0?"),
    counted_from_j_1=(
        {"of": lambda total, count: indices(total, count)[: -1 if count > 1 else None]},
        "In a long chain the last state is missing. Which j leads to the index total - 1?",
    ),
    j_ends_too_early=(
        {"of": lambda total, count: indices(total, count)[1 if count > 1 else 0 :]},
        "In a long chain the first state, pure noise, is missing. Where does j have to end?",
    ),
    linspace_without_repetitions=(
        {"of": lambda total, count: np.linspace(0, total - 1, count), "short": "formula"},
        "The frames are equally spaced, and count = 1 gives the noise. Which formula does the docstring have?",
    ),
    equally_spaced=(
        {"of": lambda total, count: indices(total, count, power=1)},
        "The frames are equally spaced, so half of the film is noise. What does the exponent in the formula do?",
    ),
    linspace=(
        {"of": lambda total, count: np.linspace(0, total - 1, count), "short": "formula", "sort": list},
        "The frames are equally spaced, and short chains stand still: some states come more than once. "
        "Which formula gives the indices, and what forgets repetitions?",
    ),
    linspace_cut_off=(
        {"of": lambda total, count: np.linspace(0, total - 1, count), "short": "formula", "sort": list, "rounds": int},
        "The frames are equally spaced, their indices cut off instead of rounded, and short chains stand still. "
        "What makes frames crowd together at the end?",
    ),
    crowded_at_the_start=(
        {"of": lambda total, count: [total - 1 - i for i in indices(total, count)], "one": lambda total: total - 1},
        "The frames crowd together in the noise. j counts back from the last frame: where should it be slow?",
    ),
    squared=(
        {"of": lambda total, count: indices(total, count, power=2)},
        "The exponent is 2, so the frames crowd together more than asked. Which one does the formula have?",
    ),
    square_root=(
        {"of": lambda total, count: indices(total, count, power=0.5)},
        "The exponent is 1/2, so the frames crowd together in the noise. Which one does the formula have?",
    ),
    two_thirds=(
        {"of": lambda total, count: indices(total, count, power=1 / 1.5)},
        "The exponent is upside down, 1 / 1.5, and the frames crowd together in the noise.",
    ),
    cut_off=(
        {"rounds": int},
        "The indices are cut off instead of rounded: `int(7.9)` is 7. What gives the nearest whole number?",
    ),
    rounded_up=(
        {"rounds": math.ceil},
        "The indices are rounded up, never down. What gives the nearest whole number?",
    ),
    repeats=(
        {"sort": list},
        "A state that is picked twice becomes two frames, and the film stands still. What forgets repetitions?",
    ),
    short_chains_thinned=(
        {"short": "formula"},
        "If total <= count, every state should be a frame. Your formula leaves some of them out.",
    ),
    one_frame_of_noise=(
        {"one": lambda total: 0},
        "count = 1 gives the noise. If there is room for one frame only, which state should it be?",
    ),
    no_frame_for_one=({"one": lambda total: -1}, "count = 1 gives no frame at all. Which state should it be?"),
    last_index_too_large=(
        {"of": lambda total, count: indices(total, count, last=0)},
        "The formula is used with `total` where it has total - 1. Which index does the last state have?",
    ),
    divided_by_count=(
        {"of": lambda total, count: [(total - 1) * (1 - (j / count) ** 1.5) for j in range(count)]},
        "j / count never reaches 1, so the first state is not there. By what does the formula divide j?",
    ),
    fails_for_one_frame=(
        {"of": lambda total, count: [(total - 1) * (1 - (j / (count - 1)) ** 1.5) for j in range(count)]},
        "count = 1 divides by zero: count - 1 is 0 there. Which state should come then?",
    ),
)


@denoising_frames.mistake(
    "The right frames, but all states are in memory at once, as after `list(states)`: long chains of large images "
    "do not fit. Pick while they pass by."
)
def keeps_every_state(states, total, count=22):
    return films(list(states), total, count)


@denoising_frames.mistake(
    "If there are fewer states than frames, some come up several times. How many frames can 7 states give?"
)
def repeats_in_a_short_chain(states, total, count=22):
    return films(states, total, count, short="formula", sort=set if total > count else list)


@denoising_frames.mistake("These are the indices of the states. Asked are the states themselves.")
def the_indices(states, total, count=22):
    return [i for i in range(total) if total <= count or i in {round(i) for i in indices(total, count)}]


@denoising_frames.mistake("The film runs backwards, from the sample to the noise. In which order do the states come?")
def backwards(states, total, count=22):
    return list(films(states, total, count))[::-1]


@denoising_frames.mistake("That is every n-th state. The formula makes the frames lie closer together towards the end.")
def every_nth(states, total, count=22):
    return itertools.islice(states, 0, None, max(total // count, 1))


@denoising_frames.mistake("Every state becomes a frame, however many there are. How are `count` of them picked?")
def every_state(states, total, count=22):
    yield from states


@denoising_frames.mistake("Only the end of the chain is there. The film should begin with the noise.")
def the_end_only(states, total, count=22):
    return itertools.islice(states, max(total - count, 0), None)


@denoising_frames.mistake(
    "Only the beginning of the chain is there, nothing but noise. The last state should be in the film."
)
def the_beginning_only(states, total, count=22):
    return itertools.islice(states, count)


@denoising_frames.mistake("Each frame is one state too early: are the states counted from 1, and the indices from 0?")
def counted_from_one(states, total, count=22):
    chosen = {round(i) for i in indices(total, count)} if total > count else range(total)
    return (state for place, state in enumerate(states, start=1) if place in chosen)


@denoising_frames.mistake(
    "It ends after the first frame. `return` inside a loop leaves it; what hands on a state and goes on?"
)
def returns_in_the_loop(states, total, count=22):
    return [next(iter(states))]


@denoising_frames.alternative("A list is filled while the states pass by.")
def a_list(states, total, count=22):
    frames = []
    wanted = sorted({round(i) for i in indices(total, count)})
    for index in range(total):
        state = next(states)
        if total <= count or index in wanted:
            frames.append(state)
    return frames


@denoising_frames.alternative("All places at once in NumPy, then `itertools.compress`.")
def numpy_s_places(states, total, count=22):
    """From the first frame to the last, in NumPy, whose rounding differs at halves only."""
    if total <= count:
        return tuple(states)
    places = np.linspace(0, 1, count) if count > 1 else np.ones(1)
    mask = np.zeros(total, dtype=bool)
    mask[np.floor((total - 1) * (1 - (1 - places) ** 1.5) + 0.5).astype(int)] = True
    return itertools.compress(states, mask)


@denoising_frames.alternative("The formula on a tensor of all j.")
def with_torch(states, total, count=22):
    j = torch.arange(count, dtype=torch.float64)
    chosen = ((total - 1) * (1 - (j / max(count - 1, 1)) ** 1.5)).round().long()
    for index, state in enumerate(states):
        if total <= count or (chosen == index).any():
            yield state.clone()
