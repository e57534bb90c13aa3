# %% [markdown]
# # 09 · Training
#
# **After this notebook you can** train a U-Net on pictures with a loop that you wrote yourself, watch garments appear in its samples, say what
# the averaged weights are good for, kill a run and go on as if nothing had happened, and train on pictures of your own.
#
# **Minutes:** 75 · **Builds on:** 05 (`p_losses`), 08 (the U-Net and its configs). Three networks are trained here, one for about a minute and a
# half, one for twenty seconds, one for half a minute. Cells that take long say so.

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
import csv
import math
import shutil
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path

import datasets
import numpy as np
import torch
from matplotlib.ticker import NullLocator
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course_lib.forward import q_sample
from course_lib.images import class_names, load_images, to_model_range

# %%
from course_lib.pictures.plots import COLOURS, add_legend, panels, show_curves, show_images
from course_lib.pictures.widgets import LiveTraining
from course_lib.quizzes import check, question
from course_lib.reverse import p_losses, p_sample_loop

# %%
from course_lib.runs.checkpoints import (
    DATA,
    denoiser,
    load_checkpoint,
    make_model,
    make_schedule,
    read_safetensors,
    sample_steps,
)
from course_lib.runs.config import ConfigError, find_config, load_config
from course_lib.runs.devices import autocast, device, keep_freed_memory
from course_lib.runs.loop import train
from course_lib.runs.run import TrainingError
from course_lib.schedules import NoiseSchedule
from course_lib.training import batch_indices, ema_decay
from course_lib.types import LossType, Model, Predicts
from course_lib.unet import Unet

# %% [markdown]
# ## The pictures, twice
#
# `load_images` gives all pictures as one tensor of whole numbers, 0 to 255. The line it prints says which pictures you have: Fashion-MNIST,
# or the garments that our own code draws.

# %%
images, labels = load_images()
names = class_names()
examples = torch.stack([images[labels == label][0] for label in range(len(names))])
show_images(examples, list(names), "What the network is to learn", columns=10)

# %% [markdown]
# *In the picture: one garment of each class, white and grey on black.*
#
# Most code that you will meet does it another way: a `datasets.Dataset` from the hub, a transform that turns pictures into
# tensors when they are asked for, and a `DataLoader` that shuffles and makes batches. Here it is once. On the hub
# `datasets.load_dataset("zalando-datasets/fashion_mnist")["train"]` gives such a dataset; to need no network we make one from
# our tensor, with the pictures stored as PNG, as the hub does.

# %%
columns = {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(names))}
rows = {
    "image": [Image.fromarray(picture.numpy()) for picture in images[:1280, 0]],
    "label": labels[:1280].tolist(),
}
dataset = datasets.Dataset.from_dict(rows, features=datasets.Features(columns))


def to_tensors(rows: dict) -> dict:
    """From PIL pictures to what a network takes: x_start (1, H, W) in [-1, 1] each."""
    pixels = [torch.from_numpy(np.array(picture))[None] for picture in rows["image"]]
    return {"x_start": to_model_range(torch.stack(pixels)), "label": rows["label"]}


loader = DataLoader(dataset.with_transform(to_tensors), batch_size=64, shuffle=True)
batch = next(iter(loader))
assert batch["x_start"].min() == -1
print(tuple(batch["x_start"].shape), batch["x_start"].dtype, "black is -1")
print("classes:", ", ".join(dataset.features["label"].names))

# %% [markdown]
# `with_transform` does its work anew each time: decode a PNG, make an array, scale it, stack it. How much does that cost? The
# same pictures in the same number of batches, once through the loader, once cut out of the tensor:


# %%
def seconds(work) -> float:
    """The shortest of three runs."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def from_loader():
    for batch in loader:
        batch["x_start"]


def from_tensor():
    for places in torch.randperm(1280).split(64):
        to_model_range(images[places])


ratio = seconds(from_loader) / seconds(from_tensor)
assert ratio > 5
print("the tensor is more than five times as fast as the loader")

# %% [markdown]
# On our machine it is some eighty times. The whole training set is small enough to lie in memory, decoded:

# %%
print(f"{len(images):,} pictures, {images.numel() / 1e6:.0f} MB")

# %% [markdown]
# So from here on the data set is one tensor, on the device that trains. What would have to be true for the loader to be the better choice? Pictures that don't fit into memory,
# or that are changed at random at each look, in ways that cost time. Then let it have several `num_workers`.
#
# ## One step
#
# Algorithm 1 of [2006.11239](https://arxiv.org/abs/2006.11239) in words: take clean pictures, draw a time step for each, draw noise, ask the network, compare, and
# move the weights a little. First the time steps. Mind the words *for each*.


# %% quiz="sample_timesteps"
def sample_timesteps(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    """A time step of its own for every image: long (batch_size,), uniform on 0 ... timesteps-1.

    Drawn by `torch.randint` with `generator`, on the generator's device.
    """
    raise NotImplementedError


# %%
sample_timesteps = check(sample_timesteps)

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=100)
generator = torch.Generator().manual_seed(0)
x_start = to_model_range(images[:10])
t = sample_timesteps(10, schedule.timesteps, generator)
noise = torch.randn(x_start.shape, generator=generator)
x_t = q_sample(x_start, t, noise, schedule)
show_images(
    x_t.clamp(-1, 1),
    [f"t = {step}" for step in t.tolist()],
    "A training batch: each picture has a noise level of its own",
    columns=10,
)

# %% [markdown]
# *In the picture: ten garments, some nearly clean, some only noise, each with its own t above it.*
#
# If the whole batch shared one $t$, each step would teach the network about a single noise level, and pull it away from the others. The
# loss would jump with $t$, and the gradients with it.
#
# Now the step. `p_losses(model, x_start, t, noise, schedule, loss_type, predicts)` is the loss that you wrote in chapter 05. If `grad_clip` is a
# number, the norm of all gradients *together* may not exceed it: one bad batch should not throw the weights far away. `torch.nn.utils` has a
# function for that.


# %% quiz="train_step"
def train_step(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    """One gradient step on a batch x_start (B, C, H, W); returns the loss, a detached scalar.

    The gradient's norm over all parameters of the optimizer is cut to `grad_clip`, unless that is
    None.
    """
    raise NotImplementedError


# %%
train_step = check(train_step)

# %% [markdown]
# The first test of any training code: can it learn *one* batch by heart? Same pictures, same $t$, same noise, over and over. If the
# loss does not fall here, it will not fall anywhere, and you know it after seconds.

# %%
torch.manual_seed(0)
small = Unet(dim=8, dim_mults=(1, 2))
optimizer = torch.optim.AdamW(small.parameters(), lr=1e-2)
steps = range(40)
losses = [train_step(small, optimizer, x_start, t, noise, schedule) for _ in steps]
losses = torch.stack(losses)
title = "One batch is soon known by heart; who always says 0 has a loss of 1"
show_curves({"loss": losses, "says 0": torch.ones(40)}, title, "step", "loss")
assert 0.8 < losses[0] < 1.2
assert losses[-1] < 0.3 * losses[0]

# %% [markdown]
# *In the picture: the loss begins at the horizontal line at 1, and falls to less than 0.3.*
#
# Remember the 1. Noise has variance 1, so whoever answers 0 is off by 1. A loss that stays there says: nothing is learned.
#
# ## How large a step?
#
# At first the weights are random, and large steps would wreck them: so the learning rate *warms up* on a straight line. At the end it should
# be small, so that the weights settle: it falls along half a cosine ([1608.03983](https://arxiv.org/abs/1608.03983), equation 5). Count steps from 0, and let $w$ be the length of the warm-up:
#
# - before step $w$ the factor is $(\text{step} + 1) / (w + 1)$
# - from then on $d$ runs from 0, at step $w$, to 1, at the last step, and the factor is $f + (1 - f)\,(1 + \cos \pi d) / 2$, where $f$ is `final`
# - $w$ is `warmup_steps`, but at most a tenth of the run, rounded down: a warm-up of 100 steps would ruin a run of 70


# %% quiz="warmup_decay"
def warmup_decay(
    step: int, steps: int, warmup_steps: int = 100, final: float = 0.02
) -> float:
    """The factor on the learning rate at `step` (0 ... steps-1).

    Up a straight line, then down a half cosine to `final` at the last step. The warm-up takes at most a
    tenth of the run.
    """
    raise NotImplementedError


# %%
warmup_decay = check(warmup_decay)

# %%
factors = {
    f"a run of {steps:,} steps": torch.tensor(
        [warmup_decay(n, steps) for n in range(steps)]
    )
    for steps in (2000, 600)
}
title = "Up within a tenth of the run or 100 steps, then slowly down"
show_curves(factors, title, "training step", "factor on the learning rate")

# %% [markdown]
# *In the picture: two curves that rise steeply to 1, at step 100 and at step 60, and fall in an S to almost 0, at step 2,000 and at step 600.*
#
# ## An average of the weights
#
# Each step pushes the weights towards what *its* batch wants. So they jitter around the place where they belong, the more the larger the learning rate.
# An average over the last steps jitters less. Keeping many copies is not needed: a second network moves a little towards the first after every step
# ([2006.11239](https://arxiv.org/abs/2006.11239), appendix B). It is called EMA, for *exponential moving average*, and it is the one
# that samples.
#
# $$\theta_\mathrm{ema} \leftarrow d\, \theta_\mathrm{ema} + (1 - d)\, \theta$$
#
# Do it for all parameters, in place, without gradients: leave `@torch.no_grad()` where it is.


# %% quiz="ema_update"
@torch.no_grad()
def ema_update(ema: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the averaged weights, in place: ema <- decay ema + (1 - decay) model."""
    raise NotImplementedError


# %%
ema_update = check(ema_update)

# %% [markdown]
# Which $d$? With $d = 0.99$ the average remembers about 100 steps. That is too long at the beginning, when the weights of 100 steps ago are noise. So
# `ema_decay(step, steps)` starts at 0.1 and rises with the step $n$ as $(1 + n) / (10 + n)$; it never remembers more than a tenth of
# the run. To see what this does, let a single weight walk noisily towards 0 and average it:

# %%
length = 300
draws = torch.Generator().manual_seed(0)
wander = 0.25 * torch.randn(length, generator=draws)
path = 3 * torch.exp(-torch.arange(length) / 25) + wander
model, rising, fixed = (nn.Linear(1, 1, bias=False) for _ in range(3))
curves = {"noise": path, "learned": [], "black": []}
for network in (rising, fixed):
    nn.init.constant_(network.weight, float(path[0]))
for step in range(length):
    nn.init.constant_(model.weight, float(path[step]))
    ema_update(rising, model, ema_decay(step, length))
    ema_update(fixed, model, 0.99)
    curves["learned"].append(rising.weight.item())
    curves["black"].append(fixed.weight.item())

# %%
decays = {
    steps: [ema_decay(n, steps) for n in range(min(steps, length))]
    for steps in (10_000, 100)
}
title = "The average is calmer than the weight; a fixed decay drags the beginning along"
left, right = panels(title, ["decay", "weight"], "training step", "", (4.2, 2.8), False)
for (steps, decay), colour in zip(decays.items(), ("exact", "learned"), strict=True):
    left.plot(decay, color=COLOURS[colour], label=f"a run of {steps:,}", linewidth=2)
left.axhline(0.99, color="black", linestyle="dotted", label="fixed, 0.99")
titles = ("the weight", "average, rising decay", "average, decay 0.99")
for (colour, curve), name in zip(curves.items(), titles, strict=True):
    right.plot(curve, color=COLOURS.get(colour, colour), label=name)
for axis in (left, right):
    add_legend(axis)
assert torch.tensor(curves["learned"][-100:]).std() < 0.5 * path[-100:].std()
assert curves["black"][100] > 2 * curves["learned"][100]

# %% [markdown]
# *In the picture: left, the decay rises steeply from 0.1; in a run of 100 steps it stops at 0.9, in a run of 10,000 it goes on rising towards the dotted line at 0.99. Right, a
# grey zigzag falls from almost 3 to 0; the orange average follows it and hardly wobbles; the black one, with the fixed decay, is still far above 0 when the
# others have arrived.*
#
# ## The settings stand in a file
#
# How wide the network is, how many steps, which schedule: none of it stands in the code. A config is a YAML file with four sections, data, model,
# diffusion and training. What it doesn't say is the course's own recipe.

# %%
print(find_config("fashion_mnist_cpu").read_text(encoding="utf-8"))
config = load_config("fashion_mnist_cpu")
print("not in the file, so the course's own:", config.diffusion)

# %% [markdown]
# Single settings are changed by `section.key=value`, here as in the terminal (`course train fashion_mnist_cpu --set training.steps=500`). A misspelt
# key is an error before anything starts; it would be a pity to learn after two hours that `trainig.lr` had no effect.

# %%
for change in ("training.step=500", "training.lr=fast"):
    try:
        load_config("fashion_mnist_cpu", [change])
    except ConfigError as error:
        print(f"{change}\n    {error}\n")

# %% [markdown]
# ## The loop
#
# Now all of it together, on real pictures. The network is the small cousin of `fashion_mnist_cpu`: half as wide, with 100 noise levels instead of 200, so that it samples in
# half the calls. `STEPS` is your budget. 480 steps take about a minute and a half. If your machine is slow, take 300, and expect ragged
# garments. If you have ten minutes, take 4,000. On a GPU, take 10,000.

# %%
STEPS = 480
changes = ["model.dim=16", "diffusion.timesteps=100", "training.batch_size=64"]
config = load_config("fashion_mnist_cpu", [*changes, "training.lr=4e-3"])
settings = config.training
place = device()  # a GPU if there is one
keep_freed_memory()  # on Linux, CPUs train up to a third faster so

torch.manual_seed(0)
model = make_model(config, channels=1, num_classes=len(names)).to(place)
ema = deepcopy(model).requires_grad_(False).eval()
optimizer = torch.optim.AdamW(
    model.parameters(), settings.lr, settings.betas, weight_decay=settings.weight_decay
)
schedule = make_schedule(config).to(place)
everything = images.to(place)  # all of it, once

# %% [markdown]
# `autocast(model, place)` is the same network, computing in bfloat16 where the processor is fast at that: half the bytes, and almost half the time. The
# weights stay float32. Where it is not fast, nothing changes.
#
# Two helpers. `draw` takes samples, always from the same noise, so that you see the *same* pictures get better. `held_out` is the loss on garments
# that the network never trains on, always with the same $t$ and noise: so its changes come from the weights alone.

# %%
unseen = to_model_range(load_images(split="test")[0][:128]).to(place)
dice = torch.Generator(place).manual_seed(1)
unseen_t = sample_timesteps(len(unseen), schedule.timesteps, dice)
unseen_noise = torch.randn(unseen.shape, generator=dice, device=place)


def draw(network: nn.Module, count: int = 8) -> Tensor:
    """Samples (count, 1, 28, 28), always from the same noise."""
    dice = torch.Generator(place).manual_seed(0)
    shape = (count, *images.shape[1:])
    return p_sample_loop(autocast(network, place), shape, schedule, dice, clip_start=True)


@torch.no_grad()
def held_out(network: nn.Module) -> float:
    """The loss on pictures that are not trained on; same t and noise at every call."""
    fast = autocast(network, place)
    return float(p_losses(fast, unseen, unseen_t, unseen_noise, schedule))


# %% [markdown]
# And the loop. It is made of your own functions, and of `batch_indices`, which says which pictures make up batch number `step`: each comes once per
# *epoch*, in an order that depends on the seed and the epoch alone. Run it and watch the samples: grey patches first, then outlines,
# then garments.

# %%
dice = torch.Generator(place).manual_seed(0)
fast = autocast(model, place)
live = LiveTraining(STEPS, "The loss falls; beside it eight samples from the same noise.")
looks = {round(STEPS * part / 6) for part in range(1, 7)}
measured = {round(STEPS * part / 30) for part in range(1, 31)}
scores, snapshot = [], None
for step in range(STEPS):
    places = batch_indices(step, settings.batch_size, len(everything), seed=0)
    x_start = to_model_range(everything[places.to(place)])
    t = sample_timesteps(len(x_start), schedule.timesteps, dice)
    noise = torch.randn(x_start.shape, generator=dice, device=place)
    for group in optimizer.param_groups:
        group["lr"] = settings.lr * warmup_decay(step, STEPS)
    loss = train_step(fast, optimizer, x_start, t, noise, schedule, grad_clip=1.0)
    ema_update(ema, model, ema_decay(step, STEPS))
    samples = draw(ema) if step + 1 in looks else None
    live.update(step + 1, loss, samples)
    if step + 1 in measured:
        scores.append((step + 1, held_out(model), held_out(ema)))
    if step + 1 == STEPS // 3:
        snapshot = deepcopy(model), deepcopy(ema)

# %% [markdown]
# *In the picture: left, the loss against the step, a cloud of grey points and their mean, falling steeply and then slowly; right, two rows of four samples, as they
# are at the end of the run.*
#
# Beside real ones:

# %%
samples = draw(ema, 20)
titles = ["yours", *[""] * 19, "real", *[""] * 9]
real = to_model_range(images[:10]).to(place)
title = "Samples of your network (two rows), and real pictures"
show_images(torch.cat([samples, real]).cpu(), titles, title, columns=10)
loss = held_out(ema)
assert loss < 0.2, "The loss is still high. Were there fewer than 300 STEPS?"
print("loss on pictures it never saw: below 0.2, where saying nothing costs 1")

# %% [markdown]
# *In the picture: two rows of ten samples: bags with a handle, dresses, tops and shoes, many of them ragged, some shapeless; below, ten real garments.*
#
# Each of them is made of noise and of your own code. What do you miss in them? Small things, straps, laces, clean edges: they come with more steps. The course's own networks
# took ten minutes, and three and a half hours; the second is further below.
#
# ## With and without the average
#
# The loop has kept two networks: `model`, which is trained, and `ema`, its average.

# %%
question("ema_or_not")

# %% quiz="ema_or_not"
ema_or_not = ""  # your letter, between the quotes

# %%
check(ema_or_not, "ema_or_not")

# %% [markdown]
# All of this is from the run that you just made. First the loss on unseen garments, of both, during the run:

# %%
at, raw, averaged = (torch.tensor(column) for column in zip(*scores, strict=True))
title = "The raw weights jitter, the average doesn't; at the end both agree"
both = ["loss", "raw / averaged"]
left, right = panels(title, both, "training step", "", (4.2, 2.8), False)
ratio = raw / averaged
shown = at > STEPS // 6  # before, both fall steeply
left.plot(at[shown], raw[shown], color="black", label="raw weights")
left.plot(at[shown], averaged[shown], color=COLOURS["learned"], label="averaged weights")
add_legend(left)
right.plot(at, ratio, color="black")
right.axhline(1, color=COLOURS["learned"], linewidth=2)
if STEPS == 480:  # of other runs, judge by the picture
    assert ratio[0] < 1.0
    assert ratio[len(at) // 4 : len(at) // 2].mean() > 1.01
    assert 0.97 < ratio[-1] < 1.03
    print("first the average is behind, then it is ahead, at the end both are alike")

# %% [markdown]
# *In the picture: left, after the first sixth of the run, two falling curves; the black one, of the raw weights, has teeth and lies above the orange one for most of the way; then they meet. Right, their ratio:
# below 1 at the very beginning, then above, with jumps, then 1.*
#
# Three parts of one story. At the start the average still remembers worse weights. While the learning rate is high, the raw weights jump about, and the average is
# better by some percent: in a run at a constant rate it would stay so to the end. When the rate has fallen to almost nothing, the raw weights stand still,
# and the average arrives where they are.
#
# What can the eye see of it? Samples of both, a third through the run and at the end, from the same noise:

# %%
rows = torch.cat([draw(network, 8) for network in (*snapshot, model, ema)]).cpu()
row_names = ("raw, 1/3", "averaged, 1/3", "raw, end", "averaged, end")
titles = [title for name in row_names for title in (name, *[""] * 7)]
show_images(
    rows, titles, "A third through the run the two differ; at the end hardly", columns=8
)
raw_or_averaged = rows.unflatten(0, (2, 2, 8))  # when, which, sample
apart = (raw_or_averaged[:, 0] - raw_or_averaged[:, 1]).square().mean(dim=(2, 3, 4))
assert apart[0].median() > 1.5 * apart[1].median()

# %% [markdown]
# *In the picture: four rows of eight samples. The first two, a third through the run, are rough shapes, most of them alike in both, with other details and other brightness, some quite different; the last two, from the end, are nearly the same.*
#
# So is the average of no use, if one lets the learning rate fall? A run whose learning rate never falls needs it badly, and so does whoever wants to stop, or look, at any
# moment. The price is a copy of the weights.
#
# ## Kill it, and go on
#
# Long runs die: a laptop falls asleep, a kernel is restarted, a cloud takes its machine back. What has to be on the disk so that the run goes on *as if nothing had
# happened*?

# %%
question("where_does_resume_continue")

# %% quiz="where_does_resume_continue"
where_does_resume_continue = ""  # your letter, between the quotes

# %%
check(where_does_resume_continue, "where_does_resume_continue")

# %% [markdown]
# `train(config, folder)` is the library's loop, the same as yours, and keeps a run in a folder: `checkpoint.safetensors`, written whole or not at all, with the weights, the average, the
# optimizer's state and the step; `config.yaml`; `log.csv`; now and then a picture of samples. What a step draws depends on the seed and the number of the step only, so random numbers need no
# saving.
#
# Prove it. A tiny run is started in another process, as you would start it in a terminal. As soon as its first checkpoint is there, it is killed, the hard way: it gets no chance
# to say goodbye. This and the next two cells take about twenty seconds.

# %%
runs = Path("runs/chapter_09")  # beside this notebook; emptied when this cell runs again
shutil.rmtree(runs, ignore_errors=True)
tiny = [
    *("data.source=garments", "model.dim=8", "model.dim_mults=[1, 2]"),
    *("training.steps=60", "training.batch_size=8", "training.checkpoint_every=10"),
    *("training.device=cpu", "training.precision=fp32"),
]
command = [sys.executable, "-m", "course_lib.cli", "train", "garments_smoke"]
command += ["--out", str(runs / "killed")]
for change in tiny:
    command += ["--set", change]

# %%
checkpoint = runs / "killed" / "checkpoint.safetensors"
process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
while not checkpoint.exists():
    assert process.poll() is None, "it ended too early; run the command in a terminal"
    time.sleep(0.01)
process.kill()  # SIGKILL: nothing can be saved any more
process.wait()
before = read_safetensors(checkpoint)[1]
assert 10 <= before["step"] < 60
print("killed; a checkpoint lies there, from the middle of the run")

# %% [markdown]
# Now the *same command* again. It finds the checkpoint and goes on from it. How do we know that it didn't start over? By the log, which the checkpoint
# holds, too: how many seconds the first steps took is never the same twice, and there stand the seconds of the process that is dead.

# %%
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
after = read_safetensors(checkpoint)[1]
assert after["log"][: len(before["log"])] == before["log"]
assert after["step"] == 60
print("it went on, and is at step 60")

# %% [markdown]
# And is it the run that it would have been? Here is one without any interruption:

# %%
for _ in train(load_config("garments_smoke", tiny), runs / "whole"):
    pass
broken, _ = read_safetensors(checkpoint)
whole, _ = read_safetensors(runs / "whole" / "checkpoint.safetensors")
assert broken.keys() == whole.keys()
assert all(torch.equal(broken[name], whole[name]) for name in whole)
print(f"all {len(whole)} tensors are equal, to the last bit: weights, average, optimizer")

# %% [markdown]
# To the last bit, on a CPU with the same number of threads. (A GPU may add numbers in another order, and differ in the last digits.)
#
# And what if it is not the same run? Another learning rate in that folder, say:

# %%
try:
    next(train(load_config("garments_smoke", [*tiny, "training.lr=0.1"]), runs / "killed"))
except TrainingError as error:
    print(error)

# %% [markdown]
# Now you can do it to yourself. In the second of the next two cells, set `MINE` to `True` and run both: the ten-minute network of the course, from its
# config. In the middle of it, choose *Kernel → Restart Kernel*. Then run the imports at the top and these two cells again, and nothing else: the bar goes on
# where the last checkpoint was. Pictures of samples appear in `runs/mine`, beside this notebook.


# %%
def watch(config, out: Path, alternative: str):
    """Train in the folder `out`, or go on there, and show it; the trained checkpoint."""
    live = LiveTraining(config.training.steps, alternative)
    for progress in train(config, out):
        live.update(progress.step, progress.loss)
    return load_checkpoint(out / "checkpoint.safetensors")


# %%
MINE = False
if MINE:
    watch(load_config("fashion_mnist_cpu"), Path("runs/mine"), "The loss of my run.")

# %% [markdown]
# Both ways lead to the same folder: `course train fashion_mnist_cpu --out notebooks/runs/mine` in a terminal goes on with the run of this cell, if you like that better.
#
# ## Other pictures: textures
#
# Nothing in the loop knows of garments. The course can draw textures, ten kinds, 28 × 28. They are harder: a garment has its place and its outline, a texture may begin anywhere, and
# a stripe has to stay straight from edge to edge. So you get two runs here. A short one of a small network is made now; it takes about twenty seconds. A longer one, of
# 2,800 steps and a wider network, lies ready (`course train textures`; `data/textures.md` says how long it took). Both are told which kind each picture is
# (`class_conditional`), and both predict $v$ (chapter 06). A run as short as these that predicted the noise would leave many textures nearly black or nearly white: where
# almost all is noise, a small error in the noise is a large one in the brightness.

# %%
brief = ["model.dim=16", "training.steps=100", "training.sample_every=0"]
short = load_config("textures", brief)
textures = watch(short, runs / "textures", "The loss on textures falls.")


# %%
def one_of_each(checkpoint) -> Tensor:
    """A sample of each class, always from the same noise."""
    dice = torch.Generator(place).manual_seed(0)
    knows = denoiser(checkpoint, torch.arange(10, device=place))
    shape, schedule = (10, *checkpoint.image_shape), checkpoint.schedule
    predicts = checkpoint.config.diffusion.predicts
    return p_sample_loop(knows, shape, schedule, dice, predicts, clip_start=True).cpu()


pictures, kinds = load_images("textures")
real = torch.stack([to_model_range(pictures[kinds == kind][0]) for kind in range(10)])
rows = [one_of_each(textures), one_of_each(load_checkpoint("textures")), real]
titles = [*textures.class_names, "2,800 steps", *[""] * 9, "real", *[""] * 9]
title = "Ten textures after 100 steps, after 2,800 steps, and real ones"
show_images(torch.cat(rows), titles, title, columns=10)

# %% [markdown]
# *In the picture: in the first row ten kinds of grain, hardly to be told apart, only the bricks have horizontal lines and the clouds are soft. In the
# second row straight slanting stripes, checks that alternate, round dots, soft clouds; the bricks are rows without ends, weave and wood are vague, the ripples wind and have
# no centre. Below, the real ones.*
#
# The coarseness and the contrast are learned first, the order later, and the order of the whole picture last: rings around a centre would need a longer run, and
# `--set training.steps=...` is how.
#
# ## Your own pictures, in colour, 128 × 128
#
# Any folder of pictures will do, of any size: `load_images` cuts out the middle square and scales it. So that there is one, the notebook
# makes it: 300 landscapes, a sun over two hills. Put your own in its place: some hundred pictures of *one* kind of thing.

# %%
y, x = np.mgrid[0:1:128j, 0:1:128j][..., None]  # (128, 128, 1) each
skies = [[70, 90, 160], [40, 130, 200], [90, 50, 110]]
horizons = [[250, 190, 130], [220, 235, 245], [245, 130, 90]]


def landscape(rng: np.random.Generator) -> np.ndarray:
    """A picture (128, 128, 3): a sky, a sun somewhere in it, two rows of hills."""
    kind = rng.integers(3)
    picture = np.array(skies[kind]) * (1 - y) + np.array(horizons[kind]) * y
    column, row, radius = rng.uniform([0.2, 0.15, 0.07], [0.8, 0.5, 0.14])
    sun = np.hypot(x - column, y - row) < radius
    picture = np.where(sun, [255, 240, 190], picture)
    for height, green in ((0.6, [60, 110, 90]), (0.75, [30, 70, 50])):
        bends, shift = rng.uniform([0.5, 0], [1.5, 1])
        hill = y > height + 0.08 * np.sin(2 * np.pi * (bends * x + shift))
        picture = np.where(hill, green, picture)
    return picture.round().astype(np.uint8)


# %%
folder = runs / "my_pictures"
folder.mkdir(parents=True)
rng = np.random.default_rng(0)
for number in range(300):
    Image.fromarray(landscape(rng)).save(folder / f"{number:03}.png")
pictures, _ = load_images(folder)

# %% [markdown]
# `configs/folder_128_colour.yaml` is made for such pictures. 128 × 128 pixels in three colours are 63 times as many numbers as a garment has; `model.patch=4` folds
# them into 32 × 32 (chapter 08). For a run this short we change three things: a narrower network with one level more, 100 noise levels, and $x_0$ as what it
# predicts. Why that? A patch has 4 · 4 · 3 = 48 numbers, the narrow network 32 channels: the noise of a patch doesn't fit through. A picture does, since its numbers hang
# together. And where a network doesn't know $x_0$ yet, it gives a blur, which one can look at. About half a minute.

# %%
print(find_config("folder_128_colour").read_text(encoding="utf-8"))
brief = ["model.dim=32", "model.dim_mults=[1, 2, 2, 2]", "diffusion.predicts=start"]
brief += ["diffusion.timesteps=100", "training.steps=350", "training.batch_size=8"]
brief += ["training.lr=2e-3", "training.sample_every=0", f"data.source={folder}"]
colour_config = load_config("folder_128_colour", brief)
colour = watch(colour_config, runs / "colour", "The loss on landscapes falls.")

# %%
*_, samples = sample_steps(colour, 6, torch.Generator(place).manual_seed(0))
titles = ["sampled", *[""] * 5, "real", *[""] * 5]
rows = torch.cat([samples.cpu(), to_model_range(pictures[:6])])
title = "128 × 128 in colour: skies, suns and hills after 350 steps, still blurred"
show_images(rows, titles, title, columns=6)
sky, ground = samples[:, 2, :40].mean(), samples[:, 2, 110:].mean()
assert sky > ground + 0.4
print("the sky is above, and bluer than the ground")

# %% [markdown]
# *In the picture: above, six blurred landscapes: a sky from violet to red, or blue, a pale yellow sun, here and there smeared, dark green hills. Below, six real ones, with sharp edges.*
#
# They are blurred, and some suns have melted. `course train folder_128_colour --set data.source=FOLDER` is the longer run: the wider network of the file, 4,000 steps, about half an hour
# of one core.
#
# ## The long run
#
# What do hours buy? `configs/fashion_mnist.yaml` trains a wider network, 2.3 million parameters, that also learns the *class* of each picture (chapter 13 explains how). We
# did it on the 60,000 photographs of Fashion-MNIST. We kept its log and its averaged weights, and put aside some checkpoints on the way, to score them.
#
# The score is a *Frechet distance*: how far the samples, all together, are from real garments, as a trained classifier sees them. Chapter 11 builds it. It is never 0: real garments
# have a distance from other real garments, too. That is the *floor*, and we divide by it. Smaller is better; at 1 the two cannot be told apart. (Here 256 samples
# are scored at a time, the classes in turn, against as many real ones. `course evaluate` takes 2,048, and has another floor: `data/fashion_mnist.md`.)


# %%
def table(name: str) -> dict[str, np.ndarray]:
    """The columns of data/NAME.csv, by name."""
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


log = {name: column.astype(float) for name, column in table("fashion_mnist").items()}
hours, loss = log["seconds"] / 3600, log["loss"]
smooth = np.median(np.lib.stride_tricks.sliding_window_view(loss, 9), axis=1)

found = {
    name: column.astype(float) for name, column in table("fashion_mnist_scores").items()
}
scores = found["distance"] / found["floor"]
scored = np.interp(found["step"], log["step"], hours)  # from steps to hours
assert log["step"][0] <= found["step"][0] < found["step"][-1] <= log["step"][-1]

# %%
title = "The long run: the score falls further than the loss"
left, right = panels(
    title, ["loss", "distance / floor"], "hours of training", "", (4.2, 2.8), False
)
left.plot(hours, loss, color=COLOURS["noise"], label="each row of the log")
left.plot(hours[4:-4], smooth, color=COLOURS["learned"], label="median of nine")
left.set_yscale("log")
add_legend(left)
right.plot(scored, scores, "o-", color=COLOURS["learned"])
right.axhline(1, color=COLOURS["exact"], label="real garments")
right.set(xlim=0, ylim=(0.8, 25), yscale="log", yticks=[1, 2, 5, 10, 20])
right.yaxis.set_major_formatter("{x:g}")
right.yaxis.set_minor_locator(NullLocator())
add_legend(right)
assert loss[0] > 0.5
assert smooth[-1] < 0.09
then = np.interp(scored, hours[4:-4], smooth)
assert scores[0] / scores[-1] > then[0] / then[-1] > 1

# %% [markdown]
# *In the picture: left, a grey curve with an orange one through it falls almost at once to 0.1, and then more and more slowly; after 2.3 hours it
# takes a small step up. Right, a line from dot to dot: the score, which falls from the first dot to the last by a larger factor than the loss does, and
# rises once on the way, after the same time; below it a horizontal line at 1, where real garments are.*
#
# The step up is no accident of the dice. The run was to end there, at 7,600 steps, with a learning rate of almost nothing; then we had more time, asked for
# 14,000, and the rate rose to what it is in the middle of so long a run. First that costs something, and at the end it has paid.
#
# Most of the loss is gone after minutes, and yet it is worth going on: what is left to learn is small in the loss, and large to the eye. One sample of each class:

# %%
shipped = load_checkpoint("fashion_mnist")
title = "The long run's network: one sample of each class"
show_images(one_of_each(shipped), shipped.class_names, title, columns=10)

# %% [markdown]
# *In the picture: ten garments, white and grey on black, each of the class that stands above it.*
#
# To train it yourself, set `LONG` to `True`. On two cores that takes about two hours, on a GPU minutes; interrupt it whenever you like, and run the cell again.
#
# Was it not enough? The same command with more `training.steps` goes on in the same folder, as we did. And where there is no folder any more, only the averaged
# weights, as in the course's `data`, a new run may begin with those, at a lower rate, on the same pictures or on yours. It is called a *warm start*, and needs a config with
# the same `model` section:
#
#     course train fashion_mnist --set training.start_from=fashion_mnist --set training.lr=1e-3

# %%
LONG = False
if LONG:
    watch(load_config("fashion_mnist"), Path("runs/fashion_mnist"), "The long run's loss.")

# %% [markdown]
# ## The same minutes, two recipes
#
# Time is what you have; steps are what you make of it. The *classic* recipe has the larger network of chapter 08, a linear schedule, and a learning rate that never falls; ours is
# `fashion_mnist_cpu`. Both were trained in turns on one core, for the same time, and scored on the way
# (`python tools/curves.py equal-minutes`).

# %%
both = table("equal_minutes")
title = "At equal minutes, our recipe draws better garments than the classic one"
(axis,) = panels(title, [""], "minutes of one core", "distance / floor", (6.4, 3))
curves, drawn = {}, {}
for recipe, shade in (("classic", "black"), ("fashion_mnist_cpu", COLOURS["learned"])):
    rows = both["recipe"] == recipe
    minutes = both["core_minutes"][rows].astype(float)
    scores = both["distance"][rows].astype(float) / both["floor"][rows].astype(float)
    axis.plot(minutes, scores, "o-", color=shade, label=recipe)
    curves[recipe] = minutes, scores
    drawn[recipe] = int(both["images"][rows][-1])
axis.set(xlim=0, ylim=0)
add_legend(axis)

# %%
last = min(minutes[-1] for minutes, _ in curves.values())  # which both have reached
classic, ours = (np.interp(last, *curve) for curve in curves.values())
assert ours < classic
ratio = drawn["fashion_mnist_cpu"] / drawn["classic"]
print(f"in that time ours saw {ratio:.0f} times as many pictures")

# %% [markdown]
# *In the picture: two curves over the minutes; the orange one, of `fashion_mnist_cpu`, ends below the black one.*
#
# Two causes, and this figure cannot tell them apart: a step of ours costs less, and more is learned per picture, since the learning rate falls and the weights are averaged.
#
# ## What can go wrong
#
# | you see | likely | what to do |
# | --- | --- | --- |
# | the loss is `nan`; `train` stops with a `TrainingError` | the steps are too large | halve the learning rate; leave `grad_clip` on; look whether the pictures are in [-1, 1] |
# | the loss stays at 1 | nothing is learned: the optimizer holds other weights, `step()` is never called, or the learning rate is 0 | learn one batch by heart, as above |
# | the loss jumps, much more than here | one $t$ for the whole batch, or batches that are too small | a $t$ for each picture |
# | the loss is far below that of this notebook, the samples are noise | the same noise, the same $t$, or the same few pictures in every step | draw anew at each step |
# | the loss is fine, the samples are grey patches | a short run with a long memory of the average | sample from `model`; lower `training.ema_decay` |
# | `out of memory` | the batch, or the pictures, are too large | halve `training.batch_size`; `model.patch=2` |
# | every step takes far longer than it did | another program trains on the same cores | run one at a time |
#
# The last lines of a run's `log.csv` are the first thing to look at.
#
# ## What you now have
#
# - a training loop of your own functions, which drew garments from noise
# - `train` and `course train`, which may be killed at any moment
# - a config for every kind of picture, and a folder to put yours into
#
# Next: chapter 10 looks closely at what such a network draws, and asks whether it copies.
#
# ## Think about it
#
# 1. Both losses, of the raw and the averaged weights, agree at the end of a run whose learning rate falls. When would you still keep the average?
# 2. A run of 600 steps is over, and you want 600 more. Why is that not the same as a run of 1,200 from the start?
# 3. The checkpoint holds no random state. What would have to change in your loop before it could be killed and go on to the last bit?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), algorithm 1 and appendix B
# - Loshchilov, Hutter: SGDR, [1608.03983](https://arxiv.org/abs/1608.03983): the cosine
# - Karras and others: Analyzing and Improving the Training Dynamics of Diffusion Models, [2312.02696](https://arxiv.org/abs/2312.02696): the average,
#   its length chosen after training
