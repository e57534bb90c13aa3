"""The distribution of totals as an SVG that stands in the page itself."""

from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10
WIDTH, HEIGHT = 360, 150  # a phone's width, so that its letters stay readable there
FLOOR, CEILING = 122, 22


@dataclass(frozen=True)
class Bar:
    """A bar and its label, in the picture's units."""

    x: float
    y: float
    width: float
    height: float
    count: int
    says: str


def drawn(totals: Sequence[float], max_total: float) -> list[Bar]:
    """Ten bars: how many totals lie in each tenth of `max_total`; the last has the full marks as well."""
    counts = [0] * BINS
    for total in totals:
        share = total / max_total if max_total else 0.0
        counts[min(BINS - 1, max(0, int(share * BINS + 1e-9)))] += 1
    highest = max([*counts, 1])
    step = WIDTH / BINS
    bars = []
    for place, count in enumerate(counts):
        height = (FLOOR - CEILING) * count / highest
        says = f"{count} with {place * 100 // BINS} to {(place + 1) * 100 // BINS} %"
        bars.append(Bar(place * step + 2, round(FLOOR - height, 1), step - 4, round(height, 1), count, says))
    return bars
