"""What a sample costs, counted in calls of the network; a guide's calls count by their multiply-adds."""

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from course_lib.runs.checkpoints import Checkpoint, make_model
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import Sampler


@dataclass(frozen=True)
class Calls:
    """How often the networks are asked for one sample.

    guide_cost   the multiply-adds of one call of the guide, as a share of those of one call of the network
    """

    network: int
    guide: int = 0
    guide_cost: float = 0.0

    @property
    def total(self) -> float:
        """In calls of the network."""
        return self.network + self.guide * self.guide_cost


def multiply_adds(checkpoint: Checkpoint) -> int:
    """The multiply-adds of one call of the network for one image: convolutions and products of matrices.

    They are counted on the meta device, where tensors have shapes and no content: nothing is computed.
    """
    with torch.device("meta"):
        network = make_model(checkpoint.config, checkpoint.image_shape[0], len(checkpoint.class_names)).eval()
        x, t = torch.empty(1, *checkpoint.image_shape), torch.zeros(1, dtype=torch.long)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(x, t)
    return counter.get_total_flops() // 2  # a multiply-add is two operations


def asked_at(checkpoint: Checkpoint, sampler: Sampler) -> list[int]:
    """The t at which the sampler asks the network for one sample, in that order."""
    asked = []

    def note(x: Tensor, t: Tensor) -> Tensor:
        asked.append(int(t[0]))
        return torch.zeros_like(x)

    diffusion = checkpoint.config.diffusion
    states = sampler.states(
        note, (1, 1), checkpoint.schedule, torch.Generator(), diffusion.predicts, diffusion.clip_start
    )
    deque(states, maxlen=0)
    return asked


def count_calls(checkpoint: Checkpoint, sampler: Sampler, guide: Guide | None = None) -> Calls:
    """The calls for one sample, from a walk of the sampler with a network that always says 0.

    Raises SamplingError as `Sampler.states`.
    """
    asked = asked_at(checkpoint, sampler)
    if guide is None:
        return Calls(len(asked))
    guided = guide.asked
    cost = multiply_adds(guide.checkpoint) / multiply_adds(checkpoint)
    return Calls(len(asked), sum(guided[t] for t in asked), cost)
