"""Grading on Gradescope: the zip that it takes as an autograder, and results.json as it documents it.

https://gradescope-autograders.readthedocs.io/en/latest/specs/

Gradescope runs setup.sh once, to build an image, and run_autograder in a fresh container for each submission. That
starts this module, which hands the one submission to `course grade` as a class of one.
"""

import csv
import io
import json
import math
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from course_lib.files import write_file
from course_lib.grading.errors import GradingError
from course_lib.grading.records import Result
from course_lib.grading.report.pages import FINDINGS
from course_lib.grading.results import mistake_behind, rounded, shown
from course_lib.paths import ROOT
from course_lib.quizzes.registry import CHAPTERS, quizzes_of

PARTS = (
    *("pyproject.toml", "constraints.txt", "README.md", "LICENSE"),
    *("course_lib", "configs", "notebooks/source", "notebooks/notation.md"),
)

SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image: Python, the course and what it needs.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PIP_BREAK_SYSTEM_PACKAGES=1 UV_PYTHON_INSTALL_DIR=/opt/python
apt-get update
apt-get install -y --no-install-recommends bubblewrap ca-certificates python3-pip
python3 -m pip install --upgrade uv   # the image's own Python may be too old
uv venv --python 3.12 /autograder/venv
cd /autograder/source/course
uv pip install --python /autograder/venv/bin/python --torch-backend cpu --constraints constraints.txt --editable .
chmod 600 /autograder/source/secret
/autograder/venv/bin/course --version
"""

RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission. If it fails, the instructor sees why, and nobody gets a grade.
set -euo pipefail
exec /autograder/venv/bin/python -m course_lib.grading.gradescope /autograder {chapters}
"""


def build(zip_path: Path, chapters: str, secret: bytes) -> None:
    """Write the autograder for `chapters` ("3-5", as `course grade` takes them): setup.sh, run_autograder, the course.

    `secret` is what the inputs are drawn by; it is in the zip, so whoever has the zip can know them. The same course,
    chapters and secret give the same bytes. Raises GradingError where there is no copy of the course to take along, and
    FileError if the zip cannot be written.
    """
    if not (ROOT / "pyproject.toml").is_file():
        raise GradingError(
            "The autograder needs the whole course, and here is only its library. Run `course gradescope` in a copy of "
            "the course's repository."
        )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", SETUP.encode(), 0o755)
        _add(archive, "run_autograder", RUN.format(chapters=shlex.quote(chapters)).encode(), 0o755)
        _add(archive, "secret", secret, 0o600)
        for path in sorted(file for part in PARTS for file in _files(ROOT / part)):
            _add(archive, f"course/{path.relative_to(ROOT).as_posix()}", path.read_bytes(), 0o644)
    write_file(zip_path, content.getvalue())


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*") if file.is_file() and not str(file).endswith(".pyc")]


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(name)  # of 1980: a date would make other bytes each time
    entry.create_system = 3  # Unix, which has modes
    entry.external_attr = (stat.S_IFREG | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def results_json(results: Sequence[Result], seconds: float | None = None) -> dict[str, Any]:
    """What results.json has to say about one student's `results`: a test for each quiz. `seconds` is what it took."""
    score = rounded(math.fsum(result.score for result in results))
    most = rounded(math.fsum(result.max_score for result in results))
    passed = sum(result.finding == "correct" for result in results)
    return {
        "score": score,
        **({} if seconds is None else {"execution_time": math.ceil(seconds)}),
        "output": f"{shown(score)} of {shown(most)} points, {passed} of {len(results)} quizzes passed.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {},
        "tests": [_test(result) for result in results],
    }


def _test(result: Result) -> dict[str, Any]:
    mistake = f": {result.mistake.replace('_', ' ')}" if result.mistake else ""
    finding = f"{FINDINGS.get(result.finding, result.finding)}{mistake}."
    return {
        "score": rounded(result.score),
        "max_score": rounded(result.max_score),
        "status": "passed" if result.finding == "correct" else "failed",
        "name": result.quiz,
        "name_format": "text",
        "output": f"{finding[:1].upper()}{finding[1:]}\n{result.reason}".strip(),
        "output_format": "text",
        "tags": [result.chapter] if result.chapter else [],
        "visibility": "visible",
        "extra_data": {"finding": result.finding, "mistake": result.mistake},
    }


def run(root: Path, chapters: str, grade: Callable[[Path, str], None]) -> None:
    """Grade what lies in `root`/submission and write `root`/results/results.json, as Gradescope's folders are.

    `grade` gets a folder with `submissions`, `roster.csv` and `secret`, and the chapters, and leaves grades.json there,
    in `grades`. Inputs are drawn by the smallest of the authors' numbers at Gradescope, so that handing in again
    changes nothing. Raises GradingError where Gradescope's own file is not what it documents or nothing was graded.
    """
    student, name = _author(root / "submission_metadata.json")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(root / "submission", work / "submissions" / student, symlinks=True)
        shutil.copy(root / "source" / "secret", work / "secret")
        with (work / "roster.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["id", "name"], [student, name]])
        start = time.monotonic()
        grade(work, chapters)
        results = _results(work / "grades" / "grades.json", student)
        seconds = time.monotonic() - start
    write_file(root / "results" / "results.json", json.dumps(results_json(results, seconds), indent=1))


def _author(metadata: Path) -> tuple[str, str]:
    try:
        users = json.loads(metadata.read_text(encoding="utf-8"))["users"]
        return str(min(int(user["id"]) for user in users)), ", ".join(str(user["name"]) for user in users)
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise GradingError(f"{metadata} names no author ({problem!r}). Is this a folder of Gradescope's?") from None


def _results(grades: Path, student: str) -> list[Result]:
    try:
        (row,) = json.loads(grades.read_text(encoding="utf-8"))["students"]
    except (OSError, ValueError, KeyError) as problem:
        raise GradingError(f"`course grade` left no row for {student} in grades.json ({problem!r}).") from None
    chapters = {quiz: f"{n:02}_{chapter}" for n, chapter in enumerate(CHAPTERS) for quiz in quizzes_of(chapter)}
    return [
        Result(
            student_id=student,
            quiz=quiz,
            chapter=chapters.get(quiz, ""),
            score=found["score"],
            max_score=found["max_score"],
            finding=found["finding"],
            mistake=mistake_behind(quiz, found["reason"]) if found["finding"] == "mistake" else None,
            reason=found["reason"],
            seconds=0.0,
        )
        for quiz, found in row["quizzes"].items()
    ]


def _grade(work: Path, chapters: str) -> None:
    command = [sys.executable, "-m", "course_lib.cli", "grade", str(work / "submissions"), "--chapters", chapters]
    command += ["--roster", str(work / "roster.csv"), "--out", str(work / "grades"), "--secret", str(work / "secret")]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], _grade)
