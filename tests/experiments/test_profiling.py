"""What is measured on a network adds up to torch's own totals, and convolutions see as far as arithmetic says."""

import time

import pytest
import torch
from small_unets import NETWORKS, T, noise, small
from torch.utils.flop_counter import FlopCounterMode

from course_lib.experiments.profiling import (
    activations,
    convolutions_only,
    costs,
    receptive_field,
    take_apart,
)
from course_lib.runs.checkpoints import make_model
from course_lib.runs.config import load_config


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parts_add_up_to_the_whole(name):
    model, x = small(**NETWORKS[name]), noise(1, 1, 16, 16)
    parts = take_apart(model, x, T)
    with FlopCounterMode(display=False) as flops:
        model(x, T)
    assert sum(part.parameters for part in parts) == sum(p.numel() for p in model.parameters())
    assert 2 * sum(part.multiply_adds for part in parts) == flops.get_total_flops()
    assert [sum(column) for column in zip(*costs(parts).values(), strict=True)] == [
        sum(part.parameters for part in parts),
        sum(part.multiply_adds for part in parts),
        0,
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_part_stands_at_its_level(name):
    model = small(**NETWORKS[name])
    parts = take_apart(model, noise(2, 1, 16, 16), T.expand(2))
    top = 8 if "patch" in name else 16
    for part in parts:
        assert part.name in dict(model.named_modules())
        if part.role in ("block", "attention"):
            assert part.shape[2:] == (top // 2 ** (part.level - 1),) * 2, part
    assert {part.level for part in parts if part.way == "middle"} == {len(model.downs)}
    assert parts[-1].role == "head"
    assert parts[-1].shape == (2, 1, 16, 16)
    leaving, arriving = ([p for p in parts if p.skip and p.way == way] for way in ("down", "up"))
    assert [p.shape[2:] for p in leaving] == [p.shape[2:] for p in reversed(arriving)]


def test_known_costs():
    """The classic network's published size; its stem is a 7 x 7 convolution from 1 to 18 channels on 28 x 28 pixels."""
    parts = take_apart(make_model(load_config("classic"), 1, 10), noise(1, 1, 28, 28), T)
    assert sum(part.parameters for part in parts) == 2_999_479
    assert sum(part.multiply_adds for part in parts) == pytest.approx(280e6, rel=0.005)
    (stem,) = [part for part in parts if part.role == "stem"]
    assert stem.multiply_adds == 7 * 7 * 18 * 28 * 28
    assert stem.parameters == 7 * 7 * 18 + 18


def test_on_the_meta_device_everything_but_time_is_the_same():
    with torch.device("meta"):
        model, x, t = small(channels=3), torch.empty(1, 3, 64, 64), torch.zeros(1, dtype=torch.long)
    assert take_apart(model, x, t) == take_apart(small(channels=3), noise(1, 3, 64, 64), T)


def test_the_slowest_part_is_found():
    model, x = small(), noise(1, 1, 16, 16)

    def dawdle(*_):
        time.sleep(0.05)

    hooked = model.downs[1][0][0].conv1.register_forward_hook(dawdle)
    parts = take_apart(model, x, T, repeats=3)
    hooked.remove()
    slowest = max(parts, key=lambda part: part.milliseconds)
    assert slowest.name == "downs.1.0.0"
    assert slowest.milliseconds >= 50
    assert all(part.milliseconds > 0 for part in parts)


def test_activations_are_what_the_modules_give_out_and_leave_no_hook():
    model, x = small(), noise(1, 1, 16, 16)
    found = activations(model, x, T, ["stem", "head"])
    torch.testing.assert_close(found["stem"], model.stem(x))
    torch.testing.assert_close(found["head"], model(x, T))
    with pytest.raises(RuntimeError):
        activations(model, noise(1, 5, 16, 16), T, ["stem"])
    assert not any(module._forward_hooks for module in model.modules())


def test_convolutions_see_as_far_as_arithmetic_says():
    """A k x k convolution adds (k - 1) times the distance between neighbouring pixels of its input."""
    model, x = convolutions_only(small()), noise(1, 1, 64, 64)
    side, distance = 7, 1  # the stem
    for level in range(3):
        side += 2 * (3 - 1) * distance  # a block has two 3 x 3 convolutions
        seen = receptive_field(model, x, T, f"downs.{level}.0.0") > 0
        assert (int(seen.any(0).sum()), int(seen.any(1).sum())) == (side, side)
        assert int(seen.sum()) == side**2
        side, distance = side + (3 - 1) * distance, 2 * distance  # halving


def test_the_whole_network_sees_everything():
    assert bool((receptive_field(small(), noise(1, 1, 32, 32), T, "head") > 0).all())


def test_convolutions_only_is_a_copy():
    model = small()
    before = list(model.state_dict())
    copy = convolutions_only(model)
    assert list(model.state_dict()) == before
    assert not any(isinstance(module, torch.nn.GroupNorm) for module in copy.modules())
