"""What was handed in: nothing yet, the reference itself, or something to run."""

import dis
import functools
import inspect

from torch import nn

from course_lib.checker.manner import Manner
from course_lib.checker.quiz import Quiz

CACHED = functools._lru_cache_wrapper  # what `functools.cache` and `lru_cache` make

_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "MAKE_CELL", "COPY_FREE_VARS", "CACHE"}


def unwrapped(attempt: object) -> object:
    """What is inside partials without arguments, caches, and decorators that keep `__wrapped__`."""
    for _ in range(20):
        if isinstance(attempt, functools.partial) and not attempt.args and not attempt.keywords:
            attempt = attempt.func
        elif (inspect.isfunction(attempt) or isinstance(attempt, CACHED)) and "__wrapped__" in vars(attempt):
            attempt = vars(attempt)["__wrapped__"]
        else:
            break
    return attempt


def is_stand_in(quiz: Quiz, attempt: object) -> bool:
    """Whether `attempt` is the reference, also if thinly wrapped."""
    inner, reference = unwrapped(attempt), unwrapped(quiz.reference)
    if quiz.is_module:
        inherits = isinstance(inner, type) and issubclass(inner, reference)
        return inherits and inner.forward is reference.forward
    code = getattr(reference, "__code__", None)
    return inner is reference or (code is not None and getattr(inner, "__code__", None) is code)


def is_stub(attempt: object) -> bool:
    """Whether nothing was written yet: None, `...`, or a body that is only a docstring, `pass` or `return None`."""
    if attempt is None or attempt is ...:
        return True
    inner = unwrapped(attempt)
    if isinstance(inner, type):
        inner = getattr(inner, "forward", None)
    code = getattr(inner, "__code__", None)
    if not inspect.iscode(code):
        return False
    body = list(dis.get_instructions(code))
    constants = [step.argval for step in body if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return {step.opname for step in body} <= _NOTHING and all(value in (None, ...) for value in constants)


def is_compiled(attempt: object) -> bool:
    """Whether it was made by `torch.compile`."""
    return inspect.isfunction(attempt) and "_torchdynamo_orig_callable" in vars(attempt)


def file_of(attempt: object) -> str:
    """The file or notebook cell that the attempt was written in."""
    inner = unwrapped(attempt)
    if isinstance(inner, type):
        inner = getattr(inner, "forward", None)
    code = getattr(inner, "__code__", None)
    return code.co_filename if inspect.iscode(code) else ""


def wrong_use(manner: Manner, attempt: object, counts: set[int]) -> str:
    """Why `attempt` cannot even be called with so many arguments, as a sentence; empty if it can."""
    if manner.is_module:
        if not (isinstance(attempt, type) and issubclass(attempt, nn.Module)):
            return f"Hand in the class itself, `check({manner.name})`; it has to be an `nn.Module`."
        return _wrong_init(manner, attempt) if manner.whole else ""
    if not callable(attempt):
        return f"Hand in a function, `check({manner.name})`, not its result."
    try:
        signature = inspect.signature(attempt)
        for count in counts:
            signature.bind(*range(count))
    except TypeError:
        return f"It has to take these arguments in this order: `{manner.call}`."
    except Exception:
        return ""  # no signature to be had: calling will tell
    return ""


def _wrong_init(manner: Manner, attempt: type[nn.Module]) -> str:
    try:
        inspect.signature(attempt).bind(*manner.init)
    except TypeError:
        return f"Its `__init__` has to take these arguments in this order: `{manner.call}`."
    except ValueError:
        return ""  # no signature to be had: calling will tell
    return ""
