"""Whether somebody has written into a built notebook. What a student has written cannot be made again.

A build notes in the notebook's metadata a digest of every cell's source, and how many pictures the notebook shows.
"""

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib.files import explained
from course_lib.publishing.figures import count_pictures

KEY = "course"  # in the notebook's metadata
NAMED = 4  # so many cells are named in a message


def note_build(notebook: NotebookNode) -> None:
    """Note in the notebook's metadata what its cells and pictures are now."""
    notebook.metadata[KEY] = {"built": " ".join(digests(notebook.cells)), "pictures": count_pictures(notebook)}


def noted(notebook: NotebookNode) -> dict[str, Any]:
    """What `note_build` has noted: "built" (text) and "pictures" (a number). Empty for a notebook without a note."""
    found = notebook.metadata.get(KEY)
    return found if isinstance(found, dict) and isinstance(found.get("built"), str) else {}


def digests(cells: Iterable[NotebookNode]) -> list[str]:
    """Eight hexadecimal digits for the kind and source of each cell. JupyterLab adds empty cells: they don't count."""
    sources = [f"{cell.cell_type}\n{cell.source}" for cell in cells if cell.source.strip()]
    return [hashlib.sha256(source.encode()).hexdigest()[:8] for source in sources]


def edits(path: Path, expected: NotebookNode) -> str:
    """What somebody has changed in the notebook at `path` since it was built, in words; "" if a build may replace it.

    A notebook without a note counts as built if its cells are those of `expected`. A notebook whose cells are those of
    git's last commit may be replaced, too: they can be brought back. Raises FileError if it cannot be read.
    """
    with explained(path, "read"):
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if not text.strip():
        return ""
    try:
        notebook = nbformat.reads(text, as_version=4)
        now = digests(notebook.cells)
    except Exception:  # nbformat raises what it meets in a damaged file
        return "it is damaged, or no notebook"
    built = noted(notebook).get("built")
    known = digests(expected.cells) if built is None else built.split()
    if now in (known, _committed(path)):
        return ""
    cells = [cell for cell in notebook.cells if cell.source.strip()]
    new = [
        f"{number} ({cell.source.strip().splitlines()[0][:50]})"
        for number, (cell, digest) in enumerate(zip(cells, now, strict=True), 1)
        if digest not in known
    ]
    if not new:
        return "cells were taken out, or moved"
    more = f" and {len(new) - NAMED} more" if len(new) > NAMED else ""
    return f"cell {', cell '.join(new[:NAMED])}{more}"


def _committed(path: Path) -> list[str] | None:
    """The digests of the cells that git's last commit has; None without git, or where it has no such notebook."""
    try:
        command = ["git", "show", f"HEAD:./{path.name}"]
        shown = subprocess.run(command, cwd=path.parent, capture_output=True, timeout=60, check=True).stdout
        return digests(nbformat.reads(shown.decode(), as_version=4).cells)
    except Exception:  # no git, no repository, not committed, no notebook
        return None
