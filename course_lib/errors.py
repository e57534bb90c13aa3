"""The problems that a user of the course can mend."""


class CourseError(Exception):
    """Something is wrong that the user can put right; the message says what it is and what to do next."""


class DataError(CourseError):
    """A data set that is missing, damaged or not made of images."""
