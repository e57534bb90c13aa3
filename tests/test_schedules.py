"""Schedules against diffusers, against 50-digit arithmetic and against numbers worked out by hand."""

import math
from decimal import Decimal, localcontext

import pytest
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_ddpm import rescale_zero_terminal_snr as diffusers_rescale
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib import schedules
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule

CONSTANTS = [
    "betas",
    "alphas",
    "alphas_cumprod",
    "alphas_cumprod_prev",
    "one_minus_alphas_cumprod_prev",
    "sqrt_alphas_cumprod",
    "sqrt_one_minus_alphas_cumprod",
    "posterior_mean_coef1",
    "posterior_mean_coef2",
    "posterior_variance",
]
DIFFUSERS_NAMES = {
    "linear": "linear",
    "quadratic": "scaled_linear",
    "cosine": "squaredcos_cap_v2",
    "sigmoid": "sigmoid",
}


def exact_constants(betas: torch.Tensor) -> dict[str, list[float]]:
    """Every constant from the formulas of 2006.11239, step by step, in 50-digit decimal arithmetic."""
    rows = {name: [] for name in CONSTANTS}
    with localcontext() as context:
        context.prec = 50
        cumprod = Decimal(1)
        for beta in map(Decimal, betas.tolist()):
            previous, cumprod = cumprod, cumprod * (1 - beta)
            rows["betas"].append(beta)
            rows["alphas"].append(1 - beta)
            rows["alphas_cumprod"].append(cumprod)
            rows["alphas_cumprod_prev"].append(previous)
            rows["one_minus_alphas_cumprod_prev"].append(1 - previous)
            rows["sqrt_alphas_cumprod"].append(cumprod.sqrt())
            rows["sqrt_one_minus_alphas_cumprod"].append((1 - cumprod).sqrt())
            rows["posterior_mean_coef1"].append(previous.sqrt() * beta / (1 - cumprod))
            rows["posterior_mean_coef2"].append((1 - beta).sqrt() * (1 - previous) / (1 - cumprod))
            rows["posterior_variance"].append((1 - previous) / (1 - cumprod) * beta)
    return {name: [float(value) for value in values] for name, values in rows.items()}


@pytest.mark.parametrize("name", BETA_SCHEDULES)
@pytest.mark.parametrize("timesteps", [10, 200, 1000])
def test_betas_match_diffusers(name, timesteps):
    theirs = DDPMScheduler(num_train_timesteps=timesteps, beta_schedule=DIFFUSERS_NAMES[name]).betas
    assert_close(BETA_SCHEDULES[name](timesteps), theirs.double(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "quadratic", "sigmoid"])
def test_beta_limits_reach_the_formula(name):
    theirs = DDPMScheduler(50, 0.001, 0.3, DIFFUSERS_NAMES[name]).betas
    assert_close(BETA_SCHEDULES[name](50, 0.001, 0.3), theirs.double(), rtol=1e-5, atol=1e-9)


def test_three_steps_by_hand():
    assert_close(schedules.linear_beta_schedule(3, 0.1, 0.3), torch.tensor([0.1, 0.2, 0.3]).double(), rtol=1e-6, atol=0)
    # Square roots 0.1, 0.2, 0.3.
    quadratic = torch.tensor([0.01, 0.04, 0.09]).double()
    assert_close(schedules.quadratic_beta_schedule(3, 0.01, 0.09), quadratic, rtol=1e-6, atol=0)
    # sigmoid(-6) = 0.00247262, sigmoid(0) = 1/2.
    sigmoid = torch.tensor([0.1 + 0.2 * 0.00247262, 0.2, 0.3 - 0.2 * 0.00247262]).double()
    assert_close(schedules.sigmoid_beta_schedule(3, 0.1, 0.3), sigmoid, rtol=1e-6, atol=0)
    # alpha-bar = cos²(90 degrees · t / 3) = 1, 3/4, 1/4, 0 when s = 0: betas 1/4, 2/3, and 1 clipped.
    cosine = torch.tensor([1 / 4, 2 / 3, 0.999]).double()
    assert_close(schedules.cosine_beta_schedule(3, s=0.0), cosine, rtol=1e-6, atol=0)


def test_alpha_bar_where_the_schedules_end():
    assert float(NoiseSchedule.from_name("linear", 200).alphas_cumprod[-1]) == pytest.approx(0.1319, abs=5e-4)
    assert float(NoiseSchedule.from_name("linear", 1000).alphas_cumprod[-1]) == pytest.approx(4.04e-5, rel=1e-2)


def test_why_cosine_exists():
    """At full length, at a quarter, half and three quarters of the way: what chapter 03 says."""
    linear, cosine = (NoiseSchedule.from_name(name, 1000).alphas_cumprod for name in ("linear", "cosine"))
    places = [249, 499, 749]
    assert linear[places].tolist() == pytest.approx([0.524, 0.0786, 0.00335], rel=5e-3)
    assert cosine[places].tolist() == pytest.approx([0.847, 0.494, 0.144], rel=5e-3)
    assert float((linear < 0.01).double().mean()) == pytest.approx(0.33, abs=0.01)
    assert float((cosine < 0.01).double().mean()) == pytest.approx(0.07, abs=0.01)


def test_cosine_is_clipped_from_above_only():
    betas = schedules.cosine_beta_schedule(1000)
    assert betas[-1] == 0.999
    assert int((betas == 0.999).sum()) == 1
    assert float(betas[0]) == pytest.approx(4.13e-5, rel=1e-2)  # 2102.09672 leaves it below DDPM's 1e-4


@pytest.mark.parametrize("s", [0.0, 0.008, 0.1])
def test_cosine_alpha_bar_is_the_cosine_at_s(s):
    alphas_cumprod = schedules.alphas_cumprod_from_betas(schedules.cosine_beta_schedule(40, s))
    for t in (0, 9, 19, 38):
        angle = ((t + 1) / 40 + s) / (1 + s) * math.pi / 2
        start = s / (1 + s) * math.pi / 2
        assert float(alphas_cumprod[t]) == pytest.approx(math.cos(angle) ** 2 / math.cos(start) ** 2, rel=1e-9)


@settings(deadline=None)  # the first call in a process is slow
@given(name=st.sampled_from(sorted(BETA_SCHEDULES)), timesteps=st.integers(1, 300))
def test_every_schedule_is_float64_and_loses_signal_at_every_step(name, timesteps):
    betas = BETA_SCHEDULES[name](timesteps)
    assert betas.shape == (timesteps,)
    assert betas.dtype == torch.float64
    assert bool(((betas > 0) & (betas < 1)).all())
    alphas_cumprod = schedules.alphas_cumprod_from_betas(betas)
    assert bool((alphas_cumprod.diff() < 0).all())
    assert bool((schedules.snr(alphas_cumprod).diff() < 0).all())


def test_snr_by_hand():
    assert schedules.snr(torch.tensor([0.5, 0.8, 0.0])).tolist() == pytest.approx([1.0, 4.0, 0.0])


def test_sigma_by_hand():
    sigmas = schedules.sigma_from_alphas_cumprod(torch.tensor([1.0, 0.5, 0.2, 0.1]))
    assert sigmas.tolist() == pytest.approx([0, 1, 2, 3])
    assert schedules.sigma_from_alphas_cumprod(torch.tensor(0.0)) == math.inf


@pytest.mark.parametrize("name", BETA_SCHEDULES)
def test_sigma_is_the_noise_beside_a_picture_of_full_size(name):
    schedule = NoiseSchedule.from_name(name, 100)
    sigma = schedules.sigma_from_alphas_cumprod(schedule.alphas_cumprod.double())
    assert_close(
        sigma.float(), schedule.sqrt_one_minus_alphas_cumprod / schedule.sqrt_alphas_cumprod, rtol=1e-3, atol=0
    )
    assert_close(sigma**-2, schedules.snr(schedule.alphas_cumprod.double()))


@pytest.mark.parametrize("name", BETA_SCHEDULES)
def test_rescale_matches_diffusers_and_ends_without_signal(name):
    betas = BETA_SCHEDULES[name](100)
    rescaled = schedules.rescale_zero_terminal_snr(betas)
    assert_close(rescaled, diffusers_rescale(betas), rtol=1e-9, atol=1e-12)
    assert rescaled[-1] == 1
    assert_close(rescaled[0], betas[0])
    schedule = NoiseSchedule(rescaled)
    assert schedule.alphas_cumprod[-1] == 0
    assert schedule.posterior_mean_coef2[-1] == 0
    assert all(bool(getattr(schedule, constant).isfinite().all()) for constant in CONSTANTS)


def test_rescaling_twice_changes_nothing():
    once = schedules.rescale_zero_terminal_snr(schedules.linear_beta_schedule(20))
    assert_close(schedules.rescale_zero_terminal_snr(once), once, rtol=1e-9, atol=1e-12)


def test_rescale_needs_two_steps():
    with pytest.raises(ValueError, match="at least 2"):
        schedules.rescale_zero_terminal_snr(torch.tensor([0.1]))


@pytest.mark.parametrize("name", BETA_SCHEDULES)
@pytest.mark.parametrize("timesteps", [1, 2, 200, 1000])
def test_constants_are_right_in_every_float32_digit(name, timesteps):
    """The last bits matter: coef1 at t = 0, formed again from float32 parts, is off by 2e-4."""
    betas = BETA_SCHEDULES[name](timesteps)
    schedule = NoiseSchedule(betas)
    for constant, exact in exact_constants(betas).items():
        ours = getattr(schedule, constant)
        assert ours.dtype == torch.float32
        assert_close(ours, torch.tensor(exact).float(), rtol=3e-7, atol=1e-12, msg=lambda m, c=constant: f"{c}: {m}")


def test_the_first_step_back_is_certain():
    for name in BETA_SCHEDULES:
        schedule = NoiseSchedule.from_name(name, 1000)
        assert schedule.alphas_cumprod_prev[0] == 1
        assert schedule.posterior_mean_coef1[0] == pytest.approx(1, abs=1e-6)
        assert schedule.posterior_mean_coef2[0] == 0
        assert schedule.posterior_variance[0] == 0


def test_to_moves_every_tensor_and_leaves_the_original():
    schedule = NoiseSchedule.from_name("cosine", 5)
    moved = schedule.to("meta")
    assert moved.device.type == "meta"
    assert all(getattr(moved, constant).device.type == "meta" for constant in CONSTANTS)
    assert moved.timesteps == 5
    assert schedule.device.type == "cpu"


def test_from_name_passes_options_and_explains_a_wrong_name():
    assert_close(NoiseSchedule.from_name("linear", 7, beta_end=0.5).betas[-1], torch.tensor(0.5))
    with pytest.raises(ValueError, match=r"'cosin'.*linear, quadratic, cosine, sigmoid"):
        NoiseSchedule.from_name("cosin")


@pytest.mark.parametrize("betas", [[], [[0.1]], 0.1, [0.1, 0.0], [0.1, -0.1], [0.1, 1.1], [0.1, math.nan]])
def test_impossible_betas_are_refused(betas):
    with pytest.raises(ValueError, match="beta"):
        NoiseSchedule(torch.tensor(betas))


@pytest.mark.parametrize("name", BETA_SCHEDULES)
def test_no_timesteps_are_refused(name):
    with pytest.raises(ValueError, match="T >= 1"):
        NoiseSchedule.from_name(name, 0)
