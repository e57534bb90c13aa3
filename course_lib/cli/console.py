"""What the command groups share: one console, errors as one message, options that several commands have."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from course_lib.errors import CourseError

console = Console()
# a path or a command is never broken in two
say = functools.partial(console.print, soft_wrap=True, highlight=False, markup=False)

Precision = Annotated[
    Literal["auto", "fp32", "bf16"], typer.Option(help="What the network computes in; auto: bf16 where it is fast.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
CheckpointFile = Annotated[Path, typer.Argument(help="A checkpoint, or the name of one in data/.")]


def progress_bar() -> Progress:
    """A bar on a terminal, nothing anywhere else."""
    return Progress(*Progress.get_default_columns(), console=console, disable=not console.is_terminal)


def says_what_to_do(command: Callable) -> Callable:
    """Print a CourseError, or what a file refuses, as one message instead of a traceback, and exit with 1."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except CourseError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(1) from None
        except OSError as error:
            if error.filename is None:
                raise
            print(f"error: {error.filename}: {error.strerror}. Name another place.", file=sys.stderr)
            raise typer.Exit(1) from None

    return wrapped
