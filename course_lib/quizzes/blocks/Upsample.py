"""Quiz `Upsample` of chapter 07."""

import torch
from einops import repeat
from torch import nn
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.blocks.shared import pictures

Upsample = Quiz(
    blocks.Upsample,
    cases=pictures,
    points=2,
    minutes=6,
    hints=(
        "First make every pixel a square of four equal pixels, then convolve.",
        '`functional.interpolate` has the mode "nearest"; einops has `repeat`.',
        '`self.conv(nn.functional.interpolate(x, scale_factor=2, mode="nearest"))`',
    ),
)


def doubled(x, mode="nearest"):
    return functional.interpolate(x, scale_factor=2, mode=mode)


@Upsample.mistake(
    "The convolution comes first, on the small picture, and its output is blown up: the blocks stay. What could smooth "
    "them?"
)
def convolved_first(self, x):
    return doubled(self.conv(x))


@Upsample.mistake(
    "Between the pixels you blend (bilinear). Here each pixel is repeated, and the convolution learns how to blend."
)
def bilinear(self, x):
    return self.conv(doubled(x, "bilinear"))


@Upsample.mistake("Bicubic interpolation guesses what lies between the pixels. Here each pixel is only repeated.")
def bicubic(self, x):
    return self.conv(doubled(x, "bicubic"))


@Upsample.mistake("The picture is larger, but nothing is learned: who uses the convolution?")
def not_convolved(self, x):
    return doubled(x)


@Upsample.mistake("The size stays as it is. Double it before the convolution.")
def not_doubled(self, x):
    return self.conv(x)


@Upsample.mistake(
    "`Tensor.repeat` lays the whole picture beside itself, four times. Each *pixel* should become four: which function "
    "does that?"
)
def tiled(self, x):
    return self.conv(x.repeat(1, 1, 2, 2))


@Upsample.mistake(
    "Between the pixels there are zeros now. That is what a transposed convolution does, and where its checkerboard "
    "comes from."
)
def zeros_between(self, x):
    wide = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype, device=x.device)
    wide[..., ::2, ::2] = x
    return self.conv(wide)


@Upsample.mistake("No activation here: the block that follows begins with a norm and its own activation.")
def activated_at_the_end(self, x):
    return functional.silu(self.conv(doubled(x)))


@Upsample.alternative("")
def with_einops(self, x):
    return self.conv(repeat(x, "b c h w -> b c (h 2) (w 2)"))


@Upsample.alternative("")
def with_repeat_interleave(self, x):
    return self.conv(x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2))


@Upsample.alternative("")
def with_torchs_module(self, x):
    return nn.Sequential(nn.Upsample(scale_factor=2), self.conv)(x)
