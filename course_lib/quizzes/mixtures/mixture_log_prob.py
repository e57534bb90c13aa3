"""Quiz `mixture_log_prob` of chapter 02."""

import math

import torch

from course_lib import mixtures
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.mixtures.shared import log_components, scattered_points, squares

mixture_log_prob = Quiz(
    mixtures.mixture_log_prob,
    cases=scattered_points,
    points=3,
    minutes=12,
    hints=(
        "First one number for each point and each component, (B, K). `x[:, None] - means` has shape (B, K, d).",
        "The density is a sum of products: each weight times a Gaussian. Far away every exp is 0, "
        "so stay with logs: `torch.logsumexp` adds what lies behind them.",
        "logsumexp over k of log weights_k - |x - means_k|² / (2 std²) - d/2 log(2 pi std²)",
    ),
)


@mixture_log_prob.mistake(
    "The factor in front of each exp is missing: your density does not add up to 1. What makes a Gaussian a density?"
)
def no_normaliser(x, means, std, weights):
    return torch.logsumexp(weights.log() - squares(x, means) / (2 * std**2), dim=1)


@mixture_log_prob.mistake(
    "Right on a line, wrong in the plane: the factor 1 / sqrt(2 pi std²) comes once per dimension. How many has x?"
)
def normaliser_of_one_dimension(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std**2) - math.log(2 * math.pi * std**2) / 2
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "Right in the plane only: your factor in front of exp is that of 2 dimensions. What does it become for d of them?"
)
def normaliser_of_the_plane(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std**2) - math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "Your factor in front of exp makes narrow bumps low: it is upside down. A narrow bump has to be high: "
    "which sign has its log?"
)
def normaliser_upside_down(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std**2) + x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "The exponent is right, but the factor in front has std in place of the variance. Which of them is under its root?"
)
def std_in_the_normaliser(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "Your factor in front of exp lacks its pi. Which area has a plain exp(-x²/2), without any factor?"
)
def normaliser_without_pi(x, means, std, weights):
    return torch.logsumexp(weights.log() - squares(x, means) / (2 * std**2), dim=1) - x.shape[1] * math.log(std)


@mixture_log_prob.mistake(
    "Your factor in front of exp does not depend on std. Which is higher, a narrow bump or a wide one?"
)
def normaliser_without_std(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "The factor in front of exp comes once per *component* in yours, because its power is K / 2. What does d count?"
)
def normaliser_of_components(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std**2) - len(means) / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "Your exponent is positive, so the density grows without end away from the modes. Which sign has it?"
)
def exponent_positive(x, means, std, weights):
    logs = weights.log() + squares(x, means) / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "You use `std` where a Gaussian has its variance. Which of the two divides a squared distance?"
)
def std_for_variance(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std) - x.shape[1] / 2 * math.log(2 * math.pi * std)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "The factor is right, but in the exponent the squared distance is divided by std. Which unit has a square?"
)
def std_in_the_exponent(x, means, std, weights):
    logs = weights.log() - squares(x, means) / (2 * std) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake("Your bumps fall off too fast: something small is missing under the squared distance. What?")
def exponent_without_half(x, means, std, weights):
    logs = weights.log() - squares(x, means) / std**2 - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "The exponent has the distance itself: that is a tent with a tip, not a bell. "
    "What does a Gaussian do to the distance?"
)
def distance_not_squared(x, means, std, weights):
    logs = weights.log() - squares(x, means).sqrt() / (2 * std**2)
    return torch.logsumexp(logs - x.shape[1] / 2 * math.log(2 * math.pi * std**2), dim=1)


@mixture_log_prob.mistake(
    "You average the squared differences over the dimensions. Pythagoras: what does the squared distance do with them?"
)
def mean_over_dimensions(x, means, std, weights):
    square = (x[:, None] - means).square().mean(dim=2)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@mixture_log_prob.mistake(
    "You average over the components, though the weights add up to 1 already. What is left to divide by?"
)
def mean_over_components(x, means, std, weights):
    return torch.logsumexp(weights.log() + log_components(x, means, std), dim=1) - math.log(len(means))


@mixture_log_prob.mistake("Every component counts fully: `weights` is never used. Where does each weight belong?")
def weights_forgotten(x, means, std, weights):
    return torch.logsumexp(log_components(x, means, std), dim=1)


@mixture_log_prob.mistake("All components count the same, as if every weight were 1 / K. What are `weights` for?")
def equal_weights(x, means, std, weights):
    return torch.logsumexp(log_components(x, means, std), dim=1) - math.log(len(means))


@mixture_log_prob.mistake(
    "The weights are added to logs as they are. A weight multiplies its density: what does that become among logs?"
)
def weights_without_log(x, means, std, weights):
    return torch.logsumexp(weights + log_components(x, means, std), dim=1)


@mixture_log_prob.mistake(
    "The weights multiply logs, which makes them powers of the densities. What does a factor become among logs?"
)
def weights_times_logs(x, means, std, weights):
    return torch.logsumexp(weights * log_components(x, means, std), dim=1)


@mixture_log_prob.mistake(
    "You add up the logs, which multiplies the densities. They should be added: which function does that, given logs?"
)
def logs_added(x, means, std, weights):
    return (weights.log() + log_components(x, means, std)).sum(dim=1)


@mixture_log_prob.mistake(
    "You average the logs, but the log of a sum is not the sum of the logs. Which comes first, adding or the log?"
)
def logs_averaged(x, means, std, weights):
    return (weights * log_components(x, means, std)).sum(dim=1)


@mixture_log_prob.mistake(
    "Only the largest term is kept. Between two bumps both count: which function adds what lies behind the logs?"
)
def largest_term_only(x, means, std, weights):
    return (weights.log() + log_components(x, means, std)).amax(dim=1)


@mixture_log_prob.mistake(
    "Far away exp gives exactly 0, and its log is minus infinity. Which function does exp, sum and log in one, safely?"
)
def underflow(x, means, std, weights):
    return (weights * log_components(x, means, std).exp()).sum(dim=1).log()


@mixture_log_prob.mistake("That is the density. Asked is its log, which far away is still a number and not 0.")
def density_itself(x, means, std, weights):
    return torch.logsumexp(weights.log() + log_components(x, means, std), dim=1).exp()


@mixture_log_prob.mistake("The sign is turned around: a likely point has a large log density. Is yours smallest there?")
def negative_log_prob(x, means, std, weights):
    return -torch.logsumexp(weights.log() + log_components(x, means, std), dim=1)


@mixture_log_prob.alternative("")
def with_distributions(x, means, std, weights):
    bumps = torch.distributions.Independent(torch.distributions.Normal(means, std), 1)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(weights), bumps)
    return mixture.log_prob(x)


@mixture_log_prob.alternative("")
def component_by_component(x, means, std, weights):
    total = torch.full((len(x),), -math.inf).to(x)
    for mean, weight in zip(means, weights, strict=True):
        distance = torch.linalg.vector_norm(x - mean, dim=-1)
        bump = -0.5 * (distance / std) ** 2 - x.shape[-1] * math.log(std * math.sqrt(2 * math.pi))
        total = torch.logaddexp(total, torch.log(weight) + bump)
    return total


@mixture_log_prob.alternative("")
def largest_term_taken_out(x, means, std, weights):
    exponents = -(torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist") ** 2) / (2 * std**2)
    largest = exponents.max(dim=1, keepdim=True).values
    total = ((exponents - largest).exp() @ weights).log() + largest[:, 0]
    return total - means.shape[1] * 0.5 * (math.log(2 * math.pi) + 2 * math.log(std))
