"""Chapter 06's drawings: the values that are drawn are the right ones, and no picture is blank."""

import pytest
import torch
from drawn import axes
from matplotlib import pyplot as plt
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from course_lib import objective
from course_lib.drawings import objective as drawings
from course_lib.mixtures import GaussianMixture
from course_lib.schedules import NoiseSchedule

SCHEDULE = NoiseSchedule.from_name("cosine", 50)
MIXTURE = GaussianMixture(torch.tensor([-1.0, 1.0], dtype=torch.float64), 0.15, [0.8, 0.2])
X = torch.linspace(-1.5, 1.5, 31, dtype=torch.float64)


def heights(line):
    return torch.as_tensor(line.get_ydata(), dtype=torch.float64)


def views(step):
    t = torch.full((len(X),), step)
    return objective.four_views(X, t, MIXTURE.optimal_noise(X, t, SCHEDULE), SCHEDULE)


def test_each_view_has_its_panel():
    drawings.show_views(views(20), X, 20)
    assert [axis.get_title() for axis in axes()] == ["noise", "start", "v", "score"]
    for axis, view in zip(axes(), views(20).values(), strict=True):
        assert_close(heights(axis.lines[0]), view)


def test_the_views_picture_changes_with_t():
    one, other = (drawings.views_picture(views(t), X, t) for t in (2, 40))
    assert one.shape == other.shape == (460, 1440, 4)
    assert (one != other).any()


def test_x_t_lies_on_the_circle_and_v_is_a_tangent():
    drawings.show_circle(0.6, 0.8)
    (axis,) = axes()
    point = next(line for line in axis.lines if line.get_marker() == "o")
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.6, 0.8)
    arrow = next(text for text in axis.texts if getattr(text, "xyann", None) == (0.6, 0.8))
    along = torch.tensor(arrow.xy) - torch.tensor((0.6, 0.8))
    assert float(along @ torch.tensor((0.6, 0.8))) == pytest.approx(0, abs=1e-6)


def test_each_pair_of_gaussians_has_its_kl_as_title():
    drawings.show_kl([(2.0, 1.0), (0.0, 2.0)])
    expected = [2.0, float(kl_divergence(Normal(0.0, 1.0), Normal(0.0, 2.0)))]
    assert [axis.get_title() for axis in axes()] == [f"$D$ = {value:.2f} nats" for value in expected]
    peaks = [float(heights(axis.lines[1]).max()) for axis in axes()]
    assert peaks == pytest.approx([0.3989, 0.1995], abs=1e-3)


def test_terms_leave_out_both_ends():
    summed = {"exact": torch.arange(1.0, 7), "one bump": torch.arange(2.0, 8)}
    drawn = {name: terms[:, None] + torch.tensor([-0.1, 0.1]) for name, terms in summed.items()}
    drawings.show_terms(summed, drawn)
    first = axes()[0].lines[0]
    assert list(first.get_xdata()) == [1, 2, 3, 4]
    assert heights(first).tolist() == [2, 3, 4, 5]


def test_gaps_are_drawn_by_variance():
    gaps = {10: {"beta-tilde": 0.5, "beta": 0.4, "best": 0.1}, 50: {"beta-tilde": 0.6, "beta": 0.2, "best": 0.05}}
    drawings.show_gaps(gaps)
    assert [heights(line).tolist() for line in axes()[0].lines] == [[0.5, 0.6], [0.4, 0.2], [0.1, 0.05]]


def test_the_exact_step_back_is_a_density_and_a_small_one_is_gaussian():
    far = {}
    for timesteps, t in ((10, 2), (200, 59)):
        grid, truth, ours = drawings.step_back_densities(MIXTURE, NoiseSchedule.from_name("cosine", timesteps), t, 0.1)
        cell = grid[1] - grid[0]
        assert float(truth.sum() * cell) == pytest.approx(1, abs=1e-6)
        assert float(ours.sum() * cell) == pytest.approx(1, abs=1e-3)
        far[timesteps] = float((truth - ours).abs().sum() * cell)
    assert far[10] > 5 * far[200]
    drawings.show_step_back(MIXTURE, {10: 2, 200: 59}, 0.1)
    assert [axis.get_title() for axis in axes()] == ["T = 10, t = 2", "T = 200, t = 59"]


def test_the_bounds_weights_are_divided_by_their_mean():
    weights = {"linear": torch.tensor([3.0, 2.0]), "cosine": torch.tensor([1.0, 4.0])}
    drawings.show_bound_weights(weights)
    lines = axes()[0].lines
    assert [heights(line).tolist() for line in lines] == [pytest.approx([1.2, 0.8]), pytest.approx([0.4, 1.6]), [1, 1]]
    assert [line.get_label() for line in lines] == ["linear", "cosine", "simple loss"]


def test_weights_on_the_start_are_drawn_as_they_are():
    weights = {"noise": torch.tensor([3.0, 2.0]), "v": torch.tensor([1.0, 4.0])}
    drawings.show_weights_on_start(weights)
    lines = axes()[0].lines
    assert [heights(line).tolist() for line in lines] == [[3, 2], [1, 4]]
    assert [line.get_color() for line in lines] == [drawings.OBJECTIVES[name] for name in weights]


def test_the_lines_stand_at_the_best_predictions():
    losses = ("l2", "huber", "l1")
    drawings.show_noise_behind(MIXTURE, SCHEDULE, 20, 0.1, losses)
    place, t = torch.tensor([0.1], dtype=torch.float64), torch.tensor([20])
    for line, loss in zip(axes()[0].lines, losses, strict=True):
        best = float(objective.best_noise(place, t, MIXTURE, SCHEDULE, loss))
        assert line.get_xdata()[0] == pytest.approx(best)
    assert [text.get_text() for text in axes()[0].texts] == ["73%", "27%"]


def test_the_mean_of_the_possible_starts_is_the_posterior_mean():
    _, axis = plt.subplots()
    drawings.draw_possible_starts(axis, MIXTURE, SCHEDULE, 20)
    x = torch.as_tensor(axis.lines[0].get_xdata())
    assert_close(heights(axis.lines[0]), MIXTURE.posterior_mean(x, 20, SCHEDULE), rtol=1e-4, atol=1e-4)
    likely = torch.as_tensor(axis.images[0].get_array())  # (x_0, x_t)
    start = torch.linspace(-1.7, 1.7, len(likely), dtype=torch.float64)
    mean = (start[:, None] * likely).sum(dim=0) / likely.sum(dim=0)
    inside = x.abs() < 1
    assert_close(mean[inside], heights(axis.lines[0])[inside], rtol=0, atol=0.01)


def test_the_picture_of_possible_starts_has_no_ground():
    picture = drawings.possible_starts(MIXTURE, SCHEDULE, 30)
    assert picture.shape == (800, 1080, 4)
    assert picture[0, 0, 3] == 0
    assert picture[..., 3].max() == 255


def test_the_film_has_a_frame_for_each_t(monkeypatch):
    frames = []
    monkeypatch.setattr(drawings, "show_film", lambda shown, text, seconds: frames.extend(shown))
    drawings.show_possible_starts(MIXTURE, SCHEDULE, (0, 30))
    assert len(frames) == 2
    assert (frames[0] != frames[1]).any()


def test_the_slider_draws_the_views_of_its_t(monkeypatch):
    given = {}
    monkeypatch.setattr(drawings, "show_slider", lambda **all_of_it: given.update(all_of_it))
    drawings.show_views_slider(views, X, (2, 40), still=2)
    assert given["values"] == [2, 40]
    assert (given["still"] == drawings.views_picture(views(2), X, 2)).all()
    assert (given["draw"](40) == drawings.views_picture(views(40), X, 40)).all()


def test_the_noise_behind_alone_has_no_lines():
    drawings.show_noise_behind(MIXTURE, SCHEDULE, 20, 0.1)
    assert not axes()[0].lines


def test_shares_are_those_of_the_samples():
    samples = {"l2": torch.tensor([[1.0, -1, -1, -1, -1]] * 3), "huber": -torch.ones(3, 5), "l1": torch.ones(3, 5)}
    drawings.show_samples_by_loss(samples, MIXTURE)
    last = axes()[-1]
    shares = [float(bars.lines[0].get_ydata()[0]) for bars in last.containers]
    assert shares == pytest.approx([0.2, 0, 1])


def test_excess_is_a_band_over_seeds():
    excess = {"noise": torch.tensor([[0.01, 0.1], [0.04, 0.1]]), "v": torch.full((2, 2), 0.2)}
    drawings.show_excess(excess)
    assert heights(axes()[0].lines[0]).tolist() == pytest.approx([0.02, 0.1])
    assert len(axes()[0].collections) == 2


def test_every_seed_has_a_point_beside_the_best_possible():
    gaps = {"noise": torch.tensor([0.5, 0.6]), "v": torch.tensor([0.1, 0.2])}
    distances = {"noise": torch.tensor([-0.001, 0.6]), "v": torch.tensor([0.1, 0.2])}
    drawings.show_scores(gaps, distances, 0.11, 0.001)
    left, right = axes()
    assert left.lines[0].get_xdata().tolist() == pytest.approx([0.5, 0.6])
    assert right.lines[0].get_xdata().tolist() == pytest.approx([3e-4, 0.6])
    assert (left.lines[-1].get_xdata()[0], right.lines[-1].get_xdata()[0]) == (0.11, 0.001)
