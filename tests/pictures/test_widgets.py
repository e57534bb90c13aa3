"""Sliders that redraw, and pictures that can be seen where no kernel runs."""

import base64
import configparser
import re
from io import BytesIO

import numpy as np
import pytest
import torch
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


def test_nbval_compares_what_a_film_shows_in_words_not_its_pixels(shown):
    """Another processor rounds otherwise: the same cell then makes a film of other bytes."""
    for level, alternative in ((254, "black turns white"), (255, "black turns white"), (255, "white turns black")):
        widgets.show_gif([np.zeros((4, 4), np.uint8), np.full((4, 4), level, np.uint8)], alternative)
    one, rounded, other = (bundle["text/html"] for bundle in shown)
    assert one != rounded
    assert sanitized(one) == sanitized(rounded) != sanitized(other)


class Handle:
    """Stands in for IPython's DisplayHandle: what was shown, and what took its place."""

    def __init__(self):
        self.shown, self.replaced = [], []

    def display(self, bundle, raw):
        self.shown.append(bundle)

    def update(self, bundle, raw):
        self.replaced.append(bundle)


def test_a_training_is_shown_in_one_place(monkeypatch):
    handle = Handle()
    monkeypatch.setattr(widgets, "DisplayHandle", lambda: handle)
    live = widgets.LiveTraining(4, "the loss <falls>", every=0.0)
    live.update(1, torch.tensor(1.0))
    live.update(2, torch.tensor(0.5), torch.zeros(8, 1, 28, 28))
    live.update(3, torch.tensor(0.3))
    live.update(4, torch.tensor(0.2))
    (first,), (*_, last) = handle.shown, handle.replaced
    assert len(handle.replaced) == 3
    assert first["text/plain"] == last["text/plain"] == "the loss <falls>"
    assert '<progress value="1" max="4"></progress> step 1 of 4, loss 1.000, about' in first["text/html"]
    assert '<progress value="4" max="4"></progress> step 4 of 4, loss 0.500<br>' in last["text/html"]
    assert 'alt="the loss &lt;falls&gt;"' in last["text/html"]
    assert sanitized(first["text/html"]) == sanitized(last["text/html"]) != first["text/html"]
    assert picture_in(first["text/html"]).size == (380, 260)
    assert picture_in(last["text/html"]).size == (380 + 4 * 3 * 29 - 3, 260)  # the samples stay beside the curve


def sanitized(text):
    """The text as nbval compares it, which sees the first state of an output that is replaced, not the last."""
    rules = configparser.RawConfigParser()
    rules.read(ROOT / "notebooks" / "sanitize.cfg", encoding="utf-8")
    for section in rules.sections():
        text = re.sub(rules[section]["regex"], rules[section]["replace"], text)
    return text


def test_a_training_is_drawn_now_and_then_and_at_its_end(monkeypatch):
    handle = Handle()
    monkeypatch.setattr(widgets, "DisplayHandle", lambda: handle)
    live = widgets.LiveTraining(50, "", every=1000.0)
    for step in range(31, 51):  # a run that goes on at step 30
        live.update(step, torch.tensor(float(step)))
    assert len(handle.shown) == 1
    (last,) = handle.replaced
    assert "step 50 of 50, loss 40.500" in last["text/html"]
