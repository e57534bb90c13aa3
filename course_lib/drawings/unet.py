"""What chapter 08 draws: networks as a U, what their levels cost, and what skips are good for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.experiments.profiling import Part, costs
from course_lib.pictures.plots import (
    COLOURS,
    OTHER_COLOURS,
    WIDEST,
    add_legend,
    colours,
    image_grid,
    panels,
    show_images,
    side_by_side,
    with_text,
)
from course_lib.pictures.widgets import show_film

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SKIP = OTHER_COLOURS[1]


def show_maps(first: Sequence[Tensor], maps: Mapping[str, Tensor]) -> None:
    """Draw images (1, 1, 28, 28) in a first row, and below six channels of each named feature map (1, C, H, W)."""
    rows, titles = [x.clamp(-1, 1) for x in first], ["$x_t$", "$x_0$", "noise"]
    rows, titles = [*rows, torch.ones(3, 1, 28, 28)], [*titles, "", "", ""]
    for name, found in maps.items():
        six = found[0, ::5][:6, None]
        low, high = six.amin((2, 3), keepdim=True), six.amax((2, 3), keepdim=True)
        rows.append(nn.functional.interpolate((six - low) / (high - low) * 2 - 1, size=28))
        titles += [name, "", "", "", "", ""]
    alternative = (
        "A noised bag, the bag and the noise. Below, five rows of six grey maps: grain at 28 x 28, coarser shapes at "
        "14 x 14, blocks at 7 x 7, then shapes with edges at 14 x 14 and fine grain at 28 x 28 again."
    )
    show_images(torch.cat(rows), titles, "Six channels at five places in the network", 6, alternative=alternative)
    for axis in _axes()[3:6]:
        axis.images[0].set_visible(False)  # nothing stands beside the three images


def _axes() -> "list[Axes]":
    from matplotlib import pyplot as plt

    return plt.gcf().axes


def show_fields(fields: Mapping[str, Tensor]) -> None:
    """Draw receptive fields, gradients (H, W) by name: black is less than a ten-thousandth of the brightest pixel."""
    shown = [(field / field.max()).log10().clamp(-4, 0) / 2 + 1 for field in fields.values()]
    alternative = "Grey squares on black, larger at each level; the last one is grey everywhere, with a bright middle."
    title = "Which pixels of the input change the middle pixel?"
    show_images(torch.stack(shown)[:, None], list(fields), title, alternative=alternative)


def show_errors(steps: Sequence[int], losses: Mapping[str, Tensor]) -> None:
    """Draw the error [n] of two named networks at the times `steps`, and the second one's in times the first one's."""
    names = ["squared error", "times as large without skips"]
    alternative = (
        "Two falling curves, the one without skips above; and their ratio, which rises with t and is never below 1."
    )
    left, right = panels(
        "The error with and without skips", names, "$t$", "", (3.6, 2.8), False, alternative=alternative
    )
    pair = list(losses.values())
    for (name, loss), colour in zip(losses.items(), (COLOURS["learned"], OTHER_COLOURS[0]), strict=True):
        left.plot(steps, loss, color=colour, label=name, linewidth=2)
    left.set_yscale("log")
    add_legend(left)
    right.plot(steps, pair[1] / pair[0], color=OTHER_COLOURS[0], linewidth=2)
    right.axhline(1, color=COLOURS["ink"], linewidth=0.8)
    right.set_ylim(0)


def sampling_frames(states: Mapping[str, Sequence[tuple[int, Tensor]]], steps: int) -> list[np.ndarray]:
    """Frames of two samplers side by side; of each the kept (steps that are done, images), as many for both."""
    frames = []
    for pair in zip(*states.values(), strict=True):
        grids = [
            with_text(image_grid(x, 4, scale=3), f"{name}, step {done} of {steps}")
            for name, (done, x) in zip(states, pair, strict=True)
        ]
        between = np.zeros((grids[0].shape[0], 24, 4), np.uint8)
        frames.append(side_by_side(grids[0], between, grids[1]))
    return frames


def show_sampling(states: Mapping[str, Sequence[tuple[int, Tensor]]], steps: int) -> None:
    """Show two samplers at work as a film; see `sampling_frames`."""
    alternative = (
        "A film of two grids. Left, noise becomes clear garments. Right, it becomes shapeless patches of cloth."
    )
    show_film(sampling_frames(states, steps), alternative, colours=16)


def show_predictions(rows: Mapping[str, Tensor]) -> None:
    """Draw rows of eight images (8, 1, H, W) by name."""
    titles = [title for name in rows for title in (name, *[""] * 7)]
    alternative = (
        "Rows of eight: garments, the same with much noise, smooth predictions, and blotched, grainy predictions."
    )
    title = "The garments that two networks predict from the same noisy ones"
    show_images(torch.cat(list(rows.values())).clamp(-1, 1), titles, title, 8, alternative=alternative)


def show_costs(networks: Mapping[str, Sequence[Part]]) -> None:
    """Draw, for each named network, what each level costs for one image: parameters, multiply-adds, milliseconds."""
    tables = {name: costs(parts) for name, parts in networks.items()}
    rows = sorted({row for table in tables.values() for row in table})
    names = ["parameters", "multiply-adds", "time"]
    alternative = "Bars for each level of two networks: parameters, multiply-adds and time."
    axes = panels("What each level costs", names, "", "", (2.4, 2.8), shared=False, alternative=alternative)
    height = 0.8 / len(tables)
    for column, (axis, unit) in enumerate(zip(axes, (1e6, 1e6, 1), strict=True)):
        for index, ((name, table), colour) in enumerate(zip(tables.items(), colours(tables), strict=True)):
            images = networks[name][0].shape[0] if column else 1
            lengths = [table.get(row, (0, 0, 0))[column] / unit / images for row in rows]
            places = [place + index * height for place in range(len(rows))]
            axis.barh(places, lengths, height, color=colour, label=name)
        axis.set_yticks([place + 0.4 - height / 2 for place in range(len(rows))], rows if column == 0 else [])
        axis.invert_yaxis()
        axis.set_xlabel(("millions", "millions per image", "ms per image, here")[column])
    add_legend(axes[0])


@dataclass
class _Box:
    """A step of the network in its picture: a block, with the attention behind it."""

    text: str
    part: Part
    column: int

    @property
    def row(self) -> int:
        return max(self.part.level, 1)  # stem and head stand beside the first level


def show_unet(parts: Sequence[Part], title: str) -> None:
    """Draw the U that `parts` make up: a box for each block with the size of its output, an arrow for each skip."""
    boxes: list[_Box] = []
    for part in parts:
        if part.role in ("stem", "block", "head"):
            boxes.append(_Box(part.role, part, len(boxes)))
        elif part.role == "attention":
            boxes[-1].text += " +\nattention"
    rows = max(box.row for box in boxes)
    sizes = ", ".join(" × ".join(map(str, box.part.shape[1:])) for box in boxes)
    alternative = f"A network in the shape of a U. Its blocks give out, from left to right: {sizes}."
    (axis,) = panels(title, [""], "", "", (WIDEST, 1.35 * rows + 0.6), alternative=alternative)
    axis.set(xlim=(-0.7, len(boxes) - 0.3), ylim=(-rows - 0.75, -0.3))
    axis.axis("off")
    numbers = next(part.shape[-1] for part in parts if part.role == "time")
    note = f"The time step, as {numbers} numbers, goes into every block."
    axis.text((len(boxes) - 1) / 2, -rows - 0.6, note, fontsize=9, ha="center", va="center")
    kept = []
    for index, box in enumerate(boxes):
        _draw_box(axis, box)
        if index:
            _draw_arrow(axis, boxes[index - 1], box)
        if box.part.skip and box.part.way == "down":
            kept.append(box)
        elif box.part.skip:
            _draw_skip(axis, kept.pop(), box)


FILL = {"down": COLOURS["data"], "middle": COLOURS["noise"], "up": COLOURS["learned"], "": "none"}
WIDTH, HEIGHT = 0.9, 0.36  # of a box, in columns and rows


def _draw_box(axis: "Axes", box: _Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (box.column - WIDTH / 2, -box.row - HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.06"
    axis.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, style, facecolor=FILL[box.part.way], alpha=0.25))
    axis.add_patch(
        FancyBboxPatch(corner, WIDTH, HEIGHT, style, facecolor="none", edgecolor=COLOURS["ink"], linewidth=0.8)
    )
    axis.text(box.column, -box.row, box.text, ha="center", va="center", fontsize=9)
    _, channels, height, width = box.part.shape
    size = f"{channels} ×\n{height} × {width}"
    axis.text(box.column, -box.row - HEIGHT / 2 - 0.04, size, ha="center", va="top", fontsize=9, fontweight="bold")


def _draw_arrow(axis: "Axes", start: _Box, end: _Box) -> None:
    """From one box to the next, which may stand a row deeper (halved) or higher (doubled)."""
    look = {"arrowstyle": "-|>", "color": COLOURS["ink"], "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    tail = (start.column + WIDTH / 2, -start.row)
    if start.row == end.row:
        axis.annotate("", (end.column - WIDTH / 2, -end.row), tail, arrowprops=look)
        return
    side = 1 if end.row < start.row else -1  # up or down
    below, above = -end.row - HEIGHT / 2 - 0.3, -end.row + HEIGHT / 2  # the size is written under a box
    head = (end.column, below if side > 0 else above)
    axis.annotate("", head, tail, arrowprops=look | {"connectionstyle": "angle,angleA=0,angleB=90,rad=4"})
    middle = -(start.row + end.row) / 2 - (0.12 if side > 0 else 0)  # below the size of the box above
    axis.text(end.column + 0.06, middle, "× 2" if side > 0 else "÷ 2", fontsize=9, va="center")


def _draw_skip(axis: "Axes", start: _Box, end: _Box) -> None:
    """Over the boxes between; the further apart the two, the higher."""
    top = -start.row + HEIGHT / 2
    roof = top + 0.08 + 0.02 * (end.column - start.column)
    leave, arrive = start.column + WIDTH / 4, end.column - WIDTH / 4
    axis.plot([leave, leave, arrive], [top, roof, roof], color=SKIP, linewidth=1.6)
    look = {"arrowstyle": "-|>", "color": SKIP, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", (arrive, top), (arrive, roof), arrowprops=look)
    axis.text(arrive + 0.08, top + 0.07, f"joins {start.part.shape[1]}", fontsize=9, va="center")
