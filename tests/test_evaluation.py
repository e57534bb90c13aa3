"""The five measures against closed forms, plain loops, torchmetrics and numerical integrals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Categorical, Normal, kl_divergence
from torch.testing import assert_close
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from course_lib.evaluation import (
    BIN,
    Gaussian,
    bin_log_probability,
    bits_by_step,
    bits_per_dimension,
    fit_gaussian,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
    prior_bits,
)
from course_lib.objective import four_views
from course_lib.schedules import NoiseSchedule

pytestmark = pytest.mark.filterwarnings("ignore:Metric", "ignore:std")  # torchmetrics speaks of memory


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Features(nn.Module):
    """A feature extractor for torchmetrics that is handed the features themselves."""

    def __init__(self, num_features):
        super().__init__()
        self.num_features = num_features

    def forward(self, features):
        return features


def with_torchmetrics(metric, real, generated):
    metric.set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return metric.compute()


# Fréchet distance


def gaussian(mean, covariance):
    return Gaussian(torch.tensor(mean, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64))


def random_gaussian(seed, d):
    root = normal(d, d, seed=seed)
    return Gaussian(normal(d, seed=seed + 100), root @ root.T)


@given(m1=st.floats(-3, 3), m2=st.floats(-3, 3), s1=st.floats(0, 3), s2=st.floats(0, 3))
def test_in_one_dimension_it_is_the_distance_of_means_and_stds(m1, m2, s1, s2):
    found = frechet_distance(*gaussian([m1], [[s1**2]]), *gaussian([m2], [[s2**2]]))
    assert found == pytest.approx((m1 - m2) ** 2 + (s1 - s2) ** 2, abs=1e-6)


def test_along_axes_the_dimensions_add():
    one = gaussian([0.0, 1.0], [[4.0, 0], [0, 9.0]])
    assert frechet_distance(*one, *gaussian([2.0, 1.0], [[1.0, 0], [0, 1.0]])) == pytest.approx(4 + 1 + 4)


def test_along_common_axes_that_are_turned_the_stds_are_compared():
    turn = torch.linalg.qr(normal(3, 3)).Q
    std1, std2 = torch.tensor([[1.0, 2.0, 0.5], [3.0, 0.1, 0.5]], dtype=torch.float64)
    one, other = ((turn * std**2) @ turn.T for std in (std1, std2))
    mean = normal(3, seed=1)
    assert frechet_distance(mean, one, mean, other) == pytest.approx(float((std1 - std2).square().sum()))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_formula_with_the_eigenvalues_of_the_product(seed):
    one, other = random_gaussian(seed, 6), random_gaussian(seed + 10, 6)
    roots = np.sqrt(np.linalg.eigvals((one.covariance @ other.covariance).numpy()).astype(complex)).real.sum()
    traces = one.covariance.trace() + other.covariance.trace()
    expected = float((one.mean - other.mean).square().sum() + traces) - 2 * roots
    assert frechet_distance(*one, *other) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(*other, *one) == pytest.approx(expected, rel=1e-9)


def test_it_is_what_the_best_transport_costs():
    """x -> A x with a symmetric A that makes C2 of C1 moves each point as little as can be: E|x - A x|²."""
    move = random_gaussian(2, 5).covariance
    one = random_gaussian(3, 5).covariance
    rest = torch.eye(5, dtype=torch.float64) - move
    zero = torch.zeros(5, dtype=torch.float64)
    assert frechet_distance(zero, one, zero, move @ one @ move) == pytest.approx(float((rest @ one @ rest).trace()))


@pytest.mark.parametrize("below", [0.0, -1e-12])
def test_features_that_never_vary_do_no_harm(below):
    flat, round_ = gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, below]]), gaussian([0.0, 0.0], [[1.0, 0], [0, 1.0]])
    assert frechet_distance(*flat, *flat) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(*flat, *round_) == pytest.approx(1)
    assert frechet_distance(*round_, *flat) == pytest.approx(1)


def test_the_fit_is_that_of_numpy():
    features = normal(50, 3).float()
    fitted = fit_gaussian(features)
    assert_close(fitted.mean, features.double().mean(0))
    assert_close(fitted.covariance, torch.from_numpy(np.cov(features.double().numpy(), rowvar=False)))


@pytest.mark.parametrize(("n", "m"), [(40, 60), (5, 7)])  # with five rows of eight features both are singular
def test_frechet_distance_is_that_of_torchmetrics(n, m):
    real, generated = normal(n, 8), 1.3 * normal(m, 8, seed=1) + 0.2
    expected = with_torchmetrics(FrechetInceptionDistance(feature=Features(8)), real, generated)
    found = frechet_distance(*fit_gaussian(real), *fit_gaussian(generated))
    assert_close(found, expected.double(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("n", "of_one", "of_two"), [(128, 40.8, 67.8), (500, 8.84, 17.2), (2048, 2.12, 4.18)])
def test_few_points_lie_far_from_their_own_distribution(n, of_one, of_two):
    """N(0, I) in 128 dimensions: n points against itself, and against n other points."""
    one, other = (fit_gaussian(normal(n, 128, seed=seed)) for seed in (0, 1))
    exact = Gaussian(torch.zeros(128, dtype=torch.float64), torch.eye(128, dtype=torch.float64))
    assert frechet_distance(*one, *exact) == pytest.approx(of_one, rel=0.04)
    assert frechet_distance(*one, *other) == pytest.approx(of_two, rel=0.04)


# Kernel distance


def naive_kernel_distance(x, y):
    def k(a, b):
        return (float(np.dot(a, b)) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    one = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    other = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return one + other - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.mark.parametrize(("n", "m", "d"), [(5, 9, 3), (2, 2, 1), (7, 4, 6)])
def test_kernel_distance_is_a_plain_double_loop(n, m, d):
    x, y = normal(n, d), 1.5 * normal(m, d, seed=1) + 0.5
    expected = naive_kernel_distance(x.numpy(), y.numpy())
    assert kernel_distance(x, y) == pytest.approx(expected, rel=1e-9)
    assert kernel_distance(y, x) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_is_that_of_torchmetrics():
    real, generated = normal(30, 8), 1.3 * normal(30, 8, seed=1) + 0.2
    metric = KernelInceptionDistance(feature=Features(8), subsets=1, subset_size=30)
    mean, _ = with_torchmetrics(metric, real, generated)
    assert_close(kernel_distance(real, generated), mean.double(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n", [4, 16])
def test_its_mean_over_many_draws_of_one_distribution_is_zero(n):
    found = torch.stack([kernel_distance(*normal(2, n, 3, seed=seed)) for seed in range(2000)])
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean()) < 4 * error
    assert found.std() > 20 * error  # so a single one says little
    assert 0.2 < (found < 0).double().mean() < 0.9


# Inception score


def test_inception_score_counts_classes():
    assert inception_score(torch.eye(5)) == pytest.approx(5)
    assert inception_score(torch.eye(5)[[0, 0, 3, 3]]) == pytest.approx(2)  # nobody has the others
    assert inception_score(torch.tensor([[0.2, 0.5, 0.3]]).expand(7, 3)) == pytest.approx(1)


def test_it_is_smaller_where_classes_are_not_equally_often():
    shares = torch.tensor([0.5, 0.25, 0.25])
    images = torch.eye(3)[[0, 0, 1, 2]]
    assert inception_score(images) == pytest.approx(math.exp(float(Categorical(shares).entropy())))


def test_inception_score_is_that_of_torchmetrics():
    logits = 2 * normal(40, 10)
    metric = InceptionScore(feature=Features(10), splits=1)
    metric.set_dtype(torch.float64)
    metric.update(logits)
    mean, _ = metric.compute()
    assert_close(inception_score(logits.softmax(dim=1)), mean.double(), rtol=1e-5, atol=1e-5)


def test_inception_score_is_that_of_torch_distributions():
    probabilities = normal(20, 6).softmax(dim=1)
    kl = kl_divergence(Categorical(probabilities), Categorical(probabilities.mean(dim=0)))
    assert_close(inception_score(probabilities), kl.mean().exp())


# Precision and recall


def naive_share(points, centres, k):
    inside = 0
    for point in points:
        for i, centre in enumerate(centres):
            others = sorted(math.dist(centre, other) for j, other in enumerate(centres) if j != i)
            if math.dist(point, centre) <= others[k - 1]:
                inside += 1
                break
    return inside / len(points)


@st.composite
def two_sets(draw):
    """Points of a small grid, so that many lie exactly on a border or twice in a place; and k."""
    point = st.tuples(st.integers(0, 6), st.integers(0, 6))
    k = draw(st.integers(1, 3))
    sets = [draw(st.lists(point, min_size=k + 1, max_size=9)) for _ in range(2)]
    return *sets, k


@settings(deadline=None)
@given(sets=two_sets())
def test_precision_and_recall_are_plain_loops(sets):
    real, generated, k = sets
    precision, recall = precision_recall(*(torch.tensor(s, dtype=torch.float64) for s in (real, generated)), k)
    assert precision == pytest.approx(naive_share(generated, real, k))
    assert recall == pytest.approx(naive_share(real, generated, k))


def test_they_are_plain_loops_for_large_sets_and_three_neighbours_too():
    real, generated = normal(60, 4), 0.8 * normal(50, 4, seed=1) + 0.6
    precision, recall = precision_recall(real, generated)
    assert precision == pytest.approx(naive_share(generated.tolist(), real.tolist(), 3))
    assert recall == pytest.approx(naive_share(real.tolist(), generated.tolist(), 3))
    assert 0.1 < recall < precision < 1  # both tell something


def test_a_missing_cluster_costs_recall_and_a_wrong_one_precision():
    centres = torch.tensor([[0.0, 0], [0, 50], [50, 0], [50, 50]], dtype=torch.float64)
    real = (centres[:, None] + normal(4, 200, 2)).flatten(0, 1)
    three = (centres[:3, None] + normal(3, 200, 2, seed=1)).flatten(0, 1)
    for sets, places in [((real, three), (0, 1)), ((three, real), (1, 0))]:
        found = precision_recall(*sets)
        assert found[places[0]] > 0.95
        assert found[places[1]] == pytest.approx(0.75, abs=0.03)


# Bits: the probability of a grey level

LEVELS = torch.arange(256, dtype=torch.float64) / 127.5 - 1


@pytest.mark.parametrize("mean", [-1.7, -1.0, 0.003, 0.4, 1.0, 6.0])
@pytest.mark.parametrize("variance", [1e-5, 1e-3, 0.1, 4.0])
def test_the_levels_have_all_of_the_probability(mean, variance):
    log_p = bin_log_probability(LEVELS, torch.tensor(mean).double(), torch.tensor(variance).double())
    assert log_p.exp().sum() == pytest.approx(1, abs=1e-9)


def integrated(level, mean, std):
    """log of the integral of the density over a level by a sum over a grid; black and white reach 60 std further."""
    low, high = level - BIN / 2, level + BIN / 2
    low -= 60 * std + 3 if level == -1 else 0
    high += 60 * std + 3 if level == 1 else 0
    cells = 400_000
    x = low + (np.arange(cells) + 0.5) * (high - low) / cells
    exponent = -(((x - mean) / std) ** 2) / 2
    width = (high - low) / cells / (std * math.sqrt(2 * math.pi))
    return exponent.max() + math.log(np.exp(exponent - exponent.max()).sum() * width)


@pytest.mark.parametrize("level", [0, 1, 100, 254, 255])
@pytest.mark.parametrize("mean", [-1.1, -0.2, 0.995])
@pytest.mark.parametrize("std", [0.01, 0.3])
def test_a_level_has_the_integral_of_the_density(level, mean, std):
    """Up to 200 standard deviations away, where both distribution functions are 0 or 1 for a computer."""
    level = float(LEVELS[level])
    numbers = (torch.tensor(value, dtype=torch.float64) for value in (level, mean, std**2))
    assert float(bin_log_probability(*numbers)) == pytest.approx(integrated(level, mean, std), rel=1e-4, abs=1e-6)


def test_single_precision_is_enough():
    mean, variance = normal(7, 256) / 2, torch.rand(7, 1, generator=torch.Generator().manual_seed(0)).double() / 10
    found = bin_log_probability(LEVELS.float().expand(7, 256), mean.float(), variance.float())
    assert found.dtype == torch.float32
    assert_close(found.double(), bin_log_probability(LEVELS.expand(7, 256), mean, variance), rtol=1e-3, atol=1e-3)


# Bits: the bound

SCHEDULE = NoiseSchedule.from_name("linear", 40, beta_end=0.3)  # ends at alpha-bar = 0.0015


def images(count, seed=0):
    levels = torch.randint(256, (count, 2, 3, 2), generator=torch.Generator().manual_seed(seed))
    levels.flatten()[::5] = 0
    levels.flatten()[1::5] = 255
    return levels / 127.5 - 1


def says_half(x, t):
    """A model that is wrong in its own way at each t."""
    return 0.5 * x + 0.1 * torch.sin(t.double()).to(x).reshape(-1, 1, 1, 1)


def test_every_step_is_what_numpy_makes_of_the_paper():
    """Image by image from the betas alone, eqs. 4 to 7 and 11 of 2006.11239; the bins by integration."""
    betas = SCHEDULE.betas.double().numpy()
    alphas_bar = np.cumprod(1 - betas)
    variance = torch.linspace(0.002, 0.2, 40)
    t = torch.tensor([17, 0, 39, 1, 0])
    x_start, noise = images(5), normal(5, 2, 3, 2).float()
    found = bits_per_dimension(says_half, x_start, t, noise, SCHEDULE, variance)
    for i, step in enumerate(t.tolist()):
        ab, beta, v = alphas_bar[step], betas[step], float(variance[step])
        before = alphas_bar[step - 1] if step else 1.0
        x_0, eps = (values[i].double().numpy() for values in (x_start, noise))
        x_t = np.sqrt(ab) * x_0 + np.sqrt(1 - ab) * eps
        predicted = 0.5 * x_t + 0.1 * np.sin(step)
        mean = (x_t - beta / np.sqrt(1 - ab) * predicted) / np.sqrt(1 - beta)
        if step == 0:
            nats = -np.mean([integrated(x, m, math.sqrt(v)) for x, m in zip(x_0.flat, mean.flat, strict=True)])
        else:
            exact = (np.sqrt(before) * beta * x_0 + np.sqrt(1 - beta) * (1 - before) * x_t) / (1 - ab)
            q = Normal(torch.from_numpy(exact), math.sqrt(beta * (1 - before) / (1 - ab)))
            nats = float(kl_divergence(q, Normal(torch.from_numpy(mean), math.sqrt(v))).mean())
        assert float(found[i]) == pytest.approx(nats / math.log(2), rel=1e-3)


def test_an_image_costs_the_same_alone_and_in_a_batch():
    t, noise, x_start = torch.tensor([0, 12, 39, 0]), normal(4, 2, 3, 2).float(), images(4)
    together = bits_per_dimension(says_half, x_start, t, noise, SCHEDULE, SCHEDULE.betas)
    assert together.isfinite().all()
    for i in range(4):
        one = slice(i, i + 1)
        alone = bits_per_dimension(says_half, x_start[one], t[one], noise[one], SCHEDULE, SCHEDULE.betas)
        assert_close(alone, together[one])


@pytest.mark.parametrize("view", ["start", "v"])
def test_what_a_model_predicts_does_not_matter(view):
    def other(x, t):
        return four_views(x, t, says_half(x, t), SCHEDULE, "noise")[view]

    given = images(4), torch.tensor([0, 12, 38, 1]), normal(4, 2, 3, 2).float(), SCHEDULE, SCHEDULE.betas
    assert_close(
        bits_per_dimension(other, *given, predicts=view), bits_per_dimension(says_half, *given), rtol=1e-3, atol=1e-4
    )


def test_a_start_is_clipped_only_if_asked():
    def says(number):
        return lambda x, t: torch.full_like(x, number)

    given = images(2), torch.tensor([0, 12]), normal(2, 2, 3, 2).float(), SCHEDULE, SCHEDULE.betas, "start"
    clipped, one = bits_per_dimension(says(3.0), *given, True), bits_per_dimension(says(1.0), *given)
    assert_close(clipped, one)
    assert (bits_per_dimension(says(3.0), *given) > one + 0.5).all()


def test_the_prior_is_the_kl_of_the_last_level():
    x_start = images(3)
    share = SCHEDULE.alphas_cumprod[-1].double()
    q = Normal(share.sqrt() * x_start.double(), (1 - share).sqrt())
    expected = kl_divergence(q, Normal(0.0, 1.0)).mean(dim=(1, 2, 3)) / math.log(2)
    assert_close(prior_bits(x_start, SCHEDULE).double(), expected, rtol=1e-4, atol=1e-6)


def test_all_steps_are_one_after_the_other_and_the_prior_at_last():
    x_start = images(6)
    found = bits_by_step(says_half, x_start, SCHEDULE, SCHEDULE.betas, torch.Generator().manual_seed(3), "v", True)
    assert found.shape == (41,)
    assert_close(found[-1], prior_bits(x_start, SCHEDULE).mean())
    generator = torch.Generator().manual_seed(3)
    for step in range(40):
        noise, t = torch.randn(x_start.shape, generator=generator), torch.full((6,), step)
        bits = bits_per_dimension(says_half, x_start, t, noise, SCHEDULE, SCHEDULE.betas, "v", True)
        assert_close(found[step], bits.mean())


# Four grey levels, of which we know the entropy
GREYS, SHARES = torch.tensor([-1.0, 41 / 127.5 - 1, 201 / 127.5 - 1, 1.0]), torch.tensor([0.5, 0.25, 0.125, 0.125])
ENTROPY = 1.75  # bits


def knows_the_levels(schedule, spread=1.0):
    """The exact E[x_0 | x_t] for pixels that are drawn by themselves; with a `spread`, one that is less sure."""

    def model(x, t):
        place = (-1, *[1] * x.ndim)
        signal, sigma = (
            schedule.sqrt_alphas_cumprod[t].view(place),
            schedule.sqrt_one_minus_alphas_cumprod[t].view(place),
        )
        away = (x[..., None] - signal * GREYS) / (sigma * spread)
        return ((SHARES.log() - away.square() / 2).softmax(dim=-1) * GREYS).sum(dim=-1)

    return model


def bound(timesteps, model):
    """In bits per pixel, of 2,400 pixels that have each level in its share."""
    schedule = NoiseSchedule.from_name("cosine", timesteps)
    x_start = GREYS.repeat_interleave((2400 * SHARES).long()).reshape(200, 1, 3, 4)
    variance = schedule.posterior_variance.clamp(min=1e-6)  # at t = 0 the mean is right: no doubt is left
    return float(
        bits_by_step(model(schedule), x_start, schedule, variance, torch.Generator().manual_seed(1), "start").sum()
    )


def test_no_code_is_shorter_than_the_entropy_and_a_good_one_comes_close():
    few, more, many = (bound(steps, knows_the_levels) for steps in (10, 50, 250))
    unsure = bound(50, lambda schedule: knows_the_levels(schedule, 1.5))
    assert ENTROPY < many < more < few
    assert many < 1.1 * ENTROPY
    assert more + 0.02 < unsure
