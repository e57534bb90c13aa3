"""Answers to the quizzes of chapter 05, the reverse process."""

import torch
from torch import Tensor
from torch.nn import functional

from answers import right, wrong
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.reverse import (
    LOSSES,
    Model,
    draw_noise,
    p_mean,
    p_sample,
    p_sample_steps,
    predict_start,
    predict_start_from_noise,
    training_target,
)
from course_lib.schedules import NoiseSchedule

# predict_start_from_noise: wrong


@wrong("predict_start_from_noise", "plus the noise")
def start_plus_noise(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t + sigma * noise) / signal


@wrong("predict_start_from_noise", "not divided by the signal")
def start_not_rescaled(x_t, t, noise, schedule):
    return x_t - extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * noise


@wrong("predict_start_from_noise", "divided by alpha-bar, not by its root")
def start_over_abar(x_t, t, noise, schedule):
    abar = extract(schedule.alphas_cumprod, t, x_t.shape)
    return (x_t - (1 - abar).sqrt() * noise) / abar


@wrong("predict_start_from_noise", "parentheses missing: only the noise is divided")
def start_without_parentheses(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return x_t - sigma * noise / signal


@wrong("predict_start_from_noise", "clamped to [-1, 1]")
def start_clamped(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return ((x_t - sigma * noise) / signal).clamp(-1, 1)


@wrong("predict_start_from_noise", "t counted from 1")
def start_one_step_before(x_t, t, noise, schedule):
    t = (t - 1).clamp(min=0)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - sigma * noise) / signal


@wrong("predict_start_from_noise", "the mean of the step before, not x_0 (algorithm 2)")
def start_is_the_mean(x_t, t, noise, schedule):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - beta / sigma * noise) / (1 - beta).sqrt()


@wrong("predict_start_from_noise", "sqrt(1 / abar) - 1 in the place of sqrt(1 / abar - 1)")
def start_recipm1(x_t, t, noise, schedule):
    abar = extract(schedule.alphas_cumprod, t, x_t.shape)
    return (1 / abar).sqrt() * x_t - ((1 / abar).sqrt() - 1) * noise


@wrong("predict_start_from_noise", "the signal floored at 0.1 against division by zero")
def start_floored(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape).clamp(min=0.1)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - sigma * noise) / signal


@wrong("predict_start_from_noise", "subtracts from x_t in place")
def start_in_place(x_t, t, noise, schedule):
    x_t -= extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * noise
    return x_t / extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)


@wrong("predict_start_from_noise", "the formula for v")
def start_from_v(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    return signal * x_t - extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * noise


@wrong("predict_start_from_noise", "broadcasts along the last axis")
def start_without_axes(x_t, t, noise, schedule):
    return (x_t - schedule.sqrt_one_minus_alphas_cumprod[t] * noise) / schedule.sqrt_alphas_cumprod[t]


@wrong("predict_start_from_noise", "EDM: x_t - sigma noise, sigma = sqrt(1 / SNR)")
def start_of_edm(x_t, t, noise, schedule):
    abar = extract(schedule.alphas_cumprod, t, x_t.shape)
    return x_t - torch.sqrt((1 - abar) / abar) * noise


@wrong("predict_start_from_noise", "two: noise weighted with the variance, and one step's alpha below")
def start_two_slips(x_t, t, noise, schedule):
    abar = extract(schedule.alphas_cumprod, t, x_t.shape)
    return (x_t - (1 - abar) * noise) / extract(schedule.alphas, t, x_t.shape).sqrt()


@wrong("predict_start_from_noise", "rows with t = 0 are taken for clean")
def start_clean_at_zero(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    clean = (t == 0).reshape(signal.shape)
    return torch.where(clean, x_t, (x_t - sigma * noise) / signal)


# predict_start_from_noise: right


@right("predict_start_from_noise", "guided-diffusion's two coefficients, in double precision")
def start_by_recip(x_t, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod.double(), schedule.sqrt_one_minus_alphas_cumprod.double()
    recip, recipm1 = extract(1 / signal, t, x_t.shape), extract(sigma / signal, t, x_t.shape)
    return (recip * x_t - recipm1 * noise).to(x_t.dtype)


@right("predict_start_from_noise", "row by row")
def start_row_by_row(x_t: Tensor, t: Tensor, noise: Tensor, schedule: NoiseSchedule) -> Tensor:
    def one(x, step, eps):
        return x.sub(schedule.sqrt_one_minus_alphas_cumprod[step] * eps).div(schedule.sqrt_alphas_cumprod[step])

    return torch.stack([one(x, step, eps) for x, step, eps in zip(x_t, t, noise, strict=True)])


@right("predict_start_from_noise", "q_sample undone: what q_sample makes of zero and the noise is taken off")
def start_by_q_sample(x_t, t, noise, schedule):
    rest = x_t - q_sample(torch.zeros_like(x_t), t, noise, schedule)
    return rest / q_sample(torch.ones_like(x_t), t, torch.zeros_like(x_t), schedule)


@right("predict_start_from_noise", "flattened, with None indices")
def start_flattened(x_t, t, noise, schedule):
    signal, sigma = schedule.sqrt_alphas_cumprod[t, None], schedule.sqrt_one_minus_alphas_cumprod[t, None]
    flat = x_t.reshape(len(t), -1) - sigma * noise.reshape(len(t), -1)
    return (flat / signal).view_as(x_t)


@right("predict_start_from_noise", "the library's predict_start")
def start_by_library(x_t, t, noise, schedule):
    return predict_start(noise, x_t, t, schedule, predicts="noise")


# p_losses: wrong


@wrong("p_losses", "loss_type ignored")
def loss_always_l2(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: str = "l2",
    predicts: str = "noise",
) -> Tensor:
    x_t = q_sample(x_start, t, noise, schedule)
    return functional.mse_loss(model(x_t, t), training_target(x_start, t, noise, schedule, predicts))


@wrong("p_losses", "predicts ignored")
def loss_always_noise(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    return LOSSES[loss_type](model(x_t, t), noise)


@wrong("p_losses", "v is treated like noise")
def loss_without_v(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = x_start if predicts == "start" else noise
    return LOSSES[loss_type](model(q_sample(x_start, t, noise, schedule), t), target)


@wrong("p_losses", "the model sees x_0")
def loss_on_clean(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    return LOSSES[loss_type](model(x_start, t), target)


@wrong("p_losses", "the model gets t as a fraction of T")
def loss_with_t_fraction(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    output = model(x_t, t / schedule.timesteps)
    return LOSSES[loss_type](output, training_target(x_start, t, noise, schedule, predicts))


@wrong("p_losses", "sum instead of mean")
def loss_summed(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    return LOSSES[loss_type](model(x_t, t), target, reduction="sum")


@wrong("p_losses", "a loss for each row")
def loss_per_row(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    loss = LOSSES[loss_type](model(x_t, t), target, reduction="none")
    return loss.reshape(len(t), -1).mean(dim=1)


@wrong("p_losses", "a float, from which nothing can be learned")
def loss_item(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    return LOSSES[loss_type](model(x_t, t), training_target(x_start, t, noise, schedule, predicts)).item()


@wrong("p_losses", "no_grad around the model")
def loss_without_gradient(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    with torch.no_grad():
        output = model(x_t, t)
    return LOSSES[loss_type](output, training_target(x_start, t, noise, schedule, predicts))


@wrong("p_losses", "KeyError for huber")
def loss_of_two_kinds(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    error = model(x_t, t) - training_target(x_start, t, noise, schedule, predicts)
    return {"l1": error.abs().mean(), "l2": error.square().mean()}[loss_type]


@wrong("p_losses", "huber with a threshold of 0.1")
def loss_huber_tight(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    output = model(q_sample(x_start, t, noise, schedule), t)
    target = training_target(x_start, t, noise, schedule, predicts)
    if loss_type == "l1":
        return functional.l1_loss(output, target)
    if loss_type == "l2":
        return functional.mse_loss(output, target)
    return functional.huber_loss(output, target, delta=0.1)


@wrong("p_losses", "x_t made with noise of its own")
def loss_with_other_noise(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, torch.randn_like(x_start), schedule)
    return LOSSES[loss_type](model(x_t, t), training_target(x_start, t, noise, schedule, predicts))


@wrong("p_losses", "always compared in units of x_0")
def loss_in_x0(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    guess = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return LOSSES[loss_type](guess, x_start)


@wrong("p_losses", "root of the mean square")
def loss_rmse(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    loss = LOSSES[loss_type](model(x_t, t), training_target(x_start, t, noise, schedule, predicts))
    return loss.sqrt() if loss_type == "l2" else loss


@wrong("p_losses", "loss_type honoured for noise only")
def loss_type_for_noise_only(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    output = model(q_sample(x_start, t, noise, schedule), t)
    if predicts == "noise":
        return LOSSES[loss_type](output, noise)
    return functional.mse_loss(output, training_target(x_start, t, noise, schedule, predicts))


@wrong("p_losses", "two: v with its sign turned, and half the square")
def loss_two_slips(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    if predicts == "v":
        target = -target
    loss = LOSSES[loss_type](model(q_sample(x_start, t, noise, schedule), t), target)
    return 0.5 * loss if loss_type == "l2" else loss


@wrong("p_losses", "the model gets the first t only")
def loss_first_t(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    output = model(x_t, t[0].expand(len(t)))
    return LOSSES[loss_type](output, training_target(x_start, t, noise, schedule, predicts))


# p_losses: right


@right("p_losses", "target and losses written out")
def loss_written_out(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    error = model(signal * x_start + sigma * noise, t)
    error = error - {"noise": noise, "start": x_start, "v": signal * noise - sigma * x_start}[predicts]
    size = error.abs()
    if loss_type == "l1":
        return size.mean()
    if loss_type == "l2":
        return (error**2).mean()
    return torch.where(size < 1, 0.5 * error**2, size - 0.5).mean()


@right("p_losses", "the annotated-diffusion ladder of elifs, smooth_l1 for huber")
def loss_annotated(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_noisy = q_sample(x_start=x_start, t=t, noise=noise, schedule=schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    predicted = model(x_noisy, t)
    if loss_type == "l1":
        loss = functional.l1_loss(target, predicted)
    elif loss_type == "l2":
        loss = functional.mse_loss(target, predicted)
    elif loss_type == "huber":
        loss = functional.smooth_l1_loss(target, predicted)
    else:
        raise NotImplementedError
    return loss


@right("p_losses", "a mean of row means")
def loss_mean_of_rows(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    output = model(q_sample(x_start, t, noise, schedule), t)
    target = training_target(x_start, t, noise, schedule, predicts)
    rows = [LOSSES[loss_type](said, asked) for said, asked in zip(output, target, strict=True)]
    return torch.stack(rows).mean()


@right("p_losses", "sum divided by the count, with match")
def loss_by_match(
    model: Model,
    x_start: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    loss_type: str = "l2",
    predicts: str = "noise",
) -> Tensor:
    target = training_target(x_start, t, noise, schedule, predicts)
    difference = (model(q_sample(x_start, t, noise, schedule), t) - target).flatten()
    match loss_type:
        case "l1":
            total = torch.linalg.vector_norm(difference, ord=1)
        case "l2":
            total = difference @ difference
        case "huber":
            inner = difference.clamp(-1, 1)
            total = (inner * (difference - inner / 2)).sum()
    return total / difference.numel()


@right("p_losses", "modules from torch.nn")
def loss_by_modules(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    criterion = {"l1": torch.nn.L1Loss, "l2": torch.nn.MSELoss, "huber": torch.nn.HuberLoss}[loss_type]()
    return criterion(
        input=model(q_sample(x_start, t, noise, schedule), t),
        target=training_target(x_start, t, noise, schedule, predicts).detach(),
    )


# p_mean: wrong


@wrong("p_mean", "predicts ignored: always noise")
def mean_of_noise_only(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    schedule: NoiseSchedule,
    predicts: str = "noise",
    clip_start: bool = False,
) -> Tensor:
    x_start = predict_start_from_noise(x_t, t, model(x_t, t), schedule)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "clip_start ignored")
def mean_never_clips(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "the result of clamp is thrown away")
def mean_clamp_thrown_away(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        torch.clamp(x_start, -1, 1)
    mean, _ = q_posterior(x_start, x_t, t, schedule)
    return mean


@wrong("p_mean", "clips always")
def mean_always_clips(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(-1, 1)
    mean, _ = q_posterior(x_start, x_t, t, schedule)
    return mean


@wrong("p_mean", "clips to [0, 1]")
def mean_clips_to_unit(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(0, 1)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "clips the mean, not the guess")
def mean_clipped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    mean, _ = q_posterior(x_start, x_t, t, schedule)
    return mean.clamp(-1, 1) if clip_start else mean


@wrong("p_mean", "clips what the model says")
def mean_clips_output(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t)
    if clip_start:
        output = output.clamp(-1, 1)
    return q_posterior(predict_start(output, x_t, t, schedule, predicts), x_t, t, schedule)[0]


@wrong("p_mean", "clips in the noise branch only")
def mean_clips_noise_branch(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t)
    if predicts == "noise":
        x_start = predict_start_from_noise(x_t, t, output, schedule)
        if clip_start:
            x_start = x_start.clamp(-1, 1)
    else:
        x_start = predict_start(output, x_t, t, schedule, predicts)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "stops at the guess of x_0")
def mean_is_the_guess(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return x_start.clamp(-1, 1) if clip_start else x_start


@wrong("p_mean", "mean and variance")
def mean_and_variance(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return q_posterior(x_start, x_t, t, schedule)


@wrong("p_mean", "q_posterior's arguments the wrong way round")
def mean_arguments_swapped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return q_posterior(x_t, x_start, t, schedule)[0]


@wrong("p_mean", "two: algorithm 2 for every kind of prediction, without the 1 / sqrt(alpha)")
def mean_of_algorithm_2(model, x_t, t, schedule, predicts="noise", clip_start=False):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return x_t - beta / sigma * model(x_t, t)


@wrong("p_mean", "DDIM's step")
def mean_of_ddim(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    prev = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    noise = (x_t - signal * x_start) / extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return prev.sqrt() * x_start + (1 - prev).sqrt() * noise


@wrong("p_mean", "asks the model at t - 1")
def mean_asks_one_before(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, (t - 1).clamp(min=0)), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "x_t and output in the wrong order")
def mean_output_for_x(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(x_t, model(x_t, t), t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "tanh instead of clamp")
def mean_squashed(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = torch.tanh(x_start)
    return q_posterior(x_start, x_t, t, schedule)[0]


# p_mean: right


@right("p_mean", "weights by hand, guess by hand")
def mean_by_hand(model, x_t, t, schedule, predicts="noise", clip_start=False):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    guess = model(x_t, t)
    if predicts == "noise":
        guess = (x_t - sigma * guess) / signal
    elif predicts == "v":
        guess = signal * x_t - sigma * guess
    if clip_start:
        guess = torch.clip(guess, -1.0, 1.0)
    c1 = extract(schedule.posterior_mean_coef1, t, x_t.shape)
    return c1 * guess + extract(schedule.posterior_mean_coef2, t, x_t.shape) * x_t


@right("p_mean", "a bound that is infinite if nothing is clipped")
def mean_with_bound(model, x_t, t, schedule, predicts="noise", clip_start=False):
    bound = 1 if clip_start else float("inf")
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(-bound, bound)
    mean, _variance = q_posterior(x_start=x_start, x_t=x_t, t=t, schedule=schedule)
    return mean


@right("p_mean", "hardtanh, one line")
def mean_hardtanh(
    model: Model, x_t: Tensor, t: Tensor, schedule: NoiseSchedule, predicts: str = "noise", clip_start: bool = False
) -> Tensor:
    keep = functional.hardtanh if clip_start else lambda guess: guess
    return q_posterior(keep(predict_start(model(x_t, t), x_t, t, schedule, predicts)), x_t, t, schedule)[0]


@right("p_mean", "the two parts of the mean by linearity")
def mean_by_parts(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = torch.minimum(torch.maximum(x_start, -torch.ones_like(x_start)), torch.ones_like(x_start))
    nothing = torch.zeros_like(x_t)
    return q_posterior(x_start, nothing, t, schedule)[0] + q_posterior(nothing, x_t, t, schedule)[0]


@right("p_mean", "the posterior row by row")
def mean_row_by_row(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    rows = []
    for i in range(len(t)):
        guess = x_start[i : i + 1]
        if clip_start:
            guess = guess.clamp(min=-1).clamp(max=1)
        rows.append(q_posterior(guess, x_t[i : i + 1], t[i : i + 1], schedule)[0])
    return torch.cat(rows)


# p_sample: wrong


@wrong("p_sample", "variance instead of standard deviation")
def sample_with_variance(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    predicts: str = "noise",
    clip_start: bool = False,
) -> Tensor:
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + extract(schedule.posterior_variance, t, x_t.shape) * noise


@wrong("p_sample", "beta instead of beta-tilde, so noise at t = 0")
def sample_with_beta(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + extract(schedule.betas, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "beta instead of beta-tilde, off at t = 0")
def sample_with_beta_masked(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    mask = (t != 0).float().reshape(-1, *[1] * (x_t.ndim - 1))
    return mean + mask * extract(schedule.betas, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "noise of its own")
def sample_draws_noise(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * torch.randn_like(x_t)


@wrong("p_sample", "the first row decides whether noise is added")
def sample_if_first_is_zero(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    if t[0] == 0:
        return mean
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "if t > 0 on a batch")
def sample_if_t(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x = p_mean(model, x_t, t, schedule, predicts, clip_start)
    if t > 0:
        x = x + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise
    return x


@wrong("p_sample", "noise switched off one step early")
def sample_quiet_too_early(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    std = extract(schedule.posterior_variance * (torch.arange(schedule.timesteps) > 1), t, x_t.shape).sqrt()
    return mean + std * noise


@wrong("p_sample", "guided-diffusion's clipped log-variance without its mask for t = 0")
def sample_clipped_log_variance(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    variance = schedule.posterior_variance
    log_variance = torch.cat([variance[1:2], variance[1:]]).log()
    return mean + (0.5 * extract(log_variance, t, x_t.shape)).exp() * noise


@wrong("p_sample", "exp of the log-variance without the half")
def sample_forgets_the_half(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    log_variance = extract(schedule.posterior_variance.clamp(min=1e-20).log(), t, x_t.shape)
    return mean + log_variance.exp() * noise


@wrong("p_sample", "predicts not passed on")
def sample_forgets_predicts(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, clip_start=clip_start)
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "clip_start not passed on")
def sample_forgets_clip(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts)
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "standard deviation without axes")
def sample_without_axes(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + schedule.posterior_variance[t].sqrt() * noise


@wrong("p_sample", "clamps the sample")
def sample_clamped(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    x = mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise
    return x.clamp(-1, 1) if clip_start else x


@wrong("p_sample", "the mean alone")
def sample_is_the_mean(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    return p_mean(model, x_t, t, schedule, predicts, clip_start)


@wrong("p_sample", "the guess of x_0 noised to t - 1: the posterior forgets x_t")
def sample_renoises_the_guess(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    prev = extract(schedule.alphas_cumprod_prev, t, x_t.shape)
    return prev.sqrt() * x_start + (1 - prev).sqrt() * noise


@wrong("p_sample", "two: algorithm 2 whatever the model predicts, and sigma = beta")
def sample_two_slips(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    mean = (x_t - beta / sigma * model(x_t, t)) / (1 - beta).sqrt()
    return mean + beta * noise


# p_sample: right


@right("p_sample", "everything by hand")
def sample_by_hand(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    mean, variance = q_posterior(x_start, x_t, t, schedule)
    return mean + variance.sqrt() * noise


@right("p_sample", "half the log-variance, clipped at 1e-20, with a mask")
def sample_by_log_variance(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts=predicts, clip_start=clip_start)
    log_variance = extract(torch.log(schedule.posterior_variance.clamp(min=1e-20)), t, x_t.shape)
    nonzero_mask = (t != 0).float().view(-1, *([1] * (len(x_t.shape) - 1)))
    return mean + nonzero_mask * torch.exp(0.5 * log_variance) * noise


@right("p_sample", "torch.where at t = 0, beta-tilde from the alpha-bars")
def sample_where(
    model: Model,
    x_t: Tensor,
    t: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    predicts: str = "noise",
    clip_start: bool = False,
) -> Tensor:
    beta = schedule.betas.double()
    abar = torch.cumprod(1 - beta, dim=0)
    prev = functional.pad(abar, (1, 0), value=1.0)[:-1]
    std = extract(((1 - prev) / (1 - abar) * beta).sqrt(), t, x_t.shape)
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    last = extract(torch.arange(schedule.timesteps) == 0, t, x_t.shape)
    return torch.where(last, mean, mean + std * noise).to(mean.dtype)


@right("p_sample", "einsum for the noise")
def sample_by_einsum(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    std = schedule.posterior_variance.sqrt().to(noise.dtype)
    spread = torch.einsum("b,b...->b...", std.index_select(0, t), noise)
    return spread.add(p_mean(model, x_t, t, schedule, predicts, clip_start))


@right("p_sample", "noise added to chosen rows of a clone")
def sample_chosen_rows(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x = p_mean(model, x_t, t, schedule, predicts, clip_start).clone()
    moving = t > 0
    std = extract(schedule.posterior_variance, t[moving], x_t.shape) ** 0.5
    x[moving] += (std * noise[moving]).to(x.dtype)
    return x


# p_sample_loop: wrong


@wrong("p_sample_loop", "stops at t = 1")
@torch.no_grad()
def loop_stops_early(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    generator: torch.Generator | None = None,
    predicts: str = "noise",
    clip_start: bool = False,
) -> Tensor:
    x = draw_noise(shape, schedule, generator)
    for step in range(schedule.timesteps - 1, 0, -1):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "starts at t = T")
@torch.no_grad()
def loop_from_one_to_T(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in range(schedule.timesteps, 0, -1):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "runs from 0 to T - 1")
@torch.no_grad()
def loop_forwards(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in range(schedule.timesteps):
        t = torch.full((shape[0],), step, device=schedule.device)
        noise = draw_noise(shape, schedule, generator)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "generator used for x_T only")
@torch.no_grad()
def loop_half_seeded(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, torch.randn_like(x), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "generator not used at all")
@torch.no_grad()
def loop_unseeded(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = torch.randn(shape, device=schedule.device)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, torch.randn(shape, device=schedule.device), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "one noise for all steps")
@torch.no_grad()
def loop_with_one_noise(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    noise = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "t has one number for the whole batch")
@torch.no_grad()
def loop_with_single_t(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.tensor([step], device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "t is a float tensor")
@torch.no_grad()
def loop_with_float_t(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.ones(shape[0], device=schedule.device) * step
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "predicts and clip_start not passed on")
@torch.no_grad()
def loop_forgets_options(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule)
    return x


@wrong("p_sample_loop", "clips the samples at the end only")
@torch.no_grad()
def loop_clips_at_the_end(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts)
    return x.clamp(-1, 1) if clip_start else x


@wrong("p_sample_loop", "a list of all states, as NumPy arrays")
@torch.no_grad()
def loop_collects(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    img = draw_noise(shape, schedule, generator)
    imgs = []
    for i in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), i, dtype=torch.long)
        img = p_sample(model, img, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
        imgs.append(img.cpu().numpy())
    return imgs


@wrong("p_sample_loop", "no_grad taken away: keeps a graph through all steps")
def loop_with_graph(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "starts from zeros")
@torch.no_grad()
def loop_from_zeros(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = torch.zeros(shape, device=schedule.device)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "generator seeded anew in every step")
@torch.no_grad()
def loop_reseeds(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    generator = generator or torch.Generator()
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        generator.manual_seed(step)
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "all the steps' noise drawn before x_T")
@torch.no_grad()
def loop_draws_noise_first(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    noises = [draw_noise(shape, schedule, generator) for _ in range(schedule.timesteps)]
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, noises[step], schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "needs a model with parameters (lucidrains)")
@torch.no_grad()
def loop_asks_for_parameters(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    device = next(model.parameters()).device
    x = draw_noise(shape, schedule, generator).to(device)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=device, dtype=torch.long)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "pictures only: unpacks four sizes")
@torch.no_grad()
def loop_for_pictures(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    b, c, h, w = shape
    x = draw_noise((b, c, h, w), schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((b,), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "two: a hard-coded 100 steps, and the mean without noise")
@torch.no_grad()
def loop_of_a_hundred_means(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in range(99, -1, -1):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_mean(model, x, t, schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "always walks from the x_T that was drawn, not from the last state")
@torch.no_grad()
def loop_never_moves_on(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x_T = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x_T, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


# p_sample_loop: right


@right("p_sample_loop", "torch.randn with the generator, a while loop")
@torch.no_grad()
def loop_while(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = torch.randn(*shape, generator=generator)
    step = schedule.timesteps
    while step > 0:
        step -= 1
        t = torch.ones(shape[0], dtype=torch.long) * step
        z = torch.randn(*shape, generator=generator)
        x = p_sample(model, x, t, z, schedule, predicts, clip_start)
    return x


@right("p_sample_loop", "the last state of p_sample_steps")
@torch.no_grad()
def loop_last_state(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    *_, last = p_sample_steps(model, shape, schedule, generator, predicts, clip_start)
    return last


@right("p_sample_loop", "no_grad as a block; mean and noise apart")
def loop_with_block(
    model: Model,
    shape: tuple[int, ...],
    schedule: NoiseSchedule,
    generator: torch.Generator | None = None,
    predicts: str = "noise",
    clip_start: bool = False,
) -> Tensor:
    with torch.no_grad():
        x = draw_noise(shape, schedule, generator)
        for step in range(schedule.timesteps - 1, -1, -1):
            t = x.new_full(shape[:1], step, dtype=torch.long)
            noise = draw_noise(shape, schedule, generator)
            x = p_mean(model, x, t, schedule, predicts, clip_start) + schedule.posterior_variance[step].sqrt() * noise
        return x


@right("p_sample_loop", "all noise drawn beforehand, x_T first; flip(arange) for the steps")
@torch.no_grad()
def loop_noise_beforehand(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x, *noises = (draw_noise(shape, schedule, generator) for _ in range(schedule.timesteps + 1))
    for step, noise in zip(torch.arange(schedule.timesteps).flip(0), noises, strict=True):
        x = p_sample(model, x, step.repeat(shape[0]), noise, schedule, predicts, clip_start)
    return x


@right("p_sample_loop", "recursion in a helper")
@torch.no_grad()
def loop_recursive(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    def walk(x, step):
        if step < 0:
            return x
        t = torch.full((x.size(0),), step, device=schedule.device)
        noise = draw_noise(shape, schedule, generator)
        return walk(p_sample(model, x, t, noise, schedule, predicts=predicts, clip_start=clip_start), step - 1)

    return walk(draw_noise(shape, schedule, generator), schedule.timesteps - 1)
