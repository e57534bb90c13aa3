# %% [markdown]
# # 05 · The reverse process
#
# **After this notebook you can** train a network to name the noise, walk from pure noise back to data with it, and say in numbers how far
# it is from the best network there can be. You also know what the usual slips look like.
#
# **Minutes:** 80 · **Builds on:** 02 (mixtures, energy distance), 03, 04. Three small networks are trained, about 15 seconds together.

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
from functools import partial

import torch
from torch import Tensor

# %%
from course_lib.experiments.toy2d import energy_distances
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.mixtures import GaussianMixture, four_modes, mode_weights, optimal_loss
from course_lib.pictures.gifs import denoising_frames
from course_lib.pictures.plots import (
    COLOURS,
    add_legend,
    as_picture,
    draw_points,
    panels,
    side_by_side,
)
from course_lib.pictures.widgets import show_gif, show_slider
from course_lib.quizzes import check, question

# %%
from course_lib.reverse import (
    LOSSES,
    NetworkPerLevel,
    draw_noise,
    excess_noise_loss,
    p_sample_steps,
    predict_start,
    training_target,
)
from course_lib.schedules import NoiseSchedule
from course_lib.toy import MLP, fit
from course_lib.types import LossType, Model, Predicts

# %% [markdown]
# Three functions of chapter 04 are here, `extract`, `q_sample` and `q_posterior`, and a few helpers that the text explains where you need
# them. In your answers you may use all of it, or none.
#
# ## One thing is missing
#
# In chapter 04 you wrote `q_posterior`: whoever knows $x_0$ can walk back from $x_t$ to $x_{t-1}$. A sampler does not know $x_0$; it wants
# to make one. So it guesses. A network looks at $x_t$, guesses $x_0$, takes one small step with that guess, and looks again.
#
# How good can a guess be? For two bumps we can work out the best one, the average of all $x_0$ that may be behind $x_t$:

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=100)
bumps = GaussianMixture([-1.0, 0.8], std=[0.2, 0.1], weights=[0.3, 0.7])
x = torch.linspace(-1.5, 1.5, 400)
title = "The more noise, the more the best guess of x_0 is an average"
axes = panels(title, ["t = 10", "t = 50", "t = 90"], "x_t", "x_0")
for axis, t in zip(axes, (10, 50, 90), strict=True):
    axis.hlines(bumps.means, -1.5, 1.5, COLOURS["data"], "dotted", label="bumps")
    guess = bumps.posterior_mean(x, t, schedule)
    axis.plot(x, guess, color=COLOURS["exact"], linewidth=2, label="best guess")
_ = axes[2].legend(loc=(0.1, 0.25), frameon=False, fontsize=8)

# %% [markdown]
# *In the picture: a curve in each of three panels, and dotted lines at the bumps, -1 and 0.8. At t = 10 the curve climbs
# slowly past the one bump, jumps near x_t = 0, and climbs slowly past the other; at t = 50 it bends softly; at t = 90 it is a gentle slope
# between the bumps, where hardly any data lies.*
#
# At large $t$ the best guess is a blur. That does no harm as long as the steps are small: a small step listens almost only to $x_t$ (the
# last curves of chapter 04), and by the time the guess counts, it has become sharp.
#
# ## Guess the noise, get $x_0$
#
# DDPM's network does not guess $x_0$ itself. It guesses the noise in $x_t$, a number of spread 1 at every $t$. That is the same guess in
# other words, for `q_sample` ties the three together: $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$. Solve it for
# $x_0$ ([2006.11239](https://arxiv.org/abs/2006.11239), equation 15).


# %% quiz="predict_start_from_noise"
def predict_start_from_noise(
    x_t: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """x_0 from x_t and the noise in it, shapes (B, ...), t (B,): the opposite of `q_sample`."""
    raise NotImplementedError


# %%
predict_start_from_noise = check(predict_start_from_noise)

# %% [markdown]
# ## The training, in three lines
#
# Noise a clean batch yourself, and you know which noise is in it. So ask the network, and compare
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 14):
#
# $$L = \big\lVert \epsilon - \epsilon_\theta(\sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon,\; t) \big\rVert^2$$
#
# as a mean over all numbers of the batch. Two options come with it. `loss_type` is "l1", "l2" or "huber": the dictionary `LOSSES` has a
# function for each. And `predicts` says what the network was asked for: the "noise", the "start" $x_0$, or a mixture of both called "v",
# which chapter 06 explains. `training_target(x_start, t, noise, schedule, predicts)` is the right answer for each of them. The checker
# tries them all.


# %% quiz="p_losses"
def p_losses(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
) -> Tensor:
    """The mean distance between what model(x_t, t) says and its target, a scalar; t (B,)."""
    raise NotImplementedError


# %%
p_losses = check(p_losses)

# %% [markdown]
# Now train. The data are the four narrow modes of chapter 02, at $(\pm 1, \pm 1)$, with 40, 30, 20 and 10 % of the points. Each row of a
# batch gets a $t$ of its own. 4,000 batches of 256 take about 6 seconds (on two cores).


# %%
def train(model, mixture, schedule, steps, learning_rate):
    """Minimise p_losses on fresh draws from the mixture; the losses, one for each step."""
    draws = torch.Generator().manual_seed(0)

    def draw_loss():
        x_start = mixture.sample(256, draws)
        t = torch.randint(schedule.timesteps, (256,), generator=draws)
        noise = torch.randn(x_start.shape, generator=draws)
        return p_losses(model, x_start, t, noise, schedule)

    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return torch.tensor([loss for _, loss in fit(draw_loss, optimizer, steps)])


# %%
modes = four_modes()
torch.manual_seed(0)
network = MLP(dim=2, levels=schedule.timesteps)
losses = train(network, modes, schedule, steps=4000, learning_rate=2e-3)

# %% [markdown]
# Is the loss good? It cannot reach 0: nobody can tell exactly which noise is in $x_t$. For a mixture we know how low it can get, level by
# level (`optimal_loss`).

# %%
levels = torch.arange(schedule.timesteps)
best = optimal_loss(modes, levels, schedule)
title = "The loss falls to its floor, and the floor is not 0"
(axis,) = panels(title, [""], "training step", "loss", (6.4, 3))
means = losses.reshape(-1, 50).mean(dim=1)
axis.plot(torch.arange(0, 4000, 50), means, color=COLOURS["learned"], label="learned")
axis.axhline(best.mean(), color=COLOURS["exact"], linewidth=2, label="best possible")
axis.set_ylim(0, 0.6)
add_legend(axis)
excess = excess_noise_loss(
    network, modes, levels, schedule, torch.Generator().manual_seed(0)
)
assert excess.mean() < 0.02
print("the network's loss lies less than 0.02 above the best possible loss")

# %% [markdown]
# *In the picture: the loss falls steeply, then flattens and ends just above a horizontal line, the best possible loss, at 0.21.*
#
# ## One step back
#
# Put the pieces together. The mean of $p_\theta(x_{t-1} \mid x_t)$ is `q_posterior` with the guess in the place of $x_0$.
# `predict_start(output, x_t, t, schedule, predicts)` turns what the model says into its guess, for each kind of `predicts` (for "noise" it
# does what your function above does). If `clip_start` is set, the guess is kept inside $[-1, 1]$, where images live.


# %% quiz="p_mean"
def p_mean(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Mean of p(x_{t-1} | x_t), shapes (B, ...), t (B,)."""
    raise NotImplementedError


# %%
p_mean = check(p_mean)

# %% [markdown]
# The step itself draws from a Gaussian with that mean and the variance $\tilde\beta_t$, which is `schedule.posterior_variance`. Why add
# noise while removing it? The guess is an average. Without fresh noise every step would go to the middle of what is possible, and all
# samples would crowd there; a picture of it comes below.
#
# The rows of a batch may be at different $t$. At $t = 0$ no noise may be added, and you need no `if` for it: look at what the variance is
# there.


# %% quiz="p_sample"
def p_sample(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """One step back, x_{t-1} from x_t (B, ...), t (B,), with `noise` drawn by the caller."""
    raise NotImplementedError


# %%
p_sample = check(p_sample)

# %% [markdown]
# ## The loop: a working sampler
#
# Start from noise and take all the steps ([2006.11239](https://arxiv.org/abs/2006.11239), algorithm 2). `draw_noise(shape, schedule,
# generator)` draws standard normal noise on the right device. By the course's convention the first draw is $x_T$; then each step has a draw
# of its own. Make your `t` with `device=schedule.device`, and the loop runs on a GPU as well. Leave `@torch.no_grad()` where it is: nobody
# trains here, and it keeps no memory for gradients.


# %% quiz="p_sample_loop"
@torch.no_grad()
def p_sample_loop(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    generator: torch.Generator | None = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Samples x_0 of `shape`, (B, ...): from x_T through t = T-1, ..., 0; t is a long tensor (B,)."""
    raise NotImplementedError


# %%
p_sample_loop = check(p_sample_loop)

# %% [markdown]
# Let it run: 5,000 points of pure noise, 100 steps. Two scores tell how good they are: the share of each mode, and the energy distance to
# real points. Beside that stands its *floor*, the largest of ten such distances for *real* points: whatever is below, chance can do as
# well.


# %%
def distance(samples, mixture):
    """Energy distance of samples (n, ...) to as many real ones: the mean over lots of 1,000."""
    real = mixture.sample(len(samples), torch.Generator().manual_seed(3))
    rows = (values.reshape(len(values), -1) for values in (samples, real))
    return float(energy_distances(*rows, size=1000).mean())


def floor(mixture, size):
    """The largest of ten such distances of `size` real samples."""
    draws = torch.Generator().manual_seed(4)
    return max(abs(distance(mixture.sample(size, draws), mixture)) for _ in range(10))


# %%
generator = torch.Generator().manual_seed(1)
samples = p_sample_loop(network, (5000, 2), schedule, generator)
far, near = distance(samples, modes), floor(modes, 5000)
title = f"Your sampler finds all four modes (energy distance {far:.4f}, floor {near:.4f})"
real = modes.sample(5000, generator)
axes = panels(title, ["data", "samples"], "x", "y", (3.6, 3.6))
for axis, points, colour in zip(axes, (real, samples), ("data", "learned"), strict=True):
    draw_points(axis, points, colour, limit=1.6)
    for place, share in zip(modes.means, mode_weights(points, modes)[0], strict=True):
        axis.text(*(0.55 * place), f"{share:.2f}", ha="center", va="center")
assert far < 2 * near
print("the energy distance is less than twice its floor")

# %% [markdown]
# *In the picture: left the data, right the samples: the same four small round clouds, with about 0.40, 0.30, 0.20 and 0.10 of the points. A
# few samples lie astray between the clouds.*
#
# You have built a diffusion model. Watch it work: `p_sample_steps` is the same loop as a generator that yields every state.


# %%
def cloud(points):
    def draw(axis):
        draw_points(axis, points, "learned", limit=3)
        axis.set_title("Noise pulls apart into four modes", fontsize=9)
        axis.set(xlabel="x", ylabel="y")

    return as_picture(draw, (3.2, 3.4))


generator = torch.Generator().manual_seed(2)
way_back = list(p_sample_steps(network, (4000, 2), schedule, generator))
film = denoising_frames((state[:600] for state in way_back), total=len(way_back), count=26)
show_gif(
    [cloud(points) for points in film],
    "A round cloud of noise pulls apart into four small clouds.",
)

# %% [markdown]
# *In the picture: 600 points, first one round cloud, pull apart into four small ones.*
#
# ## The density on the way back
#
# And halfway? If all is well, the states at level $t$ have the density that the *forward* process has there, which is a formula. To draw
# it, take one of the two coordinates: the $y$ of our four modes is near $1$ for 70 % of the points and near $-1$ for 30 %. Move the slider
# from noise to data.

# %%
heights = GaussianMixture([1.0, -1.0], std=0.05, weights=[0.7, 0.3])
y = torch.linspace(-2.6, 2.6, 500)
look = {"color": COLOURS["learned"], "alpha": 0.5, "label": "samples"}


def density_at(t: int):
    def draw(axis):
        values = way_back[schedule.timesteps - 1 - t][:, 1]  # x_T comes first
        axis.hist(values.numpy(), 120, range=(-2.6, 2.6), density=True, **look)
        exact = heights.log_prob(y, t, schedule).exp()
        axis.plot(y, exact, color=COLOURS["exact"], linewidth=2, label="exact")
        axis.set(xlabel="y", ylabel="density")
        axis.set_title(f"t = {t}: the states follow the formula", fontsize=9)
        add_legend(axis)

    return as_picture(draw, (3.4, 2.6))


# %%
show_slider(
    draw=density_at,
    values=[99, 80, 70, 60, 50, 40, 30, 20, 10, 5, 0],
    label="t",
    still=side_by_side(density_at(80), density_at(40), density_at(10)),
    alternative="A slider over t: the histogram of the states follows the exact density of x_t.",
)

# %% [markdown]
# *In the picture: a standard bell at t = 80, two hills that overlap at t = 40, two narrow bumps at t = 10, the right one higher; the
# histograms follow the exact curves.*
#
# ## Where is the network good?
#
# One number for the loss hides a lot. Look at it level by level. First, your guess:

# %%
question("hardest_level")

# %% quiz="hardest_level"
hardest_level = ""  # your letter, between the quotes

# %%
check(hardest_level, "hardest_level")

# %%
title = "The least noise is the hardest to see; the network misses by little everywhere"
(axis,) = panels(title, [""], "step t", "loss", (6.4, 3))
axis.plot(levels, best, color=COLOURS["exact"], linewidth=3, label="best possible")
axis.plot(
    levels, best + excess, "--", color=COLOURS["learned"], linewidth=2, label="learned"
)
add_legend(axis)

# %% [markdown]
# *In the picture: the best loss is 0.8 at t = 0, falls steeply to almost 0, has a hill around t = 40 and ends at 0; the network's loss
# follows it closely.*
#
# At $t = 0$ the noise is finer than the data's own spread, so it can hardly be seen: always saying 0 would cost 1. The hill is where $x_t$
# no longer says which mode it came from. At the end $x_t$ *is* the noise. So a large loss is no bad sign, and losses of two schedules
# cannot be compared. The *excess* over the best can.
#
# ## Ten networks, or one?
#
# Why does one network serve all levels? Each level is a task of its own, so it could have a network of its own. Try it, on the two bumps,
# with ten noise levels: betas from 0.001 to 0.999, by the same factor each time. `NetworkPerLevel` holds ten small networks; they share
# nothing. Against them: one network, smaller than the ten together, for all levels.
#
# Both see the same 2,000 batches of 256. **Predict:** which one comes closer to the best loss? And is that so at every level? Training
# takes about 6 seconds.

# %%
ten_levels = NoiseSchedule(torch.logspace(-3, -0.000435, 10, dtype=torch.float64))
torch.manual_seed(0)
contest = {
    "ten networks": NetworkPerLevel(dim=1, levels=10),
    "one network": MLP(dim=1, levels=10, width=64),
}
for name, model in contest.items():
    train(model, bumps, ten_levels, steps=2000, learning_rate=5e-3)
    print(f"{name}: {sum(p.numel() for p in model.parameters()):,} parameters")

# %%
steps = torch.arange(10)
in_noise = {
    name: excess_noise_loss(
        model, bumps, steps, ten_levels, torch.Generator().manual_seed(0)
    )
    for name, model in contest.items()
}
ratio = (1 - ten_levels.alphas_cumprod) / ten_levels.alphas_cumprod
in_start = {name: ratio * errors for name, errors in in_noise.items()}
title = "One network wins in the noise, and loses x_0 at the last level"
axes = panels(
    title, ["of the noise", "of x_0"], "level t", "excess error", (3.8, 3), shared=False
)
for axis, errors in zip(axes, (in_noise, in_start), strict=True):
    for name, colour in (("ten networks", "#000000"), ("one network", COLOURS["learned"])):
        axis.semilogy(errors[name], "o-", color=colour, label=name)
add_legend(axes[1])
assert in_noise["one network"].mean() < in_noise["ten networks"].mean()
assert in_start["one network"][9] > 3 * in_start["ten networks"][9]

# %% [markdown]
# *In the picture: left, the single network's excess lies below that of the ten where there is little noise, and far above it at the last
# level. Right, the same errors in units of x_0: small for both, but at the last level the single network's leaps up about a
# thousandfold.*
#
# One network is nearer to the best loss with fewer parameters, because neighbouring levels are similar tasks: what it learns at one it can
# use at the next, and each of the ten sees only a tenth of the batches.
#
# Now the right picture. A guess of the noise turns into a guess of $x_0$ by dividing by $\sqrt{\bar\alpha_t}$, which at the last level is
# 0.019. An error in the noise too small to see becomes 54 times as large (squared, as drawn here, 2,900 times). For noise prediction the
# last level is a trap; chapter 06 draws the conclusion ("v").
#
# Does it show in the samples? Put both to work, and beside them somebody who makes no mistakes: `bumps.optimal_noise` is the perfect
# network, and your loop takes any callable. **Predict:** is the perfect network's energy distance at the floor after ten steps?


# %%
def compare(samples, mixture, title):
    """Histograms of named samples against the exact density, with their energy distances."""
    low, high = float(mixture.means.min()) - 1, float(mixture.means.max()) + 1
    x = torch.linspace(low, high, 400)
    names = [
        f"{name}\n{abs(distance(values, mixture)):.4f}" for name, values in samples.items()
    ]
    near = floor(mixture, len(next(iter(samples.values()))))
    axes = panels(f"{title} (energy distances; floor {near:.4f})", names, "x", "density")
    for axis, values in zip(axes, samples.values(), strict=True):
        axis.hist(values.numpy(), 80, range=(low, high), density=True, **look)
        axis.plot(x, mixture.log_prob(x).exp(), color=COLOURS["exact"], label="exact")
    add_legend(axes[0])


def perfect(mixture, schedule):
    return partial(mixture.optimal_noise, schedule=schedule)


# %%
walkers = {
    "ten networks, T = 10": (contest["ten networks"], ten_levels),
    "one network, T = 10": (contest["one network"], ten_levels),
    "perfect, T = 10": (perfect(bumps, ten_levels), ten_levels),
    "perfect, T = 100": (perfect(bumps, schedule), schedule),
}
found = {
    name: p_sample_loop(model, (8000,), levels, torch.Generator().manual_seed(6))
    for name, (model, levels) in walkers.items()
}
compare(found, bumps, "Ten steps are too coarse, even for a perfect network")

# %% [markdown]
# *In the picture: four histograms with two bumps each. With ten steps even the perfect network makes the left bump too small and puts it
# too far to the right; with a hundred steps its histogram fits the curve.*
#
# So a sampler has two errors: the network's, and the steps'. A step back is drawn from a Gaussian, and that is right only if the step is
# small. Ten steps are too coarse; chapter 12 takes few steps in a better way. The ten networks do as their perfect model does. Where the
# single network ends is luck: its wrong $x_0$ at the last level may push against the error of the steps, or along with it. With other seeds
# we have seen distances from 0.002 to 0.014.
#
# ## Slips you can see
#
# A sampler with a fault rarely crashes; it draws something worse. To see a slip alone, we use the perfect network: what is wrong now can
# only be the loop. Here it is with its screws showing: how large the noise is at each step, and at which step it stops.


# %%
def walk(mixture, schedule, spread, stop=0):
    """4,000 samples; `spread` [T] is the standard deviation of each step's noise."""
    generator = torch.Generator().manual_seed(7)
    model = perfect(mixture, schedule)
    x = torch.randn(4000, generator=generator)
    for step in range(schedule.timesteps - 1, stop - 1, -1):
        t = torch.full((4000,), step)
        noise = torch.randn(4000, generator=generator)
        x = p_mean(model, x, t, schedule) + spread[step] * noise
    return x


# %% [markdown]
# **The last step.** The paper allows a second variance for the steps, $\sigma_t^2 = \beta_t$ instead of $\tilde\beta_t$
# ([2006.11239](https://arxiv.org/abs/2006.11239), section 3.2). Data: one pixel of the background, which is $-1$ in every image.

# %%
question("noise_left_on")

# %% quiz="noise_left_on"
noise_left_on = ""  # your letter, between the quotes

# %%
check(noise_left_on, "noise_left_on")

# %%
pixel = GaussianMixture([-1.0], std=0.0)
ours, paper = schedule.posterior_variance.sqrt(), schedule.betas.sqrt()
paper_off = torch.cat([torch.zeros(1), paper[1:]])
pixels = {
    "right": walk(pixel, schedule, ours),
    "beta, off at t = 0": walk(pixel, schedule, paper_off),
    "beta, on at t = 0": walk(pixel, schedule, paper),
    "stopped at t = 1": walk(pixel, schedule, ours, stop=1),
}
print("grain:", *(f"{float(values.std()):.3f}" for values in pixels.values()))

# %%
names = [f"{name}\n{distance(values, pixel):.4f}" for name, values in pixels.items()]
axes = panels(
    "Two slips leave the same grain (energy distances; floor 0)", names, "x", "share"
)
for axis, values in zip(axes, pixels.values(), strict=True):
    axis.axvline(
        -1, color=COLOURS["exact"], linewidth=5, alpha=0.4, label="exact", zorder=0
    )
    weights = torch.full((4000,), 1 / 4000)
    axis.hist(values, 41, range=(-1.1, -0.9), weights=weights, **look | {"alpha": 1})
add_legend(axes[0])

# %% [markdown]
# *In the picture: twice a single spike at -1, right; twice a bell around -1, with a standard deviation of 0.025: once because noise is
# added at t = 0, once because the last step back is missing.*
#
# The other variance is fine, as long as its noise is off at $t = 0$. Left on, it grains the image by $\sqrt{\beta_0}$, here 3 of 255 grey
# levels. An off-by-one in the loop, `range(T - 1, 0, -1)`, leaves just the same grain. And if the noise is switched off one step too
# *early*, nothing is grainy: fine detail is too smooth instead, and that is harder to see.
#
# **The first step.** The loop starts from $\mathcal N(0, I)$. Is $x_T$ distributed like that? Only if $\bar\alpha_T$ is near 0. A linear
# schedule, built for 1,000 steps, ends at 0.13 when it is cut to 200 (chapter 03), and at 0.36 with 100. Our data are two equally large
# bumps at 1 and 3, off the centre so that it shows. **Predict:** which bump gets more samples, and why? And what does it look like if no
# step adds noise?

# %%
off_centre = GaussianMixture([1.0, 3.0], std=0.2)
long = NoiseSchedule.from_name("linear", 200, beta_end=0.1)
short, shorter = (NoiseSchedule.from_name("linear", steps) for steps in (200, 100))
slips = {
    "right": walk(off_centre, long, long.posterior_variance.sqrt()),
    "no noise in the steps": walk(off_centre, long, 0 * long.betas),
    "alpha-bar_T = 0.13": walk(off_centre, short, short.posterior_variance.sqrt()),
    "alpha-bar_T = 0.36": walk(off_centre, shorter, shorter.posterior_variance.sqrt()),
}
compare(slips, off_centre, "Without noise: needles. From the wrong start: the wrong shares")

# %% [markdown]
# *In the picture: first two equal bumps that fit the curve. Without noise two needles, much too narrow and too close together. From the
# wrong start the bumps have the right width, but the left one is higher than the right: more so at 0.36 than at 0.13.*
#
# Without noise each step goes to the middle of what is possible, and the samples crowd there. From the wrong start each sample is fine by
# itself, only the shares are wrong: $x_T$ should still remember that the data lie around 2, and be centred at 0.7. Starting from 0 says
# "closer to 1". In images this memory is brightness and large-scale colour: samples come out too average. Look at single samples only and
# you will never notice.
#
# ## What you now have
#
# - `p_losses`: the training step of every network in this course
# - `p_sample` and `p_sample_loop`: a sampler, checked against exact densities
# - three measures that need no taste: the excess over the best possible loss, the shares of the modes, the energy distance beside its floor
#
# ## Think about it
#
# 1. The best possible loss is largest at $t = 0$. Would you leave $t = 0$ out of the training?
# 2. The single network was bad at the last level only. What would you change: its training, its target, or the schedule?
# 3. With 1,000 steps of the linear schedule instead of these, which of the slips would you still see?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), sections 3 and 4
# - Lin and others: Common Diffusion Noise Schedules and Sample Steps are Flawed, [2305.08891](https://arxiv.org/abs/2305.08891): the wrong start, in large models
