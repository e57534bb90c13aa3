"""The drawings of chapter 17: samples that a bug has spoilt, beside repaired ones, and what bugs do to a loss."""

from collections.abc import Mapping, Sequence
from html import escape
from string import ascii_uppercase

import numpy as np
import torch
from IPython.display import display
from safetensors.torch import load_file
from torch import Tensor

from course_lib.drawings.evaluation import read_table as read_table
from course_lib.drawings.fast_sampling import Row, mean_and_range, named_rows
from course_lib.experiments.broken_runs import BROKEN_RUNS, HEALTHY_RUNS, BrokenRun, HealthyRun
from course_lib.fast_sampling import ddim_sample_loop
from course_lib.images import to_model_range
from course_lib.pictures.plots import COLOURS, image_grid, panels, with_text
from course_lib.pictures.widgets import show_film
from course_lib.runs.checkpoints import load_checkpoint

# Garments in rows


def show_six(rows: Sequence[Tensor]) -> None:
    """Six rows of eight garments, one for each bug, numbered from 1."""
    _show_rows(
        {f"row {number}": images for number, images in enumerate(rows, 1)},
        "Six programs, one bug each: what do you see?",
        "Six numbered rows of eight pictures. 1: garments under grain. 2: even grey. 3: smooth, plain garments. 4: "
        "torn garments with white patches. 5: dark grey texture without a garment. 6: large grey shapes.",
    )


def show_steps(rows: Mapping[str, Tensor]) -> None:
    """Garments from a broken reverse step, and from the repaired one."""
    _show_rows(
        rows,
        "The same noise: a broken step and yours",
        "Two rows of eight pictures. Above, the broken step leaves a nearly even grey. Below there are eight garments "
        "with patterns.",
    )


def show_updates(rows: Mapping[str, Tensor]) -> None:
    """Garments from a broken DDIM update, and from the repaired one."""
    _show_rows(
        rows,
        "DDIM in 20 steps: a broken update and yours",
        "Two rows of eight pictures. Above there are only spots of black and white. Below there are eight garments.",
    )


def show_pasted(rows: Mapping[str, Tensor]) -> None:
    """Garments whose left half is known, and what two programs make of them."""
    _show_rows(
        rows,
        "The left half is known: look for it in each row",
        "Four rows of eight pictures: garments; their left halves; the broken program, whose right halves are those of "
        "the garments while its left halves are something else; and the repaired one, whose left halves are those of "
        "the garments and whose right halves were drawn.",
    )


def show_inputs(rows: Mapping[str, Tensor]) -> None:
    """What the network is shown in a training step by two programs."""
    _show_rows(
        rows,
        "One batch as the network sees it: a broken program and yours",
        "Two rows of eight noisy pictures of garments. Above all have the same amount of noise, are grey instead of "
        "black around the garment, and some are mirrored. Below each has another amount of noise.",
    )


def show_readings(rows: Mapping[str, Tensor]) -> None:
    """Garments of three kinds of networks, read in one way and in their own."""
    _show_rows(
        rows,
        "Networks for noise, x_0 and v, and what the sampler makes of them",
        "Five rows of eight pictures. The network for noise gives garments. That for x_0, read as noise, gives noise. "
        "That for v, read as noise, gives garments in hard black and white. Read rightly, both give the garments of "
        "the first row.",
    )


def show_skips(rows: Mapping[str, Tensor]) -> None:
    """Samples of two networks that differ in their skips."""
    _show_rows(
        rows,
        "Two networks, trained alike",
        "Two rows of eight pictures. Above, most have the outline of a garment. Below there are patches of cloth, and "
        "few outlines.",
    )


def show_neighbours(rows: Mapping[str, Tensor]) -> None:
    """Samples, and below each the image of the data that is nearest to it."""
    _show_rows(
        rows,
        "Samples, and the nearest image of the data below each",
        "Two rows of eight textures: stripes, checks, dots, bricks and others. No picture of the second row is the "
        "same as the one above it, and most are of another kind.",
    )


def show_own(images: Tensor, title: str) -> None:
    """Images (n, C, H, W), uint8 or in [-1, 1], of the student's data, in rows of eight."""
    picture = with_text(image_grid(images, columns=8, scale=3), title)
    show_film([picture], f"Pictures in rows of eight. {title}.", colours=256)


def _show_rows(rows: Mapping[str, Tensor], title: str, alternative: str) -> None:
    show_film([named_rows(rows, title)], alternative, colours=256)


# The gallery: files of broken runs

GALLERY = {
    "sampling": (
        *("mean_times_noise", "noise_at_t0", "beta_for_its_root", "off_by_one_start", "off_by_one_end"),
        *("inverted_mask", "train_mode"),
    ),
    "training": (
        *("one_t_per_batch", "zero_to_one_images", "no_ema_warmup", "no_skips", "cut_schedule", "flips"),
        *("class_never_dropped", "wrong_parametrisation"),
    ),
}
"""The broken runs of data/bugs that have a picture, in the order of the gallery's rows A, B, ..."""

HEALTHY = {"sampling": "healthy_ancestral", "training": "healthy_v"}
"""The healthy run above each group, of the same network or of a training as long."""

SEEN = {
    "sampling": "Eight rows of pictures: healthy, then A to G. Healthy: garments. A: even grey. B: garments under "
    "grain. C: smooth garments without texture. D: harsh garments. E: garments under grain. F: garments whose middle "
    "does not fit to what is around it. G: smeared shapes.",
    "training": "Nine rows of pictures: healthy, then A to H. Healthy: rough garments of a short training. A: garments "
    "with frayed edges. B: grey grounds. C: noise. D: noise. E: large foggy shapes. F and G: rough garments, like the "
    "healthy ones. H: grey texture.",
}


def show_gallery(group: str) -> None:
    """Eight pictures of each broken run of GALLERY[group], a lettered row each, and the causes in a fold."""
    names = GALLERY[group]
    runs = {run.name: run for run in BROKEN_RUNS}
    rows = {"healthy": pictures_of(next(run for run in HEALTHY_RUNS if run.name == HEALTHY[group]))}
    rows |= {letter: pictures_of(runs[name]) for letter, name in zip(ascii_uppercase, names, strict=False)}
    _show_rows(rows, "What do you see in each row?", SEEN[group])
    table = "".join(
        f"<tr><td>{letter}</td><td>{escape(runs[name].cause)}</td><td>{escape(runs[name].cure)}</td>"
        f"<td>{runs[name].chapter[:2]}</td></tr>"
        for letter, name in zip(ascii_uppercase, names, strict=False)
    )
    head = "<tr><th>row</th><th>cause</th><th>cure</th><th>chapter</th></tr>"
    text = f"<details><summary>Cause and cure of each row</summary><table>{head}{table}</table></details>"
    plain = "\n".join(f"{letter}: {runs[name].cause}" for letter, name in zip(ascii_uppercase, names, strict=False))
    display({"text/html": text, "text/plain": plain}, raw=True)


def pictures_of(run: BrokenRun | HealthyRun, count: int = 8) -> Tensor:
    """The first samples (count, 1, 28, 28) that a run left, in [-1, 1]; of a checkpoint 20 steps of DDIM with eta = 1.

    A network that knows classes is asked without one.
    """
    if run.kind == "samples":
        stored = load_file(run.file)["samples"][:count]
        return to_model_range(stored) if stored.dtype == torch.uint8 else stored.clamp(-1, 1)
    checkpoint = load_checkpoint(run.file, device="cpu")
    return ddim_sample_loop(
        checkpoint.model,
        (count, *checkpoint.image_shape),
        checkpoint.schedule,
        steps=20,
        eta=1.0,
        generator=torch.Generator().manual_seed(0),
        predicts=checkpoint.config.diffusion.predicts,
        clip_start=True,
    ).clamp(-1, 1)


# Figures


def show_batch_losses(losses: Mapping[str, Tensor]) -> None:
    """Histograms of the losses of many batches, a panel for each way to draw t."""
    axes = panels(
        "The loss of 2,000 batches of 64 images, by one network",
        list(losses),
        "loss of a batch",
        "batches",
        (3.6, 2.4),
        alternative="Two histograms over the same range. With one t for each image all losses lie close to 0.1. With "
        "one t for the batch they are spread from nearly 0 to far above.",
    )
    end = max(float(values.max()) for values in losses.values())
    for axis, values in zip(axes, losses.values(), strict=True):
        axis.hist(values.numpy(), np.linspace(0, end, 60).tolist(), color=COLOURS["learned"])


def show_sample_size(rows: Sequence[Row]) -> None:
    """The Frechet distance of real photographs from others, over how many there are: data/sample_size.csv."""
    (axis,) = panels(
        "Real photographs against real photographs: the distance should be 0",
        [""],
        "number of images",
        "Fréchet distance",
        (5.6, 2.6),
        alternative="A curve that falls from 0.34 at 128 images to 0.02 at 2,048 and at 5,000.",
    )
    real = mean_and_range(
        [row for row in rows if row["what"] == "real"], lambda row: row["n"], lambda row: row["distance"]
    )
    mean = [value for value, _, _ in real.values()]
    axis.plot(list(real), mean, "o-", color=COLOURS["data"], linewidth=1.8, markersize=5)
    axis.set_xscale("log", base=2)
    axis.set(xticks=list(real), xticklabels=[f"{int(n):,}" for n in real], ylim=(0, None))
    axis.minorticks_off()


def show_loss_by_t(errors: Mapping[int, float]) -> None:
    """The squared error of a network as a share of its target's mean square, over t."""
    (axis,) = panels(
        "What the network leaves unexplained, by noise level",
        [""],
        "$t$",
        "share of the target",
        (5.6, 2.6),
        alternative="A curve over t. It is high at both ends, about 0.8 and 0.9, and lies below 0.3 between them. A "
        "dotted line at 1 is the answer 0.",
    )
    axis.plot(list(errors), list(errors.values()), "o-", color=COLOURS["learned"], linewidth=1.8, markersize=4)
    axis.axhline(1, color=COLOURS["noise"], linestyle=":", linewidth=1.5)
    axis.set_ylim(0, None)
