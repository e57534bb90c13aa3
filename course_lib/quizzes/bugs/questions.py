"""Questions of chapter 17: predict before you run."""

from course_lib.checker.matching import Matching
from course_lib.checker.quiz import Choice, Option

loss_falls_samples_noise = Choice(
    "loss_falls_samples_noise",
    "The loss has fallen from 1 to 0.06 and stays there, in training and on photographs that were never trained on. "
    "The samples are still noise. What do you look at first?",
    options={
        "a": Option(
            "the learning rate, because a loss that no longer falls has got stuck",
            "A loss of 0.06 says that the network explains most of the noise, at levels drawn at random. "
            "Can a network that is stuck do that?",
        ),
        "b": Option(
            "the number of training steps: samples come late, long after the loss is small",
            "Longer training makes garments finer. After some hundred steps of this course's recipes there are "
            "blurred garments, not noise.",
        ),
        "c": Option(
            "the size of the network: noise is what a network draws that is too small",
            "A network that is too small has a larger loss, and draws blurred or bent garments. "
            "What does a loss of 0.06 say about it?",
        ),
        "d": Option(
            "whether the sampler reads the network's answers as training meant them",
            "The loss never uses the sampler. Everything that both must agree on is suspicious: what is predicted, "
            "the schedule, how t is counted, the range of the images, which weights.",
        ),
    },
    answer="d",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "Which lines of code has this loss tested, and which lines has it never run?",
        "A small loss on new photographs says that network and training fit together. What is left?",
    ),
)


CAUSES = {
    "a": Option(
        "the walk begins in the middle, at t = 149 of 199, with pure noise",
        "Cause a shows the network more noise than any picture of that t has in training, and it takes the coarse part "
        "of the noise for a picture.",
    ),
    "b": Option(
        "the noise has the variance beta, in the last step, too",
        "Cause b adds noise after the network's last look, so that nobody can take it out again.",
    ),
    "c": Option(
        "the noise is multiplied by the variance, not by its root",
        "Cause c adds too little fresh noise in each step, and what it draws becomes smooth.",
    ),
    "d": Option(
        "mean * std * noise stands in the place of mean + std * noise",
        "Cause d multiplies each state by numbers that are mostly small, and the last one by 0.",
    ),
    "e": Option(
        "the network is told a t that is 24 too small",
        "Cause e lets the network believe in less noise than there is, so it keeps some noise as if it were part of "
        "the picture.",
    ),
    "f": Option(
        "the network answers with the noise, and the sampler reads v",
        "Cause f takes a wrong mixture of state and noise for the clean picture, at every step from the first one on.",
    ),
}

SHOWS = (
    "good garments under fine grain, on the black background, too",
    "grey, the same in every pixel",
    "smooth garments that have lost every pattern",
    "torn garments with white patches and many small holes",
    "a dark texture all over the picture, and no garment",
    "large grey shapes that often are garments of another class",
)

grey_or_noise = Matching(
    "grey_or_noise",
    "Each of the six rows was drawn with one bug, from the same noise and for the same eight classes. Match the rows 1 "
    "to 6 with the causes a to f. Each cause belongs to one row.",
    options=CAUSES,
    shows=SHOWS,
    answer="bdcefa",
    points=2,
    minutes=8,
    difficulty=3,
    importance=5,
    hints=(
        "Begin with the two rows without any garment. One of them has no detail at all: which cause leaves nothing?",
        "Too much noise at the end, too little noise on the way, and noise that is mistaken for picture: each of these "
        "belongs to one row.",
    ),
)
