"""Drawings of chapter 06: four views of a prediction, the bound's terms, what each loss asks for."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from course_lib import objective
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import COLOURS, add_legend, figure_picture, panels, transparent_map
from course_lib.pictures.widgets import show_film, show_slider
from course_lib.reverse import p_mean, predict_start_from_noise
from course_lib.schedules import NoiseSchedule
from course_lib.types import LossType

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PINK, YELLOW, SKY = "#CC79A7", "#E69F00", "#56B4E9"
LOSS_LOOKS = {"l2": COLOURS["exact"], "huber": YELLOW, "l1": PINK}
LOSS_NAMES = {"l2": "L2: mean", "huber": "Huber", "l1": "L1: median"}
OBJECTIVES = {
    "noise": COLOURS["learned"],
    "noise, min-SNR": YELLOW,
    "noise, bound": COLOURS["ink"],
    "start": SKY,
    "v": PINK,
}
NOISE, STEP = r"noise $\epsilon$", r"step $t$"

# Four views


def show_views(views: Mapping[str, Tensor], x: Tensor, t: int) -> None:
    """Draw each view [n] over the places x [n], each on a scale of its own."""
    alternative = (
        "Four curves over x_t. The start climbs from -1 to 1 like an S. Noise and v rise, dip where the start climbs, "
        "and rise again. The score is the noise upside down, on a larger scale."
    )
    title = f"The best prediction at t = {t}, under four names"
    axes = panels(title, list(views), "$x_t$", "prediction", (1.85, 2.1), shared=False, alternative=alternative)
    for axis, view in zip(axes, views.values(), strict=True):
        axis.plot(x, view, color=COLOURS["exact"], linewidth=2)


def views_picture(views: Mapping[str, Tensor], x: Tensor, t: int) -> np.ndarray:
    """The four views as one picture, on scales that are the same at every t: 3 for all, but 40 for the score."""

    def draw(figure: "Figure") -> None:
        for number, (name, view) in enumerate(views.items(), 1):
            axis = figure.add_subplot(1, 4, number)
            _bare(axis)
            axis.plot(x, view, color=COLOURS["exact"], linewidth=2)
            limit = 40 if name == "score" else 3
            axis.set(xlabel="$x_t$", ylim=(-limit, limit))
            axis.set_title(name, fontsize=10)
        figure.suptitle(f"t = {t}", fontsize=11)

    return figure_picture(draw, (7.2, 2.3))


def show_views_slider(views: Callable[[int], Mapping[str, Tensor]], x: Tensor, ts: Sequence[int], still: int) -> None:
    """A slider over `ts` that draws `views_picture` of views(t); without a kernel the one at `still` is seen."""
    alternative = (
        "A slider over t moves four curves over x_t. At small t the start is a diagonal with a step in it, and the "
        "score runs off its scale of 40. At large t the noise is the diagonal and the score is nearly flat."
    )

    def draw(t: int) -> np.ndarray:
        return views_picture(views(t), x, t)

    show_slider(draw=draw, values=list(ts), label="t", still=draw(still), alternative=alternative)


def show_circle(signal: float, sigma: float) -> None:
    """Draw x_t = signal x_0 + sigma noise as a point on a circle, and v as the direction in which it moves."""
    alternative = (
        "A quarter of a circle. x_0 points right, the noise points up. x_t lies on the circle between them; from there "
        "an arrow v runs along the circle, away from x_0."
    )
    (axis,) = panels("Where is $x_t$, and where does it move?", [""], "", "", (3.6, 3.0), alternative=alternative)
    angle = torch.linspace(0, torch.pi / 2, 100)
    axis.plot(angle.cos(), angle.sin(), color=COLOURS["noise"], linewidth=2)
    for (x, y), name, colour in [((1, 0), "$x_0$", "data"), ((0, 1), r"$\epsilon$", "noise")]:
        axis.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": COLOURS[colour], "linewidth": 2})
        axis.text(x + 0.05, y + 0.03, name, color=COLOURS[colour], fontsize=13)
    axis.plot([0, signal], [0, sigma], color=COLOURS["ink"], linestyle=":")
    axis.plot(signal, sigma, "o", color=COLOURS["ink"], markersize=7)
    axis.text(signal + 0.05, sigma + 0.02, "$x_t$", fontsize=13)
    axis.text(0.2, 0.06, r"$\varphi$", fontsize=12)
    end = (signal - 0.55 * sigma, sigma + 0.55 * signal)
    axis.annotate("", end, (signal, sigma), arrowprops={"arrowstyle": "->", "color": COLOURS["exact"], "linewidth": 2})
    axis.text(end[0] + 0.03, end[1] + 0.02, "$v$", color=COLOURS["exact"], fontsize=13)
    axis.set(xlim=(-0.1, 1.3), ylim=(-0.1, 1.3), aspect="equal")
    axis.axis("off")


# The bound


def show_kl(seconds: Sequence[tuple[float, float]]) -> None:
    """Draw N(0, 1) beside a second Gaussian, (mean, standard deviation), for each pair, with its KL in nats."""
    titles, said, one = [], [], torch.ones(())
    for mean, std in seconds:
        kl = float(objective.kl_between_gaussians(0 * one, one, mean * one, std**2 * one))
        titles.append(f"$D$ = {kl:.2f} nats")
        said.append(f"mean {mean:g} and standard deviation {std:g}, D is {kl:.2f} nats")
    alternative = f"The standard normal density, each time beside a dashed one: {'; '.join(said)}."
    x = torch.linspace(-5, 5, 201)
    size = (7.2 / len(seconds), 2.2)
    axes = panels("How far is the second Gaussian?", titles, "$x$", "density", size, alternative=alternative)
    for axis, (mean, std) in zip(axes, seconds, strict=True):
        axis.plot(x, Normal(0.0, 1.0).log_prob(x).exp(), color=COLOURS["exact"], linewidth=2, label="$p_1$")
        second = Normal(mean, std).log_prob(x).exp()
        axis.plot(x, second, "--", color=PINK, linewidth=2, label=f"$p_2$: mean {mean:g}, std {std:g}")
        axis.set_ylim(0, 1.25)
        add_legend(axis)


def show_terms(summed: Mapping[str, Tensor], drawn: Mapping[str, Tensor]) -> None:
    """Draw the terms of the steps t = 1 ... T-1 for each model, `summed` [T + 1] as a line.

    `drawn` [T + 1, n] as points, with bars of two standard errors. Between the two lines it is shaded.
    """
    alternative = (
        "Two curves over t from 1 to 49, on a logarithmic axis, with points and error bars on them. They start close "
        "together. From t = 2 to t = 20 the one-bump model's curve lies higher, three times at t = 9. After that both "
        "fall together."
    )
    title = "Each step's term: drawn and summed, for two models"
    (axis,) = panels(title, [""], STEP, "nats", (6.8, 3.0), alternative=alternative)
    lines = {}
    for (name, terms), colour in zip(summed.items(), (COLOURS["exact"], PINK), strict=True):
        t = range(1, len(terms) - 1)
        lines[name] = terms[1:-1]
        axis.plot(t, lines[name], color=colour, linewidth=2, label=f"{name}: summed")
        some = drawn[name][1:-1]
        error = 2 * some.std(dim=1) / some.shape[1] ** 0.5
        label = f"{name}: {some.shape[1]:,} draws"
        axis.errorbar(t, some.mean(dim=1), error, fmt=".", color=colour, markersize=4, capsize=2, label=label)
    one, other = lines.values()
    axis.fill_between(t, one, other, color=PINK, alpha=0.2, linewidth=0)
    axis.set_yscale("log")
    add_legend(axis)


def show_gaps(gaps: Mapping[int, Mapping[str, float]]) -> None:
    """Draw the gap in nats over the number of steps, a line for each variance of the steps back."""
    alternative = (
        "Three lines over the number of steps, both axes logarithmic. With beta and with the best variance the gap "
        "falls steadily, from 0.46 to 0.03 and from 0.17 to 0.007. With beta-tilde it stays between 0.3 and 0.6."
    )
    title = "The gap of a perfect model, for three variances"
    (axis,) = panels(title, [""], "number of steps $T$", "gap in nats", (6.0, 2.8), alternative=alternative)
    looks = {"beta-tilde": (PINK, r"$\tilde\beta_t$"), "beta": (SKY, r"$\beta_t$"), "best": (COLOURS["exact"], "best")}
    for name, (colour, label) in looks.items():
        axis.plot(list(gaps), [gap[name] for gap in gaps.values()], "o-", color=colour, linewidth=2, label=label)
    axis.set(xscale="log", yscale="log")
    axis.set_xticks(list(gaps), [str(steps) for steps in gaps])
    axis.minorticks_off()
    add_legend(axis)


def show_step_back(mixture: GaussianMixture, steps: Mapping[int, int], x_t: float) -> None:
    """Draw, for each T: t of `steps` with the cosine schedule, the exact density of x_{t-1} given x_t.

    Beside it is the one Gaussian of a perfect model, with the variance beta_t.
    """
    alternative = (
        "Three panels. With T = 10 the exact density has a tall and a low bump, and the dashed Gaussian covers "
        "neither. With T = 50 they are closer. With T = 200 there is one narrow bump, and the Gaussian lies on it."
    )
    title = "The true step back from the same place, and the model's"
    names = [f"T = {timesteps}, t = {t}" for timesteps, t in steps.items()]
    size = (7.2 / len(steps), 2.5)
    axes = panels(title, names, "$x_{t-1}$", "density", size, shared=False, alternative=alternative)
    for axis, (timesteps, t) in zip(axes, steps.items(), strict=True):
        schedule = NoiseSchedule.from_name("cosine", timesteps)
        grid, truth, ours = step_back_densities(mixture, schedule, t, x_t)
        axis.fill_between(grid, truth, color=COLOURS["exact"], alpha=0.3, linewidth=0)
        axis.plot(grid, truth, color=COLOURS["exact"], linewidth=2, label="exact")
        axis.plot(grid, ours, color=PINK, linestyle="--", linewidth=2, label="one Gaussian")
        axis.set_xlim(-1.6, 1.6)
    axes[0].set_ylim(0, 1.45 * axes[0].get_ylim()[1])  # room for the legend
    add_legend(axes[0])


def step_back_densities(
    mixture: GaussianMixture, schedule: NoiseSchedule, t: int, x_t: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Places x_{t-1}, the exact density there given x_t, and that of a perfect model with the variance beta_t."""
    grid, beta = torch.linspace(-2, 2, 801, dtype=torch.float64), schedule.betas[t].double()
    place = torch.tensor([x_t], dtype=torch.float64)
    forward = Normal((1 - beta).sqrt() * grid, beta.sqrt()).log_prob(place)
    truth = (mixture.log_prob(grid, t - 1, schedule) + forward).softmax(dim=0) / (grid[1] - grid[0])
    noise = mixture.optimal_noise(place, t, schedule)
    mean = p_mean(lambda x, t: noise, place, torch.tensor([t]), schedule)
    return grid, truth, Normal(mean, beta.sqrt()).log_prob(grid).exp()


def show_bound_weights(weights: Mapping[str, Tensor]) -> None:
    """Draw the bound's weights [T] of the schedules "linear" and "cosine", each divided by its mean, beside 1."""
    alternative = (
        "On a logarithmic axis the linear schedule's weight falls from 50 at t = 0 to about 1. The cosine schedule's "
        "weight starts at 1, is about 0.01 nearly everywhere, and rises to nearly 1,000 at the last step."
    )
    title = "The bound's weight on the squared error of the noise, divided by its mean"
    scaled = {name: weight / weight.mean() for name, weight in weights.items()}
    axis = _weights(scaled, COLOURS, title, r"step $t$ of 1,000", alternative)
    axis.axhline(1, color=COLOURS["ink"], linestyle=":", label="simple loss")
    _legend_beside(axis)


def show_weights_on_start(weights: Mapping[str, Tensor]) -> None:
    """Draw what a squared error of 1 in x_0 counts under each of the `OBJECTIVES`, [T] each."""
    alternative = (
        "On a logarithmic axis the noise falls from several hundred to a millionth. v falls with it and levels off at "
        "1. Min-SNR is flat at 5 and then follows the noise. The start is flat at 1. The bound begins a little below "
        "the noise, is lowest in the middle, and ends above the noise."
    )
    _legend_beside(
        _weights(weights, OBJECTIVES, "What an error of 1 in $x_0$ counts under five losses", STEP, alternative)
    )


def _weights(
    weights: Mapping[str, Tensor], looks: Mapping[str, str], title: str, xlabel: str, alternative: str
) -> "Axes":
    """Weights [T] by name over t, on a logarithmic scale, with colours from `looks`."""
    (axis,) = panels(title, [""], xlabel, "weight", (6.8, 3.0), alternative=alternative)
    for name, weight in weights.items():
        behind = name != "noise"  # two others lie on it
        axis.plot(
            weight, "-" if behind else "--", color=looks[name], linewidth=2, label=name, zorder=2 if behind else 3
        )
    axis.set_yscale("log")
    return axis


def _legend_beside(axis: "Axes") -> None:
    axis.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))


# What each loss asks for


def show_noise_behind(
    mixture: GaussianMixture,
    schedule: NoiseSchedule,
    t: int,
    x_t: float,
    losses: Sequence[LossType] = (),
) -> None:
    """Draw the density of the noise behind one x_t, and a line at the best prediction under each of `losses`."""
    place, step = torch.tensor([x_t], dtype=torch.float64), torch.tensor([t])
    (means,), (stds,), (weights,) = objective.noise_given(place, step, mixture, schedule)
    grid = torch.linspace(-2.5, 2.5, 500, dtype=torch.float64)
    density = GaussianMixture(means, stds, weights).log_prob(grid).exp()
    title = f"Which noise may be behind $x_t = {x_t:g}$?"
    alternative = "The density of the noise given x_t: a tall bump at 1.4 with 73 % and a lower bump at -1.1 with 27 %."
    if losses:
        title = f"What three perfect networks predict at $x_t = {x_t:g}$"
        alternative = (
            "The same two bumps. The L2 line stands at 0.7 in the empty space between them, Huber at 1.0, and L1 at "
            "1.3 inside the tall bump."
        )
    (axis,) = panels(title, [""], NOISE, "density given $x_t$", (6.4, 2.7), alternative=alternative)
    axis.fill_between(grid, density, color=COLOURS["noise"], alpha=0.6, linewidth=0)
    for mean, weight in zip(means, weights, strict=True):
        axis.text(float(mean) + 0.22, 0.9 * float(density.max()) * float(weight / weights.max()), f"{weight:.0%}")
    for loss in losses:
        best = objective.best_noise(place, step, mixture, schedule, loss)
        axis.axvline(float(best), color=LOSS_LOOKS[loss], linewidth=2.5, label=LOSS_NAMES[loss])
    if losses:
        axis.legend(frameon=False, fontsize=9, loc="upper left")


def draw_possible_starts(axis: "Axes", mixture: GaussianMixture, schedule: NoiseSchedule, t: int) -> None:
    """Shade how likely each x_0 is behind each x_t, and draw what perfect networks of three losses predict there."""
    x = torch.linspace(-2.2, 2.2, 441, dtype=torch.float64)
    steps = torch.full((len(x),), t)
    start = torch.linspace(-1.7, 1.7, 341, dtype=torch.float64)
    means, stds, weights = objective.noise_given(x, steps, mixture, schedule)
    signal = float(schedule.sqrt_alphas_cumprod[t])
    sigma = float(schedule.sqrt_one_minus_alphas_cumprod[t])
    middles, widths = (x[:, None] - sigma * means) / signal, sigma / signal * stds
    bells = (-((start - middles[..., None]) ** 2) / (2 * widths[..., None] ** 2)).exp()
    likely = (weights[..., None] * bells).sum(dim=1).T  # each bump as strong as it is likely
    edges = (float(x[0]), float(x[-1]), float(start[0]), float(start[-1]))
    axis.imshow(
        likely.numpy(), cmap=transparent_map("data"), vmin=0, vmax=0.9, origin="lower", extent=edges, aspect="auto"
    )
    for loss in ("l2", "huber", "l1"):
        best = objective.best_noise(x, steps, mixture, schedule, loss)
        curve = predict_start_from_noise(x, steps, best, schedule)
        width = 4.5 if loss == "l2" else 2.2  # where two agree, both are seen
        axis.plot(x, curve, color=LOSS_LOOKS[loss], linewidth=width, label=LOSS_NAMES[loss])
    axis.set(xlabel="$x_t$", ylabel="$x_0$", xlim=edges[:2], ylim=edges[2:])


def possible_starts(mixture: GaussianMixture, schedule: NoiseSchedule, t: int) -> np.ndarray:
    """`draw_possible_starts` as a picture, with t above it."""

    def draw(figure: "Figure") -> None:
        axis = figure.add_subplot()
        _bare(axis)
        draw_possible_starts(axis, mixture, schedule, t)
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=10)
        axis.set_title(f"t = {t}", fontsize=11)

    return figure_picture(draw, (5.4, 4.0))


def show_possible_starts(mixture: GaussianMixture, schedule: NoiseSchedule, ts: Sequence[int]) -> None:
    """A film of `possible_starts`, a frame for each of `ts`."""
    alternative = (
        "Two blue bands at x_0 = -1 and 1, and three curves, as t grows from 0 to 48. At t = 0 all three follow the "
        "diagonal. In the middle L2 rises as a smooth S, L1 jumps, and Huber lies between them. At large t the L1 "
        "curve lies on the lower, likelier band, the other two between the bands."
    )
    show_film([possible_starts(mixture, schedule, t) for t in ts], alternative, seconds=6)


def show_samples_by_loss(samples: Mapping[str, Tensor], mixture: GaussianMixture) -> None:
    """Draw the samples (runs, n) of each loss as a histogram, and each run's share of positive ones as a point.

    The bars are two standard errors; the line is the true share.
    """
    alternative = (
        "Three histograms with the data's density as a line, and a panel of shares. Under L2 the bump at 1 holds about "
        "20 % of the samples, as in the data. Under Huber a little less, under L1 about 13 %, in each of three runs."
    )
    title = "Samples of three perfect networks, and how many are in the rare bump"
    names = [LOSS_NAMES[loss] for loss in samples] + ["share of the rare bump"]
    axes = panels(title, names, "$x_0$", "density", (3.5, 2.2), shared=False, columns=2, alternative=alternative)
    x = torch.linspace(-1.8, 1.8, 361, dtype=torch.float64)
    for axis, (loss, drawn) in zip(axes, samples.items(), strict=False):
        bins = np.linspace(-1.8, 1.8, 73).tolist()
        axis.hist(drawn.flatten().numpy(), bins, density=True, color=LOSS_LOOKS[loss], alpha=0.6)
        axis.plot(x, mixture.log_prob(x).exp(), color=COLOURS["ink"], linewidth=1.5, label="data")
    add_legend(axes[0])
    last = axes[-1]
    for place, (loss, drawn) in enumerate(samples.items()):
        share = (drawn > 0).double().mean(dim=1)
        error = 2 * (share * (1 - share) / drawn.shape[1]).sqrt()
        where = place + np.linspace(-0.2, 0.2, len(share))
        last.errorbar(where, share, error, fmt="o", color=LOSS_LOOKS[loss], capsize=3, markersize=4)
    last.axhline(float(mixture.weights[1]), color=COLOURS["ink"], linestyle=":")
    last.set_xticks(range(len(samples)), [LOSS_NAMES[loss] for loss in samples])
    last.set(xlabel="", ylabel="share", ylim=(0.1, 0.25))


# Five objectives, three seeds each


def show_excess(excess: Mapping[str, Tensor]) -> None:
    """Draw each objective's excess loss (seeds, T) over t: the geometric mean as a line, smallest to largest shaded."""
    alternative = (
        "Five bands of excess loss over t on a logarithmic axis. At small t start and bound are highest, then min-SNR; "
        "noise and v are lowest. At large t noise and min-SNR level off near a thousandth; start and v fall far below; "
        "the bound stays high until it drops at the last steps."
    )
    title = "Where each loss leaves its error (three seeds each)"
    (axis,) = panels(title, [""], STEP, "excess loss of the noise", (7.2, 3.2), alternative=alternative)
    for name, values in excess.items():
        t = range(values.shape[1])
        low, high = values.min(dim=0).values, values.max(dim=0).values
        axis.fill_between(t, low, high, color=OBJECTIVES[name], alpha=0.25, linewidth=0)
        axis.plot(t, values.log().mean(dim=0).exp(), color=OBJECTIVES[name], linewidth=2, label=name)
    axis.set(ylim=(1e-5, 10), yscale="log")
    _legend_beside(axis)


def show_scores(
    gaps: Mapping[str, Tensor],
    distances: Mapping[str, Tensor],
    exact_gap: float,
    floor: float,
) -> None:
    """Draw each objective's gap and energy distance, a point for each seed, and what is the best possible as a line.

    Distances below 0.0003, which may be negative, are drawn there: the scale is logarithmic.
    """
    alternative = (
        "Left, the gap: v lies next to the exact model's line at 0.11 with all three seeds, noise and min-SNR scatter "
        "between 0.5 and 1.5, bound near 1.2, start between 2 and 4. Right, the energy distance: noise, min-SNR and v "
        "lie near the floor or below it, start at 0.02 to 0.04, bound at 0.13."
    )
    title = "Two scores for each loss, a point for each seed"
    names = ["bound: gap in nats", "samples: energy distance"]
    axes = panels(title, names, "", "", (3.6, 2.7), shared=False, alternative=alternative)
    best = {"exact model": exact_gap, "floor": floor}
    for axis, scores, (label, line) in zip(axes, (gaps, distances), best.items(), strict=True):
        for place, (name, values) in enumerate(scores.items()):
            axis.plot(
                values.clamp(min=3e-4), [place] * len(values), "o", color=OBJECTIVES[name], markersize=6, alpha=0.8
            )
        axis.axvline(line, color=COLOURS["exact"], linewidth=2, label=label)
        axis.set_yticks(range(len(scores)), list(scores))
        axis.set_ylim(len(scores) - 0.5, -0.5)
        axis.legend(frameon=False, fontsize=9, loc="lower right")
        axis.set_xscale("log")
    axes[1].set_xlim(2e-4, 0.4)
    axes[1].set_yticklabels([])


def _bare(axis: "Axes") -> None:
    axis.spines[["top", "right"]].set_visible(False)
