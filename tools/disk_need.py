"""How much disk a set-up needs, and where; and what to say when there is too little. Standard library only."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# Bytes, measured with the packages of constraints.txt on Linux x86_64. A download lies in the temporary folder until it
# is installed, and a copy of it stays in pip's cache.
ENVIRONMENT = {"cpu": 1_651_000_000, "default": 5_680_000_000}
DOWNLOAD = {"cpu": 370_000_000, "default": 2_910_000_000}
TEMPORARY = {"cpu": 192_000_000, "default": 2_910_000_000}  # PyTorch's CPU build is fetched and installed by itself
EXTRAS = 290_000_000  # what test and grading add to the environment
EXTRAS_DOWNLOAD = 66_000_000

# What pip, ensurepip and the system say when a disk, a quota or a limit is used up.
FULL = ("errno 28", "no space left", "errno 122", "quota exceeded", "errno 27", "file too large", "winerror 112")
FULL = (*FULL, "not enough space on the disk")
ALMOST_NOTHING = 50_000_000  # bytes free: less than that, and a failure is the disk's


def build(torch):
    """Which of the measured builds `--torch` gives here: only on Linux is the default one with CUDA."""
    return "default" if torch == "default" and sys.platform == "linux" else "cpu"


def places(venv, torch, with_extras, is_new):
    """The folders that a set-up fills: each with the bytes that it takes there, and the variable that names another.

    An update is counted as one that keeps PyTorch.
    """
    size = build(torch)
    environment, download, temporary = 0, 0, 0
    if is_new:
        environment, download, temporary = ENVIRONMENT[size], DOWNLOAD[size], TEMPORARY[size]
    if with_extras:
        environment, download = environment + EXTRAS, download + EXTRAS_DOWNLOAD
        temporary = max(temporary, EXTRAS_DOWNLOAD)
    found = [(venv, environment, ""), (Path(tempfile.gettempdir()), temporary, "TMPDIR")]
    cache = pip_cache()
    if cache:
        found.append((cache, max(download - taken(cache), 0), "PIP_CACHE_DIR"))
    return [(folder, needed, name) for folder, needed, name in found if needed]


def pip_cache():
    """Where pip keeps what it downloaded, or None if it does not."""
    if os.environ.get("PIP_NO_CACHE_DIR", "").lower() not in ("", "0", "false", "no", "off"):
        return None
    if os.environ.get("PIP_CACHE_DIR"):
        return Path(os.environ["PIP_CACHE_DIR"])
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local", "pip", "Cache")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pip"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pip")


def taken(folder):
    """The bytes of all files under `folder`; 0 if there is none."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:  # it has just gone
                continue
    return total


def too_little(needs):
    """What to say if the disks have too little room for these places, else ""."""
    disks = {}
    for folder, needed, name in needs:
        there = nearest(folder)
        disks.setdefault(there.stat().st_dev, (there, []))[1].append((folder, needed, name))
    for there, together in disks.values():
        disk = shutil.disk_usage(there)
        needed = sum(need for _, need, _ in together)
        # pip does without its cache where that has no room; and some network disks do not tell their size
        only_cache = all(name == "PIP_CACHE_DIR" for _, _, name in together)
        if disk.total and disk.free < needed and not only_cache:
            return f"the set-up needs {listed(needs)}; {there} has only {gb(disk.free)} free. {remedy(needs)}"
    return ""


def why_full(said, needs):
    """What to say if a command failed, after it had `said` something, because a disk is full; else ""."""
    low = [nearest(folder) for folder, _, _ in needs if shutil.disk_usage(nearest(folder)).free < ALMOST_NOTHING]
    if low or is_full(said):
        where = f"The disk of {low[0]} is full" if low else "A disk is full, or your quota on it is used up"
        return f"{where}: a set-up needs {listed(needs)}. {remedy(needs)}"
    return ""


def is_full(said):
    """Whether words of pip or of the system mean that a disk, a quota or a limit is used up."""
    return any(words in said.lower() for words in FULL)


def listed(needs):
    return ", ".join(f"about {gb(needed)} in {folder}{f' ({name})' if name else ''}" for folder, needed, name in needs)


def remedy(needs):
    advice = "Free some space, or use another disk: move the course there, or set TMPDIR and PIP_CACHE_DIR"
    if any(needed >= DOWNLOAD["default"] for _, needed, _ in needs):
        advice += f". Without an NVIDIA GPU `make lab TORCH=cpu` needs {gb(ENVIRONMENT['cpu'])}"
    return f"{advice}."


def nearest(folder):
    """The folder itself, or the nearest one above it that is there."""
    folder = Path(folder).absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def gb(number):
    return f"{number / 1e9:.1f} GB"
