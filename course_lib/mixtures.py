"""Gaussian mixtures, where every answer is exact (chapter 02).

A Gaussian mixture stays one when it is scaled and noised, so at every noise level its density, its score
and the best possible denoiser are closed forms. A training set is a mixture too: one component per image,
with std 0.

`x` has shape (B, *event), where `event` is the shape of one sample: () for numbers, (2,) for points,
(C, H, W) for images.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib.toy import at_level
from course_lib.types import Model, SignalAndNoise

PANEL_EDGES = torch.tensor([-8.0, -4.5, -3, -2, -1, 0, 1, 2, 3, 4.5, 8], dtype=torch.float64)  # in stds
PANEL_NODES = 6  # with these the integrals are right to 1e-6


def mixture_log_prob(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    """log p(x), shape (B,); x (B, d), means (K, d), std = sqrt(v), weights (K,) that add up to 1.

    p(x) is the sum over k of weights_k N(x; means_k, v I).
    """
    square = (x[:, None] - means).square().sum(dim=2)  # (B, K)
    normaliser = x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(weights.log() - square / (2 * std**2) - normaliser, dim=1)


def mixture_score(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    """The gradient of log p at x, (B, d); x (B, d), means (K, d), std = sqrt(v), weights (K,).

    log p is `mixture_log_prob`.
    """
    arrows = means - x[:, None]  # (B, K, d)
    share = (weights.log() - arrows.square().sum(dim=2) / (2 * std**2)).softmax(dim=1)  # (B, K)
    return (share[:, :, None] * arrows).sum(dim=1) / std**2


def posterior_mean_from_score(score: Callable[[Tensor, float], Tensor], x: Tensor, sigma: float) -> Tensor:
    """E[y | x], the best prediction of the clean point behind x = y + sigma z; shape of x.

    score(x, sigma) is the gradient of log p at noise level sigma, in the shape of x.

    x + sigma² score: Tweedie's formula. Source: 2206.00364, eq. 3.
    """
    return x + sigma**2 * score(x, sigma)


def euler_sampler(score: Callable[[Tensor, float], Tensor], x: Tensor, sigmas: Tensor) -> Tensor:
    """The states of a batch on its way from noise to data, (L, B, d): first x itself, last the samples.

    score(x, sigma) is the gradient of log p at noise level sigma, (B, d); x (B, d) stands at the noise level sigmas[0];
    sigmas (L,) fall.

    Euler steps of the probability-flow ODE, dx/dsigma = -sigma score(x, sigma). Source: 2206.00364, eq. 1 with
    sigma(t) = t.
    """
    states = [x]
    for sigma, next_sigma in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        x = x + (sigma - next_sigma) * sigma * score(x, sigma)
        states.append(x)
    return torch.stack(states)


class GaussianMixture:
    """p(x) = sum over k of weights_k N(x; means_k, std_k² I).

    means    (K, *event)
    std      a number or (K,): how wide each component is, the same in all directions; 0 makes it a point
    weights  None (all the same) or (K,), relative: they are divided by their sum

    Three methods speak of x_t = scale x_0 + sigma noise, where scale = sqrt(alpha-bar_t) and sigma =
    sqrt(1 - alpha-bar_t) come from `schedule.sqrt_alphas_cumprod[t]` and
    `schedule.sqrt_one_minus_alphas_cumprod[t]`; t is a long tensor (B,), or one number for the whole
    batch. Results have the promoted dtype of x and means.
    """

    def __init__(
        self,
        means: Tensor | Sequence,
        std: Tensor | Sequence | float,
        weights: Tensor | Sequence | None = None,
    ):
        """Raises ValueError if shapes do not fit, a std is negative, or weights are negative or all 0."""
        means = torch.as_tensor(means)
        self.means = means if means.is_floating_point() else means.float()
        if self.means.ndim == 0 or self.means.numel() == 0:
            raise ValueError(f"means must have shape (K, *event) with K >= 1, not {list(self.means.shape)}.")
        self.std = self._per_component(std, "std")
        self.weights = self._per_component(1.0 if weights is None else weights, "weights")
        if not bool(self.weights.sum() > 0):
            raise ValueError("weights must not all be 0; leave them out to weight all components the same.")
        self.weights = self.weights / self.weights.sum()

    def _per_component(self, values: Tensor | Sequence | float, name: str) -> Tensor:
        values = torch.as_tensor(values).to(self.means)
        if values.shape not in ((), self.means.shape[:1]):
            raise ValueError(
                f"{name} must be one number per component, ({len(self.means)},), not {list(values.shape)}."
            )
        if not bool((values >= 0).all() & values.isfinite().all()):
            raise ValueError(f"{name} must be finite and not negative; the smallest is {float(values.min()):.4g}.")
        return values.expand(len(self.means))

    @property
    def event(self) -> torch.Size:
        """The shape of one sample."""
        return self.means.shape[1:]

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw n samples, (n, *event), with random numbers from `generator`, on its device."""
        source = generator.device if generator is not None else self.means.device
        component = torch.multinomial(self.weights.to(source), n, replacement=True, generator=generator)
        noise = torch.randn(n, *self.event, generator=generator, device=source, dtype=self.means.dtype)
        component, noise = component.to(self.means.device), noise.to(self.means.device)
        return self.means[component] + self._column(self.std[component]) * noise

    def diffuse(self, scale: float, sigma: float) -> "GaussianMixture":
        """The mixture of scale x_0 + sigma noise: means scale m_k, variances scale² std_k² + sigma²."""
        std = (scale**2 * self.std**2 + sigma**2) ** 0.5
        return GaussianMixture(scale * self.means, std, self.weights)

    def log_prob(self, x: Tensor, t: Tensor | int | None = None, schedule: SignalAndNoise | None = None) -> Tensor:
        """log p_t(x), shape (B,); without t and schedule, log p(x) of the mixture itself.

        Raises ValueError, as all the methods below, for an x of the wrong shape and where a component
        with std 0 has no noise.
        """
        logits, _, _, _ = self._components(x, t, schedule)
        return logits.logsumexp(dim=1)

    def score(self, x: Tensor, t: Tensor | int | None = None, schedule: SignalAndNoise | None = None) -> Tensor:
        """The gradient of log p_t at x, (B, *event); without t and schedule, of log p.

        sum over k of r_k (scale m_k - x) / v_k, with r_k the probability that x came from component k and
        v_k its variance.
        """
        logits, variance, scale, _ = self._components(x, t, schedule)
        pull = logits.softmax(dim=1) / variance  # (B, K)
        return self._column(scale) * self._mix(pull) - self._column(pull.sum(dim=1)) * x

    def optimal_noise(self, x_t: Tensor, t: Tensor | int, schedule: SignalAndNoise) -> Tensor:
        """E[noise | x_t] = -sigma score, (B, *event): what a perfect network predicts. 2105.05233, eq. 11.

        Zero where there is no noise.
        """
        _, sigma = self._scale_and_sigma(x_t, t, schedule)
        return -self._column(sigma) * self.score(x_t, t, schedule)

    def posterior_mean(self, x_t: Tensor, t: Tensor | int, schedule: SignalAndNoise) -> Tensor:
        """E[x_0 | x_t], (B, *event): the best guess at the clean sample. The prior mean where scale = 0.

        sum over k of r_k (sigma² m_k + scale std_k² x_t) / v_k: in each component, a weighing of its mean
        against x_t.
        """
        logits, variance, scale, sigma = self._components(x_t, t, schedule)
        pull = logits.softmax(dim=1) / variance  # (B, K)
        keep = scale * (pull * self.std.to(pull) ** 2).sum(dim=1)
        return self._column(sigma**2) * self._mix(pull) + self._column(keep) * x_t

    def _components(
        self, x: Tensor, t: Tensor | int | None, schedule: SignalAndNoise | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """log(weights_k N(x; scale m_k, v_k)) and v_k, both (B, K); scale and sigma, both (B,)."""
        scale, sigma = self._scale_and_sigma(x, t, schedule)
        variance = scale[:, None] ** 2 * self.std.to(scale) ** 2 + sigma[:, None] ** 2
        if not bool((variance > 0).all()):
            raise ValueError("without noise a component with std 0 has no density; pass t and schedule.")
        means = self._rows.to(scale)
        distance = scaled_square_distance(x.to(scale).reshape(len(x), means.shape[1]), means, scale)
        normaliser = means.shape[1] / 2 * (2 * math.pi * variance).log()
        return self.weights.to(scale).log() - normaliser - distance / (2 * variance), variance, scale, sigma

    def _scale_and_sigma(
        self, x: Tensor, t: Tensor | int | None, schedule: SignalAndNoise | None
    ) -> tuple[Tensor, Tensor]:
        """What is left of the signal and how much noise there is, row by row, (B,) each."""
        if x.ndim == 0 or x.shape[1:] != self.event:
            raise ValueError(f"x must have shape {['B', *self.event]} to fit the means, not {list(x.shape)}.")
        if (t is None) != (schedule is None):
            raise ValueError("t and schedule belong together: pass both, or neither for the mixture itself.")
        ones = x.new_ones(len(x), dtype=torch.promote_types(x.dtype, self.means.dtype))
        if t is None or schedule is None:
            return ones, torch.zeros_like(ones)
        t = torch.as_tensor(t, device=x.device).expand(len(x))
        signal, noise = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
        return signal.gather(0, t).to(ones), noise.gather(0, t).to(ones)

    @property
    def _rows(self) -> Tensor:
        """The means as (K, numbers per sample)."""
        return self.means.reshape(len(self.means), -1)

    def _mix(self, pull: Tensor) -> Tensor:
        """sum over k of pull_k m_k: (B, K) -> (B, *event)."""
        return (pull @ self._rows.to(pull)).reshape(len(pull), *self.event)

    def _column(self, values: Tensor) -> Tensor:
        """(B,) -> (B, 1, ..., 1), to multiply a batch."""
        return values.reshape(len(values), *[1] * len(self.event))

    def __repr__(self) -> str:
        return f"GaussianMixture(components={len(self.means)}, event={tuple(self.event)})"


def scaled_square_distance(x: Tensor, means: Tensor, scale: Tensor) -> Tensor:
    """|x_b - scale_b m_k|² without a (B, K, d) tensor: x (B, d), means (K, d), scale (B,) -> (B, K).

    By subtraction: expanding the square would be faster, but loses every digit when x is far away or
    noise is small.
    """
    some = scale > torch.finfo(x.dtype).eps  # below it, scale m vanishes in the rounding of x
    divisor = torch.where(some, scale, 1)[:, None]
    distance = torch.cdist(x / divisor, means, compute_mode="donot_use_mm_for_euclid_dist") * divisor
    return torch.where(some[:, None], distance**2, (x**2).sum(dim=1, keepdim=True))


def optimal_loss(mixture: GaussianMixture, t: Tensor | int, schedule: SignalAndNoise) -> Tensor:
    """The smallest mean squared error of any noise prediction at each t: float64 on the CPU, shape of t.

    Per number: 1 - E|E[noise | x_t]|² / d, since the best guess leaves the rest of the noise's variance 1.
    The expectation is an integral over all x_t by quadrature, for samples of d = 1 or 2 numbers and a few
    components. Raises ValueError for other d.
    """
    d = mixture.event.numel()
    if d > 2:
        raise ValueError(f"the quadrature is for samples of 1 or 2 numbers, not {d}; average over draws.")
    clean = GaussianMixture(mixture.means.cpu().double(), mixture.std.cpu(), mixture.weights.cpu())

    def loss(step: int) -> Tensor:
        sigma = float(schedule.sqrt_one_minus_alphas_cumprod[step])
        noisy = clean.diffuse(float(schedule.sqrt_alphas_cumprod[step]), sigma)
        nodes, weights = zip(*[_quadrature(axis, noisy.std) for axis in noisy.means.reshape(-1, d).T], strict=True)
        x = torch.cartesian_prod(*nodes).reshape(-1, *mixture.event)
        weight = torch.cartesian_prod(*weights).reshape(-1, d).prod(dim=1) * noisy.log_prob(x).exp()
        noise = -sigma * noisy.score(x)
        return 1 - (weight @ noise.square().reshape(-1, d)).mean()

    t = torch.as_tensor(t)
    return torch.stack([loss(step) for step in t.reshape(-1).tolist()]).reshape(t.shape)


def _quadrature(centres: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes and weights on one axis: Gauss-Legendre in panels, narrow where a component (K,) is."""
    edges = (centres[:, None] + std[:, None] * PANEL_EDGES).flatten().unique()
    half = edges.diff()[:, None] / 2
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(PANEL_NODES))
    return (edges[:-1, None] + half * (1 + nodes)).flatten(), (half * weights).flatten()


def four_modes(std: float = 0.05, weights: Tensor | Sequence | None = (0.4, 0.3, 0.2, 0.1)) -> GaussianMixture:
    """Narrow modes at (1, 1), (-1, 1), (-1, -1), (1, -1), unequal unless weights=None."""
    return GaussianMixture([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]], std, weights)


def mode_weights(samples: Tensor, mixture: GaussianMixture) -> tuple[Tensor, Tensor]:
    """The share of samples at each mode and its standard error, both (K,); samples (n, *event).

    A sample belongs to the nearest mean, so the modes should be narrow. The error is that of n
    independent draws, with one imagined sample inside the mode and one outside, so that the error of a mode
    without samples is not 0.
    """
    n, means = len(samples), mixture.means.to(samples)
    nearest = torch.cdist(samples.reshape(n, -1), means.reshape(len(means), -1)).argmin(dim=1)
    counts = nearest.bincount(minlength=len(means))
    guarded = (counts + 1) / (n + 2)
    return counts / n, (guarded * (1 - guarded) / n).sqrt()


class NoiseLevels(NamedTuple):
    """Noise levels as the methods of `GaussianMixture` ask for them, both [L]."""

    sqrt_alphas_cumprod: Tensor
    sqrt_one_minus_alphas_cumprod: Tensor


def noise_level_schedule(sigmas: Tensor) -> NoiseLevels:
    """Noise levels [L], as in `toy`, in the place of a schedule: x = 1 y + sigma_i noise.

    With it, `mixture.optimal_noise(x, level, ...)` and `optimal_loss(mixture, level, ...)` take a level in place of t.
    """
    return NoiseLevels(sqrt_alphas_cumprod=torch.ones_like(sigmas), sqrt_one_minus_alphas_cumprod=sigmas)


def exact_prediction(x: Tensor, level: Tensor, sigmas: Tensor, mixture: GaussianMixture) -> Tensor:
    """What a perfect model of chapter 01 says of a mixture: (sigma_i - sigma_{i+1}) E[noise | x], shape of x.

    x (B, *event), level (B,). `functools.partial(exact_prediction, sigmas=sigmas, mixture=mixture)` is that model.
    """
    gap = at_level(sigmas, level, x) - at_level(sigmas, level + 1, x)
    return gap * mixture.optimal_noise(x, level, noise_level_schedule(sigmas))


@torch.no_grad()
def excess_neighbour_loss(
    model: Model, mixture: GaussianMixture, sigmas: Tensor, generator: torch.Generator, count: int = 4096
) -> Tensor:
    """How far a model's `neighbour_loss` lies above the best possible one, level by level: (L-1,).

    The mean squared distance to the exact prediction, in units of the gap, over `count` draws: what the best guess
    leaves unexplained is uncorrelated with every function of x, so it adds the same to both losses.
    """
    excess = []
    for i in range(len(sigmas) - 1):
        y, level = mixture.sample(count, generator), torch.full((count,), i, device=sigmas.device)
        x = y + sigmas[i] * torch.randn(y.shape, generator=generator, device=generator.device).to(y)
        wrong = model(x, level) - exact_prediction(x, level, sigmas, mixture)
        excess.append((wrong / (sigmas[i] - sigmas[i + 1])).square().mean())
    return torch.stack(excess)
