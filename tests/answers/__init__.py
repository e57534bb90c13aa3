"""Answers to the quizzes, right and wrong, written without sight of the catalogue: an independent proof of the checker.

A file per chapter, in two sets. `test_answers.py` examines them all; `python tests/answers/rates.py` prints what the
checker says.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer to `quiz`. `why` says in a few words what is wrong with it, or what is unusual about a right one."""

    quiz: str
    attempt: Callable
    right: bool
    why: str


ANSWERS: list[Answer] = []


def right(quiz: str, why: str) -> Callable:
    """Decorator for a right answer."""
    return _collect(quiz, True, why)


def wrong(quiz: str, why: str) -> Callable:
    """Decorator for a wrong answer."""
    return _collect(quiz, False, why)


def _collect(quiz: str, is_right: bool, why: str) -> Callable:
    def add(attempt: Callable) -> Callable:
        ANSWERS.append(Answer(quiz, attempt, is_right, why))
        return attempt

    return add
