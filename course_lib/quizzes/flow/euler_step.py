"""Quiz `euler_step` of chapter 16."""

import torch

from course_lib import flow
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.flow.shared import flow_batches
from course_lib.quizzes.inputs import ToyDenoiser


def steps(g: torch.Generator) -> list[tuple]:
    """(model, x, t, t_next): steps of all lengths, in the last two batches backwards, too."""
    model = ToyDenoiser().requires_grad_(False)
    cases = []
    for number, (x, t, _) in enumerate(flow_batches(g)):
        t_next = t + (1 - t) * torch.rand(len(t), generator=g) + 0.02
        t_next[0] = t[0] + 0.8 * (1 - t[0]) + 0.02  # the first step is long in every batch
        cases.append((model, x, t_next, t) if number >= 4 else (model, x, t, t_next))
    return cases


euler_step = Quiz(
    flow.euler_step,
    cases=steps,
    points=3,
    minutes=6,
    difficulty=2,
    importance=5,
    hints=(
        "A car drives with a known velocity. Where is it after a time?",
        "Ask the model where you are now, at t. The way is the velocity times the time that passes, t_next - t, row "
        "by row.",
        "x + (t_next - t).reshape(-1, *[1] * (x.ndim - 1)) * model(x, t)",
    ),
)

LENGTH, MOVE = "step = (t_next - t).reshape(-1, *[1] * (x.ndim - 1))", "x + step * model(x, t)"
COLUMN = "reshape(-1, *[1] * (x.ndim - 1))"

euler_step.edits(
    backwards=(
        "(t_next - t) -> (t - t_next)",
        "x moves against the velocity. Time passes from t to t_next, and the velocity points to where x moves.",
    ),
    unit_step=(
        f"{MOVE} -> x + model(x, t)",
        "The step has the length 1, however little time passes. Multiply the velocity by the time.",
    ),
    up_to_t_next=(
        "(t_next - t) -> t_next",
        "The step is t_next long. Only the time from t to t_next passes.",
    ),
    from_zero_to_t=(
        "(t_next - t) -> t",
        "The step is t long. The time that passes is t_next - t.",
    ),
    rest_of_the_way=(
        "(t_next - t) -> (1 - t)",
        "The step goes all the way to t = 1. It should end at t_next.",
    ),
    asked_at_the_end=(
        f"{MOVE} -> x + step * model(x, t_next)",
        "The model is told t_next, but x is at t. Ask it about where you are.",
    ),
    asked_in_the_middle=(
        f"{MOVE} -> x + step * model(x, (t + t_next) / 2)",
        "The model is told the time in the middle, but x is at t. The midpoint step moves x there first.",
    ),
    midpoint=(
        f"{MOVE} -> x + step * model(x + step / 2 * model(x, t), (t + t_next) / 2)",
        "That is the midpoint step, with two calls of the model. Euler's step asks once, at t.",
    ),
    heun=(
        f"{MOVE} -> x + step * (model(x, t) + model(x + step * model(x, t), t_next)) / 2",
        "That is Heun's step, which takes the mean of two velocities. Euler's step takes the first only.",
    ),
    only_the_move=(f"{MOVE} -> step * model(x, t)", "You return the way that x moves. Where is x afterwards?"),
    only_the_velocity=(f"{MOVE} -> model(x, t)", "You return the velocity. Where is x after the step?"),
    unmoved=(f"{MOVE} -> x.clone()", "x does not move. Ask the model for its velocity."),
    divided=(
        f"{MOVE} -> x + model(x, t) / step",
        "The velocity is divided by the time that passes. Way = velocity times time.",
    ),
    root_of_time=(
        f"{MOVE} -> x + step.abs().sqrt() * model(x, t)",
        "The step grows with the root of the time, as a random walk does. A velocity is multiplied by the time itself.",
    ),
    absolute_time=(
        "(t_next - t) -> (t_next - t).abs()",
        "The step always goes forwards. Where t_next is smaller than t, x has to move back.",
    ),
    jump_to_the_data=(
        f"{MOVE} -> x + (1 - t).{COLUMN} * model(x, t) * step",
        "The step is scaled by 1 - t as well. The velocity times t_next - t is the whole way.",
    ),
    pulled_to_zero=(
        f"{MOVE} -> (1 - step) * x + step * model(x, t)",
        "x shrinks on the way: you mix x and the velocity, as if that were a place. Add the way to x.",
    ),
    one_step_for_all=(
        f"{LENGTH} -> step = (t_next - t)[0]",
        "All rows make the step of the first. Each row has its own times.",
    ),
    mean_step=(
        f"{LENGTH} -> step = (t_next - t).mean()",
        "All rows make a step of the mean length. Each row has its own times.",
    ),
    no_reshape=(
        f"{LENGTH} -> step = t_next - t",
        "The length of the step has the shape (B,), so PyTorch lays it along the last axis of x. Give it the axes "
        "that x has.",
    ),
    told_the_first_time=(
        f"{MOVE} -> x + step * model(x, t[:1].expand_as(t))",
        "The model is told the time of the first row for all rows. Each row has its own.",
    ),
    told_no_time=(
        f"{MOVE} -> x + step * model(x, torch.zeros_like(t))",
        "The model is told t = 0 for every row. It should be told each row's t.",
    ),
    clipped=(
        f"{MOVE} -> (x + step * model(x, t)).clamp(-1, 1)",
        "The result is clipped to [-1, 1]. On the way x is noisy and may lie outside.",
    ),
)


@euler_step.alternative("`torch.addcmul`, with a view of the time.")
def with_addcmul(model, x, t, t_next):
    passed = (t_next - t).view(-1, *(1,) * (x.dim() - 1)).expand_as(x)
    return torch.addcmul(x, passed, model(x, t))


@euler_step.alternative("The axes of the time are added one by one.")
def axis_by_axis(model, x, t, t_next):
    time = t_next - t
    for _ in range(x.ndim - 1):
        time = time.unsqueeze(-1)
    return model(x, t) * time + x


@euler_step.alternative("Row by row, after one call of the model.")
def row_by_row(model, x, t, t_next):
    velocity = model(x, t)
    return torch.stack([x[i] + (t_next[i] - t[i]) * velocity[i] for i in range(len(x))])
