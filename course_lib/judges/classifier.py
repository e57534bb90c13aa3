"""Small classifiers. Samples are scored by their features: the 128 numbers for each picture that the last layer reads.

They are no part of the diffusion. They are trained without flips, so that a mirrored shoe looks wrong to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from course_lib.images import to_model_range
from course_lib.judges.networks import Architecture, JudgeNetwork
from course_lib.runs.devices import has_fast_bf16


@dataclass(frozen=True)
class Epoch:
    """What `train_classifier` reports after each pass through the data."""

    number: int
    loss: float
    accuracy: float  # share of the test images that it names rightly


def train_classifier(
    model: JudgeNetwork,
    architecture: Architecture,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    epochs: int = 20,
    batch_size: int = 256,
    seed: int = 0,
) -> Iterator[Epoch]:
    """Train in place on images uint8 (N, C, H, W) and labels (N,), and yield after each epoch.

    The learning rate rises to the architecture's, then falls to 0 over the whole run (1708.07120). Each batch is
    shifted by up to two pixels, and a square of each image is blanked (1708.04552).
    """
    place = next(model.parameters()).device
    images, labels = (tensor.to(place) for tensor in train)
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout
    optimizer = architecture.optimizer(model.parameters(), architecture.learning_rate)
    steps = epochs * (len(images) // batch_size)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, architecture.learning_rate, total_steps=steps)
    for number in range(1, epochs + 1):
        model.train()
        losses = []
        for rows in torch.randperm(len(images), generator=generator).split(batch_size):
            if len(rows) < batch_size:
                continue
            x = disturb(to_model_range(images[rows.to(place)]), generator).to(memory_format=architecture.memory_format)
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
def extract_features(model: JudgeNetwork, images: Tensor, batch_size: int = 512) -> Tensor:
    """What the classifier sees in images uint8 (N, C, H, W): float64 (N, 128) on the CPU."""
    model.eval()
    place = next(model.parameters()).device
    batches = images.split(batch_size)
    return torch.cat([model.features(to_model_range(batch.to(place))).cpu().double() for batch in batches])


@torch.no_grad()
def class_probabilities(model: JudgeNetwork, features: Tensor) -> Tensor:
    """How sure the classifier is of each class, from features (N, 128): float64 (N, num_classes) on the CPU."""
    place = next(model.parameters()).device
    return model.head(features.to(place, torch.float32)).softmax(dim=1).cpu().double()


@torch.no_grad()
def accuracy(model: JudgeNetwork, images: Tensor, labels: Tensor) -> float:
    """The share of images uint8 (N, C, H, W) whose class it names rightly."""
    named = class_probabilities(model, extract_features(model, images)).argmax(dim=1)
    return float((named == labels).double().mean())
