"""Sliders, films and a training that can be watched, each with a still picture for places where no kernel runs."""

import base64
import html
import time
from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
import torch
from IPython.display import DisplayHandle, display
from torch import Tensor

from course_lib.pictures.gifs import gif
from course_lib.pictures.plots import image_grid, loss_picture, side_by_side
from course_lib.pictures.saving import encode


def show_gif(frames: Sequence[np.ndarray], alternative: str, colours: int = 16) -> None:
    """Show frames, uint8 pictures (H, W) or (H, W, 3), as a film that loops; `alternative` says what it shows."""
    display_picture(gif(frames, colours=colours), "gif", alternative)


def display_picture(content: bytes, kind: str, alternative: str, summary: str = "") -> None:
    """Show a picture file as HTML, which every reader of notebooks understands; behind a `summary` to open, if any."""
    picture = (
        f'<img alt="{html.escape(alternative)}" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
    )
    if summary:
        picture = f"<details><summary>{summary}</summary>{picture}</details>"
    display({"text/html": picture, "text/plain": alternative}, raw=True)


def show_slider(
    draw: Callable[[int], np.ndarray], values: Sequence[int], label: str, still: np.ndarray, alternative: str
) -> None:
    """Show a slider over `values` with the picture `draw(value)` beside it.

    Where widgets cannot run (a page on the web, a printout) the picture `still` is there to be opened, and where there
    are no pictures the text `alternative`. Pictures are uint8 (H, W) or (H, W, 3).
    """
    slider = ipywidgets.SelectionSlider(
        options=list(values), value=values[len(values) // 2], description=label, continuous_update=True
    )
    image = ipywidgets.Image(value=encode(draw(slider.value)), format="png")
    slider.observe(lambda change: setattr(image, "value", encode(draw(change["new"]))), names="value")
    bundle = ipywidgets.VBox([slider, image])._repr_mimebundle_()
    display(bundle | {"text/plain": alternative}, raw=True)
    display_picture(encode(still), "png", alternative, summary="No slider to see? A still picture")


class LiveTraining:
    """A training to watch: a progress bar, the loss so far and the latest samples, in one output that is replaced.

    The last picture stays in the notebook. It is drawn anew every `every` seconds at most, since that takes a tenth of
    a second. `alternative` says in words what it shows.
    """

    def __init__(self, steps: int, alternative: str, every: float = 3.0):
        self.steps, self.alternative, self.every = steps, alternative, every
        self.done: list[int] = []
        self.losses: list[Tensor] = []
        self.samples: np.ndarray | None = None
        self.handle: DisplayHandle | None = None
        self.start, self.drawn = time.monotonic(), -np.inf

    def update(self, step: int, loss: Tensor, samples: Tensor | None = None) -> None:
        """`step` steps are done, the last of them with `loss`, a scalar; `samples` (N, C, H, W) in [-1, 1], if new."""
        now = time.monotonic()
        self.done.append(step)
        self.losses.append(loss)  # left on its device: reading each would make a GPU wait
        if samples is not None:
            self.samples = image_grid(samples, columns=4, scale=max(1, 84 // samples.shape[-1]))
        if samples is not None or step == self.steps or now - self.drawn >= self.every:
            self._show(step, now)
            self.drawn = time.monotonic()

    def _show(self, step: int, now: float) -> None:
        losses = torch.stack(self.losses).float().cpu()
        picture = loss_picture(torch.tensor(self.done), losses, self.steps)
        if self.samples is not None:
            picture = side_by_side(picture, self.samples)
        note = f"step {step} of {self.steps}, loss {losses[-20:].mean():.3f}"
        if step < self.steps:
            left = (now - self.start) / len(self.done) * (self.steps - step)
            note += f", about {left:.0f} s left"
        content = base64.b64encode(encode(picture)).decode()
        bundle = {
            "text/html": f'<progress value="{step}" max="{self.steps}"></progress> {note}<br>'
            f'<img alt="{html.escape(self.alternative)}" src="data:image/png;base64,{content}">',
            "text/plain": self.alternative,
        }
        if self.handle is None:
            self.handle = DisplayHandle()
            self.handle.display(bundle, raw=True)
        else:
            self.handle.update(bundle, raw=True)
