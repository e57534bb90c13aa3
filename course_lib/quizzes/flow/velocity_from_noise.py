"""Quiz `velocity_from_noise` of chapter 16."""

import torch

from course_lib import flow
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.flow.shared import flow_batches


def predictions(g: torch.Generator) -> list[tuple]:
    """(x_t, t, noise): any x_t and any prediction, at flow times from 0.05 on."""
    return flow_batches(g, lowest=0.05)


velocity_from_noise = Quiz(
    flow.velocity_from_noise,
    cases=predictions,
    points=3,
    minutes=8,
    difficulty=3,
    importance=4,
    hints=(
        "x_t = (1 - t) noise + t x_0. You know x_t, t and the noise: what is x_0?",
        "x_0 = (x_t - (1 - t) noise) / t. The velocity is x_0 - noise: put both over t and simplify.",
        "(x_t - noise) / t.reshape(-1, *[1] * (x_t.ndim - 1))",
    ),
)

RESULT, T = "(x_t - noise) / t.reshape(-1, *[1] * (x_t.ndim - 1))", "t.reshape(-1, *[1] * (x_t.ndim - 1))"

velocity_from_noise.edits(
    backwards=(
        f"{RESULT} -> (noise - x_t) / {T}",
        "The sign is wrong. The velocity points from the noise to the data.",
    ),
    not_divided=(
        f"{RESULT} -> x_t - noise + 0 * {T}",
        "That is the way from the noise to x_t, which took the time t. A velocity is way over time.",
    ),
    divided_by_the_rest=(
        f"{RESULT} -> (x_t - noise) / (1 - {T} + 1e-3)",
        "You divide by the time that is left, 1 - t. The way from the noise to x_t took the time t.",
    ),
    multiplied=(f"{RESULT} -> (x_t - noise) * {T}", "The way is multiplied by t. A velocity is way over time."),
    start_returned=(
        f"{RESULT} -> (x_t - (1 - {T}) * noise) / {T}",
        "That is x_0, which is right so far. The velocity is x_0 less the noise.",
    ),
    start_not_divided=(
        f"{RESULT} -> (x_t - (1 - {T}) * noise) - noise",
        "x_t - (1 - t) noise is t x_0. Divide by t before you subtract the noise.",
    ),
    noise_subtracted_twice=(
        f"{RESULT} -> (x_t - noise) / {T} - noise",
        "The noise is subtracted once too often: (x_t - noise) / t is the velocity already.",
    ),
    noise_added=(f"{RESULT} -> (x_t + noise) / {T}", "The noise is added. Take it out of x_t."),
    start_plus_noise=(
        f"{RESULT} -> (x_t - (1 - {T}) * noise) / {T} + noise",
        "You add the noise to x_0. The velocity is the difference: where to, less where from.",
    ),
    start_from_noise_at_full_strength=(
        f"{RESULT} -> x_t / {T} - noise",
        "x_t / t is not x_0: there is noise in x_t, with the weight 1 - t. Take it out first.",
    ),
    diffusions_start=(
        f"{RESULT} -> (x_t - (1 - {T}**2).sqrt() * noise) / {T} - noise",
        "The noise's weight is taken to be the root of 1 - t², as in diffusion. On the straight line it is 1 - t.",
    ),
    ends_exchanged=(
        f"{RESULT} -> (x_t - {T} * noise) / (1 - {T} + 1e-3) - noise",
        "You solve the path with t and 1 - t exchanged. At t = 1, x_t is the data.",
    ),
    v_of_diffusion=(
        f"{RESULT} -> {T} * noise - (1 - {T}) * x_t",
        "That looks like v of diffusion. The velocity of the straight line is x_0 - noise.",
    ),
    squared_time=(f"{RESULT} -> (x_t - noise) / {T} ** 2", "You divide by t². Way over time is enough."),
    guarded=(
        f"{RESULT} -> (x_t - noise) / ({T} + 0.1)",
        "0.1 is added to t against division by 0. Here t is above 0, and the sum makes every velocity too small.",
    ),
    clipped_time=(
        f"{RESULT} -> (x_t - noise) / {T}.clamp(min=0.5)",
        "Small t are raised before you divide. Here t is above 0, and each row has the velocity of its own t.",
    ),
    start_clipped=(
        f"{RESULT} -> ((x_t - (1 - {T}) * noise) / {T}).clamp(-1, 1) - noise",
        "x_0 is clipped to [-1, 1]. That is for samplers of images; here any data is allowed.",
    ),
    one_t_for_all=(f"{RESULT} -> (x_t - noise) / t[0]", "All rows are divided by the first t. Each row has its own."),
    mean_t=(f"{RESULT} -> (x_t - noise) / t.mean()", "All rows are divided by the mean of t. Each row has its own."),
    no_reshape=(
        f"{RESULT} -> (x_t - noise) / t",
        "t has the shape (B,), so PyTorch lays it along the last axis of x_t. Give it as many axes as x_t has.",
    ),
)


@velocity_from_noise.alternative("x_0 first, then its difference from the noise.")
def by_way_of_the_start(x_t, t, noise):
    t = t.view(-1, *(1,) * (x_t.dim() - 1))
    x_start = (x_t - (1 - t) * noise) / t
    return x_start - noise


@velocity_from_noise.alternative("Division as multiplication by 1 / t.")
def by_the_inverse(x_t, t, noise):
    pace = t.reciprocal()
    while pace.ndim < x_t.ndim:
        pace = pace[..., None]
    return torch.sub(x_t, noise) * pace


@velocity_from_noise.alternative("Row by row.")
def row_by_row(x_t, t, noise):
    return torch.stack([(x - z) / s for x, s, z in zip(x_t, t, noise, strict=True)])
