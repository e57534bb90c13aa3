"""Ctrl-C, and the signals that end a process politely: they wait until a step is taken and stored."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# what a terminal sends for Ctrl-C and when it is closed, and what a batch system sends when the time is up
POLITE = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


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
    """The first polite signal raises Interrupted; those that follow are ignored, so that it can be handled in peace.

    With `until_the_end` they are also ignored after the block: for a process that has nothing left to do but to end.
    """
    arrived: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        arrived.append(number)
        raise Interrupted(number)

    before = _install(stop)
    try:
        yield
    except RuntimeError as problem:
        if isinstance(problem.__cause__, Interrupted):  # Python 3.11 wraps what is raised while a class is made
            raise problem.__cause__ from None
        raise
    finally:
        if not (arrived and until_the_end):
            _restore(before)


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
