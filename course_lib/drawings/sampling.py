"""The drawings of chapter 10: grids and films of samples, what a denoiser copies, and a gallery of faults."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from IPython.display import display
from torch import Tensor

from course_lib.images import to_uint8
from course_lib.pictures.plots import (
    COLOURS,
    add_legend,
    draw_grid,
    panels,
    side_by_side,
    with_text,
)
from course_lib.reverse import p_mean
from course_lib.runs.denoiser import Denoiser
from course_lib.schedules import NoiseSchedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Grid = Callable[..., np.ndarray]
"""`image_grid`, the course's own or the reader's."""

SMALLEST = 1e-5  # what the axis of `show_errors` draws for 0

# Grids


def show_grid(
    picture: np.ndarray,
    title: str,
    alternative: str,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    width: float = 5.0,
) -> None:
    """Show a picture from `image_grid`, `width` inches wide, with names over its columns and before its rows."""
    height = width * picture.shape[0] / picture.shape[1] + 0.35 + (0.2 if columns else 0)
    left = 0.11 * max((len(name) for name in rows), default=0)
    (axis,) = panels(title, [""], "", "", (width + left, height), alternative=alternative)
    _draw_named(axis, picture, columns, rows)


def _draw_named(axis: "Axes", picture: np.ndarray, columns: Sequence[str] = (), rows: Sequence[str] = ()) -> None:
    draw_grid(axis, picture, columns, rows)
    axis.tick_params(labelsize=9)


# Films


def run_frames(states: Iterable[tuple[int, Tensor]], grid: Grid, columns: int = 8) -> list[np.ndarray]:
    """Frames of (steps done, state) pairs, with the t of the state written above; `grid` lays out the images."""
    return [with_text(grid(state, columns=columns, scale=2, gap=3), _time(done)) for done, state in states]


def prediction_frames(
    moments: Iterable[tuple[int, tuple[Tensor, Tensor]]], grid: Grid, columns: int = 4
) -> list[np.ndarray]:
    """Frames of (steps done, (state, predicted x_0)) pairs: the states left, the predictions right, t above."""
    frames = []
    for done, pair in moments:
        left, right = (np.pad(grid(images, columns=columns, scale=2), 4, constant_values=128) for images in pair)
        gap = np.full((len(left), 12, 4), 0, np.uint8)
        halves = with_text(left, "state"), gap, with_text(right, "predicted clean image")
        frames.append(with_text(side_by_side(*halves), _time(done)))
    return frames


def _time(done: int, steps: int = 200) -> str:
    return f"t = {steps - 1 - done}" if done < steps else "finished"


# What the network predicts, and when what is decided


def show_moments(states: Sequence[Tensor], predictions: Sequence[Tensor], moments: Sequence[int], grid: Grid) -> None:
    """The first five states and predictions of a run at the t of `moments`, a row each, in two grids side by side."""
    last, names = len(predictions) - 1, [f"t = {t}" for t in moments]
    both = {"the state $x_t$": states, "the predicted $x_0$": predictions}
    axes = panels(
        "The same five runs, and what the network predicts for them",
        list(both),
        "",
        "",
        (3.4, 4.8),
        False,
        alternative="Two grids of seven rows and five garments. The states are noise down to t = 130, where outlines "
        "show through. The predictions are blotches at t = 199, soft shapes at t = 180 and sharper from "
        "row to row.",
    )
    for axis, images, rows in zip(axes, both.values(), (names, ()), strict=True):
        _draw_named(axis, grid(torch.cat([images[last - t][:5] for t in moments]), columns=5), (), rows)


def show_branches(branches: Mapping[int, Tensor], grid: Grid) -> None:
    """A row of samples (n, C, H, W) for each t at which copies of one state went on by themselves."""
    picture = grid(torch.cat(list(branches.values())), columns=len(next(iter(branches.values()))))
    show_grid(
        picture,
        "Copies of one state, each finished with its own noise from $t$ on",
        f"{len(branches)} rows of eight garments. In the upper rows there are several classes. Further down all eight "
        "are the same kind of garment with the same outline, and in the last row only small details differ.",
        rows=[f"t = {t}" for t in branches],
        width=5.2,
    )


# The best denoiser of the training set beside the network


def show_neighbours(
    samples: Mapping[str, Tensor], training: Tensor, nearest: Mapping[str, tuple[Tensor, Tensor]], grid: Grid
) -> None:
    """Five samples of each, and beside each its three nearest training images, with the nearest one's distance.

    nearest   for each name what `nearest_images(samples, training, count=3)` says
    """
    axes = panels(
        "Five samples of each, and the training images nearest to them",
        list(samples),
        "",
        "",
        (3.5, 4.5),
        shared=False,
        alternative="Two grids of five rows: a sample and its three nearest training images. For the optimal denoiser "
        "the sample and the nearest image are the same, at a distance of 0.00. For the network all four differ: they "
        "are alike in kind and outline, with other patterns.",
    )
    for axis, name in zip(axes, samples, strict=True):
        index, distance = nearest[name]
        rows = torch.cat([samples[name][:5, None], training[index[:5]]], dim=1).flatten(0, 1)
        _draw_named(
            axis,
            grid(rows, columns=4),
            ["sample", "1st", "2nd", "3rd"],
            [f"{d:.2f}" for d in distance[:5, 0]],
        )


def show_distances(distances: Mapping[str, Tensor]) -> None:
    """A histogram for each named tensor of distances to the nearest training image, with its median as a line."""
    axes = panels(
        "How far is the nearest training image?",
        list(distances),
        "distance",
        "share of the images",
        (7.3 / len(distances), 2.6),
        alternative="Three histograms of the distance to the nearest training image. The optimal denoiser's is one bar "
        "at 0. Those of the network and of new real images are broad hills at about the same place.",
    )
    bins = np.linspace(0, 2.2 * float(max(distance.median() for distance in distances.values())), 15)
    for axis, values, colour in zip(axes, distances.values(), ("exact", "learned", "data"), strict=False):
        axis.hist(
            values.numpy(),
            bins.tolist(),
            weights=np.full(len(values), 1 / len(values)),
            color=COLOURS[colour],
            alpha=0.7,
        )
        axis.axvline(float(values.median()), color=COLOURS["ink"], linestyle="--")


def show_errors(steps: Sequence[int], errors: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    """The squared error of the predicted x_0 over t, for each kind of image a panel: (the optimum's, the network's)."""
    axes = panels(
        "Whose prediction is closer to the clean image?",
        list(errors),
        "$t$",
        r"squared error of the predicted $x_0$",
        (3.6, 3.0),
        alternative="Two panels with a logarithmic axis. On training images the optimal denoiser's error is 0 (drawn "
        "at the lower edge) up to about t = 70 and always below the network's. On new images its error is a flat line "
        "far above the network's, up to about t = 110. The network's curve is nearly the same in both panels.",
    )
    for axis, (exact, learned) in zip(axes, errors.values(), strict=True):
        axis.plot(steps, exact.clamp(min=SMALLEST), color=COLOURS["exact"], linewidth=2, label="optimal denoiser")
        axis.plot(steps, learned.clamp(min=SMALLEST), "--", color=COLOURS["learned"], linewidth=2, label="network")
        axis.set(yscale="log", ylim=(SMALLEST / 2, 1))
    add_legend(axes[1])


# Faults


@dataclass(frozen=True)
class FaultyRow:
    """Samples drawn with one bug, both (n, C, H, W): the floats as the sampler left them, and the pixels, uint8."""

    floats: Tensor
    pixels: Tensor


def faulty_rows(network: Denoiser, count: int = 6, seed: int = 4) -> list[FaultyRow]:
    """Ten rows of `count` samples from one network and one seed, each with another bug, in the order of the quiz."""
    made = _faults_outside(network, count, seed) | _faults_in_the_loop(network, count, seed)
    return [made[cause] for cause in "dibfhagecj"]


def _faults_outside(network: Denoiser, count: int, seed: int) -> dict[str, FaultyRow]:
    """Bugs after the sampler and in what the sampler is given, by the letter of the cause."""

    def draw(**changes: object) -> Tensor:
        return replace(network, **changes).sample(count, torch.Generator().manual_seed(seed))  # type: ignore[arg-type]

    good = draw()
    half = (good + 1) / 2
    linear = NoiseSchedule.from_name("linear", network.schedule.timesteps)
    again = network.sample(1, torch.Generator().manual_seed(seed)).expand(count, -1, -1, -1)
    rows = {
        "f": again,
        "g": draw(schedule=linear),
        "h": draw(model=lambda x, t: network(x, t // 10)),
        "i": draw(predicts="start"),
        "j": draw(clip_start=False),
    }
    return {cause: FaultyRow(floats, to_uint8(floats)) for cause, floats in rows.items()} | {
        "a": FaultyRow(good, half.to(torch.uint8)),
        "b": FaultyRow(good, to_uint8(half)),
        "c": FaultyRow(good, (good.clamp(0, 1) * 255).to(torch.uint8)),
    }


@torch.no_grad()
def _faults_in_the_loop(network: Denoiser, count: int, seed: int) -> dict[str, FaultyRow]:
    """Bugs in the loop, by the letter of the cause: it ends too early, it adds no noise."""
    steps = network.sample_steps(count, torch.Generator().manual_seed(seed))
    early = list(zip(range(network.schedule.timesteps - 19), steps, strict=False))[-1][1]  # t = 20 is the last step
    x = torch.randn(count, *network.image_shape, generator=torch.Generator().manual_seed(seed))
    for step in reversed(range(network.schedule.timesteps)):
        t = torch.full((count,), step)
        x = p_mean(network, x, t, network.schedule, network.predicts, network.clip_start)
    return {"d": FaultyRow(early, to_uint8(early)), "e": FaultyRow(x, to_uint8(x))}


def show_faults(rows: Sequence[FaultyRow], grid: Grid) -> None:
    """The pixels of all rows in one grid, numbered from 1."""
    show_grid(
        grid(torch.cat([row.pixels for row in rows]), columns=len(rows[0].pixels)),
        "One network, one bug in each row",
        "Ten numbered rows of six pictures. 1: good garments under fine grain. 2: a dense pattern of black and white "
        "pixels. 3: garments behind a grey veil. 4: the same good garment six times. 5: black and white blotches. "
        "6: all black. 7: dull, patterned tops. 8: the same smooth, pale garment six times. 9: only the lightest parts "
        "of garments. 10: black squares, some with ragged white patches.",
        rows=[str(number) for number in range(1, len(rows) + 1)],
        width=4.2,
    )


FAULTS = (
    ("row", "what you see", "the bug", "how to make sure", "what helps"),
    (
        "1 d",
        "fine grain, in the background, too",
        "the loop ends too early",
        "count the states: T + 1. The standard deviation of the background is not 0",
        "<code>reversed(range(T))</code>",
    ),
    (
        "2 i",
        "a pattern, no garment",
        "the network's answer is taken for x_0",
        "compare the answer with the noise, with x_0 and with v",
        "keep <code>predicts</code> in the checkpoint",
    ),
    (
        "3 b",
        "a grey veil",
        "the range is moved twice (or the data was never moved before training)",
        "the darkest pixel is 128",
        "one function for the way out; an assert where data comes in",
    ),
    (
        "4 f",
        "one sample, repeated",
        "the seed is set again for each sample",
        "<code>torch.equal</code> of two samples",
        "one generator, made once",
    ),
    (
        "5 h",
        "blotches with sharp edges",
        "the network is told a wrong t",
        "add noise to an image yourself: is the prediction right at each t?",
        "one meaning of t: whole numbers, 0 to T - 1",
    ),
    (
        "6 a",
        "all black",
        "numbers from 0 to 1 become uint8",
        "the largest pixel is 0 or 1",
        "multiply by 255 first",
    ),
    (
        "7 g",
        "dull, woven, few kinds",
        "another schedule than in training",
        "the loss on noised training images is too high at some t",
        "keep the schedule in the checkpoint",
    ),
    (
        "8 e",
        "all alike, and smooth",
        "the steps add no noise",
        "the samples are alike, but not equal: they started from different noise",
        "add the root of the variance times fresh noise",
    ),
    (
        "9 c",
        "dark parts are gone",
        "[-1, 1] is taken for [0, 1]",
        "more than half of the pixels are 0, and the floats are fine",
        "shift first, then scale",
    ),
    (
        "10 j",
        "black squares, white patches",
        "predictions of x_0 are not clipped",
        "the floats go far beyond 1",
        "<code>clip_start=True</code>, or a network that predicts v",
    ),
)


def fault_table() -> None:
    """The ten rows of `faulty_rows` as a table: what is to be seen, the bug, what proves it, what helps."""
    cell = "text-align:left;vertical-align:top;padding:.2em .8em .2em 0;white-space:normal"
    lines = []
    for number, row in enumerate(FAULTS):
        tag = "td" if number else "th"
        lines.append("<tr>" + "".join(f'<{tag} style="{cell}">{text}</{tag}>' for text in row) + "</tr>")
    table = f'<table style="border-collapse:collapse;max-width:46em">{"".join(lines)}</table>'
    text = "\n".join(" | ".join(row) for row in FAULTS).replace("<code>", "").replace("</code>", "")
    display({"text/html": table, "text/plain": text}, raw=True)
