"""A network that knows how to be sampled from."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.reverse import p_sample_loop, p_sample_steps
from course_lib.schedules import NoiseSchedule
from course_lib.types import Generators, Model, Predicts


class SamplingError(CourseError):
    """Samples that are no pictures."""


def picture_generators(seed: int, first: int, count: int) -> list[torch.Generator]:
    """Generators on the CPU for the pictures `first`, `first` + 1, ... of `seed`, `count` of them.

    Picture k has a generator of its own, so it is the same whatever the batch, the number of pictures and the device.
    """
    return [torch.Generator().manual_seed(seed * 1_000_003 + k) for k in range(first, first + count)]


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

    def sample_steps(self, count: int, generator: Generators = None) -> Iterator[Tensor]:
        """`p_sample_steps`: every state (count, C, H, W) from noise to samples.

        Raises SamplingError at the first state that is not finite.
        """
        shape = (count, *self.image_shape)
        for state in p_sample_steps(self.model, shape, self.schedule, generator, **self._settings()):
            yield _finite(state)

    def sample(self, count: int, generator: Generators = None) -> Tensor:
        """`p_sample_loop`: samples (count, C, H, W) in the model's range.

        Raises SamplingError if one is not finite.
        """
        shape = (count, *self.image_shape)
        # the chapter's signature names one generator; `draw_noise` takes a list as well
        return _finite(p_sample_loop(self.model, shape, self.schedule, generator, **self._settings()))  # type: ignore[arg-type]

    def _settings(self) -> dict:
        return {"predicts": self.predicts, "clip_start": self.clip_start}


def _finite(x: Tensor) -> Tensor:
    if not bool(x.isfinite().all()):
        raise SamplingError(
            "the network's samples are not finite (nan or inf). Keep the predicted image in range "
            "(diffusion.clip_start=true), or train again with a smaller training.lr."
        )
    return x
