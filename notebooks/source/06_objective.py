# %% [markdown]
# # 06 · Why this loss
#
# **After this notebook you can** turn a noise prediction into an $x_0$, a $v$ or a score and back, derive the simple loss from the
# likelihood and check every term with numbers, and say what another loss or another weight does to the samples.
#
# **Minutes:** 95 · **Builds on:** 04 (the posterior, one step back), 05 (a network that predicts noise). Near the end fifteen small
# networks are trained, about 20 seconds together. Everything else is exact.

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

# %%
from functools import partial

import torch
from torch import Tensor

from course_lib import objective
from course_lib.drawings import objective as drawings

# %%
from course_lib.experiments.toy2d import energy_distance, energy_floor
from course_lib.forward import extract
from course_lib.mixtures import GaussianMixture
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import excess_noise_loss, p_sample_loop
from course_lib.schedules import NoiseSchedule, snr
from course_lib.toy import MLP, fit
from course_lib.types import Predicts

# %% [markdown]
# ## Three choices in one line
#
# Chapter 05 trained a network with one line: the mean of $|\epsilon - \hat\epsilon|^2$. There are three choices in it. The network predicts
# the noise, not the data. The error is squared. Every $t$ counts the same.
#
# This chapter asks what each choice does. The data are numbers: four out of five lie near $-1$, the others near $+1$. So every exact
# answer is known.
#
# We begin with the first choice. Here is one perfect prediction under four names. You know three of them from chapters 02 and 05; $v$
# comes next.

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=50)
bumps = torch.tensor([-1.0, 1.0], dtype=torch.float64)
mixture = GaussianMixture(bumps, std=0.15, weights=[0.8, 0.2])
x = torch.linspace(-1.8, 1.8, 300, dtype=torch.float64)  # places for x_t


def best_views(step: int) -> dict[str, Tensor]:
    t = torch.full((len(x),), step)
    best = mixture.optimal_noise(x, t, schedule)
    return objective.four_views(x, t, best, schedule)


drawings.show_views(best_views(20), x, t=20)

# %% [markdown]
# ## Four ways to say the same thing
#
# A network sees $x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1-\bar\alpha_t}\,\epsilon$. If it predicts $\epsilon$, you can solve for $x_0$, and
# the other way round. Both predictions carry the same information, in different units.
#
# Units matter for learning. Near $t = T$, $x_t$ is almost pure noise, so a network that predicts the noise only has to copy its input.
# Near $t = 0$, $x_t$ is almost $x_0$, so a network that predicts $x_0$ only has to copy. For a third choice, $v$, copying works at neither
# end ([2202.00512](https://arxiv.org/abs/2202.00512), section 4).
#
# The squares of the two weights add up to 1, so the weights are the cosine and the sine of an angle $\varphi$. As $\varphi$ grows from 0 to
# 90 degrees, $x_t = \cos\varphi\; x_0 + \sin\varphi\; \epsilon$ moves along a circle from the data to the noise.

# %%
drawings.show_circle(
    float(schedule.sqrt_alphas_cumprod[20]),
    float(schedule.sqrt_one_minus_alphas_cumprod[20]),
)

# %% [markdown]
# $v$ is the velocity of this motion, the derivative by $\varphi$:
#
# $$v = \sqrt{\bar\alpha_t}\;\epsilon - \sqrt{1-\bar\alpha_t}\;x_0$$
#
# Write it for a batch in which every row has its own $t$. `extract(values, t, x_shape)` from chapter 04 looks up `values[t]` and gives it
# the shape (B, 1, ..., 1). The two weights are `schedule.sqrt_alphas_cumprod` and `schedule.sqrt_one_minus_alphas_cumprod`.


# %% quiz="v_from_start_and_noise"
def v_from_start_and_noise(
    x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """v at t for x_0 and noise, shapes (B, ...)."""
    raise NotImplementedError


# %%
v_from_start_and_noise = check(v_from_start_and_noise)

# %% [markdown]
# The fourth view is the **score** from chapter 02: the gradient of the log-density, which points to where data are likelier. If $x_0$ is
# known, $x_t$ is Gaussian with mean $\sqrt{\bar\alpha_t}\,x_0$ and variance $\sigma_t^2 = 1 - \bar\alpha_t$. The gradient of the logarithm
# of a Gaussian is
#
# $$\nabla_{x_t} \log q(x_t \mid x_0) = -\frac{x_t - \sqrt{\bar\alpha_t}\,x_0}{\sigma_t^2}$$
#
# Put in the formula for $x_t$ from above. What is left? ($\sigma_t$ is `schedule.sqrt_one_minus_alphas_cumprod`.)


# %% quiz="score_from_noise"
def score_from_noise(
    noise: Tensor, t: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """The score that `noise` (B, ...) at t stands for."""
    raise NotImplementedError


# %%
score_from_noise = check(score_from_noise)

# %% [markdown]
# A network does not know $x_0$. It predicts the *average* noise behind $x_t$. If you average the gradient above in the same way, you get the
# gradient of $\log q(x_t)$, where $q(x_t)$ is the density of all noisy data. So a trained network contains the score of every noise level
# ([2011.13456](https://arxiv.org/abs/2011.13456)). Its prediction of $x_0$ is then **Tweedie's formula**:
#
# $$\mathbb E[x_0 \mid x_t] = \frac{x_t + \sigma_t^2\, \nabla \log q(x_t)}{\sqrt{\bar\alpha_t}}$$
#
# <details><summary>Why the average of the gradients is the gradient of the log-density</summary>
#
# $\nabla \log q(x_t) = \frac{1}{q(x_t)} \int q(x_0)\, \nabla q(x_t \mid x_0)\, dx_0
# = \int \frac{q(x_0)\, q(x_t \mid x_0)}{q(x_t)}\, \nabla \log q(x_t \mid x_0)\, dx_0$, and the fraction is $q(x_0 \mid x_t)$.
#
# </details>
#
# Check both claims. The gradient comes from automatic differentiation, the mean from the mixture's own formula.

# %%
t = torch.full((len(x),), 20)
place = x.clone().requires_grad_()
log_density = mixture.log_prob(place, t, schedule)
gradient = torch.autograd.grad(log_density.sum(), place)[0]
score = score_from_noise(mixture.optimal_noise(x, t, schedule), t, schedule)
tweedie = objective.start_from_score(x, t, score, schedule)

assert (score - gradient).abs().max() < 1e-5
assert (tweedie - mixture.posterior_mean(x, t, schedule)).abs().max() < 1e-5
print("the best noise gives the gradient of the log-density, within 1e-5")
print("Tweedie's formula gives the posterior mean, within 1e-5")

# %% [markdown]
# From any of the four you get the other three. Test all directions:

# %%
truth = best_views(20)
for predicts, prediction in truth.items():
    views = objective.four_views(x, t, prediction, schedule, predicts)
    worst = max((views[name] - truth[name]).abs().max() for name in truth)
    assert worst < 1e-4
    print(f"from {predicts:5} to all four views: equal within 1e-4")

# %% [markdown]
# Now move the slider to both ends and look at the scales, which stay fixed.

# %%
drawings.show_views_slider(
    best_views, x, [0, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 49], still=5
)

# %% [markdown]
# At small $t$ the start is almost a copy of $x_t$. At large $t$ the noise is, and the best prediction of $x_0$ is constant: the mean of
# the data. $v$ behaves like the noise at small $t$ and like minus the start at large $t$, so it is never a copy. The score has the widest
# range: it grows like $1/\sigma_t$, which makes it a poor output for a network.
#
# ## The bound, term by term
#
# A generative model should give the data a high probability. Why not minimise $-\log p(x_0)$ directly? Because $p(x_0)$ is an integral over all
# paths $x_1, \dots, x_T$. But there is an upper bound. It is minus the **ELBO**, the "evidence lower bound"
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 5; in this formula $x_0$ is clean data and $x_1$ has the least noise):
#
# $$\begin{aligned}-\log p(x_0) \;\le\;& \underbrace{D(q(x_T \mid x_0)\,\|\,p(x_T))}_{L_T} \\
# &+ \sum_{t>1} \underbrace{D(q(x_{t-1} \mid x_t, x_0)\,\|\,p(x_{t-1} \mid x_t))}_{L_{t-1}} \\
# &+ \underbrace{\left(- \log p(x_0 \mid x_1)\right)}_{L_0}\end{aligned}$$
#
# Each term is averaged over the noise.
#
# - $L_T$ asks: does the end look like pure noise? No network is in it.
# - $L_{t-1}$ asks: is the model's step back close to the step that knows $x_0$?
# - $L_0$ asks: does the last step hit the data?
#
# $D$ is the KL divergence, $D(p_1\,\|\,p_2) = \mathbb E_{p_1}[\log p_1 - \log p_2]$. With the natural logarithm it is measured in *nats*. All
# these distributions are Gaussian. Here are three pairs, with their $D$:

# %%
drawings.show_kl([(2.0, 1.0), (0.0, 2.0), (0.0, 0.5)])

# %% [markdown]
# For two Gaussians $D$ has a formula. Derive it on paper. The three numbers above are a test.
#
# <details><summary>Two facts to start from</summary>
#
# $\log p_i(x) = -\tfrac12 \log(2\pi v_i) - (x - m_i)^2 / (2 v_i)$ for a Gaussian with mean $m_i$ and variance $v_i$.
#
# If $x$ is drawn from the first one: $\mathbb E\,(x - m_1)^2 = v_1$ and $\mathbb E\,(x - m_2)^2 = v_1 + (m_1 - m_2)^2$.
#
# </details>


# %% quiz="kl_between_gaussians"
def kl_between_gaussians(
    mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor
) -> Tensor:
    """KL(N(mean1, variance1) || N(mean2, variance2)) in nats,
    for each element; shapes are broadcast.
    """
    raise NotImplementedError


# %%
kl_between_gaussians = check(kl_between_gaussians)

# %% [markdown]
# `objective.elbo_terms` uses this formula at every step. In the course's code $t$ counts from 0, one less than in the formula. So row 0 of
# the result is the last step, $L_0$, the rows after it are the steps $L_1, L_2, \dots$, and the last row is $L_T$. Two things are left for
# us to choose:
#
# - the variance of a step back: for now $\beta_t$;
# - the last step. Our data are numbers, not pixels, so $p(x_0 \mid x_1)$ is a Gaussian density. A density can be larger than 1, so $L_0$ and
#   the whole sum can be negative.
#
# We compute each average in two ways: with random draws, as in training, and as an exact sum over a fine grid of $x_0$ and noise
# (`every_draw`). And we compare two models: the exact one, and one that assumes a single broad bump with the right mean and the right
# standard deviation.

# %%
start, noise, probability = objective.every_draw(mixture, points=33)
mean = probability @ start
std = (probability @ (start - mean) ** 2).sqrt()
one_bump = GaussianMixture(mean[None], std[None])
models = {
    "exact": partial(mixture.optimal_noise, schedule=schedule),
    "one bump": partial(one_bump.optimal_noise, schedule=schedule),
}
g = torch.Generator().manual_seed(0)
some_starts = mixture.sample(2000, g)
some_noise = torch.randn(2000, generator=g, dtype=torch.float64)
summed, drawn = {}, {}
for name, model in models.items():
    terms = partial(objective.elbo_terms, model)
    each = terms(start, noise, schedule, schedule.betas)
    summed[name] = each @ probability
    drawn[name] = terms(some_starts, some_noise, schedule, schedule.betas)

# %%
question("where_one_bump_pays")

# %% quiz="where_one_bump_pays"
where_one_bump_pays = ""  # your letter, between the quotes

# %%
check(where_one_bump_pays, "where_one_bump_pays")

# %%
with after_answer("where_one_bump_pays"):
    drawings.show_terms(summed, drawn)

# %% [markdown]
# The points agree with the exact sums. (Neighbouring points err to the same side, because all $t$ share the same draws.) Now add up all
# terms, and compare with the true value $-\mathbb E \log p(x_0)$ of the data.

# %%
true_value = -(probability @ mixture.log_prob(start))
print(f"true value       {true_value:6.3f} nats")
for name in models:
    print(f"bound, {name:8}  {summed[name].sum():6.3f} nats")

# %% tags=["fold"]
# What the text says, checked
for name in models:  # five standard errors
    far = (drawn[name].mean(dim=1) - summed[name]).abs() * 2000**0.5
    assert (far < 5 * drawn[name].std(dim=1) + 1e-9).all()
more = summed["one bump"] - summed["exact"]
assert 0.85 < more[1:21].sum() / more.sum() < 0.97
one_gaussian = -(probability @ one_bump.log_prob(start))
assert (summed["one bump"].sum() - one_gaussian).abs() < 0.01

# %% [markdown]
# The one-bump model has 1.21. One broad Gaussian density, without any steps, has the same $-\mathbb E \log p(x_0)$. So its bound is nearly
# tight: the model is wrong about the data, and the bound says so. The exact model makes the best possible prediction at every $t$. Its bound
# still lies 0.11 nats above the true value. Where does this gap come from?

# %%
question("more_steps_and_the_gap")

# %% quiz="more_steps_and_the_gap"
more_steps_and_the_gap = ""  # your letter, between the quotes

# %%
check(more_steps_and_the_gap, "more_steps_and_the_gap")

# %% [markdown]
# We compute the gap for several numbers of steps. Beside $\beta_t$ we try two other variances for the step back. $\tilde\beta_t$ is the one
# with which chapter 05 samples. The best one is $\tilde\beta_t$ plus a part for not knowing $x_0$
# (Analytic-DPM, [2201.06503](https://arxiv.org/abs/2201.06503)).


# %%
def gaps(steps: int) -> dict[str, float]:
    schedule = NoiseSchedule.from_name("cosine", steps)
    model = partial(mixture.optimal_noise, schedule=schedule)
    small = schedule.posterior_variance.clone()
    small[0] = schedule.betas[0]  # beta-tilde is 0 there: no density
    variances = {
        "beta-tilde": small,
        "beta": schedule.betas,
        "best": objective.optimal_variance(mixture, schedule),
    }
    found = {}
    for name, variance in variances.items():
        terms = objective.elbo_terms(model, start, noise, schedule, variance)
        found[name] = float((terms @ probability).sum() - true_value)
    return found


gap_by_steps = {steps: gaps(steps) for steps in (10, 20, 50, 100, 200)}

# %%
with after_answer("more_steps_and_the_gap"):
    drawings.show_gaps(gap_by_steps)
    drawings.show_step_back(mixture, {10: 2, 50: 14, 200: 59}, x_t=0.1)

# %% tags=["fold"]
# What the text says, checked
of_beta = [gap_by_steps[steps]["beta"] for steps in (10, 50, 200)]
assert of_beta[0] > 2 * of_beta[1] > 4 * of_beta[2]
of_beta_tilde = [gap["beta-tilde"] for gap in gap_by_steps.values()]
assert 0.3 < min(of_beta_tilde) < max(of_beta_tilde) < 0.65
for steps in (50, 200):
    other = NoiseSchedule.from_name("cosine", steps)
    wanted = objective.optimal_variance(mixture, other)
    assert 2.3 < wanted[1] / other.posterior_variance[1] < 2.8

# %% [markdown]
# <details><summary>What you saw</summary>
#
# A large true step back, $q(x_{t-1} \mid x_t)$, has two bumps if $x_t$ lies between two, and a model's step is one Gaussian. A small true
# step is nearly Gaussian. So more steps close the gap.
#
# With $\tilde\beta_t$ the gap stays between 0.3 and 0.6 nats, with any number of steps. This variance is right if $x_0$ is known, but the
# model does not know it. Near $t = 0$ a single step removes much of the noise, so this matters there: at $t = 1$ the best variance is about
# 2.5 times as large, and half or more of the gap comes from that one step. [2102.09672](https://arxiv.org/abs/2102.09672) lets the network
# learn the variance.
#
# </details>
#
# ## From the bound to the simple loss
#
# Now you derive the loss. Take one term $L_{t-1}$ and call its mean $\tilde\mu$ when $x_0$ is known, and $\hat\mu$ when the model predicts. The
# model's variance is $\beta_t$. Work on paper, in this order:
#
# 1. Both variances are fixed. Which part of the KL depends on the network?
# 2. $x_t$ has the same weight in both means. $x_0$ has the weight $\sqrt{\bar\alpha_{t-1}}\,\beta_t / (1 - \bar\alpha_t)$
#    (`schedule.posterior_mean_coef1`). What is $\tilde\mu - \hat\mu$, in terms of $x_0 - \hat x_0$?
# 3. At a fixed $x_t$, what is $x_0 - \hat x_0$, in terms of $\epsilon - \hat\epsilon$?
# 4. Put 2 and 3 together. What is left of $\sqrt{\bar\alpha_{t-1}} / \sqrt{\bar\alpha_t}$?
# 5. Put 4 into 1. The factor in front of $|\epsilon - \hat\epsilon|^2$ is the weight $w_t$.

# %% [markdown]
# <details><summary>The five lines</summary>
#
# 1. $L_{t-1} = \text{constant} + |\tilde\mu - \hat\mu|^2 / (2 \beta_t)$
# 2. $\tilde\mu - \hat\mu = \dfrac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1 - \bar\alpha_t}\,(x_0 - \hat x_0)$
# 3. $x_0 - \hat x_0 = -\dfrac{\sqrt{1 - \bar\alpha_t}}{\sqrt{\bar\alpha_t}}\,(\epsilon - \hat\epsilon)$
# 4. $\bar\alpha_t = \alpha_t\,\bar\alpha_{t-1}$, so $|\tilde\mu - \hat\mu| = \dfrac{\beta_t}{\sqrt{\alpha_t}\,\sqrt{1 - \bar\alpha_t}}\,|\epsilon - \hat\epsilon|$
# 5. $w_t = \dfrac{1}{2\beta_t} \cdot \dfrac{\beta_t^2}{\alpha_t\,(1 - \bar\alpha_t)} = \dfrac{\beta_t}{2\,\alpha_t\,(1 - \bar\alpha_t)}$
#    ([2006.11239](https://arxiv.org/abs/2006.11239), equation 12)
#
# </details>
#
# Write the weight. `schedule.betas`, `schedule.alphas` and `schedule.alphas_cumprod` are the constants. `t` has one entry for each row,
# and so has the result.


# %% quiz="bound_weight"
def bound_weight(t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """What the bound multiplies |noise - prediction|² by
    if p has the variance beta_t, (B,) for t (B,).
    """
    raise NotImplementedError


# %%
bound_weight = check(bound_weight)

# %% [markdown]
# Compare with the KL itself. Take a model whose noise prediction is wrong by exactly 0.3. By how much does each term of the bound grow?

# %%
every = torch.arange(50)
one_start = torch.tensor([0.7], dtype=torch.float64)
one_noise = torch.tensor([-0.4], dtype=torch.float64)


def terms_with(error: float) -> Tensor:
    def model(x: Tensor, t: Tensor) -> Tensor:
        return one_noise + error

    terms = objective.elbo_terms(
        model, one_start, one_noise, schedule, schedule.betas
    )
    return terms[:-1, 0]  # without L_T, which has no network in it


growth = (terms_with(0.3) - terms_with(0.0)).float()
assert torch.allclose(
    growth, 0.3**2 * bound_weight(every, schedule), rtol=1e-2
)
print("every term grows by your weight times 0.3², within 1 %")

# %% [markdown]
# This is where the noise and the square come from. Only the weight $w_t$ is left, and the simple loss replaces it by 1. What does that
# change?

# %%
question("what_the_bound_weighs_most")

# %% quiz="what_the_bound_weighs_most"
what_the_bound_weighs_most = ""  # your letter, between the quotes

# %%
check(what_the_bound_weighs_most, "what_the_bound_weighs_most")

# %%
thousand = torch.arange(1000)
weights = {
    name: bound_weight(thousand, NoiseSchedule.from_name(name, 1000))
    for name in ("linear", "cosine")
}
with after_answer("what_the_bound_weighs_most"):
    drawings.show_bound_weights(weights)

# %% tags=["fold"]
# What the text says, checked
assert 40 < weights["linear"][0] / weights["linear"][-1] < 60
assert 0.96 < weights["cosine"][-1] / weights["cosine"].sum() < 0.985

# %% [markdown]
# <details><summary>What you saw</summary>
#
# With the linear schedule the first steps have the largest weights, because the likelihood depends on the finest detail of every pixel. The
# simple loss gives more weight to the other steps, where shapes are decided.
#
# With the cosine schedule, 97 % of the weight lies on the very last step, which destroys almost all that is left of the signal. With such a
# loss the network learns from few rows of each batch. Below you see what training with it gives.
#
# </details>
#
# ## Why the square
#
# Chapter 05 also offers `loss_type="l1"` and `"huber"`, which are known to tolerate outliers. Are they good here? Look at one place:
# $t = 20$ and $x_t = 0.1$, between the bumps. Either $x_0$ was near $-1$ and the noise was large, or $x_0$ was near $+1$ and the noise was
# negative.

# %%
drawings.show_noise_behind(mixture, schedule, t=20, x_t=0.1)

# %%
question("best_answer_under_l1")

# %% quiz="best_answer_under_l1"
best_answer_under_l1 = ""  # your letter, between the quotes

# %%
check(best_answer_under_l1, "best_answer_under_l1")

# %% [markdown]
# `objective.best_noise` gives the best possible prediction under each loss, here at this one place:

# %%
loss_types = ("l2", "huber", "l1")
with after_answer("best_answer_under_l1"):
    drawings.show_noise_behind(mixture, schedule, 20, 0.1, loss_types)

# %% [markdown]
# Now at every $x_t$ and every $t$, as a film. Blue shows how likely each $x_0$ is behind an $x_t$. The three curves show which $x_0$ three
# perfect networks predict.

# %%
with after_answer("best_answer_under_l1"):
    drawings.show_possible_starts(mixture, schedule, range(0, 50, 3))

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The mean lies where there is hardly any data. As a prediction of *this* noise it is almost never right. But the score, Tweedie's formula and
# the bound need the mean. The median is a likelier value, but it gives a wrong score. At large $t$ it ignores the rare bump completely.
#
# </details>
#
# What does a wrong score do to samples? Take three perfect networks, one for each loss. Nothing is trained here, so every difference comes
# from the loss. Each network draws three sets of 2,000 samples, with the same noise for all losses.

# %%
n, samples = 2000, {}
for loss in loss_types:
    model = partial(
        objective.best_noise,
        mixture=mixture,
        schedule=schedule,
        loss_type=loss,
    )
    runs = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        runs.append(p_sample_loop(model, (n,), schedule, g))
    samples[loss] = torch.stack(runs)

drawings.show_samples_by_loss(samples, mixture)

# %% tags=["fold"]
# What the text says, checked
rare = {loss: (x_0 > 0).double().mean(dim=1) for loss, x_0 in samples.items()}
assert (rare["l2"] - 0.2).abs().max() < 0.03
assert rare["l1"].max() < 0.15 < rare["huber"].min()
assert (rare["huber"] < rare["l2"]).all()

# %% [markdown]
# L1 follows the majority at every step, so the rare bump loses more than a third of its samples. Huber is quadratic for errors below 1 and
# linear beyond. It is wrong in the same direction, but by less. In images, the rare bump could be a rare class or a rare detail. (All bumps
# come out a little too narrow. The reason is the small number of steps: with 400 they have nearly the right width.)
#
# ## Which $t$ counts how much
#
# Back to the weights. "Every $t$ counts the same" means something different for each kind of prediction. Solve $x_t$ for $x_0$, and use
# $\mathrm{SNR} = \bar\alpha_t / (1 - \bar\alpha_t)$ from chapter 03:
#
# $$|\hat\epsilon - \epsilon|^2 = \mathrm{SNR}\;|\hat x_0 - x_0|^2, \qquad |\hat v - v|^2 = (\mathrm{SNR} + 1)\;|\hat x_0 - x_0|^2$$
#
# So the simple loss on the noise is a loss on $x_0$ with the weight SNR. With our schedule SNR falls from 570 to one millionth.
# **Min-SNR** ([2303.09556](https://arxiv.org/abs/2303.09556)) limits this weight: an error in $x_0$ counts $\min(\mathrm{SNR}, \gamma)$ with
# $\gamma = 5$, whatever the network predicts.
#
# A loss needs the weight in the network's own units, since `weighted_loss` multiplies each row's squared error by it. Which weight gives
# a squared error in $x_0$, in the noise, or in $v$ this importance?


# %% quiz="snr_weight"
def snr_weight(
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    gamma: float = 5.0,
) -> Tensor:
    """The min-SNR weight of a squared error in "start", "noise" or "v",
    (B,) for t (B,).
    """
    raise NotImplementedError


# %%
snr_weight = check(snr_weight)

# %%
ratio = snr(schedule.alphas_cumprod)
per_start = {
    "noise": ratio,
    "noise, min-SNR": ratio * snr_weight(every, schedule),
    "noise, bound": ratio * bound_weight(every, schedule),
    "start": torch.ones(50),
    "v": ratio + 1,
}
drawings.show_weights_on_start(per_start)

# %% [markdown]
# Now train with each of the five losses: the same network, batches and number of steps, with three seeds each. Each weight is divided by its
# mean, so all five losses have the same scale. `four_views` turns every prediction into noise, so we can compare them. Before you run it:

# %%
question("smallest_bound")

# %% quiz="smallest_bound"
smallest_bound = ""  # your letter, between the quotes

# %%
check(smallest_bound, "smallest_bound")


# %%
def train(weight: Tensor, predicts: Predicts, seed: int):
    torch.manual_seed(seed)
    network, g = MLP(1, 50, width=64), torch.Generator().manual_seed(seed)

    def draw_loss() -> Tensor:
        x_start = mixture.sample(256, g).float()
        noise = torch.randn(256, generator=g)
        t = torch.randint(50, (256,), generator=g)
        w = weight[t] / weight.mean()
        return objective.weighted_loss(
            network, x_start, t, noise, schedule, w, predicts
        )

    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in fit(draw_loss, optimizer, 1200):
        pass

    def predict_noise(x: Tensor, t: Tensor) -> Tensor:
        prediction = network(x.float(), t)
        views = objective.four_views(x, t, prediction, schedule, predicts)
        return views["noise"]

    return predict_noise


# %%
plain = torch.ones(50)
losses = {
    "noise": (plain, "noise"),
    "noise, min-SNR": (snr_weight(every, schedule), "noise"),
    "noise, bound": (bound_weight(every, schedule), "noise"),
    "start": (plain, "start"),
    "v": (plain, "v"),
}
learned = {}
for name, (weight, predicts) in losses.items():
    learned[name] = [train(weight, predicts, seed) for seed in range(3)]
    print(f"{name}: three networks are trained")

# %% [markdown]
# Each network gets three scores. The *excess loss* at each $t$ says how far the squared error of its noise lies above the best possible one.
# The *gap* is its bound minus the true value. The *energy distance* compares its samples with real data; the floor is what real data score
# against other real data. (A measured distance near the floor can be negative by chance. Distances below 0.0003 are drawn at 0.0003.)


# %%
def energy_of(samples: Tensor) -> float:
    real = mixture.sample(n, torch.Generator().manual_seed(0))
    return float(energy_distance(samples[:, None].double(), real[:, None]))


@torch.no_grad()
def scores(model) -> tuple[Tensor, float, float]:
    g = torch.Generator().manual_seed(1)
    excess = excess_noise_loss(model, mixture, every, schedule, g, 2048)
    each = objective.elbo_terms(model, start, noise, schedule, schedule.betas)
    gap = float((each @ probability).sum() - true_value)
    return excess, gap, energy_of(p_sample_loop(model, (n,), schedule, g))


excess, gap, distance = {}, {}, {}
for name, three in learned.items():
    of_excess, of_gap, of_distance = zip(*map(scores, three), strict=True)
    excess[name] = torch.stack(of_excess)
    gap[name] = torch.tensor(of_gap)
    distance[name] = torch.tensor(of_distance)
floor = energy_floor(
    lambda size, g: mixture.sample(size, g)[:, None],
    n,
    torch.Generator().manual_seed(3),
    10,
)

# %%
exact_gap = float(summed["exact"].sum() - true_value)
with after_answer("smallest_bound"):
    drawings.show_excess(excess)
    drawings.show_scores(gap, distance, exact_gap, floor)

# %% tags=["fold"]
# What the text says, checked
early = {name: values[:, :10].mean(dim=1) for name, values in excess.items()}
assert early["noise"].max() < 0.04
assert early["noise, bound"].min() > 5 * early["noise"].max()
assert early["start"].min() > 5 * early["noise"].max()
assert gap["v"].max() < 0.25
assert min(values.min() for name, values in gap.items() if name != "v") > 0.25
assert max(distance["noise"].max(), distance["v"].max()) < 0.008
assert distance["noise, bound"].min() > 0.04
assert floor < 0.003

# %% [markdown]
# <details><summary>What you saw</summary>
#
# - **start** has its error at small $t$. It is small in units of $x_0$, but to get the noise it is divided by a tiny $\sigma_t$.
# - **noise** has its error at the last step. An excess of a thousandth looks harmless, but the bound multiplies it by 500. This makes the
#   large gap, which changes from seed to seed. The samples are fine.
# - **min-SNR** gives less weight to the smallest $t$, and its error there is larger. It did not help in this experiment. The paper reports
#   faster training of large networks on images.
# - **bound** puts 98 % of its weight on the last of the 50 steps. It learns little else, and its own bound is not the smallest.
# - **v** is good at both ends, and its gap is close to the exact model's.
#
# So the weights of the goal need not be good weights for training.
#
# </details>
#
# ## What you now have
#
# - four views of one prediction, and the way from each to each
# - the bound, term by term, and your own derivation of the weight that the simple loss drops
# - a reason for the square: only its best answer is the posterior mean, which is the score
# - `snr_weight`, for a loss in which some steps count more
#
# ## Think about it
#
# 1. With zero terminal SNR (chapter 03) $x_T$ is pure noise. What does `snr_weight` give there for noise, start and $v$? Which of the three
#    networks can learn anything there?
# 2. The mean of all possible pictures is a blur, and L2 asks for the mean. Why are samples sharp all the same?
# 3. Huber changes from quadratic to linear at 1. In the film its curve lies on L2's at large $t$. Why?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), section 3
# - Kingma and others: Variational Diffusion Models, [2107.00630](https://arxiv.org/abs/2107.00630): the same bound, written with SNR alone
# - Salimans, Ho: Progressive Distillation, [2202.00512](https://arxiv.org/abs/2202.00512), section 4: $v$, and weights
# - Hang and others: Efficient Diffusion Training via Min-SNR Weighting Strategy, [2303.09556](https://arxiv.org/abs/2303.09556)
