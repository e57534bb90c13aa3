"""The toy of chapter 01 against integration, the solved ODE, and a real training of a few seconds."""

import math
import re
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from course_lib import toy
from course_lib.publishing.notebooks import read_source

MEAN, STD = 1.0, 0.01
SIGMAS = toy.noise_levels(20, 10.0, 0.001)
EXACT = partial(toy.optimal_prediction, sigmas=SIGMAS, mean=MEAN, std=STD)


def run(model, shape, sigmas=SIGMAS, seed=0):
    *_, x = toy.denoise_steps(model, shape, sigmas, torch.Generator().manual_seed(seed))
    return x


def test_data_is_drawn_from_the_generator():
    """Four standard errors of 10,000 draws."""
    y = toy.toy_data(10_000, generator=torch.Generator().manual_seed(0))
    assert y.shape == (10_000,)
    assert float(y.mean()) == pytest.approx(1, abs=4 * 0.01 / 100)
    assert float(y.std()) == pytest.approx(0.01, rel=4 / 20_000**0.5)
    assert torch.equal(y, toy.toy_data(10_000, generator=torch.Generator().manual_seed(0)))


def test_levels_fall_by_the_same_factor():
    assert toy.noise_levels(4, 8, 1).tolist() == pytest.approx([8, 4, 2, 1])
    assert toy.noise_levels(2, 10, 0.1).tolist() == pytest.approx([10, 0.1])
    assert SIGMAS.dtype == torch.float32
    assert SIGMAS.shape == (20,)
    assert_close(SIGMAS[1:] / SIGMAS[:-1], torch.full((19,), 1e-4 ** (1 / 19)))


@pytest.mark.parametrize("arguments", [(1, 10, 0.1), (5, 0.1, 10), (5, 1, 1), (5, 1, 0), (5, 1, -1)])
def test_impossible_levels_are_refused(arguments):
    with pytest.raises(ValueError, match="levels"):
        toy.noise_levels(*arguments)


@pytest.mark.parametrize("sigma", [0.003, 0.01, 0.3])
@pytest.mark.parametrize("x", [0.98, 1.0, 1.05])
def test_the_optimal_denoiser_is_the_integral_over_y(sigma, x):
    y = torch.linspace(MEAN - 10 * STD, MEAN + 10 * STD, 100_001, dtype=torch.float64)
    density = torch.exp(-((y - MEAN) ** 2) / (2 * STD**2) - (x - y) ** 2 / (2 * sigma**2))
    expected = float((y * density).sum() / density.sum())
    assert float(toy.optimal_denoiser(torch.tensor(x), sigma, MEAN, STD)) == pytest.approx(expected, abs=1e-6)
    # As tensors, one sigma per row.
    rows = toy.optimal_denoiser(torch.tensor([x, x]), torch.tensor([sigma, 1e-9]), MEAN, STD)
    assert rows.tolist() == pytest.approx([expected, x], abs=1e-6)


def test_loss_by_hand():
    """Levels 4, 2, 1: gaps 2, 1. The model says 1, so errors are (1 - 2·2) / 2 and (1 - 3) / 1."""
    seen = []

    def model(x, level):
        seen.append((x.tolist(), level.tolist()))
        return torch.ones_like(x)

    y, noise = torch.tensor([10.0, 20.0]), torch.tensor([2.0, 3.0])
    sigmas, level = torch.tensor([4.0, 2.0, 1.0]), torch.tensor([0, 1])
    assert float(toy.neighbour_loss(model, y, level, noise, sigmas)) == pytest.approx((1.5**2 + 2**2) / 2)
    # Each row has its own noise level, for numbers and for points.
    assert seen == [([18.0, 26.0], [0, 1])]
    points = toy.neighbour_loss(model, y[:, None].expand(2, 3), level, noise[:, None].expand(2, 3), sigmas)
    assert float(points) == pytest.approx((1.5**2 + 2**2) / 2)
    assert seen[1][0] == [[18.0] * 3, [26.0] * 3]


def test_guessing_nothing_costs_one_and_the_exact_model_costs_the_least():
    """The best loss of a level is std² / (std² + sigma²); 100,000 draws, four standard errors."""
    n, g = 100_000, torch.Generator().manual_seed(0)
    for step in (0, 10, 13, 18):
        level, y = torch.full((n,), step), toy.toy_data(n, generator=g)
        noise = torch.randn(n, generator=g)
        error = 4 * (2 / n) ** 0.5
        nothing = toy.neighbour_loss(lambda x, level: torch.zeros_like(x), y, level, noise, SIGMAS)
        assert float(nothing) == pytest.approx(1, abs=error)
        best = STD**2 / (STD**2 + float(SIGMAS[step]) ** 2)
        exact = float(toy.neighbour_loss(EXACT, y, level, noise, SIGMAS))
        assert exact == pytest.approx(best, rel=error)
        for factor in (0.9, 1.1):
            worse = toy.neighbour_loss(
                lambda x, level, factor=factor: factor * EXACT(x, level), y, level, noise, SIGMAS
            )
            assert step == 18 or float(worse) > exact


def test_a_step_subtracts_what_the_model_says_at_that_level():
    asked = []

    def model(x, level):
        asked.append(level)
        return 0.25 * x

    assert toy.denoise_step(model, torch.tensor([4.0, 8.0]), 3).tolist() == [3.0, 6.0]
    assert asked[0].tolist() == [3, 3]
    assert asked[0].dtype == torch.long


def test_a_path_is_the_states_of_the_sampler_stacked():
    """The same numbers as `denoise_steps` with the noise that it draws; one row for each level."""
    noise = torch.randn(5, generator=torch.Generator().manual_seed(7))
    path = toy.sample_path(EXACT, noise, SIGMAS)
    assert path.shape == (20, 5)
    states = list(toy.denoise_steps(EXACT, (5,), SIGMAS, torch.Generator().manual_seed(7)))
    assert torch.equal(path, torch.stack(states))


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("peaks", [[-1.0, 1.0], [0.5, 1.0, 3.0]])
def test_the_denoiser_of_peaks_is_the_integral_over_y(sigma, peaks):
    y, std = torch.linspace(-4, 6, 100_001, dtype=torch.float64), 0.2
    prior = torch.exp(-((y - torch.tensor(peaks)[:, None]) ** 2) / (2 * std**2)).sum(dim=0)
    x = torch.tensor([-1.2, 0.0, 0.1, 0.9, 2.5])
    expected = []
    for number in x.tolist():
        density = prior * torch.exp(-((number - y) ** 2) / (2 * sigma**2))
        expected.append(float((y * density).sum() / density.sum()))
    assert toy.peaks_denoiser(x, sigma, torch.tensor(peaks), std).tolist() == pytest.approx(expected, abs=1e-4)
    # As a tensor, one sigma per row; with a single peak it is the denoiser of one bell.
    rows = toy.peaks_denoiser(x, torch.full((5,), sigma), torch.tensor(peaks), std)
    assert rows.tolist() == pytest.approx(expected, abs=1e-4)
    assert_close(toy.peaks_denoiser(x, sigma, torch.tensor([0.7]), std), toy.optimal_denoiser(x, sigma, 0.7, std))


@pytest.mark.parametrize("std", [0.1, 0.2, 0.3])
def test_paths_to_two_peaks_part_where_the_noisy_variance_is_one(std):
    """Chapter 01's question: two paths move apart where the slope of E[y | x] at 0 is above 1, at sigma² + std² = 1."""
    peaks, step = torch.tensor([-1.0, 1.0], dtype=torch.float64), torch.tensor([1e-5], dtype=torch.float64)
    for variance, parts in ((1.02, False), (0.98, True)):
        slope = toy.peaks_denoiser(step, (variance - std**2) ** 0.5, peaks, std) / step
        assert bool(slope > 1) == parts


def test_many_exact_steps_solve_the_ode():
    """For N(mean, std²) data the ODE keeps (x - mean) / sqrt(std² + sigma²) constant; Euler's error falls."""
    start = torch.tensor([12.0, -5.0, 1.0], dtype=torch.float64)
    errors = []
    for count in (20, 200, 2000):
        sigmas = toy.noise_levels(count, 10.0, 0.001).double()
        model, x = partial(toy.optimal_prediction, sigmas=sigmas, mean=MEAN, std=STD), start
        for level in range(count - 1):
            x = toy.denoise_step(model, x, level)
        solved = MEAN + (start - MEAN) * math.sqrt((STD**2 + 1e-6) / (STD**2 + 100))
        errors.append(float((x - solved).abs().max()))
    assert errors[0] < 2e-3
    assert errors[1] < errors[0] / 5
    assert errors[2] < errors[1] / 5


def test_exact_predictions_lead_to_the_data():
    """20 levels leave the standard deviation 11 % too small, 200 levels 1 %; the start ignores the mean: -0.001."""
    for count, spread in ((20, 0.12), (200, 0.02)):
        sigmas = toy.noise_levels(count, 10.0, 0.001)
        x = run(partial(toy.optimal_prediction, sigmas=sigmas, mean=MEAN, std=STD), (20_000,), sigmas)
        assert float(x.mean()) == pytest.approx(MEAN, abs=0.0015)
        assert float(x.std()) == pytest.approx(STD, rel=spread)


def test_the_levels_may_end_at_zero():
    sigmas = torch.cat([SIGMAS, torch.zeros(1)])
    x = run(partial(toy.optimal_prediction, sigmas=sigmas, mean=MEAN, std=STD), (1000,), sigmas)
    assert float(x.std()) == pytest.approx(STD, rel=0.15)


def test_states_start_with_the_generators_draw_and_stand_at_every_level():
    before = torch.get_rng_state()
    states = list(toy.denoise_steps(EXACT, (5, 1), SIGMAS, torch.Generator().manual_seed(7)))
    assert len(states) == 20
    assert torch.equal(states[0], SIGMAS[0] * torch.randn(5, 1, generator=torch.Generator().manual_seed(7)))
    for level in range(19):
        assert torch.equal(states[level + 1], toy.denoise_step(EXACT, states[level], level))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 2), (6, 1, 3, 4)])
def test_the_network_takes_any_shape_and_looks_at_its_level(shape):
    torch.manual_seed(0)
    network = toy.MLP(math.prod(shape[1:]), levels=5)
    x = torch.randn(shape)
    out = network(x, torch.arange(6) % 5)
    assert out.shape == x.shape
    assert_close(out[:1], network(x[:1], torch.tensor([0])))  # rows do not see each other
    assert not torch.allclose(network(x, torch.zeros(6, dtype=torch.long)), network(x, torch.ones(6, dtype=torch.long)))
    assert len([layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)]) == 4


def test_the_excess_loss_of_models_whose_loss_is_known():
    """Saying 0 costs 1, of which std² / (std² + sigma²) cannot be helped; a constant error adds its square."""
    needless = SIGMAS[:-1] ** 2 / (STD**2 + SIGMAS[:-1] ** 2)
    gaps = SIGMAS[:-1] - SIGMAS[1:]
    assert_close(toy.excess_loss(lambda x, level: 0 * x, SIGMAS, MEAN, STD), needless, rtol=0.01, atol=1e-4)
    assert_close(toy.excess_loss(EXACT, SIGMAS, MEAN, STD), torch.zeros(19))
    off = toy.excess_loss(lambda x, level: EXACT(x, level) + 0.3 * gaps[level], SIGMAS, MEAN, STD)
    assert_close(off, torch.full((19,), 0.09), rtol=1e-4, atol=1e-5)


class Ones(torch.nn.Module):
    """Says 1 and remembers what it saw."""

    def forward(self, x, level):
        self.seen = x
        return torch.ones_like(x)


def test_preconditioning_gives_the_network_standard_inputs():
    network = Ones()
    model = toy.Preconditioned(network, SIGMAS, MEAN, STD)
    n = 20_000
    for level in (0, 10, 18):
        y, g = toy.toy_data(n, generator=torch.Generator().manual_seed(0)), torch.Generator().manual_seed(1)
        out = model(y + SIGMAS[level] * torch.randn(n, generator=g), torch.full((n,), level))
        assert float(network.seen.mean()) == pytest.approx(0, abs=4 / n**0.5)
        assert float(network.seen.std()) == pytest.approx(1, abs=4 / (2 * n) ** 0.5)
        assert_close(out, (SIGMAS[level] - SIGMAS[level + 1]).expand(n))


def test_minimise_decays_the_learning_rate_to_zero():
    weight = torch.nn.Parameter(torch.tensor(0.0))
    loop = toy.fit(lambda: -weight, torch.optim.SGD([weight], lr=1.0), steps=4)
    assert weight.item() == 0  # nothing happens before the first item
    assert list(loop) == [(0, 0.0), (1, -1.0), (2, -1.75), (3, -2.25)]
    assert weight.item() == pytest.approx(1 + 0.75 + 0.5 + 0.25)


def fresh_training(steps, seed=0):
    g = torch.Generator().manual_seed(seed)
    data = toy.toy_data(10_000, generator=g)
    torch.manual_seed(seed)
    model = toy.Preconditioned(toy.MLP(1, 20), SIGMAS, float(data.mean()), float(data.std()))
    return model, toy.train_toy(model, data, SIGMAS, steps, g)


def test_training_depends_on_the_seeds_alone():
    first, second = (list(fresh_training(5)[1]) for _ in range(2))
    assert first == second
    assert [step for step, _ in first] == [0, 1, 2, 3, 4]


def test_training_draws_every_level_and_no_other():
    """A level that is never drawn keeps its embedding; the last level has no next one."""
    model, loop = fresh_training(3)
    before = model.network.level.weight.detach().clone()
    assert len(list(loop)) == 3
    assert (model.network.level.weight != before).any(dim=1).tolist() == [True] * 19 + [False]


def test_a_few_seconds_of_training_come_close_to_the_exact_answer():
    """2,000 steps of plain SGD. The best loss is 0.2245 over all levels; three seeds came within 5e-4."""
    model, loop = fresh_training(2000)
    losses = [loss for _, loss in loop]
    best = float((STD**2 / (STD**2 + SIGMAS[:-1] ** 2)).mean())
    assert sum(losses[-500:]) / 500 == pytest.approx(best, abs=0.01)

    level = torch.arange(19).repeat_interleave(2000)
    sigma, gap = SIGMAS[level], SIGMAS[level] - SIGMAS[level + 1]
    g = torch.Generator().manual_seed(1)
    x = MEAN + (STD**2 + sigma**2).sqrt() * torch.randn(len(level), generator=g)
    with torch.no_grad():
        excess = ((model(x, level) - EXACT(x, level)) / gap).square().reshape(19, -1).mean(dim=1)
    assert float(excess.mean()) < 2e-3
    assert float(excess.max()) < 1e-2

    samples = run(model, (10_000,))
    assert float(samples.mean()) == pytest.approx(MEAN, abs=0.003)
    assert float(samples.std()) == pytest.approx(float(run(EXACT, (10_000,)).std()), rel=0.15)


def test_the_notebooks_denoiser_stands_alone_in_the_lines_that_it_counts():
    """Its cells tagged "denoiser", with the answers in, need torch alone and lead from noise to the data."""
    notebook = read_source(Path(__file__).parents[1] / "notebooks" / "source" / "01_toy.py", solved=True)
    cells = [cell.source for cell in notebook.cells if "denoiser" in cell.metadata.get("tags", [])]
    code = "\n".join(cells)
    lines = [line for line in code.splitlines() if line.strip() and not line.strip().startswith("###")]
    assert len(lines) < 100
    (prose,) = [cell.source for cell in notebook.cells if "## Count the lines" in cell.source]
    assert re.search(r"(\d+) lines, docstrings included", " ".join(prose.split())).group(1) == str(len(lines))

    names = {}
    exec(code, names)
    samples = names["states"][-1]
    assert names["states"].shape == (20, 4000)
    assert len(names["losses"]) == 2000
    assert float(samples.mean()) == pytest.approx(MEAN, abs=0.003)
    assert float(samples.std()) == pytest.approx(STD, rel=0.25)
