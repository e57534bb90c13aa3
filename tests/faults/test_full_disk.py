"""A disk that is really full: a small one that this test mounts, and a limit on the size of files.

It fills up at another moment each time. One line says so, the old files stay, and the same command completes when
there is room again.
"""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest
import torch
from faults.tiny import STEPS, course, done, leftovers, outcome, refusal, training, unpacked
from faults.works import WRITERS, commands, library, try_each

from course_lib.checker import progress
from course_lib.runs.tensor_files import write_safetensors

PAGE = 4096
SIZE = 8 * 2**20


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    """A file system of 8 MB of its own."""
    place = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0777", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no file system can be mounted here ({getattr(problem, 'stderr', b'') or problem})")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True, capture_output=True)


@pytest.fixture
def disk(mounted):
    yield mounted
    for entry in mounted.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def with_room(pages):
    """A fault for `try_each`: only so many pages are free on the folder's disk."""

    @contextmanager
    def fault(folder):
        ballast = folder.parent / "ballast"
        state = os.statvfs(folder)
        with ballast.open("wb") as file:
            size = state.f_bavail * state.f_frsize - pages * PAGE
            os.posix_fallocate(file.fileno(), 0, size) if size > 0 else None
        yield Room(pages)
        ballast.unlink()

    return fault


class Room(int):
    """What `try_each` is told about a fault; a full disk keeps nobody from removing a file."""

    can_remove = True


def with_limit(size):
    """A fault for `try_each`: no file may grow beyond `size` bytes (as `ulimit -f`)."""
    resource = pytest.importorskip("resource", reason="this system limits no files")

    @contextmanager
    def fault(folder):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield Room(size)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return fault


BIG = library(
    lambda folder: write_safetensors(folder / "a.safetensors", {"a": torch.ones(100_000)}, {}),
    lambda folder: write_safetensors(folder / "a.safetensors", {"a": torch.zeros(100_000)}, {}),
)


@pytest.mark.parametrize("name", ["picture and film", "samples", "export", *WRITERS, "big"])
def test_a_disk_that_fills_up(name, disk, undisturbed, tmp_path, faults):
    work = (WRITERS | commands(undisturbed / "checkpoint.safetensors") | {"big": BIG})[name]
    few = name in ("export", "big")
    pages = range(0, 110, 9) if few else range(6)
    refused = try_each(work, disk, [with_room(number) for number in pages], str)
    assert 0 < refused < len(pages)
    faults("full disk", len(pages))


@pytest.mark.parametrize("name", ["picture and film", "samples", "export", *WRITERS, "big"])
def test_files_that_may_not_grow(name, undisturbed, tmp_path, faults):
    work = (WRITERS | commands(undisturbed / "checkpoint.safetensors") | {"big": BIG})[name]
    sizes = [0, 1, 2, 7, 40, 64, 100, 500, 3_000, 50_000, 300_000, 10**7]
    refused = try_each(work, tmp_path, [with_limit(size) for size in sizes], str)
    assert 0 < refused < len(sizes)
    faults("file too large", len(sizes))


def check_training(out, fault, kind, expected, faults):
    with fault(out.parent):
        result = course(*training(out))
    if result.exit_code:
        said = refusal(result)
        assert str(out) in said
        assert "disk is full" in said or "may not become that large" in said
    else:
        assert outcome(out) == expected
    if (out / "checkpoint.safetensors").exists():
        assert unpacked(out / "checkpoint.safetensors")[1]["step"] in range(1, STEPS + 1)
    assert not leftovers(out.parent)
    done(*training(out))
    assert outcome(out) == expected
    shutil.rmtree(out)
    faults(kind)
    return bool(result.exit_code)


def test_training_on_a_disk_that_fills_up(disk, expected, faults):
    """A checkpoint has some 50 pages; when it is replaced, there are two of them."""
    rooms = [*range(6), *range(6, 126, 8), 400]
    (place := disk / "small").mkdir()
    refused = [check_training(place / "run", with_room(pages), "full disk", expected, faults) for pages in rooms]
    assert refused[0]
    assert not refused[-1]


def test_training_where_files_may_not_grow(tmp_path, expected, faults):
    sizes = [0, 5, 400, 1_000, 30_000, 200_000, 10**7]
    place = tmp_path / "limited"
    place.mkdir()
    refused = [check_training(place / "run", with_limit(size), "file too large", expected, faults) for size in sizes]
    assert refused[0]
    assert not refused[-1]


def test_answers_on_a_full_disk_are_kept_for_the_session(disk, monkeypatch, capsys, faults):
    """They are said to be, once, and written when there is room again."""
    monkeypatch.setenv("COURSE_PROGRESS", str(disk / "home" / "progress.json"))
    monkeypatch.setattr(progress, "_session", progress._Session())
    (disk / "home").mkdir()
    progress.note_attempt("extract", True)
    with with_room(0)(disk / "home"):
        for _ in range(3):
            progress.note_attempt("q_sample", False)
            faults("full disk")
        assert progress.entries()["q_sample"].attempts == 3
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("kept only while this session runs") == 1
    assert "the disk is full" in said
    progress.note_attempt("q_sample", True)
    monkeypatch.setattr(progress, "_session", progress._Session())
    assert progress.entries()["q_sample"].attempts == 4
    assert progress.entries()["extract"].passed
