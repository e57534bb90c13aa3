"""Quiz `heun_step` of chapter 12."""

import torch

from course_lib import fast_sampling
from course_lib.checker.quiz import Quiz
from course_lib.fast_sampling import ddim_step, predict_start_and_noise
from course_lib.forward import extract
from course_lib.quizzes.families import (
    counted_from_one,
    counted_from_one_and_clamped,
    first_t_for_all,
    lookups,
    one_too_far,
)
from course_lib.quizzes.levels import steps_between_levels
from course_lib.schedules import sigma_from_alphas_cumprod


def steps_with_noise_left(g: torch.Generator) -> list[tuple]:
    """(model, x, t, t_prev, schedule, predicts, clip_start) with 0 <= t_prev < t."""
    cases = []
    for model, x, t, t_prev, _, schedule, *kind in steps_between_levels(g):
        t = t.clamp(min=1)
        later = (torch.rand(len(t), generator=g) * t).long()
        cases.append((model, x, t, torch.where(t_prev < 0, later, t_prev), schedule, *kind))
    return cases


heun_step = Quiz(
    fast_sampling.heun_step,
    cases=steps_with_noise_left,
    points=4,
    minutes=15,
    difficulty=4,
    importance=3,
    hints=(
        "Euler's step follows the slope at its beginning. Take it on trial, look at the slope at its end, "
        "and take the step anew with both.",
        "For y = x / sqrt(alpha-bar) the slope over sigma is the noise in x. The model wants x, not y: "
        "multiply the trial by sqrt(alpha-bar) at t_prev before you ask.",
        "signal_prev * (x_t / signal + (sigma_prev - sigma) * (eps + eps_prev) / 2), where eps_prev is the noise in "
        "`euler`, asked at t_prev",
    ),
)

SIGMAS = "sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod)"
EULER = "euler = signal_prev * (x_t / signal + (sigma_prev - sigma) * eps)"
SECOND = "predict_start_and_noise(model, euler, t_prev, schedule, predicts, clip_start)"
RESULT = "signal_prev * (x_t / signal + (sigma_prev - sigma) * (eps + eps_prev) / 2)"

# Both slopes
heun_step.edits(
    euler_only=(
        f"return {RESULT} -> return euler",
        "The result is Euler's step: the slope at its end makes no difference. What does it say about the way?",
    ),
    second_slope_only=(
        "(eps + eps_prev) / 2 -> eps_prev",
        "Only the slope at the end counts, so this is of order 1 like Euler's step. What do both slopes say together?",
    ),
    slopes_not_halved=(
        "(eps + eps_prev) / 2 -> (eps + eps_prev)",
        "Both slopes are added, so the step is twice as long, or the second step begins where the first ended. "
        "Take one step with their mean.",
    ),
    slopes_subtracted=(
        "(eps + eps_prev) / 2 -> (eps - eps_prev) / 2",
        "One slope is subtracted from the other. Where both agree, x would not move at all.",
    ),
    states_averaged=(
        f"return {RESULT} -> return (x_t + euler) / 2",
        "x_t and Euler's x are averaged: x stops half-way, between the levels. Average the slopes.",
    ),
    start_of_the_first_slope=(
        "_, eps = predict -> x_start, eps = predict",
        f"{RESULT} -> signal_prev * (x_start + sigma_prev * (eps + eps_prev) / 2)",
        "The mean noise is mixed with the first x_0, so x_t is not made of these two. "
        "Which x_0 is left of x_t with the mean noise?",
    ),
    noise_of_the_first_slope=(
        "_, eps = predict -> x_start, eps = predict",
        "_, eps_prev = predict -> x_start_prev, eps_prev = predict",
        f"{RESULT} -> signal_prev * ((x_start + x_start_prev) / 2 + sigma_prev * eps)",
        "The mean x_0 is mixed with the first noise, but x_t is not made of these two. Average the slopes, the noises.",
    ),
    starts_averaged=(
        "_, eps = predict -> x_start, eps = predict",
        "_, eps_prev = predict -> x_start_prev, eps_prev = predict",
        f"{RESULT} -> signal_prev * ((x_start + x_start_prev) / 2 * (1 - sigma_prev / sigma) + "
        "sigma_prev / sigma * x_t / signal)",
        "The two predictions of x_0 are averaged: a fair method, but with another variable in the place of sigma. "
        "Here the slopes are the noises.",
    ),
    from_the_end_of_the_trial=(
        f"{RESULT} -> euler + signal_prev * (sigma_prev - sigma) * (eps + eps_prev) / 2",
        "The step begins where the trial ended. The trial was there to look ahead: go back to x_t.",
    ),
    half_a_step=(
        "(eps + eps_prev) / 2 -> (eps + eps_prev) / 4",
        "The step is half as long as it should be. Of two slopes the mean has one 2 below it.",
    ),
    steps_the_wrong_way=(
        f"{EULER} -> euler = signal_prev * (x_t / signal - (sigma_prev - sigma) * eps)",
        f"return {RESULT} -> return signal_prev * (x_t / signal - (sigma_prev - sigma) * (eps + eps_prev) / 2)",
        "The step goes the wrong way: noise is added where it should go. sigma_prev is smaller than sigma, "
        "and the slope is +eps.",
    ),
    trial_the_wrong_way=(
        f"{EULER} -> euler = signal_prev * (x_t / signal - (sigma_prev - sigma) * eps)",
        "The trial goes the wrong way, so the second slope is one of more noise. "
        "sigma_prev is smaller than sigma, and the slope is +eps.",
    ),
    start_for_the_slope=(
        "_, eps = predict -> eps, _ = predict",
        "_, eps_prev = predict -> eps_prev, _ = predict",
        "x_0 is taken for the slope. With x_0 fixed, y = x_0 + sigma eps: what does it change by, per sigma?",
    ),
)

# Where the second slope is asked
heun_step.edits(
    second_slope_at_t=(
        f"{SECOND} -> predict_start_and_noise(model, euler, t, schedule, predicts, clip_start)",
        "The trial's end has the noise of t_prev, but the model is told t there.",
    ),
    second_slope_at_x_t=(
        f"{SECOND} -> predict_start_and_noise(model, x_t, t_prev, schedule, predicts, clip_start)",
        "The second slope is asked at x_t, which still has the noise of t. Where did the trial end?",
    ),
    second_slope_half_way=(
        f"{SECOND} -> predict_start_and_noise(model, (x_t + euler) / 2, t_prev, schedule, predicts, clip_start)",
        "The second slope is asked half-way between x_t and the trial's end. Heun's method asks at the end.",
    ),
    asked_at_y=(
        f"{SECOND} -> predict_start_and_noise(model, euler / signal_prev, t_prev, schedule, predicts, clip_start)",
        "The model is asked at y, where x_0 has the weight 1. It knows x: multiply by sqrt(alpha-bar) at t_prev.",
    ),
    both_asked_at_t_prev=(
        "model, x_t, t, schedule -> model, x_t, t_prev, schedule",
        "The model is told t_prev for x_t, too, which still has the noise of t.",
    ),
    answers_read_as_noise=(
        "x_t, t, schedule, predicts, clip_start) -> x_t, t, schedule, 'noise', clip_start)",
        "euler, t_prev, schedule, predicts, clip_start) -> euler, t_prev, schedule, 'noise', clip_start)",
        "Whatever `predicts` says, the model's answers are read as noise. Where is `predicts` lost?",
    ),
    second_answer_read_as_noise=(
        "euler, t_prev, schedule, predicts, clip_start) -> euler, t_prev, schedule, 'noise', clip_start)",
        "Whatever `predicts` says, the model's second answer is read as noise. The first one is right.",
    ),
    options_not_used=(
        "x_t, t, schedule, predicts, clip_start) -> x_t, t, schedule, 'noise')",
        "euler, t_prev, schedule, predicts, clip_start) -> euler, t_prev, schedule, 'noise')",
        "Right for a model that predicts the noise, without clipping. Where do `predicts` and `clip_start` come in?",
    ),
    never_clipped=(
        "x_t, t, schedule, predicts, clip_start) -> x_t, t, schedule, predicts)",
        "euler, t_prev, schedule, predicts, clip_start) -> euler, t_prev, schedule, predicts)",
        "Nothing is clipped. Where does `clip_start` come in?",
    ),
    second_never_clipped=(
        "euler, t_prev, schedule, predicts, clip_start) -> euler, t_prev, schedule, predicts)",
        "The x_0 behind the second slope is not clipped. `clip_start` is there for both.",
    ),
    always_clipped=(
        "x_t, t, schedule, predicts, clip_start) -> x_t, t, schedule, predicts, True)",
        "euler, t_prev, schedule, predicts, clip_start) -> euler, t_prev, schedule, predicts, True)",
        "The predicted x_0 is always clipped, also when `clip_start` is False.",
    ),
)

# The variable in which the path has this slope
heun_step.edits(
    step_in_x=(
        f"{EULER} -> euler = x_t + (sigma_prev - sigma) * eps",
        f"return {RESULT} -> return x_t + (sigma_prev - sigma) * (eps + eps_prev) / 2",
        "eps is the slope of y = x / sqrt(alpha-bar), and here x itself is moved. Go to y, take the step, come back.",
    ),
    variance_preserving_sigma=(
        f"{SIGMAS} -> sigmas = schedule.sqrt_one_minus_alphas_cumprod",
        "sigma is the noise in x, sqrt(1 - alpha-bar). How much noise is in y = x / sqrt(alpha-bar)?",
    ),
    step_in_x_with_its_sigma=(
        f"{SIGMAS} -> sigmas = schedule.sqrt_one_minus_alphas_cumprod",
        f"{EULER} -> euler = x_t + (sigma_prev - sigma) * eps",
        f"return {RESULT} -> return x_t + (sigma_prev - sigma) * (eps + eps_prev) / 2",
        "Only the noise in x shrinks; its part of x_0 stays as small as at t. Which variable keeps x_0 at weight 1?",
    ),
    change_of_the_variance=(
        f"{SIGMAS} -> sigmas = sigma_from_alphas_cumprod(schedule.alphas_cumprod).square()",
        "The slope is multiplied by the change of sigma². It is the slope over sigma.",
    ),
    back_with_the_signal_of_t=(
        "return signal_prev -> return signal",
        "y is turned into x with the sqrt(alpha-bar) of t. The step ends at t_prev.",
    ),
    y_returned=(
        f"return {RESULT} -> return x_t / signal + (sigma_prev - sigma) * (eps + eps_prev) / 2",
        "y comes back, where x_0 has the weight 1. Turn it into x again.",
    ),
    x_not_divided=(
        "return signal_prev * (x_t / signal -> return signal_prev * (x_t",
        "x_t is taken for y. What turns x into y?",
    ),
    trial_not_turned_back=(
        f"{EULER} -> euler = signal * (x_t / signal + (sigma_prev - sigma) * eps)",
        "The trial's y is turned into x with the sqrt(alpha-bar) of t. It ends at t_prev.",
    ),
    signal_without_root=(
        "signal = extract(schedule.sqrt_alphas_cumprod, -> signal = extract(schedule.alphas_cumprod,",
        "signal_prev = extract(schedule.sqrt_alphas_cumprod, -> signal_prev = extract(schedule.alphas_cumprod,",
        "x is divided by alpha-bar. x_0 has the weight sqrt(alpha-bar) in it.",
    ),
)
lookups(heun_step, first_t_for_all, counted_from_one, counted_from_one_and_clamped, one_too_far)
heun_step.swaps(
    levels_of_the_first_row=(
        {"extract": first_t_for_all},
        "All rows make the step of the first row. Each row has a t and a t_prev of its own.",
    ),
)


@heun_step.mistake(
    "The slope is asked in the middle of the step, and alone: that is the midpoint method. "
    "Heun's takes the mean of the slopes at both ends."
)
def midpoint(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def step(slope, end):
        sigma, sigma_end = (
            extract(sigma_from_alphas_cumprod(schedule.alphas_cumprod), at, x_t.shape) for at in (t, end)
        )
        signal, signal_end = (extract(schedule.sqrt_alphas_cumprod, at, x_t.shape) for at in (t, end))
        return signal_end * (x_t / signal + (sigma_end - sigma) * slope)

    middle = (t + t_prev) // 2
    _, eps = predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)
    _, eps_middle = predict_start_and_noise(model, step(eps, middle), middle, schedule, predicts, clip_start)
    return step(eps_middle, t_prev)


@heun_step.mistake(
    "The mean of Euler's x and the x after one more step is taken: that lies behind t_prev. "
    "Average the slopes, and take one step."
)
def mean_of_two_steps(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    zeros = torch.zeros_like(x_t)
    first = ddim_step(model, x_t, t, t_prev, zeros, schedule, 0.0, predicts, clip_start)
    second = ddim_step(model, first, t_prev, t_prev - 1, zeros, schedule, 0.0, predicts, clip_start)
    return (first + second) / 2


@heun_step.alternative("Euler's step is `ddim_step`; what the second slope changes is added to it.")
def euler_and_a_correction(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    options = schedule, predicts, clip_start
    _, eps = predict_start_and_noise(model, x_t, t, *options)
    euler = ddim_step(model, x_t, t, t_prev, torch.zeros_like(x_t), schedule, 0.0, predicts, clip_start)
    _, eps_prev = predict_start_and_noise(model, euler, t_prev, *options)
    sigma, sigma_prev = (
        extract(sigma_from_alphas_cumprod(schedule.alphas_cumprod), at, x_t.shape) for at in (t, t_prev)
    )
    signal_prev = extract(schedule.sqrt_alphas_cumprod, t_prev, x_t.shape)
    return euler + signal_prev * (sigma_prev - sigma) * (eps_prev - eps) / 2


@heun_step.alternative("In y all the way: the slope is (y - x_0) / sigma, as in 2206.00364.")
def as_in_the_paper(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    def level(at):
        alpha_bar = schedule.alphas_cumprod.double()[at].reshape(-1, *[1] * (x_t.ndim - 1))
        return alpha_bar.sqrt(), (1 / alpha_bar - 1).sqrt()

    def slope(y, at, signal, sigma):
        x_start, _ = predict_start_and_noise(model, (signal * y).float(), at, schedule, predicts, clip_start)
        return (y - x_start) / sigma

    (signal, sigma), (signal_prev, sigma_prev) = level(t), level(t_prev)
    y = x_t.double() / signal
    d = slope(y, t, signal, sigma)
    tried = y + (sigma_prev - sigma) * d
    d_prev = slope(tried, t_prev, signal_prev, sigma_prev)
    return (signal_prev * (y + (sigma_prev - sigma) * (d / 2 + d_prev / 2))).float()


@heun_step.alternative("The mean of two Euler steps from x_t, one with each slope.")
def mean_of_two_trials(model, x_t, t, t_prev, schedule, predicts="noise", clip_start=False):
    axes = (-1, *[1] * (x_t.ndim - 1))
    signal, signal_prev = schedule.sqrt_alphas_cumprod[t].view(axes), schedule.sqrt_alphas_cumprod[t_prev].view(axes)
    noise, noise_prev = (schedule.sqrt_one_minus_alphas_cumprod[at].view(axes) for at in (t, t_prev))

    def euler(eps):
        return signal_prev * (x_t - noise * eps) / signal + noise_prev * eps

    first = euler(predict_start_and_noise(model, x_t, t, schedule, predicts, clip_start)[1])
    second = euler(predict_start_and_noise(model, first, t_prev, schedule, predicts, clip_start)[1])
    return (first + second) / 2
