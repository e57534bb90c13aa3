"""Answers to the quizzes of chapter 09."""

import math
from copy import deepcopy
from itertools import cycle

import torch
from torch import Tensor, nn

from answers import right, wrong
from course_lib.forward import q_sample
from course_lib.reverse import p_losses
from course_lib.schedules import NoiseSchedule
from course_lib.training import ema_decay, ema_update, epoch_order, sample_timesteps, train_step, warmup_decay
from course_lib.types import LossType, Model, Predicts


@wrong("sample_timesteps", "randint leaves the upper end out anyway: the last step never comes")
def last_step_never(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    return torch.randint(0, timesteps - 1, (batch_size,), generator=generator)


@wrong("sample_timesteps", "the paper's count, 1 ... T")
def from_one_to_t(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    return torch.randint(1, timesteps + 1, (batch_size,), generator=generator)


@wrong("sample_timesteps", "one step for the whole batch")
def one_for_all(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    t = torch.randint(0, timesteps, (1,), generator=generator)
    return t.repeat(batch_size)


@wrong("sample_timesteps", "without repetition: not independent, and too few for a large batch")
def from_a_permutation(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(timesteps, generator=generator)[:batch_size]


@wrong("sample_timesteps", "antithetic halves, as in the DDIM code")
def antithetic(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    t = torch.randint(low=0, high=timesteps, size=(batch_size // 2 + 1,), generator=generator)
    return torch.cat([t, timesteps - t - 1], dim=0)[:batch_size]


@wrong("sample_timesteps", "a seed of its own: the same steps in each call")
def seeded_again(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    generator = torch.Generator(generator.device).manual_seed(generator.initial_seed())
    return torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)


@wrong("sample_timesteps", "floats between the steps")
def continuous_time(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    return torch.rand(batch_size, generator=generator, device=generator.device) * timesteps


@wrong("sample_timesteps", "two mistakes: ignores the generator, and a column (B, 1)")
def a_column_of_its_own(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    return torch.randint(0, timesteps, (batch_size, 1), device=generator.device).long()


@right("sample_timesteps", "all by keyword, size from an empty tensor")
def by_keyword(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    shape = torch.empty(batch_size).shape
    return torch.randint(
        low=0, high=timesteps, size=shape, generator=generator, dtype=torch.int64, device=generator.device
    )


@right("sample_timesteps", "into a tensor made before")
def written_into(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    t = torch.zeros(batch_size, dtype=torch.long, device=generator.device)
    torch.randint(0, timesteps, t.shape, generator=generator, out=t)
    return t


@right("sample_timesteps", "a column, squeezed; the device read from the generator into a variable")
def column_squeezed(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    place = generator.device
    column = torch.randint(timesteps, [batch_size, 1], generator=generator, device=place)
    return column[:, 0].contiguous()


@wrong("train_step", "old gradients are never forgotten")
def gradients_pile_up(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        for group in optimizer.param_groups:
            nn.utils.clip_grad_norm_(group["params"], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "each parameter's gradient is cut by itself")
def clipped_one_by_one(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        for group in optimizer.param_groups:
            for p in group["params"]:
                nn.utils.clip_grad_norm_(p, grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "the gradients are cut before there are any")
def clipped_too_early(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    if grad_clip is not None:
        nn.utils.clip_grad_norm_(parameters, grad_clip)
    loss.backward()
    optimizer.step()
    return loss.detach()


@wrong("train_step", "always the noise as target, whatever the model predicts")
def always_the_noise(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    losses = {"l1": nn.functional.l1_loss, "l2": nn.functional.mse_loss, "huber": nn.functional.huber_loss}
    optimizer.zero_grad()
    x_t = q_sample(x_start, t, noise, schedule)
    loss = losses[loss_type](model(x_t, t), noise)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "the loss is computed anew after the step")
def loss_after_the_step(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    optimizer.zero_grad()
    p_losses(model, x_start, t, noise, schedule, loss_type, predicts).backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    with torch.no_grad():
        return p_losses(model, x_start, t, noise, schedule, loss_type, predicts)


@wrong("train_step", "gives a Python number")
def loss_as_a_number(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    optimizer.zero_grad(set_to_none=True)
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], max_norm=grad_clip)
    optimizer.step()
    return loss.item()


@wrong("train_step", "cuts the first parameter group only")
def first_group_only(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "two mistakes: noise of its own, and the loss drags its graph along")
def own_noise_with_graph(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    noise = torch.randn_like(x_start)
    loss = p_losses(model, x_start, t, noise, schedule, loss_type=loss_type, predicts=predicts)
    optimizer.zero_grad()
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss


@right("train_step", "the norm of all gradients and the factor by hand")
def clipped_by_hand(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        norm = torch.cat([g.flatten() for g in grads]).norm()
        if norm > grad_clip:
            for g in grads:
                g *= grad_clip / norm
    optimizer.step()
    return loss.data.clone()


@right("train_step", "gradients forgotten just before backward, an infinite limit in place of None")
def infinite_limit(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    loss = p_losses(model, x_start, t, noise, schedule, predicts=predicts, loss_type=loss_type)
    params = []
    for group in optimizer.param_groups:
        params.extend(group["params"])
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    nn.utils.clip_grad_norm_(params, math.inf if grad_clip is None else grad_clip)
    optimizer.step()
    return loss.detach().clone().squeeze()


@right("train_step", "a closure handed to optimizer.step")
def with_a_closure(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: LossType = "l2",
    predicts: Predicts = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    def closure():
        optimizer.zero_grad()
        loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
        loss.backward()
        if grad_clip is not None:
            nn.utils.clip_grad_norm_((p for g in optimizer.param_groups for p in g["params"]), grad_clip)
        return loss

    return optimizer.step(closure).detach()


@wrong("warmup_decay", "as in transformers: the rise begins at 0")
def rises_from_zero(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    warmup_steps = min(warmup_steps, steps // 10)
    if step < warmup_steps:
        return step / max(1, warmup_steps)
    progress = (step - warmup_steps) / max(1, steps - 1 - warmup_steps)
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))


@wrong("warmup_decay", "the warm-up may take the whole of a short run")
def warmup_unlimited(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    d = (step - warmup_steps) / max(steps - 1 - warmup_steps, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "does not arrive: d is less than 1 at the last step")
def never_arrives(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / (steps - w)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "final as a floor under the cosine, not as its end")
def final_as_a_floor(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return max(final, (1 + math.cos(math.pi * d)) / 2)


@wrong("warmup_decay", "the tenth is rounded up")
def tenth_rounded_up(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = min(warmup_steps, math.ceil(steps / 10))
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "the cosine runs since step 0, so it jumps at the end of the warm-up")
def cosine_since_the_start(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = step / max(steps - 1, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "a quarter of a cosine wave")
def quarter_wave(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * math.cos(math.pi / 2 * d)


@wrong("warmup_decay", "two mistakes: degrees for radians, and final is only added")
def in_degrees(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 + math.cos(180 * d)) / 2


@right("warmup_decay", "the squared cosine of the half angle")
def half_angle(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = warmup_steps if warmup_steps < steps // 10 else steps // 10
    if step <= w:
        return (1 + step) / (1 + w)
    angle = 0.5 * math.pi * (step - w) / (steps - w - 1)
    return math.cos(angle) ** 2 + final * math.sin(angle) ** 2


@right("warmup_decay", "the whole curve as a tensor, and one value of it")
def from_the_curve(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    w = int(min(warmup_steps, math.floor(steps / 10)))
    up = torch.arange(1, w + 1, dtype=torch.float64) / (w + 1)
    wave = torch.linspace(0, math.pi, steps - w, dtype=torch.float64).cos()
    down = final + (1 - final) * (wave + 1) / 2
    return torch.cat([up, down])[step].item()


@right("warmup_decay", "a helper for each part, one conditional expression")
def two_helpers(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    length = min(warmup_steps, steps // 10)
    left = steps - 1 - length

    def rise(n: int) -> float:
        return (n + 1) / (length + 1)

    def fall(n: int) -> float:
        d = n / left if left > 0 else 0.0
        return (1 + final) / 2 + (1 - final) / 2 * math.cos(math.pi * d)

    return rise(step) if step < length else fall(step - length)


@wrong("ema_update", "weights swapped: the average keeps the small share")
@torch.no_grad()
def shares_swapped(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average.lerp_(new, decay)


@wrong("ema_update", "moves the model towards the average")
@torch.no_grad()
def moves_the_model(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        new.mul_(1 - decay).add_(average, alpha=decay)
        average.copy_(new)


@wrong("ema_update", "only a name is bound anew, nothing changes")
@torch.no_grad()
def only_a_name(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average = decay * average + (1 - decay) * new


@wrong("ema_update", "leaves out what needs no gradient, and an average usually needs none")
@torch.no_grad()
def skips_frozen(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        if average.requires_grad:
            average.mul_(decay).add_(new, alpha=1 - decay)


@wrong("ema_update", "the new weights come in whole: they should be weighed with 1 - decay")
@torch.no_grad()
def added_in_full(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average.mul_(decay)
        average.add_(new)


@wrong("ema_update", "weights only, no biases")
@torch.no_grad()
def weights_without_biases(ema: nn.Module, model: nn.Module, decay: float) -> None:
    current = dict(model.named_parameters())
    for name, average in ema.named_parameters():
        if "bias" not in name:
            average.copy_(decay * average + (1 - decay) * current[name])


@wrong("ema_update", "gives a new network and leaves the old average as it was")
@torch.no_grad()
def a_new_network(ema: nn.Module, model: nn.Module, decay: float) -> None:
    result = deepcopy(ema)
    for average, new in zip(result.parameters(), model.parameters(), strict=True):
        average.data = decay * average.data + (1 - decay) * new.data
    return result


@wrong("ema_update", "two mistakes: only the outermost layers, and the difference has the wrong sign")
@torch.no_grad()
def away_from_the_model(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for ema_layer, layer in zip(ema.children(), model.children(), strict=True):
        for average, new in zip(ema_layer.parameters(recurse=False), layer.parameters(recurse=False), strict=True):
            average += (1 - decay) * (average - new)


@right("ema_update", "as the difference that is taken away, as in Heusel's notation")
@torch.no_grad()
def difference_taken_away(ema: nn.Module, model: nn.Module, decay: float) -> None:
    for average, new in zip(ema.parameters(), model.parameters(), strict=True):
        average -= (1 - decay) * (average - new)


@right("ema_update", "by name, with .data and copy_")
@torch.no_grad()
def by_name(ema: nn.Module, model: nn.Module, decay: float) -> None:
    new = {name: p.detach().clone() for name, p in model.named_parameters()}
    for name, p in ema.named_parameters():
        p.data.copy_(p.data * decay + new[name] * (1.0 - decay))


@right("ema_update", "all at once with torch._foreach")
@torch.no_grad()
def foreach(ema: nn.Module, model: nn.Module, decay: float) -> None:
    averages, current = list(ema.parameters()), list(model.parameters())
    torch._foreach_mul_(averages, decay)
    torch._foreach_add_(averages, current, alpha=1 - decay)


def one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip):
    """A right step of a training loop, which the answers below put together wrongly."""
    t = sample_timesteps(x_start.shape[0], schedule.timesteps, generator)
    noise = torch.randn(x_start.shape, generator=generator, device=x_start.device)
    for group in optimizer.param_groups:
        group["lr"] = lr * warmup_decay(step, steps)
    loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
    ema_update(ema, model, ema_decay(step, steps))
    return loss


@wrong("train_loop", "the steps are counted from 1 in every formula")
def counted_from_one(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(1, steps + 1), batches, strict=False):
        yield one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)


@wrong("train_loop", "the last step is missing")
def last_step_missing(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in enumerate(batches):
        if step >= steps - 1:
            return
        yield one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)


@wrong("train_loop", "one step too many, if there are batches left")
def one_step_too_many(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in enumerate(batches):
        yield one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)
        if step == steps:
            return


@wrong("train_loop", "the gradient is never cut")
def never_cut(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        yield one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, None)


@wrong("train_loop", "the average is a copy of the model")
def average_is_a_copy(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        loss = one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)
        ema.load_state_dict(model.state_dict())
        yield loss


@wrong("train_loop", "shuffled with a seed of its own in every step: t and noise are the same each time")
def seeded_in_every_step(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        generator.manual_seed(0)
        yield one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)


@wrong("train_loop", "returns the last loss only")
def last_loss_only(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    loss = None
    for step, x_start in zip(range(steps), batches, strict=False):
        loss = one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)
    return loss


@wrong("train_loop", "a mean so far instead of the loss of the step")
def running_mean(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    total = 0.0
    for step, x_start in zip(range(steps), batches, strict=False):
        total = total + one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)
        yield total / (step + 1)


@wrong("train_loop", "the average follows in every second step only")
def every_second_step(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        before = deepcopy(ema.state_dict())
        loss = one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)
        if step % 2:
            ema.load_state_dict(before)
        yield loss


@right("train_loop", "the step in a function of its own")
def step_in_a_function(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        yield one_step(model, ema, optimizer, x_start, step, steps, schedule, generator, lr, grad_clip)


@right("train_loop", "a while loop with a counter, and the batches over and over")
def while_loop(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    step, source = 0, cycle(batches)
    while step < steps:
        yield one_step(model, ema, optimizer, next(source), step, steps, schedule, generator, lr, grad_clip)
        step += 1


@right("train_loop", "gradients by hand, without train_step")
def without_train_step(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t = torch.randint(schedule.timesteps, (len(x_start),), generator=generator, device=generator.device)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = (model(q_sample(x_start, t, noise, schedule), t) - noise).square().mean()
        optimizer.zero_grad()
        loss.backward()
        if grad_clip is not None:
            nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], grad_clip)
        optimizer.step()
        decay = ema_decay(step, steps)
        with torch.no_grad():
            for average, new in zip(ema.parameters(), model.parameters(), strict=True):
                average.mul_(decay).add_(new, alpha=1 - decay)
        yield loss.detach()


@wrong("batch_indices", "shuffles anew in every step")
def shuffled_in_every_step(step, batch_size, count, seed):
    generator = torch.Generator().manual_seed(seed + step)
    return torch.randperm(count, generator=generator)[:batch_size]


@wrong("batch_indices", "the same epoch for ever")
def one_epoch_for_ever(step, batch_size, count, seed):
    order = epoch_order(0, count, seed)
    return torch.stack([order[(step * batch_size + i) % count] for i in range(batch_size)])


@wrong("batch_indices", "stops at the end of the epoch")
def stops_at_the_end(step, batch_size, count, seed):
    start = step * batch_size % count
    return epoch_order(step * batch_size // count, count, seed)[start : start + batch_size]


@wrong("batch_indices", "random numbers, so some images come twice in an epoch")
def random_numbers(step, batch_size, count, seed):
    return torch.randint(count, (batch_size,), generator=torch.Generator().manual_seed(seed * 1_000_003 + step))


@wrong("batch_indices", "the next epoch begins at the place where this one ended")
def joined_too_late(step, batch_size, count, seed):
    epoch, first = divmod(step * batch_size, count)
    both = torch.cat([epoch_order(epoch, count, seed)[first:], epoch_order(epoch + 1, count, seed)[first:]])
    return both[:batch_size]


@wrong("batch_indices", "seed and epoch have changed places")
def places_changed(step, batch_size, count, seed):
    start = step * batch_size
    numbers = [divmod(place, count) for place in range(start, start + batch_size)]
    return torch.stack([epoch_order(seed, count, epoch)[place] for epoch, place in numbers])


@wrong("batch_indices", "one image too few")
def one_too_few(step, batch_size, count, seed):
    numbers = [divmod(place, count) for place in range(step * batch_size, (step + 1) * batch_size - 1)]
    return torch.tensor([int(epoch_order(epoch, count, seed)[place]) for epoch, place in numbers])


@wrong("batch_indices", "floats")
def as_floats(step, batch_size, count, seed):
    numbers = [divmod(place, count) for place in range(step * batch_size, (step + 1) * batch_size)]
    return torch.tensor([float(epoch_order(epoch, count, seed)[place]) for epoch, place in numbers])


@right("batch_indices", "into an empty tensor, place by place")
def into_an_empty_tensor(step, batch_size, count, seed):
    found = torch.empty(batch_size, dtype=torch.long)
    for i in range(batch_size):
        place = step * batch_size + i
        found[i] = epoch_order(place // count, count, seed)[place % count]
    return found


@right("batch_indices", "two epochs are joined, and more where a batch is larger")
def enough_epochs(step, batch_size, count, seed):
    epoch, first = divmod(step * batch_size, count)
    orders = [epoch_order(epoch + k, count, seed) for k in range(batch_size // count + 2)]
    return torch.cat(orders)[first : first + batch_size]


@right("batch_indices", "all steps from the first, with a list that is filled and emptied")
def filled_and_emptied(step, batch_size, count, seed):
    left, epoch = [], 0
    for _ in range(step + 1):
        while len(left) < batch_size:
            left += epoch_order(epoch, count, seed).tolist()
            epoch += 1
        batch, left = left[:batch_size], left[batch_size:]
    return torch.tensor(batch)
