"""Shapes on a 28 x 28 sheet, for a whole batch at once.

A shape is its signed depth: how many pixels a point lies inside the edge (negative outside). Depths have
shape [N, 28, 28], or less where they broadcast. `meet` and `join` are intersection and union; `solid` turns a
depth into the covered share of each pixel: soft edges without drawing larger first.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

SIZE = 28
X = (np.arange(SIZE, dtype=np.float32) - 13.5).reshape(1, 1, SIZE)  # pixels right of the middle
Y = (np.arange(SIZE, dtype=np.float32) + 0.5).reshape(1, SIZE, 1)  # pixels below the upper edge
SIDE = np.abs(X)  # left and right at once: what is symmetric is drawn in (SIDE, Y)
BLANK = np.zeros((1, SIZE, SIZE), dtype=np.float32)


@dataclass(frozen=True)
class Dice:
    """Random numbers for `count` drawings; every throw has shape [count, 1, 1]."""

    rng: np.random.Generator
    count: int

    def between(self, low, high):
        return low + (high - low) * self.rng.random((self.count, 1, 1), dtype=np.float32)

    def chance(self, probability):
        """1 where it happens, else 0: multiply a cover by it to draw a part on some garments only."""
        return (self.rng.random((self.count, 1, 1), dtype=np.float32) < probability).astype(np.float32)

    def noise(self, rows, columns):
        """Independent normal values, [count, rows, columns]."""
        return self.rng.standard_normal((self.count, rows, columns), dtype=np.float32)


def mix(share, ones, zeros):
    """`ones` where share is 1, `zeros` where it is 0."""
    return zeros + share * (ones - zeros)


def meet(*depths):
    """Where all the shapes are."""
    return reduce(np.minimum, depths)


def join(*depths):
    """Where any of the shapes is."""
    return reduce(np.maximum, depths)


def solid(depth):
    """Covered share of a pixel whose centre lies `depth` pixels inside the edge."""
    return np.clip(depth + 0.5, 0, 1)


def only_on(worn, depth):
    """The shape on the garments where `worn` is 1; on the others it lies far outside the sheet's reach."""
    return depth - 100 * (1 - worn)


def paint(sheet, cover, tone):
    """The sheet after `tone` (0 black ... 1 white) was laid over it where `cover` is 1."""
    return sheet + cover * (tone - sheet)


def curve(at, *knots):
    """A smooth line through (place, value) knots, flat at each knot and beyond the ends; shape of `at`."""
    (place, value), rest = knots[0], knots[1:]
    line = value
    for next_place, next_value in rest:
        step = np.clip((at - place) / (next_place - place), 0, 1)
        line = line + (next_value - value) * step * step * (3 - 2 * step)
        place, value = next_place, next_value
    return line


def below(top, steepest=2.0):
    """Depth under the line `top` [N, 1, 28], measured across it, so that steep parts keep soft edges."""
    slope = np.clip(np.gradient(top, axis=2), -steepest, steepest)
    return (Y - top) / np.sqrt(1 + slope * slope)


def box(left, right, top, bottom, x=X):
    """Depth inside a rectangle; `x=SIDE` draws it on both sides."""
    return meet(x - left, right - x, Y - top, bottom - Y)


def ellipse(x, y, half_width, half_height):
    """Depth inside an ellipse (close to the edge; exact for a circle)."""
    radius = np.sqrt(((X - x) / half_width) ** 2 + ((Y - y) / half_height) ** 2)
    return (1 - radius) * np.minimum(half_width, half_height)


def outline(depth, thickness):
    """Depth inside a line of this thickness along the edge of a shape."""
    return thickness / 2 - np.abs(depth)


def limb(start, end, start_radius, end_radius, x=X):
    """Depth inside a tapered stroke from (x, y) `start`, with a round cap, to `end`, cut straight."""
    run, drop = end[0] - start[0], end[1] - start[1]
    length = np.hypot(run, drop)
    right, down = (x - start[0]) / length, (Y - start[1]) / length
    along = right * run + down * drop  # pixels from the start towards the end
    aside = np.abs(right * drop - down * run)
    radius = start_radius + (end_radius - start_radius) * np.clip(along / length, 0, 1)
    before = np.minimum(along, 0)
    return meet(radius - np.sqrt(aside * aside + before * before), length - along)
