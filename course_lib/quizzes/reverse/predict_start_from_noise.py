"""Quiz `predict_start_from_noise` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract
from course_lib.quizzes.families import lookups
from course_lib.quizzes.reverse.shared import model_and_noisy_batches

predict_start_from_noise = Quiz(
    reverse.predict_start_from_noise,
    cases=lambda g: [(x, t, noise, schedule) for _, x, t, noise, schedule, *_ in model_and_noisy_batches(g)],
    points=2,
    minutes=6,
    difficulty=2,
    importance=4,
    hints=(
        "`q_sample` says what x_t is made of. Three of the four things in that line are known: solve for the fourth.",
        "First take the weighted noise away from x_t, then undo the weight of x_0.",
        "(x_t - sqrt(1 - alpha-bar_t) noise) / sqrt(alpha-bar_t), both roots looked up with `extract`",
    ),
)


SIGNAL, SIGMA = "schedule.sqrt_alphas_cumprod", "schedule.sqrt_one_minus_alphas_cumprod"
SOLVED = "(x_t - sigma * noise) / signal"

predict_start_from_noise.edits(
    not_divided=(
        f"{SOLVED} -> x_t - sigma * noise",
        "The noise is gone, but x_0 is still faded: its weight in x_t has to be undone too.",
    ),
    multiplied=(
        ") / signal -> ) * signal",
        "x_0 is multiplied by its weight once more and gets fainter still. What undoes a multiplication?",
    ),
    divided_by_alpha_bar=(
        f"{SIGNAL} -> schedule.alphas_cumprod",
        "x_0 comes out divided by alpha-bar. Which power of it stands in front of x_0 in `q_sample`?",
    ),
    noise_added=(
        "x_t - sigma -> x_t + sigma",
        "The noise is added once more. It is in x_t already: which sign takes it out?",
    ),
    noise_unweighted=(
        "sigma * noise -> noise",
        "All of the noise is taken away, whatever t is. With which weight did `q_sample` put it in?",
    ),
    noise_without_root=(
        f"{SIGMA} -> 1 - schedule.alphas_cumprod",
        "1 - alpha-bar is the noise's variance. What does `q_sample` multiply the noise by?",
    ),
    weights_swapped=(
        f"{SOLVED} -> (x_t - signal * noise) / sigma",
        "The two weights have changed places. Which of them belongs to the noise?",
    ),
    root_of_the_roots=(
        f"{SIGNAL} -> {SIGNAL}.sqrt()",
        f"{SIGMA} -> {SIGMA}.sqrt()",
        "A root too many: `sqrt_alphas_cumprod` and its sister are roots already. How often should a root be taken?",
    ),
    one_minus_the_root=(
        f"{SIGMA} -> 1 - {SIGNAL}",
        "1 minus the root of alpha-bar is not the root of 1 minus alpha-bar. "
        "Which is the noise's weight in `q_sample`?",
    ),
    divided_by_the_noises_weight=(
        ") / signal -> ) / sigma",
        "The noise is out, but the division is by the weight that the noise had. Whose weight does x_0 still carry?",
    ),
    clipped_at_once=(
        f"return {SOLVED} -> return ({SOLVED}).clamp(-1, 1)",
        "The result is clipped to [-1, 1]. Data may leave that range, and nobody asked for it here: "
        "who will, later in this chapter?",
    ),
    only_x_t_divided=(
        f"{SOLVED} -> x_t / signal - sigma * noise",
        "Only x_t is divided, the noise is not. Where do the brackets have to be?",
    ),
    only_the_noise_divided=(
        f"{SOLVED} -> x_t - sigma * noise / signal",
        "Only the noise is divided, x_t is not. Where do the brackets have to be?",
    ),
    one_step_undone=(
        f"{SIGNAL} -> schedule.alphas.sqrt()",
        f"{SIGMA} -> schedule.betas.sqrt()",
        "With beta a single step is undone. The noise in x_t came in over all steps: which constants know of all?",
    ),
    fading_of_one_step_undone=(
        f"{SIGNAL} -> schedule.alphas.sqrt()",
        "The noise is taken out for all steps, but the fading of one step only is undone: `alphas` is a single step's. "
        "Which constant holds the product?",
    ),
    mean_of_the_step=(
        f"{SIGNAL} -> schedule.alphas.sqrt()",
        f"{SIGMA} -> schedule.betas / {SIGMA}",
        "That is the mean of x_{t-1}, one step back. You want the leap to x_0, the opposite of `q_sample`.",
    ),
    noised_again=(
        f"{SOLVED} -> signal * x_t + sigma * noise",
        "This adds noise to x_t as if it were clean: `q_sample` once more. Solve it for x_0.",
    ),
    start_from_v=(
        f"{SOLVED} -> signal * x_t - sigma * noise",
        "That is how x_0 follows from v. Here the third argument is the noise: solve `q_sample` for x_0.",
    ),
    one_step_too_few=(
        f"{SIGNAL} -> schedule.alphas_cumprod_prev.sqrt()",
        f"{SIGMA} -> (1 - schedule.alphas_cumprod_prev).sqrt()",
        "Off by one: that is the alpha-bar before t. At t = 0 there is one step's noise to take away, and none goes.",
    ),
    weight_never_below_a_tenth=(
        ") / signal -> ) / signal.clamp(min=0.1)",
        "Where hardly any signal is left the result is too small: the division is not by less than 0.1. "
        "Nothing in the formula limits the weight.",
    ),
)
lookups(predict_start_from_noise)


@predict_start_from_noise.mistake(
    "At t = 0 x_t comes back unchanged. In this course t = 0 is the first step already: how much noise does it bring?"
)
def t_zero_taken_for_clean(x_t, t, noise, schedule):
    clean = (t == 0).reshape(-1, *[1] * (x_t.ndim - 1))
    return torch.where(clean, x_t, reverse.predict_start_from_noise(x_t, t, noise, schedule))


@predict_start_from_noise.mistake(
    "The first row decides for all: if its t is 0, every x_t comes back unchanged. Each row has its own t."
)
def first_row_decides(x_t, t, noise, schedule):
    return x_t if t[0] == 0 else reverse.predict_start_from_noise(x_t, t, noise, schedule)


@predict_start_from_noise.alternative("With the reciprocals of both weights, as many libraries keep them.")
def with_reciprocals(x_t, t, noise, schedule):
    ac = extract(schedule.alphas_cumprod, t, x_t.shape)
    return ac.rsqrt() * x_t - (1 / ac - 1).sqrt() * noise


@predict_start_from_noise.alternative("One row after the other.")
def start_row_by_row(x_t, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    rows = zip(x_t, noise, t.tolist(), strict=True)
    return torch.stack([(row - sigma[step] * draw) / signal[step] for row, draw, step in rows])


@predict_start_from_noise.alternative("In double precision, and back.")
def start_in_double_precision(x_t, t, noise, schedule):
    ac = extract(schedule.alphas_cumprod.double(), t, x_t.shape)
    return ((x_t - (1 - ac) ** 0.5 * noise) / ac**0.5).to(x_t.dtype)
