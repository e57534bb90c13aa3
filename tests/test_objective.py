"""The objective against torch.distributions, diffusers, automatic derivatives and integrals over grids."""

from functools import partial

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from course_lib import objective, reverse
from course_lib.forward import q_sample
from course_lib.mixtures import GaussianMixture, optimal_loss
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule, rescale_zero_terminal_snr, snr

SCHEDULE = NoiseSchedule.from_name("cosine", 50)
MIXTURE = GaussianMixture(torch.tensor([-1.0, 1.0], dtype=torch.float64), [0.15, 0.3], [0.8, 0.2])


def batch(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def exact(mixture: GaussianMixture, schedule: NoiseSchedule):
    """The model that is never wrong on average."""
    return partial(mixture.optimal_noise, schedule=schedule)


def entropy(mixture: GaussianMixture) -> float:
    """-E log p by a plain sum over a fine grid."""
    x = torch.linspace(-8, 8, 200_001, dtype=torch.float64)
    log_p = mixture.log_prob(x)
    return -float((log_p.exp() * log_p).sum() * (x[1] - x[0]))


# One thing, said in four ways


@settings(deadline=None)  # the first call in a process is slow
@given(event=st.lists(st.integers(1, 4), max_size=3), name=st.sampled_from(sorted(BETA_SCHEDULES)))
def test_every_view_leads_back_to_all_four(event, name):
    schedule = NoiseSchedule.from_name(name, 30)
    x_start, noise, t = batch(3, *event, seed=1), batch(3, *event, seed=2), torch.tensor([28, 0, 7])
    x_t = q_sample(x_start, t, noise, schedule)
    first = objective.four_views(x_t, t, noise, schedule)
    assert_close(first["start"], x_start, rtol=1e-4, atol=1e-4)
    for predicts, prediction in first.items():
        again = objective.four_views(x_t, t, prediction, schedule, predicts)
        assert list(again) == ["noise", "start", "v", "score"]
        for view in first:
            assert_close(again[view], first[view], rtol=1e-4, atol=1e-4)


def test_an_unknown_view_is_refused():
    with pytest.raises(ValueError, match="unknown predicts='velocity'"):
        objective.four_views(batch(1, 2), torch.tensor([0]), batch(1, 2), SCHEDULE, "velocity")


def test_single_conversions_undo_each_other():
    x_start, noise, t = batch(4, 2, 3, seed=1), batch(4, 2, 3, seed=2), torch.tensor([49, 0, 20, 3])
    x_t = q_sample(x_start, t, noise, SCHEDULE)
    assert_close(objective.noise_from_start(x_t, t, x_start, SCHEDULE), noise, rtol=1e-5, atol=1e-5)
    v = objective.v_from_start_and_noise(x_start, t, noise, SCHEDULE)
    assert_close(objective.noise_from_v(x_t, t, v, SCHEDULE), noise, rtol=1e-5, atol=1e-5)
    score = objective.score_from_noise(noise, t, SCHEDULE)
    assert_close(objective.noise_from_score(score, t, SCHEDULE), noise)
    assert_close(objective.start_from_score(x_t, t, score, SCHEDULE), x_start, rtol=1e-4, atol=1e-4)


def test_v_matches_diffusers():
    theirs = DDPMScheduler(1000)
    theirs.alphas_cumprod = torch.cumprod(1 - BETA_SCHEDULES["linear"](1000), dim=0)  # its own are float32
    x_start, noise, t = batch(50, 1, 2, 2, seed=1), batch(50, 1, 2, 2, seed=2), torch.arange(0, 1000, 20)
    ours = objective.v_from_start_and_noise(x_start, t, noise, NoiseSchedule.from_name("linear", 1000))
    assert_close(ours, theirs.get_velocity(x_start, noise, t), rtol=1e-6, atol=1e-6)


def test_the_score_is_the_slope_of_the_log_density_of_x_t():
    """Of q(x_t | x_0), whose noise is known, and of q(x_t), where the noise is the best guess."""
    x_start, noise, t = batch(5, seed=1), batch(5, seed=2), torch.tensor([0, 1, 10, 30, 49])
    x_t = q_sample(x_start, t, noise, SCHEDULE).requires_grad_()
    signal = SCHEDULE.alphas_cumprod[t].sqrt().double()
    given_start = Normal(signal * x_start, SCHEDULE.sqrt_one_minus_alphas_cumprod[t].double()).log_prob(x_t)
    slope = torch.autograd.grad(given_start.sum(), x_t)[0]
    assert_close(objective.score_from_noise(noise, t, SCHEDULE), slope, rtol=1e-4, atol=1e-4)

    slope = torch.autograd.grad(MIXTURE.log_prob(x_t, t, SCHEDULE).sum(), x_t)[0]
    guess = MIXTURE.optimal_noise(x_t.detach(), t, SCHEDULE)
    assert_close(objective.score_from_noise(guess, t, SCHEDULE), slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("step", [0, 5, 25, 45])
def test_tweedie_is_the_posterior_mean_on_a_grid(step):
    x_t, t = torch.linspace(-2, 2, 9, dtype=torch.float64), torch.full((9,), step)
    grid = torch.linspace(-4, 4, 40_001, dtype=torch.float64)  # x_0
    signal, sigma = float(SCHEDULE.sqrt_alphas_cumprod[step]), float(SCHEDULE.sqrt_one_minus_alphas_cumprod[step])
    posterior = (MIXTURE.log_prob(grid) + Normal(signal * grid, sigma).log_prob(x_t[:, None])).softmax(dim=1)
    tweedie = objective.start_from_score(x_t, t, MIXTURE.score(x_t, t, SCHEDULE), SCHEDULE)
    assert_close(tweedie, posterior @ grid, rtol=1e-5, atol=1e-5)


# The bound, term by term


def test_kl_matches_torch_and_broadcasts():
    mean1, mean2, variance1, variance2 = batch(3, 4, seed=1), batch(3, 4, seed=2), batch(3, 1).exp(), batch(4).exp()
    ours = objective.kl_between_gaussians(mean1, variance1, mean2, variance2)
    assert_close(ours, kl_divergence(Normal(mean1, variance1.sqrt()), Normal(mean2, variance2.sqrt())))


def test_prior_kl_matches_torch():
    schedule = NoiseSchedule.from_name("linear", 100)  # keeps a good part of the signal, so the term is not 0
    x_start = batch(6, 2)
    last = float(schedule.alphas_cumprod[-1])
    expected = kl_divergence(Normal(last**0.5 * x_start, (1 - last) ** 0.5), Normal(0.0, 1.0))
    assert_close(objective.prior_kl(x_start, schedule), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("t", [1, 7, 48])
def test_step_kl_is_an_integral_over_x_before(t):
    """q by Bayes' rule on a grid, p's mean as in 2006.11239, eq. 11."""
    x_start, noise, guess = 0.7, -0.4, 0.3
    beta = float(SCHEDULE.betas[t])
    before, after = float(SCHEDULE.alphas_cumprod[t - 1]), float(SCHEDULE.alphas_cumprod[t])
    x_t = after**0.5 * x_start + (1 - after) ** 0.5 * noise
    grid = torch.linspace(-9, 9, 400_001, dtype=torch.float64)
    log_q = Normal(before**0.5 * x_start, (1 - before) ** 0.5).log_prob(grid)
    log_q = (log_q + Normal((1 - beta) ** 0.5 * grid, beta**0.5).log_prob(torch.tensor(x_t))).log_softmax(dim=0)
    log_q = log_q - (grid[1] - grid[0]).log()
    mean = (x_t - beta / (1 - after) ** 0.5 * guess) / (1 - beta) ** 0.5
    log_p = Normal(mean, 0.2**0.5).log_prob(grid)
    expected = (log_q.exp() * (log_q - log_p)).nan_to_num().sum() * (grid[1] - grid[0])

    rows = torch.tensor([[x_start, x_start]], dtype=torch.float64), torch.tensor([t])
    ours = objective.step_kl(
        lambda x, t: torch.full_like(x, guess), *rows, torch.full((1, 2), noise), SCHEDULE, torch.full((50,), 0.2)
    )
    assert ours.shape == (1, 2)
    assert ours[0, 0].item() == pytest.approx(float(expected), rel=1e-3)


def test_last_step_loss_is_a_gaussian_density():
    x_start, noise, variance = batch(4, 3, seed=1), batch(4, 3, seed=2), torch.full((50,), 0.01)
    ours = objective.last_step_loss(lambda x, t: torch.full_like(x, 0.5), x_start, noise, SCHEDULE, variance)
    signal, sigma = SCHEDULE.sqrt_alphas_cumprod[0], SCHEDULE.sqrt_one_minus_alphas_cumprod[0]
    guess = x_start + sigma / signal * (noise - 0.5)
    assert_close(ours, -Normal(guess, 0.1).log_prob(x_start), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("timesteps", [3, 20])
def test_for_gaussian_data_the_bound_is_tight(timesteps):
    """The true reverse step is Gaussian then, so with its mean and variance only what L_T says is lost."""
    schedule = NoiseSchedule.from_name("cosine", timesteps)
    mixture = GaussianMixture(torch.tensor([0.5], dtype=torch.float64), 0.4)
    x_start, noise, weight = objective.every_draw(mixture)
    variance = objective.optimal_variance(mixture, schedule)
    terms = objective.elbo_terms(exact(mixture, schedule), x_start, noise, schedule, variance) @ weight
    last = mixture.diffuse(float(schedule.sqrt_alphas_cumprod[-1]), float(schedule.sqrt_one_minus_alphas_cumprod[-1]))
    lost = kl_divergence(Normal(last.means[0], last.std[0]), Normal(0.0, 1.0))
    assert float(terms.sum()) == pytest.approx(float(Normal(0.5, 0.4).entropy() + lost), abs=1e-4)


def test_the_bound_stays_above_and_more_steps_close_the_gap():
    gaps = {}
    for timesteps in (10, 50, 200):
        schedule = NoiseSchedule.from_name("cosine", timesteps)
        x_start, noise, weight = objective.every_draw(MIXTURE, points=33)
        for name, variance in [("beta", schedule.betas), ("best", objective.optimal_variance(MIXTURE, schedule))]:
            terms = objective.elbo_terms(exact(MIXTURE, schedule), x_start, noise, schedule, variance) @ weight
            gaps[name, timesteps] = float(terms.sum()) - entropy(MIXTURE)
    assert gaps["beta", 10] > 2 * gaps["beta", 50] > 4 * gaps["beta", 200] > 0
    for timesteps in (10, 50, 200):
        assert 0 < gaps["best", timesteps] < gaps["beta", timesteps]


def test_no_other_variance_beats_the_best():
    schedule = NoiseSchedule.from_name("cosine", 20)
    x_start, noise, weight = objective.every_draw(MIXTURE)
    best = objective.optimal_variance(MIXTURE, schedule)
    terms = [
        objective.elbo_terms(exact(MIXTURE, schedule), x_start, noise, schedule, best * factor) @ weight
        for factor in (1.0, 0.98, 1.02)
    ]
    assert bool((terms[0][:-1] < torch.minimum(terms[1], terms[2])[:-1]).all())


def test_sampled_terms_agree_with_the_exact_ones():
    """20,000 draws; five standard errors for each of 21 terms."""
    schedule = NoiseSchedule.from_name("cosine", 20)
    wrong = GaussianMixture(torch.tensor([-0.6], dtype=torch.float64), 0.8)  # a model that knows one bump only
    x_start, noise, weight = objective.every_draw(MIXTURE)
    expected = objective.elbo_terms(exact(wrong, schedule), x_start, noise, schedule, schedule.betas) @ weight
    drawn = MIXTURE.sample(20_000, torch.Generator().manual_seed(0)), batch(20_000, seed=3)
    terms = objective.elbo_terms(exact(wrong, schedule), *drawn, schedule, schedule.betas)
    assert terms.shape == (21, 20_000)
    assert bool(((terms.mean(dim=1) - expected).abs() < 5 * terms.std(dim=1) / 20_000**0.5 + 1e-9).all())


def test_the_grid_of_all_draws_has_the_right_expectations():
    x_start, noise, weight = objective.every_draw(MIXTURE)
    mean = 0.8 * -1 + 0.2 * 1
    second = 0.8 * (1 + 0.15**2) + 0.2 * (1 + 0.3**2)
    for value, expected in [(1 + 0 * noise, 1), (x_start, mean), (x_start**2, second), (noise**4, 3), (noise, 0)]:
        assert float(weight @ value) == pytest.approx(expected, abs=1e-7)
    t = torch.full((len(noise),), 12)
    x_t = q_sample(x_start, t, noise, SCHEDULE)
    error = (noise - MIXTURE.optimal_noise(x_t, t, SCHEDULE)) ** 2
    assert float(weight @ error) == pytest.approx(float(optimal_loss(MIXTURE, 12, SCHEDULE)), abs=1e-6)


# Weights


def test_bound_weight_is_what_an_error_costs():
    x_start, noise = batch(1, seed=1), batch(1, seed=2)

    def terms(error: float) -> torch.Tensor:
        return objective.elbo_terms(lambda x, t: noise + error, x_start, noise, SCHEDULE, SCHEDULE.betas)[:-1, 0]

    cost = (terms(0.3) - terms(0.0)) / 0.3**2
    assert_close(cost.float(), objective.bound_weight(torch.arange(50), SCHEDULE), rtol=1e-3, atol=1e-4)


def test_snr_weight_counts_the_same_error_the_same_whatever_is_predicted():
    """Move x_0 by one unit at fixed x_t: what the loss says is min(SNR, gamma) in all three cases."""
    t = torch.arange(50)
    signal, sigma = (SCHEDULE.alphas_cumprod**0.5).double(), ((1 - SCHEDULE.alphas_cumprod) ** 0.5).double()
    moves = {"start": torch.ones(50), "noise": signal / sigma, "v": 1 / sigma}
    expected = snr(SCHEDULE.alphas_cumprod).clamp(max=3.0)
    for predicts, move in moves.items():
        weight = objective.snr_weight(t, SCHEDULE, predicts, gamma=3.0)
        assert weight.shape == (50,)
        assert_close((weight * move**2).float(), expected, rtol=2e-3, atol=1e-6)


def test_snr_weight_without_any_signal():
    schedule = NoiseSchedule(rescale_zero_terminal_snr(BETA_SCHEDULES["linear"](20)))
    last = torch.tensor([19])
    weights = [float(objective.snr_weight(last, schedule, predicts)) for predicts in ("noise", "start", "v")]
    assert weights == [1, 0, 0]
    with pytest.raises(ValueError, match="unknown predicts='score'"):
        objective.snr_weight(last, schedule, "score")


@pytest.mark.parametrize("predicts", reverse.PREDICTIONS)
@pytest.mark.parametrize("event", [(), (2,), (1, 3, 3)])
def test_with_weights_of_one_it_is_the_simple_loss(predicts, event):
    x_start, noise, t = batch(4, *event, seed=1), batch(4, *event, seed=2), torch.tensor([0, 49, 3, 20])
    arguments = (lambda x, t: 0.5 * x, x_start, t, noise, SCHEDULE)
    simple = reverse.p_losses(*arguments, predicts=predicts)
    assert_close(objective.weighted_loss(*arguments, torch.ones(4), predicts), simple)
    rows = [
        reverse.p_losses(arguments[0], x_start[i : i + 1], t[i : i + 1], noise[i : i + 1], SCHEDULE, predicts=predicts)
        for i in range(4)
    ]
    expected = sum(weight * row for weight, row in zip((0, 1, 2, 5), rows, strict=True)) / 4
    assert_close(objective.weighted_loss(*arguments, torch.tensor([0, 1, 2, 5]), predicts), expected)


# The best answer under another loss


@pytest.mark.parametrize("loss_type", reverse.LOSSES)
@pytest.mark.parametrize("step", [3, 20, 40])
def test_no_other_prediction_has_a_smaller_loss(loss_type, step):
    """Tried at 2,001 places, with the very losses of chapter 05, on the noise's distribution cut into fine slices."""
    x_t, t = torch.tensor([-0.7, 0.1, 0.5], dtype=torch.float64), torch.full((3,), step)
    means, std, weights = objective.noise_given(x_t, t, MIXTURE, SCHEDULE)
    noise = torch.linspace(-7, 7, 2801, dtype=torch.float64)
    share = torch.stack([GaussianMixture(m, s, w).log_prob(noise) for m, s, w in zip(means, std, weights, strict=True)])
    places = torch.linspace(-3, 3, 2001, dtype=torch.float64)
    losses = reverse.LOSSES[loss_type](
        noise[None].expand(2001, 2801), places[:, None].expand(2001, 2801), reduction="none"
    )
    expected = places[(share.exp() @ losses.T).argmin(dim=1)]
    assert_close(objective.best_noise(x_t, t, MIXTURE, SCHEDULE, loss_type), expected, rtol=0, atol=6e-3)


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="unknown loss_type='l3'"):
        objective.best_noise(batch(1), torch.tensor([3]), MIXTURE, SCHEDULE, "l3")


def test_the_best_noise_for_a_single_point_is_the_noise():
    """Data that are one number: no doubt, so every loss asks for the same."""
    point = GaussianMixture(torch.tensor([0.5], dtype=torch.float64), 0.0)
    x_t, t = batch(4), torch.full((4,), 20)
    sigma = SCHEDULE.sqrt_one_minus_alphas_cumprod[20].double()
    noise = (x_t - 0.5 * SCHEDULE.sqrt_alphas_cumprod[20].double()) / sigma
    for loss_type in reverse.LOSSES:
        assert_close(objective.best_noise(x_t, t, point, SCHEDULE, loss_type), noise, rtol=0, atol=1e-6)


@pytest.mark.parametrize("step", [0, 10, 30, 40])
def test_the_noise_given_x_t_is_bayes_rule_on_a_grid(step):
    x_t, t = torch.tensor([-0.9, 0.1, 1.5], dtype=torch.float64), torch.full((3,), step)
    signal, sigma = float(SCHEDULE.sqrt_alphas_cumprod[step]), float(SCHEDULE.sqrt_one_minus_alphas_cumprod[step])
    grid = torch.linspace(-20, 20, 100_001, dtype=torch.float64)  # the noise
    start = (x_t[:, None] - sigma * grid) / signal
    log_p = torch.stack([MIXTURE.log_prob(row) for row in start]) - grid**2 / 2
    expected = log_p.softmax(dim=1) / (grid[1] - grid[0])
    means, std, weights = objective.noise_given(x_t, t, MIXTURE, SCHEDULE)
    for row in range(3):
        ours = GaussianMixture(means[row], std[row], weights[row]).log_prob(grid).exp()
        assert_close(ours, expected[row], rtol=1e-4, atol=1e-4 * float(expected[row].max()))


def test_only_under_l2_the_best_noise_is_the_posterior_mean():
    x_t = torch.linspace(-2, 2, 41, dtype=torch.float64)
    far = {}
    for step in (0, 10, 25, 49):
        t = torch.full((41,), step)
        mean = MIXTURE.optimal_noise(x_t, t, SCHEDULE)
        assert_close(objective.best_noise(x_t, t, MIXTURE, SCHEDULE), mean, rtol=1e-4, atol=1e-4)
        for loss_type in ("l1", "huber"):
            best = objective.best_noise(x_t, t, MIXTURE, SCHEDULE, loss_type)
            far[loss_type, step] = float((best - mean).abs().max())
    assert far["l1", 25] > far["huber", 25] > 0.05


def test_the_best_noise_under_l1_halves_the_probability():
    x_t, t = torch.tensor([-0.4, 0.2, 0.6], dtype=torch.float64), torch.full((3,), 25)
    best = objective.best_noise(x_t, t, MIXTURE, SCHEDULE, "l1")
    means, std, weights = objective.noise_given(x_t, t, MIXTURE, SCHEDULE)
    below = (weights * Normal(means, std).cdf(best[:, None])).sum(dim=1)
    assert_close(below, torch.full((3,), 0.5, dtype=torch.float64), rtol=0, atol=1e-6)
