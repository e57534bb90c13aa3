"""Quizzes of chapter 10, in the notebook's order."""

from course_lib.quizzes.sampling.denoising_frames import denoising_frames
from course_lib.quizzes.sampling.image_grid import image_grid
from course_lib.quizzes.sampling.optimal_denoiser_of_dataset import optimal_denoiser_of_dataset
from course_lib.quizzes.sampling.p_sample_from import p_sample_from
from course_lib.quizzes.sampling.questions import (
    how_far_from_the_training_set,
    name_the_faults,
    what_is_decided,
    what_the_optimum_draws,
    who_is_closer,
)
from course_lib.quizzes.sampling.to_uint8 import to_uint8

QUIZZES = (
    to_uint8,
    image_grid,
    denoising_frames,
    what_is_decided,
    p_sample_from,
    what_the_optimum_draws,
    optimal_denoiser_of_dataset,
    how_far_from_the_training_set,
    who_is_closer,
    name_the_faults,
)
