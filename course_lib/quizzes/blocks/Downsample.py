"""Quiz `Downsample` of chapter 07."""

import torch
from einops import rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.blocks.shared import pictures


def with_both_kernels(g: torch.Generator) -> list[tuple]:
    return [*pictures(g), ((3, 4, 4), torch.randn(2, 3, 10, 6, generator=g))]


Downsample = Quiz(
    blocks.Downsample,
    cases=with_both_kernels,
    points=1,
    minutes=3,
    difficulty=1,
    importance=4,
    hints=(
        "Look at the convolution in `__init__`: what does its stride do?",
        "It already makes every second row and column. There is nothing else to do.",
        "`return self.conv(x)`",
    ),
)


Downsample.edits(
    halved_twice=(
        "self.conv(x) -> self.conv(x)[..., ::2, ::2]",
        "Halved twice: the convolution's stride already does it.",
    ),
    pooled_before=(
        "self.conv(x) -> self.conv(nn.functional.avg_pool2d(x, 2))",
        "The picture is made smaller before the convolution, and by it once more. Once is enough.",
    ),
    pooled_only=(
        "self.conv(x) -> nn.functional.avg_pool2d(x, 2)",
        "These are means of 2 x 2 pixels, and nothing is learned: who uses the convolution?",
    ),
    every_second_pixel_only=(
        "self.conv(x) -> x[..., ::2, ::2]",
        "That is every second pixel of x, as it was. The convolution has no part in it.",
    ),
    stride_one=("stride=2 -> stride=1", "This convolves at full size, with stride 1. Who makes it smaller?"),
    other_pixels=(
        "stride=2 -> stride=1",
        "self.conv(x) -> self.conv(x)[..., 1::2, 1::2]",
        "Every result is that of one row and one column further on. On which sides is the picture padded?",
    ),
    averaged_after=(
        "stride=2 -> stride=1",
        "self.conv(x) -> nn.functional.avg_pool2d(self.conv(x), 2)",
        "That is the mean of 2 x 2 pixels of the full-size convolution. The stride does not average: what does it do?",
    ),
    largest_after=(
        "stride=2 -> stride=1",
        "self.conv(x) -> nn.functional.max_pool2d(self.conv(x), 2)",
        "That is the largest of 2 x 2 pixels of the full-size convolution. The stride does not choose.",
    ),
    every_second_pixel_first=(
        "stride=2 -> stride=1",
        "self.conv(x) -> self.conv(x[..., ::2, ::2])",
        "Every second pixel is dropped before the convolution, which never sees it. Its stride leaves out results, "
        "not pixels.",
    ),
    pooled_then_stride_one=(
        "stride=2 -> stride=1",
        "self.conv(x) -> self.conv(nn.functional.avg_pool2d(x, 2))",
        "Averaged first, then convolved without its stride. The stride alone halves: what does the convolution see?",
    ),
    unpadded=(
        "stride=2, padding=1 -> stride=2, padding=0",
        "Less than half is left: at the edges something is missing. The layer that `__init__` made pads.",
    ),
    reflected_edges=(
        'stride=2, padding=1 -> stride=2, padding=1, padding_mode="reflect"',
        "At the edges the picture is reflected. The layer of `__init__` puts zeros there.",
    ),
    repeated_edges=(
        'stride=2, padding=1 -> stride=2, padding=1, padding_mode="replicate"',
        "At the edges the last pixels are repeated. What does `padding=1` put there?",
    ),
    three_by_three_only=(
        "self.conv(x) -> nn.functional.conv2d(x, self.conv.weight[..., :3, :3], self.conv.bias, stride=2, padding=1)",
        "With `kernel=4` the kernel's last row and column have no part in it. Who decides how large it is?",
    ),
    without_the_bias=(
        "self.conv(x) -> self.conv(x) - self.conv.bias[:, None, None]",
        "Each channel is off by a number of its own: the convolution's bias is missing.",
    ),
    activated=(
        "self.conv(x) -> nn.functional.silu(self.conv(x))",
        "No activation here: the block before has one, and the block after begins with a norm.",
    ),
)


@Downsample.alternative("The same convolution at full size, of which every second row and column is kept.")
def every_second_pixel(self, x):
    return functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)[..., ::2, ::2]


@Downsample.alternative("The zeros at the edges are put there by `pad`.")
def padded_by_hand(self, x):
    return functional.conv2d(functional.pad(x, (1, 1, 1, 1)), self.conv.weight, self.conv.bias, stride=2)


@Downsample.alternative("A convolution is a matrix product: weights times patches.")
def as_a_matrix_product(self, x):
    patches = functional.unfold(x, self.conv.kernel_size, padding=1, stride=2)  # (B, C k k, n)
    out = self.conv.weight.flatten(1) @ patches + self.conv.bias[:, None]
    return rearrange(out, "b c (h w) -> b c h w", h=x.shape[2] // 2)
