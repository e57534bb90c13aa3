"""Sliders that redraw, and pictures that can be seen where no kernel runs."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from course_lib import widgets


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(widgets, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def picture_in(html):
    data = re.search(r'src="data:image/\w+;base64,([^"]+)"', html).group(1)
    return Image.open(BytesIO(base64.b64decode(data)))


def test_the_slider_redraws_and_has_a_still_picture(shown, monkeypatch):
    boxes = []
    box = widgets.ipywidgets.VBox
    monkeypatch.setattr(widgets.ipywidgets, "VBox", lambda children: boxes.append(box(children)) or boxes[-1])
    still = np.full((4, 6), 9, np.uint8)
    widgets.show_slider(lambda value: np.full((2, 2), value, np.uint8), [10, 20, 30], "t", still, "a <grey> square")
    slider, image = boxes[0].children
    for value in (20, 30, 10):
        slider.value = value
        assert Image.open(BytesIO(image.value)).getpixel((0, 0)) == value
    live, folded = shown
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"] == folded["text/plain"] == "a <grey> square"
    assert picture_in(folded["text/html"]).size == (6, 4)
    assert 'alt="a &lt;grey&gt; square"' in folded["text/html"]


def test_a_film_is_shown_with_its_alternative(shown):
    widgets.show_gif([np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)], "black turns white")
    (bundle,) = shown
    assert picture_in(bundle["text/html"]).n_frames == 2
    assert bundle["text/plain"] == "black turns white"
