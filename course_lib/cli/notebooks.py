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
) -> None:
    """Make and run notebooks/*.ipynb from notebooks/source/*.py."""
    from concurrent.futures import ThreadPoolExecutor

    from course_lib.publishing.notebooks import build, sources, turn

    chapters = sorted(sources(names or []), key=turn)
    with ThreadPoolExecutor(jobs) as pool:
        for source, seconds in zip(chapters, pool.map(lambda source: build(source, solved), chapters), strict=True):
            say(f"built {source.stem} in {seconds:.0f} s")


@app.command("check")
@says_what_to_do
def check_notebooks() -> None:
    """Fail unless every notebook is what its source says, was run, and is not too large."""
    from course_lib.publishing.notebooks import check, sources, strays

    found = [problem for source in sources([]) for problem in check(source)] + strays()
    for problem in found:
        print(problem, file=sys.stderr)
    raise typer.Exit(1 if found else 0)
