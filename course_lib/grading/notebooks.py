"""A notebook as a student's file: read whatever wrote it, say which chapter it is, keep what is graded."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import nbformat

from course_lib.grading.archives import Refused
from course_lib.quizzes.registry import CHAPTERS, quizzes_of

NEWEST = 4  # the format that is graded
MAX_BRACKETS = 200_000  # a list of three bytes takes sixty in memory; the course's notebooks have 1,000 brackets
DEFINES = re.compile(r"^(?:async )?(?:def|class) +(\w+)|^(\w+)[ \t]*=", re.M)
FULL_NAMES = tuple(f"{number:02}_{chapter}" for number, chapter in enumerate(CHAPTERS))
# An ordinary notebook's first cells carry these ids; they stay when its file is renamed.
CELL_IDS = {full.replace("_", "-"): full for full in FULL_NAMES}


def parse(content: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The notebook in a file's bytes, in nbformat 4, and what the instructor should know: ends of sentences.

    Raises Refused for what is no notebook.
    """
    if not content.strip(b"\0 \t\r\n"):
        raise Refused(f"is empty ({len(content)} bytes).")
    if brackets(content) > MAX_BRACKETS:
        raise Refused("has more parts than any notebook needs. Ask for one without outputs.")
    text, notes = _decoded(content)
    notebook = _json(text)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells", notebook.get("worksheets")), list):
        raise Refused("is JSON, but no notebook: it has no cells.")
    if "cells" not in notebook:
        notebook, notes = _upgraded(notebook), (*notes, "is in an old format, and was converted.")
    return notebook, notes


def brackets(content: bytes) -> int:
    """So many lists and dicts a file can become: what it costs to read it, in time and memory."""
    return content.count(b"[") + content.count(b"{")


def slim(notebook: dict[str, Any]) -> bytes:
    """The notebook as a file, without outputs, pictures and widgets: what is graded, in a fiftieth of the bytes.

    Raises Refused if it is nested too deeply to be written.
    """
    cells = [_slim_cell(cell) for cell in notebook["cells"] if isinstance(cell, dict)]
    try:
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": NEWEST, "nbformat_minor": 5}).encode()
    except (RecursionError, ValueError):
        raise Refused("is nested too deeply.") from None


def chapters_in(notebook: dict[str, Any]) -> Counter[str]:
    """How many quizzes of each chapter the cells' metadata name."""
    home = _homes()
    ids = {quiz for cell in _code(notebook) for quiz in _quizzes(cell)}
    return Counter(home[quiz] for quiz in ids if quiz in home)


def chapter_of(notebook: dict[str, Any], names: Sequence[str]) -> str | None:
    """The chapter ("04_forward") by the quizzes in its cells' metadata, else by its names, else by its content.

    names   of the file, then of the folders around it, from within
    """
    by_cells = chapters_in(notebook).most_common(2)
    named = next((chapter for name in names if (chapter := _named(name))), None)
    if by_cells and (len(by_cells) == 1 or by_cells[0][1] > by_cells[1][1]):
        return by_cells[0][0]
    if by_cells:
        return named if named in dict(by_cells) else by_cells[0][0]
    return named or _by_content(notebook)


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return content.decode(json.detect_encoding(content)), ()
    except UnicodeDecodeError:
        note = "is not in UTF-8: it was read as Windows-1252, so that some letters may be wrong."
        return content.decode("cp1252" if _is_cp1252(content) else "latin-1"), (note,)


def _is_cp1252(content: bytes) -> bool:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        start = text.lstrip()[:200].casefold()
        if start.startswith(("<!doctype", "<html", "<?xml")):
            raise Refused("is a web page, not a notebook. Ask for the file itself.") from None
        if not start.startswith("{"):
            raise Refused("is no notebook: it does not begin as one.") from None
        byte = len(text[: problem.pos].encode(errors="replace"))
        if problem.msg.startswith("Unterminated string") or problem.pos >= len(text.rstrip()) - 5:
            raise Refused(f"is cut off: it is no JSON after byte {byte}. Ask for it again.") from None
        raise Refused(f"is damaged: it is no JSON in line {problem.lineno} (byte {byte}).") from None
    except RecursionError:
        raise Refused("is nested too deeply.") from None
    except ValueError:  # a number of thousands of digits
        raise Refused("is damaged: it has a number that nobody needs.") from None


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    try:
        converted = nbformat.convert(nbformat.from_dict(notebook), NEWEST)
        if isinstance(converted["cells"], list):
            return converted
    except Exception as problem:  # the library trusts what it converts, so anything can be raised
        raise Refused(f"is in an old format and cannot be converted ({type(problem).__name__}).") from None
    raise Refused("is in an old format and has no cells.")


def _slim_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in cell.items() if key != "attachments"}
    return {**kept, "outputs": []} if cell.get("cell_type") == "code" else kept


def _code(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for cell in notebook["cells"]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            yield cell


def _quizzes(cell: dict[str, Any]) -> Iterator[str]:
    metadata = cell.get("metadata")
    if isinstance(metadata, dict):
        nbgrader = metadata.get("nbgrader")
        for name in (metadata.get("quiz"), nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None):
            if isinstance(name, str):
                yield name.removeprefix("check-")


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


@cache
def _homes() -> dict[str, str]:
    """The chapter of each quiz."""
    return {quiz: full for full, chapter in zip(FULL_NAMES, CHAPTERS, strict=True) for quiz in quizzes_of(chapter)}


def _named(name: str) -> str | None:
    """The chapter that a file or a folder is called after: "04_forward", "forward-1", "Chapter 4"."""
    words = re.findall(r"[a-z]+|\d+", name.casefold())
    for full in sorted(FULL_NAMES, key=len, reverse=True):  # "fast_sampling" before "sampling"
        parts = full[3:].split("_")
        if any(words[at : at + len(parts)] == parts for at in range(len(words))):
            return full
    number = re.search(r"(?:^|[\W_])(?:chapter|ch|nb|notebook)[ _-]?(\d\d?)(?!\d)|^(\d\d)(?!\d)", name, re.I)
    place = int(number[1] or number[2]) if number else len(FULL_NAMES)
    return FULL_NAMES[place] if place < len(FULL_NAMES) else None


def _by_content(notebook: dict[str, Any]) -> str | None:
    """The chapter of which it defines most, or from which its cells have their ids."""
    home: Counter[str] = Counter()
    for cell in _code(notebook):
        for match in DEFINES.finditer(_source(cell)):
            if chapter := _homes().get(match[1] or match[2]):
                home[chapter] += 2  # what a student writes says more than what the course has
        name = cell.get("id")
        if isinstance(name, str) and (chapter := CELL_IDS.get(name.rpartition("-")[0])):
            home[chapter] += 1
    return home.most_common(1)[0][0] if home else None
