# %% [markdown]
# # 00 · Start
#
# **After this notebook you can** say what a diffusion model does, watch a picture drown in noise step by step, and draw new pictures
# with a trained network.
#
# **Minutes:** 10 · **Builds on:** Python and a little PyTorch (tensors, `nn.Module`). No diffusion, no GPU, no network.
#
# A generative model is a way from noise to data. A diffusion model finds that way backwards. First it *destroys* data in many
# small steps, each adding a little noise: that needs no learning at all. Then a network learns to undo one small step. Undo
# all of them, starting from pure noise, and a new picture appears.

# %%
try:
    import course_lib
except ModuleNotFoundError:
    raise SystemExit(
        "course_lib is not installed in this notebook's Python. Close JupyterLab, open a terminal in the course's folder, "
        "run `make lab` (on Windows: the three steps in README.md), and open this notebook from there."
    ) from None

import torch
from IPython.display import Image, display

from course_lib.checkpoints import load_checkpoint, sample_steps
from course_lib.forward import q_sample
from course_lib.gifs import denoising_frames, save_gif
from course_lib.images import class_names, load_images, to_model_range
from course_lib.plots import image_grid, show_images
from course_lib.schedules import NoiseSchedule
from course_lib.widgets import show_slider

print("course_lib", course_lib.__version__)

# %% [markdown]
# ## Look at the data first
#
# The course learns from small pictures of clothes, 28 x 28 pixels, ten classes. With a network connection these are the photographs
# of Fashion-MNIST. Without one, our own code draws garments like them. The line below says which you have.

# %%
images, labels = load_images()
names = class_names()
one_of_each = torch.stack([images[labels == label][1] for label in range(10)])
show_images(one_of_each, list(names), "Ten classes: the data that a model will learn to imitate", columns=10)

# %% [markdown]
# *In the picture: one garment of each class, white and grey on black.*
#
# ## Destroy a picture
#
# At time $t$ the picture is a mixture of itself, $x_0$, and noise $\epsilon$ of the same size:
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$$
#
# The number $\bar\alpha_t$ ("alpha-bar") falls from almost 1 to almost 0. Chapter 03 designs that fall, chapter 04 derives the formula.
# Here you only watch.
#
# **Predict before you run:** this schedule has 200 steps. At which step will you no longer be able to tell the class?

# %%
schedule = NoiseSchedule.from_name("cosine", timesteps=200)
garment = to_model_range(images[labels == names.index("Ankle boot")][:1])  # (1, 1, 28, 28) in [-1, 1]
noise = torch.randn(garment.shape, generator=torch.Generator().manual_seed(0))


def noised(step: int) -> torch.Tensor:
    return q_sample(garment, torch.tensor([step]), noise, schedule)


steps = [0, 25, 50, 75, 100, 125, 150, 199]
states = torch.cat([noised(step) for step in steps]).clamp(-1, 1)
show_images(states, [f"t = {step}" for step in steps], "One boot, ever more noise: the class goes last")

# %% [markdown]
# *In the picture: a boot at eight times. At t = 50 it is grainy, at t = 100 a shadow, at t = 199 only noise.*
#
# Most people lose the class somewhere between 120 and 150. The outline survives longest: large shapes cover many pixels, and over many
# pixels the noise averages out. Keep that in mind. On the way back the large shapes will come *first*.
#
# Now move the slider yourself.

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
# A small network was shown real garments at random times $t$, and learned to answer one question: *which noise is in this picture?*
# Below it starts from pure noise, which holds no garment at all. Two hundred times it is asked, and two hundred times a little of
# what it answers is taken away. It takes a few seconds.
#
# **Predict before you run:** will you be able to find the sixteen garments in the training data?

# %%
trained = load_checkpoint("fashion_mnist_cpu")
generator = torch.Generator(trained.schedule.device).manual_seed(0)
states = sample_steps(trained, 16, generator)
frames = list(denoising_frames(states, total=trained.schedule.timesteps + 1, count=24))
samples = frames[-1].cpu()
show_images(samples, [""] * 16, "Sixteen garments that nobody ever made", columns=8)

# %% [markdown]
# *In the picture: sixteen sampled garments, among them shoes, tops and trousers, some of them a little ragged.*
#
# They are in no data set. The network never stored one; it learned how garments *look* at each noise level. (How one would
# check that it does not copy: chapter 10 draws the nearest training image beside every sample.)
#
# And the same as a film:

# %%
save_gif([image_grid(frame, scale=2) for frame in frames], "../data/cache/start.gif")
display(Image(filename="../data/cache/start.gif", alt="Noise turns into sixteen garments."))

# %% [markdown]
# *In the picture: noise turns into sixteen garments. Watch the order: first where the garment is, then its kind, its folds last.*
#
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
# - Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, [2006.11239](https://arxiv.org/abs/2006.11239). Figure 2 and algorithms 1 and 2 will do for now.
# - Xiao, Rasul, Vollgraf: Fashion-MNIST, [1708.07747](https://arxiv.org/abs/1708.07747).
