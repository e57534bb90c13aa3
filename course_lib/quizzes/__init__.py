"""Quizzes that name the mistake: `check` an answer, ask for a `hint` or the `solution`, see your
`progress`, and `review` later what you passed."""

from course_lib.checker.examine import Report
from course_lib.quizzes.commands import QuizFailedError, check, examine, hint, question, solution
from course_lib.quizzes.overview import progress
from course_lib.quizzes.predictions import after_answer
from course_lib.quizzes.registry import UnknownQuizError
from course_lib.quizzes.reviews import review

__all__ = [
    "QuizFailedError",
    "Report",
    "UnknownQuizError",
    "after_answer",
    "check",
    "examine",
    "hint",
    "progress",
    "question",
    "review",
    "solution",
]
