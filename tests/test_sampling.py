"""The best denoiser of a data set against the mixture's closed form, and what sampling with it gives."""

from functools import partial

import pytest
import torch

from course_lib.mixtures import GaussianMixture
from course_lib.reverse import p_sample_loop
from course_lib.sampling import nearest_images, optimal_denoiser_of_dataset
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


def test_sampling_with_it_gives_the_training_images_back():
    schedule = NoiseSchedule.from_name("cosine", 60)
    data = images(5)
    model = partial(optimal_denoiser_of_dataset, dataset=data, schedule=schedule)
    samples = p_sample_loop(model, (40, 1, 6, 5), schedule, torch.Generator().manual_seed(0), predicts="start")
    index, distance = nearest_images(samples, data)
    assert distance.max() < 1e-3
    assert set(index.tolist()) == set(range(5))


def test_the_nearest_image_is_found_and_its_distance_is_per_pixel():
    data = images(6)
    index, distance = nearest_images(data[[4, 1]] + 0.01, data)
    assert index.tolist() == [4, 1]
    assert distance.tolist() == pytest.approx([0.01, 0.01], rel=1e-3)
