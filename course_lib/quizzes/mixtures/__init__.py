"""Quizzes of chapter 02, in the notebook's order."""

from course_lib.quizzes.mixtures.energy_distance import energy_distance
from course_lib.quizzes.mixtures.euler_sampler import euler_sampler
from course_lib.quizzes.mixtures.mixture_log_prob import mixture_log_prob
from course_lib.quizzes.mixtures.mixture_score import mixture_score
from course_lib.quizzes.mixtures.posterior_mean_from_score import posterior_mean_from_score
from course_lib.quizzes.mixtures.questions import (
    behind_a_noisy_point,
    is_it_luck,
    start_too_narrow,
    where_far_arrows_point,
    which_fault_weighs_more,
    which_test_warns,
)

QUIZZES = (
    mixture_log_prob,
    where_far_arrows_point,
    mixture_score,
    behind_a_noisy_point,
    posterior_mean_from_score,
    euler_sampler,
    is_it_luck,
    energy_distance,
    which_fault_weighs_more,
    start_too_narrow,
    which_test_warns,
)
