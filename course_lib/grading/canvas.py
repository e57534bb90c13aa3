"""Grades into Canvas: its own gradebook export, in which one column is filled and every other byte stays.

The layout is that of Canvas's lib/gradebook_exporter.rb and gradebook_importer.rb: headings, perhaps a row that says
which grades are posted by hand, a row with the points, then the students. Between cells stand commas or, in some
languages, semicolons.
"""

import codecs
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_lib.files import explained, write_file
from course_lib.grading.errors import GradingError

ID_COLUMNS = ("ID", "SIS User ID", "SIS Login ID")
NAME_COLUMNS = ("Student", "LastName")
COMPUTED = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")  # Canvas takes them for its own
DECIDED = ("EX", "N/A")  # excused, or the assignment isn't this student's: who says so knows better than the grader
ANOTHER = "Export it again: Gradebook, Export, Entire Gradebook."

Cells = list[bytes]  # a row, as it stands in the file: cell, separator, cell, ..., end of line


def fill(export: Path, out: Path, grades: Mapping[str, float], assignment: str) -> list[str]:
    """Write `export` to `out` with `grades` (points by student id) in the column of `assignment`, with two decimals.

    `assignment` is the heading, as "Homework 4 (12345)", or its name or number alone. Students are found by ID, SIS
    User ID or SIS Login ID; returned are the ids that are not in the export, or not without doubt. Who is excused
    ("EX") or does not have the assignment ("N/A") stays so, and students without a grade keep what is there.

    Raises GradingError for what is no export of Canvas's, for an assignment that isn't in it or is read-only, and
    FileError if a file cannot be read or written.
    """
    with explained(export, "read"):
        content = export.read_bytes()
    rows = _rows(content, export)
    headings = _texts(rows[0])
    if headings[0] not in NAME_COLUMNS or "ID" not in headings or "Section" not in headings:
        raise GradingError(f"{export} is no gradebook of Canvas: its columns are {_listed(headings)}. {ANOTHER}")
    column = _column(headings, assignment, export)
    points = next((_texts(row) for row in rows[1:] if "Points Possible" in _texts(row)[0]), None)
    if points is None:
        raise GradingError(f"{export} has no row with the points possible. {ANOTHER}")
    if column < len(points) and re.search(r"read\s+only", points[column]):
        raise GradingError(f"Canvas computes the column {headings[column]!r} itself. Name an assignment.")
    places, unknown = _places(rows, headings, list(grades))
    for student, row in places.items():
        if _texts(rows[row])[column].strip() not in DECIDED:
            rows[row][2 * column] = _number(grades[student])
    write_file(out, _mark(content) + b"".join(b"".join(row) for row in rows))
    return unknown


def _mark(content: bytes) -> bytes:
    return codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""


def _rows(content: bytes, export: Path) -> list[Cells]:
    """The file in pieces that give it again when they are joined."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode()
    except UnicodeDecodeError:
        raise GradingError(f"{export} is not in UTF-8, so a spreadsheet program has saved it. {ANOTHER}") from None
    first = re.split(rb"[\r\n]", content, maxsplit=1)[0]
    separator = b";" if first.count(b";") > first.count(b",") else b","
    cell = re.compile(rb'("(?:[^"]++|"")*+"|[^"%b\r\n][^%b\r\n]*+|)(%b|\r\n|\n|\r|\Z)' % ((separator,) * 3))
    rows: list[Cells] = [[]]
    at = 0
    while at < len(content):
        found = cell.match(content, at)
        if not found:
            raise GradingError(f"{export} has a quotation mark without its other half, after byte {at}. {ANOTHER}")
        at = found.end()
        rows[-1] += found.groups()
        if found[2] != separator:
            rows.append([])
        elif at == len(content):
            rows[-1] += [b"", b""]
    return [row for row in rows if row] or [[b"", b""]]


def _texts(row: Cells) -> list[str]:
    """What the cells say."""
    return [_unquoted(cell.decode()) for cell in row[::2]]


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def _column(headings: Sequence[str], assignment: str, export: Path) -> int:
    after = headings.index("Section") + 1
    own = {place: text for place, text in enumerate(headings) if place >= after and not COMPUTED.search(text)}
    found = [place for place, text in own.items() if text == assignment]
    for part in (1, 2):  # by its name, then by its number
        if not found:
            parts = {place: re.fullmatch(r"(.*) \((\d+)\)", text, re.DOTALL) for place, text in own.items()}
            found = [place for place, match in parts.items() if match and match[part] == assignment]
    if len(found) != 1:
        says = "no column" if not found else f"{len(found)} columns"
        raise GradingError(f"{export} has {says} {assignment!r}. Name one of {_listed(list(own.values()))}.")
    return found[0]


def _listed(texts: Sequence[str]) -> str:
    shown = [repr(text[:60]) for text in texts[:30]]
    return ", ".join(shown) + (" and more" if len(texts) > 30 else "")


def _places(rows: Sequence[Cells], headings: Sequence[str], ids: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """The rows of the students by id, and the ids without one.

    The column in which most of `ids` stand goes first: one student's number in Canvas may be another's elsewhere.
    """
    columns = []
    for heading in ID_COLUMNS:
        if heading in headings:
            column = headings.index(heading)
            index = defaultdict(list)
            for place, row in enumerate(rows[1:], start=1):
                texts = _texts(row)
                if len(texts) == len(headings) and texts[column].strip():
                    index[texts[column].strip()].append(place)
            columns.append(index)
    columns.sort(key=lambda index: -sum(student in index for student in ids))
    places: dict[str, int] = {}
    for index in columns:
        taken = set(places.values())
        new = {student: index[student] for student in ids if student not in places and student in index}
        places |= {student: at[0] for student, at in new.items() if len(at) == 1 and at[0] not in taken}
    return places, [student for student in ids if student not in places]


def _number(grade: float) -> bytes:
    if not math.isfinite(grade):
        raise ValueError(f"{grade} is no number of points.")
    return b"%.2f" % (grade + 0.0)
