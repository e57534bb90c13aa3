"""The types that many modules share: what a model is, and which words a setting may be.

A function that takes one of these words checks it when it is called, too: students pass plain strings. This module does
not import PyTorch: the command line knows the words, and starts without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from torch import Generator, Tensor

Model: TypeAlias = "Callable[[Tensor, Tensor], Tensor]"
"""(x_t, t) -> prediction: x_t (B, ...), t long (B,), and the prediction in the shape of x_t."""

Generators: TypeAlias = "Generator | list[Generator] | None"
"""Where a sampler's noise comes from: one generator, a list with one for each row, or PyTorch's own."""

Predicts = Literal["noise", "start", "v"]
LossType = Literal["l1", "l2", "huber"]
BetaSchedule = Literal["linear", "quadratic", "cosine", "sigmoid"]
PathName = Literal["linear", "quadratic", "cosine", "sigmoid", "flow"]

Spacing = Literal["trailing", "leading", "log_snr"]
SamplerName = Literal["ancestral", "ddim", "dpm_solver", "heun"]

Precision = Literal["fp32", "bf16"]

Block = Literal["resnet", "convnext"]
AttentionKind = Literal["none", "linear", "full"]
Skips = Literal["all", "level", "none"]
TimeMode = Literal["add", "scale_shift"]

Fit = Literal["crop", "pad", "resize"]


class SignalAndNoise(Protocol):
    """What `mixtures` needs of a schedule: how much signal and how much noise are in x at each t, both [T].

    `schedules.NoiseSchedule` has both, and so has `mixtures.noise_level_schedule`.
    """

    @property
    def sqrt_alphas_cumprod(self) -> Tensor: ...

    @property
    def sqrt_one_minus_alphas_cumprod(self) -> Tensor: ...
