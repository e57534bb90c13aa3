"""Answers to the quizzes of chapter 02, mixtures."""

import math

import torch
from torch import Tensor

from answers import right, wrong

# mixture_log_prob


@wrong("mixture_log_prob", "leaves the logs: far away every exp is 0")
def log_prob_underflows(x, means, std, weights):
    d = x.shape[1]
    square = ((x[:, None] - means[None]) ** 2).sum(-1)
    density = torch.exp(-square / (2 * std**2)) / (2 * math.pi * std**2) ** (d / 2)
    return (weights * density).sum(dim=1).log()


@wrong("mixture_log_prob", "normaliser of one dimension, whatever d")
def log_prob_one_dimension(x, means, std, weights):
    square = ((x[:, None] - means) ** 2).sum(-1)
    log_n = -square / (2 * std**2) - 0.5 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(log_n + weights.log(), dim=1)


@wrong("mixture_log_prob", "the mean of the logs instead of the log of the mean")
def log_prob_mean_of_logs(x, means, std, weights):
    d = x.shape[1]
    square = (x.unsqueeze(1) - means.unsqueeze(0)).pow(2).sum(dim=-1)
    log_n = -square / (2 * std**2) - d / 2 * math.log(2 * math.pi * std**2)
    return (weights * log_n).sum(dim=1)


@wrong("mixture_log_prob", "the distance is not squared")
def log_prob_distance_not_squared(x, means, std, weights):
    d = x.shape[1]
    logits = weights.log() - torch.cdist(x, means) / (2 * std**2)
    return torch.logsumexp(logits, dim=1) - d / 2 * math.log(2 * math.pi * std**2)


@wrong("mixture_log_prob", "the weights are added without a logarithm")
def log_prob_weights_not_logged(x, means, std, weights):
    d = x.shape[1]
    square = (x[:, None] - means).square().sum(dim=2)
    return torch.logsumexp(weights - square / (2 * std**2), dim=1) - d * math.log(std * math.sqrt(2 * math.pi))


@wrong("mixture_log_prob", "1e-12 inside the logarithm")
def log_prob_with_eps(x, means, std, weights):
    d = x.shape[1]
    v = std**2
    total = torch.zeros(len(x))
    for mean, weight in zip(means, weights, strict=True):
        total = total + weight * torch.exp(-((x - mean) ** 2).sum(1) / (2 * v))
    return torch.log(total + 1e-12) - d / 2 * math.log(2 * math.pi * v)


@wrong("mixture_log_prob", "the normaliser holds for d = 2 only")
def log_prob_plane_only(x, means, std, weights):
    square = (x[:, None] - means).square().sum(dim=2)
    return torch.logsumexp(weights.log() - square / (2 * std**2), dim=1) - math.log(2 * math.pi * std**2)


@wrong("mixture_log_prob", "std for the variance in both places, and the mean over the coordinates")
def log_prob_std_and_mean(x, means, std, weights):
    d = x.shape[1]
    square = (x[:, None] - means).square().mean(dim=2)
    return torch.logsumexp(weights.log() - square / (2 * std) - d / 2 * math.log(2 * math.pi * std), dim=1)


@right("mixture_log_prob", "torch.distributions does all of it")
def log_prob_by_distributions(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    bumps = torch.distributions.Independent(torch.distributions.Normal(means, torch.full_like(means, std)), 1)
    return torch.distributions.MixtureSameFamily(torch.distributions.Categorical(weights), bumps).log_prob(x)


@right("mixture_log_prob", "a loop over modes with logaddexp")
def log_prob_logaddexp(x, means, std, weights):
    total = None
    for k in range(len(means)):
        log_normal = torch.distributions.Normal(means[k], std).log_prob(x).sum(dim=-1)
        term = torch.log(weights[k]) + log_normal
        total = term if total is None else torch.logaddexp(total, term)
    return total


@right("mixture_log_prob", "takes the largest exponent out by hand, in float64")
def log_prob_max_by_hand(x, means, std, weights):
    x64, m64 = x.double(), means.double()
    difference = x64[:, None, :] - m64[None, :, :]
    exponent = -torch.einsum("bkd,bkd->bk", difference, difference) / (2 * std * std)
    top = exponent.amax(dim=1, keepdim=True)
    inside = ((exponent - top).exp() * weights.double()).sum(dim=1)
    answer = top.squeeze(1) + inside.log() - x.shape[1] * math.log(math.sqrt(2 * math.pi) * std)
    return answer.to(x.dtype)


# mixture_score


@wrong("mixture_score", "the weights are left out of the shares")
def score_without_weights(x, means, std, weights):
    arrows = means - x[:, None]
    r = torch.softmax(-(arrows**2).sum(-1) / (2 * std**2), dim=1)
    return (r[..., None] * arrows).sum(1) / std**2


@wrong("mixture_score", "divides by the spread instead of the variance")
def score_over_std(x, means, std, weights):
    arrows = means - x[:, None]
    r = torch.softmax(weights.log() - (arrows**2).sum(-1) / (2 * std**2), dim=1)
    return torch.einsum("bk,bkd->bd", r, arrows) / std


@wrong("mixture_score", "the softmax runs over the batch")
def score_softmax_over_batch(x, means, std, weights):
    arrows = means[None] - x[:, None]
    r = torch.softmax(weights.log() - (arrows**2).sum(-1) / (2 * std**2), dim=0)
    return (r[:, :, None] * arrows).sum(dim=1) / std**2


@wrong("mixture_score", "exp by hand: far away 0 divided by 0")
def score_zero_over_zero(x, means, std, weights):
    arrows = means - x.unsqueeze(1)
    p = weights * torch.exp(-arrows.pow(2).sum(-1) / (2 * std**2))
    r = p / p.sum(dim=1, keepdim=True)
    return (r.unsqueeze(-1) * arrows / std**2).sum(dim=1)


@wrong("mixture_score", "the weights multiply after the softmax")
def score_weights_after_softmax(x, means, std, weights):
    arrows = means - x[:, None]
    r = weights * torch.softmax(-arrows.square().sum(dim=2) / (2 * std**2), dim=1)
    return (r[:, :, None] * arrows).sum(dim=1) / std**2


@wrong("mixture_score", "only the likeliest mode pulls")
def score_nearest_mode(x, means, std, weights):
    logits = weights.log() - torch.cdist(x, means) ** 2 / (2 * std**2)
    return (means[logits.argmax(dim=1)] - x) / std**2


@wrong("mixture_score", "autograd of the mean over the batch instead of the sum")
def score_autograd_mean(x, means, std, weights):
    place = x.detach().clone().requires_grad_()
    square = (place[:, None] - means).square().sum(dim=2)
    log_prob = torch.logsumexp(weights.log() - square / (2 * std**2), dim=1)
    return torch.autograd.grad(log_prob.mean(), place)[0]


@wrong("mixture_score", "the arrows point away, and the 2 in the exponent is missing")
def score_sign_and_half(x, means, std, weights):
    arrows = x[:, None] - means
    r = torch.softmax(weights.log() - arrows.square().sum(dim=2) / std**2, dim=1)
    return (r[:, :, None] * arrows).sum(dim=1) / std**2


@right("mixture_score", "autograd of the log-density's sum on a copy")
def score_by_autograd(x, means, std, weights):
    with torch.enable_grad():
        place = x.detach().clone().requires_grad_(True)
        square = (place[:, None] - means).pow(2).sum(-1)
        log_prob = (weights.log() - square / (2 * std**2)).logsumexp(1)
        (gradient,) = torch.autograd.grad(log_prob.sum(), place)
    return gradient


@right("mixture_score", "the mean of the modes by matrix product, minus x")
def score_by_matmul(x, means, std, weights):
    exponent = -0.5 * ((x[:, None] - means) / std).square().sum(-1) + torch.log(weights)
    shares = torch.exp(exponent - exponent.logsumexp(dim=1, keepdim=True))
    return (shares @ means - x) / (std * std)


@right("mixture_score", "a loop over rows, in float64")
def score_loop(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    def one(place: Tensor) -> Tensor:
        pulls = (means.double() - place) / std**2
        logs = weights.double().log() - torch.linalg.vector_norm(means.double() - place, dim=1) ** 2 / (2 * std**2)
        return torch.nn.functional.softmax(logs, dim=-1) @ pulls

    return torch.stack([one(row.double()) for row in x]).to(x.dtype)
