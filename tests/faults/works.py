"""What the course writes, each time over an older file of the same kind, and how to make one of them go wrong."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from faults.tiny import contents, course, leftovers, refusal

from course_lib.checker import progress_file
from course_lib.errors import CourseError
from course_lib.files import write_file
from course_lib.image_data.cache import from_cache, to_cache
from course_lib.image_data.decoding import Decoded
from course_lib.pictures.gifs import save_film
from course_lib.pictures.plots import save_grid
from course_lib.runs.tensor_files import write_safetensors

# What the commands write, with the endings of the files.
ENDINGS = {
    "picture": ".png",
    "film": ".gif",
    "samples": ".safetensors",
    "export": ".safetensors",
    "classifier": ".safetensors",
    "scores": ".json",
    "record": ".json",
    "certificate": ".html",
}


@dataclass(frozen=True)
class Work:
    """`prepare` makes a folder as it was before; `run` does the work there, and returns the line that refuses it."""

    prepare: Callable[[Path], object]
    run: Callable[[Path], str | None]
    words: Callable[[Path], list[str]] = lambda folder: []  # of the command, if it is one


def try_each(work: Work, place: Path, faults: list[AbstractContextManager], name: Callable) -> int:
    """Do `work` once with each of the `faults`. Returns how often it was refused.

    Every file must be, each time, the old one or the new one; then the work is done again, without a fault, and
    everything must be new.
    """
    work.prepare(whole := place / "whole")
    assert work.run(whole) is None
    new, refused = contents(whole), 0
    for number, fault in enumerate(faults):
        folder = place / "tried" / str(number)
        work.prepare(folder)
        old = contents(folder)
        with fault(folder) as state:
            said = work.run(folder)
        hint = f"{name(state)}: {said}"
        after = contents(folder)
        assert not leftovers(folder) or not state.can_remove, hint
        assert old.keys() <= after.keys() <= new.keys() | old.keys(), hint
        assert all(after[file] in (old.get(file), new.get(file)) for file in after), hint
        assert said or after == new, hint
        refused += bool(said)
        assert work.run(folder) is None, hint
        assert contents(folder) == new, hint
        shutil.rmtree(folder)
    return refused


def commands(checkpoint: Path) -> dict[str, Work]:
    """The commands that make something out of a network."""
    samples = {"seed": 0}

    def command(words: Callable[[Path], list], old: Callable[[Path], object]) -> Work:
        def prepare(folder: Path) -> None:
            folder.mkdir(parents=True)
            shutil.copy(checkpoint, folder / "network.safetensors")
            old(folder)

        def run(folder: Path) -> str | None:
            result = course(*words(folder))
            return None if result.exit_code == 0 else refusal(result)

        return Work(prepare, run, lambda folder: [str(word) for word in words(folder)])

    def pictures(folder: Path) -> None:
        save_grid(torch.zeros(1, 1, 8, 8), folder / "a.png")
        save_film([np.zeros((8, 8), np.uint8)], folder / "a.gif")

    return {
        "picture and film": command(
            lambda folder: [
                *("sample", folder / "network.safetensors", "-n", 2, "--device", "cpu"),
                *("--out", folder / "a.png", "--gif", folder / "a.gif"),
            ],
            pictures,
        ),
        "samples": command(
            lambda folder: [
                *("sample", folder / "network.safetensors", "-n", 2, "--device", "cpu"),
                *("--out", folder / "a.safetensors"),
            ],
            lambda folder: write_safetensors(folder / "a.safetensors", {"images": torch.zeros(1)}, samples),
        ),
        "export": command(
            lambda folder: ["export", folder / "network.safetensors", folder / "new" / "a.safetensors"],
            lambda folder: None,
        ),
    }


def library(write: Callable[[Path], object], old: Callable[[Path], object]) -> Work:
    def prepare(folder: Path) -> None:
        folder.mkdir(parents=True)
        old(folder)

    def run(folder: Path) -> str | None:
        try:
            write(folder)
        except CourseError as error:
            said = str(error)
        else:
            return None
        assert "\n" not in said
        assert str(folder) in said
        return said

    return Work(prepare, run)


def _write_cache(folder: Path) -> None:
    """Never raises; what cannot be kept is not there the next time."""
    decoded = Decoded(torch.arange(300, dtype=torch.uint8).reshape(3, 1, 10, 10), torch.arange(3), "")
    to_cache(folder / "cache" / "a.safetensors", "print", decoded)
    read = from_cache(folder / "cache" / "a.safetensors", "print")
    if read is None:
        raise CourseError(f"{folder}: not kept")


def _write_record(folder: Path) -> None:
    """As when an answer is noted in a file that is damaged: the old one is kept beside."""
    record = folder / "progress.json"
    reading = progress_file.read(record)
    if reading is None or reading.damaged:
        progress_file.keep_beside(record)
    progress_file.write(record, {"q_sample": {"attempts": 1}})


WRITERS = {
    "text": library(
        lambda folder: write_file(folder / "a.txt", "new"), lambda folder: write_file(folder / "a.txt", "old")
    ),
    "tensors": library(
        lambda folder: write_safetensors(folder / "deep" / "a.safetensors", {"a": torch.ones(3)}, {"new": 1}),
        lambda folder: write_safetensors(folder / "deep" / "a.safetensors", {"a": torch.zeros(3)}, {}),
    ),
    "picture": library(
        lambda folder: save_grid(torch.zeros(1, 1, 8, 8), folder / "a.png"),
        lambda folder: save_grid(torch.ones(1, 1, 8, 8), folder / "a.png"),
    ),
    "film": library(
        lambda folder: save_film([np.zeros((8, 8), np.uint8)] * 2, folder / "a.gif"),
        lambda folder: save_film([np.ones((8, 8), np.uint8)], folder / "a.gif"),
    ),
    "cache": library(_write_cache, lambda folder: None),
    "damaged record": library(
        _write_record, lambda folder: write_file(folder / "progress.json", json.dumps({"x": {"attempts": 2}})[:-1])
    ),
}
