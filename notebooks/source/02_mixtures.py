# %% [markdown]
# # 02 · Mixtures
#
# **After this notebook you can** write down the density of points in the plane and the arrows that lead back to them, train a network to
# find these arrows from samples alone, score it against the truth, and tell why a sampler loses a mode.
#
# **Minutes:** 60 · **Builds on:** 01 (the ladder of noise levels). Everything runs on the CPU; the longest cell takes about five seconds.

# %%
try:
    import course_lib
except ModuleNotFoundError:
    raise SystemExit(
        "course_lib is not installed in this notebook's Python. Close JupyterLab, open a\n"
        "terminal in the course's folder, run `make lab` (on Windows: the three steps in\n"
        "README.md), and open this notebook from there."
    ) from None

# %%
import math
from functools import partial

import torch
from torch import Tensor

from course_lib.experiments.toy2d import (
    FourierMLP,
    checkerboard,
    energy_distances,
    moons,
    swiss_roll,
    train_points,
)

# %%
from course_lib.mixtures import (
    GaussianMixture,
    exact_prediction,
    excess_neighbour_loss,
    four_modes,
    mode_weights,
    noise_level_schedule,
    optimal_loss,
)
from course_lib.pictures import plots
from course_lib.pictures.widgets import show_gif, show_slider
from course_lib.quizzes import check, question
from course_lib.toy import MLP, Preconditioned, denoise_steps, noise_levels

# %% [markdown]
# ## Four modes
#
# A number that is nearly 1 has one place to be. Garments have many: shirts here, boots there, and nothing in between. The smallest data
# with that trouble are four narrow clouds of points at $(\pm 1, \pm 1)$. Such a place where data crowd is called a *mode*. Ours are not
# equally full: the weights are 0.4, 0.3, 0.2 and 0.1.
#
# Noise works as in chapter 01, $x = y + \sigma z$, with two numbers in place of one.

# %%
mixture = four_modes()  # spread 0.05, weights 0.4, 0.3, 0.2, 0.1
generator = torch.Generator().manual_seed(0)
data = mixture.sample(20_000, generator)
strengths = [0.0, 0.2, 0.6, 2.0]
axes = plots.panels(
    "Noise melts four modes into one cloud",
    [f"sigma = {sigma:g}" for sigma in strengths],
    "first number",
    "second number",
)
for axis, sigma in zip(axes, strengths, strict=True):
    y, z = data[:1500], torch.randn(1500, 2, generator=generator)
    plots.draw_points(axis, y + sigma * z, "data", limit=4)

# %% [markdown]
# *In the picture: four dots of blue points at the corners of a square; then four round clouds; then clouds that overlap; then one cloud
# that fills the window and beyond, with no trace of four.*
#
# ## The density, at every noise level
#
# Each clean point comes from mode $k$ with probability $w_k$, and there it is normal around $m_k$ with spread $s = 0.05$. Noise is
# normal too, and variances add. So the noisy points are again four bumps around the same $m_k$, only wider: their variance is
# $v = s^2 + \sigma^2$. The density is the weighted sum of the bumps:
#
# $$p(x) = \sum_k w_k \, \frac{1}{(2 \pi v)^{d/2}} \exp\left(-\frac{|x - m_k|^2}{2 v}\right)$$
#
# Here $d = 2$ is the number of dimensions. Far from all bumps every exp rounds to 0, and a sampler starts far away. So compute
# $\log p(x)$, and never leave the logs.


# %% quiz="mixture_log_prob"
def mixture_log_prob(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    """log p(x), shape (B,); x (B, d), means (K, d), std = sqrt(v), weights (K,) that add up to 1."""
    raise NotImplementedError


# %%
mixture_log_prob = check(mixture_log_prob)

# %% [markdown]
# A density has to add up to 1. Does yours, at every noise level?


# %%
def noisy(sigma: float) -> dict:
    """What your two functions need to know about the four modes, at noise sigma."""
    std = math.sqrt(0.05**2 + sigma**2)
    return {"means": mixture.means, "std": std, "weights": mixture.weights}


ticks = torch.arange(-10, 10, 0.02)
grid = torch.cartesian_prod(ticks, ticks)  # a million places, each stands for 0.02 x 0.02
totals = []
for sigma in strengths[:3]:
    density = mixture_log_prob(grid, **noisy(sigma)).exp()
    totals.append(f"{float(density.sum() * 0.02**2):.3f}")
print("the density adds up to", ", ".join(totals))

# %%
axes = plots.panels(
    "Your density: the heaviest bump is the darkest, and noise blurs them",
    [f"sigma = {sigma:g}" for sigma in strengths[1:]],
    "first number",
    "second number",
    (2.7, 2.7),
)
for axis, sigma in zip(axes, strengths[1:], strict=True):
    plots.draw_density(axis, partial(mixture_log_prob, **noisy(sigma)), limit=4)

# %% [markdown]
# *In the picture: left, four green spots, the upper right one darkest, the lower right one palest; in the middle they run together;
# right, one wide green blur a little above the middle. In each panel the darkest green is that panel's highest density.*
#
# ## The arrows
#
# To get from noise to data you want to know, at every place: in which direction do the points grow denser? That is the gradient of
# $\log p$, called the **score**. It is a field of arrows, one field for each noise level. First guess one arrow.

# %%
question("where_far_arrows_point")

# %% quiz="where_far_arrows_point"
where_far_arrows_point = ""  # your letter, between the quotes

# %%
check(where_far_arrows_point, "where_far_arrows_point")

# %% [markdown]
# Now the formula. A single bump $k$ pulls with the arrow $(m_k - x) / v$. Each bump counts with the probability $r_k(x)$ that $x$ came
# from it, which is its share in the density at $x$:
#
# $$\nabla \log p(x) = \sum_k r_k(x) \, \frac{m_k - x}{v}, \qquad
# r_k(x) = \frac{w_k \exp(-|x - m_k|^2 / 2v)}{\sum_j w_j \exp(-|x - m_j|^2 / 2v)}$$
#
# A function that turns logs into shares, without a 0 divided by 0, is the softmax.


# %% quiz="mixture_score"
def mixture_score(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    """The gradient of log p at x, (B, d); x (B, d), means (K, d), std = sqrt(v), weights (K,)."""
    raise NotImplementedError


# %%
mixture_score = check(mixture_score)

# %%
views = {"sigma = 5": (5, 10), "sigma = 1": (1, 3), "sigma = 0.3": (0.3, 2)}
axes = plots.panels(
    "Much noise: all arrows to the middle. Little noise: each to its own mode",
    list(views),
    "first number",
    "second number",
    (2.8, 2.8),
    shared=False,
)
for axis, (sigma, limit) in zip(axes, views.values(), strict=True):
    plots.draw_density(axis, partial(mixture_log_prob, **noisy(sigma)), limit=limit * 1.1)
    arrows = partial(mixture_score, **noisy(sigma))
    plots.draw_arrows(axis, arrows, "black", limit=limit, count=13)

# %% [markdown]
# *In the picture: three fields of black arrows over the green density. Left, on axes up to 10, all point to one place just above the middle. In
# the middle they still do, but bend. Right, on axes up to 2, the plane has split into four regions, and in each the arrows point to its mode.*
#
# The arrows thus settle the big question first, "roughly where?", and then the finer one, "which mode?". Between two modes there is a
# watershed. With much noise there is none.
#
# ## An arrow is a denoiser
#
# What does the gradient of a density have to do with denoising? Everything. For normal noise the best guess at the clean point is
#
# $$E[y \mid x] = x + \sigma^2 \, \nabla \log p(x), \qquad E[z \mid x] = -\sigma \, \nabla \log p(x)$$
#
# (See [2206.00364](https://arxiv.org/abs/2206.00364), equation 3.) A network that is trained to predict the noise learns the score,
# whether it knows the word or not. Test that without any formula: make two million noisy points, keep those that happen to land near one place,
# and look where their clean points were.

# %%
place, sigma = torch.tensor([[0.3, 0.1]]), 0.7
y = mixture.sample(2_000_000, generator)
x = y + sigma * torch.randn(y.shape, generator=generator)
landed_near = (x - place).norm(dim=1) < 0.1
counted = y[landed_near].mean(dim=0)
formula = (place + sigma**2 * mixture_score(place, **noisy(sigma)))[0]
assert (counted - formula).abs().max() < 0.04
print(
    f"counted and computed guess agree within 0.04: {[round(v, 1) for v in formula.tolist()]}"
)

# %% [markdown]
# ## Ride down the ladder
#
# Chapter 01's sampler only needs a model that predicts the noise between two levels. Ours is exact: the gap times $E[z \mid x]$, with
# the score that you have just written. `exact_prediction` is that model for any mixture. The ladder falls from 10, far wider than the data, to 0.02, finer
# than a mode.
#
# The slider carries one point down. The axes zoom in as the noise falls, so that the whole cloud always fits.

# %%
sigmas = noise_levels(50, sigma_max=10.0, sigma_min=0.02)
exact = partial(exact_prediction, sigmas=sigmas, mixture=mixture)
start = torch.tensor([[13.0, -2.5]])
path = [start]
for level in range(49):
    path.append(path[-1] - exact(path[-1], torch.tensor([level])))
path = torch.cat(path)  # (50, 2), one place per level


# %%
def point_in_the_field(level: int):
    sigma = float(sigmas[level])
    limit = 2 * math.sqrt(1 + sigma**2)

    def draw(axis):
        arrows = partial(mixture_score, **noisy(sigma))
        plots.draw_arrows(axis, arrows, "exact", limit, count=13)
        axis.plot(*path[: level + 1].T, color="black", linewidth=1)
        axis.plot(*path[level], "o", color="black", markersize=7)
        axis.set_title(f"level {level}, sigma = {sigma:.2g}", fontsize=9)

    return plots.as_picture(draw, (3.4, 3.4))


stills = [point_in_the_field(level) for level in (6, 23, 33)]
show_slider(
    draw=point_in_the_field,
    values=[*range(0, 49, 3), 49],
    label="level",
    still=plots.side_by_side(*stills),
    alternative="A slider over the levels: a point follows the arrows of its level, down to a mode.",
)

# %% [markdown]
# *In the picture: green arrows, a black point and the path behind it. At first the point runs straight to the middle; as the regions
# form, it is caught in one, and its path bends to that region's mode.*
#
# ## Learn it from samples
#
# For garments nobody knows the formula. So forget it, keep the 20,000 points, and do as in chapter 01: a ladder, the same loss, the same small network with
# two numbers in and two out. One thing changes: plain SGD is slow to learn four narrow modes, so Adam takes the steps. Training takes about
# five seconds.


# %%
def learn(data: Tensor, sigmas: Tensor, steps: int, network=MLP) -> torch.nn.Module:
    """Train a network on points (N, 2): chapter 01's loss, Adam, a learning rate that falls to 0."""
    torch.manual_seed(0)
    model = Preconditioned(network(2, len(sigmas) - 1), sigmas, 0.0, float(data.std()))
    for _ in train_points(model, data, sigmas, steps, torch.Generator().manual_seed(0)):
        pass
    return model


model = learn(data, sigmas, steps=4000)

# %% [markdown]
# **Noising and denoising, side by side.** Left, data drown in noise. Right, the network starts from noise and goes the other way.

# %%
generator = torch.Generator().manual_seed(1)
states = list(denoise_steps(model, (600, 2), sigmas, generator))
z = torch.randn(600, 2, generator=generator)


def cloud(points: Tensor, level: int, colour: str):
    def draw(axis):
        plots.draw_points(
            axis, points, colour, 2.2 * math.sqrt(1 + float(sigmas[level]) ** 2)
        )
        axis.set_title(f"sigma = {sigmas[level]:.2f}", fontsize=9)

    return plots.as_picture(draw, (2.4, 2.4))


levels = [0, 5, *range(10, 50, 2), 49]  # little happens while all is noise
film = []
for up, down in zip(reversed(levels), levels, strict=True):
    left = cloud(data[:600] + sigmas[up] * z, up, "data")
    film.append(plots.side_by_side(left, cloud(states[down], down, "learned")))
show_gif(
    film, "Left, four modes dissolve; right, noise gathers into four modes.", colours=32
)

# %% [markdown]
# *In the picture: left, four blue dots swell, overlap and become one cloud; right, an orange cloud tears apart into four dots. The axes zoom
# out and in with the noise.*
#
# ## Three scores
#
# It looks right. Is it? Here are three numbers that can say no.
#
# **First: the excess loss.** No network can have loss 0, since noise near a mode cannot be told from the mode's own spread. The exact model has
# the smallest possible loss, an integral that `optimal_loss` works out. What matters is how far the network lies above it.

# %%
best = optimal_loss(mixture, torch.arange(49), noise_level_schedule(sigmas))
excess = excess_neighbour_loss(model, mixture, sigmas, generator)
left, right = plots.panels(
    "The network's loss lies on the best possible one",
    ["loss", "excess of the network"],
    "level",
    "loss in units of the gap",
    (3.6, 2.8),
    shared=False,
)
left.plot(best, color=plots.COLOURS["exact"], label="best possible")
left.plot(best + excess, ".", color=plots.COLOURS["learned"], label="learned")
right.bar(range(49), excess, color=plots.COLOURS["learned"])
plots.add_legend(left)
assert excess.max() < 0.02
assert excess.mean() < 0.006
print("excess loss: below 0.02 at every level")

# %% [markdown]
# *In the picture: left, orange dots lie on a green curve that is near 0 at first, has a bump around level 20, where it is hard to tell which mode a
# point belongs to, and rises at the end. Right, the differences: orange bars of at most about a hundredth.*
#
# **Second: the weights.** Give each sample to its nearest mode and count. A count of $n$ random samples has an error of its own,
# $\sqrt{w (1 - w) / n}$, so draw it along: without error bars nobody can tell a wrong weight from bad luck.

# %%
samples = list(denoise_steps(model, (10_000, 2), sigmas, generator))[-1]
names = ["(1, 1)", "(-1, 1)", "(-1, -1)", "(1, -1)"]
share, error = mode_weights(samples, mixture)
plots.show_shares(
    mixture.weights,
    {"learned": (share, error)},
    names,
    "All four modes are found, and about as often as they should be",
)
assert (share - mixture.weights).abs().max() < 0.03
print("all four weights within 0.03")

# %% [markdown]
# *In the picture: four pale blue bars, from 0.4 down to 0.1, and close to the top of each an orange dot. Its error bar reaches two standard
# errors each way: where the top of the blue bar lies outside, the share is wrong by more than luck. The rarest mode is a case at the limit.*
#
# **Third: the energy distance.** It compares two sets of points as a whole. Draw $x, x'$ from one set and $y, y'$ from the other:
#
# $$2\,E|x - y| - E|x - x'| - E|y - y'|$$
#
# If both sets come from one distribution, points of different sets are as far apart as points of the same set, and this is 0; otherwise it is
# larger. With 2,000 points a side it is not exactly 0, and sometimes even below. How far luck alone gets it is the **floor**: the same number for two
# sets of real data. Nobody can ask for less.

# %%


def distances(points: Tensor, draw) -> Tensor:
    """Energy distances between 2,000 of these points at a time and as many fresh real ones."""
    return energy_distances(points, draw(len(points), generator), size=2000)


by_exact = list(denoise_steps(exact, (10_000, 2), sigmas, generator))[-1]
found = {
    "data": distances(mixture.sample(40_000, generator), mixture.sample),
    "exact": distances(by_exact, mixture.sample),
    "learned": distances(samples, mixture.sample),
}
title = "Luck spreads the real data as far as the learned samples"
(axis,) = plots.panels(title, [""], "energy distance to real data", "", (6.4, 1.9))
for row, (name, values) in enumerate(found.items()):
    axis.plot(values, [row] * len(values), "o", color=plots.COLOURS[name], alpha=0.7)
axis.axvline(0, color="black", linewidth=0.5)
axis.set(
    ylim=(2.5, -0.5), yticks=range(3), yticklabels=["real data (floor)", "exact", "learned"]
)
floor = found["data"].square().mean().sqrt()
assert floor < 0.004
assert found["learned"].mean() < 2 * floor
print("floor below 0.004, and the learned samples below twice the floor")

# %% [markdown]
# *In the picture: three rows of dots, twenty blue ones for real data, five green ones for the exact arrows, five orange ones for the network. All lie around 0, within a few
# thousandths.*
#
# So the network passes all three, the second one just. One fault the numbers hardly show: look at the end of the film again, at the few points between two modes. A
# network is smooth, and at a watershed the true arrows turn around almost at once.
#
# ## A lost mode, explained
#
# A sampler that draws three of four kinds of garments looks fine, sample by sample. Such a mode is called *lost*. It is tempting to blame the network. So take the
# network away: from here on the arrows are exact, and we lose a mode all the same. First a smaller harm:

# %%
question("start_too_narrow")

# %% quiz="start_too_narrow"
start_too_narrow = ""  # your letter, between the quotes

# %%
check(start_too_narrow, "start_too_narrow")

# %% [markdown]
# Try all starts from 0.3 to 20. And a second mixture, where the rarest mode has moved out to $(4, -4)$. **Predict:** which share does that mode get
# when the start is narrow?

# %%
far_out = [[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [4.0, -4.0]]
moved = GaussianMixture(far_out, 0.05, mixture.weights)


def ride(mixture: GaussianMixture, sigma_max: float, count: int = 4000) -> Tensor:
    """States of the exact sampler that starts at sigma_max, (levels, count, 2)."""
    ladder = noise_levels(40, sigma_max, 0.02)
    model = partial(exact_prediction, sigmas=ladder, mixture=mixture)
    seeded = torch.Generator().manual_seed(0)
    return torch.stack(list(denoise_steps(model, (count, 2), ladder, seeded)))


starts = [0.3, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0]
four, lost = (
    torch.stack([mode_weights(ride(mix, start)[-1], mix)[0] for start in starts])
    for mix in (mixture, moved)
)
assert (four[0] - 0.25).abs().max() < 0.08
assert (four[-1] - mixture.weights).abs().max() < 0.03
assert lost[0, 3] == 0 < lost[-1, 3] - 0.08
print("start at 0.3: each of the four modes gets roughly a quarter,")
print("and the mode that moved out gets nothing")

# %%
axes = plots.panels(
    "Exact arrows, narrow starts: weights forgotten (left), a mode lost (right)",
    ["four modes at (±1, ±1)", "the rarest moved to (4, -4)"],
    "sigma at which the sampler starts",
    "share of the samples",
    (3.7, 3.0),
)
axes[0].set_ylim(-0.02, 0.45)
for axis, shares in zip(axes, (four, lost), strict=True):
    for k, colour in enumerate(plots.OTHER_COLOURS):
        weight = float(mixture.weights[k])
        axis.semilogx(
            starts, shares[:, k], "o-", color=colour, label=f"true weight {weight:.1f}"
        )
        axis.axhline(weight, color=colour, linestyle=":")
    if axis is axes[0]:
        axis.legend(ncols=2, loc="lower left", frameon=False, fontsize=8)

# %% [markdown]
# *In the picture: four curves each, and their true weights as dotted lines. Left the curves start close together, between 0.19 and 0.29, and part until each reaches its
# line, at about sigma = 10. Right the curve of the rarest mode lies at 0 up to sigma = 1, and comes near its line only at 10.*
#
# Why? Watch single points. Forty starts each, the arrows exact again:

# %%
axes = plots.panels(
    "From a narrow start no path leads to the mode at the lower right",
    ["start at sigma = 0.5", "start at sigma = 20"],
    "first number",
    "second number",
    (3.4, 3.4),
)
for axis, sigma_max in zip(axes, (0.5, 20.0), strict=True):
    paths = ride(moved, sigma_max, count=40)
    axis.plot(*paths.permute(2, 0, 1), color=plots.COLOURS["exact"], linewidth=0.7)
    plots.draw_points(axis, paths[0], "noise", limit=6, size=14)
    plots.draw_points(axis, moved.means, "data", limit=6, size=40)

# %% [markdown]
# *In the picture: left, grey starting points huddle in the middle, and short green paths lead from them to the three near blue modes; the fourth, at the
# lower right, stands alone. Right, long green paths come in from all sides, and some of them end at each of the four modes.*
#
# The sampler may start from $\sigma_0 z$ only if noisy data at $\sigma_0$ look like that. At $\sigma_0 = 0.5$ they do not: they are clouds around the modes, and
# our start is one cloud between them. Then two things go wrong:
#
# - **The weights are forgotten.** Near a mode the arrows point to it, however full it is: in the formula, $r_k$ is nearly 1 there and $w_k$ cancels. Only where bumps overlap do
#   the arrows know the weights ([1907.05600](https://arxiv.org/abs/1907.05600), section 3.2). A path that never was there cannot respect them.
# - **A far mode is lost.** Its region of the plane holds none of the starts.
#
# The cure is more noise at the start: $\sigma_0$ about as large as the largest distance between two data points
# ([2006.09011](https://arxiv.org/abs/2006.09011), technique 1), or more.
#
# **Now with a network.** **Predict:** we train one on the mixture with the far mode, on a ladder that starts at 0.3. The far mode is in its training data. Will its excess loss
# betray that something is wrong? (Two seconds.)

# %%
low = noise_levels(20, sigma_max=0.3, sigma_min=0.02)
narrow = learn(moved.sample(20_000, generator), low, steps=1500)
narrow_excess = excess_neighbour_loss(narrow, moved, low, generator)
narrow_samples = list(denoise_steps(narrow, (4000, 2), low, generator))[-1]
narrow_share = mode_weights(narrow_samples, moved)
to_mode = torch.cdist(narrow_samples, moved.means).amin(dim=1)
stray = (to_mode > 0.3).float().mean()
assert narrow_excess.max() < 0.04
assert narrow_share[0][3] < 0.01
assert stray > 1 / 3
print(
    "excess loss below 0.04 at every level; the far mode gets less than 1 % of the samples,"
)
print("and more than a third of them end at no mode at all")

# %%
left, right = plots.panels(
    "A good loss, and bad samples: it never trained where it has to start",
    ["training data at sigma = 0.3", "samples of the network"],
    "first number",
    "second number",
    (3.4, 3.4),
)
y = moved.sample(2000, generator)
noisy_data = y + 0.3 * torch.randn(y.shape, generator=generator)
plots.draw_points(left, noisy_data, "data", limit=5)
plots.draw_points(left, 0.3 * torch.randn(400, 2, generator=generator), "noise", limit=5)
plots.draw_points(right, narrow_samples[:2000], "learned", limit=5)

# %% [markdown]
# *In the picture: left, four blue clouds of training data, one far out, and between them, where there is hardly any blue, the grey cloud of starting points. Right, orange samples at three modes and on bridges
# between them, and nothing at the lower right.*
#
# The loss is an average over noisy *data*. It says nothing about places where noisy data never are, and there the sampler starts. So a good loss alone proves little: look at
# samples, count modes, measure distances.
#
# ## A checkerboard
#
# The next shape has sharp edges, and nobody gives us a formula for its score. The same function learns it; three seconds.


# %%
def in_a_light_square(points: Tensor) -> Tensor:
    """True for points (n, 2) that are on no dark square of the 4 x 4 board on [-2, 2]²."""
    square = (points + 2).floor()
    on_the_board = ((square >= 0) & (square <= 3)).all(dim=1)
    return ~(on_the_board & (square.sum(dim=1) % 2 == 0))


def score(points: Tensor, draw) -> str:
    """Mean energy distance to real data, beside its floor: the same for real against real."""
    floor = distances(draw(20_000, generator), draw).square().mean().sqrt()
    return f"distance {distances(points, draw).mean():.4f}\nfloor {floor:.4f}"


board = checkerboard(20_000, generator)
plain = learn(board, sigmas, steps=1500)
plain_board = list(denoise_steps(plain, (10_000, 2), sigmas, generator))[-1]
astray = in_a_light_square(plain_board).float().mean()
assert not in_a_light_square(board).any()
assert astray > 0.25
print("more than a quarter of the points lie in the light squares; of the data, none")

# %%
left, right = plots.panels(
    "A small energy distance, and yet hardly a checkerboard",
    ["data", f"samples: {astray:.0%} in the light squares"],
    "first number",
    "second number",
    (2.9, 2.9),
)
right.set_xlabel(score(plain_board, checkerboard))
plots.draw_points(left, board[:3000], "data", limit=2.5)
plots.draw_points(right, plain_board[:3000], "learned", limit=2.5)

# %% [markdown]
# *In the picture: left, eight blue squares; right, an orange cloud of the same size in which one has to guess the squares. Below it, an energy distance of a few
# thousandths and its floor.*
#
# Two lessons. The energy distance feels where the bulk of the points lies, over the whole cloud; a square that leaks into its neighbour hardly moves it. A
# score that knows what to look for, the share in light squares, sees it at once.
#
# And the network: a small one is slow to learn what changes quickly from place to place. Show it the same place in finer units: beside $x$, the sines and cosines
# of $x$ at three wavelengths ([2006.10739](https://arxiv.org/abs/2006.10739)). `FourierMLP` is the same network with these additional inputs. **Predict:** how many points still go astray?

# %%
shapes = {"moons": moons, "swiss roll": swiss_roll, "checkerboard": checkerboard}
drawn = {}
for name, draw in shapes.items():  # about three seconds each
    learned = learn(draw(20_000, generator), sigmas, steps=1800, network=FourierMLP)
    drawn[name] = list(denoise_steps(learned, (10_000, 2), sigmas, generator))[-1]
now_astray = in_a_light_square(drawn["checkerboard"]).float().mean()
assert now_astray < 0.6 * astray
assert all(distances(drawn[name], shapes[name]).mean() < 0.012 for name in shapes)
print("with waves, far fewer points go astray; all energy distances are below 0.012")

# %%
names = [f"{name}{half}" for name in shapes for half in (", data", ", samples")]
title = f"With waves: two curves, and squares that you can count ({now_astray:.0%} astray)"
axes = plots.panels(title, names, "", "", (1.75, 2.2))
for place, (name, draw) in enumerate(shapes.items()):
    left, right = axes[2 * place], axes[2 * place + 1]
    plots.draw_points(left, draw(3000, generator), "data", limit=2.5, size=1.5)
    plots.draw_points(right, drawn[name][:3000], "learned", limit=2.5, size=1.5)
    right.set_xlabel(score(drawn[name], draw), fontsize=8)

# %% [markdown]
# *In the picture: six panels in pairs, blue data and orange samples: two half moons, a spiral, eight squares of a board. The orange shapes are those of the
# data, with a few strays between the curves and blurred edges of the squares. Under each stand its energy distance and the floor.*
#
# ## What you now have
#
# - the exact density and score of any Gaussian mixture, at every noise level: the truth that the next chapters compare with
# - a network that learned this score from samples, and three scores for it: excess loss, weights with error bars, energy distance beside its floor; and you have seen two of them fooled
# - a reason to start from much noise, and to distrust a good loss
#
# ## Think about it
#
# 1. The sampler starts from $10 z$. Noisy data at $\sigma = 10$ have their mean at $(0, 0.4)$. Which modes get slightly too many samples, and what could you do about it?
# 2. Your 20,000 training points are themselves a mixture: 20,000 modes with spread 0. Where would its exact arrows lead? Is that what you want from a generator?
# 3. Close to an edge of the checkerboard the density jumps. How long is the score's arrow there as $\sigma$ goes to 0? Why is that hard for a network?
#
# ## Read on
#
# - Tancik and others: Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains, [2006.10739](https://arxiv.org/abs/2006.10739)
# - Song, Ermon: Generative Modeling by Estimating Gradients of the Data Distribution, [1907.05600](https://arxiv.org/abs/1907.05600), sections 2 and 3
# - Karras and others: Elucidating the Design Space of Diffusion-Based Generative Models, [2206.00364](https://arxiv.org/abs/2206.00364), section 2
# - Székely, Rizzo: Energy statistics: A class of statistics based on distances, 2013
