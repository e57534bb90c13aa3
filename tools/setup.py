"""Make `.venv` with the course in it, or update it. Standard library only, as nothing else is there.

    python3 tools/setup.py                          the course and JupyterLab (Windows: py tools/setup.py)
    python3 tools/setup.py --extras test,grading    also what the tests and the grader need
    python3 tools/setup.py --torch cpu              PyTorch's CPU build, 200 MB instead of gigabytes on Linux

It may be stopped at any moment, kill -9 included: `.venv/course-setup.json` says "installing" before the
first change and "complete" after the last, so the next call knows a half-made environment and makes it anew.
Where the folder cannot be written, an environment that is complete is used as it is.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import disk_need
from commands import KilledError, SetupError, run

try:
    import fcntl
except ImportError:  # Windows, where two setups at once are left to the user's patience
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
DISCARDED = ROOT / ".venv.discarded"
LOCK = ROOT / ".venv.lock"
STATE = VENV / "course-setup.json"
PYTHON_IN_VENV = "Scripts/python.exe" if os.name == "nt" else "bin/python"
PYTHON = VENV / PYTHON_IN_VENV

OLDEST_PYTHON = (3, 11)
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# At its first start JupyterLab asks whether it may fetch news, and looks for updates: noise in a course.
QUIET_JUPYTERLAB = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}

INSTALL_VENV = "Debian, Ubuntu: sudo apt install python3-venv. Elsewhere: Python from https://www.python.org"


def say(message):
    print(f"setup: {message}", flush=True)


def check_python():
    """Raise SetupError unless this Python can make the environment."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(f"the course needs Python 3.11 or newer, this is {found} ({sys.executable})")
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(f"this Python ({sys.executable}) cannot make virtual environments. {INSTALL_VENV}")


def requirements_key():
    """A fingerprint of what is to be installed: pyproject.toml's packaging tables and constraints.txt.

    The rest of pyproject.toml configures tools, and a change there must not cost a call of pip.
    """
    import tomllib  # here, so that an older Python gets as far as check_python's message

    try:
        pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    except ValueError as problem:
        raise SetupError(
            f"pyproject.toml is damaged ({problem}). Bring it back: git checkout -- pyproject.toml"
        ) from None
    packaging = {name: pyproject.get(name) for name in ("project", "build-system")}
    packaging["constraints"] = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return hashlib.sha256(json.dumps(packaging, sort_keys=True).encode()).hexdigest()


def read_state():
    """The environment's own account of itself, or {} where there is none (not made here, or not at all)."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:  # killed while writing
        state = None
    whole = isinstance(state, dict) and {"state", "location", "key", "extras"} <= state.keys()
    return state if whole else {"state": "installing"}


def write_state(**state):
    unfinished = STATE.with_suffix(".tmp")
    unfinished.write_text(json.dumps(state, indent=2), encoding="utf-8")
    os.replace(unfinished, STATE)


def python_runs():
    code = f"import sys, pip; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    try:
        return subprocess.run([str(PYTHON), "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def fault(state):
    """Why the environment that is there cannot be used, or None."""
    if state and state["state"] != "complete":
        return "is half made: an earlier setup was interrupted"
    if state and state["location"] != str(VENV):
        return f"was made for {state['location']}: this folder was moved or copied"
    if not python_runs():
        return "has no Python that runs with pip"
    return None


def throw_away():
    """Remove the environment. Renamed first: an interrupted removal must not leave half of one in place."""
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        VENV.rename(DISCARDED)
        shutil.rmtree(DISCARDED)


def make_venv(lock, needs):
    # An activated .venv may be what runs this script; the new one must hang on the Python behind it.
    base_python = getattr(sys, "_base_executable", None) or sys.executable
    VENV.mkdir()
    write_state(state="installing")
    worked, said = run([base_python, "-m", "venv", VENV], ROOT, lock)
    if not worked:
        other = f"{base_python} could not make a virtual environment. {INSTALL_VENV}"
        raise SetupError(disk_need.why_full(said, needs) or other)


def install(extras, torch, lock, needs):
    pip = [PYTHON, "-m", "pip", "install", "--constraint", "constraints.txt"]
    package = "." + (f"[{','.join(sorted(extras))}]" if extras else "")
    steps = [("setuptools", [*pip, "setuptools"])]  # pinned too: it builds the package below
    if torch == "cpu":
        # Without its dependencies: that index has old ones, which the constraints rule out.
        from_index = [*pip, "--no-deps", "--index-url", TORCH_CPU_INDEX, "torch"]
        steps.append((f"torch from {TORCH_CPU_INDEX}", from_index))
    steps.append(("the packages", [*pip, "--no-build-isolation", "--editable", package]))
    for what, step in steps:
        worked, said = run(step, ROOT, lock)
        if not worked:
            other = (
                f"pip could not install {what}; its last lines above say why. If the network failed, try again when "
                "it is back (finished downloads are kept). If it persists: make clean, then again."
            )
            raise SetupError(disk_need.why_full(said, needs) or other)
    page_config = VENV / "etc" / "jupyter" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True, exist_ok=True)
    page_config.write_text(json.dumps(QUIET_JUPYTERLAB), encoding="utf-8")


def warn_before_cuda(torch):
    if disk_need.build(torch) == "default" and not shutil.which("nvidia-smi"):
        cpu = disk_need.gb(disk_need.DOWNLOAD["cpu"])
        say(f"no NVIDIA GPU here: stop this and `make lab TORCH=cpu` to download {cpu} instead.")


def lacks(state, extras):
    """What the environment with this state has not, or None."""
    if state.get("key") != requirements_key():
        return "is not up to date"
    absent = extras - set(state["extras"])
    return f"lacks {', '.join(sorted(absent))}" if absent else None


def set_up(extras, torch, lock):
    """Bring `.venv` to where it holds the course with these extras; return at once if it does."""
    shutil.rmtree(str(DISCARDED), ignore_errors=True)
    before = read_state()
    if VENV.is_symlink() or VENV.exists():
        reason = fault(before)
        if reason:
            say(f".venv {reason}. Making it anew.")
            throw_away()
            before = {}

    if not lacks(before, extras):
        return
    new_extras = extras - set(before.get("extras", ()))
    extras = extras | set(before.get("extras", ()))
    started = time.monotonic()
    is_new = not VENV.exists()
    needs = disk_need.places(VENV, torch, bool(new_extras), is_new)
    shortage = disk_need.too_little(needs)
    if shortage:
        raise SetupError(shortage)
    if is_new:
        say(f"making .venv with Python {sys.version.split()[0]}. This downloads a lot and takes minutes.")
        say(f"it takes {disk_need.listed(needs)}.")
        warn_before_cuda(torch)
        make_venv(lock, needs)
    else:
        say("bringing .venv up to date ...")
        write_state(state="installing")
    try:
        install(extras, torch, lock, needs)
    except KilledError:
        raise
    except SetupError:
        # pip gave up by itself, before it changed anything or after undoing it: what worked still does.
        if before:
            write_state(**before)
        elif not is_new:
            STATE.unlink()
        raise
    write_state(state="complete", location=str(VENV), key=requirements_key(), extras=sorted(extras))
    say(f"ready in {time.monotonic() - started:.0f} s.")


def can_write(extras):
    """Whether there is something to do that needs to write: not where the folder is read-only and .venv complete.

    Raises SetupError where the folder is read-only and .venv does not serve.
    """
    try:
        LOCK.open("a").close()
    except OSError as problem:
        state = read_state()
        reason = (fault(state) or lacks(state, extras)) if VENV.exists() else "is not there"
        if reason is None:
            return False
        if disk_need.is_full(str(problem)):
            raise
        raise SetupError(
            f"{ROOT} cannot be written ({problem.strerror}), and .venv in it {reason}. "
            "Copy the course to a folder of your own, and call this again there."
        ) from None
    return True


@contextlib.contextmanager
def locked():
    """One setup at a time; a second call waits."""
    with LOCK.open("w") as lock:
        if fcntl:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another setup is still at work on .venv; waiting for it (Ctrl-C gives up) ...")
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError:  # a file system without locks
                pass
        yield lock


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extras", default="", help="pyproject's optional dependencies, e.g. test,grading")
    parser.add_argument("--torch", choices=("default", "cpu"), default="default", help="the build of PyTorch")
    parser.add_argument("--probe", action="store_true", help="only say whether this Python will do")
    options = parser.parse_args()
    extras = set(filter(None, options.extras.split(",")))
    try:
        check_python()
        if not options.probe and can_write(extras):
            with locked() as lock:
                set_up(extras, options.torch, lock)
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except OSError as error:
        needs = disk_need.places(VENV, options.torch, bool(extras), is_new=True)
        sys.exit(f"setup: {disk_need.why_full(str(error), needs) or error}")
    except KeyboardInterrupt:
        sys.exit("\nsetup: stopped. The next call starts again where it can.")


if __name__ == "__main__":
    main()
