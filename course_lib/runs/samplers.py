"""Samplers by name: what `--sampler` and `--steps` mean, and the course's default.

The functions are those of chapters 05 and 12; here they have one signature, so that whatever samples can take any of
them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from torch import Tensor

from course_lib.errors import CourseError
from course_lib.fast_sampling import ddim_sample_steps, dpm_solver_sample_steps, heun_sample_steps
from course_lib.reverse import p_sample_steps
from course_lib.schedules import NoiseSchedule
from course_lib.types import Generators, Model, Predicts, SamplerName, Spacing

SAMPLER_NAMES: tuple[SamplerName, ...] = get_args(SamplerName)
USUAL_SPACING: dict[SamplerName, Spacing] = {
    "ancestral": "trailing",
    "ddim": "trailing",
    "dpm_solver": "log_snr",
    "heun": "log_snr",
}
USUAL_STEPS: dict[SamplerName, int | None] = {"ancestral": None, "ddim": 20, "dpm_solver": 16, "heun": 8}


class SamplingError(CourseError):
    """Settings that no sampler takes, or samples that are no pictures."""


@dataclass(frozen=True)
class Sampler:
    """A way from noise to samples.

    name     "ancestral" (2006.11239), "ddim" (2010.02502), "dpm_solver" (2211.01095, 2M) or "heun" (2206.00364)
    steps    how many; None for as many as the schedule has. "ancestral" with fewer is DDIM with eta = 1: the same chain
    spacing  at which t; None for the usual one of that sampler
    eta      how much fresh noise DDIM takes, 0 to 1
    """

    name: SamplerName
    steps: int | None = None
    spacing: Spacing | None = None
    eta: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in SAMPLER_NAMES:
            raise SamplingError(f"unknown sampler {self.name!r}; choose one of {', '.join(SAMPLER_NAMES)}.")
        if self.eta and self.name != "ddim":
            raise SamplingError(f"only the sampler ddim takes eta; {self.name} does not.")
        if not 0 <= self.eta <= 1:
            raise SamplingError(f"eta must be from 0 to 1, not {self.eta:g}.")

    def states(
        self,
        model: Model,
        shape: tuple[int, ...],
        schedule: NoiseSchedule,
        generator: Generators,
        predicts: Predicts,
        clip_start: bool,
    ) -> Iterator[Tensor]:
        """x_T, then the state after each step, each of `shape`. Raises SamplingError for more steps than there are."""
        steps = self.steps_in(schedule)
        if self.name == "ancestral" and steps == schedule.timesteps:
            return p_sample_steps(model, shape, schedule, generator, predicts, clip_start)
        spacing = self.spacing or USUAL_SPACING[self.name]
        if self.name in ("ancestral", "ddim"):
            eta = 1.0 if self.name == "ancestral" else self.eta
            return ddim_sample_steps(model, shape, schedule, steps, eta, generator, predicts, clip_start, spacing)
        many = dpm_solver_sample_steps if self.name == "dpm_solver" else heun_sample_steps
        return many(model, shape, schedule, steps, generator, predicts, clip_start, spacing)

    def steps_in(self, schedule: NoiseSchedule) -> int:
        """How many steps it takes. Raises SamplingError if the schedule has fewer."""
        steps = schedule.timesteps if self.steps is None else self.steps
        if not 1 <= steps <= schedule.timesteps:
            raise SamplingError(
                f"the sampler was to take {steps} steps, and this network knows 1 to {schedule.timesteps}; "
                "lower --steps."
            )
        return steps

    def fitted(self, schedule: NoiseSchedule) -> "Sampler":
        """The same sampler, or, if the schedule has fewer steps than it takes, with all of those."""
        if self.steps is None or self.steps <= schedule.timesteps:
            return self
        return replace(self, steps=None)

    def __str__(self) -> str:
        words = [self.name, "all steps" if self.steps is None else f"{self.steps} steps"]
        if self.spacing:
            words.append(f"spacing {self.spacing}")
        return ", ".join([*words, f"eta {self.eta:g}"] if self.eta else words)


ANCESTRAL = Sampler("ancestral")
DEFAULT = Sampler("dpm_solver", 16)


def choose_sampler(
    schedule: NoiseSchedule,
    name: SamplerName | None = None,
    steps: int | None = None,
    spacing: Spacing | None = None,
    eta: float = 0.0,
) -> Sampler:
    """The sampler that the words of a command ask for; what they leave out is as usual, fitted to the schedule.

    Raises SamplingError for settings that do not go together, and for more steps than the schedule has.
    """
    chosen = name or DEFAULT.name
    usual = DEFAULT.steps if name is None else USUAL_STEPS[chosen]
    sampler = Sampler(chosen, usual if steps is None else steps, spacing, eta)
    if steps is None:
        sampler = sampler.fitted(schedule)
    sampler.steps_in(schedule)
    return sampler
