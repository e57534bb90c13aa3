"""What a child can reach: its own files, the library and Python; no network, no secret, no answer."""

import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_lib.grading import confinement
from course_lib.grading.confinement import ENVIRONMENT, Confinement, Limits, nursery_command, what_holds
from course_lib.grading.errors import GradingError
from course_lib.grading.warm import Nursery
from course_lib.paths import ROOT

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only part of it is promised")
RUNNER = """
import traceback


def run(channel):
    try:
        exec(channel.receive().decode(), {"channel": channel, "__name__": "attack"})
    except BaseException:
        channel.send(traceback.format_exc().encode())
"""
HOLDS = what_holds() if sys.platform == "linux" else Confinement()
WITHOUT = what_holds(False) if sys.platform == "linux" else Confinement()
needs_sandbox = pytest.mark.skipif(not HOLDS.sandbox, reason="bubblewrap is missing, or does not work here")
KINDS = [
    pytest.param(HOLDS, id="sandbox", marks=needs_sandbox),
    pytest.param(dataclasses.replace(HOLDS, uid=None), id="same user", marks=needs_sandbox),
    pytest.param(WITHOUT, id="fence", marks=pytest.mark.skipif(not WITHOUT.fenced, reason="no Landlock here")),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose entry runs the source that it is sent."""
    folder = tmp_path_factory.mktemp("libraries") / "plain"
    (folder / "course_lib").mkdir(parents=True)
    (folder / "course_lib" / "__init__.py").write_text("STRIPPED = True\n")
    (folder / "runner.py").write_text(RUNNER)
    folder.parent.chmod(0o755)  # what hides the others is not that they belong to somebody else
    return folder


@pytest.fixture(scope="module", params=KINDS)
def nursery(request: pytest.FixtureRequest) -> Iterator[Nursery]:
    with Nursery(Limits(), request.param, preload=("numpy",)) as one:
        yield one


def ask(nursery: Nursery, library: Path, source: str) -> object:
    """What the source calls `found`, in a child."""
    with nursery.question(library, "runner:run") as channel:
        channel.send(f"import json, os\n{source}\nchannel.send(json.dumps(found).encode())".encode())
        answer = channel.receive(20, 10**6)
    assert not answer.startswith(b"Traceback"), answer.decode()
    return json.loads(answer)


READ = """
found = []
for path in {paths!r}:
    for use in (os.listdir, lambda path: open(path, "rb").read(1), lambda path: open(path, "r+b")):
        try:
            use(path)
            found.append(path)
        except OSError:
            pass
"""


@linux
def test_secrets_are_out_of_reach(nursery: Nursery, library: Path, tmp_path: Path):
    places = [tmp_path / name for name in ("secret", "journal.jsonl", "submissions/ada/04_forward.ipynb")]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
        assert place.read_bytes()
    home = [Path.home() / ".bashrc", Path.home() / ".ssh", Path("/etc/passwd"), Path("/etc/shadow")]
    course = [ROOT / "course_lib" / "forward.py", ROOT / "notebooks", ROOT / "tests", ROOT / ".git"]
    sources = [Path(confinement.__file__), ROOT / "pyproject.toml", *course]
    paths = [str(path) for path in (tmp_path, *places, *places[-1].parents, *home, *sources)]
    found = ask(nursery, library, READ.format(paths=paths))
    assert [path for path in found if path not in ("/", "/tmp")] == []


@linux
def test_course_lib_is_the_copy_and_the_editable_install_is_no_way_around(nursery: Nursery, library: Path):
    source = f"""
import sys
found = []
import course_lib
found.append(course_lib.STRIPPED)
for name in ("course_lib.quizzes", "course_lib.forward", "course_lib.grading.library"):
    try:
        __import__(name)
        found.append(name)
    except ImportError:
        pass
del sys.modules["course_lib"]
sys.path.remove(next(path for path in sys.path if path.endswith("library")))
sys.path.append({str(ROOT)!r})
import site
for folder in list(sys.path):
    site.addsitedir(folder)
try:
    import course_lib.forward
    found.append(course_lib.forward.__file__)
except (ImportError, OSError):
    pass
"""
    assert ask(nursery, library, source) == [True]


@linux
def test_packages_can_be_imported_and_not_changed(nursery: Nursery, library: Path):
    source = """
import numpy, sys, colorsys
found = []
for folder in [os.path.dirname(numpy.__file__), os.path.dirname(os.__file__), *sys.path]:
    try:
        with open(os.path.join(folder, "written.py"), "w") as file:
            found.append(folder)
    except OSError:
        pass
    try:
        os.rename(folder, folder + "_")
        found.append(folder)
    except OSError:
        pass
"""
    assert ask(nursery, library, source) == []


NETWORK = """
import socket
found = []
for use in (
    lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2),
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.0.0.1", 9)),
):
    try:
        use()
        found.append("reached")
    except OSError:
        pass
"""


@linux
def test_there_is_no_network(nursery: Nursery, library: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        assert ask(nursery, library, NETWORK.format(port=server.getsockname()[1])) == []
        with pytest.raises(TimeoutError):
            server.accept()


@linux
@needs_sandbox
def test_the_sandbox_alone_has_no_network(library: Path):
    unfiltered = dataclasses.replace(HOLDS, filtered=False)
    with Nursery(confinement=unfiltered, preload=()) as nursery, socket.create_server(("127.0.0.1", 0)) as server:
        assert ask(nursery, library, NETWORK.format(port=server.getsockname()[1])) == []


@linux
def test_there_is_no_service_to_talk_to(nursery: Nursery, library: Path, tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("s") / "service"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        server.listen()
        source = f"""
import socket
found = []
try:
    socket.socket(socket.AF_UNIX).connect({str(place)!r})
    found.append("reached")
except OSError:
    pass
left, right = socket.socketpair()
left.send(b"x")
found.append(right.recv(1).decode())
"""
        assert ask(nursery, library, source) == ["x"]


@linux
def test_the_graders_processes_are_out_of_sight(nursery: Nursery, library: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOP_SECRET", "1")
    source = """
found = [name for name in os.environ if "SECRET" in name]
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        for name, use in (("environ", open), ("mem", open), ("fd/0", os.readlink), ("cwd", os.readlink)):
            try:
                use(f"/proc/{pid}/{name}")
                found.append((pid, name))
            except OSError:
                pass
"""
    assert ask(nursery, library, source) == []


@linux
def test_a_child_has_no_power(nursery: Nursery, library: Path):
    source = """
import ctypes, resource
libc = ctypes.CDLL(None)
lines = dict(line.rstrip().partition(":\\t")[::2] for line in open("/proc/self/status"))
found = [int(lines[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")]
found += [int(lines["NoNewPrivs"]), int(lines["Seccomp"])]
for use in (lambda: os.setuid(0) or os.getuid() or os.setuid(1), lambda: os.mknod("device", 0o60600, 0x801),
            lambda: os.chroot("."), lambda: os.nice(-5), lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1))):
    try:
        use()
        found.append("power")
    except (OSError, ValueError):
        pass
found.append(libc.unshare(0x10000000))
found.append(libc.mount(b"none", b"/dev/shm", b"tmpfs", 0, None))
"""
    assert ask(nursery, library, source) == [0, 0, 0, 0, 1, 2, -1, -1]


@linux
def test_nothing_but_its_own_folder_can_be_written(nursery: Nursery, library: Path):
    source = """
found = []
for place, folders, _ in os.walk("/"):
    if place == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys")]
    if place.startswith((os.getcwd(), "/dev/shm", "/dev/pts")) or place.count("/") > 3:
        folders[:] = []
        continue
    try:
        open(os.path.join(place, "written"), "w")
        found.append(place)
    except OSError:
        pass
open("written", "w").write("1")
"""
    found = ask(nursery, library, source)
    assert [place for place in found if place != "/tmp" or not nursery.confinement.sandbox] == []


@linux
@needs_sandbox
def test_in_the_sandbox_a_child_is_alone(library: Path):
    with Nursery(confinement=HOLDS, preload=()) as nursery:
        found = ask(nursery, library, "found = [os.getpid(), *filter(str.isdigit, os.listdir('/proc'))]")
    assert found == [1, "1"]


@linux
@pytest.mark.skipif(not WITHOUT.filtered, reason="seccomp does not work here")
def test_the_filter_alone_keeps_signals_in(library: Path):
    source = """
import signal
found = []
for use in (lambda: os.kill(os.getppid(), 0), lambda: os.kill(os.getpid(), 0), lambda: signal.raise_signal(17)):
    try:
        use()
        found.append("sent")
    except PermissionError:
        found.append("refused")
"""
    with Nursery(confinement=dataclasses.replace(WITHOUT, fenced=False, uid=None), preload=()) as nursery:
        assert ask(nursery, library, source) == ["refused", "sent", "sent"]


def test_the_text_says_what_holds():
    everything = Confinement(sandbox=True, uid=12345, filtered=True, counted=True).text
    nothing = Confinement().text
    assert "no network" in everything
    assert "a user of its own" in everything
    assert "could use the network" in nothing
    assert "the secret" in nothing
    assert "no network" not in nothing
    fence = Confinement(filtered=True, fenced=True).text
    assert "Landlock" in fence
    assert "could use the network" not in fence


def test_a_system_without_fork_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "fork")
    with pytest.raises(GradingError, match="WSL"):
        what_holds.__wrapped__()


@linux
def test_what_does_not_work_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(confinement, "_works", lambda one: not one.sandbox and not one.fenced and one.uid is None)
    found = what_holds.__wrapped__()
    assert found == Confinement(filtered=True)


@linux
def test_a_sandbox_that_cannot_be_built_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setattr(confinement, "ENVIRONMENT", {**ENVIRONMENT, "PATH": str(tmp_path)})
    assert not confinement._works(dataclasses.replace(HOLDS, sandbox=True))
    assert confinement._works(WITHOUT)


@linux
def test_a_course_that_is_installed_among_packages_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    site = tmp_path / "site-packages"
    for name in ("course_lib", "numpy"):
        (site / name).mkdir(parents=True)
    monkeypatch.setattr(confinement, "PACKAGE", site / "course_lib")
    monkeypatch.setattr(sys, "path", [str(site)])
    readable, listable = confinement._readable()
    assert str(site / "numpy") in readable
    assert not {str(site / "course_lib"), str(site)} & set(readable)
    assert listable == [str(site)]
    command = nursery_command(Confinement(sandbox=True), Limits(), tmp_path, None, -1, ())
    assert command[command.index(str(site / "course_lib")) - 1] == "--tmpfs"


@linux
def test_the_environment_of_a_nursery_is_not_the_graders(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOP_SECRET", "1")
    assert "TOP_SECRET" not in ENVIRONMENT
    done = subprocess.run([sys.executable, "-c", "import os; print(*os.environ)"], env=ENVIRONMENT, capture_output=True)
    assert b"SECRET" not in done.stdout
