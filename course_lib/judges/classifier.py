"""A small classifier. Samples are scored by its features: the 128 numbers for each picture that its last layer reads.

It is no part of the diffusion. It is trained without flips, so that a mirrored shoe looks wrong to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn
from torch.nn import functional

from course_lib.images import to_model_range
from course_lib.paths import DATA
from course_lib.runs.checkpoints import Size, load_weights, validated
from course_lib.runs.devices import device as find_device
from course_lib.runs.devices import has_fast_bf16
from course_lib.runs.tensor_files import CheckpointError, read_safetensors

FEATURES = 128


class Description(BaseModel):
    """What the file of a classifier says about it."""

    image_shape: tuple[Size, Size, Size]  # (C, H, W)
    class_names: list[str] = Field(min_length=1, max_length=10_000)


class ResidualStage(nn.Module):
    """A convolution that changes the width, then a residual pair: (B, dim, H, W) -> (B, dim_out, H, W)."""

    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.inlet = _convolution(dim, dim_out)
        self.pair = nn.Sequential(_convolution(dim_out, dim_out), _convolution(dim_out, dim_out))

    def forward(self, x: Tensor) -> Tensor:
        x = self.inlet(x)
        return x + self.pair(x)


def _convolution(dim: int, dim_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(dim, dim_out, 3, padding=1, bias=False), nn.BatchNorm2d(dim_out), nn.ReLU())


class Classifier(nn.Module):
    """Images (B, channels, H, W) in [-1, 1] -> logits (B, num_classes); `features` are what the last layer reads."""

    def __init__(self, num_classes: int = 10, channels: int = 1):
        super().__init__()
        self.body = nn.Sequential(
            ResidualStage(channels, 32),
            nn.MaxPool2d(2),
            ResidualStage(32, 64),
            nn.MaxPool2d(2),
            ResidualStage(64, FEATURES),
        )
        self.head = nn.Linear(FEATURES, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads: (B, channels, H, W) -> (B, 128), not negative."""
        return self.body(x).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.dropout(self.features(x), 0.2, self.training))


@dataclass(frozen=True)
class Epoch:
    """What `train_classifier` reports after each pass through the data."""

    number: int
    loss: float
    accuracy: float  # share of the test images that it names rightly


def train_classifier(
    model: Classifier,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    epochs: int = 20,
    batch_size: int = 256,
    learning_rate: float = 0.2,
    seed: int = 0,
) -> Iterator[Epoch]:
    """Train in place on images uint8 (N, C, H, W) and labels (N,), and yield after each epoch.

    SGD with momentum; the learning rate rises, then falls to 0 over the whole run (1708.07120). Each batch is shifted
    by up to two pixels, and a square of each image is blanked (1708.04552).
    """
    place = next(model.parameters()).device
    images, labels = (tensor.to(place) for tensor in train)
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum=0.9, weight_decay=5e-4, nesterov=True)
    steps = epochs * (len(images) // batch_size)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    for number in range(1, epochs + 1):
        model.train()
        losses = []
        for rows in torch.randperm(len(images), generator=generator).split(batch_size):
            if len(rows) < batch_size:
                continue
            x = disturb(to_model_range(images[rows.to(place)]), generator)
            with torch.autocast(place.type, torch.bfloat16, enabled=has_fast_bf16(place)):
                logits = model(x)
            loss = functional.cross_entropy(logits.float(), labels[rows.to(place)], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            pace.step()
            losses.append(loss.detach())
        yield Epoch(number, float(torch.stack(losses).mean()), accuracy(model, *test))


def disturb(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift a batch (B, C, H, W) in [-1, 1] by up to two pixels, and blank a 7 x 7 square of each image."""
    height, width = x.shape[-2:]
    top, left = torch.randint(5, (2,), generator=generator).tolist()
    x = functional.pad(x, (2, 2, 2, 2), value=-1.0)[..., top : top + height, left : left + width]
    row, column = (torch.randint(size, (len(x), 1, 1, 1), generator=generator).to(x.device) for size in (height, width))
    rows, columns = (torch.arange(size, device=x.device) for size in (height, width))
    blank = ((rows[:, None] - row).abs() < 4) & ((columns - column).abs() < 4)  # (B, 1, H, W)
    return x.masked_fill(blank, -1.0)


@torch.no_grad()
def extract_features(model: Classifier, images: Tensor, batch_size: int = 512) -> Tensor:
    """What the classifier sees in images uint8 (N, C, H, W): float64 (N, 128) on the CPU."""
    model.eval()
    place = next(model.parameters()).device
    batches = images.split(batch_size)
    return torch.cat([model.features(to_model_range(batch.to(place))).cpu().double() for batch in batches])


@torch.no_grad()
def accuracy(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """The share of images uint8 (N, C, H, W) whose class it names rightly."""
    place = next(model.parameters()).device
    features = extract_features(model, images).to(place, torch.float32)
    return float((model.head(features).argmax(dim=1).cpu() == labels).double().mean())


def load_classifier(name: str | Path = "fashion_mnist", device: str = "auto") -> tuple[Classifier, dict]:
    """The classifier in a file, or of that name in data/classifier/, in eval mode; and the file's other tensors.

    Raises CheckpointError if the file is missing, broken or not a classifier.
    """
    path = Path(name) if Path(name).is_file() else DATA / "classifier" / f"{name}.safetensors"
    if not path.is_file():
        raise CheckpointError(f"no classifier {name}; `course train-classifier --out FILE` makes one.")
    tensors, metadata = read_safetensors(path)
    weights = {key.removeprefix("model."): value for key, value in tensors.items() if key.startswith("model.")}
    if "head.weight" not in weights:
        raise CheckpointError(f"{path} holds no classifier of this course.")
    described = validated(path, metadata, Description)
    model = Classifier(len(described.class_names), described.image_shape[0])
    load_weights(model, weights, path)
    rest = {key: value for key, value in tensors.items() if not key.startswith("model.")}
    return model.to(find_device(device)).eval().requires_grad_(False), rest
