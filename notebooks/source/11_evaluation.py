# %% [markdown]
# # 11 · Evaluation
#
# **After this notebook you can** score samples in five ways and say what each score cannot see, put a floor and error bars beside a number,
# notice when a score has been flattered, compute how many bits a model needs for an image, and read a table of scores in a paper.
#
# **Minutes:** 120, in two sittings · **Builds on:** 06 (the bound), 10 (samples, and the nearest training images)
#
# | sitting | minutes | at its end you have |
# | --- | --- | --- |
# | 1. Measure | 65 | five scores that you wrote yourself, with their floors |
# | 2. Doubt | 55 | a case in which a score lies, a bound in bits, and a test for copies |
#
# Nothing is trained here. The longest cell takes about 15 seconds on one core.

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
import warnings
import zlib
from dataclasses import replace

import torch
from torch import Tensor, nn

from course_lib.drawings.evaluation import (
    by_class,
    read_table,
    show_balls,
    show_bits,
    show_clouds,
    show_levels,
    show_measures,
    show_nearest,
    show_pair,
    show_report,
    show_sizes,
    show_weights,
    weight_frames,
    weight_sweep,
)

# %%
from course_lib.evaluation import (
    bin_log_probability,
    fit_gaussian,
    prior_bits,
)
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.images import load_images, to_model_range, to_uint8
from course_lib.judges.judge import load_judge
from course_lib.judges.scoring import draw_labels
from course_lib.mixtures import GaussianMixture
from course_lib.objective import kl_between_gaussians
from course_lib.pictures.widgets import show_film
from course_lib.quizzes import after_answer, check, question
from course_lib.reverse import p_mean
from course_lib.runs.checkpoints import denoiser, load_checkpoint
from course_lib.runs.guides import usual_guide
from course_lib.runs.samplers import Sampler
from course_lib.schedules import NoiseSchedule
from course_lib.types import Model, Predicts

# %% [markdown]
# # Sitting 1: measure
#
# ## Which model is better?
#
# Two models drew 256 garments each. They are class-conditional and were asked for the same classes, and they began with the same noise. What
# they are you will learn in sitting 2. Here are the first 40 samples of each. Drawing them takes about 15 seconds.

# %% tags=["fold"]
checkpoint = load_checkpoint("fashion_mnist")
weak = replace(
    usual_guide("fashion_mnist"), lowest=0.0, highest=math.inf
)  # sitting 2 says what it is
sampler = Sampler("dpm_solver", 13, "log_snr")  # chapter 12 teaches it


def draw(weight: float, labels: Tensor, seed: int = 0) -> Tensor:
    """A sample for each of the labels, uint8 (B, 1, 28, 28)."""
    guide = replace(weak, weight=weight) if weight != 1 else None
    labels = labels.to(checkpoint.schedule.device)
    network = denoiser(checkpoint, labels, sampler=sampler, guide=guide)
    generator = torch.Generator().manual_seed(seed)
    return to_uint8(network.sample(len(labels), generator)).cpu()


n = 256
labels = draw_labels(10, n, seed=0)
samples = {"A": draw(1, labels), "B": draw(2, labels)}
show_pair(*(images[:40] for images in samples.values()))

# %%
question("two_grids")

# %% quiz="two_grids"
two_grids = ""  # your letter, between the quotes

# %%
check(two_grids, "two_grids")

# %% tags=["fold"]
with after_answer("two_grids"):
    sorted_ones = [by_class(images, labels) for images in samples.values()]
    show_pair(*sorted_ones, columns=5, names=checkpoint.class_names)
    trousers = [images[labels == 1].float() for images in samples.values()]
    spread = [x.mean(dim=(1, 2, 3)).std() for x in trousers]
    assert spread[1] < 0.8 * spread[0]
    print("Sorted by class, and each row from dark to bright")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Sorted by class and shade, the right grid is easy to read: hardly any trousers, dresses or coats are dark, and odd garments are missing. In the mixed
# grid this is hard to see. The eye judges one garment after another, and each single one is good. Variety belongs to the *set*.
#
# So there are two questions: is each sample good, and is everything there? A score should answer both, and it should not depend on what you
# happened to look at.
#
# </details>
#
# ## What a judge sees
#
# To compare two sets of images you need numbers for each image. Pixels are a bad choice: move a shoe by one pixel, and hundreds of them
# change. Take a classifier instead, a network that was trained to name garments on real photographs. We do not ask for its answer. We
# take what its last layer reads: 128 numbers for each image, its **features**. Images that look alike to the classifier have similar features.
#
# Such a classifier is our **judge**. The photographs of Fashion-MNIST are not in this course, but what the judge saw in the 10,000 test images is:
# `judge.test_features`.

# %%
judge = load_judge("fashion_mnist")
real = judge.test_features
seen = {name: judge.features(images) for name, images in samples.items()}
print("real photographs:", tuple(real.shape))
print("samples of A:", tuple(seen["A"].shape))

# %%
show_clouds(real[:300], seen)

# %% [markdown]
# The arms of the clouds are the classes. Each ellipse is a Gaussian: the mean and the covariance of one cloud, drawn at two
# standard deviations.
#
# ## One number: the Fréchet distance
#
# How far are two clouds apart? The answer that most papers give: fit a Gaussian to each cloud, and measure how far the two Gaussians are apart
# ([1706.08500](https://arxiv.org/abs/1706.08500), equation 6):
#
# $$d^2 = |m_1 - m_2|^2 + \operatorname{tr}(C_1) + \operatorname{tr}(C_2) - 2 \operatorname{tr}\bigl((C_1 C_2)^{1/2}\bigr)$$
#
# In one dimension this is $(m_1 - m_2)^2 + (s_1 - s_2)^2$: the means differ, or the widths do. With features of the Inception network its name is
# **FID**.
#
# The difficult part is the root of a matrix. You need only its trace, and a trace is the sum of the eigenvalues. $C_1 C_2$ is not
# symmetric. But it has the same eigenvalues as $C_1^{1/2} C_2\, C_1^{1/2}$, which is symmetric and has no negative ones.
#
# <details><summary>Why the same eigenvalues?</summary>
#
# Let $R = C_1^{1/2}$, and let it be invertible. Then $C_1 C_2 = R\,(R\,C_2 R)\,R^{-1}$. If $v$ is an eigenvector of $R\,C_2 R$, then $R v$ is one of
# $C_1 C_2$, with the same eigenvalue. If $C_1$ is not invertible, move it a little; eigenvalues are continuous.
#
# $R\,C_2 R$ has no negative eigenvalues because $v^\top R\,C_2 R\,v = (Rv)^\top C_2 (Rv) \ge 0$.
#
# </details>
#
# `torch.linalg.eigh` gives eigenvalues and eigenvectors of a symmetric matrix. Rounding can make an eigenvalue of 0 slightly negative: clamp it.


# %% quiz="frechet_distance"
def frechet_distance(
    mean1: Tensor, covariance1: Tensor, mean2: Tensor, covariance2: Tensor
) -> Tensor:
    """The squared Wasserstein distance of two Gaussians, a scalar; means
    (d,), covariances (d, d).
    """
    raise NotImplementedError


# %%
frechet_distance = check(frechet_distance)


# %%
def distance(one: Tensor, other: Tensor) -> float:
    """The Fréchet distance of two sets of features, (n, d) and (m, d)."""
    gaussians = fit_gaussian(one), fit_gaussian(other)
    return float(frechet_distance(*gaussians[0], *gaussians[1]))


for name, features in seen.items():
    print(f"model {name}: {distance(features, real):.1f}")

# %% [markdown]
# So the judge finds B *nearer* to the real photographs, although B has less variety. Remember this: sitting 2 comes back to it.
#
# And is 0.3 a lot? The number does not say. It depends on the network, on its layer, and on something that surprises most people: on the number
# of images.

# %%
question("what_n_does")

# %% quiz="what_n_does"
what_n_does = ""  # your letter, between the quotes

# %%
check(what_n_does, "what_n_does")

# %%
sizes = (128, 512, 2048)
exact = torch.zeros(128).double(), torch.eye(128).double()
normal: dict[int, list[float]] = {size: [] for size in sizes}
photographs: dict[int, list[float]] = {size: [] for size in sizes}
for seed in range(3):
    seeded = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(real), generator=seeded)
    for size in sizes:
        drawn = fit_gaussian(torch.randn(size, 128, generator=seeded))
        normal[size].append(float(frechet_distance(*drawn, *exact)))
        some, others = real[order[:size]], real[order[size:]]
        photographs[size].append(distance(some, others))

# %% tags=["fold"]
with after_answer("what_n_does"):
    show_sizes(
        {
            "real images against the others": photographs,
            "points of N(0, I) against N(0, I)": normal,
        },
        "Fréchet distance",
    )
    assert all(abs(value - 40.3) < 2 for value in normal[128])
    assert max(photographs[2048]) < 0.3 * min(photographs[128])
    print("128 points of N(0, I) against N(0, I): about 40")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Points are not at distance 0 from their own source. The fitted Gaussian is an estimate, and its errors add to the distance: they never cancel,
# because a distance cannot be negative. This is called **bias**. It falls about as $1/n$. With 128 points the estimated covariance of N(0, I) has
# eigenvalues from 0 to almost 4, and all should be 1.
#
# For N(0, I) the bars (three seeds) are hardly visible. So the error is not chance: repeating the measurement does not help. More images do.
#
# So distances of 50,000 samples in one paper and of 10,000 in another cannot be compared ([1911.07023](https://arxiv.org/abs/1911.07023)).
#
# </details>
#
# ## The floor
#
# So a score needs a second number beside it. The **floor** of a score is what as many *real* images reach that the reference does not contain. A
# perfect model cannot expect more than that.
#
# `judge.split(seed)` shuffles the test images and returns two parts: 2,048 held out for the floor, and 7,952 as the reference. There are three
# splits, so we get error bars for what chance does to the reference and the floor.

# %%
splits = [judge.split(seed) for seed in range(3)]
for held_out, reference in splits:
    floor = distance(held_out[:n], reference)
    away = [distance(features, reference) for features in seen.values()]
    assert all(0.8 * floor < value < 4 * floor for value in away)
    print(f"floor of {n} real images: {floor:.2f}")

# %% [markdown]
# So 0.2 and 0.3 are not much for 256 images: real ones have 0.1 to 0.3. At this size a distance is mostly bias, and even three floors differ a lot.
# For a fair score take more images: the course's own command takes 2,048.
#
# ## A distance without bias
#
# Can a distance be 0 on average when both sets have the same source, however few images there are? Yes, if you let it be negative at times. Choose a
# kernel $k(x, y)$, a measure of how similar two feature vectors are. Compare three means of it: within the first set, within
# the second, and between the two.
#
# $$\text{mean } k(x, x') + \text{mean } k(y, y') - 2\, \text{mean } k(x, y), \qquad k(x, y) = \left(\tfrac{x \cdot y}{d} + 1\right)^3$$
#
# If both sets have one source, all three means estimate the same number. One detail matters: within a set, do not compare a row with
# itself. It is too similar to itself, and that is where the bias would come back. This is the **kernel distance**, KID
# ([1801.01401](https://arxiv.org/abs/1801.01401)). It sees more than mean and covariance: the cube also compares skewness.


# %% quiz="kernel_distance"
def kernel_distance(features1: Tensor, features2: Tensor) -> Tensor:
    """The squared maximum mean discrepancy of features (n, d) and (m, d), a
    scalar: KID.

    With the kernel k(x, y) = (x·y / d + 1)³ it is the mean k between two
    different rows of features1, plus the same of features2, less twice the
    mean k between a row of features1 and one of features2. A row is not
    compared with itself: so the mean over many draws is 0 if both have one
    distribution, whatever n is, and a single value can be negative.
    """
    raise NotImplementedError


# %%
kernel_distance = check(kernel_distance)

# %%
photographs = {64: [], 128: [], 256: [], 512: []}
for seed in range(20):
    seeded = torch.Generator().manual_seed(seed)
    shuffled = real[torch.randperm(len(real), generator=seeded)]
    for size, found in photographs.items():
        halves = shuffled[:size], shuffled[size : 2 * size]
        found.append(float(kernel_distance(*halves)))
show_sizes({"real images": photographs}, "Kernel distance", log=False)
for found in photographs.values():
    values = torch.tensor(found)
    assert values.mean().abs() < 3 * values.std() / len(found) ** 0.5
    assert values.min() < 0 < values.max()

# %% [markdown]
# The bars are standard deviations over 20 draws. The mean stays near 0 at each $n$, and about half of the values are negative. More images make the
# bars shorter and move nothing. So KID is the better choice when you have few images. A model whose KID lies within the bar of real images cannot be
# told from them *by this kernel*.
#
# ## A score that never sees a real image
#
# The oldest of these scores is still in many tables: the **Inception score** ([1606.03498](https://arxiv.org/abs/1606.03498)). It uses the judge's answers, the
# probabilities $p(y \mid x)$ of the ten classes. Two things should be true: each image is clearly of one class, and over all
# images each class is there. So compare $p(y \mid x)$ with the mean over all images, $p(y)$:
#
# $$\exp\Bigl(\tfrac 1 n \textstyle\sum_x \mathrm{KL}\bigl(p(y \mid x)\,\|\,p(y)\bigr)\Bigr)$$
#
# The best value is the number of classes, 10, and the worst is 1. Here more is better.


# %% quiz="inception_score"
def inception_score(probabilities: Tensor) -> Tensor:
    """exp of the mean KL(p(y | x) || p(y)), a scalar from 1 to K;
    probabilities (n, K), a classifier's for n images.

    p(y) is the mean of the rows.
    """
    raise NotImplementedError


# %%
inception_score = check(inception_score)

# %%
question("what_fools_it")

# %% quiz="what_fools_it"
what_fools_it = ""  # your letter, between the quotes

# %%
check(what_fools_it, "what_fools_it")

# %%
sure = judge.probabilities(seen["A"])
ten = sure.argmax(dim=0)  # the sample that is surest of each class
repeated = seen["A"][ten].repeat(25, 1)
four = {"real images": real[:2048], **seen, "ten samples": repeated}
scores = {
    name: float(inception_score(judge.probabilities(features)))
    for name, features in four.items()
}

# %% tags=["fold"]
with after_answer("what_fools_it"):
    order = sorted(scores, key=scores.get, reverse=True)
    print("Inception score, the best first:", ", ".join(order))
    assert order == ["ten samples", "B", "real images", "A"]
    assert distance(repeated, real) > 2 * distance(seen["A"], real)
    print("Fréchet distance of the ten samples: more than twice A's")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Ten images, repeated, beat everything, and model B beats reality. Real photographs do not get 10, because some of them are hard to name: a long pullover
# looks like a dress. So "more is better" is only true up to the value of real images. Beyond it, a better score means a larger distance from them.
#
# The Fréchet distance is not fooled by the ten, because it compares with real images.
#
# </details>
#
# ## Two numbers instead of one
#
# A distance mixes two faults: samples that are bad, and samples that are missing. **Precision** and **recall** separate them
# ([1904.06991](https://arxiv.org/abs/1904.06991)). Put a ball around each real point that reaches to its third nearest real neighbour. Together the balls
# cover the region where real points lie.
#
# - precision: the share of the *drawn* points that lie in a ball around a real one. Are the samples good?
# - recall: the share of the *real* points that lie in a ball around a drawn one. Is everything there?

# %%
question("a_mode_is_missing")

# %% quiz="a_mode_is_missing"
a_mode_is_missing = ""  # your letter, between the quotes

# %%
check(a_mode_is_missing, "a_mode_is_missing")

# %% [markdown]
# Write it. `torch.cdist(a, b)` has all distances between rows of a and rows of b, and `x.kthvalue(k, dim=1).values` is the k-th smallest value
# of each row. Take care: a point is not its own neighbour.


# %% quiz="precision_recall"
def precision_recall(
    real: Tensor, generated: Tensor, k: int = 3
) -> tuple[Tensor, Tensor]:
    """(precision, recall), scalars from 0 to 1, of features real (n, d) and
    generated (m, d).

    Around each row of a set lies a ball that reaches to its k-th nearest
    other row of that set. Precision is the share of the generated rows that
    lie in a ball of the real ones: are the samples good? Recall is the share
    of the real rows that lie in a ball of the generated ones: is everything
    there? The border belongs to the ball.
    """
    raise NotImplementedError


# %%
precision_recall = check(precision_recall)

# %%
means = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
seeded = torch.Generator().manual_seed(0)
truth = GaussianMixture(means, 0.2)
points = truth.sample(64, seeded)
models = {
    "all four clusters": truth.sample(64, seeded),
    "one cluster missing": GaussianMixture(means[:3], 0.2).sample(64, seeded),
    "wider clusters": GaussianMixture(means, 0.4).sample(64, seeded),
}
pairs = {name: precision_recall(points, x) for name, x in models.items()}

# %% tags=["fold"]
with after_answer("a_mode_is_missing"):
    show_balls(points, models, k=3)
    for name, (precision, recall) in pairs.items():
        print(f"{name:20} precision {precision:.2f}, recall {recall:.2f}")
    same, missing, wide = pairs.values()
    assert missing[0] > same[0] - 0.1
    assert missing[1] < same[1] - 0.15
    assert wide[0] < same[0] - 0.2

# %% [markdown]
# <details><summary>What you saw</summary>
#
# The first column is a perfect model. It does not get 1 and 1: a few points lie outside of all balls by chance. So these scores, too, need their floor. And they
# depend on $n$ and $k$: use the same for all that you compare.
#
# With a cluster missing, only recall falls. With wider clusters precision falls, and recall even rises: lonely points have large balls. That is a
# weakness of recall, so never read it alone.
#
# </details>
#
# ## Back to the two models
#
# Now all five scores for A, B and as many real images. Each has three points, for the three splits of the real images. The samples are one run.


# %%
def measures(features: Tensor, reference: Tensor) -> dict[str, float]:
    """What the judge says of a set of features, beside real ones."""
    precision, recall = precision_recall(reference[: len(features)], features)
    probabilities = judge.probabilities(features)
    return {
        "Fréchet": distance(features, reference),
        "kernel": 1000 * float(kernel_distance(features, reference)),
        "Inception": float(inception_score(probabilities)),
        "precision": float(precision),
        "recall": float(recall),
    }


report = {
    name: [measures(features, reference) for _, reference in splits]
    for name, features in seen.items()
} | {"real": [measures(held[:n], reference) for held, reference in splits]}
show_report(report, "Five scores of 256 images (kernel: times 1,000)")

# %% tags=["fold"]
mean = {
    who: {key: sum(found[key] for found in three) / 3 for key in three[0]}
    for who, three in report.items()
}
assert mean["B"]["Fréchet"] < mean["A"]["Fréchet"]
assert mean["B"]["precision"] > mean["A"]["precision"] - 0.02
assert mean["B"]["recall"] < mean["A"]["recall"]
print("B has the smaller distance, and the smaller recall")

# %% [markdown]
# By the Fréchet distance B is better and nearly as good as real images. By recall A is better. So B's samples sit where the real ones are dense.
# Most papers report the distance only. They would choose B.
#
# <details><summary>Is that chance? Two other seeds</summary>
#
# We drew 256 samples of each model with three seeds, each with its split of the real images:
#
# | seed | | distance | precision | recall |
# | --- | --- | --- | --- | --- |
# | 0 | A / B / floor | 0.27 / 0.23 / 0.14 | 0.90 / 0.96 / 0.92 | 0.88 / 0.82 / 0.88 |
# | 1 | A / B / floor | 0.28 / 0.26 / 0.26 | 0.85 / 0.91 / 0.90 | 0.87 / 0.86 / 0.87 |
# | 2 | A / B / floor | 0.26 / 0.25 / 0.22 | 0.86 / 0.89 / 0.88 | 0.86 / 0.77 / 0.93 |
#
# So it is the same three times: B has the smaller distance, the higher precision and the lower recall.
#
# </details>
#
# ## The same with a library
#
# In a project of your own you would take a library. `torchmetrics` accepts any module that turns images into features. Ours passes
# features through, because the real images are here only as features.


# %%
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance


class Seen(nn.Module):
    """uint8 images (B, 1, 28, 28) or features (B, 128) -> features."""

    num_features = 128

    def forward(self, x: Tensor) -> Tensor:
        return judge.features(x) if x.dtype == torch.uint8 else x


warnings.filterwarnings("ignore", message="Metric `Kernel Inception")
fid = FrechetInceptionDistance(Seen())
kid = KernelInceptionDistance(Seen(), subsets=1, subset_size=n)
for metric in (fid, kid):
    metric.update(real[:n], real=True)
    metric.update(samples["A"], real=False)

# %%
ours = distance(seen["A"], real[:n])
assert abs(float(fid.compute()) - ours) < 1e-3 * ours
ours = float(kernel_distance(seen["A"], real[:n]))
assert abs(float(kid.compute()[0]) - ours) < 1e-6
print("torchmetrics and your functions agree")

# %% [markdown]
# <details><summary>And with the Inception network, as in papers?</summary>
#
# FID in papers means: features of Inception v3, a network that was trained on the colour photographs of ImageNet, with 2,048 features. Its weights are a file
# of 95 MB. `course evaluate fashion_mnist --inception` first says what it needs, and what it would download from where.
#
# For 28 × 28 grey garments it is a poor judge: it never learned what a pullover is, and images must be enlarged to 299 × 299. Even for photographs people have
# shown its odd habits ([2203.06026](https://arxiv.org/abs/2203.06026)).
#
# Scores cannot be compared if anything of this differs: the network and its layer, how images are resized, the number of samples, the reference
# (training or test images), the floor. Our "0.3" and a paper's "FID 2.1" have nothing to do with each other.
#
# </details>
#
# **End of sitting 1.** You have five scores, each with a floor. A good place for a break.
#
# # Sitting 2: doubt
#
# ## A weight to turn
#
# Now you learn what B is. **Autoguidance** asks two networks at each step, a good one and a weaker one, and moves from the weak
# answer through the good one and beyond: weak + w · (good − weak) ([2406.02507](https://arxiv.org/abs/2406.02507)). With $w = 1$ it is the good network alone, model A;
# model B has $w = 2$, and chapter 12 teaches the rest.
#
# Which $w$ is best? Let us do what everybody does: draw samples for several $w$, score them, take the best. The scores are in
# `data/fast_sampling.csv`: 2,048 samples for each weight, three seeds, each beside its floor. Here is the judge that you know. A is the first point, B the last.

# %%
judges = {
    "first judge": "fashion_mnist",
    "second judge": "fashion_mnist_convnext",
    "third judge": "fashion_mnist_plain",
}
table = read_table("fast_sampling")
sweeps = {who: weight_sweep(table, name) for who, name in judges.items()}
ratios = {
    who: {
        weight: [row["distance"] / row["floor"] for row in rows]
        for weight, rows in sweep.items()
    }
    for who, sweep in sweeps.items()
}
first, second, third = ratios.values()
show_weights(
    {"first judge": first}, "One judge, while the weight is turned up"
)

# %% [markdown]
# A thin line is one seed, the thick one their mean, and the blue line is the floor. By this judge $w = 1.3$ is best: it takes the distance
# from about 4 times the floor to 1.5 times, and each of the three seeds says so. A great success?
#
# Let us ask a second judge. It was trained on the same photographs, and names 91 % of the test images rightly; the first one names 95 %. Its layers
# are others: patches, large depthwise convolutions, another norm (a small ConvNeXt). In our story $w$ was chosen without it.

# %%
question("the_second_judge")

# %% quiz="the_second_judge"
the_second_judge = ""  # your letter, between the quotes

# %%
check(the_second_judge, "the_second_judge")

# %% tags=["fold"]
with after_answer("the_second_judge"):
    two = {"first judge": first, "second judge": second}
    show_weights(two, "Two judges, the same samples", best=True)
    mean = {
        who: {w: sum(found) / len(found) for w, found in ratio.items()}
        for who, ratio in ratios.items()
    }
    best = {who: min(found, key=found.get) for who, found in mean.items()}
    assert (best["first judge"], best["second judge"]) == (1.3, 1.1)
    assert all(first[1.3][s] < first[1][s] / 2 for s in range(3))
    assert all(second[1.3][s] > second[1][s] for s in range(3))
    print("weight 1.3 instead of 1, in each of three seeds:")
    print("first judge   less than half of the distance")
    print("second judge  more distance")

# %% [markdown]
# <details><summary>What you saw</summary>
#
# A little guidance, $w = 1.1$, is better for both judges. Then they part. The first judge sees a triumph at 1.3. The second one sees *more*
# distance there than without any guide. And at the right end, for model B, it sees three times the distance of A, while for the first judge A and B are equally far.
#
# What does the second judge miss in B? The same as you, when you had sorted the garments: variety.
#
# The thin lines differ in height, because each seed has its own classes and its own floor; two even dip below the floor. That is chance. But all have the same
# shape.
#
# </details>
#
# Here are the first nine garments while $w$ grows, so A's become B's. Watch the garments and both curves.

# %%
weights = (1, 1.1, 1.3, 1.5, 1.75, 2)
strip = {weight: draw(weight, labels[:9]) for weight in weights}

# %% tags=["fold"]
with after_answer("the_second_judge"):
    show_film(
        weight_frames(strip, two),
        "Nine garments get brighter, smoother and harder in their contrasts "
        "as the weight grows, while a line moves to the right through the "
        "curves of two judges.",
        seconds=6,
    )

# %% [markdown]
# ## Whom do you believe?
#
# Two judges, two opinions. There is a third one, with a third architecture: plain strided convolutions and a fully connected layer. No
# setting of this course was chosen by its score. So it has the last word.

# %% tags=["fold"]
with after_answer("the_second_judge"):
    show_weights(ratios, "Three judges, the same samples", best=True)
    assert best["third judge"] == 1.1
    assert all(third[1.3][s] > third[1][s] for s in range(3))
    print("third judge: 1.3 is worse than 1, in each of three seeds")

# %% [markdown]
# <details><summary>What you saw: Goodhart's law</summary>
#
# The third judge takes the side of the second. For it, too, 1.1 is best, and 1.3 is worse than no guide, in each of the three seeds.
#
# The first judge was flattered. Its opinion was the target, and so it was no longer a measure. Economists know
# this as **Goodhart's law**: when a measure becomes a target, it ceases to be a good measure.
#
# How can this happen without any cheating? No gradient of the judge was used, and nobody meant to fool it. A single number, the weight, was
# chosen by its score. Part of what the score saw was real progress, and part was a taste that only this judge has. From inside, the two look the same. Now think of a whole field
# that chooses its networks by one score for ten years.
#
# With 256 samples the first judge even found B nearer than A. With 2,048 this lead is gone: the bias of few samples differs from model to model
# ([1911.07023](https://arxiv.org/abs/1911.07023)).
#
# </details>
#
# ## What the other scores say
#
# Distance is one number. Here are precision, recall and the Inception score of the same samples, seen by the second judge; the blue lines are
# real images.

# %%
columns = ("precision", "recall", "inception")
rows = sweeps["second judge"]
others = {
    column: {
        weight: [row[column] for row in found]
        for weight, found in rows.items()
    }
    for column in columns
}
floors = {
    column: sum(row[f"{column}_floor"] for row in rows[1]) / len(rows[1])
    for column in columns
}

# %% tags=["fold"]
with after_answer("the_second_judge"):
    show_measures(others, floors)

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Recall falls with each step: variety is the price. Precision rises, soon above that of real images: what is left looks typical. The Inception score rises, too,
# as it did for the ten repeated samples.
#
# Precision and recall would have warned you. The distance of one judge did not.
#
# </details>
#
# So do this when you choose something by a score:
#
# 1. **Two judges.** Choose by one, report the other. Where they part, believe the stricter one.
# 2. **Read the pair.** Precision and recall, beside the distance.
# 3. **Mistrust what beats the floor.** Real images cannot do that, except by chance.
# 4. **Keep one judge unseen** until all choices are made.
# 5. **Look**, at sorted samples and not at chosen ones.
#
# `course evaluate fashion_mnist` follows this list: two judges, five scores beside their floors, and a warning where the judges disagree. With
# `--judge fashion_mnist_plain` you ask the third one.
#
# ## How many bits?
#
# A very different score needs no judge at all. In chapter 06 you met the bound on $-\log p(x_0)$. Now take it in bits and divide it by the number of
# pixels: **bits per dimension**. It says how large a file gets if the model is used as a lossless code. Without any model a grey
# level takes 8 bits. And with zlib, the program inside of zip and PNG?

# %%
pixels = load_images("garments", "test")[0][:16]
packed = zlib.compress(pixels.numpy().tobytes(), level=9)
zipped = 8 * len(packed) / pixels.numel()
print(f"zlib: about {zipped:.0f} bits per pixel")

# %% [markdown]
# The bound has a price for each step ([2006.11239](https://arxiv.org/abs/2006.11239), equations 5 and 13):
#
# $$L_{t} = \mathrm{KL}\bigl(q(x_{t-1} \mid x_t, x_0)\,\|\,p(x_{t-1} \mid x_t)\bigr) \quad (t > 0), \qquad L_0 = -\log p(x_0 \mid x_1)$$
#
# In code, where $t$ starts at 0, the second one belongs to `t == 0`. $p$ is a Gaussian around `p_mean(...)`. Its variance is ours to choose. At $t = 0$ the model must name an exact grey
# level, not a real number: `bin_log_probability(x_start, mean, variance)` gives the logarithm of the probability that a Gaussian gives to the bin of each
# pixel's level.
#
# Write the price of step $t$, for each image, as a mean over its pixels, in bits. `kl_between_gaussians(mean1, variance1, mean2, variance2)` is
# yours from chapter 06, in nats. One nat is $1 / \log 2$ bits. Each row has its own $t$, and some rows may have `t == 0`.


# %% quiz="bits_per_dimension"
def bits_per_dimension(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    variance: Tensor,
    predicts: Predicts = "noise",
    clip_start: bool = False,
) -> Tensor:
    """What step t of the bound costs for each image, in bits per number of
    it; (B,), with t (B,), images (B, C, H, W).

    For t > 0 it is KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)), for t = 0
    it is -log p(x_0 | x_t) of `bin_log_probability`, both as the mean over
    the image and divided by log 2. p is Gaussian with `p_mean` and
    variance[t]; `variance` [T] is ours to choose.
    """
    raise NotImplementedError


# %%
bits_per_dimension = check(bits_per_dimension)

# %% [markdown]
# Now the whole bound, for 16 of our own garments and the small network of chapter 08: a call of the network for each of the 200 steps. For the variance we
# take $\beta_t$.

# %%
small = denoiser(load_checkpoint("skips_all", device="cpu"))
schedule = small.schedule
garments = to_model_range(pixels)
seeded = torch.Generator().manual_seed(0)
settings = schedule, schedule.betas, small.predicts, small.clip_start


@torch.no_grad()
def price(step: int) -> float:
    """The mean price of one step over the garments, in bits per pixel."""
    t = torch.full((len(garments),), step)
    noise = torch.randn(garments.shape, generator=seeded)
    bits = bits_per_dimension(small, garments, t, noise, *settings)
    return float(bits.mean())


bits = [price(step) for step in range(schedule.timesteps)]
bits.append(float(prior_bits(garments, schedule).mean()))
print(f"the bound: about {sum(bits):.0f} bits per dimension")
assert sum(bits) < zipped

# %%
question("where_the_bits_go")

# %% quiz="where_the_bits_go"
where_the_bits_go = ""  # your letter, between the quotes

# %%
check(where_the_bits_go, "where_the_bits_go")

# %% tags=["fold"]
with after_answer("where_the_bits_go"):
    shipped = "fashion_mnist", "fashion_mnist_cpu"
    prices = {"skips_all on our garments": bits}
    for name in shipped:
        rows = read_table("bits_per_dimension")
        prices[name] = [row["bits"] for row in rows if row["model"] == name]
    show_bits(prices)
    for name, terms in prices.items():
        assert len(terms) == 201
        assert sum(terms[:10]) > 0.5 * sum(terms)
        if name in shipped:
            print(f"{name:17} {sum(terms):.2f} bits per dimension")
    show_levels(garments[:5], bits, schedule)

# %% [markdown]
# <details><summary>What you saw</summary>
#
# Most of the bits are paid in the last steps, below $t = 10$, and a large part in the very last one. The pictures show what they buy: the exact grey level of
# each pixel, a difference that hardly any eye sees. (For CIFAR-10 it is the same: more than half of the bits,
# [2006.11239](https://arxiv.org/abs/2006.11239), section 4.3.) All that makes a garment, its class, outline and folds, is paid above $t = 20$ with a few tenths of a bit.
#
# The curves of `fashion_mnist` and `fashion_mnist_cpu` come from `data/bits_per_dimension.csv` (512 test photographs, one draw of noise for each step). `skips_all` has other data: bits can only be compared on the same images.
#
# The simple loss of chapter 06 gives little weight to these last steps, and the bound gives them a lot. So the networks were not even trained for this score.
#
# </details>
#
# ## Are bits a score for samples?
#
# Fewer bits mean a better model of the data. Do they also mean better samples? Here is an extreme model.

# %%
question("noise_in_99_of_100")

# %% quiz="noise_in_99_of_100"
noise_in_99_of_100 = ""  # your letter, between the quotes

# %%
check(noise_in_99_of_100, "noise_in_99_of_100")

# %% tags=["fold"]
with after_answer("noise_in_99_of_100"):
    more = math.log2(100) / 784
    print(f"at most {more:.4f} bits per dimension more")
    assert more < 0.01

# %% [markdown]
# <details><summary>What this means</summary>
#
# A model whose samples are noise 99 times out of 100 is as good as perfect by this score. For real networks it is similar: `fashion_mnist_cpu` needs 3 % more bits than
# `fashion_mnist`, and its samples are several times as far from real ones (`data/fashion_mnist_cpu.md`, one run). The other way round, a model that draws the loveliest training images again and
# again gives probability 0 to new images: infinitely many bits ([1511.01844](https://arxiv.org/abs/1511.01844), section 3).
#
# So bits and looks are two different things. Bits tell you whether the model *covers* the data. Nothing that was left out escapes them. For looks you need the judges.
#
# </details>
#
# ## Does it copy?
#
# There is one more way to get good scores: give the training images back. Distance, precision and recall all like it. In chapter 10 you measured how far the nearest training image is, for a small network and our
# garments. Here is the same for the shipped model: 512 samples against the 60,000 photographs it learned from, in pixels, and in the second judge's features. The
# floor is that of 512 test images.

# %%
medians = show_nearest(read_table("memorisation"))
for space in ("pixels", "features"):
    ratio = medians["samples", space] / medians["test images", space]
    assert 0.9 < ratio < 1.1
    print(f"in {space}: {ratio:.2f} times the median of new photographs")

# %% [markdown]
# A copy would be at distance 0. Samples are about as far from the training set as new photographs are (one run).
#
# ## How to read a table of scores
#
# | ask | because |
# | --- | --- |
# | Which network made the features? | numbers of different judges cannot be compared |
# | How many samples? | the Fréchet distance of few samples is larger |
# | What is the floor? | without it "3.2" is neither good nor bad |
# | How many seeds? Error bars? | a difference smaller than they are is no difference |
# | What was chosen by this score? | guidance, checkpoint and sampler can all be tuned to it |
# | Is there a second judge? Precision and recall? | one number can be flattered |
# | How many network calls? | quality without its price is half of the answer |
# | Who chose the samples in the figure? | chosen ones show the choice |
# | Was it checked for copies? | the training set itself has the best scores |
#
# ## What you now have
#
# - five scores, written by yourself and equal to a library's, each with its floor
# - a case in which one of them was flattered, and a list of what to do about it
# - bits per dimension, step by step, and a test for copies
#
# ## Think about it
#
# 1. You mirror half of the test images. Which scores notice? And if the judge was trained with mirrored images?
# 2. A model gives back random *training* images. Which scores of this chapter, bits included, expose it?
# 3. You add noise of one grey level to all test images. What happens to the floors? And to a model's bits?
#
# ## What comes next
#
# Chapter 12 finds a sampler with 20 network calls instead of 200, and says what all three judges think of it.
#
# ## Read on
#
# - Heusel and others, [1706.08500](https://arxiv.org/abs/1706.08500): the Fréchet distance
# - Kynkäänniemi and others, [1904.06991](https://arxiv.org/abs/1904.06991): precision and recall; [2203.06026](https://arxiv.org/abs/2203.06026): how FID can be flattered
# - Stein and others, [2306.04675](https://arxiv.org/abs/2306.04675): seventeen scores against people as judges
# - Theis and others, [1511.01844](https://arxiv.org/abs/1511.01844): why scores disagree
