# %% [markdown]
# # 03 · Noise schedules
#
# **After this notebook you can** write the four common noise schedules, read from a curve how fast a schedule destroys a picture, and
# say what goes wrong when it stops too early.
#
# **Minutes:** 40 · **Builds on:** 00. Only tensors and a little algebra; nothing is trained here.

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
import math  # for your cosine_beta_schedule

import torch
from torch import Tensor

from course_lib.forward import q_sample
from course_lib.images import load_images, to_model_range
from course_lib.pictures.plots import (
    curve_picture,
    image_grid,
    show_curves,
    show_histograms,
    show_images,
    side_by_side,
)
from course_lib.pictures.widgets import show_gif, show_slider
from course_lib.quizzes import check, question
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule

# %% [markdown]
# ## One boot, four ways to drown
#
# A *schedule* says how much noise is added at each step. Here is one garment under four of them: 200 steps, the same noise,
# the same eight times.

# %%
images, labels = load_images()
boot = to_model_range(images[labels == 9][1:2])  # (1, 1, 28, 28)
noise = torch.randn(boot.shape, generator=torch.Generator().manual_seed(0))
times = [0, 28, 57, 85, 114, 142, 171, 199]
rows, titles = [], []
for name in BETA_SCHEDULES:
    schedule = NoiseSchedule.from_name(name, timesteps=200)
    rows += [q_sample(boot, torch.tensor([t]), noise, schedule) for t in times]
    titles += [f"{name}, t = {t}" for t in times]
show_images(
    torch.cat(rows).clamp(-1, 1),
    titles,
    "Only the cosine schedule reaches pure noise in 200 steps",
    columns=8,
)

# %% [markdown]
# *In the picture: four rows, one per schedule. Under "cosine" the boot is gone at t = 199; under the other three it still shines through,
# most clearly under "quadratic".*
#
# The same as a film, all four at once:

# %%
schedules = [NoiseSchedule.from_name(name, timesteps=200) for name in BETA_SCHEDULES]
film = []
for t in range(0, 200, 9):
    boots = [q_sample(boot, torch.tensor([t]), noise, schedule) for schedule in schedules]
    film.append(image_grid(torch.cat(boots), columns=4, scale=3))
show_gif(film, "Four boots drown: linear, quadratic, cosine, sigmoid.")

# %% [markdown]
# *In the picture: linear, quadratic, cosine and sigmoid side by side, from t = 0 to t = 198. Cosine and linear drown fastest.*
#
# Three of the four stop too early. You will find out why, put a number on it, and mend it.
#
# ## The betas
#
# At step $t$ the picture is shrunk a little and a little noise is added:
#
# $$x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \epsilon_t$$
#
# $\beta_t$ is the variance of what is added. The DDPM paper lets it rise on a straight line from $10^{-4}$ to $0.02$
# ([2006.11239](https://arxiv.org/abs/2006.11239), section 4). All our schedules are float64 tensors of length $T$, the number of steps.
# In code $t$ counts from 0 to $T - 1$; in the text, $x_T$ and $\bar\alpha_T$ are those after the last step.


# %% quiz="linear_beta_schedule"
def linear_beta_schedule(
    timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Tensor:
    """`timesteps` betas on a straight line from beta_start to beta_end, both included; float64 [T]."""
    raise NotImplementedError


# %%
linear_beta_schedule = check(linear_beta_schedule)

# %% [markdown]
# A straight line in $\beta$ spends few steps on the fine details. If the *square root* of $\beta$, the size of the added noise, rises
# on a straight line instead, the start is gentler.


# %% quiz="quadratic_beta_schedule"
def quadratic_beta_schedule(
    timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Tensor:
    """Betas whose square roots lie on a straight line; the ends are beta_start and beta_end; float64
    [T].
    """
    raise NotImplementedError


# %%
quadratic_beta_schedule = check(quadratic_beta_schedule)

# %% [markdown]
# A third idea is slow at both ends: a sigmoid $\sigma(u) = 1 / (1 + e^{-u})$ over $u$ from $-6$ to $6$, stretched so that 0 would
# become `beta_start` and 1 `beta_end`. ($\sigma$ only comes near 0 and 1, so the ends are not quite reached.)


# %% quiz="sigmoid_beta_schedule"
def sigmoid_beta_schedule(
    timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Tensor:
    """beta_start + (beta_end - beta_start) * sigmoid(u), u on a line from -6 to 6; float64 [T]."""
    raise NotImplementedError


# %%
sigmoid_beta_schedule = check(sigmoid_beta_schedule)

# %% [markdown]
# ## What is left of the picture
#
# One step multiplies the picture by $\sqrt{1 - \beta_t}$. Many steps multiply the factors, and what is left of it after step $t$ is
#
# $$\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$$
#
# "alpha-bar", the share of the *variance* of $x_t$ that still comes from the picture. It is the one curve that matters: everything
# else in this course is computed from it.


# %% quiz="alphas_cumprod_from_betas"
def alphas_cumprod_from_betas(betas: Tensor) -> Tensor:
    """alpha-bar_t for every t, shape [T] like `betas`."""
    raise NotImplementedError


# %%
alphas_cumprod_from_betas = check(alphas_cumprod_from_betas)

# %% [markdown]
# ## Design alpha-bar first
#
# Why choose betas and take what comes out? Nichol and Dhariwal ([2102.09672](https://arxiv.org/abs/2102.09672), equation 17) turn it
# around. They choose the curve $\bar\alpha$ itself, a squared cosine, and work out the betas:
#
# $$f(u) = \cos^2\!\left(\frac{u + s}{1 + s} \cdot \frac{\pi}{2}\right), \qquad
# \beta_t = 1 - \frac{f\big((t + 1) / T\big)}{f\big(t / T\big)}, \qquad t = 0, \dots, T - 1$$
#
# The ratio is $\bar\alpha_t / \bar\alpha_{t-1}$, the share that one step keeps. The small offset $s$ keeps the first betas from being next to
# nothing. At the end $f$ reaches 0 and the last beta would be 1: so no beta may be larger than 0.999.


# %% quiz="cosine_beta_schedule"
def cosine_beta_schedule(timesteps: int, s: float = 0.008) -> Tensor:
    """Betas whose alpha-bar follows the squared cosine, none above 0.999; float64 [T]."""
    raise NotImplementedError


# %%
cosine_beta_schedule = check(cosine_beta_schedule)

# %% [markdown]
# Predict twice before you look at the curves:

# %%
question("where_cosine_takes_most")

# %% quiz="where_cosine_takes_most"
where_cosine_takes_most = ""  # your letter, between the quotes

# %%
check(where_cosine_takes_most, "where_cosine_takes_most")

# %%
question("signal_left_after_200_steps")

# %% quiz="signal_left_after_200_steps"
signal_left_after_200_steps = ""  # your letter, between the quotes

# %%
check(signal_left_after_200_steps, "signal_left_after_200_steps")

# %% [markdown]
# Your four schedules, as alpha-bar:

# %%
mine = {
    "linear": linear_beta_schedule(200),
    "quadratic": quadratic_beta_schedule(200),
    "cosine": cosine_beta_schedule(200),
    "sigmoid": sigmoid_beta_schedule(200),
}
alpha_bars = {name: alphas_cumprod_from_betas(betas) for name, betas in mine.items()}
show_curves(
    alpha_bars,
    "What is left of the picture: three schedules never get to 0",
    "step t",
    "alpha-bar",
)

# %% [markdown]
# *In the picture: four falling curves. The cosine ends at 0; linear, sigmoid and quadratic end at 0.13, 0.13 and 0.24.*
#
# ## Signal against noise
#
# Since $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$, the ratio of signal variance to noise variance is
#
# $$\mathrm{SNR}(t) = \frac{\bar\alpha_t}{1 - \bar\alpha_t}$$
#
# ([2107.00630](https://arxiv.org/abs/2107.00630), equation 2). Its logarithm is the natural clock of diffusion. Two schedules
# that run through the same values of it destroy a picture in the same way; they only walk at different speeds.


# %% quiz="snr"
def snr(alphas_cumprod: Tensor) -> Tensor:
    """Signal-to-noise ratio for each alpha-bar; any shape."""
    raise NotImplementedError


# %%
snr = check(snr)

# %%
log_snr = {name: snr(alpha_bar).log() for name, alpha_bar in alpha_bars.items()}
show_curves(
    log_snr,
    "The same curves on the natural clock: only cosine runs down to pure noise",
    "step t",
    "log SNR",
)

# %% [markdown]
# *In the picture: log SNR against t. All start between 8 and 9.3; the cosine is the only one that falls below -2, to about -17 at the last step.*
#
# ## Why stopping early hurts
#
# When we *sample*, we begin with $x_T \sim \mathcal N(0, I)$: no picture at all. When we *trained*, $x_T$ still held the picture, weakened
# to $\sqrt{\bar\alpha_T}$ of its strength.

# %% [markdown]
# Look at something that a network cannot miss: the mean brightness of the whole picture. In pure noise it hardly varies, since 784 pixels
# average out. In $x_T$ of real garments it should look the same.

# %%
clean = to_model_range(images[:2000])
pure = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
last = torch.full((len(clean),), 199)
brightness = {"noise": pure.mean(dim=(1, 2, 3))}
for name in ("linear", "cosine"):
    x_end = q_sample(clean, last, pure, NoiseSchedule(mine[name]))
    brightness[name] = x_end.mean(dim=(1, 2, 3))
show_histograms(
    brightness,
    "Linear, T = 200: the last step gives away how bright the picture is",
    "mean brightness of x_T",
)

# %% [markdown]
# *In the picture: three histograms. Noise and cosine lie on top of each other around 0; linear lies mostly to the left of them and is wide.*
#
# Garments are mostly black, so a trained network has *nearly always* seen a dark $x_T$. Start it from $\mathcal N(0, I)$ and it meets
# something brighter than almost all it was trained on, with a brightness that says nothing. Its samples drift to medium brightness
# ([2305.08891](https://arxiv.org/abs/2305.08891), figure 1).
#
# ## Mend any schedule
#
# The remedy of that paper (algorithm 1): take the curve $\sqrt{\bar\alpha_t}$, shift it down until it ends at exactly 0, stretch it until it
# starts where it did, and work the betas out again.


# %% quiz="rescale_zero_terminal_snr"
def rescale_zero_terminal_snr(betas: Tensor) -> Tensor:
    """Betas [T] whose sqrt(alpha-bar) is shifted to end at 0 and stretched to start where it did."""
    raise NotImplementedError


# %%
rescale_zero_terminal_snr = check(rescale_zero_terminal_snr)

# %%
mended = {
    "linear": alpha_bars["linear"],
    "rescaled": alphas_cumprod_from_betas(rescale_zero_terminal_snr(mine["linear"])),
    "cosine": alpha_bars["cosine"],
}
print(
    "alpha-bar at the last step:",
    {name: round(float(curve[-1]), 3) for name, curve in mended.items()},
)
show_curves(
    mended, "The rescaled linear schedule ends in pure noise", "step t", "alpha-bar"
)

# %% [markdown]
# *In the picture: linear, linear rescaled, and cosine; the last two end at 0.*
#
# There is a price. Where $\bar\alpha_T = 0$ the network sees pure noise, and "which noise is in it?" has a trivial answer that says
# nothing about the picture. Chapter 06 predicts $v$ instead, which does not have this problem.

# %%
question("twice_as_many_steps")

# %% quiz="twice_as_many_steps"
twice_as_many_steps = ""  # your letter, between the quotes

# %%
check(twice_as_many_steps, "twice_as_many_steps")

# %% [markdown]
# ## Explore
#
# How long must a linear schedule be? Move T and watch the curve and the boot at the last step.


# %%
def explore(timesteps: int):
    schedule = NoiseSchedule(linear_beta_schedule(timesteps))
    x_end = q_sample(boot, torch.tensor([timesteps - 1]), noise, schedule)
    left = float(schedule.alphas_cumprod[-1])
    curve = curve_picture(
        schedule.alphas_cumprod, f"linear, T = {timesteps}: alpha-bar_T = {left:.4f}"
    )
    return side_by_side(curve, image_grid(x_end, scale=8))


show_slider(
    draw=explore,
    values=[50, 100, 150, 200, 400, 700, 1000],
    label="T",
    still=side_by_side(explore(200), explore(1000)),
    alternative="A slider over T: the longer the schedule, the closer alpha-bar_T is to 0.",
)

# %% [markdown]
# *In the picture: alpha-bar of a linear schedule, and the boot at its last step. With T = 200 you still see a boot, with T = 1000 you don't.*
#
# ## What you now have
#
# - four schedules and the curve alpha-bar that each leads to
# - a number for "too early": the SNR at the last step
# - a remedy for it
#
# ## Think about it
#
# 1. Two schedules run through the same values of log SNR, one in 200 steps and one in 1000. What is the same, what differs?
# 2. Larger pictures need more noise to lose their outline. Why? (Think of what averaging four neighbours does.)
# 3. What would happen with betas that *fall*?
#
# ## Read on
#
# - Nichol, Dhariwal: Improved Denoising Diffusion Probabilistic Models, [2102.09672](https://arxiv.org/abs/2102.09672), section 3.2
# - Lin and others: Common Diffusion Noise Schedules and Sample Steps are Flawed, [2305.08891](https://arxiv.org/abs/2305.08891)
# - Kingma and others: Variational Diffusion Models, [2107.00630](https://arxiv.org/abs/2107.00630)
