"""Quiz `denoise_step` of chapter 01."""

import torch
from torch import Tensor, nn

from course_lib import toy
from course_lib.checker.quiz import Quiz


class Table(nn.Module):
    """A model that looks up a share of x for each row; it wants one level per row, as an index."""

    def __init__(self, shares: Tensor):
        super().__init__()
        self.register_buffer("shares", shares)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        if level.shape != x.shape:
            raise ValueError(f"level must have a number for each row, {list(x.shape)}, not {list(level.shape)}")
        return torch.sin(self.shares[level] * x)


class AnyLevel(nn.Module):
    """A model that takes anything for a level: a whole batch of them, a single number, a float."""

    def forward(self, x: Tensor, level: Tensor | float) -> Tensor:
        return torch.sin(0.2 * x * (1 + torch.as_tensor(level))) + 0.1


def states(g: torch.Generator) -> list[tuple]:
    """Noisy numbers at several levels, the first among them, and batches of several sizes down to one row."""
    tables = [Table(0.1 + 0.8 * torch.rand(9, generator=g)) for _ in range(2)]
    cases = [(AnyLevel(), 8, 3), (tables[0], 8, 2), (tables[1], 5, 4), (AnyLevel(), 6, 0), (tables[0], 1, 1)]
    return [(model, 1 + 3 * torch.randn(rows, generator=g), level) for model, rows, level in cases]


denoise_step = Quiz(
    toy.denoise_step,
    cases=states,
    points=2,
    minutes=6,
    difficulty=2,
    importance=5,
    hints=(
        "Ask the model how much noise lies between this level and the next, then do the obvious with the answer.",
        "The model wants the level as a long tensor with one number for each row. `torch.full` makes one.",
        "`x - model(x, torch.full((len(x),), level, device=x.device))`",
    ),
)

denoise_step.edits(
    prediction_added=(
        "x - model -> x + model",
        "The prediction is added. It is noise that x has too much of: which sign takes it out?",
    ),
    noise_returned=("x - model -> model", "This is the predicted noise. Return what is left of x without it."),
    difference_turned_round=(
        "return x - model -> return -x + model",
        "The sign is turned round: here x is taken from the prediction. Which of the two is left in the end?",
    ),
    asked_about_the_next_level=(
        "level, device -> level + 1, device",
        "The prediction is that of the next level. x stands at `level`: what do you tell the model?",
    ),
    asked_about_the_level_before=(
        "level, device -> level - 1, device",
        "The prediction is that of the level before. Levels are counted from 0, and x stands at `level` itself.",
    ),
    always_the_first_level=(
        "level, device -> 0, device",
        "The prediction is always that of level 0. Where does x stand?",
    ),
    always_level_one=(
        "level, device -> 1, device",
        "The prediction is always that of level 1. A batch of ones has the right shape: which number belongs in it?",
    ),
    counts_the_rows=(
        "torch.full((len(x),), level, device=x.device) -> torch.arange(len(x), device=x.device)",
        "The rows are predicted for levels 0, 1, 2, ... in turn. All rows stand at the same level: repeat that number.",
    ),
    level_as_a_number=(
        "torch.full((len(x),), level, device=x.device) -> level",
        "The model gets one bare number for the level. It wants one for each row: a long tensor as long as x.",
    ),
    level_without_an_axis=(
        "torch.full((len(x),), level, device=x.device) -> torch.tensor(level, device=x.device)",
        "The model gets a tensor without an axis for the level. It wants one number for each row: which shape is that?",
    ),
    a_single_level=(
        "(len(x),), level -> (1,), level",
        "The model gets a tensor with a single level. It wants one for each row: how long should it be?",
    ),
    level_as_a_column=(
        "(len(x),), level -> (len(x), 1), level",
        "The model gets the levels as a column, (B, 1). With x of shape (B,) that makes (B, B): "
        "how many axes should they have?",
    ),
    level_as_a_float=(
        "level, device -> float(level), device",
        "The level is an index, so it has to be a whole number for torch too. Which dtype does yours have?",
    ),
    prediction_times_level=(
        "- model -> - level * model",
        "The prediction comes in multiplied by the level. It is in the units of x, ready to subtract: "
        "where alone does the level go?",
    ),
    level_before_x=(
        "model(x, torch.full((len(x),), level, device=x.device)) "
        "-> model(torch.full((len(x),), level, device=x.device), x)",
        "The model gets the level where it expects x. In which order does it take its two arguments?",
    ),
    half_a_step=(
        "- model -> - 0.5 * model",
        "Only half of the prediction is taken away. It names exactly the noise up to the next level.",
    ),
    no_step_at_level_0=(
        "- model -> - (level > 0) * model",
        "At level 0 nothing happens. It is a level like any other, but `if level` takes 0 for no.",
    ),
    one_prediction_for_all=(
        "device=x.device)) -> device=x.device)).mean()",
        "All rows lose the same number, the mean of the predictions. Each row has noise of its own.",
    ),
    nothing_taken_away=(
        "x - model -> x + 0 * model",
        "x comes back as it was. What did the model say about its noise?",
    ),
    x_scaled_by_the_prediction=(
        "x - model -> x - x * model",
        "The prediction is taken for a share of x. It is an amount of noise, in the units of x.",
    ),
    clipped=(
        "return x - model -> return torch.clamp(x - model",
        "device=x.device)) -> device=x.device)), -1, 1)",
        "The result is clipped to [-1, 1], as images are. These are numbers of any size: "
        "at the first levels x is far beyond 1.",
    ),
    adds_a_little_noise=(
        "device=x.device)) -> device=x.device)) + 0.01 * torch.randn_like(x)",
        "Noise of size 0.01 is in x after the step, new in every call. "
        "This sampler draws its noise once, before the first step.",
    ),
    adds_fresh_noise=(
        "device=x.device)) -> device=x.device)) + torch.randn_like(x)",
        "After the step there is fresh noise in x. Other samplers add some (chapter 05), "
        "this one draws nothing once it has started.",
    ),
)


def several_steps(model, x, level, *, levels=lambda level: [level]):
    for step in levels(level):
        x = toy.denoise_step(model, x, step)
    return x


denoise_step.variants(
    several_steps,
    walks_to_level_0=(
        {"levels": lambda level: range(level, -1, -1)},
        "These are several steps, through all levels from `level` to 0. Take one step, and towards less noise.",
    ),
    walks_from_level_0=(
        {"levels": lambda level: range(level + 1)},
        "All steps from level 0 to `level` are taken. x stands at `level` already: take one step from there.",
    ),
    stepped_twice=(
        {"levels": lambda level: [level, level]},
        "The same step is taken twice. How often does the model have to be asked for one step?",
    ),
    two_levels_at_once=(
        {"levels": lambda level: [level, level + 1]},
        "These are two steps, from `level` and from the level after it. Where does x stand after one?",
    ),
)


@denoise_step.mistake(
    "The prediction comes in multiplied by the gap of the notebook's levels, and the gap is in it already: "
    "the model predicts in the units of x."
)
def prediction_times_gap(model, x, level):
    sigmas = toy.noise_levels(20, 10.0, 0.001).to(x)  # the notebook's, in view where the student writes
    return x - (sigmas[level] - sigmas[level + 1]) * model(x, torch.full((len(x),), level, device=x.device))


@denoise_step.alternative("The batch of levels is made of ones, multiplied by the level.")
def with_ones(model, x, level):
    levels = level * torch.ones(x.shape[0], dtype=torch.long, device=x.device)
    return x - model(x, levels)


@denoise_step.alternative("`full_like` takes shape and device from x; the dtype has to be said.")
def with_full_like(model, x, level):
    return torch.sub(x, model(x, torch.full_like(x, level, dtype=torch.long)))


@denoise_step.alternative("One number, which `expand` shows to every row without copying it.")
def with_expand(model, x, level):
    prediction = model(x, torch.tensor(level, device=x.device).expand(len(x)))
    return -prediction + x
