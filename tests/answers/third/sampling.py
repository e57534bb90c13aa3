"""Answers to the new quizzes of chapter 10."""

from functools import reduce

import torch
from torch import Tensor

from answers import right, wrong
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.reverse import draw_noise, p_sample, predict_start

# p_sample_from


@wrong("p_sample_from", "begins one step too low")
@torch.no_grad()
def finish_one_lower(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "the step at t = 0 is left out")
@torch.no_grad()
def finish_without_zero(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in range(start, 0, -1):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "all steps, from T - 1, whatever start says")
@torch.no_grad()
def finish_all_steps(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "the steps upwards")
@torch.no_grad()
def finish_upwards(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in range(start + 1):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "one noise for all steps")
@torch.no_grad()
def finish_one_noise(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x, noise = x_t, draw_noise(x_t.shape, schedule, generator)
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "all rows share their noise")
@torch.no_grad()
def finish_shared_noise(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        noise = draw_noise(x[:1].shape, schedule, generator).expand(x.shape)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "draws nothing in the last step, though every step draws")
@torch.no_grad()
def finish_zeros_at_zero(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        noise = draw_noise(x.shape, schedule, generator) if step > 0 else torch.zeros_like(x)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "the generator is not passed on")
@torch.no_grad()
def finish_without_generator(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "predicts is not passed on")
@torch.no_grad()
def finish_without_predicts(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        noise = draw_noise(x.shape, schedule, generator)
        x = p_sample(model, x, t, noise, schedule, clip_start=clip_start)
    return x


@wrong("p_sample_from", "clip_start is not passed on")
@torch.no_grad()
def finish_without_clip(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts)
    return x


@wrong("p_sample_from", "t is a number, not one for each row")
@torch.no_grad()
def finish_plain_t(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        x = p_sample(model, x, step, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "t of shape (1,) for the whole batch")
@torch.no_grad()
def finish_single_t(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.tensor([step], device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "noises the state once more at the start")
@torch.no_grad()
def finish_noises_again(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    t = torch.full((len(x_t),), start, device=x_t.device)
    x = q_sample(x_t, t, draw_noise(x_t.shape, schedule, generator), schedule)
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "starts from pure noise, as p_sample_loop does")
@torch.no_grad()
def finish_from_noise(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(x_t.shape, schedule, generator)
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "all states instead of the last")
@torch.no_grad()
def finish_all_states(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    states = [x_t]
    for step in reversed(range(start + 1)):
        x = states[-1]
        t = torch.full((len(x),), step, device=x.device)
        states.append(p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start))
    return torch.stack(states)


@wrong("p_sample_from", "clamped at the end, clip_start or not")
@torch.no_grad()
def finish_clamps(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x.clamp(-1, 1)


@wrong("p_sample_from", "every step begins at the stopped state")
@torch.no_grad()
def finish_forgets_state(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    for step in reversed(range(start + 1)):
        t = torch.full((len(x_t),), step, device=x_t.device)
        x = p_sample(model, x_t, t, draw_noise(x_t.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "no noise at all: the means only")
@torch.no_grad()
def finish_means(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, torch.zeros_like(x), schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "torch.randn with the generator, which takes no list of them")
@torch.no_grad()
def finish_torch_randn(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        noise = torch.randn(x.shape, generator=generator)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_from", "without no_grad: the samples drag a graph along")
def finish_with_graph(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t
    for step in reversed(range(start + 1)):
        t = torch.full((len(x),), step, device=x.device)
        x = p_sample(model, x, t, draw_noise(x.shape, schedule, generator), schedule, predicts, clip_start)
    return x


@right("p_sample_from", "a while loop that counts t itself down")
@torch.no_grad()
def finish_while(model, x_t: Tensor, start, schedule, generator=None, predicts="noise", clip_start=False) -> Tensor:
    t = torch.full((x_t.shape[0],), start, dtype=torch.long, device=x_t.device)
    while t[0] >= 0:
        noise = draw_noise(x_t.shape, schedule, generator)
        x_t = p_sample(model, x_t, t, noise, schedule, predicts=predicts, clip_start=clip_start)
        t = t - 1
    return x_t


@right("p_sample_from", "functools.reduce")
@torch.no_grad()
def finish_reduce(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    def down(x, t):
        noise = draw_noise(x.shape, schedule, generator)
        return p_sample(model, x, t.expand(len(x)), noise, schedule, predicts, clip_start)

    return reduce(down, torch.arange(start, -1, -1, device=schedule.device), x_t)


@right("p_sample_from", "recursion")
@torch.no_grad()
def finish_recursive(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    if start < 0:
        return x_t
    t = torch.full((len(x_t),), start, device=schedule.device)
    noise = draw_noise(tuple(x_t.shape), schedule, generator)
    x_t = p_sample(model, x_t, t, noise, schedule, predicts, clip_start)
    return finish_recursive(model, x_t, start - 1, schedule, generator, predicts, clip_start)


@right("p_sample_from", "the step by hand, from q_posterior")
@torch.no_grad()
def finish_by_hand(model, x_t, start, schedule, generator=None, predicts="noise", clip_start=False):
    x = x_t.clone()
    for step in range(start, -1, -1):
        t = torch.ones(len(x), dtype=torch.long, device=x.device) * step
        noise = draw_noise(x.shape, schedule, generator)
        x_start = predict_start(model(x, t), x, t, schedule, predicts)
        if clip_start:
            x_start = x_start.clip(-1, 1)
        mean, _ = q_posterior(x_start, x, t, schedule)
        x = mean + extract(schedule.posterior_variance, t, x.shape).sqrt() * noise
    return x
