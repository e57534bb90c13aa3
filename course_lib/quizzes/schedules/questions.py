"""Questions of chapter 03: predict before you run."""

from course_lib.checker.quiz import Choice, Option

linear_half_way = Choice(
    "linear_half_way",
    "Linear betas from 1e-4 to 0.02, T = 1000 steps. How large is alpha-bar half way, after 500 steps?",
    options={
        "a": Option(
            "about 0.08",
            "The first 500 betas are 0.005 on average, so they sum to 2.5, and e^-2.5 = 0.08. "
            "The second half of the steps works on almost nothing.",
        ),
        "b": Option(
            "about 0.5: half of the steps, half of the signal",
            "The signal is not taken away in equal pieces: each step takes its share of what is left. "
            "What is the sum of the first 500 betas?",
        ),
        "c": Option(
            "about 0.99: no beta was above 0.01 so far",
            "A single step leaves 99 percent. But 500 such factors are multiplied: what does e to the minus sum say?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "Small betas: 1 - beta is about e^-beta, so the product is e to the minus sum.",
        "The first 500 betas rise from 0 to 0.01, so their mean is 0.005.",
    ),
)


which_row_is_linear = Choice(
    "which_row_is_linear",
    "Go back to the four rows at the top of this chapter. Which of them is the linear schedule?",
    options={
        "a": Option(
            "row 1",
            "Row 1 still shows the boot half way. The linear schedule has only 8 percent of the signal left there.",
        ),
        "b": Option(
            "row 2",
            "At a quarter of the way it has lost half of the signal, more than any other, and half way nearly all. "
            "The other rows are quadratic, sigmoid and cosine.",
        ),
        "c": Option(
            "row 3",
            "Row 3 begins more slowly than any other and then fades fast. "
            "At a quarter of the way, where is the boot already faint?",
        ),
        "d": Option("row 4", "Row 4 fades evenly: that is what the squared cosine was made for."),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=2,
    hints=(
        "Which schedule has only 8 percent of the signal left half way?",
        "Compare the rows at t = 199 and t = 399.",
    ),
)


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
            "Of x_T a sampler knows nothing: it starts from pure noise.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "Small betas: 1 - beta is about e^-beta, so the product is e to the minus sum.",
        "The mean beta is 0.01, and there are 200.",
    ),
)


perfect_but_cut_short = Choice(
    "perfect_but_cut_short",
    "A perfect network was trained on that schedule, linear with T = 200. A sampler starts it from pure noise. "
    "What is wrong with the garments that it draws?",
    options={
        "a": Option(
            "nothing: the network is perfect",
            "It is perfect for the x_T that it was trained on, and those hold a faint garment. "
            "Pure noise is something that it has never seen.",
        ),
        "b": Option(
            "there is too much of some classes and too little of others",
            "In training x_T held a faint garment. Pure noise looks like the x_T of an even grey, "
            "so the garments that are nearest to grey are drawn too often, and shoes hardly ever.",
        ),
        "c": Option(
            "some of the noise is left in them",
            "The sampler goes through all steps down to t = 0, where almost no noise is left. "
            "What is different is the start.",
        ),
        "d": Option(
            "they are too dark, since most pixels of the data are black",
            "In training x_T was a little dark, because garments are. Is pure noise darker than that, or brighter?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=3,
    importance=4,
    hints=(
        "In training x_T still held a third of the garment's amplitude. What can a network read from it easily?",
        "Which garments look most like what pure noise holds, an even grey?",
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
    difficulty=2,
    importance=3,
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
    difficulty=2,
    importance=3,
    hints=(
        "Sketch cos squared from 0 to a right angle.",
        "beta is relative to what is left; alpha-bar is what is left.",
    ),
)
