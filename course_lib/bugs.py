"""Bugs: code that was broken in the ways of published code, and repaired (chapter 17).

Shapes, `predicts` and t_prev = -1 for clean data are as in `reverse` and `fast_sampling`; `eps` is what a network that
predicts noise has said of (x_t, t).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from course_lib.forward import extract, q_posterior, q_sample
from course_lib.images import to_model_range
from course_lib.reverse import predict_start, predict_start_from_noise, training_target
from course_lib.sampling import nearest_images
from course_lib.schedules import NoiseSchedule
from course_lib.training import sample_timesteps
from course_lib.types import Model, Predicts

# Repaired code


def training_inputs(images: Tensor, timesteps: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """What a training step needs for uint8 images (B, C, H, W): (x_start, t, noise).

    x_start (B, C, H, W) holds the images in the model's range, t is long (B,) with values 0 ... timesteps - 1, noise
    has the shape of x_start. `generator` draws t first and then the noise, on its device. The images are on this
    device, too.

    Each image has a t of its own, and none is mirrored: most garments look to one side. 2006.11239, algorithm 1.
    """
    x_start = to_model_range(images)
    t = sample_timesteps(len(images), timesteps, generator)
    noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
    return x_start, t, noise


def ancestral_step(x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    """One step back, x_{t-1} from x_t (B, ...), t (B,); `eps` is the noise that the network sees in x_t, `noise` is
    fresh.

    Mean plus standard deviation times noise, with `q_posterior` of the predicted x_0. The variance is 0 in the rows
    with t = 0, so these get no noise. `reverse.p_sample` for a network that was asked already; 2006.11239, algorithm 2,
    line 4.
    """
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    mean, variance = q_posterior(x_start, x_t, t, schedule)
    return mean + variance.sqrt() * noise


def ddim_update(x_t: Tensor, t: Tensor, t_prev: Tensor, eps: Tensor, schedule: NoiseSchedule) -> Tensor:
    """x at t_prev from x_t (B, ...), without fresh noise; t and t_prev long (B,), t_prev < t, -1 for clean data; `eps`
    is the noise that the network sees in x_t.

    sqrt(alpha-bar_prev) x_0 + sqrt(1 - alpha-bar_prev) eps, with the x_0 that eps leaves of x_t. Both come from the
    same level, so both need alpha-bar, the product of all alphas up to there. `fast_sampling.ddim_step` with eta = 0
    for a network that was asked already; 2010.02502, eq. 12.
    """
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)
    return before.sqrt() * x_start + (1 - before).sqrt() * eps


def paste_known(
    x_t: Tensor, x_known: Tensor, mask: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule
) -> Tensor:
    """x_t (B, ...) with the known part of the clean picture x_known put in where mask is 1, at the level of t (B,).

    x_known and noise (standard normal) have the shape of x_t; the mask is 1 where the picture is known and 0 where it
    is to be drawn, and broadcasts with x_t. Where it is 0, the values of x_known have no effect.

    The known part is noised to t first: the network expects one noise level in the whole picture. 2201.09865, eq. 8.
    """
    return torch.where(mask.bool(), q_sample(x_known, t, noise, schedule), x_t)


def start_of_output(output: Tensor, x_t: Tensor, t: Tensor, schedule: NoiseSchedule, predicts: Predicts) -> Tensor:
    """The clean image x_0 (B, ...) that the network's output (B, ...) at x_t and t (B,) stands for.

    `predicts` says what the output is: "noise", "start" or "v". Raises ValueError for another word.

    With x_t = signal x_0 + sigma noise and v = signal noise - sigma x_0 it is (x_t - sigma output) / signal, the output
    itself, or signal x_t - sigma output. 2202.00512, section 4. `reverse.predict_start`, written out once more because
    this is the solution that chapter 17 shows.
    """
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    if predicts == "noise":
        return (x_t - sigma * output) / signal
    if predicts == "start":
        return output
    if predicts == "v":
        return signal * x_t - sigma * output
    raise ValueError(f'unknown predicts={predicts!r}; choose "noise", "start" or "v".')


# Measuring a run: its network


@torch.no_grad()
def outputs_by_step(
    model: Model, x_start: Tensor, steps: Sequence[int], noise: Tensor, schedule: NoiseSchedule, told: int | None = None
) -> tuple[Tensor, Tensor]:
    """(x_t, output) for each of S steps: what the network gets and what it says, (S, B, C, H, W) each.

    x_start and noise (B, C, H, W) are the same at every step. `told` is the t that the network is told instead of the
    right one.
    """
    noisy, said = [], []
    for step in steps:
        t = torch.full((len(x_start),), step)
        x_t = q_sample(x_start, t, noise, schedule)
        noisy.append(x_t)
        said.append(model(x_t, t if told is None else torch.full_like(t, told)))
    return torch.stack(noisy), torch.stack(said)


def unexplained_by_step(
    output: Tensor, x_start: Tensor, steps: Sequence[int], noise: Tensor, schedule: NoiseSchedule, predicts: Predicts
) -> Tensor:
    """The share of the target that the output misses, for each step and image: (S, B), output (S, B, C, H, W).

    |output - target|² of an image, divided by the mean |target|² of its step. A network that always answers 0 has 1;
    the target is what `predicts` says. So the losses of networks that predict different things can be compared.
    """
    rows = []
    for step, said in zip(steps, output, strict=True):
        target = training_target(x_start, torch.full((len(x_start),), step), noise, schedule, predicts)
        rows.append((said - target).square().flatten(1).mean(dim=1) / target.square().mean())
    return torch.stack(rows)


def start_error_by_step(
    output: Tensor, x_t: Tensor, x_start: Tensor, steps: Sequence[int], schedule: NoiseSchedule, predicts: Predicts
) -> Tensor:
    """How far the predicted x_0 is from x_0, in units of the images' variance, for each step and image: (S, B).

    |x_0 predicted - x_0|² / Var(x_0), where the variance is that of all pixels of `x_start` around their mean: a
    network that always answers with the mean grey has 1, whatever range the images are in.
    """
    rows = []
    for step, said, noisy in zip(steps, output, x_t, strict=True):
        start = predict_start(said, noisy, torch.full((len(x_start),), step), schedule, predicts)
        rows.append((start - x_start).square().flatten(1).mean(dim=1) / x_start.var())
    return torch.stack(rows)


def log_scatter(losses: Tensor) -> Tensor:
    """The standard deviation of a loss curve (n,) around its trend, a scalar.

    The difference of two neighbours has twice the variance of one, and hardly any trend. The median makes it blind to
    a few spikes; 0.6745 is the median of |N(0, 1)|.
    """
    return losses.diff().abs().median() / 0.6745 / math.sqrt(2)


# Measuring a run: its samples


def grain(images: Tensor) -> Tensor:
    """The standard deviation of white noise in each image (N, C, H, W), in its own unit: (N,).

    Each 3 x 3 neighbourhood is weighted with (1, -2, 1) along both axes, which is 0 on every plane, and 6 sigma for
    noise of standard deviation sigma (Immerkær, 1996). Edges answer, too, so only the calmest tenth of the
    neighbourhoods counts: noise is everywhere. 0.1257 is the tenth percentile of |N(0, 1)|.
    """
    second = torch.tensor([1.0, -2.0, 1.0])
    kernel = torch.outer(second, second).expand(images.shape[1], 1, 3, 3)
    answer = functional.conv2d(images, kernel, groups=images.shape[1]).abs().flatten(1)
    return answer.quantile(0.1, dim=1) / 6 / 0.1257


def calm_correlation(images: Tensor, size: int = 6) -> Tensor:
    """How alike two pixels are that lie two apart, in the calmest tenth of the size x size patches: a scalar.

    The mean of the correlations along both axes. White noise has about 0, a little less because each patch's own mean
    is taken away.
    """
    patches = functional.unfold(images[:, :1], size, stride=2).transpose(1, 2)  # (N, patches, size²)
    spread = patches.std(dim=2)
    calm = spread.topk(max(1, spread.shape[1] // 10), largest=False).indices
    chosen = patches.gather(1, calm[..., None].expand(-1, -1, size**2)).unflatten(2, (size, size))
    centred = chosen - chosen.mean(dim=(-2, -1), keepdim=True)
    along = (centred[..., 2:] * centred[..., :-2]).mean() + (centred[..., 2:, :] * centred[..., :-2, :]).mean()
    return along / 2 / centred.square().mean().clamp(min=1e-9)


def detail(images: Tensor) -> Tensor:
    """The mean squared answer to the filter of `grain`, divided by the image's variance: (N,). Blur lowers it."""
    second = torch.tensor([1.0, -2.0, 1.0])
    kernel = torch.outer(second, second).expand(images.shape[1], 1, 3, 3)
    answer = functional.conv2d(images, kernel, groups=images.shape[1]).square().flatten(1).mean(dim=1)
    return answer / images.flatten(1).var(dim=1).clamp(min=1e-6)


def pair_distance(images: Tensor) -> Tensor:
    """The median distance of two of the images (N, C, H, W), a scalar: the root of the mean squared difference."""
    rows = images.flatten(1)
    return torch.pdist(rows).median() / rows.shape[1] ** 0.5


def mirror_evidence(images: Tensor, dataset: Tensor) -> Tensor:
    """How much better each image (N, C, H, W) fits the dataset (M, C, H, W) than its mirror image does: (N,).

    The log of the mirror image's distance to its nearest neighbour, less that of the image. Negative: the mirror image
    fits better. Near 0: what it shows is symmetric, and tells nothing.
    """
    _, own = nearest_images(images, dataset)
    _, mirrored = nearest_images(images.flip(-1), dataset)
    return (mirrored.clamp(min=1e-6) / own.clamp(min=1e-6)).log().squeeze(1)
