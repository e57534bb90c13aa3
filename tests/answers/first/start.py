"""Answers to the quiz of chapter 00."""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from answers import right, wrong


@wrong("to_model_range", "goes from 0 to 1: the usual ToTensor scaling")
def to_tensor_scaling(images: Tensor) -> Tensor:
    return images.float() / 255


@wrong("to_model_range", "times two in uint8 overflows before the division")
def doubled_in_uint8(images: Tensor) -> Tensor:
    return images * 2 / 255 - 1


@wrong("to_model_range", "uint8 minus 128 wraps around below 0")
def shifted_in_uint8(images: Tensor) -> Tensor:
    return (images - 128) / 127.5


@wrong("to_model_range", "divides by 128: white is 0.992")
def power_of_two(images: Tensor) -> Tensor:
    return images.float() / 128 - 1


@wrong("to_model_range", "Normalize(0.5, 0.5) without the division by 255 before it")
def normalize_half_only(images: Tensor) -> Tensor:
    return (images.float() - 0.5) / 0.5


@wrong("to_model_range", "stretches by the batch's own minimum and maximum")
def min_max_of_the_batch(images: Tensor) -> Tensor:
    x = images.float()
    return 2 * (x - x.min()) / (x.max() - x.min()) - 1


@wrong("to_model_range", "standardises to mean 0 and spread 1 like the noise")
def standardised(images: Tensor) -> Tensor:
    x = images.float()
    return (x - x.mean()) / (x.std() + 1e-6)


@wrong("to_model_range", "white and black swapped")
def negative_picture(images: Tensor) -> Tensor:
    return 1 - images.float() / 127.5


@wrong("to_model_range", "only shifts by a half: from -0.5 to 0.5")
def half_range(images: Tensor) -> Tensor:
    return images.float() / 255 - 0.5


@wrong("to_model_range", "integer division leaves only three values")
def floor_division(images: Tensor) -> Tensor:
    return images.float() // 127.5 - 1


@wrong("to_model_range", "clamps the raw grey values instead of scaling them")
def clamped(images: Tensor) -> Tensor:
    return images.float().clamp(-1, 1)


@wrong("to_model_range", "minus 1 forgotten: from 0 to 2")
def without_the_shift(images: Tensor) -> Tensor:
    scaled = images.to(torch.float32) / 255.0
    return scaled * 2


@wrong("to_model_range", "hard-coded shape of the notebook's images")
def always_28(images: Tensor) -> Tensor:
    return images.view(-1, 1, 28, 28).float() / 127.5 - 1


@wrong("to_model_range", "gives a numpy array, not a tensor")
def numpy_array(images: Tensor) -> Tensor:
    return images.numpy().astype("float32") / 127.5 - 1


@wrong("to_model_range", "shift before scale in the wrong order: x / 255 - 1 times 2")
def shift_too_early(images: Tensor) -> Tensor:
    return (images.float() / 255 - 1) * 2


@wrong("to_model_range", "two mistakes: divides by 256 and puts the channel last")
def channels_last_256(images: Tensor) -> Tensor:
    x = images.float() / 256 * 2 - 1
    return rearrange(x, "... c h w -> ... h w c")


@wrong("to_model_range", "whole numbers: rounds to -1, 0 and 1 and stays an integer")
def cast_too_late(images: Tensor) -> Tensor:
    return (images / 127.5 - 1).round().to(torch.int8)


@wrong("to_model_range", "return forgotten")
def no_return(images: Tensor) -> Tensor:
    images = images.float()
    images = images / 127.5 - 1


@wrong("to_model_range", "divides by the largest value present instead of 255")
def by_the_maximum(images: Tensor) -> Tensor:
    return images.float() / images.max() * 2 - 1


@wrong("to_model_range", "F.normalize: divides by the length of the last axis")
def unit_length(images: Tensor) -> Tensor:
    return F.normalize(images.float(), dim=-1) * 2 - 1


@wrong("to_model_range", "halves the grey values in the image tensor itself")
def in_place(images: Tensor) -> Tensor:
    return (images.div_(2, rounding_mode="floor").float() - 63.5) / 63.5


@right("to_model_range", "true division of uint8 promotes by itself")
def promoted(images: Tensor) -> Tensor:
    return images / 127.5 - 1


@right("to_model_range", "table of 256 values, indexed")
def looked_up(images: Tensor) -> Tensor:
    table = torch.linspace(-1, 1, 256, device=images.device)
    return table[images.long()]


@right("to_model_range", "whole numbers first: (2 x - 255) / 255 in int32")
def integers_first(images: Tensor) -> Tensor:
    odd = 2 * images.to(torch.int32) - 255
    return odd / 255


@right("to_model_range", "ToTensor and then Normalize(0.5, 0.5), in place on the fresh copy")
def two_transforms(images: Tensor) -> Tensor:
    x = images.to(torch.float32).div_(255)
    return x.sub_(0.5).div_(0.5)


@right("to_model_range", "lerp between -1 and 1")
def interpolated(images: Tensor) -> Tensor:
    share = images.float() / 255
    return torch.lerp(torch.full_like(share, -1.0), torch.ones_like(share), share)


@right("to_model_range", "float64 inside, clamped where nothing is left to clamp")
def double_inside(images: Tensor) -> Tensor:
    x = images.double().sub(127.5).mul(2 / 255)
    return x.clamp(-1, 1).float()
