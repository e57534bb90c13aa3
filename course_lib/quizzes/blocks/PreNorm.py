"""Quiz `PreNorm` of chapter 07."""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz

PreNorm = Quiz(
    blocks.PreNorm,
    cases=lambda g: [
        ((4, nn.SiLU()), 2 + 3 * torch.randn(3, 4, 5, 6, generator=g)),
        ((6, nn.Softmax(dim=1)), 4 * torch.randn(2, 6, 3, 4, generator=g)),
        ((8, nn.AvgPool2d(2)), torch.randn(2, 8, 4, 6, generator=g) - 1),
    ],
    points=1,
    minutes=3,
    hints=(
        "The name says the order: what comes first?",
        "`self.norm` on x, then `self.layer` on what comes out. The residual is a block of its own.",
        "`return self.layer(self.norm(x))`",
    ),
)


@PreNorm.mistake('The norm comes last: that would be "post-norm". What does the name say?')
def post_norm(self, x):
    return self.norm(self.layer(x))


@PreNorm.mistake("The layer sees x as it is. Where is the norm?")
def no_norm(self, x):
    return self.layer(x)


@PreNorm.mistake("It is normalised, and then nothing happens. Who calls the layer?")
def only_norm(self, x):
    return self.norm(x)


@PreNorm.mistake(
    "You add x as well, which is the job of `Residual`, the wrapper around this block. What is left for it?"
)
def adds_x(self, x):
    return self.layer(self.norm(x)) + x


@PreNorm.mistake(
    "Nothing is normalised, and x is added, which is the job of `Residual`. What does `self.norm` do here?"
)
def no_norm_adds_x(self, x):
    return self.layer(x) + x


@PreNorm.mistake(
    "The norm is yours, and has nothing to learn. Which one, with weights of its own, did `__init__` make?"
)
def own_norm(self, x):
    return self.layer(functional.group_norm(x, 1))


@PreNorm.mistake("The norm stands behind the layer, and x is added. Norm first, then the layer: what adds x elsewhere?")
def post_norm_adds_x(self, x):
    return self.norm(self.layer(x)) + x


@PreNorm.mistake("Normalised before and after. One of the two is too much.")
def norm_on_both_sides(self, x):
    return self.norm(self.layer(self.norm(x)))


@PreNorm.mistake("Layer and norm both look at the raw x, and are added. They should stand one behind the other.")
def beside_each_other(self, x):
    return self.layer(x) + self.norm(x)


@PreNorm.alternative("")
def in_two_lines(self, x):
    normed = functional.group_norm(x, 1, self.norm.weight, self.norm.bias)
    return self.layer(normed)


@PreNorm.alternative("")
def as_a_sequence(self, x):
    return nn.Sequential(self.norm, self.layer)(x)


@PreNorm.alternative("")
def by_hand(self, x):
    rows = rearrange(x, "b c h w -> b (c h w)")
    variance, mean = torch.var_mean(rows, dim=1, correction=0)
    normed = (rows - mean[:, None]) / (variance[:, None] + self.norm.eps).sqrt()
    return self.layer(normed.view_as(x) * self.norm.weight[:, None, None] + self.norm.bias[:, None, None])
