"""Decoded images on disk, for the next process: what is read there is what was written, or nothing is read."""

import errno
import hashlib
import json
import os
import re
import time
import zlib
from contextlib import suppress
from pathlib import Path

from course_lib.files import STALE_SECONDS, UNFINISHED, FileError, write_file
from course_lib.image_data.decoding import Decoded
from course_lib.paths import ROOT

FORMAT = 2  # another number whenever the same files give other images, labels or remarks than before
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cache_folder() -> Path:
    return Path(os.environ.get("COURSE_CACHE") or ROOT / "data" / "cache")


def cache_file(call: tuple) -> Path:
    """One file per call, not per fingerprint, so that a changed folder's old images do not pile up."""
    title = re.sub(r"\W+", "_", Path(call[0]).name)[:40]
    return cache_folder() / f"{title}-{call[1]}-{hashlib.sha256(repr(call).encode()).hexdigest()[:12]}.safetensors"


def from_cache(file: Path, fingerprint: str) -> Decoded | None:
    """What `to_cache` wrote; None if it is not there, belongs to another fingerprint or format, or is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as stored:
            about = json.loads(stored.metadata()["course"])
            if (about["format"], about["fingerprint"]) != (FORMAT, fingerprint):
                return None
            images, labels = stored.get_tensor("images").clone(), stored.get_tensor("labels").clone()
        decoded = Decoded(images, labels, about["remark"])
        return decoded if checksum(decoded) == about["checksum"] else None
    except (OSError, SafetensorError, RuntimeError, KeyError, AttributeError, TypeError, ValueError):
        return None  # RuntimeError: another process replaced it just now


def to_cache(file: Path, fingerprint: str, decoded: Decoded) -> str:
    """Keep `decoded` for `from_cache`; where that is not possible, do without.

    The answer is what to tell the user: "" unless there is no space left, of which nobody else would speak.
    """
    from safetensors.torch import save

    about = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "remark": decoded.remark,
        "checksum": checksum(decoded),
    }
    try:
        remove_leftovers(file.parent)
        write_file(file, save({"images": decoded.images, "labels": decoded.labels}, {"course": json.dumps(about)}))
    except FileError as problem:
        full = isinstance(problem.__cause__, OSError) and problem.__cause__.errno in NO_SPACE
        return f"the decoded images are not kept; COURSE_CACHE can name another folder. {problem}" if full else ""
    return ""


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half-written; what is young, another process may be writing now."""
    with suppress(OSError):
        for file in folder.iterdir():
            if file.name.endswith(UNFINISHED) and time.time() - file.stat().st_mtime > STALE_SECONDS:
                file.unlink()


def checksum(decoded: Decoded) -> int:
    """Of everything that `from_cache` gives back: the numbers, their shapes and types, the remark."""
    result = zlib.crc32(decoded.remark.encode(errors="surrogateescape"))
    for tensor in (decoded.images, decoded.labels):
        described = zlib.crc32(f"{tensor.dtype} {tuple(tensor.shape)}".encode(), result)
        result = zlib.crc32(tensor.contiguous().numpy().data, described)
    return result
