"""Quizzes of chapter 15, in the notebook's order."""

from course_lib.checker.quiz import Choice, Quiz
from course_lib.quizzes.latent.kl_to_standard_normal import kl_to_standard_normal
from course_lib.quizzes.latent.latent_scale import latent_scale
from course_lib.quizzes.latent.questions import equal_minutes, small_decoder_std, unscaled_latents
from course_lib.quizzes.latent.reparameterize import reparameterize

QUIZZES: tuple[Quiz | Choice, ...] = (
    reparameterize,
    kl_to_standard_normal,
    small_decoder_std,
    latent_scale,
    unscaled_latents,
    equal_minutes,
)
