"""The set-up and its doctor on a small course of its own: full disks, read-only folders, kills, damage.

`python -m pip` is a stand-in that does what STANDIN says, so nothing is downloaded; `python -m venv` is the real one
without pip, which is quick.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_lib.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="written for a POSIX shell")

# The Python behind this environment: it has no course.
BASE = getattr(sys, "_base_executable", sys.executable)

PIP = """
import os, pathlib, shutil, signal, sys, time
what = os.environ.get("STANDIN", "")
with open(os.environ["STANDIN_LOG"], "a") as log:
    print(*sys.argv[1:], file=log)
if "disk is full" in what:
    sys.exit("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
if "quota" in what:
    sys.exit("ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded: '/x'")
if "network" in what:
    sys.exit("ERROR: Could not find a version that satisfies the requirement setuptools (from versions: none)")
if "fill" in what:
    try:
        with open(pathlib.Path(sys.prefix) / "lib" / "large", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        sys.exit("a message that says nothing of it")
if "killed" in what:
    os.kill(os.getpid(), signal.SIGKILL)
if "slow" in what:
    pathlib.Path(os.environ["STANDIN_LOG"] + ".begun").touch()
    for _ in range(300):
        print("still here", file=sys.stderr, flush=True)
        time.sleep(0.1)
"""

VENV = """
import os, subprocess, sys
without = [] if "real venv" in os.environ.get("STANDIN", "") else ["--without-pip"]
sys.exit(subprocess.call([sys.executable, "-I", "-m", "venv", *without, *sys.argv[1:]]))
"""


def small_course(folder: Path) -> Path:
    (folder / "tools").mkdir(parents=True)
    for name in ("setup.py", "doctor.py", "disk_need.py", "commands.py"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    (folder / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1"\n')
    (folder / "constraints.txt").write_text("")
    (folder / "course_lib" / "cli").mkdir(parents=True)
    (folder / "course_lib" / "__init__.py").touch()
    (folder / "course_lib" / "cli" / "__init__.py").touch()
    (folder / "course_lib" / "cli" / "__main__.py").write_text("print('looked further')")
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "00_start.ipynb").write_text("{}")
    for name, code in (("pip", PIP), ("venv", VENV)):
        (folder.parent / name).mkdir()
        (folder.parent / name / "__init__.py").touch()
        (folder.parent / name / "__main__.py").write_text(code)
    return folder


@pytest.fixture
def course(tmp_path):
    """A course without an environment."""
    return small_course(tmp_path / "course")


@pytest.fixture
def complete(course):
    """A course with a complete one."""
    ended = set_up(course)
    assert ended.returncode == 0, ended.stderr
    return course


def variables(course, standin="", **more):
    home = course.parent
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))}
    return (
        kept
        | {
            "PYTHONPATH": str(home),
            "STANDIN": standin,
            "STANDIN_LOG": str(home / "calls"),
            "PIP_CACHE_DIR": str(home / "cache"),
        }
        | more
    )


def set_up(course, *words, standin="", tool="setup.py", before="", **more):
    command = [BASE, str(course / "tools" / tool), *words]
    if before:
        command = ["unshare", "--mount", "sh", "-c", f'{before}; exec "$@"', "sh", *command]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=variables(course, standin, **more), check=False, timeout=200
    )
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended


def calls(course) -> list[str]:
    log = course.parent / "calls"
    return log.read_text().splitlines() if log.exists() else []


def state(course) -> str:
    return (course / ".venv" / "course-setup.json").read_text()


def needs_mounts():
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("no disk can be mounted here")


def small_disk(place: Path, size: str) -> str:
    """A shell command that puts a small disk with the course on it in the course's place."""
    needs_mounts()
    kept = place.with_name(place.name + ".kept")
    return f"set -e; cp -r '{place}' '{kept}'; mount -t tmpfs -o size={size} none '{place}'; cp -r '{kept}'/. '{place}'"


# The disk, before and after


def test_too_little_room_is_said_before_anything_is_downloaded(course):
    ended = set_up(course, "--torch", "cpu", before=small_disk(course, "100m"))
    assert ended.returncode == 1
    assert f"about 1.7 GB in {course}/.venv" in ended.stderr
    assert f"{course} has only 0.1 GB free" in ended.stderr
    assert "TMPDIR" in ended.stderr
    assert calls(course) == []


def test_downloads_and_environment_on_one_disk_are_added_up(course):
    """1.65 GB and 0.19 GB: each alone would fit into 1.75 GB."""
    (course / "tmp").mkdir()
    ended = set_up(
        course, "--torch", "cpu", before=small_disk(course, "1750m"), TMPDIR=str(course / "tmp"), PIP_NO_CACHE_DIR="1"
    )
    assert ended.returncode == 1
    assert "free" in ended.stderr
    assert "PIP_CACHE_DIR)" not in ended.stderr


def test_a_cache_without_room_is_no_obstacle(course):
    """pip then does without it."""
    cache = course.parent / "cache"
    cache.mkdir()
    ended = set_up(course, "--torch", "cpu", before=small_disk(cache, "1m"))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("standin", ["the disk is full", "quota"])
@pytest.mark.parametrize("kind", ["new", "update"])
def test_full_disk_while_pip_runs_is_not_the_networks_fault(course, standin, kind):
    if kind == "update":
        set_up(course)
        (course / "constraints.txt").write_text("# changed\n")
    ended = set_up(course, standin=standin)
    assert ended.returncode == 1
    last = ended.stderr.strip().splitlines()[-1]
    assert "full" in last
    assert "network" not in last
    assert "GB in" in last or kind == "update"
    assert "ERROR: Could not install" in ended.stderr  # pip's own words are shown as well


def test_full_disk_that_pip_does_not_name(course):
    ended = set_up(course, "--torch", "cpu", standin="fill", before=fake_room(course, "200m"))
    assert ended.returncode == 1
    assert "is full" in ended.stderr.strip().splitlines()[-1]


def fake_room(course, size) -> str:
    """A small disk, and a course that believes to need less."""
    needed = course / "tools" / "disk_need.py"
    needed.write_text(needed.read_text().replace("1_651_000_000", "60_000_000").replace("192_000_000", "1"))
    return small_disk(course, size)


def test_full_disk_while_the_environment_is_made(course):
    """ensurepip's own words are lost, so the disk itself is asked."""
    needed = course / "tools" / "disk_need.py"
    needed.write_text(needed.read_text().replace("1_651_000_000", "1").replace("192_000_000", "1"))
    ended = set_up(course, "--torch", "cpu", standin="real venv", before=small_disk(course, "5m"))
    assert ended.returncode == 1
    last = ended.stderr.strip().splitlines()[-1]
    assert "is full" in last
    assert "python3-venv" not in last
    assert calls(course) == []


def test_network_that_fails_is_still_named(course):
    ended = set_up(course, standin="network")
    assert ended.returncode == 1
    assert "network" in ended.stderr.strip().splitlines()[-1]


# Read-only


def read_only(course) -> str:
    needs_mounts()
    return f"mount --bind '{course}' '{course}' && mount -o remount,ro,bind '{course}'"


def test_read_only_with_a_complete_environment_is_ready(complete):
    before = calls(complete)
    ended = set_up(complete, before=read_only(complete))
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert calls(complete) == before


def test_a_lock_that_belongs_to_somebody_else_is_no_obstacle(complete):
    needs_mounts()
    lock = complete / ".venv.lock"
    ended = set_up(complete, before=f"mount --bind '{lock}' '{lock}' && mount -o remount,ro,bind '{lock}'")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("lack", ["no environment", "half made", "not up to date", "an extra"])
def test_read_only_without_a_complete_environment(complete, lack):
    if lack == "no environment":
        shutil.rmtree(complete / ".venv")
    elif lack == "half made":
        (complete / ".venv" / "course-setup.json").write_text('{"state": "installing"}')
    elif lack == "not up to date":
        (complete / "constraints.txt").write_text("# changed\n")
    words = ["--extras", "test"] if lack == "an extra" else []
    ended = set_up(complete, *words, before=read_only(complete))
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert "cannot be written (Read-only file system)" in line
    said = {"no environment": "not there", "an extra": "lacks test"}.get(lack, lack)
    assert said in line
    assert "Copy the course" in line


# Killed at any moment


def test_killed_while_pip_runs_is_made_anew(course):
    process = subprocess.Popen(
        [BASE, str(course / "tools" / "setup.py")],
        env=variables(course, "slow"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    begun = course.parent / "calls.begun"
    while not begun.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert "installing" in state(course)
    ended = set_up(course)
    assert ended.returncode == 0, ended.stderr
    assert "half made" in ended.stdout
    assert "complete" in state(course)


def test_the_next_waits_for_the_pip_of_one_that_was_killed(course):
    """The orphan has nobody left who reads what it says, and still holds the lock."""
    process = subprocess.Popen(
        [BASE, str(course / "tools" / "setup.py")],
        env=variables(course, "slow"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    begun = course.parent / "calls.begun"
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    ended = set_up(course)
    assert ended.returncode == 0, ended.stderr
    assert "half made" in ended.stdout


def test_pip_that_is_killed(course):
    ended = set_up(course, standin="killed")
    assert ended.returncode == 1
    assert "was killed" in ended.stderr
    assert "installing" in state(course)


def test_pip_that_fails_leaves_what_worked(complete):
    before = state(complete)
    (complete / "constraints.txt").write_text("# changed\n")
    assert set_up(complete, standin="network").returncode == 1
    assert state(complete) == before


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"state": "complete"}', "\x00\x00", '{"sta'])
def test_damaged_state_is_made_anew(complete, content):
    (complete / ".venv" / "course-setup.json").write_text(content)
    ended = set_up(complete)
    assert ended.returncode == 0, ended.stderr
    assert "Making it anew" in ended.stdout
    assert "complete" in state(complete)


def test_damaged_pyproject_is_named(course):
    (course / "pyproject.toml").write_text("<<<<<<< HEAD\n[project]\n")
    ended = set_up(course)
    assert ended.returncode == 1
    assert "pyproject.toml is damaged" in ended.stderr


# The doctor that needs nothing installed


def doctor(course, **more):
    return set_up(course, tool="doctor.py", **more)


def test_doctor_without_an_environment(course):
    ended = doctor(course)
    assert ended.returncode == 1
    assert "WRONG" in ended.stdout
    assert "make lab" in ended.stdout
    assert "GB in" in ended.stdout
    assert not (course / ".venv").exists()
    assert calls(course) == []


def test_doctor_without_an_environment_and_without_room(course):
    ended = doctor(course, before=small_disk(course, "100m"))
    assert ended.returncode == 1
    assert "has only" in ended.stdout


def test_doctor_hands_over(complete):
    ended = doctor(complete)
    assert ended.returncode == 0
    assert ended.stdout.strip().splitlines()[-1] == "looked further"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ImportError('no module named rich')", "no module named rich"),
        ("import os; os.abort()", "SIGABRT"),
        ("def f(:", "SyntaxError"),
        ("raise SystemExit(3)", "status 3"),
    ],
)
def test_doctor_of_a_broken_command_line(complete, code, said):
    (complete / "course_lib" / "cli" / "__init__.py").write_text(code)
    ended = doctor(complete)
    assert ended.returncode == 1
    assert said in ended.stdout or said == "SyntaxError"
    assert "cannot be loaded" in ended.stdout
    assert "make lab" in ended.stdout


@pytest.mark.parametrize("code", ["import os; os.abort()", "import os; os._exit(9)", "1 / 0"])
def test_doctor_whose_other_half_breaks(complete, code):
    (complete / "course_lib" / "cli" / "__main__.py").write_text(f"import sys\nsys.stderr.close()\n{code}")
    ended = doctor(complete)
    assert ended.returncode == 1
    assert "WRONG" in ended.stdout or code == "1 / 0"


@pytest.mark.parametrize("damage", ["half made", "no python", "moved"])
def test_doctor_of_a_broken_environment(complete, damage):
    if damage == "half made":
        (complete / ".venv" / "course-setup.json").write_text('{"state": "installing"}')
    elif damage == "no python":
        (complete / ".venv" / "bin" / "python").unlink()
    else:
        complete = complete.rename(complete.with_name("elsewhere"))
    ended = doctor(complete)
    assert ended.returncode == 1
    assert "make lab" in ended.stdout


def test_doctor_of_a_course_with_files_missing(complete):
    (complete / "constraints.txt").unlink()
    ended = doctor(complete)
    assert ended.returncode == 1
    assert "constraints.txt" in ended.stdout


def test_doctor_in_a_read_only_folder(complete):
    ended = doctor(complete, before=read_only(complete))
    assert ended.returncode == 0, ended.stdout + ended.stderr


# Numbers


def test_the_sizes_that_are_said_are_those_of_this_environment():
    """What `du` says of an environment with all extras is about what the table promises."""
    if "+cpu" not in subprocess.check_output(
        [sys.executable, "-c", "import torch; print(torch.__version__)"], text=True
    ):
        pytest.skip("the environment here has another build of PyTorch than the one that is compared")
    if sys.prefix == sys.base_prefix:
        pytest.skip("this Python is no environment of the course")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import disk_need as d; "
        f"print(d.taken({sys.prefix!r}) / (d.ENVIRONMENT['cpu'] + d.EXTRAS))"
    )
    assert 0.8 < float(subprocess.check_output([sys.executable, "-c", code], text=True)) < 1.2
