"""How long the four modes take to be learned, and how well: chapters 02 and 05. Prints a table, asserts nothing."""

import time
from functools import partial

import torch
from rich.console import Console
from rich.table import Table

from course_lib.experiments.toy2d import energy_distances, train_points
from course_lib.mixtures import four_modes
from course_lib.reverse import p_losses, p_sample_loop
from course_lib.schedules import NoiseSchedule
from course_lib.toy import MLP, Preconditioned, denoise_steps, fit, noise_levels

MIXTURE, COUNT = four_modes(), 10_000


def by_ladder(g):
    """Chapter 02: noise levels, the exact recipe of the notebook."""
    sigmas, data = noise_levels(50, 10.0, 0.02), MIXTURE.sample(20_000, g)
    model = Preconditioned(MLP(2, 49), sigmas, 0.0, float(data.std()))
    return train_points(model, data, sigmas, 4000, g), lambda: list(denoise_steps(model, (COUNT, 2), sigmas, g))[-1]


def by_ddpm(g):
    """Chapter 05: time steps and the simple loss."""
    schedule, model = NoiseSchedule.from_name("cosine", 100), MLP(2, 100)

    def draw_loss():
        x_start = MIXTURE.sample(256, g)
        t = torch.randint(100, (256,), generator=g)
        return p_losses(model, x_start, t, torch.randn(256, 2, generator=g), schedule)

    steps = fit(draw_loss, torch.optim.Adam(model.parameters(), lr=2e-3), 4000)
    return steps, partial(p_sample_loop, model, (COUNT, 2), schedule, g)


def test_four_modes(capsys):
    table = Table("four modes", "steps", "seconds", "steps/s", "energy distance", "floor (real against real)")
    for recipe in (by_ladder, by_ddpm):
        torch.manual_seed(0)
        g = torch.Generator().manual_seed(0)
        training, sample = recipe(g)
        start = time.perf_counter()
        count = sum(1 for _ in training)
        seconds = time.perf_counter() - start
        far, floor = (
            energy_distances(points, MIXTURE.sample(COUNT, g), size=2000)
            for points in (sample(), MIXTURE.sample(COUNT, g))
        )
        table.add_row(
            recipe.__name__,
            str(count),
            f"{seconds:.1f}",
            f"{count / seconds:.0f}",
            f"{far.mean():.4f}",
            f"{floor.square().mean().sqrt():.4f}",
        )
    with capsys.disabled():
        Console(width=110).print(table)
