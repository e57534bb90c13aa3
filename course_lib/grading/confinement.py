"""What shuts a student's code in on this machine: bubblewrap where it works, and what else the system offers.

Whether something works is not guessed: a child is shut in, and has to come back.
"""

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from course_lib.grading.errors import GradingError

PACKAGE = Path(__file__).resolve().parents[1]
INSIDE = ("nursery.py", "walls.py", "guard.py")  # of this folder, what runs inside
LIBRARIES, LIBRARY, CODE, SCRATCH = "/libraries", "/library", "/nursery", "/scratch"  # places in the sandbox
# Where the system's shared libraries are. Python's own places come from Python.
SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    "/nix/store",
    "/gnu/store",
)
CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL")  # of the nursery; a child has none
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LOGNAME": "student",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # sets are in the same order at a regrade
}
TRY = 20.0  # seconds


@dataclass(frozen=True)
class Limits:
    """What one question may use.

    seconds_cpu   processor time of each process     memory_bytes   of all processes, on top of what the nursery has
    seconds_wall  until it is stopped                processes      processes and threads at one time
    file_bytes    of one file                        disk_bytes     of all files, in the sandbox
    output_bytes  sent to the grader, in all
    """

    seconds_cpu: int = 120
    seconds_wall: float = 180.0
    memory_bytes: int = 2 * 2**30
    processes: int = 64
    file_bytes: int = 64 * 2**20
    disk_bytes: int = 128 * 2**20
    output_bytes: int = 256 * 2**20


@dataclass(frozen=True)
class Confinement:
    """What works here.

    sandbox    bubblewrap: own files, no network, own processes
    uid        the user that a child becomes, or None: the grader's
    filtered   seccomp: system calls that no answer needs are refused
    fenced     Landlock: without bubblewrap, other files can't be opened
    counted    the kernel's limit of processes counts the child's only
    """

    sandbox: bool = False
    uid: int | None = None
    filtered: bool = False
    fenced: bool = False
    counted: bool = False

    @property
    def text(self) -> str:
        """A paragraph for the report: what is protected, and what is not."""
        good = ["Each answer ran in a process of its own, with limits on time, memory, processes, files and output."]
        bad = []
        if self.sandbox:
            good.append(
                "It ran in a bubblewrap sandbox: no network, no sight of other processes, no files but Python's own, "
                "a copy of the course's library without the answer, and an empty folder that was removed at the end."
            )
        else:
            good.append("What it started was killed at the end, and its folder removed.")
            bad.append("Bubblewrap is missing here or does not work. (On Linux install the package bubblewrap.)")
            bad.append("The files that an answer writes are limited one by one, not all together.")
            if self.fenced:
                good.append("Landlock kept it from other files than Python's own, and from other processes' memory.")
            elif self.uid:
                bad.append("An answer could read all files that are open to every user of this machine.")
            else:
                bad.append(
                    "An answer could read and change all files that you can: submissions, the secret, the grades, "
                    "the course with its answers."
                )
            if self.filtered:
                good.append("It could open no network connection, and could signal no other process.")
            else:
                bad.append("An answer could use the network.")
            if not self.filtered and not self.uid:
                bad.append("An answer could stop your other programs.")
        if self.uid:
            good.append("It ran as a user of its own.")
        if sys.platform == "linux" and not self.filtered:
            bad.append("The kernel's rarer system calls were open to it.")
        if sys.platform != "linux":
            bad.append("Processes that leave their group were not killed, and only each process's memory was limited.")
        bad.append("A fault in the kernel itself. An answer that keeps the processor busy slows the others down.")
        return " ".join([*good, "Not protected:", *bad])


@functools.cache
def what_holds(sandbox: bool = True) -> Confinement:
    """The strongest confinement that works on this machine, without bubblewrap if not `sandbox`; it is tried once.

    Raises GradingError on a system where processes can't be forked.
    """
    if not hasattr(os, "fork"):
        raise GradingError(
            "Answers run in forked processes, which Windows has not. Grade on Linux or macOS, or in WSL."
        )
    if sys.platform != "linux":
        return Confinement()
    for candidate in _candidates(sandbox):
        if _works(candidate):
            return candidate
    return Confinement()


def _candidates(sandbox: bool) -> list[Confinement]:
    users = [uid, None] if (uid := _spare_user()) else [None]
    found = []
    if sandbox and shutil.which("bwrap"):
        found += [
            Confinement(True, user, filtered, counted=user is not None or _counts_by_namespace())
            for user in users
            for filtered in (True, False)
        ]
    found += [
        Confinement(False, user, filtered, fenced, counted=user is not None)
        for user in users
        for filtered, fenced in ((True, True), (True, False), (False, True), (False, False))
    ]
    return found


def _spare_user() -> int | None:
    """For root: a user id that nobody has, another one in each process; None if there is none."""
    if os.geteuid() != 0:
        return None
    first, _, number = map(int, Path("/proc/self/uid_map").read_text().split("\n")[0].split())
    end = first + min(number, 2**31 - 1)
    uid = end - 1000 - os.getpid() % max(1, min(number // 8, 2**22))
    return uid if uid > 1000 else None


def _counts_by_namespace() -> bool:
    """Since Linux 5.14 processes are counted for each user namespace."""
    major, minor = platform.release().split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 14) and os.geteuid() != 0


def _works(confinement: Confinement) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        command = nursery_command(confinement, Limits(), Path(folder), None, -1, ())
        try:
            done = subprocess.run(
                command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, timeout=TRY, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


# Commands


def nursery_command(
    confinement: Confinement,
    limits: Limits,
    folder: Path,
    libraries: Path | None,
    control: int,
    preload: tuple[str, ...],
) -> list[str]:
    """The command that starts a nursery; run it with ENVIRONMENT.

    folder      is the nursery's own, and gets what runs inside; the caller removes it
    libraries   holds the libraries of all quizzes; None: nothing is asked, the exit code says whether it works
    control     the file descriptor of its socket; it has to be inherited
    preload     modules to load before the first fork
    """
    folder.chmod(0o711)
    code = folder / "code"
    inner = code / "course_lib" / "grading"
    inner.mkdir(parents=True, exist_ok=True)
    for name in INSIDE:
        shutil.copyfile(Path(__file__).with_name(name), inner / name)
    place, work = str(code), folder / "work"
    work.mkdir(exist_ok=True)
    work.chmod(0o711)
    if confinement.sandbox:
        place, work = CODE, Path(SCRATCH)
    readable, listable = _readable()
    plan = {
        **asdict(confinement),
        "code": place,
        "site": _site_folders(),
        "preload": preload,
        "probe": libraries is None,
        "control": control,
        "folder": str(work),
        "library": LIBRARY,
        "libraries": LIBRARIES,
        "readable": readable,
        "listable": listable,
        "limits": asdict(limits),
    }
    start = f"import sys; sys.path.insert(0, {place!r}); from course_lib.grading.nursery import main; main()"
    python = [os.path.realpath(sys.executable), "-P", "-s", "-S", "-B", "-c", start, json.dumps(plan)]
    return [*bubblewrap_command(confinement, code, libraries, limits), *python] if confinement.sandbox else python


def bubblewrap_command(confinement: Confinement, code: Path, libraries: Path | None, limits: Limits) -> list[str]:
    """The beginning of the command that runs a nursery in bubblewrap."""
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    if os.geteuid() != 0:
        command += ["--unshare-user", "--uid", "0", "--gid", "0"]  # bwrap makes two user namespaces for others
    for capability in CAPABILITIES:
        command += ["--cap-add", f"CAP_{capability}"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    for path in (*SYSTEM, *_python_files(), *_site_folders()):
        if os.path.exists(path):
            for parent in reversed(Path(path).parents[:-1]):
                command += ["--dir", str(parent)]  # otherwise open to root only, where the real one is
            command += ["--ro-bind", path, path]
    for path in _hidden():
        command += ["--tmpfs", path, "--remount-ro", path]
    size = str(limits.disk_bytes)
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    for path in ("/dev/shm", SCRATCH):
        command += ["--perms", "1777", "--size", size, "--tmpfs", path]
    if not any(_below(path, ["/tmp"]) for path in (*_python_files(), *_site_folders())):
        command += ["--symlink", SCRATCH, "/tmp"]
    command += ["--ro-bind", str(code), CODE, "--dir", LIBRARY]
    command += ["--ro-bind", str(libraries), LIBRARIES] if libraries else []
    return [*command, "--remount-ro", "/", "--chdir", SCRATCH, "--"]


def _python_files() -> list[str]:
    """Python itself and its standard library, without what else its prefix has."""
    paths = [os.path.realpath(sys.executable), *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))]
    base = [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")]
    return [path for path in dict.fromkeys([*base, *paths]) if not _below(path, SYSTEM)]


def _site_folders() -> list[str]:
    """Where packages are installed; the hooks that an editable install puts there are not run."""
    return [path for path in dict.fromkeys(sys.path) if path.endswith("-packages") and os.path.isdir(path)]


def _hidden() -> list[str]:
    """The course's own library, where it lies in a folder that can be seen."""
    seen = (*SYSTEM, *_python_files(), *_site_folders())
    places = [str(PACKAGE), *(os.path.join(site, PACKAGE.name) for site in _site_folders())]
    return [place for place in dict.fromkeys(places) if os.path.isdir(place) and _below(place, seen)]


def _below(path: str, folders: tuple[str, ...] | list[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _readable() -> tuple[list[str], list[str]]:
    """The files that Landlock lets a child read, and the folders of which it sees only the names."""
    readable, listable = [], []
    hidden = _hidden()
    for path in (*SYSTEM, *_python_files(), *_site_folders()):
        inside = [place for place in hidden if _below(place, [path])]
        if inside:
            listable.append(path)
            readable += [
                os.path.join(path, name) for name in os.listdir(path) if name not in _first_parts(inside, path)
            ]
        else:
            readable.append(path)
    return readable, listable


def _first_parts(places: list[str], folder: str) -> set[str]:
    return {os.path.relpath(place, folder).split(os.sep)[0] for place in places}
