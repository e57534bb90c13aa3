"""The networks of the ablation have what their names say, and the log and the pictures are theirs."""

import csv
import itertools
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib import blocks
from course_lib.experiments import ablation
from course_lib.experiments.ablation import VARIANTS, Network, PlainBlock, Variant
from course_lib.paths import ROOT
from course_lib.pictures.plots import save_grid


def network(name):
    torch.manual_seed(0)
    return Network(VARIANTS[name])


def randn(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def multiply_adds(name):
    with FlopCounterMode(display=False) as counter:
        network(name)(torch.zeros(1, 1, 28, 28), torch.zeros(1, dtype=torch.long))
    return counter.get_total_flops() / 2e6


@pytest.mark.parametrize("name", VARIANTS)
def test_every_rung_predicts_in_the_shape_of_its_input_and_learns_everywhere(name):
    model = network(name)
    prediction = model(randn(3, 1, 28, 20), torch.tensor([0, 100, 199]))
    assert prediction.shape == (3, 1, 28, 20)
    prediction.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", VARIANTS)
def test_only_the_plain_network_does_not_hear_of_the_time(name):
    x, model = randn(1, 1, 28, 28), network(name)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    same = torch.equal(model(x, torch.tensor([5])), model(x, torch.tensor([150])))
    assert same is (name == "plain")


def test_a_plain_block_with_norm_and_its_input_is_a_resnet_block():
    plain, resnet = PlainBlock(8, 6, norm=True), blocks.ResnetBlock(8, 8, 6, time_mode="add")
    plain.load_state_dict(resnet.state_dict())
    x, time = randn(2, 8, 5, 5), randn(2, 6)
    torch.testing.assert_close(plain(x, time) + x, resnet(x, time))


def test_one_rung_differs_from_the_next_in_one_thing():
    names = [field for field in vars(Variant()) if field not in ("block", "widths")]
    rungs = list(VARIANTS.values())
    counts = [sum(getattr(rung, name) for name in names) for rung in rungs]
    assert counts == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    assert all(getattr(a, n) <= getattr(b, n) for a, b in itertools.pairwise(rungs) for n in names)


def test_all_rungs_cost_about_the_same():
    costs = [multiply_adds(name) for name in VARIANTS]
    assert max(costs) < 1.3 * min(costs)


@pytest.mark.parametrize("name", ["+ down and up", "+ skips"])
def test_skips_are_a_way_past_the_small_pictures(name):
    model = network(name)
    model.larger = nn.ModuleList([nn.Sequential(layer, nn.Threshold(1e9, 0.0)) for layer in model.larger])  # all to 0
    x, t = randn(2, 1, 28, 28), torch.tensor([3, 3])
    one, other = model(x, t)
    assert torch.equal(one, other) is (name == "+ down and up")


def test_the_blocks_come_from_the_parts_that_are_given():
    class Mine(blocks.Attention):
        pass

    parts = SimpleNamespace(**{**vars(blocks), "Attention": Mine})
    assert isinstance(Network(Variant(), parts=parts).attend.layer.layer, Mine)


def test_any_number_of_channels():
    assert Network(Variant(), channels=3)(randn(2, 3, 8, 8), torch.tensor([1, 2])).shape == (2, 3, 8, 8)


# What tools/ablation.py has written


def test_the_log_is_of_these_networks():
    log = ablation.read_log()
    assert list(log) == list(VARIANTS)
    for name, lines in log.items():
        assert lines[0]["parameters"] == sum(p.numel() for p in network(name).parameters())
        assert lines[0]["multiply_adds"] == pytest.approx(multiply_adds(name), abs=0.06)
        assert all(0 < line["loss"] < 2 for line in lines)
        assert {line["seed"] for line in lines} == {0, 1, 2}  # a conclusion rests on three runs
        assert {(line["seed"], line["step"]) for line in lines} == {
            (line["seed"], line["step"]) for line in log["plain"]
        }


def test_the_table_says_how_far_the_seeds_lie_apart(tmp_path):
    names = ("rung", "seed", "step", "loss_low", "loss_middle", "loss_high", "parameters", "multiply_adds")
    rows = [("plain", 0, 0, 9, 9, 9, 1234, 5), ("plain", 0, 50, 0.1, 0.2, 0.3, 1234, 5)]
    rows += [("plain", 1, 0, 9, 9, 9, 1234, 5), ("plain", 1, 50, 0.3, 0.4, 0.5, 1234, 5)]
    with open(tmp_path / "log.csv", "w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    line = ablation.table(["plain"], tmp_path / "log.csv").splitlines()[1]
    assert " ".join(line.split()) == "plain 0.200 ± 0.100 0.300 ± 0.100 0.400 ± 0.100 1,234 5.0 M"


# What chapter 07 says about it


def ends(name, third):
    return [line[f"loss_{third}"] for line in ablation.final(ablation.read_log()[name])]


@pytest.mark.parametrize("third", ablation.THIRDS)
def test_time_shortcut_and_skips_gain_in_every_run(third):
    for one, other in [("plain", "+ time"), ("+ norm", "+ residual"), ("+ down and up", "+ skips")]:
        assert max(ends(other, third)) < min(ends(one, third))


@pytest.mark.parametrize("third", ablation.THIRDS)
@pytest.mark.parametrize("one", ["+ skips", "scale-shift instead of add"])
def test_attention_and_scale_shift_show_no_gain(one, third):
    """The runs with and without it overlap."""
    assert min(ends(one, third)) < max(ends("+ attention", third))
    assert min(ends("+ attention", third)) < max(ends(one, third))


@pytest.mark.parametrize("third", ablation.THIRDS)
def test_down_and_up_alone_and_convnext_are_worse(third):
    assert min(ends("+ down and up", third)) > max(ends("plain", third))
    assert min(ends("ConvNeXt instead of ResNet", third)) > max(ends("scale-shift instead of add", third))


def test_a_residual_network_is_soon_better_than_the_plain_one_ever_gets():
    log = ablation.read_log()
    early = [line["loss"] for line in log["+ residual"] if line["step"] == 50]
    assert max(early) < min(line["loss"] for line in log["plain"])


def test_there_are_samples_of_every_rung():
    samples = ablation.read_samples()
    assert samples.shape == (len(VARIANTS), 8, 1, 28, 28)
    assert samples.min() == -1
    assert samples.max() == 1


def test_samples_come_back_as_they_were_saved(tmp_path):
    pictures = torch.randint(256, (16, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    save_grid(pictures, tmp_path / "grid.png", columns=8, scale=1)
    back = ablation.read_samples(tmp_path / "grid.png")
    torch.testing.assert_close(back, (pictures.float() / 127.5 - 1).reshape(2, 8, 1, 28, 28))


def test_the_command_writes_what_the_chapter_reads(tmp_path):
    files = {"--log": tmp_path / "log.csv", "--samples": tmp_path / "samples.png"}
    options = [str(text) for pair in files.items() for text in pair]
    command = [sys.executable, "tools/ablation.py", "--steps", "1", "--seeds", "1", "--rungs", "+ time", *options]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    assert len(ablation.table(["+ time"], files["--log"]).splitlines()) == 2
    assert ablation.read_samples(files["--samples"]).shape == (1, 8, 1, 28, 28)
