"""The judge of the literature: Inception's features, as in most papers' FID, through torchmetrics (`--inception`).

It has learned photographs, 299 x 299 and in colour. Our garments are grey and 28 x 28, so its scores of them are worth
less than those of the course's own judges. It needs the package torch-fidelity, its weights, which are downloaded once,
and real images, because the course holds no Inception features of any.
"""

import importlib.util
import os
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from course_lib.files import why
from course_lib.images import load_images, to_uint8
from course_lib.judges.classifier import extract_features
from course_lib.judges.judge import SAMPLES, Judge
from course_lib.judges.networks import JudgeNetwork
from course_lib.judges.scoring import EvaluationError
from course_lib.runs.devices import device as find_device

PACKAGES = ("torchmetrics", "torch_fidelity")
FEATURES, CLASSES = 2048, 1008
WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"  # the end of its name is the start of its SHA-256
ADDRESS = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{WEIGHTS}"
AT_A_TIME = 32  # images; each becomes 299 x 299 x 3


class Inception(nn.Module):
    """torchmetrics' Inception as a judge's network: `features` are what its last layer reads, `head` is that layer."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def features(self, x: Tensor) -> Tensor:
        """(B, 1 or 3, H, W) in [-1, 1] -> (B, 2048)."""
        parts = to_uint8(x).expand(-1, 3, -1, -1).split(AT_A_TIME)
        return torch.cat([self.network(part) for part in parts])

    def head(self, features: Tensor) -> Tensor:
        """(B, 2048) -> logits (B, 1008), without the bias, as the Inception score has them."""
        weight = cast(nn.Linear, self.network.fc).weight
        return features @ weight.T


def weights_file() -> Path:
    """Where the weights lie, or will lie: in PyTorch's own cache, where torch-fidelity looks for them, too."""
    return Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS


def check_inception(allowed: bool) -> None:
    """Raise EvaluationError with what is missing: the packages, real images, or leave to download the weights."""
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        packages = " ".join(name.replace("_", "-") for name in missing)
        raise EvaluationError(f"--inception needs {' and '.join(missing)}: `pip install {packages}`, then try again.")
    if not os.environ.get("COURSE_DATA"):
        raise EvaluationError(
            "--inception needs real images, because the course holds no Inception features: set COURSE_DATA to those "
            "that the network has learned, e.g. COURSE_DATA=zalando-datasets/fashion_mnist."
        )
    if not allowed and not weights_file().is_file():
        raise EvaluationError(
            f"--inception would download Inception's weights: {WEIGHTS}, 95 MB from github.com/toshas/torch-fidelity, "
            f"to {weights_file().parent}. Add --yes if it may."
        )


def load_inception(device: str = "auto") -> Judge:
    """The judge called "inception", after it has looked at the test images of COURSE_DATA; see `check_inception`.

    Raises EvaluationError if the weights cannot be had, or if the test images are too few.
    """
    place = find_device(device)
    images, _ = load_images("auto", "test")
    if len(images) < 2 * SAMPLES:
        raise EvaluationError(f"the score needs {2 * SAMPLES:,} test images; COURSE_DATA has {len(images):,}.")
    network = Inception(_network()).to(place).eval().requires_grad_(False)
    judge_network = cast(JudgeNetwork, network)
    channels, height, width = images.shape[1:]
    return Judge(
        name="inception",
        architecture="inception_v3",
        network=judge_network,
        class_names=[str(number) for number in range(CLASSES)],
        image_shape=(channels, height, width),
        test_features=extract_features(judge_network, images),
    )


def _network() -> nn.Module:
    """Raises EvaluationError if the weights cannot be downloaded or do not load."""
    from torchmetrics.image.fid import NoTrainInceptionV3

    file = weights_file()
    if not file.is_file():
        _download(file)
    try:
        return NoTrainInceptionV3("inception-v3-compat", [str(FEATURES)], str(file))
    except (RuntimeError, OSError, EOFError, ValueError) as problem:  # torch.load's, for a file that was cut short
        said = " ".join(str(problem).split())[:100]
        raise EvaluationError(f"{file} is no file of Inception's weights ({said}). Delete it, and try again.") from None


def _download(file: Path) -> None:
    """The file is there as a whole or not at all, and it is the right one: its digest is in its name."""
    digest = WEIGHTS.removesuffix(".pth").rpartition("-")[2]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(ADDRESS, str(file), hash_prefix=digest)
    except (OSError, RuntimeError) as problem:  # no network is an OSError; another digest is a RuntimeError
        reason = why(problem)[0] if isinstance(problem, OSError) and problem.errno else " ".join(str(problem).split())
        raise EvaluationError(
            f"Inception's weights cannot be downloaded ({reason}). Download {ADDRESS} where there is a network, and "
            f"put it into {file.parent}."
        ) from None
