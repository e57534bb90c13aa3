"""The classifiers' training: what they are shown is disturbed, and how."""

import pytest
import torch

from course_lib.judges import classifier
from course_lib.judges.classifier import accuracy, class_probabilities, disturb, extract_features, train_classifier
from course_lib.judges.networks import ARCHITECTURES, Classifier


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_an_image_is_shifted_by_up_to_two_pixels_all_of_a_batch_alike():
    """One bright pixel in the middle: where it is found says how far the image went, if it is not blanked."""
    x = torch.full((20, 1, 21, 21), -1.0)
    x[:, :, 10, 10] = 1.0
    shifts = set()
    for seed in range(300):
        places = {tuple(place) for place in (disturb(x, generator(seed))[:, 0] == 1).nonzero()[:, 1:].tolist()}
        assert len(places) == 1
        shifts |= {(row - 10, column - 10) for row, column in places}
    assert shifts == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}


def test_a_square_of_seven_by_seven_is_blanked_in_each_image():
    x = torch.full((500, 2, 28, 28), 0.5)
    blank = disturb(x, generator(0))[..., 2:-2, 2:-2] == -1  # without the border, which a shift may blank, too
    assert torch.equal(blank[:, 0], blank[:, 1])  # in all channels alike
    rows, columns = blank[:, 0].any(dim=2).sum(dim=1), blank[:, 0].any(dim=1).sum(dim=1)
    assert torch.equal(rows * columns, blank[:, 0].sum(dim=(1, 2)))
    assert (rows.max(), columns.max()) == (7, 7)
    assert len(blank[:, 0].flatten(1).unique(dim=0)) > 100  # each image has its own place


def test_the_classifier_is_trained_on_disturbed_images_and_tested_on_plain_ones(monkeypatch):
    seen = {True: [], False: []}

    class Watched(Classifier):
        def features(self, x):
            seen[self.training].append(x)
            return super().features(x)

    monkeypatch.setattr(classifier, "disturb", lambda x, generator: torch.full_like(x, 0.25))
    images, labels = torch.zeros(64, 1, 8, 8, dtype=torch.uint8), torch.arange(64) % 10
    residual, both = ARCHITECTURES["residual"], (images, labels)
    for _ in train_classifier(Watched(), residual, both, both, epochs=2, batch_size=32):
        pass
    assert len(seen[True]) == 4
    assert all(bool((x == 0.25).all()) for x in seen[True])
    assert all(bool((x == -1).all()) for x in seen[False])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_networks_head_reads_its_features(name):
    """Of all architectures: 128 numbers an image, and probabilities that are those of the whole network."""
    torch.manual_seed(0)
    network = ARCHITECTURES[name].network(7, 1).eval()
    images = torch.randint(256, (5, 1, 28, 28), generator=generator(0), dtype=torch.uint8)
    features = extract_features(network, images, batch_size=2)
    assert (features.shape, features.dtype) == ((5, 128), torch.float64)
    assert len(features.unique(dim=0)) == 5
    with torch.no_grad():
        expected = network(images / 127.5 - 1).softmax(dim=1).double()
    torch.testing.assert_close(class_probabilities(network, features), expected, rtol=1e-4, atol=1e-6)
    named = expected.argmax(dim=1)
    assert accuracy(network, images, named) == 1
    assert accuracy(network, images, (named + 1) % 7) == 0


def test_the_architectures_have_little_in_common():
    kinds = [{type(layer).__name__ for layer in ARCHITECTURES[name].network().modules()} for name in ARCHITECTURES]
    assert "BatchNorm2d" in kinds[0]
    assert {"LayerNorm", "GELU"} <= kinds[1]
    assert {"Flatten", "SiLU"} <= kinds[2]
    assert not any("BatchNorm2d" in kind for kind in kinds[1:])
