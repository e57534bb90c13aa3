"""Questions of chapter 07: predict before you run."""

from course_lib.checker.quiz import Choice, Option

down_and_up_alone = Choice(
    "down_and_up_alone",
    "The network now halves the picture twice and doubles it twice, at about the same cost. What does that do to "
    "the error?",
    options={
        "a": Option(
            "it rises a lot",
            "Noise is the finest detail there is, and the way through the small picture loses it. The wide view is "
            "worth something only beside a way for the detail.",
        ),
        "b": Option(
            "nothing much",
            "The channels grow while the picture shrinks, so there is room. But how easily do convolutions learn to "
            "carry every pixel's own noise through?",
        ),
        "c": Option(
            "it falls: each pixel sees more",
            "It does see more. But the noise has to be named for each single pixel: where is the fine detail after two "
            "halvings?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    hints=("What does the network have to say for each single pixel, and what happens to single pixels on the way?",),
)


twice_the_side = Choice(
    "twice_the_side",
    "A picture of 56 x 56 pixels instead of 28 x 28. How many more scores does softmax attention compute?",
    options={
        "a": Option(
            "2 times as many", "The side doubles. How many more pixels are that, and how many pairs of pixels?"
        ),
        "b": Option(
            "4 times as many", "There are 4 times as many pixels, and each of them now looks at 4 times as many."
        ),
        "c": Option(
            "16 times as many",
            "4 times as many pixels look at 4 times as many. Linear attention only pays for the pixels: 4 times.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    hints=("One score for each pair of pixels. How many pixels are there in each of the two pictures?",),
)


why_not_the_number = Choice(
    "why_not_the_number",
    "The network has to know t. Why not hand it the number t / T, between 0 and 1, in one more channel?",
    options={
        "a": Option(
            "t would leak the answer",
            "t says how much noise there is, not which noise. And the sampler knows t as well: nothing leaks.",
        ),
        "b": Option(
            "a convolution cannot take numbers that are the same everywhere",
            "It can: a constant channel is a perfectly good input. What would the network have to do with that one "
            "number, though?",
        ),
        "c": Option(
            "it would work, but neighbouring steps are almost the same number",
            "One slow ruler. The waves add finer and finer ones, so that telling t = 3 from t = 6 takes no huge "
            "weights and telling early from late is still easy.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    hints=("How far apart are t = 3 and t = 6 of 200 on a scale from 0 to 1?",),
)
