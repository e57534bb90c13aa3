"""`course doctor`: what the course needs, whether it is here, what it costs, and what to do if it is not.

Each room looks at one kind of thing: `installation`, `hardware`, `course_files`, `places`. A look is a function without
arguments that gives its lines of the report.
"""

import os
import sys
from collections.abc import Iterator

import typer

from course_lib.cli.console import Group, says_what_to_do
from course_lib.cli.doctor.course_files import checkpoints, configs, data_files, data_source, drawing, notebooks
from course_lib.cli.doctor.hardware import bf16, device, memory, threads
from course_lib.cli.doctor.installation import figures, libraries_load, terminal, versions
from course_lib.cli.doctor.places import environment, progress_record, writing
from course_lib.cli.doctor.report import Check, carried_out, hangs, print_report

app = Group()

# The first ones need no library that could end this process, or never return.
PLAIN = (versions, terminal, notebooks, environment, writing)
OTHERS = (
    *(progress_record, figures, device, bf16, threads, memory),
    *(data_files, checkpoints, drawing, data_source, configs),
)


@app.command()
@says_what_to_do
def doctor() -> None:
    """Say whether everything that the course needs is here, and what to do if not."""
    status = print_report(run_checks())
    if hangs():  # what still hangs would hold up a normal exit
        sys.stdout.flush()
        os._exit(status)
    raise typer.Exit(status)


def run_checks() -> Iterator[Check]:
    """All checks, in the order of the report; one that raises or does not answer counts as failed."""
    for look in PLAIN:
        yield from carried_out(look)
    broken = carried_out(libraries_load)
    yield from broken
    if any(not check.ok for check in broken):
        yield Check("the rest", True, "was not looked at: it needs these libraries", "Mend them, then call this again.")
        return
    for look in OTHERS:
        yield from carried_out(look)
