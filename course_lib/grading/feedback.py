"""A page for each student: what was found, the hint, and after a pass other right ways. No hidden input is in it."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_lib.checker.quiz import Quiz
from course_lib.files import write_file
from course_lib.grading.records import Result, Student
from course_lib.grading.report.pages import fill
from course_lib.grading.results import NOT_TRIED, Row
from course_lib.quizzes.registry import UnknownQuizError, find
from course_lib.quizzes.sources import other_ways

LONGEST = 60  # letters of an id in a file's name
ON_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass(frozen=True)
class Way:
    """Another right answer: its source, and what is different about it."""

    explain: str
    source: str


@dataclass(frozen=True)
class Answer:
    """A result as the page shows it."""

    result: Result
    kind: str
    mark: str
    others: Sequence[Way]


def write_feedback(folder: Path, rows: Sequence[Row]) -> dict[str, Path]:
    """Write a page for each student into `folder`, and return them by student id.

    Raises FileError if one cannot be written.
    """
    names = file_names(row.student for row in rows)
    pages = {row.student.id: folder / names[row.student.id] for row in rows}
    for row in rows:
        answers = [_shown(result) for result in row.results.values()]
        passed = sum(result.finding == "correct" for result in row.results.values())
        write_file(pages[row.student.id], fill("feedback.html", row=row, answers=answers, passed=passed))
    return pages


def _shown(result: Result) -> Answer:
    if result.finding == "correct":
        return Answer(result, "good", "✓", _others(result.quiz))
    if result.finding in NOT_TRIED:
        return Answer(result, "faint", "○", ())
    return Answer(result, "bad", "✗", ())


@cache
def _others(name: str) -> Sequence[Way]:
    try:
        quiz = find(name)
    except UnknownQuizError:
        return ()
    return [Way(one.explain, one.source) for one in other_ways(quiz)] if isinstance(quiz, Quiz) else ()


def file_names(students: Iterable[Student]) -> dict[str, str]:
    """A file name for each student, by id: made of the id's plain letters, and no two alike on any file system.

    An id that is not plain, or is like another but for upper and lower case, gets a "~" and a hash of the whole id.
    """
    ids = [student.id for student in students]
    alike = Counter(identity.casefold() for identity in ids)
    return {identity: _file_name(identity, alone=alike[identity.casefold()] == 1) for identity in ids}


def _file_name(identity: str, alone: bool) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", identity).strip(".")[:LONGEST]
    if plain == identity and alone and plain and plain.partition(".")[0].lower() not in ON_WINDOWS:
        return f"{plain}.html"
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{plain.replace('.', '_')}~{digest}.html"
