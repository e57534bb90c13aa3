"""A pad to draw on with the mouse, a finger or the keyboard: a sketch, or a mask over a picture."""

from collections.abc import Callable
from typing import Literal, get_args

import ipycanvas
import ipywidgets
import numpy as np
import torch
from IPython.display import display
from torch import Tensor

from course_lib.images import to_uint8
from course_lib.pictures.figure import DENSITY, INK, image_tag
from course_lib.pictures.painting import Painting, Pixel
from course_lib.pictures.plots import COLOURS
from course_lib.pictures.saving import PictureError, encode

Mode = Literal["sketch", "mask"]

SIDE = 336  # pixels of the page for the longer side: 12 for each of 28
BRUSHES = (1, 3, 5, 7)  # widths in pixels
ARROWS = {"ArrowUp": (-1, 0), "ArrowDown": (1, 0), "ArrowLeft": (0, -1), "ArrowRight": (0, 1)}
LEAVING = {"Tab", "Escape", "Enter", "Control", "Meta"}  # keys that go on to the next button
COVER = 0.7  # so much of a pixel's colour says that it is to be drawn; the rest is the picture under the mask


class DrawingPad:
    """A picture to draw on, with the mouse, a finger or the keyboard.

        pad = DrawingPad(start, mode="sketch", alternative="an empty picture to draw on")
        pad.show()
        pad.image              # in a later cell: what was drawn

    start         the picture to begin with, float (1, 1, H, W) in [-1, 1]
    mode          "sketch": grey values are painted, and `image` is the result. The eraser brings `start` back.
                  "mask": what is painted over the picture is to be drawn anew, and `mask` is the result.
                  The eraser makes a pixel known again.
    alternative   says in words what the pad shows first
    mask          for the mode "mask": the mask to begin with, (1, 1, H, W), 1 = known; by default all is known
    Until somebody draws, `image` and `mask` are exactly what they were first. Raises PictureError for anything else.
    """

    def __init__(self, start: Tensor, mode: Mode = "sketch", *, alternative: str, mask: Tensor | None = None):
        if mode not in get_args(Mode):
            raise PictureError(f"A drawing pad has the mode 'sketch' or 'mask', not {mode!r}.")
        if start.ndim != 4 or start.shape[:2] != (1, 1) or not start.numel() or not start.is_floating_point():
            wanted = "one grey picture: a float tensor (1, 1, height, width) in [-1, 1]"
            raise PictureError(f"A drawing pad begins with {wanted}, not {start.dtype} {tuple(start.shape)}.")
        if not start.isfinite().all():
            raise PictureError("A drawing pad cannot show nan and inf, which are in this picture.")
        if mask is not None and mode != "mask":
            raise PictureError("`mask` is for a pad with mode='mask'.")
        if mask is not None and (mask.shape != start.shape or not ((mask == 0) | (mask == 1)).all()):
            wanted = f"{tuple(start.shape)}, as the picture has, and holds only 0 and 1"
            raise PictureError(f"The mask to begin with has the shape {wanted}; this one has {tuple(mask.shape)}.")
        self.start, self.mode, self.alternative = start.detach().clone(), mode, alternative
        if mode == "sketch":
            picture = _plane(start)
            self.painting = Painting(picture, erased=picture)
        else:
            known = np.ones(start.shape[2:], np.float32)
            self.painting = Painting(known if mask is None else _plane(mask), erased=known)
        height, width = start.shape[2:]
        self._cell = max(3, SIDE // max(height, width)) * DENSITY  # a pixel's side in the canvas
        self._shown: np.ndarray | None = None  # the colours that the page has already
        self._last: Pixel | None = None  # where the pressed mouse or the finger was last
        self._framed: Pixel | None = self.painting.cursor  # where the keyboard's cursor is to be seen
        self._frame: Pixel | None = None  # where the page shows it
        self._build()

    @property
    def image(self) -> Tensor:
        """The picture as it is now, float32 (1, 1, H, W) in [-1, 1]; with mode="mask" the one that was given."""
        return self._tensor() if self.mode == "sketch" else self.start.float().clone()

    @property
    def mask(self) -> Tensor:
        """The mask as it is now, float32 (1, 1, H, W): 1 = known, 0 = to be drawn."""
        if self.mode != "mask":
            raise PictureError("This pad has no mask: make it with mode='mask', or ask for `pad.image`.")
        return self._tensor()

    def show(self) -> None:
        """Show the pad, and below it a still picture to be opened where widgets cannot run."""
        self._draw_all()
        picture = self._colours().repeat(self._cell, axis=0).repeat(self._cell, axis=1)
        self.canvas.set_trait("image_data", encode(picture))  # drawn by a page that is not connected to Python
        display(self.box._repr_mimebundle_() | {"text/plain": self.alternative}, raw=True)
        summary = "<summary>No pad to see? A still picture</summary>"
        framed = np.pad(picture, ((DENSITY, DENSITY), (DENSITY, DENSITY), (0, 0)), constant_values=int(INK[1:3], 16))
        folded = image_tag(encode(framed), "png", self.alternative, framed.shape[1] // DENSITY)
        display({"text/html": f"<details>{summary}{folded}</details>", "text/plain": self.alternative}, raw=True)

    def _tensor(self) -> Tensor:
        return torch.from_numpy(self.painting.values.copy())[None, None].to(self.start.device)

    # The widgets

    def _build(self) -> None:
        height, width = self.painting.values.shape
        self.canvas = ipycanvas.Canvas(
            width=width * self._cell,
            height=height * self._cell,
            # the border lies inside of this width
            layout=ipywidgets.Layout(
                width=f"{width * self._cell // DENSITY + 2}px",
                max_width="100%",
                height="auto",
                border=f"1px solid {INK}",
                margin="4px 2px",
                align_self="flex-start",
            ),
        )
        self.brush = ipywidgets.SelectionSlider(options=list(BRUSHES), value=3, description="brush width")
        self.grey = ipywidgets.FloatSlider(
            value=1, min=-1, max=1, step=0.1, readout_format=".1f", description="grey value"
        )
        self.eraser = ipywidgets.ToggleButton(description="Eraser", icon="eraser", tooltip="Eraser")
        self.undo_button = ipywidgets.Button(description="Undo", icon="undo")
        self.clear_button = ipywidgets.Button(description="Clear", icon="trash")
        for slider in (self.brush, self.grey):
            slider.layout = ipywidgets.Layout(width="100%", max_width=f"{SIDE}px")
            slider.style.description_width = "90px"
        for button in (self.eraser, self.undo_button, self.clear_button):
            button.layout.width = "auto"
        legend = "Orange is drawn anew. " if self.mode == "mask" else ""
        help_text = ipywidgets.HTML(
            f'<div style="font-size:90%;line-height:1.4">{legend}Mouse or finger: press and drag. Keyboard: the arrow '
            "keys move the frame, <b>space</b> paints, <b>e</b> erases, <b>Shift</b> + arrow key paints on the way, "
            "<b>u</b> undoes, <b>Tab</b> goes on.</div>",
            layout=ipywidgets.Layout(width="100%", max_width=f"{SIDE}px"),
        )
        sliders = [self.brush, self.grey] if self.mode == "sketch" else [self.brush]
        buttons = ipywidgets.HBox([self.undo_button, self.clear_button])
        self.box = ipywidgets.VBox([*sliders, ipywidgets.HBox([self.eraser]), self.canvas, buttons, help_text])

        self.grey.observe(lambda change: self._show_grey(), names="value")
        self._show_grey()
        self.undo_button.on_click(lambda button: self._do(self.painting.undo))
        self.clear_button.on_click(lambda button: self._do(self.painting.clear))
        self.canvas.on_client_ready(self._draw_all)
        self.canvas.on_mouse_down(self._press)
        self.canvas.on_mouse_move(self._drag)
        self.canvas.on_mouse_up(self._release)
        self.canvas.on_mouse_out(self._leave)
        self.canvas.on_touch_start(lambda fingers: self._press(*fingers[0]))
        self.canvas.on_touch_move(lambda fingers: self._drag(*fingers[0]))
        self.canvas.on_touch_end(lambda fingers: self._release())
        self.canvas.on_touch_cancel(lambda fingers: self._release())
        self.canvas.on_key_down(self._key)

    def _show_grey(self) -> None:
        level = int(to_uint8(torch.tensor(self.grey.value)))
        self.grey.style.handle_color = f"#{level:02x}{level:02x}{level:02x}"

    # What happens on the page

    def _pixel(self, x: float, y: float) -> Pixel:
        return int(y // self._cell), int(x // self._cell)

    def _value(self) -> float | None:
        """What the tool in use paints with; None for the eraser."""
        if self.eraser.value:
            return None
        return self.grey.value if self.mode == "sketch" else 0.0

    def _press(self, x: float, y: float) -> None:
        self._framed = None
        self._last = self._pixel(x, y)
        self.painting.remember()
        self._stroke(self._last)

    def _drag(self, x: float, y: float) -> None:
        if self._last is not None:
            self._stroke(self._pixel(x, y))

    def _leave(self, x: float, y: float) -> None:
        """The mouse leaves the picture: the page no longer says whether its button is pressed."""
        self._drag(x, y)
        self._release()

    def _release(self, *place: float) -> None:
        self._last = None

    def _stroke(self, end: Pixel) -> None:
        self.painting.stroke(self._last or end, end, self.brush.value, self._value())
        self._last = end
        self._draw()

    def _do(self, action: Callable[[], None]) -> None:
        action()
        self._draw()

    def _key(self, key: str, shift: bool, control: bool, meta: bool) -> None:
        before = self.painting.cursor
        if key in LEAVING or control or meta:  # ipycanvas keeps all keys from the page: Tab, and Control + S to save
            (self.eraser if key == "Tab" and shift else self.undo_button).focus()
            return
        if key in ARROWS:
            self.painting.move(*ARROWS[key])
        self._framed = after = self.painting.cursor
        if key == " " or (key in ARROWS and shift):
            self.painting.remember()
            self.painting.stroke(before, after, self.brush.value, self._value())
        elif key in ("e", "E"):
            self.painting.remember()
            self.painting.stroke(before, after, self.brush.value, None)
        elif key in ("u", "z"):
            self.painting.undo()
        self._draw()

    # Drawing

    def _colours(self) -> np.ndarray:
        """What is to be seen, a pixel each: uint8 (H, W, 3)."""
        shown = self._tensor() if self.mode == "sketch" else self.start
        colours = to_uint8(shown)[0, 0].cpu().numpy()[..., None].repeat(3, axis=2)
        if self.mode == "mask":
            drawn = self.painting.values == 0
            cover = np.array([int(COLOURS["learned"][i : i + 2], 16) for i in (1, 3, 5)])
            colours[drawn] = COVER * cover + (1 - COVER) * colours[drawn]
        return colours

    def _draw_all(self) -> None:
        """Draw every pixel: the page may be a new one, which shows nothing yet."""
        self._shown = None
        self.canvas._canvas_manager._current_canvas = None  # else ipycanvas does not tell a new page which one it is
        self._draw()

    def _draw(self) -> None:
        """Draw the pixels whose colour is another one than on the page, and the keyboard's cursor."""
        colours, cell = self._colours(), self._cell
        changed = np.ones(colours.shape[:2], bool)
        if self._shown is not None:
            changed = (colours != self._shown).any(axis=2)
        if self._frame is not None:
            changed[self._frame] = True
        rows, columns = np.nonzero(changed)
        with ipycanvas.hold_canvas():
            if len(rows):
                self.canvas.fill_styled_rects(columns * cell, rows * cell, cell, cell, colours[rows, columns])
            if self._framed is not None:
                y, x = cell * self._framed[0], cell * self._framed[1]
                edge = max(1, cell // 8)
                self.canvas.line_width = edge
                for number, colour in enumerate(("black", "white")):  # one of them is seen on every ground
                    self.canvas.stroke_style = colour
                    inset = edge / 2 + number * edge
                    self.canvas.stroke_rect(x + inset, y + inset, cell - 2 * inset, cell - 2 * inset)
        self._shown, self._frame = colours, self._framed


def _plane(tensor: Tensor) -> np.ndarray:
    """(1, 1, H, W) as an array of its own, float32 (H, W)."""
    return tensor.detach().float().cpu().numpy()[0, 0].copy()
