"""A folder or a zip as an instructor has it, and whose each thing in it is."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

from course_lib.files import why
from course_lib.grading.archives import BROKEN, DiskItem, Item, Refused, contents
from course_lib.grading.errors import GradingError
from course_lib.grading.owners import Owner, Owners, called
from course_lib.grading.records import Student

MAX_ASSIGNMENTS = 30  # folders beside each other that are looked into for students
MAX_LEVELS = 3  # of such folders
JUNK = re.compile(r"\.(?!\./).*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini|node_modules", re.I | re.S)
JOURNAL = "journal.jsonl"  # is in each folder with grades
HANDED_IN = "submitted"  # nbgrader's name for it


@dataclass(frozen=True)
class Claim:
    """A file or folder that is a student's, and what its name says.

    stamped   whether it is in nbgrader's folder, where nbgrader writes when an assignment was handed in
    """

    item: Item
    owner: Owner
    stamped: bool


def root_of(place: Path, stack: ExitStack) -> Item:
    """What is in `place`, a folder or a zip, which `stack` closes. Raises Refused, GradingError if it isn't there."""
    try:
        where = place.resolve(strict=True)
        item = DiskItem(where, "", where.lstat())
        if item.is_folder:
            next(where.iterdir(), None)
            return item
        if not where.is_file():
            raise GradingError(f"{place} is a device or a pipe. Name a folder, or a zip of submissions.")
        return _class_zip(item, "", stack)
    except OSError as problem:
        raise GradingError(f"{place} cannot be read: {why(problem)[0]}. {why(problem)[1]}") from problem


def _class_zip(item: DiskItem, path: str, stack: ExitStack) -> Item:
    """A whole class's zip. It is the instructor's own, so that it may have any size; its members are the students'."""
    try:
        return contents(stack.enter_context(ZipFile(item.place)), path)
    except BROKEN as problem:
        raise Refused("is no zip, or a damaged one. Download it again.") from problem


def _may_be_a_class(item: Item) -> bool:
    return item.is_folder or (is_zip(item) and isinstance(item, DiskItem))


def is_zip(item: Item) -> bool:
    """Whether a file is called so."""
    return not item.is_folder and item.name.casefold().endswith(".zip")


@dataclass
class Sorting:
    """Whose each thing in a place is."""

    owners: Owners
    students: Sequence[Student]
    work: Path
    stack: ExitStack
    claims: dict[int, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    doubts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    unclaimed: list[str] = field(default_factory=list)

    def look(self, root: Item, depth: int = 0) -> bool:
        """Sort what is in `root`, or if nobody's is there, in the folders and zips in it. Whether anybody's was."""
        items = [item for item in root.children() if not JUNK.fullmatch(item.name)]
        handed_in = next((item for item in items if item.is_folder and item.name == HANDED_IN), None)
        if handed_in:  # nbgrader's course, whose other folders have students in them too
            return self.look(handed_in, depth)
        owned = [(item, self.owners.of(item.name, item.is_folder)) for item in items]
        owned = [(item, owner) for item, owner in owned if owner.students or not self._is_ours(item)]
        inner = [item for item, _ in owned if _may_be_a_class(item)]
        is_here = any(owner.students or owner.downloaded for _, owner in owned)
        if not is_here and depth < MAX_LEVELS and 0 < len(inner) <= MAX_ASSIGNMENTS and self._look_inside(inner, depth):
            owned = [(item, owner) for item, owner in owned if not _may_be_a_class(item)]
            is_here = True
        if is_here or depth == 0:
            # All names in a download are Canvas's. Elsewhere a student has chosen one like it, perhaps not to be late.
            is_download = 2 * sum(owner.downloaded for _, owner in owned) > len(owned)
            for item, owner in owned:
                self._sort(item, owner if is_download else owner.by_hand(), root.name == HANDED_IN)
        return is_here

    def _is_ours(self, item: Item) -> bool:
        """Whether it is the folder for the copies, or one with grades."""
        if not isinstance(item, DiskItem) or not item.is_folder:
            return False
        return item.place == self.work or os.path.isfile(item.place / JOURNAL)

    def _look_inside(self, inner: Sequence[Item], depth: int) -> bool:
        """Look in each; what can't be read, or has nobody's files beside those that have, is told."""
        found, before = [], len(self.unclaimed)
        for item in inner:
            try:
                if isinstance(item, DiskItem) and item.problem:
                    raise Refused(item.problem)
                if isinstance(item, DiskItem) and not item.is_folder:
                    found.append(self.look(_class_zip(item, item.path, self.stack), depth + 1))
                else:
                    found.append(self.look(item, depth + 1))
                if not found[-1]:
                    self.unclaimed.append(f"{item.path} has nothing in it that belongs to anybody on the roster.")
            except (Refused, OSError) as problem:
                says = problem if isinstance(problem, Refused) else f"cannot be read: {why(problem)[0]}."
                self.unclaimed.append(f"{item.path} {says}")
        if not any(found):
            del self.unclaimed[before:]
        return any(found)

    def _sort(self, item: Item, owner: Owner, stamped: bool) -> None:
        if len(owner.students) == 1:
            self.claims[owner.students[0]].append(Claim(item, owner, stamped))
        elif owner.students:
            whose = called([self.students[place] for place in owner.students])
            sentence = f"{item.path} could belong to {whose}: it was left out. Put the id in its name."
            self.unclaimed.append(sentence)
            for place in owner.students:
                self.doubts[place].append(sentence)
        else:
            self.unclaimed.append(f"{item.path} {owner.note or item.problem or 'belongs to nobody on the roster.'}")

    def settle(self) -> None:
        """What two of Canvas's users have handed in under one name is nobody's: students can change their names."""
        for place, claims in self.claims.items():
            users = {claim.owner.user for claim in claims if claim.owner.user}
            if len(users) > 1:
                known = self.students[place].id
                doubtful = [claim for claim in claims if claim.owner.user not in ("", known)]
                self.claims[place] = [claim for claim in claims if claim.owner.user in ("", known)]
                for claim in doubtful:
                    sentence = f"{claim.item.path} was left out: another user of Canvas has the same name."
                    self.unclaimed.append(sentence)
                    self.doubts[place].append(sentence)
