"""`course progress`: between machines, and as a page."""

import errno
import os

import pytest
from typer.testing import CliRunner

from course_lib import files
from course_lib.checker import progress as record
from course_lib.cli import app


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(record, "_session", record._Session())
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


# What cannot be made again


OTHERS = {
    "a photo": b"\x89PNG\r\n\x1a\n",
    "a notebook": b'{"cells": [], "metadata": {}, "nbformat": 4}',
    "notes": b"my notes",
    "a page": b"<!doctype html>\n<html><head><meta charset='utf-8'><title>My page</title></head></html>",
    "weights": bytes(5000),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(("command", "file_name"), [("export", "p.json"), ("certificate", "c.html")])
def test_a_file_of_another_kind_is_not_replaced(tmp_path, command, file_name, other):
    record.note_attempt("snr", True)
    (tmp_path / file_name).write_bytes(OTHERS[other])
    said = course("progress", command, tmp_path / file_name, ok=False)
    assert said.startswith("error:")
    assert "Name another file" in said
    assert (tmp_path / file_name).read_bytes() == OTHERS[other]


def test_an_earlier_one_is_replaced(tmp_path):
    record.note_attempt("snr", True)
    for _ in range(2):
        course("progress", "export", tmp_path / "p.json")
        course("progress", "certificate", tmp_path / "c.html")
    (tmp_path / "p.json").write_bytes(b"")  # there is nothing to lose
    course("progress", "export", tmp_path / "p.json")


def test_a_record_that_knows_of_more_is_not_replaced(tmp_path, monkeypatch):
    record.note_attempt("snr", True)
    record.note_attempt("extract", True)
    course("progress", "export", tmp_path / "p.json")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "second.json"))
    record.note_attempt("extract", True)
    said = course("progress", "export", tmp_path / "p.json", ok=False)
    assert "passed that are not passed here (snr)" in said
    assert f"course progress import {tmp_path / 'p.json'}" in said
    course("progress", "import", tmp_path / "p.json")
    course("progress", "export", tmp_path / "p.json")


def a_folder(path):
    path.mkdir()


def a_pipe(path):
    os.mkfifo(path)


def a_link_to_a_device(path):
    path.symlink_to("/dev/full")


@pytest.mark.parametrize("odd", [a_folder, a_pipe, a_link_to_a_device])
@pytest.mark.parametrize(
    ("command", "file_name"), [("export", "p.json"), ("import", "p.json"), ("certificate", "c.html")]
)
def test_what_is_no_file_is_one_message(tmp_path, command, file_name, odd):
    record.note_attempt("snr", True)
    odd(tmp_path / file_name)
    said = course("progress", command, tmp_path / file_name, ok=False)
    assert said.startswith("error:")
    assert said.count(".") < 12


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize(("command", "file_name"), [("export", "p.json"), ("certificate", "c.html")])
def test_a_full_disk_is_one_message_and_leaves_the_old_file(tmp_path, monkeypatch, command, file_name, number):
    record.note_attempt("snr", True)
    course("progress", command, tmp_path / file_name)
    before = (tmp_path / file_name).read_bytes()

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    record.note_attempt("extract", True)
    monkeypatch.setattr(files.os, "fsync", refuse)
    said = course("progress", command, tmp_path / file_name, ok=False)
    assert said.startswith(f"error: {tmp_path / file_name} cannot be written")
    assert (tmp_path / file_name).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {file_name, "progress.json", "progress.json.lock"}


def test_the_record_here_cannot_be_written(tmp_path, monkeypatch):
    record.note_attempt("snr", True)
    course("progress", "export", tmp_path / "p.json")
    (tmp_path / "flat").touch()
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "flat" / "r.json"))
    (tmp_path / "folder").mkdir()
    for place in ("flat/r.json", "folder"):
        monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / place))
        for words in (
            ("import", tmp_path / "p.json"),
            ("export", tmp_path / "q.json"),
            ("certificate", tmp_path / "c.html"),
        ):
            said = course("progress", *words, ok=False)
            assert said.startswith("error:")
            assert "ame another place" in said
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "new.json"))

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", refuse)
    said = course("progress", "import", tmp_path / "p.json", ok=False)
    assert said.startswith("error:")
    assert "the disk is full" in said
    assert "COURSE_PROGRESS=FILE" in said


def test_a_name_that_is_no_text(tmp_path):
    """What a terminal of another encoding hands over."""
    record.note_attempt("snr", True)
    course("progress", "certificate", tmp_path / "c.html", "--name", "Ad\udce4")
    assert "Ad? has passed" in (tmp_path / "c.html").read_text(encoding="utf-8")
