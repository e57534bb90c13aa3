"""The drawings of chapter 16: what they draw is what they were given."""

import numpy as np
import pytest
import torch
from drawn import axes

from course_lib.drawings import flow as drawings
from course_lib.drawings.fast_sampling import named_rows


def points(n=30, seed=0):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def states(steps, n=30, seed=0):
    """Straight ways from points to others, (steps + 1, n, 2)."""
    fractions = torch.linspace(0, 1, steps + 1)[:, None, None]
    return torch.lerp(points(n, seed), points(n, seed + 1), fractions)


ROWS = [
    {
        "velocity": velocity,
        "solver": solver,
        "calls": calls,
        "seed": seed,
        "distance": distance + seed / 100,
        "floor": 0.001,
    }
    for velocity, solver, calls, distance in (
        ("exact", "Euler", 1, 1.0),
        ("exact", "Euler", 100, 0.0),
        ("exact", "midpoint", 2, 0.3),
        ("learned", "Euler", 1, 0.9),
        ("learned", "Euler", 100, 0.1),
        ("learned", "midpoint", 2, 0.2),
        ("reflowed", "Euler", 1, 0.05),
    )
    for seed in (0, 2)
]


# Paths


def test_the_film_has_a_frame_for_each_state_and_is_wide_enough(films):
    ways = {"lines": states(4), "flow": states(4, seed=2), "diffusion": states(4, seed=4)}
    drawings.show_opening(ways)
    ((frames, text),) = films
    assert len(frames) == 5
    assert frames[0].shape[1] / 2 >= 480
    assert len(text) > 40
    assert not np.array_equal(frames[0], frames[-1])


def test_a_frame_has_each_way_in_its_panel(monkeypatch):
    figures = []
    monkeypatch.setattr(drawings, "figure_picture", lambda draw, size: figures.append(draw))
    ways = {"flow": states(4), "diffusion": states(4, seed=2)}
    drawings.path_frames(ways, trails=7)
    from matplotlib.figure import Figure

    figure = Figure()
    figures[2](figure)
    assert figure.get_suptitle() == "50% of the steps"
    for axis, (name, way) in zip(figure.axes, ways.items(), strict=True):
        assert axis.get_title() == name
        trails, dots = axis.collections
        assert np.allclose(dots.get_offsets(), way[2])
        assert len(trails.get_segments()) == 7
        assert np.allclose(trails.get_segments()[3], way[:3, 3])


def test_paths_are_drawn_from_start_to_end_with_grey_starts():
    ways = {"before": states(9), "after": states(1)}
    drawings.show_paths(ways)
    for axis, way in zip(axes(), ways.values(), strict=True):
        assert np.allclose(np.stack(axis.lines[5].get_data(), axis=1), way[:, 5])
        assert np.allclose(axis.collections[0].get_offsets(), way[0])


def test_the_two_arrows_are_the_exact_velocity_and_the_mean_of_the_lines():
    ends, starts = points(200), points(200, seed=1)
    drawings.show_meeting(ends, starts, torch.tensor([0.3, 0.1]), torch.tensor([0.5, -0.2]))
    (axis,) = axes()
    exact, mean = [c for c in axis.collections if hasattr(c, "U")]
    assert (exact.U.item(), exact.V.item()) == pytest.approx((0.5, -0.2))
    assert (mean.U.item(), mean.V.item()) == pytest.approx((ends - starts).mean(dim=0).tolist())
    assert len(axis.lines) == 80 + 2  # and the legend's two


# Velocities


def test_the_curve_over_the_lines_is_the_velocity_at_that_time():
    x = torch.linspace(-1, 1, 20)
    drawings.show_regression({0.0: (x, -x), 1.0: (x, x)}, lambda x, t: 10 * t + x)
    for axis, t in zip(axes(), (0.0, 1.0), strict=True):
        across, up = axis.lines[0].get_data()
        assert np.allclose(up, across + 10 * t, atol=1e-5)
        assert len(axis.collections[0].get_offsets()) == 20


def test_both_fields_are_drawn_to_one_scale():
    drawings.show_fields(lambda x, t: x * t[:, None], lambda x, t: 2 * x * t[:, None], (0.25, 1.0))
    for axis in axes():
        exact, learned = axis.collections
        assert exact.scale == learned.scale
        assert np.allclose(2 * exact.U, learned.U)
        longest = np.hypot(exact.U, exact.V).max()
        assert longest / exact.scale == pytest.approx(0.5)


# Few steps


@pytest.mark.parametrize("show", [drawings.show_samples, drawings.show_one_call])
def test_a_row_for_each_velocity_and_a_column_for_each_number_of_calls(show):
    samples = {"exact": [points(), points(seed=1)], "learned": [points(seed=2), points(seed=3)]}
    show(samples, (1, 2))
    drawn = axes()
    assert [axis.get_title() for axis in drawn] == [
        "exact, 1 call",
        "exact, 2 calls",
        "learned, 1 call",
        "learned, 2 calls",
    ]
    for axis, seed in zip(drawn, range(4), strict=True):
        assert np.allclose(axis.collections[0].get_offsets(), points(seed=seed))


def test_distances_are_means_with_the_range_of_the_seeds_and_the_floor():
    drawings.show_distances(ROWS)
    (axis,) = axes()
    means = {bars.get_label(): bars.lines[0].get_ydata().tolist() for bars in axis.containers}
    assert means == {
        "exact, Euler": pytest.approx([1.01, 0.01]),
        "exact, midpoint": pytest.approx([0.31]),
        "learned, Euler": pytest.approx([0.91, 0.11]),
        "learned, midpoint": pytest.approx([0.21]),
    }
    bars = axis.containers[0].lines[2][0].get_segments()[0]
    assert bars[:, 1].tolist() == pytest.approx([1.0, 1.02])
    (floor,) = [line for line in axis.lines if line.get_label() == "floor"]
    assert list(floor.get_ydata()) == [0.001, 0.001]


def test_reflowed_distances_stand_beside_the_learned_ones():
    drawings.show_reflowed_distances(ROWS)
    (axis,) = axes()
    assert [bars.get_label() for bars in axis.containers] == ["learned, Euler", "reflowed, Euler"]
    assert axis.containers[1].lines[0].get_ydata().tolist() == pytest.approx([0.06])


def test_the_file_has_every_curve_with_three_seeds():
    rows = drawings.read_table("flow_points")
    keys = [(row["velocity"], row["solver"], row["calls"]) for row in rows]
    assert {key[:2] for key in keys} == set(drawings.LOOKS) | {("logit-normal", "Euler")}
    assert {keys.count(key) for key in keys} == {3}


def test_times_are_drawn_as_densities():
    drawings.show_times({"uniform": torch.rand(1000, generator=torch.Generator().manual_seed(0))})
    (axis,) = axes()
    assert float(sum(patch.get_height() * patch.get_width() for patch in axis.patches)) == pytest.approx(1, abs=0.01)


# Garments and tables


def test_garments_are_shown_in_named_rows(films):
    rows = {f"flow, {n}": torch.full((10, 1, 28, 28), n / 10) for n in (1, 2)}
    drawings.show_garments(rows)
    (((picture,), text),) = films
    assert np.array_equal(picture[48:], named_rows(rows, "any")[48:])
    assert len(text) > 40


def test_the_table_has_every_seed_in_thousandths(capsys):
    drawings.print_distances(ROWS, ("exact", "learned"), (1, 100))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["1", "calls,", "exact", "1000.0", "1020.0"],
        ["1", "calls,", "learned", "900.0", "920.0"],
        ["100", "calls,", "exact", "0.0", "20.0"],
        ["100", "calls,", "learned", "100.0", "120.0"],
    ]
