"""Say what is missing before `course doctor` can run, then let it look at the rest. Standard library only.

    python3 tools/doctor.py         (`make doctor`; Windows: py tools/doctor.py)

It installs nothing. The course is looked for in .venv and, if that is not there, in the Python that runs this.
"""

import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import disk_need
from commands import SetupError
from setup import PYTHON, ROOT, VENV, check_python, fault, lacks, read_state

NEEDED = ("pyproject.toml", "constraints.txt", "course_lib/cli/__init__.py", "notebooks/00_start.ipynb")
PATIENCE = 300  # seconds for the command line to load
LONGEST = 1800  # for all of `course doctor`, which has limits of its own


def line(word, name, value, remedy=""):
    print(f"{word:6}{name:12} {value}", flush=True)
    if remedy:
        print(f"{'':18}-> {remedy}", flush=True)


def repository_is_whole():
    """Whether the files that a set-up reads are there; says what is missing."""
    gone = [name for name in NEEDED if not (ROOT / name).is_file()]
    if gone:
        line("WRONG", "files", f"missing: {', '.join(gone)}", "git checkout -- . , or download the course again.")
    return not gone


def python_fits():
    """Whether this Python can make the environment; says so."""
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        check_python()
    except SetupError as problem:
        line("WRONG", "python", str(problem), "Install another, and name it: make doctor PYTHON=/path/to/python3")
        return False
    line("ok", "python", f"{version} ({sys.executable})")
    return True


def interpreter():
    """The Python that has the course, or None; says what is wrong with the environment."""
    if VENV.exists():
        state = read_state()
        problem = fault(state)
        if problem:
            line("WRONG", ".venv", problem, "`make lab` makes it anew.")
            say_costs()
            return None
        if state and lacks(state, set()):
            line("note", ".venv", lacks(state, set()), "`make lab` brings it up to date.")
        else:
            line("ok", ".venv", str(VENV))
        return PYTHON
    if has_course():
        line("ok", "course", f"installed in {sys.prefix}")
        return sys.executable
    line("WRONG", ".venv", "is not there: the course is not installed", "`make lab` installs it.")
    say_costs()
    return None


def has_course():
    try:
        return bool(metadata.distribution("course_lib"))
    except metadata.PackageNotFoundError:
        return False


def say_costs():
    """What a set-up would take, and whether that is free."""
    for torch in ("default", "cpu") if disk_need.build("default") == "default" else ("default",):
        needs = disk_need.places(VENV, torch, with_extras=False, is_new=True)
        command = "make lab" + (" TORCH=cpu" if torch == "cpu" else "")
        shortage = disk_need.too_little(needs)
        if shortage:
            line("WRONG", "disk", f"for `{command}`: {shortage}")
        else:
            line("ok", "disk", f"enough for `{command}`: {disk_need.listed(needs)}")


def command_line_loads(python):
    """Whether `course` itself can start in that Python; says why not."""
    try:
        tried = subprocess.run(
            [str(python), "-c", "import course_lib.cli"],
            cwd=str(ROOT),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        line("WRONG", "course", f"is still loading after {PATIENCE} s", "Look whether the disk of .venv hangs.")
        return False
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip().splitlines() or [ending(tried.returncode)]
        remedy = "A package is missing or damaged: `make clean`, then `make lab` (conda: pip install -e . again)."
        line("WRONG", "course", f"cannot be loaded: {said[-1]}", remedy)
    return tried.returncode == 0


def ending(status):
    """How a process ended, in words."""
    names = {-number: number.name for number in signal.Signals}
    return f"it was ended by {names[status]}" if status in names else f"it ended with status {status}"


def look_further(python):
    """Run `course doctor`; its exit status."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])}
    try:
        command = [str(python), "-m", "course_lib.cli", "doctor"]
        status = subprocess.run(command, cwd=str(ROOT), env=environment, timeout=LONGEST, check=False).returncode
    except subprocess.TimeoutExpired:
        line("WRONG", "course doctor", f"had no end after {LONGEST} s", "What it looked at last hangs.")
        return 1
    if status not in (0, 1):
        remedy = "What it looked at last ended it. `make clean`, then `make lab` installs all packages anew."
        line("WRONG", "course doctor", ending(status), remedy)
    return min(abs(status), 1)


def main():
    whole, fits = repository_is_whole(), python_fits()
    python = interpreter() if whole and fits else None
    if python is None or not command_line_loads(python):
        return 1
    return look_further(Path(python))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ndoctor: stopped.")
    except (SetupError, OSError) as error:
        sys.exit(f"doctor: {error}")
