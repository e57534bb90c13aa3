"""The images that the course learns from: Fashion-MNIST, our own drawings, or your own pictures.

`load_images` finds them, decodes them once, and keeps them decoded in memory and on disk.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from course_lib.errors import DataError
from course_lib.image_data.cache import cache_file, from_cache, to_cache
from course_lib.image_data.decoding import Decoded, decode_all
from course_lib.image_data.source import Source
from course_lib.image_data.sources import find_source
from course_lib.image_data.tables import FASHION, OutOfReach
from course_lib.image_data.wording import shown

T = TypeVar("T")

_memory: dict[tuple, tuple[str, Decoded]] = {}  # call -> fingerprint, what it gave
_announced: set[tuple[str, str] | str] = set()
_auto: list[tuple[str, str]] = []  # what "auto" means in this process, and why; empty until it is settled


def load_images(
    name: str | Path = "auto",
    split: str = "train",
    image_size: int | None = None,
    channels: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, C, H, W] and labels long [N] (0 without classes, -1 if not known); yours to change.

    name         "garments", "textures" or "coloured_textures", drawn by our own code; a folder of image files, or
                 of Parquet files as on the hub; or a hub name such as "ylecun/mnist". "auto" is what the environment
                 variable COURSE_DATA names, else Fashion-MNIST from the hub's cache or the network, else the garments.
    image_size   the shorter side is resized to it and the middle square kept. None: as they are, but images
                 of mixed sizes become squares of the smallest side.
    channels     1 for grey, 3 for colour; None: 1 if every image is grey.
    split        "train", "validation" or "test". In a folder they are folders with the usual names, in any case
                 (`Train`, `mnist_test`, `val`); without such folders all images are "train". Folders in a split
                 are classes, with the same labels in all splits.

    The first call prints one line that says which source it is; of a folder also its classes, its splits, and what
    was left out. "auto" stays the same within a process. Transparent parts turn white; of an animation the first
    picture is taken. Values of more than 8 bits are scaled alike in all splits, to 0 ... 255. Raises DataError for
    what is missing, damaged (all of it at once) or not an image, and for folders of which only some look like splits;
    ValueError for an impossible `image_size` or `channels`.
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
    """The names of the classes of all splits, in the order of the labels: labels are below their number.

    () if there are no classes, as in a folder whose pictures lie beside each other: then all labels are 0, and nothing
    can be conditional on them. Labels without names, such as 1, 5 and 9, become 0, 1 and 2, named "1", "5" and "9".
    `name` as in `load_images`.

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
    say(f"data: {shown(source.title)}, {count:,} images {height} x {width}{colour}{decoded.remark}{why}")


def say(line: str) -> None:
    """Print a line; what the terminal's encoding does not have is written as escapes."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)


# Keeping what was decoded


def remembered(source: Source, split: str, image_size: int | None, channels: int | None) -> Decoded:
    """The decoded images from memory, else from disk, else made now; anew if the fingerprint changed."""
    call = (source.identity, split, image_size, channels)
    if call in _memory and _memory[call][0] == source.fingerprint:
        return _memory[call][1]
    file = cache_file(call)
    fingerprint = f"{call!r} {source.fingerprint}"  # of the call too: files can be copied over each other
    decoded = from_cache(file, fingerprint)
    if decoded is None:
        decoded = decode_all(source, image_size, channels)
        trouble = to_cache(file, fingerprint, decoded)
        if trouble and "cache" not in _announced:  # once is enough
            _announced.add("cache")
            say(f"note: {trouble}")
    _memory[call] = (source.fingerprint, decoded)
    return decoded
