"""What was handed in, on the disk or in a zip, as one tree of files and folders that is safe to walk.

No link is followed, nothing but a plain file is opened, and no member of a zip ever names a path that is written to:
what is read comes back as bytes, and never more of them than the limits here.
"""

import errno
import heapq
import os
import re
import stat
import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from course_lib.files import why
from course_lib.grading.errors import GradingError

MB = 1 << 20
MAX_FILE = 32 * MB  # of a notebook; those of the course have 2
MAX_ARCHIVE = 128 * MB  # of a zip that a student has made
MAX_ALL = 384 * MB  # that are read of one student's, packed and unpacked
MAX_MEMBERS = 10_000  # of a zip that a student has made
MAX_RATIO = 200  # to which a member may unpack; a notebook has 2 to 20
SMALL = MB  # what is smaller may have any ratio
MAX_DEPTH = 20  # folders in folders
PIECE = 1 << 16  # bytes that are read at once
MAX_SHOWN = 90  # characters of a name in a sentence

BROKEN = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # no fault of the student's
MEMBER = b"PK\x01\x02"  # with it each entry of a zip's table of contents begins


class Refused(Exception):
    """Something is not read; says why, as the end of a sentence that begins with its name ("is empty.")."""


@dataclass
class Allowance:
    """The bytes that may still be read of one student's."""

    left: int = MAX_ALL

    def take(self, count: int) -> None:
        """Raises Refused if it is more than there is."""
        self.left -= count
        if self.left < 0:
            raise Refused(f"is left out: with it this student's files have more than {MAX_ALL // MB} MB.")


class Item(Protocol):
    """A file or a folder.

    name       its last part, as it was written
    path       what to call it in a sentence, not for opening
    size       bytes, as claimed
    changed    seconds since 1970, as claimed
    problem    why it must not be opened, "" if it may
    """

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def is_folder(self) -> bool: ...
    @property
    def size(self) -> int: ...
    @property
    def changed(self) -> float: ...
    @property
    def problem(self) -> str: ...

    def children(self, most: int | None = None) -> list["Item"]:
        """What is in a folder, in the order of the names; of more than `most` the first. Raises Refused."""

    def open(self) -> IO[bytes]:
        """The file. Raises Refused if it can't be opened, or is not what it was."""


def shown(name: str) -> str:
    """A name that a student has chosen, for a sentence: cut, and without characters that cannot be seen."""
    visible = "".join(letter if letter.isprintable() else "?" for letter in name)
    return visible if len(visible) <= MAX_SHOWN else f"{visible[: MAX_SHOWN // 2]}…{visible[-MAX_SHOWN // 2 + 1 :]}"


def read(item: Item, allowance: Allowance, most: int = MAX_FILE) -> bytes:
    """The content of a file. Raises Refused if it must not or cannot be read, or has more than `most` bytes."""
    _check(item, most)
    content = bytearray()
    with _understood(), item.open() as file:
        while chunk := file.read(PIECE):  # zipfile unpacks as much as it is asked for, whatever a member claims to have
            content += chunk
            if len(content) > most:
                raise Refused(_too_large(len(content), most))
    allowance.take(len(content))
    return bytes(content)


@contextmanager
def opened(item: Item, work: Path, allowance: Allowance) -> Iterator[Item]:
    """A zip that a student has made, as a folder. Raises Refused.

    A zip that lies in a zip goes to a file without a name in `work` meanwhile.
    """
    _check(item, MAX_ARCHIVE)
    with ExitStack() as stack:
        with _understood():
            source = stack.enter_context(item.open())
            if isinstance(item, ZipMember):
                spool = stack.enter_context(tempfile.TemporaryFile(dir=work))
                _copy(source, spool, allowance)
                source = spool
            else:
                allowance.take(item.size)
            if _members(source) > MAX_MEMBERS:
                raise Refused(f"is a zip of more than {MAX_MEMBERS:,} files. Ask for the notebooks alone.")
            tree = contents(stack.enter_context(ZipFile(source)), item.path)
        yield tree


def contents(archive: ZipFile, path: str) -> "ZipFolder":
    """The members of an open zip, as a folder called `path`."""
    root = ZipFolder(path.rpartition("/")[2], path)
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts:
            continue
        if problem := _bad_name(name, parts):
            if not info.is_dir():
                root.files.append(ZipMember(archive, info, name, f"{path}/{shown(name)}", problem))
            continue
        folder = root
        for part in parts[:-1]:
            folder = folder.folder(part)
        if name.endswith("/"):
            folder.folder(parts[-1])
        else:
            folder.files.append(
                ZipMember(archive, info, parts[-1], f"{folder.path}/{shown(parts[-1])}", _bad_member(info))
            )
    return root


def _bad_name(name: str, parts: list[str]) -> str:
    if name.startswith("/") or ".." in parts or re.match("[A-Za-z]:", parts[0]):
        return "is left out: its name leads out of the zip. Only a program written for that makes such names."
    if len(parts) > MAX_DEPTH:
        return f"is left out: it lies in more than {MAX_DEPTH} folders."
    return ""


def _bad_member(info: ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link, and links are not followed. Ask for the file itself."
    if kind not in (0, stat.S_IFREG):
        return "is a device or a pipe, not a file."
    if info.flag_bits & 1:
        return "is encrypted. Ask for a zip without a password."
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is packed in a way that is not read here. Ask for an ordinary zip."
    if info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size:
        return f"is left out: it unpacks to more than {MAX_RATIO} times its size, as a zip bomb does."
    return ""


def _check(item: Item, most: int) -> None:
    if item.problem:
        raise Refused(item.problem)
    if item.size > most:
        raise Refused(_too_large(item.size, most))


def _too_large(size: int, most: int) -> str:
    return f"has {max(size // MB, 1):,} MB, and more than {most // MB} MB are not read. Ask for one without outputs."


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what reading a file or a zip can raise into Refused."""
    try:
        yield
    except Refused:
        raise
    except OSError as problem:
        reason, remedy = why(problem)
        if problem.errno in NO_ROOM:
            raise GradingError(f"Submissions cannot be read here: {reason}. {remedy}") from problem
        raise Refused(f"cannot be read: {reason}.") from problem
    except BROKEN as problem:
        raise Refused("is damaged, or no zip. Ask for it again.") from problem


def _copy(source: IO[bytes], target: IO[bytes], allowance: Allowance) -> None:
    size = 0
    while chunk := source.read(PIECE):
        size += len(chunk)
        if size > MAX_ARCHIVE:
            raise Refused(_too_large(size, MAX_ARCHIVE))
        allowance.take(len(chunk))
        target.write(chunk)


def _members(file: IO[bytes]) -> int:
    """At least as many as the zip has members. The table itself would need the memory that this is to save."""
    count, end = 0, b""
    file.seek(0)
    while chunk := file.read(PIECE):
        piece = end + chunk
        count += piece.count(MEMBER)
        end = piece[-len(MEMBER) + 1 :]
    return count


@dataclass
class DiskItem:
    """A file or a folder on the disk."""

    place: Path
    path: str
    info: os.stat_result = field(repr=False)

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.info.st_mode)

    @property
    def size(self) -> int:
        return self.info.st_size

    @property
    def changed(self) -> float:
        return self.info.st_mtime

    @property
    def problem(self) -> str:
        return _bad_file(self.info)

    def children(self, most: int | None = None) -> list[Item]:
        with _understood():
            with os.scandir(self.place) as entries:
                names = (entry.name for entry in entries)
                found = sorted(names) if most is None else heapq.nsmallest(most, names)
            return [self._child(name) for name in found]

    def _child(self, name: str) -> Item:
        place = self.place / name
        return DiskItem(place, f"{self.path}/{shown(name)}" if self.path else shown(name), place.lstat())

    def open(self) -> BinaryIO:
        # Between looking and opening it may have become another: a pipe would wait for ever, a link lead elsewhere.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with _understood():
            file = open(os.open(self.place, flags), "rb")  # noqa: SIM115
        if bad := _bad_file(os.fstat(file.fileno())):
            file.close()
            raise Refused(bad)
        return file


def _bad_file(info: os.stat_result) -> str:
    if stat.S_ISLNK(info.st_mode):
        return "is a link, and links are not followed. Ask for the file itself."
    if stat.S_ISDIR(info.st_mode):
        return ""
    if not stat.S_ISREG(info.st_mode):
        return "is a device or a pipe, not a file."
    if info.st_nlink > 1:
        return "is a hard link, so it may be another's file. If it is not, copy it (`cp`) and remove the old one."
    return ""


@dataclass
class ZipMember:
    """A file in a zip."""

    archive: ZipFile = field(repr=False)
    info: ZipInfo = field(repr=False)
    name: str
    path: str
    problem: str
    is_folder = False

    @property
    def size(self) -> int:
        return self.info.file_size

    @property
    def changed(self) -> float:
        try:
            return time.mktime((*self.info.date_time, 0, 0, -1))
        except (ValueError, OverflowError):
            return 0.0

    def children(self, most: int | None = None) -> list[Item]:
        return []

    def open(self) -> IO[bytes]:
        return self.archive.open(self.info)


@dataclass
class ZipFolder:
    """A folder in a zip, or all of it."""

    name: str
    path: str
    folders: dict[str, "ZipFolder"] = field(default_factory=dict, repr=False)
    files: list[ZipMember] = field(default_factory=list, repr=False)
    is_folder, size, changed, problem = True, 0, 0.0, ""

    def folder(self, name: str) -> "ZipFolder":
        """The folder `name` in it, made if need be."""
        if name not in self.folders:
            self.folders[name] = ZipFolder(name, f"{self.path}/{shown(name)}" if self.path else shown(name))
        return self.folders[name]

    def children(self, most: int | None = None) -> list[Item]:
        found: list[Item] = [*self.folders.values(), *self.files]
        return sorted(found, key=lambda item: item.name)[:most]

    def open(self) -> IO[bytes]:
        raise Refused("is a folder.")
