"""What a reader meets in each chapter, in figures: words, code that draws, lines to write, pictures, minutes.

    python tools/lessons.py [NN_name ...]

Counted are the built notebooks, notebooks/*.ipynb. Words inside folds count for `words`, not for `largest block`, which
is what stands between two cells of code. Cells with folded code do not count as code that a reader sees.
"""

import ast
import base64
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields

import nbformat
from nbformat import NotebookNode

from course_lib.checker.quiz import Quiz
from course_lib.paths import NOTEBOOKS
from course_lib.publishing.notebooks import BEGIN, END, solved_cell
from course_lib.quizzes.registry import find

FOLD = re.compile(r"<details.*?</details>", re.DOTALL)
CAPTION = re.compile(r"\*In the picture:.*?\*(?=\n|$)", re.DOTALL)
IMG = re.compile(r"<img\b[^>]*>")
ALT = re.compile(r'\balt="([^"]*)"')
FILM = re.compile(r"data:image/(?:gif|webp);base64,([A-Za-z0-9+/=]+)")
DRAWS = ("course_lib.pictures", "course_lib.drawings", "matplotlib")
ANSWER = re.compile(rf"{BEGIN}\n(.*?){END}", re.DOTALL)
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
LEAST_ALTERNATIVE = 20  # characters


@dataclass
class Lesson:
    """The figures of one chapter."""

    chapter: str
    words: int
    captions: float  # share of the words
    largest_block: int  # words
    code: int  # lines that a reader sees
    drawing: float  # share of them
    written: int  # lines that the student writes, as the course's own answers have them
    questions: int
    pictures: int
    without_text: int
    largest_film: int  # kB
    size: int  # kB


def lesson(path: str) -> Lesson:
    """The figures of the notebook called `path`."""
    file = NOTEBOOKS / f"{path}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    visible = [cell.source for cell in code if not cell.metadata.get("jupyter", {}).get("source_hidden")]
    total = sum(map(words, texts))
    captions = sum(words(caption) for text in texts for caption in CAPTION.findall(text))
    lines = sum(map(code_lines, visible))
    quizzes = [cell for cell in code if cell.metadata.get("nbgrader", {}).get("solution")]
    names = [cell.metadata.nbgrader.grade_id for cell in quizzes]
    functions = [(name, cell) for name, cell in zip(names, quizzes, strict=True) if isinstance(find(name), Quiz)]
    tags = [tag for html in outputs(code) for tag in IMG.findall(html)]
    films = [len(base64.b64decode(film)) // 1000 for html in outputs(code) for film in FILM.findall(html)]
    bare = sum("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    return Lesson(
        path,
        total,
        captions / total,
        max(blocks(notebook.cells)),
        lines,
        drawing_lines(visible, [cell.source for cell in code]) / lines,
        sum(
            code_lines(answer) for name, cell in functions for answer in ANSWER.findall(solved_cell(name, cell.source))
        ),
        len(names) - len(functions),
        len(tags) + bare,
        bare + sum(len((ALT.search(tag) or [""])[0]) < LEAST_ALTERNATIVE for tag in tags),
        max(films, default=0),
        file.stat().st_size // 1000,
    )


def words(text: str) -> int:
    """Words of a text, without HTML tags, addresses and formulas."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return len(WORD.findall(text))


def blocks(cells: list[NotebookNode]) -> Iterator[int]:
    """The words between one code cell and the next, those in folds and tables not counted."""
    count = 0
    for cell in cells:
        if cell.cell_type == "code":
            yield count
            count = 0
        else:
            text = re.sub(r"^\|.*$", "", FOLD.sub("", cell.source), flags=re.MULTILINE)
            count += words(text)
    yield count


def code_lines(source: str) -> int:
    """Lines that are not empty."""
    return sum(bool(line.strip()) for line in source.splitlines())


def drawing_lines(cells: list[str], every: list[str]) -> int:
    """Lines of the statements in `cells` that use what draws, or a name that was made by such a statement or function.

    `every` cell of the notebook is searched for what it imports to draw.
    """
    known: set[str] = set()
    for node in (node for tree in map(_parsed, every) for node in ast.walk(tree)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(DRAWS):
            known |= {alias.asname or alias.name for alias in node.names}
    count = 0
    for tree in map(_parsed, cells):
        for statement in tree.body:
            count += _drawing(statement, known)
    return count


def _parsed(source: str) -> ast.Module:
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE))


def _drawing(statement: ast.stmt, known: set[str]) -> int:
    if isinstance(statement, ast.With):
        head = sum(_mentions(item, known) for item in statement.items)
        return head + sum(_drawing(inner, known) for inner in statement.body)
    imports = isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(DRAWS)
    if not imports and not _mentions(statement, known):
        return 0
    if isinstance(statement, ast.FunctionDef):
        known.add(statement.name)
    for target in ast.walk(statement):
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
            known.add(target.id)
    return statement.end_lineno - statement.lineno + 1


def _mentions(node: ast.AST, known: set[str]) -> bool:
    return any(isinstance(name, ast.Name) and name.id in known for name in ast.walk(node))


def outputs(cells: list[NotebookNode]) -> Iterator[str]:
    """The HTML that the cells show."""
    for cell in cells:
        for output in cell.outputs:
            yield str(output.get("data", {}).get("text/html", ""))


if __name__ == "__main__":
    chapters = sys.argv[1:] or sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    names = [field.name for field in fields(Lesson)]
    print("  ".join(name.rjust(12) for name in names))
    for found in map(lesson, chapters):
        values = [getattr(found, name) for name in names]
        print("  ".join((f"{v:.0%}" if isinstance(v, float) else str(v)).rjust(12) for v in values))
