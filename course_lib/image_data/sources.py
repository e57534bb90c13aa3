"""Where images come from: our own drawings, a local folder, the hub. Nothing is decoded here.

Everything heavy (`datasets`, `pyarrow`, `huggingface_hub`) is imported where it is needed.
"""

import difflib
import functools
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from course_lib.errors import DataError
from course_lib.image_data import garments, textures
from course_lib.image_data.tables import (
    FASHION,
    Item,
    damaged,
    hub_dataset,
    label_names,
    one_line,
    remedy_for_cache,
    stored_features,
    table_items,
)
from course_lib.paths import ROOT

if TYPE_CHECKING:
    from datasets import Features

DRAWINGS = {"garments": garments, "textures": textures}
DRAWN_SPLITS = {"train": (10_000, 0), "test": (2_000, 1)}  # how many, seed
IMAGE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".gif"),
    *(".bmp", ".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm"),
}
SPLIT_FOLDERS = {"train", "test", "validation", "valid", "val"}


@dataclass(frozen=True)
class Source:
    """One split of a data set, before anything is read.

    identity       the same for every call that means this data set
    title          how the visible line calls it
    fingerprint    differs whenever the images may differ
    remedy         what to do when one of its images is damaged
    class_names    () -> their names in the order of the labels; () where there are none
    items          image_size -> the encoded (or drawn) images, one by one; a drawing may be made at that size
    """

    identity: str
    title: str
    fingerprint: str
    remedy: str
    class_names: Callable[[], tuple[str, ...]]
    items: Callable[[int | None], Iterator[Item]]


def find_source(name: str, split: str) -> Source:
    """The source called `name`: a drawing, a folder (seen from here or from the repository), a hub name.

    Raises DataError if there is no such thing, or if it has no such split.
    """
    if name in DRAWINGS:
        return drawn_source(name, split)
    for folder in (Path(name).expanduser(), ROOT / name):
        if name and folder.exists():
            return local_source(folder.resolve(), split, title=name)
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return hub_source(name, split)
    known = {"auto": "auto", "fashion_mnist": FASHION, "fashion": FASHION} | {word: word for word in DRAWINGS}
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean {known[close[0]]!r}? " if close else ""
    raise DataError(
        f"there is no folder {name!r}, neither in {Path.cwd()} nor in {ROOT}. {hint}Name a folder, "
        f"a data set of the hub (such as {FASHION!r}) or one of: auto, {', '.join(DRAWINGS)}."
    )


def missing_split(title: str, split: str, there: list[str]) -> DataError:
    return DataError(f"{title} has no split {split!r}; choose one of: {', '.join(sorted(there))}.")


# Drawings


def draw(name: str, count: int, seed: int, image_size: int | None) -> tuple[np.ndarray, np.ndarray]:
    if name == "garments":
        return garments.draw_garments(count, seed)
    return textures.draw_textures(count, image_size or 28, seed)


def drawn_source(name: str, split: str) -> Source:
    """Images that our own code draws; the same at every call."""
    if split not in DRAWN_SPLITS:
        raise missing_split(name, split, list(DRAWN_SPLITS))
    count, seed = DRAWN_SPLITS[split]

    def items(image_size: int | None) -> Iterator[Item]:
        for index, (image, label) in enumerate(zip(*draw(name, count, seed, image_size), strict=True)):
            yield f"image {index}", image, int(label)

    return Source(
        identity=name,
        title=f"built-in {name}",
        fingerprint=f"{code_version(DRAWINGS[name])} {count} {seed}",
        remedy="Restore the drawing code from git.",
        class_names=lambda: DRAWINGS[name].CLASS_NAMES,
        items=items,
    )


def code_version(module: ModuleType) -> str:
    """A hash of the source code of a module or package: a drawing that changed must not come from a cache."""
    file = Path(str(module.__file__))  # a namespace package has none; these are files
    files = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


# Local folders


def local_source(folder: Path, split: str, title: str) -> Source:
    """A folder with Parquet files in the hub's layout, or else with image files."""
    if not folder.is_dir():
        raise DataError(f"{folder} is a file; name the folder that holds it.")
    files = visible_files(folder)
    suffixes = {Path(file).suffix.lower() for file in files}
    if ".parquet" in suffixes:
        return parquet_source(folder, files, split, title)
    if suffixes & IMAGE_SUFFIXES:
        return image_folder_source(folder, files, split, title)
    kinds = ", ".join(sorted(suffix or "no ending" for suffix in suffixes))
    found = f"it holds only other files ({kinds})" if files else "it holds no files"
    raise DataError(
        f"no images in {folder}: {found}. Put image files there (png, jpg, webp, ...; in one subfolder per "
        f"class if you like) or Parquet files with images, or name another folder."
    )


def visible_files(folder: Path) -> list[str]:
    """The paths of all files below `folder`, sorted, none hidden; links are followed, but not in circles."""
    found, visited = [], set()
    for place, folders, files in os.walk(folder, followlinks=True, onerror=refuse_unreadable):
        if os.path.realpath(place) in visited:
            folders.clear()
            continue
        visited.add(os.path.realpath(place))
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        below = Path(place).relative_to(folder).as_posix() + "/"
        found += [(below + name).removeprefix("./") for name in files if not name.startswith(".")]
    return sorted(found)


def refuse_unreadable(problem: OSError) -> None:
    """Skipping it would lose images without a word."""
    raise DataError(f"{problem.filename} cannot be read ({problem.strerror}); mend or remove it.") from problem


def files_version(folder: Path, files: list[str]) -> str:
    """A hash of the files' names, sizes and times."""
    version = hashlib.sha256()
    for file in files:
        try:
            status = os.stat(os.path.join(folder, file))
        except OSError as problem:  # a link to nowhere
            refuse_unreadable(problem)
        version.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return version.hexdigest()


def image_folder_source(folder: Path, files: list[str], split: str, title: str) -> Source:
    """Image files: a folder per split if there are such, in it a folder per class if there are such."""
    images = [file for file in files if Path(file).suffix.lower() in IMAGE_SUFFIXES]
    tops = {file.partition("/")[0] for file in images}
    has_splits = tops <= SPLIT_FOLDERS  # every one of them: a class of trains may be called "train"
    if split not in (tops if has_splits else {"train"}):
        raise missing_split(f"the folder {folder}", split, list(tops) if has_splits else ["train"])

    depth = 1 if has_splits else 0
    classes = {file: file.split("/")[depth:-1] for file in images}
    flat = not all(classes.values())  # an image beside the class folders has no class
    names = () if flat else tuple(sorted({inner[0] for inner in classes.values()}))  # of all splits
    chosen = [file for file in images if not has_splits or file.startswith(split + "/")]

    def items(image_size: int | None) -> Iterator[Item]:
        for file in chosen:
            yield str(folder / file), folder / file, 0 if flat else names.index(classes[file][0])

    return Source(
        identity=str(folder),
        title=title,
        fingerprint=files_version(folder, chosen) + "/".join(names),
        remedy="Replace the file by a good copy, or delete it.",
        class_names=lambda: names,
        items=items,
    )


def parquet_source(folder: Path, files: list[str], split: str, title: str) -> Source:
    """Parquet files in the hub's layout: the folder's README.md (or the files' names) tells the splits.

    They are read in place: `datasets.load_dataset` would first make an Arrow copy of them in its cache.
    """
    remedy = "Copy or download that file again."

    @functools.cache
    def layout() -> tuple["Features", list[Path]]:
        from datasets import load_dataset_builder

        try:
            with tempfile.TemporaryDirectory() as scratch:  # for a lock file that nobody needs
                builder = load_dataset_builder(str(folder), cache_dir=scratch)
        except Exception as problem:  # whatever a README.md can make yaml and datasets raise
            raise DataError(
                f"cannot tell the splits of {folder} ({one_line(problem)}). Mend its README.md or file names."
            ) from problem
        splits = {str(name): found for name, found in builder.config.data_files.items()}
        if split not in splits:
            raise missing_split(f"the folder {folder}", split, list(splits))
        chosen = [Path(file) for file in splits[split]]
        return builder.info.features or stored_features(chosen[0], remedy), chosen

    return Source(
        identity=str(folder),
        title=title,
        fingerprint=files_version(folder, files),
        remedy=remedy,
        class_names=lambda: label_names(layout()[0]),
        items=lambda image_size: table_items(*layout(), remedy),
    )


# The hub


def hub_source(name: str, split: str) -> Source:
    """A data set of the Hugging Face hub, from the local cache or else from the network."""
    splits = hub_dataset(name)
    if split not in splits:
        raise missing_split(name, split, list(splits))
    dataset = splits[split]
    files = [Path(entry["filename"]) for entry in dataset.cache_files]
    remedy = remedy_for_cache(files[0])
    promised = dataset.info.splits[split].num_examples
    if len(dataset) != promised:  # an Arrow file that was cut between two batches looks whole
        raise damaged(files[-1], ValueError(f"{len(dataset)} rows instead of {promised}"), remedy)
    return Source(
        identity=name,
        title=name,
        fingerprint=files_version(Path(), [str(file) for file in files]),
        remedy=remedy,
        class_names=lambda: label_names(dataset.features),
        items=lambda image_size: table_items(dataset.features, files, remedy),
    )
