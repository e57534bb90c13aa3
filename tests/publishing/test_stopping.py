"""A build that is stopped, or whose kernel dies, leaves the old notebooks and no process."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from course_lib.publishing import notebooks
from course_lib.publishing.notebooks import NotebookError, build, build_all

# the command `course` for a course in another folder
COMMAND = """
import sys
from pathlib import Path
from course_lib.publishing import notebooks
notebooks.FOLDER = Path(sys.argv[1])
from course_lib.cli import app
app(sys.argv[2:])
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of three chapters, each of which writes its kernel's number into a file."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    (tmp_path / "source").mkdir()
    for name in ("41_one", "42_two", "43_three"):
        write(tmp_path, name, "pass")
    return tmp_path


def write(folder, name, end):
    cell = f"import os, pathlib\npathlib.Path('{name}.pid').write_text(str(os.getpid()))\n{end}"
    (folder / "source" / f"{name}.py").write_text(f"# %% [markdown]\n# # A chapter\n\n# %%\n{cell}\n")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(happened, seconds):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_kernels_at_once_and_keeps_the_old_notebooks(folder, number):
    sources = notebooks.sources([])
    build_all(sources, None, False, 3, lambda source, seconds: None)
    before = {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}
    assert len(before) == 3
    for path in folder.glob("*.pid"):
        path.unlink()
    for source in sources:
        write(folder, source.stem, "import time\ntime.sleep(600)")

    command = [sys.executable, "-c", COMMAND, str(folder), "notebooks", "build", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: len([path for path in folder.glob("*.pid") if path.read_text()]) == 2, 120)
        kernels = [int(path.read_text()) for path in folder.glob("*.pid")]
        asked = time.monotonic()
        for _ in range(5):
            process.send_signal(number)
            time.sleep(0.05)
        said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert time.monotonic() - asked < 20  # the third, which never began, would take ten minutes more
    assert process.returncode == 128 + number
    own = [line for line in "".join(said).splitlines() if "IPKernelApp" not in line]  # a kernel's remark at its start
    assert own == ["stopped."]
    wait_for(lambda: not any(map(alive, kernels)), 10)
    assert {path.name: path.read_bytes() for path in folder.glob("*.ipynb")} == before
    assert not [path for path in folder.iterdir() if "unfinished" in path.name]


def test_a_kernel_that_dies_is_named_with_its_cell(folder):
    source = folder / "source" / "41_one.py"
    build(source)
    before = (folder / "41_one.ipynb").read_bytes()
    write(folder, "41_one", "os._exit(1)")
    with pytest.raises(NotebookError, match=r"41_one\.py: the kernel died in cell 41-one-01"):
        build(source)
    assert (folder / "41_one.ipynb").read_bytes() == before


def test_one_failure_does_not_keep_the_others_from_being_built(folder):
    write(folder, "41_one", "1 / 0")
    write(folder, "43_three", "undefined")
    done = []
    with pytest.raises(NotebookError) as caught:
        build_all(notebooks.sources([]), None, False, 1, lambda source, seconds: done.append(source.stem))
    assert done == ["42_two"]
    assert len(re.findall(r"^(41_one|43_three)\.py: a cell failed", str(caught.value), re.MULTILINE)) == 2
    assert [path.name for path in folder.glob("*.ipynb")] == ["42_two.ipynb"]
