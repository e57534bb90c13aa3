"""Samples, and what to hold them against: the best denoiser of the training set, which memorises (chapter 10).

A training set is a Gaussian mixture whose components have std 0. So its best denoiser is a formula, and a sampler that
uses it can only give the training images back. What a network does better, it does by being wrong.
"""

import torch
from torch import Tensor

from course_lib.forward import extract
from course_lib.schedules import NoiseSchedule


def optimal_denoiser_of_dataset(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    """E[x_0 | x_t] if x_0 is one of the N images of `dataset`, all as likely: x_t (B, ...), dataset (N, ...).

    A weighted mean of the images, with the weights softmax_i(-|x_t - sqrt(alpha-bar_t) x_i|² / (2 (1 - alpha-bar_t))).
    `functools.partial(optimal_denoiser_of_dataset, dataset=..., schedule=...)` is a model that predicts "start".
    Source: 2206.00364, appendix B.3.
    """
    scale = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1))
    variance = 1 - extract(schedule.alphas_cumprod, t, (len(t), 1))
    rows, images = x_t.flatten(1), dataset.flatten(1)
    by_subtraction = "donot_use_mm_for_euclid_dist"  # where there is little noise, expanded squares lose every digit
    distance = scale * torch.cdist(rows / scale, images, compute_mode=by_subtraction)  # (B, N)
    weights = (-(distance**2) / (2 * variance)).softmax(dim=1)
    return (weights @ images).reshape(x_t.shape)


def nearest_images(samples: Tensor, dataset: Tensor) -> tuple[Tensor, Tensor]:
    """For each of samples (B, ...) the image of dataset (N, ...) that is nearest: its index (B,) and distance (B,).

    The distance is the root of the mean squared difference of the pixels.
    """
    rows, images = samples.flatten(1), dataset.flatten(1)
    distance, index = torch.cdist(rows, images).min(dim=1)
    return index, distance / rows.shape[1] ** 0.5
