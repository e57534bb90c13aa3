"""Pictures are written whole or not at all, and never of what is no picture."""

import errno
import os

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import CourseError
from course_lib.files import FileError
from course_lib.pictures.gifs import film, gif, save_film
from course_lib.pictures.plots import image_grid, save_grid
from course_lib.pictures.saving import PictureError, check_film_place, check_picture_place
from course_lib.pictures.widgets import show_film

IMAGES = torch.linspace(-1, 1, 4 * 64).reshape(4, 1, 8, 8)
FRAMES = [image_grid(IMAGES), image_grid(-IMAGES)]
BAD = [float("nan"), float("inf"), -float("inf")]


def with_one(value):
    images = IMAGES.clone()
    images[2, 0, 3, 5] = value
    return images


@pytest.mark.parametrize("value", BAD)
def test_a_grid_of_what_is_not_finite_is_not_written(tmp_path, value):
    with pytest.raises(PictureError, match="not finite"):
        save_grid(with_one(value), tmp_path / "grid.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", BAD)
def test_a_grid_of_what_is_not_finite_is_not_made(value):
    with pytest.raises((CourseError, ValueError), match="not finite"):
        image_grid(with_one(value))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_a_film_of_what_are_no_grey_values_is_refused(tmp_path, dtype):
    frames = [
        FRAMES[0],
        np.full((17, 17), np.nan).astype(dtype) if dtype in (np.float32, np.float64) else FRAMES[1].astype(dtype),
    ]
    saved = [lambda frames, name=name: save_film(frames, tmp_path / name) for name in ("film.gif", "film.webp")]
    for make in (gif, film, lambda frames: show_film(frames, ""), *saved):
        with pytest.raises(PictureError, match="uint8"):
            make(frames)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(8,), (8, 8, 1), (8, 8, 5), (2, 8, 8, 3), (0, 8)])
def test_a_film_of_odd_shapes_is_refused(shape):
    with pytest.raises(PictureError, match="shape"):
        gif([np.zeros(shape, np.uint8)])


@pytest.mark.parametrize("name", ["grid.png", "grid.PNG", "grid.bmp", "grid.tif", "grid.tiff"])
def test_a_picture_keeps_every_pixel(tmp_path, name):
    save_grid(IMAGES, tmp_path / "new" / name, scale=1)
    with Image.open(tmp_path / "new" / name) as picture:
        assert np.array_equal(np.asarray(picture), image_grid(IMAGES))
    save_grid(-IMAGES, tmp_path / "new" / name)  # its own kind is replaced


@pytest.mark.parametrize(
    "name", ["grid.jpg", "grid.jpeg", "grid.webp", "grid.gif", "grid.xyz", "grid", "png", ".png", "grid.png.bak"]
)
def test_another_ending_is_refused_before_the_work(tmp_path, name):
    with pytest.raises(PictureError, match=r"ends in \.png"):
        check_picture_place(tmp_path / name)
    with pytest.raises(PictureError, match=r"ends in \.png"):
        save_grid(IMAGES, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["film.png", "film.mp4", "film", ".gif"])
def test_a_film_is_a_gif(tmp_path, name):
    with pytest.raises(PictureError, match=r"ends in \.gif"):
        check_film_place(tmp_path / name)
    with pytest.raises(PictureError, match=r"ends in \.gif"):
        save_film(FRAMES, tmp_path / name)


def test_a_file_of_another_kind_is_not_replaced(tmp_path):
    """A checkpoint that somebody has called samples.png stays."""
    for save, name, content in ((save_grid, "grid.png", IMAGES), (save_film, "film.gif", FRAMES)):
        (tmp_path / name).write_bytes(b"the work of a week")
        with pytest.raises(FileError, match="is there already"):
            save(content, tmp_path / name)
        assert (tmp_path / name).read_bytes() == b"the work of a week"


@pytest.mark.parametrize(
    ("save", "name", "content"), [(save_grid, "grid.png", IMAGES), (save_film, "film.gif", FRAMES)]
)
def test_a_full_disk_leaves_the_old_picture_whole(tmp_path, monkeypatch, save, name, content):
    save(content, tmp_path / name)
    before = (tmp_path / name).read_bytes()

    def full(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="the disk is full"):
        save(content, tmp_path / name)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, before)]
