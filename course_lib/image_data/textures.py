"""Ten kinds of procedural textures: a small data set that is drawn by code, at any size, without a network.

Distances are measured in widths of the image, so that a texture looks the same at 28 and at 128 pixels, only
finer. Every kind is a function `Patch` -> heights in 0 ... 1 (or close), float32 [N, size, size].
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

BLOCK = 25  # textures made at once: small enough for the processor's cache
TAU = 2 * np.pi


@dataclass(frozen=True)
class Patch:
    """`count` square views: their random numbers, and coordinates in widths of the image."""

    rng: np.random.Generator
    count: int
    size: int

    def between(self, low: float, high: float) -> np.ndarray:
        """One uniform value per texture, [count, 1, 1]."""
        return low + (high - low) * self.rng.random((self.count, 1, 1), dtype=np.float32)

    def coin(self) -> np.ndarray:
        """0 or 1 per texture, [count, 1, 1]."""
        return self.rng.integers(0, 2, (self.count, 1, 1)).astype(np.float32)

    def plane(self, tilt: float) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates x, y, each [count, size, size], turned by at most `tilt` radians and shifted."""
        place = (np.arange(self.size, dtype=np.float32) + 0.5) / self.size - 0.5
        x, y = place[None, None, :], place[None, :, None]
        angle = self.between(-tilt, tilt)
        turned_x = x * np.cos(angle) + y * np.sin(angle) + self.between(0, 8)
        return turned_x, y * np.cos(angle) - x * np.sin(angle) + self.between(0, 8)

    def noise(self, across: int, down: int) -> np.ndarray:
        """Smooth noise, -1 ... 1, `across` bumps in a row, `down` in a column: [count, size, size]."""
        lattice = self.rng.uniform(-1, 1, (self.count, down + 1, across + 1)).astype(np.float32)
        return interpolation(down, self.size) @ lattice @ interpolation(across, self.size).T

    def clouds(self, bumps: int) -> np.ndarray:
        """Noise of three octaves, each twice as fine and half as strong."""
        octaves = (self.noise(bumps << k, bumps << k) / (1 << k) for k in range(3))
        return reduce(np.add, octaves) / 1.2


def interpolation(bumps: int, size: int) -> np.ndarray:
    """Weights [size, bumps + 1] that carry lattice values to pixels, flat at each lattice point."""
    place = np.linspace(0, bumps, size, dtype=np.float32)[:, None]
    gap = np.clip(np.abs(place - np.arange(bumps + 1, dtype=np.float32)), 0, 1)
    return 1 - gap * gap * (3 - 2 * gap)


def edge(depth: np.ndarray, size: int) -> np.ndarray:
    """1 where depth (in widths) is positive, 0 where negative, soft over one pixel."""
    return np.clip(depth * size + 0.5, 0, 1)


def fraction(x: np.ndarray) -> np.ndarray:
    return x - np.floor(x)


def stripes(patch: Patch) -> np.ndarray:
    x, _ = patch.plane(np.pi)
    period, share = patch.between(0.12, 0.4), patch.between(0.3, 0.7)
    return edge((share / 2 - np.abs(fraction(x / period) - 0.5)) * period, patch.size)


def checks(patch: Patch) -> np.ndarray:
    x, y = patch.plane(np.pi / 4)
    period = patch.between(0.2, 0.6)
    squares = np.sin(TAU * x / period) * np.sin(TAU * y / period)
    return edge(squares * period / TAU, patch.size)


def dots(patch: Patch) -> np.ndarray:
    x, y = patch.plane(np.pi / 4)
    period, radius = patch.between(0.16, 0.4), patch.between(0.22, 0.42)
    row = y / period
    column = x / period + 0.5 * patch.coin() * (np.floor(row) % 2)
    distance = np.hypot(fraction(column) - 0.5, fraction(row) - 0.5)
    return edge((radius - distance) * period, patch.size)


def bricks(patch: Patch) -> np.ndarray:
    x, y = patch.plane(0.12)
    height, joint = patch.between(0.12, 0.28), patch.between(0.02, 0.045)
    width = height * patch.between(1.8, 2.6)
    row = y / height
    column = x / width + 0.5 * (np.floor(row) % 2)
    beside = (0.5 - np.abs(fraction(column) - 0.5)) * width
    above = (0.5 - np.abs(fraction(row) - 0.5)) * height
    to_joint = np.minimum(beside, above)
    fired = fraction(0.618 * np.floor(row) + 0.379 * np.floor(column) * np.floor(row + 2))  # a tone per brick
    return edge(to_joint - joint / 2, patch.size) * (0.6 + 0.4 * fired)


def weave(patch: Patch) -> np.ndarray:
    x, y = patch.plane(np.pi / 4)
    period = patch.between(0.14, 0.34)
    column, row = x / period, y / period
    over = (np.floor(column) + np.floor(row)) % 2
    thread_x, thread_y = np.sin(np.pi * fraction(column)), np.sin(np.pi * fraction(row))
    across = thread_y * (0.45 + 0.55 * thread_x)
    along = thread_x * (0.45 + 0.55 * thread_y)
    return over * across + (1 - over) * patch.between(0.4, 0.9) * along


def wood(patch: Patch) -> np.ndarray:
    x, y = patch.plane(0.25)
    x, y = x - x.mean((1, 2), keepdims=True), y - y.mean((1, 2), keepdims=True)
    flipped = patch.coin()  # grain runs across on half of the boards
    across, along = x + flipped * (y - x), y + flipped * (x - y)
    stretch = patch.between(0.05, 0.3)
    pith = np.hypot(across - patch.between(-0.6, 0.6), stretch * (along - patch.between(-1, 1)))
    rings = fraction(pith * patch.between(5, 10) + patch.between(0.2, 0.6) * patch.noise(3, 3))
    late_wood = np.clip((1 - rings) / 0.15, 0, 1)  # a ring darkens slowly and starts afresh at once
    fibre = patch.noise(18, 3) * (1 - flipped) + patch.noise(3, 18) * flipped
    return 0.15 + 0.8 * rings**1.5 * late_wood + 0.12 * fibre


def marble(patch: Patch) -> np.ndarray:
    x, _ = patch.plane(np.pi)
    veins = np.abs(np.sin(np.pi * (x * patch.between(1.0, 2.5) + patch.between(0.5, 1.0) * patch.clouds(3))))
    return veins ** patch.between(0.3, 0.7)


def cells(patch: Patch) -> np.ndarray:
    """Voronoi cells, dark at their walls: second smallest minus smallest distance to jittered seeds."""
    x, y = patch.plane(np.pi)
    period = patch.between(0.18, 0.4)
    column, row = x / period, y / period
    near = np.full_like(column, 9)
    second = near
    jitter_x, jitter_y = patch.rng.random((2, patch.count, 64), dtype=np.float32)
    for right in (-1, 0, 1):
        for down in (-1, 0, 1):
            seed_x, seed_y = np.floor(column) + right, np.floor(row) + down
            index = ((seed_x * 7 + seed_y * 29) % 64).astype(np.int64).reshape(patch.count, -1)
            seed_x = seed_x + np.take_along_axis(jitter_x, index, 1).reshape(column.shape)
            seed_y = seed_y + np.take_along_axis(jitter_y, index, 1).reshape(column.shape)
            distance = np.hypot(seed_x - column, seed_y - row)
            second = np.minimum(second, np.maximum(near, distance))
            near = np.minimum(near, distance)
    return np.clip((second - near) * patch.between(1.5, 4), 0, 1)


def ripples(patch: Patch) -> np.ndarray:
    x, y = patch.plane(np.pi)
    centre_x, centre_y = x.mean((1, 2), keepdims=True), y.mean((1, 2), keepdims=True)
    radius = np.hypot(x - centre_x + patch.between(-0.7, 0.7), y - centre_y + patch.between(-0.7, 0.7))
    return 0.5 + 0.5 * np.sin(TAU * (radius * patch.between(3, 7) + patch.between(0, 1)))


def clouds(patch: Patch) -> np.ndarray:
    return np.clip(0.5 + 0.75 * patch.clouds(3), 0, 1)


TEXTURES = {  # in the order of the labels
    "Stripes": stripes,
    "Checks": checks,
    "Dots": dots,
    "Bricks": bricks,
    "Weave": weave,
    "Wood": wood,
    "Marble": marble,
    "Cells": cells,
    "Ripples": ripples,
    "Clouds": clouds,
}
CLASS_NAMES = tuple(TEXTURES)


def draw_textures(count: int = 10_000, size: int = 28, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` textures: images uint8 [count, size, size], labels int64 [count].

    Every ten in a row hold each class once, in random order; the first images do not depend on `count`,
    and the same textures come at every `size`.
    """
    rounds = -(-count // len(TEXTURES))
    order = np.tile(np.arange(len(TEXTURES)), (rounds, 1))
    labels = np.random.default_rng([seed, len(TEXTURES)]).permuted(order, axis=1).ravel()
    images = np.empty((labels.size, size, size), dtype=np.uint8)
    for label, draw in enumerate(TEXTURES.values()):
        for block in range(-(-rounds // BLOCK)):
            patch = Patch(np.random.default_rng([seed, label, block]), BLOCK, size)
            places = np.flatnonzero(labels == label)[block * BLOCK : (block + 1) * BLOCK]
            images[places] = develop(patch, draw(patch))[: len(places)]
    return images[:count], labels[:count]


def develop(patch: Patch, heights: np.ndarray) -> np.ndarray:
    """Heights -> grey values uint8: contrast, brightness, light from one side and grain vary."""
    dark, span, flipped = patch.between(0.0, 0.35), patch.between(0.4, 0.65), patch.coin()
    light = patch.between(-0.1, 0.1) * np.linspace(-1, 1, patch.size, dtype=np.float32)
    roughness = patch.between(0.0, 0.04)
    grain = patch.rng.standard_normal(heights.shape, dtype=np.float32)  # last, as its shape is the size's
    heights = flipped + (1 - 2 * flipped) * heights
    return np.rint(255 * np.clip(dark + span * heights + light + roughness * grain, 0, 1)).astype(np.uint8)
