# %% [markdown]
# # 17 · Bugs
#
# **After this notebook you can** tell a bug by what its samples look like, repair code that was broken in the ways of published code, answer
# "the loss falls and the samples are noise", and train a network on pictures of your own with a checklist.
#
# **Minutes:** 130, in two sittings, without the training at the end · **Builds on:** 05 (reverse step), 09 (training), 12 (DDIM), 14 (inpainting)
#
# | sitting | minutes | at its end you have |
# | --- | --- | --- |
# | 1. Broken samplers | 60 | six symptoms with their causes, and three repaired functions |
# | 2. Broken training, and your own data | 70 | two more repaired functions, and the plan for your own run |
#
# A diffusion program with a bug rarely stops. It draws *something*, and its loss falls. So you need other signs.

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
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from course_lib import bugs
from course_lib.drawings import bugs as drawings
from course_lib.evaluation import fit_gaussian, frechet_distance
from course_lib.experiments.broken_runs import BUGS
from course_lib.fast_sampling import ddim_sample_loop, ddim_timesteps
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.images import load_images, to_model_range

# %%
from course_lib.objective import four_views, noise_from_start
from course_lib.paths import DATA
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import (
    predict_start,
    predict_start_from_noise,
    training_target,
)
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.runs.diagnosis import diagnose
from course_lib.sampling import nearest_images
from course_lib.schedules import NoiseSchedule
from course_lib.training import sample_timesteps
from course_lib.types import Predicts

# %% [markdown]
# # Sitting 1: broken samplers
#
# ## A sampler to break
#
# We take the strong network of the course, which predicts noise, and 20 of its 200 steps (chapter 12). `visited` holds the 20 values of $t$. `schedule` has one entry for each
# of them: its $\bar\alpha$ are those of the visited steps, and its betas follow from them. So in this notebook $t$ counts from 0 to 19, and every formula of chapter 05 holds.
#
# `seen` asks the network, keeps the predicted $x_0$ in $[-1, 1]$, and returns the noise that belongs to this clipped $x_0$. `walk` goes from noise to garments with any step function that you give it.

# %%
strong = load_checkpoint("fashion_mnist", device="cpu")
visited = ddim_timesteps(strong.schedule.timesteps, 20).flip(0)
levels = strong.schedule.alphas_cumprod[visited].double()
before = torch.cat([torch.ones(1), levels[:-1]])
schedule = NoiseSchedule(1 - levels / before)
labels = torch.tensor([0, 1, 2, 3, 5, 7, 8, 9])  # eight classes


def seen(x: Tensor, t: Tensor, too_small: int = 0) -> Tensor:
    """The noise that the network sees in x (8, 1, 28, 28) at t (8,).

    too_small   how much less than the right t it is told
    """
    told = (visited[t] - too_small).clamp(min=0)
    eps = strong.model(x, told, labels)
    x_start = predict_start_from_noise(x, t, eps, schedule).clamp(-1, 1)
    return noise_from_start(x, t, x_start, schedule)


# %%
@torch.no_grad()
def walk(
    step: Callable,
    first: int = 19,
    too_small: int = 0,
    prepare: Callable = lambda x, t: x,
) -> Tensor:
    """Eight garments, from noise at t = `first` down to clean data.

    step      (x, t, eps, noise, schedule) -> x one step further
    prepare   (x, t) -> x, before each step
    """
    g = torch.Generator().manual_seed(1)
    x = torch.randn(8, 1, 28, 28, generator=g)
    for number in range(first, -1, -1):
        t = torch.full((8,), number)
        x = prepare(x, t)
        eps = seen(x, t, too_small)
        noise = torch.randn(x.shape, generator=g)
        x = step(x, t, eps, noise, schedule)
    return x


# %% [markdown]
# Now look at six programs. In each of them one thing is wrong. All start from the same noise, and are told the same eight classes: T-shirt, trousers, pullover, dress, sandal, sneaker, bag, ankle boot.
#
# **What do you see?** Write a few words for each row before you read the question.


# %% tags=["fold"]
# Six bugs. Answer first: the code tells you which is which
def mean_and_variance(x: Tensor, t: Tensor, eps: Tensor) -> tuple:
    x_start = predict_start_from_noise(x, t, eps, schedule)
    return q_posterior(x_start, x, t, schedule)


def row_1(x: Tensor, t: Tensor, eps: Tensor, noise: Tensor, s) -> Tensor:
    mean, _ = mean_and_variance(x, t, eps)
    return mean + extract(s.betas, t, x.shape).sqrt() * noise


def row_2(x: Tensor, t: Tensor, eps: Tensor, noise: Tensor, s) -> Tensor:
    mean, variance = mean_and_variance(x, t, eps)
    return mean * variance.sqrt() * noise


def row_3(x: Tensor, t: Tensor, eps: Tensor, noise: Tensor, s) -> Tensor:
    mean, variance = mean_and_variance(x, t, eps)
    return mean + variance * noise


def row_5(x: Tensor, t: Tensor, eps: Tensor, noise: Tensor, s) -> Tensor:
    x_start = predict_start(eps, x, t, s, "v").clamp(-1, 1)
    mean, variance = q_posterior(x_start, x, t, s)
    return mean + variance.sqrt() * noise


# %% tags=["fold"]
right = bugs.ancestral_step
six = [
    walk(row_1),
    walk(row_2),
    walk(row_3),
    walk(right, too_small=24),
    walk(row_5),
    walk(right, first=14),  # t = 149 of 199
]
drawings.show_six(six)

# %%
question("grey_or_noise")

# %% quiz="grey_or_noise"
grey_or_noise = ""  # six letters, "?" where you do not know

# %%
check(grey_or_noise, "grey_or_noise")

# %% tags=["fold"]
corners = [float(x[..., :3, :3].std()) for x in six]
with after_answer("grey_or_noise"):
    print("row 1: noise in the black corners", f"{corners[0]:.2f}")
    print("row 2: largest number", f"{float(six[1].abs().max()):.2f}")
    print("row 3: noise in the black corners", f"{corners[2]:.2f}")
    assert corners[0] > 5 * corners[2]
    assert float(six[1].abs().max()) < 1e-6

# %% [markdown]
# <details><summary>Cause and cure of each row</summary>
#
# | row | what was done | where one finds it | cure |
# | --- | --- | --- | --- |
# | 1 | the variance is $\beta_t$, and it is left on at $t = 0$ | notebooks | the posterior variance, which is 0 there, or no noise at $t = 0$ |
# | 2 | mean × std × noise | a popular notebook | `+` |
# | 3 | variance × noise | many first versions | the root: `variance.sqrt()` |
# | 4 | the network is told a smaller $t$ than that of $x_t$ | training counts $t$ from 1, the sampler from 0 | count from 0 everywhere |
# | 5 | the network predicts noise, the sampler reads v | a config that was not saved with the weights | save `predicts` in the file |
# | 6 | pure noise at a $t$ where training still had a picture | a linear schedule with $T = 200$, which ends at $\bar\alpha = 0.13$ | a schedule that ends near 0 |
#
# Row 4 is exaggerated: 24 of 200. With $t - 1$ in 200 steps hardly anything is to be seen. Small bugs are the expensive ones.
#
# </details>
#
# ## Find the bugs: a reverse step
#
# The function below has the faults of several published programs. **Four things are wrong in its last three lines.** Run it, look, and repair it in your version.


# %%
def broken_ancestral_step(
    x_t: Tensor,
    t: Tensor,
    eps: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    mean = (x_t - beta / sigma * eps) / (1 - beta).sqrt()
    variance = extract(schedule.posterior_variance, t, x_t.shape)
    if t[0] > 1:
        return mean * variance * noise
    return mean


# %% [markdown]
# You may keep its first lines, or work with `predict_start_from_noise(x_t, t, eps, schedule)` and `q_posterior(x_start, x_t, t, schedule)`, which returns mean and variance. Think of a batch whose rows have different $t$.


# %% quiz="ancestral_step"
def ancestral_step(
    x_t: Tensor,
    t: Tensor,
    eps: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    """One step back, x_{t-1} from x_t (B, ...), t (B,); `eps` is the noise
    that the network sees in x_t, `noise` is fresh.
    """
    raise NotImplementedError


# %%
ancestral_step = check(ancestral_step)

# %%
repaired = walk(ancestral_step)
drawings.show_steps(
    {"broken": walk(broken_ancestral_step), "yours": repaired}
)

# %% [markdown]
# <details><summary>The four bugs</summary>
#
# 1. `*` instead of `+` after the mean.
# 2. The variance instead of its root.
# 3. `t[0] > 1`: at $t = 1$ there still is noise to add. The last step is $t = 0$. A tour of 1D diffusion has this fault, and there it is hard to see.
# 4. One `if` for the whole batch: the first row decides for all rows. In a sampling loop all rows have the same $t$, so the samples are right, and the function is wrong. A test with different $t$ finds it.
#
# The cure for 3 and 4 is no `if` at all: the posterior variance is 0 at $t = 0$, row by row.
#
# </details>
#
# ## Find the bugs: DDIM
#
# A DDIM update goes from $t$ to any earlier `t_prev`, without fresh noise (chapter 12). `t_prev` = -1 is clean data. **Three things are wrong here.**


# %%
def broken_ddim_update(
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    eps: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    alpha = extract(schedule.alphas, t_prev.clamp(min=0), x_t.shape)
    return alpha.sqrt() * x_t + (1 - alpha).sqrt() * eps


# %% [markdown]


# %% quiz="ddim_update"
def ddim_update(
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    eps: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    """x at t_prev from x_t (B, ...), without fresh noise; t and t_prev long
    (B,), t_prev < t, -1 for clean data; `eps` is the noise that the network
    sees in x_t.
    """
    raise NotImplementedError


# %%
ddim_update = check(ddim_update)


# %%
def as_step(update: Callable) -> Callable:
    """A step of `walk` that needs no fresh noise, from t to t - 1."""
    return lambda x, t, eps, noise, s: update(x, t, t - 1, eps, s)


drawings.show_updates(
    {
        "broken": walk(as_step(broken_ddim_update)).clamp(-1, 1),
        "yours": walk(as_step(ddim_update)),
    }
)

# %% [markdown]
# <details><summary>The three bugs</summary>
#
# 1. `alphas` holds one step each. `alphas_cumprod`, the product, says how much of $x_0$ is left at a level.
# 2. $x_t$ stands where $\hat x_0$ belongs. So the code puts noise on what is noisy already.
# 3. `t_prev` = -1 is treated as level 0. The last step must end without noise, at $\bar\alpha = 1$.
#
# The letters invite the first bug: in DDIM's paper $\alpha_t$ means what DDPM's paper calls $\bar\alpha_t$.
#
# </details>
#
# ## Find the bugs: a mask
#
# Inpainting by replacement (chapter 14) puts the known part of a picture into the state before each step. In the course a mask is 1 where the picture is *known*. **Two things are wrong here.**


# %%
def broken_paste_known(
    x_t: Tensor,
    x_known: Tensor,
    mask: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    return mask * x_t + (1 - mask) * x_known


# %% [markdown]


# %% quiz="paste_known"
def paste_known(
    x_t: Tensor,
    x_known: Tensor,
    mask: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    """x_t (B, ...) with the known part of the clean picture x_known put in
    where mask is 1, at the level of t (B,).

    x_known and noise (standard normal) have the shape of x_t; the mask is 1
    where the picture is known and 0 where it is to be drawn, and broadcasts
    with x_t. Where it is 0, the values of x_known have no effect.
    """
    raise NotImplementedError


# %%
paste_known = check(paste_known)

# %%
photos, kinds = load_images("garments", split="test")
garments = torch.stack([photos[kinds == kind][1] for kind in labels])
garments = to_model_range(garments)
mask = torch.zeros(28, 28)
mask[:, :14] = 1
known_noise = torch.randn(
    garments.shape, generator=torch.Generator().manual_seed(2)
)
hidden = torch.where(mask == 1, garments, -0.3)
rows = {"garment": garments, "known": hidden}
for name, paste in (("broken", broken_paste_known), ("yours", paste_known)):
    rows[name] = walk(
        bugs.ancestral_step,
        prepare=lambda x, t, paste=paste: paste(
            x, garments, mask, t, known_noise, schedule
        ),
    )
drawings.show_pasted(rows)

# %% [markdown]
# <details><summary>The two bugs</summary>
#
# 1. The mask is inverted: here 1 means known. Other programs use 1 for what is to be drawn. Ask of every mask what 1 means.
# 2. The known part is clean, and the part beside it is noisy. The network expects one noise level in the whole picture. `q_sample` brings the known part to the level of $t$.
#
# In this picture you do not see the second bug: the network is strong, and the seams of a clean known part are even smoother. It is a bug all the same: the network is
# told one noise level and gets two. A score over many images decides, not eight pictures.
#
# </details>
#
# ## The gallery: seven broken samplers
#
# The course keeps seventeen broken runs in `data/bugs`. All were really made, by networks trained on real photographs. Seven of them have a fault in the sampler. All but the last use a small network of the course, and 25 steps. The first row is a healthy run. In row F a square in the middle of garments of our own drawing was to be filled. The last row has a tiny network of its own.
#
# **What do you see?** Write down a few words for each row. Two rows look alike, and have different causes: `course diagnose`, below, names both causes for each of them, because from the samples alone nobody can tell.

# %%
drawings.show_gallery("sampling")

# %% [markdown]
# # Sitting 2: broken training, and your own data
#
# ## Find the bugs: what a training step starts from
#
# This function prepares a batch: images, times, noise. **Five things are wrong.** One of them shows on other machines only.


# %%
def broken_training_inputs(
    images: Tensor, timesteps: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    x_start = images.float() / 255
    mirrored = torch.arange(len(images)) % 2 == 1
    x_start[mirrored] = x_start[mirrored].flip(-1)
    t = torch.randint(timesteps, (1,), generator=generator)
    noise = torch.randn(x_start.shape, device="cpu")
    return x_start, t.expand(len(images)), noise


# %% [markdown]
# `to_model_range(images)` and chapter 09's `sample_timesteps(count, timesteps, generator)` may help. t is drawn first, then the noise.


# %% quiz="training_inputs"
def training_inputs(
    images: Tensor, timesteps: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """What a training step needs for uint8 images (B, C, H, W): (x_start, t,
    noise).

    x_start (B, C, H, W) holds the images in the model's range, t is long
    (B,) with values 0 ... timesteps - 1, noise has the shape of x_start.
    `generator` draws t first and then the noise, on its device. The images
    are on this device, too.
    """
    raise NotImplementedError


# %%
training_inputs = check(training_inputs)

# %%
shoes = photos[kinds == 7][:8]
torch.manual_seed(0)
shown = {}
for name, prepare in (
    ("broken", broken_training_inputs),
    ("yours", training_inputs),
):
    g = torch.Generator().manual_seed(7)
    x_start, t, noise = prepare(shoes, 120, g)
    shown[name] = q_sample(x_start, t, noise, strong.schedule)
drawings.show_inputs(shown)

# %% [markdown]
# <details><summary>The five bugs</summary>
#
# 1. Images in $[0, 1]$. The sampler clips the predicted $x_0$ to $[-1, 1]$, and `to_uint8` takes $-1$ for black: the samples have grey grounds.
# 2. Flips. The shoes of the data point to one side, and half of the samples would point to the other. A person sees no fault in one shoe. A judge that compares distributions does.
# 3. One $t$ for the whole batch. The gradient stays right on average, but it is far noisier, as you will see now.
# 4. The device is written into the code. `device="cuda"` is more common, and fails on a machine without one.
# 5. `generator` is not used for the noise. Nobody can repeat this run.
#
# </details>
#
# ## How much noise has the loss?
#
# Take a small network of the course and its squared error for 64 test garments at every eighth $t$. From this table we can build the loss of many batches, once with a $t$ for each image, and once with one $t$ for all.

# %%
small = load_checkpoint("fashion_mnist_cpu", device="cpu")
clean = to_model_range(photos[:64])
g = torch.Generator().manual_seed(0)
table = []
for step in range(0, 200, 8):
    t = torch.full((64,), step)
    noise = torch.randn(clean.shape, generator=g)
    with torch.no_grad():
        said = small.model(q_sample(clean, t, noise, small.schedule), t)
    table.append((said - noise).square().mean(dim=(1, 2, 3)))
errors = torch.stack(table)  # (25, 64): a row for each t
which = torch.randint(25, (2000, 64), generator=g)
image = torch.arange(64)
own_t = errors[which, image].mean(dim=1)
one_t = errors[which[:, :1], image].mean(dim=1)
drawings.show_batch_losses(
    {"a t for each image": own_t, "one t for the batch": one_t}
)
print(f"standard deviation: {own_t.std():.3f} and {one_t.std():.3f}")

# %% tags=["fold"]
# What the text says, checked
assert abs(float(own_t.mean() - one_t.mean())) < 0.02
assert 5 < float(one_t.std() / own_t.std()) < 12

# %% [markdown]
# Both have the same mean, and so has the gradient. But the losses scatter seven times as much here, and the gradients two to three times (measured once). That costs training steps, and it makes the loss curve useless for your eyes.
# Read it by $t$ instead (chapter 05), or as a mean over many batches.
#
# ## The loss falls, and the samples are noise
#
# Issue trackers of this field ask it again and again. Two more facts belong to it: the loss is small, and it is small on new photographs, too.

# %%
question("loss_falls_samples_noise")

# %% quiz="loss_falls_samples_noise"
loss_falls_samples_noise = ""  # your letter, between the quotes

# %%
check(loss_falls_samples_noise, "loss_falls_samples_noise")

# %% [markdown]
# One cause you can build here. The sampler needs $\hat x_0$, and a network may answer with the noise, with $x_0$ itself, or with v. Many samplers do what this function does:


# %%
def broken_start_of_output(
    output: Tensor,
    x_t: Tensor,
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts,
) -> Tensor:
    return predict_start_from_noise(x_t, t, output, schedule)


# %% [markdown]
# Write the right one. With the short names signal $= \sqrt{\bar\alpha_t}$ and sigma $= \sqrt{1 - \bar\alpha_t}$ it is
#
# $$x_t = \text{signal}\; x_0 + \text{sigma}\; \epsilon, \qquad v = \text{signal}\; \epsilon - \text{sigma}\; x_0.$$
#
# Solve for $x_0$ in each case. For v multiply the first equation by signal and the second by sigma.


# %% quiz="start_of_output"
def start_of_output(
    output: Tensor,
    x_t: Tensor,
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts,
) -> Tensor:
    """The clean image x_0 (B, ...) that the network's output (B, ...) at x_t
    and t (B,) stands for.

    `predicts` says what the output is: "noise", "start" or "v". Raises
    ValueError for another word.
    """
    raise NotImplementedError


# %%
start_of_output = check(start_of_output)

# %% [markdown]
# To try it we need networks of three kinds. `four_views` of chapter 06 turns what our network says into what a network for $x_0$ or for v would say. Such a network has the same knowledge, and a small loss.


# %%
def reading(predicts: Predicts, read: Callable) -> Callable:
    """A step of `walk` for a network that answers with `predicts`."""

    def step(x: Tensor, t: Tensor, eps: Tensor, noise: Tensor, s) -> Tensor:
        output = four_views(x, t, eps, s)[predicts]
        x_start = read(output, x, t, s, predicts).clamp(-1, 1)
        eps = noise_from_start(x, t, x_start, s)
        return bugs.ancestral_step(x, t, eps, noise, s)

    return step


readings = {"noise": repaired}
for name, read in (
    ("read as noise", broken_start_of_output),
    ("read rightly", start_of_output),
):
    for predicts in ("start", "v"):
        label = f"{predicts}, {name}"
        readings[label] = walk(reading(predicts, read))
with after_answer("loss_falls_samples_noise"):
    drawings.show_readings(readings)

# %% tags=["fold"]
# What the text says, checked
for kind in ("start", "v"):
    wrong, good = (
        (readings[f"{kind}, read {how}"] - repaired).abs().mean()
        for how in ("as noise", "rightly")
    )
    assert float(good) < 0.02 < 0.15 < float(wrong)

# %% [markdown]
# <details><summary>The answer to "the loss falls and the samples are noise"</summary>
#
# Above, the answers of a network for $x_0$, read as noise, give pure noise. Those for v, read as noise, give garments in hard black and white. The network was good both times.
#
# So take the two apart: the loss has tested the network, and not one line of the sampler.
#
# 1. **Test the network alone.** Noise a real picture to a $t$ in the middle, ask once, and draw the predicted $x_0$. If it is a blurred garment, the network is good.
# 2. **Test the sampler alone.** Give it a network that knows the answer, such as the optimal denoiser of chapter 10 or an exact mixture. It must draw data.
# 3. If both pass, compare what they must agree on: what is predicted · the schedule and $T$ · how $t$ is counted · the range of the images · which weights are loaded (averaged or raw) · training or evaluation mode · labels.
#
# Begin with the first. A file with weights alone does not say what they predict. Save the config with them: `course export` does.
#
# </details>
#
# ## Four more that hide in training
#
# **Averaged too slowly.** An EMA with a fixed decay keeps a part of the initial weights, which are noise. `ema_decay` of chapter 09 starts at 0.1 and rises, so it forgets them.

# %%
for steps in (500, 2400, 20_000):
    kept = 0.9995**steps
    print(f"after {steps:6,} steps: {kept:4.0%} initial weights")

# %% [markdown]
# One row of the next gallery has such an average. Cure: the warm-up, or sample from the raw weights first.
#
# **Half precision.** Here one weight has no gradient, and the optimizer keeps its numbers in float16:

# %%
weight = torch.nn.Parameter(torch.ones(3, dtype=torch.float16))
weight.grad = torch.tensor([0.01, 0.0, 1e-5], dtype=torch.float16)
torch.optim.Adam([weight], lr=1e-3).step()
print("Adam in float16:", [f"{number:.3f}" for number in weight.tolist()])

# %% [markdown]
# Adam divides by the root of a mean of squared gradients, plus $10^{-8}$. In float16 $10^{-8}$ is 0, and so is the square of $10^{-5}$: a gradient of 0 gives 0/0. The cure: weights and optimizer stay in float32, and only the network is computed in bf16 (`precision: bf16`).
#
# **No skips.** Below, two small networks of the course that were trained alike. One of them lacks its skip connections (chapter 08). Its loss falls, too.

# %%
skipped = {}
for name in ("all", "none"):
    found = load_checkpoint(f"skips_{name}", device="cpu")
    skipped[f"skips: {name}"] = ddim_sample_loop(
        found.model,
        (8, 1, 28, 28),
        found.schedule,
        steps=25,
        generator=torch.Generator().manual_seed(0),
        clip_start=True,
    )
drawings.show_skips(skipped)

# %% [markdown]
# **Labels that are never dropped.** A network with `label_dropout=0` has never learned what its null class means. Guidance compares the label with the null class (chapter 13), so it compares with an untrained answer. Cure: drop one label in ten.
#
# ## The gallery: eight broken trainings
#
# These networks are tiny, and were trained for 500 steps (row H: 1,200), each with one fault. So even the healthy one, above, draws poorly. (It predicts v and has another seed, so it looks smoother than a healthy network of noise would.) Some faults are plain, and four rows could as well be healthy: **what do you see, and which are the four?**

# %%
drawings.show_gallery("training")

# %% [markdown]
# <details><summary>The four, and how to find such a bug</summary>
#
# A, E, F and G look like the healthy row, or a little rougher. A was trained with one $t$ for each batch, F with flips, and G with labels that were never dropped (it is drawn without a label). Here you need numbers: the scatter of the loss curve for A, mirrored test images for F, and the error with and without a label for G. For E, look at the end of the schedule.
#
# Two more runs have no picture. One was trained in half precision: its weights are NaN, and there is nothing to draw. The other is a score, and comes next.
#
# </details>
#
# ## A score that is wrong
#
# The last bug is in the evaluation. Real photographs are compared with other real photographs, so the distance should be 0. How many do you need?

# %%
drawings.show_sample_size(drawings.read_table("sample_size"))

# %% [markdown]
# With 128 images the distance is 0.34, with 2,048 it is 0.02. A covariance of few images is noisy, and each difference makes the distance larger. A good network then looks bad. Cure: the same large number for all, and the floor beside every score (chapter 11). And switch the network to evaluation mode: with dropout on, the score changes at each call.
#
# ## Let the course look: `course diagnose`
#
# You need not remember all of this. In a terminal:
#
#     course diagnose CHECKPOINT
#     course diagnose samples.safetensors
#
# It looks at a network as you would. It noises real pictures, and measures the error at several $t$, read as noise, as $x_0$ and as v. It compares averaged and raw weights, looks at the end of the schedule, at the range of what is predicted, and at the answers with and without a label. In samples it looks at range, grain, detail and nearest neighbours. It never looks at the name of the file. Here are two broken runs and a healthy one:

# %%
for file in (BUGS / "cut_schedule", BUGS / "noise_at_t0", DATA / "skips_all"):
    result = diagnose(file.with_suffix(".safetensors"))
    print(f"{file.name}, findings: {len(result.findings)}")
    for found in result.findings[:1]:
        print(f"    {found.name} ({found.sure})\n    cure: {found.cure}")

# %% [markdown]
# How often is it right? `data/bugs.md` has the whole table. For each broken run: was the bug named, and named first? For each healthy run: was it called broken?

# %%
table = drawings.read_table("bugs/diagnose")
broken = [row for row in table if row["broken"] == "yes"]
healthy = [row for row in table if row["broken"] == "no"]
print("broken runs:", len(broken))
for row in broken:
    print(
        f"    {row['run']:22} named: {row['named']:3} first: {row['first']}"
    )
called = [row["run"] for row in healthy if row["found"]]
print(f"healthy runs: {len(healthy)}, called broken: {len(called)}")

# %% tags=["fold"]
# What the text says, checked
assert sum(row["named"] == "yes" for row in broken) >= 12
assert len(healthy) >= 5

# %% [markdown]
# These are the runs that the program was written for, so the table says little about bugs that nobody thought of. If it finds nothing, your run is not proved to be healthy.
#
# # Your own data
#
# Now train on pictures that *you* choose: your photographs of leaves or cups, handwritten digits, or the built-in textures. The checklist below is the order in which a bug costs least. The cells do it for the textures and their finished network. Put in your own names.
#
# **1. Look at the data.** Are the images what you think? Are there doubles? May they be mirrored? Which way round is black and white?

# %%
source = "textures"  # or a folder of yours, or "ylecun/mnist"
own, own_labels = load_images(source)
print("images:", tuple(own.shape), own.dtype)
print("smallest and largest value:", int(own.min()), int(own.max()))
different = own.flatten(1).unique(dim=0)
print("doubles:", len(own) - len(different))
drawings.show_own(own[:16], "16 images of the data")

# %% [markdown]
# **2. Does the schedule end in noise?** Where $\bar\alpha_T$ is far from 0, training never shows the network pure noise, and sampling starts with it. The last line is the classic recipe with $T = 200$.

# %%
for name, T in (("cosine", 200), ("linear", 1000), ("linear", 200)):
    last = NoiseSchedule.from_name(name, T).alphas_cumprod[-1]
    print(f"{name:6} T = {T:4}: alpha-bar at the end {last:.5f}")

# %% [markdown]
# **3. Train a short run, and then the long one.** In a terminal. A short run finds many bugs, and it costs minutes:
#
#     course train textures --set training.steps=300 --out runs/try
#     course sample runs/try/checkpoint.safetensors --out try.png
#     course diagnose runs/try/checkpoint.safetensors
#
# For pictures of your own the first line is `course train folder_128_colour --set data.source=FOLDER --set training.steps=300 --out runs/try`. In
# FOLDER, the folders `train` and `test` are two splits, and folders inside them are classes.
#
# It should give blurred pictures of your data. If it gives noise, stop and look for the bug. Then the long run. The first line is for textures (a quarter of an hour), the second for digits, and the third for a folder of your own pictures (128 x 128, in colour). All can be stopped and go on later.
#
#     course train textures
#     course train mnist
#     course train folder_128_colour --set data.source=FOLDER
#
# **4. The loss by $t$.** One mean hides where the network is bad. A network that knows nothing and answers 0 has an error of 1 for noise, and about the variance of its target for v.

# %%
trained = load_checkpoint("textures", device="cpu")
predicts = trained.config.diffusion.predicts
batch = to_model_range(own[-64:])
kind = own_labels[-64:]
g = torch.Generator().manual_seed(0)
by_t = {}
for step in range(0, trained.schedule.timesteps, 9):
    t = torch.full((64,), step)
    noise = torch.randn(batch.shape, generator=g)
    target = training_target(batch, t, noise, trained.schedule, predicts)
    with torch.no_grad():
        x_t = q_sample(batch, t, noise, trained.schedule)
        said = trained.model(x_t, t, kind)
    error = (said - target).square().mean()
    by_t[step] = float(error / target.square().mean())
drawings.show_loss_by_t(by_t)

# %% [markdown]
# Where the curve is near 1, the network says no more than 0 would. For v both ends are hard. At $t = 0$ v is almost the noise, and $x_t$ shows hardly any. At the other end v is almost $-x_0$, and $x_t$ shows hardly anything of that. Between them the curve has to be low and smooth.
#
# **5. Averaged and raw weights.** If the samples of a short run are noise, look at the raw weights, too: the average of a short run may hold initial weights.
#
# **6. Samples, and their nearest neighbours.** Is a sample a copy of a training image? Below each sample stands the nearest image of 10,000.

# %%
drawn = ddim_sample_loop(
    partial(trained.model, labels=torch.arange(8)),
    (8, 1, 28, 28),
    trained.schedule,
    steps=25,
    generator=torch.Generator().manual_seed(0),
    predicts=predicts,
    clip_start=True,
)
data = to_model_range(own)
index, distance = nearest_images(drawn, data)
closest, _ = nearest_images(data[:8], data, count=2)
among_data = (data[:8] - data[closest[:, 1]]).square().mean((1, 2, 3)).sqrt()
drawings.show_neighbours({"sample": drawn, "nearest": data[index[:, 0]]})
print(f"a sample from its nearest image: {distance.mean():.2f}")
print(f"an image from its nearest other: {among_data.mean():.2f}")

# %% [markdown]
# If the first number is much smaller than the second, the network copies.
#
# **7. A score, with its floor.** The course's judges know grey pictures of 28 x 28, and need 4,096 test images. So they are for sets like the digits:
#
#     course train-classifier --data ylecun/mnist --out judge.safetensors
#     course evaluate runs/mnist/checkpoint.safetensors --judge judge.safetensors
#
# For other pictures, begin with something simple: shrink each to 4 x 4 pixels, and take the Frechet distance (chapter 11) of these few numbers. It sees colours and
# large shapes, and no details. Use as many real images as samples, and compare real with real, too: that is the floor.

# %%
many = ddim_sample_loop(
    partial(trained.model, labels=torch.arange(64) % 8),
    (64, 1, 28, 28),
    trained.schedule,
    steps=10,
    generator=torch.Generator().manual_seed(1),
    predicts=predicts,
    clip_start=True,
)


def distance_of_means(first: Tensor, second: Tensor) -> float:
    small = [adaptive_avg_pool2d(x, 4).flatten(1) for x in (first, second)]
    one, other = (fit_gaussian(numbers.double()) for numbers in small)
    return float(frechet_distance(*one, *other))


wanted = data[own_labels < 8]  # the kinds that were drawn
g = torch.Generator().manual_seed(2)
order = torch.randperm(len(wanted), generator=g)[:128]
half, rest = wanted[order].chunk(2)
score = distance_of_means(many, half)
floor = distance_of_means(rest, half)
print(f"score {score:.2f}, floor {floor:.2f}")

# %% [markdown]
# Some three times the floor: rough, but it would catch grey pictures, or all alike.
#
# **8. A film and a card.** The film is one option of `course sample`; `-n 4` keeps a film of large pictures small. A card tells others, and you in a year, what this network is.
#
#     course sample runs/textures/checkpoint.safetensors -n 4 --film film.webp

# %%
card = {
    "data": f"{source}, {len(own):,} images",
    "network": f"{sum(p.numel() for p in trained.model.parameters()):,} "
    "parameters",
    "predicts": predicts,
    "steps": trained.step,
    "score": f"{score:.2f} (Frechet distance of 4 x 4 means)",
    "floor": f"{floor:.2f} (64 real images against 64 others)",
    "film": "film.webp",
    "what it draws badly": "... (look at 64 samples)",
}
for name, value in card.items():
    print(f"| {name:19} | {value}")

# %% [markdown]
# Fill in the dots, and put the card beside the file. Cards of the course's own networks are in `data/`, for example `data/textures.md`.
#
# ## What you now have
#
# - an eye for six symptoms, and five repaired functions
# - an order in which to look when the samples are noise
# - a network on your own pictures, with a checklist and a card
#
# ## Think about it
#
# 1. A bug makes the Fréchet distance 5 % worse, and no picture shows it. Which test would have found it before the training?
# 2. Row 2 became exactly grey. With another variance, $\beta_t$, the last step would not multiply by 0. What would you see then?
# 3. Which of the bugs of this chapter would a training set with only one image hide, and which would it show?
#
# ## Read on
#
# - Ho and others: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239)
# - Lin and others: Common Diffusion Noise Schedules and Sample Steps are Flawed, [2305.08891](https://arxiv.org/abs/2305.08891)
# - Karras and others: Elucidating the Design Space of Diffusion-Based Generative Models, [2206.00364](https://arxiv.org/abs/2206.00364), which takes sampler and network apart
# - Parmar and others: On Aliased Resizing and Surprising Subtleties in GAN Evaluation, [2104.11222](https://arxiv.org/abs/2104.11222), bugs in the score
