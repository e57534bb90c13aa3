"""Quizzes of chapter 11, in the notebook's order."""

from course_lib.quizzes.evaluation.bits_per_dimension import bits_per_dimension
from course_lib.quizzes.evaluation.frechet_distance import frechet_distance
from course_lib.quizzes.evaluation.inception_score import inception_score
from course_lib.quizzes.evaluation.kernel_distance import kernel_distance
from course_lib.quizzes.evaluation.precision_recall import precision_recall
from course_lib.quizzes.evaluation.questions import (
    a_mode_is_missing,
    noise_in_99_of_100,
    the_second_judge,
    two_grids,
    what_fools_it,
    what_n_does,
    where_the_bits_go,
)

QUIZZES = (
    two_grids,
    frechet_distance,
    what_n_does,
    kernel_distance,
    inception_score,
    what_fools_it,
    a_mode_is_missing,
    precision_recall,
    the_second_judge,
    bits_per_dimension,
    where_the_bits_go,
    noise_in_99_of_100,
)
