"""The repaired code of chapter 17 against the course's samplers, diffusers, and what each bug would do."""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from torch.testing import assert_close

from course_lib.bugs import ancestral_step, ddim_update, paste_known, start_of_output, training_inputs
from course_lib.fast_sampling import ddim_step
from course_lib.forward import q_sample
from course_lib.reverse import p_sample, training_target
from course_lib.schedules import NoiseSchedule

SCHEDULE = NoiseSchedule.from_name("cosine", 50)
T = torch.tensor([0, 17, 49, 1, 30])  # the first row must not decide for the others
SHAPE = (len(T), 2, 6, 4)

pytestmark = pytest.mark.filterwarnings("ignore:__array__")  # diffusers makes arrays from tensors


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(count, shape=SHAPE, seed=0):
    return torch.randn((count, *shape), generator=seeded(seed)).unbind()


def saying(answer):
    """A network that says `answer`, whatever it is asked."""
    return lambda x, t: answer


# training_inputs


@pytest.fixture(scope="module")
def inputs():
    images = torch.randint(256, (4000, 2, 1, 3), generator=seeded(), dtype=torch.uint8)
    return images, *training_inputs(images, 10, seeded(1))


def test_the_images_are_in_the_models_range_and_not_mirrored(inputs):
    images, x_start, _, _ = inputs
    assert x_start.dtype == torch.float32
    assert (float(x_start.min()), float(x_start.max())) == (-1, 1)
    assert_close((x_start + 1) * 127.5, images.float())


def test_each_image_has_a_t_of_its_own_and_every_t_occurs_alike(inputs):
    _, _, t, _ = inputs
    assert (t.dtype, t.shape) == (torch.long, (4000,))
    assert not torch.equal(t, t.sort().values)
    counts = t.bincount(minlength=10)
    assert len(counts) == 10
    assert 330 < counts.min() <= counts.max() < 470  # 400 expected, standard deviation 19


def test_the_noise_is_standard_normal_in_every_pixel(inputs):
    _, x_start, _, noise = inputs
    assert noise.shape == x_start.shape
    assert abs(float(noise.mean())) < 0.03
    assert abs(float(noise.std()) - 1) < 0.03
    assert float(noise.abs().max()) > 3  # not uniform
    assert float(noise.flatten(1).T.corrcoef().fill_diagonal_(0).abs().max()) < 0.07


def test_the_generator_alone_decides_and_moves_on():
    images, generator = torch.zeros(6, 1, 4, 4, dtype=torch.uint8), seeded(3)
    first, second = training_inputs(images, 100, generator), training_inputs(images, 100, generator)
    assert_close(first, training_inputs(images, 100, seeded(3)))
    again = seeded(3)
    assert torch.equal(first[1], torch.randint(100, (6,), generator=again))  # t comes first
    assert torch.equal(first[2], torch.randn(6, 1, 4, 4, generator=again))
    assert not torch.equal(first[1], second[1])
    assert not torch.equal(first[2], second[2])


# ancestral_step


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_the_step_is_p_sample_for_a_network_that_was_asked(name):
    schedule = NoiseSchedule.from_name(name, 50)
    x_t, eps, noise = normal(3)
    assert_close(ancestral_step(x_t, T, eps, noise, schedule), p_sample(saying(eps), x_t, T, noise, schedule))


def test_the_step_is_that_of_diffusers():
    betas = SCHEDULE.betas.double()
    theirs = DDPMScheduler(50, trained_betas=betas.numpy(), clip_sample=False)
    x_t, eps = normal(2, (1, 1, 4, 4))
    for step in (49, 20, 1, 0):
        expected = theirs.step(eps, step, x_t, generator=seeded(7)).prev_sample
        noise = torch.randn(x_t.shape, generator=seeded(7))
        assert_close(ancestral_step(x_t, torch.tensor([step]), eps, noise, SCHEDULE), expected, rtol=1e-3, atol=1e-3)


def test_no_noise_in_the_rows_with_t_0_and_in_no_others():
    x_t, eps, noise = normal(3)
    with_noise = ancestral_step(x_t, T, eps, noise, SCHEDULE)
    moved = (with_noise - ancestral_step(x_t, T, eps, torch.zeros_like(noise), SCHEDULE)).flatten(1).std(dim=1)
    assert (moved == 0).tolist() == (T == 0).tolist()


def test_the_spread_of_the_step_is_the_root_of_the_posterior_variance():
    x_t, eps = (value[:1].expand(20_000, -1) for value in normal(2, (1, 1)))
    t = torch.full((20_000,), 20)
    drawn = ancestral_step(x_t, t, eps, torch.randn(x_t.shape, generator=seeded(2)), SCHEDULE)
    assert_close(drawn.var(), SCHEDULE.posterior_variance[20], rtol=0.03, atol=0)


# ddim_update


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_the_update_is_ddim_step_for_a_network_that_was_asked(name):
    schedule = NoiseSchedule.from_name(name, 50)
    x_t, eps, noise = normal(3)
    t_prev = torch.tensor([-1, 5, 48, -1, 12])
    expected = ddim_step(saying(eps), x_t, T, t_prev, noise, schedule)
    assert_close(ddim_update(x_t, T, t_prev, eps, schedule), expected, rtol=1e-4, atol=1e-4)


def test_the_update_is_that_of_diffusers():
    theirs = DDIMScheduler(
        50, trained_betas=SCHEDULE.betas.double().numpy(), clip_sample=False, timestep_spacing="leading"
    )
    theirs.set_timesteps(10)
    x_t, eps = normal(2, (1, 1, 4, 4))
    for step in theirs.timesteps[:-1]:
        expected = theirs.step(eps, step, x_t).prev_sample
        ours = ddim_update(x_t, step[None], step[None] - 5, eps, SCHEDULE)
        assert_close(ours, expected, rtol=1e-3, atol=1e-3)


def test_with_the_true_noise_the_update_stays_on_the_way_of_q_sample():
    x_start, noise = normal(2)
    t, t_prev = torch.tensor([17, 8, 40, 1, 30]), torch.tensor([5, 2, 39, 0, 12])
    moved = ddim_update(q_sample(x_start, t, noise, SCHEDULE), t, t_prev, noise, SCHEDULE)
    assert_close(moved, q_sample(x_start, t_prev, noise, SCHEDULE), rtol=1e-4, atol=1e-4)


def test_the_last_update_gives_the_clean_picture():
    x_start, noise = normal(2)
    x_t = q_sample(x_start, T.clamp(max=40), noise, SCHEDULE)
    clean = ddim_update(x_t, T.clamp(max=40), torch.full_like(T, -1), noise, SCHEDULE)
    assert_close(clean, x_start, rtol=1e-3, atol=1e-3)


# paste_known


def test_the_drawn_part_stays_and_the_known_part_has_the_same_level():
    x_t, known, noise = normal(3)
    mask = torch.zeros(6, 4)
    mask[:, :2] = 1
    joined = paste_known(x_t, known, mask, T, noise, SCHEDULE)
    assert torch.equal(joined[..., 2:], x_t[..., 2:])
    assert torch.equal(joined[..., :2], q_sample(known, T, noise, SCHEDULE)[..., :2])


def test_what_is_not_known_has_no_effect():
    x_t, known, noise = normal(3)
    mask = torch.rand(SHAPE, generator=seeded(5)) < 0.5
    holes = torch.where(mask, known, torch.nan)
    expected = paste_known(x_t, known, mask, T, noise, SCHEDULE)
    assert_close(paste_known(x_t, holes, mask.float(), T, noise, SCHEDULE), expected)


# start_of_output


@pytest.mark.parametrize("predicts", ["noise", "start", "v"])
def test_the_right_answer_of_each_network_stands_for_the_clean_image(predicts):
    x_start, noise = normal(2)
    t = T.clamp(max=45)
    x_t = q_sample(x_start, t, noise, SCHEDULE)
    output = training_target(x_start, t, noise, SCHEDULE, predicts)
    assert_close(start_of_output(output, x_t, t, SCHEDULE, predicts), x_start, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("predicts", "theirs"), [("noise", "epsilon"), ("start", "sample"), ("v", "v_prediction")])
def test_the_clean_image_is_that_of_diffusers(predicts, theirs):
    betas = SCHEDULE.betas.double().numpy()
    scheduler = DDPMScheduler(50, trained_betas=betas, clip_sample=False, prediction_type=theirs)
    x_t, output = normal(2, (1, 1, 4, 4))
    expected = scheduler.step(output, 20, x_t).pred_original_sample
    assert_close(start_of_output(output, x_t, torch.tensor([20]), SCHEDULE, predicts), expected, rtol=1e-3, atol=1e-3)


def test_another_word_is_refused():
    x_t, output = normal(2)
    with pytest.raises(ValueError, match="unknown predicts='score'"):
        start_of_output(output, x_t, T, SCHEDULE, "score")


@pytest.mark.parametrize("shape", [(5,), (5, 5), (5, 1, 3, 2)])
def test_numbers_vectors_and_images_are_treated_alike_row_by_row(shape):
    x_t, eps = normal(2, shape)
    t_prev = (T - 3).clamp(min=-1)
    moved = ddim_update(x_t, T, t_prev, eps, SCHEDULE)
    start = start_of_output(eps, x_t, T, SCHEDULE, "v")
    for row in range(len(T)):
        one = slice(row, row + 1)
        assert_close(moved[one], ddim_update(x_t[one], T[one], t_prev[one], eps[one], SCHEDULE))
        assert_close(start[one], start_of_output(eps[one], x_t[one], T[one], SCHEDULE, "v"))
