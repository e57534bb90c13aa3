"""`course diagnose`."""

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.cli.console import Group, console, say, says_what_to_do
from course_lib.errors import CourseError

if TYPE_CHECKING:
    from course_lib.runs.diagnosis import Diagnosis

app = Group()


@app.command()
@says_what_to_do
def diagnose(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT|SAMPLES",
            help="A checkpoint, or the name of one in data/; or samples: .safetensors or a folder.",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="What it learned, as data.source in a config.  [default: what the checkpoint says, or auto]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what may be wrong: "the loss falls and my samples are noise", or black, or grey, or all alike.

    Exits with 0 if nothing was found, with 1 if something was, and with 2 for a file that cannot be looked into.
    """
    from course_lib.runs import diagnosis

    aside = sys.stderr if as_json else sys.stdout  # where the line about the data goes
    try:
        with contextlib.redirect_stdout(aside):
            result = diagnosis.diagnose(path, data)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    if as_json:
        findings = [asdict(one) for one in result.findings]
        print(json.dumps({"file": str(path), "kind": result.kind, "note": result.note, "findings": findings}, indent=2))
    else:
        _show(path, result)
    raise typer.Exit(1 if result.findings else 0)


def _show(path: Path, result: "Diagnosis") -> None:
    if result.note:
        _prose(f"note: {result.note}")
    if not result.findings:
        say(f"{path}: nothing found. {result.looked}")
    for number, found in enumerate(result.findings, 1):
        say(f"\n{number}. {found.name} ({found.sure})")
        _prose(found.cause)
        _prose(f"seen: {found.evidence}")
        _prose(f"cure: {found.cure}")
        _prose(f"read: notebooks/{found.chapter}.ipynb")


def _prose(text: str) -> None:
    """Broken between words, wherever the terminal ends."""
    console.print(text, highlight=False, markup=False)
