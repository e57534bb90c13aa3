"""The best denoiser of a data set against the mixture's closed form, and what sampling with it gives."""

from functools import partial

import pytest
import torch

from course_lib.mixtures import GaussianMixture
from course_lib.reverse import p_sample_loop, p_sample_steps
from course_lib.sampling import nearest_images, optimal_denoiser_of_dataset, p_sample_from
from course_lib.schedules import NoiseSchedule


def images(n, seed=0):
    return torch.rand(n, 1, 6, 5, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(("name", "timesteps"), [("cosine", 50), ("linear", 200)])
def test_it_is_the_posterior_mean_of_a_mixture_of_points(name, timesteps):
    schedule = NoiseSchedule.from_name(name, timesteps)
    data, g = images(7), torch.Generator().manual_seed(1)
    t = torch.tensor([0, timesteps - 1, timesteps // 2, timesteps // 4])
    x_t = torch.randn(4, 1, 6, 5, generator=g)
    exact = GaussianMixture(data, 0.0).posterior_mean(x_t, t, schedule)
    assert torch.allclose(optimal_denoiser_of_dataset(x_t, t, data, schedule), exact, atol=1e-4)


def test_it_is_exact_where_there_is_hardly_any_noise():
    """Two images that differ by as little as the noise, in float32 against float64."""
    schedule = NoiseSchedule.from_name("linear", 1000)
    data = torch.cat([images(3), images(1, seed=0) + 0.002])
    t = torch.tensor([0, 1, 2])
    x_t = data[[0, 0, 3]] + schedule.sqrt_one_minus_alphas_cumprod[t].reshape(-1, 1, 1, 1) * images(3, seed=2)
    exponents = [
        -(x.double() - (1 - schedule.betas[: k + 1].double()).prod().sqrt() * data.double()).square().sum((1, 2, 3))
        / (2 * (1 - (1 - schedule.betas[: k + 1].double()).prod()))
        for x, k in zip(x_t, t, strict=True)
    ]
    weights = torch.stack(exponents).softmax(dim=1)
    assert 0.05 < weights[0, 0] < 0.95  # else this test says little
    exact = torch.einsum("bn,nchw->bchw", weights, data.double()).float()
    assert torch.allclose(optimal_denoiser_of_dataset(x_t, t, data, schedule), exact, atol=1e-4)


def test_without_any_signal_it_is_the_mean_of_the_data():
    schedule = NoiseSchedule(torch.tensor([0.1, 1.0]))  # alpha-bar ends at 0, as rescale_zero_terminal_snr makes it
    data = images(7)
    guess = optimal_denoiser_of_dataset(images(2, seed=1), torch.tensor([1, 1]), data, schedule)
    assert torch.allclose(guess, data.mean(dim=0).expand_as(guess), atol=1e-6)


def test_sampling_with_it_gives_the_training_images_back():
    schedule = NoiseSchedule.from_name("cosine", 60)
    data = images(5)
    model = partial(optimal_denoiser_of_dataset, dataset=data, schedule=schedule)
    samples = p_sample_loop(model, (40, 1, 6, 5), schedule, torch.Generator().manual_seed(0), predicts="start")
    index, distance = nearest_images(samples, data)
    assert distance.max() < 1e-3
    assert set(index[:, 0].tolist()) == set(range(5))


def test_the_nearest_images_are_found_and_their_distance_is_per_pixel():
    data = images(6)
    index, distance = nearest_images(data[[4, 1]] + 0.01, data)
    assert index.tolist() == [[4], [1]]
    assert distance[:, 0].tolist() == pytest.approx([0.01, 0.01], rel=1e-3)


def test_the_nearest_images_come_in_order():
    data = torch.tensor([5.0, 1.0, -2.0, 3.0]).reshape(4, 1, 1, 1).expand(4, 1, 2, 3)
    index, distance = nearest_images(torch.zeros(1, 1, 2, 3), data, count=3)
    assert index.tolist() == [[1, 2, 3]]
    assert distance[0].tolist() == pytest.approx([1, 2, 3])


# A run that was stopped


def wobbly(x, t):
    return torch.tanh(1.3 * x + 0.1 * t.reshape(-1, 1))


def rest(generator):
    """A schedule of 12 steps, and the states of a run along it."""
    schedule = NoiseSchedule.from_name("cosine", 12)
    return schedule, p_sample_steps(wobbly, (4, 3), schedule, generator, "noise", True)


@pytest.mark.parametrize("start", [11, 7, 1, 0])
def test_a_stopped_run_ends_where_it_would_have_ended(start):
    whole = list(rest(torch.Generator().manual_seed(3))[1])
    generator = torch.Generator().manual_seed(3)
    schedule, states = rest(generator)
    for _ in range(12 - start):  # states 0, 1, ..., the input of step `start`
        state = next(states)
    finished = p_sample_from(wobbly, state, start, schedule, generator, "noise", True)
    assert torch.equal(finished, whole[-1])


def test_copies_of_a_state_part_and_late_copies_less():
    schedule = NoiseSchedule.from_name("cosine", 30)
    data = images(40)
    model = partial(optimal_denoiser_of_dataset, dataset=data, schedule=schedule)
    states = list(p_sample_steps(model, (1, 1, 6, 5), schedule, torch.Generator().manual_seed(0), "start"))

    def different(start):
        copies = states[29 - start].expand(60, -1, -1, -1)
        ends = p_sample_from(model, copies, start, schedule, torch.Generator().manual_seed(1), "start")
        return len(set(nearest_images(ends, data)[0][:, 0].tolist()))

    assert different(29) > 15
    assert different(2) == 1


def test_a_state_is_left_as_it_was():
    state = torch.ones(2, 3)
    p_sample_from(wobbly, state, 5, NoiseSchedule.from_name("linear", 9), torch.Generator().manual_seed(0))
    assert torch.equal(state, torch.ones(2, 3))
