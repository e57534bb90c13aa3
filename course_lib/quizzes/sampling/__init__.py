"""Quizzes of chapter 10, in the notebook's order."""

from course_lib.quizzes.sampling.denoising_frames import denoising_frames
from course_lib.quizzes.sampling.image_grid import image_grid
from course_lib.quizzes.sampling.optimal_denoiser_of_dataset import optimal_denoiser_of_dataset
from course_lib.quizzes.sampling.questions import what_the_optimum_draws, which_fault
from course_lib.quizzes.sampling.to_uint8 import to_uint8

QUIZZES = (to_uint8, image_grid, denoising_frames, what_the_optimum_draws, optimal_denoiser_of_dataset, which_fault)
