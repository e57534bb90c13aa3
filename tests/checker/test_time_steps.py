"""For every quiz with (t, schedule): t counted from 1, one `if` for a whole batch, t taken for a number, no reshape."""

import inspect
import math

import pytest
import torch
from torch import Tensor

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.quizzes import examine
from course_lib.quizzes.registry import every_quiz, find

NAMES = [
    name
    for name, quiz in every_quiz().items()
    if isinstance(quiz, Quiz) and not quiz.is_module and {"t", "schedule"} <= set(quiz.arguments)
]


def with_changed(name, change):
    """The reference, after `change` was made to its arguments by name; what that returns instead, if anything."""
    quiz = find(name)

    def attempt(*args):
        given = dict(zip(quiz.arguments, args, strict=False))
        early = change(given)
        return quiz.reference(**given) if early is None else early

    attempt.__signature__ = inspect.signature(quiz.reference)
    return attempt


def test_all_quizzes_of_the_kind_are_meant():
    assert {"q_step", "p_mean", "p_sample", "p_losses", "train_step", "snr_weight"} < set(NAMES)
    assert len(NAMES) >= 11


class LooksOneTooEarly:
    """A schedule whose constants are looked up as `schedule.betas[t - 1]` or the like."""

    def __init__(self, schedule, index):
        self.schedule, self.index = schedule, index

    def __getattr__(self, name):
        value = getattr(self.schedule, name)
        if isinstance(value, Tensor) and value.ndim == 1:
            return value[self.index(torch.arange(len(value)), len(value))]
        return value


WAYS_TO_COUNT = {
    "t - 1": lambda t, timesteps: t - 1,
    "t - 1, not below 0": lambda t, timesteps: (t - 1).clamp(min=0),
    "t + 1": lambda t, timesteps: (t + 1).clamp(max=timesteps - 1),
}


@pytest.mark.parametrize("way", WAYS_TO_COUNT)
@pytest.mark.parametrize("name", NAMES)
def test_constants_looked_up_at_another_t_are_named(name, way):
    def change(given):
        given["schedule"] = LooksOneTooEarly(given["schedule"], WAYS_TO_COUNT[way])

    report = examine(name, with_changed(name, change))
    assert report.mistake, report.message
    assert way == "t + 1" or any(words in report.message for words in ("paper counts", "counts from 0", "t = 0"))


LOOKS_UP_ELSEWHERE = "snr_weight", "optimal_denoiser_of_dataset", "invert_step"  # for the last t = -1 is clean data


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LOOKS_UP_ELSEWHERE])
def test_where_extract_refuses_the_index_the_reason_is_named(name):
    def lower(given):
        given["t"] = given["t"] - 1

    def raise_by_one(given):
        given["t"] = given["t"] + 1

    assert "The paper counts t from 1" in examine(name, with_changed(name, lower)).message
    report = examine(name, with_changed(name, raise_by_one))
    assert report.mistake == "one_too_far" or "is `t + 1` looked up?" in report.message


def decides(t):
    return 1 if t > 0 else 0


FOR_ONE_NUMBER = {
    "if t > 0": decides,
    "int": int,
    "item": lambda t: t.item(),
    "range": lambda t: range(t),
    "math": lambda t: math.sqrt(t),
}


@pytest.mark.parametrize("use", FOR_ONE_NUMBER)
@pytest.mark.parametrize("name", NAMES)
def test_t_is_not_one_number(name, use):
    report = examine(name, with_changed(name, lambda given: FOR_ONE_NUMBER[use](given["t"]) and None))
    assert not report.passed
    assert "each row has its own" in report.message


def first_tensor(given):
    return next(value for value in given.values() if isinstance(value, Tensor) and value.is_floating_point())


@pytest.mark.parametrize("who", ["first", "all", "any"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "snr_weight"])
def test_one_row_does_not_decide_for_the_batch(name, who):
    """`if t[0] == 0: return x` was right as long as no batch began with t = 0."""
    decision = {"first": lambda t: t[0] == 0, "all": lambda t: (t == 0).all(), "any": lambda t: (t == 0).any()}[who]

    def change(given):
        return first_tensor(given) if decision(given["t"]) else None

    report = examine(name, with_changed(name, change))
    assert not report.passed, name
    if who == "all":
        assert report.mistake or "every row of the batch has `t = 0`" in report.message


def test_a_step_that_asks_only_the_first_row_is_told_so():
    def score_from_noise(noise, t, schedule):
        sigma = schedule.sqrt_one_minus_alphas_cumprod[t].reshape(-1, *[1] * (noise.ndim - 1))
        return -noise / sigma if t[0] else torch.zeros_like(noise)

    message = examine("score_from_noise", score_from_noise).message
    assert "Seen only where the first row has `t = 0`: does one row decide for the whole batch?" in message


@pytest.mark.parametrize(
    ("name", "x"), [("q_step", "x_prev"), ("q_sample", "x_start"), ("v_from_start_and_noise", "x_start")]
)
def test_constants_without_a_reshape(name, x):
    """`schedule.betas[t]` of shape (B,), times x of shape (B, ...): the last axes meet."""

    def attempt(x, t, noise, schedule):
        ac, beta = schedule.alphas_cumprod[t], schedule.betas[t]
        if name == "q_step":
            return (1 - beta).sqrt() * x + beta.sqrt() * noise
        first, second = (x, noise) if name == "q_sample" else (noise, -x)
        return ac.sqrt() * first + (1 - ac).sqrt() * second

    message = examine(name, attempt).message
    assert "axis" in message or "axes" in message


def test_what_holds_for_equal_t_is_said_before_what_does_not_matter():
    """With the largest t of the batch for all, `gamma` happened to make no difference: true, and no help."""

    def snr_weight(t, schedule, predicts="noise", gamma=5.0):
        return find("snr_weight").reference(t.max().expand_as(t), schedule, predicts, gamma)

    assert examine("snr_weight", snr_weight).finding == "equal_t"


# The graph of all steps


def walk(model, shape, schedule, generator, options, after_each=lambda x: x):
    x = reverse.draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step)
        x = after_each(
            reverse.p_sample(model, x, t, reverse.draw_noise(shape, schedule, generator), schedule, *options)
        )
    return x


def detached_at_the_end(model, shape, schedule, generator=None, *options):
    return walk(model, shape, schedule, generator, options).detach()


def copied_at_the_end(model, shape, schedule, generator=None, *options):
    x = walk(model, shape, schedule, generator, options)
    with torch.no_grad():
        return x.clone()


def only_data_at_the_end(model, shape, schedule, generator=None, *options):
    return walk(model, shape, schedule, generator, options).data


def never_detached(model, shape, schedule, generator=None, *options):
    return walk(model, shape, schedule, generator, options)


@pytest.mark.parametrize("loop", [detached_at_the_end, copied_at_the_end, only_data_at_the_end, never_detached])
def test_a_sampler_that_keeps_the_graph_on_its_way_is_refused(loop):
    report = examine("p_sample_loop", loop)
    assert not report.passed
    assert "the graph of every step is kept" in report.message


def detached_each_time(model, shape, schedule, generator=None, *options):
    return walk(model, shape, schedule, generator, options, torch.Tensor.detach)


def the_model_without_gradients(model, shape, schedule, generator=None, *options):
    return walk(torch.no_grad()(model), shape, schedule, generator, options)


@torch.inference_mode()
def in_inference_mode(model, shape, schedule, generator=None, *options):
    return walk(model, shape, schedule, generator, options)


@pytest.mark.parametrize("loop", [detached_each_time, the_model_without_gradients, in_inference_mode])
def test_a_sampler_that_keeps_none_passes(loop):
    report = examine("p_sample_loop", loop)
    assert report.passed, report.message


def test_flow_times_are_not_rounded_to_the_ends():
    """Right at both ends of the line and wrong between them: that has nothing to do with a shared t."""

    def flow_path(x_start, t, noise):
        t = t.reshape(-1, *[1] * (x_start.ndim - 1))
        return torch.cos(torch.pi / 2 * t) * noise + torch.sin(torch.pi / 2 * t) * x_start

    def one_t_for_all(x_start, t, noise):
        return (1 - t[0]) * noise + t[0] * x_start

    assert examine("flow_path", flow_path).finding != "equal_t"
    assert examine("flow_path", one_t_for_all).finding in ("equal_t", "mistake")
