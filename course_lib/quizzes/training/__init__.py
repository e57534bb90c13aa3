"""Quizzes of chapter 09, in the notebook's order."""

from course_lib.quizzes.training.ema_update import ema_update
from course_lib.quizzes.training.questions import ema_or_not, where_does_resume_continue
from course_lib.quizzes.training.sample_timesteps import sample_timesteps
from course_lib.quizzes.training.train_step import train_step
from course_lib.quizzes.training.warmup_decay import warmup_decay

QUIZZES = (sample_timesteps, train_step, warmup_decay, ema_update, ema_or_not, where_does_resume_continue)
