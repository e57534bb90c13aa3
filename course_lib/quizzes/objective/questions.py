"""Questions of chapter 06: predict before you run."""

from course_lib.checker.quiz import Choice, Option

more_steps_and_the_gap = Choice(
    "more_steps_and_the_gap",
    "The model is perfect: at every t it gives the best possible prediction. The bound adds one term for each step. "
    "You go from 10 steps to 200. What does the gap do, the bound minus the true value?",
    options={
        "a": Option(
            "There is none: the model is perfect.",
            "Its mean is. It still draws each step from one Gaussian: is the true step back a Gaussian, "
            "if x_t lies between two bumps?",
        ),
        "b": Option(
            "It shrinks.",
            "A step back is drawn from one Gaussian. The true step is not Gaussian, but the smaller it is, "
            "the closer it comes, and that wins over the larger number of terms.",
        ),
        "c": Option(
            "It grows: 200 terms cost more than 10.",
            "There are more terms, true. But what does each of them cost, when a step changes so little?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    hints=("What shape does the true step back have, when it is large, and when it is small?",),
)


best_answer_under_l1 = Choice(
    "best_answer_under_l1",
    "At some x_t the noise was about +1 with probability 0.7, or about -1 with probability 0.3. "
    "A network trained with the L1 loss gives one answer. Which?",
    options={
        "a": Option(
            "about 0.4",
            "That is the mean, 0.7 - 0.3, which L2 finds. What happens to the sum of distances if you move from there "
            "towards the 0.7?",
        ),
        "b": Option(
            "about 1",
            "Moving towards +1 gains on 70 % and loses as much on 30 %, so it pays all the way: "
            "the median. The rarer case has no say at all.",
        ),
        "c": Option(
            "0, halfway",
            "Halfway is fair to both places, but they are not equally likely. "
            "Which way would you move to bring down the average distance?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    hints=(
        "Write down the expected distance at 0.4 and at 1.",
        "Which number has half of the probability on each side?",
    ),
)
