"""The guard over a child, inside the walls: sees what it uses and how it ends, and leaves nothing of it."""

import contextlib
import math
import os
import shutil
import signal
import sys
import time
from typing import Any, Protocol

TICK = 0.02  # seconds between two looks at what a child uses
PATIENCE = 10.0  # seconds until what was killed must be gone
LINUX = sys.platform == "linux"
OUT_OF_MEMORY, NO_WALLS = 70, 71  # how a child ends


class Line(Protocol):
    """The way to the grader."""

    def waits(self, seconds: float) -> bool: ...

    def read(self) -> dict[str, Any]: ...


def watch(control: Line, child: int, limits: dict[str, int]) -> tuple[str, bool]:
    """Wait for the grader's word, or for the child's end: why it ended, or must end; whether the grader has spoken."""
    base = _use(os.getpid())[1]
    end = math.inf
    while time.monotonic() < end:
        told = end < math.inf
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return _reason(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, limits), told
        if told:
            time.sleep(0.001)
        elif control.waits(TICK):
            end = time.monotonic() + control.read()["end"]
        uses = [_use(pid) for pid in _descendants(os.getpid())]
        if sum(max(0, memory - base) for _, memory in uses) > limits["memory_bytes"]:
            return "memory", end < math.inf
        if sum(threads for threads, _ in uses) > limits["processes"]:
            return "refused", end < math.inf
    return "", True


def _reason(code: int, seconds: float, limits: dict[str, int]) -> str:
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and seconds > limits["seconds_cpu"] - 1):
        return "timeout"
    words = {OUT_OF_MEMORY: "memory", NO_WALLS: "no walls", -signal.SIGXFSZ: "output", -signal.SIGSYS: "refused"}
    return words.get(code, "crashed")


def _use(pid: int) -> tuple[int, int]:
    """The threads of a process, and the bytes of memory that are its own."""
    found = {"Threads": 0, "RssAnon": 0, "RssShmem": 0}
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0])
    return found["Threads"], 1024 * (found["RssAnon"] + found["RssShmem"])


def _descendants(pid: int) -> list[int]:
    """All processes that come from this one."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                for child in map(int, file.read().split()):
                    found += [child, *_descendants(child)]
    return found


def end_all(child: int) -> None:
    """Kill what comes from this process, on other systems than Linux the child's process group, and see it gone."""
    end = time.monotonic() + PATIENCE
    while True:
        for number in (signal.SIGSTOP, signal.SIGKILL):  # what is stopped starts nothing new
            for pid in _descendants(os.getpid()):
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        if not LINUX and child:
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if time.monotonic() > end:
            os._exit(1)
        time.sleep(0.001)


def remove(folder: str) -> None:
    """Remove a folder, also what was made unreadable in it."""

    def open_up(_function: object, path: str, _error: object) -> None:
        with contextlib.suppress(OSError):
            if path != folder:
                os.chmod(os.path.dirname(path), 0o700)
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
            else:
                os.chmod(path, 0o700)

    for _ in range(3):
        if os.path.lexists(folder):
            with contextlib.suppress(RecursionError):
                shutil.rmtree(folder, onerror=open_up)
