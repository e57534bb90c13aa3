"""The drawings of chapter 07: what they draw is what they were given."""

import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from course_lib import blocks
from course_lib.drawings import blocks as drawings
from course_lib.experiments import ablation
from course_lib.pictures.plots import image_grid

TEXT = "A sentence that says what there is to see in the picture, for those who do not see it."


def axes():
    """Those of the one figure that was drawn."""
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    assert figure.alternative == TEXT
    figure.canvas.draw()
    return figure.axes


def random(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def labels(axis, which):
    return [text.get_text() for text in getattr(axis, f"get_{which}ticklabels")()]


def test_rows_are_the_images_under_their_names():
    rows = {"one": random(3, 1, 28, 28), "two": -random(3, 1, 28, 28)}
    drawings.show_rows(rows, "title", ["a", "b", "c"], alternative=TEXT)
    (axis,) = axes()
    assert np.array_equal(axis.images[0].get_array(), image_grid(torch.cat([*rows.values()]), 3, scale=3))
    assert labels(axis, "y") == ["one", "two"]
    assert labels(axis, "x") == ["a", "b", "c"]
    assert min(text.get_fontsize() for text in axis.get_yticklabels()) >= 9


def test_layouts_stand_under_their_patterns():
    pictures = {"h w": random(4, 6, 1), "w h": random(6, 4, 1)}
    drawings.show_layouts(pictures, "title", alternative=TEXT)
    for axis, (name, picture) in zip(axes(), pictures.items(), strict=True):
        assert axis.get_title() == name
        assert np.array_equal(axis.images[0].get_array(), picture[..., 0])


def test_a_hand_stands_at_its_sine_and_cosine():
    drawings.show_clocks(blocks.SinusoidalPositionEmbeddings(32), [60, 61], "title", alternative=TEXT)
    (axis,) = axes()
    hands = [patch for patch in axis.patches if type(patch).__name__ == "FancyArrow"]
    assert len(hands) == 10
    fastest = hands[5].get_xy() - np.array([0.0, -1.0])  # the first of t = 61, around its clock's middle
    tip = fastest[np.linalg.norm(fastest, axis=1).argmax()]
    assert tip == pytest.approx([0.4 * math.sin(61), 0.4 * math.cos(61)], abs=1e-3)
    assert "a turn in\n6 steps" in [text.get_text() for text in axis.texts]


def test_the_embedding_is_drawn_with_its_similarities():
    waves, alike = random(20, 32), random(20)
    drawings.show_embedding(waves, alike, 7, "title", alternative=TEXT)
    left, right, _ = axes()
    assert np.array_equal(left.images[0].get_array(), waves)
    assert right.get_title() == "similarity to $t = 7$"
    assert torch.equal(torch.tensor(right.lines[0].get_ydata()), alike)


def test_gradients_are_means_of_seeds_between_their_extremes():
    runs = 10.0 ** -torch.arange(13) * torch.tensor([[1.0], [10.0]])
    drawings.show_gradients({"none": runs, "none, other start": runs}, "title", alternative=TEXT)
    (axis,) = axes()
    one, other = axis.lines
    assert one.get_ydata() == pytest.approx((runs[0] * math.sqrt(10)).numpy(), rel=1e-5)
    assert (one.get_linestyle(), other.get_linestyle()) == ("-", "--")
    assert one.get_color() == other.get_color()
    heights = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(10)
    assert heights.min() == pytest.approx(1e-12)


def test_errors_are_those_of_the_log_in_units_of_the_plain_network():
    drawings.show_errors(["plain", "+ time"], "title", alternative=TEXT)
    first, *_ = axes()
    log = ablation.read_log()
    unit = sum(line["loss_low"] for line in ablation.final(log["plain"])) / len(ablation.final(log["plain"]))
    dots = next(line for line in first.lines if list(line.get_ydata()) == [1] * len(ablation.final(log["+ time"])))
    assert dots.get_xdata() == pytest.approx([line["loss_low"] / unit for line in ablation.final(log["+ time"])])
    assert labels(first, "y") == ["plain", "+ time"]


def test_no_error_of_the_log_is_outside_of_the_limits():
    drawings.show_errors(list(ablation.VARIANTS), "title", alternative=TEXT)
    for axis in axes():
        low, high = axis.get_xlim()
        assert all(low < x < high for line in axis.lines for x in line.get_xdata())


def test_learning_curves_begin_and_end_as_in_the_log():
    drawings.show_learning(["+ norm"], "title", alternative=TEXT)
    (axis,) = axes()
    runs = [line["loss"] for line in ablation.final(ablation.read_log()["+ norm"])]
    steps, means = axis.lines[0].get_data()
    assert (steps[0], steps[-1]) == (0, 400)
    assert means[-1] == pytest.approx(math.prod(runs) ** (1 / len(runs)), rel=1e-4)


def test_counts_are_written_into_their_squares():
    numbers = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    drawings.show_counts({"a": numbers}, "title", alternative=TEXT)
    (axis,) = axes()
    assert {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axis.texts} == {
        (0, 0): "1",
        (0, 1): "2",
        (1, 0): "3",
        (1, 1): "4",
    }


def test_views_are_drawn_between_0_and_1():
    views = {"a": random(5, 5), "b": random(5, 5)}
    drawings.show_views(views, "title", alternative=TEXT)
    for axis, shares in zip(axes(), views.values(), strict=True):
        assert np.array_equal(axis.images[0].get_array(), shares)
        assert axis.images[0].get_clim() == (0, 1)


class Looking(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = blocks.Attention(4, 2, 3), blocks.Attention(4, 2, 3)

    def forward(self, x, t):
        return self.last(self.first(x) * t.reshape(-1, 1, 1, 1))


def test_attention_weights_are_those_of_the_last_layer():
    torch.manual_seed(0)
    model, x, t = Looking(), random(2, 4, 3, 3), torch.tensor([1.0, 2.0])
    weights = drawings.attention_weights(model, x, t)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 9))
    with torch.no_grad():
        seen = model.first(x) * t.reshape(-1, 1, 1, 1)
        q, k, _ = model.last.to_qkv(seen).reshape(2, 3, 2, 3, 9).unbind(1)  # (b, heads, d, n)
        expected = (q.transpose(-1, -2) @ k / math.sqrt(3)).softmax(-1).mean(1)
    torch.testing.assert_close(weights, expected)
    assert not model.last._forward_pre_hooks


def test_attention_is_drawn_from_the_place_that_is_marked():
    images, weights = random(4, 1, 28, 28), random(4, 49, 49)
    drawings.show_attention(images, weights, [(3, 1)] * 4, "title", alternative=TEXT)
    for axis, from_here in zip(axes(), weights, strict=True):
        assert np.allclose(axis.images[1].get_array(), from_here[22].reshape(7, 7))
        assert axis.patches[0].get_xy() == (3.5, 11.5)


def test_times_are_drawn_over_the_sides():
    drawings.show_times([7, 14], {"softmax": [1.0, 20.0], "linear": [1.0, 4.0]}, "title", alternative=TEXT)
    (axis,) = axes()
    assert [list(line.get_ydata()) for line in axis.lines] == [[1, 20], [1, 4]]
    assert labels(axis, "x")[:2] == ["7", "14"]
