"""What chapter 09 draws shows the numbers that it is given, and the course's own curves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.drawings import training as drawings
from course_lib.images import load_images
from course_lib.training import ema_decay


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def lines(axis):
    return {line.get_label(): np.asarray(line.get_ydata(), float) for line in axis.lines}


def test_rows_have_their_names_and_images():
    images = torch.stack([torch.full((1, 4, 4), -1 + 0.25 * k) for k in range(6)])
    drawings.show_rows(images, ["yours", "real"], "a title", alternative="six squares", columns=["a", "b", "c"])
    (axis,) = plt.gcf().axes
    picture = axis.images[0].get_array()
    assert picture.shape == (2 * 5 - 1, 3 * 5 - 1)
    middles = [int(picture[2 + 5 * row, 2 + 5 * column]) for row in range(2) for column in range(3)]
    assert middles == sorted(set(middles))
    assert [text.get_text() for text in axis.get_yticklabels()] == ["yours", "real"]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["a", "b", "c"]
    assert plt.gcf().alternative == "six squares"
    assert plt.gcf().get_figwidth() <= 7.4


def test_each_grid_has_its_rows_and_their_names():
    ten, five = torch.zeros(10, 1, 28, 28), torch.ones(5, 3, 128, 128)
    calls = {
        ("yours", "yours", "real"): lambda: drawings.show_yours(torch.cat([ten, ten]), ten),
        ("raw, 1/3", "average, 1/3", "raw, end", "average, end"): lambda: drawings.show_raw_and_averaged(ten[:8]),
        ("100 steps", "2,800 steps", "real"): lambda: drawings.show_textures(ten, ten, ten, list("abcdefghij")),
        ("sampled", "real"): lambda: drawings.show_landscapes(five, -five),
        ("",) * 8: lambda: drawings.show_64(torch.zeros(64, 1, 28, 28)),
    }
    for rows, show in calls.items():
        show()
        (axis,) = plt.gcf().axes
        assert tuple(text.get_text() for text in axis.get_yticklabels()) == rows
        assert len(plt.gcf().alternative) > 20


def test_a_class_is_shown_by_its_first_picture():
    images, labels = torch.arange(6, dtype=torch.uint8).reshape(6, 1, 1, 1) * 40, torch.tensor([1, 0, 1, 0, 2, 2])
    drawings.show_classes(images, labels, ["a", "b", "c"])
    shown = [axis for axis in plt.gcf().axes if axis.images]
    assert [axis.get_title() for axis in shown] == ["a", "b", "c"]
    assert [int(axis.images[0].get_array().flat[0]) for axis in shown] == [40, 0, 160]
    drawings.show_batch(torch.zeros(2, 1, 4, 4), torch.tensor([7, 3]))
    assert [axis.get_title() for axis in plt.gcf().axes if axis.images] == ["t = 7", "t = 3"]


def test_losses_of_batches_are_points_around_their_mean():
    drawings.show_batch_losses({"own t": [0.1, 0.2, 0.3], "one t for all": [0.0, 0.2, 0.4]})
    (axis,) = plt.gcf().axes
    own, shared = (np.asarray(points.get_offsets())[:, 0] for points in axis.collections)
    assert own.tolist() == [0.1, 0.2, 0.3]
    assert shared.tolist() == [0.0, 0.2, 0.4]
    assert [line.get_xdata()[0] for line in axis.lines] == pytest.approx([0.2, 0.2])


def test_curves_are_those_that_are_given():
    drawings.show_first_steps(torch.tensor([1.0, 0.6, 0.2]))
    assert lines(plt.gcf().axes[0])["your steps"].tolist() == pytest.approx([1.0, 0.6, 0.2])
    drawings.show_rates({"a run": [0.5, 1.0, 0.0]})
    assert lines(plt.gcf().axes[0])["a run"].tolist() == [0.5, 1.0, 0.0]


def test_averages_stand_beside_their_decays():
    drawings.show_averages(torch.zeros(50), [1.0] * 50, [2.0] * 50)
    left, right = plt.gcf().axes
    assert lines(left)["rising"].tolist() == [ema_decay(n, 50) for n in range(50)]
    assert lines(right)["average, rising decay"].tolist() == [1.0] * 50
    assert lines(right)["average, fixed decay"].tolist() == [2.0] * 50


def test_raw_weights_are_measured_against_their_average():
    drawings.show_two_losses([(1, 0.9, 1.0), (10, 0.55, 0.5), (20, 0.4, 0.4)])
    left, right = plt.gcf().axes
    assert lines(left)["raw weights"].tolist() == [0.55, 0.4]  # the first sixth is left out
    assert right.lines[1].get_ydata().tolist() == pytest.approx([-10, 10, 0])


@pytest.mark.parametrize("scores", [[], [(16, 0.5, 0.6)]])
def test_a_run_that_was_stopped_early_has_few_scores(scores):
    drawings.show_two_losses(scores)
    plt.gcf().canvas.draw()


def test_the_long_run_is_what_its_card_says():
    run = drawings.long_run()
    assert run.hours[-1] == pytest.approx(3.46, abs=0.01)
    assert run.scores[0] == pytest.approx(18.4, abs=0.1)
    assert run.scores[-1] == pytest.approx(1.6, abs=0.05)
    assert run.loss[0] > 0.9
    assert run.smooth[-1] < 0.07
    assert len(run.smooth) == len(run.loss) - 8
    drawings.show_long_run(run)
    left, right = plt.gcf().axes
    assert lines(left)["each row of the log"].tolist() == run.loss.tolist()
    assert lines(right)["256 samples"].tolist() == run.scores.tolist()


def test_equal_minutes_end_where_the_table_says():
    last = drawings.show_equal_minutes()
    assert last == pytest.approx({"classic": 40.9, "fashion_mnist_cpu": 6.8}, abs=0.1)
    assert lines(plt.gcf().axes[0])["classic"][-1] == pytest.approx(last["classic"])


def test_landscapes_differ_and_load(tmp_path):
    drawings.save_landscapes(tmp_path / "pictures", count=3)
    images, _ = load_images(tmp_path / "pictures")
    assert images.shape == (3, 3, 128, 128)
    assert not torch.equal(images[0], images[1])
    one = np.asarray(Image.open(tmp_path / "pictures" / "000.png")).astype(int)
    assert one[:40, :, 2].mean() > one[110:, :, 2].mean() + 40  # the sky is above, and bluer
    again = drawings.landscape(np.random.default_rng(0))
    assert np.array_equal(one, again)
