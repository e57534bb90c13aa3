"""Samplers by name: what each name means, how often it asks, and what does not go together."""

import pytest
import torch
from small_checkpoints import make_checkpoint

from course_lib.runs.cost import asked_at
from course_lib.runs.samplers import (
    ANCESTRAL,
    DEFAULT,
    SAMPLER_NAMES,
    USUAL_SPACING,
    USUAL_STEPS,
    Sampler,
    SamplingError,
    choose_sampler,
)
from course_lib.schedules import NoiseSchedule, rescale_zero_terminal_snr

SCHEDULE = NoiseSchedule.from_name("cosine", timesteps=50)


def states(sampler, schedule=SCHEDULE, shape=(3, 2)):
    """With a network that always says 0."""
    noise = torch.Generator().manual_seed(0)
    return list(sampler.states(lambda x, t: torch.zeros_like(x), shape, schedule, noise, "start", False))


def test_there_is_a_usual_choice_for_every_name():
    assert set(SAMPLER_NAMES) == set(USUAL_SPACING) == set(USUAL_STEPS)


@pytest.mark.parametrize("name", SAMPLER_NAMES)
@pytest.mark.parametrize("steps", [1, 2, 3, 17, 49, 50, None])
def test_a_sampler_takes_the_steps_that_it_says(name, steps):
    checkpoint, sampler = make_checkpoint(timesteps=50, schedule="cosine"), Sampler(name, steps)
    wanted = 50 if steps is None else steps
    assert sampler.steps_in(checkpoint.schedule) == wanted
    assert len(states(sampler)) == wanted + 1
    asked = asked_at(checkpoint, sampler)
    assert len(asked) == (2 * wanted - 1 if name == "heun" else wanted)
    assert asked[0] == 49
    assert sorted(asked, reverse=True) == asked
    if wanted == 50:
        assert set(asked) == set(range(50))


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_samples_are_finite_for_any_number_of_steps(name):
    """Also where the schedule ends with pure noise, and there is no finite log-SNR."""
    zero = NoiseSchedule(rescale_zero_terminal_snr(SCHEDULE.betas.double()))
    for schedule in (SCHEDULE, zero):
        for steps in range(1, 51, 7):
            assert all(bool(state.isfinite().all()) for state in states(Sampler(name, steps), schedule))


def test_all_steps_in_log_snr_are_found_at_once():
    """Of 1,000 steps: a search for them would take hours."""
    schedule = NoiseSchedule.from_name("cosine", timesteps=1000)
    assert len(states(Sampler("dpm_solver"), schedule, (1, 1))) == 1001


def test_the_spacing_is_the_one_that_is_named():
    checkpoint = make_checkpoint(timesteps=50, schedule="cosine")
    for name in ("ddim", "dpm_solver", "heun"):
        asked = {spacing: set(asked_at(checkpoint, Sampler(name, 5, spacing))) for spacing in USUAL_SPACING.values()}
        assert asked["trailing"] == {9, 19, 29, 39, 49}
        assert asked["log_snr"] != asked["trailing"]
        assert set(asked_at(checkpoint, Sampler(name, 5))) == asked[USUAL_SPACING[name]]
        assert set(asked_at(checkpoint, Sampler(name, 5, "leading"))) == {0, 10, 20, 30, 40}
    with pytest.raises(ValueError, match="unknown spacing"):
        asked_at(checkpoint, Sampler("ddim", 5, "random"))


def test_only_ddim_takes_fresh_noise_and_only_as_much_as_ancestral():
    assert not torch.equal(states(Sampler("ddim", 5))[-2], states(Sampler("ddim", 5, eta=1.0))[-2])
    assert torch.equal(states(Sampler("ancestral", 5))[-2], states(Sampler("ddim", 5, eta=1.0))[-2])
    for name in ("ancestral", "dpm_solver", "heun"):
        with pytest.raises(SamplingError, match=f"only the sampler ddim takes eta; {name} does not"):
            Sampler(name, 5, eta=0.5)
    for eta in (-0.1, 1.1, float("nan")):
        with pytest.raises(SamplingError, match="eta must be from 0 to 1"):
            Sampler("ddim", 5, eta=eta)


def test_settings_that_no_sampler_takes_are_refused():
    with pytest.raises(SamplingError, match="unknown sampler 'euler'; choose one of ancestral, ddim"):
        Sampler("euler")
    for steps in (0, 51):
        with pytest.raises(SamplingError, match=f"{steps} steps, and this network knows 1 to 50; lower --steps"):
            Sampler("ddim", steps).states(lambda x, t: x, (1, 1), SCHEDULE, None, "noise", False)


def test_a_sampler_fits_itself_to_a_short_schedule():
    short = NoiseSchedule.from_name("linear", timesteps=6)
    assert DEFAULT.fitted(SCHEDULE) == DEFAULT
    assert DEFAULT.fitted(short) == Sampler("dpm_solver")
    assert Sampler("ddim", 9, "leading", 0.5).fitted(short) == Sampler("ddim", None, "leading", 0.5)
    assert Sampler("ddim", 6).fitted(short) == Sampler("ddim", 6)
    assert ANCESTRAL.fitted(short) == ANCESTRAL


def test_what_a_command_leaves_out_is_as_usual():
    short = NoiseSchedule.from_name("linear", timesteps=6)
    assert choose_sampler(SCHEDULE) == DEFAULT
    assert choose_sampler(short) == Sampler("dpm_solver")
    assert choose_sampler(SCHEDULE, steps=7, spacing="trailing") == Sampler("dpm_solver", 7, "trailing")
    assert choose_sampler(SCHEDULE, "ancestral") == ANCESTRAL
    assert choose_sampler(SCHEDULE, "heun") == Sampler("heun", 8)
    assert choose_sampler(short, "ddim", eta=1.0) == Sampler("ddim", None, None, 1.0)
    with pytest.raises(SamplingError, match="7 steps, and this network knows 1 to 6"):
        choose_sampler(short, steps=7)
    with pytest.raises(SamplingError, match="only the sampler ddim takes eta; dpm_solver does not"):
        choose_sampler(SCHEDULE, eta=0.5)


def test_a_sampler_says_what_it_is():
    assert str(DEFAULT) == "dpm_solver, 16 steps"
    assert str(ANCESTRAL) == "ancestral, all steps"
    assert str(Sampler("ddim", 9, "leading", 0.5)) == "ddim, 9 steps, spacing leading, eta 0.5"
