# %% [markdown]
# # 10 · Sampling
#
# **After this notebook you can** draw garments from noise and keep every step, show them as a grid and as a film, stop a run and finish it
# again, check whether a network copies its training images, and tell from bad samples which line of the sampler is wrong.
#
# **Minutes:** 100, in two sittings · **Builds on:** 05 (the sampler), 08 (the U-Net)
#
# | sitting | minutes | at its end you have |
# | --- | --- | --- |
# | 1. Draw and watch | 50 | a film of what the network predicts, and a picture of when a garment is decided |
# | 2. Check | 50 | a test for copies, and ten bugs that you recognise by sight |
#
# Nothing is trained here. The course's own network is ready. It learned from the real photographs of Fashion-MNIST. The longest cell takes about
# 40 seconds on one core.

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
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from course_lib.drawings.sampling import (
    fault_table,
    faulty_rows,
    prediction_frames,
    run_frames,
    show_branches,
    show_distances,
    show_errors,
    show_faults,
    show_grid,
    show_moments,
    show_neighbours,
)
from course_lib.forward import extract, q_sample
from course_lib.images import load_images, to_model_range
from course_lib.pictures.widgets import show_film

# %%
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import (
    draw_noise,
    p_sample,
    p_sample_loop,
    predict_start_from_noise,
)
from course_lib.runs.checkpoints import denoiser, load_checkpoint
from course_lib.runs.guides import usual_guide
from course_lib.runs.samplers import ANCESTRAL
from course_lib.sampling import nearest_images
from course_lib.schedules import NoiseSchedule
from course_lib.types import Generators, Model, Predicts

# %% [markdown]
# # Sitting 1: draw and watch
#
# ## Draw 64 garments
#
# In chapter 05 you wrote the sampler: start from noise, ask the network 200 times, and take a small step each time
# ([2006.11239](https://arxiv.org/abs/2006.11239), algorithm 2). You used it for points in the plane. For images the code stays the same. Only
# the shape changes, and the model is a U-Net.
#
# `denoiser` joins a network with all its settings: its schedule, what it predicts, whether predictions are clipped, and which sampler it takes.
# `ANCESTRAL` is the sampler of chapter 05. Its `sample_steps` is that sampler as a generator: it yields $x_T$ and then every state down to $x_0$.
#
# We also want to see what the network predicts on the way. A model can be any function of $(x_t, t)$. So we put a listener in front of the
# network: it passes the answer on, and it stores which clean image that answer stands for.
#
# The seed is 0, chosen before anyone saw the result. This takes about 40 seconds.

# %%
network = denoiser(load_checkpoint("fashion_mnist"), sampler=ANCESTRAL)
predictions = []


def listener(x: Tensor, t: Tensor) -> Tensor:
    noise = network(x, t)
    x_0 = predict_start_from_noise(x, t, noise, network.schedule)
    predictions.append(x_0.clamp(-1, 1).cpu())
    return noise


heard = replace(network, model=listener)
steps = heard.sample_steps(64, torch.Generator().manual_seed(0))
states = [state.cpu() for state in steps]
print(len(states), "states and", len(predictions), "predictions,")
print("each", tuple(states[0].shape))

# %% [markdown]
# ## From numbers to grey levels
#
# The states are floats around 0, and noise reaches 4 and more. A screen needs whole numbers from 0 to 255. In chapter 00 you wrote
# `to_model_range`, which takes grey levels to $[-1, 1]$. Now write the way back. Three things can go wrong: the range, values
# outside of the range, and values between two whole numbers. At the end of this chapter you will see what such bugs look like.


# %% quiz="to_uint8"
def to_uint8(x: Tensor) -> Tensor:
    """float in [-1, 1], any shape, to uint8 0 ... 255: the way back from
    `to_model_range`.

    What lies outside is clamped to the range first; each value becomes the
    nearest whole number.
    """
    raise NotImplementedError


# %%
to_uint8 = check(to_uint8)

# %% tags=["fold"]
grey = torch.arange(256, dtype=torch.uint8)
assert torch.equal(to_uint8(to_model_range(grey)), grey)
assert to_uint8(torch.tensor([-7.0, 7.0])).tolist() == [0, 255]
print("all 256 grey levels come back unchanged")

# %% [markdown]
# ## A grid
#
# 64 tensors of 28 × 28 are not a picture yet. A grid puts them side by side, row by row, with a thin grey line (128) between them: without it
# a dark garment on black would have no edge. Every picture in this chapter goes through your function. `rearrange` and `np` are imported, if
# you want to use them.


# %% quiz="image_grid"
def image_grid(
    images: Tensor, columns: int | None = None, scale: int = 1, gap: int = 1
) -> np.ndarray:
    """Lay out images (N, C, H, W), uint8 or float in [-1, 1], as one picture:
    a NumPy array of uint8.

    The images come row by row, from left to right; grey ones give (height,
    width), coloured ones (height, width, 3).

    columns   images in a row; by default the smallest number with
              columns² >= N. The last row may have empty places.
    gap       so many pixels lie between neighbours, none at the outer edge.
              They and the empty places are grey, 128.
    scale     at last each pixel of the picture, gaps included, becomes a
              square of scale x scale pixels.
    """
    raise NotImplementedError


# %%
image_grid = check(image_grid)

# %%
show_grid(
    image_grid(states[-1]),
    "64 samples, seed 0",
    "Eight rows of eight garments, white and grey on black: shoes, boots, "
    "sandals, tops, dresses, bags and trousers.",
)

# %% [markdown]
# Why 64, and not the eight best? Suppose that the model draws all ten classes equally often and spoils one sample in twenty. What would you
# notice?

# %%
for count in (8, 20, 64):
    absent, blind = 10 * 0.9**count, 0.95**count
    print(
        f"{count:2} samples: {absent:3.1f} classes missing on average,",
        end=" ",
    )
    print(f"{blind:3.0%} chance of no spoiled one")

# %% [markdown]
# Eight samples tell you very little: even a perfect model leaves out four classes on average. And choose the seed before you look. If you try
# seeds until the grid looks good, the grid shows your selection and not the model.
#
# 200 calls for each sample are many. The course's own sampler takes 16, and a weaker network guides it in five of them. You build it in chapter 12.
# Here are its 64 samples, from the same noise, after a few seconds:

# %%
guide = usual_guide("fashion_mnist")
fast = denoiser(load_checkpoint("fashion_mnist"), guide=guide)
show_grid(
    image_grid(fast.sample(64, torch.Generator().manual_seed(0))),
    "The same noise, 16 steps",
    "Eight rows of eight garments again: shoes, boots, tops, dresses, bags "
    "and trousers, as clean as the 64 above.",
)

# %% [markdown]
# On the command line, this draws 64 samples with the fast sampler, and a film; `--sampler ancestral` takes 200 steps:
#
#     course sample fashion_mnist --seed 0 --out samples.png --film denoising.webp
#
# ## The film
#
# A film of all 201 states would be too large, because noise hardly compresses. And in the first third the eye sees little change. So pick
# some states, more of them towards the end. Pick them while they pass by: here all states fit into memory, but the states of 64 colour
# images of 128 × 128 take 2.5 GB.


# %% quiz="denoising_frames"
def denoising_frames(
    states: Iterable[Tensor], total: int, count: int = 22
) -> Iterator[Tensor]:
    """Pick about `count` of the `total` states that a sampler yields, in
    their order, and never keep the others.

    Frame j, counted back from the last one (j = 0, 1, ..., count - 1), is the
    state with the index (total - 1) · (1 - (j / (count - 1))^1.5), rounded.
    So the last state and the first are there, and the frames lie closer
    together towards the end, since the eye sees little happen in the noise.
    An index that comes up twice gives one frame. count = 1 gives the last
    state alone; if total <= count, every state is a frame.
    """
    raise NotImplementedError


# %%
denoising_frames = check(denoising_frames)

# %%
first_16 = ((done, state[:16]) for done, state in enumerate(states))
film = denoising_frames(first_16, total=len(states), count=12)
show_film(
    run_frames(film, image_grid),
    "Sixteen squares of noise. Outlines show through in the middle of the "
    "film, then the grain fades until sixteen garments are left.",
)

# %% [markdown]
# ## What the network predicts on the way
#
# The states stay noisy almost to the end, because the sampler *keeps* them noisy: each step removes some noise and adds a little less. The
# predictions of $x_0$ tell you more. On the left is the state, on the right the clean image that the network predicts from this very
# state.

# %%
both = zip(states[:-1], predictions, strict=True)
pairs = ((state[:16], x_0[:16]) for state, x_0 in both)
film = denoising_frames(enumerate(pairs), total=len(predictions), count=14)
show_film(
    prediction_frames(film, image_grid),
    "On the left sixteen noisy states. On the right the sixteen predictions: "
    "blotches at first, then soft grey shapes, then garments with more and "
    "more detail.",
)

# %% [markdown]
# Here are seven moments of five of the runs as a still picture:

# %%
show_moments(states, predictions, (199, 180, 160, 130, 90, 40, 0), image_grid)

# %% [markdown]
# At $t = 199$ the prediction is useless. The state is only noise there, $\sqrt{\bar\alpha_t}$ is $0.00025$, and any error of the
# network is divided by it. The sampler's `clip_start=True` keeps these predictions in $[-1, 1]$. You will need this later.
#
# ## When is a garment decided?
#
# At which step is it decided what kind of garment a run will give, and at which step the details? Here is an experiment. Stop a run in the
# middle, copy the state eight times, and finish every copy with different noise.

# %%
question("what_is_decided")

# %% quiz="what_is_decided"
what_is_decided = ""  # your letter, between the quotes

# %%
check(what_is_decided, "what_is_decided")

# %% [markdown]
# For the experiment you need a sampler that starts in the middle. Write it with `p_sample(model, x, t, noise, schedule, predicts,
# clip_start)` and `draw_noise(shape, schedule, generator)` from chapter 05. You will use it again in chapter 14 (planned), to change a photograph that
# was noised halfway.


# %% quiz="p_sample_from"
@torch.no_grad()
def p_sample_from(
    model: Model,
    x_t: Tensor,
    start: int,
    schedule: NoiseSchedule,
    generator: Generators = None,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """Finish a run that was stopped: from the states x_t (B, ...) at step
    `start` through t = start, ..., 0 to x_0.

    Each step, the last one too, draws noise of its own for every row, with
    `draw_noise(x.shape, schedule, generator)`.
    """
    raise NotImplementedError


# %%
p_sample_from = check(p_sample_from)

# %% [markdown]
# Now take the first of the 64 runs, stop it at four places, and let eight copies go on from each. This takes about fifteen seconds.

# %%
finish = partial(
    p_sample_from,
    network.model,
    schedule=network.schedule,
    predicts=network.predicts,
    clip_start=network.clip_start,
)
which, branches = 0, {}
for t in (195, 160, 100, 40):
    state = states[199 - t][which]  # states[0] is x_T, the input of step 199
    copies = state.to(network.schedule.device).expand(8, -1, -1, -1)
    seeded = torch.Generator().manual_seed(1)
    branches[t] = finish(copies, start=t, generator=seeded).cpu()

# %% tags=["fold"]
with after_answer("what_is_decided"):
    show_branches(branches, image_grid)
    differ = {t: float(x.std(0).mean()) for t, x in branches.items()}
    assert differ[195] > 1.5 * differ[100] > 1.5 * differ[40]
    print("the copies differ most when they part at t = 195,")
    print("less at t = 100, and least at t = 40")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# From top to bottom the copies have more and more in common. At $t = 195$ hardly anything is decided. Then the rough shape is fixed, then
# the outline and the shade, and at last the details.
#
# The predictions above say the same. A prediction is the average of all clean images that could be behind $x_t$ (chapter 05). Where those images
# differ, the average is blurred. So what is sharp in a prediction is decided already, and what is blurred is still open.
#
# This was one run. We repeated it with six runs, and in each of them the copies differed less the later they parted: the standard deviation of a
# pixel over the eight copies was 0.25 to 0.46 at $t = 180$, 0.09 to 0.20 at $t = 100$, and 0.06 to 0.14 at $t = 60$. At $t = 100$ a detail can still
# decide the class: a classifier found one class in three of the six runs, and in the others up to four (tops with the same outline came out as
# pullovers, coats and shirts). Try `which = 2` above.
#
# This is good to know. If you want to *steer* a sampler towards another kind of garment, do it early (chapter 13, planned). If you want to keep an
# outline and change its surface, start in the middle (chapter 14, planned).
#
# </details>
#
# **End of sitting 1.** You can draw, show and film samples, and you have seen a garment being decided. A good place for a break.
#
# # Sitting 2: check
#
# ## The best possible denoiser
#
# The network learned to predict the noise in $x_t$, and with it $x_0$. The training set was all it ever saw. For such a training set we know the
# best possible prediction. Suppose that $x_0$ is one of the $N$ training images $x_1, \dots, x_N$, each equally likely. Then the best prediction is their weighted mean,
# and the weight of an image says how well it explains $x_t$ ([2206.00364](https://arxiv.org/abs/2206.00364), appendix B.3):
#
# $$\mathbb E[x_0 \mid x_t] = \sum_i w_i\, x_i, \qquad w_i \propto
# \exp\Big(-\frac{\lVert x_t - \sqrt{\bar\alpha_t}\, x_i \rVert^2}{2\,(1 - \bar\alpha_t)}\Big), \qquad \sum_i w_i = 1$$
#
# The squared distance is a sum over all pixels. This is the posterior mean of a Gaussian mixture (chapter 02) with $N$ modes of standard
# deviation 0. No denoiser has a smaller loss on the training set.

# %%
question("what_the_optimum_draws")

# %% quiz="what_the_optimum_draws"
what_the_optimum_draws = ""  # your letter, between the quotes

# %%
check(what_the_optimum_draws, "what_the_optimum_draws")

# %% [markdown]
# Now write it. Two warnings:
#
# - Where there is little noise, the exponents are in the thousands below 0, and `exp` gives 0 for every image. `softmax` takes care of that,
#   and of the division by the sum.
# - One difference for each pair of $x_t$ and $x_i$ takes $B \cdot N \cdot 784$ numbers. That is right, but slow: it costs half a minute
#   and a gigabyte below. Multiply out the square first; then most of the work is one matrix product. `torch.cdist` is another way.


# %% quiz="optimal_denoiser_of_dataset"
def optimal_denoiser_of_dataset(
    x_t: Tensor, t: Tensor, dataset: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """E[x_0 | x_t] if x_0 is one of the N images of the dataset, all equally
    likely: the best prediction there is.

    x_t       (B, ...), each row noised to its own t (B,)
    dataset   (N, ...), images of the same shape as one row of x_t

    It is a weighted mean of the images x_i, with the weights
    softmax_i(-|x_t - sqrt(alpha-bar_t) x_i|² / (2 (1 - alpha-bar_t))), where
    |.|² sums over all pixels and channels. The result, in the shape of x_t,
    is what a model that predicts the "start" should say.
    """
    raise NotImplementedError


# %%
optimal_denoiser_of_dataset = check(optimal_denoiser_of_dataset)

# %% [markdown]
# ## Beside it, the network
#
# To compare the two, network and training set must belong together. The photographs of Fashion-MNIST are not ours to give away. So from here on
# we use the **garments** that our own code draws, 10,000 of them, and the small network of chapter 08, which learned from exactly these.
#
# <details><summary>You have Fashion-MNIST, and want to see this with the real photographs?</summary>
#
# Finish the chapter first. Then write `data, name = "zalando-datasets/fashion_mnist", "fashion_mnist"` in the next cell and run the cells from there
# to "Ten bugs" again (two minutes). The optimal denoiser is then that of the first 10,000 photographs. Before you run "Ten bugs"
# again, put the line back.
#
# </details>

# %%
data, name = "garments", "skips_all"
net = denoiser(load_checkpoint(name, device="cpu"), sampler=ANCESTRAL)
training, unseen = (
    to_model_range(load_images(data, split)[0]) for split in ("train", "test")
)
optimum = partial(
    optimal_denoiser_of_dataset,
    dataset=training[:10_000],
    schedule=net.schedule,
)

# %% [markdown]
# Both go through the same sampler. The optimal denoiser answers with $x_0$ instead of the noise, so `predicts="start"`. It was never
# trained and works with any schedule: 50 steps are enough for it. The network needs the 200 steps that it knows.

# %%
short = NoiseSchedule.from_name("cosine", 50)
exact = partial(optimum, schedule=short)
shape = (16, *net.image_shape)
one, other = (torch.Generator().manual_seed(0) for _ in range(2))
drawn = {
    "optimal denoiser": p_sample_loop(
        exact, shape, short, one, predicts="start"
    ),
    "network": net.sample(64, other),
}
nearest = {
    who: nearest_images(x, training, count=3) for who, x in drawn.items()
}

# %% tags=["fold"]
with after_answer("what_the_optimum_draws"):
    show_neighbours(drawn, training, nearest, image_grid)
    closest = {who: distance[:, 0] for who, (_, distance) in nearest.items()}
    assert closest["optimal denoiser"].max() < 0.01
    assert closest["network"].min() > 0.03
    print("optimal denoiser: every distance to the nearest is below 0.01")

# %% [markdown]
# The number before each row is the distance to the nearest training image: the root of the mean squared difference of the pixels, which go from -1
# to 1.
#
# <details><summary>What you saw</summary>
#
# The samples of the optimal denoiser *are* training images. While there is much noise, its prediction is a mean over thousands of images. As the
# noise falls, one weight after another becomes 0, until one image has all the weight. The noise decides which one.
#
# The network draws garments of the same kind with other patterns. Are its distances large or small? That is the next question.
#
# </details>
#
# ## Does the network copy?
#
# A distance alone does not tell you whether it is large. You need something to compare it with: real images that are *not* in the training set. The
# split "test" has them.

# %%
question("how_far_from_the_training_set")

# %% quiz="how_far_from_the_training_set"
how_far_from_the_training_set = ""  # your letter, between the quotes

# %%
check(how_far_from_the_training_set, "how_far_from_the_training_set")

# %% tags=["fold"]
with after_answer("how_far_from_the_training_set"):
    closest = {who: distance[:, 0] for who, (_, distance) in nearest.items()}
    distance = nearest_images(unseen[:300], training)[1]
    closest["new real images"] = distance[:, 0]
    show_distances(closest)
    ratio = closest["network"].median() / closest["new real images"].median()
    assert 0.6 < ratio < 1.4
    print("the network's median is within 40 % of that of new real images")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The dashed lines are medians, over 16 samples of the optimal denoiser, 64 of the network and 300 new images. With two other sampling seeds the picture is the same: the network's median is 0.24 or 0.25, and that of new images 0.22.
#
# </details>
#
# Do this test before you say that a model does not copy. Be careful in two ways. The distance between pixels is a coarse measure: a copy that is
# moved by one pixel counts as far away. And smooth images are closer to everything, so a small distance is not always a copy: look at the pairs.
#
# ## Images that neither has seen
#
# On the training set nothing beats the optimal denoiser. What about other images? Add noise to some images, let both predict $x_0$, and
# measure the error: once for training images, once for new ones.

# %%
question("who_is_closer")

# %% quiz="who_is_closer"
who_is_closer = ""  # your letter, between the quotes

# %%
check(who_is_closer, "who_is_closer")


# %%
@torch.no_grad()
def both_predictions(clean: Tensor, step: int) -> tuple[Tensor, ...]:
    """The noised images, the optimal denoiser's prediction, the network's."""
    t = torch.full((len(clean),), step)
    seeded = torch.Generator().manual_seed(step)
    noise = torch.randn(clean.shape, generator=seeded)
    x_t = q_sample(clean, t, noise, net.schedule)
    x_0 = predict_start_from_noise(x_t, t, net(x_t, t), net.schedule)
    return x_t, optimum(x_t, t), x_0.clamp(-1, 1)


times = [0, 5, 15, 30, 50, 70, 90, 110, 130, 150, 170, 185]
errors = {}
kinds = {"training images": training[:32], "new images": unseen[:32]}
for kind, clean in kinds.items():
    rows = [both_predictions(clean, step)[1:] for step in times]
    errors[kind] = [
        torch.stack([(x_0 - clean).square().mean() for x_0 in column])
        for column in zip(*rows, strict=True)
    ]

# %% tags=["fold"]
with after_answer("who_is_closer"):
    show_errors(times, errors)
    (known_exact, known_net), (new_exact, new_net) = errors.values()
    assert (known_exact[:5] < 0.1 * known_net[:5]).all()
    assert (new_net[:5] < 0.5 * new_exact[:5]).all()
    assert (new_net[:5] < 2 * known_net[:5]).all()
    assert data != "garments" or new_exact[-1] < new_net[-1]

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The network's curve is nearly the same in both panels: it does as well on images that it has never seen. That is generalisation. The
# optimal denoiser is perfect on the left and bad on the right. That is overfitting in its purest form. Where there is little noise, it answers with the
# nearest of its 10,000 images, and this error stays, however little noise there is.
#
# At the right end, in dense noise, the optimal denoiser is better for new images, too. There it answers with a mean over many images, and many
# images together know well what garments look like.
#
# </details>
#
# Look at it once at $t = 75$. From top to bottom: a new image, the same image with noise, and the two predictions.

# %% tags=["fold"]
with after_answer("who_is_closer"):
    clean = unseen[:8]
    x_t, snapped, x_0 = both_predictions(clean, step=75)
    assert nearest_images(snapped, training)[1].median() < 0.02
    wrong = [(x - clean).square().mean() for x in (snapped, x_0)]
    assert wrong[1] < 0.8 * wrong[0]
    show_grid(
        image_grid(torch.cat([clean, x_t, snapped, x_0]), columns=8),
        "Eight new images at t = 75",
        "Four rows of eight: garments; the same under heavy noise; sharp "
        "garments of the same kind with other patterns; softer garments with "
        "the patterns of the first row.",
        rows=["new image", "with noise", "optimal denoiser", "network"],
    )

# %% [markdown]
# <details><summary>Why does the network not become the optimal denoiser?</summary>
#
# Its loss pulls it there, but it cannot get there. Its 231,249 parameters do not hold 10,000 images of 784
# pixels. Its convolutions treat all places alike. And in 1,000 training steps it saw each image about a dozen times. So it has to learn what the images have in
# *common*.
#
# This is a field of research. Networks turn from memorising to generalising as the training set grows ([2310.02557](https://arxiv.org/abs/2310.02557)), and
# much of it comes from looking at small neighbourhoods ([2412.20292](https://arxiv.org/abs/2412.20292)). It is not a law: large models do give back training
# images that they saw often ([2301.13188](https://arxiv.org/abs/2301.13188)).
#
# The optimal denoiser has one more use. It is a model without faults, for any data and any schedule. If a sampler with this model does *not* give back training
# images, the sampler has a bug. That is a unit test for every sampler that you will ever write.
#
# </details>
#
# ## Ten bugs
#
# A sampler with a bug raises no error. It still draws pictures. Here are ten rows from the small network, all with the same seed, each with one
# bug. `faulty_rows` makes them in about twenty seconds; its code would tell you the answers. First the same six samples without a bug (their seed is 4;
# seeds 0 and 1 give samples of the same quality):

# %%
show_grid(
    image_grid(net.sample(6, torch.Generator().manual_seed(4)), columns=6),
    "Without a bug",
    "Six garments: two tops, a shoe, two dresses and a dark shoe, sharp and "
    "on black.",
    rows=["0"],
    width=4.2,
)
bugs = faulty_rows(net, count=6, seed=4)
show_faults(bugs, image_grid)

# %% [markdown]
# Be a detective. `bugs[0].floats` are the numbers of row 1 as the sampler left them, `bugs[0].pixels` is what became of them on the screen. Their smallest and
# largest values are good clues, for example `bugs[0].floats.min()`. You can hand in part of the answer, with `?` for the rest, as often as you like.

# %%
question("name_the_faults")

# %% quiz="name_the_faults"
name_the_faults = ""  # ten letters, "?" where you do not know

# %%
check(name_the_faults, "name_the_faults")

# %% tags=["fold"]
with after_answer("name_the_faults"):
    fault_table()
    good = bugs[5].floats  # the bug of this row comes after the sampler
    background = to_model_range(bugs[0].pixels)[..., :3, :3]
    assert background.std() > 3 * good[..., :3, :3].std() + 0.02
    assert bugs[2].pixels.min() >= 127
    assert torch.equal(bugs[3].pixels[0], bugs[3].pixels[5])
    assert bugs[5].pixels.max() <= 1
    assert bugs[7].floats.std(0).mean() < 0.3 * good.std(0).mean()
    assert not torch.equal(bugs[7].floats[0], bugs[7].floats[1])
    assert (bugs[8].pixels == 0).float().mean() > 0.5
    assert bugs[9].floats.abs().max() > 10
    assert all(bugs[row].floats.abs().max() < 1.001 for row in (1, 4, 6))
    print("rows 1, 3, 4, 6, 8, 9 and 10: each is found by one number")
    print("rows 2, 5, 7: the numbers are in range, and the samples differ")

# %% [markdown]
# <details><summary>What to take from it (after you have answered)</summary>
#
# Look at the numbers first, *before* anything is clamped or rounded. The three bugs after the sampler look very different, and the floats behind them
# are the same, healthy ones.
#
# Three rows have no such number. Then test sampler and network apart. A sampler with the optimal denoiser must draw training images. A network
# must predict the noise that you put in yourself, at each $t$. If both tests pass and the samples are still bad, look at how the two were joined: schedule, `t`, `predicts`,
# clipping.
#
# If the network fails its test, the bug is in the training (chapter 09). It can look like one of the sampler's: training on images in $[0, 1]$ gives the
# grey veil, and training on one image again and again gives the same sample each time.
#
# The unclipped predictions need a network with larger errors. The large network of sitting 1 stays near $[-1, 1]$ even without clipping.
#
# </details>
#
# ## How to read a grid
#
# When there is no bug, are the samples good? Look in this order:
#
# 1. **Classes.** Are all there, and none far too often?
# 2. **Doubles.** Are two samples alike, or is one like a training image?
# 3. **Outline.** Is it closed? Two sleeves? Shoes the right way round?
# 4. **Surface.** Are prints, buttons and straps sharp, smeared or missing? These suffer first.
# 5. **Background.** Is it really black? Grain is seen there before it is seen anywhere else.
#
# Practise with the small network's 64 samples. They have the same seed as the 64 at the beginning of this chapter. Compare the two grids place by
# place, too.

# %%
show_grid(
    image_grid(drawn["network"]),
    "64 samples of the small network, seed 0",
    "Eight rows of eight garments: tops, shoes, bags, trousers and dresses "
    "with smeared patterns, on black.",
    width=4.0,
)

# %% [markdown]
# <details><summary>What we found</summary>
#
# The outlines are mostly closed and the background is black. The surfaces are smeared: prints have become blotches. Some bags and shoes are so dark
# that their handles and straps have disappeared. For a network that was trained for seven minutes this is no surprise.
#
# And place by place the two grids often show the same kind of garment, although the networks and even the data differ. Both runs had the same random
# numbers, and the outline is decided by the first steps. That is why two networks or two samplers should be compared with the *same* seed.
#
# </details>
#
# ## What you now have
#
# - a sampler that keeps every state and every prediction, and one that starts in the middle
# - `to_uint8`, `image_grid` and `denoising_frames` for pictures and films
# - the optimal denoiser of a training set, which is also a unit test for samplers
# - a test for copies, and ten bugs that you know by sight
#
# ## Think about it
#
# 1. The prediction at $t = 130$ looks like a finished garment. Why not stop there? What would a grid of such predictions lack?
# 2. Double the training set. How do the three histograms of distances move?
# 3. A friend's samples are all alike and a little grainy. Which two bugs do you check, and by which numbers?
#
# ## What comes next
#
# Chapter 11 turns what you judged by eye into scores. Chapter 12 builds the fast sampler that you saw above.
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239): section 4 has samples and how they come about
# - Karras and others: Elucidating the Design Space of Diffusion-Based Generative Models, [2206.00364](https://arxiv.org/abs/2206.00364), appendix B.3: the optimal denoiser of a data set
# - Carlini and others: Extracting Training Data from Diffusion Models, [2301.13188](https://arxiv.org/abs/2301.13188)
