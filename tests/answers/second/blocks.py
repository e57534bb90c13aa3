"""Answers to the quizzes of chapter 07."""

import math

import torch
from einops import rearrange, reduce, repeat
from torch import Tensor, nn
from torch.nn import functional

from answers import right, wrong
from course_lib.blocks import group_norm, shrink
from course_lib.types import TimeMode


@wrong("SinusoidalPositionEmbeddings", "sines and cosines alternate, as in the paper")
class Alternating(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t[:, None] * frequencies
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


@wrong("SinusoidalPositionEmbeddings", "divides by d/2, so the slowest wave is too fast")
class HalfWithoutOne(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / half)
        angles = t[:, None].float() * frequencies[None]
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "the exponent has no minus: frequencies up to 10,000")
class GrowingFrequencies(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        scale = math.log(10000) / max(half - 1, 1)
        emb = torch.exp(torch.arange(half, device=t.device) * scale)
        emb = t[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


@wrong("SinusoidalPositionEmbeddings", "frequencies on a straight line, not a geometric row")
class StraightLine(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        frequencies = torch.linspace(1, 1e-4, self.dim // 2, device=t.device)
        angles = rearrange(t, "b -> b 1") * frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=1)


@wrong("SinusoidalPositionEmbeddings", "joined below each other: (2 B, dim / 2)")
class JoinedBelow(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        k = torch.arange(half, device=t.device)
        angles = torch.outer(t.float(), 10_000 ** (-k / max(half - 1, 1)))
        return torch.cat([angles.sin(), angles.cos()])


@wrong("SinusoidalPositionEmbeddings", "full turns: 2 pi in the angle, as in Fourier features")
class FullTurns(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = 2 * math.pi * t[:, None] * frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "time as a share of the largest in the batch")
class ShareOfTheLargest(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        t = t.float() / t.max().clamp(min=1)
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=t.device) / max(half - 1, 1))
        angles = t[:, None] * frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


@wrong("SinusoidalPositionEmbeddings", "two mistakes, as in guided-diffusion: cosines first, and divided by d/2")
class GuidedDiffusionTime(nn.Module):
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


@right("SinusoidalPositionEmbeddings", "frequencies by logspace, angles by einsum, written into halves")
class ByLogspace(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        frequencies = torch.logspace(0, -4, half, device=t.device)
        angles = torch.einsum("b,k->bk", t.to(frequencies.dtype), frequencies)
        out = torch.empty(len(t), self.dim, device=t.device)
        out[:, :half] = angles.sin()
        out[:, half:] = angles.cos()
        return out


@right("SinusoidalPositionEmbeddings", "a cosine is a sine a quarter turn later")
class QuarterTurnLater(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        place = torch.arange(self.dim, device=t.device)
        half = self.dim // 2
        k, turn = place % half, (place >= half) * (math.pi / 2)
        omega = 10_000.0 ** (-k.double() / max(half - 1, 1))
        return torch.sin(t.double().unsqueeze(1) * omega + turn).float()


@right("SinusoidalPositionEmbeddings", "a complex exponential, imaginary part first")
class ByComplexNumbers(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        if dim % 2 or dim < 2:
            raise ValueError(f"the embedding pairs sines with cosines, so dim must be even, not {dim}.")
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        half = self.dim // 2
        steps = [10_000 ** (-k / (half - 1)) if half > 1 else 1.0 for k in range(half)]
        angles = t.reshape(-1, 1) * torch.tensor(steps, device=t.device)
        waves = torch.polar(torch.ones_like(angles), angles)
        return torch.hstack((waves.imag, waves.real))


@wrong("ResnetBlock", "the shortcut without its convolution")
class BareShortcut(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
            h = self.norm2(h + self.time_mlp(time)[:, :, None, None])
        else:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + x


@wrong("ResnetBlock", "scale and shift alternate instead of being two halves")
class AlternatingScales(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
            scale, shift = rearrange(self.time_mlp(time), "b (c two) -> two b c 1 1", two=2)
            h = self.norm2(h) * (1 + scale) + shift
        return self.shortcut(x) + self.conv2(self.activation(h))


@wrong("ResnetBlock", "add comes after the second norm; only scale_shift does")
class AddedAfterNorm(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
        h = self.norm2(h)
        if self.time_mlp is not None and time is not None:
            emb = self.time_mlp(time)[..., None, None]
            if self.time_mode == "scale_shift":
                scale, shift = torch.chunk(emb, 2, dim=1)
                h = h * (1 + scale) + shift
            else:
                h = h + emb
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "scale and shift before the norm, which takes the shift's mean away again")
class ScaledBeforeNorm(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
        if self.time_mlp is not None and time is not None:
            emb = rearrange(self.time_mlp(time), "b c -> b c 1 1")
            if self.time_mode == "add":
                h = h + emb
            else:
                scale, shift = emb.chunk(2, dim=1)
                h = h * (1 + scale) + shift
        h = self.norm2(h)
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "an activation after the sum, as in the first ResNet")
class ActivatedSum(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
            h = self.norm2(h + self.time_mlp(time)[:, :, None, None])
        else:
            scale, shift = self.time_mlp(time)[:, :, None, None].chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        return self.activation(self.conv2(self.activation(h)) + self.shortcut(x))


@wrong("ResnetBlock", "SiLU on the time, though time_mlp begins with one")
class TimeActivatedTwice(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
        else:
            emb = self.time_mlp(self.activation(time))[..., None, None]
            if self.time_mode == "add":
                h = self.norm2(h + emb)
            else:
                scale, shift = emb.chunk(2, dim=1)
                h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "calls a time_mlp that is not there, if built without time_dim")
class TimeAlwaysUsed(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
        if time is None:
            h = self.norm2(h)
        elif self.time_mode == "add":
            h = self.norm2(h + rearrange(self.time_mlp(time), "b c -> b c 1 1"))
        else:
            scale, shift = rearrange(self.time_mlp(time), "b (s c) -> s b c 1 1", s=2)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(self.activation(h)) + self.shortcut(x)


@wrong("ResnetBlock", "two mistakes: shift comes first, and no second activation")
class ShiftFirstOneActivation(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
            shift, scale = rearrange(self.time_mlp(time), "b (two c) -> two b c 1 1", two=2)
            h = self.norm2(h) * (1 + scale) + shift
        return self.conv2(h) + self.shortcut(x)


@right("ResnetBlock", "a helper for the time, scale and shift as 0 where there are none")
class HelperForTime(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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

    def from_time(self, time):
        if self.time_mlp is None or time is None:
            return 0, 0, 0
        emb = self.time_mlp(time)[:, :, None, None]
        if self.time_mode == "add":
            return emb, 0, 0
        half = emb.shape[1] // 2
        return 0, emb[:, :half], emb[:, half:]

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        before, scale, shift = self.from_time(time)
        h = self.conv1(functional.silu(self.norm1(x))) + before
        h = torch.addcmul(self.norm2(h) + shift, self.norm2(h), scale * torch.ones_like(h))
        return self.shortcut(x).add(self.conv2(functional.silu(h)))


@right("ResnetBlock", "early returns, the end of the block in a closure")
class EarlyReturns(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
        def finish(h):
            return self.conv2(h * h.sigmoid()) + self.shortcut(x)

        h = self.norm1(x)
        h = self.conv1(h * torch.sigmoid(h))
        if time is None or not self.time_mlp:
            return finish(self.norm2(h))
        emb = self.time_mlp(time)
        if self.time_mode == "add":
            return finish(self.norm2(h + emb.reshape(*emb.shape, 1, 1)))
        h = self.norm2(h)
        scale, shift = emb.unflatten(1, (2, h.shape[1])).unbind(1)
        h = torch.einsum("bchw,bc->bchw", h, 1 + scale) + shift[..., None, None]
        return finish(h)


@right("ResnetBlock", "the branch as one nn.Sequential of what is there; the shortcut first")
class ShortcutFirst(nn.Module):
    def __init__(
        self,
        dim: int,
        dim_out: int,
        time_dim: int | None = None,
        groups: int = 8,
        time_mode: TimeMode = "scale_shift",
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
        out = self.shortcut(x)
        h = nn.Sequential(self.norm1, self.activation, self.conv1)(x)
        timed = self.time_mlp is not None and time is not None
        if timed and self.time_mode == "add":
            h = h + self.time_mlp(time).unsqueeze(-1).unsqueeze(-1)
        h = self.norm2(h)
        if timed and self.time_mode == "scale_shift":
            scale, shift = torch.split(self.time_mlp(time), h.size(1), dim=1)
            h = h + h * scale.view(*scale.shape, 1, 1) + shift.view(*shift.shape, 1, 1)
        return out + nn.Sequential(self.activation, self.conv2)(h)


@wrong("Downsample", "halved twice: strided convolution and then pooling")
class HalvedTwice(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(self.conv(x), 2)


@wrong("Downsample", "padded at the right and below, as in latent diffusion, though the convolution pads, too")
class PaddedTwice(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (0, 1, 0, 1), mode="constant", value=0)
        return self.conv(x)


@wrong("Downsample", "convolves at full size, then takes means of four")
class MeanOfFour(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, padding="same")

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(self.conv(x), 2)


@wrong("Downsample", "the functional form without the bias")
class WithoutBias(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.conv.weight, stride=2, padding=1)


@wrong("Downsample", "any kernel asked for is 3")
class AlwaysThree(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


@wrong("Downsample", "an activation after the convolution")
class ActivatedDown(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return functional.silu(x)


@wrong("Downsample", "nothing is returned")
class NothingReturned(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)


@wrong("Downsample", "two mistakes: a blur first, and the bias counted twice")
class BlurredFirst(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.avg_pool2d(x, 3, stride=1, padding=1)
        return self.conv(x) + self.conv.bias[:, None, None]


@right("Downsample", "convolved at full size, then every second pixel")
class EverySecondPixel(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        full = functional.conv2d(x, self.conv.weight, self.conv.bias, padding=1)
        return full[..., ::2, ::2]


@right("Downsample", "padded by hand, bias added by hand")
class PaddedByHand(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, [1] * 4)
        out = functional.conv2d(padded, self.conv.weight, stride=(2, 2))
        return out + rearrange(self.conv.bias, "c -> 1 c 1 1")


@right("Downsample", "unfold and one einsum")
class Unfolded(nn.Module):
    def __init__(self, dim: int, dim_out: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, kernel, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        k = self.conv.kernel_size[0]
        height, width = ((side + 2 - k) // 2 + 1 for side in x.shape[-2:])
        patches = functional.unfold(x, k, padding=1, stride=2)
        out = torch.einsum("o p, b p n -> b o n", self.conv.weight.flatten(1), patches)
        out = out + self.conv.bias[None, :, None]
        return out.unflatten(2, (height, width))


@wrong("Upsample", "smooth in between instead of repeated")
class Bilinear(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.conv(x)


@wrong("Upsample", "convolves first, then repeats")
class ConvolvedFirst(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(self.conv(x), scale_factor=2, mode="nearest")


@wrong("Upsample", "the whole picture is repeated, four small ones side by side")
class Tiled(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.repeat(1, 1, 2, 2)
        return self.conv(x)


@wrong("Upsample", "four times the side")
class FourTimesTheSide(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.interpolate(x, scale_factor=4, mode="nearest")
        return self.conv(x)


@wrong("Upsample", "a transposed convolution, as in the classic U-Net")
class Transposed(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.ConvTranspose2d(dim, dim_out, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


@wrong("Upsample", "each pixel once, zeros between")
class ZerosBetween(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        out = x.new_zeros(b, c, 2 * h, 2 * w)
        out[:, :, ::2, ::2] = x
        return self.conv(out)


@wrong("Upsample", "the new size taken from the width alone: only squares come out right")
class OnlySquares(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        size = 2 * x.shape[-1]
        x = functional.interpolate(x, size=(size, size), mode="nearest")
        return self.conv(x)


@wrong("Upsample", "two mistakes: only the width is repeated, and an activation at the end")
class OnlyTheWidth(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.repeat_interleave(2, dim=-1)
        return functional.silu(self.conv(x))


@right("Upsample", "einops repeat")
class ByEinops(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(repeat(x, "b c h w -> b c (h p) (w q)", p=2, q=2))


@right("Upsample", "by an index that names each row and column twice")
class ByIndex(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        rows = torch.arange(2 * x.shape[2], device=x.device) // 2
        columns = torch.arange(2 * x.shape[3], device=x.device) // 2
        big = x.index_select(2, rows).index_select(3, columns)
        return functional.conv2d(big, self.conv.weight, self.conv.bias, padding="same")


@right("Upsample", "expand to five and six axes, then reshape")
class ByExpand(nn.Module):
    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        x = x[:, :, :, None, :, None].expand(b, c, h, 2, w, 2).reshape(b, c, h * 2, w * 2)
        out: Tensor = self.conv(x)
        return out


@wrong("Attention", "no root: the products are not scaled")
class Unscaled(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = torch.einsum("b h i d, b h j d -> b h i j", q, k).softmax(dim=-1)
        out = torch.einsum("b h i j, b h j d -> b h i d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=height, w=width))


@wrong("Attention", "softmax over the asking pixels")
class SoftmaxOverQueries(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = (q @ k.transpose(-2, -1) * self.scale).softmax(dim=-2)
        out = weights @ v
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=height, w=width))


@wrong("Attention", "the channels are read as (heads three d)")
class HeadsBeforeThree(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        qkv = self.to_qkv(x).reshape(b * self.heads, -1, h * w)
        q, k, v = qkv.chunk(3, dim=1)
        weight = torch.einsum("bct,bcs->bts", q, k) * self.scale
        weight = torch.softmax(weight, dim=-1)
        out = torch.einsum("bts,bcs->bct", weight, v)
        return self.to_out(out.reshape(b, -1, h, w))


@wrong("Attention", "keys ask and queries answer")
class KeysAsk(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        weights = torch.einsum("b h i d, b h j d -> b h i j", k, q).mul(self.scale).softmax(dim=-1)
        out = torch.einsum("b h i j, b h j d -> b h i d", weights, v)
        return self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=height, w=width))


@wrong("Attention", "one head of all features instead of several")
class AllHeadsAsOne(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        q, k, v = self.to_qkv(x).flatten(2).transpose(1, 2).chunk(3, dim=-1)
        out = functional.scaled_dot_product_attention(q, k, v)
        return self.to_out(out.transpose(1, 2).reshape(b, -1, h, w))


@wrong("Attention", "features look at features, not pixels at pixels")
class FeaturesAtFeatures(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        out = functional.scaled_dot_product_attention(q, k, v, scale=self.scale)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("Attention", "has a shortcut of its own")
class OwnShortcut(nn.Module):
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
        return x + self.to_out(rearrange(out, "b heads (h w) d -> b (heads d) h w", h=height, w=width))


@wrong("Attention", "two mistakes: the root is taken twice, and features before heads on the way out")
class ScaledTwiceFeaturesFirst(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads (h w) d", three=3, heads=self.heads)
        q, k = q * self.scale, k * self.scale
        weights = (q @ k.mT).softmax(dim=-1)
        out = weights @ v
        return self.to_out(rearrange(out, "b heads (h w) d -> b (d heads) h w", h=height, w=width))


@right("Attention", "torch's own scaled_dot_product_attention")
class TorchsOwn(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        q, k, v = self.to_qkv(x).view(b, 3, self.heads, -1, h * w).transpose(-1, -2).unbind(1)
        out = functional.scaled_dot_product_attention(q.contiguous(), k.contiguous(), v.contiguous())
        return self.to_out(out.transpose(-1, -2).reshape(b, -1, h, w))


@right("Attention", "a loop over the heads, the largest product taken away, in float64")
class LoopOverHeads(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        parts = self.to_qkv(x).double().flatten(2).chunk(3 * self.heads, dim=1)
        heads = []
        for n in range(self.heads):
            q, k, v = parts[n], parts[n + self.heads], parts[n + 2 * self.heads]
            logits = torch.bmm(q.transpose(1, 2), k) / math.sqrt(q.shape[1])
            weights = torch.exp(logits - logits.amax(dim=2, keepdim=True))
            weights = weights / weights.sum(dim=2, keepdim=True)
            heads.append(torch.bmm(v, weights.transpose(1, 2)))
        return self.to_out(torch.cat(heads, dim=1).to(x.dtype).reshape(b, -1, h, w))


@right("Attention", "pixels keep their two axes; softmax over both at once")
class TwoAxesOfPixels(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        qkv = rearrange(self.to_qkv(x), "b (n m d) h w -> n b m h w d", n=3, m=self.heads)
        q, k, v = qkv[0] * self.scale, qkv[1], qkv[2]
        logits = torch.einsum("bmijd,bmuvd->bmijuv", q, k)
        weights = functional.softmax(logits.flatten(-2), dim=-1).view_as(logits)
        out = torch.einsum("bmijuv,bmuvd->bmdij", weights, v)
        return self.to_out(out.flatten(1, 2))


@wrong("PreNorm", "the norm comes after the layer")
class NormAfter(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(x))


@wrong("PreNorm", "a shortcut that is not asked for here")
class WithShortcut(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.norm(x)) + x


@wrong("PreNorm", "a group for each channel: instance norm")
class GroupForEachChannel(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=dim), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.norm(x))


@wrong("PreNorm", "the functional norm without the learned weights")
class NothingLearned(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        x = functional.group_norm(x, 1, eps=self.norm.eps)
        return self.layer(x)


@wrong("PreNorm", "each pixel over its channels, as lucidrains' LayerNorm")
class PixelByPixel(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=1, keepdim=True)
        var = x.var(dim=1, unbiased=False, keepdim=True)
        h = (x - mean) / (var + self.norm.eps).sqrt()
        return self.layer(h * self.norm.weight[:, None, None] + self.norm.bias[:, None, None])


@wrong("PreNorm", "normalised before and after")
class NormTwice(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(self.norm(x)))


@wrong("PreNorm", "the mean and variance of the whole batch")
class OverTheBatch(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        h = (x - x.mean()) / (x.var(unbiased=False) + 1e-5).sqrt()
        h = h * rearrange(self.norm.weight, "c -> c 1 1") + rearrange(self.norm.bias, "c -> c 1 1")
        return self.layer(h)


@wrong("PreNorm", "two mistakes: the mean stays, and the weights are not used")
class OnlyTheSpread(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        spread = x.std(dim=(1, 2, 3), keepdim=True)
        return self.layer(x / (spread + 1e-5))


@right("PreNorm", "as a Sequential")
class AsSequential(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        return nn.Sequential(self.norm, self.layer)(x)


@right("PreNorm", "the norm by hand with einops.reduce")
class NormByHand(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        mean = reduce(x, "b c h w -> b 1 1 1", "mean")
        variance = reduce((x - mean).square(), "b c h w -> b 1 1 1", "mean")
        normed = (x - mean) * torch.rsqrt(variance + self.norm.eps)
        return self.layer(torch.addcmul(self.norm.bias.view(-1, 1, 1), normed, self.norm.weight.view(-1, 1, 1)))


@right("PreNorm", "layer_norm over all of one sample, then the weights")
class ByLayerNorm(nn.Module):
    def __init__(self, dim: int, layer: nn.Module):
        super().__init__()
        self.norm, self.layer = group_norm(dim, groups=1), layer

    def forward(self, x: Tensor) -> Tensor:
        h = functional.layer_norm(x, x.shape[1:], eps=self.norm.eps)
        h = h * self.norm.weight[None, :, None, None]
        h = h + self.norm.bias[None, :, None, None]
        return self.layer.forward(h)


@wrong("LinearAttention", "axes changed: q over the pixels, k over the features")
class AxesChanged(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-1) * self.scale, k.softmax(dim=-2)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "q is not scaled")
class QueryUnscaled(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q = q.softmax(dim=-2)
        k = k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "q is scaled before its softmax, not afterwards")
class ScaledBeforeSoftmax(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q = (q * self.scale).softmax(dim=-2)
        k = k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "the values are divided by the number of pixels, as in later tutorials")
class ValuesDivided(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        v = v / (height * width)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "no softmax at all, only the change of order")
class NoSoftmax(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q = q * self.scale
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "only the convolution of to_out, without its norm")
class OutWithoutNorm(nn.Module):
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
        return self.to_out[0](rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "the small matrix is used transposed")
class ContextTransposed(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=-1)
        context = torch.einsum("b h d n, b h e n -> b h e d", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@wrong("LinearAttention", "two mistakes: softmax of k over the heads, and a shortcut")
class OverHeadsWithShortcut(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        q, k, v = rearrange(self.to_qkv(x), "b (three heads d) h w -> three b heads d (h w)", three=3, heads=self.heads)
        q, k = q.softmax(dim=-2) * self.scale, k.softmax(dim=1)
        context = torch.einsum("b h d n, b h e n -> b h d e", k, v)
        out = torch.einsum("b h d e, b h d n -> b h e n", context, q)
        return x + self.to_out(rearrange(out, "b heads d (h w) -> b (heads d) h w", h=height, w=width))


@right("LinearAttention", "by matmul, the scale on the small matrix")
class ScaleOnTheMatrix(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        q, k, v = self.to_qkv(x).view(b, 3, self.heads, -1, h * w).unbind(dim=1)
        context = self.scale * (v @ functional.softmax(k, 3).transpose(2, 3))
        out = context @ functional.softmax(q, 2)
        return self.to_out(out.reshape(b, -1, h, w))


@right("LinearAttention", "the large table of weights after all, one einsum; pixels keep two axes")
class LargeTable(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        qkv = rearrange(self.to_qkv(x), "b (n m d) h w -> n b m d h w", n=3, m=self.heads)
        q = qkv[0].softmax(dim=2) / math.sqrt(qkv.shape[3])
        k = qkv[1].flatten(-2).softmax(-1).view_as(qkv[1])
        weights = torch.einsum("bmdij,bmduv->bmijuv", q, k)
        out = torch.einsum("bmijuv,bmeuv->bmeij", weights, qkv[2])
        return self.to_out(rearrange(out, "b m e i j -> b (m e) i j"))


@right("LinearAttention", "head by head in float64, softmax by hand")
class HeadByHead(nn.Module):
    def __init__(self, dim: int, heads: int = 4, dim_head: int = 32):
        super().__init__()
        self.heads, self.scale = heads, dim_head**-0.5
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * dim_head, dim, 1), group_norm(dim, groups=1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        parts = self.to_qkv(x).double().flatten(2).chunk(3 * self.heads, dim=1)
        outs = []
        for q, k, v in zip(parts[: self.heads], parts[self.heads : -self.heads], parts[-self.heads :], strict=True):
            q = (q - q.logsumexp(dim=1, keepdim=True)).exp() * self.scale
            k = (k - k.logsumexp(dim=2, keepdim=True)).exp()
            outs.append(torch.bmm(torch.bmm(v, k.transpose(1, 2)), q))
        out = torch.stack(outs, dim=1).flatten(1, 2).unflatten(2, (h, w))
        return self.to_out(out.to(x.dtype))


@wrong("ConvNextBlock", "the time comes before the depthwise convolution")
class TimeFirst(nn.Module):
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
        if self.time_mlp is not None and time is not None:
            x = x + rearrange(self.time_mlp(time), "b c -> b c 1 1")
        h = self.depthwise(x)
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "the body's input is x: the depthwise convolution is computed and lost")
class DepthwiseLost(nn.Module):
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
        return self.body(x) + self.shortcut(x)


@wrong("ConvNextBlock", "the shortcut leads past the body only")
class ShortcutPastBody(nn.Module):
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
            h = h + self.time_mlp(time)[:, :, None, None]
        return self.body(h) + self.shortcut(h)


@wrong("ConvNextBlock", "no shortcut")
class NoShortcut(nn.Module):
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
            h = h + self.time_mlp(time)[:, :, None, None]
        return self.body(h)


@wrong("ConvNextBlock", "the time as a factor")
class TimeAsFactor(nn.Module):
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


@wrong("ConvNextBlock", "the first row's time for the whole batch")
class FirstTimeForAll(nn.Module):
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
            h = h + self.time_mlp(time[0])[None, :, None, None]
        return self.body(h) + self.shortcut(x)


@wrong("ConvNextBlock", "an ordinary 7 x 7 convolution, which mixes the channels")
class MixingConvolution(nn.Module):
    def __init__(self, dim: int, dim_out: int, time_dim: int | None = None, mult: int = 2):
        super().__init__()
        self.time_mlp = nn.Sequential(nn.GELU(), nn.Linear(time_dim, dim)) if time_dim else None
        self.depthwise = nn.Conv2d(dim, dim, 7, padding=3)
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


@wrong("ConvNextBlock", "two mistakes: time_mlp's GELU is skipped, and one more stands after the depthwise convolution")
class GeluMisplaced(nn.Module):
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
        h = functional.gelu(self.depthwise(x))
        if self.time_mlp is not None and time is not None:
            h = h + rearrange(self.time_mlp[1](time), "b c -> b c 1 1")
        return self.body(h) + self.shortcut(x)


@right("ConvNextBlock", "layer by layer through the body, time as a conditional expression")
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
        timed = self.time_mlp is not None and time is not None
        h = self.depthwise(x) + (self.time_mlp(time)[..., None, None] if timed else 0)
        for layer in self.body:
            h = layer(h)
        return torch.add(h, self.shortcut(x))


@right("ConvNextBlock", "the depthwise convolution in functional form, the time as its bias, sample by sample")
class TimeAsBias(nn.Module):
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
        conv, rows = self.depthwise, []
        for i in range(len(x)):
            bias = conv.bias
            if self.time_mlp is not None and time is not None:
                bias = bias + self.time_mlp(time[i])
            h = functional.conv2d(x[i : i + 1], conv.weight, bias, padding=3, groups=conv.groups)
            rows.append(self.body(h))
        return torch.cat(rows) + self.shortcut(x)


@right("ConvNextBlock", "early return, einops.repeat to the full size, in-place sum on the shortcut's copy")
class RepeatedToSize(nn.Module):
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
        out = self.shortcut(x).clone()
        h = self.depthwise(x)
        if self.time_mlp is None or time is None:
            return out.add_(self.body(h))
        full = repeat(self.time_mlp(time), "b c -> b c h w", h=h.shape[2], w=h.shape[3])
        out += self.body(torch.stack([h, full]).sum(dim=0))
        return out
