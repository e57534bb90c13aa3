"""What a U-Net is made of, measured on the U-Net itself: sizes, costs, and the receptive field (chapter 08)."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

from course_lib.blocks import Residual
from course_lib.unet import Unet

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Part:
    """One module of a U-Net and what it did when a batch went through.

    name           as in `model.get_submodule(name)`
    role           "time", "labels", "stem", "block", "attention", "down", "up" or "head"
    way            "down", "middle" or "up"; "" for what stands outside of the U
    level          from 1, the finest; 0 outside of the U; the middle stands on the last one
    skip           of a block: on the way down a skip leaves here, on the way up one arrives
    shape          of its output
    multiply_adds  for the whole batch
    milliseconds   for the whole batch; 0 unless it was timed
    """

    name: str
    role: str
    way: str = ""
    level: int = 0
    skip: bool = False
    shape: tuple[int, ...] = ()
    parameters: int = 0
    multiply_adds: int = 0
    milliseconds: float = 0.0

    @property
    def where(self) -> str:
        """Its row in a table: "ends", "level 1", "level 2", ..., "middle"."""
        return self.way if self.way == "middle" else f"level {self.level}" if self.level else "ends"


def take_apart(model: Unet, x: Tensor, t: Tensor, repeats: int = 0) -> list[Part]:
    """The parts of `model` in the order in which a batch x (B, C, H, W), t (B,) goes through them.

    With `repeats` the batch goes through so many times more, and each part's median time is kept. Without, all may lie
    on the meta device, where only sizes are computed and no network is too large.
    """
    parts = list(_parts(model))
    modules = {part.name: model.get_submodule(part.name) for part in parts}
    with torch.no_grad():
        shapes = {name: tuple(out.shape) for name, out in activations(model, x, t, list(modules)).items()}
        with FlopCounterMode(display=False) as flops, _spent(modules, flops.get_total_flops) as counts:
            model(x, t)
        clocks = []
        for _ in range(repeats):
            with _spent(modules, lambda: _milliseconds(x.device)) as clock:
                model(x, t)
            clocks.append(clock)
    return [
        replace(
            part,
            shape=shapes[part.name],
            parameters=sum(parameter.numel() for parameter in modules[part.name].parameters()),
            multiply_adds=int(counts[part.name]) // 2,  # torch counts the multiplication and the addition
            milliseconds=statistics.median(clock[part.name] for clock in clocks) if clocks else 0.0,
        )
        for part in parts
    ]


def _parts(model: Unet) -> Iterator[Part]:
    """Every part, not measured yet."""
    names = {module: name for name, module in model.named_modules()}
    stem, downs, (first, attend, second), ups, head = model.parts()
    yield Part(names[model.time_mlp], "time")
    if model.label_embedding is not None:
        yield Part(names[model.label_embedding], "labels")
    yield Part(names[stem], "stem")
    level = 1
    steps = [("down", *step) for step in downs]
    steps += [("middle", first, attend, nn.Identity(), False), ("middle", second, nn.Identity(), nn.Identity(), False)]
    steps += [("up", *step) for step in ups]
    for way, block, attend, resample, skip in steps:
        yield Part(names[block], "block", way, level, skip)
        if not isinstance(attend, nn.Identity):
            yield Part(names[attend], "attention", way, level)
        if not isinstance(resample, nn.Identity):
            yield Part(names[resample], way, way, level)
            level += 1 if way == "down" else -1
    yield Part(names[head], "head")


@contextmanager
def _spent(modules: Mapping[str, nn.Module], read: Callable[[], float]) -> Iterator[dict[str, float]]:
    """How much further the meter `read` goes while each module runs; to be looked up afterwards."""
    spent: dict[str, float] = {}
    hooks: list[RemovableHandle] = []
    for name, module in modules.items():

        def before(*_: object, name: str = name) -> None:
            spent[name] = -read()

        def after(*_: object, name: str = name) -> None:
            spent[name] += read()

        hooks += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    try:
        yield spent
    finally:
        for hook in hooks:
            hook.remove()


def _milliseconds(device: torch.device) -> float:
    if device.type == "cuda":  # which works on while the clock is read
        torch.cuda.synchronize(device)
    return 1000 * time.perf_counter()


def activations(model: nn.Module, x: Tensor, t: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """What the modules called `names` give out when x (B, C, H, W), t (B,) goes through `model`."""
    found = {}
    hooks = [
        model.get_submodule(name).register_forward_hook(lambda module, args, out, name=name: found.update({name: out}))
        for name in names
    ]
    try:
        model(x, t)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def receptive_field(model: nn.Module, x: Tensor, t: Tensor, name: str) -> Tensor:
    """How much the middle pixel of what the module `name` gives out changes with each pixel of x (1, C, H, W): (H, W).

    The gradient of the sum over the channels, its size over the channels of x.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        out = activations(model, x, t, [name])[name]
        height, width = out.shape[-2:]
        (gradient,) = torch.autograd.grad(out[0, :, height // 2, width // 2].sum(), x)
    return gradient[0].norm(dim=0)


def convolutions_only(model: nn.Module) -> nn.Module:
    """A copy without attention and group norms, which use the whole picture: only the convolutions are left."""
    model = deepcopy(model)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Residual | nn.GroupNorm):
                setattr(module, name, nn.Identity())
    return model


def costs(parts: Sequence[Part]) -> dict[str, tuple[int, int, float]]:
    """Parameters, multiply-adds and milliseconds, summed over each row: "ends", "level 1", ..., "middle"."""
    rows = sorted({part.where for part in parts})
    return {
        row: tuple(
            sum(getattr(part, what) for part in parts if part.where == row)
            for what in ("parameters", "multiply_adds", "milliseconds")
        )
        for row in rows
    }
