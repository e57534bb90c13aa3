"""Quiz `predict_start_from_noise` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_sample
from course_lib.quizzes.inputs import noisy_batches
from course_lib.quizzes.reverse.shared import at

predict_start_from_noise = Quiz(
    reverse.predict_start_from_noise,
    cases=noisy_batches,
    points=2,
    minutes=6,
    hints=(
        "`q_sample` says what x_t is made of. Three of the four things in that line are known: solve for the fourth.",
        "First take the weighted noise away from x_t, then undo the weight of x_0.",
        "(x_t - sqrt(1 - alpha-bar_t) noise) / sqrt(alpha-bar_t), both roots looked up with `extract`",
    ),
)


@predict_start_from_noise.mistake("The noise is gone, but x_0 is still faded: its weight in x_t has to be undone too.")
def not_divided(x_t, t, noise, schedule):
    return x_t - (1 - at(schedule.alphas_cumprod, t, x_t)).sqrt() * noise


@predict_start_from_noise.mistake(
    "You multiply by the weight of x_0 and make it fainter still. What undoes a multiplication?"
)
def multiplied(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return (x_t - (1 - ac).sqrt() * noise) * ac.sqrt()


@predict_start_from_noise.mistake("You divide by alpha-bar. Which power of it stands in front of x_0 in `q_sample`?")
def divided_by_alpha_bar(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return (x_t - (1 - ac).sqrt() * noise) / ac


@predict_start_from_noise.mistake("The noise is added once more. It is in x_t already: which sign takes it out?")
def noise_added(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return (x_t + (1 - ac).sqrt() * noise) / ac.sqrt()


@predict_start_from_noise.mistake(
    "All of the noise is taken away, whatever t is. With which weight did `q_sample` put it in?"
)
def noise_unweighted(x_t, t, noise, schedule):
    return (x_t - noise) / at(schedule.alphas_cumprod, t, x_t).sqrt()


@predict_start_from_noise.mistake("1 - alpha-bar is the noise's variance. What does `q_sample` multiply the noise by?")
def noise_without_root(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return (x_t - (1 - ac) * noise) / ac.sqrt()


@predict_start_from_noise.mistake("The two weights have changed places. Which of them belongs to the noise?")
def weights_swapped(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return (x_t - ac.sqrt() * noise) / (1 - ac).sqrt()


@predict_start_from_noise.mistake(
    "`sqrt_alphas_cumprod` and its sister are roots already. How often should you take the root?"
)
def root_of_the_roots(x_t, t, noise, schedule):
    signal, sigma = at(schedule.sqrt_alphas_cumprod, t, x_t), at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    return (x_t - sigma.sqrt() * noise) / signal.sqrt()


@predict_start_from_noise.mistake(
    "1 minus the root of alpha-bar is not the root of 1 minus alpha-bar. Which is the noise's weight in `q_sample`?"
)
def one_minus_the_root(x_t, t, noise, schedule):
    signal = at(schedule.sqrt_alphas_cumprod, t, x_t)
    return (x_t - (1 - signal) * noise) / signal


@predict_start_from_noise.mistake(
    "The noise is out, but then you divide by the weight that the noise had. Whose weight does x_0 still carry?"
)
def divided_by_the_noises_weight(x_t, t, noise, schedule):
    sigma = at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    return (x_t - sigma * noise) / sigma


@predict_start_from_noise.mistake(
    "You clip to [-1, 1]. Data may leave that range, and nobody asked for it here: who will, later in this chapter?"
)
def clipped_at_once(x_t, t, noise, schedule):
    return reverse.predict_start_from_noise(x_t, t, noise, schedule).clamp(-1, 1)


@predict_start_from_noise.mistake("Only x_t is divided, the noise is not. Where do the brackets have to be?")
def only_x_t_divided(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return x_t / ac.sqrt() - (1 - ac).sqrt() * noise


@predict_start_from_noise.mistake("Only the noise is divided, x_t is not. Where do the brackets have to be?")
def only_the_noise_divided(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return x_t - (1 - ac).sqrt() * noise / ac.sqrt()


@predict_start_from_noise.mistake(
    "With beta you undo a single step. The noise in x_t came in over all steps: which constants know of all of them?"
)
def one_step_undone(x_t, t, noise, schedule):
    beta = at(schedule.betas, t, x_t)
    return (x_t - beta.sqrt() * noise) / (1 - beta).sqrt()


@predict_start_from_noise.mistake(
    "The noise is taken out for all steps, but the fading of one step only is undone: `alphas` is a single step's. "
    "Which constant holds the product?"
)
def fading_of_one_step_undone(x_t, t, noise, schedule):
    sigma = at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    return (x_t - sigma * noise) / at(schedule.alphas, t, x_t).sqrt()


@predict_start_from_noise.mistake(
    "That is the mean of x_{t-1}, one step back. Asked is the leap to x_0, the opposite of `q_sample`."
)
def mean_of_the_step(x_t, t, noise, schedule):
    beta, ac = at(schedule.betas, t, x_t), at(schedule.alphas_cumprod, t, x_t)
    return (x_t - beta / (1 - ac).sqrt() * noise) / (1 - beta).sqrt()


@predict_start_from_noise.mistake("This adds noise to x_t as if it were clean: `q_sample` once more. Solve it for x_0.")
def noised_again(x_t, t, noise, schedule):
    return q_sample(x_t, t, noise, schedule)


@predict_start_from_noise.mistake("All rows take the weights of the first t. Each row has its own noise level.")
def first_t_for_all(x_t, t, noise, schedule):
    return reverse.predict_start_from_noise(x_t, t[:1].expand_as(t), noise, schedule)


@predict_start_from_noise.mistake(
    "Weights of shape (B,) line up with the last axis, the width. `extract` puts them on the batch axis."
)
def along_the_last_axis(x_t, t, noise, schedule):
    ac = schedule.alphas_cumprod[t]
    return (x_t - (1 - ac).sqrt() * noise) / ac.sqrt()


@predict_start_from_noise.mistake(
    "Off by one: you use the alpha-bar before t. At t = 0 there is one step's noise to take away; yours takes none."
)
def one_step_too_few(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod_prev, t, x_t)
    return (x_t - (1 - ac).sqrt() * noise) / ac.sqrt()


@predict_start_from_noise.alternative("")
def with_reciprocals(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_t)
    return ac.rsqrt() * x_t - (1 / ac - 1).sqrt() * noise


@predict_start_from_noise.alternative("")
def start_row_by_row(x_t, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    rows = zip(x_t, noise, t.tolist(), strict=True)
    return torch.stack([(row - sigma[step] * draw) / signal[step] for row, draw, step in rows])


@predict_start_from_noise.alternative("")
def start_in_double_precision(x_t, t, noise, schedule):
    ac = at(schedule.alphas_cumprod.double(), t, x_t)
    return ((x_t - (1 - ac) ** 0.5 * noise) / ac**0.5).to(x_t.dtype)
