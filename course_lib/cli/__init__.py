"""The command `course`: one module for each group of commands.

What a command needs is imported when it runs, so that `course --help` is quick.
"""

import typer

from course_lib.cli import doctor, evaluation, notebooks, progress, quizzes, sampling, training

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train, sample and check the diffusion course.")
app.add_typer(doctor.app)
app.add_typer(training.app)
app.add_typer(sampling.app)
app.add_typer(evaluation.app)
app.add_typer(notebooks.app, name="notebooks")
app.add_typer(progress.app, name="progress")
app.add_typer(quizzes.app, name="quizzes")
