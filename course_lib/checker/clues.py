"""What a wrong result has in common with the right one, in one true sentence.

Each sentence is a measurement: it is said only if it holds in every case in which the result was wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from course_lib.checker.compare import as_double
from course_lib.checker.isolation import originals

RTOL = 2e-3  # of a result's largest number


@dataclass(frozen=True)
class Wrong:
    """A wrong result beside the right one, both of one shape, and the inputs that it may be made of, by name."""

    yours: Tensor
    expected: Tensor
    inputs: dict[str, Tensor] = field(default_factory=dict)

    @property
    def off(self) -> float:
        return float((self.yours - self.expected).abs().max())

    def is_(self, other: Tensor) -> bool:
        """Whether the wrong result is `other`."""
        return _equal(self.yours, other, self.off)


@originals()
def clue(wrong: Sequence[Wrong]) -> str:
    """The first sentence that holds for all of these results, with a space behind it; empty if none does."""
    pairs = [Wrong(as_double(w.yours), as_double(w.expected), w.inputs) for w in wrong]
    if not pairs or any(p.yours.is_complex() or not p.yours.isfinite().all() or not p.yours.numel() for p in pairs):
        return ""
    sentences = (
        _unary(pairs),
        _factor(pairs),
        _offset(pairs),
        _bound(pairs),
        _input(pairs),
        _order(pairs),
        _mixture(pairs),
    )
    sentence = next((text for found in sentences for text in found), "") or _rows(pairs, wrong[0]) or _nearly(pairs)
    return f"{sentence} " if sentence else ""


def _equal(one: Tensor, other: Tensor, off: float = float("inf")) -> bool:
    """Whether two tensors agree: much better than by `off`, by which the result is wrong."""
    if one.shape != other.shape or not one.isfinite().all() or not other.isfinite().all():
        return False
    size = float(other.detach().abs().max()) if other.numel() else 0.0
    return bool(((one - other).abs() <= min(RTOL * size, 0.05 * off) + 1e-12).all())


def _enough(pairs: Sequence[Wrong]) -> bool:
    """Whether there are several different numbers: of a single one everything is a multiple."""
    return len(torch.cat([p.expected.flatten() for p in pairs]).unique()) >= 3


_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "Right but for the sign.": torch.neg,
    "It is the square of what is expected.": torch.square,
    "It is the square root of what is expected.": torch.sqrt,
    "Upside down: it is 1 divided by what is expected.": torch.reciprocal,
    "It is the logarithm of what is expected.": torch.log,
    "It is the exponential of what is expected.": torch.exp,
    "It is 1 minus what is expected.": lambda x: 1 - x,
    "It is what is expected without its sign.": torch.abs,
    "It is what is expected, clipped to [-1, 1].": lambda x: x.clamp(-1, 1),
    "It is what is expected, clipped to [0, 1].": lambda x: x.clamp(0, 1),
    "It is what is expected, with 0 for what is negative.": lambda x: x.clamp(min=0),
    "It is what is expected, rounded down.": torch.floor,
}


def _unary(pairs: Sequence[Wrong]) -> Iterator[str]:
    if _enough(pairs) and len(torch.cat([p.yours.flatten() for p in pairs]).unique()) >= 3:
        for text, function in _UNARY.items():
            if all(p.is_(function(p.expected)) for p in pairs):
                yield text
    if all((p.yours == 0).all() for p in pairs):
        yield "It is 0 everywhere."


def _common(values: Iterable[Tensor]) -> float | None:
    """The one number that all these are, to a thousandth; None if they differ."""
    every = torch.cat([v.flatten() for v in values])
    if not len(every) or not every.isfinite().all():
        return None
    middle = float(every.median())
    return middle if bool(((every - middle).abs() <= RTOL * abs(middle)).all()) else None


def _solid(p: Wrong) -> Tensor:
    """The places where the expected number is not small: only there a quotient says something."""
    return p.expected.abs() > 0.01 * p.expected.abs().max()


def _factor(pairs: Sequence[Wrong]) -> Iterator[str]:
    if not _enough(pairs):
        return
    factor = _common(p.yours[_solid(p)] / p.expected[_solid(p)] for p in pairs)
    if factor is not None and abs(factor) > 0.01 and all(p.is_(factor * p.expected) for p in pairs):
        yield f"Always {factor:.3g} times what is expected."
        return
    one_each = [_common([p.yours[_solid(p)] / p.expected[_solid(p)]]) for p in pairs]
    if (
        all(k is not None and abs(k) > 0.01 for k in one_each)
        and all(p.expected.numel() >= 3 for p in pairs)
        and all(p.is_(k * p.expected) for p, k in zip(pairs, one_each, strict=True))
    ):
        digits = next((n for n in range(3, 8) if len({f"{k:.{n}g}" for k in one_each}) > 1), 8)
        factors = ", ".join(f"{k:.{digits}g}" for k in one_each[:3])
        yield f"A multiple of what is expected, in each case another one ({factors})."


def _offset(pairs: Sequence[Wrong]) -> Iterator[str]:
    offset = _common(p.yours - p.expected for p in pairs) if _enough(pairs) else None
    if offset is not None:
        yield f"Always {abs(offset):.3g} too {'large' if offset > 0 else 'small'}."


def _bound(pairs: Sequence[Wrong]) -> Iterator[str]:
    """One and the same smallest or largest value in all results, and nothing else that is wrong."""
    if not _enough(pairs):
        return
    low, high = _common(p.yours.min() for p in pairs), _common(p.yours.max() for p in pairs)
    if low is not None and all(p.is_(p.expected.clamp(min=low)) for p in pairs):
        yield f"It is what is expected, but never below {low:.3g}."
    if high is not None and all(p.is_(p.expected.clamp(max=high)) for p in pairs):
        yield f"It is what is expected, but never above {high:.3g}."


def _input(pairs: Sequence[Wrong]) -> Iterator[str]:
    for name in pairs[0].inputs:
        given = [p.inputs.get(name) for p in pairs]
        if all(g is not None and p.is_(as_double(g)) for p, g in zip(pairs, given, strict=True)):
            yield f"It is {name}, unchanged."


def _order(pairs: Sequence[Wrong]) -> Iterator[str]:
    if not all(p.yours.ndim and p.yours.shape == p.expected.shape for p in pairs):
        return
    long = all(len(p.yours) > 3 for p in pairs)
    if long and all(
        _equal(p.yours[1:], p.expected[:-1], p.off) or _equal(p.yours[:-1], p.expected[1:], p.off) for p in pairs
    ):
        yield "Shifted by one place."
    if long and all(p.is_(p.expected.flip(0)) for p in pairs):
        yield "In reverse order."
    if all(p.yours.ndim >= 2 and p.yours.shape[-1] == p.yours.shape[-2] for p in pairs) and all(
        p.is_(p.expected.transpose(-1, -2)) for p in pairs
    ):
        yield "The last two axes have changed places."
    for axis in range(min(p.yours.ndim for p in pairs)):
        if all(
            p.yours.shape[axis] > 1 and _equal(p.yours.sort(axis)[0], p.expected.sort(axis)[0], p.off) for p in pairs
        ):
            yield f"The numbers along axis {axis} are right, their order is not."
    if all(
        p.yours.numel() > 3 and _equal(p.yours.flatten().sort()[0], p.expected.flatten().sort()[0], p.off)
        for p in pairs
    ):
        yield "The right numbers, at other places."


def _mixture(pairs: Sequence[Wrong]) -> Iterator[str]:
    """What is off in each row is a multiple of one input, or of two: their weights are not right."""
    large = [p for p in pairs if p.expected.ndim > 1 and p.expected[0].numel() >= 4]
    if not large:
        return
    names = [n for n in large[0].inputs if all(_same_shape(p, n) for p in large)]
    for name in names:
        weights = [_weights(p, [name]) for p in large]
        nothing_else = all(_weights(replace(p, yours=2 * p.expected), [name]) is not None for p in large)
        if all(w is not None for w in weights) and not nothing_else:
            same = _common(w for w in weights if w is not None)
            if same is not None:
                times = "" if abs(abs(same) - 1) < RTOL else f"{abs(same):.3g} times "
                yield f"It is what is expected {'plus' if same > 0 else 'minus'} {times}{name}."
            else:
                yield f"It is what is expected plus a multiple of {name}: with which weight does it come in?"
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if all(_weights(p, [one, other]) is not None for p in large):
                yield f"It is what is expected plus multiples of {one} and {other}: look at both weights."


def _same_shape(p: Wrong, name: str) -> bool:
    given = p.inputs.get(name)
    return given is not None and given.is_floating_point() and given.shape == p.expected.shape


def _weights(p: Wrong, names: Sequence[str]) -> Tensor | None:
    """The weights (B, names) with which these inputs make up what is off in each row; None if they do not."""
    off = (p.yours - p.expected).flatten(1)  # (B, n)
    basis = torch.stack([as_double(p.inputs[name]).flatten(1) for name in names], dim=2)  # (B, n, names)
    if off.shape[1] < 2 + len(names):
        return None
    weights = torch.linalg.lstsq(basis, off[:, :, None]).solution
    left = (basis @ weights).squeeze(2) - off
    fits = left.norm(dim=1) <= 5e-3 * off.norm(dim=1) + 1e-5 * p.expected.flatten(1).norm(dim=1)
    return weights.squeeze(2) if fits.all() else None


def _rows(pairs: Sequence[Wrong], first: Wrong) -> str:
    """Of a single case: which rows are right. A single whole number in a row of them may be right by chance."""
    p = pairs[0]
    if not p.expected.ndim or len(p.expected) < 2:
        return ""
    wrong = [not _equal(a, b, p.off) for a, b in zip(p.yours, p.expected, strict=True)]
    right = [i for i, off in enumerate(wrong) if not off]
    kind = "rows" if p.expected.ndim > 1 else "places"
    by_chance = 1 if first.expected.ndim == 1 and not first.expected.is_floating_point() else 0
    if len(right) <= by_chance or len(right) == len(wrong):
        return ""
    if len(right) <= min(3, len(wrong) // 2):
        return f"Right only in {_listed(kind, right)}."
    if len(wrong) - len(right) <= 3:
        return f"Wrong only in {_listed(kind, [i for i, off in enumerate(wrong) if off])}."
    return f"Right in {len(right)} of {len(wrong)} {kind} only."


def _listed(kind: str, numbers: Sequence[int]) -> str:
    return f"{kind[:-1] if len(numbers) == 1 else kind} {', '.join(map(str, numbers))}"


def _nearly(pairs: Sequence[Wrong]) -> str:
    worst = max(float((p.yours - p.expected).abs().max() / p.expected.abs().max().clamp(min=1e-12)) for p in pairs)
    return f"Nearly right: off by at most {worst:.2g} of the largest number." if worst < 0.02 else ""
