"""Training: each part of a step against its formula."""

import itertools
from copy import deepcopy
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib.reverse import p_losses
from course_lib.schedules import NoiseSchedule
from course_lib.training import (
    batch_indices,
    ema_decay,
    ema_update,
    epoch_order,
    flip_half,
    sample_timesteps,
    train_loop,
    train_step,
    warmup_decay,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_image_gets_a_time_step_of_its_own():
    t = sample_timesteps(10_000, 10, generator())
    assert t.dtype == torch.long
    counts = torch.bincount(t, minlength=10)
    assert len(counts) == 10
    assert counts.min() > 850  # 1,000 expected, standard deviation 30


@given(steps=st.integers(1, 3000), warmup=st.integers(0, 300), final=st.floats(0, 1))
def test_the_learning_rate_rises_to_one_and_falls_to_its_end(steps, warmup, final):
    factors = [warmup_decay(step, steps, warmup, final) for step in range(steps)]
    top = min(warmup, steps // 10)
    assert all(factor > 0 or final == 0 for factor in factors)
    assert max(factors) == pytest.approx(1)
    assert factors[:top] == sorted(factors[:top])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    if steps - top > 1:
        assert factors[-1] == pytest.approx(final)


def test_the_decay_is_half_way_in_the_middle():
    assert warmup_decay(550, 1001, 100, 0.1) == pytest.approx(0.55)


def test_a_constant_learning_rate_is_constant():
    assert {warmup_decay(step, 70, 0, 1.0) for step in range(70)} == {1.0}


def test_a_short_run_is_not_eaten_by_its_warm_up():
    assert warmup_decay(7, 70, 100) == 1


def test_the_average_knows_how_long_the_run_is():
    assert ema_decay(0, 10_000) == pytest.approx(0.1)
    assert ema_decay(9_999, 10_000) == 0.998
    assert ema_decay(99, 100) == pytest.approx(0.9)  # remembers a tenth of the run
    assert ema_decay(0, 1) == 0
    assert ema_decay(500, 1000, limit=0) == 0


def test_the_average_moves_towards_the_model():
    ema, model = nn.Linear(2, 2), nn.Linear(2, 2)
    expected = [0.9 * e.detach() + 0.1 * m.detach() for e, m in zip(ema.parameters(), model.parameters(), strict=True)]
    ema_update(ema, model, 0.9)
    for got, want in zip(ema.parameters(), expected, strict=True):
        torch.testing.assert_close(got.detach(), want)


@given(count=st.integers(1, 30), batch=st.integers(1, 40), seed=st.integers(0, 5))
def test_an_epoch_shows_every_image_once(count, batch, seed):
    steps = -(-3 * count // batch)
    seen = torch.cat([batch_indices(step, batch, count, seed) for step in range(steps)])
    for epoch in range(3):
        assert sorted(seen[epoch * count : (epoch + 1) * count].tolist()) == list(range(count))


def test_epochs_differ_in_order():
    first, second = batch_indices(0, 50, 50, 0), batch_indices(1, 50, 50, 0)
    assert not torch.equal(first, second)


def test_a_batch_across_the_end_of_an_epoch_goes_on_with_the_next():
    first, second = epoch_order(0, 7, seed=3), epoch_order(1, 7, seed=3)
    assert torch.equal(batch_indices(1, 5, 7, seed=3), torch.cat([first[5:], second[:3]]))


def test_half_of_the_images_are_mirrored():
    images = torch.arange(4.0).expand(4000, 1, 2, 4)
    flipped = (flip_half(images, generator())[:, 0, 0, 0] == 3).float().mean()
    assert flipped == pytest.approx(0.5, abs=0.04)


def test_a_train_step_is_plain_gradient_descent():
    model = nn.Conv2d(1, 1, 1)
    schedule, x, noise = NoiseSchedule.from_name("linear", 10), torch.ones(2, 1, 3, 3), torch.zeros(2, 1, 3, 3)
    t = torch.tensor([0, 9])
    loss = p_losses(lambda x, t: model(x), x, t, noise, schedule)
    before = [p.detach().clone() for p in model.parameters()]
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    got = train_step(lambda x, t: model(x), optimizer, x, t, noise, schedule, grad_clip=float(norm) / 2)
    assert got.item() == pytest.approx(loss.item())
    assert not got.requires_grad
    for p, old, gradient in zip(model.parameters(), before, gradients, strict=True):
        torch.testing.assert_close(p.detach(), old - 0.1 * gradient / 2, rtol=1e-4, atol=1e-6)


def test_old_gradients_do_not_leak_into_a_step():
    model = nn.Conv2d(1, 1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    schedule, x = NoiseSchedule.from_name("linear", 10), torch.ones(1, 1, 2, 2)
    step = partial(train_step, lambda x, t: model(x), optimizer, x, torch.tensor([3]), torch.zeros_like(x), schedule)
    step()
    first = model.weight.grad.clone()
    step()
    torch.testing.assert_close(model.weight.grad, first)


# The loop


class Pixelwise(nn.Conv2d):
    def forward(self, x, t):
        return super().forward(x)


def a_run(steps, lr=0.3):
    """What `train_loop` takes, up to `steps`; always the same."""
    torch.manual_seed(0)
    model = Pixelwise(1, 1, 1)
    ema = deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=9.0)  # which the loop has to change
    batches = torch.randn(steps + 3, 4, 1, 2, 2, generator=generator(1))
    return model, ema, optimizer, batches, steps, NoiseSchedule.from_name("cosine", 10), generator(2), lr


def test_the_loop_is_its_steps_one_after_the_other():
    model, ema, optimizer, batches, steps, schedule, draws, lr = a_run(30)
    expected = []
    for step in range(steps):
        t = torch.randint(10, (4,), generator=draws)
        noise = torch.randn(4, 1, 2, 2, generator=draws)
        optimizer.param_groups[0]["lr"] = lr * warmup_decay(step, steps)
        expected.append(train_step(model, optimizer, batches[step], t, noise, schedule, grad_clip=1.0))
        ema_update(ema, model, ema_decay(step, steps))
    again = a_run(30)
    assert torch.equal(torch.stack(list(train_loop(*again))), torch.stack(expected))
    assert torch.equal(again[0].weight, model.weight)
    assert torch.equal(again[1].weight, ema.weight)


def test_the_caller_may_look_between_two_steps_and_stop():
    """A generator: when a loss comes out, that step is done and the next has not begun."""
    model, ema, *rest = a_run(30)
    losses = train_loop(model, ema, *rest)
    start = model.weight.clone()
    assert torch.equal(model.weight, start)  # nothing is done before it is asked for
    next(losses)
    after_one = model.weight.clone(), ema.weight.clone()
    assert not torch.equal(after_one[0], start)
    losses.close()
    assert torch.equal(model.weight, after_one[0])
    assert torch.equal(ema.weight, after_one[1])


def test_the_loop_ends_after_its_steps_though_the_batches_do_not():
    run = list(a_run(5))
    run[3] = itertools.cycle(run[3])
    assert len(list(train_loop(*run))) == 5


def test_the_loss_of_a_loop_falls():
    losses = list(train_loop(*a_run(200)))
    assert torch.stack(losses[-40:]).mean() < 0.8 * torch.stack(losses[:10]).mean()
    assert not any(loss.requires_grad for loss in losses)
