# %% [markdown]
# # 10 · Sampling
#
# **After this notebook you can** draw garments from noise and keep every step of it, make a grid and a film of them, check that a network
# does not copy its training images, and tell from a bad sample which line of the sampler is wrong.
#
# **Minutes:** 70 · **Builds on:** 05 (the sampler), 08 (the U-Net). Nothing is trained here: the course's own network lies ready. The longest
# cell takes 10 to 20 seconds on one core.

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
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional

from course_lib.forward import extract, q_sample
from course_lib.images import class_names, load_images, to_model_range
from course_lib.judges.classifier import accuracy, load_classifier
from course_lib.pictures.plots import COLOURS, add_legend, draw_grid, panels
from course_lib.pictures.widgets import show_gif
from course_lib.quizzes import check, question
from course_lib.reverse import (
    p_mean,
    p_sample_loop,
    p_sample_steps,
    predict_start_from_noise,
)

# %%
from course_lib.runs.checkpoints import denoiser, load_checkpoint
from course_lib.sampling import nearest_images
from course_lib.schedules import NoiseSchedule

# %% [markdown]
# ## One run, and nothing of it lost
#
# You wrote the sampler in chapter 05: start from noise, ask the network 200 times, take a small step each time
# ([2006.11239](https://arxiv.org/abs/2006.11239), algorithm 2). It was made for points in the plane. For pictures not a line of it changes:
# only the shape is another, and the model is a U-Net.
#
# `p_sample_steps` is that loop as a generator. It yields $x_T$ and then every state down to $x_0$, and whoever calls it keeps what they
# like. We also want to know what the network *thinks* on the way. A model is any callable, so put a listener around it: it passes the noise
# on, and writes down which clean picture that noise amounts to.
#
# Twenty garments, two of each class: the shipped network was told the labels in its training (and sometimes not, so it can draw without
# them as well). This takes 10 to 20 seconds, and half of the chapter lives on it.

# %%
trained = load_checkpoint("fashion_mnist")
labels = torch.arange(20) % 10  # two of each class
network = denoiser(trained, labels.to(trained.schedule.device))
guesses = []


def listener(x: Tensor, t: Tensor) -> Tensor:
    noise = network(x, t)
    guess = predict_start_from_noise(x, t, noise, trained.schedule)
    guesses.append(guess.clamp(-1, 1).cpu())
    return noise


shape = (len(labels), *trained.image_shape)
seed = torch.Generator().manual_seed(0)
way = p_sample_steps(listener, shape, trained.schedule, seed, clip_start=True)
states = [state.cpu() for state in way]
print(len(states), "states,", len(guesses), "guesses, each", tuple(states[-1].shape))

# %% [markdown]
# ## From numbers to grey levels
#
# The states are floats, around 0, and noise reaches to 4 and beyond. A screen wants whole numbers from 0 to 255. In chapter 00 you wrote the way
# in, `to_model_range`; now the way out. Three things can go wrong, and each leaves traces in the picture: the range, what lies outside it,
# and what lies between two whole numbers.


# %% quiz="to_uint8"
def to_uint8(x: Tensor) -> Tensor:
    """float in [-1, 1], any shape, to uint8 0 ... 255: the way back from `to_model_range`.

    What lies outside is clamped to the range first; each value becomes the nearest
    whole number.
    """
    raise NotImplementedError


# %%
to_uint8 = check(to_uint8)

# %% [markdown]
# Whoever goes there and back must arrive where they started, for each of the 256 grey levels:

# %%
grey = torch.arange(256, dtype=torch.uint8)
assert torch.equal(to_uint8(to_model_range(grey)), grey)
assert to_uint8(torch.tensor([-7.0, 7.0])).tolist() == [0, 255]
print("all 256 grey levels come back")

# %% [markdown]
# ## A grid
#
# Twenty tensors of 28 × 28 are no picture yet. A grid lays them out, row by row, with a line of mid grey (128) between them, so that a dark
# garment on black still has an edge. You will use yours for every picture that follows. `rearrange` and `np` are there, if you want them.


# %% quiz="image_grid"
def image_grid(
    images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1
) -> np.ndarray:
    """Lay out images (N, C, H, W), uint8 or float in [-1, 1], as one picture: a NumPy array of uint8.

    The images come row by row, from left to right; grey ones give (height, width), coloured ones
    (height, width, 3).

    columns   images in a row; by default the smallest number with columns² >= N. The last row
              may have empty places.
    gap       so many pixels lie between neighbours, none at the outer edge. They and the empty
              places are grey, 128.
    scale     at last each pixel of the picture, gaps included, becomes a square of scale x scale
              pixels.
    """
    raise NotImplementedError


# %%
image_grid = check(image_grid)

# %%
names = class_names("garments")  # the same ten as Fashion-MNIST's
title = "Two garments of each class, drawn on request"
(axis,) = panels(title, [""], "", "", (9.5, 2.4))
draw_grid(axis, image_grid(states[-1], columns=10), columns=names)
eyes, _ = load_classifier(device="cpu")
assert accuracy(eyes, to_uint8(states[-1]), labels) >= 0.7
print("a classifier agrees with the label of at least 14 of the 20")

# %% [markdown]
# *In the picture: two rows of ten garments, white and grey on black, a class to each column: T-shirt, trousers, pullover, dress, coat, sandal,
# shirt, sneaker, bag, ankle boot.*
#
# The classifier is a second network that has learned to name Fashion-MNIST's classes. It is a weak judge, and a quick one; chapter 11 makes
# a proper score of what it sees.
#
# ## The film
#
# All 201 states as a film would be too many: noise hardly compresses, and in the first third the eye sees little happen. So pick some, closer together
# towards the end. And pick them while they pass by. Here the whole run is small, but 64 colour pictures of 128 × 128 have 2.5 GB of states, of which
# a film needs a tenth.


# %% quiz="denoising_frames"
def denoising_frames(
    states: Iterable[Tensor], total: int, count: int = 22
) -> Iterator[Tensor]:
    """Pick about `count` of the `total` states that a sampler yields, in their order, and never
    keep the others.

    Frame j, counted back from the last one (j = 0, 1, ..., count - 1), is the state with the
    index (total - 1) · (1 - (j / (count - 1))^1.5), rounded. So the last state and the first are
    there, and the frames lie closer together towards the end, since the eye sees little happen in
    the noise. An index that comes up twice gives one frame. count = 1 gives the last state alone;
    if total <= count, every state is a frame.
    """
    raise NotImplementedError


# %%
denoising_frames = check(denoising_frames)

# %%
film = denoising_frames(states, total=len(states), count=14)
show_gif(
    [image_grid(frame, columns=10, scale=2) for frame in film],
    "Twenty squares of noise turn into twenty garments, two of each class.",
)

# %% [markdown]
# *In the picture: twenty squares of noise. After a quarter of the film outlines show through the grain; from then on the grain fades, last of all from
# the dark garments and the ground.*
#
# ## What the network thinks on the way
#
# The film shows the states. They are noisy until the end because the sampler *keeps* them noisy: each step takes noise away and adds a little
# less. The guesses tell more. Below, ten of the garments: above the state, under it the clean picture that the network believes to be behind
# that very state.
#
# **Predict:** in which order will silhouette, shade and print settle? At about which $t$ can you name the garment from the guess, and at which
# from the state?

# %%
pairs = (
    torch.cat([state[:10], guess[:10]])
    for state, guess in zip(states[:-1], guesses, strict=True)
)
film = denoising_frames(pairs, total=len(guesses), count=14)
show_gif(
    [image_grid(frame, columns=10, scale=2) for frame in film],
    "Above, noise turns into garments late. Below, the guesses are garments early on.",
)

# %% [markdown]
# *In the picture: above, ten states, grainy almost to the end. Below, ten guesses: black and white blotches in the first frame, then soft
# grey silhouettes, then the same garments with more and more detail inside.*
#
# Seven moments of it, to look at in peace:

# %%
moments = (199, 180, 160, 130, 90, 40, 0)
before = torch.cat([states[199 - t][:5] for t in moments])  # states[0] is x_T
thought = torch.cat([guesses[199 - t][:5] for t in moments])
title = "The silhouette stands early; what is printed on it comes late"
left, right = panels(
    title, ["the state x_t", "the guess of x_0"], "", "", (3.4, 4.8), False
)
draw_grid(left, image_grid(before, columns=5), rows=[f"t = {t}" for t in moments])
draw_grid(right, image_grid(thought, columns=5))

# %% [markdown]
# *In the picture: two grids of seven rows by five garments. On the left, noise down to t = 130, where outlines begin to show. On the right, blotches
# at t = 199, soft shapes at t = 180, garments from t = 160 on; below that mostly the inside changes.*
#
# Can this be measured? Cut each picture in two: the coarse part, means over 4 × 4 pixels, and what is left, the detail. How much of each is
# still missing in the guess, compared with the finished sample? Let 1 be what you would miss by always showing the average of the twenty.


# %%
def halves(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """The coarse part, means over 4 x 4 pixels, and the detail that is left."""
    coarse = functional.avg_pool2d(pictures, 4)
    return coarse, pictures - functional.interpolate(coarse, scale_factor=4)


missing = {}
for half, name in enumerate(("coarse", "detail")):
    final = halves(states[-1])[half]
    errors = [(halves(guess)[half] - final).square().mean() for guess in guesses]
    missing[name] = torch.stack(errors).flip(0) / final.var(0, correction=0).mean()

# %%
settled = {name: int((curve > 0.1).nonzero().min()) for name, curve in missing.items()}
title = "From right to left: first the coarse part settles, much later the detail"
(axis,) = panels(title, [""], "step t", "still missing", (6.4, 3))
for (name, curve), style in zip(missing.items(), ("-", "--"), strict=True):
    axis.plot(curve, style, color=COLOURS["learned"], linewidth=2, label=name)
axis.axhline(0.1, color=COLOURS["noise"], linewidth=1)
axis.set_ylim(0, 1.2)
add_legend(axis)
assert settled["coarse"] > settled["detail"] + 30
print("the coarse part falls below 0.1 at least 30 steps earlier than the detail")

# %% [markdown]
# *In the picture: two curves that rise from left to right. The one of the coarse part stays near 0 until about t = 100 and shoots up behind
# t = 170; the dashed one of the detail lies above it, climbs steadily from t = 0 on and leaves the picture a little earlier. A grey line marks 0.1.*
#
# The guess is an average of all clean pictures that may be behind $x_t$ (chapter 05). What differs between them is blurred away. So a sharp
# part of a guess is a part that has been decided: silhouette and shade in the first half of the way, what is printed on it in the second. Two
# things follow. Whoever wants to *steer* a sampler towards another kind of garment has to do it early (chapter 13, planned), and whoever wants
# to keep a silhouette and change its surface starts in the middle (chapter 14, planned).
#
# In the very first frames the guess is worse than no guess. At $t = 199$ the state is noise only, $\sqrt{\bar\alpha_t}$ is $0.0002$, and
# to get $x_0$ the smallest error in the noise is divided by it. `clip_start=True` keeps these guesses in $[-1, 1]$. Remember it for later.
#
# ## The best denoiser there is
#
# The network learned to guess $x_0$ from $x_t$, with the training set as its only teacher. For once we know the best possible pupil. If $x_0$ is
# one of the $N$ images $x_1, \dots, x_N$ of the training set, all as likely, the best guess is their mean, each weighted by how well it
# explains $x_t$ ([2206.00364](https://arxiv.org/abs/2206.00364), appendix B.3):
#
# $$\mathbb E[x_0 \mid x_t] = \sum_i w_i\, x_i, \qquad w_i \propto
# \exp\Big(-\frac{\lVert x_t - \sqrt{\bar\alpha_t}\, x_i \rVert^2}{2\,(1 - \bar\alpha_t)}\Big), \qquad \sum_i w_i = 1$$
#
# The squared distance is a sum over all pixels. No denoiser has a smaller loss on the training set. So what will a sampler draw that uses it in
# place of the network? It still starts from noise that nobody has seen before.

# %%
question("what_the_optimum_draws")

# %% quiz="what_the_optimum_draws"
what_the_optimum_draws = ""  # your letter, between the quotes

# %%
check(what_the_optimum_draws, "what_the_optimum_draws")

# %% [markdown]
# Now write it. Two warnings. Where there is little noise the exponents are in the thousands, and their exponential is 0 for every image: leave it and
# the division by the sum to `softmax`. And a difference for each pair of $x_t$ and $x_i$ takes $B \cdot N \cdot 784$ numbers: right, but below it costs
# you half a minute and a gigabyte. Multiply the square out first, and most of it is one product of matrices. `torch.cdist` is another way.


# %% quiz="optimal_denoiser_of_dataset"
def optimal_denoiser_of_dataset(
    x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """E[x_0 | x_t] if x_0 is one of the N images of the dataset, all equally likely: the best
    guess there is.

    x_t       (B, ...), each row noised to its own t (B,)
    dataset   (N, ...), images of the same shape as one row of x_t

    It is a weighted mean of the images x_i, with the weights
    softmax_i(-|x_t - sqrt(alpha-bar_t) x_i|² / (2 (1 - alpha-bar_t))), where |.|² sums over all
    pixels and channels. The result, in the shape of x_t, is what a model that predicts the
    "start" should say.
    """
    raise NotImplementedError


# %%
optimal_denoiser_of_dataset = check(optimal_denoiser_of_dataset)

# %% [markdown]
# ## It memorises, the network does not
#
# To compare, network and training set have to belong together. The shipped network learned from Fashion-MNIST, whose images are not ours to give
# away. So we take the garments that our own code draws, 10,000 of them, and the small network of chapter 08 that learned from them.
#
# If you have Fashion-MNIST, come back here later, write `data, name = "zalando-datasets/fashion_mnist", "fashion_mnist"` in the next cell, and run
# the cells from there to "Reading faults off samples" again (two minutes). The optimum is then that of the first 10,000 images. The faults after it
# are made with the small network: put the line back before you run those.

# %%
data, name = "garments", "skips_all"
small = load_checkpoint(name, device="cpu")
schedule, net = small.schedule, denoiser(small)
training, unseen = (
    to_model_range(load_images(data, split)[0]) for split in ("train", "test")
)
optimum = partial(optimal_denoiser_of_dataset, dataset=training[:10_000], schedule=schedule)

# %% [markdown]
# Both go through the same sampler; the optimum says $x_0$ rather than the noise, so `predicts="start"`. It looks at 10,000 images for every
# sample at every step. But it was never trained, so it is at home in any schedule: 50 steps will do, where the network needs the 200 it knows.

# %%
one, other = (torch.Generator().manual_seed(0) for _ in range(2))
short = NoiseSchedule.from_name("cosine", 50)
exact = partial(optimal_denoiser_of_dataset, dataset=training[:10_000], schedule=short)
shape = small.image_shape
drawn = {
    "the exact optimum": p_sample_loop(exact, (5, *shape), short, one, predicts="start"),
    "the network": p_sample_loop(net, (16, *shape), schedule, other, clip_start=True),
}

# %% [markdown]
# Five of each, and beside each sample the three training images that are nearest to it. Distance is the root of the mean squared difference of the pixels, which go
# from -1 to 1.

# %%
title = "One gives training images back, the other something of its own"
axes = panels(title, list(drawn), "", "", (3.6, 4.4), shared=False)
found = {}
for axis, (who, samples) in zip(axes, drawn.items(), strict=True):
    index, found[who] = nearest_images(samples, training, count=3)
    rows = torch.cat([samples[:5, None], training[index[:5]]], dim=1).flatten(0, 1)
    distances = [f"{d:.3f}" for d in found[who][:5, 0]]
    draw_grid(axis, image_grid(rows, columns=4), ["sample", "1st", "2nd", "3rd"], distances)
assert found["the exact optimum"][:, 0].max() < 0.01
assert found["the network"][:, 0].min() > 0.03
print("the optimum's distances are below 0.01, the network's above 0.03")

# %% [markdown]
# *In the picture: two grids of five rows by four columns: a sample and its three nearest training images, the nearest one's distance in front. On the left
# the first two columns are the same. On the right all four differ: alike in kind and shape, with other texture.*
#
# The optimum's samples *are* training images. At large $t$ its guess is a mean over thousands of images; as the noise falls,
# one weight after the other dies out, until one image has them all. Which one is decided by the noise.
#
# Is the network's distance large? A number alone does not tell. What we need is a yardstick: how far from the training set are real images that
# are *not* in it? The split "test" has those.

# %%
found["new images"] = nearest_images(unseen[:300], training)[1]
yardstick = found["new images"][:, 0].median()
title = "The network's samples are about as far from the training set as new images"
axes = panels(title, list(found), "distance", "share of the images")
bins = np.linspace(0, float(yardstick) * 2.5, 13)
look = zip(axes, found.values(), ("exact", "learned", "data"), strict=True)
for axis, distance, colour in look:
    weights = np.full(len(distance), 1 / len(distance))
    axis.hist(distance[:, 0].numpy(), bins, weights=weights, color=COLOURS[colour])
middle = found["the network"][:, 0].median()
assert 0.6 * yardstick < middle < 1.4 * yardstick
print("median of the network's distances within 40 % of that of new real images")

# %% [markdown]
# *In the picture: three histograms over the distance to the nearest training image. The optimum's is a single bar at 0. That of 300 new images is a
# broad hill around 0.2. The network's lies at about the same place, and is ragged: 16 samples are few.*
#
# That is what you should look at before you say that a model "does not copy". Two cautions. Distance between pixels is a coarse measure: a copy moved
# by one pixel counts as far away. And smooth samples lie nearer to everything, so a distance *below* the yardstick need not be a copy; look at
# the pairs.
#
# ## Better by being wrong
#
# On the training set the optimum cannot be beaten. So whatever the network does better, it does by being wrong there. Where does it differ?
# Noise some images, let both guess, and measure the error of the guess: once on images of the training set, once on new ones.

# %%
steps = [0, 5, 15, 30, 50, 70, 90, 110, 130, 150, 170, 185]
errors = {}
for kind, clean in (("training images", training[:8]), ("new images", unseen[:8])):
    rows = []
    for step in steps:
        t = torch.full((len(clean),), step)
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(step))
        x_t = q_sample(clean, t, noise, schedule)
        with torch.no_grad():
            guess = predict_start_from_noise(x_t, t, net(x_t, t), schedule).clamp(-1, 1)
        both = (optimum(x_t, t), guess)
        rows.append(torch.stack([(x_0 - clean).square().mean() for x_0 in both]))
    errors[kind] = torch.stack(rows)  # (steps, optimum and network)

# %%
title = "The optimum knows the training images by heart, and nothing else"
axes = panels(title, list(errors), "step t", "squared error of the guess", (3.8, 3))
for axis, error in zip(axes, errors.values(), strict=True):
    axis.plot(steps, error[:, 0].clamp(min=1e-5), color=COLOURS["exact"], label="exact")
    axis.plot(steps, error[:, 1], "--", color=COLOURS["learned"], label="learned")
    axis.set(yscale="log", ylim=(5e-6, 1))
add_legend(axes[1])
known, new = errors.values()
assert (known[:5, 0] < 0.1 * known[:5, 1]).all()
assert (new[:5, 1] < 0.5 * new[:5, 0]).all()
assert (new[:5, 1] < 2 * known[:5, 1]).all()

# %% [markdown]
# *In the picture: on training images the optimum's error is 0 (drawn as 0.00001) up to about t = 70 and then climbs, always below the
# network's. On new images the optimum's error is a flat line up to t = 150: even with hardly any noise it is as wrong as there. The
# network's curve is nearly the same in both panels and falls with the noise.*
#
# The network's curve is the one to want: it does as well on images that it has never seen. The optimum is overfitting in its pure
# form. With little noise it snaps to the nearest image that it knows, and it knows 10,000. (In dense noise, at the right end, it is the better one
# for new images, too: there it answers with a mean over many images, and many images together know what garments look like.)
# Below you see it snap, at $t = 75$: first row clean, second noised, then the guesses.

# %%
clean, t = unseen[:8], torch.full((8,), 75)
noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
x_t = q_sample(clean, t, noise, schedule)
with torch.no_grad():
    guess = predict_start_from_noise(x_t, t, net(x_t, t), schedule)
snapped = optimum(x_t, t)
assert nearest_images(snapped, training)[1].median() < 0.02
assert (guess - clean).square().mean() < 0.8 * (snapped - clean).square().mean()
rows = torch.cat([clean, x_t, snapped, guess])
title = "New images: the optimum answers with another garment, the network with this one"
(axis,) = panels(title, [""], "", "", (7.5, 3.7))
draw_grid(axis, image_grid(rows, 8), rows=["new", "noised", "optimum", "network"])

# %% [markdown]
# *In the picture: four rows of eight: garments; the same under heavy noise; crisp garments of the same kind with wrong patterns, no check
# where there was one, a laced boot, a blotched bag; last, softer garments with the patterns of the first row, faint but in place.*
#
# Why does the network not become the optimum, though its loss pulls it there? Because it can't: its 231,249 parameters do not hold 10,000 images of 784 pixels,
# its convolutions treat all places alike, and in 1,000 steps it saw each image a dozen times. So it has to find what images have in *common*. That is an open field of research:
# Kadkhodaie and others ([2310.02557](https://arxiv.org/abs/2310.02557)) watch networks turn from memory to generalisation as the training set grows,
# Kamb and Ganguli ([2412.20292](https://arxiv.org/abs/2412.20292)) explain much of it by locality. And it is no law: large models do give back
# training images that they saw often ([2301.13188](https://arxiv.org/abs/2301.13188)).
#
# The optimum has one more use. It is a model without faults, for any data and any schedule. So a sampler that does *not* give training images back
# with it, in spite of many steps, is broken: a unit test for every sampler that you will ever write.
#
# ## Reading faults off samples
#
# A wrong sampler runs without an error, and draws. Learn to read what it draws. First a question:

# %%
question("which_fault")

# %% quiz="which_fault"
which_fault = ""  # your letter, between the quotes

# %%
check(which_fault, "which_fault")

# %% [markdown]
# Now make the faults, for real: the same small network, the same noise, and each time one slip. First three that touch no step of the sampler,
# only what happens to the result.

# %%
shape = (4, *small.image_shape)
draw = partial(p_sample_loop, shape=shape, schedule=schedule, clip_start=True)


def noise_source():
    return torch.Generator().manual_seed(4)


way = list(p_sample_steps(net, shape, schedule, noise_source(), clip_start=True))
right = way[-1]
faults = {
    "right": to_uint8(right),
    "1": ((right + 1) / 2).to(torch.uint8),  # from 0 to 1, and then?
    "2": to_uint8((right + 1) / 2),  # moved to [0, 1], and moved again
    "3": (right.clamp(0, 1) * 255).to(torch.uint8),  # never moved
}

# %% [markdown]
# Then two slips in the loop: it ends too early, by `range(T - 1, 20, -1)`; it adds no noise.

# %%
faults["4"] = to_uint8(way[schedule.timesteps - 21])  # after step 21

x = torch.randn(shape, generator=noise_source())
with torch.no_grad():
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((len(x),), step)
        x = p_mean(net, x, t, schedule, clip_start=True)
faults["5"] = to_uint8(x)

# %% [markdown]
# And five in what the loop is given: the seed is set anew before a second batch (two of each batch are shown); another schedule than in the
# training; a network that is told `t // 10`; its answer, the noise, taken for $x_0$; and guesses that are not clipped. Ten seconds.

# %%
again = draw(net, generator=noise_source())
faults["6"] = to_uint8(torch.cat([right[:2], again[:2]]))
linear = NoiseSchedule.from_name("linear", schedule.timesteps)
raw = {
    "7": draw(net, schedule=linear, generator=noise_source()),
    "8": draw(lambda x, t: net(x, t // 10), generator=noise_source()),
    "9": draw(net, predicts="start", generator=noise_source()),
    "10": draw(net, clip_start=False, generator=noise_source()),
}
faults |= {number: to_uint8(x) for number, x in raw.items()}

# %%
title = "One network, one slip in each row"
(axis,) = panels(title, [""], "", "", (4.4, 9.6))
draw_grid(axis, image_grid(torch.cat(list(faults.values())), 4), rows=list(faults))

# %% [markdown]
# *In the picture: eleven rows of four. Right: clean garments. 1: all black. 2: garments behind a grey veil, on grey ground. 3: only the
# lightest parts, the rest black. 4: good garments under grain, the ground, too. 5: four times the same smooth pale garment. 6: two garments,
# twice. 7: dull patterned blocks, all of one kind. 8: black-and-white camouflage. 9: a dense pattern like a chessboard. 10: black squares, in
# some of them white patches with ragged edges.*
#
# | row | symptom | cause | how to make sure | cure |
# | --- | --- | --- | --- | --- |
# | 1 | all black | floats from 0 to 1 cast to whole numbers | `pixels.max()` is 0 or 1 | multiply by 255 first |
# | 2 | grey veil; black turns to mid grey | mapped to [0, 1] twice, or trained on [0, 1] and read as [-1, 1] | the darkest pixel is 128 | one function for the way out; assert the range where data comes in |
# | 3 | dark garments are gone | [-1, 1] taken for [0, 1] | more than half of all pixels are 0; the floats are fine | shift, then scale |
# | 4 | fine grain everywhere, on the ground, too | the loop ends too early, or adds noise at the last step | count the states: T + 1; is the background's spread 0? | `reversed(range(T))`; no noise at $t = 0$ |
# | 5 | collapse: all samples alike, and smooth | no noise in the steps | alike, but not equal: the start differed | add $\sqrt{\tilde\beta_t}\,z$; root of the variance, not the variance |
# | 6 | the same samples again and again | the seed is set inside of the loop, or one noise for the whole batch | `torch.equal` of two samples | one generator, made once, for all |
# | 7 | dull, few kinds, a little grain | another schedule than in the training | the loss on noised training images is too high at some $t$ | keep the schedule in the checkpoint |
# | 8 | blotches with sharp edges, no garment | the network is told a wrong $t$ | noise one image yourself: is the guess right at each $t$? | one meaning of $t$: 0 to T - 1, whole numbers |
# | 9 | one pattern, as of no data | the answer is taken for something else | is the answer close to the noise, to $x_0$, or to v? | keep `predicts` in the checkpoint |
# | 10 | black squares, ragged white patches | guesses of $x_0$ are not clipped | the floats reach far beyond 1 | `clip_start=True`, or a network that predicts v |
#
# Row 10 needs a network that errs: the shipped one, larger and trained for longer, stays near [-1, 1] without any clipping.
#
# Row 4 has two possible causes, and we show the louder one. Noise left on at $t = 0$ has the spread $\sqrt{\beta_0}$, with this schedule 2 of 255 grey
# levels: you would have to brighten the ground to see it.
#
# The first look should be at numbers, *before* anything is cut off or rounded. Rows 1 to 3 look like three diseases, and the floats behind them are the
# same, healthy ones.

# %%
assert faults["1"].max() <= 1
assert faults["2"].min() >= 127
assert (faults["3"] == 0).float().mean() > 0.5
corner = to_model_range(faults["4"])[..., :3, :3]
assert corner.std() > 3 * right[..., :3, :3].std() + 0.02
alike, usual = faults["5"].float().std(0).mean(), faults["right"].float().std(0).mean()
assert alike < 0.3 * usual
assert torch.equal(faults["6"][:2], faults["6"][2:])
assert raw["10"].abs().max() > 10
assert all(raw[row].abs().max() < 1.001 for row in "789")
print("seven of the ten give themselves away by one number each")

# %% [markdown]
# Rows 7 to 9 do not: their floats are inside of $[-1, 1]$, their samples differ, and some even look like cloth. For them there is a test from both
# sides. A sampler with the exact optimum in place of the network must draw training images. A network must name the noise that you put in
# yourself, at each $t$. If both hold and the samples are bad all the same, ask how the two were joined: schedule, `t`, `predicts`, clipping.
#
# And if the network fails? Then the fault lies in the training (chapter 09), and it looks much like one of the sampler: images fed in as $[0, 1]$ give row 2's
# veil, one image fed in again and again gives row 5's collapse, and averaged weights (EMA) that were read too early draw like an
# untrained network while the loss is low.
#
# ## Reading a grid
#
# No slip, and still: are they good? Look at a grid in this order.
#
# 1. **Kinds.** Are all there, none far too often? Without labels count them.
# 2. **Doubles.** Two samples alike, or one like a training image?
# 3. **Outline.** Closed, two sleeves, shoes the right way round?
# 4. **Surface.** Prints, buttons, straps: crisp, smeared or missing? These go first.
# 5. **Ground.** Really black? Grain shows there before it shows anywhere else.
#
# How many samples does it take? Suppose the ten classes are drawn equally often, and one sample in twenty is spoiled:

# %%
for count in (8, 20, 64):
    absent, blind = 10 * 0.9**count, 0.95**count
    print(
        f"{count:2} samples: {absent:4.1f} of ten classes missing on average; "
        f"{blind:3.0%} chance to see no spoiled one"
    )

# %% [markdown]
# Eight samples say hardly anything: on average four classes are missing even in a perfect model. That is why `course sample` draws 64 unless told otherwise:
#
#     course sample fashion_mnist --seed 0 --out samples.png --gif denoising.gif
#     course sample fashion_mnist --label bag -n 16
#
# And note the seed, before you look. Whoever tries seeds until the grid is pretty shows a grid of their patience. Compare two networks, or two samplers, with the
# *same* seed, as we did with the faults: then what differs comes from the networks and not from the dice.
#
# ## What you now have
#
# - a sampler that keeps every state and every guess, and with `to_uint8`, `image_grid` and `denoising_frames` the pictures and films of it
# - the best denoiser of a training set: what overfitting looks like when it is complete, and a unit test for samplers
# - a yardstick for "does it copy?", and ten faults that you know by sight
#
# ## Think about it
#
# 1. The guess at $t = 130$ looks like a finished garment. Why not stop there, and what would a grid of such guesses lack?
# 2. Double the training set. How do the three histograms move?
# 3. A friend's samples are all alike and a little grainy. Which two rows of the table do you check, and by which numbers?
#
# ## What comes next
#
# Planned: chapter 11 makes a score of what you judged by eye, and chapter 12 needs a tenth of the steps for nearly the same picture.
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239): section 4 has samples and the way to them
# - Karras and others: Elucidating the Design Space of Diffusion-Based Generative Models, [2206.00364](https://arxiv.org/abs/2206.00364), appendix B.3: the best denoiser of a data set
# - Carlini and others: Extracting Training Data from Diffusion Models, [2301.13188](https://arxiv.org/abs/2301.13188)
