"""`course doctor`: each thing is broken in turn; report and exit status must say so, with a remedy."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import time

import pytest
import torch

from course_lib.cli.doctor import hardware, installation, report, run_checks
from course_lib.cli.doctor.hardware import bf16, device, memory, threads
from course_lib.cli.doctor.installation import figures, libraries_load, loadable, terminal, versions
from course_lib.cli.doctor.report import Check, carried_out, hangs, print_report
from course_lib.machine import usable_cores
from course_lib.paths import ROOT


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path):
    """A machine with everything in order, so that each test's own damage is the only one."""
    monkeypatch.setenv("COURSE_DATA", "garments")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setattr(hardware, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(report, "_hanging", [])


def find(look, name: str) -> Check:
    (check,) = [check for check in carried_out(look) if check.name == name]
    return check


def failing(look, name: str, capsys) -> Check:
    """The check called `name`: the only one of this look that is wrong, and seen in the report and the exit status."""
    checks = carried_out(look)
    (wrong,) = [check for check in checks if not check.ok]
    assert wrong.name == name
    assert wrong.remedy
    assert print_report(checks) == 1
    printed = capsys.readouterr().out
    assert "WRONG" in printed
    assert f"-> {wrong.remedy}\n" in printed
    return wrong


def course_doctor(*words: str, **variables: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "course_lib.cli", "doctor", *words]
    return subprocess.run(command, capture_output=True, cwd=ROOT, env=os.environ | variables, check=False)


# The whole


def test_nothing_wrong_and_every_letter_survives_the_terminal(tmp_path):
    """An ASCII terminal, and a folder whose name it cannot show."""
    ended = course_doctor(PYTHONIOENCODING="ascii", COURSE_CACHE=str(tmp_path / "日本"), MPLBACKEND="agg")
    printed = ended.stdout.decode("ascii")
    assert ended.returncode == 0, printed
    assert ended.stderr == b""
    lines = printed.splitlines()
    named = {line[6:18].strip() for line in lines}
    assert {"python", "course_lib", "torch", "libraries", "terminal", "notebooks", "environment", "cache"} <= named
    assert {"runs", "temporary", "jupyter", "disk", "progress", "MPLBACKEND", "device", "bf16", "threads"} <= named
    assert {"memory", "data files", "checkpoints", "drawing", "data", "configs"} <= named
    assert "built-in garments" in printed
    assert "\\u65e5" in printed
    assert printed.count(" GB") > 8  # what things cost
    assert lines[-1] == "Everything that is needed is here."


def test_a_broken_library_ends_the_report_before_it_ends_the_doctor(monkeypatch, tmp_path):
    """Loaded in this process, it would be killed."""
    (tmp_path / "einops.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    ended = course_doctor(PYTHONPATH=str(tmp_path))
    printed = ended.stdout.decode()
    assert ended.returncode == 1, printed
    assert "einops" in printed
    assert "SIGKILL" in printed
    assert "the rest" in printed
    assert printed.splitlines()[-1].startswith("1 to mend")


def test_a_note_is_not_a_failure(capsys):
    assert print_report([Check("threads", True, "64 on 2 cores", "set OMP_NUM_THREADS=2")]) == 0
    assert "OMP_NUM_THREADS=2" in capsys.readouterr().out


def test_brackets_survive_the_report(capsys):
    print_report([Check("x", False, "value [bold]", "pip install '.[test]'")])
    printed = capsys.readouterr().out
    assert "value [bold]" in printed
    assert ".[test]" in printed


def test_each_line_is_printed_as_soon_as_it_is_there(capsys):
    """So one that ends this process is known by the line before it."""

    def lines():
        yield Check("first", True, "fine")
        assert "first" in capsys.readouterr().out
        yield Check("second", True, "fine")

    assert print_report(lines()) == 0


# Each look is guarded


@pytest.mark.parametrize("problem", [ImportError("libcudart.so:\n cannot open"), SystemExit("out"), MemoryError("m")])
def test_whatever_is_raised_is_a_finding(problem, capsys):
    def some_look():
        raise problem

    wrong = failing(some_look, "some look", capsys)
    assert type(problem).__name__ in wrong.value
    assert "\n" not in wrong.value
    if isinstance(problem, MemoryError):
        assert "more memory" in wrong.remedy


def test_a_look_that_hangs_is_a_finding_and_the_next_gets_less_time(monkeypatch, capsys):
    monkeypatch.setattr(report, "PATIENCE", 0.2)
    monkeypatch.setattr(report, "LESS_PATIENCE", 0.1)

    def stuck():
        time.sleep(30)

    assert "no answer in 0 s" in failing(stuck, "stuck", capsys).value
    assert hangs()
    started = time.monotonic()
    failing(stuck, "stuck", capsys)
    assert time.monotonic() - started < 10


def test_a_hanging_look_does_not_hold_up_the_end_of_the_command():
    code = (
        "import threading, time\n"
        "from course_lib.cli import app, doctor\n"
        "from course_lib.cli.doctor import report\n"
        "report.PATIENCE = 0.2\n"
        "def stuck():\n"
        "    other = threading.Thread(target=time.sleep, args=(300,)); other.start(); other.join()\n"
        "doctor.PLAIN, doctor.OTHERS = (), (stuck,)\n"
        "doctor.libraries_load = lambda: []\n"
        "app(['doctor'])\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 1
    assert "stuck" in ended.stdout
    assert ended.stderr == ""


def test_the_order_begins_with_what_cannot_end_the_process():
    """PyTorch and what stands on it is loaded in a process of its own first."""
    code = (
        "import sys\n"
        "from course_lib.cli.doctor import PLAIN, carried_out\n"
        "for look in PLAIN: carried_out(look)\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The installation


def pretend_requirements(monkeypatch, requires: list[str], python: str = ">=3.11"):
    """Let the installed course ask for these packages."""

    class Distribution:
        version = "0.1.0"
        metadata = {"Requires-Python": python}  # noqa: RUF012 (stands in for an attribute)

    Distribution.requires = requires
    real = importlib.metadata.distribution
    monkeypatch.setattr(
        importlib.metadata, "distribution", lambda name: Distribution if name == "course_lib" else real(name)
    )


def test_course_not_installed(monkeypatch, capsys):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert "make lab" in failing(versions, "course_lib", capsys).remedy
    assert libraries_load() == []


def test_library_out_of_range(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ["numpy>=999", "einops"])
    wrong = failing(versions, "numpy", capsys)
    assert ">=999" in wrong.value
    assert "constraints.txt" in wrong.remedy
    assert "numpy" not in find(versions, "libraries").value


def test_torch_out_of_range_is_not_shown_as_good(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ["torch<1"])
    assert "needed: <1" in failing(versions, "torch", capsys).value


def test_library_missing(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ["no-such-library>=1"])
    assert failing(versions, "no-such-library", capsys).value == "not installed"


def test_optional_library_may_be_missing_but_not_wrong(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ['no-such-library; extra == "test"', 'pytest>=999; extra == "test"'])
    failing(versions, "pytest", capsys)


def test_python_too_old(monkeypatch, capsys):
    pretend_requirements(monkeypatch, [], python=">=3.99")
    assert "PYTHON=" in failing(versions, "python", capsys).remedy


def test_every_required_library_is_loaded_by_a_name_that_exists():
    names = loadable()
    assert len(names) > 15
    assert {"torch", "PIL", "yaml", "IPython", "pyarrow"} <= set(names)
    assert [name for name in names if importlib.util.find_spec(name) is None] == []


BROKEN = {
    "a file is missing": ("raise ImportError('libgomp.so.1: cannot open shared object file')", "libgomp.so.1"),
    "wrong version of another": ("raise AttributeError('module numpy has no attribute\\n bool')", "has no attribute"),
    "it exits": ("raise SystemExit('no')", "SystemExit"),
    "an instruction that the processor lacks": ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),
    "it aborts": ("import os; os.abort()", "SIGABRT"),
    "it ends with a status": ("import os; os._exit(7)", "exit status 7"),
    "half a file": ("def f(:", "SyntaxError"),
    "it prints": ("print('[odd', end=''); raise ImportError('x')", "ImportError"),
    "it hangs": ("import time; time.sleep(60)", "still loading"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_library_that_cannot_be_loaded(kind, monkeypatch, tmp_path, capsys):
    code, said = BROKEN[kind]
    pretend_requirements(monkeypatch, ["packaging", "einops", "filelock"])
    monkeypatch.setattr(installation, "PATIENCE", 5.0 if kind == "it hangs" else 60.0)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "einops.py").write_text(code)
    wrong = failing(libraries_load, "einops", capsys)
    assert said in wrong.value
    assert "make lab" in wrong.remedy


# Settings of the shell


@pytest.mark.parametrize("backend", ["agg", "Agg", "pdf", "module://no.such.module", "nonsense"])
def test_mplbackend_is_named(backend, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", backend)
    check = find(figures, "MPLBACKEND")
    assert check.ok
    assert backend in check.value
    assert "unset" in check.remedy


@pytest.mark.parametrize("backend", ["", "inline"])
def test_mplbackend_that_does_no_harm_is_not(backend, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", backend)
    assert figures() == []


@pytest.mark.parametrize(
    ("encoding", "ok"), [("utf-8", True), ("cp1252", False), ("ascii", False), ("nonsense", False)]
)
def test_terminal(encoding, ok, monkeypatch):
    class Output:
        pass

    Output.encoding = encoding
    monkeypatch.setattr(sys, "stdout", Output)
    (check,) = terminal()
    assert check.ok
    assert bool(check.remedy) == (not ok)


# The device, the cores, the memory


def test_broken_pytorch_is_a_finding(monkeypatch, capsys):
    def broken():
        raise ImportError("libcudart.so: cannot open shared object file")

    monkeypatch.setattr(torch, "get_num_threads", broken)
    wrong = failing(threads, "threads", capsys)
    assert "libcudart" in wrong.value
    assert "make clean" in wrong.remedy


def test_gpu_that_cannot_compute(monkeypatch, capsys):
    def no_kernel(*shape, device):
        raise RuntimeError("no kernel image is available for execution on the device")

    monkeypatch.setattr(torch, "ones", no_kernel)
    assert "pytorch.org" in failing(device, "device", capsys).remedy


@pytest.mark.parametrize(("cuda", "remedy"), [(None, "CPU build"), ("12.8", "driver")])
def test_gpu_left_idle_is_a_note(monkeypatch, cuda, remedy):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(hardware, "has_nvidia_gpu", lambda: True)
    check = find(device, "device")
    assert check.ok
    assert remedy in check.remedy


@pytest.mark.parametrize(
    ("status", "listing", "expected"),
    [(0, "GPU 0: NVIDIA H200 (UUID: GPU-1)\n", True), (0, "", False), (9, "driver not loaded: GPU\n", False)],
)
def test_has_nvidia_gpu(monkeypatch, status, listing, expected):
    monkeypatch.undo()
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    answer = subprocess.CompletedProcess([], status, stdout=listing)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: answer)
    assert hardware.has_nvidia_gpu() is expected


def test_bf16():
    assert find(bf16, "bf16").ok


@pytest.mark.parametrize(
    ("used", "cores", "remedy"), [(64, 2, "OMP_NUM_THREADS=2"), (1, 8, "unset"), (4, 8, ""), (1, 1, "")]
)
def test_threads(monkeypatch, used, cores, remedy):
    monkeypatch.setattr(torch, "get_num_threads", lambda: used)
    monkeypatch.setattr(hardware, "usable_cores", lambda: cores)
    check = find(threads, "threads")
    assert check.ok
    assert remedy in check.remedy
    assert bool(check.remedy) == bool(remedy)


@pytest.mark.parametrize(
    ("usable", "allowed", "there", "said"),
    [
        (2, 32, 32, "2 of 32 cores, by the container's quota"),
        (2, 8, 32, "2 of 32 cores, by the container's quota"),
        (8, 8, 32, "8 of 32 cores, by this process's affinity"),
        (32, 32, 32, "32 cores"),
    ],
)
def test_why_not_all_cores(monkeypatch, usable, allowed, there, said):
    monkeypatch.setattr(hardware, "usable_cores", lambda: usable)
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(allowed)), raising=False)
    assert said in find(threads, "threads").value


def test_a_quota_of_the_container_is_seen(monkeypatch, tmp_path):
    """The files of a pod with two cores of many, as `usable_cores` reads them."""
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (group / "cpu.max").write_text("100000 100000\n")
    monkeypatch.setattr(hardware, "usable_cores", lambda: usable_cores(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 32)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 32)
    check = find(threads, "threads")
    assert "1 of 32 cores, by the container's quota" in check.value or len(os.sched_getaffinity(0)) == 1
    assert "OMP_NUM_THREADS=1" in check.remedy


@pytest.mark.parametrize(
    ("free", "ok", "remedy"),
    [(8 * 10**9, True, ""), (10**9, True, "batch_size"), (10**8, False, "limit"), (None, True, "")],
)
def test_memory(monkeypatch, capsys, free, ok, remedy):
    monkeypatch.setattr(hardware, "available_memory", lambda: free)
    check = find(memory, "memory")
    assert check.ok == ok
    assert "training fashion_mnist" in check.value
    assert remedy in check.remedy
    assert bool(check.remedy) == bool(remedy)


def test_run_checks_stops_at_a_broken_library(monkeypatch, tmp_path):
    pretend_requirements(monkeypatch, ["einops"])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "einops.py").write_text("raise ImportError")
    names = [check.name for check in run_checks()]
    assert names[-2:] == ["einops", "the rest"]
    assert "device" not in names
