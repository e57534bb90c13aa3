"""Quizzes that name the mistake: `check` an answer, ask for a `hint` or the `solution`, look at your `progress`."""

from course_lib.checker.examine import Report
from course_lib.quizzes.commands import QuizFailedError, check, examine, hint, progress, question, solution
from course_lib.quizzes.registry import UnknownQuizError

__all__ = [
    "QuizFailedError",
    "Report",
    "UnknownQuizError",
    "check",
    "examine",
    "hint",
    "progress",
    "question",
    "solution",
]
