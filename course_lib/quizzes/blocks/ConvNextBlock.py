"""Quiz `ConvNextBlock` of chapter 07."""

import torch
from einops import rearrange
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz


def maps_and_times(g: torch.Generator) -> list[tuple]:
    """Widths that stay and that change, a factor other than 2.

    Without a time: in a block that knows none, and in one that does. And a time for a block that knows none.
    """

    def draw(*shape):
        return torch.randn(shape, generator=g)

    return [
        ((6, 6, 5), draw(3, 6, 5, 4), draw(3, 5)),
        ((4, 7, 6), draw(2, 4, 3, 5), draw(2, 6)),
        ((3, 3, 4, 1), draw(2, 3, 4, 6), draw(2, 4)),
        ((4, 6), draw(2, 4, 5, 3), None),
        ((5, 5, 4), draw(1, 5, 4, 3), None),
        ((4, 4), draw(2, 4, 5, 3), draw(2, 6)),
    ]


ConvNextBlock = Quiz(
    blocks.ConvNextBlock,
    cases=maps_and_times,
    points=3,
    minutes=10,
    difficulty=2,
    importance=2,
    hints=(
        "A branch beside a shortcut again. The branch begins with the depthwise convolution.",
        "After it the time is added, `time_mlp(time)` shaped (B, C, 1, 1); then comes `self.body`.",
        "h = depthwise(x) + time, if there are a time and a `time_mlp`; return body(h) + shortcut(x).",
    ),
)


ConvNextBlock.edits(
    convnext_without_shortcut=("+ self.shortcut(x) ->", "The shortcut is missing. What is added at the end?"),
    convnext_adds_x_itself=(
        "self.shortcut(x) -> x",
        "`x` itself is added, which fits only while the width stays. `__init__` has made something for both cases.",
    ),
    shortcut_too_late=(
        "self.shortcut(x) -> self.shortcut(h)",
        "What enters the shortcut is not the block's input any more. It should lead past the whole branch: from where?",
    ),
    convnext_activation_after_the_sum=(
        "return -> return nn.functional.gelu(",
        "+ self.shortcut(x) -> + self.shortcut(x))",
        "An activation after the sum. Here the shortcut stays untouched.",
    ),
    convnext_halved=(
        "return -> return 0.5 * (",
        "+ self.shortcut(x) -> + self.shortcut(x))",
        "The mean of branch and shortcut. They are added as they are.",
    ),
    convnext_without_time=(
        "self.time_mlp is not None and time is not None -> False",
        "No time changes the result. How should what `time_mlp` gives get into it?",
    ),
    convnext_crashes_without_a_time=(
        "self.time_mlp is not None and time is not None -> self.time_mlp is not None",
        "Without a time it fails, though `time=None` is the default. What is left to do then?",
    ),
    convnext_crashes_without_time_dim=(
        "self.time_mlp is not None and time is not None -> time is not None",
        "A time may come in even where the block was built without `time_dim`. What is `time_mlp` then?",
    ),
    convnext_time_taken_for_granted=(
        "self.time_mlp is not None and time is not None -> True",
        "It fails as soon as the time or `time_mlp` is None. Both may be: when is there something to add?",
    ),
    time_before_depthwise=(
        "h = self.depthwise(x) -> h = x",
        "self.body(h) -> self.body(self.depthwise(h))",
        "The time joins before the depthwise convolution, and its padding then blurs it at the edges. Behind which "
        "layer should it enter?",
    ),
    time_after_the_norm=(
        "h = self.depthwise(x) -> h = self.body[0](self.depthwise(x))",
        "self.body(h) -> self.body[1:](h)",
        "The time joins after the first norm. It should be there before: right behind which layer, says the text?",
    ),
    time_at_the_end=(
        "h = self.depthwise(x) -> h = self.body(self.depthwise(x))",
        "self.body(h) -> h",
        "The time joins behind the whole body, where it can only lift each channel as a whole. Behind which layer "
        "should it?",
    ),
    times_time=("h = h + rearrange( -> h = h * rearrange(", "The time's numbers multiply. They should be added."),
    scaled_by_time=(
        "h = h + rearrange( -> h = h + h * rearrange(",
        "The time works as a scale, 1 plus its numbers. Here it is only added.",
    ),
    convnext_time_of_the_first_row=(
        "self.time_mlp(time) -> self.time_mlp(time[:1])",
        "The first row's time goes to all rows. Which axis of `time` is the batch?",
    ),
    mean_time=(
        "self.time_mlp(time) -> self.time_mlp(time).mean(dim=0, keepdim=True)",
        "All rows get the mean of the batch's times. Each row has one of its own.",
    ),
    time_without_gelu=(
        "nn.Sequential(nn.GELU(), nn.Linear -> nn.Sequential(nn.Identity(), nn.Linear",
        "The time comes in without its activation: only the linear layer of `time_mlp` was at work. What calls both, "
        "one after the other?",
    ),
    time_through_two_gelus=(
        "nn.Sequential(nn.GELU(), nn.Linear -> nn.Sequential(nn.Sequential(nn.GELU(), nn.GELU()), nn.Linear",
        "The time is activated twice before it comes in. Look at the first layer of `time_mlp`.",
    ),
    no_depthwise=(
        "h = self.depthwise(x) -> h = x",
        "The depthwise convolution does not reach the result, and with it the wide view of 7 x 7 pixels is lost.",
    ),
    activated_depthwise=(
        "h = self.depthwise(x) -> h = nn.functional.gelu(self.depthwise(x))",
        "There is an activation behind the depthwise convolution. In this block the norm follows at once.",
    ),
    activated_with_the_time=(
        "self.body(h) -> self.body(nn.functional.gelu(h))",
        "There is an activation before the body. Its first layer is the norm, and that sees the sum as it is.",
    ),
    without_the_first_norm=(
        "self.body(h) -> self.body[1:](h)",
        "The first norm of `self.body` is left out. How are all of its layers called, one after the other?",
    ),
)


@ConvNextBlock.alternative("The layers of the body are called one by one.")
def layer_by_layer(self, x, time=None):
    h = self.depthwise(x)
    if time is not None and self.time_mlp:
        h = h + self.time_mlp(time).view(*h.shape[:2], 1, 1)
    for layer in self.body:
        h = layer(h)
    return self.shortcut(x).add(h)


@ConvNextBlock.alternative("`conv2d` with `groups` is what a depthwise convolution does inside.")
def with_conv2d(self, x, time=None):
    h = functional.conv2d(x, self.depthwise.weight, self.depthwise.bias, padding="same", groups=x.shape[1])
    if self.time_mlp is not None and time is not None:
        h = h + rearrange(self.time_mlp(time), "b c -> b c () ()")
    return torch.stack([self.body(h), self.shortcut(x)]).sum(0)
