"""Shoes (toes to the left) and bags: one function per kind, `Dice` -> greys in 0 ... 1, [N, 28, 28]."""

import numpy as np

from .cloth import cloth, contrast, tone
from .pencil import (
    BLANK,
    SIDE,
    X,
    Y,
    below,
    box,
    curve,
    ellipse,
    join,
    limb,
    meet,
    mix,
    only_on,
    outline,
    paint,
    solid,
)

FROM_LEFT = X + 14  # shoes are measured from the toe


def foot_span(left, right):
    """Depth inside a stretch of the foot, in pixels from the toe."""
    return meet(FROM_LEFT - left, right - FROM_LEFT)


def sneaker(dice):
    ground, sole = dice.between(18.8, 21.5), dice.between(1.2, 3.4)
    welt = ground - sole  # where the sole meets the upper
    spring = dice.between(0, 1.4) * np.clip((6 - FROM_LEFT) / 6, 0, 1) ** 2  # toes point up a little
    top, tongue_at, tongue_top = sneaker_outline(dice, welt)
    upper = meet(below(top), welt - spring - Y + 0.3, foot_span(0.4, dice.between(26.6, 27.6)))
    fabric = cloth(dice, printed=0.12)
    sheet = paint(BLANK, solid(upper), fabric * (1.05 - 0.25 * np.clip((Y - top) / 12, 0, 1)))
    panels = solid(upper) * trainer_panels(dice, welt, tongue_at)
    sheet = paint(sheet, panels, contrast(dice, fabric))
    sheet = sheet * (1 - dice.between(0.3, 0.9) * laces(dice, tongue_at, tongue_top))
    sheet = sheet * (1 - 0.5 * solid(meet(outline(below(top), 1.6), foot_span(tongue_at + 1.5, 25.5))))
    rubber = meet(Y - welt + spring, ground - spring - Y, foot_span(0.3, 27.7))
    sheet = paint(sheet, solid(rubber), tone(dice, 0.35))
    seam = solid(outline(Y - welt + spring, 0.8)) * solid(foot_span(0.8, 27.2))
    return sheet * (1 - dice.between(0, 0.8) * seam)


def sneaker_outline(dice, welt):
    """Upper edge of a sneaker [N, 1, 28], and where its tongue ends: from the left, and from above."""
    high = dice.between(3, 7) * dice.chance(0.15)
    toe, tongue_at = welt - dice.between(2.6, 4.8), dice.between(13.5, 17.5)
    tongue = np.maximum(welt - dice.between(7.0, 10) - high, 2.0)  # the highest stay on the sheet
    heel = np.maximum(welt - dice.between(6.5, 9.5) - high, 2.0)
    top = curve(
        FROM_LEFT,
        (-1.2, welt),
        (2.2, toe),
        (6.5, toe - 0.8),
        (tongue_at, tongue),
        (tongue_at + 1.5, tongue),
        (tongue_at + 5.5, heel + dice.between(0.8, 2.2)),
        (26.0, heel),
        (28.2, heel + 3),
    )
    return top, tongue_at, tongue


def trainer_panels(dice, floor, tongue_at):
    """Cover of toe cap, heel patch and slanted side stripes of a sneaker, each on some pairs only."""
    toe_cap = solid(dice.between(4, 7) - FROM_LEFT - 0.3 * (Y - floor)) * dice.chance(0.3)
    heel_patch = solid(FROM_LEFT - dice.between(21.5, 24) + 0.2 * (Y - floor)) * dice.chance(0.4)
    slant = FROM_LEFT + dice.between(0.4, 1.0) * (Y - floor)
    wave = np.cos(2 * np.pi * (slant - tongue_at) / dice.between(3, 5))
    bars = solid(2 * wave - 0.6) * solid(3.4 - np.abs(slant - tongue_at + 1)) * dice.chance(0.45)
    return join(toe_cap, heel_patch, bars)


def laces(dice, tongue_at, top):
    """Cover of dashes along the instep."""
    beat = np.cos(2 * np.pi * (FROM_LEFT - tongue_at) / dice.between(2.2, 2.8))
    instep = np.abs(Y - top - 0.85 * (tongue_at - FROM_LEFT) - 1.2)
    return solid(2 * beat) * solid(1.2 - instep) * solid(foot_span(tongue_at - 6.5, tongue_at))


def ankle_boot(dice):
    ground, heel, sole = dice.between(23.5, 26.5), dice.between(0.8, 7.5), dice.between(0.8, 2.0)
    lift = curve(FROM_LEFT, (8.0, 0.0), (19.0, heel)) + 0.8 * np.clip((4 - FROM_LEFT) / 4, 0, 1) ** 2
    floor, welt = ground - lift - sole, ground - sole
    toe = welt - dice.between(3.0, 5.4)
    top = curve(FROM_LEFT, (-1.0, welt), (3.5, toe), (16.5, toe - dice.between(8.5, 11)))
    foot = meet(below(top), floor + 0.5 - Y, foot_span(0.4, 27.2))
    front = dice.between(11.5, 15) - dice.between(-0.08, 0.16) * (14 - Y)
    back = 27.2 - dice.between(0, 2) * np.clip((14 - Y) / 10, 0, 1)
    rim = dice.between(2.0, 10.5) + dice.between(-0.12, 0.12) * (FROM_LEFT - 20)
    boot = join(foot, meet(foot_span(front, back), Y - rim, floor + 0.5 - Y))
    fabric = cloth(dice, printed=0.08)
    sheet = paint(BLANK, solid(boot), fabric)
    sheet = boot_fastening(dice, sheet, solid(boot), front, rim, fabric)
    under = meet(Y - floor, floor + sole - Y, foot_span(0.4, 27.2))
    slim = np.clip((heel - 3) / 4, 0, 1)  # high heels are thin
    breast = np.maximum(dice.between(18, 20) + 4.5 * slim, 19 + 3 * slim + 0.25 * (Y - floor))
    block = meet(foot_span(breast, 27.2), Y - floor, ground - Y)
    return paint(sheet, solid(join(under, block)), fabric * dice.between(0.3, 1.1))


def boot_fastening(dice, sheet, cover, front, rim, fabric):
    """Adds an elastic panel, laces, a strap and a rim to the shaft, each to some boots only."""
    elastic = meet(foot_span(front + 3.5, front + dice.between(7, 9)), Y - rim, dice.between(12, 16) - Y)
    sheet = paint(sheet, cover * solid(elastic) * dice.chance(0.3), fabric * dice.between(0.4, 0.75))
    beat = solid(3 * np.cos(Y * dice.between(2.0, 2.8)) - 0.5)
    lacing = beat * solid(1.6 - np.abs(FROM_LEFT - front - 1.5 + 0.5 * np.maximum(Y - 12, 0))) * solid(17 - Y)
    sheet = paint(sheet, cover * lacing * dice.chance(0.35), contrast(dice, fabric))
    strap = solid(0.8 - np.abs(Y - dice.between(10, 17) - 0.15 * X)) * solid(X + 3)
    sheet = sheet * (1 - 0.5 * cover * strap * dice.chance(0.3))
    return sheet * (1 - dice.between(0, 0.5) * cover * solid(1.0 - (Y - rim)))


def sandal(dice):
    high = dice.chance(0.35)
    heel = mix(high, dice.between(7, 12.5), dice.between(0, 2.5))
    ground = mix(high, dice.between(24.5, 26.5), dice.between(17.5, 20.5))
    thick = mix(high, dice.between(0.8, 1.6), dice.between(1.2, 3.4))
    lift = curve(FROM_LEFT, (mix(high, 7.5, 2.0), 0.0), (26.0, heel))
    bed = ground - lift - thick  # upper side of the sole, [N, 1, 28]
    leather = cloth(dice, across=0.1, printed=0.2)
    sheet = paint(BLANK, solid(sandal_straps(dice, high, bed)), leather)
    sole_tone = mix(dice.chance(0.5), leather.mean((1, 2), keepdims=True), tone(dice, 0.4))
    sole = meet(below(bed), -below(bed + thick), foot_span(0.4, 27.6))
    wedge = meet(Y - bed, ground - Y, foot_span(0.4, 27.6))
    sheet = paint(sheet, solid(wedge) * dice.chance(0.6) * (1 - high), sole_tone * dice.between(0.5, 1))
    sheet = paint(sheet, solid(sole), sole_tone)
    block = dice.between(0.5, 1.8)  # half width of the heel's foot
    stiletto = limb((11.6, ground - heel), (12.8 - block, ground), 1.6, block)
    return paint(sheet, solid(stiletto) * high, sole_tone * dice.between(0.7, 1))


def height_at(line, column):
    """Value [N, 1, 1] of a line [N, 1, 28] at a column [N, 1, 1] measured from the left."""
    return np.take_along_axis(line, column.astype(int), axis=2)


def arch(bed, column, half_width, rise, lean, band):
    """Depth of a strap that arches over the sole at `column`; a band as wide as `rise` closes the arch."""
    height = bed - Y
    aside = (FROM_LEFT - column - lean * height) / half_width
    steepness = np.sqrt((2 * aside / half_width) ** 2 + 1 / rise**2)
    vault = (1 - aside**2 - height / rise) / steepness  # a parabola that stands on the sole
    return meet(vault, band - vault, height + 1)


def sandal_straps(dice, high, bed):
    """Depth of the straps: over the toes, over the instep, and around the ankle with one running up to it."""
    toe = arch(bed, dice.between(4.5, 7), dice.between(3, 5), dice.between(3, 5.5), 0.3, dice.between(1, 4))
    instep_at, rise, lean = dice.between(10, 14), dice.between(4.5, 8), dice.between(0.1, 0.8)
    instep = arch(bed, instep_at, dice.between(3.5, 6.5), rise, lean, dice.between(0.9, 4))
    length, width = dice.between(3.0, 5.0), dice.between(0.6, 1.1)
    loop_x = 12.9 - length
    loop_y = np.maximum(bed[..., 24:25] - dice.between(3.0, 5.5), 4.5)  # stay on the sheet
    loop = outline(ellipse(loop_x, loop_y, length, dice.between(1.0, 2.2)), 2 * width)
    counter = meet(limb((12.4, loop_y), (12.2, loop_y + 7), width, dice.between(0.8, 2.0)), 1 - below(bed))
    start = dice.between(5, 9)
    riser = limb((start - 14, height_at(bed, start)), (loop_x - length, loop_y), dice.between(0.6, 1.2), 0.6)
    ankle = join(loop, counter, only_on(dice.chance(0.5), riser))
    return join(
        only_on(dice.chance(0.8), toe),
        only_on(1 - high * dice.chance(0.5), instep),
        only_on(np.maximum(high, dice.chance(0.5)), ankle),
    )


def bag(dice):
    clutch = dice.chance(0.25)
    half, taper = dice.between(10, 13.0), dice.between(-1, 2.5)
    top = mix(clutch, dice.between(0.8, 8), dice.between(7, 12.5))
    bottom = mix(clutch, dice.between(20, 27), dice.between(25, 27.8))
    half_width = np.minimum(curve(Y, (top, half - taper), (bottom, half)), 13.0)
    corner = dice.between(0.5, 4)
    depth = rounded(half_width, top, bottom, corner)
    fabric = cloth(dice, across=0.05, checks=0.05, dots=0.03, printed=0.12, blocks=0.12)
    handle = solid(bag_handle(dice, top, half - taper)) * (1 - clutch)
    sheet = paint(BLANK, handle, fabric * dice.between(0.6, 1.1))
    sheet = paint(sheet, solid(depth), fabric)
    sheet = sheet * (1 - dice.between(0, 0.5) * solid(outline(depth - 1.2, 0.8)))
    return bag_details(dice, sheet, depth, top, bottom, fabric)


def rounded(half_width, top, bottom, radius):
    """Depth inside a box with rounded corners, [N, 28, 28]."""
    right = SIDE - half_width + radius
    down = np.abs(Y - (top + bottom) / 2) - (bottom - top) / 2 + radius
    corner = np.sqrt(np.maximum(right, 0) ** 2 + np.maximum(down, 0) ** 2)
    return radius - corner - np.minimum(np.maximum(right, down), 0)


def bag_handle(dice, top, half):
    """Depth of an arched handle, or of a long shoulder strap running up to a point."""
    width = dice.between(1.0, 2.0)
    arched = outline(ellipse(0, top + 1, half * dice.between(0.35, 0.8), top - dice.between(0.8, 3)), width)
    strap = limb((half - 1.0, top + 1), (0.5, 0.6), width / 2, width / 2, x=SIDE)
    hangs = dice.chance(0.25)
    return meet(mix(hangs, strap, arched), top + 2 - Y)


def bag_details(dice, sheet, depth, top, bottom, fabric):
    """Adds a flap or a zip, a clasp and a pocket."""
    cover = solid(depth)
    drop = top + (bottom - top) * dice.between(0.3, 0.65) - dice.between(0, 0.02) * X * X
    flap = dice.chance(0.4)
    sheet = paint(sheet, cover * solid(drop - Y) * flap, fabric * dice.between(0.7, 1.0))
    sheet = sheet * (1 - cover * solid(outline(Y - drop, 1.0)) * flap * dice.between(0.3, 0.7))
    belts = solid(dice.between(0.5, 0.9) - np.abs(SIDE - dice.between(4, 8))) * dice.chance(0.25)
    sheet = sheet * (1 - cover * belts * dice.between(0.3, 0.6))
    zip_line = solid(outline(Y - top - dice.between(1.5, 3.5), 0.8)) * (1 - flap)
    sheet = sheet * (1 - cover * zip_line * dice.between(0, 0.6))
    clasp = solid(meet(dice.between(0.8, 2) - SIDE, 1.2 - np.abs(Y - drop)))
    sheet = paint(sheet, cover * clasp * dice.chance(0.5), contrast(dice, fabric))
    wide = dice.between(4, 8)
    pocket = solid(outline(box(-wide, wide, bottom - dice.between(7, 10), bottom - 2), 0.8))
    return sheet * (1 - 0.4 * cover * pocket * dice.chance(0.3) * (1 - flap))
