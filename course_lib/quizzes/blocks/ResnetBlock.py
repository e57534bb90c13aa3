"""Quiz `ResnetBlock` of chapter 07."""

import torch
from einops import rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz


def feature_maps(g: torch.Generator) -> list[tuple]:
    """Both ways for the time to enter, with equal and with different widths; once without time. All sizes differ."""

    def draw(*shape):
        return torch.randn(shape, generator=g)

    return [
        ((8, 8, 6), draw(3, 8, 5, 4), draw(3, 6)),
        ((8, 12, 6), draw(2, 8, 4, 5), draw(2, 6)),
        ((8, 8, 6, 4, "add"), draw(3, 8, 5, 4), draw(3, 6)),
        ((4, 8, 6, 2, "add"), draw(2, 4, 3, 5), draw(2, 6)),
        ((4, 8), draw(2, 4, 5, 3), None),
    ]


ResnetBlock = Quiz(
    blocks.ResnetBlock,
    cases=feature_maps,
    points=4,
    minutes=20,
    hints=(
        "A branch and a shortcut, added at the end. The branch: norm, activation, convolution, twice; the time enters "
        "at the second norm.",
        '"add": `time_mlp(time)`, shaped (B, C, 1, 1), joins h before `norm2`. "scale_shift": split it into scale and '
        "shift along the channels, and use them after `norm2`.",
        "h = conv1(act(norm1(x))); norm2(h + added) or norm2(h) * (1 + scale) + shift; return conv2(act(h)) + "
        "shortcut(x). Without a time only norm2(h).",
    ),
)


def first_half(self, x):
    return self.conv1(self.activation(self.norm1(x)))


def timed(self, h, time):
    """The right second norm, with the time in it."""
    if self.time_mlp is None:
        return self.norm2(h)
    numbers = self.time_mlp(time)[:, :, None, None]
    if self.time_mode == "add":
        return self.norm2(h + numbers)
    scale, shift = numbers.chunk(2, dim=1)
    return self.norm2(h) * (1 + scale) + shift


def second_half(self, x, h):
    return self.conv2(self.activation(h)) + self.shortcut(x)


@ResnetBlock.mistake("The shortcut is missing: without it this is a plain network again. What is added at the end?")
def no_shortcut(self, x, time=None):
    return self.conv2(self.activation(timed(self, first_half(self, x), time)))


@ResnetBlock.mistake(
    "You add `x` itself. That fits only while the width stays the same: `__init__` has made something for both cases."
)
def x_itself(self, x, time=None):
    return self.conv2(self.activation(timed(self, first_half(self, x), time))) + x


@ResnetBlock.mistake(
    "The scale multiplies by itself, so a network that says 0 wipes the features out. What should a scale of 0 do?"
)
def scale_without_one(self, x, time=None):
    h = first_half(self, x)
    if self.time_mode == "scale_shift" and self.time_mlp is not None:
        scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
        return second_half(self, x, self.norm2(h) * scale + shift)
    return second_half(self, x, timed(self, h, time))


@ResnetBlock.mistake("Scale and shift have changed places: the first half of `time_mlp`'s numbers is the scale.")
def scale_and_shift_swapped(self, x, time=None):
    h = first_half(self, x)
    if self.time_mode == "scale_shift" and self.time_mlp is not None:
        shift, scale = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
        return second_half(self, x, self.norm2(h) * (1 + scale) + shift)
    return second_half(self, x, timed(self, h, time))


@ResnetBlock.mistake(
    "You take every other number for the scale. Which of `(two c)` and `(c two)` puts all scales first?"
)
def every_other_number(self, x, time=None):
    h = first_half(self, x)
    if self.time_mode == "scale_shift" and self.time_mlp is not None:
        scale, shift = rearrange(self.time_mlp(time), "b (c two) -> two b c 1 1", two=2)
        return second_half(self, x, self.norm2(h) * (1 + scale) + shift)
    return second_half(self, x, timed(self, h, time))


@ResnetBlock.mistake(
    "With scale-shift the norm comes last in yours, and takes away much of what scale and shift did. Which goes first?"
)
def norm_after_scale_shift(self, x, time=None):
    h = first_half(self, x)
    if self.time_mode == "scale_shift" and self.time_mlp is not None:
        scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
        return second_half(self, x, self.norm2(h * (1 + scale) + shift))
    return second_half(self, x, timed(self, h, time))


@ResnetBlock.mistake(
    'In the mode "add" the time joins after the norm in yours. In the paper it joins the convolution\'s output: '
    "before or after `norm2`?"
)
def added_after_the_norm(self, x, time=None):
    h = first_half(self, x)
    if self.time_mode == "add" and self.time_mlp is not None:
        return second_half(self, x, self.norm2(h) + self.time_mlp(time)[:, :, None, None])
    return second_half(self, x, timed(self, h, time))


@ResnetBlock.mistake(
    "The time is added at the very end, behind the last convolution. Between which two should it enter?"
)
def added_at_the_end(self, x, time=None):
    h = first_half(self, x)
    if self.time_mode == "add" and self.time_mlp is not None:
        return second_half(self, x, self.norm2(h)) + self.time_mlp(time)[:, :, None, None]
    return second_half(self, x, timed(self, h, time))


@ResnetBlock.mistake("The time never enters. What is `time_mlp` for?")
def no_time(self, x, time=None):
    return second_half(self, x, self.norm2(first_half(self, x)))


@ResnetBlock.mistake("The first convolution comes without an activation. Norm, activation, convolution: twice.")
def no_first_activation(self, x, time=None):
    return second_half(self, x, timed(self, self.conv1(self.norm1(x)), time))


@ResnetBlock.mistake(
    "The second convolution comes without an activation, so the two melt into one linear map. What stands between?"
)
def no_second_activation(self, x, time=None):
    return self.conv2(timed(self, first_half(self, x), time)) + self.shortcut(x)


@ResnetBlock.mistake(
    "There is no activation at all, so the whole branch is nearly one linear map. Where do the two stand?"
)
def no_activation(self, x, time=None):
    return self.conv2(timed(self, self.conv1(self.norm1(x)), time)) + self.shortcut(x)


@ResnetBlock.mistake(
    "Each activation comes after its convolution. Norm, activation, convolution: in which order is yours?"
)
def activation_after_each_convolution(self, x, time=None):
    h = self.activation(self.conv1(self.norm1(x)))
    return self.activation(self.conv2(timed(self, h, time))) + self.shortcut(x)


@ResnetBlock.mistake(
    "A third activation, behind the second convolution: then the branch can hardly take anything away from x."
)
def activation_at_the_branchs_end(self, x, time=None):
    h = self.conv2(self.activation(timed(self, first_half(self, x), time)))
    return self.activation(h) + self.shortcut(x)


@ResnetBlock.mistake("`norm2` is never used. Two convolutions, two norms: what does the second one see?")
def no_second_norm(self, x, time=None):
    h = first_half(self, x)
    if self.time_mlp is None:
        return second_half(self, x, h)
    numbers = self.time_mlp(time)[:, :, None, None]
    if self.time_mode == "add":
        return second_half(self, x, h + numbers)
    scale, shift = numbers.chunk(2, dim=1)
    return second_half(self, x, h * (1 + scale) + shift)


@ResnetBlock.mistake(
    "The shortcut starts from what the branch gave, not from the block's input. Is `x` still what came in?"
)
def shortcut_of_the_result(self, x, time=None):
    h = self.conv2(self.activation(timed(self, first_half(self, x), time)))
    return h + self.shortcut(h)


@ResnetBlock.mistake(
    "The shortcut carries the normed and activated x. It should lead past the whole branch: which x goes in?"
)
def shortcut_after_norm_and_activation(self, x, time=None):
    h = timed(self, first_half(self, x), time)
    return self.conv2(self.activation(h)) + self.shortcut(self.activation(self.norm1(x)))


@ResnetBlock.mistake("The activation comes before the norm. Which of the two should see the raw features?")
def activation_before_norm(self, x, time=None):
    h = self.conv1(self.norm1(self.activation(x)))
    return self.conv2(timed(self, self.activation(h), time)) + self.shortcut(x)


@ResnetBlock.mistake(
    "An activation after the sum, as in the first ResNets. Here the shortcut stays untouched: what would it do to the "
    "way through many blocks?"
)
def activation_after_the_sum(self, x, time=None):
    return self.activation(second_half(self, x, timed(self, first_half(self, x), time)))


@ResnetBlock.mistake(
    "Convolution first, then norm and activation: that is the old order, and with a change of width it does not even "
    "fit `norm1`. What does pre-activation mean?"
)
def convolution_first(self, x, time=None):
    h = self.activation(self.norm1(self.conv1(x)))
    return self.activation(timed(self, self.conv2(h), time)) + self.shortcut(x)


@ResnetBlock.alternative("")
def with_chunk(self, x, time=None):
    h = self.conv1(self.activation(self.norm1(x)))
    if self.time_mlp is not None:
        numbers = self.time_mlp(time)[..., None, None]
    if self.time_mlp is None:
        h = self.norm2(h)
    elif self.time_mode == "scale_shift":
        scale, shift = torch.chunk(numbers, 2, dim=1)
        h = torch.addcmul(shift, self.norm2(h), scale + 1)
    else:
        h = self.norm2(h + numbers)
    return self.shortcut(x) + self.conv2(self.activation(h))


@ResnetBlock.alternative("")
def with_functional(self, x, time=None):
    h = self.conv1(functional.silu(self.norm1(x)))
    scale = shift = 0
    if self.time_mlp is not None and self.time_mode == "add":
        h = h + self.time_mlp(time).view(*h.shape[:2], 1, 1)
    elif self.time_mlp is not None:
        scale, shift = self.time_mlp(time).view(len(x), 2, -1, 1, 1).unbind(1)
    h = self.norm2(h)
    return self.conv2(functional.silu(h + h * scale + shift)) + self.shortcut(x)
