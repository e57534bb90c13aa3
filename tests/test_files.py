"""Files are whole or as they were, and a refusal says where, why and what to do."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_lib.files import (
    GIF,
    PNG,
    BusyError,
    FileError,
    check_place,
    explained,
    locked,
    remove_unfinished,
    write_file,
)

REFUSALS = {
    errno.ENOSPC: "the disk is full.*Free some space",
    errno.EDQUOT: "quota.*Delete something",
    errno.EFBIG: "may not become that large.*ulimit",
    errno.EROFS: "read-only.*Name another place",
    errno.EACCES: "no permission.*Name another place",
    errno.EIO: "disk reports an error",
    errno.ENOMEM: "no memory left",
    errno.EMFILE: "too many files",
    errno.ENOTSUP: "Name another place",  # one that has no words of its own
}


@pytest.fixture
def refuse(monkeypatch):
    """Make one call of the system fail with one error number."""

    def at(call, number):
        def fail(*args, **kwargs):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, call, fail)

    return at


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", REFUSALS)
def test_a_refusal_says_where_why_and_what_to_do_and_changes_nothing(tmp_path, refuse, call, number):
    path = tmp_path / "a.txt"
    write_file(path, "old")
    refuse(call, number)
    with pytest.raises(FileError, match=f"a.txt cannot be written: .*{REFUSALS[number]}") as caught:
        write_file(path, "new")
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_is_written_is_read_and_the_folder_is_made(tmp_path):
    path = tmp_path / "some" / "folder" / "ü 日本.txt"
    for content in ("ä日本\n", b"\x00\xff", ""):
        write_file(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    write_file(tmp_path / ("n" * 250), b"x")  # so long that nothing can be added to the name


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027])
def test_permissions_are_those_of_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_file(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    write_file(tmp_path / "link", "ours")
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert (tmp_path / "link").read_text() == "ours"


@pytest.mark.parametrize("check", [check_place, lambda path: write_file(path, "x")])
def test_a_place_that_will_not_do_is_refused(tmp_path, check):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for place, reason in (
        (tmp_path / "file" / "a", "a file, not a folder"),
        (tmp_path / "file" / "b" / "a", "a file, not a folder"),
        (tmp_path / "folder", "a folder of that name"),
        (tmp_path / "circle" / "a", "circle|file, not a folder"),
        (tmp_path / ("n" * 300), "too long"),
        (tmp_path / "a\0b", "no file can have that name"),
        (Path("/dev/null"), "a device"),
        (Path("/proc/nothing/a"), "name another place"),
    ):
        with pytest.raises(FileError, match=reason):
            check(place)
    assert sorted(os.listdir(tmp_path)) == ["circle", "file", "folder"]


def test_checking_a_place_leaves_nothing_but_the_folder(tmp_path):
    check_place(tmp_path / "new" / "a.png", PNG)
    assert os.listdir(tmp_path / "new") == []


def test_a_file_of_another_kind_is_not_replaced(tmp_path):
    path = tmp_path / "a.png"
    for content, kind in ((b"GIF89a...", PNG), (b"\x89PNG\r\n\x1a\n...", GIF), (b"thesis", PNG)):
        path.write_bytes(content)
        with pytest.raises(FileError, match=f"there already and is no {kind.name}. Name another file"):
            check_place(path, kind)
    path.write_bytes(b"\x89PNG\r\n\x1a\n...")
    check_place(path, PNG)
    path.write_bytes(b"")  # what an older version of the course left when the disk was full
    check_place(path, PNG)


def test_what_killed_writers_left_is_removed(tmp_path):
    old, new, foreign = (tmp_path / name for name in (".a.txt.11.unfinished", ".a.txt.22.unfinished", ".b.unfinished"))
    for file in (old, new, foreign):
        file.touch()
    os.utime(old, (time.time() - 3600,) * 2)
    write_file(tmp_path / "a.txt", "x")
    assert sorted(os.listdir(tmp_path)) == [new.name, foreign.name, "a.txt"]  # another process may write one just now
    remove_unfinished(tmp_path, "[a-b]*.txt")
    assert sorted(os.listdir(tmp_path)) == [foreign.name, "a.txt"]


def test_errors_without_a_path_in_them_pass(tmp_path):
    with pytest.raises(ValueError, match="other"), explained(tmp_path):
        raise ValueError("other")


HOLDER = """
import sys, time
from course_lib.files import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_is_held_by_one_and_free_when_its_holder_is_killed(tmp_path):
    lock = tmp_path / "deep" / ".lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    start = time.monotonic()
    with pytest.raises(BusyError, match="Wait until it has ended"), locked(lock):
        pass
    assert time.monotonic() - start < 60
    holder.kill()
    holder.wait()
    with locked(lock, timeout=60):
        pass


@pytest.mark.skipif(os.name == "nt", reason="flock is Unix's")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks_does_not_hold_anybody_up(tmp_path, monkeypatch, number):
    import fcntl

    calls = []

    def fail(*_):
        calls.append(1)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with locked(tmp_path / ".lock", timeout=60):
        pass
    assert len(calls) == 1  # asked once, not again and again until the time is up


def test_a_lock_that_cannot_be_made_is_a_refusal(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"), locked(tmp_path / "file" / ".lock"):
        pass
