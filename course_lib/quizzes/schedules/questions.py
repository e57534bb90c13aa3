"""Questions of chapter 03: predict before you run."""

from course_lib.checker.quiz import Choice, Option

signal_left_after_200_steps = Choice(
    "signal_left_after_200_steps",
    "Linear betas from 1e-4 to 0.02 were chosen for T = 1000. "
    "You take the same ends with T = 200. How large is alpha-bar at the end?",
    options={
        "a": Option(
            "about 0.00004, as with T = 1000: the last beta is the same",
            "alpha-bar multiplies what every step keeps. The last factor is the same, but how many factors are there?",
        ),
        "b": Option(
            "about 0.02: it ends where beta ends",
            "0.02 is what the last step alone adds. alpha-bar is a product over all 200 steps.",
        ),
        "c": Option(
            "about 0.13, so a third of the picture's amplitude is still there",
            "The betas sum to 200 * 0.01 = 2, and e^-2 = 0.13; its root is 0.37. "
            "Sampling then starts from noise that training never saw.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    hints=(
        "Small betas: 1 - beta is about e^-beta, so the product is e to the minus sum.",
        "The mean beta is 0.01, and there are 200.",
    ),
)


twice_as_many_steps = Choice(
    "twice_as_many_steps",
    "You double T and keep the ends of the linear schedule. What happens to alpha-bar at the end?",
    options={
        "a": Option(
            "nothing: the ends are the same", "The ends are, but the product has twice as many factors below 1."
        ),
        "b": Option(
            "it is squared, more or less",
            "Twice as many factors from the same range: "
            "the sum of the betas doubles, so e^-sum is squared. 0.13 becomes 0.02.",
        ),
        "c": Option(
            "it is halved",
            "A sum would double. alpha-bar is a product: what do twice as many factors of the same kind do?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    hints=("alpha-bar is about e to the minus sum of the betas.",),
)


where_cosine_takes_most = Choice(
    "where_cosine_takes_most",
    "Under the cosine schedule, where does alpha-bar fall fastest?",
    options={
        "a": Option("at the start", "A squared cosine starts flat: the first steps are gentle, on purpose."),
        "b": Option(
            "at the end, where beta is largest",
            "beta is the share that a step takes of what is *left*. At the end it takes nearly all of next to nothing.",
        ),
        "c": Option(
            "in the middle",
            "A squared cosine is flat at both ends and steepest half way. "
            "So the picture changes gently where it is almost clean, and again where it is almost gone.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    hints=(
        "Sketch cos squared from 0 to a right angle.",
        "beta is relative to what is left; alpha-bar is what is left.",
    ),
)
