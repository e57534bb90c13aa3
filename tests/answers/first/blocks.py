"""Answers to the quizzes of chapter 07."""

import math

import torch
from einops import einsum, rearrange, reduce, repeat
from torch import Tensor, nn
from torch.nn import functional

from answers import right, wrong
from course_lib.blocks import group_norm, shrink


@wrong("SinusoidalPositionEmbeddings", "sines and cosines alternate, as in the Transformer paper")
class AlternatesLikeThePaper(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t[:, None] * frequencies[None]
        out = torch.zeros(len(t), self.dim, device=t.device)
        out[:, 0::2] = angles.sin()
        out[:, 1::2] = angles.cos()
        return out


@wrong("SinusoidalPositionEmbeddings", "guided-diffusion's: cosines first, exponent divided by half")
class GuidedDiffusionEmbedding(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        freqs = torch.exp(-math.log(10000) * torch.arange(start=0, end=half, dtype=torch.float32) / half).to(t.device)
        args = t[:, None].float() * freqs[None]
        return torch.cat([torch.cos(args), torch.sin(args)], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "cosines first, then sines")
class CosinesFirst(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        step = math.log(10000) / max(half - 1, 1)
        angles = t[:, None] * torch.exp(-step * torch.arange(half, device=t.device))
        return torch.cat((angles.cos(), angles.sin()), dim=-1)


@wrong("SinusoidalPositionEmbeddings", "exponent k / half: the slowest wave is too fast")
class DividedByHalf(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        k = torch.arange(half, device=t.device)
        angles = rearrange(t, "b -> b 1") * 10_000 ** (-k / half)
        return torch.cat([angles.sin(), angles.cos()], dim=1)


@wrong("SinusoidalPositionEmbeddings", "the exponent lacks its minus: frequencies from 1 up to 10,000")
class MinusForgotten(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        k = torch.arange(half, device=t.device)
        omega = 10_000.0 ** (k / max(half - 1, 1))
        angles = t[:, None] * omega
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


@wrong("SinusoidalPositionEmbeddings", "logspace has base 10 but gets a natural logarithm")
class LogspaceWithNaturalLog(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        omega = torch.logspace(0, -math.log(10_000), self.dim // 2, device=t.device)
        angles = t[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "exp with log10(10000): the frequencies end at exp(-4)")
class ExpOfLog10(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = torch.exp(-math.log10(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = torch.outer(t.float(), omega)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "t stays a row and meets the frequencies element by element")
class TimeNotAColumn(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = 10_000 ** (-torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "sines and cosines are joined along the batch")
class JoinedAlongTheBatch(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = 10_000 ** (-torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()])


@wrong("SinusoidalPositionEmbeddings", "k // (half - 1) is 0 up to the last one")
class IntegerDivision(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        k = torch.arange(half, device=t.device)
        omega = 10_000.0 ** -(k // max(half - 1, 1))
        angles = t[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "frequencies evenly spaced from 1 to 1/10,000 instead of geometrically")
class EvenlySpacedFrequencies(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        omega = torch.linspace(1, 1 / 10_000, self.dim // 2, device=t.device)
        angles = t.unsqueeze(1) * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "2 pi too many, as in Fourier features")
class WholeTurns(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = 2 * math.pi * t[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "draws frequencies of its own at each call")
class RandomFourierFeatures(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        omega = torch.randn(self.dim // 2, device=t.device)
        angles = t[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "only the first t of the batch counts")
class FirstTimeForAll(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t[0].item() * omega
        return torch.cat([angles.sin(), angles.cos()]).expand(len(t), -1)


@wrong("SinusoidalPositionEmbeddings", "t is divided by the largest t in the batch")
class TimeAsShareOfTheBatch(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = (t / t.max())[:, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "result is (B, 1, dim)")
class ExtraAxis(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = 10_000 ** (-torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t[:, None, None] * omega
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@right("SinusoidalPositionEmbeddings", "the tutorial's code with a guard for dim = 2")
class AnnotatedDiffusion(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        device = t.device
        half_dim = self.dim // 2
        embeddings = math.log(10000) / max(half_dim - 1, 1)
        embeddings = torch.exp(torch.arange(half_dim, device=device) * -embeddings)
        embeddings = t[:, None] * embeddings[None, :]
        return torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)


@right("SinusoidalPositionEmbeddings", "logspace and torch.outer")
class PowersFromLogspace(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        omega = torch.logspace(0, -4, self.dim // 2, device=t.device)
        angles = torch.outer(t.to(omega.dtype), omega)
        return torch.hstack([torch.sin(angles), torch.cos(angles)])


@right("SinusoidalPositionEmbeddings", "the parts of a complex exponential")
class ComplexWaves(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = 10_000.0 ** -torch.linspace(0, 1, half, device=t.device)
        angles = torch.einsum("b,k->bk", t.float(), omega)
        waves = torch.polar(torch.ones_like(angles), angles)
        return torch.cat([waves.imag, waves.real], dim=1)


@right("SinusoidalPositionEmbeddings", "a loop over the frequencies, stacked")
class ColumnByColumn(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        sines, cosines = [], []
        for k in range(half):
            omega = 10_000 ** (-k / (half - 1)) if half > 1 else 1.0
            sines.append(torch.sin(omega * t))
            cosines.append(torch.cos(omega * t))
        return torch.stack(sines + cosines, dim=1)


@right("SinusoidalPositionEmbeddings", "one sine over shifted angles")
class CosineAsShiftedSine(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        omega = torch.exp(torch.linspace(0.0, -math.log(10_000), half, device=t.device))
        shift = torch.tensor([0.0, math.pi / 2], device=t.device)
        angles = t[:, None, None] * omega + shift[:, None]
        return angles.sin().flatten(1)


@right("SinusoidalPositionEmbeddings", "fills the halves of an empty tensor")
class FilledInPlace(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        k = torch.arange(half, device=t.device)
        angles = t.view(-1, 1) * torch.pow(1e-4, k / max(1, half - 1))
        out = torch.empty(t.shape[0], self.dim, device=t.device)
        out[:, :half] = angles.sin()
        out[:, half:] = angles.cos()
        return out


@wrong("ResnetBlock", "convolution, then norm and activation, as in the first ResNet")
class PostActivation(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        h = self.activation(self.norm1(self.conv1(x)))
        if self.time_mlp is not None and time is not None:
            time = self.time_mlp(time)[:, :, None, None]
            if self.time_mode == "add":
                h = h + time
            else:
                scale, shift = time.chunk(2, dim=1)
                h = h * (1 + scale) + shift
        h = self.activation(self.norm2(self.conv2(h)))
        return h + self.shortcut(x)


@wrong("ResnetBlock", "adds x itself: fails where the width changes")
class PlainPlusX(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
            scale, shift = rearrange(self.time_mlp(time), "b c -> b c 1 1").chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + x


@wrong("ResnetBlock", "the shortcut is forgotten")
class NoShortcut(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
            h = self.norm2(h + self.time_mlp(time)[:, :, None, None])
        else:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h))


@wrong("ResnetBlock", "multiplies by scale instead of 1 + scale")
class ScaleWithoutOne(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        else:
            time = self.time_mlp(time)[:, :, None, None]
            if self.time_mode == "add":
                h = self.norm2(h + time)
            else:
                scale, shift = time.chunk(2, dim=1)
                h = self.norm2(h) * scale + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "takes the first half as shift and the second as scale")
class ShiftFirst(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
            shift, scale = rearrange(self.time_mlp(time), "b (two c) -> two b c 1 1", two=2)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "einops pattern (c two) takes every second number as scale")
class ScaleAndShiftInterleaved(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
            scale, shift = rearrange(self.time_mlp(time), "b (c two) -> two b c 1 1", two=2)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "scale and shift come before the second norm")
class ScaleShiftBeforeNorm(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        if self.time_mlp is not None and time is not None:
            emb = self.time_mlp(time)[..., None, None]
            if self.time_mode == "add":
                h = h + emb
            else:
                scale, shift = emb.chunk(2, dim=1)
                h = h * (1 + scale) + shift
        return self.conv2(self.activation(self.norm2(h))) + self.shortcut(x)


@wrong("ResnetBlock", 'in mode "add" the time is added after the norm')
class AddAfterNorm(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        h = self.norm2(self.conv1(self.activation(self.norm1(x))))
        if self.time_mlp is not None and time is not None:
            emb = self.time_mlp(time)[..., None, None]
            if self.time_mode == "add":
                h = h + emb
            else:
                scale, shift = emb.chunk(2, dim=1)
                h = h * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", 'mode "add" leaves the time out')
class OnlyScaleShift(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        h = self.norm2(self.conv1(self.activation(self.norm1(x))))
        if self.time_mode == "scale_shift" and self.time_mlp is not None and time is not None:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = h * (scale + 1) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "no activation before the second convolution")
class SecondActivationForgotten(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        return self.conv2(h) + self.shortcut(x)


@wrong("ResnetBlock", "every picture gets the first one's time")
class TimeOfTheFirstPicture(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
            h = self.norm2(h + self.time_mlp(time)[0].view(1, -1, 1, 1))
        else:
            scale, shift = self.time_mlp(time)[0].view(1, -1, 1, 1).chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "calls time_mlp although it is None")
class TimeWithoutTimeMlp(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        if time is None:
            h = self.norm2(h)
        elif self.time_mode == "add":
            h = self.norm2(h + self.time_mlp(time)[:, :, None, None])
        else:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "activates the time before time_mlp, which does so itself")
class SiluTwiceOnTime(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        else:
            emb = self.time_mlp(self.activation(time))[:, :, None, None]
            if self.time_mode == "add":
                h = self.norm2(h + emb)
            else:
                scale, shift = emb.chunk(2, dim=1)
                h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "the sum is made in place and changes x")
class AddedIntoTheInput(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        out = self.shortcut(x)
        out += self.conv2(self.activation(h))
        return out


@wrong("ResnetBlock", "DDPM's dropout before the second convolution draws random numbers")
class WithDropout(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        h = functional.dropout(self.activation(h), 0.1, self.training)
        return self.conv2(h) + self.shortcut(x)


@wrong("ResnetBlock", "the shortcut starts at norm and activation instead of x")
class ShortcutFromTheNormed(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        h = self.activation(self.norm1(x))
        skip = self.shortcut(h)
        h = self.conv1(h)
        if self.time_mlp is None or time is None:
            h = self.norm2(h)
        elif self.time_mode == "add":
            h = self.norm2(h + self.time_mlp(time)[:, :, None, None])
        else:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + skip


@wrong("ResnetBlock", "the sum is divided by the root of 2, and the last activation stands outside")
class SumOverRootTwo(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
            h = self.norm2(h + self.time_mlp(time)[:, :, None, None])
        else:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.activation(self.conv2(h) + self.shortcut(x)) / math.sqrt(2)


@right("ResnetBlock", "split, addcmul, Nones")
class EarlyAddcmul(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        skip = self.shortcut(x)
        if time is None or self.time_mlp is None:
            return skip + self.conv2(self.activation(self.norm2(h)))
        emb = self.time_mlp(time)[:, :, None, None]
        if self.time_mode == "add":
            h = self.norm2(h + emb)
        else:
            scale, shift = torch.split(emb, emb.shape[1] // 2, dim=1)
            h = torch.addcmul(self.norm2(h) + shift, self.norm2(h), scale)
        return skip + self.conv2(self.activation(h))


@right("ResnetBlock", "group norm written out, x * sigmoid(x) for SiLU")
class NormByHand(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
        self.time_mode = time_mode
        self.norm1 = group_norm(dim, groups)
        self.conv1 = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm2 = group_norm(dim_out, groups)
        self.conv2 = shrink(nn.Conv2d(dim_out, dim_out, 3, padding=1))
        self.activation = nn.SiLU()
        width = dim_out if time_mode == "add" else 2 * dim_out
        self.time_mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, width)) if time_dim else None
        self.shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def _norm(self, h: Tensor, norm: nn.GroupNorm) -> Tensor:
        b, c, height, width = h.shape
        rows = h.reshape(b, norm.num_groups, -1)
        var, mean = torch.var_mean(rows, dim=-1, unbiased=False, keepdim=True)
        rows = (rows - mean) * torch.rsqrt(var + norm.eps)
        return rows.view(b, c, height, width) * norm.weight.view(-1, 1, 1) + norm.bias.view(-1, 1, 1)

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        h = self._norm(x, self.norm1)
        h = self.conv1(h * h.sigmoid())
        scale = shift = early = 0.0
        if self.time_mlp is not None and time is not None:
            emb = self.time_mlp(time).unsqueeze(-1).unsqueeze(-1)
            if self.time_mode == "add":
                early = emb
            else:
                half = emb.shape[1] // 2
                scale, shift = emb[:, :half], emb[:, half:]
        h = self._norm(h + early, self.norm2) * (1 + scale) + shift
        return self.shortcut(x) + self.conv2(h * h.sigmoid())


@right("ResnetBlock", "the branches as nn.Sequential built in forward")
class Sequentials(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        first = nn.Sequential(self.norm1, self.activation, self.conv1)
        second = nn.Sequential(self.activation, self.conv2)
        has_time = self.time_mlp is not None and time is not None
        h = first(x)
        if has_time and self.time_mode == "add":
            h = h + self.time_mlp(time).view(len(x), -1, 1, 1)
        h = self.norm2(h)
        if has_time and self.time_mode == "scale_shift":
            scale, shift = self.time_mlp(time).view(len(x), 2, -1, 1, 1).unbind(dim=1)
            h = h + h * scale + shift
        return second(h) + self.shortcut(x)


@right("ResnetBlock", "a loop over the pictures, einsum for the scale")
class PictureByPicture(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        rows = []
        for i in range(x.shape[0]):
            one = x[i : i + 1]
            h = self.conv1(functional.silu(self.norm1(one)))
            if self.time_mlp is None or time is None:
                h = self.norm2(h)
            else:
                numbers = self.time_mlp(time[i : i + 1])[0]
                if self.time_mode == "add":
                    h = self.norm2(h + numbers.reshape(1, -1, 1, 1))
                else:
                    scale, shift = numbers.tensor_split(2)
                    h = torch.einsum("bchw,c->bchw", self.norm2(h), scale + 1) + shift[:, None, None]
            rows.append(self.conv2(functional.silu(h)) + self.shortcut(one))
        return torch.cat(rows)


@right("ResnetBlock", "functional forms of norm, SiLU and convolution")
class Functional(nn.Module):
    def __init__(self, dim, dim_out, time_dim=None, groups=8, time_mode="scale_shift"):
        super().__init__()
        if time_mode not in ("add", "scale_shift"):
            raise ValueError(f'time_mode is "add" or "scale_shift", not {time_mode!r}.')
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
        def norm(h, layer):
            return functional.group_norm(h, layer.num_groups, layer.weight, layer.bias, layer.eps)

        def conv(h, layer):
            return functional.conv2d(functional.silu(h), layer.weight, layer.bias, padding="same")

        h = conv(norm(x, self.norm1), self.conv1)
        knows_time = self.time_mlp is not None and time is not None
        emb = rearrange(self.time_mlp(time), "b c -> b c () ()") if knows_time else None
        if not knows_time:
            h = norm(h, self.norm2)
        elif self.time_mode != "add":
            scale, shift = rearrange(emb, "b (s c) h w -> s b c h w", s=2)
            h = norm(h, self.norm2).mul(scale.add(1)).add(shift)
        else:
            h = norm(emb + h, self.norm2)
        return conv(h, self.conv2) + self.shortcut(x)


@wrong("Downsample", "halves twice: the stride and then every second pixel")
class EverySecondAfterConv(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)[..., ::2, ::2]


@wrong("Downsample", "average pooling, and the convolution is never used")
class PooledInstead(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, 2)


@wrong("Downsample", "takes every second pixel, then convolves at stride 1")
class EverySecondPixelFirst(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, ::2, ::2]
        return functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)


@wrong("Downsample", "pads on the right and below only, as in latent diffusion")
class StableDiffusionPadding(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (0, 1, 0, 1))
        return functional.conv2d(x, self.conv.weight, self.conv.bias, stride=2)


@wrong("Downsample", "functional convolution without padding")
class PaddingForgotten(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.conv.weight, self.conv.bias, stride=2)


@wrong("Downsample", "functional convolution without the bias")
class BiasForgotten(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.conv.weight, stride=2, padding=1)


@wrong("Downsample", "a SiLU after the convolution")
class WithActivation(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(self.conv(x))


@wrong("Downsample", "returns a pair with the input as skip")
class ReturnsTheSkipToo(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x), x


@wrong("Downsample", "cuts the kernel to 3 x 3: wrong for kernel=4")
class OnlyThreeByThree(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.conv.weight[:, :, :3, :3], self.conv.bias, stride=2, padding=1)


@wrong("Downsample", "halves the width only")
class StrideOnTheWidth(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.conv.weight, self.conv.bias, stride=(1, 2), padding=1)


@wrong("Downsample", "convolves at full size and takes the largest of four")
class MaxPoolOfFullConv(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)
        return functional.max_pool2d(h, 2)


@wrong("Downsample", "pads by reflection instead of zeros")
class ReflectedEdges(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(x, self.conv.weight, self.conv.bias, stride=2)


@wrong("Downsample", "a reshape that fits 28 x 28 only")
class FixedSize(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).view(x.shape[0], -1, 14, 14)


@wrong("Downsample", "an in-place ReLU changes the input, and nobody asked for it")
class ActivatedInPlace(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.relu(x, inplace=True))


@wrong("Downsample", "lucidrains' later one: patches of 2 x 2 into channels, then 1 x 1")
class PixelUnshuffle(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(4 * dim, dim_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(rearrange(x, "b c (h p) (w q) -> b (c p q) h w", p=2, q=2))


@wrong("Downsample", "the return is forgotten")
class NothingReturned(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)


@right("Downsample", "convolution at stride 1, then every second pixel")
class FullThenEverySecond(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        full = functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)
        height = (x.shape[2] + 2 - self.conv.kernel_size[0]) // 2 + 1
        width = (x.shape[3] + 2 - self.conv.kernel_size[1]) // 2 + 1
        return full[:, :, ::2, ::2][:, :, :height, :width]


@right("Downsample", "unfold and a matrix product")
class Unfolded(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        size = self.conv.kernel_size[0]
        columns = functional.unfold(x, size, padding=1, stride=2)
        out = self.conv.weight.flatten(1) @ columns + self.conv.bias[:, None]
        height = (x.shape[-2] + 2 - size) // 2 + 1
        return rearrange(out, "b c (h w) -> b c h w", h=height)


@right("Downsample", "zeros around it, then a sum over the kernel's places")
class PaddedByHand(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        size = self.conv.kernel_size[0]
        padded = functional.pad(x, (1, 1, 1, 1))
        height, width = ((n + 2 - size) // 2 + 1 for n in x.shape[-2:])
        out = self.conv.bias.view(1, -1, 1, 1)
        for i in range(size):
            for j in range(size):
                seen = padded[:, :, i : i + 2 * height - 1 : 2, j : j + 2 * width - 1 : 2]
                out = out + torch.einsum("bchw,oc->bohw", seen, self.conv.weight[:, :, i, j])
        return out


@right("Downsample", "a list of pictures, each convolved alone without a batch axis")
class OneByOne(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.conv(picture) for picture in x])


@right("Downsample", "functional convolution with the module's attributes")
class FunctionalWithItsOwnSettings(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        conv = self.conv
        return functional.conv2d(x, conv.weight, conv.bias, conv.stride, conv.padding, conv.dilation, conv.groups)


@right("Downsample", "computed in float64")
class InDouble(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.conv.weight.double(), self.conv.bias.double()
        return functional.conv2d(x.double(), weight, bias, stride=2, padding=1).to(x.dtype)


@wrong("Upsample", "interpolates bilinearly instead of repeating")
class Bilinear(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.conv(x)


@wrong("Upsample", "convolves before it repeats")
class ConvolvedFirst(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(self.conv(x), scale_factor=2, mode="nearest")


@wrong("Upsample", "a transposed convolution with the same weights")
class TransposedConvolution(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.conv.weight.transpose(0, 1)
        return functional.conv_transpose2d(x, weight, self.conv.bias, stride=2, padding=1, output_padding=1)


@wrong("Upsample", "the convolution is forgotten")
class OnlyRepeated(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2, mode="nearest")


@wrong("Upsample", "repeats the whole picture four times as tiles")
class Tiled(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.repeat(1, 1, 2, 2))


@wrong("Upsample", "(q w) puts copies of the whole row beside each other")
class EinopsOrderOfColumns(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = repeat(x, "b c h w -> b c (h p) (q w)", p=2, q=2)
        return self.conv(x)


@wrong("Upsample", "sets zeros between the pixels instead of repeating them")
class ZerosBetween(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        wide = x.new_zeros(b, c, 2 * h, 2 * w)
        wide[:, :, ::2, ::2] = x
        return self.conv(wide)


@wrong("Upsample", "factor 4 on each side")
class FourTimesEachSide(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.interpolate(x, scale_factor=4, mode="nearest"))


@wrong("Upsample", "expands to 2 x 2 and reshapes without moving the axes")
class ExpandedWithoutPermute(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        x = x[..., None, None].expand(b, c, h, w, 2, 2).reshape(b, c, 2 * h, 2 * w)
        return self.conv(x)


@wrong("Upsample", "takes the width for the height too")
class SquareOnly(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        side = 2 * x.shape[-1]
        return self.conv(functional.interpolate(x, size=(side, side)))


@wrong("Upsample", "a quarter of the value in each of the four pixels")
class SharedAmongFour(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, scale_factor=2, mode="nearest") / 4
        return self.conv(x)


@wrong("Upsample", "a pixel shuffle of the convolution: a quarter of the channels")
class PixelShuffled(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.pixel_shuffle(self.conv(x), 2)


@wrong("Upsample", "size 28 is fixed")
class AlwaysTwentyEight(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, size=(28, 28), mode="nearest")
        return self.conv(x)


@wrong("Upsample", "squeeze drops the batch of one")
class Squeezed(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, scale_factor=2, mode="nearest")
        return self.conv(x).squeeze()


@wrong("Upsample", "pads with the edge pixels and adds a SiLU")
class ReplicatedEdgesAndActivation(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, scale_factor=2, mode="nearest")
        x = functional.pad(x, (1, 1, 1, 1), mode="replicate")
        return functional.silu(functional.conv2d(x, self.conv.weight, self.conv.bias))


@wrong("Upsample", "repeats along the width twice and never along the height")
class WidthTwice(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=3)
        return self.conv(x)


@right("Upsample", "repeat_interleave along both axes")
class RepeatInterleaved(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2))


@right("Upsample", "einops.repeat")
class EinopsRepeat(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(repeat(x, "b c h w -> b c (h two) (w also)", two=2, also=2))


@right("Upsample", "Kronecker product with a square of ones")
class Kronecker(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(torch.kron(x.contiguous(), torch.ones(1, 1, 2, 2, device=x.device, dtype=x.dtype)))


@right("Upsample", "index i // 2 in rows and columns")
class IndexedByHalves(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        rows = torch.arange(2 * height, device=x.device) // 2
        columns = torch.arange(2 * width, device=x.device) // 2
        return self.conv(x[:, :, rows[:, None], columns])


@right("Upsample", "writes x into four strided places of a new tensor")
class FourCopiesWritten(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        big = torch.empty(b, c, 2 * h, 2 * w, dtype=x.dtype, device=x.device)
        for i in (0, 1):
            for j in (0, 1):
                big[..., i::2, j::2] = x
        return self.conv(big)


@right("Upsample", "torch's nn.Upsample and a functional convolution")
class UpsamplingModule(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        big = nn.Upsample(scale_factor=2)(x)
        return functional.conv2d(functional.pad(big, [1] * 4), self.conv.weight, self.conv.bias)


@wrong("Attention", "softmax over i instead of j")
class SoftmaxOverTheQueries(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-2)
        return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "no division by the root of d")
class ScaleForgotten(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = torch.softmax(torch.einsum("bhid,bhjd->bhij", q, k), dim=-1)
        out = torch.einsum("bhij,bhjd->bhid", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "scales q, and torch's function scales again")
class ScaledTwice(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        out = functional.scaled_dot_product_attention(q * self.scale, k, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "splits the channels as (heads three d)")
class HeadsBeforeThree(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (heads three d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (einsum(q, k, "b n i d, b n j d -> b n i j") * self.scale).softmax(-1)
        out = einsum(weights, v, "b n i j, b n j d -> b n i d")
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "joins the heads as (d heads)")
class MergedAsDHeads(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (torch.einsum("b h i d, b h j d -> b h i j", q, k) * self.scale).softmax(dim=-1)
        out = torch.einsum("b h i j, b h j d -> b h i d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (d heads) h w", h=h, w=w))


@wrong("Attention", "takes the pixels apart as (h w) and puts them together as (w h)")
class PicturesTransposed(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.mT * self.scale).softmax(dim=-1)
        return self.to_out(rearrange(weights @ v, "b heads (w h) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "reshapes (heads, pixels, d) straight to (channels, h, w)")
class ReshapedWithoutTranspose(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        q, k, v = (part.reshape(b, self.heads, -1, h * w).transpose(2, 3) for part in self.to_qkv(x).chunk(3, dim=1))
        weights = (q @ k.transpose(2, 3) * self.scale).softmax(dim=-1)
        return self.to_out((weights @ v).reshape(b, -1, h, w))


@wrong("Attention", "to_out is never applied")
class ProjectionForgotten(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-1)
        return rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=h, w=w)


@wrong("Attention", "adds x, which Residual does already")
class ResidualInside(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        out = functional.scaled_dot_product_attention(q, k, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w)) + x


@wrong("Attention", "pixels and features swapped: features look at features")
class ChannelsLookAtChannels(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        out = functional.scaled_dot_product_attention(q, k, v, scale=self.scale)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "all heads as a single one")
class OneHead(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = self.to_qkv(x).flatten(2).transpose(1, 2).chunk(3, dim=-1)
        weights = torch.softmax(q @ k.transpose(1, 2) * self.scale, dim=-1)
        return self.to_out((weights @ v).transpose(1, 2).unflatten(2, (h, w)))


@wrong("Attention", "takes v for k and k for v")
class KeysAsValues(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, v, k = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (torch.einsum("b h i d, b h j d -> b h i j", q, k) * self.scale).softmax(dim=-1)
        out = torch.einsum("b h i j, b h j d -> b h i d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "takes the root of the number of pixels as side")
class SquarePicturesOnly(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-1)
        side = int(math.sqrt(q.shape[-2]))
        return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=side, w=side))


@wrong("Attention", "four heads are fixed, and d is taken as 32")
class FourHeadsAlways(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=4)
        weights = (q @ k.transpose(-1, -2) / math.sqrt(32)).softmax(dim=-1)
        return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "a causal mask: no pixel sees a later one")
class CausalMask(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "the weights are detached: q and k never learn")
class WeightsDetached(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-1).detach()
        return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "pixels look at those of the other pictures too")
class AcrossTheBatch(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three heads (b h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-1)
        return self.to_out(rearrange(weights @ v, "heads (b h w) d -> b (heads d) h w", b=len(x), h=x.shape[2]))


@wrong("Attention", "e for d in the second factor: einsum sums each by itself")
class TwoSumsInOne(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (torch.einsum("b h i d, b h j e -> b h i j", q, k) * self.scale).softmax(dim=-1)
        out = torch.einsum("b h i j, b h j d -> b h i d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("Attention", "scales by dim instead of d, and sums the weights over i")
class RootOfTheWidth(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (torch.einsum("b h i d, b h j d -> b h i j", q, k) / x.shape[1] ** 0.5).softmax(dim=-1)
        out = torch.einsum("b h i j, b h i d -> b h j d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@right("Attention", "scaled_dot_product_attention")
class TorchsOwn(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        q, k, v = self.to_qkv(x).reshape(b, 3, self.heads, -1, h * w).transpose(-1, -2).unbind(1)
        out = functional.scaled_dot_product_attention(q.contiguous(), k.contiguous(), v.contiguous(), scale=self.scale)
        return self.to_out(out.transpose(2, 3).reshape(b, -1, h, w))


@right("Attention", "the tutorial's: q scaled first, the largest subtracted before the softmax")
class AnnotatedDiffusionAttention(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        qkv = self.to_qkv(x).chunk(3, dim=1)
        q, k, v = (rearrange(t, "b (h c) x y -> b h c (x y)", h=self.heads) for t in qkv)
        q = q * self.scale
        sim = torch.einsum("b h d i, b h d j -> b h i j", q, k)
        sim = sim - sim.amax(dim=-1, keepdim=True).detach()
        attn = sim.softmax(dim=-1)
        out = torch.einsum("b h i j, b h d j -> b h i d", attn, v)
        out = rearrange(out, "b h (x y) d -> b (h d) x y", x=h, y=w)
        return self.to_out(out)


@right("Attention", "one einsum with six axes, exponentials by hand")
class RowsAndColumnsKept(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = rearrange(self.to_qkv(x), "b (three n d) h w -> three b n d h w", three=3, n=self.heads)
        scores = torch.einsum("bndhw,bndyx->bnhwyx", q, k) * self.scale
        scores = (scores - scores.amax(dim=(-2, -1), keepdim=True)).exp()
        weights = scores / scores.sum(dim=(-2, -1), keepdim=True)
        out = torch.einsum("bnhwyx,bndyx->bndhw", weights, v)
        return self.to_out(out.flatten(1, 2))


@right("Attention", "loops over pictures and heads")
class HeadByHead(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        pictures = []
        for maps in self.to_qkv(x):
            d = maps.shape[0] // (3 * self.heads)
            pieces = maps.reshape(3 * self.heads, d, -1)
            heads = []
            for n in range(self.heads):
                q, k, v = pieces[n], pieces[self.heads + n], pieces[2 * self.heads + n]
                weights = torch.softmax(q.t() @ k / math.sqrt(d), dim=1)
                heads.append(v @ weights.t())
            pictures.append(torch.cat(heads).view(-1, *x.shape[2:]))
        return self.to_out(torch.stack(pictures))


@right("Attention", "baddbmm over (batch heads), log_softmax and exp, in float64")
class BatchedProducts(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height = x.shape[2]
        qkv = rearrange(self.to_qkv(x).double(), "b (t n d) h w -> t (b n) (h w) d", t=3, n=self.heads)
        q, k, v = qkv[0], qkv[1], qkv[2]
        start = q.new_zeros(len(q), q.shape[1], k.shape[1])
        scores = torch.baddbmm(start, q, k.transpose(1, 2), alpha=self.scale)
        out = torch.bmm(scores.log_softmax(-1).exp(), v)
        out = rearrange(out, "(b n) (h w) d -> b (n d) h w", n=self.heads, h=height)
        return self.to_out(out.to(x.dtype))


@wrong("PreNorm", "the layer first, then the norm")
class NormedAfterwards(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(x))


@wrong("PreNorm", "adds x, which is Residual's part")
class AddsTheInput(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.norm(x)) + x


@wrong("PreNorm", "normalises only")
class LayerForgotten(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


@wrong("PreNorm", "applies the layer to x itself")
class NormForgotten(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


@wrong("PreNorm", "the first Transformer's norm(x + layer(x))")
class TransformerPostNorm(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x + self.layer(x))


@wrong("PreNorm", "a second norm after the layer")
class NormedOnBothSides(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(self.norm(x)))


@wrong("PreNorm", "a functional norm without its learned weight and bias")
class WeightsIgnored(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(functional.group_norm(x, 1))


@wrong("PreNorm", "the tutorial's LayerNorm over the channels of each pixel")
class EachPixelByItself(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=1, keepdim=True)
        var = x.var(dim=1, unbiased=False, keepdim=True)
        x = (x - mean) / (var + 1e-5).sqrt()
        return self.layer(x * self.norm.weight[:, None, None] + self.norm.bias[:, None, None])


@wrong("PreNorm", "instance norm: each channel by itself")
class EachChannelByItself(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        x = functional.instance_norm(x, weight=self.norm.weight, bias=self.norm.bias)
        return self.layer(x)


@wrong("PreNorm", "mean and deviation over the whole batch")
class WholeBatchTogether(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        x = (x - x.mean()) / (x.var(unbiased=False) + self.norm.eps).sqrt()
        return self.layer(x * self.norm.weight.view(1, -1, 1, 1) + self.norm.bias.view(1, -1, 1, 1))


@wrong("PreNorm", "by hand with the variance over n - 1")
class UnbiasedVariance(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        var = x.var(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) / (var + self.norm.eps).sqrt()
        return self.layer(x * self.norm.weight.view(1, -1, 1, 1) + self.norm.bias.view(1, -1, 1, 1))


@wrong("PreNorm", "divides by the variance, and the bias is left out")
class RootForgotten(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        var, mean = torch.var_mean(x, dim=(1, 2, 3), correction=0, keepdim=True)
        return self.layer((x - mean) / (var + self.norm.eps) * self.norm.weight[:, None, None])


@wrong("PreNorm", "eight groups instead of one")
class EightGroups(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.norm(x))


@wrong("PreNorm", "subtracts the mean in place and changes x")
class CentredInPlace(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        x -= x.mean(dim=(1, 2, 3), keepdim=True)
        return self.layer(self.norm(x))


@wrong("PreNorm", "no gradient gets past the norm")
class NormWithoutGradient(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            h = self.norm(x)
        return self.layer(h)


@wrong("PreNorm", "hands the layer x as a second argument")
class PassesBoth(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.norm(x), x)


@right("PreNorm", "torch.layer_norm per picture, weight and bias afterwards")
class RowByRow(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        h = functional.layer_norm(x, x.shape[1:], eps=self.norm.eps)
        h = torch.einsum("bchw,c->bchw", h, self.norm.weight) + self.norm.bias[None, :, None, None]
        return self.layer(h)


@right("PreNorm", "nn.Sequential of the two")
class Sequenced(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return nn.Sequential(self.norm, self.layer)(x)


@right("PreNorm", "moments by einops.reduce")
class MomentsByReduce(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        mean = reduce(x, "b c h w -> b 1 1 1", "mean")
        square = reduce((x - mean) ** 2, "b c h w -> b 1 1 1", "mean")
        h = (x - mean) * torch.rsqrt(square + self.norm.eps)
        weight, bias = (rearrange(p, "c -> c 1 1") for p in (self.norm.weight, self.norm.bias))
        return self.layer(weight * h + bias)


@right("PreNorm", "functional group norm with all its settings")
class FunctionalGroupNorm(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        norm = self.norm
        h = functional.group_norm(x, num_groups=1, weight=norm.weight, bias=norm.bias, eps=norm.eps)
        return self.layer(h)


@right("PreNorm", "each picture as a row, var_mean, back with view_as")
class FlattenedAndBack(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(1)
        var, mean = torch.var_mean(rows, 1, unbiased=False, keepdim=True)
        normed = ((rows - mean) / torch.sqrt(var + self.norm.eps)).view_as(x)
        return self.layer(torch.addcmul(self.norm.bias.view(-1, 1, 1), normed, self.norm.weight.view(-1, 1, 1)))


@wrong("LinearAttention", "softmax of q over the pixels and of k over the features")
class SoftmaxAxesSwapped(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-1) * self.scale, k.softmax(dim=-2)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "q too goes through a softmax over the pixels")
class BothOverThePixels(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-1) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "q has no softmax")
class QueriesWithoutSoftmax(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        context = k.softmax(dim=-1) @ v.transpose(-1, -2)
        out = context.transpose(-1, -2) @ (q * self.scale)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "plain product q (k v) without any softmax")
class NoSoftmaxAtAll(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        out = q @ (k.transpose(-1, -2) @ v) * self.scale
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "the scale is applied before q's softmax instead of after")
class ScaleInsideTheSoftmax(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = (q * self.scale).softmax(dim=-2), k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "no 1 / sqrt(d)")
class ScaleLeftOut(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2), k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "lucidrains' later version: v divided by the number of pixels")
class ValuesOverThePixels(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        qkv = self.to_qkv(x).chunk(3, dim=1)
        q, k, v = (rearrange(t, "b (h c) x y -> b h c (x y)", h=self.heads) for t in qkv)
        q = q.softmax(dim=-2)
        k = k.softmax(dim=-1)
        q = q * self.scale
        v = v / (h * w)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        out = rearrange(out, "b h c (x y) -> b (h c) x y", h=self.heads, x=h, y=w)
        return self.to_out(out)


@wrong("LinearAttention", "the d x d matrix is applied the wrong way round")
class ContextTransposed(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h e n -> b h d n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "the full softmax attention of the quiz before")
class QuadraticSoftmax(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-1, -2) * self.scale).softmax(dim=-1)
        return self.to_out(rearrange(weights @ v, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "only the convolution of to_out, not its norm")
class OutputNormSkipped(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        context = torch.einsum("b h d n, b h e n -> b h d e", k.softmax(dim=-1), v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q.softmax(dim=-2) * self.scale)
        return self.to_out[0](rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "elu + 1 as feature map, as in the linear transformer")
class EluFeatures(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        q, k = functional.elu(q) + 1, functional.elu(k) + 1
        out = q @ (k.transpose(-1, -2) @ v) / (q @ k.sum(dim=-2)[..., None])
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "q's softmax runs over the features of all heads together")
class QueriesOverAllHeads(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = self.to_qkv(x).flatten(2).chunk(3, dim=1)
        q, k = q.softmax(dim=1) * self.scale, k.softmax(dim=-1)
        q, k, v = (rearrange(part, "b (heads d) n -> b heads d n", heads=self.heads) for part in (q, k, v))
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "splits the channels as (heads d three)")
class InterleavedQkv(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (heads d three) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "puts the pixels back with height and width swapped")
class HeightAndWidthMixed(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=w, w=h))


@wrong("LinearAttention", "the d x d matrix is detached: k and v never learn")
class ContextDetached(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        with torch.no_grad():
            context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=h, w=w))


@wrong("LinearAttention", "joins the heads as (d heads) and adds x")
class LeftPlusInput(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return x + self.to_out(rearrange(out, "b heads d (h w) -> b (d heads) h w", h=h, w=w))


@right("LinearAttention", "the tutorial's, without the division of v")
class AnnotatedDiffusionLinear(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        qkv = self.to_qkv(x).chunk(3, dim=1)
        q, k, v = (rearrange(t, "b (h c) x y -> b h c (x y)", h=self.heads) for t in qkv)
        q = q.softmax(dim=-2)
        k = k.softmax(dim=-1)
        q = q * self.scale
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        out = rearrange(out, "b h c (x y) -> b (h c) x y", h=self.heads, x=h, y=w)
        return self.to_out(out)


@right("LinearAttention", "the n x n weights after all: slow, the same numbers")
class QuadraticOrder(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = torch.softmax(q, dim=-1) @ torch.softmax(k, dim=-2).transpose(-1, -2)
        out = self.scale * weights @ v
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=h, w=w))


@right("LinearAttention", "(batch heads) as one axis, bmm, scale at the end")
class FlatHeads(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        qkv = self.to_qkv(x).reshape(len(x), 3, self.heads, -1, height * width)
        q, k, v = (part.flatten(0, 1) for part in qkv.unbind(dim=1))
        context = torch.bmm(v, functional.softmax(k, dim=2).transpose(1, 2))
        out = torch.bmm(context, functional.softmax(q, dim=1)) * self.scale
        return self.to_out(out.reshape(len(x), -1, height, width))


@right("LinearAttention", "unnormalised exponentials, divided at the end")
class SoftmaxAfterTheSum(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d h w", three=3, heads=self.heads)
        q = (q - q.amax(dim=2, keepdim=True)).exp()
        k = (k - k.amax(dim=(3, 4), keepdim=True)).exp()
        context = torch.einsum("bndhw,bnehw->bnde", k, v) / k.sum(dim=(3, 4))[..., None]
        out = torch.einsum("bnde,bndhw->bnehw", context, q) / q.sum(dim=2, keepdim=True)
        return self.to_out(out.reshape(b, -1, h, w) * self.scale)


@right("LinearAttention", "a loop over the heads, in float64")
class OneHeadAtATime(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.to_qkv(x).double().flatten(2)
        d = qkv.shape[1] // (3 * self.heads)
        q, k, v = qkv.split(self.heads * d, dim=1)
        outs = []
        for start in range(0, self.heads * d, d):
            part = slice(start, start + d)
            context = k[:, part].softmax(dim=2) @ v[:, part].mT
            outs.append(context.mT @ q[:, part].softmax(dim=1) / d**0.5)
        return self.to_out(torch.cat(outs, dim=1).view(len(x), -1, *x.shape[2:]).to(x.dtype))


@wrong("ConvNextBlock", "no shortcut")
class ShortcutForgotten(nn.Module):
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
        return self.body(h)


@wrong("ConvNextBlock", "adds x without the 1 x 1 convolution")
class InputAddedAsItIs(nn.Module):
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
        return self.body(h) + x


@wrong("ConvNextBlock", "the time is added before the depthwise convolution")
class TimeBeforeDepthwise(nn.Module):
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
        h = x
        if self.time_mlp is not None and time is not None:
            h = h + self.time_mlp(time)[:, :, None, None]
        h = self.depthwise(h)
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "the time is added to the body's output")
class TimeAfterBody(nn.Module):
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
        h = self.body(self.depthwise(x))
        if self.time_mlp is not None and time is not None:
            h = h + self.time_mlp(time)[:, :, None, None]
        return h + self.shortcut(x)


@wrong("ConvNextBlock", "the time is never used")
class TimeIgnored(nn.Module):
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
        return self.body(self.depthwise(x)) + self.shortcut(x)


@wrong("ConvNextBlock", "the depthwise convolution is never used")
class DepthwiseSkipped(nn.Module):
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
        h = x
        if self.time_mlp is not None and time is not None:
            h = x + rearrange(self.time_mlp(time), "b c -> b c 1 1")
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "the shortcut starts after depthwise convolution and time")
class ShortcutFromDepthwise(nn.Module):
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
        x = self.depthwise(x)
        if self.time_mlp is not None and time is not None:
            x = x + rearrange(self.time_mlp(time), "b c -> b c 1 1")
        return self.body(x) + self.shortcut(x)


@wrong("ConvNextBlock", "a block without time_dim fails when it gets a time")
class CrashesWithoutMlp(nn.Module):
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
        if time is not None:
            h = h + self.time_mlp(time)[..., None, None]
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "all pictures get the batch's mean time")
class MeanTime(nn.Module):
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
            h = h + self.time_mlp(time).mean(dim=0).view(1, -1, 1, 1)
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "the time is (B, C) and does not spread over the pixels")
class TimeWithoutPixelAxes(nn.Module):
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
            h = h + self.time_mlp(time)
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "the time multiplies instead of being added")
class TimeAsScale(nn.Module):
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
            h = h * (1 + rearrange(self.time_mlp(time), "b c -> b c 1 1"))
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "the body starts after its first norm")
class FirstNormLeftOut(nn.Module):
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
        return self.body[1:](h) + self.shortcut(x)


@wrong("ConvNextBlock", "the paper's 1 x 1 convolutions with norm only once")
class PaperConvNext(nn.Module):
    def __init__(self, dim: int, dim_out: int, time_dim: int | None = None, mult: int = 2):
        super().__init__()
        self.time_mlp = nn.Sequential(nn.GELU(), nn.Linear(time_dim, dim)) if time_dim else None
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.body = nn.Sequential(
            group_norm(dim, groups=1),
            nn.Conv2d(dim, dim_out * mult, 1),
            nn.GELU(),
            nn.Conv2d(dim_out * mult, dim_out, 1),
        )
        self.shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        h = self.depthwise(x)
        if self.time_mlp is not None and time is not None:
            h = h + rearrange(self.time_mlp(time), "b c -> b c 1 1")
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "adds the body to x in place where the width stays")
class TimeAddedInPlaceToInput(nn.Module):
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
            h += self.time_mlp(time)[:, :, None, None]
        res = self.shortcut(x)
        res += self.body(h)
        return res


@wrong("ConvNextBlock", "activates the time once more and halves the sum")
class GeluTwiceAndHalved(nn.Module):
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
            h = h + self.time_mlp(functional.gelu(time))[:, :, None, None]
        return (self.body(h) + self.shortcut(x)) / 2


@wrong("ConvNextBlock", "the time's layers get no gradient")
class TimeWithoutGradient(nn.Module):
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
            with torch.no_grad():
                shift = self.time_mlp(time)
            h = h + rearrange(shift, "b c -> b c 1 1")
        return self.body(h) + self.shortcut(x)


@right("ConvNextBlock", "the tutorial's condition, with Nones")
class AnnotatedConvNext(nn.Module):
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
        if self.time_mlp and time is not None:
            condition = self.time_mlp(time)
            h = h + condition[:, :, None, None]
        h = self.body(h)
        return h + self.shortcut(x)


@right("ConvNextBlock", "the body unrolled in a loop, early zero for the time")
class LayerByLayer(nn.Module):
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
        shift = torch.zeros(1, 1, device=x.device)
        if not (self.time_mlp is None or time is None):
            shift = self.time_mlp(time)
        h = self.depthwise(x) + shift.unsqueeze(2).unsqueeze(3)
        for layer in self.body:
            h = layer(h)
        return torch.add(self.shortcut(x), h)


@right("ConvNextBlock", "the depthwise convolution channel by channel")
class ChannelByChannel(nn.Module):
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
        channels = []
        for i, one in enumerate(x.unbind(dim=1)):
            weight, bias = self.depthwise.weight[i : i + 1], self.depthwise.bias[i : i + 1]
            channels.append(functional.conv2d(one[:, None], weight, bias, padding=3))
        h = torch.cat(channels, dim=1)
        if time is None or self.time_mlp is None:
            return self.shortcut(x) + self.body(h)
        h = torch.einsum("bchw->bhwc", h) + self.time_mlp(time)[:, None, None]
        return self.shortcut(x) + self.body(h.permute(0, 3, 1, 2))


@right("ConvNextBlock", "a loop over the pictures with a helper")
class OnePictureEach(nn.Module):
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

    def _one(self, picture: Tensor, time: Tensor | None) -> Tensor:
        h = self.depthwise(picture[None])
        if time is not None:
            h = h + time.reshape(-1, 1, 1)
        return self.body(h)

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        times = [None] * len(x) if self.time_mlp is None or time is None else self.time_mlp(time)
        branch = torch.cat([self._one(picture, t) for picture, t in zip(x, times, strict=True)])
        return branch + self.shortcut(x)


@right("ConvNextBlock", "functional depthwise convolution, lambda for the time, sum()")
class SumByLambda(nn.Module):
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
        timeless = self.time_mlp is None or time is None
        add_time = (lambda h: h) if timeless else (lambda h: h + self.time_mlp(time)[..., None, None])
        h = functional.conv2d(x, self.depthwise.weight, self.depthwise.bias, padding="same", groups=x.shape[1])
        return sum([self.body(add_time(h)), self.shortcut(x)])
