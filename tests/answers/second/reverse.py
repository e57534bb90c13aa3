"""Answers to the quizzes of chapter 05, the reverse process."""

import torch
from torch import Tensor
from torch.nn import functional as F

from answers import right, wrong
from course_lib.forward import extract, q_posterior, q_sample
from course_lib.reverse import LOSSES, draw_noise, p_mean, p_sample, p_sample_steps, predict_start, training_target

# predict_start_from_noise


@wrong("predict_start_from_noise", "only the noise is divided: brackets are missing")
def start_brackets(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return x_t - sigma * noise / signal


@wrong("predict_start_from_noise", "the noise is added")
def start_adds_noise(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t + sigma * noise) / signal


@wrong("predict_start_from_noise", "alpha-bar without its root in the denominator")
def start_over_alpha_bar(x_t, t, noise, schedule):
    bar = extract(schedule.alphas_cumprod, t, x_t.shape)
    return (x_t - (1 - bar).sqrt() * noise) / bar


@wrong("predict_start_from_noise", "clamped to the range of images")
def start_clamped(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return ((x_t - sigma * noise) / signal).clamp(-1, 1)


@wrong("predict_start_from_noise", "the mean of the step back, equation 11, not x_0")
def start_is_mean(x_t, t, noise, schedule):
    beta = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - beta / sigma * noise) / torch.sqrt(1 - beta)


@wrong("predict_start_from_noise", "lucidrains' sqrt_recipm1 without the minus 1")
def start_recip_without_minus_one(x_t, t, noise, schedule):
    recip = extract((1 / schedule.alphas_cumprod).sqrt(), t, x_t.shape)
    return recip * x_t - recip * noise


@wrong("predict_start_from_noise", "the root of alpha-bar is kept above 0.1")
def start_guarded(x_t, t, noise, schedule):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape).clamp(min=0.1)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    return (x_t - sigma * noise) / signal


@wrong("predict_start_from_noise", "coefficients of the first row, and swapped")
def start_one_t_swapped(x_t, t, noise, schedule):
    signal = schedule.sqrt_alphas_cumprod[t[0]]
    sigma = schedule.sqrt_one_minus_alphas_cumprod[t[0]]
    return (x_t - signal * noise) / sigma


@right("predict_start_from_noise", "multiplies with reciprocals")
def start_reciprocals(x_t, t, noise, schedule):
    recip = 1 / schedule.sqrt_alphas_cumprod
    ratio = schedule.sqrt_one_minus_alphas_cumprod / schedule.sqrt_alphas_cumprod
    return extract(recip, t, x_t.shape) * x_t - extract(ratio, t, x_t.shape) * noise


@right("predict_start_from_noise", "None indices, in float64")
def start_float64(x_t: Tensor, t: Tensor, noise: Tensor, schedule) -> Tensor:
    where = (...,) + (None,) * (x_t.ndim - 1)
    signal = schedule.sqrt_alphas_cumprod.double()[t][where]
    sigma = schedule.sqrt_one_minus_alphas_cumprod.double()[t][where]
    return torch.div(x_t.double() - sigma * noise.double(), signal).to(x_t.dtype)


@right("predict_start_from_noise", "row by row")
def start_by_rows(x_t, t, noise, schedule):
    a, b = schedule.sqrt_alphas_cumprod, schedule.sqrt_one_minus_alphas_cumprod
    return torch.stack([(x_t[i] - b[k] * noise[i]) / a[k] for i, k in enumerate(t)])


# p_losses


@wrong("p_losses", "the target is always the noise")
def losses_noise_only(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    return LOSSES[loss_type](model(x_t, t), noise)


@wrong("p_losses", "always the squared error")
def losses_mse_only(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    return F.mse_loss(model(x_t, t), training_target(x_start, t, noise, schedule, predicts))


@wrong("p_losses", "the model sees the clean batch")
def losses_clean_input(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    target = training_target(x_start, t, noise, schedule, predicts)
    prediction = model(x_start, t)
    return LOSSES[loss_type](prediction, target)


@wrong("p_losses", "x_t is made with noise of its own")
def losses_fresh_noise(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, torch.randn_like(x_start), schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    return LOSSES[loss_type](model(x_t, t), target)


@wrong("p_losses", "returns a float, no gradient")
def losses_item(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    return LOSSES[loss_type](model(x_t, t), target).item()


@wrong("p_losses", "v has the wrong sign")
def losses_v_sign(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    target = {"noise": noise, "start": x_start, "v": sigma * x_start - signal * noise}[predicts]
    return LOSSES[loss_type](model(x_t, t), target)


@wrong("p_losses", "Huber with the threshold 0.1")
def losses_huber_threshold(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    error = model(x_t, t) - training_target(x_start, t, noise, schedule, predicts)
    if loss_type == "l1":
        return error.abs().mean()
    if loss_type == "l2":
        return error.square().mean()
    return F.huber_loss(error, torch.zeros_like(error), delta=0.1)


@wrong("p_losses", "a sum for l2, and the root of it")
def losses_norm(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    x_t = q_sample(x_start, t, noise, schedule)
    target = training_target(x_start, t, noise, schedule, predicts)
    predicted = model(x_t, t)
    if loss_type == "l1":
        return F.l1_loss(predicted, target)
    if loss_type == "huber":
        return F.huber_loss(predicted, target)
    return torch.linalg.vector_norm(predicted - target)


@right("p_losses", "the three losses by hand")
def losses_by_hand(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    difference = model(q_sample(x_start, t, noise, schedule), t) - training_target(
        x_start, t, noise, schedule, predicts
    )
    size = difference.abs()
    if loss_type == "l1":
        return size.mean()
    if loss_type == "l2":
        return (difference * difference).mean()
    return torch.where(size <= 1, size**2 / 2, size - 0.5).mean()


@right("p_losses", "match, smooth_l1 for huber, loss by row first")
def losses_match(model, x_start, t, noise, schedule, loss_type="l2", predicts="noise"):
    signal = extract(schedule.sqrt_alphas_cumprod, t, x_start.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_start.shape)
    match predicts:
        case "noise":
            target = noise
        case "start":
            target = x_start
        case _:
            target = signal * noise - sigma * x_start
    function = {"l1": F.l1_loss, "l2": F.mse_loss, "huber": F.smooth_l1_loss}[loss_type]
    loss = function(model(signal * x_start + sigma * noise, t), target, reduction="none")
    return loss.reshape(len(t), -1).mean(dim=1).mean()


@right("p_losses", "modules of torch.nn, keyword arguments")
def losses_modules(
    model, x_start: Tensor, t: Tensor, noise: Tensor, schedule, loss_type: str = "l2", predicts: str = "noise"
) -> Tensor:
    criterion = torch.nn.L1Loss() if loss_type == "l1" else torch.nn.MSELoss()
    if loss_type == "huber":
        criterion = torch.nn.HuberLoss(delta=1.0)
    with torch.no_grad():
        x_noisy = q_sample(x_start=x_start, t=t, noise=noise, schedule=schedule)
        target = training_target(x_start, t, noise, schedule, predicts=predicts)
    return criterion(model(x_noisy, t), target)


# p_mean


@wrong("p_mean", "equation 11 of the paper: predicts and clip_start are ignored")
def mean_equation_eleven(model, x_t, t, schedule, predicts="noise", clip_start=False):
    betas_t = extract(schedule.betas, t, x_t.shape)
    sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    recip = extract((1 / schedule.alphas).sqrt(), t, x_t.shape)
    return recip * (x_t - betas_t * model(x_t, t) / sigma)


@wrong("p_mean", "clamps always")
def mean_always_clips(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts).clamp(-1, 1)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "clamps the mean, not the guess")
def mean_clips_mean(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    mean, _ = q_posterior(x_start, x_t, t, schedule)
    return mean.clamp(-1, 1) if clip_start else mean


@wrong("p_mean", "the result of clamp is thrown away")
def mean_clamp_unused(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        torch.clamp(x_start, -1.0, 1.0)
    mean, _variance = q_posterior(x_start, x_t, t, schedule)
    return mean


@wrong("p_mean", "returns mean and variance")
def mean_and_variance(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(-1, 1)
    return q_posterior(x_start, x_t, t, schedule)


@wrong("p_mean", "x_t and the guess change places in q_posterior")
def mean_arguments_swapped(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start.clamp_(-1, 1)
    mean, _ = q_posterior(x_t, x_start, t, schedule)
    return mean


@wrong("p_mean", "clamped only if the model predicts noise")
def mean_clips_noise_only(model, x_t, t, schedule, predicts="noise", clip_start=False):
    output = model(x_t, t)
    if predicts == "noise":
        signal = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
        sigma = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
        x_start = (x_t - sigma * output) / signal
        if clip_start:
            x_start = x_start.clamp(-1, 1)
    else:
        x_start = predict_start(output, x_t, t, schedule, predicts)
    return q_posterior(x_start, x_t, t, schedule)[0]


@wrong("p_mean", "clamped to 0 ... 1, and the model is told t + 1")
def mean_unit_range(model, x_t, t, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t + 1), x_t, t, schedule, predicts)
    if clip_start:
        x_start = x_start.clamp(0, 1)
    return q_posterior(x_start, x_t, t, schedule)[0]


@right("p_mean", "coefficients directly, limits as minimum and maximum")
def mean_direct(model, x_t, t, schedule, predicts="noise", clip_start=False):
    guess = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    guess = guess.minimum(torch.ones_like(guess)).maximum(-torch.ones_like(guess)) if clip_start else guess
    shape = (len(t), *[1] * (x_t.ndim - 1))
    first = schedule.posterior_mean_coef1[t].reshape(shape)
    second = schedule.posterior_mean_coef2[t].reshape(shape)
    return first * guess + second * x_t


@right("p_mean", "all three predictions written out, hardtanh as the clamp")
def mean_written_out(model, x_t, t, schedule, predicts="noise", clip_start=False):
    a = extract(schedule.sqrt_alphas_cumprod, t, x_t.shape)
    b = extract(schedule.sqrt_one_minus_alphas_cumprod, t, x_t.shape)
    said = model(x_t, t)
    ways = {"start": lambda: said, "v": lambda: a * x_t - b * said, "noise": lambda: (x_t - b * said) / a}
    x_start = ways[predicts]()
    if clip_start:
        x_start = F.hardtanh(x_start)
    mean, _ = q_posterior(x_start=x_start, x_t=x_t, t=t, schedule=schedule)
    return mean


@right("p_mean", "infinite limits where nothing is clipped, in float64")
def mean_infinite_limits(
    model, x_t: Tensor, t: Tensor, schedule, predicts: str = "noise", clip_start: bool = False
) -> Tensor:
    limit = 1.0 if clip_start else float("inf")
    guess = predict_start(model(x_t, t), x_t, t, schedule, predicts).double().clip(-limit, limit)
    return q_posterior(guess, x_t.double(), t, schedule)[0].to(x_t.dtype)


# p_sample


@wrong("p_sample", "the variance without its root")
def sample_variance_without_root(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + extract(schedule.posterior_variance, t, x_t.shape) * noise


@wrong("p_sample", "the root of beta: noise at t = 0")
def sample_with_beta(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    return mean + extract(schedule.betas, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "the first row decides for all whether it is the last step")
def sample_first_row_decides(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    if t[0] == 0:
        return mean
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise


@wrong("p_sample", "the options are not passed on")
def sample_drops_options(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule)
    return mean + torch.sqrt(extract(schedule.posterior_variance, t, x_t.shape)) * noise


@wrong("p_sample", "guided-diffusion's clipped log-variance, without the mask at t = 0")
def sample_log_variance_clipped(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    variance = schedule.posterior_variance
    clipped = torch.cat([variance[1:2], variance[1:]]).log()
    return mean + (0.5 * extract(clipped, t, x_t.shape)).exp() * noise


@wrong("p_sample", "draws its own noise")
def sample_own_noise(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    z = torch.randn_like(x_t)
    return mean + extract(schedule.posterior_variance, t, x_t.shape).sqrt() * z


@wrong("p_sample", "if t > 0 on a whole batch raises")
def sample_if_on_batch(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    sigma = extract(schedule.posterior_variance, t, x_t.shape).sqrt()
    z = noise if t > 0 else 0
    return mean + sigma * z


@wrong("p_sample", "the noise is off at t = 1 too, and the sample is clamped")
def sample_early_and_clamped(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start)
    mask = (t > 1).float().reshape(-1, *[1] * (x_t.ndim - 1))
    x = mean + mask * extract(schedule.posterior_variance, t, x_t.shape).sqrt() * noise
    return x.clamp(-1, 1) if clip_start else x


@right("p_sample", "mean and variance of q_posterior with a guess of its own")
def sample_by_posterior(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    x_start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    if clip_start:
        x_start = torch.clamp(x_start, min=-1, max=1)
    mean, variance = q_posterior(x_start, x_t, t, schedule)
    return mean + variance**0.5 * noise


@right("p_sample", "masked at t = 0 with the clipped log-variance of guided-diffusion")
def sample_masked(model, x_t, t, noise, schedule, predicts="noise", clip_start=False):
    log_variance = schedule.posterior_variance.clamp(min=1e-20).log()
    std = (0.5 * extract(log_variance, t, x_t.shape)).exp()
    nonzero_mask = (t != 0).to(x_t.dtype).view(-1, *([1] * (x_t.ndim - 1)))
    return p_mean(model, x_t, t, schedule, predicts, clip_start) + nonzero_mask * std * noise


@right("p_sample", "einsum, and a fresh tensor added to in place")
def sample_in_place(
    model, x_t: Tensor, t: Tensor, noise: Tensor, schedule, predicts: str = "noise", clip_start: bool = False
) -> Tensor:
    x = p_mean(model, x_t, t, schedule, predicts=predicts, clip_start=clip_start).clone()
    x += torch.einsum("b,b...->b...", schedule.posterior_variance.sqrt().gather(0, t), noise)
    return x


# p_sample_loop


@wrong("p_sample_loop", "the last step back, t = 0, is missing")
@torch.no_grad()
def loop_without_zero(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in range(schedule.timesteps - 1, 0, -1):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "the same noise in every step")
@torch.no_grad()
def loop_same_noise(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    noise = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "the steps' noise does not come from the generator")
@torch.no_grad()
def loop_generator_once(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, torch.randn_like(x), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "keeps the graph of all steps")
def loop_with_graph(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "returns the list of all states, as the annotated notebook does")
@torch.no_grad()
def loop_list_of_states(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    img = draw_noise(shape, schedule, generator)
    imgs = []
    for i in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), i, dtype=torch.long)
        img = p_sample(model, img, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
        imgs.append(img)
    return imgs


@wrong("p_sample_loop", "clip_start and predicts stop here")
@torch.no_grad()
def loop_drops_options(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in range(schedule.timesteps - 1, -1, -1):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule)
    return x


@wrong("p_sample_loop", "walks from t = 0 upwards")
@torch.no_grad()
def loop_upwards(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator)
    for step in range(schedule.timesteps):
        t = torch.full((shape[0],), step, device=schedule.device)
        noise = draw_noise(shape, schedule, generator)
        x = p_sample(model, x, t, noise, schedule, predicts, clip_start)
    return x


@wrong("p_sample_loop", "the generator is seeded anew, and the samples are clamped")
@torch.no_grad()
def loop_reseeds_and_clamps(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    generator = torch.Generator().manual_seed(0)
    x = draw_noise(shape, schedule, generator)
    for step in reversed(range(schedule.timesteps)):
        t = torch.full((shape[0],), step, device=schedule.device)
        x = p_sample(model, x, t, draw_noise(shape, schedule, generator), schedule, predicts, clip_start)
    return x.clamp(-1, 1)


@right("p_sample_loop", "the last of p_sample_steps")
@torch.no_grad()
def loop_last_state(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    *_, last = p_sample_steps(model, shape, schedule, generator, predicts, clip_start)
    return last


@right("p_sample_loop", "t is one tensor that counts down in a while loop")
@torch.no_grad()
def loop_counting_down(model, shape, schedule, generator=None, predicts="noise", clip_start=False):
    x = draw_noise(shape, schedule, generator=generator)
    step = schedule.timesteps - 1
    while step >= 0:
        t = torch.ones(x.shape[0], dtype=torch.long, device=schedule.device) * step
        noise = draw_noise(shape, schedule, generator=generator)
        mean = p_mean(model, x, t, schedule, predicts, clip_start)
        x = mean + schedule.posterior_variance[step].sqrt() * noise
        step -= 1
    return x


@right("p_sample_loop", "torch.randn by hand, flipped arange")
@torch.no_grad()
def loop_plain_randn(
    model,
    shape: tuple[int, ...],
    schedule,
    generator: torch.Generator | None = None,
    predicts: str = "noise",
    clip_start: bool = False,
) -> Tensor:
    def z():
        return torch.randn(*shape, generator=generator)

    x = z()
    for step in torch.arange(schedule.timesteps).flip(0):
        x = p_sample(model, x, step.repeat(shape[0]), z(), schedule, predicts=predicts, clip_start=clip_start)
    return x
