"""Answers to the quizzes, right and wrong, written without sight of the catalogue: an independent proof of the checker.

A file per chapter, in several sets. `test_answers.py` examines them all; `python tests/answers/rates.py` prints what
the checker says.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer to `quiz`. `why` says in a few words what is wrong with it, or what is unusual about a right one.

    right   None where its author and the course disagree: such an answer is shown by rates.py, and proves nothing
    """

    quiz: str
    attempt: Callable
    right: bool | None
    why: str


ANSWERS: list[Answer] = []


def right(quiz: str, why: str) -> Callable:
    """Decorator for a right answer."""
    return _collect(quiz, True, why)


def wrong(quiz: str, why: str) -> Callable:
    """Decorator for a wrong answer."""
    return _collect(quiz, False, why)


def disputed(quiz: str, why: str) -> Callable:
    """Decorator for an answer that its author holds for right, or wrong, and the course does not; `why` says both."""
    return _collect(quiz, None, why)


def _collect(quiz: str, is_right: bool | None, why: str) -> Callable:
    def add(attempt: Callable) -> Callable:
        ANSWERS.append(Answer(quiz, attempt, is_right, why))
        return attempt

    return add
