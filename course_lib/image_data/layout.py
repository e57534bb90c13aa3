"""Which picture of a folder belongs to which split and class. Only paths are looked at."""

from collections.abc import Iterable
from dataclasses import dataclass

from course_lib.image_data.splits import MixedSplitsError, is_plain, is_wrapper, named, splits_among, surely_split
from course_lib.image_data.wording import shown

Trail = tuple[str, ...]  # the folders on the way to a picture


@dataclass(frozen=True)
class Layout:
    """The splits and classes of a folder of pictures.

    pictures    split -> its pictures; all of them in "train" where no folder is a split
    classes     picture -> its class, None where it has none
    names       the classes of all splits, sorted; () where there are none
    homes       folder -> the split that it holds; {} where no folder is a split
    note        what is odd about the classes, for the visible line
    """

    pictures: dict[str, list[str]]
    classes: dict[str, str | None]
    names: tuple[str, ...]
    homes: dict[str, str]
    note: str


@dataclass
class Row:
    """A picture, its split, its class (if the folder of its split says it), and the folders below."""

    picture: str
    split: str
    kind: str
    folders: Trail


def find_layout(pictures: list[str]) -> Layout:
    """A folder for each split if there are such, in it one for each class if there are such; or a split in each class.

    Raises MixedSplitsError if some folders look like splits and others, beside them, do not.
    """
    trails = {picture: tuple(picture.split("/")[:-1]) for picture in pictures}
    rows, homes = rows_of(trails)
    splits = list(dict.fromkeys(row.split for row in rows))
    for split in splits:
        drop_wrappers([row for row in rows if row.split == split], split if homes else "")
    if homes:
        drop_common([row for row in rows if row.folders and not row.kind])
    refuse_inner_splits(rows)

    kinds = {row.picture: row.kind or (row.folders[0] if row.folders else None) for row in rows}
    bare: dict[str, list[str]] = {split: [] for split in splits}
    for row in rows:
        if kinds[row.picture] is None:
            bare[row.split].append(row.picture)
    chosen = {split: [row.picture for row in rows if row.split == split] for split in splits}
    beside = next((found[0] for split, found in bare.items() if 0 < len(found) < len(chosen[split])), None)
    if beside is not None:  # it has no class, so that the folders are none either
        kinds = dict.fromkeys(kinds)
        note = f", as {shown(beside)} lies beside the folders"
    else:
        note = odd_classes({split: {kinds[picture] for picture in found} for split, found in chosen.items()})
    names = tuple(sorted({kind for kind in kinds.values() if kind is not None}))
    return Layout(chosen, kinds, names, homes, note)


def rows_of(trails: dict[str, Trail]) -> tuple[list[Row], dict[str, str]]:
    """The pictures with their splits, and the folders that are splits."""
    depth, homes = 0, {}
    while True:  # through the layers that have one folder and nothing else
        inner = inner_folders(trails.values(), depth)
        loose = next((picture for picture, trail in trails.items() if len(trail) == depth), None)
        found = splits_among(inner)
        if found and loose is not None:
            looks = "looks like a split" if len(inner) == 1 else "look like splits"
            raise MixedSplitsError(f"{named(inner)} {looks}, but {shown(loose)} lies beside")
        if found or loose is not None or len(inner) != 1:
            break
        depth += 1
    if found:
        homes = {"/".join(trail[: depth + 1]): found[trail[depth]][0] for trail in trails.values()}
        rows = [Row(picture, *found[trail[depth]], trail[depth + 1 :]) for picture, trail in trails.items()]
        return rows, homes
    if loose is not None or len(inner) < 2:
        depth = 0
    below = inner_folders(trails.values(), depth + 1)
    deep = all(len(trail) > depth + 1 for trail in trails.values())
    found = splits_among(below) if deep and len(inner) > 1 and all(map(is_plain, below)) else None
    if found and len(below) > 1:  # in each class a folder for each split
        homes = {"/".join(trail[: depth + 2]): found[trail[depth + 1]][0] for trail in trails.values()}
        rows = [
            Row(picture, found[trail[depth + 1]][0], trail[depth], trail[depth + 2 :])
            for picture, trail in trails.items()
        ]
        return rows, homes
    return [Row(picture, "train", "", trail[depth:]) for picture, trail in trails.items()], {}


def inner_folders(trails: Iterable[Trail], depth: int) -> dict[str, set[str]]:
    """The folders `depth` layers down, and for each of them the folders in it."""
    inner: dict[str, set[str]] = {}
    for trail in trails:
        if len(trail) > depth:
            inner.setdefault(trail[depth], set()).update(trail[depth + 1 : depth + 2])
    return inner


def drop_wrappers(rows: list[Row], split: str) -> None:
    """`test/test/cat` is `test/cat`, and `train/images/cat` is `train/cat`."""
    while all(row.folders for row in rows) and is_wrapper(rows[0].folders[0], split):
        if len({row.folders[0] for row in rows}) > 1:
            return
        for row in rows:
            row.folders = row.folders[1:]


def drop_common(rows: list[Row]) -> None:
    """`train/faces/ann` and `test/faces/bob` are `train/ann` and `test/bob`."""
    while rows and all(len(row.folders) > 1 for row in rows):
        if len({row.folders[0] for row in rows}) > 1 or len({row.folders[1] for row in rows}) == 1:
            return
        for row in rows:
            row.folders = row.folders[1:]


def refuse_inner_splits(rows: list[Row]) -> None:
    """Raise MixedSplitsError if folders further down look like splits: they would be mixed."""
    places: dict[tuple[str, str, Trail], list[Trail]] = {}
    for row in rows:
        for depth in range(len(row.folders)):
            places.setdefault((row.split, row.kind, row.folders[:depth]), []).append(row.folders[depth:])
    for trails in places.values():
        inner = inner_folders(trails, 0)
        found = splits_among(inner)
        if found and (len(inner) > 1 or surely_split(next(iter(inner)))):
            verb = "look" if len(inner) > 1 else "looks"
            raise MixedSplitsError(f"{named(inner)} {verb} like splits, but lie deeper than others or inside a class")


def odd_classes(kinds: dict[str, set[str | None]]) -> str:
    """Splits without classes beside those with, and classes that nothing in "train" belongs to."""
    bare = [split for split, found in kinds.items() if found == {None}]
    if len(bare) == len(kinds):
        return ""
    note = f", none in {named(bare)}" if bare else ""
    learned = kinds.get("train", {None})
    unseen = {kind for found in kinds.values() for kind in found if kind is not None} - learned
    return note + (
        f", only outside train: {named(kind for kind in unseen if kind)}" if unseen and None not in learned else ""
    )
