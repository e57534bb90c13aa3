"""Quizzes of chapter 03, in the notebook's order."""

from course_lib.quizzes.schedules.alphas_cumprod_from_betas import alphas_cumprod_from_betas
from course_lib.quizzes.schedules.cosine_beta_schedule import cosine_beta_schedule
from course_lib.quizzes.schedules.linear_beta_schedule import linear_beta_schedule
from course_lib.quizzes.schedules.quadratic_beta_schedule import quadratic_beta_schedule
from course_lib.quizzes.schedules.questions import (
    linear_half_way,
    perfect_but_cut_short,
    signal_left_after_200_steps,
    twice_as_many_steps,
    where_cosine_takes_most,
    which_row_is_linear,
)
from course_lib.quizzes.schedules.rescale_zero_terminal_snr import rescale_zero_terminal_snr
from course_lib.quizzes.schedules.sigma_from_alphas_cumprod import sigma_from_alphas_cumprod
from course_lib.quizzes.schedules.sigmoid_beta_schedule import sigmoid_beta_schedule
from course_lib.quizzes.schedules.snr import snr

QUIZZES = (
    linear_beta_schedule,
    alphas_cumprod_from_betas,
    linear_half_way,
    quadratic_beta_schedule,
    sigmoid_beta_schedule,
    cosine_beta_schedule,
    where_cosine_takes_most,
    which_row_is_linear,
    signal_left_after_200_steps,
    perfect_but_cut_short,
    snr,
    sigma_from_alphas_cumprod,
    rescale_zero_terminal_snr,
    twice_as_many_steps,
)
