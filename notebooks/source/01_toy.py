# %% [markdown]
# # 01 · The smallest diffusion
#
# **After this notebook you can** build a whole diffusion model in less than 100 lines, film how it turns noise into data, lay the exact
# answer over the learned one, and say what too few noise levels do.
#
# **Minutes:** 50 · **Builds on:** 00. Everything runs on the CPU; the longest cell takes a few seconds.

# %%
try:
    import course_lib
except ModuleNotFoundError:
    raise SystemExit(
        "course_lib is not installed in this notebook's Python. Close JupyterLab, open a\n"
        "terminal in the course's folder, run `make lab` (on Windows: the three steps in\n"
        "README.md), and open this notebook from there."
    ) from None

# %% tags=["denoiser"]
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

# %%
from course_lib.experiments.toy2d import energy_distance
from course_lib.pictures.plots import (
    COLOURS,
    OTHER_COLOURS,
    add_legend,
    as_picture,
    panels,
    show_histograms,
    side_by_side,
)
from course_lib.pictures.widgets import show_gif, show_slider
from course_lib.quizzes import check, question
from course_lib.toy import excess_loss, lognormal_chance, toy_data, train_toy

# %% [markdown]
# ## Numbers that are nearly 1
#
# A garment has 784 pixels. To see how diffusion works, one pixel is enough: our data are plain numbers, all very near 1. They come from a
# normal distribution with mean 1 and standard deviation 0.01. From now on we call a standard deviation a *spread*.

# %% tags=["denoiser"]
generator = torch.Generator().manual_seed(0)
data = 1 + 0.01 * torch.randn(10_000, generator=generator)

# %%
show_histograms(
    {"data": data}, "The data: 10,000 numbers within a few hundredths of 1", "y"
)

# %% [markdown]
# *In the picture: one narrow bell around 1, from about 0.96 to 1.04.*
#
# Why such dull data? For these numbers we can work out by hand what a perfect network would say. So at the end you compare your network
# with the truth itself, not with a feeling.
#
# ## Add noise
#
# A noisy number is a clean one plus noise: $x = y + \sigma z$. Here $z$ is a standard normal number, and $\sigma$ (sigma) says how strong
# the noise is. Look at four strengths, each on an axis of its own:

# %%
strengths = [10.0, 1.0, 0.1, 0.01]
axes = panels(
    "Each time ten times less noise, each time the same picture: only the axis changes",
    [f"sigma = {sigma:g}" for sigma in strengths],
    "x",
    "how many",
    shared=False,
)
for axis, sigma in zip(axes, strengths, strict=True):
    x = data + sigma * torch.randn(len(data), generator=generator)
    axis.hist(x.numpy(), 50, color=COLOURS["noise"])
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=4)

# %% [markdown]
# *In the picture: four grey bells of the same shape; the first reaches from about -40 to 40, the last from about 0.95 to 1.05.*
#
# From 10 to 1 is as big a change as from 0.1 to 0.01. What counts is the *factor*. So we go down a ladder of noise levels on which each
# level is the one before times the same factor:
#
# $$\sigma_i = \sigma_\mathrm{max} \left(\frac{\sigma_\mathrm{min}}{\sigma_\mathrm{max}}\right)^{i / (L - 1)}, \qquad i = 0, \dots, L - 1$$
#
# ([1907.05600](https://arxiv.org/abs/1907.05600), section 4.1.) Level 0 has the most noise.


# %% quiz="noise_levels" tags=["denoiser"]
def noise_levels(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    """Levels that fall from sigma_max to sigma_min by the same factor each time, float32 [count]."""
    raise NotImplementedError


# %%
noise_levels = check(noise_levels)

# %% [markdown]
# Our ladder starts far above the data's spread, where nothing of the data can be seen, and ends far below it, where next to nothing of
# the noise is left.

# %% tags=["denoiser"]
sigmas = noise_levels(20, 10.0, 0.001)

# %%
title = "Twenty levels, each about 1.6 times smaller than the one before"
(axis,) = panels(title, [""], "level", "sigma", (6.4, 3.0))
axis.semilogy(sigmas, "o", color=COLOURS["noise"], label="the noise's spread, sigma")
axis.axhline(0.01, color=COLOURS["data"], label="the data's spread, 0.01")
axis.set_xticks(range(0, 20, 2))
add_legend(axis)

# %% [markdown]
# *In the picture: twenty grey dots on a falling straight line (the axis counts in powers of ten), from 10 to 0.001. A blue line at 0.01
# cuts it between levels 14 and 15.*
#
# ## What the network has to say
#
# Take one clean $y$ and one $z$. At level $i$ the noisy number is $y + \sigma_i z$, at the next level it is $y + \sigma_{i+1} z$. So the
# noise *between two neighbouring levels* is
#
# $$(\sigma_i - \sigma_{i+1})\, z.$$
#
# Whoever knows it takes one step down the ladder by a subtraction. We know it while we train, since we draw $z$ ourselves. The network
# sees only $x$ and the level, and learns to predict it.
#
# There is a catch. Call $\sigma_i - \sigma_{i+1}$ the *gap*. The first gap is 3.8, the last 0.0006. In a plain squared error, the first
# levels would be nearly everything:

# %%
gaps = sigmas[:-1] - sigmas[1:]
title = "In plain squared errors three levels are nearly everything"
(axis,) = panels(title, [""], "level", "share of the loss if we guess 0", (6.4, 3.0))
shares = gaps**2 / (gaps**2).sum()
axis.bar(torch.arange(19) - 0.2, shares, 0.4, color=COLOURS["noise"], label="plain")
even = torch.full((19,), 1 / 19)
axis.bar(
    torch.arange(19) + 0.2, even, 0.4, color=COLOURS["learned"], label="in units of the gap"
)
axis.set_xticks(range(0, 19, 2))
add_legend(axis)

# %% [markdown]
# *In the picture: grey bars of 0.62, 0.24 and 0.09 at the first three levels and almost nothing after them; orange bars of the same
# height at all nineteen.*
#
# So we measure each error in units of its gap. Guessing 0 then costs 1 at every level, and every level counts the same:
#
# $$\mathrm{loss} = \mathrm{mean} \left(\frac{\mathrm{model}(x, i) - (\sigma_i - \sigma_{i+1})\, z}{\sigma_i - \sigma_{i+1}}\right)^2$$
#
# Two names first. A *model* is anything that takes `(x, level)` and gives a prediction. `at_level` looks up one sigma for each number,
# since each number of a batch stands at a level of its own. (Its `reshape` does nothing for single numbers. It will when $x$ is a point
# in chapter 02.)

# %% tags=["denoiser"]
Model = Callable[[Tensor, Tensor], Tensor]


def at_level(sigmas: Tensor, level: Tensor, x: Tensor) -> Tensor:
    """sigmas[level], one for each row of x."""
    return sigmas[level].reshape(len(level), *[1] * (x.ndim - 1))


# %% quiz="neighbour_loss" tags=["denoiser"]
def neighbour_loss(
    model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor
) -> Tensor:
    """The mean squared error of the predicted noise between neighbouring levels, in units of the gap: a
    scalar.

    y and noise (B, ...); level long (B,), 0 ... L-2, one for each row; sigmas float [L].
    """
    # The noisy number x is yours to make. `noise` is z: don't draw any.
    raise NotImplementedError


# %%
neighbour_loss = check(neighbour_loss)

# %% [markdown]
# ## The network
#
# Three layers of 128, and a learned vector for each level, so that the network knows where on the ladder it stands. Around the network
# there are two lines that matter more than it looks:
#
# - **going in**, x is shifted and scaled to about -1 ... 1, whatever the level. (The spread of $x$ is $\sqrt{0.01^2 + \sigma^2}$, since
#   variances of independent things add.)
# - **coming out**, the answer is multiplied by the gap, so that the network itself always says numbers of about 1.
#
# This is called *preconditioning* ([2206.00364](https://arxiv.org/abs/2206.00364), section 5). Without it one network would have to take
# in 30 as well as 1.002, and answer with 3.8 as well as 0.0006. Plain SGD cannot do that: without both lines its loss ran off to infinity
# at every learning rate that we tried (0.2 down to 0.00002). With the second line alone it missed the levels around $\sigma = 0.01$,
# where what matters is whether $x$ is 0.99 or 1.01. (The library has the same network in two parts, `toy.MLP` and `toy.Preconditioned`.)


# %% tags=["denoiser"]
class Network(nn.Module):
    """x and level, both (B,) -> the predicted noise between level and level + 1, (B,)."""

    def __init__(self, sigmas: Tensor, mean: float, std: float, width: int = 128):
        super().__init__()
        self.sigmas, self.mean, self.std = sigmas, mean, std
        self.inlet, self.level = nn.Linear(1, width), nn.Embedding(len(sigmas), width)
        self.body = nn.Sequential(
            *(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)),
            *(nn.SiLU(), nn.Linear(width, 1)),
        )

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        sigma, next_sigma = self.sigmas[level], self.sigmas[level + 1]
        standard = (x - self.mean) / (self.std**2 + sigma**2).sqrt()  # (B,), about -1 ... 1
        hidden = self.inlet(standard[:, None]) + self.level(level)  # (B, width)
        return (sigma - next_sigma) * self.body(hidden)[:, 0]


# %% [markdown]
# ## Train it
#
# Draw clean numbers, levels and noise; compute your loss; take a step of plain SGD. Do it 2,000 times. The learning rate falls to 0 on a
# straight line: with a constant one the excess over the best answer came out three to seven times as large.


# %% tags=["denoiser"]
def train(model, data, sigmas, steps, generator, batch_size=256, learning_rate=0.2):
    """Train by plain SGD and return the loss of each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    losses = []
    for step in range(steps):
        y = data[torch.randint(len(data), (batch_size,), generator=generator)]
        level = torch.randint(len(sigmas) - 1, (batch_size,), generator=generator)
        noise = torch.randn(batch_size, generator=generator)
        loss = neighbour_loss(model, y, level, noise, sigmas)
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / steps)
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# Before you train: think of the best network that there can be, at one level after the other. Then answer.

# %%
question("where_the_loss_stays")

# %% quiz="where_the_loss_stays"
where_the_loss_stays = ""  # your letter, between the quotes

# %%
check(where_the_loss_stays, "where_the_loss_stays")

# %% [markdown]
# Now train. It takes about two seconds on a core that has nothing else to do, about 1,000 steps a second; on a busy one it takes longer.

# %% tags=["denoiser"]
torch.manual_seed(0)
model = Network(sigmas, float(data.mean()), float(data.std()))
start = time.perf_counter()
losses = train(model, data, sigmas, 2000, generator)
seconds = time.perf_counter() - start

# %% tags=["nbval-ignore-output"]
print(f"{seconds:.1f} seconds, {2000 / seconds:,.0f} steps per second on this machine")

# %% [markdown]
# For our data the best possible loss at level $i$ is known: $0.01^2 / (0.01^2 + \sigma_i^2)$, almost 0 at the first level and almost 1 at
# the last. Over all levels its mean is 0.22.

# %%
best = 0.01**2 / (0.01**2 + sigmas[:-1] ** 2)
means = torch.tensor(losses).reshape(-1, 50).mean(dim=1)
title = "Two thousand steps bring the loss down to the best possible one"
(axis,) = panels(title, [""], "step", "loss, mean of 50 steps", (6.4, 3.0))
axis.axhline(1, color=COLOURS["noise"], label="guessing 0")
axis.plot(torch.arange(40) * 50 + 25, means, color=COLOURS["learned"], label="learned")
axis.axhline(best.mean(), color=COLOURS["exact"], label="best possible")
axis.set_ylim(0, 1.1)
add_legend(axis)
assert abs(means[-10:].mean() - best.mean()) < 0.02
print("the last 500 steps: within 0.02 of the best possible loss,", f"{best.mean():.2f}")

# %% [markdown]
# *In the picture: the orange curve starts at about 0.3, meets the green line at 0.22 within a few hundred steps, and stays there. The
# grey line of guessing 0 is far above, at 1.*
#
# ## Denoise, level by level
#
# Start with pure noise at level 0, far too wide. Ask the network how much noise lies between this level and the next; take it away; you
# stand at the next level. For those who know differential equations: this is one Euler step of the *probability-flow ODE*, $dx / d\sigma
# = (x - E[y \mid x]) / \sigma$ ([2206.00364](https://arxiv.org/abs/2206.00364), equations 1 and 3).


# %% quiz="denoise_step" tags=["denoiser"]
def denoise_step(model: Model, x: Tensor, level: int) -> Tensor:
    """From `level` to the next one, for a batch x (B, ...) that stands at that level.

    The model takes (x, level) with a long tensor (B,) for the level, and predicts in the units of x.
    """
    # There is no `sigmas` here, and none is needed: the model knows its noise levels.
    raise NotImplementedError


# %%
denoise_step = check(denoise_step)

# %% [markdown]
# All steps in a row make the sampler. We keep $x$ at every level, to look at it.


# %% tags=["denoiser"]
@torch.no_grad()
def sample(
    model: Model, count: int, sigmas: Tensor, generator: torch.Generator
) -> list[Tensor]:
    """x at each of the L levels, (count,) each: first pure noise, last the samples."""
    states = [sigmas[0] * torch.randn(count, generator=generator)]
    for level in range(len(sigmas) - 1):
        states.append(denoise_step(model, states[-1], level))
    return states


# %% tags=["denoiser"]
states = sample(model, 4000, sigmas, torch.Generator().manual_seed(1))

# %% [markdown]
# Follow thirty of the four thousand numbers on their way.

# %%
paths = torch.stack(states)[:, :30]
whole, close = panels(
    "Thirty numbers find their way to 1",
    ["all levels", "the last nine levels, magnified"],
    "level",
    "x",
    (3.6, 3.0),
    shared=False,
)
whole.plot(range(20), paths, color=COLOURS["learned"], alpha=0.6, linewidth=1)
close.plot(range(11, 20), paths[11:], color=COLOURS["learned"], alpha=0.6, linewidth=1)
close.axhspan(0.98, 1.02, color=COLOURS["data"], alpha=0.2, label="1 ± two spreads")
add_legend(close)

# %% [markdown]
# *In the picture: left, a fan of thirty lines from between about -20 and 20 closes to a single line within ten levels. Right, the end
# under a magnifying glass: the fan goes on closing and fills a band around 1. It does not close to a point: the data has a spread too.*
#
# Look at the lines once more: no two of them cross. Nothing random happens after the start, so where a number ends is decided by where it
# starts.
#
# Now the film: 300 numbers as dots, under two magnifying glasses, and all 4,000 as a histogram under a third one. Over it in green the
# exact density at that level: normal, with variance $0.01^2 + \sigma_i^2$.

# %%
height = torch.rand(300, generator=generator)  # so that the dots do not hide each other


def dots(level: int, reach: float):
    def draw(axis):
        axis.scatter(
            states[level][:300], height, s=5, color=COLOURS["learned"], linewidths=0
        )
        axis.set(xlim=(1 - reach, 1 + reach), yticks=[], xlabel="x", title=f"1 ± {reach:g}")
        axis.title.set_fontsize(9)

    return as_picture(draw, (2.2, 2.4))


# %%
def exact_density(x: Tensor, level: int) -> Tensor:
    spread = float((0.01**2 + sigmas[level] ** 2).sqrt())
    return torch.distributions.Normal(1, spread).log_prob(x).exp()


window = torch.linspace(0.95, 1.05, 61)


def histogram(level: int):
    def draw(axis):
        weight = torch.full((4000,), 1 / 4000 / (window[1] - window[0]))
        axis.hist(
            states[level], window, weights=weight, color=COLOURS["learned"], alpha=0.5
        )
        axis.plot(window, exact_density(window, level), color=COLOURS["exact"])
        axis.set(ylim=(0, 52), xlabel="x", ylabel="density")
        axis.set_title(f"level {level}, sigma = {sigmas[level]:.2g}", fontsize=9)

    return as_picture(draw, (3.0, 2.4))


# %%
film = [
    side_by_side(dots(level, 30), dots(level, 0.5), histogram(level)) for level in range(20)
]
show_gif(film, "300 dots draw together around 1, and a histogram grows into a bell there.")

# %% [markdown]
# *In the picture: left, dots within about 30 of 1 shrink to a line within ten levels. In the middle, sixty times magnified, only a few
# are to be seen at first; then all come in and draw together almost to a line. Right, ten times closer still: nothing at first, then a
# flat carpet, then a bell that ends a little narrower and higher than the green curve.*
#
# "A little narrower": keep that in mind. The network may be wrong, or something else. To find out we need the truth.
#
# ## The exact answer
#
# Somebody hands you a noisy $x$ and its $\sigma$. What is your best guess at the clean $y$ behind it? The guess with the smallest squared
# error is the *mean* of all the $y$ that could have led there, written $E[y \mid x]$. Look at data with noise as strong as its own
# spread:

# %%
y = toy_data(4000, generator=generator)
x = y + 0.01 * torch.randn(4000, generator=generator)
title = "For each x the mean y (black) goes only half as far from 1 as x"
(axis,) = panels(title, ["sigma = 0.01"], "noisy x", "clean y", (4.4, 3.6))
axis.scatter(x, y, s=2, color=COLOURS["data"], alpha=0.4, linewidths=0)
for left in torch.arange(0.97, 1.0299, 0.01):
    inside = (x >= left) & (x < left + 0.01)
    axis.plot(left + 0.005, y[inside].mean(), "ko")
axis.axline((1, 1), slope=1, color=COLOURS["noise"], linestyle="--", label="y = x")
add_legend(axis)

# %% [markdown]
# *In the picture: a blue cloud leaning to the right. Black dots mark the mean y in slices of x; they lie on a line half as steep as the
# dashed line y = x.*
#
# Half as far, because $x$ and the mean are equally good witnesses here: $x$ is off by $\sigma = 0.01$, and 1 is off by the data's spread,
# 0.01. In general you weigh the two witnesses. With less noise you trust $x$ more, with more noise the mean. For normal data the best
# weights are known, and this is the whole exact denoiser. Find it before you open a hint:


# %% quiz="optimal_denoiser"
def optimal_denoiser(x: Tensor, sigma: Tensor | float, mean: float, std: float) -> Tensor:
    """E[y | x], the best guess at y behind x = y + sigma noise, if y ~ N(mean, std²); shape of x."""
    raise NotImplementedError


# %%
optimal_denoiser = check(optimal_denoiser)

# %% [markdown]
# From it follows the exact model. If $E[y \mid x]$ is the best guess at $y$, then $(x - E[y \mid x]) / \sigma_i$ is the best guess at
# $z$. The noise up to the next level is the gap times that:
#
# $$\frac{\sigma_i - \sigma_{i+1}}{\sigma_i} \big(x - E[y \mid x]\big)$$


# %%
def exact_model(sigmas: Tensor) -> Model:
    """The model that cannot be beaten, for a ladder of levels."""

    def predict(x: Tensor, level: Tensor) -> Tensor:
        sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
        return gap / sigma * (x - optimal_denoiser(x, sigma, 1.0, 0.01))

    return predict


exact = exact_model(sigmas)

# %% [markdown]
# Lay it over what your network learned, at three levels: much noise, some, little.


# %%
def opinions(axis, level: int) -> None:
    """Draw the learned prediction and over it the exact one, where x mostly is at that level."""
    spread = float((0.01**2 + sigmas[level] ** 2).sqrt())
    x, at = torch.linspace(1 - 3 * spread, 1 + 3 * spread, 101), torch.full((101,), level)
    with torch.no_grad():
        axis.plot(
            x, model(x, at) / gaps[level], color=COLOURS["learned"], linewidth=5, alpha=0.5
        )
    axis.plot(x, exact(x, at) / gaps[level], color=COLOURS["exact"], linestyle="--")
    axis.set(ylim=(-3.2, 3.2), xlim=(float(x[0]), float(x[-1])))


# %%
levels = [4, 14, 17]
names = [f"level {i}, sigma = {sigmas[i]:.2g}" for i in levels]
title = "The learned prediction (orange) lies under the exact one (green)"
axes = panels(title, names, "x", "predicted noise / gap", (2.6, 2.6), shared=False)
for axis, level in zip(axes, levels, strict=True):
    opinions(axis, level)

# %% [markdown]
# *In the picture: three straight lines through 0 at x = 1, each a thick orange one with a dashed green one on it. Left the line is steep:
# all that is not 1 must be noise. Right it is nearly flat: there is no telling what is noise. At the far ends, where few numbers fall,
# the orange line strays a little.*
#
# Slide through all levels: left the numbers at that level under a magnifying glass that fits them, right what the network and the exact
# model say there.


# %%
def state_and_opinion(level: int):
    def bell(axis):
        spread = float((0.01**2 + sigmas[level] ** 2).sqrt())
        x = torch.linspace(1 - 4 * spread, 1 + 4 * spread, 101)
        axis.hist(states[level], x[::2], density=True, color=COLOURS["learned"], alpha=0.5)
        axis.plot(x, exact_density(x, level), color=COLOURS["exact"])
        axis.set(xlabel="x", ylabel="density")
        axis.set_title(f"level {level}, sigma = {sigmas[level]:.2g}", fontsize=9)

    def answer(axis):
        opinions(axis, level)
        axis.set(xlabel="x", ylabel="predicted noise / gap")

    return side_by_side(as_picture(bell, (3.4, 2.4)), as_picture(answer, (3.4, 2.4)))


# %%
show_slider(
    draw=state_and_opinion,
    values=range(19),
    label="level",
    still=state_and_opinion(14),
    alternative="A slider over the levels: the numbers there, and the learned and the exact prediction.",
)

# %% [markdown]
# *In the picture: left a histogram in the shape of the green bell, right two lines on top of each other, whose slope falls from level to
# level.*
#
# ## The score
#
# How good is the network? Two numbers. The first is its **excess loss**: how far its loss is above that of the exact model, level by
# level. 0 is perfect, and guessing 0 has up to 1.

# %%
excess = excess_loss(model, sigmas, mean=1.0, std=0.01)
left, right = panels(
    "The network's loss lies on the best possible one, within thousandths",
    ["loss", "excess of the network"],
    "level",
    "loss in units of the gap",
    (3.6, 2.8),
    shared=False,
)
left.plot(best, color=COLOURS["exact"], label="best possible")
left.plot(best + excess, "o", color=COLOURS["learned"], label="learned")
left.axhline(1, color=COLOURS["noise"], label="guessing 0")
add_legend(left)
right.bar(range(19), excess, color=COLOURS["learned"])
assert excess.max() < 0.006
print("excess loss: below 0.006 at every level")

# %% [markdown]
# *In the picture: left, orange dots on a green curve that rises from 0 to almost 1. Your answer to the question above: the loss is
# largest where the noise is smallest. Right, the differences: orange bars of at most a few thousandths.*
#
# The second number compares the samples with the data. The **energy distance** between two sets of numbers is 0 if they come from one
# distribution, and grows as they differ (chapter 02 says more). We measure in units of the data's spread, with 4,000 numbers a side. To
# know what is small, we also compare the data with fresh data: that is the floor, which nobody can beat.

# %%
real = toy_data(4000, generator=torch.Generator().manual_seed(2))
candidates = {
    "fresh data (the floor)": toy_data(4000, generator=torch.Generator().manual_seed(3)),
    "exact model": sample(exact, 4000, sigmas, torch.Generator().manual_seed(1))[-1],
    "learned model": states[-1],
}
distances = [
    float(energy_distance(x[:, None] / 0.01, real[:, None] / 0.01))
    for x in candidates.values()
]
title = "Even the exact model stays far above the floor: not all is the network's fault"
(axis,) = panels(title, [""], "energy distance to the data", "", (6.4, 2.0))
bars = axis.barh(
    list(candidates), distances, color=[COLOURS[c] for c in ("data", "exact", "learned")]
)
axis.bar_label(bars, fmt="%.4f", padding=3)
assert distances[0] < 0.002 < distances[1] < 0.012
assert distances[2] < 0.02
print("floor below 0.002, exact model below 0.012, learned model below 0.02")

# %% [markdown]
# *In the picture: three bars; the floor has next to none, the bar of the exact model is more than half as long as that of the learned
# one.*
#
# The exact model makes no error at any level, and yet its samples are not quite the data. Two things are left that may be wrong: the
# *steps*, which come next, and the start, for which there is a question at the end.
#
# ## Too few levels
#
# From here on we use the exact model only. If the spread goes wrong now, the steps are to blame.

# %%
question("too_few_levels")

# %% quiz="too_few_levels"
too_few_levels = ""  # your letter, between the quotes

# %%
check(too_few_levels, "too_few_levels")

# %%
counts, ends = [3, 5, 10, 40], {}
for count in counts:
    ladder = noise_levels(count, 10.0, 0.001)
    ends[count] = sample(
        exact_model(ladder), 20_000, ladder, torch.Generator().manual_seed(1)
    )[-1]
axes = panels(
    "The exact model on too few levels: the numbers crowd around 1",
    [f"{count} levels: spread {ends[count].std():.4f}" for count in counts],
    "x",
    "density",
    shared=False,
)
for axis, count in zip(axes, counts, strict=True):
    bins = torch.linspace(0.95, 1.05, 81)
    axis.hist(ends[count], bins, density=True, color=COLOURS["exact"], alpha=0.5)
    axis.plot(
        bins,
        torch.distributions.Normal(1, 0.01).log_prob(bins).exp(),
        color=COLOURS["data"],
    )
    axis.set(xlim=(0.95, 1.05), yticks=[])

# %% [markdown]
# *In the picture: four green histograms, each drawn to its own height, and the blue bell of the data. With 3 levels a needle, with 5 and
# 10 a bell that is too narrow and too high, with 40 one that nearly fits.*

# %%
for count, spread in zip(counts, [0.2, 0.6, 0.78, 0.95], strict=True):
    ratio = float(ends[count].std()) / 0.01
    assert abs(ratio - spread) < 0.02
    print(f"{count:2} levels: {ratio:.2f} of the data's spread")

# %% [markdown]
# Why? As the noise goes down from level to level, the true path of a number bends. Far out, at $\sigma = 0.1$, almost all that separates
# $x$ from 1 is noise, and the path runs straight towards 1. Near $\sigma = 0.01$ a good part of it is the data's own spread, which has to
# stay: the path levels off. A step is straight. It asks the model once, at its start, and goes on in that direction to its end, past the
# bend.
#
# For our data the true path is known: $x - 1$ stays in proportion to $\sqrt{0.01^2 + \sigma^2}$.

# %%
title = "The true path levels off; long straight steps run past the bend"
(axis,) = panels(title, [""], "sigma (from right to left)", "x - 1", (6.4, 3.4))
line = torch.linspace(0, 0.05, 200)
axis.plot(
    line, (0.01**2 + line**2).sqrt(), color=COLOURS["exact"], linewidth=3, label="true path"
)
for count, colour in zip((3, 5, 17), OTHER_COLOURS, strict=False):
    ladder = noise_levels(count, 10.0, 0.001)[count // 2 :]  # from sigma = 0.1 down
    x = [1 + (0.01**2 + ladder[:1] ** 2).sqrt()]
    for level in range(len(ladder) - 1):
        x.append(denoise_step(exact_model(ladder), x[-1], level))
    axis.plot(
        ladder, torch.cat(x) - 1, "o-", color=colour, label=f"ladder of {count} levels"
    )
axis.set(xlim=(0, 0.045), ylim=(0, 0.045))
add_legend(axis)

# %% [markdown]
# *In the picture: the green path comes down from the right in a straight line and levels off at 0.01. All three ladders left it at sigma
# = 0.1, outside of the picture. With 3 levels one long step ends far below it, at 0.002; with 5 levels there is a corner at sigma = 0.01
# and the end is at 0.006; with 17 levels the steps stay close to the path.*
#
# Each step past the bend takes away some of the data's own spread. Shorter steps follow the bend more closely. So many levels are the
# simple cure; chapter 12 has a better one, steps that look ahead and follow the bend, so that a few suffice.
#
# ## Where may you stop?
#
# A sampler has a last step, and it is easy to leave it out: `range(len(sigmas) - 2)` runs without any complaint. **Predict:** the data's
# spread is 0.01. You stop one level early, where $\sigma = 0.0016$. How many percent too wide are the samples? And if you stop six levels
# early, at $\sigma = 0.018$?

# %%
spread = torch.stack(states).std(dim=1)
title = "One level early: hardly a difference. Six levels early: twice as wide"
(axis,) = panels(title, [""], "level at which you stop", "spread of x", (6.4, 3.0))
axis.plot(range(11, 20), spread[11:], "o", color=COLOURS["learned"], label="your sampler")
true_spread = (0.01**2 + sigmas**2).sqrt()
axis.plot(range(11, 20), true_spread[11:], color=COLOURS["exact"], label="exact")
axis.axhline(0.01, color=COLOURS["data"], label="data")
axis.set_ylim(0)
add_legend(axis)
wider = [
    f"{n} early: {float(true_spread[19 - n] / 0.01 - 1):.0%} too wide" for n in (1, 3, 6)
]
print("\n".join(wider))

# %% [markdown]
# *In the picture: the green curve falls from about 0.05 at level 11 towards the blue line at 0.01 and almost touches it from level 17 on.
# From level 14 on the orange dots lie a little below the curve: that is the error of the steps again.*
#
# Spreads do not add, *variances* do: $\sqrt{0.01^2 + 0.0016^2} = 0.0101$. So noise well below the data's spread hardly shows, and noise
# above it is nearly all you see. That is what $\sigma_\mathrm{min}$ is for: put it well below the finest thing that you care about. A
# sampler that adds fresh noise in every step (chapter 05) must know its last step even better: noise added there stays.
#
# ## Which levels deserve the training?
#
# We drew all levels equally often. Karras and others ([2206.00364](https://arxiv.org/abs/2206.00364), section 5, called EDM) draw
# $\sigma$ at random so that $\ln \sigma$ is normal, with mean -1.2 and standard deviation 1.2 for data of spread 0.5. So most of the work
# is done around 0.6 of the data's spread, where there is something to decide. For our numbers that is $\sigma = 0.006$. **Predict:** what
# does that do to the levels of our ladder? The cell trains a second network; a few seconds again.

# %%
chance = lognormal_chance(sigmas, centre=0.006, spread=1.2)
torch.manual_seed(0)
second = Network(sigmas, float(data.mean()), float(data.std()))
for _ in train_toy(second, data, sigmas, 2000, generator, chance=chance):
    pass
second_excess = excess_loss(second, sigmas, mean=1.0, std=0.01)
title = "By the bell (black), fine levels get better and noisy ones are never learned"
left, right = panels(
    title, ["", ""], "level", "share of the training", (3.8, 2.8), shared=False
)
left.plot(chance, "o-", color="black", label="normal in ln sigma")
left.plot([0, 18], [1 / 19, 1 / 19], color=COLOURS["learned"], label="all alike")
add_legend(left)
right.semilogy(second_excess, "o-", color="black")
right.semilogy(excess, "o-", color=COLOURS["learned"])
right.set_ylabel("excess loss")
assert second_excess[13:].mean() < 0.8 * excess[13:].mean()
assert second_excess[:8].mean() > 0.02
print(
    f"of the training, the noisier half of the ladder gets {float(chance[:10].sum()):.0%}"
)

# %% [markdown]
# *In the picture: left, a black bell around level 15 that is nearly 0 up to level 8, and the flat orange line of equal shares. Right, on
# an axis in powers of ten, both excess losses are about 0.001 or less from level 11 on; at the first levels the black one is hundreds of
# times higher.*
#
# The bell starves the noisy half of the ladder. Our network has a vector of its own for each level, so what it learns at one level hardly
# helps at another. EDM's network takes $\ln \sigma$ as a number, so neighbours learn from each other. And in much noise it predicts the
# clean sample rather than the noise, so that a poor answer there does little harm. A good recipe belongs to the network that it was made
# for.
#
# ## Count the lines
#
# Your denoiser is what you have seen above and nothing else: the imports of torch, the data, `noise_levels`, `at_level`,
# `neighbour_loss`, `Network`, `train`, `denoise_step`, `sample`, and the cells that run them. With the course's answers in the quiz cells
# that is 82 lines, docstrings included, blank lines not. The rest of this notebook draws pictures, compares with the exact answer, and
# checks. The same parts, with a U-Net for the small network, draw the garments of chapter 00.
#
# ## What you now have
#
# - a whole diffusion model, in view from end to end
# - an exact denoiser, the measure of every model in the next chapters
# - two errors that you can tell apart: the network's (excess loss) and the steps' (too few levels)
#
# ## Think about it
#
# 1. The mean of the samples is 0.999, not 1, even with the exact model and very many levels. What does the sampler's start get slightly
#    wrong? (Compare $\sigma_0 z$ with $y + \sigma_0 z$.)
# 2. Two numbers start close together and end close together. What would a picture's path look like that starts exactly between those of a
#    shoe and a shirt?
# 3. If all data were the same number, what would the exact denoiser be, and how many levels would you need?
#
# ## Read on
#
# - Song, Ermon: Generative Modeling by Estimating Gradients of the Data Distribution, [1907.05600](https://arxiv.org/abs/1907.05600),
#   sections 3 and 4: the ladder of levels
# - Karras, Aittala, Aila, Laine: Elucidating the Design Space of Diffusion-Based Generative Models,
#   [2206.00364](https://arxiv.org/abs/2206.00364), sections 2 and 5
