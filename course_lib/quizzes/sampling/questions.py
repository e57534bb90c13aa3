"""Questions of chapter 10: predict before you run."""

from course_lib.checker.quiz import Choice, Option

what_the_optimum_draws = Choice(
    "what_the_optimum_draws",
    "A denoiser is exact for the training set: for each x_t it says E[x_0 | x_t] as if nothing but those N images "
    "existed. No network can have a lower training loss. You sample with it, step by step from noise: what comes out?",
    options={
        "a": Option(
            "images of the training set, one for each sample",
            "While there is much noise it says a blend of many images. With less noise the weights "
            "gather on one of them, and the last steps give that one back.",
        ),
        "b": Option(
            "blends of two or three training images",
            "On the way it does say blends. At t = 0 the noise is tiny: how likely is it that an x_t "
            "between two images is one of them plus such noise?",
        ),
        "c": Option(
            "new garments, better than any network's",
            "Nothing outside of the N images exists for it: to it, a new garment is impossible. "
            "Which x_0 can explain an x_t with hardly any noise?",
        ),
        "d": Option(
            "a grey blur, the mean of all training images",
            "So it begins: at t = T - 1 nearly all weights are equal. "
            "But x_t changes on the way: what happens to the weights when the noise gets small?",
        ),
    },
    answer="a",
    points=1,
    minutes=3,
    hints=(
        "Its answer is a weighted mean of the training images. "
        "On how many of them does the weight lie at t = T - 1, and on how many near t = 0?",
        "Near t = 0 the weights are a softmax over huge negative numbers that differ a lot.",
    ),
)


which_fault = Choice(
    "which_fault",
    "Every sample is a good garment, but under fine grain, the empty background included. Which fault is it?",
    options={
        "a": Option(
            "all samples were drawn with the same noise",
            "Then all samples would be one and the same garment, and a clean one. Where does the grain come from?",
        ),
        "b": Option(
            "the steps added no noise",
            "Then the samples come out smooth, and much alike. Grain is noise that is still there: "
            "which steps should have removed it?",
        ),
        "c": Option(
            "the samples were taken for 0 ... 1 when they were drawn, but they run from -1 to 1",
            "Then everything darker than mid grey is black, and a black background shows no grain. "
            "Which fault hits every pixel alike?",
        ),
        "d": Option(
            "the loop ended some steps too early, before t = 0",
            "Each step takes noise away, and what the last ones would have taken is still there. "
            "Noise that is added at t = 0, after which nobody cleans up, does the same, more faintly.",
        ),
    },
    answer="d",
    points=1,
    minutes=2,
    hints=(
        "The large shapes are settled first, single pixels last. Where would you look?",
        "How much noise does x_t hold when the loop is at t = 20?",
    ),
)
