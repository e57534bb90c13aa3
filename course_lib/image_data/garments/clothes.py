"""Tops, dresses and trousers: one function per garment, `Dice` -> greys in 0 ... 1, [N, 28, 28]."""

from dataclasses import dataclass

import numpy as np

from .cloth import badge, cloth, contrast, tone
from .pencil import (
    BLANK,
    SIDE,
    X,
    Y,
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

Throw = np.ndarray  # one value per garment, [N, 1, 1]


@dataclass(frozen=True)
class Torso:
    """The trunk of a garment, in pixels: half widths at three heights, and a neck opening."""

    shoulder: Throw
    waist: Throw
    hem: Throw
    top: Throw
    bottom: Throw
    neck: Throw  # half width of the opening
    neck_depth: Throw
    pointed: Throw  # 0 round neck ... 1 V-neck
    slope: Throw  # how far the shoulder falls per pixel

    def half_width(self):
        middle = 0.55 * self.top + 0.45 * self.bottom
        return curve(Y, (self.top + 3, self.shoulder), (middle, self.waist), (self.bottom, self.hem))

    def shoulder_line(self):
        return self.top + self.slope * np.maximum(SIDE - self.neck, 0)

    def neckline(self):
        """Lower edge of the neck opening, [N, 1, 28]."""
        inward = np.clip(1 - SIDE / self.neck, 0, 1)
        rounded = np.sqrt(1 - (1 - inward) ** 2)
        return self.shoulder_line() + self.neck_depth * mix(self.pointed, inward, rounded)

    def depth(self):
        return meet(self.half_width() - SIDE, Y - self.neckline(), self.bottom - Y)


def armhole(torso, width):
    """Where a sleeve of this half width starts, (x, y): its upper edge carries on the shoulder line."""
    side = torso.shoulder - 0.4 * width
    return side, torso.top + torso.slope * (side - torso.neck) + width


def reach(start, length, angle):
    """The point `length` pixels from `start`, `angle` radians outwards from straight down."""
    return start[0] + length * np.sin(angle), start[1] + length * np.cos(angle)


def sleeve(torso, length, angle, width, cuff):
    """Depth of both sleeves; `width` and `cuff` are half widths."""
    start = armhole(torso, width)
    return limb(start, reach(start, length, angle), width, cuff, x=SIDE)


def bent_sleeve(torso, length, angle, bend, width, cuff):
    """Depth of both sleeves, turned inwards by `bend` radians at the elbow."""
    start, half_way = armhole(torso, width), (width + cuff) / 2
    elbow = reach(start, length / 2, angle)
    hand = reach(elbow, length / 2, angle - bend)
    upper = limb(start, elbow, width, half_way, x=SIDE)
    return join(upper, limb(elbow, hand, half_way, cuff, x=SIDE))


def sew(dice, torso, sleeves, fabric, sleeve_fabric):
    """Sleeves, the shadow of the trunk on them, the trunk, and the inside of the back seen in the neck."""
    depth = torso.depth()
    sheet = paint(BLANK, solid(sleeves), sleeve_fabric)
    sheet = sheet * (1 - dice.between(0.3, 1.0) * solid(depth + 0.8))
    neck = meet(torso.neck - SIDE, Y - torso.top - 0.4, torso.neckline() - Y)
    sheet = paint(sheet, solid(neck) * dice.chance(0.6), fabric * dice.between(0.3, 0.6))
    return paint(sheet, solid(depth), fabric)


def collar_rib(torso, thickness):
    """Cover of a band around the neck opening."""
    drop = Y - torso.neckline()
    return solid(meet(drop + 0.3, thickness - drop, torso.neck + 1 - SIDE)) * solid(torso.depth())


def hem_rib(torso, thickness):
    """Cover of a band along the lower edge of the trunk."""
    return solid(Y - torso.bottom + thickness) * solid(torso.depth())


def button_line(dice, torso, spacing, front=0.0):
    """Cover of a row of buttons, `spacing` pixels apart and `front` pixels right of the middle."""
    beat = np.cos(2 * np.pi * (Y - torso.neckline()[..., 13:14]) / spacing - dice.between(0, 3))
    return solid(0.6 - np.abs(X - front)) * solid(4 * beat - 2.2) * solid(torso.depth())


def upper_body(dice, neck, neck_depth, pointed):
    """The trunk that T-shirts, pullovers, shirts and coats share: their necks and fronts differ."""
    waist = dice.between(5.6, 7.6)
    return Torso(
        shoulder=dice.between(5.9, 7.6),
        waist=waist,
        hem=waist + dice.between(-0.4, 1.2),
        top=dice.between(0.2, 1.5),
        bottom=dice.between(26.0, 27.9),
        slope=dice.between(0.22, 0.5),
        neck=neck,
        neck_depth=neck_depth,
        pointed=pointed,
    )


def arms(dice, torso, long):
    """Depth of sleeves, long where `long` is 1 and short elsewhere."""
    length = mix(long, dice.between(18.5, 23), dice.between(4, 8))
    angle, bend = mix(long, dice.between(0.07, 0.22), dice.between(0.3, 0.8)), dice.between(0, 0.14)
    width, cuff = dice.between(2.2, 3.2), dice.between(1.5, 2.3) + 0.7 * (1 - long)
    return meet(bent_sleeve(torso, length, angle, bend, width, cuff), 12.9 - SIDE)  # off the frame


def t_shirt(dice):
    torso = upper_body(dice, dice.between(2.2, 4.4), dice.between(0.8, 4.0), dice.chance(0.2))
    fabric = cloth(dice, across=0.2, dots=0.04, printed=0.1, blocks=0.1)
    sleeves = only_on(dice.chance(0.9), arms(dice, torso, dice.chance(0.1)))
    contrast_sleeves = mix(dice.chance(0.12), contrast(dice, fabric), fabric * dice.between(0.85, 1.0))
    sheet = sew(dice, torso, sleeves, fabric, contrast_sleeves)
    sheet = paint(sheet, collar_rib(torso, 1.2) * dice.chance(0.5), fabric * dice.between(0.4, 1.1))
    polo = dice.chance(0.12)
    sheet = paint(sheet, collar_points(torso, dice.between(1.5, 3)) * polo, fabric * dice.between(0.7, 1.2))
    buttons = button_line(dice, torso, dice.between(2.5, 4)) * solid(10 - Y) * polo
    sheet = paint(sheet, buttons, contrast(dice, fabric))
    middle, height, wide = dice.between(9, 14), dice.between(1, 4), dice.between(2, 5.5)
    chest = solid(box(-wide, wide, middle - height, middle + height)) * dice.chance(0.35) * (1 - polo)
    return paint(sheet, badge(dice, chest) * solid(torso.depth()), contrast(dice, fabric))


def pullover(dice):
    torso = upper_body(dice, dice.between(2.0, 4.2), dice.between(0.6, 4.5), dice.chance(0.3))
    fabric = cloth(dice, across=0.18, checks=0.04, printed=0.1, blocks=0.12)
    sleeves = arms(dice, torso, 1.0)
    sheet = sew(dice, torso, sleeves, fabric, fabric * dice.between(0.75, 1.0))
    ribs = np.maximum(hem_rib(torso, dice.between(1.2, 3.0)), collar_rib(torso, 1.6))
    cuffs = solid(sleeves) * solid(Y - 23.5) * (1 - solid(torso.depth()))
    sheet = paint(sheet, np.maximum(ribs, cuffs) * dice.chance(0.6), fabric * dice.between(0.55, 1.0))
    sheet = hood_or_high_neck(dice, sheet, torso, fabric)
    cardigan = button_line(dice, torso, dice.between(3.2, 5.0)) * dice.chance(0.12)
    sheet = paint(sheet, cardigan, contrast(dice, fabric))
    wide = dice.between(2, 5)
    chest = solid(box(-wide, wide, 9, dice.between(11, 15))) * dice.chance(0.2)
    return paint(sheet, badge(dice, chest) * solid(torso.depth()), contrast(dice, fabric))


def hood_or_high_neck(dice, sheet, torso, fabric):
    """Adds a hood with a pouch pocket to some pullovers, a turtleneck to others."""
    hooded, high = dice.chance(0.15), dice.chance(0.2)
    hood = ellipse(0, torso.top + 2.4, torso.neck + 1.2, 2.8)
    sheet = paint(sheet, solid(hood) * hooded, fabric * 0.85)
    sheet = sheet * (1 - 0.75 * hooded * solid(ellipse(0, torso.top + 2.2, torso.neck - 0.8, 1.6)))
    pouch = outline(box(-4, 4, 17.5, 23) - 0.4 * np.maximum(20 - Y, 0), 0.8)
    sheet = sheet * (1 - 0.4 * hooded * solid(pouch))
    roll = box(-torso.neck, torso.neck, 0.4, torso.top + 2.8)
    return paint(sheet, solid(roll) * high * (1 - hooded), fabric * dice.between(0.7, 0.95))


def shirt(dice):
    torso = upper_body(dice, dice.between(2.0, 3.8), dice.between(1.0, 5.0), dice.chance(0.75))
    fabric = cloth(dice, across=0.06, down=0.12, checks=0.2, dots=0.05, printed=0.16)
    sleeves = arms(dice, torso, dice.chance(0.78))
    sheet = sew(dice, torso, sleeves, fabric, fabric * dice.between(0.8, 1.0))
    front = dice.between(-0.8, 0.8)  # where the buttons sit, right of the middle
    placket = solid(dice.between(0.8, 1.4) - np.abs(X - front)) * solid(torso.depth())
    sheet = sheet * (1 - dice.between(0.0, 0.25) * placket)
    buttons = button_line(dice, torso, dice.between(3.2, 5.0), front) * dice.chance(0.8)
    sheet = paint(sheet, buttons, contrast(dice, fabric))
    leaves = collar_points(torso, dice.between(1.5, 3.6)) * dice.chance(0.75)
    sheet = paint(sheet, leaves, fabric * dice.between(0.8, 1.25))
    pocket = outline(box(2.4, 5.4, 9.5, dice.between(12.5, 13.5)), 0.7)
    return sheet * (1 - 0.35 * solid(pocket) * dice.chance(0.3) * solid(torso.depth()))


def collar_points(torso, length):
    """Cover of the two leaves of a shirt collar, falling outwards from the neck."""
    neck, tip = (torso.neck + 0.2, torso.top + 0.2), (torso.neck - 0.6, torso.top + length + 0.8)
    return solid(limb(neck, tip, 1.1, 1.0, x=SIDE))


def coat(dice):
    torso = upper_body(dice, dice.between(2.0, 3.6), dice.between(1.0, 9.0), dice.chance(0.8))
    fabric = cloth(dice, checks=0.08, down=0.03, printed=0.12)
    sheet = sew(dice, torso, arms(dice, torso, 1.0), fabric, fabric * dice.between(0.75, 0.98))
    lining = meet(torso.neckline() - Y, torso.neck - SIDE, Y - torso.top)
    sheet = paint(sheet, solid(lining) * dice.chance(0.6), tone(dice, 0.6) * 0.8)
    lapel = meet(torso.neckline() + dice.between(2, 5) - Y, torso.neck + 1.2 - SIDE)
    lapel = solid(lapel) * solid(torso.depth()) * dice.chance(0.75)
    sheet = paint(sheet, lapel, fabric * dice.between(0.5, 1.0))
    opening = solid(dice.between(0.0, 0.8) - np.abs(X - dice.between(-1.5, 1.5)))
    opening = opening * solid(Y - torso.neckline() - 1) * solid(torso.depth())
    sheet = sheet * (1 - dice.between(0.1, 1.0) * opening)
    return coat_details(dice, sheet, torso, fabric)


def coat_details(dice, sheet, torso, fabric):
    """Adds one or two rows of buttons, pockets, and a belt, each to some coats only."""
    cover = solid(torso.depth())
    apart = 2.4 * dice.chance(0.5)  # 0 puts both rows on top of each other
    rows = solid(0.6 - np.abs(SIDE - apart)) * solid(4 * np.cos(Y * dice.between(1.2, 1.7)) - 2)
    rows = rows * cover * solid(Y - dice.between(6, 13)) * dice.chance(0.4)
    sheet = paint(sheet, rows, contrast(dice, fabric))
    edge = dice.between(16, 19)
    pocket = limb((3.0, edge + dice.between(-1, 2)), (5.8, edge), 0.45, 0.45, x=SIDE)
    sheet = sheet * (1 - dice.between(0.2, 0.6) * dice.chance(0.5) * solid(pocket))
    belt = solid(0.9 - np.abs(Y - dice.between(13, 15.5))) * cover * dice.chance(0.15)
    return paint(sheet, belt, fabric * dice.between(0.4, 0.7))


def dress(dice):
    shoulder, waist_at = dice.between(3.8, 6.6), dice.between(9, 13)
    strappy = dice.chance(0.25)
    torso = Torso(
        shoulder=shoulder,
        waist=shoulder - dice.between(-0.2, 1.4),
        hem=dice.between(3.6, 10.5),
        top=mix(strappy, dice.between(3, 6), dice.between(0.2, 0.8)),
        bottom=dice.between(27.0, 27.9),
        neck=shoulder * dice.between(0.4, 0.75),
        neck_depth=dice.between(1.0, 4.5) * (1 - 0.6 * strappy),
        pointed=dice.chance(0.35),
        slope=dice.between(0.1, 0.4) * (1 - strappy),
    )
    fabric = cloth(dice, across=0.08, down=0.05, dots=0.06, printed=0.2, blocks=0.1)
    long, bare = dice.chance(0.35), np.maximum(strappy, dice.chance(0.3))
    sleeves = sleeve(
        torso,
        mix(long, dice.between(13, 20), dice.between(3, 6)),
        mix(long, dice.between(0.12, 0.28), 0.6),
        dice.between(1.7, 2.4),
        dice.between(1.2, 2.0),
    )
    sheet = sew(dice, torso, only_on(1 - bare, sleeves), fabric, fabric * dice.between(0.8, 1.0))
    straps = limb((shoulder * dice.between(0.4, 0.7), 0.3), (shoulder * 0.75, 8.0), 0.45, 0.45, x=SIDE)
    sheet = np.maximum(sheet, solid(straps) * strappy * fabric)
    belt = solid(dice.between(0.4, 1.0) - np.abs(Y - waist_at)) * solid(torso.depth())
    sheet = paint(sheet, belt * dice.chance(0.45), fabric * dice.between(0.3, 0.8))
    pleats = np.cos(X * dice.between(1.4, 2.4)) * np.clip((Y - waist_at) / 10, 0, 1)
    return sheet * (1 - dice.between(0, 0.2) * (1 + pleats) * (waist_at < Y))


def trouser(dice):
    crotch, hip = dice.between(7.5, 10.5), dice.between(4.6, 6.8)
    gap, leg = dice.between(0.4, 3.0), dice.between(2.2, 4.6)
    top, bottom = dice.between(0.2, 0.8), dice.between(27.0, 27.9)
    side = np.abs(X - dice.between(-1.2, 1.2) * curve(Y, (crotch, 0.0), (20, 1.0)))  # legs lean a little
    inner = curve(Y, (crotch - 1, -1.0), (crotch + 2, 0.3), (bottom, gap))
    knee = dice.between(0.9, 1.08) * (hip + gap + leg) / 2
    outer = curve(Y, (top, hip - dice.between(0.4, 1.2)), (crotch, hip), (18, knee), (bottom, gap + leg))
    depth = meet(side - inner, outer - side, Y - top, bottom - Y)
    fabric = cloth(dice, down=0.06, checks=0.03, printed=0.06)
    across_leg = np.clip((side - inner) / (outer - inner + 0.5), 0, 1)
    roundness = 1 - dice.between(0.05, 0.4) * (2 * across_leg - 1) ** 2
    sheet = paint(BLANK, solid(depth), fabric * roundness)
    fade = np.exp(-(((Y - dice.between(12, 18)) / 5) ** 2) - ((across_leg - 0.5) / 0.25) ** 2)
    sheet = sheet * (1 + dice.between(0, 0.4) * fade)  # worn thighs and knees
    return trouser_seams(dice, sheet, hip, crotch, top, bottom)


def trouser_seams(dice, sheet, hip, crotch, top, bottom):
    """Darkens the waistband, the fly, the slanted pockets, and a turned-up cuff on some pairs."""
    band = solid(0.5 - np.abs(Y - top - dice.between(1.2, 2.2)))
    sheet = sheet * (1 - dice.between(0.1, 0.5) * band)
    fly = solid(box(-0.4, 0.4, top + 2, crotch))
    pockets = solid(limb((hip - 2.2, top + 1.8), (hip - 0.2, top + 5), 0.4, 0.4, x=SIDE))
    sheet = sheet * (1 - dice.between(0.1, 0.6) * np.maximum(fly, pockets))
    return sheet * (1 - 0.35 * solid(Y - bottom + 1.4) * dice.chance(0.2))
