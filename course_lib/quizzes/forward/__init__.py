"""Quizzes of chapter 04, in the notebook's order."""

from course_lib.quizzes.forward.combine_gaussians import combine_gaussians
from course_lib.quizzes.forward.extract import extract
from course_lib.quizzes.forward.q_posterior import q_posterior
from course_lib.quizzes.forward.q_sample import q_sample
from course_lib.quizzes.forward.q_step import q_step
from course_lib.quizzes.forward.questions import (
    another_x_start,
    doubt_about_the_step_before,
    what_t_zero_does,
    whose_word_counts,
)

QUIZZES = (
    extract,
    q_step,
    q_sample,
    what_t_zero_does,
    doubt_about_the_step_before,
    combine_gaussians,
    q_posterior,
    whose_word_counts,
    another_x_start,
)
