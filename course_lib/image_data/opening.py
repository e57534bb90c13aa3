"""Opening a picture, and what to say about one that cannot be used."""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_lib.errors import DataError
from course_lib.image_data.depth import SAVE_AGAIN, ScaleError
from course_lib.image_data.source import UnusableError
from course_lib.image_data.wording import MOST_NAMED, one_line, shown

if TYPE_CHECKING:
    from PIL.Image import Image

Encoded = bytes | Path | np.ndarray | None
AS_JPEG = "Save it as JPEG or PNG."
FIRST_BYTES = (  # where, what stands there, what it is, what to do; "" for: get a good copy
    (4, b"ftyp", "a HEIC picture or a film", AS_JPEG),
    (0, b"\xff\x0a", "a JPEG XL picture", AS_JPEG),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", AS_JPEG),
    (0, b"<svg", "an SVG drawing", AS_JPEG),
    (0, b"<?xml", "an SVG drawing or other XML", AS_JPEG),
    (0, b"%PDF", "a PDF", AS_JPEG),
    (0, b"PK\x03\x04", "a zip archive", "Unpack it."),
    (0, b"\x1f\x8b", "a gzip archive", "Unpack it."),
    (0, b"version https://git-lfs", "a pointer of git LFS", "Fetch the picture with `git lfs pull`."),
    (0, b"<html", "a web page", ""),
    (0, b"<!doctype html", "a web page", ""),
)


def opened(data: Encoded) -> "Image":
    """The picture, of which only the first bytes are read yet; a large one without Pillow's warning."""
    from PIL import Image

    if data is None:
        raise ValueError("the entry is empty")
    if isinstance(data, np.ndarray):
        return Image.fromarray(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(BytesIO(data) if isinstance(data, bytes) else data)


def unusable(place: str, data: Encoded, problem: Exception, remedy: str) -> UnusableError:
    """What to say about a picture that raised `problem`; `remedy` is for one that is damaged."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(problem, UnusableError):
        return problem
    if isinstance(problem, Image.DecompressionBombError | MemoryError):
        width, height = full_size(data)
        limit = f", and {2 * Image.MAX_IMAGE_PIXELS:,} pixels are read at most" if Image.MAX_IMAGE_PIXELS else ""
        what = f"{place} is too large: it has {width:,} x {height:,} pixels{limit}"
        return UnusableError(what, "Save it smaller: with fewer pixels.")
    if isinstance(problem, ScaleError):
        return UnusableError(f"{place} has no clear scale: {problem}", SAVE_AGAIN)
    if isinstance(problem, OSError) and problem.errno:
        return UnusableError(f"{place} cannot be read ({problem.strerror})", "Mend or remove it.")
    reason = one_line(problem)
    if isinstance(problem, UnidentifiedImageError):
        kind, other_remedy = looks_like(data)
        reason, remedy = f"Pillow knows no such format{kind}", other_remedy or remedy
    return UnusableError(f"{place} is damaged or not an image ({reason})", remedy)


def full_size(data: Encoded) -> tuple[int, int]:
    """Width and height of a picture that Pillow finds too large to open."""
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with opened(data) as image:
            return image.size
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def looks_like(data: Encoded) -> tuple[str, str]:
    """What a file that is no picture begins like, and what to do about it; "" where we do not know."""
    if isinstance(data, Path):
        with data.open("rb") as file:
            start = file.read(64)
    else:
        start = data[:64] if isinstance(data, bytes) else b""
    if not start:
        return "; it is empty", ""
    start = start.lstrip() if start[:1].isspace() else start
    for place, magic, name, remedy in FIRST_BYTES:
        if start[place:].lower().startswith(magic.lower()):
            return f"; it begins like {name}", remedy
    return "", ""


def report(title: str, failures: Sequence[UnusableError], total: int) -> DataError:
    """One error for all that cannot be used."""
    if len(failures) == 1:
        return failures[0]
    named = "; ".join(failure.what for failure in failures[:MOST_NAMED])
    more = f"; and {len(failures) - MOST_NAMED:,} more" if len(failures) > MOST_NAMED else ""
    remedies = " ".join(dict.fromkeys(failure.remedy for failure in failures))
    error = DataError(
        f"{len(failures):,} of {total:,} images of {shown(title)} cannot be used: {named}{more}. {remedies}"
    )
    error.__cause__ = failures[0]
    return error
