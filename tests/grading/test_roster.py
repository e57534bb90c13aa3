"""The class list: every form that instructors have is read, and what can't be is refused with the line and a remedy."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.grading import roster
from course_lib.grading.errors import GradingError
from course_lib.grading.records import Student
from course_lib.grading.roster import read_roster

ANNA, BEN = Student("s1", "Anna Müller"), Student("s2", "Ben O'Neill")
PATIENT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
PLAIN = "student_id,name\ns1,Anna Müller\ns2,Ben O'Neill\n"

CANVAS = "\r\n".join(
    [
        "Student,ID,SIS User ID,SIS Login ID,Section,Diffusion (501),Final Score",
        ",,,,,Manual Posting,",
        "    Points Possible,,,,,14.00,(read only)",
        '"Müller, Anna",11,u1001,anna@uni.example,A,7.50,71.00',
        '"O\'Neill, Ben",12,u1002,ben@uni.example,"A, B",,',
        '"Student, Test",99,,6f3ab,A,,',
        "",
    ]
)


def roster_of(folder: Path, content: str | bytes) -> list[Student]:
    path = folder / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_roster(path)


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(GradingError) as caught:
        roster_of(folder, content)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "sep=;\r\n" + PLAIN.replace(",", ";"),
        "\n\n" + PLAIN.replace("\n", "\n\n") + ",\n  ,  \n",
        PLAIN.replace("student_id,name", " Student_ID , NAME "),
        PLAIN.replace("s1", "  s1 ").replace("Anna Müller", '"Anna  Müller "'),
        PLAIN.replace("ü", "u\u0308"),
        PLAIN.encode("latin-1"),
        PLAIN.encode("utf-16"),
        "email,name,student_id\na@x,Anna Müller,s1\nb@x,Ben O'Neill,s2\n",
        "id,last_name,first_name\ns1,Müller,Anna\ns2,O'Neill,Ben\n",
        "id,first_name,last_name,email,lms_user_id\ns1,Anna,Müller,,\ns2,Ben,O'Neill,,\n",
        "student_id,name,\ns1,Anna Müller,,,\ns2,Ben O'Neill\n",
    ],
)
def test_the_forms_of_a_roster(tmp_path: Path, content: str | bytes) -> None:
    assert roster_of(tmp_path, content) == [ANNA, BEN]


def test_windows_letters_that_latin_1_does_not_have(tmp_path: Path) -> None:
    assert roster_of(tmp_path, "student_id,name\n1,Šimon €\n".encode("cp1252")) == [Student("1", "Šimon €")]


def test_bytes_that_no_windows_letter_has(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="line 2"):
        roster_of(tmp_path, b"student_id,name\n1,A\x81\xe9\n")


@pytest.mark.parametrize("content", [CANVAS, CANVAS.replace("\r\n", "\n"), "\ufeff" + CANVAS])
def test_a_gradebook_of_canvas(tmp_path: Path, content: str) -> None:
    assert roster_of(tmp_path, content) == [Student("11", "Müller, Anna"), Student("12", "O'Neill, Ben")]


def test_a_gradebook_without_canvas_own_ids(tmp_path: Path) -> None:
    content = 'Student,SIS Login ID\n    Points Possible,\n"Müller, Anna",anna@uni.example\n'
    assert roster_of(tmp_path, content) == [Student("anna@uni.example", "Müller, Anna")]


def test_who_has_no_name_is_called_by_the_id(tmp_path: Path) -> None:
    assert roster_of(tmp_path, "student_id,name\ns1,\ns2\n") == [Student("s1", "s1"), Student("s2", "s2")]


def test_ids_keep_their_zeros_and_the_order_stays(tmp_path: Path) -> None:
    ids = ["007", "7", "z", "A", "a"]
    content = "student_id,name\n" + "".join(f"{id},N\n" for id in ids)
    assert [student.id for student in roster_of(tmp_path, content)] == ids


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", ["line 1", "student_id,name"]),
        ("s1,Anna\ns2,Ben\n", ["line 1", "'s1'", "student_id,name"]),
        ("name\nAnna\n", ["line 1", "student_id"]),
        ("student_id,name\n", ["no student"]),
        ("student_id,name\n\n,\n", ["no student"]),
        ("student_id,name,name\n1,a,b\n", ["line 1", "'name'", "Rename"]),
        ("student_id,name\ns1,A\n\ns2,B\ns1,C\n", ["line 5", "'s1'", "line 2", "Delete"]),
        ("student_id,name\nu\u0308,A\nü,B\n", ["line 3", "line 2"]),
        ("student_id,name\ns1,Müller, Anna\n", ["line 2", "3 cells", '"Doe, Jane"']),
        ("student_id,name\ns1,A\n,Ben\n", ["line 3", "'Ben'", "no id"]),
        ('student_id,name\n"two\nlines",A\n,Ben\n', ["line 4", "no id"]),
        ('student_id,name\ns1,"Anna\ns2,Ben\n', ["line 2", "quotation mark"]),
        ('student_id,name\ns1,"Anna" M\n', ["line 2", "quotation mark"]),
        ("student_id,name\n1.23457E+11,A\n", ["line 2", "rounded", "Text"]),
        ("student_id,name\n1\x00,A\n", ["line 2", "bytes"]),
        ("student_id,name\n1\u202e2,A\n", ["line 2", "cannot be seen"]),
        ("student_id,name\n1,A\x1b[31m\n", ["line 2", "cannot be seen"]),
        (f"student_id,name\n{'9' * 201},A\n", ["line 2", "longer"]),
        (f"student_id,name\n1,{'x' * 200_000}\n", ["line 2"]),
        (CANVAS.replace(",12,u1002,ben@uni.example", ",,,"), ["line 5", "no id"]),
        (b"PK\x03\x04 a workbook", ["workbook", "CSV"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ["line 1"]),
    ],
)
def test_what_is_refused(tmp_path: Path, content: str | bytes, says: list[str]) -> None:
    message = refusal(tmp_path, content)
    assert "roster.csv" in message
    assert all(part in message for part in says), message


def test_a_file_that_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("no\0name"), tmp_path / ("x" * 300)):
        with pytest.raises(GradingError, match="cannot be read"):
            read_roster(path)


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "MAX_BYTES", 30)
    assert "larger" in refusal(tmp_path, PLAIN)


@settings(PATIENT, max_examples=150)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"student_id,name\n{text}".encode())))
def test_any_bytes_are_a_roster_or_refused(tmp_path: Path, content: bytes) -> None:
    try:
        students = roster_of(tmp_path, content)
    except GradingError:
        return
    assert students
    assert len({student.id for student in students}) == len(students)
    assert all(student.id.isprintable() and student.id.strip() and student.name for student in students)
