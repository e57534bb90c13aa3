"""Quizzes of chapter 07: smaller and larger pictures."""

import torch
from einops import rearrange, repeat
from torch import nn
from torch.nn import functional

from course_lib import blocks
from course_lib.quizzes.catalogue import Choice, Option, Quiz


def pictures(g: torch.Generator) -> list[tuple]:
    """Even heights and widths that differ; widths in channels that stay and that change."""
    shapes = [((3, 5), (2, 3, 6, 8)), ((4, 4), (3, 4, 4, 10)), ((6, 2), (1, 6, 8, 4))]
    return [(init, torch.randn(shape, generator=g)) for init, shape in shapes]


# half the size

Downsample = Quiz(
    blocks.Downsample,
    cases=pictures,
    points=1,
    minutes=3,
    hints=(
        "Look at the convolution in `__init__`: what does its stride do?",
        "It already makes every second row and column. There is nothing else to do.",
        "`return self.conv(x)`",
    ),
)


@Downsample.mistake("Halved twice: the convolution's stride already does it.")
def halved_twice(self, x):
    return self.conv(x)[..., ::2, ::2]


@Downsample.mistake("The size is right, but nothing is learned: who uses the convolution?")
def pooled_only(self, x):
    return functional.avg_pool2d(x, 2)


@Downsample.mistake("You shrink first and then let the convolution shrink again. Once is enough.")
def pooled_before(self, x):
    return self.conv(functional.avg_pool2d(x, 2))


@Downsample.mistake("This convolves at full size, with stride 1. Who makes it smaller?")
def stride_one(self, x):
    return functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)


@Downsample.mistake(
    "Every second pixel is right, but you start with the second one: it is shifted by a pixel against the stride's."
)
def other_pixels(self, x):
    return functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)[..., 1::2, 1::2]


@Downsample.mistake("No activation here: the block before has one, and the block after begins with a norm.")
def activated(self, x):
    return functional.silu(self.conv(x))


@Downsample.mistake(
    "You average 2 x 2 pixels of the full-size convolution. The stride does not average: what does it do?"
)
def averaged_after(self, x):
    return functional.avg_pool2d(functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1), 2)


@Downsample.alternative
def every_second_pixel(self, x):
    return functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)[..., ::2, ::2]


@Downsample.alternative
def padded_by_hand(self, x):
    return functional.conv2d(functional.pad(x, (1, 1, 1, 1)), self.conv.weight, self.conv.bias, stride=2)


@Downsample.alternative
def as_a_matrix_product(self, x):
    patches = functional.unfold(x, 3, padding=1, stride=2)  # (B, 9 C, n)
    out = self.conv.weight.flatten(1) @ patches + self.conv.bias[:, None]
    return rearrange(out, "b c (h w) -> b c h w", h=x.shape[2] // 2)


# twice the size

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


@Upsample.alternative
def with_einops(self, x):
    return self.conv(repeat(x, "b c h w -> b c (h 2) (w 2)"))


@Upsample.alternative
def with_repeat_interleave(self, x):
    return self.conv(x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2))


@Upsample.alternative
def with_torchs_module(self, x):
    return nn.Sequential(nn.Upsample(scale_factor=2), self.conv)(x)


# Predict before you run

down_and_up_alone = Choice(
    "down_and_up_alone",
    "The network now halves the picture twice and doubles it twice, at about the same cost. What does that do to "
    "the error?",
    options={
        "a": Option(
            "it falls: each pixel sees more",
            "It does see more. But the noise has to be named for each single pixel: where is the fine detail after two "
            "halvings?",
        ),
        "b": Option(
            "it rises a lot",
            "Noise is the finest detail there is, and the way through the small picture loses it. The wide view is "
            "worth something only beside a way for the detail.",
        ),
        "c": Option(
            "nothing much",
            "The channels grow while the picture shrinks, so there is room. But how easily do convolutions learn to "
            "carry every pixel's own noise through?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    hints=("What does the network have to say for each single pixel, and what happens to single pixels on the way?",),
)
