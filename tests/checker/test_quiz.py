"""The forms in which a mistake is written down, and what each refuses."""

import pytest
import torch

from course_lib import blocks, forward
from course_lib.checker.examine import examine
from course_lib.checker.quiz import Quiz, rebuilt
from course_lib.quizzes.inputs import noisy_batches


@pytest.fixture
def quiz():
    return Quiz(forward.q_sample, noisy_batches, points=1, minutes=1, hints=("?",))


CASE = noisy_batches(torch.Generator().manual_seed(0))[0]


def test_an_edit_changes_the_reference_and_nothing_else(quiz):
    quiz.edits(minus=("x_start + sigma -> x_start - sigma", "The sign."), bare=("sigma * ->", "No weight."))
    minus, bare = (mistake.attempt for mistake in quiz.mistakes)
    x_start, t, noise, schedule = CASE
    assert torch.allclose(minus(*CASE), forward.q_sample(x_start, t, -noise, schedule))
    sigma = forward.extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    assert torch.allclose(bare(*CASE), forward.q_sample(*CASE) + (1 - sigma) * noise)
    assert [mistake.hint for mistake in quiz.mistakes] == ["The sign.", "No weight."]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ("x_start + sgima -> x_start", r"'x_start \+ sgima' occurs 0 times in q_sample"),
        ("extract -> look_up", "'extract' occurs 2 times in q_sample"),
        ("alpha-bar_t -> beta", "occurs 0 times"),  # stands in the docstring only
        ("no arrow", "old -> new"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_when_it_is_written(quiz, edit, says):
    with pytest.raises(ValueError, match=says):
        quiz.edits(wrong=(edit, "?"))


def test_a_name_of_the_module_can_stand_for_something_else(quiz):
    quiz.swaps(first=({"extract": lambda values, t, shape: values[t[0]]}, "The first t."))
    x_start, t, noise, schedule = CASE
    assert torch.allclose(
        quiz.mistakes[0].attempt(*CASE), forward.q_sample(x_start, t[:1].expand_as(t), noise, schedule)
    )
    assert forward.q_sample(*CASE).shape == x_start.shape  # the module itself is as before


def test_a_function_with_options_that_go_wrong(quiz):
    def sampled(x_start, t, noise, schedule, sign=1, weight=1):
        return forward.q_sample(weight * x_start, t, sign * noise, schedule)

    quiz.variants(sampled, minus=({"sign": -1}, "The sign."), double=({"weight": 2}, "Twice."))
    assert examine(quiz, sampled).passed
    for mistake in quiz.mistakes:
        report = examine(quiz, mistake.attempt)
        assert (report.finding, report.mistake) == ("mistake", mistake.name)


def test_two_mistakes_at_once_are_both_named(quiz):
    quiz.edits(
        minus=("x_start + sigma -> x_start - sigma", "The sign."),
        no_root=("schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod", "The root."),
    )

    def both(x_start, t, noise, schedule):
        signal = forward.extract(schedule.alphas_cumprod, t, x_start.shape)
        return signal * x_start - forward.extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise

    report = examine(quiz, both)
    assert (report.finding, report.mistakes) == ("mistake", ("minus", "no_root"))
    assert report.message == "Two things at once. The sign. And: The root."
    assert examine(quiz, quiz.mistakes[0].attempt).mistakes == ("minus",)


def test_mistakes_that_change_the_same_words_cannot_be_made_at_once(quiz):
    quiz.edits(a=("sigma * noise -> noise", "?"), b=("sigma * noise -> sigma", "!"))
    assert quiz.both(*quiz.mistakes) is None

    @quiz.mistake("A function of its own.")
    def zero(x_start, t, noise, schedule):
        return 0 * x_start

    assert quiz.both(quiz.mistakes[0], quiz.mistakes[2]) is None


def test_of_a_module_the_class_is_edited():
    quiz = Quiz(blocks.Downsample, lambda g: [((4, 4), torch.randn(2, 4, 6, 6, generator=g))], 1, 1, ("?",))
    quiz.edits(twice=("return self.conv(x) -> return 2 * self.conv(x)", "Twice."))
    assert examine(quiz, quiz.mistakes[0].attempt).mistake == "twice"


def test_a_rebuilt_reference_is_the_reference():
    assert torch.equal(rebuilt(forward.q_sample)(*CASE), forward.q_sample(*CASE))


def test_an_alternative_is_explained_and_shown_without_its_decorator(quiz):
    @quiz.alternative("Another order.")
    def other_order(x_start, t, noise, schedule):
        return forward.q_sample(x_start, t, noise, schedule)

    (alternative,) = quiz.alternatives
    assert (alternative.name, alternative.explain) == ("other_order", "Another order.")
    assert alternative.source.startswith("def other_order(x_start, t, noise, schedule):\n    return")
    with pytest.raises(TypeError, match="alternative"):
        quiz.alternative(other_order)
