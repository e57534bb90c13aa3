# %% [markdown]
# # 07 · The blocks
#
# **After this notebook you can** write every part of a diffusion network, say which failure each part mends, and show by a measurement
# that it does.
#
# **Minutes:** 140, in three sittings of 50, 50 and 40 · **Builds on:** 05 (`p_losses`: a network that predicts noise). Only short runs: two of about five seconds.
#
# It is the longest chapter of the course. Two lines, *first break* and *second break*, say where to stop. What comes after the second one,
# linear attention and ConvNeXt, is for the classic recipe only: if time is short, leave these two quizzes open. The course's own blocks
# stand in, and nothing later waits for yours.

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
import math
import timeit
from types import SimpleNamespace

import torch
from einops import rearrange, reduce
from matplotlib import pyplot as plt
from torch import Tensor, nn
from torch.nn import functional

from course_lib.blocks import Residual, group_norm, shrink
from course_lib.experiments import ablation
from course_lib.experiments.ablation import VARIANTS, Network, PlainBlock
from course_lib.forward import q_sample
from course_lib.images import load_images, to_model_range
from course_lib.pictures.plots import COLOURS, colours, panels, show_curves, show_images
from course_lib.quizzes import check, question
from course_lib.reverse import p_losses, predict_start
from course_lib.schedules import NoiseSchedule
from course_lib.toy import fit
from course_lib.types import TimeMode

# %% [markdown]
# ## First, something that does not work
#
# A denoiser maps a picture to a picture, so the first idea is a row of convolutions: 3 x 3, sixteen channels, an activation between any
# two. `Network(VARIANTS["plain"])` is twelve of them. It gets $x_t$, and it should say which noise is in it. We train it on the built-in
# garments for 60 steps of 32 pictures, which takes about five seconds.

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
    return torch.tensor([loss for _, loss in fit(draw_loss, optimizer, steps)])


torch.manual_seed(0)
plain = Network(VARIANTS["plain"])
plain_losses = train(plain)

# %% [markdown]
# How good is it? Take one garment that it has not seen, noise it to four levels, and ask. From the noise that it names follows the clean
# picture that it means (chapter 05, `predict_start`). That guess is easier to judge than noise.

# %%
unseen = to_model_range(load_images("garments", split="test")[0])
steps = torch.tensor([20, 80, 130, 170])
truth = unseen[4:5].expand(4, -1, -1, -1)
noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
noised = q_sample(truth, steps, noise, schedule)


@torch.no_grad()
def guess(network: nn.Module) -> Tensor:
    """The clean pictures that the network means."""
    return predict_start(network(noised, steps), noised, steps, schedule, "noise")


show_images(
    torch.cat([noised, guess(plain), truth]),
    [f"t = {t}" for t in steps] + ["guess"] * 4 + ["truth"] * 4,
    "After 60 steps the plain network has hardly begun to clean",
    columns=4,
)

# %% [markdown]
# *In the picture: above, a garment in more and more noise; in the middle the plain network's guesses, as noisy as what it was
# given or noisier; below the truth, an ankle boot.*
#
# Sixty steps are few. So `tools/ablation.py` has trained this network, and eight others, for 400 steps of 64 pictures. Most of them have one idea
# more than the one before, like the rungs of a ladder. We did that once and
# keep the log and what the networks draw (`data/ablation.csv`, `data/pictures/ablation.png`). Anyone can repeat it; it takes about fifteen
# minutes of one core and a machine that has nothing else to do:
#
#     OMP_NUM_THREADS=1 python tools/ablation.py
#
# This is what the plain network draws after its 400 steps:

# %%
drawn = dict(zip(VARIANTS, ablation.read_samples(), strict=True))
show_images(
    torch.cat([garments[:8], drawn["plain"]]),
    [""] * 16,
    "Above: garments. Below: what the plain network makes after 400 steps",
    columns=8,
)

# %% [markdown]
# *In the picture: above, eight garments with clear outlines; below, eight clouds of white patches on a speckled ground, none of them a
# garment.*
#
# Two failures, one small and one large. The **ground is dirty**: a little noise is left everywhere. And the **pieces don't fit
# together**: each patch of cloth grows by itself, and no garment comes of it. Each block of this chapter is there because a measurement asks for it. We keep the
# cost of the networks about equal (15 to 20 million multiplications for a picture), so that a gain is not bought with more work. Here is the
# starting line. The numbers are mean squared errors on held-out garments, for the first, the middle and the last third of $t$; saying
# "no noise" would cost 1. Behind ± stands half of what lies between two runs that differ only in their seed.

# %%
print(ablation.table(["plain"]))

# %% [markdown]
# ## A language for axes: einops
#
# Every block below cuts axes up and joins them again. `einops` lets us write down what we mean. A pattern names the axes before and
# after the arrow. Brackets hold several axes that share one; the leftmost in them changes slowest. In `rearrange` every name
# stands on both sides; a name that `reduce` loses on the way has been averaged away.

# %%
batch = garments[:6]  # (b, c, h, w)
strip = rearrange(batch, "b c h w -> h (b w) c")
table = rearrange(batch, "(row column) c h w -> (row h) (column w) c", row=2)
coarse = reduce(batch, "b c (h p) (w q) -> h (b w) c", "mean", p=4, q=4)
swapped = rearrange(batch, "b c h w -> h (w b) c")
pictures = {
    "h (b w)": strip,
    "(row h) (column w)": table,
    "h (b w), mean over p, q": coarse,
    "h (w b)": swapped,
}
figure, axes = plt.subplots(2, 2, figsize=(8, 3), layout="constrained")
figure.suptitle("The order of the names decides what you see", fontsize=11)
for axis, (name, picture) in zip(axes.flat, pictures.items(), strict=True):
    axis.imshow(picture, cmap="gray")
    axis.set_title(name, fontsize=9)
    axis.axis("off")

# %% [markdown]
# *In the picture: six garments in a row; the same in two rows of three; the row again, four times coarser; and the row with `(w b)`
# instead of `(b w)`, where the six pictures are interleaved, column by column, into something unreadable.*
#
# `(b w)` and `(w b)` have the same size and no error is raised. Keep that in mind for the heads of attention.
#
# ## It does not know what time it is
#
# The plain network is called with $t$ and throws it away. It has to guess from the picture how much noise there is, and gets that a bit
# wrong: the dirty ground. So tell it. But how?

# %%
question("why_not_the_number")

# %% quiz="why_not_the_number"
why_not_the_number = ""  # your letter, between the quotes

# %%
check(why_not_the_number, "why_not_the_number")

# %% [markdown]
# The usual answer is a row of waves ([1706.03762](https://arxiv.org/abs/1706.03762), section 3.5), like the hands of many clocks, from
# very fast to very slow. With $d$ numbers and $k = 0 \ldots d/2 - 1$:
#
# $$\omega_k = 10{,}000^{-k / (d/2 - 1)}, \qquad
# \text{first all } \sin(\omega_k t), \text{ then all } \cos(\omega_k t)$$
#
# (The paper alternates sines and cosines and divides by $d/2$. This is how diffusion code writes it; the network does not care.)


# %% quiz="SinusoidalPositionEmbeddings"
class SinusoidalPositionEmbeddings(nn.Module):
    """Time steps as waves of many lengths: t (B,) -> (B, dim). Source: 1706.03762, section 3.5.

    First all sines, then all cosines, at frequencies from 1 down to 1/10,000. `dim` must be even.
    """

    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(
                f"the embedding pairs sines with cosines, so dim must be even, not {dim}."
            )
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        raise NotImplementedError


# %%
SinusoidalPositionEmbeddings = check(SinusoidalPositionEmbeddings)

# %% [markdown]
# As a heat map: a row for each $t$, a column for each of 32 numbers. Beside it, how alike the row of $t = 60$ is to each other row.

# %%
waves = SinusoidalPositionEmbeddings(32)(torch.arange(200))  # (t, k)
alike = functional.cosine_similarity(waves, waves[60:61])
left, right = panels(
    "Fast clocks and slow clocks: each t has a face of its own",
    ["32 numbers for each t", "likeness to t = 60"],
    "number k",
    "step t",
    (3.4, 3.0),
    shared=False,
)
picture = left.imshow(waves, aspect="auto", cmap="PuOr", vmin=-1, vmax=1)
plt.colorbar(picture, ax=left)
right.plot(alike, color=COLOURS["exact"])
right.set(xlabel="step t", ylabel="cosine")
assert alike.argmax() == 60
assert alike[59] > alike[50] > alike[0]

# %% [markdown]
# *In the picture: left, waves that are short in the first columns and longer from column to column until they hardly move, once for the sines
# and once for the cosines; right, a jagged curve with its peak of 1 at t = 60 and lower on both sides.*
#
# Neighbours are alike, distant steps much less, and no number ever leaves $[-1, 1]$. (More than a third of the clocks hardly move within our 200
# steps: 10,000 was chosen for long texts. They do no harm.) Two linear layers make of it what the network needs:
# the embedded `time` of every block below, one vector for each picture. A block turns it into one number for each channel and adds
# that everywhere. What did it gain?

# %%
print(ablation.table(["plain", "+ time"]))

# %% [markdown]
# Better everywhere, and most at high $t$, where the error is halved. There the noise is almost the picture itself times a factor, and the
# factor follows from $t$.
#
# ## A message that fades on the way
#
# Our network has twelve layers. What if it had more? Learning means that a message comes back from the loss: the gradient. We stack
# twelve blocks of two convolutions, fresh from the factory, and measure how much of the gradient is left at each. Three kinds: plain,
# with a normalisation before each activation, and with a *shortcut* besides that leads past the block.


# %%
def gradient_at_each_block(make_block) -> Tensor:
    torch.manual_seed(0)
    maps = [torch.randn(16, 16, 14, 14, requires_grad=True)]
    for _ in range(12):
        maps.append(make_block()(maps[-1]))
        maps[-1].retain_grad()
    (maps[-1] * torch.randn(16, 16, 14, 14)).sum().backward()
    norms = torch.stack([h.grad.norm() for h in maps])
    return norms / norms[-1]


# %% [markdown]
# Before you run the next cell, guess: a tenth is left, a thousandth, a millionth?

# %%
left_over = {
    "plain": gradient_at_each_block(lambda: PlainBlock(16, None, norm=False)),
    "with norm": gradient_at_each_block(lambda: PlainBlock(16, None, norm=True)),
    "with norm and shortcut": gradient_at_each_block(
        lambda: Residual(PlainBlock(16, None, norm=True))
    ),
}
show_curves(
    left_over,
    "Without norm the gradient is lost on its way back",
    "block (the loss is behind number 12)",
    "share of the gradient",
)
plt.yscale("log")
assert left_over["plain"][0] < 1e-8
assert 0.1 < left_over["with norm and shortcut"][0] < 10

# %% [markdown]
# *In the picture: on a logarithmic axis the plain curve falls from 1 at the last block in an almost straight line to less than a
# billionth at the first; the other two stay between 1 and 10 all the way.*
#
# Each plain convolution makes the features several times smaller, and the gradient with them. **Normalisation** repairs the size: subtract the
# mean, divide by the standard deviation. Over which numbers? Group norm ([1803.08494](https://arxiv.org/abs/1803.08494)) takes the
# channels in groups, and all pixels of a group, each picture by itself. So it does not care how many pictures are in a batch. In einops it
# reads as it is said, and it is torch's own:

# %%
x = 3 + 2 * torch.randn(4, 16, 7, 7, generator=torch.Generator().manual_seed(0))
rows = rearrange(x, "b (group c) h w -> b group (c h w)", group=4)
mean, variance = rows.mean(-1, keepdim=True), rows.var(-1, correction=0, keepdim=True)
by_hand = rearrange(
    (rows - mean) / (variance + 1e-5).sqrt(),
    "b group (c h w) -> b (group c) h w",
    h=7,
    w=7,
)
assert torch.allclose(by_hand, nn.GroupNorm(4, 16)(x), atol=1e-5)
print("the same as nn.GroupNorm")
print(ablation.table(["plain", "+ time", "+ norm"]))

# %% [markdown]
# Only a little better at the end. The gain is in the way there, which final numbers hide; here is the whole course of the training.

# %%
log = ablation.read_log()


def show_runs(names: list[str], title: str) -> None:
    """The held-out loss of these rungs while they train, seed 0."""
    runs = {n: [line for line in log[n] if line["seed"] == 0] for n in names}
    axis = panels(title, [""], "training step", "squared error, all t", (6.4, 3.0))[0]
    for (name, lines), colour in zip(runs.items(), colours(names), strict=True):
        at, loss = [line["step"] for line in lines], [line["loss"] for line in lines]
        axis.plot(at, loss, ".-", color=colour, label=name)
    axis.set(yscale="log")
    axis.legend(frameon=False)


show_runs(
    ["plain", "+ time", "+ norm", "+ residual"],
    "With norm and shortcut, 100 steps do the work of 400",
)

# %% [markdown]
# *In the picture: four falling curves on a logarithmic axis, one below the other from step 50 to the end: plain, + time,
# + norm, + residual. The last one is at step 100 lower than the plain one ever gets.*
#
# The lowest curve has the **shortcut** ([1512.03385](https://arxiv.org/abs/1512.03385)): a block computes only what is to be *added* to its
# input. The gradient then has a free way past each block, and a block that has nothing to say does no harm.
#
# ## The ResNet block
#
# Norm, activation, convolution, twice, and the shortcut: that is the block of almost every diffusion U-Net. If the width
# changes, the shortcut needs a 1 x 1 convolution. The time enters between the two convolutions, in one of two ways:
#
# - `"add"`: one number for each channel is added before the second norm ([2006.11239](https://arxiv.org/abs/2006.11239)).
# - `"scale_shift"`: two numbers for each channel, *after* the norm: $h \leftarrow \text{norm}(h)\,(1 + \text{scale}) + \text{shift}$
#   ([2102.09672](https://arxiv.org/abs/2102.09672)). The first half of what `time_mlp` gives is the scale.
#
# `__init__` is given; its `group_norm` is torch's, with fewer groups where 8 would not divide the channels. Without `time_dim` there is no
# `time_mlp`, and the block leaves the time out.


# %% quiz="ResnetBlock"
class ResnetBlock(nn.Module):
    """(B, dim, H, W) and time (B, time_dim) -> (B, dim_out, H, W). Source: 1603.05027, 2006.11239."""

    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
    ):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(
                f'unknown time_mode={time_mode!r}; choose "add" or "scale_shift".'
            )
        self.time_mode = time_mode
        self.norm1 = group_norm(dim, groups)
        self.conv1 = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm2 = group_norm(dim_out, groups)
        self.conv2 = shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1))
        self.activation = nn.SiLU()
        width = dim_out if time_mode == "add" else 2 * dim_out
        self.time_mlp = (
            nn.Sequential(nn.SiLU(), nn.Linear(time_dim, width)) if time_dim else None
        )
        self.shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        raise NotImplementedError


# %%
ResnetBlock = check(ResnetBlock)

# %% [markdown]
# `shrink` makes the last convolution a hundred times smaller at the start. A fresh block then hands its input on almost unchanged,
# and a network of fifty blocks begins as gently as one of five.

# %%
print(ablation.table(["+ time", "+ norm", "+ residual"]))

# %% [markdown]
# Every number fell again. But look at what the network draws now:

# %%
show_images(
    torch.cat([drawn["plain"], drawn["+ residual"]]),
    [""] * 16,
    "Above: plain. Below: + time, + norm, + residual. Clean, but still no garment",
    columns=8,
)

# %% [markdown]
# *In the picture: above, the clouds from the beginning; below, from the same noise, almost the same shapes with a clean black ground and smoother
# surfaces. They look torn, with holes and towers.*
#
# The dirty ground is gone. The pieces still don't fit: the second failure is untouched, whatever the loss says.
#
# *First break: the network now knows the time and learns fast. How far it sees comes next.*
#
# ## It sees only a keyhole
#
# Why don't they fit? Count what a pixel of the output can see. Put all weights to 1; then the gradient from one output
# pixel counts the ways that lead to it from each input pixel. Two networks with eight convolutions each: in one the picture keeps its size,
# in the other it is halved twice and doubled twice. The blocks for that are yours to write. Both are short.
#
# `Downsample` halves: its convolution moves on by two pixels at a time.


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
# `Upsample` doubles. A *transposed* convolution could do it in one go, but see what that does to an even grey area:

# %%
even = torch.full((1, 1, 14, 14), 0.1)
transposed = functional.conv_transpose2d(even, torch.ones(1, 1, 3, 3), stride=2, padding=1)
repeated = functional.conv2d(
    functional.interpolate(even, scale_factor=2, mode="nearest"), torch.ones(1, 1, 3, 3)
)
show_images(
    torch.stack([transposed[0, :, 2:26, 2:26] * 2 - 1, repeated[0, :, 2:26, 2:26] * 2 - 1]),
    ["transposed", "repeat, then convolve"],
    "A transposed convolution weaves a pattern into an even grey",
)

# %% [markdown]
# *In the picture: left a regular grid of darker and brighter dots, right an even grey.*
#
# Its 3 x 3 stamps overlap at some pixels and not at others ([distill.pub](https://distill.pub/2016/deconv-checkerboard/)). So repeat
# each pixel first, into a square of four equal ones, and let the convolution smooth it.


# %% quiz="Upsample"
class Upsample(nn.Module):
    """Double height and width, each pixel four times, then a convolution: (B, dim, H, W) -> (B, dim_out, 2H, 2W)."""

    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


# %%
Upsample = check(Upsample)


# %%
def ways_to_the_middle(*layers: nn.Module) -> Tensor:
    """From how many ways does the output's middle pixel hear of each input pixel, as a share of the most?"""
    network = nn.Sequential(*layers)
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    x = torch.zeros(1, 1, 28, 28, requires_grad=True)
    network(x)[0, 0, 14, 14].backward()
    return x.grad[0, 0] / x.grad.max()


# %%
def conv() -> nn.Module:
    return nn.Conv2d(1, 1, 3, padding=1)


same_size = ways_to_the_middle(*[conv() for _ in range(8)])
halved = [conv(), Downsample(1, 1), conv(), Downsample(1, 1)]
down_and_up = ways_to_the_middle(*halved, conv(), Upsample(1, 1), conv(), Upsample(1, 1))
views = {"same size": same_size, "down and up": down_and_up}
axes = panels(
    "What one pixel in the middle can see", list(views), "column", "row", (2.8, 2.9)
)
for axis, (name, ways) in zip(axes, views.items(), strict=True):
    axis.imshow(ways, cmap="viridis", vmin=0, vmax=1)
    print(f"{name}: {int((ways > 0.05).sum())} of 784 pixels count")
assert (down_and_up > 0.05).sum() > 2 * (same_size > 0.05).sum()

# %% [markdown]
# *In the picture: left a small bright spot in the middle of a dark square; right a spot several times as large, as if of tiles. (A pixel
# counts if it has more than a twentieth of the most ways.)*
#
# The same number of convolutions, a much wider view; and a convolution at a quarter of the size costs a sixteenth for the same number of
# channels, so there can be more of these. Now look at the log. But first:

# %%
question("down_and_up_alone")

# %% quiz="down_and_up_alone"
down_and_up_alone = ""  # your letter, between the quotes

# %%
check(down_and_up_alone, "down_and_up_alone")

# %%
print(ablation.table(["+ residual", "+ down and up", "+ skips"]))
show_images(
    torch.cat([drawn["+ residual"], drawn["+ down and up"], drawn["+ skips"]]),
    [""] * 24,
    "Above: same size. Middle: down and up. Below: down and up with skips",
    columns=8,
)

# %% [markdown]
# *In the picture: above, the torn shapes; in the middle, the same places filled with a coarse mesh of bright and dark dots; below,
# closed shapes on clean black with straighter edges; the sixth and the last pass for tops.*
#
# Halving and doubling alone is a disaster: noise has to be named pixel by pixel, and what was thrown away on the way down is not there
# on the way up. The **skips** ([1505.04597](https://arxiv.org/abs/1505.04597)) hand it across: before each doubling step's block, the
# features of the same size from the way down are laid beside the channels. Now the small pictures can plan the garment, and the large ones
# do the pixels.
#
# Now read the table without kindness. Against `+ residual` the error at low $t$ has *risen*: at equal cost only twelve channels are left at
# full size, where there were sixteen. For middle $t$ it has fallen. On average that is next to nothing, yet what it draws holds
# together better. A squared error per pixel asks *is this pixel's noise right?*, and never *is this one garment?* Chapter 11 has
# scores that do.

# %% [markdown]
# ## Every pixel looks at every pixel
#
# Convolutions pass a message from neighbour to neighbour. **Attention** ([1706.03762](https://arxiv.org/abs/1706.03762)) lets each pixel ask all
# others at once. From each pixel three vectors of length $d$ are made: what it seeks, the query $q$; what it offers, the key $k$; and what it
# would pass on, the value $v$. A pixel takes the average of all values, weighted by how well its query fits their keys:
#
# $$\text{out}_i = \sum_j w_{ij}\, v_j, \qquad w_{ij} = \underset{j}{\text{softmax}}\left(\frac{q_i \cdot k_j}{\sqrt d}\right)$$
#
# Why the root? A sum of $d$ products of random numbers has a standard deviation of $\sqrt d$; without it the softmax would soon be all or
# nothing. Several such *heads* work side by side, each with $d$ features of its own. `to_qkv` makes everything at once: its channels are
# `(three heads d)`, in this order.


# %% quiz="Attention"
class Attention(nn.Module):
    """softmax(q k / sqrt(d)) v over all pixels, (B, dim, H, W) in and out. Source: 1706.03762, eq. 1."""

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
# The same thing by torch's own `scaled_dot_product_attention`, which is faster on a GPU and needs less memory:

# %%
attention = Attention(16)
x = torch.randn(2, 16, 7, 7, generator=torch.Generator().manual_seed(0))
q, k, v = rearrange(
    attention.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=4
)
out = functional.scaled_dot_product_attention(q, k, v)
out = rearrange(out, "b heads (h w) d -> b (heads d) h w", h=7)
assert torch.allclose(attention(x), attention.to_out(out), atol=1e-5)
print("the same as torch's own")

# %% [markdown]
# One thing attention does not know: *where* a pixel stands. Shuffle the pixels, and the output is shuffled in the same way. Where things are
# it learns from the convolutions before it, which feel the picture's edge.

# %%
order = torch.randperm(49, generator=torch.Generator().manual_seed(1))
shuffled = x.flatten(2)[..., order].reshape(x.shape)
assert torch.allclose(
    attention(shuffled).flatten(2), attention(x).flatten(2)[..., order], atol=1e-5
)

# %% [markdown]
# Around it go a norm before and a shortcut past, as with every branch. Norm *inside* the branch, before the layer, keeps the shortcut free
# ([2002.04745](https://arxiv.org/abs/2002.04745)). The whole is `Residual(PreNorm(dim, Attention(dim)))`.


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
print(ablation.table(["+ skips", "+ attention"]))

# %% [markdown]
# Here the ladder has a rung that does not carry: within the spread of two seeds, **no gain**, for a tenth more work. The garments are small, and at 7 x 7 the
# convolutions perhaps see enough of them. For larger pictures and longer training attention was measured to help
# ([2105.05233](https://arxiv.org/abs/2105.05233), section 3). We keep it, for there it is cheap.
#
# *Second break: these are the blocks of our own networks. Two more are for the classic recipe.*
#
# ## What attention costs
#
# We put it into the middle, at 7 x 7, where the picture has 49 pixels. Why not everywhere?

# %%
question("twice_the_side")

# %% quiz="twice_the_side"
twice_the_side = ""  # your letter, between the quotes

# %%
check(twice_the_side, "twice_the_side")

# %% [markdown]
# **Linear attention** ([1812.01243](https://arxiv.org/abs/1812.01243)) changes the order of work. Let $n$ be the number of pixels. Softmax attention
# makes an $n \times n$ table of weights and multiplies it with the values. If the weights were a plain product $q k^\top$, we could form
# $k^\top v$ first, a small $d \times d$ matrix: $(q k^\top) v = q\,(k^\top v)$. So the one softmax in between is replaced by two outside: $q$
# over its features, times $1 / \sqrt d$ afterwards, and $k$ over the pixels. It is not the same function, but it can do much of the same work.


# %% quiz="LinearAttention"
class LinearAttention(nn.Module):
    """Attention whose cost grows with H W only, (B, dim, H, W) in and out. Source: 1812.01243."""

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
# Count the multiplications for four heads with $d = 32$: twice $n^2 d$ per head for the table and its use, or twice $n d^2$ for the small matrix and its
# use. Linear attention is cheaper as soon as there are more than $d$ pixels.

# %%
sides = [7, 14, 28, 56]
softmax_cost = [2 * 4 * (side**2) ** 2 * 32 / 1e6 for side in sides]
linear_cost = [2 * 4 * side**2 * 32**2 / 1e6 for side in sides]
print("side   softmax    linear   (million multiplications)")
for side, quadratic, straight in zip(sides, softmax_cost, linear_cost, strict=True):
    print(f"{side:4}{quadratic:10.1f}{straight:10.1f}")

# %% [markdown]
# And by the clock, one picture at a time, on your machine:


# %%
@torch.no_grad()
def milliseconds(layer: nn.Module, side: int) -> float:
    x = torch.randn(1, 32, side, side)
    return 1000 * min(timeit.repeat(lambda: layer(x), number=1, repeat=5))


clock = {
    "softmax": [milliseconds(Attention(32), side) for side in sides],
    "linear": [milliseconds(LinearAttention(32), side) for side in sides],
}
axis = panels(
    "Softmax attention explodes with the size, the linear kind grows",
    [""],
    "",
    "",
    (6.4, 3),
)[0]
for (name, times), colour in zip(
    clock.items(), colours(["softmax attention", "linear attention"]), strict=True
):
    axis.plot(sides, times, "o-", color=colour, label=f"{name} attention")
axis.set(xscale="log", yscale="log", xticks=sides, xticklabels=sides)
axis.set(xlabel="pixels on a side", ylabel="milliseconds")
axis.minorticks_off()
axis.legend(frameon=False)
assert clock["softmax"][-1] > 2 * clock["linear"][-1]

# %% [markdown]
# *In the picture: on logarithmic axes two rising lines; at 7 pixels they are close together, at 56 pixels softmax attention lies far above linear
# attention.*
#
# So the usual recipe: softmax attention where the picture is small, linear attention or none where it is large.
#
# ## Another block: ConvNeXt
#
# The convolutional answer to the transformers ([2201.03545](https://arxiv.org/abs/2201.03545)) takes a wide look with little work: a 7 x 7 convolution
# for each channel by itself (*depthwise*: `groups=dim`), which leaves the mixing of the channels to what follows. Ours follows with two 3 x 3
# convolutions, where the paper has 1 x 1 ones: it is the block of many a diffusion tutorial. The time is added after the depthwise convolution.


# %% quiz="ConvNextBlock"
class ConvNextBlock(nn.Module):
    """(B, dim, H, W) and time (B, time_dim) -> (B, dim_out, H, W). Source: 2201.03545."""

    def __init__(self, dim: int, dim_out: int, time_dim: int | None = None, mult: int = 2):
        super().__init__()
        self.time_mlp = (
            nn.Sequential(nn.GELU(), nn.Linear(time_dim, dim)) if time_dim else None
        )
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.body = nn.Sequential(
            group_norm(dim, groups=1),
            nn.Conv2d(dim, dim_out * mult, 3, padding=1),
            nn.GELU(),
            group_norm(dim_out * mult, groups=1),
            nn.Conv2d(dim_out * mult, dim_out, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        raise NotImplementedError


# %%
ConvNextBlock = check(ConvNextBlock)

# %% [markdown]
# Which block is better? At equal width the ConvNeXt block costs about twice as much. At *about* equal cost, with two thirds of the
# channels, in the same 400 steps:

# %%
print(ablation.table(list(VARIANTS)[-3:]))

# %% [markdown]
# Scale-shift instead of add: no difference that two seeds would support. ConvNeXt: behind, at every $t$. It has fewer channels and a sixth less work here, and
# four hundred steps are no career; still, the fashion of a year is not a reason. A measurement is.
#
# ## The whole ladder
#
# One dot is one training run.

# %%
axes = panels(
    "The first rungs gain most; beyond the skips the error stands still",
    ["low t", "middle t", "high t"],
    "error (plain: 1)",
    "",
    (3.1, 3.4),
)
for axis, third in zip(axes, ablation.THIRDS, strict=True):
    ends = {n: [line[f"loss_{third}"] for line in ablation.final(log[n])] for n in log}
    unit = sum(ends["plain"]) / len(ends["plain"])
    for place, errors in enumerate(ends.values()):
        shares = [error / unit for error in errors]
        axis.plot(shares, [place] * len(shares), "o", color=COLOURS["learned"])
    axis.axvline(1, color=COLOURS["noise"], linewidth=1)
    axis.set(xscale="log", xticks=(0.3, 0.5, 1, 2, 3), xticklabels=(0.3, 0.5, 1, 2, 3))
    axis.minorticks_off()
axes[0].set_yticks(range(len(log)), list(log))
axes[0].invert_yaxis()

# %% [markdown]
# *In the picture: three panels of dots on logarithmic axes, two dots for each rung. From plain to + residual the dots move left, most of all for high t; + down and up
# lies far to the right; the rungs from + skips on stand below one another, and ConvNeXt a little to their right.*
#
# Three lessons, beside the blocks themselves:
#
# - A part that gains nothing here (attention, scale-shift) may gain elsewhere, and the other way round. Measure where you are.
# - Two seeds differ by as much as some rungs. One run is an anecdote.
# - The error does not see shapes. Below: the first rung and the last of the ladder, at about the same cost, from the same noise.

# %%
show_images(
    torch.cat([drawn["plain"], drawn["+ attention"]]),
    [""] * 16,
    "Above: the plain network. Below: the whole ladder",
    columns=8,
)

# %% [markdown]
# *In the picture: above, clouds on a speckled ground; below, closed shapes on black, some of which pass for tops or a dress, one
# almost empty.*
#
# After 400 steps this is a beginning. Chapter 09 trains for longer, on more channels.
#
# ## Your blocks at work
#
# Last, the short version of the experiment, live: the plain network from the beginning against the whole ladder, built from *your* blocks. Again
# 60 steps, about five seconds, the same pictures, $t$ and noise.

# %%
mine = SimpleNamespace(
    SinusoidalPositionEmbeddings=SinusoidalPositionEmbeddings,
    ResnetBlock=ResnetBlock,
    Downsample=Downsample,
    Upsample=Upsample,
    PreNorm=PreNorm,
    Attention=Attention,
)
torch.manual_seed(0)
whole = Network(VARIANTS["+ attention"], parts=mine)
whole_losses = train(whole)
assert whole_losses[-20:].mean() < 0.6 * plain_losses[-20:].mean()
show_curves(
    {"plain": plain_losses, "with all blocks": whole_losses},
    "Your blocks learn in 60 steps what the plain network does not",
    "training step",
    "squared error",
)

# %% [markdown]
# *In the picture: two falling curves; with all blocks it falls at once, the plain one later, and stays above to the end.*

# %%
show_images(
    torch.cat([noised, guess(plain), guess(whole), truth]),
    [f"t = {t}" for t in steps] + ["plain"] * 4 + ["all blocks"] * 4 + ["truth"] * 4,
    "After 60 steps: with all blocks the garment appears",
    columns=4,
)

# %% [markdown]
# *In the picture: a boot at four levels of noise; the plain network's guesses, still noise; those of the network with all blocks, a clear boot at
# t = 20, a blurred one at t = 80, patches where the boot is at t = 130, and blotches at t = 170; the true boot.*
#
# ## What you now have
#
# - `SinusoidalPositionEmbeddings`, `ResnetBlock`, `ConvNextBlock`, `Attention`, `LinearAttention`, `PreNorm`, `Downsample`, `Upsample`: every
#   part that chapter 08 puts together into a U-Net of any size
# - for each a reason and a measured gain, or the measured lack of one, and the command that measures it again
#
# ## Think about it
#
# 1. `+ residual` and `+ skips` have almost the same error and draw so differently. At which $t$ is it decided whether the pieces fit, and how
#    much does the average error notice?
# 2. Group norm makes each picture's features the same size. Which information about $x_t$ might be lost by that, and how can the network get it back?
# 3. Attention does not know where a pixel stands. Why can a network with attention in the middle still draw shoes that all stand upright?
#
# ## Read on
#
# - He and others: Identity Mappings in Deep Residual Networks, [1603.05027](https://arxiv.org/abs/1603.05027)
# - Vaswani and others: Attention Is All You Need, [1706.03762](https://arxiv.org/abs/1706.03762), sections 3.2 and 3.5
# - Dhariwal, Nichol: Diffusion Models Beat GANs on Image Synthesis, [2105.05233](https://arxiv.org/abs/2105.05233), section 3: a ladder
#   like ours, with real budgets
