"""How names, problems and lists are put into one line."""

import re
from collections.abc import Iterable, Sequence

MOST_NAMED = 10  # of a long list


def shown(name: object) -> str:
    """A name as every terminal can show it: line breaks, and bytes that are no text, are written as escapes."""
    return re.sub(r"[^ -~]", lambda found: found[0] if found[0].isprintable() else ascii(found[0])[1:-1], str(name))


def one_line(problem: Exception) -> str:
    return " ".join((str(problem) or type(problem).__name__).split())


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """The first ten, and how many more there are."""
    more = len(names) - MOST_NAMED
    return separator.join([*names[:MOST_NAMED], *([f"and {more:,} more"] if more > 0 else [])])


def classes_named(names: Sequence[str], longest: int = 40) -> str:
    """How many classes there are, and the first of their names: never long."""
    if not names:
        return "no classes"
    count = f"{len(names):,} class{'es' if len(names) > 1 else ''}"
    text = ", ".join(shown(name) for name in names)
    if len(text) > longest:
        text = text[:longest].rpartition(", ")[0] or text[:longest]
        text += ", ..."
    return f"{count} ({text})"


def splits_named(split: str, there: Iterable[str], folders: Iterable[str] = ()) -> str:
    """Which split this is, in which folders if those are called otherwise, and which splits there are."""
    order = ["train", "validation", "test"]
    known = sorted(there, key=lambda name: (order.index(name) if name in order else 3, name))
    called = sorted({shown(folder) for folder in folders if folder.lower() != split})
    which = f"split {split}{f' ({listed(called)})' if called else ''}"
    return f"{which} of {', '.join(known)}" if len(known) > 1 else f"{which}, the only one"
