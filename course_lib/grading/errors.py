"""What stops grading as a whole; what is wrong with one submission is a reason in its row."""

from course_lib.errors import CourseError


class GradingError(CourseError):
    """Something that the instructor must mend before anything can be graded. The message says what to do."""
