# %% [markdown]
# # 07 · The blocks
#
# **After this notebook you can** write every part of a diffusion network, one of them from its first line to its last, and say which
# problem each part solves. You can read an experiment that measures what each part gains, and say what it does not show.
#
# **Minutes:** 150, in two sittings of 80 and 70, and 35 more for an optional part · **Builds on:** 05 (`p_losses`: a network that predicts noise).
#
# - **First sitting: the network learns.** You write the time embedding and a whole residual block. At its end your blocks are trained, in about five seconds.
# - **Second sitting: the network sees the whole garment.** You write down- and upsampling and attention. At its end you see what these blocks draw
#   after hours of training.
# - **Optional:** linear attention and the ConvNeXt block. No later chapter needs yours: the course's own stand in.

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
import math
import timeit
from types import SimpleNamespace

import torch
from einops import rearrange, reduce
from torch import Tensor, nn
from torch.nn import functional

from course_lib.blocks import Residual, group_norm, shrink
from course_lib.drawings import blocks as draw
from course_lib.experiments import ablation
from course_lib.experiments.ablation import VARIANTS, Network, PlainBlock
from course_lib.forward import q_sample
from course_lib.images import load_images, to_model_range
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import p_losses, predict_start
from course_lib.runs.checkpoints import load_checkpoint, sample_steps
from course_lib.runs.samplers import ANCESTRAL
from course_lib.schedules import NoiseSchedule
from course_lib.toy import fit
from course_lib.types import TimeMode

# %% [markdown]
# # First sitting: the network learns
#
# ## A network that fails
#
# The network gets a noisy picture $x_t$ and predicts the noise in it. Input and output have the same size. So the first idea is a row of
# convolutions: 3 x 3, sixteen channels, an activation between any two. `Network(VARIANTS["plain"])` has twelve of them.
#
# We train it on the garments that the course draws itself, for 60 steps of 32 pictures. That takes about five seconds.

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=200)
garments = to_model_range(load_images("garments")[0])


def train(network: nn.Module, steps: int = 60) -> Tensor:
    generator = torch.Generator().manual_seed(0)

    def draw_loss() -> Tensor:
        x = garments[torch.randint(len(garments), (32,), generator=generator)]
        t = torch.randint(200, (32,), generator=generator)
        noise = torch.randn(x.shape, generator=generator)
        return p_losses(network, x, t, noise, schedule)

    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    return torch.tensor(
        [loss for _, loss in fit(draw_loss, optimizer, steps)]
    )


torch.manual_seed(0)
plain = Network(VARIANTS["plain"])
plain_losses = train(plain)

# %% [markdown]
# How good is it? We take one garment that it has not seen and add noise at four levels. A picture is easier to judge than noise, so we turn the
# predicted noise into the predicted clean picture (chapter 05, `predict_start`).

# %%
unseen = to_model_range(load_images("garments", split="test")[0])
steps = torch.tensor([20, 80, 130, 170])
truth = unseen[4:5].expand(4, -1, -1, -1)
noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
noised = q_sample(truth, steps, noise, schedule)


@torch.no_grad()
def predicted(network: nn.Module) -> Tensor:
    """The clean pictures (4, 1, 28, 28) that the network predicts."""
    return predict_start(
        network(noised, steps), noised, steps, schedule, "noise"
    )


draw.show_rows(
    {"input": noised, "plain, 60 steps": predicted(plain), "truth": truth},
    "What the plain network predicts",
    [f"t = {t}" for t in steps],
    alternative="An ankle boot in more and more noise; below, the plain "
    "network's predictions, as noisy as its input or noisier; below that, "
    "the boot.",
)

# %% [markdown]
# Sixty steps are few. So we trained this network and eight others for 400 steps of 64 pictures, each three times, with the seeds 0, 1 and 2.
# Each network needs about the same work: 15 to 20 million multiplications for a picture. The log is in `data/ablation.csv`, and
# `tools/ablation.py` repeats the experiment in about 25 minutes on one core. This is what the plain network draws after 400 steps (seed 0):

# %% tags=["fold"]
drawn = dict(zip(VARIANTS, ablation.read_samples(), strict=True))
draw.show_rows(
    {"data": garments[:8], "plain": drawn["plain"]},
    "What the plain network draws",
    alternative="Above, eight garments with clear outlines. Below, eight "
    "clouds of white patches on a speckled ground.",
)

# %% [markdown]
# You see two failures, a small one and a large one:
#
# 1. **The ground is dirty.** A little noise is left everywhere.
# 2. **The pieces do not fit together.** Each patch of cloth grows by itself, and no garment comes out.
#
# The first sitting repairs the first failure, and the slow learning. The second sitting repairs the second failure.
#
# ## A language for axes: einops
#
# Each block below splits axes and joins them again. With `einops` we write down what we mean. A pattern names the axes before and after
# the arrow. Names in brackets share one axis, and the leftmost of them changes slowest. In `rearrange` every name stands on both sides.
# `reduce` averages over the names that are missing on the right.

# %%
batch = garments[:6]  # (b, c, h, w)
layouts = {
    "h (b w)": rearrange(batch, "b c h w -> h (b w) c"),
    "h (w b)": rearrange(batch, "b c h w -> h (w b) c"),
    "(row h) (column w)": rearrange(
        batch, "(row column) c h w -> (row h) (column w) c", row=2
    ),
    "h (b w), mean over p and q": reduce(
        batch, "b c (h p) (w q) -> h (b w) c", "mean", p=4, q=4
    ),
}

# %% tags=["fold"]
draw.show_layouts(
    layouts,
    "Four patterns, the same six garments",
    alternative="Six garments in a row; interleaved column by column into "
    "something unreadable; in two rows of three; in a row again, four times "
    "coarser.",
)

# %% [markdown]
# `(b w)` and `(w b)` have the same size, so a mix-up raises no error. Remember that when you write attention.
#
# ## The network does not know the time
#
# The plain network is called with $t$ and ignores it. It has to find out from the picture how much noise there is. It is easier to tell it.
# But how?

# %%
question("why_not_the_number")

# %% quiz="why_not_the_number"
why_not_the_number = ""  # your letter, between the quotes

# %%
check(why_not_the_number, "why_not_the_number")

# %% [markdown]
# The usual answer is a **sinusoidal embedding** ([1706.03762](https://arxiv.org/abs/1706.03762), section 3.5). Think of many clocks. Each has one
# hand; the first turns fast, the last turns very slowly. A hand's tip has two coordinates, a sine and a cosine:
#
# $$\big(\sin(\omega_k t),\ \cos(\omega_k t)\big), \qquad \omega_k = 10{,}000^{-k / (d/2 - 1)}, \qquad k = 0 \ldots d/2 - 1$$
#
# With $d$ numbers there are $d/2$ clocks. Write all sines first, then all cosines. For $d = 2$ there is one clock, with $\omega_0 = 1$: do
# not divide by 0 there. (The paper alternates sines and cosines, and divides $k$ by $d/2$. Diffusion code often has the form above.)


# %% quiz="SinusoidalPositionEmbeddings"
class SinusoidalPositionEmbeddings(nn.Module):
    """Time steps as waves of many lengths: t (B,) -> (B, dim).
    Source: 1706.03762, section 3.5.

    First all sines, then all cosines, at frequencies from 1 down to
    1/10,000. `dim` must be even.
    """

    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(
                "the embedding pairs sines with cosines, so dim must be "
                f"even, not {dim}."
            )
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        raise NotImplementedError


# %%
SinusoidalPositionEmbeddings = check(SinusoidalPositionEmbeddings)

# %% [markdown]
# Here are five of sixteen clocks at three times. Which hands tell $t = 60$ from $t = 61$? Which tell 60 from 120?

# %% tags=["fold"]
draw.show_clocks(
    SinusoidalPositionEmbeddings(32),
    [60, 61, 120],
    "Your embedding as clocks",
    alternative="Three rows of five clocks. From t = 60 to 61 only the "
    "fastest hand moves much, by about a sixth of a turn. At t = 120 all "
    "hands but the slowest stand elsewhere.",
)

# %% [markdown]
# Next, all of it as a heat map, with a row for each $t$ and a column for each of the 32 numbers. The curve compares the row of $t = 60$ with every
# other row.

# %% tags=["fold"]
waves = SinusoidalPositionEmbeddings(32)(torch.arange(200))  # (t, k)
alike = functional.cosine_similarity(waves, waves[60:61])
with after_answer("why_not_the_number"):
    draw.show_embedding(
        waves,
        alike,
        60,
        "The same embedding for every t",
        alternative="Left, waves that are short in the first columns and "
        "longer from column to column, once for the sines and once for the "
        "cosines. Right, a jagged curve with its peak of 1 at t = 60 and "
        "lower values on both sides.",
    )
    apart = torch.cdist(waves, waves)
    print("From t = 3 to t = 6, as a share of the largest distance")
    print(f"the number t / T   {3 / 199:5.1%}")
    print(f"the 32 waves       {apart[3, 6] / apart.max():5.1%}")
    assert alike.argmax() == 60
    assert alike[59] > alike[50] > alike[0]

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The next steps, 59 and 61, are the most similar ones (0.96). Far away the curve goes up and down between 0.2 and 0.7. It does not fall to 0,
# because the slower half of the clocks hardly moves in our 200 steps: 10,000 was chosen for long texts.
#
# </details>
#
# Two linear layers turn the embedding into the vector `time`, which every block gets. A block makes one number for each channel from it, and adds
# this number at every pixel. What is the gain? Each dot below is one training run. We measure the error on garments that the network has not
# seen, for the first, the middle and the last third of $t$. The plain network's mean error is 1.

# %% tags=["fold"]
draw.show_errors(
    ["plain", "+ time"],
    "What the time gains (to the left is better)",
    alternative="Three panels with three dots for each network. With the "
    "time the error is 0.85 times as large at low t, three quarters at "
    "middle t and half at high t.",
)

# %% [markdown]
# The gain is largest at high $t$. There $x_t$ is almost only noise, so the right prediction is nearly $x_t$ times a factor, and the
# factor follows from $t$.
#
# ## The gradient on its way back
#
# A layer learns only if the gradient of the loss reaches it. We stack twelve blocks of two convolutions each, do not train them, and measure the
# size of the gradient in front of each block. That is twice as deep as the plain network, and as many blocks as in the trained network at the end of
# this chapter.


# %%
def block(norm: bool, shortcut: bool, he: bool = False) -> nn.Module:
    made = PlainBlock(16, None, norm)  # torch's own initialisation
    if he:  # He's, which was made for ReLU networks
        for convolution in (made.conv1, made.conv2):
            nn.init.kaiming_normal_(convolution.weight)
            nn.init.zeros_(convolution.bias)
    return Residual(made) if shortcut else made


def gradient_at_each_block(
    norm: bool, shortcut: bool, he: bool = False
) -> Tensor:
    """The gradient's size (3 seeds, 13): in front of each of 12 blocks,
    and behind the last, where it is 1."""
    runs = []
    for seed in range(3):
        torch.manual_seed(seed)
        maps = [torch.randn(16, 16, 14, 14, requires_grad=True)]
        for _ in range(12):
            maps.append(block(norm, shortcut, he)(maps[-1]))
            maps[-1].retain_grad()
        (maps[-1] * torch.randn(16, 16, 14, 14)).sum().backward()
        sizes = torch.stack([h.grad.norm() for h in maps])
        runs.append(sizes / sizes[-1])
    return torch.stack(runs)


# %%
question("gradient_left")

# %% quiz="gradient_left"
gradient_left = ""  # your letter, between the quotes

# %%
check(gradient_left, "gradient_left")

# %% tags=["fold"]
with after_answer("gradient_left"):
    left = {"neither": gradient_at_each_block(False, False)}
    draw.show_gradients(
        left,
        "The gradient in front of each block of the plain network",
        alternative="On a logarithmic axis a straight line falls from 1 "
        "behind block 12 to less than 1e-12 in front of block 0.",
    )
    assert 1e-15 < left["neither"][:, 0].mean() < 1e-11

# %% [markdown]
# Two changes to the block are common.
#
# **A norm** makes the features the same size before each activation: subtract the mean, divide by the standard deviation. Over which numbers? Group norm
# ([1803.08494](https://arxiv.org/abs/1803.08494)) takes the channels in groups and all pixels of a group, for each picture alone. So its result does not
# depend on the other pictures in the batch. The folded cell does it with einops and compares the result with `nn.GroupNorm`.

# %% tags=["fold"]
x = 3 + 2 * torch.randn(
    4, 16, 7, 7, generator=torch.Generator().manual_seed(0)
)
rows = rearrange(x, "b (group c) h w -> b group (c h w)", group=4)
mean = rows.mean(-1, keepdim=True)
variance = rows.var(-1, correction=0, keepdim=True)
normed = (rows - mean) / (variance + 1e-5).sqrt()
by_hand = rearrange(normed, "b group (c h w) -> b (group c) h w", h=7, w=7)
assert torch.allclose(by_hand, nn.GroupNorm(4, 16)(x), atol=1e-5)
print("einops gives the same as nn.GroupNorm")

# %% [markdown]
# **A shortcut** ([1512.03385](https://arxiv.org/abs/1512.03385)) leads past the block. The block computes only what is *added* to its input,
# $x + f(x)$. A block that has nothing to add does no harm.

# %%
question("what_keeps_the_gradient")

# %% quiz="what_keeps_the_gradient"
what_keeps_the_gradient = ""  # your letter, between the quotes

# %%
check(what_keeps_the_gradient, "what_keeps_the_gradient")

# %% tags=["fold"]
with after_answer("what_keeps_the_gradient"):
    designs = {
        "neither": (False, False),
        "norm": (True, False),
        "shortcut": (False, True),
        "both": (True, True),
    }
    print("gradient in front of the first block, mean of three seeds")
    print("initialisation:    torch's        He's")
    for name, (norm, shortcut) in designs.items():
        left[name] = gradient_at_each_block(norm, shortcut)
        with_he = gradient_at_each_block(norm, shortcut, he=True)
        left[f"{name}, He's"] = with_he
        first = [runs[:, 0].mean().item() for runs in (left[name], with_he)]
        print(f"{name:14}{first[0]:12.2g}{first[1]:12.2g}")
    draw.show_gradients(
        left,
        "Norm or not, shortcut or not, two initialisations",
        alternative="With torch's initialisation norm, shortcut and both "
        "stay near 1 at all blocks, and without either the curve falls "
        "below 1e-12. With He's, dashed, it falls to about 1 / 3,000 "
        "without either, and rises to about 50 with the shortcut alone.",
    )

# %% tags=["fold"]
ends = {name: runs[:, 0].mean() for name, runs in left.items()}
assert 1e-5 < ends["neither, He's"] < 1e-2
assert all(0.5 < ends[name] < 5 for name in list(designs)[1:])
assert ends["shortcut, He's"] > 2 * ends["both, He's"]

# %% [markdown]
# <details><summary>What you saw</summary>
#
# With torch's initialisation either change is enough: the gradient no longer vanishes. The initialisation matters as much. He's was made for
# ReLU networks ([1502.01852](https://arxiv.org/abs/1502.01852)). With it, the network without norm and shortcut loses a factor of about 3,000,
# where torch's own loses $10^{13}$. But with the shortcut alone the gradient now grows about fifty times. With both it grows four times. So the
# shortcut keeps the gradient alive, and the norm keeps its size in check. What counts in the end is how fast the network learns:
#
# </details>

# %% tags=["fold"]
draw.show_errors(
    ["plain", "+ time", "+ norm", "+ residual"],
    "What norm and shortcut gain",
    alternative="Three panels. With the norm the error falls a little at "
    "low and middle t in every run. With the shortcut it falls more, in "
    "every run, at every t.",
)
draw.show_learning(
    ["plain", "+ time", "+ norm", "+ residual"],
    "The error while they train: mean and range of three runs",
    alternative="Four falling curves on a logarithmic axis, plain highest "
    "and + residual lowest, which is at step 50 lower than plain is at step "
    "400.",
)

# %% [markdown]
# The norm mostly makes the start faster. With the shortcut as well, the network is better after 50 steps than the plain one after 400.
#
# ## The ResNet block, from its first line to its last
#
# Almost every diffusion U-Net has this block. You write all of it. Name the layers as you like.
#
# ```
# x ─┬─ norm ─ SiLU ─ conv ─┬─ norm ─ SiLU ─ conv ─┬─ out
#    │                    time                     │
#    └────────────────── shortcut ─────────────────┘
# ```
#
# **`__init__`** makes:
#
# - a norm and a 3 x 3 convolution from `dim` to `dim_out` channels, with padding 1
# - a second norm and 3 x 3 convolution, from `dim_out` to `dim_out`. Wrap this convolution in `shrink(...)`
# - both norms with `group_norm(channels, groups)`
# - a shortcut: a 1 x 1 convolution from `dim` to `dim_out`, or `nn.Identity()` where the two are equal
# - if `time_dim` is given: `nn.SiLU()` and a linear layer from `time_dim` to `dim_out` numbers, or to twice as many in the mode `"scale_shift"`
#
# **`forward`** gives the linear layer's numbers two more axes: (B, channels, 1, 1). `"add"` adds them *before* the second norm. `"scale_shift"`
# uses them *after* it: the first half is the scale, the second half the shift. Without `time` or `time_dim`, leave this out.


# %% quiz="ResnetBlock"
class ResnetBlock(nn.Module):
    """(B, dim, H, W) and time (B, time_dim) -> (B, dim_out, H, W).
    Source: 1603.05027, 2006.11239.

    Two 3 x 3 convolutions beside a shortcut. Each convolution comes after
    norm and SiLU (pre-activation). Between the two the time enters: "add"
    adds one number per channel; "scale_shift" also multiplies,
    h <- norm(h) (1 + scale) + shift (2102.09672). Without `time_dim` the
    block does not depend on the time.
    """

    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
    ):
        raise NotImplementedError

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        raise NotImplementedError


# %%
ResnetBlock = check(ResnetBlock)

# %% [markdown]
# Why `shrink`? It makes the weights a hundred times smaller, so a fresh block hands its input on almost unchanged. Send numbers through fifty
# fresh blocks, and look at their standard deviation:

# %%
torch.manual_seed(0)
x = with_shrink = without = torch.randn(16, 16, 14, 14)
with torch.no_grad():
    for _ in range(50):
        with_shrink = ResnetBlock(16, 16)(with_shrink)
        without = block(norm=True, shortcut=True)(without)
print("standard deviation behind fifty blocks (the input's is 1)")
print(f"with shrink {with_shrink.std() / x.std():6.2f}")
print(f"without     {without.std() / x.std():6.2f}")
assert (with_shrink.std() / x.std() - 1).abs() < 0.02

# %% [markdown]
# ## Your first two blocks at work
#
# Now train a network of *your* embedding and *your* ResNet blocks for the same 60 steps, on the same pictures, $t$ and noise.

# %%
mine = SimpleNamespace(
    SinusoidalPositionEmbeddings=SinusoidalPositionEmbeddings,
    ResnetBlock=ResnetBlock,
)
torch.manual_seed(0)
residual = Network(VARIANTS["+ residual"], parts=mine)
residual_losses = train(residual)
assert residual_losses[-20:].mean() < 0.8 * plain_losses[-20:].mean()
draw.show_rows(
    {
        "input": noised,
        "plain": predicted(plain),
        "yours": predicted(residual),
        "truth": truth,
    },
    "After 60 steps",
    [f"t = {t}" for t in steps],
    alternative="A boot in more and more noise; the plain network's "
    "predictions, still noise; those of your blocks, in which the boot can "
    "be seen at low t; the boot.",
)

# %% [markdown]
# And this is what such a network draws after 400 steps, from the same noise as the plain one:

# %% tags=["fold"]
draw.show_rows(
    {
        name: drawn[name]
        for name in ("plain", "+ time", "+ norm", "+ residual")
    },
    "What they draw after 400 steps",
    alternative="From row to row the ground gets cleaner and surfaces "
    "smoother. The shapes stay torn, with holes and towers.",
)

# %% [markdown]
# The first failure is gone: from `+ time` on there is no dirt on the ground. (In `+ norm` it is grey in some pictures; question 2 at the end asks
# why.) The pieces still do not fit together, although the mean error has fallen by more than a third.
#
# **End of the first sitting.** Your blocks learn. Next time they learn to see.
#
# # Second sitting: the network sees the whole garment
#
# ## How far does a pixel see?
#
# To fit pieces together, a pixel has to know about pixels far away. One 3 x 3 convolution reaches its neighbours. Eight in a row reach
# eight pixels far. There is a cheaper way: make the picture smaller. You write the two parts for that. Both are short.
#
# `Downsample` halves height and width with a convolution that moves on by two pixels at a time, a *strided* convolution.


# %% quiz="Downsample"
class Downsample(nn.Module):
    """Halve height and width: (B, dim, H, W) -> (B, dim_out, H/2, W/2)."""

    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


# %%
Downsample = check(Downsample)

# %% [markdown]
# The way back could be a *transposed* convolution: it multiplies a 3 x 3 stamp with each pixel of the small picture, lays it onto the large one, and
# moves on by two pixels.

# %%
question("how_often_touched")

# %% quiz="how_often_touched"
how_often_touched = ""  # your letter, between the quotes

# %%
check(how_often_touched, "how_often_touched")

# %% [markdown]
# Let us count. If all weights and all pixels are 1, each number in the result is a number of stamps. The third picture is about `Downsample`: how
# often does it read each *input* pixel? The gradient of the sum tells us.

# %%
ones, stamp = torch.ones(1, 1, 6, 6), torch.ones(1, 1, 3, 3)
transposed = functional.conv_transpose2d(ones, stamp, stride=2, padding=1)
repeated = functional.interpolate(ones, scale_factor=2, mode="nearest")
convolved = functional.conv2d(repeated, stamp, padding=1)
pixels = torch.ones(1, 1, 12, 12, requires_grad=True)
functional.conv2d(pixels, stamp, stride=2, padding=1).sum().backward()

# %% tags=["fold"]
with after_answer("how_often_touched"):
    counts = {
        "transposed": transposed,
        "repeated, convolved": convolved,
        "read by Downsample": pixels.grad,
    }
    draw.show_counts(
        {
            name: numbers[0, 0, 2:8, 2:8].detach()
            for name, numbers in counts.items()
        },
        "How many stamps touch a pixel (away from the edge)",
        alternative="Left and right, a pattern of 1, 2 and 4 that repeats "
        "every two pixels. In the middle, 9 everywhere.",
    )

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The **checkerboard** of the transposed convolution ([distill.pub](https://distill.pub/2016/deconv-checkerboard/)) comes from uneven
# counts: 3 is not a multiple of the stride 2. `Downsample` has the same pattern the other way round: it reads some pixels four times as often
# as others, so their gradients are larger. With a kernel of 4 both are even, 4 everywhere, at almost twice the cost. That is what the
# argument `kernel` is for; chapter 08 sets it to 4 in the variant with transposed convolutions.
#
# </details>
#
# Our way up has two steps. Repeat each pixel first, into a square of four equal ones. Then let a convolution smooth it.


# %% quiz="Upsample"
class Upsample(nn.Module):
    """Double height and width, each pixel four times, then a convolution:
    (B, dim, H, W) -> (B, dim_out, 2H, 2W)."""

    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


# %%
Upsample = check(Upsample)

# %% [markdown]
# What does that do to the view? We take two networks with eight convolutions each, set all weights to 1, and ask for the gradient of one output
# pixel. It counts the paths that lead to it from each input pixel.


# %%
def paths_to_the_middle(*layers: nn.Module) -> Tensor:
    """For each input pixel the paths to the output's middle pixel, as a
    share of the most (28, 28)."""
    network = nn.Sequential(*layers)
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    x = torch.zeros(1, 1, 28, 28, requires_grad=True)
    network(x)[0, 0, 14, 14].backward()
    return x.grad[0, 0] / x.grad.max()


def conv() -> nn.Module:
    return nn.Conv2d(1, 1, 3, padding=1)


halved = [conv(), Downsample(1, 1), conv(), Downsample(1, 1)]
doubled = [conv(), Upsample(1, 1), conv(), Upsample(1, 1)]
same_size = paths_to_the_middle(*[conv() for _ in range(8)])
down_and_up = paths_to_the_middle(*halved, *doubled)

# %% tags=["fold"]
draw.show_views(
    {"same size": same_size, "down and up": down_and_up},
    "What one pixel in the middle can see",
    alternative="Left, a small bright spot in the middle of a dark square. "
    "Right, a spot several times as large, made of tiles.",
)
for name, share in (("same size", same_size), ("down and up", down_and_up)):
    print(
        f"{name}: {int((share > 0.05).sum())} of 784 pixels "
        "have over 1/20 of the most paths"
    )
assert (down_and_up > 0.05).sum() > 2 * (same_size > 0.05).sum()

# %% [markdown]
# The view is much wider with the same number of convolutions. (The tiles come from the counts above.) And where the side is a quarter, the same
# convolution costs a sixteenth, so the small pictures can have more channels. What does all that do to the error?

# %%
question("down_and_up_alone")

# %% quiz="down_and_up_alone"
down_and_up_alone = ""  # your letter, between the quotes

# %%
check(down_and_up_alone, "down_and_up_alone")

# %% tags=["fold"]
with after_answer("down_and_up_alone"):
    names = ["+ residual", "+ down and up", "+ skips"]
    draw.show_errors(
        names,
        "Same size, down and up, and down and up with skips",
        alternative="With down and up alone the error is far to the right "
        "at every t, two to three times the plain network's at high t. With "
        "skips it is about where it was at the same size.",
    )
    draw.show_rows(
        {name: drawn[name] for name in names},
        "What they draw",
        alternative="First row, torn shapes. Second row, a mesh of bright "
        "and dark dots in the same places. Third row, closed shapes on "
        "black with straighter edges.",
    )

# %% [markdown]
# <details><summary>What you saw, and what skips are</summary>
#
# Halving and doubling alone is a disaster. The mesh in its pictures repeats every two and every four pixels, as halving and doubling
# twice suggests (one run).
#
# **Skips** ([1505.04597](https://arxiv.org/abs/1505.04597)) are the remedy. We keep the features from the way down. On the way up we join them to the
# features of the same size, as more channels. Now the small pictures can plan the garment, and the large ones do the pixels.
#
# Compare `+ skips` with `+ residual`. The work is the same, so `+ skips` has only twelve channels at full size instead of sixteen. The mean error
# is the same, too: 0.088. But at low $t$ it is higher in every run, at middle $t$ it is lower in every run, and the drawings hold together
# better (one run). Question 1 at the end asks what that means.
#
# </details>
#
# ## Attention: every pixel looks at every pixel
#
# Convolutions pass information from neighbour to neighbour. **Attention** ([1706.03762](https://arxiv.org/abs/1706.03762)) lets each pixel ask all
# others at once. Each pixel makes three vectors of length $d$: a query $q$ (what it looks for), a key $k$ (what it offers) and a value $v$ (what it
# passes on). A pixel receives the mean of all values, weighted by how well its query fits their keys:
#
# $$\text{out}_i = \sum_j w_{ij}\, v_j, \qquad w_{ij} = \underset{j}{\text{softmax}}\left(\frac{q_i \cdot k_j}{\sqrt d}\right)$$
#
# Why the root? A sum of $d$ products of independent numbers with standard deviation 1 has standard deviation $\sqrt d$. With large numbers the softmax puts
# nearly all weight on one pixel.
#
# Several such *heads* work side by side, each with its own $d$ features. `to_qkv` makes all queries, keys and values at once. Its channels are
# `(three heads d)`, in this order. `to_out` mixes what the heads give.


# %% quiz="Attention"
class Attention(nn.Module):
    """softmax(q k / sqrt(d)) v over all pixels, (B, dim, H, W) in and out.
    Source: 1706.03762, eq. 1."""

    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


# %%
Attention = check(Attention)

# %% [markdown]
# Two facts, both checked in the folded cell:
#
# - torch has the same function, `scaled_dot_product_attention`. It is faster on a GPU and needs less memory.
# - Attention does not know *where* a pixel is. If you shuffle the pixels, the output is shuffled in the same way. The network can learn positions
#   from the convolutions before it, because they see the edge of the picture.

# %% tags=["fold"]
attention = Attention(16)
x = torch.randn(2, 16, 7, 7, generator=torch.Generator().manual_seed(0))
pattern = "b (three heads d) h w -> three b heads (h w) d"
q, k, v = rearrange(attention.to_qkv(x), pattern, three=3, heads=4)
out = functional.scaled_dot_product_attention(q, k, v)
out = rearrange(out, "b heads (h w) d -> b (heads d) h w", h=7)
assert torch.allclose(attention(x), attention.to_out(out), atol=1e-5)
print("the same as torch's own")

order = torch.randperm(49, generator=torch.Generator().manual_seed(1))
shuffled = x.flatten(2)[..., order].reshape(x.shape)
same = attention(x).flatten(2)[..., order]
assert torch.allclose(attention(shuffled).flatten(2), same, atol=1e-5)
print("shuffled in, shuffled out")

# %% [markdown]
# A norm comes before attention, and a shortcut leads past both: `Residual(PreNorm(dim, Attention(dim)))`. The norm stands *inside* the branch, so
# nothing stands on the shortcut ([2002.04745](https://arxiv.org/abs/2002.04745)).


# %% quiz="PreNorm"
class PreNorm(nn.Module):
    """Normalise, then apply `layer`. Source: 2002.04745."""

    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


# %%
PreNorm = check(PreNorm)

# %%
question("does_attention_help")

# %% quiz="does_attention_help"
does_attention_help = ""  # your letter, between the quotes

# %%
check(does_attention_help, "does_attention_help")

# %% tags=["fold"]
with after_answer("does_attention_help"):
    draw.show_errors(
        ["+ skips", "+ attention"],
        "Without and with attention",
        alternative="The three dots of both networks overlap in every panel.",
    )

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Three runs show no gain. We keep attention for two reasons. It is cheap at 7 x 7. And larger networks gained from it in longer training
# ([2105.05233](https://arxiv.org/abs/2105.05233), section 3).
#
# </details>
#
# ## All networks of the experiment
#
# Two more are in it. One has ResNet blocks with scale-shift instead of add. The other has ConvNeXt blocks, which the optional part explains.

# %% tags=["fold"]
with after_answer("down_and_up_alone", "does_attention_help"):
    draw.show_errors(
        list(VARIANTS),
        "Nine networks, three runs each (to the left is better)",
        alternative="From plain to + residual the dots move left. + down "
        "and up is far to the right. From + skips on the dots stand below "
        "one another, with ConvNeXt a little to the right.",
    )
    print(f"{'':26} mean error   parameters  million mult.")
    for name in VARIANTS:
        ends = ablation.final(ablation.read_log()[name])
        mean = sum(run["loss"] for run in ends) / len(ends)
        size, work = ends[0]["parameters"], ends[0]["multiply_adds"]
        print(f"{name:26} {mean:10.3f}{size:13,.0f}{work:15.1f}")

# %% [markdown]
# <details><summary>What the experiment says, and what it does not say</summary>
#
# - The time, the shortcut and the skips each lower the error in every run. The norm lowers it a little, and makes the start faster.
# - Attention and scale-shift show no gain here. ConvNeXt is worse here, with a sixth less work than the network above it.
# - All of that holds for 400 steps on small, simple pictures and for one learning rate. A part that gains nothing here may gain elsewhere, and the other
#   way round. So measure where you are, more than once.
#
# </details>
#
# ## Your network
#
# Now train the whole network of *your* blocks, again for 60 steps. So few steps are not enough to tell it from the network of the first sitting.
# What follows shows what longer training does.

# %%
mine.Downsample, mine.Upsample = Downsample, Upsample
mine.PreNorm, mine.Attention = PreNorm, Attention
torch.manual_seed(0)
whole = Network(VARIANTS["+ attention"], parts=mine)
whole_losses = train(whole)
assert whole_losses[-20:].mean() < 0.6 * plain_losses[-20:].mean()
draw.show_rows(
    {
        "input": noised,
        "plain": predicted(plain),
        "first sitting": predicted(residual),
        "second sitting": predicted(whole),
        "truth": truth,
    },
    "After 60 steps",
    [f"t = {t}" for t in steps],
    alternative="A boot in more and more noise; the plain network's "
    "predictions, still noise; those of your first network and of your "
    "whole one, both a clear boot at t = 20, a blurred one at t = 80, "
    "patches at t = 130 and blotches at t = 170; the boot.",
)

# %% [markdown]
# ## What the same blocks draw after hours
#
# The course ships a network that is built of these blocks: your `ResnetBlock`, `Attention`, `PreNorm`, `Downsample`, `Upsample` and time embedding, arranged as in
# chapter 08. It has 2.3 million parameters and was trained for three and a half hours on two CPU cores.
#
# It learned from the photographs of **Fashion-MNIST** and their class labels, while the networks above learned from garments that our code draws. So
# the rows below are no fair comparison. They show where this leads. All rows start from the same noise, and no row gets a label. The last row
# takes about ten seconds.

# %%
trained = load_checkpoint("fashion_mnist", device="cpu")
generator = torch.Generator().manual_seed(0)
*_, after_hours = sample_steps(trained, 8, generator, sampler=ANCESTRAL)
names = ("plain", "+ time", "+ residual", "+ attention")
draw.show_rows(
    {name: drawn[name] for name in names} | {"after hours": after_hours},
    "From the same noise",
    alternative="Five rows of eight pictures: clouds on a dirty ground, "
    "clouds on a clean ground, torn shapes, closed shapes, and at last "
    "garments with sleeves, soles and folds.",
)

# %% [markdown]
# Where does its attention look? We add a little noise to its own samples and take the last attention layer. It works on a map of 7 x 7 places. We
# choose one of them, the blue square. Orange shows where this place looks (mean of the four heads).

# %%
chosen, t = after_hours[[0, 1, 4, 5]], torch.full((4,), 20)
noise = torch.randn(chosen.shape, generator=generator)
noisy = q_sample(chosen, t, noise, trained.schedule)
draw.show_attention(
    chosen,
    draw.attention_weights(trained.model, noisy, t),
    places=[(3, 1)] * 4,  # row and column in the 7 x 7 map
    title="Where one place looks",
    alternative="A bag, two shoes and a jacket with a square at their left "
    "edge. From the bag's strap the attention goes to the other side of the "
    "bag, from the toe of a shoe to its middle or heel, from the left "
    "sleeve to both sleeves.",
)

# %% [markdown]
# In the last picture a place on the left sleeve looks at both sleeves. A 3 x 3 convolution reaches only the next place. But this is one layer at one
# noise level, and we chose four of the eight samples: those where the place lies on the garment. It shows what attention can do, not what it
# gains.
#
# # Optional: two more blocks
#
# ## What attention costs
#
# We put attention into the middle, at 7 x 7, where the map has 49 pixels. Why not everywhere?

# %%
question("twice_the_side")

# %% quiz="twice_the_side"
twice_the_side = ""  # your letter, between the quotes

# %%
check(twice_the_side, "twice_the_side")

# %% [markdown]
# **Linear attention** ([1812.01243](https://arxiv.org/abs/1812.01243)) changes the order of work. Let $n$ be the number of pixels. Softmax attention
# makes an $n \times n$ table of weights and multiplies it with the values. If the weights were only a product $q k^\top$, we could form
# $k^\top v$ first, a small $d \times d$ matrix: $(q k^\top) v = q\,(k^\top v)$.
#
# So two softmaxes outside replace the one in between. One is over the features of $q$; multiply its result by $1 / \sqrt d$. The other is over the
# pixels of $k$. It is not the same function, but it can do much of the same work.


# %% quiz="LinearAttention"
class LinearAttention(nn.Module):
    """Attention whose cost grows with H W only, (B, dim, H, W) in and out.
    Source: 1812.01243."""

    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(
            nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


# %%
LinearAttention = check(LinearAttention)

# %% [markdown]
# Count the multiplications for four heads with $d = 32$: $2 n^2 d$ for each head with the table, $2 n d^2$ with the small matrix. Linear attention is cheaper
# as soon as there are more than $d$ pixels. Then measure the time for one picture on your machine:


# %%
@torch.no_grad()
def milliseconds(layer: nn.Module, side: int) -> float:
    x = torch.randn(1, 32, side, side)
    return 1000 * min(timeit.repeat(lambda: layer(x), number=1, repeat=5))


# %% tags=["fold"]
sides = [7, 14, 28, 56]
with after_answer("twice_the_side"):
    print("side   softmax    linear   (million multiplications)")
    for side in sides:
        softmax_cost, linear_cost = (
            8 * side**4 * 32 / 1e6,
            8 * side**2 * 32**2 / 1e6,
        )
        print(f"{side:4}{softmax_cost:10.1f}{linear_cost:10.1f}")
    clock = {
        "softmax attention": [
            milliseconds(Attention(32), side) for side in sides
        ],
        "linear attention": [
            milliseconds(LinearAttention(32), side) for side in sides
        ],
    }
    draw.show_times(
        sides,
        clock,
        "Time for one picture",
        alternative="On logarithmic axes two rising lines, close together "
        "at 7 pixels. At 56 softmax attention is far above.",
    )
    assert clock["softmax attention"][-1] > 2 * clock["linear attention"][-1]

# %% [markdown]
# So networks often have softmax attention where the map is small, and linear attention or none where it is large.
#
# ## Another block: ConvNeXt
#
# ConvNeXt ([2201.03545](https://arxiv.org/abs/2201.03545)) brought ideas of transformers to convolutional networks. It sees a wide area with little
# work: a 7 x 7 convolution for each channel alone (*depthwise*: `groups=dim`). Other layers mix the channels afterwards. Ours are two 3 x 3
# convolutions, as in many diffusion tutorials; the paper has 1 x 1 ones. The time is added after the depthwise convolution. At equal width it costs about twice
# as much as the ResNet block, so in the experiment it has two thirds of the channels.


# %% quiz="ConvNextBlock"
class ConvNextBlock(nn.Module):
    """(B, dim, H, W) and time (B, time_dim) -> (B, dim_out, H, W).
    Source: 2201.03545."""

    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        mult: int = 2,
    ):
        super().__init__()
        self.time_mlp = (
            nn.Sequential(nn.GELU(), nn.Linear(time_dim, dim))
            if time_dim
            else None
        )
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.body = nn.Sequential(
            group_norm(dim, groups=1),
            nn.Conv2d(dim, dim_out * mult, 3, padding=1),
            nn.GELU(),
            group_norm(dim_out * mult, groups=1),
            nn.Conv2d(dim_out * mult, dim_out, 3, padding=1),
        )
        self.shortcut = (
            nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()
        )

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        raise NotImplementedError


# %%
ConvNextBlock = check(ConvNextBlock)

# %% [markdown]
# ## What you now have
#
# - every part that chapter 08 puts together into a U-Net: `SinusoidalPositionEmbeddings`, `ResnetBlock` (all of it), `Downsample`, `Upsample`,
#   `Attention`, `PreNorm`, and for the classic recipe `LinearAttention` and `ConvNextBlock`
# - for each of them the problem that it solves, and for most of them a measurement over three runs: a gain, or none
#
# ## Think about it
#
# 1. `+ residual` and `+ skips` have almost the same error and draw so differently. At which $t$ is it decided whether the pieces fit, and how
#    much of the mean error comes from there?
# 2. Group norm makes each picture's features the same size. Which information about $x_t$ can get lost by that? (Look at the grey grounds of
#    `+ norm`.) How does the shortcut bring it back?
# 3. Attention does not know where a pixel is. Why can a network with attention in the middle still draw shoes that all stand upright?
#
# ## Read on
#
# - He and others: Identity Mappings in Deep Residual Networks, [1603.05027](https://arxiv.org/abs/1603.05027)
# - Vaswani and others: Attention Is All You Need, [1706.03762](https://arxiv.org/abs/1706.03762), sections 3.2 and 3.5
# - Dhariwal, Nichol: Diffusion Models Beat GANs on Image Synthesis, [2105.05233](https://arxiv.org/abs/2105.05233), section 3: an experiment
#   like ours, with large networks
