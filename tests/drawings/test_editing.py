"""The drawings of chapter 14: what they draw is what they were given."""

import numpy as np
import pytest
import torch
from drawn import axes

from course_lib.drawings import editing as drawings
from course_lib.drawings.fast_sampling import named_rows
from course_lib.editing import conditional_mixture
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import COLOURS, image_grid

CLOUDS = GaussianMixture([[-1.0, -1.0], [1.0, 1.0]], std=0.4)


def garments(n, seed=0):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


# Films


def test_a_frame_has_its_garments_below_its_text():
    states = [garments(4), garments(4, seed=1)]
    frames = drawings.film_frames(states, ["first", "second"], columns=4, scale=9)
    for frame, state in zip(frames, states, strict=True):
        assert np.array_equal(frame[48:, :, 0], image_grid(state, 4, 9))
        assert (frame[48:, :, 3] == 255).all()
        assert frame[:48, :, 3].any()
    assert frames[0].shape[1] / 2 >= 480  # pixels of the page


def test_the_opening_has_the_walks_above_the_drawings(films):
    walks, drawn = [garments(3, seed) for seed in (0, 1)], [garments(3, seed) for seed in (2, 3)]
    drawings.show_opening(walks, drawn)
    ((frames, text),) = films
    assert len(text) > 40
    assert frames[0].shape[1] / 2 >= 480
    assert np.array_equal(frames[1][48:, :, 0], image_grid(torch.cat([walks[1], drawn[1]]), 3, 12))


def test_a_walk_says_how_far_it_has_come(films, monkeypatch):
    texts = []
    monkeypatch.setattr(drawings, "with_text", lambda picture, text: texts.append(text) or picture)
    drawings.show_walk([garments(4)] * 5)
    assert texts == ["0% of the way", "25% of the way", "50% of the way", "75% of the way", "100% of the way"]
    ((frames, text),) = films
    assert len(frames) == 5
    assert len(text) > 40


@pytest.mark.parametrize(
    "show",
    [
        "show_denoised",
        "show_wrong_t",
        "show_sketches",
        "show_filled",
        "show_bugs",
        "show_variety",
        "show_round_trip",
        "show_middles",
    ],
)
def test_rows_are_shown_as_one_picture_with_a_text(films, show):
    rows = {"first": garments(10), "second": garments(10, seed=1)}
    getattr(drawings, show)(rows)
    (((picture,), text),) = films
    assert np.array_equal(picture[48:], named_rows(rows, "any")[48:])
    assert len(text) > 40


def test_five_garments_in_a_row_are_drawn_larger(films):
    rows = {"drawing": garments(5), "t = 30": garments(5, seed=1)}
    drawings.show_sketches(rows)
    (((picture,), _),) = films
    assert np.array_equal(picture[48:], named_rows(rows, "any", scale=6)[48:])
    assert picture.shape[1] / 2 >= 480


# Curves

NOISE = [
    {"grey": grey, "method": method, "t": t, "seed": seed, "psnr": psnr + seed}
    for grey, method, t, psnr in (
        (10, "noisy", 8, 28.0),
        (50, "noisy", 45, 14.0),
        (10, "one call", 8, 34.0),
        (50, "one call", 45, 25.0),
        (50, "one call from", 20, 19.0),
        (50, "one call from", 90, 22.0),
    )
    for seed in (0, 1)
]


def test_psnr_over_t_has_the_garments_the_photographs_and_the_t_that_fits():
    drawings.show_psnr_over_t({20: 19.0, 45: 24.0}, NOISE, 45)
    (axis,) = axes()
    ours, photographs, fitting = axis.lines
    assert [list(values) for values in ours.get_data()] == [[20, 45], [19, 24]]
    assert [list(values) for values in photographs.get_data()] == [[20, 45, 90], [19.5, 25.5, 22.5]]
    assert list(fitting.get_xdata()) == [45, 45]
    assert "t = 45" in fitting.get_label()


def test_psnr_over_the_noise_is_the_mean_of_the_seeds_for_the_methods_that_there_are():
    drawings.show_psnr(NOISE)
    (axis,) = axes()
    found = {bars.get_label(): list(bars.lines[0].get_ydata()) for bars in axis.containers}
    assert found == {"noisy": [28.5, 14.5], "one call": [34.5, 25.5]}
    assert [label.get_text() for label in axis.get_xticklabels()] == ["10", "50"]


def test_every_method_of_the_file_is_drawn():
    rows = drawings.read_table("editing_psnr")
    assert {row["method"] for row in rows} == set(drawings.METHODS) | {"one call from"}


def test_the_levels_are_drawn_move_by_move():
    drawings.show_visits({"straight": [3, 1, -1], "zigzag": [3, 1, 3, 1, -1]})
    straight, zigzag = axes()
    assert list(straight.lines[0].get_ydata()) == [3, 1, -1]
    assert list(zigzag.lines[0].get_ydata()) == [3, 1, 3, 1, -1]


def test_lengths_are_drawn_as_they_are_from_zero():
    fractions = torch.linspace(0, 1, 3)
    drawings.show_lengths({"straight": (fractions, torch.tensor([1, 0.7, 1])), "slerp": (fractions, torch.ones(3))})
    (axis,) = axes()
    assert [line.get_ydata().tolist() for line in axis.lines] == [pytest.approx([1, 0.7, 1]), [1, 1, 1]]
    assert axis.get_ylim()[0] == 0


def test_the_distance_of_each_seed_is_a_mean_over_the_known_values():
    rows = [
        {"method": method, "calls": calls, "seed": seed, "known": known, "distance": distance + seed + known}
        for method, calls, distance in (("exact", 0, 0.0), ("replacement", 40, 5.0), ("RePaint", 75, 2.0))
        for seed in (0, 2)
        for known in (0, 1)
    ]
    drawings.show_distances(rows)
    (axis,) = axes()
    means = {bars.get_label(): list(bars.lines[0].get_ydata()) for bars in axis.containers}
    assert means == {"replacement": [6.5], "RePaint": [3.5]}
    (floor,) = [line for line in axis.lines if line.get_linestyle() == "--"]
    assert list(floor.get_ydata()) == [1.5, 1.5]
    bars = axis.containers[0].lines[2][0].get_segments()[0]
    assert bars[:, 1].tolist() == [5.5, 7.5]


# The exact answer


def test_the_points_stand_at_the_known_coordinate_and_their_share_is_written_in():
    above = torch.tensor([[0.2, 1.0], [0.2, 0.5], [0.2, 2.0], [0.2, -1.0]])
    drawings.show_known(CLOUDS, 0.2, {"exact": above, "replacement": above.neg()})
    first, second = axes()
    assert [axis.texts[0].get_text() for axis in (first, second)] == ["above 0: 75%", "above 0: 25%"]
    points = first.collections[-1].get_offsets()
    assert np.allclose(sorted(points[:, 1]), [-1, 0.5, 1, 2])
    assert np.abs(points[:, 0] - 0.2).max() < 0.1


def test_the_exact_density_lies_over_the_histogram():
    exact = conditional_mixture(CLOUDS, torch.tensor([0.2, 0.0]), torch.tensor([1.0, 0.0]))
    drawings.show_conditional({"a": exact.sample(500, torch.Generator().manual_seed(0))[:, 0]}, exact)
    (axis,) = axes()
    (line,) = axis.lines
    assert line.get_color() == COLOURS["exact"]
    x, y = line.get_data()
    assert float(np.trapezoid(y, x)) == pytest.approx(1, abs=0.01)
    assert float(sum(patch.get_height() * patch.get_width() for patch in axis.patches)) == pytest.approx(1, abs=0.01)
