"""The images that the course learns from: Fashion-MNIST, our own drawings, or your own pictures.

`load_images` finds them, decodes them once, and keeps them decoded in memory and on disk.
"""

import hashlib
import json
import os
import re
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import DataError
from course_lib.image_data.sources import Item, Source, find_source
from course_lib.image_data.tables import FASHION, OutOfReach, one_line
from course_lib.paths import ROOT

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")


@dataclass(frozen=True)
class Decoded:
    """Images uint8 [N, C, H, W], labels long [N], and what the visible line adds about them."""

    images: Tensor
    labels: Tensor
    remark: str


_memory: dict[tuple, tuple[str, Decoded]] = {}  # call -> fingerprint, what it gave
_announced: set[tuple[str, str]] = set()
_auto: list[tuple[str, str]] = []  # what "auto" means in this process, and why; empty until it is settled


def load_images(
    name: str | Path = "auto",
    split: str = "train",
    image_size: int | None = None,
    channels: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, C, H, W] and labels long [N] (0 without classes, -1 if not known); yours to change.

    name         "garments" or "textures", drawn by our own code; a folder of image files, or of Parquet files
                 as on the hub; or a hub name such as "ylecun/mnist". "auto" is what the environment variable
                 COURSE_DATA names, else Fashion-MNIST from the hub's cache or the network, else the garments.
    image_size   the shorter side is resized to it and the middle square kept. None: as they are, but images
                 of mixed sizes become squares of the smallest side.
    channels     1 for grey, 3 for colour; None: 1 if every image is grey.

    The first call prints one line that says which source it is. "auto" stays the same within a process.
    Transparent parts turn white; of an animation the first picture is taken. Raises DataError for what is
    missing, damaged or not an image, ValueError for an impossible `image_size` or `channels`.
    """
    if image_size is not None and image_size < 1:
        raise ValueError(f"image_size must be at least 1, not {image_size}.")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels must be 1 (grey), 3 (colour) or None, not {channels!r}.")

    def use(source: Source, why: str) -> tuple[Tensor, Tensor]:
        decoded = remembered(source, split, image_size, channels)
        announce(source, decoded, why)
        return decoded.images.clone(), decoded.labels.clone()

    return with_source(name, split, use)


def class_names(name: str | Path = "auto") -> tuple[str, ...]:
    """The names of the classes, in the order of the labels; () if there are none. `name` as in `load_images`.

    Raises DataError as `load_images` does, also if there is no split "train".
    """
    return with_source(name, "train", lambda source, why: source.class_names())


# Which source


def with_source(name: str | Path, split: str, use: Callable[[Source, str], T]) -> T:
    """`use` the source called `name`, and say why it is that one; for "auto", the first that can be used."""
    name, why = os.fspath(name), ""
    if name == "auto" and os.environ.get("COURSE_DATA", "auto") not in ("", "auto"):
        name, why = os.environ["COURSE_DATA"], " (from COURSE_DATA)"
        try:
            return use(find_source(name, split), why)
        except DataError as problem:
            raise DataError(f"{problem} (COURSE_DATA, an environment variable, is set to {name!r}.)") from problem
    if name == "auto" and _auto:
        name, why = _auto[0]
    if name != "auto":
        return use(find_source(name, split), why)
    try:
        choice = FASHION, ""
        result = use(find_source(FASHION, split), "")
    except OutOfReach:  # a damaged copy is not out of reach: its error says how to mend it
        choice = "garments", " (no network, and no Fashion-MNIST in the cache)"
        result = use(find_source("garments", split), choice[1])
    _auto.append(choice)
    return result


def announce(source: Source, decoded: Decoded, why: str) -> None:
    """Say in one line which images these are; once per source, and again when the remark is another."""
    if (source.identity, decoded.remark) in _announced:
        return
    _announced.add((source.identity, decoded.remark))
    count, channels, height, width = decoded.images.shape
    colour = " in colour" if channels == 3 else ""
    about = f"{count:,} images {height} x {width}{colour}{decoded.remark}{why}"
    print(f"data: {source.title}, {about}", flush=True)


# Decoding


def decode_all(source: Source, image_size: int | None, channels: int | None) -> Decoded:
    """Every image of `source`, decoded, made equal in size and number of channels."""
    arrays, labels = decode_equal(source, image_size, channels)
    remark = ""
    if arrays is None:
        image_size, place = min((smaller_side(item, source.remedy), item[0]) for item in source.items(None))
        arrays, labels = decode_equal(source, image_size, channels)
        remark = f" (mixed sizes, cut to the smallest side, that of {place}; image_size=... chooses another)"
    if not arrays:
        raise DataError(f"this split of {source.title} is empty; name another split or another data set.")
    if channels is None:
        channels = 1 if all(is_grey(array) for array in arrays) else 3
    images = np.empty((len(arrays), channels, *arrays[0].shape[:2]), dtype=np.uint8)
    for image, array in zip(images, arrays, strict=True):
        image[:] = array if array.ndim == 2 else array.transpose(2, 0, 1)[:channels]
    return Decoded(torch.from_numpy(images), torch.tensor(labels), remark)


def decode_equal(
    source: Source, image_size: int | None, channels: int | None
) -> tuple[list[np.ndarray] | None, list[int]]:
    """Each image uint8 [H, W] or [H, W, 3] and its label; None for the images if their sizes differ."""
    arrays, labels = [], []
    for item in source.items(image_size):
        arrays.append(decode(item, image_size, channels, source.remedy))
        labels.append(item[2])
        if arrays[-1].shape[:2] != arrays[0].shape[:2]:
            return None, labels
    return arrays, labels


def decode(item: Item, image_size: int | None, channels: int | None, remedy: str) -> np.ndarray:
    """One image, uint8 [H, W] if grey or [H, W, 3]; raises DataError if it is damaged."""
    from PIL import Image, ImageOps

    place, data, _ = item
    with named_in_errors(place, remedy), opened(data) as image:
        if image_size:  # a JPEG is decoded faster at a fraction of its size; twice ours is fine enough
            image.draft(None, (2 * image_size, 2 * image_size))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        picture = plain(image)
        if image_size and picture.size != (image_size, image_size):
            picture = ImageOps.fit(picture, (image_size, image_size), Image.Resampling.BICUBIC)
        return np.asarray(picture.convert({1: "L", 3: "RGB"}[channels]) if channels else picture)


def smaller_side(item: Item, remedy: str) -> int:
    """In pixels, from the first bytes of an image; raises DataError if they are damaged."""
    with named_in_errors(item[0], remedy), opened(item[1]) as image:
        return min(image.size)


@contextmanager
def named_in_errors(place: str, remedy: str) -> Iterator[None]:
    """Turn what goes wrong while an image is read into a DataError that says where it is."""
    from PIL import UnidentifiedImageError

    try:
        yield
    except Exception as problem:  # Pillow's readers raise whatever the damage makes them stumble over
        unknown = isinstance(problem, UnidentifiedImageError)
        reason = "Pillow knows no such format" if unknown else one_line(problem)
        raise DataError(f"{place} is damaged or not an image ({reason}). {remedy}") from problem


def opened(data: bytes | Path | np.ndarray | None) -> "Image":
    from PIL import Image

    if data is None:
        raise ValueError("the entry is empty")
    if isinstance(data, np.ndarray):
        return Image.fromarray(data)
    return Image.open(BytesIO(data) if isinstance(data, bytes) else data)


def plain(image: "Image") -> "Image":
    """The same picture as 8-bit grey ("L") or colour ("RGB")."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion would cut off at 255
        return Image.fromarray(np.rint(np.clip(np.asarray(image), 0, 65535) / 257).astype(np.uint8))
    if image.mode == "F":
        values = np.asarray(image)
        low, high = values.min(), values.max()
        if not 0 <= low <= high <= 1:
            raise ValueError(f"its values run from {low:.4g} to {high:.4g}, not 0 to 1; save it with 8 bits")
        return Image.fromarray(np.rint(values * 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def is_grey(array: np.ndarray) -> bool:
    return array.ndim == 2 or bool((array == array[..., :1]).all())


# Keeping what was decoded


def remembered(source: Source, split: str, image_size: int | None, channels: int | None) -> Decoded:
    """The decoded images from memory, else from disk, else made now; anew if the fingerprint changed."""
    call = (source.identity, split, image_size, channels)
    if call in _memory and _memory[call][0] == source.fingerprint:
        return _memory[call][1]
    file = cache_file(call)
    decoded = from_cache(file, source.fingerprint)
    if decoded is None:
        decoded = decode_all(source, image_size, channels)
        to_cache(file, source.fingerprint, decoded)
    _memory[call] = (source.fingerprint, decoded)
    return decoded


def cache_file(call: tuple) -> Path:
    """One file per call, not per fingerprint, so that a changed folder's old images do not pile up."""
    folder = Path(os.environ.get("COURSE_CACHE") or ROOT / "data" / "cache")
    title = re.sub(r"\W+", "_", Path(call[0]).name)
    return folder / f"{title}-{call[1]}-{hashlib.sha256(repr(call).encode()).hexdigest()[:12]}.safetensors"


def from_cache(file: Path, fingerprint: str) -> Decoded | None:
    """What `to_cache` wrote; None if it is not there, belongs to another fingerprint or is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as stored:
            about = json.loads(stored.metadata()["course"])
            if about["fingerprint"] != fingerprint:
                return None
            images, labels = stored.get_tensor("images").clone(), stored.get_tensor("labels").clone()
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return Decoded(images, labels, about["remark"]) if checksum(images, labels) == about["checksum"] else None


def to_cache(file: Path, fingerprint: str, decoded: Decoded) -> None:
    """Write in one step, as another process may be doing the same; where that is not possible, do without."""
    from safetensors.torch import save

    images, labels = decoded.images, decoded.labels
    about = {"fingerprint": fingerprint, "remark": decoded.remark, "checksum": checksum(images, labels)}
    unfinished = file.with_suffix(f".{uuid.uuid4().hex}.unfinished")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(save({"images": images, "labels": labels}, {"course": json.dumps(about)}))
        os.replace(unfinished, file)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()


def checksum(images: Tensor, labels: Tensor) -> int:
    return zlib.crc32(labels.numpy().data, zlib.crc32(images.numpy().data))
