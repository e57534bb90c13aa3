"""Quizzes of chapter 01, in the notebook's order."""

from course_lib.quizzes.toy.denoise_step import denoise_step
from course_lib.quizzes.toy.neighbour_loss import neighbour_loss
from course_lib.quizzes.toy.noise_levels import noise_levels
from course_lib.quizzes.toy.optimal_denoiser import optimal_denoiser
from course_lib.quizzes.toy.peaks_denoiser import peaks_denoiser
from course_lib.quizzes.toy.questions import (
    between_two_peaks,
    too_few_levels,
    where_the_loss_stays,
    where_the_paths_fork,
)
from course_lib.quizzes.toy.sample_path import sample_path

QUIZZES = (
    noise_levels,
    neighbour_loss,
    where_the_loss_stays,
    denoise_step,
    sample_path,
    optimal_denoiser,
    too_few_levels,
    between_two_peaks,
    peaks_denoiser,
    where_the_paths_fork,
)
