"""`course edit`: own pictures, changed by a trained network."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.cli.console import Device, Group, Precision, Seed, progress_bar, say, says_what_to_do
from course_lib.errors import CourseError
from course_lib.files import FileError
from course_lib.types import Fit

if TYPE_CHECKING:
    from torch import Tensor

    from course_lib.image_data.single import Picture

app = Group(no_args_is_help=True, help="Edit your own pictures with a trained network.")

Network = Annotated[Path, typer.Option("--checkpoint", help="A checkpoint, or the name of one in data/.")]
Label = Annotated[str | None, typer.Option(help="What the picture shows: a class, by name or number.")]
FitOption = Annotated[
    Fit | None,
    typer.Option(
        "--fit",
        help="Change a picture of another size or kind: cut it, add bars, or stretch it.  [default: refuse it]",
    ),
]
Count = Annotated[int, typer.Option("-n", "--count", min=1, help="How many variants.")]
Batch = Annotated[int, typer.Option(min=1, help="Pictures drawn at a time.")]
Scale = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=32,
        help="How large a pixel becomes.  [default: 1 for one picture, 4 for several; a film: 240 in all]",
    ),
]
OutPicture = Annotated[Path, typer.Option(help="A picture (.png); several variants are its parts.")]

FASHION_MNIST = Path("fashion_mnist")
PNG_ONLY = (".png",)
FILMS = (".webp", ".gif")
FILM_WIDTH = 240  # pixels, at most, unless --scale says otherwise
COLOURS = 128  # of a film: fewer show in soft shades


@app.command("denoise")
@says_what_to_do
def denoise_pictures(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Picture files.")],
    noise: Annotated[
        float, typer.Option(help="How strong the noise is: its standard deviation, in grey levels of 255.")
    ],
    out: Annotated[Path, typer.Option(help="A picture (.png); a folder if there are several photos.")] = Path(
        "denoised.png"
    ),
    steps: Annotated[int, typer.Option(min=1, help="1 has the smallest squared error; more look sharper.")] = 1,
    label: Label = None,
    with_noise: Annotated[
        bool, typer.Option("--add-noise", help="The photos are clean: add the noise first, then say what is gained.")
    ] = False,
    noisy_out: Annotated[
        Path | None, typer.Option(help="With --add-noise: also write the noisy pictures, as for --out.")
    ] = None,
    fit: FitOption = None,
    checkpoint: Network = FASHION_MNIST,
    seed: Seed = 0,
    scale: Scale = None,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Take known noise out of pictures."""
    from course_lib.runs.checkpoints import class_index
    from course_lib.runs.denoiser import picture_generators
    from course_lib.runs.edits import add_noise, denoise, load_for_edits, matching_t, network_for, psnr, steps_from

    if noisy_out and not with_noise:
        raise CourseError("--noisy-out goes with --add-noise; without it the photos are the noisy pictures.")
    places = _places(out, photos, "--out")
    noisy_places = _places(noisy_out, photos, "--noisy-out") if noisy_out else []
    _refuse_inputs_as_outputs([*places, *noisy_places], photos)
    loaded = load_for_edits(checkpoint, device)
    target = None if label is None else class_index(loaded, label)
    start, level = matching_t(noise, loaded.schedule)
    steps_from(start, steps, steps)
    pictures = [_read(photo, loaded.image_shape, fit) for photo in photos]
    if any(picture.scaled for picture in pictures) and not with_noise:
        say("scaling a picture changes its noise: --noise means what is left of it afterwards.")
    _check_pictures([*places, *noisy_places])
    with _working(steps * len(pictures)) as (tick, seconds):
        network = network_for(loaded, 1, target, precision, tick)
        before = [picture.values[None] for picture in pictures]
        if with_noise:
            before = [add_noise(one, noise, picture_generators(seed, k, 1)) for k, one in enumerate(before)]
        after = [denoise(network, one, start, steps) for one in before]
    last = loaded.schedule.timesteps - 1
    say(f"started at t = {start} of 0 to {last}, where the noise is {level:.1f} grey levels; {_number(steps, 'step')}")
    if with_noise:
        for picture, noisy, cleaned in zip(pictures, before, after, strict=True):
            gained = (
                f"PSNR {psnr(noisy[0], picture.values):.1f} dB with the noise, {psnr(cleaned[0], picture.values):.1f}"
            )
            say(f"{picture.place}: {gained} dB after denoising")
    for noisy, place in zip(before, noisy_places, strict=False):
        _write(noisy, place, scale)
    for cleaned, place in zip(after, places, strict=True):
        _write(cleaned, place, scale)
    _say_seconds(seconds(), len(pictures))


@app.command("inpaint")
@says_what_to_do
def inpaint_picture(
    photo: Annotated[Path, typer.Argument(help="A picture file.")],
    mask: Annotated[Path, typer.Option(help="A picture of the same size: white is known, black is to be drawn.")],
    out: OutPicture = Path("inpainted.png"),
    count: Count = 1,
    resample: Annotated[
        int,
        typer.Option(
            min=1, max=100, help="How often each part of the way is gone (RePaint); 1 is fast and fits worse."
        ),
    ] = 10,
    steps: Annotated[int | None, typer.Option(min=1, help="From noise to picture.  [default: 50]")] = None,
    label: Label = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, max=255, help="Grey in the mask: from this level on it is known.")
    ] = None,
    fit: FitOption = None,
    checkpoint: Network = FASHION_MNIST,
    seed: Seed = 0,
    scale: Scale = None,
    batch: Batch = 64,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Draw a part of a picture anew; the rest stays as it is, pixel for pixel."""
    import torch

    from course_lib.image_data.single import read_mask
    from course_lib.runs.checkpoints import class_index
    from course_lib.runs.denoiser import picture_generators
    from course_lib.runs.edits import inpaint, inpainting_calls, load_for_edits, network_for, steps_from
    from course_lib.runs.memory import check_sampling_memory

    _check_ending(out, PNG_ONLY)
    _refuse_inputs_as_outputs([out], [photo, mask])
    loaded = load_for_edits(checkpoint, device)
    target = None if label is None else class_index(loaded, label)
    steps = steps_from(loaded.schedule.timesteps - 1, steps, 50)
    picture = _read(photo, loaded.image_shape, fit)
    known = read_mask(mask, picture, fit, threshold)
    _check_pictures([out])
    check_sampling_memory(loaded, count, batch, precision)
    sizes = _batches(count, batch)
    calls = inpainting_calls(steps, resample)
    with _working(calls * len(sizes)) as (tick, seconds):
        drawn = [
            inpaint(
                network_for(loaded, size, target, precision, tick),
                picture.values,
                known,
                steps,
                resample,
                picture_generators(seed, first, size),
            )
            for first, size in sizes
        ]
    say(f"{float(known.float().mean()):.0%} of the pixels were known and stay; {calls:,} network calls a picture")
    _write(torch.cat(drawn), out, scale)
    _say_seconds(seconds(), count)


@app.command("from-sketch")
@says_what_to_do
def from_a_sketch(
    sketch: Annotated[Path, typer.Argument(help="A picture file: shapes filled with grey work better than outlines.")],
    strength: Annotated[float, typer.Option(help="0 keeps the sketch, 1 forgets it.")] = 0.6,
    out: OutPicture = Path("drawn.png"),
    count: Count = 1,
    steps: Annotated[
        int | None, typer.Option(min=1, help="From the noised sketch to the picture.  [default: 20]")
    ] = None,
    label: Label = None,
    invert: Annotated[
        bool | None,
        typer.Option(
            "--invert/--no-invert", help="Light becomes dark.  [default: only a grey sketch whose edge is light]"
        ),
    ] = None,
    fit: FitOption = None,
    checkpoint: Network = FASHION_MNIST,
    seed: Seed = 0,
    scale: Scale = None,
    batch: Batch = 64,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Draw pictures that resemble a sketch."""
    import torch

    from course_lib.image_data.single import has_bright_edge
    from course_lib.runs.checkpoints import class_index
    from course_lib.runs.denoiser import picture_generators
    from course_lib.runs.edits import from_sketch, load_for_edits, network_for, start_of, steps_from
    from course_lib.runs.memory import check_sampling_memory

    _check_ending(out, PNG_ONLY)
    _refuse_inputs_as_outputs([out], [sketch])
    loaded = load_for_edits(checkpoint, device)
    target = None if label is None else class_index(loaded, label)
    start = start_of(strength, loaded.schedule)
    steps = steps_from(start, steps, 20)
    picture = _read(sketch, loaded.image_shape, fit)
    values = picture.values
    bright = has_bright_edge(values)
    if invert or (invert is None and bright and len(values) == 1):
        values = 255 - values
        why = (
            "its edge is light, and the garments are light on black; --no-invert keeps it"
            if invert is None
            else "--invert"
        )
        say(f"{picture.place}: made negative ({why})")
    elif bright and len(values) == 1:
        say(f"{picture.place}: its edge is light, and it stays so (--no-invert)")
    _check_pictures([out])
    check_sampling_memory(loaded, count, batch, precision)
    sizes = _batches(count, batch)
    with _working(steps * len(sizes)) as (tick, seconds):
        drawn = [
            from_sketch(
                network_for(loaded, size, target, precision, tick),
                values,
                start,
                steps,
                picture_generators(seed, first, size),
            )
            for first, size in sizes
        ]
    last = loaded.schedule.timesteps - 1
    say(f"strength {strength:g}: started at t = {start} of 0 to {last}; {_number(steps, 'step')}")
    _write(torch.cat(drawn), out, scale)
    _say_seconds(seconds(), count)


@app.command("interpolate")
@says_what_to_do
def interpolate_pictures(
    first: Annotated[Path, typer.Argument(metavar="A", help="A picture file: where the way begins.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one: where it ends.")],
    out: Annotated[Path, typer.Option(help="A film (.webp, .gif), or the pictures in a row (.png).")] = Path(
        "walk.webp"
    ),
    frames: Annotated[int, typer.Option(min=2, max=240, help="How many pictures, both ends included.")] = 16,
    steps: Annotated[int | None, typer.Option(min=1, help="Each way, to the noise and back.  [default: 50]")] = None,
    label_a: Annotated[str | None, typer.Option(help="What A shows: a class, by name or number.")] = None,
    label_b: Annotated[str | None, typer.Option(help="What B shows; on the way both are mixed.")] = None,
    fit: FitOption = None,
    checkpoint: Network = FASHION_MNIST,
    scale: Scale = None,
    batch: Batch = 64,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Turn one picture into another, through pictures that the network could have drawn. Nothing here is random."""
    import torch

    from course_lib.pictures.saving import check_film_place
    from course_lib.runs.checkpoints import class_index
    from course_lib.runs.edits import between, load_for_edits, noises_of, psnr, steps_from
    from course_lib.runs.memory import check_sampling_memory

    _check_ending(out, (*FILMS, *PNG_ONLY))
    _refuse_inputs_as_outputs([out], [first, second])
    if (label_a is None) != (label_b is None):
        raise CourseError("give both --label-a and --label-b, or neither.")
    loaded = load_for_edits(checkpoint, device)
    labels = None
    if label_a is not None and label_b is not None:
        labels = class_index(loaded, label_a), class_index(loaded, label_b)
    steps = steps_from(loaded.schedule.timesteps - 1, steps, 50)
    ends = torch.stack([_read(photo, loaded.image_shape, fit).values for photo in (first, second)])
    if out.suffix.lower() in FILMS:
        check_film_place(out)
    else:
        _check_pictures([out])
    check_sampling_memory(loaded, frames, batch, precision)
    fractions, sizes = torch.linspace(0, 1, frames), _batches(frames, batch)
    networks = 2 if labels and labels[0] != labels[1] else 1
    with _working(steps * (1 + networks * len(sizes))) as (tick, seconds):
        noises = noises_of(loaded, ends, steps, labels, precision, tick)
        drawn = torch.cat(
            [
                between(loaded, noises, fractions[start : start + size], steps, labels, precision, tick)
                for start, size in sizes
            ]
        )
    near = " and ".join(f"{psnr(drawn[k], ends[k]):.1f} dB" for k in (0, -1))
    say(f"both ends are drawn, too: their PSNR is {near} ({first} and {second})")
    if out.suffix.lower() in FILMS:
        _write_film(drawn, out, scale)
    else:
        _write(drawn, out, scale, columns=frames)
    _say_seconds(seconds(), 1)


# What they share


def _check_ending(out: Path, endings: Sequence[str], option: str = "--out") -> None:
    if out.suffix.lower() not in endings:
        raise CourseError(f"{option} {out} must end in {' or '.join(endings)}.")


def _places(out: Path, photos: list[Path], option: str) -> list[Path]:
    """Where the picture of each photo goes: to `out`, or into the folder `out` if there are several."""
    if len(photos) == 1:
        _check_ending(out, PNG_ONLY, option)
        return [out]
    if out.suffix.lower() in (*PNG_ONLY, *FILMS):
        raise CourseError(
            f"{option} {out} is one file, and there are {len(photos)} photos; name a folder with {option}."
        )
    return [out / f"{photo.stem}.png" for photo in photos]


def _refuse_inputs_as_outputs(places: list[Path], inputs: list[Path]) -> None:
    """Raise an error before a picture of the user's own is replaced, or one result by another."""
    for number, place in enumerate(places):
        for path in inputs:
            if _same(place, path):
                raise FileError(f"{place} is also an input, and would be replaced. Name another file with --out.")
        for other in places[:number]:
            if _same(place, other):
                raise FileError(f"two pictures would be written to {place}. Give the files different names.")


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, also through a link; a path that leads nowhere is compared by its name."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # not there yet, or no name that a file can have
        return os.path.abspath(one) == os.path.abspath(other)


def _read(path: Path, shape: tuple[int, int, int], fit: Fit | None) -> "Picture":
    from course_lib.image_data.single import read_picture

    picture = read_picture(path, shape, fit)
    if picture.note:
        say(picture.note)
    return picture


def _check_pictures(places: list[Path]) -> None:
    from course_lib.pictures.saving import check_picture_place

    for place in places:
        check_picture_place(place)


def _batches(count: int, batch: int) -> list[tuple[int, int]]:
    """The first picture of each batch, and how many it has."""
    return [(first, min(batch, count - first)) for first in range(0, count, batch)]


@contextmanager
def _working(calls: int) -> Iterator[tuple[Callable[[], None], Callable[[], float]]]:
    """A bar for so many network calls: what moves it on, and what gives the seconds that the work took."""
    start = time.perf_counter()
    end: list[float] = []
    with progress_bar() as bar:
        task = bar.add_task("editing", total=calls)
        yield lambda: bar.advance(task), lambda: end[0] - start
    end.append(time.perf_counter())


def _write(pictures: "Tensor", place: Path, scale: int | None, columns: int | None = None) -> None:
    from course_lib.pictures.plots import save_grid

    save_grid(pictures, place, columns, scale or (1 if len(pictures) == 1 else 4))
    say(f"wrote {place}: {_number(len(pictures), 'picture')} of {' x '.join(map(str, pictures.shape[1:]))}")


def _write_film(pictures: "Tensor", place: Path, scale: int | None) -> None:
    from course_lib.pictures.gifs import save_film
    from course_lib.pictures.plots import image_grid

    scale = scale or max(1, FILM_WIDTH // pictures.shape[3])
    save_film([image_grid(picture[None], scale=scale) for picture in pictures], place, colours=COLOURS)
    say(f"wrote {place}: {len(pictures)} frames, {place.stat().st_size / 1000:.0f} kB")


def _say_seconds(seconds: float, edits: int) -> None:
    each = f", {seconds / edits:.2f} s each" if edits > 1 else ""
    say(f"{_number(edits, 'edit')} in {seconds:.2f} s{each}")


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
