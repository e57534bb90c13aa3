"""Answers to the new quizzes of chapter 08."""

from itertools import pairwise

from answers import right, wrong

# unet_widths


@wrong("unet_widths", "the first block takes the first level's width, not the stem's")
def widths_stem_multiplied(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    before = [widths[0], *widths[:-1]]
    down = list(zip(before, widths, strict=True))
    up = [(2 * own, above) for above, own in reversed(down)]
    return down, up


@wrong("unet_widths", "the way down turned around: the last block returns dim")
def widths_mirrored(dim, dim_mults):
    widths = [dim, *(dim * m for m in dim_mults)]
    down = list(pairwise(widths))
    return down, [(2 * b, a) for a, b in reversed(down)]


@wrong("unet_widths", "the way up from the top to the bottom")
def widths_up_not_reversed(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(2 * own, above) for own, above in zip(widths, [widths[0], *widths[:-1]], strict=True)]
    return down, up


@wrong("unet_widths", "the skips are forgotten")
def widths_without_skips(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down, before = [], dim
    for width in widths:
        down.append((before, width))
        before = width
    up = [(widths[i], widths[max(i - 1, 0)]) for i in reversed(range(len(widths)))]
    return down, up


@wrong("unet_widths", "on the way up each block returns its own level's width")
def widths_up_own(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up, below = [], widths[-1]
    for width in reversed(widths):
        up.append((below + width, width))
        below = width
    return down, up


@wrong("unet_widths", "the multipliers are multiplied with each other")
def widths_cumulative(dim, dim_mults):
    down, width = [], dim
    for m in dim_mults:
        down.append((width, width * m))
        width = width * m
    widths = [out for _, out in down]
    up = [(2 * widths[i], widths[max(i - 1, 0)]) for i in reversed(range(len(widths)))]
    return down, up


@wrong("unet_widths", "the skip is what went into the block")
def widths_skip_is_input(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up, below = [], widths[-1]
    for level in reversed(range(len(widths))):
        out = widths[max(level - 1, 0)]
        up.append((below + down[level][0], out))
        below = out
    return down, up


@wrong("unet_widths", "one block less on the way up")
def widths_one_up_less(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(2 * widths[i], widths[i - 1]) for i in range(len(widths) - 1, 0, -1)]
    return down, up


@wrong("unet_widths", "the block on the lowest level has no skip")
def widths_lowest_without_skip(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(2 * widths[i], widths[max(i - 1, 0)]) for i in reversed(range(len(widths)))]
    up[0] = (widths[-1], up[0][1])
    return down, up


@wrong("unet_widths", "out and in are swapped on the way up")
def widths_up_swapped(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(widths[max(i - 1, 0)], 2 * widths[i]) for i in reversed(range(len(widths)))]
    return down, up


@wrong("unet_widths", "one list for the whole way")
def widths_one_list(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(2 * widths[i], widths[max(i - 1, 0)]) for i in reversed(range(len(widths)))]
    return down + up


@wrong("unet_widths", "the width doubles from level to level, whatever dim_mults says")
def widths_powers_of_two(dim, dim_mults):
    widths = [dim * 2**i for i in range(len(dim_mults))]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(2 * widths[i], widths[max(i - 1, 0)]) for i in reversed(range(len(widths)))]
    return down, up


@wrong("unet_widths", "the last block wraps around to the lowest level's width")
def widths_negative_index(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = [(2 * widths[i], widths[i - 1]) for i in reversed(range(len(widths)))]
    return down, up


@wrong("unet_widths", "the middle is counted on the way down")
def widths_with_middle(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = [*zip([dim, *widths[:-1]], widths, strict=True), (widths[-1], widths[-1])]
    up = [(2 * widths[i], widths[max(i - 1, 0)]) for i in reversed(range(len(widths)))]
    return down, up


@wrong("unet_widths", "the skip of the level above")
def widths_skip_from_above(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(zip([dim, *widths[:-1]], widths, strict=True))
    up = []
    for i in reversed(range(len(widths))):
        above = widths[max(i - 1, 0)]
        up.append((widths[i] + above, above))
    return down, up


@right("unet_widths", "two loops that follow the picture")
def widths_by_walking(dim, dim_mults):
    down, skips, channels = [], [], dim
    for m in dim_mults:
        down.append((channels, dim * m))
        channels = dim * m
        skips.append(channels)
    up = []
    while skips:
        skip = skips.pop()
        out = skips[-1] if skips else dim * dim_mults[0]
        up.append((channels + skip, out))
        channels = out
    return down, up


@right("unet_widths", "pairs by pairwise and slices")
def widths_by_pairs(dim, dim_mults):
    widths = [dim * m for m in dim_mults]
    down = list(pairwise([dim, *widths]))
    up = [(own + own, above) for own, above in pairwise([*widths[::-1], widths[0]])]
    return down, up


@right("unet_widths", "recursion from the first level down to the last and back")
def widths_recursive(dim, dim_mults):
    def from_level(before, mults, back):
        if not mults:
            return [], []
        own = dim * mults[0]
        down, up = from_level(own, mults[1:], own)
        return [(before, own), *down], [*up, (2 * own, back)]

    return from_level(dim, list(dim_mults), dim * dim_mults[0])


@right("unet_widths", "indices")
def widths_by_index(dim, dim_mults):
    last = len(dim_mults) - 1
    down = [(dim if i == 0 else dim * dim_mults[i - 1], dim * dim_mults[i]) for i in range(last + 1)]
    up = []
    for place in range(last + 1):
        level = last - place
        above = level - 1 if level > 0 else 0
        up.append((2 * dim * dim_mults[level], dim * dim_mults[above]))
    return down, up
