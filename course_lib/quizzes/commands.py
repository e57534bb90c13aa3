"""What a student calls at a quiz: check, hint, solution, question."""

import os
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from types import FunctionType, MethodType

import torch

from course_lib.checker import examine as engine
from course_lib.checker import progress as record
from course_lib.checker.card import Card, Fold, in_notebook, show
from course_lib.checker.difference import draw_difference
from course_lib.checker.examine import Report
from course_lib.checker.matching import Matching
from course_lib.checker.quiz import Choice, Quiz, rating
from course_lib.errors import CourseError
from course_lib.quizzes.predictions import note_answer
from course_lib.quizzes.registry import UnknownQuizError, devices_were_taught, find
from course_lib.quizzes.sources import other_ways

# where in these the function is
INSIDE = {partial: "func", type(cache(len)): "__wrapped__", MethodType: "__func__"}

_hints_given: dict[str, int] = {}  # per kernel: whoever comes back another day starts with the nudge


class QuizFailedError(AssertionError):
    """A check that failed while nbgrader was grading or validating."""


def examine(name: str = "", attempt: object = None, device: str = "cpu", seed: int = 0) -> Report:
    """Examine `attempt` at the quiz called `name` with its inputs on `device`; prints nothing. `seed` makes the inputs.

    Raises UnknownQuizError or, for a device that is not there, CourseError; whatever the attempt does is a finding.
    """
    if type(name) is not str or not name:
        raise UnknownQuizError('Say first which quiz it is, then hand in your answer: `examine("q_sample", q_sample)`.')
    quiz = find(name)
    return engine.examine(quiz, attempt, device, seed, strict=devices_were_taught(quiz.name))


def check(attempt: object = None, name: str | None = None) -> object:
    """Say what is right or wrong about `attempt`, and hand back something that works.

    attempt   your function or class; for a question your letter
    name      the quiz, where the function's own name does not tell it (a lambda, a letter)

    A right answer comes back as it is, for another one the course's own stands in. A question gives back None.
    Never raises for what an attempt does, unless nbgrader is at work (NBGRADER_EXECUTION is set): then QuizFailedError.
    Called inside an attempt that is being examined it hands `attempt` back and shows nothing.
    """
    inside = engine.is_busy()
    try:
        quiz = find(name_of(attempt, 'check(my_function, "q_sample")') if name is None else name)
    except CourseError as problem:
        return attempt if inside else _which_quiz(problem, attempt)
    report = examine_everywhere(quiz, attempt)
    if inside:
        return attempt
    show(card_of(quiz, report))
    if report.finding not in ("not_attempted", "type"):
        note_answer(quiz.name)
    if report.finding != "not_attempted":
        record.note_attempt(quiz.name, report.passed, report.mistakes)  # may have to say that it cannot be written
    _tell_nbgrader(report)
    if isinstance(quiz, Choice):
        return None
    return attempt if report.passed else quiz.reference


def _which_quiz(problem: CourseError, attempt: object) -> object:
    show(Card("bad", "Which quiz is it?", str(problem)))
    _tell_nbgrader(Report("check", False, "type", str(problem)))
    return attempt


def name_of(attempt: object, example: str) -> str:
    """The name of a function or class, also of a method and in a partial, a cache or compiled by TorchScript.

    Raises CourseError, with `example`, for anything else.
    """
    while type(attempt) in INSIDE:
        attempt = getattr(attempt, INSIDE[type(attempt)])
    found = "<lambda>"
    with suppress(Exception):  # a class may say its name by code of its own
        found = attempt.__name__ if issubclass(type(attempt), type | FunctionType) else found
        found = attempt.name if type(attempt) is torch.jit.ScriptFunction else found
    if type(found) is not str or found == "<lambda>":
        raise CourseError(f"Say which quiz it is: `{example}`.")
    return found


def examine_everywhere(quiz: Quiz | Choice, attempt: object, seed: int = 0) -> Report:
    """On the CPU, then on every accelerator; the first report that did not pass, else the CPU's. `seed` makes inputs.

    Before devices were taught, a right answer that stays on the CPU passes with a note.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    strict = devices_were_taught(quiz.name)
    try:
        first = engine.examine(quiz, attempt, seed=seed, strict=strict)
        if not first.passed or isinstance(quiz, Choice):
            return first
        later = (engine.examine(quiz, attempt, device, seed) for device, available in there.items() if available)
        refused = next((report for report in later if not report.passed), first)
    except (Exception, SystemExit) as problem:  # an object that does mischief even when looked at
        sentence = f"Looking at it raises {type(problem).__name__}. Hand in a plain function or class."
        return Report(quiz.name, False, "raises", sentence)
    if refused.finding == "device" and not strict:
        return replace(first, note=refused.message)
    return refused


def _tell_nbgrader(report: Report) -> None:
    if os.environ.get("NBGRADER_EXECUTION") and not report.passed:
        raise QuizFailedError(f"{report.quiz}: {report.message}")


def card_of(quiz: Quiz | Choice, report: Report) -> Card:
    """What a report says to the student."""
    name = f"`{quiz.name}`"
    if report.passed:
        return _card_of_a_pass(quiz, report)
    if isinstance(quiz, Choice):
        return Card("open" if report.finding == "not_attempted" else "bad", name, report.message)
    stands_in = f"Until then the course's own {name} stands in, so the rest of the notebook runs."
    help_ = f'Stuck? `hint("{quiz.name}")`'
    if report.finding in ("not_attempted", "stand_in"):
        return Card("open", name, report.message, (f"{stands_in} {help_}",))
    notes = (f"{stands_in} {help_}",)
    if report.printed.strip():
        notes = (f"It printed: {' / '.join(report.printed.split(chr(10))[:3])[:160].strip(' /')}", *notes)
    picture = b"" if report.yours is None or not in_notebook() else draw_difference(report.yours, report.expected)
    return Card(
        "bad",
        name,
        report.message,
        notes,
        picture=picture,
        alternative="Your result, the expected one, and the difference",
    )


def _card_of_a_pass(quiz: Quiz | Choice, report: Report) -> Card:
    """In plain text a line in a notebook; in a terminal, which folds nothing, one more says where to see other ways."""
    points = f"{quiz.points} point{'s' if quiz.points > 1 else ''}"
    title = f"`{quiz.name}` is right: {points}"
    notes = (report.note,) if report.note else ()
    if isinstance(quiz, Choice):
        return Card("good", title, report.message, notes)
    if not in_notebook():
        notes = (*notes, f'`solution("{quiz.name}")` shows other ways to write it.')
    return Card("good", title, notes=notes, folds=_other_ways(quiz))


def _other_ways(quiz: Quiz) -> tuple[Fold, ...]:
    """None where the course's files have changed since this kernel began: their lines are elsewhere by now."""
    with suppress(OSError, SyntaxError, ValueError, StopIteration):
        return _folded(quiz)
    return ()


def _folded(quiz: Quiz) -> tuple[Fold, ...]:
    return tuple(Fold(f"Another way: {way.explain}".removesuffix(": "), listing=way.source) for way in other_ways(quiz))


def hint(name: object = None, number: int | None = None) -> None:
    """Show the next hint for the quiz: first a nudge, last the formula. In a notebook all of them, folded.

    name     the quiz, or your function
    number   show this hint alone; the first is 1
    """
    quiz = _found(name, "hint")
    if quiz is None:
        return
    hints, code = quiz.hints, _where_the_answer_is(quiz)
    if number is not None:
        if type(number) is not int or not 1 <= number <= len(hints):
            numbers = f'`hint("{quiz.name}", 1)`' + (f" to `{len(hints)}`" if len(hints) > 1 else "")
            show(Card("bad", f"`{quiz.name}`: which hint?", f"There are {len(hints)}: {numbers}."))
            return
        show(_hint_card(quiz, number, code))
    elif in_notebook():
        show(_folded_hints(quiz, code))
    else:
        _show_next_hint(quiz, code)


def _show_next_hint(quiz: Quiz | Choice, code: str) -> None:
    given = _hints_given.get(quiz.name, 0)
    _hints_given[quiz.name] = given + 1
    if given < len(quiz.hints):
        show(_hint_card(quiz, given + 1, code))
        return
    every = "\n".join(f"{number}. {text}" for number, text in enumerate(quiz.hints, 1))
    show(Card("info", f"`{quiz.name}`: there are no more hints", every, (code,)))


def _where_the_answer_is(quiz: Quiz | Choice) -> str:
    return f'`solution("{quiz.name}")` shows the {"answer" if isinstance(quiz, Choice) else "code"}.'


def _hint_card(quiz: Quiz | Choice, number: int, code: str) -> Card:
    notes = (f"That was the last one. {code}",) if number == len(quiz.hints) else ()
    return Card("info", f"`{quiz.name}`, hint {number} of {len(quiz.hints)}", quiz.hints[number - 1], notes)


def _folded_hints(quiz: Quiz | Choice, code: str) -> Card:
    """Nothing is counted: Run All opens no fold."""
    count, inside = len(quiz.hints), Fold("That did not help", code)
    for number in range(count, 0, -1):
        inside = Fold(f"Hint {number} of {count}", quiz.hints[number - 1], inside=inside)
    note = f'Click to open one after the other. Where nothing folds: `hint("{quiz.name}", 1)`.'
    title = f"`{quiz.name}` has {count} hint{'s, from a nudge to the formula' if count > 1 else ''}"
    return Card("info", title, notes=(note,), folds=(inside,))


def solution(name: object = None) -> None:
    """Show the course's own answer, and other ways to write it; the progress notes that you looked."""
    quiz = _found(name, "solution")
    if quiz is None:
        return
    record.note_look(quiz.name)
    if isinstance(quiz, Choice):
        show(Card("info", f"`{quiz.name}`: the answer is {quiz.answer}", quiz.why))
        return
    note = "Read it, close it, and write your own: that is what stays."
    title = f"`{quiz.name}`, as the course has it"
    show(Card("info", title, listing=quiz.solution, notes=(note,), folds=_other_ways(quiz)))
    if not in_notebook():
        for way in other_ways(quiz):
            show(Card("info", f"`{quiz.name}`, another way", way.explain, listing=way.source))


def question(name: object = None) -> None:
    """Show a question and its options; answer with `check("a", name)`."""
    quiz = _found(name, "question")
    if quiz is None:
        return
    if isinstance(quiz, Quiz):
        show(Card("bad", f"`{quiz.name}` is no question", f"Write the code, then `check({quiz.name})`."))
        return
    how = f'Predict first, then write your letter into the cell below: `{quiz.name} = "..."`'
    if isinstance(quiz, Matching):
        how = f'Write one letter for each row into the cell below, "?" where you do not know: `{quiz.name} = "..."`'
    show(Card("open", quiz.text, options_of(quiz), (how, rating(quiz))))


def options_of(quiz: Choice) -> str:
    """The options of a question, a line each."""
    return "\n".join(f"`{letter}` {option.text}" for letter, option in quiz.options.items())


def _found(name: object, command: str) -> Quiz | Choice | None:
    try:
        return find(name if type(name) is str else name_of(name, f'{command}("q_sample")'))
    except CourseError as problem:
        show(Card("bad", "Which quiz is it?", str(problem)))
        return None
