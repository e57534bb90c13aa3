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
        real(g),
        real(g, blocks_per_level=2, skips="level", top_skip=False),
        real(g, skips="none"),
    ]


def go_down(stem, downs, x, time):
    x, kept = stem(x), []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        kept += [x] if skip else []
        x = down(x)
    return x, kept


def go_through(middle, x, time):
    first, attend, second = middle
    return second(attend(first(x, time)), time)


def go_up(ups, head, x, kept, time, join):
    """`join(x, kept)` is to take something off the list and join it to x."""
    for block, attend, up, skip in ups:
        x = join(x, kept) if skip else x
        x = up(attend(block(x, time)))
    return head(x)


def joined(x, kept):
    return torch.cat([x, kept.pop()], dim=1)


def same(x, time=None):
    return x


def walk(stem, downs, middle, ups, head, x, time, join=joined):
    x, kept = go_down(stem, downs, x, time)
    return go_up(ups, head, go_through(middle, x, time), kept, time, join)


unet_forward = Quiz(
    unet.unet_forward,
    cases=ways,
    points=4,
    minutes=15,
    hints=(
        "Three stretches: down, middle, up. On the way down you put things on a pile, on the way up you take them off.",
        "The pile is a list: `append` after `attend`, before `down`; `pop()` takes what was put there last. "
        "Join before the block.",
        "Join with `torch.cat([x, kept.pop()], dim=1)`: axis 1 is the channels. "
        "Blocks get `(x, time)`, all else `(x)`.",
    ),
)


@unet_forward.mistake(
    "No skips: nothing of the way down reaches the way up beside x. Each block above expects wider input: from where?"
)
def skips_forgotten(*args):
    return walk(*args, join=same)


@unet_forward.mistake(
    "The first one kept is the first one joined. Which step down has the size that the first step up works at?"
)
def first_in_first_out(*args):
    return walk(*args, join=lambda x, kept: torch.cat([x, kept.pop(0)], dim=1))


@unet_forward.mistake(
    "Every step up joins the one kept last, since it stays on the list. What takes the last item off a list?"
)
def never_taken_off(*args):
    return walk(*args, join=lambda x, kept: torch.cat([x, kept[-1]], dim=1))


@unet_forward.mistake(
    "You add what was kept. A block of the way up wants both side by side: which function puts tensors together?"
)
def added(*args):
    return walk(*args, join=lambda x, kept: x + kept.pop())


@unet_forward.mistake(
    "Joined in the other order. The weights know only one: which of the two comes first in the docstring?"
)
def kept_one_first(*args):
    return walk(*args, join=lambda x, kept: torch.cat([kept.pop(), x], dim=1))


@unet_forward.mistake("Joined along the batch: that makes more images. Which axis holds the channels?")
def along_the_batch(*args):
    return walk(*args, join=lambda x, kept: torch.cat([x, kept.pop()]))


@unet_forward.mistake("Joined along the height: that makes taller images. Which axis holds the channels?")
def along_the_height(*args):
    return walk(*args, join=lambda x, kept: torch.cat([x, kept.pop()], dim=2))


@unet_forward.mistake("Joined along the width: that makes wider images. Which axis holds the channels?")
def along_the_width(*args):
    return walk(*args, join=lambda x, kept: torch.cat([x, kept.pop()], dim=3))


@unet_forward.mistake("Kept after `down`, when the fine detail is gone. When is the last moment before that?")
def kept_after_halving(stem, downs, middle, ups, head, x, time):
    x, kept = stem(x), []
    for block, attend, down, skip in downs:
        x = down(attend(block(x, time)))
        kept += [x] if skip else []
    return go_up(ups, head, go_through(middle, x, time), kept, time, joined)


@unet_forward.mistake(
    "Kept before the block has run. What should a skip carry: what goes into a step, or what comes out?"
)
def kept_before_the_block(stem, downs, middle, ups, head, x, time):
    x, kept = stem(x), []
    for block, attend, down, skip in downs:
        kept += [x] if skip else []
        x = down(attend(block(x, time)))
    return go_up(ups, head, go_through(middle, x, time), kept, time, joined)


@unet_forward.mistake("Kept between block and attention. Which of the two does the docstring say gives what is kept?")
def kept_before_attention(stem, downs, middle, ups, head, x, time):
    x, kept = stem(x), []
    for block, attend, down, skip in downs:
        x = block(x, time)
        kept += [x] if skip else []
        x = down(attend(x))
    return go_up(ups, head, go_through(middle, x, time), kept, time, joined)


@unet_forward.mistake("Joined after the block, which then cannot make use of it. Where does a skip have to arrive?")
def joined_after_the_block(stem, downs, middle, ups, head, x, time):
    x, kept = go_down(stem, downs, x, time)
    x = go_through(middle, x, time)
    for block, attend, up, skip in ups:
        x = block(x, time)
        x = up(attend(joined(x, kept) if skip else x))
    return head(x)


@unet_forward.mistake(
    "On the way up, `up` comes first in each step. The skip then meets a picture of another size: "
    "when should it double?"
)
def doubled_first(stem, downs, middle, ups, head, x, time):
    x, kept = go_down(stem, downs, x, time)
    x = go_through(middle, x, time)
    for block, attend, up, skip in ups:
        x = up(x)
        x = attend(block(joined(x, kept) if skip else x, time))
    return head(x)


@unet_forward.mistake(
    "Doubled first, and attention after it, at the next size. In which order does a step up name them?"
)
def attention_after_doubling(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, middle, [(block, up, attend, skip) for block, attend, up, skip in ups], head, x, time)


@unet_forward.mistake("You go through `ups` from its end. The list is in order already: which step up comes first?")
def steps_up_reversed(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, middle, ups[::-1], head, x, time)


@unet_forward.mistake("The middle is left out: from the last step down you go straight up. What stands at the bottom?")
def middle_left_out(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, (same, same, same), ups, head, x, time)


@unet_forward.mistake("The middle's attention is left out. `middle` holds three things: what is the second for?")
def middle_without_attention(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, (middle[0], same, middle[2]), ups, head, x, time)


def timeless(block):
    return lambda x, time: block(x)


@unet_forward.mistake(
    "The blocks are not told the time: a network that does not know t has to guess. What do they take?"
)
def time_forgotten(stem, downs, middle, ups, head, x, time):
    downs, ups = ([(timeless(block), *rest) for block, *rest in steps] for steps in (downs, ups))
    middle = (timeless(middle[0]), middle[1], timeless(middle[2]))
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake(
    "The blocks on the way up are not told the time. Do they need it less than those on the way down?"
)
def time_only_on_the_way_down(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, middle, [(timeless(block), *rest) for block, *rest in ups], head, x, time)


@unet_forward.mistake(
    "Every step keeps and joins, whatever its `skip` says. Some networks have fewer skips: who decides?"
)
def skips_everywhere(stem, downs, middle, ups, head, x, time):
    downs, ups = ([(*step[:3], True) for step in steps] for steps in (downs, ups))
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake(
    "On the way down every step is kept, whatever its `skip` says. Who then takes those off that nobody asked for?"
)
def every_step_kept(stem, downs, middle, ups, head, x, time):
    x, kept = go_down(stem, [(*step[:3], True) for step in downs], x, time)
    return go_up(ups, head, go_through(middle, x, time), kept, time, joined)


@unet_forward.mistake(
    "You join as long as something is left on the list. A step up without a skip may come in between: what tells?"
)
def joined_while_any_is_left(stem, downs, middle, ups, head, x, time):
    ups = [(*step[:3], True) for step in ups]
    return walk(stem, downs, middle, ups, head, x, time, join=lambda x, kept: joined(x, kept) if kept else x)


@unet_forward.mistake("Nothing is made smaller: each step down has a third part. When is it called?")
def never_halved(stem, downs, middle, ups, head, x, time):
    downs = [(block, attend, same, skip) for block, attend, _, skip in downs]
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake("Nothing is made larger again: each step up has a third part. When is it called?")
def never_doubled(stem, downs, middle, ups, head, x, time):
    ups = [(block, attend, same, skip) for block, attend, _, skip in ups]
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake("Attention is left out on the way down. By the docstring, what is kept comes out of which part?")
def no_attention_on_the_way_down(stem, downs, middle, ups, head, x, time):
    downs = [(block, same, down, skip) for block, _, down, skip in downs]
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake("Attention is left out on the way up. A step up has three parts to call: which did you miss?")
def no_attention_on_the_way_up(stem, downs, middle, ups, head, x, time):
    ups = [(block, same, up, skip) for block, _, up, skip in ups]
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake("The middle ends with its attention. `middle` holds three things: who calls the third?")
def middle_without_its_last_block(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, (*middle[:2], same), ups, head, x, time)


@unet_forward.mistake(
    "The middle's first block runs twice, with attention between. Which block stands behind the attention?"
)
def first_middle_block_twice(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, (*middle[:2], middle[0]), ups, head, x, time)


@unet_forward.mistake("The blocks of the middle are not told the time. Do they need it less than the others?")
def time_not_in_the_middle(stem, downs, middle, ups, head, x, time):
    middle = (timeless(middle[0]), middle[1], timeless(middle[2]))
    return walk(stem, downs, middle, ups, head, x, time)


@unet_forward.mistake(
    "The head is missing: what comes off the last step has too many channels to be a picture's noise."
)
def without_the_head(stem, downs, middle, ups, head, x, time):
    return walk(stem, downs, middle, ups, same, x, time)


@unet_forward.mistake("The stem is missing: it turns a picture's few channels into as many as the first block expects.")
def without_the_stem(stem, downs, middle, ups, head, x, time):
    return walk(same, downs, middle, ups, head, x, time)


@unet_forward.alternative("")
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


@unet_forward.alternative("")
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


@unet_forward.alternative("")
def by_recursion(stem, downs, middle, ups, head, x, time):
    """What is inside of the outermost step is a smaller U-Net."""

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
