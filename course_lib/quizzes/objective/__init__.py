"""Quizzes of chapter 06, in the notebook's order."""

from course_lib.quizzes.objective.kl_between_gaussians import kl_between_gaussians
from course_lib.quizzes.objective.questions import best_answer_under_l1, more_steps_and_the_gap
from course_lib.quizzes.objective.score_from_noise import score_from_noise
from course_lib.quizzes.objective.snr_weight import snr_weight
from course_lib.quizzes.objective.v_from_start_and_noise import v_from_start_and_noise

QUIZZES = (
    v_from_start_and_noise,
    score_from_noise,
    kl_between_gaussians,
    more_steps_and_the_gap,
    best_answer_under_l1,
    snr_weight,
)
