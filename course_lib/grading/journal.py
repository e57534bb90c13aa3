"""Verdicts on disk: a line for each finished question, written through before anybody counts on it.

A grader that is killed and started again reads what it has, and goes on. A line that was cut off is thrown away.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from course_lib.grading.errors import GradingError
from course_lib.grading.records import Result

NAMES = [field.name for field in fields(Result)]


class Journal:
    """Results by student, quiz and fingerprint, in the file `path`; use it in a `with` statement.

    A fingerprint stands for all that the verdict depends on: the answer, the quiz, the inputs' seed, the policy. With
    another one the question is asked again. Of several results of a question the last counts.

    Raises GradingError if the file is no journal.
    """

    def __init__(self, path: Path):
        self.path = path
        self._places: dict[tuple[str, str], tuple[str, int]] = {}  # question: fingerprint, where its line begins
        self._file: BinaryIO | None = None

    def __enter__(self) -> "Journal":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a+b")
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break  # the process was killed while it wrote this
            entry = self._entry(line)
            result = entry["result"]
            self._places[result["student_id"], result["quiz"]] = (entry["fingerprint"], end)
            end += len(line)
        self._file.truncate(end)
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()
        self._file = None

    @property
    def _open(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("a journal is used in a `with` statement.")
        return self._file

    def _entry(self, line: bytes) -> dict:
        try:
            entry = json.loads(line)
            if set(entry) != {"fingerprint", "result"} or set(entry["result"]) != set(NAMES):
                raise ValueError("other fields")
        except (ValueError, TypeError):
            raise GradingError(
                f"{self.path} is no journal of this grader. Move it away, or name another folder with --out."
            ) from None
        return entry

    def knows(self, student: str, quiz: str, fingerprint: str) -> bool:
        """Whether this question has a result."""
        return self._places.get((student, quiz), ("", 0))[0] == fingerprint

    def add(self, result: Result, fingerprint: str) -> None:
        """Write a result; when this returns it is on the disk."""
        self._open.seek(0, os.SEEK_END)
        place = self._open.tell()
        self._open.write(json.dumps({"fingerprint": fingerprint, "result": asdict(result)}).encode() + b"\n")
        self._open.flush()
        os.fsync(self._open.fileno())
        self._places[result.student_id, result.quiz] = (fingerprint, place)

    def result(self, student: str, quiz: str) -> Result | None:
        """The last result of a question, if there is one."""
        if (student, quiz) not in self._places:
            return None
        self._open.seek(self._places[student, quiz][1])
        return Result(**self._entry(self._open.readline())["result"])

    def results(self) -> Iterator[Result]:
        """All results, in the order of students and quizzes that were first seen."""
        for student, quiz in self._places:
            found = self.result(student, quiz)
            if found:
                yield found
