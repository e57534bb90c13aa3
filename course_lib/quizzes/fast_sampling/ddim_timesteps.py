"""Quiz `ddim_timesteps` of chapter 12."""

import torch

from course_lib import fast_sampling
from course_lib.checker.quiz import Quiz

ddim_timesteps = Quiz(
    fast_sampling.ddim_timesteps,
    # No number to round lies half-way. With 29 of 50 an `arange` whose step is a fraction goes too far.
    cases=lambda g: [(10, 3), (50, 29), (200, 7), (6, 6), (100, 1), (1000, 30), (1000, 50)],
    points=2,
    minutes=6,
    difficulty=2,
    importance=4,
    hints=(
        "Cut the way from T to 0 into `steps` pieces of one length. Where does each piece begin?",
        "The pieces begin at T, T - T / steps, T - 2 T / steps, and so on. Round, and remember that t counts from 0.",
        "i = torch.arange(steps); (timesteps - i * timesteps / steps).round().long() - 1",
    ),
)

FORMULA = "(timesteps - i * timesteps / steps).round().long() - 1"

# Where the steps begin and end
ddim_timesteps.edits(
    leading=(
        f"{FORMULA} -> (i.flip(0) * (timesteps // steps)).long()",
        'These are the "leading" steps, which end at t = 0: the noisiest t are left out. '
        "Sampling starts with pure noise: at which t does x look like that?",
    ),
    leading_plus_one=(
        f"{FORMULA} -> (i.flip(0) * (timesteps // steps)).long() + 1",
        'These are the "leading" steps, plus 1: the noisiest t are left out. '
        "At which t does x_T have the noise that the network is told?",
    ),
    both_ends=(
        f"{FORMULA} -> torch.linspace(timesteps - 1, 0, steps).round().long()",
        "The t run from T - 1 all the way to 0, so the jump from the last one to clean data is next to nothing. "
        "It should be as long as the others.",
    ),
    both_ends_from_below=(
        f"{FORMULA} -> torch.linspace(0, timesteps - 1, steps).round().long().flip(0)",
        "The t are spread from 0 to T - 1, so a single step would begin at t = 0, and the last of several "
        "is no step at all. Begin at T - 1, and end at -1.",
    ),
    down_to_clean_data=(
        f"{FORMULA} -> torch.linspace(timesteps, 0, steps).round().long() - 1",
        "The last t is -1, clean data, where nobody asks the network: the strides are a little too long. "
        "How many pieces has the way, and how many ends?",
    ),
    spread_over_one_less=(
        "(timesteps - i * timesteps / steps).round().long() - 1 -> "
        "(timesteps - 1 - i * (timesteps - 1) / steps).round().long()",
        "The way is cut into pieces of (T - 1) / steps. From T - 1 down to clean data, at -1, it has T levels.",
    ),
    counted_from_one=(
        ".long() - 1 -> .long()",
        "Every t is one too large: the first is T, and no schedule has that entry. Here t counts from 0.",
    ),
    ends_of_the_pieces=(
        "timesteps - i * -> timesteps - (i + 1) *",
        "These are the ends of the steps: the last is -1, clean data, where nobody asks the network. "
        "Where do the steps begin?",
    ),
    with_the_end=(
        "arange(steps, -> arange(steps + 1,",
        "There is one t too many: the last, -1, is where the last step ends. The network is asked `steps` times.",
    ),
    clean_level_appended=(
        f"{FORMULA} -> torch.cat([({FORMULA}), torch.zeros(1, dtype=torch.long)])",
        "A t = 0 is appended, so there is one step too many. The last of the `steps` goes to clean data by itself.",
    ),
)

# How they are spaced
ddim_timesteps.edits(
    whole_strides=(
        f"{FORMULA} -> (timesteps - 1 - i * (timesteps // steps)).long()",
        "All strides are T // steps, and what the division leaves over makes the last jump too long. "
        "Round the t, not the stride.",
    ),
    strides_until_it_ends=(
        f"{FORMULA} -> torch.arange(timesteps - 1, -1, -(timesteps // steps))",
        "All strides are T // steps, and there may be more t than `steps`. Round the t, not the stride, "
        "and count `steps` of them.",
    ),
    leading_until_it_ends=(
        f"{FORMULA} -> torch.arange(0, timesteps, timesteps // steps).flip(0)",
        "These are the multiples of T // steps: the noisiest t is left out, and there may be more than `steps`.",
    ),
    both_ends_cut_off=(
        f"{FORMULA} -> torch.linspace(timesteps - 1, 0, steps).long()",
        "The t run from T - 1 to 0, cut off to whole numbers. The last jump, to clean data, should be as long as the "
        "others, and numbers are rounded.",
    ),
    cut_off=(
        ".round() ->",
        "Some t are one too small: what follows the point is cut off. What rounds to the nearest whole number?",
    ),
    rounded_up=(
        ".round() -> .ceil()",
        "Some t are one too large: they are rounded up. What rounds to the nearest whole number?",
    ),
    every_t=(
        "arange(steps, -> arange(timesteps,",
        "steps).round() -> timesteps).round()",
        "All T time steps come back. How many of them should there be?",
    ),
    the_noisiest=(
        f"{FORMULA} -> timesteps - 1 - i.long()",
        "These are neighbours, and the last one still has nearly all the noise. "
        "Which steps lead all the way to clean data?",
    ),
    quadratic=(
        "i * timesteps / steps).round() -> timesteps * (1 - (1 - i / steps) ** 2)).round()",
        "The steps get shorter and shorter towards t = 0. Here they should all have one length.",
    ),
)

# The order and the type
ddim_timesteps.edits(
    smallest_first=(
        ".long() - 1 -> .long().flip(0) - 1",
        "The right t, in the order of the noising. Sampling starts with the most noise.",
    ),
    left_as_floats=(
        ".long() - 1 -> - 1",
        "The right numbers, but they are floats. Constants are looked up with them: which type has an index?",
    ),
)


@ddim_timesteps.mistake(
    "For some counts there is one t too many at the end, -1: a range with a fraction as its stride can miss its end. "
    "Count whole numbers and multiply."
)
def arange_with_a_fraction(timesteps, steps):
    return torch.arange(timesteps, 0, -timesteps / steps).round().long() - 1


@ddim_timesteps.alternative("`linspace` from T to 0 has one point more than there are steps: the last is dropped.")
def points_of_a_line(timesteps, steps):
    return torch.linspace(timesteps, 0, steps + 1, dtype=torch.float64)[:-1].round().long() - 1


@ddim_timesteps.alternative("Counted from the clean end, in whole numbers only, then turned round.")
def whole_numbers(timesteps, steps):
    pieces = torch.arange(1, steps + 1)
    return ((2 * pieces * timesteps + steps) // (2 * steps) - 1).flip(0)


@ddim_timesteps.alternative("A list, one t after the other.")
def one_after_the_other(timesteps, steps):
    return torch.tensor([round(timesteps * left / steps) - 1 for left in range(steps, 0, -1)])
