"""Questions of chapter 07: predict before you run."""

from course_lib.checker.quiz import Choice, Option

down_and_up_alone = Choice(
    "down_and_up_alone",
    "The network now halves the picture twice and doubles it twice, at about the same cost. What does that do to "
    "the error?",
    options={
        "a": Option(
            "it rises a lot",
            "To predict noise is to predict every single pixel, and the way through the small picture loses that "
            "detail. The wide view helps only together with another way for the detail.",
        ),
        "b": Option(
            "nothing much",
            "There are more channels in the small pictures, so there is room. But how easily do convolutions learn to "
            "carry every pixel's own noise through?",
        ),
        "c": Option(
            "it falls: each pixel sees more",
            "It does see more. But the noise has to be predicted for each single pixel: where is the fine detail after "
            "two halvings?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=2,
    importance=4,
    hints=("What has to be predicted for each single pixel, and what happens to single pixels on the way?",),
)


gradient_left = Choice(
    "gradient_left",
    "Twelve plain blocks stand in a row, each with two convolutions as torch initialises them. Behind the last block "
    "the gradient has size 1. How much of it is left in front of the first block?",
    options={
        "a": Option(
            "about a tenth",
            "Then each block would lose less than a fifth. Whatever torch's initialisation does to the size of the "
            "features in one layer happens twenty-four times.",
        ),
        "b": Option(
            "about a thousandth",
            "Then each block would keep more than half. What is a third, multiplied by itself twenty-four times?",
        ),
        "c": Option(
            "less than a billionth",
            "About 1e-13 is left. Each convolution passes on less than a third of the gradient, and twenty-four such "
            "factors are multiplied.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=2,
    importance=4,
    hints=("If each of 24 layers passes on a third of the gradient, how much arrives at the other end?",),
)


what_keeps_the_gradient = Choice(
    "what_keeps_the_gradient",
    "A norm before each activation, a shortcut past each block, or both: with torch's own initialisation, what brings "
    "the gradient back to the first block?",
    options={
        "a": Option(
            "only the norm: it alone repairs the size",
            "The norm does repair it. But what is the gradient of x + branch(x) if the branch is small?",
        ),
        "b": Option(
            "each of them alone is enough",
            "Behind the last block the gradient has size 1. In front of the first it has 2.4 to 2.9 with the norm "
            "alone, 1.1 with the shortcut alone and 1.7 with both.",
        ),
        "c": Option(
            "only both together",
            "Look at them one by one: what does a norm do to features that have become small, and which way past a "
            "block does the shortcut leave open?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=3,
    importance=4,
    hints=("The derivative of x + f(x) is 1 + f'(x). What is it where f' is almost 0?",),
)


how_often_touched = Choice(
    "how_often_touched",
    "A transposed convolution lays a stamp of 3 x 3 pixels at every second pixel of the larger picture, in both "
    "directions, and adds up where stamps overlap. How many stamps touch one pixel?",
    options={
        "a": Option(
            "1, 2 or 4, depending on where the pixel lies",
            "Neighbouring stamps overlap in one row or one column, and where a row and a column cross, four stamps add "
            "up. This pattern repeats every two pixels.",
        ),
        "b": Option(
            "2 everywhere",
            "The mean is 9 / 4, so it cannot be 2 everywhere. Draw two stamps beside each other: which pixels belong "
            "to both?",
        ),
        "c": Option(
            "9 everywhere",
            "That would be true if the stamps moved on by one pixel. Here they move on by two.",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=("In one dimension: stamps that are 3 wide begin at 0, 2, 4, ... Which places belong to two of them?",),
)


does_attention_help = Choice(
    "does_attention_help",
    "The network with skips gets attention in the middle, at 7 x 7 pixels, for a tenth more work. What do three "
    "training runs of each network say about the error?",
    options={
        "a": Option(
            "it falls in every run",
            "For larger pictures and longer training that was measured. But how far apart are two places of a 7 x 7 "
            "map, and how far does a convolution see there?",
        ),
        "b": Option(
            "it hardly changes: two runs of one network differ as much",
            "The runs of the two networks overlap at every noise level, so three runs show no gain. The map is small, "
            "and the convolutions may already see enough of it.",
        ),
        "c": Option(
            "it rises in every run",
            "A branch beside a shortcut can learn to add nothing. So why should it do harm?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=("How much of a 7 x 7 map does a 3 x 3 convolution see, and how much do two of them?",),
)


twice_the_side = Choice(
    "twice_the_side",
    "A picture of 56 x 56 pixels instead of 28 x 28. For how many more pairs of pixels does "
    "softmax attention compute a weight?",
    options={
        "a": Option(
            "2 times as many", "The side doubles. How many more pixels are that, and how many pairs of pixels?"
        ),
        "b": Option(
            "4 times as many", "There are 4 times as many pixels, and each of them now looks at 4 times as many."
        ),
        "c": Option(
            "16 times as many",
            "4 times as many pixels each look at 4 times as many. The cost grows with the square of the number of "
            "pixels.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=3,
    hints=("One weight for each pair of pixels. How many pixels are there in each of the two pictures?",),
)


why_not_the_number = Choice(
    "why_not_the_number",
    "The network has to know t. Why not hand it the number t / T, between 0 and 1, in one more channel?",
    options={
        "a": Option(
            "t would leak the answer",
            "t says how much noise there is, not which noise. The sampler knows t as well, so nothing leaks.",
        ),
        "b": Option(
            "a convolution cannot take numbers that are the same everywhere",
            "It can: a constant channel is a perfectly good input. What would the network have to do with that one "
            "number, though?",
        ),
        "c": Option(
            "it would work, but neighbouring steps are almost the same number",
            "One number is like a clock with only an hour hand. Faster hands make t = 3 and t = 6 clearly different, "
            "and the slow one still tells early from late.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=("How far apart are t = 3 and t = 6 of 200 on a scale from 0 to 1?",),
)
