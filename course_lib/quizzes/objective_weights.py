"""More quizzes of chapter 06: the terms of the bound, and what each step's error counts."""

import torch
from torch.distributions import Normal, kl_divergence

from course_lib import objective
from course_lib.quizzes.cases import mixed_t
from course_lib.quizzes.catalogue import Quiz
from course_lib.schedules import NoiseSchedule

# KL between Gaussians


def gaussian_pairs(g: torch.Generator) -> list[tuple]:
    """Means and variances: all of one shape; one variance for each row, as from `q_posterior`; the same Gaussian."""

    def draw(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.randn(shape, generator=g), 0.2 + 2 * torch.rand(shape, generator=g)

    mean1, variance1 = draw(3, 4)
    mean2, variance2 = draw(3, 4)
    tall = draw(3, 1)[1]
    return [
        (mean1, variance1, mean2, variance2),
        (mean1, tall, mean2, 2 * tall),
        (mean1[0], variance1[0], mean1[0], variance1[0]),
    ]


kl_between_gaussians = Quiz(
    objective.kl_between_gaussians,
    cases=gaussian_pairs,
    points=2,
    minutes=8,
    hints=(
        "Two parts: how far the means are apart, measured in the second one's spread, "
        "and how different the spreads are.",
        "Write E over the first of log p1 - log p2. "
        "The square (x - mean2)² has the expectation variance1 + (mean1 - mean2)².",
        "(log(variance2 / variance1) + (variance1 + (mean1 - mean2)²) / variance2 - 1) / 2",
    ),
)


@kl_between_gaussians.mistake(
    "The two Gaussians have changed places, and KL is not symmetric. Over which of them is the expectation?"
)
def kl_the_other_way(mean1, variance1, mean2, variance2):
    return kl_between(mean2, variance2, mean1, variance1)


def kl_between(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1.sqrt()), Normal(mean2, variance2.sqrt()))


@kl_between_gaussians.mistake(
    "You treat the variances as standard deviations and square them. What do the arguments' names say?"
)
def kl_of_deviations(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1**2, mean2, variance2**2)


@kl_between_gaussians.mistake("KL of a Gaussian with itself should be 0. Which constant is missing?")
def kl_without_minus_one(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2)


@kl_between_gaussians.mistake(
    "Twice too much: the logarithm of a Gaussian density has a factor in front of everything here. Which?"
)
def kl_without_half(mean1, variance1, mean2, variance2):
    return 2 * kl_between(mean1, variance1, mean2, variance2)


@kl_between_gaussians.mistake(
    "The logarithm of the variances comes in whole, the rest is halved. "
    "Which power of the variance stands in a density?"
)
def kl_log_not_halved(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2) + 0.5 * (variance2 / variance1).log()


@kl_between_gaussians.mistake("The square in the denominator is one too many: `variance2` is a square already.")
def kl_over_the_squared_variance(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2) ** 2) / variance2**2 - 1)


@kl_between_gaussians.mistake(
    "The logarithm does not count both spreads: where did the normalising constants of the densities go?"
)
def kl_without_log(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


@kl_between_gaussians.mistake(
    "The fraction in the logarithm is upside down. With equal means, a wider second Gaussian must not make KL negative."
)
def kl_log_upside_down(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance1 / variance2).log() + (variance1 + (mean1 - mean2) ** 2) / variance2 - 1)


@kl_between_gaussians.mistake(
    "Only the means count in yours. If the variances differ, something is left even for equal means: what?"
)
def kl_of_means_only(mean1, variance1, mean2, variance2):
    return (mean1 - mean2) ** 2 / (2 * variance2)


@kl_between_gaussians.mistake("Only the spreads count in yours. Where do the means come in?")
def kl_of_variances_only(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean1, variance2)


@kl_between_gaussians.mistake("The distance of the means comes in without its square. Where does (x - mean2)² lead?")
def kl_distance_not_squared(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + (variance1 + (mean1 - mean2).abs()) / variance2 - 1)


@kl_between_gaussians.mistake(
    "The distance of the means is measured with the first Gaussian's variance. Whose density is it that x has to fit?"
)
def kl_measured_by_the_first(mean1, variance1, mean2, variance2):
    return 0.5 * ((variance2 / variance1).log() + variance1 / variance2 + (mean1 - mean2) ** 2 / variance1 - 1)


@kl_between_gaussians.mistake(
    "That counts in bits, with the logarithm of base 2. The bound adds up nats: which logarithm is that?"
)
def kl_in_bits(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2) / torch.tensor(2.0).log()


@kl_between_gaussians.mistake(
    "You sum everything up to one number. Each element has its own KL here; who calls it decides what to average."
)
def kl_summed(mean1, variance1, mean2, variance2):
    return kl_between(mean1, variance1, mean2, variance2).sum()


@kl_between_gaussians.alternative
def kl_by_torch(mean1, variance1, mean2, variance2):
    return kl_divergence(Normal(mean1, variance1**0.5), Normal(mean2, variance2**0.5))


@kl_between_gaussians.alternative
def kl_from_log_variances(mean1, variance1, mean2, variance2):
    a, b = variance1.log(), variance2.log()
    return 0.5 * (-1.0 + b - a + torch.exp(a - b) + (mean1 - mean2) ** 2 * torch.exp(-b))


@kl_between_gaussians.alternative
def cross_entropy_minus_entropy(mean1, variance1, mean2, variance2):
    cross = 0.5 * (2 * torch.pi * variance2).log() + (variance1 + (mean1 - mean2).square()) / (2 * variance2)
    return cross - 0.5 * (2 * torch.pi * torch.e * variance1).log()


# Weights by SNR


def steps_and_gammas(g: torch.Generator) -> list[tuple]:
    """Each kind of prediction, with steps on both sides of SNR = gamma; the last leaves out what has a default."""
    linear, cosine = NoiseSchedule.from_name("linear", 1000), NoiseSchedule.from_name("cosine", 40)
    return [
        (mixed_t(g, 12, 1000), linear, "noise", 5.0),
        (mixed_t(g, 12, 1000), linear, "start", 5.0),
        (mixed_t(g, 12, 40), cosine, "v", 5.0),
        (torch.arange(40), cosine, "noise", 1.0),
        (torch.arange(40), cosine, "start", 20.0),
        (torch.arange(40), cosine, "v", 20.0),
        (torch.arange(40).flip(0), cosine),
    ]


snr_weight = Quiz(
    objective.snr_weight,
    cases=steps_and_gammas,
    points=3,
    minutes=10,
    hints=(
        "Begin with a network that predicts x_0: its error counts SNR, but never more than gamma.",
        "How does an error in the noise, or in v, show in x_0? By 1 / SNR and by 1 / (SNR + 1): "
        'divide the weight of "start" by that much.',
        'm = min(SNR, gamma): "start" m, "noise" m / SNR, "v" m / (SNR + 1)',
    ),
)


def ratio_at(t, schedule):
    return (schedule.sqrt_alphas_cumprod[t] / schedule.sqrt_one_minus_alphas_cumprod[t]) ** 2


def shares(ratio, predicts):
    return {"start": torch.ones_like(ratio), "noise": ratio, "v": ratio + 1}[predicts]


@snr_weight.mistake(
    'You give "start", "noise" and "v" the same weight. '
    "An error of 1 in the noise is not an error of 1 in x_0: how do you convert it?"
)
def the_same_for_all(t, schedule, predicts="noise", gamma=5.0):
    return ratio_at(t, schedule).clamp(max=gamma)


@snr_weight.mistake("Always as if the noise were predicted. What does `predicts` change?")
def always_as_noise(t, schedule, predicts="noise", gamma=5.0):
    return ratio_at(t, schedule).clamp(max=gamma) / ratio_at(t, schedule)


@snr_weight.mistake(
    "max instead of min: the weight should be held down where there is hardly any noise, not pushed up."
)
def larger_of_the_two(t, schedule, predicts="noise", gamma=5.0):
    return ratio_at(t, schedule).clamp(min=gamma) / shares(ratio_at(t, schedule), predicts)


@snr_weight.mistake(
    "Nothing is held down: without the min the weight is that of a plain x_0 loss. Where does gamma come in?"
)
def never_clamped(t, schedule, predicts="noise", gamma=5.0):
    return ratio_at(t, schedule) / shares(ratio_at(t, schedule), predicts)


@snr_weight.mistake("Upside down: you clamp noise over signal. SNR is large where t is small.")
def noise_to_signal_weight(t, schedule, predicts="noise", gamma=5.0):
    ratio = 1 / ratio_at(t, schedule)
    return ratio.clamp(max=gamma) / shares(ratio, predicts)


@snr_weight.mistake('For "v" you divide by SNR, as for the noise. v is part noise and part x_0: what has to be added?')
def v_as_noise(t, schedule, predicts="noise", gamma=5.0):
    return ratio_at(t, schedule).clamp(max=gamma) / shares(
        ratio_at(t, schedule), "noise" if predicts == "v" else predicts
    )


@snr_weight.mistake('"start" and "noise" have changed places. Which of the two errors is measured in x_0 already?')
def start_and_noise_swapped(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    return ratio.clamp(max=gamma) / shares(ratio, {"start": "noise", "noise": "start", "v": "v"}[predicts])


@snr_weight.mistake("gamma has no effect: it is 5 only unless the caller says otherwise.")
def gamma_is_five(t, schedule, predicts="noise", gamma=5.0):
    return ratio_at(t, schedule).clamp(max=5.0) / shares(ratio_at(t, schedule), predicts)


@snr_weight.mistake("That is the ratio of amplitudes. SNR compares variances, so what happens to the ratio?")
def amplitudes_instead_of_variances(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule).sqrt()
    return ratio.clamp(max=gamma) / shares(ratio, predicts)


@snr_weight.mistake("You clamp the logarithm of SNR. It is handy for drawing; the weight needs SNR itself.")
def clamped_logarithm(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    return ratio.log().clamp(max=gamma) / shares(ratio, predicts)


@snr_weight.mistake("This is made from a single step, alpha over beta. SNR at t counts all steps so far.")
def ratio_of_one_step(t, schedule, predicts="noise", gamma=5.0):
    ratio = (schedule.alphas / schedule.betas)[t]
    return ratio.clamp(max=gamma) / shares(ratio, predicts)


@snr_weight.mistake(
    "A weight for every step of the schedule comes back. Asked are those of `t`, one for each row of the batch."
)
def weights_of_all_steps(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(torch.arange(schedule.timesteps), schedule)
    return ratio.clamp(max=gamma) / shares(ratio, predicts)


@snr_weight.mistake("Every row gets the weight of the first t. A batch has as many t as rows.")
def weight_of_the_first_row(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t[:1].expand(len(t)), schedule)
    return ratio.clamp(max=gamma) / shares(ratio, predicts)


@snr_weight.alternative
def with_minimum(t, schedule, predicts="noise", gamma=5.0):
    snr = schedule.alphas_cumprod[t] / (1 - schedule.alphas_cumprod[t])
    weight = torch.minimum(snr, torch.full_like(snr, gamma))
    if predicts == "noise":
        weight = weight / snr
    elif predicts == "v":
        weight = weight / (snr + 1)
    return weight


@snr_weight.alternative
def looked_up_at_the_end(t, schedule, predicts="noise", gamma=5.0):
    signal = schedule.alphas_cumprod
    noise = 1 - signal
    every = torch.where(signal > gamma * noise, gamma, signal / noise)
    return (every * {"start": 1, "noise": noise / signal, "v": noise}[predicts])[t]


@snr_weight.alternative
def as_weights_of_the_noise_first(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    of_noise = (gamma / ratio).clamp(max=1)
    return of_noise * {"start": ratio, "noise": 1, "v": ratio / (1 + ratio)}[predicts]
