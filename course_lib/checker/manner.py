"""How a quiz's function is called."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Manner:
    """How a quiz's function is called, and what of a call counts: all that it takes to run an attempt, and no answer.

    call             as in a sentence, with default values: "name(first, second=1)"
    arguments        their names, as in a case
    init             of a Module: the names of `__init__`'s arguments
    hands_out        whether the reference yields its results one by one
    returns_nothing  whether the reference returns None
    others           as in `Quiz`
    """

    name: str
    call: str
    arguments: tuple[str, ...]
    init: tuple[str, ...]
    is_module: bool
    whole: bool
    changes: tuple[str, ...]
    learns: tuple[str, ...]
    calls: int
    then: Callable[..., tuple] | None
    hands_out: bool
    returns_nothing: bool
