"""Quiz `bits_per_dimension` of chapter 11."""

import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.special import log_ndtr

from course_lib import evaluation
from course_lib.checker.quiz import Quiz
from course_lib.evaluation import BIN, bin_log_probability
from course_lib.forward import extract, q_posterior, q_sample, q_step
from course_lib.objective import kl_between_gaussians
from course_lib.quizzes.inputs import ToyDenoiser, mixed_t
from course_lib.reverse import p_mean, predict_start
from course_lib.schedules import NoiseSchedule
from course_lib.types import BetaSchedule, Predicts


def grey_levels(g: torch.Generator, *shape: int) -> Tensor:
    """Images in [-1, 1] of 256 levels; about one number in five is black, and one in five white."""
    return (150 * torch.randn(shape, generator=g) + 128).round().clamp(0, 255) / 127.5 - 1


def images_and_variances(g: torch.Generator) -> list[tuple]:
    """Every kind of prediction, clipped or not, and variances between beta-tilde and beta, and others.

    In the second the batch is as large as the last axis: there a missing reshape raises nothing. In the one with v
    clipped no row has t = 0.
    """
    model = ToyDenoiser().requires_grad_(False)
    kinds: list[tuple[tuple[int, ...], BetaSchedule, int, Predicts, bool]] = [
        ((5, 1, 4, 6), "linear", 1000, "noise", False),
        ((6, 3, 2, 6), "cosine", 30, "noise", True),
        ((7, 1, 3, 5), "linear", 200, "start", True),
        ((8, 2, 4, 3), "quadratic", 50, "v", False),
        ((4, 1, 5, 2), "cosine", 20, "v", True),
        ((6, 1, 3, 4), "sigmoid", 300, "start", False),
    ]
    cases: list[tuple] = []
    for shape, name, timesteps, predicts, clip_start in kinds:
        schedule = NoiseSchedule.from_name(name, timesteps)
        low = schedule.posterior_variance.clamp(min=float(schedule.posterior_variance[1]))
        share = torch.rand(timesteps, generator=g)
        variance = (1.5 if len(cases) == 3 else 1) * low**share * schedule.betas ** (1 - share)
        if predicts == "start":  # at t = 0 this model is off by up to 0.5, which must not be beyond what a float holds
            variance = variance.clamp(min=1e-3)
        noise = torch.randn(shape, generator=g)
        options = () if (predicts, clip_start) == ("noise", False) else (predicts, clip_start)
        t = mixed_t(g, shape[0], timesteps).clamp(min=1 if predicts == "v" and clip_start else 0)
        cases.append((model, grey_levels(g, *shape), t, noise, schedule, variance, *options))
    return cases


bits_per_dimension = Quiz(
    evaluation.bits_per_dimension,
    cases=images_and_variances,
    points=5,
    minutes=20,
    difficulty=4,
    importance=4,
    hints=(
        "Where t > 0 there are two Gaussians for x_{t-1}: the exact one, which knows x_0, and the model's. "
        "At t = 0 only the model's is left: how probable does it make the pixel?",
        "`q_posterior` gives mean and variance of the first, `p_mean` and `extract(variance, t, ...)` of the second. "
        "Choose between KL and -log probability row by row: `torch.where`.",
        "nats = torch.where((t == 0).reshape(-1, 1, 1, 1), -bin_log_probability(x_start, mean, chosen), "
        "kl_between_gaussians(exact_mean, exact_variance, mean, chosen)); the mean over each image, / math.log(2)",
    ),
    atol=1e-5,
)

RESULT = "return nats.flatten(1).mean(dim=1) / math.log(2)"
WHERE = "torch.where(first, -bin_log_probability(x_start, mean, chosen), kl)"
KL = "kl_between_gaussians(exact_mean, exact_variance, mean, chosen)"
MEAN = "p_mean(model, x_t, t, schedule, predicts, clip_start)"
CHOSEN = "extract(variance, t, x_start.shape)"

# The unit
bits_per_dimension.edits(
    nats=(
        "/ math.log(2) ->",
        "The result is in nats. A bit is log 2 nats.",
    ),
    times_log_two=(
        "/ math.log(2) -> * math.log(2)",
        "The nats are multiplied by log 2. A bit is smaller than a nat, so there are more of them.",
    ),
    bits_per_image=(
        "nats.flatten(1).mean(dim=1) -> nats.flatten(1).sum(dim=1)",
        "These are the bits of a whole image. Asked are bits per number of it: a mean, not a sum.",
    ),
    nats_per_image=(
        f"{RESULT} -> return nats.flatten(1).sum(dim=1)",
        "These are the nats of a whole image. Asked are bits, and per number of the image.",
    ),
    one_number_for_the_batch=(
        "nats.flatten(1).mean(dim=1) -> nats.mean()",
        "One number for the whole batch comes back. Each image has its own t and its own bits: (B,).",
    ),
    one_number_per_pixel=(
        "nats.flatten(1).mean(dim=1) -> nats",
        "The bits of each pixel come back. Take their mean over each image: (B,).",
    ),
    one_number_per_channel=(
        "nats.flatten(1).mean(dim=1) -> nats.flatten(2).mean(dim=2)",
        "The mean is taken for each channel by itself. It runs over the channels, too: (B,).",
    ),
    bits_of_all_steps=(
        f"{RESULT} -> return schedule.timesteps * nats.flatten(1).mean(dim=1) / math.log(2)",
        "The result is T times too large: an estimate of all steps from this one. Here it is what step t alone costs.",
    ),
    with_the_prior=(
        f"{RESULT} -> return nats.flatten(1).mean(dim=1) / math.log(2) + prior_bits(x_start, schedule)",
        "The bound's last term, `prior_bits`, is in each step. It comes once, after all steps.",
    ),
    sign_turned_around=(
        f"{RESULT} -> return -nats.flatten(1).mean(dim=1) / math.log(2)",
        "The sign is turned around: that is a bound of log p. Bits are what a code costs, so they are positive.",
    ),
)

# The first step
bits_per_dimension.edits(
    kl_at_zero_too=(
        f"{WHERE} -> kl",
        "Infinite at t = 0: the exact variance is 0 there, and no Gaussian is close to a single point. "
        "What does the bound have instead?",
    ),
    kl_at_zero_with_a_floor=(
        f"{KL} -> kl_between_gaussians(exact_mean, exact_variance.clamp(min=1e-20), mean, chosen)",
        f"{WHERE} -> kl",
        "Huge at t = 0: a small number in the place of the variance 0 hides that there is no KL there. "
        "What does the bound have instead?",
    ),
    nothing_at_zero=(
        f"{WHERE} -> torch.where(first, torch.zeros_like(kl), kl)",
        "Step t = 0 costs nothing. But x_0 still has to be told, given x_t: with which probability?",
    ),
    bins_at_every_step=(
        f"{WHERE} -> -bin_log_probability(x_start, mean, chosen)",
        "At every t the cost is that of x_0. Where t > 0 the mean is one of x_{t-1}: which KL belongs there?",
    ),
    bins_at_t_one=(
        "(t == 0) -> (t == 1)",
        "The bins come in at t = 1, as in the paper, whose first step that is. Here the first step is t = 0.",
    ),
    first_step_with_the_wrong_sign=(
        "-bin_log_probability -> bin_log_probability",
        "At t = 0 the sign is wrong. The logarithm of a probability is below 0, and bits are above.",
    ),
    probability_of_x_t=(
        "-bin_log_probability(x_start, -> -bin_log_probability(x_t,",
        "At t = 0 it is the probability of x_t. x_t is known; x_0 is what has to be told.",
    ),
    density=(
        "-bin_log_probability(x_start, mean, chosen) -> "
        "0.5 * ((2 * math.pi * chosen).log() + (x_start - mean) ** 2 / chosen)",
        "At t = 0 it is a density, as in chapter 06. A pixel has 256 levels: which probability does a level get?",
    ),
    density_times_the_width=(
        "-bin_log_probability(x_start, mean, chosen) -> "
        "0.5 * ((2 * math.pi * chosen).log() + (x_start - mean) ** 2 / chosen) - math.log(BIN)",
        "At t = 0 the density is multiplied by the width of a level. "
        "That is wrong where the Gaussian is narrow, and for black and white, which have all that lies beyond.",
    ),
    squared_error_at_zero=(
        "-bin_log_probability(x_start, mean, chosen) -> 0.5 * (x_start - mean) ** 2 / chosen",
        "At t = 0 only the squared error counts. Asked is -log of a probability, which no squared error is.",
    ),
)


def scaled_bins(width):
    """`bin_log_probability` for levels `width` times as wide."""

    def wrong(x_start: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return bins(x_start, mean, variance, width, open_below=True, open_above=True)

    return wrong


def bins(x_start, mean, variance, width=1.0, open_below=False, open_above=False):
    std = variance.double().sqrt()
    upper, lower = ((x_start - mean + sign * width * BIN / 2).double() / std for sign in (1, -1))
    upper = torch.where((x_start > 1 - BIN / 2) & open_above, torch.inf, upper)
    lower = torch.where((x_start < -1 + BIN / 2) & open_below, -torch.inf, lower)
    mirror = upper + lower > 0
    high, low = torch.where(mirror, -lower, upper), torch.where(mirror, -upper, lower)
    return (log_ndtr(high) + (-torch.expm1(log_ndtr(low) - log_ndtr(high))).log()).to(x_start.dtype)


bits_per_dimension.swaps(
    edges_closed=(
        {"bin_log_probability": bins},
        "At t = 0 black and white are as narrow as the other levels. They also have all that lies beyond -1 and 1.",
    ),
    levels_twice_as_wide=(
        {"bin_log_probability": scaled_bins(2.0)},
        "At t = 0 the levels are twice as wide as they are. Half of a level's width lies on each side of it.",
    ),
    improbable_levels_cost_the_same=(
        {"bin_log_probability": lambda *given: bin_log_probability(*given).clamp(min=math.log(1e-12))},
        "At t = 0 no level costs more than 40 bits: the probability has a floor. Without it the cost grows with the "
        "square of the distance.",
    ),
    levels_half_as_wide=(
        {"bin_log_probability": scaled_bins(0.5)},
        "At t = 0 the levels are half as wide as they are. From -1 to 1 there are 255 steps.",
    ),
)

# KL
bits_per_dimension.edits(
    kl_reversed=(
        f"{KL} -> kl_between_gaussians(mean, chosen, exact_mean, exact_variance)",
        "The two Gaussians have changed places in the KL. The expectation is over the exact one, q.",
    ),
    means_alone=(
        f"{KL} -> (exact_mean - mean) ** 2 / (2 * chosen)",
        "Only the means are compared. The KL also sees that the two variances differ.",
    ),
    squared_distance_of_the_means=(
        f"{KL} -> (exact_mean - mean) ** 2",
        "It is the squared distance of the means. The KL divides it by a variance, and the variances count, too.",
    ),
    variance_is_beta=(
        f"{CHOSEN} -> extract(schedule.betas, t, x_start.shape)",
        "The variance is always beta_t. `variance` is an argument: where does it come in?",
    ),
    variance_is_beta_tilde=(
        f"{CHOSEN} -> extract(schedule.posterior_variance, t, x_start.shape)",
        "The variance is always beta-tilde_t, which is 0 at t = 0. `variance` is an argument: where does it come in?",
    ),
    variance_given_for_the_first_step_alone=(
        f"{KL} -> kl_between_gaussians(exact_mean, exact_variance, mean, exact_variance)",
        "In the KL both Gaussians have the exact variance. That of p is `variance`.",
    ),
    deviation_for_variance=(
        f"{CHOSEN} -> {CHOSEN}.sqrt()",
        "The standard deviation stands where the variance should. Both functions take variances, as they are.",
    ),
    variance_squared=(
        f"{CHOSEN} -> {CHOSEN}.square()",
        "The variance is squared, as if a standard deviation were given. `variance` is one already.",
    ),
    variance_taken_for_a_logarithm=(
        f"{CHOSEN} -> {CHOSEN}.exp()",
        "The variance is taken for a logarithm. Here it comes as it is.",
    ),
    variance_of_the_first_row=(
        f"{CHOSEN} -> variance[t[0]]",
        "Every row has the variance of the first row's t. Each row has its own.",
    ),
    variance_along_the_last_axis=(
        f"{CHOSEN} -> variance[t]",
        "The variances, (B,), line up with the last axis, the width. `extract` puts them on the batch axis.",
    ),
    variance_one_step_before=(
        f"{CHOSEN} -> extract(variance, (t - 1) % schedule.timesteps, x_start.shape)",
        "The variance is looked up at t - 1, and at t = 0 that is the *last* one. variance[t] belongs to step t.",
    ),
    variance_one_step_before_but_at_zero=(
        f"{CHOSEN} -> extract(variance, (t - 1).clamp(min=0), x_start.shape)",
        "Except at t = 0 the variance is looked up at t - 1. variance[t] belongs to step t.",
    ),
)

# The means
bits_per_dimension.edits(
    predicts_ignored=(
        "schedule, predicts, clip_start -> schedule, 'noise', clip_start",
        "The model is always taken for one that predicts noise. Where does `predicts` come in?",
    ),
    clip_start_ignored=(
        "schedule, predicts, clip_start -> schedule, predicts, False",
        "Nothing is clipped. Where does `clip_start` come in?",
    ),
    always_clipped=(
        "schedule, predicts, clip_start -> schedule, predicts, True",
        "The predicted x_0 is always clipped, also where `clip_start` is False.",
    ),
    both_options_ignored=(
        "schedule, predicts, clip_start -> schedule",
        "`predicts` and `clip_start` change nothing. Which function wants them?",
    ),
    mean_clipped=(
        f"{MEAN} -> {MEAN}.clamp(-1, 1)",
        "The model's mean is clipped to [-1, 1]. x_{t-1} is noisy and may leave that range.",
    ),
    model_sees_the_start=(
        f"{MEAN} -> p_mean(model, x_start, t, schedule, predicts, clip_start)",
        "The model sees the clean image. It should see x_t, and nothing else of x_0.",
    ),
    mean_at_the_first_t=(
        f"{MEAN} -> p_mean(model, x_t, t[:1].expand_as(t), schedule, predicts, clip_start)",
        "The model's mean is that of the first row's t, for all rows. Each row has its own t.",
    ),
    output_for_the_mean=(
        f"{MEAN} -> model(x_t, t)",
        "What the model says stands where the mean of x_{t-1} should. Which function makes a mean of it?",
    ),
    noise_drawn_anew=(
        "q_sample(x_start, t, noise, schedule) -> q_sample(x_start, t, torch.randn_like(noise), schedule)",
        "The noise is drawn anew, so each call has another result. It comes in as `noise`.",
    ),
    noise_left_out=(
        "q_sample(x_start, t, noise, schedule) -> q_sample(x_start, t, torch.zeros_like(noise), schedule)",
        "x_t has no noise in it. Where does `noise` come in?",
    ),
    exact_mean_without_x_t=(
        "q_posterior(x_start, x_t, t, schedule) -> "
        "extract(schedule.alphas_cumprod_prev, t, x_t.shape).sqrt() * x_start, "
        "extract(1 - schedule.alphas_cumprod_prev, t, x_t.shape)",
        "The first Gaussian is q(x_{t-1} | x_0). The bound has the posterior, which knows x_t as well.",
    ),
)


def clipped_start(model, x_t, t, schedule, predicts, clip_start):
    start = predict_start(model(x_t, t), x_t, t, schedule, predicts)
    return start.clamp(-1, 1) if clip_start else start


bits_per_dimension.swaps(
    x_t_is_one_step=(
        {"q_sample": q_step},
        "x_t has the noise of one step. From x_0 to x_t there are t + 1 of them.",
    ),
    predicted_start_for_the_mean=(
        {"p_mean": clipped_start},
        "The predicted x_0 stands where the mean of x_{t-1} should. `p_mean` has the step back.",
    ),
)


# Row by row
def _deciding(decide):
    """One `if` for the whole batch."""

    def attempt(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
        x_t = q_sample(x_start, t, noise, schedule)
        mean, chosen = p_mean(model, x_t, t, schedule, predicts, clip_start), extract(variance, t, x_t.shape)
        nats = kl_between_gaussians(*q_posterior(x_start, x_t, t, schedule), mean, chosen)
        if decide(t):
            nats = -bin_log_probability(x_start, mean, chosen)
        return nats.flatten(1).mean(dim=1) / math.log(2)

    return attempt


def deciding(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False, *, decide=None):
    return _deciding(decide)(model, x_start, t, noise, schedule, variance, predicts, clip_start)


bits_per_dimension.variants(
    deciding,
    any_row_decides=(
        {"decide": lambda t: (t == 0).any()},
        "If one row has t = 0, all rows are treated as if they had. Each row has its own t.",
    ),
    first_row_decides=(
        {"decide": lambda t: t[0] == 0},
        "The first row decides for all, whether its t is 0 or not. Each row has its own t.",
    ),
    all_rows_decide=(
        {"decide": lambda t: (t == 0).all()},
        "Right only if no row has t = 0, or every row has. Where they are mixed, choose for each row.",
    ),
)


@bits_per_dimension.alternative("One image after the other, with an `if` for its own t.")
def image_by_image(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    bits = []
    for i, step in enumerate(t.tolist()):
        x, at = x_start[i : i + 1], t[i : i + 1]
        x_t = q_sample(x, at, noise[i : i + 1], schedule)
        mean = p_mean(model, x_t, at, schedule, predicts, clip_start)
        if step == 0:
            nats = -bin_log_probability(x, mean, variance[step])
        else:
            nats = kl_between_gaussians(*q_posterior(x, x_t, at, schedule), mean, variance[step])
        bits.append(nats.mean() / math.log(2))
    return torch.stack(bits)


@bits_per_dimension.alternative("Both costs for every image, each in bits; then one of the two by t.")
def one_of_two_costs(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    def bits(nats):
        return (nats / math.log(2)).mean(dim=(1, 2, 3))

    x_t = q_sample(x_start, t, noise, schedule)
    p = p_mean(model, x_t, t, schedule, predicts, clip_start), variance[t][:, None, None, None]
    step, last = kl_between_gaussians(*q_posterior(x_start, x_t, t, schedule), *p), bin_log_probability(x_start, *p)
    return torch.where(t == 0, -bits(last), bits(step))


@bits_per_dimension.alternative("`torch.distributions` for the KL; the rows with t = 0 are put in their places later.")
def places_filled_later(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t = q_sample(x_start, t, noise, schedule)
    p = Normal(p_mean(model, x_t, t, schedule, predicts, clip_start), variance[t].sqrt().view(-1, 1, 1, 1))
    mean, tilde = q_posterior(x_start, x_t, t, schedule)
    nats = kl_divergence(Normal(mean, tilde.clamp(min=1e-20).sqrt()), p)
    start = t == 0
    nats[start] = -bin_log_probability(x_start[start], p.mean[start], variance[t[start]].view(-1, 1, 1, 1))
    return nats.mean(dim=(1, 2, 3)) / torch.tensor(2.0, device=t.device).log()


@bits_per_dimension.alternative(
    "The KL written out, with logarithms of base 2, and the bins from a distribution function."
)
def written_out(model, x_start, t, noise, schedule, variance, predicts="noise", clip_start=False):
    x_t = q_sample(x_start, t, noise, schedule)
    mean = p_mean(model, x_t, t, schedule, predicts, clip_start).double()
    v2 = extract(variance, t, x_start.shape).double()
    true_mean, v1 = (value.double() for value in q_posterior(x_start, x_t, t, schedule))
    spread = (v1 + (true_mean - mean) ** 2) / v2 - 1
    kl = (torch.log2(v2) - torch.log2(v1.clamp(min=1e-30)) + spread / math.log(2)) / 2
    below = ((x_start - BIN / 2 - mean) / v2.sqrt()).masked_fill(x_start < -0.999, -math.inf)
    above = ((x_start + BIN / 2 - mean) / v2.sqrt()).masked_fill(x_start > 0.999, math.inf)
    flip = torch.where(below + above > 0, -1, 1) / math.sqrt(2)  # far out on the right both would be 1
    inside = (torch.erfc(-flip * above) - torch.erfc(-flip * below)).abs() / 2
    bits = torch.where((t == 0).view(-1, 1, 1, 1), -torch.log2(inside), kl)
    return bits.flatten(1).mean(1).to(x_start.dtype)
