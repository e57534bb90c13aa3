"""Small U-Nets of every make, for the tests of what measures and of what draws them."""

import torch

from course_lib.unet import Unet

NETWORKS = {
    "plain": {},
    "two_blocks": {"blocks_per_level": (1, 2, 2)},
    "level_skips": {"blocks_per_level": 2, "skips": "level", "block": "convnext"},
    "no_skips": {"skips": "none"},
    "plain_top": {"top_skip": False, "blocks_per_level": 2, "transposed": True},
    "labels_and_patch": {"num_classes": 3, "patch": 2},
    "one_level": {"dim_mults": (1,)},
    "no_attention": {"attention": ("none", "none", "none")},
}
T = torch.tensor([3])


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def small(**changes):
    torch.manual_seed(0)
    return Unet(**{"dim": 8, "dim_mults": (1, 2, 2)} | changes).eval()
