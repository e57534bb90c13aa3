"""The parts of the U-Net: time embedding, residual blocks, attention, resampling (chapter 07).

Feature maps have shape (B, C, H, W); `time` is the embedded time step, shape (B, time_dim). The last convolution of a
ResNet block's branch starts almost at zero, so that a fresh block returns its input nearly unchanged. It does not start
at exactly zero, because then no gradient would reach the layers before it. The other blocks start as torch initialises
them.
"""

import math

import torch
from einops import rearrange
from einops.layers.torch import Rearrange
from torch import Tensor, nn

from course_lib.types import TimeMode

BRANCH_INIT = 1e-2  # how much of the usual initialisation the end of a residual branch keeps


class SinusoidalPositionEmbeddings(nn.Module):
    """Time steps as waves of many lengths: t (B,) -> (B, dim). Source: 1706.03762, section 3.5.

    First all sines, then all cosines, at frequencies from 1 down to 1/10,000. `dim` must be even.

    The paper alternates the two, and its slowest wave is a little faster.
    """

    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = rearrange(t, "b -> b 1") * frequencies  # (B, dim / 2)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


def group_norm(dim: int, groups: int = 8) -> nn.GroupNorm:
    """GroupNorm (1803.08494) with `groups` groups, or fewer where they do not divide `dim` (28 gets 4, not 8)."""
    return nn.GroupNorm(math.gcd(groups, dim), dim)


def shrink(layer: nn.Conv2d) -> nn.Conv2d:
    """Scale a branch's last layer down to BRANCH_INIT of its initial weights, in place. Source: 1901.09321."""
    with torch.no_grad():
        layer.weight.mul_(BRANCH_INIT)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


class ResnetBlock(nn.Module):
    """(B, dim, H, W) and time (B, time_dim) -> (B, dim_out, H, W). Source: 1603.05027, 2006.11239.

    Two 3 x 3 convolutions beside a shortcut. Each convolution comes after norm and SiLU (pre-activation). Between the
    two the time enters: "add" adds one number per channel; "scale_shift" also multiplies, h <- norm(h) (1 + scale) +
    shift (2102.09672). Without `time_dim` the block does not depend on the time.
    """

    def __init__(
        self, dim: int, dim_out: int, time_dim: int | None = None, groups: int = 8, time_mode: TimeMode = "scale_shift"
    ):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'unknown time_mode={time_mode!r}; choose "add" or "scale_shift".')
        self.time_mode = time_mode
        self.norm1 = group_norm(dim, groups)
        self.conv1 = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm2 = group_norm(dim_out, groups)
        self.conv2 = shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1))
        self.activation = nn.SiLU()
        width = dim_out if time_mode == "add" else 2 * dim_out
        self.time_mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, width)) if time_dim else None
        self.shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        h = self.conv1(self.activation(self.norm1(x)))
        if self.time_mlp is None or time is None:
            h = self.norm2(h)
        elif self.time_mode == "add":
            h = self.norm2(h + rearrange(self.time_mlp(time), "b c -> b c 1 1"))
        else:
            scale, shift = rearrange(self.time_mlp(time), "b (two c) -> two b c 1 1", two=2)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


class ConvNextBlock(nn.Module):
    """(B, dim, H, W) and time (B, time_dim) -> (B, dim_out, H, W). Source: 2201.03545.

    A 7 x 7 depthwise convolution, then wide 3 x 3 ones. The time is added after the depthwise convolution. It has two 3
    x 3 convolutions where the paper has 1 x 1 ones. Many diffusion models use the block in this form.
    """

    def __init__(self, dim: int, dim_out: int, time_dim: int | None = None, mult: int = 2):
        super().__init__()
        self.time_mlp = nn.Sequential(nn.GELU(), nn.Linear(time_dim, dim)) if time_dim else None
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.body = nn.Sequential(
            group_norm(dim, groups=1),
            nn.Conv2d(dim, dim_out * mult, 3, padding=1),
            nn.GELU(),
            group_norm(dim_out * mult, groups=1),
            nn.Conv2d(dim_out * mult, dim_out, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        h = self.depthwise(x)
        if self.time_mlp is not None and time is not None:
            h = h + rearrange(self.time_mlp(time), "b c -> b c 1 1")
        return self.body(h) + self.shortcut(x)


class Attention(nn.Module):
    """softmax(q k / sqrt(d)) v over all pixels, (B, dim, H, W) in and out. Source: 1706.03762, eq. 1.

    Every pixel looks at every pixel, so the cost grows with (H W) squared.
    """

    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (torch.einsum("b h i d, b h j d -> b h i j", q, k) * self.scale).softmax(dim=-1)
        out = torch.einsum("b h i j, b h j d -> b h i d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=height, w=width))


class LinearAttention(nn.Module):
    """Attention whose cost grows with H W only, (B, dim, H, W) in and out. Source: 1812.01243.

    Softmax q over its features and k over the pixels; then k v, a small d x d matrix, can be formed first.
    """

    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


class Downsample(nn.Module):
    """Halve height and width: (B, dim, H, W) -> (B, dim_out, H/2, W/2).

    A strided convolution does it.
    """

    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Upsample(nn.Module):
    """Double height and width, each pixel four times, then a convolution: (B, dim, H, W) -> (B, dim_out, 2H, 2W).

    Repeat-then-convolve leaves no checkerboard, as a transposed convolution can (distill.pub/2016/deconv-checkerboard).
    """

    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(nn.functional.interpolate(x, scale_factor=2, mode="nearest"))


class PreNorm(nn.Module):
    """Normalise, then apply `layer`. Source: 2002.04745.

    That is layer(norm(x)).
    """

    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.norm(x))


class Residual(nn.Module):
    """Add the input back: layer(x) + x. Source: 1512.03385, equation 1."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + x


def patchify(size: int) -> Rearrange:
    """Fold patches of size x size pixels into channels: (B, C, H, W) -> (B, C size², H / size, W / size)."""
    return Rearrange("b c (h p) (w q) -> b (c p q) h w", p=size, q=size)


def unpatchify(size: int) -> Rearrange:
    """The inverse of `patchify`."""
    return Rearrange("b (c p q) h w -> b c (h p) (w q)", p=size, q=size)
