"""Painting into an array: lines, a round brush, an eraser, undo. No widget is in it: `canvas` shows it on a page."""

from collections import deque

import numpy as np

Pixel = tuple[int, int]  # row, column


def line(start: Pixel, end: Pixel) -> list[Pixel]:
    """The pixels on the straight way from `start` to `end`, both included: each touches the next."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    ways = (np.rint(np.linspace(a, b, steps + 1)).astype(int).tolist() for a, b in zip(start, end, strict=True))
    return list(zip(*ways, strict=True))


def covered(shape: tuple[int, int], start: Pixel, end: Pixel, width: int) -> np.ndarray:
    """Which pixels of a picture, bool (H, W), a round brush covers on its way from `start` to `end`.

    width   of the brush, in pixels. Both ends may lie outside the picture.
    """
    rows, columns = np.indices(shape)
    touched = np.zeros(shape, bool)
    for row, column in line(start, end):
        touched |= (rows - row) ** 2 + (columns - column) ** 2 < (width / 2) ** 2
    return touched


class Painting:
    """Numbers (H, W) that are painted, with a cursor for the keyboard. It knows no widget.

    first    what it begins with, and what `clear` brings back
    erased   what the eraser leaves, (H, W)
    """

    def __init__(self, first: np.ndarray, erased: np.ndarray):
        self.first, self.erased = first, erased
        self.values = first.copy()
        self.cursor: Pixel = (first.shape[0] // 2, first.shape[1] // 2)
        self.earlier: deque[np.ndarray] = deque(maxlen=100)  # the states that `undo` brings back, the latest last

    def remember(self) -> None:
        """What is painted until the next call is undone in one step."""
        self.earlier.append(self.values.copy())

    def stroke(self, start: Pixel, end: Pixel, width: int, value: float | None) -> None:
        """Draw a line with a brush `width` pixels wide; None for `value` erases."""
        touched = covered(self.values.shape, start, end, width)
        self.values[touched] = self.erased[touched] if value is None else value

    def move(self, down: int, right: int) -> None:
        """Move the cursor, which stops at the edges."""
        height, width = self.values.shape
        self.cursor = min(max(self.cursor[0] + down, 0), height - 1), min(max(self.cursor[1] + right, 0), width - 1)

    def undo(self) -> None:
        """Take back the last step that changed something; nothing happens where there is none."""
        changed = False
        while self.earlier and not changed:
            earlier = self.earlier.pop()
            changed = not np.array_equal(earlier, self.values)
            self.values = earlier

    def clear(self) -> None:
        """Bring back what was there first. This is a step, too: `undo` takes it back."""
        self.remember()
        self.values = self.first.copy()
