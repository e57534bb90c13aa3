"""Answers that were written without sight of the catalogue: right ones pass, wrong ones are refused.

How many of the wrong ones are named is no test but a figure: `python tests/answers/rates.py` prints it.
"""

import importlib
from pathlib import Path

import pytest

from answers import ANSWERS, Answer
from course_lib.checker.quiz import Quiz
from course_lib.quizzes import examine
from course_lib.quizzes.registry import every_quiz, find

for path in sorted(Path(__file__).parent.glob("*/[a-z]*.py")):
    importlib.import_module(f"answers.{path.parent.name}.{path.stem}")

NAMES = [name for name in every_quiz() if isinstance(find(name), Quiz)]


def answers(name: str, right: bool) -> list[Answer]:
    return [answer for answer in ANSWERS if answer.quiz == name and answer.right is right]


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_pass(name):
    refused = {answer.attempt.__name__: examine(name, answer.attempt, seed=3) for answer in answers(name, True)}
    assert {who: report.message for who, report in refused.items() if not report.passed} == {}
    assert len(refused) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_are_refused(name):
    found = {place: examine(name, answer.attempt, seed=3) for place, answer in enumerate(answers(name, False))}
    names = [answer.attempt.__name__ for answer in answers(name, False)]
    assert [names[place] for place, report in found.items() if report.passed] == []
    assert len(found) >= 8
    assert all(len(report.message) < 600 and "tensor(" not in report.message for report in found.values())
