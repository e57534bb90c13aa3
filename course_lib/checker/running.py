"""Run an attempt: in which way it is called for one look at it, and what comes back as data.

Nothing here knows the answer, so it can also run where the answer must not be (course_lib.grading).
"""

import copy
import functools
import itertools
import sys
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_lib.checker.compare import repeats
from course_lib.checker.manner import Manner
from course_lib.checker.sandbox import Outcome, Pad, call
from course_lib.checker.submission import file_of
from course_lib.checker.values import MAX_ITEMS, learning_state, named_tensors, snapshot, tensors_in

State = dict[str, Tensor] | None  # of a Module whose `__init__` is given: the parameters that it gets
Look = Literal["result", "gradients", "saved", "new tensors"]


@dataclass(frozen=True)
class Trial:
    """Some arguments; with `twice` what is asked is whether a second call with them repeats the first.

    With `no_grad` the call finds gradients switched off.
    """

    case: tuple
    twice: bool = False
    no_grad: bool = False

    def of(self, attempt: Callable) -> Callable:
        called = functools.partial(repeats, attempt) if self.twice else attempt
        return functools.partial(_within_no_grad, called) if self.no_grad else called


def _within_no_grad(attempt: Callable, *args: object) -> object:
    with torch.no_grad():
        return attempt(*args)


def perform(
    manner: Manner, attempt: Callable, look: Look, trial: Trial, state: State, seconds: float, seed: int = 0
) -> Outcome:
    """What `attempt` does in `trial`, for one look at it, in at most `seconds`.

    look   "result": what it returns; "gradients": what flows back through it, by name; "saved": how many tensors it
           keeps for gradients, "in all" and "at once"; "new tensors": whether it makes tensors without a device
    """
    if look == "gradients":
        called = gradients(manner, attempt, state)
    elif look == "saved":
        called = functools.partial(_saved_for_gradients, attempt)
    else:
        called = trial.of(runnable(manner, attempt, state))
        called = functools.partial(_makes_tensors, called) if look == "new tensors" else called
    return call(called, trial.case, seconds, seed, file_of(attempt))


def _makes_tensors(called: Callable, *args: object) -> bool:
    with NewTensors() as new, suppress(Exception):
        snapshot(called(*args))
    return new.found


class _Held:
    """A tensor that a graph has saved; `alive` counts how many there are."""

    def __init__(self, tensor: Tensor, alive: Counter):
        self.tensor, self.alive = tensor, alive
        alive["now"] += 1
        alive["in all"] += 1
        alive["at once"] = max(alive["at once"], alive["now"])

    def __del__(self) -> None:
        self.alive["now"] -= 1


def _saved_for_gradients(attempt: Callable, *args: object) -> dict[str, int]:
    """How many tensors a call saved for gradients that somebody might ask for, in all and at once."""
    alive: Counter = Counter()
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: _Held(tensor, alive), lambda held: held.tensor):
        result = attempt(*args)
        if isinstance(result, Iterator):
            deque(result, maxlen=0)
    return {name: alive[name] for name in ("in all", "at once")}


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


def runnable(manner: Manner, attempt: Callable, state: State) -> Callable:
    """A function of a case's arguments: the attempt; for a Module what builds it with the reference's parameters."""
    if manner.whole:
        return lambda init, *args: _with_layers(manner, attempt, state, init, args)
    if manner.is_module:
        return lambda init, *args: _build(manner, attempt, state, init, args).module(*args)
    if manner.changes:
        return lambda *args: _watched(manner, attempt, args)
    return attempt


def _watched(manner: Manner, attempt: Callable, args: tuple) -> object:
    """What the calls return, and what the tensors that they are meant to change hold after them, by name.

    Those are the tensors from before the calls: one that is put in the place of another is no change of it. What a
    function returns that need not return anything does not matter. Of what hands out its results one by one, the
    tensors are looked at when the first has come as well: by then a single step should be done, and all of it.
    """
    places = {name: manner.arguments.index(name) for name in manner.changes}
    afterwards = {
        f"tensor `{part}` of `{name}` afterwards": tensor
        for name, place in places.items()
        for part, tensor in named_tensors(args[place]).items()
    }
    results, given, at_first = [], args, {}
    for turn in range(manner.calls):
        if turn and manner.then is not None:
            given = manner.then(*given)
        result = attempt(*given)
        if manner.hands_out and not turn:
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
    facts: dict[str, Tensor | int] = {
        part: tensor.detach() if tensor.is_leaf else tensor for part, tensor in afterwards.items()
    }
    for name in manner.learns:
        at_work, frozen = learning_state(args[manner.arguments.index(name)])
        facts[f"number of layers of `{name}` in training mode afterwards"] = at_work
        facts[f"number of frozen parameters of `{name}` afterwards"] = frozen
    modules = {name: arg for name, arg in zip(manner.arguments, given, strict=False) if isinstance(arg, nn.Module)}
    for (one, mine), (other, theirs) in itertools.combinations(modules.items(), 2):
        shared = {p.data_ptr() for p in mine.parameters()} & {p.data_ptr() for p in theirs.parameters()} - {0}
        facts[f"number of tensors that `{one}` and `{other}` have in common afterwards"] = len(shared)
    if manner.returns_nothing:
        return facts
    return {f"result of call {number}": result for number, result in enumerate(results, 1)} | at_first | facts


def gradients(manner: Manner, attempt: Callable, state: State) -> Callable:
    """A function of a case's arguments: what flows back from the result to every tensor that can learn, by name.

    Empty if the result is no tensor, or nothing flows.
    """

    def run(*args: Any) -> dict[str, Tensor]:
        if manner.is_module:
            built = _build(manner, attempt, state, args[0], args[1:])
            learners, result = built.learners, built.module(*args[1:])
        else:
            inputs = [tensor for tensor in tensors_in(args) if tensor.requires_grad]
            learners, result = {str(i): tensor for i, tensor in enumerate(inputs)}, attempt(*args)
        if not isinstance(result, Tensor) or not result.requires_grad or not learners:
            return {}
        pull = torch.linspace(-1, 2, result.numel(), device=result.device, dtype=result.dtype).reshape(result.shape)
        if manner.whole:  # a layer that nothing uses is no fault
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


def _with_layers(manner: Manner, attempt: Callable, state: State, init: tuple, args: tuple) -> dict[str, object]:
    """What a `whole` Module returns, and which layers it has."""
    built = _build(manner, attempt, state, init, args)
    return {"result": built.module(*args), "layers": built.layers}


def _build(manner: Manner, attempt: Callable, state: State, init: tuple, args: tuple) -> Built:
    """A Module of the attempt's, in training mode where `args` are, with the reference's parameters.

    Where the student writes `__init__`, the reference's names are not known to the attempt: `_fill` says what it gets.
    """
    layers: dict[str, str] = {}
    module = attempt(*copy.deepcopy(init))  # a copy: a layer among them would be changed
    device = next((tensor.device for tensor in tensors_in(args)), torch.device("cpu"))
    if manner.whole:
        paths, layers = _fill(module, args, device)
        module = module.to(device)
        learners = {name: module.get_parameter(path) for name, path in paths.items()}
    else:
        given, mine = state or {}, module.state_dict()
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
    paths: dict[str, str] = {}
    layers: dict[str, str] = {}
    seen: Counter[str] = Counter()
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
        self.owners = owners
        self.names: list[str] = []

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
