"""Quiz `p_mean` of chapter 05."""

import torch

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract, q_posterior
from course_lib.quizzes.families import shifted
from course_lib.quizzes.reverse.shared import guessed_start, model_and_noisy_batches
from course_lib.reverse import predict_start

p_mean = Quiz(
    reverse.p_mean,
    cases=lambda g: [(model, x, t, *rest) for model, x, t, _, *rest in model_and_noisy_batches(g)],
    points=3,
    minutes=10,
    difficulty=3,
    importance=5,
    hints=(
        "`q_posterior` steps back if it is given x_0. You do not know x_0: what can predict it?",
        "Ask the model, turn its prediction into x_0 with `predict_start`, clamp if asked to, and call `q_posterior`.",
        "mean, variance = q_posterior(predict_start(model(x_t, t), x_t, t, schedule, predicts), x_t, t, schedule), "
        "with `.clamp(-1, 1)` on the start if clip_start; return the mean",
    ),
)


START = "predict_start(model(x_t, t), x_t, t, schedule, predicts)"
STEP = "mean, _ = q_posterior(x_start, x_t, t, schedule)"

p_mean.edits(
    start_returned=(
        "return mean -> return x_start",
        "That is the predicted x_0, the whole way in one leap. You want x one step before.",
    ),
    output_taken_for_the_start=(
        "schedule, predicts) -> schedule, 'start')",
        "What the model says goes into `q_posterior` as if it were x_0. What does it say if `predicts` is `noise`?",
    ),
    always_read_as_noise=(
        "schedule, predicts) -> schedule, 'noise')",
        "The model's answer is always read as noise. What else can `predicts` be?",
    ),
    never_clipped=(
        "if clip_start: -> if False:",
        "Nothing is clipped. Where does `clip_start` come in, and what does it keep inside [-1, 1]?",
    ),
    always_clipped=(
        "if clip_start: -> if True:",
        "The prediction is always clipped, also when `clip_start` is False: data that leaves [-1, 1] would be cut off.",
    ),
    clipped_the_other_way_round=(
        "if clip_start: -> if not clip_start:",
        "It clips where `clip_start` is False, and not where it is True.",
    ),
    mean_clipped=(
        "if clip_start: -> if False:",
        "return mean -> return mean.clamp(-1, 1) if clip_start else mean",
        "The mean is clipped. It may leave [-1, 1], for it still holds noise: which prediction may not?",
    ),
    output_clipped=(
        "if clip_start: -> if False:",
        "x_start = predict_start(model(x_t, t), -> bound = 1 if clip_start else torch.inf; "
        "x_start = predict_start(model(x_t, t).clamp(-bound, bound),",
        "What the model says is clipped. That may be noise, which has no limits: clip what it stands for.",
    ),
    state_clipped=(
        "if clip_start: -> if False:",
        "x_start = predict_start -> x_t = x_t.clamp(-1, 1) if clip_start else x_t; x_start = predict_start",
        "x_t is clipped. It holds noise and has to leave [-1, 1]: which prediction may not?",
    ),
    clipped_to_0_and_1=(
        "clamp(-1, 1) -> clamp(0, 1)",
        "The prediction is clipped to [0, 1]. Between which values do the course's images live?",
    ),
    clipped_above_only=(
        "clamp(-1, 1) -> clamp(max=1)",
        "The prediction is kept below 1, but it may fall below -1. Which two limits do images have?",
    ),
    squashed=(
        "x_start.clamp(-1, 1) -> x_start.tanh()",
        "The prediction goes through tanh, which changes values inside [-1, 1] as well. Those should stay.",
    ),
    scaled_into_the_range=(
        "x_start.clamp(-1, 1) -> x_start / x_start.abs().max().clamp(min=1)",
        "The whole prediction is made smaller until it fits. Only what lies outside [-1, 1] should change.",
    ),
    clipped_for_noise_only=(
        "if clip_start: -> if clip_start and predicts == 'noise':",
        "The prediction is clipped only where `predicts` is `noise`. The other two kinds predict an x_0 as well.",
    ),
    guess_and_mean_clipped=(
        "return mean -> return mean.clamp(-1, 1) if clip_start else mean",
        "The prediction is clipped, and the mean once more. The mean still holds noise and may leave [-1, 1].",
    ),
    output_and_state_swapped=(
        "predict_start(model(x_t, t), x_t, -> predict_start(x_t, model(x_t, t),",
        "What the model says and x_t have changed places in `predict_start`. Which of them comes first there?",
    ),
    v_read_as_noise=(
        "schedule, predicts) -> schedule, 'start' if predicts == 'start' else 'noise')",
        "Right for `noise` and `start`; a v is read as noise. What does `predict_start` do with it?",
    ),
    ends_swapped=(
        "q_posterior(x_start, x_t, -> q_posterior(x_t, x_start,",
        "The two ends have changed places in `q_posterior`: x_0 comes first, then x_t.",
    ),
    variance_returned_too=(
        f"{STEP} -> mean = q_posterior(x_start, x_t, t, schedule)",
        "`q_posterior` gives two things, mean and variance. Only the mean is asked for.",
    ),
    variance_returned=(
        "mean, _ -> _, mean",
        "The variance comes back. `q_posterior` returns the mean first: which of the two do you keep?",
    ),
    x_t_has_no_say=(
        f"{STEP} -> before = schedule.alphas_cumprod_prev.sqrt(); mean = extract(before, t, x_t.shape) * x_start",
        "The predicted x_0 is faded to level t - 1, and x_t is not used. What does x_t know that x_0 does not?",
    ),
    posterior_one_step_lower=(
        f"{STEP} -> mean, _ = q_posterior(x_start, x_t, (t - 1).clamp(min=0), schedule)",
        "The step back is that of t - 1. x_t is at level t: which t does `q_posterior` want?",
    ),
    posterior_counted_from_one=(
        f"{STEP} -> mean, _ = q_posterior(x_start, x_t, (t - 1) % schedule.timesteps, schedule)",
        "The step back is that of t - 1, as the paper counts, and at t = 0 that of the *last* t. "
        "Here t = 0 is the first step.",
    ),
    posterior_at_the_first_t=(
        f"{STEP} -> mean, _ = q_posterior(x_start, x_t, t[:1].expand_as(t), schedule)",
        "All rows take the step of the first row's t. Each row is at a level of its own.",
    ),
    model_at_the_first_t=(
        "model(x_t, t) -> model(x_t, t[:1].expand_as(t))",
        "The model is told the t of the first row for all rows. Each row is at a level of its own.",
    ),
    model_one_level_too_low=(
        "model(x_t, t) -> model(x_t, t - 1)",
        "The model is told t - 1. x_t is at level t, and the model has to know how much noise it looks at.",
    ),
    model_one_level_too_low_but_at_zero=(
        "model(x_t, t) -> model(x_t, (t - 1).clamp(min=0))",
        "Except at t = 0 the model is told t - 1. Which level is x_t at?",
    ),
    model_counts_from_one=(
        "model(x_t, t) -> model(x_t, t + 1)",
        "The model is told t + 1, as the paper counts. In this course it gets `t` as it is, from 0.",
    ),
    model_told_a_share=(
        "model(x_t, t) -> model(x_t, t / schedule.timesteps)",
        "The model is told t / T. In this course it gets `t` as it is, a long tensor.",
    ),
    noised_state=(
        "mean, _ = -> mean, variance =",
        "return mean -> return mean + variance.sqrt() * torch.randn_like(x_t)",
        "That is a sample, with noise on it. `p_mean` returns the mean alone; the noise comes in `p_sample`.",
    ),
)


@p_mean.mistake(
    "Equation 11 of the paper: right for a model that predicts noise, without clipping. "
    "Go through x_0, and all kinds of models will do."
)
def for_noise_only(model, x_t, t, schedule, predicts="noise", clip_start=False):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - beta / sigma * model(x_t, t)) / (1 - beta).sqrt()


@p_mean.mistake(
    "x_t minus beta / sqrt(1 - alpha-bar) times the noise is only the bracket of equation 11. "
    "What stands in front of it, and what about models that predict something else?"
)
def bracket_of_equation_11(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return x_t - extract(schedule.betas / schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * model(x_t, t)


@p_mean.mistake(
    "Every constant is looked up at t - 1, as the paper counts, and at t = 0 that is the *last* one. "
    "Here t = 0 is the first step."
)
def all_counted_from_one(model, x_t, t, schedule, predicts="noise", clip_start=False):
    return reverse.p_mean(model, x_t, t, shifted(schedule), predicts, clip_start)


@p_mean.mistake("The step is DDIM's, without fresh noise: another mean. Which function of chapter 04 steps back?")
def as_ddim(model, x_t, t, schedule, predicts="noise", clip_start=False):
    start = guessed_start(model, x_t, t, schedule, predicts, clip_start)
    now, before = (extract(a, t, x_t.shape) for a in (schedule.alphas_cumprod, schedule.alphas_cumprod_prev))
    return before.sqrt() * start + (1 - before).sqrt() * (x_t - now.sqrt() * start) / (1 - now).sqrt()


@p_mean.alternative("All three kinds of models in a dict, then the posterior's two weights.")
def mean_from_equation_7(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t)
    weights = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    signal, sigma = (extract(values, t, x_t.shape) for values in weights)
    starts = {"noise": (x_t - sigma * output) / signal, "start": output, "v": signal * x_t - sigma * output}
    x_start = torch.clip(starts[predicts], -1, 1) if clip_start else starts[predicts]
    weights = schedule.posterior_mean_coef1, schedule.posterior_mean_coef2
    coef1, coef2 = (extract(values, t, x_t.shape) for values in weights)
    return coef1 * x_start + coef2 * x_t


@p_mean.alternative("Clamped to infinite limits where nothing is to be clipped.")
@torch.no_grad()
def mean_without_gradients(model, x_t, t, schedule, predicts="noise", clip_start=False):
    low, high = (-1.0, 1.0) if clip_start else (-torch.inf, torch.inf)
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(low, high)
    return q_posterior(x_start, x_t, t, schedule)[0]


@p_mean.alternative("Equation 11, with the noise that belongs to the (clipped) prediction of x_0.")
def mean_through_the_noise(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = guessed_start(model, x_t, t, schedule, predicts, clip_start).double()
    ac, beta = extract(schedule.alphas_cumprod.double(), t, x_t.shape), extract(schedule.betas.double(), t, x_t.shape)
    noise = (x_t - ac.sqrt() * x_start) / (1 - ac).sqrt()
    return ((x_t - beta / (1 - ac).sqrt() * noise) / (1 - beta).sqrt()).float()
