"""Quiz `p_losses` of chapter 05."""

import torch
from torch.nn import functional

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import extract, q_sample, q_step
from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches
from course_lib.reverse import LOSSES, training_target


def training_batches(g: torch.Generator) -> list[tuple]:
    """Every loss on every kind of prediction; the first case is the plain one, L2 on the noise.

    The last model is frozen, as when a loss is only measured: whoever calls `backward` inside is told there.
    """
    kinds = [("l2", "noise"), ("l1", "v"), ("huber", "noise"), ("l2", "start"), ("l1", "noise"), ("huber", "v")]
    kinds += [("huber", "start"), ("l2", "v"), ("l1", "start")]
    batches = noisy_batches(g)
    cases = [(ToyDenoiser(), *batch, *kind) for batch, kind in zip([*batches, *batches[:3]], kinds, strict=True)]
    cases[-1][0].requires_grad_(False)
    return cases


p_losses = Quiz(
    reverse.p_losses,
    cases=training_batches,
    points=3,
    minutes=12,
    difficulty=3,
    importance=5,
    hints=(
        "Three steps: make x_t, ask the model, and compare its prediction with the target.",
        "`q_sample` makes x_t, `training_target` gives the target for each `predicts`, "
        "`LOSSES[loss_type]` compares two tensors.",
        "LOSSES[loss_type](model(x_t, t), target) with x_t = q_sample(x_start, t, noise, schedule) "
        "and target = training_target(x_start, t, noise, schedule, predicts)",
    ),
    atol=1e-4,
)


SAID, TARGET = "model(x_t, t), target", "training_target(x_start, t, noise, schedule, predicts)"
NOISED, COMPARED = "q_sample(x_start, t, noise, schedule)", "LOSSES[loss_type](model(x_t, t), target)"

p_losses.edits(
    model_sees_the_start=(
        "model(x_t, t) -> model(x_start, t)",
        "The model sees the clean x_start, so there is no noise to find. What should go into it?",
    ),
    target_always_noise=(
        f"{TARGET} -> noise",
        "The prediction is always compared with the noise. What should a model say if `predicts` is `start` or `v`?",
    ),
    target_always_start=(
        f"{TARGET} -> x_start",
        "The prediction is always compared with x_start. What does a model say if `predicts` is `noise`?",
    ),
    target_is_x_t=(
        f"{TARGET} -> x_t",
        "The prediction is compared with x_t, which the model has just seen. What should it predict?",
    ),
    v_taken_for_noise=(
        f"{TARGET} -> x_start if predicts == 'start' else noise",
        "Right for noise and start; what should be v is compared with the noise. What does `training_target` do?",
    ),
    start_and_noise_swapped=(
        "schedule, predicts) -> schedule, dict(noise='start', start='noise').get(predicts, predicts))",
        "The targets of `noise` and `start` have changed places. What does a model say if `predicts` is `start`?",
    ),
    target_from_x_t=(
        "training_target(x_start -> training_target(x_t",
        "Right for noise only: the target is made from x_t as if it were x_0. Which of them is clean?",
    ),
    v_with_the_wrong_sign=(
        f"{TARGET} -> {TARGET} * (-1 if predicts == 'v' else 1)",
        "Right for noise and start; v has the wrong sign. `training_target` has it.",
    ),
    v_is_noise_minus_start=(
        f"{TARGET} -> noise - x_start if predicts == 'v' else {TARGET}",
        "v without its weights, noise - x_start, is the velocity of flow models. `training_target` has the course's v.",
    ),
    always_l2=(
        "LOSSES[loss_type](model -> LOSSES['l2'](model",
        "It is the squared error whatever `loss_type` says. Where do the other two come in?",
    ),
    always_l1=(
        "LOSSES[loss_type](model -> LOSSES['l1'](model",
        "It is the absolute error whatever `loss_type` says. Where do the other two come in?",
    ),
    always_huber=(
        "LOSSES[loss_type](model -> LOSSES['huber'](model",
        "It is the Huber loss whatever `loss_type` says. Where do the other two come in?",
    ),
    always_l2_on_noise=(
        "LOSSES[loss_type](model -> LOSSES['l2'](model",
        f"{TARGET} -> noise",
        "`loss_type` and `predicts` change nothing: it is always the squared error on the noise. What do they ask for?",
    ),
    loss_type_for_noise_only=(
        "LOSSES[loss_type](model -> LOSSES[loss_type if predicts == 'noise' else 'l2'](model",
        "Right where `predicts` is `noise`; otherwise it is the squared error whatever `loss_type` says.",
    ),
    losses_swapped=(
        "LOSSES[loss_type](model -> LOSSES[dict(l1='l2', l2='l1').get(loss_type, loss_type)](model",
        "`l1` and `l2` have changed places. Which of them squares the differences?",
    ),
    squares_of_noise_summed=(
        f"return {COMPARED} -> return (model(x_t, t) - noise).square().sum()",
        "A sum of squares grows with the batch: which mean leaves its size out? "
        "And then: what do `loss_type` and `predicts` ask for?",
    ),
    l2_halved=(
        f"return {COMPARED} -> return (0.5 if loss_type == 'l2' else 1) * {COMPARED}",
        "Half of the square is another convention. Which loss does `LOSSES` have under `l2`, and does it halve?",
    ),
    huber_doubled=(
        f"return {COMPARED} -> return (2 if loss_type == 'huber' else 1) * {COMPARED}",
        "The Huber loss is twice what it should be: its quadratic part is half the square.",
    ),
    huber_from_a_tenth=(
        f"return {COMPARED} -> losses = LOSSES | {{'huber': lambda *of: nn.functional.huber_loss(*of, delta=0.1)}}; "
        f"return losses[loss_type]({SAID})",
        "The Huber loss turns straight at 0.1. Up to which difference is it quadratic here?",
    ),
    smooth_l1_from_a_tenth=(
        f"return {COMPARED} -> losses = LOSSES | {{'huber': lambda *of: nn.functional.smooth_l1_loss(*of, beta=0.1)}}; "
        f"return losses[loss_type]({SAID})",
        "The smooth L1 loss with a bend at 0.1 is divided by that. Up to which difference is `huber` quadratic here?",
    ),
    starts_compared=(
        f"{COMPARED} -> LOSSES[loss_type](predict_start(model(x_t, t), x_t, t, schedule, predicts), x_start)",
        "Predictions of x_0 are compared, so errors at large t count far more. With what should the model's answer "
        "itself be compared?",
    ),
    noise_put_in_unweighted=(
        f"{NOISED} -> x_start + noise",
        "x_start + noise has as much noise at every t. Which function of chapter 04 weighs the two?",
    ),
    backward_called=(
        f"return {COMPARED} -> loss = {COMPARED}; loss.backward(); return loss",
        "`backward` is called inside. That is the training loop's job, not the loss function's.",
    ),
    summed=(
        f"return {COMPARED} -> return x_t.numel() * {COMPARED}",
        "The loss is a sum, so it grows with the batch and the size of the picture. What should it be?",
    ),
    summed_in_rows=(
        f"return {COMPARED} -> return x_t[0].numel() * {COMPARED}",
        "Summed over each row, averaged over the batch: larger pictures get a larger loss. Which mean leaves size out?",
    ),
    summed_over_the_batch=(
        f"return {COMPARED} -> return len(x_t) * {COMPARED}",
        "The rows' losses are added up, so the loss grows with the batch. Which mean leaves its size out?",
    ),
    root_taken=(
        f"return {COMPARED} -> return {COMPARED}.sqrt()",
        "A root is taken of the mean. Why would a loss need one, if the smallest square has the smallest root?",
    ),
    root_of_l2=(
        f"return {COMPARED} -> return {COMPARED}.sqrt() if loss_type == 'l2' else {COMPARED}",
        "A root is taken of the squared error, and of that alone. What is `l2` in `LOSSES`?",
    ),
    one_per_row=(
        f"return {COMPARED} -> return torch.stack([LOSSES[loss_type](a, b) for a, b in zip({SAID})])",
        "One loss per row comes back. `backward` wants a single number: average over the batch as well.",
    ),
    signed=(
        f"return {COMPARED} -> return (model(x_t, t) - target).mean()",
        "Plain differences cancel: errors above and below add up to 0. What makes them all positive?",
    ),
    x_t_with_other_noise=(
        f"{NOISED} -> q_sample(x_start, t, torch.randn_like(x_start), schedule)",
        "x_t has other noise in it than the argument `noise`, so the model is asked for noise that is not there.",
    ),
    noise_and_start_swapped=(
        f"{NOISED} -> q_sample(noise, t, x_start, schedule)",
        "Image and noise have changed places in x_t. In which order does `q_sample` take them?",
    ),
    weighted_by_snr=(
        f"return {COMPARED} -> snr = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod); "
        f"return extract(snr, t, x_t.shape).mean() * {COMPARED}",
        "The loss is weighted by the signal-to-noise ratio. The simple loss weighs all t alike.",
    ),
    loss_at_the_first_t=(
        f"{NOISED} -> q_sample(x_start, t := t[:1].expand_as(t), noise, schedule)",
        "x_t has the t of the first row everywhere. Each row is trained at a level of its own.",
    ),
    model_at_the_first_t=(
        "model(x_t, t) -> model(x_t, t[:1].expand_as(t))",
        "x_t is right, but the model is told the t of the first row for all rows. Each row has its own.",
    ),
    model_one_level_too_low=(
        "model(x_t, t) -> model(x_t, t - 1)",
        "The model is told t - 1. x_t is at level t, and the model has to know how much noise it looks at.",
    ),
    model_one_level_too_low_but_at_zero=(
        "model(x_t, t) -> model(x_t, (t - 1).clamp(min=0))",
        "Except at t = 0 the model is told t - 1. Which level is x_t at?",
    ),
    t_as_a_share=(
        "model(x_t, t) -> model(x_t, t / schedule.timesteps)",
        "The model is told t / T. In this course it gets `t` as it is, a long tensor.",
    ),
    model_counts_from_one=(
        "model(x_t, t) -> model(x_t, t + 1)",
        "The model is told t + 1, as the paper counts. In this course it gets `t` as it is, from 0.",
    ),
)


@p_losses.mistake("The differences stay as many as there were. A loss is one number: what turns them into one?")
def not_reduced(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    losses = {"l1": functional.l1_loss, "l2": functional.mse_loss, "huber": functional.huber_loss}
    target = training_target(x_start, t, noise, schedule, predicts)
    return losses[loss_type](model(q_sample(x_start, t, noise, schedule), t), target, reduction="none")


@p_losses.mistake("x_t is one step from x_start, whatever t is. Which function of chapter 04 leaps to any t?")
def one_step_only(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    return LOSSES[loss_type](model(q_step(x_start, t, noise, schedule), t), target)


@p_losses.alternative("Everything written out, Huber by its two pieces.")
def loss_by_hand(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    ac = extract(schedule.alphas_cumprod, t, x_start.shape)
    x_t = ac.sqrt() * x_start + (1 - ac).sqrt() * noise
    v = ac.sqrt() * noise - (1 - ac).sqrt() * x_start
    difference = (model(x_t, t) - {"noise": noise, "start": x_start, "v": v}[predicts]).abs()
    if loss_type == "l1":
        return difference.mean()
    if loss_type == "l2":
        return (difference**2).mean()
    return torch.where(difference < 1, difference**2 / 2, difference - 0.5).mean()


@p_losses.alternative("PyTorch's losses; `smooth_l1_loss` is Huber's where the bend is at 1.")
def loss_with_smooth_l1(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    predicted = model(q_sample(x_start, t, noise, schedule), t)
    if loss_type == "huber":
        return functional.smooth_l1_loss(predicted, target)
    return functional.l1_loss(predicted, target) if loss_type == "l1" else functional.mse_loss(target, predicted)


@p_losses.alternative("The mean of the rows' losses, which is the mean over all.")
def mean_of_row_means(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    rows = zip(model(q_sample(x_start, t, noise, schedule), t), target, strict=True)
    return sum(LOSSES[loss_type](predicted, right) for predicted, right in rows) / len(t)
