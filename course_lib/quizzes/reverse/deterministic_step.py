"""Quiz `deterministic_step` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.quizzes.families import (
    counted_from_one,
    counted_from_one_and_clamped,
    first_t_for_all,
    lookups,
    one_too_far,
)
from course_lib.quizzes.reverse.shared import model_and_noisy_batches

deterministic_step = Quiz(
    reverse.deterministic_step,
    cases=lambda g: [(model, x, t, schedule) for model, x, t, _, schedule, *_ in model_and_noisy_batches(g)],
    points=3,
    minutes=10,
    difficulty=3,
    importance=4,
    hints=(
        "x_t is made of some x_0 and some noise. What would the same x_0 and the same noise give at level t-1?",
        "Predict the noise, compute x_0 from it with `predict_start_from_noise`, and mix both as `q_sample` does, "
        "with alpha-bar of t-1: `schedule.alphas_cumprod_prev`.",
        "before.sqrt() * x_start + (1 - before).sqrt() * noise, "
        "with before = extract(schedule.alphas_cumprod_prev, t, x_t.shape)",
    ),
)

MIXED, BEFORE = "before.sqrt() * x_start + (1 - before).sqrt() * noise", "schedule.alphas_cumprod_prev"

deterministic_step.edits(
    start_returned=(
        f"{MIXED} -> x_start",
        "That is the predicted x_0, the whole way in one step. Which mixture of x_0 and noise belongs to level t-1?",
    ),
    no_noise_left=(
        " + (1 - before).sqrt() * noise ->",
        "There is no noise in the result. Level t-1 still has some: how much, and which noise?",
    ),
    same_level=(
        f"{BEFORE} -> schedule.alphas_cumprod",
        "x_t comes back: x_0 and noise are mixed again at level t. Which alpha-bar belongs to t-1?",
    ),
    noise_of_this_level=(
        "(1 - before).sqrt() -> (1 - extract(schedule.alphas_cumprod, t, x_t.shape)).sqrt()",
        "x_0 has its weight of level t-1, but the noise still has its weight of level t. How much noise has t-1?",
    ),
    start_of_this_level=(
        "before.sqrt() * x_start -> extract(schedule.alphas_cumprod, t, x_t.shape).sqrt() * x_start",
        "The noise shrinks to level t-1, but x_0 keeps its weight of level t. In chapter 01 that weight was 1, "
        "here it grows on the way back.",
    ),
    without_roots=(
        f"{MIXED} -> before * x_start + (1 - before) * noise",
        "The weights are alpha-bar and 1 - alpha-bar. Compare with `q_sample`: what is missing?",
    ),
    start_without_root=(
        "before.sqrt() * x_start -> before * x_start",
        "x_0 is weighted by alpha-bar. Which power of it does `q_sample` use?",
    ),
    noise_without_root=(
        "(1 - before).sqrt() * noise -> (1 - before) * noise",
        "The noise is weighted by its variance, 1 - alpha-bar. What does `q_sample` multiply the noise by?",
    ),
    one_minus_the_root=(
        "(1 - before).sqrt() -> (1 - before.sqrt())",
        "1 minus the root of alpha-bar is not the root of 1 minus alpha-bar. Which one is in `q_sample`?",
    ),
    weights_swapped=(
        f"{MIXED} -> (1 - before).sqrt() * x_start + before.sqrt() * noise",
        "The two weights have changed places. Which of them belongs to the noise?",
    ),
    noise_subtracted=(
        "x_start + (1 -> x_start - (1",
        "The noise is subtracted. x_{t-1} holds the same noise as x_t, with the same sign.",
    ),
    fresh_noise=(
        "(1 - before).sqrt() * noise -> (1 - before).sqrt() * torch.randn_like(noise)",
        "The noise is drawn anew, so the step is random. Which noise does the model see in x_t?",
    ),
    state_for_noise=(
        "(1 - before).sqrt() * noise -> (1 - before).sqrt() * x_t",
        "x_t itself takes the place of the noise. Which part of x_t is noise, according to the model?",
    ),
    output_taken_for_the_start=(
        "predict_start_from_noise(x_t, t, noise, schedule) -> noise",
        "What the model predicts is used as x_0, too. It predicts the noise: which function turns it into x_0?",
    ),
    ddpm_mean=(
        f"{MIXED} -> q_posterior(x_start, x_t, t, schedule)[0]",
        "That is DDPM's mean, `p_mean`. The deterministic step mixes the predicted x_0 and the predicted noise itself.",
    ),
    ddpm_share_of_the_noise=(
        "(1 - before).sqrt() * noise -> "
        "(1 - before - extract(schedule.betas, t, x_t.shape)).clamp(min=0).sqrt() * noise",
        "Variance is left free for fresh noise, but this step adds none. How much noise does level t-1 have in all?",
    ),
    one_step_undone=(
        f"{MIXED} -> (x_t - extract(schedule.betas, t, x_t.shape).sqrt() * noise) "
        "/ extract(schedule.alphas, t, x_t.shape).sqrt()",
        "This undoes one noising step as if all the noise had come in that step. Mix x_0 and noise again instead.",
    ),
    single_steps_alpha=(
        f"{BEFORE} -> schedule.alphas",
        "`alphas` belongs to a single step. The weights at level t-1 come from the product over all steps.",
    ),
    start_clipped=(
        f"{MIXED} -> before.sqrt() * x_start.clamp(-1, 1) + (1 - before).sqrt() * noise",
        "The predicted x_0 is clipped to [-1, 1]. Nothing asks for that here: data may leave that range.",
    ),
    model_one_level_too_low=(
        "model(x_t, t) -> model(x_t, (t - 1).clamp(min=0))",
        "The model is told t - 1, but x_t is at level t. The model has to know the level that it looks at.",
    ),
    model_at_the_first_t=(
        "model(x_t, t) -> model(x_t, t[:1].expand_as(t))",
        "The model is told the t of the first row for all rows. Each row has its own.",
    ),
    noise_left_at_zero=(
        f"{BEFORE} -> torch.cat([schedule.alphas_cumprod[:1], schedule.alphas_cumprod[:-1]])",
        "At t = 0 noise is left, because alpha-bar is looked up at the clamped t - 1. "
        "`alphas_cumprod_prev` has the right value there: 1.",
    ),
    last_level_at_zero=(
        f"{BEFORE} -> schedule.alphas_cumprod.roll(1)",
        "`alphas_cumprod[t - 1]` is the *last* entry at t = 0. `alphas_cumprod_prev` has the right value there: 1.",
    ),
)
# Of these `families.miscounted` adds those that look up every constant wrongly: here x_0 is right.
lookups(deterministic_step, first_t_for_all, counted_from_one, counted_from_one_and_clamped, one_too_far)
deterministic_step.swaps(
    two_levels_down=(
        {"extract": counted_from_one},
        "x_0 is right, but the mixture is for level t-2. `alphas_cumprod_prev[t]` is already that of level t-1.",
    ),
    two_levels_down_but_at_zero=(
        {"extract": counted_from_one_and_clamped},
        "x_0 is right, but except at t = 0 the mixture is for level t-2. "
        "`alphas_cumprod_prev[t]` is already that of level t-1.",
    ),
    level_of_the_first_row=(
        {"extract": first_t_for_all},
        "x_0 is right, but all rows are mixed for the level below the first row's t. Each row has a t of its own.",
    ),
)


@deterministic_step.alternative("The steps of chapter 01, on x divided by its weight of x_0.")
def as_in_chapter_01(model, x_t, t, schedule):
    now, before = (extract(a, t, x_t.shape) for a in (schedule.alphas_cumprod, schedule.alphas_cumprod_prev))
    sigma, next_sigma = ((1 - now) / now).sqrt(), ((1 - before) / before).sqrt()
    return before.sqrt() * (x_t / now.sqrt() - (sigma - next_sigma) * model(x_t, t))


@deterministic_step.alternative("One row after the other.")
def step_row_by_row(model, x_t, t, schedule):
    noise = model(x_t, t)
    rows = []
    for row, draw, step in zip(x_t, noise, t.tolist(), strict=True):
        now, before = schedule.alphas_cumprod[step], schedule.alphas_cumprod_prev[step]
        start = (row - (1 - now) ** 0.5 * draw) / now**0.5
        rows.append(before**0.5 * start + (1 - before) ** 0.5 * draw)
    return torch.stack(rows)


@deterministic_step.alternative("x_t scaled up, and the noise that is too much taken away.")
def noise_that_is_too_much(model, x_t, t, schedule):
    alpha, beta = (extract(values, t, x_t.shape) for values in (schedule.alphas, schedule.betas))
    before = 1 - extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    scaled = before.sqrt() - ((alpha * before + beta) / alpha).sqrt()
    return x_t / alpha.sqrt() + scaled * model(x_t, t)
