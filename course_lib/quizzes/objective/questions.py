"""Questions of chapter 06: predict before you run."""

from course_lib.checker.quiz import Choice, Option

where_one_bump_pays = Choice(
    "where_one_bump_pays",
    "Two models get a term for each step: the exact one, and one that assumes a single broad bump. "
    "At which steps is the second one's term clearly larger?",
    options={
        "a": Option(
            "near t = 49, where most of the noise has to be removed",
            "Near t = 49 even the exact model knows little more than the mean of the data. "
            "The other one has the same mean: what could it do worse there?",
        ),
        "b": Option(
            "at t = 0 alone: the last step decides",
            "At t = 0, x_t shows x_0 almost exactly, and both models can read it off. "
            "Where does it matter that there are two bumps?",
        ),
        "c": Option(
            "at small and middle t, about 1 to 20",
            "There x_t shows which bump it came from, and the exact model uses that, while the other one predicts "
            "something nearer to the middle. About nine tenths of its extra nats come from these steps.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=3,
    importance=3,
    hints=("At which t does it help to know that there are two bumps?",),
)


more_steps_and_the_gap = Choice(
    "more_steps_and_the_gap",
    "The model is perfect: at every t it gives the best possible prediction. Its steps back have the variance beta_t, "
    "and its bound has one term for each step. You go from 10 steps to 200. "
    "What does the gap do, the bound minus the true value?",
    options={
        "a": Option(
            "It stays about the same: a perfect model cannot become better.",
            "Its mean is perfect, but it draws each step from one Gaussian. When is the true step back a Gaussian: "
            "when the step is large, or when it is small?",
        ),
        "b": Option(
            "It shrinks.",
            "A true step back is not Gaussian, but the smaller the step, the closer it is to one. "
            "This matters more than the larger number of terms.",
        ),
        "c": Option(
            "It grows: 200 terms cost more than 10.",
            "There are more terms, true. But what does each of them cost, when a step changes so little?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=3,
    importance=3,
    hints=("What shape does the true step back have, when it is large, and when it is small?",),
)


what_the_bound_weighs_most = Choice(
    "what_the_bound_weighs_most",
    "The linear schedule with 1,000 steps: beta_t grows from 0.0001 to 0.02, and 1 - alpha-bar_t from 0.0001 to 1. "
    "At which steps does the bound weigh an error in the noise most?",
    options={
        "a": Option(
            "at the first ones, near t = 0",
            "beta_t is 200 times larger at the end, but 1 - alpha-bar_t, which divides it, is 10,000 times larger. "
            "So the bound cares most about noise that is too faint to be seen.",
        ),
        "b": Option(
            "in the middle, where the shapes are decided",
            "The weight is beta_t / (2 alpha_t (1 - alpha-bar_t)). What is it at t = 0, "
            "and what is it in the middle, at t = 500, where beta_t is 0.01 and 1 - alpha-bar_t is 0.92?",
        ),
        "c": Option(
            "at the last ones, where beta_t is largest",
            "beta_t is largest there, by a factor of 200. By which factor does 1 - alpha-bar_t grow, which divides it?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=("Put the numbers of both ends into your formula. alpha_t is near 1 everywhere.",),
)


best_answer_under_l1 = Choice(
    "best_answer_under_l1",
    "At this x_t the noise was about 1.4 with probability 0.73, or about -1.1 with probability 0.27. "
    "A network trained with the L1 loss gives one answer. Which?",
    options={
        "a": Option(
            "about 0.7",
            "That is the mean, which L2 finds. What happens to the expected distance if you move from there "
            "towards the tall bump?",
        ),
        "b": Option(
            "about 1.3",
            "Each step towards the tall bump makes the error smaller with probability 0.73, and larger by the same "
            "amount with probability 0.27. So the best answer lies inside the tall bump: it is the median.",
        ),
        "c": Option(
            "about 0.15, halfway",
            "Halfway treats both bumps alike, but they are not equally likely. "
            "Which way would you move to bring down the expected distance?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=2,
    importance=4,
    hints=(
        "Write down the expected distance for 0.7 and for 1.3.",
        "Which number has half of the probability on each side?",
    ),
)


smallest_bound = Choice(
    "smallest_bound",
    "Five networks are trained, one with each of the five losses, and then the bound of each is computed. "
    "Whose bound is smallest?",
    options={
        "a": Option(
            "that of the network trained with the bound's own weights",
            "Nearly all of that weight is on the last step, so this network hardly learns the other 49. "
            "Which losses serve both ends?",
        ),
        "b": Option(
            "that of the network trained on the noise, with the simple loss",
            "It is good nearly everywhere. But the bound multiplies its error at the last step by 500: "
            "which prediction turns into the noise there with hardly any error?",
        ),
        "c": Option(
            "that of the network trained on v, with a plain loss",
            "At the last step, noise = x_t plus a thousandth of v, so even a poor v gives the noise almost exactly. "
            "At the first steps v is nearly the noise itself.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=4,
    importance=4,
    hints=(
        "Look at the figure above: which losses have a large weight at small t and do not vanish at large t?",
        "The noise is sqrt(alpha-bar_t) v + sigma_t x_t. What does an error in v do to it at t = 49?",
    ),
)
