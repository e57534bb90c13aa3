"""Quiz `ddim_step` of chapter 12."""

import torch

from course_lib import fast_sampling
from course_lib.checker.quiz import Quiz
from course_lib.fast_sampling import ddim_variance, predict_start_and_noise
from course_lib.forward import extract, q_posterior
from course_lib.quizzes.families import (
    counted_from_one,
    counted_from_one_and_clamped,
    first_t_for_all,
    lookups,
    one_too_far,
)
from course_lib.quizzes.levels import at_t_prev, read_at, steps_between_levels
from course_lib.reverse import p_sample, predict_start

ETAS = [0.0, 0.0, 1.0, 0.5, 1.0, 0.3, 0.0]

ddim_step = Quiz(
    fast_sampling.ddim_step,
    cases=lambda g: [(*case[:6], eta, *case[6:]) for case, eta in zip(steps_between_levels(g), ETAS, strict=True)],
    points=5,
    minutes=15,
    difficulty=4,
    importance=5,
    hints=(
        "x at t_prev is made of three things: the predicted x_0, the noise that was in x_t, and fresh noise. "
        "How much noise is there in all at t_prev?",
        "The noise at t_prev has the variance 1 - alpha-bar_prev: fresh noise gets `ddim_variance` of it, "
        "what was in x_t gets the rest. At t_prev = -1 alpha-bar is 1.",
        "before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise, "
        "with before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)",
    ),
)

BEFORE = "before = extract(schedule.alphas_cumprod_prev, t_prev + 1, x_t.shape)"
PREDICTED = "predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)"
OLD = "(1 - before - variance).clamp(min=0).sqrt() * eps"
FRESH = "variance.sqrt() * noise"
RESULT = f"before.sqrt() * x_start + {OLD} + {FRESH}"

# Where the step ends
ddim_step.edits(
    no_entry_at_the_end=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod, t_prev",
        "Where t_prev is -1 the lookup fails: no entry has that index. -1 means clean data, where alpha-bar is 1: "
        "which constant of the schedule begins with that 1?",
    ),
    last_entry_at_the_end=(
        f"{BEFORE} -> before = schedule.alphas_cumprod[t_prev].reshape(now.shape)",
        "Right except where t_prev is -1: that index is the *last* entry, pure noise. "
        "There x has to be clean, so alpha-bar is 1.",
    ),
    clean_level_clamped=(
        f"{BEFORE} -> before = extract(schedule.alphas_cumprod, t_prev.clamp(min=0), x_t.shape)",
        "Where t_prev is -1 the step ends at the level of t = 0, with noise left on. "
        "-1 means clean data, where alpha-bar is 1.",
    ),
    first_row_decides=(
        f"{BEFORE} -> before = (schedule.alphas_cumprod[t_prev] if t_prev[0] >= 0 else t * 0 + 1.0).reshape(now.shape)",
        "The first row's t_prev decides for all rows whether this is the last step. Each row has a t_prev of its own.",
    ),
    any_row_decides=(
        f"{BEFORE} -> before = (schedule.alphas_cumprod[t_prev] if (t_prev >= 0).all() else t * 0 + 1.0)"
        ".reshape(now.shape)",
        "If one row goes to clean data, all rows do. Each row has a t_prev of its own.",
    ),
    neighbour=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod_prev, t",
        "Each step ends at t - 1, whatever t_prev is. Now steps are longer: which alpha-bar belongs to t_prev?",
    ),
    one_level_too_far=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod_prev, t_prev.clamp(min=0)",
        "Each step ends one level below t_prev. `alphas_cumprod_prev` at an index holds the alpha-bar before it.",
    ),
    same_level=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> schedule.alphas_cumprod, t",
        "The step ends where it begins: both alpha-bars are those of t. Which one belongs to t_prev?",
    ),
    single_step_before=(
        "schedule.alphas_cumprod_prev, t_prev + 1 -> torch.cat([schedule.alphas[:1] * 0 + 1, schedule.alphas]), "
        "t_prev + 1",
        "The alpha at t_prev is that of a single step. How much of x_0 is left there says alpha-bar, "
        "the product over all steps.",
    ),
    levels_swapped=(
        "ddim_variance(now, before, eta) -> ddim_variance(now, before, eta); now, before = before, now",
        "x is mixed for the level of t once more. Where does the step go to?",
    ),
)

# Fresh noise
ddim_step.edits(
    eta_not_used=(
        "ddim_variance(now, before, eta) -> 0 * now",
        "No fresh noise is added, whatever eta is: right for eta = 0 only. How much comes in for eta = 1?",
    ),
    always_ancestral=(
        "ddim_variance(now, before, eta) -> ddim_variance(now, before, 1)",
        "The fresh noise is that of eta = 1, whatever eta is. Where does eta come in?",
    ),
    eta_not_squared=(
        "ddim_variance(now, before, eta) -> eta * ddim_variance(now, before, 1)",
        "The variance is multiplied by eta. eta scales the noise itself, its standard deviation: what does the "
        "variance get?",
    ),
    eta_squared_on_the_deviation=(
        "ddim_variance(now, before, eta) -> ddim_variance(now, before, eta**2)",
        "The standard deviation of the fresh noise is multiplied by eta². Right for 0 and 1, too small between.",
    ),
    variance_times_noise=(
        f"{FRESH} -> variance * noise",
        "The fresh noise is multiplied by its variance. Which number has a standard deviation to be multiplied by?",
    ),
    fresh_noise_left_out=(
        f" + {FRESH} ->",
        "Room is left for the fresh noise, but it does not come in: x then has too little noise. What is `noise` for?",
    ),
    fresh_noise_on_top=(
        "(1 - before - variance) -> (1 - before)",
        "The fresh noise comes on top of all the noise that t_prev may have. The old noise has to make room for it.",
    ),
    deviation_subtracted=(
        "(1 - before - variance) -> (1 - before - variance.sqrt())",
        "The standard deviation of the fresh noise is subtracted from a variance. Variances add up to variances.",
    ),
    roots_subtracted=(
        "(1 - before - variance).clamp(min=0).sqrt() * eps -> ((1 - before).sqrt() - variance.sqrt()) * eps",
        "Standard deviations are subtracted from each other. Of independent noises the variances add up: "
        "subtract before you take the root.",
    ),
    fresh_noise_subtracted=(
        f"+ {FRESH} -> - {FRESH}",
        "The fresh noise is subtracted. As a distribution that is the same, but the course adds it.",
    ),
    own_noise=(
        f"{FRESH} -> variance.sqrt() * torch.randn_like(x_t)",
        "The argument `noise` is not used, and other noise is drawn. Nothing here draws hidden random numbers.",
    ),
    fresh_noise_at_full_strength=(
        f"{FRESH} -> noise * (t_prev >= 0).reshape(now.shape)",
        "The fresh noise comes in at full strength. eta and the two levels say how much of it there should be.",
    ),
    eta_for_the_deviation=(
        f"{FRESH} -> eta * noise * (t_prev >= 0).reshape(now.shape)",
        "The fresh noise is multiplied by eta alone. How much of it there may be also depends on the two levels.",
    ),
    eta_twice=(
        f"{FRESH} -> eta * variance.sqrt() * noise",
        "The fresh noise is multiplied by eta twice: `ddim_variance` has it already.",
    ),
    quiet_too_early=(
        f"{FRESH} -> variance.sqrt() * (t_prev > 0).reshape(now.shape) * noise",
        "A step to t_prev = 0 gets no fresh noise, though room is left for it. Only clean data, -1, have none.",
    ),
    variance_of_a_single_step=(
        "ddim_variance(now, before, eta) -> eta**2 * extract(schedule.posterior_variance, t, x_t.shape)",
        "The fresh noise has the variance of a single step from t to t - 1. This step is longer: "
        "which two alpha-bars does its variance depend on?",
    ),
    alpha_bars_swapped_in_the_variance=(
        "ddim_variance(now, before, eta) -> ddim_variance(before, now, eta)",
        "The variance is no number or negative, since its two alpha-bars have changed places. Which is the larger one?",
    ),
    variance_is_beta=(
        "ddim_variance(now, before, eta) -> eta**2 * extract(schedule.betas, t, x_t.shape)",
        "The variance of the fresh noise is that of one noising step, beta. This step goes from t to t_prev: "
        "which function has its variance?",
    ),
)

# x_0 and the old noise
ddim_step.edits(
    start_returned=(
        f"return {RESULT} -> return x_start",
        "That is the predicted x_0, all the way in one leap. Which mixture of x_0 and noise belongs to t_prev?",
    ),
    no_old_noise=(
        f" + {OLD} ->",
        "The noise that was in x_t is gone. At t_prev most of it is still there.",
    ),
    state_for_the_start=(
        f"{RESULT} -> before.sqrt() * x_t + {OLD} + {FRESH}",
        "x_t stands where x_0 belongs, so noise is added to what is noisy already. Which x_0 is in x_t, "
        "according to the model?",
    ),
    without_roots=(
        f"{RESULT} -> before * x_start + (1 - before - variance).clamp(min=0) * eps + {FRESH}",
        "x_0 and the old noise have squares for weights: alpha-bar and a variance. Compare with `q_sample`.",
    ),
    start_without_root=(
        "before.sqrt() * x_start -> before * x_start",
        "x_0 is multiplied by alpha-bar. Which power of it does `q_sample` use?",
    ),
    old_noise_without_root=(
        "(1 - before - variance).clamp(min=0).sqrt() -> (1 - before - variance).clamp(min=0)",
        "The old noise is multiplied by a variance. What does `q_sample` multiply noise by?",
    ),
    start_of_this_level=(
        "before.sqrt() * x_start -> now.sqrt() * x_start",
        "x_0 keeps its weight of level t. At t_prev there is more of it.",
    ),
    old_noise_of_this_level=(
        "(1 - before - variance) -> (1 - now - variance)",
        "The old noise has its weight of level t. How much noise may there be at t_prev?",
    ),
    old_noise_subtracted=(
        "x_start + (1 -> x_start - (1",
        "The old noise is subtracted. At t_prev it is in x with the same sign as at t.",
    ),
    state_for_the_old_noise=(
        f"{OLD} -> (1 - before - variance).clamp(min=0).sqrt() * x_t",
        "x_t stands where the noise belongs. Which part of x_t is noise, according to the model?",
    ),
    noises_swapped=(
        f"{OLD} + {FRESH} -> (1 - before - variance).clamp(min=0).sqrt() * noise + variance.sqrt() * eps",
        "The old noise and the fresh noise have changed places. With eta = 0 nothing fresh may come in.",
    ),
    all_noise_fresh=(
        f"{OLD} + {FRESH} -> (1 - before).sqrt() * noise",
        "All the noise at t_prev is fresh. What x_t knows beyond x_0 is thrown away: keep the noise that it contains.",
    ),
)

# What the model is asked, and what is made of it
ddim_step.edits(
    asked_at_t_prev=(
        f"{PREDICTED} -> predict_start_and_noise(model, x_t, t_prev.clamp(min=0), schedule, predicts, clip_start)",
        "The model is asked at t_prev, but x_t still has the noise of level t.",
    ),
    output_taken_for_the_noise=(
        f"{PREDICTED} -> predict_start_and_noise(model, x_t, t, schedule, 'noise', clip_start)",
        "Whatever `predicts` says, the model's answer is read as noise. Where is `predicts` lost?",
    ),
    options_not_used=(
        "predicts, clip_start) -> 'noise')",
        "Right for a model that predicts the noise, without clipping. Where do `predicts` and `clip_start` come in?",
    ),
    never_clipped=(
        "predicts, clip_start) -> predicts)",
        "Nothing is clipped. Where does `clip_start` come in?",
    ),
    always_clipped=(
        "predicts, clip_start) -> predicts, True)",
        "The predicted x_0 is always clipped, also when `clip_start` is False.",
    ),
    result_clipped=(
        "predicts, clip_start) -> predicts)",
        f"return {RESULT} -> x = {RESULT}; return x.clamp(-1, 1) if clip_start else x",
        "x at t_prev is clipped. It still holds noise and has to leave [-1, 1]: which prediction may not?",
    ),
    start_and_noise_swapped=(
        "x_start, eps = predict -> eps, x_start = predict",
        "x_0 and the noise have changed places. What comes first out of `predict_start_and_noise`?",
    ),
)
lookups(ddim_step, first_t_for_all, counted_from_one, counted_from_one_and_clamped, one_too_far)
ddim_step.swaps(
    levels_of_the_first_row=(
        {"extract": first_t_for_all},
        "All rows are mixed for the levels of the first row. Each row has a t and a t_prev of its own.",
    ),
)


@ddim_step.mistake(
    "That is the ancestral step, to t - 1, whatever t_prev and eta are. The step leads to t_prev: "
    "mix x_0 and noise for that level."
)
def ancestral(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    return p_sample(model, x_t, t, noise, schedule, predicts, clip_start)


@ddim_step.mistake(
    "The fresh noise is added to the mean of the ancestral step to t - 1. Mix x_0 and the old noise for t_prev."
)
def mean_of_the_posterior(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, _ = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    now, before = extract(schedule.alphas_cumprod, t, x_t.shape), at_t_prev(schedule, t_prev, x_t)
    return q_posterior(x_start, x_t, t, schedule)[0] + ddim_variance(now, before, eta).sqrt() * noise


@ddim_step.mistake(
    "x_0 is clipped, but the noise still is what the model said, so x_t is no longer made of these two. "
    "Which noise is left of x_t once x_0 is clipped?"
)
def noise_from_before_clipping(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return mixed(x_start, eps, t, t_prev, noise, schedule, eta)


@ddim_step.mistake(
    "alpha of a single step stands where alpha-bar belongs, and x_t where x_0 belongs. "
    "Predict x_0 first, then mix it for the level t_prev."
)
def alpha_for_alpha_bar_and_no_start(
    model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False
):
    alphas = torch.cat([schedule.alphas, schedule.alphas.new_ones(1)])
    now, before = read_at(alphas, t, x_t), read_at(alphas, t_prev, x_t)
    variance = ddim_variance(now, before, eta).clamp(min=0)
    eps = model(x_t, t)
    return before.sqrt() * x_t + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise


@ddim_step.mistake(
    "Everywhere alpha of a single step stands where alpha-bar belongs. How much of x_0 is left at a level "
    "says the product over all steps before it."
)
def alpha_for_alpha_bar(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    alphas = torch.cat([schedule.alphas, schedule.alphas.new_ones(1)])
    now, before = read_at(alphas, t, x_t), read_at(alphas, t_prev, x_t)
    variance = ddim_variance(now, before, eta).clamp(min=0)
    eps = model(x_t, t)
    x_start = (x_t - (1 - now).sqrt() * eps) / now.sqrt()
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise


@ddim_step.mistake(
    "The model's answer is used as the noise, whatever `predicts` says; x_0 is right. "
    "Which noise does x_t contain if the model says x_0 or v?"
)
def output_is_the_noise_but_not_for_the_start(
    model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False
):
    output = model(x_t, t)
    x_start = predict_start(output, x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return mixed(x_start, output, t, t_prev, noise, schedule, eta)


def mixed(x_start, eps, t, t_prev, noise, schedule, eta):
    """What the reference does once x_0 and the noise are known."""
    now, before = extract(schedule.alphas_cumprod, t, noise.shape), at_t_prev(schedule, t_prev, noise)
    variance = ddim_variance(now, before, eta)
    return before.sqrt() * x_start + (1 - before - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * noise


@ddim_step.alternative("alpha-bar with a 1 behind it: then the index -1 is clean data.")
def one_behind_the_last(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    alphas_cumprod = torch.cat([schedule.alphas_cumprod, torch.ones_like(schedule.alphas_cumprod[:1])])
    axes = (-1, *[1] * (x_t.ndim - 1))
    now, before = alphas_cumprod[t].view(axes), alphas_cumprod[t_prev].view(axes)
    x_start, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    sigma = eta * ((1 - before) / (1 - now) * (1 - now / before)).sqrt()
    return before**0.5 * x_start + (1 - before - sigma**2).clamp(min=0) ** 0.5 * eps + sigma * noise


@ddim_step.alternative("The noise is what is left of x_t, worked out here; a mask finds the rows that end clean.")
def what_is_left_of_x(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = torch.clip(x_start, -1, 1)
    now = extract(schedule.alphas_cumprod, t, x_t.shape)
    last = (t_prev < 0).reshape(now.shape)
    before = extract(schedule.alphas_cumprod, t_prev.clamp(min=0), x_t.shape)
    eps = (x_t - now.sqrt() * x_start) / (1 - now).sqrt()
    variance = ddim_variance(now, before, eta)
    x = before.sqrt() * x_start + (1 - before - variance).relu().sqrt() * eps + variance.sqrt() * noise
    return torch.where(last, x_start, x)


@ddim_step.alternative("x_t shrinks with its noise, and x_0 gets the weight that is then missing.")
def shrunk_and_filled_up(model, x_t, t, t_prev, noise, schedule, eta=0.0, predicts="noise", clip_start=False):
    x_start, _ = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    now = extract(schedule.alphas_cumprod.double(), t, x_t.shape)
    before = extract(schedule.alphas_cumprod_prev.double(), t_prev + 1, x_t.shape)
    variance = ddim_variance(now, before, eta)
    kept = ((1 - before - variance).clamp(min=0) / (1 - now)).sqrt()
    return (kept * x_t + (before.sqrt() - kept * now.sqrt()) * x_start + variance.sqrt() * noise).float()
