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
    difficulty=3,
    importance=5,
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


LOSS = "p_losses(model, x_start, t, noise, schedule, loss_type, predicts)"
CLIP = "nn.utils.clip_grad_norm_(parameters, grad_clip)"
PARAMETERS = 'parameters = [p for group in optimizer.param_groups for p in group["params"]]'

train_step.edits(
    gradients_pile_up=(
        "optimizer.zero_grad() ->",
        "Old gradients are still there: `backward` adds to what it finds. Who clears them away?",
    ),
    nothing_moves=(
        "optimizer.step() ->",
        "The model stays as it was. Is `optimizer.step()` called, and are there gradients at that moment?",
    ),
    zeroed_before_the_step=(
        "optimizer.step() -> optimizer.zero_grad(set_to_none=False); optimizer.step()",
        "`step` finds gradients of zero: only weight decay and momentum still move anything. "
        "What happens between `backward` and `step`?",
    ),
    one_call_late=(
        "optimizer.step() ->",
        "optimizer.zero_grad() -> optimizer.step(); optimizer.zero_grad()",
        "Each step follows the gradients of the call before. What has to come first, `step` or `backward`?",
    ),
    not_cut=(
        f"{CLIP} ->",
        "The gradient goes into the step uncut. What should `grad_clip` do, and when are there gradients to cut?",
    ),
    cut_by_value=(
        f"{CLIP} -> nn.utils.clip_grad_value_(parameters, grad_clip)",
        "Every number of the gradient is cut by itself, which bends its direction. What is to be shortened?",
    ),
    cut_by_largest=(
        f"{CLIP} -> nn.utils.clip_grad_norm_(parameters, grad_clip, norm_type=float('inf'))",
        "The largest entry is brought down to `grad_clip`, and all others with it. Which norm does the text ask for?",
    ),
    cut_one_by_one=(
        f"{CLIP} -> [nn.utils.clip_grad_norm_(p, grad_clip) for p in parameters]",
        "Each parameter's gradient is cut by itself, which bends the direction of the whole. Whose norm is meant?",
    ),
    first_group_cut=(
        f'{PARAMETERS} -> parameters = optimizer.param_groups[0]["params"]',
        "Only the first group of parameters is cut. How many dicts can `optimizer.param_groups` have?",
    ),
    groups_cut_one_by_one=(
        f'{CLIP} -> [nn.utils.clip_grad_norm_(g["params"], grad_clip) for g in optimizer.param_groups]',
        "Each group of parameters is cut by itself. Whose norm is to be at most `grad_clip`?",
    ),
    always_cut_to_one=(
        "if grad_clip is not None: -> if True:",
        f"{CLIP} -> nn.utils.clip_grad_norm_(parameters, 1.0)",
        "The gradient is cut to 1, whatever `grad_clip` says. What should None do?",
    ),
    cut_without_a_limit=(
        "if grad_clip is not None: -> if True:",
        f"{CLIP} -> nn.utils.clip_grad_norm_(parameters, grad_clip or 1.0)",
        "The gradient is cut to 1 where nobody asked for it. What should happen if `grad_clip` is None?",
    ),
    stretched=(
        f"{CLIP} -> [p.grad.mul_(grad_clip / norm) for p in parameters]",
        f"{PARAMETERS} -> {PARAMETERS}; norm = torch.stack([p.grad.norm() for p in parameters]).norm()",
        "Short gradients are stretched to `grad_clip`. What should happen to one that is short enough?",
    ),
    cut_to_none=(
        "if grad_clip is not None: -> if True:",
        "`grad_clip` is None unless somebody sets it, and None is no length to cut to. What then?",
    ),
    asks_the_model=(
        f"{PARAMETERS} -> parameters = list(model.parameters())",
        "`model` may be any callable, such as a network with its labels bound: it need not have parameters. "
        "Which argument knows what is to be moved?",
    ),
    with_its_graph=(
        "return loss.detach() -> return loss",
        "The loss comes back with its graph. Somebody who keeps it for a curve keeps the memory of every step: "
        "what cuts it off?",
    ),
    waits_for_a_number=(
        "loss.detach() -> loss.item()",
        "A Python number comes back. `item` waits for the device in every step: what gives a tensor, without a graph?",
    ),
    left_in_eval_mode=(
        "optimizer.zero_grad() -> optimizer.zero_grad(); getattr(model, 'eval', int)()",
        "The network is left in `eval` mode: if it had dropout, it would train without it from now on. "
        "Which mode does training want?",
    ),
    measured_again=(
        f"return loss.detach() -> return {LOSS}.detach()",
        "The loss is measured again after the step. Which loss were the gradients of?",
    ),
    always_l2=(
        "schedule, loss_type, predicts) -> schedule, 'l2', predicts)",
        "`loss_type` does not reach the loss: it is L2 in any case. Which arguments does `p_losses` take?",
    ),
    always_noise=(
        "loss_type, predicts) -> loss_type)",
        "`predicts` does not reach the loss: it is the noise in any case. What does `p_losses` take?",
    ),
    always_the_defaults=(
        "schedule, loss_type, predicts) -> schedule)",
        "`loss_type` and `predicts` do not reach the loss. Which arguments does `p_losses` take?",
    ),
    own_noise=(
        "t, noise, schedule, loss -> t, torch.randn_like(noise), schedule, loss",
        "The result does not depend on `noise`, though the caller brings some. Could this step be repeated?",
    ),
    noise_and_images_swapped=(
        "(model, x_start, t, noise, -> (model, noise, t, x_start,",
        "Images and noise have changed places. In which order does `p_losses` take them?",
    ),
    summed_over_the_batch=(
        f"= {LOSS} -> = len(x_start) * {LOSS}",
        "The loss and its gradient are as many times too large as the batch has images. "
        "A mean does not grow with the batch.",
    ),
    stepped_twice=(
        "optimizer.step() -> optimizer.step(); optimizer.step()",
        "Two steps are taken with one gradient. How often does one call of `train_step` call `step`?",
    ),
    stepped_twice_where_it_cuts=(
        f"{CLIP} -> {CLIP}; optimizer.step()",
        "Where the gradient is cut, two steps are taken. How far is the line with `step` indented?",
    ),
    uphill=(
        "loss.backward() -> (-loss).backward()",
        "It goes uphill: the loss grows from call to call. Which sign has the loss at `backward`?",
    ),
    without_memory=(
        "optimizer.zero_grad() -> optimizer.state.clear(); optimizer.zero_grad()",
        "Each step is like an optimizer's first one: momentum, and Adam's averages, are lost. "
        "Where are they kept between two calls?",
    ),
    slower_every_time=(
        "optimizer.step() -> optimizer.step(); [g.update(lr=0.99 * g['lr']) for g in optimizer.param_groups]",
        "The learning rate falls from call to call. Who decides about it in this course: this function, or the loop?",
    ),
)


@train_step.mistake("The batch is noised twice. `p_losses` noises what it is given: which picture does it ask for?")
def noised_twice(model, optimizer, x_start, t, noise, schedule, *how):
    return training.train_step(model, optimizer, q_sample(x_start, t, noise, schedule), t, noise, schedule, *how)


@train_step.mistake(
    "The parameters move, but not as the optimizer would move them: it may have a memory, or weight decay. "
    "Which method takes its step?"
)
def descent_by_hand(model, optimizer, *args):
    plain = torch.optim.SGD([{"params": g["params"], "lr": g["lr"]} for g in optimizer.param_groups])
    return training.train_step(model, plain, *args)


@train_step.alternative("Gradients are cleared after the step, for the next call.")
def cleared_afterwards(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    loss = p_losses(model, x_start, t, noise, schedule, loss_type=loss_type, predicts=predicts)
    loss.backward()
    if grad_clip:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, max_norm=grad_clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.detach()


@train_step.alternative("Gradients from `torch.autograd.grad`, cut by their formula.")
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


@train_step.alternative("The step calls a closure, as optimizers like L-BFGS need it.")
def with_a_closure(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    def closure():
        optimizer.zero_grad(set_to_none=False)
        loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
        loss.backward()
        limit = float("inf") if grad_clip is None else grad_clip
        nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], limit)
        return loss

    return optimizer.step(closure).clone().detach()
