# %% [markdown]
# # 04 · The forward process
#
# **After this notebook you can** noise a picture step by step and in one leap, show that the two agree, and say where $x_{t-1}$ was if
# both ends are known: the formula that the way back is built on.
#
# **Minutes:** 45 · **Builds on:** 03 (alpha-bar). Nothing is trained here: every curve is exact.

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
import torch
from torch import Tensor

from course_lib.images import load_images, to_model_range
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.plots import (
    image_grid,
    show_curves,
    show_density,
    show_images,
    side_by_side,
)
from course_lib.pictures.widgets import show_gif, show_slider
from course_lib.quizzes import check, question
from course_lib.schedules import NoiseSchedule

# %% [markdown]
# ## One number per picture
#
# A training batch holds many pictures, each at a time $t$ of its own. So one number per picture, such as $\beta_t$, has to multiply a whole
# picture. PyTorch lines shapes up from the *right*: a `(B,)` tensor meets the width, not the batch. If the batch happens to be as large as
# the picture is wide, nothing even complains.

# %%
pictures, numbers = torch.ones(4, 1, 4, 4), torch.tensor([0.0, 0.3, 0.6, 0.9])
wrong = numbers * pictures
right = numbers.reshape(4, 1, 1, 1) * pictures
show_images(
    torch.cat([wrong, right]) * 2 - 1,
    ["shape (B,)"] * 4 + ["(B, 1, 1, 1)"] * 4,
    "Above: stripes, the same in each. Below: a shade for each",
    columns=4,
)

# %% [markdown]
# *In the picture: above, four equal pictures with vertical stripes; below, four evenly grey pictures from black to nearly white.*
#
# `extract` does this alignment, and everything below uses it: pick the value for each $t$, then give it as many axes of length 1 as needed.


# %% quiz="extract"
def extract(values: Tensor, t: Tensor, x_shape: torch.Size | tuple[int, ...]) -> Tensor:
    """values[t] for values [T] and t (B,), shaped (B, 1, ..., 1) with as many axes as x_shape has."""
    raise NotImplementedError


# %%
extract = check(extract)

# %% [markdown]
# ## One step
#
# $$q(x_t \mid x_{t-1}) = \mathcal N\!\left(\sqrt{1 - \beta_t}\; x_{t-1},\; \beta_t I\right)$$
#
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 2.) In words: shrink a little, add a little noise. To draw from a Gaussian, take
# its mean and add its *standard deviation* times a standard normal `noise`. The caller draws the noise, so that a result can be
# repeated.


# %% quiz="q_step"
def q_step(x_prev: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """One noising step from x_{t-1} to x_t, shapes (B, ...); schedule.betas holds the betas [T]."""
    raise NotImplementedError


# %%
q_step = check(q_step)

# %% [markdown]
# Why shrink at all? Without it the variance would grow with every step. With it, a picture of variance 1 keeps variance 1:
# $(1 - \beta_t) \cdot 1 + \beta_t = 1$.

# %% [markdown]
# ## All steps in one leap
#
# Two hundred small steps are slow, and they are not needed. A sum of independent Gaussian numbers is Gaussian again, so the steps
# collapse into one
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 4):
#
# $$x_t = \sqrt{\bar\alpha_t}\; x_0 + \sqrt{1 - \bar\alpha_t}\; \epsilon$$
#
# The picture is multiplied by all the factors $\sqrt{1 - \beta_s}$, whose product is $\sqrt{\bar\alpha_t}$. How much noise is there? We just saw
# that a picture of variance 1 keeps variance 1: $\bar\alpha_t$ of it is picture, so $1 - \bar\alpha_t$ is noise, and the noise does not ask which
# picture it falls on. `schedule.sqrt_alphas_cumprod` and `schedule.sqrt_one_minus_alphas_cumprod` hold the two coefficients.


# %% quiz="q_sample"
def q_sample(x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """x_t from x_0 in one leap, shapes (B, ...)."""
    raise NotImplementedError


# %%
q_sample = check(q_sample)

# %% [markdown]
# Before you use it, one thing about the index:

# %%
question("what_t_zero_does")

# %% quiz="what_t_zero_does"
what_t_zero_does = ""  # your letter, between the quotes

# %%
check(what_t_zero_does, "what_t_zero_does")

# %% [markdown]
# **See that it is true.** One number, $x_0 = 1$, taken through every step 20,000 times; and through the leap, once each.

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=200)
generator = torch.Generator().manual_seed(0)
x = torch.ones(20_000)
by_steps, by_leap = {}, {}
for step in range(200):
    t = torch.full((len(x),), step)
    x = q_step(x, t, torch.randn(x.shape, generator=generator), schedule)
    if step in (19, 79, 139):
        by_steps[f"t = {step}"] = x.clone()
        noise = torch.randn(x.shape, generator=generator)
        by_leap[f"t = {step}"] = q_sample(torch.ones_like(x), t, noise, schedule)
for name in by_steps:
    steps, leap = by_steps[name], by_leap[name]
    assert abs(steps.mean() - leap.mean()) < 0.03
    assert abs(steps.std() - leap.std()) < 0.03
print("mean and spread agree within 0.03 at", ", ".join(by_steps))

# %% [markdown]
# ## The density, exactly
#
# Data whose density is a sum of Gaussian bumps, a *mixture*, stays a mixture: a bump of standard deviation $s$ moves to $\sqrt{\bar\alpha_t}$ times its
# mean and gets the variance $\bar\alpha_t s^2 + 1 - \bar\alpha_t$. So for such data we know the density of $x_t$ at every $t$ by a formula. Here are
# samples noised by *your* `q_sample`, and the formula over them.

# %%
mixture = GaussianMixture(
    means=torch.tensor([-1.0, 0.4, 1.2]), std=0.1, weights=[0.3, 0.5, 0.2]
)
clean = mixture.sample(20_000, generator)
grid = torch.linspace(-3, 3, 400)
exact, samples = {}, {}
for step in (0, 40, 100, 199):
    t = torch.full((len(clean),), step)
    samples[f"t = {step}"] = q_sample(
        clean, t, torch.randn(clean.shape, generator=generator), schedule
    )
    exact[f"t = {step}"] = mixture.log_prob(grid, step, schedule).exp()
show_density(
    exact,
    samples,
    grid,
    "Three bumps melt into one: your samples follow the exact density",
    "x_t",
)

# %% [markdown]
# *In the picture: four histograms with a curve that fits each; three narrow bumps at t = 0, one standard bell at t = 199.*
#
# ## Where was it one step before?
#
# Going back from $x_t$ alone is hard: that is what a network will learn. But if somebody tells us $x_0$ as well, Bayes' rule gives the
# answer in full ([2006.11239](https://arxiv.org/abs/2006.11239), equations 6 and 7):
#
# $$q(x_{t-1} \mid x_t, x_0) = \mathcal N\big(c_1 x_0 + c_2 x_t,\; \tilde\beta_t I\big)$$
#
# $$c_1 = \frac{\beta_t \sqrt{\bar\alpha_{t-1}}}{1 - \bar\alpha_t}, \quad
# c_2 = \frac{(1 - \bar\alpha_{t-1}) \sqrt{1 - \beta_t}}{1 - \bar\alpha_t}, \quad
# \tilde\beta_t = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t$$
#
# `schedule.posterior_mean_coef1`, `posterior_mean_coef2` and `posterior_variance` hold these, computed once in double precision.
# At $t = 0$ the step before is $x_0$ itself, and $\bar\alpha_{t-1}$ is 1 (`schedule.alphas_cumprod_prev[0]`).

# %%
question("doubt_about_the_step_before")

# %% quiz="doubt_about_the_step_before"
doubt_about_the_step_before = ""  # your letter, between the quotes

# %%
check(doubt_about_the_step_before, "doubt_about_the_step_before")


# %% quiz="q_posterior"
def q_posterior(
    x_start: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule
) -> tuple[Tensor, Tensor]:
    """Mean (B, ...) and variance (B, 1, ..., 1) of q(x_{t-1} | x_t, x_0)."""
    raise NotImplementedError


# %%
q_posterior = check(q_posterior)

# %% [markdown]
# How much does each end have to say? At $t = 0$ the posterior listens to $x_0$ alone; after a few steps almost only to $x_t$, since one
# step changes little. At the very end of the cosine schedule $\beta_t$ is nearly 1: that step wipes out everything, and neither end knows
# much.

# %%
weights = {"x_0": schedule.posterior_mean_coef1, "x_t": schedule.posterior_mean_coef2}
show_curves(
    weights,
    "Only near t = 0 does x_0 have a say in one step back",
    "step t",
    "weight in the mean",
)

# %% [markdown]
# *In the picture: the weight of x_0 is 1 at t = 0 and falls quickly to almost 0; the weight of x_t does the opposite, and collapses at the last steps.*
#
# ## Watch it on garments
#
# First a film: eight garments, each with noise of its own, from t = 0 to the end, made by your `q_sample`.

# %%
images, labels = load_images()
garments = to_model_range(images[:8])
noise = torch.randn(garments.shape, generator=torch.Generator().manual_seed(0))
film = []
for step in range(0, 200, 9):
    x_t = q_sample(garments, torch.full((8,), step), noise, schedule)
    film.append(image_grid(x_t, columns=8, scale=2))
show_gif(film, "Eight garments drown in noise.")

# %% [markdown]
# *In the picture: eight garments in a row drown in noise; the bright, large ones can be told longest.*
#
# The slider noises one garment with your `q_sample`. Beside it: the mean of the posterior, computed from the same $x_t$ and the true $x_0$.

# %%
garment = to_model_range(images[labels == 8][1:2])
noise = torch.randn(garment.shape, generator=torch.Generator().manual_seed(0))


def before_and_after(step: int):
    t = torch.tensor([step])
    x_t = q_sample(garment, t, noise, schedule)
    mean, _ = q_posterior(garment, x_t, t, schedule)
    return side_by_side(image_grid(x_t, scale=6), image_grid(mean, scale=6))


show_slider(
    draw=before_and_after,
    values=[0, 1, 2, 5, 10, 20, 40, 80, 120, 160, 199],
    label="t",
    still=side_by_side(before_and_after(2), before_and_after(40)),
    alternative="A slider over t; left x_t, right the mean of the posterior.",
)

# %% [markdown]
# *In the picture: left the noised bag, right where it was one step before on average: hardly cleaner, except at t = 0, where it is x_0 itself.*
#
# ## What you now have
#
# - `q_sample`: any noise level in one line; every training step will call it
# - `q_posterior`: one exact step back, for whoever knows $x_0$. Chapter 05 lets a network guess $x_0$, and is done.
#
# ## Think about it
#
# 1. `q_posterior` needs $x_0$, which is what we want to make. Why is a bad guess of $x_0$ at large $t$ not a disaster?
# 2. At $t = 0$ the posterior's variance is 0. What does that mean for the last step of a sampler?
# 3. Two pictures, the same noise, large $t$: how far apart are the two $x_t$? What does that mean for the network?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), section 2
# - Sohl-Dickstein and others: Deep Unsupervised Learning using Nonequilibrium Thermodynamics, [1503.03585](https://arxiv.org/abs/1503.03585)
