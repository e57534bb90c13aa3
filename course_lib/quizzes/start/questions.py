"""Questions of chapter 00: predict before you run."""

from course_lib.checker.quiz import Choice, Option

what_comes_back_first = Choice(
    "what_comes_back_first",
    "The network starts from pure noise and removes a little at a time. What can you recognise first?",
    options={
        "a": Option(
            "fine detail: seams, buttons, texture",
            "Fine detail depends on single pixels, and a little noise is enough to change a single pixel. "
            "What depends on many pixels?",
        ),
        "b": Option(
            "the large shape: where garment ends and background begins",
            "A large shape covers many pixels, and over many pixels the noise averages out. "
            "So the noise hides it last, and it comes back first.",
        ),
        "c": Option(
            "everything at once, ever less blurred",
            "Noise is not blur. It is equally strong in every pixel, "
            "but it hides a detail of two pixels sooner than a sleeve of two hundred.",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    difficulty=2,
    importance=4,
    hints=("Move the slider of the boot again. What can you still see last?", "Noise averages out over many pixels."),
)
