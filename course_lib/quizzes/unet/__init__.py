"""Quizzes of chapter 08, in the notebook's order."""

from course_lib.quizzes.unet.count_parameters import count_parameters
from course_lib.quizzes.unet.questions import where_skips_matter, where_the_parameters_are
from course_lib.quizzes.unet.unet_forward import unet_forward
from course_lib.quizzes.unet.unet_widths import unet_widths

QUIZZES = (unet_widths, unet_forward, count_parameters, where_the_parameters_are, where_skips_matter)
