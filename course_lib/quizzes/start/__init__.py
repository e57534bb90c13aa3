"""Quizzes of chapter 00, in the notebook's order."""

from course_lib.quizzes.start.add_noise import add_noise
from course_lib.quizzes.start.questions import what_comes_back_first
from course_lib.quizzes.start.to_model_range import to_model_range

QUIZZES = (to_model_range, add_noise, what_comes_back_first)
