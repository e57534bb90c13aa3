"""`course quizzes`: what there is, and the beginning of a new one."""

from typing import Annotated

import typer

from course_lib.cli.console import say, says_what_to_do

app = typer.Typer(no_args_is_help=True, help="List the quizzes, or begin a new one.")


@app.command("list")
@says_what_to_do
def list_(chapter: Annotated[str, typer.Argument(help="Only this chapter's, e.g. schedules.")] = "") -> None:
    """List the quizzes in the course's order, with points and minutes."""
    from rich.table import Table

    from course_lib.errors import CourseError
    from course_lib.quizzes.registry import CHAPTERS, quizzes_of

    chapters = [chapter] if chapter else [name for name in CHAPTERS if quizzes_of(name)]
    if chapter and (chapter not in CHAPTERS or not quizzes_of(chapter)):
        there = ", ".join(name for name in CHAPTERS if quizzes_of(name))
        raise CourseError(f"There is no chapter {chapter!r} with quizzes. Choose one of: {there}.")
    table = Table("chapter", "quiz", "points", "minutes", box=None)
    for name in chapters:
        for quiz in quizzes_of(name).values():
            table.add_row(f"{CHAPTERS.index(name):02d} {name}", quiz.name, str(quiz.points), str(quiz.minutes))
    say(table)


@app.command("new")
@says_what_to_do
def new(
    name: Annotated[str, typer.Argument(help="The reference's name, which becomes the quiz's.")],
    chapter: Annotated[str, typer.Option(help="The chapter that it belongs to, e.g. schedules.")],
    module: Annotated[str, typer.Option(help="Where the reference is.  [default: the chapter's module]")] = "",
) -> None:
    """Write the skeleton of a quiz into the catalogue, and print its cells for the notebook."""
    from course_lib.quizzes.registry import CHAPTERS
    from course_lib.quizzes.skeleton import cells, write_skeleton

    module = module or chapter
    file = write_skeleton(name, chapter, module)
    say(f"Wrote {file}; fill in every TODO.\n")
    say(f"Two cells for notebooks/source/{CHAPTERS.index(chapter):02d}_{chapter}.py:\n\n{cells(name, module)}\n")
    folder = f"course_lib/quizzes/{chapter}"
    say(f"Then: ruff check --fix {folder}; ruff format {folder}; pytest tests/quizzes/test_catalogue.py -k {name}")
