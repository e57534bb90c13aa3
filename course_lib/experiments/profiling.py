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
from course_lib.pictures.plots import OTHER_COLOURS, colours, panels
from course_lib.unet import Unet

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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


def show_costs(networks: Mapping[str, Sequence[Part]], title: str) -> None:
    """Draw, for each named network, what each level costs for one image: parameters, multiply-adds, milliseconds."""
    tables = {name: costs(parts) for name, parts in networks.items()}
    rows = sorted({row for table in tables.values() for row in table})
    axes = panels(title, ["parameters", "multiply-adds", "time"], "", "", size=(3.1, 2.8), shared=False)
    height = 0.8 / len(tables)
    for column, (axis, unit) in enumerate(zip(axes, (1e6, 1e6, 1), strict=True)):
        for index, ((name, table), colour) in enumerate(zip(tables.items(), colours(tables), strict=True)):
            images = networks[name][0].shape[0] if column else 1
            lengths = [table.get(row, (0, 0, 0))[column] / unit / images for row in rows]
            places = [place + index * height for place in range(len(rows))]
            axis.barh(places, lengths, height, color=colour, label=name)
        axis.set_yticks([place + 0.4 - height / 2 for place in range(len(rows))], rows if column == 0 else [])
        axis.invert_yaxis()
        axis.set_xlabel(("millions", "millions per image", "milliseconds per image, here")[column])
    axes[0].legend(frameon=False, fontsize=8)


@dataclass
class _Box:
    """A step of the network in its picture: a block, with the attention behind it."""

    text: str
    part: Part
    column: int

    @property
    def row(self) -> int:
        return max(self.part.level, 1)  # stem and head stand beside the first level


def draw_unet(parts: Sequence[Part], title: str) -> None:
    """Draw the U that `parts` make up: a box for each block with the size of its output, an arrow for each skip."""
    from matplotlib import pyplot as plt

    boxes: list[_Box] = []
    for part in parts:
        if part.role in ("stem", "block", "head"):
            boxes.append(_Box(part.role, part, len(boxes)))
        elif part.role == "attention":
            boxes[-1].text += " +\nattention"
    rows = max(box.row for box in boxes)
    _, axis = plt.subplots(figsize=(max(0.8 * len(boxes), 7), 1.2 * rows + 0.6), layout="constrained")
    axis.set(xlim=(-0.7, len(boxes) - 0.3), ylim=(-rows - 0.75, -0.3))
    axis.set_title(title, fontsize=11)
    axis.axis("off")
    numbers = next(part.shape[-1] for part in parts if part.role == "time")
    note = f"The time step, as {numbers} numbers, goes into every block."
    axis.text((len(boxes) - 1) / 2, -rows - 0.6, note, fontsize=7.5, ha="center", va="center")
    kept = []
    for index, box in enumerate(boxes):
        _draw_box(axis, box)
        if index:
            _draw_arrow(axis, boxes[index - 1], box)
        if box.part.skip and box.part.way == "down":
            kept.append(box)
        elif box.part.skip:
            _draw_skip(axis, kept.pop(), box)


FILL = {"down": OTHER_COLOURS[1], "middle": "#999999", "up": OTHER_COLOURS[3], "": "#ffffff"}
WIDTH, HEIGHT = 0.74, 0.36  # of a box, in columns and rows


def _draw_box(axis: "Axes", box: _Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (box.column - WIDTH / 2, -box.row - HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.06"
    axis.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, style, facecolor=FILL[box.part.way], alpha=0.5))
    axis.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, style, facecolor="none", edgecolor="black", linewidth=0.8))
    axis.text(box.column, -box.row, box.text, ha="center", va="center", fontsize=7)
    _, channels, height, width = box.part.shape
    size = f"{channels} × {height} × {width}"
    axis.text(box.column, -box.row - HEIGHT / 2 - 0.04, size, ha="center", va="top", fontsize=6.5, fontweight="bold")


def _draw_arrow(axis: "Axes", start: _Box, end: _Box) -> None:
    """From one box to the next, which may stand a row deeper (halved) or higher (doubled)."""
    look = {"arrowstyle": "-|>", "color": "black", "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    tail = (start.column + WIDTH / 2, -start.row)
    if start.row == end.row:
        axis.annotate("", (end.column - WIDTH / 2, -end.row), tail, arrowprops=look)
        return
    side = 1 if end.row < start.row else -1  # up or down
    below, above = -end.row - HEIGHT / 2 - 0.16, -end.row + HEIGHT / 2  # the size is written under a box
    head = (end.column, below if side > 0 else above)
    axis.annotate("", head, tail, arrowprops=look | {"connectionstyle": "angle,angleA=0,angleB=90,rad=4"})
    axis.text(end.column + 0.04, -(start.row + end.row) / 2, "× 2" if side > 0 else "÷ 2", fontsize=7, va="center")


def _draw_skip(axis: "Axes", start: _Box, end: _Box) -> None:
    """Over the boxes between; the further apart the two, the higher."""
    top = -start.row + HEIGHT / 2
    roof = top + 0.08 + 0.02 * (end.column - start.column)
    leave, arrive = start.column + WIDTH / 4, end.column - WIDTH / 4
    axis.plot([leave, leave, arrive], [top, roof, roof], color=OTHER_COLOURS[2], linewidth=1.6)
    look = {"arrowstyle": "-|>", "color": OTHER_COLOURS[2], "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", (arrive, top), (arrive, roof), arrowprops=look)
    axis.text(arrive + 0.08, top + 0.07, f"+ {start.part.shape[1]}", fontsize=6.5, va="center")
