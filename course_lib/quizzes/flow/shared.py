"""What several quizzes of chapter 16 use."""

import torch
from torch import Tensor


def flow_batches(g: torch.Generator, lowest: float = 0.0) -> list[tuple[Tensor, Tensor, Tensor]]:
    """(x, t, noise): images, points and numbers at flow times from `lowest` to 1, both ends among them.

    In the first all sizes differ; in the second and third the batch is as large as the last axis: there a missing
    reshape raises nothing.
    """
    cases = []
    for shape in [(5, 2, 4, 6), (8, 1, 5, 8), (6, 6), (7, 3), (9,), (1, 3)]:
        t = lowest + (1 - lowest) * torch.rand(shape[0], generator=g)
        t[0] = 0.3
        if len(t) > 2:
            t[1], t[2] = 1.0, lowest
        cases.append((torch.randn(shape, generator=g), t, torch.randn(shape, generator=g)))
    return cases
