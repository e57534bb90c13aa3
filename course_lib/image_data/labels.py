"""The classes of a table: 0, 1, 2, ... with names, whatever stands in its column of labels."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.image_data.source import damaged
from course_lib.image_data.tables import batches

if TYPE_CHECKING:
    from datasets import Features

UNKNOWN = -1  # as on the hub


@dataclass(frozen=True)
class Labels:
    """What a table says about classes.

    column     its name; None if there is none
    names      of the classes, in the order of the labels
    numbers    what stands in the column -> label
    """

    column: str | None
    names: tuple[str, ...]
    numbers: dict[Hashable, int]

    def number(self, value: Hashable, row: int) -> int:
        """The label, 0 without classes, -1 if not known. Raises ValueError if there is no such class."""
        if self.column is None:
            return 0
        if value not in self.numbers:
            raise ValueError(f"row {row} has label {value} of {len(self.names)} classes")
        return self.numbers[value]


def find_labels(features: "Features", files: list[Path], others: list[Path], remedy: str) -> Labels:
    """The first column of class labels, else one called label or labels: its values, in order, are the classes.

    The values are those of all splits: of `files`, in which damage is reported later, with the images, and of
    `others`. Raises DataError if one of those is damaged, as its classes are not known then.
    """
    from datasets import ClassLabel

    for name, feature in features.items():
        if isinstance(feature, ClassLabel):
            return Labels(name, tuple(feature.names), numbered(range(len(feature.names))))
    for name in ("label", "labels"):
        kind = getattr(features.get(name), "dtype", "")
        if "int" in kind or kind in ("bool", "string", "large_string"):
            values = distinct_values(name, files, others, remedy)
            known = sorted(values if values == {-1, 1} else values - {UNKNOWN})
            return Labels(name, tuple(map(str, known)), numbered(known))
    return Labels(None, (), {})


def numbered(values: Sequence[Hashable]) -> dict[Hashable, int]:
    """0, 1, 2, ... for `values`; nothing and -1 (if it is no class itself) are labels that are not known."""
    numbers: dict[Hashable, int] = {None: UNKNOWN, UNKNOWN: UNKNOWN}
    numbers.update((value, number) for number, value in enumerate(values))
    return numbers


def distinct_values(column: str, files: list[Path], others: list[Path], remedy: str) -> set:
    from pyarrow import ArrowException

    values: set = set()
    for file in [*files, *others]:
        try:
            for batch in batches(file, [column]):
                batch.validate(full=True)
                values.update(batch.column(column).unique().to_pylist())
        except (ArrowException, OSError, ValueError, KeyError) as problem:
            if file in others:
                raise damaged(file, problem, remedy) from problem
    return values - {None}
