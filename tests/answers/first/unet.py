"""Answers to the quizzes of chapter 08."""

import math
from collections import deque
from functools import reduce
from itertools import chain

import torch
from einops import pack
from torch import Tensor, nn

from answers import right, wrong


@wrong("unet_forward", "joins what was kept first, not what was kept last")
def joins_the_first(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop(0)], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "puts the skip before x's channels, not behind them")
def skip_in_front(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat((kept.pop(), x), dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "adds the skip instead of joining it")
def adds_the_skip(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = x + kept.pop()
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "keeps what the block gives, before attention")
def kept_before_attention(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = block(x, time)
        if skip:
            kept.append(x)
        x = down(attend(x))
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "keeps x after halving")
def kept_after_halving(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = down(attend(block(x, time)))
        if skip:
            kept.append(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "keeps and joins at every step, whatever skip says")
def skips_everywhere(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, _ in downs:
        x = attend(block(x, time))
        kept.append(x)
        x = down(x)
    x = middle[0](x, time)
    x = middle[1](x)
    x = middle[2](x, time)
    for block, attend, up, _ in ups:
        x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "keeps at every step down, so that the joined one may belong elsewhere")
def keeps_everything(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    h = []
    x = stem(x)
    for block, attend, down, _skip in downs:
        x = attend(block(x, time))
        h.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, h.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "joins after the block of the way up")
def joined_after_the_block(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        x = block(x, time)
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(x))
    return head(x)


@wrong("unet_forward", "doubles first, then joins and applies the block")
def doubles_first(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        x = up(x)
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = attend(block(x, time))
    return head(x)


@wrong("unet_forward", "joins along the width")
def joined_along_the_width(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=-1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "looks at the last kept one without taking it away")
def never_taken_away(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept[-1]], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "the head is forgotten")
def head_forgotten(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return x


@wrong("unet_forward", "the attention in the middle is left out")
def middle_without_attention(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, _, block2 = middle
    x = block2(block1(x, time), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "the middle's first block is used twice, its last one never")
def first_middle_block_twice(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block, attend, _ = middle
    x = block(attend(block(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "the middle's last block gets no time")
def last_middle_block_timeless(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)))
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "lucidrains' residual: the stem's output is joined before the head too")
def joins_the_stem(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    r = x.clone()
    h = []
    for block, attend, down, skip in downs:
        x = block(x, time)
        x = attend(x)
        if skip:
            h.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block1(x, time)
    x = attend(x)
    x = block2(x, time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat((x, h.pop()), dim=1)
        x = block(x, time)
        x = attend(x)
        x = up(x)
    x = torch.cat((x, r), dim=1)
    return head(x)


@wrong("unet_forward", "skips are scaled by 1 / sqrt(2), as in Imagen's code")
def scaled_skips(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x * 2**-0.5)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "skips are detached: no gradient goes across")
def detached_skips(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x.detach())
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "empties the list of steps that it was given")
def eats_its_lists(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    while downs:
        block, attend, down, skip = downs.pop(0)
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    while ups:
        block, attend, up, skip = ups.pop(0)
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "pairs steps up and kept pictures by zip: wrong as soon as a step has no skip")
def paired_by_zip(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for (block, attend, up, skip), h in zip(ups, reversed(kept), strict=False):
        if skip:
            x = torch.cat([x, h], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "attends before the block, down and up")
def attends_first(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = block(attend(x), time)
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block2(attend(block1(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(block(attend(x), time))
    return head(x)


@wrong("unet_forward", "no attention on the way up, and the input is added to the result")
def lazy_way_up(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    h = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        h = attend(block(h, time))
        if skip:
            kept.append(h)
        h = down(h)
    block1, attend, block2 = middle
    h = block2(attend(block1(h, time)), time)
    for block, _, up, skip in ups:
        if skip:
            h = torch.cat([h, kept.pop()], dim=1)
        h = up(block(h, time))
    return head(h) + x


@wrong("unet_forward", "hands the time to attention and to the resampling too")
def time_for_all(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time), time)
        if skip:
            kept.append(x)
        x = down(x, time)
    for layer in middle:
        x = layer(x, time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time), time), time)
    return head(x)


@right("unet_forward", "recursion: each level holds what it kept on a stack of its own making")
def by_recursion(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    def descend(x: Tensor, index: int, kept: tuple) -> tuple[Tensor, tuple]:
        if index == len(downs):
            return x, kept
        block, attend, down, skip = downs[index]
        x = attend(block(x, time))
        return descend(down(x), index + 1, (x, *kept) if skip else kept)

    def ascend(x: Tensor, index: int, kept: tuple) -> Tensor:
        if index == len(ups):
            return x
        block, attend, up, skip = ups[index]
        if skip:
            x, kept = torch.cat((x, kept[0]), 1), kept[1:]
        return ascend(up(attend(block(x, time))), index + 1, kept)

    x, kept = descend(stem(x), 0, ())
    x = middle[1](middle[0](x, time))
    return head(ascend(middle[2](x, time), 0, kept))


@right("unet_forward", "the newest stands first in a deque; torch.concat over axis -3")
def with_a_deque(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    newest_first = deque()
    h = stem(x)
    for step in downs:
        h = step[1](step[0](h, time))
        if step[3]:
            newest_first.appendleft(h)
        h = step[2](h)
    h = middle[0](h, time)
    h = middle[1](h)
    h = middle[2](h, time)
    for step in ups:
        h = torch.concat([h, newest_first.popleft()], dim=-3) if step[3] else h
        h = step[2](step[1](step[0](h, time)))
    return head(h)


@right("unet_forward", "an iterator over the reversed list gives the next skip")
def next_of_reversed(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    hs = []
    x = stem(x)
    for block, attend, down, skip in downs:
        x = block(x, time)
        x = attend(x)
        hs += [x] * bool(skip)
        x = down(x)
    first, attend, second = middle
    x = first(x, time)
    x = attend(x)
    x = second(x, time)
    skips = reversed(hs)
    for block, attend, up, skip in ups:
        if skip:
            x, _ = pack([x, next(skips)], "b * h w")
        x = block(x, time)
        x = attend(x)
        x = up(x)
    return head(x)


@right("unet_forward", "fills a new tensor where others join, with an index that counts down")
def filled_by_hand(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    kept = {}
    x = stem(x)
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept[len(kept)] = x
        x = down(x)
    x = middle[-1](middle[1](middle[0](x, time)), time)
    index = len(kept)
    for block, attend, up, skip in ups:
        if skip:
            index -= 1
            channels = x.shape[1]
            both = x.new_empty(x.shape[0], channels + kept[index].shape[1], *x.shape[2:])
            both[:, :channels] = x
            both[:, channels:] = kept[index]
            x = both
        x = up(attend(block(x, time)))
    return head(x)


@right("unet_forward", "functools.reduce over the steps, helpers for down and up")
def by_reduce(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    def go_down(state: tuple, step: tuple) -> tuple:
        (x, kept), (block, attend, down, skip) = state, step
        x = attend(block(x, time))
        return down(x), [*kept, x] if skip else kept

    def go_up(state: tuple, step: tuple) -> tuple:
        (x, kept), (block, attend, up, skip) = state, step
        if skip:
            *kept, last = kept
            x = torch.hstack([x, last])
        return up(attend(block(x, time))), kept

    x, kept = reduce(go_down, downs, (stem(x), []))
    block, attend, last_block = middle
    x = last_block(attend(block(x, time)), time)
    x, _ = reduce(go_up, ups, (x, kept))
    return head(x)


@wrong("count_parameters", "counts frozen ones too")
def counts_frozen(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@wrong("count_parameters", "counts the state dict: buffers, frozen ones, and shared ones twice")
def counts_the_state_dict(model: nn.Module) -> int:
    return sum(tensor.numel() for tensor in model.state_dict().values())


@wrong("count_parameters", "how many tensors there are, not how many numbers")
def counts_tensors(model: nn.Module) -> int:
    return len([p for p in model.parameters() if p.requires_grad])


@wrong("count_parameters", "goes through the modules, so that a shared weight counts twice")
def module_by_module(model: nn.Module) -> int:
    total = 0
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad:
                total += p.numel()
    return total


@wrong("count_parameters", "duplicates are kept on purpose: shared ones count twice")
def duplicates_kept(model: nn.Module) -> int:
    named = model.named_parameters(remove_duplicate=False)
    return sum(p.numel() for _, p in named if p.requires_grad)


@wrong("count_parameters", "only the model's own parameters, not those of its layers")
def without_the_layers(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters(recurse=False) if p.requires_grad)


@wrong("count_parameters", "adds up the children: what they share counts twice, the model's own not at all")
def child_by_child(model: nn.Module) -> int:
    return sum(sum(p.numel() for p in child.parameters() if p.requires_grad) for child in model.children())


@wrong("count_parameters", "weights only, no biases")
def weights_only(model: nn.Module) -> int:
    return sum(p.numel() for name, p in model.named_parameters() if p.requires_grad and name.endswith("weight"))


@right("count_parameters", "a tensor of one number counts as a number")
def as_a_tensor(model: nn.Module) -> int:
    return torch.tensor([p.numel() for p in model.parameters() if p.requires_grad]).sum()


@wrong("count_parameters", "in millions, as a float")
def in_millions(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad) / 1e6


@wrong("count_parameters", "bytes instead of numbers")
def counts_bytes(model: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)


@wrong("count_parameters", "the wrong way round: the frozen ones only")
def frozen_only(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if not p.requires_grad)


@wrong("count_parameters", "takes out duplicates by address: on the meta device every address is 0")
def unique_by_address(model: nn.Module) -> int:
    unique = {p.data_ptr(): p.numel() for p in model.parameters() if p.requires_grad}
    return sum(unique.values())


@wrong("count_parameters", "takes out duplicates by shape: equal shapes count once")
def unique_by_shape(model: nn.Module) -> int:
    return sum(math.prod(shape) for shape in {p.shape for p in model.parameters() if p.requires_grad})


@wrong("count_parameters", "weights that are 0 do not count")
def without_zeros(model: nn.Module) -> int:
    return sum(int(torch.count_nonzero(p)) for p in model.parameters() if p.requires_grad)


@wrong("count_parameters", "convolutions and linear layers only")
def known_layers_only(model: nn.Module) -> int:
    total = 0
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            total += sum(p.numel() for p in layer.parameters() if p.requires_grad)
    return total


@wrong("count_parameters", "only what has a gradient: nothing before the first backward")
def with_a_gradient(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.grad is not None)


@wrong("count_parameters", "length and width only: wrong for convolutions, fails for biases")
def rows_times_columns(model: nn.Module) -> int:
    total = 0
    for p in model.parameters():
        if p.requires_grad:
            total += p.shape[0] * p.shape[1]
    return total


@wrong("count_parameters", "unfreezes everything on the way, and counts the buffers too")
def unfreezes(model: nn.Module) -> int:
    model.requires_grad_(True)
    return sum(tensor.numel() for tensor in chain(model.parameters(), model.buffers()))


@wrong("count_parameters", "returns at the first parameter")
def returns_too_early(model: nn.Module) -> int:
    total = 0
    for p in model.parameters():
        if p.requires_grad:
            total += p.numel()
            return total
    return total


@right("count_parameters", "a dict by id over all modules")
def unique_by_id(model: nn.Module) -> int:
    unique = {}
    for module in model.modules():
        for p in module._parameters.values():
            if p is not None and p.requires_grad:
                unique[id(p)] = math.prod(p.shape)
    return sum(unique.values())


@right("count_parameters", "filter and map")
def filter_and_map(model: nn.Module) -> int:
    trainable = filter(lambda p: p.requires_grad, model.parameters())
    return sum(map(torch.numel, trainable))


@right("count_parameters", "all of them less the frozen ones")
def all_less_frozen(model: nn.Module) -> int:
    parameters = list(model.parameters())
    return sum(p.nelement() for p in parameters) - sum(p.nelement() for p in parameters if not p.requires_grad)


@right("count_parameters", "recursion over the children with a set of what was seen")
def by_recursion_over_children(model: nn.Module) -> int:
    seen = set()

    def count(module: nn.Module) -> int:
        total = 0
        for p in module.parameters(recurse=False):
            if p not in seen:
                seen.add(p)
                total += p.numel() if p.requires_grad else 0
        return total + sum(count(child) for child in module.children())

    return count(model)


@right("count_parameters", "a product of the sizes by a loop")
def sizes_multiplied(model: nn.Module) -> int:
    total = 0
    for _name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        numbers = 1
        for size in p.size():
            numbers *= size
        total += numbers
    return total


@right("count_parameters", "the flattened length, bool times int")
def flattened_length(model: nn.Module) -> int:
    return sum(p.requires_grad * len(p.detach().flatten()) for p in set(model.parameters()))
