"""From a class's files to one Submission for each student, from every layout; nothing hostile gets through."""

import io
import json
import os
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.grading import submissions
from course_lib.grading.answers import read_answers
from course_lib.grading.archives import MB
from course_lib.grading.errors import GradingError
from course_lib.grading.notebooks import FULL_NAMES
from course_lib.grading.records import Student, Submission
from course_lib.grading.submissions import Found, find_submissions
from course_lib.paths import NOTEBOOKS

ANNA, BEN = Student("s1001", "Anna Müller"), Student("s1002", "Ben O'Neill")
XIAO, CARA = Student("cara.diaz@uni.example", "Cara Díaz Pérez"), Student("31", "王 小明")
CLASS = [ANNA, BEN, XIAO, CARA]
FORWARD, SCHEDULES = ("extract", "q_sample"), ("snr", "linear_beta_schedule")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


def notebook(*quizzes: str, mark: str = "", key: str = "nbgrader") -> bytes:
    """A small notebook whose cells answer `quizzes`. `mark` tells it from others."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": f"c{number}",
            "metadata": {"nbgrader": {"grade_id": quiz}} if key == "nbgrader" else {key: quiz} if key else {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["out" * 50]}],
            "source": [f"def {quiz}(*arguments):\n", f"    return {mark!r}"],
        }
        for number, quiz in enumerate(quizzes)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def lay(place: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    place.mkdir(exist_ok=True)
    return place


def find(place: Path, students: list[Student] = CLASS, deadline: datetime | None = None) -> Found:
    return find_submissions(place, students, deadline, place.parent / "work")


def rows(place: Path, students: list[Student] = CLASS, deadline: datetime | None = None) -> dict[str, Submission]:
    """By id. Whatever is found: a row for everybody, in order, whose notebooks are in `work`."""
    found = list(find(place, students, deadline).submissions)
    assert [submission.student for submission in found] == students
    for submission in found:
        for path in submission.notebooks.values():
            assert (place.parent / "work").resolve() in path.resolve().parents
            assert nbformat.read(path, 4).nbformat == 4
        assert (submission.status in ("received", "late")) == bool(submission.notebooks)
        assert submission.notebooks or submission.reasons
        assert all(reason.isprintable() and reason.endswith(".") for reason in submission.reasons)
    return {submission.student.id: submission for submission in found}


def answer(submission: Submission, quiz: str = "extract", chapter: str = "04_forward") -> str:
    """The mark that the notebook which counts was given."""
    return str(submission.notebooks and json.loads(submission.notebooks[chapter].read_bytes())["cells"][0]["source"][1])


def everything(folder: Path) -> dict[str, object]:
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else path.lstat().st_mode
        for path in folder.rglob("*")
    }


# Layouts

LAYOUTS: dict[str, dict[str, bytes]] = {
    "folders by id": {
        "s1001/forward.ipynb": notebook(*FORWARD),
        "s1001/deeper/03.ipynb": notebook(*SCHEDULES),
        "S1002/x.ipynb": notebook(*FORWARD),
    },
    "folders by name": {
        "Anna Müller/forward.ipynb": notebook(*FORWARD),
        "Müller, Anna/b.ipynb": notebook(*SCHEDULES),
        "oneill_ben/a.ipynb": notebook(*FORWARD),
    },
    "names as they are typed": {
        "mueller anna/a.ipynb": notebook(*FORWARD),
        "Anna Mu\u0308ller/b.ipynb": notebook(*SCHEDULES),
        "ben-oneill/a.ipynb": notebook(*FORWARD),
    },
    "Canvas, unpacked": {
        "mülleranna_12_100_forward.ipynb": notebook(*FORWARD),
        "mülleranna_12_101_hw3.ipynb": notebook(*SCHEDULES),
        "oneillben_13_102_forward-1.ipynb": notebook(*FORWARD),
    },
    "Canvas, packed": {
        "submissions.zip": packed(
            {
                "mülleranna_12_100_forward.ipynb": notebook(*FORWARD),
                "mülleranna_12_101_hw3.ipynb": notebook(*SCHEDULES),
                "oneillben_13_102_all.zip": packed({"my work/forward.ipynb": notebook(*FORWARD)}),
            }
        )
    },
    "a download for each assignment": {
        "hw3.zip": packed({"mülleranna_12_101_a.ipynb": notebook(*SCHEDULES)}),
        "hw4.zip": packed(
            {
                "mülleranna_12_102_a.ipynb": notebook(*FORWARD),
                "oneillben_13_103_a.ipynb": notebook(*FORWARD),
            }
        ),
    },
    "Moodle": {
        "Anna Müller_3100_assignsubmission_file_/forward.ipynb": notebook(*FORWARD),
        "Anna Müller_3100_assignsubmission_file_/snr.ipynb": notebook(*SCHEDULES),
        "Ben O'Neill_31_assignsubmission_file_/forward.ipynb": notebook(*FORWARD),
    },
    "nbgrader": {
        "submitted/s1001/hw4/04_forward.ipynb": notebook(*FORWARD),
        "submitted/s1001/hw3/03_schedules.ipynb": notebook(*SCHEDULES),
        "submitted/s1002/hw4/04_forward.ipynb": notebook(*FORWARD),
        "autograded/cara.diaz@uni.example/hw4/04_forward.ipynb": notebook(*FORWARD),
        "source/hw4/04_forward.ipynb": notebook(*FORWARD),
    },
    "folders by assignment": {
        "hw4/s1001/a.ipynb": notebook(*FORWARD),
        "hw3/s1001/a.ipynb": notebook(*SCHEDULES),
        "hw4/s1002.ipynb": notebook(*FORWARD),
    },
    "loose files": {
        "s1001.ipynb": notebook(*FORWARD),
        "s1001_03_schedules.ipynb": notebook(*SCHEDULES),
        "forward-Ben O'Neill (1).ipynb": notebook(*FORWARD),
    },
    "zips of students": {
        "s1001.zip": packed({"a/forward.ipynb": notebook(*FORWARD), "a/03.ipynb": notebook(*SCHEDULES)}),
        "s1002/homework.zip": packed({"inner.zip": packed({"forward.ipynb": notebook(*FORWARD)})}),
    },
    "a zip of folders, in a folder": {
        "class/all.zip": packed(
            {
                "export/s1001/a.ipynb": notebook(*FORWARD),
                "export/s1001/b.ipynb": notebook(*SCHEDULES),
                "export/s1002/b.ipynb": notebook(*FORWARD),
                "__MACOSX/export/s1002/._b.ipynb": b"\0\5\x16\7",
            }
        )
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path: Path, layout: str) -> None:
    place = lay(tmp_path / "in", LAYOUTS[layout])
    before = everything(place)
    found = rows(place)
    assert list(found["s1001"].notebooks) == ["03_schedules", "04_forward"], found["s1001"]
    assert list(found["s1002"].notebooks) == ["04_forward"], found["s1002"]
    assert [found[student.id].status for student in CLASS] == ["received", "received", "missing", "missing"]
    assert found["s1001"].reasons == found["s1002"].reasons == ()
    assert everything(place) == before


def test_a_zip_can_be_the_place_itself(tmp_path: Path) -> None:
    place = tmp_path / "in.zip"
    place.write_bytes(LAYOUTS["Canvas, packed"]["submissions.zip"])
    found = rows(place)
    assert [len(found[student.id].notebooks) for student in CLASS] == [2, 1, 0, 0]


def test_ids_that_are_addresses_and_names_in_another_script(tmp_path: Path) -> None:
    files = {"cara.diaz/a.ipynb": notebook(*FORWARD), "王小明.ipynb": notebook(*FORWARD)}
    found = rows(lay(tmp_path / "in", files))
    assert [found[student.id].status for student in CLASS] == ["missing", "missing", "received", "received"]


def test_the_courses_own_notebooks_give_every_chapter_and_the_same_answers(tmp_path: Path) -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        content = json.loads(path.read_bytes())
        for cell in content["cells"]:
            cell["outputs"] = []
        lay(tmp_path / "in" / "s1001", {f"{path.stem[:2]}x{path.stem[3:]}": json.dumps(content).encode()})
    found = rows(tmp_path / "in", [ANNA])["s1001"]
    assert tuple(found.notebooks) == FULL_NAMES
    assert found.reasons == ()
    for chapter, quizzes in (("04_forward", ["extract", "q_sample"]), ("12_fast_sampling", ["ddim_step"])):
        original = read_answers(NOTEBOOKS / f"{chapter}.ipynb", chapter, quizzes)
        assert read_answers(found.notebooks[chapter], chapter, quizzes) == original
        assert set(original) == set(quizzes)


def test_outputs_are_left_out_of_the_copies(tmp_path: Path) -> None:
    found = rows(lay(tmp_path / "in", {"s1001/a.ipynb": notebook(*FORWARD)}))
    text = found["s1001"].notebooks["04_forward"].read_text()
    assert "outout" not in text
    assert "def extract" in text


def test_two_runs_give_the_same(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {f"s1001/{n}.ipynb": notebook(*FORWARD, mark=f"{n}") for n in range(5)})
    for path in (place / "s1001").iterdir():
        os.utime(path, (1e9, 1e9))
    first, second = rows(place), rows(place)
    assert first == second
    assert "'4'" in answer(second["s1001"])


# Which chapter


@pytest.mark.parametrize(
    ("name", "content", "chapter"),
    [
        ("anything.ipynb", notebook("q_sample"), "04_forward"),
        ("03_schedules.ipynb", notebook("q_sample"), "04_forward"),
        ("a.ipynb", notebook("check-q_sample"), "04_forward"),
        ("a.ipynb", notebook("q_sample", key="quiz"), "04_forward"),
        ("a.ipynb", notebook("q_sample", "extract", "snr"), "04_forward"),
        ("03_schedules.ipynb", notebook("q_sample", "snr"), "03_schedules"),
        ("a.ipynb", notebook("q_sample", "q_sample", "q_sample", "snr", "linear_beta_schedule"), "03_schedules"),
        ("04_forward.ipynb", notebook("mine", key=""), "04_forward"),
        ("my-Forward-2.ipynb", notebook("mine", key=""), "04_forward"),
        ("12_fast_sampling.ipynb", notebook("mine", key=""), "12_fast_sampling"),
        ("fast sampling.ipynb", notebook("mine", key=""), "12_fast_sampling"),
        ("sampling.ipynb", notebook("mine", key=""), "10_sampling"),
        ("Chapter 4.ipynb", notebook("mine", key=""), "04_forward"),
        ("04.ipynb", notebook("mine", key=""), "04_forward"),
        ("05_reverse/final.ipynb", notebook("mine", key=""), "05_reverse"),
        ("final.ipynb", notebook("q_sample", "helper", key=""), "04_forward"),
        ("forward.IPYNB", notebook("mine", key=""), "04_forward"),
        ("forward.ipynb.txt", notebook("q_sample"), "04_forward"),
        ("forward.json", notebook("q_sample"), "04_forward"),
        ("forward", notebook("q_sample"), "04_forward"),
        ("forward.ipynb (1)", notebook("q_sample"), "04_forward"),
    ],
)
def test_the_chapter_of_a_notebook(tmp_path: Path, name: str, content: bytes, chapter: str) -> None:
    found = rows(lay(tmp_path / "in", {f"s1001/{name}": content}))
    assert chapter in found["s1001"].notebooks


def test_the_students_own_name_is_no_chapter(tmp_path: Path) -> None:
    student = Student("u1", "Forward Toy")
    files = {"Forward Toy/snr.ipynb": notebook("snr", key=""), "forwardtoy_5_6_flow.ipynb": notebook("mine", key="")}
    found = rows(lay(tmp_path / "in", files), [student])
    assert list(found["u1"].notebooks) == ["03_schedules", "16_flow"]


def test_all_chapters_in_one_notebook(tmp_path: Path) -> None:
    found = rows(lay(tmp_path / "in", {"s1001/all.ipynb": notebook(*FORWARD, "snr")}))["s1001"]
    assert list(found.notebooks) == ["03_schedules", "04_forward"]
    assert any("03_schedules too" in reason for reason in found.reasons)
    both = {"s1001/all.ipynb": notebook(*FORWARD, "snr"), "s1001/own.ipynb": notebook("snr", mark="own")}
    found = rows(lay(tmp_path / "in", both))["s1001"]
    assert "'own'" in answer(found, "snr", "03_schedules")


def test_a_notebook_of_another_course(tmp_path: Path) -> None:
    found = rows(lay(tmp_path / "in", {"s1001/essay.ipynb": notebook("mine", key="")}))["s1001"]
    assert found.status == "unreadable"
    assert "no chapter" in found.reasons[0]


# Which of several


def test_canvas_resubmissions(tmp_path: Path) -> None:
    files = {
        "mülleranna_12_100_forward.ipynb": notebook(*FORWARD, mark="first"),
        "mülleranna_12_200_forward-2.ipynb": notebook(*FORWARD, mark="third"),
        "mülleranna_12_150_forward-1.ipynb": notebook(*FORWARD, mark="second"),
    }
    place = lay(tmp_path / "in", files)
    for age, name in enumerate(files):
        os.utime(place / name, (1e9 - age, 1e9 - age))
    found = rows(place)["s1001"]
    assert "third" in answer(found)
    assert len(found.reasons) == 2
    assert all("forward-2.ipynb is the newer" in reason for reason in found.reasons)


@pytest.mark.parametrize("newer", ["forward-1.ipynb", "forward (1).ipynb", "forward-10.ipynb"])
def test_the_number_of_a_resubmission_comes_before_its_time(tmp_path: Path, newer: str) -> None:
    files = {"s1001/forward.ipynb": notebook(*FORWARD, mark="old"), f"s1001/{newer}": notebook(*FORWARD, mark="new")}
    place = lay(tmp_path / "in", files)
    os.utime(place / "s1001" / newer, (1e9, 1e9))
    assert "new" in answer(rows(place)["s1001"])


def test_of_equal_names_the_newest_file_counts(tmp_path: Path) -> None:
    files = {"s1001/a/forward.ipynb": notebook(*FORWARD, mark="new"), "s1001/b/forward.ipynb": notebook(*FORWARD)}
    place = lay(tmp_path / "in", files)
    os.utime(place / "s1001/b/forward.ipynb", (1e9, 1e9))
    found = rows(place)["s1001"]
    assert "new" in answer(found)
    assert found.reasons == (
        "s1001/b/forward.ipynb was left out: s1001/a/forward.ipynb is the newer notebook of 04_forward.",
    )


def test_a_damaged_newest_leaves_the_one_before(tmp_path: Path) -> None:
    files = {"s1001/forward.ipynb": notebook(*FORWARD, mark="whole"), "s1001/forward-1.ipynb": notebook(*FORWARD)[:-9]}
    found = rows(lay(tmp_path / "in", files))["s1001"]
    assert "whole" in answer(found)
    assert "forward-1.ipynb is cut off" in found.reasons[0]


def test_checkpoints_and_hidden_files_do_not_count(tmp_path: Path) -> None:
    files = {
        "s1001/forward.ipynb": notebook(*FORWARD, mark="real"),
        "s1001/.ipynb_checkpoints/forward-checkpoint-9.ipynb": notebook(*FORWARD, mark="checkpoint"),
        "s1001/__MACOSX/._forward-3.ipynb": b"\0\5\x16\7",
        "s1002/.DS_Store": b"junk",
        ".DS_Store": b"junk",
    }
    place = lay(tmp_path / "in", files)
    found = rows(place)
    assert "real" in answer(found["s1001"])
    assert found["s1001"].reasons == ()
    assert found["s1002"].status == "missing"
    assert find(place).unclaimed == ()


# Late


def dated(place: Path, name: str, when: datetime) -> None:
    os.utime(place / name, (when.timestamp(), when.timestamp()))


def test_late_by_the_files_time(tmp_path: Path) -> None:
    files = {"s1001/forward.ipynb": notebook(*FORWARD), "s1002.zip": packed({"forward.ipynb": notebook(*FORWARD)})}
    place = lay(tmp_path / "in", files)
    dated(place, "s1001/forward.ipynb", NOON + timedelta(minutes=1))
    dated(place, "s1002.zip", NOON - timedelta(minutes=1))  # a zip's own time, whatever time its members claim
    found = rows(place, deadline=NOON)
    assert [found[id].status for id in ("s1001", "s1002")] == ["late", "received"]
    assert "is late" in found["s1001"].reasons[0]
    assert rows(place)["s1001"].status == "received"
    dated(place, "s1002.zip", NOON + timedelta(minutes=1))
    assert rows(place, deadline=NOON)["s1002"].status == "late"
    here = NOON.astimezone().replace(tzinfo=None)
    assert rows(place, deadline=here)["s1001"].status == "late"
    assert rows(place, deadline=here + timedelta(hours=1))["s1001"].status == "received"


def test_what_is_late_but_does_not_count_makes_nobody_late(tmp_path: Path) -> None:
    files = {"s1001/forward.ipynb": notebook(*FORWARD), "s1001/forward-1.ipynb": notebook(*FORWARD)}
    place = lay(tmp_path / "in", files)
    dated(place, "s1001/forward.ipynb", NOON + timedelta(days=1))
    dated(place, "s1001/forward-1.ipynb", NOON - timedelta(days=1))
    assert rows(place, deadline=NOON)["s1001"].status == "received"


@pytest.mark.parametrize("packing", [False, True])
def test_canvas_says_who_is_late(tmp_path: Path, packing: bool) -> None:
    files = {
        "mülleranna_LATE_12_100_forward.ipynb": notebook(*FORWARD),
        "oneillben_13_100_forward.ipynb": notebook(*FORWARD),
    }
    place = lay(tmp_path / "in", {"all.zip": packed(files)} if packing else files)
    for deadline in (None, NOON, NOON - timedelta(days=9999)):  # the files have the time of the download
        found = rows(place, deadline=deadline)
        assert [found[id].status for id in ("s1001", "s1002")] == ["late", "received"]


def test_a_name_like_canvas_or_a_time_of_ones_own_makes_nobody_punctual(tmp_path: Path) -> None:
    files = {
        "s1001_1_2_forward.ipynb": notebook(*FORWARD),
        "s1002/hw4/forward.ipynb": notebook(*FORWARD),
        "s1002/hw4/timestamp.txt": b"2020-01-01 00:00:00 UTC",
        "31/forward.ipynb": notebook(*FORWARD),
        "31/timestamp.txt": b"2020-01-01 00:00:00 UTC",
    }
    place = lay(tmp_path / "in", files)
    for name in files:
        dated(place, name, NOON + timedelta(days=1))
    found = rows(place, deadline=NOON)
    assert [found[id].status for id in ("s1001", "s1002", "31")] == ["late"] * 3
    place = lay(tmp_path / "submitted", {"s1001/hw4/deep/timestamp.txt": b"2020-01-01 00:00:00 UTC"})
    lay(place, {"s1001/hw4/deep/forward.ipynb": notebook(*FORWARD)})
    dated(place, "s1001/hw4/deep/forward.ipynb", NOON + timedelta(days=1))
    assert rows(place, deadline=NOON)["s1001"].status == "late"


@pytest.mark.parametrize(
    ("stamp", "status"),
    [
        ("2026-11-20 11:59:00.000001 UTC", "received"),
        ("2026-11-20 12:00:01 UTC\n", "late"),
        ("2026-11-20 14:30:00 Europe/Berlin", "late"),
        ("2026-11-20 12:30:00.5 Europe/Berlin", "received"),
        ("yesterday", "late"),
        ("2026-11-20 11:59:00 Middle/Earth", "late"),
        ("2026-11-20 11:59:00 ../../etc/passwd", "late"),
        ("", "late"),
        ("9" * 2000, "late"),
    ],
)
def test_nbgraders_time_of_submission(tmp_path: Path, stamp: str, status: str) -> None:
    files = {"submitted/s1001/hw4/04_forward.ipynb": notebook(*FORWARD)}
    files["submitted/s1001/hw4/timestamp.txt"] = stamp.encode()
    place = lay(tmp_path / "in", files)
    dated(place, "submitted/s1001/hw4/04_forward.ipynb", NOON + timedelta(days=1))
    assert rows(place, deadline=NOON)["s1001"].status == status


# Bad files

OLD = nbformat.convert(nbformat.reads(notebook(*FORWARD, mark="é"), 4), 3)
BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty (0 bytes)"),
    "blank": (b" \r\n\n", "is empty"),
    "zeros": (bytes(5000), "is empty"),
    "cut off": (notebook(*FORWARD)[:300], "is cut off: it is no JSON after byte"),
    "cut off in a text": (notebook(*FORWARD)[:-90], "is cut off"),
    "damaged": (notebook(*FORWARD).replace(b'"cells"', b'"cells'), "is damaged"),
    "merged": (b'{"cells": [\n<<<<<<< HEAD\n{}\n=======\n>>>>>>> b\n]}', "line 2"),
    "a web page": (b"<!DOCTYPE html><html>", "web page"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no notebook"),
    "a zip called so": (packed({"a.ipynb": notebook(*FORWARD)}), "no notebook"),
    "Python": (b"def q_sample(): ...", "no notebook"),
    "a list": (b"[]", "no notebook"),
    "a number": (b"1", "no notebook"),
    "no cells": (b'{"nbformat": 4}', "no cells"),
    "cells that are none": (b'{"cells": {"a": 1}}', "no cells"),
    "deep": (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "countless parts": (b'{"cells": [' + b"[]," * 600_000 + b"[]]}", "more parts"),
    "long number": (b'{"cells": [], "x": ' + b"9" * 9000 + b"}", "number"),
    "old and broken": (b'{"worksheets": [{"cells": [{"cell_type": "code"}]}], "nbformat": 3}', "cannot be converted"),
    "old and worse": (b'{"worksheets": [7, null], "nbformat": 3}', "cannot be converted"),
    "of the future": (b'{"worksheets": [], "nbformat": 99}', "cannot be converted"),
    "old of an odd kind": (b'{"worksheets": [], "nbformat": "three"}', "cannot be converted"),
    "no quizzes": (b'{"cells": []}', "no chapter"),
    "odd cells": (
        b'{"cells": [1, null, [], {"cell_type": []}, {"cell_type": "code", "source": {"a": 1}}]}',
        "no chapter",
    ),
    "odd metadata": (
        b'{"cells": [{"cell_type": "code", "metadata": {"nbgrader": [], "quiz": {}}, "id": 4}]}',
        "no chapter",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_notebooks_get_a_reason_and_stop_nothing(tmp_path: Path, kind: str) -> None:
    content, says = BAD[kind]
    files = {
        "s1001/hw.ipynb": content,
        "s1001/snr.ipynb": notebook(*SCHEDULES),
        "s1002/hw.ipynb": content,
        "31/hw.ipynb": notebook(*FORWARD),
    }
    found = rows(lay(tmp_path / "in", files))
    assert list(found["s1001"].notebooks) == ["03_schedules"]
    assert found["s1002"].status == "unreadable"
    assert found["31"].status == "received"
    for id in ("s1001", "s1002"):
        (reason,) = found[id].reasons
        assert reason.startswith(f"{id}/hw.ipynb ")
        assert says in reason


def test_where_a_file_is_cut_off(tmp_path: Path) -> None:
    content = '{"ü": 1, "cells": ['
    found = rows(lay(tmp_path / "in", {"s1001/a.ipynb": content.encode()}))["s1001"]
    assert found.reasons == (
        f"s1001/a.ipynb is cut off: it is no JSON after byte {len(content) + 1}. Ask for it again.",
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (notebook(*FORWARD, mark="x").decode().encode("utf-8-sig"), ""),
        (notebook(*FORWARD, mark="x").decode().encode("utf-16"), ""),
        (notebook(*FORWARD, mark="x").replace(b"'x'", "'x', 'é'".encode("latin-1")), "not in UTF-8"),
        (notebook(*FORWARD, mark="x").replace(b"'x'", b"'x', '\x81'"), "not in UTF-8"),
        (nbformat.v3.writes_json(OLD).encode(), "old format"),
        (nbformat.v3.writes_json(OLD).replace('"nbformat": 3', '"nbformat": 2').encode(), "old format"),
        (notebook(*FORWARD).replace(b'"nbformat": 4', b'"nbformat": 5'), ""),
        (notebook(*FORWARD).replace(b'"nbformat": 4', b'"other": 4'), ""),
        (notebook(*FORWARD).replace(b'"out', b'"\\ud800'), ""),
    ],
)
def test_odd_notebooks_that_can_be_read(tmp_path: Path, content: bytes, says: str) -> None:
    found = rows(lay(tmp_path / "in", {"s1001/04_forward.ipynb": content}))["s1001"]
    assert found.status == "received"
    assert [says in reason for reason in found.reasons] == [True] * bool(says)
    assert set(read_answers(found.notebooks["04_forward"], "04_forward", FORWARD)) == set(FORWARD)


def test_other_files_are_named(tmp_path: Path) -> None:
    files = {f"s1001/{name}": b"..." for name in ("a.pdf", "b.py", "c.txt", "d.json", "readme")}
    files |= {"s1002/work.rar": b"Rar!", "s1002/work.tar.gz": b"\x1f\x8b"}
    found = rows(lay(tmp_path / "in", files))
    assert found["s1001"].status == found["s1002"].status == "unreadable"
    assert found["s1001"].reasons == ("No notebooks, and left out: s1001/a.pdf, s1001/b.py, s1001/c.txt and 2 more.",)
    assert all("Ask for a zip" in reason for reason in found["s1002"].reasons)


def test_empty_folders_and_zips(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"s1002.zip": packed({})})
    (place / "s1001" / "inner").mkdir(parents=True)
    found = rows(place)
    assert (found["s1001"].status, found["s1002"].status) == ("missing", "unreadable")
    assert found["s1002"].reasons == ("What was handed in is empty.",)


def test_200_megabytes_are_not_read(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"s1001/big.ipynb": b'{"cells": [', "s1001/snr.ipynb": notebook(*SCHEDULES)})
    os.truncate(place / "s1001/big.ipynb", 200 * MB)
    tracemalloc.start()
    found = rows(place)["s1001"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MB
    assert found.status == "received"
    assert "big.ipynb has 200 MB" in found.reasons[0]


@pytest.mark.parametrize("where", ["s1001/forward.ipynb", "s1001/folder", "s1001", "s1001.ipynb", "s1001.zip", "hw4"])
def test_links_lead_nowhere(tmp_path: Path, where: str) -> None:
    outside = lay(tmp_path / "outside", {"forward.ipynb": notebook(*FORWARD), "s1001/a.ipynb": notebook(*FORWARD)})
    (tmp_path / "outside.zip").write_bytes(packed({"forward.ipynb": notebook(*FORWARD)}))
    place = lay(tmp_path / "in", {"s1002/forward.ipynb": notebook(*FORWARD)})
    (place / where).parent.mkdir(exist_ok=True)
    target = outside / "forward.ipynb" if where.endswith("ipynb") else outside
    (place / where).symlink_to(tmp_path / "outside.zip" if where.endswith("zip") else target)
    found = rows(place)
    assert found["s1001"].notebooks == {}
    assert found["s1002"].status == "received"
    told = [*found["s1001"].reasons, *find(place).unclaimed]
    assert any("is a link" in reason for reason in told), told


def test_links_in_a_circle_hard_links_and_pipes(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"s1001/a/snr.ipynb": notebook(*SCHEDULES), "s1002/forward.ipynb": notebook(*FORWARD)})
    (place / "s1001/a/again").symlink_to("..")
    (place / "s1001/stolen.ipynb").hardlink_to(place / "s1002/forward.ipynb")
    os.mkfifo(place / "s1001/pipe.ipynb")
    os.mkfifo(place / "31.ipynb")
    found = rows(place)
    assert list(found["s1001"].notebooks) == ["03_schedules"]
    text = " ".join(found["s1001"].reasons)
    assert all(part in text for part in ("again is a link", "stolen.ipynb is a hard link", "pipe.ipynb is a device"))
    assert "31.ipynb is a device" in found["31"].reasons[0]


def bomb(depth: int) -> bytes:
    content = packed({"forward.ipynb": notebook(*FORWARD)})
    for level in range(depth):
        content = packed({f"{level}.zip": content})
    return content


def hostile_zip() -> bytes:
    link = zipfile.ZipInfo("link.ipynb")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../escaped.ipynb", notebook(*FORWARD, mark="escaped"))
        archive.writestr("/tmp/absolute.ipynb", notebook(*FORWARD, mark="absolute"))
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb.ipynb", bytes(30 * MB))
        archive.writestr("x" * 5000 + "\u202e.ipynb", b"")
        archive.writestr("three.zip", bomb(1))
        archive.writestr("snr.ipynb", notebook(*SCHEDULES))
    return buffer.getvalue()


@pytest.mark.parametrize("layout", ["s1001.zip", "s1001/a.zip", "mülleranna_12_34_a.zip", "in a class zip"])
def test_a_hostile_zip_gives_its_good_notebook_and_six_reasons(tmp_path: Path, layout: str) -> None:
    name = "mülleranna_12_34_a.zip"
    is_packed = layout == "in a class zip"
    files = {"all.zip": packed({name: hostile_zip()})} if is_packed else {layout: hostile_zip()}
    lay(tmp_path / "in", files)
    before = everything(tmp_path / "in")
    found = rows(tmp_path / "in")["s1001"]
    assert list(found.notebooks) == ["03_schedules"]
    text = "\n".join(found.reasons)
    assert len(found.reasons) == 6
    for part in (
        "escaped.ipynb is left out",
        "absolute.ipynb is left out",
        "link.ipynb is a link",
        "as a zip bomb does",
    ):
        assert part in text
    assert "a zip in a zip in a zip" in text
    assert max(map(len, found.reasons)) < 400
    assert everything(tmp_path / "in") == before
    assert {path.name for path in tmp_path.iterdir()} == {"in", "work"}
    assert {path.name for path in (tmp_path / "work" / "00000").iterdir()} == {"03_schedules.ipynb"}


@pytest.mark.parametrize(("depth", "is_read"), [(0, True), (1, True), (2, False), (3, False)])
def test_zips_in_zips_go_one_level(tmp_path: Path, depth: int, is_read: bool) -> None:
    found = rows(lay(tmp_path / "in", {"s1001/a.zip": bomb(depth)}))["s1001"]
    assert bool(found.notebooks) == is_read


@pytest.mark.parametrize("content", [b"", b"no zip", hostile_zip()[:-100], b"PK\x03\x04" + bytes(100)])
def test_broken_zips(tmp_path: Path, content: bytes) -> None:
    found = rows(lay(tmp_path / "in", {"s1001/a.zip": content, "s1001/forward.ipynb": notebook(*FORWARD)}))["s1001"]
    assert found.status == "received"
    assert "a.zip is damaged" in found.reasons[0]


def test_too_many_files_and_zips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "MAX_FILES", 50)
    monkeypatch.setattr(submissions, "MAX_ZIPS", 3)
    monkeypatch.setattr(submissions, "MAX_REASONS", 10)
    files = {f"s1001/{n:03}.py": b"" for n in range(100)}
    files |= {f"s1002/{n}.zip": packed({"forward.ipynb": notebook(*FORWARD)}) for n in range(5)}
    files |= {f"31/{n}.ipynb": b"" for n in range(40)}
    found = rows(lay(tmp_path / "in", files))
    assert "first 50 files" in " ".join(found["s1001"].reasons)
    assert sum("only 3 zips" in reason for reason in found["s1002"].reasons) == 2
    assert len(found["31"].reasons) == 10
    assert found["31"].reasons[-1] == "31 more files have problems of this kind."


def test_a_students_bytes_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.Allowance.__init__, "__defaults__", (4000,))
    files = {f"s1001/{n}.ipynb": notebook(*FORWARD) for n in range(9)} | {"s1002/a.ipynb": notebook(*FORWARD)}
    found = rows(lay(tmp_path / "in", files))
    assert any("this student's files" in reason for reason in found["s1001"].reasons)
    assert found["s1002"].reasons == ()


def test_what_is_slow_to_read_counts_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "BRACKET", 10_000_000)
    files = {f"s1001/{n}.ipynb": notebook(*FORWARD) for n in range(9)}
    found = rows(lay(tmp_path / "in", files))
    assert found["s1001"].status == "received"
    assert any("this student's files" in reason for reason in found["s1001"].reasons)


def test_folders_without_an_end(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "s1001"
    for _ in range(40):
        folder = folder / "d"
    lay(folder, {}) if folder.exists() else folder.mkdir(parents=True)
    (folder / "forward.ipynb").write_bytes(notebook(*FORWARD))
    found = rows(tmp_path / "in")["s1001"]
    assert found.notebooks == {}
    assert "20 folders" in found.reasons[0]


@pytest.mark.parametrize(
    "name",
    [
        "x" * 240 + ".ipynb",
        "\u202egnp.ipynb",
        "a\nb\x1b[31m.ipynb",
        "=cmd|' '!A1.ipynb",
        "🙂 名前.ipynb",
        "-rf.ipynb",
        "<script>.ipynb",
    ],
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    found = rows(lay(tmp_path / "in", {f"s1001/{name}": notebook(*FORWARD), f"s1002/{name}": b""}))
    assert found["s1001"].status == "received"
    assert "is empty" in found["s1002"].reasons[0]
    assert len(found["s1002"].reasons[0]) < 200


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"s1002/forward.ipynb": notebook(*FORWARD)})
    (place / "s1001").mkdir()
    for folder in (place, place / "s1001"):
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.ipynb")).write_bytes(b"")
    found = find(place)
    assert [submission.status for submission in found.submissions] == ["unreadable", "received", "missing", "missing"]
    assert found.unclaimed == ("??.ipynb belongs to nobody on the roster.",)


# Whose


def test_strangers_are_told(tmp_path: Path) -> None:
    files = {
        "s1001/a.ipynb": notebook(*FORWARD),
        "s1003/a.ipynb": notebook(*FORWARD),
        "zoe.ipynb": notebook(*FORWARD),
        "hw.zip": packed({"mülleranna_1_2_forward-9.ipynb": notebook(*FORWARD, mark="smuggled")}),
        "../note.txt": b"",
    }
    place = lay(tmp_path / "in", files)
    found = find(place)
    assert found.unclaimed == (
        "hw.zip belongs to nobody on the roster.",
        "s1003 belongs to nobody on the roster.",
        "zoe.ipynb belongs to nobody on the roster.",
    )
    assert "smuggled" not in answer(next(found.submissions))


def test_who_has_left_the_course_hands_in_for_nobody_else(tmp_path: Path) -> None:
    evil = packed({"mülleranna_12_999_forward-9.ipynb": notebook(*FORWARD, mark="evil"), "s1001/a.ipynb": notebook()})
    place = lay(tmp_path / "in", {"goneg_77_5_s1001.zip": evil})
    found = find(place)
    assert [submission.status for submission in found.submissions] == ["missing"] * 4
    assert found.unclaimed == ("goneg_77_5_s1001.zip belongs to nobody on the roster.",)


@pytest.mark.parametrize("mine", ["1001", "s1001"])
def test_a_changed_name_at_canvas_takes_no_others_row(tmp_path: Path, mine: str) -> None:
    """Ben calls himself Anna Müller. By number he is Ben, or there are two of that name: never is it Anna's."""
    anna, ben = Student(mine, "Anna Müller"), Student("1002", "Ben O'Neill")
    files = {
        "mülleranna_1001_50_forward.ipynb": notebook(*FORWARD, mark="hers"),
        "mülleranna_1002_60_forward-1.ipynb": notebook(*FORWARD, mark="his"),
        "mülleranna_1003_70_forward-2.ipynb": notebook(*FORWARD, mark="another's"),
    }
    place = lay(tmp_path / "in", files)
    found = rows(place, [anna, ben])
    if mine == "1001":
        assert "hers" in answer(found[mine])
    else:
        assert found[mine].notebooks == {}
    assert found["1002"].notebooks == {}
    assert any("1002_60" in reason for reason in found["1002"].reasons)
    assert len(find(place, [anna, ben]).unclaimed) == (2 if mine == "1001" else 3)


def test_two_of_one_name(tmp_path: Path) -> None:
    twins = [Student("1", "Kim Lee"), Student("2", "Kim Lee"), Student("3", "Lee Kim")]
    files = {"kimlee/a.ipynb": notebook(*FORWARD), "leekim_2_7_a.ipynb": notebook(*FORWARD, mark="by number")}
    place = lay(tmp_path / "in", files)
    found = rows(place, twins)
    assert found["1"].status == found["3"].status == "missing"
    assert "by number" in answer(found["2"])
    assert all("could belong to Kim Lee (1) or" in submission.reasons[-1] for submission in found.values())
    assert len(find(place, twins).unclaimed) == 1


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("ann.ipynb", "ann"),
        ("ann_04_forward.ipynb", "ann"),
        ("forward-ann-final.ipynb", "ann"),
        ("ann_lee.ipynb", None),
        ("annabel_forward.ipynb", None),
        ("7.ipynb", "7"),
        ("7_forward.ipynb", "7"),
        ("hw_7.ipynb", None),
        ("hw7.ipynb", None),
        ("04_forward.ipynb", None),
        ("12_fast_sampling.ipynb", None),
        ("forward.ipynb", None),
        ("12.ipynb", "12"),
        ("u20551_ex7.ipynb", "u20551"),
        ("ex 7 by u20551 with love.ipynb", "u20551"),
        ("MaryAnnStone_hw.ipynb", "u20551"),
        ("stone mary ann and ann.ipynb", "u20551"),
        ("u20551 and mary.ipynb", "u20551"),
    ],
)
def test_whose_a_loose_file_is(tmp_path: Path, name: str, owner: str | None) -> None:
    students = [Student("ann", "Ann"), Student("7", "Bo"), Student("12", "Di"), Student("u20551", "Mary Ann Stone")]
    place = lay(tmp_path / "in", {name: notebook(*FORWARD)})
    found = rows(place, students)
    assert [id for id, submission in found.items() if submission.status == "received"] == ([owner] if owner else [])
    assert len(find(place, students).unclaimed) == (owner is None)


def test_anonymous_and_text_submissions_of_canvas(tmp_path: Path) -> None:
    files = {
        "anon_Ab1cD_77_forward.ipynb": notebook(*FORWARD),
        "LATE_anon_Xy1cD_78_forward.ipynb": notebook(*FORWARD),
        "mülleranna_12_text.html": b"<p>",
        "oneillben_LATE_13_link.html": b"<p>",
    }
    place = lay(tmp_path / "in", files)
    found = find(place)
    assert [submission.status for submission in found.submissions][:2] == ["unreadable", "unreadable"]
    assert len(found.unclaimed) == 2
    assert all("anonymous grading off" in sentence for sentence in found.unclaimed)


def test_a_number_of_canvas_without_the_name_is_told(tmp_path: Path) -> None:
    found = rows(lay(tmp_path / "in", {"nickname_31_5_forward.ipynb": notebook(*FORWARD)}))["31"]
    assert found.status == "received"
    assert "by the number 31 alone" in found.reasons[0]


def test_the_work_folder_may_be_in_the_place(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"s1001/a.ipynb": notebook(*FORWARD)})
    for _ in range(2):
        found = find_submissions(place, CLASS, None, place / "work")
        assert next(found.submissions).status == "received"
        assert found.unclaimed == ()


def test_grades_may_be_written_beside_what_was_handed_in(tmp_path: Path) -> None:
    files = {"grades/journal.jsonl": b"", "grades/s1001.html": b"", "grades/feedback/s1001.html": b""}
    for handed_in in ({"s1001.ipynb": notebook(*FORWARD)}, {"hw.zip": packed({"s1001.ipynb": notebook(*FORWARD)})}):
        place = lay(tmp_path / f"in{len(files)}", files | handed_in)
        files = {"grades/journal.jsonl": b"", **files, "grades/more.html": b""}
        found = find(place)
        assert next(found.submissions).reasons == ()
        assert found.unclaimed == ()
    place = lay(tmp_path / "mine", {"s1001/journal.jsonl": b"", "s1001/a.ipynb": notebook(*FORWARD)})
    assert rows(place)["s1001"].status == "received"


@pytest.mark.parametrize("make", [lambda path: None, os.mkfifo, lambda path: path.write_bytes(b"no zip"), Path.touch])
def test_places_that_are_none(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "in")
    with pytest.raises(GradingError, match="in "):
        find(tmp_path / "in")


def test_an_empty_place_gives_everybody_a_row(tmp_path: Path) -> None:
    found = rows(lay(tmp_path / "in", {}))
    assert all(submission.reasons == ("Nothing was handed in under this id or name.",) for submission in found.values())


def test_a_damaged_download_among_others(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"hw3.zip": b"broken", "hw4.zip": packed({"s1001.ipynb": notebook(*FORWARD)})})
    assert rows(place)["s1001"].status == "received"
    assert "hw3.zip is no zip" in find(place).unclaimed[0]


# Many


def test_memory_does_not_grow_with_the_class(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        students = [Student(f"u{n:05}", f"Student Number{n}") for n in range(count)]
        place = tmp_path / f"in{count}"
        for student in students:
            lay(place, {f"{student.id}/forward.ipynb": notebook(*FORWARD, mark="x" * 100_000)})
        tracemalloc.start()
        found = find(place, students)
        assert sum(len(submission.notebooks) for submission in found.submissions) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(2)  # what is imported once
    few, many = peak(10), peak(210)
    assert many - few < 200 * 8_000  # each notebook alone has 200 kB


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    place = lay(tmp_path / "in", {"s1001/a.ipynb": notebook(*FORWARD), "s1002/a.ipynb": notebook(*FORWARD)})
    found = find(place)
    next(found.submissions)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["00000"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        ["cells", "worksheets", "cell_type", "metadata", "nbgrader", "grade_id", "source", "nbformat"]
                    ),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=20,
        ).map(lambda value: json.dumps({"cells": value, "worksheets": value, "nbformat": 3}).encode()),
        st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=3)).map(
            lambda change: notebook(*FORWARD)[: change[0]] + change[1] + notebook(*FORWARD)[change[0] + 1 :]
        ),
    )
)
def test_any_content_gives_a_row(tmp_path: Path, content: bytes) -> None:
    place = lay(tmp_path / "in", {"s1001/a.ipynb": content, "s1002/b.zip": content, "31/a.ipynb": notebook(*FORWARD)})
    found = {submission.student.id: submission for submission in find(place).submissions}
    assert found["31"].status == "received"
    assert found["s1001"].notebooks or found["s1001"].reasons
    assert found["s1002"].status == "unreadable"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6), st.lists(st.text(max_size=30), max_size=5))
def test_any_names_give_rows_and_write_nowhere_else(tmp_path: Path, members: list[str], names: list[str]) -> None:
    students = [*CLASS, *(Student(f"x{n}", name) for n, name in enumerate(names))]
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name in {f"{member}.ipynb".encode(errors="replace").decode() for member in members}:
            if not name.startswith("\0"):  # zipfile cuts names there, and can't write one of no letters
                archive.writestr(name, notebook(*FORWARD))
        archive.writestr("s1002.ipynb", notebook(*FORWARD))
    found = find(place, students)
    received = list(found.submissions)
    assert [submission.student for submission in received] == students
    assert received[1].status == "received"
    assert all(sentence.isprintable() for sentence in found.unclaimed)
    assert {path.name for path in tmp_path.iterdir()} == {"in.zip", "work"}
