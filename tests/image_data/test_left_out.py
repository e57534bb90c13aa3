"""What a folder holds besides pictures that we read: counted, named, and with a remedy."""

import os
import shutil
import sys

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from course_lib.errors import DataError
from course_lib.image_data import loading
from course_lib.images import class_names, load_images


def picture(path, size=(16, 16), colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"something")
    return path


def said(capsys, folder, *arguments, **options) -> str:
    load_images(folder, *arguments, **options)
    return capsys.readouterr().out


def test_a_telephones_folder(tmp_path, capsys):
    picture(tmp_path / "IMG_1.jpg")
    for index in range(2, 10):
        touch(tmp_path / f"IMG_{index}.HEIC")
    touch(tmp_path / "notes.txt")
    line = said(capsys, tmp_path)
    assert line.endswith(", 1 images 16 x 16 in colour; left out: 8 .heic (save them as JPEG or PNG), 1 .txt\n")


@pytest.mark.parametrize("ending", ["heif", "DNG", "cr2", "svg", "jp2", "jxl", "psd", "mp4", "what", "zip"])
def test_every_other_ending_is_counted(tmp_path, capsys, ending):
    picture(tmp_path / "a" / "1.png")
    touch(tmp_path / "a" / f"2.{ending}")
    touch(tmp_path / f"3.{ending}")
    assert f"; left out: 2 .{ending.lower()}" in said(capsys, tmp_path)


def test_pictures_without_an_ending_are_counted(tmp_path, capsys):
    picture(tmp_path / "1.png")
    shutil.copy(tmp_path / "1.png", tmp_path / "second")
    assert "; left out: 1 without an ending\n" in said(capsys, tmp_path)


def test_the_line_stays_short(tmp_path, capsys):
    picture(tmp_path / "1.png")
    for index in range(50):
        touch(tmp_path / f"{index}.x{index}")
    line = said(capsys, tmp_path)
    assert "; left out: 1 .x0, 1 .x1, 1 .x10, 1 .x11, 46 others\n" in line


def test_what_is_left_out_is_counted_for_its_own_split(tmp_path, capsys):
    for split, count in (("train", 3), ("test", 1)):
        picture(tmp_path / split / "a" / "1.png")
        for index in range(count):
            touch(tmp_path / split / "a" / f"{index}.heic")
    touch(tmp_path / "LICENSE.txt")
    assert "left out: 3 .heic (save them as JPEG or PNG), 1 .txt" in said(capsys, tmp_path)
    assert "left out: 1 .heic (save them as JPEG or PNG), 1 .txt" in said(capsys, tmp_path, "test")


def test_a_file_that_is_added_is_said(tmp_path, capsys):
    picture(tmp_path / "own" / "1.png")
    assert "left out" not in said(capsys, tmp_path / "own")
    touch(tmp_path / "own" / "2.heic")
    assert "left out: 1 .heic" in said(capsys, tmp_path / "own")


def test_a_cache_in_the_folder_is_ours(tmp_path, monkeypatch, capsys):
    picture(tmp_path / "data" / "1.png")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "data" / "cache"))
    first = said(capsys, tmp_path / "data")
    assert "left out" not in first
    for memory in (loading._memory, loading._announced):
        memory.clear()
    monkeypatch.setattr(loading, "decode_all", lambda *arguments: pytest.fail("decoded again"))
    assert said(capsys, tmp_path / "data") == first


def test_the_systems_own_files_are_no_matter(tmp_path, capsys):
    picture(tmp_path / "1.png")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "._1.png"):
        touch(tmp_path / name)
    assert "left out" not in said(capsys, tmp_path)


ONLY_OTHERS = {
    "1.heic": r"\.heic\)\. Save pictures of this kind as JPEG or PNG",
    "1.svg": "as JPEG or PNG",
    "data.zip": "Unpack",
    "data.tar.gz": "Unpack",
    "train-images-idx3-ubyte.gz": "ylecun/mnist",
    "train.idx3-ubyte": "ylecun/mnist",
    "images.npy": r"Image\.fromarray",
    "weights.pt": r"Image\.fromarray",
    "table.csv": "Tables and texts are not read",
    "film.mov": "frames",
    "nothing": "without an ending",
}


@pytest.mark.parametrize("name", ONLY_OTHERS)
def test_a_folder_without_pictures_says_what_to_do(tmp_path, name):
    touch(tmp_path / "own" / name)
    with pytest.raises(DataError, match=f"no images in .*{ONLY_OTHERS[name]}.*Put image files there"):
        load_images(tmp_path / "own")


FILES = {
    **{name: what for name, what in ONLY_OTHERS.items() if name not in ("nothing", "1.heic")},
    "1.heic": "the folder that holds it. Save pictures of this kind as JPEG",
    "1.png": "the folder that holds it",
    "data.parquet": "the folder that holds it",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_place_of_a_folder(tmp_path, name):
    with pytest.raises(DataError, match=f"is a file; name .*{FILES[name]}"):
        load_images(touch(tmp_path / name))


def test_parquet_and_pictures_in_one_folder(tmp_path, capsys):
    picture(tmp_path / "1.png")
    parquet.write_table(pa.table({"width": [16]}), tmp_path / "about.parquet")
    assert "1 images 16 x 16 in colour; left out: 1 .parquet\n" in said(capsys, tmp_path)
    content = (tmp_path / "1.png").read_bytes()
    parquet.write_table(pa.table({"image": [content] * 3}), tmp_path / "images.parquet")
    (tmp_path / "about.parquet").unlink()
    assert "3 images 16 x 16 in colour, no classes, split train, the only one; left out: 1 .png\n" in said(
        capsys, tmp_path
    )


# Sizes


def test_pictures_that_are_enlarged_are_counted(tmp_path, capsys):
    picture(tmp_path / "1.png", (20, 30))
    picture(tmp_path / "2.jpg", (40, 64))
    picture(tmp_path / "3.png", (64, 64))
    assert "3 images 32 x 32 in colour; 1 smaller ones enlarged\n" in said(capsys, tmp_path, image_size=32)
    assert "; all enlarged\n" in said(capsys, tmp_path, image_size=128)
    assert "enlarged" not in said(capsys, tmp_path, image_size=20)


def test_drawings_are_made_at_their_size_without_a_word(capsys, monkeypatch):
    monkeypatch.setattr("course_lib.image_data.sources.DRAWN_SPLITS", {"train": (10, 0)})
    assert said(capsys, "garments", image_size=32) == "data: built-in garments, 10 images 32 x 32\n"


@pytest.mark.parametrize("size", [(1, 1), (500, 1), (7, 7)])
def test_one_tiny_picture_does_not_shrink_all_others(tmp_path, size):
    for index in range(5):
        picture(tmp_path / f"{index}.png", (60 + index, 60))
    picture(tmp_path / "tiny.png", size)
    with pytest.raises(DataError, match=rf"tiny\.png has only {size[0]} x {size[1]} pixels.*image_size"):
        load_images(tmp_path)
    assert load_images(tmp_path, image_size=32)[0].shape == (6, 3, 32, 32)


def test_small_pictures_among_small_ones_are_no_matter(tmp_path):
    for index in range(1, 5):
        picture(tmp_path / f"{index}.png", (3 + index, 9))
    assert load_images(tmp_path)[0].shape == (4, 3, 4, 4)


# Names and places


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text(tmp_path, capsys):
    own = tmp_path / "line\nbreak\x1b[31m"
    picture(own / "cat" / "1.png")
    picture(own / "dog" / "1.png")
    os.rename(own / "dog", os.fsencode(own) + b"/dog\xff")
    line = said(capsys, own)
    assert r"line\nbreak\x1b[31m, 2 images" in line
    assert r"2 classes (cat, dog\udcff), no splits" in line
    assert line.count("\n") == 1
    assert len(class_names(own)) == 2
    with open(os.fsencode(own) + b"/dog\xff/\xfe.png", "wb") as file:
        file.write(b"half")
    with pytest.raises(DataError, match=r"\\udcfe\.png is damaged") as caught:
        load_images(own)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


def test_a_terminal_that_lacks_the_letters(tmp_path, monkeypatch):
    picture(tmp_path / "日本" / "犬" / "1.png")
    with open(tmp_path / "out", "w", encoding="cp1252") as narrow:
        monkeypatch.setattr(sys, "stdout", narrow)
        load_images(tmp_path / "日本")
    assert r"\u65e5\u672c, 1 images 16 x 16 in colour, 1 class (\u72ac)" in (tmp_path / "out").read_text("cp1252")


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 3000, "null\0byte", "~nobody-of-that-name/pictures"])
def test_names_that_no_folder_can_have(name):
    with pytest.raises(DataError, match="there is no folder"):
        load_images(name)


def test_links_that_lead_up_or_in_circles(tmp_path):
    picture(tmp_path / "own" / "cat" / "1.png")
    (tmp_path / "own" / "cat" / "up").symlink_to(tmp_path)
    (tmp_path / "own" / "root").symlink_to("/")
    (tmp_path / "own" / "self").symlink_to(tmp_path / "own" / "self")
    (tmp_path / "own" / "cat" / "again").symlink_to(".")
    assert len(load_images(tmp_path / "own")[0]) == 1


def test_a_folder_that_is_linked_twice_is_read_twice(tmp_path):
    picture(tmp_path / "elsewhere" / "1.png")
    for name in ("a", "b"):
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / name).symlink_to(tmp_path / "elsewhere")
    assert class_names(tmp_path / "own") == ("a", "b")


def test_what_cannot_be_reached_is_named_all_at_once(tmp_path):
    for name in ("1.png", "2.png"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"1\.png cannot be read .*2\.png cannot be read .*Mend or remove them\."):
        load_images(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.png")
    with pytest.raises(DataError, match=r"1\.png cannot be read \(it is no ordinary file\)"):
        load_images(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read everything")
def test_a_folder_that_may_not_be_read(tmp_path):
    picture(tmp_path / "own" / "cat" / "1.png")
    (tmp_path / "own" / "cat").chmod(0)
    with pytest.raises(DataError, match=r"cat cannot be read .*ermission"):
        load_images(tmp_path / "own")
    with pytest.raises(DataError, match=r"1\.png cannot be read .*ermission"):
        load_images(tmp_path / "own" / "cat" / "1.png")
    (tmp_path / "own" / "cat").chmod(0o700)


def test_a_picture_is_known_by_its_content(tmp_path):
    Image.fromarray(np.full((16, 16), 77, np.uint8)).save(tmp_path / "1.jpg", format="png")
    assert load_images(tmp_path)[0].unique().tolist() == [77]
