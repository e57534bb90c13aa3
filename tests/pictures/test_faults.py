"""A picture that does not decode, or that shows nothing, is noticed."""

import io
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_lib.pictures.faults import picture_fault
from course_lib.pictures.gifs import gif

DOT = np.full((64, 64, 3), 255, np.uint8)
DOT[30:34, 30:34] = 0
NOISE = np.random.default_rng(0).integers(0, 256, (64, 48, 3)).astype(np.uint8)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9" fill="white"/>'
    '<g><path d="M 0 0 L 9 9"/></g></svg>'
)


def file(pixels, kind="PNG", **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, **options)
    return content.getvalue()


FILM = gif([NOISE, DOT[:, :48], NOISE[::-1].copy()])


@pytest.mark.parametrize(
    "content",
    [
        file(DOT),
        file(NOISE),
        file(NOISE, "JPEG"),
        file(NOISE, "WEBP"),
        FILM,
        SVG.encode(),
        b'<?xml version="1.0"?>' + SVG.encode(),
    ],
)
def test_a_good_picture_has_no_fault(content):
    assert picture_fault(content) == ""


def cut(content, rng):
    return content[: rng.randrange(len(content))]


def lose_the_end(content, rng):
    return content[: -rng.randrange(1, 12)]


def flip(content, rng):
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def wipe(content, rng):
    place = rng.randrange(len(content) - 30)
    return content[:place] + bytes(30) + content[place + 30 :]


def insert(content, rng):
    place = rng.randrange(len(content))
    return content[:place] + rng.randbytes(10) + content[place:]


def drop(content, rng):
    place = rng.randrange(len(content) - 5)
    return content[:place] + content[place + 5 :]


@pytest.mark.parametrize("damage", [cut, lose_the_end, flip, wipe, insert, drop])
@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_every_damage_to_a_png_is_found(damage, seed):
    """A PNG has a checksum in each of its parts."""
    content = file(NOISE)
    damaged = damage(content, random.Random(seed))
    assert damaged == content or picture_fault(damaged)


@pytest.mark.parametrize("damage", [cut, lose_the_end])
@pytest.mark.parametrize("content", [FILM, file(NOISE, "JPEG")], ids=["gif", "jpeg"])
@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_a_film_or_photo_that_was_cut_off_is_found(content, damage, seed):
    """GIF and JPEG have no checksums: a flipped bit can give another picture that is as good."""
    assert picture_fault(damage(content, random.Random(seed)))


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"<svg", b"<?xml version='1.0'?><p/>"]
)
def test_what_is_no_picture_is_found(content):
    assert picture_fault(content)


def nearly_white():
    picture = np.full((64, 64, 3), 250, np.uint8)
    picture[::2] = 255  # less than anybody sees
    picture[0, 0] = 0  # one pixel of 4096
    return picture


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((8, 8), np.uint8),
        np.full((8, 8, 3), (200, 10, 10), np.uint8),
        np.full((8, 8, 4), (0, 0, 0, 0), np.uint8),
        nearly_white(),
    ],
    ids=["black", "red", "clear", "nearly white"],
)
def test_a_blank_picture_is_found(pixels):
    assert "blank" in picture_fault(file(pixels))


def test_a_blank_frame_is_found_with_its_number():
    blank = np.full_like(NOISE, 255)
    assert picture_fault(gif([NOISE, blank, NOISE])) == "blank frames: 2 of 3"


@pytest.mark.parametrize("drawn", ["", '<rect width="9" height="9"/>'])
def test_a_blank_svg_is_found(drawn):
    assert "blank" in picture_fault(f'<svg xmlns="http://www.w3.org/2000/svg">{drawn}</svg>'.encode())
