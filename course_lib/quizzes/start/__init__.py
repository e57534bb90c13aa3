"""Quizzes of chapter 00, in the notebook's order."""

from course_lib.quizzes.start.questions import what_comes_back_first, why_minus_one_to_one
from course_lib.quizzes.start.to_model_range import to_model_range

QUIZZES = (to_model_range, why_minus_one_to_one, what_comes_back_first)
