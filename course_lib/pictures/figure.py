"""How a picture is shown in a notebook: on no ground of its own, sharp, at its natural size, with its text.

A reader may have a light or a dark theme. So grounds are transparent, and lines and letters are of a grey that reads on
both. Pictures are drawn with twice the pixels that they take on the page, for screens that have them.
"""

import base64
import html
import io
from typing import Any

from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.text import Text

INK = "#808080"  # 3.9 : 1 on white, 4.8 : 1 on JupyterLab's dark ground
DPI = 200
DENSITY = 2  # pixels of a drawing for one pixel of the page, which has 100 to the inch
PLAIN = ("black", "k", "#000000")


class LessonFigure(Figure):
    """A figure that shows itself as an image with a text alternative, which is its `alternative`.

    Whatever matplotlib's backend would show in its place is not shown.
    """

    alternative = ""

    def _ipython_display_(self) -> None:
        display(bundle(self), raw=True)


def bundle(figure: Figure) -> dict[str, str]:
    """What a notebook stores of a figure: an image as HTML, and its alternative as text."""
    recolour(figure)
    content = io.BytesIO()
    figure.savefig(content, dpi=DPI, transparent=True)
    alternative = getattr(figure, "alternative", "")
    width = round(figure.get_figwidth() * DPI / DENSITY)
    return {"text/html": image_tag(content.getvalue(), "png", alternative, width), "text/plain": alternative}


def image_tag(content: bytes, kind: str, alternative: str, width: int) -> str:
    """A picture file as an HTML image, `width` pixels of the page wide, or as wide as there is room."""
    data = base64.b64encode(content).decode()
    return (
        f'<img alt="{html.escape(alternative)}" width="{width}" style="max-width:100%;height:auto" '
        f'src="data:image/{kind};base64,{data}">'
    )


def recolour(figure: Figure) -> None:
    """Take away the grounds, and give what is black by default the grey that reads on a light and on a dark page."""
    figure.patch.set_alpha(0)
    for axis in figure.axes:
        axis.patch.set_alpha(0)
        axis.tick_params(which="both", color=INK, labelcolor=INK)
        for spine in axis.spines.values():
            spine.set_edgecolor(INK)
    texts: list[Any] = figure.findobj(Text)
    for text in texts:
        if text.get_color() in PLAIN:
            text.set_color(INK)
