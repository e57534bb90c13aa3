"""Quiz `p_losses` of chapter 05."""

import torch
from torch.nn import functional

from course_lib import reverse
from course_lib.checker.quiz import Quiz
from course_lib.forward import q_sample, q_step
from course_lib.quizzes.inputs import ToyDenoiser, noisy_batches
from course_lib.quizzes.reverse.shared import at
from course_lib.reverse import LOSSES, predict_start, training_target


def training_batches(g: torch.Generator) -> list[tuple]:
    """Every loss and every kind of prediction; the first case is the plain one, L2 on the noise.

    The last model is frozen, as when a loss is only measured: whoever calls `backward` inside is told there.
    """
    kinds = [("l2", "noise"), ("l1", "noise"), ("huber", "noise"), ("l2", "start"), ("huber", "v"), ("l1", "start")]
    cases = [(ToyDenoiser(), *batch, *kind) for batch, kind in zip(noisy_batches(g), kinds, strict=True)]
    cases[-1][0].requires_grad_(False)
    return cases


p_losses = Quiz(
    reverse.p_losses,
    cases=training_batches,
    points=3,
    minutes=12,
    hints=(
        "Three steps: make x_t, ask the model about it, compare what it says with what it should have said.",
        "`q_sample` makes x_t, `training_target` knows the right answer for each `predicts`, "
        "`LOSSES[loss_type]` compares two tensors.",
        "LOSSES[loss_type](model(x_t, t), target) with x_t = q_sample(x_start, t, noise, schedule) "
        "and target = training_target(x_start, t, noise, schedule, predicts)",
    ),
    atol=1e-4,
)


def loss_of(output, target, loss_type):
    return LOSSES[loss_type](output, target)


def rows_noised(x_start, t, noise, schedule, predicts):
    return q_sample(x_start, t, noise, schedule), training_target(x_start, t, noise, schedule, predicts)


@p_losses.mistake("The model sees the clean x_start, so there is no noise to find. What should go into it?")
def model_sees_the_start(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    _, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_start, t), target, loss_type)


@p_losses.mistake(
    "The prediction is always compared with the noise. What should a model say if `predicts` is `start` or `v`?"
)
def target_always_noise(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    return loss_of(model(q_sample(x_start, t, noise, schedule), t), noise, loss_type)


@p_losses.mistake("The prediction is always compared with x_start. What does a model say if `predicts` is `noise`?")
def target_always_start(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    return loss_of(model(q_sample(x_start, t, noise, schedule), t), x_start, loss_type)


@p_losses.mistake("You compare the prediction with x_t, which the model has just seen. What should it have guessed?")
def target_is_x_t(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    return loss_of(model(x_t, t), x_t, loss_type)


@p_losses.mistake("It is the squared error whatever `loss_type` says. Where do the other two come in?")
def always_l2(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, "l2")


@p_losses.mistake(
    "Right for squared errors on the noise, but `loss_type` and `predicts` change nothing. What do they ask for?"
)
def always_l2_on_noise(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    return (model(q_sample(x_start, t, noise, schedule), t) - noise).square().mean()


@p_losses.mistake("It is the absolute error whatever `loss_type` says. Where do the other two come in?")
def always_l1(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, "l1")


@p_losses.mistake(
    "A sum of squares grows with the batch: which mean leaves its size out? "
    "And then: what do `loss_type` and `predicts` ask for?"
)
def squares_of_noise_summed(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    return (model(q_sample(x_start, t, noise, schedule), t) - noise).square().sum()


@p_losses.mistake(
    "Half of the square is another convention. Which loss does `LOSSES` have under `l2`, and does it halve?"
)
def l2_halved(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, loss_type) * (0.5 if loss_type == "l2" else 1)


@p_losses.mistake(
    "You compare guesses of x_0, so errors at large t count far more. With what should the model's answer "
    "itself be compared?"
)
def starts_compared(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, _ = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(predict_start(model(x_t, t), x_t, t, schedule, predicts), x_start, loss_type)


@p_losses.mistake("x_start + noise has as much noise at every t. Which function of chapter 04 weighs the two?")
def noise_put_in_unweighted(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    _, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_start + noise, t), target, loss_type)


@p_losses.mistake("The value is right, but you call `backward` inside. Who does that in the training loop?")
def backward_called(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    loss = loss_of(model(x_t, t), target, loss_type)
    loss.backward()
    return loss


@p_losses.mistake("`l1` and `l2` have changed places. Which of them squares the differences?")
def losses_swapped(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, {"l1": "l2", "l2": "l1"}.get(loss_type, loss_type))


@p_losses.mistake("Your loss is a sum, so it grows with the batch and the size of the picture. What should it be?")
def summed(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, loss_type) * x_t.numel()


@p_losses.mistake(
    "Summed over each row, averaged over the batch: larger pictures get a larger loss. Which mean leaves size out?"
)
def summed_in_rows(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, loss_type) * x_t[0].numel()


@p_losses.mistake(
    "A root is taken of the mean. Why would a loss need one, if the smallest square has the smallest root?"
)
def root_taken(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, loss_type).sqrt()


@p_losses.mistake("The differences stay as many as there were. A loss is one number: what turns them into one?")
def not_reduced(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    losses = {"l1": functional.l1_loss, "l2": functional.mse_loss, "huber": functional.huber_loss}
    return losses[loss_type](model(x_t, t), target, reduction="none")


@p_losses.mistake("One loss per row comes back. `backward` wants a single number: average over the batch as well.")
def one_per_row(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return torch.stack([loss_of(a, b, loss_type) for a, b in zip(model(x_t, t), target, strict=True)])


@p_losses.mistake("Plain differences cancel: too high and too low add up to a good mark. What makes them all positive?")
def signed(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return (model(x_t, t) - target).mean()


@p_losses.mistake("x_t is made with noise that you drew yourself, so the model is asked for noise that is not in it.")
def x_t_with_other_noise(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    _, target = rows_noised(x_start, t, noise, schedule, predicts)
    x_t = q_sample(x_start, t, torch.randn_like(x_start), schedule)
    return loss_of(model(x_t, t), target, loss_type)


@p_losses.mistake("x_t is one step from x_start, whatever t is. Which function of chapter 04 leaps to any t?")
def one_step_only(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    _, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(q_step(x_start, t, noise, schedule), t), target, loss_type)


@p_losses.mistake("x_t has the t of the first row everywhere. Each row is trained at a level of its own.")
def loss_at_the_first_t(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    t = t[:1].expand_as(t)
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t), target, loss_type)


@p_losses.mistake("The model is told t / T. In this course it gets `t` as it is, a long tensor.")
def t_as_a_share(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    return loss_of(model(x_t, t / schedule.timesteps), target, loss_type)


@p_losses.alternative("")
def loss_by_hand(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    ac = at(schedule.alphas_cumprod, t, x_start)
    x_t = ac.sqrt() * x_start + (1 - ac).sqrt() * noise
    v = ac.sqrt() * noise - (1 - ac).sqrt() * x_start
    difference = (model(x_t, t) - {"noise": noise, "start": x_start, "v": v}[predicts]).abs()
    if loss_type == "l1":
        return difference.mean()
    if loss_type == "l2":
        return (difference**2).mean()
    return torch.where(difference < 1, difference**2 / 2, difference - 0.5).mean()


@p_losses.alternative("")
def loss_with_smooth_l1(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    predicted = model(q_sample(x_start, t, noise, schedule), t)
    if loss_type == "huber":
        return functional.smooth_l1_loss(predicted, target)
    return functional.l1_loss(predicted, target) if loss_type == "l1" else functional.mse_loss(target, predicted)


@p_losses.alternative("")
def mean_of_row_means(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t, target = rows_noised(x_start, t, noise, schedule, predicts)
    rows = zip(model(x_t, t), target, strict=True)
    return sum(loss_of(predicted, right, loss_type) for predicted, right in rows) / len(t)
