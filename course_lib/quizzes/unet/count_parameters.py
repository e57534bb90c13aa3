"""Quiz `count_parameters` of chapter 08."""

import torch
from torch import nn

from course_lib import unet
from course_lib.blocks import ResnetBlock
from course_lib.checker.quiz import Quiz


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


@count_parameters.alternative("")
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


@count_parameters.alternative("")
def by_a_filter(model):
    return sum(map(torch.numel, filter(lambda p: p.requires_grad, model.parameters())))


@count_parameters.alternative("")
def by_identity(model):
    found = {id(p): p for m in model.modules() for p in m.parameters(recurse=False)}
    return sum(p.nelement() for p in found.values() if p.requires_grad)
