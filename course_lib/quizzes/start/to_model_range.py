"""Quiz `to_model_range` of chapter 00."""

import torch

from course_lib import images
from course_lib.checker.quiz import Quiz


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


@to_model_range.alternative("")
def scale_then_shift(images):
    return images.to(torch.float32) / 255 * 2 - 1


@to_model_range.alternative("")
def shift_then_scale(images):
    return (images.float() - 127.5) / 127.5


@to_model_range.alternative("")
def by_table(images):
    return torch.linspace(-1, 1, 256, device=images.device)[images.long()]
