"""A question that hangs, crashes or fights costs only itself: the next one is answered, and finds nothing of it."""

import dataclasses
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from course_lib.grading.confinement import Confinement, Limits, what_holds
from course_lib.grading.errors import GradingError
from course_lib.grading.warm import Channel, ChildEnded, Nursery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only part of it is promised")

LIMITS = Limits(
    seconds_cpu=2,
    seconds_wall=30,
    memory_bytes=400 * 2**20,
    processes=24,
    file_bytes=8 * 2**20,
    disk_bytes=16 * 2**20,
    output_bytes=4 * 2**20,
)
RUNNER = """
def run(channel):
    source = channel.receive().decode()
    exec(source, {"channel": channel, "__name__": "attack"})


def answer(channel):
    channel.send(channel.receive())
"""
MARK = f"left{os.getpid()}"  # the name of processes that a test wants to survive
HOLDS = what_holds() if sys.platform == "linux" else Confinement()
WITHOUT = what_holds(False) if sys.platform == "linux" else Confinement()
needs_sandbox = pytest.mark.skipif(not HOLDS.sandbox, reason="bubblewrap is missing, or does not work here")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose entry runs the source that it is sent."""
    folder = tmp_path_factory.mktemp("libraries") / "plain"
    folder.mkdir()
    (folder / "runner.py").write_text(RUNNER)
    folder.parent.chmod(0o755)  # what hides the others is not that they belong to somebody else
    return folder


@pytest.fixture(scope="module", params=[pytest.param("sandbox", marks=needs_sandbox), "without"])
def nursery(request: pytest.FixtureRequest) -> Iterator[Nursery]:
    """One nursery for all tests: what one question does to it, the next feels."""
    with Nursery(LIMITS, HOLDS if request.param == "sandbox" else WITHOUT) as one:
        yield one


def ask(nursery: Nursery, library: Path, source: str, seconds: float = 10, most_bytes: int = 10**6) -> bytes:
    """What the source sends in a child; raises ChildEnded."""
    with nursery.question(library, "runner:run") as channel:
        channel.send(source.encode())
        return channel.receive(seconds, most_bytes)


def reason(nursery: Nursery, library: Path, source: str, seconds: float = 10, most_bytes: int = 10**6) -> str:
    """Why the source gave no answer."""
    with pytest.raises(ChildEnded) as caught:
        ask(nursery, library, source, seconds, most_bytes)
    return caught.value.reason


def reason_of_many(nursery: Nursery, library: Path, source: str) -> str:
    """Why the source stopped to give answers."""
    try:
        with nursery.question(library, "runner:run") as channel:
            channel.send(source.encode())
            while True:
                channel.receive(10, 10**6)
    except ChildEnded as end:
        return end.reason


def answers(nursery: Nursery, library: Path) -> bool:
    """Whether the next question is answered, soon, and by the same nursery."""
    before, start = nursery.restarts, time.monotonic()
    answer = ask(nursery, library, "channel.send(b'well')")
    return answer == b"well" and nursery.restarts == before and time.monotonic() - start < 5


def survivors() -> list[str]:
    """Processes on this machine that carry a test's mark."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            found += [pid] if Path("/proc", pid, "comm").read_text().strip() == MARK else []
    return found


# Words between grader and child


def test_echo(nursery: Nursery, library: Path):
    with nursery.question(library, "runner:answer") as channel:
        channel.send(b"x" * 1_000_000)
        assert channel.receive(10, 2**20) == b"x" * 1_000_000


def test_empty_frame(nursery: Nursery, library: Path):
    with nursery.question(library, "runner:answer") as channel:
        channel.send(b"")
        assert channel.receive(10, 0) == b""


def test_a_library_that_cannot_be_loaded_is_the_graders_fault(nursery: Nursery, library: Path):
    with pytest.raises(GradingError, match="runner:nothing"), nursery.question(library, "runner:nothing"):
        pass
    assert answers(nursery, library)


def test_libraries_stay_loaded_and_the_oldest_goes(library: Path):
    others = [library.parent / f"number{number}" for number in range(3)]
    for number, other in enumerate(others):
        other.mkdir(exist_ok=True)
        (other / "runner.py").write_text(
            f"import os\ndef run(channel): channel.send(f'{number} {{LOADED}}'.encode())\nLOADED = os.getpid()"
        )
    with Nursery(LIMITS, WITHOUT, preload=(), cradles=2) as nursery:

        def loaded(number: int) -> bytes:
            with nursery.question(others[number], "runner:run") as channel:
                return channel.receive(10, 100)

        first, second = loaded(0), loaded(1)
        assert (first[:1], second[:1]) == (b"0", b"1")
        assert (loaded(1), loaded(0)) == (second, first)
        loaded(2)
        assert loaded(0) == first
        assert loaded(1) != second


def test_errors_of_the_grader_come_through(nursery: Nursery, library: Path):
    with pytest.raises(ZeroDivisionError), nursery.question(library, "runner:run"):
        1 / 0  # noqa: B018
    assert answers(nursery, library)


def test_a_child_sees_only_the_library_of_its_question(nursery: Nursery, library: Path):
    other = library.parent / "other"
    other.mkdir(exist_ok=True)
    (other / "runner.py").write_text(RUNNER + "SECRET = 'the answer to the plain one'\n")
    assert ask(nursery, other, "import runner; channel.send(runner.SECRET.encode())").startswith(b"the answer")
    search = f"""
import gc, os, runner, sys
found = [hasattr(runner, "SECRET")]
found += [isinstance(thing, dict) and "SECRET" in thing for thing in gc.get_objects()]
for top in ("/libraries", "/library", {str(library.parent)!r}, *sys.path):
    for place, _, files in os.walk(top):
        if "site-packages" not in place and "lib/python3" not in place:
            for name in files:
                try:
                    found.append(b"answer to the plain" in open(os.path.join(place, name), "rb").read())
                except OSError:
                    pass
channel.send(str(any(found)).encode())
"""
    if nursery.confinement.sandbox or nursery.confinement.fenced:
        assert ask(nursery, library, search) == b"False"


# Nothing is left


def test_two_questions_see_nothing_of_each_other(nursery: Nursery, library: Path):
    write = """
import builtins, os, sys, torch, tempfile
builtins.left = torch.left = sys.left = 1
os.environ["LEFT"] = "1"
for folder in (os.getcwd(), tempfile.gettempdir(), "/tmp", "/dev/shm", "/var/tmp"):
    try:
        open(folder + "/left_behind", "w").write("1")
        os.makedirs(folder + "/left_folder/inside")
        os.chmod(folder + "/left_folder", 0)
    except OSError:
        pass
channel.send(str(os.path.exists("left_behind")).encode())
"""
    look = """
import builtins, os, sys, torch, tempfile
found = [hasattr(module, "left") for module in (builtins, torch, sys)] + ["LEFT" in os.environ]
for folder in (os.getcwd(), tempfile.gettempdir(), "/tmp", "/dev/shm", "/var/tmp"):
    found += [os.path.exists(folder + "/left_behind"), os.path.exists(folder + "/left_folder")]
channel.send(str(any(found)).encode())
"""
    assert ask(nursery, library, write) == b"True"
    assert ask(nursery, library, look) == b"False"


DAEMON = (
    f"mark = b'{MARK}'"
    + """
import os, signal, time
def name(text):
    import ctypes
    ctypes.CDLL(None).prctl(15, text, 0, 0, 0)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        name(mark)
        while True:
            time.sleep(0.01)
    os._exit(0)
time.sleep(0.3)
"""
)


def test_a_daemon_does_not_survive(nursery: Nursery, library: Path):
    assert ask(nursery, library, DAEMON + "channel.send(b'started')") == b"started"
    assert survivors() == []
    assert answers(nursery, library)


def test_the_daemon_was_there(nursery: Nursery, library: Path):
    with nursery.question(library, "runner:run") as channel:
        channel.send((DAEMON + "channel.send(b'started')\ntime.sleep(60)").encode())
        channel.receive(10, 100)
        assert survivors()


def test_a_daemon_that_holds_the_way_open_blocks_nobody(nursery: Nursery, library: Path):
    assert reason(nursery, library, DAEMON + "os._exit(0)") == "crashed"
    assert survivors() == []
    assert answers(nursery, library)


def test_exit_handlers_and_threads_end_with_the_question(nursery: Nursery, library: Path):
    source = """
import atexit, signal, threading, time
atexit.register(lambda: time.sleep(60))
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGCHLD):
    signal.signal(number, lambda *_: None)
def work():
    while True:
        time.sleep(0.1)
threading.Thread(target=work).start()
channel.send(b"done")
"""
    start = time.monotonic()
    assert ask(nursery, library, source) == b"done"
    assert time.monotonic() - start < 5
    assert answers(nursery, library)


def test_a_new_question_cannot_read_the_memory_of_another(nursery: Nursery, library: Path):
    """All that a child can find is the child itself."""
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
reached = []
for pid in range(1, 40000):
    if pid == os.getpid() or not os.path.exists(f"/proc/{pid}"):
        continue
    for name in ("mem", "environ", "maps", "fd/0", "fd/3", "root/etc"):
        try:
            file = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
            if name in ("mem", "fd/0", "fd/3", "root/etc") or os.read(file, 1):
                reached.append((pid, name))
        except OSError:
            pass
    if libc.ptrace(16, pid, 0, 0) == 0:
        reached.append((pid, "ptrace"))
    buffer = ctypes.create_string_buffer(8)
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    own, other = Vector(ctypes.addressof(buffer), 8), Vector(ctypes.addressof(buffer), 8)
    if libc.process_vm_readv(pid, ctypes.byref(own), 1, ctypes.byref(other), 1, 0) >= 0:
        reached.append((pid, "process_vm_readv"))
channel.send(repr(reached).encode())
"""
    if nursery.confinement.sandbox or nursery.confinement.fenced:
        assert ask(nursery, library, source) == b"[]"


# Time


ENDLESS = {
    "a loop": "while True: pass",
    "a loop that catches everything": "while True:\n try:\n  while True: pass\n except BaseException: pass",
    "sleep": "import time; time.sleep(1000)",
    "inside C": "import torch; torch.linalg.svd(torch.rand(3000, 3000))",
    "a huge number": "10 ** 10 ** 9",
    "a pattern": "import re; re.match(r'(a+)+$', 'a' * 40 + 'b')",
    "a stop": "import os, signal, time; os.kill(os.getpid(), signal.SIGSTOP); time.sleep(1000)",
    "a blocked lock": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "ignored signals": "import signal\nfor n in range(1, 32):\n try: signal.signal(n, signal.SIG_IGN)\n"
    " except OSError: pass\nwhile True: pass",
    "waiting for more": "while True: channel.receive()",
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_stopped(nursery: Nursery, library: Path, source: str):
    start = time.monotonic()
    assert reason(nursery, library, source, seconds=0.5) == "timeout"
    assert time.monotonic() - start < 6
    assert answers(nursery, library)


def test_a_byte_at_a_time_gains_no_time(nursery: Nursery, library: Path):
    source = """
import os, struct, time
for byte in struct.pack("<Q", 1000) + bytes(1000):
    os.write(3, bytes([byte]))
    time.sleep(0.1)
"""
    start = time.monotonic()
    assert reason(nursery, library, source, seconds=1.0) == "timeout"
    assert time.monotonic() - start < 5
    assert answers(nursery, library)


def test_the_processor_time_is_limited(nursery: Nursery, library: Path):
    start = time.monotonic()
    assert reason(nursery, library, "while True: pass", seconds=29) == "timeout"
    assert time.monotonic() - start < 27  # not by the patience of the grader


def test_all_calls_together_have_a_limit(library: Path):
    source = "import time\nwhile True:\n time.sleep(0.2); channel.send(b'more')"
    with Nursery(Limits(seconds_wall=2), WITHOUT, preload=()) as nursery:
        assert reason_of_many(nursery, library, source) == "timeout"


# Ends


ENDS = {
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "import sys; sys.exit(0)",
    "an error": "1 / 0",
    "a segmentation fault": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "closing everything": "import os; os.closerange(0, 256)",
}


@pytest.mark.parametrize("source", ENDS.values(), ids=ENDS)
def test_what_ends_itself_has_crashed(nursery: Nursery, library: Path, source: str):
    assert reason(nursery, library, source) == "crashed"
    assert answers(nursery, library)


KILLS = {
    "itself": "os.kill(os.getpid(), 9)",
    "its parent": "os.kill(os.getppid(), 9)",
    "everybody": "os.kill(-1, 9)",
    "its group": "os.killpg(0, 9)",
    "every number": "for pid in range(2, 40000):\n try: os.kill(pid, 9)\n except OSError: pass",
    "everybody, from a child": "os.fork() or os.kill(-1, 9)",
    "stop everybody": "os.kill(-1, 19)",
    "through a file": "import fcntl, socket\na, b = socket.socketpair()\nfcntl.fcntl(a, 8, os.getppid())\n"
    "fcntl.fcntl(a, 10, 9)\nfcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC)\nb.send(b'1')",
}


@pytest.mark.parametrize("source", KILLS.values(), ids=KILLS)
def test_signals_reach_nobody_else(nursery: Nursery, library: Path, source: str):
    if not (nursery.confinement.sandbox or nursery.confinement.filtered):
        pytest.skip("nothing keeps signals in on this machine, and they would end the tests")
    with suppress(ChildEnded):
        ask(nursery, library, f"import os, time\ntry:\n exec({source!r})\nexcept OSError: pass\nchannel.send(b'1')", 5)
    assert answers(nursery, library)


# Too much


def test_a_fork_bomb_fills_nothing(nursery: Nursery, library: Path):
    source = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    assert reason(nursery, library, source, seconds=2) in ("timeout", "refused", "crashed")
    assert answers(nursery, library)


MEMORY = {
    "bytes": "kept = []\nwhile True: kept.append(b'x' * 10**7)",
    "a tensor": "import torch; torch.empty(10**10).fill_(1)",
    "many tensors": "import torch; kept = []\nwhile True: kept.append(torch.ones(10**6))",
    "many processes": """
import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = b"x" * (150 * 2**20)
        time.sleep(60)
time.sleep(60)
""",
    "shared between processes": """
import mmap
kept = []
while True:
    kept.append(mmap.mmap(-1, 2**24))
    kept[-1].write(bytes(2**24))
""",
}


@pytest.mark.parametrize("source", MEMORY.values(), ids=MEMORY)
def test_too_much_memory_ends_it(nursery: Nursery, library: Path, source: str):
    assert reason(nursery, library, source) == "memory"
    assert answers(nursery, library)


def test_memory_that_no_limit_counts_is_refused(nursery: Nursery, library: Path):
    if not nursery.confinement.filtered:
        pytest.skip("seccomp is missing")
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
found = [libc.shmget(0, 2**20, 0o1600), libc.memfd_create(b"x", 0), libc.unshare(0x10000000)]
found.append(libc.syscall(250 if os.uname().machine == "x86_64" else 219, 0, -3, 1))
channel.send(repr(found).encode())
"""
    assert ask(nursery, library, source) == b"[-1, -1, -1, -1]"


def test_a_disk_is_not_filled(nursery: Nursery, library: Path):
    source = """
import os
written = 0
try:
    for number in range(10):
        with open(f"file{number}", "wb") as file:
            for _ in range(7):
                written += file.write(bytes(2**20))
                file.flush()
except OSError as error:
    channel.send(f"{written} {error}".encode())
channel.send(b"70000000 no error")
"""
    written = int(ask(nursery, library, source).split()[0])
    if nursery.confinement.sandbox:
        assert written <= LIMITS.disk_bytes
    assert answers(nursery, library)


def test_one_file_has_a_limit(nursery: Nursery, library: Path):
    source = """
try:
    with open("file", "wb") as file:
        for _ in range(100):
            file.write(bytes(2**20))
            file.flush()
    channel.send(b"written")
except OSError:
    channel.send(b"stopped")
"""
    assert ask(nursery, library, source) == b"stopped"


def test_endless_printing_harms_nobody(nursery: Nursery, library: Path):
    source = (
        "import os, sys\nfor _ in range(20000): os.write(1, b'x' * 1000); os.write(2, b'x' * 1000)\nchannel.send(b'1')"
    )
    assert ask(nursery, library, source) == b"1"


def test_a_huge_promise_takes_no_memory(nursery: Nursery, library: Path):
    assert reason(nursery, library, "import os, struct; os.write(3, struct.pack('<Q', 2**60))") == "output"
    assert answers(nursery, library)


def test_endless_frames_are_stopped(nursery: Nursery, library: Path):
    assert reason_of_many(nursery, library, "while True: channel.send(b'x' * 100000)") == "output"
    assert answers(nursery, library)


def test_half_a_frame_has_crashed(nursery: Nursery, library: Path):
    assert (
        reason(nursery, library, "import os, struct; os.write(3, struct.pack('<Q', 100) + b'x'); os._exit(0)")
        == "crashed"
    )


def test_a_child_that_does_not_listen_does_not_block_the_grader(nursery: Nursery, library: Path):
    start = time.monotonic()
    with nursery.question(library, "runner:run") as channel:
        channel.send(b"import time; time.sleep(100)")
        with pytest.raises(ChildEnded, match="timeout"):
            channel.send(bytes(2**26), seconds=1)
    assert time.monotonic() - start < 5


def test_inherited_files_are_closed(nursery: Nursery, library: Path):
    source = """
import os
found = []
for number in range(4, 1024):
    try:
        os.fstat(number)
        found.append(number)
    except OSError:
        pass
channel.send(repr((found, os.fstat(0).st_rdev == os.fstat(1).st_rdev == os.stat("/dev/null").st_rdev)).encode())
"""
    assert ask(nursery, library, source) == b"([], True)"


# The nursery itself


def test_a_lost_nursery_is_started_again(library: Path):
    with Nursery(LIMITS, WITHOUT, preload=()) as nursery:
        assert answers(nursery, library)
        assert nursery._running is not None
        nursery._running.process.kill()
        nursery._running.process.wait()
        assert ask(nursery, library, "channel.send(b'again')") == b"again"
        assert nursery.restarts == 1


def test_a_nursery_lost_in_the_middle_costs_one_question(library: Path):
    with Nursery(LIMITS, HOLDS, preload=()) as nursery:
        with nursery.question(library, "runner:run") as channel:
            assert nursery._running is not None
            nursery._running.process.kill()
            with pytest.raises(ChildEnded):
                channel.receive(5, 10)
        assert ask(nursery, library, "channel.send(b'again')") == b"again"
        assert nursery.restarts == 1


def test_it_leaves_nothing_behind(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Nursery(LIMITS, dataclasses.replace(WITHOUT, uid=None), preload=()) as nursery:
        ask(nursery, library, "open('file', 'w').write('1'); channel.send(b'1')")
        assert list(tmp_path.iterdir())
        assert nursery._running is not None
        process = nursery._running.process
    assert list(tmp_path.iterdir()) == []
    assert process.poll() is not None


def test_a_channel_counts_what_it_was_promised():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours, Limits(output_bytes=10))
        theirs.sendall(struct.pack("<Q", 6) + b"abcdef" + struct.pack("<Q", 6))
        assert channel.receive(1, 100) == b"abcdef"
        with pytest.raises(ChildEnded, match="output"):
            channel.receive(1, 100)


GRADER = """
import sys
from pathlib import Path
from course_lib.grading.confinement import what_holds
from course_lib.grading.warm import Nursery

with Nursery(confinement=what_holds(sys.argv[2] == "sandbox"), preload=()) as nursery:
    with nursery.question(Path(sys.argv[1]), "runner:run") as channel:
        channel.send(sys.argv[3].encode())
        print(channel.receive(10, 100), flush=True)
        channel.receive(100, 100)
"""


@pytest.mark.parametrize("kind", [pytest.param("sandbox", marks=needs_sandbox), "without"])
def test_when_the_grader_is_killed_nothing_goes_on(library: Path, kind: str):
    source = DAEMON + "name(mark); channel.send(b'started'); time.sleep(100)"
    command = [sys.executable, "-c", GRADER, str(library), kind, source]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        assert b"started" in grader.stdout.readline()
        assert survivors()
        grader.kill()
    end = time.monotonic() + 10
    while survivors() and time.monotonic() < end:
        time.sleep(0.05)
    assert survivors() == []
