"""Noise schedules: how fast the signal fades, and every constant that follows from it (chapter 03).

The index `t` runs from 0 to T-1 and `t = 0` is the paper's t = 1, so `alphas_cumprod[t]` is the paper's
alpha-bar_{t+1}. Schedules are float64; a `NoiseSchedule` computes in float64 and stores float32.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.types import BetaSchedule


def linear_beta_schedule(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    """`timesteps` betas on a straight line from beta_start to beta_end, both included; float64 [T].

    Source: DDPM, 2006.11239, section 4.
    """
    return torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)


def quadratic_beta_schedule(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    """Betas whose square roots lie on a straight line; the ends are beta_start and beta_end; float64 [T].

    Source: 2006.11239, appendix B.
    """
    return torch.linspace(beta_start**0.5, beta_end**0.5, timesteps, dtype=torch.float64) ** 2


def sigmoid_beta_schedule(timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    """beta_start + (beta_end - beta_start) * sigmoid(u), u on a line from -6 to 6; float64 [T].

    The betas rise slowly, then fast, then slowly. Source: GeoDiff, 2203.02923.
    """
    ramp = torch.sigmoid(torch.linspace(-6, 6, timesteps, dtype=torch.float64))
    return beta_start + (beta_end - beta_start) * ramp


def cosine_beta_schedule(timesteps: int, s: float = 0.008) -> Tensor:
    """Betas whose alpha-bar follows the squared cosine, none above 0.999; float64 [T].

    beta_t = 1 - alpha-bar_t / alpha-bar_{t-1}, clipped so that the last step keeps a trace of signal. Source: Improved
    DDPM, 2102.09672, equation 17.
    """
    time = torch.linspace(0, 1, timesteps + 1, dtype=torch.float64)
    alphas_cumprod = torch.cos((time + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=0.999)


BETA_SCHEDULES: dict[BetaSchedule, Callable[..., Tensor]] = {
    "linear": linear_beta_schedule,
    "quadratic": quadratic_beta_schedule,
    "cosine": cosine_beta_schedule,
    "sigmoid": sigmoid_beta_schedule,
}


def alphas_cumprod_from_betas(betas: Tensor) -> Tensor:
    """alpha-bar_t for every t, shape [T] like `betas`.

    The product of (1 - beta_s) over s <= t. Source: 2006.11239, above eq. 4.
    """
    return torch.cumprod(1 - betas, dim=0)


def snr(alphas_cumprod: Tensor) -> Tensor:
    """Signal-to-noise ratio for each alpha-bar; any shape.

    alpha-bar / (1 - alpha-bar). Source: VDM, 2107.00630, equation 2.
    """
    return alphas_cumprod / (1 - alphas_cumprod)


def sigma_from_alphas_cumprod(alphas_cumprod: Tensor) -> Tensor:
    """The sigma of x_0 + sigma noise that is as noisy as x_t, for each alpha-bar; any shape.

    sqrt((1 - alpha-bar) / alpha-bar): divide x_t by sqrt(alpha-bar). Infinite where alpha-bar is 0. Source: DDIM,
    2010.02502, section 4.3.
    """
    return ((1 - alphas_cumprod) / alphas_cumprod).sqrt()


def rescale_zero_terminal_snr(betas: Tensor) -> Tensor:
    """Betas [T] whose sqrt(alpha-bar) is shifted to end at 0 and stretched to start where it did.

    The last beta becomes 1: x_T is then pure noise, and a network that predicts the noise learns nothing there, so
    train it on "v" or "start". Source: 2305.08891, algorithm 1.

    Raises ValueError for fewer than two steps: the only step would have to be start and end at once. Every beta but the
    last must be below 1.
    """
    if len(betas) < 2:
        raise ValueError("rescale_zero_terminal_snr needs at least 2 timesteps; make the schedule longer.")
    root = alphas_cumprod_from_betas(betas).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    alphas_cumprod = root**2
    alphas = torch.cat([alphas_cumprod[:1], alphas_cumprod[1:] / alphas_cumprod[:-1]])
    return 1 - alphas


class NoiseSchedule:
    """Every constant of the forward and reverse process, float32 tensors of shape [T].

    betas, alphas                          beta_t and 1 - beta_t
    alphas_cumprod, alphas_cumprod_prev    alpha-bar_t and alpha-bar_{t-1}, the latter 1 at t = 0
    one_minus_alphas_cumprod_prev          1 - alpha-bar_{t-1}, with the digits that it loses if subtracted in float32
    sqrt_alphas_cumprod                    what is left of the signal in x_t (2006.11239, eq. 4)
    sqrt_one_minus_alphas_cumprod          how much noise is in x_t (eq. 4)
    posterior_mean_coef1, ..._coef2        weights of x_0 and x_t in the mean of q(x_{t-1} | x_t, x_0) (eq. 7)
    posterior_variance                     beta-tilde_t, its variance, 0 at t = 0 (eq. 7)
    """

    def __init__(self, betas: Tensor):
        """Raises ValueError unless `betas` is one-dimensional, not empty and inside (0, 1]."""
        betas = torch.as_tensor(betas).double()
        if betas.ndim != 1 or len(betas) == 0:
            raise ValueError(f"betas must have shape [T] with T >= 1, not {list(betas.shape)}.")
        if not bool(((betas > 0) & (betas <= 1)).all()):
            raise ValueError(
                f"every beta must lie in (0, 1]; these run from {float(betas.min()):.4g} "
                f"to {float(betas.max()):.4g}. Check beta_start and beta_end."
            )
        self.timesteps = len(betas)
        alphas = 1 - betas
        alphas_cumprod = alphas_cumprod_from_betas(betas)
        alphas_cumprod_prev = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])

        self.betas = betas.float()
        self.alphas = alphas.float()
        self.alphas_cumprod = alphas_cumprod.float()
        self.alphas_cumprod_prev = alphas_cumprod_prev.float()
        self.one_minus_alphas_cumprod_prev = (1 - alphas_cumprod_prev).float()
        self.sqrt_alphas_cumprod = alphas_cumprod.sqrt().float()
        self.sqrt_one_minus_alphas_cumprod = (1 - alphas_cumprod).sqrt().float()
        self.posterior_mean_coef1 = (betas * alphas_cumprod_prev.sqrt() / (1 - alphas_cumprod)).float()
        self.posterior_mean_coef2 = ((1 - alphas_cumprod_prev) * alphas.sqrt() / (1 - alphas_cumprod)).float()
        self.posterior_variance = (betas * (1 - alphas_cumprod_prev) / (1 - alphas_cumprod)).float()

    @classmethod
    def from_name(cls, name: BetaSchedule, timesteps: int = 1000, **options: float) -> "NoiseSchedule":
        """A schedule by its name in BETA_SCHEDULES; `options` go to its function, e.g. `beta_end=0.01`."""
        if name not in BETA_SCHEDULES:
            raise ValueError(f"unknown schedule {name!r}; choose one of {', '.join(BETA_SCHEDULES)}.")
        return cls(BETA_SCHEDULES[name](timesteps, **options))

    def to(self, device: torch.device | str) -> "NoiseSchedule":
        """The same schedule with its tensors on `device`."""
        moved = object.__new__(NoiseSchedule)
        for name, value in vars(self).items():
            setattr(moved, name, value.to(device) if isinstance(value, Tensor) else value)
        return moved

    @property
    def device(self) -> torch.device:
        """Where the constants live."""
        return self.betas.device

    def __repr__(self) -> str:
        return f"NoiseSchedule(timesteps={self.timesteps}, alphas_cumprod[-1]={float(self.alphas_cumprod[-1]):.3g})"
