"""Sliders that redraw, and pictures that can be seen where no kernel runs."""

import base64
import configparser
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from course_lib.paths import ROOT
from course_lib.pictures import widgets


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
    assert (slider.value, image.layout.width, image.layout.max_width) == (20, "2px", "100%")
    for value in (20, 30, 10):
        slider.value = value
        assert Image.open(BytesIO(image.value)).getpixel((0, 0)) == value
    live, folded = shown
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"] == folded["text/plain"] == "a <grey> square"
    assert picture_in(folded["text/html"]).size == (6, 4)
    assert 'alt="a &lt;grey&gt; square"' in folded["text/html"]


def test_a_film_is_shown_with_its_alternative(shown):
    widgets.show_film([np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)], "black turns white")
    (bundle,) = shown
    assert picture_in(bundle["text/html"]).n_frames == 2
    assert bundle["text/plain"] == "black turns white"
    assert 'width="4"' in bundle["text/html"]


def test_a_drawing_takes_half_its_pixels_on_the_page(shown):
    widgets.show_film([np.full((4, 6, 4), level, np.uint8) for level in (9, 99)], "a drawing")
    assert 'width="3"' in shown[0]["text/html"]


def test_a_slider_starts_where_it_is_told_to(monkeypatch, shown):
    made = []
    kind = widgets.ipywidgets.SelectionSlider
    monkeypatch.setattr(widgets.ipywidgets, "SelectionSlider", lambda **how: made.append(kind(**how)) or made[-1])
    drawn = []

    def draw(value):
        drawn.append(value)
        return np.full((2, 2), value, np.uint8)

    widgets.show_slider(draw, [10, 20, 30], "t", draw(0), "a square", start=10)
    assert (made[0].value, drawn) == (10, [0, 10])  # the middle, which may answer a question, was never drawn


def test_nbval_compares_what_a_film_shows_in_words_not_its_pixels(shown):
    """Another processor rounds otherwise: the same cell then makes a film of other bytes."""
    for level, alternative in ((254, "black turns white"), (255, "black turns white"), (255, "white turns black")):
        widgets.show_film([np.zeros((4, 4), np.uint8), np.full((4, 4), level, np.uint8)], alternative)
    one, rounded, other = (bundle["text/html"] for bundle in shown)
    assert one != rounded
    assert sanitized(one) == sanitized(rounded) != sanitized(other)


def sanitized(text):
    """The text as nbval compares it, which sees the first state of an output that is replaced, not the last."""
    rules = configparser.RawConfigParser()
    rules.read(ROOT / "notebooks" / "sanitize.cfg", encoding="utf-8")
    for section in rules.sections():
        text = re.sub(rules[section]["regex"], rules[section]["replace"], text)
    return text
