"""The drawings of chapter 02: what is drawn is read back, and films move."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from course_lib.drawings import mixtures as drawings
from course_lib.mixtures import four_modes
from course_lib.pictures.plots import COLOURS
from course_lib.toy import noise_levels

MIXTURE = four_modes()
SIGMAS = noise_levels(12, 3.0, 0.02)


def score(x, sigma):
    return MIXTURE.diffuse(1.0, sigma).score(x)


def log_prob(x, sigma):
    return MIXTURE.diffuse(1.0, sigma).log_prob(x)


def points(n, seed=0):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


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


def dots(axis):
    """The points (n, 2) of all that was scattered on an axis."""
    return torch.cat([torch.as_tensor(np.asarray(each.get_offsets())) for each in axis.collections])


def _area(contours):
    """How large what is above a fifth of the highest density is: the box around it."""
    boxes = [path.get_extents() for path in contours.get_paths()[1:2]]
    return sum(box.width * box.height for box in boxes)


def test_more_noise_means_wider_clouds():
    drawings.show_noised(points(500), [0, 1, 3], torch.Generator().manual_seed(1))
    widths = [float(dots(axis).std()) for axis in axes()]
    assert widths == pytest.approx([1, 2**0.5, 10**0.5], rel=0.1)


def test_densities_and_fields_are_those_of_their_sigma():
    drawings.show_densities(log_prob, [0.2, 2.0])
    narrow, wide = (_area(axis.collections[0]) for axis in axes())
    assert 0 < narrow < 0.5 * wide
    plt.close("all")
    drawings.show_fields(score, log_prob, {5: 10, 0.3: 2})
    far, near = axes()
    for axis, sigma, limit in ((far, 5, 10), (near, 0.3, 2)):
        (quiver,) = [each for each in axis.collections if hasattr(each, "U")]
        places = torch.as_tensor(quiver.get_offsets()).float()
        arrows = torch.stack([torch.as_tensor(quiver.U), torch.as_tensor(quiver.V)], dim=1).float()
        truth = score(places, sigma)
        long = truth.norm(dim=1) > 1e-3  # on top of a mode there is no direction
        cosine = torch.nn.functional.cosine_similarity(arrows[long], truth[long])
        assert float(cosine.min()) > 0.99
        assert float(places.max()) == limit


def test_the_flow_moves_and_colours_say_where_a_point_ends():
    states = torch.stack([s * points(20) for s in (2.0, 1.0, 0.5)])
    frames = drawings.flow_frames(states, SIGMAS[[2, 5, 8]], score, log_prob)
    assert [frame.shape for frame in frames] == [(1000, 960, 4)] * 3
    assert not np.array_equal(frames[0], frames[2])
    assert set(np.unique(frames[0][..., 3])) <= {0, 51, 102, 153, 204, 255}
    corners = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    assert drawings.quadrants(corners).tolist() == [0, 1, 2, 3]
    assert len(set(drawings.MODE_COLOURS)) == 4


def test_origins_mark_both_means():
    origins, mean = points(50) + 0.5, torch.tensor([0.4, 0.6])
    drawings.show_origins(origins, torch.tensor([0.3, 0.1]), mean)
    (axis,) = axes()
    marks = {to_hex(line.get_color()): line.get_xydata()[0].tolist() for line in axis.lines}
    assert marks[COLOURS["exact"].lower()] == pytest.approx(mean.tolist())
    assert marks[COLOURS["data"].lower()] == pytest.approx(origins.mean(dim=0).tolist())
    assert sum(int(text.get_text().rstrip("%")) for text in axis.texts) in range(98, 103)


def test_both_ways_go_both_ways():
    states = [sigma * points(40) for sigma in SIGMAS]
    frames = drawings.both_ways_frames(points(40, 1), points(40, 2), states, SIGMAS)
    assert len({frame.shape for frame in frames}) == 1
    assert frames[0].shape[1] >= 960
    assert not np.array_equal(frames[0], frames[-1])


def test_losses_and_excess_are_drawn_as_they_are():
    best, excess = torch.linspace(0.1, 0.8, 11), torch.linspace(0.0, 0.02, 11)
    drawings.show_loss(best, excess, SIGMAS)
    left, right = axes()
    exact, learned = (line.get_ydata() for line in left.lines)
    assert (learned - exact).tolist() == pytest.approx(excess.tolist(), abs=1e-6)
    assert [bar.get_height() for bar in right.patches] == pytest.approx(excess.tolist())


def test_z_scores_and_distances_are_drawn_as_they_are():
    z = {"data": torch.zeros(3, 4), "exact": torch.ones(3, 4), "learned": torch.arange(12.0).reshape(3, 4)}
    titles = {"data": "real", "exact": "exact", "learned": "network"}
    drawings.show_z_scores(z, titles)
    (axis,) = axes()
    seen = [
        v for line in axis.lines if to_hex(line.get_color()) == COLOURS["learned"].lower() for v in line.get_ydata()
    ]
    assert sorted(seen) == list(range(12))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(titles.values())
    plt.close("all")
    drawings.show_distances({"data": torch.tensor([0.001, -0.001]), "learned": torch.tensor([0.002])}, titles, 0.001)
    (axis,) = axes()
    rows = [line.get_xdata().tolist() for line in axis.lines if line.get_marker() == "o"]
    assert rows[0] == pytest.approx([1, -1])
    assert rows[1] == pytest.approx([2])
    assert [text.get_text() for text in axis.get_yticklabels()] == ["real", "network"]


def test_shares_by_start_have_a_line_for_each_mode():
    shares = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
    drawings.show_starts([0.3, 1.0, 10.0], {"one": shares, "two": 1 - shares}, MIXTURE.weights)
    for axis, expected in zip(axes(), (shares, 1 - shares), strict=True):
        drawn = np.stack([line.get_ydata() for line in axis.lines if line.get_marker() == "o"], axis=1)
        assert np.allclose(drawn, expected)


def test_paths_and_clouds_are_drawn_where_they_are():
    paths = torch.stack([points(5), points(5, 1), points(5, 2)])
    drawings.show_paths({"here": paths, "there": -paths}, MIXTURE.means)
    for axis, expected in zip(axes(), (paths, -paths), strict=True):
        drawn = np.stack([line.get_xydata() for line in axis.lines], axis=1)
        assert np.allclose(drawn, expected)
        assert torch.allclose(dots(axis)[:5].float(), expected[0])
    plt.close("all")
    drawings.show_off_the_data(points(9), points(4, 1), points(7, 2))
    assert [len(dots(axis)) for axis in axes()] == [13, 7]
    plt.close("all")
    text = "Three clouds of points, one of them blue and the others orange, side by side."
    clouds = {"a": (points(3), "data"), "b": (points(4), "learned"), "c": (points(5), "learned")}
    drawings.show_clouds(clouds, "Clouds", columns=3, alternative=text)
    assert [len(dots(axis)) for axis in axes()] == [3, 4, 5]
    assert [axis.get_title() for axis in axes()] == ["a", "b", "c"]
