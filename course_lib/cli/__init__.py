"""The command `course`."""

from course_lib.cli.commands import app

__all__ = ["app"]
