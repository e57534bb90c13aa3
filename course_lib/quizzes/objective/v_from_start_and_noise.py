"""Quiz `v_from_start_and_noise` of chapter 06."""

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.families import lookups
from course_lib.quizzes.inputs import noisy_batches

v_from_start_and_noise = Quiz(
    objective.v_from_start_and_noise,
    cases=noisy_batches,
    points=2,
    minutes=5,
    difficulty=2,
    importance=4,
    hints=(
        "x_t is one mixture of x_0 and noise. v is another one, with the same two weights: which goes where?",
        "Think of x_t as a point on a circle, cos x_0 + sin noise. "
        "v is the direction in which it moves: its derivative.",
        "sqrt(alpha-bar_t) noise - sqrt(1 - alpha-bar_t) x_0, the roots looked up by `extract`",
    ),
)

# Which goes where
v_from_start_and_noise.edits(
    v_with_a_plus=(
        "noise - sigma -> noise + sigma",
        "With a plus, v does not leave x_t at a right angle. Which sign has the slope of a cosine?",
    ),
    v_is_x_t=(
        "signal * noise - sigma * x_start -> signal * x_start + sigma * noise",
        "That is x_t itself, as `q_sample` makes it. v has the same weights, but not in the same places.",
    ),
    v_backwards=(
        "signal * noise - sigma * x_start -> sigma * x_start - signal * noise",
        "The right size, the wrong way round: v points from the picture to the noise. "
        "Which of them comes with the minus?",
    ),
    v_weights_swapped=(
        "signal * noise - sigma * x_start -> sigma * noise - signal * x_start",
        "The weights have changed places. At t = 0 hardly any noise is in x_t, "
        "yet v there is almost only noise: which weight is near 1?",
    ),
    v_as_x_t_with_a_minus=(
        "signal * noise - sigma * x_start -> signal * x_start - sigma * noise",
        "Noise and x_0 have changed places, as if v were x_t with a minus. At t = 0 v should be almost pure noise.",
    ),
    straight_velocity=(
        "signal * noise - sigma * x_start -> noise - x_start",
        "noise - x_0 is the velocity on a straight path from x_0 to the noise. "
        "Here the path is a circle: which weights change along it?",
    ),
    v_noise_unweighted=(
        "signal * noise -> noise",
        "The noise keeps its full strength at every t. How much of it is left in v where x_t is only noise?",
    ),
    v_start_unweighted=(
        "sigma * x_start -> x_start",
        "x_0 is subtracted at full strength at every t. How much of it does v have at t = 0?",
    ),
    v_of_noise_alone=(
        "sigma * x_start -> sigma * noise",
        "x_0 does not come in: both terms are made of noise. v has one term of each.",
    ),
    v_of_x_t=(
        "sigma * x_start -> sigma * (signal * x_start + sigma * noise)",
        "x_t is subtracted where x_0 should be. v is made of the two ends alone.",
    ),
    v_of_x_t_for_the_noise=(
        "signal * noise -> signal * (signal * x_start + sigma * noise)",
        "x_t stands in the place of the noise. Which two things do the arguments give for v?",
    ),
    v_draws_its_own_noise=(
        "signal * noise -> signal * torch.randn_like(noise)",
        "Other noise than `noise` comes in. v has to be made from the noise that is in x_t.",
    ),
)

# Which weights
v_from_start_and_noise.edits(
    v_without_roots=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod",
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.alphas_cumprod",
        "The weights are variances, alpha-bar and 1 minus it. On the circle stand amplitudes: what is missing?",
    ),
    v_no_root_on_the_noise=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod",
        "The weight that is near 1 at t = 0 lacks a root: alpha-bar is a variance.",
    ),
    v_no_root_on_the_start=(
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.alphas_cumprod",
        "The weight that is near 0 at t = 0 lacks a root: 1 - alpha-bar is a variance. What is its amplitude?",
    ),
    v_root_of_the_root=(
        "schedule.sqrt_alphas_cumprod -> schedule.sqrt_alphas_cumprod.sqrt()",
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.sqrt_one_minus_alphas_cumprod.sqrt()",
        "A root too many on both weights: `sqrt_alphas_cumprod` and its sister are roots already.",
    ),
    v_with_one_minus_the_root=(
        "schedule.sqrt_one_minus_alphas_cumprod -> 1 - schedule.sqrt_alphas_cumprod",
        "One weight is 1 minus the other. But 1 minus a cosine is not the sine: subtract first, then take the root.",
    ),
    v_of_a_single_step=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas.sqrt()",
        "schedule.sqrt_one_minus_alphas_cumprod -> schedule.betas.sqrt()",
        "Those are the weights of a single step, with beta. How much signal is left after all steps up to t?",
    ),
    v_one_step_before=(
        "schedule.sqrt_alphas_cumprod -> schedule.alphas_cumprod_prev.sqrt()",
        "schedule.sqrt_one_minus_alphas_cumprod -> (1 - schedule.alphas_cumprod_prev).sqrt()",
        "These weights belong to the step before, where t = 0 has no noise yet. x_t already has the noise of step t.",
    ),
)
lookups(v_from_start_and_noise)


@v_from_start_and_noise.alternative("The angle on the circle is computed first, then its cosine and sine.")
def v_from_angle(x_start, t, noise, schedule):
    angle = torch.atan2(schedule.sqrt_one_minus_alphas_cumprod, schedule.sqrt_alphas_cumprod)[t]
    angle = angle.reshape(-1, *[1] * (x_start.ndim - 1))
    return torch.cos(angle) * noise - torch.sin(angle) * x_start


@v_from_start_and_noise.alternative("x_t is made first; v follows from x_t and x_0.")
def v_through_x_t(x_start, t, noise, schedule):
    ac = schedule.alphas_cumprod[t].reshape(-1, *[1] * (x_start.ndim - 1))
    x_t = ac**0.5 * x_start + (1 - ac) ** 0.5 * noise
    return (ac**0.5 * x_t - x_start) / (1 - ac) ** 0.5


@v_from_start_and_noise.alternative("One row after the other, with the two numbers of its own t.")
def v_row_by_row(x_start, t, noise, schedule):
    rows = []
    for x, step, draw in zip(x_start, t, noise, strict=True):
        rows.append(draw * schedule.sqrt_alphas_cumprod[step] - x * schedule.sqrt_one_minus_alphas_cumprod[step])
    return torch.stack(rows)
