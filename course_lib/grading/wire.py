"""What a child sends back, as bytes: JSON and safetensors, never pickle. Whatever comes is checked as if forged."""

import json
import struct
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from course_lib.checker.sandbox import Outcome
from course_lib.checker.values import MAX_ITEMS, Array, HandedOut, Other

T = TypeVar("T")
LENGTH = struct.Struct("<Q")
MAX_DEPTH, MAX_NODES, MAX_TEXT = 30, 100_000, 2_000
HUGE = 10**300  # a larger whole number is no result of any quiz
DTYPES = {str(kind).removeprefix("torch."): kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)}
DEVICES = ("cpu", "cuda", "mps", "meta")


class ForgedError(Exception):
    """Bytes that no honest child sends."""


def pack(outcome: Outcome) -> bytes:
    """An Outcome as bytes: the length of the JSON, the JSON, the tensors."""
    tensors: dict[str, Tensor] = {}
    fields = {**vars(outcome), "value": _encode(outcome.value, tensors), "changed": list(outcome.changed)}
    text = json.dumps(fields).encode()
    return LENGTH.pack(len(text)) + text + save(tensors)


def _encode(value: object, tensors: dict[str, Tensor]) -> dict[str, Any]:
    if isinstance(value, Array):
        place = None
        if value.data is not None:
            place = str(len(tensors))
            tensors[place] = torch.view_as_real(value.data) if value.data.is_complex() else value.data
            tensors[place] = tensors[place].contiguous()
        shape, dtype = list(value.shape), str(value.dtype).removeprefix("torch.")
        return {"array": [place, shape, dtype, value.device, value.requires_grad, value.is_numpy]}
    if isinstance(value, Other):
        return {"other": value.kind[:MAX_TEXT]}
    if isinstance(value, tuple):
        kind = "handed_out" if isinstance(value, HandedOut) else "tuple"
        return {kind: [_encode(item, tensors) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[key, _encode(item, tensors)] for key, item in value.items()]}
    if value is ...:
        return {"ellipsis": True}
    if isinstance(value, int) and abs(value) > HUGE:
        return {"other": "a huge whole number"}
    return {"plain": value[:MAX_TEXT] if isinstance(value, str) else value}


def unpack(data: bytes) -> Outcome:
    """The Outcome in `data`. Raises ForgedError for anything that `pack` does not make."""
    try:
        (length,) = LENGTH.unpack_from(data)
        text, rest = data[LENGTH.size : LENGTH.size + length], data[LENGTH.size + length :]
        fields, tensors = json.loads(text), load(rest)
        return Outcome(
            value=_Decoder(tensors).value(fields["value"]),
            error=_text(fields["error"], 200),
            says=_text(fields["says"], MAX_TEXT),
            line=_text(fields["line"], MAX_TEXT),
            timed_out=_of(bool, fields["timed_out"]),
            changed=tuple(_small(place) for place in _of(list, fields["changed"])),
            moved_random=_of(bool, fields["moved_random"]),
            printed=_text(fields["printed"], 2 * MAX_TEXT),
        )
    except ForgedError:
        raise
    except (ValueError, TypeError, LookupError, RuntimeError, struct.error, SafetensorError) as error:
        raise ForgedError(type(error).__name__) from None


def _of(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise ForgedError(f"a {type(value).__name__} where a {kind.__name__} should be")
    return value


def _text(value: object, most: int) -> str:
    return _of(str, value)[:most]


def _small(value: object) -> int:
    number = _of(int, value)
    if not 0 <= number < 1000:
        raise ForgedError("a number out of range")
    return number


class _Decoder:
    """Values from JSON, with a limit on their number and depth."""

    def __init__(self, tensors: dict[str, Tensor]):
        self.tensors, self.nodes = tensors, 0

    def value(self, node: object, depth: int = 0) -> object:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise ForgedError("too much of it")
        ((kind, content),) = _of(dict, node).items()
        decode: dict[str, Callable[[], object]] = {
            "array": lambda: self._array(*_of(list, content)),
            "other": lambda: Other(_text(content, MAX_TEXT)),
            "tuple": lambda: tuple(self._items(content, depth)),
            "handed_out": lambda: HandedOut(self._items(content, depth)),
            "dict": lambda: {_text(key, MAX_TEXT): self.value(item, depth + 1) for key, item in _of(list, content)},
            "ellipsis": lambda: ...,
            "plain": lambda: _plain(content),
        }
        return decode[kind]()

    def _items(self, content: object, depth: int) -> list[object]:
        items = _of(list, content)
        if len(items) > MAX_ITEMS:
            raise ForgedError("too many things")
        return [self.value(item, depth + 1) for item in items]

    def _array(
        self, place: object, shape: object, dtype: object, device: object, requires_grad: object, is_numpy: object
    ) -> Array:
        kind, sizes = DTYPES[_text(dtype, 50)], tuple(_of(int, size) for size in _of(list, shape))
        if device not in DEVICES:
            raise ForgedError("an unknown device")
        data = None if place is None else self.tensors[_text(place, 20)]
        if data is not None:
            data = torch.view_as_complex(data) if kind.is_complex else data
            if data.dtype != kind or tuple(data.shape) != sizes:
                raise ForgedError("a tensor that is not what it is called")
        return Array(data, sizes, kind, str(device), _of(bool, requires_grad), _of(bool, is_numpy))


def _plain(content: object) -> object:
    if content is not None and type(content) not in (bool, int, float, str):
        raise ForgedError("no plain value")
    return content
