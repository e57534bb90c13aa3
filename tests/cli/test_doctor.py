"""`course doctor`: each thing is broken in turn; report and exit status must say so, with a remedy."""

import importlib.metadata
import shutil
import subprocess

import pytest
import torch
from safetensors.torch import save_file

from course_lib.cli import doctor
from course_lib.cli.doctor import Check, print_report, run_checks


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path):
    """A machine with everything in order, so that each test's own damage is the only one."""
    monkeypatch.setenv("COURSE_DATA", "garments")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "DATA", tmp_path / "data")
    monkeypatch.setattr(doctor, "has_nvidia_gpu", lambda: False)
    (tmp_path / "data").mkdir()
    save_file({"weight": torch.zeros(3)}, tmp_path / "data" / "tiny.safetensors")
    (tmp_path / "data" / "tiny.md").write_text("a card")


def find(name: str) -> Check:
    (check,) = [check for check in run_checks() if check.name == name]
    return check


def failing(name: str, capsys) -> Check:
    """The check called `name`: the only one that is wrong, and seen in the report and the exit status."""
    checks = run_checks()
    (wrong,) = [check for check in checks if not check.ok]
    assert wrong.name == name
    assert wrong.remedy
    assert print_report(checks) == 1
    report = capsys.readouterr().out
    assert "WRONG" in report
    assert f"-> {wrong.remedy}\n" in report
    return wrong


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


def test_nothing_wrong(capsys):
    checks = run_checks()
    assert [check for check in checks if not check.ok] == []
    assert print_report(checks) == 0
    report = capsys.readouterr().out
    for name in (
        "python",
        "course_lib",
        "torch",
        "device",
        "bf16",
        "threads",
        "data",
        "checkpoints",
        "cache",
    ):
        assert name in report
    assert "WRONG" not in report
    assert "built-in garments" in find("data").value
    assert "numpy" in find("libraries").value


def test_a_note_is_not_a_failure(capsys):
    assert print_report([Check("threads", True, "64 on 2 cores", "set OMP_NUM_THREADS=2")]) == 0
    assert "OMP_NUM_THREADS=2" in capsys.readouterr().out


def test_brackets_survive_the_report(capsys):
    print_report([Check("x", False, "value [bold]", "pip install '.[test]'")])
    report = capsys.readouterr().out
    assert "value [bold]" in report
    assert ".[test]" in report


def test_course_not_installed(monkeypatch, capsys):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert "make lab" in failing("course_lib", capsys).remedy


def test_library_out_of_range(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ["numpy>=999", "einops"])
    wrong = failing("numpy", capsys)
    assert ">=999" in wrong.value
    assert "constraints.txt" in wrong.remedy
    assert "numpy" not in find("libraries").value


def test_torch_out_of_range_is_not_shown_as_good(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ["torch<1"])
    assert "needed: <1" in failing("torch", capsys).value


def test_library_missing(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ["no-such-library>=1"])
    assert failing("no-such-library", capsys).value == "not installed"


def test_optional_library_may_be_missing_but_not_wrong(monkeypatch, capsys):
    pretend_requirements(monkeypatch, ['no-such-library; extra == "test"', 'pytest>=999; extra == "test"'])
    failing("pytest", capsys)


def test_python_too_old(monkeypatch, capsys):
    pretend_requirements(monkeypatch, [], python=">=3.99")
    assert "PYTHON=" in failing("python", capsys).remedy


def test_broken_library_is_a_finding(monkeypatch, capsys):
    def broken():
        raise ImportError("libcudart.so: cannot open shared object file")

    monkeypatch.setattr(torch, "get_num_threads", broken)
    wrong = failing("threads", capsys)
    assert "libcudart" in wrong.value
    assert "make clean" in wrong.remedy


def test_gpu_that_cannot_compute(monkeypatch, capsys):
    def no_kernel(*shape, device):
        raise RuntimeError("no kernel image is available for execution on the device")

    monkeypatch.setattr(torch, "ones", no_kernel)
    assert "pytorch.org" in failing("device", capsys).remedy


@pytest.mark.parametrize(("cuda", "remedy"), [(None, "CPU build"), ("12.8", "driver")])
def test_gpu_left_idle_is_a_note(monkeypatch, cuda, remedy):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(doctor, "has_nvidia_gpu", lambda: True)
    check = find("device")
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
    assert doctor.has_nvidia_gpu() is expected


@pytest.mark.parametrize(
    ("used", "cores", "remedy"), [(64, 2, "OMP_NUM_THREADS=2"), (1, 8, "unset"), (4, 8, ""), (1, 1, "")]
)
def test_threads(monkeypatch, used, cores, remedy):
    monkeypatch.setattr(torch, "get_num_threads", lambda: used)
    monkeypatch.setattr(doctor, "usable_cores", lambda: cores)
    check = find("threads")
    assert check.ok
    assert remedy in check.remedy
    assert bool(check.remedy) == bool(remedy)


def test_data_source_that_is_not_there(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", "no/such/folder/anywhere")
    wrong = failing("data", capsys)
    assert "no/such/folder/anywhere" in wrong.value
    assert "COURSE_DATA" in wrong.remedy


def test_damaged_checkpoint(capsys):
    file = doctor.DATA / "tiny.safetensors"
    file.write_bytes(file.read_bytes()[:-4])  # cut short: its table of contents is whole
    shutil.copy(file, doctor.DATA / "other.safetensors")
    save_file({"weight": torch.zeros(3)}, file)
    (doctor.DATA / "other.md").write_text("a card")
    assert "git checkout -- data/other.safetensors" in failing("data/other.safetensors", capsys).remedy
    assert find("checkpoints").value == "tiny.safetensors"


def test_checkpoint_that_is_a_pointer(capsys):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (doctor.DATA / "tiny.safetensors").write_text(pointer)
    assert "git lfs pull" in failing("data/tiny.safetensors", capsys).remedy


def test_checkpoint_without_card(capsys):
    (doctor.DATA / "tiny.md").unlink()
    assert "git checkout -- data/tiny.md" in failing("data/tiny.md", capsys).remedy


def test_no_checkpoints_is_a_note():
    (doctor.DATA / "tiny.safetensors").unlink()
    check = find("checkpoints")
    assert check.ok
    assert "git checkout -- data" in check.remedy


def test_cache_that_cannot_be_written(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    assert "COURSE_CACHE" in failing("cache", capsys).remedy


def test_disk_full(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**12, 10**12, 10**8))
    wrong = failing("cache", capsys)
    assert "only 0.1 GB" in wrong.value
    assert "Free 1 GB" in wrong.remedy
