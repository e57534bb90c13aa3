"""Run somebody's code and come back with data, whatever that code does.

It is a guard against accidents, not against malice: a student's own notebook is the student's. What counts for a grade
runs in another process (course_lib.grading).
"""

import copy
import io
import linecache
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import torch

from course_lib.checker.isolation import limited, seed_everything
from course_lib.checker.timeout import OutOfTime, run_limited
from course_lib.checker.values import changed, snapshot

PRINTED = 2000  # characters kept of what an attempt prints


@dataclass(frozen=True)
class Outcome:
    """What one call did: a copied `value`, or an `error`, or neither because it ran out of time."""

    value: object = None
    error: str = ""  # the exception's type
    says: str = ""  # its message, on one line
    line: str = ""  # the attempt's line where it was raised or stopped
    timed_out: bool = False
    changed: tuple[int, ...] = ()  # the places of the arguments that are not as they were
    moved_random: bool = False  # torch's global random state is not as it was
    printed: str = ""

    @property
    def returned(self) -> bool:
        return not self.error and not self.timed_out


class Pad(io.TextIOBase):
    """A file that keeps the first characters and forgets the rest."""

    def __init__(self):
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if len(self.text) < PRINTED:
            self.text += text[: PRINTED - len(self.text)]
        return len(text)


@contextmanager
def not_compiled() -> Iterator[None]:
    """Inside, what `torch.compile` made runs as it was written, and whatever is handed to it comes back as it is.

    It changes how fast a function is, not what it returns. Compiling takes seconds for every new shape, more than an
    examination has, and does not work on a machine without a C++ compiler.
    """
    compiler = torch.compile
    torch.compile = _as_written
    # without this module nothing was compiled yet, and to load it takes seconds
    used = "torch._dynamo" in sys.modules
    try:
        with torch.compiler.set_stance("force_eager") if used else nullcontext():
            yield
    finally:
        torch.compile = compiler


def _as_written(model: Callable | None = None, **_options: object) -> Callable:
    return _as_written if model is None else model


def call(attempt: Callable, args: tuple, seconds: float, seed: int = 0, file: str = "") -> Outcome:
    """Call `attempt` on copies of `args` for at most `seconds`; whatever it draws follows from `seed`.

    `file` is where the attempt was written, so that the outcome can say which of its lines failed.

    Raises KeyboardInterrupt if the person at the keyboard interrupts, and nothing else.
    """
    given = copy.deepcopy(args)
    pad, result = Pad(), {}

    def work() -> None:
        try:
            result["value"] = snapshot(attempt(*given))
        except OutOfTime as stop:
            result["line"] = _line(stop, file)
            raise
        except BaseException as error:
            result.update(error=type(error).__name__, says=_one_line(error), line=_line(error, file))

    seed_everything(seed + 20_061_123)  # a number that nobody seeds with: whoever seeds inside shows by it
    random_state = torch.default_generator.get_state()
    try:
        with redirect_stdout(pad), redirect_stderr(pad), warnings.catch_warnings(), limited(), torch.enable_grad():
            run_limited(work, seconds)
    except OutOfTime:
        return Outcome(timed_out=True, line=result.get("line", ""), printed=pad.text)
    touched = tuple(i for i, (old, new) in enumerate(zip(args, given, strict=True)) if changed(old, new))
    moved = not torch.equal(random_state, torch.default_generator.get_state())
    return Outcome(**result, changed=touched, moved_random=moved, printed=pad.text)


def _one_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split("tensor(")[0].split())
    except Exception:  # its message is the student's code too
        return ""
    return text if len(text) <= 140 else text[:139] + "…"


def _line(error: BaseException, file: str) -> str:
    """The last line of `file` that the error came through."""
    trace, found = error.__traceback__, ""
    while trace:
        frame = trace.tb_frame
        if frame.f_code.co_filename == file:
            found = linecache.getline(file, trace.tb_lineno, frame.f_globals).strip() or found
        trace = trace.tb_next
    return found if len(found) <= 80 else found[:79] + "…"
