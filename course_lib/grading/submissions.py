"""From a folder or a zip as an instructor has it to one Submission for each student of the roster.

All that students choose, names and contents, is looked at and never obeyed: what is graded are copies under our own
names, in a folder of our own.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from course_lib.files import explained, why
from course_lib.grading.archives import MAX_DEPTH, Allowance, DiskItem, Item, Refused, opened, read
from course_lib.grading.errors import GradingError
from course_lib.grading.notebooks import brackets, chapter_of, chapters_in, parse, slim
from course_lib.grading.owners import Owners
from course_lib.grading.places import JUNK, Claim, Sorting, is_zip, root_of
from course_lib.grading.records import Status, Student, Submission

MAX_FILES = 5_000  # of one student's that are looked at
MAX_ZIPS = 50  # of one student's that are opened
BRACKET = 100  # bytes for which a list counts: reading a million of them takes ten seconds
MAX_REASONS = 30  # of one student's that are told
NOTEBOOK = re.compile(r"\.ipynb(?![a-z])", re.I)
PERHAPS = ("", ".json", ".txt")  # the endings that browsers give a notebook
PACKED = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
STAMP = "timestamp.txt"  # in it nbgrader writes when an assignment was handed in


@dataclass(frozen=True)
class Found:
    """What is in a place.

    submissions   one for each student of the roster, in its order, read when it is asked for
    unclaimed     sentences about what belongs to nobody on the roster
    """

    submissions: Iterator[Submission]
    unclaimed: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A notebook that could be read, as a copy in our own folder.

    quizzes   how many of each chapter's its cells name
    age       orders a chapter's notebooks, the newest last
    late      why it counts as late, "" if it doesn't
    """

    copy: Path
    path: str
    chapter: str
    quizzes: Counter[str]
    age: tuple[int, int, float, str]
    late: str


def find_submissions(place: Path, students: Sequence[Student], deadline: datetime | None, work: Path) -> Found:
    """What each of `students` has handed in.

    place      a folder, or a zip, with a folder, a zip or files for each student, called by id or by name; what Canvas
               downloads, unpacked or not; nbgrader's `submitted`; or one of these for each assignment, in folders
    deadline   what is handed in after it is late; without a time zone it is the clock's here. In a download of Canvas
               LATE decides instead, since its files have the time of the download. In nbgrader's `submitted` the time
               is that in timestamp.txt, elsewhere that of the file, or of the zip that the student has made
    work       a folder that is made. The notebooks that are graded are copied there, in nbformat 4 and without outputs,
               so it grows by about 50 kB for each; nothing is written elsewhere

    Raises GradingError if `place` can't be read, and FileError or GradingError if the machine has no room. Whatever is
    wrong with one student's files is a reason in that student's row.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        own = work.resolve()
    except OSError as problem:
        raise GradingError(f"{work} cannot be made: {why(problem)[0]}. {why(problem)[1]}") from problem
    with ExitStack() as stack:
        sorting = Sorting(Owners(students), students, own, stack)
        try:
            sorting.look(root_of(place, stack))
        except Refused as problem:
            raise GradingError(f"{place} {problem} Name a folder, or a zip of submissions.") from problem
        sorting.settle()
        return Found(_submissions(students, sorting, deadline, work, stack.pop_all()), tuple(sorting.unclaimed))


def _submissions(
    students: Sequence[Student], sorting: Sorting, deadline: datetime | None, work: Path, stack: ExitStack
) -> Iterator[Submission]:
    with stack:
        for place, student in enumerate(students):
            folder = work / f"{place:05}"
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir()
            desk = _Desk(folder, deadline, list(sorting.doubts[place]))
            for claim in sorting.claims[place]:
                desk.take(claim)
            yield desk.submission(student)


@dataclass
class _Desk:
    """On which one student's things are looked through, one after the other."""

    work: Path
    deadline: datetime | None
    reasons: list[str]
    candidates: list[Candidate] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    allowance: Allowance = field(default_factory=Allowance)
    seen: int = 0
    zips: int = 0
    has_files: bool = False

    def take(self, claim: Claim) -> None:
        """Look through what a claim leads to."""
        if claim.owner.note:
            self.reasons.append(f"{claim.item.path} {claim.owner.note}")
        self._walk(claim.item, claim, (), None, MAX_DEPTH, zips=2)

    def _walk(
        self, item: Item, claim: Claim, around: tuple[str, ...], handed_in: datetime | None, depth: int, zips: int
    ) -> None:
        """Look at `item`, which lies in the folders `around`, from within. So many levels of `zips` may be opened."""
        self.seen += 1
        if self.seen > MAX_FILES:
            return
        self.has_files |= not item.is_folder
        own = claim.owner.file if item is claim.item else item.name  # what its student has called it
        try:
            if item.problem:
                raise Refused(item.problem)
            if item.is_folder:
                if depth == 0:
                    raise Refused(f"is left out: it lies in more than {MAX_DEPTH} folders.")
                inner = item.children(MAX_FILES)
                if claim.stamped and len(around) == 1:
                    handed_in = self._stamp(inner)
                for child in inner:
                    if not JUNK.fullmatch(child.name):
                        self._walk(child, claim, (own, *around), handed_in, depth - 1, zips)
            elif is_zip(item):
                if zips == 0:
                    raise Refused("is a zip in a zip in a zip. Ask for the notebook itself.")
                self.zips += 1
                if self.zips > MAX_ZIPS:
                    raise Refused(f"is left out: only {MAX_ZIPS} zips are opened.")
                with opened(item, self.work, self.allowance) as tree:
                    handed_in = handed_in or _when(item)
                    for child in tree.children(MAX_FILES):
                        if not JUNK.fullmatch(child.name):
                            self._walk(child, claim, (own, *around), handed_in, depth - 1, zips - 1)
            else:
                self._file(item, claim, (own, *around), handed_in)
        except Refused as problem:
            self.reasons.append(f"{item.path} {problem}")

    def _stamp(self, inner: Sequence[Item]) -> datetime | None:
        """When an assignment was handed in, as nbgrader has it."""
        for item in inner:
            if item.name == STAMP and isinstance(item, DiskItem):
                try:
                    return _moment(read(item, self.allowance, most=1000).decode(errors="replace").strip())
                except Refused:
                    return None
        return None

    def _file(self, item: Item, claim: Claim, names: tuple[str, ...], handed_in: datetime | None) -> None:
        name, ending = item.name.casefold(), Path(item.name).suffix.casefold()
        if name.endswith(PACKED):
            raise Refused("is packed in a way that is not read here. Ask for a zip, or for the notebook.")
        is_notebook = bool(NOTEBOOK.search(name))
        if item.name == STAMP or not (is_notebook or ending in PERHAPS):
            self.others.append(item.path)
            return
        try:
            content = read(item, self.allowance)
            self.allowance.take(BRACKET * brackets(content))
            notebook, notes = parse(content)
            kept = slim(notebook)
        except Refused:
            if is_notebook:
                raise
            self.others.append(item.path)
            return
        self.reasons += [f"{item.path} {note}" for note in notes]
        chapter = chapter_of(notebook, names)
        if chapter is None:
            raise Refused("belongs to no chapter: no cell in it is one of the course's.")
        copy = self.work / f"{len(self.candidates)}.copy"
        with explained(copy):
            copy.write_bytes(kept)
        age = (claim.owner.number, _version(names[0]), item.changed, item.path)
        late = self._late(item, claim, handed_in)
        self.candidates.append(Candidate(copy, item.path, chapter, chapters_in(notebook), age, late))

    def _late(self, item: Item, claim: Claim, handed_in: datetime | None) -> str:
        if claim.owner.late:
            return f"{item.path} is late: Canvas has marked it so."
        when = handed_in or _when(item)
        if self.deadline is None or claim.owner.downloaded or when <= self.deadline.astimezone():
            return ""
        return f"{item.path} is late: it is of {when.astimezone():%Y-%m-%d %H:%M}."

    def submission(self, student: Student) -> Submission:
        """What all of it comes to."""
        counted: dict[str, Candidate] = {}
        for one in sorted(self.candidates, key=lambda candidate: candidate.age):
            counted[one.chapter] = one
        for one in self.candidates:
            if counted[one.chapter] is not one:
                newer = counted[one.chapter].path
                self.reasons.append(f"{one.path} was left out: {newer} is the newer notebook of {one.chapter}.")
        self._take_from_others(counted)
        notebooks = {}
        for chapter in sorted(counted):
            notebooks[chapter] = self.work / f"{chapter}.ipynb"
            with explained(notebooks[chapter]):
                shutil.copyfile(counted[chapter].copy, notebooks[chapter])
        for one in self.candidates:
            one.copy.unlink()
        late = sorted({one.late for one in counted.values() if one.late})
        status: Status = "late" if late else "received" if notebooks else "unreadable"
        if not self.has_files:
            status = "missing"
            if not self.reasons:
                self.reasons.append("Nothing was handed in under this id or name.")
        elif not notebooks and not self.reasons and not self.others:
            self.reasons.append("What was handed in is empty.")
        return Submission(student, status, notebooks, tuple(self._told(late)))

    def _take_from_others(self, counted: dict[str, Candidate]) -> None:
        """A chapter without a notebook of its own may be in another's: some put all chapters into one."""
        for one in sorted(set(counted.values()), key=lambda candidate: candidate.age, reverse=True):
            for chapter in sorted(set(one.quizzes) - set(counted)):
                counted[chapter] = one
                self.reasons.append(f"{one.path} has quizzes of {chapter} too, and counts for it.")

    def _told(self, late: list[str]) -> list[str]:
        reasons = [*late, *self.reasons]
        if self.seen > MAX_FILES:
            reasons.append(f"Only the first {MAX_FILES:,} files were looked at. Ask for the notebooks alone.")
        if self.others:
            more = f" and {len(self.others) - 3} more" if len(self.others) > 3 else ""
            reasons.append(f"No notebooks, and left out: {', '.join(self.others[:3])}{more}.")
        if len(reasons) > MAX_REASONS:
            reasons[MAX_REASONS - 1 :] = [f"{len(reasons) - MAX_REASONS + 1} more files have problems of this kind."]
        return reasons


def _version(name: str) -> int:
    """How often a file of this name was handed in before: "forward-2.ipynb" and "forward (2).ipynb" say 2."""
    found = re.search(r"(?:-(\d{1,3})| ?\((\d{1,3})\))(?:\.[a-z.]+)?$", name, re.I)
    return int(found[1] or found[2]) if found else 0


def _when(item: Item) -> datetime:
    try:
        return datetime.fromtimestamp(item.changed, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _moment(text: str) -> datetime | None:
    """The time in nbgrader's form, "2026-11-27 23:59:00.123456 UTC"."""
    stamp, _, zone = text.rpartition(" ")
    try:
        when = datetime.fromisoformat(stamp)
        return when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, KeyError, OSError):
        return None
