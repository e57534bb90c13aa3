"""Quiz `v_from_start_and_noise` of chapter 06."""

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import noisy_batches
from course_lib.quizzes.objective.shared import at


def roots(schedule, t, x):
    return at(schedule.sqrt_alphas_cumprod, t, x), at(schedule.sqrt_one_minus_alphas_cumprod, t, x)


v_from_start_and_noise = Quiz(
    objective.v_from_start_and_noise,
    cases=noisy_batches,
    points=2,
    minutes=5,
    hints=(
        "x_t is one mixture of x_0 and noise. v is another one, with the same two weights: which goes where?",
        "Think of x_t as a point on a circle, cos x_0 + sin noise. "
        "v is the direction in which it moves: its derivative.",
        "sqrt(alpha-bar_t) noise - sqrt(1 - alpha-bar_t) x_0, the roots looked up by `extract`",
    ),
)


@v_from_start_and_noise.mistake(
    "With a plus, v does not leave x_t at a right angle. Which sign has the slope of a cosine?"
)
def v_with_a_plus(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal * noise + sigma * x_start


@v_from_start_and_noise.mistake(
    "That is x_t itself, as `q_sample` makes it. v has the same weights, but not in the same places."
)
def v_is_x_t(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal * x_start + sigma * noise


@v_from_start_and_noise.mistake(
    "The right size, the wrong way round: v points from the picture to the noise. Which of them comes with the minus?"
)
def v_backwards(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return sigma * x_start - signal * noise


@v_from_start_and_noise.mistake(
    "The weights have changed places. At t = 0 hardly any noise is in x_t, "
    "yet v there is almost only noise: which weight is near 1?"
)
def v_weights_swapped(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return sigma * noise - signal * x_start


@v_from_start_and_noise.mistake(
    "Noise and x_0 have changed places, as if v were x_t with a minus. At t = 0 v should be almost pure noise."
)
def v_as_x_t_with_a_minus(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal * x_start - sigma * noise


@v_from_start_and_noise.mistake(
    "noise - x_0 is the velocity of a straight path, which chapter 16 walks. "
    "Here the path is a circle: what are its weights?"
)
def straight_velocity(x_start, t, noise, schedule):
    return noise - x_start


@v_from_start_and_noise.mistake(
    "You weigh with variances, alpha-bar and its rest. On the circle stand amplitudes: what is missing?"
)
def v_without_roots(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    return ac * noise - (1 - ac) * x_start


@v_from_start_and_noise.mistake(
    "`sqrt_alphas_cumprod` and its sister are roots already. How often should you take the root?"
)
def v_root_of_the_root(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal.sqrt() * noise - sigma.sqrt() * x_start


@v_from_start_and_noise.mistake(
    "1 minus a cosine is not the sine: `sqrt_one_minus_alphas_cumprod` subtracts first. Which weight is x_0's?"
)
def v_with_one_minus_the_root(x_start, t, noise, schedule):
    signal, _ = roots(schedule, t, x_start)
    return signal * noise - (1 - signal) * x_start


@v_from_start_and_noise.mistake(
    "You take x_t where noise or x_0 is asked for: v is made of the two ends alone. What stands in the arguments?"
)
def v_of_x_t(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal * noise - sigma * (signal * x_start + sigma * noise)


@v_from_start_and_noise.mistake(
    "Those are the weights of a single step, with beta. How much signal is left after all steps up to t?"
)
def v_of_a_single_step(x_start, t, noise, schedule):
    beta = at(schedule.betas, t, x_start)
    return (1 - beta).sqrt() * noise - beta.sqrt() * x_start


@v_from_start_and_noise.mistake("The noise is right, x_0 comes in too weak: its weight lacks a root.")
def v_no_root_on_the_start(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal * noise - sigma**2 * x_start


@v_from_start_and_noise.mistake("x_0 is right, the noise comes in too weak: which weight lacks a root?")
def v_no_root_on_the_noise(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal**2 * noise - sigma * x_start


@v_from_start_and_noise.mistake(
    "You draw noise of your own and never use the argument. v has to be made from the noise that is in x_t."
)
def v_draws_its_own_noise(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    return signal * torch.randn_like(noise) - sigma * x_start


@v_from_start_and_noise.mistake("Every row gets the weights of the first. What does `t` say about the others?")
def v_first_t_for_all(x_start, t, noise, schedule):
    return schedule.sqrt_alphas_cumprod[t[0]] * noise - schedule.sqrt_one_minus_alphas_cumprod[t[0]] * x_start


@v_from_start_and_noise.mistake(
    "Weights of shape (B,) meet the last axis, not the batch. Which function of chapter 04 lines them up?"
)
def v_along_the_last_axis(x_start, t, noise, schedule):
    return schedule.sqrt_alphas_cumprod[t] * noise - schedule.sqrt_one_minus_alphas_cumprod[t] * x_start


@v_from_start_and_noise.alternative("")
def v_from_angle(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    angle = torch.atan2(sigma, signal)
    return torch.cos(angle) * noise - torch.sin(angle) * x_start


@v_from_start_and_noise.alternative("")
def v_through_x_t(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    x_t = ac**0.5 * x_start + (1 - ac) ** 0.5 * noise
    return (ac**0.5 * x_t - x_start) / (1 - ac) ** 0.5


@v_from_start_and_noise.alternative("")
def v_row_by_row(x_start, t, noise, schedule):
    rows = []
    for x, step, draw in zip(x_start, t, noise, strict=True):
        rows.append(draw * schedule.sqrt_alphas_cumprod[step] - x * schedule.sqrt_one_minus_alphas_cumprod[step])
    return torch.stack(rows)
