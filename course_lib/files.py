"""The files that the course writes: whole or not at all, and never over a file of another kind.

Whatever the system refuses becomes a FileError, which says where, why, and what to do next.
"""

import errno
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from course_lib.errors import CourseError

if sys.platform != "win32":  # there every file system has locks
    import fcntl

UNFINISHED = ".unfinished"  # the ending of a file that is being written
STALE_SECONDS = 600  # nobody writes for so long without a pause: a killed process left it

ANOTHER = "Name another place."
REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space there, or name another place."),
    errno.EDQUOT: ("your quota on that disk is used up", "Delete something there, or name another place."),
    errno.EFBIG: ("a file may not become that large here", "Raise the limit (`ulimit -f unlimited`)."),
    errno.EACCES: ("you have no permission", ANOTHER),
    errno.EPERM: ("the system does not permit it", ANOTHER),
    errno.EROFS: ("that file system is read-only", ANOTHER),
    errno.ENOTDIR: ("a part of this path is a file, not a folder", ANOTHER),
    errno.EEXIST: ("a part of this path is a file, not a folder", ANOTHER),
    errno.EISDIR: ("a folder of that name is there", "Name a file."),
    errno.ENOENT: ("there is no such file or folder", "Check the spelling, or name another place."),
    errno.ENAMETOOLONG: ("the name is too long", "Name a shorter one."),
    errno.ELOOP: ("its links lead in a circle", ANOTHER),
    errno.EIO: ("the disk reports an error", "Check the disk, and name a place on another one."),
    errno.EMFILE: ("this process has too many files open", "Raise the limit (`ulimit -n`) and try again."),
    errno.ENOMEM: ("the machine has no memory left", "Close other programs and try again."),
}


class FileError(CourseError):
    """A file that cannot be read, written or replaced."""


class BusyError(FileError):
    """Another process holds a lock."""


@dataclass(frozen=True)
class Kind:
    """A kind of file that the course writes, and how to recognise one."""

    name: str
    is_one: Callable[[Path], bool]


def starts_with(magic: bytes) -> Callable[[Path], bool]:
    """Recognises a file by its first bytes."""

    def is_one(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic

    return is_one


PNG = Kind("PNG picture", starts_with(b"\x89PNG\r\n\x1a\n"))
GIF = Kind("GIF film", starts_with(b"GIF8"))
WEBP = Kind("WebP film", starts_with(b"RIFF"))


def why(problem: OSError) -> tuple[str, str]:
    """What the system refused, and what to do about it."""
    return REASONS.get(problem.errno or 0, (problem.strerror or str(problem) or type(problem).__name__, ANOTHER))


@contextmanager
def explained(path: str | Path, doing: str = "written") -> Iterator[None]:
    """Turn an OSError into a FileError that says that `path` cannot be `doing` ("written", "read"), why, what to do."""
    try:
        yield
    except OSError as problem:
        reason, remedy = why(problem)
        raise FileError(f"{path} cannot be {doing}: {reason}. {remedy}") from problem
    except ValueError as problem:  # a path with a null byte, or one that this system's encoding does not have
        if "null" not in str(problem) and not isinstance(problem, UnicodeError):
            raise
        raise FileError(f"{str(path)!r} cannot be {doing}: no file can have that name. {ANOTHER}") from problem


def write_file(path: str | Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) so that `path` is, at every moment, the old file or the new one, whole.

    Makes the folder if need be. A link is replaced, not followed. Raises FileError if that is impossible; the old file
    then stays.
    """
    path = Path(path)
    with explained(path):
        _refuse_odd(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        unfinished = path.with_name(f".{_short(path.name)}.{secrets.token_hex(4)}{UNFINISHED}")
        try:
            # as `open` does it: the permissions that the user's umask leaves
            with open(unfinished, "xb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise


def check_place(path: str | Path, kind: Kind | None = None) -> None:
    """Raise FileError now if `write_file(path, ...)` could not work later, or would replace a file of another kind.

    To know it, an empty file is made beside `path` and removed; folders that were missing are made.
    """
    path = Path(path)
    with explained(path):
        _refuse_odd(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = path.with_name(f".{_short(path.name)}.{secrets.token_hex(4)}{UNFINISHED}")
        trial.touch(exist_ok=False)
        trial.unlink()
        with suppress(FileNotFoundError):
            path.lstat()  # raises for a name that is too long
    with explained(path, "read"):
        if kind and path.is_file() and path.stat().st_size and not kind.is_one(path):
            raise FileError(f"{path} is there already and is no {kind.name}. Name another file.")


def remove_unfinished(folder: Path, *names: str) -> None:
    """Remove what killed processes left half-written of the files `names` (patterns, as for glob) in `folder`.

    Only for files that nobody else writes just now. Version 0.1 left files without an ending of their own.
    """
    for name in names:
        for file in folder.glob(f".{name}.*"):
            with suppress(OSError):
                file.unlink()


@contextmanager
def locked(path: str | Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path`; it is free again when this process ends, however it ends.

    Raises BusyError if another process holds it for longer than `timeout` seconds, FileError if it cannot be written.
    On a file system without locks it returns at once and holds nothing.
    """
    path = Path(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        has_locks = _has_locks(path)
    if not has_locks:
        yield
        return
    lock = FileLock(path, mode=path.stat().st_mode & 0o777)  # older ones would make it readable for all
    with explained(path):
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            raise BusyError(f"another process holds {path}. Wait until it has ended, or name another place.") from None
    try:
        yield
    finally:
        lock.release()


def _has_locks(path: Path) -> bool:
    """Whether the file system of `path` has locks. `filelock` waits, or raises, where it has none."""
    if sys.platform == "win32":
        return True
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True


def _refuse_odd(path: Path) -> None:
    """A folder cannot be replaced, and a device must not be."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise FileError(f"{path} is a device or a pipe, not a file. Name a file.")


def _remove_leftovers(path: Path) -> None:
    """Remove what a killed process left of this file: another one may be writing it just now, so only what is old."""
    prefix = f".{_short(path.name)}."
    for file in path.parent.iterdir():
        if file.name.startswith(prefix) and file.name.endswith(UNFINISHED):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > STALE_SECONDS:
                    file.unlink()


def _short(name: str) -> str:
    """So much of a file's name that more can be added: 255 bytes is the longest there is, four a character."""
    return name[:50]
