"""What the record knows about one quiz, and how it is made out of whatever stands in a file."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from datetime import date
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

MOST = 10**9  # no count goes further
Count = Annotated[int, Field(ge=0, le=MOST)]

# The record's content as it is written: fields that a later version of the course has added stay in it.
Content = dict[str, object]


@dataclass(frozen=True)
class Entry:
    """What is known about one quiz.

    looked          the solution was shown before the quiz was passed
    passed_on       the day it was first passed; None if not passed, or passed before days were noted
    mistakes        how often each mistake of the catalogue was met, by its name
    reviews         how often it came back after it was passed, the last time on `reviewed_on`
    reviews_right   how many of them were answered rightly
    test_out        it was asked for to skip its chapter
    """

    attempts: Count = 0
    passed: bool = False
    looked: bool = False
    passed_on: date | None = None
    mistakes: dict[str, Count] = field(default_factory=dict)
    reviews: Count = 0
    reviews_right: Count = 0
    reviewed_on: date | None = None
    test_out: bool = False


_ENTRY = TypeAdapter(Entry)
FIELDS = frozenset(vars(Entry()))


def understood(content: Mapping[str, object]) -> dict[str, Entry]:
    """Every entry of the content, by its quiz. What is wrong in an entry counts as not noted."""
    found = {name: _entry(values) for name, values in content.items() if name.isprintable()}
    return {name: entry for name, entry in found.items() if entry is not None}


def _entry(values: object) -> Entry | None:
    """None where nothing of it can be understood."""
    if not isinstance(values, dict):
        return None
    with suppress(ValidationError):
        return _ENTRY.validate_python(values)
    good = {}
    for name in FIELDS & values.keys():
        with suppress(ValidationError):
            _ENTRY.validate_python({name: values[name]})
            good[name] = values[name]
    return _ENTRY.validate_python(good) if good else None


def is_valid(values: object) -> bool:
    """Whether nothing is wrong in an entry."""
    with suppress(ValidationError):
        _ENTRY.validate_python(values)
        return isinstance(values, dict)
    return False


def is_record(content: Mapping[str, object]) -> bool:
    """Whether all of the content are entries, and valid ones."""
    return bool(content) and not strange(content)


def strange(content: Mapping[str, object]) -> list[str]:
    """The names of what is no valid entry, as a record has them."""
    whole = {name for name, values in content.items() if isinstance(values, dict) and "attempts" in values}
    return [name for name, values in content.items() if name not in whole or not is_valid(values)]


def with_entry(values: object, entry: Entry) -> dict[str, object]:
    """An entry's content after `entry` was written over it: what else stands there stays."""
    return (values if isinstance(values, dict) else {}) | _ENTRY.dump_python(entry, mode="json")


def merged(one: Entry, other: Entry) -> Entry:
    """Both entries of a quiz in one: passed stays passed, the first day counts, and of counts the larger."""
    first = min((day for day in (one.passed_on, other.passed_on) if day), default=None)
    last = max((day for day in (one.reviewed_on, other.reviewed_on) if day), default=None)
    names = one.mistakes | other.mistakes
    return Entry(
        attempts=max(one.attempts, other.attempts),
        passed=one.passed or other.passed,
        looked=one.looked or other.looked,
        passed_on=first,
        mistakes={name: max(one.mistakes.get(name, 0), other.mistakes.get(name, 0)) for name in names},
        reviews=max(one.reviews, other.reviews),
        reviews_right=max(one.reviews_right, other.reviews_right),
        reviewed_on=last,
        test_out=one.test_out or other.test_out,
    )
