"""A copy of course_lib for the child that runs one question: without the answer, and without what it is used in.

What is taken out is found by reading the source: the reference, and every top-level function, class, method and
assignment that uses it, through however many others; so are the chapters after the quiz's own, which often do the same
in other words. Nothing is executed here.
"""

import ast
import copy
import functools
import importlib.util
import marshal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.checker.quiz import Choice, Quiz
from course_lib.grading.names import names_of
from course_lib.quizzes.registry import CHAPTERS, every_quiz, find, quizzes_of

PACKAGE = "course_lib"
SOURCE = Path(__file__).resolve().parents[1]

# Only an earlier chapter's function is left of these: they know the answers, or show them.
LEFT_OUT = ("quizzes", "grading", "publishing", "cli", "experiments", "drawings")

# Whole in every copy: what runs an attempt, and has no answers. Of what is gone it gets an empty class.
KEPT = ("course_lib.checker", "course_lib.grading.worker", "course_lib.grading.wire", "course_lib.grading.nursery")

# What does as much as a reference and doesn't use it.
COPIES = {
    "mixture_log_prob": (("course_lib.mixtures", "GaussianMixture"),),
    "mixture_score": (("course_lib.mixtures", "GaussianMixture"),),
    "start_of_output": (("course_lib.reverse", "predict_start"),),
}

Place = tuple[str, str]  # a module and a name in it; the name is "" for the module itself
NOWHERE: Place = ("", "")  # what is in no copy


@dataclass(frozen=True)
class Part:
    """A method, or all else of a top-level statement, and what it uses of course_lib."""

    node: ast.stmt
    uses: frozenset[Place]


@dataclass(frozen=True)
class Unit:
    """A top-level statement: the names that it binds, what of it stays or goes as one, and methods that go alone.

    empty    what stands for what an import binds, in a module that is kept whole
    """

    node: ast.stmt
    binds: frozenset[str]
    core: Part
    methods: tuple[Part, ...]
    empty: list[ast.stmt]


@dataclass(frozen=True)
class Module:
    """A module of course_lib: its path below course_lib, its statements, and what it imports from course_lib."""

    name: str
    path: Path
    statements: tuple[ast.stmt, ...]
    own: frozenset[str]
    imports: dict[str, Place]

    @property
    def seen_from(self) -> str:
        """The name from which its relative imports count."""
        return f"{self.name}.__init__" if self.path.name == "__init__.py" else self.name


def library_without(quiz: str, into: Path) -> Path:
    """The folder to put on `sys.path` for a child that answers `quiz`; course_lib in it is the copy. Below `into`.

    A folder that is there already is not written again. Children must not be able to write there: they take the
    modules as they are compiled. Docstrings and comments are in no copy, for some spell an answer; nor are data and
    notebooks. Raises UnknownQuizError for a quiz that there is not, OSError if
    `into` can't be written.
    """
    folder = into / quiz
    if folder.exists():
        return folder
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into) as half:  # a folder is there whole or not at all
        for path, text in _texts(find(quiz)):
            place = Path(half) / "whole" / PACKAGE / path
            compiled = Path(importlib.util.cache_from_source(str(place)))
            compiled.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
            compiled.write_bytes(_compiled(text))
        try:
            (Path(half) / "whole").rename(folder)
        except OSError:
            if not folder.exists():  # somebody else was faster
                raise
    return folder


def _texts(quiz: Quiz | Choice) -> Iterator[tuple[Path, str]]:
    """The files of the copy: paths below course_lib, and what stands in them."""
    gone = _gone(quiz)
    for name, module in _modules().items():
        if (name, "") not in gone:
            yield module.path, _written(tuple(left for unit in _units()[name] for left in _left(module, unit, gone)))


@functools.cache
def _compiled(text: str) -> bytes:
    """What Python would write to __pycache__: an import takes half the time. Copies share most of their modules."""
    code = compile(text, "", "exec", dont_inherit=True)  # an import puts the file's name in
    unchecked = (1).to_bytes(4, "little")  # PEP 552: it belongs to the source, whatever that is
    digest = importlib.util.source_hash(text.encode())
    return importlib.util.MAGIC_NUMBER + unchecked + digest + marshal.dumps(code)


@functools.cache
def _written(statements: tuple[ast.stmt, ...]) -> str:
    return ast.unparse(ast.Module(list(statements), [])) + "\n"


def _gone(quiz: Quiz | Choice) -> set[Place]:
    """The answer to `quiz` and the chapters after that of the quiz, and what uses them."""
    gone = {NOWHERE}
    if isinstance(quiz, Quiz):
        gone |= {(quiz.reference.__module__, quiz.name), *COPIES.get(quiz.name, ())}
    chapter = next(number for number, name in enumerate(CHAPTERS) if quiz.name in quizzes_of(name))
    for later in CHAPTERS[chapter + 1 :]:
        home = _modules()[f"{PACKAGE}.{later}"]
        gone |= {(home.name, name) for name in ("", *home.own)}
    units = [(name, unit) for name, units in _units().items() if not _is_kept(name) for unit in units]
    size = -1
    while size < len(gone):
        size = len(gone)
        for name, unit in units:
            if not unit.core.uses.isdisjoint(gone):
                gone |= {(name, bound) for bound in unit.binds}
    return gone


def _left(module: Module, unit: Unit, gone: set[Place]) -> list[ast.stmt]:
    """What stays of a statement."""
    node = unit.node
    is_gone = not unit.core.uses.isdisjoint(gone)
    if _is_kept(module.name):
        return unit.empty if is_gone and unit.empty else [node]
    if is_gone or any((module.name, bound) in gone for bound in unit.binds):
        return []
    if "__all__" in unit.binds and isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
        kept = [one for one in node.value.elts if _resolved((module.name, ast.literal_eval(one))) not in gone]
        return [ast.Assign(node.targets, ast.List(kept), lineno=0)] if kept != node.value.elts else [node]
    lost = [method.node for method in unit.methods if not method.uses.isdisjoint(gone)]
    return [_without(node, lost)] if lost and isinstance(node, ast.ClassDef) else [node]


def _without(node: ast.ClassDef, lost: Sequence[ast.stmt]) -> ast.ClassDef:
    left = copy.copy(node)
    left.body = [one for one in node.body if one not in lost] or [ast.Pass()]
    return left


@functools.cache
def _modules() -> Mapping[str, Module]:
    """The modules that a copy may have, by name."""
    homes = {quiz.reference.__module__ for quiz in every_quiz().values() if isinstance(quiz, Quiz)}
    around = {home.rsplit(".", n)[0] for home in (*homes, *KEPT) for n in range(1, home.count(".") + 1)}
    read = {}
    for path in sorted(SOURCE.rglob("*.py")):
        inside = path.relative_to(SOURCE)
        name = ".".join([PACKAGE, *inside.with_suffix("").parts]).removesuffix(".__init__")
        if inside.parts[0] not in LEFT_OUT or name in homes | around or _is_kept(name):
            tree = _without_docstrings(ast.parse(path.read_text(encoding="utf-8")))
            statements = tuple(one for node in tree.body for one in _one_by_one(node))
            own = frozenset(bound for node in statements for bound in _binds(node))
            read[name] = module = Module(name, inside, statements, own, {})
            for node in ast.walk(tree):
                module.imports.update(_imported(node, module.seen_from))
    return read


@functools.cache
def _units() -> Mapping[str, tuple[Unit, ...]]:
    """The statements of each module."""
    return {name: tuple(_unit(module, node) for node in module.statements) for name, module in _modules().items()}


def _one_by_one(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statement; one for each name that it imports."""
    if isinstance(node, ast.Import):
        yield from (ast.Import([alias]) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (ast.ImportFrom(node.module, [alias], node.level) for alias in node.names)
    else:
        yield node


def _unit(module: Module, node: ast.stmt) -> Unit:
    methods: list[ast.stmt] = []
    core = node
    if isinstance(node, ast.ClassDef):
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("__")]
        core = _without(node, methods)
    empty = [f"{name} = type('gone', (), {{}})" for name in _imported(node, module.seen_from)]
    parts = tuple(Part(one, _uses(module, one)) for one in methods)
    return Unit(node, _binds(node), Part(core, _uses(module, core)), parts, ast.parse("\n".join(empty)).body)


def _uses(module: Module, node: ast.stmt) -> frozenset[Place]:
    """What of course_lib the statement uses, where it is defined."""
    found = names_of(node, ast.unparse(node))
    places = [place for one in ast.walk(node) for place in _imported(one, module.seen_from).values()]
    for name in found.now | found.later | found.changes:
        if name in module.own:
            places.append((module.name, name))
        elif name in module.imports:
            places.append(module.imports[name])
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and (place := _attribute(module, one)):
            places.append(place)
    return frozenset(place if _exists(place) else NOWHERE for place in map(_resolved, places))


def _exists(place: Place) -> bool:
    """Whether it is in the part of course_lib that is copied."""
    home, name = place
    return home in _modules() and (not name or name in _modules()[home].own or name.startswith("__"))


def _attribute(module: Module, node: ast.Attribute) -> Place | None:
    """What `forward.q_sample` and `course_lib.forward.q_sample` stand for; None if it is no module's attribute."""
    home = None
    if isinstance(node.value, ast.Name) and node.value.id not in module.own:
        home = module.imports.get(node.value.id)
    elif isinstance(node.value, ast.Attribute):
        home = _attribute(module, node.value)
    if home is None:
        return None
    home = _resolved(home)
    return None if home[1] else _resolved((home[0], node.attr))


def _resolved(place: Place) -> Place:
    """Where what `place` stands for is defined: modules hand on what they import."""
    home, name = place
    module = _modules().get(home)
    if module is None or not name or name in module.own:
        return place
    if name in module.imports:
        return _resolved(module.imports[name])
    return (f"{home}.{name}", "") if f"{home}.{name}" in _modules() else place


def _is_kept(module: str) -> bool:
    return any(module == kept or module.startswith(f"{kept}.") for kept in KEPT)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [one for one in node.body if not _is_text(one)] or [ast.Pass()]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _binds(node: ast.stmt) -> frozenset[str]:
    """The names of its module that a statement gives a value, other than by an import."""
    imported = {a.asname or a.name for one in ast.walk(node) if isinstance(one, ast.ImportFrom) for a in one.names}
    imported |= {
        alias.asname or alias.name.partition(".")[0]
        for one in ast.walk(node)
        if isinstance(one, ast.Import)
        for alias in one.names
    }
    return names_of(node, ast.unparse(node)).binds - imported


def _imported(node: ast.AST, module: str) -> dict[str, Place]:
    """What the names that an import in `module` binds stand for, of course_lib's."""
    found = {}
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == PACKAGE:
                found[alias.asname or PACKAGE] = (alias.name if alias.asname else PACKAGE, "")
    if isinstance(node, ast.ImportFrom):
        around = module.split(".")[: -node.level] if node.level else []
        home = ".".join([*around, *([node.module] if node.module else [])])
        if home.split(".")[0] == PACKAGE:
            found = {alias.asname or alias.name: (home, alias.name) for alias in node.names}
    return found
