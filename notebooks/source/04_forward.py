# %% [markdown]
# # 04 · The forward process
#
# **After this notebook you can** noise a picture step by step and in one leap, show that both agree, and say where $x_{t-1}$ was if both
# ends are known. The DDPM sampler of chapter 05 is built on that last formula.
#
# **Minutes:** 50 · **Builds on:** 01 (the exact denoiser), 03 (alpha-bar). Nothing is trained here. Every curve is exact.

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
import torch
from torch import Tensor

from course_lib.drawings import forward as drawings
from course_lib.images import load_images, to_model_range
from course_lib.mixtures import GaussianMixture
from course_lib.quizzes import after_answer, check, question
from course_lib.schedules import NoiseSchedule

# %% [markdown]
# ## Where this chapter goes
#
# Ten garments, one of each class, become noise in 200 steps. At the end of this chapter you will also walk back.

# %%
images, labels = load_images()
first = [int((labels == label).nonzero()[0]) for label in range(10)]
garments = to_model_range(images[first])  # (10, 1, 28, 28), one of each class
schedule = NoiseSchedule.from_name("cosine", timesteps=200)
drawings.show_garments_fade(
    garments, schedule, torch.Generator().manual_seed(0)
)

# %% [markdown]
# ## One number per picture
#
# Every function of this chapter works on a whole batch of pictures, and each picture has a step $t$ of its own. So each picture must be
# multiplied by a number of its own, for example by its $\beta_t$. This is a common source of silent bugs.
#
# PyTorch lines shapes up from the *right*. A tensor of shape `(B,)` therefore meets the width of the pictures, not the batch. If the batch
# is as large as the pictures are wide, there is no error message. You only get a wrong result:

# %%
pictures, numbers = torch.ones(4, 1, 4, 4), torch.tensor([0.0, 0.3, 0.6, 0.9])
wrong, right = numbers * pictures, numbers.reshape(4, 1, 1, 1) * pictures
drawings.show_broadcasting(wrong, right)

# %% [markdown]
# `extract(values, t, x_shape)` does this for us. It takes
#
# - `values`: one constant of the schedule for each step, shape `(T,)`, for example `schedule.betas`;
# - `t`: the step of each picture, whole numbers of shape `(B,)`;
# - `x_shape`: the *shape* of what you want to multiply, for example `x.shape`.
#
# It looks up `values[t]`, which has the shape `(B,)`, and gives it as many axes of length 1 as needed. You will call it as
# `extract(schedule.betas, t, x.shape) * x`.


# %% quiz="extract"
def extract(
    values: Tensor, t: Tensor, x_shape: torch.Size | tuple[int, ...]
) -> Tensor:
    """values[t] for values [T] and t (B,), shaped (B, 1, ..., 1) with as many
    axes as x_shape has.
    """
    raise NotImplementedError


# %%
extract = check(extract)

# %% [markdown]
# ## One step
#
# $$q(x_t \mid x_{t-1}) = \mathcal N\!\left(\sqrt{1 - \beta_t}\; x_{t-1},\; \beta_t I\right)$$
#
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 2.) In words: make the picture a little weaker, and add a little noise.
#
# To draw from a normal distribution, take its mean and add its *standard deviation* times standard normal `noise`. The caller draws the
# noise and hands it in, so every result can be repeated.
#
# Why is the picture made weaker at all? Without that, the variance would grow with every step. With it, data of variance 1 keeps its
# variance: $(1 - \beta_t) \cdot 1 + \beta_t = 1$.


# %% quiz="q_step"
def q_step(
    x_prev: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """One noising step from x_{t-1} to x_t, shapes (B, ...); schedule.betas
    holds the betas [T].
    """
    raise NotImplementedError


# %%
q_step = check(q_step)

# %% [markdown]
# ## All steps in one leap
#
# Training needs $x_t$ for a random $t$. A hundred small steps for each picture would be slow. They are not needed. Write $\alpha_t = 1 -
# \beta_t$ and put one step into the next:
#
# $$x_t = \sqrt{\alpha_t} \left( \sqrt{\alpha_{t-1}}\, x_{t-2} + \sqrt{1 - \alpha_{t-1}}\, \epsilon \right) + \sqrt{1 - \alpha_t}\, \epsilon'$$
#
# The two noises are independent, so their variances add up: $\alpha_t (1 - \alpha_{t-1}) + 1 - \alpha_t = 1 - \alpha_t \alpha_{t-1}$. So two
# steps are one step whose $\alpha$ is the product. Go on like this down to $x_0$, and the product is $\bar\alpha_t$:
#
# $$x_t = \sqrt{\bar\alpha_t}\; x_0 + \sqrt{1 - \bar\alpha_t}\; \epsilon$$
#
# ([2006.11239](https://arxiv.org/abs/2006.11239), equation 4.) `schedule.sqrt_alphas_cumprod` and
# `schedule.sqrt_one_minus_alphas_cumprod` hold the two factors.


# %% quiz="q_sample"
def q_sample(
    x_start: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """x_t from x_0 in one leap, shapes (B, ...)."""
    raise NotImplementedError


# %%
q_sample = check(q_sample)

# %% [markdown]
# One thing about the index, before you use it:

# %%
question("what_t_zero_does")

# %% quiz="what_t_zero_does"
what_t_zero_does = ""  # your letter, between the quotes

# %%
check(what_t_zero_does, "what_t_zero_does")

# %%
with after_answer("what_t_zero_does"):
    for t in (0, 1, 2):
        signal = schedule.sqrt_alphas_cumprod[t]
        sigma = schedule.sqrt_one_minus_alphas_cumprod[t]
        print(f"t = {t}: x_t = {signal:.4f} x_0 + {sigma:.3f} noise")

# %% [markdown]
# ### See that it is true
#
# Take the number $x_0 = 1$ through all steps, 20,000 times. Beside it, take the leap, with noise of its own.

# %%
generator = torch.Generator().manual_seed(0)
x = torch.ones(20_000)
by_steps, by_leap = {}, {}
for step in range(200):
    t = torch.full((len(x),), step)
    x = q_step(x, t, torch.randn(x.shape, generator=generator), schedule)
    if step in (19, 79, 139):
        noise = torch.randn(x.shape, generator=generator)
        by_steps[step] = x
        by_leap[step] = q_sample(torch.ones_like(x), t, noise, schedule)
drawings.show_steps_and_leap(by_steps, by_leap, schedule)

# %% tags=["fold"]
for step in by_steps:  # the errors of chance are about 0.01
    assert abs(by_steps[step].mean() - by_leap[step].mean()) < 0.04
    assert abs(by_steps[step].std() - by_leap[step].std()) < 0.03
print(
    "steps and leap: mean and standard deviation agree within 0.04",
    "at t = 19, 79, 139",
)

# %% [markdown]
# ## The density, exactly
#
# Now let $x_0$ be random. Take data whose density is a sum of three normal bells, a *Gaussian mixture* (chapter 02). The leap shrinks each
# bell towards 0 and widens it: a bell with mean $m$ and standard deviation $s$ gets the mean $\sqrt{\bar\alpha_t}\, m$ and the variance
# $\bar\alpha_t s^2 + 1 - \bar\alpha_t$. So we know the density of $x_t$ at every $t$.
#
# Below, the green shade is this formula. The lines are eight numbers on their way through your `q_step`.

# %%
mixture = GaussianMixture(
    means=torch.tensor([-1.6, 0.3, 1.7]), std=0.12, weights=[0.3, 0.4, 0.3]
)
path = [mixture.sample(8, generator)]
for step in range(200):
    noise = torch.randn(8, generator=generator)
    path.append(q_step(path[-1], torch.full((8,), step), noise, schedule))
drawings.show_density_over_time(mixture, schedule, torch.stack(path[1:]))

# %% [markdown]
# Eight paths prove little. So compare 20,000 numbers from your `q_sample` with the formula, at four steps:

# %%
clean = mixture.sample(20_000, generator)
grid = torch.linspace(-3.2, 3.2, 400)
exact, samples = {}, {}
for step in (0, 40, 100, 199):
    t = torch.full((len(clean),), step)
    noise = torch.randn(clean.shape, generator=generator)
    samples[step] = q_sample(clean, t, noise, schedule)
    exact[step] = mixture.log_prob(grid, step, schedule).exp()
drawings.show_densities(exact, samples, grid)

# %% [markdown]
# ## Where was it one step before?
#
# A sampler has to go back: from $x_t$ to $x_{t-1}$. From $x_t$ alone this is hard, and a network will have to learn it. But suppose that
# somebody also tells us $x_0$. Then the answer is known exactly. It is not one number but a normal distribution, because noise was drawn.

# %%
question("doubt_about_the_step_before")

# %% quiz="doubt_about_the_step_before"
doubt_about_the_step_before = ""  # your letter, between the quotes

# %%
check(doubt_about_the_step_before, "doubt_about_the_step_before")

# %% [markdown]
# ### Two witnesses
#
# In chapter 01 you weighed two sources of information: the noisy number and the data's mean. Here are two again. Think of them as two
# witnesses who speak of the same number $x_{t-1}$.
#
# - **$x_0$** knows the leap to $t - 1$: $x_{t-1}$ has the mean $\sqrt{\bar\alpha_{t-1}}\, x_0$ and the variance $1 - \bar\alpha_{t-1}$. Bayes
#   calls this the *prior*.
# - **$x_t$** knows one step. Solve it for $x_{t-1}$: the mean is $x_t / \sqrt{\alpha_t}$, the variance $\beta_t / \alpha_t$. This is the
#   *likelihood*.
#
# Bayes' rule multiplies the two bells. In a product of exponentials the exponents are added:
#
# $$-\frac{(x - m_1)^2}{2 v_1} - \frac{(x - m_2)^2}{2 v_2} = -\frac{(x - m)^2}{2 v} + \text{something without } x$$
#
# So the product is a bell again. Find its $m$ and $v$: compare what stands before $x^2$ on both sides, then what stands before $x$. Mind
# one case: a witness may be certain and have variance 0. Then your formula must still work.


# %% quiz="combine_gaussians"
def combine_gaussians(
    mean1: Tensor, variance1: Tensor, mean2: Tensor, variance2: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean and variance of the product of two bells N(mean, variance), scaled
    to area 1.

    Shapes that broadcast; one of the two variances may be 0.
    """
    raise NotImplementedError


# %%
combine_gaussians = check(combine_gaussians)

# %% [markdown]
# <details><summary>The derivation in four lines</summary>
#
# - Before $x^2$: $\dfrac{1}{v} = \dfrac{1}{v_1} + \dfrac{1}{v_2}$. A precision is 1 over a variance. **Precisions add up.**
# - Before $x$: $\dfrac{m}{v} = \dfrac{m_1}{v_1} + \dfrac{m_2}{v_2}$. Each witness is weighted by its precision.
# - Multiply the first by $v_1 v_2 v$: $\;v = v_1 v_2 / (v_1 + v_2)$.
# - Put it into the second: $\;m = (v_2 m_1 + v_1 m_2) / (v_1 + v_2)$. Here nothing is divided by a variance that may be 0.
#
# With $m_1 = x$, $v_1 = \sigma^2$, $m_2$ the data's mean and $v_2$ its variance, this is `optimal_denoiser` of chapter 01.
#
# </details>
#
# Now let the two witnesses of $x_{t-1}$ speak. At $t = 0$ the step before is $x_0$ itself: `schedule.alphas_cumprod_prev[0]` is 1. (You
# may subtract it from 1, or look up `one_minus_alphas_cumprod_prev`, which is the same with a smaller rounding error.)


# %% quiz="q_posterior"
def q_posterior(
    x_start: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule
) -> tuple[Tensor, Tensor]:
    """Mean (B, ...) and variance (B, 1, ..., 1) of q(x_{t-1} | x_t, x_0)."""
    # You have `extract` and `combine_gaussians`.
    raise NotImplementedError


# %%
q_posterior = check(q_posterior)

# %% [markdown]
# The DDPM paper multiplies all this out.
#
# <details><summary>The paper's form (equations 6 and 7)</summary>
#
# $$\text{mean} = \underbrace{\frac{\beta_t \sqrt{\bar\alpha_{t-1}}}{1 - \bar\alpha_t}}_{\texttt{posterior\_mean\_coef1}} x_0 +
# \underbrace{\frac{(1 - \bar\alpha_{t-1}) \sqrt{\alpha_t}}{1 - \bar\alpha_t}}_{\texttt{posterior\_mean\_coef2}} x_t, \qquad
# \text{variance} = \underbrace{\frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t}_{\texttt{posterior\_variance}}$$
#
# </details>
#
# The schedule holds the paper's two weights and its variance, as `posterior_mean_coef1`, `posterior_mean_coef2` and `posterior_variance`.
# Yours must agree with them at every $t$:

# %%
t, ones, zeros = torch.arange(200), torch.ones(200), torch.zeros(200)
# with x_0 = 1 and x_t = 0 the mean is the weight of x_0
weight_0, variance = q_posterior(ones, zeros, t, schedule)
weight_t, _ = q_posterior(zeros, ones, t, schedule)
for yours, papers in (
    (weight_0, schedule.posterior_mean_coef1),
    (weight_t, schedule.posterior_mean_coef2),
    (variance, schedule.posterior_variance),
):
    assert torch.allclose(yours, papers, rtol=1e-3, atol=1e-6)
print("your two witnesses and the paper's formula agree at all 200 steps")

# %%
question("whose_word_counts")

# %% quiz="whose_word_counts"
whose_word_counts = ""  # your letter, between the quotes

# %%
check(whose_word_counts, "whose_word_counts")

# %%
with after_answer("whose_word_counts", "doubt_about_the_step_before"):
    drawings.show_weights(schedule)

# %% [markdown]
# ## See the two witnesses
#
# With 200 steps the bells are too narrow to see. So take 20 large steps. One number starts at $x_0 = 1.4$ (blue triangle). The
# grey triangle shows where it is at step $t$. Move $t$ from the end to the start, as a sampler does, and watch which of the two bells the green one follows.

# %%
short = NoiseSchedule.from_name("cosine", timesteps=20)
all_t = torch.arange(20)
x_path = q_sample(
    torch.full((20,), 1.4), all_t, torch.full((20,), -0.8), short
)
drawings.show_witnesses(1.4, x_path, short)

# %% [markdown]
# The end of the schedule is special. There one step wipes out nearly everything, so $x_t$ says almost nothing. With 200 steps this concerns
# the last few steps only.
#
# ### See that it is true
#
# Draw 400,000 numbers $x_{t-1}$ from the same $x_0$, and take one step with each. Keep those whose $x_t$ comes out where ours is. Their
# $x_{t-1}$ must follow your formula.

# %%
kept, formula = {}, {}
start = torch.full((400_000,), 1.4)
for step in (2, 8, 17):
    t = torch.full((len(start),), step)
    first_noise, second_noise = torch.randn(
        2, len(start), generator=generator
    )
    x_before = q_sample(start, t - 1, first_noise, short)
    x_now = q_step(x_before, t, second_noise, short)
    kept[step] = x_before[(x_now - x_path[step]).abs() < 0.02]
    mean, variance = q_posterior(
        start[:1], x_path[step : step + 1], t[:1], short
    )
    formula[step] = float(mean), float(variance)
drawings.show_posterior_check(kept, formula)

# %% tags=["fold"]
for step, (mean, variance) in formula.items():
    error = (variance / len(kept[step])) ** 0.5
    # 0.003 more, since those kept are up to 0.02 off
    assert abs(kept[step].mean() - mean) < 5 * error + 0.003
    assert abs(kept[step].std() / variance**0.5 - 1) < 0.06
print("kept numbers and formula agree at t = 2, 8, 17")

# %% [markdown]
# ## There and back
#
# Now use it on pictures. Take five garments to $x_T$ with the leap. Then walk back: at each step draw from `q_posterior`. But tell it
# the *wrong* $x_0$: each garment gets that of its right neighbour, and the last one that of the first.

# %%
question("another_x_start")

# %% quiz="another_x_start"
another_x_start = ""  # your letter, between the quotes

# %%
check(another_x_start, "another_x_start")

# %%
five, others = garments[[9, 8, 1, 3, 7]], garments[[8, 1, 3, 7, 9]]
generator = torch.Generator().manual_seed(0)
noise = torch.randn(five.shape, generator=generator)
there = {
    step: q_sample(five, torch.full((5,), step), noise, schedule)
    for step in range(0, 200, 12)
}
back = {}
x = q_sample(five, torch.full((5,), 199), noise, schedule)
for step in reversed(range(200)):
    mean, variance = q_posterior(others, x, torch.full((5,), step), schedule)
    x = mean + variance.sqrt() * torch.randn(x.shape, generator=generator)
    if step % 10 == 0:
        back[step] = x

# %% tags=["fold"]
with after_answer("another_x_start"):
    drawings.show_there_and_back(there, back)
    assert torch.allclose(x, others, atol=1e-4)
    print("each walk ends exactly at the x_0 that was handed over")

# %% [markdown]
# This loop is already a diffusion sampler. One thing is missing: nobody tells a sampler $x_0$. In chapter 05 a network predicts it, anew at
# each step.
#
# ## What you now have
#
# - `q_sample`: any noise level in one line. Every training step will call it
# - `combine_gaussians`: the rule for two witnesses of one number
# - `q_posterior`: one exact step back, if $x_0$ is known
#
# ## Think about it
#
# 1. `q_posterior` needs $x_0$, which is what we want to make. Why does a bad prediction of $x_0$ at large $t$ do little harm?
# 2. At $t = 0$ the posterior's variance is 0. What does that mean for the last step of a sampler?
# 3. Two pictures, the same noise, large $t$: how far apart are the two $x_t$? What does that mean for the network?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), section 2
# - Sohl-Dickstein and others: Deep Unsupervised Learning using Nonequilibrium Thermodynamics, [1503.03585](https://arxiv.org/abs/1503.03585)
