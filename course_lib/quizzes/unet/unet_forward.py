"""Quiz `unet_forward` of chapter 08."""

import torch
from einops import pack
from torch import Tensor, nn

from course_lib import unet
from course_lib.checker.quiz import Quiz


class AnyBlock(nn.Module):
    """Takes any number of channels: with it a wrong join gives wrong values, where a real block would only raise."""

    def __init__(self, phase: float):
        super().__init__()
        self.phase = phase

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        order = torch.arange(1, x.shape[1] + 1, device=x.device)
        weights = torch.sin(self.phase * torch.arange(1, 4, device=x.device)[:, None] * order)  # (3, C)
        h = torch.einsum("oc,bchw->bohw", weights, x)
        return torch.sin(h if time is None else h + time[:, :, None, None])


class Turn(nn.Module):
    """Stands for attention, halving and doubling: changes its input in a way of its own, and keeps its size."""

    def __init__(self, down: int, right: int, factor: float):
        super().__init__()
        self.shifts, self.factor = (down, right), factor

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(self.factor * x.roll(self.shifts, (2, 3)) + 0.3)


def toy(g: torch.Generator, batch: int, leaving: tuple[bool, ...], arriving: tuple[bool, ...]) -> tuple:
    """A way through parts that take everything; waves as input."""
    downs = [(AnyBlock(0.7 + i), Turn(1, 0, 1.3), Turn(0, 1, 0.8 + i / 10), keep) for i, keep in enumerate(leaving)]
    ups = [(AnyBlock(0.4 + i), Turn(0, 2, 1.1), Turn(2, 1, 0.9 + i / 10), join) for i, join in enumerate(arriving)]
    middle = (AnyBlock(1.9), Turn(3, 1, 1.2), AnyBlock(2.3))
    phases = 6 * torch.rand(batch, 3, 1, 1, generator=g)
    x = torch.sin(torch.linspace(0, 9, 7) + torch.linspace(0, 5, 5)[:, None] + phases)
    return Turn(1, 1, 1.4), downs, middle, ups, Turn(2, 2, 1.7), x, torch.randn(batch, 3, generator=g)


def real(g: torch.Generator, **settings) -> tuple:
    """The parts of a small U-Net, its parameters shaken, since those that start at zero would hide mistakes."""
    model = unet.Unet(4, dim_mults=(1, 2), **settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=g) + parameter.mean())
    time = model.embed(torch.tensor([3, 90])).detach()
    return *model.parts(), torch.randn(2, 1, 8, 8, generator=g), time


def ways(g: torch.Generator) -> list[tuple]:
    """Skips everywhere, on some steps, nowhere; one image and several; toys first, whose pictures can be drawn."""
    yes, no = True, False
    return [
        toy(g, 2, (yes, yes, yes), (yes, yes, yes)),
        toy(g, 1, (yes, no, yes), (yes, no, yes)),  # a step without a skip between two that have one
        toy(g, 1, (no, yes, yes), (yes, yes, no)),
        toy(g, 3, (yes, yes, no), (yes, no, no, yes)),  # the way up is no mirror image of the way down
        real(g, blocks_per_level=(1, 2)),
        real(g, blocks_per_level=2, skips="level", top_skip=False),
        real(g, blocks_per_level=2, skips="level"),
        real(g, skips="none"),
    ]


unet_forward = Quiz(
    unet.unet_forward,
    cases=ways,
    points=4,
    minutes=15,
    difficulty=4,
    importance=5,
    hints=(
        "Three stretches: down, middle, up. On the way down you put things on a pile, on the way up you take them off.",
        "The pile is a list: `append` after `attend`, before `down`; `pop()` takes what was put there last. "
        "Join before the block.",
        "Join with `torch.cat([x, kept.pop()], dim=1)`: axis 1 is the channels. "
        "Blocks get `(x, time)`, all else `(x)`.",
    ),
)


# What can go wrong with what is called, and with what it is given ...

unet_forward.edits(
    without_the_stem=(
        "x = stem(x) -> pass",
        "The stem is missing: it turns a picture's few channels into as many as the first block expects.",
    ),
    without_the_head=(
        "head(x) -> x",
        "The head is missing: what comes off the last step has too many channels to be a picture's noise.",
    ),
    adds_the_input=(
        "x = stem(x) -> given, x = x, stem(x)",
        "return -> return given +",
        "The network's input is added to the result. What is asked for is what the head gives.",
    ),
    middle_left_out=(
        "x = last_block(attend(block(x, time)), time) -> pass",
        "The middle is left out: from the last step down it goes straight up. What stands at the bottom?",
    ),
    middle_without_its_first_block=(
        "last_block(attend(block(x, time)), time) -> last_block(attend(x), time)",
        "The middle begins with its attention. `middle` holds three things: who calls the first?",
    ),
    middle_without_attention=(
        "last_block(attend(block(x, time)), time) -> last_block(block(x, time), time)",
        "The middle's attention is left out. `middle` holds three things: what is the second for?",
    ),
    middle_without_its_last_block=(
        "last_block(attend(block(x, time)), time) -> attend(block(x, time))",
        "The middle ends with its attention. `middle` holds three things: who calls the third?",
    ),
    first_middle_block_twice=(
        "x = last_block( -> x = block(",
        "The middle's first block runs twice, with attention between. Which block stands behind the attention?",
    ),
    time_forgotten=(
        "x = attend(block(x, time)) -> x = attend(block(x))",
        "last_block(attend(block(x, time)), time) -> last_block(attend(block(x)))",
        "x = up(attend(block(x, time))) -> x = up(attend(block(x)))",
        "The blocks are not told the time: a network that does not know t has to guess. What do they take?",
    ),
    time_not_on_the_way_down=(
        "x = attend(block(x, time)) -> x = attend(block(x))",
        "The blocks on the way down are not told the time. Every block is called with two things.",
    ),
    time_not_in_the_middle=(
        "last_block(attend(block(x, time)), time) -> last_block(attend(block(x)))",
        "The blocks of the middle are not told the time. Do they need it less than the others?",
    ),
    time_not_in_the_first_middle_block=(
        "last_block(attend(block(x, time)), time) -> last_block(attend(block(x)), time)",
        "The middle's first block is not told the time. Its second one is.",
    ),
    time_not_in_the_last_middle_block=(
        "attend(block(x, time)), time) -> attend(block(x, time)))",
        "The middle's second block is not told the time. Its first one is.",
    ),
    time_not_on_the_way_up=(
        "x = up(attend(block(x, time))) -> x = up(attend(block(x)))",
        "The blocks on the way up are not told the time. Do they need it less than those on the way down?",
    ),
    never_halved=(
        "x = down(x) -> pass",
        "Nothing is made smaller: each step down has a third part. When is it called?",
    ),
    never_doubled=(
        "x = up(attend(block(x, time))) -> x = attend(block(x, time))",
        "Nothing is made larger again: each step up has a third part. When is it called?",
    ),
    no_attention_on_the_way_down=(
        "x = attend(block(x, time)) -> x = block(x, time)",
        "Attention is left out on the way down. By the docstring, what is kept comes out of which part?",
    ),
    no_attention_on_the_way_up=(
        "x = up(attend(block(x, time))) -> x = up(block(x, time))",
        "Attention is left out on the way up. A step up has three parts to call: which one is missing?",
    ),
    nothing_attends=(
        "x = attend(block(x, time)) -> x = block(x, time)",
        "last_block(attend(block(x, time)), time) -> last_block(block(x, time), time)",
        "x = up(attend(block(x, time))) -> x = up(block(x, time))",
        "Attention is left out everywhere: down, in the middle and up. What is the second part of each step?",
    ),
)


# ... with the order on the way ...

unet_forward.edits(
    attends_first=(
        "x = attend(block(x, time)) -> x = block(attend(x), time)",
        "x = up(attend(block(x, time))) -> x = up(block(attend(x), time))",
        "Down and up, attention comes before the block. In which order does a step name them?",
    ),
    attends_first_on_the_way_down=(
        "x = attend(block(x, time)) -> x = block(attend(x), time)",
        "On the way down attention comes before the block. Which of the two gives what is kept?",
    ),
    attends_first_on_the_way_up=(
        "x = up(attend(block(x, time))) -> x = up(block(attend(x), time))",
        "On the way up attention comes before the block, when what was joined is still raw. Which goes first?",
    ),
    attends_first_in_the_middle=(
        "last_block(attend(block(x, time)), time) -> last_block(block(attend(x), time), time)",
        "In the middle attention comes first. Where does `(block, attend, block)` put it?",
    ),
    doubled_first=(
        "skip in ups: -> skip in ups:\n        x = up(x)",
        "x = up(attend(block(x, time))) -> x = attend(block(x, time))",
        "On the way up, `up` comes first in each step. The skip then meets a picture of another size: when should it "
        "double?",
    ),
    attention_after_doubling=(
        "up(attend(block(x, time))) -> attend(up(block(x, time)))",
        "Doubled first, and attention after it, at the next size. In which order does a step up name them?",
    ),
    steps_up_reversed=(
        "in ups: -> in ups[::-1]:",
        "The steps up come from the end of the list. It is in order already: which step up comes first?",
    ),
)

# ... and with the skips

JOINED = "x = torch.cat([x, kept.pop()], dim=1)"

unet_forward.edits(
    skips_forgotten=(
        f"{JOINED} -> pass",
        "No skips: nothing of the way down reaches the way up beside x. Each block above expects wider input: from "
        "where?",
    ),
    first_in_first_out=(
        "kept.pop() -> kept.pop(0)",
        "The first one kept is the first one joined. Which step down has the size that the first step up works at?",
    ),
    never_taken_off=(
        "kept.pop() -> kept[-1]",
        "Every step up joins the one kept last. What takes the last item off a list, so that the one before is next?",
    ),
    paired_by_zip=(
        "for block, attend, up, skip in ups: -> for (block, attend, up, skip), last in zip(ups, reversed(kept)):",
        "kept.pop() -> last",
        "Steps up and kept pictures go in pairs. But a step up without a skip takes none, so there may be fewer "
        "pictures than steps.",
    ),
    counted_by_the_step=(
        "for block, attend, up, skip in ups: -> for i, (block, attend, up, skip) in enumerate(ups):",
        "kept.pop() -> kept[-1 - i]",
        "The number of the step up says what is joined, so a step without a skip passes over one. What counts is how "
        "many were joined before.",
    ),
    counted_from_the_top=(
        "for block, attend, up, skip in ups: -> for i, (block, attend, up, skip) in enumerate(ups):",
        "kept.pop() -> kept[len(ups) - 1 - i]",
        "The number of the step up serves as a place among what was kept. With fewer skips than steps there is no such "
        "place.",
    ),
    joined_at_every_step=(
        "skip in ups: -> skip in [(*step[:3], True) for step in ups]:",
        "Every step up joins, whatever its `skip` says, and so nothing is left for the last ones. Which steps may take "
        "something?",
    ),
    kept_at_every_step=(
        "kept.append(x) -> pass",
        "x = down(x) -> kept.append(x if skip else None); x = down(x)",
        "kept.pop() -> last",
        "skip in ups: -> skip in ups:\n        last = kept.pop()",
        "A step up joins what the step down opposite to it has kept. By the docstring it takes what was kept last, "
        "however many steps ago.",
    ),
    added=(
        f"{JOINED} -> x = x + kept.pop()",
        "What was kept is added. A block of the way up wants both side by side: which function puts tensors together?",
    ),
    kept_one_first=(
        "[x, kept.pop()] -> [kept.pop(), x]",
        "Joined in the other order. The weights know only one: which of the two comes first in the docstring?",
    ),
    x_twice=(
        "[x, kept.pop()] -> [x, x]",
        "x is joined to itself, so nothing of the way down comes back. What belongs beside it?",
    ),
    scaled_down=(
        "kept.append(x) -> kept.append(2**-0.5 * x)",
        "What is kept comes back smaller by the root of 2, as in Imagen. Here it is joined as it was.",
    ),
    along_the_batch=(
        "dim=1 -> dim=0",
        "Joined along the batch: that makes more images. Which axis holds the channels?",
    ),
    along_the_height=(
        "dim=1 -> dim=2",
        "Joined along the height: that makes taller images. Which axis holds the channels?",
    ),
    along_the_width=(
        "dim=1 -> dim=3",
        "Joined along the width: that makes wider images. Which axis holds the channels?",
    ),
    kept_after_halving=(
        "x = attend(block(x, time)) -> x = down(attend(block(x, time)))",
        "x = down(x) -> pass",
        "Kept after `down`, when the fine detail is gone. When is the last moment before that?",
    ),
    kept_before_the_block=(
        "x = attend(block(x, time)) -> before, x = x, attend(block(x, time))",
        "kept.append(x) -> kept.append(before)",
        "Kept before the block, so that what this step has found is not in it. What does the docstring keep?",
    ),
    kept_before_attention=(
        "x = attend(block(x, time)) -> x = block(x, time)",
        "x = down(x) -> x = down(attend(x))",
        "Kept between block and attention. Which of the two does the docstring say gives what is kept?",
    ),
    joined_after_the_block=(
        f"{JOINED} -> pass",
        "x = up(attend(block(x, time))) -> "
        "x = up(attend(torch.cat([block(x, time), *([kept.pop()] if skip else [])], dim=1)))",
        "Joined after the block, which then cannot make use of it. Where does a skip have to arrive?",
    ),
    skips_everywhere=(
        "skip in downs: -> skip in [(*step[:3], True) for step in downs]:",
        "skip in ups: -> skip in [(*step[:3], True) for step in ups]:",
        "Every step keeps and joins, whatever its `skip` says. Some networks have fewer skips: who decides?",
    ),
    every_step_kept=(
        "skip in downs: -> skip in [(*step[:3], True) for step in downs]:",
        "On the way down every step is kept, whatever its `skip` says. Who then takes those off that nobody asked for?",
    ),
    joined_while_any_is_left=(
        "skip in ups: -> skip in ups:\n        skip = bool(kept)",
        "Joined as long as something is left on the list. A step up without a skip may come in between: what tells?",
    ),
    stem_joined=(
        "x = stem(x) -> first = x = stem(x)",
        "return head(x) -> return head(torch.cat([x, first], dim=1))",
        "Before the head something is joined once more, as lucidrains' network does with the stem's output. Here the "
        "head gets what the last step gives.",
    ),
)


@unet_forward.alternative("A dict and a counter instead of a list: the height of the pile says what lies on top.")
def with_an_index(stem, downs, middle, ups, head, x, time):
    h = stem(x)
    pile, height = {}, 0
    for step in downs:
        h = step[1](step[0](h, time))
        if step[3]:
            pile[height] = h
            height += 1
        h = step[2](h)
    h = middle[2](middle[1](middle[0](h, time)), time)
    for step in ups:
        if step[3]:
            height -= 1
            h = torch.concat((h, pile[height]), 1)
        h = step[2](step[1](step[0](h, time)))
    return head(h)


@unet_forward.alternative("The newest stands at the front, so an iterator gives the kept ones in the right order.")
def newest_at_the_front(stem, downs, middle, ups, head, x, time):
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        kept = [x, *kept] if skip else kept
        x = down(x)
    block, attend, other = middle
    x = other(attend(block(x, time)), time)
    skips = iter(kept)
    for block, attend, up, skip in ups:
        x, _ = pack([x, next(skips)], "b * h w") if skip else (x, None)
        x = up(attend(block(x, time)))
    return head(x)


@unet_forward.alternative("What is inside of the outermost step is a smaller U-Net; each level holds its own picture.")
def by_recursion(stem, downs, middle, ups, head, x, time):
    def inside(x, downs, kept):
        if not downs:
            first, attend, second = middle
            return second(attend(first(x, time)), time), kept
        (block, attend, down, skip), *deeper = downs
        x = attend(block(x, time))
        return inside(down(x), deeper, (x, kept) if skip else kept)

    x, kept = inside(stem(x), list(downs), None)
    for block, attend, up, skip in ups:
        if skip:
            newest, kept = kept
            x = torch.cat((x, newest), dim=-3)
        x = up(attend(block(x, time)))
    return head(x)
