"""What several quizzes of chapter 13 use."""

import torch
from torch import Tensor, nn


class ToyConditionalDenoiser(nn.Module):
    """A conditional model for cases, (x, t, labels) -> waves in the shape of x: no two t or labels look alike.

    Without labels the waves are others than with any label, the null class included.
    """

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        phase = 0.4 * t
        if labels is not None:
            phase = phase + 1 + 0.7 * labels
        for name, value in {"t": t, "labels": t if labels is None else labels}.items():
            if value.shape != x.shape[:1]:  # a real network might broadcast it, and nobody would know
                raise ValueError(f"the model was given {name} in the shape {tuple(value.shape)}")
        return 1.5 * torch.sin(1.3 * x + phase.reshape(-1, *[1] * (x.ndim - 1)))


class ToyClassifier(nn.Module):
    """A classifier for cases, (x, t) -> logits (B, num_classes): each pixel votes, and how it votes depends on t."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.num_classes = num_classes

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        if t.shape != x.shape[:1]:
            raise ValueError(f"the classifier was given t in the shape {tuple(t.shape)}, not {tuple(x.shape[:1])}")
        seen = torch.sin(0.8 * x.reshape(len(x), -1) + 0.4 * t[:, None])  # (B, pixels)
        pixel = torch.arange(seen.shape[1], device=x.device, dtype=x.dtype)
        votes = torch.stack([torch.sin((1.7 + k) * pixel + 0.5 * k) for k in range(self.num_classes)])
        return 4 * seen @ votes.T / seen.shape[1] ** 0.5
