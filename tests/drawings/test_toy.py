"""The drawings of chapter 01: what is drawn is read back from the axes."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from torch.testing import assert_close

from course_lib import toy
from course_lib.drawings import toy as drawings
from course_lib.pictures.plots import COLOURS

SIGMAS = toy.noise_levels(20, 10.0, 0.001)
PEAKS = torch.tensor([-1.0, 1.0])


def exact_model(sigmas):
    return partial(toy.optimal_prediction, sigmas=sigmas, mean=1.0, std=0.01)


EXACT = exact_model(SIGMAS)


def peaks_model(sigmas):
    def predict(x, level):
        sigma = sigmas[level]
        return (sigma - sigmas[level + 1]) / sigma * (x - toy.peaks_denoiser(x, sigma, PEAKS, 0.2))

    return predict


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def noise(count, seed=0):
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))


def axes():
    """The axes of the one figure that was shown, which says in words what there is to see."""
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    assert len(figure.alternative) > 60
    return figure.axes


def line(axis, colour, label=None):
    """The points (n, 2) of the one line of that colour."""
    found = [
        each
        for each in axis.lines
        if to_hex(each.get_color()) == COLOURS[colour].lower() and label in (None, each.get_label())
    ]
    assert len(found) == 1
    return torch.tensor(np.array(found[0].get_xydata()), dtype=torch.float32)


def test_the_densities_are_those_of_data_with_noise():
    x = torch.linspace(-12, 12, 20_001)
    for sigma in (0.1, 1.0):
        density = drawings.noisy_density(x, sigma)
        total = torch.trapezoid(density, x)
        assert float(total) == pytest.approx(1, abs=1e-3)
        assert float(torch.trapezoid(density * (x - 1) ** 2, x)) == pytest.approx(0.0001 + sigma**2, rel=1e-3)
        two = drawings.peaks_density(x, sigma, PEAKS, 0.2)
        assert float(torch.trapezoid(two, x)) == pytest.approx(1, abs=1e-3)
        assert float(torch.trapezoid(two * x**2, x)) == pytest.approx(1 + 0.04 + sigma**2, rel=1e-3)


def test_each_strength_has_an_axis_that_fits_it():
    drawings.show_strengths(
        toy.toy_data(500, generator=torch.Generator().manual_seed(0)), [1.0, 0.1], torch.Generator()
    )
    wide, narrow = axes()
    assert sum(bar.get_height() for bar in wide.patches) == 500
    assert np.ptp(wide.get_xlim()) > 5 * np.ptp(narrow.get_xlim())


def test_the_levels_are_drawn_beside_the_datas_standard_deviation():
    drawings.show_levels(SIGMAS)
    (axis,) = axes()
    assert axis.get_yscale() == "log"
    assert_close(line(axis, "noise")[:, 1], SIGMAS)
    assert line(axis, "data")[:, 1].tolist() == pytest.approx([0.01, 0.01])


@pytest.mark.parametrize("steps", [2000, 130, 20])
def test_losses_are_means_of_fifty_steps(steps):
    """Also those of an interrupted training: what does not fill a block is left out."""
    best, excess = torch.linspace(0, 0.9, 19), torch.full((19,), 0.05)
    losses = [1 / (step + 1) for step in range(steps)]
    drawings.show_losses(losses, best, excess)
    left, right = axes()
    learned = line(left, "learned")
    assert len(learned) == max(1, steps // 50)
    size = min(50, steps)
    assert float(learned[0, 1]) == pytest.approx(sum(losses[:size]) / size, rel=1e-5)
    assert_close(line(right, "learned")[:, 1], best + 0.05)
    assert_close(line(right, "exact")[:, 1], best)


def test_paths_are_drawn_whole_and_near_their_end():
    states = toy.sample_path(EXACT, noise(50), SIGMAS)
    drawings.show_paths(states, count=7)
    whole, close = axes()
    assert len(whole.lines) == len(close.lines) == 7
    assert_close(torch.tensor(whole.lines[3].get_ydata()), states[:, 3])
    assert_close(torch.tensor(close.lines[3].get_ydata()), states[11:, 3])


def test_the_film_has_a_sharp_frame_for_each_level_and_they_differ():
    states = toy.sample_path(EXACT, noise(300), SIGMAS)
    frames = drawings.path_frames(states[[0, 10, 19]], SIGMAS[[0, 10, 19]])
    assert [frame.shape for frame in frames] == [(540, 1280, 4)] * 3
    assert all(len(np.unique(frame)) > 20 for frame in frames)
    assert not np.array_equal(frames[1], frames[2])
    assert frames[0][..., 3].min() == 0  # no ground


def test_slice_means_go_half_as_far_as_x():
    y = toy.toy_data(40_000, generator=torch.Generator().manual_seed(0))
    drawings.show_slice_means(y + 0.01 * noise(40_000, 1), y)
    (axis,) = axes()
    points = line(axis, "ink", "mean y in a slice") - 1
    assert len(points) == 6
    slope = float((points[:, 0] * points[:, 1]).sum() / points[:, 0].square().sum())
    assert slope == pytest.approx(0.5, abs=0.02)


def test_predictions_are_in_units_of_the_gap():
    figure, axis = plt.subplots()
    figure.alternative = "-" * 70
    drawings.draw_predictions(axis, lambda x, level: 0 * x, EXACT, SIGMAS, 4)
    learned, truth = line(axis, "learned"), line(axis, "exact")
    assert float(learned[:, 1].abs().max()) == 0
    sigma = float(SIGMAS[4])
    assert_close(truth[:, 1], sigma * (truth[:, 0] - 1) / (0.01**2 + sigma**2), rtol=1e-3, atol=1e-3)


def test_the_sliders_picture_changes_with_the_level():
    states = toy.sample_path(EXACT, noise(300), SIGMAS)
    first, second = (drawings.prediction_picture(i, EXACT, EXACT, states, SIGMAS) for i in (2, 17))
    assert first.shape == second.shape == (600, 1400, 4)
    assert not np.array_equal(first, second)


def test_distances_have_a_bar_each_their_range_and_the_floor():
    drawings.show_distances({"fresh data": [-1.0, 0.0, 1.0], "learned model": [4.0, 5.0, 9.0]}, floor=0.5)
    (axis,) = axes()
    assert [bar.get_width() for bar in axis.patches] == [0, 6]
    assert [to_hex(bar.get_facecolor()) for bar in axis.patches] == [COLOURS[c].lower() for c in ("data", "learned")]
    (ranges,) = [c for c in axis.collections if len(c.get_segments()) == 2]
    assert [segment[:, 0].tolist() for segment in ranges.get_segments()] == [[-1, 1], [4, 9]]
    assert line(axis, "ink", "floor")[:, 0].tolist() == [0.5, 0.5]


def test_samples_of_few_levels_stand_beside_the_datas_density():
    drawings.show_few_levels({3: 1 + 0.002 * noise(500), 40: 1 + 0.01 * noise(500)})
    few, many = axes()
    density = line(few, "data")
    assert float(density[:, 1].max()) == pytest.approx(1 / (0.01 * math.sqrt(2 * math.pi)), rel=1e-3)
    assert max(bar.get_height() for bar in few.patches) > 2 * max(bar.get_height() for bar in many.patches)
    assert [axis.get_title() for axis in (few, many)] == ["3 levels", "40 levels"]


def test_long_steps_end_below_the_true_path():
    drawings.show_bend(exact_model)
    (axis,) = axes()
    truth = line(axis, "exact")
    assert float(truth[0, 1]) == pytest.approx(0.01)
    ends = [float(path.get_ydata()[-1]) for path in axis.lines if path.get_label() != "true path"]
    assert ends == pytest.approx([0.002, 0.006, 0.0087], abs=2e-4)


def test_posterior_means_are_those_of_the_model():
    sigmas = toy.noise_levels(40, 10.0, 0.02)
    model = peaks_model(sigmas)
    drawings.show_posterior_means(model, model, sigmas, [10, 22], PEAKS, 0.2)
    for axis, level in zip(axes(), (10, 22), strict=True):
        x, mean = line(axis, "exact").T
        assert_close(mean, toy.peaks_denoiser(x, sigmas[level], PEAKS, 0.2), rtol=1e-3, atol=1e-3)
        assert_close(line(axis, "learned")[:, 1], mean)


def test_the_fork_shades_the_exact_density_and_draws_every_path():
    sigmas = toy.noise_levels(40, 10.0, 0.02)
    path = toy.sample_path(peaks_model(sigmas), torch.tensor([-1.0, -0.1, 0.1, 1.0]), sigmas)
    drawings.show_fork(path + 0.1, path, sigmas, PEAKS, 0.2)
    (axis,) = axes()
    drawn = [each for each in axis.lines if len(each.get_xdata()) == 40]
    assert len(drawn) == 8
    assert_close(torch.tensor(drawn[0].get_ydata()), path[:, 0] + 0.1)
    assert_close(torch.tensor(drawn[4].get_ydata()), path[:, 0])
    assert axis.get_xlim()[0] > axis.get_xlim()[1]  # noise is on the left
    (shade,) = axis.collections
    density = np.asarray(shade.get_array())  # (places, levels)
    x = np.linspace(-4, 4, len(density))
    assert density[abs(x).argmin(), 0] == density[:, 0].max() > 2 * density[0, -1]
    assert abs(abs(x[density[:, -1].argmax()]) - 1) < 0.1
    assert density[abs(x).argmin(), -1] == 0
