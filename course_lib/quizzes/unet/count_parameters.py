"""Quiz `count_parameters` of chapter 08."""

import torch
from torch import nn

from course_lib import unet
from course_lib.blocks import ResnetBlock
from course_lib.checker.quiz import Quiz


class Planned(nn.Linear):
    """A layer that has sizes and no memory, and stays where it is: so one counts networks before they are built."""

    def __init__(self, dim: int, dim_out: int):
        super().__init__(dim, dim_out, device="meta")

    def to(self, *args: object, **kwargs: object) -> nn.Module:
        return self


def networks(g: torch.Generator) -> list[tuple]:
    """Nested ones, bare ones, an empty one; with buffers, with frozen, shared and own parameters. All sizes differ."""
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
        (nn.Sequential(nn.Embedding(a, 2 * b), nn.MultiheadAttention(2 * b, 2)),),
        (nn.Sequential(nn.SiLU()),),
        (Planned(c, b),),
    ]


count_parameters = Quiz(
    unet.count_parameters,
    cases=networks,
    points=2,
    minutes=5,
    difficulty=2,
    importance=2,
    hints=(
        "`model.parameters()` walks through the whole network and gives each tensor once. "
        "How many numbers does one tensor hold?",
        "`parameter.numel()` numbers. And `parameter.requires_grad` says whether training may change them.",
        "`sum(p.numel() for p in model.parameters() if p.requires_grad)`",
    ),
    rtol=0,
    atol=0.01,
)


# What can go wrong with the counting of one tensor ...

count_parameters.edits(
    tensors_counted=(
        "parameter.numel() -> 1",
        "Tensors are counted. A weight matrix is one tensor, but how many numbers does it hold?",
    ),
    rows_counted=(
        "parameter.numel() -> len(parameter)",
        "Of each tensor only the first axis counts. How many numbers has a matrix of 3 rows and 4 columns?",
    ),
    axes_added=(
        "parameter.numel() -> sum(parameter.shape)",
        "The sizes of the axes are added up. What does one do with rows and columns to get the number of entries?",
    ),
    two_axes_multiplied=(
        "parameter.numel() -> parameter.shape[0] * parameter.shape[1]",
        "A bias has one axis only, and a convolution's weight has four. What counts the numbers of any tensor?",
    ),
    zeros_left_out=(
        "parameter.numel() -> int(parameter.count_nonzero())",
        "Numbers that are 0 do not count. Training can change them like all others.",
    ),
    bytes_counted=(
        "parameter.numel() -> parameter.numel() * parameter.element_size()",
        "These are bytes, four for each float32. Asked is how many numbers there are.",
    ),
    in_millions=("return -> return 1e-6 *", "That is the number in millions. Asked is the number itself, an int."),
)

# ... and with which tensors there are

EACH = "parameter in model.parameters()"

count_parameters.edits(
    frozen_ones_too=(
        "if parameter.requires_grad ->",
        "Frozen parameters are in it, too. Which attribute says whether training may change one?",
    ),
    frozen_ones_only=(
        "if parameter.requires_grad -> if not parameter.requires_grad",
        "Only the frozen ones are counted. Which way round does `requires_grad` say it?",
    ),
    those_with_a_gradient=(
        "if parameter.requires_grad -> if parameter.grad is not None",
        "A fresh network has no gradients yet, so nothing is found. Which attribute says that a parameter may get one?",
    ),
    all_that_is_saved=(
        "model.parameters() if parameter.requires_grad -> model.state_dict().values()",
        "That is as many numbers as a checkpoint holds: buffers, frozen weights, and shared ones twice. What does "
        "training change?",
    ),
    buffers_too=(
        "return -> return sum(buffer.numel() for buffer in model.buffers()) +",
        "Buffers are in it, too: running means of a batch norm, tables. Training does not change them by gradients.",
    ),
    weights_without_biases=(
        f'{EACH} -> parameter in (p for name, p in model.named_parameters() if name.endswith("weight"))',
        "Only what is called a weight is counted. What else does a layer add to its output?",
    ),
    known_layers_only=(
        f"{EACH} -> module in model.modules() "
        "if isinstance(module, nn.Conv2d | nn.Linear) for parameter in module.parameters()",
        "Only convolutions and linear layers are counted. Norms, embeddings and a network's own parameters learn, too.",
    ),
    shared_ones_twice=(
        f"{EACH} -> module in model.modules() for parameter in module.parameters(recurse=False)",
        "A weight that two layers share is counted twice. Training changes it once: does going from module to module "
        "notice?",
    ),
    once_for_every_level=(
        f"{EACH} -> module in model.modules() for parameter in module.parameters()",
        "Parts inside of parts are counted again at every level. `modules()` goes all the way down, and so does "
        "`parameters()`: which one is enough?",
    ),
    outermost_layers_only=(
        f"{EACH} -> module in model.children() for parameter in module.parameters(recurse=False)",
        "Only the outermost layers are looked at. A network's parts have parts: what goes all the way?",
    ),
    child_by_child=(
        f"{EACH} -> module in model.children() for parameter in module.parameters()",
        "The network's own parameters are missing, and what two of its layers share counts twice. "
        "What gives each parameter of the whole once?",
    ),
    its_own_only=(
        "model.parameters() -> model.parameters(recurse=False)",
        "Only what the network holds itself is counted, nothing of its layers. What goes all the way down?",
    ),
    the_first_only=(
        "model.parameters() -> [p for p in model.parameters() if p.requires_grad][:1]",
        "Only the first parameter that learns is counted. What about all the others?",
    ),
    equal_shapes_once=(
        "model.parameters() -> {(p.shape, p.requires_grad): p for p in model.parameters()}.values()",
        "Of parameters with equal shapes only one counts. Two are the same only if they are one tensor.",
    ),
)


@count_parameters.alternative("A loop that multiplies the sizes of each tensor.")
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


@count_parameters.alternative("`filter` for those that learn, `map` for their sizes.")
def by_a_filter(model):
    return sum(map(torch.numel, filter(lambda p: p.requires_grad, model.parameters())))


@count_parameters.alternative("Module by module, with a dict that knows each tensor by its identity.")
def by_identity(model):
    found = {id(p): p for m in model.modules() for p in m.parameters(recurse=False)}
    return sum(p.nelement() for p in found.values() if p.requires_grad)
