"""Places where no record can be written: it is said once, kept for the session, and written as soon as that works."""

import errno
import fcntl
import os
import subprocess
import sys
import textwrap
import time
from datetime import date

import pytest
from filelock import FileLock

from course_lib import files
from course_lib.checker import progress as record
from course_lib.checker.progress import Entry
from course_lib.quizzes import check, progress

MONDAY = date(2026, 3, 2)
PASSED = Entry(attempts=1, passed=True, passed_on=MONDAY)

pytestmark = pytest.mark.usefixtures("file")


def snr(alphas_cumprod):
    return alphas_cumprod / (1 - alphas_cumprod)


def flat(folder):
    (folder / "flat").write_text("a file, no folder")
    return folder / "flat" / "progress.json"


def a_folder(folder):
    (folder / "folder").mkdir()
    return folder / "folder"


def a_pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def a_circle(folder):
    (folder / "circle").symlink_to(folder / "circle")
    return folder / "circle"


ODD = {
    "under a file": flat,
    "a folder": a_folder,
    "a pipe": a_pipe,
    "links in a circle": a_circle,
    "a device": lambda folder: "/dev/full",
    "no disk": lambda folder: "/proc/progress.json",
    "too long a name": lambda folder: folder / ("n" * 300),
    "nobody's home": lambda folder: "~nobody_of_this_name/progress.json",
}


@pytest.mark.parametrize("odd", ODD)
def test_it_is_said_once_in_one_line_and_kept_for_the_session(monkeypatch, tmp_path, capsys, odd):
    path = str(ODD[odd](tmp_path))
    monkeypatch.setenv("COURSE_PROGRESS", path)
    assert check(snr) is snr
    progress()
    record.note_attempt("extract", False)
    said = capsys.readouterr().out.splitlines()
    told = [line for line in said if "COURSE_PROGRESS=FILE" in line]
    assert len(told) == 1
    assert "kept only while this session runs" in told[0]
    assert any("1 of " in line and "quizzes passed" in line for line in said)
    assert record.entries() == {"snr": PASSED, "extract": Entry(attempts=1)}
    assert not os.path.lexists(f"{path}.lock") or odd in ("under a file",)  # no litter


def test_what_waited_is_added_to_what_is_on_disk(monkeypatch, file, tmp_path, capsys):
    record.note_attempt("extract", True)
    record.note_attempt("snr", False, ("logarithm",))
    before = file.read_text()
    kept = fails_with(monkeypatch, "fsync", errno.ENOSPC)
    record.note_attempt("snr", True)
    record.note_look("q_step")
    assert file.read_text() == before
    both = Entry(attempts=2, passed=True, passed_on=MONDAY, mistakes={"logarithm": 1})
    expected = {"extract": PASSED, "snr": both, "q_step": Entry(looked=True)}
    assert record.entries() == expected
    monkeypatch.setattr(files.os, "fsync", kept)
    record.note_attempt("q_step", False)
    expected["q_step"] = Entry(attempts=1, looked=True)
    monkeypatch.setattr(record, "_session", record._Session())  # the next process
    assert record.entries() == expected
    assert capsys.readouterr().out.count("disk is full") == 1
    assert not list(tmp_path.glob(".*unfinished"))


def fails_with(monkeypatch, name, number):
    """Let the system's function `name` refuse; returns what stood there."""
    before = getattr(os, name)

    def refuse(*args, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, name, refuse)
    return before


REFUSALS = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO, errno.EPERM, 9999]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("number", REFUSALS)
def test_whatever_the_system_refuses_the_check_goes_on(monkeypatch, file, capsys, step, number):
    record.note_attempt("extract", True)
    before = file.read_text()
    fails_with(monkeypatch, step, number)
    assert check(snr) is snr
    progress()
    said = capsys.readouterr().out
    assert said.count("COURSE_PROGRESS=FILE") == 1
    assert "2 of " in said
    assert file.read_text() == before


def test_a_limit_on_the_size_of_files_is_a_limit_of_the_system(file):
    """Not a pretended one: EFBIG comes from the kernel."""
    code = """
        import resource
        from course_lib.checker import progress
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))
        progress.note_attempt("snr", True)
        progress.note_attempt("snr", True)
        print(progress.entries()["snr"].attempts)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    """
    said = in_a_process(code)
    assert said[0].count("COURSE_PROGRESS=FILE") == 1
    assert said[1:] == ["2"]
    assert record.entries()["snr"].attempts == 2  # written when the process ended


def in_a_process(code):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout.splitlines()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(file, tmp_path):
    tmp_path.chmod(0o500)
    try:
        record.note_attempt("snr", True)
        assert record.entries() == {"snr": PASSED}
    finally:
        tmp_path.chmod(0o700)


# Locks


def test_a_lock_held_elsewhere_is_waited_for_once_and_nothing_is_forgotten(file, capsys):
    record.note_attempt("extract", True)
    with FileLock(f"{file}.lock"):
        start = time.monotonic()
        for _ in range(20):
            record.note_attempt("snr", True)
            assert record.entries()["extract"] == PASSED
        assert 0.5 < time.monotonic() - start < 3
        assert record.entries()["snr"].attempts == 20
        assert "snr" not in file.read_text()
    record.note_attempt("snr", True)
    assert '"attempts": 21' in file.read_text()
    said = capsys.readouterr().out
    assert said.count("COURSE_PROGRESS=FILE") == 1
    with FileLock(f"{file}.lock"):
        start = time.monotonic()
        record.note_attempt("snr", True)
        assert time.monotonic() - start > 0.5  # it was free again in between: another notebook may be writing
    assert record.entries()["snr"].attempts == 22
    assert '"attempts": 22' in file.read_text()  # `entries` wrote it


def test_what_still_waits_is_written_when_the_process_ends(file):
    code = """
        import threading
        from filelock import FileLock
        from course_lib.checker import progress
        lock = FileLock(f"{progress.place()}.lock", thread_local=False)
        lock.acquire()
        progress.note_attempt("snr", True)
        threading.Timer(0.3, lock.release).start()
    """
    in_a_process(code)
    assert record.entries()["snr"].passed


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks(monkeypatch, file, capsys, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    start = time.monotonic()
    assert check(snr) is snr
    record.note_attempt("snr", True)
    assert time.monotonic() - start < 5
    monkeypatch.setattr(record, "_session", record._Session())
    assert record.entries()["snr"].attempts == 2
    assert "COURSE_PROGRESS" not in capsys.readouterr().out


# Links


def test_a_link_to_another_place_stays_one(file, tmp_path):
    (tmp_path / "synced").mkdir()
    file.symlink_to(tmp_path / "synced" / "p.json")
    record.note_attempt("snr", True)
    assert file.is_symlink()
    assert record.entries() == {"snr": PASSED}
    assert "snr" in (tmp_path / "synced" / "p.json").read_text()
