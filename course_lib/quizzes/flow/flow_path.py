"""Quiz `flow_path` of chapter 16."""

import torch

from course_lib import flow
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.flow.shared import flow_batches

flow_path = Quiz(
    flow.flow_path,
    cases=flow_batches,
    points=2,
    minutes=6,
    difficulty=1,
    importance=5,
    hints=(
        "At t = 0 the point is the noise, at t = 1 it is the data. What is it halfway?",
        "It is a weighted mean of the two, with weights that add up to 1. Each row has its own t, so t needs as many "
        "axes as x_start.",
        "t = t.reshape(-1, *[1] * (x_start.ndim - 1)), then (1 - t) * noise + t * x_start",
    ),
)

POINT = "(1 - t) * noise + t * x_start"

# The formula
flow_path.edits(
    backwards=(
        f"{POINT} -> t * noise + (1 - t) * x_start",
        "The two ends are exchanged: at t = 0 you return the data. Here t = 0 is the noise and t = 1 the data.",
    ),
    circle=(
        f"{POINT} -> (1 - t**2).sqrt() * noise + t * x_start",
        "The squares of your two weights add up to 1, as in diffusion. On a straight line the weights themselves do.",
    ),
    roots=(
        f"{POINT} -> (1 - t).sqrt() * noise + t.sqrt() * x_start",
        "The weights are roots, as of alpha-bar. On a straight line t itself is the weight of the data.",
    ),
    noise_at_full_strength=(
        f"{POINT} -> noise + t * x_start",
        "The noise stays at full strength, so at t = 1 the point is not the data. What is the weight of the noise?",
    ),
    data_at_full_strength=(
        f"{POINT} -> (1 - t) * noise + x_start",
        "The data is there at full strength, also at t = 0. What is its weight?",
    ),
    minus=(
        f"{POINT} -> t * x_start - (1 - t) * noise",
        "The noise is subtracted. At t = 0 the point should be the noise itself, with its sign.",
    ),
    velocity=(
        f"{POINT} -> x_start - noise + 0 * t",
        "That is the velocity of the line, which is the same at every t. Where is the point at time t?",
    ),
    velocity_from_data=(
        f"{POINT} -> x_start + t * (x_start - noise)",
        "You start at the data and go on, away from the noise. Start at the noise.",
    ),
    velocity_back=(
        f"{POINT} -> noise + t * (noise - x_start)",
        "You walk from the noise away from the data: the direction has the wrong sign.",
    ),
    half=(
        f"{POINT} -> (noise + x_start) / 2 + 0 * t",
        "You return the middle of the line for every t. Where does t come in?",
    ),
    start_returned=(f"{POINT} -> x_start + 0 * t", "You return the data for every t. Where does the noise come in?"),
    noise_returned=(f"{POINT} -> noise + 0 * t", "You return the noise for every t. Where does the data come in?"),
    squared_time=(
        f"{POINT} -> (1 - t**2) * noise + t**2 * x_start",
        "t is squared: the point is on the line, but it is late. The weight of the data is t.",
    ),
    product=(
        f"{POINT} -> (1 - t) * noise * t * x_start",
        "The two parts are multiplied. They are added.",
    ),
    spread_left=(
        f"{POINT} -> (1 - (1 - 0.1) * t) * noise + t * x_start",
        "A tenth of the noise is left at t = 1. On the straight path of this chapter, sigma_min is 0.",
    ),
)

# Rows
flow_path.edits(
    one_t_for_all=(
        "t = t.reshape(-1, *[1] * (x_start.ndim - 1)) -> t = t[0]",
        "All rows are at the time of the first. Each row has its own.",
    ),
    mean_t=(
        "t = t.reshape(-1, *[1] * (x_start.ndim - 1)) -> t = t.mean()",
        "All rows are at the mean of the times. Each row has its own.",
    ),
    no_reshape=(
        "t = t.reshape(-1, *[1] * (x_start.ndim - 1)) -> t = t",
        "t has the shape (B,), so PyTorch lays it along the last axis of x. Give it as many axes as x_start has.",
    ),
)


@flow_path.alternative("`torch.lerp` from the noise to the data.")
def with_lerp(x_start, t, noise):
    return torch.lerp(noise, x_start, t.view(-1, *(1,) * (x_start.dim() - 1)))


@flow_path.alternative("From the noise, the part t of the way to the data.")
def part_of_the_way(x_start, t, noise):
    while t.ndim < x_start.ndim:
        t = t[..., None]
    return noise + t * (x_start - noise)


@flow_path.alternative("Row by row.")
def row_by_row(x_start, t, noise):
    return torch.stack([(1 - s) * z + s * x for x, s, z in zip(x_start, t, noise, strict=True)])
