"""Quizzes of chapter 00: how quizzes work, and the range that images live in."""

import torch

from course_lib import images
from course_lib.quizzes.catalogue import Choice, Option, Quiz

ORDER = ("to_model_range", "why_minus_one_to_one", "what_comes_back_first")  # as in the notebook


def image_batches(g: torch.Generator) -> list[tuple]:
    """A grey and a coloured batch, every value once, and a batch that uses only a part of the range."""
    return [
        (torch.randint(256, (3, 1, 4, 5), generator=g, dtype=torch.uint8),),
        (torch.randint(256, (2, 3, 6, 4), generator=g, dtype=torch.uint8),),
        (torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16),),
        (torch.randint(60, 180, (2, 1, 5, 5), generator=g, dtype=torch.uint8),),
    ]


to_model_range = Quiz(
    images.to_model_range,
    cases=image_batches,
    points=1,
    minutes=5,
    hints=(
        "Where do black (0) and white (255) have to go? Two points fix a straight line.",
        "Turn uint8 into float first: uint8 has no negative numbers and wraps around at 256.",
        "Divide by half of 255, so that the range is 0 ... 2, then subtract 1.",
    ),
)


@to_model_range.mistake(
    "This gives 0 ... 1. The noise is centred on 0, so the images should be too: how do you stretch and shift?"
)
def zero_to_one(images):
    return images.float() / 255


@to_model_range.mistake("White ends just short of 1. The largest uint8 is not 256: what is half of it?")
def divided_by_128(images):
    return images.float() / 128 - 1


@to_model_range.mistake("Scaled to 0 ... 2, which is wide enough, but black has to land on -1. What is still missing?")
def not_shifted(images):
    return images.float() / 127.5


@to_model_range.mistake("Black is right, but white ends at 0: the range is only half as wide as it should be.")
def not_stretched(images):
    return images.float() / 255 - 1


@to_model_range.mistake("Centred, but only from -0.5 to 0.5. How wide is the range from -1 to 1?")
def half_the_width(images):
    return images.float() / 255 - 0.5


@to_model_range.mistake("A uint8 wraps around at 256: 2 * 200 is 144 there. Make it a float before you calculate.")
def calculated_in_uint8(images):
    return images * 2 / 255 - 1


@to_model_range.mistake(
    "Each batch gets a scale of its own here, so the same grey means different things. "
    "Use 0 and 255, not this batch's extremes."
)
def stretched_by_the_batch(images):
    x = images.float()
    return (x - x.min()) / (x.max() - x.min()) * 2 - 1


@to_model_range.mistake(
    "That is mean 0 and standard deviation 1, which depends on the batch and leaves [-1, 1]. Fixed numbers are enough."
)
def standardised(images):
    x = images.float()
    return (x - x.mean()) / x.std()


@to_model_range.mistake(
    "Dark pixels come out brightest: a uint8 has no negative numbers, so 100 - 128 is 228 there. "
    "Make it a float before you subtract."
)
def subtracted_in_uint8(images):
    return (images - 128) / 128


@to_model_range.alternative
def scale_then_shift(images):
    return images.to(torch.float32) / 255 * 2 - 1


@to_model_range.alternative
def shift_then_scale(images):
    return (images.float() - 127.5) / 127.5


@to_model_range.alternative
def by_table(images):
    return torch.linspace(-1, 1, 256, device=images.device)[images.long()]


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
            "a float cannot hold 0 ... 255 exactly",
            "A float32 holds whole numbers up to 16 million exactly. Think of what the image is mixed with.",
        ),
        "b": Option(
            "so that image and noise are centred on the same value",
            "The noise has mean 0 and standard deviation 1. "
            "Data around 0 of about that size fade into it, and leave no grey veil in x_T.",
        ),
        "c": Option(
            "so that x_t never leaves the range of the image",
            "It does leave it: a Gaussian has no bounds, and x_T often lies beyond 2. Think of its mean instead.",
        ),
    },
    answer="b",
    points=1,
    minutes=2,
    hints=("What is the mean of the noise?", "At the end x_T should look like N(0, 1), whatever the image was."),
)
