"""Questions of chapter 14: predict before you run."""

from course_lib.checker.quiz import Choice, Option

one_call_or_ten = Choice(
    "one_call_or_ten",
    "Ten noisy garments, and the t that fits their noise. Once you take the x_0 that the network predicts in one call. "
    "Once you go down to clean data in ten steps of DDIM. Which garments have the higher PSNR?",
    options={
        "a": Option(
            "those of ten steps: more calls are always more exact",
            "Ten steps follow the path to one possible garment. Is this the one with the smallest squared error on "
            "average, which PSNR asks for?",
        ),
        "b": Option(
            "those of one call, although those of ten steps look sharper",
            "One call gives the mean of all possible garments, which is smooth where they differ. No other answer has "
            "a smaller squared error on average.",
        ),
        "c": Option(
            "both are equal: it is the same network from the same t",
            "The network is the same. But is the mean of all possible garments the garment at which ten steps end?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "Which loss was the network trained with, and what does the best answer to that loss look like?",
        "Squared error is smallest for the mean of all x_0 that are possible. Is a mean of sharp pictures sharp?",
    ),
)


wrong_t = Choice(
    "wrong_t",
    "The noise on a garment fits t = 45. You tell the network a t that is too small, and then one that is too large. "
    "What do you get?",
    options={
        "a": Option(
            "nothing changes: the network sees how much noise there is",
            "The network was trained with the true t each time. Had it a reason to learn not to believe it?",
        ),
        "b": Option(
            "too small: a smooth garment without details; too large: noise is left",
            "t says how much noise the network should look for. Which of the two lets it take away too much?",
        ),
        "c": Option(
            "too small: noise is left; too large: a smooth garment without details",
            "The network takes away as much noise as t says. What is left over is taken for texture, and with a large "
            "t fine texture is taken for noise.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "t tells the network how strong the noise is.",
        "If t is too small, the network looks for weak noise. What does it take the strong noise for?",
    ),
)


how_much_of_a_sketch = Choice(
    "how_much_of_a_sketch",
    "You draw a shoe with two flat greys. You add the noise of some t, and let the network remove it again, step by "
    "step. With which t do you get a real shoe with the outline that you drew?",
    options={
        "a": Option(
            "a small one, such as t = 30: more noise only spoils the drawing",
            "With little noise the network has little to decide. Would it invent laces and a sole in a flat grey?",
        ),
        "b": Option(
            "the largest, t = 199: only there the network may decide everything",
            "At t = 199 almost nothing of the drawing is left. What would the outline come from?",
        ),
        "c": Option(
            "one in between: the noise must hide that the surface has no texture, but not the outline",
            "Noise hides fine detail first and large shapes last. At a t in between the outline survives, and the "
            "surface is open.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "What has to disappear in the noise, and what has to survive it?",
        "Texture is small, and the outline is large: which of the two is hidden by less noise?",
    ),
)


share_on_the_right = Choice(
    "share_on_the_right",
    "The data are two round clouds of equal weight, around (-1, -1) and (1, 1). You know that the first coordinate is "
    "0.2. So the point belongs to the right cloud with probability 0.92. You replace the known coordinate in each of "
    "50 steps; the network is exact. What share of the points ends in the right cloud?",
    options={
        "a": Option(
            "0.92: an exact network and the known coordinate in each step",
            "When the sampler chooses a cloud, the known coordinate is still covered with noise. "
            "What does the network learn from it at that time?",
        ),
        "b": Option(
            "clearly less, about 0.6",
            "The cloud is chosen early, when the noised known coordinate says little. Later it says much, "
            "but then the way to the other cloud is closed.",
        ),
        "c": Option(
            "1.0: the right cloud is more probable, so the steps lead to it",
            "A sampler does not take the most probable answer. And does each step know which one that is?",
        ),
        "d": Option(
            "less with 50 steps, but exactly 0.92 with 200",
            "More steps make each step more exact. Do they change what an early step can know?",
        ),
    },
    answer="b",
    points=1,
    minutes=3,
    difficulty=4,
    importance=5,
    hints=(
        "At which noise level does a point decide for one of the clouds?",
        "At a large t the known coordinate is 0.2 times something small, plus noise of size 1. "
        "Does it tell the network much?",
    ),
)


which_mask_is_inverted = Choice(
    "which_mask_is_inverted",
    "The right halves of ten garments were hidden, and three programs filled them. One is right. One has an inverted "
    "mask. One puts the clean known part into noisy states. Look at the rows A, B and C. Which has the inverted mask?",
    options={
        "a": Option("A", "Compare A's left halves with the garments. Has any of them changed?"),
        "b": Option("B", "Compare B's left halves with the garments. Has any of them changed?"),
        "c": Option(
            "C",
            "In C the right halves are those that were hidden, pixel by pixel, and the left ones are new.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=1,
    importance=4,
    hints=(
        "Which half may a right program change?",
        "Look for a row whose left halves differ from those of the first row.",
    ),
)


middle_of_two_noises = Choice(
    "middle_of_two_noises",
    "You take two draws of noise and form their mean, pixel by pixel. From each of the three the network draws a "
    "garment of the same class, without fresh noise. What comes from the mean?",
    options={
        "a": Option(
            "a garment as rich as the other two, and somewhere between them",
            "For this the mean would have to be noise as the network knows it. What is the standard deviation of the "
            "mean of two independent draws?",
        ),
        "b": Option(
            "a plainer garment, with hardly any pattern",
            "The mean has a standard deviation of 0.71. It lies closer to the centre than any draw of noise, "
            "and from there the path leads to an average garment.",
        ),
        "c": Option(
            "both garments on top of each other, half transparent",
            "A mean of two pictures looks like this. Does the sampler form a mean of pictures?",
        ),
        "d": Option(
            "a garment that is full of noise",
            "There is less noise in the mean than the network expects. Why should any be left over?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=3,
    importance=4,
    hints=(
        "Is the mean of two draws still standard normal?",
        "Its variance is 1/4 + 1/4 = 1/2, so its values are too close to 0. Which picture belongs to such a start?",
    ),
)
