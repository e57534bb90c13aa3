"""Quiz `train_loop` of chapter 09."""

import copy
import itertools
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from course_lib import training
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import ToyConvDenoiser
from course_lib.reverse import p_losses
from course_lib.schedules import NoiseSchedule
from course_lib.training import ema_decay, ema_update, sample_timesteps, train_step, warmup_decay


class Stream(nn.Module):
    """Batches that come one after the other, as from a generator: no length, no places.

    A Module, so that it moves to another device together with the networks.
    """

    def __init__(self, batches: list[Tensor]):
        super().__init__()
        for number, batch in enumerate(batches):
            self.register_buffer(f"batch_{number}", batch)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(list(self.buffers()))


class QuieterInEval(ToyConvDenoiser):
    """Says less in eval mode, as a network with dropout would say something else."""

    def forward(self, x: Tensor, t: Tensor, shift: float = 0.0) -> Tensor:
        return super().forward(x, t, shift) * (1.0 if self.training else 0.5)


def short_runs(g: torch.Generator) -> list[tuple]:
    """Runs of some steps: fresh networks, an average that starts elsewhere, more batches than steps, uneven batches."""
    cases = []
    for seed, (channels, width, steps, more, adam, clip) in enumerate(
        [(1, 3, 14, 0, False, 0.3), (2, 3, 11, 2, True, None), (1, 4, 3, 1, False, 50.0)]
    ):
        model = QuieterInEval(channels, width, g)
        ema = copy.deepcopy(model).requires_grad_(False).eval()
        with torch.no_grad():
            for parameter in ema.parameters():
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=g))
        groups = [{"params": model.into.parameters()}, {"params": model.out.parameters()}]
        optimizer = torch.optim.AdamW(groups) if adam else torch.optim.SGD(groups, momentum=0.6)
        sizes = [3 + (7 * number) % 3 for number in range(steps + more)]
        batches: list[Tensor] | Stream = [torch.randn(size, channels, 4, 3, generator=g) for size in sizes]
        if adam:
            batches = Stream(list(batches))
        schedule = NoiseSchedule.from_name(("linear", "cosine")[seed % 2], (30, 50)[adam])
        generator = torch.Generator().manual_seed(int(torch.randint(1_000_000, (), generator=g)))
        lr = 0.03 if adam else 0.4
        cases.append((model, ema, optimizer, batches, steps, schedule, generator, lr, clip))
    return cases


train_loop = Quiz(
    training.train_loop,
    cases=short_runs,
    points=4,
    minutes=20,
    difficulty=3,
    importance=5,
    hints=(
        "One pass of the loop is one step: a batch, its t, its noise, the learning rate, `train_step`, `ema_update`. "
        "In which order?",
        "`for step, x_start in zip(range(steps), batches):` gives the number and the batch. An optimizer keeps its "
        "learning rate in each of `optimizer.param_groups`, under `lr`.",
        "sample_timesteps; torch.randn with generator and device; group['lr'] = lr * warmup_decay(step, steps); "
        "train_step with grad_clip; ema_update with ema_decay(step, steps); yield loss",
    ),
    atol=1e-4,
    changes=("model", "ema", "optimizer"),
    learns=("model",),
)


T = "t = sample_timesteps(len(x_start), schedule.timesteps, generator)"
NOISE = "noise = torch.randn(x_start.shape, generator=generator, device=generator.device)"
GROUPS, RATE = "for group in optimizer.param_groups:", 'group["lr"] = lr * warmup_decay(step, steps)'
STEP = "loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)"
AVERAGE = "ema_update(ema, model, ema_decay(step, steps))"

train_loop.edits(
    average_before_the_step=(
        f"{AVERAGE} -> pass",
        f"{STEP} -> {AVERAGE}; {STEP}",
        "The average moves before the step, so it always misses the newest weights. Which of the two comes first?",
    ),
    no_average=(
        f"{AVERAGE} -> pass",
        "`ema` stays as it was. Which of your functions lets it follow the model?",
    ),
    average_into_the_model=(
        f"{AVERAGE} -> ema_update(model, ema, ema_decay(step, steps))",
        "The model is pulled towards the average. Which argument of `ema_update` is the one that moves?",
    ),
    fixed_decay=(
        "ema_decay(step, steps) -> 0.99",
        "The decay of the average is the same in every step, so it remembers its bad beginning. "
        "Which function gives the decay of a step?",
    ),
    decay_of_long_runs=(
        "ema_decay(step, steps) -> 0.999",
        "The average keeps 0.999 of itself in every step, so it remembers its bad beginning. "
        "Which function gives the decay of a step?",
    ),
    loss_before_the_average=(
        f"{AVERAGE} -> pass",
        f"yield loss -> yield loss; {AVERAGE}",
        "A loss comes before `ema` has followed. Who takes `steps` losses and no more never gets the last average: "
        "where does the `yield` belong?",
    ),
    rate_never_set=(
        f"{RATE} -> pass",
        "The learning rate stays what the optimizer was made with. Who tells it the rate of this step?",
    ),
    rate_after_the_step=(
        f"{RATE} -> pass",
        f"{AVERAGE} -> {AVERAGE}; [g.update(lr=lr * warmup_decay(step, steps)) for g in optimizer.param_groups]",
        "The learning rate is set after the step, so each step has that of the one before. "
        "When does `train_step` read it?",
    ),
    rate_is_the_factor=(
        "lr * warmup_decay -> warmup_decay",
        "The learning rate is the factor alone. Of what is it a factor?",
    ),
    rate_multiplied_up=(
        f"{RATE} -> group['lr'] *= warmup_decay(step, steps)",
        "The factors of all steps are multiplied together: the rate is what is left of the one before. "
        "Of which number is it a factor?",
    ),
    rate_counts_from_one=(
        "warmup_decay(step, steps) -> warmup_decay(step + 1, steps)",
        "The learning rate is one step ahead. From which number does `step` count?",
    ),
    steps_count_from_one=(
        "islice(batches, steps)): -> islice(batches, steps), 1):",
        "The learning rate and the decay of the average are both one step ahead. Which number has the first step?",
    ),
    decay_counts_from_one=(
        "ema_decay(step, steps) -> ema_decay(step + 1, steps)",
        "The decay of the average is one step ahead. From which number does `ema_decay` count?",
    ),
    constant_rate=(
        "lr * warmup_decay(step, steps) -> lr",
        "The learning rate is `lr` in every step. Which function says how it rises and falls?",
    ),
    first_group_only=(
        f"{GROUPS} -> for group in optimizer.param_groups[:1]:",
        "Only the first group of parameters gets the new learning rate. How many can an optimizer have?",
    ),
    one_step_early=(
        "islice(batches, steps) -> islice(batches, steps - 1)",
        "The loop ends one step early. How many losses are there after `steps` steps?",
    ),
    all_batches=(
        "islice(batches, steps) -> batches",
        "It trains as long as there are batches. What says when to stop?",
    ),
    not_cut=(
        ", grad_clip=grad_clip ->",
        "`grad_clip` does not reach the step: the gradient is never cut. Which argument of `train_step` is it?",
    ),
    always_cut_to_one=(
        "grad_clip=grad_clip -> grad_clip=1.0",
        "The gradient is cut to 1, whatever `grad_clip` says. How does the caller's number get there?",
    ),
    noise_first=(
        f"{T} -> pass",
        f"{NOISE} -> {NOISE}; {T}",
        "The noise is drawn before t, so the same generator gives another run. Which comes first in the docstring?",
    ),
    noise_of_torch=(
        f"{NOISE} -> noise = torch.randn_like(x_start)",
        "The noise does not come from `generator`. Who could then repeat this run?",
    ),
    uniform_noise=(
        "torch.randn( -> torch.rand(",
        "The noise is uniform on 0 to 1. Which distribution does the forward process add?",
    ),
    one_t_for_the_batch=(
        "sample_timesteps(len(x_start), -> sample_timesteps(1,",
        "schedule.timesteps, generator) -> schedule.timesteps, generator).expand(len(x_start))",
        "All images of a batch share one t. How many should be drawn?",
    ),
    eval_mode=(
        f"{T} -> model.eval(); {T}",
        "The model trains in `eval` mode: dropout, if it had any, would be off. Which mode does training want?",
    ),
    trains_twice=(
        f"{STEP} -> train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip); {STEP}",
        "Each batch is trained on twice. How often does one pass of the loop call `train_step`?",
    ),
    a_number=(
        "yield loss -> yield loss.item()",
        "Python numbers come out. `item` waits for the device in every step: what does `train_step` return?",
    ),
    step_and_loss=(
        "yield loss -> yield step, loss",
        "Pairs come out. The caller can count by itself: what should each `yield` give?",
    ),
)


@train_loop.mistake(
    "Every step has the same t and the same noise: they are drawn once, before the loop. What is new in each step?"
)
def drawn_once(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    first = next(iter(batches))
    t = sample_timesteps(len(first) + 9, schedule.timesteps, generator)
    noise = torch.randn(len(first) + 9, *first.shape[1:], generator=generator, device=generator.device)
    for step, x_start in zip(range(steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        b = len(x_start)
        loss = train_step(model, optimizer, x_start, t[:b], noise[:b], schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@train_loop.mistake("Every step sees the first batch again. Where does the loop ask for the next one?")
def always_the_first_batch(model, ema, optimizer, batches, *how):
    return training.train_loop(model, ema, optimizer, itertools.repeat(next(iter(batches))), *how)


@train_loop.mistake(
    "All losses come back at once, in a list or tuple. Who watches wants each when its step is done: `yield` it."
)
def all_in_a_list(*args):
    return list(training.train_loop(*args))


@train_loop.mistake(
    "All steps are done before the first loss comes. Who watches wants each loss as soon as its step is done."
)
def all_steps_first(*args):
    return iter(list(training.train_loop(*args)))


@train_loop.mistake(
    "The factors of all steps are multiplied together, beginning with `lr`. Each step's rate is `lr` times its own."
)
def rates_compound(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for group in optimizer.param_groups:
        group["lr"] = lr
    for step, x_start in zip(range(steps), batches, strict=False):
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] *= warmup_decay(step, steps)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@train_loop.mistake("The average moves once, when all steps are done. How often should it follow the model?")
def average_at_the_end(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        yield train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
    ema_update(ema, model, ema_decay(steps - 1, steps))


@train_loop.mistake("Old gradients pile up: `backward` adds to what it finds. Does your loop call `train_step`?")
def gradients_pile_up(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        loss = p_losses(model, x_start, t, noise, schedule)
        loss.backward()
        if grad_clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), grad_clip)
        optimizer.step()
        ema_update(ema, model, ema_decay(step, steps))
        yield loss.detach()


@train_loop.mistake(
    "The losses still hang on their graphs, so a list of them keeps the memory of every step. "
    "What cuts a tensor off its graph?"
)
def keeps_the_graphs(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_decay(step, steps)
        optimizer.zero_grad()
        loss = p_losses(model, x_start, t, noise, schedule)
        loss.backward()
        if grad_clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), grad_clip)
        optimizer.step()
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@train_loop.alternative("With `zip`, which ends with the shorter of the two.")
def with_zip(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for step, x_start in zip(range(steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = warmup_decay(step, steps) * lr
        t = sample_timesteps(x_start.shape[0], schedule.timesteps, generator)
        noise = torch.empty_like(x_start).normal_(generator=generator)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, "l2", "noise", grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@train_loop.alternative("An iterator that is asked for the next batch.")
def with_next(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    source = iter(batches)
    for step in range(steps):
        x_start = next(source)
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(*x_start.shape, generator=generator, device=x_start.device)
        rate = lr * warmup_decay(step, steps)
        for group in optimizer.param_groups:
            group.update(lr=rate)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        ema_update(ema, model, ema_decay(step, steps))
        yield loss


@train_loop.alternative("PyTorch's own `LambdaLR` sets the learning rate.")
def with_a_scheduler(model, ema, optimizer, batches, steps, schedule, generator, lr, grad_clip=1.0):
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] = lr
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_decay(min(step, steps - 1), steps))
    for step, x_start in enumerate(batches):
        if step == steps:
            break
        t = sample_timesteps(len(x_start), schedule.timesteps, generator)
        noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
        loss = train_step(model, optimizer, x_start, t, noise, schedule, grad_clip=grad_clip)
        rates.step()
        ema_update(ema, model, ema_decay(step, steps))
        yield loss
