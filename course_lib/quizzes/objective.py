"""Quizzes of chapter 06: what a prediction stands for."""

import torch

from course_lib import objective
from course_lib.quizzes.cases import noisy_batches
from course_lib.quizzes.catalogue import Choice, Option, Quiz

ORDER = (
    "v_from_start_and_noise",
    "score_from_noise",
    "kl_between_gaussians",
    "more_steps_and_the_gap",
    "best_answer_under_l1",
    "snr_weight",
)  # as in the notebook


def at(values, t, x):
    return values[t].reshape(-1, *[1] * (x.ndim - 1))


def roots(schedule, t, x):
    return at(schedule.sqrt_alphas_cumprod, t, x), at(schedule.sqrt_one_minus_alphas_cumprod, t, x)


# v

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


@v_from_start_and_noise.alternative
def v_from_angle(x_start, t, noise, schedule):
    signal, sigma = roots(schedule, t, x_start)
    angle = torch.atan2(sigma, signal)
    return torch.cos(angle) * noise - torch.sin(angle) * x_start


@v_from_start_and_noise.alternative
def v_through_x_t(x_start, t, noise, schedule):
    ac = at(schedule.alphas_cumprod, t, x_start)
    x_t = ac**0.5 * x_start + (1 - ac) ** 0.5 * noise
    return (ac**0.5 * x_t - x_start) / (1 - ac) ** 0.5


@v_from_start_and_noise.alternative
def v_row_by_row(x_start, t, noise, schedule):
    rows = []
    for x, step, draw in zip(x_start, t, noise, strict=True):
        rows.append(draw * schedule.sqrt_alphas_cumprod[step] - x * schedule.sqrt_one_minus_alphas_cumprod[step])
    return torch.stack(rows)


# the score

score_from_noise = Quiz(
    objective.score_from_noise,
    cases=lambda g: [(noise, t, schedule) for _, t, noise, schedule in noisy_batches(g)],
    points=2,
    minutes=5,
    hints=(
        "Given x_0, x_t is Gaussian. What is the slope of the logarithm of a Gaussian density?",
        "-(x_t - mean) / variance. Here x_t - mean is sigma times noise, and the variance is sigma².",
        "-noise / sqrt(1 - alpha-bar_t), the root looked up by `extract`",
    ),
)


@score_from_noise.mistake(
    "The right size, the wrong direction: the score points to where data is likelier. Does noise lead there or away?"
)
def score_without_minus(noise, t, schedule):
    return noise / at(schedule.sqrt_one_minus_alphas_cumprod, t, noise)


@score_from_noise.mistake(
    "That is the way back, from a score to the noise. Little noise makes a steep density: "
    "should you multiply or divide by sigma?"
)
def score_times_sigma(noise, t, schedule):
    return -noise * at(schedule.sqrt_one_minus_alphas_cumprod, t, noise)


@score_from_noise.mistake(
    "Divided by the variance. That would be right for sigma times noise, "
    "but `noise` has variance 1: what is left of sigma² then?"
)
def score_over_variance(noise, t, schedule):
    return -noise / (1 - at(schedule.alphas_cumprod, t, noise))


@score_from_noise.mistake(
    "The sign is right, but the noise itself is not the score: "
    "at small t the density is steep. What does the score have to be divided by?"
)
def score_is_minus_noise(noise, t, schedule):
    return -noise


@score_from_noise.mistake(
    "You divide by the weight of the signal. How far x_t lies from its mean is a matter of the other weight."
)
def score_over_signal(noise, t, schedule):
    return -noise / at(schedule.sqrt_alphas_cumprod, t, noise)


@score_from_noise.mistake("A root too many: `sqrt_one_minus_alphas_cumprod` is sigma already.")
def score_over_root_of_sigma(noise, t, schedule):
    return -noise / at(schedule.sqrt_one_minus_alphas_cumprod, t, noise).sqrt()


@score_from_noise.mistake("beta is the noise of the last step alone. How much noise is in x_t after all steps?")
def score_over_root_beta(noise, t, schedule):
    return -noise / at(schedule.betas, t, noise).sqrt()


@score_from_noise.mistake("1 minus the root of alpha-bar is not sigma. Subtract first, then take the root.")
def score_over_one_minus_root(noise, t, schedule):
    return -noise / (1 - at(schedule.sqrt_alphas_cumprod, t, noise))


@score_from_noise.mistake("All rows are divided by the sigma of the first. Each has a t of its own.")
def score_first_t_for_all(noise, t, schedule):
    return -noise / schedule.sqrt_one_minus_alphas_cumprod[t[0]]


@score_from_noise.mistake("A sigma of shape (B,) lines up with the last axis, the width. Where is the batch?")
def score_along_the_last_axis(noise, t, schedule):
    return -noise / schedule.sqrt_one_minus_alphas_cumprod[t]


@score_from_noise.alternative
def score_from_alphas_cumprod(noise, t, schedule):
    return noise * -((1 - at(schedule.alphas_cumprod, t, noise)) ** -0.5)


@score_from_noise.alternative
def score_by_autograd(noise, t, schedule):
    sigma = at(schedule.sqrt_one_minus_alphas_cumprod, t, noise)
    x_t = (sigma * noise).requires_grad_()
    with torch.enable_grad():
        log_density = torch.distributions.Normal(torch.zeros_like(noise), sigma.expand_as(noise)).log_prob(x_t)
        return torch.autograd.grad(log_density.sum(), x_t)[0]


@score_from_noise.alternative
def score_with_unsqueeze(noise, t, schedule):
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t]
    while sigma.ndim < noise.ndim:
        sigma = sigma.unsqueeze(-1)
    return -1 * noise / sigma


# Predict before you run

more_steps_and_the_gap = Choice(
    "more_steps_and_the_gap",
    "The model is perfect: at every t it gives the best possible prediction. The bound adds one term for each step. "
    "You go from 10 steps to 200. What does the gap do, the bound minus the true value?",
    options={
        "a": Option(
            "It shrinks.",
            "A step back is drawn from one Gaussian. The true step is not Gaussian, but the smaller it is, "
            "the closer it comes, and that wins over the larger number of terms.",
        ),
        "b": Option(
            "It grows: 200 terms cost more than 10.",
            "There are more terms, true. But what does each of them cost, when a step changes so little?",
        ),
        "c": Option(
            "There is none: the model is perfect.",
            "Its mean is. It still draws each step from one Gaussian: is the true step back a Gaussian, "
            "if x_t lies between two bumps?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    hints=("What shape does the true step back have, when it is large, and when it is small?",),
)

best_answer_under_l1 = Choice(
    "best_answer_under_l1",
    "At some x_t the noise was about +1 with probability 0.7, or about -1 with probability 0.3. "
    "A network trained with the L1 loss gives one answer. Which?",
    options={
        "a": Option(
            "about 0.4",
            "That is the mean, 0.7 - 0.3, which L2 finds. What happens to the sum of distances if you move from there "
            "towards the 0.7?",
        ),
        "b": Option(
            "about 1",
            "Moving towards +1 gains on 70 % and loses as much on 30 %, so it pays all the way: "
            "the median. The rarer case has no say at all.",
        ),
        "c": Option(
            "0, halfway",
            "Halfway is fair to both places, but they are not equally likely. "
            "Which way would you move to bring down the average distance?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    hints=(
        "Write down the expected distance at 0.4 and at 1.",
        "Which number has half of the probability on each side?",
    ),
)
