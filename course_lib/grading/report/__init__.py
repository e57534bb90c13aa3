"""report.html: a class at a glance, in one file that works offline. Nothing that a student wrote is trusted in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_lib.files import write_file
from course_lib.grading.report import figures, histogram, pages
from course_lib.grading.results import Row


def write_report(
    path: Path,
    rows: Sequence[Row],
    confinement: str,
    fingerprints: Mapping[tuple[str, str], str] | None = None,
    feedback: Mapping[str, str] | None = None,
) -> None:
    """Write the report on `rows` to `path`, the same bytes for the same rows.

    `confinement` says how the students' code was held. `fingerprints` has, by student id and quiz, a text that is equal
    for answers that are equal after normalisation. `feedback` has the address of each student's page, seen from the
    report. Raises FileError if it cannot be written.
    """
    graded = [row for row in rows if row.handed_in]
    page = pages.fill(
        "report.html",
        script="sort.js",
        rows=rows,
        graded=graded,
        overview=figures.overview(rows),
        histogram=histogram.drawn([row.total for row in graded], rows[0].max_total if rows else 0.0),
        items=figures.items(rows),
        mistakes=figures.mistakes(rows),
        others=figures.other_findings(rows),
        alike=figures.alike(rows, fingerprints or {}),
        compared=bool(fingerprints),
        names=_names(rows),
        confinement=confinement,
        feedback=feedback or {},
    )
    write_file(path, page)


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """What to call each student, by id: with the id where two have the same name, and alone where there is none."""
    alike = Counter(row.student.name for row in rows)
    names = {}
    for row in rows:
        name = pages.cut(row.student.name, 60)
        names[row.student.id] = name if name and alike[row.student.name] == 1 else f"{name} ({row.student.id})".strip()
    return names
