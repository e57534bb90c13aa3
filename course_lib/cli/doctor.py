"""`course doctor`, and what it looks at: versions, device, threads, data, checkpoints, disk; and how to mend them.

Libraries are imported inside the checks: a broken one is a finding, not a traceback.
"""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import typer

from course_lib.cli.console import says_what_to_do
from course_lib.paths import DATA

app = typer.Typer()

PACKAGE = "course_lib"
NEEDED_SPACE = 10**9  # bytes: Fashion-MNIST, the cache and a few training runs
LFS_POINTER = b"version https://git-lfs"

INSTALL_AGAIN = "In the repository: `make clean`, then `make lab` (or `pip install -c constraints.txt -e .`)."


@dataclass(frozen=True)
class Check:
    """One line of the report. Not `ok`: something is wrong. `ok` with a remedy: it could work better."""

    name: str
    ok: bool
    value: str
    remedy: str = ""


@app.command()
@says_what_to_do
def doctor() -> None:
    """Say whether everything that the course needs is here, and what to do if not."""
    raise typer.Exit(print_report(run_checks()))


def run_checks() -> list[Check]:
    """All checks, in the order of the report; one that cannot even be carried out counts as failed."""
    checks = []
    for look in (versions, device, bf16, threads, data_source, checkpoints, disk):
        checks += _carried_out(look)
    return checks


def print_report(checks: list[Check]) -> int:
    """Print the checks and return the exit status: 1 if something is wrong, else 0."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for check in checks:
        word, style = ("ok", "green") if check.ok else ("WRONG", "bold red")
        if check.ok and check.remedy:
            word, style = "note", "yellow"
        lines = [Text.assemble((f"{word:6}", style), f"{check.name:12} {check.value}")]
        if check.remedy:
            lines.append(Text(f"{'':19}-> {check.remedy}", style))
        console.print(*lines, sep="\n", soft_wrap=True)  # no line ends of ours inside a command to copy
    wrong = sum(not check.ok for check in checks)
    console.print(f"{wrong} to mend: see the arrows." if wrong else "Everything that is needed is here.")
    return int(wrong > 0)


def _carried_out(look: Callable[[], list[Check]]) -> list[Check]:
    try:
        return look()
    except Exception as problem:  # whatever a broken installation can raise
        name = look.__name__.replace("_", " ")
        return [Check(name, False, f"{type(problem).__name__}: {problem}", INSTALL_AGAIN)]


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
    lines = [python, Check(PACKAGE, True, f"{course.version} in {Path(__file__).parents[1]}")]
    if "torch" in good:
        lines.append(Check("torch", True, good.pop("torch")))
    return [*lines, Check("libraries", True, ", ".join(map(" ".join, good.items()))), *wrong]


def device() -> list[Check]:
    """The device that the course computes on; a small sum is done there, as a driver may only look fine."""
    import torch

    from course_lib.runs.devices import device as find_device

    found = find_device()
    name = {"cuda": lambda: torch.cuda.get_device_name(found), "mps": platform.processor}.get(found.type)
    value = f"{found.type}{f' ({name()})' if name else ''}"
    try:
        torch.ones(8, device=found).sum().item()
    except RuntimeError as problem:
        remedy = "This PyTorch does not fit the GPU or its driver; choose another at https://pytorch.org/get-started."
        return [Check("device", False, f"{value}: {problem}", remedy)]
    if found.type == "cpu" and has_nvidia_gpu():
        if torch.version.cuda is None:
            remedy = "This PyTorch is a CPU build: `make clean`, then `make lab` without TORCH=cpu."
        else:
            remedy = f"The NVIDIA driver is not usable, or older than CUDA {torch.version.cuda} wants: update it."
        return [Check("device", True, "cpu, though there is an NVIDIA GPU", remedy)]
    return [Check("device", True, value)]


def has_nvidia_gpu() -> bool:
    """Whether the NVIDIA driver lists a GPU."""
    if not shutil.which("nvidia-smi"):
        return False
    try:
        command = ["nvidia-smi", "-L"]
        listing = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listing.returncode == 0 and "GPU" in listing.stdout


def bf16() -> list[Check]:
    """Whether mixed precision pays here; the course works without it."""
    from course_lib.runs.devices import device as find_device
    from course_lib.runs.devices import has_fast_bf16

    value = "fast" if has_fast_bf16(find_device()) else "not fast here: training stays in float32"
    return [Check("bf16", True, value)]


def threads() -> list[Check]:
    """PyTorch's threads against the cores that this process may use."""
    import torch

    used, cores = torch.get_num_threads(), usable_cores()
    remedy = ""
    if used > cores:
        remedy = f"More threads than cores slow each other down: set OMP_NUM_THREADS={cores}."
    elif used == 1 and cores >= 4:
        remedy = "One thread leaves most cores idle: unset OMP_NUM_THREADS (and MKL_NUM_THREADS)."
    return [Check("threads", True, f"{used} on {cores} cores", remedy)]


def usable_cores() -> int:
    """The cores that this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def data_source() -> list[Check]:
    """What `load_images("auto")` takes here."""
    from course_lib.errors import DataError
    from course_lib.image_data.loading import with_source

    try:
        return [Check("data", True, with_source("auto", "train", lambda source, why: source.title + why))]
    except DataError as problem:
        chosen = os.environ.get("COURSE_DATA")
        remedy = f"Correct or unset COURSE_DATA, which is {chosen!r}." if chosen else INSTALL_AGAIN
        return [Check("data", False, str(problem), remedy)]


def checkpoints() -> list[Check]:
    """The shipped networks: each must open, and must have its card."""
    files = sorted(DATA.glob("*.safetensors"))
    if not files:
        return [Check("checkpoints", True, f"none in {DATA}", "Bring them back from git: `git checkout -- data`.")]
    wrong = [fault for file in files for fault in _checkpoint_faults(file)]
    bad = {check.name for check in wrong}
    good = [file.name for file in files if f"data/{file.name}" not in bad]
    return [Check("checkpoints", True, ", ".join(good)), *wrong] if good else wrong


def _checkpoint_faults(file: Path) -> list[Check]:
    from safetensors import SafetensorError, safe_open

    faults = []
    try:
        with file.open("rb") as start:
            is_pointer = start.read(len(LFS_POINTER)) == LFS_POINTER
        if is_pointer:
            value = "only git LFS's pointer, not the network"
            remedy = "Fetch it: `git lfs install`, then `git lfs pull`."
            faults.append(Check(f"data/{file.name}", False, value, remedy))
        else:
            with safe_open(file, framework="pt") as stored:  # checks the file's length against its table of contents
                stored.keys()
    except (OSError, SafetensorError) as problem:
        remedy = f"Bring it back from git: `git checkout -- data/{file.name}`."
        faults.append(Check(f"data/{file.name}", False, f"damaged: {problem}", remedy))
    card = file.with_suffix(".md")
    if not card.is_file():
        remedy = f"Bring it back from git: `git checkout -- data/{card.name}`."
        faults.append(Check(f"data/{card.name}", False, f"missing: the card of {file.name}", remedy))
    return faults


def disk() -> list[Check]:
    """Whether the cache can be written, and grow."""
    from course_lib.image_data.loading import cache_file

    folder = cache_file(("doctor", "any")).parent
    elsewhere = "or set COURSE_CACHE to a folder elsewhere"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as problem:
        return [Check("cache", False, f"{folder} cannot be written: {problem.strerror}", f"Mend that, {elsewhere}.")]
    free = shutil.disk_usage(folder).free
    if free < NEEDED_SPACE:
        remedy = f"Free {NEEDED_SPACE / 1e9:.0f} GB there, {elsewhere}."
        return [Check("cache", False, f"{folder}: only {free / 1e9:.1f} GB left", remedy)]
    return [Check("cache", True, f"{folder}, {free / 1e9:.0f} GB left")]
