"""Somebody's attempt at a quiz, as the examination sees it: facts about it, and what it does in a trial.

`Here` runs in this process, a student's own. The grader has another kind, which runs behind a wall.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

from course_lib.checker.isolation import originals
from course_lib.checker.quiz import Quiz
from course_lib.checker.running import Look, Trial, perform
from course_lib.checker.sandbox import Outcome
from course_lib.checker.submission import is_compiled, is_stand_in, is_stub, wrong_use


@dataclass(frozen=True)
class Facts:
    """What is known of an attempt before it runs.

    stub       nothing was written yet
    stand_in   it is the course's own
    compiled   by torch.compile
    wrong_use  why it cannot even be called, as a sentence; empty if it can
    """

    stub: bool = False
    stand_in: bool = False
    compiled: bool = False
    wrong_use: str = ""


class Attempt(Protocol):
    """An attempt at a quiz, wherever it runs."""

    def facts(self, counts: set[int]) -> Facts:
        """What is known before it runs, if it is called with so many arguments."""
        ...

    def perform(self, look: Look, trial: Trial, seconds: float, seed: int = 0) -> Outcome:
        """What it does in `trial`; see `running.perform`."""
        ...


@dataclass(frozen=True, eq=False)
class Here:
    """A function or class in this process: an attempt, the reference itself, or a mistake from the catalogue."""

    quiz: Quiz
    function: Callable

    def facts(self, counts: set[int]) -> Facts:
        if is_stub(self.function):
            return Facts(stub=True)
        if is_stand_in(self.quiz, self.function):
            return Facts(stand_in=True)
        return Facts(compiled=is_compiled(self.function), wrong_use=wrong_use(self.quiz.manner, self.function, counts))

    def perform(self, look: Look, trial: Trial, seconds: float, seed: int = 0) -> Outcome:
        with originals() if self.quiz.is_module else nullcontext():
            state = self.quiz.state(trial.case)
        return perform(self.quiz.manner, self.function, look, trial, state, seconds, seed)
