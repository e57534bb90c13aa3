"""Answers to the quizzes of chapter 16."""

import math

import numpy as np
import torch
from einops import einsum, rearrange
from torch import Tensor
from torch.nn import functional

from answers import disputed, right, wrong
from course_lib import flow


def column(t: Tensor, x: Tensor) -> Tensor:
    """t (B,) with the axes that x has."""
    return t.view(len(t), *[1] * (x.ndim - 1))


# flow_path


@right("flow_path", "torch.lerp")
def path_lerp(x_start: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    weight = t.reshape((-1,) + (1,) * (x_start.dim() - 1))
    return torch.lerp(noise, x_start, weight)


@right("flow_path", "noise plus a part of the way")
def path_part_of_way(x_start, t, noise):
    while t.ndim < x_start.ndim:
        t = t.unsqueeze(-1)
    return noise + t * (x_start - noise)


@right("flow_path", "einsum for both products")
def path_einsum(x_start, t, noise):
    data = einsum(t, x_start, "b, b ... -> b ...")
    return data + einsum(1 - t, noise, "b, b ... -> b ...")


@right("flow_path", "row by row, stacked")
def path_rows(x_start, t, noise):
    return torch.stack([(1 - t[i]) * noise[i] + t[i] * x_start[i] for i in range(len(t))])


@right("flow_path", "vmap over the batch")
def path_vmap(x_start, t, noise):
    return torch.vmap(lambda x, s, n: s * x + (1 - s) * n)(x_start, t, noise)


@right("flow_path", "None as an index, in a buffer")
def path_buffer(x_start, t, noise):
    t = t[(slice(None), *[None] * (x_start.ndim - 1))]
    point = torch.empty_like(x_start)
    point.copy_(noise)
    point.mul_(1 - t).add_(t * x_start)
    return point


@right("flow_path", "flattened and shaped again")
def path_flat(x_start, t, noise):
    rows = len(t)
    flat = t[:, None] * x_start.reshape(rows, -1) + (1.0 - t[:, None]) * noise.reshape(rows, -1)
    return flat.view_as(x_start)


@wrong("flow_path", "time the other way: 0 is data, as in diffusion")
def path_reversed(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t) * x_start + t * noise


@wrong("flow_path", "t (B,) as it is")
def path_no_column(x_start, t, noise):
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "the three axes of images, whatever x is")
def path_four_axes(x_start, t, noise):
    t = t.view(-1, 1, 1, 1)
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "one axis, which fits points in the plane only")
def path_two_axes(x_start, t, noise):
    t = t[:, None]
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "the new axes in front")
def path_axes_in_front(x_start, t, noise):
    t = t.reshape(*[1] * (x_start.ndim - 1), -1)
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "the first row's t for all")
def path_first_t(x_start, t, noise):
    return (1 - t[0]) * noise + t[0] * x_start


@wrong("flow_path", "the batch's mean t for all")
def path_mean_t(x_start, t, noise):
    return (1 - t.mean()) * noise + t.mean() * x_start


@wrong("flow_path", "all of the noise stays")
def path_all_noise(x_start, t, noise):
    return noise + column(t, x_start) * x_start


@wrong("flow_path", "all of the data from the beginning")
def path_all_data(x_start, t, noise):
    return x_start + (1 - column(t, x_start)) * noise


@wrong("flow_path", "the difference the wrong way round")
def path_away(x_start, t, noise):
    return noise + column(t, x_start) * (noise - x_start)


@wrong("flow_path", "a step from the data, with t for 1 - t")
def path_from_data(x_start, t, noise):
    return x_start + column(t, x_start) * (x_start - noise)


@wrong("flow_path", "roots, as in diffusion: variance kept")
def path_roots(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t).sqrt() * noise + t.sqrt() * x_start


@wrong("flow_path", "only the noise gets a root")
def path_one_root(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t).sqrt() * noise + t * x_start


@wrong("flow_path", "sqrt(1 - t²): t is taken for sqrt(alpha-bar)")
def path_circle(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t**2).sqrt() * noise + t * x_start


@wrong("flow_path", "cosine and sine, the path of stochastic interpolants")
def path_cosine(x_start, t, noise):
    angle = column(t, x_start) * math.pi / 2
    return angle.cos() * noise + angle.sin() * x_start


@wrong("flow_path", "squared weights")
def path_squares(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t) ** 2 * noise + t**2 * x_start


@wrong("flow_path", "a remainder of the noise at the end, sigma_min = 0.01")
def path_sigma_min(x_start, t, noise):
    t = column(t, x_start)
    return (1 - 0.99 * t) * noise + t * x_start


@wrong("flow_path", "t is taken for a time step out of 1000")
def path_thousandths(x_start, t, noise):
    t = column(t, x_start) / 1000
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "t becomes a whole number")
def path_long(x_start, t, noise):
    t = column(t, x_start).long()
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "t is kept away from 0 and 1")
def path_clamps_t(x_start, t, noise):
    t = column(t, x_start).clamp(0.05, 0.95)
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "the result is kept in [-1, 1]")
def path_clamps(x_start, t, noise):
    t = column(t, x_start)
    return ((1 - t) * noise + t * x_start).clamp(-1, 1)


@wrong("flow_path", "minus")
def path_minus(x_start, t, noise):
    t = column(t, x_start)
    return t * x_start - (1 - t) * noise


@wrong("flow_path", "the brackets are missing: 1 - t * noise")
def path_brackets(x_start, t, noise):
    t = column(t, x_start)
    return 1 - t * noise + t * x_start


@wrong("flow_path", "noise of its own")
def path_own_noise(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t) * torch.randn_like(x_start) + t * x_start


@wrong("flow_path", "a t of its own")
def path_own_t(x_start, t, noise):
    t = column(torch.rand_like(t), x_start)
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "the velocity, not the point")
def path_velocity(x_start, t, noise):
    return x_start - noise


@wrong("flow_path", "point and velocity")
def path_pair(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t) * noise + t * x_start, x_start - noise


@wrong("flow_path", "the middle, whatever t is")
def path_middle(x_start, t, noise):
    return (x_start + noise) / 2


@wrong("flow_path", "flattened")
def path_flattened(x_start, t, noise):
    return t[:, None] * x_start.flatten(1) + (1 - t[:, None]) * noise.flatten(1)


@wrong("flow_path", "the noise is scaled in place")
def path_scales_noise_in_place(x_start, t, noise):
    t = column(t, x_start)
    noise *= 1 - t
    return noise + t * x_start


@wrong("flow_path", "x_start is moved in place")
def path_moves_start_in_place(x_start, t, noise):
    t = column(t, x_start)
    return x_start.mul_(t).add_((1 - t) * noise)


@wrong("flow_path", "an argument of view that is a list in a tuple")
def path_view_list(x_start, t, noise):
    t = t.view(-1, [1] * (x_start.ndim - 1))
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "extract is for whole numbers")
def path_gather(x_start, t, noise):
    t = torch.linspace(0, 1, 100).gather(0, t).reshape(-1, *[1] * (x_start.ndim - 1))
    return (1 - t) * noise + t * x_start


@wrong("flow_path", "1 - t as a call")
def path_calls(x_start, t, noise):
    t = column(t, x_start)
    return (1 - t)(noise) + t * x_start


@wrong("flow_path", "no return")
def path_returns_nothing(x_start, t, noise):
    t = column(t, x_start)
    x_t = (1 - t) * noise + t * x_start  # noqa: F841


# flow_matching_loss


@right("flow_matching_loss", "mse_loss with the library's path")
def loss_mse(model, x_start: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    x_t = flow.flow_path(x_start, t, noise)
    return functional.mse_loss(model(x_t, t), x_start - noise)


@right("flow_matching_loss", "the path written out, pow and mean")
def loss_written_out(model, x_start, t, noise):
    weight = t.reshape(-1, *([1] * (x_start.ndim - 1)))
    x_t = weight * x_start + (1 - weight) * noise
    error = model(x_t, t) - (x_start - noise)
    return torch.mean(error.pow(2))


@right("flow_matching_loss", "first each row's mean, then the batch's")
def loss_of_rows(model, x_start, t, noise):
    velocity = model(flow.flow_path(x_start, t, noise), t)
    target = x_start - noise
    return (target - velocity).reshape(len(t), -1).square().mean(dim=1).mean()


@right("flow_matching_loss", "the sum, divided by how many")
def loss_sum_by_count(model, x_start, t, noise):
    residual = model(torch.lerp(noise, x_start, column(t, x_start)), t) + noise - x_start
    return (residual * residual).sum() / residual.numel()


@right("flow_matching_loss", "the target by differentiating the path with respect to t")
def loss_jvp(model, x_start, t, noise):
    def point(time):
        return flow.flow_path(x_start, time, noise)

    x_t, velocity = torch.func.jvp(point, (t,), (torch.ones_like(t),))
    return torch.nn.MSELoss()(model(x_t, t), velocity)


@right("flow_matching_loss", "the squared norm")
def loss_norm(model, x_start, t, noise):
    v_pred = model(flow.flow_path(x_start, t, noise), t)
    return torch.linalg.vector_norm(v_pred - x_start + noise) ** 2 / x_start.numel()


def loss_with(target=None, point=None, time=None, error=None):
    """The loss with another target, another x_t, another t for the model, or another measure."""

    def loss(model, x_start, t, noise):
        x_t = point(x_start, t, noise) if point else flow.flow_path(x_start, t, noise)
        wanted = target(x_start, t, noise) if target else x_start - noise
        found = model(x_t, time(t) if time else t)
        return error(found, wanted) if error else functional.mse_loss(found, wanted)

    return loss


@wrong("flow_matching_loss", "the target's sign: towards the noise")
def loss_towards_noise(model, x_start, t, noise):
    return loss_with(lambda x, t, n: n - x)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the noise is the target, as in chapter 05")
def loss_noise(model, x_start, t, noise):
    return loss_with(lambda x, t, n: n)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the data are the target")
def loss_start(model, x_start, t, noise):
    return loss_with(lambda x, t, n: x)(model, x_start, t, noise)


@wrong("flow_matching_loss", "x_t is the target")
def loss_x_t(model, x_start, t, noise):
    return loss_with(flow.flow_path)(model, x_start, t, noise)


@wrong("flow_matching_loss", "what is left of the way, x_0 - x_t, not divided by 1 - t")
def loss_rest_of_way(model, x_start, t, noise):
    return loss_with(lambda x, t, n: x - flow.flow_path(x, t, n))(model, x_start, t, noise)


@wrong("flow_matching_loss", "what was gone of the way, x_t - noise, not divided by t")
def loss_way_so_far(model, x_start, t, noise):
    return loss_with(lambda x, t, n: flow.flow_path(x, t, n) - n)(model, x_start, t, noise)


@wrong("flow_matching_loss", "(x_0 - x_t) / (1 - t): not finite at t = 1")
def loss_divides_by_rest(model, x_start, t, noise):
    step = loss_with(lambda x, t, n: (x - flow.flow_path(x, t, n)) / (1 - column(t, x)))
    return step(model, x_start, t, noise)


@wrong("flow_matching_loss", "(x_t - noise) / t: not finite at t = 0")
def loss_divides_by_t(model, x_start, t, noise):
    step = loss_with(lambda x, t, n: (flow.flow_path(x, t, n) - n) / column(t, x))
    return step(model, x_start, t, noise)


@wrong("flow_matching_loss", "the v of chapter 05: signal noise - sigma x_0")
def loss_v(model, x_start, t, noise):
    step = loss_with(lambda x, t, n: column(t, x) * n - (1 - column(t, x)) * x)
    return step(model, x_start, t, noise)


@wrong("flow_matching_loss", "the sum of data and noise")
def loss_sum_target(model, x_start, t, noise):
    return loss_with(lambda x, t, n: x + n)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the target is scaled with t")
def loss_scales_target(model, x_start, t, noise):
    return loss_with(lambda x, t, n: column(t, x) * (x - n))(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model is asked at the data")
def loss_at_data(model, x_start, t, noise):
    return loss_with(point=lambda x, t, n: x)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model is asked at the noise")
def loss_at_noise(model, x_start, t, noise):
    return loss_with(point=lambda x, t, n: n)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the path the wrong way round")
def loss_reversed_path(model, x_start, t, noise):
    return loss_with(point=lambda x, t, n: flow.flow_path(n, t, x))(model, x_start, t, noise)


@wrong("flow_matching_loss", "path and target the wrong way round: 0 is data")
def loss_reversed(model, x_start, t, noise):
    step = loss_with(lambda x, t, n: n - x, point=lambda x, t, n: flow.flow_path(n, t, x))
    return step(model, x_start, t, noise)


@wrong("flow_matching_loss", "roots on the path, as in diffusion")
def loss_root_path(model, x_start, t, noise):
    step = loss_with(point=lambda x, t, n: (1 - column(t, x)).sqrt() * n + column(t, x).sqrt() * x)
    return step(model, x_start, t, noise)


@wrong("flow_matching_loss", "x_t is noise plus all of t x_0")
def loss_all_noise_path(model, x_start, t, noise):
    return loss_with(point=lambda x, t, n: n + column(t, x) * x)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model is told 1 - t")
def loss_model_time_reversed(model, x_start, t, noise):
    return loss_with(time=lambda t: 1 - t)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model is told 1000 t")
def loss_model_thousand(model, x_start, t, noise):
    return loss_with(time=lambda t: 1000 * t)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model is told whole numbers")
def loss_model_long(model, x_start, t, noise):
    return loss_with(time=lambda t: t.long())(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model is told the first row's t")
def loss_model_first_t(model, x_start, t, noise):
    return loss_with(time=lambda t: t[:1].expand_as(t))(model, x_start, t, noise)


@wrong("flow_matching_loss", "the model gets t as a column, (B, 1, ..., 1)")
def loss_model_column(model, x_start, t, noise):
    t = column(t, x_start)
    x_t = (1 - t) * noise + t * x_start
    return functional.mse_loss(model(x_t, t), x_start - noise)


@wrong("flow_matching_loss", "absolute errors")
def loss_l1(model, x_start, t, noise):
    return loss_with(error=functional.l1_loss)(model, x_start, t, noise)


@wrong("flow_matching_loss", "Huber")
def loss_huber(model, x_start, t, noise):
    return loss_with(error=functional.smooth_l1_loss)(model, x_start, t, noise)


@wrong("flow_matching_loss", "the sum")
def loss_sum(model, x_start, t, noise):
    return loss_with(error=lambda v, u: (v - u).square().sum())(model, x_start, t, noise)


@wrong("flow_matching_loss", "the sum over a row, the mean over the batch")
def loss_sum_of_row(model, x_start, t, noise):
    return loss_with(error=lambda v, u: (v - u).square().flatten(1).sum(1).mean())(model, x_start, t, noise)


@wrong("flow_matching_loss", "a number for each row")
def loss_per_row(model, x_start, t, noise):
    return loss_with(error=lambda v, u: (v - u).square().flatten(1).mean(1))(model, x_start, t, noise)


@wrong("flow_matching_loss", "a number for each pixel")
def loss_per_pixel(model, x_start, t, noise):
    return loss_with(error=lambda v, u: functional.mse_loss(v, u, reduction="none"))(model, x_start, t, noise)


@wrong("flow_matching_loss", "the root of the mean square")
def loss_root(model, x_start, t, noise):
    return loss_with(error=lambda v, u: (v - u).square().mean().sqrt())(model, x_start, t, noise)


@wrong("flow_matching_loss", "half of it")
def loss_half(model, x_start, t, noise):
    return loss_with(error=lambda v, u: 0.5 * (v - u).square().mean())(model, x_start, t, noise)


@wrong("flow_matching_loss", "no square: errors cancel")
def loss_signed(model, x_start, t, noise):
    return loss_with(error=lambda v, u: (v - u).mean())(model, x_start, t, noise)


@wrong("flow_matching_loss", "the mean is squared, not the errors")
def loss_square_of_mean(model, x_start, t, noise):
    return loss_with(error=lambda v, u: (v - u).mean() ** 2)(model, x_start, t, noise)


@wrong("flow_matching_loss", "weighted with t")
def loss_weighted(model, x_start, t, noise):
    x_t = flow.flow_path(x_start, t, noise)
    error = (model(x_t, t) - (x_start - noise)).square().flatten(1).mean(1)
    return (t * error).mean()


@wrong("flow_matching_loss", "the cosine between the two velocities")
def loss_cosine(model, x_start, t, noise):
    step = loss_with(error=lambda v, u: 1 - functional.cosine_similarity(v.flatten(1), u.flatten(1)).mean())
    return step(model, x_start, t, noise)


@wrong("flow_matching_loss", "the brackets are missing: v - x_0 - noise")
def loss_brackets(model, x_start, t, noise):
    v = model(flow.flow_path(x_start, t, noise), t)
    return (v - x_start - noise).square().mean()


@wrong("flow_matching_loss", "the path is not made with the noise of the target")
def loss_own_noise(model, x_start, t, noise):
    return loss_with(point=lambda x, t, n: flow.flow_path(x, t, torch.randn_like(x)))(model, x_start, t, noise)


@wrong("flow_matching_loss", "no_grad around the model")
def loss_no_grad(model, x_start, t, noise):
    with torch.no_grad():
        velocity = model(flow.flow_path(x_start, t, noise), t)
    return functional.mse_loss(velocity, x_start - noise)


@wrong("flow_matching_loss", "the model's answer is detached")
def loss_detached(model, x_start, t, noise):
    velocity = model(flow.flow_path(x_start, t, noise), t).detach()
    return (velocity - (x_start - noise)).square().mean()


@wrong("flow_matching_loss", "a Python float")
def loss_item(model, x_start, t, noise):
    return loss_with()(model, x_start, t, noise).item()


@wrong("flow_matching_loss", "backward is called already")
def loss_backward(model, x_start, t, noise):
    loss = loss_with()(model, x_start, t, noise)
    if loss.requires_grad:
        loss.backward()
    return loss.detach()


@wrong("flow_matching_loss", "x_start becomes the target in place")
def loss_start_in_place(model, x_start, t, noise):
    x_t = flow.flow_path(x_start, t, noise)
    x_start -= noise
    return functional.mse_loss(model(x_t, t), x_start)


@wrong("flow_matching_loss", "the noise is scaled in place, and is the target's, too")
def loss_noise_in_place(model, x_start, t, noise):
    weight = column(t, x_start)
    x_t = noise.mul_(1 - weight) + weight * x_start
    return functional.mse_loss(model(x_t, t), x_start - noise)


@wrong("flow_matching_loss", "t and noise changed places")
def loss_arguments(model, x_start, t, noise):
    return functional.mse_loss(model(flow.flow_path(x_start, noise, t), t), x_start - noise)


@wrong("flow_matching_loss", "the model is not told t")
def loss_without_t(model, x_start, t, noise):
    return functional.mse_loss(model(flow.flow_path(x_start, t, noise)), x_start - noise)


@wrong("flow_matching_loss", "the model's arguments changed places")
def loss_model_arguments(model, x_start, t, noise):
    return functional.mse_loss(model(t, flow.flow_path(x_start, t, noise)), x_start - noise)


@wrong("flow_matching_loss", "t as it is in the path")
def loss_no_column(model, x_start, t, noise):
    x_t = (1 - t) * noise + t * x_start
    return functional.mse_loss(model(x_t, t), x_start - noise)


@wrong("flow_matching_loss", "loss and velocity")
def loss_pair(model, x_start, t, noise):
    velocity = model(flow.flow_path(x_start, t, noise), t)
    return functional.mse_loss(velocity, x_start - noise), velocity


@wrong("flow_matching_loss", "MSELoss is given the two tensors when it is made")
def loss_module(model, x_start, t, noise):
    velocity = model(flow.flow_path(x_start, t, noise), t)
    return torch.nn.MSELoss(velocity, x_start - noise)


# euler_step


@right("euler_step", "dt, named and shaped")
def euler_dt(model, x: Tensor, t: Tensor, t_next: Tensor) -> Tensor:
    dt = (t_next - t).view(x.shape[0], *(1 for _ in x.shape[1:]))
    velocity = model(x, t)
    return x + velocity * dt


@right("euler_step", "guesses both ends of the line, and goes to t_next on it")
def euler_line(model, x, t, t_next):
    v = model(x, t)
    x_start = x + (1 - column(t, x)) * v
    noise = x - column(t, x) * v
    return flow.flow_path(x_start, t_next, noise)


@right("euler_step", "einsum")
def euler_einsum(model, x, t, t_next):
    return x + einsum(t_next - t, model(x, t), "b, b ... -> b ...")


@right("euler_step", "torch.addcmul, axes added one by one")
def euler_addcmul(model, x, t, t_next):
    dt = t_next - t
    for _ in range(x.ndim - 1):
        dt = dt[..., None]
    return torch.addcmul(x, dt, model(x, t))


@right("euler_step", "the rows in a copy, one after the other")
def euler_rows(model, x, t, t_next):
    v = model(x, t)
    result = x.clone()
    for i in range(len(x)):
        result[i] = x[i] + v[i] * (t_next[i] - t[i])
    return result


@right("euler_step", "minus times minus")
def euler_minus(model, x, t, t_next):
    back = rearrange(t - t_next, f"b -> b {'1 ' * (x.ndim - 1)}")
    return x - back * model(x, t)


def euler_with(dt=None, at=None, after=None):
    """A step of another length, from another time, or with something done afterwards."""

    def step(model, x, t, t_next):
        length = dt(t, t_next) if dt else t_next - t
        found = x + column(length, x) * model(x, at(t, t_next) if at else t)
        return after(found) if after else found

    return step


@wrong("euler_step", "the step's sign: t - t_next")
def euler_backwards(model, x, t, t_next):
    return euler_with(lambda t, s: t - s)(model, x, t, t_next)


@wrong("euler_step", "minus the step, as a sampler of diffusion goes")
def euler_subtracts(model, x, t, t_next):
    return x - column(t_next - t, x) * model(x, t)


@wrong("euler_step", "|t_next - t|: no way back")
def euler_absolute(model, x, t, t_next):
    return euler_with(lambda t, s: (s - t).abs())(model, x, t, t_next)


@wrong("euler_step", "t_next is taken for the length")
def euler_length_t_next(model, x, t, t_next):
    return euler_with(lambda t, s: s)(model, x, t, t_next)


@wrong("euler_step", "t is taken for the length")
def euler_length_t(model, x, t, t_next):
    return euler_with(lambda t, s: t)(model, x, t, t_next)


@wrong("euler_step", "all that is left, 1 - t")
def euler_to_the_end(model, x, t, t_next):
    return euler_with(lambda t, s: 1 - t)(model, x, t, t_next)


@wrong("euler_step", "no length: the whole velocity")
def euler_no_length(model, x, t, t_next):
    return x + model(x, t)


@wrong("euler_step", "the sum of the times")
def euler_sum_of_times(model, x, t, t_next):
    return euler_with(lambda t, s: s + t)(model, x, t, t_next)


@wrong("euler_step", "half a step")
def euler_half(model, x, t, t_next):
    return euler_with(lambda t, s: (s - t) / 2)(model, x, t, t_next)


@wrong("euler_step", "the root of the length, as noise would have it")
def euler_root(model, x, t, t_next):
    return euler_with(lambda t, s: (s - t).abs().sqrt())(model, x, t, t_next)


@wrong("euler_step", "the first row's length for all")
def euler_first_length(model, x, t, t_next):
    return euler_with(lambda t, s: (s - t)[:1].expand_as(t))(model, x, t, t_next)


@wrong("euler_step", "the batch's mean length for all")
def euler_mean_length(model, x, t, t_next):
    return x + (t_next - t).mean() * model(x, t)


@wrong("euler_step", "1 / B, as if the batch were the steps")
def euler_by_batch(model, x, t, t_next):
    return x + model(x, t) / len(x)


@wrong("euler_step", "the velocity at t_next")
def euler_at_next(model, x, t, t_next):
    return euler_with(at=lambda t, s: s)(model, x, t, t_next)


@wrong("euler_step", "the velocity at the middle, but of the old x")
def euler_at_middle(model, x, t, t_next):
    return euler_with(at=lambda t, s: (t + s) / 2)(model, x, t, t_next)


@wrong("euler_step", "the model is told 1 - t")
def euler_reversed_time(model, x, t, t_next):
    return euler_with(at=lambda t, s: 1 - t)(model, x, t, t_next)


@wrong("euler_step", "the model is told 1000 t")
def euler_thousand(model, x, t, t_next):
    return euler_with(at=lambda t, s: 1000 * t)(model, x, t, t_next)


@wrong("euler_step", "the model is told whole numbers")
def euler_long(model, x, t, t_next):
    return euler_with(at=lambda t, s: t.long())(model, x, t, t_next)


@wrong("euler_step", "the model is told the length")
def euler_told_length(model, x, t, t_next):
    return euler_with(at=lambda t, s: s - t)(model, x, t, t_next)


@wrong("euler_step", "the model is told the first row's t")
def euler_first_t(model, x, t, t_next):
    return euler_with(at=lambda t, s: t[:1].expand_as(t))(model, x, t, t_next)


@wrong("euler_step", "the midpoint method: two calls")
def euler_midpoint(model, x, t, t_next):
    return flow.midpoint_step(model, x, t, t_next)


@wrong("euler_step", "Heun's method: the mean of two velocities")
def euler_heun(model, x, t, t_next):
    first = model(x, t)
    second = model(x + column(t_next - t, x) * first, t_next)
    return x + column(t_next - t, x) * (first + second) / 2


@wrong("euler_step", "two half steps")
def euler_two_halves(model, x, t, t_next):
    middle = (t + t_next) / 2
    return flow.euler_step(model, flow.euler_step(model, x, t, middle), middle, t_next)


@wrong("euler_step", "the implicit step, by one iteration")
def euler_implicit(model, x, t, t_next):
    guess = x + column(t_next - t, x) * model(x, t)
    return x + column(t_next - t, x) * model(guess, t_next)


@wrong("euler_step", "the model's answer is taken for x_0")
def euler_of_start(model, x, t, t_next):
    return x + column(t_next - t, x) * (model(x, t) - x)


@wrong("euler_step", "the model's answer is taken for the noise")
def euler_of_noise(model, x, t, t_next):
    velocity = (x - model(x, t)) / column(t.clamp(min=1e-3), x)
    return x + column(t_next - t, x) * velocity


@wrong("euler_step", "x is forgotten")
def euler_without_x(model, x, t, t_next):
    return column(t_next - t, x) * model(x, t)


@wrong("euler_step", "x shrinks as on the path, (1 - dt) x + dt v")
def euler_shrinks(model, x, t, t_next):
    dt = column(t_next - t, x)
    return (1 - dt) * x + dt * model(x, t)


@wrong("euler_step", "fresh noise in every step")
def euler_noisy(model, x, t, t_next):
    dt = column(t_next - t, x)
    return x + dt * model(x, t) + dt.abs().sqrt() * torch.randn_like(x)


@wrong("euler_step", "clamped to [-1, 1]")
def euler_clamps(model, x, t, t_next):
    return euler_with(after=lambda x: x.clamp(-1, 1))(model, x, t, t_next)


@wrong("euler_step", "the new time comes back, too")
def euler_pair(model, x, t, t_next):
    return euler_with()(model, x, t, t_next), t_next


@wrong("euler_step", "the velocity alone")
def euler_velocity(model, x, t, t_next):
    return model(x, t)


@wrong("euler_step", "the length (B,) as it is")
def euler_no_column(model, x, t, t_next):
    return x + (t_next - t) * model(x, t)


@wrong("euler_step", "the three axes of images, whatever x is")
def euler_four_axes(model, x, t, t_next):
    return x + (t_next - t).view(-1, 1, 1, 1) * model(x, t)


@wrong("euler_step", "one axis, which fits points in the plane only")
def euler_two_axes(model, x, t, t_next):
    return x + (t_next - t)[:, None] * model(x, t)


@wrong("euler_step", "brackets: t_next - t v")
def euler_brackets(model, x, t, t_next):
    return x + column(t_next, x) - column(t, x) * model(x, t)


@wrong("euler_step", "x is moved in place")
def euler_in_place(model, x, t, t_next):
    x += column(t_next - t, x) * model(x, t)
    return x


@wrong("euler_step", "t becomes the length in place")
def euler_t_in_place(model, x, t, t_next):
    velocity = model(x, t)
    dt = t.neg_().add_(t_next)
    return x + column(dt, x) * velocity


@wrong("euler_step", "the length by float(): one number is needed")
def euler_float(model, x, t, t_next):
    return x + float(t_next - t) * model(x, t)


@wrong("euler_step", "if t < t_next of a batch")
def euler_if(model, x, t, t_next):
    if t < t_next:
        return x + column(t_next - t, x) * model(x, t)
    return x


@wrong("euler_step", "the model gets t_next as a third argument")
def euler_three_arguments(model, x, t, t_next):
    return x + column(t_next - t, x) * model(x, t, t_next)


@wrong("euler_step", "the model's arguments changed places")
def euler_model_arguments(model, x, t, t_next):
    return x + column(t_next - t, x) * model(t, x)


@wrong("euler_step", "the model gets t as a column")
def euler_model_column(model, x, t, t_next):
    t, t_next = column(t, x), column(t_next, x)
    return x + (t_next - t) * model(x, t)


# velocity_from_noise


@right("velocity_from_noise", "x_0 first, then x_0 - noise")
def velocity_by_start(x_t: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    t = t.view(-1, *[1] * (x_t.ndim - 1))
    x_start = (x_t - (1 - t) * noise) / t
    return x_start - noise


@right("velocity_from_noise", "torch.sub and torch.div")
def velocity_functions(x_t, t, noise):
    shape = [len(t)] + [1] * (len(x_t.shape) - 1)
    return torch.div(torch.sub(x_t, noise), t.reshape(shape))


@right("velocity_from_noise", "einsum with 1 / t")
def velocity_einsum(x_t, t, noise):
    return einsum(x_t - noise, t.reciprocal(), "b ..., b -> b ...")


@right("velocity_from_noise", "a list comprehension")
def velocity_rows(x_t, t, noise):
    return torch.stack([(x - n) / s for x, n, s in zip(x_t, noise, t, strict=True)])


@right("velocity_from_noise", "flattened; copies of t in the shape of x_t")
def velocity_expanded(x_t, t, noise):
    flat = (x_t - noise).reshape(len(t), -1)
    return (flat / t.unsqueeze(1).expand_as(flat)).reshape(x_t.shape)


@right("velocity_from_noise", "the axes turned round, so that t broadcasts")
def velocity_moves_axis(x_t, t, noise):
    return ((x_t - noise).movedim(0, -1) / t).movedim(-1, 0)


def velocity_with(wanted):
    """wanted(x_t, t, noise) with t as a column."""
    return lambda x_t, t, noise: wanted(x_t, column(t, x_t), noise)


@wrong("velocity_from_noise", "the sign: towards the noise")
def velocity_towards_noise(x_t, t, noise):
    return velocity_with(lambda x, t, n: (n - x) / t)(x_t, t, noise)


@wrong("velocity_from_noise", "divided by 1 - t")
def velocity_by_rest(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) / (1 - t))(x_t, t, noise)


@wrong("velocity_from_noise", "as if the noise were x_0: (x_0 - x_t) / (1 - t)")
def velocity_noise_is_start(x_t, t, noise):
    return velocity_with(lambda x, t, n: (n - x) / (1 - t))(x_t, t, noise)


@wrong("velocity_from_noise", "not divided")
def velocity_undivided(x_t, t, noise):
    return x_t - noise


@wrong("velocity_from_noise", "times t")
def velocity_times_t(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) * t)(x_t, t, noise)


@wrong("velocity_from_noise", "x_0, not x_0 - noise")
def velocity_start(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - (1 - t) * n) / t)(x_t, t, noise)


@wrong("velocity_from_noise", "x_0 - x_t")
def velocity_start_less_x(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - (1 - t) * n) / t - x)(x_t, t, noise)


@wrong("velocity_from_noise", "noise - x_0")
def velocity_noise_less_start(x_t, t, noise):
    return velocity_with(lambda x, t, n: n - (x - (1 - t) * n) / t)(x_t, t, noise)


@wrong("velocity_from_noise", "x_0 with t for 1 - t")
def velocity_start_with_t(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - t * n) / t - n)(x_t, t, noise)


@wrong("velocity_from_noise", "time the other way: x_0 = (x_t - t noise) / (1 - t)")
def velocity_other_time(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - t * n) / (1 - t) - n)(x_t, t, noise)


@wrong("velocity_from_noise", "x_0 is not divided")
def velocity_start_undivided(x_t, t, noise):
    return velocity_with(lambda x, t, n: x - (1 - t) * n - n)(x_t, t, noise)


@wrong("velocity_from_noise", "the formula of diffusion, with roots")
def velocity_roots(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - (1 - t).sqrt() * n) / t.sqrt() - n)(x_t, t, noise)


@wrong("velocity_from_noise", "the brackets are missing: x_t - noise / t")
def velocity_brackets(x_t, t, noise):
    return velocity_with(lambda x, t, n: x - n / t)(x_t, t, noise)


@wrong("velocity_from_noise", "only x_t is divided")
def velocity_divides_x(x_t, t, noise):
    return velocity_with(lambda x, t, n: x / t - n)(x_t, t, noise)


@wrong("velocity_from_noise", "plus the noise")
def velocity_plus(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x + n) / t)(x_t, t, noise)


@wrong("velocity_from_noise", "the root of t")
def velocity_root_t(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) / t.sqrt())(x_t, t, noise)


@wrong("velocity_from_noise", "t is never below 0.1")
def velocity_clamps_t(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) / t.clamp(min=0.1))(x_t, t, noise)


@wrong("velocity_from_noise", "0.01 more in the denominator")
def velocity_epsilon(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) / (t + 0.01))(x_t, t, noise)


@wrong("velocity_from_noise", "x_0 is clamped to [-1, 1]")
def velocity_clamps_start(x_t, t, noise):
    return velocity_with(lambda x, t, n: ((x - (1 - t) * n) / t).clamp(-1, 1) - n)(x_t, t, noise)


@wrong("velocity_from_noise", "the result is clamped")
def velocity_clamps(x_t, t, noise):
    return velocity_with(lambda x, t, n: ((x - n) / t).clamp(-1, 1))(x_t, t, noise)


@wrong("velocity_from_noise", "whole-number division")
def velocity_floor(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) // t)(x_t, t, noise)


@wrong("velocity_from_noise", "the first row's t for all")
def velocity_first_t(x_t, t, noise):
    return (x_t - noise) / t[0]


@wrong("velocity_from_noise", "the batch's mean t for all")
def velocity_mean_t(x_t, t, noise):
    return (x_t - noise) / t.mean()


@wrong("velocity_from_noise", "t (B,) as it is")
def velocity_no_column(x_t, t, noise):
    return (x_t - noise) / t


@wrong("velocity_from_noise", "the three axes of images, whatever x_t is")
def velocity_four_axes(x_t, t, noise):
    return (x_t - noise) / t[:, None, None, None]


@wrong("velocity_from_noise", "one axis, which fits points in the plane only")
def velocity_two_axes(x_t, t, noise):
    return (x_t - noise) / t.unsqueeze(1)


@wrong("velocity_from_noise", "flattened")
def velocity_flattened(x_t, t, noise):
    return (x_t - noise).flatten(1) / t[:, None]


@wrong("velocity_from_noise", "x_0 and the velocity")
def velocity_pair(x_t, t, noise):
    velocity = (x_t - noise) / column(t, x_t)
    return noise + velocity, velocity


@wrong("velocity_from_noise", "x_t is changed in place")
def velocity_in_place(x_t, t, noise):
    x_t -= noise
    return x_t / column(t, x_t)


@wrong("velocity_from_noise", "the noise is changed in place, and needed once more")
def velocity_noise_in_place(x_t, t, noise):
    t = column(t, x_t)
    x_start = (x_t - noise.mul_(1 - t)) / t
    return x_start - noise


@wrong("velocity_from_noise", "numpy's division: an array")
def velocity_numpy(x_t, t, noise):
    return np.divide((x_t - noise).numpy(), column(t, x_t).numpy())


@wrong("velocity_from_noise", "if t > 0 of a batch")
def velocity_if(x_t, t, noise):
    if t > 0:
        return (x_t - noise) / column(t, x_t)
    return torch.zeros_like(x_t)


@wrong("velocity_from_noise", "noise is called as if it were the model")
def velocity_calls_noise(x_t, t, noise):
    return (x_t - noise(x_t, t)) / column(t, x_t)


@wrong("velocity_from_noise", "no_grad is called without brackets")
def velocity_no_grad(x_t, t, noise):
    with torch.no_grad:
        return (x_t - noise) / column(t, x_t)


@disputed("velocity_from_noise", "1e-5 in the denominator: right but for tiny t")
def velocity_tiny_epsilon(x_t, t, noise):
    return velocity_with(lambda x, t, n: (x - n) / (t + 1e-5))(x_t, t, noise)
