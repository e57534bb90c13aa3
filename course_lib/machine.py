"""What this machine lets us use: cores, memory, disk. In a container that is less than the machine has.

On Linux the numbers stand in text files under /proc and /sys/fs/cgroup. What is missing or unreadable there sets no
limit. `root` is the folder that both lie in; tests pass one of their own.
"""

import math
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
GROUPS = Path("sys/fs/cgroup")


def usable_cores(root: Path = ROOT) -> int:
    """How many cores this process may use: by its affinity, and by the CPU quota of its container, rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for group in _groups("cpu", root) if (quota := _cpu_quota(group)) is not None]
    return max(1, min([cores, *map(math.ceil, quotas)]))


def available_memory(root: Path = ROOT) -> int | None:
    """How many bytes this process can still take without swapping, or None where the system does not tell.

    On Linux the least of: what the kernel calls available, what the limits of the container leave, and what `ulimit -v`
    leaves. What a full disk cache takes counts as available. On macOS it is all the memory of the machine.
    """
    if sys.platform == "win32":
        return None
    left = [_machine_memory(root), _address_space(root), *map(_left_in_group, _groups("memory", root))]
    known = [max(number, 0) for number in left if number is not None]
    return min(known) if known else _whole_memory()


def free_disk(path: str | Path) -> int:
    """How many bytes can be written at `path`, which need not exist yet. Raises OSError if the disk does not tell."""
    folder = Path(path).absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _machine_memory(root: Path) -> int | None:
    """/proc/meminfo: "MemAvailable:   24050868 kB"."""
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            kilobytes = _number(value.removesuffix("kB"))
            return None if kilobytes is None else kilobytes * 1024
    return None


def _address_space(root: Path) -> int | None:
    """What /proc/self/limits allows ("Max address space   8192000000   unlimited   bytes") without what is mapped."""
    title = "Max address space"
    for line in _text(root / "proc/self/limits").splitlines():
        if line.startswith(title):
            limit = _number((line.removeprefix(title).split() or [""])[0])
            mapped = _number(_text(root / "proc/self/statm").partition(" ")[0])  # in pages
            if limit is not None and mapped is not None:
                return limit - mapped * os.sysconf("SC_PAGE_SIZE")
    return None


def _whole_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The control groups of this process that can limit `controller`, innermost first, up to the outermost.

    /proc/self/cgroup has lines like "0::/user.slice/app" (version 2) and "4:cpu,cpuacct:/docker/12ab" (version 1). In a
    container the path may be the host's, which is not there: then only the outermost folder is, and it holds the limit.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            mounts = {root / GROUPS, root / GROUPS / "unified"}
        elif controller in names.split(","):
            mounts = {root / GROUPS / names, root / GROUPS / controller}
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for mount in mounts:
            for depth in range(len(parts), -1, -1):
                yield mount.joinpath(*parts[:depth])


def _cpu_quota(group: Path) -> float | None:
    """Cores that `group` may use: "150000 100000" microseconds in cpu.max, or version 1's two files, are 1.5."""
    quota, _, period = _text(group / "cpu.max").strip().partition(" ")
    if not quota:
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    used, of = _number(quota), _number(period)
    return used / of if used and of and used > 0 and of > 0 else None  # -1 and "max" set no limit


def _left_in_group(group: Path) -> int | None:
    """Bytes that `group` may still take. Its disk cache does not count as taken, because the kernel gives it up."""
    version_2 = (group / "memory.max").is_file()
    limit, used = ("memory.max", "memory.current") if version_2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    allowed, taken = _number(_text(group / limit)), _number(_text(group / used))
    if allowed is None or taken is None:
        return None
    lines = [line.split() for line in _text(group / "memory.stat").splitlines()]
    sizes = {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()}
    first = "" if version_2 else "total_"  # in version 1 only the totals count the groups inside
    cache = sum(sizes.get(first + name, 0) for name in ("inactive_file", "active_file"))
    return allowed - max(taken - cache, 0)


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
