"""What the parts of the grader hand to each other: plain data, and nothing that a student wrote is trusted in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["received", "late", "missing", "unreadable"]


@dataclass(frozen=True)
class Student:
    """A row of the roster."""

    id: str
    name: str


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    status      "received"; "late": after the deadline; "missing": nothing; "unreadable": files, but no notebook in them
    notebooks   the newest notebook of each chapter, by the chapter's name ("04_forward")
    reasons     sentences for the instructor: what was left out, and why
    """

    student: Student
    status: Status
    notebooks: dict[str, Path]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The student's code for one quiz.

    source     the text of a module that defines the attempt under the quiz's name, after what it needs
    found      "cell": by the cell's metadata; "name": by the name of what it defines
    notebook   the chapter it was in
    """

    quiz: str
    source: str
    found: Literal["cell", "name"]
    notebook: str


@dataclass(frozen=True)
class Result:
    """The verdict on one question.

    finding   one word: those of `examine`, and "missing" (no such answer), "no_submission", "crashed", "memory",
              "output", "refused"
    mistake   the catalogue's name for it, or None
    reason    what the student may read: a hint, or a sentence
    seconds   that it took
    """

    student_id: str
    quiz: str
    chapter: str
    score: float
    max_score: float
    finding: str
    mistake: str | None
    reason: str
    seconds: float
