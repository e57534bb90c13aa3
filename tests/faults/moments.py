"""Every moment at which a program meets the disk, or takes a step of training: one of them can be made to go wrong.

Python itself announces opened, renamed and removed files (its audit events). Files that are open for writing are
wrapped, so that writing, flushing and closing are moments, too.
"""

import builtins
import errno
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from course_lib.unet import Unet

try:
    from fcntl import LOCK_UN
except ImportError:  # Windows, which announces no locks
    LOCK_UN = 0

# How each kind of moment can fail. Some reasons stay (a full disk is full at the next attempt, too), others pass.
REASONS = {
    "open to read": (errno.EIO, errno.EACCES, errno.EMFILE),
    "list": (errno.EIO, errno.EACCES),
    "open to write": (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EMFILE, errno.EIO),
    "mkdir": (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO),
    "write": (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    "flush": (errno.EDQUOT, errno.ENOSPC, errno.EFBIG, errno.EIO),
    "fsync": (errno.EIO, errno.ENOSPC, errno.EDQUOT),
    "close": (errno.EDQUOT, errno.ENOSPC, errno.EIO),
    "replace": (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO),
    "link": (errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EIO),
    "unlink": (errno.EROFS, errno.EACCES, errno.EIO),
    "truncate": (errno.EFBIG, errno.EIO),
    "lock": (errno.ENOLCK, errno.EIO),
}
STAYS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}

CHANGES_NOTHING = {"open to read", "list", "lock", "unlock", "fsync", "close"}
NAMELESS = {"write", "flush", "fsync", "close", "lock"}  # the system's error then names no file

ANNOUNCED = {
    "os.rename": "replace",
    "os.remove": "unlink",
    "os.mkdir": "mkdir",
    "os.link": "link",
    "os.truncate": "truncate",
    "os.listdir": "list",
    "os.scandir": "list",
    "fcntl.flock": "lock",
}


class Moment(NamedTuple):
    number: int
    what: str  # a key of REASONS, or what happens in a training step
    path: str | None = None

    @property
    def file(self) -> str:
        """x.png for .x.png.1a2b3c4d.unfinished: the same name in every run."""
        return re.sub(r"^\.(.+)\.[0-9a-f]{8}\.unfinished$", r"\1", os.path.basename(self.path or ""))

    def __str__(self) -> str:
        return f"{self.what} {self.file}".strip()


Action = Callable[[Moment], None]


class _Meddler:
    def __init__(self, folder: Path, action: Action):
        self.folder, self.action, self.number = str(folder), action, 0

    def tell(self, what: str, path: str | bytes | os.PathLike | None = None) -> None:
        self.number += 1
        self.action(Moment(self.number, what, None if path is None else os.fsdecode(path)))

    def concerns(self, path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        name = os.fsdecode(path)
        return name == self.folder or name.startswith(self.folder + os.sep)


_meddler: _Meddler | None = None


def _hear(event: str, arguments: tuple) -> None:
    if _meddler is None:
        return
    if event == "open":
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        what, path = "open to write" if writes else "open to read", arguments[0]
    elif event == "fcntl.flock":
        _meddler.tell("unlock" if arguments[1] & LOCK_UN else "lock")
        return
    elif event in ANNOUNCED:
        what, path = ANNOUNCED[event], arguments[1 if event == "os.rename" else 0]
    else:
        return
    if _meddler.concerns(path):
        _meddler.tell(what, path)


sys.addaudithook(_hear)  # for as long as the process lives; without a meddler it does nothing


class _Watched:
    """A file that is open for writing. What is written arrives in two halves, with a moment in between."""

    def __init__(self, file: io.IOBase, path: object, meddler: _Meddler):
        self._file, self._path, self._meddler = file, path, meddler

    def write(self, content):
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._meddler.tell("write", self._path)
        return half + self._file.write(content[half:])

    def flush(self):
        self._meddler.tell("flush", self._path)
        self._file.flush()

    def close(self):
        try:
            if not self._file.closed:
                self._meddler.tell("close", self._path)
        finally:
            self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getattr__(self, name):
        return getattr(self._file, name)


@contextmanager
def meddling(folder: Path, action: Action) -> Iterator[_Meddler]:
    """Call `action` at every moment that concerns `folder`, before it happens."""
    global _meddler
    meddler, really_open, really_sync = _Meddler(folder, action), builtins.open, os.fsync

    def watched_open(file, mode="r", *args, **kwargs):
        opened = really_open(file, mode, *args, **kwargs)
        return _Watched(opened, file, meddler) if set(mode) & set("wxa+") and meddler.concerns(file) else opened

    def watched_sync(number):
        meddler.tell("fsync")
        really_sync(number)

    def network_call(module, arguments):
        if isinstance(module, Unet) and not arguments[0].is_meta:  # there the memory is estimated
            meddler.tell("network call")

    with ExitStack() as stack:
        for module, name, other in (
            (builtins, "open", watched_open),
            (io, "open", watched_open),
            (os, "fsync", watched_sync),
        ):
            stack.enter_context(mock.patch.object(module, name, other))
        for handle in (
            register_module_forward_pre_hook(network_call),
            register_optimizer_step_pre_hook(lambda *_: meddler.tell("before the step")),
            register_optimizer_step_post_hook(lambda *_: meddler.tell("after the step")),
        ):
            stack.callback(handle.remove)
        _meddler = meddler
        try:
            yield meddler
        finally:
            _meddler = None


class Refusal:
    """The moment `at` fails with the error number `code`; if that reason stays, so does whatever it hits later."""

    def __init__(self, at: int, code: int):
        self.at, self.code, self.hit = at, code, []

    def __call__(self, moment: Moment) -> None:
        later = self.code in STAYS and self.code in REASONS.get(moment.what, ())
        if moment.number == self.at or (moment.number > self.at and later):
            self.hit.append(moment)
            named = None if moment.what in NAMELESS else moment.path
            raise OSError(self.code, os.strerror(self.code), named)

    @property
    def can_remove(self) -> bool:
        """Whether nothing kept the program from removing what it could not finish."""
        return all(moment.what != "unlink" for moment in self.hit)


class Signal:
    """At the moment `at` this process gets a signal: SIGKILL, or a polite one, `times` times."""

    def __init__(self, at: int, number: int = signal.SIGKILL, times: int = 1):
        self.at, self.signal, self.times = at, number, times

    def __call__(self, moment: Moment) -> None:
        if moment.number == self.at:
            for _ in range(self.times):
                os.kill(os.getpid(), self.signal)


def moments(folder: Path, work: Callable[[], object]) -> list[Moment]:
    """What `work` goes through when nothing goes wrong."""
    found: list[Moment] = []
    with meddling(folder, found.append):
        work()
    return found


def different(every: list[Moment]) -> list[Moment]:
    """Without the moments before which nothing changed on the disk since the moment before them."""
    return every[:1] + [moment for before, moment in pairwise(every) if before.what not in CHANGES_NOTHING]


def refusable(folder: Path, work: Callable[[], object]) -> list[Moment]:
    """The moments of `work` at which the system can refuse something."""
    return [moment for moment in moments(folder, work) if moment.what in REASONS]


def reason(moment: Moment) -> int:
    """One of the reasons for which a moment can fail: another one for other moments."""
    return REASONS[moment.what][moment.number % len(REASONS[moment.what])]
