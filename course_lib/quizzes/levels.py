"""Steps from one level to another, for quizzes of chapters 12 and 17."""

import torch
from torch import Tensor

from course_lib.forward import extract
from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches
from course_lib.schedules import NoiseSchedule

KINDS = [("noise", True), ("noise", True), ("start", True), ("v", False), ("noise", False), ("v", True)]


def steps_between_levels(g: torch.Generator) -> list[tuple]:
    """Cases (model, x, t, t_prev, noise, schedule, predicts, clip_start): every row makes another step.

    The first is a single image, at T - 1. In the second all rows go to clean data (t_prev = -1): the checker makes two
    more of it in which t = 0, from where no other step is possible. In the third only the first row, with t = 0, goes
    there; in the others some rows do, but not the first.
    """
    model = ToyDenoiser().requires_grad_(False)
    x, noise = torch.randn((2, 1, 1, 12, 16), generator=g)
    cases = [(model, x, torch.tensor([79]), torch.tensor([29]), noise, NoiseSchedule.from_name("linear", 80))]
    for x, t, noise, schedule in noisy_batches(g):
        t_prev = earlier(t, g)
        if len(cases) == 1:
            t_prev = torch.full_like(t, -1)
        if len(cases) == 2:
            t, t_prev = t.roll(-2), t_prev.roll(-2).clamp(min=0)
            t_prev[0] = -1
        cases.append((model, x, t, t_prev, noise, schedule))
    return [(*case, *kind) for case, kind in zip(cases, [("noise", False), *KINDS], strict=True)]


def earlier(t: Tensor, g: torch.Generator) -> Tensor:
    """A t_prev for each t, (B,): anywhere from -1 to t - 1; -1 in the second row, t - 1 in the last of several."""
    t_prev = (torch.rand(len(t), generator=g) * t).long()  # 0 ... t - 1
    t_prev[t == 0] = -1
    t_prev[1:2] = -1
    t_prev[2:][-1:] = t[2:][-1:] - 1
    return t_prev


def read_at(values: Tensor, t: Tensor, x: Tensor) -> Tensor:
    """values[t] on the batch axis, where a t of -1 means the last entry, as Python has it."""
    return values[t].reshape(-1, *[1] * (x.ndim - 1))


def at_t_prev(schedule: NoiseSchedule, t_prev: Tensor, x: Tensor) -> Tensor:
    """alpha-bar at t_prev on the batch axis, 1 where t_prev is -1."""
    return extract(schedule.alphas_cumprod_prev, t_prev + 1, x.shape)
