"""The reverse process: what the network learns, and how its predictions lead from noise to data (chapter 05).

A model is any callable `(x_t, t) -> tensor` in the shape of x_t. What it predicts is named by `predicts`: the
"noise", the "start" x_0, or "v" = sqrt(alpha-bar_t) noise - sqrt(1 - alpha-bar_t) x_0 (2202.00512). Shapes as in
`forward`.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib.forward import extract, q_posterior, q_sample
from course_lib.mixtures import GaussianMixture
from course_lib.schedules import NoiseSchedule
from course_lib.types import Generators, LossType, Model, Predicts

LOSSES: dict[LossType, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": functional.l1_loss,
    "l2": functional.mse_loss,
    "huber": functional.huber_loss,
}
PREDICTIONS: tuple[str, ...] = get_args(Predicts)


def predict_start_from_noise(x_t: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """x_0 from x_t and the noise in it, shapes (B, ...), t (B,): the opposite of `q_sample`.

    (x_t - sqrt(1 - alpha-bar_t) noise) / sqrt(alpha-bar_t). 2006.11239, eq. 15. Not finite where alpha-bar_t = 0 (zero
    terminal SNR): pure noise tells nothing of x_0.
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - sigma * noise) / signal


def predict_start(output: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule, predicts: Predicts) -> Tensor:
    """The x_0 that a model's `output` stands for, (B, ...).

    For "v" it is sqrt(alpha-bar_t) x_t - sqrt(1 - alpha-bar_t) v. Raises ValueError for an unknown `predicts`.
    """
    if predicts == "noise":
        return predict_start_from_noise(x_t, t, output, schedule)
    if predicts == "start":
        return output
    if predicts == "v":
        signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
        sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
        return signal * x_t - sigma * output
    raise ValueError(f"unknown predicts={predicts!r}; choose one of {', '.join(PREDICTIONS)}.")


def v_from_start_and_noise(x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """v at t for x_0 and noise, shapes (B, ...).

    v = sqrt(alpha-bar_t) noise - sqrt(1 - alpha-bar_t) x_0. Source: 2202.00512, section 4.
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    return signal * noise - sigma * x_start


def training_target(x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule, predicts: Predicts) -> Tensor:
    """What the model should predict, (B, ...): the noise, x_0, or v."""
    if predicts == "noise":
        return noise
    if predicts == "start":
        return x_start
    if predicts == "v":
        return v_from_start_and_noise(x_start, t, noise, schedule)
    raise ValueError(f"unknown predicts={predicts!r}; choose one of {', '.join(PREDICTIONS)}.")


def p_losses(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
) -> Tensor:
    """The mean error of model(x_t, t) against its target, a scalar; t (B,).

    The simple loss. 2006.11239, eq. 14.

    loss_type is "l1", "l2" or "huber" (quadratic up to a difference of 1). Raises ValueError for another one.
    """
    if loss_type not in LOSSES:
        raise ValueError(f"unknown loss_type={loss_type!r}; choose one of {', '.join(LOSSES)}.")
    x_t = q_sample(x_start, t, noise, schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    return LOSSES[loss_type](model(x_t, t), target)


def p_mean(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Mean of p(x_{t-1} | x_t), shapes (B, ...), t (B,).

    It is `q_posterior` of the predicted x_0. 2006.11239, eqs. 7 and 11. clip_start keeps the predicted x_0 inside [-1,
    1], where images live.
    """
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    mean, _ = q_posterior(x_start, x_t, t, schedule)
    return mean


def p_sample(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """One step back, x_{t-1} from x_t (B, ...), t (B,), with `noise` drawn by the caller.

    x_{t-1} ~ p(x_{t-1} | x_t), that is mean + sqrt(beta-tilde_t) noise. The variance is 0 at t = 0, so the last step
    adds none, row by row. 2006.11239, algorithm 2, line 4.
    """
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


def draw_noise(shape: tuple[int, ...], schedule: NoiseSchedule, generator: Generators = None) -> Tensor:
    """A standard normal tensor of `shape` where the schedule lives, drawn with `generator` on its device.

    So a CPU generator gives the same samples on every machine. Without one it is drawn where the schedule lives. A list
    has one generator for each row: then a row does not depend on how many others there are. Raises ValueError if the
    list has another length.
    """
    if isinstance(generator, list):
        if len(generator) != shape[0]:
            raise ValueError(f"{len(generator)} generators for {shape[0]} rows; give one for each row.")
        return torch.stack([torch.randn(shape[1:], generator=g, device=g.device) for g in generator]).to(
            schedule.device
        )
    source = generator.device if generator is not None else schedule.device
    return torch.randn(shape, generator=generator, device=source).to(schedule.device)


@torch.no_grad()
def p_sample_steps(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Iterator[Tensor]:
    """Yield x_T and then every state down to x_0: T + 1 tensors of `shape`. 2006.11239, algorithm 2.

    The noise comes from `draw_noise`; the states live where the schedule lives, and so must the model.
    """
    x = draw_noise(shape, schedule, generator)
    yield x
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        noise = draw_noise(shape, schedule, generator)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
        yield x


@torch.no_grad()
def p_sample_loop(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    generator: torch.Generator | None = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Samples x_0 of `shape`, (B, ...): from x_T through t = T-1, ..., 0; t is a long tensor (B,).

    The last state of `p_sample_steps`, written out once more because this is the solution that chapter 05 shows.
    2006.11239, algorithm 2.
    """
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        noise = draw_noise(shape, schedule, generator)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


def deterministic_step(model: Model, x_t: Tensor, t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """x_{t-1} from x_t (B, ...), t (B,), without fresh noise; `model` predicts the noise.

    sqrt(alpha-bar_{t-1}) x_0 + sqrt(1 - alpha-bar_{t-1}) noise, with the predicted noise and the x_0 that follows from
    it: the same noise, only as much of it as level t-1 has. At t = 0 that is the predicted x_0. DDIM with eta = 0,
    2010.02502, eq. 12. Written for x / sqrt(alpha-bar) it is `toy.denoise_step` of chapter 01.
    """
    noise = model(x_t, t)
    x_start = predict_start_from_noise(x_t, t, noise, schedule)
    before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return before.sqrt() * x_start + (1 - before).sqrt() * noise


@torch.no_grad()
def excess_noise_loss(
    model: Model,
    mixture: GaussianMixture,
    t: Tensor,
    schedule: NoiseSchedule,
    generator: torch.Generator,
    count: int = 4096,
) -> Tensor:
    """How far a noise-predicting model's squared error lies above the best possible one, at each t; shape of t.

    E|model(x_t, t) - E[noise | x_t]|² per number, a mean over `count` draws of x_t. The model's loss is `optimal_loss`
    plus this, since what the best prediction leaves unexplained is uncorrelated with every function of x_t.
    `toy.excess_loss` and `mixtures.excess_neighbour_loss` do the same for models that predict the noise between two
    neighbouring levels.
    """

    def excess(step: int) -> Tensor:
        x_start = mixture.sample(count, generator).to(schedule.device)
        steps = torch.full((count,), step, device=schedule.device)
        x_t = q_sample(x_start, steps, draw_noise(x_start.shape, schedule, generator), schedule)
        return (model(x_t, steps) - mixture.optimal_noise(x_t, steps, schedule)).square().mean()

    return torch.stack([excess(step) for step in t.reshape(-1).tolist()]).reshape(t.shape)


class NetworkPerLevel(nn.Module):
    """One small network for each t: x (B,) or (B, ...) with `dim` numbers per row, t (B,) long -> the shape of x.

    They share nothing. All of them are computed on all rows, as one batched product per layer, and each row keeps the
    answer of its own t: for a few levels that is faster than a loop. Initial weights come from the global generator.
    """

    def __init__(self, dim: int, levels: int, width: int = 32, depth: int = 3):
        super().__init__()
        sizes = [dim, *[width] * depth, dim]
        layers = [[nn.Linear(a, b) for _ in range(levels)] for a, b in pairwise(sizes)]
        self.weights = nn.ParameterList(torch.stack([one.weight.detach().T for one in layer]) for layer in layers)
        self.biases = nn.ParameterList(torch.stack([one.bias.detach()[None] for one in layer]) for layer in layers)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        levels, dim, _ = self.weights[0].shape
        hidden = x.reshape(1, len(x), dim).expand(levels, -1, -1)
        hidden = torch.baddbmm(self.biases[0], hidden, self.weights[0])  # (levels, B, width)
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = torch.baddbmm(bias, functional.silu(hidden), weight)
        return hidden[t, torch.arange(len(x), device=x.device)].reshape(x.shape)
