"""What several quizzes of chapter 05 use."""

import torch

from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches
from course_lib.reverse import predict_start


def model_and_noisy_batches(g: torch.Generator) -> list[tuple]:
    """(model, x, t, noise, schedule, predicts, clip_start): the plain kind first; in the second, t begins with 0."""
    model = ToyDenoiser().requires_grad_(False)
    kinds = [("noise", False), ("noise", True), ("start", True), ("v", False), ("start", False), ("v", True)]
    cases = []
    for (x, t, noise, schedule), kind in zip(noisy_batches(g), kinds, strict=True):
        t = t.roll(-2) if len(cases) == 1 else t
        cases.append((model, x, t, noise, schedule, *kind))
    return cases


def guessed_start(model, x_t, t, schedule, predicts, clip_start):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return x_start.clamp(-1, 1) if clip_start else x_start
