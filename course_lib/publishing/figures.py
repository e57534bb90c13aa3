"""The pictures of a notebook: each must decode and show something, and no cell that draws may be without one."""

import ast
import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from nbformat import NotebookNode

from course_lib.pictures.faults import picture_fault

URI = re.compile(r"""data:image/[\w.+-]*([\w.;=+-]*),([^"'\s<>)]*)""")
IMG = re.compile(r"<img\b[^>]*>")
SRC = re.compile(r"""\bsrc\s*=\s*["']?([^"'>\s]+)""")
MARKDOWN = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
WIDGETS = "application/vnd.jupyter.widget-state+json"

# Calls that draw, beside all whose names begin with `show_`: each makes a figure, which its cell shows.
DRAWING = {"LiveTraining", "display_picture", "figure", "panels", "subplots"}
PYPLOT = {"bar", "hist", "imshow", "pcolormesh", "plot", "quiver", "scatter", "show"}


def figure_faults(notebook: NotebookNode, folder: Path) -> list[str]:
    """What is wrong with the notebook's pictures, a line each. Paths of pictures in it count from `folder`."""
    damaged = [f"{place}: a picture: {fault}" for place, fault in _faults(notebook, folder) if fault]
    return damaged + [f"{id_}: it draws, but shows no picture" for id_ in cells_without_figure(notebook.cells)]


def count_pictures(notebook: NotebookNode) -> int:
    """How many of the notebook's outputs have a picture."""
    return sum(_shows_picture(output) for cell in notebook.cells for output in cell.get("outputs", ()))


def cells_without_figure(cells: Iterable[NotebookNode]) -> list[str]:
    """The ids of the code cells that call something that draws and have no picture among their outputs."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    trees = [(cell, _parsed(cell.source)) for cell in code]
    drawing = _drawing_functions([tree for _, tree in trees])
    return [
        cell.id
        for cell, tree in trees
        if any(_draws(node, drawing) for node in _run_at_once(tree)) and not any(map(_shows_picture, cell.outputs))
    ]


def text_faults(text: str, folder: Path) -> Iterator[str]:
    """What is wrong with each picture in HTML or Markdown ("" for nothing); paths count from `folder`."""
    for options, content in URI.findall(text):
        yield _data_fault(content) if options.endswith(";base64") else picture_fault(unquote_to_bytes(content))
    for tag in IMG.findall(text):
        source = SRC.search(tag)
        yield _file_fault(source[1], folder) if source else "an <img> without src"
    for source in MARKDOWN.findall(text):
        yield _file_fault(source, folder)


def _faults(notebook: NotebookNode, folder: Path) -> Iterator[tuple[str, str]]:
    for cell in notebook.cells:
        shown = [output.get("data", {}) for output in cell.get("outputs", ())]
        source = cell.source if cell.cell_type == "markdown" else ""
        yield from ((cell.id, fault) for fault in _walk([*shown, cell.get("attachments", {}), source], folder))
    state = notebook.metadata.get("widgets", {}).get(WIDGETS, {}).get("state", {})
    for id_, model in state.items():
        if model.get("model_name") == "ImageModel":
            contents = [buffer["data"] for buffer in model.get("buffers", ()) if buffer["path"] == ["value"]]
            yield f"widget {id_}", _data_fault(contents[0]) if contents else "it has no content"


def _walk(value: Any, folder: Path) -> Iterator[str]:
    """What is wrong with each picture in a piece of JSON: values of image/... and texts with pictures in them."""
    if isinstance(value, str):
        yield from text_faults(value, folder)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, folder)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not key.startswith("image/"):
                yield from _walk(item, folder)
            else:
                yield picture_fault(item.encode()) if key == "image/svg+xml" else _data_fault(item)


def _data_fault(content: str) -> str:
    try:
        return picture_fault(base64.b64decode("".join(content.split()), validate=True))
    except ValueError as problem:
        return f"it is no base64 ({problem})"


def _file_fault(source: str, folder: Path) -> str:
    """What is wrong with a picture's address; those inside the text are looked at as such, those on the web never."""
    if source.startswith(("data:image/", "http://", "https://", "attachment:")):
        return ""
    try:
        return picture_fault((folder / source).read_bytes())
    except OSError as problem:
        return f"{source[:80]} cannot be read ({problem.strerror})"


def _parsed(source: str) -> ast.Module:
    """The cell without its magics; nothing of a cell that is no Python."""
    try:
        return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE))
    except SyntaxError:
        return ast.Module([], [])


def _run_at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that surely runs when the cell runs: nothing inside a function that it defines, nor after an `if`."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.If):
            yield node
            yield from _run_at_once(node)


def _draws(node: ast.AST, drawing: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        of_pyplot = isinstance(node.func.value, ast.Name) and node.func.value.id in ("plt", "pyplot")
        return (
            node.func.attr in DRAWING or node.func.attr.startswith("show_") or (of_pyplot and node.func.attr in PYPLOT)
        )
    return isinstance(node.func, ast.Name) and (node.func.id in drawing or node.func.id.startswith("show_"))


def _drawing_functions(trees: list[ast.Module]) -> set[str]:
    """DRAWING, and the notebook's own functions that call one of them, or one another."""
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    drawing = set(DRAWING)
    while more := {
        function.name
        for function in functions
        if function.name not in drawing and any(_draws(node, drawing) for node in ast.walk(function))
    }:
        drawing |= more
    return drawing


def _shows_picture(output: NotebookNode) -> bool:
    data = output.get("data", {})
    return any(kind.startswith("image/") for kind in data) or "data:image/" in str(data.get("text/html", ""))
