"""The data sets that our own code draws: garments, and textures in grey and in colour."""

import numpy as np
import pytest

from course_lib.image_data import garments, textures
from course_lib.image_data.coloured_textures import draw_coloured_textures
from course_lib.image_data.garments import draw_garments
from course_lib.image_data.textures import draw_textures

DRAWERS = [
    pytest.param(draw_garments, id="garments"),
    pytest.param(draw_textures, id="textures"),
    pytest.param(draw_coloured_textures, id="coloured_textures"),
]
FASHION_MNIST_NAMES = [
    "T - shirt / top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
SHIRT_LIKE = [0, 2, 4, 6]


@pytest.fixture(scope="module")
def wardrobe():
    return draw_garments(2000, seed=0)


@pytest.fixture(scope="module")
def other_wardrobe():
    return draw_garments(1000, seed=1)


def linear_predictions(train, labels, test):
    """Ridge regression onto one-hot labels: features [N, D], [N], [M, D] -> predicted labels [M]."""
    mean, scale = train.mean(0), train.std() + 1e-6
    train, test = (train - mean) / scale, (test - mean) / scale
    gram = train.T @ train + 30 * np.eye(train.shape[1])
    weights = np.linalg.solve(gram, train.T @ (np.eye(10)[labels] - 0.1))
    return (test @ weights).argmax(1)


def spectrum_by_ring(images):
    """Mean and maximum of the log spectrum at each frequency: features [N, 28] of [N, 28, 28] that depend
    neither on where a pattern starts nor on which way it runs."""
    centred = images / 255 - images.mean((1, 2), keepdims=True) / 255
    spectrum = np.log(0.01 + np.abs(np.fft.fft2(centred)))
    frequency = np.abs(np.fft.fftfreq(28, 1 / 28))
    ring = np.rint(np.hypot(frequency[:, None], frequency)).astype(int)
    rings = [spectrum[:, ring == radius] for radius in range(1, 15)]
    return np.concatenate([[part.mean(1), part.max(1)] for part in rings]).T


@pytest.mark.parametrize("draw", DRAWERS)
def test_the_seed_alone_decides(draw):
    np.random.seed(3)  # noqa: NPY002  (the global state must not matter)
    images, labels = draw(120, seed=5)
    np.random.seed(4)  # noqa: NPY002
    again, again_labels = draw(120, seed=5)
    other, other_labels = draw(120, seed=6)
    assert images.tobytes() == again.tobytes()
    assert labels.tobytes() == again_labels.tobytes()
    assert not np.array_equal(labels, other_labels)
    pictures = {picture.tobytes() for picture in images}
    assert not any(picture.tobytes() in pictures for picture in other)  # new ones, not shuffled ones


@pytest.mark.parametrize("draw", DRAWERS)
def test_the_first_images_do_not_depend_on_the_count(draw):
    few, few_labels = draw(37)
    many, many_labels = draw(1234)  # more than one block of each class
    np.testing.assert_array_equal(few, many[:37])
    np.testing.assert_array_equal(few_labels, many_labels[:37])


@pytest.mark.parametrize("draw", DRAWERS)
@pytest.mark.parametrize("count", [1, 10, 99, 1003])
def test_types_shapes_and_balance(draw, count):
    images, labels = draw(count)
    assert images.dtype == np.uint8
    assert images.shape == ((count, 64, 64, 3) if draw is draw_coloured_textures else (count, 28, 28))
    assert labels.dtype == np.int64
    assert labels.shape == (count,)
    per_class = np.bincount(labels, minlength=10)
    assert len(per_class) == 10
    assert per_class.max() - per_class.min() <= 1


@pytest.mark.parametrize("draw", DRAWERS)
def test_labels_are_shuffled(draw):
    _, labels = draw(1000)
    repeated = np.mean(labels[:-10] == labels[10:])
    assert repeated < 0.2  # 1 if each round had the same order, 0.1 by chance


def test_class_names():
    assert list(garments.CLASS_NAMES) == FASHION_MNIST_NAMES
    assert len(set(textures.CLASS_NAMES)) == 10


@pytest.mark.parametrize("draw", DRAWERS)
def test_each_class_varies(draw):
    images, labels = draw(1000)
    assert len(np.unique(images.reshape(1000, -1), axis=0)) == 1000
    for label in range(10):
        members = images[labels == label] / 255.0
        apart = np.sqrt(((members[:50] - members[50:]) ** 2).mean((1, 2)))
        assert apart.mean() > 0.1, label
        assert apart.min() > 0.02, label  # no near-copies


def test_garments_have_the_brightness_of_fashion_mnist(wardrobe):
    pixels = wardrobe[0] / 255.0
    assert 0.25 < pixels.mean() < 0.33
    assert 0.33 < pixels.std() < 0.37


def test_the_background_is_black(wardrobe):
    images, labels = wardrobe
    assert images[:, [0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert np.all((images == 0).mean((1, 2)) > 0.1)
    shoes = np.isin(labels, [5, 7, 9])
    assert images[shoes, 0].max() == 0
    assert images[labels == 1, :, :3].max() == 0


def test_garments_fill_their_frame(wardrobe):
    images, labels = wardrobe
    heights = (images > 20).any(2).sum(1)
    widths = (images > 20).any(1).sum(1)
    assert heights[np.isin(labels, [0, 1, 2, 3, 4, 6])].min() >= 24
    assert widths[np.isin(labels, [5, 7, 9])].min() >= 25


def test_toes_point_left(wardrobe):
    images, labels = wardrobe
    for label in (7, 9):
        rows = np.arange(28)[:, None]
        shoes = images[labels == label] > 20
        top = np.where(shoes, rows, 28).min(1)  # highest covered row of each column, [N, 28]
        lower_at_toe = top[:, 2:7].mean(1) > top[:, 20:26].mean(1)
        assert lower_at_toe.mean() > 0.98


def test_garments_can_be_told_apart_but_shirts_not_always(wardrobe, other_wardrobe):
    (images, labels), (others, truth) = wardrobe, other_wardrobe
    guesses = linear_predictions(images.reshape(2000, -1) / 255, labels, others.reshape(1000, -1) / 255)
    right = guesses == truth
    assert 0.8 < right.mean() < 0.97  # a linear model reaches 0.8 on Fashion-MNIST itself
    assert right[~np.isin(truth, SHIRT_LIKE)].mean() > 0.9
    assert 0.6 < right[np.isin(truth, SHIRT_LIKE)].mean() < 0.92
    confused = guesses[~right & np.isin(truth, SHIRT_LIKE)]
    assert np.isin(confused, [*SHIRT_LIKE, 3]).mean() > 0.9  # taken for another top, or for a dress


def test_textures_can_be_told_apart_by_their_spectrum():
    (images, labels), (others, truth) = draw_textures(2000), draw_textures(1000, seed=1)
    known, asked = spectrum_by_ring(images), spectrum_by_ring(others)
    distance = (known**2).sum(1) - 2 * asked @ known.T  # squared, up to a constant for each row
    right = labels[distance.argmin(1)] == truth
    assert right.mean() > 0.8
    for label, name in enumerate(textures.CLASS_NAMES):
        assert right[truth == label].mean() > 0.5, name


@pytest.mark.parametrize("size", [64, 128])
def test_a_texture_is_the_same_at_every_size(size):
    small, labels = draw_textures(60, size=32)
    large, large_labels = draw_textures(60, size=size)
    assert large.shape == (60, size, size)
    np.testing.assert_array_equal(labels, large_labels)
    factor = size // 32
    reduced = large.reshape(60, 32, factor, 32, factor).mean((2, 4))
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(small, reduced, strict=True)]
    strangers = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(small, reduced[::-1], strict=True)]
    assert np.median(alike) > 0.9
    assert np.abs(np.median(strangers)) < 0.2


def test_textures_use_the_range_of_greys():
    images, labels = draw_textures(1000)
    for label in range(10):
        contrast = images[labels == label].std((1, 2)) / 255
        assert contrast.mean() > 0.08, textures.CLASS_NAMES[label]


def test_coloured_textures_are_the_grey_ones_between_two_colours():
    (grey, labels), (coloured, kinds) = draw_textures(200, 48, seed=3), draw_coloured_textures(200, 48, seed=3)
    np.testing.assert_array_equal(labels, kinds)
    assert coloured.shape == (200, 48, 48, 3)
    for before, after in zip(grey, coloured, strict=True):
        values = np.stack([np.ones(before.size), before.ravel()], axis=1)
        fitted = values @ np.linalg.lstsq(values, after.reshape(-1, 3).astype(float), rcond=None)[0]
        assert np.abs(fitted - after.reshape(-1, 3)).max() < 1  # on a line: only rounded


def test_colours_say_nothing_about_the_kind():
    images, labels = draw_coloured_textures(4000, 16)
    means = images.mean((1, 2)) / 255
    between = np.stack([means[labels == kind].mean(0) for kind in range(10)]).std(0)
    assert means.std(0).min() > 0.1
    assert between.max() < 0.02
