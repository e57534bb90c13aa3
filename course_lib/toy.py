"""The smallest diffusion: one number, a sequence of noise levels, a small network (chapter 01).

Clean data y becomes x = y + sigma noise. The levels sigma_0 > sigma_1 > ... come as `sigmas`, shape [L],
and a level is an index into it. At level i a model `(x, level) -> prediction` says how much noise lies
between sigma_i and sigma_{i+1}, that is (sigma_i - sigma_{i+1}) noise, so there are L - 1 levels to learn
and to step from. The last one, sigma_{L-1} = sigma_min, is where x is left: make it small beside the
data's own standard deviation. (The last level may also be 0: everything here works with it.)

`x` has shape (B,) or (B, ...), `level` is a long tensor (B,) unless it is said to be one number.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from course_lib.types import Model


def toy_data(count: int, mean: float = 1.0, std: float = 0.01, generator: torch.Generator | None = None) -> Tensor:
    """Draw `count` numbers from N(mean, std²): float32 (count,), on the generator's device."""
    device = generator.device if generator is not None else None
    return mean + std * torch.randn(count, generator=generator, device=device)


def noise_levels(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    """Levels that fall from sigma_max to sigma_min by the same factor each time, float32 [count].

    Source: 1907.05600, section 4.1. Raises ValueError unless count >= 2 and sigma_max > sigma_min > 0.
    """
    if count < 2:
        raise ValueError(f"two ends need at least 2 levels, not count={count}.")
    if not sigma_max > sigma_min > 0:
        raise ValueError(f"levels must fall and stay above 0: sigma_max={sigma_max}, sigma_min={sigma_min}.")
    progress = torch.linspace(0, 1, count, dtype=torch.float64)
    return (sigma_max * (sigma_min / sigma_max) ** progress).float()


def at_level(sigmas: Tensor, level: Tensor, x: Tensor) -> Tensor:
    """sigmas[level], shaped to multiply a batch: sigmas [L], level (B,), x (B, ...) -> (B, 1, ..., 1)."""
    return sigmas[level].reshape(len(level), *[1] * (x.ndim - 1))


def neighbour_loss(model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    """The mean squared error of the predicted noise between neighbouring levels, in units of the gap: a scalar.

    y and noise (B, ...); level long (B,), 0 ... L-2, one for each row; sigmas float [L].

    The gap is sigma_i - sigma_{i+1}. In its units every level counts the same (2206.00364, section 5): predicting 0
    costs 1, and the best possible loss at level i is std² / (std² + sigma_i²).
    """
    sigma = at_level(sigmas, level, y)
    gap = sigma - at_level(sigmas, level + 1, y)
    return ((model(y + sigma * noise, level) - gap * noise) / gap).square().mean()


def denoise_step(model: Model, x: Tensor, level: int) -> Tensor:
    """From `level` to the next one, for a batch x (B, ...) that stands at that level.

    The model takes (x, level) with a long tensor (B,) for the level, and predicts in the units of x.

    x <- x - prediction: one Euler step of the probability-flow ODE, dx/dsigma = (x - E[y | x]) / sigma. Source:
    2206.00364, eqs. 1 and 3.
    """
    return x - model(x, torch.full((len(x),), level, device=x.device))


def sample_path(model: Model, noise: Tensor, sigmas: Tensor) -> Tensor:
    """x at every level, from the start, which is pure noise, to the samples: [L, B].

    noise (B,) is standard normal; sigmas [L], the largest first.

    The start is sigma_0 noise, and L - 1 times `denoise_step` leads to sigma_{L-1}.
    """
    states = [sigmas[0] * noise]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return torch.stack(states)


@torch.no_grad()
def denoise_steps(
    model: Model, shape: tuple[int, ...], sigmas: Tensor, generator: torch.Generator | None = None
) -> Iterator[Tensor]:
    """Yield x at every level, L tensors of `shape`: first sigma_0 times noise, last the samples.

    The noise is the only random draw: `torch.randn(shape, generator=generator)` on the generator's device.
    The states live where `sigmas` lives, and so must the model.
    """
    source = generator.device if generator is not None else sigmas.device
    x = sigmas[0] * torch.randn(shape, generator=generator, device=source).to(sigmas.device)
    yield x
    for level in range(len(sigmas) - 1):
        x = denoise_step(model, x, level)
        yield x


def optimal_denoiser(x: Tensor, sigma: Tensor | float, mean: Tensor | float, std: float) -> Tensor:
    """E[y | x], the best prediction of y from x = y + sigma noise, if y ~ N(mean, std²); shape of x.

    (std² x + sigma² mean) / (std² + sigma²): trust x when there is little noise, the mean when there is
    much.
    """
    return (std**2 * x + sigma**2 * mean) / (std**2 + sigma**2)


def peaks_denoiser(x: Tensor, sigma: Tensor | float, peaks: Tensor, std: float) -> Tensor:
    """E[y | x], the best prediction of y from x = y + sigma noise, for data with several equal peaks; (B,).

    x (B,); sigma a number or (B,); peaks (K,), where the peaks are; std, the standard deviation of each.

    The mean of the peaks' own answers, `optimal_denoiser`, each with the probability that x came from that peak. This
    is proportional to N(x; peak, std² + sigma²). Chapter 02 has peaks of any weight in any number of dimensions.
    """
    distance = x - peaks[:, None]  # (K, B)
    share = torch.softmax(-(distance**2) / (2 * (std**2 + sigma**2)), dim=0)
    return (share * optimal_denoiser(x, sigma, peaks[:, None], std)).sum(dim=0)


def optimal_prediction(x: Tensor, level: Tensor, sigmas: Tensor, mean: float, std: float) -> Tensor:
    """What a perfect model predicts if y ~ N(mean, std²): (sigma_i - sigma_{i+1}) E[noise | x], shape of x.

    `functools.partial(optimal_prediction, sigmas=sigmas, mean=mean, std=std)` is that model.
    """
    sigma, next_sigma = at_level(sigmas, level, x), at_level(sigmas, level + 1, x)
    return (sigma - next_sigma) / sigma * (x - optimal_denoiser(x, sigma, mean, std))


@torch.no_grad()
def excess_loss(model: Model, sigmas: Tensor, mean: float, std: float, points: int = 1001) -> Tensor:
    """How far the model's loss is above the best possible one if y ~ N(mean, std²), level by level: [L-1].

    In the units of `neighbour_loss`: 0 for the exact model, sigma_i² / (std² + sigma_i²) for a model that
    always predicts 0. The average over x is taken at `points` quantiles of its density, so nothing is drawn.
    """
    z = torch.special.ndtri((torch.arange(points, device=sigmas.device) + 0.5) / points)
    excess = []
    for i in range(len(sigmas) - 1):
        x, level = mean + (std**2 + sigmas[i] ** 2).sqrt() * z, torch.full((points,), i, device=z.device)
        wrong = model(x, level) - optimal_prediction(x, level, sigmas, mean, std)
        excess.append((wrong / (sigmas[i] - sigmas[i + 1])).square().mean())
    return torch.stack(excess)


class MLP(nn.Module):
    """A small network: x (B,) or (B, ...) with `dim` numbers per row, t (B,) long -> the shape of x.

    t is a level or a time step, 0 ... levels-1; each has a learned embedding, added after the first
    layer. Initial weights come from torch's global generator, as in every module: call
    `torch.manual_seed` before.
    """

    def __init__(self, dim: int, levels: int, width: int = 128, depth: int = 3):
        super().__init__()
        self.inlet = nn.Linear(dim, width)
        self.level = nn.Embedding(levels, width)
        hidden = [layer for _ in range(depth - 1) for layer in (nn.SiLU(), nn.Linear(width, width))]
        self.body = nn.Sequential(*hidden, nn.SiLU(), nn.Linear(width, dim))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        rows = x.reshape(len(x), self.inlet.in_features)  # (B, dim)
        return self.body(self.inlet(rows) + self.level(t)).reshape(x.shape)


class Preconditioned(nn.Module):
    """A network whose inputs and outputs are of about size 1 at every level: (x, level) -> prediction, shape of x.

    Inputs are standardised with the data's `mean` and `std` and the level's noise, outputs are in units
    of the gap. Without this scaling the same network would have to learn slopes of 1 / 0.01 and values of
    10 at once, and plain SGD fails at that. Source: 2206.00364, section 5.
    """

    sigmas: Tensor

    def __init__(self, network: nn.Module, sigmas: Tensor, mean: float, std: float):
        super().__init__()
        self.network, self.mean, self.std = network, mean, std
        self.register_buffer("sigmas", sigmas)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        sigma, next_sigma = at_level(self.sigmas, level, x), at_level(self.sigmas, level + 1, x)
        standardised = (x - self.mean) / (self.std**2 + sigma**2).sqrt()
        return (sigma - next_sigma) * self.network(standardised, level)


def fit(draw_loss: Callable[[], Tensor], optimizer: torch.optim.Optimizer, steps: int) -> Iterator[tuple[int, float]]:
    """Yield (step, loss) while `optimizer` minimises `draw_loss()`, the loss on a fresh batch.

    The learning rate falls on a straight line from the optimizer's own to 0, which ends several times
    closer than a constant one. Nothing happens until the iterator is drawn from.
    """
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for step in range(steps):
        loss = draw_loss()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
        yield step, loss.item()


def train_toy(
    model: nn.Module,
    data: Tensor,
    sigmas: Tensor,
    steps: int,
    generator: torch.Generator,
    batch_size: int = 256,
    learning_rate: float = 0.2,
) -> Iterator[tuple[int, float]]:
    """Train on `data` (N, ...) by plain SGD and yield (step, loss); 2,000 steps take about 2 seconds.

    Rows, levels and noise are drawn from `generator`, which must be on the device of data, sigmas and
    model. Each level is drawn equally often.
    """
    device = generator.device

    def draw_loss() -> Tensor:
        y = data[torch.randint(len(data), (batch_size,), generator=generator, device=device)]
        level = torch.randint(len(sigmas) - 1, (batch_size,), generator=generator, device=device)
        noise = torch.randn(y.shape, generator=generator, device=device)
        return neighbour_loss(model, y, level, noise, sigmas)

    return fit(draw_loss, torch.optim.SGD(model.parameters(), lr=learning_rate), steps)
