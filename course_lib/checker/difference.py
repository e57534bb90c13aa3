"""Yours, expected, difference: a small picture that reads on a light and on a dark page."""

import io

import numpy as np
import torch
from torch import Tensor

from course_lib.pictures.plots import COLOURS

INK = "#808080"  # readable on white and on black


def draw_difference(yours: Tensor, expected: Tensor) -> bytes:
    """A PNG file that compares two results: pictures uint8 (H, W[, 3]), images (B, C, H, W), or curves of one axis.

    Pictures may differ in size. Empty where a drawing would say nothing: too few numbers, or no finite ones.
    """
    if _is_picture(yours) and _is_picture(expected):
        return _images(yours, expected, "")
    if yours.shape != expected.shape or not (yours.isfinite().any() and expected.isfinite().any()):
        return b""
    if yours.ndim == 1 and len(yours) >= 5:
        return _curves(yours.float(), expected.float())
    if yours.ndim == 4 and min(yours.shape[-2:]) >= 3:
        return _worst(yours, expected)
    return b""


def _is_picture(result: Tensor) -> bool:
    """Whether it is of the kind that `image_grid` returns."""
    channels_last = result.ndim == 3 and result.shape[2] in (1, 3)
    return result.dtype == torch.uint8 and (result.ndim == 2 or channels_last) and min(result.shape[:2]) >= 3


def _worst(yours: Tensor, expected: Tensor) -> bytes:
    """The row of the batch that differs most: in colour if it is that of a picture, else one channel of it."""
    off = _difference(yours, expected).abs().flatten(2).amax(2)  # (B, C)
    row, channel = divmod(int(off.argmax()), off.shape[1])
    if yours.dtype == torch.uint8 and yours.shape[1] == 3:
        return _images(yours[row].movedim(0, -1), expected[row].movedim(0, -1), f"row {row}")
    return _images(yours[row, channel], expected[row, channel], f"row {row}")


def _difference(yours: Tensor, expected: Tensor) -> Tensor:
    return (yours.float() - expected.float()).nan_to_num(0, 0, 0)


def _figure(columns: int, width: float, height: float):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for axis in axes:
        axis.patch.set_alpha(0)
        axis.tick_params(colors=INK, labelsize=7)
        axis.spines[:].set_color(INK)
    return figure, axes


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _curves(yours: Tensor, expected: Tensor) -> bytes:
    figure, (left, right) = _figure(2, 5.4, 1.7)
    steps = np.arange(len(yours))
    left.plot(steps, expected.numpy(), color=COLOURS["exact"], linewidth=3, alpha=0.55, label="expected")
    left.plot(steps, yours.numpy(), color=COLOURS["learned"], linewidth=1.2, label="yours")
    left.legend(fontsize=7, frameon=False, labelcolor=INK)
    left.set_title("yours and expected", fontsize=8, color=INK)
    right.plot(steps, (yours - expected).numpy(), color=COLOURS["learned"], linewidth=1.2)
    right.set_title("difference", fontsize=8, color=INK)
    for axis in (left, right):
        axis.set_xlabel("place", fontsize=7, color=INK)
    return _png(figure)


def _images(yours: Tensor, expected: Tensor, label: str) -> bytes:
    """Each (H, W), or uint8 (H, W, C). Where the sizes differ, they stand in the titles, and there is no difference."""
    drawn = [("yours", yours), ("expected", expected)]
    if yours.shape != expected.shape:
        drawn = [(f"{title}, {' x '.join(map(str, image.shape))}", image) for title, image in drawn]
    figure, axes = _figure(3 if yours.shape == expected.shape else 2, 4.8, 1.55)
    reach = max(float(image.float().nan_to_num(0, 0, 0).abs().max()) for image in (yours, expected))
    low, high = (0, 255) if expected.dtype == torch.uint8 else (-reach, reach)
    for axis, (title, image) in zip(axes, drawn, strict=False):
        axis.imshow(image.numpy(), cmap="gray", vmin=low, vmax=high)
        axis.set_title(title, fontsize=8, color=INK)
    if yours.shape == expected.shape:
        off = _difference(yours, expected)
        if off.ndim == 3:  # of the three colours the one that is furthest off
            off = off.gather(2, off.abs().argmax(2, keepdim=True))[..., 0]
        most = float(off.abs().max())
        axes[2].imshow(off.numpy(), cmap="PuOr", vmin=-most, vmax=most)
        axes[2].set_title(f"difference, up to {most:.3g}", fontsize=8, color=INK)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    axes[0].set_ylabel(label, fontsize=7, color=INK)
    return _png(figure)
