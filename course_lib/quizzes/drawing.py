"""Yours, expected, difference: a small picture that reads on a light and on a dark page."""

import io

import numpy as np
import torch
from torch import Tensor

from course_lib.plots import COLOURS

INK = "#808080"  # readable on white and on black


def draw_difference(yours: Tensor, expected: Tensor) -> bytes:
    """A PNG file that compares two results of one shape: images (B, C, H, W), or curves of one axis.

    Empty where a picture would say nothing: too few numbers, or no finite ones.
    """
    if not (yours.isfinite().any() and expected.isfinite().any()):
        return b""
    if yours.ndim == 1 and len(yours) >= 5:
        return _curves(yours, expected)
    if yours.ndim == 4 and min(yours.shape[-2:]) >= 3:
        worst = int((yours - expected).abs().nan_to_num(0, 0, 0).flatten(1).amax(1).argmax())
        return _images(yours[worst, 0], expected[worst, 0], worst)
    return b""


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


def _images(yours: Tensor, expected: Tensor, row: int) -> bytes:
    figure, axes = _figure(3, 4.2, 1.35)
    reach = float(torch.cat([expected.flatten(), yours.flatten()]).nan_to_num(0, 0, 0).abs().max())
    for axis, image, title in zip(
        axes, (yours, expected, yours - expected), ("yours", "expected", "difference"), strict=True
    ):
        axis.imshow(image.numpy(), cmap="gray" if title != "difference" else "PuOr", vmin=-reach, vmax=reach)
        axis.set_title(title, fontsize=8, color=INK)
        axis.set_xticks([])
        axis.set_yticks([])
    axes[0].set_ylabel(f"row {row}", fontsize=7, color=INK)
    return _png(figure)
