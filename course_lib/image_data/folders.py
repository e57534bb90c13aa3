"""Folders on this machine: what is in them, as pictures or as Parquet files. Nothing is decoded here."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from course_lib.errors import DataError
from course_lib.image_data.cache import cache_folder
from course_lib.image_data.endings import IMAGE_SUFFIXES, advice, advice_for_file, ending, left_out
from course_lib.image_data.layout import Layout, find_layout
from course_lib.image_data.parquet_folders import holds_images, parquet_source
from course_lib.image_data.source import Item, Source, chosen_split
from course_lib.image_data.splits import MixedSplitsError
from course_lib.image_data.wording import classes_named, listed, shown, splits_named

SYSTEM_FILES = {"thumbs.db", "desktop.ini"}  # Windows puts them into folders of pictures


def local_source(folder: Path, split: str, title: str) -> Source:
    """A folder with Parquet files that hold images, or else with image files.

    Raises DataError if there are none, if a file cannot be reached, or if the splits cannot be told.
    """
    if not folder.is_dir():
        raise DataError(f"{shown(folder)} is a file; {advice_for_file(ending(folder.name))}")
    files = visible_files(folder)
    pictures = [file for file in files if ending(file) in IMAGE_SUFFIXES]
    tables = [file for file in files if ending(file) == ".parquet"]
    if tables and (not pictures or any(holds_images(folder / table) for table in tables)):
        return parquet_source(folder, split, title, files_version(folder, files), tables, pictures)
    if pictures:
        return image_folder_source(folder, files, pictures, split, title)
    kinds = Counter(map(ending, files))
    found = f"it holds only other files ({listed(sorted(map(shown, kinds)))})" if files else "it holds no files"
    remedies = " ".join(dict.fromkeys(advice(kind) for kind, _ in kinds.most_common(2)))
    raise DataError(
        f"no images in {shown(folder)}: {found}. {remedies}{' ' if remedies else ''}Put image files there (png, jpg, "
        f"webp, ...; in one subfolder per class if you like) or Parquet files with images, or name another folder."
    )


def visible_files(folder: Path) -> list[str]:
    """The paths of all files below `folder`, sorted, none hidden; links are followed, but not in circles."""
    found: list[str] = []
    problems: list[OSError] = []
    for place, folders, files in os.walk(folder, followlinks=True, onerror=problems.append):
        folders[:] = [name for name in folders if is_visible(name) and not is_skipped(place, name)]
        below = Path(place).relative_to(folder).as_posix() + "/"
        found += [(below + name).removeprefix("./") for name in files if is_visible(name)]
    refuse_unreadable(problems)
    return sorted(found)


def is_visible(name: str) -> bool:
    return not name.startswith((".", "__MACOSX")) and name.lower() not in SYSTEM_FILES


def is_skipped(place: str, name: str) -> bool:
    """Whether a folder in `place` is our own cache, or a link to `place` or to a folder above it."""
    path = os.path.realpath(os.path.join(place, name))
    if path == os.path.realpath(cache_folder()):
        return True
    parents = [place, *map(str, Path(place).parents)]
    return os.path.islink(os.path.join(place, name)) and path in {os.path.realpath(parent) for parent in parents}


def refuse_unreadable(problems: list[OSError]) -> None:
    """Skipping them would lose images without a word."""
    if problems:
        named = [f"{shown(problem.filename)} cannot be read ({problem.strerror})" for problem in problems]
        raise DataError(f"{listed(named, '; ')}. Mend or remove {'it' if len(named) == 1 else 'them'}.") from problems[
            0
        ]


def files_version(folder: Path, files: list[str]) -> str:
    """A hash of the files' names, sizes and times. Raises DataError for what can be no picture or table."""
    version = hashlib.sha256()
    problems = []
    for file in files:
        path = os.path.join(folder, file)
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):  # a pipe would make us wait for ever
                raise OSError(0, "it is no ordinary file", path)
            about = f"{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}"
        except OSError as problem:  # often a link to nowhere
            about = "nothing"
            if ending(file) in IMAGE_SUFFIXES or ending(file) == ".parquet":
                problems.append(problem)
        version.update(f"{file}\0{about}\0".encode(errors="surrogateescape"))
    refuse_unreadable(problems)
    return version.hexdigest()


def image_folder_source(folder: Path, files: list[str], pictures: list[str], split: str, title: str) -> Source:
    """Image files: a folder per split if there are such, in it a folder per class if there are such."""
    version = files_version(folder, files)
    try:
        layout = find_layout(pictures)
    except MixedSplitsError as problem:
        raise DataError(
            f"cannot tell the splits of {shown(folder)}: {problem}. Put all pictures into folders called train, "
            f"validation and test, or name one folder alone; if it is a class, give it another name."
        ) from problem
    others = sorted(set(files) - set(pictures))
    note = left_out(others)
    split = chosen_split(f"the folder {folder}", split, layout.pictures, f" Left out: {note}." if note else "")
    numbers = {name: number for number, name in enumerate(layout.names)}

    def items(split: str) -> Iterator[Item]:
        for file in layout.pictures[split]:
            kind = layout.classes[file]
            yield shown(folder / file), folder / file, numbers[kind] if kind is not None else -1 if numbers else 0

    return Source(
        identity=str(folder),
        title=title,
        fingerprint=version,
        remedy="Replace the file by a good copy, or delete it.",
        class_names=lambda: layout.names,
        items=lambda image_size: items(split),
        others=lambda: (item for other in layout.pictures if other != split for item in items(other)),
        about=lambda: about(layout, split, others),
    )


def about(layout: Layout, split: str, others: list[str]) -> str:
    """The classes and splits that were found, and the files that were left out of this split."""
    flat = not layout.homes and not any("/" in picture for picture in layout.pictures[split])
    called = [PurePosixPath(home).name for home, held in layout.homes.items() if held == split]
    splits = splits_named(split, layout.pictures, called) if layout.homes else "no splits"
    known = "" if flat else f", {classes_named(layout.names)}{layout.note}, {splits}"
    skipped = left_out(file for file in others if home_of(file, layout) in (split, None))
    return known + (f"; left out: {skipped}" if skipped else "")


def home_of(file: str, layout: Layout) -> str | None:
    """The split in whose folder a file lies; None outside of all."""
    return next((layout.homes[str(up)] for up in PurePosixPath(file).parents if str(up) in layout.homes), None)
