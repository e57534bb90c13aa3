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
    difficulty=2,
    importance=3,
    hints=("From here, how different are the distances to the four modes, measured in sigmas?",),
)


behind_a_noisy_point = Choice(
    "behind_a_noisy_point",
    "The four modes at (±1, ±1) again. You are handed a noisy point at x = (0.3, 0.1), with noise of sigma = 0.7. "
    "Which single place has the smallest mean squared distance to the clean point y behind x?",
    options={
        "a": Option(
            "a place between the modes, where no data lies",
            "y is near one of the modes, but you cannot tell which. The best single answer is the mean of all "
            "candidates, weighted by how likely each is, and no data lies there.",
        ),
        "b": Option(
            "the mode at (1, 1): it is the nearest and the heaviest",
            "Often right, but where y is at another mode it is off by 2 or more. "
            "Squared errors punish that: which place keeps them small on average?",
        ),
        "c": Option(
            "x itself: the noise has mean 0",
            "Over all points the noise has mean 0. But you know where *this* point lies and where data lie: "
            "could the clean point be at x?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=2,
    importance=4,
    hints=(
        "Which constant has the smallest mean squared distance to a set of numbers?",
        "y is near one of four places. What is their mean, weighted by how likely each is?",
    ),
)


is_it_luck = Choice(
    "is_it_luck",
    "A mode has weight 0.1. A sampler draws 10,000 points, and 1,120 of them lie at this mode, a share of 0.112. "
    "Is that bad luck, or is the sampler wrong? (The standard error of a share is sqrt(w (1 - w) / n).)",
    options={
        "a": Option(
            "luck: 0.112 is only 0.012 away from 0.1",
            "Small compared with what? Work out the standard error for w = 0.1 and n = 10,000.",
        ),
        "b": Option(
            "nobody can tell from a single set of samples",
            "For 50 samples that would be true. How large is the standard error for 10,000?",
        ),
        "c": Option(
            "the sampler is wrong: luck does not reach that far",
            "The standard error is 0.003, so the share is 4 standard errors away. "
            "Luck goes beyond 2 in one of 20 cases, and beyond 4 in one of 16,000.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=2,
    importance=4,
    hints=("sqrt(0.1 * 0.9 / 10,000) is 0.003. How many of these is 0.012?",),
)


which_fault_weighs_more = Choice(
    "which_fault_weighs_more",
    "Sampler A draws the four modes, but gives the samples of the rarest one (weight 0.1) to the mode at (-1, -1). "
    "Sampler B draws a checkerboard with squares of side 1, but covers light squares as densely as dark ones, so half "
    "of its points are wrong. Whose energy distance to its data is larger?",
    options={
        "a": Option(
            "B's: half of its points are wrong, and only a tenth of A's",
            "The energy distance does not count wrong points. How far is each of them from where it should be?",
        ),
        "b": Option(
            "A's: its wrong points are far from where they should be",
            "A's wrong points are 2 away from their mode; B's wrong points have a dark square next door. "
            "The energy distance feels where mass lies on a large scale, and hardly sees fine detail.",
        ),
        "c": Option(
            "they are about the same",
            "The two effects could cancel, but they do not. Compare how far the wrong points would have to move.",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=3,
    importance=3,
    hints=("How far would the wrong points have to move, in A and in B?",),
)


start_too_narrow = Choice(
    "start_too_narrow",
    "The weights are 0.4, 0.3, 0.2 and 0.1, and you follow the exact arrows. But you start at sigma = 0.3, "
    "with 0.3 times standard noise, instead of sigma = 20. Which shares reach the four modes?",
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
    difficulty=3,
    importance=4,
    hints=(
        "Where do the starting points lie, and where does noisy data at sigma = 0.3 lie?",
        "Which share of the starts lies in each quadrant, and how far does a weight move the line between two modes?",
    ),
)


which_test_warns = Choice(
    "which_test_warns",
    "The rarest mode, weight 0.1, has moved out to (4, -4). You train a network on samples of this mixture, the far "
    "mode among them, on noise levels that start at sigma = 0.3. Then you sample from 0.3 times standard noise. "
    "What shows that something is wrong?",
    options={
        "a": Option(
            "the samples: but the excess loss is small at every level",
            "The loss is a mean over noisy data, and the network is good there. The sampler starts at the middle, "
            "where noisy data at sigma = 0.3 never are.",
        ),
        "b": Option(
            "the excess loss: it is large at the first levels",
            "The loss is a mean over noisy *data*. Is there anything about these data that the network cannot learn?",
        ),
        "c": Option(
            "neither: it was trained on the far mode, so it finds it",
            "It has learned the arrows near the far mode. Does any path from a start near the middle get there?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=3,
    importance=5,
    hints=(
        "Over which points is the loss averaged, and from which points does the sampler start?",
        "At sigma = 0.3, how far from the modes are noisy data? How far from them is the middle?",
    ),
)
