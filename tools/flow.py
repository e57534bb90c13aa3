"""What chapter 16 measures on points in the plane.

    python tools/flow.py points     data/flow_points.csv: four modes, an exact and three learned velocities, by calls

Takes some five minutes on one core.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from scores import write
from torch import Tensor

from course_lib.experiments.toy2d import VelocityNetwork, energy_distance, energy_floor
from course_lib.flow import (
    Step,
    euler_step,
    exact_velocity,
    flow_matching_loss,
    flow_sample_loop,
    logit_normal_times,
    midpoint_step,
    reflow_pairs,
    straightness,
    uniform_times,
)
from course_lib.mixtures import GaussianMixture, four_modes
from course_lib.toy import fit
from course_lib.types import Model

DATA = Path(__file__).parents[1] / "data"
SEEDS = 0, 1, 2
STEPS: dict[str, tuple[Step, int]] = {"Euler": (euler_step, 1), "midpoint": (midpoint_step, 2)}  # and calls in each
CALLS = {"Euler": (1, 2, 5, 20, 100), "midpoint": (2, 4, 20, 100)}
COUNT = 10_000  # points in each distance
PAIRS = 20_000  # for reflow
TRAINING = 4000
Pairs = Callable[[torch.Generator], tuple[Tensor, Tensor]]
Times = Callable[[int, torch.Generator], Tensor]
app = typer.Typer(add_completion=False)


@app.callback()
def main() -> None:
    """What chapter 16 measures on points in the plane."""


def trained(pairs: Pairs, times: Times, seed: int, batch_size: int = 256) -> Model:
    """A network that learned from `pairs(generator)`, (x_start, noise) of batch_size rows each."""
    torch.manual_seed(seed)
    model, g = VelocityNetwork(), generator(seed, 0)

    def draw_loss() -> Tensor:
        x_start, noise = pairs(g)
        return flow_matching_loss(model, x_start, times(batch_size, g), noise)

    for _ in fit(draw_loss, torch.optim.Adam(model.parameters(), lr=5e-3), TRAINING):
        pass
    return model.requires_grad_(False)


def random_pairs(mixture: GaussianMixture, g: torch.Generator, batch_size: int = 256) -> tuple[Tensor, Tensor]:
    """Data and noise that know nothing of each other."""
    return mixture.sample(batch_size, g), torch.randn(batch_size, 2, generator=g)


def pairs_of(model: Model, seed: int) -> Pairs:
    """Batches from the pairs that a model's flow makes of PAIRS noises."""
    x_end, start = reflow_pairs(model, torch.randn(PAIRS, 2, generator=generator(seed, 1)))

    def batch(g: torch.Generator, batch_size: int = 256) -> tuple[Tensor, Tensor]:
        rows = torch.randint(PAIRS, (batch_size,), generator=g)
        return x_end[rows], start[rows]

    return batch


def generator(seed: int, stream: int) -> torch.Generator:
    return torch.Generator().manual_seed(10 * seed + stream)


@app.command()
def points(out: Annotated[Path, typer.Option(help="The table.")] = DATA / "flow_points.csv") -> None:
    """The energy distance to real points and the straightness of the paths, for three seeds."""
    mixture = four_modes(0.1, weights=None)
    floor = energy_floor(mixture.sample, COUNT, generator(9, 0))
    rows = []
    for seed in SEEDS:
        at_random = partial(random_pairs, mixture)
        uniform = trained(at_random, uniform_times, seed)
        models: dict[str, Model] = {
            "exact": partial(exact_velocity, mixture),
            "learned": uniform,
            "logit-normal": trained(at_random, logit_normal_times, seed),
            "reflowed": trained(pairs_of(uniform, seed), uniform_times, seed),
        }
        noise = torch.randn(COUNT, 2, generator=generator(seed, 2))
        real = mixture.sample(COUNT, generator(seed, 3))
        for name, model in models.items():
            straight = float(straightness(model, noise))
            for solver in STEPS if name in ("exact", "learned") else ("Euler",):
                step, asked = STEPS[solver]
                for calls in CALLS[solver]:
                    samples = flow_sample_loop(model, noise, calls // asked, step)
                    row = {"velocity": name, "solver": solver, "calls": calls, "seed": seed}
                    row["distance"] = f"{float(energy_distance(samples, real)):.6f}"
                    row["floor"] = f"{floor:.6f}"
                    row["straightness"] = f"{straight:.5f}"
                    rows.append(row)
                    print(*row.values(), flush=True)
    write(out, rows)


if __name__ == "__main__":
    app()
