"""Questions of chapter 02: predict before you run."""

from course_lib.checker.quiz import Choice, Option

where_far_arrows_point = Choice(
    "where_far_arrows_point",
    "Four narrow modes at (±1, ±1); the weight of the upper right one is 0.4, of the lower right one 0.1. "
    "With noise of sigma = 5, where does the score point at x = (8, -8)?",
    options={
        "a": Option(
            "to the upper right mode: it is the heaviest",
            "It counts most, but the other three pull as well. Where is the mean of all four pulls?",
        ),
        "b": Option(
            "to the lower right mode: it is the nearest",
            "The nearest by 1.5 in 10, while the noise reaches 5: so x may as well have come from any of the four. "
            "What do four arrows add up to?",
        ),
        "c": Option(
            "to a point near the middle of the data, with hardly any regard to single modes",
            "With so much noise x may have come from any mode. The score points to their mean, "
            "weighted by how likely each is.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    hints=("From here, how different are the distances to the four modes, measured in sigmas?",),
)


start_too_narrow = Choice(
    "start_too_narrow",
    "The weights are 0.4, 0.3, 0.2 and 0.1, and you follow the exact arrows. But you start at sigma = 0.3, "
    "with 0.3 times standard noise, instead of sigma = 10. Which shares reach the four modes?",
    options={
        "a": Option(
            "0.4, 0.3, 0.2 and 0.1: the arrows are exact",
            "The arrows are exact, but are the starting points? "
            "Noisy data at sigma = 0.3 would be four clouds around the modes.",
        ),
        "b": Option(
            "roughly a quarter each",
            "The starts lie around the middle, a quarter of them in each corner, and at so little noise the "
            "arrows lead to the nearest mode almost everywhere.",
        ),
        "c": Option(
            "all points go to the heaviest mode",
            "Near the middle the heaviest mode pulls a little more. But a start a few tenths away from the middle "
            "towards another mode: which arrow is stronger there?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    hints=(
        "Where do the starting points lie, and where does noisy data at sigma = 0.3 lie?",
        "Which share of the starts lies in each quadrant, and how far does a weight move the line between two modes?",
    ),
)
