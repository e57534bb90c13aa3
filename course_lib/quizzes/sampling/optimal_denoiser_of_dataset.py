"""Quiz `optimal_denoiser_of_dataset` of chapter 10."""

import torch
from torch import Tensor, nn

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
        (5, 3, (2, 4, 5), 0.2, "cosine", 25),
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
    if batch > 2:
        t[2] = timesteps // 3
    rows = torch.randint(n, (batch,), generator=g)
    return q_sample(dataset[rows], t, torch.randn(batch, *shape, generator=g), schedule), t, dataset, schedule


optimal_denoiser_of_dataset = Quiz(
    sampling.optimal_denoiser_of_dataset,
    cases=noised_data_sets,
    points=3,
    minutes=15,
    hints=(
        "If x_0 was image i, what would be the density of x_t? By Bayes, the weights are these N densities, divided by "
        "their sum.",
        "Flatten the images to (N, D) and x_t to (B, D). You need the table (B, N) of all squared distances "
        "between x_t and sqrt(alpha-bar_t) x_i, a softmax along N, and one matrix product.",
        "weights = (-squared_distance / (2 * (1 - alpha_bar))).softmax(dim=1), with alpha_bar of the shape (B, 1); "
        "then (weights @ images).reshape(x_t.shape)",
    ),
)


def alpha_bar_of(t, schedule):
    return schedule.alphas_cumprod[t][:, None]


def squared_distance(x_t, dataset, signal) -> Tensor:
    """(B, N), by subtraction; `signal` (B, 1) is what the images are multiplied with."""
    return (x_t.flatten(1)[:, None] - signal[:, None] * dataset.flatten(1)).square().sum(dim=2)


def blend(weights, x_t, dataset):
    return (weights @ dataset.flatten(1)).reshape(x_t.shape)


def usual_weights(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return (-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).softmax(dim=1)


@optimal_denoiser_of_dataset.mistake(
    "x_t is compared with the images as they are, but at t every image has become darker. What is the mean of "
    "q(x_t | x_0)?"
)
def images_not_scaled(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    distance = squared_distance(x_t, dataset, torch.ones_like(ab))
    return blend((-distance / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The images are scaled with alpha-bar itself. With what does the closed form scale x_0?"
)
def scaled_without_the_root(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab) / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The weights are too sharp by a factor in the exponent. What does a Gaussian divide by?"
)
def without_the_two(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (1 - ab)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The squared distance is divided by the standard deviation. What stands below it in a Gaussian?"
)
def divided_by_the_std(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab).sqrt())).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The variance is squared again: 1 - alpha-bar already is the variance. What would be the standard deviation?"
)
def variance_squared(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab) ** 2)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "alpha-bar is the share of the signal. How large is the variance of the noise in x_t?"
)
def variance_of_the_signal(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (2 * ab)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "Beta is the variance of a single step. How much noise has gathered from x_0 to x_t?"
)
def variance_of_one_step(x_t, t, dataset, schedule):
    distance = squared_distance(x_t, dataset, alpha_bar_of(t, schedule).sqrt())
    return blend((-distance / (2 * schedule.betas[t][:, None])).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "You use the posterior variance, that of a step back. By how much can x_t lie off from the scaled x_0?"
)
def variance_of_a_step_back(x_t, t, dataset, schedule):
    distance = squared_distance(x_t, dataset, alpha_bar_of(t, schedule).sqrt())
    variance = schedule.posterior_variance[t][:, None]
    return blend((-distance / (2 * variance)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The weights know nothing of how much noise there is. What does a Gaussian divide by?"
)
def without_a_variance(x_t, t, dataset, schedule):
    return blend((-squared_distance(x_t, dataset, alpha_bar_of(t, schedule).sqrt())).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "alpha-bar is taken one step too early: which one belongs to x_t, and which to x_{t-1}?"
)
def alpha_bar_of_the_step_before(x_t, t, dataset, schedule):
    ab = schedule.alphas_cumprod_prev[t][:, None]
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("These are the alphas of a single step. What is their product from 0 to t called?")
def alphas_of_one_step(x_t, t, dataset, schedule):
    alpha = schedule.alphas[t][:, None]
    return blend((-squared_distance(x_t, dataset, alpha.sqrt()) / (2 * (1 - alpha))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The softmax runs along the batch, so rows share the weight of an image. What has to sum to 1?"
)
def softmax_over_the_batch(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).softmax(dim=0), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "You give back the nearest image. Where there is much noise, others are nearly as likely: "
    "what is the best guess then?"
)
def nearest_image(x_t, t, dataset, schedule):
    return dataset[squared_distance(x_t, dataset, alpha_bar_of(t, schedule).sqrt()).argmin(dim=1)]


@optimal_denoiser_of_dataset.mistake(
    "Over hundreds of pixels the exponents are so low that exp gives 0 for every image, and 0 / 0 is nan. "
    "What subtracts the largest exponent first?"
)
def exponentials_vanish(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    density = (-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).exp()
    return blend(density / density.sum(dim=1, keepdim=True), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The weights do not sum to 1, so the guess fades. What turns densities into probabilities?"
)
def not_normalised(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).exp(), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The first row's t is used for the whole batch. How do you look up one value per row?"
)
def one_t_for_all(x_t, t, dataset, schedule):
    return blend(usual_weights(x_t, t[:1].expand_as(t), dataset, schedule), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The distance is a mean over the pixels. The pixels' noises are independent, so their log densities add up."
)
def mean_over_pixels(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    distance = squared_distance(x_t, dataset, ab.sqrt()) / dataset[0].numel()
    return blend((-distance / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The distance is not squared, as `cdist` and `norm` give it. What does a Gaussian have there?"
)
def not_squared(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()).sqrt() / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The distance is a sum of absolute values. What does a Gaussian have in its exponent?"
)
def absolute_values(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    distance = (x_t.flatten(1)[:, None] - ab.sqrt()[:, None] * dataset.flatten(1)).abs().sum(dim=2)
    return blend((-distance / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("The images furthest away get the most weight. Which sign does the exponent have?")
def furthest_images(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "You scaled x_t up instead of the images down, and its noise with it. By how much did the variance grow?"
)
def scaled_up_without_the_noise(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    distance = squared_distance(x_t, dataset, ab.sqrt()) / ab
    return blend((-distance / (2 * (1 - ab))).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The mean is taken of the scaled images, so it fades with t. Asked is a guess of x_0 itself."
)
def mean_of_scaled_images(x_t, t, dataset, schedule):
    faded = alpha_bar_of(t, schedule).sqrt().reshape(-1, *[1] * (x_t.ndim - 1))
    return faded * blend(usual_weights(x_t, t, dataset, schedule), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("That is the guess of the noise. A model that predicts the start should say x_0.")
def the_noise(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule).reshape(-1, *[1] * (x_t.ndim - 1))
    return (x_t - ab.sqrt() * blend(usual_weights(x_t, t, dataset, schedule), x_t, dataset)) / (1 - ab).sqrt()


@optimal_denoiser_of_dataset.mistake(
    "That is the mean of all images, whatever x_t is. Which of them can have become x_t?"
)
def plain_mean(x_t, t, dataset, schedule):
    return dataset.mean(dim=0).expand_as(x_t).clone()


@optimal_denoiser_of_dataset.mistake(
    "These are the weights, one for each image. What is left to do with them and the images?"
)
def the_weights(x_t, t, dataset, schedule):
    return usual_weights(x_t, t, dataset, schedule)


@optimal_denoiser_of_dataset.mistake("The images are still flat, a row of pixels each. In which shape did x_t come?")
def still_flat(x_t, t, dataset, schedule):
    return usual_weights(x_t, t, dataset, schedule) @ dataset.flatten(1)


@optimal_denoiser_of_dataset.alternative("")
def as_the_formula_says(x_t, t, dataset, schedule):
    """All differences at once, which takes B times N times D numbers."""
    ab = schedule.alphas_cumprod[t].reshape(-1, *[1] * x_t.ndim)
    difference = x_t.unsqueeze(1) - ab.sqrt() * dataset.unsqueeze(0)
    exponent = -(difference**2).flatten(2).sum(-1) / (2 * (1 - ab).flatten(1))
    return torch.einsum("bn,n...->b...", torch.softmax(exponent, dim=-1), dataset)


@optimal_denoiser_of_dataset.alternative("")
def row_by_row(x_t, t, dataset, schedule):
    guesses = []
    for x, step in zip(x_t, t, strict=True):
        signal, sigma = schedule.sqrt_alphas_cumprod[step], schedule.sqrt_one_minus_alphas_cumprod[step]
        z = ((x - signal * dataset) / sigma).flatten(1)
        exponent = -0.5 * (z * z).sum(1)
        weights = torch.exp(exponent - exponent.max())
        guesses.append(torch.tensordot(weights / weights.sum(), dataset, dims=1))
    return torch.stack(guesses)


@optimal_denoiser_of_dataset.alternative("")
def all_distances_at_once(x_t, t, dataset, schedule):
    """x_t scaled up, the distances scaled down again."""
    scale = schedule.sqrt_alphas_cumprod[t].unsqueeze(1)
    distance = scale * torch.cdist(x_t.flatten(1) / scale, dataset.flatten(1))
    exponent = -((distance / schedule.sqrt_one_minus_alphas_cumprod[t].unsqueeze(1)) ** 2) / 2
    weights = nn.functional.softmax(exponent, dim=1)
    return (weights @ dataset.reshape(len(dataset), -1)).view_as(x_t)


@optimal_denoiser_of_dataset.alternative("")
def from_log_densities(x_t, t, dataset, schedule):
    ab = schedule.alphas_cumprod[t].view(-1, 1, 1)
    density = torch.distributions.Normal(ab.sqrt() * dataset.flatten(1), (1 - ab).sqrt())
    log_likelihood = density.log_prob(x_t.flatten(1).unsqueeze(1)).sum(dim=2)
    weights = (log_likelihood - log_likelihood.logsumexp(dim=1, keepdim=True)).exp()
    return (weights[..., None] * dataset.flatten(1)).sum(dim=1).reshape(x_t.shape)


def multiplied_out(x_t, t, dataset, schedule, product=2, power=2):
    """Exponents (B, N) from 2 s x·y - s² |y|², where s is the signal; the factor and the power of s in y's own term."""
    ab = alpha_bar_of(t, schedule)
    signal, images = ab.sqrt(), dataset.flatten(1)
    own = 0 if power is None else signal**power * images.square().sum(dim=1)
    return (product * signal * (x_t.flatten(1) @ images.T) - own) / (2 * (1 - ab))


@optimal_denoiser_of_dataset.mistake(
    "Only the product of x_t and image is left of the square. Which of the other two terms differs from image to image?"
)
def own_square_left_out(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, power=None).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The images are scaled where they meet x_t, and not in their own square. What is |s y|², if s is a number?"
)
def own_square_not_scaled(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, power=0).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "In their own square the images are scaled with s instead of s². What is |s y|², if s is a number?"
)
def own_square_scaled_once(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, power=1).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("The product of x_t and image comes once. How does (a - b)² multiply out?")
def product_once(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, product=1).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake("The product of x_t and image has the wrong sign. How does (a - b)² multiply out?")
def product_with_the_wrong_sign(x_t, t, dataset, schedule):
    return blend(multiplied_out(x_t, t, dataset, schedule, product=-2).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The distance is halved, then multiplied by the variance: `a / 2 * b` is (a / 2) * b. Where are brackets missing?"
)
def multiplied_by_the_variance(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-squared_distance(x_t, dataset, ab.sqrt()) / 2 * (1 - ab)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "The squared distance is doubled where the formula halves it, so the weights are much too sharp. "
    "On which side of the fraction does the 2 stand?"
)
def multiplied_by_two(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    return blend((-2 * squared_distance(x_t, dataset, ab.sqrt()) / (1 - ab)).softmax(dim=1), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "Each pixel weighs the images for itself, as if x_0 could take every pixel from another image. "
    "Over what does |.|² sum?"
)
def each_pixel_by_itself(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)[:, None]
    images = dataset.flatten(1)
    distance = (x_t.flatten(1)[:, None] - ab.sqrt() * images).square()
    return ((-distance / (2 * (1 - ab))).softmax(dim=1) * images).sum(dim=1).reshape(x_t.shape)


@optimal_denoiser_of_dataset.mistake(
    "One maximum is subtracted for the whole batch, so a row that is far from all images still gets 0 / 0. "
    "Whose maximum does a row need?"
)
def one_maximum_for_all(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    exponent = -squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))
    density = (exponent - exponent.max()).exp()
    return blend(density / density.sum(dim=1, keepdim=True), x_t, dataset)


@optimal_denoiser_of_dataset.mistake(
    "A small number below the fraction hides that `exp` gave 0 for every image: the result is black there. "
    "What subtracts the largest exponent first?"
)
def saved_by_a_small_number(x_t, t, dataset, schedule):
    ab = alpha_bar_of(t, schedule)
    density = (-squared_distance(x_t, dataset, ab.sqrt()) / (2 * (1 - ab))).exp()
    return blend(density / (density.sum(dim=1, keepdim=True) + 1e-8), x_t, dataset)
