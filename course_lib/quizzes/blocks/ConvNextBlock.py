"""Quiz `ConvNextBlock` of chapter 07."""

import torch
from einops import rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz


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


@ConvNextBlock.mistake(
    "The time joins after the first norm. It should be there before: right behind which layer, says the text?"
)
def time_after_the_norm(self, x, time=None):
    h = self.body[0](self.depthwise(x)) + told(self, time)
    return self.body[1:](h) + self.shortcut(x)


@ConvNextBlock.mistake(
    "The time joins behind the whole body, where it can only lift each channel as a whole. Behind which layer should "
    "it?"
)
def time_at_the_end(self, x, time=None):
    return self.body(self.depthwise(x)) + told(self, time) + self.shortcut(x)


@ConvNextBlock.mistake("You multiply by the time's numbers. They are added.")
def times_time(self, x, time=None):
    numbers = 1 if self.time_mlp is None else told(self, time)
    return self.body(self.depthwise(x) * numbers) + self.shortcut(x)


@ConvNextBlock.mistake(
    "Only the linear layer of `time_mlp` is used. It has an activation, too: what calls both, one after the other?"
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


@ConvNextBlock.alternative("")
def layer_by_layer(self, x, time=None):
    h = self.depthwise(x)
    if time is not None:
        h = h + self.time_mlp(time).view(*h.shape[:2], 1, 1)
    for layer in self.body:
        h = layer(h)
    return self.shortcut(x).add(h)


@ConvNextBlock.alternative("")
def with_conv2d(self, x, time=None):
    h = functional.conv2d(x, self.depthwise.weight, self.depthwise.bias, padding="same", groups=x.shape[1])
    if self.time_mlp is not None:
        h = h + rearrange(self.time_mlp(time), "b c -> b c () ()")
    return torch.stack([self.body(h), self.shortcut(x)]).sum(0)
