"""Guidance against closed forms of Gaussians, finite differences, and the networks that it is made of, bit for bit."""

import math
from functools import partial

import pytest
import torch
from small_unets import small
from torch.testing import assert_close

from course_lib.fast_sampling import autoguide, dpm_solver_sample_loop
from course_lib.guidance import (
    classifier_gradient,
    classifier_guided,
    classifier_of_start,
    drop_labels,
    exact_classifier,
    exact_conditional_model,
    guided_noise,
    in_interval,
    label_guided,
)
from course_lib.mixtures import GaussianMixture
from course_lib.reverse import predict_start_from_noise
from course_lib.schedules import NoiseSchedule, sigma_from_alphas_cumprod

SCHEDULE = NoiseSchedule.from_name("cosine", 200)
LEFT = GaussianMixture(torch.tensor([[-1.0, 0.5], [-0.5, -1.0]], dtype=torch.float64), std=[0.2, 0.4], weights=[1, 3])
RIGHT = GaussianMixture(torch.tensor([[1.0, 0.0]], dtype=torch.float64), std=0.3)
CLASSES = [LEFT, RIGHT]
WHOLE = GaussianMixture(torch.cat([LEFT.means, RIGHT.means]), std=[0.2, 0.4, 0.3], weights=[1, 3, 4])
ALL_T = torch.arange(200)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def points(n=200, seed=0):
    return torch.randn(n, 2, generator=generator(seed), dtype=torch.float64)


def network():
    """A U-Net with labels, whose weights are not those of a fresh one: its last layer is not 0."""
    net = small(num_classes=3)
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator(number)))
    return net.requires_grad_(False)


def test_labels_are_dropped_at_the_given_rate():
    labels = drop_labels(torch.zeros(10_000, dtype=torch.long), 0.1, 10, generator())
    assert set(labels.tolist()) == {0, 10}
    assert (labels == 10).float().mean() == pytest.approx(0.1, abs=0.015)


def test_an_unknown_label_is_the_null_class_and_the_others_stay():
    labels = torch.tensor([3, -1, 0])
    assert drop_labels(labels, 0.0, 10, generator()).tolist() == [3, 10, 0]
    assert labels.tolist() == [3, -1, 0]


def test_weights_0_and_1_are_the_network_without_and_with_its_labels_bit_for_bit():
    net, labels, t = network(), torch.tensor([0, 2, 1, 2]), torch.tensor([0, 7, 100, 199])
    x = torch.randn(4, 1, 28, 28, generator=generator())
    assert torch.equal(guided_noise(net, x, t, labels, 3, 0.0), net(x, t))
    assert torch.equal(guided_noise(net, x, t, labels, 3, 1.0), net(x, t, labels))
    assert not torch.equal(net(x, t), net(x, t, labels))


def test_between_and_beyond_the_prediction_moves_on_a_straight_line():
    net, labels, t = network(), torch.tensor([0, 2]), torch.tensor([3, 150])
    x = torch.randn(2, 1, 28, 28, generator=generator())
    without, given = net(x, t), net(x, t, labels)
    for weight in (-0.5, 0.3, 2.0, 7.5):
        assert_close(guided_noise(net, x, t, labels, 3, weight), without + weight * (given - without))


def test_it_is_autoguidance_whose_guide_is_the_network_without_its_labels():
    net, labels, t = network(), torch.tensor([0, 2]), torch.tensor([3, 150])
    x = torch.randn(2, 1, 28, 28, generator=generator())
    as_guide = autoguide(partial(net, labels=labels), net, x, t, 2.5)
    assert torch.equal(guided_noise(net, x, t, labels, 3, 2.5), as_guide)


def test_the_interval_is_one_of_noise_levels_and_holds_its_ends():
    sigma = sigma_from_alphas_cumprod(SCHEDULE.alphas_cumprod)
    inside = in_interval(ALL_T, SCHEDULE, float(sigma[20]), float(sigma[120]))
    assert inside.nonzero().flatten().tolist() == list(range(20, 121))
    assert in_interval(torch.tensor([120, 19, 121]), SCHEDULE, float(sigma[20]), float(sigma[120])).tolist() == [
        True,
        False,
        False,
    ]


def test_outside_the_interval_the_network_is_asked_once_and_inside_twice():
    calls = []

    def model(x, t, labels):
        calls.append(labels.tolist())
        return labels[:, None] + 0 * x

    labels = torch.tensor([1, 2])
    guided = label_guided(model, labels, 0, 3.0, SCHEDULE, lowest=0.2, highest=5.0)
    sigma = sigma_from_alphas_cumprod(SCHEDULE.alphas_cumprod)
    low, middle = int((sigma < 0.2).sum()) - 1, int((sigma < 1).sum())
    x = torch.zeros(2, 1)
    assert guided(x, torch.tensor([low, low])).tolist() == [[1], [2]]
    assert calls == [[1, 2]]
    assert guided(x, torch.tensor([middle, middle])).tolist() == [[3], [6]]
    assert guided(x, torch.tensor([middle, low])).tolist() == [[3], [2]]  # each row by its own t


def test_the_perfect_conditional_network_is_the_best_one_of_each_class_and_of_all_together():
    model = exact_conditional_model(CLASSES, SCHEDULE)
    x = points()
    assert_close(model(x, ALL_T, torch.zeros(200, dtype=torch.long)), LEFT.optimal_noise(x, ALL_T, SCHEDULE))
    assert_close(model(x, ALL_T, torch.ones(200, dtype=torch.long)), RIGHT.optimal_noise(x, ALL_T, SCHEDULE))
    assert_close(model(x, ALL_T, torch.full((200,), 2)), WHOLE.optimal_noise(x, ALL_T, SCHEDULE))


def test_the_classifier_gradient_is_that_of_finite_differences():
    classifier = exact_classifier(CLASSES, SCHEDULE)
    x, t = points(60), torch.arange(20, 80)
    labels = torch.arange(60) % 2

    def log_probability(x):
        return classifier(x, t).softmax(dim=1).gather(1, labels[:, None])[:, 0].log()

    step = 1e-5
    wanted = torch.zeros_like(x)
    for axis in range(2):
        shift = torch.zeros(2, dtype=torch.float64)
        shift[axis] = step
        wanted[:, axis] = (log_probability(x + shift) - log_probability(x - shift)) / (2 * step)
    with torch.no_grad():
        found = classifier_gradient(classifier, x, t, labels)
    assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert not found.requires_grad
    assert not x.requires_grad


def test_the_gradient_of_a_row_does_not_depend_on_the_others():
    classifier = exact_classifier(CLASSES, SCHEDULE)
    x, t, labels = points(8), torch.arange(8) * 20 + 5, torch.arange(8) % 2
    alone = torch.cat(
        [classifier_gradient(classifier, *(v[row : row + 1] for v in (x, t, labels))) for row in range(8)]
    )
    assert_close(classifier_gradient(classifier, x, t, labels), alone)


@pytest.mark.parametrize("weight", [0.0, 1.0, 4.0])
def test_with_exact_classifier_and_network_both_kinds_of_guidance_are_one(weight):
    model, x = exact_conditional_model(CLASSES, SCHEDULE), points()
    labels = torch.arange(200) % 2
    without = partial(model, labels=torch.full_like(labels, 2))
    pushed = classifier_guided(without, exact_classifier(CLASSES, SCHEDULE), labels, SCHEDULE, weight)
    assert_close(pushed(x, ALL_T), guided_noise(model, x, ALL_T, labels, 2, weight), rtol=1e-5, atol=1e-6)


def test_a_classifier_of_clean_data_looks_at_the_predicted_start():
    seen = []

    def of_clean(x):
        seen.append(x)
        return x

    model, t = partial(WHOLE.optimal_noise, schedule=SCHEDULE), torch.tensor([20, 90])
    x = points(2)
    classifier_of_start(of_clean, model, SCHEDULE)(x, t)
    assert_close(seen[0], predict_start_from_noise(x, t, model(x, t), SCHEDULE))
    assert_close(seen[0], WHOLE.posterior_mean(x, t, SCHEDULE))


def test_guidance_does_not_sample_the_sharpened_density():
    """N(1, 1) against N(0, 2), weight 3: the guided score at t = 0 is that of N(1.5, 0.5); the path ends at N(2, 0.25).

    The path of dy/ds = -s score is linear in y; its integral is a closed form.
    """
    given, everything = GaussianMixture([1.0], std=1.0), GaussianMixture([0.0], std=math.sqrt(2))
    x = torch.linspace(-2, 4, 13)
    at_0 = torch.lerp(everything.score(x), given.score(x), 3.0)
    assert_close(at_0, GaussianMixture([1.5], std=math.sqrt(0.5)).score(x))

    schedule = NoiseSchedule.from_name("cosine", 4000)

    def model(x, t):
        return torch.lerp(everything.optimal_noise(x, t, schedule), given.optimal_noise(x, t, schedule), 3.0)

    ends = dpm_solver_sample_loop(model, (50_000,), schedule, 400, generator())
    assert float(ends.mean()) == pytest.approx(2.0, abs=0.02)
    assert float(ends.var()) == pytest.approx(0.25, abs=0.02)


def test_guided_garments_are_drawn_by_every_sampler():
    net, labels = network(), torch.tensor([0, 2])
    guided = label_guided(net, labels, 3, 2.0, SCHEDULE, 0.2, 5.0)
    drawn = dpm_solver_sample_loop(guided, (2, 1, 28, 28), SCHEDULE, 5, generator(), clip_start=True)
    assert drawn.shape == (2, 1, 28, 28)
    assert bool(drawn.isfinite().all())
