"""The grader's side of a nursery: start it, ask, keep to the limits, kill, start it again."""

import json
import os
import select
import socket
import struct
import subprocess
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args

from course_lib.grading.confinement import ENVIRONMENT, Confinement, Limits, nursery_command, what_holds
from course_lib.grading.errors import GradingError

Reason = Literal["timeout", "crashed", "memory", "output", "refused"]
REASONS = get_args(Reason)

LENGTH = struct.Struct("<Q")
PRELOAD = ("torch", "numpy", "numpy.random", "numpy.ctypeslib", "einops", "safetensors.torch", "cloudpickle", "hmac")
START = 180.0  # seconds for a nursery to load torch, on a busy machine
LOAD = 60.0  # seconds to load a library
END = 15.0  # seconds until a child and all that it started are gone


class ChildEnded(Exception):
    """A child gave no answer.

    reason   "timeout", "crashed" (it ended by itself), "memory", "output" (too much of it), "refused" (by the walls)
    """

    def __init__(self, reason: Reason):
        super().__init__(reason)
        self.reason: Reason = reason


class NurseryLost(Exception):
    """The nursery itself gives no answer."""


class Channel:
    """The grader's end of the way to a child: frames of bytes, each after its length.

    Whatever the child does, a call ends in time and takes no more memory than it was told.
    """

    def __init__(self, connection: socket.socket, limits: Limits):
        self._socket, self._limits = connection, limits
        self._end = time.monotonic() + limits.seconds_wall
        self._received = 0
        connection.setblocking(False)

    def send(self, data: bytes, seconds: float = 30.0) -> None:
        """Send one frame. Raises ChildEnded if the child doesn't take it in time."""
        end = min(self._end, time.monotonic() + seconds)
        for part in (LENGTH.pack(len(data)), data):
            rest = memoryview(part)
            while rest:
                _wait(self._socket, select.POLLOUT, end)
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    continue
                except OSError:
                    raise ChildEnded("crashed") from None

    def receive(self, seconds: float, most_bytes: int) -> bytes:
        """The child's next frame. Raises ChildEnded if it has none after `seconds`, or a longer one."""
        end = min(self._end, time.monotonic() + seconds)
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size, end))
        self._received += length
        if length > most_bytes or self._received > self._limits.output_bytes:
            raise ChildEnded("output")
        return self._exactly(length, end)

    def _exactly(self, length: int, end: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            _wait(self._socket, select.POLLIN, end)
            try:
                part = self._socket.recv(min(length - len(data), 2**20))
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            if not part:
                raise ChildEnded("crashed")
            data += part
        return bytes(data)


def _wait(connection: socket.socket, event: int, end: float) -> None:
    poll = select.poll()
    poll.register(connection, event)
    left = end - time.monotonic()
    if left <= 0 or not poll.poll(1000 * left):
        raise ChildEnded("timeout")


class Nursery(AbstractContextManager):
    """A warm process that runs one question after the other, each in a fork of its own.

    For one thread, which must live as long: with the thread that starts it bubblewrap ends.

    limits, confinement   of every question; by default what this machine has
    preload               modules to load once
    cradles               so many libraries are kept loaded
    restarts              so many times it was lost, and started again
    """

    def __init__(
        self,
        limits: Limits | None = None,
        confinement: Confinement | None = None,
        preload: tuple[str, ...] = PRELOAD,
        cradles: int = 32,
    ):
        self.limits = limits or Limits()
        self.confinement = confinement or what_holds()
        self.restarts = 0
        self._preload, self._most = preload, cradles
        self._running: Running | None = None

    @contextmanager
    def question(self, library: Path, entry: str) -> Iterator[Channel]:
        """A way to a child in which `entry`, "module:function" of the library, runs with its end of it.

        The library is a folder for `sys.path`, next to those of other quizzes, which the child can't see. A library
        that is loaded is not looked at again. After the block everything that the child started is gone.

        Raises, from the block, ChildEnded with the reason why there is no answer; if `restarts` has grown too, the
        nursery was lost with the child, perhaps for want of memory, and the question is worth another try. Raises
        GradingError if the nursery can't be started or the library can't be loaded.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            cradle = self._begin(library.resolve(), entry, theirs)
            theirs.close()
            channel = Channel(ours, self.limits)
            try:
                yield channel
            except ChildEnded as end:
                told = self._end(cradle, 1.0 if end.reason == "crashed" else 0.0)
                if end.reason == "crashed" and told:
                    raise ChildEnded(told) from None
                raise
            except BaseException:
                self._end(cradle, 0.0)
                raise
            else:
                self._end(cradle, 0.0)

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _begin(self, library: Path, entry: str, theirs: socket.socket) -> "Control":
        """Have a child started; the cradle that did it."""
        for last in (False, True):
            try:
                if self._running is None or self._running.libraries != library.parent:
                    self._stop()
                    self._running = Running(self.limits, self.confinement, self._preload, library.parent)
                    self._running.start()
                cradle = self._running.cradle(library, entry, self._most)
                cradle.ask({"limits": _whole(self.limits)}, LOAD, theirs)
                return cradle
            except NurseryLost as lost:
                notes = self._stop()
                self.restarts += 1
                if last:
                    message = f"The process that runs the answers can't be started: {lost}. {notes}".strip()
                    raise GradingError(message) from None
        raise AssertionError

    def _end(self, cradle: "Control", seconds: float) -> Reason | None:
        """End the question; the reason why the child had ended before, or does so in `seconds`."""
        try:
            told = cradle.ask({"end": seconds}, END).get("reason")
        except NurseryLost:  # with everything in it
            self._stop()
            self.restarts += 1
            return None
        if told == "no walls":
            raise GradingError("A child could not be shut in, and was not run. Does this machine lack memory?")
        return told if told in REASONS else None

    def _stop(self) -> str:
        """Stop it; the last that it wrote to standard error."""
        notes = self._running.stop() if self._running else ""
        self._running = None
        return notes


class Running:
    """A nursery's process, its files and its cradles."""

    def __init__(self, limits: Limits, confinement: Confinement, preload: tuple[str, ...], libraries: Path):
        self.libraries = libraries
        self._sandbox = confinement.sandbox
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._notes = Path(self._folder.name, "notes")
        self._cradles: OrderedDict[tuple[Path, str], Control] = OrderedDict()
        ours, theirs = socket.socketpair()
        self._control = Control(ours)
        command = nursery_command(confinement, limits, Path(self._folder.name), libraries, theirs.fileno(), preload)
        with theirs, self._notes.open("wb") as notes:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=notes,
                env=ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(self) -> None:
        """Wait until it is ready. Raises NurseryLost."""
        self._control.answer(START)

    def cradle(self, library: Path, entry: str, most: int) -> "Control":
        """The cradle that has this library, which is loaded if need be. Raises NurseryLost, GradingError."""
        if (library, entry) in self._cradles:
            self._cradles.move_to_end((library, entry))
            return self._cradles[library, entry]
        while len(self._cradles) >= most:
            self._cradles.popitem(last=False)[1].close()
        ours, theirs = socket.socketpair()
        cradle = Control(ours)
        with theirs:
            self._control.tell({"library": library.name if self._sandbox else str(library), "entry": entry}, theirs)
        if why := cradle.answer(LOAD).get("failed"):
            cradle.close()
            raise GradingError(f"{entry} in {library} can't be loaded: {why}")
        self._cradles[library, entry] = cradle
        return cradle

    def stop(self) -> str:
        """Stop it and remove its files; the last that it wrote to standard error."""
        for control in (*self._cradles.values(), self._control):
            control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.5)
        self.process.kill()
        self.process.wait()
        notes = ""
        with suppress(OSError):
            notes = self._notes.read_text(errors="replace")[-1000:]
        self._folder.cleanup()
        return notes


class Control:
    """Lines of JSON to and from a nursery or a cradle."""

    def __init__(self, connection: socket.socket):
        self._socket, self._text = connection, b""

    def answer(self, seconds: float) -> dict[str, Any]:
        """The next line. Raises NurseryLost if there is none after `seconds`."""
        end = time.monotonic() + seconds
        while b"\n" not in self._text:
            try:
                _wait(self._socket, select.POLLIN, end)
                part = self._socket.recv(2**16)
            except (ChildEnded, OSError):
                part = b""
            if not part:
                raise NurseryLost("it has ended, or hangs")
            self._text += part
        line, _, self._text = self._text.partition(b"\n")
        return json.loads(line)

    def tell(self, request: dict[str, Any], end: socket.socket | None = None) -> None:
        """Send a line, with one end of a socket. Raises NurseryLost."""
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode() + b"\n"], [end.fileno()] if end else [])
        except OSError as error:
            raise NurseryLost(os.strerror(error.errno or 0)) from None

    def ask(self, request: dict[str, Any], seconds: float, end: socket.socket | None = None) -> dict[str, Any]:
        """Send a line and return the answer. Raises NurseryLost."""
        self.tell(request, end)
        return self.answer(seconds)

    def close(self) -> None:
        """Hang up, which ends the other side."""
        self._socket.close()


def _whole(limits: Limits) -> dict[str, int]:
    return {name: int(value) for name, value in asdict(limits).items()}
