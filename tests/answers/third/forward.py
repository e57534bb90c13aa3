"""Answers to the new quizzes of chapter 04."""

import torch
from torch import Tensor

from answers import right, wrong
from course_lib.toy import optimal_denoiser

# combine_gaussians


@wrong("combine_gaussians", "weighted by standard deviations instead of variances")
def product_by_deviations(mean1, variance1, mean2, variance2):
    s1, s2 = variance1.sqrt(), variance2.sqrt()
    return (s2 * mean1 + s1 * mean2) / (s1 + s2), variance1 * variance2 / (variance1 + variance2)


@wrong("combine_gaussians", "the harmonic mean of the variances: twice too much")
def product_harmonic_mean(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (variance2 * mean1 + variance1 * mean2) / total, 2 * variance1 * variance2 / total


@wrong("combine_gaussians", "the variance first, then the mean")
def product_order(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return variance1 * variance2 / total, (variance2 * mean1 + variance1 * mean2) / total


@wrong("combine_gaussians", "mean and variance of a mixture of the two")
def product_is_mixture(mean1, variance1, mean2, variance2):
    mean = (mean1 + mean2) / 2
    return mean, (variance1 + variance2) / 2 + ((mean1 - mean2) / 2) ** 2


@wrong("combine_gaussians", "the smaller variance")
def product_smaller_variance(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (variance2 * mean1 + variance1 * mean2) / total, torch.minimum(variance1, variance2)


@wrong("combine_gaussians", "the product of the variances, not divided")
def product_variance_undivided(mean1, variance1, mean2, variance2):
    mean = (variance2 * mean1 + variance1 * mean2) / (variance1 + variance2)
    return mean, variance1 * variance2


@wrong("combine_gaussians", "both in one tensor")
def product_stacked(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    mean, variance = (variance2 * mean1 + variance1 * mean2) / total, variance1 * variance2 / total
    return torch.stack(torch.broadcast_tensors(mean, variance))


@wrong("combine_gaussians", "the means are added, weighted by precisions, but not multiplied by the variance")
def product_mean_unscaled(mean1, variance1, mean2, variance2):
    mean = mean1 / variance1 + mean2 / variance2
    return mean, variance1 * variance2 / (variance1 + variance2)


@wrong("combine_gaussians", "where a variance is 0, its infinite precision is replaced by 0")
def product_infinite_is_zero(mean1, variance1, mean2, variance2):
    p1 = torch.nan_to_num(1 / variance1, posinf=0.0)
    p2 = torch.nan_to_num(1 / variance2, posinf=0.0)
    return (p1 * mean1 + p2 * mean2) / (p1 + p2), 1 / (p1 + p2)


@wrong("combine_gaussians", "the difference of the means")
def product_difference(mean1, variance1, mean2, variance2):
    total = variance1 + variance2
    return (variance2 * mean1 - variance1 * mean2) / total, variance1 * variance2 / total


@wrong("combine_gaussians", "only the variance")
def product_variance_only(mean1, variance1, mean2, variance2):
    return variance1 * variance2 / (variance1 + variance2)


@wrong("combine_gaussians", "the variance with the root of the sum of squares")
def product_root_of_squares(mean1, variance1, mean2, variance2):
    mean = (variance2 * mean1 + variance1 * mean2) / (variance1 + variance2)
    return mean, variance1 * variance2 / (variance1**2 + variance2**2).sqrt()


@right("combine_gaussians", "optimal_denoiser of chapter 01 for the mean")
def product_by_denoiser(mean1, variance1, mean2, variance2):
    mean = optimal_denoiser(mean1, variance1.sqrt(), mean2, variance2.sqrt())
    return mean, variance1 * (variance2 / (variance1 + variance2))


@right("combine_gaussians", "Kalman's update of the first witness")
def product_by_kalman(mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor) -> tuple[Tensor, Tensor]:
    gain = variance1 / (variance1 + variance2)
    return torch.addcmul(mean1 * torch.ones_like(gain), gain, mean2 - mean1), (1 - gain) * variance1


@right("combine_gaussians", "the weights by a softmax of logarithms")
def product_by_softmax(mean1, variance1, mean2, variance2):
    mean1, variance1, mean2, variance2 = torch.broadcast_tensors(mean1, variance1, mean2, variance2)
    weights = torch.stack([variance2, variance1]).log().softmax(dim=0)
    return (weights * torch.stack([mean1, mean2])).sum(dim=0), weights[0] * variance1


@right("combine_gaussians", "element by element, with a branch for each certain witness")
def product_by_elements(mean1, variance1, mean2, variance2):
    every = torch.broadcast_tensors(mean1, variance1, mean2, variance2)
    shape, pairs = every[0].shape, []
    for m1, v1, m2, v2 in zip(*(part.flatten().tolist() for part in every), strict=True):
        if v1 == 0:
            pairs.append((m1, 0.0))
        elif v2 == 0:
            pairs.append((m2, 0.0))
        else:
            v = 1 / (1 / v1 + 1 / v2)
            pairs.append((v * (m1 / v1 + m2 / v2), v))
    mean, variance = torch.tensor(pairs, dtype=mean1.dtype).unbind(dim=1)
    return mean.reshape(shape), variance.reshape(shape)
