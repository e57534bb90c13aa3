# %% [markdown]
# # 01 · The smallest diffusion
#
# **After this notebook you can** build a whole diffusion model in less than 100 lines, watch it turn noise into data, compare what it
# learned with the exact answer, and tell three kinds of error apart.
#
# **Minutes:** 90 · **Builds on:** 00. Everything runs on the CPU; the longest cell takes a few seconds.

# %%
try:
    import course_lib
except ModuleNotFoundError:
    raise SystemExit(
        "course_lib is not installed in this notebook's Python. Close\n"
        "JupyterLab, open a terminal in the course's folder, run `make lab`\n"
        "(on Windows: the three steps in README.md), and open this notebook\n"
        "from there."
    ) from None

# %% tags=["denoiser"]
from collections.abc import Callable

import torch
from torch import Tensor, nn

# %%
from course_lib.drawings import toy as drawings
from course_lib.experiments.toy2d import energy_distance, energy_floor
from course_lib.pictures.plots import show_histograms
from course_lib.pictures.widgets import show_film, show_slider
from course_lib.quizzes import after_answer, check, question
from course_lib.toy import excess_loss, toy_data

# %% [markdown]
# ## Numbers close to 1
#
# An image has hundreds of pixels. One pixel is enough to see how diffusion works. So our first data are plain numbers, all close to 1:
# draws from a normal distribution with mean 1 and standard deviation 0.01.
#
# Why such simple data? Because here we can work out what a perfect model would predict. At the end you compare your network with that
# exact answer.

# %% tags=["denoiser"]
generator = torch.Generator().manual_seed(0)
data = 1 + 0.01 * torch.randn(10_000, generator=generator)

# %%
show_histograms(
    {"data": data},
    "The data: 10,000 numbers",
    "$y$",
    alternative="One narrow blue bell around 1, from about 0.96 to 1.04.",
)

# %% [markdown]
# ## Add noise
#
# A noisy number is a clean number plus noise: $x = y + \sigma z$. Here $z$ is a standard normal number. The **noise level** $\sigma$ (sigma)
# is the standard deviation of the noise. Here are four noise levels:

# %%
drawings.show_strengths(data, [10.0, 1.0, 0.1, 0.01], generator)

# %% [markdown]
# From 10 to 1 the noisy numbers come about ten times closer together, and from 1 to 0.1 they do so again. What matters is the *factor*
# between two levels. So we use a list of noise levels in which each level is the one before times a fixed factor:
#
# $$\sigma_i = \sigma_\mathrm{max} \left(\frac{\sigma_\mathrm{min}}{\sigma_\mathrm{max}}\right)^{i / (L - 1)}, \qquad i = 0, \dots, L - 1$$
#
# ([1907.05600](https://arxiv.org/abs/1907.05600), section 4.1.) Level 0 has the most noise.


# %% quiz="noise_levels" tags=["denoiser"]
def noise_levels(count: int, sigma_max: float, sigma_min: float) -> Tensor:
    """Levels that fall from sigma_max to sigma_min by the same factor each
    time, float32 [count].
    """
    raise NotImplementedError


# %%
noise_levels = check(noise_levels)

# %% [markdown]
# We choose 20 levels from 10 to 0.001. The first level is far above the data's standard deviation, so nothing of the data can be seen
# there. The last one is far below it, so the noise that stays in the samples does not matter.

# %% tags=["denoiser"]
sigmas = noise_levels(20, 10.0, 0.001)

# %%
drawings.show_levels(sigmas)

# %% [markdown]
# ## What the network predicts
#
# Take one clean $y$ and one $z$. At level $i$ the noisy number is $y + \sigma_i z$. At the next level it is $y + \sigma_{i+1} z$. The
# difference is the noise *between two neighbouring levels*:
#
# $$(\sigma_i - \sigma_{i+1})\, z$$
#
# If you know this difference, you can move one level down by subtracting it. In training we know it, because we draw $z$ ourselves. The
# network sees only $x$ and the level, and learns to predict the difference.
#
# There is one problem. Call $\sigma_i - \sigma_{i+1}$ the *gap*. The first gap is 3.8, the last is 0.0006. How much would each level count
# in a plain squared error?

# %%
gaps = sigmas[:-1] - sigmas[1:]
share = gaps[:3].square().sum() / gaps.square().sum()
print(f"The first 3 of the 19 gaps: {share:.0%} of the plain squared error")

# %% [markdown]
# Training would hardly improve the other levels. So we measure each error in units of its gap. Then a model that always answers 0 has loss 1 at
# every level, and all levels count the same:
#
# $$\mathrm{loss} = \mathrm{mean} \left(\frac{\mathrm{model}(x, i) - (\sigma_i - \sigma_{i+1})\, z}{\sigma_i - \sigma_{i+1}}\right)^2$$
#
# A *model* is any function that takes `(x, level)` and returns a prediction. Each number of a batch has a level of its own, and `at_level`
# looks up the sigma for each. (Its `reshape` changes nothing for single numbers. Chapter 02 needs it for points.)

# %% tags=["denoiser"]
Model = Callable[[Tensor, Tensor], Tensor]


def at_level(sigmas: Tensor, level: Tensor, x: Tensor) -> Tensor:
    """sigmas[level], one for each row of x."""
    return sigmas[level].reshape(len(level), *[1] * (x.ndim - 1))


# %% [markdown]
# Write the loss. You make the noisy number x yourself; the argument `noise` is $z$, so don't draw any.


# %% quiz="neighbour_loss" tags=["denoiser"]
def neighbour_loss(
    model: Model, y: Tensor, level: Tensor, noise: Tensor, sigmas: Tensor
) -> Tensor:
    """The mean squared error of the predicted noise between neighbouring
    levels, in units of the gap: a scalar.

    y and noise (B, ...); level long (B,), 0 ... L-2, one for each row;
    sigmas float [L].
    """
    raise NotImplementedError


# %%
neighbour_loss = check(neighbour_loss)

# %% [markdown]
# ## The network
#
# The network has three layers of width 128, and a learned vector for each level, so that it knows which level it is at. Two more lines
# are important:
#
# - **Input:** x is shifted and scaled to mean 0 and standard deviation 1 at every level. (The standard deviation of x is
#   $\sqrt{0.01^2 + \sigma^2}$, because the variances of independent numbers add.)
# - **Output:** the answer is multiplied by the gap, so the layers themselves have to predict $z$, whose standard deviation is 1 at every level.
#
# This is called *preconditioning* ([2206.00364](https://arxiv.org/abs/2206.00364), section 5). Without it, one network would have to read
# both 30 and 1.002, and to answer both 3.8 and 0.0006. We tried that with plain SGD and 11 learning rates from 0.00000001 to 0.3, two seeds
# each. From 0.00001 on, the loss became NaN. Below that, the samples kept a standard deviation of more than 10.


# %% tags=["denoiser"]
class Network(nn.Module):
    """x and level, both (B,) -> the noise up to the next level, (B,)."""

    def __init__(self, sigmas: Tensor, mean: float, std: float, width=128):
        super().__init__()
        self.sigmas, self.mean, self.std = sigmas, mean, std
        self.inlet = nn.Linear(1, width)
        self.level = nn.Embedding(len(sigmas), width)
        self.body = nn.Sequential(
            *(nn.SiLU(), nn.Linear(width, width)),
            *(nn.SiLU(), nn.Linear(width, width)),
            *(nn.SiLU(), nn.Linear(width, 1)),
        )

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        sigma, next_sigma = self.sigmas[level], self.sigmas[level + 1]
        x = (x - self.mean) / (self.std**2 + sigma**2).sqrt()  # (B,)
        hidden = self.inlet(x[:, None]) + self.level(level)  # (B, width)
        return (sigma - next_sigma) * self.body(hidden)[:, 0]


# %% [markdown]
# ## Train it
#
# One training step: draw clean numbers, levels and noise, compute your loss, and take a step of plain SGD. The learning rate falls to 0,
# because with a constant one the network ends farther from the best answer. `train` yields each loss, and the list below keeps it, even if
# you interrupt the cell. 2,000 steps take about two seconds on a CPU core that has nothing else to do.


# %% tags=["denoiser"]
def train(model, data, sigmas, steps, generator, batch=256, rate=0.2):
    """Train by plain SGD and yield the loss of each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for step in range(steps):
        y = data[torch.randint(len(data), (batch,), generator=generator)]
        level = torch.randint(len(sigmas) - 1, (batch,), generator=generator)
        noise = torch.randn(batch, generator=generator)
        loss = neighbour_loss(model, y, level, noise, sigmas)
        optimizer.zero_grad()
        loss.backward()
        # the learning rate falls to 0 on a straight line
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.step()
        yield loss.item()


# %% tags=["denoiser"]
torch.manual_seed(0)
model = Network(sigmas, float(data.mean()), float(data.std()))
losses = []
for loss in train(model, data, sigmas, 2000, generator):
    losses.append(loss)

# %% [markdown]
# How good can the loss become? Think about the best possible model, at one level after the other.

# %%
question("where_the_loss_stays")

# %% quiz="where_the_loss_stays"
where_the_loss_stays = ""  # your letter, between the quotes

# %%
check(where_the_loss_stays, "where_the_loss_stays")

# %% tags=["fold"]
with after_answer("where_the_loss_stays"):
    best = 0.01**2 / (0.01**2 + sigmas[:-1] ** 2)
    excess = excess_loss(model, sigmas, mean=1.0, std=0.01)
    drawings.show_losses(losses, best, excess)
    assert abs(sum(losses[-500:]) / 500 - best.mean()) < 0.02
    assert excess.max() < 0.006
    print(f"The best possible loss, mean over levels: {best.mean():.2f}")
    print("The network's loss is less than 0.006 above it at every level.")

# %% [markdown]
# ## Denoise, level by level
#
# Sampling begins with pure noise at level 0. Ask the network how much noise lies between this level and the next, and subtract it. Now
# you are at the next level.
#
# For readers who know differential equations: this is one Euler step of the *probability-flow ODE*,
# $dx / d\sigma = (x - \mathrm{E}[y \mid x]) / \sigma$ ([2206.00364](https://arxiv.org/abs/2206.00364), equations 1 and 3).
#
# Write one step. The function gets no `sigmas` and needs none: the model knows its noise levels.


# %% quiz="denoise_step" tags=["denoiser"]
def denoise_step(model: Model, x: Tensor, level: int) -> Tensor:
    """From `level` to the next one, for a batch x (B, ...) that stands at
    that level.

    The model takes (x, level) with a long tensor (B,) for the level, and
    predicts in the units of x.
    """
    raise NotImplementedError


# %%
denoise_step = check(denoise_step)

# %% [markdown]
# Now write the sampler: all steps, one after the other. Keep x at every level, so that we can look at it. Be careful with the last step. It
# is easy to leave it out, and no error message tells you.


# %% quiz="sample_path" tags=["denoiser"]
def sample_path(model: Model, noise: Tensor, sigmas: Tensor) -> Tensor:
    """x at every level, from the start, which is pure noise, to the samples:
    [L, B].

    noise (B,) is standard normal; sigmas [L], the largest first.
    """
    raise NotImplementedError


# %%
sample_path = check(sample_path)

# %% tags=["denoiser"]
with torch.no_grad():
    noise = torch.randn(4000, generator=torch.Generator().manual_seed(1))
    states = sample_path(model, noise, sigmas)

# %% [markdown]
# Follow twenty of the 4,000 numbers:

# %%
drawings.show_paths(states)

# %% [markdown]
# No two paths cross. Only the start is random. After that, position and level decide where a number goes next, so a number that starts above
# another one stays above it. (With very long steps it could jump over.)
#
# The film shows 150 numbers as dots, on a coarse and on a finer axis. The histogram shows all 4,000 numbers near 1. The green curve is the
# exact density at that level: a normal distribution with variance $0.01^2 + \sigma_i^2$. Compare the two in the last frame. They do not
# agree completely. Below you find the reason.

# %%
show_film(
    drawings.path_frames(states, sigmas),
    "Dots within about 30 of 1 come together at 1. On a finer axis they come "
    "in and come together, too. A histogram near 1 grows from a flat carpet "
    "into a bell. In the end it is a little taller than the green curve.",
)

# %% [markdown]
# ## Count the lines
#
# This is a complete diffusion model: the data, `noise_levels`, `at_level`, `neighbour_loss`, `Network`, `train`, `denoise_step`,
# `sample_path`, the imports of torch, and the cells that run them. With the course's answers in the quiz cells these are 84 lines,
# docstrings included, blank lines not. The same parts, with a U-Net as the network, draw the garments of chapter 00.
#
# ## The exact answer
#
# You get a noisy $x$ and its $\sigma$. What is the best prediction of the clean $y$? The prediction with the smallest mean squared error is
# the *mean* of all the $y$ that could have led to this $x$. It is written $\mathrm{E}[y \mid x]$ and called the **posterior mean**. Here are
# data with noise as strong as their own standard deviation:

# %%
y = toy_data(4000, generator=generator)
x = y + 0.01 * torch.randn(4000, generator=generator)
drawings.show_slice_means(x, y)

# %% [markdown]
# In each slice of $x$, the mean of $y$ lies only half as far from 1 as $x$ does. There are two sources of information about $y$: the noisy
# number $x$, which is off by about $\sigma = 0.01$, and the mean of the data, which is off by about 0.01, too. Here they count the same. With
# less noise, $x$ counts more. With more noise, the mean does. For normal data the best weights are known. Try to find them before you
# open a hint.


# %% quiz="optimal_denoiser"
def optimal_denoiser(
    x: Tensor, sigma: Tensor | float, mean: Tensor | float, std: float
) -> Tensor:
    """E[y | x], the best prediction of y from x = y + sigma noise, if
    y ~ N(mean, std²); shape of x.
    """
    raise NotImplementedError


# %%
optimal_denoiser = check(optimal_denoiser)

# %% [markdown]
# This gives us an exact model, too. If $\mathrm{E}[y \mid x]$ is the best prediction of $y$, then $(x - \mathrm{E}[y \mid x]) / \sigma_i$ is the
# best prediction of $z$. The best prediction of the noise up to the next level is the gap times that:
#
# $$\frac{\sigma_i - \sigma_{i+1}}{\sigma_i} \big(x - \mathrm{E}[y \mid x]\big)$$


# %%
def exact_model(sigmas: Tensor, denoiser: Callable) -> Model:
    """The best model for these levels; `denoiser(x, sigma)` is E[y | x]."""

    def predict(x: Tensor, level: Tensor) -> Tensor:
        sigma, gap = sigmas[level], sigmas[level] - sigmas[level + 1]
        return gap / sigma * (x - denoiser(x, sigma))

    return predict


def one_bell(x: Tensor, sigma: Tensor) -> Tensor:
    return optimal_denoiser(x, sigma, 1.0, 0.01)


exact = exact_model(sigmas, one_bell)

# %% [markdown]
# Move the slider through the levels. The left side shows the numbers at that level and their exact density. The right side shows the
# predictions: orange from your network, green the exact ones.


# %%
def picture_at(level: int):
    return drawings.prediction_picture(level, model, exact, states, sigmas)


show_slider(
    draw=picture_at,
    values=range(19),
    label="level",
    still=picture_at(14),
    alternative="Left, the numbers at a level: a bell near the exact "
    "density. Right, the learned prediction: a thick orange line through 0 "
    "at x = 1 with the dashed green exact line on it. In much noise it is "
    "steep, in little noise nearly flat.",
)

# %% [markdown]
# ## Measure the samples
#
# The **energy distance** measures how different two sets of numbers are. It is 0 for two equal distributions, and grows as they differ.
# Chapter 02 derives it. We use 4,000 numbers on each side, in units of the data's standard deviation.
#
# Which value is small? The **floor** is what real data score against other real data of the same number. On average no model can do
# better. The distance is *unbiased*: over many pairs of real sets its mean is right, and the right value is 0. So many of those pairs
# come out a little below 0.


# %%
def distance_to_data(x: Tensor, seed: int) -> float:
    """The energy distance of x (4000,) to fresh data, in units of 0.01."""
    real = toy_data(4000, generator=torch.Generator().manual_seed(100 + seed))
    return float(energy_distance(x[:, None] / 0.01, real[:, None] / 0.01))


def samples_of(model: Model, seed: int) -> Tensor:
    noise = torch.randn(4000, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return sample_path(model, noise, sigmas)[-1]


def fresh(seed: int) -> Tensor:
    return toy_data(4000, generator=torch.Generator().manual_seed(200 + seed))


# %%
sources = {
    "fresh data": fresh,
    "exact model": lambda seed: samples_of(exact, seed),
    "learned model": lambda seed: samples_of(model, seed),
}
distances = {
    name: [distance_to_data(draw(seed), seed) for seed in range(3)]
    for name, draw in sources.items()
}

# %% tags=["fold"]
floor = energy_floor(
    lambda n, g: toy_data(n, generator=g)[:, None] / 0.01,
    4000,
    torch.Generator().manual_seed(3),
    repeats=10,
)
drawings.show_distances(distances, floor)
assert floor < 0.001 < 0.003 < min(distances["exact model"])
pairs = zip(distances["exact model"], distances["learned model"], strict=True)
assert all(best < network for best, network in pairs)
print(f"floor {floor:.4f}, the exact model is at least ten times as far away")

# %% [markdown]
# The network is not perfect: its samples are farther from the data than those of the exact model, for all three sampling seeds. (Two more
# networks, trained from other seeds, gave the same order.) But the exact model predicts perfectly at every level, and it is far above the
# floor, too. Two other things can be wrong: the *steps*, which come next, and the *start*, which is question 1 at the end of this chapter.
#
# ## The number of levels
#
# From now on we use the exact model only. So the network cannot be the reason for anything that you see.

# %%
question("too_few_levels")

# %% quiz="too_few_levels"
too_few_levels = ""  # your letter, between the quotes

# %%
check(too_few_levels, "too_few_levels")

# %%
ends = {}
for count in (3, 5, 10, 40):
    few = noise_levels(count, 10.0, 0.001)
    noise = torch.randn(20_000, generator=torch.Generator().manual_seed(1))
    ends[count] = sample_path(exact_model(few, one_bell), noise, few)[-1]

# %% tags=["fold"]
with after_answer("too_few_levels"):
    drawings.show_few_levels(ends)
    for count, expected in zip(ends, (0.2, 0.6, 0.78, 0.95), strict=True):
        ratio = float(ends[count].std()) / 0.01
        assert abs(ratio - expected) < 0.02
        print(f"{count:2} levels: {ratio:.2f} of the data's std")
    drawings.show_bend(lambda sigmas: exact_model(sigmas, one_bell))

# %% [markdown]
# <details><summary>Why this happens</summary>
#
# The true path of a number is curved: $x - 1$ stays proportional to $\sqrt{0.01^2 + \sigma^2}$. At $\sigma = 0.1$ almost all of the
# distance to 1 is noise, and the path goes straight towards 1. Near $\sigma = 0.01$ a good part of the distance belongs to the data and has
# to stay, so the path levels off.
#
# A step is straight. It asks the model once, at its beginning, and goes on in that direction, past the bend. Each such step removes a
# part of the data's own variation. You have seen this in the film's last frame: with 20 levels the histogram is narrower than the curve.
# Shorter steps follow the bend better. So the simple cure is more levels. Chapter 12 has a better one: steps that look ahead.
#
# </details>
#
# ## Two peaks
#
# Real data are not one bell. There are shirts and there are boots, and hardly anything in between. The simplest data of that kind are
# numbers near -1 and near 1. Your loss, your steps and your sampler work for them without a change. Each peak has standard deviation 0.2,
# so the levels may end at 0.02.

# %%
peaks = torch.tensor([-1.0, 1.0])
side = torch.randint(2, (10_000,), generator=generator)
two_peaks = peaks[side] + 0.2 * torch.randn(10_000, generator=generator)
fine_sigmas = noise_levels(40, 10.0, 0.02)

torch.manual_seed(0)
second = Network(fine_sigmas, float(two_peaks.mean()), float(two_peaks.std()))
second_losses = []
for loss in train(second, two_peaks, fine_sigmas, 2000, generator):
    second_losses.append(loss)

# %%
show_histograms(
    {"data": two_peaks},
    "The new data: 10,000 numbers",
    "$y$",
    alternative="Two equal blue bells around -1 and 1. Between them there is "
    "hardly any data.",
)

# %% [markdown]
# What does a perfect model predict between the peaks?

# %%
question("between_two_peaks")

# %% quiz="between_two_peaks"
between_two_peaks = ""  # your letter, between the quotes

# %%
check(between_two_peaks, "between_two_peaks")

# %% [markdown]
# Write the exact answer for several peaks. It has two parts. If $x$ came from *one* certain peak, you already know the posterior mean:
# `optimal_denoiser`. The new part is the probability that $x$ came from that peak. Bayes' rule says: for equal peaks, this probability is
# proportional to the density of that peak's noisy numbers at $x$.


# %% quiz="peaks_denoiser"
def peaks_denoiser(
    x: Tensor, sigma: Tensor | float, peaks: Tensor, std: float
) -> Tensor:
    """E[y | x], the best prediction of y from x = y + sigma noise, for data
    with several equal peaks; (B,).

    x (B,); sigma a number or (B,); peaks (K,), where the peaks are; std, the
    standard deviation of each.
    """
    raise NotImplementedError


# %%
peaks_denoiser = check(peaks_denoiser)


# %%
def two_bells(x: Tensor, sigma: Tensor) -> Tensor:
    return peaks_denoiser(x, sigma, peaks, 0.2)


exact_second = exact_model(fine_sigmas, two_bells)

# %% tags=["fold"]
with after_answer("between_two_peaks"):
    drawings.show_posterior_means(
        second, exact_second, fine_sigmas, [10, 15, 22], peaks, 0.2
    )

# %% [markdown]
# <details><summary>What to see in this picture</summary>
#
# The grey area shows where the noisy numbers are. Most of them have good predictions. The network makes two kinds of errors:
#
# - At $\sigma = 2$ it is off at the sides. Few noisy numbers lie there, so it has few examples to learn from. The picture also multiplies
#   each error: to get $y$ we multiply the predicted $z$ by $\sigma$. Other seeds are off at other places.
# - At $\sigma = 0.3$ its slope in the middle is too gentle. All the seeds that we tried have this error.
#
# </details>
#
# Now let numbers go from noise to the two peaks.

# %%
question("where_the_paths_fork")

# %% quiz="where_the_paths_fork"
where_the_paths_fork = ""  # your letter, between the quotes

# %%
check(where_the_paths_fork, "where_the_paths_fork")

# %%
even = (torch.arange(16) + 0.5) / 16
even = torch.special.ndtri(even)  # normal numbers, evenly spread
with torch.no_grad():
    learned_paths = sample_path(second, even, fine_sigmas)
    exact_paths = sample_path(exact_second, even, fine_sigmas)

# %% tags=["fold"]
with after_answer("where_the_paths_fork"):
    drawings.show_fork(learned_paths, exact_paths, fine_sigmas, peaks, 0.2)

# %% [markdown]
# The network makes an error between the peaks. One of its orange paths ends near 0, at neither peak. How many of its samples end between
# -0.4 and 0.4?

# %%
noise = torch.randn(20_000, generator=torch.Generator().manual_seed(1))
with torch.no_grad():
    finals = {
        "data": two_peaks,
        "exact model": sample_path(exact_second, noise, fine_sigmas)[-1],
        "network": sample_path(second, noise, fine_sigmas)[-1],
    }
between = {}
for name, numbers in finals.items():
    between[name] = float((numbers.abs() < 0.4).float().mean())

# %% tags=["fold"]
assert between["data"] < 0.003 < between["exact model"] < 0.008
assert between["network"] > 0.02
for name, limits in (
    ("data", "below 0.3 %"),
    ("exact model", "0.3 to 0.8 %"),
    ("network", "above 2 %"),
):
    print(f"{name:11} {limits} of the samples between -0.4 and 0.4")

# %% [markdown]
# Networks from three seeds put 4.0 to 4.7 % of their samples there. The data have 0.1 %. In little noise the exact prediction changes
# quickly from one peak to the other. The network's slope is gentler, so it pulls numbers too weakly to either side.
#
# The exact model has 0.4 %, because of its steps: with 400 levels it has 0.15 %.
#
# ## What you now have
#
# - a whole diffusion model that you can read from end to end
# - the exact posterior mean for one bell and for several peaks, to compare a network with
# - three errors that you can tell apart: the network's, the steps', and the start's
#
# ## Think about it
#
# 1. The mean of the samples is 0.999, not 1, even with the exact model and 200 levels. What is wrong with the start? (Compare $\sigma_0 z$
#    with $y + \sigma_0 z$.)
# 2. No two paths cross. Suppose one of two peaks has 90 % of the data. Which starts lead there?
# 3. Suppose all data are the same number. What is the exact denoiser, and how many levels do you need?
#
# ## Read on
#
# - Song, Ermon: Generative Modeling by Estimating Gradients of the Data Distribution, [1907.05600](https://arxiv.org/abs/1907.05600),
#   sections 3 and 4
# - Karras and others: Elucidating the Design Space of Diffusion-Based Generative Models, [2206.00364](https://arxiv.org/abs/2206.00364),
#   section 3 for other lists of levels, and section 5 for which levels to train most
