"""Quiz `Upsample` of chapter 07."""

from einops import repeat
from torch import nn

from course_lib import blocks
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.blocks.shared import pictures

Upsample = Quiz(
    blocks.Upsample,
    cases=pictures,
    points=2,
    minutes=6,
    difficulty=2,
    importance=4,
    hints=(
        "First make every pixel a square of four equal pixels, then convolve.",
        '`functional.interpolate` has the mode "nearest"; einops has `repeat`.',
        '`self.conv(nn.functional.interpolate(x, scale_factor=2, mode="nearest"))`',
    ),
)


DOUBLED = 'nn.functional.interpolate(x, scale_factor=2, mode="nearest")'
ZEROS_BETWEEN = (
    "nn.functional.conv_transpose2d(x, torch.eye(x.shape[1])[..., None, None].to(x), stride=2, output_padding=1)"
)

Upsample.edits(
    not_doubled=(f"{DOUBLED} -> x", "The size stays as it is. Double it before the convolution."),
    not_convolved=(
        f"self.conv({DOUBLED}) -> {DOUBLED}",
        "The picture is larger, but nothing is learned: who uses the convolution?",
    ),
    convolved_first=(
        f"self.conv({DOUBLED}) -> {DOUBLED.replace('(x,', '(self.conv(x),')}",
        "The convolution comes first, on the small picture, and its output is blown up: the blocks stay. What could "
        "smooth them?",
    ),
    bilinear=(
        '"nearest" -> "bilinear"',
        "Between the pixels there are mixtures (bilinear). Here each pixel is repeated, and the convolution learns how "
        "to blend.",
    ),
    bilinear_from_corner_to_corner=(
        '"nearest" -> "bilinear", align_corners=True',
        "Bilinear, with the corners held fast. Nothing should be blended here: each pixel becomes four equal ones.",
    ),
    bicubic=(
        '"nearest" -> "bicubic"',
        "Bicubic interpolation guesses what lies between the pixels. Here each pixel is only repeated.",
    ),
    tiled=(
        f"{DOUBLED} -> x.repeat(1, 1, 2, 2)",
        "The whole picture lies there four times, beside and below itself. Each *pixel* should become four: what "
        "repeats those?",
    ),
    columns_tiled=(
        f"{DOUBLED} -> x.repeat(1, 1, 1, 2).repeat_interleave(2, dim=2)",
        "Each row of pixels is written twice, one copy behind the other. Which index runs faster, the pixel's "
        "or the copy's?",
    ),
    rows_tiled=(
        f"{DOUBLED} -> x.repeat(1, 1, 2, 1).repeat_interleave(2, dim=3)",
        "Each column of pixels is written twice, one copy below the other. Where do the copies of one pixel belong?",
    ),
    four_in_a_row=(
        f"{DOUBLED} -> x.repeat_interleave(4, dim=3).reshape(*x.shape[:2], 2 * x.shape[2], -1)",
        "The four copies of a pixel lie beside each other in one row. Two of them belong into the row below.",
    ),
    zeros_between=(
        f"{DOUBLED} -> {ZEROS_BETWEEN}",
        "Between the pixels there are zeros now. That is what a transposed convolution does, and where its "
        "checkerboard comes from.",
    ),
    transposed_convolution=(
        f"self.conv({DOUBLED}) -> nn.functional.conv_transpose2d("
        "x, self.conv.weight.transpose(0, 1), self.conv.bias, stride=2, padding=1, output_padding=1)",
        "That is a transposed convolution with these weights. Here each pixel is repeated first.",
    ),
    shared_among_four=(
        f"{DOUBLED} -> {DOUBLED} / 4",
        "Each of the four pixels gets a quarter. They should be as bright as the one that they come from.",
    ),
    repeated_edges_up=(
        '3, padding=1 -> 3, padding=1, padding_mode="replicate"',
        "At the edges the last pixels are repeated. How does the layer of `__init__` pad?",
    ),
    upsampled_without_the_bias=(
        f"self.conv({DOUBLED}) -> self.conv({DOUBLED}) - self.conv.bias[:, None, None]",
        "Off by one number for each channel: where is the bias of the convolution?",
    ),
    activated_at_the_end=(
        "return -> return nn.functional.silu(",
        '"nearest")) -> "nearest")))',
        "No activation here: the block that follows begins with a norm and its own activation.",
    ),
)


@Upsample.alternative("einops writes the copies as axes of their own.")
def with_einops(self, x):
    return self.conv(repeat(x, "b c h w -> b c (h 2) (w 2)"))


@Upsample.alternative("Columns are repeated first, then rows.")
def with_repeat_interleave(self, x):
    return self.conv(x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2))


@Upsample.alternative("`nn.Upsample` repeats pixels if it is told nothing else.")
def with_torchs_module(self, x):
    return nn.Sequential(nn.Upsample(scale_factor=2), self.conv)(x)
