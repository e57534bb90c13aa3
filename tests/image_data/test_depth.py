"""Pictures with more than 8 bits a value: one scale for all of a data set, and the line says which."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from course_lib.errors import DataError
from course_lib.images import load_images

RAMP = np.linspace(0, 1, 64).reshape(8, 8)


def png16(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a value, [H, W] or [H, W, channels], which Pillow itself cannot write in colour."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[values[0, 0].size]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def tiff16(path: Path, values: np.ndarray, order: str, kind: int = 2, packed: bool = False) -> None:
    """A TIFF in colour, 16 bits a value, which Pillow cannot write either."""
    height, width, channels = values.shape
    data = values.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if packed else data
    data += b"\0" * (len(data) % 2)
    bits = 8 + len(data)
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, bits),
        (259, 3, 1, 8 if packed else 1),
        (262, 3, 1, kind),
    ]
    tags += [(273, 4, 1, 8), (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(data))]
    table = struct.pack(f"{order}H", len(tags))
    for tag, size, count, value in tags:
        packed = struct.pack(f"{order}HH", value, 0) if size == 3 and count == 1 else struct.pack(f"{order}I", value)
        table += struct.pack(f"{order}HHI", tag, size, count) + packed
    start = struct.pack(f"{order}HI", 42, bits + 2 * channels)
    mark = b"II" if order == "<" else b"MM"
    path.write_bytes(mark + start + data + struct.pack(f"{order}{channels}H", *[16] * channels) + table + b"\0" * 4)


def write(folder: Path, name: str, values: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(folder / name)


def eight_bits(values: np.ndarray, top: float, low: float = 0) -> list:
    return np.rint((values.astype(np.float64) - low) / (top - low) * 255).astype(int).tolist()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_grey_of_some_bits_in_a_container_of_16(tmp_path, capsys, bits, ending):
    values = np.rint(RAMP * (2**bits - 1)).astype(np.uint16)
    write(tmp_path, f"1.{ending}", values)
    images, _ = load_images(tmp_path)
    assert images[0, 0].tolist() == eight_bits(values, 2**bits - 1)
    assert f"; values taken as 0 to {2**bits - 1:,}\n" in capsys.readouterr().out


@pytest.mark.parametrize(("top", "scale"), [(255, 255), (4000, 4095), (65_535, 65_535), (70_000, 131_071)])
def test_whole_numbers_of_32_bits(tmp_path, capsys, top, scale):
    values = np.rint(RAMP * top).astype(np.int32)
    write(tmp_path, "1.tif", values)
    assert load_images(tmp_path)[0][0, 0].tolist() == eight_bits(values, scale)
    assert f"values taken as 0 to {scale:,}\n" in capsys.readouterr().out


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_negative_values_as_of_a_scanner(tmp_path, capsys, dtype):
    values = np.rint(RAMP * 4095 - 1024).astype(dtype)
    write(tmp_path, "1.tif", values)
    assert load_images(tmp_path)[0][0, 0].tolist() == eight_bits(values, 3071, -1024)
    assert "values taken as -1,024 to 3,071\n" in capsys.readouterr().out


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_colour_of_16_bits(tmp_path, channels, bits):
    values = np.random.default_rng(0).integers(0, 2**bits, (6, 5, channels)).astype(np.uint16)
    values[0, 0] = 2**bits - 1
    if channels in (2, 4):
        values[..., -1] = 65_535  # opaque
    (tmp_path / "1.png").write_bytes(png16(values))
    got = load_images(tmp_path, channels=3)[0][0].permute(1, 2, 0).numpy()
    colours = values[..., :3] if channels > 2 else np.repeat(values[..., :1], 3, axis=2)
    expected = np.array(eight_bits(colours, 2**bits - 1))
    assert np.abs(got - expected).max() == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_colour_of_12_bits_in_a_tiff(tmp_path, order, packed):
    values = np.random.default_rng(0).integers(0, 4096, (6, 5, 3)).astype(np.uint16)
    tiff16(tmp_path / "1.tif", values, order, packed=packed)
    assert load_images(tmp_path)[0][0].permute(1, 2, 0).tolist() == eight_bits(values, 4095)


def test_colour_that_can_only_be_read_in_part(tmp_path):
    values = np.random.default_rng(0).integers(0, 4096, (6, 5, 4)).astype(np.uint16)
    tiff16(tmp_path / "1.tif", values, "<", kind=5)  # CMYK
    with pytest.raises(DataError, match=r"1\.tif has no clear scale: .*small part of 16 bits\. Save it with 8 bits"):
        load_images(tmp_path)
    tiff16(tmp_path / "1.tif", values * 16, "<", kind=5)
    assert load_images(tmp_path)[0].shape == (1, 3, 6, 5)


def test_transparent_parts_turn_white_at_16_bits_too(tmp_path):
    values = np.full((4, 4, 4), 1000, np.uint16)
    values[..., 3] = 0
    values[0, :, 3] = 65_535
    values[1, 1, :3] = 4095
    (tmp_path / "1.png").write_bytes(png16(values))
    image = load_images(tmp_path)[0][0]
    assert image[:, 0].unique().tolist() == [62]
    assert image[:, 1:].unique().tolist() == [255]


def test_all_pictures_of_a_data_set_share_one_scale(tmp_path):
    write(tmp_path / "train" / "cat", "dark.png", np.full((8, 8), 200, np.uint16))
    write(tmp_path / "train" / "cat", "middle.png", np.full((8, 8), 1000, np.uint16))
    write(tmp_path / "test" / "cat", "bright.png", np.full((8, 8), 4000, np.uint16))
    write(tmp_path / "train" / "cat", "bytes.png", np.full((8, 8), 77, np.uint8))
    train = load_images(tmp_path)[0][:, 0, 0, 0].tolist()
    assert train == [77, *np.rint(np.array([200, 1000]) / 4095 * 255).astype(int)]
    assert load_images(tmp_path, "test")[0][:, 0, 0, 0].tolist() == [round(4000 / 4095 * 255)]
    write(tmp_path / "test" / "cat", "bright.png", np.full((8, 8), 60_000, np.uint16))
    assert load_images(tmp_path)[0][:, 0, 0, 0].tolist() == [77, 1, 4]


def test_rows_of_a_table_share_it_too(tmp_path):
    for split, value in (("train", 1000), ("test", 4000)):
        rows = [png16(np.full((8, 8), value, np.uint16))]
        parquet.write_table(pa.table({"image": rows}), tmp_path / f"{split}.parquet")
    assert load_images(tmp_path)[0].unique().tolist() == [62]
    assert load_images(tmp_path, "test")[0].unique().tolist() == [249]


@pytest.mark.parametrize("image_size", [8, 16])
def test_the_scale_is_that_of_the_values_before_resizing(tmp_path, image_size):
    spot = np.zeros((32, 32), np.uint16)
    spot[16, 16] = 4095
    spot[:8] = 800
    write(tmp_path, "1.png", spot)
    image = load_images(tmp_path, image_size=image_size)[0][0, 0]
    assert (image[0].float() - 800 / 4095 * 255).abs().max() < 2
    assert image.max() <= 255


# Real numbers


@pytest.mark.parametrize("top", [1, 255, 200, 0.5])
def test_real_numbers_to_one_or_to_255(tmp_path, capsys, top):
    write(tmp_path, "1.tif", (RAMP * top).astype(np.float32))
    scale = 1 if top <= 1 else 255
    got = load_images(tmp_path)[0][0, 0].numpy()
    assert np.abs(got - np.array(eight_bits(RAMP * top, scale))).max() <= 1
    assert f"values taken as 0 to {scale}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (RAMP * 2 - 1, "from -1 to 1"),
        (RAMP * 1000, "from 0 to 1000"),
        (RAMP * 2.5, "up to 2.5, neither"),
        (np.where(RAMP > 0.5, np.nan, RAMP), "infinite or no numbers"),
        (np.where(RAMP > 0.5, np.inf, RAMP), "infinite or no numbers"),
    ],
)
def test_real_numbers_without_a_known_scale_are_refused(tmp_path, values, reason):
    write(tmp_path, "good.tif", RAMP.astype(np.float32))
    write(tmp_path, "bad.tif", values.astype(np.float32))
    with pytest.raises(DataError, match=rf"bad\.tif .*{reason}.*Save it with 8 bits"):
        load_images(tmp_path)


def test_two_scales_in_one_folder_are_refused(tmp_path):
    write(tmp_path / "train", "1.tif", (RAMP * 255).astype(np.float32))
    write(tmp_path / "test", "2.tif", (RAMP * 0.9).astype(np.float32))
    with pytest.raises(DataError, match=r"1\.tif has values up to 255, but .*2\.tif only up to 0\.9\. Save all"):
        load_images(tmp_path)


def test_ordinary_pictures_get_no_remark(tmp_path, capsys):
    write(tmp_path, "1.png", np.full((8, 8), 3, np.uint8))
    assert load_images(tmp_path)[0].unique().tolist() == [3]
    assert "values" not in capsys.readouterr().out
