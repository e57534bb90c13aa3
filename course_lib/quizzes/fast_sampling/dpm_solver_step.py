"""Quiz `dpm_solver_step` of chapter 12."""

import torch

from course_lib import fast_sampling
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.quizzes.families import (
    counted_from_one,
    counted_from_one_and_clamped,
    first_t_for_all,
    lookups,
    one_too_far,
)
from course_lib.quizzes.levels import at_t_prev, steps_between_levels
from course_lib.schedules import NoiseSchedule, snr


def steps_with_memory(g: torch.Generator) -> list[tuple]:
    """(x, x_start, x_start_before, t, t_prev, t_before, schedule): some rows are first steps, some last ones.

    A row with t = T - 1 makes a first step, and in the sixth case another one, too. The last case has a first step and
    no last one.
    """
    cases: list[tuple] = []
    for _, x, t, t_prev, x_start, schedule, *_ in steps_between_levels(g):
        t_before = t + 1 + (torch.rand(len(t), generator=g) * (schedule.timesteps - 1 - t)).long()
        t_before = t_before.clamp(max=schedule.timesteps - 1)
        if len(cases) == 5:
            t_before[0] = t[0]
        cases.append((x, x_start, torch.randn(x.shape, generator=g), t, t_prev, t_before, schedule))
    x, x_start, before = torch.randn((3, 4, 6), generator=g)
    t, t_prev, t_before = torch.tensor([9, 19, 12, 5]), torch.tensor([4, 11, 3, 1]), torch.tensor([15, 19, 19, 8])
    cases.append((x, x_start, before, t, t_prev, t_before, NoiseSchedule.from_name("linear", 20)))
    for _, x_start, before, t, _, t_before, _ in cases:
        before[t_before == t] = x_start[t_before == t]
    return cases


dpm_solver_step = Quiz(
    fast_sampling.dpm_solver_step,
    cases=steps_with_memory,
    points=5,
    minutes=18,
    difficulty=5,
    importance=4,
    hints=(
        "DDIM keeps x_0 where it was predicted at t. From the last two predictions you can see where it is moving to: "
        "where is it in the middle of the step?",
        "The straight line through both predictions, over lambda = log(alpha / sigma), goes on for half of h. "
        "At a first step and at a last step x_0 stays as it was predicted.",
        "d = x_start + h / (2 * h_before) * (x_start - x_start_before), with a weight of 0 where it is not finite; "
        "sigma_prev / sigma * x_t + (alpha_prev - alpha * sigma_prev / sigma) * d",
    ),
)

WEIGHT = "weight = h / (2 * h_before)"
FINITE = "weight = torch.where(weight.isfinite(), weight, 0.0)"
RESULT = "sigma_prev / sigma * x_t + (alpha_prev - alpha * sigma_prev / sigma) * d"
H_BEFORE = "h_before = (alpha / sigma).log() - (alpha_before / sigma_before).log()"
ALPHA_PREV = "alpha_prev = extract(schedule.alphas_cumprod_prev, t_prev + 1, shape).sqrt()"
SIGMA_PREV = "sigma_prev = extract(schedule.one_minus_alphas_cumprod_prev, t_prev + 1, shape).sqrt()"

# How far x_0 is extrapolated
dpm_solver_step.edits(
    order_one=(
        "d = x_start + weight * (x_start - x_start_before) -> d = x_start",
        "The prediction one step earlier is not used: this is DDIM, a method of order 1. "
        "What do two predictions say about where x_0 is moving?",
    ),
    weight_upside_down=(
        "h / (2 * h_before) -> h_before / (2 * h)",
        "The weight is upside down. The longer the step to come, compared with the last one, the further x_0 moves.",
    ),
    half_forgotten=(
        "h / (2 * h_before) -> h / h_before",
        "x_0 is extrapolated to the end of the step. The middle stands for the whole step: how far is that?",
    ),
    doubled=(
        "h / (2 * h_before) -> 2 * h / h_before",
        "The 2 is on the wrong side: x_0 is extrapolated to four times as far as the middle of the step.",
    ),
    quarter=(
        "h / (2 * h_before) -> h / (4 * h_before)",
        "The step is halved twice: x_0 is extrapolated to a quarter of the step. The middle is the place.",
    ),
    wrong_direction=(
        "x_start + weight -> x_start - weight",
        "x_0 is moved back to where it was. It should go on in the direction from the earlier prediction to this one.",
    ),
    steps_taken_for_equal=(
        f"{WEIGHT} -> weight = h / h * h_before / h_before / 2",
        "The weight is always 1/2, as if this step were as long as the last. How long are both, in lambda?",
    ),
    whole_way_for_the_step_before=(
        f"{WEIGHT} -> weight = h / (2 * (h + h_before))",
        "The way from t_before to t_prev stands where the step before belongs. Between which two levels were "
        "the predictions made?",
    ),
    mean_of_both=(
        "d = x_start + weight * (x_start - x_start_before) -> "
        "d = torch.where(h.isfinite(), (x_start + x_start_before) / 2, x_start)",
        "The mean of both predictions looks back, to a level before t. The step goes the other way.",
    ),
    predictions_swapped=(
        "x_start + weight * (x_start - x_start_before) -> x_start_before + weight * (x_start_before - x_start)",
        "The two predictions have changed places. Which of them is the newer one?",
    ),
    weights_do_not_add_up=(
        "weight * (x_start - x_start_before) -> weight * (x_start + x_start_before)",
        "The weights of both predictions do not add up to 1: where they agree, x_0 would change. "
        "What has to be subtracted?",
    ),
    goes_on_from_the_older=(
        "x_start + weight -> x_start_before + weight",
        "The line begins at the older prediction. x_0 moves on from the newest one.",
    ),
)

# What the lengths are measured in
dpm_solver_step.edits(
    lengths_in_t=(
        f"{WEIGHT} -> weight = torch.where(h.isfinite(), extract((t - t_prev) / (2 * (t_before - t)), "
        "torch.arange(len(t), device=t.device), shape), 0.0)",
        "The lengths of the steps are counted in t. How much a step changes says lambda, the log of alpha / sigma.",
    ),
    lengths_in_alpha_over_sigma=(
        "h = (alpha_prev / sigma_prev).log() - (alpha / sigma).log() -> h = alpha_prev / sigma_prev - alpha / sigma",
        f"{H_BEFORE} -> h_before = alpha / sigma - alpha_before / sigma_before",
        "The lengths are those of alpha / sigma. lambda is its logarithm.",
    ),
    lengths_in_sigma=(
        f"{WEIGHT} -> weight = (sigma_prev - sigma) / (2 * (sigma - sigma_before)) * (sigma_prev > 0)",
        "The lengths of the steps are changes of sigma. Measure them by lambda, the log of alpha / sigma.",
    ),
    lambda_is_log_alpha=(
        "h = (alpha_prev / sigma_prev).log() - (alpha / sigma).log() -> h = alpha_prev.log() - alpha.log()",
        f"{H_BEFORE} -> h_before = alpha.log() - alpha_before.log(); h = torch.where(sigma_prev > 0, h, torch.inf)",
        "The lengths are those of log(alpha). lambda compares signal and noise: where is sigma?",
    ),
    both_from_t_before=(
        f"{H_BEFORE} -> h_before = (alpha / sigma).log() - (alpha_before / sigma_before).log(); h = h + h_before",
        "h begins at t_before. The step to come begins at t.",
    ),
)

# First and last step
dpm_solver_step.edits(
    last_step_not_finite=(
        f"{FINITE} -> weight = torch.where(h_before > 0, weight, 0.0)",
        "The last step, to clean data, is not finite: there sigma_prev is 0 and h is infinite. "
        "Which x_0 do you want there?",
    ),
    first_step_not_finite=(
        f"{FINITE} -> weight = torch.where(h.isinf() & (h_before != 0), 0.0, weight)",
        "A first step is not a number: there t_before is t, so h_before is 0. Without an earlier prediction x_0 stays.",
    ),
    neither_finite=(
        f"{FINITE} ->",
        "First and last steps are not finite: in one h_before is 0, in the other h is infinite. "
        "Which x_0 do you want there?",
    ),
    first_step_by_its_t=(
        f"{FINITE} -> weight = torch.where(((t_prev < 0) | (t == schedule.timesteps - 1))"
        ".reshape(h.shape), 0.0, weight)",
        "A first step is recognised at t = T - 1 only. Sampling may begin elsewhere: "
        "where nothing came before, t_before is t.",
    ),
    first_row_decides=(
        f"{FINITE} ->",
        "d = x_start + weight -> d = x_start if t_prev[0] < 0 or t_before[0] == t[0] else x_start + weight",
        "Whether this is a first or a last step is decided by the first row, for all rows. "
        "Each row has a t_prev and a t_before of its own.",
    ),
    first_row_is_last=(
        f"{FINITE} -> weight = torch.where(weight.isfinite(), weight, 0.0) * float(t_prev[0] >= 0)",
        "Whether this is the last step is decided by the first row, for all rows. Each row has a t_prev of its own.",
    ),
    any_row_is_last=(
        f"{FINITE} -> weight = torch.where(weight.isfinite(), weight, 0.0) * float((t_prev >= 0).all())",
        "If one row makes its last step, no row is extrapolated. Each row has a t_prev of its own.",
    ),
    any_row_is_first=(
        f"{FINITE} -> weight = torch.where(weight.isfinite(), weight, 0.0) * float((t_before != t).all())",
        "If one row makes its first step, no row is extrapolated. Each row has a t_before of its own.",
    ),
)

# Where the step ends
dpm_solver_step.edits(
    no_entry_at_the_end=(
        f"{ALPHA_PREV} -> alpha_prev = extract(schedule.sqrt_alphas_cumprod, t_prev, shape)",
        f"{SIGMA_PREV} -> sigma_prev = extract(schedule.sqrt_one_minus_alphas_cumprod, t_prev, shape)",
        "Where t_prev is -1 the lookup fails: no entry has that index. -1 means clean data, alpha 1 and sigma 0: "
        "which constants of the schedule begin with these?",
    ),
    last_entry_at_the_end=(
        f"{ALPHA_PREV} -> alpha_prev = schedule.sqrt_alphas_cumprod[t_prev].reshape(alpha.shape)",
        f"{SIGMA_PREV} -> sigma_prev = schedule.sqrt_one_minus_alphas_cumprod[t_prev].reshape(alpha.shape)",
        "Where t_prev is -1 the step ends in noise: that index is the *last* entry. "
        "There x has to be clean: alpha 1, sigma 0.",
    ),
    clean_level_clamped=(
        f"{ALPHA_PREV} -> alpha_prev = extract(schedule.sqrt_alphas_cumprod, t_prev.clamp(min=0), shape)",
        f"{SIGMA_PREV} -> sigma_prev = extract(schedule.sqrt_one_minus_alphas_cumprod, t_prev.clamp(min=0), shape)",
        "Where t_prev is -1 the step ends at the level of t = 0, with noise left on. "
        "-1 means clean data: alpha 1, sigma 0.",
    ),
    neighbour=(
        f"{ALPHA_PREV} -> alpha_prev = extract(schedule.alphas_cumprod_prev, t, shape).sqrt()",
        f"{SIGMA_PREV} -> sigma_prev = extract(schedule.one_minus_alphas_cumprod_prev, t, shape).sqrt()",
        "Each step ends at t - 1, whatever t_prev is. Now steps are longer: which alpha-bar belongs to t_prev?",
    ),
    without_roots_at_the_end=(
        f"{ALPHA_PREV} -> alpha_prev = extract(schedule.alphas_cumprod_prev, t_prev + 1, shape)",
        f"{SIGMA_PREV} -> sigma_prev = extract(schedule.one_minus_alphas_cumprod_prev, t_prev + 1, shape)",
        "At t_prev alpha and sigma are squares: alpha-bar and 1 - alpha-bar. What does `q_sample` multiply by?",
    ),
)

# The step itself
dpm_solver_step.edits(
    start_returned=(
        f"return {RESULT} -> return d",
        "That is x_0, all the way in one leap. Which mixture of x_0 and noise belongs to t_prev?",
    ),
    state_not_shrunk=(
        f"{RESULT} -> x_t + (alpha_prev - alpha * sigma_prev / sigma) * d",
        "x_t stays as large as it is, with all of its noise. At t_prev sigma is smaller.",
    ),
    whole_start_added=(
        "(alpha_prev - alpha * sigma_prev / sigma) * d -> alpha_prev * d",
        "x_0 is added with all of its weight. x_t has some of it in it already: what is left of that once it shrinks?",
    ),
    state_for_the_noise=(
        f"{RESULT} -> sigma_prev * x_t + alpha_prev * d",
        "x_t stands where the noise belongs. It also has x_0 in it, and its noise has the size sigma_t.",
    ),
    start_subtracted=(
        "x_t + (alpha_prev - -> x_t - (alpha_prev -",
        "x_0 is subtracted. From t to t_prev its part of x grows.",
    ),
    noise_grows=(
        "return sigma_prev / sigma * x_t -> return sigma / sigma_prev * x_t",
        "x_t grows with all of its noise, and at the last step it is infinite. Which way does sigma go?",
    ),
    old_start_kept=(
        f"{RESULT} -> sigma_prev / sigma * x_t + alpha_prev * d - alpha * sigma_prev / sigma * x_start",
        "The noise in x_t is worked out with the x_0 of t, and mixed with the extrapolated one. "
        "Take the latter for both.",
    ),
    sigma_of_chapter_1=(
        f"{RESULT} -> sigma_prev / alpha_prev * alpha / sigma * x_t + "
        "(alpha_prev - alpha * sigma_prev / alpha_prev * alpha / sigma) * d",
        "sigma is that of chapter 01, sqrt(1 / alpha-bar - 1), where x_0 has the weight 1. Here x_0 has the weight "
        "alpha, and sigma² is 1 - alpha-bar.",
    ),
)
lookups(dpm_solver_step, first_t_for_all, counted_from_one, counted_from_one_and_clamped, one_too_far)
dpm_solver_step.swaps(
    levels_of_the_first_row=(
        {"extract": first_t_for_all},
        "All rows make the step of the first row. Each row has a t, a t_prev and a t_before of its own.",
    ),
)


@dpm_solver_step.mistake(
    "The step begins at t - 1, and at t = 0 that is the *last* entry; t_prev and t_before are right. "
    "The paper counts t from 1, here t = 0 is the first step."
)
def t_lowered(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return fast_sampling.dpm_solver_step(
        x_t, x_start, x_start_before, (t - 1) % schedule.timesteps, t_prev, t_before, schedule
    )


@dpm_solver_step.mistake(
    "h is that of the log-SNR, which is 2 lambda, so exp(-h) is a square. In a quotient of two h that would not matter."
)
def exponential_of_the_log_snr(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return exponential_step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule, 1.0)


@dpm_solver_step.mistake(
    "exp(h) stands where exp(-h) belongs: at the last step, where h is infinite, nothing finite comes out. "
    "Which of the two goes to 0 there?"
)
def exponential_upside_down(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    return exponential_step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule, 0.5, sign=1)


@dpm_solver_step.mistake(
    "That is DPM-Solver's step for predicted noise: x_t goes with alpha, the prediction with sigma. "
    "The predictions here are x_0: what changes places?"
)
def for_predicted_noise(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    now, later = extract(schedule.alphas_cumprod, t, x_t.shape), at_t_prev(schedule, t_prev, x_t)
    h, weight = lengths(t, t_prev, t_before, schedule, x_t, 0.5)
    d = x_start + weight * (x_start - x_start_before)
    return (later / now).sqrt() * x_t - (1 - later).sqrt() * torch.expm1(h) * d


def lengths(t, t_prev, t_before, schedule, x, power):
    """h, and the weight of the difference of both predictions; `power` is 1/2 for lambda, 1 for the log-SNR."""
    now, earlier = (extract(snr(schedule.alphas_cumprod), at, x.shape) for at in (t, t_before))
    h, h_before = power * (snr(at_t_prev(schedule, t_prev, x)) / now).log(), power * (now / earlier).log()
    weight = h / (2 * h_before)
    return h, torch.where(weight.isfinite(), weight, 0.0)


def exponential_step(x_t, x_start, x_start_before, t, t_prev, t_before, schedule, power, sign=-1):
    h, weight = lengths(t, t_prev, t_before, schedule, x_t, power)
    d = x_start + weight * (x_start - x_start_before)
    later, sigma = at_t_prev(schedule, t_prev, x_t), extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (1 - later).sqrt() / sigma * x_t - later.sqrt() * torch.expm1(sign * h) * d


@dpm_solver_step.alternative("As the paper writes it, with exp(-h) - 1, and r for the quotient of both steps.")
def with_expm1(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def level(at):
        padded = torch.cat([schedule.alphas_cumprod, schedule.alphas_cumprod.new_ones(1)]).double()
        alpha_bar = padded[at].reshape(-1, *[1] * (x_t.ndim - 1))
        return alpha_bar.sqrt(), (1 - alpha_bar).sqrt(), torch.logit(alpha_bar) / 2

    (_, sigma, now), (alpha_prev, sigma_prev, later), (_, _, earlier) = level(t), level(t_prev), level(t_before)
    h, r = later - now, (now - earlier) / (later - now)
    extrapolated = (1 + 1 / (2 * r)) * x_start - 1 / (2 * r) * x_start_before
    d = torch.where((t_before == t).reshape(h.shape) | h.isinf(), x_start, extrapolated)
    return (sigma_prev / sigma * x_t - alpha_prev * torch.expm1(-h) * d).float()


@dpm_solver_step.alternative("With the log-SNR in the place of lambda: in the quotient of two lengths the 2 cancels.")
def lengths_in_log_snr(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    shape = x_t.shape
    now, earlier = (extract(schedule.alphas_cumprod, at, shape) for at in (t, t_before))
    later = extract(schedule.alphas_cumprod_prev, t_prev + 1, shape)
    h, h_before = snr(later).log() - snr(now).log(), snr(now).log() - snr(earlier).log()
    first_or_last = (h_before == 0) | h_before.isnan() | h.isinf()
    d = torch.where(first_or_last, x_start, x_start + h / h_before / 2 * (x_start - x_start_before))
    shrunk = ((1 - later) / (1 - now)).sqrt()
    return shrunk * x_t + (later.sqrt() - now.sqrt() * shrunk) * d


@dpm_solver_step.alternative("The noise in x_t is worked out, and mixed anew with the extrapolated x_0, as DDIM does.")
def ddim_with_a_better_start(x_t, x_start, x_start_before, t, t_prev, t_before, schedule):
    def alpha_bar(at):
        return torch.where(at < 0, 1.0, schedule.alphas_cumprod[at]).reshape(-1, *[1] * (x_t.ndim - 1)).double()

    now, later, earlier = alpha_bar(t), alpha_bar(t_prev), alpha_bar(t_before)
    weight = 0.5 * torch.log(snr(later) / snr(now)) / torch.log(snr(now) / snr(earlier))
    weight = torch.where((later == 1) | (now == earlier), torch.zeros_like(weight), weight)
    d = x_start + weight * (x_start - x_start_before)
    eps = (x_t - now.sqrt() * d) / (1 - now).sqrt()
    return (later.sqrt() * d + (1 - later).sqrt() * eps).float()
