"""Quizzes of chapter 13, in the notebook's order."""

from course_lib.checker.quiz import Choice, Quiz
from course_lib.quizzes.guidance.classifier_gradient import classifier_gradient
from course_lib.quizzes.guidance.drop_labels import drop_labels
from course_lib.quizzes.guidance.guided_noise import guided_noise
from course_lib.quizzes.guidance.in_interval import in_interval
from course_lib.quizzes.guidance.questions import (
    away_from_shirts,
    half_and_half,
    larger_weights,
    what_weight_costs,
    where_samples_end,
    which_noise,
    who_judges,
)

QUIZZES: tuple[Quiz | Choice, ...] = (
    larger_weights,
    drop_labels,
    guided_noise,
    where_samples_end,
    in_interval,
    which_noise,
    away_from_shirts,
    half_and_half,
    classifier_gradient,
    who_judges,
    what_weight_costs,
)
