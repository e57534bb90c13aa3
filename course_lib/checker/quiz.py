"""What a quiz is: a reference, inputs, hints, the mistakes that people make and other right answers."""

import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that students give, and what to tell them; never the answer itself."""

    name: str
    hint: str
    attempt: Callable


@dataclass(frozen=True, eq=False)
class Quiz:
    """A function or nn.Module for the student to write.

    reference    what the library has; its name is the quiz's name, its source the solution
    cases        a function of a seeded torch.Generator that returns a list of tuples of positional arguments,
                 on the CPU; for a Module the first of them is itself a tuple, the arguments of `__init__`
    hints        from nudge to formula
    rtol, atol   how close a result has to be
    returns      names for the items of a returned tuple
    changes      names of the arguments that a call is meant to change, in place: modules, optimizers. What the tensors
                 in them hold afterwards is compared as well. Whatever else a call changes is a finding (`mutates`)
    learns       names of the networks among the arguments that have to go on learning: with `changes`, a layer that is
                 taken out of training mode and a parameter that is frozen are wrong, too
    calls        how often a quiz with `changes` is called in a row with the same arguments, to see what one call
                 leaves behind for the next
    """

    reference: Callable
    cases: Callable[[torch.Generator], list[tuple]]
    points: int
    minutes: int
    hints: tuple[str, ...]
    rtol: float = 1e-3
    atol: float = 1e-3
    returns: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    learns: tuple[str, ...] = ()
    calls: int = 1
    mistakes: list[Mistake] = field(default_factory=list)
    alternatives: list[Callable] = field(default_factory=list)

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
        if not isinstance(hint, str):
            raise TypeError(f'a mistake of {self.name} lacks its hint: write `@{self.name}.mistake("...")`.')

        def add(attempt: Callable) -> Callable:
            self.mistakes.append(Mistake(attempt.__name__, hint, self._whole(attempt)))
            return attempt

        return add

    def alternative(self, attempt: Callable) -> Callable:
        """Decorator: another right answer, written differently, which must pass."""
        self.alternatives.append(self._whole(attempt))
        return attempt

    def _whole(self, attempt: Callable) -> Callable:
        if self.is_module and not isinstance(attempt, type):
            return type(attempt.__name__, (self.reference,), {"forward": attempt})
        return attempt


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

    def __post_init__(self):
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    @property
    def solution(self) -> str:
        """The right option's letter, as code."""
        return f'"{self.answer}"'

    @property
    def mistakes(self) -> list[Mistake]:
        """The wrong options."""
        return [Mistake(key, o.why, key) for key, o in self.options.items() if key != self.answer]
