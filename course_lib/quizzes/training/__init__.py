"""Quizzes of chapter 09, in the notebook's order."""

from course_lib.quizzes.training.batch_indices import batch_indices
from course_lib.quizzes.training.ema_update import ema_update
from course_lib.quizzes.training.questions import (
    ema_or_not,
    loss_at_the_start,
    one_t_for_all,
    same_minutes,
    small_in_the_loss,
    where_does_resume_continue,
)
from course_lib.quizzes.training.sample_timesteps import sample_timesteps
from course_lib.quizzes.training.train_loop import train_loop
from course_lib.quizzes.training.train_step import train_step
from course_lib.quizzes.training.warmup_decay import warmup_decay

QUIZZES = (
    sample_timesteps,
    one_t_for_all,
    train_step,
    loss_at_the_start,
    warmup_decay,
    ema_update,
    train_loop,
    ema_or_not,
    where_does_resume_continue,
    batch_indices,
    small_in_the_loss,
    same_minutes,
)
