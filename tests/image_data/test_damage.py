"""Pictures that cannot be used: all of them in one error, each with the remedy that fits."""

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from course_lib.errors import DataError
from course_lib.images import load_images


def png(index: int = 0) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(index).integers(0, 256, (16, 16), dtype=np.uint8)).save(content, "png")
    return content.getvalue()


def refusal(folder, **options) -> str:
    with pytest.raises(DataError) as caught:
        load_images(folder, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("sizes", ["equal", "mixed"])
@pytest.mark.parametrize("image_size", [None, 8])
def test_all_damaged_files_are_named_at_once(tmp_path, sizes, image_size):
    for index in range(40):
        (tmp_path / f"{index:02}.png").write_bytes(png(index) if index % 2 else png(index)[:-40])
    if sizes == "mixed":
        Image.new("L", (20, 31)).save(tmp_path / "other.png")
    message = refusal(tmp_path, image_size=image_size)
    assert message.startswith(f"20 of {41 if sizes == 'mixed' else 40} images of {tmp_path} cannot be used: ")
    assert [index for index in range(40) if f"{index:02}.png is damaged" in message] == list(range(0, 20, 2))
    assert "; and 10 more. Replace the file by a good copy, or delete it." in message
    assert message.count("Replace") == 1


def test_all_damaged_rows_and_files_of_tables_are_named_at_once(tmp_path):
    good = [png(index) for index in range(6)]
    for number, contents in enumerate([[good[0], good[1][:-40], good[2], None], [b"text", good[3]], good]):
        parquet.write_table(pa.table({"image": contents}), tmp_path / f"train-{number}.parquet")
    cut = tmp_path / "train-2.parquet"
    cut.write_bytes(cut.read_bytes()[:100])
    message = refusal(tmp_path)
    assert "4 of 7 images of" in message
    for place in ("row 1 of", "row 3 of", "train-0", "row 0 of", "train-1", "train-2.parquet is damaged or only half"):
        assert place in message


FIRST_BYTES = {
    b"": "it is empty.*Replace",
    b"<!DOCTYPE html><title>404</title>": "begins like a web page.*Replace",
    b"\n <html>": "begins like a web page",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1": "begins like a HEIC.*Save it as JPEG",
    b"\xff\x0a\0\0": "JPEG XL.*Save it as JPEG",
    b"version https://git-lfs.github.com/spec/v1\noid": "pointer of git LFS.*git lfs pull",
    b"PK\x03\x04": "zip archive.*Unpack",
    b"%PDF-1.7": "a PDF",
    b"<svg xmlns=": "SVG.*Save it as JPEG",
    b"something else": r"Pillow knows no such format\)\. Replace",
}


@pytest.mark.parametrize("start", FIRST_BYTES)
def test_the_remedy_fits_what_the_file_is(tmp_path, start):
    (tmp_path / "1.jpg").write_bytes(start)
    with pytest.raises(DataError, match=rf"1\.jpg is damaged or not an image .*{FIRST_BYTES[start]}"):
        load_images(tmp_path)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_a_huge_picture_is_not_called_damaged(tmp_path, monkeypatch, ending):
    Image.new("L", (300, 200)).save(tmp_path / f"1.{ending}")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20_000)
    message = refusal(tmp_path)
    assert "is too large: it has 300 x 200 pixels, and 40,000 pixels are read at most. Save it smaller" in message
    assert "damaged" not in message
    assert Image.MAX_IMAGE_PIXELS == 20_000


def test_the_real_limit(tmp_path):
    Image.new("1", (14_000, 14_000)).save(tmp_path / "1.png")
    assert "14,000 x 14,000 pixels, and 178,956,970" in refusal(tmp_path)


@pytest.mark.filterwarnings("error")
def test_a_large_picture_is_read_without_a_warning(tmp_path, monkeypatch):
    Image.new("L", (30, 20)).save(tmp_path / "1.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    assert load_images(tmp_path)[0].shape == (1, 1, 20, 30)


def test_each_kind_of_trouble_keeps_its_remedy(tmp_path, monkeypatch):
    (tmp_path / "1.png").write_bytes(b"")
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "2.tif")
    Image.new("L", (300, 300)).save(tmp_path / "3.png")
    (tmp_path / "4.png").write_bytes(png())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20_000)
    message = refusal(tmp_path)
    assert "3 of 4 images" in message
    assert message.endswith("Replace the file by a good copy, or delete it. Save it with 8 bits, 0 to 255. "
                            "Save it smaller: with fewer pixels.")  # fmt: skip
