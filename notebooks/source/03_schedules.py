# %% [markdown]
# # 03 · Noise schedules
#
# **After this notebook you can** write the four common noise schedules, see from one curve how fast a schedule destroys a picture,
# say why the cosine schedule was invented and what a schedule that is cut short does, and translate between the $\sigma$ of chapters 01
# and 02 and the $\bar\alpha$ of all later ones.
#
# **Minutes:** 60 · **Builds on:** 01 (noise levels). Nothing is trained here.

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
import math  # for your cosine_beta_schedule

import torch
from torch import Tensor

from course_lib.drawings import schedules as drawings
from course_lib.forward import q_sample
from course_lib.images import load_images, to_model_range
from course_lib.quizzes import after_answer, check, question
from course_lib.schedules import NoiseSchedule
from course_lib.toy import noise_levels

# %% [markdown]
# ## One boot, four schedules
#
# A *noise schedule* says how much noise each step adds. Below, one boot is noised by four schedules. Each takes 1000 steps. The noise is
# the same everywhere. Only the schedules differ.

# %%
images, labels = load_images()
boot = to_model_range(images[labels == 9][1:2])  # (1, 1, 28, 28)
noise = torch.randn(boot.shape, generator=torch.Generator().manual_seed(0))
drawings.show_four_schedules(boot, noise)

# %% [markdown]
# One of these rows is the schedule of the DDPM paper. Less than a year later, another paper proposed a different row. At the end of this
# chapter you can say which is which, and why.
#
# ## The betas
#
# At step $t$ the picture is made a little weaker, and a little noise is added:
#
# $$x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \epsilon_t$$
#
# $\beta_t$ is the variance of the noise that step $t$ adds. The DDPM paper lets it rise on a straight line from $10^{-4}$ to $0.02$
# ([2006.11239](https://arxiv.org/abs/2006.11239), section 4).
#
# All our schedules are float64 tensors of length $T$, the number of steps. In code, $t$ counts from 0 to $T - 1$.


# %% quiz="linear_beta_schedule"
def linear_beta_schedule(
    timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Tensor:
    """`timesteps` betas on a straight line from beta_start to beta_end, both
    included; float64 [T].
    """
    raise NotImplementedError


# %%
linear_beta_schedule = check(linear_beta_schedule)

# %% [markdown]
# ## What is left of the picture
#
# One step multiplies the picture by $\sqrt{1 - \beta_t}$. After many steps, all these factors are multiplied. The square of that product
# is called "alpha-bar":
#
# $$\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$$
#
# So $\sqrt{\bar\alpha_t}$ is the strength that the picture still has. The noise has the variance $1 - \bar\alpha_t$ (chapter 04 shows why),
# and all steps together are
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon.$$
#
# Everything else in this course is computed from this one curve.


# %% quiz="alphas_cumprod_from_betas"
def alphas_cumprod_from_betas(betas: Tensor) -> Tensor:
    """alpha-bar_t for every t, shape [T] like `betas`."""
    raise NotImplementedError


# %%
alphas_cumprod_from_betas = check(alphas_cumprod_from_betas)

# %% [markdown]
# Now predict what the paper's schedule does. A hint that you will need again: for small $\beta$, $1 - \beta$ is nearly $e^{-\beta}$. So a
# product of such factors is nearly $e$ to the minus *sum* of the betas.

# %%
question("linear_half_way")

# %% quiz="linear_half_way"
linear_half_way = ""  # your letter, between the quotes

# %%
check(linear_half_way, "linear_half_way")

# %%
with after_answer("linear_half_way"):
    linear = alphas_cumprod_from_betas(linear_beta_schedule(1000))
    drawings.show_linear(linear)
    for t in (249, 499, 749, 999):
        print(f"t = {t}: alpha-bar = {linear[t]:.2g}")
    print(
        "steps with alpha-bar below 0.01:",
        f"{(linear < 0.01).double().mean():.0%}",
    )

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The linear schedule destroys the picture too fast. Half way, $\bar\alpha$ is only 0.08. In the last third of the steps it is below 0.01, and
# the network sees little but noise. Nichol and Dhariwal tried it: they left out the noisiest 20 % of the steps when they sampled, and their
# pictures became hardly worse ([2102.09672](https://arxiv.org/abs/2102.09672), figure 4).
#
# </details>
#
# ### A share of the variance?
#
# Books call $\bar\alpha_t$ "the share of the variance of $x_t$ that comes from the picture". This holds only for data of variance 1. Measure
# it for ours, over all pixels of all images:

# %%
pixels = to_model_range(images)
variance = float(pixels.var())
share = 0.5 * variance / (0.5 * variance + 0.5)
std = variance**0.5
print(f"pixels: mean {pixels.mean():.2f}, standard deviation {std:.2f}")
print(f"alpha-bar = 0.5: the picture has {share:.0%} of the variance of x_t")

# %% [markdown]
# These are the course's built-in garments, if your line above says so. Real Fashion-MNIST has mean -0.43 and standard deviation 0.71. Both
# have a variance of about a half. So the picture's true share of the variance of $x_t$ is smaller than $\bar\alpha_t$.
#
# ## Two gentler schedules
#
# If the *square root* of $\beta$ rises on a straight line, the start is gentler. This is the quadratic schedule.


# %% quiz="quadratic_beta_schedule"
def quadratic_beta_schedule(
    timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Tensor:
    """Betas whose square roots lie on a straight line; the ends are
    beta_start and beta_end; float64 [T].
    """
    raise NotImplementedError


# %%
quadratic_beta_schedule = check(quadratic_beta_schedule)

# %% [markdown]
# In the sigmoid schedule, $\beta$ hardly changes at first, then rises, then hardly changes again. Take $\sigma(u) = 1 / (1 + e^{-u})$ for $u$ from $-6$ to $6$, and stretch it so that 0 would
# become `beta_start` and 1 would become `beta_end`. (A sigmoid only comes near 0 and 1, so the ends are not quite reached.)


# %% quiz="sigmoid_beta_schedule"
def sigmoid_beta_schedule(
    timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Tensor:
    """beta_start + (beta_end - beta_start) * sigmoid(u), u on a line from -6
    to 6; float64 [T].
    """
    raise NotImplementedError


# %%
sigmoid_beta_schedule = check(sigmoid_beta_schedule)

# %% [markdown]
# ## Choose alpha-bar first
#
# So far we chose the betas, and alpha-bar was what came out. Nichol and Dhariwal ([2102.09672](https://arxiv.org/abs/2102.09672),
# equation 17) work the other way round. They choose the curve $\bar\alpha$, a squared cosine, and compute the betas from it:
#
# $$f(u) = \cos^2\!\left(\frac{u + s}{1 + s} \cdot \frac{\pi}{2}\right), \qquad
# \beta_t = 1 - \frac{f\big((t + 1) / T\big)}{f\big(t / T\big)}, \qquad t = 0, \dots, T - 1$$
#
# The ratio is $\bar\alpha_t / \bar\alpha_{t-1}$, the part that one step keeps. The small offset $s$ keeps the first betas from being almost
# zero. At the end $f$ reaches 0 and the last beta would be 1. So every beta above 0.999 is set to 0.999.


# %% quiz="cosine_beta_schedule"
def cosine_beta_schedule(timesteps: int, s: float = 0.008) -> Tensor:
    """Betas whose alpha-bar follows the squared cosine, none above 0.999;
    float64 [T].
    """
    raise NotImplementedError


# %%
cosine_beta_schedule = check(cosine_beta_schedule)

# %% [markdown]
# Two predictions before you look at the four curves:

# %%
question("where_cosine_takes_most")

# %% quiz="where_cosine_takes_most"
where_cosine_takes_most = ""  # your letter, between the quotes

# %%
check(where_cosine_takes_most, "where_cosine_takes_most")

# %%
question("which_row_is_linear")

# %% quiz="which_row_is_linear"
which_row_is_linear = ""  # your letter, between the quotes

# %%
check(which_row_is_linear, "which_row_is_linear")


# %%
def alpha_bars(timesteps: int) -> dict[str, Tensor]:
    """alpha-bar [T] of your four schedules."""
    betas = {
        "linear": linear_beta_schedule(timesteps),
        "quadratic": quadratic_beta_schedule(timesteps),
        "cosine": cosine_beta_schedule(timesteps),
        "sigmoid": sigmoid_beta_schedule(timesteps),
    }
    return {
        name: alphas_cumprod_from_betas(values)
        for name, values in betas.items()
    }


with after_answer("where_cosine_takes_most", "which_row_is_linear"):
    drawings.show_full_length(alpha_bars(1000))
    drawings.show_four_schedules(boot, noise, named=True)

# %% [markdown]
# The same as a film:

# %%
with after_answer("which_row_is_linear"):
    drawings.show_fading(boot, noise)

# %% [markdown]
# <details><summary>Why the cosine schedule was invented</summary>
#
# At a quarter, half and three quarters of 1000 steps, the linear schedule has $\bar\alpha$ = 0.52, 0.079 and 0.003. The cosine schedule has
# 0.85, 0.49 and 0.14. It spreads its steps more evenly over the strengths of noise: 6.5 % of them lie below 0.01, and not 33 %.
#
# </details>
#
# ## A schedule that is cut short
#
# 1000 steps are slow. On small pictures many people, and this course, take 200. It is easy to forget that the betas were made for 1000.

# %%
question("signal_left_after_200_steps")

# %% quiz="signal_left_after_200_steps"
signal_left_after_200_steps = ""  # your letter, between the quotes

# %%
check(signal_left_after_200_steps, "signal_left_after_200_steps")

# %%
with after_answer("linear_half_way", "signal_left_after_200_steps"):
    drawings.show_both_lengths(alpha_bars(1000), alpha_bars(200))
    for name, curve in alpha_bars(200).items():
        print(f"T = 200, {name}: alpha-bar ends at {curve[-1]:.2f}")

# %% [markdown]
# A sampler always starts from $x_T \sim \mathcal N(0, I)$, which holds no picture at all. In training, $x_T$ was made from a picture. If a
# little of that picture is still in $x_T$, does it do any harm?

# %%
question("perfect_but_cut_short")

# %% quiz="perfect_but_cut_short"
perfect_but_cut_short = ""  # your letter, between the quotes

# %%
check(perfect_but_cut_short, "perfect_but_cut_short")

# %% [markdown]
# We can test this without any training. Suppose that there are only 1000 garments in the world. Then the perfect network is known exactly
# (chapter 10 derives it), and all that it can draw are these 1000. The cell draws 64 samples for each schedule, from the same noise. This
# takes a few seconds.

# %%
dataset = to_model_range(images[:1000])
drawn = {"data": dataset}
for name in ("linear", "cosine"):
    drawn[name] = drawings.perfect_samples(
        NoiseSchedule.from_name(name, 200),
        dataset,
        count=64,
        generator=torch.Generator().manual_seed(0),
    )

# %% tags=["fold"]
with after_answer("perfect_but_cut_short"):
    drawings.show_perfect({name: x[:24] for name, x in drawn.items()})
    shares = {
        name: drawings.kind_shares(x, dataset, labels[:1000])
        for name, x in drawn.items()
    }
    drawings.show_kinds(shares, samples=64)
    shoes = {name: share["shoes"] for name, share in shares.items()}
    assert shoes["linear"] < shoes["data"] / 2
    assert abs(shoes["cosine"] - shoes["data"]) < 0.2

# %% [markdown]
# Why does this happen? Compare $x_T$ as it was in training with the pure noise that the sampler starts from:

# %% tags=["fold"]
with after_answer("perfect_but_cut_short"):
    pure = torch.randn(
        dataset.shape, generator=torch.Generator().manual_seed(1)
    )
    last, ends = torch.full((len(dataset),), 199), {"noise": pure}
    for name in ("linear", "cosine"):
        ends[name] = q_sample(
            dataset, last, pure, NoiseSchedule.from_name(name, 200)
        )
    drawings.show_brightness(ends)
    darker = (ends["linear"].mean(dim=(1, 2, 3)) < 0).double().mean()
    assert 0.9 < darker < 0.98
    print(f"linear: {darker:.0%} of the x_T in training are darker than 0")

# %% [markdown]
# <details><summary>What happened</summary>
#
# In training, the linear schedule ends with $x_T = 0.36\, x_0 + 0.93\, \epsilon$. Pure noise holds no garment. To the network it looks like the
# $x_T$ of a picture in which every pixel is 0, an even medium grey. No garment is like that. So the network draws those that are nearest to
# it: bags, and tops of a medium grey. A shoe is far from it, because most of its picture is black (-1).
#
# The histogram shows the simplest part of this, the brightness. Over 784 pixels the noise nearly averages out. So even a faint garment
# changes the brightness of $x_T$, and the network uses that.
#
# Real networks do the same: their samples drift to medium brightness
# ([2305.08891](https://arxiv.org/abs/2305.08891), figure 1).
#
# </details>
#
# ## Signal against noise
#
# The signal in $x_t$ has the factor $\sqrt{\bar\alpha_t}$ and the noise has $\sqrt{1 - \bar\alpha_t}$. The ratio of their squares is the
# *signal-to-noise ratio* ([2107.00630](https://arxiv.org/abs/2107.00630), equation 2):
#
# $$\mathrm{SNR}(t) = \frac{\bar\alpha_t}{1 - \bar\alpha_t}$$


# %% quiz="snr"
def snr(alphas_cumprod: Tensor) -> Tensor:
    """Signal-to-noise ratio for each alpha-bar; any shape."""
    raise NotImplementedError


# %%
snr = check(snr)

# %% [markdown]
# To compare schedules, draw its logarithm. Two schedules that run through the same values of log SNR destroy a picture in the same way. They
# only do it at different speeds.

# %%
with after_answer("linear_half_way", "signal_left_after_200_steps"):
    log_snr = [
        {name: snr(curve).log() for name, curve in alpha_bars(steps).items()}
        for steps in (1000, 200)
    ]
    drawings.show_log_snr(*log_snr)

# %% [markdown]
# ## The bridge to chapters 01 and 02
#
# There we wrote $x = y + \sigma z$: the data keeps its size and the noise grows. Papers call this *variance exploding*. From here on the
# data shrinks while the noise grows, so that data of variance 1 keeps its variance. This is called *variance preserving*
# ([2011.13456](https://arxiv.org/abs/2011.13456)). Divide $x_t$ by $\sqrt{\bar\alpha_t}$, and you are back at the old form:
#
# $$\frac{x_t}{\sqrt{\bar\alpha_t}} = x_0 + \sigma_t\, \epsilon$$
#
# Which $\sigma_t$ stands there? Find it, and you have the bridge.


# %% quiz="sigma_from_alphas_cumprod"
def sigma_from_alphas_cumprod(alphas_cumprod: Tensor) -> Tensor:
    """The sigma of x_0 + sigma noise that is as noisy as x_t, for each
    alpha-bar; any shape.
    """
    raise NotImplementedError


# %%
sigma_from_alphas_cumprod = check(sigma_from_alphas_cumprod)

# %% [markdown]
# The two are counted in opposite directions. Chapter 01's level 0 has the *most* noise, because a sampler starts there. Our $t = 0$ has the *least* noise, because
# the forward process starts there.

# %%
cosine = NoiseSchedule.from_name("cosine", 1000)
linear = NoiseSchedule.from_name("linear", 1000)
levels = noise_levels(20, 10.0, 0.001)
drawings.show_levels_and_steps(
    levels, {"linear": linear, "cosine": cosine}, [3, 1, 0.1]
)

# %% [markdown]
# Take the steps where the cosine schedule has $\sigma$ = 0.1, 1 and 3 (the dashed lines). The noise is the same in both rows:

# %%
sigma = sigma_from_alphas_cumprod(cosine.alphas_cumprod)
times = [int((sigma - wanted).abs().argmin()) for wanted in (0.1, 1, 3)]
old = torch.cat([boot + sigma[t] * noise for t in times])
new = torch.cat(
    [q_sample(boot, torch.tensor([t]), noise, cosine) for t in times]
)
drawings.show_both_forms(old, new, sigma[times].tolist(), times)
scale = cosine.alphas_cumprod[times].sqrt().reshape(-1, 1, 1, 1)
assert torch.allclose(new / scale, old, atol=1e-4)
print("x_t / sqrt(alpha-bar) is x_0 + sigma z, to four digits")

# %% [markdown]
# So $\sigma^2 = (1 - \bar\alpha) / \bar\alpha = 1 / \mathrm{SNR}$. Both forms hold the same information. All that you learned about levels in
# chapters 01 and 02 holds for steps, too.
#
# ## Mend any schedule
#
# A schedule that is cut short can be repaired ([2305.08891](https://arxiv.org/abs/2305.08891), algorithm 1). Take the curve
# $\sqrt{\bar\alpha_t}$. Shift it down until it ends at exactly 0. Stretch it until it starts where it started before. Then compute the betas
# from it.


# %% quiz="rescale_zero_terminal_snr"
def rescale_zero_terminal_snr(betas: Tensor) -> Tensor:
    """Betas [T] whose sqrt(alpha-bar) is shifted to end at 0 and stretched to
    start where it did.
    """
    raise NotImplementedError


# %%
rescale_zero_terminal_snr = check(rescale_zero_terminal_snr)

# %%
with after_answer("signal_left_after_200_steps"):
    curves = alpha_bars(200)
    rescaled = rescale_zero_terminal_snr(linear_beta_schedule(200))
    curves = {
        "linear": curves["linear"],
        "rescaled": alphas_cumprod_from_betas(rescaled),
        "cosine": curves["cosine"],
    }
    drawings.show_rescaled(curves)

# %% [markdown]
# There is a price. Where $\bar\alpha_T = 0$, the network sees pure noise. "Which noise is in it?" then has a trivial answer that says nothing
# about the picture. Chapter 06 predicts $v$ instead, and $v$ does not have this problem.
#
# The other remedy for a linear schedule is more steps. How many more?

# %%
question("twice_as_many_steps")

# %% quiz="twice_as_many_steps"
twice_as_many_steps = ""  # your letter, between the quotes

# %%
check(twice_as_many_steps, "twice_as_many_steps")

# %%
with after_answer("twice_as_many_steps"):
    for steps in (200, 400, 800):
        end = alpha_bars(steps)["linear"][-1]
        print(f"T = {steps}: alpha-bar ends at {end:.2g}")

# %% [markdown]
# ## Explore
#
# Move $T$. You see alpha-bar of the linear and the cosine schedule, the boot at the last step of each, and alpha-bar there.


# %%
drawings.show_explorer(boot, noise)

# %% [markdown]
# ## What you now have
#
# - four schedules, and the curve $\bar\alpha$ of each
# - two ways in which a schedule can be bad (too fast, or cut short), and a picture of each
# - `rescale_zero_terminal_snr`, a remedy for one of them
# - the bridge $\sigma^2 = (1 - \bar\alpha) / \bar\alpha$
#
# ## Think about it
#
# 1. Two schedules run through the same values of log SNR, one in 200 steps and one in 1000. What is the same, and what differs?
# 2. Larger pictures need more noise before their outline disappears. Why? (Think of what averaging four neighbours does.)
# 3. What would happen with betas that *fall*?
#
# ## Read on
#
# - Nichol, Dhariwal: Improved Denoising Diffusion Probabilistic Models, [2102.09672](https://arxiv.org/abs/2102.09672), section 3.2
# - Lin and others: Common Diffusion Noise Schedules and Sample Steps are Flawed, [2305.08891](https://arxiv.org/abs/2305.08891)
# - Kingma and others: Variational Diffusion Models, [2107.00630](https://arxiv.org/abs/2107.00630)
