"""A training that can be watched while it runs, stopped at any moment, and shown as a film afterwards."""

import csv
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from IPython.display import DisplayHandle
from matplotlib.axes import Axes
from torch import Tensor

from course_lib.pictures.figure import DENSITY, image_tag
from course_lib.pictures.plots import COLOURS, as_picture, image_grid, side_by_side, with_text
from course_lib.pictures.saving import encode

Curve = tuple[Tensor, Tensor]  # steps [n] and the losses after them [n]


class LiveTraining:
    """A training to watch: a progress bar, the loss so far and the latest samples, in one output that is replaced.

        with LiveTraining(steps, "the loss falls") as live:
            for step, loss in enumerate(train_loop(...), 1):
                live.update(step, loss)

    An interrupt inside the block (Jupyter's stop button) ends the block and nothing else: losses and networks stay as
    they are, and the notebook goes on. The last picture stays in the notebook. It is drawn anew every `every` seconds
    at most, since that takes a tenth of a second.

    alternative   says in words what it shows
    log           a run's log.csv: its curve is drawn, too, where a run goes on (nothing, where there is no such file)
    """

    def __init__(self, steps: int, alternative: str, every: float = 3.0, log: Path | None = None):
        self.steps, self.alternative, self.every = steps, alternative, every
        self.before = read_curve(log) if log else (torch.zeros(0), torch.zeros(0))
        self.done: list[int] = []
        self.losses: list[Tensor] = []
        self.looks: list[tuple[int, np.ndarray]] = []  # how many steps were done, and a grid of samples
        self.stopped = False
        self.handle: DisplayHandle | None = None
        self.start, self.drawn = time.monotonic(), -np.inf

    def __enter__(self) -> "LiveTraining":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            return False
        self.stopped = True
        self._show(time.monotonic())
        return True

    def update(self, step: int, loss: Tensor, samples: Tensor | None = None) -> None:
        """`step` steps are done, the last of them with `loss`, a scalar; `samples` (N, C, H, W) in [-1, 1], if new."""
        now = time.monotonic()
        self.done.append(step)
        self.losses.append(loss)  # left on its device: reading each would make a GPU wait
        if samples is not None:
            pixels = 84 if len(samples) <= 8 else 56  # of a sample's side
            self.looks.append((step, image_grid(samples, columns=4, scale=max(1, pixels // samples.shape[-1]))))
        if samples is not None or step == self.steps or now - self.drawn >= self.every:
            self._show(now)
            self.drawn = time.monotonic()

    def curve(self) -> Curve:
        """The steps that this training took [n], and their losses [n]."""
        if not self.losses:
            return torch.zeros(0), torch.zeros(0)
        return torch.tensor(self.done), torch.stack(self.losses).float().cpu()

    def frames(self) -> list[np.ndarray]:
        """For a film: the loss so far and the samples, for every time that there were new ones.

        One frame, with the loss alone, if there never were any.
        """
        steps, losses = self.curve()
        if not self.looks:
            return [loss_picture(steps, losses, self.steps, self.before)]
        frames = []
        for step, samples in self.looks:
            seen = steps <= step
            picture = loss_picture(steps[seen], losses[seen], self.steps, self.before, limits=_limits(losses))
            frames.append(with_text(side_by_side(picture, samples), f"step {step:,} of {self.steps:,}"))
        return frames

    def _show(self, now: float) -> None:
        step = self.done[-1] if self.done else 0
        steps, losses = self.curve()
        picture = loss_picture(steps, losses, self.steps, self.before)
        if self.looks:
            picture = side_by_side(picture, self.looks[-1][1])
        note = f"step {step:,} of {self.steps:,}" + (f", loss {losses[-20:].mean():.3f}" if len(losses) else "")
        if self.stopped:
            note += ": stopped. The losses and the networks stay as they are; the next cells can run"
        elif step < self.steps:
            left = (now - self.start) / len(self.done) * (self.steps - step)
            note += f", about {left:.0f} s left"
        bundle = {
            "text/html": f'<progress value="{step}" max="{self.steps}"></progress> {note}<br>'
            + image_tag(encode(picture), "png", self.alternative, picture.shape[1] // DENSITY),
            "text/plain": self.alternative,
        }
        if self.handle is None:
            self.handle = DisplayHandle()
            self.handle.display(bundle, raw=True)
        else:
            self.handle.update(bundle, raw=True)


def read_curve(log: Path) -> Curve:
    """The steps and mean losses in a run's log.csv; empty where there is no such file, or another one."""
    rows: list[tuple[float, float]] = []
    with suppress(OSError, KeyError, ValueError, TypeError), log.open(encoding="utf-8") as file:
        rows = [(float(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
    steps, losses = torch.tensor(rows).reshape(-1, 2).T
    return steps, losses


def loss_picture(
    steps: Tensor,
    losses: Tensor,
    total: int,
    before: Curve | None = None,
    limits: tuple[float, float] | None = None,
) -> np.ndarray:
    """A small picture, uint8 (H, W, 4), of the losses [n] after `steps` [n], on an axis that ends at step `total`.

    Each step as a grey point, and as a line the mean of the last 20, in the beginning of the last fifth.

    before   the curve of a run that goes on here: means already, so points and line are the same
    limits   of the axis of the losses
    """
    sums = torch.nn.functional.pad(losses.cumsum(0), (1, 0))
    ends = torch.arange(1, len(losses) + 1)
    starts = ends - (ends // 5).clamp(1, 20)

    def draw(axis: Axes) -> None:
        if before is not None and len(before[0]):
            axis.scatter(*before, s=6, color=COLOURS["noise"], linewidths=0)
            axis.plot(*before, color=COLOURS["learned"], linewidth=2)
        if before is not None and len(before[0]) and len(steps):
            axis.axvline(float(steps[0]), color=COLOURS["ink"], linestyle="dotted", linewidth=1)
        axis.scatter(steps, losses, s=3, color=COLOURS["noise"], linewidths=0)
        axis.plot(steps, (sums[ends] - sums[starts]) / (ends - starts), color=COLOURS["learned"], linewidth=2)
        axis.set(xlabel="training step", ylabel="loss", xlim=(0, total))
        if len(losses) or (before is not None and len(before[1])):  # an empty axis has no logarithms
            axis.set_yscale("log")
        if limits is not None:
            axis.set_ylim(*limits)

    return as_picture(draw, (3.8, 2.6))


def _limits(losses: Tensor) -> tuple[float, float]:
    return 0.9 * float(losses.min()), 1.1 * float(losses.max())
