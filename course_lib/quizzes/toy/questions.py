"""Questions of chapter 01: predict before you run."""

from course_lib.checker.quiz import Choice, Option

where_the_loss_stays = Choice(
    "where_the_loss_stays",
    "A model that always answers 0 has loss 1 at every level. Suppose your model is perfect: no better one can exist. "
    "At which level is its loss the largest?",
    options={
        "a": Option(
            "at the smallest noise, sigma = 0.0016",
            "There the data's own standard deviation, 0.01, hides the noise: nobody can tell which part of x is noise. "
            "The best prediction is close to 0, and its loss, 0.01² / (0.01² + sigma²), close to 1.",
        ),
        "b": Option(
            "at the largest noise, sigma = 10",
            "There x is nearly all noise, so the noise is easy to predict: it is x minus about 1. "
            "At which level is noise hard to see?",
        ),
        "c": Option(
            "nowhere: a perfect model has loss 0 at every level",
            "For a loss of 0 it would have to know both y and the noise, and it sees only their sum. "
            "Perfect means that no other prediction is better, not that it is never wrong.",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=3,
    importance=4,
    hints=(
        "The model sees the sum of a clean number and noise. When can you tell the two apart?",
        "The clean numbers have a standard deviation of 0.01. What if that of the noise is 0.0016?",
    ),
)


too_few_levels = Choice(
    "too_few_levels",
    "The model is exact. You go from sigma = 10 down to 0.001 with 5 levels instead of 40. "
    "How does the standard deviation of the samples compare with that of the data, 0.01?",
    options={
        "a": Option(
            "about the same: the model is exact",
            "The model is exact at the levels where it is asked. Between two levels nobody asks it: "
            "what does one long step assume there?",
        ),
        "b": Option(
            "larger: long steps leave noise behind",
            "The steps always add up to the same distance in sigma, so no noise level is left out. "
            "Think of a path that levels off: does a straight step end above it or below it?",
        ),
        "c": Option(
            "smaller: the samples crowd too closely around 1",
            "The share of x that is noise becomes smaller on the way, and a long step goes on as if it did not. "
            "So it removes too much: some of the data's own variation goes with the noise.",
        ),
    },
    answer="c",
    points=1,
    minutes=4,
    difficulty=4,
    importance=3,
    hints=(
        "At sigma = 0.1 nearly all of the distance between x and 1 is noise. Is that still so at sigma = 0.01?",
        "One step from 0.1 to 0.01 treats all of it as noise. What else does it remove?",
    ),
)


between_two_peaks = Choice(
    "between_two_peaks",
    "Half of the clean numbers lie near -1, the other half near 1. You add noise with sigma = 1 and get x = 0. "
    "What does a perfect model predict for the clean y?",
    options={
        "a": Option(
            "-1 or 1: a coin decides",
            "y is indeed near one of the two, but if the coin is wrong, the squared error is 4. "
            "Which answer has an error of 1 on either side?",
        ),
        "b": Option(
            "0, although there are hardly any data",
            "The squared error asks for the mean of all y that could be behind x, and half of them are near -1, half "
            "near 1. A prediction is not a sample: it becomes one as the noise goes away.",
        ),
        "c": Option(
            "nothing that makes sense: neither side is more likely",
            "It has to answer with a number, and training finds the one with the smallest error. "
            "For each answer, work out the mean squared error over both sides.",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=2,
    importance=5,
    hints=(
        "The best prediction is the mean of all y that could have led to this x.",
        "Here y is near -1 or near 1, and both are equally likely.",
    ),
)


where_the_paths_fork = Choice(
    "where_the_paths_fork",
    "Two numbers start side by side at sigma = 10, one a little below 0 and one a little above. "
    "They end at different peaks, -1 and 1. At which noise level do they begin to move apart?",
    options={
        "a": Option(
            "at about sigma = 1, half the distance between the peaks",
            "In more noise the best prediction for both is close to 0, so both paths go towards the middle. "
            "Below sigma = 1 a number above 0 probably came from the upper peak, so the predictions move apart, slowly "
            "at first.",
        ),
        "b": Option(
            "at once, at sigma = 10",
            "It is true that the start decides where a path ends. "
            "But what does a perfect model predict at sigma = 10, for x = -0.1 and for x = 0.1?",
        ),
        "c": Option(
            "at the end, at about sigma = 0.2, the standard deviation of each peak",
            "At sigma = 0.2 a number at 0 would be more than three standard deviations away from both peaks. "
            "So hardly any numbers are left between them: when did the paths part?",
        ),
    },
    answer="a",
    points=1,
    minutes=4,
    difficulty=3,
    importance=4,
    hints=(
        "A path moves towards what the model predicts. When do the predictions for the two numbers differ much?",
        "Think of two bells, one around -1 and one around 1, each with standard deviation sigma. "
        "For which sigma does their sum have two tops?",
    ),
)
