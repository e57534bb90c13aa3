"""The drawing pad: what each event paints, pixel by pixel, and what the page gets of it."""

import base64
import configparser
import re
from io import BytesIO

import ipycanvas
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.paths import ROOT
from course_lib.pictures import canvas
from course_lib.pictures.canvas import DrawingPad
from course_lib.pictures.faults import picture_fault
from course_lib.pictures.painting import Painting, covered, line
from course_lib.pictures.saving import PictureError

CELL = 24  # pixels of the canvas for one of 28 x 28


def blank(side=28):
    return -torch.ones(1, 1, side, side)


def garment():
    return torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


def pad_for(mode="sketch", start=None, **more):
    return DrawingPad(blank() if start is None else start, mode, alternative="a picture", **more)


def send(pad, event, *pixels):
    """What the page sends for the mouse or for fingers in the middle of `pixels`, (row, column) each."""
    places = [{"x": CELL * (column + 0.5), "y": CELL * (row + 0.5)} for row, column in pixels]
    content = {"touches": places} if event.startswith("touch") else places[0]
    pad.canvas._handle_frontend_event(None, {"event": event} | content, [])


def drag(pad, *pixels):
    send(pad, "mouse_down", pixels[0])
    for pixel in pixels[1:]:
        send(pad, "mouse_move", pixel)
    send(pad, "mouse_up", pixels[-1])


def press(pad, *keys):
    """Press keys, named as the page names them; "Shift+" may stand in front."""
    for key in keys:
        shift = key.startswith("Shift+")
        content = {"key": key.removeprefix("Shift+"), "shift_key": shift, "ctrl_key": False, "meta_key": False}
        pad.canvas._handle_frontend_event(None, {"event": "key_down"} | content, [])


def painted(pad):
    """The pixels (row, column) that are not as they were first."""
    now = pad.painting.values
    return {(int(row), int(column)) for row, column in np.argwhere(now != pad.painting.first)}


def square(row, column, half=1):
    reach = range(-half, half + 1)
    return {(row + down, column + right) for down in reach for right in reach}


# Painting without widgets


@pytest.mark.parametrize("start", [(0, 0), (5, 3), (9, 9)])
def test_a_line_joins_its_ends_without_gaps(start):
    for end in np.ndindex(12, 12):
        pixels = line(start, end)
        assert (pixels[0], pixels[-1]) == (start, end)
        steps = np.abs(np.diff(np.array(pixels), axis=0))
        assert (steps.max(axis=1, initial=0) == 1).all() if start != end else len(pixels) == 1


@pytest.mark.parametrize(("width", "pixels"), [(1, 1), (3, 9), (5, 21), (7, 37)])
def test_a_brush_is_round(width, pixels):
    touched = covered((28, 28), (14, 14), (14, 14), width)
    assert touched.sum() == pixels
    assert (touched == touched.T).all()
    assert (touched[1:, 1:] == touched[1:, 1:][::-1, ::-1]).all()  # row 14 is in the middle of rows 1 ... 27


def test_a_brush_may_go_beyond_the_edges():
    assert np.argwhere(covered((4, 4), (-3, 0), (0, 0), 1)).tolist() == [[0, 0]]
    assert covered((4, 4), (0, 0), (0, 9), 3).sum() == 8
    assert not covered((4, 4), (0, 20), (9, 20), 7).any()


def test_a_stroke_sets_its_pixels_and_no_other():
    painting = Painting(np.zeros((6, 8), np.float32), erased=np.full((6, 8), 5, np.float32))
    painting.stroke((1, 1), (1, 4), 1, 0.5)
    expected = np.zeros((6, 8))
    expected[1, 1:5] = 0.5
    assert (painting.values == expected).all()
    painting.stroke((1, 4), (3, 4), 1, None)
    expected[1:4, 4] = 5
    assert (painting.values == expected).all()
    assert not painting.first.any()


def test_undo_goes_back_step_by_step_and_stops_at_the_beginning():
    painting = Painting(np.zeros((4, 4)), erased=np.zeros((4, 4)))
    for column in range(3):
        painting.remember()
        painting.stroke((0, column), (0, column), 1, 1.0)
    painting.clear()
    sums = []
    for _ in range(6):
        sums.append(painting.values.sum())
        painting.undo()
    assert sums == [0, 3, 2, 1, 0, 0]


def test_undo_passes_over_steps_that_changed_nothing():
    painting = Painting(np.zeros((4, 4)), erased=np.zeros((4, 4)))
    for value in (1.0, 1.0, 1.0):
        painting.remember()
        painting.stroke((0, 0), (0, 0), 1, value)
    painting.undo()
    assert painting.values.sum() == 0


def test_the_cursor_starts_in_the_middle_and_stops_at_the_edges():
    painting = Painting(np.zeros((4, 6)), erased=np.zeros((4, 6)))
    places = [painting.cursor]
    for down, right in ((0, 1), (-9, 0), (9, 9), (0, -9)):
        painting.move(down, right)
        places.append(painting.cursor)
    assert places == [(2, 3), (2, 4), (0, 4), (3, 5), (3, 0)]


# What comes out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_untouched_it_gives_back_what_it_began_with(dtype):
    start = garment().to(dtype)
    pad = pad_for(start=start)
    assert pad.image.dtype == torch.float32
    assert torch.equal(pad.image, start.float())


def test_untouched_all_is_known_or_as_the_first_mask_says():
    first = (garment() > 0).float()
    assert torch.equal(pad_for("mask").mask, torch.ones(1, 1, 28, 28))
    assert torch.equal(pad_for("mask", mask=first).mask, first)
    assert torch.equal(pad_for("mask", mask=first.bool()).mask, first)
    assert torch.equal(pad_for("mask", garment()).image, garment())


def test_painting_changes_neither_the_first_picture_nor_what_was_handed_out():
    start = garment()
    pad = pad_for(start=start)
    before = pad.image
    drag(pad, (4, 4), (4, 9))
    assert torch.equal(start, garment())
    assert torch.equal(before, start)
    assert not torch.equal(pad.image, start)
    pad.image.fill_(7)
    assert pad.image.max() == 1


def test_a_first_picture_that_is_changed_later_does_not_change_the_pad():
    start = garment()
    pads = pad_for(start=start), pad_for("mask", start)
    start.zero_()
    assert all(torch.equal(pad.image, garment()) for pad in pads)


def test_a_pad_for_a_sketch_has_no_mask():
    with pytest.raises(PictureError, match="no mask"):
        _ = pad_for().mask


@pytest.mark.parametrize(
    ("start", "options", "words"),
    [
        (blank()[0], {}, "one grey picture"),
        (blank().repeat(1, 3, 1, 1), {}, "one grey picture"),
        (blank().repeat(2, 1, 1, 1), {}, "one grey picture"),
        (blank().to(torch.uint8), {}, "one grey picture"),
        (blank()[..., :0], {}, "one grey picture"),
        (blank() / 0, {}, "nan and inf"),
        (blank(), {"mode": "paint"}, "'sketch' or 'mask'"),
        (blank(), {"mask": torch.ones(1, 1, 28, 28)}, "mode='mask'"),
        (blank(), {"mode": "mask", "mask": torch.ones(1, 1, 9, 9)}, "has the shape"),
        (blank(), {"mode": "mask", "mask": torch.full((1, 1, 28, 28), 0.5)}, "only 0 and 1"),
    ],
)
def test_what_cannot_be_drawn_on_is_refused_in_words(start, options, words):
    with pytest.raises(PictureError, match=re.escape(words)):
        DrawingPad(start, alternative="a picture", **options)


# The mouse and fingers


def test_a_press_paints_with_the_brush_and_the_grey_value():
    pad = pad_for()
    pad.grey.value = 0.3
    send(pad, "mouse_down", (10, 20))
    assert painted(pad) == square(10, 20)
    assert pad.image[0, 0, 10, 20] == torch.tensor(0.3)
    pad.brush.value, pad.grey.value = 1, -0.5
    drag(pad, (10, 20))
    assert (pad.image == -0.5).nonzero().tolist() == [[0, 0, 10, 20]]


def test_a_fast_stroke_has_no_gaps():
    pad = pad_for()
    pad.brush.value = 1
    drag(pad, (2, 2), (2, 25), (20, 25))
    assert painted(pad) == {(2, column) for column in range(2, 26)} | {(row, 25) for row in range(2, 21)}


@pytest.mark.parametrize("start", ["mouse_down", "touch_start"])
def test_only_between_press_and_release_anything_is_painted(start):
    pad = pad_for()
    pad.brush.value = 1
    move, end = ("mouse_move", "mouse_up") if start == "mouse_down" else ("touch_move", "touch_end")
    send(pad, move, (3, 3))
    assert painted(pad) == set()
    send(pad, start, (5, 5))
    send(pad, move, (5, 7))
    send(pad, end, (5, 7))
    send(pad, move, (9, 9))
    assert painted(pad) == {(5, 5), (5, 6), (5, 7)}
    send(pad, start, (20, 20))
    assert painted(pad) == {(5, 5), (5, 6), (5, 7), (20, 20)}  # no line from the last stroke


def test_a_stroke_reaches_the_edge_where_the_mouse_leaves_and_ends_there():
    pad = pad_for()
    pad.brush.value = 1
    send(pad, "mouse_down", (6, 20))
    send(pad, "mouse_out", (6, 31))
    send(pad, "mouse_move", (6, 2))
    assert painted(pad) == {(6, column) for column in range(20, 28)}


def test_a_finger_without_a_place_ends_the_stroke():
    pad = pad_for()
    send(pad, "touch_start", (5, 5), (20, 20))  # two fingers: the first one paints
    for event in ("touch_end", "touch_cancel"):
        pad.canvas._handle_frontend_event(None, {"event": event, "touches": []}, [])
    send(pad, "touch_move", (12, 12))
    assert painted(pad) == square(5, 5)


def test_the_outermost_pixels_can_be_painted():
    pad = pad_for()
    pad.brush.value = 1
    for x, y in ((0, 0), (671.9, 0), (0, 671.9), (672, 672)):  # the last is beside the picture
        pad.canvas._handle_frontend_event(None, {"event": "mouse_down", "x": x, "y": y}, [])
    assert painted(pad) == {(0, 0), (0, 27), (27, 0)}


# The buttons


def test_the_eraser_brings_the_first_picture_back():
    pad = pad_for(start=garment())
    drag(pad, (10, 5), (10, 20))
    pad.eraser.value = True
    pad.brush.value = 1
    drag(pad, (10, 8), (10, 12))
    gone = {(10, column) for column in range(8, 13)}
    assert painted(pad) == {(row, column) for row in (9, 10, 11) for column in range(4, 22)} - gone
    assert torch.equal(pad.image[0, 0, 10, 8:13], garment()[0, 0, 10, 8:13])


def test_the_eraser_makes_a_pixel_of_the_mask_known():
    pad = pad_for("mask", mask=torch.zeros(1, 1, 28, 28))
    pad.eraser.value = True
    drag(pad, (3, 3))
    assert {tuple(place) for place in pad.mask[0, 0].nonzero().tolist()} == square(3, 3)


def test_a_painted_mask_is_0_where_it_was_painted():
    pad = pad_for("mask", garment())
    drag(pad, (3, 3), (3, 6))
    expected = torch.ones(1, 1, 28, 28)
    expected[..., 2:5, 2:8] = 0
    assert torch.equal(pad.mask, expected)
    assert torch.equal(pad.image, garment())


def test_undo_takes_back_a_whole_stroke_and_clear_everything():
    first = torch.ones(1, 1, 28, 28)
    first[..., 20:, :] = 0
    pad = pad_for("mask", mask=first)
    drag(pad, (3, 3), (3, 20))
    one = pad.mask
    drag(pad, (9, 3), (9, 20), (12, 20))
    pad.undo_button.click()
    assert torch.equal(pad.mask, one)
    drag(pad, (15, 3))
    pad.clear_button.click()
    assert torch.equal(pad.mask, first)
    pad.undo_button.click()
    pad.undo_button.click()
    assert torch.equal(pad.mask, one)


def test_the_handle_of_the_grey_slider_has_its_grey():
    pad = pad_for()
    shades = []
    for value in (-1, 0, 1):
        pad.grey.value = value
        shades.append(pad.grey.style.handle_color)
    assert shades == ["#000000", "#808080", "#ffffff"]


def test_only_a_sketch_has_grey_values():
    for mode, has in (("sketch", True), ("mask", False)):
        pad = pad_for(mode)
        assert (pad.grey in pad.box.children) == has


# The keyboard


def test_arrow_keys_move_and_space_paints():
    pad = pad_for()
    press(pad, "ArrowUp", "ArrowUp", "ArrowLeft")
    assert painted(pad) == set()
    press(pad, " ")
    assert painted(pad) == square(12, 13)
    press(pad, "ArrowRight", "ArrowDown")
    assert painted(pad) == square(12, 13)
    assert pad.painting.cursor == (13, 14)


def test_shift_and_an_arrow_key_paint_on_the_way():
    pad = pad_for()
    pad.brush.value = 1
    press(pad, "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown")
    assert painted(pad) == {(14, 14), (14, 15), (14, 16), (15, 16)}


def test_keys_erase_and_undo():
    pad = pad_for()
    press(pad, " ", "e")
    assert painted(pad) == set()
    press(pad, "u")
    assert painted(pad) == square(14, 14)
    pad.eraser.value = True
    press(pad, " ")
    assert painted(pad) == set()
    press(pad, "z", "u")
    assert painted(pad) == set()


def test_the_keyboard_alone_paints_a_mask():
    pad = pad_for("mask", garment())
    press(pad, "ArrowUp", " ")
    assert {tuple(place) for place in (pad.mask == 0)[0, 0].nonzero().tolist()} == square(13, 14)


def test_keys_that_mean_nothing_change_nothing():
    pad = pad_for()
    press(pad, "a", "Shift", "PageDown", "F5", "E", "u", "z")
    assert (painted(pad), pad.painting.cursor) == (set(), (14, 14))


@pytest.mark.parametrize(
    ("key", "target"),
    [("Tab", "undo_button"), ("Shift+Tab", "eraser"), ("Escape", "undo_button"), ("Control", "undo_button")],
)
def test_the_focus_can_leave_the_picture(key, target, monkeypatch):
    pad = pad_for()
    focused = []
    for name in ("undo_button", "eraser"):
        monkeypatch.setattr(type(getattr(pad, name)), "send", lambda self, message: focused.append((self, message)))
    press(pad, key)
    assert focused == [(getattr(pad, target), {"do": "focus"})]
    assert painted(pad) == set()


# What the page gets


class Page:
    """What ipycanvas's front end draws, from the calls that a pad makes; `count` rectangles so far."""

    def __init__(self, pad, monkeypatch):
        self.pixels = np.full((pad.canvas.height, pad.canvas.width, 3), 77, np.uint8)
        self.count, self.frames = 0, []
        monkeypatch.setattr(type(pad.canvas), "fill_styled_rects", lambda _, *given: self.fill(*given))
        monkeypatch.setattr(type(pad.canvas), "stroke_rect", lambda _, *given: self.frames.append(given))

    def fill(self, x, y, width, height, colours):
        assert colours.dtype == np.uint8
        self.count += len(x)
        for left, top, colour in zip(x, y, colours, strict=True):
            self.pixels[top : top + height, left : left + width] = colour

    def colours(self):
        """A colour for each pixel of the picture, (H, W, 3), which must have that colour everywhere."""
        height, width = np.array(self.pixels.shape[:2]) // CELL
        blocks = self.pixels.reshape(height, CELL, width, CELL, 3).swapaxes(1, 2)
        assert (blocks == blocks[:, :, :1, :1]).all()
        return blocks[:, :, 0, 0]


def test_the_page_shows_the_picture_and_gets_only_what_changes(monkeypatch):
    pad = pad_for(start=garment())
    page = Page(pad, monkeypatch)
    pad.canvas._handle_frontend_event(None, {"event": "client_ready"}, [])
    assert page.count == 28 * 28
    drag(pad, (5, 5), (5, 9))
    assert 15 <= page.count - 28 * 28 <= 9 + 15 + 1  # and the place where the frame was
    press(pad, "u")
    pad.grey.value = 0
    drag(pad, (8, 8))
    expected = ((pad.image[0, 0] + 1) * 127.5).round().to(torch.uint8)
    assert (page.colours() == expected.numpy()[..., None]).all()


def test_hidden_pixels_are_orange_and_others_grey(monkeypatch):
    pad = pad_for("mask", start=garment())
    page = Page(pad, monkeypatch)
    pad._draw_all()
    drag(pad, (5, 5))
    red, green, blue = (page.colours()[..., channel].astype(int) for channel in range(3))
    hidden = pad.mask[0, 0].numpy() == 0
    assert ((red == green) == ~hidden).all()
    assert (red - blue)[hidden].min() > 100


def test_the_frame_is_where_the_cursor_is_and_goes_when_the_mouse_paints(monkeypatch):
    pad = pad_for()
    page = Page(pad, monkeypatch)
    press(pad, "ArrowUp")
    for x, y, width, height in page.frames:
        assert 14 * CELL < x < x + width < 15 * CELL
        assert 13 * CELL < y < y + height < 14 * CELL
    assert len(page.frames) == 2
    page.frames.clear()
    before = page.count
    press(pad, "ArrowUp")
    assert page.count == before + 1  # the pixel that had the frame
    page.frames.clear()
    drag(pad, (0, 0))
    assert page.frames == []


def test_a_new_page_is_told_which_canvas_is_meant(monkeypatch):
    """A page that was loaded again knows no current canvas: without its name it would refuse all drawing."""
    sent = []
    manager = ipycanvas.canvas._CANVAS_MANAGER
    monkeypatch.setattr(manager, "_send_custom", lambda commands, buffers=(): sent.append(commands))
    pad = pad_for()
    for _ in range(2):
        sent.clear()
        pad.canvas._handle_frontend_event(None, {"event": "client_ready"}, [])
        assert sent[0][0] == [ipycanvas.canvas.COMMANDS["switchCanvas"], [f"IPY_MODEL_{pad.canvas.model_id}"]]


@pytest.mark.parametrize(("side", "page"), [(28, 336), (32, 320), (64, 320), (128, 384)])
def test_pixels_are_enlarged_by_a_whole_number(side, page):
    pad = pad_for(start=blank(side))
    assert pad.canvas.width == pad.canvas.height == 2 * page
    assert pad.canvas.width % side == 0
    assert pad.canvas.layout.width == f"{page + 2}px"


def test_a_picture_need_not_be_square():
    pad = DrawingPad(torch.zeros(1, 1, 14, 28), alternative="a wide picture")
    assert (pad.canvas.height, pad.canvas.width) == (14 * CELL, 28 * CELL)
    drag(pad, (13, 27))
    assert painted(pad) == {(12, 26), (12, 27), (13, 26), (13, 27)}


# What the notebook keeps


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(canvas, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_there_is_a_still_picture_even_of_an_empty_pad(shown):
    DrawingPad(blank(), alternative="an <empty> picture").show()
    live, folded = shown
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"] == folded["text/plain"] == "an <empty> picture"
    assert 'alt="an &lt;empty&gt; picture"' in folded["text/html"]
    assert 'width="338"' in folded["text/html"]
    content = base64.b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', folded["text/html"]).group(1))
    assert picture_fault(content) == ""
    assert Image.open(BytesIO(content)).size == (676, 676)


def test_the_still_picture_shows_the_first_mask(shown):
    first = torch.ones(1, 1, 28, 28)
    first[..., 14:, :] = 0
    pad_for("mask", mask=first).show()
    content = base64.b64decode(re.search(r"base64,([^\"]+)", shown[1]["text/html"]).group(1))
    picture = np.asarray(Image.open(BytesIO(content))).astype(int)[2:-2, 2:-2]
    orange = picture[..., 0] - picture[..., 2] > 100
    assert not orange[:336].any()
    assert orange[336:].all()


def test_two_runs_leave_the_same_outputs_and_little_of_them(shown):
    pads = [pad_for("mask", garment()) for _ in range(2)]
    for pad in pads:
        pad.show()
    rules = configparser.RawConfigParser()
    rules.read(ROOT / "notebooks" / "sanitize.cfg", encoding="utf-8")
    texts = [repr(bundle).replace("'", '"') for bundle in shown]
    for section in rules.sections():
        texts = [re.sub(rules[section]["regex"], rules[section]["replace"], text) for text in texts]
    assert texts[:2] == texts[2:]
    kept = sum(len(repr(bundle)) for bundle in shown[:2]) + len(pads[0].canvas.get_state()["image_data"])
    assert kept < 30_000
    assert pads[0].canvas.get_state()["sync_image_data"] is False
