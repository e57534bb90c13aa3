"""Each sentence about wrong results holds where it is said, and is not said where it does not hold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.checker.clues import Wrong, clue


def tensors(seed=0, shape=(4, 6)):
    g = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=g) + 0.5, torch.randn(shape, generator=g), torch.randn(shape, generator=g)


def said(change, shape=(4, 6), expected=None):
    """The clue about two cases in which `change` of the expected result was returned."""
    cases = []
    for seed in (0, 1):
        right, x, noise = tensors(seed, shape)
        right = right if expected is None else expected(x, noise)
        cases.append(Wrong(change(right, x, noise), right, {"`x`": x, "`noise`": noise}))
    return clue(cases)


def row(x):
    return torch.arange(1, len(x) + 1).reshape(-1, *[1] * (x.ndim - 1)) / 7


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r, x, n: -r, "Right but for the sign."),
        (lambda r, x, n: r**2, "the square of"),
        (lambda r, x, n: r.sqrt(), "the square root of"),
        (lambda r, x, n: 1 / r, "Upside down"),
        (lambda r, x, n: r.log(), "the logarithm of"),
        (lambda r, x, n: r.exp(), "the exponential of"),
        (lambda r, x, n: 1 - r, "1 minus what is expected"),
        (lambda r, x, n: r.clamp(-1, 1), "clipped to [-1, 1]"),
        (lambda r, x, n: torch.zeros_like(r), "0 everywhere"),
        (lambda r, x, n: r.clamp(min=0.8), "never below 0.8"),
        (lambda r, x, n: r.clamp(max=0.9), "never above 0.9"),
        (lambda r, x, n: 3 * r, "Always 3 times"),
        (lambda r, x, n: 1e-3 * r, ""),
        (lambda r, x, n: r + 0.25, "Always 0.25 too large"),
        (lambda r, x, n: r - 2, "Always 2 too small"),
        (lambda r, x, n: x, "It is `x`, unchanged."),
        (lambda r, x, n: r.flip(0), "In reverse order."),
        (lambda r, x, n: torch.cat([r[:1] + 1, r[:-1]]), "Shifted by one place."),
        (lambda r, x, n: r + n, "It is what is expected plus `noise`."),
        (lambda r, x, n: r - 0.5 * x, "It is what is expected minus 0.5 times `x`."),
        (lambda r, x, n: r.flip(1), "The numbers along axis 1 are right, their order is not."),
        (lambda r, x, n: r.flip(1).flip(0), "The right numbers, at other places."),
        (lambda r, x, n: r + row(r) * n, "plus a multiple of `noise`"),
        (lambda r, x, n: r + row(r) * n - row(r) ** 2 * x, "plus multiples of `x` and `noise`"),
        (lambda r, x, n: torch.cat([r[:3], r[3:] + x[3:] * n[3:]]), "Wrong only in row 3."),
        (lambda r, x, n: torch.cat([r[:1], r[1:] + x[1:] * n[1:]]), "Right only in row 0."),
        (lambda r, x, n: r + 0.005 * torch.sign(x), "Nearly right"),
        (lambda r, x, n: torch.rand_like(r) * 5, ""),
    ],
)
def test_what_a_wrong_result_is(change, sentence):
    found = said(change)
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_a_result_that_is_a_multiple_of_an_input_is_not_one_plus_a_multiple_of_it():
    """What is expected is a multiple of `noise` itself: "plus a multiple of it" would say nothing."""
    found = said(lambda r, x, n: r + row(r) * n, expected=lambda x, n: -3 * row(n) ** 2 * n)
    assert "multiple of `noise`" not in found


def test_two_cases_of_different_faults_have_nothing_in_common():
    right, x, _ = tensors()
    assert clue([Wrong(2 * right, right), Wrong(3 * right, right)]) == (
        "A multiple of what is expected, in each case another one (2, 3). "
    )
    assert clue([Wrong(2 * right, right), Wrong(right**2 + x**3, right)]) == ""


def test_of_a_single_number_nothing_is_said():
    """Of one number everything is a multiple."""
    one = torch.tensor(0.5)
    assert clue([Wrong(3 * one, one)]) == ""
    assert clue([Wrong(torch.tensor([3.0]), torch.tensor([0.5]))]) == ""


def test_a_tiny_result_is_no_multiple_of_a_large_one():
    """Compared with an absolute tolerance, 0 is "Always 1e-08 times" everything."""
    right, x, _ = tensors()
    assert "times" not in clue([Wrong(1e-9 * x, right)])
    assert "times" not in clue([Wrong(right, 1e-6 * right + 1e-7 * x)])


@given(st.integers(0, 10_000), st.floats(-5, 5), st.sampled_from([(5,), (3, 4), (2, 1, 4, 4)]))
def test_a_sentence_about_a_factor_is_true(seed, factor, shape):
    right, _, _ = tensors(seed, shape)
    found = clue([Wrong(factor * right, right)])
    if "Always" in found and "times" in found:
        assert float(found.split()[1]) == pytest.approx(factor, rel=0.01)


@given(st.integers(0, 10_000))
def test_about_unrelated_numbers_nothing_is_said(seed):
    right, x, noise = tensors(seed, (4, 9))
    assert clue([Wrong(x * noise + right.flip(1), right, {"`x`": x, "`noise`": noise})]) == ""


def test_what_is_nearly_right_is_not_the_right_numbers_in_another_order():
    """Off by less than the tolerance of a relation: many relations seem to hold then."""
    right, x, _ = tensors(shape=(4, 3))
    assert clue([Wrong(right + 1e-3 * x, right)]).startswith("Nearly right")
