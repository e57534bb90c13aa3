"""Quizzes of chapter 02, in the notebook's order."""

from course_lib.quizzes.mixtures.mixture_log_prob import mixture_log_prob
from course_lib.quizzes.mixtures.mixture_score import mixture_score
from course_lib.quizzes.mixtures.questions import start_too_narrow, where_far_arrows_point

QUIZZES = (mixture_log_prob, where_far_arrows_point, mixture_score, start_too_narrow)
