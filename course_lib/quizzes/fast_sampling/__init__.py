"""Quizzes of chapter 12, in the notebook's order."""

from course_lib.quizzes.fast_sampling.autoguide import autoguide
from course_lib.quizzes.fast_sampling.ddim_step import ddim_step
from course_lib.quizzes.fast_sampling.ddim_timesteps import ddim_timesteps
from course_lib.quizzes.fast_sampling.dpm_solver_step import dpm_solver_step
from course_lib.quizzes.fast_sampling.heun_step import heun_step
from course_lib.quizzes.fast_sampling.questions import (
    eight_times_the_steps,
    heun_with_ten_calls,
    same_noise_fewer_calls,
    spacing_or_order,
    std_after_ten_steps,
    twice_the_weight,
)

QUIZZES = (
    same_noise_fewer_calls,
    ddim_timesteps,
    ddim_step,
    std_after_ten_steps,
    eight_times_the_steps,
    heun_step,
    dpm_solver_step,
    heun_with_ten_calls,
    spacing_or_order,
    autoguide,
    twice_the_weight,
)
