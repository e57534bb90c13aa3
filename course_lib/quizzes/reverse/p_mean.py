"""Quiz `p_mean` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_posterior
from course_lib.quizzes.reverse.shared import at, guessed_start, model_and_noisy_batches
from course_lib.reverse import predict_start

p_mean = Quiz(
    reverse.p_mean,
    cases=lambda g: [(model, x, t, *rest) for model, x, t, _, *rest in model_and_noisy_batches(g)],
    points=3,
    minutes=10,
    hints=(
        "`q_posterior` steps back if it is given x_0. Nobody gives it x_0: who can guess it?",
        "Ask the model, let `predict_start` turn what it says into x_0, clamp if asked to, hand that to `q_posterior`.",
        "mean, variance = q_posterior(predict_start(model(x_t, t), x_t, t, schedule, predicts), x_t, t, schedule), "
        "with `.clamp(-1, 1)` on the start if clip_start; return the mean",
    ),
)


@p_mean.mistake("That is the guess of x_0, the whole way in one leap. Asked is where x was one step before.")
def start_returned(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return guessed_start(model, x_t, t, schedule, predicts, clip_start)


@p_mean.mistake(
    "What the model says goes into `q_posterior` as if it were x_0. What does it say if `predicts` is `noise`?"
)
def output_taken_for_the_start(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, "start", clip_start), x_t, t, schedule)[0]


@p_mean.mistake("The model's answer is always read as noise. What else can `predicts` be?")
def always_read_as_noise(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, "noise", clip_start), x_t, t, schedule)[0]


@p_mean.mistake("Nothing is clipped. Where does `clip_start` come in, and what does it keep inside [-1, 1]?")
def never_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, False), x_t, t, schedule)[0]


@p_mean.mistake("You always clip, also when `clip_start` is False: data that leaves [-1, 1] would be cut off.")
def always_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, True), x_t, t, schedule)[0]


@p_mean.mistake("You clip the mean. It may leave [-1, 1], for it still holds noise: which guess may not?")
def mean_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    mean, _ = q_posterior(guessed_start(model, x_t, t, schedule, predicts, False), x_t, t, schedule)
    return mean.clamp(-1, 1) if clip_start else mean


@p_mean.mistake("You clip what the model says. That may be noise, which has no limits: clip what it stands for.")
def output_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t).clamp(-1, 1) if clip_start else model(x_t, t)
    return q_posterior(predict_start(output, x_t, t, schedule, predicts), x_t, t, schedule)[0]


@p_mean.mistake("You clip to [0, 1]. Between which values do the course's images live?")
def clipped_to_0_and_1(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = guessed_start(model, x_t, t, schedule, predicts, False)
    return q_posterior(x_start.clamp(0, 1) if clip_start else x_start, x_t, t, schedule)[0]


@p_mean.mistake(
    "Equation 11 of the paper: right for a model that predicts noise, without clipping. "
    "Go through x_0, and all kinds of models will do."
)
def for_noise_only(model, x_t, t, schedule, predicts="noise", clip_start=False):
    beta, sigma = at(schedule.betas, t, x_t), at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    return (x_t - beta / sigma * model(x_t, t)) / (1 - beta).sqrt()


@p_mean.mistake("The two ends have changed places in `q_posterior`: x_0 comes first, then x_t.")
def ends_swapped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(x_t, guessed_start(model, x_t, t, schedule, predicts, clip_start), t, schedule)[0]


@p_mean.mistake("`q_posterior` gives two things, mean and variance. Only the mean is asked for.")
def variance_returned_too(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, clip_start), x_t, t, schedule)


@p_mean.mistake("The variance comes back. `q_posterior` returns the mean first: which of the two do you keep?")
def variance_returned(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return q_posterior(guessed_start(model, x_t, t, schedule, predicts, clip_start), x_t, t, schedule)[1]


@p_mean.mistake(
    "The guess is faded to the level t - 1, and x_t has no say any more. What does x_t know that the guess does not?"
)
def x_t_has_no_say(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = guessed_start(model, x_t, t, schedule, predicts, clip_start)
    return at(schedule.alphas_cumprod_prev, t, x_t).sqrt() * x_start


@p_mean.mistake("The model is told the t of the first row for all rows. Each row is at a level of its own.")
def model_at_the_first_t(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t[:1].expand_as(t))
    x_start = predict_start(output, x_t, t, schedule, predicts)
    return q_posterior(x_start.clamp(-1, 1) if clip_start else x_start, x_t, t, schedule)[0]


@p_mean.mistake("The model is told t - 1. x_t is at level t, and the model has to know how much noise it looks at.")
def model_one_level_too_low(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t - 1), x_t, t, schedule, predicts)
    return q_posterior(x_start.clamp(-1, 1) if clip_start else x_start, x_t, t, schedule)[0]


@p_mean.alternative("")
def mean_from_equation_7(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t)
    signal, sigma = at(schedule.sqrt_alphas_cumprod, t, x_t), at(schedule.sqrt_one_minus_alphas_cumprod, t, x_t)
    starts = {"noise": (x_t - sigma * output) / signal, "start": output, "v": signal * x_t - sigma * output}
    x_start = torch.clip(starts[predicts], -1, 1) if clip_start else starts[predicts]
    coef1, coef2 = at(schedule.posterior_mean_coef1, t, x_t), at(schedule.posterior_mean_coef2, t, x_t)
    return coef1 * x_start + coef2 * x_t


@p_mean.alternative("")
@torch.no_grad()
def mean_without_gradients(model, x_t, t, schedule, predicts="noise", clip_start=False):
    low, high = (-1.0, 1.0) if clip_start else (-torch.inf, torch.inf)
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(low, high)
    return q_posterior(x_start, x_t, t, schedule)[0]


@p_mean.alternative("")
def mean_through_the_noise(model, x_t, t, schedule, predicts="noise", clip_start=False):
    """Equation 11, with the noise that belongs to the (clipped) guess of x_0."""
    x_start = guessed_start(model, x_t, t, schedule, predicts, clip_start).double()
    ac, beta = at(schedule.alphas_cumprod.double(), t, x_t), at(schedule.betas.double(), t, x_t)
    noise = (x_t - ac.sqrt() * x_start) / (1 - ac).sqrt()
    return ((x_t - beta / (1 - ac).sqrt() * noise) / (1 - beta).sqrt()).float()
