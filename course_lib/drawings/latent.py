"""The drawings of chapter 15: garments and their latents, what an autoencoder keeps, and what sampling costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.drawings.evaluation import read_table as read_table
from course_lib.drawings.fast_sampling import Row, named_rows
from course_lib.drawings.training import show_rows
from course_lib.images import to_model_range
from course_lib.paths import DATA
from course_lib.pictures.plots import COLOURS, image_grid, panels, show_histograms, with_text
from course_lib.pictures.widgets import show_film
from course_lib.runs.tensor_files import read_safetensors


def latent_pictures(latents: Tensor, size: int = 28) -> Tensor:
    """Latents (N, C_z, h, w) as grey images (N, 1, size, size): the first two channels above, the next two below.

    Black is -3 and white is 3. Each number becomes a square; there are four channels.
    """
    half = size // 2
    parts = torch.nn.functional.interpolate(latents / 3, size=(half, half), mode="nearest-exact").clamp(-1, 1)
    above, below = torch.cat([parts[:, :1], parts[:, 1:2]], dim=3), torch.cat([parts[:, 2:3], parts[:, 3:4]], dim=3)
    return torch.cat([above, below], dim=2)


def show_there_and_back(images: Tensor, latents: Tensor, decoded: Tensor) -> None:
    """Images (N, 1, 28, 28), their scaled latents (N, 4, 7, 7), what the decoder makes of these, and what is lost."""
    rows = {"image": images, "latents": latent_pictures(latents), "decoded": decoded, "lost": images - decoded}
    alternative = (
        "Four rows of ten pictures. Garments; for each of them four small squares of 7 x 7 grey dots that look like "
        "noise at first; the garments again, with the same outlines and smoother patterns; and the difference, grey "
        "with faint lines of fabric and of edges."
    )
    show_film([named_rows(rows, "Garments, their latents, and back")], alternative, colours=256)


def show_half_way(rows: Mapping[str, Tensor]) -> None:
    """Walks from one garment to another, among pixels and among latents, a row each."""
    alternative = (
        "Two rows of nine pictures, from one garment to another. Among pixels the first fades out while the second "
        "fades in, and half way both are seen at once. Among latents it is nearly the same, a little softer."
    )
    show_film([named_rows(rows, "Half of each")], alternative, colours=256)


def show_colours(rows: Mapping[str, Tensor], title: str, alternative: str) -> None:
    """Coloured images (n, 3, H, W), a row for each name."""
    show_rows(torch.cat(list(rows.values())), list(rows), title, alternative=alternative)


TEXTURES_BACK = (
    "Three rows of ten coloured textures: stripes, checks, dots, bricks and others. The second row looks like the "
    "first, without the fine grain. The third is grey with grain and faint edges."
)
EQUAL_MINUTES = (
    "Three rows of ten samples. Drawn among latents they are smooth: stripes that bend, spots, a weave, cells, clouds. "
    "Among pixels they are coloured grain, and among patches coloured noise."
)


def stored_textures() -> dict[str, Tensor]:
    """What three networks drew, (10, 3, 64, 64) in [-1, 1] each; each of the ten shows another kind of texture."""
    stored = read_safetensors(DATA / "pictures" / "coloured_textures.safetensors")[0]
    return {name: to_model_range(stored[name]) for name in ("latents", "pixels", "patches")}


def show_coloured_film(states: Sequence[Tensor]) -> None:
    """What the decoder sees in every second state of a sampler, (10, 3, 64, 64) each, as a film."""
    last = len(states) - 1
    frames = [
        with_text(image_grid(states[step].clamp(-1, 1), 10), f"step {step} of {last}") for step in range(0, last + 1, 2)
    ]
    alternative = (
        "A film of ten squares in a row. Coloured grain becomes soft patches, and then smooth textures: stripes that "
        "bend, spots, a weave, wood, cells and clouds."
    )
    show_film(frames, alternative, seconds=5.0, colours=128)


def print_textures(rows: Sequence[Row]) -> None:
    """The rows of data/coloured_textures.csv, means over the seeds, a line for each network."""
    print("                     times the floor   right kind   CPU seconds for 64")
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]
        names = ("times_the_floor", "right_kind", "cpu_seconds_for_64")
        distance, right, seconds = (float(np.mean([float(row[name]) for row in own])) for name in names)
        print(f"{network:20}{distance:16.1f}{right:13.0%}" + (f"{seconds:21.1f}" if seconds else ""))


def show_two_balances(rows: Mapping[str, Tensor]) -> None:
    """Images, and what two autoencoders make of them, a row each."""
    alternative = (
        "Three rows of ten pictures: garments; the same garments, a little softer; and soft grey shapes in which all "
        "patterns are gone."
    )
    show_film([named_rows(rows, "Two autoencoders, one run each")], alternative, colours=256)


def show_wishes(rows: Mapping[str, Tensor]) -> None:
    """What the decoder makes of random latents, and of latents that a diffusion model has drawn."""
    alternative = (
        "Two rows of ten pictures. Above, random latents give torn grey patches and no garment. Below, drawn latents "
        "give garments."
    )
    show_film([named_rows(rows, "The same decoder, other latents")], alternative, colours=256)


def show_forgotten_scale(rows: Mapping[str, Tensor]) -> None:
    """Decoded latents with the scale undone, and without."""
    alternative = (
        "Two rows of ten pictures. Above there are garments. Below, where the scale was forgotten, nearly all of them "
        "are grey blobs without a pattern."
    )
    show_film([named_rows(rows, "With the scale undone, and without")], alternative, colours=256)


def show_latent_numbers(samples: Mapping[str, Tensor]) -> None:
    """Histograms of latents, beside that of normal noise."""
    show_histograms(
        samples,
        "All numbers of 1,000 images' latents",
        "value",
        alternative="Three hills around 0. That of the raw latents is five times as wide as that of normal noise; that "
        "of the scaled latents has its width.",
    )


def denoising_pictures(latents: Sequence[Tensor], decoded: Sequence[Tensor], columns: int = 10) -> list[np.ndarray]:
    """A film: latents above, what the decoder makes of them below, state by state."""
    total = len(latents) - 1
    frames = []
    for done, (z, x) in enumerate(zip(latents, decoded, strict=True)):
        both = torch.cat([latent_pictures(z), x.clamp(-1, 1)])
        frames.append(with_text(image_grid(both, columns, scale=2), f"step {done} of {total}"))
    return frames


def show_denoising(latents: Sequence[Tensor], decoded: Sequence[Tensor]) -> None:
    """`denoising_pictures` as a film."""
    alternative = (
        "A film of two rows. Above, four squares of 7 x 7 dots for each of ten garments change from noise to other "
        "dots that still look like noise. Below, the decoded pictures change from torn patches to garments."
    )
    show_film(denoising_pictures(latents, decoded), alternative, seconds=5.0, colours=32)


def show_samples(images: Tensor) -> None:
    """Samples, class after class, in rows of ten."""
    alternative = "A grid of garments with ten columns, one for each class: shirts, trousers, pullovers, shoes, bags."
    show_film([with_text(image_grid(images, 10, scale=2), "Each column is a class")], alternative, colours=256)


def show_cost(costs: Mapping[str, Mapping[int, float]]) -> None:
    """Multiply-adds of a sample against the side of the image, {what: {side: multiply-adds}}."""
    (axis,) = panels(
        "What one sample costs, 16 calls of the network",
        [""],
        "side of the image, pixels",
        "multiply-adds",
        (6.4, 3.2),
        alternative="Curves that rise with the side of the image, on logarithmic axes. The U-Net among pixels is the "
        "highest everywhere. The U-Net among latents lies below it, and the decoder, which is asked once, far below "
        "both.",
    )
    looks = zip(costs.items(), (COLOURS["data"], COLOURS["learned"], COLOURS["noise"]), strict=False)
    for (name, cost), colour in looks:
        axis.plot(list(cost), list(cost.values()), marker="o", color=colour, label=name)
    sides = sorted({side for cost in costs.values() for side in cost})
    axis.set(xscale="log", yscale="log", xticks=sides, xticklabels=[str(side) for side in sides])
    axis.minorticks_off()
    axis.legend(frameon=False, fontsize=9)


def print_scores(rows: Sequence[Row]) -> None:
    """Times the floor before each judge, a line for each network; rows of data/latent.csv, means over the seeds."""
    print("times the floor, judges:       first   second    third")
    names = {(row["network"], row["sampler"]): None for row in rows}
    for network, sampler in names:
        own = [row for row in rows if (row["network"], row["sampler"]) == (network, sampler)]
        judges = dict.fromkeys(row["judge"] for row in own)
        means = [np.mean([row["times_the_floor"] for row in own if row["judge"] == judge]) for judge in judges]
        name = "autoencoder alone" if sampler == "autoencoder alone" else f"{network}, 16 calls"
        print(f"{name:28}" + "".join(f"{mean:9.1f}" for mean in means))
