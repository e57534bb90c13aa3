"""Quizzes of chapter 16, in the notebook's order."""

from course_lib.checker.quiz import Choice, Quiz
from course_lib.quizzes.flow.euler_step import euler_step
from course_lib.quizzes.flow.flow_matching_loss import flow_matching_loss
from course_lib.quizzes.flow.flow_path import flow_path
from course_lib.quizzes.flow.questions import flow_time_at_half, one_euler_step
from course_lib.quizzes.flow.velocity_from_noise import velocity_from_noise

QUIZZES: tuple[Quiz | Choice, ...] = (
    flow_path,
    flow_matching_loss,
    euler_step,
    one_euler_step,
    flow_time_at_half,
    velocity_from_noise,
)
