"""The U-Net's parts against torch's own, where it has them, and against what they promise."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from course_lib.blocks import (
    Attention,
    ConvNextBlock,
    Downsample,
    LinearAttention,
    PreNorm,
    Residual,
    ResnetBlock,
    SinusoidalPositionEmbeddings,
    Upsample,
    group_norm,
    patchify,
    unpatchify,
)


def randn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_the_sinusoidal_embedding_is_the_papers_formula():
    t, dim = torch.tensor([0, 1, 7, 199]), 8
    embedding = SinusoidalPositionEmbeddings(dim)(t)
    for row, step in zip(embedding.tolist(), t.tolist(), strict=True):
        for k in range(dim // 2):
            angle = step / 10_000 ** (k / (dim // 2 - 1))
            assert row[k] == pytest.approx(math.sin(angle), abs=1e-4)
            assert row[dim // 2 + k] == pytest.approx(math.cos(angle), abs=1e-4)


def test_the_sinusoidal_embedding_tells_every_step_apart():
    embedding = SinusoidalPositionEmbeddings(32)(torch.arange(1000))
    distance = torch.cdist(embedding, embedding) + 10 * torch.eye(1000)
    assert distance.min() > 0.1


@pytest.mark.parametrize("dim", [0, 1, 7])
def test_an_odd_embedding_is_refused(dim):
    with pytest.raises(ValueError, match="even"):
        SinusoidalPositionEmbeddings(dim)


@given(heads=st.integers(1, 4), dim_head=st.integers(1, 9), height=st.integers(1, 6), width=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_attention_is_torchs_own(heads, dim_head, height, width):
    dim = 6
    layer, x = Attention(dim, heads, dim_head), randn(2, dim, height, width)
    qkv = layer.to_qkv(x).reshape(2, 3, heads, dim_head, height * width).transpose(-1, -2)
    out = functional.scaled_dot_product_attention(qkv[:, 0], qkv[:, 1], qkv[:, 2])
    expected = layer.to_out(out.transpose(-1, -2).reshape(2, heads * dim_head, height, width))
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_linear_attention_is_the_two_softmaxes_multiplied_out():
    """(softmax q) (softmax k)^T v, formed the slow way: the H W x H W matrix first."""
    dim, heads, dim_head, size = 6, 2, 5, 4
    layer, x = LinearAttention(dim, heads, dim_head), randn(2, dim, size, size)
    q, k, v = layer.to_qkv(x).reshape(2, 3, heads, dim_head, size * size).unbind(1)  # (B, heads, d, n)
    weights = torch.softmax(q, 2).transpose(-1, -2) * dim_head**-0.5 @ torch.softmax(k, 3)  # (B, heads, n, n)
    out = (weights @ v.transpose(-1, -2)).transpose(-1, -2).reshape(2, heads * dim_head, size, size)
    torch.testing.assert_close(layer(x), layer.to_out(out), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [Attention(8), LinearAttention(8)])
def test_attention_does_not_care_where_a_pixel_stands(layer):
    x = randn(1, 8, 3, 5)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(1))
    shuffled = x.flatten(2)[..., order].reshape(x.shape)
    expected = layer(x).flatten(2)[..., order].reshape(x.shape)
    torch.testing.assert_close(layer(shuffled), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("time_mode", ["add", "scale_shift"])
@pytest.mark.parametrize("dim_out", [8, 12])
def test_the_resnet_block_is_its_formula(time_mode, dim_out):
    block, x, time = ResnetBlock(8, dim_out, 6, time_mode=time_mode), randn(2, 8, 5, 5), randn(2, 6, seed=1)
    norm = functional.group_norm
    groups1, groups2 = math.gcd(8, 8), math.gcd(8, dim_out)
    h = block.conv1(functional.silu(norm(x, groups1, block.norm1.weight, block.norm1.bias)))
    embedded = block.time_mlp[1](functional.silu(time))[:, :, None, None]
    if time_mode == "add":
        h = norm(h + embedded, groups2)
    else:
        h = norm(h, groups2) * (1 + embedded[:, :dim_out]) + embedded[:, dim_out:]
    shortcut = x if dim_out == 8 else block.shortcut(x)
    torch.testing.assert_close(block(x, time), block.conv2(functional.silu(h)) + shortcut)


def test_a_fresh_resnet_block_nearly_passes_its_input_through():
    block, x = ResnetBlock(16, 16, 8), randn(2, 16, 7, 7)
    assert (block(x, randn(2, 8)) - x).std() < 0.02


def test_the_convnext_block_is_its_formula():
    block, x, time = ConvNextBlock(6, 9, 4), randn(2, 6, 5, 5), randn(2, 4, seed=1)
    h = functional.conv2d(x, block.depthwise.weight, block.depthwise.bias, padding=3, groups=6)
    h = h + block.time_mlp[1](functional.gelu(time))[:, :, None, None]
    h = functional.group_norm(h, 1)
    h = functional.group_norm(functional.gelu(block.body[1](h)), 1)
    torch.testing.assert_close(block(x, time), block.body[4](h) + block.shortcut(x))


@pytest.mark.parametrize("block", [ResnetBlock(8, 8, 6), ConvNextBlock(8, 8, 6)])
def test_blocks_listen_to_the_time(block):
    nn.init.normal_(block.conv2.weight if isinstance(block, ResnetBlock) else block.body[4].weight)
    x = randn(1, 8, 5, 5)
    early, late = block(x, randn(1, 6, seed=1)), block(x, randn(1, 6, seed=2))
    assert (early - late).abs().max() > 1e-2


@pytest.mark.parametrize("block", [ResnetBlock(8, 12), ConvNextBlock(8, 12)])
def test_blocks_also_work_without_time(block):
    assert block(randn(2, 8, 5, 5)).shape == (2, 12, 5, 5)


def test_an_unknown_time_mode_is_refused():
    with pytest.raises(ValueError, match="scale_shift"):
        ResnetBlock(8, 8, 8, time_mode="multiply")


def test_resampling_halves_and_doubles():
    x = randn(2, 4, 6, 10)
    assert Downsample(4, 7)(x).shape == (2, 7, 3, 5)
    assert Downsample(4, 7, kernel=4)(x).shape == (2, 7, 3, 5)
    assert Upsample(4, 7)(x).shape == (2, 7, 12, 20)


def test_upsampling_repeats_each_pixel():
    layer, x = Upsample(1, 1), randn(1, 1, 2, 2)
    nn.init.dirac_(layer.conv.weight)
    nn.init.zeros_(layer.conv.bias)
    torch.testing.assert_close(layer(x), x.repeat_interleave(2, -1).repeat_interleave(2, -2))


def test_pre_norm_and_residual():
    x = 5 + 3 * randn(2, 4, 6, 6)
    normed = PreNorm(4, nn.Identity())(x).detach()
    assert normed.mean().abs() < 1e-3
    assert normed.std() == pytest.approx(1, abs=1e-2)
    torch.testing.assert_close(Residual(PreNorm(4, nn.Identity()))(x), normed + x)


@pytest.mark.parametrize(("dim", "groups"), [(32, 8), (28, 4), (18, 2), (7, 1)])
def test_group_norm_takes_as_many_groups_as_divide(dim, groups):
    assert group_norm(dim).num_groups == groups


def test_patches_hold_neighbours_and_fold_back():
    x = torch.arange(2 * 3 * 4 * 8).reshape(2, 3, 4, 8)
    folded = patchify(2)(x)
    assert folded.shape == (2, 12, 2, 4)
    assert folded[0, :4, 0, 0].tolist() == [0, 1, 8, 9]
    assert torch.equal(unpatchify(2)(folded), x)
