"""`course sample`."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from course_lib.cli.console import CheckpointFile, Device, Group, Precision, Seed, progress_bar, say, says_what_to_do
from course_lib.cli.sampler_options import (
    EtaOption,
    GuideOption,
    GuideWeightOption,
    SamplerOption,
    SpacingOption,
    StepsOption,
)
from course_lib.errors import CourseError
from course_lib.files import PNG, check_place

app = Group()


@app.command()
@says_what_to_do
def sample(
    checkpoint: CheckpointFile,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many images.")] = 64,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="A picture (.png) or all images as a tensor (.safetensors).")] = Path(
        "samples.png"
    ),
    film: Annotated[
        Path | None,
        typer.Option("--film", "--gif", help="Also the denoising of the first images, at most 64 (.webp, .gif)."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="A class, by name or number. Without it, a network that knows classes draws all of them."),
    ] = None,
    sampler: SamplerOption = None,
    steps: StepsOption = None,
    spacing: SpacingOption = None,
    eta: EtaOption = 0.0,
    guide: GuideOption = "auto",
    guide_weight: GuideWeightOption = None,
    batch: Annotated[int, typer.Option(min=1, help="Images drawn at a time.")] = 64,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Draw samples from a trained network."""
    import torch

    from course_lib.images import to_uint8
    from course_lib.judges.scoring import draw_labels
    from course_lib.pictures.gifs import denoising_frames, save_film
    from course_lib.pictures.plots import image_grid, save_grid, with_text
    from course_lib.pictures.saving import check_film_place
    from course_lib.runs.checkpoints import class_index, denoiser, load_checkpoint
    from course_lib.runs.denoiser import picture_generators
    from course_lib.runs.guides import choose_guide
    from course_lib.runs.memory import check_sampling_memory
    from course_lib.runs.samplers import choose_sampler
    from course_lib.runs.tensor_files import SAMPLES, write_safetensors

    _check_endings(out, film)
    check_place(out, PNG if out.suffix.lower() == ".png" else SAMPLES)
    if film:
        check_film_place(film)
    loaded = load_checkpoint(checkpoint, device)
    target = None if label is None else class_index(loaded, label)
    chosen = choose_sampler(loaded.schedule, sampler, steps, spacing, eta)
    guided_by = choose_guide(checkpoint, loaded, guide, guide_weight, device)
    if guide == "labels" and label is None:
        raise CourseError("--guide labels needs a label that it can strengthen: name one with --label.")
    check_sampling_memory(loaded, count, batch, precision)
    total = chosen.steps_in(loaded.schedule)
    labels = None
    if (classes := loaded.model.num_classes) is not None:
        labels = draw_labels(classes, count, seed) if target is None else torch.full((count,), target)
        labels = labels.to(loaded.schedule.device)

    def in_film(ending: str, done: int, images: torch.Tensor) -> np.ndarray:
        if ending == ".gif":  # noise hardly compresses: 64 images at 2 would take 2 MB
            return image_grid(images, scale=2 if len(images) <= 25 else 1)
        columns = math.ceil(math.sqrt(1.5 * len(images)))
        return with_text(image_grid(images, columns, scale=max(1, 700 // (29 * columns))), f"step {done} of {total}")

    batches = [min(batch, count - start) for start in range(0, count, batch)]
    drawn: list[torch.Tensor] = []
    frames = []
    with progress_bar() as bar:
        task = bar.add_task("denoising", total=total * len(batches))
        for number, size in enumerate(batches):
            first = number * batch
            own = None if labels is None else labels[first : first + size]
            network = denoiser(loaded, own, precision, chosen, guided_by)
            walk = network.sample_steps(size, picture_generators(seed, first, size))
            states = _counted(walk, lambda: bar.advance(task))
            if film and not drawn:
                kept = list(denoising_frames(enumerate(states), total + 1))  # type: ignore[arg-type]  # it only picks
                frames = [in_film(film.suffix.lower(), done, state[:64]) for done, state in kept]
                states = (state for _, state in kept)
            drawn.append(to_uint8(deque(states, maxlen=1)[0]).cpu())
    images = torch.cat(drawn)
    if out.suffix.lower() == ".safetensors":
        about = {"checkpoint": checkpoint.name, "seed": seed, "sampler": str(chosen), "guide": str(guided_by or "none")}
        write_safetensors(out, {"images": images}, about)
    else:
        save_grid(images, out)
    say(f"wrote {out}: {count} images of {' x '.join(map(str, images.shape[1:]))}")
    if film:
        save_film(frames, film)
        say(f"wrote {film}: {len(frames)} frames, {film.stat().st_size / 1000:.0f} kB")


def _check_endings(out: Path, film: Path | None) -> None:
    """Say so before minutes of sampling, not after."""
    if out.suffix.lower() not in (".png", ".safetensors"):
        raise CourseError(f"--out {out} must end in .png or .safetensors.")
    if film is not None and film.suffix.lower() not in (".gif", ".webp"):
        raise CourseError(f"--film {film} must end in .gif or .webp.")


def _counted(items: Iterator, tick: Callable[[], None]) -> Iterator:
    for index, item in enumerate(items):
        if index:  # the first state is noise: no step led to it
            tick()
        yield item
