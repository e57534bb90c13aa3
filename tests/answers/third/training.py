"""Answers to the new quizzes of chapter 09."""

from itertools import chain, islice
from itertools import count as counting

import torch
from torch import Tensor

from answers import right, wrong
from course_lib.reverse import p_losses
from course_lib.training import ema_decay, ema_update, epoch_order, sample_timesteps, train_step, warmup_decay

# batch_indices


@wrong("batch_indices", "starts over in the same epoch's order at its end")
def indices_same_order(step, batch_size, count, seed):
    start = step * batch_size
    order = epoch_order(start // count, count, seed)
    return order[(start + torch.arange(batch_size)) % count]


@wrong("batch_indices", "the last batch of an epoch is short")
def indices_short_batch(step, batch_size, count, seed):
    start = step * batch_size
    order = epoch_order(start // count, count, seed)
    return order[start % count : start % count + batch_size]


@wrong("batch_indices", "the rest of an epoch is dropped")
def indices_drop_last(step, batch_size, count, seed):
    per_epoch = count // batch_size
    epoch, place = divmod(step, per_epoch)
    return epoch_order(epoch, count, seed)[place * batch_size : (place + 1) * batch_size]


@wrong("batch_indices", "at most two epochs: too short if a batch is larger than an epoch")
def indices_two_epochs(step, batch_size, count, seed):
    epoch, place = divmod(step * batch_size, count)
    both = torch.cat([epoch_order(epoch, count, seed), epoch_order(epoch + 1, count, seed)])
    return both[place : place + batch_size]


@wrong("batch_indices", "always the order of epoch 0")
def indices_epoch_zero(step, batch_size, count, seed):
    places = (step * batch_size + torch.arange(batch_size)) % count
    return epoch_order(0, count, seed)[places]


@wrong("batch_indices", "seed and epoch are swapped")
def indices_seed_and_epoch(step, batch_size, count, seed):
    start = step * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = torch.cat([epoch_order(seed, count, epoch) for epoch in range(first, last + 1)])
    return orders[start - first * count :][:batch_size]


@wrong("batch_indices", "the seed plays no part")
def indices_without_seed(step, batch_size, count, seed):
    start = step * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = torch.cat([epoch_order(epoch, count, 0) for epoch in range(first, last + 1)])
    return orders[start - first * count :][:batch_size]


@wrong("batch_indices", "drawn with replacement")
def indices_with_replacement(step, batch_size, count, seed):
    generator = torch.Generator().manual_seed(seed + step)
    return torch.randint(count, (batch_size,), generator=generator)


@wrong("batch_indices", "not shuffled")
def indices_in_order(step, batch_size, count, seed):
    return torch.arange(step * batch_size, (step + 1) * batch_size) % count


@wrong("batch_indices", "step is taken for the place")
def indices_step_as_place(step, batch_size, count, seed):
    first, last = step // count, (step + batch_size - 1) // count
    orders = torch.cat([epoch_order(epoch, count, seed) for epoch in range(first, last + 1)])
    return orders[step - first * count :][:batch_size]


@wrong("batch_indices", "the batch after the one that was asked for")
def indices_next_batch(step, batch_size, count, seed):
    start = (step + 1) * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = torch.cat([epoch_order(epoch, count, seed) for epoch in range(first, last + 1)])
    return orders[start - first * count :][:batch_size]


@wrong("batch_indices", "the epoch is counted in batches, rounded down, but the place is not")
def indices_epoch_by_batches(step, batch_size, count, seed):
    epoch = step // (count // batch_size)
    places = (step * batch_size + torch.arange(batch_size)) % count
    return epoch_order(epoch, count, seed)[places]


@wrong("batch_indices", "epochs are counted from 1")
def indices_epochs_from_one(step, batch_size, count, seed):
    start = step * batch_size
    picked = [epoch_order(1 + place // count, count, seed)[place % count] for place in range(start, start + batch_size)]
    return torch.stack(picked)


@wrong("batch_indices", "the next epoch's part comes from its end")
def indices_end_of_next(step, batch_size, count, seed):
    epoch, place = divmod(step * batch_size, count)
    batch = epoch_order(epoch, count, seed)[place : place + batch_size]
    missing = batch_size - len(batch)
    if missing:
        batch = torch.cat([batch, epoch_order(epoch + 1, count, seed)[-missing:]])
    return batch


@wrong("batch_indices", "an order of its own by randperm")
def indices_own_order(step, batch_size, count, seed):
    start = step * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = [
        torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch)) for epoch in range(first, last + 1)
    ]
    return torch.cat(orders)[start - first * count :][:batch_size]


@wrong("batch_indices", "a list of numbers")
def indices_list(step, batch_size, count, seed):
    start = step * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = torch.cat([epoch_order(epoch, count, seed) for epoch in range(first, last + 1)])
    return orders[start - first * count :][:batch_size].tolist()


@wrong("batch_indices", "the last epoch is missing if the batch lies across an end")
def indices_last_epoch_missing(step, batch_size, count, seed):
    start = step * batch_size
    first, last = start // count, (start + batch_size - 1) // count
    orders = [epoch_order(first, count, seed)] + [epoch_order(epoch, count, seed) for epoch in range(first + 1, last)]
    return torch.cat(orders)[start % count :][:batch_size]


@right("batch_indices", "all epochs that the batch touches")
def indices_by_epochs(step: int, batch_size: int, count: int, seed: int) -> Tensor:
    start, stop = step * batch_size, (step + 1) * batch_size
    epochs = range(start // count, -(-stop // count))
    orders = torch.cat([epoch_order(epoch, count, seed) for epoch in epochs])
    offset = epochs[0] * count
    return orders[start - offset : stop - offset]


@right("batch_indices", "place by place, with divmod")
def indices_by_places(step, batch_size, count, seed):
    orders, picked = {}, []
    for place in range(step * batch_size, (step + 1) * batch_size):
        epoch, rest = divmod(place, count)
        if epoch not in orders:
            orders[epoch] = epoch_order(epoch, count, seed).tolist()
        picked.append(orders[epoch][rest])
    return torch.tensor(picked, dtype=torch.long)


@right("batch_indices", "fills up until the batch is whole")
def indices_fill_up(step, batch_size, count, seed):
    epoch, place = divmod(step * batch_size, count)
    batch = torch.empty(0, dtype=torch.long)
    while len(batch) < batch_size:
        missing = batch_size - len(batch)
        batch = torch.cat([batch, epoch_order(epoch, count, seed)[place : place + missing]])
        epoch, place = epoch + 1, 0
    return batch


@right("batch_indices", "an endless chain of orders, cut by islice")
def indices_by_islice(step, batch_size, count, seed):
    epoch, place = divmod(step * batch_size, count)
    orders = (epoch_order(later, count, seed).tolist() for later in counting(epoch))
    return torch.tensor(list(islice(chain.from_iterable(orders), place, place + batch_size)))


@right("batch_indices", "masks for each epoch")
def indices_by_masks(step, batch_size, count, seed):
    places = step * batch_size + torch.arange(batch_size)
    epochs = torch.div(places, count, rounding_mode="floor")
    out = torch.zeros(batch_size, dtype=torch.long)
    for epoch in epochs.unique().tolist():
        here = epochs == epoch
        out[here] = epoch_order(epoch, count, seed)[places[here] - epoch * count]
    return out


# train_loop


def _draw(x_start, schedule, generator):
    t = sample_timesteps(len(x_start), schedule.timesteps, generator)
    noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
    return t.to(x_start.device), noise.to(x_start.device)


@wrong("train_loop", "the learning rate stays as it is")
def loop_without_rate(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "the learning rate is set after the step, for the next one")
def loop_rate_late(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "only the first group gets the learning rate")
def loop_first_group(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        optimizer.param_groups[0]["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "the factors are multiplied with each other from step to step")
def loop_rate_compounds(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for group in optimizer.param_groups:
        group["lr"] = lr
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] *= warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "the factor alone is the learning rate")
def loop_rate_is_factor(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "steps are counted from 1")
def loop_from_one(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    batches = iter(batches)
    for step in range(1, steps + 1):
        x_start = next(batches)
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "ema does not follow")
def loop_without_ema(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        yield train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)


@wrong("train_loop", "ema follows before the step")
def loop_ema_early(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        ema_update(ema, model, ema_decay(step, steps))
        yield train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)


@wrong("train_loop", "the model follows ema")
def loop_ema_swapped(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(model, ema, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "a fixed decay")
def loop_fixed_decay(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, 0.999)
        yield loss


@wrong("train_loop", "grad_clip is not passed on")
def loop_without_clip(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "the noise is drawn before t")
def loop_noise_first(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "the noise does not come from the generator")
def loop_randn_like(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn_like(x_start)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "returns a list of the losses when all is done")
def loop_returns_list(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    losses = []
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        losses.append(train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip))
        ema_update(ema, model, ema_decay(step, steps))
    return losses


@wrong("train_loop", "the loss comes before ema has followed")
def loop_yields_early(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        yield train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))


@wrong("train_loop", "the first batch in every step")
def loop_first_batch(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    x_start = next(iter(batches))
    for step in range(steps):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "next(batches), which raises for a list")
def loop_next_of_list(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step in range(steps):
        x_start = next(batches)
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "all batches, whatever steps says")
def loop_all_batches(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in enumerate(batches):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "one step less")
def loop_one_less(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps - 1), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@wrong("train_loop", "numbers instead of tensors")
def loop_items(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss.item()


@right("train_loop", "an iterator and next")
def loop_by_next(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    source = iter(batches)
    for step in range(steps):
        x_start = next(source)
        t = sample_timesteps(x_start.shape[0], schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        rate = lr * warmup_decay(step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@right("train_loop", "islice, and the rate set before the draws")
def loop_by_islice(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in enumerate(islice(batches, steps)):
        for group in optimizer.param_groups:
            group.update(lr=lr * warmup_decay(step, steps))
        t, noise = _draw(x_start, schedule, generator)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, "l2", "noise", grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@right("train_loop", "the step by hand")
def loop_by_hand(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = p_losses(model, x_start, t, noise, schedule)
        optimizer.zero_grad()
        loss.backward()
        if grad_clip is not None:
            weights = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, grad_clip)
        optimizer.step()
        decay = ema_decay(step, steps)
        with torch.no_grad():
            for slow, fast in zip(ema.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
        yield loss.detach()


@right("train_loop", "an inner function for the step, and yield from")
def loop_by_map(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    def one(step, x_start):
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = warmup_decay(step, steps) * lr
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        return loss

    yield from map(one, range(steps), batches)


@right("train_loop", "enumerate with a break, which takes one batch more than it uses")
def loop_by_break(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in enumerate(batches):
        if step >= steps:
            break
        t, noise = _draw(x_start, schedule, generator)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss
