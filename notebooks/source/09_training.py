# %% [markdown]
# # 09 · Training
#
# **After this notebook you can** write the training loop of a diffusion model, watch garments appear in its samples, explain what the
# averaged weights are good for, kill a run and continue it as if nothing had happened, and train on pictures of your own.
#
# **Minutes:** 100 · **Builds on:** 05 (`p_losses`), 08 (the U-Net and its configs).
#
# Three small networks are trained here: about two minutes, twenty seconds and half a minute on one CPU core. Cells that take long say so. You can
# stop them with the ■ button: they keep what they have, and the next cells run.

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
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path

import datasets
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course_lib.drawings import training as drawings
from course_lib.forward import q_sample
from course_lib.images import class_names, load_images, to_model_range

# %%
from course_lib.pictures.live import LiveTraining
from course_lib.pictures.widgets import show_film
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import p_losses
from course_lib.runs.checkpoints import (
    denoiser,
    load_checkpoint,
    make_model,
    make_schedule,
    read_safetensors,
)
from course_lib.runs.config import ConfigError, find_config, load_config
from course_lib.runs.denoiser import Denoiser
from course_lib.runs.devices import autocast, device, keep_freed_memory
from course_lib.runs.guides import usual_guide
from course_lib.runs.loop import train
from course_lib.runs.run import TrainingError
from course_lib.runs.samplers import DEFAULT
from course_lib.runs.watching import watch
from course_lib.schedules import NoiseSchedule
from course_lib.training import batch_indices, ema_decay, epoch_order
from course_lib.types import LossType, Model, Predicts
from course_lib.unet import Unet

# %% [markdown]
# ## The pictures
#
# `load_images` gives all pictures as one tensor of whole numbers from 0 to 255. The line that it prints says which pictures you have: the
# photographs of Fashion-MNIST, or the garments that our own code draws.

# %%
images, labels = load_images()
names = class_names()
drawings.show_classes(images, labels, names)

# %% [markdown]
# Most code that you will meet loads pictures in another way: a `datasets.Dataset` from the Hugging Face hub, a transform that turns pictures into tensors
# when they are needed, and a `DataLoader` that shuffles them and makes batches. Here it is once, so that you recognise it. On the hub the
# data set is `datasets.load_dataset("zalando-datasets/fashion_mnist")["train"]`. We make one from our tensor, so that no network is needed.

# %%
columns = {
    "image": datasets.Image(),
    "label": datasets.ClassLabel(names=list(names)),
}
rows = {
    "image": [
        Image.fromarray(picture.numpy()) for picture in images[:1280, 0]
    ],
    "label": labels[:1280].tolist(),
}
dataset = datasets.Dataset.from_dict(
    rows, features=datasets.Features(columns)
)


# %%
def to_tensors(rows: dict) -> dict:
    """From PIL pictures to what a network takes: x_start (1, H, W) in [-1, 1]
    each.
    """
    pixels = [
        torch.from_numpy(np.array(picture))[None] for picture in rows["image"]
    ]
    return {
        "x_start": to_model_range(torch.stack(pixels)),
        "label": rows["label"],
    }


loader = DataLoader(
    dataset.with_transform(to_tensors), batch_size=64, shuffle=True
)
batch = next(iter(loader))
print(tuple(batch["x_start"].shape), batch["x_start"].dtype)

# %% [markdown]
# The transform works anew every time that a picture is needed: decode a PNG file, make an array, scale it. We measure what that costs. Both functions
# below make the same number of batches from the same pictures.


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


assert seconds(from_loader) > 5 * seconds(from_tensor)
print("the tensor is more than five times as fast as the loader")
print(f"all {len(images):,} pictures take {images.numel() / 1e6:.0f} MB")

# %% [markdown]
# The whole training set fits into memory. So from here on it is one tensor, on the device that trains. A loader is the better choice if the pictures do
# not fit, or if they are changed at random each time (cropped, turned, recoloured). Then give it several `num_workers`.
#
# ## One step
#
# Algorithm 1 of [2006.11239](https://arxiv.org/abs/2006.11239) in words: take clean pictures, draw a time step for each, draw noise, let the network predict
# it, compare, and move the weights a little.
#
# You begin with the time steps. Each picture of the batch gets its own.


# %% quiz="sample_timesteps"
def sample_timesteps(
    batch_size: int, timesteps: int, generator: torch.Generator
) -> Tensor:
    """A time step of its own for every image: long (batch_size,), uniform on
    0 ... timesteps-1.

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
drawings.show_batch(x_t, t)

# %% [markdown]
# Why one $t$ for each picture? One for the whole batch would be simpler.

# %%
question("one_t_for_all")

# %% quiz="one_t_for_all"
one_t_for_all = ""  # your letter, between the quotes

# %%
check(one_t_for_all, "one_t_for_all")

# %% [markdown]
# Try it with a network that is already trained, on 60 batches of 16 pictures. This takes about five seconds.

# %%
trained = load_checkpoint("fashion_mnist_cpu", "cpu")
dice = torch.Generator().manual_seed(0)
of_batches = {"own t": [], "one t for all": []}
for step in range(60):
    x = to_model_range(images[batch_indices(step, 16, len(images), seed=0)])
    own = sample_timesteps(len(x), trained.schedule.timesteps, dice)
    eps = torch.randn(x.shape, generator=dice)
    for name, times in (
        ("own t", own),
        ("one t for all", own[:1].expand(len(x))),
    ):
        with torch.no_grad():
            loss = p_losses(trained.model, x, times, eps, trained.schedule)
        of_batches[name].append(float(loss))

# %%
with after_answer("one_t_for_all"):
    drawings.show_batch_losses(of_batches)
    assert np.std(of_batches["one t for all"]) > 2 * np.std(
        of_batches["own t"]
    )
    print(
        "the standard deviation of the loss from batch to batch",
        "is more than twice as large",
    )

# %% [markdown]
# <details><summary>What that means for training</summary>
#
# The gradients jump with the loss: with one $t$ for all, each step teaches the network about a single noise level and pulls it away from the others. So each picture
# gets its own $t$.
#
# </details>
#
# Now the step itself. `p_losses(model, x_start, t, noise, schedule, loss_type, predicts)` is the loss from chapter 05. If `grad_clip` is a number, the
# norm of all gradients *together* must not exceed it, so that one bad batch cannot throw the weights far away. `torch.nn.utils` has
# a function for that.


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
    """One gradient step on a batch x_start (B, C, H, W); returns the loss, a
    detached scalar.

    The gradient's norm over all parameters of the optimizer is cut to
    `grad_clip`, unless that is None.
    """
    raise NotImplementedError


# %%
train_step = check(train_step)

# %% [markdown]
# The first test of any training code: can the network learn *one* batch by heart? The pictures, $t$ and the noise stay the same in every step. If the loss
# does not fall here, it will not fall anywhere, and you know it after seconds. But where does it start?

# %%
question("loss_at_the_start")

# %% quiz="loss_at_the_start"
loss_at_the_start = ""  # your letter, between the quotes

# %%
check(loss_at_the_start, "loss_at_the_start")

# %%
torch.manual_seed(0)
small = Unet(dim=8, dim_mults=(1, 2))
optimizer = torch.optim.AdamW(small.parameters(), lr=1e-2)
losses = [
    train_step(small, optimizer, x_start, t, noise, schedule)
    for _ in range(40)
]
losses = torch.stack(losses)

# %% tags=["fold"]
with after_answer("loss_at_the_start"):
    drawings.show_first_steps(losses)
    assert 0.8 < losses[0] < 1.2
    assert losses[-1] < 0.3 * losses[0]

# %% [markdown]
# ## How large a step?
#
# At first the weights are random, and large steps would do harm. So the learning rate *warms up*: it rises on a straight line. At the end it should be
# small, so that the weights settle: it falls along half a cosine ([1608.03983](https://arxiv.org/abs/1608.03983), equation 5). Count steps from 0, and let $w$ be the
# length of the warm-up:
#
# - before step $w$ the factor is $(\text{step} + 1) / (w + 1)$
# - from step $w$ on it is $f + (1 - f)\,(1 + \cos \pi d) / 2$, where $d$ runs from 0 at step $w$ to 1 at the last step, and $f$ is `final`
# - $w$ is `warmup_steps`, but at most a tenth of the run, rounded down: 100 steps of warm-up would ruin a run of 70 steps


# %% quiz="warmup_decay"
def warmup_decay(
    step: int, steps: int, warmup_steps: int = 100, final: float = 0.02
) -> float:
    """The factor on the learning rate at `step` (0 ... steps-1).

    Up a straight line, then down a half cosine to `final` at the last step.
    The warm-up takes at most a tenth of the run.
    """
    raise NotImplementedError


# %%
warmup_decay = check(warmup_decay)

# %%
drawings.show_rates(
    {
        f"a run of {n:,} steps": [warmup_decay(k, n) for k in range(n)]
        for n in (2000, 600)
    }
)

# %% [markdown]
# ## An average of the weights
#
# Each step pushes the weights towards what *its* batch wants. So the weights jump around a good place, and the jumps are larger if the learning rate
# is larger. An average over the last steps is calmer. You need no list of old copies for it: a second network moves a little towards the first one after
# every step ([2006.11239](https://arxiv.org/abs/2006.11239), appendix B). This is the *exponential moving average*, EMA, and it is the network that draws the samples.
#
# $$\theta_\mathrm{ema} \leftarrow d\, \theta_\mathrm{ema} + (1 - d)\, \theta$$
#
# Do it for all parameters, in place and without gradients: leave `@torch.no_grad()` where it is.


# %% quiz="ema_update"
@torch.no_grad()
def ema_update(ema: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the averaged weights, in place: ema <- decay ema + (1 - decay)
    model.
    """
    raise NotImplementedError


# %%
ema_update = check(ema_update)

# %% [markdown]
# Which decay $d$? With $d = 0.99$ the average remembers about 100 steps. At the beginning that is too long: the weights of 100 steps ago are random. So
# `ema_decay(step, steps)` begins at 0.1 and rises as $(1 + n) / (10 + n)$ with the step $n$, and the average never remembers more than a tenth of the run.
#
# To see the difference, let a single weight wander to its place at 0. Two averages follow it, with the rising and the fixed decay.

# %%
trembling = torch.randn(300, generator=torch.Generator().manual_seed(0))
path = 3 * torch.exp(-torch.arange(300) / 25) + 0.25 * trembling
model, rising, fixed = (nn.Linear(1, 1, bias=False) for _ in range(3))
for network in (rising, fixed):
    nn.init.constant_(network.weight, float(path[0]))
curves = {"rising": [], "fixed": []}
for step, place in enumerate(path):
    nn.init.constant_(model.weight, float(place))
    ema_update(rising, model, ema_decay(step, 300))
    ema_update(fixed, model, 0.99)
    curves["rising"].append(rising.weight.item())
    curves["fixed"].append(fixed.weight.item())
drawings.show_averages(path, **curves)

# %% tags=["fold"]
assert torch.tensor(curves["rising"][-100:]).std() < 0.5 * path[-100:].std()
assert curves["fixed"][100] > 2 * curves["rising"][100]

# %% [markdown]
# ## The settings are in a file
#
# How wide is the network, how many steps, which schedule? These settings are not in the code. They are in a config: a YAML file with the four sections data,
# model, diffusion and training. What the file does not say has the course's default.

# %%
print(find_config("fashion_mnist_cpu").read_text(encoding="utf-8"))
print("by default:", load_config("fashion_mnist_cpu").diffusion)

# %% [markdown]
# You change single settings by `section.key=value`, here and in the terminal (`course train fashion_mnist_cpu --set training.steps=500`). A wrong
# key or value is an error before anything starts. That is better than to learn after two hours that `training.step` had no effect.

# %%
for change in ("training.step=500", "training.lr=fast"):
    try:
        load_config("fashion_mnist_cpu", [change])
    except ConfigError as error:
        print(f"{change}\n    {error}\n")

# %% [markdown]
# ## The loop
#
# You have all parts; now write the loop that joins them. It is a generator: it yields the loss after every step. So the caller decides what to do between
# two steps: draw a curve, take samples, or stop.
#
# In each step, in this order:
#
# 1. take the next batch of clean pictures
# 2. draw $t$, then the noise, with `generator` (think of its device)
# 3. set the learning rate in every group of `optimizer.param_groups`, under the key `"lr"`
# 4. take the step, with `grad_clip`
# 5. let `ema` follow
# 6. yield the loss
#
# `ema_decay` is there. Everything else that you need you have written above.


# %% quiz="train_loop"
def train_loop(
    model: nn.Module,
    ema: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Tensor],
    steps: int,
    schedule: NoiseSchedule,
    generator: torch.Generator,
    lr: float,
    grad_clip: float | None = 1.0,
) -> Iterator[Tensor]:
    """Train `model` for `steps` steps; yields the loss of each step, a
    detached scalar, when the step is done.

    Each step takes the next batch x_start (B, C, H, W) from `batches`, which
    may hold more than are needed. It draws t, then the noise, both with
    `generator`, on the generator's device. The learning rate is `lr` times
    the factor of `warmup_decay`. `ema` follows `model`, with the decay of
    `ema_decay`.
    """
    raise NotImplementedError


# %%
train_loop = check(train_loop)

# %% [markdown]
# Now real pictures. The network is half as wide as that of `fashion_mnist_cpu` and has 100 noise levels instead of 200, so that it samples in half the time.
# `STEPS` is your budget: 400 steps take about two minutes on one core. On a slow machine take 300, and expect ragged garments. With ten
# minutes take 3,000, on a GPU 10,000.

# %%
STEPS = 400
changes = [
    "model.dim=16",
    "diffusion.timesteps=100",
    "training.batch_size=64",
]
config = load_config("fashion_mnist_cpu", [*changes, "training.lr=4e-3"])
settings = config.training
place = device()  # a GPU if there is one
keep_freed_memory()  # on Linux, CPUs train up to a third faster so

torch.manual_seed(0)
model = make_model(config, channels=1, num_classes=len(names)).to(place)
ema = deepcopy(model).requires_grad_(False).eval()
optimizer = torch.optim.AdamW(
    model.parameters(),
    settings.lr,
    settings.betas,
    weight_decay=settings.weight_decay,
)
schedule = make_schedule(config).to(place)
everything = images.to(place)  # all of it, once


# %%
class InBfloat16(nn.Module):
    """`network`, computing in bfloat16 where the processor is fast at that:
    half the bytes.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network  # its weights stay float32

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return autocast(self.network, place)(x, t)


# %% [markdown]
# Two helpers. `draw` takes samples, always from the same noise, so that you see the *same* pictures get better. `held_out` is the loss on pictures that the
# network never trains on, always with the same $t$ and noise, so that it changes only if the weights do.

# %%
sampler = Denoiser(
    autocast(ema, place),
    schedule,
    "noise",
    clip_start=True,
    image_shape=images.shape[1:],
    sampler=DEFAULT,  # few steps: chapter 12
)
unseen = to_model_range(load_images(split="test")[0][:128]).to(place)
dice = torch.Generator(place).manual_seed(1)
unseen_t = sample_timesteps(len(unseen), schedule.timesteps, dice)
unseen_noise = torch.randn(unseen.shape, generator=dice, device=place)


# %%
def draw(network: nn.Module, count: int) -> Tensor:
    """Samples (count, 1, 28, 28), always from the same noise."""
    dice = torch.Generator(place).manual_seed(0)
    return replace(sampler, model=autocast(network, place)).sample(
        count, dice
    )


@torch.no_grad()
def held_out(network: nn.Module) -> float:
    """The loss on pictures that are not trained on; same t and noise at every
    call.
    """
    fast = autocast(network, place)
    return float(p_losses(fast, unseen, unseen_t, unseen_noise, schedule))


# %% [markdown]
# `batch_indices` says which pictures make up batch number `step`: each picture comes once per *epoch*, in a new order each time. You will write it later in
# this chapter.
#
# Run your loop (about two minutes on one core) and watch the samples. We look at them often in the beginning, when they change most.

# %%
batches = (
    to_model_range(
        everything[batch_indices(step, 64, len(everything), seed=0).to(place)]
    )
    for step in range(STEPS)
)
dice = torch.Generator(place).manual_seed(0)
losses = train_loop(
    InBfloat16(model),
    ema,
    optimizer,
    batches,
    STEPS,
    schedule,
    dice,
    settings.lr,
)
assert iter(losses) is losses, (
    "train_loop has to yield each loss, not to collect them"
)

# %%
looks = {round(STEPS * (k / 14) ** 2) for k in range(2, 15)}
scores, snapshot = [], (deepcopy(model), deepcopy(ema))
with LiveTraining(
    STEPS, "The loss falls; beside it the latest samples."
) as live:
    for step, loss in enumerate(losses, 1):
        live.update(step, loss, draw(ema, 16) if step in looks else None)
        if step % max(STEPS // 25, 1) == 0:
            scores.append((step, held_out(model), held_out(ema)))
        if step == STEPS // 3:
            snapshot = deepcopy(model), deepcopy(ema)

# %% [markdown]
# You have kept all looks, so here is the film of your own network. If you want to send it to a friend: hold Shift, click on it with the right mouse button, and save it.

# %%
show_film(
    live.frames(),
    "While the loss falls, sixteen samples turn from grey patches "
    "into outlines and then into garments.",
)

# %% [markdown]
# And here are more samples of it, beside real pictures:

# %%
drawings.show_yours(draw(ema, 20).cpu(), to_model_range(images[:10]))
loss = held_out(ema)
print(
    "loss on unseen pictures:",
    "below 0.2" if loss < 0.2 else f"{loss:.2f}: train longer",
)

# %% [markdown]
# Each of these samples is made of noise and of your own code. What do they lack? Straps, laces, clean edges: such details come with more steps. The course's own
# networks took ten minutes and three and a half hours. You meet the second one below.
#
# ## With and without the average
#
# Your loop trained `model`, and `ema` followed. Was the average worth it?

# %%
question("ema_or_not")

# %% quiz="ema_or_not"
ema_or_not = ""  # your letter, between the quotes

# %%
check(ema_or_not, "ema_or_not")

# %% tags=["fold"]
with after_answer("ema_or_not"):
    drawings.show_two_losses(scores)
    if (
        STEPS == 400 and not live.stopped
    ):  # of other runs, judge by the picture
        ratio = torch.tensor([raw / averaged for _, raw, averaged in scores])
        assert ratio[0] < 1.0
        assert ratio[len(ratio) // 4 : len(ratio) // 2].mean() > 1.01
        assert 0.97 < ratio[-1] < 1.03
        print(
            "first the average is behind, then it is ahead,",
            "at the end both are alike",
        )

# %% [markdown]
# What can the eye see of it? Below are samples of both, from the same noise, a third through the run and at the end. This takes about ten seconds.

# %%
pairs = torch.cat(
    [draw(network, 8) for network in (*snapshot, model, ema)]
).cpu()
with after_answer("ema_or_not"):
    drawings.show_raw_and_averaged(pairs)

# %% tags=["fold"]
apart = (
    pairs.unflatten(0, (2, 2, 8)).diff(dim=1).square().mean(dim=(1, 3, 4, 5))
)
assert (
    STEPS != 400
    or live.stopped
    or apart[0].median() > 1.5 * apart[1].median()
)

# %% [markdown]
# <details><summary>Was it worth it?</summary>
#
# At the very end of a run whose learning rate falls, hardly. But a run at a constant learning rate needs it badly, and so do you if you want to stop, or to look, at any moment. The price is a second copy
# of the weights.
#
# </details>
#
# ## Kill it, and continue
#
# Long runs die: a laptop falls asleep, a kernel is restarted, a cloud takes its machine back. What has to be on the disk so that the run continues *as if nothing
# had happened*?

# %%
question("where_does_resume_continue")

# %% quiz="where_does_resume_continue"
where_does_resume_continue = ""  # your letter, between the quotes

# %%
check(where_does_resume_continue, "where_does_resume_continue")

# %% [markdown]
# `train(config, folder)` is the library's loop, with the same steps as yours. It keeps a run in a folder:
#
# - `checkpoint.safetensors`, written whole or not at all
# - `config.yaml` and `log.csv`, with the curve of the loss
# - now and then a picture of samples
#
# We test it. A tiny run starts in another process, as if you had started it in a terminal. When its first checkpoint is there, we kill it so that it can save
# nothing any more. This and the next two cells take about twenty seconds.

# %%
runs = Path(
    "runs/chapter_09"
)  # beside this notebook; emptied when this cell runs again
shutil.rmtree(runs, ignore_errors=True)
tiny = [
    *("data.source=garments", "model.dim=8", "model.dim_mults=[1, 2]"),
    *(
        "training.steps=60",
        "training.batch_size=8",
        "training.checkpoint_every=10",
    ),
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
    assert process.poll() is None, (
        "it ended too early; run the command in a terminal"
    )
    time.sleep(0.01)
process.kill()  # SIGKILL: nothing can be saved any more
process.wait()
before = read_safetensors(checkpoint)[1]
assert 10 <= before["step"] < 60
print("killed; a checkpoint from the middle of the run is there")

# %% [markdown]
# Now the *same command* again. It finds the checkpoint and continues from it. How do we know that it did not start over? The checkpoint also holds the log, with the
# seconds that the first steps took. Seconds are never the same twice, and these are still those of the killed process.

# %%
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
after = read_safetensors(checkpoint)[1]
assert after["log"][: len(before["log"])] == before["log"]
assert after["step"] == 60
print("it continued, and is at step 60")

# %% [markdown]
# Is it the same run that it would have been? We compare it with one that was never interrupted.

# %%
for _ in train(load_config("garments_smoke", tiny), runs / "whole"):
    pass
broken, _ = read_safetensors(checkpoint)
whole, _ = read_safetensors(runs / "whole" / "checkpoint.safetensors")
assert broken.keys() == whole.keys()
assert all(torch.equal(broken[name], whole[name]) for name in whole)
with after_answer("where_does_resume_continue"):
    print(f"all {len(whole)} tensors are equal, to the last bit")
    print(
        "parts:",
        ", ".join(sorted({name.partition(".")[0] for name in whole})),
    )

# %% [markdown]
# This holds on a CPU with the same number of threads. (A GPU may add numbers in another order, so that the last digits differ.)
#
# <details><summary>How does the continued run know which pictures come next?</summary>
#
# A generator that shuffled them would have died with the process. So their order follows from two numbers, the seed and the number of the epoch. It can be asked for again at any time.
#
# </details>
#
# Now write what chooses the pictures. `epoch_order(epoch, count, seed)` gives their order in an epoch. Write the orders of the epochs 0, 1, 2, ... one after the other, and cut this long list into batches. Batch `step` begins at the place `step * batch_size`. Most batches lie inside of one
# epoch, some lie across its end.


# %% quiz="batch_indices"
def batch_indices(
    step: int, batch_size: int, count: int, seed: int
) -> Tensor:
    """Which of `count` images make up batch `step`, long (batch_size,).

    The orders of the epochs 0, 1, 2, ..., one after the other, are cut into
    batches. So each image comes once per epoch, and a batch may lie across
    the end of an epoch, or of several.
    """
    raise NotImplementedError


# %%
batch_indices = check(batch_indices)

# %% [markdown]
# What if the settings in the folder are those of another run? Another learning rate, for example:

# %%
try:
    next(
        train(
            load_config("garments_smoke", [*tiny, "training.lr=0.1"]),
            runs / "killed",
        )
    )
except TrainingError as error:
    print(error)

# %% [markdown]
# Now do it to a run of your own: the ten-minute network of the course. Set `MINE` to `True` in the next cell and run it; `watch` trains in a folder and shows the curve. In the middle
# of the training choose *Kernel → Restart Kernel*. Then run the imports at the top and this cell again, and nothing else. The run continues at its last
# checkpoint, and shows the curve that it had before. You can also stop it with the ■ button and run the cell again.

# %%
MINE = False
if MINE:
    watch(
        load_config("fashion_mnist_cpu"),
        Path("runs/mine"),
        "The loss of my run.",
    )

# %% [markdown]
# `course train fashion_mnist_cpu --out notebooks/runs/mine` in a terminal continues the run of this cell, if you like that better. Pictures of samples
# appear in `runs/mine`, beside this notebook.
#
# ## Other pictures: textures
#
# Nothing in the loop knows about garments. The course can also draw ten kinds of texture, 28 × 28. They are harder. A garment has its place and its outline; a texture
# may begin anywhere, and a stripe has to stay straight from edge to edge.
#
# You see two runs. You make a short one of a small network now (about twenty seconds). The longer one has 2,800 steps and a wider network, and comes with the
# course (`course train textures`). Both networks are told the class of each picture (`class_conditional`), and both predict $v$ (chapter 06): where almost all is noise, a small
# error in predicted noise is a large error in brightness, and short runs would leave many textures nearly black or white.

# %%
brief = ["model.dim=16", "training.steps=100", "training.sample_every=0"]
short = load_config("textures", brief)
textures = watch(short, runs / "textures", "The loss on textures falls.")

# %%
pictures, kinds = load_images("textures")
real = torch.stack(
    [to_model_range(pictures[kinds == kind][0]) for kind in range(10)]
)
rows = []
for checkpoint in (textures, load_checkpoint("textures")):
    dice = torch.Generator(place).manual_seed(0)
    knows = denoiser(
        checkpoint, labels=torch.arange(10, device=place)
    )  # one of each class
    rows.append(knows.sample(10, dice).cpu())
drawings.show_textures(*rows, real, textures.class_names)

# %% [markdown]
# Coarseness and contrast are learned first, order comes later, and the order of the whole picture comes last. Rings around one centre would need a longer run.
#
# ## Your own pictures, in colour, 128 × 128
#
# Any folder of pictures will do, of any size: `load_images` cuts out the middle square and scales it. We make a folder for this purpose, with 300 landscapes:
# a sun over two hills. Put your own in its place, some hundred pictures of *one* kind of thing.

# %%
folder = runs / "my_pictures"
drawings.save_landscapes(folder, count=300)
pictures, _ = load_images(folder)
print(find_config("folder_128_colour").read_text(encoding="utf-8"))

# %% [markdown]
# 128 × 128 pixels in three colours are 63 times as many numbers as in a garment. `model.patch=4` folds them into 32 × 32 patches (chapter 08).
#
# For a run this short we change three things: a narrower network with one level more, 100 noise levels, and $x_0$ as what the network predicts. Why $x_0$? A patch has
# 4 · 4 · 3 = 48 numbers, but the narrow network has 32 channels. The 48 independent numbers of a noise patch do not fit through them. A patch of a picture does, since its pixels
# resemble each other. This run takes about half a minute.

# %%
brief = [
    "model.dim=32",
    "model.dim_mults=[1, 2, 2, 2]",
    "diffusion.predicts=start",
]
brief += [
    "diffusion.timesteps=100",
    "training.steps=350",
    "training.batch_size=8",
]
brief += [
    "training.lr=2e-3",
    "training.sample_every=0",
    f"data.source={folder}",
]
colour_config = load_config("folder_128_colour", brief)
colour = watch(
    colour_config, runs / "colour", "The loss on landscapes falls."
)

# %%
samples = (
    denoiser(colour).sample(5, torch.Generator(place).manual_seed(0)).cpu()
)
drawings.show_landscapes(samples, to_model_range(pictures[:5]))
sky, ground = samples[:, 2, :40].mean(), samples[:, 2, 110:].mean()
print(
    "the sky is above, and bluer than the ground:", bool(sky > ground + 0.4)
)

# %% [markdown]
# They are blurred, and some suns have melted. `course train folder_128_colour --set data.source=FOLDER` is the longer run: a wider network, 4,000 steps, about half an
# hour on one core.
#
# ## The long run
#
# What do hours buy? `configs/fashion_mnist.yaml` trains a wider network, with 2.3 million parameters, that also learns the *class* of each picture (chapter 13). We
# trained it once on the 60,000 photographs of Fashion-MNIST, kept its log, and scored checkpoints on the way.
#
# The score is a *Fréchet distance*: how far samples, all together, are from real garments, as a trained classifier sees them (chapter 11). It is never 0, because
# real garments also have a distance from other real garments of the same number. That distance is the *floor*, and we divide by it. Smaller is better, and at 1 samples and real
# garments cannot be told apart by this score. (It takes 256 samples at a time here. `course evaluate` takes 2,048 and has another floor.)

# %%
question("small_in_the_loss")

# %% quiz="small_in_the_loss"
small_in_the_loss = ""  # your letter, between the quotes

# %%
check(small_in_the_loss, "small_in_the_loss")

# %%
run = drawings.long_run()
with after_answer("small_in_the_loss"):
    drawings.show_long_run(run)

# %% tags=["fold"]
then = np.interp(run.scored, run.hours[4:-4], run.smooth)
assert 1.2 < then[0] / then[-1] < 1.5
assert run.scores[0] / run.scores[-1] > 10

# %% [markdown]
# <details><summary>Why does the loss step up after 2.3 hours?</summary>
#
# The run was to end there, after 7,600 steps, with a learning rate of almost nothing. Then we had more time and asked for 14,000 steps, so the learning rate rose to what
# it is in the middle of such a run. First that costs something, and by the end it has paid.
#
# </details>
#
# This is what the long run's network draws, with the course's fast sampler (chapter 12). We did not choose the samples: seed 0, the first 64, of any class. It
# takes a few seconds on one core.

# %%
shipped = load_checkpoint("fashion_mnist")
ready = denoiser(shipped, guide=usual_guide("fashion_mnist"))
samples = ready.sample(64, torch.Generator(place).manual_seed(0)).cpu()
drawings.show_64(samples)

# %% [markdown]
# To train it yourself, set `LONG` to `True`. On two cores that takes between two and four hours, on a GPU minutes. Stop it whenever you like, and run the cell again to continue.
#
# If it was not enough, the same command with more `training.steps` continues in the same folder. If you only have averaged weights, like those in the
# course's `data`, a new run can begin with them, at a lower rate, on the same pictures or on yours. This is called a *warm start*. It needs a config with the same `model` section:
#
#     course train fashion_mnist --set training.start_from=fashion_mnist --set training.lr=1e-3

# %%
LONG = False
if LONG:
    watch(
        load_config("fashion_mnist"),
        Path("runs/fashion_mnist"),
        "The long run's loss.",
    )

# %% [markdown]
# ## The same minutes, two recipes
#
# Your time is limited, so what counts is what a recipe makes of a minute. The *classic* recipe has the larger network of chapter 08, a linear schedule and a learning rate
# that never falls. Ours is `fashion_mnist_cpu`. Both were trained once, in turns, on one core for six minutes (`python tools/curves.py equal-minutes`).

# %%
question("same_minutes")

# %% quiz="same_minutes"
same_minutes = ""  # your letter, between the quotes

# %%
check(same_minutes, "same_minutes")

# %%
with after_answer("same_minutes"):
    last = drawings.show_equal_minutes()
    assert last["fashion_mnist_cpu"] < last["classic"] / 3

# %% [markdown]
# ## What can go wrong
#
# <details><summary>Symptoms, their likely causes, and what to do</summary>
#
# | you see | likely cause | what to do |
# | --- | --- | --- |
# | the loss is `nan`; `train` stops with a `TrainingError` | the steps are too large | halve the learning rate; leave `grad_clip` on; check that the pictures are in [-1, 1] |
# | the loss stays at 1 | nothing is learned: the optimizer holds other weights, `step()` is never called, or the learning rate is 0 | learn one batch by heart, as above |
# | the loss jumps much more than here | one $t$ for the whole batch, or batches that are too small | draw a $t$ for each picture |
# | the loss is far below that of this notebook, but the samples are noise | the same noise, $t$, or few pictures in every step | draw anew in each step |
# | the loss is fine, but the samples are grey patches | a short run with a long memory of the average | sample from `model`; lower `training.ema_decay` |
# | `out of memory` | the batch or the pictures are too large | halve `training.batch_size`; `model.patch=2` |
# | every step takes far longer than before | another program uses the same cores | run one at a time |
#
# Look first at the last lines of a run's `log.csv`.
#
# </details>
#
# ## What you now have
#
# - a training loop that you wrote, and a film of what it learned
# - `train` and `course train`, which can be killed at any moment and continue
# - a config for every kind of picture, and a folder for your own
#
# Next: chapter 10 looks closely at what such a network draws, and asks whether it copies.
#
# ## Think about it
#
# 1. The average costs a second copy of the weights. For which runs is it worth that, and for which is it not?
# 2. A run of 600 steps is over, and you want 600 more. Why is that not the same as a run of 1,200 steps from the start?
# 3. `train_loop` draws $t$ and the noise with one generator. What would you change so that it can be killed and continue to the last bit?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239), algorithm 1 and appendix B
# - Loshchilov, Hutter: SGDR, [1608.03983](https://arxiv.org/abs/1608.03983): the cosine
# - Karras and others: Analyzing and Improving the Training Dynamics of Diffusion Models, [2312.02696](https://arxiv.org/abs/2312.02696): the average,
#   its length chosen after training
