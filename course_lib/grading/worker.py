"""Runs in a child: makes the student's attempt from its source, calls it as it is told, sends back data.

There is no answer here and no catalogue: the library around it is a copy without the graded function, and what comes in
are inputs. Requests are pickles, since they come from the grader; what goes out is never one (wire.py).
"""

import json
import linecache
import pickle
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from torch import Tensor

from course_lib.checker.isolation import preserved, remember_originals
from course_lib.checker.manner import Manner
from course_lib.checker.running import Look, Trial, perform
from course_lib.checker.sandbox import not_compiled
from course_lib.checker.submission import is_compiled, is_stub, wrong_use
from course_lib.grading.wire import pack


class Channel(Protocol):
    """Frames of bytes, from and to the grader."""

    def send(self, data: bytes) -> None: ...

    def receive(self) -> bytes: ...


@dataclass(frozen=True)
class Hello:
    """The first request: what is to be run."""

    manner: Manner
    source: str
    counts: tuple[int, ...]  # so many arguments the calls have


@dataclass(frozen=True)
class Call:
    """A later request: one look at the attempt."""

    look: Look
    trial: Trial
    state: dict[str, Tensor] | None
    seconds: float
    seed: int


@dataclass(frozen=True)
class Greeting:
    """The answer to `Hello`: facts about the attempt, or why there is none."""

    stub: bool = False
    compiled: bool = False
    wrong_use: str = ""
    error: str = ""  # the exception's type, where the source cannot even be run
    says: str = ""
    line: str = ""


def serve(channel: Channel) -> None:
    """Answer requests until the grader ends it."""
    remember_originals()
    hello: Hello = pickle.loads(channel.receive())
    attempt, greeting = _attempt(hello)
    channel.send(json.dumps(asdict(greeting)).encode())
    while attempt is not None:
        request: Call = pickle.loads(channel.receive())
        with preserved(), not_compiled():
            outcome = perform(
                hello.manner, attempt, request.look, request.trial, request.state, request.seconds, request.seed
            )
        channel.send(pack(outcome))


def _attempt(hello: Hello) -> tuple[Callable | None, Greeting]:
    """The attempt that the source defines, and what is known of it."""
    file = f"<{hello.manner.name}>"
    linecache.cache[file] = (len(hello.source), None, hello.source.splitlines(keepends=True), file)
    module = types.ModuleType("__main__")
    module.__file__ = file
    try:
        exec(compile(hello.source, file, "exec"), vars(module))
        attempt = vars(module)[hello.manner.name]
        if is_stub(attempt):
            return None, Greeting(stub=True)
        facts = Greeting(compiled=is_compiled(attempt), wrong_use=wrong_use(hello.manner, attempt, set(hello.counts)))
    except BaseException as error:
        says = " ".join(str(error).split())[:140]
        return None, Greeting(error=type(error).__name__, says=says, line=_line(error, file))
    return attempt, facts


def _line(error: BaseException, file: str) -> str:
    trace, found = error.__traceback__, ""
    while trace:
        if trace.tb_frame.f_code.co_filename == file:
            found = linecache.getline(file, trace.tb_lineno).strip()
        trace = trace.tb_next
    return found[:80]
