"""`course grade`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from course_lib.cli.console import Group, console, say, says_what_to_do
from course_lib.errors import CourseError

app = Group()


@app.command()
@says_what_to_do
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder or zip: Canvas's, nbgrader's, or one folder a student.")
    ],
    roster: Annotated[Path, typer.Option(help="CSV with student_id and name, or Canvas's gradebook export.")],
    out: Annotated[Path, typer.Option(help="Where the grades, the report and the feedback go.")],
    chapters: Annotated[str, typer.Option(help='Chapters that count, as in "3-5,7"; all by default.')] = "",
    secret: Annotated[
        Path | None, typer.Option(help="A file with the key from which inputs are drawn.  [default: OUT/secret]")
    ] = None,
    deadline: Annotated[datetime | None, typer.Option(help="What comes after it is late.")] = None,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share that is taken off what is late.")] = 0.0,
    partial: Annotated[float, typer.Option(min=0, max=1, help="Share of the points for cases that are right.")] = 0.0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.  [default: the cores]")] = 0,
) -> None:
    """Grade a whole class. Killed at any moment, the same command goes on.

    Students' code runs in processes of its own, which never see an answer. report.html in OUT says how well they were
    confined on this machine.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from course_lib.grading.grade import Class, Policy
    from course_lib.grading.grade import grade as run

    group = Class(
        place=submissions,
        roster=roster,
        out=out,
        chapters=chosen(chapters),
        secret=secret,
        deadline=deadline,
        policy=Policy(partial, late),
        jobs=jobs or os.cpu_count() or 1,
    )
    columns = (TextColumn("students"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        for progress in run(group):
            bar.update(task, total=progress.of, completed=progress.students)
    for sentence in group.unclaimed:
        say(f"note: {sentence}")
    say(f"{len(group.handed_in)} students: {out / 'report.html'}, {out / 'grades.csv'}")


def chosen(text: str) -> tuple[str, ...]:
    """The chapters that "3-5,7" names; all for "". Raises CourseError for what is no such list."""
    from course_lib.quizzes.registry import CHAPTERS

    if not text:
        return CHAPTERS
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise CourseError(f'--chapters is a list such as "3-5,7", not {text!r}.')
        numbers |= set(range(int(first), int(last or first) + 1))
    if not numbers or max(numbers) >= len(CHAPTERS):
        raise CourseError(f"--chapters {text!r}: there are the chapters 0 to {len(CHAPTERS) - 1}.")
    return tuple(CHAPTERS[number] for number in sorted(numbers))
