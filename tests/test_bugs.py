"""Chapter 17's functions: what measures a run finds what was put there."""

import math

import pytest
import torch

from course_lib import bugs
from course_lib.forward import q_sample
from course_lib.reverse import training_target
from course_lib.schedules import NoiseSchedule

# Measuring a run

SCHEDULE = NoiseSchedule.from_name("cosine", timesteps=50)
STEPS = [2, 20, 45]


@pytest.fixture
def drawn():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(5, 1, 8, 8, generator=generator) * 2 - 1, torch.randn(5, 1, 8, 8, generator=generator)


def pictures(count=6, size=28):
    """Smooth blobs on a black ground, each at a place of its own."""
    line = torch.arange(size)
    places = 6 + 2 * torch.arange(count)
    rows = (-((line[None, :] - places[:, None]) ** 2) / 20).exp()
    return (rows[:, None, :, None] * rows.flip(0)[:, None, None, :]) * 2 - 1


def test_outputs_by_step_asks_at_each_step_what_q_sample_gives(drawn):
    x, noise = drawn
    x_t, output = bugs.outputs_by_step(lambda x, t: x * t.reshape(-1, 1, 1, 1), x, STEPS, noise, SCHEDULE)
    for row, step in enumerate(STEPS):
        assert torch.equal(x_t[row], q_sample(x, torch.full((5,), step), noise, SCHEDULE))
        assert torch.equal(output[row], x_t[row] * step)


def test_outputs_by_step_can_tell_another_t(drawn):
    x, noise = drawn
    x_t, output = bugs.outputs_by_step(lambda x, t: x * t.reshape(-1, 1, 1, 1), x, STEPS, noise, SCHEDULE, told=7)
    assert torch.equal(output, x_t * 7)


@pytest.mark.parametrize("predicts", ["noise", "start", "v"])
def test_unexplained_is_0_for_the_target_and_1_for_an_answer_of_0(drawn, predicts):
    x, noise = drawn
    target = torch.stack([training_target(x, torch.full((5,), step), noise, SCHEDULE, predicts) for step in STEPS])
    assert bugs.unexplained_by_step(target, x, STEPS, noise, SCHEDULE, predicts).max() == 0
    zero = bugs.unexplained_by_step(0 * target, x, STEPS, noise, SCHEDULE, predicts)
    assert zero.shape == (3, 5)
    assert torch.allclose(zero.mean(dim=1), torch.ones(3))


def test_the_error_of_x_0_does_not_depend_on_the_range_of_the_images(drawn):
    """An answer with the mean grey has an error of 1 in both ranges."""
    x, _ = drawn
    for images in (x, (x + 1) / 2):
        mean = images.mean().expand(3, *images.shape)
        error = bugs.start_error_by_step(mean, mean, images, STEPS, SCHEDULE, "start")
        assert error.mean() == pytest.approx(1, abs=0.01)


def test_log_scatter_sees_the_noise_and_not_the_trend():
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn(2000, generator=generator)
    assert bugs.log_scatter(noise + torch.linspace(3, 0, 2000)) == pytest.approx(0.1, rel=0.1)
    noise[::100] += 50
    assert bugs.log_scatter(noise) == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize("sigma", [0.02, 0.1])
def test_grain_is_the_standard_deviation_of_white_noise(sigma):
    images = pictures()
    assert bugs.grain(images).max() < 0.01
    noise = sigma * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    assert bugs.grain(images + noise).median() == pytest.approx(sigma, rel=0.25)


def test_calm_correlation_tells_white_noise_from_blotches():
    noise = torch.randn(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    blotches = torch.nn.functional.avg_pool2d(noise, 5, 1, 2)
    assert abs(bugs.calm_correlation(noise)) < 0.08
    assert bugs.calm_correlation(blotches) > 0.15


def test_blur_lowers_detail_and_contrast_does_not_change_it():
    noise = torch.randn(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    blurred = torch.nn.functional.avg_pool2d(noise, 3, 1, 1)
    assert (bugs.detail(blurred) < bugs.detail(noise) / 2).all()
    assert torch.allclose(bugs.detail(noise / 4), bugs.detail(noise), rtol=1e-4)


def test_pair_distance_of_draws():
    draws = torch.randn(40, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert bugs.pair_distance(draws) == pytest.approx(math.sqrt(2), rel=0.05)
    assert bugs.pair_distance(draws[:1].expand(4, -1, -1, -1)) == pytest.approx(0, abs=1e-4)


def test_mirror_evidence_has_the_sign_of_the_side():
    images = pictures()[:3]  # no two of them are mirror images of each other
    evidence = bugs.mirror_evidence(images + 0.01, images)
    assert (evidence > 1).all()
    assert torch.allclose(bugs.mirror_evidence(images.flip(-1) + 0.01, images), -evidence, atol=1e-3)
    symmetric = images + images.flip(-1)
    assert bugs.mirror_evidence(symmetric, images).abs().max() < 0.2
