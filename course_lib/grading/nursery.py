"""Runs inside the walls: a process that has loaded torch once, and forks a child for each question.

Nursery, cradle, child: the nursery has loaded torch; it forks cradles, and each of them loads the library of one quiz;
a cradle forks a child for each question, which shuts itself in and runs the student's code. Nursery and cradle never
read anything of a student. Beside it there are only walls.py and guard.py: it needs the standard library.

The grader asks, and is answered, in lines of JSON. The nursery says `{}` when it is ready, and is asked for

    {"library": FOLDER, "entry": "module:name"}, with a socket for a new cradle, which answers there:
                             it is ready, or {"failed": why}

A cradle lives until its socket is closed, and is asked for

    {"limits": {...}}, with a socket for the child: it runs
    {"end": SECONDS}         everything that the child started is gone, {"reason": word}, after at most so many seconds
                             in which it could end by itself
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn

from course_lib.grading import walls
from course_lib.grading.guard import LINUX, NO_WALLS, OUT_OF_MEMORY, end_all, remove, watch

LENGTH = struct.Struct("<Q")
OPEN_FILES = 256
SYSTEM_FILES = ("/proc", "/dev/null", "/dev/zero", "/dev/urandom", "/sys/devices/system/cpu")


class Channel:
    """The child's end: frames of bytes, each after its length."""

    def __init__(self, connection: socket.socket):
        self._socket = connection

    def send(self, data: bytes) -> None:
        """Send one frame to the grader."""
        self._socket.sendall(LENGTH.pack(len(data)))
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """The grader's next frame. Raises EOFError when there is none to come."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            part = self._socket.recv(min(length - len(data), 2**20))
            if not part:
                raise EOFError
            data += part
        return bytes(data)


class Control:
    """Lines of JSON to and from the grader, and the file descriptors that come with them."""

    def __init__(self, connection: socket.socket):
        self._socket, self._text, self._files = connection, b"", list[int]()

    def waits(self, seconds: float) -> bool:
        """Whether something is to be read, after `seconds` at most."""
        return b"\n" in self._text or bool(select.select([self._socket], [], [], seconds)[0])

    def read(self) -> dict[str, Any]:
        """The next line. Raises EOFError when the grader is gone."""
        while b"\n" not in self._text:
            text, files, _, _ = socket.recv_fds(self._socket, 2**16, 1)
            if not text:
                raise EOFError
            self._text += text
            self._files += files
        line, _, self._text = self._text.partition(b"\n")
        return json.loads(line)

    def file(self) -> int:
        """The file descriptor that came with the line."""
        return self._files.pop()

    def close(self) -> None:
        """Leave the line to others."""
        self._socket.close()

    def write(self, **answer: str) -> None:
        """Answer the grader."""
        self._socket.sendall(json.dumps(answer).encode() + b"\n")


def main() -> None:
    """Load what the plan names, then fork cradles until the grader is gone. The plan is the first argument, as JSON."""
    plan = json.loads(sys.argv[1])
    for name in [name for name in sys.modules if name.partition(".")[0] == "course_lib"]:
        del sys.modules[name]  # the children have another
    sys.path[:] = [*(folder for folder in sys.path if folder != plan["code"]), *plan["site"]]
    if LINUX:
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
        walls.closed_to_others()
        walls.adopting()
    if plan["probe"]:
        sys.exit(_probe(plan))
    for name in plan["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    gc.collect()
    gc.freeze()
    control = Control(socket.socket(fileno=plan["control"]))
    control.write()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a cradle
    try:
        while True:
            request, own = control.read(), socket.socket(fileno=control.file())
            if os.fork() == 0:
                control.close()
                _ends(functools.partial(_cradle, plan, Control(own), request))
            own.close()
    except EOFError:
        end_all(0)
        remove(plan["folder"])


def _ends(work: Callable[[], None]) -> NoReturn:
    """Do the work of a forked process, whose callers are not its own."""
    code = 1
    try:
        work()
        code = 0
    except EOFError:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _probe(plan: dict[str, Any]) -> int:
    """0 if a child can be shut in as the plan says, and still read what it must."""
    here, there = socket.socketpair()
    folder = _folder(plan, plan["folder"])
    _own_processes(plan)
    child = os.fork()
    if child == 0:
        _ends(functools.partial(_look_around, plan, folder, there.fileno()))
    status = os.waitpid(child, 0)[1]
    here.close()
    return os.waitstatus_to_exitcode(status)


def _look_around(plan: dict[str, Any], folder: str, connection: int) -> None:
    _shut_in(plan, plan["limits"], folder, connection)
    importlib.import_module("json.tool")
    for site in plan["site"]:
        os.listdir(site)
    with tempfile.TemporaryFile() as file:
        file.write(b"1")


# One library


def _cradle(plan: dict[str, Any], control: Control, request: dict[str, Any]) -> None:
    """Load the library's entry, then fork a child for each question."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if LINUX:
        walls.adopting()
        walls.ending_with_parent()
    folder = _folder(plan, plan["folder"])
    try:
        try:
            sys.path.insert(0, _library(plan, folder, request["library"]))
            module, _, name = request["entry"].partition(":")
            entry = getattr(importlib.import_module(module), name)
        except Exception as error:
            control.write(failed=f"{type(error).__name__}: {error}"[:2000])
            return
        gc.collect()
        gc.freeze()
        control.write()
        while True:
            control.write(reason=_question(plan, control, entry, control.read()["limits"], folder))
    finally:
        remove(folder)


def _library(plan: dict[str, Any], folder: str, library: str) -> str:
    """Where the library is for this cradle and its children; they find no other."""
    if plan["sandbox"]:
        walls.separate(walls.NEW_MOUNTS)
        walls.mount("", "/", walls.PRIVATE)
        walls.mount("", plan["library"], walls.BIND, source=os.path.join(plan["libraries"], library))
        walls.mount("tmpfs", plan["libraries"], walls.READ_ONLY)
        return plan["library"]
    copy = os.path.join(folder, "library")
    shutil.copytree(library, copy)
    if plan["uid"]:
        for place, _, files in os.walk(copy):
            os.chmod(place, 0o755)
            for name in files:
                os.chmod(os.path.join(place, name), 0o644)
    return copy


def _folder(plan: dict[str, Any], inside: str) -> str:
    """A new folder, which another user can pass through, but not list."""
    folder = tempfile.mkdtemp(dir=inside)
    if plan["uid"]:
        os.chmod(folder, 0o711)
    return folder


def _own_processes(plan: dict[str, Any]) -> None:
    """The next child is the first in namespaces of its own, and takes all others there with it when it ends."""
    if plan["sandbox"]:
        walls.processes_as_here()
        walls.separate(walls.NEW_PROCESSES | walls.NEW_IPC)


# One question


def _question(plan: dict[str, Any], control: Control, entry: Callable, limits: dict[str, int], folder: str) -> str:
    """Run a child until the grader says that it is enough; the word for how it ended before, or ""."""
    connection, work = control.file(), _folder(plan, folder)
    _own_processes(plan)
    child = os.fork()
    if child == 0:
        _answer(plan, limits, work, connection, entry)
    os.close(connection)
    control.write()
    try:
        reason, told = watch(control, child, limits)
    finally:
        end_all(child)
        remove(work)
    if not told:
        control.read()
    return reason


def _answer(plan: dict[str, Any], limits: dict[str, int], work: str, connection: int, entry: Callable) -> NoReturn:
    code = NO_WALLS
    try:
        channel = Channel(_shut_in(plan, limits, work, connection))
        code = 1
        entry(channel)
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    except (RuntimeError, OSError) as error:
        code = OUT_OF_MEMORY if "allocate memory" in str(error) else code  # torch's words, and the system's
    finally:
        os._exit(code)


def _shut_in(plan: dict[str, Any], limits: dict[str, int], work: str, connection: int) -> socket.socket:
    """Take everything from this process that the plan says; returns the way to the grader, all that is left open."""
    if plan["sandbox"]:
        walls.separate(walls.NEW_MOUNTS)
        walls.mount("proc", "/proc")
        size = f"size={limits['disk_bytes']},nr_inodes=20000,mode=1777"
        for work in ("/dev/shm", plan["folder"]):
            walls.mount("tmpfs", work, options=size)
    elif plan["uid"]:
        os.chown(work, plan["uid"], plan["uid"])
    nothing = os.open(os.devnull, os.O_RDWR)
    for place in (0, 1, 2):
        os.dup2(nothing, place)
    os.dup2(connection, 3)
    os.closerange(4, 2**20)
    os.setsid()
    os.chdir(work)
    os.environ.update(HOME=work, TMPDIR=work)
    tempfile.tempdir = None
    _limit(limits, only_own=plan["counted"])
    if plan["uid"]:
        walls.become(plan["uid"])
    if LINUX:
        walls.powerless()
        walls.ending_with_parent()
    if plan["fenced"]:
        readable = [*plan["readable"], *SYSTEM_FILES, os.path.join(os.path.dirname(work), "library")]
        walls.fenced(readable, plan["listable"], [work, os.devnull])
    if plan["filtered"]:
        walls.filtered(among_others=not plan["sandbox"])
    return socket.socket(fileno=3)


def _limit(limits: dict[str, int], only_own: bool) -> None:
    """Limits that the kernel keeps for each process; that of processes only if it counts no others."""
    import resource  # not on Windows

    now = 0
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    for name, value, hard in (
        ("RLIMIT_AS", now + limits["memory_bytes"], 0),
        ("RLIMIT_CPU", limits["seconds_cpu"], 1),
        *([("RLIMIT_NPROC", limits["processes"], 0)] if only_own else []),
        ("RLIMIT_FSIZE", limits["file_bytes"], 0),
        ("RLIMIT_NOFILE", OPEN_FILES, 0),
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_MEMLOCK", 0, 0),
        ("RLIMIT_MSGQUEUE", 0, 0),
    ):
        with contextlib.suppress(AttributeError, ValueError):  # not every system has all
            resource.setrlimit(getattr(resource, name), (value, value + hard))


if __name__ == "__main__":
    main()
