"""Quiz `unet_widths` of chapter 08."""

from itertools import accumulate
from operator import mul

import torch

from course_lib import unet
from course_lib.checker.quiz import Quiz


def settings(g: torch.Generator) -> list[tuple]:
    """Rising, falling and equal multiples, one level and five; the first multiple is not always 1."""
    dims = (torch.randperm(9, generator=g)[:6] * 4 + 8).tolist()
    mults = ((1, 2, 4), (2, 3, 5, 7), (3,), (1, 1, 2, 2, 5), (4, 2, 1), (2, 5))
    return list(zip(dims, mults, strict=True))


unet_widths = Quiz(
    unet.unet_widths,
    cases=settings,
    points=3,
    minutes=12,
    difficulty=3,
    importance=4,
    returns=("way down", "way up"),
    rtol=0,
    atol=0.01,
    hints=(
        "Write down the widths of all levels first. On the way down a block gets what the level before gave.",
        "On the way up a block gets what comes from below, and its level's skip. Both are as wide as its level.",
        "Up, from the last level to the first: in is twice the level's width, out is the width of the level before it "
        "(for the first level: its own).",
    ),
)

unet_widths.edits(
    skips_forgotten=(
        "widths[level] + widths[level] -> widths[level]",
        "The blocks on the way up get only what comes from below. The skip is joined to it: how many channels has it?",
    ),
    skip_of_the_level_above=(
        "widths[level] + widths[level] -> widths[level] + widths[max(level - 1, 0)]",
        "The skip has the width of the level above. A skip joins on the level on which it was kept.",
    ),
    skip_kept_before_the_block=(
        "widths[level] + widths[level] -> widths[level] + [dim, *widths][level]",
        "The skip is as wide as what the block down gets. It is kept behind that block, so how wide is it?",
    ),
    up_in_the_order_of_the_way_down=(
        "for level in reversed(range(len(widths))) -> for level in range(len(widths))",
        "The way up is listed from the first level. It starts at the last one: which block comes first?",
    ),
    up_keeps_its_width=(
        "widths[max(level - 1, 0)] -> widths[level]",
        "Each block up gives the width of its own level. The next level up is of another width: who changes it?",
    ),
    ends_at_the_stem_s_width=(
        "widths[max(level - 1, 0)] -> [dim, *widths][level]",
        "The last block up gives `dim` channels, as the stem does. It should give what the first level has.",
    ),
    ends_at_the_last_level_s_width=(
        "widths[max(level - 1, 0)] -> widths[level - 1]",
        "The last block up gives what the *last* level has, as an index of -1 would. It should give what the first "
        "level has.",
    ),
    up_changes_no_width=(
        "(widths[level] + widths[level], widths[max(level - 1, 0)]) -> "
        "([*widths, widths[-1]][level + 1] + widths[level], widths[level])",
        "Each block up gives the width of its own level, so the next one gets another width from below than its skip "
        "has. Which block changes the width?",
    ),
    lowest_block_without_skip=(
        "return downs, ups -> return downs, [(widths[-1], ups[0][1]), *ups[1:]]",
        "The first block up gets no skip. The last level keeps one, too, behind its block on the way down.",
    ),
    one_block_less_up=(
        "for level in reversed(range(len(widths))) -> for level in reversed(range(1, len(widths)))",
        "The way up has one block less than the way down: that of the first level is missing.",
    ),
    middle_on_the_way_down=(
        "return downs, ups -> return [*downs, (widths[-1], widths[-1])], ups",
        "The way down has one block too many, which keeps the last level's width. Asked is one block a level; "
        "the middle is not listed.",
    ),
    first_level_s_width_at_the_stem=(
        "[dim, *widths[:-1]] -> [widths[0], *widths[:-1]]",
        "The first block down gets dim * dim_mults[0] channels. What comes before it is the stem: what does it give?",
    ),
    down_keeps_its_width=(
        "[dim, *widths[:-1]], widths, strict=True -> widths, widths, strict=True",
        "Each block down gets and gives the same width. It gets what the level before gave.",
    ),
    multiples_multiplied_up=(
        "widths = [dim * mult for mult in dim_mults] -> "
        "widths = [dim * mult * (index + 1) for index, mult in enumerate(dim_mults)]",
        "The widths grow with the level's number as well. A level's width is dim * dim_mults[level], nothing more.",
    ),
    always_twice_as_wide=(
        "widths = [dim * mult for mult in dim_mults] -> widths = [dim * 2**level for level in range(len(dim_mults))]",
        "Each level is twice as wide as the one before, whatever `dim_mults` says. Where does it come in?",
    ),
    multiples_alone=(
        "dim * mult for -> mult for",
        "The widths are the multiples. Each has to be multiplied by `dim`.",
    ),
    pairs_turned_around=(
        "list(zip([dim, *widths[:-1]], widths, strict=True)) -> list(zip(widths, [dim, *widths[:-1]], strict=True))",
        "On the way down the pairs are turned around: first the channels in, then the channels out.",
    ),
    up_pairs_turned_around=(
        "(widths[level] + widths[level], widths[max(level - 1, 0)]) -> "
        "(widths[max(level - 1, 0)], widths[level] + widths[level])",
        "On the way up the pairs are turned around: first the channels in, then the channels out.",
    ),
    up_first=(
        "return downs, ups -> return ups, downs",
        "The way up comes first. Asked is first the way down, then the way up.",
    ),
)


@unet_widths.mistake("The multiples are multiplied with each other. Each of them counts from `dim`.")
def multiples_of_the_level_before(dim, dim_mults):
    return unet.unet_widths(dim, list(accumulate(dim_mults, mul)))


@unet_widths.mistake("The last level is missing on both ways: it has a block down and a block up as every level has.")
def last_level_missing(dim, dim_mults):
    downs, ups = unet.unet_widths(dim, dim_mults)
    return downs[:-1], ups[1:]


@unet_widths.alternative("A walk that remembers how many channels there are just now.")
def by_walking(dim, dim_mults):
    width, downs, ups, kept = dim, [], [], []
    for mult in dim_mults:
        downs.append((width, dim * mult))
        width = dim * mult
        kept.append(width)
    for _ in dim_mults:
        skip = kept.pop()
        out = kept[-1] if kept else skip
        ups.append((width + skip, out))
        width = out
    return downs, ups


@unet_widths.alternative("The way up is the way down backwards: what comes in there goes out here.")
def mirrored(dim, dim_mults):
    widths = [dim * mult for mult in dim_mults]
    downs = [(before, after) for before, after in zip([dim, *widths], widths, strict=False)]
    outs = [*widths[:-1][::-1], widths[0]]
    return downs, [[2 * width, out] for width, out in zip(widths[::-1], outs, strict=True)]


@unet_widths.alternative("By index, from the end with negative numbers.")
def by_index(dim, dim_mults):
    count = len(dim_mults)
    downs = [(dim * dim_mults[i - 1] if i else dim, dim * dim_mults[i]) for i in range(count)]
    ups = [(2 * dim * dim_mults[-i], dim * dim_mults[max(count - i - 1, 0)]) for i in range(1, count + 1)]
    return downs, ups
