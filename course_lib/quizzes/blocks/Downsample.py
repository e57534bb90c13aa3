"""Quiz `Downsample` of chapter 07."""

from einops import rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.blocks.shared import pictures

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


@Downsample.alternative("")
def every_second_pixel(self, x):
    return functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)[..., ::2, ::2]


@Downsample.alternative("")
def padded_by_hand(self, x):
    return functional.conv2d(functional.pad(x, (1, 1, 1, 1)), self.conv.weight, self.conv.bias, stride=2)


@Downsample.alternative("")
def as_a_matrix_product(self, x):
    patches = functional.unfold(x, 3, padding=1, stride=2)  # (B, 9 C, n)
    out = self.conv.weight.flatten(1) @ patches + self.conv.bias[:, None]
    return rearrange(out, "b c (h w) -> b c h w", h=x.shape[2] // 2)
