"""Modules whose `__init__` is the student's: whatever the layers are called, what is said about them is true."""

import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from course_lib import blocks
from course_lib.checker import running
from course_lib.checker.examine import examine
from course_lib.checker.quiz import Quiz, bare_source
from course_lib.publishing.notebooks import BEGIN, END, solved_cell
from course_lib.quizzes.registry import find

BLOCK = find("ResnetBlock")
SOURCE = bare_source(BLOCK.reference)


def written(old="", new="", source=SOURCE):
    """The reference with other names for its layers, as a class of its own, with `old` replaced by `new`."""
    for name, other in [("norm1", "a"), ("norm2", "b"), ("conv1", "first"), ("conv2", "second"), ("time_mlp", "hears")]:
        source = source.replace(f"self.{name}", f"self.{other}")
    assert source.count(old) == 1 or not old
    names = dict(vars(sys.modules["course_lib.blocks"]))
    exec(source.replace(old, new) if old else source, names)
    return names["ResnetBlock"]


def test_layers_may_have_any_names():
    assert examine(BLOCK, written()).passed


def swapped_lines(source, one, other):
    lines = source.splitlines()
    i, j = (next(n for n, line in enumerate(lines) if f"self.{name} = " in line) for name in (one, other))
    lines[i], lines[j] = lines[j], lines[i]
    return "\n".join(lines)


@pytest.mark.parametrize(("one", "other"), [("norm1", "norm2"), ("conv1", "conv2"), ("conv1", "shortcut")])
def test_layers_may_be_made_in_any_order(one, other):
    assert examine(BLOCK, written(source=swapped_lines(SOURCE, one, other))).passed


def test_layers_may_be_used_by_their_weights_alone():
    """Then no layer is called, and the order of use is that of the weights."""
    source = swapped_lines(swapped_lines(SOURCE, "norm1", "norm2"), "conv1", "conv2")
    source = source.replace(
        "self.conv2(self.activation(h))", "F.conv2d(self.activation(h), self.conv2.weight, self.conv2.bias, padding=1)"
    )
    names = vars(blocks) | {"F": functional}
    exec(source, names)
    assert examine(BLOCK, names["ResnetBlock"]).passed


def test_a_layer_that_starts_at_zero_starts_small_enough():
    zeroed = "self.second = nn.init.zeros_"
    source = "        nn.init.zeros_(self.second.weight)\n        self.activation = nn.SiLU()"
    assert "self.second = " in SOURCE.replace("conv2", "second")
    assert zeroed not in SOURCE
    plain = written(
        "shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1))",
        "nn.Conv2d(dim_out, dim_out, 3, padding=1)",
        SOURCE.replace("        self.activation = nn.SiLU()", source),
    )
    assert examine(BLOCK, plain).passed


def test_a_layer_that_nothing_uses_does_no_harm():
    assert examine(
        BLOCK, written("self.activation = nn.SiLU()", "self.activation, self.c = nn.SiLU(), nn.Linear(3, 3)")
    ).passed


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            "shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1))",
            "nn.Conv2d(dim_out, dim_out, 3, padding=1)",
            "not_shrunk",
        ),
        ("self.shortcut(x)", "0", "no_shortcut"),
        ("(1 + scale)", "scale", "scale_without_one"),
        (" if dim != dim_out else nn.Identity()", "", "shortcut_always_a_convolution"),
    ],
)
def test_a_mistake_is_named_whatever_the_layers_are_called(old, new, mistake):
    assert examine(BLOCK, written(old, new)).mistake == mistake


def test_other_layers_are_told_by_their_shapes():
    report = examine(BLOCK, written("nn.Linear(time_dim, width)", "nn.Linear(time_dim, 5), nn.Linear(5, width)"))
    assert report.finding == "type"
    assert "Missing: a `Linear` with weight (16, 6) and bias (16,)" in report.message
    assert "Too many: a `Linear` with weight (5, 6) and bias (5,)" in report.message


def test_right_layers_with_wrong_values_are_not_blamed():
    report = examine(BLOCK, written("return self.second", "return 3 * self.second"))
    assert report.finding == "values"
    assert "layers" not in report.message


def test_what_is_missing_in_init_is_said():
    assert "`super().__init__()`" in examine(BLOCK, written("super().__init__()", "pass")).message
    report = examine(
        BLOCK,
        written("dim: int, dim_out: int,", "dim: int,", SOURCE),
    )
    assert report.message == f"Its `__init__` has to take these arguments in this order: `{BLOCK.call}`."
    stub = SOURCE.replace("super().__init__()", "raise NotImplementedError")
    assert "`__init__` and `forward` of `ResnetBlock` are both yours" in examine(BLOCK, written(source=stub)).message


def test_a_tensor_that_stays_on_the_cpu_is_found():
    old = "h = self.first(self.activation(self.a(x)))"
    report = examine(BLOCK, written(old, f"{old} + torch.zeros(x.shape[-2:])"))
    assert (report.finding, "`device=x.device`" in report.message) == ("device", True)


def test_gradients_are_asked_of_all_layers():
    report = examine(
        BLOCK, written("self.first(self.activation(self.a(x)))", "self.first(self.activation(self.a(x))).detach()")
    )
    assert report.finding == "type"
    assert "gradient" in report.message


def test_a_layer_that_comes_as_an_argument_is_filled_alike_and_left_alone():
    quiz = Quiz(
        blocks.PreNorm, lambda g: [((4, nn.Conv2d(4, 4, 1)), torch.randn(2, 4, 3, 3))], 1, 1, ("?",), whole=True
    )

    class Mine(nn.Module):
        def __init__(self, dim, layer):
            super().__init__()
            self.steps = nn.Sequential(nn.GroupNorm(1, dim), layer)

        def forward(self, x):
            return self.steps(x)

    assert examine(quiz, Mine).passed


def test_checking_makes_no_tensor_that_only_the_checker_needs_on_meta():
    case = BLOCK.cases(torch.Generator().manual_seed(0))[0]
    state = BLOCK.state(case)
    with running.NewTensors() as new:
        running.runnable(BLOCK.manner, written(), state)(*case)
    assert not new.found


def test_the_solved_cell_marks_both_bodies():
    solved = solved_cell("ResnetBlock", "").splitlines()
    assert [line.strip() for line in solved].count(BEGIN) == [line.strip() for line in solved].count(END) == 2
    begin, end = (next(n for n, line in enumerate(solved) if line.strip() == mark) for mark in (BEGIN, END))
    assert solved[begin + 1].strip() == "super().__init__()"
    assert "def forward" in "\n".join(solved[end:])
    names = dict(vars(blocks))
    exec("\n".join(solved), names)
    assert examine(BLOCK, names["ResnetBlock"]).passed
