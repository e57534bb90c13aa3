"""The drawings of chapter 13: what they draw is what they were given."""

import math

import numpy as np
import pytest
import torch
from drawn import axes
from matplotlib import pyplot as plt

from course_lib.drawings import guidance as drawings
from course_lib.drawings.fast_sampling import named_rows
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import image_grid

SHADES = {"light": torch.full((4, 1, 6, 6), 1.0), "dark": torch.full((4, 1, 6, 6), -1.0)}
CLASSES = [GaussianMixture([[1.0, 0.0]], std=0.2), GaussianMixture([[-1.0, 0.0]], std=0.2)]
EVERYTHING = GaussianMixture([[1.0, 0.0], [-1.0, 0.0]], std=0.2)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# Garments in rows


@pytest.mark.parametrize("show", ["show_steering", "show_parts", "show_avoiding", "show_hybrids", "show_classifier"])
def test_rows_are_shown_as_one_picture_with_a_text(films, show):
    getattr(drawings, show)(SHADES)
    (((picture,), text),) = films
    assert np.array_equal(picture[48:], named_rows(SHADES, "any")[48:])
    assert len(text) > 40


def test_each_row_of_weights_has_its_weight_before_it(films):
    light, dark = SHADES.values()
    drawings.show_weights({0: light, 0.5: dark})
    (((picture,), _),) = films
    assert np.array_equal(picture[48:], named_rows({"weight 0": light, "weight 0.5": dark}, "any")[48:])


def test_the_slider_s_picture_has_the_samples_of_its_weight():
    samples = {0.5: SHADES["dark"], 4: SHADES["light"]}
    for weight, shade in ((0.5, 0), (4, 255)):
        picture = drawings.weight_picture(samples, weight)
        assert picture[48:, :, 0].shape == tuple(2 * n for n in image_grid(samples[weight], 2, scale=4).shape)
        assert picture[60, 10, 0] == shade


def test_own_samples_are_shown_with_their_title_as_text(films):
    drawings.show_own(SHADES["light"][:3], "Bag, weight 3")
    (((picture,), text),) = films
    assert picture.shape[1] == 2 * image_grid(SHADES["light"][:3], 2, scale=4).shape[1]
    assert "Bag, weight 3" in text


# Numbers


def test_the_normal_density_is_that_of_its_variance():
    x = torch.linspace(-20, 20, 4001)
    density = drawings.normal_density(x, 1.5, 4.0)
    mass = density * 0.01
    assert float(mass.sum()) == pytest.approx(1, abs=1e-4)
    assert float((mass * x).sum()) == pytest.approx(1.5, abs=1e-3)
    assert float((mass * (x - 1.5) ** 2).sum()) == pytest.approx(4, abs=1e-3)


def test_the_sharpened_bell_is_class_cubed_over_everything_squared():
    drawings.show_sharpened()
    (axis,) = axes()
    everything, own, sharpened = (torch.as_tensor(line.get_ydata()) for line in axis.lines)
    expected = own**3 / everything**2
    step = 9 / 399
    assert torch.allclose(sharpened, expected / (expected.sum() * step), atol=1e-3)
    assert not axis.patches


def test_samples_are_drawn_as_a_histogram_of_density():
    drawings.show_sharpened(2 + normal(4000) / 2)
    (axis,) = axes()
    areas = [patch.get_height() * patch.get_width() for patch in axis.patches]
    assert sum(areas) == pytest.approx(1)
    assert [text.get_text() for text in axis.get_legend().get_texts()][:2] == ["samples", "N(2, 0.25)"]


def test_the_pull_and_the_mean_are_drawn_over_falling_noise():
    sigma, target, mean = torch.tensor([100.0, 1.0, 0.1]), torch.tensor([3.0, 2, 1]), torch.tensor([0.0, 1, 2])
    drawings.show_pull(sigma, target, mean)
    (axis,) = axes()
    first, second = axis.lines
    assert torch.equal(torch.as_tensor(first.get_ydata()), mean)
    assert torch.equal(torch.as_tensor(second.get_ydata()), target)
    low, high = axis.get_xlim()
    assert low > high


# Points in the plane


def test_shading_is_1_at_the_middle_of_each_class_and_0_far_away():
    ground = drawings.shading(CLASSES, 2.0)
    ticks = torch.linspace(-2, 2, 240)
    column = {x: int((ticks - x).abs().argmin()) for x in (-1.0, 1.0)}
    row = int(ticks.abs().argmin())
    assert all(float(ground[row, place]) > 0.99 for place in column.values())
    assert float(ground[0, 0]) < 1e-6


def test_a_sharpened_class_is_pushed_away_from_the_other():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    one, three = (drawings.sharpened(CLASSES[0], EVERYTHING, weight, x) for weight in (1.0, 3.0))
    assert torch.allclose(one, CLASSES[0].log_prob(x))
    assert float(three[1] - three[0]) > float(one[1] - one[0])


def test_the_points_of_a_frame_are_those_of_its_state(monkeypatch):
    seen = []
    monkeypatch.setattr(drawings, "figure_picture", lambda draw, size: seen.append(draw))
    states = torch.stack([normal(20, 2, seed=seed) for seed in range(5)])
    labels = torch.arange(20) % 2
    drawings.pinwheel_frames({"a": states, "b": states.flip(0)}, labels, CLASSES, every=2, trails=3)
    assert len(seen) == 3
    figure = plt.figure()
    seen[1](figure)
    assert "2 of 4" in figure.get_suptitle()
    for axis, own in zip(figure.axes, (states, states.flip(0)), strict=True):
        points = axis.collections[-1]
        assert torch.allclose(torch.tensor(points.get_offsets().data, dtype=torch.float32), own[2])
        assert len({tuple(colour) for colour in points.get_facecolors()}) == 2
        assert len(axis.lines) == 6
        x, y = axis.lines[0].get_data()
        assert torch.allclose(torch.stack([torch.as_tensor(x), torch.as_tensor(y)], dim=1), own[:3, 0])


def test_the_film_of_the_pinwheel_has_a_text(films):
    states = torch.stack([normal(20, 2)] * 3)
    drawings.show_pinwheel({"weight 1": states, "weight 5": states}, torch.arange(20) % 2, CLASSES)
    ((frames, text),) = films
    assert len(frames) == 2
    assert len(text) > 40


def test_a_note_is_written_below_the_points_of_each_part():
    labels = torch.zeros(5, dtype=torch.long)
    drawings.show_arms(
        {"all": torch.zeros(5, 2), "part": torch.ones(5, 2)}, labels, CLASSES, lambda x: f"{float(x.mean()):.1f}"
    )
    assert [axis.texts[0].get_text() for axis in axes()] == ["0.0", "1.0"]


def test_two_ideas_have_the_same_points():
    points = normal(30, 2)
    drawings.show_two_ideas(points, torch.arange(30) % 2, CLASSES, EVERYTHING, 5.0)
    for axis in axes():
        assert torch.allclose(torch.tensor(axis.collections[-1].get_offsets().data, dtype=torch.float32), points)


# What was measured


def rows_of(judge="fashion_mnist", factor=1.0):
    parts = [(weight, math.inf) for weight in (0.0, 1.0, 2.0)] + [(2.0, 5.0)]
    return [
        {"weight": weight, "highest": highest, "judge": judge, "seed": seed, "floor": 0.5,
         "distance": 0.5 * factor * (weight + seed) * (1 if highest == math.inf else 0.5),
         "agreement": 0.9 + weight / 50, "precision": 0.8 + weight / 100, "recall": 0.8 - weight / 100,
         "precision_floor": 0.85, "recall_floor": 0.87}
        for weight, highest in parts
        for seed in (0.0, 1.0, 2.0)
    ]  # fmt: skip


def judged():
    return [row for factor, judge in enumerate(drawings.JUDGES, 1) for row in rows_of(judge, factor)]


def test_a_series_has_mean_and_range_of_the_seeds_and_begins_at_weight_1():
    rows = rows_of()
    always = drawings.series(rows, "everywhere", drawings.ratio)
    assert always == {1.0: pytest.approx((2, 1, 3)), 2.0: pytest.approx((3, 2, 4))}
    part = drawings.series(rows, "in an interval", drawings.ratio)
    assert part == {1.0: pytest.approx((2, 1, 3)), 2.0: pytest.approx((1.5, 1, 2))}


def test_distances_have_a_panel_for_each_judge_and_a_curve_for_each_part():
    drawings.show_distances(judged())
    for axis, factor in zip(axes(), (1, 2, 3), strict=True):
        always, part = axis.containers
        assert (always.get_label(), part.get_label()) == ("everywhere", "in an interval")
        assert list(always[0].get_xdata()) == [1, 2]
        assert list(always[0].get_ydata()) == pytest.approx([2 * factor, 3 * factor])
        assert list(part[0].get_ydata()) == pytest.approx([2 * factor, 1.5 * factor])


def test_precision_and_recall_are_drawn_with_their_floors():
    drawings.show_shares(judged())
    for axis in axes():
        precision, dashed, recall, _ = axis.containers
        assert list(precision[0].get_ydata()) == pytest.approx([0.81, 0.82])
        assert list(recall[0].get_ydata()) == pytest.approx([0.79, 0.78])
        assert (precision[0].get_linestyle(), dashed[0].get_linestyle()) == ("-", "--")
        floors = [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == ":"]
        assert floors == pytest.approx([0.85, 0.87])


def test_agreement_has_a_curve_for_each_judge():
    drawings.show_agreement(judged())
    for axis in axes():
        assert [c.get_label() for c in axis.containers] == list(drawings.JUDGES.values())
        assert list(axis.containers[0][0].get_ydata()) == pytest.approx([0.92, 0.94])
