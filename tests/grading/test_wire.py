"""What a child sends: everything that a call can return comes over, and no forged bytes do harm."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.checker.sandbox import Outcome, call
from course_lib.checker.values import Array, HandedOut, Other, arrays_in
from course_lib.grading.wire import LENGTH, ForgedError, pack, unpack


def returned(value: object) -> object:
    """What arrives of the value that a call returns."""
    return unpack(pack(call(lambda: value, (), 5.0))).value


KINDS = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool", "complex64", "complex128"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 1, 4)])
def test_tensors_arrive_as_they_were(kind: str, shape: tuple[int, ...]) -> None:
    sent = (torch.arange(math.prod(shape)).reshape(shape) % 3).to(getattr(torch, kind))
    array = returned(sent)
    assert isinstance(array, Array)
    assert array.data is not None
    assert torch.equal(array.data, sent)
    assert (array.dtype, array.shape, array.device, array.requires_grad, array.is_numpy) == (
        sent.dtype,
        sent.shape,
        "cpu",
        False,
        False,
    )


def test_views_gradients_numpy_and_meta_arrive() -> None:
    turned = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(arrays_in(returned(turned))[0].data, turned)
    shared = torch.ones(3)
    assert len(arrays_in(returned((shared, shared)))) == 2
    assert arrays_in(returned(torch.ones(2, requires_grad=True) * 2))[0].requires_grad
    assert arrays_in(returned(np.ones(3)))[0].is_numpy
    meta = arrays_in(returned(torch.ones(3, device="meta")))[0]
    assert (meta.data, meta.device, meta.shape) == (None, "meta", (3,))


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False),
    st.text(max_size=50),
    st.just(...),
)


@given(st.recursive(PLAIN, lambda inner: st.one_of(st.lists(inner).map(tuple), st.dictionaries(st.text(), inner))))
@settings(max_examples=60, deadline=None)
def test_plain_data_arrives_as_it_was(value: object) -> None:
    outcome = Outcome(value=value, changed=(0, 2), moved_random=True, printed="hello")
    assert unpack(pack(outcome)) == outcome


def test_odd_values_arrive() -> None:
    assert math.isnan(returned(math.nan))
    assert returned(math.inf) == math.inf
    assert isinstance(returned(iter([1, 2])), HandedOut)
    assert returned(10**400) == Other("a huge whole number")
    assert returned(print) == Other("an object of type `builtin_function_or_method`")
    failed = call(lambda: 1 / 0, (), 5.0)
    assert unpack(pack(failed)) == failed


def forged(change: dict, tensors: bytes | None = None) -> bytes:
    """The bytes of a tensor's outcome, with fields replaced."""
    honest = pack(Outcome(value=Array(torch.ones(2), (2,), torch.float32, "cpu", False)))
    (length,) = LENGTH.unpack_from(honest)
    fields = json.loads(honest[LENGTH.size : LENGTH.size + length]) | change
    text = json.dumps(fields).encode()
    return LENGTH.pack(len(text)) + text + (honest[LENGTH.size + length :] if tensors is None else tensors)


def nested(depth: int) -> dict:
    node: dict = {"plain": 1}
    for _ in range(depth):
        node = {"tuple": [node]}
    return node


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\xff" * 100,
        LENGTH.pack(2**60) + b"{}",
        LENGTH.pack(2) + b"{}",
        LENGTH.pack(2) + b"[]" + b"x",
        forged({}, tensors=b""),
        forged({}, tensors=LENGTH.pack(2**62)),
        forged({"value": 3}),
        forged({"value": {}}),
        forged({"value": {"plain": 1, "tuple": []}}),
        forged({"value": {"pickle": "gASV"}}),
        forged({"value": {"plain": [1]}}),
        forged({"value": {"tuple": {}}}),
        forged({"value": {"array": ["0", [3], "float32", "cpu", False, False]}}),
        forged({"value": {"array": ["0", [2], "float64", "cpu", False, False]}}),
        forged({"value": {"array": ["0", [2], "float32", "tpu", False, False]}}),
        forged({"value": {"array": ["0", [2], "complex64", "cpu", False, False]}}),
        forged({"value": {"array": ["9", [2], "float32", "cpu", False, False]}}),
        forged({"value": {"array": ["0", ["2"], "float32", "cpu", False, False]}}),
        forged({"value": {"array": ["0", [2], "float32", "cpu", 0, False]}}),
        forged({"value": {"array": ["0"]}}),
        forged({"value": nested(40)}),
        forged({"value": {"tuple": [{"plain": 1}] * 5000}}),
        forged({"changed": [10**9]}),
        forged({"changed": ["a"]}),
        forged({"timed_out": 1}),
        forged({"moved_random": None}),
        forged({"error": 3}),
    ],
)
def test_forged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ForgedError):
        unpack(data)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ForgedError):
        unpack(data)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_bytes_with_an_error_are_refused_or_data(data: st.DataObject) -> None:
    honest = bytearray(pack(Outcome(value=(Array(torch.arange(3.0), (3,), torch.float32, "cpu", False), {"a": 1}))))
    place = data.draw(st.integers(0, len(honest) - 1))
    honest[place] = data.draw(st.integers(0, 255))
    try:
        outcome = unpack(bytes(honest))
    except ForgedError:
        return
    assert isinstance(outcome, Outcome)


def test_a_deep_forgery_does_not_overflow_the_stack() -> None:
    text = b'{"value":' + b'{"tuple":[' * 100_000 + b"]}" * 100_000 + b"}"
    with pytest.raises(ForgedError):
        unpack(LENGTH.pack(len(text)) + text)
