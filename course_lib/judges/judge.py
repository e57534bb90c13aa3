"""A judge: a trained classifier, and what it sees in the test images, so that scoring needs no data.

The course ships three with different architectures. Samples that flatter one of them need not flatter another.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from course_lib.evaluation import Gaussian, fit_gaussian
from course_lib.judges.classifier import class_probabilities, extract_features
from course_lib.judges.networks import ARCHITECTURES, FEATURES, JudgeNetwork
from course_lib.paths import DATA
from course_lib.runs.checkpoints import Size, load_weights, validated
from course_lib.runs.devices import device as find_device
from course_lib.runs.tensor_files import CheckpointError, read_safetensors

SAMPLES = 2048  # as many samples as held-out test images; the rest of the test set is the reference
SPLITS = 3
JUDGES = ("fashion_mnist", "fashion_mnist_convnext", "fashion_mnist_plain")


class Description(BaseModel):
    """What the file of a judge says about it."""

    image_shape: tuple[Size, Size, Size]  # (C, H, W)
    class_names: list[str] = Field(min_length=1, max_length=10_000)
    architecture: str = "residual"


@dataclass(frozen=True)
class Judge:
    """A classifier in eval mode, and its features of the N test images: float64 (N, 128) on the CPU.

    Split s (0, 1, 2) of the test images holds out 2,048 of them, whose distance from the others, the reference, is the
    floor.
    """

    name: str
    architecture: str
    network: JudgeNetwork
    class_names: list[str]
    image_shape: tuple[int, int, int]  # (C, H, W)
    test_features: Tensor

    def features(self, images: Tensor) -> Tensor:
        """What it sees in images uint8 (n, C, H, W): float64 (n, 128) on the CPU."""
        return extract_features(self.network, images)

    def probabilities(self, features: Tensor) -> Tensor:
        """How sure it is of each class, from features (n, 128): float64 (n, K) on the CPU."""
        return class_probabilities(self.network, features)

    def split(self, number: int) -> tuple[Tensor, Tensor]:
        """The features of the held-out images, (2048, 128), and of the reference, of split 0, 1 or 2."""
        order = torch.randperm(len(self.test_features), generator=torch.Generator().manual_seed(number))
        return self.test_features[order[:SAMPLES]], self.test_features[order[SAMPLES:]]

    @cached_property
    def references(self) -> list[Gaussian]:
        """The Gaussian of each split's reference."""
        return [fit_gaussian(self.split(number)[1]) for number in range(SPLITS)]


def find_judge(name: str | Path) -> Path:
    """The file itself, or data/classifier/NAME.safetensors. Raises CheckpointError listing those there are."""
    for path in (Path(name), DATA / "classifier" / f"{name}.safetensors"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in (DATA / "classifier").glob("*.safetensors"))) or "none"
    raise CheckpointError(
        f"no classifier {name}; `course train-classifier --out FILE` makes one. The course's own: {known}."
    )


def load_judge(name: str | Path = JUDGES[0], device: str = "auto") -> Judge:
    """The judge in a file, or of that name in data/classifier/.

    Raises CheckpointError if the file is missing, broken or no classifier, or lacks the test images' features.
    """
    path = find_judge(name)
    tensors, metadata = read_safetensors(path)
    weights = {key.removeprefix("model."): value for key, value in tensors.items() if key.startswith("model.")}
    if "head.weight" not in weights:
        raise CheckpointError(f"{path} holds no classifier of this course. Name a file of `course train-classifier`.")
    described = validated(path, metadata, Description)
    if described.architecture not in ARCHITECTURES:
        raise CheckpointError(
            f"{path} has the architecture {described.architecture!r}, which this version of the course does not know: "
            f"there are {', '.join(ARCHITECTURES)}. Train it anew, or update the course."
        )
    seen = tensors.get("test.features")
    if seen is None or seen.ndim != 2 or seen.shape[1] != FEATURES or len(seen) < 2 * SAMPLES:
        raise CheckpointError(
            f"{path} lacks what the classifier sees in the test images, at least {2 * SAMPLES} rows of {FEATURES} "
            "features; make it anew with `course train-classifier`."
        )
    network = ARCHITECTURES[described.architecture].network(len(described.class_names), described.image_shape[0])
    load_weights(network, weights, path)
    return Judge(
        name=path.stem,
        architecture=described.architecture,
        network=network.to(find_device(device)).eval().requires_grad_(False),
        class_names=described.class_names,
        image_shape=described.image_shape,
        test_features=seen.double(),
    )
