"""What a machine or a container leaves us, read from made-up /proc and /sys/fs/cgroup trees."""

import os
import shutil
import sys

import pytest

from course_lib.machine import available_memory, free_disk, usable_cores

GB = 10**9
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
UNLIMITED_V1 = "9223372036854771712\n"
MEMINFO = "MemTotal:       32000000 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\n"
FREE = 20_000_000 * 1024

linux_only = pytest.mark.skipif(sys.platform == "win32", reason="there is no /proc")


@pytest.fixture
def tree(tmp_path):
    """Writes files into an empty root folder, and returns that."""

    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


def v2(path, files, where="0::"):
    """The files of one process in group `path` of the second version, whose mount point has `files`."""
    return {"proc/self/cgroup": f"{where}{path}\n"} | {f"sys/fs/cgroup/{name}": text for name, text in files.items()}


def v1(path, controller, files, folder=None):
    named = {f"sys/fs/cgroup/{folder or controller}/{name}": text for name, text in files.items()}
    return {"proc/self/cgroup": f"12:freezer:/\n4:{controller}:{path}\n"} | named


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, CORES),
        (v2("/", {"cpu.max": "100000 100000\n"}), 1),
        (v2("/", {"cpu.max": "20000 100000\n"}), 1),  # a fifth of a core is one thread
        (v2("/", {"cpu.max": "100001 100000\n"}), min(2, CORES)),
        (v2("/", {"cpu.max": "max 100000\n"}), CORES),
        (v2("/", {"cpu.max": "100000000 100000\n"}), CORES),
        (v2("/a/b", {"cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}), 1),
        (v2("/a/b", {"a/b/cpu.max": "50000 100000\n"}), 1),
        (v2("/kubepods/pod1/abc", {"cpu.max": "100000 100000\n"}), 1),  # the host's path, of which nothing is here
        (v2("/../../x", {"cpu.max": "100000 100000\n"}), 1),
        (v2("/", {"cpu.max": "nonsense\n"}), CORES),
        (v2("/", {"cpu.max": "100000 0\n"}), CORES),
        (v2("/", {"cpu.max": ""}), CORES),
        (v2("/", {"unified/cpu.max": "100000 100000\n"}), 1),
        (v1("/", "cpu", {"cpu.cfs_quota_us": "100000\n", "cpu.cfs_period_us": "100000\n"}), 1),
        (v1("/", "cpu", {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}), CORES),
        (v1("/docker/12", "cpu,cpuacct", {"cpu.cfs_quota_us": "5000\n", "cpu.cfs_period_us": "10000\n"}), 1),
        (v1("/a", "cpu,cpuacct", {"a/cpu.cfs_quota_us": "1\n", "a/cpu.cfs_period_us": "10\n"}, folder="cpu"), 1),
        (v1("/", "cpu", {"cpu.cfs_quota_us": "100000\n"}), CORES),
        (v1("/", "cpuset", {"cpu.cfs_quota_us": "1\n", "cpu.cfs_period_us": "1\n"}), CORES),  # another controller
    ],
)
def test_the_cores_of_a_container(files, cores, tree):
    assert usable_cores(tree(files)) == cores


@linux_only
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, FREE),
        (v2("/", {"memory.max": "max\n", "memory.current": "1000\n"}), FREE),
        (v2("/", {"memory.max": f"{2 * GB}\n", "memory.current": f"{GB}\n"}), GB),
        (v2("/", {"memory.max": f"{2 * GB}\n", "memory.current": f"{3 * GB}\n"}), 0),
        (v2("/", {"memory.max": f"{200 * GB}\n", "memory.current": f"{GB}\n"}), FREE),
        (v2("/a/b", {"a/memory.max": f"{3 * GB}\n", "a/memory.current": f"{GB}\n"}), 2 * GB),
        (v2("/gone", {"memory.max": f"{3 * GB}\n", "memory.current": f"{GB}\n"}), 2 * GB),
        (
            v2(
                "/",
                {
                    "memory.max": f"{3 * GB}",
                    "memory.current": f"{2 * GB}",
                    "memory.stat": f"anon 5\nactive_file {GB // 2}\ninactive_file {GB // 4}\ntotal_active_file 7\n",
                },
            ),
            GB + GB * 3 // 4,
        ),
        (v2("/", {"memory.max": f"{2 * GB}\n"}), FREE),  # without a word on what is used
        (v1("/", "memory", {"memory.limit_in_bytes": UNLIMITED_V1, "memory.usage_in_bytes": "5\n"}), FREE),
        (v1("/x", "memory", {"memory.limit_in_bytes": f"{5 * GB}", "memory.usage_in_bytes": f"{GB}\n"}), 4 * GB),
        (
            v1(
                "/x",
                "memory",
                {
                    "x/memory.limit_in_bytes": f"{5 * GB}",
                    "x/memory.usage_in_bytes": f"{2 * GB}\n",
                    "x/memory.stat": f"active_file 1\ntotal_inactive_file {GB}\ntotal_active_file {GB // 2}\n",
                },
            ),
            4 * GB + GB // 2,
        ),
    ],
)
def test_the_memory_of_a_container(files, expected, tree):
    assert available_memory(tree({"proc/meminfo": MEMINFO} | files)) == expected


@linux_only
@pytest.mark.parametrize(
    ("limit", "mapped", "expected"),
    [("unlimited", "1000", FREE), (str(2 * GB), "0", 2 * GB), (str(2 * GB), str(10**9), 0), (str(2 * GB), "", FREE)],
)
def test_what_ulimit_leaves(limit, mapped, expected, tree):
    limits = f"Limit          Soft Limit   Hard Limit  Units\nMax address space    {limit}   unlimited   bytes\n"
    files = {"proc/meminfo": MEMINFO, "proc/self/limits": limits, "proc/self/statm": f"{mapped} 1 1 1 0 1 0\n"}
    assert available_memory(tree(files)) == expected


@linux_only
def test_a_kernel_that_tells_nothing_leaves_the_whole_machine(tree):
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert available_memory(tree({})) == whole
    assert available_memory(tree({"proc/meminfo": "MemAvailable: lots\n", "proc/self/cgroup": "\x00\xff\n"})) == whole


@linux_only
def test_files_that_are_folders_or_no_text_set_no_limit(tree):
    root = tree(v2("/", {"cpu.max/x": "", "memory.max": f"{GB}"}) | {"proc/meminfo": MEMINFO})
    (root / "sys/fs/cgroup/memory.current").write_bytes(b"\xff\xfe\x00")
    assert usable_cores(root) == CORES
    assert available_memory(root) == FREE


def test_this_machine():
    assert 1 <= usable_cores() <= CORES
    memory = available_memory()
    assert memory is None or memory > 10**8


def test_free_disk_of_a_place_that_is_still_to_be_made(tmp_path):
    free = free_disk(tmp_path / "not" / "yet" / "there.safetensors")
    assert abs(free - shutil.disk_usage(tmp_path).free) < GB
    assert free > 0


def test_free_disk_of_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert abs(free_disk("runs/mine") - free_disk(tmp_path)) < GB
