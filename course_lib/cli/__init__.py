"""The command `course`: one module for each group of commands.

What a command needs is imported when it runs, so that `course --help` is quick.
"""

from importlib import metadata
from typing import Annotated

import typer

from course_lib.cli import (
    diagnose,
    doctor,
    editing,
    evaluation,
    grading,
    notebooks,
    progress,
    quizzes,
    sampling,
    training,
)
from course_lib.cli.console import Group, survive_any_terminal

survive_any_terminal()

app = Group(no_args_is_help=True, add_completion=False, help="Train, sample and check the diffusion course.")
app.add_typer(doctor.app)
app.add_typer(training.app)
app.add_typer(sampling.app)
app.add_typer(evaluation.app)
app.add_typer(diagnose.app)
app.add_typer(grading.app)
app.add_typer(editing.app, name="edit")
app.add_typer(notebooks.app, name="notebooks")
app.add_typer(progress.app, name="progress")
app.add_typer(quizzes.app, name="quizzes")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"course {metadata.version('course_lib')}")
        raise typer.Exit


@app.callback()
def course(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train, sample and check the diffusion course."""
