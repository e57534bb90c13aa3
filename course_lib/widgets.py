"""Sliders and films for the notebooks, each with a still picture for places where no kernel runs."""

import base64
import html
import io
from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
from IPython.display import display
from PIL import Image

from course_lib.gifs import gif


def png(picture: np.ndarray) -> bytes:
    """A uint8 picture (H, W) or (H, W, 3) as the content of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


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
    image = ipywidgets.Image(value=png(draw(slider.value)), format="png")
    slider.observe(lambda change: setattr(image, "value", png(draw(change["new"]))), names="value")
    bundle = ipywidgets.VBox([slider, image])._repr_mimebundle_()
    display(bundle | {"text/plain": alternative}, raw=True)
    display_picture(png(still), "png", alternative, summary="No slider to see? A still picture")
