# %% [markdown]
# # 05 · The reverse process
#
# **After this notebook you can** train a network to predict noise, walk from pure noise back to data with it, and measure how far it is from
# the best network that can exist. You also know why DDPM adds noise on the way back, and you have written a step that adds none.
#
# **Minutes:** 100 · **Builds on:** 02 (mixtures, energy distance), 03, 04. Seven small networks are trained, about 20 seconds in all.

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

# %%
from course_lib.drawings import reverse as drawings
from course_lib.experiments.toy2d import energy_distance, energy_floor
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.mixtures import GaussianMixture, four_modes, optimal_loss
from course_lib.quizzes import after_answer, check, question

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
from course_lib.toy import MLP, denoise_step, fit
from course_lib.types import LossType, Model, Predicts

# %% [markdown]
# The functions `extract`, `q_sample` and `q_posterior` are the ones that you wrote in chapter 04. The other helpers are explained where you
# need them.
#
# ## What is missing: $x_0$
#
# In chapter 04 you wrote `q_posterior`. It leads from $x_t$ one step back to $x_{t-1}$, but it needs $x_0$. A sampler does not know $x_0$:
# it wants to make one. So a network **predicts** $x_0$ from $x_t$. We take one small step with that prediction, and then predict again.
#
# How good can a prediction be? For a mixture of two bumps we can compute the best one: the average of all $x_0$ that may be behind $x_t$.

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=100)
bumps = GaussianMixture([-1.0, 0.8], std=[0.2, 0.1], weights=[0.3, 0.7])
drawings.show_best_predictions(bumps, schedule, steps=(10, 50, 90))

# %% [markdown]
# At large $t$ the best prediction is blurred: it lies between the bumps, where hardly any data are. This does no harm, because we do not jump
# to it. We take one small step towards it, and then predict again. At small $t$, where the details are decided, the prediction is sharp.
#
# **How this chapter differs from 01 and 02.** There you walked from noise to data *without* adding noise. DDPM, the sampler of this chapter,
# adds fresh noise at every step. Both ways are right. You first write DDPM, and then find out what its noise is for.
#
# ## From the noise to $x_0$
#
# DDPM's network does not predict $x_0$ itself. It predicts the noise in $x_t$, which has standard deviation 1 at every $t$. Both
# predictions say the same, because `q_sample` connects them:
# $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$. Solve this for $x_0$
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 15).


# %% quiz="predict_start_from_noise"
def predict_start_from_noise(
    x_t: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """x_0 from x_t and the noise in it, shapes (B, ...), t (B,):
    the opposite of `q_sample`.
    """
    raise NotImplementedError


# %%
predict_start_from_noise = check(predict_start_from_noise)

# %% [markdown]
# ## The loss
#
# How does a network learn to predict noise? Add noise to a clean batch yourself. Then you know the right answer, and can compare
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 14):
#
# $$L = \big\lVert \epsilon - \epsilon_\theta(\sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon,\; t) \big\rVert^2$$
#
# The loss is the mean over all numbers of the batch. There are two options:
#
# - `loss_type` is "l1", "l2" or "huber". The dictionary `LOSSES` has a function for each.
# - `predicts` says what the network predicts: the "noise", the "start" $x_0$, or "v", a mixture of both that chapter 06 explains.
#   `training_target(x_start, t, noise, schedule, predicts)` returns the target for each of them.


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
    """The mean error of model(x_t, t) against its target, a scalar;
    t (B,).
    """
    raise NotImplementedError


# %%
p_losses = check(p_losses)

# %% [markdown]
# Now train. The data are the four narrow modes of chapter 02, at $(\pm 1, \pm 1)$, with 40, 30, 20 and 10 % of the points. Each row of a
# batch gets its own $t$. Training takes about 6 seconds.


# %%
def train(model, mixture, schedule, steps, learning_rate, seed=0):
    """Minimise p_losses on fresh draws; returns the loss of each step."""
    draws = torch.Generator().manual_seed(seed)

    def draw_loss():
        x_start = mixture.sample(256, draws)
        t = torch.randint(schedule.timesteps, (256,), generator=draws)
        noise = torch.randn(x_start.shape, generator=draws)
        return p_losses(model, x_start, t, noise, schedule)

    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses = [loss for _, loss in fit(draw_loss, optimizer, steps)]
    return torch.tensor(losses)


modes = four_modes()
torch.manual_seed(0)
network = MLP(dim=2, levels=schedule.timesteps)
losses = train(network, modes, schedule, steps=4000, learning_rate=2e-3)

# %% [markdown]
# Is this loss good? It cannot reach 0, because $x_t$ does not tell exactly which noise is in it. For a mixture we can compute the smallest
# possible loss at each level (`optimal_loss`).

# %%
levels = torch.arange(schedule.timesteps)
best = optimal_loss(modes, levels, schedule)
drawings.show_losses(losses, float(best.mean()))

# %% [markdown]
# The best possible loss is 0.21 on average over the levels, and the network comes close to it. But an average hides a lot. Predict how the
# best possible loss depends on the level:

# %%
question("hardest_level")

# %% quiz="hardest_level"
hardest_level = ""  # your letter, between the quotes

# %%
check(hardest_level, "hardest_level")

# %%
excess = excess_noise_loss(
    network, modes, levels, schedule, torch.Generator().manual_seed(0)
)
with after_answer("hardest_level"):
    drawings.show_loss_by_level(best, excess)

# %% tags=["fold"]
# What the text says, checked
assert excess.mean() < 0.02
assert best.argmax() == 0

# %% [markdown]
# The *excess*, how far the network's loss lies above the best possible one, is small at every level. The excess says how good a network
# is. A large loss alone is not a bad sign, and the losses of two schedules cannot be compared.
#
# ## One step back
#
# Now use the network to go from $x_t$ to $x_{t-1}$. DDPM draws $x_{t-1}$ from a Gaussian $p_\theta(x_{t-1} \mid x_t)$. Its mean is the mean
# of `q_posterior`, with the predicted $x_0$ in the place of the true one.
#
# `predict_start(output, x_t, t, schedule, predicts)` turns the model's output into the predicted $x_0$, for each kind of `predicts`. If
# `clip_start` is set, keep the predicted $x_0$ inside $[-1, 1]$, where images live.


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
# The step itself is a draw: the mean plus fresh noise with the posterior's variance $\tilde\beta_t$, which is
# `schedule.posterior_variance`. The rows of a batch may be at different $t$. At $t = 0$ no noise may be added, but you need no `if` for
# that: look at the variance there.


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
    """One step back, x_{t-1} from x_t (B, ...), t (B,),
    with `noise` drawn by the caller.
    """
    raise NotImplementedError


# %%
p_sample = check(p_sample)

# %% [markdown]
# ## The loop: a working sampler
#
# Start from noise and take all the steps ([2006.11239](https://arxiv.org/abs/2006.11239), algorithm 2). `draw_noise(shape, schedule,
# generator)` draws standard normal noise on the right device. The first draw is $x_T$; then each step has a draw of its own. Make `t` with
# `device=schedule.device`, so that the loop also runs on a GPU. Leave `@torch.no_grad()` where it is: sampling needs no gradients.


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
    """Samples x_0 of `shape`, (B, ...): from x_T through t = T-1, ..., 0;
    t is a long tensor (B,).
    """
    raise NotImplementedError


# %%
p_sample_loop = check(p_sample_loop)

# %% [markdown]
# Run it: 2,000 points of pure noise, 100 steps. Two measures tell how good the samples are: the share of each mode, and the energy distance
# to real points. Beside the distance we print its *floor*: what real points score against other real points of the same number.

# %%
generator = torch.Generator().manual_seed(1)
samples = p_sample_loop(network, (2000, 2), schedule, generator)
real = modes.sample(2000, torch.Generator().manual_seed(2))
drawings.show_beside_data(real, samples, modes)

floor = energy_floor(modes.sample, 2000, torch.Generator().manual_seed(4))
assert energy_distance(samples, real) < 2 * floor
print(f"floor {floor:.3f}; the distance is less than twice as large")

# %% [markdown]
# So the distance is about as small as chance allows. With three training seeds, and three sampling seeds for each, it was always below the
# floor. One visible error remains, and it is the network's: one to three of 1,000 samples stop between the clouds.
#
# You have built a diffusion model. Watch it work: `p_sample_steps` is the same loop, but it yields every state. On the right is the density
# of one coordinate, $y$. At every $t$ the states should have the density of the *forward* process, and that is a formula.

# %%
heights = GaussianMixture([1.0, -1.0], std=0.05, weights=[0.7, 0.3])
generator = torch.Generator().manual_seed(2)
states = list(p_sample_steps(network, (4000, 2), schedule, generator))
drawings.show_cloud(states, schedule, heights)

# %% [markdown]
# The density runs backwards: the samples pass through nearly the same densities as the noised data of chapter 04, in the opposite order. Only
# the last peaks are a little too narrow. Is this the network's error? No: even a *perfect* network, with these 100 steps, makes peaks of
# standard deviation 0.04 instead of 0.05. More steps make them wider.

# %% tags=["fold"]
# What the text says, checked
for steps, expected in ((100, 0.039), (400, 0.047)):
    levels_of = NoiseSchedule.from_name("cosine", steps)
    best_model = partial(modes.optimal_noise, schedule=levels_of)
    generator = torch.Generator().manual_seed(0)
    ends = p_sample_loop(best_model, (1000, 2), levels_of, generator)[:, 1]
    assert abs(ends[ends > 0].std() - expected) < 0.004
    assert (ends.abs() - 1).abs().max() < 0.5  # none between the clouds

# %% [markdown]
# ## Why add noise while removing it?
#
# To answer this, use a *perfect* network: `optimal_noise` of a mixture is the best possible prediction, and your functions take any callable
# as model. So any error now comes from the steps alone. The data are two bumps at 1 and 3, each with standard deviation 0.2.

# %%
question("without_fresh_noise")

# %% quiz="without_fresh_noise"
without_fresh_noise = ""  # your letter, between the quotes

# %%
check(without_fresh_noise, "without_fresh_noise")

# %% [markdown]
# Before you look, write one more step, so that you can compare three. It adds no fresh noise, but it is not DDPM's mean. It keeps the noise
# that the network sees, and takes only as much of it as level $t-1$ has:
#
# $$x_{t-1} = \sqrt{\bar\alpha_{t-1}}\; \hat x_0 + \sqrt{1 - \bar\alpha_{t-1}}\; \hat\epsilon$$
#
# Here $\hat\epsilon$ is the predicted noise, and $\hat x_0$ the $x_0$ that follows from it. This is `q_sample` at level $t-1$, with
# predictions in the place of the truth (DDIM with $\eta = 0$, [2010.02502](https://arxiv.org/abs/2010.02502), equation 12).


# %% quiz="deterministic_step"
def deterministic_step(
    model: Model, x_t: Tensor, t: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """x_{t-1} from x_t (B, ...), t (B,), without fresh noise;
    `model` predicts the noise.
    """
    raise NotImplementedError


# %%
deterministic_step = check(deterministic_step)

# %% [markdown]
# Now all three, from the same starts, with the same perfect network. In the pictures $t$ falls from left to right. The colour shows where many
# states are, and the grey lines are single paths. The green line goes around the region where the exact density is above 0.15.

# %%
two_bumps = GaussianMixture([1.0, 3.0], std=0.2)
long = NoiseSchedule.from_name("linear", 200, beta_end=0.1)
perfect = partial(two_bumps.optimal_noise, schedule=long)


def walk(step, schedule, seed=0):
    """All states, (T + 1, 8000), from x_T to x_0.

    step(x, t, noise) leads one level down.
    """
    generator = torch.Generator().manual_seed(seed)
    states = [torch.randn(8000, generator=generator)]
    for level in reversed(range(schedule.timesteps)):
        t = torch.full((8000,), level)
        noise = torch.randn(8000, generator=generator)
        states.append(step(states[-1], t, noise))
    return torch.stack(states)


steps = {
    "with fresh noise": lambda x, t, z: p_sample(perfect, x, t, z, long),
    "without noise": lambda x, t, z: p_mean(perfect, x, t, long),
    "deterministic": lambda x, t, z: deterministic_step(perfect, x, t, long),
}
ways = {name: walk(step, long) for name, step in steps.items()}

# %%
with after_answer("without_fresh_noise"):
    drawings.show_runs(ways, two_bumps, long)
    for name, states in ways.items():
        end = states[-1]
        left, right = end[end < 2], end[end >= 2]
        std = (left.std() + right.std()) / 2
        print(
            f"{name}: {left.mean():.2f} and {right.mean():.2f}, std {std:.2f}"
        )

# %% tags=["fold"]
# What the text says, checked
for name, (place, width) in {
    "with fresh noise": (1.0, 0.187),
    "without noise": (1.231, 0.058),
    "deterministic": (1.003, 0.199),
}.items():
    end = ways[name][-1]
    left, right = end[end < 2], end[end >= 2]
    assert abs(left.mean() - place) < 0.02
    assert abs(right.mean() - (4 - place)) < 0.02
    assert abs(left.std() - width) < 0.01
    assert abs(right.std() - width) < 0.01

# %%
with after_answer("without_fresh_noise"):
    drawings.show_growing_runs(ways, two_bumps, long)

# %% [markdown]
# <details><summary>What you saw, and why</summary>
#
# Without noise the bumps are at 1.23 and 2.77, with standard deviation 0.06: too close together and too narrow. The other two are right.
# (DDPM's 0.19 becomes 0.20 with more steps. Other seeds change the third digit.)
#
# How much noise does DDPM's mean keep? Take the posterior's mean with the true $x_0$, $c_1 x_0 + c_2 x_t$, and put in
# $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$. The noise in it is
#
# $$c_2 \sqrt{1 - \bar\alpha_t}\; \epsilon, \qquad\text{and}\qquad c_2^2\, (1 - \bar\alpha_t) + \tilde\beta_t = 1 - \bar\alpha_{t-1}.$$
#
# Level $t-1$ has the noise variance $1 - \bar\alpha_{t-1}$. So the mean removes *more* noise than the level drops, and the fresh noise
# refills exactly what is missing. In the right triangles below, the kept noise and the fresh noise are the short sides. The noise of level
# $t-1$ is the long side, and its length is set to 1.
#
# Without fresh noise the states have too little noise for their level. The network takes some of the data's own differences for noise, and
# removes those, too. So the bumps become narrow and move together.
#
# The deterministic step removes exactly as much noise as the level drops. Nothing has to be refilled.
#
# </details>

# %%
kept = long.posterior_mean_coef2 * long.sqrt_one_minus_alphas_cumprod
level_below = 1 - long.alphas_cumprod_prev
kept_and_fresh = kept**2 + long.posterior_variance
assert torch.allclose(kept_and_fresh, level_below, atol=1e-5)
with after_answer("without_fresh_noise"):
    drawings.show_noise_budget(long, steps=(1, 5, 30))

# %% [markdown]
# Why did chapters 01 and 02 work without noise? Because `denoise_step` *is* your deterministic step, in other units. There, $x$ was not
# scaled: $x = x_0 + \sigma \epsilon$. Divide $x_t$ by $\sqrt{\bar\alpha_t}$, and you have it, with
# $\sigma = \sqrt{(1 - \bar\alpha_t) / \bar\alpha_t}$. Here is chapter 01's function beside yours, at $t = 60$:

# %%
signal, now, below = long.sqrt_alphas_cumprod, 60, 59
sigma = long.sqrt_one_minus_alphas_cumprod / signal
t = torch.full((8000,), now)
x_t = ways["deterministic"][199 - now]


def chapter_01(x, level):
    """The noise between two levels, as a model of chapter 01 predicts it."""
    return (sigma[now] - sigma[below]) * perfect(x * signal[now], t)


theirs = denoise_step(chapter_01, x_t / signal[now], level=0)
yours = deterministic_step(perfect, x_t, t, long) / signal[below]
assert torch.allclose(theirs, yours, atol=1e-4)
print("the step of chapter 01 and your deterministic step agree")

# %% [markdown]
# So there are two families of samplers. DDPM's is random: one start can lead to many samples. The deterministic sampler maps each start to
# one sample. Chapter 12 makes it fast, and chapter 14 runs it backwards.
#
# ## Bugs you can see
#
# A sampler with a bug rarely crashes. It draws something worse. We keep the perfect network, so that each bug shows alone.
#
# **The last step.** The paper allows a second variance for the steps, $\sigma_t^2 = \beta_t$ instead of $\tilde\beta_t$
# ([2006.11239](https://arxiv.org/abs/2006.11239), section 3.2). The data: one pixel of the background, which is $-1$ in every image.

# %%
question("noise_left_on")

# %% quiz="noise_left_on"
noise_left_on = ""  # your letter, between the quotes

# %%
check(noise_left_on, "noise_left_on")

# %%
pixel = GaussianMixture([-1.0], std=0.0)
of_pixel = partial(pixel.optimal_noise, schedule=schedule)


def pixel_walk(variance):
    def step(x, t, noise):
        return p_mean(of_pixel, x, t, schedule) + variance[t].sqrt() * noise

    return walk(step, schedule)


off_at_zero = torch.cat([torch.zeros(1), schedule.betas[1:]])
right = pixel_walk(schedule.posterior_variance)
pixels = {
    "right": right[-1],
    r"$\beta$, off at t = 0": pixel_walk(off_at_zero)[-1],
    r"$\beta$, on at t = 0": pixel_walk(schedule.betas)[-1],
    "stopped at t = 1": right[-2],
}
with after_answer("noise_left_on"):
    drawings.show_grain(pixels, -1.0)
    for name, values in pixels.items():
        print(f"std {float(values.std()):.3f}: {name}")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The other variance does no harm here, as long as its noise is off at $t = 0$. If it is on, the image gets a grain of standard deviation
# $\sqrt{\beta_0}$, here 3 of 255 grey levels. An off-by-one error in the loop, `range(T - 1, 0, -1)`, leaves the same grain. If the noise
# stops one step too *early*, you see nothing: on the two bumps the standard deviation changes by less than 1 %. Only a test finds this bug.
#
# </details>

# %% [markdown]
# **The first step.** The loop starts from $\mathcal N(0, I)$. Is the real $x_T$ distributed like that? Only if $\bar\alpha_T$ is near 0.
# The linear schedule is made for 1,000 steps. Cut to 100 steps, it ends at $\bar\alpha_T = 0.36$ (chapter 03).

# %%
question("wrong_start")

# %% quiz="wrong_start"
wrong_start = ""  # your letter, between the quotes

# %%
check(wrong_start, "wrong_start")


# %%
def sample_two_bumps(schedule):
    model = partial(two_bumps.optimal_noise, schedule=schedule)
    generator = torch.Generator().manual_seed(7)
    return p_sample_loop(model, (8000,), schedule, generator)


cut_200, cut_100 = (NoiseSchedule.from_name("linear", T) for T in (200, 100))
starts = {
    r"$\bar\alpha_T = 0.00$": sample_two_bumps(long),
    r"$\bar\alpha_T = 0.13$": sample_two_bumps(cut_200),
    r"$\bar\alpha_T = 0.36$": sample_two_bumps(cut_100),
}
with after_answer("wrong_start"):
    drawings.show_starts(starts, two_bumps)

# %% tags=["fold"]
# What the text says, checked
shares = [float((values < 2).float().mean()) for values in starts.values()]
for share, expected in zip(shares, (0.5, 0.63, 0.815), strict=True):
    assert abs(share - expected) < 0.03

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The bump at 1 gets half of the samples, then 63 %, then 81 %. Each sample looks fine, only the shares are wrong. In images this bug
# concerns brightness and large areas of colour: very dark and very bright images become too rare. You cannot see it in a single sample.
#
# </details>

# %% [markdown]
# ## Ten networks, or one?
#
# One last question: why does one network serve all levels? Each level is a task of its own, so each could have its own network. We try it
# on the bumps at -1 and 0.8, with ten noise levels. `NetworkPerLevel` holds ten small networks that share nothing. One network for all
# levels competes with them.

# %%
question("ten_networks_or_one")

# %% quiz="ten_networks_or_one"
ten_networks_or_one = ""  # your letter, between the quotes

# %%
check(ten_networks_or_one, "ten_networks_or_one")

# %% [markdown]
# Both see the same 1,000 batches of 256. We repeat this with three seeds, about 10 seconds in all.

# %%
betas = torch.logspace(-3, -0.000435, 10, dtype=torch.float64)
ten_levels = NoiseSchedule(betas)
kinds = {
    "ten networks": partial(NetworkPerLevel, dim=1, levels=10),
    "one network": partial(MLP, dim=1, levels=10, width=64),
}


def excess_of(kind, seed):
    """The excess error of the noise at each level, after training."""
    torch.manual_seed(seed)
    model = kinds[kind]()
    train(model, bumps, ten_levels, steps=1000, learning_rate=5e-3, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    every = torch.arange(10)
    return excess_noise_loss(model, bumps, every, ten_levels, generator)


of_noise = {
    kind: torch.stack([excess_of(kind, seed) for seed in range(3)])
    for kind in kinds
}
ratio = (1 - ten_levels.alphas_cumprod) / ten_levels.alphas_cumprod
of_start = {kind: ratio * errors for kind, errors in of_noise.items()}
with after_answer("ten_networks_or_one"):
    drawings.show_excess(of_noise, of_start)

# %% tags=["fold"]
# What the text says, checked
one, ten = (
    of_noise[kind].mean(dim=1) for kind in ("one network", "ten networks")
)
assert (one < ten).all()
one, ten = (of_start[kind][:, 9] for kind in ("one network", "ten networks"))
assert (one > 5 * ten).all()

# %% [markdown]
# <details><summary>What you saw</summary>
#
# With each of the three seeds the one network is closer to the best possible loss, with fewer parameters. Neighbouring levels are similar
# tasks, and each of the ten networks sees only a tenth of the rows.
#
# But look at the last level in the right panel. To get $x_0$, the error in the noise is divided by $\sqrt{\bar\alpha_t}$, which is 0.0186
# there. Squared, as drawn, the error becomes 2,900 times as large. An error too small to see on the left is a wrong $x_0$ on the right. So
# noise prediction has a weakness where hardly any signal is left. Chapter 06 has the remedy, "v".
#
# </details>

# %% [markdown]
# Ten levels also mean ten steps, and so few steps are too large. Even a *perfect* network then puts the left bump at about -0.9 instead of
# -1, with DDPM's steps and with the deterministic ones. So a sampler has two errors: the network's error, and the error of the steps. This
# cell checks the second one.

# %%
best_of_ten = partial(bumps.optimal_noise, schedule=ten_levels)
two_kinds = {
    "DDPM": lambda x, t, z: p_sample(best_of_ten, x, t, z, ten_levels),
    "deterministic": lambda x, t, z: deterministic_step(
        best_of_ten, x, t, ten_levels
    ),
}
for name, step in two_kinds.items():
    end = walk(step, ten_levels)[-1]
    left_bump = float(end[end < 0].mean())
    assert -0.95 < left_bump < -0.85
    print(f"{name}: the left bump is at {left_bump:.1f}")

# %% [markdown]
# ## What you now have
#
# - `p_losses`: the training loss of every network in this course
# - `p_sample` and `p_sample_loop`: DDPM's sampler, checked against exact densities
# - `deterministic_step`: the sampler of chapters 01 and 02 in DDPM's units
# - three measures: the excess over the best possible loss, the shares of the modes, and the energy distance beside its floor
#
# ## Think about it
#
# 1. The best possible loss is largest at $t = 0$. Would you leave $t = 0$ out of the training?
# 2. A step adds fresh noise with *half* of DDPM's standard deviation. How much of the predicted noise must it keep? (This is DDIM with
#    $\eta = 0.5$.)
# 3. With 1,000 steps of the linear schedule, which of the two bugs would you still see?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), sections 3 and 4
# - Nakkiran and others: Step-by-Step Diffusion, [2406.08929](https://arxiv.org/abs/2406.08929): why DDPM needs fresh noise and DDIM does not
# - Lin and others: Common Diffusion Noise Schedules and Sample Steps are Flawed, [2305.08891](https://arxiv.org/abs/2305.08891): the wrong start, in large models
