"""From encoded images to one tensor: equal in size, in number of channels and in scale."""

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import DataError
from course_lib.image_data.depth import Deep, Reach, common_scale, is_deep, read_deep
from course_lib.image_data.opening import Encoded, opened, report, unusable
from course_lib.image_data.source import Item, Source, UnusableError
from course_lib.image_data.wording import shown

if TYPE_CHECKING:
    from PIL.Image import Image

TINY = 8  # pixels; an image below that, while most are MUCH times as large, is there by mistake
MUCH = 4


@dataclass(frozen=True)
class Decoded:
    """Images uint8 [N, C, H, W], labels long [N], and what the visible line adds about them."""

    images: Tensor
    labels: Tensor
    remark: str


@dataclass
class Batch:
    """What became of the items: each picture [H, W] if grey, or [H, W, 3]; uint8, or waiting for its scale."""

    pictures: list[np.ndarray | Deep] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    failures: list[UnusableError] = field(default_factory=list)
    enlarged: int = 0
    mixed: bool = False  # in size: then it ends with the first that differs


def decode_all(source: Source, image_size: int | None, channels: int | None) -> Decoded:
    """Every image of `source`. Raises DataError that names all that cannot be used, or if there are none."""
    batch, remark = decode_equal(source, image_size, channels), ""
    if batch.mixed:
        image_size, place = smallest_side(source)
        batch = decode_equal(source, image_size, channels)
        remark = f" (mixed sizes, cut to the smallest side, that of {place}; image_size=... chooses another)"
    if batch.failures:
        raise report(source.title, batch.failures, len(batch.pictures) + len(batch.failures))
    if not batch.pictures:
        raise DataError(f"this split of {shown(source.title)} is empty; name another split or another data set.")
    arrays, scale = brought_to_bytes(batch.pictures, source, channels)
    if channels is None:
        channels = 1 if all(is_grey(array) for array in arrays) else 3
    images = np.empty((len(arrays), channels, *arrays[0].shape[:2]), dtype=np.uint8)
    for image, array in zip(images, arrays, strict=True):
        image[:] = array if array.ndim == 2 else array.transpose(2, 0, 1)[:channels]
    remark += source.about() + scale + enlargement(batch.enlarged, len(arrays))
    return Decoded(torch.from_numpy(images), torch.tensor(batch.labels), remark)


def decode_equal(source: Source, image_size: int | None, channels: int | None) -> Batch:
    """All images of `source`, up to the first that has another size."""
    batch = Batch()
    for item in source.items(image_size):
        try:
            picture, enlarged = decode(item, image_size, channels)
        except Exception as problem:  # Pillow's readers raise whatever the damage makes them stumble over
            batch.failures.append(failure(item, problem, source.remedy))
            continue
        batch.mixed = bool(batch.pictures) and picture.shape[:2] != batch.pictures[0].shape[:2]
        if batch.mixed:
            return batch
        batch.pictures.append(picture)
        batch.labels.append(item[2])
        batch.enlarged += enlarged
    return batch


def failure(item: Item, problem: Exception, remedy: str) -> UnusableError:
    return unusable(item[0], None if isinstance(item[1], UnusableError) else item[1], problem, remedy)


def encoded(item: Item) -> Encoded:
    """The image of an item; raises what is wrong with it."""
    if isinstance(item[1], UnusableError):
        raise item[1]
    return item[1]


def decode(item: Item, image_size: int | None, channels: int | None) -> tuple[np.ndarray | Deep, bool]:
    """One image, and whether it had to be enlarged; raises what Pillow raises if it is damaged."""
    from PIL import Image, ImageOps

    data = encoded(item)
    with opened(data) as image:
        enlarged = image_size is not None and min(image.size) < image_size and not isinstance(data, np.ndarray)
        if is_deep(image):
            with opened(data) as again:
                deep = read_deep(item[0], image, again)
            fits = image_size is None or deep.shape[:2] == (image_size, image_size)
            return deep if fits or image_size is None else deep.fitted(image_size), enlarged
        if image_size:  # a JPEG is decoded faster at a fraction of its size; twice ours is fine enough
            image.draft(None, (2 * image_size, 2 * image_size))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        picture = plain(image)
        if image_size and picture.size != (image_size, image_size):
            picture = ImageOps.fit(picture, (image_size, image_size), Image.Resampling.BICUBIC)
        return np.asarray(in_channels(picture, channels)), enlarged


def plain(image: "Image") -> "Image":
    """The same picture, of 8 bits a value, as grey ("L") or colour ("RGB")."""
    from PIL import Image as images

    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = images.alpha_composite(images.new("RGBA", image.size, "white"), image)
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def in_channels(picture: "Image", channels: int | None) -> "Image":
    return picture.convert({1: "L", 3: "RGB"}[channels]) if channels else picture


def is_grey(array: np.ndarray) -> bool:
    return array.ndim == 2 or bool((array == array[..., :1]).all())


def smallest_side(source: Source) -> tuple[int, str]:
    """The smallest side of all images, in pixels, and where it is; what is damaged is reported later.

    Raises DataError if that one is so tiny that nobody can want all others cut to it.
    """
    sides = []
    for item in source.items(None):
        try:
            with opened(encoded(item)) as image:
                sides.append((min(image.size), item[0], image.size))
        except Exception:  # again whatever Pillow raises; `decode` meets it too
            continue
    smallest, place, (width, height) = min(sides)
    typical = statistics.median(side for side, *_ in sides)
    if smallest < TINY and typical >= MUCH * smallest:
        raise DataError(
            f"{place} has only {width:,} x {height:,} pixels, and all images would be cut to so few, though most are "
            f"larger ({typical:,.0f} pixels is the median). Remove it, or choose a size with image_size."
        )
    return smallest, place


def brought_to_bytes(
    pictures: list[np.ndarray | Deep], source: Source, channels: int | None
) -> tuple[list[np.ndarray], str]:
    """All pictures as uint8: those with more bits on the scale of the whole data set, which the remark names."""
    from PIL import Image

    deep = [picture for picture in pictures if isinstance(picture, Deep)]
    if not deep:
        return [picture for picture in pictures if isinstance(picture, np.ndarray)], ""
    scale = common_scale([*(picture.reach for picture in deep), *other_reaches(source)])
    arrays = [
        picture
        if isinstance(picture, np.ndarray)
        else np.asarray(in_channels(Image.fromarray(picture.scaled(*scale[picture.reach.whole])), channels))
        for picture in pictures
    ]
    return arrays, "".join(f"; values taken as {low:,.12g} to {high:,.12g}" for low, high in scale.values())


def other_reaches(source: Source) -> list[Reach]:
    """Of the pictures with more than 8 bits in the other splits; what is damaged there is reported when it is read."""
    reaches = []
    for item in source.others():
        try:
            with opened(encoded(item)) as image:
                if is_deep(image):
                    with opened(encoded(item)) as again:
                        reaches.append(read_deep(item[0], image, again).reach)
        except Exception:
            continue
    return reaches


def enlargement(enlarged: int, count: int) -> str:
    if not enlarged:
        return ""
    return "; all enlarged" if enlarged == count else f"; {enlarged:,} smaller ones enlarged"
