"""Answers to the quizzes of chapter 09."""

import math
from copy import deepcopy
from functools import partial
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from answers import right, wrong
from course_lib.forward import extract, q_sample
from course_lib.reverse import Model, p_losses
from course_lib.schedules import NoiseSchedule

# sample_timesteps


@wrong("sample_timesteps", "one time step for the whole batch")
def one_step_repeated(batch_size, timesteps, generator):
    t = torch.randint(timesteps, (1,), generator=generator, device=generator.device)
    return t.repeat(batch_size)


@wrong("sample_timesteps", "counts from 1 to T, as the paper")
def steps_from_one(batch_size, timesteps, generator):
    return torch.randint(1, timesteps + 1, (batch_size,), generator=generator, device=generator.device)


@wrong("sample_timesteps", "randint's end is exclusive, so the last step never comes")
def last_step_missing(batch_size, timesteps, generator):
    return torch.randint(0, timesteps - 1, (batch_size,), generator=generator, device=generator.device)


@wrong("sample_timesteps", "step 0 never comes")
def first_step_missing(batch_size, timesteps, generator):
    return torch.randint(1, timesteps, (batch_size,), generator=generator, device=generator.device)


@wrong("sample_timesteps", "the generator is ignored")
def global_generator(batch_size, timesteps, generator):
    return torch.randint(0, timesteps, (batch_size,), device=generator.device).long()


@wrong("sample_timesteps", "drawn by NumPy, the generator is ignored")
def drawn_by_numpy(batch_size, timesteps, generator):
    return torch.from_numpy(np.random.default_rng().integers(0, timesteps, size=batch_size))


@wrong("sample_timesteps", "the generator is reseeded at every call")
def reseeds(batch_size, timesteps, generator):
    generator.manual_seed(0)
    return torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)


@wrong("sample_timesteps", "draws from a copy of the generator: right at first, the same again at the second call")
def copy_of_the_generator(batch_size, timesteps, generator):
    mine = torch.Generator(generator.device)
    mine.set_state(generator.get_state())
    return torch.randint(timesteps, (batch_size,), generator=mine, device=generator.device)


@wrong("sample_timesteps", "begins anew from the generator's first seed: wrong at the second call only")
def from_the_initial_seed(batch_size, timesteps, generator):
    fresh = torch.Generator(generator.device).manual_seed(generator.initial_seed())
    return torch.randint(timesteps, (batch_size,), generator=fresh, device=generator.device)


@wrong("sample_timesteps", "puts the generator back where it was")
def restores_the_state(batch_size, timesteps, generator):
    state = generator.get_state()
    t = torch.randint(0, timesteps, size=(batch_size,), generator=generator, device=generator.device)
    generator.set_state(state)
    return t


@wrong("sample_timesteps", "floats, not whole numbers")
def uniform_floats(batch_size, timesteps, generator):
    return torch.rand(batch_size, generator=generator, device=generator.device) * timesteps


@wrong("sample_timesteps", "scaled to [0, 1), as for flows")
def times_between_0_and_1(batch_size, timesteps, generator):
    t = torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)
    return t / timesteps


@wrong("sample_timesteps", "rounds, so that both ends come half as often")
def rounds_to_the_ends(batch_size, timesteps, generator):
    u = torch.rand(batch_size, generator=generator, device=generator.device)
    return (u * (timesteps - 1)).round().long()


@wrong("sample_timesteps", "a column instead of a row of numbers")
def a_column(batch_size, timesteps, generator):
    return torch.randint(timesteps, (batch_size, 1), generator=generator, device=generator.device)


@wrong("sample_timesteps", "int32, not long")
def short_integers(batch_size, timesteps, generator):
    return torch.randint(0, timesteps, (batch_size,), generator=generator, device=generator.device, dtype=torch.int32)


@wrong("sample_timesteps", "without repetition, and too few if the batch is larger than T")
def a_permutation(batch_size, timesteps, generator):
    return torch.randperm(timesteps, generator=generator, device=generator.device)[:batch_size]


@wrong("sample_timesteps", "antithetic pairs t and T - 1 - t, as in the DDIM code")
def antithetic(batch_size, timesteps, generator):
    t = torch.randint(0, timesteps, (batch_size // 2 + 1,), generator=generator, device=generator.device)
    return torch.cat([t, timesteps - t - 1], dim=0)[:batch_size]


@wrong("sample_timesteps", "sorted, so the first image always has the least noise")
def sorted_steps(batch_size, timesteps, generator):
    t = torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device)
    return t.sort().values


@wrong("sample_timesteps", "T is hard-coded")
def a_thousand_steps(batch_size, timesteps, generator):
    return torch.randint(1000, (batch_size,), generator=generator, device=generator.device)


@wrong("sample_timesteps", "a list")
def a_list(batch_size, timesteps, generator):
    return torch.randint(timesteps, (batch_size,), generator=generator, device=generator.device).tolist()


@wrong("sample_timesteps", "squeeze makes a scalar of a batch of one")
def scalar_for_a_batch_of_one(batch_size, timesteps, generator):
    t = torch.randint(timesteps, (batch_size, 1), generator=generator, device=generator.device)
    return t.squeeze()


@wrong("sample_timesteps", "two mistakes: from 1 to T, and one for all")
def one_step_from_one(batch_size, timesteps, generator):
    t = torch.randint(1, timesteps + 1, (1,), generator=generator, device=generator.device)
    return t.expand(batch_size)


@wrong("sample_timesteps", "no return")
def no_timesteps_returned(batch_size, timesteps, generator):
    torch.randint(0, timesteps, (batch_size,), generator=generator, device=generator.device)


@right("sample_timesteps", "low, high, size and dtype by name")
def everything_by_name(batch_size: int, timesteps: int, generator: torch.Generator) -> Tensor:
    return torch.randint(
        low=0,
        high=timesteps,
        size=[batch_size],
        generator=generator,
        dtype=torch.long,
        device=generator.device,
    )


@right("sample_timesteps", "partial, and the cast is superfluous")
def by_partial(batch_size, timesteps, generator):
    draw = partial(torch.randint, 0, timesteps, generator=generator, device=generator.device)
    return draw((batch_size,)).long()


@right("sample_timesteps", "a column, squeezed along its own axis")
def column_squeezed(batch_size, timesteps, generator):
    t = torch.randint(0, timesteps, (batch_size, 1), generator=generator, device=generator.device)
    return t.squeeze(1)


@right("sample_timesteps", "into a tensor made before")
def into_out(batch_size, timesteps, generator):
    t = torch.empty(batch_size, dtype=torch.long, device=generator.device)
    torch.randint(timesteps, (batch_size,), generator=generator, out=t)
    return t


@right("sample_timesteps", "one call per image")
def image_by_image(batch_size, timesteps, generator):
    draws = [torch.randint(0, timesteps, (), generator=generator, device=generator.device) for _ in range(batch_size)]
    return torch.stack(draws)


# train_step


@wrong("train_step", "gradients are never zeroed: wrong from the second call on")
def never_zeroes(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "zero_grad stands between backward and step")
def zeroes_too_late(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.zero_grad()
    optimizer.step()
    return loss.detach()


@wrong("train_step", "no step")
def no_step(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    return loss.detach()


@wrong("train_step", "no backward")
def no_backward(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "steps twice where it clips")
def steps_twice_when_clipping(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        optimizer_parameters = [p for g in optimizer.param_groups for p in g["params"]]
        nn.utils.clip_grad_norm_(optimizer_parameters, grad_clip)
        optimizer.step()
    optimizer.step()
    return loss.detach()


@wrong("train_step", "the loss keeps its graph")
def loss_with_graph(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss


@wrong("train_step", "returns a float")
def loss_as_float(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.item()


@wrong("train_step", "returns the loss and the gradient's norm")
def loss_and_norm(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    norm = nn.utils.clip_grad_norm_(parameters, grad_clip if grad_clip is not None else math.inf)
    optimizer.step()
    return loss.detach(), norm


@wrong("train_step", "the loss after the step, not of the step")
def loss_after_the_step(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    p_losses(model, x_start, t, noise, schedule, loss_type, predicts).backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    with torch.no_grad():
        return p_losses(model, x_start, t, noise, schedule, loss_type, predicts)


@wrong("train_step", "clips before there are gradients")
def clips_before_backward(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    loss.backward()
    optimizer.step()
    return loss.detach()


@wrong("train_step", "clips when the step is done")
def clips_after_the_step(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    optimizer.step()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    return loss.detach()


@wrong("train_step", "clips each number, not the norm")
def clips_values(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_value_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "clips each parameter by itself")
def clips_one_by_one(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        for group in optimizer.param_groups:
            for p in group["params"]:
                nn.utils.clip_grad_norm_(p, grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "clips the first parameter group only")
def clips_the_first_group(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "clips each group by itself")
def clips_group_by_group(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        for group in optimizer.param_groups:
            nn.utils.clip_grad_norm_(group["params"], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "always clips, to 1 if nothing is said")
def always_clips(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    nn.utils.clip_grad_norm_(parameters, grad_clip or 1.0)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "grad_clip is ignored")
def ignores_grad_clip(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    optimizer.step()
    return loss.detach()


@wrong("train_step", "the largest entry instead of the norm")
def clips_the_max_norm(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        parameters = [p for g in optimizer.param_groups for p in g["params"]]
        nn.utils.clip_grad_norm_(parameters, grad_clip, norm_type=math.inf)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "small gradients are stretched to grad_clip, too")
def normalises_the_gradient(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        norm = torch.stack([g.norm() for g in grads]).norm()
        for g in grads:
            g.mul_(grad_clip / norm)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "asks the model for its parameters; a model may be any callable")
def parameters_of_the_model(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "loss_type and predicts are ignored")
def default_loss(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "predicts is ignored")
def always_predicts_noise(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    x_t = q_sample(x_start, t, noise, schedule)
    losses = {"l1": functional.l1_loss, "l2": functional.mse_loss, "huber": functional.smooth_l1_loss}
    loss = losses[loss_type](model(x_t, t), noise)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "draws noise of its own")
def fresh_noise(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    noise = torch.randn_like(x_start)
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "draws time steps of its own")
def fresh_timesteps(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    t = torch.randint(0, schedule.timesteps, (x_start.shape[0],), device=x_start.device)
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "noises the batch in place")
def noises_in_place(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    x_start.mul_(extract(schedule.sqrt_alphas_cumprod, t, x_start.shape))
    return loss.detach()


@wrong("train_step", "the forward pass runs without gradients")
def forward_without_grad(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    with torch.no_grad():
        loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    optimizer.step()
    return loss


@wrong("train_step", "the model sees clean images")
def clean_images(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = functional.mse_loss(model(x_start, t), noise)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "a sum over the batch instead of a mean")
def loss_times_batch(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts) * x_start.shape[0]
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "leaves the network in eval mode")
def leaves_eval_mode(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    if isinstance(model, nn.Module):
        model.eval()
    return loss.detach()


@wrong("train_step", "freezes the weights after the step: the second call fails")
def freezes_the_weights(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    if grad_clip is not None:
        nn.utils.clip_grad_norm_(parameters, grad_clip)
    optimizer.step()
    for p in parameters:
        p.requires_grad = False
    return loss.detach()


@wrong("train_step", "a new optimizer at every step, so Adam's memory is lost from the second call on")
def a_new_optimizer(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    if grad_clip is not None:
        nn.utils.clip_grad_norm_(parameters, grad_clip)
    torch.optim.Adam(parameters, lr=optimizer.param_groups[0]["lr"]).step()
    return loss.detach()


@wrong("train_step", "forgets the optimizer's state before each step: wrong at the second call")
def forgets_the_state(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    optimizer.state.clear()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "lowers the learning rate at every step: wrong at the second call")
def decays_the_rate(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    for group in optimizer.param_groups:
        group["lr"] *= 0.99
    return loss.detach()


@wrong("train_step", "plain gradient descent by hand, whatever the optimizer is")
def descends_by_hand(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    parameters = [p for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
    if grad_clip is not None:
        nn.utils.clip_grad_norm_(parameters, grad_clip)
    with torch.no_grad():
        for p in parameters:
            p -= optimizer.param_groups[0]["lr"] * p.grad
    return loss.detach()


@wrong("train_step", "two mistakes: never zeroes, and clips the numbers")
def stale_and_clipped_by_value(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_value_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss.detach()


@wrong("train_step", "two mistakes: noise and images swapped, and the graph is kept")
def swapped_and_attached(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    optimizer.zero_grad(set_to_none=True)
    loss = p_losses(model, noise, t, x_start, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    return loss


@right("train_step", "a closure that the optimizer calls")
def by_closure(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    def closure():
        optimizer.zero_grad()
        loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
        loss.backward()
        if grad_clip is not None:
            nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
        return loss

    return optimizer.step(closure).detach()


@right("train_step", "gradients by torch.autograd.grad, clipped by hand")
def by_autograd_grad(
    model: Model,
    optimizer: torch.optim.Optimizer,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: str = "l2",
    predicts: str = "noise",
    grad_clip: float | None = None,
) -> Tensor:
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    parameters = [p for g in optimizer.param_groups for p in g["params"] if p.requires_grad]
    grads = torch.autograd.grad(loss, parameters, allow_unused=True)
    scale = 1.0
    if grad_clip is not None:
        norm = torch.stack([g.norm() for g in grads if g is not None]).norm()
        scale = (grad_clip / (norm + 1e-6)).clamp(max=1.0)
    for p, g in zip(parameters, grads, strict=True):
        p.grad = None if g is None else g * scale
    optimizer.step()
    return loss.detach()


@right("train_step", "zeroes between the loss and backward; parameters by chain")
def zeroes_before_backward(
    model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None
):
    loss = p_losses(model, x_start, t, noise, schedule, predicts=predicts, loss_type=loss_type)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if grad_clip is not None:
        everything = list(chain.from_iterable(group["params"] for group in optimizer.param_groups))
        torch.nn.utils.clip_grad_norm_(everything, max_norm=grad_clip)
    optimizer.step()
    return loss.data


@right("train_step", "always calls the clipping, with an infinite limit if there is none")
def infinite_limit(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    limit = float("inf") if grad_clip is None else grad_clip
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None
    with torch.enable_grad():
        loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    nn.utils.clip_grad_norm_((p for g in optimizer.param_groups for p in g["params"]), limit)
    optimizer.step()
    return loss.detach().clone()


@right("train_step", "zeroes before and after")
def zeroes_twice(model, optimizer, x_start, t, noise, schedule, loss_type="l2", predicts="noise", grad_clip=None):
    optimizer.zero_grad()
    loss = p_losses(model, x_start, t, noise, schedule, loss_type, predicts)
    loss.backward()
    if grad_clip is not None:
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], grad_clip)
    optimizer.step()
    optimizer.zero_grad()
    with torch.no_grad():
        return loss * 1


# warmup_decay


@wrong("warmup_decay", "the warm-up is not cut to a tenth of the run")
def warmup_not_cut(step, steps, warmup_steps=100, final=0.02):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    d = (step - warmup_steps) / max(steps - 1 - warmup_steps, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "starts at 0, so the first step does nothing")
def starts_at_zero(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return step / w
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "(step + 1) / w: arrives at 1 one step early")
def arrives_early(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / w
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "d never reaches 1: divides by steps - w")
def ends_above_final(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / (steps - w)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "the cosine runs over the whole run, so it jumps after the warm-up")
def cosine_from_step_zero(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = step / max(steps - 1, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "final is ignored: falls to 0")
def falls_to_zero(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "final is added on top: begins at 1 + final")
def final_on_top(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "final as a floor, not as the end of the curve")
def final_as_floor(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return max(final, 0.5 * (1 + math.cos(math.pi * d)))


@wrong("warmup_decay", "pi is missing")
def no_pi(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(d)) / 2


@wrong("warmup_decay", "degrees instead of radians")
def in_degrees(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(180 * d)) / 2


@wrong("warmup_decay", "a quarter of a cosine")
def quarter_cosine(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * math.cos(math.pi * d / 2)


@wrong("warmup_decay", "a straight line down")
def straight_down(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return 1 - (1 - final) * d


@wrong("warmup_decay", "a tenth of the run is rounded to the nearest")
def tenth_rounded(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, round(steps / 10))
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "a tenth of the run is not rounded")
def tenth_not_rounded(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps / 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "max for min: at least a tenth of the run")
def at_least_a_tenth(step, steps, warmup_steps=100, final=0.02):
    w = max(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "always a tenth of the run, warmup_steps is ignored")
def always_a_tenth(step, steps, warmup_steps=100, final=0.02):
    w = steps // 10
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "the whole curve goes from final to 1 in the warm-up, too")
def warms_up_from_final(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        factor = (step + 1) / (w + 1)
    else:
        d = (step - w) / max(steps - 1 - w, 1)
        factor = (1 + math.cos(math.pi * d)) / 2
    return final + (1 - final) * factor


@wrong("warmup_decay", "warm-up times cosine")
def product_of_both(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    up = min((step + 1) / (w + 1), 1)
    down = final + (1 - final) * (1 + math.cos(math.pi * step / max(steps - 1, 1))) / 2
    return up * down


@wrong("warmup_decay", "minus for plus: the cosine goes up")
def cosine_upside_down(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 - math.cos(math.pi * d)) / 2


@wrong("warmup_decay", "integer division in the warm-up: 0 until it ends")
def integer_warmup(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) // (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@right("warmup_decay", "a tensor: it counts as a number")
def tensor_factor(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return torch.tensor((step + 1) / (w + 1))
    d = torch.tensor((step - w) / max(steps - 1 - w, 1))
    return final + (1 - final) * (1 + torch.cos(math.pi * d)) / 2


@wrong("warmup_decay", "prints the factor instead of returning it")
def no_factor_returned(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        factor = (step + 1) / (w + 1)
    else:
        d = (step - w) / max(steps - 1 - w, 1)
        factor = final + (1 - final) * (1 + math.cos(math.pi * d)) / 2
    print(factor)


@wrong("warmup_decay", "the half is forgotten")
def no_half(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return (step + 1) / (w + 1)
    d = (step - w) / max(steps - 1 - w, 1)
    return final + (1 - final) * (1 + math.cos(math.pi * d))


@wrong("warmup_decay", "two mistakes: starts at 0, and does not reach the end")
def off_at_both_ends(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step < w:
        return step / max(1, w)
    progress = (step - w) / max(1, steps - w)
    return final + (1 - final) * 0.5 * (1.0 + math.cos(math.pi * progress))


@wrong("warmup_decay", "two mistakes: no cut, and the weights of final are swapped")
def uncut_and_swapped(step, steps, warmup_steps=100, final=0.02):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    d = (step - warmup_steps) / max(steps - 1 - warmup_steps, 1)
    return (1 - final) + final * (1 + math.cos(math.pi * d)) / 2


@right("warmup_decay", "<= in the warm-up: both pieces agree at step w")
def closed_warmup(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    if step <= w:
        return (step + 1) / (w + 1)
    d = (step - w) / (steps - 1 - w)
    return final + (1 - final) * (1 + math.cos(math.pi * d)) / 2


@right("warmup_decay", "cos² of half the angle")
def squared_cosine(step: int, steps: int, warmup_steps: int = 100, final: float = 0.02) -> float:
    warmup = min(int(0.1 * steps + 1e-9), warmup_steps)
    rest = max(steps - warmup - 1, 1)
    return (
        (1 + step) / (1 + warmup)
        if step < warmup
        else final + (1 - final) * math.cos(0.5 * math.pi * (step - warmup) / rest) ** 2
    )


@right("warmup_decay", "the smaller of the two pieces")
def smaller_piece(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, math.floor(steps / 10))
    up = (step + 1) / (w + 1)
    d = max(step - w, 0) / max(steps - 1 - w, 1)
    down = 0.5 * ((1 + final) + (1 - final) * math.cos(math.pi * d))
    return min(up, down)


@right("warmup_decay", "interpolated by NumPy")
def interpolated(step, steps, warmup_steps=100, final=0.02):
    w = min(warmup_steps, steps // 10)
    d = np.interp(step, [w, max(steps - 1, w + 1)], [0.0, np.pi])
    up = np.interp(step, [-1, w], [0.0, 1.0])
    return float(up * (final + (1 - final) * (1 + np.cos(d)) / 2))


@right("warmup_decay", "counts the steps that are left, sine")
def steps_left(step, steps, warmup_steps=100, final=0.02):
    def down(left):
        return final + (1 - final) * math.sin(math.pi / 2 * left) ** 2

    if warmup_steps * 10 > steps:
        warmup_steps = steps // 10
    if step >= warmup_steps:
        length = max(steps - 1 - warmup_steps, 1)
        return down(1 - (step - warmup_steps) / length)
    return step / (warmup_steps + 1) + 1 / (warmup_steps + 1)


# ema_update


@wrong("ema_update", "the weights are swapped")
@torch.no_grad()
def swapped_decay(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.lerp_(b, decay)


@wrong("ema_update", "a new tensor under the old name: nothing moves")
@torch.no_grad()
def rebinds_the_name(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a = decay * a + (1 - decay) * b


@wrong("ema_update", "moves the trained network towards the average")
@torch.no_grad()
def moves_the_model(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        b.mul_(1 - decay).add_(a, alpha=decay)


@wrong("ema_update", "only what needs gradients: a frozen average stays as it is")
@torch.no_grad()
def skips_frozen(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        if a.requires_grad:
            a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "only what is trained in the model: frozen weights are left out")
@torch.no_grad()
def skips_untrained(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        if b.requires_grad:
            a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "weights only, biases stay")
@torch.no_grad()
def skips_biases(ema, model, decay):
    new = dict(model.named_parameters())
    for name, a in ema.named_parameters():
        if name.endswith("weight"):
            a.mul_(decay).add_(new[name], alpha=1 - decay)


@wrong("ema_update", "only matrices, no vectors: norms and biases stay")
@torch.no_grad()
def skips_vectors(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        if a.ndim >= 2:
            a.copy_(decay * a + (1 - decay) * b)


@wrong("ema_update", "stops after the first parameter")
@torch.no_grad()
def returns_in_the_loop(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(b, alpha=1 - decay)
        return


@wrong("ema_update", "decay is ignored, hard-coded")
@torch.no_grad()
def hard_coded_decay(ema, model, decay):
    beta = 0.995
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.data.mul_(beta).add_(b.data, alpha=1 - beta)


@wrong("ema_update", "a copy, no average")
@torch.no_grad()
def copies_the_model(ema, model, decay):
    ema.load_state_dict(model.state_dict())


@wrong("ema_update", "1 - decay is missing")
@torch.no_grad()
def adds_all_of_the_model(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(b)


@wrong("ema_update", "adds the number 1 - decay, not the weights")
@torch.no_grad()
def adds_a_number(ema, model, decay):
    for a, _ in zip(ema.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(1 - decay)


@wrong("ema_update", "the average is not shrunk")
@torch.no_grad()
def not_shrunk(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.add_(b, alpha=1 - decay)


@wrong("ema_update", "sign error: moves away")
@torch.no_grad()
def moves_away(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.add_(a - b, alpha=1 - decay)


@wrong("ema_update", "shrinks the model's weights on the way")
@torch.no_grad()
def shrinks_the_model(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(b.mul_(1 - decay))


@wrong("ema_update", "no_grad is dropped: the average gets a graph, or an error")
def with_a_graph(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "warms the decay up by a count of its own")
@torch.no_grad()
def own_warmup(ema, model, decay):
    ema.updates = getattr(ema, "updates", 0) + 1
    decay = min(decay, (1 + ema.updates) / (10 + ema.updates))
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)


@wrong("ema_update", "copies at the first call")
@torch.no_grad()
def first_a_copy(ema, model, decay):
    if not hasattr(ema, "started"):
        ema.started = True
        decay = 0.0
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)


@wrong("ema_update", "remembers the model's weights of the first call: wrong at the second")
@torch.no_grad()
def remembers_the_first_model(ema, model, decay):
    if not hasattr(ema, "source"):
        ema.source = [p.clone() for p in model.parameters()]
    for a, b in zip(ema.parameters(), ema.source, strict=True):
        a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "always starts from the average of the first call: wrong at the second")
@torch.no_grad()
def remembers_the_first_average(ema, model, decay):
    if not hasattr(ema, "shadow"):
        ema.shadow = [p.clone() for p in ema.parameters()]
    for a, old, b in zip(ema.parameters(), ema.shadow, model.parameters(), strict=True):
        a.copy_(decay * old + (1 - decay) * b)


@wrong("ema_update", "the average shares the model's memory when decay is 0: wrong at the second call")
@torch.no_grad()
def shares_memory(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        if decay == 0:
            a.data = b.data
        else:
            a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "leaves the trained network frozen and in eval mode")
@torch.no_grad()
def freezes_the_model(ema, model, decay):
    model.eval().requires_grad_(False)
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "leaves the trained network in eval mode")
@torch.no_grad()
def model_in_eval_mode(ema, model, decay):
    model.eval()
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)


@wrong("ema_update", "averages a deep copy and returns it")
@torch.no_grad()
def averages_a_copy(ema, model, decay):
    average = deepcopy(ema)
    for a, b in zip(average.parameters(), model.parameters(), strict=True):
        a.mul_(decay).add_(b, alpha=1 - decay)
    return average


@wrong("ema_update", "only the top level's own layers, nothing inside of containers")
@torch.no_grad()
def top_level_only(ema, model, decay):
    for a, b in zip(ema.parameters(recurse=False), model.parameters(recurse=False), strict=True):
        a.mul_(decay).add_(b, alpha=1 - decay)
    for one, other in zip(ema.children(), model.children(), strict=True):
        for a, b in zip(one.parameters(recurse=False), other.parameters(recurse=False), strict=True):
            a.mul_(decay).add_(b, alpha=1 - decay)


@wrong("ema_update", "two mistakes: swapped weights, and the biases stay")
@torch.no_grad()
def swapped_without_biases(ema, model, decay):
    for (name, a), b in zip(ema.named_parameters(), model.parameters(), strict=True):
        if "bias" not in name:
            a.mul_(1 - decay).add_(b, alpha=decay)


@right("ema_update", "mul_ and add_ on .data")
def on_data(ema, model, decay):
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.data.mul_(decay).add_(b.data, alpha=1 - decay)


@right("ema_update", "by name, copy_ of the formula in float64")
@torch.no_grad()
def by_name_in_double(ema: nn.Module, model: nn.Module, decay: float) -> None:
    new = dict(model.named_parameters())
    for name, average in ema.named_parameters():
        average.copy_(decay * average.double() + (1 - decay) * new[name].double())


@right("ema_update", "all at once with torch._foreach_lerp_")
@torch.no_grad()
def all_at_once(ema, model, decay):
    torch._foreach_lerp_(list(ema.parameters()), list(model.parameters()), 1 - decay)


@right("ema_update", "the difference is taken off in place")
@torch.no_grad()
def takes_off_the_difference(ema, model, decay):
    for a, b in zip(list(ema.parameters()), list(model.parameters()), strict=False):
        a -= (1 - decay) * (a - b)


@right("ema_update", "module after module, slices written")
@torch.no_grad()
def module_by_module(ema, model, decay):
    for one, other in zip(ema.modules(), model.modules(), strict=True):
        for name, average in one.named_parameters(recurse=False):
            average[...] = other.get_parameter(name) + decay * (average - other.get_parameter(name))


@right("ema_update", "detached views, torch.lerp into out")
def into_the_detached(ema, model, decay):
    olds = (p.detach() for p in ema.parameters())
    news = (p.detach() for p in model.parameters())
    for old, new in zip(olds, news, strict=True):
        torch.lerp(new, old.clone(), decay, out=old)
