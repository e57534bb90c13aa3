"""The drawings of chapter 04: what is drawn is read back from the axes."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from course_lib.drawings import forward as drawings
from course_lib.forward import q_posterior, q_sample
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import COLOURS
from course_lib.schedules import NoiseSchedule

SCHEDULE = NoiseSchedule.from_name("cosine", 20)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def axes():
    """The axes of the one figure that was shown, which says in words what there is to see."""
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    assert len(figure.alternative) > 60
    return figure.axes


def lines(axis, colour):
    """The points (n, 2) of the lines of that colour."""
    found = [each for each in axis.lines if to_hex(each.get_color()) == COLOURS[colour].lower()]
    return [np.array(each.get_xydata()) for each in found]


def test_a_bell_has_its_mean_and_variance():
    x = torch.linspace(-10, 10, 10_001)
    density = drawings.bell(x, 0.7, 1.5)
    assert float(torch.trapezoid(density, x)) == pytest.approx(1, abs=1e-4)
    assert float(torch.trapezoid(density * x, x)) == pytest.approx(0.7, abs=1e-3)
    assert float(torch.trapezoid(density * (x - 0.7) ** 2, x)) == pytest.approx(1.5, abs=1e-3)


def test_broadcasting_shows_stripes_above_and_shades_below():
    pictures, numbers = torch.ones(4, 1, 4, 4), torch.tensor([0.0, 0.3, 0.6, 0.9])
    drawings.show_broadcasting(numbers * pictures, numbers.reshape(4, 1, 1, 1) * pictures)
    (axis,) = axes()
    drawn = np.asarray(axis.images[0].get_array())
    above, below = drawn[:48, :48], drawn[-48:, :48]
    assert above.std() > 50
    assert below.std() == 0
    assert np.array_equal(above, drawn[:48, -48:])


def test_steps_and_leap_lie_below_the_exact_bell():
    g = torch.Generator().manual_seed(0)
    t = torch.full((20_000,), 9)
    x = [q_sample(torch.ones(20_000), t, torch.randn(20_000, generator=g), SCHEDULE) for _ in range(2)]
    drawings.show_steps_and_leap({9: x[0]}, {9: x[1]}, SCHEDULE)
    (axis,) = axes()
    (exact,) = lines(axis, "exact")
    left = float(SCHEDULE.alphas_cumprod[9])
    assert exact[exact[:, 1].argmax(), 0] == pytest.approx(left**0.5, abs=0.02)
    tallest = max(bar.get_height() for bar in axis.containers[0])
    assert tallest == pytest.approx(exact[:, 1].max(), rel=0.1)


def test_paths_are_drawn_over_the_density():
    mixture = GaussianMixture(torch.tensor([-1.0, 1.0]), 0.1)
    paths = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    drawings.show_density_over_time(mixture, SCHEDULE, paths)
    (axis,) = axes()
    drawn = lines(axis, "data")
    assert len(drawn) == 3
    np.testing.assert_allclose(drawn[1][:, 1], paths[:, 1])
    assert len(axis.collections) >= 1  # the shades


def test_densities_are_drawn_over_samples():
    x = torch.linspace(-3, 3, 50)
    drawings.show_densities({0: drawings.bell(x, 0, 1)}, {0: torch.zeros(10)}, x)
    (axis,) = axes()
    (exact,) = lines(axis, "exact")
    np.testing.assert_allclose(exact[:, 1], drawings.bell(x, 0, 1), rtol=1e-6)
    tallest = max(axis.containers[0], key=lambda bar: bar.get_height())
    assert abs(tallest.get_x() + tallest.get_width() / 2) < 0.1


@pytest.mark.parametrize("step", [3, 10, 18])
def test_the_green_bell_is_the_product_of_the_two_others(step):
    axis = Figure().add_subplot()
    drawings.draw_witnesses(axis, step, 1.0, 0.4, SCHEDULE)
    curves = [lines(axis, colour)[0][:, 1] for colour in ("data", "noise", "exact")]
    product = curves[0] * curves[1]
    np.testing.assert_allclose(product / product.max(), curves[2] / curves[2].max(), atol=5e-3)


def test_at_t_zero_x_0_is_certain():
    axis = Figure().add_subplot()
    drawings.draw_witnesses(axis, 0, 1.0, 0.4, SCHEDULE)
    green = [c for c in axis.collections if c.get_label() == "both together"]
    assert [segment[0][0] for segment in green[0].get_segments()] == [1.0]


def test_the_slider_has_a_picture_for_every_step():
    x_t = torch.linspace(1, -1, 20)
    shapes = {drawings.witnesses_picture(step, 1.0, x_t, SCHEDULE).shape for step in (0, 1, 19)}
    assert len(shapes) == 1
    assert next(iter(shapes))[1] / 2 <= 740


def test_the_posterior_is_drawn_over_what_was_kept():
    mean, variance = q_posterior(torch.tensor([1.0]), torch.tensor([0.4]), torch.tensor([8]), SCHEDULE)
    g = torch.Generator().manual_seed(0)
    kept = float(mean) + float(variance) ** 0.5 * torch.randn(5000, generator=g)
    drawings.show_posterior_check({8: kept}, {8: (float(mean), float(variance))})
    (axis,) = axes()
    (exact,) = lines(axis, "exact")
    assert exact[exact[:, 1].argmax(), 0] == pytest.approx(float(mean), abs=0.01)
    assert "5,000" in axis.get_title()


def test_weights_and_variance_are_those_of_the_schedule():
    drawings.show_weights(SCHEDULE)
    left, right = axes()
    np.testing.assert_allclose(lines(left, "data")[0][:, 1], SCHEDULE.posterior_mean_coef1)
    np.testing.assert_allclose(lines(left, "noise")[0][:, 1], SCHEDULE.posterior_mean_coef2)
    share = lines(right, "exact")[0][:, 1]
    assert share[0] == 0
    assert share[-1] == pytest.approx(1, abs=0.01)


def test_films_are_wide_and_write_t(monkeypatch):
    shown = []
    monkeypatch.setattr(drawings, "show_film", lambda frames, alternative, **_: shown.append((frames, alternative)))
    images = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    drawings.show_garments_fade(images, SCHEDULE, torch.Generator().manual_seed(0))
    drawings.show_there_and_back({0: images[:5]}, {10: images[5:], 0: images[:5]})
    for frames, alternative in shown:
        assert frames[0].shape[1] / 2 >= 480
        assert len(alternative) > 60
        assert not np.array_equal(frames[0][:48], frames[1][:48])
    assert [len(frames) for frames, _ in shown] == [20, 3]
