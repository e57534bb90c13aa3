"""Grades for people and programs: grades.csv, grades.json, and what moved between two of them.

The same results give the same bytes: no dates, no seconds, and the order is the roster's and the course's.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.checker.quiz import Mistake
from course_lib.files import explained, write_file
from course_lib.grading.errors import GradingError
from course_lib.grading.records import Result, Status, Student
from course_lib.quizzes.registry import UnknownQuizError, find

NOT_TRIED = frozenset({"missing", "no_submission", "not_attempted", "stand_in"})  # findings without an attempt
NUMBER = re.compile(r"-?\d+(\.\d+)?")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet takes for the beginning of a formula


@dataclass(frozen=True)
class Row:
    """One student's grades: a result for each quiz, in the course's order."""

    student: Student
    status: Status
    reasons: tuple[str, ...]
    results: Mapping[str, Result]

    @property
    def handed_in(self) -> bool:
        """Whether there was anything to grade."""
        return self.status in ("received", "late")

    @property
    def total(self) -> float:
        """The sum of the scores, rounded once, at the end."""
        return rounded(math.fsum(result.score for result in self.results.values()))

    @property
    def max_total(self) -> float:
        return rounded(math.fsum(result.max_score for result in self.results.values()))


def gather(
    students: Sequence[Student],
    submissions: Mapping[str, tuple[Status, Sequence[str]]],
    results: Iterable[Result],
    quizzes: Mapping[str, float],
) -> list[Row]:
    """A row for each student of the roster, with a result for each of `quizzes`, whatever is missing.

    `submissions` has status and reasons by student id; who is not in it handed in nothing. `quizzes` has the points, in
    the course's order. Results of others than these are left out; of several for the same question the last counts.
    Raises GradingError for a result out of other points.
    """
    found = {(result.student_id, result.quiz): result for result in results}
    rows = []
    for student in students:
        status, reasons = submissions.get(student.id, ("missing", ()))
        answers = {}
        for quiz, points in quizzes.items():
            result = found.get((student.id, quiz)) or _nothing(student, quiz, points, status)
            if result.max_score != points:
                raise GradingError(
                    f"`{quiz}` of {student.id} was graded out of {result.max_score:g}, but has {points:g} points now. "
                    "Grade again with a new folder (--out)."
                )
            answers[quiz] = result
        rows.append(Row(student, status, tuple(reasons), answers))
    return rows


def _nothing(student: Student, quiz: str, points: float, status: Status) -> Result:
    if status in ("missing", "unreadable"):
        return Result(student.id, quiz, "", 0.0, points, "no_submission", None, "There is no notebook to grade.", 0.0)
    return Result(student.id, quiz, "", 0.0, points, "missing", None, "There is no answer in the notebooks.", 0.0)


def rounded(points: float) -> float:
    """Points with at most two decimals. Raises ValueError for what is no number."""
    if not math.isfinite(points):
        raise ValueError(f"{points} is no number of points.")
    return round(points, 2) + 0.0  # never -0.0


def shown(points: float) -> str:
    """Points as text with at most two decimals: 3, 2.5, 0.67."""
    return f"{rounded(points):.2f}".rstrip("0").rstrip(".")


def harmless(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula: with an apostrophe in front. A number stays one."""
    if text.startswith(FORMULA) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def write_grades(folder: Path, rows: Sequence[Row]) -> None:
    """Write `grades.csv` and `grades.json` into `folder`; each is, at every moment, the old file or the new one.

    Raises FileError if they cannot be written.
    """
    write_file(folder / "grades.csv", as_csv(rows).encode(errors="backslashreplace"))
    write_file(folder / "grades.json", as_json(rows).encode(errors="backslashreplace"))


def as_csv(rows: Sequence[Row]) -> str:
    """A line for each student: student_id,name,status,total,max_total, then the score of each quiz."""
    file = io.StringIO()
    table = csv.writer(file)  # ends lines with "\r\n": with "\n" it would leave a "\r" in a name unquoted
    table.writerow(["student_id", "name", "status", "total", "max_total", *(rows[0].results if rows else ())])
    for row in rows:
        scores = [shown(result.score) for result in row.results.values()]
        person = [harmless(row.student.id), harmless(row.student.name), row.status]
        table.writerow([*person, shown(row.total), shown(row.max_total), *scores])
    return file.getvalue()


def as_json(rows: Sequence[Row]) -> str:
    """All students with their quizzes' scores, findings and reasons."""
    students = [
        {
            "id": row.student.id,
            "name": row.student.name,
            "status": row.status,
            "total": row.total,
            "max_total": row.max_total,
            "quizzes": {
                quiz: {
                    "score": rounded(result.score),
                    "max_score": rounded(result.max_score),
                    "finding": result.finding,
                    "reason": result.reason,
                }
                for quiz, result in row.results.items()
            },
        }
        for row in rows
    ]
    return json.dumps({"students": students}, ensure_ascii=False, indent=1) + "\n"


# What moved


@dataclass(frozen=True)
class Side:
    """A grade before or after; `mistake` is the catalogue's name for it today, if it has one."""

    score: float
    max_score: float
    finding: str
    reason: str
    mistake: str | None


@dataclass(frozen=True)
class Moved:
    """A grade that is another one now. `before` or `after` is None where there was none."""

    student_id: str
    name: str
    quiz: str
    before: Side | None
    after: Side | None


def regrade_diff(old: Path, new: Path) -> list[Moved]:
    """Whose score or maximum moved between two files grades.json, in which quiz, and what was found before and after.

    Raises GradingError for what is no grades.json, FileError if one cannot be read.
    """
    before, after = _sides(old), _sides(new)
    return [
        Moved(student, (after.get(key) or before[key])[0], quiz, _side(before.get(key)), _side(after.get(key)))
        for key in dict.fromkeys([*after, *before])
        if _points(before.get(key)) != _points(after.get(key))
        for student, quiz in [key]
    ]


Entry = tuple[str, Side]  # the student's name, and the grade


def _sides(path: Path) -> dict[tuple[str, str], Entry]:
    with explained(path, "read"):
        text = path.read_bytes()
    try:
        return {
            (student["id"], quiz): (student["name"], _read(quiz, grade))
            for student in json.loads(text)["students"]
            for quiz, grade in student["quizzes"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise GradingError(
            f"{path} is no grades.json of this grader. Name the one that `course grade` wrote."
        ) from None


def _read(quiz: str, grade: dict) -> Side:
    name = mistake_behind(quiz, grade["reason"]) if grade["finding"] == "mistake" else None
    return Side(float(grade["score"]), float(grade["max_score"]), grade["finding"], grade["reason"], name)


def _side(entry: Entry | None) -> Side | None:
    return entry[1] if entry else None


def _points(entry: Entry | None) -> tuple[float, float] | None:
    return (entry[1].score, entry[1].max_score) if entry else None


def mistakes_of(quiz: str) -> list[Mistake]:
    """The catalogue's mistakes of a quiz; none for a quiz that there is no more."""
    try:
        return find(quiz).mistakes
    except UnknownQuizError:
        return []


def mistake_behind(quiz: str, reason: str) -> str | None:
    """The name of the mistake whose hint is in `reason`; "one, other" where there are two hints."""
    return ", ".join(mistake.name for mistake in mistakes_of(quiz) if mistake.hint in reason) or None
