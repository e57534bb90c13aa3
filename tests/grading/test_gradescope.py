"""Gradescope: the zip has what it asks for, and results.json says what was found."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from course_lib.grading import gradescope
from course_lib.grading.errors import GradingError
from course_lib.grading.gradescope import build, results_json, run
from course_lib.grading.records import Result, Student
from course_lib.grading.results import gather, write_grades
from course_lib.quizzes.registry import find

NO_ROOTS = next(mistake for mistake in find("q_sample").mistakes if mistake.name == "no_roots")
RESULTS = [
    Result("7", "q_step", "04_forward", 2.0, 2.0, "correct", None, "`q_step` is right.", 0.21),
    Result("7", "q_sample", "04_forward", 1.0, 3.0, "mistake", "no_roots", NO_ROOTS.hint, 0.5),
    Result("7", "q_posterior", "04_forward", 0.0, 4.0, "missing", None, "There is no answer in the notebooks.", 0.0),
]

# https://gradescope-autograders.readthedocs.io/en/latest/specs/
TOP = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility"}
TOP |= {"stdout_visibility", "extra_data", "tests", "leaderboard"}
TEST = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
TEST |= {"visibility", "extra_data"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}


def test_results_json_has_documented_fields_with_documented_values() -> None:
    document = json.loads(json.dumps(results_json(RESULTS, seconds=1.2), allow_nan=False))
    assert set(document) <= TOP
    assert {document[name] for name in ("output_format", "test_output_format", "test_name_format")} <= FORMATS
    assert {document["visibility"], document["stdout_visibility"]} <= VISIBILITIES
    assert document["execution_time"] == 2
    for test in document["tests"]:
        assert set(test) <= TEST
        assert test["status"] in {"passed", "failed"}
        assert {test["name_format"], test["output_format"]} <= FORMATS
        assert test["visibility"] in VISIBILITIES
        assert isinstance(test["tags"], list)
        assert isinstance(test["extra_data"], dict)


def test_results_json_says_what_was_found() -> None:
    document = results_json(RESULTS)
    assert document["score"] == 3.0
    assert "execution_time" not in document
    assert document["output"] == "3 of 9 points, 1 of 3 quizzes passed."
    assert document["stdout_visibility"] == "hidden"  # it is about the grader, not for students
    assert [(t["name"], t["score"], t["max_score"], t["status"]) for t in document["tests"]] == [
        ("q_step", 2.0, 2.0, "passed"),
        ("q_sample", 1.0, 3.0, "failed"),
        ("q_posterior", 0.0, 4.0, "failed"),
    ]
    assert document["tests"][1]["output"] == f"A known mistake: no roots.\n{NO_ROOTS.hint}"
    assert document["tests"][1]["extra_data"] == {"finding": "mistake", "mistake": "no_roots"}
    assert document["tests"][0]["tags"] == ["04_forward"]


@pytest.fixture(scope="module")
def autograder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gradescope") / "autograder.zip"
    build(path, "3-5; rm -rf /", b"\x00secret\xff")
    return path


def test_the_zip_has_both_scripts_at_its_root_and_they_can_be_executed(autograder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(autograder) as archive:
        for name in ("setup.sh", "run_autograder"):
            mode = archive.getinfo(name).external_attr >> 16
            assert stat.S_ISREG(mode)
            assert mode & 0o111
            assert archive.read(name).startswith(b"#!/usr/bin/env bash\n")
            (tmp_path / name).write_bytes(archive.read(name))
            subprocess.run(["bash", "-n", str(tmp_path / name)], check=True)
        assert archive.getinfo("secret").external_attr >> 16 & 0o077 == 0
        assert archive.read("secret") == b"\x00secret\xff"
    assert autograder.stat().st_size < 20e6


def test_chapters_are_one_word_for_the_shell(autograder: Path) -> None:
    with zipfile.ZipFile(autograder) as archive:
        last = archive.read("run_autograder").decode().splitlines()[-1]
    assert last.endswith("course_lib.grading.gradescope /autograder '3-5; rm -rf /'")


def test_the_zip_has_a_course_that_can_be_imported(autograder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(autograder) as archive:
        archive.extractall(tmp_path)
    course = tmp_path / "course"
    assert (course / "pyproject.toml").is_file()
    code = (
        "import course_lib.grading.gradescope as g, course_lib.grading.report.pages as p; print(g.__file__, p.FINDINGS)"
    )
    environment = os.environ | {"PYTHONPATH": str(course), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=course, env=environment, capture_output=True, text=True, timeout=120
    )
    assert str(course) in done.stdout, done.stderr
    assert (course / "course_lib" / "grading" / "report" / "templates" / "report.html").is_file()


def test_the_same_course_gives_the_same_zip(autograder: Path, tmp_path: Path) -> None:
    build(tmp_path / "again.zip", "3-5; rm -rf /", b"\x00secret\xff")
    assert (tmp_path / "again.zip").read_bytes() == autograder.read_bytes()


def test_the_zip_has_neither_caches_nor_other_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "course"
    for name in ("pyproject.toml", "course_lib/a.py", "course_lib/__pycache__/a.cpython-311.pyc", "data/big", ".git/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    monkeypatch.setattr(gradescope, "ROOT", root)
    build(tmp_path / "out.zip", "4", b"s")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
    assert names == ["setup.sh", "run_autograder", "secret", "course/course_lib/a.py", "course/pyproject.toml"]


def test_without_the_repository_there_is_no_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradescope, "ROOT", tmp_path)
    with pytest.raises(GradingError, match="copy of the course's repository"):
        build(tmp_path / "out.zip", "4", b"s")
    assert not (tmp_path / "out.zip").exists()


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Gradescope's folders with one submission of two authors."""
    root = tmp_path / "autograder"
    for folder in ("submission", "source", "results"):
        (root / folder).mkdir(parents=True)
    (root / "submission" / "04_forward.ipynb").write_text("{}")
    (root / "source" / "secret").write_bytes(b"secret")
    users = [{"id": 9, "name": "Ben, B", "email": "b@x"}, {"id": 7, "name": "=Anna", "email": "a@x"}]
    (root / "submission_metadata.json").write_text(json.dumps({"id": 123, "users": users}))
    return root


def grader(seen: dict[str, object]) -> Callable[[Path, str], None]:
    def grade(work: Path, chapters: str) -> None:
        seen["chapters"] = chapters
        seen["files"] = sorted(str(file.relative_to(work)) for file in work.rglob("*") if file.is_file())
        seen["roster"] = (work / "roster.csv").read_text()
        quizzes = {result.quiz: result.max_score for result in RESULTS}
        rows = gather([Student("7", "Anna")], {"7": ("received", ())}, RESULTS, quizzes)
        write_grades(work / "grades", rows)

    return grade


def test_a_submission_is_graded_as_a_class_of_one(folders: Path) -> None:
    seen: dict[str, object] = {}
    run(folders, "4", grader(seen))
    assert seen["chapters"] == "4"
    assert seen["files"] == ["roster.csv", "secret", "submissions/7/04_forward.ipynb"]
    assert seen["roster"] == 'id,name\n7,"Ben, B, =Anna"\n'
    document = json.loads((folders / "results" / "results.json").read_text())
    assert isinstance(document.pop("execution_time"), int)
    assert document == results_json(RESULTS)


def test_a_link_in_the_submission_is_not_followed(folders: Path) -> None:
    (folders / "submission" / "link.ipynb").symlink_to(folders / "source" / "secret")

    def grade(work: Path, chapters: str) -> None:
        assert (work / "submissions" / "7" / "link.ipynb").is_symlink()
        grader({})(work, chapters)

    run(folders, "4", grade)
    assert (folders / "results" / "results.json").is_file()


def test_without_grades_there_is_no_result(folders: Path) -> None:
    """Gradescope then tells the instructor that the autograder failed; a 0 would look like a grade."""
    with pytest.raises(GradingError, match="no row for 7"):
        run(folders, "4", lambda work, chapters: None)
    (folders / "submission_metadata.json").write_text('{"users": []}')
    with pytest.raises(GradingError, match="names no author"):
        run(folders, "4", grader({}))
    assert not (folders / "results" / "results.json").exists()
