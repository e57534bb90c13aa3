"""Quiz `training_inputs` of chapter 17."""

import torch

from course_lib import bugs
from course_lib.checker.quiz import Quiz
from course_lib.images import to_model_range


def uint8_batches(g: torch.Generator) -> list[tuple]:
    """(images, timesteps, generator): each generator has been used before.

    Black and white are among the pixels, but not in the second batch, which is pale. There it has as many images as
    time steps; in the last there is a single one.
    """
    cases = []
    for shape, timesteps in [((24, 1, 8, 6), 10), ((7, 3, 5, 5), 7), ((9, 1, 6, 7), 1000), ((1, 2, 4, 6), 30)]:
        images = torch.randint(256, shape, generator=g, dtype=torch.uint8)
        images.view(-1)[:2] = torch.tensor([0, 255], dtype=torch.uint8)
        if timesteps == 7:
            images = images // 3 + 90
        generator = torch.Generator().manual_seed(int(torch.randint(1_000_000, (), generator=g)))
        torch.rand(9, generator=generator)
        cases.append((images, timesteps, generator))
    return cases


training_inputs = Quiz(
    bugs.training_inputs,
    cases=uint8_batches,
    points=3,
    minutes=10,
    difficulty=2,
    importance=5,
    returns=("x_start", "t", "noise"),
    hints=(
        "There are five bugs. Ask of each line: is this what the sampler does, too, and does it hold on another "
        "machine?",
        "The sampler's pictures go from -1 to 1, and a mirrored shoe is no shoe of the data. Every image learns at its "
        "own level, and `generator` says what is drawn, and on which device.",
        "x_start = to_model_range(images), t = sample_timesteps(len(images), timesteps, generator), "
        "noise = torch.randn(x_start.shape, generator=generator, device=generator.device)",
    ),
)

RANGE = "x_start = to_model_range(images)"
STEPS = "sample_timesteps(len(images), timesteps, generator)"
NOISE = "torch.randn(x_start.shape, generator=generator, device=generator.device)"
RETURN = "return x_start, t, noise"

# The images
training_inputs.edits(
    zero_to_one=(
        f"{RANGE} -> x_start = images.float() / 255",
        "The images go from 0 to 1. The sampler clips to -1 ... 1, and its pictures would be shown with grey "
        "backgrounds.",
    ),
    half_as_wide=(
        f"{RANGE} -> x_start = images.float() / 255 - 0.5",
        "The images go from -0.5 to 0.5. Where does the course's range begin and end?",
    ),
    bytes_as_they_are=(
        f"{RANGE} -> x_start = images.float()",
        "The images still go from 0 to 255. Beside such numbers noise with standard deviation 1 is nothing.",
    ),
    around_128=(
        f"{RANGE} -> x_start = images.float() / 128 - 1",
        "White becomes 127 / 128, not 1. The middle between 0 and 255 is 127.5.",
    ),
    standardised=(
        f"{RANGE} -> x_start = images.float(); x_start = (x_start - x_start.mean()) / x_start.std()",
        "The images are shifted and scaled by the mean and spread of their batch. Black would be another number in "
        "every batch.",
    ),
    negatives=(
        f"{RANGE} -> x_start = -to_model_range(images)",
        "Black and white have changed places. Which end of the range is 0?",
    ),
    flipped=(
        f"{RETURN} -> x_start[::2] = x_start[::2].flip(-1); {RETURN}",
        "Some of the images are mirrored. Then half of the shoes point the other way, and the network learns to "
        "draw those.",
    ),
    all_flipped=(
        f"{RETURN} -> x_start = x_start.flip(-1); {RETURN}",
        "All images are mirrored left to right. Do the garments of the data look to that side?",
    ),
    in_double=(
        f"{RANGE} -> x_start = to_model_range(images).double()",
        "A result has another type than it should. Images and noise are float32, and t is long (int64).",
    ),
)

# The time steps
training_inputs.edits(
    one_t_per_batch=(
        f"{STEPS} -> sample_timesteps(1, timesteps, generator).expand(len(images))",
        "All images of the batch get the same t, so a batch sees one level of noise. How many numbers should be drawn?",
    ),
    a_single_t=(
        f"{STEPS} -> sample_timesteps(1, timesteps, generator)",
        "There is a single t for the whole batch. How many does a batch need?",
    ),
    counted_from_one=(
        f"{STEPS} -> {STEPS} + 1",
        "These t are 1 ... T, as the paper counts. Here t = 0 is the first step, and the schedule has no entry T.",
    ),
    never_the_last=(
        f"{STEPS} -> sample_timesteps(len(images), timesteps - 1, generator)",
        "The largest t is never drawn, though every sample starts there.",
    ),
    never_the_first=(
        f"{STEPS} -> 1 + sample_timesteps(len(images), timesteps - 1, generator)",
        "t = 0 is never drawn: here t counts from 0, and 0 is the step with the least noise.",
    ),
    one_too_many=(
        f"{STEPS} -> sample_timesteps(len(images), timesteps + 1, generator)",
        "T itself can be drawn, and the schedule has no such entry.",
    ),
    thousand_steps=(
        f"{STEPS} -> sample_timesteps(len(images), 1000, generator)",
        "The t go up to 999, whatever `timesteps` is.",
    ),
    fractions_of_one=(
        f"{STEPS} -> {STEPS} / timesteps",
        "The t are divided by T. A table of constants is looked up with whole numbers.",
    ),
    as_a_column=(
        f"{STEPS} -> {STEPS}[:, None]",
        "t is a column, (B, 1). Which shape of t does `extract` expect?",
    ),
    in_order=(
        f"{STEPS} -> {STEPS}.sort().values",
        "The t are in ascending order: the first image of a batch always gets the least noise.",
    ),
    t_without_the_generator=(
        f"{STEPS} -> torch.randint(timesteps, (len(images),))",
        "The t do not depend on `generator`. Who could repeat this batch?",
    ),
)

# The noise
training_inputs.edits(
    uniform_noise=(
        f"{NOISE} -> {NOISE.replace('randn', 'rand')}",
        "The noise is uniform between 0 and 1, so its mean is 0.5. Sampling starts from N(0, I): which function draws "
        "that?",
    ),
    uniform_around_zero=(
        f"{NOISE} -> 2 * {NOISE.replace('randn', 'rand')} - 1",
        "The noise is uniform between -1 and 1. The formulas of `q_sample` and of the sampler are for normal noise.",
    ),
    noise_shared=(
        "torch.randn(x_start.shape, -> torch.randn(x_start.shape[1:],",
        "device=generator.device) -> device=generator.device).expand(x_start.shape)",
        "All images of the batch get the same noise. Each needs its own.",
    ),
    one_number_for_each_image=(
        "torch.randn(x_start.shape, -> torch.randn((len(images), 1, 1, 1),",
        "device=generator.device) -> device=generator.device).expand(x_start.shape)",
        "Each image gets a single number, the same in all its pixels. Noise has one for every pixel.",
    ),
    channels_share_noise=(
        "torch.randn(x_start.shape, -> torch.randn((len(images), 1, *x_start.shape[2:]),",
        "device=generator.device) -> device=generator.device).expand(x_start.shape)",
        "The colours of a pixel share their noise, so this noise is grey. Each channel needs its own.",
    ),
    generator_left_out=(
        "torch.randn(x_start.shape, generator=generator, -> torch.randn(x_start.shape,",
        "The noise does not depend on `generator`. Who could repeat this batch?",
    ),
    half_the_noise=(
        f"{NOISE} -> 0.5 * {NOISE}",
        "The noise has a standard deviation of 0.5. Sampling starts from N(0, I).",
    ),
    noise_clipped=(
        f"{NOISE} -> {NOISE}.clamp(-1, 1)",
        "The noise is clipped to [-1, 1]. Images live in this range, noise leaves it.",
    ),
)

# What comes back
training_inputs.edits(
    changed_places=(
        f"{RETURN} -> return x_start, noise, t",
        "t and the noise have changed places in what is returned.",
    ),
    noised_already=(
        f"{RETURN} -> return x_start + noise, t, noise",
        "The noise is added to x_start. `p_losses` does that, at the level of t: what is wanted here is clean.",
    ),
)


@training_inputs.mistake(
    "The noise is drawn before t, so other numbers come out of the same generator. "
    "The docstring says which comes first."
)
def noise_first(images, timesteps, generator):
    x_start = to_model_range(images)
    noise = torch.randn(x_start.shape, generator=generator, device=generator.device)
    return x_start, torch.randint(timesteps, (len(images),), generator=generator, device=generator.device), noise


@training_inputs.alternative("Every line written out.")
def written_out(images, timesteps, generator):
    x_start = images.to(torch.float32) * (2 / 255) - 1
    t = torch.randint(0, timesteps, (images.shape[0],), generator=generator, device=images.device)
    return x_start, t, torch.randn(*images.shape, generator=generator, device=images.device)


@training_inputs.alternative("Empty tensors are filled in place.")
def filled_in_place(images, timesteps, generator):
    x_start = (images.float() - 127.5) / 127.5
    t = torch.empty(len(images), dtype=torch.long, device=images.device).random_(timesteps, generator=generator)
    return x_start, t, torch.empty_like(x_start).normal_(generator=generator)


@training_inputs.alternative("In one line, with the noise in the type of the images.")
def in_one_line(images, timesteps, generator):
    where = {"generator": generator, "device": generator.device}
    x_start = to_model_range(images)
    return x_start, torch.randint(timesteps, [len(x_start)], **where), torch.randn(x_start.size(), **where)
