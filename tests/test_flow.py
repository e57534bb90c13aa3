"""The straight path, its exact velocity, and the bridge to diffusion, against closed forms."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from course_lib.fast_sampling import ddim_sample_steps
from course_lib.flow import (
    Step,
    euler_step,
    exact_velocity,
    flow_beta_schedule,
    flow_matching_loss,
    flow_path,
    flow_sample_loop,
    flow_sample_steps,
    flow_time,
    flow_times,
    logit_normal_times,
    midpoint_step,
    reflow_pairs,
    straightness,
    uniform_times,
    velocity_from_noise,
    velocity_model,
)
from course_lib.mixtures import GaussianMixture
from course_lib.reverse import training_target
from course_lib.schedules import NoiseSchedule

ONE = GaussianMixture(torch.tensor([[3.0, -1.0]], dtype=torch.float64), 0.5)
FOUR = GaussianMixture(torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64), 0.1)
WIDE = GaussianMixture(torch.tensor([[1.0, 1], [-1, 0]], dtype=torch.float64), 0.5)
PATH = NoiseSchedule(flow_beta_schedule(100))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize("event", [(), (2,), (1, 4, 4)])
def test_the_path_leads_from_noise_to_data(event: tuple[int, ...]) -> None:
    x_start, noise = normal(5, *event), normal(5, *event, seed=1)
    assert_close(flow_path(x_start, torch.zeros(5), noise), noise)
    assert_close(flow_path(x_start, torch.ones(5), noise), x_start)
    t = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64)
    rows = [t[i] * x_start[i] + (1 - t[i]) * noise[i] for i in range(5)]
    assert_close(flow_path(x_start, t, noise), torch.stack(rows))


def test_the_exact_velocity_at_both_ends() -> None:
    """u(x, 0) = m - x and u(x, 1) = x, for data N(m, s²)."""
    x = normal(50, 2)
    assert_close(exact_velocity(ONE, x, torch.zeros(50, dtype=torch.float64)), ONE.means - x)
    assert_close(exact_velocity(ONE, x, torch.ones(50, dtype=torch.float64)), x)


def test_the_exact_velocity_of_one_gaussian_between_the_ends() -> None:
    """m + (t s² - (1 - t)) (x - t m) / (t² s² + (1 - t)²): the regression of x_0 - noise on x_t."""
    x, t = normal(50, 2), torch.rand(50, generator=seeded(), dtype=torch.float64)[:, None]
    slope = (t * 0.25 - (1 - t)) / (t**2 * 0.25 + (1 - t) ** 2)
    assert_close(exact_velocity(ONE, x, t[:, 0]), ONE.means + slope * (x - t * ONE.means))


def test_no_model_has_a_smaller_loss_than_the_exact_velocity() -> None:
    x_start, noise = FOUR.sample(4000, seeded()), normal(4000, 2, seed=2)
    t = torch.rand(4000, generator=seeded(3), dtype=torch.float64)
    exact = partial(exact_velocity, FOUR)
    best = flow_matching_loss(exact, x_start, t, noise)
    for factor in (0.9, 1.1):
        assert best < flow_matching_loss(lambda x, t, f=factor: f * exact(x, t), x_start, t, noise)
    assert_close(
        flow_matching_loss(lambda x, t: x, x_start, t, noise),
        (flow_path(x_start, t, noise) - x_start + noise).square().mean(),
    )


def test_the_flow_of_one_gaussian() -> None:
    """Where data is N(m, s²), the flow carries z to m + s z."""
    noise = normal(200, 2)
    found = flow_sample_loop(partial(exact_velocity, ONE), noise, 100, midpoint_step)
    assert_close(found, ONE.means + 0.5 * noise, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("step", "order"), [(euler_step, 1), (midpoint_step, 2)])
def test_the_order_of_the_steps(step: Step, order: int) -> None:
    """Twice as many steps divide the error by 2 to the power `order`."""
    model, noise = partial(exact_velocity, WIDE), normal(100, 2)
    truth = flow_sample_loop(model, noise, 2000, midpoint_step)
    error = [float((flow_sample_loop(model, noise, steps, step) - truth).norm()) for steps in (40, 80)]
    assert error[0] / error[1] == pytest.approx(2**order, rel=0.15)


def test_one_euler_step_leads_to_the_mean() -> None:
    assert_close(flow_sample_loop(partial(exact_velocity, ONE), normal(9, 2), 1), ONE.means.expand(9, 2))


def test_calls_and_states() -> None:
    asked = []

    def model(x: Tensor, t: Tensor) -> Tensor:
        asked.append(float(t[0]))
        return torch.ones_like(x)

    noise = normal(3, 2)
    states = list(flow_sample_steps(model, noise, 4))
    assert asked == [0, 0.25, 0.5, 0.75]
    assert len(states) == 5
    assert_close(states[-1], noise + 1)
    asked.clear()
    flow_sample_loop(model, noise, 2, midpoint_step)
    assert asked == [0, 0.25, 0.5, 0.75]
    with pytest.raises(ValueError, match="1 or more"):
        flow_times(0)


@given(st.integers(2, 300))
def test_the_flow_schedule_is_the_straight_path(timesteps: int) -> None:
    schedule = NoiseSchedule(flow_beta_schedule(timesteps))
    expected = 1 - torch.arange(1, timesteps + 1, dtype=torch.float64) / timesteps
    assert_close(flow_time(schedule).double(), expected, atol=1e-3, rtol=1e-4)
    assert schedule.alphas_cumprod[-1] == 0


def test_a_flow_schedule_of_one_step_is_refused() -> None:
    with pytest.raises(ValueError, match="2 or more"):
        flow_beta_schedule(1)


@pytest.mark.parametrize("schedule", [PATH, NoiseSchedule.from_name("cosine", 50), NoiseSchedule.from_name("linear")])
def test_a_diffusion_model_is_a_velocity_model(schedule: NoiseSchedule) -> None:
    """For a mixture, the best noise prediction and the best velocity are the same thing, at every step's own time."""
    times = flow_time(schedule).double()
    step = torch.arange(schedule.timesteps)[times > 0.02].repeat_interleave(4)
    x, t = normal(len(step), 2), times[step]
    by_noise = velocity_model(lambda x, t: FOUR.optimal_noise(x, t, schedule), schedule, "noise")
    assert_close(by_noise(x, t), exact_velocity(FOUR, x, t), atol=2e-3, rtol=2e-3)


def test_velocity_from_noise() -> None:
    x_start, noise, t = normal(6, 1, 4, 4), normal(6, 1, 4, 4, seed=1), torch.linspace(0.1, 1, 6, dtype=torch.float64)
    assert_close(velocity_from_noise(flow_path(x_start, t, noise), t, noise), x_start - noise)


def test_ddim_on_the_flow_schedule_is_euler() -> None:
    """With v prediction on the straight path, DDIM without fresh noise makes Euler's steps, at another scale."""

    def v(x: Tensor, t: Tensor) -> Tensor:
        start = FOUR.posterior_mean(x, t, PATH)
        return training_target(start, t, FOUR.optimal_noise(x, t, PATH), PATH, "v")

    noise = normal(64, 2)
    ddim = list(ddim_sample_steps(v, (64, 2), PATH, 10, generator=seeded(), predicts="v"))
    euler = list(flow_sample_steps(velocity_model(v, PATH, "v"), ddim[0], 10))
    assert_close(ddim[-1].double(), euler[-1].double(), atol=2e-4, rtol=1e-3)
    assert noise.shape == ddim[-1].shape


def test_the_v_loss_on_the_flow_schedule_is_the_flow_loss_with_a_weight() -> None:
    """The squared error of the velocity is (a + b)² times that of v, where x_t = a x_0 + b noise."""
    step = torch.arange(99).repeat(3)
    x_start, noise, error = normal(297, 2), normal(297, 2, seed=1), normal(297, 2, seed=2)
    a, b = PATH.sqrt_alphas_cumprod[step, None], PATH.sqrt_one_minus_alphas_cumprod[step, None]
    wrong_v = training_target(x_start, step, noise, PATH, "v") + error
    velocity = velocity_model(lambda x, t: wrong_v, PATH, "v")
    found = velocity((a * x_start + b * noise) / (a + b), flow_time(PATH)[step])
    assert_close((found - (x_start - noise)).square(), ((a + b) * error).square(), atol=1e-4, rtol=1e-3)


def test_the_times_to_learn_from() -> None:
    uniform, middle = uniform_times(100_000, seeded()), logit_normal_times(100_000, seeded())
    assert float(uniform.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(uniform.std()) == pytest.approx(12**-0.5, abs=0.01)
    assert float((middle < 0.5).float().mean()) == pytest.approx(0.5, abs=0.01)
    quarter = torch.distributions.Normal(0, 1).cdf(torch.tensor(0.25).logit())
    assert float((middle < 0.25).float().mean()) == pytest.approx(float(quarter), abs=0.01)
    shifted = logit_normal_times(100_000, seeded(), mean=1.0, std=0.5)
    assert float(shifted.logit().mean()) == pytest.approx(1, abs=0.01)
    assert float(shifted.logit().std()) == pytest.approx(0.5, abs=0.01)


def test_straightness_and_reflow() -> None:
    """A constant velocity is straight. The exact flow to one Gaussian is not; the line of each of its pairs is."""
    noise = normal(500, 2)
    assert float(straightness(lambda x, t: torch.ones_like(x), noise, 10)) == pytest.approx(0, abs=1e-12)
    assert float(straightness(partial(exact_velocity, ONE), noise)) > 0.01

    x_end, start = reflow_pairs(partial(exact_velocity, ONE), noise)
    assert_close(start, noise)
    assert_close(x_end, ONE.means + 0.5 * noise, atol=2e-3, rtol=2e-3)

    def reflowed(x: Tensor, t: Tensor) -> Tensor:
        """The velocity of z -> m + z / 2 along lines: x_t = z (1 - t / 2) + t m."""
        z = (x - t[:, None] * ONE.means) / (1 - t[:, None] / 2)
        return ONE.means - z / 2

    assert float(straightness(reflowed, noise)) == pytest.approx(0, abs=1e-5)
    t = torch.rand(500, generator=seeded(), dtype=torch.float64)
    assert float(flow_matching_loss(reflowed, x_end, t, start)) == pytest.approx(0, abs=1e-4)
