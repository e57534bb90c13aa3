"""The record of what was tried, passed and reviewed: damaged files, old ones, other machines, two notebooks at once."""

import json
import subprocess
import sys
from datetime import date

import pytest

from course_lib.checker import progress as record
from course_lib.checker.progress import Entry, ProgressFileError, export_to, import_from, merged

MONDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 6)

pytestmark = pytest.mark.usefixtures("file")


def test_attempts_mistakes_and_the_day_of_the_pass(monkeypatch):
    record.note_attempt("snr", False, ("logarithm",))
    record.note_attempt("snr", False, ("logarithm", "decibels"))
    record.note_attempt("snr", True)
    monkeypatch.setattr(record, "today", lambda: FRIDAY)
    record.note_attempt("snr", True)
    expected = Entry(attempts=4, passed=True, passed_on=MONDAY, mistakes={"logarithm": 2, "decibels": 1})
    assert record.entries() == {"snr": expected}


def test_a_quiz_that_fails_after_it_passed_stays_passed():
    record.note_attempt("snr", True)
    record.note_attempt("snr", False)
    assert record.entries()["snr"] == Entry(attempts=2, passed=True, passed_on=MONDAY)


def test_looking_after_passing_is_no_remark():
    record.note_look("extract")
    record.note_attempt("snr", True)
    record.note_look("snr")
    assert [entry.looked for entry in record.entries().values()] == [True, False]


def test_reviews_and_the_fast_track_are_noted():
    record.note_review("snr", True)
    record.note_review("snr", False)
    record.note_test_out(["snr", "extract"])
    assert record.entries()["snr"] == Entry(reviews=2, reviews_right=1, reviewed_on=MONDAY, test_out=True)
    assert record.entries()["extract"] == Entry(test_out=True)


def test_a_record_of_the_first_version_is_read(file):
    file.write_text('{"snr": {"attempts": 3, "passed": true, "looked": false}}')
    assert record.entries() == {"snr": Entry(attempts=3, passed=True)}
    record.note_attempt("snr", True)
    assert record.entries() == {"snr": Entry(attempts=4, passed=True)}  # on which day it was passed nobody knows


def test_what_a_later_version_wrote_survives(file):
    file.write_text('{"snr": {"attempts": 1, "stars": 5}, "later": {"attempts": 2, "new": [1]}, "odd": 3}')
    record.note_attempt("snr", True)
    content = json.loads(file.read_text())
    assert content["snr"]["stars"] == 5
    assert content["snr"]["attempts"] == 2
    assert content["later"] == {"attempts": 2, "new": [1]}
    assert content["odd"] == 3


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", '{"snr": 3}', '{"snr": {"attempts": "x"}}', "[" * 100_000, "\0"),
        *('{"snr": {"mistakes": [1]}}', '{"snr": {"passed_on": "monday"}}', '{"snr": {"reviews": -1}}'),
    ],
)
def test_a_damaged_file_is_tolerated_and_kept_beside(file, content):
    file.write_text(content)
    assert record.entries() == {}
    record.note_attempt("snr", True)
    assert record.entries() == {"snr": Entry(attempts=1, passed=True, passed_on=MONDAY)}
    if content:
        assert file.with_suffix(".damaged").read_text() == content


def test_where_the_record_is_kept(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")
    assert record.place() is None
    monkeypatch.delenv("COURSE_PROGRESS")
    assert record.place() is None  # pytest
    for name in ("CI", "PYTEST_CURRENT_TEST", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    assert record.place() == record.ROOT / ".course_progress.json"
    assert (record.ROOT / "pyproject.toml").exists()


def test_notebooks_at_the_same_time_lose_nothing(file):
    code = (
        "import sys; from course_lib.checker import progress\n"
        "for i in range(15): progress.note_attempt('snr', i > 9, (sys.argv[1], 'both'))"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("one", "other")]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    entry = record.entries()["snr"]
    assert (entry.attempts, entry.passed) == (30, True)
    assert entry.mistakes == {"one": 15, "other": 15, "both": 30}
    assert not list(file.parent.glob("*.part"))


# Between machines


def test_merging_keeps_the_better_of_both():
    here = Entry(attempts=5, looked=True, mistakes={"a": 3, "b": 1}, reviews=1, reviewed_on=MONDAY)
    there = Entry(attempts=2, passed=True, passed_on=FRIDAY, mistakes={"b": 4}, reviews_right=1, test_out=True)
    expected = Entry(
        attempts=5,
        passed=True,
        looked=True,
        passed_on=FRIDAY,
        mistakes={"a": 3, "b": 4},
        reviews=1,
        reviews_right=1,
        reviewed_on=MONDAY,
        test_out=True,
    )
    assert merged(here, there) == merged(there, here) == expected
    assert merged(expected, expected) == expected
    assert merged(Entry(passed=True, passed_on=FRIDAY), Entry(passed=True, passed_on=MONDAY)).passed_on == MONDAY


def test_every_field_is_merged():
    """A field that is added later and forgotten in `merged` would be lost on the way to another machine."""
    full = Entry(1, True, True, MONDAY, {"a": 1}, 1, 1, FRIDAY, True)
    fields = vars(Entry()).keys()
    assert all(getattr(full, name) != getattr(Entry(), name) for name in fields)
    assert merged(full, Entry()) == merged(Entry(), full) == full


def test_to_another_machine_and_into_what_is_there(tmp_path, monkeypatch):
    record.note_attempt("snr", True, ("logarithm",))
    record.note_attempt("extract", False)
    assert export_to(tmp_path / "carried" / "p.json") == 2
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "second.json"))
    record.note_attempt("extract", True)
    assert import_from(tmp_path / "carried" / "p.json").keys() == {"snr", "extract"}
    snr = Entry(attempts=1, passed=True, passed_on=MONDAY, mistakes={"logarithm": 1})
    assert record.entries() == {"extract": Entry(attempts=1, passed=True, passed_on=MONDAY), "snr": snr}
    import_from(tmp_path / "carried" / "p.json")
    assert record.entries()["snr"] == snr  # twice is once


def test_the_first_versions_record_can_be_carried_too(tmp_path):
    (tmp_path / "old.json").write_text('{"snr": {"attempts": 3, "passed": true, "looked": false}}')
    import_from(tmp_path / "old.json")
    assert record.entries() == {"snr": Entry(attempts=3, passed=True)}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        "text",
        '{"name": "x"}',
        '{"a": {}}',
        '{"a": {"attempts": -1}}',
        '{"a": {"attempts": 1}, "b": 2}',
    ],
)
def test_what_is_no_record_is_refused_and_changes_nothing(tmp_path, content):
    record.note_attempt("snr", True)
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ProgressFileError, match=r"no record of progress.*course progress export FILE"):
        import_from(tmp_path / "x.json")
    assert record.entries().keys() == {"snr"}


def test_what_is_missing_is_said_with_a_remedy(tmp_path, monkeypatch):
    with pytest.raises(ProgressFileError, match=r"There is no file .*course progress export FILE"):
        import_from(tmp_path / "none.json")
    with pytest.raises(ProgressFileError, match="answer a quiz first"):
        export_to(tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
    monkeypatch.setenv("COURSE_PROGRESS", "")
    with pytest.raises(ProgressFileError, match="COURSE_PROGRESS=FILE"):
        import_from(tmp_path / "none.json")
