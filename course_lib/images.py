"""The images that the course learns from, and the way into the model's range and back."""

import torch
from torch import Tensor

from course_lib.image_data.loading import class_names, load_images

__all__ = ["class_names", "load_images", "to_model_range", "to_uint8"]


def to_model_range(images: Tensor) -> Tensor:
    """uint8 0 ... 255, any shape, to float32 in [-1, 1].

    Raises TypeError for other types, which may be scaled.
    """
    if images.dtype != torch.uint8:
        raise TypeError(f"to_model_range expects uint8 images as load_images gives them, not {images.dtype}.")
    return images.float() / 127.5 - 1


def to_uint8(x: Tensor) -> Tensor:
    """float in [-1, 1], any shape, to uint8 0 ... 255: the way back from `to_model_range`.

    What lies outside is clamped to the range first; each value becomes the nearest whole number. Raises ValueError for
    nan and inf, which would become black or white.
    """
    if not x.isfinite().all():
        raise ValueError("these images are not finite: nan or inf is in them. Look at the network that made them.")
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
