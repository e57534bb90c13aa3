"""The errors that a user of the course can put right."""


class CourseError(Exception):
    """Something is wrong that the user can put right; the message says what it is and what to do next."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback, which would be all about our own code."""
        return [f"{type(self).__name__}: {self}"]


class DataError(CourseError):
    """A data set that is missing, damaged or not made of images."""
