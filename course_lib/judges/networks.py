"""The architectures of the judges: three classifiers that have little in common but their task.

Samples that fool one of them need not fool another, because their features are made in different ways.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 128


class Classifier(nn.Module):
    """The first judge. Images (B, channels, H, W) in [-1, 1] -> logits (B, num_classes).

    Three residual stages of 3 x 3 convolutions with batch norm and ReLU; features are means over all places.
    """

    def __init__(self, num_classes: int = 10, channels: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            ResidualStage(channels, 32),
            nn.MaxPool2d(2),
            ResidualStage(32, 64),
            nn.MaxPool2d(2),
            ResidualStage(64, FEATURES),
        )
        self.head = nn.Linear(FEATURES, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads: (B, channels, H, W) -> (B, 128), not negative."""
        return self.body(x).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.dropout(self.features(x), 0.2, self.training))


class ResidualStage(nn.Module):
    """A convolution that changes the width, then a residual pair: (B, dim, H, W) -> (B, dim_out, H, W)."""

    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.inlet = _convolution(dim, dim_out)
        self.pair = nn.Sequential(_convolution(dim_out, dim_out), _convolution(dim_out, dim_out))

    def forward(self, x: Tensor) -> Tensor:
        x = self.inlet(x)
        return x + self.pair(x)


def _convolution(dim: int, dim_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(dim, dim_out, 3, padding=1, bias=False), nn.BatchNorm2d(dim_out), nn.ReLU())


class ConvNextClassifier(nn.Module):
    """The second judge: patches, 5 x 5 depthwise convolutions, layer norm and GELU. Source: 2201.03545.

    Images (B, channels, H, W) in [-1, 1] -> logits (B, num_classes); features are means over all places.
    """

    def __init__(self, num_classes: int = 10, channels: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 64, 4, stride=2, padding=1),
            nn.GroupNorm(1, 64),
            DepthwiseBlock(64),
            nn.Conv2d(64, FEATURES, 2, stride=2),
            nn.GroupNorm(1, FEATURES),
            DepthwiseBlock(FEATURES),
            DepthwiseBlock(FEATURES),
            DepthwiseBlock(FEATURES),
        )
        self.norm = nn.LayerNorm(FEATURES)
        self.head = nn.Linear(FEATURES, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads: (B, channels, H, W) -> (B, 128)."""
        return self.norm(self.body(x).mean(dim=(2, 3)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.dropout(self.features(x), 0.2, self.training))


class DepthwiseBlock(nn.Module):
    """x plus a 5 x 5 convolution of each channel by itself, norm, and a small network over channels; (B, dim, H, W)."""

    def __init__(self, dim: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(dim, dim, 5, padding=2, groups=dim),
            nn.GroupNorm(1, dim),
            nn.Conv2d(dim, 4 * dim, 1),
            nn.GELU(),
            nn.Conv2d(4 * dim, dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class PlainClassifier(nn.Module):
    """The third judge: strided 5 x 5 and 3 x 3 convolutions without shortcuts, and features that know places.

    Images (B, channels, 28, 28) in [-1, 1] -> logits (B, num_classes). Its last layers are fully connected, as in
    the classifiers of 1998 and 2012, so moving a garment changes its features.
    """

    def __init__(self, num_classes: int = 10, channels: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 48, 5, stride=2, padding=2),  # 14 x 14
            nn.GroupNorm(8, 48),
            nn.SiLU(),
            nn.Conv2d(48, 96, 3, padding=1),
            nn.GroupNorm(8, 96),
            nn.SiLU(),
            nn.Conv2d(96, 96, 3, stride=2, padding=1),  # 7 x 7
            nn.GroupNorm(8, 96),
            nn.SiLU(),
            nn.Conv2d(96, 64, 3, padding=1),
            nn.GroupNorm(8, 64),
            nn.SiLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(64 * 7 * 7, FEATURES),
            nn.SiLU(),
        )
        self.head = nn.Linear(FEATURES, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads: (B, channels, 28, 28) -> (B, 128)."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


JudgeNetwork = Classifier | ConvNextClassifier | PlainClassifier


@dataclass(frozen=True)
class Architecture:
    """A judge's network and how it is trained."""

    network: Callable[..., JudgeNetwork]
    optimizer: Callable[..., torch.optim.Optimizer]  # (parameters, learning rate)
    learning_rate: float  # the highest
    memory_format: torch.memory_format = torch.contiguous_format  # what is fastest on the CPU


def _sgd(parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, learning_rate, momentum=0.9, weight_decay=5e-4, nesterov=True)


def _adamw(parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, learning_rate, weight_decay=0.05)


ARCHITECTURES = {
    "residual": Architecture(Classifier, _sgd, 0.2),
    "convnext": Architecture(ConvNextClassifier, _adamw, 2e-3, torch.channels_last),
    "plain": Architecture(PlainClassifier, _adamw, 2e-3),
}
