"""Picture files: refused at once where they cannot be right, and written whole or not at all."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from course_lib.errors import CourseError
from course_lib.files import GIF, PNG, WEBP, Kind, check_place, starts_with, write_file

# Those that keep every pixel as it is: their endings, what Pillow calls them, how an old file is recognised.
LOSSLESS = {
    ".png": PNG,
    ".bmp": Kind("BMP picture", starts_with(b"BM")),
    ".tif": Kind("TIFF picture", starts_with(b"II*\0")),
    ".tiff": Kind("TIFF picture", starts_with(b"II*\0")),
}
FILM = {".gif": GIF, ".webp": WEBP}


class PictureError(CourseError):
    """Something that cannot become a picture, or a file that cannot become one."""


def check_picture_place(path: str | Path) -> None:
    """Raise an error now if no picture could be written to `path` later.

    PictureError for an ending that names no format which keeps every pixel, FileError for a place that cannot be
    written, and for one where a file of another kind is.
    """
    _check(Path(path), LOSSLESS, "a picture")


def check_film_place(path: str | Path) -> None:
    """Raise an error now if no film could be written to `path` later: see `check_picture_place`."""
    _check(Path(path), FILM, "a film")


def _check(path: Path, kinds: dict[str, Kind], what: str) -> None:
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise PictureError(f"{path}: the name of {what} ends in {' or '.join(kinds)} here. Choose such a name.")
    check_place(path, kind)


def as_image(picture: np.ndarray) -> Image.Image:
    """A picture, uint8 (H, W), (H, W, 3) or (H, W, 4), as Pillow's image. Raises PictureError for anything else.

    Pillow itself would take more: numbers that are no grey values, NaN among them, would silently become black.
    """
    if picture.dtype != np.uint8:
        remedy = "`image_grid` makes one from images in [-1, 1]."
        raise PictureError(f"A picture has grey values 0 ... 255 (uint8), not {picture.dtype}. {remedy}")
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (3, 4)) or not picture.size:
        shapes = "(height, width), or (height, width, 3) or (height, width, 4) in colour"
        raise PictureError(f"A picture has the shape {shapes}, not {picture.shape}.")
    return Image.fromarray(picture)


def encode(picture: np.ndarray, format: str = "PNG") -> bytes:
    """A uint8 picture (H, W), (H, W, 3) or (H, W, 4) as the content of a file in one of Pillow's formats."""
    content = io.BytesIO()
    as_image(picture).save(content, format=format)
    return content.getvalue()


def save_picture(picture: np.ndarray, path: str | Path) -> None:
    """Write a uint8 picture; the ending names the format. Raises as `check_picture_place` and `as_image` do."""
    check_picture_place(path)
    write_file(path, encode(picture, Image.registered_extensions()[Path(path).suffix.lower()]))
