"""Questions of chapter 10: predict before you run, and the gallery of faults."""

from course_lib.checker.matching import Matching
from course_lib.checker.quiz import Choice, Option

what_is_decided = Choice(
    "what_is_decided",
    "You stop a run of 200 steps halfway, at t = 100. You make eight copies of the state and finish each copy with "
    "noise of its own. What will the eight samples have in common?",
    options={
        "a": Option(
            "nothing: some become shoes, others tops or bags",
            "That is what happens near t = 199, where a state is hardly more than noise. "
            "Which parts of a picture survive the noise of t = 100?",
        ),
        "b": Option(
            "every pixel: the eight samples are equal",
            "All steps below t = 100 still add noise, and each copy gets its own. "
            "Which parts of the picture can noise of that size still change?",
        ),
        "c": Option(
            "the outline and the shade; prints, straps and seams differ",
            "The noise at t = 100 hides the details, but hardly the large shapes: they are decided by now. "
            "The details come from the noise of the remaining steps.",
        ),
        "d": Option(
            "the prints and seams; the outlines differ",
            "It is the other way round. Which of the two can you still see through strong noise?",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "Half close your eyes and look at the middle of the film: what do you recognise?",
        "A large shape covers hundreds of pixels, and over so many the noise averages out. A button covers two.",
    ),
)


what_the_optimum_draws = Choice(
    "what_the_optimum_draws",
    "A denoiser is exact for the training set: for each x_t it answers E[x_0 | x_t], as if nothing but these N images "
    "existed. No network can have a lower training loss. You sample with it, step by step from noise. What comes out?",
    options={
        "a": Option(
            "images of the training set, one for each sample",
            "While there is much noise, its answer is a blend of many images. With less noise the weights "
            "gather on one image, and the last steps give back exactly that one.",
        ),
        "b": Option(
            "blends of two or three training images",
            "Blends do occur on the way. At t = 0 the noise is tiny: how likely is it that an x_t "
            "between two images is one of them plus such noise?",
        ),
        "c": Option(
            "new garments, better than any network's",
            "For this denoiser a garment that is not among the N images is impossible. "
            "Which x_0 can explain an x_t with hardly any noise?",
        ),
        "d": Option(
            "a grey blur, the mean of all training images",
            "The first answers look like that, since at t = T - 1 nearly all weights are equal. "
            "What happens to the weights when the noise gets small?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=3,
    importance=5,
    hints=(
        "Its answer is a weighted mean of the training images. "
        "On how many of them does the weight lie at t = T - 1, and on how many near t = 0?",
        "Near t = 0 the weights are a softmax over huge negative numbers that differ a lot.",
    ),
)


how_far_from_the_training_set = Choice(
    "how_far_from_the_training_set",
    "For each sample of the network you measure the distance to the nearest training image. You do the same for real "
    "images that the network never saw. How do the network's distances compare?",
    options={
        "a": Option(
            "far smaller: the network draws slightly changed copies",
            "A network that stored its training images would do that. This one has 231,249 parameters, and the images "
            "have 7.8 million pixels.",
        ),
        "b": Option(
            "about the same",
            "For the training set, the network's samples are as new as new images are. "
            "A sample that is much nearer would deserve a look.",
        ),
        "c": Option(
            "far larger: the network draws nothing like the training images",
            "Then its samples would not look like garments of this kind. "
            "How far should a good sample be from the training set: as far as what?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "If the network had learned the distribution perfectly, its samples would be new images.",
        "Compare with the real images: they come from the same distribution and are in no way copies.",
    ),
)


who_is_closer = Choice(
    "who_is_closer",
    "Take images that neither the optimal denoiser nor the network has seen. Add a little noise (t = 30 of 200) and "
    "let both predict x_0. Whose prediction is closer to the clean image?",
    options={
        "a": Option(
            "the optimal denoiser's",
            "It is optimal for the training images. A new image is none of them: what is the only thing that it can "
            "answer with?",
        ),
        "b": Option(
            "both are equally close",
            "One of the two can answer with training images only. How close is the nearest of these to a new image, "
            "compared with the little noise?",
        ),
        "c": Option(
            "the network's",
            "With little noise the optimal denoiser answers with the nearest training image, however little that one "
            "looks like the new image. The network removes the noise and keeps what it sees.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "What does the optimal denoiser answer when the noise is small?",
        "At t = 30 the noise is small against the distance from a new image to the nearest training image.",
    ),
)


CAUSES = {
    "a": Option(
        "after the sampler: numbers from 0 to 1 become uint8 without being multiplied by 255",
        "Cause a cuts off what follows the point, so every number below 1 becomes 0.",
    ),
    "b": Option(
        "after the sampler: the range is moved from [-1, 1] to [0, 1] twice",
        "Cause b squeezes all numbers into the upper half of the range, so black becomes mid grey.",
    ),
    "c": Option(
        "after the sampler: the range is never moved, [-1, 1] is taken for [0, 1]",
        "Cause c turns everything that is darker than mid grey into black, and what is lighter stays visible.",
    ),
    "d": Option(
        "in the loop: it ends after t = 20 instead of t = 0",
        "Cause d leaves a little of the noise in every pixel, also in the background.",
    ),
    "e": Option(
        "in the loop: the steps add no noise",
        "Cause e lets each step take away more noise than the level drops, so all samples move to the middle "
        "(chapter 05).",
    ),
    "f": Option(
        "before the loop: the seed is set again before each sample",
        "Cause f gives every sample the same random numbers, so the row repeats one sound sample.",
    ),
    "g": Option(
        "before the loop: the schedule is linear, and the network was trained with cosine",
        "Cause g gives the network a t at which it knows another amount of noise, but not a very different one, "
        "so garments still form.",
    ),
    "h": Option(
        "before the loop: the network is told t // 10 instead of t",
        "Cause h makes the network believe that there is hardly any noise, so it keeps noise as if it were part of the "
        "picture.",
    ),
    "i": Option(
        "before the loop: the network's answer, the noise, is taken for x_0",
        "Cause i moves each state towards the noise in it instead of away from it, so no garment can form.",
    ),
    "j": Option(
        "before the loop: the predicted x_0 is not clipped to [-1, 1]",
        "Cause j lets the huge errors of the first predictions through, so the numbers leave the range and end as pure "
        "black or white.",
    ),
}

SHOWS = (
    "good garments under fine grain, which covers the background, too",
    "a dense pattern of black and white pixels without any garment",
    "garments behind a grey veil, on a grey background",
    "the same good garment again and again",
    "large blotches with sharp edges, and no garment",
    "nothing but black",
    "dull, patterned tops that look woven",
    "the same smooth, pale garment again and again",
    "only the lightest parts of garments, on black",
    "black squares, some with a ragged white patch",
)

name_the_faults = Matching(
    "name_the_faults",
    "Each of the ten rows was drawn with one bug. Match the rows 1 to 10 with the causes a to j. "
    "Each cause belongs to one row.",
    options=CAUSES,
    shows=SHOWS,
    answer="dibfhagecj",
    points=2,
    minutes=15,
    difficulty=3,
    importance=5,
    hints=(
        "Begin with the bugs after the sampler (a, b, c): they change the greys, and the garments stay sound. "
        "Work out on paper what each does to black (-1), mid grey (0) and white (1).",
        "Two rows repeat one garment. In one of them the garment has details, in the other it is as smooth as an "
        "average.",
        "Four rows look alike in no detail but have no sound garment (2, 5, 7, 10). Ask how wrong the network's "
        "answer is: a little (something still forms), believing in too little noise, in the opposite direction, or "
        "out of range.",
    ),
)
