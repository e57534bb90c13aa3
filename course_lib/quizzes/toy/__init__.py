"""Quizzes of chapter 01, in the notebook's order."""

from course_lib.quizzes.toy.denoise_step import denoise_step
from course_lib.quizzes.toy.neighbour_loss import neighbour_loss
from course_lib.quizzes.toy.noise_levels import noise_levels
from course_lib.quizzes.toy.optimal_denoiser import optimal_denoiser
from course_lib.quizzes.toy.questions import too_few_levels, where_the_loss_stays

QUIZZES = (noise_levels, neighbour_loss, where_the_loss_stays, denoise_step, optimal_denoiser, too_few_levels)
