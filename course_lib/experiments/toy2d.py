"""Points in the plane: three data sets, learning them, and how far two sets of points are apart (chapters 02 and 16).

Points are float32 (n, 2). Random numbers come from `generator`, on its device.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from course_lib.toy import MLP, fit, neighbour_loss


def moons(n: int, generator: torch.Generator | None = None) -> Tensor:
    """Two interleaved half circles, a little blurred: (n, 2) float32, centred, about unit scale."""
    uniform = _uniform(n, 2, generator)
    angle, upper = math.pi * uniform[:, 0], uniform[:, 1] < 0.5
    first = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], dim=1)
    return 1.5 * (torch.where(upper[:, None], first, -first) + 0.05 * _normal(n, 2, generator))


def swiss_roll(n: int, generator: torch.Generator | None = None) -> Tensor:
    """A spiral of one and a half turns, a little blurred: (n, 2) float32, about unit scale."""
    angle = 1.5 * math.pi * (1 + 2 * _uniform(n, 1, generator))
    spiral = angle * torch.cat([angle.cos(), angle.sin()], dim=1)
    return spiral / 7 + 0.05 * _normal(n, 2, generator)


def checkerboard(n: int, generator: torch.Generator | None = None) -> Tensor:
    """Evenly over the 8 dark squares of a 4 x 4 board on [-2, 2]²: (n, 2) float32; lower left is dark."""
    uniform = _uniform(n, 2, generator)
    x, half = 4 * uniform[:, 0], 2 * uniform[:, 1]
    y = half + half.floor() + x.floor() % 2  # rows 0 and 2 of an even column, 1 and 3 of an odd one
    return torch.stack([x, y], dim=1) - 2


def _uniform(n: int, columns: int, generator: torch.Generator | None) -> Tensor:
    device = generator.device if generator is not None else None
    return torch.rand(n, columns, generator=generator, device=device)


def _normal(n: int, columns: int, generator: torch.Generator | None) -> Tensor:
    device = generator.device if generator is not None else None
    return torch.randn(n, columns, generator=generator, device=device)


class FourierMLP(nn.Module):
    """`toy.MLP` with Fourier features of x as further inputs: x (B, dim), t (B,) long -> (B, dim).

    Beside x it gets sines and cosines of x, with `frequencies` in quarter turns per unit. From x alone a small network
    is slow to learn what changes quickly from place to place. Source: 2006.10739.
    """

    turns: Tensor

    def __init__(self, dim: int, levels: int, frequencies: tuple[float, ...] = (1.0, 2.0, 4.0)):
        super().__init__()
        self.dim = dim
        self.register_buffer("turns", torch.tensor(frequencies) * math.pi / 2)
        self.network = MLP(dim * (1 + 2 * len(frequencies)), levels)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        angles = (x[:, :, None] * self.turns).flatten(1)  # (B, dim * frequencies)
        return self.network(torch.cat([x, angles.sin(), angles.cos()], dim=1), t)[:, : self.dim]


class VelocityNetwork(nn.Module):
    """Points x (B, 2) and flow times t (B,) from 0 to 1 -> velocities (B, 2), for chapter 16.

    A flow time is a real number and no level, so `FourierMLP` gets it as a third coordinate, and a level that is
    always 0. Of its three outputs the first two are the velocity.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = FourierMLP(3, levels=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        level = torch.zeros(len(x), dtype=torch.long, device=x.device)
        return self.network(torch.cat([x, t[:, None]], dim=1), level)[:, :2]


def train_points(
    model: nn.Module,
    data: Tensor,
    sigmas: Tensor,
    steps: int,
    generator: torch.Generator,
    batch_size: int = 256,
    learning_rate: float = 5e-3,
) -> Iterator[tuple[int, float]]:
    """`toy.train_toy` with Adam in place of SGD: yields (step, loss); 4,000 steps take 4 to 6 seconds.

    Rows of `data` (N, ...), levels and noise are drawn from `generator`, which must be on the device of data, sigmas
    and model.
    """
    device = generator.device

    def draw_loss() -> Tensor:
        y = data[torch.randint(len(data), (batch_size,), generator=generator, device=device)]
        level = torch.randint(len(sigmas) - 1, (batch_size,), generator=generator, device=device)
        noise = torch.randn(y.shape, generator=generator, device=device)
        return neighbour_loss(model, y, level, noise, sigmas)

    return fit(draw_loss, torch.optim.Adam(model.parameters(), lr=learning_rate), steps)


def energy_distance(x: Tensor, y: Tensor) -> Tensor:
    """How far two sets of samples are from one distribution, a scalar; x (n, d), y (m, d).

    2 E|x - y| - E|x - x'| - E|y - y'|, each mean over pairs of different samples, so unbiased: about 0,
    and sometimes below, if both come from the same distribution (Székely and Rizzo, Energy statistics,
    2013). Takes n m numbers of memory: fine up to 10,000. Raises ValueError for fewer than two samples or
    another number of columns.
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(
            f"energy_distance needs (n, d) and (m, d), n and m >= 2, not {list(x.shape)} and {list(y.shape)}."
        )

    def distances(a: Tensor, b: Tensor) -> Tensor:
        return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")

    def within(a: Tensor) -> Tensor:
        return distances(a, a).sum() / (len(a) * (len(a) - 1))

    return 2 * distances(x, y).mean() - within(x) - within(y)


def energy_distances(x: Tensor, y: Tensor, size: int) -> Tensor:
    """`energy_distance` again and again: of each `size` rows of x and the same rows of y, (n // size,).

    x and y are (n, d). One number alone does not tell how much of it is luck; the spread of many does.
    """
    rows = min(len(x), len(y)) // size * size
    pairs = zip(x[:rows].split(size), y[:rows].split(size), strict=True)
    return torch.stack([energy_distance(a, b) for a, b in pairs])


def energy_floor(
    draw: Callable[[int, torch.Generator], Tensor], size: int, generator: torch.Generator, repeats: int = 20
) -> float:
    """The floor: what real data score against other real data of the same number, here `size` points.

    The root mean square of `repeats` energy distances between two independent sets, each `draw(size, generator)` of
    shape (size, d). No model can be asked for less. The distance is unbiased: over many pairs of real sets its mean is
    0, so about half of the pairs come out below 0. That is why the floor is a root mean square and not a mean. Compare
    a model's distance with the floor of the same `size`.

    Raises ValueError for fewer than two points or no repeats.
    """
    if repeats < 1:
        raise ValueError(f"energy_floor needs at least one pair of sets, not repeats={repeats}.")
    pairs = [energy_distance(draw(size, generator), draw(size, generator)) for _ in range(repeats)]
    return float(torch.stack(pairs).square().mean().sqrt())
