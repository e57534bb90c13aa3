"""Answers to the quiz of chapter 00."""

import torch
from torch import Tensor

from answers import right, wrong


@wrong("to_model_range", "torchvision's ToTensor: ends at [0, 1]")
def like_to_tensor(images: Tensor) -> Tensor:
    return images.to(torch.float32).div(255)


@wrong("to_model_range", "standardised with the data set's mean and standard deviation")
def fashion_statistics(images: Tensor) -> Tensor:
    return (images / 255 - 0.2860) / 0.3530


@wrong("to_model_range", "centred, but only half as wide: [-0.5, 0.5]")
def only_centred(images: Tensor) -> Tensor:
    return images.float() / 255 - 0.5


@wrong("to_model_range", "doubled while still uint8, so it wraps around")
def doubled_as_bytes(images: Tensor) -> Tensor:
    return (images * 2 - 255).float() / 255


@wrong("to_model_range", "stretches whatever the smallest and largest pixel are")
def stretched(images: Tensor) -> Tensor:
    x = images.float()
    low, high = x.min(), x.max()
    return 2 * (x - low) / (high - low) - 1


@wrong("to_model_range", "gives a NumPy array")
def as_array(images: Tensor) -> Tensor:
    return images.numpy().astype("float32") / 127.5 - 1


@wrong("to_model_range", "integer division: black and white only")
def whole_division(images: Tensor) -> Tensor:
    return (images // 255).float() * 2 - 1


@wrong("to_model_range", "two mistakes: 256 for 255, and the 1 is taken away before doubling")
def shifted_before_doubling(images: Tensor) -> Tensor:
    x = images.float() / 256
    return (x - 1) * 2


@right("to_model_range", "a table of all 256 values")
def looked_up(images: Tensor) -> Tensor:
    levels = torch.linspace(-1, 1, 256)
    return levels[images.long()]


@right("to_model_range", "in place on a fresh copy, by methods")
def chained(images: Tensor) -> Tensor:
    out = images.clone().type(torch.FloatTensor)
    return out.sub_(127.5).div_(127.5)


@right("to_model_range", "lerp between -1 and 1")
def between_the_ends(images: Tensor) -> Tensor:
    share = images.double() / 255
    black, white = -torch.ones_like(share), torch.ones_like(share)
    return torch.lerp(black, white, share).to(torch.float32)
