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
    difficulty=1,
    importance=4,
    hints=(
        "Go the way of `to_model_range` backwards. What has to happen to values outside of [-1, 1], and when?",
        "Clamp, shift to 0 ... 2, stretch to 0 ... 255. Turning a float into uint8 cuts off what follows the point: "
        "what should come before it?",
        "((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)",
    ),
)


to_uint8.edits(
    truncates=(
        ".round() ->",
        "Every level between two greys falls to the lower one: 254.9 becomes 254. What rounds to the nearest?",
    ),
    not_clamped=(
        ".clamp(-1, 1) ->",
        "What is just above white wraps round and comes out dark, since a uint8 ends at 255. "
        "What keeps a value within bounds?",
    ),
    neither_clamped_nor_rounded=(
        ".clamp(-1, 1) ->",
        ".round() ->",
        "Two things are missing: values outside of [-1, 1] wrap round, and those between two greys are cut off. "
        "What comes before `to(torch.uint8)`?",
    ),
    clamped_above_only=(
        "clamp(-1, 1) -> clamp(max=1)",
        "What is just below black wraps round and comes out bright. Which bound is missing?",
    ),
    clamped_below_only=(
        "clamp(-1, 1) -> clamp(min=-1)",
        "Black is kept, but what is brighter than white wraps round to dark. Which bound is missing?",
    ),
    rounded_up=(
        "round() -> ceil()",
        "Every level between two greys is lifted to the higher one. What rounds to the nearest?",
    ),
    not_shifted=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> (x.clamp(0, 1) * 255)",
        "All that is darker than mid grey turns black: -1 ... 1 is treated as 0 ... 1. Where does -1 have to go?",
    ),
    negative_wraps=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> (x.clamp(-1, 1) * 255)",
        "Negative values wrap round to bright ones: -1 becomes -255, and a uint8 has no minus. Which shift is missing?",
    ),
    shift_missing=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> (x.clamp(-1, 1) * 127.5)",
        "Mid grey becomes black, and what is darker wraps round. Where should -1 be before the stretching?",
    ),
    clamped_to_the_wrong_range=(
        "clamp(-1, 1) -> clamp(0, 1)",
        "The darker half is lost: values are kept within 0 ... 1 while they still run from -1. "
        "Which bounds fit at that place?",
    ),
    times_128=(
        "127.5 -> 128",
        "White becomes black: 2 * 128 is 256, one more than a uint8 holds. How many steps lie from 0 to 255?",
    ),
    times_128_and_cut=(
        "((x.clamp(-1, 1) + 1) * 127.5).round() -> ((x + 1) * 128).round().clamp(0, 255)",
        "Some levels are one too bright: the scale is made for 256 and then cut at 255. Which factor takes 2 to 255?",
    ),
    bins_of_equal_width=(
        "((x.clamp(-1, 1) + 1) * 127.5).round() -> ((x + 1) * 128).clamp(0, 255)",
        "These are 256 bins of equal width, cut off to the lower end. `to_model_range` puts 0 at -1 and 255 at 1: "
        "which factor goes back, and what finds the nearest level?",
    ),
    times_127=(
        "127.5 -> 127",
        "White ends at 254, a little too dark. Which factor takes the range 0 ... 2 to 0 ... 255?",
    ),
    times_127_and_shifted=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> (x.clamp(-1, 1) * 127 + 128)",
        "Black ends at 1, a little too bright. Which numbers should -1 and 1 become?",
    ),
    not_halved=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> ((x + 1) * 255).clamp(0, 255)",
        "After the shift the range is 0 ... 2, and it is stretched as if it were 0 ... 1: "
        "the brighter half becomes white. By how much is it too wide?",
    ),
    uint8_too_early=(
        "* 127.5).round().to(torch.uint8) -> / 2).to(torch.uint8) * 255",
        "Only black and white are left: a uint8 holds no fractions. When should the type change?",
    ),
    rounded_too_early=(
        "+ 1) * 127.5).round() -> + 1).round() * 127.5)",
        "Only black, one grey and white are left: at -1 ... 1 or 0 ... 2 there is little to round to. "
        "On which scale are whole numbers the grey levels?",
    ),
    another_type=(
        ".to(torch.uint8) ->",
        "The numbers are right, but their type is not: a picture's pixels are uint8, a byte each.",
    ),
    stretched_by_the_batch=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> ((x - x.min()) / (x.max() - x.min()) * 255)",
        "The batch's own darkest and brightest pixel become black and white, so the same grey looks different "
        "in another batch. Which bounds are the same for all?",
    ),
    squashed=(
        "((x.clamp(-1, 1) + 1) * 127.5) -> (x.sigmoid() * 255)",
        "A sigmoid squeezes the greys together, and black and white are never reached. A straight line is enough.",
    ),
    squashed_by_tanh=(
        "x.clamp(-1, 1) -> x.tanh()",
        "A tanh squeezes the greys together, and black and white are never reached. What cuts without bending?",
    ),
    negative_of_the_picture=(
        "x.clamp(-1, 1) + 1 -> 1 - x.clamp(-1, 1)",
        "Black and white have changed places. Where does -1 go?",
    ),
)


@to_uint8.alternative("Half a step is added, and cutting off then rounds to the nearest.")
def half_a_step_up(x):
    return (x * 127.5 + 128).clamp(0, 255).to(torch.uint8)


@to_uint8.alternative("Rounded first, clamped to 0 ... 255 afterwards.")
def rounded_then_clamped(x):
    return torch.clamp(torch.round(255 * (x + 1) / 2), 0, 255).byte()


@to_uint8.alternative("The nearest of all 256 greys, by its distance.")
def nearest_of_all_greys(x):
    greys = torch.arange(256, device=x.device) / 127.5 - 1
    return (x[..., None] - greys).abs().argmin(dim=-1).to(torch.uint8)
