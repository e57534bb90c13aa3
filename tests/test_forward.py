"""The forward process against diffusers, Bayes on a grid, and many single steps."""

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.forward import combine_gaussians, extract, q_posterior, q_sample, q_step
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule, rescale_zero_terminal_snr
from course_lib.toy import optimal_denoiser

SHAPES = st.lists(st.integers(1, 4), min_size=0, max_size=3)


def rows(timesteps: int) -> torch.Tensor:
    """Both ends of t and a place between, out of order."""
    return torch.tensor([timesteps - 1, 0, timesteps // 2])


@settings(deadline=None)  # the first call in a process is slow
@given(event=SHAPES, timesteps=st.integers(1, 50), seed=st.integers(0, 99))
def test_extract_looks_up_one_value_per_row(event, timesteps, seed):
    values = torch.arange(timesteps) * 10.0
    t = torch.randint(timesteps, (5,), generator=torch.Generator().manual_seed(seed))
    column = extract(values, t, (5, *event))
    assert column.shape == (5, *[1] * len(event))
    assert column.flatten().tolist() == [10.0 * step for step in t.tolist()]


@pytest.mark.parametrize("t", [-1, 10])
def test_extract_refuses_a_t_outside_the_schedule(t):
    with pytest.raises((RuntimeError, IndexError)):
        extract(torch.ones(10), torch.tensor([0, t]), (2, 1))


def test_extract_refuses_a_tensor_in_the_place_of_its_shape():
    """It has a length, too: of a batch of five images, `len(x) - 1` would make a result of five axes."""
    with pytest.raises(TypeError, match=r"extract\(values, t, x\.shape\)"):
        extract(torch.ones(10), torch.zeros(5, dtype=torch.long), torch.ones(5, 1, 4, 4))


@settings(deadline=None)  # the first call in a process is slow
@given(event=SHAPES, timesteps=st.integers(1, 60), name=st.sampled_from(sorted(BETA_SCHEDULES)))
def test_each_row_is_noised_by_its_own_t(event, timesteps, name):
    schedule = NoiseSchedule.from_name(name, timesteps)
    g = torch.Generator().manual_seed(0)
    x, noise = torch.randn(3, *event, generator=g), torch.randn(3, *event, generator=g)
    t = rows(timesteps)
    for process in (q_sample, q_step):
        together = process(x, t, noise, schedule)
        assert together.shape == x.shape
        for i in range(3):
            assert_close(together[i : i + 1], process(x[i : i + 1], t[i : i + 1], noise[i : i + 1], schedule))


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_q_sample_matches_diffusers(name):
    theirs = DDPMScheduler(beta_schedule={"cosine": "squaredcos_cap_v2"}.get(name, name))
    # Its own constants are float32 and, at small t, off in the fourth digit.
    theirs.alphas_cumprod = torch.cumprod(1 - BETA_SCHEDULES[name](1000), dim=0)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(200, 1, 4, 4, generator=g, dtype=torch.float64)
    noise = torch.randn(x.shape, generator=g, dtype=torch.float64)
    t = torch.cat([torch.arange(100), torch.arange(900, 1000)])
    ours = q_sample(x, t, noise, NoiseSchedule.from_name(name, 1000))
    assert ours.dtype == torch.float64
    assert_close(ours, theirs.add_noise(x, noise, t), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", BETA_SCHEDULES)
def test_the_leap_is_the_sum_of_all_steps(name):
    """Without sampling: follow a unit of signal and a unit of each step's noise through the single steps."""
    schedule = NoiseSchedule.from_name(name, 30)
    # Column 0 starts as signal; column s + 1 is fed by the noise of step s only.
    x = torch.zeros(1, 31, dtype=torch.float64)
    x[0, 0] = 1
    for step in range(30):
        t = torch.tensor([step])
        noise = torch.zeros_like(x)
        noise[0, step + 1] = 1
        x = q_step(x, t, noise, schedule)
        leap_of_signal = q_sample(torch.ones(1, 1), t, torch.zeros(1, 1), schedule)
        leap_of_noise = q_sample(torch.zeros(1, 1), t, torch.ones(1, 1), schedule)
        assert float(x[0, 0]) == pytest.approx(float(leap_of_signal), rel=1e-5)
        assert float(x[0, 1:].square().sum().sqrt()) == pytest.approx(float(leap_of_noise), rel=1e-5)


def test_the_leap_has_the_moments_of_many_random_steps():
    """50,000 draws; the tolerance is five standard errors of mean and standard deviation."""
    schedule = NoiseSchedule.from_name("linear", 50, beta_end=0.1)
    g = torch.Generator().manual_seed(0)
    n = 50_000
    x_start = torch.full((n,), 1.5)
    x = x_start
    for step in range(50):
        x = q_step(x, torch.full((n,), step), torch.randn(n, generator=g), schedule)
    leap = q_sample(x_start, torch.full((n,), 49), torch.randn(n, generator=g), schedule)
    error = float(leap.std()) / n**0.5
    assert float(x.mean()) == pytest.approx(float(leap.mean()), abs=5 * error * 2**0.5)
    assert float(x.std()) == pytest.approx(float(leap.std()), abs=5 * error)


@pytest.mark.parametrize(("variance1", "variance2"), [(0.5, 2.0), (1.0, 1.0), (3.0, 0.01)])
def test_two_bells_are_multiplied_on_a_grid(variance1, variance2):
    grid = torch.linspace(-12, 12, 100_001, dtype=torch.float64)
    density = (-((grid - 0.7) ** 2) / (2 * variance1) - (grid + 0.4) ** 2 / (2 * variance2)).softmax(dim=0)
    grid_mean = float((density * grid).sum())
    grid_variance = float((density * (grid - grid_mean) ** 2).sum())
    mean, variance = combine_gaussians(*map(torch.tensor, (0.7, variance1, -0.4, variance2)))
    assert float(mean) == pytest.approx(grid_mean, abs=1e-5)
    assert float(variance) == pytest.approx(grid_variance, rel=1e-4)


def test_a_certain_witness_decides():
    one = torch.tensor(1.0)
    for pair in ((3 * one, 0 * one, one, one), (one, one, 3 * one, 0 * one)):
        mean, variance = combine_gaussians(*pair)
        assert mean == 3
        assert variance == 0


def test_the_exact_denoiser_weighs_two_witnesses():
    x = torch.linspace(-2, 2, 9)
    mean, _ = combine_gaussians(x, torch.tensor(0.3**2), torch.tensor(1.0), torch.tensor(0.5**2))
    assert_close(mean, optimal_denoiser(x, 0.3, 1.0, 0.5))


@pytest.mark.parametrize("name", BETA_SCHEDULES)
@pytest.mark.parametrize("timesteps", [5, 200, 1000])
def test_the_two_witnesses_agree_with_equation_7(name, timesteps):
    """To float32's digits, at every t: the schedule's constants were computed in float64."""
    schedule = NoiseSchedule.from_name(name, timesteps)
    t = torch.arange(timesteps)
    one, zero = torch.ones(timesteps), torch.zeros(timesteps)
    coef1, variance = q_posterior(one, zero, t, schedule)
    coef2, _ = q_posterior(zero, one, t, schedule)
    assert_close(coef1, schedule.posterior_mean_coef1, rtol=2e-6, atol=0)
    assert_close(coef2, schedule.posterior_mean_coef2, rtol=2e-6, atol=0)
    assert_close(variance, schedule.posterior_variance, rtol=2e-6, atol=0)


@pytest.mark.parametrize("t", [1, 2, 10, 39])
def test_posterior_is_bayes_rule_on_a_grid(t):
    schedule = NoiseSchedule.from_name("cosine", 40)
    x_start, x_t = 0.7, -0.4
    beta, before = float(schedule.betas[t]), float(schedule.alphas_cumprod[t - 1])
    grid = torch.linspace(-12, 12, 200_001, dtype=torch.float64)  # x_{t-1}
    likelihood = -((x_t - (1 - beta) ** 0.5 * grid) ** 2) / (2 * beta)
    prior = -((grid - before**0.5 * x_start) ** 2) / (2 * (1 - before))
    density = (likelihood + prior).softmax(dim=0)
    grid_mean = float((density * grid).sum())
    grid_variance = float((density * (grid - grid_mean) ** 2).sum())

    mean, variance = q_posterior(torch.tensor([[x_start]]), torch.tensor([[x_t]]), torch.tensor([t]), schedule)
    assert float(mean) == pytest.approx(grid_mean, abs=1e-5)
    assert float(variance) == pytest.approx(grid_variance, rel=1e-4)


def test_posterior_at_both_ends_in_one_batch():
    schedule = NoiseSchedule(rescale_zero_terminal_snr(BETA_SCHEDULES["linear"](20)))
    g = torch.Generator().manual_seed(0)
    x_start, x_t = torch.randn(2, 3, 4, generator=g), torch.randn(2, 3, 4, generator=g)
    mean, variance = q_posterior(x_start, x_t, torch.tensor([0, 19]), schedule)
    assert variance.shape == (2, 1, 1)
    assert_close(mean[0], x_start[0], rtol=0, atol=1e-6)  # x_{-1} is x_0 itself
    assert variance[0] == 0
    # x_19 is pure noise here and tells nothing: what is left is q(x_18 | x_0).
    assert_close(mean[1], schedule.sqrt_alphas_cumprod[18] * x_start[1])
    assert_close(variance[1].squeeze(), 1 - schedule.alphas_cumprod[18])


def test_inputs_are_left_alone():
    schedule = NoiseSchedule.from_name("linear", 10)
    x, t, noise = torch.ones(3, 2), rows(10), torch.ones(3, 2)
    for process in (q_sample, q_step, q_posterior):
        arguments = (x, noise, t, schedule) if process is q_posterior else (x, t, noise, schedule)
        process(*arguments)
    assert x.eq(1).all()
    assert noise.eq(1).all()
    assert t.tolist() == [9, 0, 5]
