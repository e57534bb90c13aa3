"""What a sample costs: counted a second time, by hooks on the layers and on real calls."""

import math

import pytest
import torch
from small_checkpoints import make_checkpoint
from torch import nn

from course_lib.runs.checkpoints import denoiser, load_checkpoint, make_model
from course_lib.runs.config import check_config
from course_lib.runs.cost import Calls, count_calls, multiply_adds
from course_lib.runs.guides import Guide
from course_lib.runs.samplers import ANCESTRAL, Sampler
from course_lib.schedules import sigma_from_alphas_cumprod


def by_hooks(checkpoint):
    """The multiply-adds of convolutions and linear layers: what one number costs, times how many there are."""
    total = 0

    def count(layer, _, result):
        nonlocal total
        inputs = layer.weight[0].numel()  # of one number of the result
        total += result.numel() * inputs

    network = checkpoint.model
    hooks = [
        layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    network(torch.zeros(1, *checkpoint.image_shape), torch.zeros(1, dtype=torch.long))
    for hook in hooks:
        hook.remove()
    return total


@pytest.mark.parametrize("block", ["resnet", "convnext"])
def test_the_multiply_adds_are_those_of_the_layers(block):
    """And of the attention in the middle, which is there always: two products for 16 x 16 pairs of places."""
    settings = {"model": {"dim": 8, "dim_mults": [1, 2], "attention": ["none", "none"], "block": block}}
    config = check_config(settings)
    checkpoint = make_checkpoint(shape=(3, 8, 8))
    checkpoint = checkpoint.__class__(**{**vars(checkpoint), "config": config, "model": make_model(config, 3, 3)})
    attention = 2 * 16 * 16 * 4 * 32  # 4 heads with 32 numbers each
    assert multiply_adds(checkpoint) - attention == by_hooks(checkpoint) > 100_000


def test_a_larger_network_has_more_and_attention_counts():
    strong, weak = load_checkpoint("fashion_mnist", "cpu"), load_checkpoint("fashion_mnist_cpu", "cpu")
    assert multiply_adds(strong) > by_hooks(strong) > 0.95 * multiply_adds(strong)  # it has attention at 7 x 7
    assert 0.5 < multiply_adds(weak) / multiply_adds(strong) < 0.6


@pytest.mark.parametrize("sampler", [ANCESTRAL, Sampler("heun", 4), Sampler("dpm_solver", 3), Sampler("ddim", 5)])
def test_the_calls_are_those_that_happen(sampler):
    checkpoint, weak = make_checkpoint(timesteps=9), make_checkpoint(timesteps=9, conditional=False, seed=1)
    sigma = sigma_from_alphas_cumprod(checkpoint.schedule.alphas_cumprod).tolist()
    guide = Guide(weak, 1.5, 0.0, sigma[6])
    found = count_calls(checkpoint, sampler, guide)
    happened = {"network": 0, "guide": 0}
    for name, one in (("network", checkpoint), ("guide", weak)):
        one.model.register_forward_pre_hook(lambda *_, name=name: happened.update({name: happened[name] + 1}))
    denoiser(checkpoint, None, "fp32", sampler, guide).sample(2, torch.Generator().manual_seed(0))
    assert (found.network, found.guide) == (happened["network"], happened["guide"])
    assert 0 < found.guide < found.network
    assert found.guide_cost == pytest.approx(multiply_adds(weak) / multiply_adds(checkpoint))
    assert found.total == pytest.approx(found.network + found.guide * found.guide_cost)
    assert count_calls(checkpoint, sampler) == Calls(found.network)
    assert count_calls(checkpoint, sampler, Guide(weak, 1.5, 0.0, math.inf)).guide == found.network
