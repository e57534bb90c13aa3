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

from course_lib.pictures.gifs import denoising_frames, film, gif, save_film
from course_lib.pictures.plots import (
    WIDEST,
    as_picture,
    draw_arrows,
    draw_grid,
    draw_points,
    figure_picture,
    image_grid,
    panels,
    save_grid,
    show_images,
    side_by_side,
    transparent_map,
    with_text,
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
    save_film(frames, tmp_path / "a" / "b.gif", seconds=1.0)
    with Image.open(tmp_path / "a" / "b.gif") as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (4, (30, 20), 0)
        durations = []
        for index, frame in enumerate(frames):
            film.seek(index)
            durations.append(film.info["duration"])
            shown = np.asarray(film.convert("L")).astype(int)
            assert np.abs(shown - frame).mean() < 12
    assert durations == [250, 250, 250, 1500]


def test_a_gif_of_equal_frames_and_of_colour(tmp_path):
    save_film([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), (255, 0, 0), np.uint8)], tmp_path / "c.gif")
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
        save_film([], tmp_path / "x.gif")


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


@pytest.mark.parametrize("kind", ["drawing", "grid"])
def test_a_film_keeps_its_pixels_and_what_is_clear(tmp_path, kind):
    """Plain colours come back exactly: WebP without loss."""
    frames = [np.zeros((12, 20, 4), np.uint8), np.full((12, 20, 4), 255, np.uint8)]
    frames[0][3:6, 4:9] = (213, 94, 0, 255)
    if kind == "grid":
        frames = [frame[..., 0] for frame in frames]
    save_film(frames, tmp_path / "film.webp", seconds=1.0)
    with Image.open(tmp_path / "film.webp") as shown:
        assert (shown.format, shown.n_frames, shown.size, shown.info["loop"]) == ("WEBP", 2, (20, 12), 0)
        durations = []
        for index, frame in enumerate(frames):
            shown.seek(index)
            shown.load()
            durations.append(shown.info["duration"])
            pixels = np.asarray(shown.convert("RGBA" if kind == "drawing" else "L"))
            clear = pixels[..., 3] == 0 if kind == "drawing" else np.zeros(pixels.shape, bool)
            assert np.array_equal(pixels[~clear], frame[~clear])
            assert np.array_equal(clear, frame[..., 3] == 0 if kind == "drawing" else clear)
    assert durations == [500, 1500]  # it rests on the last frame


def test_a_film_without_frames_is_refused():
    with pytest.raises(ValueError, match="frame"):
        film([])


def test_a_gif_of_what_is_clear_has_a_white_ground():
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[0, 0] = (0, 0, 0, 255)
    with Image.open(io.BytesIO(gif([clear, clear]))) as shown:
        pixels = np.asarray(shown.convert("L"))
    assert (pixels[0, 0], pixels[3, 3]) == (0, 255)


def test_a_figure_names_what_it_shows():
    show_images(
        torch.zeros(3, 1, 4, 4), ["t = 0", "t = 1", "t = 2"], "Watch the noise grow", alternative="three squares"
    )
    figure = plt.gcf()
    assert [axis.get_title() for axis in figure.axes] == ["t = 0", "t = 1", "t = 2"]
    assert figure.get_suptitle() == "Watch the noise grow"
    assert figure.alternative == "three squares"
    plt.close("all")


def test_many_images_stand_in_rows_that_fit_the_page():
    show_images(torch.zeros(20, 1, 4, 4), [""] * 20, "Rows", alternative="")
    figure = plt.gcf()
    assert len(figure.axes) == 24  # three rows of eight
    assert figure.get_figwidth() <= WIDEST
    plt.close("all")


def test_a_grid_s_names_stand_at_the_middle_of_its_columns_and_rows():
    (axis,) = panels("Two rows of three", [""], "", "", alternative="")
    draw_grid(axis, image_grid(torch.zeros(6, 1, 8, 4), columns=3), columns=["a", "b", "c"], rows=["one", "two"])
    names = [label.get_text() for label in (*axis.get_xticklabels(), *axis.get_yticklabels())]
    assert names == ["a", "b", "c", "one", "two"]
    assert np.allclose(axis.get_xticks(), [2, 7, 12], atol=1)
    assert np.allclose(axis.get_yticks(), [4, 13], atol=1)
    plt.close("all")


def test_a_grid_needs_no_names():
    (axis,) = panels("", [""], "", "", alternative="")
    draw_grid(axis, image_grid(torch.zeros(2, 3, 8, 4)))
    assert (list(axis.get_xticks()), list(axis.get_yticks())) == ([], [])
    assert axis.images[0].get_array().shape == (8, 9, 3)
    assert axis.images[0].get_clim() == (0, 255)  # a dark picture stays dark
    plt.close("all")


def test_a_drawing_becomes_a_picture_without_a_ground():
    open_figures = plt.get_fignums()
    picture = as_picture(lambda axis: draw_points(axis, torch.zeros(1, 2), "data", size=900), (2, 1.5))
    assert (picture.shape, picture.dtype) == ((300, 400, 4), np.uint8)
    assert (picture[..., 3] == 0).mean() > 0.5  # the page is seen through it
    red, _, blue = (picture[..., place].astype(int) for place in range(3))
    drawn = (picture[..., 3] > 100) & (blue - red > 100)
    assert 500 < drawn.sum() < 60_000
    assert plt.get_fignums() == open_figures  # nothing that a notebook would show a second time


def test_several_axes_become_one_picture():
    def draw(figure):
        for axis in figure.subplots(1, 2):
            axis.plot([0, 1])

    picture = figure_picture(draw, (4, 2))
    assert picture.shape == (400, 800, 4)
    halves = picture[:, :400], picture[:, 400:]
    assert all((half[..., 3] > 200).sum() > 100 for half in halves)


def test_grids_and_drawings_stand_side_by_side_at_their_size_on_the_page():
    drawing = np.full((10, 6, 4), 90, np.uint8)
    both = side_by_side(drawing, np.full((3, 4), 7, np.uint8), np.full((2, 1, 3), 9, np.uint8))
    assert both.shape == (10, 6 + 8 + 2, 4)
    assert (both[:, :6] == 90).all()
    assert (both[:6, 6:14] == (7, 7, 7, 255)).all()
    assert (both[:4, 14:] == (9, 9, 9, 255)).all()
    assert (both[6:, 6:14, 3] == 0).all()  # below, the page is seen


def test_a_text_stands_above_a_picture():
    picture = np.full((20, 300, 4), 50, np.uint8)
    one, other = with_text(picture, "t = 3"), with_text(picture, "t = 8")
    assert one.shape == (68, 300, 4)
    assert (one[48:] == picture).all()
    assert 50 < (one[:48, :, 3] > 128).sum() < 3000
    assert not np.array_equal(one[:48], other[:48])
    assert with_text(np.zeros((5, 100), np.uint8), "").shape == (58, 200, 4)


def test_a_figure_too_wide_for_a_small_screen_is_refused():
    with pytest.raises(ValueError, match="fewer columns"):
        panels("", ["a"] * 4, "", "", (2.0, 2.0), alternative="")
    axes = panels("", ["a", "b", "c"], "x", "y", (3.0, 2.0), alternative="", columns=2)
    assert [axis.get_title() for axis in axes] == ["a", "b", "c"]
    assert [axis.get_xlabel() for axis in axes] == ["", "x", "x"]
    assert [axis.get_ylabel() for axis in axes] == ["y", "", "y"]
    assert [round(float(x)) for x in axes[0].figure.get_size_inches()] == [6, 4]
    plt.close("all")


def test_a_transparent_map_runs_from_nothing_to_its_colour():
    shades = transparent_map("exact")
    assert shades(0.0)[3] == 0
    assert shades(1.0) == pytest.approx((0, 0x9E / 255, 0x73 / 255, 1))


def test_panels_are_named_and_share_their_limits():
    first, second = panels("What to see", ["one", "two"], "x", "density", alternative="")
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
    (axis,) = panels("Inwards", [""], "x", "y", alternative="")
    draw_arrows(axis, lambda points: -points, "exact", limit=1.0, count=3)
    quiver = axis.collections[0]
    places, arrows = quiver.XY, np.stack([quiver.U, quiver.V], axis=1)
    assert np.allclose(arrows, -places * np.linalg.norm(arrows, axis=1).max() / np.sqrt(2))
    assert np.linalg.norm(arrows, axis=1).max() == pytest.approx(2 / 3)
    plt.close("all")
