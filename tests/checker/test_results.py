"""Results that are no tensors, as `examine` sees them: pictures, and states that come one by one."""

import itertools
from collections import deque

import numpy as np
import pytest
import torch

from course_lib.checker import card, difference, sandbox
from course_lib.checker import examine as examiner
from course_lib.checker.quiz import Quiz
from course_lib.pictures.gifs import denoising_frames
from course_lib.pictures.plots import image_grid
from course_lib.quizzes import commands, examine
from course_lib.quizzes.registry import find
from course_lib.quizzes.sampling.denoising_frames import States


@pytest.fixture
def examined(monkeypatch):
    def use(quiz, attempt):
        monkeypatch.setattr(commands, "find", lambda name: quiz)
        return examine(quiz.name, attempt)

    return use


# NumPy


def picture(x):
    """A picture of NumPy's."""
    return (255 * x).round().to(torch.uint8).numpy()


PICTURE = Quiz(picture, lambda g: [(torch.rand(4, 5, generator=g),)], points=1, minutes=1, hints=("?",))


@pytest.mark.parametrize(
    ("attempt", "finding", "says"),
    [
        (lambda x: picture(x), "correct", "is right"),
        (lambda x: np.flip(np.flip(picture(x), 0).copy(), 0), "correct", "is right"),  # its strides are negative
        (lambda x: torch.from_numpy(picture(x)), "type", "It returns a tensor, expected is a NumPy array."),
        (lambda x: picture(x).tolist(), "type", "in a tuple or list, expected is a NumPy array"),
        (lambda x: picture(x).astype(np.float32), "dtype", "float32, expected is uint8"),
        (lambda x: picture(x).astype(object), "type", "a NumPy array of the type `object`"),
        (lambda x: picture(x).astype(">i4"), "type", "a NumPy array of the type `>i4`"),
        (lambda x: picture(x).T, "shape", "(5, 4), expected is (4, 5). The sizes are right, their order is not."),
        (lambda x: picture(x) + 1, "values", "Yours at [0, 0] is"),  # off by 1 of 255 is off
        (lambda x: np.ma.array(picture(x)), "type", "an object of type `MaskedArray`"),
    ],
)
def test_arrays_of_numpy(examined, attempt, finding, says):
    report = examined(PICTURE, attempt)
    assert (report.finding, says in report.message) == (finding, True), report.message


def test_a_large_array_is_not_copied(examined):
    report = examined(PICTURE, lambda x: np.broadcast_to(picture(x)[0, 0], (10**6, 10**6)))
    assert (report.finding, "(1000000, 1000000)" in report.message) == ("shape", True)


# Drawing


def size_of(png):
    return tuple(int.from_bytes(png[place : place + 4], "big") for place in (16, 20))


def drawn_panels(monkeypatch, *results):
    """What stands over the panels of the difference, and the image in each."""
    figures = []
    monkeypatch.setattr(difference, "_png", lambda figure: figures.append(figure) or b"png")
    if not difference.draw_difference(*results):
        return {}
    return {axis.get_title(): axis.images[0] for axis in figures[0].axes}


def test_pictures_are_drawn_in_their_own_range_and_colour(monkeypatch):
    expected = torch.zeros(6, 7, 3, dtype=torch.uint8)
    yours = expected.clone()
    yours[2, 3, 1], yours[4, 5, 0] = 3, 200
    drawn = drawn_panels(monkeypatch, yours, expected)
    assert list(drawn) == ["yours", "expected", "difference, up to 200"]
    assert drawn["yours"].get_array().shape == (6, 7, 3)
    off = drawn["difference, up to 200"].get_array()
    assert (off[2, 3], off[4, 5]) == (3, 200)


def test_pictures_of_other_sizes_are_drawn_side_by_side(monkeypatch):
    yours, expected = (torch.zeros(*shape, dtype=torch.uint8) for shape in ((6, 7), (7, 9)))
    drawn = drawn_panels(monkeypatch, yours, expected)
    assert list(drawn) == ["yours, 6 x 7", "expected, 7 x 9"]
    assert all(image.get_clim() == (0, 255) for image in drawn.values())
    assert drawn_panels(monkeypatch, yours.float(), expected.float()) == {}  # those are no pictures


def test_of_a_batch_the_worst_row_and_channel_is_drawn(monkeypatch):
    expected = torch.zeros(3, 2, 4, 5)
    yours = expected.clone()
    yours[0, 0], yours[1, 1, 2, 3] = 0.25, -0.5
    drawn = drawn_panels(monkeypatch, yours, expected)
    assert drawn["difference, up to 0.5"].get_array()[2, 3] == -0.5
    assert (drawn["yours"].get_array() == 0).sum() == 19
    assert drawn["yours"].get_clim() == (-0.5, 0.5)


def test_what_cannot_be_drawn_is_not():
    for shape in ((2, 2, 1, 1), (3,), (4, 4)):
        assert difference.draw_difference(torch.zeros(shape), torch.ones(shape)) == b""
    assert difference.draw_difference(torch.full((1, 1, 4, 4), torch.nan), torch.ones(1, 1, 4, 4)) == b""


def test_a_wrong_grid_comes_with_its_picture(monkeypatch):
    cards = []
    monkeypatch.setattr(commands, "show", cards.append)
    monkeypatch.setattr(commands, "in_notebook", lambda: True)
    commands.check(lambda images, columns=None, scale=1, gap=1: image_grid(images, columns, scale, 0), "image_grid")
    assert size_of(cards[0].picture) == (528, 170)
    assert 'src="data:image/png;base64,' in card.Card.as_html(cards[0])


# One by one


def lazily(states, total, count=22):
    yield from denoising_frames(states, total, count)


@pytest.mark.parametrize("kind", [lazily, list, tuple, iter, deque, lambda frames: (f for f in frames), "map"])
def test_states_may_come_in_any_kind_of_row(kind):
    def attempt(states, total, count=22):
        frames = lazily(states, total, count)
        if kind == "map":
            return map(torch.clone, frames)
        return frames if kind is lazily else kind(frames)

    assert examine("denoising_frames", attempt).passed


def test_a_row_that_does_not_end():
    report = examine("denoising_frames", lambda states, total, count=22: itertools.repeat(torch.zeros(1, 1, 1, 1)))
    assert (report.finding, "more than 4096 things" in report.message) == ("type", True)


def test_a_loop_that_does_not_end(monkeypatch):
    monkeypatch.setattr(examiner, "SECONDS", 0.2)

    def attempt(states, total, count=22):
        yield next(states)
        while True:
            pass

    assert examine("denoising_frames", attempt).finding == "timeout"


def test_a_source_is_new_for_each_call():
    case = (States(5), 5, 3)
    outcomes = [sandbox.call(lambda states, total, count: [int(s) for s in states], case, 5).value for _ in range(2)]
    assert outcomes == [(0, 1, 2, 3, 4)] * 2


def test_whoever_hoards_states_is_told():
    def attempt(states, total, count=22):
        return list(denoising_frames(list(states), total, count))

    report = examine("denoising_frames", attempt)
    assert (report.finding, report.mistake) == ("mistake", "keeps_every_state")


def test_a_mistake_is_known_although_the_attempt_raises_elsewhere():
    """Equally spaced, and hoarded: the last case raises, the others say which mistake it is."""

    def attempt(states, total, count=22):
        hoard = list(states)
        places = np.linspace(0, total - 1, count) if count > 1 else [total - 1]
        return hoard if total <= count else [hoard[round(place)] for place in places]

    report = examine("denoising_frames", attempt)
    assert (report.finding, report.mistake) == ("mistake", "equally_spaced")


def test_what_is_right_where_it_does_not_raise_is_no_known_mistake():
    def attempt(states, total, count=22):
        if total <= count:
            raise KeyError("too short")
        yield from denoising_frames(states, total, count)

    report = examine("denoising_frames", attempt)
    assert (report.finding, report.mistake, "too short" in report.message) == ("raises", None, True)
    assert "short_chains_thinned" in [mistake.name for mistake in find("denoising_frames").mistakes]
