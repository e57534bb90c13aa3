# %% [markdown]
# # 08 · The U-Net
#
# **After this notebook you can** work out the width of every block of a U-Net, connect the blocks yourself, build a network from a config for
# any picture size, say where its parameters and its time go, and say what the skips are good for.
#
# **Minutes:** 60 · **Builds on:** 07 (blocks), 05 (predicting the noise). Nothing is trained here: the two small networks that we compare are
# already trained. The longest cell takes about twenty seconds.

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
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.drawings import unet as drawings
from course_lib.experiments.profiling import (
    activations,
    convolutions_only,
    costs,
    receptive_field,
    take_apart,
)
from course_lib.forward import q_sample
from course_lib.images import load_images, to_model_range
from course_lib.pictures.gifs import denoising_frames
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import predict_start_from_noise
from course_lib.runs.checkpoints import (
    load_checkpoint,
    make_model,
    sample_steps,
)
from course_lib.runs.config import ConfigError, find_config, load_config
from course_lib.runs.samplers import ANCESTRAL

# %% [markdown]
# ## The whole network
#
# A network that predicts noise takes a picture and returns one of the same size. It has two tasks. It must see *what* is in the picture, so
# it has to look at the whole picture. And it must predict the noise of every single pixel. The U-Net does the first task on small
# pictures and the second on large ones, and it connects the two.
#
# The next cell sends a picture through a trained network. Each part of the network writes down the size of its output: channels x height x
# width. The drawing is made from these notes.

# %%
trained = load_checkpoint(
    "fashion_mnist_cpu", device="cpu"
)  # small enough for any CPU
unet = trained.model
x, t = torch.zeros(1, 1, 28, 28), torch.tensor([60])
drawings.show_unet(
    take_apart(unet, x, t), "Three levels: 28, 14 and 7 pixels"
)

# %% [markdown]
# The network has three stretches:
#
# - **Down** (blue): each level has a block and perhaps attention. Then height and width are halved.
# - **Middle** (grey): block, attention, block, where the picture is smallest.
# - **Up** (orange): each level has a block and perhaps attention. Then height and width are doubled.
#
# The pink arrows are the *skips*. The output of each level on the way down is kept. On the way up these channels are put behind the channels
# that come from below.
#
# ## How wide is each block?
#
# How many channels go into each block, and how many come out? Many home-made U-Nets fail here. The rules, for one block per level:
#
# - The stem gives `dim` channels. Level $i$ has the width `dim * dim_mults[i]`.
# - A block on the way down takes what the level before gives, and returns its own level's width. This output is also the skip.
# - The middle does not change the width.
# - A block on the way up takes what comes from below *and* its level's skip. It returns the width of the next level up, and the last
#   block returns the width of the first level.


# %% quiz="unet_widths"
def unet_widths(
    dim: int, dim_mults: Sequence[int]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Channels (in, out) of the block on each level, in the order in which a
    picture passes them: first all down, then all up.
    """
    raise NotImplementedError


# %%
unet_widths = check(unet_widths)

# %% [markdown]
# Compare your answer with the network in the drawing: it has `dim=32` and `dim_mults=(1, 2, 2)`.

# %%
down, up = unet_widths(32, (1, 2, 2))
for name, stages, yours in (("down", unet.downs, down), ("up", unet.ups, up)):
    blocks = [level[0][0] for level in stages]
    found = [
        (block.conv1.in_channels, block.conv1.out_channels)
        for block in blocks
    ]
    print(f"{name:5} yours {yours}, the network's {found}")
    assert [tuple(pair) for pair in yours] == found

# %% [markdown]
# ## Connect the blocks
#
# Now write what happens to a picture on its way through the network. You get the parts ready-made: a list of steps down, the middle, and a list of steps up.
# `nn.Identity()` stands where a step has no attention or does not change the size. Some networks have fewer skips, so each step says in
# `skip` whether it has one. The skip that was kept last is joined first, because it has the right size.


# %% quiz="unet_forward"
def unet_forward(
    stem: nn.Module,
    downs: list[tuple],
    middle: tuple,
    ups: list[tuple],
    head: nn.Module,
    x: Tensor,
    time: Tensor,
) -> Tensor:
    """The way through a U-Net, x (B, C, H, W) in and out; `time`
    (B, time_dim) is the embedded time step.

    downs    the steps down, in order: (block, attend, down, skip);
             if `skip`, what `attend` gives is kept
    middle   (block, attend, block)
    ups      the steps up, in order: (block, attend, up, skip);
             if `skip`, what was kept last, and not joined yet,
             is joined to x behind its channels

    A block is called with (x, time), all else with (x).
    """
    raise NotImplementedError


# %%
unet_forward = check(unet_forward)

# %% [markdown]
# The course's `Unet.forward` is this function, with padding for odd sizes around it. So your function can run the trained network:
# `parts()` returns its parts, and `embed` turns $t$ into the vector that every block gets.

# %%
pictures, labels = load_images("garments", split="test")
bag = to_model_range(pictures[labels == 8][:1])
noise = torch.randn(bag.shape, generator=torch.Generator().manual_seed(0))
x_t = q_sample(bag, t, noise, trained.schedule)
with torch.no_grad():
    yours = unet_forward(*unet.parts(), x_t, unet.embed(t))
    theirs = unet(x_t, t)
assert torch.allclose(yours, theirs, atol=1e-5)
print("your function and the library's agree")

# %% [markdown]
# ## What happens on the levels
#
# The next picture shows a noisy bag on its way through the network. Each row is one place in the network, with six of its channels. Look for
# the bag, and look for the grain of single pixels. Where is each of them?

# %%
places = {
    "downs.0.0.0": "down, 28",
    "downs.1.0.0": "down, 14",
    "middle.2": "middle, 7",
    "ups.1.0.0": "up, 14",
    "ups.2.0.0": "up, 28",
}
with torch.no_grad():
    found = activations(unet, x_t, t, list(places))
maps = {where: found[name] for name, where in places.items()}
drawings.show_maps([x_t, bag, noise], maps)

# %% [markdown]
# The last row shows the grain of single pixels again. It has to, because the network predicts the noise of every pixel. Which way did
# the grain take? It could come from below, packed into 64 channels of 7 x 7. Or it could come across, through a skip.
#
# Your `unet_forward` can test it. We set the channels of one skip to 0, and leave the rest of the network as it is. The *grain* of a picture
# is the picture minus its mean over 3 x 3 pixels. A correlation of 1 means that the network predicts the grain of the noise exactly, and 0
# means not at all.


# %%
def without_skip(block: nn.Module, channels: int):
    """The block, with the last channels of its input set to 0."""

    def run(x: Tensor, time: Tensor) -> Tensor:
        return block(
            torch.cat([x[:, :-channels], 0 * x[:, -channels:]], 1), time
        )

    return run


def grain(x: Tensor) -> Tensor:
    """What is left of a picture without its mean over 3 x 3 pixels."""
    return (x - nn.functional.avg_pool2d(x, 3, 1, 1)).flatten()


# %%
garments, times = to_model_range(pictures[:32]), t.expand(32)
many = torch.randn(garments.shape, generator=torch.Generator().manual_seed(0))
noisy = q_sample(garments, times, many, trained.schedule)
stem, downs, middle, ups, head = unet.parts()
kept = {}
for place, side in (
    (None, "none"),
    (0, "7 x 7"),
    (1, "14 x 14"),
    (2, "28 x 28"),
):
    steps_up = list(ups)
    if place is not None:
        block, *rest = ups[place]
        steps_up[place] = (without_skip(block, down[-1 - place][1]), *rest)
    parts = stem, downs, middle, steps_up, head
    with torch.no_grad():
        out = unet_forward(*parts, noisy, unet.embed(times))
    kept[side] = torch.corrcoef(torch.stack([grain(out), grain(many)]))[0, 1]
    found = f"correlation of the grain {abs(kept[side]):.1f}"
    print(f"skip set to 0: {side:8} {found}")

# %% tags=["fold"]
assert min(kept["none"], kept["7 x 7"], kept["14 x 14"]) > 0.95
assert abs(kept["28 x 28"]) < 0.05

# %% [markdown]
# In this network all of the grain comes across at 28 x 28. Without this skip nothing of it is left. (We repeated this at t = 20, 120 and 180
# and with three sets of noise: then the correlation is at most 0.12 without this skip, and at least 0.9 without one of the others.) This tells
# you what *this* network does. Could a network that never had skips learn to do without them? You will see it below.
#
# ## A network from a config
#
# You write such a network once. After that a config file describes what you want. Here is the *classic* recipe, which is the baseline of
# all our measurements. It has ConvNeXt blocks, two per level, linear attention on every level, and skips only from the second block of a
# level.

# %%
print(find_config("classic").read_text())

# %% [markdown]
# `skips` says how many skips there are. `all`, our default, keeps one from every block, `level` keeps one from each level, and `none` keeps
# none. You can change every setting without editing the file. A misspelt setting is an error:

# %%
try:
    load_config("classic", ["model.dims=64"])
except ConfigError as error:
    print(error)

# %% [markdown]
# ## How large is a network?
#
# A fair comparison of networks needs a number for their size. The usual one is the number of *trainable parameters*. Frozen parameters do not
# count, and a weight that two layers share counts once.


# %% quiz="count_parameters"
def count_parameters(model: nn.Module) -> int:
    """How many numbers training can change; what is shared counts once."""
    raise NotImplementedError


# %%
count_parameters = check(count_parameters)

# %% [markdown]
# Parameters cost memory. Work is something else: how many multiplications, each with an addition, does one picture need? PyTorch can count
# them. It can even do so on the *meta* device, where tensors have a size but no content, so that nothing is computed.


# %%
def size_of(
    config: str, changes: Sequence[str] = (), shape=(1, 28, 28)
) -> str:
    """Parameters and multiply-adds of a config with some changes."""
    with torch.device("meta"):
        model = make_model(
            load_config(config, changes), shape[0], num_classes=10
        )
        t = torch.zeros(1, dtype=torch.long)
        parts = take_apart(model, torch.empty(1, *shape), t)
    size = count_parameters(model) / 1e6
    work = sum(part.multiply_adds for part in parts) / 1e6
    return f"{size:.2f} M parameters, {work:5.0f} M multiply-adds"


print(f"{'classic':30}", size_of("classic"))
print(f"{'ours':30}", size_of("fashion_mnist_cpu"))
changes = [
    "dim=64",
    "dim_mults=[1, 2, 4]",
    "blocks_per_level=2",
    "skips=none",
]
for change in [*changes, "attention=[full, full, full]", "block=convnext"]:
    print(f"  {change:28}", size_of("fashion_mnist_cpu", [f"model.{change}"]))

# %% [markdown]
# Look at `attention=[full, full, full]`: it adds few parameters and much work. At 28 x 28 each of 784 pixels looks at 784 others. At 7 x 7
# each of 49 looks at 49, which is 256 times less. That is why attention usually stands only on the smallest level.
#
# ## Where the cost is

# %%
question("where_the_parameters_are")

# %% quiz="where_the_parameters_are"
where_the_parameters_are = ""  # your letter, between the quotes

# %%
check(where_the_parameters_are, "where_the_parameters_are")

# %% [markdown]
# In the bars below, level 1 is 28 x 28, level 2 is 14 x 14, and level 3 and the middle are 7 x 7. The "ends" are the stem, the head and the
# time embedding. The times are those of your computer.

# %%
classic = make_model(load_config("classic"), channels=1, num_classes=10)
batch, times = torch.zeros(8, 1, 28, 28), torch.full((8,), 60)
both = {
    "classic": take_apart(classic, batch, times, repeats=3),
    "ours": take_apart(unet, batch, times, repeats=3),
}

# %% tags=["fold"]
with after_answer("where_the_parameters_are"):
    drawings.show_costs(both)
    table = costs(take_apart(classic, x, t))
    for row, (parameters, work, _) in table.items():
        numbers = f"{parameters / 1e3:6.0f} thousand parameters"
        print(f"{row:8} {numbers} {work / 1e6:6.1f} M multiply-adds")
    parameters, work, _ = (
        sum(column) for column in zip(*table.values(), strict=True)
    )
    low = [table["level 3"][i] + table["middle"][i] for i in (0, 1)]
    shares = low[0] / parameters, low[1] / work
    assert shares[0] > 0.75
    assert shares[1] < 0.5
    print(f"classic, at 7 x 7: {shares[0]:.0%} of the parameters,")
    print(f"{shares[1]:.0%} of the multiply-adds")

# %% [markdown]
# <details><summary>Why?</summary>
#
# A 3 x 3 convolution has $9\,C_{in} C_{out}$ weights and uses each of them once per pixel. One level down there are twice as many channels
# and a quarter of the pixels. So there are four times as many weights, and the work stays the same. The time follows the work only
# roughly, because the numbers also have to be moved.
#
# </details>
#
# ## How far a pixel sees
#
# A 3 x 3 convolution looks one pixel to each side. After the picture is halved, one pixel to the side is two pixels of the original picture, and
# after it is halved again it is four. We measure this with the gradient: which pixels of the input can change the middle pixel of a feature map?
# This region is called the *receptive field*. First we measure convolutions alone, in a copy of the network without group norm and
# attention, because those two look at the whole picture.

# %%
stripped = convolutions_only(unet)
names = {
    "stem": "stem",
    "downs.0.0.0": "level 1",
    "downs.1.0.0": "level 2",
    "downs.2.0.0": "level 3",
}
fields = {
    where: receptive_field(stripped, x_t, t, name)
    for name, where in names.items()
}
sides = {
    where: int((field > 0).any(0).sum()) for where, field in fields.items()
}
print("pixels from side to side:", sides)
fields["output, all"] = receptive_field(unet, x_t, t, "head")
drawings.show_fields(fields)

# %% [markdown]
# The brighter a pixel, the larger its gradient, on a logarithmic scale. A black pixel changes nothing, or less than a ten-thousandth of what the
# brightest pixel changes.
#
# Each level sees further. Level 3 would see 41 pixels if the picture had so many. The last picture is the output of the whole network: it
# depends on every pixel of the input, but most of all on the pixel at the same place.
#
# ## With and without skips
#
# What are the skips good for? We compare two small networks, one with skips and one that never had any. The rest of the recipe is the same, and
# both were trained on the same drawn garments for 1,000 steps. It is one training run each (`data/skips_all.md` has the commands).

# %%
question("where_skips_matter")

# %% quiz="where_skips_matter"
where_skips_matter = ""  # your letter, between the quotes

# %%
check(where_skips_matter, "where_skips_matter")

# %% [markdown]
# We measure their squared error at ten times $t$, on 128 garments that neither network has seen:

# %%
two = {
    "with skips": load_checkpoint("skips_all", device="cpu"),
    "without": load_checkpoint("skips_none", device="cpu"),
}
schedule = two["without"].schedule
unseen = to_model_range(pictures[:128])
noise = torch.randn(unseen.shape, generator=torch.Generator().manual_seed(0))
steps = list(range(0, 200, 20))
losses = {name: torch.zeros(len(steps)) for name in two}
for name, network in two.items():
    for place, step in enumerate(steps):
        t = torch.full((len(unseen),), step)
        with torch.no_grad():
            predicted = network.model(q_sample(unseen, t, noise, schedule), t)
        losses[name][place] = (predicted - noise).square().mean()

# %% tags=["fold"]
with after_answer("where_skips_matter"):
    drawings.show_errors(steps, losses)
    ratio = losses["without"] / losses["with skips"]
    assert ratio.min() > 1.1
    assert ratio[-1] > 2.5
    whole = losses["without"].mean() / losses["with skips"].mean()
    print(f"all t together: {whole:.1f} times the error")

# %% [markdown]
# <details><summary>Is it only the number of weights?</summary>
#
# Blocks without skips get fewer channels, so the network without skips has fewer weights. This explains only a small part: a wider network
# without skips, with 36 % more parameters than the one with skips, still has 1.29 times its error (one run, `data/skips_all.md`).
#
# Is it chance? The measurement is not: with three other sets of 128 garments and other noise, the factor was always between 1.17 and 1.19 at
# t = 0, and between 2.5 and 2.9 at t = 180. How much it changes from training run to training run, we did not measure.
#
# </details>
#
# Do you see a difference in the samples? Each network draws sixteen garments from the same noise. This takes about twenty seconds.

# %%
states = {}
for name, network in two.items():
    seeded = torch.Generator().manual_seed(0)
    walk = enumerate(sample_steps(network, 16, seeded, sampler=ANCESTRAL))
    states[name] = list(denoising_frames(walk, total=201))
with after_answer("where_skips_matter"):
    drawings.show_sampling(states, 200)

# %% [markdown]
# In training, neither network raised an error, and both losses fell. If you forget the skips, your U-Net still runs and trains. Look at the
# samples to find such a bug.
#
# Where does the difference come from? Look at eight noisy garments, and at the clean garments that each network predicts from them.

# %%
t = torch.full((8,), 120)
x_t = q_sample(unseen[:8], t, noise[:8], schedule)
rows = {"$x_0$": unseen[:8], "$x_t$": x_t}
for name, network in two.items():
    with torch.no_grad():
        predicted = network.model(x_t, t)
    x_0 = predict_start_from_noise(x_t, t, predicted, schedule)
    rows[name] = x_0.clamp(-1, 1)

# %% tags=["fold"]
with after_answer("where_skips_matter"):
    drawings.show_predictions(rows)
    errors = [(rows[name] - unseen[:8]).square().mean() for name in two]
    assert errors[1] > 1.5 * errors[0]

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Both networks recognise most kinds of garment. But the network without skips predicts the noise of single pixels less well. The noise that it
# misses stays in its picture as blotches and grain.
#
# </details>
#
# ## From 28 x 28 x 1 to 128 x 128 x 3
#
# Nothing in a U-Net depends on the size of the picture. Convolutions work on any size. If a side cannot be halved, the picture is padded first, and
# the result is cropped at the end. Only the stem and the head depend on the picture's number of channels.

# %%
model = make_model(
    load_config("fashion_mnist_cpu"), channels=1, num_classes=10
)
for shape in ((28, 28), (32, 32), (30, 17)):
    with torch.no_grad():
        out = model(torch.zeros(1, 1, *shape), torch.tensor([5]))
    print(shape, "in,", tuple(out.shape[2:]), "out")

# %% [markdown]
# But the work grows with the number of pixels, and 128 x 128 has 21 times as many as 28 x 28. One remedy is to fold patches of 4 x 4 pixels into
# channels first. A picture of 128 x 128 x 3 becomes one of 32 x 32 x 48, and the head unfolds it again.

# %%
for patch in (1, 2, 4):
    change = f"model.patch={patch}"
    print(
        f"{change:14}", size_of("folder_128_colour", [change], (3, 128, 128))
    )
colour = make_model(
    load_config("folder_128_colour"), channels=3, num_classes=10
)
parts = take_apart(colour, torch.zeros(1, 3, 128, 128), torch.tensor([5]))
drawings.show_unet(parts, "A network for 128 x 128 x 3, with patches of 4")

# %% [markdown]
# ## What you now have
#
# - `unet_widths` and `unet_forward`: the plan and the connections of every network in this course
# - a network for any picture from a config, and three numbers to compare it by: parameters, multiply-adds, milliseconds
# - a first thing to check when samples look like patches of cloth: are the skips there?
# - a test that shows which way the grain takes through a trained network
#
# ## Think about it
#
# 1. Skips make the noise easy to copy. Would they help as much if the network predicted $x_0$ instead?
# 2. The classic network has no skip at 28 x 28. What can its last block know about single pixels?
# 3. Attention stands only at 7 x 7. Why does the whole output still depend on the whole input?
#
# ## Read on
#
# - Ronneberger, Fischer, Brox: U-Net, Convolutional Networks for Biomedical Image Segmentation, [1505.04597](https://arxiv.org/abs/1505.04597), figure 1
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), appendix B: the U-Net with time
# - Hoogeboom, Heek, Salimans: simple diffusion, [2301.11093](https://arxiv.org/abs/2301.11093): which levels deserve the parameters
