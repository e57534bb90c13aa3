# %% [markdown]
# # 06 · Why this loss
#
# **After this notebook you can** turn a noise prediction into an $x_0$, a $v$ or a score and back, say what the simple loss has to do with
# likelihood, term by term and with numbers, and choose a loss and its weights knowing what each choice does to the samples.
#
# **Minutes:** 70 · **Builds on:** 04 (where was it one step before), 05 (the network that predicts noise). Near the end five small
# networks are trained, 10 seconds together; everything else is exact.

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
from torch.distributions import Normal

from course_lib import objective
from course_lib.experiments.toy2d import energy_distance
from course_lib.forward import extract
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import (
    COLOURS,
    OTHER_COLOURS,
    add_legend,
    as_picture,
    panels,
    side_by_side,
)
from course_lib.pictures.widgets import show_slider
from course_lib.quizzes import check, question
from course_lib.reverse import excess_noise_loss, p_mean, p_sample_loop
from course_lib.schedules import NoiseSchedule, snr
from course_lib.toy import MLP, fit
from course_lib.types import Predicts

# %% [markdown]
# ## One line to be explained
#
# Chapter 05 trained a network with one line: the mean of $|\epsilon - \hat\epsilon|^2$. Why predict the noise, and not the picture? Why the
# square? Why does every $t$ count the same? Each of these is a choice. Here you see what it does, on data where every answer is known:
# numbers near $-1$, four times out of five, or near $+1$. First a look at one perfect guess under four names. Noise and start you know from chapter 05, the score from chapter 02;
# $v$ comes next.

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=50)
mixture = GaussianMixture(torch.tensor([-1.0, 1.0], dtype=torch.float64), 0.15, [0.8, 0.2])
x = torch.linspace(-2.2, 2.2, 300, dtype=torch.float64)  # places for x_t


def best_views(step: int) -> dict[str, Tensor]:
    t = torch.full((len(x),), step)
    return objective.four_views(x, t, mixture.optimal_noise(x, t, schedule), schedule)


title = "t = 20: four names of the best prediction, each a function of x_t"
names = ("noise", "start", "v", "score")
for axis, name in zip(
    panels(title, names, "x_t", "prediction", shared=False), names, strict=True
):
    axis.plot(x, best_views(20)[name], color=COLOURS["exact"], linewidth=2)

# %% [markdown]
# *In the picture: four curves over x_t. The start climbs from -1 to 1 like an S; noise and v rise, dip where the start climbs, and rise again; the score is the noise upside
# down, with larger numbers.*
#
# ## Four ways to say the same thing
#
# A network sees $x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1-\bar\alpha_t}\,\epsilon$. If it says $\epsilon$, then $x_0$ follows by solving for it, as in chapter 05; and the other
# way round. So what a network predicts is a question of units. But units matter to a network: near $t = T$ the noise is nearly $x_t$ itself,
# and predicting it teaches nothing about $x_0$; near $t = 0$ the same is true of $x_0$. A third choice is never trivial
# ([2202.00512](https://arxiv.org/abs/2202.00512), section 4).
#
# The two weights are the cosine and the sine of an angle $\varphi$, as their squares add up to 1. So $x_t = \cos\varphi\; x_0 + \sin\varphi\; \epsilon$ moves on a circle from the data to
# the noise, and $v$ is its velocity, the derivative by $\varphi$:
#
# $$v = \sqrt{\bar\alpha_t}\;\epsilon - \sqrt{1-\bar\alpha_t}\;x_0$$


# %% quiz="v_from_start_and_noise"
def v_from_start_and_noise(
    x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """v at t for x_0 and noise, shapes (B, ...)."""
    raise NotImplementedError


# %%
v_from_start_and_noise = check(v_from_start_and_noise)

# %% [markdown]
# The fourth view comes from chapter 02: the **score**, the slope of the log-density, an arrow to where data is likelier. If $x_0$ is
# known, $x_t$ is Gaussian with mean $\sqrt{\bar\alpha_t}\,x_0$ and variance $\sigma_t^2 = 1 - \bar\alpha_t$, and the slope of a Gaussian's logarithm is
#
# $$\nabla_{x_t} \log q(x_t \mid x_0) = -\frac{x_t - \sqrt{\bar\alpha_t}\,x_0}{\sigma_t^2}$$
#
# Put in $x_t$ from above. What is left? (`schedule.sqrt_one_minus_alphas_cumprod` is $\sigma_t$.)


# %% quiz="score_from_noise"
def score_from_noise(noise: Tensor, t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The score that `noise` (B, ...) at t stands for."""
    raise NotImplementedError


# %%
score_from_noise = check(score_from_noise)

# %% [markdown]
# That was with $x_0$ known. A network does not know it, and gives the *average* noise behind $x_t$. The average of the slopes is the
# slope of $\log q(x_t)$, the density of all noisy data. So a trained network carries the score of every noise level in it
# ([2011.13456](https://arxiv.org/abs/2011.13456)). And the guess at $x_0$ is **Tweedie's formula**:
#
# $$\mathbb E[x_0 \mid x_t] = \frac{x_t + \sigma_t^2\, \nabla \log q(x_t)}{\sqrt{\bar\alpha_t}}$$
#
# Check both. The slope comes from automatic differentiation of the exact density, the mean from the mixture's own formula.

# %%
t = torch.full((len(x),), 20)
place = x.clone().requires_grad_()
slope = torch.autograd.grad(mixture.log_prob(place, t, schedule).sum(), place)[0]
score = score_from_noise(mixture.optimal_noise(x, t, schedule), t, schedule)
tweedie = objective.start_from_score(x, t, score, schedule)

assert (score - slope).abs().max() < 1e-5
assert (tweedie - mixture.posterior_mean(x, t, schedule)).abs().max() < 1e-5
print("best noise -> score: the slope of the log-density, within 1e-5")
print("Tweedie's formula:   the posterior mean, within 1e-5")

# %% [markdown]
# And all the ways round. Pretend that the network says one thing, translate it into all four, and compare.

# %%
truth = best_views(20)
for predicts, prediction in truth.items():
    views = objective.four_views(x, t, prediction, schedule, predicts)
    worst = max((views[name] - truth[name]).abs().max() for name in truth)
    assert worst < 1e-4
    others = ", ".join(name for name in names if name != predicts)
    print(f"who says {predicts:5} has said {others} as well, within 1e-4")

# %% [markdown]
# Now move the slider. At small $t$ the start is almost the diagonal: $x_t$ is the answer already. At large $t$ the noise is: all that is known of $x_0$ is its
# mean. $v$ is the noise at small $t$ and minus the start at large $t$: always the one that $x_t$ does not give away.


# %%
def views_at(step: int):
    pictures = []
    for name, curve in best_views(step).items():

        def draw(axis, name=name, curve=curve):
            axis.plot(x, curve, color=COLOURS["exact"], linewidth=2)
            axis.set(xlabel="x_t", title=f"{name}, t = {step}")

        pictures.append(as_picture(draw, (2.2, 2.2)))
    return side_by_side(*pictures)


show_slider(
    draw=views_at,
    values=[0, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 49],
    label="t",
    still=views_at(5),
    alternative="A slider over t; four curves over x_t: noise, start, v and score.",
)

# %% [markdown]
# *In the picture: noise, start, v and score over x_t; at small t the start is a diagonal broken by one step, at large t the noise is a straight line.*
#
# ## Where the loss comes from
#
# A generative model should give the data a high probability. So why not minimise $-\log p(x_0)$ itself? Because $p(x_0)$ is an integral over all the ways
# through $x_1, \dots, x_T$. A bound is possible, though ([2006.11239](https://arxiv.org/abs/2006.11239), equation 5):
#
# $$-\log p(x_0) \;\le\; \underbrace{D(q(x_T \mid x_0)\,\|\,p(x_T))}_{L_T}
# + \sum_{t>1} \underbrace{D(q(x_{t-1} \mid x_t, x_0)\,\|\,p(x_{t-1} \mid x_t))}_{L_{t-1}}
# \underbrace{- \log p(x_0 \mid x_1)}_{L_0}$$
#
# each term averaged over the noise. (This is the ELBO with its sign turned, in the paper's numbers, where clean data is $t = 0$.) In words: does the end look like pure noise, is
# each step back the step that somebody who knows $x_0$ would take, and does the last one hit the data? $D$ is the KL divergence, $\mathbb E_1[\log p_1 - \log p_2]$, with the natural logarithm: it counts
# in *nats*. All of
# its Gaussians have means and variances that you know, and between two Gaussians it is a formula. Derive it, or look at the hints.


# %% quiz="kl_between_gaussians"
def kl_between_gaussians(
    mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor
) -> Tensor:
    """KL(N(mean1, variance1) || N(mean2, variance2)) in nats, for each element; shapes are broadcast."""
    raise NotImplementedError


# %%
kl_between_gaussians = check(kl_between_gaussians)

# %% [markdown]
# `objective.elbo_terms` uses it for every step: row $t$ of what it returns is the step from $t$, row 0 is $L_0$, row $T$ is $L_T$. Two things are ours to choose:
#
# - the variance of a step back: for now $\beta_t$;
# - the last step. Our data are numbers, not pixels, so $p(x_0 \mid x_1)$ is a Gaussian density, with variance $\beta$ of the first step. A density can be larger than 1, so this
#   term may be negative, and so may the whole sum.
#
# Two ways to the average: draw $x_0$ and noise, as in training; or sum over a fine grid of both, weighted with their probabilities (`every_draw`), which is exact.
# And two models: the best possible one, and one that believes the data to be a single broad bump.

# %%
start, noise, probability = objective.every_draw(mixture)
mean = probability @ start
spread = (probability @ (start - mean) ** 2).sqrt()
models = {
    "exact": partial(mixture.optimal_noise, schedule=schedule),
    "one bump": partial(
        GaussianMixture(mean[None], spread[None]).optimal_noise, schedule=schedule
    ),
}
g = torch.Generator().manual_seed(0)
draws = mixture.sample(2000, g), torch.randn(2000, generator=g, dtype=torch.float64)
summed, drawn = {}, {}
for name, model in models.items():
    summed[name] = (
        objective.elbo_terms(model, start, noise, schedule, schedule.betas) @ probability
    )
    drawn[name] = objective.elbo_terms(model, *draws, schedule, schedule.betas)

# %%
title = "Drawn or summed, the terms agree; the wrong model pays where the bumps part"
axis = panels(title, [""], "step t", "nats", size=(6.4, 3.0))[0]
for name, colour in zip(models, [COLOURS["exact"], "#000000"], strict=True):
    terms = drawn[name][1:-1]
    error = 2 * terms.std(dim=1) / 2000**0.5
    axis.plot(range(1, 50), summed[name][1:-1], color=colour, label=f"{name}, summed")
    axis.errorbar(
        range(1, 50),
        terms.mean(dim=1),
        error,
        fmt=".",
        color=colour,
        capsize=2,
        label=f"{name}, 2,000 draws",
    )
axis.set_yscale("log")
add_legend(axis)

# %% [markdown]
# *In the picture: two curves over t, on a logarithmic axis, with dots and error bars (two standard errors) on them. They start together; from t = 3 to t = 25 the one-bump model's
# lies higher, about three times at t = 9; then both fall together.*
#
# (The dots lie on one side of their curve together: all $t$ share the same draws.) Below are the sums, beside the true value, $-\mathbb E \log p(x_0)$ of the data, which for a mixture is known.

# %%
true_value = -(probability @ mixture.log_prob(start))
print(f"true value       {true_value:6.3f} nats")
for name in models:
    sums = drawn[name].sum(dim=0)
    error = sums.std() / 2000**0.5
    assert (sums.mean() - summed[name].sum()).abs() < 5 * error
    far = (drawn[name].mean(dim=1) - summed[name]).abs() * 2000**0.5
    assert (far < 5 * drawn[name].std(dim=1) + 1e-9).all()  # each term by itself
    print(f"bound, {name:8}  {summed[name].sum():6.3f} nats; 2,000 draws agree")

# %% [markdown]
# The exact model's bound is above the true value by 0.11 nats. The one-bump model's is far above, near 1.21: that is what its own density, one broad Gaussian, gives
# the data. So the bound measures what a model believes, and it does so step by step.
#
# Now the 0.11. Predict first:

# %%
question("more_steps_and_the_gap")

# %% quiz="more_steps_and_the_gap"
more_steps_and_the_gap = ""  # your letter, between the quotes

# %%
check(more_steps_and_the_gap, "more_steps_and_the_gap")

# %% [markdown]
# The answer, exactly. Beside $\beta_t$ we try two other variances for the steps back: $\tilde\beta_t$, which chapter 05 samples with, and the best one there
# is, $\tilde\beta_t$ plus what the doubt about $x_0$ adds (the idea of Analytic-DPM, [2201.06503](https://arxiv.org/abs/2201.06503)).


# %%
def gaps(steps: int) -> dict[str, float]:
    schedule = NoiseSchedule.from_name("cosine", steps)
    model = partial(mixture.optimal_noise, schedule=schedule)
    small = schedule.posterior_variance.clone()
    small[0] = schedule.betas[0]  # beta-tilde is 0 there: no density
    best = objective.optimal_variance(mixture, schedule)
    found = {}
    for name, variance in [("beta-tilde", small), ("beta", schedule.betas), ("best", best)]:
        terms = objective.elbo_terms(model, start, noise, schedule, variance)
        found[name] = float((terms @ probability).sum() - true_value)
    return found


table = ["steps  beta-tilde        beta        best"]
for steps in (10, 50, 200):
    table.append(f"{steps:5}" + "".join(f"{gap:12.2f}" for gap in gaps(steps).values()))
print("gap in nats, by the variance of the steps back", *table, sep="\n")

# %% [markdown]
# More steps close the gap, with $\beta_t$ and faster with the best variance. The reason is in the next picture: the true step back, $q(x_{t-1} \mid x_t)$, may have two bumps when
# the step is large, and a model's step is one Gaussian. The smaller the step, the more Gaussian the truth.
#
# With $\tilde\beta_t$ the gap stays at half a nat, with however many steps. It is the right variance for somebody who knows $x_0$. Near $t = 0$, where a step is as large as all the
# noise there is, it is much too small for somebody who does not, and more steps only move that place closer to 0. Samples hardly suffer; likelihood does. That is why
# [2102.09672](https://arxiv.org/abs/2102.09672) learns the variance.


# %%
def draw_step_back(axis, steps: int, t: int, x_t: float) -> None:
    schedule = NoiseSchedule.from_name("cosine", steps)
    grid, beta = torch.linspace(-2, 2, 801, dtype=torch.float64), schedule.betas[t]
    forward = Normal((1 - beta).sqrt() * grid, beta.sqrt()).log_prob(torch.tensor(x_t))
    truth = (mixture.log_prob(grid, t - 1, schedule) + forward).softmax(dim=0) / 0.005
    model = partial(mixture.optimal_noise, schedule=schedule)
    mean = p_mean(model, torch.tensor([x_t]).double(), torch.tensor([t]), schedule)
    axis.plot(grid, truth, color=COLOURS["exact"], linewidth=2, label="exact")
    ours = Normal(mean, beta.sqrt()).log_prob(grid).exp()
    axis.plot(grid, ours, color="#000000", linestyle="--", label="one Gaussian")


title = (
    "From the same place: a large true step back has two bumps, a small one is a Gaussian"
)
axes = panels(
    title, ["T = 10, t = 2", "T = 200, t = 59"], "x_{t-1}", "density", (3.2, 2.6), False
)
for axis, steps, t in zip(axes, (10, 200), (2, 59), strict=True):
    draw_step_back(axis, steps, t, 0.1)
add_legend(axes[0])

# %% [markdown]
# *In the picture: left, the exact density has a tall and a low bump, and the dashed Gaussian stands between them; right, there is one narrow bump, and the dashed Gaussian lies on
# it.*
#
# ## From the bound to the simple loss
#
# Take one $L_{t-1}$ and put in the means of both Gaussians. All that depends on the model is the difference of the predictions
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 12, with $\sigma_t^2 = \beta_t$):
#
# $$L_{t-1} = \text{a constant} + \underbrace{\frac{\beta_t}{2\,\alpha_t\,(1 - \bar\alpha_t)}}_{w_t}\; |\epsilon - \hat\epsilon(x_t, t)|^2$$
#
# There is the square, and there is the noise. One thing is left over, the weight $w_t$, and the simple loss drops it. What does that change?

# %%
title = "The bound's weights on |noise error|², divided by their mean; the simple loss is 1"
axis = panels(title, [""], "step t of 1000", "weight", size=(6.4, 3.0))[0]
for name in ("linear", "cosine"):
    long = NoiseSchedule.from_name(name, 1000)
    weight = objective.bound_weight(torch.arange(1000), long)
    axis.plot(weight / weight.mean(), color=COLOURS[name], linewidth=2, label=name)
axis.axhline(1, color="#000000", linestyle="--", label="simple")
axis.set_yscale("log")
add_legend(axis)

# %% [markdown]
# *In the picture: on a logarithmic axis, the linear schedule's weight falls from about 50 at t = 0 to a little below 1; the cosine schedule's begins at 1, is about a
# hundredth almost everywhere and shoots up to nearly 1,000 at the very end; a dashed line at 1.*
#
# With the linear schedule the bound cares most about the first steps, where noise is too faint to be seen: likelihood counts every digit. The simple loss gives that effort to
# the middle, where shapes are decided. With the cosine schedule the bound cares about little but the last steps, where one step wipes out everything. A loss in which a few $t$ weigh a hundred
# times more than the rest also learns from few rows of each batch. You will train with all of these below.
#
# ## Squares, and what else could stand there
#
# Chapter 05 offers `loss_type="l1"` and `"huber"`, which are known to forgive outliers. Is that good here? Look at one place: $t = 20$, and $x_t = 0.1$ between the bumps.
# Either $x_0$ was near $-1$, and the noise about 1.4. Or it was near 1, and the noise about $-1.1$.

# %%
question("best_answer_under_l1")

# %% quiz="best_answer_under_l1"
best_answer_under_l1 = ""  # your letter, between the quotes

# %%
check(best_answer_under_l1, "best_answer_under_l1")

# %%
where, t = torch.tensor([0.1], dtype=torch.float64), torch.tensor([20])
means, stds, weights = objective.noise_given(where, t, mixture, schedule)
grid = torch.linspace(-2.5, 2.5, 500, dtype=torch.float64)
density = GaussianMixture(means[0], stds[0], weights[0]).log_prob(grid).exp()

title = "Which noise is behind x_t = 0.1? Only L2 answers with the mean"
axis = panels(title, [""], "noise", "density given x_t", size=(6.4, 2.8))[0]
axis.fill_between(grid, density, color=COLOURS["noise"], alpha=0.5)
losses = ("l2", "huber", "l1")
loss_colours = dict(zip(losses, [COLOURS["exact"], *OTHER_COLOURS[2:]], strict=True))
for loss in losses:
    best = objective.best_noise(where, t, mixture, schedule, loss)
    axis.axvline(float(best), color=loss_colours[loss], linewidth=2, label=loss)
add_legend(axis)
assert (means[0] @ weights[0] - mixture.optimal_noise(where, t, schedule)).abs() < 1e-6

# %% [markdown]
# *In the picture: a tall bump near 1.4 and a lower one near -1.1. The L2 line stands at 0.7 in the empty space between, Huber at 1.0, L1 on the tall bump's side.*
#
# Why the mean, of all answers? The mean falls where nothing is, and as a guess at *this* noise it is never right. But it is the score, exactly: everything above, Tweedie
# and the bound and the step back, rests on the mean. The median is a better guess and a wrong score.
#
# So take three perfect networks, one for each loss: at every $x_t$ the very best answer (`best_noise`). There is no training, so nothing can be blamed on it. Sample with
# each, from the same noise. The floor is the energy distance between two real sets of the same size. (5 seconds.)

# %%
n = 2000
g = torch.Generator().manual_seed(0)
sets = [mixture.sample(n, g)[:, None] for _ in range(11)]
floor = max(energy_distance(sets[i], sets[i + 1]) for i in range(0, 10, 2))
real, samples, distance = sets[10], {}, {}
for loss in losses:
    model = partial(
        objective.best_noise, mixture=mixture, schedule=schedule, loss_type=loss
    )
    drawn_x = p_sample_loop(model, (n,), schedule, torch.Generator().manual_seed(0))
    samples[loss] = drawn_x
    distance[loss] = energy_distance(drawn_x[:, None].double(), real)
rare = {loss: float((x > 0).float().mean()) for loss, x in samples.items()}

# %%
title = f"20 % of the data are rare: L1 loses a good part of them (floor {floor:.4f})"
labels = [f"{k}: {rare[k]:.0%} rare, distance {distance[k]:.4f}" for k in losses]
axes = panels(title, labels, "x_0", "density", (3.0, 2.6))
for axis, loss in zip(axes, losses, strict=True):
    bins = torch.linspace(-2, 2, 81)
    axis.hist(samples[loss], bins, density=True, color=loss_colours[loss])
    axis.plot(x, mixture.log_prob(x).exp(), color="#000000", linewidth=1.5)

assert floor < 0.003
assert abs(rare["l2"] - 0.2) < 0.03 < 0.05 < 0.2 - rare["l1"]
assert distance["l2"] < 0.004 < 0.008 < distance["l1"]
print("floor: below 0.003.  L2: below 0.004, the rare bump right within 3 points.")
print("L1: above 0.008, and more than 5 points of the rare bump are missing.")

# %% [markdown]
# *In the picture: three histograms under the exact density, a black line. Under L2 the right bump fits, under Huber it is a little low, under L1 clearly too low.*
#
# L1 goes with the majority at every step, so the rare bump starves. Huber is L2 for errors below 1 and L1 beyond, so it is wrong by less, but in the same direction. (All three make bumps a little too narrow: that is the 50 steps with variance $\tilde\beta_t$, and no loss mends it.)
#
# ## Which error counts how much
#
# Back to weights. "Every $t$ counts the same" means something else for each kind of prediction, since an error is not the same in all units. Solve $x_t$ for $x_0$: with
# $\mathrm{SNR} = \bar\alpha_t / (1 - \bar\alpha_t)$ from chapter 03,
#
# $$|\hat\epsilon - \epsilon|^2 = \mathrm{SNR}\;|\hat x_0 - x_0|^2, \qquad |\hat v - v|^2 = (\mathrm{SNR} + 1)\;|\hat x_0 - x_0|^2$$
#
# So a plain loss on noise is a loss on $x_0$ with weight SNR, with our schedule 600 million times more at one end than at the other. **Min-SNR-γ** ([2303.09556](https://arxiv.org/abs/2303.09556)) holds
# it down: an error in $x_0$ counts $\min(\mathrm{SNR}, \gamma)$, with $\gamma = 5$, whatever the network predicts.

# %%
every = torch.arange(50)
ratio = snr(schedule.alphas_cumprod)
per_start = {
    "noise": ratio,
    "noise, min-SNR": ratio.clamp(max=5),
    "noise, bound": ratio * objective.bound_weight(every, schedule),
    "start": torch.ones(50),
    "v": ratio + 1,
}
look = dict(zip(per_start, [COLOURS["learned"], *OTHER_COLOURS], strict=True))
title = "What an error of 1 in x_0 counts at each t, under five losses"
axis = panels(title, [""], "step t", "weight", size=(6.4, 3.2))[0]
for name, weight in per_start.items():
    style = {"linestyle": "--", "zorder": 3} if name == "noise" else {}  # two lie under it
    axis.plot(weight, color=look[name], linewidth=2, label=name, **style)
axis.set_yscale("log")
add_legend(axis)

# %% [markdown]
# *In the picture: on a logarithmic axis, noise falls from several hundred to a millionth; v falls with it but levels off at 1; min-SNR is flat at 5 and then follows the noise; start is flat
# at 1; the bound begins near the noise, lies lowest in the middle and ends above the noise.*
#
# To use it, the weight is wanted in the network's own units: `weighted_loss` multiplies each row's squared error by it. Which weight does min-SNR give to a squared error in $x_0$, in the
# noise, in $v$?


# %% quiz="snr_weight"
def snr_weight(
    t: Tensor, schedule: NoiseSchedule, predicts: Predicts = "noise", gamma: float = 5.0
) -> Tensor:
    """The min-SNR weight of a squared error in "start", "noise" or "v", (B,) for t (B,)."""
    raise NotImplementedError


# %%
snr_weight = check(snr_weight)

# %% [markdown]
# Now train one small network with each of the five losses: the same network, the same batches, the same number of steps. Weights are divided by their mean, so that the learning rate means the
# same. Whatever a network predicts, `four_views` turns it into noise, so that all can be compared. About 10 seconds.
#
# Before you run it, write down: which network is best near $t = 0$, which near $t = 49$? And which ends with the smallest bound: the one that was trained on the bound?


# %%
def train(weight: Tensor, predicts: str):
    torch.manual_seed(0)
    network, g = MLP(1, 50), torch.Generator().manual_seed(0)

    def draw_loss() -> Tensor:
        clean, noise = mixture.sample(256, g).float(), torch.randn(256, generator=g)
        t = torch.randint(50, (256,), generator=g)
        w = weight[t] / weight.mean()
        return objective.weighted_loss(network, clean, t, noise, schedule, w, predicts)

    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in fit(draw_loss, optimizer, 1200):
        pass

    def says_noise(x: Tensor, t: Tensor) -> Tensor:
        said = network(x.float(), t)
        return objective.four_views(x, t, said, schedule, predicts)["noise"]

    return says_noise


# %%
plain = torch.ones(50)
learned = {
    "noise": train(plain, "noise"),
    "noise, min-SNR": train(snr_weight(every, schedule), "noise"),
    "noise, bound": train(objective.bound_weight(every, schedule), "noise"),
    "start": train(plain, "start"),
    "v": train(plain, "v"),
}

# %% [markdown]
# Three scores for each: the excess loss by level, which is how far the squared error of its noise lies above the best possible; the bound's gap to the true value; and the energy distance of
# its samples, beside the floor.

# %%
excess, gap, distance = {}, {}, {}
with torch.no_grad():
    for name, model in learned.items():
        g = torch.Generator().manual_seed(1)
        excess[name] = excess_noise_loss(model, mixture, every, schedule, g)
        terms = objective.elbo_terms(model, start, noise, schedule, schedule.betas)
        gap[name] = float((terms @ probability).sum() - true_value)
        g = torch.Generator().manual_seed(2)
        made = p_sample_loop(model, (n,), schedule, g).double()
        distance[name] = float(energy_distance(made[:, None], real))

# %%
title = "Same network, five losses: the weights decide where the error goes"
axis = panels(title, [""], "step t", "excess loss of the noise", size=(8.4, 3.4))[0]
for name in learned:
    label = f"{name}: gap {gap[name]:.2f}, distance {distance[name]:.4f}"
    axis.plot(excess[name], color=look[name], linewidth=2, label=label)
perfect = summed["exact"].sum() - true_value
axis.plot([], [], color="none", label=f"exact: gap {perfect:.2f}, floor {floor:.4f}")
axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
axis.set_ylim(1e-5, 5)
axis.set_yscale("log")

# %% [markdown]
# *In the picture: five curves of excess loss over t on a logarithmic axis. At small t start and bound are highest, min-SNR is next, noise and v are lowest. At large t the bound stays high
# until it drops at the last step, noise and min-SNR level off near a thousandth, start and v fall to a hundredth of that and out of the picture.*

# %%
early = {name: float(excess[name][:10].mean()) for name in learned}
assert early["noise"] < 0.03
assert excess["noise"].mean() < 0.01
assert min(early["noise, bound"], early["start"]) > 5 * early["noise"]
assert gap["v"] < 0.25 < gap["noise, bound"]
assert gap["v"] < gap["noise"]
assert distance["noise"] < 0.006
assert distance["noise, bound"] > 0.015
print("excess near t = 0: start and bound are more than 5 times worse than noise")
print("gap of the bound: v is below 0.25, the one trained on the bound is not")
print("distance: noise is below 0.006, the one trained on the bound is above 0.015")

# %% [markdown]
# What there is to see:
#
# - **start** pays at small $t$: its error there, small in units of $x_0$, is divided by a tiny $\sigma_t$ to become noise.
# - **noise** pays at the largest $t$. A thousandth does not look like much, but where one step wipes out everything the bound multiplies it by 500: hence its gap.
# - **min-SNR** takes effort from the smallest $t$, and pays there. With a network that is large enough for everything, the samples hardly notice; the paper's gain is in
#   the speed of training a network that is not.
# - **bound**: with the cosine schedule its weight sits on the last few steps, so the network sees next to nothing of the others. It does not even win on the bound. A loss is also a
#   way to train.
# - **v** is good at both ends, and its gap is next to the exact one.
#
# ## What you now have
#
# - four views of one prediction, and the way from each to each
# - the bound, term by term, and what of it the simple loss keeps: the square, the noise, not the weight
# - a reason for L2: only its answer is the posterior mean, which is the score
# - `snr_weight`, for when some steps should count more
#
# ## Think about it
#
# 1. With zero terminal SNR (chapter 03) $x_T$ is pure noise. What does `snr_weight` say there for noise, start and $v$, and which of the three networks can learn anything there?
# 2. The mean of all possible pictures is a blur, and L2 asks for the mean. Why are samples sharp all the same?
# 3. Huber has its threshold at 1. At which $t$ is it L2 in all but name? Look at how wide the noise behind one $x_t$ can be.
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), section 3
# - Kingma and others: Variational Diffusion Models, [2107.00630](https://arxiv.org/abs/2107.00630): the same bound, written with SNR alone
# - Salimans, Ho: Progressive Distillation, [2202.00512](https://arxiv.org/abs/2202.00512), section 4: $v$, and weights
# - Hang and others: Efficient Diffusion Training via Min-SNR Weighting Strategy, [2303.09556](https://arxiv.org/abs/2303.09556)
