"""The whole network: any size, any configuration, every parameter at work, and no information lost on the way."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from course_lib.blocks import Attention, Downsample, LinearAttention, Residual, ResnetBlock, Upsample
from course_lib.runs.checkpoints import make_model
from course_lib.runs.config import load_config
from course_lib.unet import Unet, count_parameters, pad_to_multiple, unet_forward, unet_widths

SMALL = {
    "resnet": {},
    "add": {"time_mode": "add"},
    "convnext": {"block": "convnext"},
    "two_blocks": {"blocks_per_level": 2},
    "level_skips": {"blocks_per_level": (2, 1, 3), "skips": "level"},
    "no_skips": {"skips": "none"},
    "plain_top": {"top_skip": False, "skips": "level", "blocks_per_level": 2},
    "plain_top_all": {"top_skip": False, "blocks_per_level": 2},
    "transposed": {"transposed": True},
    "linear": {"attention": ("linear", "linear", "full")},
    "patch": {"patch": 2},
    "labels": {"num_classes": 3},
    "stem": {"init_dim": 6},
    "one_level": {"dim_mults": (1,)},
}


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def small(**changes):
    torch.manual_seed(0)
    return Unet(**{"dim": 8, "dim_mults": (1, 2, 2)} | changes)


@pytest.mark.parametrize("name", SMALL)
def test_every_configuration_keeps_the_shape_and_trains_every_parameter(name):
    model = small(**SMALL[name])
    x, t = noise(3, 1, 16, 16), torch.tensor([0, 5, 199])
    labels = torch.tensor([0, 2, 3]) if name == "labels" else None
    out = model(x, t, labels)
    assert out.shape == x.shape
    (out * noise(*out.shape, seed=1)).sum().backward()
    silent = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 32, 32), (3, 64, 64), (3, 128, 128), (2, 30, 17), (1, 1, 1)])
def test_any_image_size(shape):
    x = noise(2, *shape)
    assert small(channels=shape[0])(x, torch.tensor([0, 9])).shape == x.shape


@given(height=st.integers(1, 40), width=st.integers(1, 40), patch=st.integers(1, 4), levels=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_any_size_any_patch_any_depth(height, width, patch, levels):
    x = noise(1, 1, height, width)
    assert small(dim_mults=(1, 2, 2)[:levels], patch=patch)(x, torch.tensor([3])).shape == x.shape


@pytest.mark.parametrize("name", SMALL)
def test_images_of_a_batch_do_not_see_each_other(name):
    model = small(**SMALL[name]).eval()
    x, t = noise(3, 1, 16, 16), torch.tensor([0, 5, 199])
    together = model(x, t)
    alone = torch.cat([model(x[i : i + 1], t[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_the_time_matters():
    model, x = small(), noise(1, 1, 16, 16)
    for parameter in model.parameters():  # away from the quiet start
        torch.nn.init.normal_(parameter, std=0.2) if parameter.ndim > 1 else None
    assert (model(x, torch.tensor([0])) - model(x, torch.tensor([100]))).abs().mean() > 1e-2


def test_skips_carry_what_the_bottleneck_loses():
    """Cut the path through the middle: with skips an input pixel still reaches the output, without them it does not."""
    for skips, reaches in (("all", True), ("none", False)):
        model = small(skips=skips)
        model.middle[2].register_forward_hook(lambda module, args, out: out.detach() * 0)
        x = noise(1, 1, 16, 16).requires_grad_()
        (gradient,) = torch.autograd.grad(model(x, torch.tensor([5])).sum(), x, allow_unused=True)
        assert (gradient is not None and bool(gradient.abs().sum() > 0)) is reaches, skips


@pytest.mark.parametrize(("skips", "joins"), [("all", [2, 2, 2]), ("level", [1, 1, 1]), ("none", [0, 0, 0])])
def test_how_many_skips_each_level_joins(skips, joins):
    assert small(blocks_per_level=2, skips=skips).joins == joins


def test_no_labels_means_the_null_class():
    model, x, t = small(num_classes=3), noise(2, 1, 16, 16), torch.tensor([1, 2])
    torch.testing.assert_close(model(x, t), model(x, t, torch.tensor([3, 3])))
    torch.nn.init.normal_(model.head[2].weight)
    assert (model(x, t) - model(x, t, torch.tensor([0, 1]))).abs().max() > 1e-4


def test_labels_for_a_network_without_classes_are_refused():
    with pytest.raises(ValueError, match="num_classes"):
        small()(noise(1, 1, 8, 8), torch.tensor([0]), torch.tensor([1]))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"block": "vgg"}, "block='vgg'"),
        ({"skips": "some"}, "skips='some'"),
        ({"attention": ("full",)}, "attention has 1 entries"),
        ({"attention": ("full", "none", "magic")}, "magic"),
        ({"blocks_per_level": (1, 2)}, "blocks_per_level has 2 entries"),
        ({"blocks_per_level": 0}, "at least 1"),
        ({"patch": 0}, "patch must be at least 1"),
        ({"num_classes": 0}, "num_classes must be at least 1"),
        ({"dim_mults": ()}, "dim_mults"),
        ({"dim_mults": (1, 0)}, "dim_mults"),
    ],
)
def test_contradicting_settings_are_named(settings, says):
    with pytest.raises(ValueError, match=says):
        small(**settings)


def test_the_classic_network_is_the_published_one():
    """3.00 M parameters and 560 MFLOP for one image, as measured on the original."""
    model = make_model(load_config("classic"), channels=1, num_classes=10)
    with FlopCounterMode(display=False) as flops:
        model(noise(1, 1, 28, 28), torch.tensor([0]))
    assert count_parameters(model) == 2_999_479
    assert flops.get_total_flops() == pytest.approx(560e6, rel=0.005)
    assert model.stem[1].out_channels == 18
    assert sum(isinstance(m, LinearAttention) for m in model.modules()) == 5
    assert sum(isinstance(m, Attention) for m in model.modules()) == 1


def test_the_efficient_network_is_small():
    model = make_model(load_config("fashion_mnist_cpu"), channels=1, num_classes=10)
    with FlopCounterMode(display=False) as flops:
        model(noise(1, 1, 28, 28), torch.tensor([0]))
    assert count_parameters(model) < 2e6
    assert flops.get_total_flops() < 560e6 / 2


def test_count_parameters_leaves_out_the_frozen():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    assert count_parameters(model) == 3 * 4 + 4 + 4 * 2 + 2
    model[0].requires_grad_(False)
    assert count_parameters(model) == 4 * 2 + 2


class Constant(torch.nn.Module):
    """A block that remembers what came in and gives out one channel of a number of its own."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x, time):
        self.came_in, self.time = x[0, :, 0, 0].tolist(), time
        return torch.full_like(x[:, :1], self.number)


class Plus(torch.nn.Module):
    """Adds a number: stands for attention, halving and doubling, so that it shows what went through them."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x):
        return x + self.number


def test_the_way_through_joins_the_newest_skip_first_behind_x():
    """Blocks give 10, 20, 30 down, 40, 50 in the middle, 60, 70, 80 up; attention adds 0.1, resampling 1."""
    down, middle, up = ([Constant(n) for n in numbers] for numbers in ((10, 20, 30), (40, 50), (60, 70, 80)))
    attend, resample, time = Plus(0.1), Plus(1), torch.ones(1, 4)
    downs = [(down[0], attend, resample, True), (down[1], attend, resample, False), (down[2], attend, resample, True)]
    ups = [(up[0], attend, resample, True), (up[1], attend, resample, False), (up[2], attend, resample, True)]
    x = torch.zeros(1, 1, 2, 2)
    out = unet_forward(Plus(5), downs, (middle[0], attend, middle[1]), ups, Plus(0.5), x, time)
    came_in = [block.came_in for block in (*down, *middle, *up)]
    expected = [[5], [11.1], [21.1], [31.1], [40.1], [50, 30.1], [61.1], [71.1, 10.1]]
    assert came_in == [pytest.approx(numbers) for numbers in expected]
    assert float(out[0, 0, 0, 0]) == pytest.approx(80 + 0.1 + 1 + 0.5)
    assert all(block.time is time for block in (*down, *middle, *up))


@pytest.mark.parametrize("name", SMALL)
def test_the_parts_are_all_that_the_network_has(name):
    """Each parameter belongs to one of the parts or to the embedding, and as many skips leave as arrive."""
    model = small(**SMALL[name])
    stem, downs, middle, ups, head = model.parts()
    modules = [stem, *middle, head, model.time_mlp, model.label_embedding]
    modules += [module for step in (*downs, *ups) for module in step[:3]]
    held = {id(p) for module in modules if module is not None for p in module.parameters()}
    assert held == {id(p) for p in model.parameters()}
    assert sum(step[3] for step in downs) == sum(step[3] for step in ups) == sum(model.joins)


def test_what_is_shared_counts_once_and_buffers_do_not_count():
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    model[1].weight = model[0].weight
    assert count_parameters(model) == 9 + 3 + 3 + 6


# What the settings become


def two_blocks(**changes):
    return small(blocks_per_level=2, **changes)


@pytest.mark.parametrize(("time_mode", "numbers_per_channel"), [("add", 1), ("scale_shift", 2)])
def test_the_time_enters_every_block_as_the_setting_says(time_mode, numbers_per_channel):
    blocks = [module for module in two_blocks(time_mode=time_mode).modules() if isinstance(module, ResnetBlock)]
    assert len(blocks) == 3 * 2 + 2 + 3 * 2
    for block in blocks:
        assert block.time_mode == time_mode
        assert block.time_mlp[1].out_features == numbers_per_channel * block.conv1.out_channels


def test_the_time_is_embedded_by_two_layers_with_a_gelu_between_them():
    """GELU is x times the normal distribution function at x (1606.08415)."""
    model, t = small(), torch.tensor([0, 7, 150])
    first, last = (layer for layer in model.time_mlp if isinstance(layer, torch.nn.Linear))
    frequencies = 10_000.0 ** -torch.tensor([0, 1 / 3, 2 / 3, 1])
    waves = torch.cat([(t[:, None] * frequencies).sin(), (t[:, None] * frequencies).cos()], dim=1)
    hidden = first(waves)
    expected = last(hidden * torch.distributions.Normal(0.0, 1.0).cdf(hidden))
    torch.testing.assert_close(model.embed(t), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("skips", "down", "up"),
    [
        ("all", [True, True], [True, True]),
        ("level", [False, True], [True, False]),  # the last block down, which knows most, and the first one up
        ("none", [False, False], [False, False]),
    ],
)
def test_which_blocks_of_a_level_a_skip_joins(skips, down, up):
    _, downs, _, ups, _ = two_blocks(skips=skips).parts()
    assert [step[3] for step in downs] == 3 * down
    assert [step[3] for step in ups] == 3 * up


def test_a_level_attends_and_resamples_after_its_last_block():
    _, downs, _, ups, _ = two_blocks(attention=("full", "linear", "full")).parts()
    for steps in (downs, ups):
        assert [isinstance(step[1], Residual) for step in steps] == 3 * [False, True]
    assert [isinstance(step[2], Downsample) for step in downs] == [False, True, False, True, False, False]
    assert [isinstance(step[2], Upsample) for step in ups] == [False, True, False, True, False, False]
    kinds = [[type(step[1].layer.layer) for step in steps if isinstance(step[1], Residual)] for steps in (downs, ups)]
    assert kinds == [[Attention, LinearAttention, Attention]] * 2


@pytest.mark.parametrize(("height", "width", "multiple"), [(5, 6, 4), (8, 8, 4), (28, 28, 8), (1, 1, 4), (3, 9, 2)])
def test_an_image_is_padded_with_its_last_row_and_column(height, width, multiple):
    x = noise(2, 3, height, width)
    padded = pad_to_multiple(x, multiple)
    bottom, right = padded.shape[2] - height, padded.shape[3] - width
    assert padded.shape[2] % multiple == padded.shape[3] % multiple == 0
    assert 0 <= bottom < multiple
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (0, bottom), (0, right)), mode="edge")
    assert np.array_equal(padded.numpy(), expected)


def test_the_network_sees_the_padded_image_and_gives_back_its_part():
    model, x, t = small(), noise(1, 1, 13, 14), torch.tensor([3])
    for parameter in model.parameters():  # away from the quiet start
        parameter.data += 0.1
    assert torch.equal(model(x, t), model(pad_to_multiple(x, 4), t)[..., :13, :14])


@pytest.mark.parametrize(("dim", "dim_mults"), [(8, (1, 2, 4)), (16, (1, 2, 2)), (8, (2, 1)), (24, (1,))])
def test_the_widths_are_those_of_the_network_that_is_built(dim, dim_mults):
    model = Unet(dim, dim_mults=dim_mults)
    for widths, levels in zip(unet_widths(dim, dim_mults), (model.downs, model.ups), strict=True):
        blocks = [level[0][0] for level in levels]
        assert widths == [(block.conv1.in_channels, block.conv1.out_channels) for block in blocks]
