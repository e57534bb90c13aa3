"""Quiz `snr_weight` of chapter 06."""

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import mixed_t
from course_lib.schedules import NoiseSchedule


def steps_and_gammas(g: torch.Generator) -> list[tuple]:
    """Each kind of prediction, steps on both sides of SNR = gamma, once a single row; the last leaves out options."""
    linear, cosine = NoiseSchedule.from_name("linear", 1000), NoiseSchedule.from_name("cosine", 40)
    return [
        (mixed_t(g, 12, 1000), linear, "noise", 5.0),
        (mixed_t(g, 12, 1000), linear, "start", 5.0),
        (mixed_t(g, 12, 40), cosine, "v", 5.0),
        (torch.arange(40), cosine, "noise", 1.0),
        (torch.arange(40), cosine, "start", 20.0),
        (torch.arange(40), cosine, "v", 20.0),
        (torch.tensor([30]), cosine, "v", 1.0),
        (torch.arange(40).flip(0), cosine),
    ]


snr_weight = Quiz(
    objective.snr_weight,
    cases=steps_and_gammas,
    points=3,
    minutes=10,
    difficulty=4,
    importance=3,
    hints=(
        "Begin with a network that predicts x_0: its error counts SNR, but never more than gamma.",
        "How does an error in the noise, or in v, show in x_0? By 1 / SNR and by 1 / (SNR + 1): "
        'divide the weight of "start" by that much.',
        'm = min(SNR, gamma): "start" m, "noise" m / SNR, "v" m / (SNR + 1)',
    ),
    atol=1e-6,  # at small t the weight of the noise is small, and should be right all the same
)


def ratio_at(t, schedule):
    return (schedule.sqrt_alphas_cumprod[t] / schedule.sqrt_one_minus_alphas_cumprod[t]) ** 2


def smaller(ratio, gamma):
    return ratio.clamp(max=gamma)


def same(ratio):
    return ratio


def plus_one(ratio):
    return ratio + 1


def weighted(
    t,
    schedule,
    predicts="noise",
    gamma=5.0,
    *,
    ratio=ratio_at,
    held=smaller,
    start=torch.ones_like,
    noise=same,
    v=plus_one,
):
    """Right without options: SNR held down at gamma, divided by what the prediction's error counts already."""
    found = ratio(t, schedule)
    return held(found, gamma) / {"start": start, "noise": noise, "v": v}[predicts](found)


# What it is divided by
snr_weight.variants(
    weighted,
    the_same_for_all=(
        {"noise": torch.ones_like, "v": torch.ones_like},
        '"start", "noise" and "v" get the same weight. '
        "An error of 1 in the noise is not an error of 1 in x_0: how do you convert it?",
    ),
    always_as_noise=(
        {"start": same, "v": same},
        "Always as if the noise were predicted. What does `predicts` change?",
    ),
    always_as_v=(
        {"start": plus_one, "noise": plus_one},
        "All three get the weight of v. The other two are divided by something else.",
    ),
    start_and_noise_swapped=(
        {"start": same, "noise": torch.ones_like},
        '"start" and "noise" have changed places. Which of the two errors is measured in x_0 already?',
    ),
    noise_as_start=(
        {"noise": torch.ones_like},
        '"noise" gets the weight of "start". By what does an error in the noise become one in x_0?',
    ),
    noise_as_v=(
        {"noise": plus_one},
        'The weight of "noise" is divided by SNR + 1, which belongs to v. What is it for the noise?',
    ),
    start_as_noise=(
        {"start": same},
        'The weight of "start" is divided by SNR. An error in x_0 needs no conversion.',
    ),
    v_as_noise=(
        {"v": same},
        'For "v" the weight is divided by SNR, as for the noise. v is part noise and part x_0: what has to be added?',
    ),
    v_as_start=(
        {"v": torch.ones_like},
        '"v" gets the weight of "start". v has a share of x_0, not all of it.',
    ),
    v_minus_one=(
        {"v": lambda ratio: ratio - 1},
        'For "v" the divisor is SNR - 1, which may be 0 or less. Which sign has the 1 in the text above?',
    ),
    v_multiplied=(
        {"v": lambda ratio: 1 / (ratio + 1)},
        'The weight of "v" is multiplied by SNR + 1. A plain loss on v counts that much in x_0 already.',
    ),
    multiplied_by_its_share=(
        {"noise": torch.reciprocal, "v": lambda ratio: 1 / (ratio + 1)},
        "The shares of noise and v are multiplied in, not divided out. "
        "A plain loss on the noise counts SNR times too much in x_0 already.",
    ),
)

# What is held down, and how
snr_weight.variants(
    weighted,
    larger_of_the_two=(
        {"held": lambda ratio, gamma: ratio.clamp(min=gamma)},
        "max instead of min: the weight should be held down where there is hardly any noise, not pushed up.",
    ),
    never_clamped=(
        {"held": lambda ratio, gamma: ratio},
        "Nothing is held down, however large SNR becomes. Where does gamma come in?",
    ),
    always_gamma=(
        {"held": lambda ratio, gamma: torch.full_like(ratio, gamma)},
        "gamma stands where min(SNR, gamma) should, also at steps whose SNR is smaller.",
    ),
    divided_by_gamma=(
        {"held": lambda ratio, gamma: (ratio / gamma).clamp(max=1)},
        "All is divided by gamma, as if the largest weight had to be 1. gamma only cuts off.",
    ),
    gamma_is_five=(
        {"held": lambda ratio, gamma: ratio.clamp(max=5)},
        "gamma has no effect: it is 5 only unless the caller says otherwise.",
    ),
    clamped_logarithm=(
        {"held": lambda ratio, gamma: ratio.log().clamp(max=gamma)},
        "The logarithm of SNR is held down at gamma. It is handy for drawing; the weight needs SNR itself.",
    ),
)

# Which SNR
snr_weight.variants(
    weighted,
    noise_to_signal_weight=(
        {"ratio": lambda t, schedule: 1 / ratio_at(t, schedule)},
        "Upside down: it is made from noise over signal. SNR is large where t is small.",
    ),
    amplitudes_instead_of_variances=(
        {"ratio": lambda t, schedule: ratio_at(t, schedule).sqrt()},
        "That is the ratio of amplitudes. SNR compares variances, so what happens to the ratio?",
    ),
    signal_for_the_ratio=(
        {"ratio": lambda t, schedule: schedule.alphas_cumprod[t]},
        "alpha-bar stands in the place of SNR. It is the signal alone: what is it divided by?",
    ),
    ratio_squared=(
        {"ratio": lambda t, schedule: ratio_at(t, schedule) ** 2},
        "This is made from the square of SNR. alpha-bar and 1 - alpha-bar are variances already.",
    ),
    ratio_of_one_step=(
        {"ratio": lambda t, schedule: (schedule.alphas / schedule.betas)[t]},
        "This is made from a single step, alpha over beta. SNR at t counts all steps so far.",
    ),
    weights_of_all_steps=(
        {"ratio": lambda t, schedule: ratio_at(torch.arange(schedule.timesteps), schedule)},
        "A weight for every step of the schedule comes back. Asked are those of `t`, one for each row of the batch.",
    ),
    weight_of_the_first_row=(
        {"ratio": lambda t, schedule: ratio_at(t[:1].expand(len(t)), schedule)},
        "Every row gets the weight of the first t. A batch has as many t as rows.",
    ),
    ratio_counted_from_one=(
        {"ratio": lambda t, schedule: ratio_at(t - 1, schedule)},
        "SNR is looked up one step too early, and for t = 0 at the end of the schedule. Here t counts from 0.",
    ),
    ratio_counted_from_one_and_clamped=(
        {"ratio": lambda t, schedule: ratio_at((t - 1).clamp(min=0), schedule)},
        "SNR is that of one step earlier, except at t = 0. The paper counts from 1; here the first step is t = 0.",
    ),
)


@snr_weight.mistake(
    'For "v" it is SNR + 1 that is held down. '
    "An error in x_0 may count min(SNR, gamma), for all three: where does the 1 belong?"
)
def v_clamped_with_its_one(t, schedule, predicts="noise", gamma=5.0):
    share = ratio_at(t, schedule) + 1
    return share.clamp(max=gamma) / share if predicts == "v" else weighted(t, schedule, predicts, gamma)


@snr_weight.mistake(
    "That is what a plain loss counts in x_0, cut off at gamma. Asked is the factor that turns it into min(SNR, gamma)."
)
def plain_loss_clamped(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    return {"start": torch.ones_like(ratio), "noise": ratio, "v": ratio + 1}[predicts].clamp(max=gamma)


@snr_weight.mistake(
    'As if the division came first and the limit afterwards: then "noise" gets 1 at every t. '
    "Which of the two has to come first?"
)
def clamped_last(t, schedule, predicts="noise", gamma=5.0):
    return weighted(t, schedule, predicts, gamma, held=lambda ratio, gamma: ratio).clamp(max=gamma)


@snr_weight.mistake(
    "The weights are divided by their mean over the batch. Then a row's weight depends on which rows are beside it."
)
def divided_by_its_mean(t, schedule, predicts="noise", gamma=5.0):
    weight = weighted(t, schedule, predicts, gamma)
    return weight / weight.mean()


@snr_weight.mistake(
    "That is the weight of P2, 2204.00227: a power of SNR + 1. Min-SNR cuts off, and depends on what is predicted."
)
def weight_of_p2(t, schedule, predicts="noise", gamma=5.0):
    return (1 + ratio_at(t, schedule)) ** -gamma


@snr_weight.mistake("Shape (B, 1, 1, 1) fits the images; asked is (B,), one number a row. The loss adds the axes.")
def weight_with_axes(t, schedule, predicts="noise", gamma=5.0):
    return weighted(t, schedule, predicts, gamma).reshape(-1, 1, 1, 1)


@snr_weight.alternative("`torch.minimum`, then a division that depends on what is predicted.")
def with_minimum(t, schedule, predicts="noise", gamma=5.0):
    snr = schedule.alphas_cumprod[t] / (1 - schedule.alphas_cumprod[t])
    weight = torch.minimum(snr, torch.full_like(snr, gamma))
    if predicts == "noise":
        weight = weight / snr
    elif predicts == "v":
        weight = weight / (snr + 1)
    return weight


@snr_weight.alternative("The weights of all steps are computed, and looked up at the end.")
def looked_up_at_the_end(t, schedule, predicts="noise", gamma=5.0):
    signal = schedule.alphas_cumprod
    noise = 1 - signal
    every = torch.where(signal > gamma * noise, gamma, signal / noise)
    return (every * {"start": 1, "noise": noise / signal, "v": noise}[predicts])[t]


@snr_weight.alternative("It begins with the weight of the noise, min(1, gamma / SNR), and converts that.")
def as_weights_of_the_noise_first(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    of_noise = (gamma / ratio).clamp(max=1)
    return of_noise * {"start": ratio, "noise": 1, "v": ratio / (1 + ratio)}[predicts]
