"""Quiz `to_model_range` of chapter 00."""

import torch

from course_lib import images
from course_lib.checker.quiz import Quiz


def image_batches(g: torch.Generator) -> list[tuple]:
    """A grey and a coloured batch, every value once, a part of the range only, one image, and one row of pixels."""
    return [
        (torch.randint(256, (3, 1, 4, 5), generator=g, dtype=torch.uint8),),
        (torch.randint(256, (2, 3, 6, 4), generator=g, dtype=torch.uint8),),
        (torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16),),
        (torch.randint(60, 180, (2, 1, 5, 5), generator=g, dtype=torch.uint8),),
        (torch.randint(256, (6, 7), generator=g, dtype=torch.uint8),),
        (torch.tensor([0, 200, 255], dtype=torch.uint8),),
    ]


to_model_range = Quiz(
    images.to_model_range,
    cases=image_batches,
    points=1,
    minutes=5,
    difficulty=1,
    importance=3,
    hints=(
        "Where do black (0) and white (255) have to go? Two points fix a straight line.",
        "Turn uint8 into float first: uint8 has no negative numbers and wraps around at 256.",
        "Divide by half of 255, so that the range is 0 ... 2, then subtract 1.",
    ),
)

to_model_range.edits(
    zero_to_one=(
        "/ 127.5 - 1 -> / 255",
        "This gives 0 ... 1. The noise is centred on 0, so the images should be too: how do you stretch and shift?",
    ),
    divided_by_128=("127.5 -> 128", "White ends just short of 1. The largest uint8 is not 256: what is half of it?"),
    divided_by_127=("127.5 -> 127", "White ends a little beyond 1: the range of a uint8 is 255 wide, an odd number."),
    not_shifted=(
        "127.5 - 1 -> 127.5",
        "Black stays at 0, and it has to land on -1. What is still missing behind the scale?",
    ),
    shifted_too_early=(
        "images.float() / 127.5 - 1 -> (images.float() / 255 - 1) * 2",
        "This gives -2 ... 0. A shift of 1 before the stretching is a shift of 2 after it: which one do you want?",
    ),
    not_stretched=(
        "127.5 -> 255",
        "Black is right, but white ends at 0: the range is only half as wide as it should be.",
    ),
    half_the_width=(
        "/ 127.5 - 1 -> / 255 - 0.5",
        "Centred, but only from -0.5 to 0.5. How wide is the range from -1 to 1?",
    ),
    centred_on_128=(
        "images.float() / 127.5 - 1 -> (images.float() - 128) / 127.5",
        "All is a little too dark: black ends below -1, and white short of 1. Where is the middle of 0 ... 255?",
    ),
    centred_on_127=(
        "images.float() / 127.5 - 1 -> (images.float() - 127) / 128",
        "Black ends just short of -1, and white is right. The middle of 0 ... 255 is not a whole number.",
    ),
    wider_below=(
        "images.float() / 127.5 - 1 -> (images.float() - 128) / 127",
        "White is right, but black ends beyond -1. The middle of 0 ... 255 is not a whole number: what is it?",
    ),
    black_and_white_swapped=(
        "images.float() / 127.5 - 1 -> 1 - images.float() / 127.5",
        "It is a negative: black comes out as 1 and white as -1. Which of them is the larger number in a uint8?",
    ),
    not_scaled_to_one=(
        "/ 127.5 - 1 -> * 2 - 1",
        "White comes out as 509. Twice x minus 1 is right for an x between 0 and 1: how do you get there first?",
    ),
    not_scaled=("/ 127.5 - 1 -> - 127.5", "Centred, but from -127.5 to 127.5. What brings that down to -1 ... 1?"),
    only_a_float=("/ 127.5 - 1 ->", "Still 0 ... 255, now as float. Where do black and white have to go?"),
    divided_twice=(
        "127.5 - 1 -> 255 / 127.5 - 1",
        "Everything is almost black, within 0.01 of -1: the range is divided away twice. Is x in 0 ... 1 already?",
    ),
    clamped=(
        "/ 127.5 - 1 -> .clamp(-1, 1)",
        "All but black is white: 1 ... 255 are cut off at 1. The range should be shrunk, not cut.",
    ),
    whole_numbers=(
        "images.float() / -> images.float() //",
        "Only whole numbers come out: the shares are rounded down. Which division keeps fractions?",
    ),
    calculated_in_uint8=(
        "images.float() / 127.5 -> images * 2 / 255",
        "A uint8 wraps around at 256: 2 * 200 is 144 there. Make it a float before you calculate.",
    ),
    cast_to_int8=(
        "images.float() / 127.5 -> images.to(torch.int8) / 127.5",
        "Bright pixels come out darkest: an int8 ends at 127, and 200 becomes -56 there. Which type has room for all?",
    ),
    subtracted_in_uint8=(
        "images.float() / 127.5 - 1 -> (images - 128) / 128",
        "Dark pixels come out brightest: a uint8 has no negative numbers, so 100 - 128 is 228 there. "
        "Make it a float before you subtract.",
    ),
    subtracted_in_uint8_before_127=(
        "images.float() / 127.5 - 1 -> (images - 128) / 127.5",
        "The dark half comes out above 1: in a uint8 what falls below 0 goes on at 255. "
        "Make it a float before you subtract.",
    ),
    one_subtracted_in_uint8=(
        "images.float() / 127.5 - 1 -> (images * 2 - 255) / 255",
        "Nothing comes out below 0: a uint8 cannot be negative and wraps around. "
        "Which type should the numbers have before you subtract 255?",
    ),
    statistics_of_the_data=(
        "images.float() / 127.5 - 1 -> (images.float() / 255 - 0.2860) / 0.3530",
        "That is Fashion-MNIST in standard form, mean 0.286 and standard deviation 0.353: it runs from -0.81 to 2.02. "
        "Here the two ends matter.",
    ),
    divided_by_the_largest=(
        "127.5 -> images.max() * 2",
        "The brightest pixel of each batch becomes white, whatever it was. "
        "The same grey has to mean the same everywhere.",
    ),
)


@to_model_range.mistake(
    "Each batch gets a scale of its own here, so the same grey means different things. "
    "Use 0 and 255, not this batch's extremes."
)
def stretched_by_the_batch(images):
    x = images.float()
    return (x - x.min()) / (x.max() - x.min()) * 2 - 1


@to_model_range.mistake(
    "Each image gets a scale of its own here, by its darkest and brightest pixel. "
    "A pale picture should stay pale: which two numbers are the same for all?"
)
def stretched_by_the_image(images):
    x = images.float().flatten(1)
    low, high = x.amin(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)
    return ((x - low) / (high - low) * 2 - 1).reshape(images.shape)


@to_model_range.mistake(
    "That is mean 0 and standard deviation 1, which depends on the batch and leaves [-1, 1]. Fixed numbers are enough."
)
def standardised(images):
    x = images.float()
    return (x - x.mean()) / x.std()


@to_model_range.mistake(
    "Each line of pixels is divided by its own length, as `torch.nn.functional.normalize` does to vectors. "
    "What should happen to 0 and to 255?"
)
def unit_length(images):
    return torch.nn.functional.normalize(images.float(), dim=-1) * 2 - 1


@to_model_range.alternative("It stretches 0 ... 1 to 0 ... 2, in the order in which many image libraries do it.")
def scale_then_shift(images):
    return images.to(torch.float32) / 255 * 2 - 1


@to_model_range.alternative("It moves the middle of 0 ... 255 to 0 first, and then divides by half the width.")
def shift_then_scale(images):
    return (images.float() - 127.5) / 127.5


@to_model_range.alternative("A uint8 has 256 values only: all results stand in a table, and the pixel is the index.")
def by_table(images):
    return torch.linspace(-1, 1, 256, device=images.device)[images.long()]
