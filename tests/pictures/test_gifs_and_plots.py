"""Pictures that show what they are given."""

import io
import weakref

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_lib.pictures import widgets
from course_lib.pictures.gifs import denoising_frames, gif, save_gif
from course_lib.pictures.plots import (
    COLOURS,
    as_picture,
    draw_arrows,
    draw_density,
    draw_grid,
    draw_points,
    image_grid,
    panels,
    save_grid,
    show_images,
    show_shares,
)


@given(total=st.integers(1, 300), count=st.integers(1, 40))
@settings(deadline=None)
def test_frames_run_from_noise_to_sample(total, count):
    frames = [int(state) for state in denoising_frames((torch.tensor(i) for i in range(total)), total, count)]
    assert frames == sorted(set(frames))
    assert frames[-1] == total - 1
    assert frames[0] == 0 or count == 1
    assert len(frames) <= count


def test_frames_lie_closer_together_towards_the_end():
    frames = [int(state) for state in denoising_frames((torch.tensor(i) for i in range(201)), 201, 30)]
    assert len(frames) == 30
    assert frames[1] - frames[0] > frames[-1] - frames[-2]


def test_frames_are_those_of_the_formula():
    """Worked out by hand: 8 · (1 - (j / 4)^1.5) is 8, 7, 5.17, 2.80, 0 for j = 0, 1, 2, 3, 4."""
    states = [torch.tensor(i) for i in range(9)]
    assert [int(state) for state in denoising_frames(states, 9, 5)] == [0, 3, 5, 7, 8]
    assert [int(state) for state in denoising_frames(states, 9, 1)] == [8]
    assert [int(state) for state in denoising_frames(states, 9, 9)] == list(range(9))


def test_frames_that_are_not_picked_are_let_go():
    alive = []

    def states():
        for i in range(100):
            state = torch.tensor(i)
            alive.append(weakref.ref(state))
            yield state

    for _ in denoising_frames(states(), 100, 5):
        assert sum(state() is not None for state in alive) <= 2


def test_a_gif_holds_its_frames(tmp_path):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (20, 30)).astype(np.uint8) for _ in range(3)] + [np.zeros((20, 30), np.uint8)]
    save_gif(frames, tmp_path / "a" / "b.gif", seconds=1.0, colours=32)
    with Image.open(tmp_path / "a" / "b.gif") as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (4, (30, 20), 0)
        durations = []
        for index, frame in enumerate(frames):
            film.seek(index)
            durations.append(film.info["duration"])
            shown = np.asarray(film.convert("L")).astype(int)
            assert np.abs(shown - frame).mean() < 8
    assert durations == [250, 250, 250, 1500]


def test_a_gif_of_equal_frames_and_of_colour(tmp_path):
    save_gif([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), (255, 0, 0), np.uint8)], tmp_path / "c.gif")
    with Image.open(tmp_path / "c.gif") as film:
        film.seek(1)
        assert film.convert("RGB").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize("colours", [4, 32])
def test_a_gif_has_so_many_shades(colours):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    with Image.open(io.BytesIO(gif([ramp, ramp[:, ::-1]], colours=colours))) as film:
        assert len(np.unique(np.asarray(film.convert("L")))) == colours


def test_a_gif_without_frames_is_refused(tmp_path):
    with pytest.raises(ValueError, match="frame"):
        save_gif([], tmp_path / "x.gif")


def test_the_grid_puts_each_image_in_its_place():
    images = torch.arange(5, dtype=torch.uint8).reshape(5, 1, 1, 1).expand(5, 1, 2, 3) * 10
    grid = image_grid(images, columns=3)
    assert grid.shape == (2 * 3 - 1, 3 * 4 - 1)
    assert [grid[row * 3, column * 4] for row in range(2) for column in range(3)] == [0, 10, 20, 30, 40, 128]
    assert (grid[2] == 128).all()


@given(count=st.integers(1, 12), channels=st.sampled_from([1, 3]), scale=st.integers(1, 3), gap=st.integers(0, 2))
def test_the_grid_is_as_square_as_it_gets(count, channels, scale, gap):
    grid = image_grid(torch.zeros(count, channels, 4, 4, dtype=torch.uint8), scale=scale, gap=gap)
    columns = int(np.ceil(np.sqrt(count)))
    rows = int(np.ceil(count / columns))
    size = (scale * (rows * (4 + gap) - gap), scale * (columns * (4 + gap) - gap))
    assert grid.shape == (size if channels == 1 else (*size, 3))


def test_model_range_becomes_grey_values(tmp_path):
    images = torch.tensor([-1.0, 0.0, 1.0, 7.0]).reshape(4, 1, 1, 1)
    save_grid(images, tmp_path / "new" / "grid.png", columns=4, scale=1)
    with Image.open(tmp_path / "new" / "grid.png") as picture:
        assert [picture.getpixel((2 * i, 0)) for i in range(4)] == [0, 128, 255, 255]


def test_a_picture_s_text_may_hold_any_character(monkeypatch):
    shown = []
    monkeypatch.setattr(widgets, "display", lambda bundle, raw: shown.append(bundle))
    widgets.display_picture(b"", "png", 'a "boot" with t < 9')
    assert 'alt="a &quot;boot&quot; with t &lt; 9"' in shown[0]["text/html"]
    assert shown[0]["text/plain"] == 'a "boot" with t < 9'


def test_a_figure_names_what_it_shows():
    show_images(torch.zeros(3, 1, 4, 4), ["t = 0", "t = 1", "t = 2"], "Watch the noise grow")
    figure = plt.gcf()
    assert [axis.get_title() for axis in figure.axes] == ["t = 0", "t = 1", "t = 2"]
    assert figure.get_suptitle() == "Watch the noise grow"


def test_a_grid_s_names_stand_at_the_middle_of_its_columns_and_rows():
    (axis,) = panels("Two rows of three", [""], "", "")
    draw_grid(axis, image_grid(torch.zeros(6, 1, 8, 4), columns=3), columns=["a", "b", "c"], rows=["one", "two"])
    names = [label.get_text() for label in (*axis.get_xticklabels(), *axis.get_yticklabels())]
    assert names == ["a", "b", "c", "one", "two"]
    assert np.allclose(axis.get_xticks(), [2, 7, 12], atol=1)
    assert np.allclose(axis.get_yticks(), [4, 13], atol=1)
    plt.close("all")


def test_a_grid_needs_no_names():
    (axis,) = panels("", [""], "", "")
    draw_grid(axis, image_grid(torch.zeros(2, 3, 8, 4)))
    assert (list(axis.get_xticks()), list(axis.get_yticks())) == ([], [])
    assert axis.images[0].get_array().shape == (8, 9, 3)
    assert axis.images[0].get_clim() == (0, 255)  # a dark picture stays dark
    plt.close("all")


def test_a_drawing_becomes_a_picture():
    open_figures = plt.get_fignums()
    blue = tuple(int(COLOURS["data"][place : place + 2], 16) for place in (1, 3, 5))
    picture = as_picture(lambda axis: draw_points(axis, torch.zeros(1, 2), "data", size=900), (2, 1.5))
    assert (picture.shape, picture.dtype) == ((150, 200, 3), np.uint8)
    assert np.abs(picture.astype(int) - 255).sum(axis=2).max() > 300
    more_blue = picture[..., 2].astype(int) - picture[..., 0] > (blue[2] - blue[0]) * 0.5
    assert 20 < more_blue.sum() < 15_000
    assert plt.get_fignums() == open_figures  # nothing that a notebook would show a second time


def test_panels_are_named_and_share_their_limits():
    first, second = panels("What to see", ["one", "two"], "x", "density")
    second.plot([0, 7], [0, 3])
    assert (first.get_title(), second.get_title(), first.get_ylabel(), second.get_ylabel()) == (
        "one",
        "two",
        "density",
        "",
    )
    assert first.get_xlim() == second.get_xlim()
    assert first.figure.get_suptitle() == "What to see"
    plt.close("all")


def test_arrows_point_along_the_field():
    (axis,) = panels("Inwards", [""], "x", "y")
    draw_arrows(axis, lambda points: -points, "exact", limit=1.0, count=3)
    quiver = axis.collections[0]
    places, arrows = quiver.XY, np.stack([quiver.U, quiver.V], axis=1)
    assert np.allclose(arrows, -places * np.linalg.norm(arrows, axis=1).max() / np.sqrt(2))
    assert np.linalg.norm(arrows, axis=1).max() == pytest.approx(2 / 3)
    plt.close("all")


def test_a_density_is_darkest_where_it_is_highest():
    """One peak at (1, -1): right of the middle and below it."""
    (axis,) = panels("Peak", [""], "x", "y")
    draw_density(axis, lambda x: -(x - torch.tensor([1.0, -1.0])).square().sum(dim=1), limit=2.0, count=9)
    image = axis.images[0]
    row, column = np.unravel_index(np.argmax(image.get_array()), (9, 9))
    assert (image.origin, row, column) == ("lower", 2, 6)
    assert image.get_extent() == [-2, 2, -2, 2]
    plt.close("all")


def test_shares_are_drawn_beside_the_true_weights():
    truth, share, error = torch.tensor([0.7, 0.3]), torch.tensor([0.6, 0.4]), torch.tensor([0.05, 0.02])
    show_shares(truth, {"learned": (share, error), "exact": (truth, error)}, ["left", "right"], "Shares")
    axis = plt.gca()
    assert [patch.get_height() for patch in axis.patches] == pytest.approx([0.7, 0.3])
    _, learned, exact = axis.containers  # the bars come first
    assert np.allclose(learned.lines[0].get_ydata(), share)
    assert np.all(learned.lines[0].get_xdata() < exact.lines[0].get_xdata())
    reach = learned.lines[2][0].get_segments()[0]
    assert np.allclose(reach[:, 1], [0.5, 0.7])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["left", "right"]
    plt.close("all")
