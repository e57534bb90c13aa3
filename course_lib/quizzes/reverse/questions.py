"""Questions of chapter 05: predict before you run."""

from course_lib.checker.quiz import Choice, Option

hardest_level = Choice(
    "hardest_level",
    "A network has to name the noise in x_t, and its squared error counts. "
    "Where is even the best possible error largest?",
    options={
        "a": Option(
            "at t = 0, where there is hardly any noise",
            "The little noise hides in the spread of the data, and nobody can tell one from the other. "
            "The best guess is hardly better than always saying 0.",
        ),
        "b": Option(
            "in the middle, where noise and data are equally strong",
            "There can be a second hill there, where x_t does not say which bump it came from. "
            "But think of an end: how would you find noise that is much weaker than the data's own spread?",
        ),
        "c": Option(
            "at t = T - 1, where x_t is almost pure noise",
            "If x_t is almost pure noise, then the noise is almost x_t itself. What is there left to guess?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    hints=(
        "The noise has variance 1 at every t. Whoever always says 0 has an error of 1.",
        "At which end does x_t tell you most about the noise in it?",
    ),
)


noise_left_on = Choice(
    "noise_left_on",
    "A pixel of the background is -1 in every training image, and your network is perfect. You sample with the paper's "
    "other variance, beta_t, and leave its noise on at t = 0. What does this pixel look like?",
    options={
        "a": Option(
            "-1 with a fine grain of standard deviation sqrt(beta_0)",
            "No step comes after the last one, so its noise stays in the picture. "
            "The mean alone is -1: that is why the noise has to be off at t = 0.",
        ),
        "b": Option(
            "pure noise: with the wrong variance the chain runs away",
            "On the way beta_t does as well as our variance, since the steps that follow take noise out. "
            "Which step has no next one?",
        ),
        "c": Option(
            "exactly -1: the network takes the noise out again",
            "It would, if it were asked once more. Who looks at what the last step adds?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    hints=("Which step comes after t = 0?", "How much noise does a variance of `betas[0]` add?"),
)
