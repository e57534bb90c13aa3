"""The drawings of chapter 13: weights of guidance on garments, where guided samples end, and the price of a weight."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.drawings.fast_sampling import JUDGES, Row, mean_and_range, named_rows, ratio
from course_lib.drawings.fast_sampling import print_ways as print_ways
from course_lib.drawings.fast_sampling import read_table as read_table
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import COLOURS, WIDEST, figure_picture, image_grid, panels, with_text
from course_lib.pictures.widgets import show_film

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE = 1.9  # of the square that is drawn
ARMS = ("#56B4E9", "#CC79A7", "#E69F00")  # a colour for each class in the plane
WHERE = {"everywhere": ("#D55E00", "o", "-"), "in an interval": ("#56B4E9", "s", "--")}  # colour, marker, line
SHARES = {"precision": ("#CC79A7", "^"), "recall": ("#0072B2", "v")}  # colour and marker
REAL = {"fashion_mnist": 0.9467, "fashion_mnist_convnext": 0.9105, "fashion_mnist_plain": 0.9302}  # see their cards
JUDGE_LOOKS = (("#E69F00", "o", "-"), ("#56B4E9", "s", "--"), (COLOURS["ink"], "^", ":"))  # as in chapter 11

# Garments in rows


def show_weights(rows: Mapping[float, Tensor]) -> None:
    """A row of garments for each weight, all from the same noise."""
    _show_rows(
        {f"weight {weight:g}": images for weight, images in rows.items()},
        "One garment of each class: from top to bottom larger weights",
        "Five rows of ten garments. With weight 0 the classes are mixed up. From weight 1 on each column has its "
        "class. As the weight grows, garments become bright and hard in contrast, with clearer outlines.",
    )


def show_steering(rows: Mapping[str, Tensor]) -> None:
    """What the network predicts for x_0 with and without its label, at falling levels of noise from left to right."""
    _show_rows(
        rows,
        "The predicted clean image, from much noise (left) to little (right)",
        "Four rows of pictures. The noisy images are lost in noise on the left and clear on the right. On the left the "
        "predictions without the label are a grey blur of all garments, those with the label are blurred trousers, and "
        "the guided ones have harder contrasts. On the right all three are the same jacket.",
    )


def show_parts(rows: Mapping[str, Tensor]) -> None:
    """A row of garments without guidance, and one for each part of the noise levels in which there is some."""
    _show_rows(
        rows,
        "The same noise and weight 8: guidance at other noise levels",
        "Rows of ten garments. Guided everywhere, three tops are nearly white. Guided in the middle, they keep their "
        "shades of grey, while outlines and patterns have become clear. Guided only at low noise, hardly anything "
        "differs from weight 1.",
    )


def show_avoiding(rows: Mapping[str, Tensor]) -> None:
    """A row of T-shirts for each other thing that they are pushed away from."""
    _show_rows(
        rows,
        "T-shirts, pushed away from something",
        "Three rows of ten tops. Without guidance some have long sleeves, or look like dresses. Pushed away from any "
        "class they are T-shirts. Pushed away from shirts they are T-shirts with wide, short sleeves and large prints; "
        "one of them is torn in two.",
    )


def show_hybrids(rows: Mapping[str, Tensor]) -> None:
    """A row for each pair of classes: the first at the left, the second at the right, mixtures between them."""
    _show_rows(
        rows,
        "One piece of noise, two classes: their shares change from left to right",
        "Three rows of eleven garments. A flat shoe becomes a high boot by way of shoes of medium height. A boot "
        "becomes a bag: in the middle it is torn, and then a handle grows. A T-shirt becomes a bag: its collar turns "
        "into a handle.",
    )


def show_classifier(rows: Mapping[str, Tensor]) -> None:
    """A row of garments without labels, and rows that a classifier has guided."""
    _show_rows(
        rows,
        "Ten garments that a classifier has steered, each towards its class",
        "Three rows of ten garments. Without a label they have any class. With weight 1 some have changed. With "
        "weight 4 a few have the class that was asked for, and others have spots and torn outlines.",
    )


def _show_rows(rows: Mapping[str, Tensor], title: str, alternative: str) -> None:
    show_film([named_rows(rows, title)], alternative, colours=256)


def weight_picture(samples: Mapping[float, Tensor], weight: float) -> np.ndarray:
    """The samples that were drawn with this weight, in two rows with the number written above."""
    return _titled(samples[weight], f"weight {weight:g}")


def show_own(samples: Tensor, title: str) -> None:
    """Samples (n, C, H, W) that the student has steered, in two rows."""
    show_film([_titled(samples, title)], f"Garments in two rows. {title}.", colours=256)


def _titled(samples: Tensor, title: str) -> np.ndarray:
    return with_text(image_grid(samples, columns=(len(samples) + 1) // 2, scale=4), title)


# Numbers: where guided samples end


def normal_density(x: Tensor, mean: float, variance: float) -> Tensor:
    """The density of N(mean, variance) at x, in the shape of x."""
    return GaussianMixture([mean], variance**0.5).log_prob(x).exp()


def show_sharpened(samples: Tensor | None = None) -> None:
    """The densities of the class, of everything and of the sharpened class; with `samples` (n,), where they ended."""
    (axis,) = panels(
        "A class among everything, and the sharpened class" if samples is None else "Where the samples ended",
        [""],
        "$x_0$",
        "density",
        (5.6, 2.8),
        alternative="Three bells over a line from -4 to 5: a wide one around 0, a narrower one around 1, and a high, "
        "narrow one around 1.5. " + ("" if samples is None else _ENDS),
    )
    x = torch.linspace(-4, 5, 400)
    if samples is not None:
        axis.hist(samples.numpy(), np.linspace(-4, 5, 109).tolist(), density=True, color=COLOURS["learned"], alpha=0.6,
                  label="samples")  # fmt: skip
        axis.plot(x, normal_density(x, 2.0, 0.25), color=COLOURS["learned"], linewidth=1.5, label="N(2, 0.25)")
    axis.plot(x, normal_density(x, 0.0, 2.0), color=COLOURS["noise"], linewidth=1.5, label="everything, N(0, 2)")
    axis.plot(x, normal_density(x, 1.0, 1.0), color=COLOURS["data"], linewidth=1.5, label="the class, N(1, 1)")
    axis.plot(x, normal_density(x, 1.5, 0.5), color=COLOURS["exact"], linewidth=1.5, label="sharpened, N(1.5, 0.5)")
    axis.set(xlim=(-4, 5), ylim=(0, 1))
    axis.legend(frameon=False, fontsize=9, loc="upper left")


_ENDS = "A histogram of the samples follows none of them: it is still narrower, and stands around 2."


def show_pull(sigma: Tensor, target: Tensor, mean: Tensor) -> None:
    """Where the guided field points at each noise level, and where the samples are on the way.

    sigma   the noise levels, falling, (S,)
    target  the mean of the Gaussian whose score is the guided score there, (S,)
    mean    that of the states y, whose noise has the standard deviation sigma, (S,)
    """
    (axis,) = panels(
        "From much noise (left) to little: what pulls, and who follows",
        [""],
        r"$\sigma$",
        "$y$",
        (5.6, 2.6),
        alternative="Over falling noise levels, a dashed line falls from 3 to 1.5: where the guided score points. The "
        "mean of the samples rises towards it, crosses it at about 2.8, falls more slowly than it, and ends at "
        "2, above it.",
    )
    axis.plot(sigma, mean, color=COLOURS["learned"], linewidth=2, label="mean of the samples")
    axis.plot(sigma, target, "--", color=COLOURS["exact"], linewidth=2, label="where the guided score points")
    ticks = [100, 30, 10, 3, 1, 0.3, 0.1]
    axis.set(xscale="log", xlim=(100, 0.03), ylim=(0, 3.3), xticks=ticks, xticklabels=ticks)
    axis.minorticks_off()
    axis.legend(frameon=False, fontsize=9, loc="lower center")


# Points in the plane


def pinwheel_frames(
    ways: Mapping[str, Tensor], labels: Tensor, classes: Sequence[GaussianMixture], every: int = 2, trails: int = 6
) -> list[np.ndarray]:
    """A film of points on their way, a panel for each weight: the states {name: (S + 1, n, 2)}; labels (n,).

    every    so many calls pass from frame to frame
    trails   so many points of each class draw a trail
    """
    steps = len(next(iter(ways.values()))) - 1
    limit = EDGE + 1.1  # the noise is wider than the arms, and guided paths go far out
    ground = shading(classes, limit)
    drawn = torch.cat([(labels == k).nonzero()[:trails, 0] for k in range(len(classes))])

    def frame(done: int) -> np.ndarray:
        def draw(figure: "Figure") -> None:
            axes = figure.subplots(1, len(ways), squeeze=False)[0]
            for axis, (name, states) in zip(axes, ways.items(), strict=True):
                draw_arms(axis, ground, states[done], labels, limit)
                for point in drawn.tolist():
                    axis.plot(*states[: done + 1, point].T, color=ARMS[int(labels[point])], linewidth=0.9)
                axis.set_title(name, fontsize=10)
            figure.suptitle(f"after {done} of {steps} steps" if done else "the same noise", fontsize=11)

        return figure_picture(draw, (5.2, 3.1))

    return [frame(done) for done in range(0, steps + 1, every)]


def show_pinwheel(ways: Mapping[str, Tensor], labels: Tensor, classes: Sequence[GaussianMixture]) -> None:
    """The film `pinwheel_frames`."""
    alternative = (
        "A cloud of points in three colours becomes a pinwheel with three curved arms, once without and once with "
        "guidance. Without it the points fill their arms. With it their paths bend outward at once, and they end "
        "crowded at the tips of the arms and beyond."
    )
    show_film(pinwheel_frames(ways, labels, classes), alternative, seconds=6.0, colours=16)


def show_arms(
    points: Mapping[str, Tensor],
    labels: Tensor,
    classes: Sequence[GaussianMixture],
    note: Callable[[Tensor], str] = lambda _: "",
) -> None:
    """Where points (n, 2) ended, a panel for each name, over the classes (green), with `note(points)` written in."""
    axes = panels(
        "Weight 5 at a part of the noise levels; green: data",
        list(points),
        "",
        "",
        (WIDEST / len(points), 2.1),
        alternative="Four panels of a pinwheel. Guided everywhere, the points crowd at the tips of the arms and "
        "beyond. Guided at high noise alone, nearly the same. Guided in the middle, the outer halves of the arms are "
        "filled. Guided at low noise alone, the arms are filled from the centre to the tip.",
    )
    ground = shading(classes)
    for axis, values in zip(axes, points.values(), strict=True):
        draw_arms(axis, ground, values, labels)
        axis.text(0, -1.85, note(values), ha="center", fontsize=9)


def show_two_ideas(
    points: Tensor, labels: Tensor, classes: Sequence[GaussianMixture], everything: GaussianMixture, weight: float
) -> None:
    """Points that were guided with this weight, over the data (left) and over the sharpened classes (right)."""
    names = "the data", "the sharpened classes"
    axes = panels(
        f"Weight {weight:g}: the same points over two densities (green)",
        names,
        "",
        "",
        (2.6, 2.6),
        alternative="Two panels with the same points, crowded at the tips of a pinwheel's arms. Green at the left: "
        "the arms of the data. Green at the right: the sharpened arms, which are nearly the same, only without the "
        "centre. All points lie in the outer half of both, many at the outer edge.",
    )
    draw_arms(axes[0], shading(classes), points, labels)
    narrowed = [partial(sharpened, own, everything, weight) for own in classes]
    draw_arms(axes[1], shading(narrowed), points, labels)


def sharpened(own: GaussianMixture, everything: GaussianMixture, weight: float, x: Tensor) -> Tensor:
    """log of p(x | class)^weight p(x)^(1 - weight), (n,), up to a constant; x (n, ...)."""
    return weight * own.log_prob(x) + (1 - weight) * everything.log_prob(x)


def shading(classes: Sequence[GaussianMixture | Callable[[Tensor], Tensor]], limit: float = EDGE) -> Tensor:
    """A map of the square from -limit to limit, (240, 240): the density of each class, in times its peak.

    A class is a mixture, or a log-density up to a constant, (n, 2) -> (n,). Where several are, the largest counts.
    """
    ticks = torch.linspace(-limit, limit, 240)
    places = torch.cartesian_prod(ticks, ticks)
    every = [one.log_prob(places) if isinstance(one, GaussianMixture) else one(places) for one in classes]
    return torch.stack([(one - one.max()).exp() for one in every]).amax(dim=0).reshape(240, 240).T


def draw_arms(axis: "Axes", ground: Tensor, points: Tensor, labels: Tensor, limit: float = EDGE) -> None:
    """Points (n, 2), each in the colour of its class, over where `ground` from `shading` is at least 0.1 (green)."""
    ticks = torch.linspace(-limit, limit, 240)
    axis.contourf(ticks, ticks, ground, [0.1, 2.0], colors=[COLOURS["exact"]], alpha=0.3)
    axis.scatter(points[:, 0], points[:, 1], s=5, c=[ARMS[k] for k in labels.tolist()], linewidths=0, zorder=3)
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


# What was measured


def where(row: Row) -> str:
    """A name of WHERE."""
    return "everywhere" if row["highest"] == float("inf") else "in an interval"


def series(rows: Iterable[Row], part: str, value: Callable[[Row], float]) -> dict[float, tuple[float, float, float]]:
    """{weight: (mean, smallest, largest)} of a value over the seeds, for the weights guided `part`; weight 1 in both.

    Weight 0 is left out: it draws any class.
    """
    own = [row for row in rows if row["weight"] >= 1 and (where(row) == part or row["weight"] == 1)]
    return mean_and_range(own, lambda row: row["weight"], value)


def _draw(axis: "Axes", found: Mapping[float, tuple[float, float, float]], colour: str, marker: str, line: str,
          label: str | None) -> None:  # fmt: skip
    mean, low, high = (np.array(v) for v in zip(*found.values(), strict=True))
    reach = np.maximum([mean - low, high - mean], 0)  # equal values have a mean that is off by a rounding
    axis.errorbar(list(found), mean, reach, color=colour, marker=marker, linestyle=line,
                  linewidth=1.5, capsize=2, elinewidth=1, markersize=4, label=label)  # fmt: skip


def show_distances(rows: Sequence[Row]) -> None:
    """The Fréchet distance in times the floor over the weight, a panel for each judge, a curve for each of WHERE."""
    axes = panels(
        "The weight before three judges: mean and range of three seeds",
        list(JUDGES.values()),
        "weight",
        "Fréchet distance / floor",
        (WIDEST / 3, 2.8),
        alternative=_DISTANCES,
    )
    for axis, judge in zip(axes, JUDGES, strict=True):
        own = [row for row in rows if row["judge"] == judge]
        for part, look in WHERE.items():
            _draw(axis, series(own, part, ratio), *look, part)
        axis.axhline(1, color=COLOURS["data"], linewidth=1, linestyle=":")
        marks = [1, 2, 5, 10, 20, 40]
        axis.set(yscale="log", ylim=(0.8, 42), yticks=marks, yticklabels=marks, xticks=[1, 2, 3, 5])
        axis.minorticks_off()
    axes[-1].legend(frameon=False, fontsize=9, loc="upper left")


_DISTANCES = (
    "Distance over the floor against the weight, a panel for each judge. Guided everywhere, the first judge's curve "
    "falls from 4 to below 2 at weight 1.5 and then rises to 30. Those of the other two rise from about 1.3 to above "
    "11. In an interval all three rise later and less, to between 3 and 5 at weight 3."
)


def show_shares(rows: Sequence[Row]) -> None:
    """Precision and recall over the weight, a panel for each judge; solid everywhere, dashed in an interval.

    Thin dotted lines are the floors: real photographs.
    """
    axes = panels(
        "Precision and recall; solid: everywhere, dashed: in an interval, dotted: real photographs",
        list(JUDGES.values()),
        "weight",
        "share",
        (WIDEST / 3, 2.8),
        alternative=_SHARES,
    )
    for axis, judge in zip(axes, JUDGES, strict=True):
        own = [row for row in rows if row["judge"] == judge]
        for share, (colour, marker) in SHARES.items():
            for part, (_, _, line) in WHERE.items():
                label = share if part == "everywhere" else None
                _draw(axis, series(own, part, itemgetter(share)), colour, marker, line, label)
            floor = float(np.mean([row[f"{share}_floor"] for row in own]))
            axis.axhline(floor, color=colour, linewidth=1, linestyle=":")
        axis.set(xticks=[1, 2, 3, 5])
    axes[0].legend(frameon=False, fontsize=9, loc="lower left")


_SHARES = (
    "Precision and recall against the weight, a panel for each judge. Guided everywhere, precision rises to weight 2 "
    "or 3 and has fallen a little at 5, while recall falls all the way, from above 0.8 to between 0.45 and 0.65. "
    "In an interval recall falls more slowly."
)


def show_agreement(rows: Sequence[Row]) -> None:
    """How often a judge sees the class that was asked for, over the weight: a panel for each of WHERE.

    Thin dotted lines are the shares of real photographs whose class the judge sees.
    """
    axes = panels(
        "How often a judge sees the class that was asked for; dotted: in real photographs",
        list(WHERE),
        "weight",
        "agreement",
        (WIDEST / 2, 2.6),
        alternative=_AGREEMENT,
    )
    for axis, part in zip(axes, WHERE, strict=True):
        for (judge, name), look in zip(JUDGES.items(), JUDGE_LOOKS, strict=True):
            own = [row for row in rows if row["judge"] == judge]
            _draw(axis, series(own, part, itemgetter("agreement")), *look, name)
            axis.axhline(REAL[judge], color=look[0], linewidth=1, linestyle=(0, (1, 3)))
        axis.set(xticks=[1, 2, 3, 5])
    axes[1].legend(frameon=False, fontsize=9, loc="lower right")


_AGREEMENT = (
    "Agreement against the weight for three judges, in two panels. Guided everywhere, all three rise from about 0.9 to "
    "nearly 1. From weight 1.5 on they are above what each of them reaches with real photographs. In an interval they "
    "rise a little more slowly."
)
