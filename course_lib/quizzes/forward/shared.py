"""What several quizzes of chapter 04 use."""

import torch

from course_lib.quizzes.inputs import noisy_batches


def batches(g: torch.Generator) -> list[tuple]:
    """`noisy_batches`, where in the second t begins with 0: nobody shall decide by the first row for all."""
    first, (x, t, noise, schedule), *others = noisy_batches(g)
    return [first, (x, t.roll(-2), noise, schedule), *others]
