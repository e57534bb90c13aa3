# %% [markdown]
# # 14 · Editing pictures
#
# **After this notebook you can** clean a noisy picture, turn your own drawing into a garment, fill holes in pictures, and make one garment turn
# into another. For all four you take a network that was trained to draw. You only sample in another way.
#
# **Minutes:** 130, in two sittings · **Builds on:** 05 (the deterministic step), 12 (DDIM), 13 (labels)
#
# | sitting | minutes | at its end you have |
# | --- | --- | --- |
# | 1. Begin in the middle | 50 | clean pictures, and a garment from your own drawing |
# | 2. Keep a part, walk between | 80 | filled holes beside the exact answer, and a film to send to friends |
#
# Nothing is trained here. The network is `data/fashion_mnist.safetensors`, which learned from the real photographs of Fashion-MNIST. The pictures that we edit are the built-in garments, so the network has never seen
# one of them.

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
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from course_lib import editing
from course_lib.drawings import editing as drawings
from course_lib.editing import (
    conditional_mixture,
    ddim_sample_from,
    renoise,
    sketch_to_image,
)

# %%
from course_lib.fast_sampling import (
    ddim_sample_loop,
    ddim_step,
    ddim_timesteps,
    predict_start_and_noise,
)
from course_lib.forward import extract
from course_lib.images import load_images, to_model_range, to_uint8
from course_lib.mixtures import GaussianMixture
from course_lib.pictures.canvas import DrawingPad
from course_lib.quizzes import after_answer, check, question
from course_lib.runs.checkpoints import load_checkpoint
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod
from course_lib.types import Model, Predicts

# %% [markdown]
# # Sitting 1: begin in the middle
#
# ## What you will make
#
# The film below is made with the course's functions. At the end of the chapter you make such a film with your own. Above, two garments are given, and the
# pictures between them are drawn. Below, you see what a flat grey drawing becomes when the network may change more and more of it.

# %%
strong = load_checkpoint("fashion_mnist", device="cpu")
schedule = strong.schedule
images, labels = load_images("garments", split="test")
images = to_model_range(images)


def pick(kinds: Iterable[int], which: Iterable[int]) -> Tensor:
    """For each class its test garment with that number, (n, 1, 28, 28)."""
    chosen = zip(kinds, which, strict=True)
    return torch.stack([images[labels == kind][i] for kind, i in chosen])


def between(first: Tensor, second: Tensor, fraction: Tensor) -> Model:
    """The network with a mixture of two labels in each row."""

    def model(x: Tensor, t: Tensor) -> Tensor:
        said = [strong.model(x, t, kinds) for kinds in (first, second)]
        return torch.lerp(*said, float(fraction))

    return model


# %%
first = torch.tensor([6, 0, 7])  # shirt, T-shirt, sneaker
second = torch.tensor([4, 3, 9])  # coat, dress, ankle boot
numbers = (1, 0, 0)
ends = [
    editing.invert(
        partial(strong.model, labels=kinds),
        pick(kinds.tolist(), numbers),
        schedule,
        steps=12,
        clip_start=True,
    )
    for kinds in (first, second)
]
walks = []
for fraction in torch.linspace(0, 1, 11):
    z = editing.slerp(*ends, fraction.expand(3))
    model = between(first, second, fraction)
    walks.append(
        ddim_sample_from(model, z, 199, schedule, 12, clip_start=True)
    )

# %% tags=["fold"]
# Five drawings: corners (x, y) in a field of 28 x 28, and a grey, 0 to 255
SNEAKER = (
    ("1,12 4,11 7,13 11,9 15,10 20,14 26,16 27,18 1,19", 160),
    ("1,19 27,18 27,21 1,21", 240),
)
BOOT = (
    ("4,3 13,3 14,11 20,15 26,17 26,21 4,21", 120),
    ("3,21 27,21 27,23 11,23 9,24 3,24", 60),
)
DRESS = (
    ("10,1 12,1 13,4 15,4 16,1 18,1 18,9 23,26 5,26 10,9", 200),
    ("10,9 18,9 18,11 10,11", 90),
)
BAG = (
    ("2,11 26,11 27,25 1,25", 150),
    ("9,11 10,4 18,4 19,11 17,11 16,6 12,6 11,11", 200),
)
SHIRT = (
    ("9,2 19,2 26,7 27,24 23,24 21,12 21,26 7,26 7,12 5,24 1,24 2,7", 140),
    ("13,2 15,2 15,26 13,26", 220),
)
DRAWINGS = (SNEAKER, BOOT, DRESS, BAG, SHIRT)

# %% tags=["fold"]


def painted(parts: tuple[tuple[str, int], ...]) -> Tensor:
    """A drawing as a picture, (1, 28, 28) in [-1, 1]."""
    large = Image.new("L", (28 * 8, 28 * 8))
    for corners, grey in parts:
        numbers = [8 * int(n) for n in corners.replace(",", " ").split()]
        ImageDraw.Draw(large).polygon(numbers, fill=grey)
    small = large.resize((28, 28), Image.Resampling.BOX)
    return to_model_range(torch.from_numpy(np.array(small))[None])


# %%
sketches = torch.stack([painted(parts) for parts in DRAWINGS])
sketched = torch.tensor([7, 9, 3, 8, 6])  # sneaker, boot, dress, bag, shirt
g = torch.Generator().manual_seed(4)  # chosen by eye among six
sketch_noise = torch.randn(sketches.shape, generator=g)


def from_sketch(drawn: Tensor, rows: list[int], start: int) -> Tensor:
    """Some of the drawings (5, 1, 28, 28) as garments."""
    return sketch_to_image(
        partial(strong.model, labels=sketched[rows]),
        drawn[rows],
        start,
        sketch_noise[rows],
        schedule,
        steps=12,
        clip_start=True,
    )


some = [0, 2, 3]
grown = [from_sketch(sketches, some, t) for t in range(15, 143, 14)]
drawings.show_opening(walks, [sketches[some], *grown])

# %% [markdown]
# ## How much noise is in this picture?
#
# A camera in the dark gives $y = x_0 + \sigma\,\epsilon$: the scene, plus noise whose standard deviation $\sigma$ is known. The network expects something else:
#
# $$x_t = \sqrt{\bar\alpha_t}\; x_0 + \sqrt{1 - \bar\alpha_t}\; \epsilon$$
#
# Multiply the noisy picture by $\sqrt{\bar\alpha_t}$. Then the first terms agree. The second terms agree if $\sqrt{\bar\alpha_t}\, \sigma = \sqrt{1 - \bar\alpha_t}$, that is, if
#
# $$\sigma = \sqrt{(1 - \bar\alpha_t) / \bar\alpha_t}.$$
#
# So every $\sigma$ has its $t$. The helper `sigma_from_alphas_cumprod(schedule.alphas_cumprod)` gives the right-hand side for all $t$ (chapter 03). Find the $t$ whose value is nearest to $\sigma$.


# %% quiz="noise_level_to_t"
def noise_level_to_t(sigma: Tensor, schedule: NoiseSchedule) -> Tensor:
    """The t at which the network expects a noise of standard deviation
    sigma on a picture: long, in the shape of sigma (any shape).
    """
    raise NotImplementedError


# %%
noise_level_to_t = check(noise_level_to_t)

# %% [markdown]
# Noise is often given in grey levels from 0 to 255. Our pixels go from -1 to 1, so one grey level is $1 / 127.5$.

# %%
greys = torch.tensor([10, 25, 50, 75, 100, 150])
fitting = noise_level_to_t(greys / 127.5, schedule)
for grey, t in zip(greys, fitting, strict=True):
    print(f"noise of {grey:3} grey levels: t = {t:3}")

# %% [markdown]
# ## From the right $t$
#
# Now clean the picture. Scale it, and go down from $t$ to clean data. `ddim_sample_from(model, x_t, start, schedule, steps, predicts=..., clip_start=...)` makes `steps` steps of DDIM without fresh noise, from $t$ = `start` to clean data.
# It is chapter 12's loop, except that it begins where you say. With one step it returns the predicted $x_0$ itself, because $\bar\alpha$ is 1 at clean data.


# %% quiz="denoise_from"
def denoise_from(
    model: Model,
    noisy: Tensor,
    start: int,
    schedule: NoiseSchedule,
    steps: int = 1,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """A clean picture from a noisy one, x_0 plus noise whose level is that
    of t = `start`: (B, ...) in and out; `steps` steps of DDIM.
    """
    raise NotImplementedError


# %%
denoise_from = check(denoise_from)

# %% [markdown]
# Two more things for a comparison. The **median filter** is the classic: each pixel becomes the median of itself and its eight neighbours. And **PSNR**, the
# peak signal-to-noise ratio, says how close a picture is to the clean one. Our pixels have a range of 2, so
#
# $$\mathrm{PSNR} = 10\, \log_{10} \frac{2^2}{\text{mean squared error}} \quad \text{in decibels (dB)}.$$
#
# Higher is better. 3 dB more means half the squared error. Here the network is told the class of each garment. Values beyond -1 and 1 are cut off before the noisy picture is shown and measured.

# %%
classes = torch.arange(10)
ten = pick(range(10), [1] * 10)  # one garment of each class
network = partial(strong.model, labels=classes)


def psnr(pictures: Tensor, clean: Tensor) -> float:
    """The mean over all pictures, in dB."""
    return float(
        peak_signal_noise_ratio(
            pictures, clean, 2.0, reduction="none", dim=(1, 2, 3)
        ).mean()
    )


def median(pictures: Tensor) -> Tensor:
    filtered = [
        Image.fromarray(grey).filter(ImageFilter.MedianFilter(3))
        for grey in to_uint8(pictures)[:, 0].numpy()
    ]
    return to_model_range(torch.from_numpy(np.stack(filtered))[:, None])


# %%
question("one_call_or_ten")

# %% quiz="one_call_or_ten"
one_call_or_ten = ""  # your letter, between the quotes

# %%
check(one_call_or_ten, "one_call_or_ten")

# %%
sigma = 100 / 127.5
g = torch.Generator().manual_seed(0)
noisy = ten + sigma * torch.randn(ten.shape, generator=g)
t = int(noise_level_to_t(torch.tensor(sigma), schedule))
cleaned = {
    "clean": ten,
    "noisy": noisy.clamp(-1, 1),
    "median": median(noisy),
}
for steps in (1, 10):
    name = "one call" if steps == 1 else "ten steps"
    cleaned[name] = denoise_from(
        network, noisy, t, schedule, steps, clip_start=True
    )
decibels = {name: psnr(x, ten) for name, x in list(cleaned.items())[1:]}
with_decibels = {"clean": ten} | {
    f"{name} {dB:.1f}": cleaned[name] for name, dB in decibels.items()
}
with after_answer("one_call_or_ten"):
    drawings.show_denoised(with_decibels)

# %% tags=["fold"]
# What the text says, checked


def roughness(x: Tensor) -> float:
    """The mean difference between neighbours."""
    return float(
        x.diff(dim=2).abs().mean() / 2 + x.diff(dim=3).abs().mean() / 2
    )


assert decibels["one call"] > decibels["ten steps"] + 0.4
assert decibels["ten steps"] > decibels["median"] + 3
assert roughness(cleaned["ten steps"]) > 1.05 * roughness(cleaned["one call"])

# %% [markdown]
# <details><summary>What you saw, and why</summary>
#
# The numbers are PSNR. One call is ahead of ten steps by about one decibel, and ten steps look sharper. Both are right, in their way.
#
# Many garments could be behind this noise. One call gives their mean, $\mathrm E[x_0 \mid x_t]$. Of all answers it has the smallest squared error on average: that is how the network was trained.
# But a mean of many patterns is smooth. Ten steps end at *one* garment, with a pattern. It is a possible pattern, and mostly not the true one. So the squared error is larger. (A random draw from all possible garments would have twice the squared error of the mean, 3 dB less.
# Ten steps of DDIM add no fresh noise, so they are no random draw, and they lose less.)
#
# If you want to measure something in the picture, take the mean: it invents nothing. If the picture should only look good, take ten steps. Image restoration calls this the trade between distortion and perception
# ([1711.06077](https://arxiv.org/abs/1711.06077)).
#
# </details>
#
# ## What if the $t$ is wrong?
#
# Often nobody knows the noise exactly. Now it is 50 grey levels, which fits $t = 45$, and we take one call.

# %%
question("wrong_t")

# %% quiz="wrong_t"
wrong_t = ""  # your letter, between the quotes

# %%
check(wrong_t, "wrong_t")

# %%
sigma = 50 / 127.5
fitting = int(noise_level_to_t(torch.tensor(sigma), schedule))
noisy = ten + sigma * torch.randn(ten.shape, generator=g)
told = {
    t: denoise_from(network, noisy, t, schedule, clip_start=True)
    for t in (10, 20, 30, 37, 41, 45, 49, 53, 60, 75, 90, 110, 140)
}
over_t = {t: psnr(x, ten) for t, x in told.items()}
by_t = {f"t = {t}": told[t] for t in (20, 45, 90, 140)}
table = drawings.read_table("editing_psnr")
with after_answer("wrong_t"):
    drawings.show_wrong_t({"noisy": noisy} | by_t)
    drawings.show_psnr_over_t(over_t, table, fitting)

# %% tags=["fold"]
# What the text says, checked
assert fitting == 45
assert abs(max(over_t, key=over_t.get) - fitting) <= 8
assert over_t[20] < over_t[45] - 3
assert over_t[90] < over_t[45] - 1.5

# %% [markdown]
# <details><summary>What you saw</summary>
#
# With a $t$ that is too small the network takes the noise for texture, and keeps it. With one that is too large it takes texture for noise, and removes it.
#
# The best $t$ is close to that of your `noise_level_to_t`, for the ten garments and for 256 real photographs (from `data/editing_psnr.csv`). The curves fall more steeply to the left: if you are not sure, take a $t$ that is a little too large.
#
# </details>
#
# ## Against two classics
#
# The same file has the whole comparison, with three seeds: 256 test photographs under noise of five strengths. It also has *non-local means*, a stronger classic: each pixel becomes a mean of
# pixels nearby whose surroundings look alike. Both classics have the setting that is best for these very photographs. The network is told no label.

# %%
drawings.show_psnr(table)

# %% tags=["fold"]
# What the text says, checked
best = {
    (method, grey): [
        row["psnr"]
        for row in table
        if (row["method"], row["grey"]) == (method, grey)
    ]
    for method in drawings.METHODS
    for grey in (10, 25, 50, 75, 100)
}
for grey in (10, 25, 50, 75, 100):
    assert min(best["one call", grey]) > max(best["ten steps", grey])
    assert (min(best["noisy", grey]) > max(best["median", grey])) == (
        grey < 50
    )
    for classic in ("median", "non-local means"):
        assert min(best["ten steps", grey]) > max(best[classic, grey])

# %% [markdown]
# The network is ahead at every noise level, and one call is always ahead of ten steps. The comparison is not fair: the classics know nothing about garments, and the network has seen 60,000. So the gap shows how much it helps to know this kind of picture. With weak noise the median filter does more harm than the noise itself.
#
# ## From a drawing to a garment
#
# Add noise to a picture, and remove it again: you do not get the same picture back. The noise has hidden its details, and the network invents new ones. For a photograph this is a loss. For a
# *drawing* it is what we want ("SDEdit", [2108.01073](https://arxiv.org/abs/2108.01073)).
#
# `sketch_to_image(model, sketch, start, noise, schedule, steps)` does this with two functions that you know: `q_sample` to $t$ = `start`, then `ddim_sample_from`.
#
# Draw something! The pad begins with a sneaker in two flat greys. Paint over it, or begin with an empty pad: put `empty` in the place of `sketches[:1]`.

# %%
empty = -torch.ones(1, 1, 28, 28)
pad = DrawingPad(
    start=sketches[:1],
    mode="sketch",
    alternative="A field of 28 x 28 pixels to draw on. At first there is a "
    "sneaker on it, grey with a white sole.",
)
pad.show()

# %%
question("how_much_of_a_sketch")

# %% quiz="how_much_of_a_sketch"
how_much_of_a_sketch = ""  # your letter, between the quotes

# %%
check(how_much_of_a_sketch, "how_much_of_a_sketch")

# %% [markdown]
# When you have drawn something, run the next cell again. Say in its first line which class it should become: 0 T-shirt, 1 trousers, 2 pullover, 3 dress,
# 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.

# %%
yours = 7
mine = torch.cat([pad.image, sketches[1:]])
sketched[0] = yours
starts = (30, 90, 130, 160, 199)
from_mine = [from_sketch(mine, [0, 1, 2, 3, 4], start) for start in starts]
names = ["drawing", *(f"t = {start}" for start in starts)]
with after_answer("how_much_of_a_sketch"):
    drawings.show_sketches(dict(zip(names, [mine, *from_mine], strict=True)))

# %% tags=["fold"]
# What the text says, checked
changed = [float((x - mine)[1:].square().mean()) for x in from_mine]
assert changed == sorted(changed)
assert changed[-1] > 3 * changed[1]

# %% [markdown]
# <details><summary>What you saw</summary>
#
# From $t = 30$ you get the drawing back, with a little texture. From $t = 199$ you get a garment of the class that has nothing to do with the drawing. In between, around 90 to 130, the outline is mostly yours, and the surface is the network's.
#
# Noise hides small things first, and large shapes last. The drawing is right in its large shapes and wrong in its details. So choose the noise that hides what is wrong, and no more.
#
# </details>

# %% [markdown]
# **End of sitting 1.** You can now edit in two ways: clean a noisy picture, and turn a drawing into a garment. Both begin sampling in the middle. A good place for a break.
#
# # Sitting 2: keep a part, walk between
#
# ## A part is known
#
# A photograph has a scratch. Everything else is known and must stay. We write this as a **mask: 1 = known**, 0 = to be drawn.
#
# The sampler can draw the whole picture as always. After each step, replace the known part by what it should be. The state at `t_prev` is noisy, so the known part needs the noise of `t_prev`, too:
#
# $$x_{t_\mathrm{prev}} = \begin{cases} \sqrt{\bar\alpha_\mathrm{prev}}\; \text{known} + \sqrt{1 - \bar\alpha_\mathrm{prev}}\; \epsilon & \text{where the mask is 1} \\ \text{a step of DDIM} & \text{where it is 0} \end{cases}$$
#
# ([2201.09865](https://arxiv.org/abs/2201.09865), equation 8). `ddim_step(model, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)` is yours from chapter 12. $\bar\alpha$ at
# `t_prev` is `schedule.alphas_cumprod_prev` at `t_prev + 1`; `extract` looks it up.


# %% quiz="inpaint_step"
def inpaint_step(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    known: Tensor,
    mask: Tensor,
    noise: Tensor,
    known_noise: Tensor,
    schedule: NoiseSchedule,
    eta: float = 1.0,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """x at t_prev from x_t (B, ...): drawn where the mask is 0, and where it
    is 1 the known picture with the noise of t_prev.

    t, t_prev     long (B,); t_prev = -1 is clean data
    known         the clean picture, (B, ...)
    mask          1 where known, 0 where to be drawn; broadcasts with x_t
    noise         for ddim_step; known_noise is for the known part
    """
    raise NotImplementedError


# %%
inpaint_step = check(inpaint_step)

# %% [markdown]
# Here is the loop. It visits a list of levels, and each must be a $t$ of the network or $-1$ for clean data. Look at the line with `renoise`: for a move *up*, to more noise,
# it adds the noise that is missing. We need this only later.


# %%
@torch.no_grad()
def fill(
    model: Model,
    known: Tensor,
    mask: Tensor,
    visited: list[int],
    seed: int = 0,
    step: Callable = inpaint_step,
) -> Tensor:
    """Pictures with the known part of `known`, (B, ...)."""
    g = torch.Generator().manual_seed(seed)  # for the sampler
    g_known = torch.Generator().manual_seed(1000 + seed)
    x = torch.randn(known.shape, generator=g)
    for level, following in pairwise(visited):
        t, t_next = (torch.full((len(x),), n) for n in (level, following))
        z = torch.randn(x.shape, generator=g)
        if following > level:
            x = renoise(x, t, t_next, z, schedule)
        else:
            w = torch.randn(x.shape, generator=g_known)
            x = step(
                model, x, t, t_next, known, mask, z, w, schedule, 1.0,
                clip_start=known.ndim == 4,  # pictures have a range
            )  # fmt: skip
    return x


# %% [markdown]
# Two properties must hold exactly. At the end, the known part is the given one, without any difference. And with an empty mask the loop is the plain sampler, bit for bit.

# %%
straight = [*ddim_timesteps(200, 25).tolist(), -1]
left = torch.ones(1, 1, 28, 28)
left[..., 14:] = 0  # the right half is to be drawn
replaced = fill(network, ten, left, straight)
assert torch.equal(replaced[..., :14], ten[..., :14])

short = [*ddim_timesteps(200, 5).tolist(), -1]
free = fill(network, ten, torch.zeros(1, 1, 28, 28), short)
g = torch.Generator().manual_seed(0)
plain = ddim_sample_loop(
    network, ten.shape, schedule, 5, 1.0, g, clip_start=True
)
assert torch.equal(free, plain)
print("the known half is unchanged; an empty mask changes nothing")

# %% [markdown]
# ## Find the bug by eye
#
# Inpainting has two popular bugs. One is a mask that is inverted, because some programs use 1 for "known", and others for "draw this". The other one puts the *clean* known part into
# noisy states. Here are three programs:

# %% tags=["fold"]
# Three programs. Look at the picture first, and answer the question.


def program_a(model, x, t, t_prev, known, mask, z, w, *rest, **options):
    drawn = ddim_step(model, x, t, t_prev, z, *rest, **options)
    return torch.where(mask.bool(), known, drawn)


def program_c(model, x, t, t_prev, known, mask, *rest, **options):
    return inpaint_step(
        model, x, t, t_prev, known, 1 - mask, *rest, **options
    )


hidden = left * ten - 0.3 * (1 - left)  # a grey field
clean_part = fill(network, ten, left, straight, step=program_a)
inverted = fill(network, ten, left, straight, step=program_c)
three = {"A": clean_part, "B": replaced, "C": inverted}
drawings.show_bugs({"garment": ten, "known": hidden} | three)

# %%
question("which_mask_is_inverted")

# %% quiz="which_mask_is_inverted"
which_mask_is_inverted = ""  # your letter, between the quotes

# %%
check(which_mask_is_inverted, "which_mask_is_inverted")

# %%
with after_answer("which_mask_is_inverted"):
    for name, x in three.items():
        halves = [(x - ten)[..., :14], (x - ten)[..., 14:]]
        wrong = [float(half.abs().max()) for half in halves]
        print(
            f"{name}: changed by at most {wrong[0]:.2f} on the left,", end=" "
        )
        print(f"{wrong[1]:.2f} on the right")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# C has the inverted mask: it kept what was hidden. B is right.
#
# A puts the clean part into noisy states. It *looks* fine, and at the seam it even fits better than B. It is still a bug: the network never saw states that are half clean and half noisy, so nothing says
# that its predictions are right there. Here the drawn halves come out a little plainer. So a small step at the seam does not prove that a program is right. The known part is exact at the end, so this test does not find the bug either.
# What finds it is a look at one step: at `t_prev` the known part must have noise of standard deviation $\sqrt{1 - \bar\alpha_\mathrm{prev}}$. `check` compared single steps of your `inpaint_step`, so it would have found it.
#
# </details>

# %% [markdown]
# But B is not good either. Many right halves do not fit the left ones: a different grey, a different pattern, an edge in the middle. There is no bug. What is wrong?
#
# ## Against the exact answer
#
# Take data for which the right answer is known. Two round clouds of equal weight lie around $(-1, -1)$ and $(1, 1)$, with standard deviation 0.4. The first coordinate is known: it is 0.2. What is the second one?
#
# By Bayes' rule each cloud counts as much as it makes 0.2 likely. The right cloud is nearer, and gets 92 %. `conditional_mixture` computes this. So inpainting should put 92 % of its points there. In the place of the network we use the formula of the best possible prediction, `optimal_noise` from chapter 02, so no error comes from training.

# %%
question("share_on_the_right")

# %% quiz="share_on_the_right"
share_on_the_right = ""  # your letter, between the quotes

# %%
check(share_on_the_right, "share_on_the_right")

# %%
clouds = GaussianMixture([[-1.0, -1.0], [1.0, 1.0]], std=0.4)
exact_network = partial(clouds.optimal_noise, schedule=schedule)
given, first_known = torch.tensor([0.2, 0.0]), torch.tensor([1.0, 0.0])
exact = conditional_mixture(clouds, given, first_known)


def second_coordinate(visited: list[int], seed: int, n: int = 2000) -> Tensor:
    points = given.expand(n, 2)
    return fill(exact_network, points, first_known, visited, seed)[:, 1]


def three_draws(visited: list[int]) -> list[Tensor]:
    """The second coordinate with three seeds."""
    return [second_coordinate(visited, seed) for seed in range(3)]


def shares(draws: list[Tensor]) -> list[float]:
    """The share of the right cloud in each of them."""
    return [float((y > 0).float().mean()) for y in draws]


def down(steps: int) -> list[int]:
    return [*ddim_timesteps(200, steps).tolist(), -1]


# %%
g = torch.Generator().manual_seed(5)
should = exact.sample(2000, g)[:, 0]
replacements = {steps: three_draws(down(steps)) for steps in (50, 200)}
by_steps = {steps: shares(draws) for steps, draws in replacements.items()}
columns = {
    name: torch.stack([torch.full_like(y, 0.2), y], dim=1)
    for name, y in (("exact", should), ("replacement", replacements[50][0]))
}
with after_answer("share_on_the_right"):
    drawings.show_known(clouds, 0.2, columns)
    for steps, found in by_steps.items():
        print(f"{steps:3} steps:", *(f"{share:.2f}" for share in found))

# %% tags=["fold"]
# What the text says, checked
right = exact.weights[1]
assert abs(float(right) - 0.924) < 0.001
assert all(0.59 < share < 0.66 for share in by_steps[50] + by_steps[200])
assert abs(float(schedule.sqrt_alphas_cumprod[150]) - 0.37) < 0.005
assert abs(float(schedule.sqrt_one_minus_alphas_cumprod[150]) - 0.93) < 0.005

# %% [markdown]
# <details><summary>What you saw, and why</summary>
#
# About 62 % instead of 92 %, and 200 steps do not help. The network is exact, and every known value was put in correctly.
#
# Look at an early step, say at $t = 150$. There $\sqrt{\bar\alpha_t}$ is 0.37, so the known coordinate is $0.37 \cdot 0.2$ plus noise of size 0.93. It says almost nothing. So the second coordinate chooses
# a cloud nearly by chance. Later the noise is gone, and the known coordinate clearly says "right". But between the clouds there is no data, so a point that has chosen the left cloud cannot leave it.
#
# Yet *we* know more from the start: the clean value 0.2. A correct sampler would use it at every level. Replacement shows the network only a noisy copy, so the network learns the known part too late. In the garments the right half, too, chooses its grey and its pattern while the left half is still covered with noise.
#
# </details>

# %% [markdown]
# ## Go back and decide again
#
# Here is the idea of RePaint ([2201.09865](https://arxiv.org/abs/2201.09865)). When you have come down a little, the known part and the drawn part know a bit about each other. Now go *up* again: add noise to both. From $t$ up to $t'$ this is $x_{t'} = \sqrt r\; x_t + \sqrt{1 - r}\; \epsilon$ with $r = \bar\alpha_{t'} / \bar\alpha_t$, the step of chapter 04 over several levels. It is the function `renoise`.
# With noise, what was decided is open again. On the way down the drawn part decides anew, and this time it begins with what it has learned from the known part.
#
# The list of levels becomes a zigzag. There are `steps` levels, numbered from `steps - 1` (noise) down to 0, and $-1$ for clean data. The list goes down. When it arrives for the first time at one of the levels 0, `jump_length`, 2 `jump_length`, ... that lie below `steps - jump_length`,
# it goes up by `jump_length` and comes back, `jump_n_sample - 1` times in all. Then it goes on down. Each level in the list is a neighbour of the one before.
#
# Examples: `repaint_schedule(4, 2, 2)` is 3, 2, 1, 0, 1, 2, 1, 0, -1. `repaint_schedule(8, 2, 2)` begins with 7, 6, 5, 4, **5, 6**, 5, 4, 3: it returns at 4, 2 and 0, not at 6, and at 4 only once.


# %% quiz="repaint_schedule"
def repaint_schedule(
    steps: int, jump_length: int = 10, jump_n_sample: int = 10
) -> list[int]:
    """The levels that RePaint visits, from steps - 1 (noise) to -1 (clean
    data), each a neighbour of the one before.
    """
    raise NotImplementedError


# %%
repaint_schedule = check(repaint_schedule)


# %%
def zigzag(steps: int, jump_length: int, jump_n_sample: int) -> list[int]:
    """The t of these levels."""
    rising = down(steps)[-2::-1]
    levels = repaint_schedule(steps, jump_length, jump_n_sample)
    return [rising[level] if level >= 0 else -1 for level in levels]


def calls(visited: list[int]) -> int:
    """Each move down asks the network once."""
    return sum(after < before for before, after in pairwise(visited))


assert repaint_schedule(4, 2, 2) == [3, 2, 1, 0, 1, 2, 1, 0, -1]
repaint = zigzag(25, 5, 4)
visits = {
    f"replacement: {calls(straight)} calls": straight,
    f"RePaint(25, 5, 4): {calls(repaint)} calls": repaint,
}
drawings.show_visits(visits)

# %% [markdown]
# Does it help? Back to the two clouds. The more jumps, the more calls:

# %%
ways = {"replacement": down(50)}
for jump_n_sample in (2, 4, 10, 20):
    name = f"RePaint, {jump_n_sample} times"
    ways[name] = zigzag(50, 5, jump_n_sample)
draws = {name: three_draws(visited) for name, visited in ways.items()}
found = {name: shares(three) for name, three in draws.items()}
print("exact                           0.92")
for name, visited in ways.items():
    three = "  ".join(f"{share:.2f}" for share in found[name])
    print(f"{name:17} {calls(visited):4} calls    {three}")

# %%
chosen = ("replacement", "RePaint, 4 times", "RePaint, 20 times")
seconds = {
    f"{name}: {calls(ways[name])} calls": draws[name][0] for name in chosen
}
drawings.show_conditional(seconds, exact)

# %% tags=["fold"]
# What the text says, checked
means = [sum(three) / 3 for three in found.values()]
assert means == sorted(means)
assert abs(means[0] - 0.62) < 0.015
assert abs(means[-1] - 0.83) < 0.015
assert calls(ways["RePaint, 20 times"]) == 905

# %% [markdown]
# It helps, and it is expensive. With 18 times the calls the share rises from 0.62 to 0.83. With 90 times the calls it was 0.90 to 0.91 in three runs. So here RePaint comes close to the exact 0.92, but slowly.
#
# This is a hard case on purpose: the two clouds are far apart, so a point rarely moves from one to the other. An easier case is points along a line in the plane, whose first coordinate is known. There are no gaps in these data, so a wrong point can move a little with each jump. It is measured in `data/inpainting.csv`, with the Wasserstein distance: how far the points would have to be moved, on average, to be spread like the exact answer. The floor is the distance between two exact samples.

# %%
drawings.show_distances(drawings.read_table("inpainting"))

# %% tags=["fold"]
# What the text says, checked
line_case = drawings.read_table("inpainting")


def distance(**settings: object) -> float:
    """The mean over the known values and the seeds."""
    values = [
        row["distance"]
        for row in line_case
        if all(row[key] == value for key, value in settings.items())
    ]
    return sum(values) / len(values)


steps_40 = distance(method="replacement", steps=40)
steps_200 = distance(method="replacement", steps=200)
twice = distance(method="RePaint", jump_n_sample=2)
assert steps_200 > 0.85 * steps_40
assert 0.3 < twice / steps_40 < 0.4
assert distance(method="RePaint", jump_n_sample=16) > 0.85 * twice
assert twice > 4 * distance(method="exact")

# %% [markdown]
# Here going down each part twice removes two thirds of the error, and more jumps remove nothing more. RePaint stays above the floor: even here it is not exact. More steps without jumps hardly help, as before.
#
# ## Garments again
#
# In a picture hundreds of pixels are known, and together they say something even under strong noise. So the error should be smaller than with the clouds. Look at the seam:

# %%
repainted = fill(network, ten, left, repaint)
both = {"replacement": replaced, "RePaint": repainted}


def seam(x: Tensor) -> float:
    """The mean step of grey from the known half to the drawn one."""
    return float((x[..., 14] - x[..., 13]).abs().mean())


drawings.show_filled({"garment": ten, "known": hidden} | both)
for name, x in ({"garments": ten} | both).items():
    print(f"mean step at the seam: {seam(x):.2f}  {name}")

# %% tags=["fold"]
# What the text says, checked
assert roughness(clean_part[..., 14:]) < roughness(replaced[..., 14:])
assert abs(seam(ten) - 0.10) < 0.01
assert seam(repainted) < 0.9 * seam(replaced)
assert seam(ten) < seam(repainted)

# %% [markdown]
# At the seam the garments themselves have a step of 0.10 on average. With replacement it was 0.18 to 0.25 in four runs, and with RePaint 0.13 to 0.16. The seam is a symptom and not a proof: remember program A.
#
# ## One hole, many answers
#
# What is in the hole is not known. So there is no *right* filling, but a distribution of them, and each seed draws another one. Paint your own hole: what you paint over is to be drawn.

# %%
square = torch.ones(1, 1, 28, 28)
square[..., 8:22, 6:22] = 0
chosen_class = 7
hole = DrawingPad(
    start=ten[[chosen_class]],
    mode="mask",
    mask=square,
    alternative="A sneaker with a pattern. A square in its middle is "
    "painted over: this part is to be drawn.",
)
hole.show()

# %%
copies = ten[[chosen_class]].expand(6, -1, -1, -1)
kind = torch.full((6,), chosen_class)
one_class = partial(strong.model, labels=kind)
painted_mask = hole.mask
fillings = {
    "known": painted_mask * copies - 0.3 * (1 - painted_mask),
    "replacement": fill(one_class, copies, painted_mask, straight, seed=2),
    "RePaint": fill(one_class, copies, painted_mask, repaint, seed=2),
}
drawings.show_variety(fillings)

# %% [markdown]
# Within a row all garments have the same known part. Only the noise differs. If you show such a picture to somebody, say which part the network has invented.
#
# ## From a picture to its noise
#
# A deterministic sampler leads from each noise to one picture. Can we go the other way: from a given picture to the noise that belongs to it? Then we could change the noise a little, and get a picture that is a little different.
#
# DDIM's step is a piece of a path (chapter 12). Walk along the same path upwards: ask the network what $x_0$ and which noise $\hat\epsilon$ it sees in $x_t$, and mix the two for the *noisier* level `t_next`
# ([2010.02502](https://arxiv.org/abs/2010.02502), section 4.3):
#
# $$x_{t_\mathrm{next}} = \sqrt{\bar\alpha_\mathrm{next}}\; \hat x_0 + \sqrt{1 - \bar\alpha_\mathrm{next}}\; \hat\epsilon$$
#
# `predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)` of chapter 12 returns both, and `extract` looks up $\bar\alpha$. The first step starts from clean data, $t = -1$. The network knows no $t = -1$. Ask it at $t = 0$, keep its $\hat\epsilon$, and take the picture itself for $\hat x_0$. A batch may have rows with $t = -1$ beside others (`torch.where`).


# %% quiz="invert_step"
def invert_step(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    t_next: Tensor,
    schedule: NoiseSchedule,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """x at the noisier t_next from x_t (B, ...), by ddim_step's path
    backwards; t and t_next long (B,), t < t_next. At t = -1 x_t is clean
    data: there the model is asked at t = 0, and x_t is x_0.
    """
    raise NotImplementedError


# %%
invert_step = check(invert_step)

# %% [markdown]
# How exact is it? Go to noise and back, with the same number of steps each way:


# %%
@torch.no_grad()
def to_noise(model: Model, x: Tensor, steps: int) -> Tensor:
    """The noise that belongs to the clean pictures x, (B, ...)."""
    rising = down(steps)[-2::-1]
    for level, following in pairwise([-1, *rising]):
        t, t_next = (torch.full((len(x),), n) for n in (level, following))
        x = invert_step(model, x, t, t_next, schedule, clip_start=True)
    return x


def to_picture(model: Model, z: Tensor, steps: int) -> Tensor:
    return ddim_sample_from(model, z, 199, schedule, steps, clip_start=True)


kinds = torch.tensor([0, 3, 4, 6, 8])
five, of_five = ten[kinds], partial(strong.model, labels=kinds)
noises = {steps: to_noise(of_five, five, steps) for steps in (10, 20, 50)}
back = {n: to_picture(of_five, z, n) for n, z in noises.items()}
trips = {n: psnr(x, five) for n, x in back.items()}
named = {f"{n} steps: {trips[n]:.0f} dB": x for n, x in back.items()}
shown = {"garment": five} | named | {"the noise": noises[50] / 2.5}
drawings.show_round_trip(shown)

# %% tags=["fold"]
# What the text says, checked
assert trips[10] < trips[20] - 1.5
assert trips[20] < trips[50] - 3
assert float(noises[50][five == -1].std()) < 0.3
assert 0.9 < float(noises[50][five != -1].std()) < 1.1

# %% [markdown]
# The way back asks the network at slightly different points than the way there. The shorter the steps, the smaller this difference. For 32 real photographs the PSNR of the round trip is 20, 24, 31 and 37 dB with 10, 20, 50 and 100 steps (one run).
#
# `clip_start=True` is needed. At $t = 199$ $\bar\alpha$ is almost 0, so $\hat x_0$ is a small difference divided by a tiny number. Without the clip the first step back explodes.
#
# Is the result really *noise*? Look at the last row, and at these numbers:

# %%
z = noises[50]
ground = five == -1
print(f"standard deviation: {z.std():.2f}")
print(f"on the black ground {z[ground].std():.2f}", end=", ")
print(f"on the garments {z[~ground].std():.2f}")

# %% [markdown]
# On the garments the standard deviation is about 1 on average. But look at the checked coat: its pattern is still in the noise, and real noise has no pattern. On the black ground the standard deviation is far too small, and you still see the outline. So this is **not a typical draw of noise**.
#
# The reason lies in the data. A black pixel is exactly $-1$. In such a flat ground the network sees no noise, and says so at the first steps. The path up to noise starts with $\hat\epsilon \approx 0$ there and stays near 0. Many draws of noise end in the same exact black. The way up
# reaches only one of them, and an untypical one. It gives the picture back ([2410.23530](https://arxiv.org/abs/2410.23530) finds the same for large networks, and
# [2403.08840](https://arxiv.org/abs/2403.08840) what it does to interpolation).
#
# ## The middle of two noises
#
# Between two pictures we want to take a walk. The obvious way is a straight line: $(1 - f)\, a + f\, b$. Try it first with two fresh draws of noise.

# %%
question("middle_of_two_noises")

# %% quiz="middle_of_two_noises"
middle_of_two_noises = ""  # your letter, between the quotes

# %%
check(middle_of_two_noises, "middle_of_two_noises")

# %% [markdown]
# <details><summary>A hint that you can calculate</summary>
#
# $a$ and $b$ are independent with variance 1. The variance of $(a + b) / 2$ is $\tfrac14 + \tfrac14 = \tfrac12$.
#
# </details>
#
# There is another way between two points that are equally far from the centre: along the circle. With the angle $\omega$ between $a$ and $b$,
#
# $$\mathrm{slerp}(a, b, f) = \frac{\sin((1 - f)\, \omega)}{\sin \omega}\; a + \frac{\sin(f \omega)}{\sin \omega}\; b.$$
#
# Each row of the batch is one long vector with its own angle. Its cosine is $a \cdot b / (|a|\, |b|)$. If two rows point the same way, $\sin \omega$ is 0: then mix them linearly. Two traps: by rounding the cosine can be a little above 1, so clamp it; and the weights need the shape (B, 1, ..., 1).


# %% quiz="slerp"
def slerp(start: Tensor, end: Tensor, fraction: Tensor) -> Tensor:
    """From `start` to `end` along a great circle, row by row: (B, ...);
    fraction (B,), 0 is start and 1 is end.

    Rows that point the same way are mixed linearly.
    """
    raise NotImplementedError


# %%
slerp = check(slerp)

# %%
a, b = (
    torch.randn(10, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    for seed in (0, 1)
)
half = torch.full((10,), 0.5)
starts = {
    "a": a,
    "(a + b) / 2": (a + b) / 2,
    "slerp": slerp(a, b, half),
    "b": b,
}
middles = {name: to_picture(network, z, 20) for name, z in starts.items()}
fractions = torch.linspace(0, 1, 21)
line = [torch.lerp(a, b, f).std() for f in fractions]
circle = [slerp(a, b, f.expand(10)).std() for f in fractions]
lengths = {
    "straight line": (fractions, torch.stack(line)),
    "slerp": (fractions, torch.stack(circle)),
}
with after_answer("middle_of_two_noises"):
    drawings.show_middles(middles)
    drawings.show_lengths(lengths)

# %% tags=["fold"]
# What the text says, checked
assert abs(float(line[10]) - 0.5**0.5) < 0.02
assert all(abs(float(std) - 1) < 0.02 for std in circle)
rough = [roughness(x) for x in middles.values()]
assert rough[1] < 0.75 * min(rough[0], rough[2], rough[3])

# %% [markdown]
# <details><summary>What you saw, and why</summary>
#
# From the mean of the two draws come plain garments without patterns. The mean has a standard deviation of $\sqrt{1/2} = 0.71$. Almost all draws of noise have one very close to 1, because 784 numbers average out. So in training the network has never seen such a point at the largest $t$.
#
# The path treats it like any other point: a start with small values ends near the average garment of its class, which has no pattern. The great circle keeps the length, and the patterns return.
#
# </details>
#
# ## A walk from one garment to another
#
# Now the film. Take two garments to their noise, go along the circle, and draw. On the way the label changes, too: `between`, from the first film, mixes what the network says with each of the two labels.
# A mixture of the *pixels* would show two transparent garments on top of each other. On this way every picture is a garment.
#
# There is no seed here, because nothing is random. The four pairs were chosen by eye among 18. Change them! `pick(classes, numbers)` takes any of 2,000 test garments. The cell takes about ten seconds.

# %%
first = torch.tensor([6, 1, 8, 7])  # shirt, trousers, bag, sneaker
second = torch.tensor([4, 3, 0, 9])  # coat, dress, T-shirt, ankle boot
numbers = (1, 1, 1, 0)
z_first, z_second = (
    to_noise(
        partial(strong.model, labels=kinds),
        pick(kinds.tolist(), numbers),
        steps=16,
    )
    for kinds in (first, second)
)
film = [
    to_picture(
        between(first, second, fraction),
        slerp(z_first, z_second, fraction.expand(4)),
        steps=16,
    )
    for fraction in torch.linspace(0, 1, 13)
]
drawings.show_walk(film)

# %% [markdown]
# For pictures of your own there is a command: `course edit denoise|inpaint|from-sketch|interpolate --help`.

# %% [markdown]
# ## What you now have
#
# - a denoiser for noise of any known strength, and the reason why PSNR and sharpness want different answers
# - garments from your own drawings
# - inpainting by replacement and with RePaint, both compared with an exact answer
# - the way from a picture to its noise, and a film of walks
#
# ## Think about it
#
# 1. You add noise to a *photograph* of a shoe, and remove it again. What may have changed? What does this mean for "enhanced" photographs as evidence?
# 2. Replacement tells the known part too late. What would change if the network were *trained* with the known part and the mask as extra inputs?
# 3. Suppose you rescale the inverted noise to a standard deviation of 1 before the walk. What would become of the first and the last picture?
#
# ## Read on
#
# - Meng and others: SDEdit, [2108.01073](https://arxiv.org/abs/2108.01073)
# - Lugmayr and others: RePaint, [2201.09865](https://arxiv.org/abs/2201.09865)
# - Song, Meng, Ermon: Denoising Diffusion Implicit Models, [2010.02502](https://arxiv.org/abs/2010.02502), sections 4.3 and 5.3
# - Blau, Michaeli: The Perception-Distortion Tradeoff, [1711.06077](https://arxiv.org/abs/1711.06077)
# - Wu and others: Practical and Asymptotically Exact Conditional Sampling in Diffusion Models, [2306.17775](https://arxiv.org/abs/2306.17775)
