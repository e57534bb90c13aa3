"""Samples before the judges: four measures for each judge, each beside its floor on real images."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.evaluation import fit_gaussian, frechet_distance, inception_score, kernel_distance, precision_recall
from course_lib.images import class_names, load_images, to_uint8
from course_lib.judges.classifier import Epoch, accuracy, extract_features, train_classifier
from course_lib.judges.judge import SAMPLES, Judge
from course_lib.judges.networks import ARCHITECTURES
from course_lib.runs.checkpoints import Checkpoint, denoiser
from course_lib.runs.denoiser import picture_generators
from course_lib.runs.devices import device as find_device
from course_lib.runs.devices import keep_freed_memory
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import Sampler
from course_lib.runs.tensor_files import write_safetensors

IMAGE_SHAPE = (1, 28, 28)
DISAGREE = 1.25  # judges whose ratios to their floors differ by more than this factor are said to disagree


class EvaluationError(CourseError):
    """Something that cannot be scored."""


@dataclass(frozen=True)
class Measures:
    """What one judge says of 2,048 images, beside the reference of a split."""

    distance: float  # Frechet
    kernel_distance: float
    inception_score: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Score:
    """What one judge says of 2,048 samples, and of 2,048 real images that the reference lacks: the floor."""

    judge: str
    seed: int
    samples: Measures
    floor: Measures

    @property
    def ratio(self) -> float:
        """The samples' Frechet distance in times the floor."""
        return self.samples.distance / self.floor.distance

    @property
    def recall_ratio(self) -> float:
        """The samples' recall as a share of real images' recall."""
        return self.samples.recall / self.floor.recall


def measure(judge: Judge, features: Tensor, split: int) -> Measures:
    """The measures of images whose features are (2048, 128), against the reference of the split.

    Precision and recall depend on how many images both sets have, so 2,048 of the reference take part in them.
    """
    _, reference = judge.split(split)
    precision, recall = precision_recall(reference[:SAMPLES], features)
    return Measures(
        distance=float(frechet_distance(*fit_gaussian(features), *judge.references[split])),
        kernel_distance=float(kernel_distance(features, reference)),
        inception_score=float(inception_score(judge.probabilities(features))),
        precision=float(precision),
        recall=float(recall),
    )


def score(images: Tensor, judge: Judge, seed: int) -> Score:
    """What the judge says of 2,048 samples, uint8 (2048, C, H, W), with split `seed` of the test images.

    Raises EvaluationError for another number of samples: the distance of fewer is larger, and the floor is for 2,048;
    and for a judge whose features say nothing.
    """
    if len(images) != SAMPLES:
        raise EvaluationError(f"the floor is that of {SAMPLES:,} images; these are {len(images):,} samples.")
    features = judge.features(images)
    if not bool(features.isfinite().all()):
        raise EvaluationError(f"what {judge.name} sees in these samples is not finite; train this classifier anew.")
    held_out, _ = judge.split(seed)
    floor = measure(judge, held_out, seed)
    if not (floor.distance > 0 and floor.recall > 0):
        raise EvaluationError(f"{judge.name} does not tell real images apart; train this classifier anew.")
    return Score(judge.name, seed, measure(judge, features, seed), floor)


def by_judge(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Each judge's scores, in the order in which they are given."""
    found: dict[str, list[Score]] = {}
    for one in scores:
        found.setdefault(one.judge, []).append(one)
    return found


def disagreement(scores: Sequence[Score]) -> str | None:
    """A sentence if judges disagree about the same samples by more than a quarter; None if they do not.

    `scores` are those of several judges and seeds.
    """
    means = {judge: fmean(one.ratio for one in its) for judge, its in by_judge(scores).items()}
    kindest, strictest = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    if means[strictest] <= DISAGREE * means[kindest]:
        return None
    return (
        f"The judges disagree: {means[kindest]:.2f} times the floor for {kindest}, {means[strictest]:.2f} for "
        f"{strictest}. Believe the larger number: what was chosen by one judge's score may flatter that judge."
    )


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
    sampler: Sampler | None = None,
    guide: Guide | None = None,
    first: int = 0,
) -> Iterator[Tensor]:
    """Draw the pictures `first`, `first` + 1, ... of `seed`, `count` of them, uint8 (n, C, H, W) at a time.

    A class-conditional network draws `labels` (first + count,), or else those of `draw_labels`: of real images, too,
    equal shares have half the distance, so they cannot be held against a floor whose shares are random. The last batch
    may be smaller. `precision`, `sampler` and `guide` as in `checkpoints.denoiser`.
    """
    device, classes = checkpoint.schedule.device, checkpoint.model.num_classes
    if classes is not None and labels is None:
        labels = draw_labels(classes, first + count, seed)
    for start in range(first, first + count, batch_size):
        size = min(batch_size, first + count - start)
        part = None if labels is None else labels[start : start + size].to(device)
        generators = picture_generators(seed, start, size)
        yield to_uint8(denoiser(checkpoint, part, precision, sampler, guide).sample(size, generators)).cpu()


def check_scorable(checkpoint: Checkpoint, judges: Sequence[Judge]) -> None:
    """Raise EvaluationError where a score would say nothing.

    That is where the network draws images of another shape than those that a judge knows, and where two judges have one
    name: nobody could tell their scores apart.
    """
    for judge in judges:
        if tuple(checkpoint.picture_shape) != tuple(judge.image_shape):
            raise EvaluationError(
                f"{judge.name} judges images of {tuple(judge.image_shape)}; this network draws "
                f"{tuple(checkpoint.picture_shape)}."
            )
    names = [judge.name for judge in judges]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise EvaluationError(f"two judges have the name {twice}; give one of their files another name.")


def make_judge(
    source: str, out: Path, epochs: int = 20, seed: int = 0, device: str = "auto", architecture: str = "residual"
) -> Iterator[Epoch]:
    """Train a classifier on the data set `source`, yield after each epoch, and at the end write it to `out`.

    The file holds the weights and, seen through these, the test images' features, both in float16. Raises
    EvaluationError for images of another size, too few test images or an unknown architecture, before training.
    """
    if architecture not in ARCHITECTURES:
        raise EvaluationError(f"unknown architecture {architecture!r}; choose one of {', '.join(ARCHITECTURES)}.")
    keep_freed_memory()
    train, test = load_images(source), load_images(source, "test")
    if tuple(test[0].shape[1:]) != IMAGE_SHAPE or len(test[0]) < 2 * SAMPLES:
        raise EvaluationError(
            f"the score needs {2 * SAMPLES} test images of {IMAGE_SHAPE}; "
            f"there are {len(test[0])} of {tuple(test[0].shape[1:])}."
        )
    names = list(class_names(source))
    torch.manual_seed(seed)
    chosen = ARCHITECTURES[architecture]
    model = chosen.network(len(names), IMAGE_SHAPE[0]).to(find_device(device))
    model = model.to(memory_format=chosen.memory_format)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    yield from train_classifier(model, chosen, train, test, epochs, seed=seed)
    half = {key: value.half() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    model.load_state_dict(half)  # the features are those of the weights as they are read again
    tensors = {f"model.{key}": value.cpu() for key, value in half.items()}
    tensors["test.features"] = extract_features(model, test[0]).half()
    metadata = {"image_shape": IMAGE_SHAPE, "class_names": names, "epochs": epochs, "seed": seed}
    metadata |= {"architecture": architecture, "accuracy": accuracy(model, *test)}
    write_safetensors(out, tensors, metadata)
