"""A class from its notebooks to its grades, by the command, behind whatever walls this machine has."""

import copy
import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from course_lib.checker.quiz import Quiz
from course_lib.paths import NOTEBOOKS
from course_lib.quizzes.registry import find, quizzes_of

NOTEBOOK = nbformat.read(NOTEBOOKS / "04_forward.ipynb", 4)
HOSTILE = {
    "q_step": "def q_step(x, t, noise, schedule):\n    import os\n    os._exit(0)",
    "q_sample": "def q_sample(x_start, t, noise, schedule):\n    while True:\n        pass",
    "extract": (
        "from course_lib import forward\ndef extract(values, t, shape):\n    return forward.extract(values, t, shape)"
    ),
}


def notebook(**instead: str) -> nbformat.NotebookNode:
    """Chapter 04 with every answer right, but for those given."""
    made = copy.deepcopy(NOTEBOOK)
    for cell in made.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in quizzes_of("forward") and cell.metadata.nbgrader.solution:
            quiz = find(name)
            right = quiz.solution if isinstance(quiz, Quiz) else f"{name} = {quiz.solution}"
            cell.source = instead.get(name, right)
    return made


@pytest.fixture
def group(tmp_path: Path) -> Path:
    handed_in = {
        "ann": notebook(),
        "ben": notebook(**HOSTILE),
        "cem": copy.deepcopy(NOTEBOOK),
        "dee": notebook(extract="def extract(values, t, shape):\n    return values[t]"),
    }
    for student, made in handed_in.items():
        (tmp_path / "submissions" / student).mkdir(parents=True)
        nbformat.write(made, tmp_path / "submissions" / student / "04_forward.ipynb")
    rows = "".join(f"{student},{student.title()}\n" for student in (*handed_in, "eve"))
    (tmp_path / "roster.csv").write_text(f"student_id,name\n{rows}")
    return tmp_path


def command(group: Path, out: str = "out") -> list[str]:
    place = ["--roster", str(group / "roster.csv"), "--out", str(group / out)]
    (group / "secret").write_bytes(b"s" * 32)
    more = ["--chapters", "4", "--jobs", "2", "--secret", str(group / "secret")]
    return [sys.executable, "-m", "course_lib.cli", "grade", str(group / "submissions"), *place, *more]


def test_each_gets_what_was_earned(group: Path) -> None:
    subprocess.run(command(group), check=True, timeout=600)
    rows = {row["student_id"]: row for row in csv.DictReader((group / "out" / "grades.csv").open())}
    assert [(name, row["total"]) for name, row in rows.items()] == [
        ("ann", "17"),
        ("ben", "10"),
        ("cem", "0"),
        ("dee", "15"),
        ("eve", "0"),
    ]
    assert rows["eve"]["status"] == "missing"
    (ben,) = [row for row in json.loads((group / "out" / "grades.json").read_text())["students"] if row["id"] == "ben"]
    findings = {name: ben["quizzes"][name]["finding"] for name in HOSTILE}
    assert findings == {"q_step": "crashed", "q_sample": "timeout", "extract": "raises"}
    assert (group / "out" / "feedback" / "ann.html").exists()
    assert "Not protected" in (group / "out" / "report.html").read_text()


def test_an_answer_that_is_gone_counts_no_more(group: Path) -> None:
    subprocess.run(command(group), check=True, timeout=600)
    file = group / "submissions" / "ann" / "04_forward.ipynb"
    nbformat.write(notebook(q_step=""), file)
    subprocess.run(command(group), check=True, timeout=600)
    rows = {row["student_id"]: row for row in csv.DictReader((group / "out" / "grades.csv").open())}
    assert (rows["ann"]["q_step"], rows["ann"]["total"]) == ("0", "15")
    assert rows["dee"]["total"] == "15"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_kill_changes_nothing(group: Path) -> None:
    subprocess.run(command(group, "whole"), check=True, timeout=600)
    for lines in (1, 5, 9):
        process = subprocess.Popen(command(group, "killed"), start_new_session=True)
        journal, end = group / "killed" / "journal.jsonl", time.monotonic() + 300
        while process.poll() is None and time.monotonic() < end:
            if journal.exists() and len(journal.read_bytes().splitlines()) >= lines:
                break
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command(group, "killed"), check=True, timeout=600)
    for file in ("grades.csv", "grades.json", "report.html"):
        assert (group / "killed" / file).read_bytes() == (group / "whole" / file).read_bytes(), file
