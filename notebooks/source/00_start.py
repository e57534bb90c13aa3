# %% [markdown]
# # 00 · Start
#
# **After this notebook you can** say what a diffusion model does and how it differs from other generative models, watch a picture drown in
# noise, draw new pictures with a trained network, and answer a quiz.
#
# **Minutes:** 25 · **Builds on:** Python and a little PyTorch. No diffusion, no GPU, no network connection.
#
# A generative model is a way from noise to data. A diffusion model finds that way backwards. First it *destroys* data in many
# small steps, each adding a little noise: that needs no learning at all. Then a network learns to undo one small step. Undo
# all of them, starting from pure noise, and a new picture appears.

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
from torch import Tensor

from course_lib.forward import q_sample
from course_lib.images import class_names, load_images
from course_lib.pictures.gifs import denoising_frames
from course_lib.pictures.plots import image_grid, show_images
from course_lib.pictures.widgets import show_gif, show_slider
from course_lib.quizzes import check, hint, progress, question
from course_lib.runs.checkpoints import load_checkpoint, sample_steps
from course_lib.schedules import NoiseSchedule

print("course_lib", course_lib.__version__)

# %% [markdown]
# ## A real sample, within a minute
#
# Below, a small network starts from pure noise, which holds no garment at all. Two hundred times it is asked *which noise is in this
# picture?*, and two hundred times a little of what it answers is taken away. It takes ten to twenty seconds without a GPU.

# %%
trained = load_checkpoint("fashion_mnist")
generator = torch.Generator(trained.schedule.device).manual_seed(0)
states = sample_steps(trained, 16, generator)
frames = list(denoising_frames(states, total=trained.schedule.timesteps + 1))
show_gif(
    [image_grid(frame, scale=2) for frame in frames], "Noise turns into sixteen garments."
)

# %% [markdown]
# *In the picture: sixteen squares of noise turn into sixteen garments. Watch which part of them you can tell first: a question about it
# comes below.*
#
# Nobody ever made these garments, and they are in no data set. The network never stored one; it learned how garments *look* at each
# level of noise. (How to check that it does not copy: chapter 10 draws the nearest training image beside every sample.)
#
# ## Three ways from noise to data
#
# | | VAE | GAN | diffusion |
# | --- | --- | --- | --- |
# | the way | one decoder, one leap | one generator, one leap | one denoiser, many small steps |
# | learns from | rebuilding its input | fooling a critic | naming the noise in a picture |
# | the loss | a bound on the likelihood | a game between two networks | a plain squared error |
# | known for | blurred pictures, a smooth code | sharp pictures, missing kinds ("modes"), hard to train | sharp pictures, all kinds, slow to sample |
# | read | [1312.6114](https://arxiv.org/abs/1312.6114) | [1406.2661](https://arxiv.org/abs/1406.2661) | [2006.11239](https://arxiv.org/abs/2006.11239) |
#
# "Slow to sample" is the price of small steps. Chapter 12 brings it down by a factor of ten and more.
#
# ## Look at the data
#
# The course learns from small pictures of clothes, 28 x 28 pixels, ten classes. With a network connection these are the photographs
# of Fashion-MNIST. Without one, our own code draws garments like them. The line below says which you have.

# %%
images, labels = load_images()
names = class_names()
one_of_each = torch.stack([images[labels == label][1] for label in range(10)])
show_images(
    one_of_each,
    list(names),
    "Ten classes: the data that a model learns to imitate",
    columns=10,
)

# %% [markdown]
# *In the picture: one garment of each class, white and grey on black.*
#
# ## Your first quiz
#
# A quiz is a function without a body, and a `check` under it. Run the check *before* you write anything: it tells you that nothing is
# there yet, and the course's own function stands in, so that the rest of the notebook runs. Then write a wrong answer on purpose and
# see what it says. A wrong answer costs nothing.
#
# The images hold whole numbers from 0 (black) to 255 (white). The noise will have mean 0 and standard deviation 1. To fade into it
# the images should go from -1 to 1.


# %% quiz="to_model_range"
def to_model_range(images: Tensor) -> Tensor:
    """uint8 0 ... 255, any shape, to float32 in [-1, 1]."""
    raise NotImplementedError


# %%
to_model_range = check(to_model_range)

# %% [markdown]
# Stuck? `hint` has a nudge first and the formula last: open one after the other. `solution("to_model_range")` shows the course's own.
# A check stops what runs too long. If it cannot, choose Kernel > Restart: what you passed is noted.

# %%
hint("to_model_range")

# %% [markdown]
# Some quizzes are questions: predict, then run. Write the letter between the quotes.

# %%
question("why_minus_one_to_one")

# %% quiz="why_minus_one_to_one"
why_minus_one_to_one = ""  # your letter, between the quotes

# %%
check(why_minus_one_to_one, "why_minus_one_to_one")

# %% [markdown]
# ## Destroy a picture
#
# At time $t$ the picture $x_t$ is a mixture of the clean picture $x_0$ and noise $\epsilon$ of the same shape:
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$$
#
# The number $\bar\alpha_t$ ("alpha-bar") falls from almost 1 to almost 0. Chapter 03 designs that fall, chapter 04 derives the formula.
# Here you only watch. The schedule has 200 steps: at which will you no longer be able to tell the class?

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=200)
garment = to_model_range(
    images[labels == names.index("Ankle boot")][:1]
)  # (1, 1, 28, 28) in [-1, 1]
noise = torch.randn(garment.shape, generator=torch.Generator().manual_seed(0))


def noised(step: int) -> Tensor:
    return q_sample(garment, torch.tensor([step]), noise, schedule)


steps = [0, 25, 50, 75, 100, 125, 150, 199]
states = torch.cat([noised(step) for step in steps]).clamp(-1, 1)
show_images(
    states,
    [f"t = {step}" for step in steps],
    "One boot, ever more noise: fine detail goes first, the outline last",
)

# %% [markdown]
# *In the picture: a boot at eight times. At t = 50 it is grainy, at t = 100 a shadow, at t = 199 only noise.*
#
# Where did you lose the class? Now move the slider and look closer.

# %%
show_slider(
    draw=lambda step: image_grid(noised(step), scale=8),
    values=range(0, 200, 5),
    label="t",
    still=image_grid(states, columns=8, scale=3),
    alternative="A slider over t from 0 to 195, and the boot at that time.",
)

# %% [markdown]
# *In the picture: the boot at the time that the slider shows (where no slider can run: the eight times from above).*
#
# ## The way back
#
# %%
question("what_comes_back_first")

# %% quiz="what_comes_back_first"
what_comes_back_first = ""  # your letter, between the quotes

# %%
check(what_comes_back_first, "what_comes_back_first")

# %%
show_images(
    torch.cat([frames[place][:8].cpu() for place in (6, 11, 15, 21)]).clamp(-1, 1),
    [""] * 32,
    "Eight samples on their way (from above): the outline comes first",
    columns=8,
)

# %% [markdown]
# *In the picture: the first eight samples at four moments, one row each; in the second row the outlines show, in the third the kinds.*
#
# ## Are you ready?
#
# Four questions about what the course takes for granted. If one is hard, the link helps for an hour.
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
# Forget the old gradients, compute new ones, change the parameters along them. In this order.
# <a href="https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html">Optimisation in PyTorch</a></details>
#
# <details><summary>A function must guess y from x so that the mean squared error is smallest. What is the best guess?</summary>
# The mean of y given x. All of diffusion hangs on this one fact; chapter 06 proves it.
# <a href="https://en.wikipedia.org/wiki/Minimum_mean_square_error">Minimum mean square error</a></details>
#
# ## One name for each thing
#
# | symbol | in code | in words | where |
# | --- | --- | --- | --- |
# | $x_0$ | `x_start` | a clean sample; images in [-1, 1] | [2006.11239](https://arxiv.org/abs/2006.11239), section 2 |
# | $x_t$ | `x_t` | the sample at time t; t = 0 is the paper's t = 1 | eq. 4 |
# | $\epsilon$ | `noise` | standard normal, in the shape of x | eq. 4 |
# | $T$ | `schedule.timesteps` | number of steps | section 2 |
# | $\beta_t$ | `schedule.betas` | variance of the noise that step t adds | eq. 2 |
# | $\alpha_t$ | `schedule.alphas` | 1 - beta | section 2 |
# | $\bar\alpha_t$ | `schedule.alphas_cumprod` | share of the variance that is still signal | eq. 4 |
# | $\bar\alpha_{t-1}$ | `schedule.alphas_cumprod_prev` | the same one step before, 1 at t = 0 | eq. 7 |
# | $\tilde\beta_t$ | `schedule.posterior_variance` | variance of the step back | eq. 7 |
# | $q(x_t \mid x_{t-1})$ | `forward.q_step` | one noising step | eq. 2 |
# | $q(x_t \mid x_0)$ | `forward.q_sample` | all of them at once | eq. 4 |
# | $q(x_{t-1} \mid x_t, x_0)$ | `forward.q_posterior` | the step back, if x_0 is known | eqs. 6, 7 |
# | $p_\theta(x_{t-1} \mid x_t)$ | `reverse.p_sample` | the step back by the network | algorithm 2 |
# | $L_\mathrm{simple}$ | `reverse.p_losses` | the training loss | eq. 14 |
# | $\sigma_i$ | `toy.noise_levels` | spread of the noise at level i (chapters 01 and 02) | [1907.05600](https://arxiv.org/abs/1907.05600), section 4.1 |
# | $\nabla \log p(x)$ | `mixtures.mixture_score` | the score of a mixture: the slope of its log-density | [1907.05600](https://arxiv.org/abs/1907.05600), section 2 |
# | $\hat x_0$ | `reverse.predict_start_from_noise` | the guess at x_0 behind a guess at the noise | eq. 15 |
# | $v$ | `objective.v_from_start_and_noise` | what lies between noise and x_0 | [2202.00512](https://arxiv.org/abs/2202.00512), section 4 |
# | $\nabla \log q(x_t)$ | `objective.score_from_noise` | the score at t: minus the noise over its spread | [2011.13456](https://arxiv.org/abs/2011.13456) |
# | $D(q \parallel p)$ | `objective.kl_between_gaussians` | KL divergence, in nats | eq. 5 |
# | $w_t$ | `objective.bound_weight` | what the bound weighs a squared error at t with | eq. 12 |
# | $\theta_\mathrm{ema}$ | `training.ema_update` | averaged weights: those that sample | appendix B |
# | $\mathrm E[x_0 \mid x_t]$ | `sampling.optimal_denoiser_of_dataset` | the best guess at x_0, for a training set | [2206.00364](https://arxiv.org/abs/2206.00364), appendix B.3 |
# | $\mathrm{SNR}(t)$ | `schedules.snr` | signal variance over noise variance | [2107.00630](https://arxiv.org/abs/2107.00630), eq. 2 |
#
# ## The map
#
# | | chapter | minutes | you build |
# | --- | --- | --- | --- |
# | 00 | start | 25 | nothing yet |
# | 01 | toy | 50 | a whole diffusion model in 82 lines, beside its exact answer |
# | 02 | mixtures | 60 | the exact arrows from noise to data, and what loses a mode |
# | 03 | schedules | 40 | how fast a picture fades |
# | 04 | forward | 45 | noise in one leap, and the exact step back |
# | 05 | reverse | 80 | the training loss and a working sampler |
# | 06 | objective | 70 | the reason for that loss, term by term; four views of one prediction |
# | 07 | blocks | 140 | the parts of the U-Net, each because a measured failure asks for it |
# | 08 | unet | 50 | the whole U-Net, wired and measured |
# | 09 | training | 75 | the training loop; a network that draws garments, and may be killed at any moment |
# | 10 | sampling | 70 | grids and films of samples; the denoiser that copies; ten faults by sight |
#
# The other chapters are on their way; `README.md` has the whole list.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What you now have
#
# - a forward process: noise added by a formula, nothing learned
# - a reverse process: one network, asked once for each step
# - everything running on your own machine
#
# ## Think about it
#
# 1. The network sees one noisy picture and must name the noise. Many clean pictures could have led there. Which one should it answer with?
# 2. What would happen if you took *all* of the predicted noise away in the very first step?
# 3. Why start from *random* noise? What would you get from 16 copies of the same noise?
#
# ## Read on
#
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239). Figure 2 and algorithms 1
#   and 2 will do for now.
# - Xiao, Rasul, Vollgraf: Fashion-MNIST, [1708.07747](https://arxiv.org/abs/1708.07747).
