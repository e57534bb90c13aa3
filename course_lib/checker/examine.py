"""Examine an attempt: run it on the quiz's cases, compare, and find the most helpful thing to say that is true."""

import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from course_lib.checker.attempts import Attempt, Facts, Here
from course_lib.checker.clues import Wrong, clue
from course_lib.checker.compare import Finding, alike
from course_lib.checker.isolation import originals, preserved
from course_lib.checker.matching import OPEN, Matching, wrong_pairs
from course_lib.checker.quiz import Choice, Mistake, Quiz
from course_lib.checker.sandbox import Outcome, not_compiled
from course_lib.checker.second_look import (
    changed_argument,
    equal_t,
    graph_on_the_way,
    ignored,
    lost_gradient,
    off_the_device,
    random_numbers,
    side_effect,
)
from course_lib.checker.sentences import inputs_of, where_seen
from course_lib.checker.trials import Trials
from course_lib.checker.values import arrays_in
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
    share            of the cases that came out right, 0 to 1; 1 if it passed
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
    share: float = 0.0


def examine(quiz: Quiz | Choice, attempt: object, device: str = "cpu", seed: int = 0, strict: bool = True) -> Report:
    """Examine `attempt` at `quiz` with its inputs on `device`; prints nothing. `seed` makes the inputs.

    What is right but stays on the CPU is a finding if `strict`, else a pass with a note. Raises CourseError for a
    device that is not there; whatever the attempt does is a finding.
    """
    kind = find_device(device).type
    if isinstance(quiz, Matching):
        return _examine_matching(quiz, attempt)
    if isinstance(quiz, Choice):
        return _examine_choice(quiz, attempt)
    if is_busy():  # by an attempt that checks itself, which would never end
        _checked_inside.set()
        return Report(quiz.name, False, "raises", CHECKED_INSIDE)
    with _busy, preserved(), not_compiled():
        _checked_inside.clear()
        return Examination(quiz, Here(quiz, attempt), kind, seed, strict).report()


def is_busy() -> bool:
    """Whether an examination is going on: whoever asks is called by the attempt."""
    return _busy.locked()


NOT_COMPILED = "Checked as it is written, without `torch.compile`: that changes the speed, not the result."
CHECKED_INSIDE = "`check` is called inside the function. Call it in a cell of its own."


def _examine_choice(quiz: Choice, answer: object) -> Report:
    key = answer.strip(" .:?_()'\"").lower() if type(answer) is str else "not a letter"
    if answer is None or answer is ... or key == "":
        return Report(quiz.name, False, "not_attempted", "Not answered yet. Predict before you go on.")
    if key not in quiz.options:
        letters = ", ".join(f'"{option}"' for option in quiz.options)
        return Report(quiz.name, False, "type", f"The answer is one of these letters: {letters}.")
    if key == quiz.answer:
        return Report(quiz.name, True, "correct", quiz.options[key].why)
    return Report(quiz.name, False, "mistake", quiz.options[key].why, key, (key,))


def _examine_matching(quiz: Matching, answer: object) -> Report:
    letters, count = quiz.letters(answer) if type(answer) is str else "", len(quiz.answer)
    if answer is None or answer is ... or (type(answer) is str and not letters.strip(OPEN)):
        return Report(quiz.name, False, "not_attempted", "Not answered yet. Look at the rows before you go on.")
    how = f'one letter for each of the {count} rows, in their order, with "{OPEN}" for a row that you leave open'
    if type(answer) is not str:
        return Report(quiz.name, False, "type", f"The answer is a text: {how}.")
    if strange := [letter for letter in letters if letter not in quiz.options and letter != OPEN]:
        known = ", ".join(quiz.options)
        return Report(quiz.name, False, "type", f"{strange[0]!r} is none of the causes, which are {known}.")
    if len(letters) != count:
        return Report(quiz.name, False, "type", f"There are {len(letters)} letters. Write {how}.")
    if letters == quiz.answer:
        return Report(quiz.name, True, "correct", quiz.why)
    wrong = wrong_pairs(quiz, letters)
    right = [str(row) for row, pair in enumerate(zip(letters, quiz.answer, strict=True), 1) if pair[0] == pair[1]]
    lines = [f"Right: row{'s' if len(right) > 1 else ''} {', '.join(right)}." if right else "No row is right yet."]
    lines += [quiz.sentence(row, letter) for row, letter in wrong.items()]
    if left := [str(row) for row, letter in enumerate(letters, 1) if letter == OPEN]:
        lines.append(f"Still open: row{'s' if len(left) > 1 else ''} {', '.join(left)}.")
    names = tuple(f"{row + 1}{letter}" for row, letter in wrong.items())
    return Report(quiz.name, False, "mistake", "\n".join(lines), names[0] if names else None, names)


class Examination:
    """One attempt on one device, and what is known about it so far.

    With `tells_inputs` the report may say with which inputs something was seen.
    """

    def __init__(self, quiz: Quiz, attempt: Attempt, device: str, seed: int, strict: bool, tells_inputs: bool = True):
        self.quiz, self.attempt, self.device, self.strict = quiz, attempt, device, strict
        self.tells_inputs = tells_inputs
        self.trials = Trials(quiz, attempt, device, seed, SECONDS, SECONDS_IN_ALL)
        self.printed, self.share = "", 0.0

    def report(self) -> Report:
        """The first of these that applies: nothing to run, all right, a known mistake, the first finding there is."""
        facts = self.attempt.facts(set(map(len, self.trials.cases)))
        if facts.stub:
            return self._refuse("not_attempted", f"Not attempted yet: write the body of `{self.quiz.name}`.")
        if facts.stand_in:
            return self._refuse(
                "stand_in", f"This is the course's own `{self.quiz.name}`, not yours. Write one and run its cell."
            )
        if facts.wrong_use:
            return self._refuse("type", facts.wrong_use)
        trials = self.trials
        expected = trials.expected(trials.all)
        trials.start_the_clock()  # the first use of a GPU takes its time
        outcomes = trials.run_all()
        self.printed = outcomes[0].printed
        runs = zip(trials.all, outcomes, expected, strict=False)
        findings = [trials.finding(mine, right, trial.twice) for trial, mine, right in runs]
        self.share = findings.count(None) / len(trials.all)
        first = next((found for found in findings if found), None)
        found = first or side_effect(trials, outcomes, expected) or lost_gradient(trials, expected)
        found = found or graph_on_the_way(trials)
        if found is None:
            return self._passed(facts)
        if found.finding in ("not_attempted", "timeout", "mutates"):
            return self._refuse(found.finding, found.message)
        if first and (known := self._known_mistakes(outcomes, expected, findings)):
            return self._named(known, found)
        if found.finding == "values" and first and time.monotonic() < trials.until:
            called_as_usual = any(findings[: len(trials.cases)])  # not twice, and with gradients on
            told = (
                changed_argument(trials, outcomes, expected)
                or (equal_t(trials) if called_as_usual else None)
                or ignored(trials, outcomes, expected)
                or random_numbers(trials, outcomes, expected)
            )
            if told:
                return self._refuse(told.finding, told.message, found)
        return self._refuse(found.finding, self._described(found, findings) if first else found.message, found)

    def _passed(self, facts: Facts) -> Report:
        found = off_the_device(self.trials)
        if found and self.strict:
            return self._refuse(found.finding, found.message)
        notes = [found.message] if found else []
        notes += [CHECKED_INSIDE] if _checked_inside.is_set() else []
        notes += [NOT_COMPILED] if facts.compiled else []
        message = f"`{self.quiz.name}` is right."
        return Report(self.quiz.name, True, "correct", message, note=" ".join(notes), printed=self.printed, share=1.0)

    def _refuse(
        self, finding: str, message: str, found: Finding | None = None, mistakes: tuple[str, ...] = ()
    ) -> Report:
        where = "" if self.device == "cpu" else f"On {self.device}: "
        yours, expected = (found.yours, found.expected) if found else (None, None)
        name = mistakes[0] if mistakes else None
        return Report(
            quiz=self.quiz.name,
            passed=False,
            finding=finding,
            message=where + message,
            mistake=name,
            mistakes=mistakes,
            yours=yours,
            expected=expected,
            printed=self.printed,
            share=self.share,
        )

    def _named(self, known: tuple[Mistake, ...], found: Finding) -> Report:
        message = known[0].hint if len(known) == 1 else f"Two things at once. {known[0].hint} And: {known[1].hint}"
        return self._refuse("mistake", message, found, tuple(mistake.name for mistake in known))

    # Findings

    def _described(self, first: Finding, findings: list[Finding | None]) -> str:
        """The finding's sentence, what all wrong results have in common, and where they were seen."""
        of_its_kind = [
            (trial, found)
            for trial, found in zip(self.trials.all, findings, strict=False)
            if found and (found.finding, found.part) == (first.finding, first.part)
        ]
        wrong = [
            Wrong(found.yours, found.expected, inputs_of(self.quiz, trial.case))
            for trial, found in of_its_kind
            if found.finding == "values" and found.yours is not None
        ]
        part = f"{first.part}: " if first.part else ""
        cases = [trial.case for trial in self.trials.all[: len(findings)]]
        wrong_places = [i for i, found in enumerate(findings) if found]
        seen = where_seen(self.quiz, cases, wrong_places) if self.tells_inputs else ""
        if not any(findings[: len(self.trials.cases)]):
            switched_off = self.trials.all[findings.index(first)].no_grad  # if not, it was seen in the second call
            seen = "Seen only within `torch.no_grad()`, where samplers run." if switched_off else ""
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
        until = min(time.monotonic() + SECONDS_FOR_TWO, self.trials.until)
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
        trials = self.trials.all
        with originals():
            for i in places:
                other = self.trials.run(Here(self.quiz, attempt), trials[i])
                if not alike(outcomes[i], other, self.trials.tolerance):
                    return False
                if self.quiz.changes and outcomes[i].changed != other.changed:
                    return False
                fault, own = self.trials.finding(other, expected[i], trials[i].twice), findings[i]
                numbers_right = fault is None or fault.finding in ("type", "dtype")
                if numbers_right and (fault and fault.finding) != (own and own.finding):
                    return False
        return True
