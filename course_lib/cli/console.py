"""What the command groups share: one console, errors as one message, options that several commands have."""

import functools
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from course_lib.errors import CourseError
from course_lib.files import why
from course_lib.signals import Interrupted, raised

P = ParamSpec("P")
T = TypeVar("T")

console = Console()
# a path or a command is never broken in two
say = functools.partial(console.print, soft_wrap=True, highlight=False, markup=False)

# Plain help: no markup, so that [default: ...] is shown, and no frames, which narrow terminals break.
Group = functools.partial(typer.Typer, rich_markup_mode=None, pretty_exceptions_enable=False)

Precision = Annotated[
    Literal["auto", "fp32", "bf16"], typer.Option(help="What the network computes in; auto: bf16 where it is fast.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Seed = Annotated[int, typer.Option(min=0, max=2**40, help="Picture k depends on the seed and on k alone.")]
CheckpointFile = Annotated[Path, typer.Argument(help="A checkpoint, or the name of one in data/.")]

OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "defaultcpuallocator")


def survive_any_terminal() -> None:
    """Letters that a terminal does not have are written as \\xfc or \\u65e5: no command ends because of them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def progress_bar() -> Progress:
    """A bar on a terminal, nothing anywhere else."""
    return Progress(*Progress.get_default_columns(), console=console, disable=not console.is_terminal)


def quoted(*words: str | Path) -> str:
    """A command to copy, whatever is in its paths."""
    return shlex.join(map(str, words))


def says_what_to_do(command: Callable[P, T]) -> Callable[P, T]:
    """Print what went wrong as one message instead of a traceback, and exit with 1.

    That is a CourseError, what the system refuses, or too little memory. Ctrl-C and SIGTERM, too, end the command with
    a word, and with the usual status: 130 or 143.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with raised(until_the_end=True):
                return command(*args, **kwargs)
        except CourseError as error:
            raise _failed(str(error)) from None
        except Interrupted as signal:
            print("stopped.", file=sys.stderr)
            raise typer.Exit(128 + signal.number) from None
        except BrokenPipeError:  # `course ... | head`
            raise typer.Exit(1) from None
        except OSError as error:
            reason, remedy = why(error)
            raise _failed(f"{error.filename or 'a file'}: {reason}. {remedy}") from None
        except (MemoryError, RuntimeError) as error:
            said = str(error).lower()
            if not isinstance(error, MemoryError) and not any(words in said for words in OUT_OF_MEMORY):
                raise
            remedy = "Make the batch, the images or the network smaller, or close other programs."
            raise _failed(f"the memory is not enough. {remedy}") from None

    return wrapped


def _failed(message: str) -> typer.Exit:
    print(f"error: {message}", file=sys.stderr)
    return typer.Exit(1)
