"""Stop a call that takes too long, also one that catches every exception."""

import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

TICK = 0.02  # seconds between two attempts to stop it
GRACE = 1.0  # seconds until a worker thread that cannot be stopped is left behind
IMPORTS = 60.0  # seconds for what a call imports: half an import would leave the module unusable in this process
PATIENCE = 3  # so many times the seconds for a call that hardly got to run, because the machine is busy


class OutOfTime(BaseException):
    """Raised inside a call that has used up its time."""


def run_limited(work: Callable[[], None], seconds: float) -> None:
    """Run `work()`; raise OutOfTime in it, and from here, after `seconds`.

    Nothing is stopped in the middle of an import, and the seconds begin again behind it.
    On a busy machine it gets up to three times as long, until the processor has worked for half of `seconds`. In
    the main thread a Unix timer does it, which also ends a sleep. Elsewhere (Windows, other threads) `work` runs in a
    thread of its own; one that sleeps, or catches everything, may be left behind. A single call into compiled code
    cannot be stopped by either.
    Raises what `work` raises, and KeyboardInterrupt when the person at the keyboard interrupts.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        _with_timer(work, seconds)
    else:
        _with_thread(work, seconds)


def _enter(work: Callable[[], None]) -> None:
    """The frame that marks where stopping is allowed: above it nothing is ever interrupted."""
    work()


def _inside(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code is _enter.__code__:
            return True
        frame = frame.f_back
    return False


def _importing(frame: FrameType | None) -> bool:
    """Whether an import is going on, seen from a frame inside of `_enter`."""
    while frame is not None and frame.f_code is not _enter.__code__:
        code = frame.f_code
        if code.co_name == "_find_and_load" and code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


def _with_timer(work: Callable[[], None], seconds: float) -> None:
    strikes = countdown = 0
    interrupted = False

    def strike(_signal: int, frame: FrameType | None) -> None:
        nonlocal strikes, countdown, began, worked
        if not _inside(frame):
            return
        if not strikes and _importing(frame) and time.monotonic() - entered < seconds + IMPORTS:
            began, worked = time.monotonic(), time.process_time()
            return
        if not strikes and time.monotonic() - began < seconds:
            return  # so soon after an import
        starved = time.process_time() - worked < seconds / 2
        if not strikes and starved and time.monotonic() - began < PATIENCE * seconds:
            return  # the timer strikes again
        strikes += 1
        if strikes > 3:  # `except: pass` in a loop swallows this: raise once more some lines later, ever another number
            countdown = strikes % 40
            sys.settrace(trace)
            above = frame
            while above.f_code is not _enter.__code__:
                above.f_trace, above = trace, above.f_back
        raise OutOfTime

    def trace(frame: FrameType, event: str, _argument: object) -> Callable | None:
        nonlocal countdown
        if not _inside(frame):
            return None
        countdown -= event == "line"
        if countdown < 0:
            raise OutOfTime
        return trace

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    tracing, entered, worked = sys.gettrace(), time.monotonic(), time.process_time()
    began = entered
    keyboard = signal.getsignal(signal.SIGINT)
    if callable(keyboard):
        signal.signal(signal.SIGINT, interrupt)
    alarm = signal.signal(signal.SIGALRM, strike)
    pending, interval = signal.setitimer(signal.ITIMER_REAL, seconds, TICK)
    try:
        _enter(work)
    except OutOfTime:
        if not interrupted:
            raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracing)
        signal.signal(signal.SIGALRM, alarm if alarm is not None else signal.SIG_DFL)
        if callable(keyboard):
            signal.signal(signal.SIGINT, keyboard)
        if pending:  # somebody else's timer goes on
            signal.setitimer(signal.ITIMER_REAL, max(pending - (time.monotonic() - entered), TICK), interval)
    if interrupted:
        raise KeyboardInterrupt


def _with_thread(work: Callable[[], None], seconds: float) -> None:
    raised = []

    def target() -> None:
        try:
            _enter(work)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    entered = time.monotonic()
    while True:
        worked = time.process_time()
        thread.join(seconds)
        if time.process_time() - worked < seconds / 2:
            thread.join((PATIENCE - 1) * seconds)
        if not _importing(sys._current_frames().get(thread.ident)) or time.monotonic() - entered > seconds + IMPORTS:
            break
    end = time.monotonic() + GRACE
    late = thread.is_alive()
    while thread.is_alive() and time.monotonic() < end:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTime))
        thread.join(TICK)
    if late:
        raise OutOfTime
    if raised:
        raise raised[0]
