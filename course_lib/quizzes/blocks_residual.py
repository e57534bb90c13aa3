"""Quizzes of chapter 07: the ResNet block and the ConvNeXt block."""

import torch
from einops import rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.quizzes.catalogue import Quiz

# the ResNet block


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


@ResnetBlock.alternative
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


@ResnetBlock.alternative
def with_functional(self, x, time=None):
    h = self.conv1(functional.silu(self.norm1(x)))
    scale = shift = 0
    if self.time_mlp is not None and self.time_mode == "add":
        h = h + self.time_mlp(time).view(*h.shape[:2], 1, 1)
    elif self.time_mlp is not None:
        scale, shift = self.time_mlp(time).view(len(x), 2, -1, 1, 1).unbind(1)
    h = self.norm2(h)
    return self.conv2(functional.silu(h + h * scale + shift)) + self.shortcut(x)


# the ConvNeXt block


def maps_and_times(g: torch.Generator) -> list[tuple]:
    """Widths that stay and that change, a factor other than 2, and once without time."""

    def draw(*shape):
        return torch.randn(shape, generator=g)

    return [
        ((6, 6, 5), draw(3, 6, 5, 4), draw(3, 5)),
        ((4, 7, 6), draw(2, 4, 3, 5), draw(2, 6)),
        ((3, 3, 4, 1), draw(2, 3, 4, 6), draw(2, 4)),
        ((4, 6), draw(2, 4, 5, 3), None),
    ]


ConvNextBlock = Quiz(
    blocks.ConvNextBlock,
    cases=maps_and_times,
    points=3,
    minutes=12,
    hints=(
        "A branch beside a shortcut again. The branch begins with the depthwise convolution.",
        "After it the time is added, `time_mlp(time)` shaped (B, C, 1, 1); then comes `self.body`.",
        "h = depthwise(x) + time, if there is one; return body(h) + shortcut(x).",
    ),
)


def told(self, time):
    """The time's numbers, (B, C, 1, 1), or 0."""
    return 0 if self.time_mlp is None else self.time_mlp(time)[:, :, None, None]


@ConvNextBlock.mistake("The shortcut is missing. What is added at the end?")
def convnext_without_shortcut(self, x, time=None):
    return self.body(self.depthwise(x) + told(self, time))


@ConvNextBlock.mistake(
    "You add `x` itself, which fits only while the width stays. `__init__` has made something for both cases."
)
def convnext_adds_x_itself(self, x, time=None):
    return self.body(self.depthwise(x) + told(self, time)) + x


@ConvNextBlock.mistake(
    "The time joins before the depthwise convolution, and its padding then blurs it at the edges. Behind which layer "
    "should it enter?"
)
def time_before_depthwise(self, x, time=None):
    return self.body(self.depthwise(x + told(self, time))) + self.shortcut(x)


@ConvNextBlock.mistake("The time never enters. What is `time_mlp` for?")
def convnext_without_time(self, x, time=None):
    return self.body(self.depthwise(x)) + self.shortcut(x)


@ConvNextBlock.mistake("You multiply by the time's numbers. They are added.")
def times_time(self, x, time=None):
    numbers = 1 if self.time_mlp is None else told(self, time)
    return self.body(self.depthwise(x) * numbers) + self.shortcut(x)


@ConvNextBlock.mistake(
    "The time is used as it came in, without `time_mlp`'s own layer's first half: call the whole of it."
)
def time_without_gelu(self, x, time=None):
    numbers = 0 if self.time_mlp is None else self.time_mlp[1](time)[:, :, None, None]
    return self.body(self.depthwise(x) + numbers) + self.shortcut(x)


@ConvNextBlock.mistake("The depthwise convolution is left out, and with it the wide view of 7 x 7 pixels.")
def no_depthwise(self, x, time=None):
    return self.body(x + told(self, time)) + self.shortcut(x)


@ConvNextBlock.mistake(
    "The shortcut starts behind the depthwise convolution. It should lead past the whole branch: from where?"
)
def shortcut_too_late(self, x, time=None):
    h = self.depthwise(x) + told(self, time)
    return self.body(h) + self.shortcut(h)


@ConvNextBlock.mistake(
    "There is an activation behind the depthwise convolution. In this block the norm follows at once."
)
def activated_depthwise(self, x, time=None):
    return self.body(functional.gelu(self.depthwise(x)) + told(self, time)) + self.shortcut(x)


@ConvNextBlock.alternative
def layer_by_layer(self, x, time=None):
    h = self.depthwise(x)
    if time is not None:
        h = h + self.time_mlp(time).view(*h.shape[:2], 1, 1)
    for layer in self.body:
        h = layer(h)
    return self.shortcut(x).add(h)


@ConvNextBlock.alternative
def with_conv2d(self, x, time=None):
    h = functional.conv2d(x, self.depthwise.weight, self.depthwise.bias, padding="same", groups=x.shape[1])
    if self.time_mlp is not None:
        h = h + rearrange(self.time_mlp(time), "b c -> b c () ()")
    return torch.stack([self.body(h), self.shortcut(x)]).sum(0)
