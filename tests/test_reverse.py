"""The reverse process against diffusers, hand-worked numbers and a mixture whose best denoiser is exact."""

from functools import partial

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib import reverse
from course_lib.forward import q_sample
from course_lib.mixtures import GaussianMixture, mode_weights, optimal_loss
from course_lib.schedules import BETA_SCHEDULES, NoiseSchedule, rescale_zero_terminal_snr
from course_lib.toy import denoise_step

DIFFUSERS_NAMES = {"noise": "epsilon", "start": "sample", "v": "v_prediction"}


def batch(shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def says(output):
    """A model that always gives the same answer."""
    return lambda x, t: output


@pytest.mark.parametrize("predicts", reverse.PREDICTIONS)
@pytest.mark.parametrize("clip_start", [False, True])
@pytest.mark.parametrize("t", [0, 1, 50, 198, 199])
def test_p_sample_matches_diffusers(predicts, clip_start, t):
    theirs = DDPMScheduler(
        200,
        variance_type="fixed_small",
        clip_sample=clip_start,
        prediction_type=DIFFUSERS_NAMES[predicts],
    )
    # Its own constants are float32 and, at small t, off in the fourth digit.
    betas = BETA_SCHEDULES["linear"](200)
    theirs.betas, theirs.alphas, theirs.alphas_cumprod = betas, 1 - betas, torch.cumprod(1 - betas, dim=0)
    x_t, output = batch((2, 3, 4, 4), 1), batch((2, 3, 4, 4), 2)
    expected = theirs.step(output, t, x_t, generator=torch.Generator().manual_seed(3)).prev_sample

    schedule = NoiseSchedule(betas)
    noise, steps = batch((2, 3, 4, 4), 3), torch.full((2,), t)
    ours = reverse.p_sample(says(output), x_t, steps, noise, schedule, predicts, clip_start)
    assert ours.dtype == torch.float64
    assert_close(ours, expected, rtol=1e-5, atol=1e-5)


@settings(deadline=None)  # the first call in a process is slow
@given(
    event=st.lists(st.integers(1, 4), max_size=3),
    timesteps=st.integers(1, 100),
    name=st.sampled_from(sorted(BETA_SCHEDULES)),
)
def test_the_start_comes_back_from_every_kind_of_prediction(event, timesteps, name):
    schedule = NoiseSchedule.from_name(name, timesteps)
    x_start, noise = batch((3, *event), 1), batch((3, *event), 2)
    t = torch.tensor([timesteps - 1, 0, timesteps // 2])
    x_t = q_sample(x_start, t, noise, schedule)
    assert_close(reverse.predict_start_from_noise(x_t, t, noise, schedule), x_start, rtol=1e-4, atol=1e-4)
    for predicts in reverse.PREDICTIONS:
        target = reverse.training_target(x_start, t, noise, schedule, predicts)
        assert_close(reverse.predict_start(target, x_t, t, schedule, predicts), x_start, rtol=1e-4, atol=1e-4)


def test_v_still_knows_the_start_where_no_signal_is_left():
    schedule = NoiseSchedule(rescale_zero_terminal_snr(BETA_SCHEDULES["linear"](10)))
    x_start, noise, t = batch((1, 5), 1), batch((1, 5), 2), torch.tensor([9])
    x_t = q_sample(x_start, t, noise, schedule)
    assert_close(x_t, noise)
    v = reverse.training_target(x_start, t, noise, schedule, "v")
    assert_close(reverse.predict_start(v, x_t, t, schedule, "v"), x_start)


def test_losses_by_hand():
    """alpha-bar = 0.64: x_t = 0.8 x_0 + 0.6 noise, v = 0.8 noise - 0.6 x_0."""
    schedule = NoiseSchedule(torch.tensor([0.36]))
    x_start, noise, t = torch.tensor([[1.0, -1.0]]), torch.tensor([[2.0, 0.5]]), torch.tensor([0])

    seen = []

    def model(x, t):
        seen.append((x, t))
        return torch.zeros_like(x)

    # The model says 0, so the differences are the targets: noise (2, 0.5), start (1, -1), v (1, 1).
    by_hand = {
        ("l1", "noise"): (2 + 0.5) / 2,
        ("l2", "noise"): (4 + 0.25) / 2,
        ("huber", "noise"): ((2 - 0.5) + 0.25 / 2) / 2,
        ("l1", "start"): 1.0,
        ("l2", "start"): 1.0,
        ("huber", "start"): 0.5,
        ("l1", "v"): 1.0,
        ("l2", "v"): 1.0,
        ("huber", "v"): 0.5,
    }
    for (loss_type, predicts), expected in by_hand.items():
        loss = reverse.p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
        assert loss.shape == ()
        assert float(loss) == pytest.approx(expected, rel=1e-5), (loss_type, predicts)
    for x, steps in seen:
        assert x.tolist()[0] == pytest.approx([0.8 + 1.2, -0.8 + 0.3], rel=1e-6)
        assert steps is t
    assert float(reverse.p_losses(model, x_start, t, noise, schedule)) == pytest.approx(4.25 / 2)


def test_the_loss_reaches_the_weights():
    weight = torch.tensor(0.5, requires_grad=True)
    schedule = NoiseSchedule.from_name("cosine", 10)
    x_start, noise, t = batch((4, 2), 1), batch((4, 2), 2), torch.tensor([0, 3, 6, 9])
    x_t = q_sample(x_start, t, noise, schedule)
    reverse.p_losses(lambda x, t: weight * x, x_start, t, noise, schedule).backward()
    assert float(weight.grad) == pytest.approx(float((2 * (0.5 * x_t - noise) * x_t).mean()), rel=1e-5)


def test_unknown_choices_are_explained():
    schedule, t, x = NoiseSchedule.from_name("linear", 5), torch.tensor([0]), torch.ones(1, 1)
    with pytest.raises(ValueError, match=r"'mse'.*l1, l2, huber"):
        reverse.p_losses(says(x), x, t, x, schedule, loss_type="mse")
    with pytest.raises(ValueError, match=r"'eps'.*noise, start, v"):
        reverse.p_losses(says(x), x, t, x, schedule, predicts="eps")
    with pytest.raises(ValueError, match=r"'x0'.*noise, start, v"):
        reverse.p_sample(says(x), x, t, x, schedule, predicts="x0")


def test_only_the_rows_at_t_0_stay_free_of_noise():
    schedule = NoiseSchedule.from_name("linear", 10)
    x_t, output, noise = batch((4, 3), 1), batch((4, 3), 2), batch((4, 3), 3)
    t = torch.tensor([0, 5, 0, 1])
    mean = reverse.p_mean(says(output), x_t, t, schedule)
    moved = reverse.p_sample(says(output), x_t, t, noise, schedule) - mean
    assert moved[[0, 2]].eq(0).all()
    for row in (1, 3):
        step = int(t[row])
        before, now = float(schedule.alphas_cumprod[step - 1]), float(schedule.alphas_cumprod[step])
        beta_tilde = (1 - before) / (1 - now) * float(schedule.betas[step])
        assert_close(moved[row], beta_tilde**0.5 * noise[row], rtol=1e-3, atol=1e-6)


def test_clipping_holds_the_predicted_start_and_nothing_else():
    schedule = NoiseSchedule.from_name("linear", 10)
    x_t, t = torch.full((1, 1), 3.0), torch.tensor([4])
    far = reverse.p_mean(says(torch.full((1, 1), 7.0)), x_t, t, schedule, "start", clip_start=True)
    edge = reverse.p_mean(says(torch.full((1, 1), 1.0)), x_t, t, schedule, "start")
    assert_close(far, edge)
    # At t = 0 the mean is the predicted start: 7 unless it is clipped.
    t = torch.tensor([0])
    assert float(reverse.p_mean(says(torch.full((1, 1), 7.0)), x_t, t, schedule, "start")) == pytest.approx(7)


@pytest.mark.parametrize("predicts", reverse.PREDICTIONS)
def test_exact_predictions_sample_the_mixture(predicts):
    """4,000 samples; tolerances are four standard errors plus 2 % for 1,000 finite steps."""
    mixture = GaussianMixture([-1.0, 0.5], std=[0.2, 0.1], weights=[0.3, 0.7])
    schedule = NoiseSchedule.from_name("cosine", 1000)
    mean, noise = (partial(f, schedule=schedule) for f in (mixture.posterior_mean, mixture.optimal_noise))
    models = {
        "noise": noise,
        "start": mean,
        "v": lambda x, t: (
            schedule.sqrt_alphas_cumprod[t] * noise(x, t) - schedule.sqrt_one_minus_alphas_cumprod[t] * mean(x, t)
        ),
    }
    n = 4000
    g = torch.Generator().manual_seed(0)
    x = reverse.p_sample_loop(models[predicts], (n,), schedule, g, predicts)

    share, error = mode_weights(x, mixture)
    assert float(share[0]) == pytest.approx(0.3, abs=4 * float(error[0]) + 0.006)
    for mode, std in ((x[x < -0.2], 0.2), (x[x > -0.2], 0.1)):
        assert float(mode.std()) == pytest.approx(std, abs=4 * std / (2 * len(mode)) ** 0.5 + 0.02 * std)
    assert float(x[x > -0.2].mean()) == pytest.approx(0.5, abs=4 * 0.1 / (0.7 * n) ** 0.5 + 0.002)


@pytest.mark.parametrize("timesteps", [5, 20, 200])
def test_the_spread_of_the_samples_is_what_theory_says(timesteps):
    """With N(0, 0.1²) data every step is affine, so the variance after any few steps is known."""
    schedule = NoiseSchedule.from_name("cosine", timesteps)
    alphas_cumprod = [1.0, *schedule.alphas_cumprod.double().tolist()]
    variance = 1.0
    for now, before in zip(alphas_cumprod[:0:-1], alphas_cumprod[-2::-1], strict=True):
        beta, beta_tilde = 1 - now / before, (1 - before) / (1 - now) * (1 - now / before)
        guess = now**0.5 * 0.01 / (now * 0.01 + 1 - now)  # E[x_0 | x_t] = guess x_t
        step = (before**0.5 * beta * guess + (1 - beta) ** 0.5 * (1 - before)) / (1 - now)
        variance = step**2 * variance + beta_tilde
    n = 20_000
    model = partial(GaussianMixture([0.0], std=0.1).optimal_noise, schedule=schedule)
    x = reverse.p_sample_loop(model, (n,), schedule, torch.Generator().manual_seed(0))
    assert float(x.std()) == pytest.approx(variance**0.5, rel=4 / (2 * n) ** 0.5)


def test_states_are_t_plus_one_and_start_with_the_generators_first_draw():
    schedule, shape = NoiseSchedule.from_name("linear", 6), (2, 1, 3, 3)
    asked = []

    def model(x, t):
        asked.append(t.tolist())
        assert t.dtype == torch.long
        return 0.1 * x

    states = list(reverse.p_sample_steps(model, shape, schedule, torch.Generator().manual_seed(5)))
    assert len(states) == 7
    assert torch.equal(states[0], torch.randn(shape, generator=torch.Generator().manual_seed(5)))
    assert asked == [[step, step] for step in (5, 4, 3, 2, 1, 0)]
    assert all(state.shape == shape for state in states)
    last = reverse.p_sample_loop(model, shape, schedule, torch.Generator().manual_seed(5))
    assert torch.equal(states[-1], last)


def test_the_steps_are_p_sample_with_fresh_noise():
    schedule = NoiseSchedule.from_name("linear", 4)
    states = reverse.p_sample_steps(lambda x, t: 0.1 * x, (3, 2), schedule, torch.Generator().manual_seed(1))
    g = torch.Generator().manual_seed(1)
    x = torch.randn(3, 2, generator=g)
    assert torch.equal(next(states), x)
    for step in (3, 2, 1, 0):
        noise = torch.randn(3, 2, generator=g)
        x = reverse.p_sample(lambda x, t: 0.1 * x, x, torch.full((3,), step), noise, schedule)
        assert torch.equal(next(states), x)


def test_sampling_leaves_the_global_generator_alone_and_keeps_no_graph():
    schedule, weight = NoiseSchedule.from_name("linear", 3), torch.tensor(0.1, requires_grad=True)
    before = torch.get_rng_state()
    g = torch.Generator().manual_seed(0)
    for state in reverse.p_sample_steps(lambda x, t: weight * x, (2, 2), schedule, g):
        assert torch.is_grad_enabled()  # the caller's own work between states is not affected
        assert not state.requires_grad
    assert torch.equal(before, torch.get_rng_state())


def test_one_step_schedules_work():
    schedule = NoiseSchedule(torch.tensor([0.5]))
    x = reverse.p_sample_loop(lambda x, t: torch.zeros_like(x), (2, 2), schedule, torch.Generator(), "start")
    assert x.eq(0).all()


def test_noise_is_drawn_on_the_generators_device_or_else_where_the_schedule_lives():
    schedule = NoiseSchedule.from_name("linear", 3)
    drawn = reverse.draw_noise((5, 2), schedule, torch.Generator().manual_seed(3))
    assert torch.equal(drawn, torch.randn(5, 2, generator=torch.Generator().manual_seed(3)))
    torch.manual_seed(4)
    expected = torch.randn(5, 2)
    torch.manual_seed(4)
    assert torch.equal(reverse.draw_noise((5, 2), schedule), expected)
    elsewhere = schedule.to("meta")
    assert reverse.draw_noise((5, 2), elsewhere, torch.Generator()).device.type == "meta"
    assert reverse.draw_noise((5, 2), elsewhere).device.type == "meta"


@pytest.mark.parametrize("event", [(), (2,)])
def test_the_excess_is_what_the_loss_has_above_the_optimum(event):
    means = [-1.0, 1.0] if not event else [[-1.0, 0.5], [1.0, 0.0]]
    mixture, schedule = GaussianMixture(means, std=0.3), NoiseSchedule.from_name("cosine", 10)
    exact = partial(mixture.optimal_noise, schedule=schedule)
    g, t = torch.Generator().manual_seed(0), torch.tensor([[0, 4], [7, 9]])
    assert reverse.excess_noise_loss(exact, mixture, t, schedule, g).eq(0).all()
    shifted = reverse.excess_noise_loss(lambda x, t: exact(x, t) + 0.5, mixture, t, schedule, g)
    assert_close(shifted, torch.full((2, 2), 0.25))
    # A model that says 0 has the loss 1 at every t.
    silent = reverse.excess_noise_loss(lambda x, t: torch.zeros_like(x), mixture, t, schedule, g, count=40_000)
    assert_close(silent.double() + optimal_loss(mixture, t, schedule), torch.ones(2, 2).double(), rtol=0, atol=0.02)


def test_each_level_has_a_network_of_its_own():
    torch.manual_seed(0)
    model = reverse.NetworkPerLevel(dim=2, levels=3, width=5, depth=2)
    x, t = batch((7, 2), dtype=torch.float32), torch.tensor([2, 0, 1, 1, 0, 2, 2])
    out = model(x, t)
    for level in range(3):
        layers = [torch.nn.Linear(a, b) for a, b in ((2, 5), (5, 5), (5, 2))]
        for layer, weight, bias in zip(layers, model.weights, model.biases, strict=True):
            layer.weight.data, layer.bias.data = weight[level].T, bias[level, 0]
        alone = torch.nn.Sequential(layers[0], torch.nn.SiLU(), layers[1], torch.nn.SiLU(), layers[2])
        assert_close(out[t == level], alone(x[t == level]))


def test_a_level_teaches_only_its_own_network():
    model = reverse.NetworkPerLevel(dim=1, levels=4, width=3)
    schedule, t, x = NoiseSchedule.from_name("cosine", 4), torch.full((6,), 2), batch((6,), dtype=torch.float32)
    assert model(x, t).shape == (6,)
    reverse.p_losses(model, x, t, batch((6,), 1, torch.float32), schedule).backward()
    for parameter in model.parameters():
        assert parameter.grad[2].ne(0).any()
        assert parameter.grad[[0, 1, 3]].eq(0).all()


def test_stacked_networks_begin_as_separate_ones_do():
    torch.manual_seed(0)
    model = reverse.NetworkPerLevel(dim=1, levels=50, width=16)
    for weight, bias in zip(model.weights, model.biases, strict=True):
        bound = weight.shape[1] ** -0.5  # nn.Linear draws both evenly from [-bound, bound]
        for values in (weight, bias):
            assert float(values.detach().abs().max()) <= bound
            assert float(values.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.2)


@pytest.mark.parametrize("t", [0, 1, 50, 198, 199])
def test_the_deterministic_step_matches_diffusers(t):
    theirs = DDIMScheduler(200, clip_sample=False, set_alpha_to_one=True)
    betas = BETA_SCHEDULES["linear"](200)
    theirs.betas, theirs.alphas, theirs.alphas_cumprod = betas, 1 - betas, torch.cumprod(1 - betas, dim=0)
    theirs.set_timesteps(200)
    x_t, noise = batch((2, 3, 4), 1), batch((2, 3, 4), 2)
    expected = theirs.step(noise, t, x_t, eta=0.0).prev_sample
    ours = reverse.deterministic_step(says(noise), x_t, torch.full((2,), t), NoiseSchedule(betas))
    assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_the_deterministic_step_is_that_of_chapter_01_for_unscaled_x():
    schedule, noise, x_t = NoiseSchedule.from_name("cosine", 20), batch((5,), 1), batch((5,), 2)
    signal = schedule.sqrt_alphas_cumprod.double()
    sigma = schedule.sqrt_one_minus_alphas_cumprod.double() / signal
    for t in (1, 10, 19):
        theirs = denoise_step(says((sigma[t] - sigma[t - 1]) * noise), x_t / signal[t], level=0)
        ours = reverse.deterministic_step(says(noise), x_t, torch.full((5,), t), schedule) / signal[t - 1]
        assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_mean_keeps_too_little_noise_and_the_variance_refills_it():
    """Chapter 05 says: kept² + beta-tilde = 1 - alpha-bar_{t-1}. The deterministic step keeps all of it."""
    schedule = NoiseSchedule.from_name("linear", 50)
    t, nothing = torch.arange(50), torch.zeros(50, dtype=torch.float64)
    noise = schedule.sqrt_one_minus_alphas_cumprod.double()  # x_t is only noise, and x_0 is 0
    kept = reverse.p_mean(says(nothing), noise, t, schedule, "start")
    level = 1 - schedule.alphas_cumprod_prev.double()
    assert_close(kept**2 + schedule.posterior_variance, level, rtol=1e-4, atol=1e-6)
    assert (kept[1:] ** 2 < 0.999 * level[1:]).all()
    assert_close(reverse.deterministic_step(says(nothing + 1), noise, t, schedule), level.sqrt(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("step", "place", "width"), [("noise", 1.0, 0.187), ("mean", 1.231, 0.058), ("deterministic", 1.0, 0.2)]
)
def test_three_ways_back_from_noise(step, place, width):
    """The figures of chapter 05's picture: bumps at 1 and 3 with standard deviation 0.2, and a perfect network."""
    bumps, schedule = GaussianMixture([1.0, 3.0], std=0.2), NoiseSchedule.from_name("linear", 200, beta_end=0.1)
    model, g = partial(bumps.optimal_noise, schedule=schedule), torch.Generator().manual_seed(0)
    x = torch.randn(4000, generator=g)
    for level in reversed(range(200)):
        t, noise = torch.full((4000,), level), torch.randn(4000, generator=g)
        x = {
            "noise": lambda x, t=t, noise=noise: reverse.p_sample(model, x, t, noise, schedule),
            "mean": lambda x, t=t: reverse.p_mean(model, x, t, schedule),
            "deterministic": lambda x, t=t: reverse.deterministic_step(model, x, t, schedule),
        }[step](x)
    for side, centre in ((x[x < 2], place), (x[x >= 2], 4 - place)):
        assert float(side.mean()) == pytest.approx(centre, abs=0.03)
        assert float(side.std()) == pytest.approx(width, abs=0.012)
