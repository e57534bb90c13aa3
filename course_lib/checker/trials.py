"""One attempt at a quiz: the arguments it is tried with, each run of it, and the fault of one result."""

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from course_lib.checker.attempts import Attempt, Here
from course_lib.checker.compare import Finding, Tolerance, finding_in, keeps_graph
from course_lib.checker.isolation import originals
from course_lib.checker.quiz import Quiz
from course_lib.checker.running import Look, Trial
from course_lib.checker.sandbox import Outcome
from course_lib.checker.sentences import raised
from course_lib.checker.values import moved_case


@dataclass(frozen=True)
class OfModule(Outcome):
    """What a Module did whose `__init__` is the student's, and its layers: their kinds, and each in words."""

    layers: dict[str, str] = field(default_factory=dict)


class Trials:
    """A quiz and an attempt at it, the cases on one device, and the time that is left.

    seconds          for one call
    seconds_in_all   for all of them
    """

    def __init__(self, quiz: Quiz, attempt: Attempt, device: str, seed: int, seconds: float, seconds_in_all: float):
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
        """Each case once; the first with a generator also twice: the second call shall go on with new numbers.

        Then the first within `torch.no_grad()`, if the quiz asks for that.
        """
        again = [case for case in self.cases if any(isinstance(value, torch.Generator) for value in case)]
        repeated = [Trial(case, twice=True) for case in again[:1] if not self.quiz.changes]
        switched_off = [Trial(case, no_grad=True) for case in self.cases[:1] if self.quiz.no_grad]
        return [*map(Trial, self.cases), *repeated, *switched_off]

    def run(self, attempt: Attempt, trial: Trial, seed: int = 0, look: Look = "result") -> Outcome:
        """What the attempt (it may be another one, too) does in a trial."""
        seconds = max(min(self.seconds, self.until - time.monotonic()), 0.1)
        return self._unpacked(attempt.perform(look, trial, seconds, seed), look)

    def run_all(self) -> list[Outcome]:
        """What the attempt does in every trial, up to the first without an end."""
        outcomes = []
        for trial in self.all:
            outcomes.append(self.run(self.attempt, trial))
            if outcomes[-1].timed_out:
                break
        return outcomes

    def expected(self, trials: list[Trial], seed: int = 0, look: Look = "result") -> list[Outcome]:
        """What the reference does."""
        reference = Here(self.quiz, self.quiz.reference)
        with originals():
            return [self._unpacked(reference.perform(look, trial, 60, seed), look) for trial in trials]

    def _unpacked(self, outcome: Outcome, look: Look) -> Outcome:
        """The outcome of a `whole` Module with what it returned as its value."""
        if not self.quiz.whole or look != "result" or not isinstance(outcome.value, dict):
            return outcome  # it did not return
        return OfModule(**vars(outcome) | {"value": outcome.value["result"]}, layers=outcome.value["layers"])

    def finding(self, mine: Outcome, right: Outcome, twice: bool = False) -> Finding | None:
        """The fault of one outcome; None if it will do."""
        at = f" in the line `{mine.line}`" if mine.line else ""
        if mine.timed_out:
            return Finding("timeout", f"Stopped after some seconds{at}. Does a loop never end?")
        unfinished = mine.error == "NotImplementedError" and " not implemented for " not in mine.says  # torch's words
        if unfinished or mine.value is ...:
            if self.quiz.whole:
                yours = f"`__init__` and `forward` of `{self.quiz.name}` are both yours to write."
                return Finding("not_attempted", f"Not finished yet: {yours}")
            return Finding("not_attempted", f"Not attempted yet: write the body of `{self.quiz.name}`.")
        if self.quiz.whole and "before Module.__init__() call" in mine.says:
            return Finding("raises", "`super().__init__()` comes first in `__init__`: it lets a Module have layers.")
        if mine.error == "MisfitError":
            return Finding(
                "type", f"Its parameters are not those of the given `__init__` ({mine.says}). Leave that as it is."
            )
        if mine.error:
            return raised(mine, at, counts="t" in self.quiz.arguments)
        if twice:
            again = "A second call with the same generator gives the same numbers again: a draw has to move it on."
            return Finding("values", again) if mine.value != right.value else None
        # what changes nothing may come at once, in a list; what trains has to hand out each loss when its step is done
        expected = right.value if self.quiz.changes or not isinstance(right.value, tuple) else tuple(right.value)
        found = finding_in(mine.value, expected, self.tolerance, self.quiz.returns)
        if found and found.finding in ("values", "nan"):
            found = _other_layers(mine, right) or found
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


def _other_layers(mine: Outcome, right: Outcome) -> Finding | None:
    """Which layers are missing and which are too many, where a wrong result comes from a Module with other layers."""
    if not isinstance(mine, OfModule) or not isinstance(right, OfModule) or mine.layers.keys() == right.layers.keys():
        return None
    missing = [words for kind, words in right.layers.items() if kind not in mine.layers]
    surplus = [words for kind, words in mine.layers.items() if kind not in right.layers]
    lists = {"Missing": missing, "Too many": surplus}
    told = " ".join(f"{name}: {'; '.join(words[:2])}." for name, words in lists.items() if words)
    return Finding("type", f"`__init__` makes other layers than the description names. {told}")
