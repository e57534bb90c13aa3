"""What several quizzes of chapter 07 use."""

import torch


def maps_to_attend(g: torch.Generator) -> list[tuple]:
    """Height and width differ, heads and features per head too; once heads = features per head, once one head.

    Values are large, so that the softmax has something to choose.
    """
    shapes = [((6, 2, 5), (2, 6, 3, 4)), ((8, 4, 4), (3, 8, 2, 5)), ((4, 1, 12), (1, 4, 4, 3))]
    return [(init, 2 * torch.randn(shape, generator=g)) for init, shape in shapes]


def pictures(g: torch.Generator) -> list[tuple]:
    """Even heights and widths that differ; widths in channels that stay and that change."""
    shapes = [((3, 5), (2, 3, 6, 8)), ((4, 4), (3, 4, 4, 10)), ((6, 2), (1, 6, 8, 4))]
    return [(init, torch.randn(shape, generator=g)) for init, shape in shapes]
