"""What is installed, whether it loads, and the settings of the shell that change what the course shows."""

import json
import platform
import signal
import subprocess
import sys
from importlib import metadata

from course_lib.cli.doctor.report import INSTALL_AGAIN, Check
from course_lib.paths import ROOT

PACKAGE = "course_lib"
MODULES = {"pillow": "PIL", "pyyaml": "yaml", "ipython": "IPython"}  # the others are imported by their own names
PATIENCE = 240.0  # seconds for loading all libraries; less than that of a look

# In a process of its own: a broken PyTorch can end the process that loads it, or never return. Libraries may print.
MARK = "loading: "
LOAD = f"""
import importlib, json, sys
for name in sys.argv[1:]:
    print("\\n{MARK}" + json.dumps([name, ""]), flush=True)
    try:
        importlib.import_module(name)
    except BaseException as problem:
        said = type(problem).__name__ + ": " + str(problem)
        print("\\n{MARK}" + json.dumps([name, said]), flush=True)
"""


def versions() -> list[Check]:
    """Python, the course, PyTorch, the other libraries in one line; and each that is outside our ranges."""
    from packaging.requirements import Requirement

    python = Check("python", True, f"{platform.python_version()} ({platform.system()} {platform.machine()})")
    try:
        course = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return [python, Check(PACKAGE, False, "not installed", INSTALL_AGAIN)]
    needed = course.metadata["Requires-Python"]
    if not Requirement(f"python{needed}").specifier.contains(platform.python_version(), prereleases=True):
        remedy = f"Install Python {needed} and name it: `make clean`, then `make lab PYTHON=python3.12`."
        python = Check("python", False, f"{python.value}, needed: {needed}", remedy)

    found, wrong = {}, []
    for requirement in map(Requirement, course.requires or ()):
        optional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            if not optional:
                wrong.append(Check(requirement.name, False, "not installed", INSTALL_AGAIN))
            continue
        found[requirement.name] = version
        if not requirement.specifier.contains(version, prereleases=True):
            value = f"{version}, needed: {requirement.specifier}"
            wrong.append(Check(requirement.name, False, value, INSTALL_AGAIN))

    bad = {check.name for check in wrong}
    good = {name: version for name, version in found.items() if name not in bad}
    lines = [python, Check(PACKAGE, True, f"{course.version} in {ROOT}")]
    if "torch" in good:
        lines.append(Check("torch", True, good.pop("torch")))
    return [*lines, Check("libraries", True, ", ".join(map(" ".join, good.items()))), *wrong]


def libraries_load() -> list[Check]:
    """Whether each installed library that the course needs can be loaded: a version alone does not say that."""
    names = loadable()
    if not names:
        return []
    try:
        child = subprocess.run(
            [sys.executable, "-c", LOAD, *names], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        printed, status = child.stdout, child.returncode
    except subprocess.TimeoutExpired as slow:
        printed = slow.stdout.decode(errors="replace") if isinstance(slow.stdout, bytes) else slow.stdout or ""
        status = None
    begun, broken = "", []
    for line in printed.splitlines():
        if not line.startswith(MARK):
            continue
        begun, problem = json.loads(line.removeprefix(MARK))
        if problem:
            broken.append(Check(begun, False, " ".join(f"cannot be loaded: {problem}".split())[:500], INSTALL_AGAIN))
    if status is None:
        remedy = "If the disk is slow, try again; else install it anew: `make clean`, then `make lab`."
        broken.append(Check(begun or "python", False, f"is still loading after {PATIENCE:.0f} s", remedy))
    elif status != 0:
        value = f"ends Python when it is loaded ({_how_it_ended(status)})"
        remedy = f"This build does not fit the machine, or is damaged. {INSTALL_AGAIN}"
        broken.append(Check(begun or "python", False, value, remedy))
    return broken


def loadable() -> list[str]:
    """The modules of the installed libraries that the course itself needs, PyTorch first."""
    from packaging.requirements import Requirement

    try:
        requires = metadata.distribution(PACKAGE).requires or ()
    except metadata.PackageNotFoundError:
        return []
    names = []
    for requirement in map(Requirement, requires):
        optional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
        try:
            metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            continue  # `versions` says so
        if not optional:
            names.append(MODULES.get(requirement.name.lower(), requirement.name))
    return names


def _how_it_ended(status: int) -> str:
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"exit status {status}"


def terminal() -> list[Check]:
    """Whether the output can show every letter that a folder's name may have."""
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    try:
        "ü 日本 █".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        remedy = "Letters that it does not have are shown as \\xfc or \\u65e5; set PYTHONUTF8=1 to see them all."
        return [Check("terminal", True, encoding, remedy)]
    return [Check("terminal", True, encoding)]


def figures() -> list[Check]:
    """What MPLBACKEND does to figures, where the shell sets it."""
    from course_lib.pictures.backend import remark

    said = remark()
    return [Check("MPLBACKEND", True, said, "If you do not want that: `unset MPLBACKEND`.")] if said else []
