"""Sliders for the notebooks, each with a still picture for places where no kernel runs."""

import base64
import io
from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
from IPython.display import display
from PIL import Image


def png(picture: np.ndarray) -> bytes:
    """A uint8 picture (H, W) or (H, W, 3) as the content of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def show_slider(
    draw: Callable[[int], np.ndarray], values: Sequence[int], label: str, still: np.ndarray, alternative: str
) -> None:
    """Show a slider over `values` with the picture `draw(value)` beside it.

    Where widgets cannot run (a page on the web, a printout) the picture `still` stands instead, and where there are no
    pictures the text `alternative`. Pictures are uint8 (H, W) or (H, W, 3).
    """
    slider = ipywidgets.SelectionSlider(
        options=list(values), value=values[len(values) // 2], description=label, continuous_update=True
    )
    image = ipywidgets.Image(value=png(draw(slider.value)), format="png")
    slider.observe(lambda change: setattr(image, "value", png(draw(change["new"]))), names="value")
    bundle = ipywidgets.VBox([slider, image])._repr_mimebundle_()
    bundle |= {"image/png": base64.b64encode(png(still)).decode(), "text/plain": alternative}
    display(bundle, raw=True)
