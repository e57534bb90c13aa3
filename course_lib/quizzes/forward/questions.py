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
            "Both ends hold it in place: (1 - alpha-bar_{t-1}) / (1 - alpha-bar_t) times "
            "beta, and that ratio is below 1. At t = 0 it is even 0.",
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
    hints=("Think of t = 0: where was x_{t-1} then?", "What can knowing x_0 do to your doubt?"),
)
