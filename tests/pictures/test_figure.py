"""A figure of the course shows itself: sharp, on no ground, with its text; one of the reader's own is left alone."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.colors import to_hex
from PIL import Image

from course_lib.pictures import figure
from course_lib.pictures.figure import INK, bundle
from course_lib.pictures.plots import add_legend, panels


@pytest.fixture
def drawn():
    (axis,) = panels("Look at the line", [""], "$x_t$", "density", (3.0, 2.0), alternative='A line from "0" to 1.')
    axis.plot([0, 1], label="line")
    add_legend(axis)
    yield axis.figure
    plt.close("all")


def image_in(html):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))


def test_it_is_drawn_with_twice_the_pixels_that_it_takes(drawn):
    shown = bundle(drawn)
    assert shown["text/plain"] == 'A line from "0" to 1.'
    assert 'alt="A line from &quot;0&quot; to 1." width="300"' in shown["text/html"]
    assert "max-width:100%" in shown["text/html"]
    assert image_in(shown["text/html"]).size == (600, 400)


def test_the_page_is_seen_through_it_and_nothing_is_black_or_white(drawn):
    """White letters vanish on a light page, black ones on a dark page."""
    pixels = np.asarray(image_in(bundle(drawn)["text/html"]).convert("RGBA")).astype(int)
    opaque = pixels[pixels[..., 3] > 200]
    assert (pixels[..., 3] == 0).mean() > 0.7
    brightness = opaque[:, :3].mean(axis=1)
    assert brightness.min() > 40
    assert brightness.max() < 215


def test_every_letter_has_the_grey_that_reads_on_both(drawn):
    figure.recolour(drawn)
    (axis,) = drawn.axes
    letters = [axis.xaxis.label, axis.yaxis.label, *axis.get_legend().get_texts(), *axis.get_xticklabels()]
    assert {to_hex(letter.get_color()).upper() for letter in letters} == {INK}


def contrast(one, other):
    """As WCAG 2.1 defines it."""

    def light(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["#FFFFFF", "#111111"])
def test_that_grey_stands_out_on_both_pages(page):
    assert contrast(INK, page) > 3.9


def test_nothing_else_is_shown_of_it(drawn, monkeypatch):
    """IPython takes `_ipython_display_` before every other way to show an object."""
    shown = []
    monkeypatch.setattr(figure, "display", lambda data, raw: shown.append(data))
    data, metadata = InteractiveShell.instance().display_formatter.format(drawn)
    assert (data, metadata) == ({}, {})
    assert [set(found) for found in shown] == [{"text/html", "text/plain"}]
