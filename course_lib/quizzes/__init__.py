"""Quizzes that name the mistake: `check` an answer, ask for a `hint` or the `solution`, look at your `progress`."""

from course_lib.quizzes.catalogue import UnknownQuizError
from course_lib.quizzes.commands import QuizFailedError, check, hint, progress, question, solution
from course_lib.quizzes.examiner import Report, examine

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
