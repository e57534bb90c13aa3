"""A network that knows how to be sampled from."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.runs.samplers import Sampler, SamplingError
from course_lib.schedules import NoiseSchedule
from course_lib.types import Generators, Model, Predicts


def picture_generators(seed: int, first: int, count: int) -> list[torch.Generator]:
    """Generators on the CPU for the pictures `first`, `first` + 1, ... of `seed`, `count` of them.

    Picture k has a generator of its own, so it is the same whatever the batch, the number of pictures and the device.
    """
    return [torch.Generator().manual_seed(seed * 1_000_003 + k) for k in range(first, first + count)]


def as_they_are(x: Tensor) -> Tensor:
    """x itself: what the network draws is the image already."""
    return x


@dataclass(frozen=True)
class Denoiser:
    """A model (x, t) with all that sampling from it depends on; it can be called like the model.

    No field that changes samples has a default: a forgotten one is an error, not samples that are a little worse.
    `checkpoints.denoiser` makes a Denoiser from a checkpoint; `decode` is for networks of latents (chapter 15).
    """

    model: Model  # labels, precision and a guide are in it already
    schedule: NoiseSchedule
    predicts: Predicts
    clip_start: bool
    image_shape: tuple[int, int, int]  # (C, H, W) of what the network sees
    sampler: Sampler
    decode: Callable[[Tensor], Tensor] = as_they_are  # from what the network sees to images

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        return self.model(x, t)

    def sample_steps(self, count: int, generator: Generators = None) -> Iterator[Tensor]:
        """Every state (count, C, H, W) of the sampler, from noise to samples, as images.

        Raises SamplingError at the first state that is not finite.
        """
        return map(self.decode, self._states(count, generator))

    def _states(self, count: int, generator: Generators) -> Iterator[Tensor]:
        """The states as the network sees them."""
        shape = (count, *self.image_shape)
        states = self.sampler.states(
            self.model, shape, self.schedule, generator, predicts=self.predicts, clip_start=self.clip_start
        )
        for state in states:
            yield finite(state)

    def sample(self, count: int, generator: Generators = None) -> Tensor:
        """The last of `sample_steps`: samples (count, C, H, W) in the model's range.

        Raises SamplingError as there.
        """
        return self.decode(deque(self._states(count, generator), maxlen=1)[0])


def finite(x: Tensor) -> Tensor:
    """x as it is. Raises SamplingError for nan and inf in it."""
    if not bool(x.isfinite().all()):
        raise SamplingError(
            "the network's samples are not finite (nan or inf). Keep the predicted image in range "
            "(diffusion.clip_start=true), or train again with a smaller training.lr."
        )
    return x
