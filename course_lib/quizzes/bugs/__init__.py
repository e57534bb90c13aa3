"""Quizzes of chapter 17, in the notebook's order."""

from course_lib.checker.quiz import Choice, Quiz
from course_lib.quizzes.bugs.ancestral_step import ancestral_step
from course_lib.quizzes.bugs.ddim_update import ddim_update
from course_lib.quizzes.bugs.paste_known import paste_known
from course_lib.quizzes.bugs.questions import grey_or_noise, loss_falls_samples_noise
from course_lib.quizzes.bugs.start_of_output import start_of_output
from course_lib.quizzes.bugs.training_inputs import training_inputs

QUIZZES: tuple[Quiz | Choice, ...] = (
    grey_or_noise,
    ancestral_step,
    ddim_update,
    paste_known,
    training_inputs,
    loss_falls_samples_noise,
    start_of_output,
)
