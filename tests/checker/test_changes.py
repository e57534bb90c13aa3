"""Quizzes whose arguments are changed on purpose: what stands in them afterwards is compared, the rest must stay."""

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from course_lib import training
from course_lib.checker.attempts import Here
from course_lib.checker.quiz import Quiz
from course_lib.checker.running import Trial
from course_lib.checker.values import Array, changed, moved_case
from course_lib.quizzes import commands, examine
from course_lib.quizzes.inputs import ToyConvDenoiser
from course_lib.quizzes.registry import find
from course_lib.reverse import p_losses


@pytest.fixture
def examined(monkeypatch):
    def use(quiz, attempt):
        monkeypatch.setattr(commands, "find", lambda name: quiz)
        return examine(quiz.name, attempt)

    return use


# Attacks on train_step, each with the right loss in its first call


def loss_only(model, optimizer, *batch, how=("l2", "noise")):
    return p_losses(model, *batch[:4], *(batch[4:6] or how)).detach()


def trains_a_copy(model, optimizer, *batch):
    return training.train_step(*copy.deepcopy((model, optimizer)), *batch)


def puts_the_weights_back(model, optimizer, *batch):
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    before = [p.detach().clone() for p in parameters]
    loss = training.train_step(model, optimizer, *batch)
    for parameter, old in zip(parameters, before, strict=True):
        parameter.data = old
    return loss


def other_data_in_the_end(model, optimizer, *batch):
    loss = training.train_step(model, optimizer, *batch)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.data = 1.1 * parameter.data
    return loss


def an_optimizer_of_its_own(model, optimizer, *batch):
    return training.train_step(model, type(optimizer)(optimizer.param_groups), *batch)


def changes_the_batch(model, optimizer, x_start, *batch):
    loss = training.train_step(model, optimizer, x_start, *batch)
    x_start.mul_(0.5)
    return loss


def changes_the_schedule(model, optimizer, x_start, t, noise, schedule, *how):
    loss = training.train_step(model, optimizer, x_start, t, noise, schedule, *how)
    schedule.alphas_cumprod.clamp_(max=0.9)
    return loss


def forgets_the_return(*args):
    training.train_step(*args)


def unfinished(*args):
    loss = ...
    return loss  # noqa: RET504 - as students leave it


def freezes_a_part_afterwards(model, *rest):
    loss = training.train_step(model, *rest)
    if isinstance(model, ToyConvDenoiser):
        model.out.bias.requires_grad_(False)
    return loss


def right(*args):
    return training.train_step(*args)


def back_in_training_mode(model, *rest):
    if isinstance(model, nn.Module):
        model.eval()
        model.train()
    return training.train_step(model, *rest)


@pytest.mark.parametrize(
    ("attempt", "finding", "says"),
    [
        (loss_only, "mistake", "stays as it was"),
        (trains_a_copy, "mistake", "stays as it was"),
        (puts_the_weights_back, "mistake", "stays as it was"),
        (other_data_in_the_end, "values", "result of call 2"),
        (an_optimizer_of_its_own, "mistake", "like an optimizer's first one"),
        (changes_the_batch, "mutates", "It changes `x_start`, which belongs to the caller. All that may change"),
        (changes_the_schedule, "mutates", "It changes `schedule`"),
        (forgets_the_return, "type", "Is the `return` missing?"),
        (unfinished, "not_attempted", "write the body"),
        (training.train_step, "stand_in", "the course's own"),
        (partial(training.train_step), "stand_in", "the course's own"),
        (right, "correct", ""),
        (back_in_training_mode, "correct", ""),
    ],
)
def test_who_only_seems_to_train(attempt, finding, says):
    report = examine("train_step", attempt)
    assert (report.finding, report.passed) == (finding, finding == "correct")
    assert says in report.message


def test_what_only_shows_in_the_parameters(examined):
    """Called once, what is done to the weights after the loss can be seen nowhere else."""
    once = replace(find("train_step"), calls=1)
    message = examined(once, other_data_in_the_end).message
    assert message.startswith("The tensor `into.weight` of `model` afterwards: Always 1.1 times what is expected.")
    assert examined(once, right).passed
    blind = replace(once, changes=())
    assert examined(blind, loss_only).passed  # that is what `changes` is for


def test_a_network_has_to_go_on_learning(examined):
    """Called once, a frozen bias has had its step."""
    once = replace(find("train_step"), calls=1)
    message = examined(once, freezes_a_part_afterwards).message
    assert "number of frozen parameters of `model` afterwards: Yours is 1, expected is 0" in message
    assert examined(replace(once, learns=()), freezes_a_part_afterwards).passed  # that is what `learns` is for


# Attacks on ema_update


def moves_both(ema, model, decay):
    training.ema_update(ema, model, decay)
    model[0][0].out.bias.data.zero_()


def ties_them(ema, model, decay):
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average.data = new.data
        average.data.mul_(1 - decay)


def one_is_wrong(ema, model, decay):
    training.ema_update(ema, model, decay)
    ema[0][0].out.bias.data.mul_(2)


def buffer_is_wrong(ema, model, decay):
    training.ema_update(ema, model, decay)
    ema[0][0].pace.mul_(decay)


def history_is_kept(ema, model, decay):
    mixed = [decay * a + (1 - decay) * b for a, b in zip(ema.parameters(), model.parameters(), strict=True)]
    for average, new in zip(ema.parameters(), mixed, strict=True):
        with torch.set_grad_enabled(not average.requires_grad):
            average.copy_(new)


def new_parameter(ema, model, decay):
    training.ema_update(ema, model, decay)
    layer = ema[0][0].out
    layer.bias.data.neg_()
    layer.bias = nn.Parameter(-layer.bias.data)


def model_in_eval_mode(ema, model, decay):
    training.ema_update(ema, model.eval(), decay)


def average_in_eval_mode(ema, model, decay):
    training.ema_update(ema.eval().requires_grad_(False), model, decay)


def returns_it(ema, model, decay):
    training.ema_update(ema, model, decay)
    return ema


@pytest.mark.parametrize(
    ("attempt", "finding", "says"),
    [
        (moves_both, "mutates", "It changes `model`, which belongs to the caller. All that may change here is `ema`."),
        (ties_them, "mutates", "It changes `model`"),
        (one_is_wrong, "values", "The tensor `0.0.out.bias` of `ema` afterwards: Yours at [0] is "),
        (buffer_is_wrong, "values", "The tensor `0.0.pace` of `ema` afterwards: Yours at [0] is "),
        (history_is_kept, "type", "the graph behind them is kept"),
        (new_parameter, "values", "The tensor `0.0.out.bias` of `ema` afterwards: Yours at [0] is "),
        (model_in_eval_mode, "mutates", "It changes `model`, which belongs to the caller."),
        (average_in_eval_mode, "correct", ""),
        (returns_it, "correct", ""),
    ],
)
def test_who_only_seems_to_average(attempt, finding, says):
    report = examine("ema_update", attempt)
    assert (report.finding, report.passed) == (finding, finding == "correct")
    assert says in report.message


# What the engine gives and gets


def test_what_is_compared_is_data():
    """The grader's worker sends it to another process: tensors and plain values, no modules, no optimizers."""
    for name in ("train_step", "ema_update"):
        quiz = find(name)
        for case in quiz.cases(torch.Generator().manual_seed(0)):
            outcome = Here(quiz, quiz.reference).perform("result", Trial(case), 60)
            assert outcome.returned
            assert all(isinstance(value, Array | int) for value in outcome.value.values())
            assert set(outcome.changed) == {quiz.arguments.index(quiz.changes[0])}


def network_and_optimizer():
    network = ToyConvDenoiser(2, 3, torch.Generator().manual_seed(0))
    return network, torch.optim.SGD(network.parameters(), 0.1)


def test_a_copied_optimizer_moves_the_copied_network():
    network, optimizer = network_and_optimizer()
    for case in [(network, optimizer), (optimizer, network), (partial(network, shift=1.0), optimizer)]:
        copied = moved_case(case, "cpu")
        (mine,) = (value for value in copied if isinstance(value, torch.optim.Optimizer))
        (other,) = (value for value in copied if value is not mine)
        learned = list((other.func if isinstance(other, partial) else other).parameters())
        assert all(a is b for a, b in zip(mine.param_groups[0]["params"], learned, strict=True))
        assert not any(a is b for a, b in zip(learned, network.parameters(), strict=True))


def test_a_change_deep_inside_is_seen():
    network, _ = network_and_optimizer()
    before = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(network))))
    for value in (before, partial(before, shift=1.0)):
        after = copy.deepcopy(value)
        assert not changed(value, after)
        inner = (after.func if isinstance(after, partial) else after)[0][0][0][0]
        inner.pace.add_(1)
        assert changed(value, after)


def count_up(network: nn.Module) -> None:
    """Add 1 to the module's buffer."""
    network.pace.add_(1)


def test_buffers_alone_can_be_what_changes(examined):
    quiz = Quiz(count_up, lambda g: [(ToyConvDenoiser(2, 3, g),)], 1, 1, ("Add.",), changes=("network",), calls=2)

    def adds_two(network):
        network.pace.add_(2)

    def replaces(network):
        network.pace = network.pace + 1

    def mine(network):
        network.pace += 1

    assert examined(quiz, mine).passed
    assert "The tensor `pace` of `network` afterwards" in examined(quiz, adds_two).message
    assert examined(quiz, replaces).finding == "values"


def test_numbers_drawn_beside_the_generator():
    def not_on_its_device(batch_size, timesteps, generator):
        return torch.randint(timesteps, (batch_size,), generator=generator)

    def another_seed(batch_size, timesteps, generator):
        return torch.randint(timesteps, (batch_size,), generator=torch.Generator().manual_seed(42))

    report = examine("sample_timesteps", not_on_its_device)
    assert (report.finding, "`device=generator.device`" in report.message) == ("device", True)
    report = examine("sample_timesteps", another_seed)
    assert (report.finding, "whatever `generator` is" in report.message) == ("ignores", True)


def test_a_wrong_number_says_for_which_numbers():
    def a_step_behind(step, steps, warmup_steps=100, final=0.02):
        return training.warmup_decay(max(step - 1, 0), steps, warmup_steps, final)

    message = examine("warmup_decay", a_step_behind).message
    assert "Yours is 0.04167, expected is 0.08333. Seen in `warmup_decay(1, " in message


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["sample_timesteps", "train_step", "ema_update"])
def test_on_a_gpu(name):
    quiz = find(name)
    for attempt in [alternative.attempt for alternative in quiz.alternatives]:
        assert examine(name, attempt, device="cuda").passed, attempt.__name__
    for mistake in quiz.mistakes:
        assert examine(name, mistake.attempt, device="cuda").mistake == mistake.name
