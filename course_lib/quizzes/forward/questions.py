"""Questions of chapter 04: predict before you run."""

from course_lib.checker.quiz import Choice, Option

what_t_zero_does = Choice(
    "what_t_zero_does",
    "In this course t runs from 0 to T - 1. What does `q_sample` return at t = 0?",
    options={
        "a": Option(
            "x_0 with the noise of one step",
            "t = 0 is the paper's t = 1: the first step has been taken. "
            "Clean data has no index; `alphas_cumprod_prev[0]` = 1 stands for it.",
        ),
        "b": Option("pure noise", "That is the other end, t = T - 1. At t = 0 almost all of x_0 is left."),
        "c": Option(
            "x_0 itself, untouched",
            "`alphas_cumprod[0]` is 1 - beta of the first step, which is a little below 1. How much noise is that?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=1,
    importance=4,
    hints=("How large is `alphas_cumprod[0]`: 1, or a little less?",),
)


doubt_about_the_step_before = Choice(
    "doubt_about_the_step_before",
    "One step adds noise of variance beta. You know x_t and also x_0, and ask "
    "where x_{t-1} was. How large is the variance of the answer?",
    options={
        "a": Option(
            "larger than beta: going back is harder",
            "Going back is harder when only x_t is known. Here x_0 is known as well, "
            "and for Gaussians a second clue always narrows the answer.",
        ),
        "b": Option(
            "smaller than beta",
            "Two witnesses leave less doubt than one. You will derive how much: "
            "(1 - alpha-bar_{t-1}) / (1 - alpha-bar_t) times beta, and that ratio is below 1.",
        ),
        "c": Option(
            "beta: that much noise was added",
            "That much is added on the way forward. Looking back, x_t says roughly where x_{t-1} was, "
            "and x_0 says it too: what does a second clue do to the doubt?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=("Think of t = 0: where was x_{t-1} then?", "What can knowing x_0 do to your doubt?"),
)


whose_word_counts = Choice(
    "whose_word_counts",
    "A cosine schedule with T = 200. You stand in the middle, at t = 100, and know x_t and x_0. "
    "Which of the two has the larger weight in the mean of x_{t-1}?",
    options={
        "a": Option(
            "x_0: it is clean, and x_t is half noise",
            "x_0 is clean, but from it to x_{t-1} lie 100 steps of noise that it knows nothing of. "
            "How many lie between x_{t-1} and x_t?",
        ),
        "b": Option(
            "both about the same, since t is half way",
            "The precisions decide, not the place. One step of noise lies between x_{t-1} and x_t: "
            "how many between x_0 and x_{t-1}?",
        ),
        "c": Option(
            "x_t, by far",
            "Only one small step lies between x_{t-1} and x_t, and 100 between x_0 and x_{t-1}. "
            "The weights are 0.98 for x_t and 0.02 for x_0.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=3,
    hints=("Each witness is weighted by its precision. How much noise lies between x_{t-1} and each of the two?",),
)


another_x_start = Choice(
    "another_x_start",
    "You noise a boot to x_T. Then you walk back, step by step, by drawing from `q_posterior`. "
    "But as x_0 you hand it a bag. Where do you end?",
    options={
        "a": Option(
            "at the bag, exactly",
            "At t = 0 the mean is the x_0 that was handed over, and the variance is 0. "
            "So who says what x_0 is decides where the way back ends.",
        ),
        "b": Option(
            "at the boot: x_T was made from it",
            "x_T holds almost nothing of the boot any more. What are mean and variance of `q_posterior` at t = 0?",
        ),
        "c": Option(
            "at something between boot and bag",
            "Each step is drawn a little towards the bag. What are mean and variance of `q_posterior` at t = 0?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=("Look at the last step, t = 0: which variance has the first witness there?",),
)
