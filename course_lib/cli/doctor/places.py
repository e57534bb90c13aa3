"""Where the course writes, whether it can, how much that takes, and how much is free there."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course_lib.cli.doctor.report import Check
from course_lib.errors import CourseError
from course_lib.files import ANOTHER, why
from course_lib.machine import free_disk
from course_lib.paths import DATA, NOTEBOOKS, ROOT

# Bytes, computed or measured.
PICTURE = 28 * 28 + 8  # a decoded picture in the cache: its pixels, and its label
FASHION_DECODED = 70_000 * PICTURE
# garments, textures, chapter 09's landscapes, chapter 15's coloured textures
DRAWN_DECODED = 2 * 12_000 * PICTURE + 300 * 3 * 128 * 128 + 2_000 * 3 * 64 * 64
FASHION_DOWNLOADED = 30_717_635 + 5_139_715  # the hub's two Parquet files
FASHION_PREPARED = 31_559_760 + 5_278_480  # the Arrow files that `datasets` makes of them
RUN = 36_300_000  # a checkpoint of fashion_mnist: 2.26 million parameters, 16 bytes each
CHAPTER_RUNS = 24_200_000 + 2 * 13_200_000  # what chapter 09 makes, and the ten-minute network it offers


@dataclass(frozen=True)
class Place:
    """A folder that the course writes to: `needs` more bytes than are there now, for `what`; how to choose another."""

    name: str
    folder: Path
    needs: int
    what: str
    elsewhere: str


def places() -> Iterator[Place]:
    """All folders that the course writes to."""
    copies = sum(file.stat().st_size for file in NOTEBOOKS.glob("*.ipynb"))
    yield Place(
        "notebooks",
        NOTEBOOKS,
        copies + CHAPTER_RUNS,
        f"JupyterLab's copies take {_gb(copies)}, the runs of chapter 09 {_gb(CHAPTER_RUNS)}",
        "or copy the whole course to a folder of your own and open it there",
    )
    cache = Path(os.environ.get("COURSE_CACHE") or DATA / "cache")
    full = FASHION_DECODED + DRAWN_DECODED
    yield Place(
        "cache",
        cache,
        max(full - size(cache), 0),
        f"Fashion-MNIST decoded takes {_gb(FASHION_DECODED)}, the drawn pictures {_gb(DRAWN_DECODED)}",
        "or set COURSE_CACHE to a folder elsewhere",
    )
    yield Place(
        "runs",
        Path.cwd() / "runs",
        2 * RUN,  # the new checkpoint is whole before the old one goes
        f"a run of fashion_mnist takes {_gb(RUN)}, twice that while it is replaced",
        "or name another folder: `course train CONFIG --out FOLDER`",
    )
    yield Place(
        "temporary",
        Path(_temporary()),
        0,
        "kernels and downloads use it",
        "or set TMPDIR to a folder elsewhere",
    )
    with suppress(ImportError):  # a library that is broken or missing is said elsewhere
        yield from _hub()
    with suppress(ImportError):
        yield _jupyter()


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:  # none of the usual ones can be written
        return os.environ.get("TMPDIR") or "/tmp"


def _hub() -> Iterator[Place]:
    """The hub's two caches, where the course uses them: the files as they were sent, and those that are read."""
    from huggingface_hub import constants

    chosen = os.environ.get("COURSE_DATA") or "auto"
    named_there = "/" in chosen and not os.path.exists(chosen) and not (ROOT / chosen).exists()
    if chosen != "auto" and not named_there:
        return
    datasets = Path(os.environ.get("HF_DATASETS_CACHE") or os.path.join(constants.HF_HOME, "datasets"))
    is_here = any(datasets.glob("zalando-datasets___*"))
    for name, folder, needed in (
        ("hub", Path(constants.HF_HUB_CACHE), FASHION_DOWNLOADED),
        ("datasets", datasets, FASHION_PREPARED),
    ):
        yield Place(
            name,
            folder,
            needed if chosen == "auto" and not is_here else 0,
            f"Fashion-MNIST takes {_gb(needed)}",
            "or set HF_HOME to a folder elsewhere",
        )


def _jupyter() -> Place:
    from jupyter_core.paths import jupyter_runtime_dir

    return Place(
        "jupyter",
        Path(jupyter_runtime_dir()),
        0,
        "JupyterLab keeps the addresses of its kernels there",
        "or set JUPYTER_RUNTIME_DIR to a folder elsewhere",
    )


def writing() -> list[Check]:
    """Whether each place can be written, and whether each disk has room for all the places on it."""
    checks = {place: _tried(place, 0) for place in places()}
    on_disk: dict[int, list[Place]] = {}
    for place in checks:
        if checks[place].ok:
            on_disk.setdefault(_nearest(place.folder).stat().st_dev, []).append(place)
    disks = []
    for together in on_disk.values():
        disks.append(_room(together))
        if disks[-1].ok:  # else its own line says it once for all of them
            checks |= {place: _tried(place, place.needs) for place in together}
    return [*checks.values(), *disks]


def _tried(place: Place, needed: int) -> Check:
    """Whether a file of so many bytes can be made there: a quota and a limit of the shell show in no other way."""
    try:
        with tempfile.TemporaryFile(dir=_nearest(place.folder)) as file:
            _reserve(file.fileno(), needed)
    except OSError as problem:
        reason, remedy = why(problem)
        remedy = remedy.replace(ANOTHER, "Mend that,").replace(", or name another place.", ",")
        remedy = f"{remedy.removesuffix('.').removesuffix(',')}, {place.elsewhere}."
        return Check(place.name, False, f"{place.folder} cannot be written: {reason}", remedy)
    return Check(place.name, True, f"{place.folder}: {place.what}")


def _reserve(file: int, needed: int) -> None:
    """Raise OSError if the disk, a quota or a limit has no room for so many bytes."""
    if not needed or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file, 0, needed)
    except OSError as problem:  # not every file system can do it
        if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise


def _room(together: list[Place]) -> Check:
    """What is free on the disk that these places share, against what they need."""
    folder = _nearest(together[0].folder)
    needed, free = sum(place.needs for place in together), free_disk(folder)
    needs = ", ".join(f"{place.name} {_gb(place.needs)}" for place in together if place.needs) or "for now"
    if free >= needed:
        return Check("disk", True, f"of {folder}: {_gb(free)} free, {_gb(needed)} needed ({needs})")
    remedy = f"Free {_gb(needed)} there, {'; '.join(place.elsewhere for place in together if place.needs)}."
    return Check("disk", False, f"of {folder}: only {_gb(free)} free, {_gb(needed)} needed ({needs})", remedy)


def environment() -> list[Check]:
    """What the installed packages take."""
    return [Check("environment", True, f"{sys.prefix}: {_gb(size(Path(sys.prefix)))}")] if _is_venv() else []


def _is_venv() -> bool:
    return sys.prefix != sys.base_prefix


def progress_record() -> list[Check]:
    """Whether what you pass is kept."""
    from course_lib.checker import progress, progress_file

    path = progress.place()
    if path is None:
        return [Check("progress", True, "is not kept here (by COURSE_PROGRESS, or as in continuous integration)")]
    elsewhere = "or set COURSE_PROGRESS to a file elsewhere"
    checked = _tried(Place("progress", path.parent, 0, f"the record is {path.name}", elsewhere), 0)
    if not checked.ok:
        return [checked]
    try:
        reading = progress_file.read(path)
    except CourseError as problem:
        return [Check("progress", False, str(problem), f"Remove it, {elsewhere}.")]
    if reading and reading.damaged:
        remedy = f"What can be read counts; the damaged file will be kept beside as {path.stem}.damaged."
        return [Check("progress", True, f"{path} is damaged", remedy)]
    return [Check("progress", True, str(path))]


def size(folder: Path) -> int:
    """The bytes of all files under `folder`; 0 if there is none. What vanishes meanwhile does not count."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _gb(number: int) -> str:
    return f"{number / 1e9:.2f} GB" if number < 10**9 else f"{number / 1e9:.1f} GB"
