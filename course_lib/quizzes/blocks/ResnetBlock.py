"""Quiz `ResnetBlock` of chapter 07."""

import torch
from torch import nn
from torch.nn import functional

from course_lib import blocks
from course_lib.checker.quiz import Quiz


def feature_maps(g: torch.Generator) -> list[tuple]:
    """Both ways for the time to enter, with equal and with different widths. All sizes differ.

    Without a time: in blocks that know none, and in blocks that do. And a time for a block that knows none.
    """

    def draw(*shape):
        return torch.randn(shape, generator=g)

    return [
        ((8, 8, 6), draw(3, 8, 5, 4), draw(3, 6)),
        ((8, 12, 6), draw(2, 8, 4, 5), draw(2, 6)),
        ((8, 8, 6, 4, "add"), draw(3, 8, 5, 4), draw(3, 6)),
        ((4, 8, 6, 2, "add"), draw(2, 4, 3, 5), draw(2, 6)),
        ((4, 8), draw(2, 4, 5, 3), None),
        ((8, 8, 5), draw(1, 8, 3, 4), None),
        ((8, 4, 5, 4, "add"), draw(1, 8, 3, 4), None),
        ((4, 4), draw(2, 4, 5, 3), draw(2, 6)),
    ]


ResnetBlock = Quiz(
    blocks.ResnetBlock,
    cases=feature_maps,
    whole=True,
    points=6,
    minutes=35,
    difficulty=4,
    importance=5,
    hints=(
        "`__init__` makes the layers in the list above, after `super().__init__()`. `forward` computes a branch and a "
        "shortcut, and adds the two at the end.",
        "The first norm and the first convolution start from `dim` channels, the second ones from `dim_out`. "
        "The shortcut is a 1 x 1 convolution if the two differ, else `nn.Identity()`.",
        "For the time: `nn.Sequential(nn.SiLU(), nn.Linear(time_dim, width))`. The width is dim_out in the mode "
        '"add", and twice that in the mode "scale_shift".',
        '"add": the embedded time, shaped (B, C, 1, 1), joins h before the second norm. "scale_shift": split it into '
        "scale and shift along the channels, and use them after the second norm.",
        "h = conv1(act(norm1(x))); norm2(h + added) or norm2(h) * (1 + scale) + shift; return conv2(act(h)) + "
        "shortcut(x). Without a time, or without `time_dim`, only norm2(h).",
    ),
)


# What can go wrong with the shortcut ...

ResnetBlock.edits(
    no_shortcut=(
        "+ self.shortcut(x) ->",
        "The shortcut is missing: without it this is a plain network again. What is added at the end?",
    ),
    x_itself=(
        "self.shortcut(x) -> x",
        "`x` itself is added, which fits only while the number of channels stays the same. What turns `dim` channels "
        "into `dim_out`?",
    ),
    shortcut_of_the_middle=(
        "self.shortcut(x) -> self.shortcut(h)",
        "The shortcut starts in the middle of the branch. Is that still the `x` that came in?",
    ),
    shortcut_of_the_result=(
        "return self.conv2(self.activation(h)) + self.shortcut(x) -> "
        "h = self.conv2(self.activation(h)); return h + self.shortcut(h)",
        "The shortcut starts from what the branch gave, not from the block's input. Which of the two goes past the "
        "branch?",
    ),
    shortcut_after_norm=(
        "self.shortcut(x) -> self.shortcut(self.norm1(x))",
        "The shortcut carries the normed x. It should lead past the norm, too.",
    ),
    shortcut_after_norm_and_activation=(
        "self.shortcut(x) -> self.shortcut(self.activation(self.norm1(x)))",
        "The shortcut carries the normed and activated x. It should lead past the whole branch: which x goes in?",
    ),
    activation_after_the_sum=(
        "return -> return self.activation(",
        "+ self.shortcut(x) -> + self.shortcut(x))",
        "An activation after the sum, as in the first ResNets. Here the shortcut stays untouched: what would it do to "
        "the way through many blocks?",
    ),
    second_activation_after_the_sum=(
        "self.conv2(self.activation(h)) -> self.conv2(h)",
        "return -> return self.activation(",
        "+ self.shortcut(x) -> + self.shortcut(x))",
        "The last activation stands behind the sum instead of before the convolution, as in the first ResNets. "
        "Pre-activation leaves the sum alone.",
    ),
    divided_by_root_two=(
        "return -> return 2**-0.5 * (",
        "+ self.shortcut(x) -> + self.shortcut(x))",
        "The sum is divided by the root of 2, as in score-based models. Here both are added as they are.",
    ),
)


# ... with the branch ...

BRANCH = "self.conv1(self.activation(self.norm1(x)))"

ResnetBlock.edits(
    no_first_norm=(
        "self.norm1(x) -> x",
        "The first convolution sees x without a norm. What comes before each convolution?",
    ),
    no_second_norm=(
        "h = self.conv1( -> self.norm2 = nn.Identity(); h = self.conv1(",
        "The second norm has no part in it. Two convolutions, two norms: what does the second convolution see?",
    ),
    first_norm_twice=(
        "h = self.conv1( -> self.norm2 = self.norm1; h = self.conv1(",
        "Both norms have the weights of the first one. Which belongs to the second convolution?",
    ),
    first_convolution_twice=(
        "self.conv2(self.activation(h)) -> self.conv1(self.activation(h))",
        "Both convolutions have the weights of the first one. Who uses the second?",
    ),
    no_second_convolution=(
        "self.conv2(self.activation(h)) -> self.activation(h)",
        "The second convolution is missing. Norm, activation, convolution: twice.",
    ),
    no_first_activation=(
        f"{BRANCH} -> self.conv1(self.norm1(x))",
        "The first convolution comes without an activation. What stands between norm and convolution?",
    ),
    no_second_activation=(
        "self.conv2(self.activation(h)) -> self.conv2(h)",
        "The second convolution comes without an activation. What has to stand between it and the norm?",
    ),
    no_activation=(
        f"{BRANCH} -> self.conv1(self.norm1(x))",
        "self.conv2(self.activation(h)) -> self.conv2(h)",
        "There is no activation at all, so the whole branch is nearly one linear map. Where do the two stand?",
    ),
    with_relu=(
        "self.activation = nn.SiLU() -> self.activation = nn.ReLU()",
        "The activation is ReLU: 0 for everything negative. The description names another one.",
    ),
    with_gelu=(
        "self.activation = nn.SiLU() -> self.activation = nn.GELU()",
        "The activation is GELU. It looks much like the one that the description names, but it is not the same.",
    ),
    activation_before_norm=(
        f"{BRANCH} -> self.activation(self.conv1(self.norm1(self.activation(x))))",
        "self.conv2(self.activation(h)) -> self.conv2(h)",
        "The activation comes before the norm. Which of the two should see the raw features?",
    ),
    activation_before_the_first_norm=(
        f"{BRANCH} -> self.conv1(self.norm1(self.activation(x)))",
        "At the first convolution the activation comes before the norm. In which order does the docstring name them?",
    ),
    activation_after_each_convolution=(
        f"{BRANCH} -> self.activation(self.conv1(self.norm1(x)))",
        "self.conv2(self.activation(h)) -> self.activation(self.conv2(h))",
        "Each activation comes after its convolution. In which order do norm, activation and convolution stand?",
    ),
    activation_at_the_branchs_end=(
        "self.conv2(self.activation(h)) -> self.activation(self.conv2(self.activation(h)))",
        "A third activation, behind the second convolution: then the branch can hardly take anything away from x.",
    ),
)

# ... and with the time

ResnetBlock.edits(
    no_time=(
        "if self.time_mlp is None or time is None -> if True",
        "The result is the same at every time. Where does the embedded time come in?",
    ),
    crashes_without_a_time=(
        "self.time_mlp is None or time is None -> self.time_mlp is None",
        "A block that was built with `time_dim` can be called without a time, too. What is left to do then?",
    ),
    crashes_without_time_dim=(
        "self.time_mlp is None or time is None -> time is None",
        "Without `time_dim` there is no layer for the time, and a time may come in all the same: what then?",
    ),
    time_taken_for_granted=(
        "if self.time_mlp is None or time is None -> if False",
        "The time can be None, and so can `time_dim`. Which layers are left to call then?",
    ),
    scale_without_one=(
        "(1 + scale) -> scale",
        "The scale multiplies by itself, so a network that says 0 wipes the features out. What should a scale of 0 do?",
    ),
    scale_and_shift_swapped=(
        "scale, shift = -> shift, scale =",
        "Scale and shift have changed places: the first half of the time's numbers is the scale.",
    ),
    every_other_number=(
        "(two c) -> (c two)",
        "Every other number serves as scale. Which of `(two c)` and `(c two)` puts all scales first?",
    ),
    scale_alone=("(1 + scale) + shift -> (1 + scale)", "The shift is missing: the other half of the time's numbers."),
    shift_alone=(
        "self.norm2(h) * (1 + scale) + shift -> self.norm2(h) + shift",
        'In the mode "scale_shift" only the shift comes in. What is the first half of the numbers for?',
    ),
    shifted_then_scaled=(
        "self.norm2(h) * (1 + scale) + shift -> (self.norm2(h) + shift) * (1 + scale)",
        "The shift is scaled as well. Which of the two comes first?",
    ),
    norm_after_scale_shift=(
        "self.norm2(h) * (1 + scale) + shift -> self.norm2(h * (1 + scale) + shift)",
        "With scale-shift the norm comes last, and takes away much of what scale and shift did. Which goes first?",
    ),
    added_after_the_norm=(
        "self.norm2(h + rearrange( -> (self.norm2(h) + rearrange(",
        'In the mode "add" the time joins after the norm. It should join the convolution\'s output: '
        "before or after the second norm?",
    ),
    added_after_the_activation=(
        "h = self.conv1( -> late = 0; h = self.conv1(",
        "h = self.norm2(h + rearrange( -> h, late = self.norm2(h), (rearrange(",
        "self.activation(h) -> self.activation(h) + late",
        'In the mode "add" the time joins behind norm and activation. Where does it meet the first convolution\'s '
        "output?",
    ),
    added_at_the_end=(
        "h = self.conv1( -> late = 0; h = self.conv1(",
        "h = self.norm2(h + rearrange( -> h, late = self.norm2(h), (rearrange(",
        "+ self.shortcut(x) -> + self.shortcut(x) + late",
        'In the mode "add" the time is added at the very end, behind the last convolution. Between which two should '
        "it enter?",
    ),
    no_time_to_add=(
        "self.norm2(h + rearrange( -> self.norm2(h + 0 * rearrange(",
        'In the mode "add" the time does not come in.',
    ),
    time_of_the_first_row=(
        "h + rearrange(self.time_mlp(time), -> h + rearrange(self.time_mlp(time[:1]),",
        "shift = rearrange(self.time_mlp(time), -> shift = rearrange(self.time_mlp(time[:1]),",
        "All rows get the first one's time. Each row of the batch has its own.",
    ),
    time_activated_twice=(
        "nn.Sequential(nn.SiLU(), nn.Linear -> nn.Sequential(nn.Sequential(nn.SiLU(), nn.SiLU()), nn.Linear",
        "The time passes two activations on its way in. How many does the description name?",
    ),
    time_not_activated=(
        "nn.Sequential(nn.SiLU(), nn.Linear -> nn.Sequential(nn.Identity(), nn.Linear",
        "The time comes in without its activation: only a linear layer was at work.",
    ),
)

# ... and in `__init__`

FIRST = "self.conv1 = nn.Conv2d(dim, dim_out, 3, padding=1)"
SECOND = "self.conv2 = shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1))"
SHORTCUT = "nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()"

ResnetBlock.edits(
    not_shrunk=(
        f"{SECOND} -> self.conv2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)",
        "The last convolution of the branch starts as large as any other. Which function lets a fresh block hand its "
        "input on almost unchanged?",
    ),
    first_one_shrunk=(
        f"{FIRST} -> self.conv1 = shrink(nn.Conv2d(dim, dim_out, 3, padding=1))",
        f"{SECOND} -> self.conv2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)",
        "The first convolution starts small, not the second. A norm comes after the first one: what does that do to "
        "small numbers?",
    ),
    both_shrunk=(
        f"{FIRST} -> self.conv1 = shrink(nn.Conv2d(dim, dim_out, 3, padding=1))",
        "Both convolutions start small. Only the last layer of the branch has to: which one is that?",
    ),
    convolutions_without_bias=(
        f"{FIRST} -> self.conv1 = nn.Conv2d(dim, dim_out, 3, padding=1, bias=False)",
        f"{SECOND} -> self.conv2 = shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1, bias=False))",
        "The 3 x 3 convolutions have no bias. torch gives them one unless told otherwise.",
    ),
    pointwise_second=(
        f"{SECOND} -> self.conv2 = shrink(nn.Conv2d(dim_out, dim_out, 1))",
        "The second convolution is 1 x 1, so it mixes channels and sees no neighbours. Both convolutions of the branch "
        "are 3 x 3.",
    ),
    pointwise_first=(
        f"{FIRST} -> self.conv1 = nn.Conv2d(dim, dim_out, 1)",
        "The first convolution is 1 x 1, so it sees no neighbours. Both convolutions of the branch are 3 x 3.",
    ),
    wider_in_the_second=(
        "nn.Conv2d(dim, dim_out, 3, padding=1) -> nn.Conv2d(dim, dim, 3, padding=1)",
        "self.norm2 = group_norm(dim_out, groups) -> self.norm2 = group_norm(dim, groups)",
        f"{SECOND} -> self.conv2 = shrink(nn.Conv2d(dim, dim_out, 3, padding=1))",
        'width = dim_out if time_mode == "add" else 2 * dim_out -> width = dim if time_mode == "add" else 2 * dim',
        "The number of channels changes in the second convolution. Which of the two goes from `dim` to `dim_out`?",
    ),
    second_norm_of_dim=(
        "self.norm2 = group_norm(dim_out, groups) -> self.norm2 = group_norm(dim, groups)",
        "The second norm is made for `dim` channels. How many come out of the first convolution?",
    ),
    groups_forgotten=(
        "self.norm1 = group_norm(dim, groups) -> self.norm1 = group_norm(dim)",
        "self.norm2 = group_norm(dim_out, groups) -> self.norm2 = group_norm(dim_out)",
        "The norms take eight groups, whatever `groups` says. Hand it on to both of them.",
    ),
    one_group=(
        "self.norm1 = group_norm(dim, groups) -> self.norm1 = group_norm(dim, 1)",
        "self.norm2 = group_norm(dim_out, groups) -> self.norm2 = group_norm(dim_out, 1)",
        "All channels stand in one group. The argument `groups` says how many there are.",
    ),
    batch_norms=(
        "self.norm1 = group_norm(dim, groups) -> self.norm1 = nn.BatchNorm2d(dim)",
        "self.norm2 = group_norm(dim_out, groups) -> self.norm2 = nn.BatchNorm2d(dim_out)",
        "These are batch norms: each picture's result depends on the others in its batch. Which norm looks at one "
        "picture at a time?",
    ),
    shortcut_always_a_convolution=(
        f"{SHORTCUT} -> nn.Conv2d(dim, dim_out, 1)",
        "The shortcut is a convolution even where the number of channels stays. What should it be there, so that the "
        "input passes untouched?",
    ),
    shortcut_three_by_three=(
        f"{SHORTCUT} -> nn.Conv2d(dim, dim_out, 3, padding=1) if dim != dim_out else nn.Identity()",
        "The shortcut's convolution is 3 x 3. It only has to change the number of channels: which size is enough?",
    ),
    shortcut_without_bias=(
        f"{SHORTCUT} -> nn.Conv2d(dim, dim_out, 1, bias=False) if dim != dim_out else nn.Identity()",
        "The shortcut's convolution has no bias. torch gives it one unless told otherwise.",
    ),
    two_layers_for_the_time=(
        "nn.Sequential(nn.SiLU(), nn.Linear(time_dim, width)) -> "
        "nn.Sequential(nn.Linear(time_dim, time_dim), nn.SiLU(), nn.Linear(time_dim, width))",
        "The time passes two linear layers. The embedding has had its own already: one activation and one layer are "
        "enough here.",
    ),
    time_activated_afterwards=(
        "nn.Sequential(nn.SiLU(), nn.Linear(time_dim, width)) -> nn.Sequential(nn.Linear(time_dim, width), nn.SiLU())",
        "The activation comes after the linear layer of the time, so scale and shift are hardly ever negative. "
        "In which order does the description name the two?",
    ),
    one_number_for_each_channel=(
        'width = dim_out if time_mode == "add" else 2 * dim_out -> width = dim_out',
        'The layer of the time makes one number for each channel in both modes. How many does "scale_shift" need?',
    ),
)


def convolution_first(self, x, time=None, *, enters):
    """The old order: convolution, norm, activation, twice. The time `enters` at one of three places."""

    def told(h, place):
        if self.time_mlp is None or time is None or place != enters:
            return h
        numbers = self.time_mlp(time)[:, :, None, None]
        if self.time_mode == "add":
            return h + numbers
        scale, shift = numbers.chunk(2, dim=1)
        return h * (1 + scale) + shift

    h = self.activation(told(self.norm1(self.conv1(x)), "norm1"))
    h = self.norm2(told(self.conv2(told(h, "between")), "conv2"))
    return self.activation(told(h, "norm2")) + self.shortcut(x)


ResnetBlock.variants(
    convolution_first,
    annotated_order=(
        {"enters": "norm1"},
        "Convolution, norm, time, activation: the order of `The Annotated Diffusion Model`. Pre-activation begins with "
        "the norm: where does that put the time?",
    ),
    convolution_first_time_between=(
        {"enters": "between"},
        "Convolution first, then norm and activation: the order before 1603.05027. What does pre-activation mean?",
    ),
    convolution_first_time_last=(
        {"enters": "norm2"},
        "Each norm and each activation comes behind its convolution, and the time behind all of them. Which of the "
        "three should x meet first?",
    ),
)


@ResnetBlock.alternative("`chunk` cuts scale and shift apart, and `addcmul` does the multiplication and the sum.")
def with_chunk(self, x, time=None):
    h = self.conv1(self.activation(self.norm1(x)))
    if self.time_mlp is None or time is None:
        return self.shortcut(x) + self.conv2(self.activation(self.norm2(h)))
    numbers = self.time_mlp(time)[..., None, None]
    if self.time_mode == "scale_shift":
        scale, shift = torch.chunk(numbers, 2, dim=1)
        h = torch.addcmul(shift, self.norm2(h), scale + 1)
    else:
        h = self.norm2(h + numbers)
    return self.shortcut(x) + self.conv2(self.activation(h))


@ResnetBlock.alternative("One line for all cases: whatever does not come in has a scale and a shift of 0.")
def with_functional(self, x, time=None):
    h = self.conv1(functional.silu(self.norm1(x)))
    scale = shift = 0
    knows = self.time_mlp is not None and time is not None
    if knows and self.time_mode == "add":
        h = h + self.time_mlp(time).view(*h.shape[:2], 1, 1)
    elif knows:
        scale, shift = self.time_mlp(time).view(len(x), 2, -1, 1, 1).unbind(1)
    h = self.norm2(h)
    return self.conv2(functional.silu(h + h * scale + shift)) + self.shortcut(x)


@ResnetBlock.alternative("The two halves of the branch are `nn.Sequential`s, and `nn.SiLU` stands in each of them.")
class AsTwoSequences(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        self.adds = time_mode == "add"
        self.project = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else None
        self.second = nn.Sequential(nn.SiLU(), blocks.shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1)))
        self.first = nn.Sequential(blocks.group_norm(dim, groups), nn.SiLU(), nn.Conv2d(dim, dim_out, 3, padding=1))
        self.norm = blocks.group_norm(dim_out, groups)
        self.hears = None if time_dim is None else nn.Linear(time_dim, dim_out * (1 if self.adds else 2))

    def forward(self, x, time=None):
        h, told = self.first(x), None
        if self.hears is not None and time is not None:
            told = self.hears(functional.silu(time))[:, :, None, None]
        if told is None:
            h = self.norm(h)
        elif self.adds:
            h = self.norm(h + told)
        else:
            scale, shift = told.chunk(2, dim=1)
            h = self.norm(h) * (scale + 1) + shift
        return self.second(h) + (x if self.project is None else self.project(x))
