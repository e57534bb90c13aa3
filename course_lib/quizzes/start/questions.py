"""Questions of chapter 00: predict before you run."""

from course_lib.checker.quiz import Choice, Option

what_comes_back_first = Choice(
    "what_comes_back_first",
    "The network starts from pure noise and removes a little at a time. What can you recognise first?",
    options={
        "a": Option(
            "fine detail: seams, buttons, texture",
            "Fine detail hangs on single pixels, and a single pixel drowns at the "
            "first touch of noise. What hangs on many pixels?",
        ),
        "b": Option(
            "the large shape: where garment ends and background begins",
            "A large shape covers many pixels, and over many pixels the noise averages out. "
            "It drowns last and comes back first.",
        ),
        "c": Option(
            "everything at once, ever less blurred",
            "Noise is not blur: it hits every pixel alike, but a detail of two pixels "
            "suffers more from it than a sleeve of two hundred.",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    hints=("Watch the boot drown again: what could you still see last?", "Noise averages out over many pixels."),
)


why_minus_one_to_one = Choice(
    "why_minus_one_to_one",
    "Why do the images go to -1 ... 1 and not to 0 ... 1?",
    options={
        "a": Option(
            "so that image and noise are centred on the same value",
            "The noise has mean 0 and standard deviation 1. "
            "Data around 0 of about that size fade into it, and leave no grey veil in x_T.",
        ),
        "b": Option(
            "so that x_t never leaves the range of the image",
            "It does leave it: a Gaussian has no bounds, and x_T often lies beyond 2. Think of its mean instead.",
        ),
        "c": Option(
            "a float cannot hold 0 ... 255 exactly",
            "A float32 holds whole numbers up to 16 million exactly. Think of what the image is mixed with.",
        ),
    },
    answer="a",
    points=1,
    minutes=2,
    hints=("What is the mean of the noise?", "At the end x_T should look like N(0, 1), whatever the image was."),
)
