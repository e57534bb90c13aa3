"""Questions of chapter 05: predict before you run."""

from course_lib.checker.quiz import Choice, Option

hardest_level = Choice(
    "hardest_level",
    "A network predicts the noise in x_t, and we measure its squared error. "
    "Where is even the smallest possible error largest?",
    options={
        "a": Option(
            "at t = 0, where there is hardly any noise",
            "At t = 0 the noise is weaker than the data's own standard deviation, so it is hard to tell from the data. "
            "The best prediction is hardly better than always answering 0, which has error 1.",
        ),
        "b": Option(
            "in the middle, where noise and data are equally strong",
            "There is a second, lower hill in the middle, where x_t does not show which mode it came from. "
            "But how would you find noise that is much weaker than the data's own standard deviation?",
        ),
        "c": Option(
            "at t = T - 1, where x_t is almost pure noise",
            "If x_t is almost pure noise, then the noise is almost x_t itself. What is left to predict?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=3,
    importance=3,
    hints=(
        "The noise has variance 1 at every t. A model that always answers 0 has error 1.",
        "At which end does x_t tell you most about the noise in it?",
    ),
)


without_fresh_noise = Choice(
    "without_fresh_noise",
    "The network is perfect, and you leave out the fresh noise: each step returns DDPM's mean, `p_mean`, and nothing "
    "else changes. The data are two bumps at 1 and 3, each with standard deviation 0.2. What do the samples look like?",
    options={
        "a": Option(
            "like the data: chapters 01 and 02 added no noise either, and their samples were right",
            "Chapters 01 and 02 take other steps: they remove exactly as much noise as the level drops. "
            "How much noise does DDPM's mean remove?",
        ),
        "b": Option(
            "one bump at 2, the average of the data",
            "As soon as a state lies on one side of 2, so does the predicted x_0, and two bumps form. "
            "What is wrong with them?",
        ),
        "c": Option(
            "two bumps, too narrow and too close together",
            "Each mean removes more noise than the level drops, and nothing puts it back. "
            "The network takes what is left for noise, too: the bumps become narrow and move together.",
        ),
    },
    answer="c",
    points=1,
    minutes=4,
    difficulty=4,
    importance=5,
    hints=(
        "A step draws x_{t-1} from a Gaussian. Is the variance of its mean alone as large as that of x_{t-1}?",
        "A draw is its mean plus noise, and the variances add up. If the sum is right, what is the mean alone?",
    ),
)


noise_left_on = Choice(
    "noise_left_on",
    "A pixel of the background is -1 in every training image, and your network is perfect. You sample with the paper's "
    "other variance, beta_t, and add its noise at t = 0, too. What does this pixel look like?",
    options={
        "a": Option(
            "-1 with a fine grain of standard deviation sqrt(beta_0)",
            "No step comes after the last one, so its noise stays in the picture. "
            "The mean alone is -1, so no noise may be added at t = 0.",
        ),
        "b": Option(
            "pure noise: with the wrong variance the errors grow from step to step",
            "Noise that is added on the way is removed by the steps that follow: the perfect network finds it. "
            "But which step has no step after it?",
        ),
        "c": Option(
            "exactly -1: the network removes the noise again",
            "The network removes noise that it sees. Does it see the noise that the last step adds?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=("Which step comes after t = 0?", "How much noise does a variance of `betas[0]` add?"),
)


wrong_start = Choice(
    "wrong_start",
    "The loop starts from N(0, 1). But with this schedule a real x_T still holds some of x_0: alpha-bar_T is 0.36. "
    "The data are two equally large bumps at 1 and 3, and the network is perfect. What do the samples look like?",
    options={
        "a": Option(
            "both bumps are too wide: some of the first noise stays in the samples",
            "The last steps remove the noise that the network sees, wherever it came from. "
            "Where is the centre of real x_T, and where does the loop start?",
        ),
        "b": Option(
            "both bumps are in place, and the one at 1 has more samples",
            "Real x_T lie around 1.2 and the loop starts around 0, which for the network means: closer to 1. "
            "Each single sample is fine, only the shares are wrong.",
        ),
        "c": Option(
            "both bumps are moved towards 0",
            "The last steps pull each sample to where data are, at 1 and 3. What can still be wrong?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=3,
    importance=3,
    hints=(
        "Real x_T has the mean sqrt(alpha-bar_T) times the mean of the data.",
        "The network sees an x_T that is too small. Which bump seems more likely to it?",
    ),
)


ten_networks_or_one = Choice(
    "ten_networks_or_one",
    "Ten noise levels: ten small networks, one for each level, or one network for all levels, with fewer parameters "
    "than the ten together. Both see the same batches. Which one predicts the noise better, averaged over all levels?",
    options={
        "a": Option(
            "the ten networks: each of them has only one task",
            "Each of them also has only a tenth of the training data. Are the ten tasks different?",
        ),
        "b": Option(
            "the one network: what it learns at one level helps at the next",
            "Neighbouring levels are similar tasks, and the one network learns from all rows of each batch. "
            "Look at the last level, too.",
        ),
        "c": Option(
            "both alike: the data decide, not the networks",
            "Both are still above the best possible error after so few batches. Which one learns faster?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=2,
    importance=3,
    hints=(
        "How many rows of a batch does each of the ten networks learn from?",
        "How different are the best predictions at two neighbouring levels?",
    ),
)
