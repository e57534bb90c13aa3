"""What chapter 00 draws shows what it is given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.drawings import start


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_a_frame_holds_its_images_and_its_step():
    states = [(0, torch.full((6, 1, 28, 28), -1.0)), (9, torch.full((6, 1, 28, 28), 1.0))]
    first, last = start.sampling_frames(states, 9)
    assert first.shape == last.shape == (48 + 8 * 28, 8 * (6 * 29 - 1), 4)
    assert (first[60, 10, 0], last[60, 10, 0]) == (0, 255)
    assert not np.array_equal(first[:48], last[:48])  # "step 0 of 9", "step 9 of 9"


def test_the_film_is_wide_enough_and_says_what_it_shows(monkeypatch):
    shown = []
    monkeypatch.setattr(start, "show_film", lambda frames, alternative, colours: shown.append((frames, alternative)))
    start.show_sampling([(0, torch.zeros(24, 1, 28, 28))], 200)
    ((frames, alternative),) = shown
    assert frames[0].shape[1] / 2 >= 480
    assert "24 squares" in alternative


def test_stages_are_rows_of_eight():
    start.show_stages([(step, torch.full((10, 1, 4, 4), step / 10)) for step in (2, 6)])
    axes = plt.gcf().axes
    assert len(axes) == 16
    assert [axes[place].get_title() for place in (0, 8)] == ["step 2", "step 6"]
    assert axes[0].images[0].get_array()[0, 0] < axes[8].images[0].get_array()[0, 0]


def test_one_image_of_each_class_is_drawn_under_its_name():
    labels = torch.arange(10).repeat(2)
    images = (labels * 20 + torch.arange(20) // 10)[:, None, None, None].expand(20, 1, 4, 4).to(torch.uint8)
    start.show_classes(images, labels)
    axes = plt.gcf().axes
    assert [int(axis.images[0].get_array()[0, 0]) for axis in axes] == [20 * label + 1 for label in range(10)]
    assert axes[9].get_title() == "Ankle boot"


def test_the_fading_boot_is_drawn_at_the_steps_asked_for():
    asked = []

    def image_at(t):
        asked.append(t)
        return torch.zeros(1, 1, 4, 4)

    start.show_fading(image_at, [0, 50, 199])
    assert asked == [0, 50, 199]
    assert [axis.get_title() for axis in plt.gcf().axes[:3]] == ["$t = 0$", "$t = 50$", "$t = 199$"]


def test_the_slider_starts_at_the_clean_picture(monkeypatch):
    shown = []
    monkeypatch.setattr(start, "show_slider", lambda *args, **kwargs: shown.append((args, kwargs)))
    start.show_fading_slider(lambda t: torch.full((1, 1, 28, 28), t / 200), range(0, 200, 5))
    (draw, values, label, still, _), kwargs = shown[0][0][:5], shown[0][1]
    assert (list(values)[-1], label, kwargs["start"]) == (195, "t", 0)
    assert draw(0).shape == (336, 336)
    assert still.shape[0] == 112
