"""Questions of chapter 01: predict before you run."""

from course_lib.checker.quiz import Choice, Option

where_the_loss_stays = Choice(
    "where_the_loss_stays",
    "Guessing 0 costs 1 at every level. Suppose the model is perfect: no better one can exist. "
    "Where is its loss the largest?",
    options={
        "a": Option(
            "in the smallest noise, sigma = 0.0016",
            "There the noise hides in the data's own spread of 0.01: nobody can tell which part of x is noise. "
            "Even the best guess is close to 0, and that costs nearly 1.",
        ),
        "b": Option(
            "in the largest noise, sigma = 10",
            "There x is nearly all noise, so the noise is easy to name: it is x minus about 1. "
            "Where is noise hard to see?",
        ),
        "c": Option(
            "nowhere: a perfect model has loss 0 everywhere",
            "It would have to know both y and the noise, and it sees only their sum. "
            "Perfect means the best guess, and a best guess can still be wrong.",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    hints=(
        "The model sees the sum of a clean number and noise. When can you tell the two apart?",
        "The clean numbers have a spread of 0.01. What if the noise has a spread of 0.0016?",
    ),
)


too_few_levels = Choice(
    "too_few_levels",
    "The model is exact. You walk from sigma = 10 down to 0.001 with 5 levels instead of 40. "
    "How does the spread of the samples compare with the data's 0.01?",
    options={
        "a": Option(
            "about the same: the model is exact",
            "The model is exact where you ask it. Between two levels nobody asks it: "
            "what does one long step assume there?",
        ),
        "b": Option(
            "larger: long steps leave noise behind",
            "The steps always add up to the same distance in sigma, so no noise level is left out. "
            "Does a straight step stop short of a path that levels off, or go past it?",
        ),
        "c": Option(
            "smaller: the numbers crowd too closely around 1",
            "The share of x that is noise falls on the way, and a long step goes on as if it did not. "
            "So it takes out too much, and a part of the data's own spread with it.",
        ),
    },
    answer="c",
    points=1,
    minutes=4,
    hints=(
        "At sigma = 0.1 nearly everything that x is away from 1 is noise. Is that still so at sigma = 0.01?",
        "One step from 0.1 to 0.01 treats all of it as noise. What else does it take away?",
    ),
)
