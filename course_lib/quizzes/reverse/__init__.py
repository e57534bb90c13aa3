"""Quizzes of chapter 05, in the notebook's order."""

from course_lib.quizzes.reverse.p_losses import p_losses
from course_lib.quizzes.reverse.p_mean import p_mean
from course_lib.quizzes.reverse.p_sample import p_sample
from course_lib.quizzes.reverse.p_sample_loop import p_sample_loop
from course_lib.quizzes.reverse.predict_start_from_noise import predict_start_from_noise
from course_lib.quizzes.reverse.questions import hardest_level, noise_left_on

QUIZZES = (predict_start_from_noise, p_losses, p_mean, p_sample, p_sample_loop, hardest_level, noise_left_on)
