"""What was handed in: nothing yet, the reference itself, or something to run."""

import copy
import dis
import functools
import inspect
import itertools
import sys
import typing
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_lib.checker.quiz import Quiz
from course_lib.checker.sandbox import Pad
from course_lib.checker.values import MAX_ITEMS, learning_state, named_tensors, tensors_in

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
    if quiz.whole:
        return lambda init, *args: _with_layers(quiz, attempt, init, args)
    if quiz.is_module:
        return lambda init, *args: _build(quiz, attempt, init, args).module(*args)
    if quiz.changes:
        return lambda *args: _watched(quiz, attempt, args)
    return attempt


def _watched(quiz: Quiz, attempt: Callable, args: tuple) -> object:
    """What the calls return, and what the tensors that they are meant to change hold after them, by name.

    Those are the tensors from before the calls: one that is put in the place of another is no change of it. What a
    function returns that need not return anything does not matter. Of what hands out its results one by one, the
    tensors are looked at when the first has come as well: by then a single step should be done, and all of it.
    """
    places = {name: quiz.arguments.index(name) for name in quiz.changes}
    afterwards = {
        f"tensor `{part}` of `{name}` afterwards": tensor
        for name, place in places.items()
        for part, tensor in named_tensors(args[place]).items()
    }
    returns = inspect.signature(quiz.reference).return_annotation
    hands_out = typing.get_origin(returns) is Iterator
    results, given, at_first = [], args, {}
    for call in range(quiz.calls):
        if call and quiz.then is not None:
            given = quiz.then(*given)
        result = attempt(*given)
        if hands_out and not call:
            items = list(itertools.islice(result, 1)) if isinstance(result, Iterator) else []
            at_first = {
                part.replace("afterwards", "with the first result"): tensor.detach().clone()
                for part, tensor in afterwards.items()
            }
            if isinstance(result, Iterator):  # to the end, so that all steps are done below
                result = iter([*items, *itertools.islice(result, MAX_ITEMS)])
        results.append(result)
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
    if returns is None:
        return afterwards
    return {f"result of call {number}": result for number, result in enumerate(results, 1)} | at_first | afterwards


def gradients(quiz: Quiz, attempt: Callable) -> Callable:
    """A function of a case's arguments: what flows back from the result to every tensor that can learn, by name.

    Empty if the result is no tensor, or nothing flows.
    """

    def run(*args: object) -> dict[str, Tensor]:
        if quiz.is_module:
            built = _build(quiz, attempt, args[0], args[1:])
            learners, result = built.learners, built.module(*args[1:])
        else:
            inputs = [tensor for tensor in tensors_in(args) if tensor.requires_grad]
            learners, result = {str(i): tensor for i, tensor in enumerate(inputs)}, attempt(*args)
        if not isinstance(result, Tensor) or not result.requires_grad or not learners:
            return {}
        pull = torch.linspace(-1, 2, result.numel(), device=result.device, dtype=result.dtype).reshape(result.shape)
        if quiz.whole:  # a layer that nothing uses is no fault
            found = torch.autograd.grad(result, list(learners.values()), pull, allow_unused=True)
            return {name: grad for name, grad in zip(learners, found, strict=True) if grad is not None}
        found = torch.autograd.grad(result, list(learners.values()), pull, allow_unused=True, materialize_grads=True)
        return dict(zip(learners, found, strict=True))

    return run


@dataclass(frozen=True)
class Built:
    """A Module with known parameters: those that can learn, by a name, and of a `whole` one a line for each layer."""

    module: nn.Module
    learners: dict[str, Tensor]
    layers: dict[str, str]


def _with_layers(quiz: Quiz, attempt: Callable, init: tuple, args: tuple) -> dict[str, object]:
    """What a `whole` Module returns, and which layers it has."""
    built = _build(quiz, attempt, init, args)
    return {"result": built.module(*args), "layers": built.layers}


def _build(quiz: Quiz, attempt: Callable, init: tuple, args: tuple) -> Built:
    """A Module of the attempt's, in training mode where `args` are, with the reference's parameters.

    Where the student writes `__init__`, the reference's names are not known to the attempt: `_fill` says what it gets.
    """
    module, layers = attempt(*copy.deepcopy(init)), {}  # a copy: a layer among them would be changed
    device = next((tensor.device for tensor in tensors_in(args)), torch.device("cpu"))
    if quiz.whole:
        paths, layers = _fill(module, args, device)
        module = module.to(device)
        learners = {name: module.get_parameter(path) for name, path in paths.items()}
    else:
        given, mine = _parameters(quiz.reference, copy.deepcopy(init)), module.state_dict()
        wrong = sorted(
            k for k in given.keys() | mine.keys() if k not in given or k not in mine or given[k].shape != mine[k].shape
        )
        if wrong:
            raise MisfitError(", ".join(wrong[:3]))
        module.load_state_dict(given)
        module = module.to(device)
        learners = dict(module.named_parameters())
    return Built(module.train(), learners, layers)


def _fill(module: nn.Module, args: tuple, device: torch.device) -> tuple[dict[str, str], dict[str, str]]:
    """Give every layer parameters that follow from its kind and its place; returns their paths and the layers, by name.

    The kind is the shapes of a layer's parameters, and whether it starts small. The place counts the layers of a kind
    in the order in which they are first used, then those that are not. So two Modules with the same layers get the same
    parameters, whatever the layers are called and in whichever order `__init__` makes them.
    """
    paths, layers, seen = {}, {}, Counter()
    for path in _in_order_of_use(module, args, device):
        layer = module.get_submodule(path)
        kind, words = _kind(layer)
        name = f"{kind}, number {seen[kind]}"
        seen[kind] += 1
        layers[name] = words
        for part, parameter in layer.named_parameters(recurse=False):
            generator = torch.Generator().manual_seed(zlib.crc32(f"{name}: {part}".encode()))
            # `device`: so that nobody takes it for a tensor of the attempt's that does not follow its inputs
            value = 0.3 * torch.randn(parameter.shape, generator=generator, device=torch.device("cpu"))
            centre = parameter.detach().mean().round().nan_to_num()  # 1 for the weights of a norm
            parameter.data.copy_(value + centre)
            paths[f"{name}: {part}"] = f"{path}.{part}".lstrip(".")
    return paths, layers


def _in_order_of_use(module: nn.Module, args: tuple, device: torch.device) -> list[str]:
    """The paths of layers with parameters of their own, first those that a call with `args` uses, in that order.

    Where no two are of a kind, the order does not matter, and nothing is called.
    """
    names = [name for name, layer in module.named_modules() if next(layer.parameters(recurse=False), None) is not None]
    if len({_kind(module.get_submodule(name))[0] for name in names}) == len(names):
        return names
    trial = copy.deepcopy(module).to(device)  # a call may change it
    owners = {id(p): name for name in names for p in trial.get_submodule(name).parameters(recurse=False)}
    with _Used(owners) as used, suppress(Exception), redirect_stdout(Pad()):
        trial(*copy.deepcopy(args))
    return list(dict.fromkeys([*used.names, *names]))


class _Used(TorchFunctionMode):
    """Notes in `names` whose parameters are given to torch's functions."""

    def __init__(self, owners: dict[int, str]):
        super().__init__()
        self.owners, self.names = owners, []

    def __torch_function__(
        self, function: Callable, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        given = [*args, *(kwargs or {}).values()]
        self.names += [self.owners[id(value)] for value in given if id(value) in self.owners]
        return function(*args, **(kwargs or {}))


def _kind(layer: nn.Module) -> tuple[str, str]:
    """The shapes of a layer's parameters, and the same in words. Nothing in it tells how its parts are called."""
    own = dict(layer.named_parameters(recurse=False))
    shapes = [f"{name} {tuple(parameter.shape)}" for name, parameter in own.items()]
    words = f"a `{type(layer).__name__}` with {' and '.join(shapes)}"
    weight = own.get("weight")
    # torch starts with numbers up to 1 / sqrt(n), where n inputs add up to one output
    small = weight is not None and weight.ndim > 1 and bool(weight.abs().max() < 0.1 / weight[0].numel() ** 0.5)
    return f"{', '.join(shapes)}{', small' * small}", words + ", small at the start" * small


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
        if not (isinstance(attempt, type) and issubclass(attempt, nn.Module)):
            return f"Hand in the class itself, `check({quiz.name})`; it has to be an `nn.Module`."
        return _wrong_init(quiz, attempt) if quiz.whole else ""
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


def _wrong_init(quiz: Quiz, attempt: type[nn.Module]) -> str:
    try:
        inspect.signature(attempt).bind(*inspect.signature(quiz.reference).parameters)
    except TypeError:
        return f"Its `__init__` has to take these arguments in this order: `{quiz.call}`."
    except ValueError:
        return ""  # no signature to be had: calling will tell
    return ""
