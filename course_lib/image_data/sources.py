"""Where images come from: our own drawings, a local folder, the hub. Nothing is decoded here.

Everything heavy (`datasets`, `pyarrow`, `huggingface_hub`) is imported where it is needed.
"""

import difflib
import functools
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from course_lib.errors import DataError
from course_lib.image_data import coloured_textures, garments, textures
from course_lib.image_data.folders import files_version, local_source
from course_lib.image_data.labels import Labels, find_labels
from course_lib.image_data.source import Item, Source, chosen_split, damaged
from course_lib.image_data.tables import FASHION, hub_dataset, remedy_for_cache, table_items
from course_lib.image_data.wording import shown
from course_lib.paths import ROOT

DRAWINGS = {"garments": garments, "textures": textures, "coloured_textures": coloured_textures}
DRAWN_SPLITS = {"train": (10_000, 0), "test": (2_000, 1)}  # how many, seed


def find_source(name: str, split: str) -> Source:
    """The source called `name`: a drawing, a folder (seen from here or from the repository), a hub name.

    Raises DataError if there is no such thing, or if it has no such split.
    """
    if name in DRAWINGS:
        return drawn_source(name, split)
    for folder in (with_home(name), ROOT / name):
        if name and is_there(folder):
            return local_source(folder.resolve(), split, title=name)
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return hub_source(name, split)
    known = {"auto": "auto", "fashion_mnist": FASHION, "fashion": FASHION} | {word: word for word in DRAWINGS}
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean {known[close[0]]!r}? " if close else ""
    raise DataError(
        f"there is no folder {name!r}, neither in {shown(Path.cwd())} nor in {shown(ROOT)}. {hint}Name a folder, "
        f"a data set of the hub (such as {FASHION!r}) or one of: auto, {', '.join(DRAWINGS)}."
    )


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder. Raises DataError if we may not look."""
    try:
        os.stat(path)
    except PermissionError as problem:
        raise DataError(f"{shown(path)} cannot be read ({problem.strerror}); give yourself the right to.") from problem
    except (OSError, ValueError):  # no file can have that name, say
        return False
    return True


def with_home(name: str) -> Path:
    """`~` and `~user` stand for folders; where there is no such user they are names like others."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


# Drawings


def draw(name: str, count: int, seed: int, image_size: int | None) -> tuple[np.ndarray, np.ndarray]:
    if name == "garments":
        return garments.draw_garments(count, seed)
    if name == "textures":
        return textures.draw_textures(count, image_size or 28, seed)
    return coloured_textures.draw_coloured_textures(count, image_size or 64, seed)


def drawn_source(name: str, split: str) -> Source:
    """Images that our own code draws; the same at every call."""
    count, seed = DRAWN_SPLITS[chosen_split(name, split, DRAWN_SPLITS)]

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


# The hub


def hub_source(name: str, split: str) -> Source:
    """A data set of the Hugging Face hub, from the local cache or else from the network."""
    splits = hub_dataset(name)
    split = chosen_split(name, split, splits)
    dataset = splits[split]
    files = {key: [Path(entry["filename"]) for entry in found.cache_files] for key, found in splits.items()}
    others = [file for key, found in files.items() if key != split for file in found]
    remedy = remedy_for_cache(files[split][0])
    promised = dataset.info.splits[split].num_examples
    if len(dataset) != promised:  # an Arrow file that was cut between two batches looks whole
        raise damaged(files[split][-1], ValueError(f"{len(dataset)} rows instead of {promised}"), remedy)

    @functools.cache
    def labels() -> Labels:
        return find_labels(dataset.features, files[split], others, remedy)

    return Source(
        identity=name,
        title=name,
        fingerprint=files_version(Path(), [str(file) for file in [*files[split], *others]]),
        remedy=remedy,
        class_names=lambda: labels().names,
        items=lambda image_size: table_items(dataset.features, files[split], labels(), remedy),
        others=lambda: table_items(dataset.features, others, labels(), remedy) if others else iter(()),
    )
