"""`course progress`: between machines, and as a page."""

import pytest
from typer.testing import CliRunner

from course_lib.checker import progress as record
from course_lib.cli import app


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def course(*words, ok=True):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert (result.exit_code == 0) is ok, result.output + str(result.exception)
    assert "Traceback" not in result.output
    return " ".join((result.stdout + result.stderr).split())


def test_from_one_machine_to_another(tmp_path, monkeypatch):
    record.note_attempt("snr", True)
    record.note_attempt("extract", True)
    record.note_attempt("from_a_later_version", False)
    assert "3 quizzes. On the other machine: course progress import p.json" in course(
        "progress", "export", tmp_path / "p.json"
    )
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "second.json"))
    record.note_attempt("extract", True)
    said = course("progress", "import", tmp_path / "p.json")
    assert "3 quizzes came in, 2 of them passed, 1 of these new here. 1 of them are not in this version" in said
    assert record.entries()["snr"].passed


def test_what_is_no_record_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    said = course("progress", "import", tmp_path / "x.json", ok=False)
    assert said.startswith("error:")
    assert "course progress export FILE" in said
    assert "answer a quiz first" in course("progress", "export", tmp_path / "y.json", ok=False)


def test_a_place_that_cannot_be_written_is_one_message(tmp_path):
    record.note_attempt("snr", True)
    (tmp_path / "flat").touch()
    for words in (("export", tmp_path / "flat" / "p.json"), ("certificate", tmp_path / "flat" / "c.html")):
        assert "Name another place" in course("progress", *words, ok=False)


def test_the_certificate(tmp_path):
    assert "Begin with notebooks/00_start.ipynb" in course("progress", "certificate", tmp_path / "c.html", ok=False)
    record.note_attempt("snr", True)
    assert "must end in .html" in course("progress", "certificate", tmp_path / "c.pdf", ok=False)
    course("progress", "certificate", tmp_path / "new" / "c.html", "--name", "Ada")
    assert "Ada has passed 1 of" in (tmp_path / "new" / "c.html").read_text(encoding="utf-8")
