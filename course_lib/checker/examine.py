"""Examine an attempt: run it on the quiz's cases, compare, and find the most helpful thing to say."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from course_lib.checker.compare import (
    Finding,
    Tolerance,
    alike,
    finding_in,
    keeps_graph,
    requires_grad,
    same_gradients,
)
from course_lib.checker.isolation import originals, preserved
from course_lib.checker.quiz import Choice, Mistake, Quiz
from course_lib.checker.sandbox import Outcome, call
from course_lib.checker.submission import NewTensors, file_of, gradients, is_stand_in, is_stub, runnable, wrong_use
from course_lib.checker.values import arrays_in, moved_case, tensors_in, varied
from course_lib.runs.devices import device as find_device

SECONDS = 5.0  # for one call
SECONDS_IN_ALL = 10.0

_busy = threading.Lock()  # an examination is going on


@dataclass(frozen=True, eq=False)
class Report:
    """What an examination found. `finding` is one word, `message` one or two sentences for the student.

    mistake          the catalogue's name for it, or None
    yours, expected  the first wrong result and the right one, for drawing; None where there is nothing to draw
    printed          what the attempt printed when it was first called
    """

    quiz: str
    passed: bool
    finding: str
    message: str
    mistake: str | None = None
    yours: Tensor | None = None
    expected: Tensor | None = None
    printed: str = ""


def examine(quiz: Quiz | Choice, attempt: object, device: str = "cpu", seed: int = 0) -> Report:
    """Examine `attempt` at `quiz` with its inputs on `device`; prints nothing. `seed` makes the inputs.

    Raises CourseError for a device that is not there; whatever the attempt does is a finding.
    """
    kind = find_device(device).type
    if isinstance(quiz, Choice):
        return _examine_choice(quiz, attempt)
    if _busy.locked():  # by an attempt that checks itself, which would never end
        advice = "`check` is called inside the function. Call it in a cell of its own."
        return Report(quiz.name, False, "raises", advice)
    with _busy, preserved():
        return _Examination(quiz, attempt, kind, seed).report()


def _examine_choice(quiz: Choice, answer: object) -> Report:
    key = answer.strip(" .:?_()'\"").lower() if type(answer) is str else "not a letter"
    if answer is None or answer is ... or key == "":
        return Report(quiz.name, False, "not_attempted", "Not answered yet. Guess before you run anything.")
    if key not in quiz.options:
        letters = ", ".join(f'"{option}"' for option in quiz.options)
        return Report(quiz.name, False, "type", f"The answer is one of these letters: {letters}.")
    passed = key == quiz.answer
    return Report(quiz.name, passed, "correct" if passed else "mistake", quiz.options[key].why, None if passed else key)


class _Examination:
    """One attempt on one device, and what is known about it so far."""

    def __init__(self, quiz: Quiz, attempt: object, device: str, seed: int):
        self.quiz, self.attempt, self.device = quiz, attempt, device
        with originals():
            cases = quiz.cases(torch.Generator().manual_seed(seed))
        self.cases = [moved_case(case, device) for case in cases]
        slack = 1 if device == "cpu" else 10  # accelerators round in other places
        self.tolerance = Tolerance(quiz.rtol * slack, quiz.atol * slack)
        self.until = time.monotonic() + SECONDS_IN_ALL
        self.printed = ""

    def report(self) -> Report:
        """The first of these that applies: nothing to run, all right, a known mistake, the first trouble there is."""
        if is_stub(self.attempt):
            return self._refuse("not_attempted", f"Not attempted yet: write the body of `{self.quiz.name}`.")
        if is_stand_in(self.quiz, self.attempt):
            return self._refuse(
                "stand_in", f"This is the course's own `{self.quiz.name}`, not yours. Write one and run its cell."
            )
        if advice := wrong_use(self.quiz, self.attempt, set(map(len, self.cases))):
            return self._refuse("type", advice)
        expected = self._expected(self.cases)
        self.until = time.monotonic() + SECONDS_IN_ALL  # the first use of a GPU takes its time
        outcomes = self._run_all()
        self.printed = outcomes[0].printed
        runs = zip(self.cases, outcomes, expected, strict=False)
        troubles = [self._of_call(case, self._trouble(mine, right)) for case, mine, right in runs]
        trouble = next((found for found in troubles if found), None) or self._changed_argument(outcomes)
        if trouble is None:
            trouble = self._lost_gradient(expected) or self._trouble_on_meta()
        if trouble is None:
            return Report(self.quiz.name, True, "correct", f"`{self.quiz.name}` is right.", printed=self.printed)
        if trouble.finding in ("not_attempted", "timeout", "mutates", "device"):
            return self._refuse(trouble.finding, trouble.message)
        if mistake := self._known_mistake(outcomes, troubles):
            return self._refuse("mistake", mistake.hint, trouble, mistake.name)
        if trouble.finding == "values" and time.monotonic() < self.until:
            found = self._changed_argument(outcomes) or self._ignored(outcomes, expected) or self._equal_t()
            trouble = replace(found, yours=trouble.yours, expected=trouble.expected) if found else trouble
        return self._refuse(trouble.finding, trouble.message, trouble)

    def _refuse(self, finding: str, message: str, trouble: Finding | None = None, mistake: str | None = None) -> Report:
        where = "" if self.device == "cpu" else f"On {self.device}: "
        yours, expected = (trouble.yours, trouble.expected) if trouble else (None, None)
        return Report(self.quiz.name, False, finding, where + message, mistake, yours, expected, self.printed)

    # Running

    def _run(self, attempt: Callable, case: tuple, seed: int = 0) -> Outcome:
        seconds = max(min(SECONDS, self.until - time.monotonic()), 0.1)
        return call(runnable(self.quiz, attempt), case, seconds, seed, file_of(attempt))

    def _run_all(self) -> list[Outcome]:
        outcomes = []
        for case in self.cases:
            outcomes.append(self._run(self.attempt, case))
            if outcomes[-1].timed_out:
                break
        return outcomes

    def _expected(self, cases: list[tuple]) -> list[Outcome]:
        with originals():
            return [call(runnable(self.quiz, self.quiz.reference), case, 60) for case in cases]

    # Findings

    def _trouble(self, mine: Outcome, right: Outcome) -> Finding | None:
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
            return _raised(mine, at)
        found = finding_in(mine.value, right.value, self.tolerance, self.quiz.returns)
        if not found and self.quiz.changes and keeps_graph(mine.value, right.value):
            return Finding(
                "type",
                "The values are right, but the graph behind them is kept, and with it the memory of every call. "
                "What is it that nobody will ask a gradient of?",
            )
        return found

    def _of_call(self, case: tuple, trouble: Finding | None) -> Finding | None:
        """Where all arguments are numbers, say for which of them a value is wrong."""
        if not trouble or trouble.finding != "values" or not all(type(value) in (int, float) for value in case):
            return trouble
        given = ", ".join(f"{value:.3g}" if type(value) is float else str(value) for value in case)
        return replace(trouble, message=f"`{self.quiz.name}({given})`: {trouble.message}")

    def _known_mistake(self, outcomes: list[Outcome], troubles: list[Finding | None]) -> Mistake | None:
        """The mistake that behaves like the attempt; else one that is as wrong wherever the attempt returns at all."""
        everywhere = list(range(len(outcomes)))
        returned = [i for i in everywhere if outcomes[i].returned]
        if not returned:
            return None  # what only raises looks like everything that only raises
        raises_too = len(returned) < len(everywhere) and any(troubles[i] for i in returned)
        with originals():
            for places in [everywhere, returned] if raises_too else [everywhere]:
                for mistake in self.quiz.mistakes:
                    if all(self._alike(outcomes[i], self._run(mistake.attempt, self.cases[i])) for i in places):
                        return mistake
        return None

    def _alike(self, mine: Outcome, other: Outcome) -> bool:
        """Where something is to be changed, what is changed has to agree, too."""
        return alike(mine, other, self.tolerance) and (not self.quiz.changes or mine.changed == other.changed)

    def _changed_argument(self, outcomes: list[Outcome]) -> Finding | None:
        touched = {self.quiz.arguments[place] for outcome in outcomes for place in outcome.changed}
        name = next((name for name in self.quiz.arguments if name in touched - set(self.quiz.changes)), None)
        if name is None:
            return None
        advice = "Make a new tensor: `x = x + 1`, not `x += 1` or `x.add_(1)`."
        if self.quiz.changes:
            advice = f"All that may change here is {' and '.join(f'`{changed}`' for changed in self.quiz.changes)}."
        return Finding("mutates", f"It changes `{name}`, which belongs to the caller. {advice}")

    def _ignored(self, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
        """An argument that matters to the reference and not to the attempt, or random numbers that it draws itself."""
        drawn = [
            not alike(mine, self._run(self.attempt, case, seed=1), EXACTLY)
            for case, mine in zip(self.cases, outcomes, strict=True)
        ]
        own = " It draws random numbers of its own instead." if any(drawn) else ""
        for place, name in enumerate(self.quiz.arguments):
            changes = [(i, case) for i, case in enumerate(self.cases) if place < len(case)]
            changes = [(i, other) for i, case in changes for other in self._variants(case, place)]
            rights = self._expected([case for _, case in changes])
            matter = [
                (i, case)
                for (i, case), right in zip(changes, rights, strict=True)
                if not alike(right, expected[i], self.tolerance)
            ]
            if matter and all(alike(self._run(self.attempt, case), outcomes[i], EXACTLY) for i, case in matter):
                return Finding(
                    "ignores", f"The result is the same whatever `{name}` is.{own or ' Where does it come in?'}"
                )
        if any(drawn):
            return Finding(
                "values",
                "Two equal calls give different results: it draws random numbers of its own. "
                "What is random comes in as an argument.",
            )
        return None

    def _variants(self, case: tuple, place: int) -> list[tuple]:
        if place == 0 and self.quiz.is_module:
            return []
        return [(*case[:place], other, *case[place + 1 :]) for other in varied(case[place])]

    def _equal_t(self) -> Finding | None:
        """Right when all rows share one t, wrong when they do not."""
        if "t" not in self.quiz.arguments:
            return None
        place = self.quiz.arguments.index("t")
        equal = [
            (*case[:place], torch.full_like(case[place], int(t)), *case[place + 1 :])
            for case in self.cases
            for t in case[place].unique()
        ]
        for case, right in zip(equal, self._expected(equal), strict=True):
            if self._trouble(self._run(self.attempt, case), right):
                return None
        return Finding(
            "equal_t",
            "Right only when all rows of the batch share one `t`. "
            "Each row has its own: how do you look up one value per row?",
        )

    def _lost_gradient(self, expected: list[Outcome]) -> Finding | None:
        """Right values through which not all of the gradient flows back: part of a network would not learn."""
        learns = [case for case, right in zip(self.cases, expected, strict=True) if requires_grad(right.value)]
        for case in learns[:1]:
            with originals():
                right = call(gradients(self.quiz, self.quiz.reference), case, 60)
            mine = call(gradients(self.quiz, self.attempt), case, SECONDS, 0, file_of(self.attempt))
            if mine.timed_out:
                return Finding("timeout", "The values are right, but the way back through them does not end in time.")
            if not same_gradients(mine.value, right.value):
                return Finding(
                    "type",
                    "The values are right, but the gradient that flows back is not: "
                    "did `detach`, `no_grad`, `.data` or `item` cut off a part of it?",
                )
        return None

    def _trouble_on_meta(self) -> Finding | None:
        """Find tensors made on the CPU, without a GPU: torch's meta device knows only shapes and mixes with no other.

        Only its complaint about two devices counts. Whatever else cannot be done there (`item`, NumPy) says nothing.
        Its first use loads a lot of torch, about two seconds, so only who makes a tensor without saying where is asked.
        """
        with_tensors = [case for case in self.cases if next(tensors_in(case), None) is not None]
        cases = with_tensors or [case for case in self.cases if any(isinstance(a, torch.Generator) for a in case)]
        if self.device != "cpu" or not cases:
            return None
        with NewTensors() as new:
            self._run(self.attempt, cases[0])
        for case in cases if new.found else []:
            case = moved_case(case, "meta")
            right, mine = self._expected([case])[0], self._run(self.attempt, case)
            mixed = "on the expected device" in mine.says or "to be on the same device" in mine.says
            places = [[array.device for array in arrays_in(outcome.value)] for outcome in (mine, right)]
            if right.returned and (mixed or (mine.returned and places[0] != places[1])):
                at = f", in the line `{mine.line}`" if mine.line else ""
                return Finding(
                    "device",
                    f"Right, but only on the CPU: a new tensor does not follow the inputs to their device{at}. "
                    f"Think of `device={'x' if with_tensors else 'generator'}.device`.",
                )
        return None


EXACTLY = Tolerance(0, 0)

_ADVICE = {
    "must match the size": "Broadcasting lines up the last axes: which shapes meet there?",
    "out of bounds": "How far does the index run?",
    "out of range": "How far does the index run?",
    "maximum recursion depth": "Does it call itself?",
    "device type for generator": "A generator draws on its own device only: say `device=generator.device`.",
    "generator raised StopIteration": "`next` finds nothing more there: when should the loop end?",
    "is not defined": "Is it spelt as in the arguments, or in a cell that has not been run?",
}


def _raised(mine: Outcome, at: str) -> Finding:
    """The sentence for an exception; on an accelerator, a mixture of devices is a finding of its own."""
    if "same device" in mine.says or "on the expected device" in mine.says:
        return Finding("device", f"Tensors of two devices meet{at}. Create new ones with `device=x.device`.")
    if mine.error == "SystemExit":
        return Finding("raises", f"It ends the program{at}. Leave by `return`.")
    if mine.error == "MemoryError" or "allocate memory" in mine.says:
        return Finding("raises", f"It asks for more memory than there is{at}. How large is that tensor?")
    advice = next((sentence for part, sentence in _ADVICE.items() if part in mine.says), "")
    says = f": {mine.says.rstrip('.')}" if mine.says else ""
    return Finding("raises", f"It raises {mine.error}{at}{says}. {advice}".strip())
