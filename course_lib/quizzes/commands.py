"""What a student calls: check, hint, solution, question, progress."""

import os
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import FunctionType

import torch

from course_lib.checker import examine as engine
from course_lib.checker import progress as record
from course_lib.checker.card import Card, in_notebook, show
from course_lib.checker.difference import draw_difference
from course_lib.checker.examine import Report
from course_lib.checker.quiz import Choice, Quiz
from course_lib.errors import CourseError
from course_lib.quizzes.registry import CHAPTERS, devices_were_taught, find, quizzes_of

_hints_given: dict[str, int] = {}  # per kernel: whoever comes back another day starts with the nudge


class QuizFailedError(AssertionError):
    """A check that failed while nbgrader was grading or validating."""


def examine(name: str, attempt: object, device: str = "cpu", seed: int = 0) -> Report:
    """Examine `attempt` at the quiz called `name` with its inputs on `device`; prints nothing. `seed` makes the inputs.

    Raises UnknownQuizError or, for a device that is not there, CourseError; whatever the attempt does is a finding.
    """
    quiz = find(name)
    return engine.examine(quiz, attempt, device, seed, strict=devices_were_taught(quiz.name))


def check(attempt: object, name: str | None = None) -> object:
    """Say what is right or wrong about `attempt`, and hand back something that works.

    attempt   your function or class; for a question your letter
    name      the quiz, where the function's own name does not tell it (a lambda, a letter)

    A right answer comes back as it is, for another one the course's own stands in. A question gives back None.
    Never raises for what an attempt does, unless nbgrader is at work (NBGRADER_EXECUTION is set): then QuizFailedError.
    """
    try:
        quiz = find(_name_of(attempt) if name is None else name)
    except CourseError as problem:
        show(Card("bad", "Which quiz is it?", str(problem)))
        _tell_nbgrader(Report("check", False, "type", str(problem)))
        return attempt
    try:
        report = _examine_everywhere(quiz, attempt)
    except (Exception, SystemExit) as problem:  # an object that does mischief even when looked at
        sentence = f"Looking at it raises {type(problem).__name__}. Hand in a plain function or class."
        report = Report(quiz.name, False, "raises", sentence)
    if report.finding != "not_attempted":
        record.note_attempt(quiz.name, report.passed)
    show(_card(quiz, report))
    _tell_nbgrader(report)
    if isinstance(quiz, Choice):
        return None
    return attempt if report.passed else quiz.reference


def _name_of(attempt: object) -> str:
    while type(attempt) is partial:
        attempt = attempt.func
    found = "<lambda>"
    with suppress(Exception):  # a class may say its name by code of its own
        found = attempt.__name__ if issubclass(type(attempt), type | FunctionType) else found
    if found == "<lambda>":
        raise CourseError('Say which quiz it is: `check(my_function, "q_sample")`.')
    return found


def _examine_everywhere(quiz: Quiz | Choice, attempt: object) -> Report:
    """On the CPU, then on every accelerator; the first report that did not pass, else the CPU's.

    Before devices were taught, a right answer that stays on the CPU passes with a note.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    strict = devices_were_taught(quiz.name)
    first = engine.examine(quiz, attempt, strict=strict)
    if not first.passed or isinstance(quiz, Choice):
        return first
    later = (engine.examine(quiz, attempt, device) for device, available in there.items() if available)
    refused = next((report for report in later if not report.passed), first)
    if refused.finding == "device" and not strict:
        return replace(first, note=refused.message)
    return refused


def _tell_nbgrader(report: Report) -> None:
    if os.environ.get("NBGRADER_EXECUTION") and not report.passed:
        raise QuizFailedError(f"{report.quiz}: {report.message}")


def _card(quiz: Quiz | Choice, report: Report) -> Card:
    name = f"`{quiz.name}`"
    if report.passed:
        points = f"{quiz.points} point{'s' if quiz.points > 1 else ''}"
        return Card("good", f"{name} is right: {points}", report.message if isinstance(quiz, Choice) else "")
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


def hint(name: str) -> None:
    """Show the next hint for the quiz: first a nudge, last the formula."""
    quiz = _found(name)
    if quiz is None:
        return
    given, hints = _hints_given.get(quiz.name, 0), quiz.hints
    _hints_given[quiz.name] = given + 1
    code = f'`solution("{quiz.name}")` shows the {"answer" if isinstance(quiz, Choice) else "code"}.'
    if given < len(hints):
        notes = (f"That was the last one. {code}",) if given + 1 == len(hints) else ()
        show(Card("info", f"`{quiz.name}`, hint {given + 1} of {len(hints)}", hints[given], notes))
        return
    every = "\n".join(f"{number}. {text}" for number, text in enumerate(hints, 1))
    show(Card("info", f"`{quiz.name}`: there are no more hints", every, (code,)))


def solution(name: str) -> None:
    """Show the course's own answer; the progress notes that you looked."""
    quiz = _found(name)
    if quiz is None:
        return
    record.note_look(quiz.name)
    if isinstance(quiz, Choice):
        show(Card("info", f"`{quiz.name}`: the answer is {quiz.answer}", quiz.options[quiz.answer].why))
        return
    note = "Read it, close it, and write your own: that is what stays."
    show(Card("info", f"`{quiz.name}`, as the course has it", listing=quiz.solution, notes=(note,)))


def question(name: str) -> None:
    """Show a question and its options; answer with `check("a", name)`."""
    quiz = _found(name)
    if quiz is None:
        return
    if isinstance(quiz, Quiz):
        show(Card("bad", f"`{quiz.name}` is no question", f"Write the code, then `check({quiz.name})`."))
        return
    options = "\n".join(f"`{letter}` {option.text}" for letter, option in quiz.options.items())
    how = f'Guess first, then put your letter in: `check("...", "{quiz.name}")`.'
    show(Card("open", quiz.text, options, (how,)))


def _found(name: str) -> Quiz | Choice | None:
    try:
        return find(name if isinstance(name, str) else _name_of(name))
    except CourseError as problem:
        show(Card("bad", "Which quiz is it?", str(problem)))
        return None


def progress() -> None:
    """Show for each chapter which quizzes are passed, the points, and the minutes that are left."""
    known = record.entries()
    rows = [("chapter", "passed", "points", "tries", "minutes left", "open")]
    total = [0, 0, 0, 0]
    for number, chapter in enumerate(CHAPTERS):
        quizzes = quizzes_of(chapter).values()
        if not quizzes:
            continue
        done = [quiz for quiz in quizzes if known.get(quiz.name, record.Entry()).passed]
        left = [quiz for quiz in quizzes if quiz not in done]
        tries = sum(known[quiz.name].attempts for quiz in quizzes if quiz.name in known)
        points, every = sum(quiz.points for quiz in done), sum(quiz.points for quiz in quizzes)
        minutes = sum(quiz.minutes for quiz in left)
        names = ", ".join(f"`{quiz.name}`" for quiz in left[:3]) + (
            f" and {len(left) - 3} more" if len(left) > 3 else ""
        )
        rows.append(
            (
                f"{number:02d} {chapter}",
                f"{len(done)} of {len(quizzes)}",
                f"{points} of {every}",
                str(tries),
                str(minutes),
                names or "-",
            )
        )
        total = [a + b for a, b in zip(total, (len(done), len(quizzes), points, every), strict=True)]
    looked = [name for name, entry in known.items() if entry.looked]
    notes = (f"Solution looked at first: {', '.join(f'`{name}`' for name in looked)}.",) if looked else ()
    title = f"{total[0]} of {total[1]} quizzes passed, {total[2]} of {total[3]} points"
    show(Card("good" if total[0] == total[1] else "info", title, rows=tuple(rows), notes=notes))
