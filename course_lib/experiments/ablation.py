"""An ablation: small denoisers, each with one more idea than the one before, that cost about the same (chapter 07).

`Network(VARIANTS[name])` is a variant. `tools/ablation.py` trains them all; `read_log` and `read_samples` read what it
wrote.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from course_lib import blocks
from course_lib.images import to_model_range
from course_lib.paths import DATA

LOG = DATA / "ablation.csv"
SAMPLES = DATA / "pictures" / "ablation.png"
THIRDS = ("low", "middle", "high")  # of t, that is of noise

FLAT = (16, 16, 16)  # channels of a network that keeps its size


@dataclass(frozen=True)
class Variant:
    """Which parts a network of the ablation has.

    widths   channels at the beginning, on the way and in the middle; at full, half and quarter size if it resamples
    block    where it is residual: "add" or "scale_shift" for a ResNet block, or "convnext"
    """

    time: bool = True
    norm: bool = True
    residual: bool = True
    resample: bool = True
    skips: bool = True
    attention: bool = True
    block: str = "add"
    widths: tuple[int, int, int] = (12, 24, 48)


# The widths are such that all of them need about as many multiplications.
_plain = Variant(time=False, norm=False, residual=False, resample=False, skips=False, attention=False, widths=FLAT)
VARIANTS = {
    "plain": _plain,
    "+ time": replace(_plain, time=True),
    "+ norm": replace(_plain, time=True, norm=True),
    "+ residual": replace(_plain, time=True, norm=True, residual=True),
    "+ down and up": Variant(skips=False, attention=False),
    "+ skips": Variant(attention=False),
    "+ attention": Variant(),
    "scale-shift instead of add": Variant(block="scale_shift"),
    "ConvNeXt instead of ResNet": Variant(block="convnext", widths=(8, 16, 32)),
}


class PlainBlock(nn.Module):
    """Two 3 x 3 convolutions in a row, (B, dim, H, W) in and out: a ResNet block without its shortcut.

    Without `time_dim` it does not depend on the time, without `norm` it does not normalise.
    """

    def __init__(self, dim: int, time_dim: int | None, norm: bool):
        super().__init__()
        self.norm1, self.norm2 = (blocks.group_norm(dim) if norm else nn.Identity() for _ in range(2))
        self.conv1, self.conv2 = (nn.Conv2d(dim, dim, 3, padding=1) for _ in range(2))
        self.activation = nn.SiLU()
        self.time_mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, dim)) if time_dim else None

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        h = self.conv1(self.activation(self.norm1(x)))
        if self.time_mlp is not None:
            h = h + rearrange(self.time_mlp(time), "b c -> b c 1 1")
        return self.conv2(self.activation(self.norm2(h)))


class Network(nn.Module):
    """Predict the noise in x_t (B, channels, H, W) at t (B,), in the shape of x_t. H and W must be multiples of 4.

    Five blocks, with or without changes of size between them: two down, one in the middle, two up. `parts` holds the
    blocks to build from, under their names in `blocks`.
    """

    def __init__(self, variant: Variant, channels: int = 1, parts: ModuleType | SimpleNamespace = blocks):
        super().__init__()
        self.skips = variant.skips
        one, two, four = variant.widths
        time_dim = 4 * one
        block_time = time_dim if variant.time else None

        def block(dim: int, dim_out: int) -> nn.Module:
            if not variant.residual:
                return PlainBlock(dim, block_time, variant.norm)
            if variant.block == "convnext":
                return parts.ConvNextBlock(dim, dim_out, block_time)
            return parts.ResnetBlock(dim, dim_out, block_time, time_mode=variant.block)

        self.embed = None
        if variant.time:
            waves = parts.SinusoidalPositionEmbeddings(one)
            self.embed = nn.Sequential(waves, nn.Linear(one, time_dim), nn.SiLU(), nn.Linear(time_dim, time_dim))
        self.stem = nn.Conv2d(channels, one, 3, padding=1)
        self.downs = nn.ModuleList([block(one, one), block(two, two)])
        self.middle = block(four, four)
        self.ups = nn.ModuleList(
            [block(2 * two if variant.skips else two, two), block(2 * one if variant.skips else one, one)]
        )
        self.smaller = self.larger = nn.ModuleList([nn.Identity(), nn.Identity()])
        if variant.resample:
            self.smaller = nn.ModuleList([parts.Downsample(one, two), parts.Downsample(two, four)])
            self.larger = nn.ModuleList([parts.Upsample(four, two), parts.Upsample(two, one)])
        self.attend: nn.Module = nn.Identity()
        if variant.attention:
            self.attend = blocks.Residual(parts.PreNorm(four, parts.Attention(four)))
        last_norm = blocks.group_norm(one) if variant.norm else nn.Identity()
        self.head = nn.Sequential(last_norm, nn.SiLU(), nn.Conv2d(one, channels, 3, padding=1))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        time = self.embed(t) if self.embed is not None else None
        x, kept = self.stem(x), []
        for block, smaller in zip(self.downs, self.smaller, strict=True):
            x = block(x, time)
            kept.append(x)
            x = smaller(x)
        x = self.attend(self.middle(x, time))
        for larger, block in zip(self.larger, self.ups, strict=True):
            x = larger(x)
            if self.skips:
                x = torch.cat([x, kept.pop()], dim=1)  # (B, 2 C, H, W)
            x = block(x, time)
        return self.head(x)


def read_log(path: Path = LOG) -> dict[str, list[dict[str, float]]]:
    """What `tools/ablation.py` has logged: for each variant its lines, in the order of seeds and steps.

    A line has seed, step, loss_low, loss_middle and loss_high (squared error at t in the first, second and last third,
    on held-out garments), loss (their mean), and the variant's parameters, multiply_adds (millions for one picture) and
    core_seconds (for one training step).
    """
    log: dict[str, list[dict[str, float]]] = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line = {name: float(value) for name, value in row.items() if name != "rung"}
            line["loss"] = sum(line[f"loss_{third}"] for third in THIRDS) / 3
            log.setdefault(row["rung"], []).append(line)
    return log


def final(lines: list[dict[str, float]]) -> list[dict[str, float]]:
    """Of a variant's lines the last one of each seed."""
    last = max(line["step"] for line in lines)
    return [line for line in lines if line["step"] == last]


def table(names: Iterable[str], path: Path = LOG) -> str:
    """The variants' final losses in each third of t and their costs, as lines to print.

    A loss is the middle between the seeds' best and worst, plus or minus half of what lies between these.
    """
    log = read_log(path)
    heads = ("", "low t", "middle t", "high t", "parameters", "mult-adds")
    lines = ["{:<26}{:>15}{:>15}{:>15}{:>11}{:>10}".format(*heads)]
    for name in names:
        ends = final(log[name])
        cells = ""
        for third in THIRDS:
            losses = [line[f"loss_{third}"] for line in ends]
            middle, half = (max(losses) + min(losses)) / 2, (max(losses) - min(losses)) / 2
            cells += f"{middle:.3f} ± {half:.3f}".rjust(15)
        lines.append(f"{name:<26}{cells}{ends[0]['parameters']:>11,.0f}{ends[0]['multiply_adds']:>8.1f} M")
    return "\n".join(lines)


def read_samples(path: Path = SAMPLES) -> Tensor:
    """What each variant drew, in the order of VARIANTS: float32 (variants, 8, 1, 28, 28) in [-1, 1]."""
    picture = torch.from_numpy(np.array(Image.open(path)))
    framed = functional.pad(picture, (0, 1, 0, 1))  # the gap behind the last row and column, which is not saved
    cells = rearrange(framed, "(variant h) (k w) -> variant k 1 h w", h=29, w=29)
    return to_model_range(cells[..., :28, :28])
