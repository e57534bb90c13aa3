"""The textures in colour: each has a dark colour and a light one, and its grey values lead from one to the other."""

import numpy as np

from course_lib.image_data import textures
from course_lib.image_data.textures import TAU

CLASS_NAMES = textures.CLASS_NAMES


def draw_coloured_textures(count: int = 10_000, size: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` textures: images uint8 [count, size, size, 3], labels int64 [count].

    Kind by kind they are those of `draw_textures`; the colours say nothing about the kind.
    """
    grey, labels = textures.draw_textures(count, size, seed)
    rng = np.random.default_rng([seed, len(CLASS_NAMES), 3])
    hues = rng.random((count, 2), dtype=np.float32)
    dark, light = 0.45 * of_hue(hues[:, 0]), 0.55 + 0.45 * of_hue(hues[:, 1])
    images = np.empty((count, size, size, 3), dtype=np.uint8)
    for image, values, start, end in zip(images, grey, dark, light, strict=True):
        share = values[..., None].astype(np.float32) / 255
        image[:] = np.rint(255 * (start + share * (end - start)))
    return images, labels


def of_hue(hue: np.ndarray) -> np.ndarray:
    """Red, green and blue, each 0 ... 1, of hues [n] in turns: [n, 3]."""
    thirds = np.arange(3, dtype=np.float32) / 3
    return 0.5 + 0.5 * np.cos(TAU * (hue[:, None] - thirds)).astype(np.float32)
