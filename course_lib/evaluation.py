"""How good are the samples? A Frechet distance in a classifier's features, with its floor on real data (chapter 11).

Gaussians are fitted to the features of samples and of test images. A distance says little by itself: its floor is
what real images reach that the reference has not seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.images import class_names, load_images, to_uint8
from course_lib.judges.classifier import FEATURES, Classifier, Epoch, accuracy, extract_features, train_classifier
from course_lib.runs.checkpoints import Checkpoint, denoiser
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.devices import device as find_device
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.tensor_files import write_safetensors

SAMPLES = 2048  # as many samples as held-out test images; the rest of the test set is the reference
SPLITS = 3
IMAGE_SHAPE = (1, 28, 28)


class EvaluationError(CourseError):
    """Something that cannot be scored."""


@dataclass(frozen=True)
class Gaussian:
    """A mean (d,) and a covariance (d, d), float64."""

    mean: Tensor
    covariance: Tensor


def fit_gaussian(features: Tensor) -> Gaussian:
    """The Gaussian with the mean and the (unbiased) covariance of features (n, d)."""
    features = features.double()
    return Gaussian(features.mean(dim=0), torch.cov(features.T))


def frechet_distance(one: Gaussian, other: Gaussian) -> float:
    """|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^(1/2)), the squared Wasserstein distance. Source: 1706.08500, equation 6.

    C1 C2 has the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric and has no negative ones: two calls of
    `eigh` and no matrix root that may turn complex.
    """
    values, vectors = torch.linalg.eigh(one.covariance)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    overlap = torch.linalg.eigvalsh(root @ other.covariance @ root).clamp(min=0).sqrt().sum()
    traces = one.covariance.trace() + other.covariance.trace()
    return float((one.mean - other.mean).square().sum() + traces - 2 * overlap)


def split_statistics(features: Tensor) -> dict[str, Tensor]:
    """What scoring needs of the test set's features (n, d): for each of three splits, both parts' mean and covariance.

    Split s takes the first 2,048 images of a permutation with seed s as the held-out part.
    """
    means, covariances = [], []
    for split in range(SPLITS):
        order = torch.randperm(len(features), generator=torch.Generator().manual_seed(split))
        for part in (features[order[:SAMPLES]], features[order[SAMPLES:]]):
            fitted = fit_gaussian(part)
            means.append(fitted.mean)
            covariances.append(fitted.covariance)
    return {"statistics.mean": torch.stack(means).float(), "statistics.covariance": torch.stack(covariances).float()}


def read_split(statistics: dict[str, Tensor], split: int) -> tuple[Gaussian, Gaussian]:
    """The held-out part and the reference of a split, from what `split_statistics` made."""
    means, covariances = statistics["statistics.mean"].double(), statistics["statistics.covariance"].double()
    held_out, reference = (Gaussian(means[i], covariances[i]) for i in (2 * split, 2 * split + 1))
    return held_out, reference


@dataclass(frozen=True)
class Score:
    """The distance of 2,048 samples from the reference, and that of as many held-out real images: its floor."""

    seed: int
    distance: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.distance / self.floor


def draw_labels(classes: int, count: int, seed: int) -> Tensor:
    """Labels (count,), each class equally likely: as uneven as those of images picked at random from a balanced set."""
    return torch.randint(classes, (count,), generator=torch.Generator().manual_seed(seed))


def sample_batches(
    checkpoint: Checkpoint,
    count: int,
    seed: int,
    batch_size: int = 128,
    precision: str = "auto",
    labels: Tensor | None = None,
) -> Iterator[Tensor]:
    """Draw `count` samples, uint8 (n, C, H, W) at a time, with ancestral sampling: one network call a schedule's step.

    A class-conditional network draws `labels` (count,), or else those of `draw_labels`: of real
    images, too, equal shares have half the distance, so they cannot be held against a floor whose shares are random.
    The last batch may be smaller. `precision` as in `checkpoints.denoiser`.
    """
    device, classes = checkpoint.schedule.device, checkpoint.model.num_classes
    if classes is not None and labels is None:
        labels = draw_labels(classes, count, seed)
    for start in range(0, count, batch_size):
        size = min(batch_size, count - start)
        part = None if labels is None else labels[start : start + size].to(device)
        generators = picture_generators(seed, start, size)
        yield to_uint8(denoiser(checkpoint, part, precision).sample(size, generators)).cpu()


def check_scorable(checkpoint: Checkpoint, statistics: dict[str, Tensor]) -> None:
    """Raise EvaluationError where a score would say nothing: other images, or a classifier without statistics."""
    if checkpoint.image_shape != IMAGE_SHAPE:
        raise EvaluationError(
            f"the score compares with test images of {IMAGE_SHAPE}; this network draws {tuple(checkpoint.image_shape)}."
        )
    if "statistics.mean" not in statistics:
        raise EvaluationError("the classifier's file holds no test statistics; make it with `course train-classifier`.")
    shapes = {f"statistics.{name}": statistics.get(f"statistics.{name}") for name in ("mean", "covariance")}
    for (name, tensor), expected in zip(
        shapes.items(), [(2 * SPLITS, FEATURES), (2 * SPLITS, FEATURES, FEATURES)], strict=True
    ):
        if tensor is None or tuple(tensor.shape) != expected:
            raise EvaluationError(
                f"the classifier's file has no {name} of shape {expected}; make it anew with `course train-classifier`."
            )


def score(batches: Iterable[Tensor], classifier: Classifier, statistics: dict[str, Tensor], seed: int) -> Score:
    """Score 2,048 samples, uint8 (n, C, H, W) at a time, against split `seed` of the test set.

    Raises EvaluationError for another number of samples: the distance of fewer is larger, and the floor is for 2,048.
    """
    features = torch.cat([extract_features(classifier, images) for images in batches])
    if len(features) != SAMPLES:
        raise EvaluationError(f"the floor is that of {SAMPLES} images; these are {len(features)} samples.")
    if not bool(features.isfinite().all()):
        raise EvaluationError("the classifier's features of these samples are not finite; train the classifier anew.")
    held_out, reference = read_split(statistics, seed)
    return Score(seed, frechet_distance(fit_gaussian(features), reference), frechet_distance(held_out, reference))


def make_classifier(source: str, out: Path, epochs: int = 20, seed: int = 0, device: str = "auto") -> Iterator[Epoch]:
    """Train a classifier on the data set `source`, yield after each epoch, and at the end write it to `out`.

    The file holds the weights in float16 and, seen through these, the test images' statistics. Raises EvaluationError
    for images of another size or too few test images, before training.
    """
    keep_freed_memory()
    train, test = load_images(source), load_images(source, "test")
    if tuple(test[0].shape[1:]) != IMAGE_SHAPE or len(test[0]) < 2 * SAMPLES:
        raise EvaluationError(
            f"the score needs {2 * SAMPLES} test images of {IMAGE_SHAPE}; "
            f"there are {len(test[0])} of {tuple(test[0].shape[1:])}."
        )
    names = list(class_names(source))
    torch.manual_seed(seed)
    model = Classifier(len(names), IMAGE_SHAPE[0]).to(find_device(device))
    yield from train_classifier(model, train, test, epochs, seed=seed)
    half = {key: value.half() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    model.load_state_dict(half)  # the statistics are those of the weights as they are read again
    tensors = {f"model.{key}": value.cpu() for key, value in half.items()}
    tensors |= split_statistics(extract_features(model, test[0]))
    metadata = {"image_shape": IMAGE_SHAPE, "class_names": names, "epochs": epochs, "seed": seed}
    write_safetensors(out, tensors, metadata | {"accuracy": accuracy(model, *test)})
