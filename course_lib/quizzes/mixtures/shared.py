"""What the quizzes of chapter 02 share."""

import torch
from torch import Tensor, nn


def scattered_points(g: torch.Generator) -> list[tuple]:
    """Inputs (x, means, std, weights): 1, 2, 3 and 5 dimensions, wide and narrow components.

    In the first no two sizes are alike; in the second there are as many points as components and dimensions; then there
    is one point, and one component. The last two lie so far away, at 30 and 300 stds, that exp(-distance) is 0 in
    float32.
    """
    cases = []
    for rows, components, dim, std, away in [
        (7, 4, 2, 0.8, 0.0),
        (3, 3, 3, 1.7, 0.0),
        (6, 2, 1, 0.5, 0.0),
        (1, 3, 5, 1.3, 0.0),
        (5, 1, 2, 0.6, 0.0),
        (4, 3, 2, 0.3, 9.0),
        (4, 2, 3, 0.1, -30.0),
    ]:
        means = torch.randn(components, dim, generator=g)
        weights = torch.arange(1.0, components + 1)[torch.randperm(components, generator=g)]
        x = std * torch.randn(rows, dim, generator=g) + means[torch.arange(rows) % components] + away
        cases.append((x, means, std, weights / weights.sum()))
    return cases


class WavyScore(nn.Module):
    """A score for cases, (x, sigma) -> shape of x: no two noise levels look alike, and it is defined at sigma = 0."""

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        return -torch.sin(1.3 * x + sigma) / (0.3 + sigma) - 0.2 * x.flip(-1)
