"""Quiz `PreNorm` of chapter 07."""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz


def maps_and_layers(g: torch.Generator) -> list[tuple]:
    """Layers without and with weights of their own, and one that looks at all channels; several and one picture."""
    return [
        ((4, nn.SiLU()), 2 + 3 * torch.randn(3, 4, 5, 6, generator=g)),
        ((6, nn.Softmax(dim=1)), 4 * torch.randn(2, 6, 3, 4, generator=g)),
        ((8, nn.Conv2d(8, 8, 3, padding=1)), torch.randn(1, 8, 4, 6, generator=g) - 1),
    ]


PreNorm = Quiz(
    blocks.PreNorm,
    cases=maps_and_layers,
    points=1,
    minutes=3,
    difficulty=1,
    importance=4,
    hints=(
        "The name says the order: what comes first?",
        "`self.norm` on x, then `self.layer` on what comes out. The residual is a block of its own.",
        "`return self.layer(self.norm(x))`",
    ),
)

PreNorm.edits(
    post_norm=(
        "self.layer(self.norm(x)) -> self.norm(self.layer(x))",
        'The norm comes last: that would be "post-norm". What does the name say?',
    ),
    transformers_post_norm=(
        "self.layer(self.norm(x)) -> self.norm(x + self.layer(x))",
        "The norm comes last, behind the sum of x and the layer, as in the first Transformer. "
        "Here it comes first, and `Residual` makes the sum.",
    ),
    no_norm=("self.norm(x) -> x", "The layer sees x as it is. Where is the norm?"),
    only_norm=(
        "self.layer(self.norm(x)) -> self.norm(x)",
        "It is normalised, and then nothing happens. Who calls the layer?",
    ),
    adds_x=(
        "return -> return x +",
        "x is added as well, which is the job of `Residual`, the wrapper around this block. What is left for it?",
    ),
    norm_on_both_sides=(
        "self.layer(self.norm(x)) -> self.norm(self.layer(self.norm(x)))",
        "Normalised before and after. One of the two is too much.",
    ),
    norm_twice=("self.norm(x) -> self.norm(self.norm(x))", "Normalised twice, one norm behind the other."),
    beside_each_other=(
        "self.layer(self.norm(x)) -> self.layer(x) + self.norm(x)",
        "Layer and norm both look at the raw x, and are added. They should stand one behind the other.",
    ),
    adds_the_normed_x=(
        "self.layer(self.norm(x)) -> self.layer(self.norm(x)) + self.norm(x)",
        "The normed x is added to what the layer gives. That sum is not part of this block.",
    ),
    eight_groups=(
        "groups=1 -> groups=8",
        "The channels are normalised in several groups. How many groups has the norm that `__init__` makes?",
    ),
)


def normed_by_hand(self, x, *, over=(1, 2, 3), centred=True, correction=0, rooted=True, weight=True, bias=True):
    """`layer(norm(x))` with a norm written out: mean and variance `over` these axes."""
    variance, mean = torch.var_mean(x, dim=over, correction=correction, keepdim=True)
    if not centred:
        variance, mean = x.square().mean(over, keepdim=True), 0
    deviation = (variance + self.norm.eps) ** (0.5 if rooted else 1)
    scale = self.norm.weight[:, None, None] if weight else 1
    return self.layer((x - mean) / deviation * scale + (self.norm.bias[:, None, None] if bias else 0))


PreNorm.variants(
    normed_by_hand,
    own_norm=(
        {"weight": False, "bias": False},
        "The norm has nothing to learn: the weight and the bias of `self.norm` do not show in the result.",
    ),
    norm_without_its_weight=({"weight": False}, "The norm's weight does not show in the result. Who multiplies by it?"),
    norm_without_its_bias=({"bias": False}, "The norm's bias does not show in the result. Who adds it?"),
    norm_of_each_pixel=(
        {"over": (1,)},
        "Each pixel is normalised by itself, over its channels, as many call a layer norm. This norm looks at all "
        "pixels of a picture together.",
    ),
    norm_of_each_channel=(
        {"over": (2, 3)},
        "Each channel is normalised by itself: that is an instance norm. Over what does a group norm with one group "
        "take its mean?",
    ),
    norm_over_the_batch=(
        {"over": (0, 2, 3)},
        "Each channel is normalised over the whole batch, as in a batch norm. A picture should not see its neighbours.",
    ),
    norm_of_everything=(
        {"over": (0, 1, 2, 3)},
        "All pictures share one mean and one variance. Each picture has its own.",
    ),
    norm_without_the_mean=(
        {"centred": False},
        "The mean is still there: that is an RMS norm. What does a norm take off first?",
    ),
    divided_by_the_variance=({"rooted": False}, "It is divided by the variance. What makes a deviation of it?"),
    variance_of_a_sample=(
        {"correction": 1},
        "The variance is a little too large, with n - 1 below the sum. A norm takes the mean of the squares.",
    ),
)


@PreNorm.alternative("`group_norm` as a function, with the weight and the bias of `self.norm`.")
def in_two_lines(self, x):
    normed = functional.group_norm(x, 1, self.norm.weight, self.norm.bias)
    return self.layer(normed)


@PreNorm.alternative("The two stand in an `nn.Sequential`, which calls them in this order.")
def as_a_sequence(self, x):
    return nn.Sequential(self.norm, self.layer)(x)


@PreNorm.alternative("The norm is written out: mean, variance, weight and bias.")
def by_hand(self, x):
    rows = rearrange(x, "b c h w -> b (c h w)")
    variance, mean = torch.var_mean(rows, dim=1, correction=0)
    normed = (rows - mean[:, None]) / (variance[:, None] + self.norm.eps).sqrt()
    return self.layer(normed.view_as(x) * self.norm.weight[:, None, None] + self.norm.bias[:, None, None])
