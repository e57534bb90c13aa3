"""Quiz `flow_matching_loss` of chapter 16."""

import torch
from torch.nn import functional

from course_lib import flow
from course_lib.checker.quiz import Quiz
from course_lib.flow import flow_path
from course_lib.quizzes.flow.shared import flow_batches
from course_lib.quizzes.inputs import ToyDenoiser


def training_batches(g: torch.Generator) -> list[tuple]:
    """(model, x_start, t, noise). The last model is frozen, as when a loss is only measured."""
    cases = [(ToyDenoiser(), *batch) for batch in flow_batches(g)]
    cases[-1][0].requires_grad_(False)
    return cases


flow_matching_loss = Quiz(
    flow.flow_matching_loss,
    cases=training_batches,
    points=3,
    minutes=8,
    difficulty=2,
    importance=5,
    hints=(
        "Three steps: the point on the line, what the model says there, and how far that is from the line's velocity.",
        "`flow_path` gives the point. A point that moves from the noise to the data in time 1 has the velocity "
        "x_start - noise.",
        "(model(flow_path(x_start, t, noise), t) - (x_start - noise)).square().mean()",
    ),
    atol=1e-4,
)

POINT, TARGET, MEAN = "flow_path(x_start, t, noise), t)", "(x_start - noise)", ".square().mean()"

flow_matching_loss.edits(
    target_backwards=(
        f"{TARGET} -> (noise - x_start)",
        "The target points from the data to the noise. Time runs from noise to data here.",
    ),
    target_is_noise=(
        f"{TARGET} -> noise",
        "The model is compared with the noise, as in diffusion. Here it should say the velocity of the line.",
    ),
    target_is_start=(
        f"{TARGET} -> x_start",
        "The model is compared with x_start. What is the velocity of a point that moves from the noise to it?",
    ),
    target_is_sum=(
        f"{TARGET} -> (x_start + noise)",
        "The target is the sum of data and noise. A velocity is a difference: where to, less where from.",
    ),
    target_is_point=(
        f"{TARGET} -> flow_path(x_start, t, noise)",
        "The model is compared with the point itself. The target is the velocity of the line there.",
    ),
    way_left=(
        f"{TARGET} -> (x_start - flow_path(x_start, t, noise))",
        "The target is the way that is left. The velocity is the same along the whole line.",
    ),
    way_gone=(
        f"{TARGET} -> (flow_path(x_start, t, noise) - noise)",
        "The target is the way that the point has come. The velocity is the same along the whole line.",
    ),
    no_target=(
        f"velocity - {TARGET} -> velocity",
        "The model's velocity is compared with nothing, so a model that answers 0 wins. What should it be?",
    ),
    model_sees_the_start=(
        f"{POINT} -> x_start, t)",
        "The model sees the clean data. It should see the point on the line.",
    ),
    model_sees_the_noise=(
        f"{POINT} -> noise, t)",
        "The model sees the noise only. It should see the point on the line.",
    ),
    path_backwards=(
        f"{POINT} -> flow_path(x_start, 1 - t, noise), t)",
        "The point is that of 1 - t: data and noise have each other's weight. "
        "`flow_path` takes the data first, and the t that the model is told.",
    ),
    told_the_wrong_time=(
        "noise), t) -> noise), 1 - t)",
        "The model is told 1 - t. It should be told the time of the point.",
    ),
    told_no_time=(
        "noise), t) -> noise), torch.zeros_like(t))",
        "The model is told t = 0 for every row. It should be told each point's own time.",
    ),
    told_the_first_time=(
        "noise), t) -> noise), t[:1].expand_as(t))",
        "The model is told the time of the first row for all rows. Each row has its own.",
    ),
    absolute=(
        f"{MEAN} -> .abs().mean()",
        "That is the mean absolute error. Only the square has the mean velocity as its best answer (chapter 06).",
    ),
    summed=(f"{MEAN} -> .square().sum()", "The squares are added up. The loss is their mean, whatever the batch."),
    root=(f"{MEAN} -> .square().mean().sqrt()", "That is the root of the mean squared error. Leave the root out."),
    not_squared=(f"{MEAN} -> .mean()", "Errors up and down cancel in a mean. Square them first."),
    mean_squared=(f"{MEAN} -> .mean().square()", "You square the mean. Square each error first, then take the mean."),
    half=(f"{MEAN} -> .square().mean() / 2", "The loss is half of the mean square. Here it has no factor 1/2."),
    per_row=(
        f"{MEAN} -> .square().flatten(1).mean(dim=1) if x_start.ndim > 1 else (velocity - {TARGET}).square()",
        "There is a loss for each row. An optimizer needs one number: the mean over the batch, too.",
    ),
    summed_in_rows=(
        f"{MEAN} -> .square().reshape(len(t), -1).sum(dim=1).mean()",
        "The squares of a row are added up, and the mean is over rows only. Take the mean over everything.",
    ),
    detached=(
        "velocity = model(flow_path(x_start, t, noise), t) -> "
        "velocity = model(flow_path(x_start, t, noise), t).detach()",
        "The value is right, but it is cut off from the model: no gradient can reach the weights.",
    ),
    a_number=(
        f"{MEAN} -> .square().mean().item()",
        "What comes back is a Python number, which has no gradient. Return the tensor.",
    ),
)


@flow_matching_loss.alternative("`mse_loss`, with a target that is made first.")
def with_mse_loss(model, x_start, t, noise):
    target = x_start - noise
    return functional.mse_loss(model(flow_path(x_start, t, noise), t), target)


@flow_matching_loss.alternative("The path written out; the mean of the squared error's rows.")
def written_out(model, x_start, t, noise):
    s = t.view(-1, *(1,) * (x_start.dim() - 1))
    error = model(noise + s * (x_start - noise), t) - x_start + noise
    return error.pow(2).reshape(len(x_start), -1).mean(dim=1).mean()


@flow_matching_loss.alternative("A norm, squared, over the number of numbers.")
def with_a_norm(model, x_start, t, noise):
    error = model(flow_path(x_start, t, noise), t) + noise - x_start
    return torch.sum(error * error) / error.numel()
