"""Whether one result will do, and if not, which kind of fault it has."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.checker.isolation import originals
from course_lib.checker.sandbox import Outcome
from course_lib.checker.values import Array, HandedOut, Other, arrays_in, snapshot


@dataclass(frozen=True)
class Tolerance:
    """How close a result has to be: `atol` for numbers as large as 1, in proportion less for smaller results."""

    rtol: float
    atol: float

    def close(self, yours: Tensor, expected: Tensor) -> Tensor:
        """Which elements of two float64 or complex tensors of one shape are close enough, bool of that shape."""
        size = expected[expected.isfinite()].abs().max() if expected.isfinite().any() else torch.tensor(0.0)
        atol = self.atol * min(max(float(size), 1e-3), 1.0)
        return torch.isclose(yours, expected, rtol=self.rtol, atol=atol, equal_nan=True)


@dataclass(frozen=True)
class Finding:
    """A finding, the sentence for it, and for wrong values the tensors to draw.

    `part` says which of several results it is about, "The variance"; empty if there is only one.
    """

    finding: str
    message: str
    yours: Tensor | None = None
    expected: Tensor | None = None
    part: str = ""


@originals()
def finding_in(yours: object, expected: object, tolerance: Tolerance, parts: tuple[str, ...] = ()) -> Finding | None:
    """Compare two copied results; None if `yours` will do. `parts` names the items of a tuple."""
    if isinstance(expected, Array):
        same_kind = isinstance(yours, Array) and yours.is_numpy == expected.is_numpy
        return _array(yours, expected, tolerance) if same_kind else _kind(yours, _name(expected))
    if isinstance(expected, tuple):
        count = f"{_things(expected)}, {' and '.join(parts)}" if parts else _things(expected)
        if not isinstance(yours, tuple):
            return _kind(yours, count)
        if isinstance(expected, HandedOut) and not isinstance(yours, HandedOut):
            return _kind(yours, "an iterator that hands out one after the other: `yield` each as soon as it is there")
        if len(yours) != len(expected):
            return Finding("type", f"It returns {_things(yours)} where {count} should come.")
        names = (
            [f"Item {i}" for i in range(len(expected))] if len(parts) != len(expected) else [f"The {p}" for p in parts]
        )
        for name, mine, right in zip(names, yours, expected, strict=True):
            if found := finding_in(mine, right, tolerance):
                if not parts and found.finding == "values" and (table := _tables(yours, expected, tolerance)):
                    return table
                inner = f", {found.part[0].lower()}{found.part[1:]}" if found.part else ""
                return Finding(found.finding, found.message, found.yours, found.expected, name + inner)
        return None
    if isinstance(expected, dict):
        if not isinstance(yours, dict) or set(yours) != set(expected):
            return _kind(yours, f"a dict with {', '.join(expected)}")
        items = (tuple(value[key] for key in expected) for value in (yours, expected))
        return finding_in(*items, tolerance, tuple(expected))
    return _plain(yours, expected, tolerance)


def _tables(yours: tuple, expected: tuple, tolerance: Tolerance) -> Finding | None:
    """The finding for two tables of plain numbers: one wrong number does not speak for the others."""
    mine, right = _table(yours), _table(expected)
    if mine is None or right is None or mine.shape != right.shape:
        return None
    return _values(mine, right, tolerance)


def _table(value: object) -> Tensor | None:
    """Plain numbers in nested tuples, all of one length, as a tensor; None if it is anything else."""
    if isinstance(value, int | float):
        return torch.tensor(float(value), dtype=torch.float64)
    rows = [_table(item) for item in value] if isinstance(value, tuple) else []
    if not rows or any(row is None or row.shape != rows[0].shape for row in rows):
        return None
    return torch.stack([row for row in rows if row is not None])


def _plain(yours: object, expected: object, tolerance: Tolerance) -> Finding | None:
    if isinstance(yours, Array) and yours.data is not None and yours.data.numel() == 1:
        yours = yours.data.item()
    numbers = (bool, int, float)
    if type(yours) in numbers and type(expected) in numbers:
        a, b = (torch.tensor(float(value), dtype=torch.float64) for value in (yours, expected))
        if tolerance.close(a, b):
            return None
        return Finding("values", f"Yours is {two_numbers(yours, expected)}.", a, b)
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
            f"Its shape is {shape_text(yours.shape)}, expected is {shape_text(expected.shape)}. "
            f"{_difference_of_shapes(yours.shape, expected.shape)}",
            yours.data,
            expected.data,
        )
    if yours.dtype != expected.dtype and (yours.dtype, expected.dtype) != (torch.float32, torch.float64):
        return Finding("dtype", f"Its type is {_dtype(yours)}, expected is {_dtype(expected)}. Where did it change?")
    if expected.requires_grad and not yours.requires_grad:
        return Finding(
            "type",
            "No gradient can flow back through the result to anything that learns: is that cut off by `detach`, "
            "`no_grad` or `item`, or left out?",
        )
    return _values(yours.data, expected.data, tolerance)


def fits(yours: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether the shapes have as many axes, each of the same size or one of them 1."""
    return len(yours) == len(expected) and all(a == b or 1 in (a, b) for a, b in zip(yours, expected, strict=True))


def shape_text(shape: tuple[int, ...]) -> str:
    """The shape as Python writes it, at most six sizes."""
    return "()" if not shape else "(" + ", ".join(map(str, shape[:6])) + (", ...)" if len(shape) > 6 else ")")


def _difference_of_shapes(yours: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What differs, as a fact: how it came about may have many reasons."""
    if len(yours) != len(expected):
        missing = len(expected) - len(yours)
        count = f"{abs(missing)} ax{'es' if abs(missing) > 1 else 'is'}"
        return f"{count[0].upper()}{count[1:]} {'missing' if missing > 0 else 'too many'}."
    if sorted(yours) == sorted(expected):
        return "The sizes are right, their order is not."
    axes = [i for i, (a, b) in enumerate(zip(yours, expected, strict=True)) if a != b]
    if len(yours) == 1:
        return f"{abs(yours[0] - expected[0])} too {'many' if yours[0] > expected[0] else 'few'}."
    axis = axes[0]
    where = "Axis" if len(axes) == 1 else f"Axes {' and '.join(map(str, axes))} differ: axis"
    return f"{where} {axis} has the size {yours[axis]}, it should be {expected[axis]}."


def _dtype(array: Array) -> str:
    return str(array.dtype).removeprefix("torch.")


def _values(yours: Tensor, expected: Tensor, tolerance: Tolerance) -> Finding | None:
    a, b = torch.broadcast_tensors(as_double(yours), as_double(expected))
    close = tolerance.close(a, b)
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
    number = two_numbers(float(a[where].real), float(b[where].real))
    return Finding("values", f"Yours{place} is {number}.", *torch.broadcast_tensors(yours, expected))


def as_double(tensor: Tensor) -> Tensor:
    """In the precision in which results are compared."""
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def two_numbers(yours: float, expected: float) -> str:
    """Both numbers with as many digits as it takes to tell them apart."""
    digits = next((n for n in range(4, 17) if f"{yours:.{n}g}" != f"{expected:.{n}g}"), 17)
    return f"{yours:.{digits}g}, expected is {expected:.{digits}g}"


@originals()
def alike(one: Outcome, other: Outcome, tolerance: Tolerance) -> bool:
    """Whether two calls raised the same error with the same words, or returned the same values, whatever their type."""
    if not (one.returned and other.returned):
        return (one.error, one.says, one.timed_out) == (other.error, other.says, other.timed_out)
    return _same(one.value, other.value, tolerance)


def requires_grad(value: object) -> bool:
    """Whether a copied value is a tensor through which a gradient can flow."""
    return isinstance(value, Array) and value.requires_grad


def keeps_graph(mine: object, right: object) -> bool:
    """Whether a copied value has a tensor that can ask for a gradient where the right one has none."""
    pairs = zip(arrays_in(mine), arrays_in(right), strict=False)
    return any(one.requires_grad and not other.requires_grad for one, other in pairs)


@originals()
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


def repeats(attempt: Callable, *args: object) -> str:
    """Call twice with the same arguments, and say whether the second result repeats the first."""
    first, second = snapshot(attempt(*args)), snapshot(attempt(*args))
    return "it repeats the first" if _same(first, second, Tolerance(0, 0)) else "it goes on"


def _same(one: object, other: object, tolerance: Tolerance) -> bool:
    if isinstance(one, Array) and isinstance(other, Array):
        if one.shape != other.shape or one.is_numpy != other.is_numpy or one.data is None or other.data is None:
            return False
        a, b = as_double(one.data), as_double(other.data)
        return a.dtype == b.dtype and bool(tolerance.close(a, b).all())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other, [tolerance] * len(one)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], tolerance) for key in one)
    return type(one) is type(other) and _plain(one, other, tolerance) is None
