"""A judge's scores against other implementations, and that they tell good samples from bad."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_checkpoints import make_checkpoint

from course_lib.evaluation import fit_gaussian, frechet_distance
from course_lib.images import load_images
from course_lib.judges.classifier import extract_features
from course_lib.judges.judge import SAMPLES, Judge, load_judge
from course_lib.judges.networks import Classifier
from course_lib.judges.scoring import (
    EvaluationError,
    Measures,
    Score,
    by_judge,
    check_scorable,
    disagreement,
    draw_labels,
    make_judge,
    measure,
    sample_batches,
    score,
)
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.runs.samplers import Sampler

REAL = Path(__file__).parents[3] / "shared" / "data" / "fashion_mnist"


def noise(count, seed):
    return torch.randint(0, 256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.fixture(scope="module")
def judge():
    """A classifier without training, whose features differ all the same; the test images are plain noise."""
    torch.manual_seed(0)
    network = Classifier().eval().requires_grad_(False)
    network.head.weight *= 300  # it is sure of what it says
    names = [str(label) for label in range(10)]
    return Judge(
        "untrained", "residual", network, names, (1, 8, 8), extract_features(network, noise(2 * SAMPLES + 300, 0))
    )


def few(judge, count=2 * SAMPLES, numbers=5):
    """The same judge of fewer images and features: naive loops and other libraries then take seconds."""
    return replace(judge, test_features=100 * judge.test_features[:count, :numbers])


def by_numpy(judge, seed, seen):
    """Distance, KID, precision and recall of features `seen`, from the definitions, in numpy."""
    order = torch.randperm(len(judge.test_features), generator=torch.Generator().manual_seed(seed)).numpy()
    real = judge.test_features.numpy()[order[SAMPLES:]]
    seen, d = seen.numpy(), seen.shape[1]

    a, b = np.cov(seen, rowvar=False), np.cov(real, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(a @ b).astype(complex)).real.sum()
    distance = ((seen.mean(0) - real.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * roots

    def mean_kernel(x, y, same):
        kernel = (x @ y.T / d + 1) ** 3
        return kernel[~np.eye(len(x), dtype=bool)].mean() if same else kernel.mean()

    kid = mean_kernel(seen, seen, True) + mean_kernel(real, real, True) - 2 * mean_kernel(seen, real, False)

    def inside(points, centres):
        radius = np.array([np.sort(np.linalg.norm(centres - centre, axis=1))[3] for centre in centres])
        return np.mean([(np.linalg.norm(centres - point, axis=1) <= radius + 1e-9).any() for point in points])

    return distance, kid, inside(seen, real[:SAMPLES]), inside(real[:SAMPLES], seen)


@pytest.mark.parametrize("seed", [0, 2])
def test_the_measures_are_those_of_their_definitions_with_the_reference_of_their_split(judge, seed):
    judge = few(judge, 2 * SAMPLES + 300)
    held_out = judge.split(seed)[0]
    moved = held_out + torch.tensor([0.3, 0, -0.5, 0, 0.2], dtype=torch.float64) * held_out.std(dim=0)
    for seen in (held_out, moved):
        found = measure(replace(judge, network=_UniformHead()), seen, seed)
        distance, kid, precision, recall = by_numpy(judge, seed, seen)
        assert found.distance == pytest.approx(distance, rel=1e-6)
        assert found.kernel_distance == pytest.approx(kid, rel=1e-6, abs=1e-9)
        assert found.precision == pytest.approx(precision, abs=1.5 / SAMPLES)
        assert found.recall == pytest.approx(recall, abs=1.5 / SAMPLES)
        assert found.inception_score == pytest.approx(1)  # whoever guesses says nothing


class _UniformHead(torch.nn.Module):
    """Knows nothing of any class."""

    def __init__(self):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def head(self, features):
        return torch.zeros(len(features), 10)


@pytest.mark.filterwarnings("ignore::UserWarning")  # what its metrics keep in memory
def test_the_measures_are_those_of_torchmetrics(judge):
    """Another implementation of all that it has, fed with what the judge sees in images."""
    fid = pytest.importorskip("torchmetrics.image.fid")
    kid = pytest.importorskip("torchmetrics.image.kid")
    inception = pytest.importorskip("torchmetrics.image.inception")
    judge = replace(judge, test_features=judge.test_features[: 2 * SAMPLES])  # as many in the reference as samples

    class Seen(torch.nn.Module):
        num_features = 128

        def forward(self, x):
            return x.float()

    seen, (_, reference) = judge.features(noise(SAMPLES, 5) // 2 + 20), judge.split(1)
    found = measure(judge, seen, 1)
    one = fid.FrechetInceptionDistance(Seen()).set_dtype(torch.float64)
    two = kid.KernelInceptionDistance(Seen(), subsets=1, subset_size=SAMPLES)
    for metric in (one, two):
        metric.update(reference, real=True)
        metric.update(seen, real=False)
    assert found.distance == pytest.approx(float(one.compute()), rel=1e-3)
    assert found.kernel_distance == pytest.approx(float(two.compute()[0]), rel=1e-2)
    three = inception.InceptionScore(Seen(), splits=1)
    three.update(judge.network.head(seen.float()))
    assert found.inception_score == pytest.approx(float(three.compute()[0]), rel=1e-5)
    assert found.inception_score > 1.005


def test_samples_of_the_same_distribution_reach_the_floor_and_others_do_not(judge):
    same, darker = score(noise(SAMPLES, 1), judge, 0), score(noise(SAMPLES, 1) // 2, judge, 0)
    assert (same.judge, same.seed) == ("untrained", 0)
    assert 0.5 < same.ratio < 2
    assert 0.9 < same.recall_ratio < 1.1
    assert abs(same.samples.kernel_distance) < 0.1 * darker.samples.kernel_distance
    assert darker.ratio > 20
    assert darker.samples.precision < 0.8 * same.samples.precision
    assert darker.samples.recall < 0.01


def test_a_score_is_the_measures_of_the_samples_and_of_the_held_out_images_of_its_seed(judge):
    images = noise(SAMPLES, 1)
    for seed in (0, 2):
        found = score(images, judge, seed)
        assert found.seed == seed
        assert found.samples == measure(judge, judge.features(images), seed)
        assert found.floor == measure(judge, judge.split(seed)[0], seed)
        assert found.ratio == found.samples.distance / found.floor.distance
        assert found.recall_ratio == found.samples.recall / found.floor.recall


def test_repeated_images_have_precision_and_no_recall(judge):
    """Two images a thousand times each: all of them real, and next to nothing is there."""
    images = noise(6000, 0)[:2].repeat_interleave(SAMPLES // 2, dim=0)
    found = score(images, judge, 0)
    assert found.samples.precision > 0.4
    assert found.samples.recall < 0.01


def test_what_cannot_be_scored_is_refused(judge):
    with pytest.raises(EvaluationError, match=r"2,048 images; these are 100 samples"):
        score(noise(100, 1), judge, 0)
    constant = replace(judge, test_features=torch.ones(5000, 128, dtype=torch.float64))
    with pytest.raises(EvaluationError, match="untrained does not tell real images apart"):
        score(noise(SAMPLES, 1), constant, 0)
    broken = Classifier().eval().requires_grad_(False)
    broken.body[0].inlet[0].weight.fill_(float("nan"))
    with pytest.raises(EvaluationError, match="untrained sees in these samples is not finite"):
        score(noise(SAMPLES, 1), replace(judge, network=broken), 0)


def test_networks_that_draw_something_else_are_refused(judge):
    trained, names = load_checkpoint("fashion_mnist_cpu", "cpu"), [replace(judge, image_shape=(1, 28, 28))]
    check_scorable(trained, names)
    check_scorable(trained, [*names, replace(names[0], name="other")])
    with pytest.raises(EvaluationError, match=r"untrained judges images of \(1, 28, 28\).*\(3, 128, 128\)"):
        check_scorable(replace(trained, image_shape=(3, 128, 128)), names)
    with pytest.raises(EvaluationError, match=r"\(1, 8, 8\)"):
        check_scorable(trained, [*names, replace(judge, name="other")])
    with pytest.raises(EvaluationError, match="two judges have the name untrained"):
        check_scorable(trained, names * 2)


def said(judge, seed, ratio):
    return Score(judge, seed, Measures(3 * ratio, 0, 1, 1, 1), Measures(3, 0, 1, 1, 1))


def test_judges_disagree_if_their_means_differ_by_more_than_a_quarter():
    assert disagreement([said("kind", 0, 1.0), said("strict", 0, 1.24)]) is None
    assert disagreement([said("kind", 0, 1.0)]) is None
    sentence = disagreement([said("strict", 0, 1.3), said("middle", 0, 1.1), said("kind", 0, 1.0)])
    assert sentence.startswith("The judges disagree: 1.00 times the floor for kind, 1.30 for strict.")
    two_seeds = [said("kind", 0, 1.0), said("strict", 0, 1.6), said("kind", 1, 1.6), said("strict", 1, 1.0)]
    assert disagreement(two_seeds) is None  # seed by seed they differ, on average they agree
    assert disagreement([*two_seeds, said("strict", 2, 3.0), said("kind", 2, 1.0)]) is not None


def test_scores_are_sorted_by_judge_in_the_order_given():
    scores = [said("b", 0, 1), said("a", 0, 2), said("b", 1, 3)]
    assert by_judge(scores) == {"b": [scores[0], scores[2]], "a": [scores[1]]}
    assert list(by_judge(scores)) == ["b", "a"]


# The samples that are scored


def test_samples_are_drawn_in_batches_and_depend_on_the_seed_alone():
    checkpoint = make_checkpoint(conditional=False)
    batches = list(sample_batches(checkpoint, 5, 0, 2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    first, again, other = (torch.cat(list(sample_batches(checkpoint, 5, seed, 2))) for seed in (0, 0, 1))
    assert (first.shape, first.dtype) == ((5, 1, 8, 8), torch.uint8)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_class_conditional_network_draws_what_it_is_told_or_any_class():
    checkpoint = make_checkpoint()

    def drawn(labels):
        return torch.cat(list(sample_batches(checkpoint, 5, 3, 2, "fp32", labels)))

    assert torch.equal(drawn(None), drawn(draw_labels(3, 5, 3)))
    assert not torch.equal(drawn(torch.zeros(5, dtype=torch.int64)), drawn(torch.full((5,), 2)))
    one, other = drawn(torch.tensor([1, 2, 0, 1, 1])), drawn(torch.tensor([1, 2, 0, 1, 2]))
    assert torch.equal(one[:4], other[:4])
    assert not torch.equal(one[4], other[4])


def test_a_part_of_the_pictures_is_that_part_of_all():
    """With their labels: picture k has the k-th of them, wherever a process begins."""
    checkpoint = make_checkpoint()
    whole = torch.cat(list(sample_batches(checkpoint, 7, 3, 7, "fp32"))).int()
    part = torch.cat(list(sample_batches(checkpoint, 3, 3, 2, "fp32", first=4))).int()
    assert (part - whole[4:]).abs().max() <= 1


def test_samples_come_from_the_sampler_that_is_named():
    checkpoint = make_checkpoint()
    draw = lambda sampler: torch.cat(list(sample_batches(checkpoint, 3, 0, sampler=sampler)))  # noqa: E731
    many = [draw(sampler) for sampler in (None, Sampler("ancestral"), Sampler("ddim", 2), Sampler("heun", 3))]
    assert all(not torch.equal(many[a], many[b]) for a in range(4) for b in range(a))


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
    features, (_, labels) = load_judge(device="cpu").test_features, load_images(str(REAL), "test")

    def distance(order):
        return float(
            frechet_distance(*fit_gaussian(features[order[:SAMPLES]]), *fit_gaussian(features[order[SAMPLES:]]))
        )

    at_random, in_turn = [], []
    for seed in range(10):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
        at_random.append(distance(order))
        by_class = labels[order].argsort(stable=True)  # a thousand of each
        in_turn.append(distance(order[by_class.view(10, 1000).T.flatten()]))
    assert sum(in_turn) < 0.6 * sum(at_random)


# The judges' training


@pytest.mark.parametrize(("architecture", "size"), [("residual", 16), ("convnext", 16), ("plain", 28)])
def test_a_classifier_learns_and_is_read_back(architecture, size, tmp_path, monkeypatch):
    """Two classes that a glance tells apart: bright above, bright below."""
    count = 3072 if architecture == "residual" else 1024  # batch norm takes its time

    def halves(source, split="train"):
        images = torch.zeros(count if split == "train" else 2 * SAMPLES, 1, size, size, dtype=torch.uint8)
        labels = torch.arange(len(images)) % 2
        images[labels == 0, :, : size // 2], images[labels == 1, :, size // 2 :] = 200, 200
        return images, labels

    monkeypatch.setattr("course_lib.judges.scoring.load_images", halves)
    monkeypatch.setattr("course_lib.judges.scoring.IMAGE_SHAPE", (1, size, size))
    monkeypatch.setattr("course_lib.judges.scoring.class_names", lambda source: ("up", "down"))
    file = tmp_path / "mine.safetensors"
    reports = list(make_judge("halves", file, 3, device="cpu", architecture=architecture))
    assert [report.number for report in reports] == [1, 2, 3]
    assert reports[-1].accuracy > 0.95
    judge = load_judge(file, "cpu")
    assert (judge.architecture, judge.class_names) == (architecture, ["up", "down"])
    images, labels = halves("halves", "test")
    again = judge.features(images[:300])
    assert judge.test_features.shape == (2 * SAMPLES, 128)
    torch.testing.assert_close(judge.test_features[:300], again, rtol=2e-3, atol=2e-3 * float(again.abs().max()))
    named = judge.probabilities(judge.test_features).argmax(dim=1)
    assert (named == labels).double().mean() > 0.95


def test_what_no_judge_can_be_made_of_is_refused_before_training(tmp_path, monkeypatch):
    images = (torch.zeros(100, 1, 28, 28, dtype=torch.uint8), torch.zeros(100, dtype=torch.long))
    monkeypatch.setattr("course_lib.judges.scoring.load_images", lambda source, split="train": images)
    with pytest.raises(EvaluationError, match="4096"):
        next(make_judge("few", tmp_path / "classifier.safetensors"))
    with pytest.raises(EvaluationError, match="'deep'; choose one of residual, convnext, plain"):
        next(make_judge("few", tmp_path / "classifier.safetensors", architecture="deep"))
    assert not list(tmp_path.iterdir())
