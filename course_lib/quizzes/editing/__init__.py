"""Quizzes of chapter 14, in the notebook's order."""

from course_lib.checker.quiz import Choice, Quiz
from course_lib.quizzes.editing.denoise_from import denoise_from
from course_lib.quizzes.editing.inpaint_step import inpaint_step
from course_lib.quizzes.editing.invert_step import invert_step
from course_lib.quizzes.editing.noise_level_to_t import noise_level_to_t
from course_lib.quizzes.editing.questions import (
    how_much_of_a_sketch,
    middle_of_two_noises,
    one_call_or_ten,
    share_on_the_right,
    which_mask_is_inverted,
    wrong_t,
)
from course_lib.quizzes.editing.repaint_schedule import repaint_schedule
from course_lib.quizzes.editing.slerp import slerp

QUIZZES: tuple[Quiz | Choice, ...] = (
    noise_level_to_t,
    denoise_from,
    one_call_or_ten,
    wrong_t,
    how_much_of_a_sketch,
    inpaint_step,
    which_mask_is_inverted,
    share_on_the_right,
    repaint_schedule,
    invert_step,
    middle_of_two_noises,
    slerp,
)
