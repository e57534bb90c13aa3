"""What was tried, passed and reviewed, kept in a small file across kernels, notebooks and days. It is sent nowhere."""

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from course_lib.checker import progress_file
from course_lib.checker.card import Card, show
from course_lib.checker.entries import MOST, Content, Entry, merged, strange, understood, with_entry
from course_lib.errors import CourseError
from course_lib.files import BusyError, FileError, check_place, explained, locked
from course_lib.paths import ROOT

PATIENCE = 1.0  # seconds to wait for another notebook that is writing

Changes = dict[str, Callable[[Entry], Entry]]  # by quiz


@dataclass
class _Session:
    """What this process knows beside the file.

    own       its record, where none is kept
    waiting   changes that could not be written yet, the oldest first; they are made with the next one that can be
    place     where they were to be written
    patient   whether to wait for a lock: who held it for PATIENCE is not waited for again until it was free
    told      whether it was said that nothing can be written: once is enough
    """

    own: Content = field(default_factory=dict)
    waiting: list[Changes] = field(default_factory=list)
    place: Path = Path()
    patient: bool = True
    told: bool = False


_session = _Session()


class ProgressFileError(CourseError):
    """A file that is no record of progress, or no place to keep one."""


def place() -> Path | None:
    """The record's file: COURSE_PROGRESS, else .course_progress.json in the course's folder.

    None (nothing is written) where COURSE_PROGRESS is empty, in continuous integration, under pytest and nbgrader, and
    where course_lib is installed without the course's folder.
    """
    named = os.environ.get("COURSE_PROGRESS")
    if named is not None:
        return Path(os.path.expanduser(named)) if named else None  # pathlib's raises for a user without a home
    automatic = any(os.environ.get(name) for name in ("CI", "PYTEST_CURRENT_TEST", "NBGRADER_EXECUTION"))
    return None if automatic or not (ROOT / "pyproject.toml").exists() else ROOT / ".course_progress.json"


def today() -> date:
    return date.today()


def entries() -> dict[str, Entry]:
    """Every quiz that was tried, by name: what is in the file, and what this process could not write into it.

    Damage in a file costs no more than what it hit. Never raises: a place that cannot be read or written is said, once.
    """
    content, problem = _content()
    if problem:
        _tell(problem)
    return understood(content)


def readable_entries() -> dict[str, Entry]:
    """Like `entries`, for a command, which ends where the record cannot be read: raises FileError."""
    content, problem = _content()
    if problem:
        raise problem
    return understood(content)


def _content() -> tuple[Content, FileError | None]:
    """What is known, and what hinders reading or writing the rest of it."""
    path = place()
    if path is None:
        return _session.own, None
    problem = _store(path) if _session.waiting else None  # perhaps it works by now
    content: Content = {}
    try:
        reading = progress_file.read(_followed(path))
        content = reading.content if reading else {}
    except FileError as unreadable:
        problem = unreadable
    for changes in _session.waiting:
        _change(content, changes)
    return content, problem


# Notes


def note_attempt(name: str, passed: bool, mistakes: tuple[str, ...] = ()) -> None:
    """One more attempt at the quiz, and the mistakes met in it; once passed, it stays passed."""
    now = today()

    def change(entry: Entry) -> Entry:
        counts = entry.mistakes | {mistake: _one_more(entry.mistakes.get(mistake, 0)) for mistake in mistakes}
        day = now if passed and not entry.passed else entry.passed_on
        attempts = _one_more(entry.attempts)
        return replace(entry, attempts=attempts, passed=entry.passed or passed, passed_on=day, mistakes=counts)

    _note({name: change})


def note_look(name: str) -> None:
    """The solution was looked at; after passing that is no longer worth a remark."""
    _note({name: lambda entry: replace(entry, looked=entry.looked or not entry.passed)})


def note_review(name: str, right: bool) -> None:
    """The quiz came back and was answered."""
    now = today()

    def change(entry: Entry) -> Entry:
        right_ones = _one_more(entry.reviews_right) if right else entry.reviews_right
        return replace(entry, reviews=_one_more(entry.reviews), reviews_right=right_ones, reviewed_on=now)

    _note({name: change})


def note_test_out(names: list[str]) -> None:
    """These quizzes were asked for to skip their chapter."""
    _note({name: lambda entry: replace(entry, test_out=True) for name in names})


def _one_more(count: int) -> int:
    return min(count + 1, MOST)


def _note(changes: Changes) -> None:
    path = place()
    if path is None:
        _change(_session.own, changes)
        return
    _session.waiting.append(changes)
    if problem := _store(path):
        _tell(problem)


def _change(content: Content, changes: Changes) -> None:
    known = understood({name: content[name] for name in changes if name in content})
    for name, change in changes.items():
        content[name] = with_entry(content.get(name), change(known.get(name, Entry())))


def _tell(problem: FileError) -> None:
    if not _session.told:
        _session.told = True
        show(Card("bad", f"Your progress is kept only while this session runs. {_with_remedy(problem)}"))


def _with_remedy(problem: FileError) -> str:
    text = str(problem).replace("name another place.", "name another place: COURSE_PROGRESS=FILE.")
    text = text.replace("Name another place.", "Name another place: COURSE_PROGRESS=FILE.")
    return text if "COURSE_PROGRESS" in text else f"{text} Or name another place: COURSE_PROGRESS=FILE."


def _store(path: Path) -> FileError | None:
    """Write what waits, under a lock, so that two notebooks lose nothing; what could not be written goes on waiting.

    A file that would lose what nobody understands is kept beside, as `.damaged`.
    """
    try:
        target = _followed(path)
        progress_file.refuse_odd(target)  # before a lock is made beside it
        with locked(f"{target}.lock", timeout=PATIENCE if _session.patient else 0):
            reading = progress_file.read(target) or progress_file.Reading({})
            names = {name for changes in _session.waiting for name in changes}
            if reading.damaged or progress_file.would_be_lost(reading.content, names):
                progress_file.keep_beside(target)
            for changes in _session.waiting:
                _change(reading.content, changes)
            progress_file.write(target, reading.content)
    except FileError as problem:
        _session.patient = not isinstance(problem, BusyError)
        _session.place = path
        atexit.unregister(_last_try)
        atexit.register(_last_try)
        return problem
    _session.waiting.clear()
    _session.patient = True
    return None


def _last_try() -> None:
    _session.patient = True
    if _session.waiting:
        _store(_session.place)


def _followed(path: Path) -> Path:
    """The file that `path` leads to: a link to another place stays one."""
    if str(path).startswith("~"):
        raise FileError(f"{path} cannot be found: this user has no home folder. Name another place.")
    with explained(path):
        return Path(os.path.realpath(path))


# From one machine to another


def export_to(file: Path) -> int:
    """Write the record to `file`, for `import_from` on another machine; returns the number of quizzes in it.

    Raises ProgressFileError where nothing is recorded yet, and for a file that knows of passes that are not here;
    FileError for a place that cannot be written, and a file of another kind.
    """
    check_place(file, progress_file.RECORD)
    content, problem = _content()
    if not content and problem:
        raise problem
    if not content:
        path = place()
        where = "No record is kept here" if path is None else f"There is no record in {path} yet"
        raise ProgressFileError(f"{where}: answer a quiz first, or say where it is with COURSE_PROGRESS=FILE.")
    known, there = understood(content), progress_file.read(file)
    passed = [name for name, entry in understood(there.content if there else {}).items() if entry.passed]
    if lost := [name for name in passed if name not in known or not known[name].passed]:
        raise ProgressFileError(
            f"{file} knows of quizzes passed that are not passed here ({', '.join(lost[:3])}). "
            f"First `course progress import {file}`, or name another file."
        )
    progress_file.write(file, content)
    return len(known)


def import_from(file: Path) -> dict[str, Entry]:
    """Merge the record in `file` into the one that is kept here; returns the entries that were read from it.

    Raises ProgressFileError for a file that is no record, and where none is kept; FileError for one that cannot be
    read, and where the record here cannot be written.
    """
    path = place()
    if path is None:
        raise ProgressFileError("No record is kept here. Say where it should be: COURSE_PROGRESS=FILE.")
    remedy = "Make one on the other machine: `course progress export FILE`."
    reading = progress_file.read(file)
    if reading is None:
        raise ProgressFileError(f"There is no file {file}. {remedy}")
    odd = strange(reading.content)
    if odd or reading.damaged or not reading.content:
        why = f" (see {odd[0][:40]!a})" if odd else " as a whole: it is damaged" if reading.content else ""
        raise ProgressFileError(f"{file} is no record of progress{why}. {remedy}")
    arrived = understood(reading.content)
    changes: Changes = {name: lambda mine, theirs=theirs: merged(mine, theirs) for name, theirs in arrived.items()}
    _session.waiting.append(changes)
    if problem := _store(path):
        _session.waiting.remove(changes)
        raise ProgressFileError(_with_remedy(problem))
    return arrived
