"""Questions of chapter 08: predict before you run."""

from course_lib.checker.quiz import Choice, Option

where_the_parameters_are = Choice(
    "where_the_parameters_are",
    "The classic network works at 28 x 28, 14 x 14 and 7 x 7 pixels, with 28, 56 and 112 channels. What do you expect?",
    options={
        "a": Option(
            "Most parameters belong to 7 x 7; the multiply-adds are spread over all three.",
            "Twice the channels are four times the weights, and a quarter of the pixels: the same work, "
            "with four times the parameters.",
        ),
        "b": Option(
            "Most parameters and most multiply-adds belong to 7 x 7, the widest level.",
            "Right for the parameters. But each weight is used once for every pixel: "
            "how many pixels are left at 7 x 7, and how many were there at 28 x 28?",
        ),
        "c": Option(
            "Both are spread evenly: that is why the channels double where the sides halve.",
            "Right for one of the two. Doubling the channels multiplies the weights by what, and halving the sides "
            "divides the pixels by what?",
        ),
        "d": Option(
            "Most parameters and most multiply-adds belong to 28 x 28, the largest size.",
            "A 3 x 3 convolution has 9 weights for each pair of channels, however many pixels it runs over. "
            "Which level has the most pairs?",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    difficulty=3,
    importance=3,
    hints=(
        "Weights of a 3 x 3 convolution: 9 C_in C_out. How does that change from level to level?",
        "Multiply-adds: the same, times the number of pixels.",
    ),
)


where_skips_matter = Choice(
    "where_skips_matter",
    "The same network is trained twice, with skips and without. "
    "Where will the one without be worse at predicting the noise?",
    options={
        "a": Option(
            "Nowhere: 7 x 7 pixels with 32 channels are 1,568 numbers, twice as many as the picture has.",
            "There is room, yes. But all of it has to be packed on the way down and unpacked on the way up, "
            "pixel by pixel: is that learned in 1,000 steps?",
        ),
        "b": Option(
            "At small t only, where the last fine details are at stake.",
            "Details suffer there. But what is asked is the noise, which is all detail: "
            "how much of x_t is noise at large t?",
        ),
        "c": Option(
            "At every t, and by the largest factor at large t.",
            "At large t the input is nearly all noise, so the answer is nearly a copy of the input: "
            "easy with a skip, hard through 7 x 7.",
        ),
        "d": Option(
            "At large t only, where the picture has to be invented.",
            "Look at what is asked: the noise, not the picture. And at small t, too, it has to be told pixel by pixel.",
        ),
    },
    answer="c",
    points=1,
    minutes=3,
    difficulty=3,
    importance=4,
    hints=(
        "The network has to name the noise of every single pixel. Where does it see that noise?",
        "At large t, x_t is almost the noise itself. What is the easiest answer for a network that can copy?",
    ),
)
