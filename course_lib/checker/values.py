"""What calls are given and what they return, as plain data: copied, moved, varied, copied."""

import copy
import functools
import itertools
import types
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.schedules import NoiseSchedule

MAX_ELEMENTS = 5_000_000  # a larger result is not copied, only its shape is looked at
MAX_ITEMS = 4096  # so many states are taken from an iterator


@dataclass(frozen=True, eq=False)
class Array:
    """A returned tensor, or NumPy array. `data` lies on the CPU; None if it is too large or has none (meta)."""

    data: Tensor | None
    shape: tuple[int, ...]
    dtype: torch.dtype
    device: str
    requires_grad: bool
    is_numpy: bool = False


@dataclass(frozen=True)
class Other:
    """Something returned that is neither a tensor nor plain data; `kind` says what, with its article."""

    kind: str


class HandedOut(tuple):
    """What an iterator handed out, one by one."""

    __slots__ = ()


def snapshot(result: object) -> object:
    """`result` as data: tensors and NumPy arrays to Array, lists and iterators to tuples, what is no data to Other.

    Numbers (NumPy's become Python's), strings and None stay. Runs inside the guard: a result's own methods are the
    student's code.
    """
    if isinstance(result, Tensor):
        return _array(result)
    if isinstance(result, np.generic):
        result = result.item()
    if type(result) is np.ndarray:
        return _numpy_array(result)
    if isinstance(result, Iterator):
        items = list(itertools.islice(result, MAX_ITEMS + 1))
        if len(items) > MAX_ITEMS:
            return Other(f"more than {MAX_ITEMS} things, perhaps without end")
        return HandedOut(snapshot(item) for item in items)
    if isinstance(result, tuple | list | deque) and len(result) <= MAX_ITEMS:
        return tuple(snapshot(item) for item in result)
    if type(result) is dict:
        return {str(key): snapshot(item) for key, item in result.items()}
    if result is None or result is ... or type(result) in (bool, int, float, str):
        return result
    kind = type(result).__name__
    return Other("a function" if kind == "function" else f"an object of type `{kind}`")


def _array(tensor: Tensor) -> "Array | Other":
    if type(tensor) not in (Tensor, nn.Parameter):
        return Other(f"a tensor of the type `{type(tensor).__name__}`")
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
        return Other("a sparse, nested or quantized tensor")
    small = tensor.numel() <= MAX_ELEMENTS and tensor.device.type != "meta"
    data = tensor.detach().cpu().clone() if small else None
    return Array(data, tuple(tensor.shape), tensor.dtype, tensor.device.type, tensor.requires_grad)


def _numpy_array(array: np.ndarray) -> "Array | Other":
    try:
        dtype = torch.from_numpy(np.empty(0, array.dtype)).dtype
    except (TypeError, ValueError):
        return Other(f"a NumPy array of the type `{array.dtype}`")
    data = torch.from_numpy(array.copy()) if array.size <= MAX_ELEMENTS else None
    return Array(data, array.shape, dtype, "cpu", requires_grad=False, is_numpy=True)


def arrays_in(value: object) -> list[Array]:
    """Every Array in a copied value."""
    if isinstance(value, Array):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [found for item in value for found in arrays_in(item)] if isinstance(value, tuple) else []


def tensors_in(value: object, depth: int = 5) -> Iterator[Tensor]:
    """Every tensor in an argument: in tuples, lists and dicts, and in the attributes of objects."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, nn.Module):
        yield from (*value.parameters(), *value.buffers())
    elif isinstance(value, functools.partial):
        yield from tensors_in((value.func, value.args, value.keywords), depth)
    elif depth and isinstance(value, tuple | list):
        for item in value:
            yield from tensors_in(item, depth - 1)
    elif depth and isinstance(value, dict):
        yield from tensors_in(list(value.values()), depth - 1)
    elif depth and hasattr(value, "__dict__") and not isinstance(value, type | types.ModuleType):
        yield from tensors_in(vars(value), depth - 1)


def named_tensors(value: object) -> dict[str, Tensor]:
    """The tensors in an argument that a call may change in place, by name: a module's parameters and buffers.

    Of an optimizer those that it moves, of anything else all there are, by number.
    """
    if isinstance(value, nn.Module):
        return dict(value.named_parameters()) | dict(value.named_buffers())
    found = value.param_groups if isinstance(value, torch.optim.Optimizer) else value
    return {str(number): tensor for number, tensor in enumerate(tensors_in(found))}


def learning_state(value: object) -> tuple[int, int]:
    """Of a network, or one with some of its arguments bound: its layers in training mode, its frozen parameters."""
    network = value.func if isinstance(value, functools.partial) else value
    at_work = sum(layer.training for layer in network.modules())
    return at_work, sum(not parameter.requires_grad for parameter in network.parameters())


def changed(before: object, after: object) -> bool:
    """Whether a call changed its argument: a tensor's shape, type or values, how many there are, or a network's mode.

    A tensor that was told to ask for gradients, or no longer to, counts, and a layer that was put into or out of
    training mode.
    """
    old, new = list(tensors_in(before)), list(tensors_in(after))
    if len(old) != len(new) or _network_modes(before) != _network_modes(after):
        return True
    return any(
        a.shape != b.shape
        or (a.dtype, a.device, a.requires_grad) != (b.dtype, b.device, b.requires_grad)
        or not (a.is_meta or torch.equal(a, b))
        for a, b in zip(old, new, strict=True)
    )


def _network_modes(value: object) -> list[bool]:
    network = value.func if isinstance(value, functools.partial) else value
    if not isinstance(network, nn.Module):
        return []
    return [layer.training for layer in network.modules()]


class Elsewhere(torch.Generator):
    """A generator that says it belongs to torch's meta device, where none is to be had: see who asks it."""

    device = torch.device("meta")

    def __deepcopy__(self, memo: dict) -> "Elsewhere":
        return Elsewhere()


def moved_case(case: tuple, device: str) -> tuple:
    """A copy of a case's arguments on `device`. A fresh optimizer among them moves the copied parameters."""
    shared = {}
    return tuple(_moved(value, device, shared) for value in case)


def _moved(value: object, device: str, shared: dict) -> object:
    """A copy of the argument `value` on `device`. Apple's MPS knows no float64; it gets float32.

    `shared` is deepcopy's memory of what has been copied: one dict for all that belongs together.
    """
    if isinstance(value, Tensor):
        if device == "mps" and value.dtype == torch.float64:
            value = value.float()
        return value.detach().clone().to(device).requires_grad_(value.requires_grad)
    if isinstance(value, tuple | list):
        return type(value)(_moved(item, device, shared) for item in value)
    if type(value) is dict:
        return {key: _moved(item, device, shared) for key, item in value.items()}
    if isinstance(value, NoiseSchedule | nn.Module):
        return copy.deepcopy(value, shared).to(device)
    if isinstance(value, functools.partial):
        function, args, keywords = _moved((value.func, value.args, value.keywords), device, shared)
        return functools.partial(function, *args, **keywords)
    if isinstance(value, torch.Generator) and device != "cpu":
        return Elsewhere() if device == "meta" else torch.Generator(device).manual_seed(value.initial_seed())
    return copy.deepcopy(value, shared)


def varied(value: object) -> list[object]:
    """Other arguments of the same kind, to see whether a result depends on it; none where nothing else is surely valid.

    Integers keep to their range, for they may be indices: in another order, all the smallest, all in the middle.
    """
    if isinstance(value, Tensor) and value.is_floating_point() and value.ndim:
        return [0.9 * value.detach().flip(0)]
    if isinstance(value, Tensor) and value.ndim and not value.is_complex() and value.dtype != torch.bool:
        low, high = value.min(), value.max()
        return [low + high - value, low.expand_as(value).clone(), ((low + high) // 2).expand_as(value).clone()]
    if isinstance(value, NoiseSchedule):
        return [NoiseSchedule(0.7 * value.betas)]
    if isinstance(value, torch.Generator):
        return [torch.Generator(value.device).manual_seed(value.initial_seed() + 1)]
    if type(value) is float:
        return [1.25 * value]
    if callable(value) and not isinstance(value, type):
        return [functools.partial(_smaller, value)]
    return []


def _smaller(function: Callable, *args: object) -> Tensor:
    return 0.9 * function(*args)
