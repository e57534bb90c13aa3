"""Sliders and films, each with a still picture or a text for places where no kernel runs."""

from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
from IPython.display import display

from course_lib.pictures.figure import DENSITY, image_tag
from course_lib.pictures.gifs import film
from course_lib.pictures.saving import encode


def show_film(frames: Sequence[np.ndarray], alternative: str, seconds: float = 4.0, colours: int = 64) -> None:
    """Show frames, uint8 pictures, as a film that loops and rests on its last frame; `alternative` says what it shows.

    Drawings (H, W, 4) take half their pixels on the page, grids of images (H, W) and (H, W, 3) all of them.
    Fewer `colours` make a smaller file. Raises what `film` raises.
    """
    content = film(frames, seconds, colours)
    display(
        {"text/html": image_tag(content, "webp", alternative, _width(frames[0])), "text/plain": alternative}, raw=True
    )


def show_slider(
    draw: Callable[[int], np.ndarray],
    values: Sequence[int],
    label: str,
    still: np.ndarray,
    alternative: str,
    start: int | None = None,
) -> None:
    """Show a slider over `values` with the picture `draw(value)` below it, at its natural size.

    start         where the slider stands first: one of `values`, by default the middle one
    still         a picture to be opened where widgets cannot run (a page on the web, a printout)
    alternative   the text where there are no pictures
    Pictures are uint8; see `show_film` for their size on the page.
    """
    first = values[len(values) // 2] if start is None else start
    slider = ipywidgets.SelectionSlider(
        options=list(values),
        value=first,
        description=label,
        continuous_update=True,
        layout=ipywidgets.Layout(width="100%", max_width="520px"),
        style={"description_width": "initial"},
    )
    picture = draw(first)
    room = ipywidgets.Layout(width=f"{_width(picture)}px", max_width="100%", height="auto", align_self="flex-start")
    image = ipywidgets.Image(value=encode(picture), format="png", layout=room)
    slider.observe(lambda change: setattr(image, "value", encode(draw(change["new"]))), names="value")
    bundle = ipywidgets.VBox([slider, image])._repr_mimebundle_()
    display(bundle | {"text/plain": alternative}, raw=True)
    folded = image_tag(encode(still), "png", alternative, _width(still))
    summary = "<summary>No slider to see? A still picture</summary>"
    display({"text/html": f"<details>{summary}{folded}</details>", "text/plain": alternative}, raw=True)


def _width(picture: np.ndarray) -> int:
    """How many pixels of the page it takes: drawings have twice as many, grids of images have them one by one."""
    return picture.shape[1] // (DENSITY if picture.ndim == 3 and picture.shape[2] == 4 else 1)
