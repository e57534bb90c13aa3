"""Which names of its module a statement binds, and which it needs: at once, or only when a function is called."""

import ast
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

FILLING = ("append", "extend", "insert", "add", "update", "setdefault")  # methods that change what has them
WHEN_CALLED = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Names:
    """The names of the module that one of its statements has to do with.

    binds     it gives them a value
    now       it reads them when it is executed
    later     functions in it read them when they are called
    setters   for functions that it defines: the names that a call of them binds, by `global`
    changes   it changes what is behind them: an attribute or an item is set, += or `.append`
    """

    binds: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    setters: dict[str, frozenset[str]]
    changes: frozenset[str]


def names_of(statement: ast.stmt, source: str) -> Names:
    """The names of `statement`, whose text is `source`. Nothing is executed.

    Raises SyntaxError for what can be parsed but not compiled, as a `return` that is in no function, and RecursionError
    or MemoryError for what is nested too deeply.
    """
    with warnings.catch_warnings(action="ignore"):
        table = symtable.symtable(source, "<statement>", "exec")
    binds: set[str] = set()
    now: set[str] = set()
    later: set[str] = set()
    setters: dict[str, frozenset[str]] = {}
    waiting = [(table, False, "")]  # a scope, whether it runs when called, the module's function or class around it
    while waiting:
        scope, called, around = waiting.pop()
        is_module, is_class = scope is table, scope.get_type() == "class"
        for symbol in scope.get_symbols():
            name, is_set = symbol.get_name(), symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            if is_set and called and symbol.is_declared_global():
                setters[around] = setters.get(around, frozenset()) | {name}
            elif is_set and (is_module or symbol.is_declared_global()):
                binds.add(name)
            # in a class `relu = relu` reads the module's
            if symbol.is_referenced() and (is_module or symbol.is_global() or (is_class and is_set)):
                (later if called else now).add(name)
        waiting += [(c, called or _is_function(c), around or c.get_name()) for c in scope.get_children()]
    nodes = list(at_once(statement))
    counters = [node.target for node in ast.walk(statement) if isinstance(node, ast.AugAssign)]
    later |= {c.id for c in counters if isinstance(c, ast.Name) and any(c.id in bound for bound in setters.values())}
    added = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
    deleted = [target for node in nodes if isinstance(node, ast.Delete) for target in node.targets]
    stored = {node.id for node in nodes if _is_stored(node) and node not in added}
    binds -= {node.id for node in added if isinstance(node, ast.Name)} - stored
    binds -= {node.id for node in deleted if isinstance(node, ast.Name)}
    changes = frozenset(name for node in nodes for name in _changed(node))
    return Names(frozenset(binds), frozenset(now), frozenset(later), setters, changes)


def at_once(statement: ast.AST) -> Iterator[ast.AST]:
    """Its nodes that are evaluated when it is executed: not what stands in functions and lambdas."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, WHEN_CALLED):
            waiting += [*getattr(node, "decorator_list", ()), *node.args.defaults]
            waiting += [default for default in node.args.kw_defaults if default is not None]
        else:
            waiting += ast.iter_child_nodes(node)


def _is_function(scope: symtable.SymbolTable) -> bool:
    """Whether it runs when it is called, which a class and a comprehension don't wait for."""
    return scope.get_type() == "function" and scope.get_name() not in ("listcomp", "setcomp", "dictcomp", "genexpr")


def _changed(node: ast.AST) -> Iterator[str]:
    """The names whose object `node` changes."""
    inner: ast.AST | None = None
    if isinstance(node, ast.AugAssign):
        inner = node.target
    elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
        inner = node.value
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _fills(node.value.func):
        inner = node.value.func
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield inner.id


def _fills(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in FILLING


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
