"""`course progress`: the record of what was passed, between machines and as a page."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.cli.console import say, says_what_to_do

app = typer.Typer(no_args_is_help=True, help="Move the record of your progress, or make a page of it.")


@app.command("export")
@says_what_to_do
def export(file: Annotated[Path, typer.Argument(help="Where to write, e.g. progress.json.")]) -> None:
    """Write your progress to a file, for `course progress import` on another machine."""
    from course_lib.checker.progress import export_to

    count = export_to(file)
    say(f"{file}: {count} quiz{'zes' if count != 1 else ''}. On the other machine: course progress import {file.name}")


@app.command("import")
@says_what_to_do
def import_(file: Annotated[Path, typer.Argument(help="A file that `course progress export` wrote.")]) -> None:
    """Add the progress in a file to the one that is kept here: what is passed stays passed."""
    from course_lib.checker.progress import import_from, readable_entries
    from course_lib.quizzes.registry import every_quiz

    before = readable_entries()
    arrived = import_from(file)
    passed = {name for name, entry in arrived.items() if entry.passed}
    new = sum(not (name in before and before[name].passed) for name in passed)
    strange = len(arrived.keys() - every_quiz().keys())
    unknown = f" {strange} of them are not in this version of the course." if strange else ""
    say(f"{file}: {len(arrived)} quizzes came in, {len(passed)} of them passed, {new} of these new here.{unknown}")


@app.command("certificate")
@says_what_to_do
def certificate(
    file: Annotated[Path, typer.Argument(help="The page to write; ends in .html.")] = Path("certificate.html"),
    name: Annotated[str, typer.Option(help="Your name, as it should stand on the page.")] = "",
) -> None:
    """Make an HTML page of your points and chapters, to look at or to print."""
    from course_lib.checker.progress import readable_entries
    from course_lib.errors import CourseError
    from course_lib.files import check_place, write_file
    from course_lib.quizzes.certificate import CERTIFICATE, certificate

    if file.suffix.lower() not in (".html", ".htm"):
        raise CourseError(f"{file} must end in .html: the page is for a browser.")
    check_place(file, CERTIFICATE)
    write_file(file, certificate(readable_entries(), name))
    say(f"{file}: open it in a browser; it prints on one sheet.")
