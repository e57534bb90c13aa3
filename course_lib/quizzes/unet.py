"""Quizzes of chapter 08: how large the network is, and two questions. The wiring has a file of its own."""

import torch
from torch import nn

from course_lib import unet
from course_lib.blocks import ResnetBlock
from course_lib.quizzes.catalogue import Choice, Option, Quiz

ORDER = ("unet_forward", "count_parameters", "where_the_parameters_are", "where_skips_matter")  # as in the notebook


def networks(g: torch.Generator) -> list[tuple]:
    """Nested ones, bare ones, an empty one; with buffers, with frozen and with shared parameters. All sizes differ."""
    a, b, c = (torch.randperm(6, generator=g)[:3] + 3).tolist()
    nested = nn.Sequential(nn.Conv2d(1, a, 3), nn.Sequential(nn.BatchNorm2d(a), nn.Sequential(nn.Conv2d(a, b, 1))))
    half_frozen = nn.Sequential(nn.Linear(a, b), nn.Linear(b, c))
    half_frozen[0].requires_grad_(False)
    shared = nn.Sequential(nn.Linear(c, c), nn.Linear(c, c), nn.Linear(c, a))
    shared[1].weight = shared[0].weight
    return [
        (nested,),
        (half_frozen,),
        (shared,),
        (nn.Linear(b, c),),
        (ResnetBlock(a, c, b),),
        (nn.Sequential(nn.SiLU()),),
    ]


count_parameters = Quiz(
    unet.count_parameters,
    cases=networks,
    points=2,
    minutes=5,
    hints=(
        "`model.parameters()` walks through the whole network and gives each tensor once. "
        "How many numbers does one tensor hold?",
        "`parameter.numel()` numbers. And `parameter.requires_grad` says whether training may change them.",
        "`sum(p.numel() for p in model.parameters() if p.requires_grad)`",
    ),
    rtol=0,
    atol=0.01,
)


@count_parameters.mistake("You count tensors. A weight matrix is one tensor, but how many numbers does it hold?")
def tensors_counted(model):
    return sum(1 for p in model.parameters() if p.requires_grad)


@count_parameters.mistake("Frozen parameters are in it, too. Which attribute says whether training may change one?")
def frozen_ones_too(model):
    return sum(p.numel() for p in model.parameters())


@count_parameters.mistake(
    "`state_dict` is what has to be saved: running means are in it as well, and frozen weights. "
    "What does training change?"
)
def all_that_is_saved(model):
    return sum(tensor.numel() for tensor in model.state_dict().values())


@count_parameters.mistake("Only what is called a weight is counted. What else does a layer add to its output?")
def weights_without_biases(model):
    return sum(p.numel() for name, p in model.named_parameters() if name.endswith("weight") and p.requires_grad)


@count_parameters.mistake(
    "A weight that two layers share is counted twice. Training changes it once: "
    "does going from module to module notice?"
)
def shared_ones_twice(model):
    return sum(p.numel() for m in model.modules() for p in m.parameters(recurse=False) if p.requires_grad)


@count_parameters.mistake(
    "Parts inside of parts are counted again at every level. "
    "`modules()` goes all the way down, and so does `parameters()`: which one is enough?"
)
def once_for_every_level(model):
    return sum(p.numel() for m in model.modules() for p in m.parameters() if p.requires_grad)


@count_parameters.mistake(
    "Only the outermost layers are looked at. A network's parts have parts: what goes all the way?"
)
def outermost_layers_only(model):
    return sum(p.numel() for m in model.children() for p in m.parameters(recurse=False) if p.requires_grad)


@count_parameters.mistake(
    "The length of a tensor is its first axis only. How many numbers has a matrix of 3 rows and 4 columns?"
)
def rows_counted(model):
    return sum(len(p) for p in model.parameters() if p.requires_grad)


@count_parameters.mistake("The sizes of the axes are added up. How many numbers has a matrix of 3 rows and 4 columns?")
def axes_added(model):
    return sum(sum(p.shape) for p in model.parameters() if p.requires_grad)


@count_parameters.mistake("These are bytes, four for each float32. Asked is how many numbers there are.")
def bytes_counted(model):
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)


@count_parameters.mistake(
    "A fresh network has no gradients yet, so this finds nothing. Which attribute says that it may get one?"
)
def those_with_a_gradient(model):
    return sum(p.numel() for p in model.parameters() if p.grad is not None)


@count_parameters.alternative
def by_a_loop(model):
    total = 0
    for _, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        size = 1
        for length in parameter.shape:
            size *= length
        total += size
    return total


@count_parameters.alternative
def by_a_filter(model):
    return sum(map(torch.numel, filter(lambda p: p.requires_grad, model.parameters())))


@count_parameters.alternative
def by_identity(model):
    found = {id(p): p for m in model.modules() for p in m.parameters(recurse=False)}
    return sum(p.nelement() for p in found.values() if p.requires_grad)


where_the_parameters_are = Choice(
    "where_the_parameters_are",
    "The classic network works at 28 x 28, 14 x 14 and 7 x 7 pixels, with 28, 56 and 112 channels. What do you expect?",
    options={
        "a": Option(
            "Most parameters and most multiply-adds belong to 28 x 28, the largest size.",
            "A 3 x 3 convolution has 9 weights for each pair of channels, however many pixels it runs over. "
            "Which level has the most pairs?",
        ),
        "b": Option(
            "Most parameters belong to 7 x 7; the multiply-adds are spread over all three.",
            "Twice the channels are four times the weights, and a quarter of the pixels: the same work, "
            "with four times the parameters.",
        ),
        "c": Option(
            "Most parameters and most multiply-adds belong to 7 x 7, the widest level.",
            "Right for the parameters. But each weight is used once for every pixel: "
            "how many pixels are left at 7 x 7, and how many were there at 28 x 28?",
        ),
        "d": Option(
            "Both are spread evenly: that is why the channels double where the sides halve.",
            "Right for one of the two. Doubling the channels multiplies the weights by what, and halving the sides "
            "divides the pixels by what?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    hints=(
        "Weights of a 3 x 3 convolution: 9 C_in C_out. How does that change from level to level?",
        "Multiply-adds: the same, times the number of pixels.",
    ),
)

where_skips_matter = Choice(
    "where_skips_matter",
    "The same network is trained twice, with skips and without. "
    "Where will the one without be worse at predicting the noise?",
    options={
        "a": Option(
            "Nowhere: 7 x 7 pixels with 32 channels are 1,568 numbers, twice as many as the picture has.",
            "There is room, yes. But all of it has to be packed on the way down and unpacked on the way up, "
            "pixel by pixel: who learns that in 1,000 steps?",
        ),
        "b": Option(
            "At small t only, where the last fine details are at stake.",
            "Details suffer there. But what is asked is the noise, which is all detail: "
            "how much of x_t is noise at large t?",
        ),
        "c": Option(
            "At every t, and by the largest factor at large t.",
            "At large t the input is nearly all noise, so the answer is nearly a copy of the input: "
            "easy with a skip, hard through 7 x 7.",
        ),
        "d": Option(
            "At large t only, where the picture has to be invented.",
            "Look at what is asked: the noise, not the picture. And at small t, too, it has to be told pixel by pixel.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    hints=(
        "The network has to name the noise of every single pixel. Where does it see that noise?",
        "At large t, x_t is almost the noise itself. What would a lazy network do, if it could?",
    ),
)
