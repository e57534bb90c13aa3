"""For the quiz `unet_forward`: its inputs, toy parts and real ones, and the way through them in three stretches."""

import torch
from torch import Tensor, nn

from course_lib import unet


class AnyBlock(nn.Module):
    """Takes any number of channels: with it a wrong join gives wrong values, where a real block would only raise."""

    def __init__(self, phase: float):
        super().__init__()
        self.phase = phase

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        order = torch.arange(1, x.shape[1] + 1, device=x.device)
        weights = torch.sin(self.phase * torch.arange(1, 4, device=x.device)[:, None] * order)  # (3, C)
        h = torch.einsum("oc,bchw->bohw", weights, x)
        return torch.sin(h if time is None else h + time[:, :, None, None])


class Turn(nn.Module):
    """Stands for attention, halving and doubling: changes its input in a way of its own, and keeps its size."""

    def __init__(self, down: int, right: int, factor: float):
        super().__init__()
        self.shifts, self.factor = (down, right), factor

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(self.factor * x.roll(self.shifts, (2, 3)) + 0.3)


def toy(g: torch.Generator, batch: int, leaving: tuple[bool, ...], arriving: tuple[bool, ...]) -> tuple:
    """A way through parts that take everything; waves as input."""
    downs = [(AnyBlock(0.7 + i), Turn(1, 0, 1.3), Turn(0, 1, 0.8 + i / 10), keep) for i, keep in enumerate(leaving)]
    ups = [(AnyBlock(0.4 + i), Turn(0, 2, 1.1), Turn(2, 1, 0.9 + i / 10), join) for i, join in enumerate(arriving)]
    middle = (AnyBlock(1.9), Turn(3, 1, 1.2), AnyBlock(2.3))
    phases = 6 * torch.rand(batch, 3, 1, 1, generator=g)
    x = torch.sin(torch.linspace(0, 9, 7) + torch.linspace(0, 5, 5)[:, None] + phases)
    return Turn(1, 1, 1.4), downs, middle, ups, Turn(2, 2, 1.7), x, torch.randn(batch, 3, generator=g)


def real(g: torch.Generator, **settings) -> tuple:
    """The parts of a small U-Net, its parameters shaken, since those that start at zero would hide mistakes."""
    model = unet.Unet(4, dim_mults=(1, 2), **settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=g) + parameter.mean())
    time = model.embed(torch.tensor([3, 90])).detach()
    return *model.parts(), torch.randn(2, 1, 8, 8, generator=g), time


def ways(g: torch.Generator) -> list[tuple]:
    """Skips everywhere, on some steps, nowhere; one image and several; toys first, whose pictures can be drawn."""
    yes, no = True, False
    return [
        toy(g, 2, (yes, yes, yes), (yes, yes, yes)),
        toy(g, 1, (yes, no, yes), (yes, no, yes)),  # a step without a skip between two that have one
        toy(g, 1, (no, yes, yes), (yes, yes, no)),
        real(g),
        real(g, blocks_per_level=2, skips="level", top_skip=False),
        real(g, skips="none"),
    ]


# The way in three stretches, of which a mistake gets one wrong


def go_down(stem, downs, x, time):
    x, kept = stem(x), []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        kept += [x] if skip else []
        x = down(x)
    return x, kept


def go_through(middle, x, time):
    first, attend, second = middle
    return second(attend(first(x, time)), time)


def go_up(ups, head, x, kept, time, join):
    """`join(x, kept)` is to take something off the list and join it to x."""
    for block, attend, up, skip in ups:
        x = join(x, kept) if skip else x
        x = up(attend(block(x, time)))
    return head(x)


def joined(x, kept):
    return torch.cat([x, kept.pop()], dim=1)


def same(x, time=None):
    return x


def walk(stem, downs, middle, ups, head, x, time, join=joined):
    x, kept = go_down(stem, downs, x, time)
    return go_up(ups, head, go_through(middle, x, time), kept, time, join)
