"""The time-conditioned U-Net, from a handful of settings (chapter 08). Source: 1505.04597, 2006.11239 (appendix B).

stem
  -> on each level: blocks, attention, halve
  -> block, attention, block
  -> on each level: join skips, blocks, attention, double
  -> head

`unet_forward` is this way through; the class `Unet` builds what stands along it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast, get_args

import torch
from torch import Tensor, nn

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
    shrink,
    unpatchify,
)
from course_lib.types import AttentionKind, Block, Skips, TimeMode

BLOCKS: tuple[str, ...] = get_args(Block)
ATTENTIONS: dict[AttentionKind, type[nn.Module] | None] = {"none": None, "linear": LinearAttention, "full": Attention}
SKIPS: tuple[str, ...] = get_args(Skips)
NOTHING = nn.Identity()  # where a step has no attention, or neither halves nor doubles


def unet_forward(
    stem: nn.Module,
    downs: list[tuple],
    middle: tuple,
    ups: list[tuple],
    head: nn.Module,
    x: Tensor,
    time: Tensor,
) -> Tensor:
    """The way through a U-Net, x (B, C, H, W) in and out; `time` (B, time_dim) is the embedded time step.

    downs    the steps down, in order: (block, attend, down, skip); if `skip`, what `attend` gives is kept
    middle   (block, attend, block)
    ups      the steps up, in order: (block, attend, up, skip); if `skip`, what was kept last, and not joined
             yet, is joined to x behind its channels

    A block is called with (x, time), all else with (x). Source: 1505.04597, figure 1.
    """
    x = stem(x)
    kept = []
    for block, attend, down, skip in downs:
        x = attend(block(x, time))
        if skip:
            kept.append(x)
        x = down(x)

    block, attend, last_block = middle
    x = last_block(attend(block(x, time)), time)

    for block, attend, up, skip in ups:
        if skip:
            x = torch.cat([x, kept.pop()], dim=1)  # (B, C + C_kept, H, W)
        x = up(attend(block(x, time)))
    return head(x)


def unet_widths(dim: int, dim_mults: Sequence[int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Channels (in, out) of the block on each level, in the order in which a picture passes them: first all
    down, then all up.

    One block a level. The stem gives `dim` channels; level i has dim * dim_mults[i]. Every block up also gets the
    skip of its level, and gives what the next level up has; the last one gives what the first level has.
    Source: 1505.04597, figure 1, with the channels changed by the block before the resampling.
    """
    widths = [dim * mult for mult in dim_mults]
    downs = list(zip([dim, *widths[:-1]], widths, strict=True))
    ups = [(widths[level] + widths[level], widths[max(level - 1, 0)]) for level in reversed(range(len(widths)))]
    return downs, ups


class Unet(nn.Module):
    """Predict, from x_t (B, channels, H, W) and t (B,), a tensor in the shape of x_t; any H and W.

    dim, dim_mults       width of level i is dim * dim_mults[i]; every level after the first halves height and width
    block                "resnet" or "convnext"
    num_classes          if given, `labels` (B,) condition the network; label `num_classes` is the null class ("any")
    init_dim             width of the stem, `dim` unless given
    blocks_per_level     blocks in each level, down and up; one number, or one per level
    attention            "none", "linear" or "full" for each level; unless given, "full" on the last one only
    skips                "all": each down block has its skip; "level": only the last of a level; "none": no skips at all
    top_skip             False: the top level goes up with one block and without a skip, as in the classic U-Net
    time_mode            how time enters a ResNet block, "add" or "scale_shift"
    transposed           resample with 4 x 4 strided and transposed convolutions, as in the classic U-Net
    patch                fold patches of this size into channels first: fewer, wider pixels make large images affordable

    Raises ValueError for settings that contradict each other, naming them.
    """

    def __init__(
        self,
        dim: int,
        channels: int = 1,
        dim_mults: Sequence[int] = (1, 2, 4),
        block: Block = "resnet",
        num_classes: int | None = None,
        init_dim: int | None = None,
        blocks_per_level: int | Sequence[int] = 1,
        attention: Sequence[AttentionKind] | None = None,
        skips: Skips = "all",
        top_skip: bool = True,
        time_mode: TimeMode = "scale_shift",
        transposed: bool = False,
        patch: int = 1,
    ):
        super().__init__()
        sizes = {"dim": dim, "channels": channels, "num_classes": num_classes, "init_dim": init_dim, "patch": patch}
        _check_sizes({name: size for name, size in sizes.items() if size is not None}, dim_mults)
        levels = len(dim_mults)
        depths = [blocks_per_level] * levels if isinstance(blocks_per_level, int) else list(blocks_per_level)
        last_only: list[AttentionKind] = ["full" if level == levels - 1 else "none" for level in range(levels)]
        kinds = attention or last_only
        _check_settings(levels, block, depths, kinds, skips)
        self.channels, self.num_classes, self.patch = channels, num_classes, patch
        self.multiple = patch * 2 ** (levels - 1)  # heights and widths are padded to a multiple of this
        widths, width, time_dim = [dim * mult for mult in dim_mults], init_dim or dim, 4 * dim
        make = _Maker(block, time_dim, time_mode, transposed)

        # The order in which modules are made decides their initial weights: each takes its from one stream of numbers.
        self.time_mlp = nn.Sequential(
            SinusoidalPositionEmbeddings(dim), nn.Linear(dim, time_dim), nn.GELU(), nn.Linear(time_dim, time_dim)
        )
        self.label_embedding = nn.Embedding(num_classes + 1, time_dim) if num_classes else None
        self.stem = make_stem(channels, width, patch)

        self.downs = nn.ModuleList()
        for level, width_out in enumerate(widths):
            last = level == levels - 1
            self.downs.append(make.level_down(width, width_out, depths[level], kinds[level], last))
            width = width_out

        self.middle = make.middle(width)

        self.ups = nn.ModuleList()
        self.joins: list[int] = []
        for level in reversed(range(levels)):
            depth, joins, kind = depths[level], {"all": depths[level], "level": 1, "none": 0}[skips], kinds[level]
            if level == 0 and not top_skip:
                depth, joins, kind = 1, 0, "none"
            joined = [widths[level]] * joins + [0] * (depth - joins)
            width_out = widths[max(level - 1, 0)]
            self.ups.append(make.level_up(width, width_out, joined, kind, last=level == 0))
            self.joins.append(joins)
            width = width_out

        self.head = make_head(width, channels, patch, block)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        height, width = x.shape[-2:]
        out = unet_forward(*self.parts(), pad_to_multiple(x, self.multiple), self.embed(t, labels))
        return out[..., :height, :width]

    def parts(self) -> tuple[nn.Module, list[tuple], tuple, list[tuple], nn.Module]:
        """Stem, steps down, middle, steps up and head, as `unet_forward` takes them; one step for each block."""
        downs, ups = [], []
        for (blocks, attend, down), joins in zip(_levels(self.downs), reversed(self.joins), strict=True):
            for index, block in enumerate(blocks, start=1):
                extras = (attend, down) if index == len(blocks) else (NOTHING, NOTHING)
                downs.append((block, *extras, index > len(blocks) - joins))
        for (blocks, attend, up), joins in zip(_levels(self.ups), self.joins, strict=True):
            for index, block in enumerate(blocks, start=1):
                extras = (attend, up) if index == len(blocks) else (NOTHING, NOTHING)
                ups.append((block, *extras, index <= joins))
        return self.stem, downs, tuple(self.middle), ups, self.head

    def embed(self, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """The time step, and the label if the network knows any, as one vector: (B, 4 dim)."""
        time = self.time_mlp(t)
        if self.label_embedding is None:
            if labels is not None:
                raise ValueError("this U-Net takes no labels; build it with num_classes=...")
            return time
        if labels is None:
            labels = torch.full_like(t, self.label_embedding.num_embeddings - 1)  # the null class
        return time + self.label_embedding(labels)


@dataclass(frozen=True)
class _Maker:
    """Makes the levels of one U-Net, whose blocks and changes of size are all of one kind."""

    block_kind: Block
    time_dim: int
    time_mode: TimeMode
    transposed: bool

    def level_down(self, dim: int, dim_out: int, depth: int, kind: AttentionKind, last: bool) -> nn.ModuleList:
        """[blocks, attention, downsampling], which does nothing on the `last` level."""
        blocks = self.blocks(dim, dim_out, [0] * depth)
        down = nn.Identity() if last else Downsample(dim_out, dim_out, kernel=4 if self.transposed else 3)
        return nn.ModuleList([blocks, self.attention(kind, dim_out), down])

    def middle(self, dim: int) -> nn.ModuleList:
        """[block, full attention, block]."""
        return nn.ModuleList([self.block(dim, dim), self.attention("full", dim), self.block(dim, dim)])

    def level_up(self, dim: int, dim_out: int, joined: Sequence[int], kind: AttentionKind, last: bool) -> nn.ModuleList:
        """[blocks, attention, upsampling], which does nothing on the `last` level; `joined` as in `blocks`."""
        blocks, attend = self.blocks(dim, dim_out, joined), self.attention(kind, dim_out)
        return nn.ModuleList([blocks, attend, nn.Identity() if last else self.up(dim_out)])

    def blocks(self, dim: int, dim_out: int, joined: Sequence[int]) -> nn.ModuleList:
        """A block for each number in `joined`, which says how many channels a skip adds to what the block gets."""
        dims = [dim] + [dim_out] * (len(joined) - 1)
        return nn.ModuleList(self.block(dim + extra, dim_out) for dim, extra in zip(dims, joined, strict=True))

    def block(self, dim: int, dim_out: int) -> nn.Module:
        if self.block_kind == "convnext":
            return ConvNextBlock(dim, dim_out, self.time_dim)
        return ResnetBlock(dim, dim_out, self.time_dim, time_mode=self.time_mode)

    def attention(self, kind: AttentionKind, dim: int) -> nn.Module:
        layer = ATTENTIONS[kind]
        return Residual(PreNorm(dim, layer(dim))) if layer else nn.Identity()

    def up(self, dim: int) -> nn.Module:
        return nn.ConvTranspose2d(dim, dim, 4, 2, 1) if self.transposed else Upsample(dim, dim)


def make_stem(channels: int, width: int, patch: int) -> nn.Sequential:
    """Images (B, channels, H, W) -> (B, width, H / patch, W / patch)."""
    kernel = 7 if patch == 1 else 3
    return nn.Sequential(patchify(patch), nn.Conv2d(channels * patch**2, width, kernel, padding=kernel // 2))


def make_head(width: int, channels: int, patch: int, block: Block) -> nn.Sequential:
    """(B, width, H / patch, W / patch) -> images (B, channels, H, W)."""
    pointwise = nn.Conv2d(width, channels * patch**2, 1)
    if block == "convnext":
        return nn.Sequential(pointwise, unpatchify(patch))
    # Pre-activation blocks leave their last norm and activation to the head. `pointwise` is made for them, too, and
    # thrown away: it takes random numbers, and without it a seed would give other weights than it always has.
    last = shrink(nn.Conv2d(width, channels * patch**2, 3, padding=1))
    return nn.Sequential(group_norm(width), nn.SiLU(), last, unpatchify(patch))


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until height and width divide by `multiple`: (B, C, H, W) -> (B, C, H', W').

    W' is at least twice `multiple`: a group norm cannot work on a single pixel.
    """
    height, width = x.shape[-2:]
    bottom, right = -height % multiple, max(-width % multiple, 2 * multiple - width)
    return nn.functional.pad(x, (0, right, 0, bottom), mode="replicate") if bottom or right else x


def count_parameters(model: nn.Module) -> int:
    """How many numbers training can change; what is shared counts once.

    Frozen parameters and buffers do not count.
    """
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _levels(side: nn.ModuleList) -> Iterable[tuple[nn.ModuleList, nn.Module, nn.Module]]:
    """The (blocks, attention, resampling) of each level: a ModuleList does not tell a type checker what is in it."""
    return cast(Iterable[tuple[nn.ModuleList, nn.Module, nn.Module]], side)


def _check_sizes(sizes: dict[str, int], dim_mults: Sequence[int]) -> None:
    if not dim_mults or min(dim_mults) < 1:
        raise ValueError(f"dim_mults must name at least one level, each with a multiple of 1 or more, not {dim_mults}.")
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}.")


def _check_settings(levels: int, block: str, depths: Sequence[int], attention: Sequence[str], skips: str) -> None:
    if block not in BLOCKS:
        raise ValueError(f"unknown block={block!r}; choose one of {', '.join(BLOCKS)}.")
    if skips not in SKIPS:
        raise ValueError(f"unknown skips={skips!r}; choose one of {', '.join(SKIPS)}.")
    if unknown := set(attention) - set(ATTENTIONS):
        raise ValueError(f"unknown attention {unknown.pop()!r}; choose among {', '.join(ATTENTIONS)}.")
    for name, values in (("blocks_per_level", depths), ("attention", attention)):
        if len(values) != levels:
            raise ValueError(f"{name} has {len(values)} entries, but dim_mults has {levels} levels.")
    if min(depths) < 1:
        raise ValueError("blocks_per_level must be at least 1 on every level.")
