"""Quiz `to_uint8` of chapter 10."""

import torch

from course_lib import images
from course_lib.checker.quiz import Quiz
from course_lib.quizzes.sampling.shared import between_greys, waves


def model_outputs(g: torch.Generator) -> list[tuple]:
    """Grey, coloured and far too loud, every level once, a part of the range only, and no images at all."""
    loud = between_greys(waves(g, 2, 3, 6, 7), g)
    return [
        (between_greys(waves(g, 3, 1, 12, 10), g),),
        (1.6 * loud + 0.001 * torch.rand(loud.shape, generator=g),),
        (between_greys(torch.arange(256.0).reshape(1, 1, 16, 16), g),),
        (between_greys(torch.randint(60, 180, (2, 1, 5, 4), generator=g), g),),
        (between_greys(torch.tensor([3.0, 250, 0, 255, 128, 90, 64]), g),),
    ]


to_uint8 = Quiz(
    images.to_uint8,
    cases=model_outputs,
    points=1,
    minutes=5,
    hints=(
        "Go the way of `to_model_range` backwards. What has to happen to values outside of [-1, 1], and when?",
        "Clamp, shift to 0 ... 2, stretch to 0 ... 255. Turning a float into uint8 cuts off what follows the point: "
        "what should come before it?",
        "((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)",
    ),
)


@to_uint8.mistake(
    "Every level between two greys falls to the lower one: 254.9 becomes 254. What rounds to the nearest?"
)
def truncates(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).to(torch.uint8)


@to_uint8.mistake(
    "What is brighter than white wraps round and comes out dark, since a uint8 ends at 255. "
    "What keeps a value within bounds?"
)
def not_clamped(x):
    return ((x + 1) * 127.5).round().to(torch.uint8)


@to_uint8.mistake(
    "Two things are missing: values outside of [-1, 1] wrap round, and those between two greys are cut off. "
    "What comes before `to(torch.uint8)`?"
)
def neither_clamped_nor_rounded(x):
    return ((x + 1) * 127.5).to(torch.uint8)


@to_uint8.mistake("What is darker than black wraps round and comes out bright. Which bound is missing?")
def clamped_above_only(x):
    return ((x.clamp(max=1) + 1) * 127.5).round().to(torch.uint8)


@to_uint8.mistake("Black is kept, but what is brighter than white wraps round to dark. Which bound is missing?")
def clamped_below_only(x):
    return ((x.clamp(min=-1) + 1) * 127.5).round().to(torch.uint8)


@to_uint8.mistake("Every level between two greys is lifted to the higher one. What rounds to the nearest?")
def rounded_up(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).ceil().to(torch.uint8)


@to_uint8.mistake(
    "All that is darker than mid grey turns black: -1 ... 1 is treated as 0 ... 1. Where does -1 have to go?"
)
def not_shifted(x):
    return (x * 255).clamp(0, 255).round().to(torch.uint8)


@to_uint8.mistake(
    "Negative values wrap round to bright ones: -1 becomes -255, and a uint8 has no minus. Which shift is missing?"
)
def negative_wraps(x):
    return (x.clamp(-1, 1) * 255).round().to(torch.uint8)


@to_uint8.mistake(
    "The darker half is lost: you clamp to 0 ... 1 while the values still run from -1. Which bounds fit at that place?"
)
def clamped_to_the_wrong_range(x):
    return ((x.clamp(0, 1) + 1) * 127.5).round().to(torch.uint8)


@to_uint8.mistake("White becomes black: 2 * 128 is 256, one more than a uint8 holds. How many steps lie from 0 to 255?")
def times_128(x):
    return ((x.clamp(-1, 1) + 1) * 128).round().to(torch.uint8)


@to_uint8.mistake(
    "Some levels are one too bright: the scale is made for 256 and then cut at 255. Which factor takes 2 to 255?"
)
def times_128_and_cut(x):
    return ((x + 1) * 128).round().clamp(0, 255).to(torch.uint8)


@to_uint8.mistake(
    "These are 256 bins of equal width, cut off to the lower end. `to_model_range` puts 0 at -1 and 255 at 1: "
    "which factor goes back, and what finds the nearest level?"
)
def bins_of_equal_width(x):
    return ((x + 1) * 128).clamp(0, 255).to(torch.uint8)


@to_uint8.mistake("White ends at 254, a little too dark. Which factor takes the range 0 ... 2 to 0 ... 255?")
def times_127(x):
    return ((x.clamp(-1, 1) + 1) * 127).round().to(torch.uint8)


@to_uint8.mistake(
    "After the shift the range is 0 ... 2, and you stretch it as if it were 0 ... 1: "
    "the brighter half becomes white. By how much is it too wide?"
)
def not_halved(x):
    return ((x + 1) * 255).round().clamp(0, 255).to(torch.uint8)


@to_uint8.mistake("Only black and white are left: a uint8 holds no fractions. When should the type change?")
def uint8_too_early(x):
    return ((x.clamp(-1, 1) + 1) / 2).to(torch.uint8) * 255


@to_uint8.mistake(
    "Only black, one grey and white are left: at -1 ... 1 or 0 ... 2 there is little to round to. "
    "On which scale are whole numbers the grey levels?"
)
def rounded_too_early(x):
    return ((x.clamp(-1, 1) + 1).round() * 127.5).to(torch.uint8)


@to_uint8.mistake("The numbers are right, but their type is not: a picture's pixels are uint8, a byte each.")
def another_type(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).round()


@to_uint8.mistake(
    "The batch's own darkest and brightest pixel become black and white, so the same grey looks different "
    "in another batch. Which bounds are the same for all?"
)
def stretched_by_the_batch(x):
    return ((x - x.min()) / (x.max() - x.min()) * 255).round().to(torch.uint8)


@to_uint8.mistake(
    "A sigmoid squeezes the greys together, and black and white are never reached. A straight line is enough."
)
def squashed(x):
    return (x.sigmoid() * 255).round().to(torch.uint8)


@to_uint8.mistake("Black and white have changed places. Where does -1 go?")
def negative_of_the_picture(x):
    return ((1 - x.clamp(-1, 1)) * 127.5).round().to(torch.uint8)


@to_uint8.alternative("")
def half_a_step_up(x):
    """Cutting off after adding 0.5 is rounding."""
    return (x * 127.5 + 128).clamp(0, 255).to(torch.uint8)


@to_uint8.alternative("")
def rounded_then_clamped(x):
    return torch.clamp(torch.round(255 * (x + 1) / 2), 0, 255).byte()


@to_uint8.alternative("")
def nearest_of_all_greys(x):
    greys = torch.arange(256, device=x.device) / 127.5 - 1
    return (x[..., None] - greys).abs().argmin(dim=-1).to(torch.uint8)
