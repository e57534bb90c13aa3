"""Quizzes of chapter 06, in the notebook's order."""

from course_lib.quizzes.objective.bound_weight import bound_weight
from course_lib.quizzes.objective.kl_between_gaussians import kl_between_gaussians
from course_lib.quizzes.objective.questions import (
    best_answer_under_l1,
    more_steps_and_the_gap,
    smallest_bound,
    what_the_bound_weighs_most,
    where_one_bump_pays,
)
from course_lib.quizzes.objective.score_from_noise import score_from_noise
from course_lib.quizzes.objective.snr_weight import snr_weight
from course_lib.quizzes.objective.v_from_start_and_noise import v_from_start_and_noise

QUIZZES = (
    v_from_start_and_noise,
    score_from_noise,
    kl_between_gaussians,
    where_one_bump_pays,
    more_steps_and_the_gap,
    bound_weight,
    what_the_bound_weighs_most,
    best_answer_under_l1,
    snr_weight,
    smallest_bound,
)
