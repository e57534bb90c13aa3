"""The drawings of chapter 10: what is on them is what was handed in."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image
from torch import nn

from course_lib.drawings import sampling as drawings
from course_lib.images import to_model_range
from course_lib.pictures.gifs import film
from course_lib.pictures.plots import image_grid
from course_lib.quizzes.registry import find
from course_lib.runs.denoiser import Denoiser
from course_lib.runs.samplers import ANCESTRAL
from course_lib.schedules import NoiseSchedule


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


class Squares(nn.Module):
    """A denoiser that believes in a grey square on black, a little brighter where x is; it predicts the noise."""

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule

    def forward(self, x, t):
        start = torch.full_like(x, -1.0)
        start[..., 2:6, 2:6] = 0.3
        share = self.schedule.alphas_cumprod[t].reshape(-1, 1, 1, 1)
        return (x - share.sqrt() * start) / (1 - share).sqrt()


@pytest.fixture(scope="module")
def network():
    schedule = NoiseSchedule.from_name("cosine", 200)
    return Denoiser(Squares(schedule), schedule, "noise", True, (1, 8, 8), ANCESTRAL)


@pytest.fixture(scope="module")
def rows(network):
    return drawings.faulty_rows(network, count=3, seed=1)


def shown(axis):
    """The pixels of the one image on an axis."""
    (image,) = axis.images
    return np.asarray(image.get_array())


def test_a_grid_is_shown_as_it_is_with_its_names():
    picture = image_grid(torch.rand(6, 1, 8, 8), columns=3)
    drawings.show_grid(picture, "title", "what there is to see", rows=["one", "two"])
    figure = plt.gcf()
    assert np.array_equal(shown(figure.axes[0]), picture)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["one", "two"]
    assert figure.alternative == "what there is to see"


def test_frames_of_a_run_have_its_time_and_its_images():
    states = [(0, torch.full((3, 1, 8, 8), 1.0)), (200, torch.full((3, 1, 8, 8), -1.0))]
    first, last = drawings.run_frames(states, image_grid, columns=3)
    assert first.shape == last.shape
    assert (first[60, 20, :3] == 255).all()
    assert (last[60, 20, :3] == 0).all()
    assert not np.array_equal(first[:48], last[:48])  # "t = 199" and "finished"
    assert Image.open(io.BytesIO(film([first, last]))).n_frames == 2


@pytest.mark.parametrize(("done", "text"), [(0, "t = 199"), (199, "t = 0"), (200, "finished")])
def test_the_time_is_that_of_the_next_step(done, text):
    assert drawings._time(done) == text


def test_predictions_stand_right_of_their_states():
    pair = (torch.full((4, 1, 8, 8), 1.0), torch.full((4, 1, 8, 8), -1.0))
    (frame,) = drawings.prediction_frames([(5, pair)], image_grid, columns=2)
    middle = frame[frame.shape[0] * 3 // 4]
    assert (middle[20, :3] == 255).all()
    assert (middle[-20, :3] == 0).all()


def test_moments_are_found_by_their_t():
    states = [torch.full((5, 1, 4, 4), i / 200) for i in range(201)]
    predictions = [torch.full((5, 1, 4, 4), -i / 199) for i in range(200)]
    drawings.show_moments(states, predictions, (199, 100, 0), image_grid)
    left, right = (shown(axis) for axis in plt.gcf().axes)
    assert [left[5 * row, 0] for row in range(3)] == [128, 191, 254]  # states 0, 99 and 199 of 0 ... 200
    assert [right[5 * row, 0] for row in range(3)] == [128, 64, 0]


def test_branches_have_a_row_each():
    branches = {t: torch.full((8, 1, 4, 4), value) for t, value in ((90, -1.0), (10, 1.0))}
    drawings.show_branches(branches, image_grid)
    picture = shown(plt.gcf().axes[0])
    assert (picture[0, 0], picture[-1, -1]) == (0, 255)
    assert [label.get_text() for label in plt.gcf().axes[0].get_yticklabels()] == ["t = 90", "t = 10"]


def test_neighbours_stand_beside_their_sample():
    training = torch.linspace(-1, 1, 9).reshape(9, 1, 1, 1).expand(9, 1, 4, 4)
    samples = {"one": training[:5] * 1.0, "other": training[2:7] * 1.0}
    index = torch.tensor([[8, 7, 6]]).expand(5, 3)
    nearest = {name: (index, torch.full((5, 3), 0.123)) for name in samples}
    drawings.show_neighbours(samples, training, nearest, image_grid)
    axis = plt.gcf().axes[0]
    assert shown(axis)[0, [0, 5, 10, 15]].tolist() == [0, 255, 223, 191]
    assert axis.get_yticklabels()[0].get_text() == "0.12"


def test_distances_are_shares_and_their_median_is_drawn():
    drawings.show_distances({"a": torch.tensor([0.1, 0.2, 0.2]), "b": torch.tensor([0.3, 0.4, 0.4, 0.4])})
    first, second = plt.gcf().axes
    assert sum(bar.get_height() for bar in first.patches) == pytest.approx(1)
    assert second.lines[0].get_xdata()[0] == pytest.approx(0.4)


def test_errors_are_drawn_as_they_are_and_zero_at_the_edge():
    errors = {"known": (torch.tensor([0.0, 0.5]), torch.tensor([0.1, 0.2])), "new": (torch.ones(2), torch.ones(2))}
    drawings.show_errors([0, 9], errors)
    exact, learned = plt.gcf().axes[0].lines
    assert exact.get_ydata().tolist() == pytest.approx([drawings.SMALLEST, 0.5])
    assert learned.get_ydata().tolist() == pytest.approx([0.1, 0.2])


# The gallery of faults


def test_each_row_has_the_bug_that_the_quiz_says(network, rows):
    good = network.sample(3, torch.Generator().manual_seed(1))
    by_cause = dict(zip(find("name_the_faults").answer, rows, strict=True))
    assert by_cause.keys() == find("name_the_faults").options.keys()
    assert by_cause["a"].pixels.max() <= 1
    assert by_cause["b"].pixels.min() >= 127
    assert torch.equal(by_cause["c"].pixels == 0, good <= 1 / 255)
    assert torch.equal(by_cause["f"].floats[0], by_cause["f"].floats[2])
    assert by_cause["d"].floats[..., 0, 0].std() > good[..., 0, 0].std() + 0.02
    assert by_cause["e"].floats.std(0).mean() < 1e-3
    for cause in "abc":  # the floats are sound, only the pixels are not
        assert torch.equal(by_cause[cause].floats, good)
    for cause in "gi":
        assert not torch.allclose(by_cause[cause].floats, good, atol=0.01)
    assert all(row.pixels.dtype == torch.uint8 and row.pixels.shape == (3, 1, 8, 8) for row in rows)


def test_one_bug_tells_the_network_a_tenth_of_t(network):
    told = []

    def listener(x, t):
        told.append(int(t[0]))
        return network(x, t)

    drawings.faulty_rows(replace(network, model=listener), count=1)
    assert told.count(19) == told.count(20) - 1 + 10  # one run ends at t = 20, and one tells ten steps 19


def test_without_clipping_only_the_predictions_change(network):
    """A network that stays in range is not hurt: that is why the gallery is drawn by a small one."""
    row = drawings.faulty_rows(network, count=2)[find("name_the_faults").answer.index("j")]
    assert torch.allclose(row.floats, network.sample(2, torch.Generator().manual_seed(4)), atol=1e-3)


def test_the_faults_are_numbered(rows):
    drawings.show_faults(rows, image_grid)
    axis = plt.gcf().axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == [str(n) for n in range(1, 11)]
    assert shown(axis).max() > to_model_range(rows[5].pixels).max()


def test_the_table_names_the_letters_of_the_quiz():
    letters = "".join(row[0].split()[1] for row in drawings.FAULTS[1:])
    assert letters == find("name_the_faults").answer


def test_the_table_is_html_with_a_text(capsys):
    drawings.fault_table()
    assert "clip_start=True" in capsys.readouterr().out
