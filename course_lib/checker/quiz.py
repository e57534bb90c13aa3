"""What a quiz is: a reference, inputs, hints, the mistakes that people make and other right answers."""

import ast
import copy
import functools
import inspect
import sys
import textwrap
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch

from course_lib.checker.manner import Manner


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that students give, and what to tell them; never the answer itself.

    edits and knobs say how `attempt` differs from the reference, where that is how it was written down: two mistakes
    that differ from it in different places can be made at once (`Quiz.both`).
    """

    name: str
    hint: str
    attempt: Callable
    edits: tuple[tuple[str, str], ...] = ()
    names: Mapping[str, object] = field(default_factory=dict)
    knobs: tuple[Callable, Mapping[str, object]] | None = None


@dataclass(frozen=True)
class Alternative:
    """Another right answer. `explain` says in one line what is different about it."""

    name: str
    explain: str
    attempt: Callable
    written: Callable  # what stands in the catalogue: for a Module its `forward`

    @property
    def source(self) -> str:
        """Its source as a student would write it, without the catalogue's decorator."""
        lines = textwrap.dedent(inspect.getsource(self.written)).splitlines()
        (definition,) = ast.parse("\n".join(lines)).body
        ours = [d.end_lineno for d in definition.decorator_list if ".alternative(" in ast.unparse(d)]
        return "\n".join(lines[max(ours, default=0) :])


@dataclass(frozen=True, eq=False)
class Quiz:
    """A function or nn.Module for the student to write.

    reference    what the library has; its name is the quiz's name, its source the solution
    cases        a function of a seeded torch.Generator that returns a list of tuples of positional arguments,
                 on the CPU; for a Module the first of them is itself a tuple, the arguments of `__init__`
    hints        from nudge to formula
    rtol, atol   how close a result has to be; atol is for results of about 1 and shrinks with smaller ones
    difficulty   1 (anybody can) to 5 (hard)
    importance   1 (nice to know) to 5 (nothing works without it)
    returns      names for the items of a returned tuple
    changes      names of the arguments that a call is meant to change, in place: modules, optimizers, generators. What
                 the tensors in them hold afterwards is compared as well (of what yields, also when the first item has
                 come). Whatever else a call changes is a finding (`mutates`). How far a generator was moved on shows in
                 the results of the next of `calls`
    learns       names of the networks among the arguments that have to go on learning: with `changes`, a layer that is
                 taken out of training mode and a parameter that is frozen are wrong, too
    calls        how often a quiz with `changes` is called in a row with the same arguments, to see what one call
                 leaves behind for the next
    then         the arguments of the next call, made from those of the last, where they are not the same
    whole        of a Module the student writes `__init__`, too, and names its layers as they like
    no_grad      the first case is tried within `torch.no_grad()` as well, where samplers run

    Mistakes are added in one of three forms, whichever reads best:

        quiz.edits(no_root=("beta.sqrt() * noise -> beta * noise", "hint"))    the reference with a line changed
        quiz.variants(attend, no_scale=({"scale": 1}, "hint"))                 a function with options that go wrong
        @quiz.mistake("hint")                                                  a function of its own
    """

    reference: Callable
    cases: Callable[[torch.Generator], list[tuple]]
    points: int
    minutes: int
    hints: tuple[str, ...]
    difficulty: int = 0
    importance: int = 0
    rtol: float = 1e-3
    atol: float = 1e-3
    returns: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    learns: tuple[str, ...] = ()
    calls: int = 1
    then: Callable[..., tuple] | None = None
    whole: bool = False
    no_grad: bool = False
    mistakes: list[Mistake] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def is_module(self) -> bool:
        return isinstance(self.reference, type)

    @property
    def arguments(self) -> list[str]:
        """The names of the arguments, as in a case."""
        if not self.is_module:
            return list(inspect.signature(self.reference).parameters)
        return ["__init__", *list(inspect.signature(self.reference.forward).parameters)[1:]]

    @functools.cached_property
    def manner(self) -> Manner:
        """How it is called, without the answer."""
        signature = inspect.signature(self.reference)
        returns = signature.return_annotation
        return Manner(
            name=self.name,
            call=self.call,
            arguments=tuple(self.arguments),
            init=tuple(signature.parameters) if self.is_module else (),
            is_module=self.is_module,
            whole=self.whole,
            changes=self.changes,
            learns=self.learns,
            calls=self.calls,
            then=self.then,
            hands_out=typing.get_origin(returns) is Iterator,
            returns_nothing=returns is None,
        )

    def state(self, case: tuple) -> dict[str, torch.Tensor] | None:
        """The parameters that a Module with the given `__init__` gets in `case`, always the same; None for others.

        They are the reference's, shaken: an initial zero or one would hide mistakes.
        """
        if not self.is_module or self.whole:
            return None
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            module = self.reference(*copy.deepcopy(case[0]))
            for parameter in module.parameters():
                parameter.copy_(0.3 * torch.randn_like(parameter) + parameter.mean())
        return module.state_dict()

    @property
    def call(self) -> str:
        """How it is called, with default values: "name(first, second=1)"."""
        parameters = inspect.signature(self.reference).parameters.values()
        return f"{self.name}({', '.join(str(p.replace(annotation=p.empty)) for p in parameters)})"

    @property
    def solution(self) -> str:
        """The reference's source."""
        return textwrap.dedent(inspect.getsource(self.reference))

    def mistake(self, hint: str) -> Callable[[Callable], Callable]:
        """Decorator for a wrong answer (for a Module: a wrong `forward`), whose name is the mistake's.

        Raises TypeError without a hint: a bare `@quiz.mistake` would silently add nothing.
        """
        self._with_text("mistake", hint)

        def add(attempt: Callable) -> Callable:
            self.mistakes.append(Mistake(attempt.__name__, hint, self._whole(attempt)))
            return attempt

        return add

    def edits(self, **mistakes: tuple) -> None:
        """Mistakes that are the reference with something replaced: name=("old -> new", "hint").

        Several replacements come one after the other: ("old -> new", "other -> another", "hint"). Each `old` is text of
        one line of the reference, its docstring apart, where it must occur exactly once (before " -> " and behind it
        spaces do not count; nothing behind it deletes). So a reference that changes is noticed when this is loaded.
        Raises ValueError for an `old` that does not occur, or more than once.
        """
        for name, (*written, hint) in mistakes.items():
            pairs = tuple(_pair(text) for text in written)
            attempt = rebuilt(self.reference, pairs, name=f"{self.name}: {name}")
            self.mistakes.append(Mistake(name, hint, attempt, edits=pairs))

    def swaps(self, **mistakes: tuple[Mapping[str, object], str]) -> None:
        """Mistakes: the reference with other things behind names of its module, name=({"extract": f}, "hint")."""
        for name, (names, hint) in mistakes.items():
            attempt = rebuilt(self.reference, names=names, name=f"{self.name}: {name}")
            self.mistakes.append(Mistake(name, hint, attempt, names=names))

    def variants(self, function: Callable, **mistakes: tuple[Mapping[str, object], str]) -> None:
        """Mistakes that are `function` with some of its options set: name=({"option": value}, "hint").

        Without any, `function` should be right (it is no mistake then). For a Module it is a `forward`.
        """
        for name, (options, hint) in mistakes.items():
            attempt = self._whole(_with_options(function, options, name))
            self.mistakes.append(Mistake(name, hint, attempt, knobs=(function, options)))

    def alternative(self, explain: str) -> Callable[[Callable], Callable]:
        """Decorator: another right answer, written differently, which must pass; `explain` says what is different.

        Raises TypeError without an explanation.
        """
        self._with_text("alternative", explain)

        def add(attempt: Callable) -> Callable:
            self.alternatives.append(Alternative(attempt.__name__, explain, self._whole(attempt), attempt))
            return attempt

        return add

    def both(self, one: Mistake, other: Mistake) -> Callable | None:
        """An attempt that makes two mistakes at once; None where they are not changes in different places."""
        if one.knobs and other.knobs and one.knobs[0] is other.knobs[0]:
            if one.knobs[1].keys() & other.knobs[1].keys():
                return None
            return self._whole(_with_options(one.knobs[0], {**one.knobs[1], **other.knobs[1]}, "both"))
        if one.knobs or other.knobs or not (one.edits or one.names) or not (other.edits or other.names):
            return None
        if one.names.keys() & other.names.keys():
            return None
        try:
            return rebuilt(self.reference, one.edits + other.edits, {**one.names, **other.names}, "both")
        except (ValueError, SyntaxError):  # both change the same words
            return None

    def _with_text(self, kind: str, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f'{self.name} has a bare `@{self.name}.{kind}`: write `@{self.name}.{kind}("...")`.')

    def _whole(self, attempt: Callable) -> Callable:
        if self.is_module and not isinstance(attempt, type):
            return type(attempt.__name__, (self.reference,), {"forward": attempt})
        return attempt


def _pair(written: str) -> tuple[str, str]:
    old, arrow, new = f"{written} ".partition(" -> ")
    if not arrow:
        raise ValueError(f'an edit is written "old -> new", not {written!r}.')
    return old.strip(), new.strip()


def _with_options(function: Callable, options: Mapping[str, object], name: str) -> Callable:
    def attempt(*args: object) -> object:
        return function(*args, **options)

    attempt.__name__ = attempt.__qualname__ = name
    attempt.__signature__ = _without(function, options)
    return attempt


def _without(function: Callable, options: Mapping[str, object]) -> inspect.Signature:
    """The signature without its keyword-only options: what a case fills."""
    signature = inspect.signature(function)
    kept = [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY and p.name not in options]
    return signature.replace(parameters=kept)


def rebuilt(
    reference: Callable,
    edits: Sequence[tuple[str, str]] = (),
    names: Mapping[str, object] = MappingProxyType({}),
    name: str = "rebuilt",
) -> Callable:
    """`reference` from its source, with each (old, new) replaced, and with other things behind some of its names.

    Raises ValueError where `old` does not occur exactly once outside of docstrings.
    """
    source = bare_source(reference)
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"{name}: {old!r} occurs {source.count(old)} times in {reference.__name__}, not once.")
        source = source.replace(old, new)
    namespace = dict(vars(sys.modules[reference.__module__])) | dict(names)
    with warnings.catch_warnings(action="ignore"):  # of two edits at once some make code that Python wonders about
        exec(compile(source, f"<{name}>", "exec"), namespace)
    return namespace[reference.__name__]


@functools.cache
def bare_source(reference: Callable) -> str:
    """The source without docstrings."""
    lines = textwrap.dedent(inspect.getsource(reference)).splitlines()
    blocks = [n for n in ast.walk(ast.parse("\n".join(lines))) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    texts = [block.body[0] for block in blocks if ast.get_docstring(block) is not None]
    for text in sorted(texts, key=lambda node: -node.lineno):
        lines[text.lineno - 1 : text.end_lineno] = [" " * text.col_offset + "pass"]
    return "\n".join(lines)


@dataclass(frozen=True)
class Option:
    """One answer to a question, and what to tell whoever chose it."""

    text: str
    why: str


@dataclass(frozen=True, eq=False)
class Choice:
    """A question with options "a", "b", ...: predict before you run."""

    name: str
    text: str
    options: Mapping[str, Option]
    answer: str
    points: int
    minutes: int
    hints: tuple[str, ...]
    difficulty: int = 0
    importance: int = 0

    def __post_init__(self):
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    @property
    def solution(self) -> str:
        """The right option's letter, as code."""
        return f'"{self.answer}"'

    @property
    def why(self) -> str:
        """What to tell about the right answer."""
        return self.options[self.answer].why

    @property
    def mistakes(self) -> list[Mistake]:
        """The wrong options."""
        return [Mistake(key, o.why, key) for key, o in self.options.items() if key != self.answer]


def rating(quiz: Quiz | Choice) -> str:
    """What a student wants to know before starting: "difficulty 2/5 · importance 5/5 · about 10 minutes"."""
    minutes = f"about {quiz.minutes} minute{'s' if quiz.minutes > 1 else ''}"
    return f"difficulty {quiz.difficulty}/5 · importance {quiz.importance}/5 · {minutes}"
