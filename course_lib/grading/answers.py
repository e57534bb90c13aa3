"""From a notebook to answers: the student's code for each quiz, as the text of a module. Nothing is executed here.

A notebook is read as plain data. Of its statements an answer gets the one that defines the attempt, and those that bind
what it needs, from whichever cell: helpers, classes, constants, imports. The rest, which trains, draws and prints,
stays behind.
"""

import ast
import copy
import json
import re
import textwrap
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nbformat import NotebookNode

from course_lib.checker.quiz import Quiz
from course_lib.grading.names import Names, at_once, names_of
from course_lib.grading.records import Answer
from course_lib.quizzes.registry import UnknownQuizError, find

# What is longer is not read: nobody writes as much. So reading a notebook takes seconds at most.
MAX_CELL = 200_000  # characters of a cell
MAX_TEXT = 1_000_000  # characters of a notebook's code
MAX_STATEMENTS = 3_000  # of a notebook, each imported name counted
MAX_MAGICS = 50  # lines of IPython's own syntax in a cell; fewer in a long one
RUNS_HERE = ("time", "timeit", "capture", "prun", "python", "python3")  # cell magics whose cell is Python

TOO_MUCH = (SyntaxError, ValueError, RecursionError, MemoryError)  # what a parser raises
LOOPS = ast.For | ast.While | ast.AsyncFor
BRANCHES = ast.If | ast.Try | ast.TryStar | ast.Match | ast.With | LOOPS  # which may bind a name, or not


@dataclass(frozen=True)
class Cell:
    """A code cell: the quizzes that its metadata name, and its text; `broken` if that is no Python."""

    quizzes: frozenset[str]
    text: str
    broken: bool


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell; of an import one of its names.

    place   counts the notebook's statements
    """

    place: int
    cell: Cell
    node: ast.stmt
    text: str
    names: Names


@dataclass
class Lesson:
    """What a notebook's cells say: its statements, in order, and which of them bind or change a name."""

    cells: list[Cell] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    binding: dict[str, list[Statement]] = field(default_factory=lambda: defaultdict(list))
    changing: dict[str, list[Statement]] = field(default_factory=lambda: defaultdict(list))
    setting: dict[str, list[Statement]] = field(default_factory=lambda: defaultdict(list))
    stars: list[Statement] = field(default_factory=list)

    def add(self, statement: Statement) -> None:
        """Put it behind the others."""
        self.statements.append(statement)
        for name in statement.names.binds:
            self.binding[name].append(statement)
        for name in statement.names.changes:
            self.changing[name].append(statement)
        for name in {name for bound in statement.names.setters.values() for name in bound}:
            self.setting[name].append(statement)
        if _is_star(statement.node):
            self.stars.append(statement)


def read_answers(notebook: Path | NotebookNode, chapter: str, quizzes: Sequence[str]) -> dict[str, Answer]:
    """The answers in `notebook` to those of `quizzes` (in the chapter's order) that it has one for, by quiz.

    The cell whose metadata name the quiz comes first, then what is called as the quiz; of several the last, and a stub
    only if there is nothing else. In an answer's source

    - annotations are not evaluated (`from __future__ import annotations` is its first line),
    - every import stands alone in a `try`: what is missing matters only where its name is used,
    - the names of earlier quizzes in `quizzes` are the reference's, imported from course_lib,
    - `check` hands back what it gets.

    A cell that is no Python is the answer only to a quiz that it alone answers: running it raises the SyntaxError that
    the student should see. A file that is no notebook has no answers. Raises OSError if it can't be read.
    """
    lesson = _read(notebook)
    found = {}
    for number, quiz in enumerate(quizzes):
        if (attempt := _attempt(lesson, quiz)) is None:
            continue
        where: Literal["cell", "name"] = "cell" if quiz in attempt.cell.quizzes else "name"
        source = attempt.text if attempt.cell.broken else _Module(lesson, quiz, attempt, quizzes[:number]).source()
        found[quiz] = Answer(quiz, source.encode(errors="replace").decode(), where, chapter)
    return found


def _read(notebook: Path | NotebookNode) -> Lesson:
    lesson, length = Lesson(), 0
    for quizzes, text in _code_cells(notebook):
        if len(text) > MAX_CELL or length + len(text) > MAX_TEXT:
            continue
        length += len(text)
        python = _as_python(text)
        cell = Cell(quizzes, text if python is None else python, broken=python is None)
        lesson.cells.append(cell)
        statements = list(_statements(python or ""))
        if len(lesson.statements) + len(statements) > MAX_STATEMENTS:
            continue
        for node, written in statements:
            try:
                names = names_of(node, written)
            except TOO_MUCH:  # what awaits something
                continue
            lesson.add(Statement(len(lesson.statements), cell, node, written, names))
    return lesson


def _code_cells(notebook: Path | NotebookNode) -> Iterator[tuple[frozenset[str], str]]:
    """The quizzes that a cell's metadata name, and its text, for each code cell of a notebook of any format."""
    content: Any = notebook
    if isinstance(notebook, Path):
        try:
            content = json.loads(notebook.read_bytes().decode("utf-8-sig", errors="replace"))
        except (ValueError, RecursionError):
            return
    sheets = [content, *_items(content, "worksheets")]  # in nbformat 3 and before cells are in a worksheet
    for cell in [cell for sheet in sheets for cell in _items(sheet, "cells")]:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = cell.get("source", cell.get("input"))
        if isinstance(text, list):
            text = "".join(line for line in text if isinstance(line, str))
        if not isinstance(text, str):
            continue
        metadata = cell.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        nbgrader = metadata.get("nbgrader")
        ids = [metadata.get("quiz"), nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None]
        yield frozenset(one for one in ids if isinstance(one, str)), text.replace("\r\n", "\n").replace("\r", "\n")


def _items(content: Any, key: str) -> list:
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, list) else []


def _as_python(text: str) -> str | None:
    """The cell's Python, with as many lines; IPython's own lines are `pass`. None for what is not even that."""
    text = text.lstrip("\ufeff")
    first = next((line for line in text.split("\n") if line.strip()), "")
    if first[:1] in " \t":
        text = textwrap.dedent(text)
    if first.startswith("%%"):
        if first[2:].partition(" ")[0].strip() not in RUNS_HERE:
            return ""
        text = text.replace(first, "", 1)
    for _ in range(1 + min(MAX_MAGICS, 5 * MAX_CELL // (len(text) + 1))):
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(text, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
                ast.parse(text)
        except SyntaxError as error:
            lines, number = text.split("\n"), (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or (python := _without_magic(lines[number])) is None:
                return None
            text = "\n".join([*lines[:number], python, *lines[number + 1 :]])
        except TOO_MUCH:
            return None
        else:
            return text
    return None


def _without_magic(line: str) -> str | None:
    """A line of IPython's own syntax as Python: what `%time` times, else nothing. None for any other line."""
    code = line.lstrip()
    indent = line[: len(line) - len(code)]
    if timed := re.match(r"%time\s+(?!-)(.*)", code):
        return indent + timed[1]
    if assigned := re.match(r"([\w, .]+=)\s*[%!]", code):
        return f"{indent}{assigned[1]} None"
    return f"{indent}pass" if code.startswith(("%", "!", "?")) or code.rstrip().endswith("?") else None


def _statements(text: str) -> Iterator[tuple[ast.stmt, str]]:
    """The statements of a cell's Python and their text as it was written; imports, and nothing else, name by name."""
    lines = [line.encode() for line in text.split("\n")]
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                one = copy.copy(node)
                one.names = [alias]
                yield one, ast.unparse(one)
        elif not _is_left_out(node):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
            start = 0 if decorators else node.col_offset
            taken = lines[first : node.end_lineno]
            taken[-1] = taken[-1][: node.end_col_offset]
            taken[0] = taken[0][start:]
            yield node, b"\n".join(taken).decode()


def _is_left_out(node: ast.stmt) -> bool:
    """Whether it hands an answer to `check`, or shows something after an answer."""
    if isinstance(node, ast.With):
        return any(_called(item.context_expr) == "after_answer" for item in node.items)
    if isinstance(node, ast.Assign) and _called(node.value) == "check":
        targets = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return any(_id(handed) in targets for handed in _arguments(node.value)[:1])
    return False


def _called(node: ast.AST) -> str:
    """The name of the function or method that is called, "" if it is no call."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _arguments(node: ast.expr) -> list[ast.expr]:
    """The arguments of a call."""
    return [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _attempt(lesson: Lesson, quiz: str) -> Statement | None:
    """The statement that answers `quiz`; its cell is broken where it is the whole cell."""
    bound = [s for s in lesson.binding[quiz] if not isinstance(s.node, ast.Import | ast.ImportFrom | LOOPS)]
    in_cell = [s for s in bound if quiz in s.cell.quizzes]
    broken = [cell for cell in lesson.cells if cell.broken and _seems_to_answer(cell, quiz)]
    broken.sort(key=lambda cell: quiz in cell.quizzes)
    choices = (
        [s for s in in_cell if not _is_stub(s.node)],
        [s for s in bound if not _is_stub(s.node)],
        _handed_to_check(lesson, quiz),
        [Statement(0, cell, ast.Pass(), cell.text, names_of(ast.Pass(), "pass")) for cell in broken],
        in_cell,
        bound,
    )
    return next((statements[-1] for statements in choices if statements), None)


def _seems_to_answer(cell: Cell, quiz: str) -> bool:
    if quiz in cell.quizzes:
        return bool(cell.text.strip())
    defined = rf"^[ \t]*(?:async +)?(?:def|class) +{re.escape(quiz)}\b|^{re.escape(quiz)} *(?::[^=\n]*)?=(?!=)"
    return re.search(defined, cell.text, re.MULTILINE) is not None


def _is_stub(node: ast.stmt) -> bool:
    """Whether nothing was written yet: an empty letter, or a function or `forward` that only raises."""
    if isinstance(node, ast.ClassDef):
        return any(_is_stub(one) for one in node.body if getattr(one, "name", None) in ("forward", "__init__"))
    if isinstance(node, ast.FunctionDef):
        body = [one for one in node.body if not _is_constant(one, str) and not isinstance(one, ast.Pass)]
        return all(_is_constant(one, type(...)) or _is_not_implemented(one) for one in body)
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Constant) and value.value in ("", None)


def _is_constant(node: ast.stmt, kind: type) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, kind)


def _is_not_implemented(node: ast.stmt) -> bool:
    raised = node.exc if isinstance(node, ast.Raise) else None
    return isinstance(raised, ast.Name | ast.Call) and "NotImplementedError" in (_called(raised), _id(raised))


def _id(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _handed_to_check(lesson: Lesson, quiz: str) -> list[Statement]:
    """What is handed to `check` under the quiz's name without ever being called so: `check(mine, "q_sample")`."""
    found = []
    for statement in lesson.statements:
        call = statement.node.value if isinstance(statement.node, ast.Expr | ast.Assign) else None
        if call is None or _called(call) != "check" or len(_arguments(call)) != 2:
            continue
        handed, name = _arguments(call)
        if isinstance(name, ast.Constant) and name.value == quiz and _id(handed) != quiz:
            written = f"{quiz} = ({ast.get_source_segment(statement.cell.text, handed)})"
            node = ast.parse(written).body[0]
            found.append(Statement(statement.place, statement.cell, node, written, names_of(node, written)))
    return found


class _Module:
    """The text of a module with an attempt and what it needs."""

    def __init__(self, lesson: Lesson, quiz: str, attempt: Statement, earlier: Sequence[str]):
        self.lesson, self.quiz, self.attempt = lesson, quiz, attempt
        self.references = {name: home for name in earlier if name != quiz and (home := _home(name))}
        self.used: dict[str, str] = {}  # names of the references, and of `check`, with what defines them
        self.taken: dict[int, Statement] = {}
        self.before: dict[int, list[Statement]] = defaultdict(list)  # by place: what has to come before it
        self.waiting: list[tuple[str, Statement | None]] = []
        self.seen: set[tuple[str, int | None]] = set()
        self.unknown = False
        self._take(attempt)
        self._change(quiz, attempt.place, None)
        while self.waiting:
            self._need(*self.waiting.pop())
        if self.unknown:
            for statement in lesson.stars:
                self._take(statement)

    def source(self) -> str:
        """The module's text."""
        parts = ["from __future__ import annotations", *self.used.values()]
        return "\n".join([*parts, *(_tolerant(statement) for statement in self._in_order())]) + "\n"

    def _take(self, statement: Statement) -> None:
        if statement.place in self.taken:
            return
        self.taken[statement.place] = statement
        self.waiting += [(name, None) for name in sorted(statement.names.later)]
        self.waiting += [(name, statement) for name in sorted(statement.names.now | statement.names.changes)]

    def _need(self, name: str, reader: Statement | None) -> None:
        """Take what binds `name`: last of all, or, where `reader` needs it at once, last before that."""
        place = reader.place if reader else None
        if (name, place) in self.seen or (name.startswith("__") and name.endswith("__")):
            return
        self.seen.add((name, place))
        if name in self.references:
            self.used[name] = _wrapped(f"from {self.references[name]} import {name}")
            return
        bound = self.lesson.binding[name]
        bound = [s for s in bound if not isinstance(s.node, LOOPS)] or bound or self._calls(name)
        if name == self.quiz:
            if reader is None or reader.place > self.attempt.place:
                return
            bound = [s for s in bound if s.place < reader.place]
        if not bound:
            if name == "check":
                self.used[name] = _identity(name)
            self.unknown |= name not in (self.quiz, "check")
            return
        earlier = [s for s in bound if place is None or s.place < place]
        chosen = (earlier or bound)[-1]
        if _is_check(chosen.node):
            self.used[name] = _identity(name)
            return
        if reader and not earlier:
            self.before[reader.place].append(chosen)
        self._take(chosen)
        if isinstance(chosen.node, BRANCHES) and any(s.place < chosen.place for s in bound):
            self._need(name, chosen)
        if isinstance(chosen.node, ast.Import):  # `import torch` and `import torch.nn` bind the same name
            for statement in bound:
                if isinstance(statement.node, ast.Import):
                    self._take(statement)
        self._change(name, chosen.place, place)

    def _change(self, name: str, start: int, end: int | None) -> None:
        """Take what changes what is behind `name` after the statement at `start` and before that at `end`."""
        for statement in self.lesson.changing[name]:
            if start < statement.place and (end is None or statement.place < end):
                self._take(statement)

    def _calls(self, name: str) -> list[Statement]:
        """The statements that bind `name` by calling a function which says `global`."""
        functions = {f for s in self.lesson.setting[name] for f, bound in s.names.setters.items() if name in bound}
        simple = [s for s in self.lesson.statements if isinstance(s.node, ast.Expr | ast.Assign)]
        return [s for s in simple if functions & {_called(node) for node in at_once(s.node)}] if functions else []

    def _in_order(self) -> list[Statement]:
        """What was taken, in the notebook's order; only what a statement needs at once comes before it."""
        order: list[Statement] = []
        done: set[int] = set()
        for place in sorted(self.taken):
            path = [place]
            while path:
                ahead = [s.place for s in self.before[path[-1]] if s.place not in done and s.place not in path]
                if ahead:
                    path.append(ahead[0])
                    continue
                last = path.pop()
                if last not in done:
                    done.add(last)
                    order.append(self.taken[last])
        return order


def _home(quiz: str) -> str | None:
    """The module that has the reference of a quiz; None for a question."""
    try:
        found = find(quiz)
    except UnknownQuizError:
        return None
    return found.reference.__module__ if isinstance(found, Quiz) else None


def _is_check(node: ast.stmt) -> bool:
    """Whether it imports the course's `check`."""
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("course_lib.quizzes"):
        return False
    return node.names[0].name == "check"


def _identity(name: str) -> str:
    return f"def {name}(attempt, *_, **__):\n    return attempt"


def _tolerant(statement: Statement) -> str:
    is_import = isinstance(statement.node, ast.Import | ast.ImportFrom)
    return _wrapped(statement.text) if is_import else statement.text


def _wrapped(line: str) -> str:
    return f"try:\n    {line}\nexcept Exception:\n    pass"
