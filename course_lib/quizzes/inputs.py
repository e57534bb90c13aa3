"""Inputs that many quizzes share. They make accidents visible."""

import torch
from torch import Tensor, nn

from course_lib.schedules import NoiseSchedule


def mixed_t(g: torch.Generator, count: int, timesteps: int) -> Tensor:
    """`count` time steps out of order, with both ends 0 and T-1 among them and, if there is room, T-2 and 1.

    The first is neither the largest nor the smallest: nobody shall take it for one of these.
    """
    t = torch.randint(timesteps, (count,), generator=g)
    t[0] = timesteps // 2
    ends = torch.tensor([timesteps - 1, 0, timesteps - 2, 1][: count - 1])
    t[1 : 1 + len(ends)] = ends
    return t


def noisy_batches(g: torch.Generator) -> list[tuple]:
    """Cases (x, t, noise, schedule): vectors and images, several schedules and T.

    In the first all sizes differ. In the second and third the batch is as large as the last axis, or as T:
    there a missing reshape raises nothing. The images are waves, so that a drawing shows what is signal.
    """
    cases = []
    for shape, name, timesteps in [
        ((5, 2, 12, 16), "linear", 200),
        ((8, 1, 12, 8), "cosine", 30),
        ((6, 6), "quadratic", 6),
        ((7, 3), "sigmoid", 1000),
        ((9,), "linear", 40),
        ((1, 3), "cosine", 20),
    ]:
        x, noise = torch.randn(shape, generator=g), torch.randn(shape, generator=g)
        if x.ndim == 4:
            x = torch.sin(torch.linspace(0, 9, shape[-1]) + torch.linspace(0, 5, shape[-2])[:, None] + x[..., :1, :1])
        schedule = NoiseSchedule.from_name(name, timesteps)
        cases.append((x, mixed_t(g, len(x), timesteps), noise, schedule))
    return cases


class ToyDenoiser(nn.Module):
    """A model for cases, (x, t) -> waves in the shape of x: no two t look alike, and it says more than [-1, 1] holds.

    It has one parameter, so that a gradient can flow; `ToyDenoiser().requires_grad_(False)` where none should.
    """

    def __init__(self):
        super().__init__()
        self.pace = nn.Parameter(torch.tensor(1.3))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        if t.shape != x.shape[:1]:  # a real network would broadcast it, and nobody would know
            raise ValueError(f"the model was given t in the shape {tuple(t.shape)}, not {tuple(x.shape[:1])}")
        return 1.5 * torch.sin(self.pace * x + 0.4 * t.reshape(-1, *[1] * (x.ndim - 1)))


class ToyConvDenoiser(nn.Module):
    """A network for cases that can be trained, images (B, channels, H, W) and t -> the shape of the images.

    It has layers and a table that does not learn. `shift` is there to be bound with `functools.partial`, as labels are.
    """

    def __init__(self, channels: int, width: int, generator: torch.Generator):
        super().__init__()
        self.into = nn.Conv2d(channels, width, 3, padding=1)
        self.out = nn.Conv2d(width, channels, 1)
        self.register_buffer("pace", torch.linspace(0.1, 1, width))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))

    def forward(self, x: Tensor, t: Tensor, shift: float = 0.0) -> Tensor:
        wave = torch.sin(t[:, None] * self.pace + shift)  # (B, width)
        return self.out(torch.tanh(self.into(x) + wave[:, :, None, None]))
