"""What is wrong with one result, in a sentence."""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.checker.sandbox import Outcome
from course_lib.checker.values import Array, Other, arrays_in


@dataclass(frozen=True)
class Tolerance:
    """How close a result has to be."""

    rtol: float
    atol: float


@dataclass(frozen=True)
class Finding:
    """A finding, the sentence for it, and for wrong values the tensors to draw."""

    finding: str
    message: str
    yours: Tensor | None = None
    expected: Tensor | None = None


def finding_in(yours: object, expected: object, tolerance: Tolerance, parts: tuple[str, ...] = ()) -> Finding | None:
    """Compare two copied results; None if `yours` will do. `parts` names the items of a tuple."""
    if isinstance(expected, Array):
        same_kind = isinstance(yours, Array) and yours.is_numpy == expected.is_numpy
        return _array(yours, expected, tolerance) if same_kind else _kind(yours, _name(expected))
    if isinstance(expected, tuple):
        count = f"{_things(expected)}, {' and '.join(parts)}" if parts else _things(expected)
        if not isinstance(yours, tuple):
            return _kind(yours, count)
        if len(yours) != len(expected):
            return Finding("type", f"It returns {_things(yours)} where {count} should come.")
        names = (
            [f"Item {i}" for i in range(len(expected))] if len(parts) != len(expected) else [f"The {p}" for p in parts]
        )
        for name, mine, right in zip(names, yours, expected, strict=True):
            if found := finding_in(mine, right, tolerance):
                return Finding(found.finding, f"{name}: {found.message}", found.yours, found.expected)
        return None
    if isinstance(expected, dict):
        if not isinstance(yours, dict) or set(yours) != set(expected):
            return _kind(yours, f"a dict with {', '.join(expected)}")
        items = (tuple(value[key] for key in expected) for value in (yours, expected))
        return finding_in(*items, tolerance, tuple(expected))
    return _plain(yours, expected, tolerance)


def _plain(yours: object, expected: object, tolerance: Tolerance) -> Finding | None:
    if isinstance(yours, Array) and yours.data is not None and yours.data.numel() == 1:
        yours = yours.data.item()
    numbers = (bool, int, float)
    if type(yours) in numbers and type(expected) in numbers:
        a, b = (torch.tensor(float(value), dtype=torch.float64) for value in (yours, expected))
        if torch.isclose(a, b, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True):
            return None
        return Finding("values", f"Yours is {two_numbers(yours, expected)}.")
    if type(yours) is not type(expected):
        return _kind(yours, "nothing" if expected is None else f"a value of the type `{type(expected).__name__}`")
    return None if yours == expected else Finding("values", f"It returns {yours!r:.40}, expected is {expected!r:.40}.")


def _kind(yours: object, expected: str) -> Finding:
    if yours is None:
        return Finding("type", f"It returns nothing, expected is {expected}. Is the `return` missing?")
    if isinstance(yours, Array):
        kind = _name(yours)
    elif isinstance(yours, Other):
        kind = yours.kind
    elif isinstance(yours, tuple):
        kind = f"{_things(yours)} in a tuple or list"
    else:
        kind = f"a value of the type `{type(yours).__name__}`"
    return Finding("type", f"It returns {kind}, expected is {expected}.")


def _name(array: Array) -> str:
    return "a NumPy array" if array.is_numpy else "a tensor"


def _things(items: tuple) -> str:
    return f"{len(items)} thing{'s' * (len(items) != 1)}"


def _array(yours: Array, expected: Array, tolerance: Tolerance) -> Finding | None:
    if yours.device != expected.device:
        return Finding(
            "device",
            f"The result is on {yours.device}, the inputs are on {expected.device}. "
            "Create new tensors with `device=x.device`, or from the inputs.",
        )
    if not fits(yours.shape, expected.shape) or yours.data is None:
        return Finding(
            "shape",
            f"Its shape is {_shape(yours.shape)}, expected is {_shape(expected.shape)}.{_advice(yours, expected)}",
            yours.data,
            expected.data,
        )
    if yours.dtype != expected.dtype and (yours.dtype, expected.dtype) != (torch.float32, torch.float64):
        return Finding("dtype", f"Its type is {_dtype(yours)}, expected is {_dtype(expected)}. Where did it change?")
    if expected.requires_grad and not yours.requires_grad:
        return Finding(
            "type", "No gradient can flow back through the result: did `detach`, `no_grad` or `item` cut it off?"
        )
    return _values(yours.data, expected.data, tolerance)


def fits(yours: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether the shapes have as many axes, each of the same size or one of them 1."""
    return len(yours) == len(expected) and all(a == b or 1 in (a, b) for a, b in zip(yours, expected, strict=True))


def _shape(shape: tuple[int, ...]) -> str:
    return "()" if not shape else "(" + ", ".join(map(str, shape[:6])) + (", ...)" if len(shape) > 6 else ")")


def _advice(yours: Array, expected: Array) -> str:
    if len(yours.shape) < len(expected.shape):
        return " Which axes are missing?"
    if len(yours.shape) > len(expected.shape):
        return " Where do the extra axes come from: a broadcast?"
    if expected.is_numpy:
        return " Which axis is wrong, and by how much?"
    if len(yours.shape) == 1:
        return (
            " One too many, or too few?" if abs(yours.shape[0] - expected.shape[0]) == 1 else " How many should it be?"
        )
    return " Which two axes met that should not have?"


def _dtype(array: Array) -> str:
    return str(array.dtype).removeprefix("torch.")


def _values(yours: Tensor, expected: Tensor, tolerance: Tolerance) -> Finding | None:
    a, b = torch.broadcast_tensors(_double(yours), _double(expected))
    close = torch.isclose(a, b, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True)
    if close.all():
        return None
    where = tuple(int(i) for i in (~close).nonzero()[0])
    place = f" at [{', '.join(map(str, where))}]" if where else ""
    bad = ~a.isfinite() & b.isfinite()
    if bad.any():
        first = tuple(int(i) for i in bad.nonzero()[0])
        return Finding(
            "nan",
            f"{int(bad.sum())} of {bad.numel()} values are nan or infinite, the first at {list(first)}. "
            "What divides by zero there, or takes the root of a negative number?",
        )
    clue = _clue(a, b, close, tolerance)
    number = two_numbers(float(a[where].real), float(b[where].real))
    return Finding("values", f"{clue}Yours{place} is {number}.", *torch.broadcast_tensors(yours, expected))


def _double(tensor: Tensor) -> Tensor:
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def two_numbers(yours: float, expected: float) -> str:
    """Both numbers with as many digits as it takes to tell them apart."""
    digits = next((n for n in range(4, 17) if f"{yours:.{n}g}" != f"{expected:.{n}g}"), 17)
    return f"{yours:.{digits}g}, expected is {expected:.{digits}g}"


def _clue(yours: Tensor, expected: Tensor, close: Tensor, tolerance: Tolerance) -> str:
    def equal(a: Tensor, b: Tensor) -> bool:
        return a.shape == b.shape and torch.allclose(a, b, rtol=tolerance.rtol, atol=tolerance.atol)

    if equal(-yours, expected):
        return "Right but for the sign. "
    if not yours.ndim or not close.numel():
        return ""
    if len(yours) > 3 and (equal(yours[1:], expected[:-1]) or equal(yours[:-1], expected[1:])):
        return "Shifted by one place. "
    scale = (yours / expected).flatten()
    if yours.numel() > 1 and scale.isfinite().all() and equal(scale, scale[:1].expand_as(scale)):
        return f"Always {float(scale[0]):.3g} times what is expected. "
    right = close.flatten(1).all(dim=1) if yours.ndim > 1 else close
    if right.any() and not right.all():
        which = [str(int(i)) for i in right.nonzero().flatten()]
        rows = "rows" if yours.ndim > 1 else "places"
        return (
            f"Right in {len(which)} of {len(right)} {rows} only. "
            if len(which) > 3
            else f"Right only in {rows} {', '.join(which)}. "
        )
    return ""


def alike(one: Outcome, other: Outcome, tolerance: Tolerance) -> bool:
    """Whether two calls raised the same kind of error, or returned the same values, whatever their type."""
    if not (one.returned and other.returned):
        return one.error == other.error and one.timed_out == other.timed_out
    return _same(one.value, other.value, tolerance)


def requires_grad(value: object) -> bool:
    """Whether a copied value is a tensor through which a gradient can flow."""
    return isinstance(value, Array) and value.requires_grad


def keeps_graph(mine: object, right: object) -> bool:
    """Whether a copied value has a tensor that can ask for a gradient where the right one has none."""
    pairs = zip(arrays_in(mine), arrays_in(right), strict=False)
    return any(one.requires_grad and not other.requires_grad for one, other in pairs)


def same_gradients(mine: object, right: object) -> bool:
    """Whether two copied dicts of gradients agree, to 1 % of the largest element of each: sums round differently."""
    if not isinstance(mine, dict) or not isinstance(right, dict) or mine.keys() != right.keys():
        return False
    for name, expected in right.items():
        found = mine[name]
        if not isinstance(found, Array) or found.data is None or found.shape != expected.shape:
            return False
        slack = 0.01 * float(expected.data.abs().max()) + 1e-5
        if not bool(((found.data - expected.data).abs() <= slack).all()):
            return False
    return True


def _same(one: object, other: object, tolerance: Tolerance) -> bool:
    if isinstance(one, Array) and isinstance(other, Array):
        if one.shape != other.shape or one.is_numpy != other.is_numpy or one.data is None or other.data is None:
            return False
        a, b = _double(one.data), _double(other.data)
        return a.dtype == b.dtype and torch.allclose(a, b, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other, [tolerance] * len(one)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], tolerance) for key in one)
    return type(one) is type(other) and _plain(one, other, tolerance) is None
