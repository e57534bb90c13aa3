"""A weaker network that guides a stronger one (chapters 12 and 13), and which guides the course's own have.

The weaker one may be the network itself, without its labels: then this is classifier-free guidance.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.fast_sampling import autoguide
from course_lib.guidance import in_interval
from course_lib.paths import DATA
from course_lib.runs.checkpoints import Checkpoint, find_checkpoint, load_checkpoint
from course_lib.runs.devices import autocast
from course_lib.types import Model

USUAL = "fashion_mnist_cpu"  # guides fashion_mnist
WEIGHT, LOWEST, HIGHEST = 1.3, 0.2, 5.0  # data/fast_sampling.md says how they were chosen
LABEL_WEIGHT = 1.5  # data/guidance.md: more of its class than real images, and little variety lost


class GuideError(CourseError):
    """A network that cannot guide another one."""


@dataclass(frozen=True)
class Guide:
    """A weak network, the weight of `autoguide`, and the noise levels at which it is asked.

    lowest, highest    sigma = sqrt((1 - alpha-bar) / alpha-bar) from which and up to which it guides; outside the
                       strong network is alone, and the guide costs nothing (2404.07724)
    name               its checkpoint's, for reports
    """

    checkpoint: Checkpoint
    weight: float
    lowest: float
    highest: float
    name: str = "a network without a name"

    @property
    def asked(self) -> list[bool]:
        """Whether it is asked, for each t of the schedule."""
        schedule = self.checkpoint.schedule
        every = torch.arange(schedule.timesteps, device=schedule.device)
        return in_interval(every, schedule, self.lowest, self.highest).tolist()

    def check(self, checkpoint: Checkpoint) -> None:
        """Raise GuideError unless it can guide the network of `checkpoint`: see `check_guide`."""
        check_guide(checkpoint, self.checkpoint)

    def guided(self, model: Model, precision: str = "auto") -> Model:
        """`model`, guided."""
        schedule = self.checkpoint.schedule
        both = partial(
            autoguide, model, autocast(self.checkpoint.model, schedule.device, precision), weight=self.weight
        )
        inside = self.asked

        def guided_where_it_helps(x: Tensor, t: Tensor) -> Tensor:
            """All rows of t are alike, as in every sampler of the course."""
            return both(x, t) if inside[int(t[0])] else model(x, t)

        return guided_where_it_helps

    def __str__(self) -> str:
        always = self.lowest <= 0 and self.highest == float("inf")
        where = "" if always else f", where sigma is from {self.lowest:g} to {self.highest:g}"
        return f"{self.name}, weight {self.weight:g}{where}"


def usual_guide(name: str | Path, device: str = "auto") -> Guide | None:
    """The guide that the course uses for its checkpoint `name`, a name or a path; None for all others."""
    path = find_checkpoint(name)
    if path.resolve() != (DATA / "fashion_mnist.safetensors").resolve():
        return None
    return Guide(load_checkpoint(USUAL, device), WEIGHT, LOWEST, HIGHEST, USUAL)


def choose_guide(
    name: str | Path, checkpoint: Checkpoint, wanted: str = "auto", weight: float | None = None, device: str = "auto"
) -> Guide | None:
    """The guide for `checkpoint`, which was loaded as `name`, that the words of a command ask for.

    wanted    "auto" for `usual_guide`, "none", "labels" for the network itself without its labels, or a checkpoint's
              name or path
    weight    the course's, unless given

    Raises GuideError as `check_guide`, for a weight where there is no guide, and for labels that the network does not
    know; CheckpointError as `load_checkpoint`.
    """
    if wanted == "auto":
        guide = usual_guide(name, device)
    elif wanted == "none":
        guide = None
    elif wanted == "labels":
        if checkpoint.model.num_classes is None:
            raise GuideError("this network was trained without labels, so they cannot guide it; name another --guide.")
        guide = Guide(checkpoint, LABEL_WEIGHT, LOWEST, HIGHEST, "the network without its labels")
    else:
        guide = Guide(load_checkpoint(wanted, device), WEIGHT, LOWEST, HIGHEST, Path(wanted).stem)
    if guide is None:
        if weight is not None:
            raise GuideError("there is no guide that could have the weight; name one with --guide CHECKPOINT.")
        return None
    guide.check(checkpoint)
    return guide if weight is None else replace(guide, weight=weight)


def check_guide(checkpoint: Checkpoint, guide: Checkpoint) -> None:
    """Raise GuideError unless both predict the same for images of one shape and noise of one schedule."""
    kinds: dict[str, list[object]] = {
        "the image shape": [tuple(one.image_shape) for one in (checkpoint, guide)],
        "what they predict": [one.config.diffusion.predicts for one in (checkpoint, guide)],
        "the number of time steps": [one.schedule.timesteps for one in (checkpoint, guide)],
    }
    for what, (own, its) in kinds.items():
        if own != its:
            raise GuideError(f"this network cannot be the guide: {what} must agree, and is {own} here and {its} there.")
    if not torch.allclose(checkpoint.schedule.alphas_cumprod, guide.schedule.alphas_cumprod):
        raise GuideError("this network cannot be the guide: it was trained with another noise schedule.")
