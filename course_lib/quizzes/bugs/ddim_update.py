"""Quiz `ddim_update` of chapter 17."""

import torch

from course_lib import bugs
from course_lib.checker.quiz import Quiz
from course_lib.fast_sampling import ddim_step
from course_lib.forward import extract, q_posterior
from course_lib.quizzes.families import counted_from_one, counted_from_one_and_clamped, lookups, one_too_far
from course_lib.quizzes.families import first_t_for_all as level_of_the_first_row
from course_lib.quizzes.levels import at_t_prev, read_at, steps_between_levels
from course_lib.reverse import predict_start_from_noise


def asked_already(g: torch.Generator) -> list[tuple]:
    """Cases (x_t, t, t_prev, eps, schedule): `eps` is the noise of `steps_between_levels`."""
    return [(x, t, t_prev, noise, schedule) for _, x, t, t_prev, noise, schedule, *_ in steps_between_levels(g)]


ddim_update = Quiz(
    bugs.ddim_update,
    cases=asked_already,
    points=3,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "There are three bugs. What does x at t_prev consist of, and which of the two parts does the code never work "
        "out?",
        "x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) eps, and the same with t_prev. Solve the first for x_0, "
        "and put it into the second; at t_prev = -1 alpha-bar is 1.",
        "before.sqrt() * predict_start_from_noise(x_t, t, eps, schedule) + (1 - before).sqrt() * eps, "
        "with before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)",
    ),
)

START = "predict_start_from_noise(x_t, t, eps, schedule)"
BEFORE = "before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)"
RESULT = "before.sqrt() * x_start + (1 - before).sqrt() * eps"

# Where the step ends
ddim_update.edits(
    no_entry_at_the_end=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod, t_prev",
        "Where t_prev is -1 the lookup fails: no entry has that index. -1 means clean data, where alpha-bar is 1: "
        "which constant of the schedule begins with that 1?",
    ),
    last_entry_at_the_end=(
        f"{BEFORE} -> before = schedule.alphas_cumprod[t_prev].reshape(-1, *[1] * (x_t.ndim - 1))",
        "Right except where t_prev is -1: that index is the *last* entry, pure noise. "
        "There x has to be clean, so alpha-bar is 1.",
    ),
    clean_level_clamped=(
        f"{BEFORE} -> before = extract(schedule.alphas_cumprod, t_prev.clamp(min=0), x_t.shape)",
        "Where t_prev is -1 the step ends at the level of t = 0, with noise left on. "
        "-1 means clean data, where alpha-bar is 1.",
    ),
    neighbour=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod_prev, t",
        "Each step ends at t - 1, whatever t_prev is. Steps may be longer: which alpha-bar belongs to t_prev?",
    ),
    one_level_too_far=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod_prev, t_prev.clamp(min=0)",
        "Each step ends one level below t_prev. `alphas_cumprod_prev` at an index holds the alpha-bar before it.",
    ),
    same_level=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod, t",
        "The step ends where it begins: the new alpha-bar is that of t. Which one belongs to t_prev?",
    ),
    single_step_before=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> torch.cat([schedule.alphas[:1] * 0 + 1, schedule.alphas]), "
        "t_prev + 1",
        "The alpha at t_prev is that of a single step. How much of x_0 is left there says alpha-bar, "
        "the product over all steps.",
    ),
    first_row_decides=(
        f"{RESULT} -> {RESULT} if t_prev[0] >= 0 else x_start",
        "The first row's t_prev decides for all rows whether this is the last step. Each row has a t_prev of its own.",
    ),
    any_row_decides=(
        f"{RESULT} -> {RESULT} if (t_prev >= 0).all() else x_start",
        "If one row goes to clean data, all rows do. Each row has a t_prev of its own.",
    ),
)

# The mixture
ddim_update.edits(
    never_predicts_the_start=(
        f"x_start = {START} -> x_start = x_t",
        "x_t stands where x_0 belongs, so noise is added to what is noisy already. Which x_0 does eps leave of x_t?",
    ),
    start_returned=(
        f"{RESULT} -> x_start",
        "That is the predicted x_0, all the way in one leap. Which mixture of x_0 and noise belongs to t_prev?",
    ),
    no_old_noise=(
        f"{RESULT} -> before.sqrt() * x_start",
        "The noise that was in x_t is gone. At t_prev most of it is still there.",
    ),
    noise_alone=(
        f"{RESULT} -> (1 - before).sqrt() * eps",
        "Only noise comes back, of the right amount for t_prev. Where is the picture?",
    ),
    without_roots=(
        f"{RESULT} -> before * x_start + (1 - before) * eps",
        "Both weights lack their root: alpha-bar is a squared weight. Compare with `q_sample`.",
    ),
    start_without_root=(
        "before.sqrt() * x_start -> before * x_start",
        "x_0 is multiplied by alpha-bar. Which power of it does `q_sample` use?",
    ),
    noise_without_root=(
        "(1 - before).sqrt() * eps -> (1 - before) * eps",
        "eps is multiplied by a variance. What does `q_sample` multiply noise by?",
    ),
    one_minus_the_root=(
        "(1 - before).sqrt() * eps -> (1 - before.sqrt()) * eps",
        "eps gets the weight 1 - sqrt(alpha-bar). The *squares* of the two weights add up to 1.",
    ),
    weights_swapped=(
        f"{RESULT} -> (1 - before).sqrt() * x_start + before.sqrt() * eps",
        "The two weights have changed places. Which of x_0 and eps is strong near clean data?",
    ),
    start_of_this_level=(
        "before.sqrt() * x_start -> extract(schedule.sqrt_alphas_cumprod, t, x_t.shape) * x_start",
        "x_0 keeps its weight of level t. At t_prev there is more of it.",
    ),
    noise_of_this_level=(
        "(1 - before).sqrt() * eps -> extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * eps",
        "eps has its weight of level t. How much noise may there be at t_prev?",
    ),
    noise_subtracted=(
        "x_start + (1 -> x_start - (1",
        "eps is subtracted. At t_prev it is in x with the same sign as at t.",
    ),
    state_for_the_noise=(
        "(1 - before).sqrt() * eps -> (1 - before).sqrt() * x_t",
        "x_t stands where the noise belongs. Which part of x_t is noise, according to the network?",
    ),
    fresh_noise=(
        "(1 - before).sqrt() * eps -> (1 - before).sqrt() * torch.randn_like(eps)",
        "Fresh noise comes in. This step keeps the noise that is in x_t, and draws no hidden random numbers.",
    ),
    start_clipped=(
        f"x_start = {START} -> x_start = {START}.clamp(-1, 1)",
        "The predicted x_0 is clipped to [-1, 1]. That is often wise, but nobody asks for it here.",
    ),
    eps_taken_for_the_start=(
        f"x_start = {START} -> x_start = eps",
        "eps stands where x_0 belongs, so no picture is in the result.",
    ),
    start_predicted_at_t_prev=(
        f"{START} -> predict_start_from_noise(x_t, t_prev.clamp(min=0), eps, schedule)",
        "x_0 is worked out with the level of t_prev. x_t still has the noise of t.",
    ),
    result_clipped=(
        f"{RESULT} -> ({RESULT}).clamp(-1, 1)",
        "The new state is clipped to [-1, 1]. It still holds noise, and has to leave this range.",
    ),
)
lookups(ddim_update, level_of_the_first_row, counted_from_one, counted_from_one_and_clamped, one_too_far)


def with_constants(x_t, t, t_prev, eps, schedule, *, now="alphas_cumprod", before="alphas_cumprod", root=True):
    """The step with alpha or alpha-bar at either level."""
    signal, after = (
        read_at(torch.cat([getattr(schedule, name), schedule.alphas.new_ones(1)]), steps, x_t)
        for name, steps in ((now, t), (before, t_prev))
    )
    x_start = (x_t - (1 - signal).sqrt() * eps) / (signal.sqrt() if root else signal)
    return after.sqrt() * x_start + (1 - after).sqrt() * eps


ddim_update.variants(
    with_constants,
    alpha_for_alpha_bar=(
        {"now": "alphas", "before": "alphas"},
        "Everywhere alpha of a single step stands where alpha-bar belongs. How much of x_0 is left at a level "
        "says the product over all steps before it.",
    ),
    alpha_for_alpha_bar_in_the_start=(
        {"now": "alphas"},
        "x_0 is worked out with the alpha of a single step. How much signal and noise is in x_t says alpha-bar.",
    ),
    divided_without_root=(
        {"root": False},
        "x_0 is divided by alpha-bar instead of its root. Solve `q_sample` for x_0 once more.",
    ),
)


@ddim_update.mistake(
    "Both bugs at once: x_t stands where x_0 belongs, and alpha of a single step where alpha-bar belongs. "
    "Predict x_0 first, then mix it for t_prev."
)
def alpha_and_no_start(x_t, t, t_prev, eps, schedule):
    before = read_at(torch.cat([schedule.alphas, schedule.alphas.new_ones(1)]), t_prev, x_t)
    return before.sqrt() * x_t + (1 - before).sqrt() * eps


@ddim_update.mistake("That is the mean of the ancestral step to t - 1. It needs fresh noise, and does not know t_prev.")
def mean_of_the_ancestral_step(x_t, t, t_prev, eps, schedule):
    return q_posterior(predict_start_from_noise(x_t, t, eps, schedule), x_t, t, schedule)[0]


@ddim_update.mistake("All rows make the step of the first row. Each row has a t and a t_prev of its own.")
def first_row_for_all(x_t, t, t_prev, eps, schedule):
    return bugs.ddim_update(x_t, t[:1].expand_as(t), t_prev[:1].expand_as(t), eps, schedule)


@ddim_update.mistake("`t` itself is one too small. The paper counts t from 1; here t = 0 is the first step.")
def t_lowered_for_all(x_t, t, t_prev, eps, schedule):
    return bugs.ddim_update(x_t, t - 1, t_prev, eps, schedule)


@ddim_update.alternative("`ddim_step`, with a network that repeats what it has said.")
def with_ddim_step(x_t, t, t_prev, eps, schedule):
    return ddim_step(lambda x, t: eps, x_t, t, t_prev, torch.zeros_like(x_t), schedule)


@ddim_update.alternative("alpha-bar with a 1 behind it: then the index -1 is clean data.")
def one_behind_the_last(x_t, t, t_prev, eps, schedule):
    alpha_bar = torch.cat([schedule.alphas_cumprod, torch.ones_like(schedule.alphas_cumprod[:1])])
    now, before = (alpha_bar[step].view(-1, *[1] * (x_t.ndim - 1)) for step in (t, t_prev))
    return before**0.5 * (x_t - (1 - now) ** 0.5 * eps) / now**0.5 + (1 - before) ** 0.5 * eps


@ddim_update.alternative("x_t grows with its signal, and eps gets the weight that is then missing.")
def grown_and_corrected(x_t, t, t_prev, eps, schedule):
    now = extract(schedule.alphas_cumprod.double(), t, x_t.shape)
    before = at_t_prev(schedule, t_prev, x_t).double()
    growth = (before / now).sqrt()
    return (growth * x_t + ((1 - before).sqrt() - growth * (1 - now).sqrt()) * eps).float()


@ddim_update.alternative("A mask finds the rows that end clean.")
def with_a_mask(x_t, t, t_prev, eps, schedule):
    x_start = predict_start_from_noise(x_t, t, eps, schedule)
    before = extract(schedule.alphas_cumprod, t_prev.clamp(min=0), x_t.shape)
    x = before.sqrt() * x_start + torch.sqrt(1 - before) * eps
    return torch.where((t_prev < 0).reshape(before.shape), x_start, x)
