"""`python -m course_lib.cli`."""

from course_lib.cli.commands import app

app()
