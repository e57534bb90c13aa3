"""Quiz `optimal_denoiser_of_dataset` of chapter 10."""

import torch
from torch import nn

from course_lib import sampling
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_sample
from course_lib.quizzes.inputs import mixed_t
from course_lib.schedules import NoiseSchedule


def noised_data_sets(g: torch.Generator) -> list[tuple]:
    """x_t of images and vectors, each row at its own t. B, N and all axes of an image differ, except in the third.

    Most images resemble each other, so that many t lie between "all weights equal" and "one takes all". Those of the
    last case have so many pixels that every exponent, about -D / 2 even for the right image, is too low for `exp`.
    Its last row resembles no image at all, so its exponents are far lower than those of the others.
    """
    kinds = [  # B, N, the shape of an image, how different the images are
        (4, 6, (1, 8, 9), 0.12, "linear", 40),
        (5, 14, (2, 4, 5), 0.2, "cosine", 25),
        (6, 6, (4,), 0.6, "quadratic", 30),
        (1, 7, (3,), 0.8, "sigmoid", 50),
        (3, 5, (1, 16, 20), 1.0, "cosine", 60),
    ]
    cases = [noised(g, *kind) for kind in kinds]
    cases[-1][0][-1] *= 3
    return cases


def noised(g: torch.Generator, batch: int, n: int, shape: tuple, spread: float, name: str, timesteps: int) -> tuple:
    common = torch.sin(torch.linspace(0, 6, shape[-1]) + torch.linspace(0, 4, shape[-2 % len(shape)]).sum())
    dataset = (0.5 * common + spread * torch.randn(n, *shape, generator=g)).clamp(-1, 1)
    schedule, t = NoiseSchedule.from_name(name, timesteps), mixed_t(g, batch, timesteps)
    t[0] = timesteps // 3
    rows = torch.randint(n, (batch,), generator=g)
    return q_sample(dataset[rows], t, torch.randn(batch, *shape, generator=g), schedule), t, dataset, schedule


optimal_denoiser_of_dataset = Quiz(
    sampling.optimal_denoiser_of_dataset,
    cases=noised_data_sets,
    points=3,
    minutes=15,
    difficulty=4,
    importance=5,
    hints=(
        "If x_0 was image i, what would be the density of x_t? By Bayes, the weights are these N densities, divided by "
        "their sum.",
        "Flatten the images to (N, D) and x_t to (B, D). You need the table (B, N) of all squared distances "
        "between x_t and sqrt(alpha-bar_t) x_i, a softmax along N, and one matrix product.",
        "weights = (-squared_distance / (2 * (1 - alpha_bar))).softmax(dim=1), with alpha_bar of the shape (B, 1); "
        "then (weights @ images).reshape(x_t.shape)",
    ),
)


def blend(weights, x_t, dataset, signal):
    return (weights @ dataset.flatten(1)).reshape(x_t.shape)


def the_noise(weights, x_t, dataset, signal):
    signal = signal.reshape(-1, *[1] * (x_t.ndim - 1))
    return (x_t - signal * blend(weights, x_t, dataset, signal)) / (1 - signal**2).sqrt()


def divided_by_its_sum(density, small=0.0):
    return density / (density.sum(dim=1, keepdim=True) + small)


def guess(
    x_t,
    t,
    dataset,
    schedule,
    *,
    look_up=lambda schedule, t: schedule.alphas_cumprod[t],
    scale=torch.sqrt,
    variance=lambda share, schedule, t: 1 - share,
    total=lambda difference: difference.square().sum(dim=2),
    exponent=None,
    factor=-0.5,
    weigh=lambda exponents: exponents.softmax(dim=1),
    finish=blend,
):
    """The best guess, each part open to mistakes.

    share = look_up(schedule, t), scale(share) is what the images are multiplied with, total(x_t - scaled image) the
    squared distance (B, N), factor * distance / variance the exponents, weigh(exponents) the weights; `finish` makes
    the result from these. `exponent(x_t, images, scale)` stands for factor * distance where that is multiplied out.
    """
    share = look_up(schedule, t)[:, None]
    signal, images = scale(share), dataset.flatten(1)
    if exponent is None:
        exponents = factor * total(x_t.flatten(1)[:, None] - signal[:, None] * images)
    else:
        exponents = exponent(x_t.flatten(1), images, signal)
    return finish(weigh(exponents / variance(share, schedule, t[:, None])), x_t, dataset, share.sqrt())


optimal_denoiser_of_dataset.variants(
    guess,
    images_not_scaled=(
        {"scale": torch.ones_like},
        "x_t is compared with the images as they are, but at t every image has faded towards mid grey. "
        "What is the mean of q(x_t | x_0)?",
    ),
    scaled_without_the_root=(
        {"scale": lambda share: share},
        "The images are scaled with alpha-bar itself. With what does the closed form scale x_0?",
    ),
    without_the_two=(
        {"factor": -1},
        "The weights are too sharp by a factor in the exponent. What does a Gaussian divide by?",
    ),
    multiplied_by_two=(
        {"factor": -2},
        "The squared distance is doubled where the formula halves it, so the weights are much too sharp. "
        "On which side of the fraction does the 2 stand?",
    ),
    furthest_images=(
        {"factor": 0.5},
        "The images furthest away get the most weight. Which sign does the exponent have?",
    ),
    divided_by_the_std=(
        {"variance": lambda share, schedule, t: (1 - share).sqrt()},
        "The squared distance is divided by the standard deviation. What stands below it in a Gaussian?",
    ),
    variance_squared=(
        {"variance": lambda share, schedule, t: (1 - share) ** 2},
        "The variance is squared again: 1 - alpha-bar already is the variance. What would be the standard deviation?",
    ),
    variance_of_the_signal=(
        {"variance": lambda share, schedule, t: share},
        "alpha-bar is the share of the signal. How large is the variance of the noise in x_t?",
    ),
    variance_of_one_step=(
        {"variance": lambda share, schedule, t: schedule.betas[t]},
        "Beta is the variance of a single step. How much noise has gathered from x_0 to x_t?",
    ),
    variance_of_a_step_back=(
        {"variance": lambda share, schedule, t: schedule.posterior_variance[t]},
        "The variance is that of a step back. By how much can x_t lie off from the scaled x_0?",
    ),
    variance_exploding=(
        {"scale": torch.ones_like, "variance": lambda share, schedule, t: (1 - share) / share},
        "The images keep their full size and the noise grows, as in 2206.00364. Here x_0 fades: "
        "with what does `q_sample` multiply it?",
    ),
    without_a_variance=(
        {"variance": lambda share, schedule, t: 1, "factor": -1},
        "The weights know nothing of how much noise there is. What does a Gaussian divide by?",
    ),
    multiplied_by_the_variance=(
        {"variance": lambda share, schedule, t: 1 / (1 - share)},
        "The distance is halved, then multiplied by the variance: `a / 2 * b` is (a / 2) * b. Where are brackets due?",
    ),
    scaled_up_without_the_noise=(
        {"variance": lambda share, schedule, t: share * (1 - share)},
        "x_t is scaled up instead of the images down, and its noise with it. By how much did the variance grow?",
    ),
    alpha_bar_of_the_step_before=(
        {"look_up": lambda schedule, t: schedule.alphas_cumprod_prev[t]},
        "alpha-bar is taken one step too early: which one belongs to x_t, and which to x_{t-1}?",
    ),
    counted_from_one=(
        {"look_up": lambda schedule, t: schedule.alphas_cumprod[t - 1]},
        "The index is one too small, as in the paper, and at t = 0 it is the last one. Which is this course's first t?",
    ),
    alphas_of_one_step=(
        {"look_up": lambda schedule, t: schedule.alphas[t]},
        "These are the alphas of a single step. What is their product from 0 to t called?",
    ),
    one_t_for_all=(
        {"look_up": lambda schedule, t: schedule.alphas_cumprod[t[:1].expand_as(t)]},
        "The first row's t is used for the whole batch. How do you look up one value per row?",
    ),
    softmax_over_the_batch=(
        {"weigh": lambda exponents: exponents.softmax(dim=0)},
        "The softmax runs along the batch, so rows share the weight of an image. What has to sum to 1?",
    ),
    exponentials_vanish=(
        {"weigh": lambda exponents: divided_by_its_sum(exponents.exp())},
        "Over hundreds of pixels the exponents are so low that exp gives 0 for every image, and 0 / 0 is nan. "
        "What subtracts the largest exponent first?",
    ),
    saved_by_a_small_number=(
        {"weigh": lambda exponents: divided_by_its_sum(exponents.exp(), 1e-8)},
        "A small number below the fraction hides that `exp` gave 0 for every image: the result is 0 there, mid grey. "
        "What subtracts the largest exponent first?",
    ),
    one_maximum_for_all=(
        {"weigh": lambda exponents: divided_by_its_sum((exponents - exponents.max()).exp())},
        "One maximum is subtracted for the whole batch, so a row that is far from all images still gets 0 / 0. "
        "Whose maximum does a row need?",
    ),
    not_normalised=(
        {"weigh": torch.exp},
        "The weights do not sum to 1, so the prediction fades. What turns densities into probabilities?",
    ),
    mean_over_pixels=(
        {"total": lambda difference: difference.square().mean(dim=2)},
        "The distance is a mean over the pixels. The pixels' noises are independent, so their log densities add up.",
    ),
    not_squared=(
        {"total": lambda difference: difference.norm(dim=2)},
        "The distance is not squared, as `cdist` and `norm` give it. What does a Gaussian have there?",
    ),
    absolute_values=(
        {"total": lambda difference: difference.abs().sum(dim=2)},
        "The distance is a sum of absolute values. What does a Gaussian have in its exponent?",
    ),
    own_square_left_out=(
        {"exponent": lambda x, y, s: s * (x @ y.T)},
        "Only the product of x_t and image is left of the square. "
        "Which of the other two terms differs from image to image?",
    ),
    own_square_not_scaled=(
        {"exponent": lambda x, y, s: s * (x @ y.T) - y.square().sum(dim=1) / 2},
        "The images are scaled where they meet x_t, and not in their own square. What is |s y|², if s is a number?",
    ),
    own_square_scaled_once=(
        {"exponent": lambda x, y, s: s * (x @ y.T) - s * y.square().sum(dim=1) / 2},
        "In their own square the images are scaled with s instead of s². What is |s y|², if s is a number?",
    ),
    product_once=(
        {"exponent": lambda x, y, s: s * (x @ y.T) / 2 - s**2 * y.square().sum(dim=1) / 2},
        "The product of x_t and image comes once. How does (a - b)² multiply out?",
    ),
    product_with_the_wrong_sign=(
        {"exponent": lambda x, y, s: -s * (x @ y.T) - s**2 * y.square().sum(dim=1) / 2},
        "The product of x_t and image has the wrong sign. How does (a - b)² multiply out?",
    ),
    nearest_image=(
        {"finish": lambda weights, x_t, dataset, signal: dataset[weights.argmax(dim=1)]},
        "The nearest image comes back. Where there is much noise, others are nearly as likely: "
        "what is the best prediction then?",
    ),
    mean_of_scaled_images=(
        {"finish": lambda w, x_t, y, s: s.reshape(-1, *[1] * (x_t.ndim - 1)) * blend(w, x_t, y, s)},
        "The mean is taken of the scaled images, so it fades with t. Asked is a prediction of x_0 itself.",
    ),
    the_noise=(
        {"finish": the_noise},
        "That is a prediction of the noise. A model that predicts the start should say x_0.",
    ),
    the_score=(
        {"finish": lambda w, x_t, y, s: -the_noise(w, x_t, y, s) / (1 - s**2).sqrt().view(-1, *[1] * (x_t.ndim - 1))},
        "That is the score, the gradient of log p(x_t). A model that predicts the start should say x_0.",
    ),
    plain_mean=(
        {"finish": lambda weights, x_t, dataset, signal: dataset.mean(dim=0).expand_as(x_t).clone()},
        "That is the mean of all images, whatever x_t is. Which of them can have become x_t?",
    ),
    the_weights=(
        {"finish": lambda weights, x_t, dataset, signal: weights},
        "These are the weights, one for each image. What is left to do with them and the images?",
    ),
    still_flat=(
        {"finish": lambda weights, x_t, dataset, signal: weights @ dataset.flatten(1)},
        "The images are still flat, a row of pixels each. In which shape did x_t come?",
    ),
    nearest_few=(
        {
            "finish": lambda w, x_t, y, s: blend(
                divided_by_its_sum(w * (w >= w.topk(min(3, len(y)))[0][:, -1:])), x_t, y, s
            )
        },
        "Only the few nearest images count, and the others are left out. Every image has its weight in the mean.",
    ),
)


@optimal_denoiser_of_dataset.mistake(
    "Each pixel weighs the images for itself, as if x_0 could take every pixel from another image. "
    "Over what does |.|² sum?"
)
def each_pixel_by_itself(x_t, t, dataset, schedule):
    share, images = schedule.alphas_cumprod[t].reshape(-1, 1, 1), dataset.flatten(1)
    distance = (x_t.flatten(1)[:, None] - share.sqrt() * images).square()
    return ((-distance / (2 * (1 - share))).softmax(dim=1) * images).sum(dim=1).reshape(x_t.shape)


@optimal_denoiser_of_dataset.alternative("All differences at once, which takes B times N times D numbers.")
def as_the_formula_says(x_t, t, dataset, schedule):
    ab = schedule.alphas_cumprod[t].reshape(-1, *[1] * x_t.ndim)
    difference = x_t.unsqueeze(1) - ab.sqrt() * dataset.unsqueeze(0)
    exponent = -(difference**2).flatten(2).sum(-1) / (2 * (1 - ab).flatten(1))
    return torch.einsum("bn,n...->b...", torch.softmax(exponent, dim=-1), dataset)


@optimal_denoiser_of_dataset.alternative("One row after the other, the largest exponent subtracted by hand.")
def row_by_row(x_t, t, dataset, schedule):
    guesses = []
    for x, step in zip(x_t, t, strict=True):
        signal, sigma = schedule.sqrt_alphas_cumprod[step], schedule.sqrt_one_minus_alphas_cumprod[step]
        z = ((x - signal * dataset) / sigma).flatten(1)
        exponent = -0.5 * (z * z).sum(1)
        weights = torch.exp(exponent - exponent.max())
        guesses.append(torch.tensordot(weights / weights.sum(), dataset, dims=1))
    return torch.stack(guesses)


@optimal_denoiser_of_dataset.alternative("`cdist`, with x_t scaled up and the distances scaled down again.")
def all_distances_at_once(x_t, t, dataset, schedule):
    scale = schedule.sqrt_alphas_cumprod[t].unsqueeze(1)
    distance = scale * torch.cdist(x_t.flatten(1) / scale, dataset.flatten(1))
    exponent = -((distance / schedule.sqrt_one_minus_alphas_cumprod[t].unsqueeze(1)) ** 2) / 2
    weights = nn.functional.softmax(exponent, dim=1)
    return (weights @ dataset.reshape(len(dataset), -1)).view_as(x_t)


@optimal_denoiser_of_dataset.alternative("From log densities of `torch.distributions`, by Bayes.")
def from_log_densities(x_t, t, dataset, schedule):
    ab = schedule.alphas_cumprod[t].view(-1, 1, 1)
    density = torch.distributions.Normal(ab.sqrt() * dataset.flatten(1), (1 - ab).sqrt())
    log_likelihood = density.log_prob(x_t.flatten(1).unsqueeze(1)).sum(dim=2)
    weights = (log_likelihood - log_likelihood.logsumexp(dim=1, keepdim=True)).exp()
    return (weights[..., None] * dataset.flatten(1)).sum(dim=1).reshape(x_t.shape)
