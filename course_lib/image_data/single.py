"""One picture file of the user's own, and a mask: just what a network takes, or made so if that is asked for."""

import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import CourseError, DataError
from course_lib.files import FileError, explained
from course_lib.image_data.decoding import decode, failure, in_channels
from course_lib.image_data.depth import Deep, common_scale, is_deep
from course_lib.image_data.opening import opened
from course_lib.image_data.wording import shown
from course_lib.types import Fit

if TYPE_CHECKING:
    from PIL.Image import Image

GREY, COLOUR = "grey", "in colour"
TAKEN = {1: GREY, 3: COLOUR}  # by number of channels
KINDS = {
    "1": GREY,  # black and white, which loses nothing as grey
    "L": GREY,
    "RGB": COLOUR,
    "P": "with a palette",
    "PA": "with a palette",
    "CMYK": "in the colours of print (CMYK)",
}
DEEP = "with more than 8 bits a value"
TRANSPARENT = "with transparency (an alpha channel)"
ROTATED = (5, 6, 7, 8)  # what EXIF says of a picture that lies on its side
ORIENTATION = 0x0112  # EXIF's number for it
GOOD_COPY = "Get a good copy, or open it elsewhere and save it as PNG."


@dataclass(frozen=True)
class Picture:
    """A picture as a network takes it.

    values   uint8 (C, H, W)
    place    its file, for messages
    size     width and height of the picture in the file
    note     what was changed; "" for nothing
    """

    values: Tensor
    place: str
    size: tuple[int, int]
    note: str

    @property
    def scaled(self) -> bool:
        return self.size != (self.values.shape[2], self.values.shape[1])


def read_picture(path: str | Path, shape: tuple[int, int, int], fit: Fit | None = None) -> Picture:
    """The picture in a file, for a network that takes images of `shape` (C, H, W).

    fit   None: a picture of another size or kind is an error. Otherwise colour becomes grey or the other way round,
          what is transparent becomes white, deep values take their whole range, and a picture of another size is
          scaled: "crop" cuts off what is too wide or too high, "pad" adds bars in the colour of its edge, and
          "resize" stretches it

    Raises FileError for a file that is not there or cannot be read, DataError for one that is damaged, no picture or a
    film, and for one that does not fit.
    """
    path, place = Path(path), shown(path)
    channels, height, width = shape
    if channels not in TAKEN:
        raise DataError(
            f"this network takes images of {channels} channels, and picture files have 1 or 3. Name another."
        )
    size, kind = _look(path)
    wanted = f"{width:,} x {height:,} pixels, {TAKEN[channels]}"
    changed = (size, kind) != ((width, height), TAKEN[channels])
    if changed and fit is None:
        raise DataError(
            f"{place} is {size[0]:,} x {size[1]:,} pixels, {kind}; this network takes {wanted}. Save it so, or add "
            "--fit crop, --fit pad or --fit resize."
        )
    array, scale = _decoded(path)
    with _described(path):
        image = in_channels(_image(array), channels)
        if fit:
            ground = np.median(_edge(np.asarray(image)), axis=0).astype(int)
            image = _fitted(image, (width, height), fit, tuple(ground.reshape(-1).tolist()))
        values = torch.from_numpy(np.array(image).reshape(height, width, channels)).permute(2, 0, 1).contiguous()
    was = f"{place}: {size[0]:,} x {size[1]:,} pixels, {kind}{scale}; made {wanted} (--fit {fit})"
    return Picture(values, place, size, was if changed else "")


def read_mask(path: str | Path, photo: Picture, fit: Fit | None = None, threshold: int | None = None) -> Tensor:
    """The mask in a file, for the picture `photo`: bool (1, H, W), True where it is white, which means: known.

    fit         as for `photo`. A pixel of the scaled mask is known if all of it is known, and so are the bars of "pad"
    threshold   the grey level, 1 to 255, from which a pixel is known; None: grey is an error

    Raises as `read_picture`, and DataError for a mask of another size than the photo, and for one that is white
    everywhere or black everywhere.
    """
    path, place = Path(path), shown(path)
    size, kind = _look(path)
    if size != photo.size:
        raise DataError(
            f"the mask {place} is {size[0]:,} x {size[1]:,} pixels, and {photo.place} is {photo.size[0]:,} x "
            f"{photo.size[1]:,}. Make a mask of the picture's own size."
        )
    if fit is None and kind != GREY:
        raise DataError(f"the mask {place} is {kind}; a mask is grey. Save it so, or add --fit crop.")
    array, _ = _decoded(path)
    with _described(path):
        grey = np.asarray(in_channels(_image(array), 1))
    between = (grey > 0) & (grey < 255)
    if threshold is None and between.any():
        raise DataError(
            f"the mask {place} has {between.sum():,} grey pixels. In a mask, white (255) is known and black (0) is to "
            "be drawn. Paint it with a hard brush and save it as PNG, or add --threshold 128: from that grey level on, "
            "a pixel is known."
        )
    known = grey >= (threshold or 255)
    _refuse_all_alike(place, known)
    height, width = photo.values.shape[1:]
    if photo.scaled and fit:
        from PIL import Image

        white = Image.fromarray(known.astype(np.uint8) * 255)
        known = np.asarray(_fitted(white, (width, height), fit, (255,), Image.Resampling.BOX)) == 255
        _refuse_all_alike(f"{place}, scaled to {width:,} x {height:,} pixels,", known)
    return torch.from_numpy(np.array(known))[None]


def has_bright_edge(values: Tensor) -> bool:
    """Whether a picture, uint8 (C, H, W), is light along its edge: a drawing on white paper, say."""
    return bool(np.median(_edge(values.permute(1, 2, 0).cpu().numpy())) > 127)


def _look(path: Path) -> tuple[tuple[int, int], str]:
    """Width and height of a picture as it is shown, and its kind, in words; little of the file is read.

    Raises FileError, and DataError for a film and for what is no picture.
    """
    with explained(path, "read"):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise FileError(f"{path} is a folder. Name a picture file in it.")
        if not stat.S_ISREG(status.st_mode):  # a pipe would make us wait for ever
            raise FileError(f"{path} is a device or a pipe, not a file. Name a picture file.")
        path.open("rb").close()
    with _described(path), opened(path) as image:
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # MPO: a photo, then its preview
        if frames > 1:
            raise DataError(f"{shown(path)} holds {frames:,} pictures: a film or pages. Save one of them as PNG.")
        width, height = image.size
        rotated = image.getexif().get(ORIENTATION) in ROTATED
        return (height, width) if rotated else (width, height), _kind(image)


def _kind(image: "Image") -> str:
    if is_deep(image):
        return DEEP
    if not image.mode.startswith("P") and image.has_transparency_data:
        return TRANSPARENT
    return KINDS.get(image.mode, f"in the mode {image.mode}")


def _decoded(path: Path) -> tuple[np.ndarray, str]:
    """uint8 [H, W] or [H, W, 3], and what is to be said about its scale."""
    with _described(path):
        picture, _ = decode((shown(path), path, 0), None, None)
        if not isinstance(picture, Deep):
            return picture, ""
        low, high = common_scale([picture.reach])[picture.reach.whole]
        return picture.scaled(low, high), f", values taken as {low:,.12g} to {high:,.12g}"


@contextmanager
def _described(path: Path) -> Iterator[None]:
    """Pillow's readers raise whatever the damage makes them stumble over: that becomes a DataError about this file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd EXIF data and the like
            yield
    except CourseError:
        raise
    except Exception as problem:
        raise failure((shown(path), path, 0), problem, GOOD_COPY) from problem


def _image(array: np.ndarray) -> "Image":
    from PIL import Image

    return Image.fromarray(array)


def _edge(array: np.ndarray) -> np.ndarray:
    """The pixels along the four sides of [H, W] or [H, W, C]: [N] or [N, C]."""
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def _fitted(
    image: "Image", size: tuple[int, int], fit: Fit, ground: tuple[int, ...], resample: int | None = None
) -> "Image":
    """The image at `size` (width, height), as `read_picture` says; bars have the colour `ground`."""
    from PIL import Image

    if image.size == size:
        return image
    (width, height), (old_width, old_height) = size, image.size
    ratios = width / old_width, height / old_height
    box = (0.0, 0.0, float(old_width), float(old_height))
    inner = size
    if fit == "crop":
        seen = min(width / max(ratios), old_width), min(height / max(ratios), old_height)
        left, top = (old_width - seen[0]) / 2, (old_height - seen[1]) / 2
        box = (left, top, left + seen[0], top + seen[1])
    elif fit == "pad":
        inner = max(1, round(old_width * min(ratios))), max(1, round(old_height * min(ratios)))
    scaled = image.resize(inner, Image.Resampling.BICUBIC if resample is None else resample, box=box)
    if inner == size:
        return scaled
    whole = Image.new(image.mode, size, ground if len(ground) > 1 else ground[0])
    whole.paste(scaled, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return whole


def _refuse_all_alike(place: str, known: np.ndarray) -> None:
    if known.all():
        raise DataError(
            f"the mask {place} is white everywhere: nothing is to be drawn. Paint black what is to be drawn."
        )
    if not known.any():
        raise DataError(
            f"the mask {place} has no part that is white: nothing is known. Paint white what is to stay, or draw a new "
            "picture with `course sample`."
        )
