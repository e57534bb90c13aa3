"""Quiz `add_noise` of chapter 00."""

import torch

from course_lib import start
from course_lib.checker.quiz import Quiz


def mixtures(g: torch.Generator) -> list[tuple]:
    """Pictures and plain numbers, from pure noise to no noise."""
    shapes = ((3, 1, 4, 5), (2, 3, 4, 4), (6,), (4, 2), (2, 1, 5, 5), (3, 4))
    signals = (0.5, 0.9, 0.04, 1.0, 0.0, 0.25)
    return [
        (torch.rand(shape, generator=g) * 2 - 1, torch.randn(shape, generator=g), signal)
        for shape, signal in zip(shapes, signals, strict=True)
    ]


add_noise = Quiz(
    start.add_noise,
    cases=mixtures,
    points=2,
    minutes=5,
    difficulty=1,
    importance=4,
    hints=(
        "Each of the two is multiplied by a number, and then they are added.",
        "The share of the variance is the square of the number. A share of 0.25 means a factor of 0.5.",
        "The picture is multiplied by the root of `signal`, the noise by the root of what is left, `1 - signal`.",
    ),
)

add_noise.edits(
    no_roots=(
        "signal**0.5 -> signal",
        "(1 - signal) ** 0.5 -> (1 - signal)",
        "The weights are shares of the variance, without roots. A factor of 0.5 leaves only 0.25 of the variance.",
    ),
    no_root_for_the_picture=(
        "signal**0.5 -> signal",
        "The noise is right. The picture's factor lacks its root: `signal` is a share of the variance.",
    ),
    no_root_for_the_noise=(
        "(1 - signal) ** 0.5 -> (1 - signal)",
        "The picture is right. The noise's factor lacks its root: `1 - signal` is a share of the variance.",
    ),
    root_of_the_wrong_thing=(
        "(1 - signal) ** 0.5 -> (1 - signal**0.5)",
        "The two factors add up to 1 here. Their squares should: what is the root of what is left of the variance?",
    ),
    swapped=(
        "signal**0.5 * x_start + (1 - signal) ** 0.5 * noise -> signal**0.5 * noise + (1 - signal) ** 0.5 * x_start",
        "Picture and noise have changed places. With signal = 1 there should be no noise at all.",
    ),
    noise_at_full_strength=(
        "(1 - signal) ** 0.5 * noise -> noise",
        "The noise always has its full strength. With signal = 1 nothing of it should be left.",
    ),
    picture_at_full_strength=(
        "signal**0.5 * x_start -> x_start",
        "The picture always has its full strength. With signal = 0 nothing of it should be left.",
    ),
    noise_subtracted=(
        "+ (1 - signal) -> - (1 - signal)",
        "The noise is subtracted. The picture looks just as noisy, but the formula adds the noise.",
    ),
    noise_left_out=(
        "+ (1 - signal) ** 0.5 * noise ->",
        "The picture only fades: no noise is added.",
    ),
    picture_left_out=(
        "signal**0.5 * x_start + ->",
        "Only the noise is left: the picture is not in the sum.",
    ),
    signal_is_the_factor=(
        "signal**0.5 -> signal",
        "(1 - signal) ** 0.5 -> (1 - signal**2) ** 0.5",
        "`signal` itself is the picture's factor here. It is the picture's share of the variance.",
    ),
    squares=(
        "signal**0.5 -> signal**2",
        "(1 - signal) ** 0.5 -> (1 - signal) ** 2",
        "The shares are squared. It is the other way round: the square of the factor is the share of the variance.",
    ),
    clamped=(
        "signal**0.5 * x_start + (1 - signal) ** 0.5 * noise -> "
        "(signal**0.5 * x_start + (1 - signal) ** 0.5 * noise).clamp(-1, 1)",
        "The result is clamped to [-1, 1]. Noise has no bounds, and its large values must stay.",
    ),
)


@add_noise.mistake("The noise is shuffled along the batch: picture k gets another one's. Noise k belongs to picture k.")
def noise_of_another(x_start, noise, signal):
    return signal**0.5 * x_start + (1 - signal) ** 0.5 * noise.roll(1, 0)


@add_noise.mistake("Both factors multiply the sum of picture and noise. Each of the two has a factor of its own.")
def both_scaled(x_start, noise, signal):
    return (signal**0.5 + (1 - signal) ** 0.5) * (x_start + noise)


@add_noise.alternative("With tensors' own square roots.")
def with_tensors(x_start, noise, signal):
    signal = torch.tensor(signal)
    return signal.sqrt() * x_start + (1 - signal).sqrt() * noise


@add_noise.alternative("As an angle: the cosine and the sine have squares that add up to 1.")
def as_an_angle(x_start, noise, signal):
    angle = torch.acos(torch.tensor(signal).sqrt())
    return angle.cos() * x_start + angle.sin() * noise


@add_noise.alternative("The noise's factor from the picture's.")
def factor_from_factor(x_start, noise, signal):
    picture = signal**0.5
    return torch.add(picture * x_start, noise, alpha=(1 - picture * picture) ** 0.5)
