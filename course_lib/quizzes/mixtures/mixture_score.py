"""Quiz `mixture_score` of chapter 02."""

import torch

from course_lib import mixtures
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.mixtures.shared import log_components, scattered_points, squares

mixture_score = Quiz(
    mixtures.mixture_score,
    cases=scattered_points,
    points=3,
    minutes=12,
    hints=(
        "One Gaussian first: which gradient has -|x - m|² / (2 std²), and where does it point?",
        "Each component pulls with its own arrow. How much it counts is the probability that x came from it: "
        "a softmax over the components.",
        "sum over k of r_k (means_k - x) / std², with r = softmax over k of log weights_k - |x - means_k|² / (2 std²)",
    ),
)


def shares(x, means, std, weights):
    """The probability that x_b came from component k, (B, K)."""
    return (weights.log() - squares(x, means) / (2 * std**2)).softmax(dim=1)


def guess(x, means, std, weights):
    return shares(x, means, std, weights) @ means


@mixture_score.mistake(
    "The arrows are turned around: yours lead away from the modes. The score points to where density grows; does yours?"
)
def arrows_turned_around(x, means, std, weights):
    return (x - guess(x, means, std, weights)) / std**2


@mixture_score.mistake(
    "Your arrows have the length of the way to the guess. A narrow bump is steeper: what does the gradient divide by?"
)
def not_divided(x, means, std, weights):
    return guess(x, means, std, weights) - x


@mixture_score.mistake(
    "Divided by std only, as in what the network predicts. What stands under |x - m|² in the log density?"
)
def divided_by_std(x, means, std, weights):
    return (guess(x, means, std, weights) - x) / std


@mixture_score.mistake(
    "The direction is right, the length is off by 2. Which factor does the gradient of a square bring along?"
)
def half_as_long(x, means, std, weights):
    return (guess(x, means, std, weights) - x) / (2 * std**2)


@mixture_score.mistake("Only the nearest component pulls. Between two of them both do: how much does each count?")
def nearest_only(x, means, std, weights):
    return (means[squares(x, means).argmin(dim=1)] - x) / std**2


@mixture_score.mistake(
    "Only the likeliest component pulls. Between two of them both do: how could each count by its probability?"
)
def likeliest_only(x, means, std, weights):
    return (means[shares(x, means, std, weights).argmax(dim=1)] - x) / std**2


@mixture_score.mistake(
    "In the softmax all components start out alike: `weights` is never used. Which term of the log density is missing?"
)
def weights_forgotten_in_softmax(x, means, std, weights):
    return ((-squares(x, means) / (2 * std**2)).softmax(dim=1) @ means - x) / std**2


@mixture_score.mistake(
    "Each component counts by its weight, near or far. A mode far from x should hardly count: "
    "what says how likely it is?"
)
def weights_without_softmax(x, means, std, weights):
    return (weights @ means - x) / std**2


@mixture_score.mistake(
    "The weights go into the softmax as they are. It takes exp of what you give it: in which form must a factor go in?"
)
def weights_without_log_in_softmax(x, means, std, weights):
    return ((weights - squares(x, means) / (2 * std**2)).softmax(dim=1) @ means - x) / std**2


@mixture_score.mistake("The weights come after the softmax, so the shares no longer add up to 1. Where do they belong?")
def weights_after_softmax(x, means, std, weights):
    share = weights * (-squares(x, means) / (2 * std**2)).softmax(dim=1)
    return (share[:, :, None] * (means - x[:, None])).sum(dim=1) / std**2


@mixture_score.mistake(
    "The softmax runs over the points, so they influence each other. Over which axis do probabilities add up to 1?"
)
def softmax_over_points(x, means, std, weights):
    share = (weights.log() - squares(x, means) / (2 * std**2)).softmax(dim=0)
    return (share[:, :, None] * (means - x[:, None])).sum(dim=1) / std**2


@mixture_score.mistake(
    "A point's shares do not add up to 1: your softmax compares points with each other. Which axis holds the modes?"
)
def guess_with_softmax_over_points(x, means, std, weights):
    share = (weights.log() - squares(x, means) / (2 * std**2)).softmax(dim=0)
    return (share @ means - x) / std**2


@mixture_score.mistake(
    "That is the best guess at the noise: the score times -std. Which way does the noise point, which way the score?"
)
def noise_instead_of_score(x, means, std, weights):
    return (x - guess(x, means, std, weights)) / std


@mixture_score.mistake(
    "The exponent in your softmax lacks its 2, so your shares are too sure of themselves. Compare with the log density."
)
def softmax_without_half(x, means, std, weights):
    return ((weights.log() - squares(x, means) / std**2).softmax(dim=1) @ means - x) / std**2


@mixture_score.mistake(
    "In the softmax the squared distance is divided by 2 std. What stands under it in the log density?"
)
def softmax_with_std(x, means, std, weights):
    return ((weights.log() - squares(x, means) / (2 * std)).softmax(dim=1) @ means - x) / std**2


@mixture_score.mistake(
    "The farther a mode, the more it counts in yours. Which sign has the squared distance in the log density?"
)
def softmax_turned_around(x, means, std, weights):
    return ((weights.log() + squares(x, means) / (2 * std**2)).softmax(dim=1) @ means - x) / std**2


@mixture_score.mistake("Your shares are still logs, so they are negative. How do you get from `log_softmax` to shares?")
def shares_left_as_logs(x, means, std, weights):
    return ((weights.log() - squares(x, means) / (2 * std**2)).log_softmax(dim=1) @ means - x) / std**2


@mixture_score.mistake(
    "You count each mode by the log of its share in the density. Which function makes shares of logs?"
)
def softmax_left_out(x, means, std, weights):
    return ((weights.log() - squares(x, means) / (2 * std**2)) @ means - x) / std**2


@mixture_score.mistake(
    "Each mode counts by its bump, but the bumps are not divided by their sum. What do probabilities add up to?"
)
def shares_not_divided(x, means, std, weights):
    return ((weights * (-squares(x, means) / (2 * std**2)).exp()) @ means - x) / std**2


@mixture_score.mistake(
    "A little number below avoids 0 divided by 0, but then all shares are 0 far away, and your arrow points to the "
    "origin. Which function makes shares straight from logs?"
)
def shares_with_epsilon(x, means, std, weights):
    bumps = weights * (-squares(x, means) / (2 * std**2)).exp()
    return (bumps / (bumps.sum(dim=1, keepdim=True) + 1e-12) @ means - x) / std**2


@mixture_score.mistake(
    "Multiplied by std², so narrow bumps come out the flattest. Does std² stand above or below in the log density?"
)
def multiplied_by_variance(x, means, std, weights):
    return (guess(x, means, std, weights) - x) * std**2


@mixture_score.mistake(
    "Your arrows get shorter when there are more points. If you differentiate a mean over the batch, what else divides?"
)
def gradient_of_the_mean(x, means, std, weights):
    return (guess(x, means, std, weights) - x) / std**2 / len(x)


@mixture_score.mistake(
    "The mean over the components divides by K once more, though the shares add up to 1. What should happen to them?"
)
def mean_of_arrows(x, means, std, weights):
    return (guess(x, means, std, weights) - x) / std**2 / len(means)


@mixture_score.mistake(
    "That is the gradient of the density itself, which dies out far away. "
    "The gradient of its log divides by something: by what?"
)
def gradient_of_the_density(x, means, std, weights):
    density = (weights.log() + log_components(x, means, std)).exp()
    return (density[:, :, None] * (means - x[:, None])).sum(dim=1) / std**2


@mixture_score.mistake(
    "Far away every exp is 0, and you divide 0 by 0. Which function turns logs into shares without that?"
)
def shares_by_division(x, means, std, weights):
    density = weights * log_components(x, means, std).exp()
    return (density / density.sum(dim=1, keepdim=True) @ means - x) / std**2


@mixture_score.mistake("That is the place that the arrow points to. How do you get from x to it, and in which unit?")
def place_instead_of_arrow(x, means, std, weights):
    return guess(x, means, std, weights)


@mixture_score.alternative("")
def guess_minus_x(x, means, std, weights):
    square = torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist").pow(2)
    share = torch.softmax(torch.log(weights) - square / (2 * std * std), dim=-1)
    return (share @ means - x) / (std * std)


@mixture_score.alternative("")
def by_autograd(x, means, std, weights):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        total = mixtures.mixture_log_prob(x, means, std, weights).sum()
        return torch.autograd.grad(total, x)[0]


@mixture_score.alternative("")
def shares_by_bayes(x, means, std, weights):
    joint = torch.log(weights) - squares(x, means) / (2 * std**2)
    probability = (joint - torch.logsumexp(joint, dim=1, keepdim=True)).exp()
    pulls = (means[None] - x[:, None]) / std**2
    return torch.einsum("bk,bkd->bd", probability, pulls)
