"""`python -m course_lib.cli`."""

from course_lib.cli import app

app()
