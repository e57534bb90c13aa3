"""Questions of chapter 11: predict before you run."""

from course_lib.checker.quiz import Choice, Option

two_grids = Choice(
    "two_grids",
    "Both grids have 40 samples. Both models got the same noise and were asked for the same ten classes. One of the "
    "two draws clearly less variety than there is among real garments. Which one?",
    options={
        "a": Option(
            "the left one, model A",
            "Its surfaces are rougher, and that is a fault, but one of looks. "
            "Count the dark trousers on both sides: is the mix of garments the same?",
        ),
        "b": Option(
            "the right one, model B",
            "Its garments are cleaner and brighter, and more alike: dark and odd ones are missing. "
            "In a mixed grid the eye sees single garments, and hardly what is absent.",
        ),
        "c": Option(
            "neither: the variety is the same",
            "That is how it looks, since each single garment is fine. "
            "Sort them by class in your mind: how many dark ones are on each side?",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "Do not look for the better garments. Look for kinds of garments that one grid has and the other has not.",
        "Compare the shades: how many garments on each side are dark?",
    ),
)


what_n_does = Choice(
    "what_n_does",
    "Draw 128 points from the standard normal distribution in 128 dimensions, N(0, I), and fit a Gaussian to them. "
    "What is the Fréchet distance of this Gaussian from N(0, I), where the points came from?",
    options={
        "a": Option(
            "0, because the points came from there",
            "The fitted Gaussian is an estimate. How many numbers does a covariance of 128 dimensions have, and how "
            "many points estimate them?",
        ),
        "b": Option(
            "about 0.04",
            "Very many points come that close. With only 128 points: how flat can the cloud be in some directions?",
        ),
        "c": Option(
            "about 4",
            "The mean alone is off by about 1: in each of 128 dimensions its variance is 1/128. "
            "The covariance is much worse.",
        ),
        "d": Option(
            "about 40",
            "So few points describe a covariance of 128 dimensions badly. "
            "The errors of all directions add up, and none can be negative.",
        ),
    },
    answer="d",
    points=1,
    minutes=3,
    difficulty=3,
    importance=5,
    hints=(
        "The distance compares an estimate with the truth. How well do 128 points show that the covariance is I?",
        "The covariance of 128 dimensions has 8,256 different numbers. In some directions 128 points hardly vary at "
        "all, in others four times too much.",
    ),
)


what_fools_it = Choice(
    "what_fools_it",
    "Four sets of images go before the judge. Which of them gets the highest Inception score?",
    options={
        "a": Option(
            "2,048 real photographs",
            "Among real photographs some are hard to name: is this a shirt or a coat? "
            "What does the score make of an image whose class is unclear?",
        ),
        "b": Option(
            "the 256 samples of model A",
            "They are as hard to name as real ones, or harder. "
            "Read the formula again: what could make p(y | x) sharper, and does variety within a class count?",
        ),
        "c": Option(
            "ten samples, one of each class, repeated 25 times each",
            "Each image is surely of one class, and all ten classes are there equally often: that is all it asks for. "
            "It knows nothing of variety within a class.",
        ),
        "d": Option(
            "the 256 samples of model B",
            "They are easier to name than model A's, so you are on the right way. "
            "Does the score notice when an image comes twice?",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=(
        "Two things raise it: each image is surely of one class, and all classes come equally often. Anything else?",
        "Imagine the easiest image of each class. What happens to the mean KL if you show it again and again?",
    ),
)


a_mode_is_missing = Choice(
    "a_mode_is_missing",
    "Real points lie in four clusters. A model draws perfect points, but only in three of the four. How do its "
    "precision and recall compare with those of a perfect model?",
    options={
        "a": Option(
            "precision stays, recall falls by about a quarter",
            "Every drawn point lies among real ones. A quarter of the real points has no drawn point near it.",
        ),
        "b": Option(
            "precision falls by about a quarter, recall stays",
            "It is the other way round. Precision asks about the drawn points: does one of them lie in a wrong place?",
        ),
        "c": Option(
            "both fall",
            "Precision asks only about points that were drawn. Which of them lies where no real point is?",
        ),
        "d": Option(
            "both stay",
            "Go to a real point in the fourth cluster. Does it lie in a ball around any of the drawn points?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=2,
    importance=5,
    hints=(
        "Precision is a share of the drawn points, recall is a share of the real points.",
        "Take a real point of the missing cluster. Which of the two numbers notices it?",
    ),
)


the_second_judge = Choice(
    "the_second_judge",
    "With the weight 1.3 the first judge sees less than half of the distance that it sees without a guide (weight 1). "
    "What does the second judge see at 1.3, compared with 1?",
    options={
        "a": Option(
            "less than half of the distance, too: better is better",
            "Part of what the first judge likes is real progress, and part is a taste of this one network. "
            "Which part can another network with other layers see?",
        ),
        "b": Option(
            "less distance, but not by so much",
            "So it is at the weight 1.1. The weight 1.3 was chosen because the first judge likes it best: "
            "where should that be, compared with what is best?",
        ),
        "c": Option(
            "more distance than without the guide",
            "The best weight for the second judge is smaller. "
            "From there on the samples only move to where the first judge is easy to please.",
        ),
    },
    answer="c",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "The weight changes the samples in two ways: faults go away, and the mix of garments shifts.",
        "The first judge chose the weight. Is its own score still a fair witness of that choice?",
    ),
)


where_the_bits_go = Choice(
    "where_the_bits_go",
    "The bound has a price in bits for each of the 200 steps. For which steps do you pay most?",
    options={
        "a": Option(
            "for the steps near t = 199: there it is decided what garment it will be",
            "Ten classes are told apart by 3.3 bits for the whole image, not for each pixel. "
            "How many bits do the grey levels of 784 pixels have?",
        ),
        "b": Option(
            "for the steps around t = 100, where the outline forms",
            "An outline is a few dozen numbers, shared by hundreds of pixels. "
            "What has to be told for each pixel by itself?",
        ),
        "c": Option(
            "for all steps about equally",
            "In dense noise a step tells next to nothing, because x_{t-1} is almost noise, too. "
            "At the other end it has to tell every grey level exactly.",
        ),
        "d": Option(
            "for the last few steps, near t = 0",
            "There the exact grey level of every pixel is told, and most of that is grain that no eye sees and no "
            "model can foresee.",
        ),
    },
    answer="d",
    points=1,
    minutes=2,
    difficulty=3,
    importance=5,
    hints=(
        "Bits are paid for what could not be foreseen. What in an image can be foreseen least?",
        "The code is lossless: it must give back each grey level of each pixel exactly.",
    ),
)


noise_in_99_of_100 = Choice(
    "noise_in_99_of_100",
    "A perfect model needs b bits for each pixel of an image, which has 784. Another model rolls dice: in 99 of 100 "
    "cases it draws pure noise, in the hundredth it does what the perfect one does. How many bits for each pixel does "
    "it need?",
    options={
        "a": Option(
            "less than b + 0.01",
            "It gives each image at least a hundredth of the perfect model's probability: that costs log2(100) = 6.6 "
            "bits, and they are spread over 784 pixels.",
        ),
        "b": Option(
            "about b + 0.7",
            "The hundredth costs the same number of bits for each image, not for each pixel. "
            "How many bits is a factor of 100?",
        ),
        "c": Option(
            "about 8, as for noise, because nearly all of its samples are noise",
            "Bits are not about what the model draws. "
            "They are about the probability that it gives to the real image: how small can that be?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    difficulty=4,
    importance=4,
    hints=(
        "What probability does it give to a real image, at least, compared with the perfect model?",
        "A hundredth of the probability costs log2(100) bits. Divide them by the number of pixels.",
    ),
)
