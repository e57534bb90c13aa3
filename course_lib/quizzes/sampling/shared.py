"""What several quizzes of chapter 10 use."""

import torch
from torch import Tensor


def between_greys(levels: Tensor, g: torch.Generator) -> Tensor:
    """Grey levels 0 ... 255 as float in about [-1, 1], each a little off, never so far that rounding is a toss-up."""
    off = 0.8 * torch.rand(levels.shape, generator=g) - 0.4
    return (levels + off) / 127.5 - 1


def waves(g: torch.Generator, *shape: int) -> Tensor:
    """Grey levels for images (N, C, H, W), 5 ... 250: each image and each channel another wave."""
    height, width = shape[-2:]
    phase = 6 * torch.rand(*shape[:2], 1, 1, generator=g)
    wave = torch.sin(torch.linspace(0, 4, height)[:, None] + torch.linspace(0, 7, width) + phase)
    return (127.5 + 122 * wave).round()
