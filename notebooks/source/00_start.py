# %% [markdown]
# # 00 · Start
#
# **After this notebook you can** say what a diffusion model does and how it differs from other generative models, add noise to a picture,
# draw new pictures with a trained network, and answer a quiz.
#
# **Minutes:** 25 · **Builds on:** Python and a little PyTorch. You need no knowledge of diffusion, no GPU and no network connection.
#
# A *generative model* makes new data: here, pictures of clothes. A *diffusion model* learns it in an unusual way. First we destroy pictures
# in many small steps. Each step adds a little noise, so this needs no learning. Then a network learns to undo one small step. To make a
# new picture, we start from pure noise and undo all the steps, one after the other.

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
import torch
from torch import Tensor

from course_lib.drawings import start as drawings
from course_lib.images import class_names, load_images
from course_lib.quizzes import after_answer, check, hint, progress, question
from course_lib.runs.checkpoints import denoiser, load_checkpoint
from course_lib.runs.guides import usual_guide
from course_lib.schedules import NoiseSchedule
from course_lib.start import notation

print("course_lib", course_lib.__version__)

# %% [markdown]
# ## Watch it work
#
# The next cell loads a small network that the course has trained, and draws 24 new pictures, of ten kinds in turn. It starts from pure noise. In each step the
# network looks at the pictures and predicts the noise in them, and the sampler removes a part of that noise. (A second, weaker network
# helps: it shows which way *not* to go. You build both the sampler and this trick in chapter 12.) Without a GPU this takes a few seconds.

# %%
trained = load_checkpoint("fashion_mnist")
generator = torch.Generator(trained.schedule.device).manual_seed(0)
kinds = torch.arange(24, device=generator.device) % 10
network = denoiser(trained, kinds, guide=usual_guide("fashion_mnist"))
# pairs of (steps that are done, pictures)
states = list(enumerate(network.sample_steps(24, generator)))
drawings.show_sampling(states, len(states) - 1)

# %% [markdown]
# The network has learned from 60,000 photographs what clothes look like at each level of noise. Are these clothes new, or are they copies of
# photographs that it has seen? In chapter 10 you find out.
#
# ## Three ways from noise to data
#
# Diffusion is not the only generative model. All three in the table turn random numbers into data:
#
# | | VAE | GAN | diffusion |
# | --- | --- | --- | --- |
# | makes a sample in | one step | one step | many small steps |
# | learns to | rebuild its input | fool a second network | predict the noise in a picture |
# | the loss | a bound on the likelihood | a game of two networks | a squared error |
# | known for | blurred pictures | sharp pictures, difficult training, missing kinds of data | sharp pictures, few kinds of data missing, slow sampling |
# | paper | [1312.6114](https://arxiv.org/abs/1312.6114) | [1406.2661](https://arxiv.org/abs/1406.2661) | [2006.11239](https://arxiv.org/abs/2006.11239) |
#
# ## Look at the data
#
# The course uses small pictures of clothes: 28 x 28 pixels, ten classes. With a network connection you get Fashion-MNIST, which are
# photographs. Without one you get similar pictures that the course draws itself. The line below the cell says which ones you have.

# %%
images, labels = load_images()
names = class_names()
drawings.show_classes(images, labels)

# %% [markdown]
# ## Your first quiz
#
# A quiz is a function that you write, with a `check` below it. First run the check *before* you write anything. It tells you that the
# function is still empty. It also puts the course's own function in its place, so the rest of the notebook runs. Then write a wrong answer on
# purpose, and read what the check says. A wrong answer costs nothing.
#
# The pictures hold whole numbers from 0 (black) to 255 (white). The noise will have mean 0 and standard deviation 1. Pictures and noise
# should have about the same range and the same centre. So scale the pictures to the range from -1 to 1.


# %% quiz="to_model_range"
def to_model_range(images: Tensor) -> Tensor:
    """uint8 0 ... 255, any shape, to float32 in [-1, 1]."""
    raise NotImplementedError


# %%
to_model_range = check(to_model_range)

# %% [markdown]
# Do you need help? `hint` has several hints, from a nudge to the formula. Open one after the other. `solution("to_model_range")` shows the
# course's own answer. If a check ever hangs, choose Kernel > Restart Kernel: the course remembers what you have passed.

# %%
hint("to_model_range")

# %% [markdown]
# ## Destroy a picture
#
# Now the first half of diffusion. At time $t$ the picture $x_t$ is a mixture of the clean picture $x_0$ and noise $\epsilon$:
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$$
#
# The number $\bar\alpha_t$ is called *alpha-bar*. It falls from almost 1 to almost 0 as $t$ grows. If $x_0$ and $\epsilon$ both have
# variance 1, alpha-bar is the share of the variance of $x_t$ that comes from the picture. A factor of $\sqrt{\bar\alpha_t}$ multiplies the
# variance by $\bar\alpha_t$, so we need the square roots. In the code below alpha-bar is called `signal`.


# %% quiz="add_noise"
def add_noise(x_start: Tensor, noise: Tensor, signal: float) -> Tensor:
    """x_start and noise, both (B, ...), mixed so that the share `signal` of
    the variance comes from x_start.
    """
    raise NotImplementedError


# %%
add_noise = check(add_noise)

# %% [markdown]
# Use your function on a boot. The schedule below has 200 steps, and `alphas_cumprod` holds alpha-bar for each of them. Move the slider
# slowly from left to right. At which step can you no longer see that it is a boot?

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=200)
boots = images[labels == names.index("Ankle boot")]
boot = to_model_range(boots[:1])  # (1, 1, 28, 28)
noise = torch.randn(boot.shape, generator=torch.Generator().manual_seed(0))


def boot_at(t: int) -> Tensor:
    return add_noise(boot, noise, float(schedule.alphas_cumprod[t]))


drawings.show_fading_slider(boot_at, range(0, 200, 5))

# %% [markdown]
# ## The way back
#
# The network goes the other way, from noise to a picture. You have seen the film once, and you have seen how the boot disappears. Make a
# prediction from that, then look at the steps one by one. Some quizzes are questions like this one: write the letter of your answer
# between the quotes.

# %%
question("what_comes_back_first")

# %% quiz="what_comes_back_first"
what_comes_back_first = ""  # your letter, between the quotes

# %%
check(what_comes_back_first, "what_comes_back_first")

# %% [markdown]
# The next cell shows the boot at eight times, and eight of the samples from above at four moments. Its output is folded until you have answered. The
# course does this after every prediction: a prediction that you have made yourself is easier to remember than one that you have read.

# %%
with after_answer("what_comes_back_first"):
    drawings.show_fading(boot_at, [0, 25, 50, 75, 100, 125, 150, 199])
    drawings.show_stages([states[place] for place in (6, 8, 10, 16)])

# %% [markdown]
# ## Are you ready?
#
# The course uses four things without explaining them. Answer these questions in your head, then open them. If one is difficult, follow its link
# first: an hour is enough.
#
# <details><summary>What shape has <code>torch.ones(8, 1, 28, 28) * torch.ones(8, 1, 1, 1)</code>, and what if the second were
# <code>torch.ones(8)</code>?</summary>
# (8, 1, 28, 28). With shape (8,) it is an error: 8 meets the width 28.
# <a href="https://docs.pytorch.org/docs/stable/notes/broadcasting.html">Broadcasting</a></details>
#
# <details><summary>Two independent Gaussians with variances 4 and 9 are added. What is the standard deviation of the sum?</summary>
# The variances add: 13, so about 3.6.
# <a href="https://en.wikipedia.org/wiki/Sum_of_normally_distributed_random_variables">Sums of Gaussians</a></details>
#
# <details><summary>What do <code>zero_grad()</code>, <code>backward()</code> and <code>step()</code> do, and in which order?</summary>
# They delete the old gradients, compute new ones, and use them to change the parameters, in this order.
# <a href="https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html">Optimisation in PyTorch</a></details>
#
# <details><summary>A function predicts y from x. Which prediction has the smallest mean squared error?</summary>
# The mean of y given x. Diffusion is built on this fact. Chapter 06 proves it.
# <a href="https://en.wikipedia.org/wiki/Minimum_mean_square_error">Minimum mean square error</a></details>
#
# ## What comes next
#
# | | chapter | minutes | what you build |
# | --- | --- | --- | --- |
# | 00 | start | 25 | your first noisy picture |
# | 01 | toy | 90 | a whole diffusion model for single numbers, beside its exact answer |
# | 02 | mixtures | 100 | points in the plane, and the exact arrows from noise to data |
# | 03 | schedules | 60 | how fast a picture becomes noise |
# | 04 | forward | 50 | noise in one step, and the exact step back |
# | 05 | reverse | 100 | the training loss and a working sampler |
# | 06 | objective | 95 | the reason for that loss; four views of one prediction |
# | 07 | blocks | 150 | the parts of the network, in two sittings |
# | 08 | unet | 60 | the whole network |
# | 09 | training | 100 | the training loop, and a network that draws clothes |
# | 10 | sampling | 100 | grids and films of samples; a denoiser that copies; ten typical bugs |
# | 11 | evaluation | 120 | five scores with their floors, and a case in which a score lies |
# | 12 | fast_sampling | 120 | three fast samplers, and a weak network that improves a strong one |
# | 13 | guidance | 120 | garments of one class at any weight, by a label or by a classifier, and where guidance leads |
# | 14 | editing | 130 | clean, draw, fill and walk between pictures, with the network that you have |
# | 15 | latent | 90 | an autoencoder, and diffusion among its latents |
# | 16 | flow | 110 | straight paths from noise to data, and why they are the diffusion that you know |
# | 17 | bugs | 130 | an eye for broken runs, repaired code, and a network for your own pictures |
#
# All chapters use the same symbols and the same names in the code. Call `notation()` in any notebook to see them in one table.
# `progress()` shows the quizzes that you have passed:

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What you now have
#
# - the forward process: your `add_noise` destroys a picture, and nothing is learned
# - the reverse process: a network removes a little noise in each of many steps
# - a way to check your work: `check`, `hint`, `solution`
#
# The network is the hard part, and a picture has 784 pixels. So chapter 01 starts with one number instead of a picture. There you build
# everything yourself, and you can compare it with the exact answer.
#
# ## Think about it
#
# 1. The network sees one noisy picture and predicts the noise. Many different clean pictures could have led to this noisy one. Which noise should
#    it predict?
# 2. What would happen if the sampler removed *all* of the predicted noise in the very first step?
# 3. What would the sampler make from 24 copies of the same noise?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239). For now, look at figure 2 and at
#   algorithms 1 and 2.
# - Xiao, Rasul, Vollgraf: Fashion-MNIST, [1708.07747](https://arxiv.org/abs/1708.07747).
