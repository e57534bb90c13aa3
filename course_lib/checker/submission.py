"""What was handed in: nothing yet, the reference itself, or something to run."""

import copy
import dis
import functools
import inspect
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_lib.checker.quiz import Quiz
from course_lib.checker.values import learning_state, named_tensors, tensors_in

CACHED = functools._lru_cache_wrapper  # what `functools.cache` and `lru_cache` make

_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "MAKE_CELL", "COPY_FREE_VARS", "CACHE"}


class NewTensors(TorchFunctionMode):
    """Notes in `found` whether code outside of torch makes a tensor without saying on which device."""

    found = False

    def __torch_function__(
        self, function: Callable, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        result = function(*args, **(kwargs or {}))
        made = type(result) is Tensor and result.ndim > 0 and next(tensors_in([args, kwargs]), None) is None
        where = (kwargs or {}).get("device")  # "cpu" says where, but follows no input
        if (
            made
            and (where is None or isinstance(where, str))
            and "torch" not in Path(sys._getframe(1).f_code.co_filename).parts
        ):
            self.found = True
        return result


class MisfitError(Exception):
    """A module whose parameters are not the reference's."""


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


def runnable(quiz: Quiz, attempt: Callable) -> Callable:
    """A function of a case's arguments: the attempt; for a Module what builds it with the reference's parameters."""
    if quiz.is_module:
        return lambda init, *args: _build(quiz, attempt, init, args)(*args)
    if quiz.changes:
        return lambda *args: _watched(quiz, attempt, args)
    return attempt


def _watched(quiz: Quiz, attempt: Callable, args: tuple) -> object:
    """What the calls return, and what the tensors that they are meant to change hold after them, by name.

    Those are the tensors from before the calls: one that is put in the place of another is no change of it. What a
    function returns that need not return anything does not matter.
    """
    places = {name: quiz.arguments.index(name) for name in quiz.changes}
    afterwards = {
        f"tensor `{part}` of `{name}` afterwards": tensor
        for name, place in places.items()
        for part, tensor in named_tensors(args[place]).items()
    }
    results, given = [], args
    for call in range(quiz.calls):
        if call and quiz.then is not None:
            given = quiz.then(*given)
        results.append(attempt(*given))
    if any(result is ... for result in results):
        return ...
    # a parameter that can learn, or cannot, is no graph that is kept
    afterwards = {part: tensor.detach() if tensor.is_leaf else tensor for part, tensor in afterwards.items()}
    for name in quiz.learns:
        at_work, frozen = learning_state(args[quiz.arguments.index(name)])
        afterwards[f"number of layers of `{name}` in training mode afterwards"] = at_work
        afterwards[f"number of frozen parameters of `{name}` afterwards"] = frozen
    modules = {name: arg for name, arg in zip(quiz.arguments, given, strict=False) if isinstance(arg, nn.Module)}
    for (one, mine), (other, theirs) in itertools.combinations(modules.items(), 2):
        shared = {p.data_ptr() for p in mine.parameters()} & {p.data_ptr() for p in theirs.parameters()} - {0}
        afterwards[f"number of tensors that `{one}` and `{other}` have in common afterwards"] = len(shared)
    if inspect.signature(quiz.reference).return_annotation is None:
        return afterwards
    return {f"result of call {number}": result for number, result in enumerate(results, 1)} | afterwards


def gradients(quiz: Quiz, attempt: Callable) -> Callable:
    """A function of a case's arguments: what flows back from the result to every tensor that can learn, by name.

    Empty if the result is no tensor, or nothing flows.
    """

    def run(*args: object) -> dict[str, Tensor]:
        if quiz.is_module:
            module = _build(quiz, attempt, args[0], args[1:])
            learners, result = dict(module.named_parameters()), module(*args[1:])
        else:
            inputs = [tensor for tensor in tensors_in(args) if tensor.requires_grad]
            learners, result = {str(i): tensor for i, tensor in enumerate(inputs)}, attempt(*args)
        if not isinstance(result, Tensor) or not result.requires_grad or not learners:
            return {}
        pull = torch.linspace(-1, 2, result.numel(), device=result.device, dtype=result.dtype).reshape(result.shape)
        found = torch.autograd.grad(result, list(learners.values()), pull, allow_unused=True, materialize_grads=True)
        return dict(zip(learners, found, strict=True))

    return run


def _build(quiz: Quiz, attempt: Callable, init: tuple, args: tuple) -> nn.Module:
    """A Module of the attempt's, in training mode where `args` are, with the reference's parameters."""
    given = _parameters(quiz.reference, copy.deepcopy(init))  # copies: a layer among them would be changed
    module = attempt(*copy.deepcopy(init))
    mine = module.state_dict()
    wrong = sorted(
        k for k in given.keys() | mine.keys() if k not in given or k not in mine or given[k].shape != mine[k].shape
    )
    if wrong:
        raise MisfitError(", ".join(wrong[:3]))
    module.load_state_dict(given)
    device = next((tensor.device for tensor in tensors_in(args)), torch.device("cpu"))
    return module.to(device).train()


def _parameters(reference: type[nn.Module], init: tuple) -> dict[str, Tensor]:
    """The reference's state, always the same, its parameters shaken: an initial zero or one would hide mistakes."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        module = reference(*init)
        for parameter in module.parameters():
            parameter.copy_(0.3 * torch.randn_like(parameter) + parameter.mean())
    return module.state_dict()


def wrong_use(quiz: Quiz, attempt: object, counts: set[int]) -> str:
    """Why `attempt` cannot even be called with so many arguments, as a sentence; empty if it can."""
    if quiz.is_module:
        is_module = isinstance(attempt, type) and issubclass(attempt, nn.Module)
        return "" if is_module else f"Hand in the class itself, `check({quiz.name})`; it has to be an `nn.Module`."
    if not callable(attempt):
        return f"Hand in a function, `check({quiz.name})`, not its result."
    try:
        signature = inspect.signature(attempt)
        for count in counts:
            signature.bind(*range(count))
    except TypeError:
        return f"It has to take these arguments in this order: `{quiz.call}`."
    except Exception:
        return ""  # no signature to be had: calling will tell
    return ""
