"""What garments are made of: tones, woven and printed patterns, folds, light and grain."""

import numpy as np

from .pencil import SIZE, X, Y, mix


def tone(dice, dark_share=0.25):
    """One grey per garment, mostly light as in Fashion-MNIST: [N, 1, 1] in 0 ... 1."""
    return mix(dice.chance(dark_share), dice.between(0.25, 0.52), dice.between(0.72, 1.05))


def contrast(dice, base):
    """A second grey that stands out from `base` by 0.2 to 0.5, towards the middle."""
    return base + np.where(base > 0.55, -1, 1) * dice.between(0.2, 0.5)


def stripes(dice, at):
    """Stripes along `at` (X or Y), 0 between and 1 on a stripe; 2.5 to 7 pixels apart, of any width."""
    wave = np.sin(2 * np.pi * (at / dice.between(2.5, 7) + dice.between(0, 1)))
    return 0.5 + 0.5 * np.tanh(3 * (wave - dice.between(-0.6, 0.6)))


def smooth_noise(dice, cells):
    """Blotches of about SIZE / cells pixels, roughly normal values: [N, 28, 28]."""
    place = np.linspace(0, cells - 1, SIZE, dtype=np.float32)[:, None]
    weight = np.maximum(0, 1 - np.abs(place - np.arange(cells, dtype=np.float32)))  # linear interpolation
    return weight @ dice.noise(cells, cells) @ weight.T


def print_pattern(dice):
    """A printed all-over pattern (flowers, leopard), 0 ... 1: [N, 28, 28]."""
    return 0.5 + 0.5 * np.tanh(2.5 * (smooth_noise(dice, 21) - dice.between(-0.1, 0.6)))


def cloth(dice, across=0.0, down=0.0, checks=0.0, dots=0.0, printed=0.0, blocks=0.0):
    """A sheet of cloth per garment, 0 ... 1: [N, 28, 28]. The arguments are the shares of garments with
    stripes across, stripes down, checks, dots, an all-over print, and two colours above one another."""
    base = tone(dice)
    rows, columns = stripes(dice, Y), stripes(dice, X)
    checked = dice.chance(checks)
    pattern = np.maximum(dice.chance(across), 0.6 * checked) * rows
    pattern = pattern + np.maximum(dice.chance(down), 0.6 * checked) * columns
    pattern = pattern + dice.chance(dots) * rows * columns
    pattern = pattern + dice.chance(blocks) * np.clip(Y - dice.between(7, 20), 0, 1)
    pattern = pattern + dice.chance(printed) * print_pattern(dice)
    return np.clip(base + (contrast(dice, base) - base) * pattern, 0.1, 1)


def badge(dice, cover):
    """Lettering inside `cover`, on a garment of any tone: cover [N, 28, 28] to paint with."""
    letters = np.repeat(dice.noise(SIZE // 2, SIZE), 2, axis=1)
    return cover * (letters > dice.between(-1.0, 0.3))


def drape(dice, sheet):
    """Moves the sheet sideways by up to a pixel or so, smoothly, and not at its borders.

    No garment lies quite straight; drawn ones would be mirror images of themselves without this.
    """
    inside = np.maximum(0, np.cos(np.pi * X / 26))
    place = np.arange(SIZE, dtype=np.float32) + dice.between(0.2, 0.9) * inside * smooth_noise(dice, 4)
    place = np.clip(place, 0, SIZE - 1.001)
    left = place.astype(np.int64)
    left_tone, right_tone = (np.take_along_axis(sheet, left + step, axis=2) for step in (0, 1))
    return mix(place - left, right_tone, left_tone)


def finish(dice, sheet):
    """Light from one side, folds and grain; multiplied, so that the background stays exactly 0."""
    light = 1 + dice.between(-0.12, 0.12) * X / 14 + dice.between(-0.1, 0.1) * (Y - 14) / 14
    folds = smooth_noise(dice, 7) * dice.between(0.02, 0.1)
    grain = dice.noise(SIZE, SIZE) * dice.between(0.01, 0.045)
    return np.clip(sheet * (light + folds + grain), 0, 1)
