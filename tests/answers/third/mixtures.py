"""Answers to the new quizzes of chapter 02."""

import math
from itertools import accumulate, pairwise

import torch
from einops import rearrange
from torch import Tensor

from answers import right, wrong

# posterior_mean_from_score


@wrong("posterior_mean_from_score", "the score is subtracted")
def mean_minus(score, x, sigma):
    return x - sigma**2 * score(x, sigma)


@wrong("posterior_mean_from_score", "sigma without its square")
def mean_unsquared(score, x, sigma):
    return x + sigma * score(x, sigma)


@wrong("posterior_mean_from_score", "divided by sigma squared")
def mean_divided(score, x, sigma):
    return x + score(x, sigma) / sigma**2


@wrong("posterior_mean_from_score", "x is forgotten")
def mean_without_x(score, x, sigma):
    return sigma**2 * score(x, sigma)


@wrong("posterior_mean_from_score", "the bracket is in the wrong place")
def mean_bracket(score, x, sigma):
    return sigma**2 * (score(x, sigma) + x)


@wrong("posterior_mean_from_score", "the score at the variance instead of sigma")
def mean_score_at_variance(score, x, sigma):
    return x + sigma**2 * score(x, sigma**2)


@wrong("posterior_mean_from_score", "the noise instead of the clean point")
def mean_is_noise(score, x, sigma):
    return -sigma * score(x, sigma)


@wrong("posterior_mean_from_score", "score is called without sigma, which raises")
def mean_score_of_x_only(score, x, sigma):
    return x + sigma**2 * score(x)


@wrong("posterior_mean_from_score", "the arguments of score are swapped")
def mean_swapped_arguments(score, x, sigma):
    return x + sigma**2 * score(sigma, x)


@wrong("posterior_mean_from_score", "half of the square")
def mean_half(score, x, sigma):
    return x + sigma**2 / 2 * score(x, sigma)


@wrong("posterior_mean_from_score", "the modes' own variance is added")
def mean_with_mode_variance(score, x, sigma):
    return x + (0.05**2 + sigma**2) * score(x, sigma)


@wrong("posterior_mean_from_score", "overwrites x")
def mean_overwrites(score, x, sigma):
    x += sigma**2 * score(x, sigma)
    return x


@wrong("posterior_mean_from_score", "one mean for the whole batch")
def mean_over_batch(score, x, sigma):
    return (x + sigma**2 * score(x, sigma)).mean(dim=0)


@wrong("posterior_mean_from_score", "the score after the move, too: fixed-point thinking")
def mean_twice(score, x, sigma):
    y = x + sigma**2 * score(x, sigma)
    return x + sigma**2 * score(y, sigma)


@right("posterior_mean_from_score", "torch.add with alpha")
def mean_by_add(score, x: Tensor, sigma: float) -> Tensor:
    return torch.add(x, score(x, sigma), alpha=sigma**2)


@right("posterior_mean_from_score", "the noise first, then x without it")
def mean_by_noise(score, x, sigma):
    noise = -sigma * score(x, sigma)
    return x - sigma * noise


@right("posterior_mean_from_score", "row by row")
def mean_by_rows(score, x, sigma):
    return torch.cat([row[None] + sigma * sigma * score(row[None], sigma) for row in x])


@right("posterior_mean_from_score", "a single Euler step down to sigma = 0")
def mean_by_euler_step(score, x, sigma):
    slope = -sigma * score(x, sigma)
    return x + (0 - sigma) * slope


@right("posterior_mean_from_score", "solved the other way round")
def mean_factored(score, x, sigma):
    return sigma**2 * (x / sigma**2 + score(x, sigma))


# euler_sampler


@wrong("euler_sampler", "the sign of the slope")
def euler_sign(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas) - 1):
        slope = sigmas[i] * score(x, float(sigmas[i]))
        x = x + slope * (sigmas[i + 1] - sigmas[i])
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the factor sigma is missing in the slope")
def euler_without_sigma(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas) - 1):
        slope = -score(x, float(sigmas[i]))
        x = x + slope * (sigmas[i + 1] - sigmas[i])
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "sigma squared in the slope")
def euler_sigma_squared(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas) - 1):
        slope = -(sigmas[i] ** 2) * score(x, float(sigmas[i]))
        x = x + slope * (sigmas[i + 1] - sigmas[i])
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the slope at the next level")
def euler_next_level(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        x = x + (after - now) * -after * score(x, after)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the factor of the next level, the score of this one")
def euler_next_factor(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        x = x + (after - now) * -after * score(x, now)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "x is scaled by the first level, though it stands there")
def euler_scales_start(score, x, sigmas):
    x = sigmas[0] * x
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        x = x - (after - now) * now * score(x, now)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "only the samples")
def euler_end_only(score, x, sigmas):
    for now, after in pairwise(sigmas.tolist()):
        x = x - (after - now) * now * score(x, now)
    return x


@wrong("euler_sampler", "the start is not kept")
def euler_without_start(score, x, sigmas):
    states = []
    for now, after in pairwise(sigmas.tolist()):
        x = x - (after - now) * now * score(x, now)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the last step is left out")
def euler_one_short(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas) - 2):
        x = x - (sigmas[i + 1] - sigmas[i]) * sigmas[i] * score(x, float(sigmas[i]))
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "the index runs over the end")
def euler_over_the_end(score, x, sigmas):
    states = [x]
    for i in range(len(sigmas)):
        x = x - (sigmas[i + 1] - sigmas[i]) * sigmas[i] * score(x, float(sigmas[i]))
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "one step more, to sigma = 0")
def euler_down_to_zero(score, x, sigmas):
    states = [x]
    for now, after in pairwise([*sigmas.tolist(), 0.0]):
        x = x - (after - now) * now * score(x, now)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "stacked behind the batch")
def euler_batch_first(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        x = x - (after - now) * now * score(x, now)
        states.append(x)
    return torch.stack(states, dim=1)


@wrong("euler_sampler", "changed in place, so that all states are the last one")
def euler_in_place(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        x -= (after - now) * now * score(x, now)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "each step removes all the noise")
def euler_whole_sigma(score, x, sigmas):
    states = [x]
    for now in sigmas.tolist()[:-1]:
        x = x + now**2 * score(x, now)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "fresh noise after every step")
def euler_with_noise(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        x = x - (after - now) * now * score(x, now)
        x = x + (now - after) * torch.randn_like(x)
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "Heun's method instead of Euler's")
def euler_is_heun(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        first = -now * score(x, now)
        second = -after * score(x + (after - now) * first, after)
        x = x + (after - now) * (first + second) / 2
        states.append(x)
    return torch.stack(states)


@wrong("euler_sampler", "a list of states")
def euler_list(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        states.append(states[-1] - (after - now) * now * score(states[-1], now))
    return states


@right("euler_sampler", "written into a tensor of zeros")
def euler_preallocated(score, x: Tensor, sigmas: Tensor) -> Tensor:
    states = torch.zeros(len(sigmas), *x.shape, dtype=x.dtype, device=x.device)
    states[0] = x
    for i in range(1, len(sigmas)):
        before = float(sigmas[i - 1])
        states[i] = states[i - 1] - before * score(states[i - 1], before) * (float(sigmas[i]) - before)
    return states


@right("euler_sampler", "itertools.accumulate over pairs of levels")
def euler_accumulated(score, x, sigmas):
    def step(state, levels):
        now, after = levels
        return state + now * (now - after) * score(state, now)

    return torch.stack(list(accumulate(pairwise(sigmas.tolist()), step, initial=x)))


@right("euler_sampler", "by the denoiser: the offset shrinks by the ratio of the levels")
def euler_by_denoiser(score, x, sigmas):
    states = [x]
    for now, after in pairwise(sigmas.tolist()):
        clean = x + now**2 * score(x, now)
        x = clean + after / now * (x - clean)
        states.append(x)
    return torch.cat([rearrange(state, "b d -> 1 b d") for state in states])


@right("euler_sampler", "levels as tensors, differences by torch.diff")
def euler_diff(score, x, sigmas):
    states = x.unsqueeze(0)
    for sigma, change in zip(sigmas[:-1], torch.diff(sigmas), strict=True):
        here = states[-1]
        slope = -sigma * score(here, sigma.item())
        states = torch.cat([states, (here + slope * change)[None]])
    return states


# energy_distance


@wrong("energy_distance", "each point is paired with itself, too")
def energy_biased(x, y):
    return 2 * torch.cdist(x, y).mean() - torch.cdist(x, x).mean() - torch.cdist(y, y).mean()


@wrong("energy_distance", "the factor 2 is missing")
def energy_without_two(x, y):
    return torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()


@wrong("energy_distance", "the sign")
def energy_sign(x, y):
    return torch.pdist(x).mean() + torch.pdist(y).mean() - 2 * torch.cdist(x, y).mean()


@wrong("energy_distance", "the root of the result")
def energy_rooted(x, y):
    distance = 2 * torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()
    return distance.clamp(min=0).sqrt()


@wrong("energy_distance", "never below 0")
def energy_clamped(x, y):
    distance = 2 * torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()
    return torch.relu(distance)


@wrong("energy_distance", "squared distances, which see only the means")
def energy_squared(x, y):
    between = torch.cdist(x, y).square().mean()
    return 2 * between - torch.pdist(x).square().mean() - torch.pdist(y).square().mean()


@wrong("energy_distance", "sums of coordinates instead of Euclidean distances")
def energy_city_block(x, y):
    return 2 * torch.cdist(x, y, p=1).mean() - torch.pdist(x, p=1).mean() - torch.pdist(y, p=1).mean()


@wrong("energy_distance", "sums instead of means")
def energy_sums(x, y):
    return 2 * torch.cdist(x, y).sum() - torch.cdist(x, x).sum() - torch.cdist(y, y).sum()


@wrong("energy_distance", "the pairs within y are forgotten")
def energy_one_within(x, y):
    return 2 * torch.cdist(x, y).mean() - torch.pdist(x).mean()


@wrong("energy_distance", "each pair within a set once, divided by the number of both orders")
def energy_half_pairs(x, y):
    n, m = len(x), len(y)
    within_x = torch.pdist(x).sum() / (n * (n - 1))
    within_y = torch.pdist(y).sum() / (m * (m - 1))
    return 2 * torch.cdist(x, y).mean() - within_x - within_y


@wrong("energy_distance", "each x with one y only, which needs as many of both")
def energy_row_by_row(x, y):
    between = (x - y).norm(dim=1).mean()
    return 2 * between - torch.pdist(x).mean() - torch.pdist(y).mean()


@wrong("energy_distance", "the size of x for both sets")
def energy_one_size(x, y):
    n = len(x)
    within = torch.cdist(x, x).sum() / (n * (n - 1)) + torch.cdist(y, y).sum() / (n * (n - 1))
    return 2 * torch.cdist(x, y).sum() / (n * n) - within


@wrong("energy_distance", "one less in the pairs of both sets as well")
def energy_unbiased_between(x, y):
    n, m = len(x), len(y)
    between = torch.cdist(x, y).sum() / (n * (m - 1))
    return 2 * between - torch.cdist(x, x).sum() / (n * (n - 1)) - torch.cdist(y, y).sum() / (m * (m - 1))


@wrong("energy_distance", "(n - 1) squared pairs")
def energy_n_minus_one_squared(x, y):
    n, m = len(x), len(y)
    within = torch.cdist(x, x).sum() / (n - 1) ** 2 + torch.cdist(y, y).sum() / (m - 1) ** 2
    return 2 * torch.cdist(x, y).mean() - within


@wrong("energy_distance", "half of it")
def energy_halved(x, y):
    return torch.cdist(x, y).mean() - (torch.pdist(x).mean() + torch.pdist(y).mean()) / 2


@wrong("energy_distance", "a distance for each x instead of one number")
def energy_per_point(x, y):
    n, m = len(x), len(y)
    within_y = torch.cdist(y, y).sum() / (m * (m - 1))
    return 2 * torch.cdist(x, y).mean(dim=1) - torch.cdist(x, x).sum(dim=1) / (n - 1) - within_y


@right("energy_distance", "torch.pdist: each pair once")
def energy_pdist(x, y):
    return 2 * torch.cdist(x, y).mean() - torch.pdist(x).mean() - torch.pdist(y).mean()


@right("energy_distance", "sums over n (n - 1) pairs")
def energy_sums_over_pairs(x: Tensor, y: Tensor) -> Tensor:
    def within(points):
        count = len(points)
        return torch.cdist(points, points).sum() / (count * (count - 1))

    return 2 * torch.cdist(x, y).mean() - within(x) - within(y)


@right("energy_distance", "broadcast differences, and a mask without the diagonal")
def energy_masked(x, y):
    def distances(a, b):
        return (a[:, None] - b[None]).pow(2).sum(dim=-1).sqrt()

    def within(a):
        return distances(a, a)[~torch.eye(len(a), dtype=torch.bool)].mean()

    return 2 * distances(x, y).mean() - within(x) - within(y)


@right("energy_distance", "the biased means, corrected by n / (n - 1)")
def energy_corrected(x, y):
    n, m = x.shape[0], y.shape[0]
    between = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").mean()
    of_x = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").mean() * n / (n - 1)
    of_y = torch.cdist(y, y, compute_mode="donot_use_mm_for_euclid_dist").mean() * m / (m - 1)
    return between - of_x + between - of_y


@right("energy_distance", "loops over points, exact sums")
def energy_loops(x, y):
    between = math.fsum(float((y - point).norm(dim=1).double().sum()) for point in x) / (len(x) * len(y))

    def within(a):
        rows = [float((a[i + 1 :] - a[i]).norm(dim=1).double().sum()) for i in range(len(a) - 1)]
        return 2 * math.fsum(rows) / (len(a) * (len(a) - 1))

    return torch.tensor(2 * between - within(x) - within(y), dtype=x.dtype)
