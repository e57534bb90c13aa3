"""A folder of Parquet files with images in them, laid out as on the hub."""

import functools
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from course_lib.errors import DataError
from course_lib.image_data.endings import left_out
from course_lib.image_data.labels import Labels, find_labels
from course_lib.image_data.source import Item, Source, chosen_split
from course_lib.image_data.splits import meaning
from course_lib.image_data.tables import find_image_column, stored_features, table_items
from course_lib.image_data.wording import classes_named, listed, one_line, shown, splits_named

if TYPE_CHECKING:
    from datasets import Features

REMEDY = "Copy or download that file again."
Splits = dict[str, list[Path]]


def holds_images(table: Path) -> bool:
    """Whether a Parquet file has a column of images; a damaged one may have had one."""
    try:
        return find_image_column(stored_features(table, REMEDY)) is not None
    except DataError:
        return True


def parquet_source(
    folder: Path, split: str, title: str, version: str, tables: list[str], pictures: list[str]
) -> Source:
    """Parquet files in the hub's layout: the folder's README.md (or the files' names) tells the splits.

    They are read in place: `datasets.load_dataset` would first make an Arrow copy of them in its cache. `tables` are
    the folder's Parquet files, `pictures` its image files, which are left out.
    """

    @functools.cache
    def layout() -> tuple["Features", Splits, str]:
        declared, splits = told_splits(folder, tables)
        chosen = chosen_split(f"the folder {folder}", split, splits)
        return declared or stored_features(splits[chosen][0], REMEDY), splits, chosen

    @functools.cache
    def labels() -> Labels:
        features, splits, chosen = layout()
        return find_labels(features, splits[chosen], other_files(), REMEDY)

    def other_files() -> list[Path]:
        _, splits, chosen = layout()
        return [file for name, files in splits.items() if name != chosen for file in files]

    def rows(files: list[Path]) -> Iterator[Item]:
        return table_items(layout()[0], files, labels(), REMEDY) if files else iter(())

    def about() -> str:
        _, splits, chosen = layout()
        used = {file for files in splits.values() for file in files}
        skipped = left_out([*pictures, *(table for table in tables if folder / table not in used)])
        known = f", {classes_named(labels().names)}, {splits_named(chosen, splits)}"
        return known + (f"; left out: {skipped}" if skipped else "")

    return Source(
        identity=str(folder),
        title=title,
        fingerprint=version,
        remedy=REMEDY,
        class_names=lambda: labels().names,
        items=lambda image_size: rows(layout()[1][layout()[2]]),
        others=lambda: rows(other_files()),
        about=about,
    )


def told_splits(folder: Path, tables: list[str]) -> tuple["Features | None", Splits]:
    """The columns and the files of each split: as the README.md declares them, else as the names of the files say."""
    readme = folder / "README.md"
    about = readme.read_bytes() if readme.is_file() else b""
    if b"data_files" not in about and b"dataset_info" not in about:
        return None, named_splits(folder, tables)
    from datasets import load_dataset_builder

    try:
        with tempfile.TemporaryDirectory() as scratch:  # for a lock file that nobody needs
            builder = load_dataset_builder(str(folder), cache_dir=scratch)
        splits = {str(name): [Path(file) for file in files] for name, files in builder.config.data_files.items()}
    except Exception as problem:  # whatever a README.md can make yaml and datasets raise
        raise DataError(
            f"cannot tell the splits of {shown(folder)} ({one_line(problem)}). Mend its README.md or file names."
        ) from problem
    return builder.info.features, splits if b"data_files" in about else named_splits(folder, tables)


def named_splits(folder: Path, tables: list[str]) -> Splits:
    """The files of each split; all are "train" where no name means a split. DataError if only some do."""
    said = {table: said_split(table) for table in tables}
    unclear = [shown(table) for table in tables if said[table] is None]
    if unclear and len(unclear) < len(tables):
        raise DataError(
            f"cannot tell the splits of {shown(folder)}: {listed(unclear)} could belong to any. Put train, validation "
            f"or test into the name of every Parquet file, or name the files in a README.md."
        )
    splits: Splits = {}
    for table in tables:
        splits.setdefault(said[table] or "train", []).append(folder / table)
    return splits


def said_split(table: str) -> str | None:
    """The split that a file's name means, or else that of the nearest folder whose name means one.

    What stands before the number of a part is a split, whatever it is called: extra-00000-of-00002.
    """
    file = PurePosixPath(table)
    part = re.fullmatch(r"(.+)-\d+-of-\d+", file.stem)
    names = [file.stem, *(parent.name for parent in file.parents)]
    known = next((split for name in names if (split := meaning(name)[0])), None)
    return known or (part[1] if part else None)
