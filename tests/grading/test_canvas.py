"""Canvas's export: one column is filled, and every other byte stays."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.grading.canvas import fill
from course_lib.grading.errors import GradingError

HEADINGS = "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Diffusion 4 (501),Essay (502),"
HEADINGS += "Assignments Current Score,Final Score"
EXPORT = "\r\n".join(
    [
        HEADINGS,
        ",,,,,,Manual Posting,,,",
        "    Points Possible,,,,,,14.00,10.00,(read only),(read only)",
        '"Müller, Anna",11,1001,anna@uni.example,"A, and B",,,7.50,71.00,  71.00',
        '"O""Neill, Ben",12,1002,ben@uni.example,A,"two\r\nlines",3.00,,0,0',
        '"王, 小明",13,1003,ming@uni.example,A,,EX,1.00,0,0',
        '"Nowak, Ola",14,1004,ola@uni.example,A,,N/A,1.00,0,0',
        '"Student, Test",99,,6f3ab,A,,,,,',
        "",
    ]
)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(EXPORT.encode())
    return path


def filled(export: Path, grades: dict[str, float], assignment: str = "Diffusion 4 (501)") -> tuple[str, list[str]]:
    out = export.with_name("filled.csv")
    unknown = fill(export, out, grades, assignment)
    return out.read_bytes().decode(), unknown


def test_every_byte_but_the_grades_stays(export: Path) -> None:
    text, unknown = filled(export, {"1001": 12.3456, "1002": 14})
    expected = EXPORT.replace('B",,,7.50', 'B",,12.35,7.50').replace('lines",3.00,', 'lines",14.00,')
    assert text == expected
    assert unknown == []


def test_without_grades_the_file_stays_as_it_is(export: Path) -> None:
    for content in (EXPORT, "﻿" + EXPORT, EXPORT.replace("\r\n", "\n"), EXPORT.rstrip(), EXPORT + "\r\n\r\n"):
        export.write_bytes(content.encode())
        assert filled(export, {}) == (content, [])


@pytest.mark.parametrize("ids", [("11", "12"), ("1001", "1002"), ("anna@uni.example", "ben@uni.example")])
def test_students_are_found_by_each_of_the_three_ids(export: Path, ids: tuple[str, str]) -> None:
    text, unknown = filled(export, {ids[0]: 1, ids[1]: 2.5, "nobody": 3})
    rows = {row["ID"]: row["Diffusion 4 (501)"] for row in csv.DictReader(text.splitlines(keepends=True))}
    assert (rows["11"], rows["12"], rows["99"]) == ("1.00", "2.50", "")
    assert unknown == ["nobody"]


def test_an_id_that_is_another_students_number_in_canvas_does_no_harm(export: Path) -> None:
    export.write_bytes(EXPORT.replace(",12,1002,", ",1001,1002,").encode())  # Ben's number in Canvas is Anna's id
    text, unknown = filled(export, {"1001": 1, "1002": 2, "1003": 3})
    rows = list(csv.reader(text.splitlines(keepends=True)))
    assert [row[6] for row in rows[3:5]] == ["1.00", "2.00"]
    assert unknown == []


def test_an_id_that_stands_in_two_rows_is_nobodys(export: Path) -> None:
    export.write_bytes(EXPORT.replace(",12,1002,", ",12,1001,").encode())
    text, unknown = filled(export, {"1001": 1})
    assert (text, unknown) == (export.read_bytes().decode(), ["1001"])


def test_two_ids_of_one_student_do_not_overwrite_each_other(export: Path) -> None:
    text, unknown = filled(export, {"1001": 1, "1002": 2, "anna@uni.example": 9})
    assert 'B",,1.00,7.50' in text
    assert unknown == ["anna@uni.example"]


def test_who_is_excused_or_has_no_such_assignment_stays_so(export: Path) -> None:
    assert filled(export, {"1003": 5, "1004": 5}) == (EXPORT, [])


@pytest.mark.parametrize("name", ["Essay", "502", "Essay (502)"])
def test_an_assignment_is_found_by_its_name_or_its_number(export: Path, name: str) -> None:
    text, _ = filled(export, {"1002": 4}, name)
    assert 'lines",3.00,4.00,0,0' in text


def test_semicolons_and_a_column_in_quotes(export: Path) -> None:
    content = 'Student;ID;SIS Login ID;Section;"Diffusion; part ""4"" (501)"\n'
    content += "    Points Possible;;;;14,00\nAnna, M;11;anna;A;\n"
    export.write_bytes(content.encode())
    text, unknown = filled(export, {"anna": 7.5}, 'Diffusion; part "4"')
    assert text == content.replace("anna;A;", "anna;A;7.50")
    assert unknown == []


def test_what_cannot_be_meant_is_refused_and_nothing_is_written(export: Path) -> None:
    with pytest.raises(GradingError, match=r"no column 'Homework'.*'Diffusion 4 \(501\)', 'Essay \(502\)'"):
        filled(export, {"11": 1}, "Homework")
    with pytest.raises(GradingError, match="no column 'Final Score'"):
        filled(export, {"11": 1}, "Final Score")
    export.write_bytes(EXPORT.replace("14.00", "(read only)").encode())
    with pytest.raises(GradingError, match="computes the column"):
        filled(export, {"11": 1})
    export.write_bytes(EXPORT.replace("Essay", "Diffusion 4").encode())
    with pytest.raises(GradingError, match="2 columns 'Diffusion 4'"):
        filled(export, {"11": 1}, "Diffusion 4")
    assert not export.with_name("filled.csv").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no gradebook"),
        (b"id,name\n1,Anna\n", "no gradebook"),
        (EXPORT.replace('"O""Neill', '"O"Neill').encode(), "quotation mark"),
        (EXPORT.encode("utf-16"), "not in UTF-8"),
        (HEADINGS.encode() + b"\nAnna,11,,,A,,,,,\n", "points possible"),
    ],
)
def test_what_is_no_export_is_refused(export: Path, content: bytes, says: str) -> None:
    export.write_bytes(content)
    with pytest.raises(GradingError, match=says):
        filled(export, {"11": 1})


def test_a_grade_that_is_no_number_is_refused(export: Path) -> None:
    with pytest.raises(ValueError, match="nan is no number"):
        filled(export, {"11": float("nan")})


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
LAYOUT = st.tuples(st.sampled_from(",;"), st.sampled_from(["\n", "\r\n"]))


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5), LAYOUT)
def test_a_grade_goes_to_its_cell_whatever_stands_around_it(
    people: list[tuple[str, str, str]], layout: tuple[str, str]
) -> None:
    separator, end = layout
    rows = [["Student", "ID", "Section", "Diffusion (5)", "Notes"], ["    Points Possible", "", "", "9.00", ""]]
    rows += [[name, str(1000 + n), section, "", notes] for n, (name, section, notes) in enumerate(people)]
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export.csv"
        export.write_bytes(file.getvalue().encode())
        assert filled(export, {}, "Diffusion") == (file.getvalue(), [])
        text, unknown = filled(export, {row[1]: 2.0 for row in rows[2:]}, "Diffusion")
    for row in rows[2:]:
        row[3] = "2.00"
    assert unknown == []
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) == rows
