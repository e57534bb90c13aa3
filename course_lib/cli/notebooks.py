"""`course notebooks build` and `course notebooks check`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from course_lib.cli.console import say, says_what_to_do

app = typer.Typer(no_args_is_help=True, help="Build the notebooks from notebooks/source, and check them.")


@app.command("build")
@says_what_to_do
def build_notebooks(
    names: Annotated[list[str] | None, typer.Argument(help="Chapters, e.g. 00_start.  [default: all]")] = None,
    solved: Annotated[Path | None, typer.Option(help="Make solved notebooks, in this folder.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many at a time.")] = 1,
    replace: Annotated[bool, typer.Option("--replace", help="Also notebooks that somebody has changed.")] = False,
) -> None:
    """Make and run notebooks/*.ipynb from notebooks/source/*.py."""
    from course_lib.publishing.notebooks import build_all, sources, turn

    def say_built(source: Path, seconds: float) -> None:
        say(f"built {source.stem} in {seconds:.0f} s")

    build_all(sorted(sources(names or []), key=turn), solved, replace, jobs, say_built)


@app.command("check")
@says_what_to_do
def check_notebooks() -> None:
    """Fail unless every notebook is what its source says, was run, shows its pictures, and is not too large."""
    from course_lib.publishing.notebooks import check, sources, strays

    found = [problem for source in sources([]) for problem in check(source)] + strays()
    for problem in found:
        print(problem, file=sys.stderr)
    raise typer.Exit(1 if found else 0)
