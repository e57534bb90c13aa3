"""The drawings of chapter 05: what they draw is what they were given."""

import numpy as np
import pytest
import torch
from drawn import axes
from matplotlib.figure import Figure

from course_lib.drawings import reverse as drawings
from course_lib.mixtures import GaussianMixture, four_modes
from course_lib.schedules import NoiseSchedule

SCHEDULE = NoiseSchedule.from_name("cosine", 6)
BUMPS = GaussianMixture([1.0, 3.0], std=0.2)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_best_predictions_are_the_posterior_means():
    drawings.show_best_predictions(BUMPS, SCHEDULE, steps=(0, 3, 5))
    for axis, t in zip(axes(), (0, 3, 5), strict=True):
        x, y = (torch.tensor(values) for values in axis.lines[0].get_data())
        assert torch.allclose(y, BUMPS.posterior_mean(x, t, SCHEDULE), atol=1e-5)


def test_the_losses_are_averaged_over_50_steps():
    drawings.show_losses(torch.arange(200.0) / 200, 0.3)
    curve, line = axes()[0].lines
    assert curve.get_ydata() == pytest.approx([0.1225, 0.3725, 0.6225, 0.8725])
    assert list(line.get_ydata()) == [0.3, 0.3]


def test_the_learned_loss_is_the_best_one_and_its_excess():
    best, excess = torch.tensor([0.8, 0.2, 0.1]), torch.tensor([0.05, 0.0, 0.1])
    drawings.show_loss_by_level(best, excess)
    exact, learned = axes()[0].lines
    assert exact.get_ydata() == pytest.approx(best.tolist())
    assert learned.get_ydata() == pytest.approx([0.85, 0.2, 0.2])


def test_the_shares_of_the_modes_are_written_in():
    modes = four_modes()
    drawings.show_beside_data(modes.means.repeat(5, 1), modes.means[[0, 0, 1, 2]], modes)
    texts = [[text.get_text() for text in axis.texts] for axis in axes()]
    assert texts == [["0.25"] * 4, ["0.50", "0.25", "0.25", "0.00"]]


def test_the_cloud_moves():
    states = [normal(500, 2) * scale for scale in (1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05)]
    frames = drawings.cloud_frames(states, SCHEDULE, GaussianMixture([1.0, -1.0], std=0.05))
    assert len(frames) == 7
    assert all(frame.shape == (740, 1280, 4) for frame in frames)
    assert frames[0][..., 3].any()
    assert not np.array_equal(frames[0], frames[-1])


def test_the_film_of_the_cloud_has_its_frames_and_a_text(monkeypatch):
    shown = []
    monkeypatch.setattr(drawings, "show_film", lambda frames, text: shown.extend([frames, text]))
    states, heights = [normal(500, 2)] * 7, GaussianMixture([1.0, -1.0], std=0.05)
    drawings.show_cloud(states, SCHEDULE, heights)
    frames, text = shown
    assert len(frames) == 7
    assert len(text) > 40


def test_a_state_is_named_by_its_t_and_the_last_one_is_the_samples():
    assert drawings.level_name(5) == "t = 5"
    assert "samples" in drawings.level_name(-1)


def three_states():
    return {"with fresh noise": normal(7, 400) * 0.3 + 1, "deterministic": normal(7, 400, seed=1) * 0.1 + 3}


def test_the_heat_maps_hold_the_densities_of_the_states():
    runs = drawings.Runs(three_states(), BUMPS, SCHEDULE)
    width = runs.edges[1] - runs.edges[0]
    for name, place in (("with fresh noise", 1), ("deterministic", 3)):
        heat = runs.heat[name]
        assert heat.shape == (180, 7)
        assert heat.sum(axis=0) * width == pytest.approx(np.ones(7), abs=0.01)
        assert (runs.centres.numpy() @ heat) * width == pytest.approx(np.full(7, place), abs=0.1)
    assert runs.exact.shape == (180, 7)
    assert runs.exact[:, -1] == pytest.approx(BUMPS.log_prob(runs.centres).exp().numpy())
    assert runs.exact[:, 0] == pytest.approx(BUMPS.log_prob(runs.centres, 5, SCHEDULE).exp().numpy())


@pytest.mark.parametrize("upto", [0, 3, 6])
def test_the_paths_end_where_the_film_is(upto):
    states, figure = three_states(), Figure()
    drawings.Runs(states, BUMPS, SCHEDULE).draw(figure, upto, "t = 1")
    for axis, (name, values), count in zip(figure.axes[::2], states.items(), (4, 12), strict=True):
        assert axis.get_title() == name
        assert len(axis.lines) == count
        for line in axis.lines:
            t, x = line.get_data()
            assert t.tolist() == [5, 4, 3, 2, 1, 0, -1][: upto + 1]
            assert torch.isclose(values[upto], torch.tensor(x[-1])).any()
        shade = axis.images[0].get_array()
        assert shade[:, upto].any()
        assert not shade[:, upto + 1 :].any()


def test_the_film_of_the_runs_ends_with_all_of_the_picture(monkeypatch):
    frames = []
    monkeypatch.setattr(drawings, "show_film", lambda shown, text: frames.extend(shown))
    drawings.show_growing_runs(three_states(), BUMPS, SCHEDULE)
    assert len(frames) == 7
    assert all(frame.shape == (600, 1200, 4) for frame in frames)
    inked = [int((frame[..., 3] > 0).sum()) for frame in frames]
    assert inked[0] < inked[3] < inked[-1]


def test_the_picture_of_the_runs_is_shown_whole(monkeypatch):
    shown = []
    monkeypatch.setattr(drawings, "show_film", lambda frames, text, **_: shown.extend([*frames, text]))
    drawings.show_runs(three_states(), BUMPS, SCHEDULE)
    picture, text = shown
    assert picture.shape == (700, 1480, 4)
    assert (picture[..., 3] > 0).mean() > 0.1
    assert len(text) > 40


def test_the_triangles_are_right_angled():
    drawings.show_noise_budget(SCHEDULE, steps=(1, 3))
    for axis in axes():
        kept, fresh, level = (np.hypot(*np.diff(line.get_data())) for line in axis.lines)
        assert level == pytest.approx(1, abs=1e-4)
        assert kept**2 + fresh**2 == pytest.approx(level**2, abs=1e-4)


def test_histograms_hold_all_samples_beside_the_exact_density():
    drawings.show_starts({"a": 1 + 0.1 * normal(1000), "b": 3 + 0.1 * normal(1000)}, BUMPS)
    for axis, place in zip(axes(), (1, 3), strict=True):
        bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height() * bar.get_width()) for bar in axis.patches]
        assert sum(share for _, share in bars) == pytest.approx(1)
        assert sum(x * share for x, share in bars) == pytest.approx(place, abs=0.02)
        x, y = axis.lines[0].get_data()
        assert y == pytest.approx(BUMPS.log_prob(torch.tensor(x)).exp().numpy())


def test_the_grain_is_drawn_in_shares():
    drawings.show_grain({"right": torch.full((10,), -1.0), "grain": -1 + 0.02 * normal(500)}, -1.0)
    for axis, tallest in zip(axes(), (1.0, 0.2), strict=True):
        shares = [bar.get_height() for bar in axis.patches]
        assert sum(shares) == pytest.approx(1)
        assert max(shares) == pytest.approx(tallest, abs=0.1)


def test_the_excess_is_the_mean_of_the_seeds():
    errors = {"ten networks": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "one network": torch.ones(2, 2)}
    drawings.show_excess(errors, {name: 10 * values for name, values in errors.items()})
    noise, start = axes()
    assert noise.lines[0].get_ydata() == pytest.approx([2, 3])
    assert start.lines[0].get_ydata() == pytest.approx([20, 30])
    assert [line.get_label() for line in noise.lines] == list(errors)
