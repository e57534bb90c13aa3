"""What a source of images is, and what is said when a part of it cannot be used."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_lib.errors import DataError
from course_lib.image_data.splits import meaning
from course_lib.image_data.wording import one_line, shown


class UnusableError(DataError):
    """One file or image that cannot be used: what is wrong with it, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy}")
        self.what, self.remedy = what, remedy


# its place, for messages; the image, or why there is none; its label
Item = tuple[str, bytes | Path | np.ndarray | UnusableError | None, int]


@dataclass(frozen=True)
class Source:
    """One split of a data set, before anything is read.

    identity       the same for every call that means this data set
    title          how the visible line calls it
    fingerprint    differs whenever the images, or what is said about them, may differ
    remedy         what to do when one of its images is damaged
    class_names    () -> their names in the order of the labels, for all splits; () where there are no classes
    items          image_size -> the encoded (or drawn) images, one by one; a drawing may be made at that size
    others         () -> the images of the other splits, which share one scale of values with these
    about          () -> what the visible line adds: its classes, its splits, what was left out
    """

    identity: str
    title: str
    fingerprint: str
    remedy: str
    class_names: Callable[[], tuple[str, ...]]
    items: Callable[[int | None], Iterator[Item]]
    others: Callable[[], Iterator[Item]] = lambda: iter(())
    about: Callable[[], str] = lambda: ""


def chosen_split(title: str, asked: str, there: Iterable[str], note: str = "") -> str:
    """The split that `asked` means ("val" is "validation", say); raises DataError if it is not there."""
    there = sorted(there)
    for name in (asked, meaning(asked)[0]):
        if name in there:
            return name
    raise DataError(f"{shown(title)} has no split {asked!r}; choose one of: {', '.join(there)}.{note}")


def damaged(file: Path, problem: Exception, remedy: str) -> UnusableError:
    return UnusableError(f"{shown(file)} is damaged or only half there ({one_line(problem)})", remedy)
