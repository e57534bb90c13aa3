"""Quiz `snr_weight` of chapter 06."""

import torch

from course_lib import objective
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.inputs import mixed_t
from course_lib.schedules import NoiseSchedule


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
    atol=1e-6,  # at small t the weight of the noise is small, and should be right all the same
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


@snr_weight.mistake(
    'For "v" you clamp SNR + 1. An error in x_0 may count min(SNR, gamma), for all three: where does the 1 belong?'
)
def v_clamped_with_its_one(t, schedule, predicts="noise", gamma=5.0):
    share = shares(ratio_at(t, schedule), predicts)
    return (share if predicts == "v" else ratio_at(t, schedule)).clamp(max=gamma) / share


@snr_weight.mistake('For "v" you divide by SNR - 1, which may be 0 or less. Which sign has the 1 in the text above?')
def v_minus_one(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    return ratio.clamp(max=gamma) / (ratio - 1 if predicts == "v" else shares(ratio, predicts))


@snr_weight.mistake(
    "You multiply where you should divide. A plain loss on the noise counts SNR times too much in x_0 already."
)
def multiplied_by_its_share(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    return ratio.clamp(max=gamma) * shares(ratio, predicts)


@snr_weight.mistake(
    "That is what a plain loss counts in x_0, cut off at gamma. Asked is the factor that turns it into min(SNR, gamma)."
)
def plain_loss_clamped(t, schedule, predicts="noise", gamma=5.0):
    return shares(ratio_at(t, schedule), predicts).clamp(max=gamma)


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


@snr_weight.alternative("")
def with_minimum(t, schedule, predicts="noise", gamma=5.0):
    snr = schedule.alphas_cumprod[t] / (1 - schedule.alphas_cumprod[t])
    weight = torch.minimum(snr, torch.full_like(snr, gamma))
    if predicts == "noise":
        weight = weight / snr
    elif predicts == "v":
        weight = weight / (snr + 1)
    return weight


@snr_weight.alternative("")
def looked_up_at_the_end(t, schedule, predicts="noise", gamma=5.0):
    signal = schedule.alphas_cumprod
    noise = 1 - signal
    every = torch.where(signal > gamma * noise, gamma, signal / noise)
    return (every * {"start": 1, "noise": noise / signal, "v": noise}[predicts])[t]


@snr_weight.alternative("")
def as_weights_of_the_noise_first(t, schedule, predicts="noise", gamma=5.0):
    ratio = ratio_at(t, schedule)
    of_noise = (gamma / ratio).clamp(max=1)
    return of_noise * {"start": ratio, "noise": 1, "v": ratio / (1 + ratio)}[predicts]
