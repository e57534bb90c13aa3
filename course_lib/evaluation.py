"""How good are the samples? Five measures, each of which sees something that the others miss (chapter 11).

The first four compare features: what a classifier's last layer reads, n images giving (n, d). A number says little by
itself; it stands beside its floor, what as many real images reach that the reference has not seen.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.special import log_ndtr

from course_lib.forward import extract, q_posterior, q_sample
from course_lib.objective import kl_between_gaussians, prior_kl
from course_lib.reverse import p_mean
from course_lib.schedules import NoiseSchedule
from course_lib.types import Model, Predicts

BIN = 2 / 255  # from one grey level to the next, where images are in [-1, 1]


class Gaussian(NamedTuple):
    """A mean (d,) and a covariance (d, d), float64."""

    mean: Tensor
    covariance: Tensor


def fit_gaussian(features: Tensor) -> Gaussian:
    """The Gaussian with the mean and the (unbiased) covariance of features (n, d)."""
    features = features.double()
    return Gaussian(features.mean(dim=0), torch.cov(features.T))


def frechet_distance(mean1: Tensor, covariance1: Tensor, mean2: Tensor, covariance2: Tensor) -> Tensor:
    """The squared Wasserstein distance of two Gaussians, a scalar; means (d,), covariances (d, d).

    |m1 - m2|² + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2)). Source: 1706.08500, equation 6.

    C1 C2 has the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric and has no negative ones: two calls of
    `eigh` and no matrix root that may turn complex.
    """
    values, vectors = torch.linalg.eigh(covariance1)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    overlap = torch.linalg.eigvalsh(root @ covariance2 @ root).clamp(min=0).sqrt().sum()
    return (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * overlap


def kernel_distance(features1: Tensor, features2: Tensor) -> Tensor:
    """The squared maximum mean discrepancy of features (n, d) and (m, d), a scalar: KID.

    With the kernel k(x, y) = (x·y / d + 1)³ it is the mean k between two different rows of features1, plus the same of
    features2, less twice the mean k between a row of features1 and one of features2. A row is not compared with itself:
    so the mean over many draws is 0 if both have one distribution, whatever n is, and a single value can be negative.
    Source: 1801.01401, section 4.
    """
    n, d = features1.shape
    m = len(features2)
    within1 = (features1 @ features1.T / d + 1) ** 3  # (n, n)
    within2 = (features2 @ features2.T / d + 1) ** 3  # (m, m)
    between = (features1 @ features2.T / d + 1) ** 3  # (n, m)
    mean1 = (within1.sum() - within1.trace()) / (n * (n - 1))
    mean2 = (within2.sum() - within2.trace()) / (m * (m - 1))
    return mean1 + mean2 - 2 * between.mean()


def inception_score(probabilities: Tensor) -> Tensor:
    """exp of the mean KL(p(y | x) || p(y)), a scalar from 1 to K; probabilities (n, K), a classifier's for n images.

    p(y) is the mean of the rows. The score is large where each image is surely of one class and all classes are there.
    It never looks at real images. Source: 1606.03498, section 4.
    """
    marginal = probabilities.mean(dim=0)
    kl = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)  # 0 log 0 = 0
    return kl.sum(dim=1).mean().exp()


def precision_recall(real: Tensor, generated: Tensor, k: int = 3) -> tuple[Tensor, Tensor]:
    """(precision, recall), scalars from 0 to 1, of features real (n, d) and generated (m, d).

    Around each row of a set lies a ball that reaches to its k-th nearest other row of that set. Precision is the share
    of the generated rows that lie in a ball of the real ones: are the samples good? Recall is the share of the real
    rows that lie in a ball of the generated ones: is everything there? The border belongs to the ball. Source:
    1904.06991, section 3.
    """

    def share_inside(points: Tensor, centres: Tensor) -> Tensor:
        between = torch.cdist(centres, centres).fill_diagonal_(math.inf)  # nobody is their own neighbour
        radius = between.kthvalue(k, dim=1).values  # (centres,)
        return (torch.cdist(points, centres) <= radius).any(dim=1).to(points.dtype).mean()

    return share_inside(generated, real), share_inside(real, generated)


def bin_log_probability(x_start: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """log of the probability that N(mean, variance) gives to the grey level of each pixel, in nats; shapes (B, ...).

    x_start in [-1, 1] has 256 levels, and each stands for all numbers within half a BIN of it; the first and the last
    level have all that lies beyond, too. 2006.11239, eq. 13.
    """
    std = variance.sqrt()
    upper, lower = (x_start - mean + BIN / 2) / std, (x_start - mean - BIN / 2) / std
    # Far out on the right both probabilities are 1; mirrored to the left, their logarithms keep their difference.
    mirror = upper + lower > 0
    high, low = torch.where(mirror, -lower, upper).double(), torch.where(mirror, -upper, lower).double()
    inside = log_ndtr(high) + (-torch.expm1(log_ndtr(low) - log_ndtr(high))).log()  # log(P(high) - P(low))
    below = torch.where(x_start < -1 + BIN / 2, log_ndtr(upper.double()), inside)
    return torch.where(x_start > 1 - BIN / 2, log_ndtr(-lower.double()), below).to(x_start.dtype)


def bits_per_dimension(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    variance: Tensor,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """What step t of the bound costs for each image, in bits per number of it; (B,), with t (B,), images (B, C, H, W).

    For t > 0 it is KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)), for t = 0 it is -log p(x_0 | x_t) of
    `bin_log_probability`, both as the mean over the image and divided by log 2. p is Gaussian with `p_mean` and
    variance[t]; `variance` [T] is ours to choose. Source: 2006.11239, eqs. 5 and 13.

    The sum over t = 0 ... T-1 and `prior_bits` bound the bits that a lossless code made of this model needs.
    """
    x_t = q_sample(x_start, t, noise, schedule)
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    exact_mean, exact_variance = q_posterior(x_start, x_t, t, schedule)
    chosen = extract(variance, t, x_start.shape)
    kl = kl_between_gaussians(exact_mean, exact_variance, mean, chosen)  # not finite at t = 0
    first = (t == 0).reshape(-1, *[1] * (x_start.ndim - 1))
    nats = torch.where(first, -bin_log_probability(x_start, mean, chosen), kl)
    return nats.flatten(1).mean(dim=1) / math.log(2)


def prior_bits(x_start: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The bound's last term, L_T, in bits per number: what x_T still tells about each image (B, ...); (B,)."""
    return prior_kl(x_start, schedule).flatten(1).mean(dim=1) / math.log(2)


@torch.no_grad()
def bits_by_step(
    model: Model,
    x_start: Tensor,
    schedule: NoiseSchedule,
    variance: Tensor,
    generator: torch.Generator,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """`bits_per_dimension` at every t, a mean over the images (B, C, H, W), and at last `prior_bits`: (T + 1,).

    The sum is the bound in bits per dimension. It takes T calls of the model.
    """

    def step(number: int) -> Tensor:
        t = torch.full((len(x_start),), number, device=x_start.device)
        noise = torch.randn(x_start.shape, generator=generator).to(x_start.device)
        return bits_per_dimension(model, x_start, t, noise, schedule, variance, predicts, clip_start).mean()

    return torch.stack([*map(step, range(schedule.timesteps)), prior_bits(x_start, schedule).mean()])
