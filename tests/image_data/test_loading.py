"""`images` and `image_sources`: our own drawings, folders of pictures, decoding, and what is kept."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import CourseError, DataError
from course_lib.image_data import loading, sources
from course_lib.image_data.garments import CLASS_NAMES, draw_garments
from course_lib.image_data.textures import draw_textures
from course_lib.images import class_names, load_images, to_model_range, to_uint8

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """A cache of our own, few drawings, and nothing remembered from other tests."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(sources, "DRAWN_SPLITS", {"train": (40, 0), "test": (20, 1)})
    forget()


def forget():
    """As in a new process."""
    loading._memory.clear()
    loading._announced.clear()
    loading._auto.clear()


@pytest.fixture
def no_decoding(monkeypatch):
    """Call it, and from then on decoding anything fails the test."""

    def refuse(*arguments):
        pytest.fail("decoded again")

    return lambda: monkeypatch.setattr(loading, "decode_all", refuse)


def picture(path: Path, size=(8, 8), colour=RED, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(path, **options)
    return path


def snapshot(folder: Path):
    return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.rglob("*") if file.is_file()}


# The model's range


def test_every_grey_value_survives_the_way_there_and_back():
    values = torch.arange(256, dtype=torch.uint8)
    there = to_model_range(values)
    assert there.dtype == torch.float32
    assert (there[0], there[255]) == (-1, 1)
    assert torch.equal(to_uint8(there), values)
    assert torch.equal(to_uint8(there.double()), values)


def test_to_uint8_clamps_and_rounds():
    x = torch.tensor([-7.0, -1.0, 1 / 255 - 1 + 0.003, 1.0, 7.0])
    assert to_uint8(x).tolist() == [0, 0, 1, 255, 255]


def test_to_model_range_refuses_what_may_be_scaled_already():
    with pytest.raises(TypeError, match="uint8"):
        to_model_range(torch.zeros(3))


# Our own drawings


def test_garments_come_as_drawn():
    data, labels = load_images("garments")
    drawn, drawn_labels = draw_garments(40, 0)
    assert (data.dtype, labels.dtype, data.shape) == (torch.uint8, torch.int64, (40, 1, 28, 28))
    assert np.array_equal(data[:, 0], drawn)
    assert np.array_equal(labels, drawn_labels)
    assert class_names("garments") == CLASS_NAMES


def test_the_test_split_is_another_one():
    data, _ = load_images("garments", "test")
    assert len(data) == 20
    assert not torch.equal(data, load_images("garments")[0][:20])


def test_textures_are_drawn_at_the_size_asked_for():
    data, _ = load_images("textures", image_size=40)
    assert np.array_equal(data[:, 0], draw_textures(40, 40, 0)[0])


def test_garments_in_another_size_and_in_colour():
    data, _ = load_images("garments", image_size=32, channels=3)
    assert data.shape == (40, 3, 32, 32)
    assert torch.equal(data[:, 0], data[:, 2])
    means = load_images("garments")[0].float().mean((1, 2, 3))
    assert (data.float().mean((1, 2, 3)) - means).abs().max() < 2


@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"channels": 2}, {"channels": 4}])
def test_impossible_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        load_images("garments", **wrong)


def test_one_line_per_source(capsys):
    for split in ("train", "train", "test"):
        load_images("garments", split)
    load_images("garments", image_size=14)
    assert capsys.readouterr().out == "data: built-in garments, 40 images 28 x 28\n"


# What is kept


def test_the_caller_may_change_what_it_gets(no_decoding):
    data, labels = load_images("garments")
    expected = data.clone(), labels.clone()
    no_decoding()
    for array in load_images("garments"):
        array.zero_()
    again = load_images("garments")
    assert torch.equal(again[0], expected[0])
    assert torch.equal(again[1], expected[1])


def test_another_process_finds_them_decoded(tmp_path, no_decoding):
    expected = load_images("garments")
    forget()
    no_decoding()
    assert all(map(torch.equal, load_images("garments"), expected))
    assert len(list((tmp_path / "cache").iterdir())) == 1  # and no unfinished file


def cut(content):
    return content[: len(content) // 2]


def flip_in_the_middle(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [cut, flip_in_the_middle, lambda content: b"", lambda content: b"\0" * 999])
def test_a_damaged_cache_is_made_again(tmp_path, damage):
    expected = load_images("garments")
    (file,) = (tmp_path / "cache").iterdir()
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    forget()
    assert all(map(torch.equal, load_images("garments"), expected))
    assert file.read_bytes() == sound


def test_new_drawing_code_is_drawn_anew(monkeypatch, tmp_path):
    load_images("garments")
    (file,) = (tmp_path / "cache").iterdir()
    before = file.read_bytes()
    monkeypatch.setattr(sources, "code_version", lambda module: "another")
    load_images("garments")
    assert [file.read_bytes() == before for file in (tmp_path / "cache").iterdir()] == [False]


def test_the_code_version_sees_every_file_of_a_package(tmp_path):
    package = type(os)("package")
    package.__file__ = str(tmp_path / "__init__.py")
    (tmp_path / "__init__.py").write_text("from . import pencil")
    (tmp_path / "pencil.py").write_text("SIZE = 28")
    before = sources.code_version(package)
    (tmp_path / "pencil.py").write_text("SIZE = 29")
    assert sources.code_version(package) != before


def test_a_cache_that_cannot_be_written_is_no_problem(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    assert len(load_images("garments")[0]) == 40


def test_processes_that_write_at_once_do_not_disturb_each_other(tmp_path):
    file = tmp_path / "cache" / "one.safetensors"
    wanted = [loading.Decoded(torch.full((40, 1, 28, 28), i, dtype=torch.uint8), torch.zeros(40), "") for i in range(4)]

    def write_and_read(index):
        loading.to_cache(file, "same", wanted[index % 4])
        return loading.from_cache(file, "same")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write_and_read, range(64)))
    assert all(one is None or len(one.images.unique()) == 1 for one in found)
    assert list(file.parent.iterdir()) == [file]
    assert loading.from_cache(file, "same") is not None


# Folders of pictures


def test_a_folder_per_class(tmp_path):
    for index, colour in enumerate([RED, GREEN, BLUE]):
        picture(tmp_path / "own" / "b" / f"{index}.png", colour=colour)
    picture(tmp_path / "own" / "a" / "deep" / "x.WEBP", colour=(0, 0, 0), lossless=True)
    for hidden in (".DS_Store", "b/._0.png", "__MACOSX/b/0.png", ".cache/0.png", "notes.txt"):
        (tmp_path / "own" / hidden).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "own" / hidden).write_text("not an image")
    data, labels = load_images(tmp_path / "own")
    assert data.shape == (4, 3, 8, 8)
    assert labels.tolist() == [0, 1, 1, 1]
    assert class_names(tmp_path / "own") == ("a", "b")
    assert data[2, :, 0, 0].tolist() == list(GREEN)


def test_a_folder_per_split(tmp_path):
    picture(tmp_path / "train" / "cat" / "1.png")
    picture(tmp_path / "test" / "dog" / "1.png", colour=BLUE)
    assert load_images(tmp_path)[1].tolist() == [0]
    assert load_images(tmp_path, "test")[1].tolist() == [1]  # dogs are class 1 in every split
    with pytest.raises(DataError, match=r"no split 'val'.*test, train"):
        load_images(tmp_path, "val")


def test_a_class_may_be_called_train(tmp_path):
    for name in ("car", "plane", "train"):
        picture(tmp_path / name / "1.png")
    assert load_images(tmp_path)[1].tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="no split 'test'"):
        load_images(tmp_path, "test")


def test_images_beside_each_other_have_no_classes(tmp_path):
    picture(tmp_path / "1.png")
    picture(tmp_path / "more" / "2.png")
    assert load_images(tmp_path)[1].tolist() == [0, 0]
    assert class_names(tmp_path) == ()


def test_links_are_followed_but_not_in_circles(tmp_path):
    picture(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "class").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "own")
    assert len(load_images(tmp_path / "own")[0]) == 1


def test_mixed_sizes_become_squares_of_the_smallest_side(tmp_path, capsys):
    picture(tmp_path / "1.png", size=(20, 30))
    picture(tmp_path / "2.png", size=(40, 12))
    assert load_images(tmp_path)[0].shape == (2, 3, 12, 12)
    assert load_images(tmp_path, image_size=16)[0].shape == (2, 3, 16, 16)
    line = capsys.readouterr().out.splitlines()[0]
    assert "12 x 12" in line
    assert "mixed sizes" in line
    assert "2.png" in line


def test_equal_sizes_stay_as_they_are_square_or_not(tmp_path, capsys):
    picture(tmp_path / "1.png", size=(20, 30))
    picture(tmp_path / "2.png", size=(20, 30))
    assert load_images(tmp_path)[0].shape == (2, 3, 30, 20)
    assert "30 x 20 in colour\n" in capsys.readouterr().out


def test_the_middle_square_is_kept(tmp_path):
    stripes = Image.new("RGB", (90, 30), GREEN)
    stripes.paste(RED, (0, 0, 30, 30))
    stripes.paste(BLUE, (60, 0, 90, 30))
    stripes.save(tmp_path / "1.png")
    data, _ = load_images(tmp_path, image_size=10)
    assert (data[0, :, :, 2:8] == torch.tensor(GREEN)[:, None, None]).all()


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_shrinking_smooths(tmp_path, ending):
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / f"1.{ending}", quality=100)
    data, _ = load_images(tmp_path, image_size=8)
    assert (data.float() - 127.5).abs().max() < 16


KINDS = {  # mode and what to do -> what must come out, channels first
    "1": (Image.new("1", (4, 4), 1), [255]),
    "L": (Image.new("L", (4, 4), 77), [77]),
    "LA": (Image.new("LA", (4, 4), (77, 0)), [255]),
    "I;16": (Image.fromarray(np.full((4, 4), 77 * 257, np.uint16)), [77]),
    "grey RGB": (Image.new("RGB", (4, 4), (77, 77, 77)), [77]),
    "RGB": (Image.new("RGB", (4, 4), RED), list(RED)),
    "RGBA": (Image.new("RGBA", (4, 4), (*RED, 0)), [255]),
    "half RGBA": (Image.new("RGBA", (4, 4), (255, 0, 0, 51)), [255, 204, 204]),
    "P": (Image.new("RGB", (4, 4), RED).quantize(4), list(RED)),
    "CMYK": (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), [255, 0, 0]),
    "F": (Image.fromarray(np.full((4, 4), 0.2, np.float32)), [51]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture(tmp_path, kind):
    image, expected = KINDS[kind]
    image.save(tmp_path / ("1.tif" if kind in ("CMYK", "F") else "1.png"))
    data, _ = load_images(tmp_path)
    assert data.shape == (1, len(expected), 4, 4)
    assert data[0, :, 2, 2].tolist() == expected


def test_a_transparent_colour_of_a_palette_turns_white(tmp_path):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((0, 0), 1)
    image.save(tmp_path / "1.png", transparency=0)
    data, _ = load_images(tmp_path)
    assert data[0, :, 0, 0].tolist() == list(BLUE)
    assert data[0, :, 2, 2].tolist() == [255, 255, 255]


def test_grey_and_colour_together_are_colour(tmp_path):
    picture(tmp_path / "1.png", colour=77)
    picture(tmp_path / "2.png", colour=RED)
    assert load_images(tmp_path)[0][:, :, 0, 0].tolist() == [[77, 77, 77], list(RED)]
    grey, _ = load_images(tmp_path, channels=1)
    assert grey[:, :, 0, 0].tolist() == [[77], [60]]  # 0.299 of the red


def test_a_camera_held_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right of the file
    image = Image.new("RGB", (16, 8), RED)
    image.paste(BLUE, (8, 0, 16, 8))
    image.save(tmp_path / "1.png", exif=exif)
    data, _ = load_images(tmp_path)
    assert data.shape == (1, 3, 16, 8)
    assert data[0, :, 0, 4].tolist() == list(RED)
    assert data[0, :, 15, 4].tolist() == list(BLUE)


def test_new_pictures_in_the_folder_are_noticed(tmp_path):
    own = tmp_path / "own"
    picture(own / "1.png")
    assert len(load_images(own)[0]) == 1
    picture(own / "2.png")
    assert len(load_images(own)[0]) == 2
    picture(own / "1.png", colour=(0, 0, 1))
    assert load_images(own)[0][0].max() == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1  # the old ones do not pile up


# What goes wrong


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "gif", "bmp", "tif"])
@pytest.mark.parametrize("share", [0, 0.5])
def test_half_a_file_is_named_and_left_alone(tmp_path, ending, share):
    own = tmp_path / "own"
    picture(own / "1.png", size=(64, 64))
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(own / f"half.{ending}")
    content = (own / f"half.{ending}").read_bytes()
    (own / f"half.{ending}").write_bytes(content[: int(len(content) * share)])
    before = snapshot(own)
    for size in (None, 16):
        with pytest.raises(DataError, match=rf"half\.{ending} is damaged.*Replace"):
            load_images(own, image_size=size)
    assert snapshot(own) == before
    (own / f"half.{ending}").write_bytes(content)
    assert len(load_images(own)[0]) == 2


def test_what_is_no_image_and_what_has_no_scale(tmp_path):
    (tmp_path / "text.png").write_text("<html>not found</html>")
    with pytest.raises(DataError, match=r"text\.png .*Pillow knows no such format"):
        load_images(tmp_path)
    (tmp_path / "text.png").unlink()
    Image.fromarray(np.full((4, 4), 300, np.float32)).save(tmp_path / "1.tif")
    with pytest.raises(DataError, match=r"1\.tif .*from 300 to 300"):
        load_images(tmp_path)


def test_folders_without_images(tmp_path):
    with pytest.raises(DataError, match=r"no images in .*it holds no files\. Put"):
        load_images(tmp_path)
    (tmp_path / "photo.heic").write_bytes(b"?")
    with pytest.raises(DataError, match=r"\.heic"):
        load_images(tmp_path)
    with pytest.raises(DataError, match=r"photo\.heic is a file; name the folder"):
        load_images(tmp_path / "photo.heic")


def test_a_link_to_nowhere_is_named(tmp_path):
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"gone\.png cannot be read"):
        load_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("garment", "'garments'"),
        ("Textures", "'textures'"),
        ("fashion-mnist", "'zalando-datasets/fashion_mnist'"),
    ],
)
def test_misspelt_names_get_a_hint(name, hint):
    with pytest.raises(DataError, match=rf"Did you mean {hint}"):
        load_images(name)


@pytest.mark.parametrize("name", ["", "no/such/folder", "./nowhere", "/no/such/place", "qqqqq"])
def test_what_is_not_there(name):
    with pytest.raises(CourseError, match="there is no folder"):
        load_images(name)


def test_missing_split_of_a_drawing():
    with pytest.raises(DataError, match=r"no split 'valid'.*test, train"):
        load_images("garments", "valid")


# COURSE_DATA


def test_course_data_names_the_source(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_DATA", "textures")
    assert len(load_images()[0]) == 40
    assert class_names() == class_names("textures")
    monkeypatch.setenv("COURSE_DATA", str(picture(tmp_path / "own" / "1.png").parent))
    assert len(load_images("auto")[0]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == "data: built-in textures, 40 images 28 x 28 (from COURSE_DATA)"
    assert second.endswith("own, 1 images 8 x 8 in colour (from COURSE_DATA)")


def test_course_data_may_start_at_the_repository(monkeypatch, tmp_path):
    picture(tmp_path / "project" / "own" / "1.png")
    (tmp_path / "project" / "repository").mkdir()
    monkeypatch.setattr(sources, "ROOT", tmp_path / "project" / "repository")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COURSE_DATA", "../own")
    assert len(load_images()[0]) == 1


@pytest.mark.parametrize("content", [b"", b"\x89PNG half"])
def test_broken_course_data_is_an_error_not_a_fallback(monkeypatch, tmp_path, content):
    (tmp_path / "1.png").write_bytes(content)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"1\.png.*COURSE_DATA"):
        load_images()
    monkeypatch.setenv("COURSE_DATA", "garment")
    with pytest.raises(DataError, match=r"Did you mean 'garments'.*COURSE_DATA"):
        load_images()
