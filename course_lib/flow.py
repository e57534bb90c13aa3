"""Flow matching: a straight path from noise to data, its velocity, and few-step sampling along it (chapter 16).

Flow time is a float t (B,) from 0, pure noise, to 1, data: the other way round than the time step of `forward`. A point
on the path is x_t = (1 - t) noise + t x_0, and a velocity model is any callable (x_t, t) -> velocity in the shape of
x_t. x_0 is the data, `x_start`, as everywhere in the course.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

from course_lib.fast_sampling import predict_start_and_noise
from course_lib.mixtures import GaussianMixture, NoiseLevels
from course_lib.schedules import NoiseSchedule
from course_lib.types import Model, Predicts

Step = Callable[[Model, Tensor, Tensor, Tensor], Tensor]
"""(model, x at t, t, t_next) -> x at t_next: `euler_step` or `midpoint_step`."""


def flow_path(x_start: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The point at time t on the straight line from `noise` to x_start, (B, ...): (1 - t) noise + t x_start.

    x_start and noise (B, ...), t (B,) from 0 (noise) to 1 (data). Source: 2209.03003, section 2.1; 2210.02747, eq. 22
    with sigma_min = 0.
    """
    t = t.reshape(-1, *[1] * (x_start.ndim - 1))
    return (1 - t) * noise + t * x_start


def flow_matching_loss(model: Model, x_start: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The mean squared error of the model's velocity on the straight path, a scalar; x_start, noise (B, ...), t (B,).

    The model is asked at (x_t, t), where x_t is the point of `flow_path`; the line's own velocity is x_start - noise.
    Source: 2210.02747, eq. 23 with sigma_min = 0.
    """
    velocity = model(flow_path(x_start, t, noise), t)
    return (velocity - (x_start - noise)).square().mean()


def euler_step(model: Model, x: Tensor, t: Tensor, t_next: Tensor) -> Tensor:
    """x at t_next from x (B, ...) at t, with one call of the model (x, t) -> velocity; t and t_next (B,).

    Source: 2209.03003, section 2.1 (the explicit Euler method).
    """
    step = (t_next - t).reshape(-1, *[1] * (x.ndim - 1))
    return x + step * model(x, t)


def midpoint_step(model: Model, x: Tensor, t: Tensor, t_next: Tensor) -> Tensor:
    """x at t_next from x (B, ...) at t, two calls of the model; t and t_next (B,).

    Half an Euler step leads to the middle, and the velocity found there makes the whole step. Its error falls with the
    square of the step (Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, eq. II.1.7).
    """
    middle = (t + t_next) / 2
    velocity = model(euler_step(model, x, t, middle), middle)
    return x + _column(t_next - t, x) * velocity


def velocity_from_noise(x_t: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The velocity x_0 - noise that a predicted noise stands for, (B, ...); x_t and noise (B, ...), t (B,) above 0.

    (x_t - noise) / t: `flow_path` solved for x_0, less the noise. At t = 0, x_t is the noise itself and tells nothing
    of x_0.
    """
    return (x_t - noise) / t.reshape(-1, *[1] * (x_t.ndim - 1))


def flow_times(steps: int, device: torch.device | None = None) -> Tensor:
    """0, 1 / steps, ..., 1: the times between `steps` steps of the same length, float32 (steps + 1,).

    Raises ValueError for fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"steps must be 1 or more, not {steps}.")
    return torch.linspace(0, 1, steps + 1, device=device)


@torch.no_grad()
def flow_sample_steps(model: Model, noise: Tensor, steps: int, step: Step = euler_step) -> Iterator[Tensor]:
    """The states on the way from `noise` (B, ...) to samples: noise itself, then x after each of `steps` steps.

    `euler_step` asks the model once a step, `midpoint_step` twice. The ODE dx/dt = model(x, t): 2210.02747, eq. 1.
    """
    x = noise
    yield x
    for t, t_next in pairwise(flow_times(steps, noise.device)):
        x = step(model, x, t.expand(len(x)), t_next.expand(len(x)))
        yield x


def flow_sample_loop(model: Model, noise: Tensor, steps: int, step: Step = euler_step) -> Tensor:
    """The last of `flow_sample_steps`: samples (B, ...)."""
    return deque(flow_sample_steps(model, noise, steps, step), maxlen=1)[0]


# Exact answers


def exact_velocity(mixture: GaussianMixture, x: Tensor, t: Tensor) -> Tensor:
    """E[x_0 - noise | x_t = x], the best velocity for a mixture, (B, *event); x (B, *event), t (B,) from 0 to 1.

    For data N(m, s²) it is m - x at t = 0 and x at t = 1. `functools.partial(exact_velocity, mixture)` is the perfect
    model. Raises ValueError at t = 1 for a component with std 0. Source: 2210.02747, eq. 8.
    """
    path = NoiseLevels(sqrt_alphas_cumprod=t, sqrt_one_minus_alphas_cumprod=1 - t)  # row i of x stands at level i
    row = torch.arange(len(x), device=x.device)
    return mixture.posterior_mean(x, row, path) - mixture.optimal_noise(x, row, path)


# The bridge to diffusion: the same path at another scale, passed at another speed


def flow_beta_schedule(timesteps: int) -> Tensor:
    """Betas of the straight path, float64 [timesteps]: at step k the flow time is 1 - (k + 1) / timesteps.

    sqrt(alpha-bar) : sqrt(1 - alpha-bar) is t : (1 - t). The last step is pure noise, so alpha-bar ends at 0. A network
    trained on it to predict v is a flow-matching network, see `velocity_model`. Raises ValueError for fewer than 2
    steps.
    """
    if timesteps < 2:
        raise ValueError(f"timesteps must be 2 or more, not {timesteps}.")
    t = torch.linspace(1, 0, timesteps + 1, dtype=torch.float64)
    alphas_cumprod = t**2 / (t**2 + (1 - t) ** 2)
    return 1 - alphas_cumprod[1:] / alphas_cumprod[:-1]


def flow_time(schedule: NoiseSchedule) -> Tensor:
    """The flow time with the signal-to-noise ratio of each time step, falling, [T].

    sqrt(alpha-bar) / (sqrt(alpha-bar) + sqrt(1 - alpha-bar)). At this time flow's x_t is diffusion's x_t divided by
    that sum.
    """
    signal, sigma = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    return signal / (signal + sigma)


def velocity_model(model: Model, schedule: NoiseSchedule, predicts: Predicts = "noise") -> Model:
    """A network of chapters 05 to 13 as a velocity model (x_t, t): no training is needed.

    It is asked at the time step whose `flow_time` is nearest, with x_t brought to the scale it knows. What it predicts
    there is an x_0 and a noise, and their difference is the velocity. Exact at the times of the schedule's own steps.
    See 2303.08797 for the change of time and scale.
    """
    times = flow_time(schedule)

    def velocity(x_t: Tensor, t: Tensor) -> Tensor:
        step = (t[:, None] - times).abs().argmin(dim=1)  # (B,)
        scale = schedule.sqrt_alphas_cumprod + schedule.sqrt_one_minus_alphas_cumprod
        x_start, noise = predict_start_and_noise(model, x_t * _column(scale[step], x_t), step, schedule, predicts)
        return x_start - noise

    return velocity


# Which t to learn from, and how to make the paths straighter


def uniform_times(count: int, generator: torch.Generator) -> Tensor:
    """Flow times for a training batch, uniform on 0 ... 1, float32 (count,), on the generator's device."""
    return torch.rand(count, generator=generator, device=generator.device)


def logit_normal_times(count: int, generator: torch.Generator, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Flow times for a training batch, mostly in the middle, float32 (count,): sigmoid(mean + std z), z ~ N(0, 1).

    Source: 2403.03206, eq. 19 (its time runs the other way; with mean = 0 that changes nothing).
    """
    return (mean + std * torch.randn(count, generator=generator, device=generator.device)).sigmoid()


def reflow_pairs(model: Model, noise: Tensor, steps: int = 100) -> tuple[Tensor, Tensor]:
    """(x_start, noise), (B, ...) each: every noise with the sample to which the model's flow carries it.

    A new model that learns from these pairs in place of random ones has straighter paths. 2209.03003, section 2.2.
    """
    return flow_sample_loop(model, noise, steps, midpoint_step), noise


@torch.no_grad()
def straightness(model: Model, noise: Tensor, steps: int = 100) -> Tensor:
    """How far the model's paths are from straight lines, a scalar: 0 if one Euler step leads where many do.

    The mean square, over the steps and the numbers in x (B, ...), of the velocity less x_end - noise.
    2209.03003, eq. 6 (there S), divided by the number of dimensions.
    """
    states = torch.stack(list(flow_sample_steps(model, noise, steps)))  # (steps + 1, B, ...)
    velocities = states.diff(dim=0) * steps
    return (velocities - (states[-1] - states[0])).square().mean()


def _column(t: Tensor, x: Tensor) -> Tensor:
    """t (B,) in a shape that multiplies x (B, ...)."""
    return t.reshape(-1, *[1] * (x.ndim - 1))
