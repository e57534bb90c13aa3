"""One attempt at a quiz: the arguments it is tried with, each run of it, and the fault of one result."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.checker.compare import Finding, Tolerance, finding_in, keeps_graph, repeats
from course_lib.checker.isolation import originals
from course_lib.checker.quiz import Quiz
from course_lib.checker.sandbox import Outcome, call
from course_lib.checker.sentences import raised
from course_lib.checker.submission import file_of, runnable
from course_lib.checker.values import moved_case


@dataclass(frozen=True)
class Trial:
    """Some arguments; with `twice` what is asked is whether a second call with them repeats the first."""

    case: tuple
    twice: bool = False

    def of(self, attempt: Callable) -> Callable:
        return functools.partial(repeats, attempt) if self.twice else attempt


class Trials:
    """A quiz and an attempt at it, the cases on one device, and the time that is left.

    seconds          for one call
    seconds_in_all   for all of them
    """

    def __init__(self, quiz: Quiz, attempt: Callable, device: str, seed: int, seconds: float, seconds_in_all: float):
        self.quiz, self.attempt, self.device = quiz, attempt, device
        self.seconds, self.seconds_in_all = seconds, seconds_in_all
        with originals():
            cases = quiz.cases(torch.Generator().manual_seed(seed))
        self.given = len(cases)  # so many are the quiz's own
        self.cases = [moved_case(case, device) for case in [*cases, *_at_the_first_step(quiz, cases)]]
        slack = 1 if device == "cpu" else 10  # accelerators round in other places
        self.tolerance = Tolerance(quiz.rtol * slack, quiz.atol * slack)
        self.start_the_clock()

    def start_the_clock(self) -> None:
        self.until = time.monotonic() + self.seconds_in_all

    @property
    def all(self) -> list[Trial]:
        """Each case once; the first with a generator also twice: the second call shall go on with new numbers."""
        again = [case for case in self.cases if any(isinstance(value, torch.Generator) for value in case)]
        return [*map(Trial, self.cases), *(Trial(case, twice=True) for case in again[:1] if not self.quiz.changes)]

    def run(self, attempt: Callable, trial: Trial, seed: int = 0) -> Outcome:
        """What the attempt (it may be another one, too) does in a trial."""
        seconds = max(min(self.seconds, self.until - time.monotonic()), 0.1)
        return call(trial.of(runnable(self.quiz, attempt)), trial.case, seconds, seed, file_of(attempt))

    def run_all(self) -> list[Outcome]:
        """What the attempt does in every trial, up to the first without an end."""
        outcomes = []
        for trial in self.all:
            outcomes.append(self.run(self.attempt, trial))
            if outcomes[-1].timed_out:
                break
        return outcomes

    def expected(self, trials: list[Trial], seed: int = 0) -> list[Outcome]:
        """What the reference does."""
        reference = runnable(self.quiz, self.quiz.reference)
        with originals():
            return [call(trial.of(reference), trial.case, 60, seed) for trial in trials]

    def finding(self, mine: Outcome, right: Outcome, twice: bool = False) -> Finding | None:
        """The fault of one outcome; None if it will do."""
        at = f" in the line `{mine.line}`" if mine.line else ""
        if mine.timed_out:
            return Finding("timeout", f"Stopped after some seconds{at}. Does a loop never end?")
        if mine.error == "NotImplementedError" or mine.value is ...:
            return Finding("not_attempted", f"Not attempted yet: write the body of `{self.quiz.name}`.")
        if mine.error == "MisfitError":
            return Finding(
                "type", f"Its parameters are not those of the given `__init__` ({mine.says}). Leave that as it is."
            )
        if mine.error:
            return raised(mine, at, counts="t" in self.quiz.arguments)
        if twice:
            again = "A second call with the same generator gives the same numbers again: a draw has to move it on."
            return Finding("values", again) if mine.value != right.value else None
        found = finding_in(mine.value, right.value, self.tolerance, self.quiz.returns)
        if not found and keeps_graph(mine.value, right.value):
            return Finding(
                "type",
                "The values are right, but the graph behind them is kept, and with it the memory of every step. "
                "What is it that nobody will ask a gradient of?",
            )
        return found


def _at_the_first_step(quiz: Quiz, cases: list[tuple]) -> list[tuple]:
    """Two more cases where each row has a `t`: a batch that begins with t = 0, and one in which every t is 0.

    `if t[0] == 0` and `if (t == 0).all()` decide for the whole batch; where no batch is like that, nobody notices.
    """
    if quiz.is_module or "t" not in quiz.arguments:
        return []
    place = quiz.arguments.index("t")
    for case in cases:
        t = case[place]
        if isinstance(t, Tensor) and t.dtype == torch.long and t.ndim == 1 and len(t) > 1 and t.max() > 0:
            first = t.clamp(min=1)
            first[0] = 0
            return [(*case[:place], other, *case[place + 1 :]) for other in (first, torch.zeros_like(t))]
    return []
