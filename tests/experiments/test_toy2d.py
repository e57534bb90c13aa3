"""Data sets in the plane by their geometry, the energy distance by hand, and a training of a few seconds."""

import math

import pytest
import torch
from torch.distributions import Normal

from course_lib import mixtures
from course_lib.experiments import toy2d
from course_lib.toy import MLP, Preconditioned, denoise_steps, noise_levels


def test_data_sets_have_their_shapes():
    n = 4000
    for draw in (toy2d.moons, toy2d.swiss_roll, toy2d.checkerboard):
        x = draw(n, torch.Generator().manual_seed(0))
        assert x.shape == (n, 2)
        assert x.dtype == torch.float32
        assert 0.5 < float(x.std()) < 1.5
        assert float(x.mean(dim=0).abs().max()) < 0.3
        assert draw(0).shape == (0, 2)

    board = toy2d.checkerboard(n, torch.Generator().manual_seed(0)) + 2
    square = board.floor().long()
    assert bool((square.sum(dim=1) % 2 == 0).all())
    counts = (4 * square[:, 0] + square[:, 1]).bincount(minlength=16)
    assert sorted(counts.tolist())[:8] == [0] * 8
    assert int(counts[counts > 0].min()) > n / 8 - 4 * (n / 8) ** 0.5
    inside = board - board.floor()
    assert inside.mean(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=4 * 0.29 / n**0.5)

    moons = toy2d.moons(n, torch.Generator().manual_seed(0)) / 1.5
    upper = (moons - torch.tensor([-0.5, -0.25])).norm(dim=1)  # distance from each half circle's centre
    lower = (moons - torch.tensor([0.5, 0.25])).norm(dim=1)
    assert float(torch.minimum((upper - 1).abs(), (lower - 1).abs()).max()) < 0.3

    roll = 7 * toy2d.swiss_roll(n, torch.Generator().manual_seed(0))
    turns = (roll.norm(dim=1) - torch.atan2(roll[:, 1], roll[:, 0])) / (2 * math.pi)
    assert float((turns - turns.round()).abs().mul(2 * math.pi).max()) < 2  # radius = angle, up to the blur


def test_energy_distance_by_hand():
    """Across: |0 - 1|, |0 - 3|, |2 - 1|, |2 - 3|, mean 3/2. Within: 2 and 2."""
    x, y = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [3.0]])
    assert float(toy2d.energy_distance(x, y)) == pytest.approx(2 * 1.5 - 2 - 2)
    for wrong in (torch.zeros(3), torch.zeros(1, 1), torch.zeros(3, 2)):
        with pytest.raises(ValueError, match=r"\(n, d\)"):
            toy2d.energy_distance(x, wrong)


def test_energy_distance_is_unbiased_and_sees_a_shift():
    """Twice the integral of (F - G)², in 1D: for N(0, 1) and N(1, 1) worked out on a grid."""
    grid = torch.linspace(-12, 12, 100_001, dtype=torch.float64)
    normal = Normal(torch.tensor(0.0).double(), torch.tensor(1.0).double())
    expected = 2 * float(torch.trapezoid((normal.cdf(grid) - normal.cdf(grid - 1)) ** 2, grid))
    g = torch.Generator().manual_seed(0)
    same, shifted = [], []
    for _ in range(400):
        x, y = torch.randn(20, 1, generator=g), torch.randn(30, 1, generator=g)
        same.append(toy2d.energy_distance(x, y))
        shifted.append(toy2d.energy_distance(x, y + 1))
    for values, truth in ((same, 0.0), (shifted, expected)):
        values = torch.stack(values)
        assert float(values.mean()) == pytest.approx(truth, abs=4 * float(values.std()) / 20)


def test_many_energy_distances_are_those_of_the_pieces():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(7, 2, generator=g), torch.randn(9, 2, generator=g)
    pieces = toy2d.energy_distances(x, y, 3)
    expected = [toy2d.energy_distance(x[:3], y[:3]), toy2d.energy_distance(x[3:6], y[3:6])]
    assert pieces.tolist() == pytest.approx([float(value) for value in expected])


def test_the_floor_is_the_root_mean_square_over_pairs_of_real_sets():
    def draw(n, generator):
        return torch.randn(n, 2, generator=generator)

    floor = toy2d.energy_floor(draw, 20, torch.Generator().manual_seed(0), repeats=40)
    g = torch.Generator().manual_seed(0)
    pairs = torch.stack([toy2d.energy_distance(draw(20, g), draw(20, g)) for _ in range(40)])
    assert floor == pytest.approx(float(pairs.square().mean().sqrt()))
    assert float(pairs.min()) < 0 < floor  # unbiased: some pairs lie below 0, the floor never does
    smaller = toy2d.energy_floor(draw, 200, torch.Generator().manual_seed(0))
    assert 5 * smaller < floor < 20 * smaller  # it falls as 1 / size
    with pytest.raises(ValueError, match="repeats=0"):
        toy2d.energy_floor(draw, 20, g, repeats=0)
    with pytest.raises(ValueError, match=r"\(n, d\)"):
        toy2d.energy_floor(draw, 1, g)


def test_waves_are_the_network_of_x_with_its_sines_and_cosines():
    torch.manual_seed(0)
    waves = toy2d.FourierMLP(2, levels=5, frequencies=(1.0, 3.0))
    x, t = torch.tensor([[0.5, -1.0], [2.0, 0.1]]), torch.tensor([4, 0])
    seen = [
        [*row, *(f(math.pi / 2 * k * v) for f in (math.sin, math.cos) for v in row for k in (1, 3))]
        for row in x.tolist()
    ]
    assert torch.allclose(waves(x, t), waves.network(torch.tensor(seen), t)[:, :2], atol=1e-5)
    assert waves(x, t).shape == (2, 2)


def test_four_narrow_modes_are_learned_in_seconds():
    """The four weights, the energy distance beside its floor, the excess loss at every level."""
    torch.manual_seed(0)
    sigmas, mixture, g = noise_levels(50, 10.0, 0.02), mixtures.four_modes(), torch.Generator().manual_seed(0)
    model = Preconditioned(MLP(2, 49), sigmas, 0.0, 1.0)
    losses = [loss for _, loss in toy2d.train_points(model, mixture.sample(20_000, g), sigmas, 4000, g)]
    assert len(losses) == 4000
    *_, samples = denoise_steps(model, (20_000, 2), sigmas, g)
    share, _ = mixtures.mode_weights(samples, mixture)
    assert (share - mixture.weights).abs().max() < 0.03
    distance = toy2d.energy_distances(samples, mixture.sample(20_000, g), 2000).mean()
    floor = toy2d.energy_distances(mixture.sample(40_000, g), mixture.sample(40_000, g), 2000)
    assert distance < 2 * floor.square().mean().sqrt()
    assert mixtures.excess_neighbour_loss(model, mixture, sigmas, g).max() < 0.015
