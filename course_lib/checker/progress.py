"""What was tried, passed and reviewed, kept in a small file across kernels, notebooks and days. It is sent nowhere."""

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field, replace
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import NonNegativeInt, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from course_lib.errors import CourseError
from course_lib.paths import ROOT


@dataclass(frozen=True)
class Entry:
    """What is known about one quiz.

    looked          the solution was shown before the quiz was passed
    passed_on       the day it was first passed; None if not passed, or passed before days were noted
    mistakes        how often each mistake of the catalogue was met, by its name
    reviews         how often it came back after it was passed, the last time on `reviewed_on`
    reviews_right   how many of them were answered rightly
    test_out        it was asked for to skip its chapter
    """

    attempts: NonNegativeInt = 0
    passed: bool = False
    looked: bool = False
    passed_on: date | None = None
    mistakes: dict[str, NonNegativeInt] = field(default_factory=dict)
    reviews: NonNegativeInt = 0
    reviews_right: NonNegativeInt = 0
    reviewed_on: date | None = None
    test_out: bool = False


_ENTRY = TypeAdapter(Entry)

# The record's content as it is written: fields that a later version of the course has added stay in it.
Content = dict[str, object]

_unwritten: Content = {}  # the record of this process, where none is kept


class ProgressFileError(CourseError):
    """A file that is no record of progress, or no place to keep one."""


def place() -> Path | None:
    """The record's file: COURSE_PROGRESS, else .course_progress.json in the course's folder.

    None (nothing is written) where COURSE_PROGRESS is empty, in continuous integration, under pytest and nbgrader, and
    where course_lib is installed without the course's folder.
    """
    named = os.environ.get("COURSE_PROGRESS")
    if named is not None:
        return Path(named).expanduser() if named else None
    automatic = any(os.environ.get(name) for name in ("CI", "PYTEST_CURRENT_TEST", "NBGRADER_EXECUTION"))
    return None if automatic or not (ROOT / "pyproject.toml").exists() else ROOT / ".course_progress.json"


def today() -> date:
    return date.today()


def entries() -> dict[str, Entry]:
    """Every quiz that was tried, by name. A damaged file counts as empty, a damaged entry as missing."""
    path = place()
    return _understood(_unwritten if path is None else _read(path) or {})


def _read(path: Path) -> Content | None:
    """The file's content; None for a file that is missing or holds something else."""
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(path.read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else None
    return None


def _understood(content: Content) -> dict[str, Entry]:
    found = {}
    for name, values in content.items():
        with suppress(ValidationError):
            found[name] = _ENTRY.validate_python(values)
    return found


# Notes


def note_attempt(name: str, passed: bool, mistakes: tuple[str, ...] = ()) -> None:
    """One more attempt at the quiz, and the mistakes met in it; once passed, it stays passed."""

    def change(entry: Entry) -> Entry:
        counts = entry.mistakes | {mistake: entry.mistakes.get(mistake, 0) + 1 for mistake in mistakes}
        day = today() if passed and not entry.passed else entry.passed_on
        attempts = entry.attempts + 1
        return replace(entry, attempts=attempts, passed=entry.passed or passed, passed_on=day, mistakes=counts)

    _update({name: change})


def note_look(name: str) -> None:
    """The solution was looked at; after passing that is no longer worth a remark."""
    _update({name: lambda entry: replace(entry, looked=entry.looked or not entry.passed)})


def note_review(name: str, right: bool) -> None:
    """The quiz came back and was answered."""

    def change(entry: Entry) -> Entry:
        right_ones = entry.reviews_right + right
        return replace(entry, reviews=entry.reviews + 1, reviews_right=right_ones, reviewed_on=today())

    _update({name: change})


def note_test_out(names: list[str]) -> None:
    """These quizzes were asked for to skip their chapter."""
    _update({name: lambda entry: replace(entry, test_out=True) for name in names})


def _update(changes: dict[str, Callable[[Entry], Entry]]) -> bool:
    """Read, change and write under a lock, so that two notebooks lose nothing. False if nothing can be written.

    A file that would lose what nobody understands is kept beside, as `.damaged`.
    """
    path = place()
    if path is None:
        _change(_unwritten, changes)
        return True
    with suppress(OSError, Timeout):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=5):
            content = _read(path)
            lost = content is None and path.exists() and path.stat().st_size > 0
            content = {} if content is None else content
            if lost or any(name in content and name not in _understood(content) for name in changes):
                os.replace(path, path.with_suffix(".damaged"))
            _change(content, changes)
            _write(path, content)
        return True
    return False


def _change(content: Content, changes: dict[str, Callable[[Entry], Entry]]) -> None:
    known = _understood({name: content[name] for name in changes if name in content})
    for name, change in changes.items():
        old = content[name] if name in known else {}
        content[name] = old | _ENTRY.dump_python(change(known.get(name, Entry())), mode="json")


def _write(path: Path, content: Content) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# From one machine to another


def export_to(file: Path) -> int:
    """Write the record to `file`, for `import_from` on another machine; returns the number of quizzes in it.

    Raises ProgressFileError where nothing is recorded yet.
    """
    path = place()
    content = _unwritten if path is None else _read(path)
    if not content:
        where = "No record is kept here" if path is None else f"There is no record in {path} yet"
        raise ProgressFileError(f"{where}: answer a quiz first, or say where it is with COURSE_PROGRESS=FILE.")
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(file, content)
    return len(_understood(content))


def import_from(file: Path) -> dict[str, Entry]:
    """Merge the record in `file` into the one that is kept here; returns the entries that were read from it.

    Raises ProgressFileError for a file that is no record, and where none is kept or can be written.
    """
    if place() is None:
        raise ProgressFileError("No record is kept here. Say where it should be: COURSE_PROGRESS=FILE.")
    content = _read(file)
    remedy = "Make one on the other machine: `course progress export FILE`."
    if content is None and not file.exists():
        raise ProgressFileError(f"There is no file {file}. {remedy}")
    arrived = _understood(content or {})
    strange = [name for name in content or {} if name not in arrived or "attempts" not in content[name]]
    if not content or strange:
        why = f" (see {strange[0][:40]!r})" if strange else ""
        raise ProgressFileError(f"{file} is no record of progress{why}. {remedy}")
    if not _update({name: lambda mine, theirs=theirs: merged(mine, theirs) for name, theirs in arrived.items()}):
        raise ProgressFileError(f"{place()} cannot be written. Name another place: COURSE_PROGRESS=FILE.")
    return arrived


def merged(one: Entry, other: Entry) -> Entry:
    """Both entries of a quiz in one: passed stays passed, the first day counts, and of counts the larger."""
    first = min((day for day in (one.passed_on, other.passed_on) if day), default=None)
    last = max((day for day in (one.reviewed_on, other.reviewed_on) if day), default=None)
    names = one.mistakes | other.mistakes
    return Entry(
        attempts=max(one.attempts, other.attempts),
        passed=one.passed or other.passed,
        looked=one.looked or other.looked,
        passed_on=first,
        mistakes={name: max(one.mistakes.get(name, 0), other.mistakes.get(name, 0)) for name in names},
        reviews=max(one.reviews, other.reviews),
        reviews_right=max(one.reviews_right, other.reviews_right),
        reviewed_on=last,
        test_out=one.test_out or other.test_out,
    )
