"""Sources that students see: the stub, other ways, and in reviews what is right and what is wrong."""

import itertools
import math
import re
import sys
from dataclasses import replace
from types import ModuleType

import numpy
import pytest
import torch
from torch import nn

import course_lib
from course_lib.checker import examine as engine
from course_lib.checker.quiz import Quiz
from course_lib.quizzes import sources
from course_lib.quizzes.registry import every_quiz, find
from course_lib.quizzes.sources import imports, other_ways, plain, right_answers, stub, unsolved, wrong_answers

CODE = [name for name, quiz in every_quiz().items() if isinstance(quiz, Quiz)]


def run(quiz, source):
    """What a student would have who writes `source` into a cell of the notebook."""
    names = {"itertools": itertools, "math": math, "torch": torch, "nn": nn, "np": numpy}
    names |= {"functional": nn.functional, "F": nn.functional}
    names |= {name: module for name, module in vars(course_lib).items() if isinstance(module, ModuleType)}
    names |= vars(sys.modules[quiz.reference.__module__])
    exec(source, names)
    return type(quiz.name, (quiz.reference,), {"forward": names["forward"]}) if quiz.is_module else names[quiz.name]


@pytest.mark.parametrize("name", CODE)
def test_what_a_review_shows_as_right_is_right_and_as_wrong_is_wrong(name):
    """The source that is shown, run on its own: that no review grades wrongly rests on this."""
    quiz = find(name)
    for source in right_answers(quiz):
        assert engine.examine(quiz, run(quiz, source), strict=False).passed, source
    for source, mistake in wrong_answers(quiz).items():
        with_this_one = replace(quiz, mistakes=[mistake])  # to look for all of them would take minutes
        assert engine.examine(with_this_one, run(quiz, source), strict=False).mistake == mistake.name, source


def test_most_quizzes_can_be_shown_that_way():
    shown = [name for name in CODE if len(right_answers(find(name))) > 1 and wrong_answers(find(name))]
    assert len(shown) > len(CODE) / 2


@pytest.mark.parametrize("name", CODE)
def test_no_two_answers_look_alike(name):
    quiz = find(name)
    shown = [*right_answers(quiz), *wrong_answers(quiz)]
    assert len(shown) == len(set(shown))
    assert not any(word in source for source in shown for word in ('"""', " #", "mistake(", "alternative("))
    assert not any(re.search(r"def .*->", source) for source in shown)
    mistakes = {mistake.name for mistake in quiz.mistakes}
    assert all(f"def {known}(" not in source for source in shown for known in mistakes)


def test_plain_takes_away_what_does_not_count():
    source = '''
    @q.mistake("a hint")
    @torch.no_grad()
    def f(x: Tensor, n: int = 3) -> Tensor:
        """Says a lot."""
        # a remark
        return x * n  # another
    '''
    assert plain(source, "g") == "@torch.no_grad()\ndef g(x, n=3):\n    return x * n"


def test_plain_shows_of_a_module_its_forward():
    source = "class A(nn.Module):\n    def __init__(self): ...\n    def forward(self, x: Tensor): return self.a(x)"
    assert plain(source) == "def forward(self, x):\n    return self.a(x)"


@pytest.mark.parametrize("name", CODE)
def test_other_ways_are_two_that_do_not_look_like_the_reference(name):
    quiz = find(name)
    ways = other_ways(quiz)
    assert len(ways) == 2
    assert plain(quiz.solution, "same") not in [plain(way.source, "same") for way in ways]
    assert ways == other_ways(quiz)


def test_a_way_that_is_the_reference_in_other_clothes_is_left_out(monkeypatch):
    def snr(alphas_cumprod):  # as the reference, but for its annotations
        return alphas_cumprod / (1 - alphas_cumprod)

    quiz = Quiz(find("snr").reference, find("snr").cases, 1, 1, ("?",))
    quiz.alternative("The same.")(snr)
    assert other_ways(quiz) == []


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("notebooks", [True, False], ids=["with notebooks", "without"])
def test_a_stub_runs_as_it_is_and_counts_as_not_attempted(name, notebooks, monkeypatch, tmp_path):
    if not notebooks:
        monkeypatch.setattr(sources, "NOTEBOOKS", tmp_path)
    names = {}
    exec(stub(find(name)), names)
    assert engine.examine(find(name), names[name]).finding == "not_attempted"


@pytest.mark.parametrize("name", CODE)
def test_the_imports_are_all_that_the_reference_needs(name):
    quiz, names = find(name), {}
    exec("\n".join(imports(quiz)), names)
    exec(quiz.solution, names)
    assert engine.examine(quiz, names[name], strict=False).passed


def test_a_stub_does_not_tell_the_formula(monkeypatch, tmp_path):
    assert "(1 - " not in stub(find("snr"))
    monkeypatch.setattr(sources, "NOTEBOOKS", tmp_path)
    assert "(1 - " not in stub(find("snr"))
    assert "alpha-bar / (1 - alpha-bar)" in unsolved(find("snr").reference)  # why the reference's words are not taken


def test_of_a_whole_module_no_layer_is_given_away():
    reference = find("ResnetBlock").reference
    assert "nn.Conv2d" in unsolved(reference)
    assert "nn.Conv2d" not in unsolved(reference, whole=True)
    assert unsolved(reference, whole=True).count("raise NotImplementedError") == 2
