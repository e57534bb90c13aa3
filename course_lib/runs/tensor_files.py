"""Tensors on disk: safetensors files with a JSON description, written whole or not at all, and never not-a-number.

Nothing in such a file can run code. What a file means is decided in `checkpoints`.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.files import Kind, explained, write_file

PICKLE = ("a Python pickle", "Loading one can run code, so the course reads only safetensors: convert it.")

# What people take for a checkpoint: the first bytes, what it is, and what to do.
OTHER_FILES = {
    b"PK\x03\x04": ("a PyTorch or zip file", "The course reads only safetensors, which cannot run code: convert it."),
    **dict.fromkeys((bytes((0x80, protocol)) for protocol in range(2, 6)), PICKLE),
    b"version https://git-lfs": ("git LFS's pointer, not the file", "Fetch the file: `git lfs pull`."),
    b"<": ("a web page", "Download the file itself, not the page about it."),
    b"\x89PNG": ("a picture", "Name a checkpoint."),
    b"GIF8": ("a picture", "Name a checkpoint."),
}

ATTEMPTS = 100  # at reading a file that a training replaces meanwhile


class CheckpointError(CourseError):
    """A checkpoint that cannot be read or written."""


class NotFiniteError(CheckpointError):
    """Numbers that are not finite (nan or inf) where a network should be."""


def check_finite(tensors: dict[str, Tensor], place: str | Path) -> None:
    """Raise NotFiniteError if a tensor of `place` holds nan or inf; the message counts and names them."""
    bad = [name for name, tensor in tensors.items() if not _is_finite(tensor)]
    if bad:
        raise NotFiniteError(f"{place}: {len(bad)} of {len(tensors)} tensors are not finite (the first: {bad[0]})")


def refuse_broken(tensors: dict[str, Tensor], path: str | Path) -> None:
    """`check_finite` for what was read from the file `path`: the message says what to do instead."""
    try:
        check_finite(tensors, path)
    except NotFiniteError as error:
        remedy = "Name another checkpoint, or train again with a smaller training.lr."
        raise NotFiniteError(f"{error}. {remedy}") from None


def _is_finite(tensor: Tensor) -> bool:
    narrow = tensor.is_floating_point() and tensor.element_size() == 1  # torch.isfinite does not know float8
    return bool(torch.isfinite(tensor.float() if narrow else tensor).all())


def write_safetensors(path: str | Path, tensors: dict[str, Tensor], metadata: dict) -> None:
    """Write `tensors` and JSON `metadata` so that `path` is, at every moment, the old file or the new one, whole.

    Raises NotFiniteError for what is not finite, and FileError as `files.write_file`; the old file then stays.
    """
    check_finite(tensors, path)
    described = {"course": json.dumps(metadata, allow_nan=False)}
    write_file(path, save({name: tensor.contiguous() for name, tensor in tensors.items()}, described))


def read_safetensors(path: str | Path, prefix: str = "") -> tuple[dict[str, Tensor], dict]:
    """The tensors whose names start with `prefix` (cut off), on the CPU, and the metadata.

    Raises CheckpointError naming the file if it is missing, broken or not one of ours, NotFiniteError if a tensor is
    not finite.
    """
    path = Path(path)
    for _ in range(ATTEMPTS):
        before = _version(path)
        try:
            tensors, described = _read(path, prefix)
        except CheckpointError:
            if before == _version(path):
                raise
        else:
            if before == _version(path):
                break
    else:
        raise CheckpointError(f"{path} is replaced faster than it can be read. Copy it, and name the copy.")
    metadata = _metadata(path, described)
    refuse_broken(tensors, path)
    return tensors, metadata


def _version(path: Path) -> tuple[int, int, int]:
    """Another one when the file was replaced. `safe_open` opens it twice: names and numbers could be of two files."""
    with explained(path, "read"):
        about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def _read(path: Path, prefix: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    with explained(path, "read"), path.open("rb") as file:
        start = file.read(32)
    try:
        with safe_open(path, framework="pt") as stored:
            described = stored.metadata() or {}
            names = [name for name in stored.keys() if name.startswith(prefix)]  # noqa: SIM118 (no mapping)
            return {name.removeprefix(prefix): stored.get_tensor(name) for name in names}, described
    except MemoryError:
        raise CheckpointError(f"{path} needs more memory than this machine has.") from None
    except Exception as problem:  # safetensors raises its own error, and others for odd types and sizes
        if other := next((what for magic, what in OTHER_FILES.items() if start.startswith(magic)), None):
            raise CheckpointError(f"{path} is {other[0]}. {other[1]}") from None
        said = " ".join(str(problem).split())[:200]
        raise CheckpointError(f"{path} is broken or half-copied ({said}); copy it again or train anew.") from problem


def _metadata(path: Path, described: dict[str, str]) -> dict:
    if "course" not in described:
        raise CheckpointError(f"{path} is a safetensors file, but not a checkpoint of this course.")
    try:
        metadata = json.loads(described["course"])
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise CheckpointError(f"{path} has a description that is broken; copy it again or train anew.")
    return metadata


def read_metadata(path: Path) -> dict:
    """Only the metadata of a file of the course. Raises CheckpointError as `read_safetensors`."""
    try:
        with safe_open(path, framework="pt") as stored:
            return _metadata(path, stored.metadata() or {})
    except (SafetensorError, OSError) as problem:
        raise CheckpointError(f"{path} is broken or missing ({problem}).") from problem


def tensor_names(path: Path) -> set[str]:
    """The names of the tensors in a file; none if it is no safetensors file of this course."""
    try:
        with safe_open(path, framework="pt") as stored:
            return set(stored.keys()) if "course" in (stored.metadata() or {}) else set()
    except (SafetensorError, OSError):
        return set()


def _all_start_with(prefix: str, path: Path) -> bool:
    names = tensor_names(path)
    return bool(names) and all(name.startswith(prefix) for name in names)


# What a command may replace by its own result. A checkpoint with an optimizer is none of these: hours are in it.
SAMPLES = Kind("file of samples", lambda path: tensor_names(path) == {"images"})
NETWORK = Kind("exported network", lambda path: _all_start_with("ema.", path))
CLASSIFIER = Kind("classifier", lambda path: "model.head.weight" in tensor_names(path))
