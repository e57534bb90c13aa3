"""The drawings of chapter 11: what is on them is what was handed in."""

import io
import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image

from course_lib.drawings import evaluation as drawings
from course_lib.pictures.gifs import film
from course_lib.pictures.plots import COLOURS, image_grid
from course_lib.schedules import NoiseSchedule

SWEEP = {1.0: [3.0, 3.2, 3.4], 1.2: [1.4, 1.5, 1.6], 1.5: [0.8, 0.9, 1.0]}
OTHER = {1.0: [1.5, 1.6, 1.7], 1.2: [1.2, 1.2, 1.2], 1.5: [1.9, 2.0, 2.1]}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def axes():
    return plt.gcf().axes


def shown(axis):
    """The pixels of the one image on an axis."""
    (image,) = axis.images
    return np.asarray(image.get_array())


def greys(*levels):
    """An image (1, 4, 4), uint8, of one grey level, for each of `levels`."""
    return torch.tensor(levels, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)


def points(n, seed=0, scale=1.0):
    return scale * torch.randn(n, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Tables


def table(tmp_path, monkeypatch, text):
    (tmp_path / "some.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(drawings, "DATA", tmp_path)
    return drawings.read_table("some")


def test_a_table_has_numbers_where_there_are_numbers(tmp_path, monkeypatch):
    rows = table(tmp_path, monkeypatch, "model,t,bits,highest\na,0,1.5,inf\na,prior,2e-5,inf\n")
    assert rows == [
        {"model": "a", "t": 0.0, "bits": 1.5, "highest": math.inf},
        {"model": "a", "t": "prior", "bits": 2e-5, "highest": math.inf},
    ]


def run(**changes):
    usual = {"sampler": "dpm_solver", "spacing": "log_snr", "steps": 13.0, "judge": "one", "guide": "fashion_mnist_cpu"}
    return usual | {"weight": 1.2, "lowest": 0.0, "highest": math.inf, "seed": 0.0} | changes


def test_in_a_sweep_only_the_weight_differs():
    alone = [run(guide="none", weight=1.0, seed=seed) for seed in (0.0, 1.0)]
    guided = [run(weight=1.5), run(), run(seed=1.0)]
    strange = [
        run(sampler="heun"),
        run(spacing="trailing"),
        run(steps=20.0),
        run(judge="other"),
        run(highest=5.0),
        run(lowest=0.2),
        run(guide="another"),
    ]
    sweep = drawings.weight_sweep([*strange, *guided, *alone], "one")
    assert list(sweep) == [1.0, 1.2, 1.5]
    assert sweep == {1.0: alone, 1.2: guided[1:], 1.5: guided[:1]}


def test_the_spread_is_the_unbiased_standard_deviation():
    assert drawings.mean_and_spread([1.0, 2.0, 3.0]) == pytest.approx((2.0, 1.0))
    assert drawings.mean_and_spread([7.0]) == (7.0, 0.0)


# Grids


def test_two_grids_stand_side_by_side_with_the_names_of_their_rows():
    left, right = greys(*range(16)), greys(*range(100, 116))
    drawings.show_pair(left, right)
    assert [np.array_equal(shown(axis), image_grid(x, 8)) for axis, x in zip(axes(), (left, right), strict=True)] == [
        True,
        True,
    ]
    drawings.show_pair(left, right, columns=4, names=["a", "b", "c", "d"])
    first, second = axes()
    assert [label.get_text() for label in first.get_yticklabels()] == ["a", "b", "c", "d"]
    assert [label.get_text() for label in second.get_yticklabels()] == []
    assert "Each row is one class" in plt.gcf().alternative


def test_images_are_sorted_by_class_and_from_dark_to_bright():
    images = greys(90, 10, 50, 20, 80, 70, 30, 60, 40)
    labels = torch.tensor([1, 1, 1, 0, 0, 0, 0, 0, 1])
    found = drawings.by_class(images, labels, each=3)[:, 0, 0, 0].tolist()
    assert found == [20, 60, 80, 10, 50, 90]  # of 20 30 60 70 80 and of 10 40 50 90


# Features


def test_clouds_lie_in_the_widest_directions_of_the_real_ones_with_their_ellipses():
    real = points(4000) * torch.tensor([1.0, 5.0, 1.0, 2.0, 1.0])
    seen = {"A": real[:50] + 3.0, "B": 0.5 * real}
    drawings.show_clouds(real, seen)
    for axis in axes():
        blue = np.asarray(axis.collections[0].get_offsets())
        assert np.allclose(blue.std(0), [5, 2], rtol=0.1)
        ellipse = np.stack(axis.lines[0].get_data())
        assert np.allclose(np.abs(ellipse).max(1), [10, 4], rtol=0.1)
    smaller = np.stack(axes()[1].lines[1].get_data())
    assert np.allclose(np.abs(smaller).max(1), [5, 2], rtol=0.1)
    assert [text.get_text() for text in axes()[0].get_legend().get_texts()] == ["real", "model A"]


@pytest.mark.parametrize("log", [True, False])
def test_a_distance_is_drawn_over_the_number_of_images(log):
    drawings.show_sizes({"real images": {64: [3.0, 5.0], 256: [1.0, 1.0]}}, "Some distance", log)
    (axis,) = axes()
    assert axis.lines[0].get_xdata().tolist() == [64, 256]
    assert axis.lines[0].get_ydata().tolist() == [4, 1]
    assert axis.get_yscale() == ("log" if log else "linear")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["64", "256"]


def test_a_report_has_a_panel_for_each_measure_and_a_point_for_each_split():
    report = {who: [{"Fréchet": level + i, "recall": 0.5} for i in range(3)] for who, level in (("A", 1), ("real", 7))}
    drawings.show_report(report, "title")
    distance, recall = axes()
    assert distance.get_title() == "Fréchet"
    assert distance.lines[1].get_ydata().tolist() == [1, 2, 3]
    assert distance.lines[3].get_ydata().tolist() == [7, 8, 9]
    assert [label.get_text() for label in recall.get_xticklabels()] == ["A", "real"]


# Balls


def test_points_outside_of_all_balls_are_crosses_above_for_the_drawn_and_below_for_the_real_ones():
    real = torch.tensor([[0.0, 0.0], [0.0, 0.2], [0.2, 0.0]])
    drawn = torch.tensor([[0.1, 0.1], [1.5, 1.5], [1.5, 1.4]])
    drawings.show_balls(real, {"one": drawn}, k=1)
    above, below = axes()
    balls, inside, outside = above.collections
    assert np.allclose(balls.get_widths(), 0.4)  # the nearest neighbour is 0.2 away
    assert np.allclose(inside.get_offsets(), [[0.1, 0.1]])
    assert np.allclose(outside.get_offsets(), [[1.5, 1.5], [1.5, 1.4]])
    assert len(below.collections[1].get_offsets()) == 3  # the first drawn point is far from the others: a large ball
    assert len(below.collections[2].get_offsets()) == 0


def test_balls_are_as_large_as_the_axis_says():
    """Their width is in the units of the data, on every panel."""
    drawings.show_balls(torch.rand(9, 2), {"a": torch.rand(9, 2), "b": torch.rand(9, 2)}, k=3)
    assert {axis.collections[0]._units for axis in axes()} == {"xy"}
    assert [axis.get_title() for axis in axes()] == ["a", "b", "", ""]


# Judges


def test_the_weights_are_drawn_with_their_lowest_point():
    drawings.show_weights({"first": SWEEP, "second": OTHER}, "title", best=True)
    (axis,) = axes()
    circles = [line for line in axis.lines if line.get_markersize() == 15]
    assert [float(line.get_xdata()[0]) for line in circles] == [1.5, 1.2]
    assert [float(line.get_ydata()[0]) for line in circles] == pytest.approx([0.9, 1.2])
    assert any(np.allclose(line.get_ydata(), 1) and line.get_color() == COLOURS["data"] for line in axis.lines)


def test_other_measures_stand_beside_their_floors():
    drawings.show_measures({"precision": SWEEP, "recall": OTHER}, {"precision": 0.9, "recall": 0.8})
    first, second = axes()
    assert first.lines[-1].get_ydata()[0] == 0.9
    assert second.lines[-1].get_ydata()[0] == 0.8
    assert second.lines[0].get_ydata().tolist() == pytest.approx([1.6, 1.2, 2.0])


def test_frames_show_the_garments_of_a_weight_and_its_place():
    samples = {w: torch.full((9, 1, 28, 28), grey, dtype=torch.uint8) for w, grey in ((1.0, 0), (1.5, 255))}
    first, last = drawings.weight_frames(samples, {"first": SWEEP})
    assert first.shape == last.shape
    assert (first[60, 4, :3], last[60, 4, :3]) == (pytest.approx(0), pytest.approx(255))
    assert not np.array_equal(first[:, 600:], last[:, 600:])  # the line moved
    assert Image.open(io.BytesIO(film([first, last]))).n_frames == 2


# Bits and copies


def test_the_bits_are_drawn_and_added_up_from_the_last_step():
    drawings.show_bits({"net": [2.0, 1.0, 0.5, 0.25]})  # t = 0, 1, 2, and the prior
    left, right = axes()
    assert left.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert left.lines[0].get_ydata().tolist() == [2, 1, 0.5]
    assert right.lines[0].get_ydata().tolist() == [3.75, 1.75, 0.75]
    assert left.xaxis_inverted()


def test_the_levels_say_what_is_paid_above_their_t():
    images = torch.zeros(3, 1, 4, 4)
    bits = [1.0] * 200 + [0.5]
    drawings.show_levels(images, bits, NoiseSchedule.from_name("cosine", 200))
    (axis,) = axes()
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[0] == "clean: 200.50 bits"
    assert [label.split()[3] for label in labels[1:]] == ["199.50", "194.50", "179.50", "139.50", "79.50"]
    picture = shown(axis).astype(float)
    spread = [picture[5 * row : 5 * row + 4, :4].std() for row in range(6)]
    assert spread[0] == 0
    assert spread[1] < spread[2] < spread[5]


def test_the_nearest_distances_are_shares_with_their_medians():
    near = {("samples", "pixels"): 2.0, ("test images", "pixels"): 1.0, ("samples", "features"): 4.0}
    near |= {("test images", "features"): 5.0}
    rows = [
        {"kind": kind, "space": space, "distance": level + shift}
        for (kind, space), level in near.items()
        for shift in (-0.5, 0.0, 0.5)
    ]
    assert drawings.show_nearest(rows) == near
    for axis in axes():
        assert sum(bar.get_height() for bar in axis.patches) == pytest.approx(2)  # two histograms
        assert [text.get_text() for text in axis.get_legend().get_texts()] == ["test images", "samples"]
