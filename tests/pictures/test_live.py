"""A training that is watched: shown in one place, stopped, continued, and as a film."""

import base64
import configparser
import itertools
import re
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.paths import ROOT
from course_lib.pictures import live
from course_lib.pictures.live import LiveTraining, loss_picture, read_curve


class Handle:
    """Stands in for IPython's DisplayHandle: what was shown, and what took its place."""

    def __init__(self):
        self.shown, self.replaced = [], []

    def display(self, bundle, raw):
        self.shown.append(bundle)

    def update(self, bundle, raw):
        self.replaced.append(bundle)


@pytest.fixture
def handle(monkeypatch):
    handle = Handle()
    monkeypatch.setattr(live, "DisplayHandle", lambda: handle)
    return handle


def picture_in(html):
    data = re.search(r'src="data:image/\w+;base64,([^"]+)"', html).group(1)
    return Image.open(BytesIO(base64.b64decode(data)))


def sanitized(text):
    """The text as nbval compares it, which sees the first state of an output that is replaced, not the last."""
    rules = configparser.RawConfigParser()
    rules.read(ROOT / "notebooks" / "sanitize.cfg", encoding="utf-8")
    for section in rules.sections():
        text = re.sub(rules[section]["regex"], rules[section]["replace"], text)
    return text


def test_a_training_is_shown_in_one_place(handle):
    watched = LiveTraining(4, "the loss <falls>", every=0.0)
    watched.update(1, torch.tensor(1.0))
    watched.update(2, torch.tensor(0.5), torch.zeros(8, 1, 28, 28))
    watched.update(3, torch.tensor(0.3))
    watched.update(4, torch.tensor(0.2))
    (first,), (*_, last) = handle.shown, handle.replaced
    assert len(handle.replaced) == 3
    assert first["text/plain"] == last["text/plain"] == "the loss <falls>"
    assert '<progress value="1" max="4"></progress> step 1 of 4, loss 1.000, about' in first["text/html"]
    assert '<progress value="4" max="4"></progress> step 4 of 4, loss 0.500<br>' in last["text/html"]
    assert 'alt="the loss &lt;falls&gt;"' in last["text/html"]
    assert sanitized(first["text/html"]) == sanitized(last["text/html"]) != first["text/html"]
    assert picture_in(first["text/html"]).size == (760, 520)
    assert picture_in(last["text/html"]).size == (760 + 2 * (4 * 3 * 29 - 3), 520)  # the samples stay beside the curve


def test_a_training_is_drawn_now_and_then_and_at_its_end(handle):
    watched = LiveTraining(50, "", every=1000.0)
    for step in range(31, 51):  # a run that goes on at step 30
        watched.update(step, torch.tensor(float(step)))
    assert len(handle.shown) == 1
    (last,) = handle.replaced
    assert "step 50 of 50, loss 40.500" in last["text/html"]


def test_an_interrupt_ends_the_block_and_keeps_what_there_is(handle):
    closed, after = [], []

    def steps():
        try:
            yield from range(1, 10)
        finally:
            closed.append(True)  # here a run on disk is stored

    with LiveTraining(9, "", every=1000.0) as watched:
        for step in steps():
            watched.update(step, torch.tensor(1.0 / step))
            if step == 3:
                raise KeyboardInterrupt
    after.append("the next cell")
    assert closed
    assert watched.stopped
    assert watched.curve()[0].tolist() == [1, 2, 3]
    assert watched.curve()[1].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
    assert "step 3 of 9, loss 0.611: stopped. The losses" in handle.replaced[-1]["text/html"]


def test_an_interrupt_before_the_first_step_is_shown_too(handle):
    with LiveTraining(9, "") as watched:
        raise KeyboardInterrupt
    assert watched.stopped
    assert "step 0 of 9: stopped" in handle.shown[0]["text/html"]
    assert len(watched.frames()) == 1


def test_an_error_inside_is_an_error(handle):
    with pytest.raises(ValueError, match="mine"), LiveTraining(9, ""):
        raise ValueError("mine")


def test_a_film_has_a_frame_for_every_look(handle):
    watched = LiveTraining(6, "", every=1000.0)
    for step in range(1, 7):
        grey = torch.full((16, 1, 28, 28), step / 6)
        watched.update(step, torch.tensor(1.0 / step), grey if step % 2 == 0 else None)
    frames = watched.frames()
    assert [frame.shape for frame in frames] == [(520 + 48, 760 + 2 * (4 * 2 * 29 - 2), 4)] * 3
    side = 2 * (4 * 2 * 29 - 2)
    greys = [int(frame[48 + 20, -side + 20, 0]) for frame in frames]  # inside of the first sample
    assert greys == sorted(set(greys))
    assert all(not np.array_equal(a[:, :760], b[:, :760]) for a, b in itertools.pairwise(frames))


def test_a_run_that_goes_on_draws_the_curve_that_it_had(tmp_path, handle):
    log = tmp_path / "log.csv"
    assert read_curve(log)[0].tolist() == []
    log.write_text("step,loss,seconds\n10,0.9,1.0\n20,0.4,2.0\n")
    steps, losses = read_curve(log)
    assert steps.tolist() == [10, 20]
    assert losses.tolist() == pytest.approx([0.9, 0.4])
    pictures = []
    for old in (None, log):
        watched = LiveTraining(60, "", log=old)
        watched.update(21, torch.tensor(0.4))
        pictures.append(np.asarray(picture_in([*handle.shown, *handle.replaced][-1]["text/html"])))
        handle.shown.clear()
    left = slice(200, 380)  # of the axis: steps before 21
    assert coloured(pictures[1][:, left]) > coloured(pictures[0][:, left]) + 100


@pytest.mark.parametrize("text", ["", "mine: 1", "step,loss\nten,0.9\n", "step,loss\n10\n"])
def test_a_file_that_is_no_log_has_no_curve(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    assert all(len(part) == 0 for part in read_curve(tmp_path / "log.csv"))


def test_the_line_is_the_mean_of_the_last_losses():
    losses = torch.tensor([2.0, 0.0] * 50)
    few, many = (loss_picture(torch.arange(1, n + 1), losses[:n], 100) for n in (10, 100))
    assert few.shape == many.shape == (520, 760, 4)
    assert coloured(many) > coloured(few) > 0


def coloured(picture):
    """How many pixels are orange: the colour of what is learned."""
    red, green, blue, opaque = np.moveaxis(picture.astype(int), -1, 0)
    return int(((red > 180) & (green < 130) & (blue < 60) & (opaque > 200)).sum())
