"""What is sampled with: the right network, prediction, clipping and labels, wherever samples are drawn."""

import itertools
from dataclasses import replace

import pytest
import torch
from small_checkpoints import make_checkpoint, make_run, spoilt

from course_lib.fast_sampling import ddim_sample_steps, dpm_solver_sample_steps, heun_sample_steps
from course_lib.images import to_uint8
from course_lib.judges.scoring import draw_labels, sample_batches
from course_lib.runs.checkpoints import denoiser, sample_steps
from course_lib.runs.denoiser import SamplingError, picture_generators
from course_lib.runs.guides import Guide
from course_lib.runs.loop import preview
from course_lib.runs.samplers import ANCESTRAL, DEFAULT, Sampler

COUNT, SHAPE = 4, (1, 8, 8)
WAYS = list(itertools.product(("noise", "start", "v"), (True, False)))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def each_its_own(seed):
    """A generator for each picture, as DESIGN promises: picture k depends on the seed and on k alone."""
    return [seeded(seed * 1_000_003 + k) for k in range(COUNT)]


def drawn_with(generator, shape):
    if isinstance(generator, list):
        return torch.stack([torch.randn(shape[1:], generator=one) for one in generator])
    return torch.randn(shape, generator=generator)


@torch.no_grad()
def algorithm_2(network, labels, betas, generator, predicts, clip_start):
    """2006.11239, algorithm 2 with the posterior of equation 7; all states. The network's labels are passed openly."""
    known = {} if labels is None else {"labels": labels}
    shape = (COUNT, *SHAPE)
    states = [drawn_with(generator, shape)]
    bars = (1 - betas.double()).cumprod(0)
    for t in reversed(range(len(betas))):
        x, noise = states[-1], drawn_with(generator, shape)
        beta, bar, before = float(betas[t]), float(bars[t]), float(bars[t - 1]) if t else 1.0
        said = network(x, torch.full((COUNT,), t), **known)
        start = {
            "noise": (x - (1 - bar) ** 0.5 * said) / bar**0.5,
            "start": said,
            "v": bar**0.5 * x - (1 - bar) ** 0.5 * said,
        }[predicts]
        start = start.clamp(-1, 1) if clip_start else start
        mean = (before**0.5 * beta * start + (1 - beta) ** 0.5 * (1 - before) * x) / (1 - bar)
        states.append(mean + (beta * (1 - before) / (1 - bar)) ** 0.5 * noise)
    return states


def by_hand(sampler, network, labels, schedule, generator, predicts, clip_start):
    """All states of the sampler, from the functions of chapters 05 and 12; labels and settings are passed openly."""
    if sampler == ANCESTRAL:
        return algorithm_2(network, labels, schedule.betas, generator, predicts, clip_start)
    known = {} if labels is None else {"labels": labels}
    function, more = {
        "ddim": (ddim_sample_steps, {"steps": 4, "eta": 0.7, "spacing": "leading"}),
        "dpm_solver": (dpm_solver_sample_steps, {"steps": 5, "spacing": "log_snr"}),
        "heun": (heun_sample_steps, {"steps": 3, "spacing": "trailing"}),
        "ancestral": (ddim_sample_steps, {"steps": 3, "eta": 1.0, "spacing": "trailing"}),
    }[sampler.name]
    model = lambda x, t: network(x, t, **known)  # noqa: E731
    settings = {"generator": generator, "predicts": predicts, "clip_start": clip_start}
    return list(function(model, (COUNT, *SHAPE), schedule, **settings | more))


SAMPLERS = [
    ANCESTRAL,
    Sampler("ancestral", 3),
    Sampler("ddim", 4, "leading", 0.7),
    Sampler("dpm_solver", 5),
    Sampler("heun", 3, "trailing"),
]
USUAL = Sampler("dpm_solver", 5)  # what the default is for a schedule of 5 steps


@pytest.mark.parametrize(("predicts", "clip_start"), WAYS)
def test_the_preview_shows_the_averaged_weights_class_after_class(predicts, clip_start):
    run = make_run(predicts, clip_start)
    labels = torch.tensor([0, 1, 2, 0])
    expected = by_hand(USUAL, run.ema, labels, run.schedule, each_its_own(2), predicts, clip_start)[-1]
    torch.testing.assert_close(preview(run), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
@pytest.mark.parametrize(("predicts", "clip_start"), WAYS)
def test_the_states_of_a_checkpoint(sampler, predicts, clip_start):
    checkpoint = make_run(predicts, clip_start).averaged
    for label, labels in ((1, torch.ones(COUNT, dtype=torch.long)), (None, None)):
        settings = (checkpoint.schedule, seeded(0), predicts, clip_start)
        expected = by_hand(sampler, checkpoint.model, labels, *settings)
        states = list(sample_steps(checkpoint, COUNT, seeded(0), label, "fp32", sampler))
        torch.testing.assert_close(torch.stack(states), torch.stack(expected), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
@pytest.mark.parametrize(("predicts", "clip_start"), WAYS)
def test_the_samples_that_are_scored(sampler, predicts, clip_start):
    checkpoint = make_run(predicts, clip_start).averaged
    labels = torch.tensor([2, 0, 1, 1])
    for given, bound in ((labels, labels), (None, draw_labels(3, COUNT, 7))):
        settings = (checkpoint.schedule, each_its_own(7), predicts, clip_start)
        expected = by_hand(sampler, checkpoint.model, bound, *settings)[-1]
        (drawn,) = sample_batches(checkpoint, COUNT, 7, precision="fp32", labels=given, sampler=sampler)
        assert (drawn.int() - to_uint8(expected).int()).abs().max() <= 1


def test_the_samplers_and_settings_of_these_tests_lead_to_different_pictures():
    """Otherwise the tests above, which allow for 0.001, could not fail."""
    checkpoint, labels = make_run("v", False).averaged, torch.tensor([2, 0, 1, 1])
    many = [
        by_hand(sampler, checkpoint.model, bound, checkpoint.schedule, seeded(0), predicts, clip_start)[-1]
        for sampler in SAMPLERS
        for bound in (labels, None)
        for predicts, clip_start in WAYS
    ]
    assert all((one - other).abs().max() > 0.01 for one, other in itertools.combinations(many, 2))


def test_without_a_sampler_it_is_the_courses_own():
    checkpoint = make_run("noise", True).averaged
    assert denoiser(checkpoint).sampler == DEFAULT.fitted(checkpoint.schedule) == Sampler("dpm_solver")
    assert denoiser(make_checkpoint(timesteps=30)).sampler == DEFAULT
    assert denoiser(checkpoint, sampler=ANCESTRAL).sampler == ANCESTRAL


def test_a_network_without_classes_draws_without_labels():
    run = make_run("noise", True, conditional=False)
    states = by_hand(USUAL, run.ema, None, run.schedule, each_its_own(2), "noise", True)
    torch.testing.assert_close(preview(run), states[-1], rtol=1e-3, atol=1e-3)
    (drawn,) = sample_batches(run.averaged, COUNT, 2, precision="fp32")
    assert (drawn.int() - to_uint8(states[-1]).int()).abs().max() <= 1


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_a_guide_is_asked_by_every_sampler_without_labels(sampler):
    """The extrapolated prediction 1.5 model - 0.5 guide, written out, in place of the network."""
    checkpoint, weak = make_checkpoint("v", False), make_checkpoint("v", False, seed=1)
    labels = torch.tensor([2, 0, 1, 1])

    def both(x, t, labels):
        return weak.model(x, t) + 1.5 * (checkpoint.model(x, t, labels) - weak.model(x, t))

    expected = by_hand(sampler, both, labels, checkpoint.schedule, each_its_own(3), "v", False)
    guide = Guide(weak, 1.5, 0.0, float("inf"))
    states = denoiser(checkpoint, labels, "fp32", sampler, guide).sample_steps(COUNT, each_its_own(3))
    torch.testing.assert_close(torch.stack(list(states)), torch.stack(expected), rtol=2e-3, atol=2e-3)
    (drawn,) = sample_batches(checkpoint, COUNT, 3, 64, "fp32", labels, sampler, guide)
    assert (drawn.int() - to_uint8(expected[-1]).int()).abs().max() <= 1
    (bare,) = sample_batches(checkpoint, COUNT, 3, 64, "fp32", labels, sampler)
    assert (drawn.int() - bare.int()).abs().max() > 10


def test_a_denoiser_is_its_model_and_both_ways_to_sample_agree():
    checkpoint = make_run("v", False).averaged
    labels = torch.tensor([2, 0, 1, 1])
    ready = denoiser(checkpoint, labels, "fp32")
    x, t = torch.randn(COUNT, *SHAPE, generator=seeded(3)), torch.tensor([0, 1, 2, 4])
    assert torch.equal(ready(x, t), checkpoint.model(x, t, labels))
    *_, last = ready.sample_steps(COUNT, seeded(0))
    assert torch.equal(ready.sample(COUNT, seeded(0)), last)
    for other in (replace(ready, predicts="noise"), replace(ready, sampler=ANCESTRAL), replace(ready, clip_start=True)):
        assert not torch.allclose(other.sample(COUNT, seeded(0)), last)


def test_the_averaged_network_is_what_a_checkpoint_holds():
    run = make_run("v", False)
    averaged = run.averaged
    assert averaged.model is run.ema
    assert (averaged.config, averaged.image_shape, averaged.class_names) == (run.config, SHAPE, run.class_names)
    assert averaged.step == run.step == 0


@pytest.mark.parametrize("guided", [False, True], ids=["alone", "guided"])
@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_picture_k_depends_on_the_seed_and_on_k_alone(sampler, guided):
    """Not on how many there are, nor on how many at a time: up to the rounding of another batch's convolutions."""
    checkpoint = make_run("v", True).averaged
    guide = Guide(make_checkpoint("v", True, conditional=False, seed=1), 1.5, 0.0, float("inf")) if guided else None
    labels = torch.arange(7) % 3

    def draw(count, batch, seed=3):
        batches = sample_batches(checkpoint, count, seed, batch, "fp32", labels[:count], sampler, guide)
        return torch.cat(list(batches)).int()

    all_at_once = draw(7, 7)
    for count, batch in ((7, 1), (7, 3), (4, 4), (1, 1), (5, 64)):
        assert (draw(count, batch) - all_at_once[:count]).abs().max() <= 1
    assert all((one - two).abs().max() > 50 for one in all_at_once for two in draw(7, 64, seed=4))


def test_the_labels_that_are_drawn_depend_on_their_place_alone():
    long = draw_labels(10, 3000, 5)
    assert all(torch.equal(draw_labels(10, count, 5), long[:count]) for count in (1, 2, 15, 16, 17, 100, 2048))


def test_neighbouring_pictures_have_unrelated_noise():
    noise = torch.stack([torch.randn(784, generator=g) for s in (0, 1) for g in picture_generators(s, 0, 200)])
    related = torch.corrcoef(noise).fill_diagonal_(0)
    assert related.abs().max() < 6 / 784**0.5  # six standard errors: 80,000 pairs
    assert abs(float(related.std()) * 784**0.5 - 1) < 0.05


def test_samples_that_are_not_finite_are_refused():
    ready = denoiser(spoilt(make_checkpoint("noise", False)), None, "fp32")
    with pytest.raises(SamplingError, match="not finite"):
        ready.sample(2, seeded(0))
    states = ready.sample_steps(2, seeded(0))
    assert bool(next(states).isfinite().all())  # the noise
    with pytest.raises(SamplingError, match="not finite"):
        next(states)


def test_a_list_of_generators_has_one_for_each_picture():
    ready = denoiser(make_run("noise", True).averaged, None, "fp32")
    with pytest.raises(ValueError, match="2 generators for 3 rows"):
        ready.sample(3, picture_generators(0, 0, 2))
