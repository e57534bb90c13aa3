"""The device, the cores and the memory that the course may use here."""

import os
import platform
import shutil
import subprocess

from course_lib.cli.doctor.report import Check
from course_lib.machine import available_memory, usable_cores


def device() -> list[Check]:
    """The device that the course computes on; a small sum is done there, as a driver may only look fine."""
    import torch

    from course_lib.runs.devices import device as find_device

    found = find_device()
    name = {"cuda": lambda: torch.cuda.get_device_name(found), "mps": platform.processor}.get(found.type)
    value = f"{found.type}{f' ({name()})' if name else ''}"
    try:
        torch.ones(8, device=found).sum().item()
    except RuntimeError as problem:
        remedy = "This PyTorch does not fit the GPU or its driver; choose another at https://pytorch.org/get-started."
        return [Check("device", False, f"{value}: {problem}", remedy)]
    if found.type == "cpu" and has_nvidia_gpu():
        if torch.version.cuda is None:
            remedy = "This PyTorch is a CPU build: `make clean`, then `make lab` without TORCH=cpu."
        else:
            remedy = f"The NVIDIA driver is not usable, or older than CUDA {torch.version.cuda} wants: update it."
        return [Check("device", True, "cpu, though there is an NVIDIA GPU", remedy)]
    return [Check("device", True, value)]


def has_nvidia_gpu() -> bool:
    """Whether the NVIDIA driver lists a GPU."""
    if not shutil.which("nvidia-smi"):
        return False
    try:
        command = ["nvidia-smi", "-L"]
        listing = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listing.returncode == 0 and "GPU" in listing.stdout


def bf16() -> list[Check]:
    """Whether mixed precision pays here; the course works without it."""
    from course_lib.runs.devices import device as find_device
    from course_lib.runs.devices import has_fast_bf16

    value = "fast" if has_fast_bf16(find_device()) else "not fast here: training stays in float32"
    return [Check("bf16", True, value)]


def threads() -> list[Check]:
    """PyTorch's threads against the cores that this process may use."""
    import torch

    used, cores = torch.get_num_threads(), usable_cores()
    remedy = ""
    if used > cores:
        remedy = f"More threads than cores slow each other down: set OMP_NUM_THREADS={cores}."
    elif used == 1 and cores >= 4:
        remedy = "One thread leaves most cores idle: unset OMP_NUM_THREADS (and MKL_NUM_THREADS)."
    return [Check("threads", True, f"{used} on {_cores(cores)}", remedy)]


def _cores(usable: int) -> str:
    """How many cores, and why not all."""
    there = os.cpu_count() or usable
    if usable >= there:
        return f"{usable} cores"
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    reason = "the container's quota" if usable < allowed else "this process's affinity (a batch system, or taskset)"
    return f"{usable} of {there} cores, by {reason}"


# Peaks of the resident memory in bytes, measured on two cores without a GPU.
TRAINING_MEMORY = 1_600_000_000  # `course train fashion_mnist` in float32; 1.2 GB in bf16
CHAPTER_MEMORY = 400_000_000  # chapter 00, which draws sixteen samples


def memory() -> list[Check]:
    """The memory that is free here, in a container what its limit leaves, against what the course takes."""
    free = available_memory()
    costs = (
        f"chapter 00 takes about {CHAPTER_MEMORY / 1e9:.1f} GB, training fashion_mnist {TRAINING_MEMORY / 1e9:.1f} GB"
    )
    if free is None:
        return [Check("memory", True, f"not known here; {costs}")]
    value = f"{free / 1e9:.1f} GB free; {costs}"
    if free < CHAPTER_MEMORY:
        return [Check("memory", False, value, "Close other programs and notebooks, or raise the container's limit.")]
    if free < TRAINING_MEMORY:
        remedy = "Train with smaller batches (--set training.batch_size=32), or close other programs first."
        return [Check("memory", True, value, remedy)]
    return [Check("memory", True, value)]
