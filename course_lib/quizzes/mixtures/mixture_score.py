"""Quiz `mixture_score` of chapter 02."""

import torch

from course_lib import mixtures
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.mixtures.shared import scattered_points

mixture_score = Quiz(
    mixtures.mixture_score,
    cases=scattered_points,
    points=3,
    minutes=12,
    difficulty=4,
    importance=5,
    hints=(
        "One Gaussian first: which gradient has -|x - m|² / (2 std²), and where does it point?",
        "Each component pulls with its own arrow. How much it counts is the probability that x came from it: "
        "a softmax over the components.",
        "sum over k of r_k (means_k - x) / std², with r = softmax over k of log weights_k - |x - means_k|² / (2 std²)",
    ),
)

# The arrows
mixture_score.edits(
    arrows_turned_around=(
        "means - x[:, None] -> x[:, None] - means",
        "The arrows are turned around: yours lead away from the modes. "
        "The score points to where density grows; does yours?",
    ),
    not_divided=(
        "/ std**2 ->",
        "Your arrows have the length of the way to the guess. A narrow bump is steeper: "
        "what does the gradient divide by?",
    ),
    divided_by_std=(
        "/ std**2 -> / std",
        "Divided by std only, as in what the network predicts. What stands under |x - m|² in the log density?",
    ),
    half_as_long=(
        "/ std**2 -> / (2 * std**2)",
        "The arrows are half as long as they should be. Which factor does the gradient of a square bring along?",
    ),
    twice_as_long=(
        "/ std**2 -> / std**2 * 2",
        "The arrows are twice as long as they should be. The gradient of a square has a 2: what cancels it?",
    ),
    multiplied_by_variance=(
        "/ std**2 -> * std**2",
        "Multiplied by std², so narrow bumps come out the flattest. Does std² stand above or below in the log density?",
    ),
    divided_by_the_fourth_power=(
        "/ std**2 -> / std**4",
        "Divided by the square of the variance. How often does std² stand below |x - m|²?",
    ),
    noise_instead_of_score=(
        "/ std**2 -> / -std",
        "That is the best guess at the noise: the score times -std. Where does the noise point, and where the score?",
    ),
    unit_arrows=(
        "(share[:, :, None] * arrows).sum(dim=1) / std**2 "
        "-> torch.nn.functional.normalize((share[:, :, None] * arrows).sum(dim=1), dim=1)",
        "All arrows have the length 1, so they no longer tell how steep the log density is. Where is it steep?",
    ),
    gradient_of_the_mean=(
        "/ std**2 -> / std**2 / len(x)",
        "Your arrows get shorter when there are more points. If you differentiate a mean over the batch, "
        "what else divides?",
    ),
    mean_of_arrows=(
        ".sum(dim=1) -> .mean(dim=1)",
        "Divided by the number of components K once more, though the shares add up to 1. What should happen to them?",
    ),
    place_instead_of_arrow=(
        "(share[:, :, None] * arrows).sum(dim=1) / std**2 -> share @ means",
        "That is the place that the arrow points to. How do you get from x to it, and in which unit?",
    ),
    place_divided=(
        "(share[:, :, None] * arrows).sum(dim=1) -> (share @ means)",
        "That is the place which the arrow should point to, divided by std². From where does the arrow lead there?",
    ),
    arrows_not_added=(
        ".sum(dim=1) ->",
        "There is an arrow for each component, (B, K, d). Along which axis do they have to be added up?",
    ),
)

# The shares
mixture_score.edits(
    weights_forgotten_in_softmax=(
        "weights.log() - arrows -> -arrows",
        "In the shares all components start out alike, whatever their `weights`. "
        "Which term of the log density is missing?",
    ),
    weights_without_softmax=(
        "share[:, :, None] * arrows -> weights[:, None] * arrows",
        "Each component counts by its weight, near or far. A mode far from x should hardly count: "
        "what says how likely it is?",
    ),
    weights_without_log_in_softmax=(
        "weights.log() -> weights",
        "The weights go into the softmax as they are. It takes exp of its input: in which form must a factor go in?",
    ),
    weights_times_exponent=(
        "weights.log() - arrows -> -weights * arrows",
        "The weights multiply the exponent, so a heavy component looks farther away. "
        "A weight multiplies exp itself: what is that among logs?",
    ),
    weights_after_softmax=(
        "weights.log() - arrows -> -arrows",
        "share[:, :, None] -> (weights * share)[:, :, None]",
        "The weights come after the softmax, so the shares no longer add up to 1. Where do they belong?",
    ),
    weighted_twice=(
        "share[:, :, None] -> (weights * share)[:, :, None]",
        "The weights come in twice, in the softmax and again behind it. What do the shares add up to then?",
    ),
    weights_squared_in_softmax=(
        "weights.log() -> 2 * weights.log()",
        "In the shares each weight counts as its square. How often does a weight multiply its bump?",
    ),
    all_pull_fully=(
        "share[:, :, None] * arrows -> arrows",
        "Every component pulls with its full strength, however far it is. How much should each count?",
    ),
    softmax_over_points=(
        "softmax(dim=1) -> softmax(dim=0)",
        "The softmax runs over the points, so they influence each other. Over which axis do probabilities add up to 1?",
    ),
    guess_with_softmax_over_points=(
        "softmax(dim=1) -> softmax(dim=0)",
        "(share[:, :, None] * arrows).sum(dim=1) -> (share @ means - x)",
        "A point's shares do not add up to 1: the softmax compares points with each other. Which axis holds the modes?",
    ),
    share_per_dimension=(
        "weights.log() - arrows.square().sum(dim=2) -> weights.log()[:, None] - arrows.square()",
        "share[:, :, None] -> share",
        "Each dimension has a softmax of its own. A point comes from one component with all its numbers: "
        "what has to be added up first?",
    ),
    softmax_without_half=(
        "(2 * std**2) -> std**2",
        "The exponent in the softmax lacks its 2, so the shares are too sure of themselves. "
        "Compare with the log density.",
    ),
    softmax_with_std=(
        "(2 * std**2) -> (2 * std)",
        "In the softmax the squared distance is divided by 2 std. What stands under it in the log density?",
    ),
    softmax_without_std=(
        "/ (2 * std**2) -> / 2",
        "The shares are those of bumps with std 1. How wide are these bumps?",
    ),
    softmax_of_distances=(
        ".sum(dim=2) -> .sum(dim=2).sqrt()",
        "In the softmax stands the distance, not its square. What is in the exponent of a Gaussian?",
    ),
    softmax_of_mean_squares=(
        ".sum(dim=2) -> .mean(dim=2)",
        "In the softmax the squares are averaged over the dimensions, so the shares are too even. "
        "What makes a squared distance of them?",
    ),
    softmax_turned_around=(
        "- arrows.square -> + arrows.square",
        "The farther a mode, the more it counts in yours. Which sign has the squared distance in the log density?",
    ),
    logs_times_arrows=(
        ".softmax( -> .log_softmax(",
        "The arrows are multiplied by the logs of the shares: the least likely pulls most, and backwards. "
        "What undoes the log?",
    ),
    shares_left_as_logs=(
        ".softmax( -> .log_softmax(",
        "(share[:, :, None] * arrows).sum(dim=1) -> (share @ means - x)",
        "The shares are still logs, so they are negative. How do you get from `log_softmax` to shares?",
    ),
    softmax_left_out_of_arrows=(
        ".softmax(dim=1) ->",
        "Each arrow is multiplied by a log, which is no share. Which function makes logs add up to 1?",
    ),
    softmax_left_out=(
        ".softmax(dim=1) ->",
        "(share[:, :, None] * arrows).sum(dim=1) -> (share @ means - x)",
        "Each mode counts by the log of its part in the density. Which function makes shares of logs?",
    ),
    gradient_of_the_bumps=(
        ".softmax(dim=1) -> .exp()",
        "Each arrow counts by the height of its bump: that is the slope of a density without its factor. "
        "What do shares add up to?",
    ),
    shares_not_divided=(
        ".softmax(dim=1) -> .exp()",
        "(share[:, :, None] * arrows).sum(dim=1) -> (share @ means - x)",
        "Each mode counts by its bump, but the bumps are not divided by their sum. What do probabilities add up to?",
    ),
    gradient_of_the_density=(
        ".softmax(dim=1) -> .exp() / (2 * math.pi * std**2) ** (x.shape[1] / 2)",
        "That is the gradient of the density itself, which dies out far away. "
        "The gradient of its log divides by something: by what?",
    ),
    shares_by_division=(
        ".softmax(dim=1) -> .exp()",
        "share[:, :, None] -> (share / share.sum(dim=1, keepdim=True))[:, :, None]",
        "Far away every exp is 0, and 0 is divided by 0. Which function turns logs into shares without that?",
    ),
    arrows_vanish_far_away=(
        ".softmax(dim=1) -> .exp()",
        "share[:, :, None] -> (share / (share.sum(dim=1, keepdim=True) + 1e-12))[:, :, None]",
        "Far away there are no arrows, though the score is largest there: every exp is 0, "
        "and so is each share if something small stands below.",
    ),
    shares_with_epsilon=(
        ".softmax(dim=1) -> .exp()",
        "(share[:, :, None] * arrows).sum(dim=1) -> (share / (share.sum(dim=1, keepdim=True) + 1e-12) @ means - x)",
        "Far away all shares are 0, and the arrow points to the origin. A small number below hides that exp is 0: "
        "which function makes shares straight from logs?",
    ),
)


@mixture_score.mistake("Only the nearest component pulls. Between two of them both do: how much does each count?")
def nearest_only(x, means, std, weights):
    return (means[torch.cdist(x, means).argmin(dim=1)] - x) / std**2


@mixture_score.mistake(
    "Only the likeliest component pulls. Between two of them both do: how could each count by its probability?"
)
def likeliest_only(x, means, std, weights):
    logs = weights.log() - torch.cdist(x, means).square() / (2 * std**2)
    return (means[logs.argmax(dim=1)] - x) / std**2


@mixture_score.alternative("The shares add up to 1, so the arrow leads from x to one place: the mean of the modes.")
def guess_minus_x(x, means, std, weights):
    square = torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist").pow(2)
    share = torch.softmax(torch.log(weights) - square / (2 * std * std), dim=-1)
    return (share @ means - x) / (std * std)


@mixture_score.alternative("Autograd differentiates the log density on a copy of x: the caller's x stays as it is.")
def by_autograd(x, means, std, weights):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        total = mixtures.mixture_log_prob(x, means, std, weights).sum()
        return torch.autograd.grad(total, x)[0]


@mixture_score.alternative("Bayes' rule in logs: `logsumexp` is the log of what the joint density is divided by.")
def shares_by_bayes(x, means, std, weights):
    joint = torch.log(weights) - (x[:, None] - means).square().sum(dim=2) / (2 * std**2)
    probability = (joint - torch.logsumexp(joint, dim=1, keepdim=True)).exp()
    pulls = (means[None] - x[:, None]) / std**2
    return torch.einsum("bk,bkd->bd", probability, pulls)
