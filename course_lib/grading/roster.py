"""The class list. A table in any of the forms that instructors have it in, or an error that says what to mend."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_lib.files import why
from course_lib.grading.errors import GradingError
from course_lib.grading.records import Student

MAX_BYTES = 20_000_000  # of a roster: a thousand students have about 50,000
MAX_LENGTH = 200  # characters of an id or a name

# In this order: Canvas's own number comes first, since its downloads carry it.
ID_HEADINGS = ("student_id", "student id", "id", "sis user id", "sis login id")
NAME_HEADINGS = ("name", "student", "student_name", "student name", "full name")
LAST, FIRST = ("last_name", "last name", "lastname"), ("first_name", "first name", "firstname")
TEST_STUDENT = "Student, Test"  # Canvas adds it to every course

COLUMNS = "Its first line must name the columns, as `student_id,name` does."
OTHER_FORMS = "A gradebook that Canvas has exported and nbgrader's `id,last_name,first_name` are understood too."

Row = tuple[int, list[str]]  # the line on which it begins, and its cells


def read_roster(path: Path) -> list[Student]:
    """The students in the CSV file `path`, in its order.

    The columns are `student_id,name`, or those of Canvas's gradebook export (ID, or else the SIS User ID or the SIS
    Login ID is the id), or nbgrader's `id,last_name,first_name`. Between cells stand commas, semicolons or tabs; the
    text is UTF-8, UTF-16 or, where it is neither, Windows-1252. Who has no name is called by the id.

    Raises GradingError, with the line and what to do, for anything that cannot be one row for each student.
    """
    rows = _rows(_text(path), path)
    columns = _Columns(*next(rows, (1, [""])), path)
    students: dict[str, tuple[int, Student]] = {}
    for line, cells in rows:
        if columns.is_left_out(cells, first=not students):
            continue
        student = columns.student(line, cells)
        if student.id in students:
            earlier = students[student.id][0]
            raise _refused(
                path, line, f"the id {student.id!r} is in line {earlier} already", "Delete one, or mend its id."
            )
        students[student.id] = (line, student)
    if not students:
        raise GradingError(f"{path} names no student. {COLUMNS} Then comes one line for each student. {OTHER_FORMS}")
    return [student for _, student in students.values()]


def _refused(path: Path, line: int, problem: str, remedy: str) -> GradingError:
    return GradingError(f"{path}, line {line}: {problem}. {remedy}")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason, remedy = why(problem) if isinstance(problem, OSError) else ("no file can be called so", "")
        raise GradingError(f"The roster {str(path)!r} cannot be read: {reason}. {remedy}".strip()) from problem
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise GradingError(f"{path} is a workbook, not a CSV file. Open it in the spreadsheet program: Save as, CSV.")
    if len(content) > MAX_BYTES:
        raise GradingError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB. Is it the roster?")
    return unicodedata.normalize("NFC", _decoded(content))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel calls "Unicode text"
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _rows(text: str, path: Path) -> Iterator[Row]:
    """The rows that are not empty."""
    separator, skipped = _separator(text), 0
    if declared := re.match(r"sep=(.)\r?\n", text):  # Excel writes it, and reads it
        separator, text, skipped = declared[1], text[declared.end() :], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            remedy = "Look for a quotation mark without its other half."
            raise _refused(path, line, f"this is no CSV ({problem})", remedy) from None
        if any("\0" in cell for cell in cells):
            raise _refused(path, line, "it has bytes that no text has", "Export the roster again, as CSV.")
        if any(cell.strip() for cell in cells):
            yield line, cells


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


class _Columns:
    """Where in a row the id and the name are."""

    def __init__(self, line: int, headings: Sequence[str], path: Path):
        self.path, self.width = path, len(headings)
        known = [" ".join(heading.casefold().split()) for heading in headings]
        for heading in {*known} & {*ID_HEADINGS, *NAME_HEADINGS, *LAST, *FIRST}:
            if known.count(heading) > 1:
                raise _refused(path, line, f"two columns are called {heading!r}", "Rename or delete one of them.")
        places = {heading: place for place, heading in enumerate(known)}
        self.ids = [places[heading] for heading in ID_HEADINGS if heading in places]
        self.names = [places[heading] for heading in NAME_HEADINGS if heading in places][:1]
        if not self.names:
            self.names = [places[heading] for part in (FIRST, LAST) for heading in part if heading in places]
        self.is_canvas = "student" in places and len(self.ids) > 0 and "student_id" not in places
        if not self.ids:
            found = ", ".join(repr(heading[:40]) for heading in headings[:8])
            raise _refused(path, line, f"no column is called `student_id` (found: {found})", f"{COLUMNS} {OTHER_FORMS}")

    def is_left_out(self, cells: Sequence[str], first: bool) -> bool:
        """Whether it is one of Canvas's rows without a student: which grades are hidden, the points, the test student.

        first   whether no student came before
        """
        if not self.is_canvas:
            return False
        name = self._cell(cells, self.names[0])
        no_id = not any(self._cell(cells, place) for place in self.ids)
        return name == TEST_STUDENT or (first and no_id and name in ("", "Points Possible"))

    def student(self, line: int, cells: Sequence[str]) -> Student:
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            problem = f"it has {len(cells)} cells, and there are {self.width} columns"
            raise _refused(self.path, line, problem, 'Put a name with a comma between quotation marks: "Doe, Jane".')
        id = next((self._cell(cells, place) for place in self.ids if self._cell(cells, place)), "")
        name = " ".join(self._cell(cells, place) for place in self.names).strip()
        if not id:
            raise _refused(self.path, line, f"{name[:60]!r} has no id", "Fill it in, or delete the line.")
        if re.fullmatch(r"\d([.,]\d+)?E\+\d+", id):
            problem = f"the id {id!r} is a number that a spreadsheet program has rounded"
            raise _refused(self.path, line, problem, "Set the column to Text and paste the ids again.")
        for text in (id, name):
            if len(text) > MAX_LENGTH or not text.isprintable():
                problem = f"{text[:40]!r} is longer than {MAX_LENGTH} characters, or has some that cannot be seen"
                raise _refused(self.path, line, problem, "Type it again.")
        return Student(id, name or id)

    @staticmethod
    def _cell(cells: Sequence[str], place: int) -> str:
        return " ".join(cells[place].split()) if place < len(cells) else ""
