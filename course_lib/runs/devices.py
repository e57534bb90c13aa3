"""Which device to compute on, and what it does well."""

import ctypes
import sys
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.errors import CourseError


def device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" takes CUDA, then Apple's MPS, then the CPU.

    Raises CourseError if the named device is not there.
    """
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in found.items() if there))
    kind = name.partition(":")[0]
    if not found.get(kind):
        there = ", ".join(kind for kind, there in found.items() if there)
        raise CourseError(f"device {name!r} is not available here; choose auto or one of: {there}.")
    try:
        chosen = torch.device(name)
    except RuntimeError:
        raise CourseError(f"device {name!r} is not a device's name; write {kind}, or {kind}:0 for the first.") from None
    if kind == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise CourseError(f"device {name!r} is not available here; there are {torch.cuda.device_count()} of that kind.")
    return chosen


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 autocast makes training faster: GPUs since Ampere, CPUs with instructions of their own for it.

    A CPU without them emulates bfloat16 and gets slower.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return False


def autocast(model: Callable[..., Tensor], device: torch.device, precision: str = "auto") -> Callable[..., Tensor]:
    """`model` computing in `precision`, which is "fp32", "bf16" or, for bf16 where it is fast, "auto".

    What it returns is float32 in any case.
    """
    if precision == "fp32" or (precision == "auto" and not has_fast_bf16(device)):
        return model

    def in_bf16(x: Tensor, t: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return model(x, t).float()

    return in_bf16


def keep_freed_memory() -> None:
    """Tell glibc's allocator to keep the pages that it is given back; elsewhere do nothing.

    Training allocates the same large tensors at every step. By default glibc returns each to the system and faults
    it in anew, which takes up to a third of a step on the CPU (`make bench`).
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 256 * 2**20)
