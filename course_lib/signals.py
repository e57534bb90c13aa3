"""Ctrl-C, and the signals that end a process politely: they wait until a step is taken and stored."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# what a terminal sends for Ctrl-C and when it is closed, and what a batch system sends when the time is up
POLITE = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))

SHORT = 0.05  # seconds
PATIENCE = 2.0  # seconds in which more signals mean no more than the first: Ctrl-C is pressed five times

Handler = Callable[[int, FrameType | None], object] | int | None


class Interrupted(KeyboardInterrupt):
    """A polite signal, raised where the command was."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextmanager
def deferred() -> Iterator[list[int]]:
    """Signals that arrive inside come into the list, and do what they would have done when the block has ended.

    Outside the main thread, where Python delivers no signals, it does nothing.
    """
    arrived: list[int] = []
    before = _install(lambda number, frame: arrived.append(number))
    try:
        yield arrived
    finally:
        _restore(before)
        for number in arrived[:1]:  # an impatient user presses Ctrl-C five times and means it once
            signal.raise_signal(number)


@contextmanager
def raised(until_the_end: bool = False) -> Iterator[None]:
    """A polite signal raises Interrupted; those that follow soon are ignored, so that it can be handled in peace.

    With `until_the_end` they are also ignored after the block: for a process that has nothing left to do but to end.
    """
    arrived: list[float] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if _is_importing(frame):  # what is raised then may be swallowed, or leave a module half made: a little later
            threading.Timer(SHORT, _send, (number,)).start()
        elif not arrived or time.monotonic() - arrived[-1] > PATIENCE:
            arrived.append(time.monotonic())
            raise Interrupted(number)

    before = _install(stop)
    try:
        yield
    finally:
        _restore(dict.fromkeys(before, signal.SIG_IGN) if arrived and until_the_end else before)


def _send(number: int) -> None:
    """Send a signal to the main thread: it is woken, if it sleeps."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False


def _install(handler: Handler) -> dict[int, Handler]:
    """Set `handler` for every signal that is not ignored (`nohup` ignores one); returns what was there."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    before = {number: signal.getsignal(number) for number in POLITE}
    before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    return before


def _restore(before: dict[int, Handler]) -> None:
    for number, old in before.items():
        signal.signal(number, old)
