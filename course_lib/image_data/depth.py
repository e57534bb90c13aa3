"""Pictures with more than 8 bits a value. All those of a data set share one scale, or their brightness would lie."""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.image_data.source import UnusableError

if TYPE_CHECKING:
    from PIL.Image import Image

DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners give, whatever container they come in
DARKEST = 16  # real numbers of 0 to 255 that all stay below this would be nearly black: then they mean something else
SAVE_AGAIN = "Save it with 8 bits, 0 to 255."


class ScaleError(ValueError):
    """The values of a picture have no scale that we could know."""


@dataclass(frozen=True)
class Reach:
    """The smallest and the largest value of a picture, and whether all are whole numbers."""

    place: str
    low: float
    high: float
    whole: bool


@dataclass(frozen=True)
class Deep:
    """A picture that waits for its scale: values float32 [H, W] or [H, W, 3]; alpha [H, W], 0 to 1; None: opaque."""

    reach: Reach
    values: np.ndarray
    alpha: np.ndarray | None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def fitted(self, size: int) -> "Deep":
        """The middle square, scaled to size x size."""
        alpha = None if self.alpha is None else np.clip(fit(self.alpha, size), 0, 1)
        return replace(self, values=fit(self.values, size), alpha=alpha)

    def scaled(self, low: float, high: float) -> np.ndarray:
        """uint8, same shape: `low` becomes 0 and `high` 255; transparent parts turn white."""
        light = np.clip((self.values - low) / (high - low), 0, 1)
        if self.alpha is not None:
            alpha = self.alpha if light.ndim == 2 else self.alpha[..., None]
            light = light * alpha + 1 - alpha
        return np.rint(light * 255).astype(np.uint8)


def fit(values: np.ndarray, size: int) -> np.ndarray:
    """float32 [H, W] or [H, W, C] to [size, size] or [size, size, C]."""
    from PIL import Image, ImageOps

    if values.ndim == 3:
        return np.stack([fit(channel, size) for channel in np.moveaxis(values, 2, 0)], axis=2)
    picture = Image.fromarray(np.ascontiguousarray(values))
    return np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC))


def is_deep(image: "Image") -> bool:
    """Whether a picture, opened but not yet read, has more than 8 bits a value."""
    return has_one_channel(image) or any(re.search(r";16[BLN]$", layer) for layer in layers(image))


def has_one_channel(image: "Image") -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def layers(image: "Image") -> list[str]:
    """How the values of a picture, opened but not yet read, lie in its file: "RGB;16B", say."""
    args = [tile[3] for tile in getattr(image, "tile", [])]
    return [arg if isinstance(arg, str) else str(arg[0]) for arg in args if arg]


def read_deep(place: str, image: "Image", again: "Image") -> Deep:
    """The values of a picture with more than 8 bits. `again` is the same picture, opened a second time.

    Raises ScaleError for real numbers that are neither 0 to 1 nor 0 to 255.
    """
    from PIL import ImageOps

    stored = layers(image)
    ImageOps.exif_transpose(image, in_place=True)
    if not has_one_channel(image):
        return read_colours(place, image, lower_bytes(again))
    values = np.asarray(image)
    if "I;32N" in stored:  # unsigned in the file, signed in Pillow
        values = values.view(np.uint32)
    if not np.isfinite(values).all():
        raise ScaleError("some of its values are infinite or no numbers")
    reach = Reach(place, float(values.min()), float(values.max()), image.mode != "F")
    if not reach.whole and not 0 <= reach.low <= reach.high <= 255:
        raise ScaleError(f"its values run from {reach.low:.4g} to {reach.high:.4g}, not 0 to 1 or 0 to 255")
    return Deep(reach, values.astype(np.float32), None)


def read_colours(place: str, image: "Image", lower: np.ndarray | None) -> Deep:
    """Pillow gives the upper byte of each 16-bit value; `lower` has the other one, where it can be had."""
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    opacity = None if alpha is None else np.asarray(alpha, dtype=np.float32) / 255
    values = np.asarray(image).astype(np.float32)
    if lower is not None:
        values = values * 256 + lower
    elif values.max() < 2**6:  # too little is left of fewer than 14 bits
        raise ScaleError("its values use a small part of 16 bits")
    else:
        values = np.asarray(image.convert("RGB")).astype(np.float32) * 257
    if lower is not None and values.shape[2] == 4:
        opacity = values[..., 3] / top_of_depth(values[..., 3].max())
    values = values[..., :3]
    return Deep(Reach(place, float(values.min()), float(values.max()), whole=True), values, opacity)


def lower_bytes(image: "Image") -> np.ndarray | None:
    """The lower byte of each 16-bit value, [H, W, 3 or 4]; None where Pillow can unpack the layout one way only."""
    from PIL import ImageOps

    (layer, *_) = layers(image)
    if layer == "LA;16B":  # four bytes a pixel: all are there
        other_way, bytes_wanted = "RGBA", [1, 1, 1, 3]
    elif layer[:-1] in ("RGB;16", "RGBA;16"):  # as if the bytes were the other way round
        swapped = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
        other_way, bytes_wanted = layer[:-1] + swapped[layer[-1]], list(range(len(image.mode)))
    else:
        return None

    def read_so(tile: Any) -> Any:
        args = other_way if isinstance(tile[3], str) else (other_way, *tile[3][1:])
        return tile._replace(args=args) if hasattr(tile, "_replace") else (*tile[:3], args)

    try:
        image.tile = [read_so(tile) for tile in image.tile]  # type: ignore[attr-defined]
        image.load()
    except ValueError:  # unknown to this version of Pillow
        return None
    ImageOps.exif_transpose(image, in_place=True)
    return np.asarray(image)[..., bytes_wanted]


def top_of_depth(highest: float) -> int:
    """The largest value that so many bits can hold: 4,095 for 12."""
    bits = next((bits for bits in DEPTHS if highest < 2**bits), int(highest).bit_length())
    return 2**bits - 1


def common_scale(reaches: Iterable[Reach]) -> dict[bool, tuple[float, float]]:
    """Which values become 0 and 255: of whole numbers under True, of real numbers under False; {} without pictures.

    Raises UnusableError for real numbers whose scale cannot be told.
    """
    reaches = list(reaches)
    scale: dict[bool, tuple[float, float]] = {}
    wholes = [reach for reach in reaches if reach.whole]
    if wholes:
        low, high = min(reach.low for reach in wholes), max(reach.high for reach in wholes)
        scale[True] = (low, max(high, low + 1)) if low < 0 else (0, top_of_depth(high))
    reals = [reach for reach in reaches if not reach.whole]
    if reals:
        highest = max(reals, key=lambda reach: reach.high)
        small = next((reach for reach in reals if 0 < reach.high < 1), None)
        scale[False] = (0, 1) if highest.high <= 1 else (0, 255)
        if 1 < highest.high < DARKEST:
            what = f"{highest.place} has values up to {highest.high:.4g}, neither 0 to 1 nor 0 to 255"
            raise UnusableError(what, SAVE_AGAIN)
        if highest.high > 1 and small is not None:
            what = f"{highest.place} has values up to {highest.high:.4g}, but {small.place} only up to {small.high:.4g}"
            raise UnusableError(what, "Save all pictures on one scale, best with 8 bits.")
    return scale
