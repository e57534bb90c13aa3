"""Answers to the quizzes of chapter 02."""

import math
from itertools import pairwise

import torch
from einops import einsum, rearrange, reduce
from torch import Tensor, distributions

from answers import right, wrong

# mixture_log_prob


@wrong("mixture_log_prob", "leaves the logs: -inf far from all bumps")
def log_of_the_sum(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    density = torch.exp(-square / (2 * std**2)) / (2 * math.pi * std**2) ** (x.shape[1] / 2)
    return (weights * density).sum(dim=1).log()


@wrong("mixture_log_prob", "the normaliser is missing")
def without_normaliser(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    return torch.logsumexp(weights.log() - square / (2 * std**2), dim=1)


@wrong("mixture_log_prob", "two dimensions hard-coded in the normaliser")
def only_the_plane(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    return torch.logsumexp(weights.log() - square / (2 * std**2), dim=1) - math.log(2 * math.pi * std**2)


@wrong("mixture_log_prob", "std taken for the variance")
def std_as_variance(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std) - x.shape[1] / 2 * math.log(2 * math.pi * std)
    return logs.logsumexp(1)


@wrong("mixture_log_prob", "the weights are left out")
def no_weights(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = -square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "weights added to the logs without their own log")
def weights_without_log(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "sums over the batch instead of the bumps")
def over_the_batch(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=0)


@wrong("mixture_log_prob", "the distance is not squared")
def distance_not_squared(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    distance = (x[:, None] - means).norm(dim=-1)
    logs = weights.log() - distance / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "mean over the dimensions instead of the sum")
def mean_over_dimensions(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = reduce((x[:, None] - means) ** 2, "b k d -> b k", "mean")
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "weighted mean of the logs: below the log of the mean")
def mean_of_the_logs(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = -square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return (weights * logs).sum(dim=1)


@wrong("mixture_log_prob", "the nearest bump only")
def largest_term(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return logs.max(dim=1).values


@wrong("mixture_log_prob", "an epsilon inside the log: a floor where the density is low")
def floored_log(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    density = torch.exp(-square / (2 * std**2)) / (2 * math.pi * std**2) ** (x.shape[1] / 2)
    return ((weights * density).sum(dim=1) + 1e-12).log()


@wrong("mixture_log_prob", "the 2 in 2v is missing in the exponent")
def without_the_half(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    v = std**2
    square = ((x[:, None] - means) ** 2).sum(-1)
    return torch.logsumexp(weights.log() - square / v - x.shape[1] / 2 * math.log(2 * math.pi * v), dim=1)


@wrong("mixture_log_prob", "a column (B, 1)")
def as_a_column(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1, keepdim=True)


@wrong("mixture_log_prob", "each dimension a mixture of its own, then added up")
def dimensions_apart(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    logs = weights.log()[:, None] - (x[:, None] - means) ** 2 / (2 * std**2)
    per_dimension = torch.logsumexp(logs, dim=1) - 0.5 * math.log(2 * math.pi * std**2)
    return per_dimension.sum(dim=1)


@wrong("mixture_log_prob", "normaliser added instead of subtracted")
def normaliser_added(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) + x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "base 10 for the normaliser, natural for the rest")
def base_ten(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log10(2 * math.pi * std**2)
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "returns the density, not its log")
def density_itself(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return logs.exp().sum(dim=1)


@wrong("mixture_log_prob", "two mistakes: variance of one dimension in the normaliser, weights doubled")
def one_dimensional_and_weights(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = 2 * weights.log() - square / (2 * std**2) - math.log(std * math.sqrt(2 * math.pi))
    return torch.logsumexp(logs, dim=1)


@wrong("mixture_log_prob", "x and means subtracted row by row: needs B = K or fails")
def rows_matched(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x - means) ** 2).sum(-1)
    logs = weights.log() - square / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return logs.logsumexp(0)


@wrong("mixture_log_prob", "the variance where Normal wants the spread")
def variance_into_normal(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    normal = distributions.Normal(means, std**2)
    logs = normal.log_prob(x[:, None]).sum(dim=-1)
    return torch.logsumexp(logs + weights.log(), dim=1)


@right("mixture_log_prob", "torch.distributions: a mixture of the same family")
def same_family(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    parts = distributions.Independent(distributions.Normal(means, torch.full_like(means, std)), 1)
    mixture = distributions.MixtureSameFamily(distributions.Categorical(logits=weights.log()), parts)
    return mixture.log_prob(x)


@right("mixture_log_prob", "log-sum-exp by hand: the largest term taken out")
def largest_taken_out(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    d, v = x.shape[1], std * std
    logs = torch.log(weights)[None] - 0.5 * (x[:, None, :] - means[None]).pow(2).sum(2).div(v)
    top = logs.amax(dim=1, keepdim=True)
    return (top + (logs - top).exp().sum(1, keepdim=True).log()).squeeze(1) - 0.5 * d * math.log(2 * math.pi * v)


@right("mixture_log_prob", "a loop over the bumps and logaddexp")
def bump_by_bump(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    total = torch.full_like(x[:, 0], -math.inf)
    for m, w in zip(means, weights, strict=True):
        bump = -0.5 * ((x - m) / std).square().sum(dim=1)
        total = torch.logaddexp(total, w.log() + bump)
    return total - x.size(1) * (math.log(std) + 0.5 * math.log(2 * math.pi))


@right("mixture_log_prob", "float64 inside, square expanded by einsum")
def expanded_square(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    a, m = x.double(), means.double()
    square = (a * a).sum(1)[:, None] - 2 * einsum(a, m, "b d, k d -> b k") + (m * m).sum(1)
    logs = weights.double().log() - square / (2 * std**2)
    return (logs.logsumexp(1) - a.shape[1] / 2 * math.log(2 * math.pi * std**2)).to(x.dtype)


@right("mixture_log_prob", "Normal.log_prob summed over the dimensions, bumps along the first axis")
def bumps_first(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    centre = rearrange(means, "k d -> k 1 d")
    per_bump = distributions.Normal(centre, std).log_prob(x).sum(dim=-1)
    return torch.logsumexp(per_bump + weights.log().unsqueeze(1), dim=0)


# mixture_score


@wrong("mixture_score", "the arrows point away from the modes")
def arrows_turned(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = x[:, None] - means
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "not divided by the variance")
def without_variance(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return (share[..., None] * diff).sum(1)


@wrong("mixture_score", "divided by the spread instead of the variance")
def divided_by_std(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return (share[..., None] * diff).sum(1) / std


@wrong("mixture_score", "all bumps as if equally full")
def equal_bumps(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(-(diff**2).sum(-1) / (2 * std**2), dim=1)
    return (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "softmax over the batch")
def softmax_over_batch(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=0)
    return (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "exp and a quotient: 0 / 0 far away")
def zero_by_zero(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    bump = weights * torch.exp(-(diff**2).sum(-1) / (2 * std**2))
    share = bump / bump.sum(dim=1, keepdim=True)
    return (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "an epsilon in the quotient: no arrow at all far away")
def vanishing_far_away(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    bump = weights * torch.exp(-(diff**2).sum(-1) / (2 * std**2))
    share = bump / (bump.sum(dim=1, keepdim=True) + 1e-8)
    return (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "only the nearest mode pulls")
def nearest_mode(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    nearest = torch.cdist(x, means).argmin(dim=1)
    return (means[nearest] - x) / std**2


@wrong("mixture_score", "weights alone as shares: the same arrow field for every noise")
def prior_shares(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    return (weights[None, :, None] * (means - x[:, None])).sum(dim=1) / std**2


@wrong("mixture_score", "weights multiply the exponent instead of being added as logs")
def weights_in_exponent(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(-weights * (diff**2).sum(-1) / (2 * std**2), dim=1)
    return einsum(share, diff, "b k, b k d -> b d") / std**2


@wrong("mixture_score", "the best guess at the mode, not the arrow to it")
def expected_mean(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = ((x[:, None] - means) ** 2).sum(-1)
    share = torch.softmax(weights.log() - square / (2 * std**2), dim=1)
    return share @ means


@wrong("mixture_score", "the gradient of p, not of log p")
def gradient_of_density(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    log_bump = -(diff**2).sum(-1) / (2 * std**2) - x.shape[1] / 2 * math.log(2 * math.pi * std**2)
    return ((weights * log_bump.exp())[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "autograd on the argument itself: x requires grad afterwards")
def grad_of_the_argument(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    x.requires_grad_(True)
    square = ((x[:, None] - means) ** 2).sum(-1)
    log_prob = torch.logsumexp(weights.log() - square / (2 * std**2), dim=1)
    log_prob.sum().backward()
    return x.grad


@wrong("mixture_score", "the unit arrow: length thrown away")
def unit_arrows(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return torch.nn.functional.normalize((share[..., None] * diff).sum(1), dim=1)


@wrong("mixture_score", "mean over the bumps in place of the sum")
def mean_over_bumps(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return (share[..., None] * diff).mean(dim=1) / std**2


@wrong("mixture_score", "a softmax for each dimension: the squares are not added up")
def share_per_dimension(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log()[:, None] - diff**2 / (2 * std**2), dim=1)
    return (share * diff).sum(dim=1) / std**2


@wrong("mixture_score", "two mistakes: 2 missing in the exponent, and divided by the spread")
def half_and_spread(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / std**2, dim=1)
    return (share[..., None] * diff).sum(1) / std


@wrong("mixture_score", "minus sigma times the score: the noise")
def noise_for_score(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return -std * (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "all the shares' arrows, not yet summed: (B, K, d)")
def arrows_not_summed(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return share[..., None] * diff / std**2


@wrong("mixture_score", "the sign of the exponent turned: the farthest mode pulls most")
def farthest_pulls(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = torch.softmax(weights.log() + (diff**2).sum(-1) / (2 * std**2), dim=1)
    return (share[..., None] * diff).sum(1) / std**2


@wrong("mixture_score", "weighted twice: the shares times the weights again")
def weighted_twice(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    diff = means - x[:, None]
    share = weights * torch.softmax(weights.log() - (diff**2).sum(-1) / (2 * std**2), dim=1)
    return einsum(share, diff, "b k, b k d -> b d") / std**2


@right("mixture_score", "shares times means minus x: a matrix product")
def matrix_product(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    square = (x[:, None, :] - means[None, :, :]).pow(2).sum(-1)
    share = (weights.log() - square / (2 * std**2)).softmax(-1)
    return (share @ means - x) / std**2


@right("mixture_score", "autograd on a detached copy")
def autograd_on_a_copy(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    with torch.enable_grad():
        place = x.detach().clone().requires_grad_()
        square = ((place[:, None] - means) / std).square().sum(-1)
        log_prob = torch.logsumexp(weights.log() - square / 2, dim=1)
        (slope,) = torch.autograd.grad(log_prob.sum(), place)
    return slope


@right("mixture_score", "torch.func: vmap of a gradient of one row")
def by_vmap(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    def log_prob(row: Tensor) -> Tensor:
        return torch.logsumexp(weights.log() - ((row - means) ** 2).sum(-1) / (2 * std**2), dim=0)

    return torch.func.vmap(torch.func.grad(log_prob))(x)


@right("mixture_score", "einops throughout; shares by log_softmax")
def einops_throughout(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    pull = (rearrange(means, "k d -> 1 k d") - rearrange(x, "b d -> b 1 d")) / std
    share = torch.log_softmax(weights.log() - reduce(pull**2, "b k d -> b k", "sum") / 2, dim=1).exp()
    return einsum(share, pull, "b k, b k d -> b d") / std


@right("mixture_score", "row by row, in float64")
def rows_in_double(x: Tensor, means: Tensor, std: float, weights: Tensor) -> Tensor:
    m, w = means.double(), weights.double()
    out = torch.empty_like(x)
    for i, row in enumerate(x.double()):
        arrow = m - row
        log_share = w.log() - (arrow * arrow).sum(1) / (2 * std**2)
        share = torch.exp(log_share - log_share.max())
        out[i] = (share[:, None] * arrow).sum(0) / share.sum() / std**2
    return out


# posterior_mean_from_score


@wrong("posterior_mean_from_score", "the standard deviation where the variance belongs")
def tweedie_with_sigma(score, x, sigma):
    return x + sigma * score(x, sigma)


@wrong("posterior_mean_from_score", "goes against the score")
def tweedie_minus(score, x, sigma):
    return x - sigma**2 * score(x, sigma)


@wrong("posterior_mean_from_score", "divides by the variance once more")
def tweedie_divided(score, x, sigma):
    return x + score(x, sigma) / (sigma * sigma)


@wrong("posterior_mean_from_score", "the mean of the noise")
def tweedie_noise(score, x, sigma):
    return -sigma * score(x, sigma)


@wrong("posterior_mean_from_score", "the displacement alone")
def tweedie_displacement(score, x, sigma):
    return sigma**2 * score(x, sigma)


@wrong("posterior_mean_from_score", "a gradient step of length 1")
def tweedie_unit_step(score, x, sigma):
    return x + score(x, sigma)


@wrong("posterior_mean_from_score", "half of the variance")
def tweedie_half(score, x, sigma):
    return x + 0.5 * sigma**2 * score(x, sigma)


@wrong("posterior_mean_from_score", "hands the variance to the score")
def tweedie_score_of_variance(score, x, sigma):
    variance = sigma**2
    return x + variance * score(x, variance)


@right("posterior_mean_from_score", "names for both parts")
def tweedie_in_parts(score, x, sigma):
    arrows = score(x, sigma)
    move = sigma * sigma * arrows
    return x.clone().add_(move)


@right("posterior_mean_from_score", "a function inside")
def tweedie_nested(score, x, sigma):
    def noise(place):
        return score(place, sigma) * -sigma

    return x - sigma * noise(x)


@right("posterior_mean_from_score", "a loop over rows, in float64")
def tweedie_by_rows(score, x, sigma):
    arrows = score(x, sigma)
    rows = [row.double() + sigma**2 * arrow.double() for row, arrow in zip(x, arrows, strict=True)]
    return torch.stack(rows).to(x.dtype)


# euler_sampler


@wrong("euler_sampler", "moves away from the data")
def euler_away(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas) - 1):
        x = x + (sigmas[i + 1] - sigmas[i]) * sigmas[i] * score(x, sigmas[i])
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the slope lacks sigma")
def euler_without_sigma(score, x, sigmas):
    states = [x]
    for a, b in pairwise(sigmas):
        x = x + (a - b) * score(x, a)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "returns only where it ends")
def euler_only_the_end(score, x, sigmas):
    for a, b in pairwise(sigmas):
        x = x + (a - b) * a * score(x, a)
    return x


@wrong("euler_sampler", "jumps to the clean point at each level")
def euler_jumps(score, x, sigmas):
    states = [x]
    for a in sigmas[:-1]:
        x = x + a**2 * score(x, a)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the slope of the level it goes to")
def euler_implicit(score, x, sigmas):
    states = [x]
    for a, b in pairwise(sigmas):
        x = x + (a - b) * b * score(x, b)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "forgets the start")
def euler_forgets_start(score, x, sigmas):
    states = []
    for a, b in pairwise(sigmas):
        x = x + (a - b) * a * score(x, a)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the gap of the variances, as in the SDE")
def euler_of_the_sde(score, x, sigmas):
    states = [x]
    for a, b in pairwise(sigmas):
        x = x + (a**2 - b**2) * score(x, a)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "a last step to sigma = 0")
def euler_down_to_zero(score, x, sigmas):
    levels = [*sigmas.tolist(), 0.0]
    states = [x]
    for a, b in pairwise(levels):
        x = x + (a - b) * a * score(x, a)
        states.append(x)
    return torch.stack(states)


@right("euler_sampler", "the noise first, then the share of it that goes")
def euler_by_noise(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas) - 1):
        noise = -sigmas[i] * score(states[i], sigmas[i])
        states.append(states[i] - (sigmas[i] - sigmas[i + 1]) * noise)
    return torch.stack(states)


@right("euler_sampler", "a generator inside, and the ratio of two levels")
def euler_by_ratio(score, x, sigmas):
    def walk(place):
        yield place
        for a, b in zip(sigmas.tolist(), sigmas.tolist()[1:], strict=False):
            clean = place + a * a * score(place, a)
            place = clean * (1 - b / a) + place * (b / a)
            yield place

    return torch.stack(list(walk(x)))


@right("euler_sampler", "concatenates along a new first axis")
def euler_with_cat(score, x, sigmas):
    path = x[None]
    for level, sigma in enumerate(sigmas[:-1]):
        step = (sigma - sigmas[level + 1]) * sigma
        path = torch.cat([path, (path[-1] + step * score(path[-1], sigma))[None]])
    return path


# energy_distance


@wrong("energy_distance", "the points meet themselves")
def energy_biased(x, y):
    return 2 * torch.cdist(x, y).mean() - torch.cdist(x, x).mean() - torch.cdist(y, y).mean()


@wrong("energy_distance", "squared distances")
def energy_squared(x, y):
    def inner(a):
        return torch.cdist(a, a).pow(2).sum() / (len(a) * (len(a) - 1))

    return 2 * torch.cdist(x, y).pow(2).mean() - inner(x) - inner(y)


@wrong("energy_distance", "the 2 is missing")
def energy_without_two(x, y):
    return torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()


@wrong("energy_distance", "only across the two sets")
def energy_across(x, y):
    return 2 * torch.cdist(x, y).mean()


@wrong("energy_distance", "never below 0")
def energy_clamped(x, y):
    return (2 * torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()).clamp(min=0)


@wrong("energy_distance", "the sign turned around")
def energy_negative(x, y):
    return torch.pdist(x).mean() + torch.pdist(y).mean() - 2 * torch.cdist(x, y).mean()


@wrong("energy_distance", "distances along the axes")
def energy_manhattan(x, y):
    return 2 * torch.cdist(x, y, p=1).mean() - torch.pdist(x, p=1).mean() - torch.pdist(y, p=1).mean()


@wrong("energy_distance", "divides by half of the pairs")
def energy_half_the_pairs(x, y):
    def inner(a):
        n = len(a)
        return torch.cdist(a, a).sum() / (n * (n - 1) / 2)

    return 2 * torch.cdist(x, y).mean() - inner(x) - inner(y)


@right("energy_distance", "the upper triangle by its indices")
def energy_by_triangle(x, y):
    def inner(a):
        i, j = torch.triu_indices(len(a), len(a), offset=1)
        return (a[i] - a[j]).norm(dim=1).mean()

    return 2 * torch.cdist(x, y).mean() - inner(x) - inner(y)


@right("energy_distance", "einops and broadcasting")
def energy_by_einops(x, y):
    def across(a, b):
        return (rearrange(a, "n d -> n 1 d") - rearrange(b, "m d -> 1 m d")).square().sum(-1).sqrt()

    n, m = len(x), len(y)
    total = reduce(across(x, x), "a b ->", "sum") / (n * n - n) + reduce(across(y, y), "a b ->", "sum") / (m * m - m)
    return 2 * reduce(across(x, y), "a b ->", "mean") - total


@right("energy_distance", "float64, and the diagonal masked")
def energy_masked(x, y):
    x, y = x.double(), y.double()

    def inner(a):
        return torch.cdist(a, a)[~torch.eye(len(a), dtype=torch.bool)].mean()

    return (2 * torch.cdist(x, y).mean() - inner(x) - inner(y)).float()
