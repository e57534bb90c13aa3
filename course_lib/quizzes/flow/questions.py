"""Questions of chapter 16: predict before you run."""

from course_lib.checker.quiz import Choice, Option

one_euler_step = Choice(
    "one_euler_step",
    "The velocity field is exact. From many draws of noise you make one single Euler step, from t = 0 to t = 1. "
    "Where do the points land?",
    options={
        "a": Option(
            "on the four modes: the lines are straight, so one step is enough",
            "Each line is straight, but the field is a mean over all lines through a point. Does a point of noise "
            "know its line?",
        ),
        "b": Option(
            "spread as widely as the noise was, around the modes",
            "At t = 0 the velocity is E[x_0] - x, because x is independent of the data. Add that to x.",
        ),
        "c": Option(
            "all in one place: the mean of the data",
            "At t = 0, x tells nothing of the data, so the velocity is E[x_0] - x. One whole step leads to E[x_0].",
        ),
        "d": Option(
            "halfway between the noise and the modes",
            "The step has the length 1, the whole time. Which velocity does x have at t = 0?",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=3,
    importance=5,
    hints=(
        "At t = 0 the data and the noise are independent. What is the best guess at x_0 there?",
        "u(x, 0) = E[x_0] - x. Now add one step of length 1 to x.",
    ),
)

flow_time_at_half = Choice(
    "flow_time_at_half",
    "A diffusion schedule passes alpha-bar = 1/2, where signal and noise are equally strong. Which flow time does "
    "this step have?",
    options={
        "a": Option(
            "0.71, the root of alpha-bar",
            "0.71 is the weight of the signal at diffusion's scale, and the noise has the same. On the line the two "
            "weights add up to 1.",
        ),
        "b": Option(
            "0.5, on every schedule",
            "The weights of signal and noise are equal. On the line they add up to 1, so each is 1/2.",
        ),
        "c": Option(
            "it depends on the schedule: 0.5 only for cosine",
            "The schedule decides at which step alpha-bar is 1/2. What is in x_t then?",
        ),
        "d": Option(
            "0.25, alpha-bar squared",
            "Flow time is the weight of the signal on the line. How strong is the signal beside the noise here?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=3,
    hints=(
        "What is in x_t at this step: how much signal, how much noise?",
        "Divide both weights by their sum. The weight of the signal is then the flow time.",
    ),
)
