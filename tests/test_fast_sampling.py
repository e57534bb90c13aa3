"""Fast samplers against diffusers, the path of an exact network, loops over single numbers, and closed forms."""

import math
from functools import partial
from itertools import pairwise
from unittest import mock

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, HeunDiscreteScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib import fast_sampling as fast
from course_lib.forward import q_posterior
from course_lib.mixtures import GaussianMixture
from course_lib.reverse import p_sample, p_sample_loop, training_target
from course_lib.schedules import (
    BETA_SCHEDULES,
    NoiseSchedule,
    alphas_cumprod_from_betas,
    rescale_zero_terminal_snr,
)

DIFFUSERS_NAMES = {"noise": "epsilon", "start": "sample", "v": "v_prediction"}
SHAPE = (32, 2)
MIXTURE = GaussianMixture(torch.tensor([[-1.0, 0.3], [0.6, 1.0]], dtype=torch.float64), std=0.3)

pytestmark = pytest.mark.filterwarnings("ignore:__array__")  # diffusers makes arrays from tensors

schedules = pytest.mark.parametrize(
    "betas",
    [pytest.param(BETA_SCHEDULES[name](T), id=f"{name} {T}") for name in ("linear", "cosine") for T in (200, 1000)],
)
every_kind = pytest.mark.parametrize("predicts", DIFFUSERS_NAMES)


def in_float64(betas):
    """The schedule with the digits that its constants lose as float32: then samplers can be compared to the last."""
    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        return NoiseSchedule(betas)


def respace(schedule, timesteps):
    """The schedule of a chain that has only these t, falling: 2102.09672, section 4."""
    alphas_cumprod = alphas_cumprod_from_betas(schedule.betas.double())[timesteps.flip(0)]
    before = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
    return NoiseSchedule(1 - alphas_cumprod / before)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def exact(schedule, predicts="noise", mixture=MIXTURE):
    """The perfect network for samples of the mixture."""

    def model(x, t):
        start, noise = mixture.posterior_mean(x, t, schedule), mixture.optimal_noise(x, t, schedule)
        return training_target(start, t, noise, schedule, predicts)

    return model


def with_diffusers(scheduler, model, x, **options):
    x = x.double()
    for t in scheduler.timesteps:
        given = scheduler.scale_model_input(x, t)
        output = model(given, torch.full((len(x),), int(t)))
        x = scheduler.step(output, t, x, **options).prev_sample
    return x


def theirs(kind, betas, predicts, **options):
    """Their scheduler; its own constants are float32, and far off where alpha-bar is small."""
    scheduler = kind(len(betas), trained_betas=betas.numpy(), prediction_type=DIFFUSERS_NAMES[predicts], **options)
    scheduler.alphas_cumprod = torch.cumprod(1 - betas, dim=0)
    return scheduler


def levels(schedule, timesteps):
    """Their sigmas at these t, in float64, and the 0 at the end."""
    ac = schedule.alphas_cumprod[timesteps]
    return torch.cat([((1 - ac) / ac).sqrt(), torch.zeros(1, dtype=torch.float64)])


# Agreement with diffusers


@schedules
@every_kind
@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(
    ("spacing", "steps"), [("trailing", 1), ("trailing", 2), ("trailing", 20), ("leading", 7), ("leading", 50)]
)
def test_ddim_matches_diffusers(betas, predicts, eta, spacing, steps):
    """Their step from t leads to t - T // steps, so trailing steps agree only where `steps` divides T."""
    schedule = in_float64(betas)
    scheduler = theirs(DDIMScheduler, betas, predicts, clip_sample=False, timestep_spacing=spacing)
    scheduler.set_timesteps(steps)
    assert_close(scheduler.timesteps, fast.choose_timesteps(schedule, steps, spacing))

    model, generator = exact(schedule, predicts), seeded(1)
    x = torch.randn(SHAPE, generator=generator).double()
    for t in scheduler.timesteps:
        noise = torch.randn(SHAPE, generator=generator).double()
        x = scheduler.step(model(x, t.expand(len(x))), t, x, eta=eta, variance_noise=noise if eta else None).prev_sample
    ours = fast.ddim_sample_loop(model, SHAPE, schedule, steps, eta, seeded(1), predicts, spacing=spacing)
    assert_close(ours, x, rtol=1e-9, atol=1e-9)


@schedules
@every_kind
def test_ddim_clips_as_diffusers_does(betas, predicts):
    schedule = in_float64(betas)
    scheduler = theirs(DDIMScheduler, betas, predicts, clip_sample=True, timestep_spacing="trailing")
    scheduler.set_timesteps(10)
    model, x = exact(schedule, predicts), torch.randn(SHAPE, generator=seeded(1))
    expected = with_diffusers(scheduler, model, x, use_clipped_model_output=True)
    ours = fast.ddim_sample_loop(model, SHAPE, schedule, 10, 0.0, seeded(1), predicts, clip_start=True)
    assert float((ours.abs() == 1).double().mean()) > 0.01  # something was clipped
    assert_close(ours, expected, rtol=1e-9, atol=1e-9)


@schedules
@every_kind
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("spacing", "steps"), [("log_snr", 2), ("log_snr", 20), ("trailing", 7), ("leading", 15)])
def test_dpm_solver_matches_diffusers(betas, predicts, order, spacing, steps):
    schedule = in_float64(betas)
    scheduler = theirs(DPMSolverMultistepScheduler, betas, predicts, solver_order=order, final_sigmas_type="zero")
    timesteps = fast.choose_timesteps(schedule, steps, spacing)
    scheduler.set_timesteps(timesteps=timesteps.tolist())
    scheduler.sigmas = levels(schedule, timesteps)
    model, x = exact(schedule, predicts), torch.randn(SHAPE, generator=seeded(1))
    expected = with_diffusers(scheduler, model, x)
    ours = fast.dpm_solver_sample_loop(model, SHAPE, schedule, steps, seeded(1), predicts, spacing=spacing, order=order)
    assert_close(ours, expected.double(), rtol=1e-5, atol=1e-5)  # theirs rounds x to float32 in each step


@schedules
@every_kind
@pytest.mark.parametrize(("spacing", "steps"), [("log_snr", 3), ("log_snr", 20), ("trailing", 7), ("leading", 15)])
def test_heun_matches_diffusers(betas, predicts, spacing, steps):
    """Theirs moves y = x / sqrt(alpha-bar)."""
    schedule = in_float64(betas)
    scheduler = theirs(HeunDiscreteScheduler, betas, predicts)
    timesteps = fast.choose_timesteps(schedule, steps, spacing)
    scheduler.set_timesteps(timesteps=timesteps.tolist())
    sigmas = levels(schedule, timesteps)
    scheduler.sigmas = torch.cat([sigmas[:1], sigmas[1:-1].repeat_interleave(2), sigmas[-1:]])
    model, x = exact(schedule, predicts), torch.randn(SHAPE, generator=seeded(1))
    expected = with_diffusers(scheduler, model, x / schedule.sqrt_alphas_cumprod[timesteps[0]])
    ours = fast.heun_sample_loop(model, SHAPE, schedule, steps, seeded(1), predicts, spacing=spacing)
    assert_close(ours, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loop", [fast.ddim_sample_loop, fast.dpm_solver_sample_loop, fast.heun_sample_loop])
@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_float32_is_enough_for_a_sampler_with_twenty_steps(loop, name):
    """From alpha-bar = 2e-9, where cosine begins, the predicted x_0 has only three digits."""
    betas = BETA_SCHEDULES[name](1000)
    precise, usual = in_float64(betas), NoiseSchedule(betas)
    expected = loop(exact(precise), SHAPE, precise, 20, generator=seeded(1))
    ours = loop(lambda x, t: exact(precise)(x, t).float(), SHAPE, usual, 20, generator=seeded(1))
    assert ours.dtype == torch.float32
    assert_close(ours.double(), expected, rtol=0, atol=5e-4)


# The order of a method: how fast its error falls

METHODS = {
    "ddim": (partial(fast.ddim_sample_loop, spacing="log_snr"), 1),
    "dpm_solver, order 1": (partial(fast.dpm_solver_sample_loop, order=1), 1),
    "dpm_solver": (fast.dpm_solver_sample_loop, 2),
    "heun": (fast.heun_sample_loop, 2),
}


@pytest.fixture(scope="module")
def long_schedule():
    """So many t that rounding to whole ones does not show, from the usual alpha-bar at both ends."""
    return in_float64(BETA_SCHEDULES["linear"](8000, beta_start=1e-4 / 8, beta_end=0.02 / 8))


@pytest.fixture(scope="module")
def path_end(long_schedule):
    """Where the path ends that all of them follow."""
    return fast.heun_sample_loop(exact(long_schedule), SHAPE, long_schedule, 1000, seeded(1))


@pytest.mark.parametrize("name", METHODS)
def test_the_error_falls_with_the_order_of_the_method(name, long_schedule, path_end):
    loop, order = METHODS[name]
    counts = [20, 40, 80]
    ends = [loop(exact(long_schedule), SHAPE, long_schedule, steps, generator=seeded(1)) for steps in counts]
    errors = [float((end - path_end).square().mean().sqrt()) for end in ends]
    slopes = [math.log2(one / other) for one, other in pairwise(errors)]
    assert slopes == pytest.approx([order] * 2, abs=0.3)


@pytest.mark.parametrize("spacing", ["trailing", "leading"])
def test_the_spread_of_few_deterministic_steps(spacing):
    """N(0.5, 0.2²), a perfect network, linear, T = 1000. Each step is affine, so the standard deviation is exact."""
    expected = {"trailing": [0.0973, 0.1401, 0.1738], "leading": [0.1047, 0.1451, 0.1762]}[spacing]
    schedule = NoiseSchedule.from_name("linear", 1000)
    model = exact(schedule, mixture=GaussianMixture([0.5], std=0.2))
    found = []
    for steps in (10, 20, 50):
        timesteps = fast.choose_timesteps(schedule, steps, spacing)
        ac = torch.cat([schedule.alphas_cumprod.double()[timesteps], torch.ones(1)]).tolist()
        slope = 1.0
        for now, before in pairwise(ac):
            guess = now**0.5 * 0.04 / (now * 0.04 + 1 - now)  # of x_t, in E[x_0 | x_t]
            slope *= before**0.5 * guess + ((1 - before) / (1 - now)) ** 0.5 * (1 - now**0.5 * guess)
        found.append(slope)
        two = torch.tensor([-1.0, 1.0])
        with mock.patch.object(fast, "draw_noise", lambda *_, two=two: two):
            ends = fast.ddim_sample_loop(model, (2,), schedule, steps, spacing=spacing)
        assert float(ends[1] - ends[0]) / 2 == pytest.approx(slope, rel=1e-4)
    assert found == pytest.approx(expected, abs=5e-5)


# Which steps

counts = st.integers(1, 300).flatmap(lambda T: st.tuples(st.just(T), st.integers(1, T)))


@given(counts)
def test_trailing_steps_begin_with_the_most_noise_and_are_even(count):
    T, steps = count
    timesteps = fast.ddim_timesteps(T, steps)
    assert timesteps.dtype == torch.long
    assert timesteps.shape == (steps,)
    assert timesteps[0] == T - 1
    strides = -torch.cat([timesteps, torch.tensor([-1])]).diff()  # the jump to clean data among them
    assert strides.min() >= 1
    assert set(strides.tolist()) <= {math.floor(T / steps), math.ceil(T / steps)}


@pytest.mark.parametrize("T", [7, 200, 1000])
def test_trailing_steps_are_those_of_diffusers(T):
    """For odd numbers of steps: then nothing is half-way between two t. Theirs are sometimes one too many."""
    scheduler, compared = DDIMScheduler(T, timestep_spacing="trailing"), 0
    for steps in range(1, T + 1, 2):
        scheduler.set_timesteps(steps)
        if len(scheduler.timesteps) == steps:
            compared += 1
            assert scheduler.timesteps.tolist() == fast.ddim_timesteps(T, steps).tolist()
    assert compared > 0.4 * T


@given(counts)
def test_leading_steps_end_at_zero_and_are_even(count):
    T, steps = count
    timesteps = fast.leading_timesteps(T, steps)
    assert timesteps.shape == (steps,)
    assert timesteps[-1] == 0
    assert timesteps[0] < T
    assert set((-timesteps.diff()).tolist()) <= {T // steps}


@settings(deadline=None)
@given(counts, st.sampled_from(sorted(BETA_SCHEDULES)), st.booleans())
def test_steps_even_in_log_snr_are_as_many_as_asked_for(count, name, zero_terminal):
    T, steps = count
    betas = BETA_SCHEDULES[name](T)
    schedule = NoiseSchedule(rescale_zero_terminal_snr(betas) if zero_terminal and T > 1 else betas)
    timesteps = fast.log_snr_timesteps(schedule, steps)
    assert timesteps.dtype == torch.long
    assert timesteps.shape == (steps,)
    assert timesteps[0] == T - 1
    assert (timesteps.diff() < 0).all()
    assert timesteps[-1] == 0 or steps < (3 if zero_terminal else 2)


@pytest.mark.parametrize("steps", [2, 3, 10, 48])
def test_where_log_snr_falls_evenly_even_steps_are_even_in_t(steps):
    alphas_cumprod = torch.linspace(9, -9, 300, dtype=torch.float64).sigmoid()
    betas = 1 - alphas_cumprod / torch.cat([torch.ones(1), alphas_cumprod[:-1]])
    expected = torch.linspace(299, 0, steps, dtype=torch.float64).round().long()
    assert (fast.log_snr_timesteps(NoiseSchedule(betas), steps) - expected).abs().max() <= 1  # halves go either way


@pytest.mark.parametrize("name", BETA_SCHEDULES)
def test_no_step_is_longer_in_log_snr_than_an_even_one(name):
    """But for what rounding to whole t adds at both ends, and for steps to the neighbour, which cannot be shorter."""
    schedule = in_float64(BETA_SCHEDULES[name](1000))
    log_snr = torch.logit(schedule.alphas_cumprod)
    timesteps = fast.log_snr_timesteps(schedule, 20).tolist()
    even = float(log_snr[0] - log_snr[-1]) / 19
    for t, t_prev in pairwise(timesteps):
        between = -log_snr[t_prev : t + 1].diff()
        assert t == t_prev + 1 or float(between.sum()) <= even + float(between.max())


def test_all_t_are_found_quickly_where_levels_have_to_be_very_fine():
    schedule = NoiseSchedule.from_name("linear", 1000)
    assert_close(fast.log_snr_timesteps(schedule, 1000), torch.arange(1000).flip(0))


@pytest.mark.parametrize("steps", [0, -1, 11])
@pytest.mark.parametrize("loop", [fast.ddim_sample_loop, fast.dpm_solver_sample_loop, fast.heun_sample_loop])
def test_more_steps_than_the_schedule_has_are_refused(loop, steps):
    schedule = NoiseSchedule.from_name("linear", 10)
    with pytest.raises(ValueError, match="from 1 to 10"):
        loop(exact(schedule), SHAPE, schedule, steps)


def test_an_unknown_spacing_is_refused():
    with pytest.raises(ValueError, match="choose one of trailing, leading, log_snr"):
        fast.choose_timesteps(NoiseSchedule.from_name("linear", 10), 5, "karras")


# One step


def mixed_steps(schedule, g):
    """t, t_prev, t_before for a batch of rows: a first step, last steps, a jump over everything, and usual ones."""
    T = schedule.timesteps
    t = torch.tensor([T - 1, 0, T - 1, T // 2, T // 3, 3])
    t_prev = torch.tensor([T // 2, -1, -1, T // 3, T // 3 - 1, -1])
    t_before = torch.tensor([T - 1, 4, T - 1, T - 2, T // 2, 9])
    return t, t_prev, t_before


def alpha_bar(schedule, t):
    return 1.0 if t < 0 else float(schedule.alphas_cumprod[t])


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@every_kind
@pytest.mark.parametrize("clip_start", [False, True])
def test_ddim_step_number_by_number(eta, predicts, clip_start):
    schedule = in_float64(BETA_SCHEDULES["linear"](60))
    t, t_prev, _ = mixed_steps(schedule, seeded())
    x_t, output, noise = (normal(6, 2, 3, seed=seed) for seed in range(3))
    found = fast.ddim_step(lambda x, t: output, x_t, t, t_prev, noise, schedule, eta, predicts, clip_start)
    for row, (now, before) in enumerate(zip(t.tolist(), t_prev.tolist(), strict=True)):
        a, b = alpha_bar(schedule, now), alpha_bar(schedule, before)
        for place in [(row, i, j) for i in range(2) for j in range(3)]:
            x, out = float(x_t[place]), float(output[place])
            start = {
                "noise": (x - math.sqrt(1 - a) * out) / math.sqrt(a),
                "start": out,
                "v": math.sqrt(a) * x - math.sqrt(1 - a) * out,
            }[predicts]
            start = max(-1.0, min(1.0, start)) if clip_start else start
            eps = (x - math.sqrt(a) * start) / math.sqrt(1 - a)
            sigma = eta * math.sqrt((1 - b) / (1 - a)) * math.sqrt(1 - a / b)
            expected = math.sqrt(b) * start + math.sqrt(1 - b - sigma**2) * eps + sigma * float(noise[place])
            assert float(found[place]) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_dpm_solver_step_number_by_number():
    """As 2211.01095 writes it, in exponentials of h."""
    schedule = in_float64(BETA_SCHEDULES["cosine"](60))
    t, t_prev, t_before = mixed_steps(schedule, seeded())
    x_t, start, earlier = (normal(6, 2, 3, seed=seed) for seed in range(3))
    first = t_before == t
    earlier[first] = start[first]
    found = fast.dpm_solver_step(x_t, start, earlier, t, t_prev, t_before, schedule)
    for row in range(6):
        a, b, c = (alpha_bar(schedule, int(steps[row])) for steps in (t, t_prev, t_before))
        d = start[row]
        if b < 1 and not first[row]:
            h, h_before = (0.5 * (math.log(i / (1 - i)) - math.log(j / (1 - j))) for i, j in ((b, a), (a, c)))
            d = (1 + h / (2 * h_before)) * start[row] - h / (2 * h_before) * earlier[row]
        decay = math.sqrt(a / (1 - a)) / math.sqrt(b / (1 - b)) if b < 1 else 0.0  # exp(-h)
        expected = math.sqrt((1 - b) / (1 - a)) * x_t[row] - math.sqrt(b) * (decay - 1) * d
        assert_close(found[row], expected, rtol=1e-9, atol=1e-9)


def test_heun_step_on_a_gaussian_by_hand():
    """Data N(0, 0.5²): with y = x / sqrt(alpha-bar) the slope is sigma y / (0.25 + sigma²)."""
    schedule = in_float64(BETA_SCHEDULES["linear"](60))
    model = exact(schedule, mixture=GaussianMixture(torch.zeros(1, dtype=torch.float64), std=0.5))
    t, t_prev = torch.tensor([59, 40, 3, 1]), torch.tensor([20, 39, 0, 0])
    x = normal(4)
    found = fast.heun_step(model, x, t, t_prev, schedule)
    for row in range(4):
        a, b = alpha_bar(schedule, int(t[row])), alpha_bar(schedule, int(t_prev[row]))
        sigma, end, y = math.sqrt(1 / a - 1), math.sqrt(1 / b - 1), float(x[row]) / math.sqrt(a)
        slope = sigma * y / (0.25 + sigma**2)
        tried = y + (end - sigma) * slope
        slope_there = end * tried / (0.25 + end**2)
        expected = math.sqrt(b) * (y + (end - sigma) * (slope + slope_there) / 2)
        assert float(found[row]) == pytest.approx(expected, rel=1e-9)


@every_kind
def test_heun_step_clips_both_predictions(predicts):
    schedule = in_float64(BETA_SCHEDULES["linear"](60))
    model = exact(schedule, predicts, GaussianMixture(torch.tensor([3.0], dtype=torch.float64), std=0.0))
    t, t_prev, x = torch.tensor([50, 20]), torch.tensor([30, 0]), normal(2)
    found = fast.heun_step(model, x, t, t_prev, schedule, predicts, clip_start=True)
    at_one = exact(schedule, mixture=GaussianMixture(torch.tensor([1.0], dtype=torch.float64), std=0.0))
    assert_close(found, fast.heun_step(at_one, x, t, t_prev, schedule))


def test_x_t_is_made_of_the_start_and_the_noise_that_are_predicted():
    schedule, t = in_float64(BETA_SCHEDULES["cosine"](50)), torch.tensor([49, 20, 0])
    x_t, output = normal(3, 4, seed=1), normal(3, 4, seed=2)
    for predicts in DIFFUSERS_NAMES:
        for clip_start in (False, True):
            start, noise = fast.predict_start_and_noise(lambda x, t: output, x_t, t, schedule, predicts, clip_start)
            signal, sigma = (
                values[t][:, None] for values in (schedule.alphas_cumprod.sqrt(), (1 - schedule.alphas_cumprod).sqrt())
            )
            assert_close(signal * start + sigma * noise, x_t)
            assert not clip_start or float(start.abs().max()) <= 1


def test_between_neighbours_the_variance_is_that_of_the_posterior():
    for name in BETA_SCHEDULES:
        betas = BETA_SCHEDULES[name](1000)
        ac = torch.cumprod(1 - betas, dim=0)
        before = torch.cat([torch.ones(1, dtype=torch.float64), ac[:-1]])
        expected = betas * (1 - before) / (1 - ac)
        assert_close(fast.ddim_variance(ac, before, 1.0), expected, rtol=4e-13, atol=4e-13)
        assert_close(fast.ddim_variance(ac, before, 0.3), 0.09 * expected, rtol=4e-13, atol=4e-13)


@every_kind
def test_with_eta_1_a_step_to_the_neighbour_is_the_ancestral_one(predicts):
    schedule = in_float64(BETA_SCHEDULES["cosine"](40))
    x_t, output, noise = (normal(40, 3, seed=seed) for seed in range(3))
    t = torch.arange(40)
    ours = fast.ddim_step(lambda x, t: output, x_t, t, t - 1, noise, schedule, 1.0, predicts)
    assert_close(ours, p_sample(lambda x, t: output, x_t, t, noise, schedule, predicts), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("spacing", "steps"), [("trailing", 9), ("log_snr", 12), ("leading", 5)])
def test_eta_1_is_ancestral_sampling_with_the_respaced_schedule(spacing, steps):
    schedule = in_float64(BETA_SCHEDULES["cosine"](100))
    timesteps = fast.choose_timesteps(schedule, steps, spacing)
    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        short = respace(schedule, timesteps)
    assert_close(short.alphas_cumprod.flip(0), schedule.alphas_cumprod[timesteps], rtol=1e-12, atol=1e-15)
    model = exact(schedule)
    expected = p_sample_loop(lambda x, i: model(x, timesteps.flip(0)[i]), SHAPE, short, seeded(3))
    assert_close(fast.ddim_sample_loop(model, SHAPE, schedule, steps, 1.0, seeded(3), spacing=spacing), expected)


def test_a_chain_with_all_its_steps_respaced_is_the_same_chain():
    schedule = NoiseSchedule.from_name("linear", 50)
    assert_close(respace(schedule, torch.arange(50).flip(0)).posterior_variance, schedule.posterior_variance)
    x_start, x_t, t = *torch.randn(2, 50, 3, generator=seeded()), torch.arange(50)
    again = respace(schedule, torch.arange(50).flip(0))
    assert_close(q_posterior(x_start, x_t, t, again), q_posterior(x_start, x_t, t, schedule))


@pytest.mark.parametrize("spacing", ["trailing", "leading", "log_snr"])
def test_order_1_is_ddim(spacing):
    schedule = in_float64(BETA_SCHEDULES["cosine"](100))
    model = exact(schedule)
    first_order = fast.dpm_solver_sample_loop(model, SHAPE, schedule, 11, seeded(), spacing=spacing, order=1)
    assert_close(first_order, fast.ddim_sample_loop(model, SHAPE, schedule, 11, 0.0, seeded(), spacing=spacing))


# All samplers

SAMPLERS = {
    "ddim": fast.ddim_sample_steps,
    "ddim, eta 1": partial(fast.ddim_sample_steps, eta=1.0),
    "dpm_solver": fast.dpm_solver_sample_steps,
    "heun": fast.heun_sample_steps,
}
LOOPS = {
    "ddim": fast.ddim_sample_loop,
    "ddim, eta 1": partial(fast.ddim_sample_loop, eta=1.0),
    "dpm_solver": fast.dpm_solver_sample_loop,
    "heun": fast.heun_sample_loop,
}
every_sampler = pytest.mark.parametrize("name", SAMPLERS)


@every_sampler
@pytest.mark.parametrize("spacing", ["trailing", "leading", "log_snr"])
@pytest.mark.parametrize("schedule_name", sorted(BETA_SCHEDULES))
def test_samples_are_finite_for_every_number_of_steps(name, spacing, schedule_name):
    """Heun's method overshoots where a few steps cross a large sigma: its second slope counts with half of all that."""
    schedule = NoiseSchedule.from_name(schedule_name, 15)
    for steps in range(1, 16):
        x = LOOPS[name](
            exact(schedule, "start"), SHAPE, schedule, steps, generator=seeded(), predicts="start", spacing=spacing
        )
        assert x.isfinite().all()
        assert float(x.abs().max()) < 4 or name == "heun"


@every_sampler
@pytest.mark.parametrize("spacing", ["trailing", "leading", "log_snr"])
@pytest.mark.parametrize("predicts", ["v", "start"])
def test_samples_are_finite_where_the_schedule_ends_without_signal(name, spacing, predicts):
    schedule = NoiseSchedule(rescale_zero_terminal_snr(BETA_SCHEDULES["linear"](15)))
    assert schedule.alphas_cumprod[-1] == 0
    for steps in range(1, 16):
        x = LOOPS[name](
            exact(schedule, predicts), SHAPE, schedule, steps, generator=seeded(), predicts=predicts, spacing=spacing
        )
        assert x.isfinite().all()
        assert float(x.abs().max()) < 4 or name == "heun"


@every_sampler
def test_a_single_step_is_the_predicted_start(name):
    schedule = in_float64(BETA_SCHEDULES["linear"](100))
    x = LOOPS[name](exact(schedule), SHAPE, schedule, 1, generator=seeded(4))
    x_T = torch.randn(SHAPE, generator=seeded(4))
    assert_close(x, MIXTURE.posterior_mean(x_T, torch.tensor(99), schedule))


@every_sampler
def test_states_and_calls_are_as_many_as_it_says(name):
    schedule = NoiseSchedule.from_name("linear", 100)
    asked = []

    def model(x, t):
        asked.append(t.tolist())
        return exact(schedule)(x, t)

    states = list(SAMPLERS[name](model, SHAPE, schedule, 6, generator=seeded(2), spacing="trailing"))
    assert len(states) == 7
    assert torch.equal(states[0], torch.randn(SHAPE, generator=seeded(2)))
    assert torch.equal(states[-1], LOOPS[name](model, SHAPE, schedule, 6, generator=seeded(2), spacing="trailing"))
    timesteps = fast.ddim_timesteps(100, 6).tolist()
    if name == "heun":
        timesteps = [timesteps[0], *(t for t in timesteps[1:] for _ in range(2))]
    assert asked == [[t] * len(states[0]) for t in timesteps] * 2


@every_sampler
def test_only_fresh_noise_moves_the_generator_after_the_start(name):
    schedule, generator, after_the_start = NoiseSchedule.from_name("linear", 100), seeded(), seeded()
    torch.randn(SHAPE, generator=after_the_start)
    LOOPS[name](exact(schedule), SHAPE, schedule, 5, generator=generator)
    assert torch.equal(generator.get_state(), after_the_start.get_state()) == (name != "ddim, eta 1")


@every_sampler
def test_a_picture_depends_on_its_own_generator_alone(name):
    schedule = NoiseSchedule.from_name("cosine", 50)

    def sample(*seeds):
        return LOOPS[name](exact(schedule), (len(seeds), 2), schedule, 7, generator=[seeded(seed) for seed in seeds])

    together = sample(5, 8, 13)
    assert not torch.equal(together[0], together[1])
    assert_close(sample(8), together[1:2])
    assert_close(sample(13, 1, 5, 2), torch.stack([together[2], sample(1)[0], together[0], sample(2)[0]]))


@every_sampler
def test_no_graph_is_kept(name):
    schedule = NoiseSchedule.from_name("linear", 20)
    weight = torch.ones((), requires_grad=True)
    states = SAMPLERS[name](lambda x, t: weight * x, SHAPE, schedule, 4, generator=seeded())
    assert not any(state.requires_grad for state in states)


# A guide


@pytest.mark.parametrize(("weight", "expected"), [(1.0, "model"), (0.0, "guide")])
def test_weight_1_is_the_model_and_0_the_guide_bit_for_bit(weight, expected):
    answers = {"model": torch.randn(50, 7, generator=seeded(1)) * 1e3, "guide": torch.randn(50, 7, generator=seeded(2))}
    model, guide = (lambda x, t, name=name: answers[name] for name in ("model", "guide"))
    assert torch.equal(fast.autoguide(model, guide, torch.zeros(50, 7), torch.zeros(50), weight), answers[expected])


@pytest.mark.parametrize(("weight", "expected"), [(2.0, 7.0), (1.5, 5.0), (0.5, 1.0), (-1.0, -5.0)])
def test_a_guide_pushes_beyond_the_model(weight, expected):
    """The model says 3, the guide -1."""
    x, t = torch.zeros(2, 3), torch.tensor([4, 9])
    found = fast.autoguide(lambda x, t: x + 3, lambda x, t: x - 1, x, t, weight)
    assert_close(found, torch.full((2, 3), expected))


def test_a_guide_undoes_the_error_that_both_networks_make():
    """The model puts the data at 0.6, the guide at 0.7; 2 * 0.6 - 0.7 is where they are."""
    schedule = in_float64(BETA_SCHEDULES["cosine"](200))
    right, model, guide = (
        exact(schedule, "start", GaussianMixture(torch.tensor([centre], dtype=torch.float64), std=0.2))
        for centre in (0.5, 0.6, 0.7)
    )
    guided = partial(fast.autoguide, model, guide, weight=2.0)
    loop = partial(fast.dpm_solver_sample_loop, shape=(100,), schedule=schedule, steps=20, predicts="start")
    assert_close(loop(guided, generator=seeded()), loop(right, generator=seeded()))
    assert float((loop(model, generator=seeded()) - loop(right, generator=seeded())).mean()) == pytest.approx(
        0.1, abs=0.02
    )
