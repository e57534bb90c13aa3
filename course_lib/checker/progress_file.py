"""The file of the record: whatever stands in it, what can be read is read, and nothing in it gets lost."""

import filecmp
import itertools
import json
import math
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course_lib.checker.entries import Content, is_record, is_valid, merged, understood, with_entry
from course_lib.files import FileError, Kind, explained, write_file

MAX_BYTES = 2_000_000  # the record of all quizzes has about 20,000
DEPTH = 20  # a value that is nested deeper was not written here
DIGITS = 18  # nor was a longer number
FRAGMENTS = 2000  # so many places of a broken file are tried

_BEGINNING = re.compile(r'"(\w+)"\s*:\s*(?=\{)')  # of an entry, in what is not JSON as a whole


@dataclass(frozen=True)
class Reading:
    """What a file holds. `damaged`: there is something in it that cannot be kept by writing `content` again."""

    content: Content
    damaged: bool = False


def read(path: Path) -> Reading | None:
    """What stands in the file; None if there is none.

    Raises FileError for what cannot be read, and for what `refuse_odd` refuses.
    """
    refuse_odd(path)
    with explained(path, "read"):
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
    return _parsed(raw) if raw.strip() else Reading({})


def refuse_odd(path: Path) -> None:
    """Raise FileError where something else than a file is at `path`: a folder, a pipe, a device, links in a circle."""
    with explained(path, "read"), suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileError(f"{path} is no file that could hold a record. Name another place.")


def _parsed(raw: bytes) -> Reading:
    odd: list[object] = []
    decoder = _decoder(odd)
    try:
        text = raw.decode(json.detect_encoding(raw))  # UTF-16 too, as some editors save it
    except UnicodeDecodeError:
        text = raw.decode(errors="replace")
        odd.append("bytes")
    try:
        content = decoder.decode(text)
    except (ValueError, RecursionError):
        return Reading(_fragments(text, decoder), damaged=True)
    if not isinstance(content, dict):
        return Reading({}, damaged=True)
    kept = {name: values for name, values in content.items() if _is_flat(values)}
    return Reading(kept, damaged=bool(odd) or len(kept) < len(content))


def _decoder(odd: list[object]) -> json.JSONDecoder:
    """A decoder that has None for a number that JSON cannot hold, and both of two things with one name.

    It notes both in `odd`.
    """

    def nothing(text: str) -> None:
        odd.append(text)

    def real(text: str) -> float | None:
        if math.isfinite(float(text)):
            return float(text)
        odd.append(text)
        return None

    def whole(text: str) -> int | None:
        if len(text) <= DIGITS:
            return int(text)
        odd.append(text)
        return None

    def named(pairs: list[tuple[str, object]]) -> Content:
        found: Content = {}
        for name, value in pairs:
            if name in found:
                odd.append(name)
                value = _both(found[name], value)
            found[name] = value
        return found

    return json.JSONDecoder(object_pairs_hook=named, parse_constant=nothing, parse_float=real, parse_int=whole)


def _both(one: object, other: object) -> object:
    """Two values of one name in one: both entries merged, else the one that is an entry, else the last."""
    known = understood({"one": one, "other": other})
    if len(known) == 2 and isinstance(one, dict) and isinstance(other, dict):
        return with_entry(one | other, merged(known["one"], known["other"]))
    return one if "one" in known else other


def _is_flat(value: object, room: int = DEPTH) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return room > 0 and all(_is_flat(item, room - 1) for item in inner)


def _fragments(text: str, decoder: json.JSONDecoder) -> Content:
    """The entries that are whole in a text that is not: cut off, with something between them, or after them."""
    found: Content = {}
    place = 0
    for _ in range(FRAGMENTS):
        beginning = _BEGINNING.search(text, place)
        if beginning is None:
            break
        name, place = beginning[1], beginning.end()
        with suppress(ValueError, RecursionError):
            values, end = decoder.raw_decode(text, place)
            if is_record({name: values}):
                found[name] = _both(found[name], values) if name in found else values
                place = end
    return found


def keep_beside(path: Path) -> None:
    """Keep the file as it is under a name of its own, NAME.damaged, or NAME.damaged2 if that is there already.

    Raises FileError if that is impossible.
    """
    with explained(path, "copied"):
        for number in itertools.count(1):
            copy = path.with_name(f"{path.stem}.damaged{number if number > 1 else ''}")
            if os.path.lexists(copy):
                if copy.is_file() and filecmp.cmp(copy, path, shallow=False):
                    return  # kept already: what should have followed could not be written
                continue
            try:
                os.link(path, copy)  # so that even a kill between two steps loses nothing
            except OSError:  # a file system without a second name for a file
                shutil.copyfile(path, copy)
            return


def write(path: Path, content: Content) -> None:
    """Write the content. Raises FileError."""
    write_file(path, json.dumps(content, indent=1))


def would_be_lost(content: Content, names: set[str]) -> bool:
    """Whether writing these entries anew would overwrite something that nobody understands."""
    return any(name in content and not is_valid(content[name]) for name in names)


def _is_one(path: Path) -> bool:
    reading = read(path)
    return reading is not None and not reading.damaged and is_record(reading.content)


RECORD = Kind("record of progress", _is_one)
