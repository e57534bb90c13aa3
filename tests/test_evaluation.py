"""The score against closed forms, and that it tells good samples from bad."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.evaluation import (
    SAMPLES,
    EvaluationError,
    Gaussian,
    check_scorable,
    draw_labels,
    fit_gaussian,
    frechet_distance,
    make_classifier,
    read_split,
    sample_batches,
    score,
    split_statistics,
)
from course_lib.images import load_images
from course_lib.judges.classifier import Classifier, extract_features, load_classifier
from course_lib.runs.checkpoints import load_checkpoint, write_safetensors

REAL = Path(__file__).parents[2] / "shared" / "data" / "fashion_mnist"


def gaussian(mean, covariance):
    return Gaussian(torch.tensor(mean, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64))


def random_gaussian(seed, d):
    g = torch.Generator().manual_seed(seed)
    root = torch.randn(d, d, generator=g, dtype=torch.float64)
    return Gaussian(torch.randn(d, generator=g, dtype=torch.float64), root @ root.T)


@given(m1=st.floats(-3, 3), m2=st.floats(-3, 3), s1=st.floats(0, 3), s2=st.floats(0, 3))
def test_in_one_dimension_it_is_the_distance_of_means_and_stds(m1, m2, s1, s2):
    found = frechet_distance(gaussian([m1], [[s1**2]]), gaussian([m2], [[s2**2]]))
    assert found == pytest.approx((m1 - m2) ** 2 + (s1 - s2) ** 2, abs=1e-6)


def test_along_axes_the_dimensions_add():
    found = frechet_distance(gaussian([0.0, 1.0], [[4.0, 0], [0, 9.0]]), gaussian([2.0, 1.0], [[1.0, 0], [0, 1.0]]))
    assert found == pytest.approx(4 + 1 + 4)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_formula_with_the_eigenvalues_of_the_product(seed):
    one, other = random_gaussian(seed, 6), random_gaussian(seed + 10, 6)
    roots = torch.linalg.eigvals(one.covariance @ other.covariance).sqrt().real.sum()  # not symmetric: another way
    expected = (one.mean - other.mean).square().sum() + one.covariance.trace() + other.covariance.trace() - 2 * roots
    assert frechet_distance(one, other) == pytest.approx(float(expected), rel=1e-9)
    assert frechet_distance(other, one) == pytest.approx(frechet_distance(one, other), rel=1e-9)


def test_features_that_never_vary_do_no_harm():
    flat = gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 0.0]])
    assert frechet_distance(flat, flat) == pytest.approx(0, abs=1e-12)


def test_the_fit_is_that_of_numpy():
    features = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    fitted = fit_gaussian(features)
    assert torch.allclose(fitted.mean, features.double().mean(0))
    assert torch.allclose(fitted.covariance, torch.from_numpy(np.cov(features.double().numpy(), rowvar=False)))


def test_splits_have_no_image_twice():
    features = torch.randn(10_000, 2, generator=torch.Generator().manual_seed(0))
    statistics = split_statistics(features)
    for split in range(3):
        held_out, reference = read_split(statistics, split)
        whole = (held_out.mean * SAMPLES + reference.mean * (10_000 - SAMPLES)) / 10_000
        assert torch.allclose(whole, features.double().mean(0), atol=1e-6)
    assert not torch.allclose(read_split(statistics, 0)[0].mean, read_split(statistics, 1)[0].mean, atol=1e-4)


@pytest.fixture(scope="module")
def untrained():
    """A classifier without training, whose features differ all the same, and its statistics of plain noise."""
    torch.manual_seed(0)
    model = Classifier().eval()
    return model, split_statistics(extract_features(model, noise(10_000, 0)))


def noise(count, seed):
    return torch.randint(0, 256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_the_same_distribution_reaches_the_floor_and_another_does_not(untrained):
    same = score(noise(SAMPLES, 1).split(512), *untrained, seed=0)
    darker = score((noise(SAMPLES, 1) // 2).split(512), *untrained, seed=0)
    assert 0.5 < same.ratio < 2
    assert darker.ratio > 20


def test_samples_are_compared_with_the_reference_of_their_split(untrained):
    """A Gaussian that is moved by d in each of n features lies n d² away."""
    classifier, _ = untrained
    images = noise(SAMPLES, 1)
    fitted = fit_gaussian(extract_features(classifier, images))
    moved_by = torch.tensor([5.0, 1.0, 5.0, 2.0, 5.0, 4.0], dtype=torch.float64)  # held out, reference; three times
    statistics = {
        "statistics.mean": fitted.mean + moved_by[:, None],
        "statistics.covariance": fitted.covariance.expand(6, -1, -1),
    }
    for seed, (distance, floor) in enumerate([(1, 16), (4, 9), (16, 1)]):
        found = score(images.split(512), classifier, statistics, seed)
        assert found.seed == seed
        assert found.distance == pytest.approx(128 * distance, rel=1e-3)
        assert found.floor == pytest.approx(128 * floor, rel=1e-3)


def test_another_number_of_samples_is_refused(untrained):
    with pytest.raises(EvaluationError, match="2048"):
        score(noise(100, 1).split(50), *untrained, seed=0)


def cut_short(name):
    """A checkpoint of data/ with two steps instead of 200."""
    trained = load_checkpoint(name, "cpu")
    return trained.__class__(**{**vars(trained), "schedule": type(trained.schedule)(trained.schedule.betas[-2:])})


def test_samples_are_drawn_in_batches_and_depend_on_the_seed_alone():
    short = cut_short("fashion_mnist_cpu")
    first, again, other = (torch.cat(list(sample_batches(short, 5, seed, 2))) for seed in (0, 0, 1))
    assert first.shape == (5, 1, 28, 28)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_class_conditional_network_draws_what_it_is_told_or_any_class():
    short = cut_short("fashion_mnist")

    def drawn(labels):
        return torch.cat(list(sample_batches(short, 5, 3, 2, "fp32", labels)))

    assert torch.equal(drawn(None), drawn(draw_labels(10, 5, 3)))
    assert not torch.equal(drawn(torch.zeros(5, dtype=torch.int64)), drawn(torch.full((5,), 9)))
    one, other = drawn(torch.tensor([1, 2, 3, 4, 5])), drawn(torch.tensor([1, 2, 3, 4, 6]))
    assert torch.equal(one[:4], other[:4])
    assert not torch.equal(one[4], other[4])


def test_the_classes_shares_are_those_of_images_picked_at_random():
    """Pearson's statistic of the counts of 10 classes has the mean 9; where they are equal, it is 0."""
    counts = torch.stack([draw_labels(10, SAMPLES, seed).bincount(minlength=10) for seed in range(100)])
    expected = SAMPLES / 10
    statistic = ((counts - expected).square() / expected).sum(dim=1)
    assert counts.shape == (100, 10)
    assert 7.5 < statistic.mean() < 10.5


@pytest.mark.skipif(not REAL.is_dir(), reason=f"there is no Fashion-MNIST in {REAL}")
def test_with_equal_shares_even_real_images_come_closer():
    """Why the labels are drawn: 2,048 images with each class equally often are not what the floor is made of."""
    images, labels = load_images(str(REAL), "test")
    features = extract_features(load_classifier(device="cpu")[0], images)

    def distance(order):
        return frechet_distance(fit_gaussian(features[order[:SAMPLES]]), fit_gaussian(features[order[SAMPLES:]]))

    at_random, in_turn = [], []
    for seed in range(10):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
        at_random.append(distance(order))
        by_class = labels[order].argsort(stable=True)  # a thousand of each
        in_turn.append(distance(order[by_class.view(10, 1000).T.flatten()]))
    assert sum(in_turn) < 0.6 * sum(at_random)


def test_what_cannot_be_scored_is_said():
    trained = load_checkpoint("fashion_mnist_cpu", "cpu")
    with pytest.raises(EvaluationError, match="train-classifier"):
        check_scorable(trained, {})
    large = trained.__class__(**{**vars(trained), "image_shape": (3, 128, 128)})
    with pytest.raises(EvaluationError, match="128"):
        check_scorable(large, {"statistics.mean": torch.zeros(6, 1)})


def test_a_classifier_learns_and_is_read_back(tmp_path, monkeypatch):
    """Two classes that a glance tells apart: bright above, bright below."""
    images = torch.zeros(4200, 1, 16, 16, dtype=torch.uint8)
    labels = torch.arange(4200) % 2
    images[labels == 0, :, :8], images[labels == 1, :, 8:] = 200, 200
    monkeypatch.setattr("course_lib.evaluation.load_images", lambda source, split="train": (images, labels))
    monkeypatch.setattr("course_lib.evaluation.IMAGE_SHAPE", (1, 16, 16))
    monkeypatch.setattr("course_lib.evaluation.class_names", lambda source: ("up", "down"))
    *_, report = make_classifier("halves", tmp_path / "classifier.safetensors", epochs=2, device="cpu")
    assert report.accuracy > 0.95
    model, statistics = load_classifier(tmp_path / "classifier.safetensors", "cpu")
    held_out, reference = read_split(statistics, 0)
    again = fit_gaussian(
        extract_features(model, images[torch.randperm(4200, generator=torch.Generator().manual_seed(0))[:SAMPLES]])
    )
    assert torch.allclose(held_out.mean, again.mean, atol=1e-4)
    assert held_out.mean.shape == (128,)
    assert frechet_distance(held_out, reference) < 0.1


def test_too_few_test_images_are_refused_before_training(tmp_path, monkeypatch):
    few = (torch.zeros(100, 1, 28, 28, dtype=torch.uint8), torch.zeros(100, dtype=torch.long))
    monkeypatch.setattr("course_lib.evaluation.load_images", lambda source, split="train": few)
    with pytest.raises(EvaluationError, match="4096"):
        next(make_classifier("few", tmp_path / "classifier.safetensors"))
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_classifier_is_named(tmp_path):
    from course_lib.runs.checkpoints import CheckpointError

    write_safetensors(tmp_path / "a.safetensors", {"x": torch.zeros(1)}, {})
    with pytest.raises(CheckpointError, match="no classifier"):
        load_classifier(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="train-classifier"):
        load_classifier("nowhere")
