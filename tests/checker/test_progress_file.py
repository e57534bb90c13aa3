"""Whatever stands in the record's file: nothing raises, what is good in it stays, what is damaged is kept beside."""

import json
import tempfile
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course_lib.checker import progress as record
from course_lib.checker.entries import MOST
from course_lib.checker.progress import Entry
from course_lib.quizzes import progress

MONDAY = date(2026, 3, 2)
GOOD = '"extract": {"attempts": 3, "passed": true}'
EXTRACT = Entry(attempts=3, passed=True)
PASSED = Entry(attempts=1, passed=True, passed_on=MONDAY)

pytestmark = pytest.mark.usefixtures("file")


ODD = {
    "too large a number": b'{"attempts": 1e400, %s}',
    "too large a number in an entry": b'{"q_step": {"attempts": 1e400}, %s}',
    "too large a number of mistakes": b'{"q_step": {"mistakes": {"a": -1e999}}, %s}',
    "no number": b'{"q_step": {"attempts": NaN}, "x": [Infinity, -Infinity], %s}',
    "5000 digits": b'{"q_step": {"attempts": ' + b"9" * 5000 + b"}, %s}",
    "deep": b'{"q_step": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b", %s}",
    "too deep": b"{%s, " + b'"q_step": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too deep before it": b'{"q_step": ' + b"[" * 100_000 + b"]" * 100_000 + b", %s}",
    "half a pair as bytes": b'{"q_step\xed\xa0\x80": 1, %s}',
    "bytes": b'{"q_step": "\xff\xfe\xc3", %s}',
    "the same name twice": b'{%s, "extract": {"attempts": 1}}',
    "the same name twice, first the empty one": b'{"extract": 7, %s}',
    "cut off": b'{%s, "q_step": {"attempts": 2, "mista',
    "cut off at the front": b'"attempts": 2}, %s}',
    "nulls behind it": b"{%s}" + bytes(4096),
    "two in one": b'{%s}{"q_step": {}}',
    "a conflict": b'{\n<<<<<<< HEAD\n %s,\n=======\n "q_step": {"attempts": 2},\n>>>>>>> other\n}',
    "a comma too many": b"{%s,}",
    "more than can be read": b"{%s, " + b'"q_step": "' + b"x" * 3_000_000 + b'"}',
}
FINE = {
    "UTF-8 with its mark": f"{{{GOOD}}}".encode("utf-8-sig"),
    "UTF-16": f"{{{GOOD}}}".encode("utf-16"),
    "UTF-16 without a mark": f"{{{GOOD}}}".encode("utf-16-be"),
    "UTF-32": f"{{{GOOD}}}".encode("utf-32"),
    "old Mac lines": f"{{\r{GOOD}\r}}\r".encode(),
    "half a pair": f'{{"\\ud800": {{"attempts": 1, "looked": true}}, "q_step": "\\udfff", {GOOD}}}'.encode(),
    "blanks behind it": f"{{{GOOD}}}".encode() + b" " * 3_000_000,
}


@pytest.mark.parametrize("odd", ODD)
def test_the_good_entry_in_a_damaged_file_stays(file, capsys, odd):
    raw = ODD[odd].replace(b"%s", GOOD.encode())
    file.write_bytes(raw)
    start = time.monotonic()
    progress()
    assert record.entries()["extract"] == EXTRACT
    record.note_attempt("snr", True)
    progress()
    assert time.monotonic() - start < 10
    assert record.entries()["extract"] == EXTRACT
    assert record.entries()["snr"] == PASSED
    assert (file.parent / "progress.damaged").read_bytes() == raw
    assert json.loads(file.read_text(encoding="ascii"), parse_constant=pytest.fail)["extract"]["passed"] is True
    assert "COURSE_PROGRESS" not in capsys.readouterr().out
    record.note_attempt("snr", True)
    assert len(list(file.parent.glob("*.damaged*"))) == 1


@pytest.mark.parametrize("fine", FINE)
def test_other_ways_to_write_it_are_no_damage(file, fine):
    file.write_bytes(FINE[fine])
    record.note_attempt("snr", True)
    assert record.entries() == {"extract": EXTRACT, "snr": PASSED}
    assert not list(file.parent.glob("*.damaged*"))


@pytest.mark.parametrize(
    ("wrong", "entry"),
    [
        ('"attempts": -1, "passed": true', Entry(passed=True)),
        ('"attempts": 1e30, "passed": true', Entry(passed=True)),
        ('"attempts": 1e400, "passed": true', Entry(passed=True)),
        ('"attempts": 2.5, "passed": true, "passed_on": "2026-03-02"', Entry(passed=True, passed_on=MONDAY)),
        ('"attempts": 2, "passed": true, "passed_on": "monday"', Entry(attempts=2, passed=True)),
        ('"attempts": 2, "passed": true, "mistakes": {"a": -1}', Entry(attempts=2, passed=True)),
        ('"attempts": 2, "passed": [], "looked": true', Entry(attempts=2, looked=True)),
        (f'"attempts": {MOST + 1}, "passed": true', Entry(passed=True)),
    ],
)
def test_what_is_wrong_in_an_entry_costs_no_more_than_itself(file, wrong, entry):
    file.write_text(f'{{"snr": {{{wrong}}}}}')
    assert record.entries() == {"snr": entry}
    record.note_look("snr")
    assert record.entries()["snr"].passed == entry.passed
    assert (file.parent / "progress.damaged").exists()


def test_a_copy_of_what_was_damaged_is_never_overwritten(file):
    for number in range(3):
        file.write_text(f"damaged for the time {number}")
        record.note_attempt("snr", True)
    copies = {copy.name: copy.read_text() for copy in file.parent.glob("*.damaged*")}
    names = ("progress.damaged", "progress.damaged2", "progress.damaged3")
    assert copies == {name: f"damaged for the time {number}" for number, name in enumerate(names)}


def test_where_the_new_one_cannot_be_written_there_are_not_many_copies(file, monkeypatch):
    file.write_text("damaged")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record.progress_file.os, "fsync", refuse)
    for _ in range(3):
        record.note_attempt("snr", True)
    assert record.entries()["snr"].attempts == 3
    assert file.read_text() == "damaged"
    assert [copy.name for copy in file.parent.glob("*.damaged*")] == ["progress.damaged"]


def test_counts_end_somewhere(file):
    file.write_text(json.dumps({"snr": {"attempts": MOST, "mistakes": {"a": MOST}, "reviews": MOST}}))
    record.note_attempt("snr", False, ("a",))
    record.note_review("snr", True)
    expected = Entry(attempts=MOST, mistakes={"a": MOST}, reviews=MOST, reviews_right=1, reviewed_on=MONDAY)
    assert record.entries() == {"snr": expected}


def test_a_file_of_100_megabytes(file):
    with file.open("wb") as huge:
        huge.write(f"{{{GOOD}".encode())
        huge.truncate(100_000_000)
    start = time.monotonic()
    record.note_attempt("snr", True)
    assert record.entries() == {"extract": EXTRACT, "snr": PASSED}
    assert time.monotonic() - start < 10
    assert (file.parent / "progress.damaged").stat().st_size == 100_000_000


# Anything at all

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([10**30, -1, "2026-03-02"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from([*vars(Entry()), "stars"]), VALUES, max_size=9)
RECORDS = st.dictionaries(st.sampled_from(["snr", "q_step", "attempts", "mistakes", "x"]), FIELDS | VALUES, max_size=5)


def with_any_content(raw):
    """What the record is after a pass was noted over `raw`, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        file = Path(folder) / "p.json"
        patch.setenv("COURSE_PROGRESS", str(file))
        patch.setattr(record, "_session", record._Session())
        file.write_bytes(raw)
        before = record.entries()
        record.note_attempt("snr", True, ("root_forgotten",))
        after = record.entries()
        json.loads(file.read_bytes(), parse_constant=pytest.fail)
        copies = [copy.read_bytes() for copy in file.parent.glob("p.damaged*")]
        assert copies in ([], [raw])
        assert before.keys() - {"snr"} == after.keys() - {"snr"}
        assert all(after[name] == before[name] for name in before.keys() - {"snr"})
        old = before.get("snr", Entry())
        assert after["snr"].passed
        assert after["snr"].attempts == min(old.attempts + 1, MOST)
        assert not [left for left in file.parent.iterdir() if "unfinished" in left.name]
        return after, copies


PROPERTY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PROPERTY
@given(st.binary(max_size=200))
@example(b"\x00\xd8\x00\xdc")
@example(b"\xff\xfe")
def test_any_bytes(raw):
    after, copies = with_any_content(raw)
    assert after.keys() == {"snr"} or copies == []


@PROPERTY
@given(RECORDS, st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]), st.booleans())
def test_any_json(content, encoding, is_ascii):
    with_any_content(json.dumps(content, ensure_ascii=is_ascii).encode(encoding, "surrogatepass"))


@PROPERTY
@given(RECORDS, st.integers(0, 60), st.integers(0, 300), st.binary(max_size=5))
def test_a_good_entry_survives_whatever_happens_behind_it(content, removed, place, put):
    first, rest = f"{{{GOOD}, ".encode(), json.dumps(content)[1:].encode()
    place = min(place, len(rest))
    after, _ = with_any_content(first + rest[:place] + put + rest[place + removed :])
    assert after["extract"].passed
