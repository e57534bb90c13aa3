# %% [markdown]
# # 08 · The U-Net
#
# **After this notebook you can** wire a U-Net yourself, build one from a config for any picture size, say where its parameters and its
# time go, how far a pixel sees, and what the skips are good for.
#
# **Minutes:** 50 · **Builds on:** 07 (blocks), 05 (predicting the noise). Nothing is trained here: two small networks, with skips and
# without, lie ready. The longest cell takes about ten seconds.

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
from torch import Tensor, nn

from course_lib.experiments.profiling import (
    activations,
    convolutions_only,
    costs,
    draw_unet,
    receptive_field,
    show_costs,
    take_apart,
)
from course_lib.forward import q_sample
from course_lib.images import load_images, to_model_range
from course_lib.pictures.plots import COLOURS, panels, show_images
from course_lib.quizzes import check, question
from course_lib.reverse import predict_start_from_noise
from course_lib.runs.checkpoints import load_checkpoint, make_model, sample_steps
from course_lib.runs.config import ConfigError, find_config, load_config

# %% [markdown]
# ## The whole network
#
# A network that predicts noise takes a picture and gives one of the same size. It has to know *what* is in the picture, for which it must
# look at all of it, and *where* each grain of noise lies, to the pixel. The U-Net does the first on small pictures, the second
# on large ones, and ties the two together.
#
# The drawing is made from the network itself: a picture went through it, and each part wrote down the size of what it gave out.

# %%
trained = load_checkpoint("fashion_mnist_cpu", device="cpu")  # small enough for any CPU
unet = trained.model
x, t = torch.zeros(1, 1, 28, 28), torch.tensor([60])
parts = take_apart(unet, x, t)
draw_unet(parts, "Down to a quarter of the side, up again, and across at every level")

# %% [markdown]
# *In the picture: a U of boxes, each with channels × height × width under it. Left, blue: 28, 14, 7 pixels, 32, 64, 64 channels. Grey, at the
# bottom: two blocks with attention between them. Right, orange: back to 28 pixels. Three pink arrows lead across, one on each level.*
#
# Three stretches:
#
# - **down**: on each level a block, perhaps attention, then height and width are halved
# - **middle**: block, attention, block, where the picture is smallest
# - **up**: on each level what was kept on the way down is *joined* behind the channels, then a block, perhaps attention, then doubling
#
# What is joined is a *skip*. A block on the way up gets twice as many channels as it would have without. What was kept last is joined first,
# since it has the right size.
#
# Write this way down. The parts come in ready: a list of steps down, the middle, a list of steps up. `nn.Identity()` stands where a step
# has no attention, or does not change the size. `skip` says whether a step has a skip, for some networks have fewer.


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
    """The way through a U-Net, x (B, C, H, W) in and out; `time` (B, time_dim) is the embedded time step.

    downs    the steps down, in order: (block, attend, down, skip);
             if `skip`, what `attend` gives is kept
    middle   (block, attend, block)
    ups      the steps up, in order: (block, attend, up, skip);
             if `skip`, what was kept last, and not joined yet, is joined to x behind its channels

    A block is called with (x, time), all else with (x).
    """
    raise NotImplementedError


# %%
unet_forward = check(unet_forward)

# %% [markdown]
# The course's `Unet.forward` is this function, with padding for odd sizes around it. So your wiring can drive the trained network: `parts()` hands out what it is
# made of, `embed` turns $t$ into the vector that every block gets.

# %%
pictures, labels = load_images("garments", split="test")
bag = to_model_range(pictures[labels == 8][:1])
noise = torch.randn(bag.shape, generator=torch.Generator().manual_seed(0))
x_t = q_sample(bag, t, noise, trained.schedule)
with torch.no_grad():
    yours = unet_forward(*unet.parts(), x_t, unet.embed(t))
    theirs = unet(x_t, t)
assert torch.allclose(yours, theirs, atol=1e-5)
print("your wiring and the library's agree")

# %% [markdown]
# ## What happens on the levels
#
# A noised bag goes through the trained network. Each row is one place on the way, with six of its channels.

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
rows = [x_t.clamp(-1, 1), bag, noise.clamp(-1, 1), torch.ones(3, 1, 28, 28)]
titles = ["x_t", "x_0", "noise", "", "", ""]
for name, where in places.items():
    maps = found[name][0, ::5][:6, None]  # six channels, (6, 1, H, W)
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    maps = (maps - low) / (high - low) * 2 - 1
    rows.append(nn.functional.interpolate(maps, size=28))
    titles += [where, "", "", "", "", ""]
title = "Grain at 28 pixels, coarse shapes at 7; back at 28, the bag and the grain"
show_images(torch.cat(rows), titles, title, columns=6)

# %% [markdown]
# *In the picture: first row, the noised bag, the bag and the noise. Below, five rows of six grey maps each: grainy ones of 28 × 28 with a faint bag,
# coarser ones of 14 × 14, blocks of 7 × 7 in which the bag is a dark patch at best, 14 × 14 again with edges and the inside of the bag, and fine
# stripes and grain at 28 × 28.*
#
# The last row has to tell the noise of every single pixel. The maps of 7 × 7 show nothing of it: the grain came across.
#
# ## A network from a config
#
# Nobody writes such a network twice. A config file says what is wanted, in sections for data, model, diffusion and training. This is the
# *classic* recipe, the baseline of all our measurements: ConvNeXt blocks, two per level, a stem of 18 channels, linear attention on every level,
# skips only from the second block of a level, and none at the top.

# %%
print(find_config("classic").read_text())

# %%
classic = make_model(load_config("classic"), channels=1, num_classes=10)
classic_parts = take_apart(classic, x, t)
draw_unet(classic_parts, "The classic one: two blocks per level, fewer skips")

# %% [markdown]
# *In the picture: a longer U, two boxes on each level and one on the last step up; every second one has attention; only two skips, at 14 and
# at 7 pixels.*
#
# `skips` says how many there are: `all`, our default, keeps one from every block; `level` one from each level; `none` none. Every setting can be changed without touching the file, and a misspelt one is an error that says so:

# %%
try:
    load_config("classic", ["model.dims=64"])
except ConfigError as error:
    print(error)

# %% [markdown]
# How large is a network? A fair comparison needs one number for it: how many numbers can training change? Frozen ones don't count, and a
# weight that two layers share counts once.


# %% quiz="count_parameters"
def count_parameters(model: nn.Module) -> int:
    """How many numbers training can change; what is shared counts once."""
    raise NotImplementedError


# %%
count_parameters = check(count_parameters)

# %% [markdown]
# Parameters are memory. Work is something else: how many multiplications, each with an addition, does one picture take? PyTorch counts them
# while a picture goes through, also on the *meta* device, where tensors have a size and no content, so that nothing is computed.


# %%
def size_of(config: str, changes: list[str], shape=(1, 28, 28)) -> str:
    """Parameters and multiply-adds of the network that a config and changes to it describe."""
    with torch.device("meta"):
        model = make_model(load_config(config, changes), shape[0], num_classes=10)
        parts = take_apart(model, torch.empty(1, *shape), torch.zeros(1, dtype=torch.long))
    work = sum(part.multiply_adds for part in parts)
    return f"{count_parameters(model) / 1e6:5.2f} M parameters {work / 1e6:8.0f} M multiply-adds"


print(f"{'classic':34}", size_of("classic", []))
print(f"{'ours':34}", size_of("fashion_mnist_cpu", []))
changes = "dim=64", "dim_mults=[1, 2, 4]", "dim_mults=[1, 2, 2, 2]", "blocks_per_level=2"
changes += "blocks_per_level=[1, 1, 3]", "attention=[full, full, full]", "skips=none"
for change in (*changes, "block=convnext"):
    print(f"  {change:32}", size_of("fashion_mnist_cpu", [f"model.{change}"]))

# %% [markdown]
# Look at `attention=[full, full, full]`: few parameters, much work. At 28 x 28 each of 784 pixels looks at 784 others; at 7 x 7 each of 49
# looks at 49, which is 256 times less. That is why attention stands at the bottom.
#
# ## Where the cost is

# %%
question("where_the_parameters_are")

# %% quiz="where_the_parameters_are"
where_the_parameters_are = ""  # your letter, between the quotes

# %%
check(where_the_parameters_are, "where_the_parameters_are")

# %% [markdown]
# Level 1 is 28 x 28, level 2 is 14 x 14, level 3 and the middle are 7 x 7; the ends are stem, head and time embedding. The times are those of
# your machine.

# %%
batch, times = torch.zeros(8, 1, 28, 28), torch.full((8,), 60)
both = {
    "classic": take_apart(classic, batch, times, repeats=3),
    "ours": take_apart(unet, batch, times, repeats=3),
}
show_costs(both, "Most parameters sit at the bottom; the work is spread over all levels")

# %% [markdown]
# *In the picture: three groups of bars, the classic network's longer than ours on every level. For parameters the longest are level 3 and the middle;
# for multiply-adds the bars get shorter from level 1 to the middle, the classic network's only slowly.*

# %%
table = costs(classic_parts)
for row, (parameters, work, _) in table.items():
    print(
        f"{row:8} {parameters / 1e3:6.0f} thousand parameters {work / 1e6:6.1f} M multiply-adds"
    )
parameters, work, _ = (sum(column) for column in zip(*table.values(), strict=True))
low = [table["level 3"][i] + table["middle"][i] for i in (0, 1)]
shares = low[0] / parameters, low[1] / work
assert shares[0] > 0.75
assert shares[1] < 0.5
print(f"at 7 x 7: {shares[0]:.0%} of the parameters, {shares[1]:.0%} of the multiply-adds")

# %% [markdown]
# A 3 × 3 convolution has $9\,C_{in} C_{out}$ weights and uses each once per pixel. One level down there are twice the channels and a quarter of the pixels:
# four times the weights, the same work. Time follows the work only roughly, for numbers also have to be fetched.
#
# ## How far a pixel sees
#
# A 3 × 3 convolution looks one pixel further to each side. After halving, one pixel further is two pixels of the picture; after halving
# again, four. To measure it, take the middle pixel of a feature map and ask, by the gradient, which pixels of the input can
# change it. First with convolutions alone: group norm and attention look at the whole picture, so a copy without them is measured.

# %%
stripped = convolutions_only(unet)
names = {
    "stem": "stem",
    "downs.0.0.0": "level 1",
    "downs.1.0.0": "level 2",
    "downs.2.0.0": "level 3",
}
fields = {where: receptive_field(stripped, x_t, t, name) for name, where in names.items()}
sides = {where: int((field > 0).any(0).sum()) for where, field in fields.items()}
print("pixels from side to side:", sides)
fields["output, all parts"] = receptive_field(unet, x_t, t, "head")
shown = [(field / field.max()).log10().clamp(-4, 0) / 2 + 1 for field in fields.values()]
show_images(
    torch.stack(shown)[:, None],
    list(fields),
    "Each level sees further; the output sees everything, and itself most",
)

# %% [markdown]
# *In the picture: grey squares on black that grow from 7 to 11 to 21 pixels and then fill the picture; last, a dim picture, everywhere
# a little grey, with one white pixel in the middle. Black is less than a ten-thousandth of the brightest.*
#
# Level 3 would see 41 pixels if there were so many. And look at the last one: the output at a pixel depends on the whole picture, but on
# that very pixel most. Noise is told pixel by pixel.
#
# ## With and without skips
#
# What are the skips for? Two small networks, equal in everything else, learned from the same garments for 1,000 steps: one with skips,
# one without (`data/skips_all.md` has the commands).

# %%
question("where_skips_matter")

# %% quiz="where_skips_matter"
where_skips_matter = ""  # your letter, between the quotes

# %%
check(where_skips_matter, "where_skips_matter")

# %% [markdown]
# Their error at ten noise levels, on 128 garments that neither has seen:

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

# %%
ratio = losses["without"] / losses["with skips"]
left, right = panels(
    "Without skips the error is larger at every t, most of all at the end",
    ["squared error", "without skips: how many times as large"],
    "step t",
    "",
    size=(3.6, 2.8),
    shared=False,
)
for (name, loss), colour in zip(losses.items(), (COLOURS["learned"], "black"), strict=True):
    left.plot(steps, loss, color=colour, label=name, linewidth=2)
left.set_yscale("log")
left.legend(frameon=False)
right.plot(steps, ratio, color="black", linewidth=2)
right.set_ylim(0)
assert ratio.min() > 1.1
assert ratio[-1] > 2.5
print(f"all t together: {losses['without'].mean() / losses['with skips'].mean():.1f} times")

# %% [markdown]
# *In the picture: left, two falling curves, the one without skips always above; right, their ratio, which rises from 1.2 to 2.7.*
#
# A third more error, all in all. Are the missing weights to blame, since blocks without skips are narrower? No: a wider network without skips,
# with 36 % more parameters than the one with skips, still has 1.29 times its error (`data/skips_all.md`).
#
# Does a third matter? Sixteen samples of each, from the same noise. About ten seconds.

# %%
drawn = []
for network in two.values():
    *_, samples = sample_steps(network, 16, torch.Generator().manual_seed(0))
    drawn.append(samples)
titles = ["with skips", *[""] * 15, "without", *[""] * 15]
show_images(
    torch.cat(drawn),
    titles,
    "With skips garments, without them mostly shapeless cloth",
    columns=8,
)

# %% [markdown]
# *In the picture: above, sixteen clean garments: bags, shoes, trousers, shirts. Below, sixteen patches of cloth with frayed edges, two or three of which
# could be shirts.*
#
# No error was raised, and the loss fell. A U-Net whose skips were forgotten runs and trains like any other: its pictures tell.
#
# Where does it go wrong? One look at the same noised garments, and the picture that each network guesses behind them.

# %%
t = torch.full((8,), 120)
x_t = q_sample(unseen[:8], t, noise[:8], schedule)
rows, errors = [unseen[:8], x_t.clamp(-1, 1)], []
for network in two.values():
    with torch.no_grad():
        guess = predict_start_from_noise(x_t, t, network.model(x_t, t), schedule)
    rows.append(guess.clamp(-1, 1))
    errors.append((rows[-1] - unseen[:8]).square().mean())
titles = [
    title for name in ("x_0", "x_t", "with", "without") for title in (name, *[""] * 7)
]
show_images(torch.cat(rows), titles, "Without skips, grain is left in the guess", columns=8)
assert errors[1] > 1.5 * errors[0]

# %% [markdown]
# *In the picture: four rows of eight: garments; the same under heavy noise; smooth, slightly blurred garments; the same shapes, blotched and grainy.*
#
# Both see what kind of garment it is. But the one without skips does not name the noise to the pixel, and what it does not name stays in its
# guess.
#
# ## From 28 × 28 × 1 to 128 × 128 × 3
#
# Nothing in a U-Net is tied to a size: convolutions run over any picture, and odd sizes are padded and cut off again. Only the stem and the
# head know the number of channels.

# %%
model = make_model(load_config("fashion_mnist_cpu"), channels=1, num_classes=10)
for shape in ((28, 28), (32, 32), (30, 17)):
    with torch.no_grad():
        out = model(torch.zeros(1, 1, *shape), torch.tensor([5]))
    print(shape, "in,", tuple(out.shape[2:]), "out")

# %% [markdown]
# But the work grows with the pixels, and 128 × 128 has 21 times as many as 28 × 28. A way out: fold patches of 4 × 4 pixels into channels first. A picture
# of 128 × 128 × 3 becomes one of 32 × 32 × 48, and the head unfolds it again.

# %%
for patch in (1, 2, 4):
    change = f"model.patch={patch}"
    print(f"{change:15}", size_of("folder_128_colour", [change], (3, 128, 128)))
colour = make_model(load_config("folder_128_colour"), channels=3, num_classes=10)
draw_unet(
    take_apart(colour, torch.zeros(1, 3, 128, 128), torch.tensor([5])),
    "128 × 128 × 3 with patches of 4: inside it is a network for 32 × 32",
)

# %% [markdown]
# *In the picture: a U that begins with 64 channels of 32 × 32 pixels, goes down to 192 channels of 8 × 8, and ends in a head of 3 × 128 × 128.*
#
# ## What you now have
#
# - `unet_forward`: the wiring, which drives every network of this course
# - a network for any picture from a config, and three numbers to compare it by: parameters, multiply-adds, milliseconds
# - what to suspect when samples come out as patches of cloth
#
# ## Think about it
#
# 1. Skips make the noise easy to copy. Would they help as much if the network predicted $x_0$ instead?
# 2. The classic network has no skip at 28 × 28. What does its last block then know of single pixels?
# 3. Why is attention at 7 × 7 enough for the whole output to see the whole input?
#
# ## Read on
#
# - Ronneberger, Fischer, Brox: U-Net, Convolutional Networks for Biomedical Image Segmentation, [1505.04597](https://arxiv.org/abs/1505.04597), figure 1
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), appendix B: the U-Net with time
# - Hoogeboom, Heek, Salimans: simple diffusion, [2301.11093](https://arxiv.org/abs/2301.11093): which levels deserve the parameters
