"""A network that knows how to be sampled from."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.reverse import p_sample_loop, p_sample_steps
from course_lib.schedules import NoiseSchedule
from course_lib.types import Model, Predicts


@dataclass(frozen=True)
class Denoiser:
    """A model (x, t) with all that sampling from it depends on; it can be called like the model.

    No field has a default: a forgotten one is an error, not samples that are a little worse. A new sampler gets a
    method here. `checkpoints.denoiser` makes a Denoiser from a checkpoint.
    """

    model: Model  # labels and precision are in it already
    schedule: NoiseSchedule
    predicts: Predicts
    clip_start: bool
    image_shape: tuple[int, int, int]  # (C, H, W)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        return self.model(x, t)

    def sample_steps(self, count: int, generator: torch.Generator | None = None) -> Iterator[Tensor]:
        """`p_sample_steps`: every state (count, C, H, W) from noise to samples."""
        return p_sample_steps(self.model, (count, *self.image_shape), self.schedule, generator, **self._settings())

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """`p_sample_loop`: samples (count, C, H, W) in the model's range."""
        return p_sample_loop(self.model, (count, *self.image_shape), self.schedule, generator, **self._settings())

    def _settings(self) -> dict:
        return {"predicts": self.predicts, "clip_start": self.clip_start}
