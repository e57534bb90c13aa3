"""What several quizzes of chapter 03 use."""

import torch

CLOSE = {"rtol": 1e-4, "atol": 1e-6}  # betas start at 1e-4


def lengths_and_ends(_generator: torch.Generator) -> list[tuple]:
    """Several T, down to the shortest that has two ends, with the usual ends and with others."""
    return [(10,), (200,), (1000,), (50, 0.001, 0.3), (12, 0.02, 0.04), (2,)]
