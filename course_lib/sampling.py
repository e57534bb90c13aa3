"""Samples, and what to compare them with: the optimal denoiser of the training set, which memorises (chapter 10).

A training set is a Gaussian mixture whose components have std 0. So its optimal denoiser is a formula, and a sampler
that uses it can only give the training images back. A network draws new images because it differs from this formula.
"""

import torch
from torch import Tensor

from course_lib.forward import extract
from course_lib.reverse import draw_noise, p_sample
from course_lib.schedules import NoiseSchedule
from course_lib.types import Generators, Model, Predicts


@torch.no_grad()
def p_sample_from(
    model: Model,
    x_t: Tensor,
    start: int,
    schedule: NoiseSchedule,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Finish a run that was stopped: from the states x_t (B, ...) at step `start` through t = start, ..., 0 to x_0.

    Each step, the last one too, draws noise of its own for every row, with `draw_noise(x.shape, schedule, generator)`.
    The steps are those of `p_sample`, as in 2006.11239, algorithm 2: start = T - 1 and a drawn x_t are `p_sample_loop`.
    """
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=schedule.device)
        noise = draw_noise(x.shape, schedule, generator)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


def optimal_denoiser_of_dataset(x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule) -> Tensor:
    """E[x_0 | x_t] if x_0 is one of the N images of the dataset, all equally likely: the best prediction there is.

    x_t       (B, ...), each row noised to its own t (B,)
    dataset   (N, ...), images of the same shape as one row of x_t

    It is a weighted mean of the images x_i, with the weights
    softmax_i(-|x_t - sqrt(alpha-bar_t) x_i|² / (2 (1 - alpha-bar_t))), where |.|² sums over all pixels and channels.
    The result, in the shape of x_t, is what a model that predicts the "start" should say.
    Source: 2206.00364, appendix B.3.
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, (len(t), 1))
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, (len(t), 1))
    rows, images = x_t.flatten(1), dataset.flatten(1)  # (B, D), (N, D)
    # -|x - s y|² = 2 s x·y - s² |y|² - |x|², and softmax does not see the last, which is the same for all images
    closeness = 2 * signal * (rows @ images.T) - signal**2 * images.square().sum(dim=1)  # (B, N)
    weights = (closeness / (2 * sigma**2)).softmax(dim=1)
    return (weights @ images).reshape(x_t.shape)


def nearest_images(samples: Tensor, dataset: Tensor, count: int = 1) -> tuple[Tensor, Tensor]:
    """For each of samples (B, ...) the `count` nearest images of dataset (N, ...), the nearest first.

    Returns their indices and distances, both (B, count). A distance is the root of the mean squared difference of the
    pixels.
    """
    rows, images = samples.flatten(1), dataset.flatten(1)
    distance, index = torch.cdist(rows, images).topk(count, largest=False)
    return index, distance / rows.shape[1] ** 0.5
