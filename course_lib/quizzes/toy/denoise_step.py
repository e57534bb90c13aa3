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
        return self.shares[level] * x


class AnyLevel(nn.Module):
    """A model that takes anything for a level: a whole batch of them, a single number, a float."""

    def forward(self, x: Tensor, level: Tensor | float) -> Tensor:
        return 0.05 * x * (1 + torch.as_tensor(level)) + 0.1


def states(g: torch.Generator) -> list[tuple]:
    """Noisy numbers at several levels, the first among them, and batches of several sizes down to one row."""
    tables = [Table(0.1 + 0.8 * torch.rand(6, generator=g)) for _ in range(2)]
    cases = [(AnyLevel(), 8, 3), (tables[0], 8, 2), (tables[1], 5, 4), (AnyLevel(), 6, 0), (tables[0], 1, 1)]
    return [(model, 1 + 3 * torch.randn(rows, generator=g), level) for model, rows, level in cases]


def everywhere(x, level):
    return torch.full((len(x),), level, device=x.device)


denoise_step = Quiz(
    toy.denoise_step,
    cases=states,
    points=2,
    minutes=6,
    hints=(
        "Ask the model how much noise lies between this level and the next, then do the obvious with the answer.",
        "The model wants the level as a long tensor with one number for each row. `torch.full` makes one.",
        "`x - model(x, torch.full((len(x),), level, device=x.device))`",
    ),
)


@denoise_step.mistake("You add what the model says. It names noise that is too much: which sign takes it out?")
def prediction_added(model, x, level):
    return x + model(x, everywhere(x, level))


@denoise_step.mistake("This is the noise itself. Asked is what is left of x without it.")
def noise_returned(model, x, level):
    return model(x, everywhere(x, level))


@denoise_step.mistake("Right but for the sign: you take x from the prediction, not the prediction from x.")
def difference_turned_round(model, x, level):
    return model(x, everywhere(x, level)) - x


@denoise_step.mistake("You ask about the next level. x stands at `level`, and the model has to be told where x is.")
def asked_about_the_next_level(model, x, level):
    return x - model(x, everywhere(x, level + 1))


@denoise_step.mistake("You ask about the level before. x stands at `level`, and the model has to be told where x is.")
def asked_about_the_level_before(model, x, level):
    return x - model(x, everywhere(x, level - 1))


@denoise_step.mistake("The model is always asked about level 0. Where does x stand?")
def always_the_first_level(model, x, level):
    return x - model(x, torch.zeros(len(x), dtype=torch.long, device=x.device))


@denoise_step.mistake(
    "The model gets rows 0, 1, 2, ... as levels. All rows stand at the same level: repeat that one number."
)
def counts_the_rows(model, x, level):
    return x - model(x, torch.arange(len(x), device=x.device) % 6)


@denoise_step.mistake(
    "The model gets one bare number for the level. It wants one for each row: a long tensor as long as x."
)
def level_as_a_number(model, x, level):
    return x - model(x, level)


@denoise_step.mistake("The model gets a tensor with a single level. It wants one for each row: how long should it be?")
def a_single_level(model, x, level):
    return x - model(x, torch.tensor([level], device=x.device))


@denoise_step.mistake(
    "The level is an index, so it has to be a whole number for torch too. Which dtype does yours have?"
)
def level_as_a_float(model, x, level):
    return x - model(x, torch.full((len(x),), float(level), device=x.device))


@denoise_step.mistake(
    "You multiply the prediction by the level. It comes in the units of x, ready to subtract: "
    "where alone does the level go?"
)
def prediction_times_level(model, x, level):
    return x - level * model(x, everywhere(x, level))


@denoise_step.mistake(
    "You multiply the prediction by the gap, and the gap is in it already: the model predicts in the units of x. "
    "What is left to do?"
)
def prediction_times_gap(model, x, level):
    sigmas = toy.noise_levels(20, 10.0, 0.001).to(x)  # the notebook's, in view where the student writes
    return x - (sigmas[level] - sigmas[level + 1]) * model(x, everywhere(x, level))


@denoise_step.mistake("The model gets the level where it expects x. In which order does it take its two arguments?")
def level_before_x(model, x, level):
    return x - model(everywhere(x, level), x)


@denoise_step.mistake("Only half of the prediction is taken away. It names exactly the noise up to the next level.")
def half_a_step(model, x, level):
    return x - 0.5 * model(x, everywhere(x, level))


@denoise_step.mistake(
    "You add fresh noise after the step. Other samplers do (chapter 05), this one draws nothing once it has started."
)
def adds_fresh_noise(model, x, level):
    return x - model(x, everywhere(x, level)) + torch.randn_like(x)


@denoise_step.alternative("")
def with_ones(model, x, level):
    levels = level * torch.ones(x.shape[0], dtype=torch.long, device=x.device)
    return x - model(x, levels)


@denoise_step.alternative("")
def with_full_like(model, x, level):
    return torch.sub(x, model(x, torch.full_like(x, level, dtype=torch.long)))


@denoise_step.alternative("")
def with_expand(model, x, level):
    prediction = model(x, torch.tensor(level, device=x.device).expand(len(x)))
    return -prediction + x
