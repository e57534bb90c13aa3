"""Editing against closed forms of Gaussians, exact conditionals of mixtures, diffusers, and the plain samplers."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from diffusers import RePaintScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.editing import (
    conditional_mixture,
    ddim_sample_from,
    denoise_from,
    inpaint_sample_loop,
    inpaint_sample_steps,
    inpaint_step,
    invert,
    invert_step,
    noise_level_to_t,
    renoise,
    repaint_schedule,
    sketch_to_image,
    slerp,
)
from course_lib.fast_sampling import ddim_sample_loop, ddim_sample_steps, ddim_step, ddim_timesteps
from course_lib.forward import q_sample, q_step
from course_lib.mixtures import GaussianMixture
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod

SCHEDULE = NoiseSchedule.from_name("cosine", 200)
FINE = NoiseSchedule.from_name("linear", 1000)
BELL = GaussianMixture(torch.tensor([[0.3, -0.2]], dtype=torch.float64), std=0.5)
MODES = GaussianMixture(
    torch.tensor([[-1.0, -0.6], [-0.4, 0.9], [0.8, 0.1]], dtype=torch.float64), std=[0.2, 0.3, 0.25], weights=[1, 2, 2]
)
# two coordinates that depend on each other: a row of narrow components along a slope
SLOPE = GaussianMixture(torch.linspace(-1, 1, 9)[:, None] * torch.tensor([1.0, 0.8]), std=0.1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def points(n=50, seed=0):
    return torch.randn(n, 2, generator=generator(seed), dtype=torch.float64)


def perfect(mixture, schedule):
    return partial(mixture.optimal_noise, schedule=schedule)


def at(step, n):
    return torch.full((n,), step)


# Denoising and sketches


def test_the_noise_level_of_every_t_leads_back_to_it():
    sigma = sigma_from_alphas_cumprod(SCHEDULE.alphas_cumprod)
    assert noise_level_to_t(sigma, SCHEDULE).tolist() == list(range(200))
    assert noise_level_to_t(sigma[37] * 1.001, SCHEDULE) == 37
    assert noise_level_to_t(sigma.reshape(50, 4), SCHEDULE).shape == (50, 4)
    assert noise_level_to_t(torch.tensor([0.0, 1e9]), SCHEDULE).tolist() == [0, 199]


def test_a_noisy_picture_is_a_state_of_its_t():
    """For data N(m, s²) with a noise of sigma the best estimate is a weighing of the two: no diffusion is in it."""
    sigma = sigma_from_alphas_cumprod(SCHEDULE.alphas_cumprod)[60].double()
    x = BELL.sample(200, generator())
    noisy = x + sigma * points(200, 1)
    weighing = (sigma**2 * BELL.means[0] + 0.5**2 * noisy) / (sigma**2 + 0.5**2)
    start = int(noise_level_to_t(sigma, SCHEDULE))
    assert_close(denoise_from(perfect(BELL, SCHEDULE), noisy, start, SCHEDULE), weighing, rtol=1e-4, atol=1e-5)


def test_one_call_from_the_matching_t_has_the_smallest_error():
    sigma = sigma_from_alphas_cumprod(SCHEDULE.alphas_cumprod)[60].double()
    x = MODES.sample(4000, generator())
    noisy = x + sigma * points(4000, 1)

    def error(start, steps=1):
        return float((denoise_from(perfect(MODES, SCHEDULE), noisy, start, SCHEDULE, steps) - x).square().mean())

    assert error(60) < min(error(45), error(75), error(60, steps=10))
    assert error(60) < 0.7 * float((noisy - x).square().mean())


def test_many_steps_follow_the_path_of_the_exact_network():
    """On the path of N(0, s²) data x_t / std_t stays the same."""
    centred = GaussianMixture(torch.zeros(1, 2, dtype=torch.float64), std=0.5)
    x_t = points()
    std = float((FINE.alphas_cumprod[400] * 0.25 + 1 - FINE.alphas_cumprod[400]).sqrt())
    ends = ddim_sample_from(perfect(centred, FINE), x_t, 400, FINE, 401)
    assert_close(ends, 0.5 * x_t / std, rtol=0.01, atol=1e-3)


def test_from_the_last_t_it_is_the_plain_sampler():
    model = perfect(MODES, SCHEDULE)
    for eta in (0.0, 1.0):
        g = generator()
        x = torch.randn(9, 2, generator=g)
        ends = ddim_sample_from(model, x, 199, SCHEDULE, 20, eta, g)
        assert torch.equal(ends, ddim_sample_loop(model, (9, 2), SCHEDULE, 20, eta, generator()))


@pytest.mark.parametrize("steps", [0, 62])
def test_more_steps_than_there_are_is_an_error(steps):
    with pytest.raises(ValueError, match="from 1 to 61"):
        denoise_from(perfect(MODES, SCHEDULE), points(), 60, SCHEDULE, steps)


def test_a_sketch_is_kept_by_a_small_start_and_forgotten_by_a_large_one():
    model, noise = perfect(MODES, SCHEDULE), points(500, 1)
    sketch = torch.tensor([[3.0, 3.0]], dtype=torch.float64).expand(500, 2)  # far from all data
    near, far = (sketch_to_image(model, sketch, start, noise, SCHEDULE, 2) for start in (2, 199))
    assert float((near - sketch).norm(dim=1).mean()) < 0.6
    drawn = sketch_to_image(model, sketch, 199, noise, SCHEDULE, 200)
    assert float(MODES.log_prob(drawn).mean()) > float(MODES.log_prob(MODES.sample(500, generator())).mean()) - 0.3
    assert far.shape == sketch.shape


# Inpainting


def test_an_empty_mask_is_the_plain_sampler_bit_for_bit():
    model, known = perfect(MODES, SCHEDULE), points(9, 5).float()
    for eta in (0.0, 1.0):
        plain = ddim_sample_steps(model, (9, 2), SCHEDULE, 25, eta, generator())
        edited = inpaint_sample_steps(
            model, known, torch.zeros(2), SCHEDULE, 25, eta, generator=generator(), known_generator=generator(1)
        )
        assert all(torch.equal(a, b) for a, b in zip(plain, edited, strict=True))


def test_what_is_known_comes_back_without_a_difference():
    model, known, mask = perfect(MODES, SCHEDULE), points(9, 5), torch.tensor([1.0, 0.0])
    for jump_n_sample in (1, 3):
        drawn = inpaint_sample_loop(model, known, mask, SCHEDULE, 25, 1.0, 5, jump_n_sample, generator(), generator(1))
        assert torch.equal(drawn[:, 0], known[:, 0])
        assert not torch.isclose(drawn[:, 1], known[:, 1]).any()
    assert torch.equal(inpaint_sample_loop(model, known, torch.ones(2), SCHEDULE, 25), known)


def test_the_noise_of_the_known_part_comes_from_its_own_generator():
    model, known = perfect(MODES, SCHEDULE), points(9, 5).float()
    states = inpaint_sample_steps(
        model, known, torch.ones(2), SCHEDULE, 25, generator=generator(), known_generator=generator(1)
    )
    own, visited = generator(1), ddim_timesteps(200, 25)[1:].tolist()
    for x, step in zip(list(states)[1:-1], visited, strict=True):
        assert_close(x.float(), q_sample(known, at(step, 9), torch.randn(9, 2, generator=own), SCHEDULE))


def test_the_unknown_values_of_the_known_picture_have_no_effect():
    model, mask = perfect(MODES, SCHEDULE), torch.tensor([1.0, 0.0])
    known = points(9, 5)
    other = torch.stack([known[:, 0], torch.full((9,), torch.nan, dtype=torch.float64)], dim=1)
    draws = [
        inpaint_sample_loop(model, one, mask, SCHEDULE, 10, generator=generator(), known_generator=generator(1))
        for one in (known, other)
    ]
    assert torch.equal(*draws)


def test_the_known_part_has_the_noise_of_the_state_that_it_joins():
    model, known, mask = perfect(MODES, SCHEDULE), points(4, 5), torch.tensor([1.0, 0.0])
    x, noise, known_noise = points(4, 1), points(4, 2), points(4, 3)
    t, t_prev = torch.tensor([199, 120, 60, 3]), torch.tensor([150, 119, 20, -1])
    found = inpaint_step(model, x, t, t_prev, known, mask, noise, known_noise, SCHEDULE, 0.7)
    assert torch.equal(found[:, 1], ddim_step(model, x, t, t_prev, noise, SCHEDULE, 0.7)[:, 1])
    assert_close(found[:3, 0], q_sample(known[:3], t_prev[:3], known_noise[:3], SCHEDULE)[:, 0])
    assert found[3, 0] == known[3, 0]


@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_the_levels_of_repaint_are_those_of_diffusers(steps, jump_length, jump_n_sample):
    theirs = RePaintScheduler(num_train_timesteps=steps)
    theirs.set_timesteps(steps, jump_length, jump_n_sample)
    assert repaint_schedule(steps, jump_length, jump_n_sample) == [*theirs.timesteps.tolist(), -1]


def test_the_levels_of_repaint_are_neighbours_and_each_part_is_gone_down_so_often():
    levels = repaint_schedule(30, 5, 4)
    assert (levels[0], levels[-1]) == (29, -1)
    assert {abs(a - b) for a, b in pairwise(levels)} == {1}
    down = [a for a, b in pairwise(levels) if b < a]
    assert [down.count(level) for level in (1, 5, 24)] == [4, 4, 4]
    assert down.count(28) == 1
    assert repaint_schedule(30, 5, 1) == list(range(29, -2, -1))


def test_noise_for_several_steps_at_once_is_that_of_the_single_steps():
    x = points(20_000, 1) * 0.1 + 1
    single = x
    for step in range(50, 53):
        single = q_step(single, at(step, len(x)), points(20_000, step), SCHEDULE)
    jump = renoise(x, at(49, len(x)), at(52, len(x)), points(20_000, 9), SCHEDULE)
    assert_close(jump.mean(dim=0), single.mean(dim=0), rtol=0, atol=0.01)
    assert_close(jump.std(dim=0), single.std(dim=0), rtol=0.02, atol=0)
    from_clean = renoise(x, at(-1, len(x)), at(52, len(x)), points(20_000, 9), SCHEDULE)
    assert_close(from_clean, q_sample(x, at(52, len(x)), points(20_000, 9), SCHEDULE))


def test_noise_may_be_added_up_to_the_last_t():
    x, noise = points(3), points(3, 1)
    assert_close(renoise(x, at(-1, 3), at(199, 3), noise, SCHEDULE), q_sample(x, at(199, 3), noise, SCHEDULE))
    levels = repaint_schedule(6, 5, 2)
    assert levels == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, -1]  # goes back to pure noise
    known, mask = points(3, 2), torch.tensor([1.0, 0.0])
    drawn = inpaint_sample_loop(
        perfect(MODES, SCHEDULE), known, mask, SCHEDULE, 6, 1.0, 5, 2, generator(), generator(1)
    )
    assert bool(drawn.isfinite().all())


def test_the_conditional_of_a_mixture_is_its_density_along_the_line():
    known, mask = torch.tensor([0.2, 9.9], dtype=torch.float64), torch.tensor([1.0, 0.0])
    line = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    joint = MODES.log_prob(torch.stack([torch.full_like(line, 0.2), line], dim=1)).exp()
    exact = joint / torch.trapezoid(joint, line)
    found = conditional_mixture(MODES, known, mask).log_prob(line[:, None]).exp()
    assert_close(found, exact, rtol=1e-5, atol=1e-7)


def test_repaint_comes_closer_to_the_exact_conditional_than_replacement():
    model, mask = perfect(SLOPE, SCHEDULE), torch.tensor([1.0, 0.0])
    known = torch.tensor([[0.6, 0.0]]).expand(2000, 2)
    exact = conditional_mixture(SLOPE, known[0], mask).sample(2000, generator(7))[:, 0].sort().values

    def error(jump_n_sample):
        drawn = inpaint_sample_loop(model, known, mask, SCHEDULE, 40, 1.0, 5, jump_n_sample, generator(), generator(1))
        return float((drawn[:, 1].sort().values - exact).abs().mean())  # Wasserstein's distance

    assert error(8) < 0.6 * error(1)


# Inversion and interpolation


def test_an_inversion_follows_the_path_of_the_exact_network_upwards():
    centred = GaussianMixture(torch.zeros(1, 2, dtype=torch.float64), std=0.5)
    x = points() * 0.5
    found = invert(perfect(centred, FINE), x, FINE, 1000)
    assert_close(found, x / 0.5, rtol=0.03, atol=0.01)


def test_a_step_up_goes_to_the_level_asked_for_along_what_the_model_sees():
    model, x = perfect(MODES, SCHEDULE), points(3)
    t, t_next = torch.tensor([-1, 40, 120]), torch.tensor([7, 41, 199])
    found = invert_step(model, x, t, t_next, SCHEDULE)
    eps = model(x, torch.tensor([0, 40, 120]))
    alpha = SCHEDULE.alphas_cumprod.double()
    before = torch.tensor([1.0, float(alpha[40]), float(alpha[120])], dtype=torch.float64)[:, None]
    start = (x - (1 - before).sqrt() * eps) / before.sqrt()
    wanted = alpha[t_next][:, None].sqrt() * start + (1 - alpha[t_next][:, None]).sqrt() * eps
    assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_round_trip_comes_back_the_more_exactly_the_more_steps_it_has():
    model, x = perfect(MODES, FINE), MODES.sample(200, generator())
    errors = []
    for steps in (20, 80, 320):
        back = ddim_sample_from(model, invert(model, x, FINE, steps), 999, FINE, steps)
        errors.append(float((back - x).square().mean().sqrt()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 0.05


def test_slerp_keeps_the_length_of_noise_and_a_straight_line_does_not():
    a, b = torch.randn((2, 6, 1, 28, 28), generator=generator())
    half = slerp(a, b, torch.full((6,), 0.5))
    assert float(half.std()) == pytest.approx(1, abs=0.02)
    assert float((0.5 * a + 0.5 * b).std()) == pytest.approx(0.5**0.5, abs=0.02)


@given(st.floats(0, 1), st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_slerp_walks_along_the_circle_at_an_even_pace(fraction, seed):
    a, b = torch.randn((2, 3, 2, 5), generator=generator(seed), dtype=torch.float64)
    a, b = (v / v.flatten(1).norm(dim=1)[:, None, None] for v in (a, b))
    between = slerp(a, b, torch.full((3,), fraction, dtype=torch.float64))
    whole = (a * b).sum(dim=(1, 2)).acos()
    assert_close(between.flatten(1).norm(dim=1), torch.ones(3, dtype=torch.float64))
    assert_close((a * between).sum(dim=(1, 2)).clamp(-1, 1).acos(), fraction * whole, rtol=1e-4, atol=1e-4)


def test_slerp_ends_at_its_ends_and_rows_that_point_the_same_way_are_mixed():
    a, b = torch.randn((2, 4, 1, 3, 3), generator=generator())
    b[1] = 2 * a[1]
    assert_close(slerp(a, b, torch.zeros(4)), a)
    assert_close(slerp(a, b, torch.ones(4)), b)
    assert_close(slerp(a, b, torch.tensor([0.1, 0.5, 0.5, 0.9]))[1], 1.5 * a[1])
