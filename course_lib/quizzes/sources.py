"""The source of answers as students see it: the stub to fill in, other right answers, and what is alike but wrong."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from course_lib.checker.quiz import Alternative, Mistake, Quiz, bare_source
from course_lib.paths import NOTEBOOKS


def stub(quiz: Quiz) -> str:
    """What there is before anything is written, to be copied into a cell: imports, and the cell of the notebook.

    Where the notebooks are not there, the signature stands without a docstring: the reference's has the formula in it.
    """
    lines = "\n".join(source.read_text(encoding="utf-8") for source in sorted((NOTEBOOKS / "source").glob("*.py")))
    cell = re.search(rf'^# %% quiz="{quiz.name}"\n(.*?)^# %%', lines, re.MULTILINE | re.DOTALL)
    start = cell[1].strip() if cell else unsolved(quiz.reference, docstring=False, whole=quiz.whole)
    return "\n".join([*imports(quiz), "", "", start])


def unsolved(reference: Callable, docstring: bool = True, whole: bool = False) -> str:
    """The reference's source without the answer: of a Module without `forward`, and if `whole` without `__init__`."""
    source = textwrap.dedent(inspect.getsource(reference)).rstrip()
    lines = source.splitlines()
    (definition,) = ast.parse(source).body
    written: list[Any] = [definition]
    if isinstance(definition, ast.ClassDef):
        names = ("__init__", "forward") if whole else ("forward",)
        written = [node for node in definition.body if getattr(node, "name", None) in names]
    for node in reversed(written):
        has_text = ast.get_docstring(node) is not None
        start = node.body[1] if has_text and docstring else node.body[0]
        first, last = start.lineno - 1, node.body[-1].end_lineno
        while lines[first - 1].lstrip().startswith("#"):  # a comment above the first statement belongs to the answer
            first -= 1
        lines[first:last] = [" " * start.col_offset + "raise NotImplementedError"]
    return "\n".join(lines)


def imports(quiz: Quiz) -> list[str]:
    """The import lines that the reference needs: what its module imports, and what it has from its own module."""
    module = sys.modules[quiz.reference.__module__]
    tree = ast.parse(inspect.getsource(module))
    used = _names(ast.parse(quiz.solution))
    found, imported = [], set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in used]
            imported |= {alias.asname or alias.name for alias in kept}
            node.names = kept
            found += [ast.unparse(node)] if kept else []
    own = sorted(used & vars(module).keys() - imported - {quiz.name})
    return [*found, *([f"from {module.__name__} import {', '.join(own)}"] if own else [])]


def plain(source: str, name: str | None = None) -> str:
    """A function's source without what tells answers apart by their looks; of a class that of its `forward`.

    Docstrings, comments, annotations and the catalogue's decorators are gone; the function is called `name`, if one is
    given.
    """
    (definition,) = ast.parse(textwrap.dedent(source)).body
    if isinstance(definition, ast.ClassDef):
        definition = next(node for node in definition.body if getattr(node, "name", None) == "forward")
        name = None
    definition = _Bare().visit(definition)
    definition.name = name or definition.name
    return ast.unparse(ast.fix_missing_locations(definition))


class _Bare(ast.NodeTransformer):
    """Takes away docstrings, annotations and the catalogue's decorators; `@torch.no_grad()` is part of an answer."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        node.body = [line for line in node.body if not isinstance(line, ast.Pass)] or [ast.Pass()]
        node.decorator_list = [one for one in node.decorator_list if not _is_the_catalogues(one)]
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node


def _is_the_catalogues(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(function, ast.Attribute) and function.attr in ("mistake", "alternative")


def right_answers(quiz: Quiz) -> list[str]:
    """The plain sources of the reference and, behind it, of the alternatives that need no helpers; no two alike."""
    others = [
        plain(inspect.getsource(one.written), _written(quiz))
        for one in quiz.alternatives
        if _stands_alone(quiz, one.written)
    ]
    return list(dict.fromkeys([plain(bare_source(quiz.reference)), *others]))


def wrong_answers(quiz: Quiz) -> dict[str, Mistake]:
    """By their plain sources the mistakes that can be seen in them: where no helper hides what is wrong."""
    right, found = right_answers(quiz), {}
    for mistake in quiz.mistakes:
        source = _source_of(quiz, mistake)
        if source and source not in right:
            found.setdefault(source, mistake)
    return found


def _source_of(quiz: Quiz, mistake: Mistake) -> str | None:
    if mistake.names or mistake.knobs:
        return None
    if mistake.edits:
        source = bare_source(quiz.reference)
        for old, new in mistake.edits:
            source = source.replace(old, new)
        return plain(source) if _around(source) == _around(bare_source(quiz.reference)) else None
    written = mistake.attempt.forward if quiz.is_module else mistake.attempt
    return plain(inspect.getsource(written), _written(quiz)) if _stands_alone(quiz, written) else None


def _around(source: str) -> str:
    """What `plain` does not show: of a class all but its `forward`."""
    (definition,) = ast.parse(source).body
    if not isinstance(definition, ast.ClassDef):
        return ""
    return ast.unparse([node for node in definition.body if getattr(node, "name", None) != "forward"])


def _written(quiz: Quiz) -> str:
    """The name of the function that a student writes."""
    return "forward" if quiz.is_module else quiz.name


def _stands_alone(quiz: Quiz, written: Callable) -> bool:
    """Whether a function needs nothing but what the reference has as well, or modules."""
    written = inspect.unwrap(written)  # `@torch.no_grad()` wraps it
    if type(written) is not FunctionType or written.__closure__ or written.__name__ == "<lambda>":
        return False
    if f"def {written.__name__}(" not in inspect.getsource(written):
        return False  # the file has changed since it was loaded
    source = plain(inspect.getsource(written))
    home, theirs = vars(sys.modules[quiz.reference.__module__]), written.__globals__
    names = [name for name in _names(ast.parse(source)) if name in theirs]
    return all(isinstance(theirs[name], ModuleType) or theirs[name] is home.get(name) for name in names)


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def other_ways(quiz: Quiz) -> list[Alternative]:
    """Two alternatives to show after a pass: none that looks like the reference, and first those without helpers."""
    reference = plain(quiz.solution, "same")
    other = [one for one in quiz.alternatives if plain(one.source, "same") != reference]
    return sorted(other, key=lambda one: not _stands_alone(quiz, one.written))[:2]
