"""What chapter 08 draws shows the network that it is given."""

import matplotlib.pyplot as plt
import pytest
import torch
from small_unets import NETWORKS, T, noise, small

from course_lib.drawings import unet as drawings
from course_lib.experiments.profiling import costs, take_apart


@pytest.fixture
def axes():
    """The axes of the figure that was drawn."""
    yield lambda: plt.gcf().axes
    plt.close("all")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_picture_has_a_box_for_each_block_and_an_arrow_for_each_skip(name, axes):
    parts = take_apart(small(**NETWORKS[name]), noise(1, 1, 16, 16), T)
    drawings.show_unet(parts, "A title")
    (axis,) = axes()
    texts = [" ".join(text.get_text().split()) for text in axis.texts]
    drawn = [part for part in parts if part.role in ("stem", "block", "head")]
    sizes = [" × ".join(map(str, part.shape[1:])) for part in drawn]
    assert [text for text in texts if text.count("×") == 2] == sizes
    assert len(axis.lines) == sum(part.skip for part in parts if part.way == "up")
    assert sum("attention" in text for text in texts) == sum(part.role == "attention" for part in parts)


def test_the_bars_are_as_long_as_the_costs(axes):
    parts = take_apart(small(), noise(2, 1, 16, 16), T.expand(2), repeats=1)
    drawings.show_costs({"one": parts, "other": parts})
    table = costs(parts)
    assert list(table) == ["ends", "level 1", "level 2", "level 3", "middle"]
    for column, axis in enumerate(axes()):
        scale = (1e6, 2e6, 2)[column]  # of two images
        lengths = [bar.get_width() * scale for bar in axis.patches]
        assert lengths == pytest.approx([row[column] for row in table.values()] * 2)


def test_a_skip_names_how_many_channels_it_joins(axes):
    drawings.show_unet(take_apart(small(), noise(1, 1, 16, 16), T), "A title")
    (axis,) = axes()
    assert sum("joins" in text.get_text() for text in axis.texts) == 3
    assert "U" in axis.figure.alternative


def test_six_channels_of_each_map_are_drawn_between_black_and_white(axes):
    maps = {"one": noise(1, 40, 7, 7), "other": 5 + noise(1, 40, 14, 14)}
    drawings.show_maps([noise(1, 1, 28, 28)] * 3, maps)
    drawn = [axis.images[0].get_array() for axis in axes()[6:]]
    assert len(drawn) == 12
    assert {(int(picture.min()), int(picture.max())) for picture in drawn} == {(0, 255)}


def test_the_ratio_of_two_errors_is_drawn(axes):
    drawings.show_errors([0, 5], {"with": torch.tensor([0.2, 0.1]), "without": torch.tensor([0.3, 0.4])})
    left, right = axes()
    assert [list(line.get_ydata()) for line in left.lines] == [pytest.approx([0.2, 0.1]), pytest.approx([0.3, 0.4])]
    assert list(right.lines[0].get_ydata()) == pytest.approx([1.5, 4])


def test_two_samplers_stand_side_by_side():
    states = {name: [(step, torch.full((16, 1, 28, 28), step / 9)) for step in (0, 9)] for name in ("a", "b")}
    first, last = drawings.sampling_frames(states, 9)
    assert first.shape == last.shape
    assert first.shape[1] / 2 >= 480
    assert last[100, 20, 0] > first[100, 20, 0] == last[100, 20, 0] - 127


def test_fields_and_guesses_have_their_names(axes):
    drawings.show_fields({"stem": torch.eye(5) + 1e-9, "level 1": torch.ones(5, 5)})
    assert [axis.get_title() for axis in axes()] == ["stem", "level 1"]
    black, white = axes()[0].images[0].get_array()[0, 1], axes()[0].images[0].get_array()[0, 0]
    assert (black, white) == (0, 255)
    plt.close("all")
    drawings.show_predictions({"x": torch.zeros(8, 1, 4, 4), "y": torch.ones(8, 1, 4, 4)})
    assert [axes()[place].get_title() for place in (0, 8)] == ["x", "y"]
