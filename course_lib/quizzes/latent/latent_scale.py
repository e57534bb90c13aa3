"""Quiz `latent_scale` of chapter 15."""

import torch

from course_lib import latent
from course_lib.checker.quiz import Quiz


def latent_batches(g: torch.Generator) -> list[tuple]:
    """Latents (N, C_z, h, w), large and small: every channel and every image has a mean and a width of its own.

    There are thousands of numbers, so that it makes no difference whether the variance is divided by n or n - 1.
    """
    cases = []
    for shape, size in [((40, 4, 5, 6), 1.0), ((12, 3, 8, 8), 6.0), ((30, 2, 7, 7), 0.2), ((64, 4, 4, 4), 0.8)]:
        count, channels, *_ = shape
        width = 0.4 + torch.rand(count, channels, 1, 1, generator=g)
        centre = 0.6 + torch.linspace(-1, 1, channels)[:, None, None] + 0.5 * torch.randn(count, 1, 1, 1, generator=g)
        cases.append((size * (centre + width * torch.randn(shape, generator=g)),))
    return cases


latent_scale = Quiz(
    latent.latent_scale,
    cases=latent_batches,
    points=1,
    minutes=4,
    difficulty=1,
    importance=5,
    hints=(
        "If numbers have the standard deviation 5, by what do you multiply them to get 1?",
        "One number for all latents: take the standard deviation over all axes at once.",
        "1 / latents.std()",
    ),
)

STD = "latents.std()"
SCALE = f"1 / {STD}"

# What is done with the standard deviation
latent_scale.edits(
    standard_deviation=(
        "1 / ->",
        "That is the standard deviation itself. Multiplied by it, large latents would become still larger.",
    ),
    one_over_variance=(
        f"{STD} -> latents.var()",
        "That is 1 / variance. The variance is the square of what the latents should be divided by.",
    ),
    variance=(f"{SCALE} -> latents.var()", "That is the variance. Which factor brings the latents to size 1?"),
    root_of_the_deviation=(
        f"{STD} -> latents.std().sqrt()",
        "The root is taken twice: `std` is the root of the variance already.",
    ),
    scaled_latents=(
        f"{SCALE} -> latents / latents.std()",
        "The scaled latents come back. Only the factor is asked for: decoding needs it again.",
    ),
    standardised_latents=(
        f"{SCALE} -> (latents - latents.mean()) / latents.std()",
        "The latents come back, shifted and scaled. Only the factor is asked for: decoding needs it again.",
    ),
    always_one=(
        f"{SCALE} -> torch.ones_like(latents.std())",
        "It is always 1, as if the latents had unit size already. Measure them.",
    ),
    of_stable_diffusion=(
        f"{SCALE} -> torch.full_like(latents.std(), 0.18215)",
        "0.18215 was measured with the autoencoder of Stable Diffusion. Another autoencoder has another scale.",
    ),
    plain_number=(
        f"{SCALE} -> (1 / latents.std()).item()",
        "It comes as a plain number. Leave it a tensor without axes.",
    ),
    whole_row_of_axes=(
        f"{SCALE} -> 1 / latents.std(dim=(0, 1, 2, 3), keepdim=True)",
        "Four axes of size 1 are kept. One number for all is a tensor without axes.",
    ),
)

# What is measured
latent_scale.edits(
    for_each_channel=(
        f"{STD} -> latents.std(dim=(0, 2, 3))",
        "There is a factor for each channel. One is asked for: it keeps the channels' sizes relative to each other.",
    ),
    for_each_channel_with_axes=(
        f"{STD} -> latents.std(dim=(0, 2, 3), keepdim=True)",
        "There is a factor for each channel, in the shape (1, C_z, 1, 1). One number for all is asked for.",
    ),
    for_each_image=(
        f"{STD} -> latents.std(dim=(1, 2, 3))",
        "There is a factor for each image. What is drawn later has no image from which its factor could come.",
    ),
    for_each_image_with_axes=(
        f"{STD} -> latents.std(dim=(1, 2, 3), keepdim=True)",
        "There is a factor for each image, in the shape (N, 1, 1, 1). One number for all is asked for.",
    ),
    for_each_place=(
        f"{STD} -> latents.std(dim=0)",
        "There is a factor for each number of a latent: `std` ran over the images only. One number is asked for.",
    ),
    along_the_last_axis=(
        f"{STD} -> latents.std(dim=-1)",
        "`std` ran along the last axis only. Take it over all numbers at once.",
    ),
    mean_of_the_channels_deviations=(
        f"{STD} -> latents.std(dim=(0, 2, 3)).mean()",
        "The channels' standard deviations are averaged. That leaves out how far the channels' means are apart.",
    ),
    mean_of_the_images_deviations=(
        f"{STD} -> latents.std(dim=(1, 2, 3)).mean()",
        "The images' standard deviations are averaged. That leaves out how far the images' means are apart.",
    ),
    mean_of_the_places_deviations=(
        f"{STD} -> latents.std(dim=0).mean()",
        "The standard deviations of all places are averaged. That leaves out how far the places' means are apart.",
    ),
    mean_of_the_channels_scales=(
        f"{SCALE} -> (1 / latents.std(dim=(0, 2, 3))).mean()",
        "The factors of the channels are averaged. Measure all numbers at once.",
    ),
    mean_of_the_images_scales=(
        f"{SCALE} -> (1 / latents.std(dim=(1, 2, 3))).mean()",
        "The factors of the images are averaged. Measure all numbers at once.",
    ),
    deviation_of_the_images_means=(
        f"{STD} -> latents.mean(dim=(1, 2, 3)).std()",
        "Only the images' means are measured. Most of what varies is inside the images.",
    ),
    deviation_of_the_channels_means=(
        f"{STD} -> latents.mean(dim=(0, 2, 3)).std()",
        "Only the channels' means are measured. Within a channel the numbers vary as well.",
    ),
    mean_not_subtracted=(
        f"{STD} -> latents.square().mean().sqrt()",
        "That is the root of the mean square. A standard deviation measures from the mean, which is not 0 here.",
    ),
    mean_square=(
        f"{STD} -> latents.square().mean()",
        "That is 1 / mean square. Two things differ: the mean is not subtracted, and the root is missing.",
    ),
    mean_size=(
        f"{STD} -> latents.abs().mean()",
        "That is 1 / the mean size of the numbers. The standard deviation has squares in it, and measures from the "
        "mean.",
    ),
    mean_distance=(
        f"{STD} -> (latents - latents.mean()).abs().mean()",
        "The mean distance from the mean is taken, without squares. The standard deviation is a root of a mean square.",
    ),
    one_over_mean=(f"{STD} -> latents.mean()", "That is 1 / mean. The mean says where the latents are, not how wide."),
    largest_number=(
        f"{STD} -> latents.abs().max()",
        "The largest number becomes 1, as for images in [-1, 1]. The standard deviation should become 1.",
    ),
    whole_range=(
        f"{STD} -> (latents.max() - latents.min())",
        "The range from the smallest to the largest number is measured. It grows with the number of latents.",
    ),
    norm=(
        f"{STD} -> latents.norm()",
        "The norm adds up all squares, so it grows with the number of latents. A standard deviation takes their mean.",
    ),
    deviation_of_sizes=(
        f"{STD} -> latents.abs().std()",
        "The signs are lost before the standard deviation is taken. Latents lie on both sides of 0.",
    ),
    first_image=(f"{STD} -> latents[0].std()", "Only the first image is measured. Take all of them."),
    first_channel=(f"{STD} -> latents[:, 0].std()", "Only the first channel is measured. Take all of them."),
)


@latent_scale.alternative("Divided by n in place of n - 1: with this many numbers nobody sees a difference.")
def divided_by_n(latents):
    return 1 / latents.std(correction=0)


@latent_scale.alternative("From the definition: the mean square of what is left without the mean.")
def from_the_definition(latents):
    return (latents - latents.mean()).square().mean().rsqrt()


@latent_scale.alternative("From the variance, to the power of minus a half.")
def power_of_the_variance(latents):
    return latents.var() ** -0.5


@latent_scale.alternative("From two means: the mean square, minus the square of the mean.")
def from_two_means(latents):
    numbers = latents.flatten().double()
    variance = (numbers**2).mean() - numbers.mean() ** 2
    return variance.sqrt().reciprocal().to(latents.dtype)
