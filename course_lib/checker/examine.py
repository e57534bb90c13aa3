"""Examine an attempt: run it on the quiz's cases, compare, and find the most helpful thing to say that is true."""

import functools
import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.checker.clues import Wrong, clue
from course_lib.checker.compare import (
    Finding,
    Tolerance,
    alike,
    finding_in,
    keeps_graph,
    repeats,
    requires_grad,
    same_gradients,
)
from course_lib.checker.isolation import originals, preserved
from course_lib.checker.quiz import Choice, Mistake, Quiz
from course_lib.checker.sandbox import Outcome, call
from course_lib.checker.sentences import inputs_of, raised, where_seen
from course_lib.checker.submission import NewTensors, file_of, gradients, is_stand_in, is_stub, runnable, wrong_use
from course_lib.checker.values import arrays_in, moved_case, tensors_in, varied
from course_lib.runs.devices import device as find_device

SECONDS = 5.0  # for one call
SECONDS_IN_ALL = 10.0
SECONDS_FOR_TWO = 2.0  # to look for two mistakes at once

_busy = threading.Lock()  # an examination is going on
_checked_inside = threading.Event()  # the attempt that is examined calls `check` itself


@dataclass(frozen=True, eq=False)
class Report:
    """What an examination found. `finding` is one word, `message` a few sentences for the student.

    mistake          the catalogue's name for it, or None
    mistakes         all names from the catalogue, where several mistakes were made at once
    note             a remark on a right answer
    yours, expected  the first wrong result and the right one, for drawing; None where there is nothing to draw
    printed          what the attempt printed when it was first called
    """

    quiz: str
    passed: bool
    finding: str
    message: str
    mistake: str | None = None
    mistakes: tuple[str, ...] = ()
    note: str = ""
    yours: Tensor | None = None
    expected: Tensor | None = None
    printed: str = ""


def examine(quiz: Quiz | Choice, attempt: object, device: str = "cpu", seed: int = 0, strict: bool = True) -> Report:
    """Examine `attempt` at `quiz` with its inputs on `device`; prints nothing. `seed` makes the inputs.

    What is right but stays on the CPU is a finding if `strict`, else a pass with a note. Raises CourseError for a
    device that is not there; whatever the attempt does is a finding.
    """
    kind = find_device(device).type
    if isinstance(quiz, Choice):
        return _examine_choice(quiz, attempt)
    if is_busy():  # by an attempt that checks itself, which would never end
        _checked_inside.set()
        return Report(quiz.name, False, "raises", CHECKED_INSIDE)
    with _busy, preserved():
        _checked_inside.clear()
        return _Examination(quiz, attempt, kind, seed, strict).report()


def is_busy() -> bool:
    """Whether an examination is going on: whoever asks is called by the attempt."""
    return _busy.locked()


CHECKED_INSIDE = "`check` is called inside the function. Call it in a cell of its own."


def _examine_choice(quiz: Choice, answer: object) -> Report:
    key = answer.strip(" .:?_()'\"").lower() if type(answer) is str else "not a letter"
    if answer is None or answer is ... or key == "":
        return Report(quiz.name, False, "not_attempted", "Not answered yet. Guess before you run anything.")
    if key not in quiz.options:
        letters = ", ".join(f'"{option}"' for option in quiz.options)
        return Report(quiz.name, False, "type", f"The answer is one of these letters: {letters}.")
    if key == quiz.answer:
        return Report(quiz.name, True, "correct", quiz.options[key].why)
    return Report(quiz.name, False, "mistake", quiz.options[key].why, key, (key,))


@dataclass(frozen=True)
class _Trial:
    """Some arguments; with `twice` what is asked is whether a second call with them repeats the first."""

    case: tuple
    twice: bool = False

    def of(self, attempt: Callable) -> Callable:
        return functools.partial(repeats, attempt) if self.twice else attempt


class _Examination:
    """One attempt on one device, and what is known about it so far."""

    def __init__(self, quiz: Quiz, attempt: object, device: str, seed: int, strict: bool):
        self.quiz, self.attempt, self.device, self.strict = quiz, attempt, device, strict
        with originals():
            cases = quiz.cases(torch.Generator().manual_seed(seed))
        self.cases = [moved_case(case, device) for case in cases]
        slack = 1 if device == "cpu" else 10  # accelerators round in other places
        self.tolerance = Tolerance(quiz.rtol * slack, quiz.atol * slack)
        self.until = time.monotonic() + SECONDS_IN_ALL
        self.printed = ""

    @property
    def trials(self) -> list[_Trial]:
        """Each case once; the first with a generator also twice: the second call shall go on with new numbers."""
        again = [case for case in self.cases if any(isinstance(value, torch.Generator) for value in case)]
        return [*map(_Trial, self.cases), *(_Trial(case, twice=True) for case in again[:1] if not self.quiz.changes)]

    def report(self) -> Report:
        """The first of these that applies: nothing to run, all right, a known mistake, the first finding there is."""
        if is_stub(self.attempt):
            return self._refuse("not_attempted", f"Not attempted yet: write the body of `{self.quiz.name}`.")
        if is_stand_in(self.quiz, self.attempt):
            return self._refuse(
                "stand_in", f"This is the course's own `{self.quiz.name}`, not yours. Write one and run its cell."
            )
        if advice := wrong_use(self.quiz, self.attempt, set(map(len, self.cases))):
            return self._refuse("type", advice)
        expected = self._expected(self.trials)
        self.until = time.monotonic() + SECONDS_IN_ALL  # the first use of a GPU takes its time
        outcomes = self._run_all()
        self.printed = outcomes[0].printed
        runs = zip(self.trials, outcomes, expected, strict=False)
        findings = [self._finding(mine, right, trial.twice) for trial, mine, right in runs]
        first = next((found for found in findings if found), None)
        found = first or self._side_effect(outcomes, expected) or self._lost_gradient(expected)
        if found is None:
            return self._passed()
        if found.finding in ("not_attempted", "timeout", "mutates"):
            return self._refuse(found.finding, found.message)
        if first and (known := self._known_mistakes(outcomes, expected, findings)):
            return self._named(known, found)
        if found.finding == "values" and first and time.monotonic() < self.until:
            told = (
                self._changed_argument(outcomes, expected)
                or self._ignored(outcomes, expected)
                or self._random_numbers(outcomes, expected)
                or self._equal_t()
            )
            if told:
                return self._refuse(told.finding, told.message, found)
        return self._refuse(found.finding, self._described(found, findings) if first else found.message, found)

    def _passed(self) -> Report:
        found = self._off_the_device()
        if found and self.strict:
            return self._refuse(found.finding, found.message)
        notes = [found.message] if found else []
        notes += [CHECKED_INSIDE] if _checked_inside.is_set() else []
        message = f"`{self.quiz.name}` is right."
        return Report(self.quiz.name, True, "correct", message, note=" ".join(notes), printed=self.printed)

    def _refuse(
        self, finding: str, message: str, found: Finding | None = None, mistakes: tuple[str, ...] = ()
    ) -> Report:
        where = "" if self.device == "cpu" else f"On {self.device}: "
        yours, expected = (found.yours, found.expected) if found else (None, None)
        name = mistakes[0] if mistakes else None
        return Report(
            self.quiz.name, False, finding, where + message, name, mistakes, "", yours, expected, self.printed
        )

    def _named(self, known: tuple[Mistake, ...], found: Finding) -> Report:
        message = known[0].hint if len(known) == 1 else f"Two things at once. {known[0].hint} And: {known[1].hint}"
        return self._refuse("mistake", message, found, tuple(mistake.name for mistake in known))

    # Running

    def _run(self, attempt: Callable, trial: _Trial, seed: int = 0) -> Outcome:
        seconds = max(min(SECONDS, self.until - time.monotonic()), 0.1)
        return call(trial.of(runnable(self.quiz, attempt)), trial.case, seconds, seed, file_of(attempt))

    def _run_all(self) -> list[Outcome]:
        outcomes = []
        for trial in self.trials:
            outcomes.append(self._run(self.attempt, trial))
            if outcomes[-1].timed_out:
                break
        return outcomes

    def _expected(self, trials: list[_Trial], seed: int = 0) -> list[Outcome]:
        reference = runnable(self.quiz, self.quiz.reference)
        with originals():
            return [call(trial.of(reference), trial.case, 60, seed) for trial in trials]

    # Findings

    def _finding(self, mine: Outcome, right: Outcome, twice: bool = False) -> Finding | None:
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
            return raised(mine, at)
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

    def _described(self, first: Finding, findings: list[Finding | None]) -> str:
        """The finding's sentence, what all wrong results have in common, and where they were seen."""
        of_its_kind = [
            (trial, found)
            for trial, found in zip(self.trials, findings, strict=False)
            if found and (found.finding, found.part) == (first.finding, first.part)
        ]
        wrong = [
            Wrong(found.yours, found.expected, inputs_of(self.quiz, trial.case))
            for trial, found in of_its_kind
            if found.finding == "values" and found.yours is not None
        ]
        part = f"{first.part}: " if first.part else ""
        cases = [trial.case for trial in self.trials[: len(findings)]]
        seen = where_seen(self.quiz, cases, [i for i, found in enumerate(findings) if found])
        if not any(findings[: len(self.cases)]):
            seen = ""  # it was seen in the second call
        return f"{part}{clue(wrong)}{first.message} {seen}".strip()

    def _known_mistakes(
        self, outcomes: list[Outcome], expected: list[Outcome], findings: list[Finding | None]
    ) -> tuple[Mistake, ...]:
        """The mistake that behaves like the attempt, or like it wherever it returns; else two mistakes at once."""
        everywhere, seen = list(range(len(outcomes))), (outcomes, expected, findings)
        returned = [i for i in everywhere if outcomes[i].returned]
        if not returned:
            return ()  # what only raises looks like everything that only raises
        told = sum(math.prod(array.shape) for i in returned for array in arrays_in(outcomes[i].value))
        raises_too = len(returned) < len(everywhere) and any(findings[i] for i in returned) and told >= 4
        for places in [everywhere, returned] if raises_too else [everywhere]:
            for mistake in self.quiz.mistakes:
                if self._behaves_like(mistake.attempt, places, *seen):
                    return (mistake,)
        until = min(time.monotonic() + SECONDS_FOR_TWO, self.until)
        for one, other in itertools.combinations(self.quiz.mistakes, 2):
            if time.monotonic() > until:
                break
            attempt = self.quiz.both(one, other)
            if attempt is not None and self._behaves_like(attempt, everywhere, *seen):
                return (one, other)
        return ()

    def _behaves_like(
        self,
        attempt: Callable,
        places: list[int],
        outcomes: list[Outcome],
        expected: list[Outcome],
        findings: list[Finding | None],
    ) -> bool:
        """Whether a mistake has the results of what is examined, and where its numbers are right, the same fault.

        Where something is to be changed, what is changed has to agree, too.
        """
        trials = self.trials
        with originals():
            for i in places:
                other = self._run(attempt, trials[i])
                if not alike(outcomes[i], other, self.tolerance):
                    return False
                if self.quiz.changes and outcomes[i].changed != other.changed:
                    return False
                fault, own = self._finding(other, expected[i], trials[i].twice), findings[i]
                numbers_right = fault is None or fault.finding in ("type", "dtype")
                if numbers_right and (fault and fault.finding) != (own and own.finding):
                    return False
        return True

    def _side_effect(self, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
        return self._changed_argument(outcomes, expected) or self._random_numbers(outcomes, expected)

    def _changed_argument(self, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
        touched = {self.quiz.arguments[place] for outcome in outcomes for place in outcome.changed}
        touched -= {self.quiz.arguments[place] for outcome in expected for place in outcome.changed}
        name = next((name for name in self.quiz.arguments if name in touched - set(self.quiz.changes)), None)
        if name is None:
            return None
        tensor = any(
            isinstance(v, Tensor) for c in self.cases for a, v in zip(self.quiz.arguments, c, strict=False) if a == name
        )
        advice = "Make a new tensor: `x = x + 1`, not `x += 1` or `x.add_(1)`." if tensor else "Work on a copy of it."
        if self.quiz.changes:
            advice = f"All that may change here is {' and '.join(f'`{changed}`' for changed in self.quiz.changes)}."
        elif name == "model":
            advice = "Its parameters, their `requires_grad` and its training mode have to stay as they are."
        return Finding("mutates", f"It changes `{name}`, which belongs to the caller. {advice}")

    def _random_numbers(self, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
        pairs = zip(outcomes, expected, strict=False)
        if not self.quiz.is_module and any(mine.moved_random and not right.moved_random for mine, right in pairs):
            return self._moves_random_numbers()
        return self._seeds_itself(outcomes, expected)

    def _moves_random_numbers(self) -> Finding:
        source = next((name for name in ("generator", "noise") if name in self.quiz.arguments), None)
        rule = f"What is random comes in as `{source}`." if source else "Nothing is random here."
        return Finding(
            "values", f"It moves torch's global random state, by a draw of its own or by `manual_seed`. {rule}"
        )

    def _seeds_itself(self, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
        """The same numbers under every global seed, where the reference draws others."""
        drawing = [i for i, right in enumerate(expected[: len(outcomes)]) if right.moved_random and right.returned]
        for i in drawing[:1]:
            trial = self.trials[i]
            (right,) = self._expected([trial], seed=1)
            mine = self._run(self.attempt, trial, seed=1)
            if not alike(right, expected[i], EXACTLY) and alike(mine, outcomes[i], EXACTLY):
                return Finding(
                    "values",
                    "Without a generator every call gives the same result: it seeds the random numbers itself. "
                    "Who calls it decides about seeds.",
                )
        return None

    def _ignored(self, outcomes: list[Outcome], expected: list[Outcome]) -> Finding | None:
        """An argument that matters to the reference and not to the attempt."""
        trials = self.trials
        for place, name in enumerate(self.quiz.arguments):
            changes = [(i, trial) for i, trial in enumerate(trials) if not trial.twice and place < len(trial.case)]
            changes = [(i, _Trial(other)) for i, trial in changes for other in self._variants(trial.case, place)]
            rights = self._expected([trial for _, trial in changes])
            matter = [
                (i, trial)
                for (i, trial), right in zip(changes, rights, strict=True)
                if not alike(right, expected[i], self.tolerance)
            ]
            if matter and all(alike(self._run(self.attempt, trial), outcomes[i], EXACTLY) for i, trial in matter):
                own = any(mine.moved_random for mine in outcomes)
                why = "It draws random numbers of its own instead." if own else "Where does it come in?"
                return Finding("ignores", f"The result is the same whatever `{name}` is. {why}")
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
            _Trial((*case[:place], torch.full_like(case[place], int(t)), *case[place + 1 :]))
            for case in self.cases
            for t in case[place].unique()
        ]
        for trial, right in zip(equal, self._expected(equal), strict=True):
            if self._finding(self._run(self.attempt, trial), right):
                return None
        return Finding(
            "equal_t",
            "Right only when all rows of the batch share one `t`. "
            "Each row has its own: how do you look up one value per row?",
        )

    def _lost_gradient(self, expected: list[Outcome]) -> Finding | None:
        """Right values through which not all of the gradient flows back: part of a network would not learn."""
        learns = [case for case, right in zip(self.cases, expected, strict=False) if requires_grad(right.value)]
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

    def _off_the_device(self) -> Finding | None:
        """Find tensors made on the CPU, without a GPU: torch's meta device knows only shapes and mixes with no other.

        Only its complaint about two devices counts. Whatever else cannot be done there (`item`, NumPy) says nothing.
        Its first use loads a lot of torch, about two seconds, so only who makes a tensor without saying where is asked.
        """
        with_tensors = [case for case in self.cases if next(tensors_in(case), None) is not None]
        cases = with_tensors or [case for case in self.cases if any(isinstance(a, torch.Generator) for a in case)]
        if self.device != "cpu" or not cases:
            return None
        with NewTensors() as new:
            self._run(self.attempt, _Trial(cases[0]))
        for case in cases if new.found else []:
            trial = _Trial(moved_case(case, "meta"))
            right, mine = self._expected([trial])[0], self._run(self.attempt, trial)
            mixed = "on the expected device" in mine.says or "to be on the same device" in mine.says
            places = [[array.device for array in arrays_in(outcome.value)] for outcome in (mine, right)]
            if right.returned and (mixed or (mine.returned and places[1] and places[0] != places[1])):
                at = f", in the line `{mine.line}`" if mine.line else ""
                return Finding(
                    "device",
                    f"Right, but only on the CPU: a new tensor does not follow the inputs to their device{at}. "
                    f"Think of `device={'x' if with_tensors else 'generator'}.device`.",
                )
        return None


EXACTLY = Tolerance(0, 0)
