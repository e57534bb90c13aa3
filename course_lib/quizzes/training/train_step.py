"""Quiz `train_step` of chapter 09."""

from functools import partial

import torch
from torch import nn

from course_lib import training
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_sample
from course_lib.quizzes.inputs import ToyConvDenoiser, mixed_t
from course_lib.reverse import LOSSES, p_losses, training_target
from course_lib.schedules import NoiseSchedule


def networks_in_training(g: torch.Generator) -> list[tuple]:
    """Fresh networks with fresh optimizers that remember: momentum, AdamW, two groups of parameters, a bound model.

    The gradient is not cut in the first, shorter than the limit in the third, and cut in the others.
    """

    def batch(shape, name, timesteps):
        x, noise = torch.randn(shape, generator=g), torch.randn(shape, generator=g)
        return x, mixed_t(g, len(x), timesteps), noise, NoiseSchedule.from_name(name, timesteps)

    plain, grouped, adam, bound = (ToyConvDenoiser(*size, g) for size in [(2, 5), (1, 6), (3, 4), (2, 7)])
    groups = [{"params": grouped.into.parameters()}, {"params": grouped.out.parameters(), "lr": 0.8}]
    return [
        (plain, torch.optim.SGD(plain.parameters(), 0.05, 0.9), *batch((3, 2, 6, 5), "linear", 200)),
        (grouped, torch.optim.SGD(groups, 1.5, 0.5), *batch((5, 1, 4, 6), "cosine", 30), "l1", "start", 0.05),
        (
            *(adam, torch.optim.AdamW(adam.parameters(), 0.05, weight_decay=0.5)),
            *(*batch((4, 3, 5, 7), "cosine", 50), "huber", "v", 1000.0),
        ),
        (
            *(partial(bound, shift=0.7), torch.optim.SGD(bound.parameters(), 0.7, 0.9)),
            *(*batch((7, 2, 4, 3), "quadratic", 20), "l2", "start", 0.2),
        ),
    ]


train_step = Quiz(
    training.train_step,
    cases=networks_in_training,
    points=3,
    minutes=15,
    hints=(
        "Five things: forget the old gradients, compute the loss, compute its gradients, cut them, take the step. "
        "In which order?",
        "`p_losses` computes the loss. `nn.utils.clip_grad_norm_(parameters, grad_clip)` cuts the gradients, "
        "and `optimizer.param_groups` is a list of dicts that hold parameters under `params`.",
        "optimizer.zero_grad(); loss = p_losses(...); loss.backward(); clip_grad_norm_ of the parameters in "
        "optimizer.param_groups, if grad_clip is not None; optimizer.step(); return loss.detach()",
    ),
    atol=1e-4,
    changes=("model", "optimizer"),
    learns=("model",),
    calls=3,
)


def moved(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def whole_norm(optimizer, grad_clip):
    if grad_clip is not None:
        nn.utils.clip_grad_norm_(moved(optimizer), grad_clip)


def in_order(order, args, loss_of=p_losses, clip=whole_norm):
    """The parts of a step in some order, as words: zero, back (loss and gradients), clip, step."""
    model, optimizer, x_start, t, noise, schedule, *how = args
    loss_type, predicts, grad_clip = (*how, *("l2", "noise", None)[len(how) :])
    for part in order.split():
        if part == "zero":
            optimizer.zero_grad()
        elif part == "back":
            loss = loss_of(model, x_start, t, noise, schedule, loss_type, predicts)
            loss.backward()
        elif part == "clip":
            clip(optimizer, grad_clip)
        elif part == "step":
            optimizer.step()
    return loss.detach()


@train_step.mistake("Old gradients are still there: `backward` adds to what it finds. Who clears them away?")
def gradients_pile_up(*args):
    return in_order("back clip step", args)


@train_step.mistake("The model stays as it was. Is `optimizer.step()` called, and are there gradients at that moment?")
def nothing_moves(*args):
    return in_order("zero back clip", args)


@train_step.mistake(
    "`step` finds gradients of zero: only weight decay and momentum still move anything. "
    "What happens between `backward` and `step`?"
)
def zeroed_before_the_step(*args):
    def zeros(optimizer, grad_clip):
        optimizer.zero_grad(set_to_none=False)

    return in_order("back clip step", args, clip=zeros)


@train_step.mistake("Each step follows the gradients of the call before. What has to come first, `step` or `backward`?")
def one_call_late(*args):
    return in_order("step zero back clip", args)


@train_step.mistake("The gradient goes into the step uncut. Is `grad_clip` used, and between which two lines?")
def not_cut(*args):
    return in_order("zero back step", args)


@train_step.mistake(
    "Every number of the gradient is cut by itself, which bends its direction. What is to be shortened?"
)
def cut_by_value(*args):
    def clip(optimizer, grad_clip):
        if grad_clip is not None:
            nn.utils.clip_grad_value_(moved(optimizer), grad_clip)

    return in_order("zero back clip step", args, clip=clip)


@train_step.mistake(
    "Each parameter's gradient is cut by itself, which bends the direction of the whole. Whose norm is meant?"
)
def cut_one_by_one(*args):
    def clip(optimizer, grad_clip):
        for parameter in moved(optimizer) if grad_clip is not None else []:
            nn.utils.clip_grad_norm_(parameter, grad_clip)

    return in_order("zero back clip step", args, clip=clip)


@train_step.mistake("Only the first group of parameters is cut. How many dicts can `optimizer.param_groups` have?")
def first_group_cut(*args):
    def clip(optimizer, grad_clip):
        if grad_clip is not None:
            nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], grad_clip)

    return in_order("zero back clip step", args, clip=clip)


@train_step.mistake("Each group of parameters is cut by itself. Whose norm is to be at most `grad_clip`?")
def groups_cut_one_by_one(*args):
    def clip(optimizer, grad_clip):
        for group in optimizer.param_groups if grad_clip is not None else []:
            nn.utils.clip_grad_norm_(group["params"], grad_clip)

    return in_order("zero back clip step", args, clip=clip)


@train_step.mistake("The gradient is cut to 1, whatever `grad_clip` says. What should None do?")
def always_cut_to_one(*args):
    return in_order("zero back clip step", args, clip=lambda optimizer, _: whole_norm(optimizer, 1.0))


@train_step.mistake("The gradient is cut to 1 where nobody asked for it. What should happen if `grad_clip` is None?")
def cut_without_a_limit(*args):
    return in_order("zero back clip step", args, clip=lambda optimizer, limit: whole_norm(optimizer, limit or 1.0))


@train_step.mistake("Short gradients are stretched to `grad_clip`. What should happen to one that is short enough?")
def stretched(*args):
    def clip(optimizer, grad_clip):
        if grad_clip is not None:
            norm = torch.stack([p.grad.norm() for p in moved(optimizer)]).norm()
            for parameter in moved(optimizer):
                parameter.grad *= grad_clip / norm

    return in_order("zero back clip step", args, clip=clip)


@train_step.mistake("`grad_clip` is None unless somebody sets it, and None is no length to cut to. What then?")
def cut_to_none(*args):
    return in_order("zero back clip step", args, clip=lambda o, limit: nn.utils.clip_grad_norm_(moved(o), limit))


@train_step.mistake(
    "`model` may be any callable, such as a network with its labels bound: it need not have parameters. "
    "Which argument knows what is to be moved?"
)
def asks_the_model(*args):
    def clip(_, grad_clip):
        if grad_clip is not None:
            nn.utils.clip_grad_norm_(args[0].parameters(), grad_clip)

    return in_order("zero back clip step", args, clip=clip)


@train_step.mistake(
    "The loss comes back with its graph. Whoever keeps it for a curve keeps the memory of every step: what cuts it off?"
)
def with_its_graph(*args):
    kept = []

    def loss_of(*of):
        kept.append(p_losses(*of))
        return kept[0]

    in_order("zero back clip step", args, loss_of)
    return kept[0]


@train_step.mistake(
    "A Python number comes back. `item` waits for the device in every step: what gives a tensor, without a graph?"
)
def waits_for_a_number(*args):
    return in_order("zero back clip step", args).item()


@train_step.mistake(
    "The network is left in `eval` mode: if it had dropout, it would train without it from now on. "
    "Which mode does training want?"
)
def left_in_eval_mode(model, *args):
    if isinstance(model, nn.Module):
        model.eval()
    return in_order("zero back clip step", (model, *args))


@train_step.mistake("The loss is measured again after the step. Which loss were the gradients of?")
def measured_again(*args):
    in_order("zero back clip step", args)
    model, _, *batch = args
    with torch.no_grad():
        return p_losses(model, *batch[:6])


@train_step.mistake("The batch is noised twice, by you and by `p_losses`. Which picture does `p_losses` ask for?")
def noised_twice(*args):
    def loss_of(model, x_start, t, noise, schedule, *how):
        return p_losses(model, q_sample(x_start, t, noise, schedule), t, noise, schedule, *how)

    return in_order("zero back clip step", args, loss_of)


@train_step.mistake("`loss_type` does not reach the loss: it is L2 in any case. Which arguments does `p_losses` take?")
def always_l2(*args):
    return in_order("zero back clip step", args, lambda *of: p_losses(*of[:5], "l2", of[6]))


@train_step.mistake("`predicts` does not reach the loss: it is the noise in any case. What does `p_losses` take?")
def always_noise(*args):
    return in_order("zero back clip step", args, lambda *of: p_losses(*of[:6], "noise"))


@train_step.mistake("`loss_type` and `predicts` do not reach the loss. Which arguments does `p_losses` take?")
def always_the_defaults(*args):
    return in_order("zero back clip step", args, lambda *of: p_losses(*of[:5]))


@train_step.mistake("You draw noise of your own, though the caller brings some. Could this step be repeated?")
def own_noise(*args):
    def loss_of(model, x_start, t, noise, *how):
        return p_losses(model, x_start, t, torch.randn_like(noise), *how)

    return in_order("zero back clip step", args, loss_of)


@train_step.mistake(
    "The parameters move, but not as the optimizer would move them: it has a memory. Which method takes its step?"
)
def descent_by_hand(*args):
    def by_hand(optimizer, grad_clip):
        whole_norm(optimizer, grad_clip)
        with torch.no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter -= group["lr"] * parameter.grad

    return in_order("zero back clip", args, clip=by_hand)


@train_step.mistake("Two steps are taken with one gradient. How often does one call of `train_step` call `step`?")
def stepped_twice(*args):
    return in_order("zero back clip step step", args)


@train_step.mistake("It goes uphill: the loss grows from call to call. Which sign has the loss at `backward`?")
def uphill(*args):
    return -in_order("zero back clip step", args, lambda *of: -p_losses(*of))


@train_step.alternative("")
def cleared_afterwards(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    loss = p_losses(model, x_start, t, noise, schedule, loss_type=loss_type, predicts=predicts)
    loss.backward()
    if grad_clip:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, max_norm=grad_clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.detach()


@train_step.alternative("")
def cut_by_hand(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    learned = [p for group in optimizer.param_groups for p in group["params"]]
    output = model(q_sample(x_start, t, noise, schedule), t)
    loss = LOSSES[loss_type](output, training_target(x_start, t, noise, schedule, predicts))
    gradients = torch.autograd.grad(loss, learned)
    if grad_clip is not None:
        norm = sum(gradient.square().sum() for gradient in gradients).sqrt()
        gradients = [gradient * (grad_clip / norm).clamp(max=1) for gradient in gradients]
    for parameter, gradient in zip(learned, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.detach()


@train_step.alternative("")
def with_a_closure(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    def closure():
        optimizer.zero_grad(set_to_none=False)
        loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
        loss.backward()
        limit = float("inf") if grad_clip is None else grad_clip
        nn.utils.clip_grad_norm_(moved(optimizer), limit)
        return loss

    return optimizer.step(closure).clone().detach()
