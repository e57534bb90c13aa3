"""Gaussian mixtures against torch.distributions, autograd and numerical integration."""

import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.testing import assert_close

from course_lib import mixtures
from course_lib.experiments.toy2d import checkerboard, moons, swiss_roll
from course_lib.mixtures import GaussianMixture, four_modes, mode_weights, optimal_loss
from course_lib.toy import denoise_steps, neighbour_loss, noise_levels


def tiny_schedule(*alphas_cumprod: float) -> SimpleNamespace:
    """All that a mixture asks of a schedule."""
    values = torch.tensor(alphas_cumprod, dtype=torch.float64)
    return SimpleNamespace(sqrt_alphas_cumprod=values.sqrt(), sqrt_one_minus_alphas_cumprod=(1 - values).sqrt())


SCHEDULE = tiny_schedule(0.999, 0.8, 0.3, 0.01, 0.0)
MEANS, STD, WEIGHTS = [-1.0, 0.2, 1.5], [0.1, 0.4, 0.02], [0.2, 0.5, 0.3]


def uneven() -> GaussianMixture:
    """Three components in 1D that have nothing in common."""
    return GaussianMixture(torch.tensor(MEANS).double(), STD, WEIGHTS)


def integral_over_start(x_t: float, alphas_cumprod: float, value) -> float:
    """The integral of value(x_0) p(x_0) q(x_t | x_0) over x_0, for `uneven`, by summing over a fine grid."""
    x_start = torch.linspace(-4, 4, 400_001, dtype=torch.float64)
    prior = sum(
        w * torch.exp(-((x_start - m) ** 2) / (2 * s**2)) / (s * math.sqrt(2 * math.pi))
        for m, s, w in zip(MEANS, STD, WEIGHTS, strict=True)
    )
    variance = 1 - alphas_cumprod
    likelihood = torch.exp(-((x_t - alphas_cumprod**0.5 * x_start) ** 2) / (2 * variance))
    joint = prior * likelihood / math.sqrt(2 * math.pi * variance)
    return float(torch.trapezoid(value(x_start) * joint, x_start))


@pytest.mark.parametrize("t", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("x_t", [-1.3, 0.1, 0.9, 2.0])
def test_everything_is_what_integration_over_the_start_gives(t, x_t):
    alphas_cumprod = float(SCHEDULE.sqrt_alphas_cumprod[t]) ** 2
    evidence = integral_over_start(x_t, alphas_cumprod, torch.ones_like)
    start = integral_over_start(x_t, alphas_cumprod, lambda x: x) / evidence
    noise = (x_t - alphas_cumprod**0.5 * start) / (1 - alphas_cumprod) ** 0.5

    x, steps = torch.tensor([x_t]).double(), torch.tensor([t])
    assert float(uneven().log_prob(x, steps, SCHEDULE)) == pytest.approx(math.log(evidence), abs=1e-5)
    assert float(uneven().posterior_mean(x, steps, SCHEDULE)) == pytest.approx(start, abs=1e-5)
    assert float(uneven().optimal_noise(x, steps, SCHEDULE)) == pytest.approx(noise, abs=1e-4)


@pytest.mark.parametrize("t", [None, 0, 2, 4])
def test_the_density_integrates_to_one(t):
    x = torch.linspace(-10, 10, 200_001, dtype=torch.float64)
    schedule = None if t is None else SCHEDULE
    assert float(torch.trapezoid(uneven().log_prob(x, t, schedule).exp(), x)) == pytest.approx(1, abs=1e-6)


@settings(deadline=None)  # the first call in a process is slow
@given(
    event=st.lists(st.integers(1, 3), max_size=3),
    components=st.integers(1, 5),
    rows=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_density_and_score_match_torch_and_autograd(event, components, rows, seed):
    g = torch.Generator().manual_seed(seed)
    means = torch.randn(components, *event, generator=g, dtype=torch.float64)
    std = torch.rand(components, generator=g, dtype=torch.float64) + 0.2
    weights = torch.rand(components, generator=g, dtype=torch.float64) + 0.1
    x = torch.randn(rows, *event, generator=g, dtype=torch.float64).requires_grad_()
    t = torch.randint(5, (rows,), generator=g)
    mixture = GaussianMixture(means, std, weights)

    per_component = [components, *[1] * len(event)]
    for row in range(rows):
        scale = SCHEDULE.sqrt_alphas_cumprod[t[row]]
        spread = (scale**2 * std**2 + 1 - scale**2).sqrt().reshape(per_component).expand_as(means)
        base = Independent(Normal(scale * means, spread), len(event))
        expected = MixtureSameFamily(Categorical(weights), base).log_prob(x[row])
        assert_close(mixture.log_prob(x, t, SCHEDULE)[row], expected)
        assert_close(mixture.diffuse(scale, (1 - scale**2).sqrt()).log_prob(x)[row], expected)

    for step, schedule in ((t, SCHEDULE), (None, None)):
        (gradient,) = torch.autograd.grad(mixture.log_prob(x, step, schedule).sum(), x)
        score = mixture.score(x, step, schedule)
        assert score.shape == x.shape
        assert_close(score, gradient)


def test_noise_and_start_belong_together():
    """x_t = scale E[x_0 | x_t] + sigma E[noise | x_t], and Tweedie's formula."""
    mixture = four_modes()
    x, t = torch.randn(5, 2, generator=torch.Generator().manual_seed(0)), torch.arange(5)
    scale, sigma = (
        values.float()[:, None] for values in (SCHEDULE.sqrt_alphas_cumprod, SCHEDULE.sqrt_one_minus_alphas_cumprod)
    )
    start, noise = mixture.posterior_mean(x, t, SCHEDULE), mixture.optimal_noise(x, t, SCHEDULE)
    assert_close(scale * start + sigma * noise, x, rtol=1e-4, atol=1e-4)
    assert_close(x + sigma**2 * mixture.score(x, t, SCHEDULE), scale * start, rtol=1e-4, atol=1e-4)


def test_one_t_for_the_batch_may_be_a_number():
    mixture, x = four_modes(), torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    expected = mixture.score(x, torch.tensor([2, 2, 2]), SCHEDULE)
    for t in (2, torch.tensor(2)):
        assert torch.equal(mixture.score(x, t, SCHEDULE), expected)


@pytest.mark.parametrize("t", [-1, 5])
def test_a_t_outside_the_schedule_is_refused(t):
    with pytest.raises((RuntimeError, IndexError)):
        four_modes().score(torch.ones(1, 2), t, SCHEDULE)


def test_a_training_set_is_a_mixture_without_width():
    """Bayes' rule written out: a weighted mean of the images, weights falling with squared distance."""
    images = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    x = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    mixture = GaussianMixture(images, std=0.0)
    for t in (1, 2, 3):
        scale, sigma = SCHEDULE.sqrt_alphas_cumprod[t], SCHEDULE.sqrt_one_minus_alphas_cumprod[t]
        expected = []
        for row in x:
            distance = torch.stack([((row - scale * image) ** 2).sum() for image in images])
            weight = torch.exp(-(distance - distance.min()) / (2 * sigma**2))
            expected.append(sum(w * image for w, image in zip(weight / weight.sum(), images, strict=True)))
        ours = mixture.posterior_mean(x, t, SCHEDULE)
        assert_close(ours, torch.stack(expected).float(), rtol=1e-4, atol=1e-4)
    # With hardly any noise, the guess is the training image itself.
    assert_close(mixture.posterior_mean(images, 0, tiny_schedule(0.9999)), images)
    assert torch.isin(mixture.sample(10, torch.Generator().manual_seed(0)), images).all()


def test_a_point_without_noise_has_no_density():
    with pytest.raises(ValueError, match="pass t and schedule"):
        GaussianMixture([0.0, 1.0], std=[0.1, 0.0]).log_prob(torch.zeros(1))
    with pytest.raises(ValueError, match="no density"):
        GaussianMixture([0.0, 1.0], std=0.0).score(torch.zeros(1), 0, tiny_schedule(1.0))


@pytest.mark.parametrize("std", [0.0, 0.01, 1.0])
def test_far_away_and_at_both_ends_of_t_all_is_finite(std):
    mixture = GaussianMixture([[1.0, 1.0], [-1.0, 2.0]], std, weights=[1.0, 0.0])
    x = torch.tensor([[1e6, -1e6], [0.0, 0.0], [1.0, 1.0], [1e10, 0.0], [-3e4, 5e4]])
    for t in range(5):
        for method in (mixture.log_prob, mixture.score, mixture.optimal_noise, mixture.posterior_mean):
            assert method(x, t, SCHEDULE).isfinite().all(), (method.__name__, t)
    # Pure noise tells nothing: the guess is the prior mean, the noise is x itself.
    assert_close(mixture.posterior_mean(x, 4, SCHEDULE), torch.tensor([[1.0, 1.0]]).expand(5, 2))
    assert_close(mixture.optimal_noise(x, 4, SCHEDULE), x)


def test_far_away_the_score_points_home():
    """float32, 10,000 stds from a single component: -(x - m) / v to the last digits."""
    x = torch.tensor([[101.0, 1.0]])
    assert_close(four_modes(std=0.01, weights=[1, 0, 0, 0]).score(x), torch.tensor([[-1e6, 0.0]]), atol=1, rtol=1e-5)


def test_far_from_the_origin_no_digit_is_lost():
    """The squares, 1e6, must not drown the distances, 0.1, as they would if the square were expanded."""
    means, x = torch.tensor([[1000.0, 0.0], [1000.0, 1.0]]), torch.tensor([[1000.0, 0.48], [1000.0, 0.52]])
    ours, exact = GaussianMixture(means, 0.2), GaussianMixture(means.double(), 0.2)
    assert_close(ours.log_prob(x).double(), exact.log_prob(x), rtol=1e-4, atol=1e-4)
    x_t = x / 2
    assert_close(
        ours.posterior_mean(x_t, 0, tiny_schedule(0.25)).double(),
        exact.posterior_mean(x_t, 0, tiny_schedule(0.25)),
        rtol=0,
        atol=1e-3,
    )


def test_the_better_dtype_wins():
    x32, x64 = torch.zeros(2), torch.zeros(2).double()
    m32, m64 = GaussianMixture([0.0, 1.0], 0.5), GaussianMixture(torch.tensor([0.0, 1.0]).double(), 0.5)
    for mixture, x, dtype in (
        (m32, x32, torch.float32),
        (m32, x64, torch.float64),
        (m64, x32, torch.float64),
    ):
        for result in (
            mixture.log_prob(x),
            mixture.score(x, 1, SCHEDULE),
            mixture.optimal_noise(x, 1, SCHEDULE),
            mixture.posterior_mean(x, 1, SCHEDULE),
        ):
            assert result.dtype == dtype
    assert GaussianMixture([[0, 1]], 1).sample(3).dtype == torch.float32


def test_samples_have_the_moments_of_the_mixture():
    """40,000 draws, four standard errors."""
    n = 40_000
    x = uneven().sample(n, torch.Generator().manual_seed(0))
    mean = sum(w * m for w, m in zip(WEIGHTS, MEANS, strict=True))
    square = sum(w * (m**2 + s**2) for w, m, s in zip(WEIGHTS, MEANS, STD, strict=True))
    std = (square - mean**2) ** 0.5
    assert float(x.mean()) == pytest.approx(mean, abs=4 * std / n**0.5)
    assert float((x**2).mean()) == pytest.approx(square, abs=4 * float((x**2).std()) / n**0.5)
    narrow = x[x > 1.4]  # the third component and a little of the second
    assert float(((narrow - 1.5).abs() < 0.02).double().mean()) == pytest.approx(0.68, abs=0.02)


def test_samples_depend_on_the_generator_alone():
    before = torch.get_rng_state()
    for draw in (four_modes().sample, moons, swiss_roll, checkerboard):
        first, again = (draw(50, torch.Generator().manual_seed(3)) for _ in range(2))
        assert torch.equal(first, again)
        assert not torch.equal(first, draw(50, torch.Generator().manual_seed(4)))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.tensor(1.0), 1.0), "means must have shape"),
        (([], 1.0), "means must have shape"),
        (([0.0, 1.0], -0.1), "std must be finite and not negative"),
        (([0.0, 1.0], [0.1, 0.1, 0.1]), r"std must be one number per component, \(2,\), not \[3\]"),
        (([0.0, 1.0], 1.0, [0.5]), "weights must be one number per component"),
        (([0.0, 1.0], 1.0, [0.5, -0.5]), "weights must be finite and not negative"),
        (([0.0, 1.0], 1.0, [0.0, 0.0]), "not all be 0"),
    ],
)
def test_impossible_mixtures_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(*arguments)


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match=r"\['B', 2\]"):
        four_modes().score(torch.zeros(3))
    with pytest.raises(ValueError, match="belong together"):
        four_modes().score(torch.zeros(3, 2), t=1)


@pytest.mark.parametrize(
    "mixture",
    [
        uneven(),
        four_modes(0.3),
        GaussianMixture([[0.0, 0.0], [0.5, 0.0]], [1.0, 0.1]),
        GaussianMixture([1.0], 0.0),
    ],
    ids=["uneven", "four modes", "narrow in wide", "one point"],
)
def test_the_smallest_loss_is_what_draws_give(mixture):
    """100,000 draws of x_0 and noise per t; the tolerance is four standard errors."""
    n, g = 100_000, torch.Generator().manual_seed(0)
    best = optimal_loss(mixture, torch.arange(5), SCHEDULE)
    assert best.dtype == torch.float64
    for t in range(5):
        x_start = mixture.sample(n, g).double()
        noise = torch.randn(x_start.shape, generator=g, dtype=torch.float64)
        x_t = SCHEDULE.sqrt_alphas_cumprod[t] * x_start + SCHEDULE.sqrt_one_minus_alphas_cumprod[t] * noise
        error = (noise - mixture.optimal_noise(x_t, t, SCHEDULE)).square().reshape(n, -1).mean(dim=1)
        tolerance = 4 * float(error.std()) / n**0.5 + 1e-6
        assert float(best[t]) == pytest.approx(float(error.mean()), abs=tolerance), t


def test_the_smallest_loss_of_one_gaussian_is_a_formula():
    """Of the variance of x_t, alpha-bar std² is signal: that share of the noise stays unknown."""
    best = optimal_loss(GaussianMixture([[3.0, -1.0]], 0.5), torch.tensor([[1, 2], [3, 4]]), SCHEDULE)
    signal = torch.tensor([[0.8, 0.3], [0.01, 0.0]]).double() * 0.25
    noise = torch.tensor([[0.2, 0.7], [0.99, 1.0]]).double()
    assert_close(best, signal / (signal + noise), rtol=1e-6, atol=1e-6)
    assert optimal_loss(GaussianMixture([0.0], 1.0), 2, SCHEDULE).shape == ()


def test_the_smallest_loss_of_images_needs_draws():
    with pytest.raises(ValueError, match="average over draws"):
        optimal_loss(GaussianMixture(torch.zeros(2, 3), 1.0), 0, SCHEDULE)


def test_four_modes_are_where_they_should_be():
    assert sorted(four_modes().means.tolist()) == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert four_modes(weights=None).weights.tolist() == [0.25] * 4
    assert len(set(four_modes().weights.tolist())) == 4


def test_mode_weights_count_and_doubt():
    n, mixture = 2000, four_modes()
    share, error = mode_weights(mixture.sample(n, torch.Generator().manual_seed(0)), mixture)
    assert_close(error, (mixture.weights * (1 - mixture.weights) / n).sqrt(), rtol=0.1, atol=0)
    assert bool(((share - mixture.weights).abs() < 4 * error).all())
    # A mode that no sample found has share 0, but not for certain.
    share, error = mode_weights(torch.tensor([[1.0, 1.0], [0.9, 1.0]]), mixture)
    assert share.tolist() == [1, 0, 0, 0]
    assert bool((error > 0).all())
    share, _ = mode_weights(torch.tensor([-1.0, -0.9, 1.4, 9.0]), uneven())
    assert share.tolist() == [0.5, 0, 0.5]


@given(dim=st.integers(1, 4), components=st.integers(1, 5), rows=st.integers(1, 4), seed=st.integers(0, 1000))
def test_the_plain_density_and_score_match_torch_and_autograd(dim, components, rows, seed):
    g = torch.Generator().manual_seed(seed)
    means = torch.randn(components, dim, generator=g, dtype=torch.float64)
    weights = torch.rand(components, generator=g, dtype=torch.float64) + 0.1
    weights, std = weights / weights.sum(), float(torch.rand((), generator=g)) + 0.05
    x = torch.randn(rows, dim, generator=g, dtype=torch.float64).requires_grad_()
    truth = MixtureSameFamily(Categorical(weights), Independent(Normal(means, std), 1)).log_prob(x)
    (gradient,) = torch.autograd.grad(truth.sum(), x)
    assert_close(mixtures.mixture_log_prob(x, means, std, weights), truth)
    assert_close(mixtures.mixture_score(x, means, std, weights), gradient)


def test_the_plain_density_and_score_stay_finite_far_away():
    """From far away one bump is left: the nearest, with its weight."""
    x, means, weights = torch.tensor([[100.0, 0.0]]), torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([0.2, 0.8])
    log_prob = math.log(0.2) - 99**2 / (2 * 0.1**2) - math.log(2 * math.pi * 0.1**2)
    assert float(mixtures.mixture_log_prob(x, means, 0.1, weights)) == pytest.approx(log_prob)
    assert_close(mixtures.mixture_score(x, means, 0.1, weights), torch.tensor([[-9900.0, 0.0]]))


SIGMAS = noise_levels(4, 2.0, 0.1)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_no_model_of_noise_levels_beats_the_exact_one(level):
    """40,000 draws, four standard errors: its loss is what quadrature says, and grows with every change."""
    n, g, mixture = 40_000, torch.Generator().manual_seed(0), four_modes(0.3)
    exact = partial(mixtures.exact_prediction, sigmas=SIGMAS, mixture=mixture)
    y, noise, levels = mixture.sample(n, g), torch.randn(n, 2, generator=g), torch.full((n,), level)
    losses = [
        float(neighbour_loss(lambda x, i, f=factor: f * exact(x, i), y, levels, noise, SIGMAS))
        for factor in (0.9, 1.0, 1.1)
    ]
    best = float(optimal_loss(mixture, level, mixtures.noise_level_schedule(SIGMAS)))
    assert losses[1] == pytest.approx(best, abs=4 * 1.5 / n**0.5)
    assert losses[1] < min(losses[0], losses[2])


def test_excess_is_the_loss_above_the_best():
    """A model that always says 0 has loss 1; one that is exact has no excess."""
    g, mixture = lambda: torch.Generator().manual_seed(0), four_modes(0.3)
    exact = partial(mixtures.exact_prediction, sigmas=SIGMAS, mixture=mixture)
    assert mixtures.excess_neighbour_loss(exact, mixture, SIGMAS, g(), 10).tolist() == [
        0,
        0,
        0,
    ]
    excess = mixtures.excess_neighbour_loss(
        lambda x, _: 0 * x, mixture, SIGMAS, torch.Generator().manual_seed(0), 40_000
    )
    best = optimal_loss(mixture, torch.arange(3), mixtures.noise_level_schedule(SIGMAS)).float()
    assert_close(excess + best, torch.ones(3), rtol=0, atol=4 * 1.5 / 200)


def test_a_ladder_asks_each_row_at_its_own_level():
    mixture, x = four_modes(), torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    together = mixtures.exact_prediction(x, torch.tensor([2, 0, 1]), SIGMAS, mixture)
    for row, level in enumerate([2, 0, 1]):
        sigma, gap = float(SIGMAS[level]), float(SIGMAS[level] - SIGMAS[level + 1])
        score = mixture.diffuse(1.0, sigma).score(x[row : row + 1])
        assert_close(together[row : row + 1], -gap * sigma * score, rtol=1e-4, atol=1e-5)


def test_tweedies_formula_is_the_mean_over_the_clean_points():
    """Against the mixture's own posterior mean, which weighs the modes without any score."""
    mixture, sigma = four_modes(std=0.3), 0.8
    levels = mixtures.noise_level_schedule(torch.tensor([sigma]))
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    mean = mixtures.posterior_mean_from_score(lambda x, s: mixture.diffuse(1.0, s).score(x), x, sigma)
    assert_close(mean, mixture.posterior_mean(x, 0, levels), rtol=1e-4, atol=1e-4)


def test_eulers_sampler_solves_the_ode_of_one_gaussian():
    """For N(0, s²) the solution is known: x shrinks as sqrt(s² + sigma²), whatever the start."""
    s, sigmas = 0.5, noise_levels(2000, 3.0, 0.01)
    x = torch.tensor([[1.0, -2.0], [0.3, 4.0]])
    states = mixtures.euler_sampler(lambda x, sigma: -x / (s**2 + sigma**2), x, sigmas)
    assert states.shape == (2000, 2, 2)
    assert torch.equal(states[0], x)
    width = (s**2 + sigmas**2).sqrt()
    assert_close(states, x * (width / width[0])[:, None, None], rtol=5e-3, atol=5e-3)


def test_eulers_sampler_takes_the_steps_of_the_model_between_levels():
    """The same states as chapter 01's loop with the exact model."""
    mixture, sigmas = four_modes(), noise_levels(20, 10.0, 0.02)
    model = partial(mixtures.exact_prediction, sigmas=sigmas, mixture=mixture)
    by_model = torch.stack(list(denoise_steps(model, (30, 2), sigmas, torch.Generator().manual_seed(0))))
    by_score = mixtures.euler_sampler(lambda x, s: mixture.diffuse(1.0, s).score(x), by_model[0], sigmas)
    assert_close(by_score, by_model, rtol=1e-3, atol=1e-3)
