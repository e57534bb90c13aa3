"""What a file is compared with: images of the kind that the network learned, or that the samples should be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import torch
from torch import Tensor

from course_lib.errors import DataError
from course_lib.images import class_names, load_images, to_model_range


@dataclass(frozen=True)
class Probe:
    """Images to ask a network about, or to compare samples with.

    images    float32 in [-1, 1], (N, C, H, W)
    others    more of the same, to look for neighbours in: (M, C, H, W)
    labels    long (N,); None if they are not those of the network
    note      what a person must know about them
    """

    images: Tensor
    others: Tensor
    labels: Tensor | None
    note: str


def probe_of(source: str, shape: tuple[int, int, int], names: Sequence[str] = (), trained_on: str = "") -> Probe:
    """A Probe of the data `source` in the `shape` (C, H, W), or of garments if there is no such data.

    `names` are the network's classes. `trained_on` is a run's own word for its data; without one the note says that
    the file does not tell.
    """
    channels, height, width = shape
    size = None if (height, width) == (28, 28) else height
    try:
        train, train_labels = load_images(source, image_size=size, channels=channels)
        wrong = tuple(train.shape[1:]) != shape
        note = f"{source} is not {channels} x {height} x {width}, so garments stand in. " if wrong else ""
    except DataError as error:
        wrong, note = True, f"garments stand in for the data {source}: {error} "
    if wrong:
        source, size = "garments", height
        train, train_labels = load_images(source, image_size=size, channels=channels)
    if trained_on and not trained_on.endswith(f"{crc32(train.numpy().data):08x}"):
        note += f"The run was trained on other images: {trained_on}."
    elif not trained_on and source in ("auto", "garments"):
        note += "The file does not say which images it was trained on; the answers hold if they were of the same kind."
    train, test, labels = _held_out(source, size, channels, train, train_labels)
    known = labels if names and tuple(names) == tuple(class_names(source)) else None
    return Probe(to_model_range(test), to_model_range(train[:4000]), known, note.strip())


def _held_out(
    source: str, size: int | None, channels: int, train: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """(train, test, labels of test): at most 200 images of the split "test".

    If there is none, one image in four or fewer from all over `train`, whose classes may follow each other. These are
    no longer in train: an image that is its own nearest neighbour tells nothing. Fewer than 8 images are not parted.
    """
    try:
        test, test_labels = load_images(source, "test", size, channels)
    except DataError:
        if len(train) < 8:
            return train, train, labels
        held = torch.arange(len(train)) % max(4, math.ceil(len(train) / 200)) == 0
        return train[~held], train[held], labels[held]
    return train, test[-200:], test_labels[-200:]
