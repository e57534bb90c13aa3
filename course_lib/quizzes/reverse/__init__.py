"""Quizzes of chapter 05, in the notebook's order."""

from course_lib.quizzes.reverse.deterministic_step import deterministic_step
from course_lib.quizzes.reverse.p_losses import p_losses
from course_lib.quizzes.reverse.p_mean import p_mean
from course_lib.quizzes.reverse.p_sample import p_sample
from course_lib.quizzes.reverse.p_sample_loop import p_sample_loop
from course_lib.quizzes.reverse.predict_start_from_noise import predict_start_from_noise
from course_lib.quizzes.reverse.questions import (
    hardest_level,
    noise_left_on,
    ten_networks_or_one,
    without_fresh_noise,
    wrong_start,
)

QUIZZES = (
    predict_start_from_noise,
    p_losses,
    hardest_level,
    p_mean,
    p_sample,
    p_sample_loop,
    without_fresh_noise,
    deterministic_step,
    noise_left_on,
    wrong_start,
    ten_networks_or_one,
)
