"""Answers to the quizzes of chapter 08."""

import torch
from einops import pack
from torch import Tensor, nn

from answers import right, wrong


@wrong("unet_forward", "takes the skips from the front: what was kept first is joined first")
def first_in_first_out(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    skips = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            skips.append(x)
        x = down(x)
    x = middle[2](middle[1](middle[0](x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat((x, skips.pop(0)), 1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "skips are joined before the channels of x, not behind")
def skip_in_front(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    h = stem(x)
    hs = []
    for block, attend, down, skip in downs:
        h = block(h, time)
        h = attend(h)
        if skip:
            hs.append(h)
        h = down(h)
    block1, attend, block2 = middle
    h = block2(attend(block1(h, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            h = torch.cat([hs.pop(), h], dim=1)
        h = up(attend(block(h, time)))
    return head(h)


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
    first, attend, second = middle
    x = second(attend(first(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "every step up uses up a skip, also the steps that have none")
def a_skip_for_each_step(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    x = middle[0](x, time)
    x = middle[1](x)
    x = middle[2](x, time)
    for block, attend, up, skip in ups:
        old = kept.pop()
        if skip:
            x = torch.cat([x, old], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "the skips are detached, so no gradient goes across")
def skips_detached(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x.clone().detach())
        x = down(x)
    block, attend, block_2 = middle
    x = block_2(attend(block(x, time)), time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "empties the lists that it was given, so a second call finds nothing")
def empties_the_lists(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x, kept = stem(x), []
    while downs:
        block, attend, down, skip = downs.pop(0)
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    block, attend, last = middle
    x = last(attend(block(x, time)), time)
    while ups:
        block, attend, up, skip = ups.pop(0)
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return head(x)


@wrong("unet_forward", "adds a shortcut around attention, which has one already")
def attention_added_again(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = block(x, time)
        x = x + attend(x)
        if skip:
            kept.append(x)
        x = down(x)
    block1, attend, block2 = middle
    x = block1(x, time)
    x = x + attend(x)
    x = block2(x, time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = block(x, time)
        x = x + attend(x)
        x = up(x)
    return head(x)


@wrong("unet_forward", "two mistakes: the middle has no attention, and the head is forgotten")
def no_middle_attention_no_head(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)
    mid_block1, _, mid_block2 = middle
    x = mid_block1(x, time)
    x = mid_block2(x, time)
    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)
        x = up(attend(block(x, time)))
    return x


@right("unet_forward", "recursive: each step down calls what lies below it")
def nested(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    def descend(h, steps, kept):
        if not steps:
            block, attend, last = middle
            return last(attend(block(h, time)), time), kept
        (block, attend, down, skip), *rest = steps
        h = attend(block(h, time))
        return descend(down(h), rest, (h, kept) if skip else kept)

    h, kept = descend(stem(x), list(downs), None)
    for block, attend, up, skip in ups:
        if skip:
            old, kept = kept
            h = torch.cat([h, old], dim=1)
        h = up(attend(block(h, time)))
    return head(h)


@right("unet_forward", "by indices, a pointer into the kept ones, and einops.pack")
def with_a_pointer(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    x = stem(x)
    kept: dict[int, Tensor] = {}
    for i in range(len(downs)):
        x = downs[i][1](downs[i][0](x, time))
        if downs[i][3]:
            kept[len(kept)] = x
        x = downs[i][2](x)
    x = middle[0](x, time)
    x = middle[1](x)
    x = middle[2](x, time)
    place = len(kept) - 1
    for i in range(len(ups)):
        if ups[i][3]:
            x, _ = pack([x, kept[place]], "b * h w")
            place -= 1
        x = ups[i][0](x, time)
        x = ups[i][1](x)
        x = ups[i][2](x)
    return head(x)


@right("unet_forward", "the skips in an iterator, newest first; an empty one in place of no skip")
def newest_first(
    stem: nn.Module, downs: list[tuple], middle: tuple, ups: list[tuple], head: nn.Module, x: Tensor, time: Tensor
) -> Tensor:
    run = lambda block, attend, h: attend(block(h, time))  # noqa: E731
    kept, h = [], stem(x)
    for block, attend, down, skip in downs:
        h = run(block, attend, h)
        kept = [h, *kept] if skip else kept
        h = down(h)
    h = middle[-1](run(middle[0], middle[1], h), time)
    supply = iter(kept)
    for block, attend, up, skip in ups:
        old = next(supply) if skip else h[:, :0]
        h = up(run(block, attend, torch.hstack((h, old))))
    return head(h)


@wrong("count_parameters", "counts frozen parameters, too")
def frozen_too(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@wrong("count_parameters", "the number of tensors, not of the numbers in them")
def how_many_tensors(model: nn.Module) -> int:
    return len([p for p in model.parameters() if p.requires_grad])


@wrong("count_parameters", "asks every module for all its parameters, so nested ones count again and again")
def module_by_module(model: nn.Module) -> int:
    total = 0
    for module in model.modules():
        total += sum(p.numel() for p in module.parameters() if p.requires_grad)
    return total


@wrong("count_parameters", "what is shared counts as often as it is used")
def shared_twice(model: nn.Module) -> int:
    total = 0
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad:
                total += p.numel()
    return total


@wrong("count_parameters", "only what has a gradient by now: 0 before the first backward")
def with_gradient(model: nn.Module) -> int:
    return sum(p.grad.numel() for p in model.parameters() if p.grad is not None)


@wrong("count_parameters", "only convolutions and linear layers: norms, embeddings and own parameters are left out")
def known_layers_only(model: nn.Module) -> int:
    total = 0
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            total += sum(p.numel() for p in layer.parameters() if p.requires_grad)
    return total


@wrong("count_parameters", "in bytes")
def in_bytes(model: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)


@wrong("count_parameters", "two mistakes: the state dict has buffers, too, and names shared weights twice")
def state_dict_sum(model: nn.Module) -> int:
    return sum(value.numel() for value in model.state_dict().values())


@right("count_parameters", "each named parameter, seen ones kept in a set of ids")
def by_identity(model: nn.Module) -> int:
    seen, total = set(), 0
    for _, p in model.named_parameters(remove_duplicate=False):
        if id(p) in seen or not p.requires_grad:
            continue
        seen.add(id(p))
        size = 1
        for side in p.shape:
            size *= side
        total += size
    return total


@right("count_parameters", "walks down the children itself")
def walking_down(model: nn.Module) -> int:
    found = {}

    def walk(module):
        for p in module._parameters.values():
            if p is not None and p.requires_grad:
                found[p] = p.nelement()
        for child in module.children():
            walk(child)

    walk(model)
    return sum(found.values())


@right("count_parameters", "filter, map and torch's product; a tensor of one number")
def filtered(model: nn.Module) -> int:
    trainable = filter(lambda p: p.requires_grad, model.parameters())
    return torch.tensor([p.shape.numel() for p in trainable], dtype=torch.long).sum()
