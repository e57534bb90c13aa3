"""Garments: a stand-in for Fashion-MNIST that our own code draws, so that the course runs without a network.

Each picture is a silhouette, a cloth and some light, all from seeded random numbers; same size, types, class
names and conventions as Fashion-MNIST (1708.07747): light garments on black, toes to the left.
"""

import numpy as np

from .cloth import drape, finish
from .clothes import coat, dress, pullover, shirt, t_shirt, trouser
from .pencil import SIZE, Dice
from .shoes_and_bags import ankle_boot, bag, sandal, sneaker

DRAWINGS = {  # in the order of the labels
    "T - shirt / top": t_shirt,
    "Trouser": trouser,
    "Pullover": pullover,
    "Dress": dress,
    "Coat": coat,
    "Sandal": sandal,
    "Shirt": shirt,
    "Sneaker": sneaker,
    "Bag": bag,
    "Ankle boot": ankle_boot,
}
CLASS_NAMES = tuple(DRAWINGS)
BLOCK = 25  # drawings made at once: small enough for the processor's cache


def draw_garments(count=10_000, seed=0):
    """`count` garments: images uint8 [count, 28, 28], labels int64 [count].

    Every ten in a row hold each class once, in random order; the first images do not depend on `count`.
    """
    rounds = -(-count // len(DRAWINGS))
    order = np.tile(np.arange(len(DRAWINGS)), (rounds, 1))
    labels = np.random.default_rng([seed, len(DRAWINGS)]).permuted(order, axis=1).ravel()
    images = np.empty((labels.size, SIZE, SIZE), dtype=np.uint8)
    for label in range(len(DRAWINGS)):
        images[labels == label] = draw_class(label, rounds, seed)
    return images[:count], labels[:count]


def draw_class(label, count, seed):
    """The first `count` drawings of one class, uint8 [count, 28, 28]."""
    draw = list(DRAWINGS.values())[label]
    blocks = []
    for block in range(-(-count // BLOCK)):
        dice = Dice(np.random.default_rng([seed, label, block]), BLOCK)
        blocks.append(np.rint(255 * finish(dice, drape(dice, draw(dice)))).astype(np.uint8))
    return np.concatenate(blocks)[:count]
